//! What the register says on a day: PURE.
//!
//! **Duty.** A control room is manned 24 hours, by 2 persons a shift, in shifts of at most 8 hours (GB 25201-2010, 5.2):
//! 24 ÷ 8 × 2 = 6 persons for one day, with no day of rest. A week is 24 × 7 × 2 = 336 person-hours; at 40 hours a person
//! that takes 8.4, so 9 persons. Fewer than 6 is red, fewer than 9 amber; both are settings. Where local law allows a
//! single person on duty both are halved, rounded up (3 and 5). *Persons* are counted, not certificates: whoever holds
//! 初级 and 中级 is one. Where the room controls linked systems 初级 does not qualify
//! (《消防设施操作员国家职业技能标准》: 初级限无联动区域系统).

use super::{DutyLevel, Level, Standing, Status};
use crate::ids::{LineId, UserId};
use chrono::{DateTime, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Fewer persons than `red` are too few, fewer than `amber` are few; with two on duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DutyRule {
    /// Persons for the shifts of one day.
    pub red: u32,
    /// Persons for a week of 40 hours each.
    pub amber: u32,
}

impl Default for DutyRule {
    fn default() -> Self {
        Self { red: 6, amber: 9 }
    }
}

impl DutyRule {
    /// The persons that a room needs, by law on one or on two at a time.
    pub fn needed(self, single_person: bool) -> Self {
        if single_person { Self { red: self.red.div_ceil(2), amber: self.amber.div_ceil(2) } } else { self }
    }

    fn level(self, persons: u32) -> DutyLevel {
        if persons < self.red {
            DutyLevel::Red
        } else if persons < self.amber {
            DutyLevel::Amber
        } else {
            DutyLevel::Green
        }
    }
}

/// The day that is asked about, and how much was known when: what was entered later does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The day.
    pub on: NaiveDate,
    /// What was entered until then is known.
    pub known: DateTime<Utc>,
}

/// What all lines share.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The line.
    pub id: LineId,
    /// The account of the bureau that keeps it; before a claim is confirmed, the operator's.
    pub keeper: UserId,
    /// Since when it counts.
    pub counted_at: Option<DateTime<Utc>>,
    /// Since when it is known to be a mistake.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

impl Entry {
    /// Whether the line counted, as far as was known.
    pub fn counts(&self, at: Moment) -> bool {
        let by_then = |t: Option<DateTime<Utc>>| t.is_some_and(|t| t <= at.known);
        by_then(self.counted_at) && !by_then(self.withdrawn_at)
    }
}

/// A version of a certificate's line.
#[derive(Debug, Clone)]
pub struct CertificateFacts {
    /// From this day on.
    pub since: NaiveDate,
    /// When it was entered.
    pub entered_at: DateTime<Utc>,
    /// Registered, held or ended.
    pub status: Status,
    /// Whose.
    pub person: String,
    /// Its level.
    pub level: Level,
    /// What its number is compared by.
    pub number_hash: Option<String>,
    /// Its number as it may be read.
    pub number_masked: Option<String>,
    /// Its last day; none where it does not expire.
    pub expires_on: Option<NaiveDate>,
}

/// What a version says of a day.
pub fn standing(status: Status, expires_on: Option<NaiveDate>, on: NaiveDate) -> Standing {
    match status {
        Status::Registered => Standing::Registered,
        Status::Ended => Standing::Ended,
        Status::Held if expires_on.is_some_and(|last| last < on) => Standing::Expired,
        Status::Held => Standing::Held,
    }
}

/// A certificate's line with its versions, the first first.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The line.
    pub entry: Entry,
    /// Its versions.
    pub versions: Vec<CertificateFacts>,
}

impl Certificate {
    /// The version in force, and what it says of the day; none before the line begins.
    pub fn on(&self, at: Moment) -> Option<(&CertificateFacts, Standing)> {
        let begun = |v: &&CertificateFacts| v.since <= at.on && v.entered_at <= at.known;
        let version = self.versions.iter().rev().find(begun)?;
        Some((version, standing(version.status, version.expires_on, at.on)))
    }
}

