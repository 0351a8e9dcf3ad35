//! What goes on beside the straight way, as clients see it.

use super::store::{self, RequestRow, StageRow};
use super::{Agency, ContactMethod, Ground, RequestResult};
use crate::db::{AnyConn, Ts};
use crate::fault::Outcome;
use crate::findings::attribution::{self, Party, Way};
use crate::findings::rules::RequestKind;
use crate::findings::store::{FindingRow, IntervalRow};
use crate::ids::{ContactId, FindingId, ReferralId, RequestId, TypedId as _, UserId};
use crate::photos::{self, PhotoLine, SubjectKind};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;

/// A stage of what is followed in stages.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct StageView {
    /// Its place, from 1.
    pub position: i32,
    /// What is to be reached.
    pub title: String,
    /// By when.
    pub due_on: NaiveDate,
    /// When it was done.
    pub done_at: Option<DateTime<Utc>>,
    /// Who said so.
    pub done_by: Option<UserId>,
    /// What was reached.
    pub note: Option<String>,
}

/// What was asked for, and what came of it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct RequestView {
    /// Its id.
    pub id: RequestId,
    /// What.
    pub kind: RequestKind,
    /// Who asked.
    pub asked_by: UserId,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// Of a termination: what changed.
    pub ground: Option<Ground>,
    /// Of an extension: the day asked for.
    pub until: Option<NaiveDate>,
    /// What came of it; empty while it waits.
    pub result: Option<RequestResult>,
    /// Who decided.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// Why so.
    pub note: Option<String>,
    /// The due day before the decision.
    pub due_before: Option<NaiveDate>,
    /// The due day after it.
    pub due_after: Option<NaiveDate>,
    /// Of 挂账: the stages.
    pub stages: Vec<StageView>,
    /// Of a termination: the certificate and the photos of the check.
    pub files: Vec<PhotoLine>,
}

/// A finding passed on to another authority.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ReferralView {
    /// Its id.
    pub id: ReferralId,
    /// To which kind of authority.
    pub agency: Agency,
    /// Its name.
    pub addressee: String,
    /// There was danger at once.
    pub imminent: bool,
    /// What the matter was.
    pub matter: String,
    /// Who passed it on.
    pub sent_by: UserId,
    /// When.
    pub sent_at: DateTime<Utc>,
    /// Who received it, or recorded that it was received.
    pub received_by: Option<UserId>,
    /// When.
    pub received_at: Option<DateTime<Utc>>,
    /// What was said then.
    pub receipt_note: Option<String>,
    /// What came of it.
    pub result: Option<String>,
    /// When.
    pub result_at: Option<DateTime<Utc>>,
}

/// A call or a visit about a finding.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ContactView {
    /// Its id.
    pub id: ContactId,
    /// How.
    pub method: ContactMethod,
    /// With whom.
    pub person: String,
    /// What was said.
    pub note: String,
    /// On which day.
    pub happened_on: NaiveDate,
    /// Who logged it.
    pub logged_by: UserId,
    /// When.
    pub logged_at: DateTime<Utc>,
}

fn stage(s: StageRow) -> StageView {
    let StageRow { position, title, due_on, done_by, done_at, note, .. } = s;
    StageView { position, title, due_on, done_at: done_at.map(|at| at.0), done_by, note }
}

fn request(conn: &mut AnyConn, r: RequestRow) -> Outcome<RequestView> {
    Ok(RequestView {
        stages: store::stages(conn, r.id)?.into_iter().map(stage).collect(),
        files: photos::photos_of(conn, SubjectKind::Termination, r.id.uuid())?,
        id: r.id,
        kind: r.kind,
        asked_by: r.asked_by,
        asked_at: r.asked_at.0,
        reason: r.reason,
        ground: r.ground,
        until: r.until,
        result: r.result,
        decided_by: r.decided_by,
        decided_at: r.decided_at.map(|at| at.0),
        note: r.note,
        due_before: r.due_before,
        due_after: r.due_after,
    })
}

/// The stages that a finding on account 挂账 is followed by, in order.
///
/// # Errors
/// The database's.
pub fn stages_in_force(conn: &mut AnyConn, id: FindingId) -> Outcome<Vec<StageView>> {
    let Some(plan) = store::plan_in_force(conn, id)? else { return Ok(vec![]) };
    Ok(store::stages(conn, plan.id)?.into_iter().map(stage).collect())
}

pub fn requests(conn: &mut AnyConn, id: FindingId) -> Outcome<Vec<RequestView>> {
    let rows = store::requests(conn, id)?;
    rows.into_iter().map(|r| request(conn, r)).collect()
}

pub fn referrals(conn: &mut AnyConn, id: FindingId) -> Outcome<Vec<ReferralView>> {
    let view = |r: store::ReferralRow| ReferralView {
        id: r.id,
        agency: r.agency,
        addressee: r.addressee,
        imminent: r.imminent,
        matter: r.matter,
        sent_by: r.sent_by,
        sent_at: r.sent_at.0,
        received_by: r.received_by,
        received_at: r.received_at.map(|at| at.0),
        receipt_note: r.receipt_note,
        result: r.result,
        result_at: r.result_at.map(|at| at.0),
    };
    Ok(store::referrals(conn, id)?.into_iter().map(view).collect())
}

pub fn contacts(conn: &mut AnyConn, id: FindingId) -> Outcome<Vec<ContactView>> {
    let view = |c: store::ContactRow| ContactView {
        id: c.id,
        method: c.method,
        person: c.person,
        note: c.note,
        happened_on: c.happened_on,
        logged_by: c.logged_by,
        logged_at: c.logged_at.0,
    };
    Ok(store::contacts(conn, id)?.into_iter().map(view).collect())
}

/// Whose days they were up to now; `away` says from when to when another authority had it.
pub fn days(
    row: &FindingRow,
    intervals: &[IntervalRow],
    away: &[(Ts, Option<Ts>)],
    now: DateTime<Utc>,
) -> BTreeMap<Party, i64> {
    let spans: Vec<_> = intervals.iter().map(|i| (i.state, i.from_at.0, i.to_at.map(|at| at.0))).collect();
    let away: Vec<_> = away.iter().map(|(from, to)| (from.0, to.map(|at| at.0))).collect();
    attribution::days(&spans, &away, Way { route: row.route, joint: row.joint }, now)
}
