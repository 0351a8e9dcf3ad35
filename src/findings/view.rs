//! Findings as clients see them.

use super::attribution::Party;
use super::origin::{self, OriginView};
use super::rules::{CheckResult, State};
use super::side::{self, ContactView, ReferralView, RequestView};
use super::store::{self, CheckRow, EventRow, FindingFilter, FindingRow, IntervalRow, RectificationRow};
use super::{ServiceMethod, Source};
use crate::access::Scope;
use crate::checklists::{Proof, Severity};
use crate::clock::business_date;
use crate::db::page::{Page, PageAsk, page};
use crate::db::{AnyConn, Ts};
use crate::directory::Route;
use crate::fault::{Fault, Outcome};
use crate::ids::{
    AreaId, CampaignId, FacilityId, FindingId, InspectionId, ItemId, RectificationId, TypedId as _, UserId,
};
use crate::photos::{self, EvidenceView, PhotoLine, SubjectKind};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;

/// A finding 问题.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct FindingView {
    /// Its id.
    pub id: FindingId,
    /// Its number, e.g. 440105007-2026-0012.
    pub number: String,
    /// Where.
    pub facility_id: FacilityId,
    /// The facility's name of that day.
    pub facility_name: String,
    /// The street of that day.
    pub street_id: AreaId,
    /// The campaign.
    pub campaign_id: Option<CampaignId>,
    /// The inspection that found it.
    pub inspection_id: Option<InspectionId>,
    /// The item.
    pub item_id: ItemId,
    /// Its code.
    pub item_code: String,
    /// Its category.
    pub category: String,
    /// How grave it is (`serious` 较大 is internal and no legal grade).
    pub severity: Severity,
    /// What shows rectification.
    pub proof: Proof,
    /// What was seen.
    pub description: String,
    /// Where it comes from.
    pub source: Source,
    /// Whom it goes through.
    pub route: Route,
    /// Where it stands.
    pub state: State,
    /// Its due day has passed and it is not closed.
    pub overdue: bool,
    /// When it was found.
    pub found_at: DateTime<Utc>,
    /// Who found it.
    pub found_by: UserId,
    /// When it was confirmed.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Clause of the 判定标准, for a 重大 one.
    pub clause: Option<String>,
    /// How it was served.
    pub service_method: Option<ServiceMethod>,
    /// When it was served; the deadline runs from here.
    pub served_at: Option<DateTime<Utc>>,
    /// Last day to rectify.
    pub due_on: Option<NaiveDate>,
    /// How that day was reckoned.
    pub due_rule: Option<String>,
    /// The day rests on a year whose holidays are not published.
    pub due_provisional: bool,
    /// The day of rectification, as claimed.
    pub claimed_on: Option<NaiveDate>,
    /// The street's check.
    pub check_outcome: Option<CheckResult>,
    /// Whether the last re-inspection passed.
    pub reinspected_ok: Option<bool>,
    /// Who closed it.
    pub closed_by: Option<UserId>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// The closed finding that this one repeats 重复出现.
    pub repeat_of: Option<FindingId>,
    /// How often it was seen again while unsettled.
    pub observations: i32,
    /// The unit that answers for it.
    pub responsible_unit: String,
    /// The post.
    pub responsible_post: String,
    /// The person.
    pub responsible_person: String,
    /// Raised at every step.
    pub revision: i32,
    /// The fire brigade's own finding, mirrored here: only its re-check closes it.
    pub joint: bool,
    /// It was put on account 挂账: the issuer closes it.
    pub long_term: bool,
    /// A claim of it was drawn for a look on site.
    pub drawn: bool,
    /// The due day as first set; what stands may be later by an extension or a pause.
    pub due_original: Option<NaiveDate>,
    /// The clerk has confirmed the due day.
    pub due_confirmed: bool,
    /// Of a suspended one: the last day of the suspension.
    pub paused_until: Option<NaiveDate>,
}

/// A step in the history of a finding.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct FindingEvent {
    /// Order.
    pub seq: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: String,
    /// Who.
    pub actor: String,
    /// The state before.
    pub from: Option<State>,
    /// The state after.
    pub to: State,
    /// Why.
    pub reason: Option<String>,
    /// More of it, e.g. `finder_closed` of a closing by whoever found it.
    pub detail: serde_json::Value,
}

