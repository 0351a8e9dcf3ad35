//! LetterReplies as clients see them, and where a letter stands after them.

use super::rules::{self, ReplyAnswer, ReplyFileKind, ReplyOutcome, ReplyState};
use super::store::{self, FileRow, LineRow, ReplyRow};
use crate::access::Places;
use crate::clock::business_date;
use crate::db::AnyConn;
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, FindingId, LetterId, ReplyFileId, ReplyId, UserId};
use crate::letters::store::LetterRow;
use crate::letters::{self, Reader};
use crate::photos::Declared;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::HashMap;

/// A file of a reply.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ReplyFileView {
    /// Its id.
    pub id: ReplyFileId,
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Bytes.
    pub length: i64,
    /// When it was attached.
    pub added_at: DateTime<Utc>,
}

impl From<FileRow> for ReplyFileView {
    fn from(row: FileRow) -> Self {
        let FileRow { id, name, sha256, length, added_at, .. } = row;
        Self { id, name, sha256, length, added_at: added_at.0 }
    }
}

/// What a reply says of a line, and what became of it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ReplyLineView {
    /// The finding.
    pub finding_id: FindingId,
    /// Its number.
    pub number: String,
    /// Its place in the letter's annexes, from 1.
    pub row: i32,
    /// The answer.
    pub answer: ReplyAnswer,
    /// What was or is being done.
    pub measures: Option<String>,
    /// Why it cannot be done in time.
    pub reason: Option<String>,
    /// The day on which it was put right.
    pub claimed_on: Option<NaiveDate>,
    /// The day by which it will be.
    pub proposed_due: Option<NaiveDate>,
    /// Whether the like was looked for elsewhere.
    pub similar_check: Option<String>,
    /// What keeps it from coming back.
    pub system_measures: Option<String>,
    /// Who watches over it.
    pub supervisor: Option<String>,
    /// Proofs; of a claim that was stored, its manifest.
    pub photos: Vec<Declared>,
    /// What became of it, once sent.
    pub outcome: Option<ReplyOutcome>,
    /// The code of the refusal, where there is one.
    pub code: Option<String>,
    /// The same in Chinese.
    pub detail: Option<String>,
}

/// How many lines have which answer.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
pub struct AnswerCounts {
    /// 已整改.
    pub rectified: usize,
    /// 整改中.
    pub in_progress: usize,
    /// 无法按期.
    pub cannot_in_time: usize,
}

impl AnswerCounts {
    pub(super) fn of(answers: impl IntoIterator<Item = ReplyAnswer>) -> Self {
        let mut counts = Self::default();
        for answer in answers {
            match answer {
                ReplyAnswer::Rectified => counts.rectified += 1,
                ReplyAnswer::InProgress => counts.in_progress += 1,
                ReplyAnswer::CannotInTime => counts.cannot_in_time += 1,
            }
        }
        counts
    }
}

/// A reply 复函.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ReplyView {
    /// Its id.
    pub id: ReplyId,
    /// The letter that it answers.
    pub letter_id: LetterId,
    /// Where it stands.
    pub state: ReplyState,
    /// The street office that answers.
    pub unit: String,
    /// The street's own number.
    pub document_number: Option<String>,
    /// The day on the document.
    pub replied_on: Option<NaiveDate>,
    /// What else it says.
    pub remarks: Option<String>,
    /// What it says of each line.
    pub lines: Vec<ReplyLineView>,
    /// How many lines have which answer.
    pub answers: AnswerCounts,
    /// The scan of the sealed reply, the newest.
    pub scan: Option<ReplyFileView>,
    /// What else is attached.
    pub attachments: Vec<ReplyFileView>,
    /// Who drafted it.
    pub created_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Who sent it.
    pub sent_by: Option<UserId>,
    /// For whom, where a deputy did.
    pub sent_for: Option<UserId>,
    /// When it was sent: what decides whether it is late.
    pub sent_at: Option<DateTime<Utc>>,
    /// It was sent after the letter's day.
    pub late: bool,
    /// Raised at every change.
    pub revision: i32,
}

