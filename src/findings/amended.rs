//! What an amendment of its inspection does to a finding. It may correct the text; whether a finding that the corrected
//! answers no longer bear out is withdrawn, a second person decides. And what stands in an issued letter is marked, so
//! that nothing changes behind the letter's back: letters know findings, not the other way round.

use super::record::advance;
use super::store;
use crate::db::{AnyConn, Ts, Tx};
use crate::fault::{Fault, Outcome};
use crate::ids::{FindingId, InspectionId};
use serde_json::json;

/// What the versions of an inspection say of a finding that one of them opened or observed.
#[derive(Debug, Clone)]
pub struct Correction<'a> {
    /// The inspection.
    pub inspection: InspectionId,
    /// The version that came in.
    pub version: i32,
    /// Why it came.
    pub reason: &'a str,
    /// What was seen, in the newest version in which the item fails.
    pub description: &'a str,
    /// The item fails in the version that stands.
    pub stands: bool,
    /// That is new.
    pub turned: bool,
}

/// Corrects an unsettled finding; where nothing differs, nothing is left.
///
/// # Errors
/// Missing; the database's.
pub fn correct(tx: &mut Tx<'_>, id: FindingId, said: &Correction<'_>) -> Outcome<()> {
    let mut row = store::find_locked(tx.conn(), id)?.ok_or_else(|| Fault::missing("问题"))?;
    let opened_by_it = row.inspection_id == Some(said.inspection);
    let reworded = opened_by_it && row.description != said.description;
    if !row.state.is_unsettled() || !(reworded || said.turned) {
        return Ok(());
    }
    let mut detail = json!({ "inspection": said.inspection, "version": said.version, "stands": said.stands });
    if reworded {
        detail["description_before"] = json!(row.description);
        row.description = said.description.into();
    }
    let state = row.state;
    advance(tx, &mut row, "amended", state, Some(said.reason), &detail)
}

/// Marks findings as standing in a letter that is issued now.
///
/// # Errors
/// The database's.
pub fn mark_printed(tx: &mut Tx<'_>, ids: &[FindingId]) -> Outcome<()> {
    let at = tx.ts();
    store::mark_printed(tx.conn(), ids, at)
}

/// Says since when a finding stands in an issued letter: after one of its letters was made void.
///
/// # Errors
/// The database's.
pub fn set_printed(tx: &mut Tx<'_>, id: FindingId, since: Option<Ts>) -> Outcome<()> {
    store::set_printed(tx.conn(), id, since)
}

/// Whether a finding that an inspection opened stands in an issued letter.
///
/// # Errors
/// The database's.
pub fn is_printed(conn: &mut AnyConn, inspection: InspectionId) -> Outcome<bool> {
    store::is_printed(conn, inspection)
}
