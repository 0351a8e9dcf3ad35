//! The arithmetic of indicators: PURE. Amounts are hundredths (`decimal`); a share and a growth are hundredths of a
//! percent. What cannot be computed is absent, never 0 and never 100 %.

use super::decimal::divided;
use super::{Better, Comparison, IndicatorForm};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

/// A quarter of a year in Asia/Shanghai.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quarter {
    first: NaiveDate,
}

impl Quarter {
    /// A quarter 1–4 of a year 2000–2100.
    pub fn new(year: i32, quarter: u32) -> Option<Self> {
        if !(2000..=2100).contains(&year) || !(1..=4).contains(&quarter) {
            return None;
        }
        NaiveDate::from_ymd_opt(year, quarter * 3 - 2, 1).map(|first| Self { first })
    }

    /// The quarter of a day.
    pub fn of(day: NaiveDate) -> Self {
        let first = day.with_day(1).and_then(|d| d.with_month0(day.month0() / 3 * 3));
        Self { first: first.unwrap_or(day) }
    }

    /// Its first day, by which it is kept.
    pub fn first_day(self) -> NaiveDate {
        self.first
    }

    /// Its last day.
    pub fn last_day(self) -> NaiveDate {
        let next = self.first.checked_add_months(chrono::Months::new(3));
        next.and_then(|d| d.pred_opt()).unwrap_or(NaiveDate::MAX)
    }

    /// Its year.
    pub fn year(self) -> i32 {
        self.first.year()
    }

    /// Its number, 1–4.
    pub fn number(self) -> u32 {
        self.first.month0() / 3 + 1
    }

    /// E.g. 2026年第三季度.
    pub fn label(self) -> String {
        let number = ["一", "二", "三", "四"].get(self.first.month0() as usize / 3).unwrap_or(&"");
        format!("{}年第{number}季度", self.year())
    }
}

/// What an indicator came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// What was counted, in hundredths.
    pub numerator: Option<i64>,
    /// Of how much, in hundredths.
    pub denominator: Option<i64>,
    /// The value in hundredths; none of nothing.
    pub value: Option<i64>,
    /// The day that it speaks of.
    pub as_of: NaiveDate,
    /// Its version; none of what the system reckons.
    pub version: Option<i32>,
}

/// A value of its parts, both in hundredths.
pub fn value(form: IndicatorForm, numerator: i64, denominator: Option<i64>) -> Option<i64> {
    match form {
        IndicatorForm::Count | IndicatorForm::Money => Some(numerator),
        IndicatorForm::Share => divided(numerator, 10_000, denominator?),
        IndicatorForm::Growth => divided(numerator.checked_sub(denominator?)?, 10_000, denominator?),
        IndicatorForm::Ratio | IndicatorForm::Days => divided(numerator, 100, denominator?),
    }
}

/// Whether a value reaches a target, both in hundredths.
pub fn met(comparison: Comparison, target: i64, value: i64) -> bool {
    match comparison {
        Comparison::AtLeast => value >= target,
        Comparison::AtMost => value <= target,
        Comparison::Equal => value == target,
    }
}

/// A place among streets 位次.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// One more than there are better ones: equals share a place.
    pub place: usize,
    /// Streets with a value, the street itself included.
    pub of: usize,
}

/// The place of a street's value beside those of the others; none where there are no others.
pub fn place(better: Better, value: i64, others: &[i64]) -> Option<Place> {
    let is_better = |other: &&i64| match better {
        Better::Higher => **other > value,
        Better::Lower => **other < value,
    };
    let place = others.iter().filter(is_better).count() + 1;
    (!others.is_empty()).then_some(Place { place, of: others.len() + 1 })
}

/// What of a target says whether it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// It is the street's own, not its district's.
    pub own: bool,
    /// The first day of the first quarter that it holds for.
    pub from_on: NaiveDate,
    /// Its version among those of its indicator and area.
    pub seq: i32,
    /// When it was set.
    pub set_at: DateTime<Utc>,
}

/// Which of the targets of an indicator holds for a quarter, as was known at a moment: the street's own before the
/// district's, the one that begins last, and of those that begin at once the one that was set last.
pub fn in_force<T>(targets: &[T], term: impl Fn(&T) -> Term, of: Quarter, at: DateTime<Utc>) -> Option<&T> {
    let known = targets.iter().filter(|t| {
        let term = term(t);
        term.set_at <= at && term.from_on <= of.first_day()
    });
    known.max_by_key(|t| {
        let term = term(t);
        (term.own, term.from_on, term.seq)
    })
}

