//! Rows and queries of who is in charge of which finding.

use crate::db::schema::{assignment, finding, user_account};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::findings::rules::State;
use crate::ids::{AreaId, FacilityId, FindingId, UserId};
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = assignment, check_for_backend(MultiBackend))]
pub struct AssignmentRow {
    pub finding_id: FindingId,
    pub seq: i32,
    pub user_id: UserId,
    pub since_at: Ts,
    pub until_at: Option<Ts>,
    pub assigned_by: UserId,
    pub reason: Option<String>,
}

/// Everybody who is or was in charge of a finding, in order, with their names.
pub fn of_finding(conn: &mut AnyConn, id: FindingId) -> Outcome<Vec<(AssignmentRow, String)>> {
    Ok(assignment::table
        .inner_join(user_account::table.on(user_account::id.eq(assignment::user_id)))
        .filter(assignment::finding_id.eq(id))
        .order(assignment::seq)
        .select((AssignmentRow::as_select(), user_account::display_name))
        .load(conn)?)
}

/// Who was put in charge last.
pub fn last(conn: &mut AnyConn, id: FindingId) -> Outcome<Option<AssignmentRow>> {
    let of_finding = assignment::table.filter(assignment::finding_id.eq(id));
    Ok(of_finding.order(assignment::seq.desc()).select(AssignmentRow::as_select()).first(conn).optional()?)
}

/// Ends the running charge of a finding and begins the next.
pub fn turn(conn: &mut AnyConn, next: &AssignmentRow) -> Outcome<()> {
    let running = assignment::table
        .filter(assignment::finding_id.eq(next.finding_id))
        .filter(assignment::until_at.is_null());
    diesel::update(running).set(assignment::until_at.eq(Some(next.since_at))).execute(conn)?;
    diesel::insert_into(assignment::table).values(next).execute(conn)?;
    Ok(())
}

/// A finding in somebody's charge.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = finding, check_for_backend(MultiBackend))]
pub struct Charge {
    /// The finding.
    pub id: FindingId,
    /// Its number.
    pub number: String,
    /// Its street.
    pub street_id: AreaId,
    /// Its facility.
    pub facility_id: FacilityId,
    /// Its category.
    pub category: String,
    /// Where it stands.
    pub state: State,
}

/// The findings in somebody's charge, settled or not, in the order in which they were found.
pub fn charges_of(conn: &mut AnyConn, user: UserId) -> Outcome<Vec<Charge>> {
    Ok(assignment::table
        .inner_join(finding::table.on(finding::id.eq(assignment::finding_id)))
        .filter(assignment::user_id.eq(user))
        .filter(assignment::until_at.is_null())
        .order(finding::id)
        .select(Charge::as_select())
        .load(conn)?)
}
