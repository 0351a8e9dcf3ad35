//! Marks and drafted steps as the bureau sees them.

use super::reminder::{self, Hints};
use super::store::{self, MemberRow, StepRow};
use super::wording::{self, Line};
use super::{Dropped, Mark, MarkResult, StepFilter, StepState};
use crate::access::{Places, Scope};
use crate::campaigns;
use crate::db::AnyConn;
use crate::db::page::{Page, PageAsk, page};
use crate::fault::{Fault, Outcome};
use crate::findings::rules::State;
use crate::findings::store::{FindingRow, find as find_finding};
use crate::ids::{AreaId, CampaignId, FacilityId, FindingId, LetterId, MeetingId, StepId, UserId};
use crate::settings::{self, Addressee, Clock, StepKind};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the clock has marked of a finding.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MarkView {
    /// What.
    pub mark: Mark,
    /// Of a near-due mark: working days before the due day.
    pub days: Option<i32>,
    /// Of 挂账: the stage that it is about.
    pub stage: Option<i32>,
    /// The due day that it is about; of `to_confirm` the last day to confirm.
    pub due_on: NaiveDate,
    /// What became of it.
    pub result: MarkResult,
    /// The day from which it was due.
    pub fires_on: NaiveDate,
    /// It rests on a year whose holidays are not published.
    pub provisional: bool,
    /// When the clock came to it.
    pub marked_at: DateTime<Utc>,
    /// The step that it came into.
    pub step_id: Option<StepId>,
}

/// A step that the clock has drafted.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StepView {
    /// Its id.
    pub id: StepId,
    /// What.
    pub kind: StepKind,
    /// To whom: of which sort.
    pub addressee: Addressee,
    /// By name.
    pub addressee_name: String,
    /// The street that it goes to or is about; none of an operator's.
    pub street_id: Option<AreaId>,
    /// The campaign that the findings are of.
    pub campaign_id: Option<CampaignId>,
    /// Where it stands.
    pub state: StepState,
    /// When it was drafted.
    pub drafted_at: DateTime<Utc>,
    /// Who took it up or put it aside.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// What was done, or why not.
    pub note: Option<String>,
    /// The number of the letter that was sent.
    pub letter_number: Option<String>,
    /// That letter, where it was named; then what it prints is what was urged.
    pub letter_id: Option<LetterId>,
    /// The meeting that was held.
    pub meeting_id: Option<MeetingId>,
    /// Raised with every finding that comes or goes. For `If-Match`.
    pub revision: i32,
}

/// A finding in a drafted step.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StepMember {
    /// The finding.
    pub finding_id: FindingId,
    /// Its number.
    pub number: String,
    /// Its street.
    pub street_id: AreaId,
    /// Its facility.
    pub facility_id: FacilityId,
    /// The facility's name.
    pub facility_name: String,
    /// What was seen.
    pub description: String,
    /// The day that it missed.
    pub due_on: NaiveDate,
    /// Where it stands today.
    pub state: State,
    /// It is named and counted in the text: it belongs there and is with the responsible side.
    pub stands: bool,
    /// When it came in.
    pub added_at: DateTime<Utc>,
    /// When it dropped out.
    pub dropped_at: Option<DateTime<Utc>>,
    /// Why.
    pub dropped_why: Option<Dropped>,
}

/// A drafted step with its text and its list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StepDetail {
    /// The step.
    #[serde(flatten)]
    pub step: StepView,
    /// Of a drafted 再次提醒 to a street: the newest delivered letter in force that prints one of the standing findings. It
    /// is what a 再次提醒函 is drafted of (`original_id`).
    pub reminder_id: Option<LetterId>,
    /// Of a drafted 再次提醒: the newest letter that was delivered since it was drafted and answers it, so that it may be
    /// taken up with it (`letter_id`).
    pub answered_by: Option<LetterId>,
    /// Findings that are named in the text.
    pub findings: usize,
    /// The text: of a draft as it would be today, of one that was taken up as it was then.
    pub text: String,
    /// Its findings, by number.
    pub members: Vec<StepMember>,
}

fn view(r: StepRow) -> StepView {
    StepView {
        id: r.id,
        kind: r.kind,
        addressee: r.addressee,
        addressee_name: r.addressee_name,
        street_id: r.street_id,
        campaign_id: r.campaign_id,
        state: r.state,
        drafted_at: r.drafted_at.0,
        decided_by: r.decided_by,
        decided_at: r.decided_at.map(|at| at.0),
        note: r.note,
        letter_number: r.letter_number,
        letter_id: r.letter_id,
        meeting_id: r.meeting_id,
        revision: r.revision,
    }
}

/// Whether every finding of a step is within a scope.
pub fn holds(conn: &mut AnyConn, scope: &Scope, id: StepId) -> Outcome<bool> {
    let members = store::members(conn, id)?;
    // As it was when it came in: a facility that moved since takes nothing away from whoever drafted.
    let within = |m: &MemberRow, f: &FindingRow| scope.holds_finding(m.street_id, m.facility_id, &f.category);
    Ok(members.iter().all(|(m, f)| within(m, f)))
}

