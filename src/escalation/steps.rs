//! What a person does with a drafted step: takes it up, saying what was done, or puts it aside with a reason. Either is by
//! the revision that they have read, because a draft grows.

use super::drafts::{carry_over, leave, standing};
use super::meetings::{self, MeetingKind};
use super::reminder::{self, Named, rules};
use super::store::{self, StepRow};
use super::view::{holds, wording_of};
use super::{Dropped, StepState};
use crate::access::{Holder, Scope};
use crate::db::Tx;
use crate::fault::{Fault, Outcome};
use crate::ids::{LetterId, MeetingId, StepId};
use crate::settings::StepKind;
use serde_json::json;

/// What was done.
#[derive(Debug, Clone)]
pub struct Taken {
    /// In words.
    pub note: String,
    /// The number of a letter that was sent and is not known here.
    pub letter_number: Option<String>,
    /// The letter that was sent.
    pub letter_id: Option<LetterId>,
    /// The meeting that was held.
    pub meeting_id: Option<MeetingId>,
}

/// A draft within reach, locked, that is still one and as it was read.
fn held(tx: &mut Tx<'_>, scope: &Scope, id: StepId, revision: i32) -> Outcome<StepRow> {
    let draft = store::step_locked(tx.conn(), id)?.ok_or_else(|| Fault::missing("步骤"))?;
    if !holds(tx.conn(), scope, id)? {
        return Err(Fault::missing("步骤"));
    }
    if draft.state != StepState::Drafted {
        return Err(Fault::refused("wrong_state", "该步骤已处理或已失效"));
    }
    if draft.revision != revision {
        return Err(Fault::Precondition { given: true });
    }
    Ok(draft)
}

fn settle(tx: &mut Tx<'_>, draft: &mut StepRow, state: StepState, note: &str) -> Outcome<()> {
    draft.state = state;
    draft.note = Some(note.into());
    draft.decided_by = Some(tx.user()?);
    draft.decided_at = Some(tx.ts());
    draft.revision += 1;
    store::save_step(tx.conn(), draft)?;
    let said = json!({
        "kind": draft.kind, "state": state, "note": note, "letter": draft.letter_number,
        "letter_id": draft.letter_id, "meeting": draft.meeting_id,
    });
    leave(tx, draft, said)
}

/// Records that a step was taken, with its text and list as they stand. Findings that are not with the responsible side at
/// this moment are not in it, nor are those that the letter does not print where one is named: they wait in the group's
/// next draft.
///
/// # Errors
/// Missing; `wrong_state`; another revision; `nothing_stands` when no finding is left to be urged; a meeting or a letter
/// that is not there; `wrong_letter` for one that does not answer the step.
pub fn take(tx: &mut Tx<'_>, by: &Holder, id: StepId, revision: i32, taken: &Taken) -> Outcome<()> {
    let mut draft = held(tx, &by.scope, id, revision)?;
    held_meeting(tx, by, &draft, taken)?;
    let letter = sent_letter(tx, by, &draft, taken)?;
    let (mut urged, mut left) = (vec![], vec![]);
    for (member, row) in standing(tx, &mut draft)? {
        let printed = letter.as_ref().map(|letter| letter.printed.contains(&row.id));
        match rules::left(row.state.is_to_rectify(), printed) {
            Some(why) => left.push((member, row, why)),
            None => urged.push(row),
        }
    }
    if urged.is_empty() {
        return Err(match left.iter().any(|(_, _, why)| *why == Dropped::NotPrinted) {
            true => reminder::wrong("该函未列入该步骤现在待整改的任何问题"),
            false => Fault::refused("nothing_stands", "所列问题均已申报整改、暂停或销号，无须采取此步骤"),
        });
    }
    draft.text = Some(wording_of(tx.conn(), &draft, urged.iter())?);
    draft.letter_id = letter.as_ref().map(|letter| letter.id);
    draft.letter_number = letter.map_or_else(|| taken.letter_number.clone(), |letter| letter.number);
    draft.meeting_id = taken.meeting_id;
    settle(tx, &mut draft, StepState::TakenUp, &taken.note)?;
    carry_over(tx, &draft, &left)
}

/// The letter that was sent, where it is one of ours and named.
fn sent_letter(tx: &mut Tx<'_>, by: &Holder, draft: &StepRow, taken: &Taken) -> Outcome<Option<Named>> {
    let Some(id) = taken.letter_id else { return Ok(None) };
    if taken.letter_number.is_some() {
        let detail = "已选定函件的，文号由系统填写，不再另填";
        return Err(Fault::invalid("/letter_number", "letter_named", detail));
    }
    reminder::named(tx.conn(), &by.scope.places(), draft, id).map(Some)
}

/// An 约谈 keeps a record; of another step one may be named.
fn held_meeting(tx: &mut Tx<'_>, by: &Holder, draft: &StepRow, taken: &Taken) -> Outcome<()> {
    let Some(id) = taken.meeting_id else {
        return match draft.kind {
            StepKind::Talk => Err(Fault::invalid("/meeting_id", "required", "约谈须先登记约谈记录")),
            _ => Ok(()),
        };
    };
    let unknown = || Fault::invalid("/meeting_id", "unknown_meeting", "会议记录不存在");
    let meeting = meetings::find(tx.conn(), &by.scope.places(), id).map_err(|e| e.if_missing(unknown))?;
    if draft.kind == StepKind::Talk && meeting.content.kind != MeetingKind::Talk {
        return Err(Fault::invalid("/meeting_id", "unknown_meeting", "该会议记录不是约谈记录"));
    }
    Ok(())
}

/// Puts a step aside.
///
/// # Errors
/// Missing; `wrong_state`; another revision.
pub fn dismiss(tx: &mut Tx<'_>, by: &Holder, id: StepId, revision: i32, reason: &str) -> Outcome<()> {
    let mut draft = held(tx, &by.scope, id, revision)?;
    settle(tx, &mut draft, StepState::Dismissed, reason)
}
