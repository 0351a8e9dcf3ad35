//! What waits for a street's digest, and the digests that were told.

use super::super::news::Event;
use crate::db::schema::{digest, digest_line};
use crate::db::types::Uid;
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::ids::{AreaId, DigestLineId, FacilityId};
use chrono::NaiveDate;
use diesel::prelude::*;
use uuid::Uuid;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = digest_line, check_for_backend(MultiBackend))]
pub struct DigestLineRow {
    pub id: DigestLineId,
    pub street_id: AreaId,
    pub event: Event,
    pub subject_kind: String,
    pub subject_id: Uid,
    pub facility_id: Option<FacilityId>,
    pub data: String,
    pub dedupe: Option<String>,
    pub created_at: Ts,
    pub digest_on: Option<NaiveDate>,
}

pub fn insert_line(conn: &mut AnyConn, row: &DigestLineRow) -> Outcome<()> {
    diesel::insert_into(digest_line::table).values(row).execute(conn)?;
    Ok(())
}

/// Whether a street's digest has, or will have, a line under this key.
pub fn is_collected(conn: &mut AnyConn, street: AreaId, key: &str) -> Outcome<bool> {
    let known =
        digest_line::table.filter(digest_line::street_id.eq(street)).filter(digest_line::dedupe.eq(key));
    Ok(known.count().get_result::<i64>(conn)? > 0)
}

/// Drops lines about a thing that wait for a digest.
pub fn forget_lines(conn: &mut AnyConn, subject: Uuid, events: &[Event]) -> Outcome<usize> {
    let waiting = digest_line::table
        .filter(digest_line::subject_id.eq(Uid(subject)))
        .filter(digest_line::digest_on.is_null())
        .filter(digest_line::event.eq_any(events.to_vec()));
    Ok(diesel::delete(waiting).execute(conn)?)
}

/// Streets with lines that wait.
pub fn streets_waiting(conn: &mut AnyConn) -> Outcome<Vec<AreaId>> {
    let waiting = digest_line::table.filter(digest_line::digest_on.is_null());
    Ok(waiting.select(digest_line::street_id).distinct().order(digest_line::street_id).load(conn)?)
}

pub fn lines_waiting(conn: &mut AnyConn, street: AreaId) -> Outcome<Vec<DigestLineRow>> {
    Ok(digest_line::table
        .filter(digest_line::street_id.eq(street))
        .filter(digest_line::digest_on.is_null())
        .order(digest_line::id)
        .select(DigestLineRow::as_select())
        .load(conn)?)
}

pub fn mark_digested(conn: &mut AnyConn, ids: &[DigestLineId], day: NaiveDate) -> Outcome<()> {
    for some in ids.chunks(500) {
        diesel::update(digest_line::table.filter(digest_line::id.eq_any(some.to_vec())))
            .set(digest_line::digest_on.eq(Some(day)))
            .execute(conn)?;
    }
    Ok(())
}

pub fn has_digest(conn: &mut AnyConn, street: AreaId, day: NaiveDate) -> Outcome<bool> {
    Ok(digest::table.find((street, day)).count().get_result::<i64>(conn)? > 0)
}

pub fn insert_digest(conn: &mut AnyConn, street: AreaId, day: NaiveDate, lines: i32, at: Ts) -> Outcome<()> {
    diesel::insert_into(digest::table)
        .values((
            digest::street_id.eq(street),
            digest::day.eq(day),
            digest::lines.eq(lines),
            digest::created_at.eq(at),
        ))
        .execute(conn)?;
    Ok(())
}
