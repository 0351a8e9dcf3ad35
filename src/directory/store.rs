//! Rows and queries of areas and facilities.

use super::areas::{AreaFilter, AreaNow, AreaView};
use super::facilities::{FacilityNow, FacilityView, PositionView};
use super::geo::{Datum, Position};
use super::{FacilityKind, FacilityState, Route};
use crate::access::Places;
use crate::access::scope::within;
use crate::db::connection::each;
use crate::db::schema::{area, area_version, facility, facility_version};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::ids::{AreaId, FacilityId, FacilityVersionId};
use chrono::NaiveDate;
use diesel::prelude::*;

crate::db::types::coded_column!(Datum);

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = area)]
pub struct AreaRow {
    pub id: AreaId,
    pub code: String,
    pub level: String,
    pub valid_from: NaiveDate,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = area_version)]
pub struct AreaVersionRow {
    pub area_id: AreaId,
    pub valid_from: NaiveDate,
    pub parent_id: Option<AreaId>,
    pub name: String,
    pub office_name: String,
    pub short_name: String,
}

type AreaColumns =
    (AreaId, String, String, Option<AreaId>, String, String, String, NaiveDate, Option<NaiveDate>);

fn area_view(row: AreaColumns) -> AreaView {
    let (id, code, level, parent_id, name, office_name, short_name, valid_from, valid_to) = row;
    AreaView { id, code, level, parent_id, name, office_name, short_name, valid_from, valid_to }
}

const AREA_COLUMNS: (
    area::id,
    area::code,
    area::level,
    area_version::parent_id,
    area_version::name,
    area_version::office_name,
    area_version::short_name,
    area_version::valid_from,
    area_version::valid_to,
) = (
    area::id,
    area::code,
    area::level,
    area_version::parent_id,
    area_version::name,
    area_version::office_name,
    area_version::short_name,
    area_version::valid_from,
    area_version::valid_to,
);

pub fn areas(
    conn: &mut AnyConn,
    filter: &AreaFilter,
    after: Option<&str>,
    limit: i64,
    on: NaiveDate,
) -> Outcome<Vec<AreaView>> {
    let mut query = area::table
        .inner_join(area_version::table.on(area_version::area_id.eq(area::id)))
        .filter(area_version::valid_from.le(on))
        .filter(area_version::valid_to.is_null().or(area_version::valid_to.ge(on)))
        .select(AREA_COLUMNS)
        .into_boxed::<MultiBackend>();
    if let Some(level) = &filter.level {
        query = query.filter(area::level.eq(level.clone()));
    }
    if let Some(parent) = filter.parent {
        query = query.filter(area_version::parent_id.eq(parent));
    }
    if let Some(after) = after {
        query = query.filter(area::code.gt(after.to_string()));
    }
    let rows: Vec<AreaColumns> = query.order(area::code).limit(limit).load(conn)?;
    Ok(rows.into_iter().map(area_view).collect())
}

pub fn area(conn: &mut AnyConn, id: AreaId, on: NaiveDate) -> Outcome<Option<AreaView>> {
    let row: Option<AreaColumns> = area::table
        .inner_join(area_version::table.on(area_version::area_id.eq(area::id)))
        .filter(area::id.eq(id))
        .filter(area_version::valid_from.le(on))
        .filter(area_version::valid_to.is_null().or(area_version::valid_to.ge(on)))
        .select(AREA_COLUMNS)
        .first(conn)
        .optional()?;
    Ok(row.map(area_view))
}

pub fn newest_area(conn: &mut AnyConn, id: AreaId) -> Outcome<Option<AreaNow>> {
    let row: Option<(AreaId, String, String, String, String)> = area::table
        .inner_join(area_version::table.on(area_version::area_id.eq(area::id)))
        .filter(area::id.eq(id))
        .order(area_version::valid_from.desc())
        .select((
            area::id,
            area::code,
            area_version::name,
            area_version::office_name,
            area_version::short_name,
        ))
        .first(conn)
        .optional()?;
    Ok(row.map(|(id, code, name, office_name, short_name)| AreaNow {
        id,
        code,
        name,
        office_name,
        short_name,
    }))
}

pub fn newest_parent(conn: &mut AnyConn, id: AreaId) -> Outcome<Option<AreaId>> {
    let of_area =
        area_version::table.filter(area_version::area_id.eq(id)).order(area_version::valid_from.desc());
    let parent: Option<Option<AreaId>> = of_area.select(area_version::parent_id).first(conn).optional()?;
    Ok(parent.flatten())
}

