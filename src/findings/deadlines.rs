//! When a finding is due: PURE. The deadline starts at service; the day of service is not counted (民法典第二百零一条); the
//! last day rolls forward over rest days for 一般 and 较大 (民法典第二百零三条), never for 重大 and never for 立即整改. What is
//! computed is a suggestion that the clerk confirms.

use crate::calendar::rules::{Reckoned, WorkCalendar};
use crate::checklists::{Severity, Term, TermUnit};
use crate::clock::business_date;
use chrono::{DateTime, Days, NaiveDate, Utc};

/// A suggested due date and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// Last day to rectify; overdue begins at 00:00 Asia/Shanghai of the day after.
    pub due_on: NaiveDate,
    /// The rule in words.
    pub rule: String,
    /// The calendar that it was reckoned by.
    pub calendar_version: String,
    /// It touches a year whose holidays are not published.
    pub provisional: bool,
}

/// The due date of a finding served on `served_on`.
pub fn suggest(served_on: NaiveDate, term: Term, severity: Severity, calendar: &WorkCalendar) -> Deadline {
    let calendar_version = calendar.version().to_string();
    if term.days == 0 {
        let rule = "立即整改，送达当日到期".to_string();
        return Deadline { due_on: served_on, rule, calendar_version, provisional: false };
    }
    let last = match term.unit {
        TermUnit::WorkingDay => calendar.add_working_days(served_on, term.days),
        TermUnit::CalendarDay => Reckoned {
            value: served_on.checked_add_days(Days::new(u64::from(term.days))).unwrap_or(NaiveDate::MAX),
            provisional: false,
        },
    };
    let counted = format!("自送达次日起{}{}", term.days, term.unit.label());
    if severity == Severity::Major {
        let rule = format!("{counted}，重大问题不顺延");
        return Deadline { due_on: last.value, rule, calendar_version, provisional: last.provisional };
    }
    let rolled = calendar.roll_forward(last.value);
    let moved = if rolled.value == last.value { "" } else { "，末日为休息日顺延" };
    let provisional = last.provisional || rolled.provisional;
    Deadline { due_on: rolled.value, rule: format!("{counted}{moved}"), calendar_version, provisional }
}

/// When the clock stood still: from a day until a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// The day on which it stopped.
    pub from: NaiveDate,
    /// The day on which it ran again.
    pub until: NaiveDate,
}

/// The due date after a pause: later by as many days (of the term's unit) as the clock stood still. A day that had passed
/// before stays, a 重大 finding's never moves, and that of 立即整改 does not roll over rest days.
pub fn shifted(
    due_on: NaiveDate,
    pause: Pause,
    term: Term,
    severity: Severity,
    calendar: &WorkCalendar,
) -> Deadline {
    let calendar_version = calendar.version().to_string();
    let days = (pause.until - pause.from).num_days();
    if severity == Severity::Major || pause.from > due_on || days <= 0 {
        return Deadline { due_on, rule: String::new(), calendar_version, provisional: false };
    }
    let moved = match term.unit {
        TermUnit::CalendarDay => Reckoned {
            value: due_on.checked_add_days(Days::new(days.unsigned_abs())).unwrap_or(NaiveDate::MAX),
            provisional: false,
        },
        TermUnit::WorkingDay => {
            let spent = pause.from.iter_days().skip(1).take_while(|day| *day <= pause.until);
            let spent: Vec<Reckoned<bool>> = spent.map(|day| calendar.is_working_day(day)).collect();
            let worked = spent.iter().filter(|day| day.value).count();
            let moved = calendar.add_working_days(due_on, u16::try_from(worked).unwrap_or(u16::MAX));
            Reckoned { provisional: moved.provisional || spent.iter().any(|day| day.provisional), ..moved }
        }
    };
    let rolled = if term.days == 0 { moved } else { calendar.roll_forward(moved.value) };
    let rule = format!("暂停 {days} 天，期限由 {due_on} 顺延");
    let provisional = moved.provisional || rolled.provisional;
    Deadline { due_on: rolled.value, rule, calendar_version, provisional }
}

