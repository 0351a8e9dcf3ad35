//! One facility's register at a glance.

use super::load::{self, Asked};
use super::rules::{DutyRule, Moment, Register};
use super::store;
use super::summary::{LevelCount, level_counts};
use super::{DutyLevel, LineState, lines};
use crate::access::Places;
use crate::db::AnyConn;
use crate::directory::{self, FacilityKind, FacilityState};
use crate::fault::Outcome;
use crate::ids::{AreaId, FacilityId};
use chrono::{DateTime, Days, NaiveDate, Utc};

/// The people that a control room needs and has.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct DutyView {
    /// Persons with a certificate in force that qualifies.
    pub persons: u32,
    /// Fewer are too few: 24 hours in shifts of 8 hours, two on duty (or one, where the law allows it).
    pub red_below: u32,
    /// Fewer are few: a week of 168 hours, 40 hours a person.
    pub amber_below: u32,
    /// What that makes.
    pub level: DutyLevel,
}

/// When a facility drilled, and when it must again.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct DrillsDue {
    /// The last drill.
    pub last_on: Option<NaiveDate>,
    /// The next is due until this day: half a year after the last for a 重点单位, a year for others.
    pub due_on: Option<NaiveDate>,
    /// That day has passed.
    pub overdue: bool,
}

/// Equipment in place.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct EquipmentCount {
    /// Lines.
    pub in_place: i64,
    /// Of these, past their last day.
    pub expired: i64,
    /// Of these, expiring within 30 days.
    pub expiring: i64,
}

/// A facility's register on a day.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct FireOverview {
    /// The facility.
    pub facility_id: FacilityId,
    /// Its name today.
    pub facility_name: String,
    /// Its street today.
    pub street_id: AreaId,
    /// What it is.
    pub kind: FacilityKind,
    /// The day.
    pub as_of: NaiveDate,
    /// The day compared with.
    pub baseline: Option<NaiveDate>,
    /// Versions of the profile so far, for `If-Match`; 0 before the first.
    pub revision: i32,
    /// Whether there is a control room; none while nobody has said so.
    pub control_room: Option<bool>,
    /// It controls linked systems: 初级 does not qualify.
    pub linkage: bool,
    /// Local law allows a single person on duty.
    pub single_person: bool,
    /// The law that says so.
    pub single_person_basis: Option<String>,
    /// A 消防安全重点单位.
    pub key_unit: bool,
    /// Duty in the control room; none where there is no room, or nothing is known of one.
    pub duty: Option<DutyView>,
    /// Certificates by level.
    pub levels: Vec<LevelCount>,
    /// Drills.
    pub drills: DrillsDue,
    /// Persons trained within the year that ends on the day.
    pub trained_persons: i64,
    /// Equipment.
    pub equipment: EquipmentCount,
    /// An operator's lines that wait for a clerk, now.
    pub claims: i64,
}

/// A facility's register.
///
/// # Errors
/// Missing; `bad_dates`.
pub fn overview(
    conn: &mut AnyConn,
    places: &Places,
    id: FacilityId,
    asked: Asked,
    rule: DutyRule,
    now: DateTime<Utc>,
) -> Outcome<FireOverview> {
    let facility = directory::facility_in(conn, places, id)?;
    let (at, baseline) = load::moments(asked, now)?;
    let versions = store::facility_versions(conn, places, Some(id))?;
    let works =
        |m: &Moment| load::version_on(&versions, m.on).is_some_and(|v| v.status != FacilityState::Ended);
    let register = load::register(conn, id)?;
    let holdings = |m: Moment| if works(&m) { register.holdings(m) } else { vec![] };
    let profiles = store::profiles(conn, &[id])?;
    let row = profiles.iter().rev().find(|p| p.since <= at.on && p.entered_at.0 <= at.known);
    let claimed = store::lines_of(conn, &[id])?;
    Ok(FireOverview {
        facility_id: id,
        facility_name: facility.name,
        street_id: facility.street_id,
        kind: facility.kind,
        as_of: at.on,
        baseline: asked.baseline,
        revision: profiles.last().map_or(0, |p| p.seq),
        control_room: row.map(|p| p.control_room),
        linkage: row.is_some_and(|p| p.linkage),
        single_person: row.is_some_and(|p| p.single_person),
        single_person_basis: row.and_then(|p| p.single_basis.clone()),
        key_unit: row.is_some_and(|p| p.key_unit),
        duty: duty(&register, at, rule),
        levels: level_counts(&holdings(at), baseline.map(holdings).as_deref()),
        drills: drills(&register, at),
        trained_persons: register.trained(at) as i64,
        equipment: equipment(&register, at),
        claims: claimed.iter().filter(|l| lines::state_of(l) == LineState::Claimed).count() as i64,
    })
}

fn duty(register: &Register, at: Moment, rule: DutyRule) -> Option<DutyView> {
    let duty = register.duty(at, rule)?;
    Some(DutyView {
        persons: duty.persons,
        red_below: duty.needed.red,
        amber_below: duty.needed.amber,
        level: duty.level,
    })
}

fn drills(register: &Register, at: Moment) -> DrillsDue {
    let (last_on, due_on) = register.drills_due(at);
    DrillsDue { last_on, due_on, overdue: due_on.is_some_and(|due| due < at.on) }
}

/// Days ahead in which what expires is told apart.
const SOON: Days = Days::new(30);

fn equipment(register: &Register, at: Moment) -> EquipmentCount {
    let soon = at.on.checked_add_days(SOON).unwrap_or(NaiveDate::MAX);
    let count = |test: &dyn Fn(NaiveDate) -> bool| {
        register.equipment.iter().filter(|e| e.in_place(at) && test(e.expires_on)).count() as i64
    };
    EquipmentCount {
        in_place: count(&|_| true),
        expired: count(&|last| last < at.on),
        expiring: count(&|last| (at.on..=soon).contains(&last)),
    }
}
