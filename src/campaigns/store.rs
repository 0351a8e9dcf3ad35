//! Rows and queries of campaigns. Whether a target is done is read from its inspections.

use super::{
    CampaignKind, CampaignView, IncompleteInspection, NewCampaign, StreetProgress, TargetState, TargetView,
};
use crate::access::Places;
use crate::access::scope::within;
use crate::db::connection::each;
use crate::db::schema::{
    area, area_version, campaign, campaign_target, evidence, facility, facility_version, inspection, visit,
};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::directory::FacilityKind;
use crate::fault::Outcome;
use crate::ids::{AreaId, CampaignId, ChecklistId, FacilityId, InspectionId, UserId};
use chrono::NaiveDate;
use diesel::dsl::count_star;
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = campaign, check_for_backend(MultiBackend))]
struct Row {
    id: CampaignId,
    name: String,
    kind: CampaignKind,
    area_id: AreaId,
    starts_on: NaiveDate,
    ends_on: NaiveDate,
    reply_due: Option<NaiveDate>,
    checklist_id: ChecklistId,
    state: String,
    revision: i32,
}

impl From<Row> for CampaignView {
    fn from(r: Row) -> Self {
        let Row { id, name, kind, area_id, starts_on, ends_on, reply_due, checklist_id, state, revision } = r;
        Self { id, name, kind, area_id, starts_on, ends_on, reply_due, checklist_id, state, revision }
    }
}

pub fn insert(
    conn: &mut AnyConn,
    id: CampaignId,
    new: &NewCampaign,
    checklist_id: ChecklistId,
    by: UserId,
    at: Ts,
) -> Outcome<()> {
    diesel::insert_into(campaign::table)
        .values((
            campaign::id.eq(id),
            campaign::name.eq(&new.name),
            campaign::kind.eq(new.kind),
            campaign::area_id.eq(new.area_id),
            campaign::starts_on.eq(new.starts_on),
            campaign::ends_on.eq(new.ends_on),
            campaign::reply_due.eq(new.reply_due),
            campaign::checklist_id.eq(checklist_id),
            campaign::state.eq("active"),
            campaign::created_by.eq(by),
            campaign::clerk_id.eq(Some(by)),
            campaign::created_at.eq(at),
            campaign::revision.eq(1),
        ))
        .execute(conn)?;
    Ok(())
}

pub fn find(conn: &mut AnyConn, id: CampaignId) -> Outcome<Option<CampaignView>> {
    Ok(campaign::table.find(id).select(Row::as_select()).first(conn).optional()?.map(CampaignView::from))
}

pub fn list(conn: &mut AnyConn, after: Option<CampaignId>, limit: i64) -> Outcome<Vec<CampaignView>> {
    let mut query = campaign::table.select(Row::as_select()).into_boxed::<MultiBackend>();
    if let Some(after) = after {
        query = query.filter(campaign::id.lt(after));
    }
    let rows: Vec<Row> = query.order(campaign::id.desc()).limit(limit).load(conn)?;
    Ok(rows.into_iter().map(CampaignView::from).collect())
}

/// The open campaigns in a clerk's charge, oldest first.
pub fn in_charge_of(conn: &mut AnyConn, clerk: UserId) -> Outcome<Vec<CampaignView>> {
    let open = campaign::table.filter(campaign::clerk_id.eq(clerk)).filter(campaign::state.eq("active"));
    let rows: Vec<Row> = open.order(campaign::id).select(Row::as_select()).load(conn)?;
    Ok(rows.into_iter().map(CampaignView::from).collect())
}

/// Puts a campaign into a clerk's charge.
pub fn set_clerk(conn: &mut AnyConn, id: CampaignId, clerk: UserId) -> Outcome<()> {
    diesel::update(campaign::table.find(id))
        .set((campaign::clerk_id.eq(Some(clerk)), campaign::revision.eq(campaign::revision + 1)))
        .execute(conn)?;
    Ok(())
}

/// Closes a campaign; tells whether it was open.
pub fn close(conn: &mut AnyConn, id: CampaignId) -> Outcome<bool> {
    let open = campaign::table.find(id).filter(campaign::state.eq("active"));
    let closed = diesel::update(open)
        .set((campaign::state.eq("closed"), campaign::revision.eq(campaign::revision + 1)))
        .execute(conn)?;
    Ok(closed == 1)
}