/// Whether a finding due on `due_on` is overdue at `now`.
pub fn is_overdue(due_on: NaiveDate, now: DateTime<Utc>) -> bool {
    business_date(now) > due_on
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::rules::{DayKind, YearStatus};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn calendar() -> WorkCalendar {
        let holidays = (1..=7).map(|d| (NaiveDate::from_ymd_opt(2026, 10, d).unwrap(), DayKind::Holiday));
        let makeup = (day("2026-10-10"), DayKind::MakeupWorkday);
        let years = [(2026, YearStatus::Confirmed), (2028, YearStatus::Confirmed)];
        WorkCalendar::new(holidays.chain([makeup]), years, "v1".into())
    }

    fn due(served: &str, days: u16, unit: TermUnit, severity: Severity) -> (NaiveDate, bool) {
        let deadline = suggest(day(served), Term { days, unit }, severity, &calendar());
        (deadline.due_on, deadline.provisional)
    }

    #[test]
    fn the_last_day_rolls_for_lesser_findings_only() {
        use Severity::{General, Major, Serious};
        use TermUnit::{CalendarDay, WorkingDay};
        for (served, days, unit, severity, expected) in [
            ("2026-09-28", 3, CalendarDay, General, "2026-10-08"),
            ("2026-09-28", 3, CalendarDay, Serious, "2026-10-08"),
            ("2026-09-28", 3, CalendarDay, Major, "2026-10-01"),
            ("2026-10-01", 0, CalendarDay, Serious, "2026-10-01"),
            ("2026-09-29", 2, WorkingDay, General, "2026-10-08"),
            ("2026-10-08", 2, WorkingDay, General, "2026-10-10"),
            ("2028-02-28", 1, CalendarDay, General, "2028-02-29"),
        ] {
            assert_eq!(due(served, days, unit, severity), (day(expected), false), "{served} + {days}");
        }
        assert_eq!(due("2026-12-30", 3, CalendarDay, General), (day("2027-01-04"), true));
    }

    #[test]
    fn the_due_day_moves_by_as_much_as_the_clock_stood_still() {
        use Severity::{General, Major};
        use TermUnit::{CalendarDay, WorkingDay};
        for (due, from, until, days, unit, severity, expected) in [
            ("2026-09-10", "2026-09-08", "2026-09-11", 3, CalendarDay, General, "2026-09-14"),
            ("2026-09-10", "2026-09-08", "2026-09-08", 3, CalendarDay, General, "2026-09-10"),
            ("2026-09-10", "2026-09-11", "2026-09-15", 3, CalendarDay, General, "2026-09-10"),
            ("2026-09-10", "2026-09-08", "2026-09-11", 3, CalendarDay, Major, "2026-09-10"),
            // 立即整改 waits for no Monday.
            ("2026-09-10", "2026-09-10", "2026-09-12", 0, CalendarDay, General, "2026-09-12"),
            // The holidays of October are no working days lost.
            ("2026-10-08", "2026-09-30", "2026-10-08", 5, WorkingDay, General, "2026-10-09"),
        ] {
            let (pause, term) = (Pause { from: day(from), until: day(until) }, Term { days, unit });
            let moved = shifted(day(due), pause, term, severity, &calendar());
            assert_eq!((moved.due_on, moved.provisional), (day(expected), false), "{due} {from}..{until}");
        }
        // The days that it stood still may lie in a year that nobody knows yet.
        let pause = Pause { from: day("2026-12-29"), until: day("2027-01-05") };
        let term = Term { days: 5, unit: WorkingDay };
        assert!(shifted(day("2026-12-30"), pause, term, General, &calendar()).provisional);
    }

    #[test]
    fn overdue_begins_at_midnight_in_shanghai() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert!(!is_overdue(day("2026-10-08"), at("2026-10-08T15:59:59Z")));
        assert!(is_overdue(day("2026-10-08"), at("2026-10-08T16:00:00Z")));
    }
}
