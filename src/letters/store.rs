//! Rows and queries of letters.

mod dispatch;
mod edits;

pub use dispatch::*;
pub use edits::*;

use super::kind::LetterKind;
use super::rules::LetterState;
use super::view::Reader;
use crate::access::Places;
use crate::db::connection::each;
use crate::db::schema::{finding, letter, letter_batch, letter_event, letter_line};
use crate::db::{AnyConn, MultiBackend, Ts, Tx};
use crate::fault::Outcome;
use crate::ids::{AreaId, BatchId, CampaignId, FindingId, LetterId, UserId};
use chrono::NaiveDate;
use diesel::dsl::IsNull;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use std::collections::HashSet;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = letter, check_for_backend(MultiBackend))]
pub struct LetterRow {
    pub id: LetterId,
    pub batch_id: BatchId,
    pub campaign_id: CampaignId,
    pub street_id: AreaId,
    pub kind: LetterKind,
    pub round: i32,
    pub state: LetterState,
    pub reply_due: NaiveDate,
    pub as_of: Option<Ts>,
    pub snapshot: Option<String>,
    pub facts_sha256: Option<String>,
    pub drafted_by: UserId,
    /// The clerk in charge, who drafted it or took it over.
    pub clerk_id: Option<UserId>,
    pub submitted_by: Option<UserId>,
    pub submitted_for: Option<UserId>,
    pub submitted_at: Option<Ts>,
    pub approved_by: Option<UserId>,
    pub approved_for: Option<UserId>,
    pub approved_at: Option<Ts>,
    pub issued_by: Option<UserId>,
    pub issued_for: Option<UserId>,
    pub issued_at: Option<Ts>,
    pub series: Option<String>,
    pub year: Option<i32>,
    pub seq: Option<i32>,
    pub number: Option<String>,
    pub document_sha256: Option<String>,
    pub document_length: Option<i64>,
    pub document_at: Option<Ts>,
    /// The letter that this one corrects, withdraws or stands instead of.
    pub original_id: Option<LetterId>,
    /// The operator that it goes to; the street office where there is none.
    pub operator: Option<String>,
    /// What a person said for it, as JSON.
    pub terms: Option<String>,
    /// The template and fonts that it was issued with, as JSON.
    pub made_with: Option<String>,
    /// Why it may go out although its reply date has passed.
    pub late_reply_reason: Option<String>,
    /// Why it may hold what looks like a person's name.
    pub names_reason: Option<String>,
    pub created_at: Ts,
    pub revision: i32,
}

/// What a new letter begins with.
pub struct New {
    pub batch: BatchId,
    pub campaign: CampaignId,
    pub street: AreaId,
    pub kind: LetterKind,
    pub round: i32,
    pub reply_due: NaiveDate,
    pub drafter: UserId,
    pub at: Ts,
}

impl LetterRow {
    /// Its addressee would have to answer before it has the letter, and nobody has said why.
    pub fn asks_too_late(&self, today: NaiveDate) -> bool {
        self.kind.asks_too_late(self.reply_due, today, self.late_reply_reason.is_some())
    }

    /// A draft.
    pub fn drafted(id: LetterId, new: &New) -> Self {
        Self {
            id,
            batch_id: new.batch,
            campaign_id: new.campaign,
            street_id: new.street,
            kind: new.kind,
            round: new.round,
            state: LetterState::Draft,
            reply_due: new.reply_due,
            as_of: None,
            snapshot: None,
            facts_sha256: None,
            drafted_by: new.drafter,
            clerk_id: Some(new.drafter),
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
            operator: None,
            terms: None,
            made_with: None,
            late_reply_reason: None,
            names_reason: None,
            created_at: new.at,
            revision: 1,
        }
    }

    /// It goes to the street office and to no operator: the street reads it in its inbox and may answer.
    pub fn is_to_street(&self) -> bool {
        self.operator.is_none()
    }
}

/// The number of the next letter of a kind for a street of a campaign, from 1.
pub fn next_round(
    conn: &mut AnyConn,
    campaign: CampaignId,
    street: AreaId,
    kind: LetterKind,
) -> Outcome<i32> {
    let newest: Option<i32> = letter::table
        .filter(letter::campaign_id.eq(campaign))
        .filter(letter::street_id.eq(street))
        .filter(letter::kind.eq(kind))
        .select(diesel::dsl::max(letter::round))
        .first(conn)?;
    Ok(newest.unwrap_or(0) + 1)
}

/// The letters that speak of a letter, in the order of their drafting.
pub fn followers(conn: &mut AnyConn, ids: &[LetterId]) -> Outcome<Vec<LetterRow>> {
    let of_these =
        letter::table.filter(letter::original_id.eq_any(ids.iter().copied().map(Some).collect::<Vec<_>>()));
    Ok(of_these.order(letter::id).select(LetterRow::as_select()).load(conn)?)
}

