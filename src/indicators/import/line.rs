//! One line of a file of reported values: PURE. Every cell as people write it, and every slip told at its column.

use super::super::catalogue::{self, Indicator};
use super::super::decimal::{half_width, parse};
use super::super::rules::{self, Quarter};
use super::super::{IndicatorForm, IndicatorSource};
use crate::ids::AreaId;
use crate::tables::{Column, Line};
use chrono::NaiveDate;
use std::collections::HashMap;

const fn column(name: &'static str, also: &'static [&'static str], required: bool, longest: usize) -> Column {
    Column { name, also, required, longest }
}

/// The columns of the file, by the names that people give them.
pub(super) const COLUMNS: [Column; 9] = [
    column("street", &["街道", "街道名称", "街道编码"], true, 60),
    column("year", &["年度", "年份"], true, 10),
    column("quarter", &["季度"], true, 10),
    column("indicator", &["指标", "指标名称", "指标编码"], true, 60),
    column("numerator", &["分子"], false, 30),
    column("denominator", &["分母"], false, 30),
    column("value", &["数值", "完成值"], false, 30),
    column("as_of", &["截至日期"], true, 20),
    column("note", &["备注"], false, 500),
];

/// A line of the file.
#[derive(Debug, Clone)]
pub struct Written {
    pub(super) street: AreaId,
    pub(super) quarter: Quarter,
    pub(super) indicator: &'static Indicator,
    pub(super) numerator: Option<i64>,
    pub(super) denominator: Option<i64>,
    pub(super) value: Option<i64>,
    pub(super) as_of: NaiveDate,
    pub(super) note: Option<String>,
}

impl Written {
    /// What it speaks of: street, quarter and indicator.
    pub(super) fn key(&self) -> (AreaId, NaiveDate, &'static str) {
        (self.street, self.quarter.first_day(), &self.indicator.code)
    }
}

/// Judges a line: what it says, or nothing where it has told a fault. `known` are the streets that it may name; nothing
/// where a name is two streets'.
pub(super) fn written(
    line: &mut Line<'_>,
    known: &HashMap<String, Option<AreaId>>,
    today: NaiveDate,
) -> Option<Written> {
    let (street, quarter, indicator) = (street(line, known), quarter(line), indicator(line));
    line.needed("as_of");
    let as_of = line.parsed("as_of", "YYYY-MM-DD 的日期", day);
    if let (Some(day), Some(quarter)) = (as_of, quarter)
        && (day > today || day < quarter.first_day())
    {
        line.fault("as_of", "out_of_range", "截至日期应在季度开始之后，且不能晚于今天");
    }
    let indicator = indicator?;
    let (numerator, denominator, value) = amounts(line, indicator)?;
    let note = Some(line.text("note").to_string()).filter(|note| !note.is_empty());
    Some(Written {
        street: street?,
        quarter: quarter?,
        indicator,
        numerator,
        denominator,
        value,
        as_of: as_of?,
        note,
    })
}

fn street(line: &mut Line<'_>, known: &HashMap<String, Option<AreaId>>) -> Option<AreaId> {
    let text = line.needed("street");
    match known.get(&half_width(&text)) {
        Some(Some(id)) => return Some(*id),
        Some(None) => line.fault("street", "ambiguous_street", "有同名街道，请填写街道编码"),
        None if text.is_empty() => {}
        None => {
            line.fault("street", "unknown_street", format!("街道“{text}”不存在或不在权限范围内"));
        }
    }
    None
}

fn quarter(line: &mut Line<'_>) -> Option<Quarter> {
    line.needed("year");
    line.needed("quarter");
    let year: Option<i32> = line.parsed("year", "四位年份", |text| {
        let text = half_width(text);
        let digits = text.trim_end_matches('度').trim_end_matches('年');
        digits.parse().ok().filter(|year| (2000..=2100).contains(year))
    });
    let number: Option<u32> = line.parsed("quarter", "1 到 4 的季度", quarter_number);
    Quarter::new(year?, number?)
}

/// 1–4, as people write it: 3, 第三季度, 三季度, Q3.
fn quarter_number(text: &str) -> Option<u32> {
    let text = half_width(text);
    let core = text.trim_start_matches('第').trim_end_matches("季度");
    match core.trim_start_matches(['Q', 'q']) {
        "1" | "一" => Some(1),
        "2" | "二" => Some(2),
        "3" | "三" => Some(3),
        "4" | "四" => Some(4),
        _ => None,
    }
}

/// A day, as people write it: 2026-09-30, 2026/9/30, 2026年9月30日.
fn day(text: &str) -> Option<NaiveDate> {
    let text = half_width(text);
    let parts: Vec<&str> = text.trim_end_matches('日').split(['-', '/', '.', '年', '月']).collect();
    let [year, month, day] = parts.as_slice() else { return None };
    if year.len() != 4 {
        return None;
    }
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

fn indicator(line: &mut Line<'_>) -> Option<&'static Indicator> {
    let text = line.needed("indicator");
    if text.is_empty() {
        return None;
    }
    match catalogue::named(&text) {
        Ok(Some(indicator)) if indicator.source == IndicatorSource::Import => return Some(indicator),
        Ok(Some(_)) => line.fault("indicator", "system_indicator", "该指标由系统计算，不能导入"),
        _ => line.fault("indicator", "unknown_indicator", format!("没有指标“{text}”")),
    }
    None
}

type Amounts = (Option<i64>, Option<i64>, Option<i64>);

/// Numerator, denominator and value; one way of telling them is given, never both, so that they cannot disagree.
fn amounts(line: &mut Line<'_>, indicator: &Indicator) -> Option<Amounts> {
    let given = ["numerator", "denominator", "value"].map(|name| !line.text(name).is_empty());
    if given == [false; 3] {
        line.fault("value", "empty", "分子、分母或数值须填写");
        return None;
    }
    if indicator.form.divides() { divided(line, indicator.form, given) } else { counted(line, given) }
}

fn number(line: &mut Line<'_>, name: &str) -> Option<i64> {
    line.parsed(name, "至多两位小数的数", |text| parse(text).filter(|n| *n >= 0))
}

/// Of an indicator with a denominator: both parts, or the value with its percent sign.
fn divided(line: &mut Line<'_>, form: IndicatorForm, given: [bool; 3]) -> Option<Amounts> {
    match given {
        [true, true, false] => {
            let (n, d) = (number(line, "numerator")?, number(line, "denominator")?);
            if form == IndicatorForm::Share && n > d {
                line.fault("numerator", "out_of_range", "分子不能大于分母");
                return None;
            }
            Some((Some(n), Some(d), rules::value(form, n, Some(d))))
        }
        [false, false, _] => {
            let (least, most) = rules::bounds(form);
            let value = line.parsed("value", "百分数，如 98.5%", |text| {
                let text = half_width(text);
                parse(text.strip_suffix('%')?.trim_end()).filter(|v| (least..=most).contains(v))
            });
            Some((None, None, Some(value?)))
        }
        [_, _, true] => {
            line.fault("value", "both_given", "分子、分母与数值只填一种");
            None
        }
        [numerator, ..] => {
            line.fault(if numerator { "denominator" } else { "numerator" }, "empty", "分子、分母须同时填写");
            None
        }
    }
}

/// Of an indicator that is a number: the number, in either column.
fn counted(line: &mut Line<'_>, given: [bool; 3]) -> Option<Amounts> {
    match given {
        [_, true, _] => line.fault("denominator", "no_denominator", "该指标没有分母，请留空"),
        [true, _, true] => line.fault("value", "both_given", "分子与数值只填一种"),
        [numerator, ..] => {
            let n = number(line, if numerator { "numerator" } else { "value" })?;
            return Some((Some(n), None, Some(n)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::new_uuid;
    use crate::tables::{self, Parsed};
    use chrono::DateTime;

    fn known() -> HashMap<String, Option<AreaId>> {
        let id = AreaId(new_uuid(DateTime::from_timestamp(1, 0).unwrap()));
        [("440105001".into(), Some(id)), ("赤岗街道".into(), Some(id)), ("同名街道".into(), None)].into()
    }

    fn parsed(csv: &str) -> Parsed<Written> {
        let (known, today) = (known(), "2026-10-12".parse().unwrap());
        tables::read(csv.as_bytes(), &COLUMNS, |line| written(line, &known, today))
    }

    fn faults(row: &str) -> Vec<(String, &'static str)> {
        let csv = format!("街道,年度,季度,指标,分子,分母,数值,截至日期,备注\n{row}\n");
        parsed(&csv).faults.into_iter().map(|f| (f.column, f.code)).collect()
    }

    fn amounts_of(row: &str) -> Amounts {
        let csv = format!("街道,年度,季度,指标,分子,分母,数值,截至日期,备注\n{row}\n");
        let parsed = parsed(&csv);
        assert_eq!(parsed.faults, []);
        (parsed.rows[0].numerator, parsed.rows[0].denominator, parsed.rows[0].value)
    }

    #[test]
    fn every_way_of_telling_an_amount() {
        let of = |row| amounts_of(row);
        let n = |amount: i64| Some(amount * 100);
        assert_eq!(of("赤岗街道,2026,3,bed_online,197,200,,2026-09-30,"), (n(197), n(200), Some(9850)));
        assert_eq!(
            of("440105001,２０２６年,第三季度,家庭养老床位设备在线率,,,98.5%,2026年9月30日,"),
            (None, None, Some(9850))
        );
        assert_eq!(
            of("赤岗街道,2026年度,Q3,meals,\"14,990\",10000,,2026/9/30,"),
            (n(14_990), n(10_000), Some(4990))
        );
        assert_eq!(of("赤岗街道,2026,三季度,meals,,,－12.5％,2026-09-30,"), (None, None, Some(-1250)));
        assert_eq!(
            of("赤岗街道,2026,3,subsidy_unpaid,,,1234.05,2026-09-30,"),
            (Some(123_405), None, Some(123_405))
        );
        assert_eq!(of("赤岗街道,2026,3,canteens_effective,7,,,2026-09-30,"), (n(7), None, n(7)));
        assert_eq!(
            of("赤岗街道,2026,3,bed_online,0,0,,2026-09-30,"),
            (n(0), n(0), None),
            "of nothing: no value"
        );
    }

    #[test]
    fn every_slip_at_its_column() {
        let one = |row: &str, column: &str, code: &'static str| {
            assert_eq!(faults(row), [(column.to_string(), code)], "{row}");
        };
        one("别处街道,2026,3,bed_online,1,2,,2026-09-30,", "街道", "unknown_street");
        one("同名街道,2026,3,bed_online,1,2,,2026-09-30,", "街道", "ambiguous_street");
        one("赤岗街道,26,3,bed_online,1,2,,2026-09-30,", "年度", "unreadable");
        one("赤岗街道,2026,5,bed_online,1,2,,2026-09-30,", "季度", "unreadable");
        one("赤岗街道,2026,3,入住率,1,2,,2026-09-30,", "指标", "unknown_indicator");
        one("赤岗街道,2026,3,按期整改率,1,2,,2026-09-30,", "指标", "system_indicator");
        one("赤岗街道,2026,3,bed_online,3,2,,2026-09-30,", "分子", "out_of_range");
        one("赤岗街道,2026,3,bed_online,1.234,2,,2026-09-30,", "分子", "unreadable");
        one("赤岗街道,2026,3,bed_online,-1,2,,2026-09-30,", "分子", "unreadable");
        one("赤岗街道,2026,3,bed_online,=1+1,2,,2026-09-30,", "分子", "unreadable");
        one("赤岗街道,2026,3,bed_online,1,,,2026-09-30,", "分母", "empty");
        one("赤岗街道,2026,3,bed_online,,2,,2026-09-30,", "分子", "empty");
        one("赤岗街道,2026,3,bed_online,1,2,50%,2026-09-30,", "数值", "both_given");
        one("赤岗街道,2026,3,bed_online,,,0.985,2026-09-30,", "数值", "unreadable");
        one("赤岗街道,2026,3,bed_online,,,101%,2026-09-30,", "数值", "unreadable");
        one("赤岗街道,2026,3,bed_online,,,,2026-09-30,", "数值", "empty");
        one("赤岗街道,2026,3,canteens_effective,1,2,,2026-09-30,", "分母", "no_denominator");
        one("赤岗街道,2026,3,canteens_effective,1,,1,2026-09-30,", "数值", "both_given");
        one("赤岗街道,2026,3,bed_online,1,2,,2026-10-13,", "截至日期", "out_of_range");
        one("赤岗街道,2026,3,bed_online,1,2,,2026-06-30,", "截至日期", "out_of_range");
        one("赤岗街道,2026,3,bed_online,1,2,,9月30日,", "截至日期", "unreadable");
        assert_eq!(faults("赤岗街道,,,,,,,,").len(), 4);
    }
}
