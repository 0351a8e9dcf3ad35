//! Letters drafted one by one, what clerks change of drafts, and what an issuer looks at before signing.

use super::answer::{Found, Made, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiQuery, IfMatch};
use super::letters::{reader, sender};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::db::types::coded;
use crate::fault::{Fault, FieldFault, Outcome};
use crate::ids::{AreaId, CampaignId, LetterId};
use crate::letters::edits::Edits;
use crate::letters::kind::{CorrectedText, Terms};
use crate::letters::{self, Changed, Edition, LetterComparison, LetterFigure, LetterView, Reader, Wanted};
use chrono::NaiveDate;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

impl Tagged for LetterComparison {}

coded! {
    /// What is to be drafted.
    pub enum DraftKind {
        /// What of a delivered reminder is still open: `original_id`, `reply_due`.
        SecondReminder = "second_reminder" "再次提醒函",
        /// To an operator or social organisation: `campaign_id`, `street_id`, `operator`, `reply_due`.
        OperatorReminder = "operator_reminder" "致运营机构提醒函",
        /// Calls an operator in: `campaign_id`, `street_id`, `operator`, `on`, `time`, `place`, `persons`.
        TalkNotice = "talk_notice" "约谈通知",
        /// What is wrong in a delivered letter: `original_id`, `items`.
        Correction = "correction" "更正函",
        /// A delivered letter is taken back: `original_id`, `reason`.
        Withdrawal = "withdrawal" "撤回函",
        /// Instead of a void or withdrawn letter, of the same kind: `original_id`, `reply_due`.
        Reissue = "reissue" "重新发文",
    }
}

/// A letter to be drafted: the fields that its kind names, and no other.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftLetter {
    /// Which.
    #[garde(skip)]
    #[schema(inline)]
    kind: DraftKind,
    /// The letter that it speaks of.
    #[garde(skip)]
    original_id: Option<LetterId>,
    /// What was found in this campaign.
    #[garde(skip)]
    campaign_id: Option<CampaignId>,
    /// In this street.
    #[garde(skip)]
    street_id: Option<AreaId>,
    /// The operator, by its name in the roster.
    #[garde(length(chars, min = 2, max = 100))]
    operator: Option<String>,
    /// Day by which the addressee replies.
    #[garde(skip)]
    reply_due: Option<NaiveDate>,
    /// The day of a talk.
    #[garde(skip)]
    on: Option<NaiveDate>,
    /// The time of day, e.g. 15:30.
    #[garde(length(chars, min = 2, max = 30))]
    time: Option<String>,
    /// Where.
    #[garde(length(chars, min = 2, max = 100))]
    place: Option<String>,
    /// Who is called in, e.g. 主要负责人.
    #[garde(length(chars, min = 2, max = 100))]
    persons: Option<String>,
    /// What a letter says, and how it is to read.
    #[garde(length(min = 1, max = 20), dive)]
    items: Option<Vec<CorrectionItem>>,
    /// Why a letter is taken back, as it will be printed.
    #[garde(length(chars, min = 2, max = 500))]
    reason: Option<String>,
}

/// A place in a letter that was wrong.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionItem {
    /// What the letter says.
    #[garde(length(chars, min = 1, max = 500))]
    said: String,
    /// How it is to read.
    #[garde(length(chars, min = 1, max = 500))]
    correct: String,
}

/// The fields of a body, each taken once: what is missing and what is left over is told together.
struct Fields {
    kind: DraftKind,
    faults: Vec<FieldFault>,
}

impl Fields {
    fn need<T>(&mut self, name: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            let detail = format!("{}须给出此项", self.kind.label());
            self.faults.push(FieldFault::new(format!("/{name}"), "missing_field", detail));
        }
        value
    }

    fn rest(&mut self, given: &[(&str, bool)]) {
        for (name, _) in given.iter().filter(|(_, given)| *given) {
            let detail = format!("{}没有此项", self.kind.label());
            self.faults.push(FieldFault::new(format!("/{name}"), "not_of_this_kind", detail));
        }
    }
}

