//! Drills, trainings and equipment.

use crate::access::permissions::may;
use crate::db::page::{Page, PageAsk};
use crate::fire::records::{
    self, DrillView, EquipmentView, NewDrill, NewEquipment, NewTraining, RecordFilter, TrainingView,
};
use crate::fire::{EquipmentKind, LineFilter, LineState};
use crate::http::answer::{Found, Made, Tagged};
use crate::http::caller::Allowed;
use crate::http::extract::{ApiJson, ApiPath, ApiQuery};
use crate::http::problem::Answer;
use crate::ids::{AreaId, FacilityId, LineId};
use chrono::NaiveDate;
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

impl Tagged for DrillView {}
impl Tagged for TrainingView {}
impl Tagged for EquipmentView {}

/// Which drills.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DrillQuery {
    /// Only of this facility.
    #[garde(skip)]
    facility_id: Option<FacilityId>,
    /// Only in this street.
    #[garde(skip)]
    street_id: Option<AreaId>,
    /// Only those that count, or do not.
    #[garde(skip)]
    #[param(inline)]
    state: Option<LineState>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list_drills(
    caller: Allowed<may::ReadFireRegister>,
    ApiQuery(query): ApiQuery<DrillQuery>,
) -> Answer<Found<Page<DrillView>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let lines = LineFilter { id: None, facility_id: query.facility_id, street_id: query.street_id };
    let filter = RecordFilter { lines, state: query.state, ..RecordFilter::default() };
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| records::drills(conn, &places, &filter, &ask)).await?))
}

/// A drill.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateDrill {
    /// The facility.
    #[garde(skip)]
    facility_id: FacilityId,
    /// The day.
    #[garde(skip)]
    held_on: NaiveDate,
    /// What was practised, e.g. 夜间疏散失能老年人.
    #[garde(length(chars, min = 1, max = 200))]
    scenario: String,
    /// How many took part.
    #[garde(range(min = 1, max = 100_000))]
    participants: i32,
    /// What came of it.
    #[garde(length(chars, max = 500))]
    note: Option<String>,
}

pub async fn create_drill(
    caller: Allowed<may::EnterFireLines>,
    ApiJson(body): ApiJson<CreateDrill>,
) -> Answer<Made<DrillView>> {
    let new = NewDrill {
        facility_id: body.facility_id,
        held_on: body.held_on,
        scenario: body.scenario,
        participants: body.participants,
        note: body.note,
    };
    let (holder, rule) = (caller.holder(), caller.app().config.fire_duty);
    let made = caller.write(move |tx| {
        let id = records::enter_drill(tx, &holder, &new, rule)?;
        records::drill(tx.conn(), id)
    });
    Ok(Made::New(made.await?))
}

/// Which trainings.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct TrainingQuery {
    /// Only of this facility.
    #[garde(skip)]
    facility_id: Option<FacilityId>,
    /// Only in this street.
    #[garde(skip)]
    street_id: Option<AreaId>,
    /// Only of this person.
    #[garde(length(chars, min = 1, max = 50))]
    person: Option<String>,
    /// Only those that count, or do not.
    #[garde(skip)]
    #[param(inline)]
    state: Option<LineState>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list_trainings(
    caller: Allowed<may::ReadFireRegister>,
    ApiQuery(query): ApiQuery<TrainingQuery>,
) -> Answer<Found<Page<TrainingView>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let lines = LineFilter { id: None, facility_id: query.facility_id, street_id: query.street_id };
    let filter = RecordFilter { lines, state: query.state, person: query.person, expiring_in: None };
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| records::trainings(conn, &places, &filter, &ask)).await?))
}

/// A person's training.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTraining {
    /// The facility.
    #[garde(skip)]
    facility_id: FacilityId,
    /// Name or pseudonym.
    #[garde(length(chars, min = 1, max = 50))]
    person: String,
    /// What was taught.
    #[garde(length(chars, min = 1, max = 200))]
    course: String,
    /// Who held it.
    #[garde(length(chars, min = 1, max = 100))]
    organiser: String,
    /// First day.
    #[garde(skip)]
    from_on: NaiveDate,
    /// Last day.
    #[garde(skip)]
    to_on: NaiveDate,
    /// Hours.
    #[garde(range(min = 1, max = 1000))]
    hours: i32,
    /// Whether the person passed; left out where nothing was examined.
    #[garde(skip)]
    passed: Option<bool>,
}