pub fn is_target(conn: &mut AnyConn, id: CampaignId, of: FacilityId) -> Outcome<bool> {
    Ok(campaign_target::table.find((id, of)).count().get_result::<i64>(conn)? > 0)
}

pub fn count_targets(conn: &mut AnyConn, id: CampaignId) -> Outcome<i64> {
    Ok(campaign_target::table.filter(campaign_target::campaign_id.eq(id)).count().get_result(conn)?)
}

pub fn active_of_kinds(
    conn: &mut AnyConn,
    places: &Places,
    kinds: &[FacilityKind],
) -> Outcome<Vec<(FacilityId, AreaId)>> {
    let query = facility_version::table
        .filter(facility_version::valid_to.is_null())
        .filter(facility_version::status.eq("active"))
        .filter(facility_version::kind.eq_any(kinds.to_vec()))
        .select((facility_version::facility_id, facility_version::street_id))
        .into_boxed::<MultiBackend>();
    Ok(within!(query, places, facility_version::street_id, facility_version::facility_id).load(conn)?)
}

pub fn street_of(
    conn: &mut AnyConn,
    places: &Places,
    ids: &[FacilityId],
) -> Outcome<Vec<(FacilityId, AreaId)>> {
    let query = facility_version::table
        .filter(facility_version::valid_to.is_null())
        .filter(facility_version::facility_id.eq_any(ids.to_vec()))
        .select((facility_version::facility_id, facility_version::street_id))
        .into_boxed::<MultiBackend>();
    Ok(within!(query, places, facility_version::street_id, facility_version::facility_id).load(conn)?)
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = campaign_target)]
struct TargetRow {
    campaign_id: CampaignId,
    facility_id: FacilityId,
    street_id: AreaId,
}

