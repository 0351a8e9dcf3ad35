//! Counting, from what the rows of an annex print and from nothing else.

use crate::directory::FacilityKind;
use crate::letters::facts::KindCount;
use crate::letters::letter::{Annex, IssueRow};
use std::collections::HashSet;

pub(super) fn rows(annex: Option<&Annex<IssueRow>>) -> &[IssueRow] {
    annex.map_or(&[], |annex| &annex.rows)
}

pub(super) fn places(rows: &[IssueRow]) -> usize {
    rows.iter().map(|row| row.facility.as_str()).collect::<HashSet<_>>().len()
}

/// So many say yes, found by looking at what the row prints.
pub(super) fn printing(rows: &[IssueRow], said: &str) -> usize {
    rows.iter().filter(|row| row.standing.starts_with(said)).count()
}

pub(super) fn late(rows: &[IssueRow]) -> usize {
    rows.iter().filter(|row| row.standing.ends_with("（已逾期）")).count()
}

pub(super) fn is_open(row: &IssueRow) -> bool {
    !row.standing.starts_with("已销号") && !row.standing.starts_with("已终结")
}

pub(super) fn of(counts: &[KindCount], kind: FacilityKind) -> u32 {
    counts.iter().filter(|c| c.kind == kind).map(|c| c.count).sum()
}