/// The smallest and the largest target that an indicator of a form can have, in hundredths.
pub fn bounds(form: IndicatorForm) -> (i64, i64) {
    match form {
        IndicatorForm::Share => (0, 10_000),
        IndicatorForm::Growth => (-10_000, 1_000_000),
        IndicatorForm::Count | IndicatorForm::Money | IndicatorForm::Ratio | IndicatorForm::Days => {
            (0, super::decimal::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn equals_share_a_place_and_nobody_is_the_first_of_one() {
        let told = |better, value, others: &[i64]| place(better, value, others).map(|p| (p.place, p.of));
        assert_eq!(told(Better::Higher, 90, &[100, 90, 90, 10]), Some((2, 5)));
        assert_eq!(told(Better::Lower, 90, &[100, 90, 90, 10]), Some((2, 5)));
        assert_eq!(told(Better::Higher, 100, &[90, 10]), Some((1, 3)));
        assert_eq!(told(Better::Lower, 100, &[90, 10]), Some((3, 3)));
        assert_eq!(told(Better::Higher, 100, &[]), None);
    }

    #[test]
    fn quarters() {
        let third = Quarter::new(2026, 3).unwrap();
        assert_eq!((third.first_day(), third.last_day()), (day("2026-07-01"), day("2026-09-30")));
        assert_eq!((third.year(), third.number(), third.label()), (2026, 3, "2026年第三季度".into()));
        for (text, of) in [("2026-01-01", 1), ("2026-03-31", 1), ("2026-04-01", 2), ("2026-12-31", 4)] {
            assert_eq!(Quarter::of(day(text)), Quarter::new(2026, of).unwrap(), "{text}");
        }
        assert_eq!(Quarter::of(day("2024-08-31")).last_day(), day("2024-09-30"));
        assert_eq!(Quarter::new(2026, 4).unwrap().last_day(), day("2026-12-31"));
        assert!(
            [Quarter::new(2026, 0), Quarter::new(2026, 5), Quarter::new(1999, 1)].iter().all(Option::is_none)
        );
    }

    #[test]
    fn values_of_every_form() {
        let whole = |n: i64| n * 100;
        assert_eq!(value(IndicatorForm::Share, whole(197), Some(whole(200))), Some(9850));
        assert_eq!(value(IndicatorForm::Growth, whole(1499), Some(whole(1000))), Some(4990), "49.9 %");
        assert_eq!(value(IndicatorForm::Growth, whole(900), Some(whole(1000))), Some(-1000));
        assert_eq!(value(IndicatorForm::Ratio, whole(5), Some(whole(4))), Some(125));
        assert_eq!(value(IndicatorForm::Days, whole(10), Some(whole(3))), Some(333));
        assert_eq!(
            (value(IndicatorForm::Count, 1200, None), value(IndicatorForm::Money, 1205, None)),
            (Some(1200), Some(1205))
        );
        for form in [IndicatorForm::Share, IndicatorForm::Growth, IndicatorForm::Ratio, IndicatorForm::Days] {
            assert_eq!(
                (value(form, 0, Some(0)), value(form, 100, None)),
                (None, None),
                "{form:?}: of nothing"
            );
        }
    }

    #[test]
    fn targets_are_met_at_their_value() {
        use Comparison::{AtLeast, AtMost, Equal};
        for (comparison, below, at, above) in
            [(AtLeast, false, true, true), (AtMost, true, true, false), (Equal, false, true, false)]
        {
            let met = [9999, 10_000, 10_001].map(|value| met(comparison, 10_000, value));
            assert_eq!(met, [below, at, above], "{comparison:?}");
        }
    }

    #[test]
    fn a_new_target_holds_from_its_quarter_and_from_its_entry_on() {
        let at = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
        let term = |own, from: &str, seq, set: &str| Term { own, from_on: day(from), seq, set_at: at(set) };
        let targets = [
            term(false, "2026-01-01", 1, "2026-01-05T02:00:00Z"),
            term(false, "2026-07-01", 2, "2026-06-20T02:00:00Z"),
            term(false, "2026-01-01", 3, "2026-07-10T02:00:00Z"),
            term(true, "2026-04-01", 1, "2026-10-10T02:00:00Z"),
        ];
        let held = |quarter, moment: &str| {
            let of = Quarter::new(2026, quarter).unwrap();
            in_force(&targets, |t| *t, of, at(moment)).map(|t| (t.own, t.seq))
        };
        assert_eq!(held(1, "2026-01-01T00:00:00Z"), None, "nothing was set yet");
        assert_eq!(held(3, "2026-01-06T00:00:00Z"), Some((false, 1)));
        assert_eq!(held(2, "2026-06-30T00:00:00Z"), Some((false, 1)), "the new one begins later");
        assert_eq!(held(3, "2026-06-30T00:00:00Z"), Some((false, 2)));
        assert_eq!(held(2, "2026-07-11T00:00:00Z"), Some((false, 3)), "a correction");
        assert_eq!(held(3, "2026-07-11T00:00:00Z"), Some((false, 2)), "does not touch what began later");
        assert_eq!(held(3, "2026-10-09T00:00:00Z"), Some((false, 2)));
        assert_eq!(held(3, "2026-10-10T02:00:00Z"), Some((true, 1)), "the street's own goes first");
        assert_eq!(held(1, "2026-10-11T00:00:00Z"), Some((false, 3)));
    }
}