/// The text of a step about these findings, which come by number.
pub fn wording_of<'a>(
    conn: &mut AnyConn,
    row: &StepRow,
    findings: impl Iterator<Item = &'a FindingRow>,
) -> Outcome<String> {
    let clock: Clock = settings::get(conn)?;
    let campaign = match row.campaign_id {
        Some(id) => campaigns::campaign_in(conn, &Places::everywhere(), id).map(|c| Some(c.name))?,
        None => None,
    };
    let line = |f: &FindingRow| Line { number: f.number.clone(), facility: f.facility_name.clone() };
    let lines: Vec<Line> = findings.map(line).collect();
    let same = |s: &&settings::Step| (s.kind, s.to) == (row.kind, row.addressee);
    // A step that the setting no longer knows keeps the words of the default.
    let known = clock.steps.into_iter().chain(Clock::default().steps).collect::<Vec<_>>();
    let template = known.iter().find(same).map(|s| s.text.as_str()).unwrap_or_default();
    Ok(wording::text(template, &row.addressee_name, campaign.as_deref(), &lines))
}

fn stands(state: StepState, member: &MemberRow, row: &FindingRow) -> bool {
    let open = state == StepState::Drafted;
    let there = row.state.is_to_rectify() && row.due_on == Some(member.due_on);
    member.dropped_at.is_none() && (!open || there)
}

fn member(state: StepState, m: &MemberRow, row: &FindingRow) -> StepMember {
    StepMember {
        finding_id: m.finding_id,
        number: row.number.clone(),
        street_id: m.street_id,
        facility_id: m.facility_id,
        facility_name: row.facility_name.clone(),
        description: row.description.clone(),
        due_on: m.due_on,
        state: row.state,
        stands: stands(state, m, row),
        added_at: m.added_at.0,
        dropped_at: m.dropped_at.map(|at| at.0),
        dropped_why: m.dropped_why,
    }
}

/// Drafted steps of which every finding is within a scope, newest first.
///
/// # Errors
/// A bad page.
pub fn list(
    conn: &mut AnyConn,
    scope: &Scope,
    filter: &StepFilter,
    ask: &PageAsk,
) -> Outcome<Page<StepView>> {
    let limit = ask.limit()?;
    let rows = reached(conn, scope, filter, ask.after()?, limit + 1)?;
    Ok(page(rows, limit, |r: &StepRow| r.id, view))
}

/// The steps within a scope; where it is limited to a category, the places are only the first sieve.
fn reached(
    conn: &mut AnyConn,
    scope: &Scope,
    filter: &StepFilter,
    mut after: Option<StepId>,
    limit: i64,
) -> Outcome<Vec<StepRow>> {
    let (places, wanted) = (scope.places(), usize::try_from(limit).map_err(Fault::internal)?);
    let mut found = vec![];
    loop {
        let rows = store::steps(conn, &places, filter, after, limit)?;
        after = rows.last().map(|r| r.id);
        let last = rows.len() < wanted;
        for row in rows {
            if scope.by_category.is_empty() || holds(conn, scope, row.id)? {
                found.push(row);
            }
        }
        if last || found.len() >= wanted {
            found.truncate(wanted);
            return Ok(found);
        }
    }
}

/// A drafted step.
///
/// # Errors
/// Missing, also when a finding of it lies elsewhere.
pub fn find(conn: &mut AnyConn, scope: &Scope, id: StepId) -> Outcome<StepDetail> {
    let row = store::step(conn, id)?.ok_or_else(|| Fault::missing("步骤"))?;
    if !holds(conn, scope, id)? {
        return Err(Fault::missing("步骤"));
    }
    let rows = store::members(conn, id)?;
    let standing: Vec<_> = rows.iter().filter(|(m, f)| stands(row.state, m, f)).map(|(_, f)| f).collect();
    let findings = standing.len();
    let ids: Vec<FindingId> = standing.iter().map(|f| f.id).collect();
    let Hints { reminder_id, answered_by } = reminder::hints(conn, &scope.places(), &row, &ids)?;
    let text = match &row.text {
        Some(text) => text.clone(),
        None => wording_of(conn, &row, standing.into_iter())?,
    };
    let members = rows.iter().map(|(m, f)| member(row.state, m, f)).collect();
    Ok(StepDetail { step: view(row), reminder_id, answered_by, findings, text, members })
}

/// What the clock has marked of a finding, in the order in which it came due.
///
/// # Errors
/// Missing.
pub fn marks(conn: &mut AnyConn, scope: &Scope, id: FindingId) -> Outcome<Vec<MarkView>> {
    find_finding(conn, id)?.filter(|f| f.is_within(scope)).ok_or_else(|| Fault::missing("问题"))?;
    let view = |r: store::MarkRow| MarkView {
        mark: r.mark,
        days: Some(r.days).filter(|n| *n > 0),
        stage: Some(r.stage).filter(|n| *n > 0),
        due_on: r.due_on,
        result: r.outcome,
        fires_on: r.fires_on,
        provisional: r.provisional,
        marked_at: r.marked_at.0,
        step_id: r.draft_id,
    };
    Ok(store::marks(conn, &[id])?.into_iter().map(view).collect())
}
