//! Rows and queries of replies.

use super::rules::{Line, Printed, ReplyAnswer, ReplyFileKind, ReplyOutcome, ReplyState};
use crate::db::connection::each;
use crate::db::schema::{
    finding, letter, letter_event, letter_line, letter_reply, letter_reply_file, letter_reply_line,
};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::{Fault, Outcome};
use crate::findings::rules::State;
use crate::ids::{FindingId, LetterId, ReplyFileId, ReplyId, UserId};
use crate::letters::kind::LetterKind;
use crate::letters::rules::LetterState;
use crate::letters::store::LetterRow;
use chrono::NaiveDate;
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use std::collections::HashSet;

/// The event that says that a letter was not answered in time.
pub const REPLY_OVERDUE: &str = "reply_overdue";

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = letter_reply, check_for_backend(MultiBackend), treat_none_as_null = true)]
pub struct ReplyRow {
    pub id: ReplyId,
    pub letter_id: LetterId,
    pub state: ReplyState,
    pub unit: String,
    pub document_number: Option<String>,
    pub replied_on: Option<NaiveDate>,
    pub remarks: Option<String>,
    /// The document as it was sent, as JSON.
    pub document: Option<String>,
    pub created_by: UserId,
    pub created_at: Ts,
    pub sent_by: Option<UserId>,
    pub sent_for: Option<UserId>,
    pub sent_at: Option<Ts>,
    pub revision: i32,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = letter_reply_line, check_for_backend(MultiBackend))]
pub struct LineRow {
    pub reply_id: ReplyId,
    pub finding_id: FindingId,
    pub row: i32,
    pub answer: ReplyAnswer,
    pub measures: Option<String>,
    pub reason: Option<String>,
    pub claimed_on: Option<NaiveDate>,
    pub proposed_due: Option<NaiveDate>,
    pub similar_check: Option<String>,
    pub system_measures: Option<String>,
    pub supervisor: Option<String>,
    /// What is declared, as JSON.
    pub photos: String,
    pub outcome: Option<ReplyOutcome>,
    pub code: Option<String>,
    pub detail: Option<String>,
}

impl LineRow {
    /// A line that stands at a place of the letter's annex.
    pub fn of(reply_id: ReplyId, row: i32, finding_id: FindingId, line: &Line) -> Outcome<Self> {
        Ok(Self {
            reply_id,
            finding_id,
            row,
            answer: line.answer,
            measures: line.measures.clone(),
            reason: line.reason.clone(),
            claimed_on: line.claimed_on,
            proposed_due: line.proposed_due,
            similar_check: line.similar_check.clone(),
            system_measures: line.system_measures.clone(),
            supervisor: line.supervisor.clone(),
            photos: serde_json::to_string(&line.photos).map_err(Fault::internal)?,
            outcome: None,
            code: None,
            detail: None,
        })
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = letter_reply_file, check_for_backend(MultiBackend))]
pub struct FileRow {
    pub id: ReplyFileId,
    pub reply_id: ReplyId,
    pub kind: ReplyFileKind,
    pub name: String,
    pub sha256: String,
    pub length: i64,
    pub added_by: UserId,
    pub added_at: Ts,
}

pub fn insert(conn: &mut AnyConn, row: &ReplyRow) -> Outcome<()> {
    diesel::insert_into(letter_reply::table).values(row).execute(conn)?;
    Ok(())
}

/// Stores the row anew with its revision raised.
pub fn save(conn: &mut AnyConn, row: &ReplyRow) -> Outcome<()> {
    let raised = ReplyRow { revision: row.revision + 1, ..row.clone() };
    diesel::update(letter_reply::table.find(row.id)).set(&raised).execute(conn)?;
    Ok(())
}

/// A reply to a letter.
pub fn find(conn: &mut AnyConn, letter: LetterId, id: ReplyId) -> Outcome<Option<ReplyRow>> {
    let of_letter =
        letter_reply::table.filter(letter_reply::letter_id.eq(letter)).filter(letter_reply::id.eq(id));
    Ok(of_letter.select(ReplyRow::as_select()).first(conn).optional()?)
}

/// The draft of a letter.
pub fn draft_of(conn: &mut AnyConn, letter: LetterId) -> Outcome<Option<ReplyId>> {
    let drafts = letter_reply::table
        .filter(letter_reply::letter_id.eq(letter))
        .filter(letter_reply::state.eq(ReplyState::Draft));
    Ok(drafts.select(letter_reply::id).first(conn).optional()?)
}

/// The replies to letters in the order of sending, drafts last.
pub fn replies(conn: &mut AnyConn, letters: &[LetterId]) -> Outcome<Vec<ReplyRow>> {
    let of_letters = letter_reply::table.filter(letter_reply::letter_id.eq_any(letters.to_vec()));
    let mut rows: Vec<ReplyRow> = of_letters.select(ReplyRow::as_select()).load(conn)?;
    rows.sort_by_key(|row| (row.sent_at.is_none(), row.sent_at, row.id));
    Ok(rows)
}

