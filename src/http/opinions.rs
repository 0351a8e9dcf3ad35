//! Supervisors' opinions, and the bureau's answers.

use super::answer::{Found, Made, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiQuery};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::clock::business_date;
use crate::db::page::{Page, PageAsk};
use crate::fault::Fault;
use crate::ids::{FindingId, LetterId, OpinionId};
use crate::opinions::{self, About, NewOpinion, OpinionFilter, OpinionView};
use chrono::NaiveDate;
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

impl Tagged for OpinionView {}

/// An opinion on a finding or a letter: one of the two.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteOpinion {
    /// The finding.
    #[garde(skip)]
    finding_id: Option<FindingId>,
    /// The letter.
    #[garde(skip)]
    letter_id: Option<LetterId>,
    /// What is said.
    #[garde(length(chars, min = 2, max = 5000))]
    said: String,
    /// The last day to answer.
    #[garde(skip)]
    answer_due: NaiveDate,
}

pub async fn write(
    caller: Allowed<may::WriteOpinion>,
    ApiJson(body): ApiJson<WriteOpinion>,
) -> Answer<Made<OpinionView>> {
    let about = match (body.finding_id, body.letter_id) {
        (Some(id), None) => About::Finding(id),
        (None, Some(id)) => About::Letter(id),
        _ => {
            return Err(Fault::invalid("/finding_id", "one_subject", "监督意见须针对一个问题或一份函").into());
        }
    };
    let new = NewOpinion { about, said: body.said, answer_due: body.answer_due };
    let (holder, now) = (caller.holder(), caller.now);
    let made = caller.write(move |tx| {
        let id = opinions::write(tx, &holder, &new)?;
        opinions::find(tx.conn(), &holder.scope.open, id, now)
    });
    Ok(Made::New(made.await?))
}

/// Which opinions.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct OpinionQuery {
    /// Only about this finding.
    #[garde(skip)]
    finding_id: Option<FindingId>,
    /// Only about this letter.
    #[garde(skip)]
    letter_id: Option<LetterId>,
    /// Only those without an answer.
    #[serde(default)]
    #[garde(skip)]
    unanswered: bool,
    /// Only those whose last day has passed without an answer.
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
    caller: Allowed<may::ReadOpinions>,
    ApiQuery(query): ApiQuery<OpinionQuery>,
) -> Answer<Found<Page<OpinionView>>> {
    let (places, now) = (caller.scope.open.clone(), caller.now);
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let filter = OpinionFilter {
        finding_id: query.finding_id,
        letter_id: query.letter_id,
        unanswered: query.unanswered,
        overdue_on: query.overdue.then(|| business_date(now)),
    };
    Ok(Found(caller.read(move |conn| opinions::list(conn, &places, &filter, &ask, now)).await?))
}

pub async fn find(
    caller: Allowed<may::ReadOpinions>,
    ApiPath(id): ApiPath<OpinionId>,
) -> Answer<Found<OpinionView>> {
    let (places, now) = (caller.scope.open.clone(), caller.now);
    Ok(Found(caller.read(move |conn| opinions::find(conn, &places, id, now)).await?))
}

/// The bureau's answer.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpinionAnswer {
    /// In words.
    #[garde(length(chars, min = 2, max = 5000))]
    answer: String,
}

pub async fn answer(
    caller: Allowed<may::AnswerOpinion>,
    ApiPath(id): ApiPath<OpinionId>,
    ApiJson(body): ApiJson<OpinionAnswer>,
) -> Answer<Found<OpinionView>> {
    let (holder, places, now) = (caller.holder(), caller.scope.open.clone(), caller.now);
    let answered = caller.write(move |tx| {
        opinions::answer(tx, &holder, id, &body.answer)?;
        opinions::find(tx.conn(), &places, id, now)
    });
    Ok(Found(answered.await?))
}
