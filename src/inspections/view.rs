//! Visits and inspections as clients see them.

use super::body::{Answer, InspectionBody, ObservedStatus, Participant, Signature, Visit, VisitKind};
use super::rules;
use super::store::{self, InspectionFilter, InspectionRow, InspectionState, ParticipantRow, VisitRow};
use crate::access::Places;
use crate::db::AnyConn;
use crate::db::page::{Page, PageAsk, page};
use crate::directory::facilities::PositionView;
use crate::directory::geo::Position;
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, CampaignId, ChecklistId, FacilityId, InspectionId, TypedId as _, UserId, VisitId};
use crate::photos::{self, EvidenceView, PhotoLine, SubjectKind};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// An inspection.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InspectionView {
    /// Its id.
    pub id: InspectionId,
    /// Its visit.
    pub visit_id: VisitId,
    /// Its campaign.
    pub campaign_id: Option<CampaignId>,
    /// Its facility.
    pub facility_id: FacilityId,
    /// The facility's name of that day.
    pub facility_name: String,
    /// The street of that day.
    pub street_id: AreaId,
    /// The check items.
    pub checklist_id: ChecklistId,
    /// The version that stands: 1 for the original, more for an amendment.
    pub version: i32,
    /// Whether all evidence is there.
    pub state: InspectionState,
    /// Whether the facility was seen to work.
    pub observed_status: Option<ObservedStatus>,
    /// Who sent it.
    pub submitted_by: UserId,
    /// Sent by a third party.
    pub third_party: bool,
    /// When the server had it.
    pub received_at: DateTime<Utc>,
    /// When all evidence was there.
    pub completed_at: Option<DateTime<Utc>>,
}

/// Somebody who took part.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ParticipantView {
    /// Who, as the phone said.
    #[serde(flatten)]
    pub participant: Participant,
    /// When they confirmed the visit from their own account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// A visit.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VisitView {
    /// Its id.
    pub id: VisitId,
    /// Its campaign.
    pub campaign_id: Option<CampaignId>,
    /// What it is.
    pub kind: VisitKind,
    /// When it began, by the phone's clock.
    pub started_at: DateTime<Utc>,
    /// When it ended, by the clock of the phone that came first.
    pub ended_at: Option<DateTime<Utc>>,
    /// These times cannot be: the end before the beginning, or far from when the server had them.
    pub clock_doubtful: bool,
    /// Where the phone that came first was.
    pub position: Option<PositionView>,
    /// Number of the notice.
    pub notice_number: Option<String>,
    /// Who took part.
    pub participants: Vec<ParticipantView>,
    /// The site's signature.
    pub signature: Signature,
    /// Who leads it.
    pub lead_id: UserId,
    /// When the server had it.
    pub received_at: DateTime<Utc>,
    /// Until when those who took part may confirm it.
    pub confirm_until: DateTime<Utc>,
    /// Its inspections within the caller's places.
    pub inspections: Vec<InspectionId>,
}

/// An answer with its item's code.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AnswerView {
    /// The item's code.
    pub code: String,
    /// The answer.
    #[serde(flatten)]
    pub answer: Answer,
}

/// A finding that the inspection opened.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OpenedRef {
    /// The finding.
    pub id: crate::ids::FindingId,
    /// Its number.
    pub number: String,
}

/// An inspection with its answers and evidence.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InspectionDetail {
    /// The inspection.
    #[serde(flatten)]
    pub inspection: InspectionView,
    /// The answers by code.
    pub answers: Vec<AnswerView>,
    /// What was declared and what has arrived.
    pub evidence: EvidenceView,
    /// The photos.
    pub photos: Vec<PhotoLine>,
    /// The findings that it opened.
    pub findings: Vec<OpenedRef>,
    /// Those of them that the answers no longer bear out; withdrawing them needs a second person.
    pub to_withdraw: Vec<OpenedRef>,
    /// Metres between the phone and the facility, where both are known.
    pub distance_m: Option<f64>,
}

fn view(row: InspectionRow, facility_name: String) -> InspectionView {
    InspectionView {
        id: row.id,
        visit_id: row.visit_id,
        campaign_id: row.campaign_id,
        facility_id: row.facility_id,
        facility_name,
        street_id: row.street_id,
        checklist_id: row.checklist_id,
        version: row.version,
        state: row.state,
        observed_status: row.observed_status,
        submitted_by: row.submitted_by,
        third_party: row.third_party,
        received_at: row.received_at.0,
        completed_at: row.completed_at.map(|t| t.0),
    }
}