pub async fn create_training(
    caller: Allowed<may::EnterFireLines>,
    ApiJson(body): ApiJson<CreateTraining>,
) -> Answer<Made<TrainingView>> {
    let new = NewTraining {
        facility_id: body.facility_id,
        person: body.person,
        course: body.course,
        organiser: body.organiser,
        from_on: body.from_on,
        to_on: body.to_on,
        hours: body.hours,
        passed: body.passed,
    };
    let (holder, rule) = (caller.holder(), caller.app().config.fire_duty);
    let made = caller.write(move |tx| {
        let id = records::enter_training(tx, &holder, &new, rule)?;
        records::training(tx.conn(), id)
    });
    Ok(Made::New(made.await?))
}

/// Which equipment.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct EquipmentQuery {
    /// Only of this facility.
    #[garde(skip)]
    facility_id: Option<FacilityId>,
    /// Only in this street.
    #[garde(skip)]
    street_id: Option<AreaId>,
    /// Only what counts, is in place, and expires within so many days or has expired: 0–3650.
    #[garde(range(max = 3650))]
    expiring_in: Option<u64>,
    /// Only those that count, or do not.
    #[garde(skip)]
    #[param(inline)]
    state: Option<LineState>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list_equipment(
    caller: Allowed<may::ReadFireRegister>,
    ApiQuery(query): ApiQuery<EquipmentQuery>,
) -> Answer<Found<Page<EquipmentView>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let lines = LineFilter { id: None, facility_id: query.facility_id, street_id: query.street_id };
    let filter = RecordFilter { lines, state: query.state, person: None, expiring_in: query.expiring_in };
    let (places, now) = (caller.scope.places(), caller.now);
    Ok(Found(caller.read(move |conn| records::equipment(conn, &places, &filter, &ask, now)).await?))
}

/// Equipment.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateEquipment {
    /// The facility.
    #[garde(skip)]
    facility_id: FacilityId,
    /// What it is.
    #[garde(skip)]
    kind: EquipmentKind,
    /// Model, or a name of its own.
    #[serde(default)]
    #[garde(length(chars, max = 50))]
    model: String,
    /// Where it stands.
    #[garde(length(chars, min = 1, max = 100))]
    location: String,
    /// How many.
    #[garde(range(min = 1, max = 100_000))]
    quantity: i32,
    /// In place from this day on.
    #[garde(skip)]
    placed_on: NaiveDate,
    /// Last day.
    #[garde(skip)]
    expires_on: NaiveDate,
}

pub async fn create_equipment(
    caller: Allowed<may::EnterFireLines>,
    ApiJson(body): ApiJson<CreateEquipment>,
) -> Answer<Made<EquipmentView>> {
    let new = NewEquipment {
        facility_id: body.facility_id,
        kind: body.kind,
        model: body.model,
        location: body.location,
        quantity: body.quantity,
        placed_on: body.placed_on,
        expires_on: body.expires_on,
    };
    let (holder, rule, now) = (caller.holder(), caller.app().config.fire_duty, caller.now);
    let made = caller.write(move |tx| {
        let id = records::enter_equipment(tx, &holder, &new, rule)?;
        records::one_equipment(tx.conn(), id, now)
    });
    Ok(Made::New(made.await?))
}

/// When equipment was taken away, and why.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveEquipment {
    /// From this day on it is no longer in place.
    #[garde(skip)]
    on: NaiveDate,
    /// Why, e.g. 到期更换.
    #[garde(length(chars, min = 1, max = 500))]
    reason: String,
}

pub async fn remove_equipment(
    caller: Allowed<may::KeepFireRegister>,
    ApiPath(id): ApiPath<LineId>,
    ApiJson(body): ApiJson<RemoveEquipment>,
) -> Answer<Found<EquipmentView>> {
    let (holder, rule, now) = (caller.holder(), caller.app().config.fire_duty, caller.now);
    let removed = caller.write(move |tx| {
        records::remove_equipment(tx, &holder, id, body.on, &body.reason, rule)?;
        records::one_equipment(tx.conn(), id, now)
    });
    Ok(Found(removed.await?))
}
