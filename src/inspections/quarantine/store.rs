//! Rows and queries of the quarantine.

use super::QuarantineState;
use super::view::QuarantineFilter;
use crate::access::Places;
use crate::access::scope::within;
use crate::db::schema::quarantine;
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::ids::{AreaId, CampaignId, FacilityId, InspectionId, QuarantineId, UserId};
use crate::inspections::standing::Reason;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = quarantine, check_for_backend(MultiBackend))]
pub struct QuarantineRow {
    pub id: QuarantineId,
    pub inspection_id: InspectionId,
    pub version: i32,
    pub reason: Reason,
    pub state: QuarantineState,
    pub facility_id: FacilityId,
    pub street_id: AreaId,
    pub campaign_id: Option<CampaignId>,
    pub submitted_by: UserId,
    pub third_party: bool,
    pub body: String,
    pub body_sha256: String,
    pub received_at: Ts,
    pub decided_by: Option<UserId>,
    pub decided_at: Option<Ts>,
    pub note: Option<String>,
}

pub fn insert(conn: &mut AnyConn, row: &QuarantineRow) -> Outcome<()> {
    diesel::insert_into(quarantine::table).values(row).execute(conn)?;
    Ok(())
}

pub fn find(conn: &mut AnyConn, id: QuarantineId) -> Outcome<Option<QuarantineRow>> {
    Ok(quarantine::table.find(id).select(QuarantineRow::as_select()).first(conn).optional()?)
}

/// A record, its row locked on PostgreSQL until the transaction ends.
pub fn find_locked(conn: &mut AnyConn, id: QuarantineId) -> Outcome<Option<QuarantineRow>> {
    if let AnyConn::Pg(c) = conn {
        let lock = quarantine::table.find(id).select(quarantine::id).for_update();
        lock.first::<QuarantineId>(c).optional()?;
    }
    find(conn, id)
}

pub fn original_of(conn: &mut AnyConn, id: InspectionId) -> Outcome<Option<QuarantineRow>> {
    Ok(quarantine::table
        .filter(quarantine::inspection_id.eq(id))
        .filter(quarantine::version.eq(1))
        .select(QuarantineRow::as_select())
        .first(conn)
        .optional()?)
}

pub fn version_of(
    conn: &mut AnyConn,
    id: InspectionId,
    by: UserId,
    version: i32,
) -> Outcome<Option<QuarantineRow>> {
    Ok(quarantine::table
        .filter(quarantine::inspection_id.eq(id))
        .filter(quarantine::submitted_by.eq(by))
        .filter(quarantine::version.eq(version))
        .select(QuarantineRow::as_select())
        .first(conn)
        .optional()?)
}

/// Stores what was decided.
pub fn decide(conn: &mut AnyConn, row: &QuarantineRow) -> Outcome<()> {
    diesel::update(quarantine::table.find(row.id))
        .set((
            quarantine::state.eq(row.state),
            quarantine::decided_by.eq(row.decided_by),
            quarantine::decided_at.eq(row.decided_at),
            quarantine::note.eq(row.note.clone()),
        ))
        .execute(conn)?;
    Ok(())
}

/// Records within places, the last received first.
pub fn list(
    conn: &mut AnyConn,
    places: &Places,
    filter: &QuarantineFilter,
    after: Option<(DateTime<Utc>, QuarantineId)>,
    limit: i64,
) -> Outcome<Vec<QuarantineRow>> {
    let mut query = quarantine::table.select(QuarantineRow::as_select()).into_boxed::<MultiBackend>();
    if let Some(state) = filter.state {
        query = query.filter(quarantine::state.eq(state));
    }
    if let Some((at, id)) = after {
        let at = Ts::from(at);
        let earlier = quarantine::received_at.lt(at);
        query = query.filter(earlier.or(quarantine::received_at.eq(at).and(quarantine::id.lt(id))));
    }
    let query = within!(query, places, quarantine::street_id, quarantine::facility_id);
    Ok(query.order((quarantine::received_at.desc(), quarantine::id.desc())).limit(limit).load(conn)?)
}
