//! Rows and queries of the working calendar.

use super::rules::{DayKind, WorkCalendar, YearStatus};
use crate::db::AnyConn;
use crate::db::Ts;
use crate::db::connection::each;
use crate::db::schema::{calendar_day, calendar_year};
use crate::db::types::Coded as _;
use crate::fault::{Fault, Outcome};
use chrono::NaiveDate;
use diesel::prelude::*;

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = calendar_day)]
pub struct DayRow {
    pub date: NaiveDate,
    pub kind: String,
    pub name: String,
}

pub fn load(conn: &mut AnyConn) -> Outcome<WorkCalendar> {
    let days: Vec<(NaiveDate, String)> = calendar_day::table
        .order(calendar_day::date)
        .select((calendar_day::date, calendar_day::kind))
        .load(conn)?;
    let years: Vec<(i32, String, String)> = calendar_year::table
        .order(calendar_year::year)
        .select((calendar_year::year, calendar_year::status, calendar_year::version))
        .load(conn)?;
    let unknown = |code: &str| Fault::internal(format!("unknown calendar code {code}"));
    let days: Vec<(NaiveDate, DayKind)> = days
        .into_iter()
        .map(|(date, kind)| Ok((date, DayKind::from_code(&kind).ok_or_else(|| unknown(&kind))?)))
        .collect::<Outcome<_>>()?;
    let version = years.iter().map(|(_, _, version)| version.clone()).max().unwrap_or_default();
    let years: Vec<(i32, YearStatus)> = years
        .into_iter()
        .map(|(year, status, _)| Ok((year, YearStatus::from_code(&status).ok_or_else(|| unknown(&status))?)))
        .collect::<Outcome<_>>()?;
    Ok(WorkCalendar::new(days, years, version))
}

pub fn years(conn: &mut AnyConn) -> Outcome<Vec<i32>> {
    Ok(calendar_year::table.select(calendar_year::year).load(conn)?)
}

/// Replaces whole years.
pub fn replace(
    conn: &mut AnyConn,
    years: &[(i32, YearStatus)],
    days: &[DayRow],
    version: &str,
    at: Ts,
) -> Outcome<()> {
    for (year, status) in years {
        let first = NaiveDate::from_ymd_opt(*year, 1, 1).ok_or_else(|| Fault::internal("bad year"))?;
        let last = NaiveDate::from_ymd_opt(*year, 12, 31).ok_or_else(|| Fault::internal("bad year"))?;
        diesel::delete(
            calendar_day::table.filter(calendar_day::date.ge(first)).filter(calendar_day::date.le(last)),
        )
        .execute(conn)?;
        diesel::delete(calendar_year::table.find(*year)).execute(conn)?;
        diesel::insert_into(calendar_year::table)
            .values((
                calendar_year::year.eq(*year),
                calendar_year::status.eq(status.code()),
                calendar_year::version.eq(version),
                calendar_year::imported_at.eq(at),
            ))
            .execute(conn)?;
    }
    for chunk in days.chunks(200) {
        each!(conn, c => diesel::insert_into(calendar_day::table).values(chunk).execute(c))?;
    }
    Ok(())
}