/// From when to when it was in a state.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct StateInterval {
    /// The state.
    pub state: State,
    /// Since.
    pub from: DateTime<Utc>,
    /// Until; empty while it lasts.
    pub to: Option<DateTime<Utc>>,
}

/// A claim with its proofs.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct RectificationView {
    /// Its id.
    pub id: RectificationId,
    /// Who claimed.
    pub claimed_by: UserId,
    /// Put right on the spot 当场整改: claimed by the inspection itself.
    pub on_site: bool,
    /// The day, as claimed.
    pub claimed_on: NaiveDate,
    /// When the claim came in.
    pub created_at: DateTime<Utc>,
    /// What was done.
    pub measures: String,
    /// Whether the like was looked for elsewhere.
    pub similar_check: Option<String>,
    /// What keeps it from coming back.
    pub system_measures: Option<String>,
    /// Who watches over it.
    pub supervisor: Option<String>,
    /// What was declared and what has arrived.
    pub evidence: EvidenceView,
    /// The proofs.
    pub photos: Vec<PhotoLine>,
}

/// A check of a claim.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct CheckView {
    /// `street` 初核, `reinspection` 复查, or `brigade`, the fire brigade's of a joint finding.
    pub kind: String,
    /// How it ended.
    pub result: CheckResult,
    /// What was seen.
    pub note: String,
    /// Who.
    pub checked_by: UserId,
    /// When.
    pub checked_at: DateTime<Utc>,
    /// Photos of a re-inspection.
    pub photos: Vec<PhotoLine>,
}

/// A finding with its history.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct FindingDetail {
    /// The finding.
    #[serde(flatten)]
    pub finding: FindingView,
    /// Its history.
    pub events: Vec<FindingEvent>,
    /// Its states over time.
    pub intervals: Vec<StateInterval>,
    /// The claims, oldest first.
    pub rectifications: Vec<RectificationView>,
    /// The checks, oldest first.
    pub checks: Vec<CheckView>,
    /// What was asked for and decided, oldest first.
    pub requests: Vec<RequestView>,
    /// Where it was passed on to, oldest first.
    pub referrals: Vec<ReferralView>,
    /// Calls and visits about it, oldest first.
    pub contacts: Vec<ContactView>,
    /// Where it comes from, if it was entered by hand, oldest first.
    pub origins: Vec<OriginView>,
    /// Of one that goes through the street: its own day for the first check 初核, two working days before the due day.
    pub check_due_on: Option<NaiveDate>,
    /// Whose days they were up to now, by party.
    pub days: BTreeMap<Party, i64>,
}

fn view(r: FindingRow, now: DateTime<Utc>) -> FindingView {
    FindingView {
        overdue: r.state.is_late(r.due_on, business_date(now)),
        id: r.id,
        number: r.number,
        facility_id: r.facility_id,
        facility_name: r.facility_name,
        street_id: r.street_id,
        campaign_id: r.campaign_id,
        inspection_id: r.inspection_id,
        item_id: r.item_id,
        item_code: r.item_code,
        category: r.category,
        severity: r.severity,
        proof: r.proof,
        description: r.description,
        source: r.source,
        route: r.route,
        state: r.state,
        found_at: r.found_at.0,
        found_by: r.found_by,
        confirmed_at: r.confirmed_at.map(|t| t.0),
        clause: r.clause,
        service_method: r.service_method,
        served_at: r.served_at.map(|t| t.0),
        due_on: r.due_on,
        due_rule: r.due_rule,
        due_provisional: r.due_provisional,
        claimed_on: r.claimed_on,
        check_outcome: r.check_outcome,
        reinspected_ok: r.reinspected_ok,
        closed_by: r.closed_by,
        closed_at: r.closed_at.map(|t| t.0),
        repeat_of: r.repeat_of,
        observations: r.observations,
        responsible_unit: r.responsible_unit,
        responsible_post: r.responsible_post,
        responsible_person: r.responsible_person,
        revision: r.revision,
        joint: r.joint,
        long_term: r.long_term,
        drawn: r.drawn,
        due_original: r.due_original,
        due_confirmed: r.due_confirmed_by.is_some(),
        paused_until: r.paused_until,
    }
}

