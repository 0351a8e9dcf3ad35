//! Rows and queries of indicators, and what `compute` reads of others' tables.

use super::Comparison;
use super::rules::{Quarter, Term};
use crate::access::Places;
use crate::db::connection::each;
use crate::db::schema::{
    campaign, campaign_target, check_item, evidence, facility_version, indicator_import, indicator_objection,
    indicator_target, indicator_value, inspection, visit,
};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::directory::{FacilityKind, FacilityState};
use crate::fault::Outcome;
use crate::ids::{
    AreaId, CampaignId, FacilityId, IndicatorImportId, IndicatorValueId, InspectionId, ObjectionId, TargetId,
    UserId,
};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = indicator_import, check_for_backend(MultiBackend))]
pub struct ImportRow {
    pub id: IndicatorImportId,
    pub sha256: String,
    pub length: i64,
    pub rows: i64,
    pub stored: i64,
    pub imported_by: Option<UserId>,
    pub imported_by_name: String,
    pub imported_at: Ts,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = indicator_value, check_for_backend(MultiBackend))]
pub struct ValueRow {
    pub id: IndicatorValueId,
    pub indicator: String,
    pub street_id: AreaId,
    pub quarter_on: NaiveDate,
    pub seq: i32,
    pub numerator: Option<i64>,
    pub denominator: Option<i64>,
    pub value: Option<i64>,
    pub as_of: NaiveDate,
    pub note: Option<String>,
    pub import_id: IndicatorImportId,
    pub entered_at: Ts,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = indicator_target, check_for_backend(MultiBackend))]
pub struct TargetRow {
    pub id: TargetId,
    pub indicator: String,
    pub area_id: AreaId,
    pub seq: i32,
    pub from_on: NaiveDate,
    pub comparison: Comparison,
    pub value: i64,
    pub reason: String,
    pub objection_id: Option<ObjectionId>,
    pub set_by: UserId,
    /// The principal of a deputy who set it.
    pub set_for: Option<UserId>,
    pub set_at: Ts,
}

impl TargetRow {
    /// What the rules ask of it; `street` tells whose own it may be.
    pub fn term(&self, street: AreaId) -> Term {
        let own = self.area_id == street;
        Term { own, from_on: self.from_on, seq: self.seq, set_at: self.set_at.0 }
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = indicator_objection, check_for_backend(MultiBackend), treat_none_as_null = true)]
pub struct ObjectionRow {
    pub id: ObjectionId,
    pub indicator: String,
    pub street_id: AreaId,
    pub quarter_on: NaiveDate,
    pub target_id: TargetId,
    pub proposed: Option<i64>,
    pub reason: String,
    pub raised_by: UserId,
    pub raised_at: Ts,
    pub upheld: Option<bool>,
    pub decision: Option<String>,
    pub decided_by: Option<UserId>,
    pub decided_at: Option<Ts>,
}

pub fn insert_import(conn: &mut AnyConn, row: &ImportRow) -> Outcome<()> {
    diesel::insert_into(indicator_import::table).values(row).execute(conn)?;
    Ok(())
}

