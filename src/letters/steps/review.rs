//! From the submission to the approval. At the submission the facts are frozen; a trial rendering gates the approval.

use super::super::compose;
use super::super::facts::Facts;
use super::super::gather;
use super::super::letter::Letter;
use super::super::render;
use super::super::rules::{LetterState, Step};
use super::super::store;
use super::super::typeset::Typesetter;
use super::{
    Held, Sender, composed, facts_of, held, record, refuse_changed, refuse_provisional, refuse_unconfirmed,
    snapshot,
};
use crate::access::{Holder, Places};
use crate::canonical;
use crate::db::{AnyConn, Tx};
use crate::fault::{Fault, Outcome};
use crate::ids::{FindingId, LetterId, TypedId as _};
use std::collections::BTreeSet;

/// Why a letter is submitted although it prints what letters do not print.
#[derive(Debug, Clone, Default)]
pub struct Forced {
    /// Due dates in it are provisional.
    pub provisional: Option<String>,
    /// Its reply date has passed, or may have by the day of its issue. What was said before stays unless it is said anew.
    pub late_reply: Option<String>,
    /// It holds what looks like a person's name and is none.
    pub names: Option<String>,
}

/// Submits a letter: its facts are read, composed and frozen.
///
/// # Errors
/// Missing; `unconfirmed_findings`; `provisional_due`; `person_named`; `missing_glyph`; a refusal of the rules or
/// of the composition.
pub fn submit(
    tx: &mut Tx<'_>,
    by: &Holder,
    sender: &Sender,
    typesetter: &Typesetter,
    id: LetterId,
    forced: &Forced,
) -> Outcome<()> {
    let Held { mut row, next, acting_for } = held(tx, by, id, Step::Submit)?;
    if let Some(reason) = &forced.late_reply {
        row.late_reply_reason = Some(reason.clone());
    }
    refuse_unconfirmed(tx.conn(), &row)?;
    let now = tx.now();
    let facts = facts_of(tx.conn(), sender, &row, now)?;
    let reason = refuse_provisional(&facts, forced.provisional.as_deref())?;
    let known = gather::known_in(tx.conn(), row.street_id)?;
    row.names_reason = refuse_named(&facts, &known, forced.names.as_deref())?;
    let letter = composed(&facts)?;
    render::refuse_unprintable(typesetter, &letter)?;
    row.state = next;
    row.as_of = Some(tx.ts());
    row.facts_sha256 = Some(canonical::hash(&facts)?);
    row.snapshot = Some(serde_json::to_string(&letter).map_err(Fault::internal)?);
    row.submitted_by = Some(tx.user()?);
    row.submitted_for = acting_for;
    row.submitted_at = Some(tx.ts());
    let version = store::next_version(tx.conn(), id)?;
    store::insert_version(tx.conn(), &row, version)?;
    row.approved_by = None;
    row.approved_for = None;
    row.approved_at = None;
    let printed: Vec<FindingId> = facts
        .lines
        .iter()
        .chain(&facts.carried_over)
        .map(|line| FindingId::from_uuid(line.finding_id))
        .collect();
    store::set_lines(tx.conn(), id, &printed)?;
    store::save(tx.conn(), &row)?;
    record(tx, &row, "submit", reason)
}

/// No person is named in a letter; what looks like a known one's name goes out only when somebody says why it is none. Gives
/// that reason where it is needed.
fn refuse_named(facts: &Facts, known: &BTreeSet<String>, reason: Option<&str>) -> Outcome<Option<String>> {
    let named = compose::named(facts, known);
    if named.is_empty() || reason.is_some() {
        return Ok(reason.filter(|_| !named.is_empty()).map(str::to_string));
    }
    let places: Vec<String> = named.iter().map(|n| format!("{}含有“{}”", n.place, n.name)).collect();
    let detail = format!("函件不写个人姓名：{}；请改写或不列入，确非人名的，请说明理由", places.join("，"));
    Err(Fault::refused("person_named", detail))
}

/// Sends a letter back to its drafter.
///
/// # Errors
/// Missing; a refusal of the rules.
pub fn return_letter(tx: &mut Tx<'_>, by: &Holder, id: LetterId, reason: &str) -> Outcome<()> {
    let Held { mut row, next, .. } = held(tx, by, id, Step::Return)?;
    row.state = next;
    store::save(tx.conn(), &row)?;
    record(tx, &row, "return", Some(reason))
}

/// The letter whose trial rendering gates the approval.
///
/// # Errors
/// Missing.
pub fn trial(conn: &mut AnyConn, places: &Places, id: LetterId) -> Outcome<Option<Letter>> {
    let found = store::find(conn, id)?.filter(|l| places.holds(l.street_id, None));
    let row = found.ok_or_else(|| Fault::missing("提醒函"))?;
    if row.state == LetterState::InReview { snapshot(&row).map(Some) } else { Ok(None) }
}

/// Approves a letter whose snapshot `rendered` has been rendered on trial.
///
/// # Errors
/// Missing; a refusal of the rules; `facts_changed`; `resubmitted` when it is another snapshot by now.
pub fn approve(
    tx: &mut Tx<'_>,
    by: &Holder,
    sender: &Sender,
    id: LetterId,
    rendered: Option<&Letter>,
) -> Outcome<()> {
    let Held { mut row, next, acting_for } = held(tx, by, id, Step::Approve)?;
    if rendered != Some(&snapshot(&row)?) {
        return Err(Fault::refused("resubmitted", "该函刚刚重新送审，请重新查看后再审核"));
    }
    refuse_changed(tx.conn(), sender, &row, "")?;
    row.state = next;
    row.approved_by = Some(tx.user()?);
    row.approved_for = acting_for;
    row.approved_at = Some(tx.ts());
    store::save(tx.conn(), &row)?;
    record(tx, &row, "approve", None)
}
