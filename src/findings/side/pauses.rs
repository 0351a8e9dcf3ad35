//! What stops the clock: a suspension 停工, dated and never of a 重大 finding, and a dispute. When the clock runs again, the due
//! day moves by as much as it stood still; a day that had passed before stays passed.

use crate::access::Holder;
use crate::clock::business_date;
use crate::db::{AnyConn, Tx};
use crate::fault::{Fault, Outcome};
use crate::findings::deadlines::{Pause as Standstill, shifted};
use crate::findings::origin::brigade_due;
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
    if let (Some(due_on), Some(from)) = (row.due_on, row.paused_at) {
        let calendar = crate::calendar::load(tx.conn())?;
        let today = business_date(tx.now());
        let pause = Standstill { from: business_date(from.0), until: ran_on(row.paused_until, today) };
        let moved = shifted(due_on, pause, row.term()?, row.severity, &calendar);
        // The brigade's deadline runs on whatever stops ours.
        let brigade = if row.joint { brigade_due(tx.conn(), row.id)? } else { None };
        let day = brigade.map_or(moved.due_on, |given| moved.due_on.min(given.max(due_on)));
        if day != due_on {
            row.due_on = Some(day);
            row.due_rule = Some(moved.rule);
            row.calendar_version = Some(moved.calendar_version);
            row.due_provisional |= moved.provisional;
        }
    }
    (row.paused_at, row.paused_until, row.resume_to) = (None, None, None);
    Ok(())
}

/// The day on which a clock ran again that was seen to run on a day: it may have been set to stand still for less.
fn ran_on(last: Option<NaiveDate>, seen: NaiveDate) -> NaiveDate {
    last.and_then(|last| last.succ_opt()).map_or(seen, |day| day.min(seen))
}

/// When the clock of a finding stood still up to now, as its history tells; a standstill that lasts is left out.
pub(in crate::findings) fn standstills(conn: &mut AnyConn, id: FindingId) -> Outcome<Vec<Standstill>> {
    let events = store::events(conn, id)?;
    let mut untils = events.iter().filter(|e| e.kind == Event::Suspend.name()).map(|e| {
        let detail: serde_json::Value = serde_json::from_str(&e.detail).unwrap_or_default();
        detail["until"].as_str().and_then(|day| day.parse().ok())
    });
    let mut found = vec![];
    for interval in store::intervals(conn, id)? {
        let last = match interval.state {
            State::Suspended => untils.next().flatten(),
            State::Disputed => None,
            _ => continue,
        };
        if let Some(to) = interval.to_at {
            let (from, seen) = (business_date(interval.from_at.0), business_date(to.0));
            found.push(Standstill { from, until: ran_on(last, seen) });
        }
    }
    Ok(found)
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

/// Findings whose suspension is over on a day, by id, at most `limit` after one.
///
/// # Errors
/// The database's.
pub fn elapsed(
    conn: &mut AnyConn,
    today: NaiveDate,
    after: Option<FindingId>,
    limit: i64,
) -> Outcome<Vec<FindingId>> {
    store::suspended_until_before(conn, today, after, limit)
}

/// Lets the clock run again for a finding whose suspension is over; tells whether it did.
///
/// # Errors
/// The database's.
pub fn resume_elapsed(tx: &mut Tx<'_>, id: FindingId) -> Outcome<bool> {
    let today = business_date(tx.now());
    let over =
        |row: &FindingRow| row.state == State::Suspended && row.paused_until.is_some_and(|last| last < today);
    let Some(mut row) = store::find_locked(tx.conn(), id)?.filter(over) else { return Ok(false) };
    let to = row.resume_to.unwrap_or(State::Served);
    go_on(tx, &mut row, to, "暂停期满")?;
    Ok(true)
}
