//! Groups as clients see them: never more of one than the members within reach.

use super::GroupKind;
use super::rules::{GroupProgress, Member, progress};
use super::store::{self, GroupRow, Line};
use crate::access::Scope;
use crate::clock::business_date;
use crate::db::AnyConn;
use crate::db::page::{Page, PageAsk, page};
use crate::fault::{Fault, Outcome};
use crate::findings::Source;
use crate::findings::rules::State;
use crate::ids::{AreaId, FacilityId, FindingId, GroupId, UserId};
use chrono::{DateTime, NaiveDate, Utc};

/// A group of findings.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct GroupView {
    /// Its id.
    pub id: GroupId,
    /// What it is.
    pub kind: GroupKind,
    /// Its title.
    pub title: String,
    /// Where it comes from.
    pub source: Option<Source>,
    /// The number of the document behind it.
    pub document_number: Option<String>,
    /// What is to be done.
    pub measures: String,
    /// The unit that leads.
    pub lead_unit: String,
    /// The post.
    pub lead_post: String,
    /// The person.
    pub lead_person: String,
    /// By when all is done.
    pub due_on: Option<NaiveDate>,
    /// Who gathered it.
    pub created_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// For `If-Match`.
    pub revision: i32,
    /// How far it is, of the members within reach.
    pub progress: GroupProgress,
    /// It has members beyond reach, of which nothing is told here.
    pub beyond_reach: bool,
    /// The day of the figures.
    pub as_of: NaiveDate,
}

/// A finding of a group.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct MemberView {
    /// The finding.
    pub finding_id: FindingId,
    /// Its number.
    pub number: String,
    /// Where.
    pub facility_id: FacilityId,
    /// The facility's name.
    pub facility_name: String,
    /// The street.
    pub street_id: AreaId,
    /// What was seen.
    pub description: String,
    /// Where it stands.
    pub state: State,
    /// Its due day.
    pub due_on: Option<NaiveDate>,
    /// The day of rectification, as claimed.
    pub claimed_on: Option<NaiveDate>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
}

/// A group with its members within reach, by number.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct GroupDetail {
    /// The group.
    #[serde(flatten)]
    pub group: GroupView,
    /// Its members.
    pub members: Vec<MemberView>,
}

/// Which groups.
#[derive(Debug, Clone, Default)]
pub struct GroupFilter {
    /// Only of this kind.
    pub kind: Option<GroupKind>,
    /// Only of this source.
    pub source: Option<Source>,
}

fn reaches(scope: &Scope, l: &Line) -> bool {
    scope.holds_finding(l.street_id, l.facility_id, &l.category)
}

fn view(r: GroupRow, scope: &Scope, lines: &[Line], today: NaiveDate) -> GroupView {
    let mine = lines.iter().filter(|l| reaches(scope, l));
    let member =
        |l: &Line| Member { state: l.state, due_on: l.due_on, closed_at: l.closed_at.map(|at| at.0) };
    let members: Vec<Member> = mine.map(member).collect();
    GroupView {
        progress: progress(&members, today),
        beyond_reach: members.len() < lines.len(),
        as_of: today,
        id: r.id,
        kind: r.kind,
        title: r.title,
        source: r.source,
        document_number: r.document_number,
        measures: r.measures,
        lead_unit: r.lead_unit,
        lead_post: r.lead_post,
        lead_person: r.lead_person,
        due_on: r.due_on,
        created_by: r.created_by,
        created_at: r.created_at.0,
        revision: r.revision,
    }
}

fn member(l: Line) -> MemberView {
    MemberView {
        finding_id: l.finding_id,
        number: l.number,
        facility_id: l.facility_id,
        facility_name: l.facility_name,
        street_id: l.street_id,
        description: l.description,
        state: l.state,
        due_on: l.due_on,
        claimed_on: l.claimed_on,
        closed_at: l.closed_at.map(|at| at.0),
    }
}

/// Groups with a member within a scope, newest first.
///
/// # Errors
/// A bad page.
pub fn list(
    conn: &mut AnyConn,
    scope: &Scope,
    filter: &GroupFilter,
    ask: &PageAsk,
    now: DateTime<Utc>,
) -> Outcome<Page<GroupView>> {
    let (limit, today) = (ask.limit()?, business_date(now));
    let after: Option<GroupId> = ask.after()?;
    let rows = store::list(conn, scope, filter, after, limit + 1)?;
    let lines = store::lines(conn, &rows.iter().map(|r| r.id).collect::<Vec<_>>())?;
    let shown = |r: GroupRow| {
        let of_group: Vec<Line> = lines.iter().filter(|l| l.group_id == r.id).cloned().collect();
        view(r, scope, &of_group, today)
    };
    Ok(page(rows, limit, |r: &GroupRow| r.id, shown))
}

/// One group with its members.
///
/// # Errors
/// Missing, also where no member is within reach.
pub fn find(conn: &mut AnyConn, scope: &Scope, id: GroupId, now: DateTime<Utc>) -> Outcome<GroupDetail> {
    let missing = || Fault::missing("问题组");
    let row = store::find(conn, id)?.ok_or_else(missing)?;
    let lines = store::lines(conn, &[id])?;
    if !lines.iter().any(|l| reaches(scope, l)) {
        return Err(missing());
    }
    let group = view(row, scope, &lines, business_date(now));
    let members = lines.into_iter().filter(|l| reaches(scope, l)).map(member).collect();
    Ok(GroupDetail { group, members })
}
