//! Project lines of centres.

use super::answer::{Found, Made, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiPath2, ApiQuery, IfMatch};
use super::problem::Answer;
use crate::access::Places;
use crate::access::permissions::{Permission, may};
use crate::db::Tx;
use crate::db::page::{Page, PageAsk};
use crate::fault::Outcome;
use crate::ids::{AreaId, FacilityId, ProjectId};
use crate::projects::{
    self, Cause, Milestone, ProjectDetail, ProjectFacts, ProjectFilter, ProjectView, Report,
};
use chrono::NaiveDate;
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

impl Tagged for ProjectDetail {
    fn revision(&self) -> Option<i32> {
        Some(self.project.revision)
    }
}

/// Does a step and answers with the line.
async fn step<P: Permission>(
    caller: Allowed<P>,
    id: ProjectId,
    step: impl Fn(&mut Tx<'_>, &Places) -> Outcome<()> + Send + 'static,
) -> Answer<Found<ProjectDetail>> {
    let (places, now) = (caller.scope.places(), caller.now);
    let detail = caller.write(move |tx| {
        step(tx, &places)?;
        projects::find(tx.conn(), &places, id, now)
    });
    Ok(Found(detail.await?))
}

/// A milestone.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MilestoneBody {
    /// What is to be reached.
    #[garde(length(chars, min = 2, max = 200))]
    title: String,
    /// By when.
    #[garde(skip)]
    due_on: NaiveDate,
}

impl From<MilestoneBody> for Milestone {
    fn from(body: MilestoneBody) -> Self {
        Self { title: body.title, due_on: body.due_on }
    }
}

/// A new line.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenProject {
    /// The centre.
    #[garde(skip)]
    facility_id: FacilityId,
    /// What keeps it from being finished.
    #[garde(skip)]
    cause: Cause,
    /// What is done about it.
    #[garde(length(chars, min = 2, max = 2000))]
    measure: String,
    /// The agency that leads.
    #[garde(length(chars, min = 2, max = 100))]
    lead_agency: String,
    /// The agency that is waited for.
    #[garde(length(chars, min = 2, max = 100))]
    waiting_for: Option<String>,
    /// The unit that answers for it.
    #[garde(length(chars, min = 2, max = 200))]
    unit: String,
    /// The post.
    #[garde(length(chars, min = 2, max = 50))]
    post: String,
    /// The person.
    #[garde(length(chars, min = 2, max = 50))]
    person: String,
    /// To be refreshed every so many days; as the setting `project_refresh` says unless given.
    #[garde(range(min = 1, max = 90))]
    #[schema(minimum = 1, maximum = 90)]
    refresh_days: Option<i32>,
    /// The milestones, in order; at most 20.
    #[garde(length(max = 20), dive)]
    milestones: Vec<MilestoneBody>,
}

pub async fn open(
    caller: Allowed<may::WriteProjects>,
    ApiJson(body): ApiJson<OpenProject>,
) -> Answer<Made<ProjectDetail>> {
    let facts = ProjectFacts {
        cause: body.cause,
        measure: body.measure,
        lead_agency: body.lead_agency,
        waiting_for: body.waiting_for,
        unit: body.unit,
        post: body.post,
        person: body.person,
        refresh_days: body.refresh_days,
    };
    let milestones: Vec<Milestone> = body.milestones.into_iter().map(Into::into).collect();
    let (places, now, facility) = (caller.scope.places(), caller.now, body.facility_id);
    let made = caller.write(move |tx| {
        let id = projects::open(tx, &places, facility, &facts, &milestones)?;
        projects::find(tx.conn(), &places, id, now)
    });
    Ok(Made::New(made.await?))
}

/// Which lines.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ProjectQuery {
    /// Only of this centre.
    #[garde(skip)]
    facility_id: Option<FacilityId>,
    /// Only in this street.
    #[garde(skip)]
    street_id: Option<AreaId>,
    /// Only of this cause.
    #[garde(skip)]
    #[param(inline)]
    cause: Option<Cause>,
    /// Only those that are not finished.
    #[serde(default)]
    #[garde(skip)]
    running: bool,
    /// Only those that nobody refreshed in time.
    #[serde(default)]
    #[garde(skip)]
    stale: bool,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list(
    caller: Allowed<may::ReadProjects>,
    ApiQuery(query): ApiQuery<ProjectQuery>,
) -> Answer<Found<Page<ProjectView>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let filter = ProjectFilter {
        facility_id: query.facility_id,
        street_id: query.street_id,
        cause: query.cause,
        running: query.running,
        stale: query.stale,
        among: None,
    };
    let (places, now) = (caller.scope.places(), caller.now);
    Ok(Found(caller.read(move |conn| projects::list(conn, &places, &filter, &ask, now)).await?))
}

