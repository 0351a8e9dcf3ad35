//! The ledger's figures as they were at a moment: the same counts as `summary`, over the findings of a street that were
//! found within some days. Nothing that was done later is known: the state is that of the interval of the moment, the claim
//! the last one before it, the due day the one that the history then told.

use super::rules::{Counted, Figures};
use super::store;
use super::summary::counted;
use crate::access::Scope;
use crate::clock::business_date;
use crate::db::{AnyConn, Ts};
use crate::fault::{Fault, Outcome};
use crate::findings::attribution::Party;
use crate::findings::rules::State;
use crate::findings::store as findings;
use crate::findings::store::{EventRow, FindingRow, IntervalRow};
use crate::findings::{FindingFilter, side};
use crate::ids::{AreaId, FindingId};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

/// Figures of a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MomentFigures {
    /// Counts over the findings that were confirmed by then; advice that nobody has confirmed is left out.
    pub figures: Figures,
    /// Days that the closed ones waited for the operator to rectify and the street to check, all of them together.
    pub days: i64,
}

/// Findings read at once.
const CHUNK: i64 = 500;

/// The figures of a street's findings that were found from a day to a day, as they were at `at`.
///
/// # Errors
/// The database's.
pub fn figures_at(
    conn: &mut AnyConn,
    street: AreaId,
    (from, to): (NaiveDate, NaiveDate),
    at: DateTime<Utc>,
) -> Outcome<MomentFigures> {
    let filter = FindingFilter { street_id: Some(street), ..FindingFilter::default() };
    let filter = super::found_within(filter, Some(from), Some(to));
    let (mut told, mut after) = (MomentFigures::default(), None);
    loop {
        let rows = findings::list(conn, &Scope::everywhere(), &filter, after, CHUNK)?;
        let Some(last) = rows.last() else { return Ok(told) };
        after = Some(last.id);
        add(conn, &rows, at, &mut told)?;
    }
}

fn add(conn: &mut AnyConn, rows: &[FindingRow], at: DateTime<Utc>, told: &mut MomentFigures) -> Outcome<()> {
    let ids: Vec<FindingId> = rows.iter().map(|r| r.id).collect();
    let (intervals, events) = (store::intervals(conn, &ids)?, store::events(conn, &ids)?);
    let away = store::away(conn, &ids)?;
    for row in rows {
        let known = until(intervals.get(&row.id).map(Vec::as_slice).unwrap_or_default(), at);
        let events = events.get(&row.id).map(Vec::as_slice).unwrap_or_default();
        let Some(then) = as_it_was(row, &known, events, at)? else { continue };
        if then.state == State::Open {
            continue;
        }
        told.figures.add(then, business_date(at));
        if then.state == State::Closed {
            let away = spans_until(away.get(&row.id).map(Vec::as_slice).unwrap_or_default(), at);
            let days = side::days(row, &known, &away, at);
            let of = |party: Party| days.get(&party).copied().unwrap_or(0);
            told.days += of(Party::Operator) + of(Party::Street);
        }
    }
    Ok(())
}

/// The intervals that had begun, the last of them still running.
fn until(intervals: &[IntervalRow], at: DateTime<Utc>) -> Vec<IntervalRow> {
    let begun = intervals.iter().filter(|i| i.from_at.0 <= at);
    begun.map(|i| IntervalRow { to_at: i.to_at.filter(|to| to.0 <= at), ..i.clone() }).collect()
}

fn spans_until(spans: &[store::Span], at: DateTime<Utc>) -> Vec<(Ts, Option<Ts>)> {
    let begun = spans.iter().filter(|(from, _)| from.0 <= at);
    begun.map(|(from, to)| (*from, to.filter(|to| to.0 <= at))).collect()
}

/// A finding as it was at a moment; none where it was not there yet.
fn as_it_was(
    row: &FindingRow,
    known: &[IntervalRow],
    events: &[EventRow],
    at: DateTime<Utc>,
) -> Outcome<Option<Counted>> {
    let Some(state) = known.last().map(|i| i.state) else { return Ok(None) };
    let (before, later): (Vec<&EventRow>, Vec<&EventRow>) = events.iter().partition(|e| e.at.0 <= at);
    if later.is_empty() {
        return Ok(Some(counted(row)));
    }
    let claimed = before.iter().rev().find(|e| e.kind == "claimed").map(|e| e.at.0);
    let due_on = due_then(row.due_on, &details(&before)?, &details(&later)?);
    Ok(Some(Counted { state, due_on, claimed_at: claimed, repeats: row.repeat_of.is_some() }))
}

fn details(events: &[&EventRow]) -> Outcome<Vec<Value>> {
    events.iter().map(|e| serde_json::from_str(&e.detail).map_err(Fault::internal)).collect()
}

/// The due day of a moment, of what the events before and after it say: the last that was set before, or what the first
/// later change found; today's where the history never speaks of one.
fn due_then(now: Option<NaiveDate>, before: &[Value], later: &[Value]) -> Option<NaiveDate> {
    let day = |detail: &Value, name: &str| detail[name].as_str().and_then(|d| d.parse().ok());
    if let Some(set) = before.iter().rev().find(|d| d["due_on"].is_string()) {
        return day(set, "due_on");
    }
    match later.iter().find(|d| d["due_on"].is_string()) {
        Some(changed) => day(changed, "due_before"),
        None => now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_due_day_is_the_one_that_was_told_then() {
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        let (served, moved) = (
            json!({ "due_on": "2026-08-10" }),
            json!({ "due_before": "2026-08-10", "due_on": "2026-09-01" }),
        );
        let now = day("2026-09-01");
        assert_eq!(
            due_then(now, &[served.clone(), json!({})], std::slice::from_ref(&moved)),
            day("2026-08-10")
        );
        assert_eq!(due_then(now, &[served.clone(), moved.clone()], &[json!({})]), now);
        assert_eq!(due_then(now, &[json!({})], &[moved]), day("2026-08-10"), "what the change found");
        assert_eq!(due_then(now, &[], &[served]), None, "it was served later");
        assert_eq!(due_then(now, &[json!({})], &[json!({})]), now);
    }

    #[test]
    fn what_came_later_is_not_known() {
        let at = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
        let interval = |seq, state, from: &str, to: Option<&str>| IntervalRow {
            finding_id: crate::ids::TypedId::from_uuid(uuid::Uuid::nil()),
            seq,
            state,
            from_at: at(from).into(),
            to_at: to.map(|to| at(to).into()),
        };
        let all = [
            interval(1, State::Confirmed, "2026-08-01T00:00:00Z", Some("2026-08-02T00:00:00Z")),
            interval(2, State::Served, "2026-08-02T00:00:00Z", Some("2026-08-09T00:00:00Z")),
            interval(3, State::Closed, "2026-08-09T00:00:00Z", None),
        ];
        let known = until(&all, at("2026-08-05T00:00:00Z"));
        let said: Vec<_> = known.iter().map(|i| (i.state, i.to_at.is_some())).collect();
        assert_eq!(said, [(State::Confirmed, true), (State::Served, false)]);
        assert!(until(&all, at("2026-07-31T00:00:00Z")).is_empty());
        assert_eq!(until(&all, at("2026-08-09T00:00:00Z")).len(), 3);
    }
}