fn wanted(mut body: DraftLetter) -> Outcome<Wanted> {
    let mut fields = Fields { kind: body.kind, faults: vec![] };
    let wanted = match body.kind {
        DraftKind::SecondReminder | DraftKind::Reissue => {
            let original = fields.need("original_id", body.original_id.take());
            let reply_due = fields.need("reply_due", body.reply_due.take());
            original.zip(reply_due).map(|(original, reply_due)| match body.kind {
                DraftKind::Reissue => Wanted::Instead { original, reply_due },
                _ => Wanted::Again { original, reply_due },
            })
        }
        DraftKind::OperatorReminder | DraftKind::TalkNotice => to_operator(&mut fields, &mut body),
        DraftKind::Correction => {
            let original = fields.need("original_id", body.original_id.take());
            let items = fields.need("items", body.items.take());
            let corrected = |i: CorrectionItem| CorrectedText { said: i.said, correct: i.correct };
            original.zip(items).map(|(original, items)| {
                let terms = Terms::Corrections { items: items.into_iter().map(corrected).collect() };
                Wanted::PutRight { original, terms }
            })
        }
        DraftKind::Withdrawal => {
            let original = fields.need("original_id", body.original_id.take());
            let reason = fields.need("reason", body.reason.take());
            let terms = reason.map(|reason| Terms::Withdrawal { reason });
            original.zip(terms).map(|(original, terms)| Wanted::PutRight { original, terms })
        }
    };
    fields.rest(&[
        ("original_id", body.original_id.is_some()),
        ("campaign_id", body.campaign_id.is_some()),
        ("street_id", body.street_id.is_some()),
        ("operator", body.operator.is_some()),
        ("reply_due", body.reply_due.is_some()),
        ("on", body.on.is_some()),
        ("time", body.time.is_some()),
        ("place", body.place.is_some()),
        ("persons", body.persons.is_some()),
        ("items", body.items.is_some()),
        ("reason", body.reason.is_some()),
    ]);
    match wanted {
        Some(wanted) if fields.faults.is_empty() => Ok(wanted),
        _ => Err(Fault::invalid_many(fields.faults)),
    }
}

fn to_operator(fields: &mut Fields, body: &mut DraftLetter) -> Option<Wanted> {
    let campaign = fields.need("campaign_id", body.campaign_id.take());
    let street = fields.need("street_id", body.street_id.take());
    let operator = fields.need("operator", body.operator.take());
    let (reply_due, talk) = if fields.kind == DraftKind::TalkNotice {
        let on = fields.need("on", body.on.take());
        let time = fields.need("time", body.time.take());
        let place = fields.need("place", body.place.take());
        let persons = fields.need("persons", body.persons.take());
        (on, Some(Terms::Talk { on: on?, time: time?, place: place?, persons: persons? }))
    } else {
        (fields.need("reply_due", body.reply_due.take()), None)
    };
    Some(Wanted::ToOperator {
        campaign: campaign?,
        street: street?,
        operator: operator?,
        reply_due: reply_due?,
        talk,
    })
}

pub async fn draft_one(
    caller: Allowed<may::DraftLetters>,
    ApiJson(body): ApiJson<DraftLetter>,
) -> Answer<Made<LetterView>> {
    let (places, by, wanted) = (caller.scope.places(), caller.holder(), wanted(body)?);
    let view = caller
        .write(move |tx| {
            let id = letters::draft_one(tx, &by, &wanted)?;
            letters::find(tx.conn(), &Reader::inside(&places), id)
        })
        .await?;
    Ok(Made::New(view))
}

/// What a clerk changes of a draft.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeLetter {
    /// All changes; what is not among them is as the ledger has it.
    #[garde(custom(in_bounds))]
    edits: Edits,
    /// Why, for the reviewer.
    #[garde(length(chars, min = 2, max = 500))]
    comment: Option<String>,
}

