//! From rows to registers, and from a question to the moments that it asks about.

use super::rules::{
    Certificate, CertificateFacts, Drill, Entry, Equipment, Moment, Profile, Register, Training,
};
use super::store::{self, CertificateRow, EquipmentRow, FacilityVersion, LineRow, ProfileRow};
use super::{EnteredAs, LineKind};
use crate::clock::{business_date, midnight};
use crate::db::AnyConn;
use crate::fault::{Fault, Outcome};
use crate::ids::{FacilityId, LineId};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::HashMap;

/// Today, with everything that is known.
pub fn today(now: DateTime<Utc>) -> Moment {
    Moment { on: business_date(now), known: now }
}

/// The registers of facilities; one that has none is left out.
pub fn registers(conn: &mut AnyConn, ids: &[FacilityId]) -> Outcome<HashMap<FacilityId, Register>> {
    let mut registers: HashMap<FacilityId, Register> = HashMap::new();
    for row in store::profiles(conn, ids)? {
        registers.entry(row.facility_id).or_default().profiles.push(profile(&row));
    }
    let lines: HashMap<LineId, LineRow> =
        store::lines_of(conn, ids)?.into_iter().map(|l| (l.id, l)).collect();
    let mut of_kind: HashMap<LineKind, Vec<LineId>> = HashMap::new();
    for line in lines.values() {
        of_kind.entry(line.kind).or_default().push(line.id);
    }
    let mut kind = |kind| of_kind.remove(&kind).unwrap_or_default();
    for row in store::certificates(conn, &kind(LineKind::Certificate))? {
        let Some((register, entry)) = slot(&mut registers, &lines, row.line_id) else { continue };
        match register.certificates.last_mut().filter(|c| c.entry.id == entry.id) {
            Some(line) => line.versions.push(certificate(row)),
            None => register.certificates.push(Certificate { entry, versions: vec![certificate(row)] }),
        }
    }
    for row in store::drills(conn, &kind(LineKind::Drill))? {
        let Some((register, entry)) = slot(&mut registers, &lines, row.line_id) else { continue };
        register.drills.push(Drill { entry, held_on: row.held_on });
    }
    for row in store::trainings(conn, &kind(LineKind::Training))? {
        let Some((register, entry)) = slot(&mut registers, &lines, row.line_id) else { continue };
        register.trainings.push(Training { entry, person: row.person, to_on: row.to_on });
    }
    for row in store::equipment(conn, &kind(LineKind::Equipment))? {
        let Some((register, entry)) = slot(&mut registers, &lines, row.line_id) else { continue };
        register.equipment.push(equipment(entry, &row));
    }
    Ok(registers)
}

fn slot<'a>(
    registers: &'a mut HashMap<FacilityId, Register>,
    lines: &HashMap<LineId, LineRow>,
    id: LineId,
) -> Option<(&'a mut Register, Entry)> {
    let line = lines.get(&id)?;
    Some((registers.entry(line.facility_id).or_default(), entry(line)))
}

/// The register of a facility.
pub fn register(conn: &mut AnyConn, id: FacilityId) -> Outcome<Register> {
    Ok(registers(conn, &[id])?.remove(&id).unwrap_or_default())
}

/// What the rules ask of a line.
pub fn entry(row: &LineRow) -> Entry {
    let keeper = match row.entered_as {
        EnteredAs::Bureau => row.entered_by,
        EnteredAs::Operator => row.decided_by.unwrap_or(row.entered_by),
    };
    Entry {
        id: row.id,
        keeper,
        counted_at: row.counted_at.map(|t| t.0),
        withdrawn_at: row.withdrawn_at.map(|t| t.0),
    }
}

/// What the rules ask of a certificate's version.
pub fn certificate(row: CertificateRow) -> CertificateFacts {
    CertificateFacts {
        since: row.since,
        entered_at: row.entered_at.0,
        status: row.status,
        person: row.person,
        level: row.level,
        number_hash: row.number_hash,
        number_masked: row.number_masked,
        expires_on: row.expires_on,
    }
}

fn profile(row: &ProfileRow) -> Profile {
    Profile {
        since: row.since,
        entered_at: row.entered_at.0,
        keeper: row.entered_by,
        control_room: row.control_room,
        linkage: row.linkage,
        single_person: row.single_person,
        key_unit: row.key_unit,
    }
}

/// What the rules ask of equipment.
pub fn equipment(entry: Entry, row: &EquipmentRow) -> Equipment {
    Equipment {
        entry,
        named: format!("{}{}（{}）{}件", row.kind.label(), row.model, row.location, row.quantity),
        placed_on: row.placed_on,
        expires_on: row.expires_on,
        removed: row.removed_on.zip(row.removed_at.map(|t| t.0)),
    }
}

/// The end of a day in Asia/Shanghai, in microseconds.
fn end_of(day: NaiveDate) -> DateTime<Utc> {
    day.succ_opt().map_or(DateTime::<Utc>::MAX_UTC, |next| midnight(next) - TimeDelta::microseconds(1))
}

/// What is asked about: the state of a day, against a baseline, as it was known at the end of another.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked {
    /// The day; today unless given. One to come foretells what will have expired.
    pub as_of: Option<NaiveDate>,
    /// The day to compare with.
    pub baseline: Option<NaiveDate>,
    /// What was entered after this day is not known; everything unless given.
    pub known_on: Option<NaiveDate>,
}

/// The two moments of a question.
///
/// # Errors
/// `bad_dates` when the baseline is after the day.
pub fn moments(asked: Asked, now: DateTime<Utc>) -> Outcome<(Moment, Option<Moment>)> {
    let known = asked.known_on.map_or(now, end_of);
    let at = Moment { on: asked.as_of.unwrap_or_else(|| business_date(now)), known };
    if asked.baseline.is_some_and(|baseline| baseline > at.on) {
        return Err(Fault::invalid("/baseline", "bad_dates", "基准日不能晚于统计日"));
    }
    Ok((at, asked.baseline.map(|on| Moment { on, known })))
}

/// The version of a facility on a day: the last that had begun by its end, or the first, because a register reaches back
/// to before the roster.
pub fn version_on(versions: &[FacilityVersion], day: NaiveDate) -> Option<&FacilityVersion> {
    let end = end_of(day);
    versions.iter().rev().find(|v| v.valid_from.0 <= end).or(versions.first())
}
