//! Letters, from the draft to the document.

use super::answer::{Found, Made, Tagged};
use super::caller::Allowed;
use super::content::{Asked, Content, File, content};
use super::extract::{ApiJson, ApiOptional, ApiPath, ApiQuery, IfMatch};
use super::problem::Answer;
use crate::access::permissions::{Action, Permission, Role, may};
use crate::access::scope::scope_of;
use crate::access::sessions;
use crate::clock::machine_now;
use crate::db::page::{Page, PageAsk};
use crate::fault::Fault;
use crate::ids::{CampaignId, LetterId};
use crate::letters::rules::LetterState;
use crate::letters::store::LetterFilter;
use crate::letters::{self, Forced, LetterView, Reader, Sender};
use chrono::NaiveDate;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

impl Tagged for LetterView {
    fn revision(&self) -> Option<i32> {
        Some(self.revision)
    }
}

/// Letters that belong together.
#[derive(Debug, Serialize, ToSchema)]
pub struct Letters {
    /// In the order of the request.
    pub letters: Vec<LetterView>,
}
impl Tagged for Letters {}

pub(super) fn sender<P: Permission>(caller: &Allowed<P>) -> Sender {
    Sender {
        authority: caller.app().config.authority.clone(),
        watermark: caller.app().config.watermark.clone(),
        fire_duty: caller.app().config.fire_duty,
    }
}

/// Streets are addressees: they see a letter once it is delivered. What somebody is in one street says nothing of
/// another.
pub(super) fn reader<P: Permission>(caller: &Allowed<P>) -> Reader {
    let (addressees, insiders): (Vec<_>, Vec<_>) =
        caller.holder().reaches.into_iter().partition(|reach| reach.role == Role::Street);
    let places = |of| scope_of(Action::ReadLetters, of).map(|scope| scope.places()).unwrap_or_default();
    Reader { inside: places(&insiders), addressed: places(&addressees) }
}

/// A batch of letters.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftLetters {
    /// The campaign.
    #[garde(skip)]
    campaign_id: CampaignId,
    /// Day by which the streets reply.
    #[garde(skip)]
    reply_due: NaiveDate,
}

pub async fn draft(
    caller: Allowed<may::DraftLetters>,
    ApiJson(body): ApiJson<DraftLetters>,
) -> Answer<Made<Letters>> {
    let (places, by) = (caller.scope.places(), caller.holder());
    let letters = caller
        .write(move |tx| {
            let ids = letters::draft_batch(tx, &by, body.campaign_id, body.reply_due)?;
            ids.into_iter().map(|id| letters::find(tx.conn(), &Reader::inside(&places), id)).collect()
        })
        .await?;
    Ok(Made::New(Letters { letters }))
}

/// Which letters.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LetterQuery {
    /// Only of this campaign.
    #[garde(skip)]
    campaign_id: Option<CampaignId>,
    /// Only in this state.
    #[garde(skip)]
    #[param(inline)]
    state: Option<LetterState>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list(
    caller: Allowed<may::ReadLetters>,
    ApiQuery(query): ApiQuery<LetterQuery>,
) -> Answer<Found<Page<LetterView>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let filter = LetterFilter { campaign: query.campaign_id, state: query.state };
    let reader = reader(&caller);
    Ok(Found(caller.read(move |conn| letters::list(conn, &reader, &filter, &ask)).await?))
}

pub async fn find(
    caller: Allowed<may::ReadLetters>,
    ApiPath(id): ApiPath<LetterId>,
) -> Answer<Found<LetterView>> {
    let reader = reader(&caller);
    Ok(Found(caller.read(move |conn| letters::find(conn, &reader, id)).await?))
}

/// What may be changed of a letter that is not under review.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateLetter {
    /// Day by which the street replies.
    #[garde(skip)]
    reply_due: NaiveDate,
    /// Why the letter must go out although that day has passed, or may have by its issue.
    #[garde(length(chars, min = 2, max = 2000))]
    late_reply_reason: Option<String>,
}

pub async fn update(
    caller: Allowed<may::DraftLetters>,
    ApiPath(id): ApiPath<LetterId>,
    IfMatch(revision): IfMatch,
    ApiJson(body): ApiJson<UpdateLetter>,
) -> Answer<Found<LetterView>> {
    let (places, by) = (caller.scope.places(), caller.holder());
    let view = caller
        .write(move |tx| {
            letters::reschedule(tx, &by, id, revision, (body.reply_due, body.late_reply_reason.as_deref()))?;
            letters::find(tx.conn(), &Reader::inside(&places), id)
        })
        .await?;
    Ok(Found(view))
}