/// What is known of a control room.
#[derive(Debug, Clone)]
pub struct Profile {
    /// From this day on.
    pub since: NaiveDate,
    /// When it was entered.
    pub entered_at: DateTime<Utc>,
    /// Who entered it.
    pub keeper: UserId,
    /// There is one.
    pub control_room: bool,
    /// It controls linked systems.
    pub linkage: bool,
    /// Local law allows a single person on duty.
    pub single_person: bool,
    /// The facility is a 消防安全重点单位.
    pub key_unit: bool,
}

/// A drill.
#[derive(Debug, Clone)]
pub struct Drill {
    /// The line.
    pub entry: Entry,
    /// The day.
    pub held_on: NaiveDate,
}

/// A person's training.
#[derive(Debug, Clone)]
pub struct Training {
    /// The line.
    pub entry: Entry,
    /// Who.
    pub person: String,
    /// Its last day.
    pub to_on: NaiveDate,
}

/// Equipment.
#[derive(Debug, Clone)]
pub struct Equipment {
    /// The line.
    pub entry: Entry,
    /// What it is and where, in Chinese.
    pub named: String,
    /// In place from this day on.
    pub placed_on: NaiveDate,
    /// Its last day.
    pub expires_on: NaiveDate,
    /// No longer in place from this day on, and when that was entered.
    pub removed: Option<(NaiveDate, DateTime<Utc>)>,
}

impl Equipment {
    /// In place on the day.
    pub fn in_place(&self, at: Moment) -> bool {
        let gone = self.removed.is_some_and(|(on, known)| on <= at.on && known <= at.known);
        self.entry.counts(at) && self.placed_on <= at.on && !gone
    }

    /// In place although its last day has passed.
    pub fn expired(&self, at: Moment) -> bool {
        self.in_place(at) && self.expires_on < at.on
    }
}

/// Everything that the register holds of a facility.
#[derive(Debug, Clone, Default)]
pub struct Register {
    /// Its control room, the first version first.
    pub profiles: Vec<Profile>,
    /// Certificates.
    pub certificates: Vec<Certificate>,
    /// Drills.
    pub drills: Vec<Drill>,
    /// Trainings.
    pub trainings: Vec<Training>,
    /// Equipment.
    pub equipment: Vec<Equipment>,
}

/// A certificate on a day, for counting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// What tells it from others: its number, or its line where it has none yet.
    pub key: String,
    /// Its level.
    pub level: Level,
    /// Where it stands.
    pub standing: Standing,
}

/// The people that a control room needs and has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// Persons with a certificate in force that qualifies.
    pub persons: u32,
    /// Fewer are red, or amber.
    pub needed: DutyRule,
    /// What that makes.
    pub level: DutyLevel,
}

impl Register {
    /// The control room on the day.
    pub fn profile(&self, at: Moment) -> Option<&Profile> {
        self.profiles.iter().rev().find(|p| p.since <= at.on && p.entered_at <= at.known)
    }

    /// The certificates that count on the day, the ended ones left out.
    pub fn held(&self, at: Moment) -> impl Iterator<Item = (&Certificate, &CertificateFacts, Standing)> {
        let counted = self.certificates.iter().filter(move |c| c.entry.counts(at));
        let on = counted.filter_map(move |c| c.on(at).map(|(facts, standing)| (c, facts, standing)));
        on.filter(|(_, _, standing)| *standing != Standing::Ended)
    }

    /// The same for counting.
    pub fn holdings(&self, at: Moment) -> Vec<Holding> {
        let holding = |(line, facts, standing): (&Certificate, &CertificateFacts, Standing)| Holding {
            key: facts.number_hash.clone().unwrap_or_else(|| line.entry.id.to_string()),
            level: facts.level,
            standing,
        };
        self.held(at).map(holding).collect()
    }

    /// Duty in the control room; none where there is no room, or nothing is known of one.
    pub fn duty(&self, at: Moment, rule: DutyRule) -> Option<Duty> {
        let profile = self.profile(at).filter(|p| p.control_room)?;
        let qualifies = |level: Level| !profile.linkage || level >= Level::Intermediate;
        let persons: BTreeSet<&str> = self
            .held(at)
            .filter(|(_, facts, standing)| *standing == Standing::Held && qualifies(facts.level))
            .map(|(_, facts, _)| facts.person.as_str())
            .collect();
        let persons = u32::try_from(persons.len()).unwrap_or(u32::MAX);
        let needed = rule.needed(profile.single_person);
        Some(Duty { persons, needed, level: needed.level(persons) })
    }

