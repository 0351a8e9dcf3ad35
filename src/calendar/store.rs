//! Rows and queries of the working calendar.

use super::rules::{DayKind, WorkCalendar, YearStatus};
use crate::db::connection::each;
use crate::db::schema::{calendar_day, calendar_import, calendar_year};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::{Fault, Outcome};
use chrono::NaiveDate;
use diesel::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = calendar_day, check_for_backend(MultiBackend))]
pub struct DayRow {
    pub date: NaiveDate,
    pub kind: DayKind,
    pub name: String,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = calendar_year, check_for_backend(MultiBackend))]
pub struct YearRow {
    pub year: i32,
    pub status: YearStatus,
    pub version: String,
    pub imported_at: Ts,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = calendar_import, check_for_backend(MultiBackend))]
pub struct ImportRow {
    pub seq: i32,
    pub version: String,
    pub imported_at: Ts,
    pub imported_by: String,
    pub sha256: String,
    pub content: String,
}

pub fn load(conn: &mut AnyConn) -> Outcome<WorkCalendar> {
    let days: Vec<(NaiveDate, DayKind)> = calendar_day::table
        .order(calendar_day::date)
        .select((calendar_day::date, calendar_day::kind))
        .load(conn)?;
    let years: Vec<(i32, YearStatus)> = calendar_year::table
        .order(calendar_year::year)
        .select((calendar_year::year, calendar_year::status))
        .load(conn)?;
    let version = newest(conn)?.map(|(_, version)| version).unwrap_or_default();
    Ok(WorkCalendar::new(days, years, version))
}

/// The number and name of the last import.
pub fn newest(conn: &mut AnyConn) -> Outcome<Option<(i32, String)>> {
    let imports = calendar_import::table.order(calendar_import::seq.desc());
    Ok(imports.select((calendar_import::seq, calendar_import::version)).first(conn).optional()?)
}

pub fn years(conn: &mut AnyConn) -> Outcome<Vec<i32>> {
    Ok(calendar_year::table.select(calendar_year::year).load(conn)?)
}

pub fn year(conn: &mut AnyConn, year: i32) -> Outcome<Option<YearRow>> {
    Ok(calendar_year::table.find(year).select(YearRow::as_select()).first(conn).optional()?)
}

/// The first and the last day of a year.
fn ends(year: i32) -> Outcome<(NaiveDate, NaiveDate)> {
    let day = |month, day| NaiveDate::from_ymd_opt(year, month, day);
    day(1, 1).zip(day(12, 31)).ok_or_else(|| Fault::internal(format!("bad year {year}")))
}

/// The days of a year that differ from a plain week, in order.
pub fn days(conn: &mut AnyConn, year: i32) -> Outcome<Vec<DayRow>> {
    let (first, last) = ends(year)?;
    let of_year = calendar_day::table.filter(calendar_day::date.between(first, last));
    Ok(of_year.order(calendar_day::date).select(DayRow::as_select()).load(conn)?)
}

/// Replaces whole years by an import.
pub fn replace(conn: &mut AnyConn, import: &ImportRow, years: &[YearRow], days: &[DayRow]) -> Outcome<()> {
    diesel::insert_into(calendar_import::table).values(import).execute(conn)?;
    for row in years {
        let (first, last) = ends(row.year)?;
        diesel::delete(calendar_day::table.filter(calendar_day::date.between(first, last))).execute(conn)?;
        diesel::delete(calendar_year::table.find(row.year)).execute(conn)?;
        diesel::insert_into(calendar_year::table).values(row).execute(conn)?;
    }
    for chunk in days.chunks(200) {
        each!(conn, c => diesel::insert_into(calendar_day::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// Imports, the last first.
pub fn imports(conn: &mut AnyConn, after: Option<i32>, limit: i64) -> Outcome<Vec<ImportRow>> {
    let mut query = calendar_import::table.select(ImportRow::as_select()).into_boxed::<MultiBackend>();
    if let Some(after) = after {
        query = query.filter(calendar_import::seq.lt(after));
    }
    Ok(query.order(calendar_import::seq.desc()).limit(limit).load(conn)?)
}

pub fn import(conn: &mut AnyConn, version: &str) -> Outcome<Option<ImportRow>> {
    let named = calendar_import::table.filter(calendar_import::version.eq(version));
    Ok(named.select(ImportRow::as_select()).first(conn).optional()?)
}
