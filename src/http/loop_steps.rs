//! The steps of a finding beside the straight way: what is asked for and decided, what stops the clock, what is passed on.
//! Each answers with the finding as it then stands.

use super::answer::Found;
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiPath2};
use super::findings::{Reason, Seen, step};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::findings::side::{
    self, Agency, Answerable, ContactMethod, Contacted, Decision, Extension, Ground, LongTermPlan, Pause,
    Referral, Stage, Termination,
};
use crate::findings::{self, FindingDetail};
use crate::ids::{FindingId, ReferralId, RequestId};
use crate::photos::Declared;
use chrono::NaiveDate;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

/// The due day that the clerk confirms or sets.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// The day: the suggested one, or another.
    #[garde(skip)]
    due_on: NaiveDate,
    /// Why another.
    #[garde(length(chars, min = 2, max = 2000))]
    reason: Option<String>,
}

pub async fn set_deadline(
    caller: Allowed<may::SetDeadline>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<Deadline>,
) -> Answer<Found<FindingDetail>> {
    step(caller, id, move |tx, by| findings::set_deadline(tx, by, id, body.due_on, body.reason.as_deref()))
        .await
}

/// A wish for more time.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtensionWish {
    /// The last day asked for.
    #[garde(skip)]
    until: NaiveDate,
    /// Why.
    #[garde(length(chars, min = 2, max = 2000))]
    reason: String,
}

pub async fn ask_extension(
    caller: Allowed<may::AskExtension>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<ExtensionWish>,
) -> Answer<Found<FindingDetail>> {
    let wish = Extension { until: body.until, reason: body.reason };
    step(caller, id, move |tx, by| side::ask_extension(tx, by, id, &wish).map(drop)).await
}

pub async fn dispute(
    caller: Allowed<may::DisputeFinding>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<Reason>,
) -> Answer<Found<FindingDetail>> {
    step(caller, id, move |tx, by| side::dispute(tx, by, id, &body.reason).map(drop)).await
}

/// A stage.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StageWish {
    /// What is to be reached.
    #[garde(length(chars, min = 2, max = 200))]
    title: String,
    /// By when.
    #[garde(skip)]
    due_on: NaiveDate,
}

/// A wish to follow a finding in stages.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LongTermWish {
    /// Why it takes long.
    #[garde(length(chars, min = 2, max = 2000))]
    reason: String,
    /// The stages, in order; at most 20.
    #[garde(length(max = 20), dive)]
    stages: Vec<StageWish>,
}

pub async fn ask_long_term(
    caller: Allowed<may::AskLongTerm>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<LongTermWish>,
) -> Answer<Found<FindingDetail>> {
    let stages = body.stages.into_iter().map(|s| Stage { title: s.title, due_on: s.due_on }).collect();
    let plan = LongTermPlan { reason: body.reason, stages };
    step(caller, id, move |tx, by| side::ask_long_term(tx, by, id, &plan).map(drop)).await
}

/// What was reached.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// In words.
    #[garde(length(chars, min = 2, max = 2000))]
    note: String,
}

pub async fn finish_stage(
    caller: Allowed<may::FinishStage>,
    ApiPath2(id, position): ApiPath2<FindingId, i32>,
    ApiJson(body): ApiJson<Note>,
) -> Answer<Found<FindingDetail>> {
    step(caller, id, move |tx, by| side::finish_stage(tx, by, id, position, &body.note)).await
}

/// A wish to end a finding because its place changed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TerminationWish {
    /// What changed.
    #[garde(skip)]
    ground: Ground,
    /// In words.
    #[garde(length(chars, min = 2, max = 2000))]
    reason: String,
    /// The street's certificate (purpose `document`) and photos of the check on site; to be uploaded after.
    #[garde(length(max = 20), dive)]
    files: Vec<Declared>,
}

pub async fn ask_termination(
    caller: Allowed<may::AskTermination>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<TerminationWish>,
) -> Answer<Found<FindingDetail>> {
    let wish = Termination { ground: body.ground, reason: body.reason, files: body.files };
    step(caller, id, move |tx, by| side::ask_termination(tx, by, id, &wish).map(drop)).await
}

crate::db::types::coded! {
    /// What was decided.
    pub enum Verdict {
        /// What was asked for is granted.
        Granted = "granted" "同意",
        /// It is not.
        Refused = "refused" "不同意",
    }
}

/// A decision.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionBody {
    /// What was decided.
    #[garde(skip)]
    result: Verdict,
    /// Why.
    #[garde(length(chars, min = 2, max = 2000))]
    note: String,
    /// Of an extension: another last day than was asked for.
    #[garde(skip)]
    until: Option<NaiveDate>,
}

