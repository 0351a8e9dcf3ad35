//! The reference data that every installation starts with: the areas of 海珠区, the working calendar, the check items.
//! What is there already is never touched; the bureau's own imports win.

use crate::access::Places;
use crate::app::App;
use crate::calendar::import::{CalendarImport, DayWritten};
use crate::db::{Stamp, Tx};
use crate::fault::{Fault, Outcome};
use crate::findings::{self, Redated};
use crate::tables::CellFault;
use crate::{calendar, checklists, directory, indicators};
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
        let parsed = calendar::import::parse(CALENDAR.as_bytes());
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

fn clean(faults: &[CellFault]) -> Outcome<()> {
    faults.first().map_or(Ok(()), |f| Err(Fault::internal(format!("reference data: {f:?}"))))
}

/// What `yixun import` reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// Areas.
    Areas,
    /// Facilities.
    Facilities,
    /// The working calendar.
    Calendar,
    /// What streets report of indicators 考核指标.
    Indicators,
}

/// What an import did.
#[derive(Debug)]
pub struct ImportOutcome {
    /// Good rows in the file.
    pub rows: usize,
    /// New records; 0 in a dry run.
    pub stored: usize,
    /// Of a calendar that was stored: which due dates followed.
    pub redated: Option<Redated>,
    /// What is wrong; then nothing was stored.
    pub faults: Vec<CellFault>,
}

/// Checks a file and, unless something is wrong or `dry_run` is set, stores all of it in one transaction.
///
/// # Errors
/// The database's.
pub fn import(app: &App, what: Imported, bytes: &[u8], dry_run: bool) -> Outcome<ImportOutcome> {
    match what {
        Imported::Areas => {
            let known = codes(app, |_| true)?;
            let parsed = directory::import::parse_areas(bytes, &known);
            let today = crate::clock::business_date(app.clock.now());
            finish(app, "area.import", parsed, dry_run, move |tx, rows| {
                directory::import::store_areas(tx, rows, today).map(records)
            })
        }
        Imported::Facilities => {
            let (streets, communities) = (codes(app, |l| l == "street")?, codes(app, |l| l == "community")?);
            let taken = app
                .db
                .read_now(directory::store::facility_codes)?
                .into_iter()
                .map(|(code, _)| code)
                .collect();
            let parsed = directory::import::parse_facilities(bytes, &streets, &communities, &taken);
            finish(app, "facility.import", parsed, dry_run, |tx, rows| {
                directory::import::store_facilities(tx, rows).map(records)
            })
        }
        Imported::Calendar => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let parsed = calendar::import::parse(bytes);
            if dry_run {
                app.db.read_now(|conn| calendar::import::differs(conn, &parsed.rows))?;
            }
            finish(app, "calendar.import", parsed, dry_run, move |tx, rows| {
                let (import, redated) = store_calendar(tx, &text, rows)?;
                let records = if import.unchanged { 0 } else { import.days };
                Ok(Stored { records, redated: Some(redated) })
            })
        }
        Imported::Indicators => {
            let now = app.clock.now();
            let everywhere = Places::everywhere();
            let parsed = app.db.read_now(|conn| indicators::import::read(conn, &everywhere, bytes, now))?;
            let file = bytes.to_vec();
            finish(app, "indicator.import", parsed, dry_run, move |tx, rows| {
                let import = indicators::import::store(tx, &file, rows)?;
                Ok(records(usize::try_from(import.stored).unwrap_or(0)))
            })
        }
    }
}

/// Stores a calendar, and reckons anew what was due by the one before and not certain: both in one transaction.
///
/// # Errors
/// `year_confirmed`; the database's.
pub fn store_calendar(
    tx: &mut Tx<'_>,
    text: &str,
    rows: &[DayWritten],
) -> Outcome<(CalendarImport, Redated)> {
    let import = calendar::import::store(tx, text, rows)?;
    if import.unchanged {
        return Ok((import, Redated::default()));
    }
    let calendar = calendar::load(tx.conn())?;
    let redated = findings::redate(tx, &calendar)?;
    Ok((import, redated))
}

/// What a transaction has stored.
struct Stored {
    records: usize,
    redated: Option<Redated>,
}

fn records(records: usize) -> Stored {
    Stored { records, redated: None }
}

fn codes(app: &App, wanted: impl Fn(&str) -> bool) -> Outcome<BTreeSet<String>> {
    let all = app.db.read_now(directory::store::area_ids)?;
    Ok(all.into_iter().filter(|(_, _, level)| wanted(level)).map(|(code, _, _)| code).collect())
}

fn finish<R: Send + 'static>(
    app: &App,
    action: &'static str,
    parsed: crate::tables::Parsed<R>,
    dry_run: bool,
    store: impl Fn(&mut Tx<'_>, &[R]) -> Outcome<Stored> + Send + 'static,
) -> Outcome<ImportOutcome> {
    let crate::tables::Parsed { rows, faults } = parsed;
    let count = rows.len();
    if dry_run || !faults.is_empty() {
        return Ok(ImportOutcome { rows: count, stored: 0, redated: None, faults });
    }
    let stamp = Stamp::console("import", app.clock.now());
    let Stored { records, redated } = app.db.write_now(stamp, action, move |tx| store(tx, &rows))?;
    Ok(ImportOutcome { rows: count, stored: records, redated, faults })
}
