//! Areas and facilities.

use super::answer::{Found, Made, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiQuery, IfMatch};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::clock::business_date;
use crate::db::page::{Page, PageAsk};
use crate::directory::areas::{self, AreaFilter, AreaView};
use crate::directory::facilities::{self, FacilityFacts, FacilityView, PositionView};
use crate::directory::geo::Position;
use crate::directory::store::FacilityFilter;
use crate::directory::{FacilityKind, FacilityState, Route};
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, FacilityId};
use chrono::NaiveDate;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

impl Tagged for AreaView {}
impl Tagged for FacilityView {
    fn revision(&self) -> Option<i32> {
        Some(self.revision)
    }
}

/// Which areas.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AreaQuery {
    /// `province`, `city`, `district`, `street` or `community`.
    #[garde(length(max = 20))]
    level: Option<String>,
    /// Only directly under this area.
    #[garde(skip)]
    parent: Option<AreaId>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list_areas(
    caller: Allowed<may::ReadAreas>,
    ApiQuery(query): ApiQuery<AreaQuery>,
) -> Answer<Found<Page<AreaView>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let filter = AreaFilter { level: query.level, parent: query.parent };
    let on = business_date(caller.now);
    Ok(Found(caller.read(move |conn| areas::list(conn, &filter, &ask, on)).await?))
}

pub async fn find_area(
    caller: Allowed<may::ReadAreas>,
    ApiPath(id): ApiPath<AreaId>,
) -> Answer<Found<AreaView>> {
    let on = business_date(caller.now);
    Ok(Found(caller.read(move |conn| areas::find(conn, id, on)).await?))
}

/// Which facilities.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct FacilityQuery {
    /// Only of this kind.
    #[garde(skip)]
    #[param(inline)]
    kind: Option<FacilityKind>,
    /// Only in this street.
    #[garde(skip)]
    street_id: Option<AreaId>,
    /// Only in this state.
    #[garde(skip)]
    #[param(inline)]
    status: Option<FacilityState>,
    /// Part of the name, the address or the operator.
    #[garde(length(chars, min = 1, max = 50))]
    q: Option<String>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list_facilities(
    caller: Allowed<may::ReadFacilities>,
    ApiQuery(query): ApiQuery<FacilityQuery>,
) -> Answer<Found<Page<FacilityView>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let filter = FacilityFilter {
        kind: query.kind,
        street_id: query.street_id,
        status: query.status,
        text: query.q,
        operator_name: None,
    };
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| facilities::list(conn, &places, &filter, &ask)).await?))
}

pub async fn find_facility(
    caller: Allowed<may::ReadFacilities>,
    ApiPath(id): ApiPath<FacilityId>,
) -> Answer<Found<FacilityView>> {
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| facilities::find(conn, &places, id)).await?))
}

/// All versions of a facility, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct FacilityVersions {
    items: Vec<FacilityView>,
}
impl Tagged for FacilityVersions {}

pub async fn facility_versions(
    caller: Allowed<may::ReadFacilities>,
    ApiPath(id): ApiPath<FacilityId>,
) -> Answer<Found<FacilityVersions>> {
    let places = caller.scope.places();
    let items = caller.read(move |conn| facilities::versions(conn, &places, id)).await?;
    Ok(Found(FacilityVersions { items }))
}

/// A new facility.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateFacility {
    /// Code, unique.
    #[garde(length(chars, min = 1, max = 40))]
    code: String,
    /// What it is.
    #[garde(skip)]
    kind: FacilityKind,
    /// Name.
    #[garde(length(chars, min = 1, max = 100))]
    name: String,
    /// Street.
    #[garde(skip)]
    street_id: AreaId,
    /// Community.
    #[garde(skip)]
    community_id: Option<AreaId>,
    /// Address.
    #[garde(length(chars, min = 1, max = 200))]
    address: String,
    /// Position with its datum.
    #[garde(skip)]
    position: Option<PositionView>,
    /// Operator.
    #[garde(length(chars, min = 1, max = 100))]
    operator_name: String,
    /// Contact.
    #[serde(default)]
    #[garde(length(chars, max = 50))]
    contact_name: String,
    /// Telephone of the contact.
    #[serde(default)]
    #[garde(length(chars, max = 30))]
    contact_phone: String,
    /// Posted opening hours.
    #[serde(default)]
    #[garde(length(chars, max = 100))]
    opening_hours: String,
    /// Whom its findings go through; the street unless given.
    #[garde(skip)]
    route: Option<Route>,
}

