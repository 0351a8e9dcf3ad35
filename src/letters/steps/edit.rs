//! What a clerk changes of a draft: kept as versions, each of which can be compared with any other under the facts of now.

use super::super::edits::Edits;
use super::super::render;
use super::super::rules::Step;
use super::super::store;
use super::super::typeset::Typesetter;
use super::difference::{Changed, diff_lines, lines_of};
use super::{Held, Sender, composed, facts_with, held, record};
use crate::access::Holder;
use crate::db::{AnyConn, Tx};
use crate::fault::{Fault, FieldFault, Outcome};
use crate::ids::{FindingId, LetterId, UserId};
use chrono::{DateTime, Utc};

/// Changes a letter that is not under review. The letter must be composable with the changes.
///
/// # Errors
/// Missing; a refusal of the rules; a wrong revision; a finding that the letter does not have; what the composition refuses.
pub fn change(
    tx: &mut Tx<'_>,
    by: &Holder,
    sender: &Sender,
    typesetter: &Typesetter,
    id: LetterId,
    revision: i32,
    (edits, comment): (&Edits, Option<&str>),
) -> Outcome<()> {
    let Held { row, .. } = held(tx, by, id, Step::Edit)?;
    if row.revision != revision {
        return Err(Fault::Precondition { given: true });
    }
    let now = tx.now();
    let whole = facts_with(tx.conn(), sender, &row, Edits::default(), now)?;
    let known = |id: &FindingId| whole.lines.iter().chain(&whole.carried_over).any(|l| l.finding_id == id.0);
    let ordered = edits.order.iter().map(|id| ("order", id));
    let left = edits.left_out.iter().map(|l| ("left_out", &l.finding_id));
    let foreign: Vec<FieldFault> = ordered
        .chain(left)
        .filter(|(_, id)| !known(id))
        .map(|(list, id)| FieldFault::new(format!("/{list}"), "not_in_letter", format!("该函没有问题 {id}")))
        .collect();
    if !foreign.is_empty() {
        return Err(Fault::invalid_many(foreign));
    }
    let letter = composed(&facts_with(tx.conn(), sender, &row, edits.clone(), now)?)?;
    render::refuse_unprintable(typesetter, &letter)?;
    store::insert_edits(tx, id, edits, comment)?;
    store::save(tx.conn(), &row)?;
    record(tx, &row, "edit", comment)
}

/// A version of a draft.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Edition {
    /// From 1; 0 is the letter without changes.
    pub version: i32,
    /// What was changed.
    pub edits: Edits,
    /// What the clerk said of it.
    pub comment: Option<String>,
    /// Who.
    pub edited_by: UserId,
    /// When.
    pub edited_at: DateTime<Utc>,
}

/// The versions of a draft, the oldest first.
///
/// # Errors
/// The database's.
pub fn editions(conn: &mut AnyConn, id: LetterId) -> Outcome<Vec<Edition>> {
    let rows = store::edit_rows(conn, id)?;
    rows.into_iter()
        .map(|row| {
            let edits = row.edits()?;
            let store::EditRow { version, comment, edited_by, edited_at, .. } = row;
            Ok(Edition { version, edits, comment, edited_by, edited_at: edited_at.0 })
        })
        .collect()
}

/// How the letter differs between two versions of its draft, both under the facts of now.
///
/// # Errors
/// Missing versions; what the composition refuses.
pub fn text_diff(
    conn: &mut AnyConn,
    sender: &Sender,
    row: &store::LetterRow,
    (from, to): (i32, i32),
    now: DateTime<Utc>,
) -> Outcome<Vec<Changed>> {
    let rows = store::edit_rows(conn, row.id)?;
    let mut lines = |version: i32| {
        let edits = match version {
            0 => Edits::default(),
            _ => rows
                .iter()
                .find(|r| r.version == version)
                .ok_or_else(|| Fault::missing("草稿版本"))?
                .edits()?,
        };
        lines_of(&facts_with(conn, sender, row, edits, now)?)
    };
    let (before, after) = (lines(from)?, lines(to)?);
    Ok(diff_lines(&before, &after))
}
