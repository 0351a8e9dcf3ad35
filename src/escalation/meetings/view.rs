//! Records of meetings as the bureau sees them.

use super::store::{self, MeetingFilter, MeetingRow, VersionRow};
use super::{MeetingContent, MeetingKind};
use crate::access::Places;
use crate::db::AnyConn;
use crate::db::page::{Page, PageAsk, page};
use crate::escalation::store::steps_of_meeting;
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, CampaignId, MeetingId, StepId, TypedId as _, UserId};
use crate::photos::{self, PhotoLine, SubjectKind};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A meeting in a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MeetingLine {
    /// Its id.
    pub id: MeetingId,
    /// What sort.
    pub kind: MeetingKind,
    /// The area that it concerns.
    pub area_id: AreaId,
    /// The campaign.
    pub campaign_id: Option<CampaignId>,
    /// When it was held.
    pub held_at: DateTime<Utc>,
    /// Who recorded it.
    pub created_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// The version that stands, from 1. For `If-Match`.
    pub revision: i32,
}

/// The record of a meeting.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MeetingView {
    /// The meeting.
    #[serde(flatten)]
    pub line: MeetingLine,
    /// What the record says, as corrected.
    pub content: MeetingContent,
    /// The drafted steps that it answers.
    pub step_ids: Vec<StepId>,
    /// Its scans, and which have arrived.
    pub scans: Vec<PhotoLine>,
}

/// A version of a record.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MeetingVersionView {
    /// Its number, from 1.
    pub revision: i32,
    /// What it says.
    pub content: MeetingContent,
    /// Why it was corrected; none of the first.
    pub reason: Option<String>,
    /// Who wrote it.
    pub written_by: UserId,
    /// When.
    pub written_at: DateTime<Utc>,
}

fn line(row: MeetingRow) -> MeetingLine {
    let MeetingRow { id, kind, area_id, campaign_id, held_at, created_by, created_at, revision } = row;
    let (held_at, created_at) = (held_at.0, created_at.0);
    MeetingLine { id, kind, area_id, campaign_id, held_at, created_by, created_at, revision }
}

fn version(row: VersionRow) -> Outcome<MeetingVersionView> {
    let VersionRow { revision, content, reason, written_by, written_at, .. } = row;
    let content = serde_json::from_str(&content).map_err(Fault::internal)?;
    Ok(MeetingVersionView { revision, content, reason, written_by, written_at: written_at.0 })
}

/// Meetings that touch places, the last recorded first.
///
/// # Errors
/// A bad page.
pub fn list(
    conn: &mut AnyConn,
    places: &Places,
    filter: &MeetingFilter,
    ask: &PageAsk,
) -> Outcome<Page<MeetingLine>> {
    let limit = ask.limit()?;
    let rows = store::list(conn, places, filter, ask.after()?, limit + 1)?;
    Ok(page(rows, limit, |r: &MeetingRow| r.id, line))
}

/// One that touches places.
///
/// # Errors
/// Missing.
pub fn find(conn: &mut AnyConn, places: &Places, id: MeetingId) -> Outcome<MeetingView> {
    let last =
        versions(conn, places, id)?.pop().ok_or_else(|| Fault::internal("a meeting without a record"))?;
    let row = store::find(conn, places, id)?.ok_or_else(|| Fault::missing("会议记录"))?;
    Ok(MeetingView {
        line: line(row),
        content: last.content,
        step_ids: steps_of_meeting(conn, id)?,
        scans: photos::photos_of(conn, SubjectKind::Meeting, id.uuid())?,
    })
}

/// All versions of its record, the first first.
///
/// # Errors
/// Missing.
pub fn versions(conn: &mut AnyConn, places: &Places, id: MeetingId) -> Outcome<Vec<MeetingVersionView>> {
    store::find(conn, places, id)?.ok_or_else(|| Fault::missing("会议记录"))?;
    store::versions(conn, id)?.into_iter().map(version).collect()
}
