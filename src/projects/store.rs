//! Rows and queries of project lines.

use super::Cause;
use super::rules::fresh_until;
use super::view::ProjectFilter;
use crate::access::Places;
use crate::access::scope::within;
use crate::db::schema::{project, project_milestone, project_update};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::ids::{AreaId, FacilityId, ProjectId, ReportId, UserId};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = project, check_for_backend(MultiBackend), treat_none_as_null = true)]
pub struct ProjectRow {
    pub id: ProjectId,
    pub facility_id: FacilityId,
    pub facility_name: String,
    pub street_id: AreaId,
    pub cause: Cause,
    pub measure: String,
    pub lead_agency: String,
    pub waiting_for: Option<String>,
    pub unit: String,
    pub post: String,
    pub person: String,
    pub refresh_days: Option<i32>,
    pub opened_by: UserId,
    pub opened_at: Ts,
    pub refreshed_at: Ts,
    /// When it was told that nobody refreshed it.
    pub alerted_at: Option<Ts>,
    pub finished_at: Option<Ts>,
    pub finished_note: Option<String>,
    pub revision: i32,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = project_milestone, check_for_backend(MultiBackend))]
pub struct MilestoneRow {
    pub project_id: ProjectId,
    pub position: i32,
    pub title: String,
    pub due_on: NaiveDate,
    pub done_on: Option<NaiveDate>,
    pub done_by: Option<UserId>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = project_update, check_for_backend(MultiBackend))]
pub struct ReportRow {
    pub id: ReportId,
    pub project_id: ProjectId,
    pub progress: String,
    pub problems: String,
    pub plan: String,
    pub reported_by: UserId,
    pub reported_at: Ts,
}

/// A line that nobody refreshed in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleProject {
    /// The line.
    pub id: ProjectId,
    /// The centre.
    pub facility_id: FacilityId,
    /// Its name.
    pub facility_name: String,
    /// Its street.
    pub street_id: AreaId,
    /// The last day on which it was fresh.
    pub fresh_until: NaiveDate,
    /// When it was refreshed last.
    pub refreshed_at: DateTime<Utc>,
    /// It has been told since.
    pub alerted: bool,
}

/// Notes that people have been told of a line.
pub fn set_alerted(conn: &mut AnyConn, id: ProjectId, at: Ts) -> Outcome<()> {
    diesel::update(project::table.find(id)).set(project::alerted_at.eq(Some(at))).execute(conn)?;
    Ok(())
}

pub fn insert(conn: &mut AnyConn, row: &ProjectRow) -> Outcome<()> {
    diesel::insert_into(project::table).values(row).execute(conn)?;
    Ok(())
}

pub fn save(conn: &mut AnyConn, row: &ProjectRow) -> Outcome<()> {
    diesel::update(project::table.find(row.id)).set(row).execute(conn)?;
    Ok(())
}

pub fn find(conn: &mut AnyConn, id: ProjectId) -> Outcome<Option<ProjectRow>> {
    Ok(project::table.find(id).select(ProjectRow::as_select()).first(conn).optional()?)
}

/// A line, its row locked on PostgreSQL until the transaction ends.
pub fn find_locked(conn: &mut AnyConn, id: ProjectId) -> Outcome<Option<ProjectRow>> {
    if let AnyConn::Pg(c) = conn {
        let lock = project::table.find(id).select(project::id).for_update();
        lock.first::<ProjectId>(c).optional()?;
    }
    find(conn, id)
}

/// The running line of a centre.
pub fn running_of(conn: &mut AnyConn, facility: FacilityId) -> Outcome<Option<ProjectId>> {
    Ok(project::table
        .filter(project::facility_id.eq(facility))
        .filter(project::finished_at.is_null())
        .select(project::id)
        .first(conn)
        .optional()?)
}

pub fn insert_milestone(conn: &mut AnyConn, row: &MilestoneRow) -> Outcome<()> {
    diesel::insert_into(project_milestone::table).values(row).execute(conn)?;
    Ok(())
}

pub fn finish_milestone(
    conn: &mut AnyConn,
    id: ProjectId,
    position: i32,
    done_on: NaiveDate,
    by: UserId,
) -> Outcome<()> {
    diesel::update(project_milestone::table.find((id, position)))
        .set((project_milestone::done_on.eq(Some(done_on)), project_milestone::done_by.eq(Some(by))))
        .execute(conn)?;
    Ok(())
}

/// The milestones of lines, in order.
pub fn milestones(conn: &mut AnyConn, ids: &[ProjectId]) -> Outcome<Vec<MilestoneRow>> {
    Ok(project_milestone::table
        .filter(project_milestone::project_id.eq_any(ids.to_vec()))
        .order((project_milestone::project_id, project_milestone::position))
        .select(MilestoneRow::as_select())
        .load(conn)?)
}

pub fn insert_report(conn: &mut AnyConn, row: &ReportRow) -> Outcome<()> {
    diesel::insert_into(project_update::table).values(row).execute(conn)?;
    Ok(())
}

/// The reports on a line, newest first.
pub fn reports(conn: &mut AnyConn, id: ProjectId) -> Outcome<Vec<ReportRow>> {
    let of_project = project_update::table.filter(project_update::project_id.eq(id));
    let ordered = of_project.order((project_update::reported_at.desc(), project_update::id.desc()));
    Ok(ordered.select(ReportRow::as_select()).load(conn)?)
}

/// Lines within places, the last opened first.
pub fn list(
    conn: &mut AnyConn,
    places: &Places,
    filter: &ProjectFilter,
    after: Option<ProjectId>,
    limit: i64,
) -> Outcome<Vec<ProjectRow>> {
    let mut query = project::table.select(ProjectRow::as_select()).into_boxed::<MultiBackend>();
    if let Some(ids) = &filter.among {
        query = query.filter(project::id.eq_any(ids.clone()));
    }
    if let Some(id) = filter.facility_id {
        query = query.filter(project::facility_id.eq(id));
    }
    if let Some(id) = filter.street_id {
        query = query.filter(project::street_id.eq(id));
    }
    if let Some(cause) = filter.cause {
        query = query.filter(project::cause.eq(cause));
    }
    if filter.running {
        query = query.filter(project::finished_at.is_null());
    }
    if let Some(after) = after {
        query = query.filter(project::id.lt(after));
    }
    let query = within!(query, places, project::street_id, project::facility_id);
    Ok(query.order(project::id.desc()).limit(limit).load(conn)?)
}

/// The running lines within places that nobody refreshed in time, by when that was last. There is one a centre at the most, and a
/// district has some dozens of centres.
pub fn stale(conn: &mut AnyConn, places: &Places, days: i32, today: NaiveDate) -> Outcome<Vec<StaleProject>> {
    let query = project::table
        .filter(project::finished_at.is_null())
        .select(ProjectRow::as_select())
        .into_boxed::<MultiBackend>();
    let query = within!(query, places, project::street_id, project::facility_id);
    let rows: Vec<ProjectRow> = query.order((project::refreshed_at, project::id)).load(conn)?;
    let stale = |p: ProjectRow| {
        let fresh_until = fresh_until(p.refreshed_at.0, p.refresh_days.unwrap_or(days));
        (today > fresh_until).then_some(StaleProject {
            id: p.id,
            facility_id: p.facility_id,
            facility_name: p.facility_name,
            street_id: p.street_id,
            fresh_until,
            refreshed_at: p.refreshed_at.0,
            alerted: p.alerted_at.is_some_and(|at| at >= p.refreshed_at),
        })
    };
    Ok(rows.into_iter().filter_map(stale).collect())
}
