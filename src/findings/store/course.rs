//! What has happened to a finding: its events, the time that it spent in each state, claims, and checks.

use super::super::rules::{CheckResult, State};
use crate::db::schema::{finding, finding_check, finding_event, finding_interval, rectification};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::ids::{CheckId, EventId, FindingId, InspectionId, RectificationId, UserId};
use chrono::NaiveDate;
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = finding_event, check_for_backend(MultiBackend))]
pub struct EventRow {
    pub id: EventId,
    pub finding_id: FindingId,
    pub seq: i32,
    pub at: Ts,
    pub kind: String,
    pub actor_id: Option<UserId>,
    pub actor_name: String,
    pub from_state: Option<State>,
    pub to_state: State,
    pub reason: Option<String>,
    pub detail: String,
}

pub fn insert_event(conn: &mut AnyConn, row: &EventRow) -> Outcome<()> {
    diesel::insert_into(finding_event::table).values(row).execute(conn)?;
    Ok(())
}

/// Those who did something to a finding in the name of `principal`.
pub fn deputies_of(conn: &mut AnyConn, id: FindingId, principal: UserId) -> Outcome<Vec<UserId>> {
    let rows: Vec<(Option<UserId>, String)> = finding_event::table
        .filter(finding_event::finding_id.eq(id))
        .filter(finding_event::detail.like(format!("%{principal}%")))
        .order(finding_event::seq)
        .select((finding_event::actor_id, finding_event::detail))
        .load(conn)?;
    let principal = serde_json::json!(principal);
    let for_them = |detail: &str| {
        let detail: serde_json::Value = serde_json::from_str(detail).unwrap_or_default();
        detail["acting_for"].as_array().is_some_and(|all| all.contains(&principal))
    };
    Ok(rows.into_iter().filter(|(_, detail)| for_them(detail)).filter_map(|(actor, _)| actor).collect())
}

pub fn last_event_seq(conn: &mut AnyConn, id: FindingId) -> Outcome<i32> {
    let of_finding = finding_event::table.filter(finding_event::finding_id.eq(id));
    let last: Option<i32> =
        of_finding.order(finding_event::seq.desc()).select(finding_event::seq).first(conn).optional()?;
    Ok(last.unwrap_or(0))
}

pub fn events(conn: &mut AnyConn, id: FindingId) -> Outcome<Vec<EventRow>> {
    let of_finding = finding_event::table.filter(finding_event::finding_id.eq(id));
    Ok(of_finding.order(finding_event::seq).select(EventRow::as_select()).load(conn)?)
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = finding_interval, check_for_backend(MultiBackend))]
pub struct IntervalRow {
    pub finding_id: FindingId,
    pub seq: i32,
    pub state: State,
    pub from_at: Ts,
    pub to_at: Option<Ts>,
}

/// Ends the running interval of a finding and begins the next.
pub fn turn_interval(conn: &mut AnyConn, id: FindingId, seq: i32, state: State, at: Ts) -> Outcome<()> {
    let running = finding_interval::table
        .filter(finding_interval::finding_id.eq(id))
        .filter(finding_interval::to_at.is_null());
    diesel::update(running).set(finding_interval::to_at.eq(at)).execute(conn)?;
    let row = IntervalRow { finding_id: id, seq, state, from_at: at, to_at: None };
    diesel::insert_into(finding_interval::table).values(&row).execute(conn)?;
    Ok(())
}

pub fn intervals(conn: &mut AnyConn, id: FindingId) -> Outcome<Vec<IntervalRow>> {
    let of_finding = finding_interval::table.filter(finding_interval::finding_id.eq(id));
    Ok(of_finding.order(finding_interval::seq).select(IntervalRow::as_select()).load(conn)?)
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = rectification, check_for_backend(MultiBackend))]
pub struct RectificationRow {
    pub id: RectificationId,
    pub finding_id: FindingId,
    pub claimed_by: UserId,
    pub claimed_on: NaiveDate,
    pub measures: String,
    pub similar_check: Option<String>,
    pub system_measures: Option<String>,
    pub supervisor: Option<String>,
    pub created_at: Ts,
    /// Of a claim on the spot, the inspection that makes it.
    pub inspection_id: Option<InspectionId>,
}

pub fn insert_rectification(conn: &mut AnyConn, row: &RectificationRow) -> Outcome<()> {
    diesel::insert_into(rectification::table).values(row).execute(conn)?;
    Ok(())
}

/// The finding of an item that an inspection claims as put right on the spot.
pub fn claimed_on_site(
    conn: &mut AnyConn,
    inspection: InspectionId,
    item_code: &str,
) -> Outcome<Option<FindingId>> {
    Ok(rectification::table
        .inner_join(finding::table.on(finding::id.eq(rectification::finding_id)))
        .filter(rectification::inspection_id.eq(inspection))
        .filter(finding::item_code.eq(item_code))
        .select(finding::id)
        .first(conn)
        .optional()?)
}

/// The claims of a finding, oldest first.
pub fn rectifications(conn: &mut AnyConn, id: FindingId) -> Outcome<Vec<RectificationRow>> {
    let of_finding = rectification::table.filter(rectification::finding_id.eq(id));
    let ordered = of_finding.order((rectification::created_at, rectification::id));
    Ok(ordered.select(RectificationRow::as_select()).load(conn)?)
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = finding_check, check_for_backend(MultiBackend))]
pub struct CheckRow {
    pub id: CheckId,
    pub finding_id: FindingId,
    pub kind: String,
    pub result: CheckResult,
    pub note: String,
    pub checked_by: UserId,
    pub checked_at: Ts,
}

pub fn insert_check(conn: &mut AnyConn, row: &CheckRow) -> Outcome<()> {
    diesel::insert_into(finding_check::table).values(row).execute(conn)?;
    Ok(())
}

/// Who re-inspected a finding from a moment on.
pub fn looked_since(conn: &mut AnyConn, id: FindingId, since: Ts) -> Outcome<Vec<UserId>> {
    let looks = finding_check::table
        .filter(finding_check::finding_id.eq(id))
        .filter(finding_check::kind.eq("reinspection"))
        .filter(finding_check::checked_at.ge(since));
    Ok(looks.select(finding_check::checked_by).distinct().order(finding_check::checked_by).load(conn)?)
}

/// The checks of a finding, oldest first.
pub fn checks(conn: &mut AnyConn, id: FindingId) -> Outcome<Vec<CheckRow>> {
    let of_finding = finding_check::table.filter(finding_check::finding_id.eq(id));
    let ordered = of_finding.order((finding_check::checked_at, finding_check::id));
    Ok(ordered.select(CheckRow::as_select()).load(conn)?)
}