pub fn level_of(conn: &mut AnyConn, id: AreaId) -> Outcome<Option<String>> {
    Ok(area::table.find(id).select(area::level).first(conn).optional()?)
}

/// Ids of all areas by code.
pub fn area_ids(conn: &mut AnyConn) -> Outcome<Vec<(String, AreaId, String)>> {
    Ok(area::table.order(area::code).select((area::code, area::id, area::level)).load(conn)?)
}

pub fn insert_areas(conn: &mut AnyConn, areas: &[AreaRow], versions: &[AreaVersionRow]) -> Outcome<()> {
    for chunk in areas.chunks(200) {
        each!(conn, c => diesel::insert_into(area::table).values(chunk).execute(c))?;
    }
    for chunk in versions.chunks(200) {
        each!(conn, c => diesel::insert_into(area_version::table).values(chunk).execute(c))?;
    }
    Ok(())
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = facility_version, check_for_backend(MultiBackend))]
pub struct VersionRow {
    pub id: FacilityVersionId,
    pub facility_id: FacilityId,
    pub valid_from: Ts,
    pub valid_to: Option<Ts>,
    pub kind: FacilityKind,
    pub name: String,
    pub street_id: AreaId,
    pub community_id: Option<AreaId>,
    pub address: String,
    pub lat: Option<f64>,
    pub lng: Option<f64>,
    pub datum: Option<Datum>,
    pub operator_name: String,
    pub contact_name: String,
    pub contact_phone: String,
    pub opening_hours: String,
    pub platform_status: Option<String>,
    pub platform_status_on: Option<NaiveDate>,
    pub route: Route,
    pub status: FacilityState,
    pub search: String,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = facility, check_for_backend(MultiBackend))]
struct FacilityRow {
    id: FacilityId,
    code: String,
    observed_status: Option<String>,
    observed_at: Option<Ts>,
    revision: i32,
}

fn position(v: &VersionRow) -> Option<(f64, f64, Datum)> {
    Some((v.lat?, v.lng?, v.datum?))
}

fn facility_view((f, v): (FacilityRow, VersionRow)) -> FacilityView {
    FacilityView {
        id: f.id,
        code: f.code,
        revision: f.revision,
        kind: v.kind,
        position: position(&v).map(|(lat, lng, datum)| PositionView { lat, lng, datum }),
        name: v.name,
        street_id: v.street_id,
        community_id: v.community_id,
        address: v.address,
        operator_name: v.operator_name,
        contact_name: v.contact_name,
        contact_phone: v.contact_phone,
        opening_hours: v.opening_hours,
        platform_status: v.platform_status,
        platform_status_on: v.platform_status_on,
        observed_status: f.observed_status,
        observed_at: f.observed_at.map(|t| t.0),
        route: v.route,
        status: v.status,
        valid_from: v.valid_from.0,
        valid_to: v.valid_to.map(|t| t.0),
    }
}

/// Which facilities.
#[derive(Debug, Clone, Default)]
pub struct FacilityFilter {
    pub kind: Option<FacilityKind>,
    pub street_id: Option<AreaId>,
    pub status: Option<FacilityState>,
    pub text: Option<String>,
    /// Exactly this operator.
    pub operator_name: Option<String>,
}

pub fn facilities(
    conn: &mut AnyConn,
    places: &Places,
    filter: &FacilityFilter,
    after: Option<&str>,
    limit: i64,
) -> Outcome<Vec<FacilityView>> {
    let mut query = facility::table
        .inner_join(facility_version::table.on(facility_version::facility_id.eq(facility::id)))
        .filter(facility_version::valid_to.is_null())
        .select((FacilityRow::as_select(), VersionRow::as_select()))
        .into_boxed::<MultiBackend>();
    query = within!(query, places, facility_version::street_id, facility::id);
    if let Some(kind) = filter.kind {
        query = query.filter(facility_version::kind.eq(kind));
    }
    if let Some(street) = filter.street_id {
        query = query.filter(facility_version::street_id.eq(street));
    }
    if let Some(status) = filter.status {
        query = query.filter(facility_version::status.eq(status));
    }
    if let Some(operator) = &filter.operator_name {
        query = query.filter(facility_version::operator_name.eq(operator.clone()));
    }
    if let Some(text) = &filter.text {
        let escaped = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        query = query.filter(facility_version::search.like(format!("%{escaped}%")).escape('\\'));
    }
    if let Some(after) = after {
        query = query.filter(facility::code.gt(after.to_string()));
    }
    let rows: Vec<(FacilityRow, VersionRow)> = query.order(facility::code).limit(limit).load(conn)?;
    Ok(rows.into_iter().map(facility_view).collect())
}