/// Puts lines in the place of those that a draft has.
pub fn set_lines(conn: &mut AnyConn, id: ReplyId, lines: &[LineRow]) -> Outcome<()> {
    diesel::delete(letter_reply_line::table.filter(letter_reply_line::reply_id.eq(id))).execute(conn)?;
    for chunk in lines.chunks(50) {
        each!(conn, c => diesel::insert_into(letter_reply_line::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// The lines of replies, in the order of the annex.
pub fn lines(conn: &mut AnyConn, ids: &[ReplyId]) -> Outcome<Vec<LineRow>> {
    let of_replies = letter_reply_line::table.filter(letter_reply_line::reply_id.eq_any(ids.to_vec()));
    let order = (letter_reply_line::reply_id, letter_reply_line::row);
    Ok(of_replies.order(order).select(LineRow::as_select()).load(conn)?)
}

/// Writes down what became of a line.
pub fn set_outcome(
    conn: &mut AnyConn,
    line: &LineRow,
    outcome: ReplyOutcome,
    why: Option<&(String, String)>,
) -> Outcome<()> {
    diesel::update(letter_reply_line::table.find((line.reply_id, line.finding_id)))
        .set((
            letter_reply_line::outcome.eq(Some(outcome)),
            letter_reply_line::code.eq(why.map(|(code, _)| code.clone())),
            letter_reply_line::detail.eq(why.map(|(_, detail)| detail.clone())),
        ))
        .execute(conn)?;
    Ok(())
}

/// The lines of a letter's annex as they stand today, in order.
pub fn printed(conn: &mut AnyConn, letter: LetterId) -> Outcome<Vec<Printed>> {
    let rows: Vec<(FindingId, String, State)> = letter_line::table
        .inner_join(finding::table.on(finding::id.eq(letter_line::finding_id)))
        .filter(letter_line::letter_id.eq(letter))
        .order(letter_line::row)
        .select((finding::id, finding::number, finding::state))
        .load(conn)?;
    Ok(rows.into_iter().map(|(finding, number, state)| Printed { finding, number, state }).collect())
}

pub fn insert_file(conn: &mut AnyConn, row: &FileRow) -> Outcome<()> {
    diesel::insert_into(letter_reply_file::table).values(row).execute(conn)?;
    Ok(())
}

pub fn delete_file(conn: &mut AnyConn, id: ReplyFileId) -> Outcome<()> {
    diesel::delete(letter_reply_file::table.find(id)).execute(conn)?;
    Ok(())
}

/// The files of replies, the newest last.
pub fn files(conn: &mut AnyConn, ids: &[ReplyId]) -> Outcome<Vec<FileRow>> {
    let of_replies = letter_reply_file::table.filter(letter_reply_file::reply_id.eq_any(ids.to_vec()));
    let order = (letter_reply_file::added_at, letter_reply_file::id);
    Ok(of_replies.order(order).select(FileRow::as_select()).load(conn)?)
}

/// A file of a reply to a letter, with that reply.
pub fn find_file(
    conn: &mut AnyConn,
    letter: LetterId,
    id: ReplyFileId,
) -> Outcome<Option<(ReplyRow, FileRow)>> {
    Ok(letter_reply_file::table
        .inner_join(letter_reply::table.on(letter_reply::id.eq(letter_reply_file::reply_id)))
        .filter(letter_reply::letter_id.eq(letter))
        .filter(letter_reply_file::id.eq(id))
        .select((ReplyRow::as_select(), FileRow::as_select()))
        .first(conn)
        .optional()?)
}

/// Hashes and lengths of the files behind a hash, in order.
pub fn files_after(conn: &mut AnyConn, after: &str, limit: i64) -> Outcome<Vec<(String, i64)>> {
    let (sha256, length) = (letter_reply_file::sha256, letter_reply_file::length);
    let rows = letter_reply_file::table.filter(sha256.gt(after)).order(sha256).select((sha256, length));
    Ok(rows.distinct().limit(limit).load(conn)?)
}

/// Which of these hashes are a file of a reply.
pub fn files_named(conn: &mut AnyConn, hashes: &[String]) -> Outcome<HashSet<String>> {
    let named = letter_reply_file::table.filter(letter_reply_file::sha256.eq_any(hashes.to_vec()));
    Ok(named.select(letter_reply_file::sha256).load::<String>(conn)?.into_iter().collect())
}

/// What a street is asked to answer.
const ASKING: [LetterKind; 2] = [LetterKind::CampaignReminder, LetterKind::SecondReminder];

/// Delivered letters that no street has answered, by their day; what is withdrawn wants no answer.
/// With `due_before` only those whose day lies before it.
pub fn unanswered(conn: &mut AnyConn, due_before: Option<NaiveDate>) -> Outcome<Vec<LetterRow>> {
    let sent = letter_reply::table
        .filter(letter_reply::letter_id.eq(letter::id))
        .filter(letter_reply::state.eq(ReplyState::Sent));
    let mut query = letter::table
        .filter(letter::state.eq(LetterState::Delivered))
        .filter(letter::kind.eq_any(ASKING))
        .filter(not(exists(sent)))
        .order((letter::reply_due, letter::id))
        .select(LetterRow::as_select())
        .into_boxed::<MultiBackend>();
    if let Some(day) = due_before {
        query = query.filter(letter::reply_due.lt(day));
    }
    let rows: Vec<LetterRow> = query.load(conn)?;
    let gone = withdrawn(conn)?;
    Ok(rows.into_iter().filter(|row| !gone.contains(&row.id)).collect())
}

/// The letters that another has withdrawn.
pub fn withdrawn(conn: &mut AnyConn) -> Outcome<HashSet<LetterId>> {
    let by_others: Vec<Option<LetterId>> = letter::table
        .filter(letter::kind.eq(LetterKind::Withdrawal))
        .filter(letter::state.eq(LetterState::Delivered))
        .select(letter::original_id)
        .load(conn)?;
    Ok(by_others.into_iter().flatten().collect())
}

/// Whether it was told that a letter has no answer.
pub fn is_told(conn: &mut AnyConn, id: LetterId) -> Outcome<bool> {
    let told = letter_event::table
        .filter(letter_event::letter_id.eq(id))
        .filter(letter_event::kind.eq(REPLY_OVERDUE));
    Ok(told.count().get_result::<i64>(conn)? > 0)
}
