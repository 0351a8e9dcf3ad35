//! Equipment with its last day. What is replaced is removed from a day on, and what takes its place is entered anew.

use super::{RecordFilter, ids, place, placed};
use crate::access::{Holder, Places};
use crate::clock::business_date;
use crate::db::page::{Page, PageAsk};
use crate::db::{AnyConn, Tx};
use crate::fault::{Fault, Outcome};
use crate::fire::lines::{self, EntryView, OfLine, Place, entry_view};
use crate::fire::rules::DutyRule;
use crate::fire::store::{self, EquipmentRow, LineRow, PlacedLine};
use crate::fire::{EquipmentKind, LineKind, LineState, load};
use crate::ids::{AreaId, FacilityId, LineId};
use chrono::{DateTime, Days, NaiveDate, Utc};
use std::collections::HashMap;

/// Equipment.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct EquipmentView {
    /// The line.
    pub id: LineId,
    /// The facility.
    pub facility_id: FacilityId,
    /// Its name today.
    pub facility_name: String,
    /// Its street today.
    pub street_id: AreaId,
    /// What it is.
    pub kind: EquipmentKind,
    /// Model, or a name of its own.
    pub model: String,
    /// Where it stands.
    pub location: String,
    /// How many.
    pub quantity: i32,
    /// In place from this day on.
    pub placed_on: NaiveDate,
    /// Last day.
    pub expires_on: NaiveDate,
    /// Days until then; negative when it has passed.
    pub days_left: i64,
    /// Past its last day, and still in place.
    pub expired: bool,
    /// No longer in place from this day on.
    pub removed_on: Option<NaiveDate>,
    /// Why.
    pub removed_reason: Option<String>,
    /// Who entered it, and what became of it.
    pub entry: EntryView,
}

impl OfLine for EquipmentView {
    fn line(&self) -> LineId {
        self.id
    }
}

/// New equipment.
#[derive(Debug, Clone)]
pub struct NewEquipment {
    /// The facility.
    pub facility_id: FacilityId,
    /// What it is.
    pub kind: EquipmentKind,
    /// Model, or a name of its own.
    pub model: String,
    /// Where it stands.
    pub location: String,
    /// How many.
    pub quantity: i32,
    /// In place from this day on.
    pub placed_on: NaiveDate,
    /// Last day.
    pub expires_on: NaiveDate,
}

/// Equipment, newest entry first.
///
/// # Errors
/// A bad page.
pub fn equipment(
    conn: &mut AnyConn,
    places: &Places,
    filter: &RecordFilter,
    ask: &PageAsk,
    now: DateTime<Utc>,
) -> Outcome<Page<EquipmentView>> {
    let present = |conn: &mut AnyConn, lines: Vec<PlacedLine>| {
        let rows = store::equipment(conn, &ids(&lines))?;
        let mut rows: HashMap<LineId, EquipmentRow> = rows.into_iter().map(|r| (r.line_id, r)).collect();
        let view = |line: &PlacedLine| Some(equipment_view(line, rows.remove(&line.line.id)?, now));
        Ok(lines.iter().filter_map(view).collect())
    };
    let last_day = filter
        .expiring_in
        .map(|days| business_date(now).checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX));
    let passes = |e: &EquipmentView| {
        let expires = |last: NaiveDate| {
            let here = e.entry.state == LineState::Counted && e.removed_on.is_none();
            here && e.expires_on <= last
        };
        filter.passes(&e.entry) && last_day.is_none_or(expires)
    };
    lines::sift(conn, places, LineKind::Equipment, &filter.lines, ask, &present, &passes)
}

fn equipment_view(line: &PlacedLine, row: EquipmentRow, now: DateTime<Utc>) -> EquipmentView {
    let Place { facility_id, facility_name, street_id } = place(line);
    let today = load::today(now);
    let expired = load::equipment(load::entry(&line.line), &row).expired(today);
    EquipmentView {
        id: line.line.id,
        facility_id,
        facility_name,
        street_id,
        kind: row.kind,
        model: row.model,
        location: row.location,
        quantity: row.quantity,
        placed_on: row.placed_on,
        expires_on: row.expires_on,
        days_left: (row.expires_on - today.on).num_days(),
        expired,
        removed_on: row.removed_on,
        removed_reason: row.removed_reason,
        entry: entry_view(&line.line),
    }
}

/// One piece of equipment.
///
/// # Errors
/// Missing.
pub fn one_equipment(conn: &mut AnyConn, id: LineId, now: DateTime<Utc>) -> Outcome<EquipmentView> {
    let (line, mut rows) = (placed(conn, LineKind::Equipment, id)?, store::equipment(conn, &[id])?);
    let row = rows.pop().ok_or_else(|| Fault::missing("消防器材"))?;
    Ok(equipment_view(&line, row, now))
}

/// Enters equipment.
///
/// # Errors
/// `unknown_facility`, `in_future`.
pub fn enter_equipment(
    tx: &mut Tx<'_>,
    holder: &Holder,
    new: &NewEquipment,
    rule: DutyRule,
) -> Outcome<LineId> {
    let line = put_equipment(tx, holder, new)?;
    lines::changed(tx, &line, "entered", rule)?;
    Ok(line.id)
}

/// Enters equipment without letting the rule look yet: an import does so at its end.
pub(in crate::fire) fn put_equipment(
    tx: &mut Tx<'_>,
    holder: &Holder,
    new: &NewEquipment,
) -> Outcome<LineRow> {
    let now = tx.now();
    check_equipment(tx.conn(), holder, new, now)?;
    let (line, _) = lines::begin(tx, holder, LineKind::Equipment, new.facility_id)?;
    let row = EquipmentRow {
        line_id: line.id,
        kind: new.kind,
        model: new.model.clone(),
        location: new.location.clone(),
        quantity: new.quantity,
        placed_on: new.placed_on,
        expires_on: new.expires_on,
        removed_on: None,
        removed_reason: None,
        removed_by: None,
        removed_at: None,
    };
    store::insert_equipment(tx.conn(), &row)?;
    Ok(line)
}

/// Judges new equipment without storing anything.
pub(in crate::fire) fn check_equipment(
    conn: &mut AnyConn,
    holder: &Holder,
    new: &NewEquipment,
    now: DateTime<Utc>,
) -> Outcome<()> {
    lines::named_facility(conn, &holder.scope.places(), new.facility_id)?;
    lines::not_after_today(new.placed_on, business_date(now), "/placed_on")
}

/// Records that equipment was taken away from a day on.
///
/// # Errors
/// Missing; `wrong_state` when it does not count or is gone; `in_future`, `bad_dates`.
pub fn remove_equipment(
    tx: &mut Tx<'_>,
    holder: &Holder,
    id: LineId,
    on: NaiveDate,
    reason: &str,
    rule: DutyRule,
) -> Outcome<()> {
    let line = lines::held(tx, &holder.scope.places(), id)?;
    let row = store::equipment(tx.conn(), &[id])?.pop().ok_or_else(|| Fault::missing("消防器材"))?;
    lines::must_count(&line)?;
    if row.removed_on.is_some() {
        return Err(Fault::refused("wrong_state", "该器材已登记撤换"));
    }
    lines::not_after_today(on, business_date(tx.now()), "/on")?;
    if on < row.placed_on {
        return Err(Fault::invalid("/on", "bad_dates", "撤换日期不能早于放置日期"));
    }
    let at = tx.ts();
    store::remove(tx.conn(), id, on, reason, holder.id, at)?;
    lines::changed(tx, &line, "removed", rule)
}
