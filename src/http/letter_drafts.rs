//! Letters drafted one by one, what clerks change of drafts, and what an issuer looks at before signing.

use super::answer::{Found, Made, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiQuery, IfMatch};
use super::letters::{reader, sender};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::ids::{AreaId, CampaignId, LetterId};
use crate::letters::edits::Edits;
use crate::letters::kind::{CorrectedText, Terms};
use crate::letters::{self, Changed, Comparison, Edition, Figure, LetterView, Reader, Wanted};
use chrono::NaiveDate;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

impl Tagged for Comparison {}

/// A letter to be drafted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DraftLetter {
    /// 再次提醒函: what of a delivered reminder is still open.
    SecondReminder {
        /// The reminder.
        #[garde(skip)]
        original_id: LetterId,
        /// Day by which the street replies.
        #[garde(skip)]
        reply_due: NaiveDate,
    },
    /// To an operator or social organisation.
    OperatorReminder {
        /// What was found in this campaign.
        #[garde(skip)]
        campaign_id: CampaignId,
        /// In this street.
        #[garde(skip)]
        street_id: AreaId,
        /// The operator, by its name in the roster.
        #[garde(length(chars, min = 2, max = 100))]
        operator: String,
        /// Day by which it replies.
        #[garde(skip)]
        reply_due: NaiveDate,
    },
    /// 约谈通知: calls an operator in.
    TalkNotice {
        /// What was found in this campaign.
        #[garde(skip)]
        campaign_id: CampaignId,
        /// In this street.
        #[garde(skip)]
        street_id: AreaId,
        /// The operator, by its name in the roster.
        #[garde(length(chars, min = 2, max = 100))]
        operator: String,
        /// The day of the talk.
        #[garde(skip)]
        on: NaiveDate,
        /// The time of day, e.g. 15:30.
        #[garde(length(chars, min = 2, max = 30))]
        time: String,
        /// Where.
        #[garde(length(chars, min = 2, max = 100))]
        place: String,
        /// Who is called in, e.g. 主要负责人.
        #[garde(length(chars, min = 2, max = 100))]
        persons: String,
    },
    /// 更正函: what is wrong in a delivered letter.
    Correction {
        /// The letter.
        #[garde(skip)]
        original_id: LetterId,
        /// What it says, and how it is to read.
        #[garde(length(min = 1, max = 20), dive)]
        items: Vec<CorrectionItem>,
    },
    /// 撤回函: a delivered letter is taken back.
    Withdrawal {
        /// The letter.
        #[garde(skip)]
        original_id: LetterId,
        /// The reason, as it will be printed.
        #[garde(length(chars, min = 2, max = 500))]
        reason: String,
    },
    /// Instead of a void or withdrawn letter, of the same kind.
    Reissue {
        /// The letter.
        #[garde(skip)]
        original_id: LetterId,
        /// Day by which the addressee replies.
        #[garde(skip)]
        reply_due: NaiveDate,
    },
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

fn wanted(body: DraftLetter) -> Wanted {
    match body {
        DraftLetter::SecondReminder { original_id, reply_due } => {
            Wanted::Again { original: original_id, reply_due }
        }
        DraftLetter::Reissue { original_id, reply_due } => {
            Wanted::Instead { original: original_id, reply_due }
        }
        DraftLetter::OperatorReminder { campaign_id, street_id, operator, reply_due } => {
            Wanted::ToOperator { campaign: campaign_id, street: street_id, operator, reply_due, talk: None }
        }
        DraftLetter::TalkNotice { campaign_id, street_id, operator, on, time, place, persons } => {
            let talk = Some(Terms::Talk { on, time, place, persons });
            Wanted::ToOperator { campaign: campaign_id, street: street_id, operator, reply_due: on, talk }
        }
        DraftLetter::Correction { original_id, items } => {
            let corrected = |i: CorrectionItem| CorrectedText { said: i.said, correct: i.correct };
            let terms = Terms::Corrections { items: items.into_iter().map(corrected).collect() };
            Wanted::PutRight { original: original_id, terms }
        }
        DraftLetter::Withdrawal { original_id, reason } => {
            Wanted::PutRight { original: original_id, terms: Terms::Withdrawal { reason } }
        }
    }
}

pub async fn draft_one(
    caller: Allowed<may::DraftLetters>,
    ApiJson(body): ApiJson<DraftLetter>,
) -> Answer<Made<LetterView>> {
    let (places, by, wanted) = (caller.scope.places(), caller.holder(), wanted(body));
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
pub struct Figures {
    /// In the order of the annexes.
    figures: Vec<Figure>,
}
impl Tagged for Figures {}

pub async fn figures(
    caller: Allowed<may::ReadLetters>,
    ApiPath(id): ApiPath<LetterId>,
) -> Answer<Found<Figures>> {
    let (reader, sender, now) = (reader(&caller), sender(&caller), caller.now);
    let figures = caller
        .read(move |conn| {
            let row = letters::row(conn, &reader, id)?;
            Ok(letters::figures(&letters::preview(conn, &sender, &row, now)?))
        })
        .await?;
    Ok(Found(Figures { figures }))
}

pub async fn comparison(
    caller: Allowed<may::ReadDrafts>,
    ApiPath(id): ApiPath<LetterId>,
) -> Answer<Found<Comparison>> {
    let (reader, sender) = (Reader::inside(&caller.scope.places()), sender(&caller));
    let comparison = caller
        .read(move |conn| {
            let row = letters::row(conn, &reader, id)?;
            letters::compare(conn, &sender, &row)
        })
        .await?;
    Ok(Found(comparison))
}
