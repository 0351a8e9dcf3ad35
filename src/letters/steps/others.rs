//! Letters drafted one by one: again, to an operator, an operator called in, corrections, withdrawals, and one issued instead
//! of a void or withdrawn one. Each says which letter it speaks of.

use super::super::kind::{LetterKind, Terms};
use super::super::rules::{LetterState, Step};
use super::super::store::{self, LetterRow, New};
use super::draft::check_reply_due;
use super::record;
use crate::access::{Holder, Spot, delegations};
use crate::campaigns;
use crate::clock::business_date;
use crate::db::Tx;
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, BatchId, CampaignId, LetterId};
use chrono::NaiveDate;

/// A letter to be drafted.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// What of a delivered reminder is still open.
    Again {
        /// The reminder.
        original: LetterId,
        /// Day by which the street replies.
        reply_due: NaiveDate,
    },
    /// To an operator or social organisation.
    ToOperator {
        /// What was found in this campaign.
        campaign: CampaignId,
        /// In this street.
        street: AreaId,
        /// At the facilities of this operator.
        operator: String,
        /// Day by which it replies; of a talk the day of it.
        reply_due: NaiveDate,
        /// When and where it is called in; a reminder where nothing is said.
        talk: Option<Terms>,
    },
    /// A correction or a withdrawal of a delivered letter.
    PutRight {
        /// The letter.
        original: LetterId,
        /// What is wrong, or why it is taken back.
        terms: Terms,
    },
    /// Instead of a void or withdrawn letter.
    Instead {
        /// The letter.
        original: LetterId,
        /// Day by which the addressee replies.
        reply_due: NaiveDate,
    },
}

/// Drafts a letter.
///
/// # Errors
/// Missing; a reply date in the past; `wrong_original` for a letter of which this cannot be said; `drafted_already`.
pub fn draft_one(tx: &mut Tx<'_>, by: &Holder, wanted: &Wanted) -> Outcome<LetterId> {
    match wanted {
        Wanted::Again { original, reply_due } => {
            let first = original_of(tx, by, *original)?;
            let told = matches!(first.kind, LetterKind::CampaignReminder | LetterKind::SecondReminder);
            if !told || first.state != LetterState::Delivered {
                return Err(wrong_original("只能就已送达街道的提醒函再次提醒"));
            }
            check_reply_due(tx, *reply_due)?;
            follow(tx, by, &first, LetterKind::SecondReminder, *reply_due, None)
        }
        Wanted::PutRight { original, terms } => {
            let first = original_of(tx, by, *original)?;
            if first.state != LetterState::Delivered || !first.kind.lists_findings() {
                return Err(wrong_original("只能更正或撤回已送达的函；送达前请作废重发"));
            }
            let today = business_date(tx.now());
            let kind = match terms {
                Terms::Withdrawal { .. } => LetterKind::Withdrawal,
                _ => LetterKind::Correction,
            };
            follow(tx, by, &first, kind, today, Some(terms))
        }
        Wanted::Instead { original, reply_due } => {
            let first = original_of(tx, by, *original)?;
            let gone = first.state == LetterState::Void || store::is_withdrawn(tx.conn(), first.id)?;
            if !gone || !first.kind.lists_findings() {
                return Err(wrong_original("只能就已作废或已撤回的函重新发文"));
            }
            check_reply_due(tx, *reply_due)?;
            let id = follow(tx, by, &first, first.kind, *reply_due, None)?;
            if let Some(edits) = store::edits(tx.conn(), first.id)? {
                store::insert_edits(tx, id, &edits, None)?;
            }
            Ok(id)
        }
        Wanted::ToOperator { campaign, street, operator, reply_due, talk } => {
            check_reply_due(tx, *reply_due)?;
            let places = by.scope.places();
            let campaign = campaigns::campaign_in(tx.conn(), &places, *campaign)?.id;
            if !places.holds(*street, None) {
                return Err(Fault::missing("街道"));
            }
            let kind = if talk.is_some() { LetterKind::TalkNotice } else { LetterKind::OperatorReminder };
            insert(tx, by, (campaign, *street), kind, *reply_due, |row| {
                row.operator = Some(operator.clone());
                row.terms = talk.as_ref().map(written).transpose()?;
                Ok(())
            })
        }
    }
}

fn wrong_original(detail: &'static str) -> Fault {
    Fault::refused("wrong_original", detail)
}

fn written(terms: &Terms) -> Outcome<String> {
    serde_json::to_string(terms).map_err(Fault::internal)
}

/// The letter that another will speak of, locked, so that two do not say the same of it at once.
fn original_of(tx: &mut Tx<'_>, by: &Holder, id: LetterId) -> Outcome<LetterRow> {
    let places = by.scope.places();
    let found = store::find_locked(tx.conn(), id)?.filter(|l| places.holds(l.street_id, None));
    found.ok_or_else(|| Fault::missing("提醒函"))
}

/// Drafts a letter that speaks of `first`; one of a kind is enough while it is not delivered, and one withdrawal for ever.
fn follow(
    tx: &mut Tx<'_>,
    by: &Holder,
    first: &LetterRow,
    kind: LetterKind,
    reply_due: NaiveDate,
    terms: Option<&Terms>,
) -> Outcome<LetterId> {
    let ended = |l: &LetterRow| match l.state {
        LetterState::Void => true,
        LetterState::Delivered => matches!(kind, LetterKind::Correction | LetterKind::SecondReminder),
        _ => false,
    };
    let others = store::followers(tx.conn(), &[first.id])?;
    if others.iter().any(|l| l.kind == kind && !ended(l)) {
        return Err(Fault::refused("drafted_already", "已有同类函件正在办理或已经发出"));
    }
    insert(tx, by, (first.campaign_id, first.street_id), kind, reply_due, |row| {
        row.original_id = Some(first.id);
        row.operator.clone_from(&first.operator);
        row.terms = match terms {
            Some(terms) => Some(written(terms)?),
            None => first.terms.clone().filter(|_| kind == first.kind),
        };
        Ok(())
    })
}

fn insert(
    tx: &mut Tx<'_>,
    by: &Holder,
    (campaign, street): (CampaignId, AreaId),
    kind: LetterKind,
    reply_due: NaiveDate,
    fill: impl FnOnce(&mut LetterRow) -> Outcome<()>,
) -> Outcome<LetterId> {
    delegations::act(tx, by, Step::Edit.action().roles(), Spot::street(street))?;
    let round = store::next_round(tx.conn(), campaign, street, kind)?;
    let (batch, id, drafter, at): (BatchId, LetterId, _, _) = (tx.new_id(), tx.new_id(), tx.user()?, tx.ts());
    store::insert_batch(tx.conn(), batch, campaign, kind, round, drafter, at)?;
    let new = New { batch, campaign, street, kind, round, reply_due, drafter, at };
    let mut row = LetterRow::drafted(id, &new);
    fill(&mut row)?;
    store::insert(tx.conn(), &row)?;
    record(tx, &row, "draft", None)?;
    Ok(id)
}