fn newest(conn: &mut AnyConn, id: FacilityId) -> Outcome<Option<(FacilityRow, VersionRow)>> {
    Ok(facility::table
        .inner_join(facility_version::table.on(facility_version::facility_id.eq(facility::id)))
        .filter(facility::id.eq(id))
        .filter(facility_version::valid_to.is_null())
        .select((FacilityRow::as_select(), VersionRow::as_select()))
        .first(conn)
        .optional()?)
}

pub fn facility(conn: &mut AnyConn, id: FacilityId) -> Outcome<Option<FacilityView>> {
    Ok(newest(conn, id)?.map(facility_view))
}

pub fn facility_now(conn: &mut AnyConn, id: FacilityId) -> Outcome<Option<FacilityNow>> {
    Ok(newest(conn, id)?.map(|(f, v)| FacilityNow {
        id: f.id,
        code: f.code,
        version_id: v.id,
        kind: v.kind,
        position: position(&v).map(|(lat, lng, datum)| Position { lat, lng, datum }),
        name: v.name,
        street_id: v.street_id,
        operator_name: v.operator_name,
        contact_name: v.contact_name,
        contact_phone: v.contact_phone,
        route: v.route,
        status: v.status,
    }))
}

pub fn versions(conn: &mut AnyConn, id: FacilityId) -> Outcome<Vec<FacilityView>> {
    let rows: Vec<(FacilityRow, VersionRow)> = facility::table
        .inner_join(facility_version::table.on(facility_version::facility_id.eq(facility::id)))
        .filter(facility::id.eq(id))
        .order(facility_version::valid_from)
        .select((FacilityRow::as_select(), VersionRow::as_select()))
        .load(conn)?;
    Ok(rows.into_iter().map(facility_view).collect())
}

pub fn former_streets(conn: &mut AnyConn, id: FacilityId) -> Outcome<Vec<AreaId>> {
    let earlier = facility_version::table
        .filter(facility_version::facility_id.eq(id))
        .filter(facility_version::valid_to.is_not_null());
    Ok(earlier.select(facility_version::street_id).distinct().load(conn)?)
}

pub fn facility_by_code(conn: &mut AnyConn, code: &str) -> Outcome<Option<FacilityId>> {
    Ok(facility::table.filter(facility::code.eq(code)).select(facility::id).first(conn).optional()?)
}

pub fn facility_codes(conn: &mut AnyConn) -> Outcome<Vec<(String, FacilityId)>> {
    Ok(facility::table.select((facility::code, facility::id)).load(conn)?)
}

pub fn insert_facility(conn: &mut AnyConn, id: FacilityId, code: &str, at: Ts) -> Outcome<()> {
    diesel::insert_into(facility::table)
        .values((
            facility::id.eq(id),
            facility::code.eq(code),
            facility::created_at.eq(at),
            facility::revision.eq(1),
        ))
        .execute(conn)?;
    Ok(())
}

pub fn insert_version(conn: &mut AnyConn, row: &VersionRow) -> Outcome<()> {
    diesel::insert_into(facility_version::table).values(row).execute(conn)?;
    Ok(())
}

/// Ends the newest version if the revision is still `revision`; 0 when it is not.
pub fn close_version(conn: &mut AnyConn, id: FacilityId, revision: i32, at: Ts) -> Outcome<usize> {
    let held = facility::table.find(id).filter(facility::revision.eq(revision));
    let bumped = diesel::update(held).set(facility::revision.eq(revision + 1)).execute(conn)?;
    if bumped == 1 {
        let newest = facility_version::table
            .filter(facility_version::facility_id.eq(id))
            .filter(facility_version::valid_to.is_null());
        diesel::update(newest).set(facility_version::valid_to.eq(Some(at))).execute(conn)?;
    }
    Ok(bumped)
}

pub fn set_observed(conn: &mut AnyConn, id: FacilityId, status: &str, at: Ts) -> Outcome<()> {
    diesel::update(facility::table.find(id))
        .set((facility::observed_status.eq(Some(status)), facility::observed_at.eq(Some(at))))
        .execute(conn)?;
    Ok(())
}