pub fn insert_batch(
    conn: &mut AnyConn,
    id: BatchId,
    campaign: CampaignId,
    kind: LetterKind,
    round: i32,
    by: UserId,
    at: Ts,
) -> Outcome<()> {
    diesel::insert_into(letter_batch::table)
        .values((
            letter_batch::id.eq(id),
            letter_batch::campaign_id.eq(campaign),
            letter_batch::kind.eq(kind),
            letter_batch::round.eq(round),
            letter_batch::created_by.eq(by),
            letter_batch::created_at.eq(at),
        ))
        .execute(conn)?;
    Ok(())
}

pub fn insert(conn: &mut AnyConn, row: &LetterRow) -> Outcome<()> {
    diesel::insert_into(letter::table).values(row).execute(conn)?;
    Ok(())
}

/// The streets that have a campaign's reminder.
pub fn drafted(conn: &mut AnyConn, campaign: CampaignId) -> Outcome<HashSet<AreaId>> {
    let same = letter::table
        .filter(letter::campaign_id.eq(campaign))
        .filter(letter::kind.eq(LetterKind::CampaignReminder));
    let streets: Vec<AreaId> = same.select(letter::street_id).load(conn)?;
    Ok(streets.into_iter().collect())
}

pub fn find(conn: &mut AnyConn, id: LetterId) -> Outcome<Option<LetterRow>> {
    Ok(letter::table.find(id).select(LetterRow::as_select()).first(conn).optional()?)
}

/// A letter, its row locked on PostgreSQL until the transaction ends.
pub fn find_locked(conn: &mut AnyConn, id: LetterId) -> Outcome<Option<LetterRow>> {
    if let AnyConn::Pg(c) = conn {
        let lock = letter::table.find(id).select(letter::id).for_update();
        lock.first::<LetterId>(c).optional()?;
    }
    find(conn, id)
}

/// Which letters.
#[derive(Debug, Clone, Default)]
pub struct LetterFilter {
    pub campaign: Option<CampaignId>,
    pub state: Option<LetterState>,
}

type Seen = Box<dyn BoxableExpression<letter::table, MultiBackend, SqlType = Bool>>;

fn in_streets(places: &Places) -> Seen {
    if places.all {
        return Box::new(letter::kind.is_not_null());
    }
    Box::new(letter::street_id.eq_any(places.streets.iter().copied().collect::<Vec<_>>()))
}

/// What [`LetterRow::is_to_street`] says, for a query.
pub fn to_street() -> IsNull<letter::operator> {
    letter::operator.is_null()
}

pub fn list(
    conn: &mut AnyConn,
    reader: &Reader,
    filter: &LetterFilter,
    after: Option<LetterId>,
    limit: i64,
) -> Outcome<Vec<LetterRow>> {
    let delivered: Seen = Box::new(
        letter::state.eq(LetterState::Delivered).and(to_street()).and(in_streets(&reader.addressed)),
    );
    let seen: Seen = Box::new(in_streets(&reader.inside).or(delivered));
    let mut query = letter::table.filter(seen).select(LetterRow::as_select()).into_boxed::<MultiBackend>();
    if let Some(campaign) = filter.campaign {
        query = query.filter(letter::campaign_id.eq(campaign));
    }
    if let Some(state) = filter.state {
        query = query.filter(letter::state.eq(state));
    }
    if let Some(after) = after {
        query = query.filter(letter::id.gt(after));
    }
    Ok(query.order(letter::id).limit(limit).load(conn)?)
}

/// Stores the row anew with its revision raised.
pub fn save(conn: &mut AnyConn, row: &LetterRow) -> Outcome<()> {
    let r = row.clone();
    diesel::update(letter::table.find(r.id))
        .set((
            (
                letter::state.eq(r.state),
                letter::reply_due.eq(r.reply_due),
                letter::as_of.eq(r.as_of),
                letter::snapshot.eq(r.snapshot),
                letter::facts_sha256.eq(r.facts_sha256),
                letter::submitted_by.eq(r.submitted_by),
                letter::submitted_for.eq(r.submitted_for),
                letter::submitted_at.eq(r.submitted_at),
                letter::approved_by.eq(r.approved_by),
                letter::approved_for.eq(r.approved_for),
                letter::approved_at.eq(r.approved_at),
                letter::issued_by.eq(r.issued_by),
                letter::issued_for.eq(r.issued_for),
                letter::issued_at.eq(r.issued_at),
            ),
            (
                letter::series.eq(r.series),
                letter::year.eq(r.year),
                letter::seq.eq(r.seq),
                letter::number.eq(r.number),
                letter::document_sha256.eq(r.document_sha256),
                letter::document_length.eq(r.document_length),
                letter::document_at.eq(r.document_at),
                letter::made_with.eq(r.made_with),
                letter::late_reply_reason.eq(r.late_reply_reason),
                letter::names_reason.eq(r.names_reason),
                letter::revision.eq(letter::revision + 1),
            ),
        ))
        .execute(conn)?;
    Ok(())
}

