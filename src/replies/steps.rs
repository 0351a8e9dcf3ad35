//! The steps of a reply: drafted and edited by the street, its files attached, sent. Each locks the letter first, so that two
//! of one letter never overlap, and writes one transaction.

use super::rules::{self, Line, ReplyAnswer, ReplyFileKind, ReplyOutcome, ReplyState};
use super::store::{self, FileRow, LineRow, ReplyRow};
use super::{document, telling};
use crate::access::{Action, Holder, Spot, delegations};
use crate::clock::business_date;
use crate::db::{Change, Tx};
use crate::directory;
use crate::fault::{Fault, Outcome};
use crate::findings::rules::State;
use crate::findings::side::{Extension, ask_extension};
use crate::findings::{self, Claim};
use crate::ids::{FindingId, LetterId, ReplyFileId, ReplyId, TypedId as _};
use crate::letters::numbering::Number;
use crate::letters::rules::LetterState;
use crate::letters::store::{self as letters, LetterRow};
use chrono::NaiveDate;
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

/// Files attached to a reply at the most.
const MAX_FILES: usize = 20;

/// What a draft says; what is left out stays, and of a new one is empty.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The lines, all of them.
    pub lines: Option<Vec<Line>>,
    /// What else the street has to say.
    pub remarks: Option<String>,
    /// The street's own number 文号, where it is known already.
    pub document_number: Option<String>,
    /// The day on the document, where it is known already.
    pub replied_on: Option<NaiveDate>,
}

/// The letter that a street may answer, locked.
fn held(tx: &mut Tx<'_>, by: &Holder, id: LetterId) -> Outcome<LetterRow> {
    let places = by.scope.places();
    let found = letters::find_locked(tx.conn(), id)?;
    let addressed = |l: &LetterRow| {
        l.state == LetterState::Delivered && l.is_to_street() && places.holds(l.street_id, None)
    };
    let row = found.filter(addressed).ok_or_else(|| Fault::missing("提醒函"))?;
    if !row.kind.wants_reply() {
        return Err(Fault::refused("no_reply_wanted", "该函无须回复"));
    }
    if letters::is_withdrawn(tx.conn(), id)? {
        return Err(Fault::refused("no_reply_wanted", "该函已撤回，无须回复"));
    }
    delegations::act(tx, by, Action::ReplyToLetter.roles(), Spot::street(row.street_id))?;
    Ok(row)
}

/// A draft of a letter.
fn drafted(tx: &mut Tx<'_>, letter: LetterId, id: ReplyId) -> Outcome<ReplyRow> {
    let row = store::find(tx.conn(), letter, id)?.ok_or_else(|| Fault::missing("复函"))?;
    match row.state {
        ReplyState::Draft => Ok(row),
        ReplyState::Sent => Err(Fault::refused("already_sent", "该复函已发出，不能再改；可另作补充答复")),
    }
}

fn record(tx: &mut Tx<'_>, letter: &LetterRow, reply: &ReplyRow, step: &str) -> Outcome<()> {
    let said = json!({ "letter": letter.number, "step": step, "number": reply.document_number });
    tx.audit("letter_reply", reply.id, said);
    tx.changed("letter", letter.id.uuid(), Some(letter.street_id.uuid()), Change::Put)
}

/// Opens the draft of a reply.
///
/// # Errors
/// Missing; `no_reply_wanted`; `reply_in_draft`; what is wrong with the lines, by pointer.
pub fn open(tx: &mut Tx<'_>, by: &Holder, letter: LetterId, said: &Changes) -> Outcome<ReplyId> {
    let letter = held(tx, by, letter)?;
    if store::draft_of(tx.conn(), letter.id)?.is_some() {
        return Err(Fault::refused("reply_in_draft", "该函已有一份未发出的复函草稿"));
    }
    let mut row = ReplyRow {
        id: tx.new_id(),
        letter_id: letter.id,
        state: ReplyState::Draft,
        unit: directory::street(tx.conn(), letter.street_id)?.office_name,
        document_number: None,
        replied_on: None,
        remarks: None,
        document: None,
        created_by: tx.user()?,
        created_at: tx.ts(),
        sent_by: None,
        sent_for: None,
        sent_at: None,
        revision: 1,
    };
    change(tx, &letter, &mut row, said)?;
    store::insert(tx.conn(), &row)?;
    write_lines(tx, &letter, &row, said)?;
    record(tx, &letter, &row, "draft")?;
    Ok(row.id)
}

