//! Facilities 设施 and their versions. The newest version (`valid_to` empty) is today's; a change closes it and opens the
//! next, so that "as of a date" is one query.

use super::store::{self, FacilityFilter, VersionRow};
use super::{FacilityKind, FacilityState, Route};
use crate::access::Places;
use crate::db::page::{Page, PageAsk, page};
use crate::db::{AnyConn, Change, Ts, Tx};
use crate::directory::geo::{Datum, Position};
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, FacilityId, FacilityVersionId};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

/// A position as given, with its datum.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionView {
    /// Latitude in degrees.
    pub lat: f64,
    /// Longitude in degrees.
    pub lng: f64,
    /// Datum.
    pub datum: Datum,
}

/// A facility as of now, or one of its versions.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct FacilityView {
    /// Its id.
    pub id: FacilityId,
    /// Its code.
    pub code: String,
    /// For `If-Match`.
    pub revision: i32,
    /// What it is.
    pub kind: FacilityKind,
    /// Name.
    pub name: String,
    /// Street.
    pub street_id: AreaId,
    /// Community.
    pub community_id: Option<AreaId>,
    /// Address.
    pub address: String,
    /// Position as given.
    pub position: Option<PositionView>,
    /// Operator.
    pub operator_name: String,
    /// Contact.
    pub contact_name: String,
    /// Telephone of the contact.
    pub contact_phone: String,
    /// Posted opening hours.
    pub opening_hours: String,
    /// State on the city's platform, as imported.
    pub platform_status: Option<String>,
    /// When that was imported.
    pub platform_status_on: Option<NaiveDate>,
    /// State seen by inspectors; never computed from the platform's.
    pub observed_status: Option<String>,
    /// When that was seen.
    pub observed_at: Option<DateTime<Utc>>,
    /// Whom its findings go through.
    pub route: Route,
    /// Whether it works.
    pub status: FacilityState,
    /// Since when these facts hold.
    pub valid_from: DateTime<Utc>,
    /// Until when they held.
    pub valid_to: Option<DateTime<Utc>>,
}

/// What other capabilities need of a facility.
#[derive(Debug, Clone)]
pub struct FacilityNow {
    /// Its id.
    pub id: FacilityId,
    /// Its code.
    pub code: String,
    /// The version in force.
    pub version_id: FacilityVersionId,
    /// What it is.
    pub kind: FacilityKind,
    /// Name.
    pub name: String,
    /// Street.
    pub street_id: AreaId,
    /// Operator.
    pub operator_name: String,
    /// Contact.
    pub contact_name: String,
    /// Telephone of the contact.
    pub contact_phone: String,
    /// Whom its findings go through.
    pub route: Route,
    /// Whether it works.
    pub status: FacilityState,
    /// Position as given.
    pub position: Option<Position>,
}

/// The facts of a facility that may be given or changed.
#[derive(Debug, Clone)]
pub struct FacilityFacts {
    /// What it is.
    pub kind: FacilityKind,
    /// Name.
    pub name: String,
    /// Street.
    pub street_id: AreaId,
    /// Community.
    pub community_id: Option<AreaId>,
    /// Address.
    pub address: String,
    /// Position as given.
    pub position: Option<PositionView>,
    /// Operator.
    pub operator_name: String,
    /// Contact.
    pub contact_name: String,
    /// Telephone of the contact.
    pub contact_phone: String,
    /// Posted opening hours.
    pub opening_hours: String,
    /// State on the city's platform.
    pub platform_status: Option<String>,
    /// When that was imported.
    pub platform_status_on: Option<NaiveDate>,
    /// Whom its findings go through.
    pub route: Route,
    /// Whether it works.
    pub status: FacilityState,
}

/// Facilities by code, within the caller's places.
///
/// # Errors
/// A bad page.
pub fn list(
    conn: &mut AnyConn,
    places: &Places,
    filter: &FacilityFilter,
    ask: &PageAsk,
) -> Outcome<Page<FacilityView>> {
    let limit = ask.limit()?;
    let after: Option<String> = ask.after()?;
    let rows = store::facilities(conn, places, filter, after.as_deref(), limit + 1)?;
    Ok(page(rows, limit, |f: &FacilityView| f.code.clone(), |f| f))
}

/// One facility within the caller's places.
///
/// # Errors
/// Missing, also when it lies elsewhere.
pub fn find(conn: &mut AnyConn, places: &Places, id: FacilityId) -> Outcome<FacilityView> {
    let found = store::facility(conn, id)?.filter(|f| places.holds(f.street_id, Some(f.id)));
    found.ok_or_else(|| Fault::missing("设施"))
}

/// All versions of a facility, oldest first.
///
/// # Errors
/// Missing, also when it lies elsewhere.
pub fn versions(conn: &mut AnyConn, places: &Places, id: FacilityId) -> Outcome<Vec<FacilityView>> {
    find(conn, places, id)?;
    let mut versions = store::versions(conn, id)?;
    // Of two changes in one instant the one that was closed came first.
    versions.sort_by_key(|v| (v.valid_from, v.valid_to.is_none(), v.valid_to));
    Ok(versions)
}

/// A facility for other capabilities, within the caller's places.
///
/// # Errors
/// Missing, also when it lies elsewhere.
pub fn facility_in(conn: &mut AnyConn, places: &Places, id: FacilityId) -> Outcome<FacilityNow> {
    let found = store::facility_now(conn, id)?.filter(|f| places.holds(f.street_id, Some(f.id)));
    found.ok_or_else(|| Fault::missing("设施"))
}

