//! Drafting: one letter for every street, and what may be changed of a draft.

use super::super::kind::LetterKind;
use super::super::rules::Step;
use super::super::store::{self, LetterRow, New};
use super::{Held, held, record};
use crate::access::{Holder, Spot, delegations};
use crate::campaigns;
use crate::clock::business_date;
use crate::db::Tx;
use crate::fault::{Fault, Outcome};
use crate::ids::{BatchId, CampaignId, LetterId};
use chrono::NaiveDate;

/// Drafts one letter for every street with targets that has none yet.
///
/// # Errors
/// Missing; `already_drafted`; `nothing_to_draft`; a reply date in the past.
pub fn draft_batch(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: CampaignId,
    reply_due: NaiveDate,
) -> Outcome<Vec<LetterId>> {
    let places = &by.scope.places();
    let campaign = campaigns::campaign_in(tx.conn(), places, id)?;
    check_reply_due(tx, reply_due)?;
    let round = 1;
    let mut streets = campaigns::store::progress(tx.conn(), places, campaign.id)?;
    if streets.is_empty() {
        return Err(Fault::refused("nothing_to_draft", "该检查行动还没有检查对象"));
    }
    let drafted = store::drafted(tx.conn(), campaign.id)?;
    streets.retain(|s| !drafted.contains(&s.street_id));
    if streets.is_empty() {
        return Err(Fault::refused("already_drafted", "本次检查行动的提醒函已起草"));
    }
    let (batch, drafter, at): (BatchId, _, _) = (tx.new_id(), tx.user()?, tx.ts());
    store::insert_batch(tx.conn(), batch, campaign.id, LetterKind::CampaignReminder, round, drafter, at)?;
    // Streets come by code; ids of one instant are unordered, so they are sorted to list the letters by street.
    let mut ids: Vec<LetterId> = streets.iter().map(|_| tx.new_id()).collect();
    ids.sort_unstable();
    for (id, street) in ids.iter().zip(streets) {
        delegations::act(tx, by, Step::Edit.action().roles(), Spot::street(street.street_id))?;
        let row = LetterRow::drafted(
            *id,
            &New {
                batch,
                campaign: campaign.id,
                street: street.street_id,
                kind: LetterKind::CampaignReminder,
                round,
                reply_due,
                drafter,
                at,
            },
        );
        store::insert(tx.conn(), &row)?;
        record(tx, &row, "draft", None)?;
    }
    Ok(ids)
}

pub(super) fn check_reply_due(tx: &Tx<'_>, reply_due: NaiveDate) -> Outcome<()> {
    if reply_due > business_date(tx.now()) {
        return Ok(());
    }
    Err(Fault::invalid("/reply_due", "reply_due_in_past", "回复期限须晚于今天"))
}

/// Gives a letter that is not under review another reply date; with a reason also one that has passed.
///
/// # Errors
/// Missing; a wrong revision; a refusal of the rules; a date in the past without a reason.
pub fn reschedule(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: LetterId,
    revision: i32,
    (reply_due, late): (NaiveDate, Option<&str>),
) -> Outcome<()> {
    let Held { mut row, .. } = held(tx, by, id, Step::Edit)?;
    if row.revision != revision {
        return Err(Fault::Precondition { given: true });
    }
    if late.is_none() {
        check_reply_due(tx, reply_due)?;
    }
    row.reply_due = reply_due;
    row.late_reply_reason = late.map(str::to_string);
    store::save(tx.conn(), &row)?;
    let said = late.map_or_else(|| reply_due.to_string(), |why| format!("{reply_due}：{why}"));
    record(tx, &row, "reschedule", Some(&said))
}
