//! What the clock has marked and drafted.

use super::answer::{Found, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiQuery, IfMatch};
use super::findings::Reason;
use super::problem::Answer;
use crate::access::permissions::may;
use crate::db::page::{Page, PageAsk};
use crate::escalation::{self, MarkView, StepDetail, StepFilter, StepState, StepView, Taken};
use crate::ids::{AreaId, FindingId, LetterId, MeetingId, StepId};
use crate::settings::StepKind;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

impl Tagged for StepDetail {
    fn revision(&self) -> Option<i32> {
        Some(self.step.revision)
    }
}

/// The marks of a finding.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingMarks {
    /// In the order in which they came due.
    items: Vec<MarkView>,
}

impl Tagged for FindingMarks {}

pub async fn marks(
    caller: Allowed<may::ReadSteps>,
    ApiPath(id): ApiPath<FindingId>,
) -> Answer<Found<FindingMarks>> {
    let scope = caller.scope.clone();
    let items = caller.read(move |conn| escalation::marks(conn, &scope, id)).await?;
    Ok(Found(FindingMarks { items }))
}

/// Which steps.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct StepQuery {
    /// Only in this state.
    #[garde(skip)]
    #[param(inline)]
    state: Option<StepState>,
    /// Only of this kind.
    #[garde(skip)]
    #[param(inline)]
    kind: Option<StepKind>,
    /// Only those about a finding in this street.
    #[garde(skip)]
    street_id: Option<AreaId>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list(
    caller: Allowed<may::ReadSteps>,
    ApiQuery(query): ApiQuery<StepQuery>,
) -> Answer<Found<Page<StepView>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let filter = StepFilter { state: query.state, kind: query.kind, street_id: query.street_id };
    let scope = caller.scope.clone();
    Ok(Found(caller.read(move |conn| escalation::list(conn, &scope, &filter, &ask)).await?))
}

pub async fn find(
    caller: Allowed<may::ReadSteps>,
    ApiPath(id): ApiPath<StepId>,
) -> Answer<Found<StepDetail>> {
    let scope = caller.scope.clone();
    Ok(Found(caller.read(move |conn| escalation::find(conn, &scope, id)).await?))
}

/// What was done.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakenBody {
    /// In words.
    #[garde(length(chars, min = 2, max = 2000))]
    note: String,
    /// The number of a letter that was sent and is not known here; not beside `letter_id`.
    #[garde(length(chars, min = 2, max = 60))]
    letter_number: Option<String>,
    /// The delivered letter by which the step was taken: of a 再次提醒 to a street a 再次提醒函, to an operator a
    /// 致运营机构提醒函. Only what it prints counts as urged.
    #[garde(skip)]
    letter_id: Option<LetterId>,
    /// The record of the meeting that was held.
    #[garde(skip)]
    meeting_id: Option<MeetingId>,
}

pub async fn take(
    caller: Allowed<may::DecideSteps>,
    ApiPath(id): ApiPath<StepId>,
    IfMatch(revision): IfMatch,
    ApiJson(body): ApiJson<TakenBody>,
) -> Answer<Found<StepDetail>> {
    let TakenBody { note, letter_number, letter_id, meeting_id } = body;
    let (taken, holder) = (Taken { note, letter_number, letter_id, meeting_id }, caller.holder());
    let decided = caller.write(move |tx| {
        escalation::take(tx, &holder, id, revision, &taken)?;
        escalation::find(tx.conn(), &holder.scope, id)
    });
    Ok(Found(decided.await?))
}

pub async fn dismiss(
    caller: Allowed<may::DecideSteps>,
    ApiPath(id): ApiPath<StepId>,
    IfMatch(revision): IfMatch,
    ApiJson(body): ApiJson<Reason>,
) -> Answer<Found<StepDetail>> {
    let holder = caller.holder();
    let decided = caller.write(move |tx| {
        escalation::dismiss(tx, &holder, id, revision, &body.reason)?;
        escalation::find(tx.conn(), &holder.scope, id)
    });
    Ok(Found(decided.await?))
}
