//! How an indicator stands in annex 2 of a letter: PURE. The columns are 目标, 完成 and 完成率.

use super::catalogue::Indicator;
use super::decimal::shown;
use super::rules::{Figure, Place, place};
use super::{Comparison, IndicatorForm, IndicatorSource};
use chrono::NaiveDate;

/// A row of annex 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintedRow {
    /// 指标.
    pub name: String,
    /// 目标, e.g. ≥100%, or a dash.
    pub target: String,
    /// 完成, e.g. 197/200张, or 未报送.
    pub value: String,
    /// 完成率, or a dash.
    pub rate: String,
    /// The day that the figure speaks of.
    pub as_of: Option<NaiveDate>,
    /// 位次, where streets are compared.
    pub place: Option<Place>,
}

const DASH: &str = "—";
const NOT_REPORTED: &str = "未报送";

/// A value with its unit, e.g. 98.5%.
pub fn amount(of: &Indicator, value: i64) -> String {
    match of.form {
        IndicatorForm::Share | IndicatorForm::Growth => format!("{}%", shown(value)),
        IndicatorForm::Count | IndicatorForm::Money | IndicatorForm::Ratio | IndicatorForm::Days => {
            format!("{}{}", shown(value), of.unit)
        }
    }
}

/// A target as printed, e.g. ≥100%.
pub fn target(of: &Indicator, comparison: Comparison, value: i64) -> String {
    format!("{}{}", comparison.sign(), amount(of, value))
}

/// The row of an indicator, where it has one: of what the system reckons where there are both a value and a target, of what is
/// reported also where nothing was reported against a target.
///
/// `others` are the values of the streets that it is compared with: only of what is divided, because a count says more of how
/// large a street is than of how good.
pub fn row(
    of: &Indicator,
    figure: Option<&Figure>,
    wanted: Option<(Comparison, i64)>,
    others: &[i64],
) -> Option<PrintedRow> {
    if !of.printed {
        return None;
    }
    let figure = match of.source {
        IndicatorSource::System => Some(figure.filter(|f| f.value.is_some() && wanted.is_some())?),
        IndicatorSource::Import => figure,
    };
    if figure.is_none() && wanted.is_none() {
        return None;
    }
    let (value, rate) = figure.map_or((NOT_REPORTED.into(), DASH.into()), |figure| reached(of, figure));
    Some(PrintedRow {
        name: of.name.clone(),
        target: wanted.map_or(DASH.into(), |(comparison, value)| target(of, comparison, value)),
        value,
        rate,
        as_of: figure.map(|f| f.as_of),
        place: figure
            .filter(|_| of.form.divides())
            .and_then(|f| f.value)
            .and_then(|value| place(of.better, value, others)),
    })
}

/// 完成 and 完成率.
fn reached(of: &Indicator, figure: &Figure) -> (String, String) {
    let said = |value: Option<i64>| value.map_or_else(|| DASH.to_string(), |v| amount(of, v));
    match (of.form, figure.numerator, figure.denominator) {
        (IndicatorForm::Share, Some(n), Some(d)) => {
            (format!("{}/{}{}", shown(n), shown(d), of.unit), said(figure.value))
        }
        (IndicatorForm::Growth, Some(n), Some(_)) => {
            (format!("{}{}", shown(n), of.unit), signed(of, figure.value))
        }
        (IndicatorForm::Growth, ..) => (signed(of, figure.value), DASH.into()),
        _ => (said(figure.value), DASH.into()),
    }
}

/// A growth says which way it went.
fn signed(of: &Indicator, value: Option<i64>) -> String {
    let plus = if value.is_some_and(|v| v > 0) { "+" } else { "" };
    value.map_or_else(|| DASH.to_string(), |v| format!("{plus}{}", amount(of, v)))
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::find;
    use super::super::rules;
    use super::*;

    fn figure(code: &str, numerator: i64, denominator: Option<i64>) -> Figure {
        let value = rules::value(find(code).unwrap().form, numerator, denominator);
        let as_of = NaiveDate::from_ymd_opt(2026, 9, 30).unwrap();
        Figure { numerator: Some(numerator), denominator, value, as_of, version: Some(1) }
    }

    fn said(code: &str, figure: Option<Figure>, target: Option<(Comparison, i64)>) -> Option<[String; 3]> {
        row(find(code).unwrap(), figure.as_ref(), target, &[]).map(|row| [row.target, row.value, row.rate])
    }

    #[test]
    fn every_form_in_its_columns() {
        use Comparison::{AtLeast, AtMost, Equal};
        let row = |code, n, d, target| said(code, Some(figure(code, n, d)), target).unwrap();
        let all = Some((AtLeast, 10_000));
        assert_eq!(row("bed_online", 19_700, Some(20_000), all), ["≥100%", "197/200张", "98.5%"]);
        assert_eq!(row("meals", 149_900, Some(100_000), Some((AtLeast, 0))), ["≥0%", "1499人次", "+49.9%"]);
        assert_eq!(row("meals", 90_000, Some(100_000), None), ["—", "900人次", "-10%"]);
        assert_eq!(row("canteens_effective", 500, None, Some((AtLeast, 600))), ["≥6个", "5个", "—"]);
        assert_eq!(row("subsidy_unpaid", 1_234_505, None, Some((Equal, 0))), ["=0元", "12345.05元", "—"]);
        assert_eq!(row("mean_days", 1000, Some(300), Some((AtMost, 700))), ["≤7天", "3.33天", "—"]);
    }

    #[test]
    fn of_nothing_there_is_a_dash_and_never_a_hundred_percent() {
        let none = figure("bed_online", 0, Some(0));
        assert_eq!(said("bed_online", Some(none), None).unwrap(), ["—", "0/0张", "—"]);
    }

    #[test]
    fn only_what_is_divided_is_compared() {
        let placed = |code: &str, n, d| {
            let wanted = Some((Comparison::AtLeast, 0));
            let row = row(find(code).unwrap(), Some(&figure(code, n, d)), wanted, &[9_900, 5_000]).unwrap();
            row.place.map(|p| (p.place, p.of))
        };
        assert_eq!(placed("bed_online", 19_700, Some(20_000)), Some((2, 3)));
        assert_eq!(placed("bed_online", 0, Some(0)), None, "of nothing");
        assert_eq!(placed("canteens_effective", 500, None), None, "a count");
    }

    #[test]
    fn what_is_missing_is_told_only_where_it_was_to_be_reported() {
        let wanted = Some((Comparison::AtLeast, 10_000));
        assert_eq!(said("bed_online", None, wanted).unwrap(), ["≥100%", "未报送", "—"]);
        assert_eq!(said("bed_online", None, None), None);
        assert_eq!(said("on_time", None, wanted), None, "reckoned, and nothing there");
        assert_eq!(said("on_time", Some(figure("on_time", 0, Some(0))), wanted), None, "of nothing");
        assert_eq!(said("on_time", Some(figure("on_time", 100, Some(100))), None), None, "no target");
        let there = figure("on_time", 300, Some(400));
        assert_eq!(said("on_time", Some(there), wanted).unwrap(), ["≥100%", "3/4个", "75%"]);
        let apart = figure("signboard", 300, Some(400));
        assert_eq!(said("signboard", Some(apart), wanted), None, "the letter prints its own");
    }
}