/// Where a letter stands after the replies to it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct LetterStanding {
    /// Day by which the street replies.
    pub reply_due: NaiveDate,
    /// The day on the first reply that was sent.
    pub replied_on: Option<NaiveDate>,
    /// The day on which the server received it.
    pub received_on: Option<NaiveDate>,
    /// It was received after `reply_due`.
    pub late: bool,
    /// There is none, and the day has passed.
    pub reply_overdue: bool,
    /// Lines of the letter by the newest answer that was sent.
    pub answers: AnswerCounts,
    /// Lines without an answer.
    pub unanswered: usize,
    /// Lines whose finding is not settled.
    pub open: usize,
    /// No line is open.
    pub settled: bool,
}

/// The replies to a letter.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct LetterReplies {
    /// Where the letter stands.
    pub standing: LetterStanding,
    /// Those that were sent in the order of sending; the street's own draft last.
    pub items: Vec<ReplyView>,
}

/// Where a letter stands by its lines, the replies that were sent (in order) and their lines.
pub(super) fn standing(
    reply_due: NaiveDate,
    printed: &[rules::Printed],
    sent: &[ReplyRow],
    lines: &[LineRow],
    today: NaiveDate,
) -> LetterStanding {
    let said = sent.iter().flat_map(|reply| lines.iter().filter(|line| line.reply_id == reply.id));
    let newest = rules::newest(said.map(|line| (line.finding_id, line.answer)));
    let first = sent.first();
    let received_on = first.and_then(|reply| reply.sent_at).map(|at| business_date(at.0));
    let open = printed.iter().filter(|p| p.state.is_unsettled()).count();
    LetterStanding {
        reply_due,
        replied_on: first.and_then(|reply| reply.replied_on),
        received_on,
        late: received_on.is_some_and(|on| rules::is_late(on, reply_due)),
        reply_overdue: rules::is_overdue(received_on, reply_due, today),
        unanswered: printed.iter().filter(|p| !newest.contains_key(&p.finding)).count(),
        answers: AnswerCounts::of(newest.into_values()),
        open,
        settled: open == 0,
    }
}

/// The replies to a letter that the reader sees; a draft is seen by its street only.
///
/// # Errors
/// Missing.
pub fn list(conn: &mut AnyConn, reader: &Reader, id: LetterId, now: DateTime<Utc>) -> Outcome<LetterReplies> {
    let letter = letters::row(conn, reader, id)?;
    let printed = store::printed(conn, id)?;
    let rows = store::replies(conn, &[id])?;
    let ids: Vec<ReplyId> = rows.iter().map(|row| row.id).collect();
    let lines = store::lines(conn, &ids)?;
    let sent: Vec<ReplyRow> = rows.iter().filter(|row| row.state == ReplyState::Sent).cloned().collect();
    let standing = standing(letter.reply_due, &printed, &sent, &lines, business_date(now));
    let mut files = store::files(conn, &ids)?;
    let numbers: HashMap<FindingId, String> = printed.into_iter().map(|p| (p.finding, p.number)).collect();
    let items = rows
        .into_iter()
        .filter(|row| sees(reader, &letter, row))
        .map(|row| {
            let of_reply = lines.iter().filter(|line| line.reply_id == row.id).cloned().collect();
            let (own, rest) = std::mem::take(&mut files).into_iter().partition(|f| f.reply_id == row.id);
            files = rest;
            view(&letter, row, of_reply, own, &numbers)
        })
        .collect::<Outcome<_>>()?;
    Ok(LetterReplies { standing, items })
}

/// Whether a reader of the letter sees a reply to it.
pub(super) fn sees(reader: &Reader, letter: &LetterRow, row: &ReplyRow) -> bool {
    row.state == ReplyState::Sent || reader.addressed.holds(letter.street_id, None)
}

fn view(
    letter: &LetterRow,
    row: ReplyRow,
    lines: Vec<LineRow>,
    files: Vec<FileRow>,
    numbers: &HashMap<FindingId, String>,
) -> Outcome<ReplyView> {
    let lines: Vec<ReplyLineView> =
        lines.into_iter().map(|line| line_view(line, numbers)).collect::<Outcome<_>>()?;
    let (scans, attachments): (Vec<FileRow>, Vec<FileRow>) =
        files.into_iter().partition(|f| f.kind == ReplyFileKind::Sealed);
    let late = row.sent_at.is_some_and(|at| rules::is_late(business_date(at.0), letter.reply_due));
    Ok(ReplyView {
        id: row.id,
        letter_id: row.letter_id,
        state: row.state,
        unit: row.unit,
        document_number: row.document_number,
        replied_on: row.replied_on,
        remarks: row.remarks,
        answers: AnswerCounts::of(lines.iter().map(|line| line.answer)),
        lines,
        scan: scans.into_iter().next_back().map(ReplyFileView::from),
        attachments: attachments.into_iter().map(ReplyFileView::from).collect(),
        created_by: row.created_by,
        created_at: row.created_at.0,
        sent_by: row.sent_by,
        sent_for: row.sent_for,
        sent_at: row.sent_at.map(|at| at.0),
        late,
        revision: row.revision,
    })
}

