//! Records of meetings.

use super::answer::{Found, Made, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiQuery, IfMatch};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::db::page::{Page, PageAsk};
use crate::escalation::meetings::{
    self, MeetingContent, MeetingFilter, MeetingKind, MeetingLine, MeetingVersionView, MeetingView,
};
use crate::ids::{AreaId, CampaignId, FindingId, MeetingId};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

impl Tagged for MeetingView {
    fn revision(&self) -> Option<i32> {
        Some(self.line.revision)
    }
}

/// Which meetings.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct MeetingQuery {
    /// Only of this sort.
    #[garde(skip)]
    #[param(inline)]
    kind: Option<MeetingKind>,
    /// Only those that concern this street.
    #[garde(skip)]
    street_id: Option<AreaId>,
    /// Only of this campaign.
    #[garde(skip)]
    campaign_id: Option<CampaignId>,
    /// Only those about this finding.
    #[garde(skip)]
    finding_id: Option<FindingId>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list(
    caller: Allowed<may::ReadMeetings>,
    ApiQuery(query): ApiQuery<MeetingQuery>,
) -> Answer<Found<Page<MeetingLine>>> {
    let MeetingQuery { kind, street_id, campaign_id, finding_id, limit, cursor } = query;
    let ask = PageAsk { limit, cursor };
    let filter = MeetingFilter { kind, street_id, campaign_id, finding_id };
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| meetings::list(conn, &places, &filter, &ask)).await?))
}

pub async fn find(
    caller: Allowed<may::ReadMeetings>,
    ApiPath(id): ApiPath<MeetingId>,
) -> Answer<Found<MeetingView>> {
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| meetings::find(conn, &places, id)).await?))
}

/// The versions of a record.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeetingVersions {
    /// The first first.
    items: Vec<MeetingVersionView>,
}

impl Tagged for MeetingVersions {}

pub async fn versions(
    caller: Allowed<may::ReadMeetings>,
    ApiPath(id): ApiPath<MeetingId>,
) -> Answer<Found<MeetingVersions>> {
    let places = caller.scope.places();
    let items = caller.read(move |conn| meetings::versions(conn, &places, id)).await?;
    Ok(Found(MeetingVersions { items }))
}

pub async fn record(
    caller: Allowed<may::WriteMeetings>,
    ApiJson(content): ApiJson<MeetingContent>,
) -> Answer<Made<MeetingView>> {
    let holder = caller.holder();
    let made = caller.write(move |tx| {
        let id = meetings::record(tx, &holder, &content)?;
        meetings::find(tx.conn(), &holder.scope.places(), id)
    });
    Ok(Made::New(made.await?))
}

/// A corrected record.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeetingCorrection {
    /// Why.
    #[garde(length(chars, min = 2, max = 500))]
    reason: String,
    /// The whole record as it should be.
    #[garde(dive)]
    meeting: MeetingContent,
}

pub async fn correct(
    caller: Allowed<may::WriteMeetings>,
    ApiPath(id): ApiPath<MeetingId>,
    IfMatch(revision): IfMatch,
    ApiJson(body): ApiJson<MeetingCorrection>,
) -> Answer<Found<MeetingView>> {
    let holder = caller.holder();
    let corrected = caller.write(move |tx| {
        meetings::correct(tx, &holder, id, revision, &body.reason, &body.meeting)?;
        meetings::find(tx.conn(), &holder.scope.places(), id)
    });
    Ok(Found(corrected.await?))
}
