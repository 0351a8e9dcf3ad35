//! Rows and queries of marks and drafted steps.

use super::rules::{Day, Due, Key, horizon};
use super::{Dropped, Mark, MarkResult, StepState};
use crate::access::Places;
use crate::db::schema::{clock_mark, finding, letter, letter_delivery, letter_line, step_draft, step_member};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::findings::rules::State;
use crate::findings::store::FindingRow;
use crate::ids::{AreaId, CampaignId, FacilityId, FindingId, LetterId, MeetingId, StepId, UserId};
use crate::letters::rules::LetterState;
use crate::letters::store::LetterRow;
use crate::settings::{Addressee, StepKind};
use chrono::NaiveDate;
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Findings that a day can have to do with, by id.
pub fn candidates(
    conn: &mut AnyConn,
    day: &Day<'_>,
    after: Option<FindingId>,
    limit: i64,
) -> Outcome<Vec<FindingRow>> {
    let advice = finding::state.eq(State::Open).and(finding::third_party.eq(true));
    let running = finding::state.eq_any(State::RUNNING).and(finding::due_on.le(horizon(day)));
    // A stage may be due long before the whole.
    let staged = finding::state.eq(State::LongTerm);
    let mut query = finding::table
        .filter(advice.or(running).or(staged))
        .select(FindingRow::as_select())
        .into_boxed::<MultiBackend>();
    if let Some(after) = after {
        query = query.filter(finding::id.gt(after));
    }
    Ok(query.order(finding::id).limit(limit).load(conn)?)
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = clock_mark, check_for_backend(MultiBackend))]
pub struct MarkRow {
    pub finding_id: FindingId,
    pub mark: Mark,
    pub days: i32,
    pub stage: i32,
    pub due_on: NaiveDate,
    pub outcome: MarkResult,
    pub fires_on: NaiveDate,
    pub provisional: bool,
    pub marked_at: Ts,
    pub draft_id: Option<StepId>,
}

impl MarkRow {
    pub fn of(finding_id: FindingId, due: &Due<'_>, marked_at: Ts, draft_id: Option<StepId>) -> Self {
        let Key { mark, days, stage, due_on } = due.key;
        let (outcome, fires_on, provisional) = (due.result, due.fires_on, due.provisional);
        Self { finding_id, mark, days, stage, due_on, outcome, fires_on, provisional, marked_at, draft_id }
    }

    pub fn key(&self) -> Key {
        Key { mark: self.mark, days: self.days, stage: self.stage, due_on: self.due_on }
    }
}

pub fn insert_mark(conn: &mut AnyConn, row: &MarkRow) -> Outcome<()> {
    diesel::insert_into(clock_mark::table).values(row).execute(conn)?;
    Ok(())
}

/// The marks of findings, in the order in which they came due.
pub fn marks(conn: &mut AnyConn, ids: &[FindingId]) -> Outcome<Vec<MarkRow>> {
    Ok(clock_mark::table
        .filter(clock_mark::finding_id.eq_any(ids.to_vec()))
        .order((
            clock_mark::fires_on,
            clock_mark::marked_at,
            clock_mark::mark,
            clock_mark::stage,
            clock_mark::days.desc(),
        ))
        .select(MarkRow::as_select())
        .load(conn)?)
}

/// What findings are already marked with.
pub fn known(conn: &mut AnyConn, ids: &[FindingId]) -> Outcome<BTreeMap<FindingId, BTreeSet<Key>>> {
    let mut known: BTreeMap<FindingId, BTreeSet<Key>> = BTreeMap::new();
    for row in marks(conn, ids)? {
        known.entry(row.finding_id).or_default().insert(row.key());
    }
    Ok(known)
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = step_draft, check_for_backend(MultiBackend), treat_none_as_null = true)]
pub struct StepRow {
    pub id: StepId,
    pub kind: StepKind,
    pub addressee: Addressee,
    pub addressee_name: String,
    /// Of a step to or about a street, the street.
    pub street_id: Option<AreaId>,
    pub campaign_id: Option<CampaignId>,
    /// What makes findings stand in one draft.
    pub group_key: String,
    pub state: StepState,
    /// As it was when it was taken up.
    pub text: Option<String>,
    pub drafted_at: Ts,
    pub decided_by: Option<UserId>,
    pub decided_at: Option<Ts>,
    pub note: Option<String>,
    pub letter_number: Option<String>,
    /// The letter that was named, of which this is the number.
    pub letter_id: Option<LetterId>,
    pub meeting_id: Option<MeetingId>,
    pub revision: i32,
}

pub fn insert_step(conn: &mut AnyConn, row: &StepRow) -> Outcome<()> {
    diesel::insert_into(step_draft::table).values(row).execute(conn)?;
    Ok(())
}

pub fn save_step(conn: &mut AnyConn, row: &StepRow) -> Outcome<()> {
    diesel::update(step_draft::table.find(row.id)).set(row).execute(conn)?;
    Ok(())
}

pub fn step(conn: &mut AnyConn, id: StepId) -> Outcome<Option<StepRow>> {
    Ok(step_draft::table.find(id).select(StepRow::as_select()).first(conn).optional()?)
}

/// A drafted step, its row locked on PostgreSQL until the transaction ends.
pub fn step_locked(conn: &mut AnyConn, id: StepId) -> Outcome<Option<StepRow>> {
    if let AnyConn::Pg(c) = conn {
        let lock = step_draft::table.find(id).select(step_draft::id).for_update();
        lock.first::<StepId>(c).optional()?;
    }
    step(conn, id)
}