fn line_view(line: LineRow, numbers: &HashMap<FindingId, String>) -> Outcome<ReplyLineView> {
    Ok(ReplyLineView {
        number: numbers.get(&line.finding_id).cloned().unwrap_or_default(),
        finding_id: line.finding_id,
        row: line.row,
        answer: line.answer,
        measures: line.measures,
        reason: line.reason,
        claimed_on: line.claimed_on,
        proposed_due: line.proposed_due,
        similar_check: line.similar_check,
        system_measures: line.system_measures,
        supervisor: line.supervisor,
        photos: serde_json::from_str(&line.photos).map_err(Fault::internal)?,
        outcome: line.outcome,
        code: line.code,
        detail: line.detail,
    })
}

/// One reply to a letter.
///
/// # Errors
/// Missing.
pub fn find(
    conn: &mut AnyConn,
    reader: &Reader,
    letter: LetterId,
    id: ReplyId,
    now: DateTime<Utc>,
) -> Outcome<ReplyView> {
    let replies = list(conn, reader, letter, now)?.items;
    replies.into_iter().find(|reply| reply.id == id).ok_or_else(|| Fault::missing("复函"))
}

/// The scan of the sealed reply: its hash, and a name for saving.
///
/// # Errors
/// Missing, also while there is none.
pub fn scan(conn: &mut AnyConn, reader: &Reader, letter: LetterId, id: ReplyId) -> Outcome<(String, String)> {
    let of_letter = letters::row(conn, reader, letter)?;
    let row = store::find(conn, letter, id)?.filter(|row| sees(reader, &of_letter, row));
    let row = row.ok_or_else(|| Fault::missing("复函"))?;
    let sealed = |f: &FileRow| f.kind == ReplyFileKind::Sealed;
    let newest = store::files(conn, &[row.id])?.into_iter().rfind(sealed);
    let file = newest.ok_or_else(|| Fault::missing("复函扫描件"))?;
    Ok((file.sha256, format!("reply-{id}-sealed.pdf")))
}

/// A file of a reply: its hash, and a name for saving.
///
/// # Errors
/// Missing.
pub fn file(
    conn: &mut AnyConn,
    reader: &Reader,
    letter: LetterId,
    id: ReplyFileId,
) -> Outcome<(String, String)> {
    let of_letter = letters::row(conn, reader, letter)?;
    let found = store::find_file(conn, letter, id)?.filter(|(reply, _)| sees(reader, &of_letter, reply));
    let (_, file) = found.ok_or_else(|| Fault::missing("复函附件"))?;
    Ok((file.sha256, format!("reply-file-{id}.pdf")))
}

/// A delivered letter that waits for its reply.
#[derive(Debug, Clone)]
pub struct Awaiting {
    /// The letter.
    pub id: LetterId,
    /// Its street.
    pub street_id: AreaId,
    /// Its number.
    pub number: String,
    /// Day by which it is answered.
    pub reply_due: NaiveDate,
}

/// The delivered letters of places that nobody has answered, by their day; with `due_before` only those that are past it.
///
/// # Errors
/// The database's.
pub fn awaiting(
    conn: &mut AnyConn,
    places: &Places,
    due_before: Option<NaiveDate>,
) -> Outcome<Vec<Awaiting>> {
    let rows = store::unanswered(conn, due_before)?;
    let within = rows.into_iter().filter(|row| places.holds(row.street_id, None));
    Ok(within
        .map(|row| Awaiting {
            id: row.id,
            street_id: row.street_id,
            number: row.number.unwrap_or_default(),
            reply_due: row.reply_due,
        })
        .collect())
}
