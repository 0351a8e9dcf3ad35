//! Findings and their steps. Every step answers with the finding as it then stands.

use super::answer::{Found, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiQuery};
use super::problem::Answer;
use crate::access::Holder;
use crate::access::permissions::{Permission, may};
use crate::clock::business_date;
use crate::db::Tx;
use crate::db::page::{Page, PageAsk};
use crate::fault::Outcome;
use crate::findings::rules::{CheckResult, State};
use crate::findings::{
    self, Claim, FindingDetail, FindingFilter, FindingView, Recheck, Service, ServiceMethod,
};
use crate::ids::{AreaId, CampaignId, FacilityId, FindingId};
use crate::photos::Declared;
use chrono::NaiveDate;
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

impl Tagged for FindingDetail {
    fn revision(&self) -> Option<i32> {
        Some(self.finding.revision)
    }
}

/// Which findings.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct FindingQuery {
    /// Only of this facility.
    #[garde(skip)]
    facility_id: Option<FacilityId>,
    /// Only in this street.
    #[garde(skip)]
    street_id: Option<AreaId>,
    /// Only of this campaign.
    #[garde(skip)]
    campaign_id: Option<CampaignId>,
    /// Only in this state.
    #[garde(skip)]
    #[param(inline)]
    state: Option<State>,
    /// Only overdue ones.
    #[serde(default)]
    #[garde(skip)]
    overdue: bool,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list(
    caller: Allowed<may::ReadFindings>,
    ApiQuery(query): ApiQuery<FindingQuery>,
) -> Answer<Found<Page<FindingView>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let (scope, now) = (caller.scope.clone(), caller.now);
    let filter = FindingFilter {
        facility_id: query.facility_id,
        street_id: query.street_id,
        campaign_id: query.campaign_id,
        state: query.state,
        overdue_on: query.overdue.then(|| business_date(now)),
        ..FindingFilter::default()
    };
    Ok(Found(caller.read(move |conn| findings::list(conn, &scope, &filter, &ask, now)).await?))
}

pub async fn find(
    caller: Allowed<may::ReadFindings>,
    ApiPath(id): ApiPath<FindingId>,
) -> Answer<Found<FindingDetail>> {
    let (scope, now) = (caller.scope.clone(), caller.now);
    Ok(Found(caller.read(move |conn| findings::find(conn, &scope, id, now)).await?))
}

/// Does a step and answers with the finding.
pub(super) async fn step<P: Permission>(
    caller: Allowed<P>,
    id: FindingId,
    step: impl Fn(&mut Tx<'_>, &Holder) -> Outcome<()> + Send + 'static,
) -> Answer<Found<FindingDetail>> {
    let (holder, now) = (caller.holder(), caller.now);
    let detail = caller.write(move |tx| {
        step(tx, &holder)?;
        findings::find(tx.conn(), &holder.scope, id, now)
    });
    Ok(Found(detail.await?))
}

/// A confirmation.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// Clause of 《养老机构重大事故隐患判定标准》, needed for a 重大 finding.
    #[garde(length(chars, min = 2, max = 200))]
    clause: Option<String>,
}

pub async fn confirm(
    caller: Allowed<may::ConfirmFinding>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<Confirmation>,
) -> Answer<Found<FindingDetail>> {
    step(caller, id, move |tx, by| findings::confirm(tx, by, id, body.clause.as_deref())).await
}

/// A service.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Served {
    /// How it was served.
    #[garde(skip)]
    method: ServiceMethod,
    /// A due date of the clerk's own; the suggested one unless given.
    #[garde(skip)]
    due_on: Option<NaiveDate>,
    /// A remark.
    #[garde(length(chars, min = 1, max = 500))]
    note: Option<String>,
}

pub async fn serve(
    caller: Allowed<may::ServeFinding>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<Served>,
) -> Answer<Found<FindingDetail>> {
    let service = Service { method: body.method, due_on: body.due_on, note: body.note };
    step(caller, id, move |tx, by| findings::serve(tx, by, id, &service)).await
}

/// A claim of rectification.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Claimed {
    /// The day on which it was rectified.
    #[garde(skip)]
    claimed_on: NaiveDate,
    /// What was done.
    #[garde(length(chars, min = 2, max = 2000))]
    measures: String,
    /// Whether the like was looked for elsewhere.
    #[garde(length(chars, min = 1, max = 2000))]
    similar_check: Option<String>,
    /// What keeps it from coming back.
    #[garde(length(chars, min = 1, max = 2000))]
    system_measures: Option<String>,
    /// Who watches over it.
    #[garde(length(chars, min = 1, max = 50))]
    supervisor: Option<String>,
    /// Proofs, at most 20; to be uploaded after.
    #[garde(length(max = 20), dive)]
    photos: Vec<Declared>,
}

pub async fn claim(
    caller: Allowed<may::ClaimRectification>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<Claimed>,
) -> Answer<Found<FindingDetail>> {
    let claim = Claim {
        claimed_on: body.claimed_on,
        measures: body.measures,
        similar_check: body.similar_check,
        system_measures: body.system_measures,
        supervisor: body.supervisor,
        photos: body.photos,
    };
    step(caller, id, move |tx, by| findings::claim(tx, by, id, &claim).map(drop)).await
}

/// The street's check.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    /// How it ended.
    #[garde(skip)]
    result: CheckResult,
    /// What was seen, or why nobody checked.
    #[garde(length(chars, min = 2, max = 2000))]
    note: String,
}

pub async fn check(
    caller: Allowed<may::CheckClaim>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<Checked>,
) -> Answer<Found<FindingDetail>> {
    step(caller, id, move |tx, by| findings::check(tx, by, id, body.result, &body.note)).await
}

crate::db::types::coded! {
    /// How a re-inspection ended; it cannot be skipped.
    pub enum Seen {
        /// Rectified.
        Pass = "pass" "通过",
        /// Not rectified.
        Fail = "fail" "不通过",
    }
}

/// A re-inspection on site.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reinspected {
    /// How it ended.
    #[garde(skip)]
    result: Seen,
    /// What was seen.
    #[garde(length(chars, min = 2, max = 2000))]
    note: String,
    /// Photos, at most 20; to be uploaded after.
    #[serde(default)]
    #[garde(length(max = 20), dive)]
    photos: Vec<Declared>,
}

pub async fn reinspect(
    caller: Allowed<may::Reinspect>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<Reinspected>,
) -> Answer<Found<FindingDetail>> {
    let seen = Recheck { passed: body.result == Seen::Pass, note: body.note, photos: body.photos };
    step(caller, id, move |tx, by| findings::reinspect(tx, by, id, &seen)).await
}

/// Why.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The reason.
    #[garde(length(chars, min = 2, max = 2000))]
    pub(super) reason: String,
}

pub async fn return_claim(
    caller: Allowed<may::ReturnFinding>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<Reason>,
) -> Answer<Found<FindingDetail>> {
    step(caller, id, move |tx, by| findings::return_claim(tx, by, id, &body.reason)).await
}

/// A closing.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// What it rests on.
    #[garde(length(chars, min = 2, max = 2000))]
    note: String,
}

pub async fn close(
    caller: Allowed<may::CloseFinding>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<Closing>,
) -> Answer<Found<FindingDetail>> {
    step(caller, id, move |tx, by| findings::close(tx, by, id, &body.note)).await
}

pub async fn withdraw(
    caller: Allowed<may::WithdrawFinding>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<Reason>,
) -> Answer<Found<FindingDetail>> {
    step(caller, id, move |tx, by| findings::withdraw(tx, by, id, &body.reason)).await
}
