//! The tick: every finding whose deadline runs is looked at, some at a time by id. A look reads; where it finds something
//! due, one transaction locks those findings, looks again and writes each mark with what it does. Killed anywhere, it has
//! done some findings wholly and the others not at all, and the next tick does the rest; two at once do nothing twice,
//! because a mark is unique. No lease is needed for that; the lease of the job only saves the work.

use super::drafts;
use super::facts::{Almanac, facts_of};
use super::rules::Due;
use super::store::{self, MarkRow};
use super::{MarkResult, telling};
use crate::clock::business_date;
use crate::db::{AnyConn, Db, Stamp, Tx};
use crate::fault::{Fault, Outcome};
use crate::findings::side::{elapsed, resume_elapsed};
use crate::findings::store::{FindingRow, find_locked};
use crate::ids::{FindingId, StepId};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeSet;

/// How much of the work is done.
#[derive(Debug, Clone, Copy)]
pub struct Portion {
    /// Findings a transaction.
    pub batch: i64,
    /// Batches at the most; all unless given.
    pub batches: Option<usize>,
}

impl Default for Portion {
    fn default() -> Self {
        Self { batch: 100, batches: None }
    }
}

/// What a tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Suspensions that ended.
    pub resumed: usize,
    /// Findings looked at.
    pub looked: usize,
    /// Marks written.
    pub marked: usize,
}

/// Ends suspensions that are over, marks what is due at `now`, and tidies the drafted steps.
///
/// # Errors
/// The database's; what was done stays.
pub fn tick(db: &Db, now: DateTime<Utc>, portion: Portion) -> Outcome<Ticked> {
    let today = business_date(now);
    let mut failed = None;
    let mut ticked = Ticked { resumed: resume(db, now, portion.batch, &mut failed)?, ..Ticked::default() };
    let (mut after, mut batches) = (None, 0);
    while portion.batches.is_none_or(|most| batches < most) {
        let seen = db.read_now(move |conn| look(conn, today, after, portion.batch))?;
        ticked.looked += seen.count;
        if !seen.waiting.is_empty() {
            ticked.marked += mark_batch(db, now, &seen.waiting, &mut failed);
        }
        after = seen.last;
        if after.is_none() {
            tidy(db, now, &mut failed)?;
            break;
        }
        batches += 1;
    }
    failed.map_or(Ok(ticked), Err)
}

/// Marks a batch in one transaction; where that fails, one finding at a time, so that one keeps no other from its marks.
fn mark_batch(db: &Db, now: DateTime<Utc>, ids: &[FindingId], failed: &mut Option<Fault>) -> usize {
    let today = business_date(now);
    let mark = |ids: Vec<FindingId>| {
        db.write_now(Stamp::system("clock", now), "clock.mark", move |tx| mark_all(tx, today, &ids))
    };
    match mark(ids.to_vec()) {
        Ok(marked) => marked,
        Err(fault) if ids.len() < 2 => note(failed, fault, ids),
        Err(_) => ids.iter().map(|id| mark(vec![*id]).unwrap_or_else(|fault| note(failed, fault, id))).sum(),
    }
}

/// Keeps the first of what failed.
fn note(failed: &mut Option<Fault>, fault: Fault, what: impl std::fmt::Debug) -> usize {
    tracing::error!(?what, why = fault.for_log(), "the clock could not do its work");
    failed.get_or_insert(fault);
    0
}

fn resume(db: &Db, now: DateTime<Utc>, batch: i64, failed: &mut Option<Fault>) -> Outcome<usize> {
    let (mut resumed, today, mut after) = (0, business_date(now), None);
    loop {
        let over = db.read_now(|conn| elapsed(conn, today, after, batch))?;
        let full = i64::try_from(over.len()).is_ok_and(|n| n == batch);
        after = over.last().copied();
        for id in over {
            let done = db.write_now(Stamp::system("clock", now), "clock.resume", move |tx| {
                let resumed = resume_elapsed(tx, id)?;
                if !resumed {
                    tx.housekeeping();
                }
                Ok(usize::from(resumed))
            });
            resumed += done.unwrap_or_else(|fault| note(failed, fault, id));
        }
        if !full {
            return Ok(resumed);
        }
    }
}

fn tidy(db: &Db, now: DateTime<Utc>, failed: &mut Option<Fault>) -> Outcome<()> {
    for id in db.read_now(store::with_fallen)? {
        let stamp = Stamp::system("clock", now);
        if let Err(fault) = db.write_now(stamp, "clock.tidy", move |tx| drafts::tidy(tx, id)) {
            note(failed, fault, id);
        }
    }
    Ok(())
}

/// What a look found.
struct Seen {
    count: usize,
    /// Findings for which something is due.
    waiting: Vec<FindingId>,
    /// Where the next look begins; none after the last.
    last: Option<FindingId>,
}

fn look(conn: &mut AnyConn, today: NaiveDate, after: Option<FindingId>, batch: i64) -> Outcome<Seen> {
    let almanac = Almanac::read(conn, today)?;
    let day = almanac.day();
    let rows = store::candidates(conn, &day, after, batch)?;
    let ids: Vec<FindingId> = rows.iter().map(|row| row.id).collect();
    let known = store::known(conn, &ids)?;
    let (nothing, mut waiting) = (BTreeSet::new(), vec![]);
    for row in &rows {
        let facts = facts_of(conn, row, today)?;
        if !day.due(&facts, known.get(&row.id).unwrap_or(&nothing)).is_empty() {
            waiting.push(row.id);
        }
    }
    let full = i64::try_from(rows.len()).is_ok_and(|n| n == batch);
    Ok(Seen { count: rows.len(), waiting, last: ids.last().copied().filter(|_| full) })
}

/// Looks again at findings, locked, and marks what is still due; gives how many marks that were.
fn mark_all(tx: &mut Tx<'_>, today: NaiveDate, ids: &[FindingId]) -> Outcome<usize> {
    let almanac = Almanac::read(tx.conn(), today)?;
    let day = almanac.day();
    let (mut marked, mut drafted) = (0, BTreeSet::new());
    for id in ids {
        let Some(row) = find_locked(tx.conn(), *id)? else { continue };
        let known = store::known(tx.conn(), &[*id])?.remove(id).unwrap_or_default();
        let facts = facts_of(tx.conn(), &row, today)?;
        for due in day.due(&facts, &known) {
            drafted.extend(mark(tx, &row, &due)?);
            marked += 1;
        }
    }
    for id in drafted {
        if let Some(draft) = store::step(tx.conn(), id)? {
            let findings = store::members(tx.conn(), id)?.len();
            telling::of_draft(tx, &draft, findings)?;
        }
    }
    if marked == 0 {
        tx.housekeeping();
    }
    Ok(marked)
}

/// Writes a mark with what it does; gives the draft that it began.
fn mark(tx: &mut Tx<'_>, row: &FindingRow, due: &Due<'_>) -> Outcome<Option<StepId>> {
    let drafted = match due.step.filter(|_| due.result == MarkResult::Fired) {
        Some(step) => Some(drafts::put(tx, row, due.key.due_on, step)?),
        None => None,
    };
    let at = tx.ts();
    store::insert_mark(tx.conn(), &MarkRow::of(row.id, due, at, drafted.map(|(id, _)| id)))?;
    telling::of_mark(tx, row, due)?;
    Ok(drafted.filter(|(_, new)| *new).map(|(id, _)| id))
}
