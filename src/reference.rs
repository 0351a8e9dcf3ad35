//! The reference data that every installation starts with: the areas of 海珠区, the working calendar, the check items.
//! What is there already is never touched; the bureau's own imports win.

use crate::app::App;
use crate::db::Stamp;
use crate::fault::{Fault, Outcome};
use crate::{calendar, checklists, directory};
use chrono::NaiveDate;
use std::collections::BTreeSet;

const AREAS: &str = include_str!("../assets/areas/440105.csv");
const CALENDAR: &str = include_str!("../assets/calendar/cn-2022-2026.csv");
const CHECKLIST: &str = include_str!("../assets/checklists/2026.1.json");

/// The listing is of 2023: every campaign in the system begins later.
pub const AREAS_SINCE: NaiveDate = match NaiveDate::from_ymd_opt(2023, 1, 1) {
    Some(day) => day,
    None => panic!("a valid day"),
};

/// Loads what is missing, each part in its own transaction.
///
/// # Errors
/// The database's; a defect in the files themselves.
pub fn load_missing(app: &App) -> Outcome<()> {
    let (has_areas, has_calendar, has_checklists) = app.db.read_now(|conn| {
        let areas = !directory::store::area_ids(conn)?.is_empty();
        let years = !calendar::store::years(conn)?.is_empty();
        Ok((areas, years, !checklists::store::versions(conn)?.is_empty()))
    })?;
    let stamp = || Stamp::system("reference", app.clock.now());
    if !has_areas {
        let parsed = directory::import::parse_areas(AREAS.as_bytes(), &BTreeSet::new());
        clean(&parsed.faults)?;
        app.db.write_now(stamp(), "area.import", move |tx| {
            directory::import::store_areas(tx, &parsed.rows, AREAS_SINCE)
        })?;
    }
    if !has_calendar {
        let parsed = calendar::import::parse(CALENDAR);
        clean(&parsed.faults)?;
        app.db.write_now(stamp(), "calendar.import", move |tx| {
            calendar::import::store(tx, CALENDAR, &parsed.rows)
        })?;
    }
    if !has_checklists {
        app.db.write_now(stamp(), "checklist.publish", move |tx| checklists::publish(tx, CHECKLIST))?;
    }
    Ok(())
}

fn clean(faults: &[crate::tables::CellFault]) -> Outcome<()> {
    faults.first().map_or(Ok(()), |f| Err(Fault::internal(format!("reference data: {f:?}"))))
}
