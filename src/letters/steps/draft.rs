//! Drafting: one letter for every street, and what may be changed of a draft.

use super::super::gather;
use super::super::rules::{LetterState, Step};
use super::super::store::{self, LetterRow};
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
    let drafted = store::drafted(tx.conn(), campaign.id, round)?;
    streets.retain(|s| !drafted.contains(&s.street_id));
    if streets.is_empty() {
        return Err(Fault::refused("already_drafted", "本次检查行动的提醒函已起草"));
    }
    let (batch, drafter, at): (BatchId, _, _) = (tx.new_id(), tx.user()?, tx.ts());
    store::insert_batch(tx.conn(), batch, campaign.id, round, drafter, at)?;
    // Streets come by code; ids of one instant are unordered, so they are sorted to list the letters by street.
    let mut ids: Vec<LetterId> = streets.iter().map(|_| tx.new_id()).collect();
    ids.sort_unstable();
    for (id, street) in ids.iter().zip(streets) {
        delegations::act(tx, by, Step::Edit.action().roles(), Spot::street(street.street_id))?;
        let row = LetterRow {
            id: *id,
            batch_id: batch,
            campaign_id: campaign.id,
            street_id: street.street_id,
            kind: gather::KIND.into(),
            round,
            state: LetterState::Draft,
            reply_due,
            as_of: None,
            snapshot: None,
            facts_sha256: None,
            drafted_by: drafter,
            clerk_id: Some(drafter),
            submitted_by: None,
            submitted_for: None,
            submitted_at: None,
            approved_by: None,
            approved_for: None,
            approved_at: None,
            issued_by: None,
            issued_for: None,
            issued_at: None,
            series: None,
            year: None,
            seq: None,
            number: None,
            document_sha256: None,
            document_length: None,
            document_at: None,
            original_id: None,
            made_with: None,
            created_at: at,
            revision: 1,
        };
        store::insert(tx.conn(), &row)?;
        record(tx, &row, "draft", None)?;
    }
    Ok(ids)
}

fn check_reply_due(tx: &Tx<'_>, reply_due: NaiveDate) -> Outcome<()> {
    if reply_due > business_date(tx.now()) {
        return Ok(());
    }
    Err(Fault::invalid("/reply_due", "reply_due_in_past", "回复期限须晚于今天"))
}

/// Gives a letter that is not under review another reply date.
///
/// # Errors
/// Missing; a wrong revision; a refusal of the rules; a date in the past.
pub fn reschedule(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: LetterId,
    revision: i32,
    reply_due: NaiveDate,
) -> Outcome<()> {
    let Held { mut row, .. } = held(tx, by, id, Step::Edit)?;
    if row.revision != revision {
        return Err(Fault::Precondition { given: true });
    }
    check_reply_due(tx, reply_due)?;
    row.reply_due = reply_due;
    store::save(tx.conn(), &row)?;
    record(tx, &row, "reschedule", Some(&reply_due.to_string()))
}
