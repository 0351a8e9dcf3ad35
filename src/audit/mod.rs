//! The trail: who did what to what, in one order, chained. Rows are written by `db::write` inside the transaction they
//! record and ordered by the sequencer; here they are read and checked. The head's hash, kept outside the database,
//! shows a cut tail.

use crate::db::page::{Page, PageAsk, page};
use crate::db::schema::{audit_entry, sequencer};
use crate::db::sequencer::{GENESIS, link};
use crate::db::{AnyConn, MultiBackend};
use crate::fault::{Fault, Outcome};
use diesel::prelude::*;
use serde_json::Value;

/// One line of the trail.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct AuditView {
    /// Position in the one order, from 1, without gaps.
    pub position: i64,
    /// What was done.
    pub action: String,
    /// To which kind of thing.
    pub object_kind: String,
    /// To which thing.
    pub object_id: String,
    /// The line as stored and hashed.
    pub line: Value,
    /// `SHA-256(previous hash ‖ line)`.
    pub hash: String,
}

/// The last position and its hash.
///
/// # Errors
/// The database's.
pub fn head(conn: &mut AnyConn) -> Outcome<(i64, String)> {
    let of_stream = sequencer::table.find("audit").select((sequencer::position, sequencer::hash));
    Ok(of_stream.first(conn)?)
}

type Row = (Option<i64>, String, String, String, String, Option<String>);

fn rows(conn: &mut AnyConn, after: i64, limit: i64, object: Option<&str>) -> Outcome<Vec<Row>> {
    let mut query = audit_entry::table.filter(audit_entry::position.gt(after)).into_boxed::<MultiBackend>();
    if let Some(object) = object {
        query = query.filter(audit_entry::object_id.eq(object.to_string()));
    }
    Ok(query
        .order(audit_entry::position)
        .limit(limit)
        .select((
            audit_entry::position,
            audit_entry::action,
            audit_entry::object_kind,
            audit_entry::object_id,
            audit_entry::line,
            audit_entry::hash,
        ))
        .load(conn)?)
}

/// Lines in order, of one thing where `object` is given.
///
/// # Errors
/// A bad page.
pub fn list(conn: &mut AnyConn, object: Option<&str>, ask: &PageAsk) -> Outcome<Page<AuditView>> {
    let limit = ask.limit()?;
    let after: i64 = ask.after()?.unwrap_or(0);
    let found = rows(conn, after, limit + 1, object)?;
    Ok(page(
        found,
        limit,
        |r| r.0.unwrap_or(0),
        |(position, action, object_kind, object_id, line, hash)| AuditView {
            position: position.unwrap_or(0),
            action,
            object_kind,
            object_id,
            line: serde_json::from_str(&line).unwrap_or(Value::Null),
            hash: hash.unwrap_or_default(),
        },
    ))
}

/// Walks the whole chain; returns its length.
///
/// # Errors
/// `audit_broken` naming the first position that does not fit.
pub fn verify(conn: &mut AnyConn) -> Outcome<i64> {
    let (last, head_hash) = head(conn)?;
    let (mut position, mut hash) = (0, GENESIS.to_string());
    loop {
        let batch = rows(conn, position, 1000, None)?;
        if batch.is_empty() {
            break;
        }
        for (at, _, _, _, line, stored) in batch {
            let next = link(&hash, &line);
            if at != Some(position + 1) || stored.as_deref() != Some(next.as_str()) {
                return Err(broken(position + 1));
            }
            (position, hash) = (position + 1, next);
        }
    }
    if (position, &hash) == (last, &head_hash) { Ok(last) } else { Err(broken(position + 1)) }
}

fn broken(position: i64) -> Fault {
    Fault::refused("audit_broken", format!("审计链在第 {position} 条处断裂"))
}
