//! The queries of the feed, each in bulk. A query that takes `only` looks at these ids, or at everything without them.

use super::Kind;
use super::areas::{AreaVersion, Tree};
use super::circle::{Grant, Person};
use crate::access::scope::within;
use crate::access::{Places, Role};
use crate::campaigns::CampaignKind;
use crate::db::schema::{
    area, area_version, calendar_day, calendar_year, campaign, campaign_target, change_entry, evidence,
    facility_version, finding, finding_check, inspection, installation, rectification, sequencer,
    user_account, user_grant, visit, visit_participant,
};
use crate::db::sequencer::hex;
use crate::db::types::{Coded as _, Uid};
use crate::db::{AnyConn, MultiBackend, Ts, Tx};
use crate::directory::FacilityState;
use crate::fault::{Fault, Outcome};
use crate::findings::rules::State;
use crate::ids::{
    AreaId, CampaignId, ChecklistId, FacilityId, FindingId, InspectionId, PhotoId, UserId, VisitId,
};
use crate::inspections::Part;
use crate::photos::SubjectKind;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const EPOCH: &str = "sync_epoch";

/// The epoch of this installation, 32 hexadecimal digits. The migration makes it.
pub fn epoch(conn: &mut AnyConn) -> Outcome<String> {
    let value = installation::table.find(EPOCH).select(installation::value).first(conn).optional()?;
    value.ok_or_else(|| Fault::internal("the installation has no sync_epoch"))
}

/// Gives the installation a new epoch, so that no token of before is good any more: after a restore, where positions
/// come a second time for other things.
///
/// # Errors
/// The database's.
pub fn renew_epoch(tx: &mut Tx<'_>) -> Outcome<()> {
    let mut fresh = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut fresh).map_err(|_| Fault::internal("no randomness"))?;
    diesel::delete(installation::table.find(EPOCH)).execute(tx.conn())?;
    diesel::insert_into(installation::table)
        .values((installation::name.eq(EPOCH), installation::value.eq(hex(&fresh))))
        .execute(tx.conn())?;
    tx.audit("installation", EPOCH, json!({ "renewed": true }));
    Ok(())
}

/// The position of the last ordered change.
pub fn head(conn: &mut AnyConn) -> Outcome<i64> {
    Ok(sequencer::table.find("change").select(sequencer::position).first(conn)?)
}

/// A row of change.
#[derive(Debug, Clone)]
pub struct Row {
    pub position: i64,
    pub kind: String,
    pub id: Uuid,
    pub street_id: Option<AreaId>,
    pub gone: bool,
}

/// The kinds of change that concern a phone: those of its things, photos, which findings show, and accounts, which
/// inspectors have.
fn kinds() -> Vec<&'static str> {
    Kind::ALL.iter().map(|kind| kind.code()).chain(["photo", "user"]).collect()
}