fn event(e: EventRow) -> FindingEvent {
    let EventRow { seq, at, kind, actor_name: actor, from_state: from, to_state: to, reason, detail, .. } = e;
    let detail = serde_json::from_str(&detail).unwrap_or_default();
    FindingEvent { seq, at: at.0, kind, actor, from, to, reason, detail }
}

fn interval(i: IntervalRow) -> StateInterval {
    StateInterval { state: i.state, from: i.from_at.0, to: i.to_at.map(|t| t.0) }
}

fn check(conn: &mut AnyConn, c: CheckRow) -> Outcome<CheckView> {
    let photos = photos::photos_of(conn, SubjectKind::Reinspection, c.id.uuid())?;
    let CheckRow { kind, result, note, checked_by, checked_at, .. } = c;
    Ok(CheckView { kind, result, note, checked_by, checked_at: checked_at.0, photos })
}

fn rectification(conn: &mut AnyConn, r: RectificationRow) -> Outcome<RectificationView> {
    Ok(RectificationView {
        evidence: photos::evidence_of(conn, SubjectKind::Rectification, r.id.uuid())?,
        photos: photos::photos_of(conn, SubjectKind::Rectification, r.id.uuid())?,
        id: r.id,
        claimed_by: r.claimed_by,
        on_site: r.inspection_id.is_some(),
        claimed_on: r.claimed_on,
        created_at: r.created_at.0,
        measures: r.measures,
        similar_check: r.similar_check,
        system_measures: r.system_measures,
        supervisor: r.supervisor,
    })
}

/// Findings within a scope, newest first.
///
/// # Errors
/// A bad page.
pub fn list(
    conn: &mut AnyConn,
    scope: &Scope,
    filter: &FindingFilter,
    ask: &PageAsk,
    now: DateTime<Utc>,
) -> Outcome<Page<FindingView>> {
    let limit = ask.limit()?;
    let after: Option<FindingId> = ask.after()?;
    let rows = store::list(conn, scope, filter, after, limit + 1)?;
    Ok(page(rows, limit, |f: &FindingRow| f.id, |f| view(f, now)))
}

/// Working days that a street's first check comes before the due day.
const CHECK_BEFORE: u16 = 2;

fn check_due_on(conn: &mut AnyConn, row: &FindingRow) -> Outcome<Option<NaiveDate>> {
    let Some(due_on) = row.due_on.filter(|_| row.route == Route::Street) else { return Ok(None) };
    let calendar = crate::calendar::load(conn)?;
    Ok(Some(calendar.working_days_before(due_on, CHECK_BEFORE).value))
}

/// One finding within a scope, with its history.
///
/// # Errors
/// Missing.
pub fn find(conn: &mut AnyConn, scope: &Scope, id: FindingId, now: DateTime<Utc>) -> Outcome<FindingDetail> {
    let row = store::find(conn, id)?.filter(|f| f.is_within(scope)).ok_or_else(|| Fault::missing("问题"))?;
    let claims = store::rectifications(conn, id)?;
    let checks = store::checks(conn, id)?;
    let intervals = store::intervals(conn, id)?;
    let referrals = side::referrals(conn, id)?;
    let away: Vec<_> = referrals.iter().map(|r| (r.sent_at.into(), r.result_at.map(Ts::from))).collect();
    Ok(FindingDetail {
        check_due_on: check_due_on(conn, &row)?,
        days: side::days(&row, &intervals, &away, now),
        finding: view(row, now),
        events: store::events(conn, id)?.into_iter().map(event).collect(),
        intervals: intervals.into_iter().map(interval).collect(),
        rectifications: claims.into_iter().map(|r| rectification(conn, r)).collect::<Outcome<_>>()?,
        checks: checks.into_iter().map(|c| check(conn, c)).collect::<Outcome<_>>()?,
        requests: side::requests(conn, id)?,
        referrals,
        contacts: side::contacts(conn, id)?,
        origins: origin::of_finding(conn, id)?,
    })
}
