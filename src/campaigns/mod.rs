//! Campaigns 检查行动: a period, a version of the check items, and the facilities to be inspected. Progress is planned
//! against done; an inspection with missing evidence counts as incomplete, never as done.

pub(crate) mod store;

use crate::access::Places;
use crate::checklists;
use crate::clock::business_date;
use crate::db::page::{Page, PageAsk, page};
use crate::db::types::coded;
use crate::db::{AnyConn, Change, Tx};
use crate::directory::FacilityKind;
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, CampaignId, ChecklistId, FacilityId, InspectionId, UserId};
use chrono::NaiveDate;
use serde_json::json;
use std::collections::BTreeSet;

coded! {
    /// What a campaign is about.
    pub enum CampaignKind {
        /// Stations, centres and canteens.
        CommunityQuality = "community_quality" "居家社区养老服务设施质量检查",
        /// Institutions; a contracted programme with a form of its own.
        FireSupervision = "fire_supervision" "养老机构消防安全督导",
    }
}

coded! {
    /// Where a target stands.
    pub enum TargetState {
        /// Not inspected.
        Planned = "planned" "未检查",
        /// Inspected, evidence missing.
        Incomplete = "incomplete" "材料不全",
        /// Inspected with all evidence.
        Done = "done" "已检查",
    }
}

/// A campaign.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct CampaignView {
    /// Its id.
    pub id: CampaignId,
    /// Name, e.g. 2026年第三季度居家社区养老服务设施质量检查.
    pub name: String,
    /// What it is about.
    pub kind: CampaignKind,
    /// The area that it covers.
    pub area_id: AreaId,
    /// First day.
    pub starts_on: NaiveDate,
    /// Last day.
    pub ends_on: NaiveDate,
    /// Day by which streets reply to its letters.
    pub reply_due: Option<NaiveDate>,
    /// The check items.
    pub checklist_id: ChecklistId,
    /// `active` or `closed`.
    pub state: String,
    /// For `If-Match`.
    pub revision: i32,
}

/// A campaign for other capabilities.
pub type CampaignNow = CampaignView;

/// A new campaign.
#[derive(Debug, Clone)]
pub struct NewCampaign {
    /// Name.
    pub name: String,
    /// What it is about.
    pub kind: CampaignKind,
    /// The area that it covers.
    pub area_id: AreaId,
    /// First day.
    pub starts_on: NaiveDate,
    /// Last day.
    pub ends_on: NaiveDate,
    /// Day by which streets reply.
    pub reply_due: Option<NaiveDate>,
    /// The check items; the newest unless given.
    pub checklist_id: Option<ChecklistId>,
}

/// A facility to be inspected.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct TargetView {
    /// The facility.
    pub facility_id: FacilityId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: FacilityKind,
    /// Its street when it became a target.
    pub street_id: AreaId,
    /// Where it stands.
    pub state: TargetState,
}

/// How far a street is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct StreetProgress {
    /// The street.
    pub street_id: AreaId,
    /// Its name.
    pub street_name: String,
    /// Facilities to be inspected.
    pub planned: i64,
    /// Inspected with all evidence.
    pub done: i64,
    /// Inspected, evidence missing.
    pub incomplete: i64,
}

/// An inspection whose evidence is missing.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct IncompleteInspection {
    /// The inspection.
    pub inspection_id: InspectionId,
    /// The facility.
    pub facility_id: FacilityId,
    /// Its name.
    pub facility_name: String,
    /// Declared photos that have not arrived.
    pub missing: i64,
}

/// How far a campaign is.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Progress {
    /// Facilities to be inspected.
    pub planned: i64,
    /// Inspected with all evidence.
    pub done: i64,
    /// Inspected, evidence missing.
    pub incomplete: i64,
    /// By street.
    pub by_street: Vec<StreetProgress>,
    /// At most 100 inspections whose evidence is missing.
    pub incomplete_inspections: Vec<IncompleteInspection>,
}

