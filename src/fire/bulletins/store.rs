//! Rows and queries of bulletins.

use crate::access::Places;
use crate::db::connection::each;
use crate::db::schema::{facility_version, fire_bulletin, fire_bulletin_facility, fire_bulletin_finding};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::fire::Direction;
use crate::ids::{AreaId, BulletinId, FacilityId, FindingId, UserId};
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = fire_bulletin, check_for_backend(MultiBackend), treat_none_as_null = true)]
pub struct BulletinRow {
    pub id: BulletinId,
    pub number: String,
    pub direction: Direction,
    pub subject: String,
    pub content: String,
    pub reference: Option<String>,
    pub sent_by: UserId,
    pub sent_name: String,
    pub sent_at: Ts,
    pub received_by: Option<UserId>,
    pub received_name: Option<String>,
    pub received_at: Option<Ts>,
    pub result: Option<String>,
    pub result_by: Option<UserId>,
    pub result_name: Option<String>,
    pub result_at: Option<Ts>,
    pub revision: i32,
}

pub fn insert(
    conn: &mut AnyConn,
    row: &BulletinRow,
    facilities: &[FacilityId],
    findings: &[FindingId],
) -> Outcome<()> {
    diesel::insert_into(fire_bulletin::table).values(row).execute(conn)?;
    let of_facility = |id: &FacilityId| {
        (fire_bulletin_facility::bulletin_id.eq(row.id), fire_bulletin_facility::facility_id.eq(*id))
    };
    let named: Vec<_> = facilities.iter().map(of_facility).collect();
    each!(conn, c => diesel::insert_into(fire_bulletin_facility::table).values(&named).execute(c))?;
    let of_finding = |id: &FindingId| {
        (fire_bulletin_finding::bulletin_id.eq(row.id), fire_bulletin_finding::finding_id.eq(*id))
    };
    let named: Vec<_> = findings.iter().map(of_finding).collect();
    if !named.is_empty() {
        each!(conn, c => diesel::insert_into(fire_bulletin_finding::table).values(&named).execute(c))?;
    }
    Ok(())
}

pub fn save(conn: &mut AnyConn, row: &BulletinRow) -> Outcome<()> {
    diesel::update(fire_bulletin::table.find(row.id)).set(row).execute(conn)?;
    Ok(())
}

/// A bulletin, locked on PostgreSQL until the transaction ends.
pub fn find_locked(conn: &mut AnyConn, id: BulletinId) -> Outcome<Option<BulletinRow>> {
    if let AnyConn::Pg(c) = conn {
        let lock = fire_bulletin::table.find(id).select(fire_bulletin::id).for_update();
        lock.first::<BulletinId>(c).optional()?;
    }
    find(conn, id)
}

pub fn find(conn: &mut AnyConn, id: BulletinId) -> Outcome<Option<BulletinRow>> {
    Ok(fire_bulletin::table.find(id).select(BulletinRow::as_select()).first(conn).optional()?)
}

/// Which bulletins.
#[derive(Debug, Clone, Default)]
pub struct BulletinFilter {
    /// Only those that go this way.
    pub direction: Option<Direction>,
    /// Only those that were received, or were not.
    pub received: Option<bool>,
    /// Only those that name this facility.
    pub facility_id: Option<FacilityId>,
}

/// Bulletins all of whose facilities lie within places, newest first.
pub fn list(
    conn: &mut AnyConn,
    places: &Places,
    filter: &BulletinFilter,
    after: Option<BulletinId>,
    limit: i64,
) -> Outcome<Vec<BulletinRow>> {
    let mut query = fire_bulletin::table.select(BulletinRow::as_select()).into_boxed::<MultiBackend>();
    if !places.all {
        let streets: Vec<AreaId> = places.streets.iter().copied().collect();
        let reached: Vec<FacilityId> = places.facilities.iter().copied().collect();
        let within =
            facility_version::street_id.eq_any(streets).or(facility_version::facility_id.eq_any(reached));
        let named = facility_version::facility_id.eq(fire_bulletin_facility::facility_id);
        let beyond = fire_bulletin_facility::table
            .inner_join(facility_version::table.on(named))
            .filter(facility_version::valid_to.is_null())
            .filter(diesel::dsl::not(within))
            .select(fire_bulletin_facility::bulletin_id);
        query = query.filter(fire_bulletin::id.ne_all(beyond));
    }
    if let Some(direction) = filter.direction {
        query = query.filter(fire_bulletin::direction.eq(direction));
    }
    match filter.received {
        Some(true) => query = query.filter(fire_bulletin::received_at.is_not_null()),
        Some(false) => query = query.filter(fire_bulletin::received_at.is_null()),
        None => {}
    }
    if let Some(id) = filter.facility_id {
        let naming = fire_bulletin_facility::table
            .filter(fire_bulletin_facility::facility_id.eq(id))
            .select(fire_bulletin_facility::bulletin_id);
        query = query.filter(fire_bulletin::id.eq_any(naming));
    }
    if let Some(after) = after {
        query = query.filter(fire_bulletin::id.lt(after));
    }
    Ok(query.order(fire_bulletin::id.desc()).limit(limit).load(conn)?)
}

/// The facilities that bulletins name.
pub fn facilities(conn: &mut AnyConn, ids: &[BulletinId]) -> Outcome<Vec<(BulletinId, FacilityId)>> {
    let of_bulletins =
        fire_bulletin_facility::table.filter(fire_bulletin_facility::bulletin_id.eq_any(ids.to_vec()));
    let ordered =
        of_bulletins.order((fire_bulletin_facility::bulletin_id, fire_bulletin_facility::facility_id));
    Ok(ordered
        .select((fire_bulletin_facility::bulletin_id, fire_bulletin_facility::facility_id))
        .load(conn)?)
}

/// The findings that bulletins name.
pub fn findings(conn: &mut AnyConn, ids: &[BulletinId]) -> Outcome<Vec<(BulletinId, FindingId)>> {
    let of_bulletins =
        fire_bulletin_finding::table.filter(fire_bulletin_finding::bulletin_id.eq_any(ids.to_vec()));
    let ordered = of_bulletins.order((fire_bulletin_finding::bulletin_id, fire_bulletin_finding::finding_id));
    Ok(ordered.select((fire_bulletin_finding::bulletin_id, fire_bulletin_finding::finding_id)).load(conn)?)
}
