//! What comes after the issue of a letter: its number where the office gives it out, the seal, the delivery, the receipt, and
//! whether a file is ours; and a letter made void.

use super::answer::{Found, Tagged};
use super::caller::Allowed;
use super::content::{Asked, Content, File, content};
use super::extract::{ApiJson, ApiOptional, ApiPath, ApiQuery};
use super::letters::{Letters, reader};
use super::pdf::ApiPdf;
use super::problem::Answer;
use crate::access::permissions::may;
use crate::access::sessions;
use crate::clock::machine_now;
use crate::fault::Fault;
use crate::ids::LetterId;
use crate::letters::{self, CheckedCopy, Delivery, DeliveryChannel, LetterView, Reader, Receipt, Scan};
use chrono::NaiveDate;
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

impl Tagged for CheckedCopy {}

/// The number that the office registered.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnterNumber {
    /// As printed, e.g. 演示函〔2026〕1号.
    #[garde(length(chars, min = 1, max = 60))]
    number: String,
}

pub async fn number(
    caller: Allowed<may::DispatchLetters>,
    ApiPath(id): ApiPath<LetterId>,
    ApiJson(body): ApiJson<EnterNumber>,
) -> Answer<Found<LetterView>> {
    let (places, by) = (caller.scope.places(), caller.holder());
    let view = caller
        .write(move |tx| {
            letters::enter_number(tx, &by, id, &body.number)?;
            letters::find(tx.conn(), &Reader::inside(&places), id)
        })
        .await?;
    Ok(Found(view))
}

/// Why a letter is made void.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoidLetter {
    /// The reason; the number stays taken.
    #[garde(length(chars, min = 2, max = 2000))]
    reason: String,
}

pub async fn make_void(
    caller: Allowed<may::VoidLetter>,
    ApiPath(id): ApiPath<LetterId>,
    ApiJson(body): ApiJson<VoidLetter>,
) -> Answer<Found<LetterView>> {
    let (places, by, session) = (caller.scope.places(), caller.holder(), caller.session);
    let view = caller
        .write(move |tx| {
            sessions::refuse_unproven(tx.conn(), session, machine_now())?;
            letters::make_void(tx, &by, id, &body.reason)?;
            letters::find(tx.conn(), &Reader::inside(&places), id)
        })
        .await?;
    Ok(Found(view))
}

/// The seal.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct SealQuery {
    /// The day of the seal, between the issue and today.
    #[garde(skip)]
    sealed_on: NaiveDate,
    /// The registrar has compared number, addressee, date and pages with the sealed paper.
    #[garde(skip)]
    form_checked: bool,
    /// A remark.
    #[garde(length(chars, min = 1, max = 500))]
    note: Option<String>,
}

pub async fn seal(
    caller: Allowed<may::DispatchLetters>,
    ApiPath(id): ApiPath<LetterId>,
    ApiQuery(query): ApiQuery<SealQuery>,
    ApiPdf(bytes): ApiPdf,
) -> Answer<Found<LetterView>> {
    if !query.form_checked {
        return Err(Fault::invalid("/form_checked", "required", "请先核对文号、主送机关、日期和页数").into());
    }
    let (places, by, app) = (caller.scope.places(), caller.holder(), caller.app().clone());
    let length = i64::try_from(bytes.len()).map_err(Fault::internal)?;
    let (store, again) = (app.clone(), bytes.clone());
    let stored = tokio::task::spawn_blocking(move || letters::store_scan(&store, &bytes)).await;
    let sha256 = stored.map_err(Fault::internal)??;
    let scan = Scan { sha256, length, sealed_on: query.sealed_on, note: query.note };
    let view = caller
        .write(move |tx| {
            letters::seal(tx, &by, id, &scan)?;
            letters::find(tx.conn(), &Reader::inside(&places), id)
        })
        .await?;
    // A sweeper may have come between the first time and the row; from now on none will (`uploads::sweep`).
    let kept = tokio::task::spawn_blocking(move || letters::store_scan(&app, &again)).await;
    kept.map_err(Fault::internal)??;
    Ok(Found(view))
}

pub async fn sealed_scan(
    caller: Allowed<may::ReadLetters>,
    ApiPath(id): ApiPath<LetterId>,
    asked: Asked,
) -> Answer<Content> {
    let (reader, app) = (reader(&caller), caller.app().clone());
    let (sha256, name) = caller
        .read(move |conn| {
            let row = letters::row(conn, &reader, id)?;
            letters::sealed_scan(conn, &row)
        })
        .await?;
    content(app, File { sha256, content_type: "application/pdf".into(), name }, asked).await
}

/// Letters to be delivered together.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliverLetters {
    /// The letters.
    #[garde(length(min = 1, max = 200))]
    letter_ids: Vec<LetterId>,
    /// How, beside the addressee's inbox here.
    #[garde(skip)]
    channel: DeliveryChannel,
    /// A remark, e.g. a courier's number.
    #[garde(length(chars, min = 1, max = 500))]
    note: Option<String>,
    /// Why they must be delivered although their reply date has passed.
    #[garde(length(chars, min = 2, max = 2000))]
    late_reply_reason: Option<String>,
}

pub async fn deliver(
    caller: Allowed<may::DispatchLetters>,
    ApiJson(body): ApiJson<DeliverLetters>,
) -> Answer<Found<Letters>> {
    let (places, by) = (caller.scope.places(), caller.holder());
    let DeliverLetters { letter_ids, channel, note, late_reply_reason: late_reply } = body;
    let export = caller.app().config.letter_export_dir.is_some();
    let delivery = Delivery { channel, note, late_reply, export };
    let letters = caller
        .write(move |tx| {
            letters::deliver(tx, &by, &letter_ids, &delivery)?;
            let inside = Reader::inside(&places);
            letter_ids.iter().map(|id| letters::find(tx.conn(), &inside, *id)).collect()
        })
        .await?;
    Ok(Found(Letters { letters }))
}

/// Who received a letter; the body may be left out.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledge {
    /// Who signed; needed of a registrar who writes down a receipt on paper.
    #[garde(length(chars, min = 1, max = 50))]
    received_by: Option<String>,
    /// The day; today unless given.
    #[garde(skip)]
    received_on: Option<NaiveDate>,
}

pub async fn acknowledge(
    caller: Allowed<may::AcknowledgeLetter>,
    ApiPath(id): ApiPath<LetterId>,
    ApiOptional(body): ApiOptional<Acknowledge>,
) -> Answer<Found<LetterView>> {
    let (places, by) = (caller.scope.places(), caller.holder());
    let receipt = Receipt { received_by: body.received_by, received_on: body.received_on };
    let view = caller
        .write(move |tx| {
            letters::acknowledge(tx, &by, id, &receipt)?;
            letters::find(tx.conn(), &Reader::inside(&places), id)
        })
        .await?;
    Ok(Found(view))
}

/// A file, by its hash.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckCopy {
    /// SHA-256 of its bytes, hex.
    #[garde(length(min = 64, max = 64))]
    sha256: String,
}

pub async fn check(
    caller: Allowed<may::CheckLetter>,
    ApiJson(body): ApiJson<CheckCopy>,
) -> Answer<Found<CheckedCopy>> {
    let sha256 = body.sha256.to_ascii_lowercase();
    if !sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Fault::invalid("/sha256", "bad_hash", "应为 64 位十六进制的 SHA-256").into());
    }
    Ok(Found(caller.read(move |conn| letters::check(conn, &sha256)).await?))
}
