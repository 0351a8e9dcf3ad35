//! Importing the calendar: the days that differ from a plain week. A file replaces the years that it speaks of.

use super::rules::{DayKind, YearStatus};
use super::store::{self, DayRow};
use crate::db::types::Coded as _;
use crate::db::{Change, Tx};
use crate::fault::Outcome;
use crate::files::sha256_of;
use crate::tables::{self, Column, Parsed};
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

/// Reads and checks a calendar file: PURE.
pub fn parse(bytes: &[u8]) -> Parsed<DayWritten> {
    let mut seen = BTreeSet::new();
    let mut years: BTreeMap<i32, YearStatus> = BTreeMap::new();
    tables::read(bytes, &COLUMNS, |line| {
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
        if !seen.insert(date) {
            line.fault("date", "duplicate", "日期重复");
        }
        let (kind, status) = (kind?, status?);
        if *years.entry(date.year()).or_insert(status) != status {
            line.fault("year_status", "inconsistent", "同一年的状态不一致");
        }
        Some(DayWritten { date, kind, name: line.text("name").to_string(), status })
    })
}

/// Stores parsed days; the years that they speak of are replaced. Returns (days, years).
///
/// # Errors
/// The database's.
pub fn store(tx: &mut Tx<'_>, text: &str, days: &[DayWritten]) -> Outcome<(usize, usize)> {
    let years: BTreeMap<i32, YearStatus> = days.iter().map(|d| (d.date.year(), d.status)).collect();
    let years: Vec<(i32, YearStatus)> = years.into_iter().collect();
    let rows: Vec<DayRow> = days
        .iter()
        .map(|d| DayRow { date: d.date, kind: d.kind.code().into(), name: d.name.clone() })
        .collect();
    let at = tx.ts();
    let version = format!("{}-{}", tx.now().format("%Y%m%d"), &sha256_of(text.as_bytes())[..8]);
    store::replace(tx.conn(), &years, &rows, &version, at)?;
    tx.audit(
        "calendar",
        &version,
        json!({ "days": rows.len(), "years": years.iter().map(|y| y.0).collect::<Vec<_>>() }),
    );
    let id = crate::ids::new_uuid(tx.now());
    tx.changed("calendar", id, None, Change::Put)?;
    Ok((rows.len(), years.len()))
}
