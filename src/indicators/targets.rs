//! Targets of indicators 目标: what is to be reached, for a district or one street, from a quarter on. A target is never
//! changed; another one is set, with its reason, and holds from its quarter and from its entry on (`rules::in_force`).

use super::Comparison;
use super::catalogue::{self, Indicator};
use super::decimal::shown;
use super::rules::{Quarter, bounds};
use super::store::{self, TargetRow};
use crate::access::{Action, Holder, Places, Spot, delegations, streets_under};
use crate::clock::business_date;
use crate::db::{AnyConn, Change, Tx};
use crate::directory;
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, ObjectionId, TargetId, TypedId as _, UserId};
use chrono::NaiveDate;
use serde_json::json;

/// A target to be set.
#[derive(Debug, Clone)]
pub struct NewTarget {
    /// The district or street for which it holds.
    pub area_id: AreaId,
    /// The first quarter for which it holds.
    pub from: Quarter,
    /// How a value is compared with it.
    pub comparison: Comparison,
    /// In hundredths.
    pub value: i64,
    /// Why.
    pub reason: String,
}

/// Sets a target: whoever reaches all streets of its area.
///
/// # Errors
/// Missing indicator; an area out of reach; a value that the indicator cannot have.
pub fn set(tx: &mut Tx<'_>, by: &Holder, code: &str, new: &NewTarget) -> Outcome<TargetId> {
    let indicator = catalogue::find(code)?;
    let on = business_date(tx.now());
    let unknown = || Fault::invalid("/area_id", "unknown_area", "区划不存在或不在权限范围内");
    let street = within(tx.conn(), &by.scope.places(), new.area_id, on)?.ok_or_else(unknown)?;
    check_value(indicator, new.value, "/value")?;
    let set_for = delegations::act(tx, by, Action::KeepIndicators.roles(), Spot::street(street))?;
    put(tx, indicator, new, set_for, None)
}

/// A street of an area that targets are set for, where places hold all its streets.
fn within(conn: &mut AnyConn, places: &Places, area: AreaId, on: NaiveDate) -> Outcome<Option<AreaId>> {
    let streets = match directory::store::level_of(conn, area)?.as_deref() {
        Some("street" | "district") => streets_under(conn, area, on)?,
        _ => return Ok(None),
    };
    let all = streets.iter().all(|street| places.holds(*street, None));
    Ok(streets.first().copied().filter(|_| all))
}

/// Refuses a value that an indicator cannot have.
pub(super) fn check_value(indicator: &Indicator, value: i64, pointer: &str) -> Outcome<()> {
    let (least, most) = bounds(indicator.form);
    if (least..=most).contains(&value) {
        return Ok(());
    }
    let detail = format!("目标值应在 {} 到 {} 之间", shown(least), shown(most));
    Err(Fault::invalid(pointer, "out_of_range", detail))
}

/// Stores a target, in the caller's transaction.
pub(super) fn put(
    tx: &mut Tx<'_>,
    indicator: &Indicator,
    new: &NewTarget,
    set_for: Option<UserId>,
    objection_id: Option<ObjectionId>,
) -> Outcome<TargetId> {
    let row = TargetRow {
        id: tx.new_id(),
        indicator: indicator.code.clone(),
        area_id: new.area_id,
        seq: store::last_target(tx.conn(), &indicator.code, new.area_id)? + 1,
        from_on: new.from.first_day(),
        comparison: new.comparison,
        value: new.value,
        reason: new.reason.clone(),
        objection_id,
        set_by: tx.user()?,
        set_for,
        set_at: tx.ts(),
    };
    store::insert_target(tx.conn(), &row)?;
    let said = json!({
        "indicator": row.indicator, "area": row.area_id, "from": row.from_on, "comparison": row.comparison,
        "value": shown(row.value), "reason": row.reason, "objection": objection_id,
    });
    tx.audit("indicator_target", row.id, said);
    tx.changed("indicator_target", row.id.uuid(), Some(row.area_id.uuid()), Change::Put)?;
    Ok(row.id)
}