pub fn insert_targets(conn: &mut AnyConn, id: CampaignId, wanted: &[(FacilityId, AreaId)]) -> Outcome<()> {
    let known: BTreeSet<FacilityId> = campaign_target::table
        .filter(campaign_target::campaign_id.eq(id))
        .select(campaign_target::facility_id)
        .load(conn)?
        .into_iter()
        .collect();
    let distinct: BTreeMap<FacilityId, AreaId> =
        wanted.iter().copied().filter(|(f, _)| !known.contains(f)).collect();
    let rows: Vec<TargetRow> = distinct
        .into_iter()
        .map(|(facility_id, street_id)| TargetRow { campaign_id: id, facility_id, street_id })
        .collect();
    for chunk in rows.chunks(300) {
        each!(conn, c => diesel::insert_into(campaign_target::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// The visits that count as coverage.
pub const COVERING: [&str; 2] = ["administrative", "supervision"];

/// For each facility with a covering inspection in the campaign: whether one is complete.
fn inspected(conn: &mut AnyConn, id: CampaignId) -> Outcome<HashMap<FacilityId, bool>> {
    let rows: Vec<(FacilityId, String)> = inspection::table
        .inner_join(visit::table.on(visit::id.eq(inspection::visit_id)))
        .filter(inspection::campaign_id.eq(id))
        .filter(visit::kind.eq_any(COVERING))
        .select((inspection::facility_id, inspection::state))
        .distinct()
        .load(conn)?;
    let mut states = HashMap::new();
    for (facility, state) in rows {
        *states.entry(facility).or_insert(false) |= state == "complete";
    }
    Ok(states)
}

pub fn targets(
    conn: &mut AnyConn,
    places: &Places,
    id: CampaignId,
    state: Option<TargetState>,
    after: Option<&str>,
    limit: i64,
) -> Outcome<Vec<TargetView>> {
    let mut query = campaign_target::table
        .inner_join(facility::table.on(facility::id.eq(campaign_target::facility_id)))
        .inner_join(facility_version::table.on(facility_version::facility_id.eq(facility::id)))
        .filter(facility_version::valid_to.is_null())
        .filter(campaign_target::campaign_id.eq(id))
        .select((
            facility::id,
            facility::code,
            facility_version::name,
            facility_version::kind,
            campaign_target::street_id,
        ))
        .into_boxed::<MultiBackend>();
    query = within!(query, places, campaign_target::street_id, facility::id);
    if let Some(after) = after {
        query = query.filter(facility::code.gt(after.to_string()));
    }
    let states = inspected(conn, id)?;
    let of =
        |done: bool| states.iter().filter(move |(_, d)| **d == done).map(|(f, _)| *f).collect::<Vec<_>>();
    query = match state {
        None => query,
        Some(TargetState::Planned) => {
            query.filter(facility::id.ne_all(states.keys().copied().collect::<Vec<_>>()))
        }
        Some(TargetState::Done) => query.filter(facility::id.eq_any(of(true))),
        Some(TargetState::Incomplete) => query.filter(facility::id.eq_any(of(false))),
    };
    let rows: Vec<(FacilityId, String, String, FacilityKind, AreaId)> =
        query.order(facility::code).limit(limit).load(conn)?;
    let view = |(facility_id, code, name, kind, street_id)| TargetView {
        facility_id,
        code,
        name,
        kind,
        street_id,
        state: match states.get(&facility_id) {
            None => TargetState::Planned,
            Some(false) => TargetState::Incomplete,
            Some(true) => TargetState::Done,
        },
    };
    Ok(rows.into_iter().map(view).collect())
}

pub fn progress(conn: &mut AnyConn, places: &Places, id: CampaignId) -> Outcome<Vec<StreetProgress>> {
    let query = campaign_target::table
        .filter(campaign_target::campaign_id.eq(id))
        .select((campaign_target::facility_id, campaign_target::street_id))
        .into_boxed::<MultiBackend>();
    let rows: Vec<(FacilityId, AreaId)> =
        within!(query, places, campaign_target::street_id, campaign_target::facility_id).load(conn)?;
    let states = inspected(conn, id)?;
    let mut figures: BTreeMap<AreaId, (i64, i64, i64)> = BTreeMap::new();
    for (facility, street) in rows {
        let figure = figures.entry(street).or_default();
        figure.0 += 1;
        match states.get(&facility) {
            Some(true) => figure.1 += 1,
            Some(false) => figure.2 += 1,
            None => {}
        }
    }
    let mut names: HashMap<AreaId, (String, String)> = area_version::table
        .inner_join(area::table.on(area::id.eq(area_version::area_id)))
        .filter(area_version::area_id.eq_any(figures.keys().copied().collect::<Vec<_>>()))
        .order(area_version::valid_from)
        .select((area_version::area_id, (area::code, area_version::name)))
        .load::<(AreaId, (String, String))>(conn)?
        .into_iter()
        .collect();
    let mut by_code: Vec<(String, StreetProgress)> = figures
        .into_iter()
        .map(|(street_id, (planned, done, incomplete))| {
            let (code, street_name) = names.remove(&street_id).unwrap_or_default();
            (code, StreetProgress { street_id, street_name, planned, done, incomplete })
        })
        .collect();
    by_code.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(by_code.into_iter().map(|(_, progress)| progress).collect())
}

pub fn incomplete(conn: &mut AnyConn, places: &Places, id: CampaignId) -> Outcome<Vec<IncompleteInspection>> {
    let query = inspection::table
        .inner_join(facility_version::table.on(facility_version::id.eq(inspection::facility_version_id)))
        .filter(inspection::campaign_id.eq(id))
        .filter(inspection::state.eq("incomplete"))
        .select((inspection::id, inspection::facility_id, facility_version::name))
        .into_boxed::<MultiBackend>();
    let query = within!(query, places, inspection::street_id, inspection::facility_id);
    let rows: Vec<(InspectionId, FacilityId, String)> = query.order(inspection::id).limit(100).load(conn)?;
    let ids: Vec<InspectionId> = rows.iter().map(|r| r.0).collect();
    let missing: HashMap<InspectionId, i64> = evidence::table
        .filter(evidence::subject_kind.eq("inspection"))
        .filter(evidence::subject_id.eq_any(ids))
        .filter(evidence::received_at.is_null())
        .filter(evidence::superseded.eq(false))
        .group_by(evidence::subject_id)
        .select((evidence::subject_id, count_star()))
        .load::<(InspectionId, i64)>(conn)?
        .into_iter()
        .collect();
    let view = |(inspection_id, facility_id, facility_name)| IncompleteInspection {
        inspection_id,
        facility_id,
        facility_name,
        missing: missing.get(&inspection_id).copied().unwrap_or(0),
    };
    Ok(rows.into_iter().map(view).collect())
}
