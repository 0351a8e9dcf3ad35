//! What streets report, from a file: read and judge every line, then store all of them or none. A value that differs from
//! the one of before is a new version; the same again is none. The import is kept with the hash of its file.

use super::catalogue::{self, Indicator};
use super::decimal::{half_width, parse};
use super::rules::{self, Quarter};
use super::store::{self, ImportRow, ValueRow};
use super::{IndicatorForm, IndicatorSource, sheet};
use crate::access::Places;
use crate::clock::business_date;
use crate::db::{AnyConn, Change, Tx};
use crate::directory::areas::AreaFilter;
use crate::directory::{AreaView, store as directory};
use crate::fault::Outcome;
use crate::files::sha256_of;
use crate::ids::{AreaId, IndicatorImportId, TypedId as _};
use crate::tables::{self, Column, Line, Parsed};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

const fn column(name: &'static str, also: &'static [&'static str], required: bool, longest: usize) -> Column {
    Column { name, also, required, longest }
}

const COLUMNS: [Column; 9] = [
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
    street: AreaId,
    quarter: Quarter,
    indicator: &'static Indicator,
    numerator: Option<i64>,
    denominator: Option<i64>,
    value: Option<i64>,
    as_of: NaiveDate,
    note: Option<String>,
}

impl Written {
    fn key(&self) -> (AreaId, NaiveDate, &'static str) {
        (self.street, self.quarter.first_day(), &self.indicator.code)
    }

    /// Whether a version says the same.
    fn is_as(&self, row: &ValueRow) -> bool {
        let same =
            (self.numerator, self.denominator, self.value) == (row.numerator, row.denominator, row.value);
        same && self.as_of == row.as_of && self.note == row.note
    }
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct IndicatorImport {
    /// The import; none in a dry run.
    pub id: Option<IndicatorImportId>,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// Good lines in the file.
    pub rows: i64,
    /// New versions; 0 in a dry run.
    pub stored: i64,
    /// Of these, corrections of what had been reported before.
    pub corrected: i64,
    /// Lines that said what was there already.
    pub unchanged: i64,
}

/// The streets that a file may name, by all their names and their code; nothing where a name is two streets'.
fn streets(
    conn: &mut AnyConn,
    places: &Places,
    now: DateTime<Utc>,
) -> Outcome<HashMap<String, Option<AreaId>>> {
    let filter = AreaFilter { level: Some("street".into()), parent: None };
    let mut all = directory::areas(conn, &filter, None, 100_000, business_date(now))?;
    all.retain(|street| places.holds(street.id, None));
    let mut known: HashMap<String, Option<AreaId>> = HashMap::new();
    for AreaView { id, code, name, office_name, short_name, .. } in all {
        for called in BTreeSet::from([code, name, office_name, short_name]) {
            known.entry(called).and_modify(|of| *of = None).or_insert(Some(id));
        }
    }
    Ok(known)
}

/// Reads and judges a file.
///
/// # Errors
/// The database's. What is wrong with the file is in the answer.
pub fn read(
    conn: &mut AnyConn,
    places: &Places,
    bytes: &[u8],
    now: DateTime<Utc>,
) -> Outcome<Parsed<Written>> {
    let csv = match sheet::csv_of(bytes) {
        Ok(csv) => csv,
        Err(faults) => return Ok(Parsed { rows: vec![], faults }),
    };
    let (known, today) = (streets(conn, places, now)?, business_date(now));
    catalogue::all()?;
    let mut seen = BTreeSet::new();
    Ok(tables::read(csv.as_bytes(), &COLUMNS, |line| {
        let row = written(line, &known, today)?;
        if !seen.insert(row.key()) {
            line.fault("indicator", "duplicate", "同一街道、季度、指标在文件中重复");
        }
        Some(row)
    }))
}

fn written(
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

/// The last versions of what the rows speak of.
fn held(conn: &mut AnyConn, rows: &[Written]) -> Outcome<HashMap<(AreaId, NaiveDate, String), ValueRow>> {
    let streets: BTreeSet<AreaId> = rows.iter().map(|r| r.street).collect();
    let quarters = || rows.iter().map(|r| r.quarter.first_day());
    let (Some(first), Some(last)) = (quarters().min(), quarters().max()) else { return Ok(HashMap::new()) };
    let streets: Vec<AreaId> = streets.into_iter().collect();
    let versions = store::values_of(conn, &streets, (first, last))?;
    // In the order of their versions: the last of each stays.
    Ok(versions
        .into_iter()
        .map(|row| ((row.street_id, row.quarter_on, row.indicator.clone()), row))
        .collect())
}

/// The versions that a file brings, and how many of them correct another.
fn fresh(tx: &mut Tx<'_>, rows: &[Written], import_id: IndicatorImportId) -> Outcome<(Vec<ValueRow>, i64)> {
    let (held, mut fresh, mut corrected) = (held(tx.conn(), rows)?, vec![], 0);
    for row in rows {
        let (street_id, quarter_on, code) = row.key();
        let before = held.get(&(street_id, quarter_on, code.to_string()));
        if before.is_some_and(|before| row.is_as(before)) {
            continue;
        }
        corrected += i64::from(before.is_some());
        fresh.push(ValueRow {
            id: tx.new_id(),
            indicator: code.into(),
            street_id,
            quarter_on,
            seq: before.map_or(0, |b| b.seq) + 1,
            numerator: row.numerator,
            denominator: row.denominator,
            value: row.value,
            as_of: row.as_of,
            note: row.note.clone(),
            import_id,
            entered_at: tx.ts(),
        });
    }
    Ok((fresh, corrected))
}

/// Stores what was read, in the caller's transaction.
///
/// # Errors
/// The database's.
pub fn store(tx: &mut Tx<'_>, bytes: &[u8], rows: &[Written]) -> Outcome<IndicatorImport> {
    let id: IndicatorImportId = tx.new_id();
    let (fresh, corrected) = fresh(tx, rows, id)?;
    let import = ImportRow {
        id,
        sha256: sha256_of(bytes),
        length: bytes.len() as i64,
        rows: rows.len() as i64,
        stored: fresh.len() as i64,
        imported_by: tx.actor().user(),
        imported_by_name: tx.actor_label(),
        imported_at: tx.ts(),
    };
    store::insert_import(tx.conn(), &import)?;
    store::insert_values(tx.conn(), &fresh)?;
    let ImportRow { sha256, rows, stored, .. } = import;
    let said = json!({ "sha256": sha256, "rows": rows, "stored": stored, "corrected": corrected });
    tx.audit("indicator_import", id, said);
    let touched: BTreeSet<AreaId> = fresh.iter().map(|row| row.street_id).collect();
    for street in touched {
        tx.changed("indicator_import", id.uuid(), Some(street.uuid()), Change::Put)?;
    }
    Ok(IndicatorImport { id: Some(id), sha256, rows, stored, corrected, unchanged: rows - stored })
}

/// What a dry run tells.
pub fn dry(bytes: &[u8], rows: &[Written]) -> IndicatorImport {
    let (rows, sha256) = (rows.len() as i64, sha256_of(bytes));
    IndicatorImport { id: None, sha256, rows, stored: 0, corrected: 0, unchanged: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::new_uuid;

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
