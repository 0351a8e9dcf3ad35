//! The working calendar as clients see it.

use super::rules::{DayKind, YearStatus};
use super::store::{self, DayRow, ImportRow};
use crate::db::AnyConn;
use crate::db::page::{Page, PageAsk, page};
use crate::fault::{Fault, Outcome};
use chrono::{DateTime, NaiveDate, Utc};

/// A day that differs from a plain week.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct CalendarDay {
    /// The day.
    pub date: NaiveDate,
    /// Why it differs.
    pub kind: DayKind,
    /// The holiday's name.
    pub name: String,
}

/// A year of the working calendar.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct CalendarYear {
    /// The year.
    pub year: i32,
    /// Whether it is published; `provisional` also where nothing was imported.
    pub status: YearStatus,
    /// The import that it comes from; empty where nothing was imported.
    pub version: Option<String>,
    /// When that was.
    pub imported_at: Option<DateTime<Utc>>,
    /// The days that differ from Monday to Friday, in order.
    pub days: Vec<CalendarDay>,
}

/// A version of the calendar: what an import made of the one before.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct CalendarVersion {
    /// Its name, as due dates carry it.
    pub version: String,
    /// Its place in the order of imports, from 1.
    pub seq: i32,
    /// When it was imported.
    pub imported_at: DateTime<Utc>,
    /// Who did.
    pub imported_by: String,
    /// SHA-256 of the file; empty of what was imported before files were kept.
    pub sha256: String,
}

/// A version with its file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct CalendarVersionFile {
    /// The version.
    #[serde(flatten)]
    pub of: CalendarVersion,
    /// The file as it was imported, CSV.
    pub csv: String,
}

fn version(row: &ImportRow) -> CalendarVersion {
    CalendarVersion {
        version: row.version.clone(),
        seq: row.seq,
        imported_at: row.imported_at.0,
        imported_by: row.imported_by.clone(),
        sha256: row.sha256.clone(),
    }
}

/// A year as it stands.
///
/// # Errors
/// The database's.
pub fn year(conn: &mut AnyConn, year: i32) -> Outcome<CalendarYear> {
    let of = store::year(conn, year)?;
    let day = |DayRow { date, kind, name }| CalendarDay { date, kind, name };
    Ok(CalendarYear {
        year,
        status: of.as_ref().map_or(YearStatus::Provisional, |row| row.status),
        version: of.as_ref().map(|row| row.version.clone()),
        imported_at: of.map(|row| row.imported_at.0),
        days: store::days(conn, year)?.into_iter().map(day).collect(),
    })
}

/// The versions, the last first.
///
/// # Errors
/// A bad page.
pub fn versions(conn: &mut AnyConn, ask: &PageAsk) -> Outcome<Page<CalendarVersion>> {
    let limit = ask.limit()?;
    let after: Option<i32> = ask.after()?;
    let rows = store::imports(conn, after, limit + 1)?;
    Ok(page(rows, limit, |row: &ImportRow| row.seq, |row| version(&row)))
}

/// One version with its file.
///
/// # Errors
/// Missing.
pub fn version_named(conn: &mut AnyConn, name: &str) -> Outcome<CalendarVersionFile> {
    let missing = || Fault::missing("工作日历版本");
    // PostgreSQL cannot be asked for a text with U+0000.
    let name = Some(name).filter(|name| !name.contains('\0')).ok_or_else(missing)?;
    let row = store::import(conn, name)?.ok_or_else(missing)?;
    Ok(CalendarVersionFile { of: version(&row), csv: row.content })
}