pub fn insert_values(conn: &mut AnyConn, rows: &[ValueRow]) -> Outcome<()> {
    for chunk in rows.chunks(300) {
        each!(conn, c => diesel::insert_into(indicator_value::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// All versions of what streets reported for quarters, the last version of each last.
pub fn values_of(
    conn: &mut AnyConn,
    streets: &[AreaId],
    (from, to): (NaiveDate, NaiveDate),
) -> Outcome<Vec<ValueRow>> {
    Ok(indicator_value::table
        .filter(indicator_value::street_id.eq_any(streets.to_vec()))
        .filter(indicator_value::quarter_on.between(from, to))
        .order(indicator_value::seq)
        .select(ValueRow::as_select())
        .load(conn)?)
}

/// The versions of one value with their imports, the last first.
pub fn versions(
    conn: &mut AnyConn,
    indicator: &str,
    street: AreaId,
    quarter: Quarter,
) -> Outcome<Vec<(ValueRow, ImportRow)>> {
    Ok(indicator_value::table
        .inner_join(indicator_import::table.on(indicator_import::id.eq(indicator_value::import_id)))
        .filter(indicator_value::indicator.eq(indicator))
        .filter(indicator_value::street_id.eq(street))
        .filter(indicator_value::quarter_on.eq(quarter.first_day()))
        .order(indicator_value::seq.desc())
        .select((ValueRow::as_select(), ImportRow::as_select()))
        .load(conn)?)
}

pub fn insert_target(conn: &mut AnyConn, row: &TargetRow) -> Outcome<()> {
    diesel::insert_into(indicator_target::table).values(row).execute(conn)?;
    Ok(())
}

/// The number of the last version of a target.
pub fn last_target(conn: &mut AnyConn, indicator: &str, area: AreaId) -> Outcome<i32> {
    let last: Option<i32> = indicator_target::table
        .filter(indicator_target::indicator.eq(indicator))
        .filter(indicator_target::area_id.eq(area))
        .order(indicator_target::seq.desc())
        .select(indicator_target::seq)
        .first(conn)
        .optional()?;
    Ok(last.unwrap_or(0))
}

/// All targets of some areas.
pub fn targets_of(conn: &mut AnyConn, areas: &[AreaId]) -> Outcome<Vec<TargetRow>> {
    Ok(indicator_target::table
        .filter(indicator_target::area_id.eq_any(areas.to_vec()))
        .order((indicator_target::indicator, indicator_target::area_id, indicator_target::seq))
        .select(TargetRow::as_select())
        .load(conn)?)
}

pub fn find_target(conn: &mut AnyConn, id: TargetId) -> Outcome<Option<TargetRow>> {
    Ok(indicator_target::table.find(id).select(TargetRow::as_select()).first(conn).optional()?)
}

/// The target versions of an indicator in some areas (in all of them for none), the last set first.
pub fn target_history(
    conn: &mut AnyConn,
    indicator: &str,
    areas: Option<&[AreaId]>,
    after: Option<TargetId>,
    limit: i64,
) -> Outcome<Vec<TargetRow>> {
    let mut query = indicator_target::table
        .filter(indicator_target::indicator.eq(indicator.to_string()))
        .select(TargetRow::as_select())
        .into_boxed::<MultiBackend>();
    if let Some(areas) = areas {
        query = query.filter(indicator_target::area_id.eq_any(areas.to_vec()));
    }
    if let Some(after) = after {
        query = query.filter(indicator_target::id.lt(after));
    }
    Ok(query.order(indicator_target::id.desc()).limit(limit).load(conn)?)
}

pub fn insert_objection(conn: &mut AnyConn, row: &ObjectionRow) -> Outcome<()> {
    diesel::insert_into(indicator_objection::table).values(row).execute(conn)?;
    Ok(())
}

pub fn save_objection(conn: &mut AnyConn, row: &ObjectionRow) -> Outcome<()> {
    diesel::update(indicator_objection::table.find(row.id)).set(row).execute(conn)?;
    Ok(())
}

pub fn find_objection(conn: &mut AnyConn, id: ObjectionId) -> Outcome<Option<ObjectionRow>> {
    Ok(indicator_objection::table.find(id).select(ObjectionRow::as_select()).first(conn).optional()?)
}

/// An objection, its row locked on PostgreSQL until the transaction ends.
pub fn find_objection_locked(conn: &mut AnyConn, id: ObjectionId) -> Outcome<Option<ObjectionRow>> {
    if let AnyConn::Pg(c) = conn {
        let lock = indicator_objection::table.find(id).select(indicator_objection::id).for_update();
        lock.first::<ObjectionId>(c).optional()?;
    }
    find_objection(conn, id)
}

/// Whether a street's objection about a quarter waits for its decision.
pub fn is_contested(conn: &mut AnyConn, indicator: &str, street: AreaId, quarter: Quarter) -> Outcome<bool> {
    let open = indicator_objection::table
        .filter(indicator_objection::indicator.eq(indicator))
        .filter(indicator_objection::street_id.eq(street))
        .filter(indicator_objection::quarter_on.eq(quarter.first_day()))
        .filter(indicator_objection::decided_at.is_null());
    Ok(open.count().get_result::<i64>(conn)? > 0)
}

/// The target that an objection brought about.
pub fn target_by(conn: &mut AnyConn, objection: ObjectionId) -> Outcome<Option<TargetRow>> {
    let of = indicator_target::table.filter(indicator_target::objection_id.eq(Some(objection)));
    Ok(of.select(TargetRow::as_select()).first(conn).optional()?)
}

/// Objections of streets within places, the last raised first.
pub fn objections(
    conn: &mut AnyConn,
    places: &Places,
    (street, undecided): (Option<AreaId>, bool),
    after: Option<ObjectionId>,
    limit: i64,
) -> Outcome<Vec<ObjectionRow>> {
    let mut query = indicator_objection::table.select(ObjectionRow::as_select()).into_boxed::<MultiBackend>();
    if !places.all {
        let streets: Vec<AreaId> = places.streets.iter().copied().collect();
        query = query.filter(indicator_objection::street_id.eq_any(streets));
    }
    if let Some(street) = street {
        query = query.filter(indicator_objection::street_id.eq(street));
    }
    if undecided {
        query = query.filter(indicator_objection::decided_at.is_null());
    }
    if let Some(after) = after {
        query = query.filter(indicator_objection::id.lt(after));
    }
    Ok(query.order(indicator_objection::id.desc()).limit(limit).load(conn)?)
}

/// A facility that a campaign of the quarter was to inspect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Queryable)]
pub struct Planned {
    pub campaign_id: CampaignId,
    pub facility_id: FacilityId,
    pub kind: FacilityKind,
}

/// What the campaigns that begin in a quarter were to inspect in a street, as letters count it.
pub fn planned(
    conn: &mut AnyConn,
    street: AreaId,
    quarter: Quarter,
    at: DateTime<Utc>,
) -> Outcome<Vec<Planned>> {
    Ok(campaign_target::table
        .inner_join(campaign::table.on(campaign::id.eq(campaign_target::campaign_id)))
        .inner_join(
            facility_version::table.on(facility_version::facility_id.eq(campaign_target::facility_id)),
        )
        .filter(facility_version::valid_to.is_null())
        .filter(campaign_target::street_id.eq(street))
        .filter(campaign::starts_on.between(quarter.first_day(), quarter.last_day()))
        .filter(campaign::created_at.le(Ts::from(at)))
        .select((campaign_target::campaign_id, campaign_target::facility_id, facility_version::kind))
        .load(conn)?)
}

/// The inspections of campaigns that were complete at a moment and count as coverage.
pub fn completed(
    conn: &mut AnyConn,
    campaigns: &[CampaignId],
    at: DateTime<Utc>,
) -> Outcome<Vec<(InspectionId, CampaignId, FacilityId)>> {
    let rows: Vec<(InspectionId, Option<CampaignId>, FacilityId)> = inspection::table
        .inner_join(visit::table.on(visit::id.eq(inspection::visit_id)))
        .filter(inspection::campaign_id.eq_any(campaigns.to_vec()))
        .filter(inspection::state.eq("complete"))
        .filter(inspection::completed_at.le(Ts::from(at)))
        .filter(visit::kind.eq_any(crate::campaigns::store::COVERING))
        .select((inspection::id, inspection::campaign_id, inspection::facility_id))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|(id, campaign, facility)| Some((id, campaign?, facility))).collect())
}

/// Those of inspections that hold a received photo of an item.
pub fn with_photo_of(
    conn: &mut AnyConn,
    ids: &[InspectionId],
    item: &str,
    at: DateTime<Utc>,
) -> Outcome<Vec<InspectionId>> {
    Ok(evidence::table
        .inner_join(check_item::table.on(evidence::item_id.eq(check_item::id.nullable())))
        .filter(evidence::subject_kind.eq("inspection"))
        .filter(evidence::subject_id.eq_any(ids.to_vec()))
        .filter(evidence::received_at.le(Ts::from(at)))
        .filter(check_item::code.eq(item))
        .select(evidence::subject_id)
        .distinct()
        .load(conn)?)
}

/// An inspection of a facility: which, what it is, whether the inspection was complete, how it was found to work.
pub type Sighting = (FacilityId, FacilityKind, bool, Option<String>);

/// What was seen of a street's facilities within some days: facility, kind, whether complete at a moment, and how it was
/// found to work; the last last. Self checks and rechecks say nothing of it.
pub fn seen(
    conn: &mut AnyConn,
    street: AreaId,
    (from, before): (Ts, Ts),
    at: DateTime<Utc>,
) -> Outcome<Vec<Sighting>> {
    type Row = (FacilityId, FacilityKind, String, Option<Ts>, Option<String>);
    let rows: Vec<Row> = inspection::table
        .inner_join(visit::table.on(visit::id.eq(inspection::visit_id)))
        .inner_join(facility_version::table.on(facility_version::id.eq(inspection::facility_version_id)))
        .filter(inspection::street_id.eq(street))
        .filter(inspection::received_at.ge(from))
        .filter(inspection::received_at.lt(before))
        .filter(inspection::received_at.le(Ts::from(at)))
        .filter(visit::kind.eq_any(crate::campaigns::store::COVERING))
        .order((inspection::received_at, inspection::id))
        .select((
            inspection::facility_id,
            facility_version::kind,
            inspection::state,
            inspection::completed_at,
            inspection::observed_status,
        ))
        .load(conn)?;
    let then =
        |state: &str, completed: Option<Ts>| state == "complete" && completed.is_some_and(|t| t.0 <= at);
    Ok(rows.into_iter().map(|(id, kind, state, done, seen)| (id, kind, then(&state, done), seen)).collect())
}

/// What the city's platform said of the working stations of a street at a moment, and of which day.
pub fn platform(
    conn: &mut AnyConn,
    street: AreaId,
    at: DateTime<Utc>,
) -> Outcome<Vec<(String, Option<NaiveDate>)>> {
    let at = Ts::from(at);
    let rows: Vec<(Option<String>, Option<NaiveDate>)> = facility_version::table
        .filter(facility_version::street_id.eq(street))
        .filter(facility_version::kind.eq(FacilityKind::Station))
        .filter(facility_version::status.ne(FacilityState::Ended))
        .filter(facility_version::valid_from.le(at))
        .filter(facility_version::valid_to.is_null().or(facility_version::valid_to.gt(at)))
        .filter(facility_version::platform_status.is_not_null())
        .select((facility_version::platform_status, facility_version::platform_status_on))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|(status, on)| Some((status?, on))).collect())
}
