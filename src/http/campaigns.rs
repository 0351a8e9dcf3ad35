//! Campaigns, their targets and their progress.

use super::access::PageQuery;
use super::answer::{Found, Made, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiQuery};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::campaigns::{
    self, CampaignKind, CampaignView, NewCampaign, Progress, TargetState, TargetView, Targets,
};
use crate::db::page::{Page, PageAsk};
use crate::directory::FacilityKind;
use crate::fault::Fault;
use crate::ids::{AreaId, CampaignId, ChecklistId, FacilityId};
use chrono::NaiveDate;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

impl Tagged for CampaignView {
    fn revision(&self) -> Option<i32> {
        Some(self.revision)
    }
}
impl Tagged for Progress {}

/// A new campaign.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCampaign {
    /// Name.
    #[garde(length(chars, min = 2, max = 60))]
    name: String,
    /// What it is about.
    #[garde(skip)]
    kind: CampaignKind,
    /// The area that it covers.
    #[garde(skip)]
    area_id: AreaId,
    /// First day.
    #[garde(skip)]
    starts_on: NaiveDate,
    /// Last day.
    #[garde(skip)]
    ends_on: NaiveDate,
    /// Day by which streets reply to its letters.
    #[garde(skip)]
    reply_due: Option<NaiveDate>,
    /// The check items; the newest unless given.
    #[garde(skip)]
    checklist_id: Option<ChecklistId>,
}

pub async fn create(
    caller: Allowed<may::WriteCampaigns>,
    ApiJson(body): ApiJson<CreateCampaign>,
) -> Answer<Made<CampaignView>> {
    let new = NewCampaign {
        name: body.name,
        kind: body.kind,
        area_id: body.area_id,
        starts_on: body.starts_on,
        ends_on: body.ends_on,
        reply_due: body.reply_due,
        checklist_id: body.checklist_id,
    };
    let places = caller.scope.places();
    let view = caller
        .write(move |tx| {
            let id = campaigns::create(tx, &places, &new)?;
            campaigns::campaign_in(tx.conn(), &places, id)
        })
        .await?;
    Ok(Made::New(view))
}

pub async fn list(
    caller: Allowed<may::ReadCampaigns>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Answer<Found<Page<CampaignView>>> {
    let (ask, places) = (query.ask(), caller.scope.places());
    Ok(Found(caller.read(move |conn| campaigns::list(conn, &places, &ask)).await?))
}

pub async fn find(
    caller: Allowed<may::ReadCampaigns>,
    ApiPath(id): ApiPath<CampaignId>,
) -> Answer<Found<CampaignView>> {
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| campaigns::campaign_in(conn, &places, id)).await?))
}

/// Which facilities become targets: either list.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddTargets {
    /// These facilities.
    #[garde(length(max = 1000))]
    facility_ids: Option<Vec<FacilityId>>,
    /// All active ones of these kinds under the campaign's area.
    #[garde(length(max = 10))]
    kinds: Option<Vec<FacilityKind>>,
}

/// How many targets there are.
#[derive(Debug, Serialize, ToSchema)]
pub struct TargetsAdded {
    /// New ones.
    added: i64,
    /// All.
    total: i64,
}
impl Tagged for TargetsAdded {}

pub async fn add_targets(
    caller: Allowed<may::WriteCampaigns>,
    ApiPath(id): ApiPath<CampaignId>,
    ApiJson(body): ApiJson<AddTargets>,
) -> Answer<Found<TargetsAdded>> {
    let targets = match (body.facility_ids, body.kinds) {
        (Some(ids), None) => Targets::Facilities(ids),
        (None, Some(kinds)) => Targets::Kinds(kinds),
        _ => return Err(Fault::invalid("", "one_of", "facility_ids 与 kinds 须且只能填一个").into()),
    };
    let places = caller.scope.places();
    let (added, total) = caller.write(move |tx| campaigns::add_targets(tx, &places, id, &targets)).await?;
    Ok(Found(TargetsAdded { added, total }))
}

/// Why a campaign ends.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseCampaign {
    /// A remark, for the trail.
    #[garde(length(chars, min = 1, max = 500))]
    note: Option<String>,
}

pub async fn close(
    caller: Allowed<may::WriteCampaigns>,
    ApiPath(id): ApiPath<CampaignId>,
    ApiJson(body): ApiJson<CloseCampaign>,
) -> Answer<Found<CampaignView>> {
    let places = caller.scope.places();
    let closed = caller.write(move |tx| campaigns::close(tx, &places, id, body.note.as_deref())).await?;
    Ok(Found(closed))
}

/// Which targets.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct TargetQuery {
    /// Only in this state.
    #[garde(skip)]
    #[param(inline)]
    state: Option<TargetState>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn targets(
    caller: Allowed<may::ReadCampaigns>,
    ApiPath(id): ApiPath<CampaignId>,
    ApiQuery(query): ApiQuery<TargetQuery>,
) -> Answer<Found<Page<TargetView>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| campaigns::targets(conn, &places, id, query.state, &ask)).await?))
}

pub async fn progress(
    caller: Allowed<may::ReadCampaigns>,
    ApiPath(id): ApiPath<CampaignId>,
) -> Answer<Found<Progress>> {
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| campaigns::progress(conn, &places, id)).await?))
}