/// Plans a campaign.
///
/// # Errors
/// Bad dates; an unknown area or list; an area beyond the caller's reach.
pub fn create(tx: &mut Tx<'_>, places: &Places, new: &NewCampaign) -> Outcome<CampaignId> {
    if new.ends_on < new.starts_on {
        return Err(Fault::invalid("/ends_on", "bad_dates", "结束日期早于开始日期"));
    }
    if new.reply_due.is_some_and(|due| due < new.starts_on) {
        return Err(Fault::invalid("/reply_due", "bad_dates", "回复期限早于检查开始日期"));
    }
    let on = business_date(tx.now());
    let streets = crate::access::streets_under(tx.conn(), new.area_id, on)?;
    if streets.is_empty() || !streets.iter().all(|s| places.holds(*s, None)) {
        return Err(Fault::invalid("/area_id", "unknown_area", "区划不存在或不在权限范围内"));
    }
    let checklist_id = match new.checklist_id {
        Some(id) => checklists::find(tx.conn(), id, None).map(|c| c.id).map_err(|e| {
            e.if_missing(|| Fault::invalid("/checklist_id", "unknown_checklist", "检查标准不存在"))
        })?,
        None => checklists::latest(tx.conn())?,
    };
    let id: CampaignId = tx.new_id();
    let (user, at) = (tx.user()?, tx.ts());
    store::insert(tx.conn(), id, new, checklist_id, user, at)?;
    tx.audit("campaign", id, json!({ "name": new.name }));
    tx.changed("campaign", id.0, None, Change::Put)?;
    Ok(id)
}

/// Campaigns that touch the caller's places, newest first.
///
/// # Errors
/// A bad page.
pub fn list(conn: &mut AnyConn, places: &Places, ask: &PageAsk) -> Outcome<Page<CampaignView>> {
    let limit = ask.limit()?;
    let after: Option<CampaignId> = ask.after()?;
    let rows = store::list(conn, after, limit + 1)?;
    let mut seen = page(rows, limit, |c: &CampaignView| c.id, |c| c);
    let mut kept = Vec::with_capacity(seen.items.len());
    for campaign in seen.items {
        if touches(conn, places, &campaign)? {
            kept.push(campaign);
        }
    }
    seen.items = kept;
    Ok(seen)
}

/// Streets are those of the campaign's first day.
fn touches(conn: &mut AnyConn, places: &Places, campaign: &CampaignView) -> Outcome<bool> {
    if places.all {
        return Ok(true);
    }
    let streets: BTreeSet<AreaId> = crate::access::streets_under(conn, campaign.area_id, campaign.starts_on)?;
    Ok(!streets.is_disjoint(&places.streets))
}

/// A campaign that touches the caller's places.
///
/// # Errors
/// Missing, also when it lies elsewhere.
pub fn campaign_in(conn: &mut AnyConn, places: &Places, id: CampaignId) -> Outcome<CampaignNow> {
    let campaign = store::find(conn, id)?.ok_or_else(|| Fault::missing("检查行动"))?;
    if touches(conn, places, &campaign)? { Ok(campaign) } else { Err(Fault::missing("检查行动")) }
}

/// Whether a campaign has ended, wherever it lies; one that is not there has not.
///
/// # Errors
/// The database's.
pub fn is_closed(conn: &mut AnyConn, id: CampaignId) -> Outcome<bool> {
    Ok(store::find(conn, id)?.is_some_and(|campaign| campaign.state != "active"))
}

/// Whether a facility is to be inspected.
///
/// # Errors
/// The database's.
pub fn is_target(conn: &mut AnyConn, id: CampaignId, facility: FacilityId) -> Outcome<bool> {
    store::is_target(conn, id, facility)
}

/// Which facilities become targets.
#[derive(Debug, Clone)]
pub enum Targets {
    /// These.
    Facilities(Vec<FacilityId>),
    /// All active ones of these kinds under the campaign's area.
    Kinds(Vec<FacilityKind>),
}