/// A facility for other capabilities, wherever it lies.
///
/// # Errors
/// Missing.
pub fn facility_by_id(conn: &mut AnyConn, id: FacilityId) -> Outcome<FacilityNow> {
    store::facility_now(conn, id)?.ok_or_else(|| Fault::missing("设施"))
}

/// The versions of a facility, oldest first, whoever asks.
///
/// # Errors
/// The database's.
pub fn versions_of(conn: &mut AnyConn, id: FacilityId) -> Outcome<Vec<FacilityView>> {
    store::versions(conn, id)
}

/// Adds a facility.
///
/// # Errors
/// `code_taken`; an unknown or foreign street.
pub fn create(tx: &mut Tx<'_>, places: &Places, code: &str, facts: &FacilityFacts) -> Outcome<FacilityId> {
    check_street(tx.conn(), places, facts)?;
    if store::facility_by_code(tx.conn(), code)?.is_some() {
        return Err(Fault::refused("code_taken", "该设施编码已存在"));
    }
    let id: FacilityId = tx.new_id();
    let at = tx.ts();
    store::insert_facility(tx.conn(), id, code, at)?;
    let version = version_row(tx, id, facts);
    store::insert_version(tx.conn(), &version)?;
    tx.audit("facility", id, json!({ "code": code, "name": facts.name }));
    tx.changed("facility", id.0, Some(facts.street_id.0), Change::Put)?;
    Ok(id)
}

/// Changes a facility: closes its version and opens the next.
///
/// # Errors
/// Missing; a wrong revision; an unknown or foreign street.
pub fn update(
    tx: &mut Tx<'_>,
    places: &Places,
    id: FacilityId,
    revision: i32,
    change: &dyn Fn(FacilityFacts) -> FacilityFacts,
) -> Outcome<FacilityView> {
    let now = find(tx.conn(), places, id)?;
    let (old_street, code) = (now.street_id, now.code.clone());
    let facts = change(facts_of(now));
    check_street(tx.conn(), places, &facts)?;
    let at = tx.ts();
    if store::close_version(tx.conn(), id, revision, at)? == 0 {
        return Err(Fault::Precondition { given: true });
    }
    let version = version_row(tx, id, &facts);
    store::insert_version(tx.conn(), &version)?;
    tx.audit("facility", id, json!({ "code": code, "status": facts.status, "street": facts.street_id }));
    if old_street != facts.street_id {
        tx.changed("facility", id.0, Some(old_street.0), Change::Gone)?;
    }
    tx.changed("facility", id.0, Some(facts.street_id.0), Change::Put)?;
    find(tx.conn(), places, id)
}

/// Records what an inspector saw of a facility's operation, as of the day on which the record came in.
///
/// # Errors
/// The database's.
pub fn set_observed(tx: &mut Tx<'_>, id: FacilityId, status: &str, at: Ts) -> Outcome<()> {
    store::set_observed(tx.conn(), id, status, at)
}

/// The streets where a facility was before.
///
/// # Errors
/// The database's.
pub fn former_streets(conn: &mut AnyConn, id: FacilityId) -> Outcome<Vec<AreaId>> {
    store::former_streets(conn, id)
}

fn check_street(conn: &mut AnyConn, places: &Places, facts: &FacilityFacts) -> Outcome<()> {
    let level = store::level_of(conn, facts.street_id)?;
    if level.as_deref() != Some("street") || !places.holds(facts.street_id, None) {
        return Err(Fault::invalid("/street_id", "unknown_street", "街道不存在或不在权限范围内"));
    }
    if let Some(community) = facts.community_id {
        let under = store::newest_parent(conn, community)?;
        if under != Some(facts.street_id) {
            return Err(Fault::invalid("/community_id", "unknown_community", "社区不存在或不属于该街道"));
        }
    }
    Ok(())
}

fn version_row(tx: &Tx<'_>, id: FacilityId, f: &FacilityFacts) -> VersionRow {
    VersionRow {
        id: tx.new_id(),
        facility_id: id,
        valid_from: tx.ts(),
        valid_to: None,
        kind: f.kind,
        name: f.name.clone(),
        street_id: f.street_id,
        community_id: f.community_id,
        address: f.address.clone(),
        lat: f.position.map(|p| p.lat),
        lng: f.position.map(|p| p.lng),
        datum: f.position.map(|p| p.datum),
        operator_name: f.operator_name.clone(),
        contact_name: f.contact_name.clone(),
        contact_phone: f.contact_phone.clone(),
        opening_hours: f.opening_hours.clone(),
        platform_status: f.platform_status.clone(),
        platform_status_on: f.platform_status_on,
        route: f.route,
        status: f.status,
        search: format!("{} {} {}", f.name, f.address, f.operator_name).to_lowercase(),
    }
}

fn facts_of(v: FacilityView) -> FacilityFacts {
    FacilityFacts {
        kind: v.kind,
        name: v.name,
        street_id: v.street_id,
        community_id: v.community_id,
        address: v.address,
        position: v.position,
        operator_name: v.operator_name,
        contact_name: v.contact_name,
        contact_phone: v.contact_phone,
        opening_hours: v.opening_hours,
        platform_status: v.platform_status,
        platform_status_on: v.platform_status_on,
        route: v.route,
        status: v.status,
    }
}
