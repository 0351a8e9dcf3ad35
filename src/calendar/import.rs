//! Importing the calendar: the days that differ from a plain week. A file replaces the years that it speaks of, as often
//! as there is something to correct; a year goes from provisional to confirmed and never back.

use super::rules::{DayKind, YearStatus, is_weekend};
use super::store::{self, DayRow, ImportRow, YearRow};
use crate::db::types::Coded as _;
use crate::db::{AnyConn, Change, Tx};
use crate::fault::{Fault, Outcome};
use crate::files::sha256_of;
use crate::tables::{self, CellFault, Column, Parsed};
use chrono::{Datelike, NaiveDate};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

const COLUMNS: [Column; 4] = [
    Column { name: "date", also: &["日期"], required: true, longest: 10 },
    Column { name: "kind", also: &["类型"], required: true, longest: 20 },
    Column { name: "name", also: &["名称"], required: false, longest: 50 },
    Column { name: "year_status", also: &["年度状态"], required: true, longest: 20 },
];

/// A day in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayWritten {
    /// The day.
    pub date: NaiveDate,
    /// Why it differs.
    pub kind: DayKind,
    /// The holiday's name.
    pub name: String,
    /// The status of its year.
    pub status: YearStatus,
}

/// Holidays that fall on the same day every year (全国年节及纪念日放假办法): month and day. A confirmed year without one of
/// them is a part of a year, and the rest of it would be counted Monday to Friday.
const FIXED_HOLIDAYS: [(u32, u32); 5] = [(1, 1), (5, 1), (10, 1), (10, 2), (10, 3)];

/// Reads and checks a calendar file: PURE.
pub fn parse(bytes: &[u8]) -> Parsed<DayWritten> {
    let mut seen = BTreeSet::new();
    let mut years: BTreeMap<i32, (YearStatus, u64)> = BTreeMap::new();
    let mut parsed = tables::read(bytes, &COLUMNS, |line| {
        let kind = line.parsed("kind", "holiday（放假）或 makeup_workday（调休上班）", |text| {
            DayKind::from_code(text).or_else(|| DayKind::ALL.iter().copied().find(|k| k.label() == text))
        });
        let status =
            line.parsed("year_status", "confirmed（已公布）或 provisional（暂定）", |text| {
                YearStatus::from_code(text)
                    .or_else(|| YearStatus::ALL.iter().copied().find(|k| k.label() == text))
            });
        line.needed("date");
        line.needed("kind");
        line.needed("year_status");
        let date: NaiveDate = line.parsed("date", "YYYY-MM-DD", |text| text.parse().ok())?;
        if !(FIRST_YEAR..=LAST_YEAR).contains(&date.year()) {
            line.fault("date", "out_of_range", format!("年份应在 {FIRST_YEAR} 到 {LAST_YEAR} 之间"));
        }
        if !seen.insert(date) {
            line.fault("date", "duplicate", "日期重复");
        }
        let (kind, status) = (kind?, status?);
        if kind == DayKind::MakeupWorkday && !is_weekend(date) {
            line.fault("kind", "inconsistent", "调休上班须在周六或周日");
        }
        let (first, _) = years.entry(date.year()).or_insert((status, line.number));
        if *first != status {
            line.fault("year_status", "inconsistent", "同一年的状态不一致");
        }
        Some(DayWritten { date, kind, name: line.text("name").to_string(), status })
    });
    if parsed.faults.is_empty() {
        parsed.faults = incomplete_years(&parsed.rows, &years);
    }
    parsed
}

/// Years that a file may speak of: a slip of the pen is not the year 20226.
const FIRST_YEAR: i32 = 2000;
const LAST_YEAR: i32 = 2100;

/// Confirmed years that cannot be whole.
fn incomplete_years(rows: &[DayWritten], years: &BTreeMap<i32, (YearStatus, u64)>) -> Vec<CellFault> {
    let off: BTreeSet<NaiveDate> =
        rows.iter().filter(|row| row.kind == DayKind::Holiday).map(|row| row.date).collect();
    let confirmed = years.iter().filter(|(_, (status, _))| *status == YearStatus::Confirmed);
    confirmed
        .filter_map(|(year, (_, line))| {
            let fixed = FIXED_HOLIDAYS.map(|(month, day)| NaiveDate::from_ymd_opt(*year, month, day));
            let missing = fixed.into_iter().flatten().find(|day| !off.contains(day))?;
            let reason = format!("{year} 年标为已公布，却没有 {missing} 放假：须导入全年的安排");
            Some(CellFault { line: *line, column: "year_status".into(), code: "incomplete_year", reason })
        })
        .collect()
}

/// A year that an import has replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct ImportedYear {
    /// The year.
    pub year: i32,
    /// Its status from now on.
    pub status: YearStatus,
}

/// What an import made of the calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarImport {
    /// The version in force now.
    pub version: String,
    /// Days that differ from a plain week, in the file.
    pub days: usize,
    /// The years that the file speaks of.
    pub years: Vec<ImportedYear>,
    /// All of it stood there already: there is no new version.
    pub unchanged: bool,
}