/// The event that says that nobody has received a letter in time.
pub const UNACKNOWLEDGED: &str = "unacknowledged";

/// States before the issue, in which somebody has still to do with the letter.
const UNISSUED: [LetterState; 4] =
    [LetterState::Draft, LetterState::InReview, LetterState::Returned, LetterState::Approved];

/// The letters in a clerk's charge that are not issued yet, in the order of their drafting.
pub fn in_charge_of(conn: &mut AnyConn, clerk: UserId) -> Outcome<Vec<LetterRow>> {
    let open = letter::table.filter(letter::clerk_id.eq(clerk)).filter(letter::state.eq_any(UNISSUED));
    Ok(open.order(letter::id).select(LetterRow::as_select()).load(conn)?)
}

/// Puts a letter into a clerk's charge.
pub fn set_clerk(conn: &mut AnyConn, id: LetterId, clerk: UserId) -> Outcome<()> {
    diesel::update(letter::table.find(id))
        .set((letter::clerk_id.eq(Some(clerk)), letter::revision.eq(letter::revision + 1)))
        .execute(conn)?;
    Ok(())
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = letter_line)]
struct LineRow {
    letter_id: LetterId,
    row: i32,
    finding_id: FindingId,
}

/// Replaces the findings that a letter prints, in order.
pub fn set_lines(conn: &mut AnyConn, id: LetterId, findings: &[FindingId]) -> Outcome<()> {
    diesel::delete(letter_line::table.filter(letter_line::letter_id.eq(id))).execute(conn)?;
    let rows: Vec<LineRow> = (1..)
        .zip(findings)
        .map(|(row, finding_id)| LineRow { letter_id: id, row, finding_id: *finding_id })
        .collect();
    for chunk in rows.chunks(200) {
        each!(conn, c => diesel::insert_into(letter_line::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// The findings that a letter prints, in order.
pub fn lines(conn: &mut AnyConn, id: LetterId) -> Outcome<Vec<FindingId>> {
    let of_letter = letter_line::table.filter(letter_line::letter_id.eq(id)).order(letter_line::row);
    Ok(of_letter.select(letter_line::finding_id).load(conn)?)
}

/// The numbers of the findings that letters print, in order.
pub fn line_numbers(conn: &mut AnyConn, ids: &[LetterId]) -> Outcome<Vec<(LetterId, String)>> {
    Ok(letter_line::table
        .inner_join(finding::table.on(finding::id.eq(letter_line::finding_id)))
        .filter(letter_line::letter_id.eq_any(ids.to_vec()))
        .order((letter_line::letter_id, letter_line::row))
        .select((letter_line::letter_id, finding::number))
        .load(conn)?)
}

/// Why the steps of letters were taken, each with its kind, the last of a kind last.
pub fn reasons(conn: &mut AnyConn, ids: &[LetterId]) -> Outcome<Vec<(LetterId, String, Option<String>)>> {
    let of_letters = letter_event::table.filter(letter_event::letter_id.eq_any(ids.to_vec()));
    Ok(of_letters
        .order((letter_event::letter_id, letter_event::seq))
        .select((letter_event::letter_id, letter_event::kind, letter_event::reason))
        .load(conn)?)
}

/// Adds a line to a letter's history.
pub fn insert_event(
    tx: &mut Tx<'_>,
    id: LetterId,
    kind: &str,
    who: &str,
    reason: Option<&str>,
) -> Outcome<()> {
    let (at, actor) = (tx.ts(), tx.actor().user());
    let of_letter = letter_event::table.filter(letter_event::letter_id.eq(id));
    let count: i64 = of_letter.count().get_result(tx.conn())?;
    let seq = i32::try_from(count).unwrap_or(i32::MAX) + 1;
    diesel::insert_into(letter_event::table)
        .values((
            letter_event::letter_id.eq(id),
            letter_event::seq.eq(seq),
            letter_event::at.eq(at),
            letter_event::kind.eq(kind),
            letter_event::actor_id.eq(actor),
            letter_event::actor_name.eq(who),
            letter_event::reason.eq(reason),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Hashes and lengths of the documents behind a hash, in order.
pub fn documents_after(conn: &mut AnyConn, after: &str, limit: i64) -> Outcome<Vec<(String, i64)>> {
    let (sha256, length) = (letter::document_sha256, letter::document_length);
    let rows = letter::table.filter(sha256.gt(after)).order(sha256).limit(limit);
    Ok(rows.select((sha256.assume_not_null(), length.assume_not_null())).load(conn)?)
}

/// Which of these hashes are a letter's document.
pub fn documents_named(conn: &mut AnyConn, hashes: &[String]) -> Outcome<HashSet<String>> {
    let sha256 = letter::document_sha256;
    let rows = letter::table.filter(sha256.eq_any(hashes.to_vec())).select(sha256.assume_not_null());
    Ok(rows.load(conn)?.into_iter().collect())
}
