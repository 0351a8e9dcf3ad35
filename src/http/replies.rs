//! The street's answer to a letter, and the letter board.

use super::answer::{Document, Done, Found, Made, Tagged};
use super::caller::Allowed;
use super::content::{Asked, Content, File, content};
use super::extract::{ApiJson, ApiPath, ApiPath2, ApiQuery, IfMatch};
use super::letters::reader;
use super::pdf::ApiPdf;
use super::problem::Answer;
use crate::access::permissions::may;
use crate::db::AnyConn;
use crate::fault::{Fault, Outcome};
use crate::files::sha256_of;
use crate::ids::{CampaignId, FindingId, LetterId, ReplyFileId, ReplyId};
use crate::photos::Declared;
use crate::replies::board::{self, LetterBoard};
use crate::replies::rules::{self, Line, ReplyFileKind};
use crate::replies::{self, Changes, LetterReplies, NewFile, ReplyView, Sending};
use crate::{findings, letters};
use bytes::Bytes;
use chrono::NaiveDate;
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

impl Tagged for ReplyView {
    fn revision(&self) -> Option<i32> {
        Some(self.revision)
    }
}
impl Tagged for LetterReplies {}
impl Tagged for LetterBoard {}

/// What the street says of a line of the annex.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyLine {
    /// The finding, by its number or id.
    #[garde(length(chars, min = 1, max = 60))]
    finding: String,
    /// The answer.
    #[garde(skip)]
    answer: rules::ReplyAnswer,
    /// What was or is being done; of `rectified` and `in_progress` always.
    #[garde(length(chars, min = 2, max = 2000))]
    measures: Option<String>,
    /// Why it cannot be done in time; of `cannot_in_time` always.
    #[garde(length(chars, min = 2, max = 2000))]
    reason: Option<String>,
    /// The day on which it was put right; of `rectified` always.
    #[garde(skip)]
    claimed_on: Option<NaiveDate>,
    /// The day by which it will be; of `cannot_in_time` the day that is asked for as an extension.
    #[garde(skip)]
    proposed_due: Option<NaiveDate>,
    /// Whether the like was looked for elsewhere.
    #[garde(length(chars, min = 1, max = 2000))]
    similar_check: Option<String>,
    /// What keeps it from coming back.
    #[garde(length(chars, min = 1, max = 2000))]
    system_measures: Option<String>,
    /// Who watches over it.
    #[garde(length(chars, min = 1, max = 50))]
    supervisor: Option<String>,
    /// Proofs of a claim, at most 20; to be uploaded before or after the reply is sent.
    #[garde(length(max = 20), dive)]
    #[serde(default)]
    photos: Vec<Declared>,
}

impl ReplyLine {
    fn resolved(self, conn: &mut AnyConn) -> Outcome<Line> {
        let finding = match self.finding.parse::<FindingId>() {
            Ok(id) => Some(id),
            Err(_) => findings::numbered(conn, &self.finding)?,
        };
        Ok(Line {
            finding,
            answer: self.answer,
            measures: self.measures,
            reason: self.reason,
            claimed_on: self.claimed_on,
            proposed_due: self.proposed_due,
            similar_check: self.similar_check,
            system_measures: self.system_measures,
            supervisor: self.supervisor,
            photos: self.photos,
        })
    }
}

/// A draft of a reply; in an edit what is left out stays.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteReply {
    /// What is said of the lines of the annex; in an edit all of them.
    #[garde(length(max = 200), dive)]
    lines: Option<Vec<ReplyLine>>,
    /// What else the street has to say.
    #[garde(length(chars, min = 1, max = 4000))]
    remarks: Option<String>,
    /// The street's own number, where it is known already, e.g. 赤岗街函〔2026〕5号.
    #[garde(length(chars, min = 1, max = 60))]
    document_number: Option<String>,
    /// The day on the document, where it is known already.
    #[garde(skip)]
    replied_on: Option<NaiveDate>,
}