    /// The last drill until the day, and the day until which the next is due: half a year after it for a 重点单位, a year
    /// for others (61号令第四十条); where none is recorded, as long after the register's beginning. None where neither
    /// drill nor profile is known.
    pub fn drills_due(&self, at: Moment) -> (Option<NaiveDate>, Option<NaiveDate>) {
        let held = |d: &&Drill| d.entry.counts(at) && d.held_on <= at.on;
        let last = self.drills.iter().filter(held).map(|d| d.held_on).max();
        let profile = self.profile(at);
        let begun = self.profiles.iter().filter(|p| p.entered_at <= at.known).map(|p| p.since).min();
        let months = if profile.is_some_and(|p| p.key_unit) { 6 } else { 12 };
        let from = last.or(begun.filter(|_| profile.is_some()));
        (last, from.and_then(|day| day.checked_add_months(Months::new(months))))
    }

    /// Persons trained within the year that ends on the day.
    pub fn trained(&self, at: Moment) -> usize {
        let since = at.on.checked_sub_months(Months::new(12)).unwrap_or(NaiveDate::MIN);
        let lately = |t: &&Training| t.entry.counts(at) && t.to_on > since && t.to_on <= at.on;
        self.trainings.iter().filter(lately).map(|t| t.person.as_str()).collect::<BTreeSet<_>>().len()
    }

    /// What the rule finds wrong with the duty: a red level, with the certificates that have expired.
    pub fn shortage(&self, at: Moment, rule: DutyRule) -> Option<Deficiency> {
        let duty = self.duty(at, rule).filter(|duty| duty.level == DutyLevel::Red)?;
        let expired = self.held(at).filter(|(_, _, standing)| *standing == Standing::Expired);
        Some(Deficiency {
            lacking: duty.needed.red - duty.persons,
            expired: expired.map(|(line, _, _)| line.entry.id.to_string()).collect(),
        })
    }

    /// What the rule finds wrong with the equipment: what has expired and is still in place.
    pub fn expired_equipment(&self, at: Moment) -> Option<Deficiency> {
        let expired = self.equipment.iter().filter(|e| e.expired(at));
        let expired: BTreeSet<String> = expired.map(|e| e.entry.id.to_string()).collect();
        (!expired.is_empty()).then_some(Deficiency { lacking: 0, expired })
    }
}

/// What is wrong, as far as it matters whether it is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deficiency {
    /// Persons too few.
    pub lacking: u32,
    /// Lines that have expired.
    pub expired: BTreeSet<String>,
}

impl Deficiency {
    /// Whether this is worse than what was known: more are lacking, or something else has expired. What grows better is
    /// no observation.
    pub fn worse_than(&self, known: &Self) -> bool {
        self.lacking > known.lacking || !self.expired.is_subset(&known.expired)
    }
}

/// Certificates of a level, each counted once, however many facilities name it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// In force.
    pub held: i64,
    /// Registered for the examination: never added to `held`.
    pub registered: i64,
    /// Past their last day.
    pub expired: i64,
}

/// Counts certificates by level. A certificate that two facilities name stands where it stands best.
pub fn count(holdings: &[Holding]) -> BTreeMap<Level, Count> {
    let rank = |standing: Standing| match standing {
        Standing::Held => 0,
        Standing::Expired => 1,
        Standing::Registered => 2,
        Standing::Ended => 3,
    };
    let mut best: BTreeMap<&str, &Holding> = BTreeMap::new();
    for holding in holdings {
        let known = best.entry(&holding.key).or_insert(holding);
        if rank(holding.standing) < rank(known.standing) {
            *known = holding;
        }
    }
    let mut counts: BTreeMap<Level, Count> = BTreeMap::new();
    for holding in best.values() {
        let of_level = counts.entry(holding.level).or_default();
        match holding.standing {
            Standing::Held => of_level.held += 1,
            Standing::Registered => of_level.registered += 1,
            Standing::Expired => of_level.expired += 1,
            Standing::Ended => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests;
