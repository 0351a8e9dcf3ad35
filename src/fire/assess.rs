//! From the register to findings, by rule. A control room with too few qualified persons opens the item on certified staff
//! (XF-02), equipment past its last day the one on extinguishers (YK-14). What was found wrong is kept beside the
//! finding: as long as it grows no worse nothing happens, however often this runs; when it does, the finding that is
//! unsettled is observed again, or a new one is opened. Once nothing is wrong the next fault is a new one.
//!
//! Runs in the transaction of every change of the register, and daily, because certificates expire by the day alone.

use super::load;
use super::rules::{Deficiency, DutyRule, Moment, Register};
use super::store::{self, AssessmentRow};
use crate::checklists::{self, Item};
use crate::db::Tx;
use crate::directory::{self, FacilityNow, FacilityState};
use crate::fault::{Fault, Outcome};
use crate::findings::rules::State;
use crate::findings::{OpenFinding, open_for};
use crate::ids::{FacilityId, FindingId, UserId};

/// 消防控制室值班操作人员持证.
const CERTIFIED_STAFF: &str = "XF-02";
/// 灭火器数量、压力、有效期.
const EQUIPMENT_IN_DATE: &str = "YK-14";

/// Lets the rules look at a facility; tells whether anything changed. One that is not in operation, and an item that
/// today's checklist does not ask of its kind, are left alone.
///
/// # Errors
/// The database's.
pub fn assess(tx: &mut Tx<'_>, id: FacilityId, rule: DutyRule) -> Outcome<bool> {
    let facility = directory::facility_by_id(tx.conn(), id)?;
    if facility.status != FacilityState::Active {
        return Ok(false);
    }
    let register = load::register(tx.conn(), id)?;
    let at = load::today(tx.now());
    let (short, expired) = (register.shortage(at, rule), register.expired_equipment(at));
    let staff = settle(tx, &facility, CERTIFIED_STAFF, short, || told_of_duty(&register, at, rule))?;
    let equipment = settle(tx, &facility, EQUIPMENT_IN_DATE, expired, || told_of_equipment(&register, at))?;
    Ok(staff || equipment)
}

/// Who keeps the line at fault, and what the finding says.
type Told = Option<(UserId, String)>;

fn settle(
    tx: &mut Tx<'_>,
    facility: &FacilityNow,
    code: &str,
    found: Option<Deficiency>,
    tell: impl FnOnce() -> Told,
) -> Outcome<bool> {
    let known = store::assessment(tx.conn(), facility.id, code)?;
    let Some(found) = found else {
        if known.is_some() {
            store::clear_assessment(tx.conn(), facility.id, code)?;
            tx.audit("fire_assessment", facility.id, serde_json::json!({ "item": code, "wrong": null }));
        }
        return Ok(known.is_some());
    };
    // A finding that was struck off while the register still shows the fault is a relapse; a mistake 误报 stays one.
    let known = match known {
        Some(k) if is_closed(tx, k.finding_id)? => None,
        known => known,
    };
    let before: Option<Deficiency> =
        known.as_ref().map(|k| serde_json::from_str(&k.facts)).transpose().map_err(Fault::internal)?;
    if before.as_ref() == Some(&found) {
        return Ok(false);
    }
    let (Some(item), Some((found_by, description))) = (item(tx, facility, code)?, tell()) else {
        return Ok(false);
    };
    let finding_id = match (&before, &known) {
        (Some(before), Some(known)) if !found.worse_than(before) => known.finding_id,
        _ => open(tx, facility, &item, found_by, &description)?,
    };
    let facts = serde_json::to_string(&found).map_err(Fault::internal)?;
    let row = AssessmentRow {
        facility_id: facility.id,
        item_code: code.into(),
        facts,
        finding_id,
        assessed_at: tx.ts(),
    };
    store::put_assessment(tx.conn(), &row)?;
    let told = serde_json::json!({ "item": code, "wrong": found, "finding": finding_id });
    tx.audit("fire_assessment", facility.id, told);
    Ok(true)
}

fn is_closed(tx: &mut Tx<'_>, id: FindingId) -> Outcome<bool> {
    let finding = crate::findings::store::find(tx.conn(), id)?;
    Ok(finding.is_some_and(|f| f.state == State::Closed))
}

/// Opens the finding, or observes the one that is unsettled.
fn open(
    tx: &mut Tx<'_>,
    facility: &FacilityNow,
    item: &Item,
    found_by: UserId,
    description: &str,
) -> Outcome<FindingId> {
    let new = OpenFinding {
        facility,
        item,
        campaign_id: None,
        inspection_id: None,
        description,
        found_by,
        third_party: false,
        service: None,
        on_site: None,
    };
    Ok(open_for(tx, &new)?.id)
}

/// The item of the newest checklist, if that asks it of such a facility.
fn item(tx: &mut Tx<'_>, facility: &FacilityNow, code: &str) -> Outcome<Option<Item>> {
    let newest = checklists::latest(tx.conn())?;
    let items = checklists::items_for(tx.conn(), newest, facility.kind)?;
    Ok(items.into_iter().find(|item| item.code == code))
}

fn told_of_duty(register: &Register, at: Moment, rule: DutyRule) -> Told {
    let (profile, duty) = (register.profile(at)?, register.duty(at, rule)?);
    let expired: Vec<_> = register
        .held(at)
        .filter(|(_, _, standing)| *standing == super::Standing::Expired)
        .filter_map(|(line, facts, _)| Some((facts.expires_on?, line.entry.keeper, &facts.number_masked)))
        .collect();
    let keeper = expired.iter().max_by_key(|(on, _, _)| *on).map_or(profile.keeper, |(_, keeper, _)| *keeper);
    let at_once = if profile.single_person { 1 } else { 2 };
    let mut told = format!(
        "消防台账显示：消防控制室有效持证的合格值班人员{}人，少于{}人（24小时值班、每班{at_once}人、每班不超过8小时，GB 25201-2010 5.2）",
        duty.persons, duty.needed.red
    );
    if !expired.is_empty() {
        let numbers: Vec<&str> = expired.iter().filter_map(|(_, _, number)| number.as_deref()).collect();
        told.push_str(&format!("；另有{}本证书已过期（{}）", expired.len(), numbers.join("、")));
    }
    Some((keeper, told))
}

fn told_of_equipment(register: &Register, at: Moment) -> Told {
    let expired: Vec<_> = register.equipment.iter().filter(|e| e.expired(at)).collect();
    let keeper = expired.iter().max_by_key(|e| e.expires_on)?.entry.keeper;
    let named: Vec<String> =
        expired.iter().map(|e| format!("{}，有效期至{}", e.named, e.expires_on)).collect();
    Some((keeper, format!("消防台账显示：在用消防器材{}项已过有效期：{}", expired.len(), named.join("；"))))
}