/// Adds targets; those that are there already stay. Returns (added, total).
///
/// # Errors
/// Missing; `campaign_closed`; an unknown or foreign facility.
pub fn add_targets(
    tx: &mut Tx<'_>,
    places: &Places,
    id: CampaignId,
    targets: &Targets,
) -> Outcome<(i64, i64)> {
    let campaign = campaign_in(tx.conn(), places, id)?;
    if campaign.state != "active" {
        return Err(Fault::refused("campaign_closed", "检查行动已结束"));
    }
    let streets = crate::access::streets_under(tx.conn(), campaign.area_id, campaign.starts_on)?;
    let within: Places = Places {
        streets: streets.into_iter().filter(|s| places.holds(*s, None)).collect(),
        ..Places::default()
    };
    let wanted = match targets {
        Targets::Kinds(kinds) => store::active_of_kinds(tx.conn(), &within, kinds)?,
        Targets::Facilities(ids) => {
            let found = store::street_of(tx.conn(), &within, ids)?;
            let unknown = ids.iter().position(|id| !found.iter().any(|(f, _)| f == id));
            if let Some(place) = unknown {
                let pointer = format!("/facility_ids/{place}");
                return Err(Fault::invalid(pointer, "unknown_facility", "设施不存在或不在检查范围内"));
            }
            found
        }
    };
    let before = store::count_targets(tx.conn(), id)?;
    store::insert_targets(tx.conn(), id, &wanted)?;
    let total = store::count_targets(tx.conn(), id)?;
    tx.audit("campaign", id, json!({ "targets": total }));
    tx.changed("campaign", id.0, None, Change::Put)?;
    Ok((total - before, total))
}

/// Ends a campaign: what phones send for it from now on is late. Again is the same. Only whoever reaches all of it ends it.
///
/// # Errors
/// Missing.
pub fn close(tx: &mut Tx<'_>, places: &Places, id: CampaignId, note: Option<&str>) -> Outcome<CampaignView> {
    let campaign = campaign_in(tx.conn(), places, id)?;
    let streets = crate::access::streets_under(tx.conn(), campaign.area_id, campaign.starts_on)?;
    if !streets.iter().all(|s| places.holds(*s, None)) {
        return Err(Fault::missing("检查行动"));
    }
    if store::close(tx.conn(), id)? {
        tx.changed("campaign", id.0, None, Change::Put)?;
    }
    tx.audit("campaign", id, json!({ "state": "closed", "note": note }));
    campaign_in(tx.conn(), places, id)
}

/// An open campaign, for whoever asks what a clerk has in hand.
#[derive(Debug, Clone)]
pub struct InHand {
    /// The campaign.
    pub id: CampaignId,
    /// Its name.
    pub name: String,
    /// All its streets.
    pub streets: BTreeSet<AreaId>,
}

/// The open campaigns in a clerk's charge: who planned them, or took them over.
///
/// # Errors
/// The database's.
pub fn in_charge_of(conn: &mut AnyConn, clerk: UserId) -> Outcome<Vec<InHand>> {
    let open = store::in_charge_of(conn, clerk)?;
    let with_streets = open.into_iter().map(|c| {
        let streets = crate::access::streets_under(conn, c.area_id, c.starts_on)?;
        Ok(InHand { id: c.id, name: c.name, streets })
    });
    with_streets.collect()
}

/// Puts a campaign into another clerk's charge. Who planned it stays.
///
/// # Errors
/// The database's.
pub fn hand_over(tx: &mut Tx<'_>, id: CampaignId, to: UserId, reason: &str) -> Outcome<()> {
    store::set_clerk(tx.conn(), id, to)?;
    tx.audit("campaign", id, json!({ "clerk": to, "reason": reason }));
    tx.changed("campaign", id.0, None, Change::Put)
}

/// Targets by facility code, within the caller's places.
///
/// # Errors
/// Missing; a bad page.
pub fn targets(
    conn: &mut AnyConn,
    places: &Places,
    id: CampaignId,
    state: Option<TargetState>,
    ask: &PageAsk,
) -> Outcome<Page<TargetView>> {
    campaign_in(conn, places, id)?;
    let limit = ask.limit()?;
    let after: Option<String> = ask.after()?;
    let rows = store::targets(conn, places, id, state, after.as_deref(), limit + 1)?;
    Ok(page(rows, limit, |t: &TargetView| t.code.clone(), |t| t))
}

/// How far a campaign is, within the caller's places.
///
/// # Errors
/// Missing.
pub fn progress(conn: &mut AnyConn, places: &Places, id: CampaignId) -> Outcome<Progress> {
    campaign_in(conn, places, id)?;
    let by_street = store::progress(conn, places, id)?;
    let total = |f: fn(&StreetProgress) -> i64| by_street.iter().map(f).sum();
    Ok(Progress {
        planned: total(|s| s.planned),
        done: total(|s| s.done),
        incomplete: total(|s| s.incomplete),
        incomplete_inspections: store::incomplete(conn, places, id)?,
        by_street,
    })
}
