//! Rows and queries of what clerks changed of a draft, and of what was submitted.

use super::super::edits::Edits;
use crate::db::schema::{letter_edit, letter_version};
use crate::db::{AnyConn, MultiBackend, Ts, Tx};
use crate::fault::{Fault, Outcome};
use crate::ids::{LetterId, UserId};
use diesel::dsl::max;
use diesel::prelude::*;

/// One change of a draft.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = letter_edit, check_for_backend(MultiBackend))]
pub struct EditRow {
    pub letter_id: LetterId,
    pub version: i32,
    pub edits: String,
    pub comment: Option<String>,
    pub edited_by: UserId,
    pub edited_at: Ts,
}

impl EditRow {
    /// The change.
    ///
    /// # Errors
    /// What is none: a defect.
    pub fn edits(&self) -> Outcome<Edits> {
        serde_json::from_str(&self.edits).map_err(Fault::internal)
    }
}

/// All changes of a draft, the oldest first.
pub fn edit_rows(conn: &mut AnyConn, id: LetterId) -> Outcome<Vec<EditRow>> {
    let of_letter = letter_edit::table.filter(letter_edit::letter_id.eq(id));
    Ok(of_letter.order(letter_edit::version).select(EditRow::as_select()).load(conn)?)
}

/// What of a draft is changed now.
pub fn edits(conn: &mut AnyConn, id: LetterId) -> Outcome<Option<Edits>> {
    let of_letter = letter_edit::table.filter(letter_edit::letter_id.eq(id));
    let newest = of_letter.order(letter_edit::version.desc()).select(EditRow::as_select());
    let row: Option<EditRow> = newest.first(conn).optional()?;
    row.map(|row| row.edits()).transpose()
}

/// Adds a change.
pub fn insert_edits(tx: &mut Tx<'_>, id: LetterId, edits: &Edits, comment: Option<&str>) -> Outcome<i32> {
    let newest: Option<i32> = letter_edit::table
        .filter(letter_edit::letter_id.eq(id))
        .select(max(letter_edit::version))
        .first(tx.conn())?;
    let row = EditRow {
        letter_id: id,
        version: newest.unwrap_or(0) + 1,
        edits: serde_json::to_string(edits).map_err(Fault::internal)?,
        comment: comment.map(str::to_owned),
        edited_by: tx.user()?,
        edited_at: tx.ts(),
    };
    diesel::insert_into(letter_edit::table).values(&row).execute(tx.conn())?;
    Ok(row.version)
}

/// The frozen letters of a letter's rounds of review, with their versions, the oldest first.
pub fn versions(conn: &mut AnyConn, id: LetterId) -> Outcome<Vec<(i32, String)>> {
    let of_letter = letter_version::table.filter(letter_version::letter_id.eq(id));
    let pairs =
        of_letter.order(letter_version::version).select((letter_version::version, letter_version::snapshot));
    Ok(pairs.load(conn)?)
}
