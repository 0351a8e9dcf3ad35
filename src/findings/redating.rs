//! What a new calendar does to due dates that rested on a year not yet published: they are reckoned anew from the day of
//! service, by the same rule. A date moves later, never earlier: whoever was told a day may rely on it, and only a clerk
//! could shorten it. A date that was certain, or that a clerk has set, is never touched; nor is that of a settled
//! finding.

use super::deadlines::{Deadline, shifted, suggest};
use super::origin::brigade_due;
use super::record::advance;
use super::side::standstills;
use super::store::{self, FindingRow};
use crate::calendar::rules::WorkCalendar;
use crate::clock::business_date;
use crate::db::{AnyConn, Tx};
use crate::fault::Outcome;
use chrono::NaiveDate;
use serde_json::json;

/// How many findings a new calendar has touched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Redated {
    /// Due later than before.
    pub moved: usize,
    /// The day stays and is certain now.
    pub settled: usize,
    /// Would be due earlier by the new calendar; the later day, which was told, stays.
    pub kept: usize,
}

/// What becomes of a due date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Stays,
    Moved,
    Settled,
    Kept,
}

/// Decides about a provisional date and what it is reckoned to be now: PURE. As long as the new day is provisional too, an
/// earlier one says nothing yet.
fn judge(told: NaiveDate, anew: NaiveDate, provisional: bool) -> Verdict {
    match (anew.cmp(&told), provisional) {
        (std::cmp::Ordering::Greater, _) => Verdict::Moved,
        (std::cmp::Ordering::Equal, false) => Verdict::Settled,
        (std::cmp::Ordering::Less, false) => Verdict::Kept,
        (_, true) => Verdict::Stays,
    }
}

/// Reckons the provisional due dates anew by the calendar that was imported in this transaction.
///
/// # Errors
/// The database's.
pub fn redate(tx: &mut Tx<'_>, calendar: &WorkCalendar) -> Outcome<Redated> {
    let mut done = Redated::default();
    for id in store::provisionally_due(tx.conn())? {
        let Some(row) = store::find_locked(tx.conn(), id)? else { continue };
        match redate_one(tx, row, calendar)? {
            Verdict::Stays => {}
            Verdict::Moved => done.moved += 1,
            Verdict::Settled => done.settled += 1,
            Verdict::Kept => done.kept += 1,
        }
    }
    Ok(done)
}

/// The day as it was told, and as it is reckoned now: from service, moved by every standstill since. The brigade's own day
/// stays the last of a joint finding.
fn reckon(
    conn: &mut AnyConn,
    row: &FindingRow,
    calendar: &WorkCalendar,
) -> Outcome<Option<(NaiveDate, Deadline)>> {
    let (Some(told), Some(served)) = (row.due_on, row.served_at) else { return Ok(None) };
    let mut anew = suggest(business_date(served.0), row.term()?, row.severity, calendar);
    for pause in standstills(conn, row.id)? {
        let moved = shifted(anew.due_on, pause, row.term()?, row.severity, calendar);
        if moved.due_on != anew.due_on {
            anew = Deadline { provisional: anew.provisional || moved.provisional, ..moved };
        }
    }
    if let (true, Some(given)) = (row.joint, brigade_due(conn, row.id)?) {
        anew.due_on = anew.due_on.min(given);
    }
    Ok(Some((told, anew)))
}

fn redate_one(tx: &mut Tx<'_>, mut row: FindingRow, calendar: &WorkCalendar) -> Outcome<Verdict> {
    let Some((told, anew)) = reckon(tx.conn(), &row, calendar)? else { return Ok(Verdict::Stays) };
    let verdict = judge(told, anew.due_on, anew.provisional);
    let (due_on, rule) = match verdict {
        Verdict::Stays => return Ok(verdict),
        Verdict::Kept => (told, format!("{}，推算为 {}，不早于已告知的期限", anew.rule, anew.due_on)),
        Verdict::Moved | Verdict::Settled => (anew.due_on, anew.rule),
    };
    let detail = json!({
        "due_before": told, "due_on": due_on, "reckoned": anew.due_on, "kept": verdict == Verdict::Kept,
        "provisional": anew.provisional, "calendar_version_before": row.calendar_version,
        "calendar_version": anew.calendar_version,
    });
    // As first set, and never moved but by the calendar: what was promised follows it.
    if row.due_original == row.due_on {
        row.due_original = Some(due_on);
    }
    row.due_on = Some(due_on);
    row.due_rule = Some(rule);
    row.calendar_version = Some(anew.calendar_version);
    row.due_provisional = anew.provisional;
    let state = row.state;
    advance(tx, &mut row, "redated", state, Some("工作日历已更新，重新推算整改期限"), &detail)?;
    Ok(verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_moves_later_and_never_earlier() {
        let day = |d| NaiveDate::from_ymd_opt(2027, 1, d).unwrap();
        for (anew, provisional, verdict) in [
            (5, false, Verdict::Moved),
            (5, true, Verdict::Moved),
            (4, false, Verdict::Settled),
            (4, true, Verdict::Stays),
            (2, false, Verdict::Kept),
            (2, true, Verdict::Stays),
        ] {
            assert_eq!(judge(day(4), day(anew), provisional), verdict, "{anew} {provisional}");
        }
    }
}
