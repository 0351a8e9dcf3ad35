//! Figures beside their targets: for a street and a quarter, as both were at a moment.

use super::catalogue::{self, Indicator};
use super::printed::{self, PrintedRow};
use super::rules::{Figure, Quarter, in_force};
use super::store::{self, TargetRow, ValueRow};
use super::{IndicatorSource, compute};
use crate::clock::{business_date, midnight};
use crate::db::AnyConn;
use crate::directory;
use crate::fault::{Fault, Outcome};
use crate::fire::rules::DutyRule;
use crate::ids::AreaId;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::HashMap;

/// What is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// The street.
    pub street: AreaId,
    /// The quarter.
    pub quarter: Quarter,
    /// What was entered later is not known.
    pub at: DateTime<Utc>,
    /// Persons that a fire control room needs.
    pub duty: DutyRule,
}

/// The moment at which what was known on a day ends; now unless a day is given.
///
/// # Errors
/// `out_of_range` of a day to come.
pub fn moment(as_of: Option<NaiveDate>, now: DateTime<Utc>) -> Outcome<DateTime<Utc>> {
    let Some(day) = as_of else { return Ok(now) };
    if day > business_date(now) {
        return Err(Fault::invalid("/as_of", "out_of_range", "截至日期不能晚于今天"));
    }
    let ends = day.succ_opt().map(|next| midnight(next) - TimeDelta::microseconds(1));
    Ok(ends.map_or(now, |end| end.min(now)))
}

/// An indicator with what was reached and what is to be.
pub struct Standing {
    pub indicator: &'static Indicator,
    pub figure: Option<Figure>,
    /// What was noted of a reported value.
    pub note: Option<String>,
    pub target: Option<TargetRow>,
}

/// The areas whose targets hold for a street: itself, and what it belongs to.
pub fn areas_of(conn: &mut AnyConn, street: AreaId) -> Outcome<Vec<AreaId>> {
    let above = directory::store::newest_parent(conn, street)?;
    Ok([street].into_iter().chain(above).collect())
}

/// The targets that hold for a street and a quarter, by indicator.
pub fn targets(
    conn: &mut AnyConn,
    street: AreaId,
    quarter: Quarter,
    at: DateTime<Utc>,
) -> Outcome<HashMap<String, TargetRow>> {
    let areas = areas_of(conn, street)?;
    let mut by_indicator: HashMap<String, Vec<TargetRow>> = HashMap::new();
    for row in store::targets_of(conn, &areas)? {
        by_indicator.entry(row.indicator.clone()).or_default().push(row);
    }
    let held = |(code, rows): (String, Vec<TargetRow>)| {
        in_force(&rows, |row| row.term(street), quarter, at).cloned().map(|row| (code, row))
    };
    Ok(by_indicator.into_iter().filter_map(held).collect())
}

/// What a street had reported for a quarter by a moment, by indicator.
fn reported(conn: &mut AnyConn, asked: &Asked) -> Outcome<HashMap<String, ValueRow>> {
    let first = asked.quarter.first_day();
    let rows = store::values_of(conn, &[asked.street], (first, first))?;
    let known = rows.into_iter().filter(|row| row.entered_at.0 <= asked.at);
    // The last version of each stays.
    Ok(known.map(|row| (row.indicator.clone(), row)).collect())
}

/// All indicators as they stood.
pub fn standing(conn: &mut AnyConn, asked: &Asked) -> Outcome<Vec<Standing>> {
    let mut targets = targets(conn, asked.street, asked.quarter, asked.at)?;
    let mut computed = compute::figures(conn, asked)?;
    stand(conn, asked, &mut targets, &mut computed)
}

fn stand(
    conn: &mut AnyConn,
    asked: &Asked,
    targets: &mut HashMap<String, TargetRow>,
    computed: &mut compute::Figures,
) -> Outcome<Vec<Standing>> {
    let mut reported = reported(conn, asked)?;
    let mut one = |indicator: &'static Indicator| {
        let target = targets.remove(&indicator.code);
        let (figure, note) = match indicator.source {
            IndicatorSource::System => (computed.remove(indicator.code.as_str()), None),
            IndicatorSource::Import => match reported.remove(&indicator.code) {
                Some(row) => (Some(figure(&row)), row.note),
                None => (None, None),
            },
        };
        Standing { indicator, figure, note, target }
    };
    Ok(catalogue::all()?.iter().map(&mut one).collect())
}

fn figure(row: &ValueRow) -> Figure {
    Figure {
        numerator: row.numerator,
        denominator: row.denominator,
        value: row.value,
        as_of: row.as_of,
        version: Some(row.seq),
    }
}

/// The rows of annex 2, in the order of the catalogue. The same ledger gives the same rows for the same moment, whenever
/// they are read. `beside` are the streets that the street is compared with; mostly none.
///
/// # Errors
/// The database's.
pub fn rows(conn: &mut AnyConn, asked: &Asked, beside: &[AreaId]) -> Outcome<Vec<PrintedRow>> {
    let mut targets = targets(conn, asked.street, asked.quarter, asked.at)?;
    let reckoned =
        |code: &String| catalogue::find(code).is_ok_and(|i| i.source == IndicatorSource::System && i.printed);
    // What nobody has set a target for is not printed, and need not be reckoned.
    let reckoned = targets.keys().any(reckoned);
    let mut computed = figures(conn, asked, reckoned)?;
    let others = values_of(conn, asked, reckoned, beside)?;
    let all = stand(conn, asked, &mut targets, &mut computed)?;
    let printed = |s: Standing| {
        let wanted = s.target.map(|t| (t.comparison, t.value));
        let others = others.get(&s.indicator.code).map(Vec::as_slice).unwrap_or_default();
        printed::row(s.indicator, s.figure.as_ref(), wanted, others)
    };
    Ok(all.into_iter().filter_map(printed).collect())
}

fn figures(conn: &mut AnyConn, asked: &Asked, reckoned: bool) -> Outcome<compute::Figures> {
    if reckoned { compute::figures(conn, asked) } else { Ok(compute::Figures::new()) }
}

/// What other streets came to, by indicator.
fn values_of(
    conn: &mut AnyConn,
    asked: &Asked,
    reckoned: bool,
    streets: &[AreaId],
) -> Outcome<HashMap<String, Vec<i64>>> {
    let mut values: HashMap<String, Vec<i64>> = HashMap::new();
    for street in streets.iter().filter(|street| **street != asked.street) {
        let other = Asked { street: *street, ..*asked };
        let computed = figures(conn, &other, reckoned)?.into_iter().map(|(code, f)| (code.into(), f.value));
        let told = reported(conn, &other)?.into_iter().map(|(code, row)| (code, row.value));
        for (code, value) in computed.chain(told) {
            values.entry(code).or_default().extend(value);
        }
    }
    Ok(values)
}