/// Edits a draft.
///
/// # Errors
/// Missing; `already_sent`; a wrong revision; what is wrong with the lines, by pointer.
pub fn edit(
    tx: &mut Tx<'_>,
    by: &Holder,
    letter: LetterId,
    id: ReplyId,
    revision: i32,
    said: &Changes,
) -> Outcome<()> {
    let letter = held(tx, by, letter)?;
    let mut row = drafted(tx, letter.id, id)?;
    if row.revision != revision {
        return Err(Fault::Precondition { given: true });
    }
    change(tx, &letter, &mut row, said)?;
    store::save(tx.conn(), &row)?;
    write_lines(tx, &letter, &row, said)?;
    record(tx, &letter, &row, "edit")
}

fn change(tx: &mut Tx<'_>, letter: &LetterRow, row: &mut ReplyRow, said: &Changes) -> Outcome<()> {
    if let Some(number) = &said.document_number {
        check_number(number)?;
        row.document_number = Some(number.clone());
    }
    if let Some(day) = said.replied_on {
        check_day(tx, letter, day)?;
        row.replied_on = Some(day);
    }
    if said.remarks.is_some() {
        row.remarks.clone_from(&said.remarks);
    }
    Ok(())
}

fn check_number(number: &str) -> Outcome<()> {
    match Number::parse(number) {
        Some(_) => Ok(()),
        None => Err(Fault::invalid("/document_number", "bad_number", "文号应形如 某街函〔2026〕5号")),
    }
}

fn check_day(tx: &mut Tx<'_>, letter: &LetterRow, day: NaiveDate) -> Outcome<()> {
    let delivered = letters::delivery(tx.conn(), letter.id)?.map(|d| business_date(d.delivered_at.0));
    if day > business_date(tx.now()) || delivered.is_some_and(|on| day < on) {
        return Err(Fault::invalid("/replied_on", "out_of_range", "复函日期须在送达日至今天之间"));
    }
    Ok(())
}

fn write_lines(tx: &mut Tx<'_>, letter: &LetterRow, row: &ReplyRow, said: &Changes) -> Outcome<()> {
    let Some(lines) = &said.lines else { return Ok(()) };
    let printed = store::printed(tx.conn(), letter.id)?;
    let faults = rules::faults(lines, &printed);
    if !faults.is_empty() {
        return Err(Fault::invalid_many(faults));
    }
    let places: HashMap<FindingId, i32> = printed.iter().map(|p| p.finding).zip(1..).collect();
    let rows: Vec<LineRow> = lines
        .iter()
        .filter_map(|line| line.finding.map(|id| (id, line)))
        .map(|(id, line)| LineRow::of(row.id, places.get(&id).copied().unwrap_or_default(), id, line))
        .collect::<Outcome<_>>()?;
    store::set_lines(tx.conn(), row.id, &rows)
}

/// A file whose bytes are stored.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// What it is.
    pub kind: ReplyFileKind,
    /// Its name, for people.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Bytes.
    pub length: i64,
}

