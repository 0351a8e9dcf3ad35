//! Figures over the ledger. Each rate says what it was made of.

use super::rules::{CLOSED_RULE, Counted, Figures, ON_TIME_RULE, percent};
use super::store;
use crate::access::Scope;
use crate::clock::business_date;
use crate::db::AnyConn;
use crate::fault::Outcome;
use crate::findings::FindingFilter;
use crate::findings::attribution::Party;
use crate::findings::rules::State;
use crate::findings::side;
use crate::findings::store as findings;
use crate::findings::store::FindingRow;
use crate::ids::FindingId;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;

/// A rate, and what it was made of.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Rate {
    /// What counts.
    pub numerator: i64,
    /// Of how many.
    pub denominator: i64,
    /// In percent, two places; none of nothing.
    pub percent: Option<f64>,
    /// What is counted, in Chinese.
    pub rule: String,
}

fn rate(numerator: i64, denominator: i64, rule: &str) -> Rate {
    Rate { numerator, denominator, percent: percent(numerator, denominator), rule: rule.into() }
}

/// Figures over the ledger.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct LedgerSummary {
    /// The day of the figures 截至日期.
    pub as_of: NaiveDate,
    /// All findings.
    pub total: i64,
    /// Closed.
    pub closed: i64,
    /// Neither closed nor ended otherwise.
    pub open: i64,
    /// Of the open: overdue.
    pub overdue: i64,
    /// Withdrawn as mistakes, apart.
    pub withdrawn: i64,
    /// Terminated, apart; never counted as rectified.
    pub terminated: i64,
    /// 重复出现: those that repeat a closed one.
    pub relapses: i64,
    /// 按期整改率.
    pub on_time: Rate,
    /// 销号率.
    pub closing: Rate,
    /// How many stand where.
    pub by_state: BTreeMap<State, i64>,
    /// Whose days they were up to now, of all of them together.
    pub days: BTreeMap<Party, i64>,
}

/// Findings read at once.
const CHUNK: i64 = 500;

/// Figures over the findings within a scope.
///
/// # Errors
/// The database's.
pub fn summary(
    conn: &mut AnyConn,
    scope: &Scope,
    filter: &FindingFilter,
    now: DateTime<Utc>,
) -> Outcome<LedgerSummary> {
    let today = business_date(now);
    let (mut figures, mut by_state, mut days) = (Figures::default(), BTreeMap::new(), BTreeMap::new());
    let mut after: Option<FindingId> = None;
    loop {
        let rows = findings::list(conn, scope, filter, after, CHUNK)?;
        let Some(last) = rows.last() else { break };
        after = Some(last.id);
        for row in &rows {
            figures.add(counted(row), today);
            *by_state.entry(row.state).or_insert(0) += 1;
        }
        add_days(conn, &rows, now, &mut days)?;
    }
    Ok(LedgerSummary {
        as_of: today,
        total: figures.total,
        closed: figures.closed,
        open: figures.open,
        overdue: figures.overdue,
        withdrawn: figures.withdrawn,
        terminated: figures.terminated,
        relapses: figures.relapses,
        on_time: rate(figures.on_time, figures.due, ON_TIME_RULE),
        closing: rate(figures.closed, figures.countable(), CLOSED_RULE),
        by_state,
        days,
    })
}

/// What the figures need of a finding as it stands.
pub(super) fn counted(row: &FindingRow) -> Counted {
    Counted {
        state: row.state,
        due_on: row.due_on,
        claimed_at: row.claimed_at.map(|at| at.0),
        repeats: row.repeat_of.is_some(),
    }
}

fn add_days(
    conn: &mut AnyConn,
    rows: &[FindingRow],
    now: DateTime<Utc>,
    days: &mut BTreeMap<Party, i64>,
) -> Outcome<()> {
    let ids: Vec<FindingId> = rows.iter().map(|r| r.id).collect();
    let (intervals, away) = (store::intervals(conn, &ids)?, store::away(conn, &ids)?);
    for row in rows {
        let intervals = intervals.get(&row.id).map(Vec::as_slice).unwrap_or_default();
        let away = away.get(&row.id).map(Vec::as_slice).unwrap_or_default();
        for (party, count) in side::days(row, intervals, away, now) {
            *days.entry(party).or_insert(0) += count;
        }
    }
    Ok(())
}
