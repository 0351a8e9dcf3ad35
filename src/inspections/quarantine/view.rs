//! The quarantine as clerks see it.

use super::store::{self, QuarantineRow};
use super::{QuarantineState, evidence_of, subject_now};
use crate::access::{self, Places};
use crate::db::AnyConn;
use crate::db::page::{Page, PageAsk, page};
use crate::directory;
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, CampaignId, FacilityId, InspectionId, QuarantineId, UserId};
use crate::inspections::InspectionBody;
use crate::inspections::amendments::Amendment;
use crate::inspections::standing::Reason;
use crate::photos::{self, EvidenceView, PhotoLine};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// Which records.
#[derive(Debug, Clone, Default)]
pub struct QuarantineFilter {
    /// Only in this state.
    pub state: Option<QuarantineState>,
}

/// A record in quarantine.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QuarantineView {
    /// Its id.
    pub id: QuarantineId,
    /// The inspection that it is, or amends.
    pub inspection_id: InspectionId,
    /// 1 for an original, more for an amendment.
    pub version: i32,
    /// Why it is kept.
    pub reason: Reason,
    /// The same for people, in Chinese.
    pub detail: String,
    /// Where it stands.
    pub state: QuarantineState,
    /// The facility that it names.
    pub facility_id: FacilityId,
    /// The facility's street when the record came in.
    pub street_id: AreaId,
    /// The campaign that it names.
    pub campaign_id: Option<CampaignId>,
    /// Who sent it.
    pub submitted_by: UserId,
    /// Sent by a third party.
    pub third_party: bool,
    /// When the server had it.
    pub received_at: DateTime<Utc>,
    /// Who decided.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// What was noted: why it was accepted or dismissed.
    pub note: Option<String>,
}

/// A record in quarantine, whole.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QuarantineDetail {
    /// The record.
    #[serde(flatten)]
    pub record: QuarantineView,
    /// The sender's name.
    pub submitter: String,
    /// The facility's name today.
    pub facility_name: String,
    /// What the phone sent.
    pub body: InspectionBody,
    /// Why it was amended, of an amendment.
    pub amendment_reason: Option<String>,
    /// What was declared and what has arrived.
    pub evidence: EvidenceView,
    /// The photos.
    pub photos: Vec<PhotoLine>,
}

fn view(row: &QuarantineRow) -> QuarantineView {
    QuarantineView {
        id: row.id,
        inspection_id: row.inspection_id,
        version: row.version,
        reason: row.reason,
        detail: row.reason.label().into(),
        state: row.state,
        facility_id: row.facility_id,
        street_id: row.street_id,
        campaign_id: row.campaign_id,
        submitted_by: row.submitted_by,
        third_party: row.third_party,
        received_at: row.received_at.0,
        decided_by: row.decided_by,
        decided_at: row.decided_at.map(|t| t.0),
        note: row.note.clone(),
    }
}

/// Records within places, the last received first.
///
/// # Errors
/// A bad page.
pub fn list(
    conn: &mut AnyConn,
    places: &Places,
    filter: &QuarantineFilter,
    ask: &PageAsk,
) -> Outcome<Page<QuarantineView>> {
    let limit = ask.limit()?;
    let after: Option<(DateTime<Utc>, QuarantineId)> = ask.after()?;
    let rows = store::list(conn, places, filter, after, limit + 1)?;
    Ok(page(rows, limit, |r: &QuarantineRow| (r.received_at.0, r.id), |r| view(&r)))
}

/// One record within places.
///
/// # Errors
/// Missing.
pub fn find(conn: &mut AnyConn, places: &Places, id: QuarantineId) -> Outcome<QuarantineDetail> {
    let within = |r: &QuarantineRow| places.holds(r.street_id, Some(r.facility_id));
    let row = store::find(conn, id)?.filter(within).ok_or_else(|| Fault::missing("暂存记录"))?;
    let submitter = access::store::account(conn, row.submitted_by)?;
    let (kind, subject) = subject_now(&row);
    let (body, amendment_reason) = if row.version == 1 {
        (serde_json::from_str(&row.body).map_err(Fault::internal)?, None)
    } else {
        let sent: Amendment = serde_json::from_str(&row.body).map_err(Fault::internal)?;
        (sent.inspection, Some(sent.reason))
    };
    Ok(QuarantineDetail {
        record: view(&row),
        submitter: submitter.map(|account| account.display_name).unwrap_or_default(),
        facility_name: directory::facility_by_id(conn, row.facility_id)?.name,
        body,
        amendment_reason,
        evidence: evidence_of(conn, &row)?,
        photos: photos::photos_of(conn, kind, subject)?,
    })
}