fn in_bounds(edits: &Edits, _: &()) -> garde::Result {
    let text = |t: &str, most: usize| (2..=most).contains(&t.chars().count());
    let fits = edits.blocks.iter().all(|b| text(&b.text, 1000))
        && edits.left_out.iter().all(|l| text(&l.reason, 500))
        && edits.blocks.len() <= letters::edits::MAX_BLOCKS
        && edits.order.len().max(edits.left_out.len()) <= letters::compose::MAX_LINES;
    if fits {
        Ok(())
    } else {
        Err(garde::Error::new("自拟段落 2 至 1000 字、至多 12 段；不列入的须写明 2 至 500 字理由"))
    }
}

pub async fn change(
    caller: Allowed<may::DraftLetters>,
    ApiPath(id): ApiPath<LetterId>,
    IfMatch(revision): IfMatch,
    ApiJson(body): ApiJson<ChangeLetter>,
) -> Answer<Found<LetterView>> {
    let (places, by, sender) = (caller.scope.places(), caller.holder(), sender(&caller));
    let app = caller.app().clone();
    let view = caller
        .write(move |tx| {
            letters::change(
                tx,
                &by,
                &sender,
                &app.typesetter,
                id,
                revision,
                (&body.edits, body.comment.as_deref()),
            )?;
            letters::find(tx.conn(), &Reader::inside(&places), id)
        })
        .await?;
    Ok(Found(view))
}

/// The versions of a draft.
#[derive(Debug, Serialize, ToSchema)]
pub struct Editions {
    /// The oldest first; version 0, the letter without changes, is not among them.
    editions: Vec<Edition>,
}
impl Tagged for Editions {}

pub async fn editions(
    caller: Allowed<may::ReadDrafts>,
    ApiPath(id): ApiPath<LetterId>,
) -> Answer<Found<Editions>> {
    let reader = Reader::inside(&caller.scope.places());
    let editions = caller
        .read(move |conn| {
            letters::row(conn, &reader, id)?;
            letters::editions(conn, id)
        })
        .await?;
    Ok(Found(Editions { editions }))
}

/// Which versions.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DiffQuery {
    /// The earlier; 0 is the letter without changes.
    #[garde(range(min = 0))]
    from: i32,
    /// The later.
    #[garde(range(min = 0))]
    to: i32,
}

/// How a letter differs.
#[derive(Debug, Serialize, ToSchema)]
pub struct TextDiff {
    /// All lines of both texts in order.
    lines: Vec<Changed>,
}
impl Tagged for TextDiff {}

pub async fn diff(
    caller: Allowed<may::ReadDrafts>,
    ApiPath(id): ApiPath<LetterId>,
    ApiQuery(query): ApiQuery<DiffQuery>,
) -> Answer<Found<TextDiff>> {
    let (reader, sender, now) = (Reader::inside(&caller.scope.places()), sender(&caller), caller.now);
    let lines = caller
        .read(move |conn| {
            let row = letters::row(conn, &reader, id)?;
            letters::text_diff(conn, &sender, &row, (query.from, query.to), now)
        })
        .await?;
    Ok(Found(TextDiff { lines }))
}

/// The figures of a letter.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterFigures {
    /// In the order of the annexes.
    figures: Vec<LetterFigure>,
}
impl Tagged for LetterFigures {}

pub async fn figures(
    caller: Allowed<may::ReadLetters>,
    ApiPath(id): ApiPath<LetterId>,
) -> Answer<Found<LetterFigures>> {
    let (reader, sender, now) = (reader(&caller), sender(&caller), caller.now);
    let figures = caller
        .read(move |conn| {
            let row = letters::row(conn, &reader, id)?;
            Ok(letters::figures(&letters::preview(conn, &sender, &row, now)?))
        })
        .await?;
    Ok(Found(LetterFigures { figures }))
}

pub async fn comparison(
    caller: Allowed<may::ReadDrafts>,
    ApiPath(id): ApiPath<LetterId>,
) -> Answer<Found<LetterComparison>> {
    let (reader, sender) = (Reader::inside(&caller.scope.places()), sender(&caller));
    let comparison = caller
        .read(move |conn| {
            let row = letters::row(conn, &reader, id)?;
            letters::compare(conn, &sender, &row)
        })
        .await?;
    Ok(Found(comparison))
}
