//! Rows and queries of opinions.

use super::view::OpinionFilter;
use crate::access::Places;
use crate::access::scope::within;
use crate::db::schema::opinion;
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::ids::{AreaId, FacilityId, FindingId, LetterId, OpinionId, UserId};
use chrono::NaiveDate;
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = opinion, check_for_backend(MultiBackend), treat_none_as_null = true)]
pub struct OpinionRow {
    pub id: OpinionId,
    pub finding_id: Option<FindingId>,
    pub letter_id: Option<LetterId>,
    pub street_id: AreaId,
    pub facility_id: Option<FacilityId>,
    pub said: String,
    pub answer_due: NaiveDate,
    pub written_by: UserId,
    pub written_at: Ts,
    pub answer: Option<String>,
    pub answered_by: Option<UserId>,
    pub answered_at: Option<Ts>,
}

pub fn insert(conn: &mut AnyConn, row: &OpinionRow) -> Outcome<()> {
    diesel::insert_into(opinion::table).values(row).execute(conn)?;
    Ok(())
}

pub fn save(conn: &mut AnyConn, row: &OpinionRow) -> Outcome<()> {
    diesel::update(opinion::table.find(row.id)).set(row).execute(conn)?;
    Ok(())
}

pub fn find(conn: &mut AnyConn, id: OpinionId) -> Outcome<Option<OpinionRow>> {
    Ok(opinion::table.find(id).select(OpinionRow::as_select()).first(conn).optional()?)
}

/// An opinion, its row locked on PostgreSQL until the transaction ends.
pub fn find_locked(conn: &mut AnyConn, id: OpinionId) -> Outcome<Option<OpinionRow>> {
    if let AnyConn::Pg(c) = conn {
        let lock = opinion::table.find(id).select(opinion::id).for_update();
        lock.first::<OpinionId>(c).optional()?;
    }
    find(conn, id)
}

/// Opinions within places, the last written first.
pub fn list(
    conn: &mut AnyConn,
    places: &Places,
    filter: &OpinionFilter,
    after: Option<OpinionId>,
    limit: i64,
) -> Outcome<Vec<OpinionRow>> {
    let mut query = opinion::table.select(OpinionRow::as_select()).into_boxed::<MultiBackend>();
    if let Some(id) = filter.finding_id {
        query = query.filter(opinion::finding_id.eq(id));
    }
    if let Some(id) = filter.letter_id {
        query = query.filter(opinion::letter_id.eq(id));
    }
    if filter.unanswered || filter.overdue_on.is_some() {
        query = query.filter(opinion::answer.is_null());
    }
    if let Some(day) = filter.overdue_on {
        query = query.filter(opinion::answer_due.lt(day));
    }
    if let Some(after) = after {
        query = query.filter(opinion::id.lt(after));
    }
    let query = within!(query, places, opinion::street_id, opinion::facility_id);
    Ok(query.order(opinion::id.desc()).limit(limit).load(conn)?)
}