/// Changes after one position and up to another, in order: those of these streets (all without), those of no street, and
/// wherever they are those of the person's own inspections. Of visits, wherever they are, those in which the person took
/// part, and no others.
pub fn changes(
    conn: &mut AnyConn,
    (after, upto): (i64, i64),
    streets: Option<&BTreeSet<AreaId>>,
    user: UserId,
    limit: i64,
) -> Outcome<Vec<Row>> {
    let mut query = change_entry::table
        .filter(change_entry::position.gt(after))
        .filter(change_entry::position.le(upto))
        .filter(change_entry::kind.eq_any(kinds()))
        .select((
            change_entry::position,
            change_entry::kind,
            change_entry::object_id,
            change_entry::street_id,
            change_entry::gone,
        ))
        .into_boxed::<MultiBackend>();
    let took_part = visit_participant::table
        .filter(visit_participant::visit_id.eq(change_entry::object_id))
        .filter(visit_participant::user_id.eq(user));
    query = query.filter(change_entry::kind.ne(Kind::Visit.code()).or(exists(took_part)));
    if let Some(streets) = streets {
        let streets: Vec<AreaId> = streets.iter().copied().collect();
        let own = inspection::table.filter(inspection::submitted_by.eq(user)).select(inspection::id);
        query = query.filter(
            change_entry::street_id
                .is_null()
                .or(change_entry::kind.eq(Kind::Visit.code()))
                .or(change_entry::street_id.eq_any(streets))
                .or(change_entry::object_id.eq_any(own)),
        );
    }
    type Columns = (Option<i64>, String, Uid, Option<AreaId>, bool);
    let rows: Vec<Columns> = query.order(change_entry::position).limit(limit).load(conn)?;
    let row = |(position, kind, id, street_id, gone): Columns| Row {
        position: position.unwrap_or(0),
        kind,
        id: id.0,
        street_id,
        gone,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Every version of every area.
pub fn tree(conn: &mut AnyConn) -> Outcome<Tree> {
    type Columns = (AreaId, String, String, Option<AreaId>, String, NaiveDate, Option<NaiveDate>);
    let rows: Vec<Columns> = area::table
        .inner_join(area_version::table.on(area_version::area_id.eq(area::id)))
        .order((area::code, area_version::valid_from))
        .select((
            area::id,
            area::code,
            area::level,
            area_version::parent_id,
            area_version::name,
            area_version::valid_from,
            area_version::valid_to,
        ))
        .load(conn)?;
    let version = |(id, code, level, parent_id, name, valid_from, valid_to): Columns| AreaVersion {
        id,
        code,
        level,
        parent_id,
        name,
        valid_from,
        valid_to,
    };
    Ok(Tree(rows.into_iter().map(version).collect()))
}

/// The streets where facilities are or have been.
pub fn streets_ever(conn: &mut AnyConn, ids: &BTreeSet<FacilityId>) -> Outcome<Vec<AreaId>> {
    let of = facility_version::table.filter(facility_version::facility_id.eq_any(ids.iter().copied()));
    Ok(of.select(facility_version::street_id).distinct().load(conn)?)
}

/// The streets where facilities are.
pub fn streets_now(conn: &mut AnyConn, ids: &BTreeSet<FacilityId>) -> Outcome<Vec<AreaId>> {
    let of = facility_version::table
        .filter(facility_version::valid_to.is_null())
        .filter(facility_version::facility_id.eq_any(ids.iter().copied()));
    Ok(of.select(facility_version::street_id).distinct().load(conn)?)
}

/// The facilities within places, with their streets.
pub fn facilities_in(conn: &mut AnyConn, places: &Places) -> Outcome<Vec<(FacilityId, AreaId)>> {
    let query = facility_version::table
        .filter(facility_version::valid_to.is_null())
        .select((facility_version::facility_id, facility_version::street_id))
        .into_boxed::<MultiBackend>();
    Ok(within!(query, places, facility_version::street_id, facility_version::facility_id).load(conn)?)
}

/// Those facilities that were ever in another street or another state than now: their assignments may come and go.
pub fn shifted(conn: &mut AnyConn, ids: &[FacilityId]) -> Outcome<BTreeSet<FacilityId>> {
    type Fact = (FacilityId, AreaId, FacilityState);
    let facts: Vec<Fact> = facility_version::table
        .filter(facility_version::facility_id.eq_any(ids.to_vec()))
        .select((facility_version::facility_id, facility_version::street_id, facility_version::status))
        .distinct()
        .order(facility_version::facility_id)
        .load(conn)?;
    Ok(facts.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[0].0).collect())
}

/// The active campaigns that have one of these facilities as a target.
pub fn campaigns_with(
    conn: &mut AnyConn,
    ids: &BTreeSet<FacilityId>,
) -> Outcome<Vec<(CampaignId, FacilityId)>> {
    let targets = campaign_target::table
        .inner_join(campaign::table.on(campaign::id.eq(campaign_target::campaign_id)))
        .filter(campaign::state.eq("active"))
        .filter(campaign_target::facility_id.eq_any(ids.iter().copied()));
    Ok(targets.select((campaign_target::campaign_id, campaign_target::facility_id)).load(conn)?)
}

/// A campaign without its targets.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = campaign, check_for_backend(MultiBackend))]
pub struct CampaignRow {
    pub id: CampaignId,
    pub name: String,
    pub kind: CampaignKind,
    pub area_id: AreaId,
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    pub checklist_id: ChecklistId,
}

/// The active campaigns, and these whatever their state.
pub fn campaigns(conn: &mut AnyConn, also: &[CampaignId]) -> Outcome<Vec<CampaignRow>> {
    Ok(campaign::table
        .filter(campaign::state.eq("active").or(campaign::id.eq_any(also.to_vec())))
        .order(campaign::id)
        .select(CampaignRow::as_select())
        .load(conn)?)
}

/// The targets of campaigns among the facilities within places that have not ended.
pub fn assignments(
    conn: &mut AnyConn,
    places: &Places,
    campaigns: &[CampaignId],
) -> Outcome<Vec<(CampaignId, FacilityId, Option<NaiveDate>)>> {
    let query = campaign_target::table
        .inner_join(
            facility_version::table.on(facility_version::facility_id.eq(campaign_target::facility_id)),
        )
        .filter(facility_version::valid_to.is_null())
        .filter(facility_version::status.ne(FacilityState::Ended))
        .filter(campaign_target::campaign_id.eq_any(campaigns.to_vec()))
        .order((campaign_target::campaign_id, campaign_target::facility_id))
        .select((campaign_target::campaign_id, campaign_target::facility_id, campaign_target::planned_on))
        .into_boxed::<MultiBackend>();
    Ok(within!(query, places, facility_version::street_id, facility_version::facility_id).load(conn)?)
}

/// Where a finding lies.
#[derive(Debug, Clone)]
pub struct FindingPlace {
    pub id: FindingId,
    pub street_id: AreaId,
    pub facility_id: FacilityId,
    pub category: String,
}

type PlaceColumns = (FindingId, AreaId, FacilityId, String);

fn finding_place((id, street_id, facility_id, category): PlaceColumns) -> FindingPlace {
    FindingPlace { id, street_id, facility_id, category }
}

/// Where these findings lie.
pub fn places_of(conn: &mut AnyConn, ids: &[FindingId]) -> Outcome<Vec<FindingPlace>> {
    let rows: Vec<PlaceColumns> = finding::table
        .filter(finding::id.eq_any(ids.to_vec()))
        .select((finding::id, finding::street_id, finding::facility_id, finding::category))
        .load(conn)?;
    Ok(rows.into_iter().map(finding_place).collect())
}

/// The unsettled findings within places.
pub fn unsettled_in(conn: &mut AnyConn, places: &Places) -> Outcome<Vec<FindingPlace>> {
    let query = finding::table
        .filter(finding::state.ne_all(State::SETTLED))
        .select((finding::id, finding::street_id, finding::facility_id, finding::category))
        .into_boxed::<MultiBackend>();
    let rows: Vec<PlaceColumns> =
        within!(query, places, finding::street_id, finding::facility_id).load(conn)?;
    Ok(rows.into_iter().map(finding_place).collect())
}

/// The facility and the submitter of inspections.
pub fn inspections_of(
    conn: &mut AnyConn,
    ids: &[InspectionId],
) -> Outcome<Vec<(InspectionId, FacilityId, UserId)>> {
    let of = inspection::table.filter(inspection::id.eq_any(ids.to_vec()));
    Ok(of.select((inspection::id, inspection::facility_id, inspection::submitted_by)).load(conn)?)
}

/// The findings that may show these photos: of the inspection that opened them, of a claim, of a re-inspection.
pub fn findings_showing(conn: &mut AnyConn, photos: &[PhotoId]) -> Outcome<Vec<(PhotoId, FindingId)>> {
    let shown = |kind: SubjectKind| {
        evidence::table
            .filter(evidence::photo_id.eq_any(photos.to_vec()))
            .filter(evidence::subject_kind.eq(kind))
    };
    let mut found: Vec<(PhotoId, FindingId)> = shown(SubjectKind::Inspection)
        .inner_join(finding::table.on(finding::inspection_id.eq(evidence::subject_id.nullable())))
        .filter(evidence::item_id.eq(finding::item_id.nullable()))
        .select((evidence::photo_id, finding::id))
        .load(conn)?;
    found.extend(
        shown(SubjectKind::Rectification)
            .inner_join(rectification::table.on(rectification::id.eq(evidence::subject_id)))
            .select((evidence::photo_id, rectification::finding_id))
            .load::<(PhotoId, FindingId)>(conn)?,
    );
    found.extend(
        shown(SubjectKind::Reinspection)
            .inner_join(finding_check::table.on(finding_check::id.eq(evidence::subject_id)))
            .select((evidence::photo_id, finding_check::finding_id))
            .load::<(PhotoId, FindingId)>(conn)?,
    );
    Ok(found)
}

/// The years of the calendar from `first` on, with their status.
pub fn years(conn: &mut AnyConn, first: i32) -> Outcome<Vec<(i32, String)>> {
    let from = calendar_year::table.filter(calendar_year::year.ge(first)).order(calendar_year::year);
    Ok(from.select((calendar_year::year, calendar_year::status)).load(conn)?)
}

/// The special days from `first` on.
pub fn days(conn: &mut AnyConn, first: NaiveDate) -> Outcome<Vec<(NaiveDate, String, String)>> {
    let from = calendar_day::table.filter(calendar_day::date.ge(first)).order(calendar_day::date);
    Ok(from.select((calendar_day::date, calendar_day::kind, calendar_day::name)).load(conn)?)
}

/// The visits in which a person took part with an account and has not confirmed, with when the server had them: those that
/// it had at `from` or later. A visit comes with its first inspection, by which it is found.
pub fn unconfirmed(
    conn: &mut AnyConn,
    user: UserId,
    from: DateTime<Utc>,
) -> Outcome<Vec<(VisitId, DateTime<Utc>)>> {
    let from = Ts::from(from);
    let recent = inspection::table.filter(inspection::received_at.ge(from)).select(inspection::visit_id);
    let rows: Vec<(VisitId, Ts)> = visit::table
        .inner_join(visit_participant::table.on(visit_participant::visit_id.eq(visit::id)))
        .filter(visit::id.eq_any(recent))
        .filter(visit::received_at.ge(from))
        .filter(visit_participant::user_id.eq(user))
        .filter(visit_participant::part.ne(Part::Accompanying))
        .filter(visit_participant::confirmed_at.is_null())
        .order(visit::id)
        .select((visit::id, visit::received_at))
        .load(conn)?;
    Ok(rows.into_iter().map(|(id, at)| (id, at.0)).collect())
}

/// Those of these visits that somebody else than a person inspected in: only these can be theirs to confirm.
pub fn inspected_by_others(
    conn: &mut AnyConn,
    user: UserId,
    visits: &[VisitId],
) -> Outcome<BTreeSet<VisitId>> {
    let of = inspection::table.filter(inspection::visit_id.eq_any(visits.to_vec()));
    let others = of.filter(inspection::submitted_by.ne(user)).select(inspection::visit_id);
    Ok(others.distinct().load(conn)?.into_iter().collect())
}

/// Everybody who is or was an inspector, with the grants that say so, by id.
pub fn inspectors(conn: &mut AnyConn) -> Outcome<Vec<Person>> {
    let street = facility_version::table.on(facility_version::facility_id
        .nullable()
        .eq(user_grant::facility_id)
        .and(facility_version::valid_to.is_null()));
    type Account = (UserId, String, String, Option<String>, Option<Ts>);
    type Granted = (Option<AreaId>, Option<FacilityId>, Option<AreaId>, NaiveDate, Option<NaiveDate>);
    let rows: Vec<(Account, Granted)> = user_account::table
        .inner_join(user_grant::table.on(user_grant::user_id.eq(user_account::id)))
        .left_join(street)
        .filter(user_grant::role.eq(Role::Inspector))
        .order((user_account::id, user_grant::id))
        .select((
            (
                user_account::id,
                user_account::display_name,
                user_account::organisation,
                user_account::certificate,
                user_account::disabled_at,
            ),
            (
                user_grant::area_id,
                user_grant::facility_id,
                facility_version::street_id.nullable(),
                user_grant::valid_from,
                user_grant::valid_to,
            ),
        ))
        .load(conn)?;
    let mut people: BTreeMap<UserId, Person> = BTreeMap::new();
    for ((id, display_name, organisation, certificate, disabled_at), granted) in rows {
        let (area, facility, street, valid_from, valid_to) = granted;
        let person = people.entry(id).or_insert_with(|| Person {
            id,
            display_name,
            organisation,
            certified: certificate.is_some(),
            disabled: disabled_at.is_some(),
            grants: vec![],
        });
        person.grants.push(Grant { area, facility, street, valid_from, valid_to });
    }
    Ok(people.into_values().collect())
}
