//! Working-day arithmetic: PURE. A year without published data is counted Monday to Friday *and says so*: every result
//! that touched such a year is provisional.

use crate::db::types::coded;
use chrono::{Datelike, Days, NaiveDate, Weekday};
use std::collections::BTreeMap;

coded! {
    /// Why a day differs from a plain week.
    pub enum DayKind {
        /// No work.
        Holiday = "holiday" "放假",
        /// Work although it is a weekend (调休).
        MakeupWorkday = "makeup_workday" "调休上班",
    }
}

coded! {
    /// Whether the State Council has published a year.
    pub enum YearStatus {
        /// Published.
        Confirmed = "confirmed" "已公布",
        /// Not yet.
        Provisional = "provisional" "暂定",
    }
}

/// A value and whether it may still change when a year is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reckoned<T> {
    /// The value.
    pub value: T,
    /// It rests on a year that is not published.
    pub provisional: bool,
}

/// The imported calendar.
#[derive(Debug, Clone, Default)]
pub struct WorkCalendar {
    days: BTreeMap<NaiveDate, DayKind>,
    years: BTreeMap<i32, YearStatus>,
    version: String,
}

impl WorkCalendar {
    /// A calendar from its special days and the status of its years; `version` names the import.
    pub fn new(
        days: impl IntoIterator<Item = (NaiveDate, DayKind)>,
        years: impl IntoIterator<Item = (i32, YearStatus)>,
        version: String,
    ) -> Self {
        Self { days: days.into_iter().collect(), years: years.into_iter().collect(), version }
    }

    /// Names the import.
    pub fn version(&self) -> &str {
        &self.version
    }

    fn is_provisional(&self, day: NaiveDate) -> bool {
        self.years.get(&day.year()) != Some(&YearStatus::Confirmed)
    }

    /// Whether `day` is a working day.
    pub fn is_working_day(&self, day: NaiveDate) -> Reckoned<bool> {
        let value = match self.days.get(&day) {
            Some(DayKind::Holiday) => false,
            Some(DayKind::MakeupWorkday) => true,
            None => !matches!(day.weekday(), Weekday::Sat | Weekday::Sun),
        };
        Reckoned { value, provisional: self.is_provisional(day) }
    }

    /// The `count`-th working day after `start` (which is not counted); `start` itself for 0.
    pub fn add_working_days(&self, start: NaiveDate, count: u16) -> Reckoned<NaiveDate> {
        self.walk(start, count, |day| day.checked_add_days(Days::new(1)))
    }

    /// The `count`-th working day before `end` (which is not counted): for T-2 and T-1.
    pub fn working_days_before(&self, end: NaiveDate, count: u16) -> Reckoned<NaiveDate> {
        self.walk(end, count, |day| day.checked_sub_days(Days::new(1)))
    }

    fn walk(
        &self,
        from: NaiveDate,
        count: u16,
        step: impl Fn(NaiveDate) -> Option<NaiveDate>,
    ) -> Reckoned<NaiveDate> {
        let (mut day, mut left, mut provisional) = (from, count, self.is_provisional(from));
        while left > 0 {
            let Some(next) = step(day) else { break };
            day = next;
            let working = self.is_working_day(day);
            provisional |= working.provisional;
            left -= u16::from(working.value);
        }
        Reckoned { value: day, provisional }
    }

    /// `day`, or the next working day when it is a rest day (民法典第二百零三条).
    pub fn roll_forward(&self, day: NaiveDate) -> Reckoned<NaiveDate> {
        if self.is_working_day(day).value {
            return Reckoned { value: day, provisional: self.is_provisional(day) };
        }
        self.add_working_days(day, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn calendar() -> WorkCalendar {
        let parsed = crate::calendar::import::parse(include_bytes!("../../assets/calendar/cn-2022-2026.csv"));
        assert!(parsed.faults.is_empty(), "{:?}", parsed.faults);
        let days = parsed.rows.iter().map(|row| (row.date, row.kind));
        WorkCalendar::new(days, (2022..=2026).map(|y| (y, YearStatus::Confirmed)), "test".into())
    }

    #[test]
    fn known_days_of_2026() {
        let calendar = calendar();
        for makeup in ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"] {
            assert!(calendar.is_working_day(day(makeup)).value, "{makeup}");
        }
        for rest in
            ["2026-02-15", "2026-02-23", "2026-05-05", "2026-06-19", "2026-09-25", "2026-10-07", "2026-07-04"]
        {
            assert!(!calendar.is_working_day(day(rest)).value, "{rest}");
        }
        assert_eq!(calendar.add_working_days(day("2026-09-30"), 1).value, day("2026-10-08"));
        assert_eq!(calendar.roll_forward(day("2026-10-03")).value, day("2026-10-08"));
        assert_eq!(calendar.working_days_before(day("2026-10-08"), 2).value, day("2026-09-29"));
    }

    /// The fixture is made with PyPI chinesecalendar, not with our data: an oracle of its own.
    #[test]
    fn every_day_and_every_sum_agrees_with_the_oracle() {
        let calendar = calendar();
        let mut oracle = BTreeMap::new();
        for line in include_str!("../../tests/fixtures/workdays-2022-2026.txt").lines() {
            let (year, flags) = line.split_once(' ').unwrap();
            let first = NaiveDate::from_ymd_opt(year.parse().unwrap(), 1, 1).unwrap();
            oracle.extend(first.iter_days().zip(flags.chars()).map(|(d, f)| (d, f == '1')));
        }
        assert_eq!(oracle.len(), 365 * 5 + 1);
        let working: Vec<NaiveDate> = oracle.iter().filter(|(_, w)| **w).map(|(d, _)| *d).collect();
        for (date, expected) in &oracle {
            assert_eq!(
                calendar.is_working_day(*date),
                Reckoned { value: *expected, provisional: false },
                "{date}"
            );
            let next = working.partition_point(|w| w <= date);
            for count in 0..=60_u16 {
                let Some(expected) =
                    (if count == 0 { Some(date) } else { working.get(next + usize::from(count) - 1) })
                else {
                    break;
                };
                assert_eq!(calendar.add_working_days(*date, count).value, *expected, "{date} + {count}");
            }
        }
    }

    #[test]
    fn an_unpublished_year_is_never_silently_monday_to_friday() {
        let calendar = calendar();
        assert!(calendar.is_working_day(day("2027-01-01")).provisional);
        let over = calendar.add_working_days(day("2026-12-30"), 3);
        assert!(over.provisional);
        assert!(!calendar.add_working_days(day("2026-12-28"), 2).provisional);
    }
}