pub async fn decide(
    caller: Allowed<may::DecideRequest>,
    ApiPath2(id, request): ApiPath2<FindingId, RequestId>,
    ApiJson(body): ApiJson<DecisionBody>,
) -> Answer<Found<FindingDetail>> {
    let granted = body.result == Verdict::Granted;
    let decision = Decision { granted, note: body.note, until: body.until };
    step(caller, id, move |tx, by| side::decide(tx, by, id, request, &decision)).await
}

/// A suspension.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseBody {
    /// Its last day, at most 60 days from today; the clock runs again by itself on the day after.
    #[garde(skip)]
    until: NaiveDate,
    /// Why, e.g. a typhoon.
    #[garde(length(chars, min = 2, max = 2000))]
    reason: String,
}

pub async fn suspend(
    caller: Allowed<may::SuspendFinding>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<PauseBody>,
) -> Answer<Found<FindingDetail>> {
    let pause = Pause { reason: body.reason, until: body.until };
    step(caller, id, move |tx, by| side::suspend(tx, by, id, &pause)).await
}

pub async fn resume(
    caller: Allowed<may::SuspendFinding>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<Reason>,
) -> Answer<Found<FindingDetail>> {
    step(caller, id, move |tx, by| side::resume(tx, by, id, &body.reason)).await
}

/// What is passed on.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferralBody {
    /// To which kind of authority.
    #[garde(skip)]
    agency: Agency,
    /// Its name.
    #[garde(length(chars, min = 2, max = 100))]
    addressee: String,
    /// There is danger at once.
    #[serde(default)]
    #[garde(skip)]
    imminent: bool,
    /// What the matter is.
    #[garde(length(chars, min = 2, max = 2000))]
    matter: String,
}

pub async fn refer(
    caller: Allowed<may::ReferFinding>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<ReferralBody>,
) -> Answer<Found<FindingDetail>> {
    let ReferralBody { agency, addressee, imminent, matter } = body;
    let new = Referral { agency, addressee, imminent, matter };
    step(caller, id, move |tx, by| side::refer(tx, by, id, &new).map(drop)).await
}

pub async fn receive_referral(
    caller: Allowed<may::AnswerReferral>,
    ApiPath2(id, referral): ApiPath2<FindingId, ReferralId>,
    ApiJson(body): ApiJson<Note>,
) -> Answer<Found<FindingDetail>> {
    step(caller, id, move |tx, by| side::receive_referral(tx, by, id, referral, &body.note)).await
}

pub async fn report_referral(
    caller: Allowed<may::AnswerReferral>,
    ApiPath2(id, referral): ApiPath2<FindingId, ReferralId>,
    ApiJson(body): ApiJson<Note>,
) -> Answer<Found<FindingDetail>> {
    step(caller, id, move |tx, by| side::report_referral(tx, by, id, referral, &body.note)).await
}

/// What the fire brigade saw.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BrigadeBody {
    /// How it ended.
    #[garde(skip)]
    result: Seen,
    /// What was seen.
    #[garde(length(chars, min = 2, max = 2000))]
    note: String,
}

pub async fn brigade_check(
    caller: Allowed<may::BrigadeCheck>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<BrigadeBody>,
) -> Answer<Found<FindingDetail>> {
    let passed = body.result == Seen::Pass;
    step(caller, id, move |tx, by| findings::brigade_check(tx, by, id, passed, &body.note)).await
}

/// Who answers for a finding.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerableBody {
    /// The unit.
    #[garde(length(chars, min = 2, max = 200))]
    unit: String,
    /// The post.
    #[garde(length(chars, min = 2, max = 50))]
    post: String,
    /// The person.
    #[garde(length(chars, min = 2, max = 50))]
    person: String,
    /// Why it changes.
    #[garde(length(chars, min = 2, max = 2000))]
    reason: String,
}

pub async fn assign(
    caller: Allowed<may::AssignFinding>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<AnswerableBody>,
) -> Answer<Found<FindingDetail>> {
    let AnswerableBody { unit, post, person, reason } = body;
    let to = Answerable { unit, post, person, reason };
    step(caller, id, move |tx, by| side::assign(tx, by, id, &to)).await
}

/// A call or a visit.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactBody {
    /// How.
    #[garde(skip)]
    method: ContactMethod,
    /// With whom.
    #[garde(length(chars, min = 1, max = 50))]
    person: String,
    /// What was said.
    #[garde(length(chars, min = 2, max = 2000))]
    note: String,
    /// On which day.
    #[garde(skip)]
    happened_on: NaiveDate,
}

pub async fn contact(
    caller: Allowed<may::LogContact>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<ContactBody>,
) -> Answer<Found<FindingDetail>> {
    let ContactBody { method, person, note, happened_on } = body;
    let said = Contacted { method, person, note, happened_on };
    step(caller, id, move |tx, by| side::contact(tx, by, id, &said).map(drop)).await
}
