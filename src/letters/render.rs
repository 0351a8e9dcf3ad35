//! Rendering: on trial before the approval, and for good after the issue. The document is made once, content-addressed
//! and kept; the same letter gives the same bytes, so a job that is run again changes nothing.

use super::docx;
use super::letter::Letter;
use super::rules::LetterState;
use super::steps::{photos_of, snapshot};
use super::store;
use super::typeset::{PATIENCE, PATIENCE_OF_A_JOB, Picture, TypesetFault, Typesetter};
use crate::app::App;
use crate::db::{Change, Stamp};
use crate::fault::{Fault, Outcome};
use crate::ids::{LetterId, TypedId as _};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// The PDF of a letter.
///
/// # Errors
/// `missing_glyph` naming a character that no font has; [`Fault::Busy`] when there is no turn for it;
/// [`Fault::Internal`] otherwise.
pub fn pdf(app: &App, letter: &Letter) -> Outcome<Vec<u8>> {
    pdf_within(PATIENCE, app, letter)
}

fn pdf_within(patience: Duration, app: &App, letter: &Letter) -> Outcome<Vec<u8>> {
    let photos = photos_of(app, letter)?;
    app.typesetter.pdf_within(patience, letter, &photos).map_err(|fault| fault.told("/snapshot"))
}

/// A page of a letter as a picture, from 1, with so many pixels to the inch. The letter may be a draft.
///
/// # Errors
/// As [`pdf`]; missing, where it has no such page.
pub fn page(app: &App, letter: &Letter, number: usize, dpi: u32) -> Outcome<Picture> {
    let photos = photos_of(app, letter)?;
    app.typesetter.page(letter, &photos, number, dpi).map_err(|fault| fault.told("/letter"))
}

/// Refuses a letter with a character that no font has, and names it: at the submission, before anybody approves it.
///
/// # Errors
/// `missing_glyph`.
pub fn refuse_unprintable(typesetter: &Typesetter, letter: &Letter) -> Outcome<()> {
    match typesetter.unprintable(letter) {
        None => Ok(()),
        Some(character) => Err(TypesetFault::MissingGlyph { character }.told("/letter")),
    }
}

/// The editable copy of a letter, a Word document.
///
/// # Errors
/// The storage's; [`Fault::Internal`] for what is a defect.
pub fn editable(app: &App, letter: &Letter) -> Outcome<Vec<u8>> {
    docx::docx(letter, &photos_of(app, letter)?).map_err(Fault::internal)
}

/// The job: renders an issued letter and keeps its document.
///
/// # Errors
/// Those of the rendering, the storage and the database; the job is tried again.
pub fn render(app: &Arc<App>, id: LetterId) -> Outcome<()> {
    let row = app.db.read_now(|conn| store::find(conn, id))?.ok_or_else(|| Fault::missing("提醒函"))?;
    if row.state != LetterState::Issued || row.number.is_none() {
        return Ok(());
    }
    let bytes = pdf_within(PATIENCE_OF_A_JOB, app, &snapshot(&row)?)?;
    let length = i64::try_from(bytes.len()).map_err(Fault::internal)?;
    let sha256 = app.files.put(&bytes)?;
    app.db.write_now(Stamp::system("render", app.clock.now()), "letter.render", move |tx| {
        crate::photos::refuse_doomed(tx.conn(), &sha256)?;
        let held = store::find_locked(tx.conn(), id)?.ok_or_else(|| Fault::missing("提醒函"))?;
        tx.audit("letter", id, json!({ "document": sha256 }));
        if held.state != LetterState::Issued {
            return Ok(());
        }
        let mut row = held;
        row.state = LetterState::DocumentReady;
        row.document_sha256 = Some(sha256.clone());
        row.document_length = Some(length);
        row.document_at = Some(tx.ts());
        store::save(tx.conn(), &row)?;
        store::insert_event(tx, id, "document", "system:render", None)?;
        tx.changed("letter", id.uuid(), Some(row.street_id.uuid()), Change::Put)
    })?;
    // Between the first time and the row a sweeper may have come and gone (`uploads::sweep`); from now on none will.
    app.files.put(&bytes)?;
    Ok(())
}
