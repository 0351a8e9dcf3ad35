//! What phones sent too late or out of place.

use super::answer::{Found, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiQuery};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::db::page::{Page, PageAsk};
use crate::ids::{CampaignId, FacilityId, QuarantineId};
use crate::inspections::quarantine::{
    self, Acceptance, QuarantineDetail, QuarantineFilter, QuarantineReceipt, QuarantineState, QuarantineView,
};
use garde::Validate;
use serde::{Deserialize, Deserializer};
use utoipa::{IntoParams, ToSchema};

impl Tagged for QuarantineReceipt {}
impl Tagged for QuarantineDetail {}

/// Which records.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct QuarantineQuery {
    /// Only in this state.
    #[garde(skip)]
    #[param(inline)]
    state: Option<QuarantineState>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list(
    caller: Allowed<may::ReadQuarantine>,
    ApiQuery(query): ApiQuery<QuarantineQuery>,
) -> Answer<Found<Page<QuarantineView>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let filter = QuarantineFilter { state: query.state };
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| quarantine::list(conn, &places, &filter, &ask)).await?))
}

pub async fn find(
    caller: Allowed<may::ReadQuarantine>,
    ApiPath(id): ApiPath<QuarantineId>,
) -> Answer<Found<QuarantineDetail>> {
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| quarantine::find(conn, &places, id)).await?))
}

/// Where a record goes.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptRecord {
    /// Another facility than the record names, e.g. the one that took over.
    #[garde(skip)]
    facility_id: Option<FacilityId>,
    /// Another campaign than the record names; `null` for none.
    #[garde(skip)]
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<CampaignId>)]
    campaign_id: Option<Option<CampaignId>>,
    /// Why it is accepted.
    #[garde(length(chars, min = 1, max = 500))]
    note: String,
}

/// Tells a field that is `null` from one that is not there.
fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

pub async fn accept(
    caller: Allowed<may::DecideQuarantine>,
    ApiPath(id): ApiPath<QuarantineId>,
    ApiJson(body): ApiJson<AcceptRecord>,
) -> Answer<Found<QuarantineDetail>> {
    let into = Acceptance { facility_id: body.facility_id, campaign_id: body.campaign_id, note: body.note };
    let holder = caller.holder();
    let decided = caller.write(move |tx| {
        quarantine::accept(tx, &holder, id, &into)?;
        quarantine::find(tx.conn(), &holder.scope.places(), id)
    });
    Ok(Found(decided.await?))
}

/// Why a record is put aside.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DismissRecord {
    /// The reason.
    #[garde(length(chars, min = 1, max = 500))]
    reason: String,
}

pub async fn dismiss(
    caller: Allowed<may::DecideQuarantine>,
    ApiPath(id): ApiPath<QuarantineId>,
    ApiJson(body): ApiJson<DismissRecord>,
) -> Answer<Found<QuarantineDetail>> {
    let holder = caller.holder();
    let decided = caller.write(move |tx| {
        quarantine::dismiss(tx, &holder, id, &body.reason)?;
        quarantine::find(tx.conn(), &holder.scope.places(), id)
    });
    Ok(Found(decided.await?))
}
