//! What the ledger reads beside the findings themselves, for many findings at once.

use super::rules::Exception;
use crate::access::Scope;
use crate::db::schema::{finding, finding_event, finding_interval, rectification, referral, user_account};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::findings::rules::State;
use crate::findings::store::{EventRow, FindingRow, IntervalRow, RectificationRow, within_findings};
use crate::ids::{AreaId, EventId, FacilityId, FindingId, UserId};
use diesel::prelude::*;
use std::collections::HashMap;

/// The last claim of each finding.
pub fn last_claims(conn: &mut AnyConn, ids: &[FindingId]) -> Outcome<HashMap<FindingId, RectificationRow>> {
    let rows: Vec<RectificationRow> = rectification::table
        .filter(rectification::finding_id.eq_any(ids.to_vec()))
        .order((rectification::created_at, rectification::id))
        .select(RectificationRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.finding_id, row)).collect())
}

/// The states of each finding over time, in order.
pub fn intervals(conn: &mut AnyConn, ids: &[FindingId]) -> Outcome<HashMap<FindingId, Vec<IntervalRow>>> {
    let rows: Vec<IntervalRow> = finding_interval::table
        .filter(finding_interval::finding_id.eq_any(ids.to_vec()))
        .order((finding_interval::finding_id, finding_interval::seq))
        .select(IntervalRow::as_select())
        .load(conn)?;
    let mut by_finding: HashMap<FindingId, Vec<IntervalRow>> = HashMap::new();
    for row in rows {
        by_finding.entry(row.finding_id).or_default().push(row);
    }
    Ok(by_finding)
}

/// From when to when something was; it may last.
pub type Span = (Ts, Option<Ts>);

/// From when to when each finding lay with another authority.
pub fn away(conn: &mut AnyConn, ids: &[FindingId]) -> Outcome<HashMap<FindingId, Vec<Span>>> {
    let rows: Vec<(FindingId, Ts, Option<Ts>)> = referral::table
        .filter(referral::finding_id.eq_any(ids.to_vec()))
        .order((referral::sent_at, referral::id))
        .select((referral::finding_id, referral::sent_at, referral::result_at))
        .load(conn)?;
    let mut by_finding: HashMap<FindingId, Vec<Span>> = HashMap::new();
    for (id, from, to) in rows {
        by_finding.entry(id).or_default().push((from, to));
    }
    Ok(by_finding)
}

/// The history of each finding, in order.
pub fn events(conn: &mut AnyConn, ids: &[FindingId]) -> Outcome<HashMap<FindingId, Vec<EventRow>>> {
    let rows: Vec<EventRow> = finding_event::table
        .filter(finding_event::finding_id.eq_any(ids.to_vec()))
        .order((finding_event::finding_id, finding_event::seq))
        .select(EventRow::as_select())
        .load(conn)?;
    let mut by_finding: HashMap<FindingId, Vec<EventRow>> = HashMap::new();
    for row in rows {
        by_finding.entry(row.finding_id).or_default().push(row);
    }
    Ok(by_finding)
}

/// The names shown of accounts.
pub fn names(conn: &mut AnyConn, ids: &[UserId]) -> Outcome<HashMap<UserId, String>> {
    let rows: Vec<(UserId, String)> = user_account::table
        .filter(user_account::id.eq_any(ids.to_vec()))
        .select((user_account::id, user_account::display_name))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// The numbers of findings.
pub fn numbers(conn: &mut AnyConn, ids: &[FindingId]) -> Outcome<HashMap<FindingId, String>> {
    let rows: Vec<(FindingId, String)> = finding::table
        .filter(finding::id.eq_any(ids.to_vec()))
        .select((finding::id, finding::number))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Where and when something was found again after it had been closed; mistakes do not count.
pub fn relapses(conn: &mut AnyConn, facilities: &[FacilityId]) -> Outcome<Vec<(FacilityId, String, Ts)>> {
    Ok(finding::table
        .filter(finding::facility_id.eq_any(facilities.to_vec()))
        .filter(finding::repeat_of.is_not_null())
        .filter(finding::state.ne(State::Withdrawn))
        .select((finding::facility_id, finding::item_code, finding::found_at))
        .load(conn)?)
}

/// Findings by their ids.
pub fn findings(conn: &mut AnyConn, ids: &[FindingId]) -> Outcome<HashMap<FindingId, FindingRow>> {
    let rows: Vec<FindingRow> =
        finding::table.filter(finding::id.eq_any(ids.to_vec())).select(FindingRow::as_select()).load(conn)?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// The names of the events that may be of a kind of exception.
fn events_of(exception: Exception) -> &'static [&'static str] {
    match exception {
        Exception::FinderClosed => &["closed", "closed_on_site", "brigade_checked"],
        Exception::CheckSkipped => &["checked"],
        Exception::ClosedOnSite => &["closed_on_site"],
        Exception::DrawNotLookedAt => &["closed", "closed_on_site", "brigade_checked"],
        Exception::Terminated => &["terminated"],
        Exception::Withdrawn => &["withdrawn", "dispute_upheld"],
    }
}

/// Exceptional events within a scope, the last first.
pub fn exceptional(
    conn: &mut AnyConn,
    scope: &Scope,
    kinds: &[Exception],
    street: Option<AreaId>,
    after: Option<EventId>,
    limit: i64,
) -> Outcome<Vec<EventRow>> {
    use Exception::{CheckSkipped, ClosedOnSite, DrawNotLookedAt, FinderClosed, Terminated, Withdrawn};
    let names = |of: &[Exception]| -> Vec<&'static str> {
        of.iter().filter(|e| kinds.contains(e)).flat_map(|e| events_of(*e)).copied().collect()
    };
    let plain = finding_event::kind.eq_any(names(&[ClosedOnSite, Terminated, Withdrawn]));
    let finder = finding_event::kind
        .eq_any(names(&[FinderClosed]))
        .and(finding_event::detail.like("%\"finder_closed\":true%"));
    let skipped = finding_event::kind
        .eq_any(names(&[CheckSkipped]))
        .and(finding_event::detail.like("%\"result\":\"skipped\"%"));
    // Nothing but a closing comes after the claim that was drawn, and nobody has looked.
    let unseen = finding_event::kind
        .eq_any(names(&[DrawNotLookedAt]))
        .and(finding_event::to_state.eq(State::Closed))
        .and(finding::drawn.eq(true))
        .and(finding::reinspected_by.is_null());
    let joined = finding_event::table
        .inner_join(finding::table.on(finding::id.eq(finding_event::finding_id)))
        .select(EventRow::as_select())
        .into_boxed::<MultiBackend>();
    let mut query = within_findings!(joined, scope).filter(plain.or(finder).or(skipped).or(unseen));
    if let Some(street) = street {
        query = query.filter(finding::street_id.eq(street));
    }
    if let Some(after) = after {
        query = query.filter(finding_event::id.lt(after));
    }
    Ok(query.order(finding_event::id.desc()).limit(limit).load(conn)?)
}
