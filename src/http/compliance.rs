//! Which facility complies, which street is closed.

use super::answer::{Found, Tagged};
use super::caller::Allowed;
use super::extract::{ApiPath, ApiQuery};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::compliance::{self, Compliance, ComplianceFilter, FacilityCompliance, StreetCompliance};
use crate::db::page::{Page, PageAsk};
use crate::ids::{AreaId, CampaignId, FacilityId};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

impl Tagged for FacilityCompliance {}

/// Which facilities.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct FacilitiesQuery {
    /// Only targets of this campaign; then only its inspections count.
    #[garde(skip)]
    campaign_id: Option<CampaignId>,
    /// Only in this street.
    #[garde(skip)]
    street_id: Option<AreaId>,
    /// Only with this status.
    #[garde(skip)]
    #[param(inline)]
    status: Option<Compliance>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn facilities(
    caller: Allowed<may::ReadCompliance>,
    ApiQuery(query): ApiQuery<FacilitiesQuery>,
) -> Answer<Found<Page<FacilityCompliance>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let filter =
        ComplianceFilter { campaign_id: query.campaign_id, street_id: query.street_id, status: query.status };
    let (places, now) = (caller.scope.places(), caller.now);
    Ok(Found(caller.read(move |conn| compliance::facilities(conn, &places, &filter, &ask, now)).await?))
}

pub async fn facility(
    caller: Allowed<may::ReadCompliance>,
    ApiPath(id): ApiPath<FacilityId>,
) -> Answer<Found<FacilityCompliance>> {
    let (places, now) = (caller.scope.places(), caller.now);
    Ok(Found(caller.read(move |conn| compliance::facility(conn, &places, id, now)).await?))
}

/// Of which campaign.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct StreetsQuery {
    /// The campaign.
    #[garde(skip)]
    campaign_id: CampaignId,
}

/// The streets of a campaign.
#[derive(Debug, Serialize, ToSchema)]
pub struct Streets {
    items: Vec<StreetCompliance>,
}
impl Tagged for Streets {}

pub async fn streets(
    caller: Allowed<may::ReadCompliance>,
    ApiQuery(query): ApiQuery<StreetsQuery>,
) -> Answer<Found<Streets>> {
    let (places, now) = (caller.scope.places(), caller.now);
    let items = caller.read(move |conn| compliance::streets(conn, &places, query.campaign_id, now)).await?;
    Ok(Found(Streets { items }))
}
