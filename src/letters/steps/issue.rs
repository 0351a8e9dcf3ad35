//! The issue 签发, numbers, and letters made void. A batch takes consecutive numbers in the transaction that issues it; a
//! word whose numbers the bureau's office gives out waits for them.

use super::super::letter::Letter;
use super::super::numbering::{self, Number};
use super::super::rules::Step;
use super::super::store::{self, LetterRow};
use super::super::typeset::MadeWith;
use super::{Held, Sender, held, record, refuse_changed, snapshot};
use crate::access::{Holder, Spot, delegations};
use crate::clock::business_date;
use crate::db::Tx;
use crate::fault::{Fault, FieldFault, Outcome};
use crate::findings;
use crate::ids::LetterId;
use crate::jobs::{RenderLetter, enqueue};
use crate::settings::{self, Letters};
use chrono::{Datelike as _, NaiveDate};

/// Letters issued together at the most.
const BATCH: usize = 200;

/// Issues letters together: all of them, with consecutive numbers in the order given, or none. The documents are made by
/// jobs that exist exactly when this commits.
///
/// # Errors
/// Missing; a refusal of the rules or `facts_changed`, with the pointer of the letter.
pub fn issue_batch(
    tx: &mut Tx<'_>,
    by: &Holder,
    sender: &Sender,
    made_with: &MadeWith,
    ids: &[LetterId],
) -> Outcome<()> {
    if ids.is_empty() || ids.len() > BATCH {
        return Err(Fault::invalid("/letter_ids", "out_of_range", format!("一次可签发 1 到 {BATCH} 份")));
    }
    let today = business_date(tx.now());
    let letters = issuable(tx, by, sender, ids, today)?;
    let word = &sender.authority.word;
    let practice = settings::get::<Letters>(tx.conn())?;
    let first = match practice.numbers_from_office(word) {
        true => None,
        false => {
            let count = i64::try_from(letters.len()).map_err(Fault::internal)?;
            Some(numbering::take(tx.conn(), word, today.year(), count)?)
        }
    };
    let made_with = serde_json::to_string(made_with).map_err(Fault::internal)?;
    for (place, letter) in (0..).zip(letters) {
        delegations::act(tx, by, Step::Issue.action().roles(), Spot::street(letter.row.street_id))?;
        let seq = first.map(|first| i32::try_from(first + place)).transpose().map_err(Fault::internal)?;
        let number = seq.map(|seq| Number { word: word.clone(), year: today.year(), seq });
        let check_link = practice.check_link(letter.row.id);
        issue(tx, letter, number.as_ref(), (today, check_link, &made_with))?;
    }
    Ok(())
}

/// The letters, locked, that are all as they were approved.
fn issuable(
    tx: &mut Tx<'_>,
    by: &Holder,
    sender: &Sender,
    ids: &[LetterId],
    today: NaiveDate,
) -> Outcome<Vec<Held>> {
    let (mut letters, mut errors) = (Vec::with_capacity(ids.len()), vec![]);
    for (place, id) in ids.iter().enumerate() {
        let pointer = format!("/letter_ids/{place}");
        if ids[..place].contains(id) {
            errors.push(FieldFault::new(pointer, "duplicate", "同一份函重复列出"));
            continue;
        }
        let checked = held(tx, by, *id, Step::Issue).and_then(|letter| {
            refuse_changed(tx.conn(), sender, &letter.row, &pointer)?;
            Ok(letter)
        });
        match checked {
            Ok(letter) if letter.row.asks_too_late(today) => {
                errors.push(FieldFault::new(pointer, "reply_due_in_past", "回复期限须晚于签发日期"));
            }
            Ok(letter) => letters.push(letter),
            Err(Fault::Refused { code, detail, errors: differ }) => {
                errors.push(FieldFault::new(pointer, code, detail));
                errors.extend(differ);
            }
            Err(other) => return Err(other),
        }
    }
    if errors.is_empty() {
        return Ok(letters);
    }
    let (code, detail) = ("not_all_issuable".into(), "部分提醒函不能签发，全部未签发".into());
    Err(Fault::Refused { code, detail, errors })
}

/// Freezes the day, the link and what it is made with into a letter; with a number its document is made.
fn issue(
    tx: &mut Tx<'_>,
    Held { mut row, next, acting_for }: Held,
    number: Option<&Number>,
    (date, check_link, made_with): (NaiveDate, Option<String>, &str),
) -> Outcome<()> {
    let letter = Letter { date, check_link, ..snapshot(&row)? };
    row.snapshot = Some(serde_json::to_string(&letter).map_err(Fault::internal)?);
    row.state = next;
    row.issued_by = Some(tx.user()?);
    row.issued_for = acting_for;
    row.issued_at = Some(tx.ts());
    row.made_with = Some(made_with.to_string());
    if let Some(number) = number {
        set_number(&mut row, number)?;
        enqueue(tx, &RenderLetter { letter: row.id }, Some(format!("render:{}", row.id)))?;
    }
    store::save(tx.conn(), &row)?;
    let printed = store::lines(tx.conn(), row.id)?;
    findings::mark_printed(tx, &printed)?;
    record(tx, &row, "issue", None)
}

/// Prints a number into the frozen letter.
fn set_number(row: &mut LetterRow, number: &Number) -> Outcome<()> {
    let printed = number.to_string();
    let letter = Letter { number: Some(printed.clone()), ..snapshot(row)? };
    row.snapshot = Some(serde_json::to_string(&letter).map_err(Fault::internal)?);
    row.series = Some(number.word.clone());
    row.year = Some(number.year);
    row.seq = Some(number.seq);
    row.number = Some(printed);
    Ok(())
}

/// Enters the number that the bureau's office registered for an issued letter; then it is rendered.
///
/// # Errors
/// Missing; `wrong_state`; `numbered_already`; a number that is none of the letter's word, or taken.
pub fn enter_number(tx: &mut Tx<'_>, by: &Holder, id: LetterId, printed: &str) -> Outcome<()> {
    let Held { mut row, .. } = held(tx, by, id, Step::Number)?;
    if row.number.is_some() {
        return Err(Fault::refused("numbered_already", "该函已有文号"));
    }
    let word = snapshot(&row)?.doc_word;
    let number = Number::parse(printed).filter(|number| number.word == word).ok_or_else(|| {
        let detail = format!("文号应形如 {word}〔2026〕1号");
        Fault::invalid("/number", "bad_number", detail)
    })?;
    if store::is_numbered(tx.conn(), &number)? {
        return Err(Fault::invalid("/number", "number_taken", "该文号已被使用"));
    }
    numbering::given_out(tx.conn(), &number)?;
    set_number(&mut row, &number)?;
    store::save(tx.conn(), &row)?;
    record(tx, &row, "number", None)?;
    enqueue(tx, &RenderLetter { letter: row.id }, Some(format!("render:{}", row.id)))
}

/// Makes a letter void that has not been delivered. A number that it has stays its own; what it printed and no other letter
/// does is printed nowhere.
///
/// # Errors
/// Missing; `already_delivered`; `wrong_state`.
pub fn make_void(tx: &mut Tx<'_>, by: &Holder, id: LetterId, reason: &str) -> Outcome<()> {
    let Held { mut row, next, .. } = held(tx, by, id, Step::Void)?;
    row.state = next;
    store::save(tx.conn(), &row)?;
    for finding in store::lines(tx.conn(), id)? {
        let since = store::printed_since(tx.conn(), finding)?;
        findings::set_printed(tx, finding, since)?;
    }
    record(tx, &row, "void", Some(reason))
}
