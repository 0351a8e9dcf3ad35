//! Project lines 一中心一整改措施: what keeps a centre 颐康中心 from being finished (产权, 消防审验, 选址, 施工), what is done about it, by which
//! agency, and which one is waited for; with milestones in place of one deadline, because it takes long. A centre has one running
//! line at the most. The street reports on it in the three fields of the weekly report; one that nobody reported on in time is
//! stale (`rules`, pure), and `alert` tells people.

mod alert;
pub mod rules;
mod store;
mod view;

pub use alert::alert;
pub use store::StaleProject;
pub use view::{MilestoneView, ProjectDetail, ProjectFilter, ProjectView, ReportView, find, list};

use crate::access::Places;
use crate::clock::business_date;
use crate::db::types::coded;
use crate::db::{AnyConn, Change, Tx};
use crate::directory::{self, FacilityKind};
use crate::fault::{Fault, Outcome};
use crate::ids::{FacilityId, ProjectId, ReportId, TypedId as _};
use crate::settings::{self, ProjectRefresh};
use chrono::NaiveDate;
use serde_json::json;
use store::{MilestoneRow, ProjectRow, ReportRow};

coded! {
    /// What keeps a centre from being finished.
    pub enum Cause {
        /// Whose the premises are.
        Ownership = "ownership" "产权",
        /// Fire inspection of the building.
        FireApproval = "fire_approval" "消防审验",
        /// Where it is to be.
        Site = "site" "选址",
        /// Building works.
        Works = "works" "施工",
        /// Another.
        Other = "other" "其他",
    }
}

/// What a project line says.
#[derive(Debug, Clone)]
pub struct ProjectFacts {
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
    /// To be refreshed every so many days; as the setting says unless given.
    pub refresh_days: Option<i32>,
}

/// A milestone.
#[derive(Debug, Clone)]
pub struct Milestone {
    /// What is to be reached.
    pub title: String,
    /// By when.
    pub due_on: NaiveDate,
}

/// A weekly report.
#[derive(Debug, Clone)]
pub struct Report {
    /// 完成情况.
    pub progress: String,
    /// 存在问题.
    pub problems: String,
    /// 整改计划.
    pub plan: String,
}

/// Opens the line of a centre.
///
/// # Errors
/// `unknown_facility` and `not_a_center` at `/facility_id`; `project_open`; milestones that are not in order.
pub fn open(
    tx: &mut Tx<'_>,
    places: &Places,
    facility: FacilityId,
    facts: &ProjectFacts,
    milestones: &[Milestone],
) -> Outcome<ProjectId> {
    let unknown = || Fault::invalid("/facility_id", "unknown_facility", "设施不存在或不在权限范围内");
    let facility = directory::facility_in(tx.conn(), places, facility).map_err(|e| e.if_missing(unknown))?;
    if facility.kind != FacilityKind::Center {
        return Err(Fault::invalid("/facility_id", "not_a_center", "一中心一整改措施台账只登记颐康中心"));
    }
    in_order(milestones)?;
    if store::running_of(tx.conn(), facility.id)?.is_some() {
        return Err(Fault::refused("project_open", "该颐康中心已有进行中的整改措施"));
    }
    let (by, at) = (tx.user()?, tx.ts());
    let mut row = ProjectRow {
        id: tx.new_id(),
        facility_id: facility.id,
        facility_name: facility.name.clone(),
        street_id: facility.street_id,
        cause: facts.cause,
        measure: String::new(),
        lead_agency: String::new(),
        waiting_for: None,
        unit: String::new(),
        post: String::new(),
        person: String::new(),
        refresh_days: None,
        opened_by: by,
        opened_at: at,
        refreshed_at: at,
        alerted_at: None,
        finished_at: None,
        finished_note: None,
        revision: 1,
    };
    take(&mut row, facts);
    store::insert(tx.conn(), &row)?;
    for (position, milestone) in (1..).zip(milestones) {
        add_row(tx, row.id, position, milestone)?;
    }
    leave(tx, &row, "opened")?;
    Ok(row.id)
}

fn take(row: &mut ProjectRow, facts: &ProjectFacts) {
    let ProjectFacts { cause, measure, lead_agency, waiting_for, unit, post, person, refresh_days } =
        facts.clone();
    (row.cause, row.measure, row.lead_agency, row.waiting_for) = (cause, measure, lead_agency, waiting_for);
    (row.unit, row.post, row.person, row.refresh_days) = (unit, post, person, refresh_days);
}

fn in_order(milestones: &[Milestone]) -> Outcome<()> {
    for (n, pair) in (1..).zip(milestones.windows(2)) {
        if let [a, b] = pair
            && b.due_on < a.due_on
        {
            let pointer = format!("/milestones/{n}/due_on");
            return Err(Fault::invalid(pointer, "out_of_range", "阶段目标的期限须依次向后"));
        }
    }
    Ok(())
}

fn add_row(tx: &mut Tx<'_>, id: ProjectId, position: i32, milestone: &Milestone) -> Outcome<()> {
    let Milestone { title, due_on } = milestone.clone();
    let row = MilestoneRow { project_id: id, position, title, due_on, done_on: None, done_by: None };
    store::insert_milestone(tx.conn(), &row)
}