/// Stores parsed days; the years that they speak of are replaced, and the calendar gets a new version unless all of it
/// is as it was.
///
/// # Errors
/// `year_confirmed` where a published year would become provisional again; the database's.
pub fn store(tx: &mut Tx<'_>, text: &str, days: &[DayWritten]) -> Outcome<CalendarImport> {
    let (years, rows) = table_of(days);
    let unchanged = !differs(tx.conn(), days)?;
    let (last, version) = store::newest(tx.conn())?.unwrap_or_default();
    let version = if unchanged { version } else { put(tx, last + 1, text, &years, &rows)? };
    let said: Vec<i32> = years.iter().map(|y| y.year).collect();
    tx.audit("calendar", &version, json!({ "days": rows.len(), "years": said, "unchanged": unchanged }));
    Ok(CalendarImport { version, days: rows.len(), years, unchanged })
}

/// The years and days of a file, in order.
fn table_of(days: &[DayWritten]) -> (Vec<ImportedYear>, Vec<DayRow>) {
    let years: BTreeMap<i32, YearStatus> = days.iter().map(|d| (d.date.year(), d.status)).collect();
    let mut rows: Vec<DayRow> =
        days.iter().map(|d| DayRow { date: d.date, kind: d.kind, name: d.name.clone() }).collect();
    rows.sort_by_key(|row| row.date);
    (years.into_iter().map(|(year, status)| ImportedYear { year, status }).collect(), rows)
}

/// Whether parsed days say anything that the calendar does not say already.
///
/// # Errors
/// `year_confirmed` where a published year would become provisional again; the database's.
pub fn differs(conn: &mut AnyConn, days: &[DayWritten]) -> Outcome<bool> {
    let (years, rows) = table_of(days);
    let (mut held, mut same) = (vec![], true);
    for ImportedYear { year, status } in years {
        let stored = store::year(conn, year)?.map(|row| row.status);
        if stored == Some(YearStatus::Confirmed) && status == YearStatus::Provisional {
            let detail = format!("{year} 年的放假安排已公布，不能改回暂定");
            return Err(Fault::refused("year_confirmed", detail));
        }
        same &= stored == Some(status);
        held.extend(store::days(conn, year)?);
    }
    Ok(!same || held != rows)
}

/// Replaces the years and gives the calendar its new version.
fn put(tx: &mut Tx<'_>, seq: i32, text: &str, years: &[ImportedYear], rows: &[DayRow]) -> Outcome<String> {
    let sha256 = sha256_of(text.as_bytes());
    let day = crate::clock::business_date(tx.now()).format("%Y%m%d");
    let version = format!("{day}-{seq}-{}", sha256.get(..8).unwrap_or_default());
    let import = ImportRow {
        seq,
        version: version.clone(),
        imported_at: tx.ts(),
        imported_by: tx.actor_label(),
        sha256,
        content: text.into(),
    };
    let at = tx.ts();
    let year = |y: &ImportedYear| YearRow {
        year: y.year,
        status: y.status,
        version: version.clone(),
        imported_at: at,
    };
    let years: Vec<YearRow> = years.iter().map(year).collect();
    store::replace(tx.conn(), &import, &years, rows)?;
    let id = crate::ids::new_uuid(tx.now());
    tx.changed("calendar", id, None, Change::Put)?;
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<(u64, &'static str)> {
        parse(text.as_bytes()).faults.iter().map(|f| (f.line, f.code)).collect()
    }

    #[test]
    fn a_confirmed_year_is_whole() {
        let head = "date,kind,year_status\n";
        let fixed = |status: &str| -> String {
            FIXED_HOLIDAYS.iter().map(|(m, d)| format!("2027-{m:02}-{d:02},holiday,{status}\n")).collect()
        };
        assert_eq!(faults(&format!("{head}{}", fixed("confirmed"))), []);
        let part = fixed("confirmed").replace("2027-10-02", "2027-10-04");
        assert_eq!(
            faults(&format!("{head}2028-01-01,holiday,provisional\n{part}")),
            [(3, "incomplete_year")]
        );
        let worked = fixed("confirmed").replace("2027-05-01,holiday", "2027-05-01,makeup_workday");
        assert_eq!(
            faults(&format!("{head}{worked}")),
            [(2, "incomplete_year")],
            "a Saturday, but no holiday"
        );
        assert_eq!(faults(&format!("{head}2027-01-01,holiday,provisional\n")), []);
    }

    #[test]
    fn slips_are_told() {
        let of = |row: &str| faults(&format!("date,kind,year_status\n{row}\n"));
        assert_eq!(of("2027-01-04,makeup_workday,provisional"), [(2, "inconsistent")], "a Monday");
        assert_eq!(of("2027-01-03,makeup_workday,provisional"), []);
        assert_eq!(of("2207-01-01,holiday,provisional"), [(2, "out_of_range")]);
    }
}
