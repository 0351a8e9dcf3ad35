//! Visits that wait for the phone owner's confirmation: they took part with an account and have not confirmed, the time for it
//! is not over, somebody else inspected, and an inspection lies within reach. So `inspections::confirm` takes it, and it
//! is of use: nobody bears out what they sent themselves.

use crate::db::schema::{facility_version, inspection, visit, visit_participant};
use crate::db::{AnyConn, Ts};
use crate::fault::Outcome;
use crate::ids::{AreaId, CampaignId, FacilityId, InspectionId, VisitId};
use crate::inspections::rules::{confirm_until, confirmable_since};
use crate::inspections::{Part, VisitKind};
use crate::sync::view::{SyncVisit, VisitedFacility};
use crate::sync::{Viewer, store};
use diesel::prelude::*;
use std::collections::BTreeMap;

/// The visits that wait for a person, by id.
pub fn load(
    conn: &mut AnyConn,
    viewer: &Viewer,
    only: Option<&[VisitId]>,
) -> Outcome<Vec<(VisitId, SyncVisit)>> {
    let unconfirmed = store::unconfirmed(conn, viewer.user, confirmable_since(viewer.now))?;
    let wanted = unconfirmed.into_iter().map(|(id, _)| id);
    let ids: Vec<VisitId> = wanted.filter(|id| only.is_none_or(|only| only.contains(id))).collect();
    if ids.is_empty() {
        return Ok(vec![]);
    }
    let mut inspected = inspected(conn, viewer, &ids)?;
    let mut leads = leads(conn, &ids)?;
    type Columns = (VisitId, VisitKind, Option<CampaignId>, Ts, Ts);
    let rows: Vec<Columns> = visit::table
        .filter(visit::id.eq_any(ids))
        .order(visit::id)
        .select((visit::id, visit::kind, visit::campaign_id, visit::started_claim, visit::received_at))
        .load(conn)?;
    let waiting = |(id, kind, campaign_id, started, received): Columns| {
        let visit = SyncVisit {
            kind,
            campaign_id,
            started_at: started.0,
            confirm_until: confirm_until(received.0),
            lead: leads.remove(&id),
            inspections: inspected.remove(&id)?,
        };
        Some((id, visit))
    };
    Ok(rows.into_iter().filter_map(waiting).collect())
}

/// The inspections within reach of each of these visits that somebody else inspected in.
fn inspected(
    conn: &mut AnyConn,
    viewer: &Viewer,
    ids: &[VisitId],
) -> Outcome<BTreeMap<VisitId, Vec<VisitedFacility>>> {
    let by_others = store::inspected_by_others(conn, viewer.user, ids)?;
    type Columns = (VisitId, InspectionId, FacilityId, AreaId, String);
    let rows: Vec<Columns> = inspection::table
        .inner_join(facility_version::table.on(facility_version::id.eq(inspection::facility_version_id)))
        .filter(inspection::visit_id.eq_any(by_others))
        .order(inspection::id)
        .select((
            inspection::visit_id,
            inspection::id,
            inspection::facility_id,
            inspection::street_id,
            facility_version::name,
        ))
        .load(conn)?;
    let places = viewer.places();
    let mut of_visits: BTreeMap<VisitId, Vec<VisitedFacility>> = BTreeMap::new();
    for (visit, id, facility_id, street, facility_name) in rows {
        if places.holds(street, Some(facility_id)) {
            of_visits.entry(visit).or_default().push(VisitedFacility { id, facility_id, facility_name });
        }
    }
    Ok(of_visits)
}

/// Who leads each of these visits.
fn leads(conn: &mut AnyConn, ids: &[VisitId]) -> Outcome<BTreeMap<VisitId, String>> {
    let leading = visit_participant::table
        .filter(visit_participant::visit_id.eq_any(ids.to_vec()))
        .filter(visit_participant::part.eq(Part::Lead));
    let named: Vec<(VisitId, String)> =
        leading.select((visit_participant::visit_id, visit_participant::name)).load(conn)?;
    Ok(named.into_iter().collect())
}
