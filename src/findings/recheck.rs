//! What a recheck 复查 makes of a finding. The phone may have been offline for days: whatever has become of the finding
//! meanwhile, what was seen is kept, and nothing of it is a reason to refuse the record.

use super::on_site;
use super::opening::{OpenFinding, Opened, open_for, opened};
use super::record::advance;
use super::rules::{Event, State, decide};
use super::steps::{book_reinspection, case_of, who_is};
use super::store::{self, FindingRow};
use crate::access::Holder;
use crate::db::types::coded;
use crate::db::{AnyConn, Tx};
use crate::fault::Outcome;
use crate::ids::{CheckId, FacilityId, TypedId as _};
use crate::photos::{self, Declared, Subject, SubjectKind};
use serde_json::json;
use std::collections::BTreeSet;

coded! {
    /// What a recheck made of a finding.
    pub enum Became {
        /// A claim was re-inspected.
        Reinspected = "reinspected" "已复查",
        /// It fails still, and was seen again.
        Observed = "observed" "再次发现",
        /// It complies, but nobody has claimed so, or who looked has claimed so themselves.
        SeenRectified = "seen_rectified" "现场已整改",
        /// It had been closed and fails again: a new finding.
        Opened = "opened" "新发现",
        /// It had been closed, and complies.
        Closed = "closed" "此前已销号",
    }
}

/// The codes of the items that a recheck of a facility may hold: those that have a finding there, settled or not, unless it was
/// a mistake.
///
/// # Errors
/// The database's.
pub fn codes_at(conn: &mut AnyConn, facility: FacilityId) -> Outcome<BTreeSet<String>> {
    store::codes_at(conn, facility)
}

/// What was seen of an item again: `seen` as it would be opened, whether it complies, and the photos of it.
///
/// # Errors
/// The database's.
pub fn recheck(
    tx: &mut Tx<'_>,
    by: &Holder,
    seen: &OpenFinding<'_>,
    passed: bool,
    photos: &[Declared],
) -> Outcome<Option<Opened>> {
    let Some(mut row) = store::unsettled_of(tx.conn(), seen.facility.id, &seen.item.code)? else {
        return settled(tx, seen, passed);
    };
    let claimed = matches!(row.state, State::Rectified | State::Checked);
    let became = if claimed && reinspect(tx, by, &mut row, seen, passed, photos)? {
        on_site::claim(tx, &mut row, seen)?;
        Became::Reinspected
    } else if passed {
        let (state, detail) = (row.state, json!({ "inspection": seen.inspection_id }));
        advance(tx, &mut row, "seen_rectified", state, Some(seen.description), &detail)?;
        Became::SeenRectified
    } else {
        let observed = open_for(tx, seen)?;
        return Ok(Some(Opened { became: Some(Became::Observed), ..observed }));
    };
    Ok(Some(Opened { became: Some(became), ..opened(&row, seen.item, false) }))
}

/// Of an item whose findings are all closed.
fn settled(tx: &mut Tx<'_>, seen: &OpenFinding<'_>, passed: bool) -> Outcome<Option<Opened>> {
    if passed {
        let last = store::closed_last(tx.conn(), seen.facility.id, &seen.item.code)?;
        let told = |row| Opened { became: Some(Became::Closed), ..opened(&row, seen.item, false) };
        return Ok(last.map(told));
    }
    let new = open_for(tx, seen)?;
    Ok(Some(Opened { became: Some(Became::Opened), ..new }))
}

/// Re-inspects a claim, if the table lets this person; tells whether it did.
fn reinspect(
    tx: &mut Tx<'_>,
    by: &Holder,
    row: &mut FindingRow,
    seen: &OpenFinding<'_>,
    passed: bool,
    photos: &[Declared],
) -> Outcome<bool> {
    let who = who_is(tx.conn(), by, row)?;
    let case = case_of(tx.conn(), row)?;
    let Ok(next) = decide(&case, Event::Reinspect { passed }, &who) else { return Ok(false) };
    let line: CheckId = tx.new_id();
    let subject = Subject {
        kind: SubjectKind::Reinspection,
        id: line.uuid(),
        street_id: row.street_id,
        facility_id: row.facility_id,
        owner_id: by.id,
    };
    photos::declare(tx, &subject, photos, &|_| true)?;
    book_reinspection(tx, by, row, line, next.to, passed, seen.description)?;
    Ok(true)
}
