//! The document of a reply: composed anew of a draft, and as it was frozen of one that was sent. What was found stands as the
//! letter printed it.

use super::compose::{FactLine, Facts, Said, compose};
use super::rules::ReplyState;
use super::store::{self, LineRow, ReplyRow};
use super::view;
use crate::app::App;
use crate::clock::business_date;
use crate::db::AnyConn;
use crate::fault::{Fault, Outcome};
use crate::ids::{FindingId, LetterId, ReplyId};
use crate::letters::letter::{IssueRow, Letter};
use crate::letters::reply_letter::ReplyLetter;
use crate::letters::store::LetterRow;
use crate::letters::typeset::TypesetFault;
use crate::letters::{self, Reader};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::HashMap;

/// The document of a reply that the reader sees.
///
/// # Errors
/// Missing.
pub fn drawn_up(
    conn: &mut AnyConn,
    reader: &Reader,
    letter: LetterId,
    id: ReplyId,
    now: DateTime<Utc>,
) -> Outcome<ReplyLetter> {
    let letter = letters::row(conn, reader, letter)?;
    let row = store::find(conn, letter.id, id)?.filter(|row| view::sees(reader, &letter, row));
    let row = row.ok_or_else(|| Fault::missing("复函"))?;
    match &row.document {
        Some(frozen) => serde_json::from_str(frozen).map_err(Fault::internal),
        None => compose_now(conn, &letter, &row, business_date(now)),
    }
}

/// The document as the draft stands.
pub(super) fn compose_now(
    conn: &mut AnyConn,
    letter: &LetterRow,
    row: &ReplyRow,
    today: NaiveDate,
) -> Outcome<ReplyLetter> {
    let text =
        letter.snapshot.as_deref().ok_or_else(|| Fault::internal("a delivered letter without snapshot"))?;
    let printed: Letter = serde_json::from_str(text).map_err(Fault::internal)?;
    let sent = |reply: &ReplyRow| reply.id != row.id && reply.state == ReplyState::Sent;
    let facts = Facts {
        unit: row.unit.clone(),
        authority: printed.authority.clone(),
        letter_title: printed.title.concat(),
        letter_number: letter.number.clone().unwrap_or_default(),
        supplementary: store::replies(conn, &[letter.id])?.iter().any(sent),
        number: row.document_number.clone(),
        replied_on: row.replied_on,
        today,
        remarks: row.remarks.clone(),
        watermark: printed.watermark.clone(),
        lines: lines(conn, letter.id, row.id, &printed)?,
    };
    Ok(compose(&facts))
}

fn lines(conn: &mut AnyConn, letter: LetterId, reply: ReplyId, printed: &Letter) -> Outcome<Vec<FactLine>> {
    let rows = printed.issues.iter().chain(&printed.carried_over).flat_map(|annex| &annex.rows);
    let by_number: HashMap<&str, &IssueRow> = rows.map(|row| (row.number.as_str(), row)).collect();
    let mut said: HashMap<FindingId, LineRow> =
        store::lines(conn, &[reply])?.into_iter().map(|line| (line.finding_id, line)).collect();
    let line = |p: super::rules::Printed| {
        let shown = by_number.get(p.number.as_str());
        FactLine {
            facility: shown.map(|row| row.facility.clone()).unwrap_or_default(),
            problem: shown.map(|row| row.problem.clone()).unwrap_or_default(),
            settled: !p.state.is_unsettled(),
            said: said.remove(&p.finding).map(said_of),
            number: p.number,
        }
    };
    Ok(store::printed(conn, letter)?.into_iter().map(line).collect())
}

fn said_of(line: LineRow) -> Said {
    Said {
        answer: line.answer,
        measures: line.measures,
        reason: line.reason,
        similar_check: line.similar_check,
        system_measures: line.system_measures,
        supervisor: line.supervisor,
        claimed_on: line.claimed_on,
        proposed_due: line.proposed_due,
    }
}

/// The document as a PDF. Blocks, and compiles only while there is room.
///
/// # Errors
/// `missing_glyph` naming a character that no font has, `too_many_pages`; [`Fault::Internal`] otherwise.
pub fn pdf(app: &App, reply: &ReplyLetter) -> Outcome<Vec<u8>> {
    app.typesetter.reply(reply).map_err(|fault| match fault {
        TypesetFault::MissingGlyph { .. } => Fault::refused("missing_glyph", fault.to_string()),
        TypesetFault::TooManyPages { .. } => Fault::refused("too_many_pages", fault.to_string()),
        other => Fault::internal(other),
    })
}