pub async fn find(
    caller: Allowed<may::ReadProjects>,
    ApiPath(id): ApiPath<ProjectId>,
) -> Answer<Found<ProjectDetail>> {
    let (places, now) = (caller.scope.places(), caller.now);
    Ok(Found(caller.read(move |conn| projects::find(conn, &places, id, now)).await?))
}

/// What changes of a line; what is not given stays. That is no report and does not refresh it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateProject {
    /// What keeps it from being finished.
    #[garde(skip)]
    cause: Option<Cause>,
    /// What is done about it.
    #[garde(length(chars, min = 2, max = 2000))]
    measure: Option<String>,
    /// The agency that leads.
    #[garde(length(chars, min = 2, max = 100))]
    lead_agency: Option<String>,
    /// The agency that is waited for; empty when none is.
    #[garde(length(chars, max = 100))]
    waiting_for: Option<String>,
    /// The unit that answers for it.
    #[garde(length(chars, min = 2, max = 200))]
    unit: Option<String>,
    /// The post.
    #[garde(length(chars, min = 2, max = 50))]
    post: Option<String>,
    /// The person.
    #[garde(length(chars, min = 2, max = 50))]
    person: Option<String>,
    /// To be refreshed every so many days.
    #[garde(range(min = 1, max = 90))]
    #[schema(minimum = 1, maximum = 90)]
    refresh_days: Option<i32>,
}

impl UpdateProject {
    fn on(&self, old: ProjectFacts) -> ProjectFacts {
        let given = self.waiting_for.clone();
        let waiting_for = given.map_or(old.waiting_for, |w| Some(w).filter(|w| !w.is_empty()));
        ProjectFacts {
            cause: self.cause.unwrap_or(old.cause),
            measure: self.measure.clone().unwrap_or(old.measure),
            lead_agency: self.lead_agency.clone().unwrap_or(old.lead_agency),
            waiting_for,
            unit: self.unit.clone().unwrap_or(old.unit),
            post: self.post.clone().unwrap_or(old.post),
            person: self.person.clone().unwrap_or(old.person),
            refresh_days: self.refresh_days.or(old.refresh_days),
        }
    }
}

pub async fn update(
    caller: Allowed<may::WriteProjects>,
    ApiPath(id): ApiPath<ProjectId>,
    IfMatch(revision): IfMatch,
    ApiJson(body): ApiJson<UpdateProject>,
) -> Answer<Found<ProjectDetail>> {
    step(caller, id, move |tx, places| projects::update(tx, places, id, revision, &|old| body.on(old))).await
}

/// The weekly report.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportBody {
    /// 完成情况: what was reached.
    #[garde(length(chars, min = 1, max = 2000))]
    progress: String,
    /// 存在问题: what is in the way.
    #[garde(length(chars, min = 1, max = 2000))]
    problems: String,
    /// 整改计划: what comes next.
    #[garde(length(chars, min = 1, max = 2000))]
    plan: String,
}

pub async fn report(
    caller: Allowed<may::ReportProject>,
    ApiPath(id): ApiPath<ProjectId>,
    ApiJson(body): ApiJson<ReportBody>,
) -> Answer<Found<ProjectDetail>> {
    let ReportBody { progress, problems, plan } = body;
    let said = Report { progress, problems, plan };
    step(caller, id, move |tx, places| projects::report(tx, places, id, &said)).await
}

pub async fn add_milestone(
    caller: Allowed<may::WriteProjects>,
    ApiPath(id): ApiPath<ProjectId>,
    ApiJson(body): ApiJson<MilestoneBody>,
) -> Answer<Found<ProjectDetail>> {
    let new = Milestone::from(body);
    step(caller, id, move |tx, places| projects::add_milestone(tx, places, id, &new)).await
}

/// That a milestone is reached.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MilestoneDone {
    /// On which day.
    #[garde(skip)]
    done_on: NaiveDate,
}

pub async fn finish_milestone(
    caller: Allowed<may::ReportProject>,
    ApiPath2(id, position): ApiPath2<ProjectId, i32>,
    ApiJson(body): ApiJson<MilestoneDone>,
) -> Answer<Found<ProjectDetail>> {
    step(caller, id, move |tx, places| projects::finish_milestone(tx, places, id, position, body.done_on))
        .await
}

/// That a centre is finished.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectDone {
    /// What was reached.
    #[garde(length(chars, min = 2, max = 2000))]
    note: String,
}

pub async fn finish(
    caller: Allowed<may::WriteProjects>,
    ApiPath(id): ApiPath<ProjectId>,
    ApiJson(body): ApiJson<ProjectDone>,
) -> Answer<Found<ProjectDetail>> {
    step(caller, id, move |tx, places| projects::finish(tx, places, id, &body.note)).await
}
