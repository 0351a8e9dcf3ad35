//! What is known of a facility's control room: whether there is one, what it controls, and whether local law allows a
//! single person on duty, with the basis that says so. Until a profile is there, nothing is known and no rule asks.

use super::assess;
use super::rules::DutyRule;
use super::store::{self, ProfileRow};
use crate::access::Holder;
use crate::clock::business_date;
use crate::db::Tx;
use crate::directory;
use crate::fault::{Fault, Outcome};
use crate::ids::FacilityId;
use chrono::NaiveDate;
use serde_json::json;

/// A facility's profile, from a day on.
#[derive(Debug, Clone)]
pub struct NewProfile {
    /// From this day on; today unless given.
    pub since: Option<NaiveDate>,
    /// There is a control room.
    pub control_room: bool,
    /// It controls linked systems.
    pub linkage: bool,
    /// Local law allows a single person on duty.
    pub single_person: bool,
    /// The law that says so.
    pub single_basis: Option<String>,
    /// The facility is a 消防安全重点单位.
    pub key_unit: bool,
}

/// Sets the profile from a day on; the versions before stay.
///
/// # Errors
/// Missing; a wrong revision (0 before the first); `basis_required`, `inconsistent`, `in_future`, `before_last_version`.
pub fn put(
    tx: &mut Tx<'_>,
    holder: &Holder,
    id: FacilityId,
    revision: i32,
    new: &NewProfile,
    rule: DutyRule,
) -> Outcome<()> {
    let facility = directory::facility_in(tx.conn(), &holder.scope.places(), id)?;
    let last = store::profiles(tx.conn(), &[facility.id])?.pop();
    if last.as_ref().map_or(0, |p| p.seq) != revision {
        return Err(Fault::Precondition { given: true });
    }
    let today = business_date(tx.now());
    let since = new.since.unwrap_or(today);
    super::lines::not_after_today(since, today, "/since")?;
    if last.is_some_and(|last| since < last.since) {
        return Err(Fault::invalid("/since", "before_last_version", "起算日期不能早于上一版本"));
    }
    consistent(new)?;
    let row = ProfileRow {
        facility_id: id,
        seq: revision + 1,
        since,
        control_room: new.control_room,
        linkage: new.linkage,
        single_person: new.single_person,
        single_basis: new.single_basis.clone().filter(|_| new.single_person),
        key_unit: new.key_unit,
        entered_by: holder.id,
        entered_at: tx.ts(),
    };
    store::insert_profile(tx.conn(), &row)?;
    let told = json!({
        "version": row.seq, "since": since, "control_room": new.control_room, "single_person": new.single_person,
        "single_basis": row.single_basis, "key_unit": new.key_unit,
    });
    tx.audit("fire_profile", id, told);
    assess(tx, id, rule).map(drop)
}

fn consistent(new: &NewProfile) -> Outcome<()> {
    if !new.control_room && (new.linkage || new.single_person) {
        let told = "没有消防控制室时不能填写联动控制或单人值班";
        return Err(Fault::invalid("/control_room", "inconsistent", told));
    }
    if new.single_person && new.single_basis.as_deref().is_none_or(|b| b.trim().is_empty()) {
        return Err(Fault::invalid("/single_person_basis", "basis_required", "单人值班须写明地方性法规依据"));
    }
    Ok(())
}
