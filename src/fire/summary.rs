//! The register of streets and of everything within reach, as of any day, against a baseline: 中级 +37 since 2024-05-31 is
//! who holds one on the day less who held one then, over the facilities that lie within reach today. Whoever is registered
//! for the examination stands apart and is never added. A certificate that several facilities name counts once in each
//! figure, so that streets may add up to more than the total.

use super::load::{self, Asked};
use super::rules::{self, DutyRule, Holding, Moment, Register};
use super::store::{self, FacilityVersion};
use super::{DutyLevel, Level, LineState, lines};
use crate::access::Places;
use crate::db::AnyConn;
use crate::db::types::Coded as _;
use crate::directory::{self, FacilityState};
use crate::fault::Outcome;
use crate::ids::{AreaId, FacilityId};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeMap, HashMap};

/// Certificates of a level, each counted once.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct LevelCount {
    /// The level.
    pub level: Level,
    /// In force on the day.
    pub held: i64,
    /// Registered for the examination: never part of `held` or `delta`.
    pub registered: i64,
    /// Past their last day.
    pub expired: i64,
    /// In force on the baseline's day.
    pub baseline_held: Option<i64>,
    /// `held` less `baseline_held`.
    pub delta: Option<i64>,
}

/// Counts by level, every level told: PURE.
pub fn level_counts(now: &[Holding], baseline: Option<&[Holding]>) -> Vec<LevelCount> {
    let (counts, before) = (rules::count(now), baseline.map(rules::count));
    let count = |level: &Level| {
        let of_level = counts.get(level).copied().unwrap_or_default();
        let baseline_held = before.as_ref().map(|b| b.get(level).copied().unwrap_or_default().held);
        LevelCount {
            level: *level,
            held: of_level.held,
            registered: of_level.registered,
            expired: of_level.expired,
            baseline_held,
            delta: baseline_held.map(|then| of_level.held - then),
        }
    };
    Level::ALL.iter().map(count).collect()
}

/// Figures of a street, or of everything within reach.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct FireFigures {
    /// Facilities of which the register knows whether they have a control room.
    pub facilities: i64,
    /// Of these, with one.
    pub control_rooms: i64,
    /// Of these, with too few persons.
    pub red: i64,
    /// With few.
    pub amber: i64,
    /// With enough.
    pub green: i64,
    /// Certificates by level.
    pub levels: Vec<LevelCount>,
    /// Facilities whose drill is overdue.
    pub drills_overdue: i64,
    /// Persons trained within the year that ends on the day, counted per facility.
    pub trained_persons: i64,
    /// Lines of equipment past their last day and still in place.
    pub equipment_expired: i64,
    /// Operators' lines that wait for a clerk, now.
    pub claims: i64,
}

/// A street's figures.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct StreetFigures {
    /// The street on the day.
    pub street_id: AreaId,
    /// Its name.
    pub street_name: String,
    /// The figures.
    pub figures: FireFigures,
}

/// The register's figures.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct FireSummary {
    /// The day.
    pub as_of: NaiveDate,
    /// The day compared with.
    pub baseline: Option<NaiveDate>,
    /// What was entered after this day is left out.
    pub known_on: Option<NaiveDate>,
    /// Everything within reach.
    pub total: FireFigures,
    /// By street, in the order of their codes.
    pub streets: Vec<StreetFigures>,
}

/// A facility of the summary.
struct Kept {
    street: AreaId,
    versions: Vec<FacilityVersion>,
    register: Register,
    claims: i64,
}

impl Kept {
    fn works(&self, on: NaiveDate) -> bool {
        load::version_on(&self.versions, on).is_some_and(|v| v.status != FacilityState::Ended)
    }

    fn holdings(&self, at: Moment) -> Vec<Holding> {
        if self.works(at.on) { self.register.holdings(at) } else { vec![] }
    }
}

/// The figures within places, of one street if `street` is given.
///
/// # Errors
/// `bad_dates`; the database's.
pub fn summary(
    conn: &mut AnyConn,
    places: &Places,
    street: Option<AreaId>,
    asked: Asked,
    rule: DutyRule,
    now: DateTime<Utc>,
) -> Outcome<FireSummary> {
    let (at, baseline) = load::moments(asked, now)?;
    let mut kept = kept(conn, places, at)?;
    kept.retain(|k| street.is_none_or(|s| s == k.street));
    let mut by_street: BTreeMap<AreaId, Vec<&Kept>> = BTreeMap::new();
    for one in &kept {
        by_street.entry(one.street).or_default().push(one);
    }
    let mut streets: Vec<(String, StreetFigures)> = vec![];
    for (id, of_street) in by_street {
        let area = directory::street(conn, id)?;
        let figures = figures(&of_street, at, baseline, rule);
        streets.push((area.code, StreetFigures { street_id: id, street_name: area.name, figures }));
    }
    streets.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(FireSummary {
        as_of: at.on,
        baseline: asked.baseline,
        known_on: asked.known_on,
        total: figures(&kept.iter().collect::<Vec<_>>(), at, baseline, rule),
        streets: streets.into_iter().map(|(_, figures)| figures).collect(),
    })
}