/// The draft of a group that still grows; there is at most one.
pub fn open_step(conn: &mut AnyConn, group_key: &str) -> Outcome<Option<StepRow>> {
    Ok(step_draft::table
        .filter(step_draft::group_key.eq(group_key))
        .filter(step_draft::state.eq(StepState::Drafted))
        .select(StepRow::as_select())
        .first(conn)
        .optional()?)
}

/// The steps that a meeting answers.
pub fn steps_of_meeting(conn: &mut AnyConn, id: MeetingId) -> Outcome<Vec<StepId>> {
    let of_meeting = step_draft::table.filter(step_draft::meeting_id.eq(id));
    Ok(of_meeting.order(step_draft::id).select(step_draft::id).load(conn)?)
}

/// Whether a letter was named when a step of a group was taken up.
pub fn is_named(conn: &mut AnyConn, id: LetterId, group_key: &str) -> Outcome<bool> {
    let by_a_step =
        step_draft::table.filter(step_draft::letter_id.eq(id)).filter(step_draft::group_key.eq(group_key));
    Ok(by_a_step.count().get_result::<i64>(conn)? > 0)
}

/// The delivered letters that print one of these findings, each with the moment of its delivery, the newest first.
pub fn printing(conn: &mut AnyConn, findings: &[FindingId]) -> Outcome<Vec<(LetterRow, Ts)>> {
    let line = letter_line::table
        .filter(letter_line::letter_id.eq(letter::id))
        .filter(letter_line::finding_id.eq_any(findings.to_vec()));
    Ok(letter::table
        .inner_join(letter_delivery::table.on(letter_delivery::letter_id.eq(letter::id)))
        .filter(letter::state.eq(LetterState::Delivered))
        .filter(exists(line))
        .order((letter_delivery::delivered_at.desc(), letter::id.desc()))
        .select((LetterRow::as_select(), letter_delivery::delivered_at))
        .load(conn)?)
}

/// Which drafted steps.
#[derive(Debug, Clone, Default)]
pub struct StepFilter {
    /// Only in this state.
    pub state: Option<StepState>,
    /// Only of this kind.
    pub kind: Option<StepKind>,
    /// Only those about a finding in this street.
    pub street_id: Option<AreaId>,
}

/// Drafted steps of which every finding is within places, newest first.
pub fn steps(
    conn: &mut AnyConn,
    places: &Places,
    filter: &StepFilter,
    after: Option<StepId>,
    limit: i64,
) -> Outcome<Vec<StepRow>> {
    let mut query = step_draft::table.select(StepRow::as_select()).into_boxed::<MultiBackend>();
    if !places.all {
        let streets: Vec<AreaId> = places.streets.iter().copied().collect();
        let facilities: Vec<FacilityId> = places.facilities.iter().copied().collect();
        let within = step_member::street_id.eq_any(streets).or(step_member::facility_id.eq_any(facilities));
        let outside = step_member::table.filter(step_member::draft_id.eq(step_draft::id)).filter(not(within));
        query = query.filter(not(exists(outside)));
    }
    if let Some(state) = filter.state {
        query = query.filter(step_draft::state.eq(state));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(step_draft::kind.eq(kind));
    }
    if let Some(street) = filter.street_id {
        let there = step_member::table
            .filter(step_member::draft_id.eq(step_draft::id))
            .filter(step_member::street_id.eq(street));
        query = query.filter(exists(there));
    }
    if let Some(after) = after {
        query = query.filter(step_draft::id.lt(after));
    }
    Ok(query.order(step_draft::id.desc()).limit(limit).load(conn)?)
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = step_member, check_for_backend(MultiBackend), primary_key(draft_id, finding_id))]
#[diesel(treat_none_as_null = true)]
pub struct MemberRow {
    pub draft_id: StepId,
    pub finding_id: FindingId,
    pub street_id: AreaId,
    pub facility_id: FacilityId,
    /// The due day for which it came in.
    pub due_on: NaiveDate,
    pub added_at: Ts,
    pub dropped_at: Option<Ts>,
    pub dropped_why: Option<Dropped>,
}

/// Puts a finding into a draft; one that was dropped from it comes in again.
pub fn put_member(conn: &mut AnyConn, row: &MemberRow) -> Outcome<()> {
    let at = step_member::table.find((row.draft_id, row.finding_id));
    if diesel::update(at).set(row).execute(conn)? == 0 {
        diesel::insert_into(step_member::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// The findings of a step with their rows as they stand, by number.
pub fn members(conn: &mut AnyConn, id: StepId) -> Outcome<Vec<(MemberRow, FindingRow)>> {
    Ok(step_member::table
        .inner_join(finding::table.on(finding::id.eq(step_member::finding_id)))
        .filter(step_member::draft_id.eq(id))
        .order((finding::number, finding::id))
        .select((MemberRow::as_select(), FindingRow::as_select()))
        .load(conn)?)
}

/// Drafts that hold a finding that belongs there no more.
pub fn with_fallen(conn: &mut AnyConn) -> Outcome<Vec<StepId>> {
    let fallen = finding::state.eq_any(State::SETTLED).or(finding::due_on.ne(step_member::due_on.nullable()));
    let ids: Vec<StepId> = step_draft::table
        .inner_join(step_member::table.on(step_member::draft_id.eq(step_draft::id)))
        .inner_join(finding::table.on(finding::id.eq(step_member::finding_id)))
        .filter(step_draft::state.eq(StepState::Drafted))
        .filter(step_member::dropped_at.is_null())
        .filter(fallen)
        .order(step_draft::id)
        .select(step_draft::id)
        .load(conn)?;
    Ok(ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect())
}
