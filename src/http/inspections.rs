//! Visits and inspections.

use super::answer::{Found, Made, Tagged, Taken};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiQuery, ApiRaw};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::db::page::{Page, PageAsk};
use crate::fault::{Fault, Outcome};
use crate::ids::{CampaignId, FacilityId, InspectionId, VisitId};
use crate::inspections::amendments::{self, Amended, Amendment, AmendmentReceipt, Versions};
use crate::inspections::quarantine::QuarantineReceipt;
use crate::inspections::{
    self, Confirmed, InspectionBody, InspectionDetail, InspectionFilter, InspectionState, InspectionView,
    Receipt, Submitted, VisitConfirmation, VisitView,
};
use garde::Validate;
use serde::Deserialize;
use utoipa::IntoParams;

impl Tagged for Receipt {}
impl Tagged for InspectionDetail {}
impl Tagged for VisitView {}
impl Tagged for AmendmentReceipt {}
impl Tagged for Versions {}
impl Tagged for VisitConfirmation {}

pub async fn put(
    caller: Allowed<may::SubmitInspection>,
    ApiPath(id): ApiPath<InspectionId>,
    body: ApiRaw<InspectionBody>,
) -> Answer<Taken<Receipt, QuarantineReceipt>> {
    let raw = String::from_utf8(body.bytes.to_vec()).map_err(Fault::internal)?;
    Ok(match submit(&caller, id, body.value, raw).await? {
        Submitted::New(receipt) => Taken::New(receipt),
        Submitted::Same(receipt) => Taken::Same(receipt),
        Submitted::Held(receipt) => Taken::Kept(receipt),
    })
}

pub async fn amend(
    caller: Allowed<may::SubmitInspection>,
    ApiPath(id): ApiPath<InspectionId>,
    ApiJson(body): ApiJson<Amendment>,
) -> Answer<Taken<AmendmentReceipt, AmendmentReceipt>> {
    let holder = caller.holder();
    Ok(match caller.write(move |tx| amendments::amend(tx, &holder, id, &body)).await? {
        Amended::New(receipt) => Taken::New(receipt),
        Amended::Same(receipt) => Taken::Same(receipt),
        Amended::Kept(receipt) => Taken::Kept(receipt),
    })
}

pub async fn list_amendments(
    caller: Allowed<may::ReadInspections>,
    ApiPath(id): ApiPath<InspectionId>,
) -> Answer<Found<Versions>> {
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| amendments::list(conn, &places, id)).await?))
}

/// Submits one inspection in a transaction of its own.
///
/// # Errors
/// As [`inspections::submit`].
pub async fn submit(
    caller: &Allowed<may::SubmitInspection>,
    id: InspectionId,
    body: InspectionBody,
    raw: String,
) -> Outcome<Submitted> {
    let holder = caller.holder();
    caller.write(move |tx| inspections::submit(tx, &holder, id, &body, &raw)).await
}

/// Which inspections.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct InspectionQuery {
    /// Only of this campaign.
    #[garde(skip)]
    campaign_id: Option<CampaignId>,
    /// Only of this facility.
    #[garde(skip)]
    facility_id: Option<FacilityId>,
    /// Only in this state.
    #[garde(skip)]
    #[param(inline)]
    state: Option<InspectionState>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list(
    caller: Allowed<may::ReadInspections>,
    ApiQuery(query): ApiQuery<InspectionQuery>,
) -> Answer<Found<Page<InspectionView>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let filter = InspectionFilter {
        campaign_id: query.campaign_id,
        facility_id: query.facility_id,
        state: query.state,
    };
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| inspections::list(conn, &places, &filter, &ask)).await?))
}

pub async fn find(
    caller: Allowed<may::ReadInspections>,
    ApiPath(id): ApiPath<InspectionId>,
) -> Answer<Found<InspectionDetail>> {
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| inspections::find(conn, &places, id)).await?))
}

pub async fn find_visit(
    caller: Allowed<may::ReadInspections>,
    ApiPath(id): ApiPath<VisitId>,
) -> Answer<Found<VisitView>> {
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| inspections::find_visit(conn, &places, id)).await?))
}

pub async fn confirm_visit(
    caller: Allowed<may::SubmitInspection>,
    ApiPath(id): ApiPath<VisitId>,
) -> Answer<Made<VisitConfirmation>> {
    let holder = caller.holder();
    Ok(match caller.write(move |tx| inspections::confirm(tx, &holder, id)).await? {
        Confirmed::New(confirmation) => Made::New(confirmation),
        Confirmed::Same(confirmation) => Made::Same(confirmation),
    })
}
