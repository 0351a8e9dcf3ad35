//! A drafted 再次提醒 and its letter. The letter goes its own way to the delivery; whoever then takes the step up names it, so
//! that what is said to have been urged is what a delivered letter prints. Nothing is taken up by a delivery: a draft only
//! tells which letter the next one speaks of, and which one waits to be named. `rules` says which may (pure).

pub mod rules;

use self::rules::{Asked, Sent};
use super::StepState;
use super::store::{self, StepRow};
use crate::access::Places;
use crate::db::AnyConn;
use crate::fault::{Fault, Outcome};
use crate::ids::{FindingId, LetterId};
use crate::letters::store::{LetterRow, is_withdrawn};
use crate::letters::{self, Reader};
use std::collections::BTreeSet;

/// The letter by which a step is taken.
pub struct Named {
    /// Its id.
    pub id: LetterId,
    /// Its number.
    pub number: Option<String>,
    /// The findings that it prints.
    pub printed: BTreeSet<FindingId>,
}

/// What a draft tells of letters.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints {
    /// The newest letter of which a further one may remind the street.
    pub reminder_id: Option<LetterId>,
    /// The newest letter that was delivered since the step was drafted and may be named.
    pub answered_by: Option<LetterId>,
}

fn asked(draft: &StepRow) -> Asked<'_> {
    Asked {
        kind: draft.kind,
        to: draft.addressee,
        name: &draft.addressee_name,
        street: draft.street_id,
        campaign: draft.campaign_id,
    }
}

fn sent<'a>(conn: &mut AnyConn, draft: &StepRow, letter: &'a LetterRow) -> Outcome<Sent<'a>> {
    Ok(Sent {
        kind: letter.kind,
        state: letter.state,
        withdrawn: is_withdrawn(conn, letter.id)?,
        campaign: letter.campaign_id,
        street: letter.street_id,
        operator: letter.operator.as_deref(),
        named: store::is_named(conn, letter.id, &draft.group_key)?,
    })
}

/// The letter that somebody who reaches `places` names when they take a step up.
///
/// # Errors
/// `unknown_letter`; `wrong_letter` with what is wrong with it.
pub fn named(conn: &mut AnyConn, places: &Places, draft: &StepRow, id: LetterId) -> Outcome<Named> {
    let unknown = || Fault::invalid("/letter_id", "unknown_letter", "函件不存在");
    let letter = letters::row(conn, &Reader::inside(places), id).map_err(|e| e.if_missing(unknown))?;
    let sent = sent(conn, draft, &letter)?;
    rules::answers(&asked(draft), &sent).map_err(wrong)?;
    let printed = letters::printed(conn, id)?.into_iter().collect();
    Ok(Named { id, number: letter.number, printed })
}

/// A letter that does not answer the step.
pub fn wrong(why: &'static str) -> Fault {
    Fault::invalid("/letter_id", "wrong_letter", why)
}

/// What is to be told of letters to somebody who reaches `places`, of a step with these findings standing.
///
/// # Errors
/// The database's.
pub fn hints(conn: &mut AnyConn, places: &Places, draft: &StepRow, standing: &[FindingId]) -> Outcome<Hints> {
    let (mut hints, asked) = (Hints::default(), asked(draft));
    if draft.state != StepState::Drafted || rules::kind_of(draft.kind, draft.addressee).is_none() {
        return Ok(hints);
    }
    for (letter, delivered_at) in store::printing(conn, standing)? {
        if !places.holds(letter.street_id, None) {
            continue;
        }
        let sent = sent(conn, draft, &letter)?;
        if rules::may_be_repeated(&asked, &sent) {
            hints.reminder_id.get_or_insert(letter.id);
        }
        if delivered_at >= draft.drafted_at && rules::answers(&asked, &sent).is_ok() {
            hints.answered_by.get_or_insert(letter.id);
        }
    }
    Ok(hints)
}