/// Attaches a file to a draft; of scans of the sealed reply the newest counts.
///
/// # Errors
/// Missing; `already_sent`; `too_many_files`; a scan that is the letter itself.
pub fn attach(
    tx: &mut Tx<'_>,
    by: &Holder,
    letter: LetterId,
    id: ReplyId,
    file: &NewFile,
) -> Outcome<ReplyFileId> {
    let letter = held(tx, by, letter)?;
    let row = drafted(tx, letter.id, id)?;
    let is_letter = letter.document_sha256.as_ref() == Some(&file.sha256)
        || letters::sealed_as(tx.conn(), &file.sha256)?.is_some();
    if is_letter {
        return Err(Fault::invalid("", "not_a_reply", "这是来函，不是复函"));
    }
    let there = store::files(tx.conn(), &[id])?;
    if there.len() >= MAX_FILES {
        return Err(Fault::refused("too_many_files", format!("一份复函至多 {MAX_FILES} 个文件")));
    }
    crate::photos::refuse_doomed(tx.conn(), &file.sha256)?;
    let made = FileRow {
        id: tx.new_id(),
        reply_id: id,
        kind: file.kind,
        name: file.name.clone(),
        sha256: file.sha256.clone(),
        length: file.length,
        added_by: tx.user()?,
        added_at: tx.ts(),
    };
    if file.kind == ReplyFileKind::Sealed {
        for old in there.iter().filter(|f| f.kind == ReplyFileKind::Sealed) {
            store::delete_file(tx.conn(), old.id)?;
        }
    }
    store::insert_file(tx.conn(), &made)?;
    store::save(tx.conn(), &row)?;
    record(tx, &letter, &row, "attach")?;
    Ok(made.id)
}

/// Takes a file off a draft.
///
/// # Errors
/// Missing; `already_sent`.
pub fn detach(tx: &mut Tx<'_>, by: &Holder, letter: LetterId, file: ReplyFileId) -> Outcome<()> {
    let letter = held(tx, by, letter)?;
    let (reply, _) =
        store::find_file(tx.conn(), letter.id, file)?.ok_or_else(|| Fault::missing("复函附件"))?;
    let row = drafted(tx, letter.id, reply.id)?;
    store::delete_file(tx.conn(), file)?;
    store::save(tx.conn(), &row)?;
    record(tx, &letter, &row, "detach")
}

/// The street's own registration of its reply.
#[derive(Debug, Clone)]
pub struct Sending {
    /// Its number 文号, e.g. 赤岗街函〔2026〕5号.
    pub document_number: String,
    /// The day on it.
    pub replied_on: NaiveDate,
}

/// Sends a reply. It is frozen; every 已整改 becomes a claim and every 无法按期 that names a day an extension asked for, where
/// the rules of the finding allow; what they refuse is told at its line and keeps nothing else from being sent.
///
/// # Errors
/// Missing; `already_sent`; `scan_required`; `lines_unanswered` with pointers into the letter's `findings`, of a first
/// reply; a number or a day that cannot be.
pub fn send(tx: &mut Tx<'_>, by: &Holder, letter: LetterId, id: ReplyId, sending: &Sending) -> Outcome<()> {
    let letter = held(tx, by, letter)?;
    let mut row = drafted(tx, letter.id, id)?;
    check_number(&sending.document_number)?;
    check_day(tx, &letter, sending.replied_on)?;
    let lines = store::lines(tx.conn(), &[id])?;
    refuse_incomplete(tx, &letter, &row, &lines)?;
    row.state = ReplyState::Sent;
    row.document_number = Some(sending.document_number.clone());
    row.replied_on = Some(sending.replied_on);
    row.sent_by = Some(tx.user()?);
    row.sent_for =
        by.acts_for_as(Action::ReplyToLetter.roles(), Spot::street(letter.street_id)).first().copied();
    row.sent_at = Some(tx.ts());
    let today = business_date(tx.now());
    let document = document::compose_now(tx.conn(), &letter, &row, today)?;
    row.document = Some(serde_json::to_string(&document).map_err(Fault::internal)?);
    store::save(tx.conn(), &row)?;
    let who = tx.actor_label();
    letters::insert_event(tx, letter.id, "reply", &who, Some(&sending.document_number))?;
    record(tx, &letter, &row, "send")?;
    for line in &lines {
        let (outcome, why) = take(tx, by, line)?;
        store::set_outcome(tx.conn(), line, outcome, why.as_ref())?;
    }
    telling::replied(tx, &letter, &row)
}

