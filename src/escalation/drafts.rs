//! Drafted steps: one for an addressee, a campaign and a step. While it is a draft, findings come in as they fall due and
//! drop out when they are settled or get another due day; with none left it lapses.

use super::store::{self, MemberRow, StepRow};
use super::{Dropped, StepState, telling};
use crate::db::{Change, Tx};
use crate::directory::{self, store::newest_parent};
use crate::fault::Outcome;
use crate::findings::store::FindingRow;
use crate::ids::{AreaId, StepId, TypedId as _};
use crate::settings::{Addressee, Step};
use chrono::NaiveDate;
use serde_json::json;

/// Whom a step about a finding goes to.
struct Recipient {
    name: String,
    /// What tells it from others.
    key: String,
    street_id: Option<AreaId>,
}

fn recipient(tx: &mut Tx<'_>, row: &FindingRow, to: Addressee) -> Outcome<Recipient> {
    match to {
        Addressee::Street => {
            let street = directory::street(tx.conn(), row.street_id)?;
            let name = if street.office_name.is_empty() { street.name } else { street.office_name };
            Ok(Recipient { name, key: row.street_id.to_string(), street_id: Some(row.street_id) })
        }
        Addressee::Operator => {
            let name = directory::facility_by_id(tx.conn(), row.facility_id)?.operator_name;
            Ok(Recipient { key: name.clone(), name, street_id: None })
        }
        Addressee::District => {
            let above = match newest_parent(tx.conn(), row.street_id)? {
                Some(id) => directory::street(tx.conn(), id)?.name,
                None => String::new(),
            };
            let key = format!("{above}/{}", row.street_id);
            Ok(Recipient { name: format!("{above}人民政府"), key, street_id: Some(row.street_id) })
        }
    }
}

/// Puts a finding into the draft of its group; tells which, and whether that was not there before.
pub fn put(tx: &mut Tx<'_>, row: &FindingRow, due_on: NaiveDate, step: &Step) -> Outcome<(StepId, bool)> {
    let to = recipient(tx, row, step.to)?;
    let campaign = row.campaign_id.map_or_else(|| "-".to_string(), |id| id.to_string());
    let fresh = StepRow {
        id: tx.new_id(),
        kind: step.kind,
        addressee: step.to,
        addressee_name: to.name,
        street_id: to.street_id,
        campaign_id: row.campaign_id,
        group_key: json!([step.kind, step.to, to.key, campaign]).to_string(),
        state: StepState::Drafted,
        text: None,
        drafted_at: tx.ts(),
        decided_by: None,
        decided_at: None,
        note: None,
        letter_number: None,
        letter_id: None,
        meeting_id: None,
        revision: 1,
    };
    put_into(tx, row, due_on, fresh)
}

/// Puts a finding into the open draft of a group, or into this fresh one where there is none.
fn put_into(tx: &mut Tx<'_>, row: &FindingRow, due_on: NaiveDate, fresh: StepRow) -> Outcome<(StepId, bool)> {
    let (draft, new) = match store::open_step(tx.conn(), &fresh.group_key)? {
        Some(mut open) => {
            open.revision += 1;
            store::save_step(tx.conn(), &open)?;
            (open, false)
        }
        None => {
            store::insert_step(tx.conn(), &fresh)?;
            (fresh, true)
        }
    };
    let member = MemberRow {
        draft_id: draft.id,
        finding_id: row.id,
        street_id: row.street_id,
        facility_id: row.facility_id,
        due_on,
        added_at: tx.ts(),
        dropped_at: None,
        dropped_why: None,
    };
    store::put_member(tx.conn(), &member)?;
    leave(tx, &draft, json!({ "kind": draft.kind, "added": row.number }))?;
    Ok((draft.id, new))
}

/// The trail and the feed of a drafted step.
pub fn leave(tx: &mut Tx<'_>, draft: &StepRow, said: serde_json::Value) -> Outcome<()> {
    tx.audit("step", draft.id, said);
    tx.changed("step", draft.id.uuid(), draft.street_id.map(AreaId::uuid), Change::Put)
}

/// Why a finding belongs in a draft no more.
fn fallen(member: &MemberRow, row: &FindingRow) -> Option<Dropped> {
    if !row.state.is_unsettled() {
        return Some(Dropped::Settled);
    }
    (row.due_on != Some(member.due_on)).then_some(Dropped::Moved)
}

fn drop_out(tx: &mut Tx<'_>, member: &MemberRow, why: Dropped) -> Outcome<()> {
    let dropped = MemberRow { dropped_at: Some(tx.ts()), dropped_why: Some(why), ..member.clone() };
    store::put_member(tx.conn(), &dropped)
}

/// A draft's findings that belong in it; whatever does not drops out now.
pub fn standing(tx: &mut Tx<'_>, draft: &mut StepRow) -> Outcome<Vec<(MemberRow, FindingRow)>> {
    let mut standing = vec![];
    for (member, row) in store::members(tx.conn(), draft.id)? {
        match fallen(&member, &row) {
            _ if member.dropped_at.is_some() => {}
            Some(why) => {
                drop_out(tx, &member, why)?;
                draft.revision += 1;
                leave(tx, draft, json!({ "kind": draft.kind, "dropped": row.number, "why": why }))?;
            }
            None => standing.push((member, row)),
        }
    }
    Ok(standing)
}

/// Lets what belongs there no more drop out of a draft, and the draft lapse with the last.
pub fn tidy(tx: &mut Tx<'_>, id: StepId) -> Outcome<()> {
    let Some(mut draft) = store::step_locked(tx.conn(), id)?.filter(|d| d.state == StepState::Drafted) else {
        tx.housekeeping();
        return Ok(());
    };
    let before = draft.revision;
    if standing(tx, &mut draft)?.is_empty() {
        draft.state = StepState::Lapsed;
        draft.decided_at = Some(tx.ts());
        leave(tx, &draft, json!({ "kind": draft.kind, "state": draft.state }))?;
    } else if draft.revision == before {
        tx.housekeeping();
    }
    store::save_step(tx.conn(), &draft)
}

/// A finding that was not urged when its draft was taken up, and why.
pub type Left = (MemberRow, FindingRow, Dropped);

/// Takes findings that were not urged out of a draft that has just been taken up; they wait in the next, which is told as
/// any other.
pub fn carry_over(tx: &mut Tx<'_>, taken: &StepRow, left: &[Left]) -> Outcome<()> {
    let mut begun = None;
    for (member, row, why) in left {
        drop_out(tx, member, *why)?;
        let fresh = StepRow {
            id: tx.new_id(),
            state: StepState::Drafted,
            drafted_at: tx.ts(),
            revision: 1,
            text: None,
            decided_by: None,
            decided_at: None,
            note: None,
            letter_number: None,
            letter_id: None,
            meeting_id: None,
            ..taken.clone()
        };
        let (id, new) = put_into(tx, row, member.due_on, fresh)?;
        begun = begun.or(new.then_some(id));
    }
    match begun.map(|id| store::step(tx.conn(), id)).transpose()?.flatten() {
        Some(next) => telling::of_draft(tx, &next, left.len()),
        None => Ok(()),
    }
}
