//! What compliance reads.

use super::{ComplianceFilter, OpenLine};
use crate::access::Places;
use crate::access::scope::within;
use crate::db::schema::{campaign_target, facility, facility_version, finding, inspection, visit};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::directory::{FacilityKind, FacilityState};
use crate::fault::Outcome;
use crate::findings::rules::State;
use crate::ids::{AreaId, CampaignId, FacilityId};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use std::collections::HashMap;

#[derive(Debug, Clone, Queryable)]
pub struct Facility {
    pub id: FacilityId,
    pub code: String,
    pub name: String,
    pub kind: FacilityKind,
    pub street_id: AreaId,
}

/// Facilities by code: those that have not ended, or a campaign's targets whatever became of them.
pub fn facilities(
    conn: &mut AnyConn,
    places: &Places,
    filter: &ComplianceFilter,
    only: Option<FacilityId>,
    after: Option<&str>,
    limit: i64,
) -> Outcome<Vec<Facility>> {
    let mut query = facility::table
        .inner_join(facility_version::table.on(facility_version::facility_id.eq(facility::id)))
        .filter(facility_version::valid_to.is_null())
        .select((
            facility::id,
            facility::code,
            facility_version::name,
            facility_version::kind,
            facility_version::street_id,
        ))
        .into_boxed::<MultiBackend>();
    query = match (filter.campaign_id, only) {
        (Some(campaign), _) => {
            let targets = campaign_target::table
                .filter(campaign_target::campaign_id.eq(campaign))
                .select(campaign_target::facility_id);
            query.filter(facility::id.eq_any(targets))
        }
        (None, Some(id)) => query.filter(facility::id.eq(id)),
        (None, None) => query.filter(facility_version::status.ne(FacilityState::Ended)),
    };
    if let Some(street) = filter.street_id {
        query = query.filter(facility_version::street_id.eq(street));
    }
    if let Some(after) = after {
        query = query.filter(facility::code.gt(after.to_string()));
    }
    let query = within!(query, places, facility_version::street_id, facility_version::facility_id);
    Ok(query.order(facility::code).limit(limit).load(conn)?)
}

/// When each facility was last inspected with all evidence, in a covering visit.
pub fn last_complete(
    conn: &mut AnyConn,
    ids: &[FacilityId],
    campaign: Option<CampaignId>,
) -> Outcome<HashMap<FacilityId, DateTime<Utc>>> {
    let mut query = inspection::table
        .inner_join(visit::table.on(visit::id.eq(inspection::visit_id)))
        .filter(inspection::facility_id.eq_any(ids.to_vec()))
        .filter(inspection::state.eq("complete"))
        .filter(visit::kind.eq_any(crate::campaigns::store::COVERING))
        .select((inspection::facility_id, inspection::received_at))
        .into_boxed::<MultiBackend>();
    if let Some(campaign) = campaign {
        query = query.filter(inspection::campaign_id.eq(campaign));
    }
    // Oldest first, so that the newest of a facility stays.
    let rows: Vec<(FacilityId, Ts)> = query.order(inspection::received_at).load(conn)?;
    Ok(rows.into_iter().map(|(facility, at)| (facility, at.0)).collect())
}

/// The unsettled findings of each facility, by number.
pub fn unsettled(conn: &mut AnyConn, ids: &[FacilityId]) -> Outcome<HashMap<FacilityId, Vec<OpenLine>>> {
    let rows: Vec<(FacilityId, String, State, Option<NaiveDate>)> = finding::table
        .filter(finding::facility_id.eq_any(ids.to_vec()))
        .filter(finding::state.ne_all(State::SETTLED))
        .order(finding::number)
        .select((finding::facility_id, finding::number, finding::state, finding::due_on))
        .load(conn)?;
    let mut lines: HashMap<FacilityId, Vec<OpenLine>> = HashMap::new();
    for (facility, number, state, due_on) in rows {
        lines.entry(facility).or_default().push(OpenLine { number, state, due_on });
    }
    Ok(lines)
}

/// All findings of a campaign but the withdrawn, with their streets.
pub fn lines_by_street(
    conn: &mut AnyConn,
    places: &Places,
    campaign: CampaignId,
) -> Outcome<Vec<(AreaId, OpenLine)>> {
    let query = finding::table
        .filter(finding::campaign_id.eq(campaign))
        .filter(finding::state.ne(State::Withdrawn))
        .select((finding::street_id, finding::number, finding::state, finding::due_on))
        .into_boxed::<MultiBackend>();
    let query = within!(query, places, finding::street_id, finding::facility_id);
    let rows: Vec<(AreaId, String, State, Option<NaiveDate>)> = query.load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(street, number, state, due_on)| (street, OpenLine { number, state, due_on }))
        .collect())
}
