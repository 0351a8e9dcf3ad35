//! The one order of what happened. Audit and change rows are written inside the transaction they belong to, without a
//! position; the sequencer gives *committed* rows contiguous positions, so a reader that has seen position n has seen
//! everything up to n, however slow some other writer was. Audit rows are chained as they get their position:
//! `hash(n) = SHA-256(hash(n-1) ‖ line(n))`, over the text exactly as stored.
//!
//! On SQLite the writer thread does it in the commit itself; on PostgreSQL [`sequence_now`] runs a few times a second on
//! whichever node gets the lock on the stream's head row.

use super::connection::{AnyConn, Db, Engine, checkout};
use super::schema::{audit_entry, change_entry, sequencer};
use super::write::in_transaction;
use crate::fault::Outcome;
use aws_lc_rs::digest::{SHA256, digest};
use diesel::prelude::*;

/// The chain's start.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The next link of the audit chain, lower-case hex.
pub fn link(previous: &str, line: &str) -> String {
    hex(digest(&SHA256, format!("{previous}{line}").as_bytes()).as_ref())
}

/// Lower-case hexadecimal text.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        use std::fmt::Write as _;
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// Orders up to `limit` committed rows of each stream; returns how many it ordered. Inside a transaction.
pub(super) fn sequence(conn: &mut AnyConn, limit: i64) -> QueryResult<usize> {
    Ok(sequence_audit(conn, limit)? + sequence_changes(conn, limit)?)
}

/// The head of a stream, locked on PostgreSQL until the transaction ends.
fn head(conn: &mut AnyConn, stream: &str) -> QueryResult<(i64, String)> {
    let of_stream = sequencer::table.find(stream).select((sequencer::position, sequencer::hash));
    match conn {
        AnyConn::Pg(c) => of_stream.for_update().first(c),
        AnyConn::Sqlite(c) => of_stream.first(c),
    }
}

fn set_head(conn: &mut AnyConn, stream: &str, position: i64, hash: &str) -> QueryResult<usize> {
    diesel::update(sequencer::table.find(stream))
        .set((sequencer::position.eq(position), sequencer::hash.eq(hash)))
        .execute(conn)
}

fn sequence_audit(conn: &mut AnyConn, limit: i64) -> QueryResult<usize> {
    let pending = |conn: &mut AnyConn| {
        audit_entry::table
            .filter(audit_entry::position.is_null())
            .order(audit_entry::id)
            .limit(limit)
            .select((audit_entry::id, audit_entry::line))
            .load::<(i64, String)>(conn)
    };
    if pending(conn)?.is_empty() {
        return Ok(0);
    }
    let (mut position, mut hash) = head(conn, "audit")?;
    // Read again under the lock: another node may have ordered these meanwhile.
    let rows = pending(conn)?;
    for (id, line) in &rows {
        position += 1;
        hash = link(&hash, line);
        diesel::update(audit_entry::table.find(id))
            .set((audit_entry::position.eq(position), audit_entry::hash.eq(&hash)))
            .execute(conn)?;
    }
    set_head(conn, "audit", position, &hash)?;
    Ok(rows.len())
}

fn sequence_changes(conn: &mut AnyConn, limit: i64) -> QueryResult<usize> {
    let pending = |conn: &mut AnyConn| {
        change_entry::table
            .filter(change_entry::position.is_null())
            .order(change_entry::id)
            .limit(limit)
            .select(change_entry::id)
            .load::<i64>(conn)
    };
    if pending(conn)?.is_empty() {
        return Ok(0);
    }
    let (mut position, hash) = head(conn, "change")?;
    let rows = pending(conn)?;
    for id in &rows {
        position += 1;
        diesel::update(change_entry::table.find(id))
            .set(change_entry::position.eq(position))
            .execute(conn)?;
    }
    set_head(conn, "change", position, &hash)?;
    Ok(rows.len())
}

/// Rows of each stream ordered at a time on PostgreSQL.
const STEP: i64 = 1000;

/// One step of the sequencer on PostgreSQL; nothing to do on SQLite. Returns how many rows were ordered.
///
/// # Errors
/// The database's; the next step does the work again.
pub fn sequence_now(db: &Db) -> Outcome<usize> {
    match &*db.0 {
        Engine::Sqlite { .. } => Ok(0),
        Engine::Postgres { pool, .. } => {
            let mut conn = checkout(pool)?;
            in_transaction(&mut conn, "BEGIN ISOLATION LEVEL READ COMMITTED", |c| Ok(sequence(c, STEP)?))
        }
    }
}