/// Inspections within places, the last received first.
///
/// # Errors
/// A bad page.
pub fn list(
    conn: &mut AnyConn,
    places: &Places,
    filter: &InspectionFilter,
    ask: &PageAsk,
) -> Outcome<Page<InspectionView>> {
    let limit = ask.limit()?;
    let after: Option<(DateTime<Utc>, InspectionId)> = ask.after()?;
    let rows = store::list(conn, places, filter, after, limit + 1)?;
    let key = |(i, _): &(InspectionRow, String)| (i.received_at.0, i.id);
    Ok(page(rows, limit, key, |(row, name)| view(row, name)))
}

/// One inspection within places.
///
/// # Errors
/// Missing.
pub fn find(conn: &mut AnyConn, places: &Places, id: InspectionId) -> Outcome<InspectionDetail> {
    let within = |i: &InspectionRow| places.holds(i.street_id, Some(i.facility_id));
    let row = store::find(conn, id)?.filter(within).ok_or_else(|| Fault::missing("检查记录"))?;
    let (name, place) = store::facility_of(conn, row.facility_version_id)?;
    // Each phone of a visit was somewhere of its own.
    let sent: InspectionBody = serde_json::from_str(&row.body).map_err(Fault::internal)?;
    let phone = sent.visit.position.and_then(|p| Position::new(p.lat, p.lng, p.datum));
    let answers = store::answers(conn, id)?.into_iter();
    let findings = store::findings_of(conn, id)?.into_iter();
    Ok(InspectionDetail {
        inspection: view(row, name),
        answers: answers.map(|(code, answer)| AnswerView { code, answer }).collect(),
        evidence: photos::evidence_of(conn, SubjectKind::Inspection, id.uuid())?,
        photos: photos::photos_of(conn, SubjectKind::Inspection, id.uuid())?,
        findings: findings.map(|(id, number)| OpenedRef { id, number }).collect(),
        to_withdraw: to_withdraw(conn, id)?,
        distance_m: phone.zip(place).map(|(a, b)| a.distance_m(b).round()),
    })
}

/// The findings that an amended inspection no longer bears out.
pub(super) fn to_withdraw(conn: &mut AnyConn, id: InspectionId) -> Outcome<Vec<OpenedRef>> {
    let found = store::unsupported(conn, id)?.into_iter();
    Ok(found.map(|(id, number)| OpenedRef { id, number }).collect())
}

/// One visit, if one of its inspections is within places.
///
/// # Errors
/// Missing.
pub fn find_visit(conn: &mut AnyConn, places: &Places, id: VisitId) -> Outcome<VisitView> {
    let missing = || Fault::missing("走访");
    let row = store::visit(conn, id)?.ok_or_else(missing)?;
    let inspections = store::ids_of_visit(conn, id)?;
    let inspections: Vec<InspectionId> = inspections
        .into_iter()
        .filter(|(_, facility, street)| places.holds(*street, Some(*facility)))
        .map(|(inspection, ..)| inspection)
        .collect();
    if inspections.is_empty() {
        return Err(missing());
    }
    let participants = store::participants(conn, id)?;
    Ok(visit_view(row, participants, inspections))
}

fn visit_view(row: VisitRow, people: Vec<ParticipantRow>, inspections: Vec<InspectionId>) -> VisitView {
    let (lead_id, campaign_id, received_at) = (row.lead_id, row.campaign_id, row.received_at.0);
    let Visit { id, kind, started_at, ended_at, position, notice_number, signature, .. } = row.visit(vec![]);
    let person = |row: ParticipantRow| {
        let confirmed_at = row.confirmed_at.map(|at| at.0);
        ParticipantView { participant: row.into(), confirmed_at }
    };
    VisitView {
        id,
        campaign_id,
        kind,
        started_at,
        ended_at,
        clock_doubtful: rules::clock_is_doubtful(started_at, ended_at, received_at),
        position,
        notice_number,
        participants: people.into_iter().map(person).collect(),
        signature,
        lead_id,
        received_at,
        confirm_until: rules::confirm_until(received_at),
        inspections,
    }
}