impl WriteReply {
    fn changes(self, conn: &mut AnyConn) -> Outcome<Changes> {
        let Self { lines, remarks, document_number, replied_on } = self;
        let lines = match lines {
            None => None,
            Some(lines) => {
                Some(lines.into_iter().map(|line| line.resolved(conn)).collect::<Outcome<Vec<Line>>>()?)
            }
        };
        Ok(Changes { lines, remarks, document_number, replied_on })
    }
}

pub async fn open(
    caller: Allowed<may::ReplyToLetter>,
    ApiPath(letter): ApiPath<LetterId>,
    ApiJson(body): ApiJson<WriteReply>,
) -> Answer<Made<ReplyView>> {
    let (by, reader, now) = (caller.holder(), reader(&caller), caller.now);
    let view = caller
        .write(move |tx| {
            let said = body.clone().changes(tx.conn())?;
            let id = replies::open(tx, &by, letter, &said)?;
            replies::find(tx.conn(), &reader, letter, id, now)
        })
        .await?;
    Ok(Made::New(view))
}

pub async fn edit(
    caller: Allowed<may::ReplyToLetter>,
    ApiPath2(letter, id): ApiPath2<LetterId, ReplyId>,
    IfMatch(revision): IfMatch,
    ApiJson(body): ApiJson<WriteReply>,
) -> Answer<Found<ReplyView>> {
    let (by, reader, now) = (caller.holder(), reader(&caller), caller.now);
    let view = caller
        .write(move |tx| {
            let said = body.clone().changes(tx.conn())?;
            replies::edit(tx, &by, letter, id, revision, &said)?;
            replies::find(tx.conn(), &reader, letter, id, now)
        })
        .await?;
    Ok(Found(view))
}

/// The street's own registration of its reply.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendReply {
    /// Its number, e.g. 赤岗街函〔2026〕5号.
    #[garde(length(chars, min = 1, max = 60))]
    document_number: String,
    /// The day on it, between the delivery of the letter and today.
    #[garde(skip)]
    replied_on: NaiveDate,
}

pub async fn send(
    caller: Allowed<may::ReplyToLetter>,
    ApiPath2(letter, id): ApiPath2<LetterId, ReplyId>,
    ApiJson(body): ApiJson<SendReply>,
) -> Answer<Found<ReplyView>> {
    let (by, reader, now) = (caller.holder(), reader(&caller), caller.now);
    let sending = Sending { document_number: body.document_number, replied_on: body.replied_on };
    let view = caller
        .write(move |tx| {
            replies::send(tx, &by, letter, id, &sending)?;
            replies::find(tx.conn(), &reader, letter, id, now)
        })
        .await?;
    Ok(Found(view))
}

pub async fn list(
    caller: Allowed<may::ReadLetters>,
    ApiPath(letter): ApiPath<LetterId>,
) -> Answer<Found<LetterReplies>> {
    let (reader, now) = (reader(&caller), caller.now);
    Ok(Found(caller.read(move |conn| replies::list(conn, &reader, letter, now)).await?))
}

pub async fn find(
    caller: Allowed<may::ReadLetters>,
    ApiPath2(letter, id): ApiPath2<LetterId, ReplyId>,
) -> Answer<Found<ReplyView>> {
    let (reader, now) = (reader(&caller), caller.now);
    Ok(Found(caller.read(move |conn| replies::find(conn, &reader, letter, id, now)).await?))
}

pub async fn document(
    caller: Allowed<may::ReadLetters>,
    ApiPath2(letter, id): ApiPath2<LetterId, ReplyId>,
) -> Answer<Document> {
    let (reader, now, app) = (reader(&caller), caller.now, caller.app().clone());
    let reply = caller.read(move |conn| replies::drawn_up(conn, &reader, letter, id, now)).await?;
    let made = tokio::task::spawn_blocking(move || replies::pdf(&app, &reply)).await;
    let bytes = made.map_err(Fault::internal)??;
    let (sha256, name) = (sha256_of(&bytes), format!("reply-{id}.pdf"));
    Ok(Document { bytes, content_type: "application/pdf".into(), name, sha256 })
}