/// A paper that is wanted must be there; the first reply answers every open line.
fn refuse_incomplete(tx: &mut Tx<'_>, letter: &LetterRow, row: &ReplyRow, lines: &[LineRow]) -> Outcome<()> {
    let delivery = letters::delivery(tx.conn(), letter.id)?;
    let sealed = store::files(tx.conn(), &[row.id])?.iter().any(|f| f.kind == ReplyFileKind::Sealed);
    if !sealed && delivery.is_none_or(|d| rules::scan_required(d.channel)) {
        return Err(Fault::refused(
            "scan_required",
            "来函以纸质、传真或公文系统送达，须先上传盖章复函的扫描件",
        ));
    }
    if store::replies(tx.conn(), &[letter.id])?.iter().any(|r| r.state == ReplyState::Sent) {
        if lines.is_empty() {
            return Err(Fault::refused("nothing_answered", "补充答复须至少答复一个问题"));
        }
        return Ok(());
    }
    let answered: BTreeSet<FindingId> = lines.iter().map(|line| line.finding_id).collect();
    let errors = rules::unanswered(&store::printed(tx.conn(), letter.id)?, &answered);
    if errors.is_empty() {
        return Ok(());
    }
    let detail = format!("还有 {} 个未销号的问题没有答复", errors.len()).into();
    Err(Fault::Refused { code: "lines_unanswered".into(), detail, errors })
}

type Taken = (ReplyOutcome, Option<(String, String)>);

/// What an answer becomes.
fn take(tx: &mut Tx<'_>, by: &Holder, line: &LineRow) -> Outcome<Taken> {
    let id = line.finding_id;
    let (done, refused, result) = match (line.answer, line.proposed_due) {
        (ReplyAnswer::Rectified, _) => {
            let claim = claim_of(line)?;
            let result = tx.part(|tx| {
                refuse_claimed(tx, id)?;
                findings::claim(tx, by, id, &claim).map(drop)
            })?;
            (ReplyOutcome::Claimed, ReplyOutcome::ClaimRefused, result)
        }
        (ReplyAnswer::CannotInTime, Some(until)) => {
            let wish = Extension { until, reason: line.reason.clone().unwrap_or_default() };
            let result = tx.part(|tx| ask_extension(tx, by, id, &wish).map(drop))?;
            (ReplyOutcome::ExtensionAsked, ReplyOutcome::ExtensionRefused, result)
        }
        (ReplyAnswer::InProgress | ReplyAnswer::CannotInTime, _) => {
            return Ok((ReplyOutcome::Recorded, None));
        }
    };
    Ok(match result {
        Ok(()) => (done, None),
        Err(fault) => (refused, Some(told(&fault))),
    })
}

fn claim_of(line: &LineRow) -> Outcome<Claim> {
    Ok(Claim {
        claimed_on: line.claimed_on.ok_or_else(|| Fault::internal("a claim without its day"))?,
        measures: line.measures.clone().unwrap_or_default(),
        similar_check: line.similar_check.clone(),
        system_measures: line.system_measures.clone(),
        supervisor: line.supervisor.clone(),
        photos: serde_json::from_str(&line.photos).map_err(Fault::internal)?,
    })
}

/// What somebody has claimed already needs no second claim, and a street is told so rather than of a wrong state.
fn refuse_claimed(tx: &mut Tx<'_>, id: FindingId) -> Outcome<()> {
    let state = findings::store::find_locked(tx.conn(), id)?.map(|row| row.state);
    match state {
        Some(State::Rectified | State::Checked) => {
            Err(Fault::refused("already_claimed", "该问题已申报整改，正在核查"))
        }
        Some(state) if !state.is_unsettled() => {
            Err(Fault::refused("already_settled", format!("该问题{}，无须再申报", state.label())))
        }
        _ => Ok(()),
    }
}

/// The code and words of a refusal.
fn told(fault: &Fault) -> (String, String) {
    match fault {
        Fault::Invalid { errors, .. } if !errors.is_empty() => {
            (errors[0].code.clone(), errors[0].detail.clone())
        }
        Fault::Invalid { code, detail, .. }
        | Fault::Refused { code, detail, .. }
        | Fault::Forbidden { code, detail } => (code.to_string(), detail.to_string()),
        other => ("not_found".into(), other.to_string()),
    }
}