fn leave(tx: &mut Tx<'_>, row: &ProjectRow, step: &str) -> Outcome<()> {
    let said = json!({
        "step": step, "facility": row.facility_id, "cause": row.cause, "measure": row.measure,
        "lead_agency": row.lead_agency, "waiting_for": row.waiting_for, "unit": row.unit, "post": row.post,
        "person": row.person, "refresh_days": row.refresh_days,
    });
    tx.audit("project", row.id, said);
    tx.changed("project", row.id.uuid(), Some(row.street_id.uuid()), Change::Put)
}

/// A project within reach that is not finished, locked.
fn running(tx: &mut Tx<'_>, places: &Places, id: ProjectId) -> Outcome<ProjectRow> {
    let row = store::find_locked(tx.conn(), id)?
        .filter(|p| places.holds(p.street_id, Some(p.facility_id)))
        .ok_or_else(|| Fault::missing("整改措施"))?;
    if row.finished_at.is_some() {
        return Err(Fault::refused("finished", "该整改措施已完成"));
    }
    Ok(row)
}

/// Changes what a line says. That is no report: it does not refresh it.
///
/// # Errors
/// Missing; `finished`; another revision.
pub fn update(
    tx: &mut Tx<'_>,
    places: &Places,
    id: ProjectId,
    revision: i32,
    change: &dyn Fn(ProjectFacts) -> ProjectFacts,
) -> Outcome<()> {
    let mut row = running(tx, places, id)?;
    if row.revision != revision {
        return Err(Fault::Precondition { given: true });
    }
    let r = row.clone();
    let facts = ProjectFacts {
        cause: r.cause,
        measure: r.measure,
        lead_agency: r.lead_agency,
        waiting_for: r.waiting_for,
        unit: r.unit,
        post: r.post,
        person: r.person,
        refresh_days: r.refresh_days,
    };
    take(&mut row, &change(facts));
    save(tx, row, "changed")
}

fn save(tx: &mut Tx<'_>, mut row: ProjectRow, step: &str) -> Outcome<()> {
    row.revision += 1;
    store::save(tx.conn(), &row)?;
    leave(tx, &row, step)
}

/// Takes in a weekly report: the line is fresh again.
///
/// # Errors
/// Missing; `finished`.
pub fn report(tx: &mut Tx<'_>, places: &Places, id: ProjectId, said: &Report) -> Outcome<()> {
    let mut row = running(tx, places, id)?;
    let made: ReportId = tx.new_id();
    let line = ReportRow {
        id: made,
        project_id: id,
        progress: said.progress.clone(),
        problems: said.problems.clone(),
        plan: said.plan.clone(),
        reported_by: tx.user()?,
        reported_at: tx.ts(),
    };
    store::insert_report(tx.conn(), &line)?;
    row.refreshed_at = tx.ts();
    save(tx, row, "reported")
}

/// Adds a milestone behind the others.
///
/// # Errors
/// Missing; `finished`; a day before that of the last.
pub fn add_milestone(tx: &mut Tx<'_>, places: &Places, id: ProjectId, new: &Milestone) -> Outcome<()> {
    let row = running(tx, places, id)?;
    let last = store::milestones(tx.conn(), &[id])?.pop();
    if last.as_ref().is_some_and(|m| new.due_on < m.due_on) {
        return Err(Fault::invalid("/due_on", "out_of_range", "阶段目标的期限须依次向后"));
    }
    add_row(tx, id, last.map_or(1, |m| m.position + 1), new)?;
    save(tx, row, "milestone_added")
}

/// A milestone is reached.
///
/// # Errors
/// Missing; `finished`; `already_done`; a day in the future.
pub fn finish_milestone(
    tx: &mut Tx<'_>,
    places: &Places,
    id: ProjectId,
    position: i32,
    done_on: NaiveDate,
) -> Outcome<()> {
    let row = running(tx, places, id)?;
    let milestones = store::milestones(tx.conn(), &[id])?;
    let milestone = milestones.iter().find(|m| m.position == position);
    if milestone.ok_or_else(|| Fault::missing("阶段目标"))?.done_on.is_some() {
        return Err(Fault::refused("already_done", "该阶段目标已完成"));
    }
    if done_on > business_date(tx.now()) {
        return Err(Fault::invalid("/done_on", "out_of_range", "完成日期不能晚于今天"));
    }
    let by = tx.user()?;
    store::finish_milestone(tx.conn(), id, position, done_on, by)?;
    save(tx, row, "milestone_done")
}

/// A centre is finished: nothing has to be refreshed any more.
///
/// # Errors
/// Missing; `finished`; `milestones_open`.
pub fn finish(tx: &mut Tx<'_>, places: &Places, id: ProjectId, note: &str) -> Outcome<()> {
    let mut row = running(tx, places, id)?;
    let open = store::milestones(tx.conn(), &[id])?.iter().filter(|m| m.done_on.is_none()).count();
    if open > 0 {
        return Err(Fault::refused("milestones_open", format!("还有 {open} 个阶段目标未完成")));
    }
    row.finished_at = Some(tx.ts());
    row.finished_note = Some(note.into());
    save(tx, row, "finished")
}

/// The lines within places that nobody refreshed in time, by when that was last; for whoever alerts people.
///
/// # Errors
/// The database's.
pub fn stale(conn: &mut AnyConn, places: &Places, today: NaiveDate) -> Outcome<Vec<StaleProject>> {
    let ProjectRefresh { days } = settings::get(conn)?;
    store::stale(conn, places, i32::from(days), today)
}
