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

/// Saturday or Sunday.
pub fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
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

    fn is_confirmed(&self, year: i32) -> bool {
        self.years.get(&year) == Some(&YearStatus::Confirmed)
    }

    fn is_provisional(&self, day: NaiveDate) -> bool {
        !self.is_confirmed(day.year())
    }

    /// Whether `day` is a working day.
    pub fn is_working_day(&self, day: NaiveDate) -> Reckoned<bool> {
        let value = match self.days.get(&day) {
            Some(DayKind::Holiday) => false,
            Some(DayKind::MakeupWorkday) => true,
            None => !is_weekend(day),
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

    /// How many working days lie after `start` up to and including `end`, so that `end` is the working day of that count
    /// after `start` if it is one; 0 where `end` is not later.
    pub fn working_days_between(&self, start: NaiveDate, end: NaiveDate) -> Reckoned<usize> {
        let after = start.iter_days().skip(1).take_while(|day| *day <= end);
        let value = after.filter(|day| self.is_working_day(*day).value).count();
        let provisional = (start.year()..=end.year()).any(|year| !self.is_confirmed(year));
        Reckoned { value, provisional: provisional || self.is_provisional(start) }
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

    /// Whether each day of 2022–2026 is a working day, as PyPI chinesecalendar says (`tests/oracle/workdays.py`): it knows
    /// nothing of our files.
    fn oracle() -> Vec<(NaiveDate, bool)> {
        let mut days = vec![];
        for line in include_str!("../../tests/oracle/workdays-2022-2026.txt").lines() {
            let (year, flags) = line.split_once(' ').unwrap();
            let first = NaiveDate::from_ymd_opt(year.parse().unwrap(), 1, 1).unwrap();
            assert_eq!(flags.len(), if first.leap_year() { 366 } else { 365 });
            days.extend(first.iter_days().zip(flags.chars().map(|flag| flag == '1')));
        }
        assert_eq!(days.len(), 365 * 5 + 1);
        days
    }

    const LAST: &str = "2026-12-31";

    #[test]
    fn every_day_is_what_the_oracle_says() {
        let calendar = calendar();
        for (date, value) in oracle() {
            assert_eq!(calendar.is_working_day(date), Reckoned { value, provisional: false }, "{date}");
        }
    }

    /// The list of the oracle's working days is walked, so that neither the data nor the method is ours.
    #[test]
    fn every_sum_from_every_day_agrees_with_the_oracle() {
        let (calendar, oracle) = (calendar(), oracle());
        let working: Vec<NaiveDate> =
            oracle.iter().filter(|(_, works)| *works).map(|(day, _)| *day).collect();
        let (mut later, mut earlier) = (0, 0);
        for (start, works) in oracle {
            let next = working.partition_point(|day| *day <= start);
            let before = next - usize::from(works);
            assert_eq!(calendar.roll_forward(start).value == start, works);
            for count in 1..=60_usize {
                let days = u16::try_from(count).unwrap();
                let told = format!("{start} and {count}");
                let after = calendar.add_working_days(start, days);
                match working.get(next + count - 1) {
                    Some(day) => {
                        assert_eq!(after, Reckoned { value: *day, provisional: false }, "{told}");
                        let between = Reckoned { value: count, provisional: false };
                        assert_eq!(calendar.working_days_between(start, *day), between, "{told}");
                        later += 1;
                    }
                    None => assert!(after.provisional && after.value > day(LAST), "{told}"),
                }
                let back = calendar.working_days_before(start, days);
                match before.checked_sub(count).map(|place| working[place]) {
                    Some(day) => {
                        assert_eq!(back, Reckoned { value: day, provisional: false }, "{told}");
                        earlier += 1;
                    }
                    None => assert!(back.provisional && back.value < day("2022-01-01"), "{told}"),
                }
            }
        }
        assert_eq!((later, earlier), (107_047, 106_705), "sums compared");
    }

    #[test]
    fn nothing_is_no_working_day_on() {
        let calendar = calendar();
        for (start, works) in oracle() {
            let none = |value| Reckoned { value, provisional: false };
            assert_eq!(calendar.add_working_days(start, 0), none(start));
            assert_eq!(calendar.working_days_before(start, 0), none(start));
            assert_eq!(calendar.working_days_between(start, start).value, 0);
            let eve = start.pred_opt().unwrap();
            assert_eq!(calendar.working_days_between(eve, start).value, usize::from(works));
            assert_eq!(calendar.working_days_between(start, eve).value, 0);
        }
    }

    #[test]
    fn an_unpublished_year_is_never_silently_monday_to_friday() {
        let calendar = calendar();
        assert!(calendar.is_working_day(day("2027-01-01")).provisional);
        let over = calendar.add_working_days(day("2026-12-30"), 3);
        assert!(over.provisional);
        assert!(!calendar.add_working_days(day("2026-12-28"), 2).provisional);
        assert!(calendar.working_days_before(day("2022-01-05"), 3).provisional);
        assert!(calendar.working_days_between(day("2026-12-30"), day("2027-01-04")).provisional);
        assert!(calendar.working_days_between(day("2027-01-04"), day("2026-12-30")).provisional);
        assert!(calendar.roll_forward(day("2026-12-31")).value == day("2026-12-31"));
    }

    /// A year in between that nobody has imported spoils the sum, although both ends are published.
    #[test]
    fn a_year_that_is_missing_in_the_middle_is_told() {
        let years =
            [(2024, YearStatus::Confirmed), (2025, YearStatus::Provisional), (2026, YearStatus::Confirmed)];
        let calendar = WorkCalendar::new([], years, "test".into());
        assert!(calendar.add_working_days(day("2024-12-02"), 280).provisional);
        assert!(calendar.working_days_between(day("2024-12-02"), day("2026-01-05")).provisional);
        assert!(calendar.working_days_before(day("2026-01-05"), 280).provisional);
        assert!(!calendar.add_working_days(day("2024-11-04"), 5).provisional);
    }
}
