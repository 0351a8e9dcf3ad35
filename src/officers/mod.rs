//! The clerk in charge of a finding 经办: one at a time, with everybody who was before. It gives nobody a permission; it says whom
//! to ask, and what a leaver has to hand over. The table is the history: nothing in it is changed but the end of a charge.

mod store;

use crate::access::{Action, Holder, Role, Spot, delegations, disabling, users};
use crate::clock::business_date;
use crate::db::{AnyConn, Change, Tx};
use crate::fault::{Fault, Outcome};
use crate::findings;
use crate::ids::{AreaId, FindingId, TypedId as _, UserId};
use chrono::{DateTime, Utc};
use serde_json::json;
use store::AssignmentRow;
pub use store::Charge;

/// Who can be in charge: the bureau's clerks.
const CLERKS: [Role; 1] = [Role::Drafter];

/// Whether somebody can be in charge on a spot: by a grant of their own, because a deputy's ends.
pub fn can_take(who: &Holder, spot: Spot<'_>) -> bool {
    !who.third_party && who.holds_own(&CLERKS, spot)
}

/// Somebody who is or was in charge of a finding.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct OfficerView {
    /// The clerk.
    pub user_id: UserId,
    /// Their name.
    pub name: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when; not there of who is in charge now.
    pub until: Option<DateTime<Utc>>,
    /// Who put them in charge.
    pub assigned_by: UserId,
    /// Why, where that was said.
    pub reason: Option<String>,
}

/// Everybody who is or was in charge of a finding, the first first.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Officers {
    /// In order; the last is in charge unless it has an end.
    pub officers: Vec<OfficerView>,
}

/// Who is and was in charge of a finding.
///
/// # Errors
/// Missing.
pub fn of_finding(conn: &mut AnyConn, by: &Holder, id: FindingId, now: DateTime<Utc>) -> Outcome<Officers> {
    findings::find(conn, &by.scope, id, now)?;
    let rows = store::of_finding(conn, id)?;
    let view = |(row, name): (AssignmentRow, String)| OfficerView {
        user_id: row.user_id,
        name,
        since: row.since_at.0,
        until: row.until_at.map(|t| t.0),
        assigned_by: row.assigned_by,
        reason: row.reason,
    };
    Ok(Officers { officers: rows.into_iter().map(view).collect() })
}

/// Puts a clerk in charge of an unsettled finding; tells whether that is new.
///
/// # Errors
/// Missing; `wrong_state` of a settled finding; `unknown_user`; `account_disabled`; `out_of_their_reach`.
pub fn assign(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: FindingId,
    clerk: UserId,
    reason: Option<&str>,
) -> Outcome<bool> {
    let now = tx.now();
    let found = findings::find(tx.conn(), &by.scope, id, now)?.finding;
    if !found.state.is_unsettled() {
        return Err(Fault::refused("wrong_state", "当前状态不能执行此操作"));
    }
    let unknown = || Fault::invalid("/user_id", "unknown_user", "账号不存在");
    let who = users::person_on(tx.conn(), clerk, business_date(now)).map_err(|e| e.if_missing(unknown))?;
    disabling::refuse_leaver(tx.conn(), clerk)?;
    let spot = Spot::finding(found.street_id, found.facility_id, &found.category);
    if !can_take(&who, spot) {
        return Err(Fault::refused("out_of_their_reach", "该人员不是经办人，或权限不及该问题"));
    }
    delegations::act(tx, by, Action::AssignOfficer.roles(), spot)?;
    if store::last(tx.conn(), id)?.is_some_and(|row| row.user_id == clerk && row.until_at.is_none()) {
        tx.audit("finding", id, json!({ "officer": clerk, "again": true }));
        return Ok(false);
    }
    put_in_charge(tx, id, found.street_id, clerk, reason)?;
    Ok(true)
}

/// Puts a clerk in charge, whoever was before.
///
/// # Errors
/// The database's.
pub fn put_in_charge(
    tx: &mut Tx<'_>,
    id: FindingId,
    street: AreaId,
    clerk: UserId,
    reason: Option<&str>,
) -> Outcome<()> {
    let seq = store::last(tx.conn(), id)?.map_or(1, |row| row.seq + 1);
    let row = AssignmentRow {
        finding_id: id,
        seq,
        user_id: clerk,
        since_at: tx.ts(),
        until_at: None,
        assigned_by: tx.user()?,
        reason: reason.map(str::to_string),
    };
    store::turn(tx.conn(), &row)?;
    tx.audit("finding", id, json!({ "officer": clerk, "reason": reason }));
    tx.changed("finding", id.uuid(), Some(street.uuid()), Change::Put)
}

/// The unsettled findings in somebody's charge.
///
/// # Errors
/// The database's.
pub fn in_charge_of(conn: &mut AnyConn, user: UserId) -> Outcome<Vec<Charge>> {
    let mut charges = store::charges_of(conn, user)?;
    charges.retain(|c| c.state.is_unsettled());
    Ok(charges)
}