/// The facilities within places that the register knows, in the street of the day.
fn kept(conn: &mut AnyConn, places: &Places, at: Moment) -> Outcome<Vec<Kept>> {
    let mut versions: BTreeMap<FacilityId, Vec<FacilityVersion>> = BTreeMap::new();
    for version in store::facility_versions(conn, places, None)? {
        versions.entry(version.facility_id).or_default().push(version);
    }
    let ids: Vec<FacilityId> = versions.keys().copied().collect();
    let mut claims: HashMap<FacilityId, i64> = HashMap::new();
    for line in store::lines_of(conn, &ids)? {
        if lines::state_of(&line) == LineState::Claimed {
            *claims.entry(line.facility_id).or_default() += 1;
        }
    }
    let mut registers = load::registers(conn, &ids)?;
    let keep = |(id, versions): (FacilityId, Vec<FacilityVersion>)| {
        let register = registers.remove(&id)?;
        let street = load::version_on(&versions, at.on)?.street_id;
        Some(Kept { street, versions, register, claims: claims.get(&id).copied().unwrap_or(0) })
    };
    Ok(versions.into_iter().filter_map(keep).collect())
}

/// What a street's indicators need of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staffing {
    /// Persons that the control rooms need for the shifts of a day.
    pub required: i64,
    /// Persons that they have, in no room more than it needs: who is too many here does not stand in there.
    pub filled: i64,
    /// Certificates of 中级 in force.
    pub intermediate: i64,
    /// Facilities whose drill has been due by now, or was held.
    pub to_drill: i64,
    /// Of these, drilled in time.
    pub drilled: i64,
}

/// The staffing of a street's facilities at a moment; none where the register knows no facility there.
///
/// # Errors
/// The database's.
pub fn staffing(conn: &mut AnyConn, street: AreaId, at: Moment, rule: DutyRule) -> Outcome<Option<Staffing>> {
    let mut of = kept(conn, &Places::everywhere(), at)?;
    of.retain(|k| k.street == street && k.works(at.on));
    if of.is_empty() {
        return Ok(None);
    }
    let holdings: Vec<Holding> = of.iter().flat_map(|k| k.register.holdings(at)).collect();
    let levels = rules::count(&holdings);
    let rooms: Vec<(u32, u32)> = of
        .iter()
        .filter_map(|k| k.register.duty(at, rule))
        .map(|duty| (duty.needed.red, duty.persons.min(duty.needed.red)))
        .collect();
    let drills: Vec<bool> = of.iter().filter_map(|k| drilled(&k.register, at)).collect();
    Ok(Some(Staffing {
        required: rooms.iter().map(|(needed, _)| i64::from(*needed)).sum(),
        filled: rooms.iter().map(|(_, filled)| i64::from(*filled)).sum(),
        intermediate: levels.get(&Level::Intermediate).map_or(0, |count| count.held),
        to_drill: drills.len() as i64,
        drilled: drills.iter().filter(|in_time| **in_time).count() as i64,
    }))
}

/// Whether a facility has drilled in time; none while its first drill is not due.
fn drilled(register: &Register, at: Moment) -> Option<bool> {
    let (last, due) = register.drills_due(at);
    let in_time = due? >= at.on;
    (last.is_some() || !in_time).then_some(in_time)
}

fn figures(of: &[&Kept], at: Moment, baseline: Option<Moment>, rule: DutyRule) -> FireFigures {
    let holdings = |m: Moment| of.iter().flat_map(|k| k.holdings(m)).collect::<Vec<_>>();
    let working: Vec<&Kept> = of.iter().copied().filter(|k| k.works(at.on)).collect();
    let duty: Vec<DutyLevel> =
        working.iter().filter_map(|k| k.register.duty(at, rule)).map(|d| d.level).collect();
    let level = |wanted| duty.iter().filter(|l| **l == wanted).count() as i64;
    let overdue = |k: &&&Kept| k.register.drills_due(at).1.is_some_and(|due| due < at.on);
    let expired = |k: &&Kept| k.register.equipment.iter().filter(|e| e.expired(at)).count() as i64;
    FireFigures {
        facilities: working.iter().filter(|k| k.register.profile(at).is_some()).count() as i64,
        control_rooms: duty.len() as i64,
        red: level(DutyLevel::Red),
        amber: level(DutyLevel::Amber),
        green: level(DutyLevel::Green),
        levels: level_counts(&holdings(at), baseline.map(holdings).as_deref()),
        drills_overdue: working.iter().filter(overdue).count() as i64,
        trained_persons: working.iter().map(|k| k.register.trained(at) as i64).sum(),
        equipment_expired: working.iter().map(expired).sum(),
        claims: of.iter().map(|k| k.claims).sum(),
    }
}
