//! Facilities as phones see them.

use crate::access::Places;
use crate::access::scope::within;
use crate::campaigns::store::COVERING;
use crate::clock::business_date;
use crate::db::schema::{facility, facility_version, inspection, visit};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::directory::facilities::PositionView;
use crate::directory::geo::Datum;
use crate::directory::{FacilityKind, FacilityState};
use crate::fault::Outcome;
use crate::ids::{AreaId, FacilityId, SiteId};
use crate::inspections::InspectionState;
use crate::sync::view::SyncFacility;
use chrono::NaiveDate;
use diesel::dsl::max;
use diesel::prelude::*;
use std::collections::HashMap;

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = facility, check_for_backend(MultiBackend))]
struct Fixed {
    id: FacilityId,
    code: String,
    site_id: Option<SiteId>,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = facility_version, check_for_backend(MultiBackend))]
struct Dated {
    kind: FacilityKind,
    name: String,
    street_id: AreaId,
    community_id: Option<AreaId>,
    address: String,
    lat: Option<f64>,
    lng: Option<f64>,
    datum: Option<Datum>,
    contact_name: String,
    contact_phone: String,
    opening_hours: String,
    status: FacilityState,
}

/// Facilities within places that have not ended, by code.
pub fn load(
    conn: &mut AnyConn,
    places: &Places,
    only: Option<&[FacilityId]>,
) -> Outcome<Vec<(FacilityId, SyncFacility)>> {
    let mut query = facility::table
        .inner_join(facility_version::table.on(facility_version::facility_id.eq(facility::id)))
        .filter(facility_version::valid_to.is_null())
        .filter(facility_version::status.ne(FacilityState::Ended))
        .select((Fixed::as_select(), Dated::as_select()))
        .into_boxed::<MultiBackend>();
    if let Some(ids) = only {
        query = query.filter(facility::id.eq_any(ids.to_vec()));
    }
    query = within!(query, places, facility_version::street_id, facility::id);
    let rows: Vec<(Fixed, Dated)> = query.order(facility::code).load(conn)?;
    let ids: Vec<FacilityId> = rows.iter().map(|(f, _)| f.id).collect();
    let covered = last_covered(conn, &ids)?;
    Ok(rows.into_iter().map(|(f, v)| (f.id, view(covered.get(&f.id).copied(), f, v))).collect())
}

fn view(last_inspected_on: Option<NaiveDate>, f: Fixed, v: Dated) -> SyncFacility {
    let position = match (v.lat, v.lng, v.datum) {
        (Some(lat), Some(lng), Some(datum)) => Some(PositionView { lat, lng, datum }),
        _ => None,
    };
    SyncFacility {
        code: f.code,
        kind: v.kind,
        name: v.name,
        street_id: v.street_id,
        community_id: v.community_id,
        site_id: f.site_id,
        address: v.address,
        position,
        contact_name: v.contact_name,
        contact_phone: v.contact_phone,
        opening_hours: v.opening_hours,
        status: v.status,
        last_inspected_on,
    }
}

/// The day of each facility's last complete inspection that counts as coverage.
fn last_covered(conn: &mut AnyConn, ids: &[FacilityId]) -> Outcome<HashMap<FacilityId, NaiveDate>> {
    let rows: Vec<(FacilityId, Option<Ts>)> = inspection::table
        .inner_join(visit::table.on(visit::id.eq(inspection::visit_id)))
        .filter(inspection::facility_id.eq_any(ids.to_vec()))
        .filter(inspection::state.eq(InspectionState::Complete))
        .filter(visit::kind.eq_any(COVERING))
        .group_by(inspection::facility_id)
        .select((inspection::facility_id, max(inspection::received_at)))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|(id, at)| Some((id, business_date(at?.0)))).collect())
}