/// Stores the bytes of a PDF, attaches it to a draft and stores them again: a sweeper may have come between the first time
/// and the row; from the row on none will (`uploads::sweep`).
async fn attached(
    caller: Allowed<may::ReplyToLetter>,
    (letter, id): (LetterId, ReplyId),
    (kind, name): (ReplyFileKind, String),
    bytes: Bytes,
) -> Answer<Found<ReplyView>> {
    let (by, reader, now, app) = (caller.holder(), reader(&caller), caller.now, caller.app().clone());
    let length = i64::try_from(bytes.len()).map_err(Fault::internal)?;
    let (store, again) = (app.clone(), bytes.clone());
    let stored = tokio::task::spawn_blocking(move || letters::store_scan(&store, &bytes)).await;
    let sha256 = stored.map_err(Fault::internal)??;
    let file = NewFile { kind, name, sha256, length };
    let view = caller
        .write(move |tx| {
            replies::attach(tx, &by, letter, id, &file)?;
            replies::find(tx.conn(), &reader, letter, id, now)
        })
        .await?;
    let kept = tokio::task::spawn_blocking(move || letters::store_scan(&app, &again)).await;
    kept.map_err(Fault::internal)??;
    Ok(Found(view))
}

pub async fn put_scan(
    caller: Allowed<may::ReplyToLetter>,
    ApiPath2(letter, id): ApiPath2<LetterId, ReplyId>,
    ApiPdf(bytes): ApiPdf,
) -> Answer<Found<ReplyView>> {
    attached(caller, (letter, id), (ReplyFileKind::Sealed, "盖章复函扫描件.pdf".into()), bytes).await
}

/// The name of an attachment.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AttachmentQuery {
    /// For people, e.g. 整改前后对比.pdf.
    #[garde(length(chars, min = 1, max = 100))]
    name: String,
}

pub async fn attach(
    caller: Allowed<may::ReplyToLetter>,
    ApiPath2(letter, id): ApiPath2<LetterId, ReplyId>,
    ApiQuery(query): ApiQuery<AttachmentQuery>,
    ApiPdf(bytes): ApiPdf,
) -> Answer<Found<ReplyView>> {
    attached(caller, (letter, id), (ReplyFileKind::Attachment, query.name), bytes).await
}

pub async fn detach(
    caller: Allowed<may::ReplyToLetter>,
    ApiPath2(letter, file): ApiPath2<LetterId, ReplyFileId>,
) -> Answer<Done> {
    let by = caller.holder();
    caller.write(move |tx| replies::detach(tx, &by, letter, file)).await?;
    Ok(Done)
}

pub async fn scan(
    caller: Allowed<may::ReadLetters>,
    ApiPath2(letter, id): ApiPath2<LetterId, ReplyId>,
    asked: Asked,
) -> Answer<Content> {
    let (reader, app) = (reader(&caller), caller.app().clone());
    let (sha256, name) = caller.read(move |conn| replies::scan(conn, &reader, letter, id)).await?;
    content(app, File { sha256, content_type: "application/pdf".into(), name }, asked).await
}

pub async fn file(
    caller: Allowed<may::ReadLetters>,
    ApiPath2(letter, id): ApiPath2<LetterId, ReplyFileId>,
    asked: Asked,
) -> Answer<Content> {
    let (reader, app) = (reader(&caller), caller.app().clone());
    let (sha256, name) = caller.read(move |conn| replies::file(conn, &reader, letter, id)).await?;
    content(app, File { sha256, content_type: "application/pdf".into(), name }, asked).await
}

/// Of which campaign.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct BoardQuery {
    /// The campaign.
    #[garde(skip)]
    campaign_id: CampaignId,
}

pub async fn board(
    caller: Allowed<may::ReadLetters>,
    ApiQuery(query): ApiQuery<BoardQuery>,
) -> Answer<Found<LetterBoard>> {
    let (places, reader, now) = (caller.scope.places(), reader(&caller), caller.now);
    let board = caller.read(move |conn| board::board(conn, &places, &reader, query.campaign_id, now));
    Ok(Found(board.await?))
}
