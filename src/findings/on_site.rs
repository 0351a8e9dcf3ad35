//! 当场整改: what was wrong, and was put right before the inspectors left. The inspection itself claims it, by the officer who
//! sends it; the second inspector who was there closes it. Whatever keeps that from happening leaves a claim like any other.

use super::opening::{OpenFinding, ask_table};
use super::record::advance;
use super::rules::{Event, State, Who, decide};
use super::steps::{book_claim, case_of, who_is};
use super::store::{self, FindingRow, RectificationRow};
use crate::access::Holder;
use crate::checklists::Severity;
use crate::clock::business_date;
use crate::db::Tx;
use crate::fault::Outcome;
use crate::ids::{FindingId, InspectionId, RectificationId, TypedId as _};
use crate::photos::{self, Declared, Subject, SubjectKind};
use serde_json::json;

/// What an inspection says of a failing item that was put right on the spot.
#[derive(Debug, Clone)]
pub struct OnSite<'a> {
    /// What was done.
    pub measures: &'a str,
    /// The photos of how it is now, which the inspection declares too.
    pub after: Vec<Declared>,
}

/// Claims what an officer says was put right on the spot, where the finding waits for a claim. A third party's is advice, and a
/// 重大 one is never settled so; of those the history only tells what was said.
pub(super) fn claim(tx: &mut Tx<'_>, row: &mut FindingRow, new: &OpenFinding<'_>) -> Outcome<()> {
    let (Some(said), Some(inspection)) = (&new.on_site, new.inspection_id) else { return Ok(()) };
    let waits = matches!(row.state, State::Served | State::Returned);
    if new.third_party || row.severity == Severity::Major || !waits {
        return Ok(());
    }
    let who = Who::with(new.found_by, vec![], false);
    let next = ask_table(tx, row, Event::Claim { proofs: said.after.len() }, &who)?;
    let id: RectificationId = tx.new_id();
    let subject = Subject {
        kind: SubjectKind::Rectification,
        id: id.uuid(),
        street_id: row.street_id,
        facility_id: row.facility_id,
        owner_id: new.found_by,
    };
    photos::declare(tx, &subject, &said.after, &|_| true)?;
    let line = RectificationRow {
        id,
        finding_id: row.id,
        claimed_by: new.found_by,
        claimed_on: business_date(tx.now()),
        measures: said.measures.to_string(),
        similar_check: None,
        system_measures: None,
        supervisor: None,
        created_at: tx.ts(),
        inspection_id: Some(inspection),
    };
    book_claim(tx, row, next.to, &line, said.after.len())
}

/// What closes a finding on the spot.
#[derive(Debug, Clone, Copy)]
pub struct OnSiteClosing<'a> {
    /// The inspection that claims it.
    pub inspection: InspectionId,
    /// The item.
    pub item_code: &'a str,
    /// Who confirms that they were there, as they stood on that day.
    pub second: &'a Holder,
    /// Photos of before and after that have not arrived.
    pub photos_missing: usize,
}

/// Closes a finding on the spot, if the table allows it by now; nothing happens otherwise.
///
/// # Errors
/// The database's.
pub fn close_on_site(tx: &mut Tx<'_>, closing: &OnSiteClosing<'_>) -> Outcome<Option<FindingId>> {
    let OnSiteClosing { inspection, item_code, second, photos_missing } = *closing;
    let Some(id) = store::claimed_on_site(tx.conn(), inspection, item_code)? else { return Ok(None) };
    let Some(mut row) = store::find_locked(tx.conn(), id)? else { return Ok(None) };
    let last = store::rectifications(tx.conn(), id)?.pop();
    let last = last.is_some_and(|claim| claim.inspection_id == Some(inspection));
    let event = Event::CloseOnSite { last, photos_missing };
    let who = who_is(tx.conn(), second, &row)?;
    let Ok(next) = decide(&case_of(tx.conn(), &row)?, event, &who) else { return Ok(None) };
    row.closed_by = Some(second.id);
    row.closed_at = Some(tx.ts());
    let detail =
        json!({ "inspection": inspection, "second": second.id, "finder_closed": next.finder_closed });
    advance(tx, &mut row, event.name(), next.to, None, &detail)?;
    Ok(Some(id))
}