fn checked_position(position: Option<PositionView>) -> Outcome<Option<PositionView>> {
    match position {
        Some(p) if Position::new(p.lat, p.lng, p.datum).is_none() => {
            Err(Fault::invalid("/position", "out_of_range", "坐标超出范围"))
        }
        other => Ok(other),
    }
}

pub async fn create_facility(
    caller: Allowed<may::WriteFacilities>,
    ApiJson(body): ApiJson<CreateFacility>,
) -> Answer<Made<FacilityView>> {
    let facts = FacilityFacts {
        kind: body.kind,
        name: body.name,
        street_id: body.street_id,
        community_id: body.community_id,
        address: body.address,
        position: checked_position(body.position)?,
        operator_name: body.operator_name,
        contact_name: body.contact_name,
        contact_phone: body.contact_phone,
        opening_hours: body.opening_hours,
        platform_status: None,
        platform_status_on: None,
        route: body.route.unwrap_or(Route::Street),
        status: FacilityState::Active,
    };
    let places = caller.scope.places();
    let view = caller
        .write(move |tx| {
            let id = facilities::create(tx, &places, &body.code, &facts)?;
            facilities::find(tx.conn(), &places, id)
        })
        .await?;
    Ok(Made::New(view))
}

/// What changes of a facility; what is left out stays.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateFacility {
    /// Name.
    #[garde(length(chars, min = 1, max = 100))]
    name: Option<String>,
    /// Street, when it moves.
    #[garde(skip)]
    street_id: Option<AreaId>,
    /// Community, when it moves.
    #[garde(skip)]
    community_id: Option<AreaId>,
    /// Address.
    #[garde(length(chars, min = 1, max = 200))]
    address: Option<String>,
    /// Position with its datum.
    #[garde(skip)]
    position: Option<PositionView>,
    /// Operator.
    #[garde(length(chars, min = 1, max = 100))]
    operator_name: Option<String>,
    /// Contact.
    #[garde(length(chars, max = 50))]
    contact_name: Option<String>,
    /// Telephone of the contact.
    #[garde(length(chars, max = 30))]
    contact_phone: Option<String>,
    /// Posted opening hours.
    #[garde(length(chars, max = 100))]
    opening_hours: Option<String>,
    /// State on the city's platform.
    #[garde(length(chars, max = 30))]
    platform_status: Option<String>,
    /// When that was so.
    #[garde(skip)]
    platform_status_on: Option<NaiveDate>,
    /// Whom its findings go through.
    #[garde(skip)]
    route: Option<Route>,
    /// Whether it works.
    #[garde(skip)]
    status: Option<FacilityState>,
}

impl UpdateFacility {
    fn apply(&self, facts: FacilityFacts) -> FacilityFacts {
        let p = self.clone();
        let moved = p.street_id.is_some_and(|s| s != facts.street_id);
        FacilityFacts {
            kind: facts.kind,
            name: p.name.unwrap_or(facts.name),
            street_id: p.street_id.unwrap_or(facts.street_id),
            community_id: p.community_id.or(facts.community_id.filter(|_| !moved)),
            address: p.address.unwrap_or(facts.address),
            position: p.position.or(facts.position.filter(|_| !moved)),
            operator_name: p.operator_name.unwrap_or(facts.operator_name),
            contact_name: p.contact_name.unwrap_or(facts.contact_name),
            contact_phone: p.contact_phone.unwrap_or(facts.contact_phone),
            opening_hours: p.opening_hours.unwrap_or(facts.opening_hours),
            platform_status: p.platform_status.or(facts.platform_status),
            platform_status_on: p.platform_status_on.or(facts.platform_status_on),
            route: p.route.unwrap_or(facts.route),
            status: p.status.unwrap_or(facts.status),
        }
    }
}

pub async fn update_facility(
    caller: Allowed<may::WriteFacilities>,
    ApiPath(id): ApiPath<FacilityId>,
    IfMatch(revision): IfMatch,
    ApiJson(body): ApiJson<UpdateFacility>,
) -> Answer<Found<FacilityView>> {
    checked_position(body.position)?;
    let places = caller.scope.places();
    let view = caller
        .write(move |tx| facilities::update(tx, &places, id, revision, &|facts| body.apply(facts)))
        .await?;
    Ok(Found(view))
}