/// How a letter is submitted; the body may be left out.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitLetter {
    /// Why it must go out although due dates in it are provisional.
    #[garde(length(chars, min = 2, max = 2000))]
    provisional_reason: Option<String>,
    /// Why it must go out although its reply date has passed, or may have by its issue.
    #[garde(length(chars, min = 2, max = 2000))]
    late_reply_reason: Option<String>,
    /// Why what looks like a known person's name in it is none.
    #[garde(length(chars, min = 2, max = 2000))]
    names_reason: Option<String>,
}

pub async fn submit(
    caller: Allowed<may::DraftLetters>,
    ApiPath(id): ApiPath<LetterId>,
    ApiOptional(body): ApiOptional<SubmitLetter>,
) -> Answer<Found<LetterView>> {
    let (places, by, sender) = (caller.scope.places(), caller.holder(), sender(&caller));
    let app = caller.app().clone();
    let SubmitLetter { provisional_reason, late_reply_reason, names_reason } = body;
    let forced =
        Forced { provisional: provisional_reason, late_reply: late_reply_reason, names: names_reason };
    let view = caller
        .write(move |tx| {
            letters::submit(tx, &by, &sender, &app.typesetter, id, &forced)?;
            letters::find(tx.conn(), &Reader::inside(&places), id)
        })
        .await?;
    Ok(Found(view))
}

/// Why a letter goes back.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnLetter {
    /// The reason, for its drafter.
    #[garde(length(chars, min = 2, max = 2000))]
    reason: String,
}

pub async fn return_letter(
    caller: Allowed<may::ReturnLetter>,
    ApiPath(id): ApiPath<LetterId>,
    ApiJson(body): ApiJson<ReturnLetter>,
) -> Answer<Found<LetterView>> {
    let (places, by) = (caller.scope.places(), caller.holder());
    let view = caller
        .write(move |tx| {
            letters::return_letter(tx, &by, id, &body.reason)?;
            letters::find(tx.conn(), &Reader::inside(&places), id)
        })
        .await?;
    Ok(Found(view))
}

pub async fn approve(
    caller: Allowed<may::ApproveLetters>,
    ApiPath(id): ApiPath<LetterId>,
) -> Answer<Found<LetterView>> {
    let (places, by) = (caller.scope.places(), caller.holder());
    let (sender, app) = (sender(&caller), caller.app().clone());
    let reach = places.clone();
    let trial = caller.read(move |conn| letters::trial(conn, &reach, id)).await?;
    if let Some(letter) = trial.clone() {
        // The gate: what cannot be rendered is not approved.
        let rendered = tokio::task::spawn_blocking(move || letters::render::pdf(&app, &letter)).await;
        rendered.map_err(Fault::internal)??;
    }
    let view = caller
        .write(move |tx| {
            letters::approve(tx, &by, &sender, id, trial.as_ref())?;
            letters::find(tx.conn(), &Reader::inside(&places), id)
        })
        .await?;
    Ok(Found(view))
}

/// Letters to be issued together, in the order of their numbers.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueLetters {
    /// The letters.
    #[garde(length(min = 1, max = 200))]
    letter_ids: Vec<LetterId>,
}

pub async fn issue(
    caller: Allowed<may::IssueLetters>,
    ApiJson(body): ApiJson<IssueLetters>,
) -> Answer<Found<Letters>> {
    let (places, by, sender) = (caller.scope.places(), caller.holder(), sender(&caller));
    let (session, app) = (caller.session, caller.app().clone());
    let letters = caller
        .write(move |tx| {
            sessions::refuse_unproven(tx.conn(), session, machine_now())?;
            letters::issue_batch(tx, &by, &sender, app.typesetter.made_with(), &body.letter_ids)?;
            body.letter_ids.iter().map(|id| letters::find(tx.conn(), &Reader::inside(&places), *id)).collect()
        })
        .await?;
    Ok(Found(Letters { letters }))
}

pub async fn document(
    caller: Allowed<may::ReadLetters>,
    ApiPath(id): ApiPath<LetterId>,
    asked: Asked,
) -> Answer<Content> {
    let (reader, app) = (reader(&caller), caller.app().clone());
    let row = caller.read(move |conn| letters::row(conn, &reader, id)).await?;
    let (sha256, name) = letters::document(&row)?;
    content(app, File { sha256, content_type: "application/pdf".into(), name }, asked).await
}
