//! Project lines as clients see them.

use super::Cause;
use super::rules::{fresh_until, is_stale};
use super::store::{self, MilestoneRow, ProjectRow, ReportRow};
use crate::access::Places;
use crate::clock::business_date;
use crate::db::AnyConn;
use crate::db::page::{Page, PageAsk, page};
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, FacilityId, ProjectId, ReportId, UserId};
use crate::settings::{self, ProjectRefresh};
use chrono::{DateTime, NaiveDate, Utc};

/// A milestone.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct MilestoneView {
    /// Its place, from 1.
    pub position: i32,
    /// What is to be reached.
    pub title: String,
    /// By when.
    pub due_on: NaiveDate,
    /// When it was.
    pub done_on: Option<NaiveDate>,
    /// Its day has passed and it is not reached.
    pub overdue: bool,
}

/// A project line of a centre.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ProjectView {
    /// Its id.
    pub id: ProjectId,
    /// The centre.
    pub facility_id: FacilityId,
    /// Its name.
    pub facility_name: String,
    /// Its street.
    pub street_id: AreaId,
    /// What keeps it from being finished.
    pub cause: Cause,
    /// What is done about it.
    pub measure: String,
    /// The agency that leads.
    pub lead_agency: String,
    /// The agency that is waited for.
    pub waiting_for: Option<String>,
    /// The unit that answers for it.
    pub unit: String,
    /// The post.
    pub post: String,
    /// The person.
    pub person: String,
    /// To be refreshed every so many days.
    pub refresh_days: i32,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it was last reported on; its opening counts.
    pub refreshed_at: DateTime<Utc>,
    /// The last day on which that is fresh.
    pub fresh_until: NaiveDate,
    /// Nobody has reported in time.
    pub stale: bool,
    /// The milestones, in order.
    pub milestones: Vec<MilestoneView>,
    /// When it was finished.
    pub finished_at: Option<DateTime<Utc>>,
    /// What was reached with that.
    pub finished_note: Option<String>,
    /// For `If-Match`.
    pub revision: i32,
    /// The day of all this.
    pub as_of: NaiveDate,
}

/// A weekly report.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ReportView {
    /// Its id.
    pub id: ReportId,
    /// 完成情况.
    pub progress: String,
    /// 存在问题.
    pub problems: String,
    /// 整改计划.
    pub plan: String,
    /// Who reported.
    pub reported_by: UserId,
    /// When.
    pub reported_at: DateTime<Utc>,
}

/// A project line with its reports, newest first.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ProjectDetail {
    /// The line.
    #[serde(flatten)]
    pub project: ProjectView,
    /// Its reports.
    pub updates: Vec<ReportView>,
}

/// Which lines.
#[derive(Debug, Clone, Default)]
pub struct ProjectFilter {
    /// Only of this centre.
    pub facility_id: Option<FacilityId>,
    /// Only in this street.
    pub street_id: Option<AreaId>,
    /// Only of this cause.
    pub cause: Option<Cause>,
    /// Only those that are not finished.
    pub running: bool,
    /// Only those that nobody refreshed in time.
    pub stale: bool,
    /// Only these.
    pub among: Option<Vec<ProjectId>>,
}

fn milestone(m: MilestoneRow, today: NaiveDate) -> MilestoneView {
    let overdue = m.done_on.is_none() && m.due_on < today;
    MilestoneView { position: m.position, title: m.title, due_on: m.due_on, done_on: m.done_on, overdue }
}

fn view(r: ProjectRow, milestones: &[MilestoneRow], days: i32, now: DateTime<Utc>) -> ProjectView {
    let (days, today) = (r.refresh_days.unwrap_or(days), business_date(now));
    let of_project = milestones.iter().filter(|m| m.project_id == r.id).cloned();
    ProjectView {
        milestones: of_project.map(|m| milestone(m, today)).collect(),
        fresh_until: fresh_until(r.refreshed_at.0, days),
        stale: r.finished_at.is_none() && is_stale(r.refreshed_at.0, days, now),
        as_of: today,
        id: r.id,
        facility_id: r.facility_id,
        facility_name: r.facility_name,
        street_id: r.street_id,
        cause: r.cause,
        measure: r.measure,
        lead_agency: r.lead_agency,
        waiting_for: r.waiting_for,
        unit: r.unit,
        post: r.post,
        person: r.person,
        refresh_days: days,
        opened_at: r.opened_at.0,
        refreshed_at: r.refreshed_at.0,
        finished_at: r.finished_at.map(|at| at.0),
        finished_note: r.finished_note,
        revision: r.revision,
    }
}

fn report(r: ReportRow) -> ReportView {
    ReportView {
        id: r.id,
        progress: r.progress,
        problems: r.problems,
        plan: r.plan,
        reported_by: r.reported_by,
        reported_at: r.reported_at.0,
    }
}

/// Lines within places, the last opened first.
///
/// # Errors
/// A bad page.
pub fn list(
    conn: &mut AnyConn,
    places: &Places,
    filter: &ProjectFilter,
    ask: &PageAsk,
    now: DateTime<Utc>,
) -> Outcome<Page<ProjectView>> {
    let limit = ask.limit()?;
    let after: Option<ProjectId> = ask.after()?;
    let ProjectRefresh { days } = settings::get(conn)?;
    let days = i32::from(days);
    let mut filter = filter.clone();
    if filter.stale {
        let stale = store::stale(conn, places, days, business_date(now))?;
        filter.among = Some(stale.into_iter().map(|p| p.id).collect());
    }
    let rows = store::list(conn, places, &filter, after, limit + 1)?;
    let milestones = store::milestones(conn, &rows.iter().map(|r| r.id).collect::<Vec<_>>())?;
    Ok(page(rows, limit, |r: &ProjectRow| r.id, |r| view(r, &milestones, days, now)))
}

/// One line with its reports.
///
/// # Errors
/// Missing.
pub fn find(
    conn: &mut AnyConn,
    places: &Places,
    id: ProjectId,
    now: DateTime<Utc>,
) -> Outcome<ProjectDetail> {
    let row = store::find(conn, id)?
        .filter(|p| places.holds(p.street_id, Some(p.facility_id)))
        .ok_or_else(|| Fault::missing("整改措施"))?;
    let ProjectRefresh { days } = settings::get(conn)?;
    let milestones = store::milestones(conn, &[id])?;
    let updates = store::reports(conn, id)?.into_iter().map(report).collect();
    Ok(ProjectDetail { project: view(row, &milestones, i32::from(days), now), updates })
}
