//! One page for whoever issues: what changed since the submission, since the submission before, and against the letter of the
//! campaign before.

use super::super::letter::{Annex, IssueRow, Letter};
use super::super::store::{self, LetterRow};
use super::difference::{Changed, LineChange, diff_lines, lines_of};
use super::{Sender, campaign_of, facts_of, snapshot};
use crate::db::AnyConn;
use crate::fault::{Fault, Outcome};
use crate::ids::LetterId;

/// A letter against itself and the one before.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct LetterComparison {
    /// The letter.
    pub letter_id: LetterId,
    /// What the ledger says otherwise than the submitted letter; empty where nothing has moved, or nothing is submitted.
    pub since_submission: Vec<Changed>,
    /// What differs from what was submitted the time before.
    pub since_last_version: Vec<Changed>,
    /// What this letter counts.
    pub now: Counts,
    /// What the street's letter of the campaign before counts.
    pub before: Option<Counts>,
    /// The differences of the two, named.
    pub against_before: Vec<Difference>,
}

/// What a letter counts, from the rows of its annexes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Counts {
    /// The letter.
    pub letter_id: LetterId,
    /// Its number, from the issue on.
    pub number: Option<String>,
    /// The campaign's name.
    pub campaign: String,
    /// What the campaign found.
    pub found: usize,
    /// Of that, struck off.
    pub closed: usize,
    /// Of that, open.
    pub open: usize,
    /// Of that, overdue.
    pub overdue: usize,
    /// Of that, come back.
    pub repeated: usize,
    /// Facilities concerned.
    pub facilities: usize,
    /// What is left from before.
    pub carried_over: usize,
}

/// A count that differs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Difference {
    /// What is counted, in Chinese.
    pub what: String,
    /// In the letter of before.
    pub before: usize,
    /// In this one.
    pub now: usize,
}

fn counts(letter: &Letter, row: &LetterRow, campaign: String) -> Counts {
    let rows = |annex: &Option<Annex<IssueRow>>| annex.as_ref().map(|a| a.rows.clone()).unwrap_or_default();
    let (own, carried) = (rows(&letter.issues), rows(&letter.carried_over));
    let of = |test: fn(&IssueRow) -> bool| own.iter().filter(|r| test(r)).count();
    let mut facilities: Vec<&str> = own.iter().map(|r| r.facility.as_str()).collect();
    facilities.sort_unstable();
    facilities.dedup();
    Counts {
        letter_id: row.id,
        number: row.number.clone(),
        campaign,
        found: own.len(),
        closed: of(|r| r.closed),
        open: of(|r| !r.closed && !r.ended),
        overdue: of(|r| r.overdue),
        repeated: of(|r| r.repeat),
        facilities: facilities.len(),
        carried_over: carried.len(),
    }
}

fn differences(before: &Counts, now: &Counts) -> Vec<Difference> {
    let pairs = [
        ("发现问题", before.found, now.found),
        ("已销号", before.closed, now.closed),
        ("未销号", before.open, now.open),
        ("已逾期", before.overdue, now.overdue),
        ("重复出现", before.repeated, now.repeated),
        ("涉及设施", before.facilities, now.facilities),
        ("前期未销号", before.carried_over, now.carried_over),
    ];
    let differ = pairs.into_iter().filter(|(_, before, now)| before != now);
    differ.map(|(what, before, now)| Difference { what: what.into(), before, now }).collect()
}

/// Compares a submitted letter.
///
/// # Errors
/// `not_submitted`; the database's.
pub fn compare(conn: &mut AnyConn, sender: &Sender, row: &LetterRow) -> Outcome<LetterComparison> {
    let (Some(_), Some(as_of)) = (&row.snapshot, row.as_of) else {
        return Err(Fault::refused("not_submitted", "该函尚未送审，没有可比较的内容"));
    };
    let letter = snapshot(row)?;
    let lines = without_number(&letter).lines();
    let since_submission = match row.issued_at {
        // What was issued is what it was.
        Some(_) => vec![],
        None => moved(diff_lines(&lines, &lines_of(&facts_of(conn, sender, row, as_of.0)?)?)),
    };
    let versions = store::versions(conn, row.id)?;
    let since_last_version = match versions.iter().rev().nth(1) {
        Some((_, text)) => {
            let earlier: Letter = serde_json::from_str(text).map_err(Fault::internal)?;
            moved(diff_lines(&earlier.lines(), &lines))
        }
        None => vec![],
    };
    let campaign = campaign_of(conn, row)?;
    let now = counts(&letter, row, campaign.name.clone());
    let before = match store::before(conn, row)? {
        Some(earlier) => {
            let campaign = campaign_of(conn, &earlier)?.name;
            Some(counts(&snapshot(&earlier)?, &earlier, campaign))
        }
        None => None,
    };
    let against_before = before.as_ref().map(|b| differences(b, &now)).unwrap_or_default();
    Ok(LetterComparison {
        letter_id: row.id,
        since_submission,
        since_last_version,
        now,
        before,
        against_before,
    })
}

fn without_number(letter: &Letter) -> Letter {
    Letter { number: None, ..letter.clone() }
}

/// Only what differs.
fn moved(lines: Vec<Changed>) -> Vec<Changed> {
    lines.into_iter().filter(|line| line.change != LineChange::Same).collect()
}
