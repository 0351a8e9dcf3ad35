//! Rows and queries of groups.

use super::GroupKind;
use super::view::GroupFilter;
use crate::access::Scope;
use crate::db::schema::{finding, finding_group, finding_group_member};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::findings::Source;
use crate::findings::rules::State;
use crate::findings::store::within_findings;
use crate::ids::{AreaId, FacilityId, FindingId, GroupId, UserId};
use chrono::NaiveDate;
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = finding_group, check_for_backend(MultiBackend), treat_none_as_null = true)]
pub struct GroupRow {
    pub id: GroupId,
    pub kind: GroupKind,
    pub title: String,
    pub source: Option<Source>,
    pub document_number: Option<String>,
    pub measures: String,
    pub lead_unit: String,
    pub lead_post: String,
    pub lead_person: String,
    pub due_on: Option<NaiveDate>,
    pub created_by: UserId,
    pub created_at: Ts,
    pub revision: i32,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = finding_group_member)]
pub struct MemberRow {
    pub group_id: GroupId,
    pub finding_id: FindingId,
    pub kind: GroupKind,
    pub added_by: UserId,
    pub added_at: Ts,
}

/// A member and what is shown of it.
#[derive(Debug, Clone, Queryable)]
pub struct Line {
    pub group_id: GroupId,
    pub finding_id: FindingId,
    pub number: String,
    pub facility_id: FacilityId,
    pub facility_name: String,
    pub street_id: AreaId,
    pub category: String,
    pub description: String,
    pub state: State,
    pub due_on: Option<NaiveDate>,
    pub claimed_on: Option<NaiveDate>,
    pub closed_at: Option<Ts>,
}

pub fn insert(conn: &mut AnyConn, row: &GroupRow) -> Outcome<()> {
    diesel::insert_into(finding_group::table).values(row).execute(conn)?;
    Ok(())
}

pub fn save(conn: &mut AnyConn, row: &GroupRow) -> Outcome<()> {
    diesel::update(finding_group::table.find(row.id)).set(row).execute(conn)?;
    Ok(())
}

pub fn insert_member(conn: &mut AnyConn, row: &MemberRow) -> Outcome<()> {
    diesel::insert_into(finding_group_member::table).values(row).execute(conn)?;
    Ok(())
}

pub fn delete_member(conn: &mut AnyConn, group: GroupId, finding: FindingId) -> Outcome<()> {
    diesel::delete(finding_group_member::table.find((group, finding))).execute(conn)?;
    Ok(())
}

/// One of these findings that has a parent.
pub fn with_parent(conn: &mut AnyConn, ids: &[FindingId]) -> Outcome<Option<FindingId>> {
    Ok(finding_group_member::table
        .filter(finding_group_member::finding_id.eq_any(ids.to_vec()))
        .filter(finding_group_member::kind.eq(GroupKind::Parent))
        .order(finding_group_member::finding_id)
        .select(finding_group_member::finding_id)
        .first(conn)
        .optional()?)
}

pub fn find(conn: &mut AnyConn, id: GroupId) -> Outcome<Option<GroupRow>> {
    Ok(finding_group::table.find(id).select(GroupRow::as_select()).first(conn).optional()?)
}

/// A group, its row locked on PostgreSQL until the transaction ends.
pub fn find_locked(conn: &mut AnyConn, id: GroupId) -> Outcome<Option<GroupRow>> {
    if let AnyConn::Pg(c) = conn {
        let lock = finding_group::table.find(id).select(finding_group::id).for_update();
        lock.first::<GroupId>(c).optional()?;
    }
    find(conn, id)
}

/// The members of groups, by number.
pub fn lines(conn: &mut AnyConn, ids: &[GroupId]) -> Outcome<Vec<Line>> {
    Ok(finding_group_member::table
        .inner_join(finding::table.on(finding::id.eq(finding_group_member::finding_id)))
        .filter(finding_group_member::group_id.eq_any(ids.to_vec()))
        .order(finding::number)
        .select((
            finding_group_member::group_id,
            finding::id,
            finding::number,
            finding::facility_id,
            finding::facility_name,
            finding::street_id,
            finding::category,
            finding::description,
            finding::state,
            finding::due_on,
            finding::claimed_on,
            finding::closed_at,
        ))
        .load(conn)?)
}

/// Groups with a member within a scope, newest first.
pub fn list(
    conn: &mut AnyConn,
    scope: &Scope,
    filter: &GroupFilter,
    after: Option<GroupId>,
    limit: i64,
) -> Outcome<Vec<GroupRow>> {
    let members = finding_group_member::table
        .inner_join(finding::table.on(finding::id.eq(finding_group_member::finding_id)))
        .inner_join(finding_group::table.on(finding_group::id.eq(finding_group_member::group_id)))
        .select(finding_group::id)
        .distinct()
        .into_boxed::<MultiBackend>();
    let mut query = within_findings!(members, scope);
    if let Some(kind) = filter.kind {
        query = query.filter(finding_group::kind.eq(kind));
    }
    if let Some(source) = filter.source {
        query = query.filter(finding_group::source.eq(source));
    }
    if let Some(after) = after {
        query = query.filter(finding_group::id.lt(after));
    }
    let ids: Vec<GroupId> = query.order(finding_group::id.desc()).limit(limit).load(conn)?;
    let rows = finding_group::table.filter(finding_group::id.eq_any(ids)).order(finding_group::id.desc());
    Ok(rows.select(GroupRow::as_select()).load(conn)?)
}

/// The groups that findings are in: finding, group, kind and title.
pub(crate) fn of_findings(
    conn: &mut AnyConn,
    ids: &[FindingId],
) -> Outcome<Vec<(FindingId, GroupId, GroupKind, String)>> {
    Ok(finding_group_member::table
        .inner_join(finding_group::table.on(finding_group::id.eq(finding_group_member::group_id)))
        .filter(finding_group_member::finding_id.eq_any(ids.to_vec()))
        .order((finding_group_member::finding_id, finding_group::id))
        .select((
            finding_group_member::finding_id,
            finding_group::id,
            finding_group::kind,
            finding_group::title,
        ))
        .load(conn)?)
}
