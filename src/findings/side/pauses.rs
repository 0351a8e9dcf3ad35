//! What stops the clock: a suspension 停工, dated and never of a 重大 finding, and a dispute. When the clock runs again, the due
//! day moves by as much as it stood still; a day that had passed before stays passed.

use crate::access::Holder;
use crate::checklists::Term;
use crate::clock::business_date;
use crate::db::Tx;
use crate::fault::{Fault, Outcome};
use crate::findings::deadlines::{Pause as Standstill, shifted};
use crate::findings::record::advance;
use crate::findings::rules::{Event, State};
use crate::findings::steps::{ask as ask_table, held};
use crate::findings::store::{self, FindingRow};
use crate::ids::FindingId;
use chrono::NaiveDate;
use serde_json::json;

/// A suspension.
#[derive(Debug, Clone)]
pub struct Pause {
    /// Why, e.g. a typhoon.
    pub reason: String,
    /// The last day of it; the clock runs again on the day after by itself.
    pub until: NaiveDate,
}

/// The longest suspension, in days; it may be followed by another.
const LONGEST: i64 = 60;

/// Notes when the clock stopped and where the finding goes back to.
pub(super) fn stand_still(tx: &Tx<'_>, row: &mut FindingRow, until: Option<NaiveDate>) {
    row.paused_at = Some(tx.ts());
    row.paused_until = until;
    row.resume_to = Some(row.state);
}

/// Lets the clock run on. A suspension is over on the day after its last, also where the server says so later: nobody's due day
/// hangs on when a server was up.
pub(super) fn run_on(tx: &mut Tx<'_>, row: &mut FindingRow) -> Outcome<()> {
    // The brigade's deadline runs on whatever stops ours.
    if let (Some(due_on), Some(from), false) = (row.due_on, row.paused_at, row.joint) {
        let calendar = crate::calendar::load(tx.conn())?;
        let today = business_date(tx.now());
        let over = row.paused_until.and_then(|last| last.succ_opt());
        let until = over.map_or(today, |day| day.min(today));
        let pause = Standstill { from: business_date(from.0), until };
        let days = u16::try_from(row.term_days).map_err(Fault::internal)?;
        let term = Term { days, unit: row.term_unit };
        let moved = shifted(due_on, pause, term, row.severity, &calendar);
        if moved.due_on != due_on {
            row.due_on = Some(moved.due_on);
            row.due_rule = Some(moved.rule);
            row.calendar_version = Some(moved.calendar_version);
            row.due_provisional |= moved.provisional;
        }
    }
    (row.paused_at, row.paused_until, row.resume_to) = (None, None, None);
    Ok(())
}

/// Stops the clock.
///
/// # Errors
/// Missing; a refusal of the table; a day in the past or too far.
pub fn suspend(tx: &mut Tx<'_>, by: &Holder, id: FindingId, pause: &Pause) -> Outcome<()> {
    let mut row = held(tx, by, id)?;
    let next = ask_table(tx, by, &row, Event::Suspend)?;
    let days = (pause.until - business_date(tx.now())).num_days();
    if !(0..=LONGEST).contains(&days) {
        return Err(Fault::invalid("/until", "out_of_range", "暂停须在今天起 60 天之内结束"));
    }
    stand_still(tx, &mut row, Some(pause.until));
    let detail = json!({ "until": pause.until });
    advance(tx, &mut row, Event::Suspend.name(), next.to, Some(&pause.reason), &detail)
}

/// Lets the clock run again before the day that was set.
///
/// # Errors
/// Missing; a refusal of the table.
pub fn resume(tx: &mut Tx<'_>, by: &Holder, id: FindingId, reason: &str) -> Outcome<()> {
    let mut row = held(tx, by, id)?;
    let next = ask_table(tx, by, &row, Event::Resume)?;
    go_on(tx, &mut row, next.to, reason)
}

fn go_on(tx: &mut Tx<'_>, row: &mut FindingRow, to: State, reason: &str) -> Outcome<()> {
    let before = row.due_on;
    run_on(tx, row)?;
    let detail = json!({ "due_before": before, "due_on": row.due_on });
    advance(tx, row, Event::Resume.name(), to, Some(reason), &detail)
}

/// Lets the clock run again for every finding whose suspension is over, at most `limit` at once; gives how many.
///
/// # Errors
/// The database's.
pub fn resume_elapsed(tx: &mut Tx<'_>, limit: i64) -> Outcome<usize> {
    let today = business_date(tx.now());
    let over = store::suspended_until_before(tx.conn(), today, limit)?;
    for id in &over {
        let Some(mut row) = store::find_locked(tx.conn(), *id)? else { continue };
        if row.state != State::Suspended {
            continue;
        }
        let to = row.resume_to.unwrap_or(State::Served);
        go_on(tx, &mut row, to, "暂停期满")?;
    }
    Ok(over.len())
}
