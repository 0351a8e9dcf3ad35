//! Letters to operators on the board: beside the street's letters and never among them.

use super::rules::{BoardLineCounts, Finding, line_counts};
use super::{Answers, Read};
use crate::clock::business_date;
use crate::ids::{AreaId, FindingId, LetterId};
use crate::letters::kind::LetterKind;
use crate::letters::store::LetterRow;
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// A delivered letter to an operator or social organisation.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct BoardOperatorLetter {
    /// Whom it went to.
    pub operator: String,
    /// Its id.
    pub letter_id: LetterId,
    /// What it is for.
    pub kind: LetterKind,
    /// Its number.
    pub number: Option<String>,
    /// The day of its delivery.
    pub delivered_on: Option<NaiveDate>,
    /// The day on which it was received 签收.
    pub received_on: Option<NaiveDate>,
    /// Its lines that this campaign found, as they stand today.
    pub own: BoardLineCounts,
    /// Its lines that were carried over from before.
    pub carried_over: BoardLineCounts,
}

impl Read {
    /// The letters to operators in a street, in the order of their drafting.
    pub(super) fn to_operators(&self, street: AreaId, today: NaiveDate) -> Vec<BoardOperatorLetter> {
        let there = self.to_operators.iter().filter(|l| l.street_id == street);
        there.filter_map(|l| Some(self.to_operator(l, l.operator.clone()?, today))).collect()
    }

    fn to_operator(&self, letter: &LetterRow, operator: String, today: NaiveDate) -> BoardOperatorLetter {
        let printed: BTreeSet<FindingId> = self.lines_of(letter.id).into_iter().collect();
        let lines = self.findings.iter().filter(|f| printed.contains(&f.id));
        // An operator answers here with nothing.
        let lines: Vec<Finding> = lines.map(|f| self.finding(f, &Answers::new())).collect();
        let [own, carried_over] = line_counts(lines.iter(), today);
        let delivery = self.delivery(letter.id);
        BoardOperatorLetter {
            operator,
            letter_id: letter.id,
            kind: letter.kind,
            number: letter.number.clone(),
            delivered_on: delivery.map(|d| business_date(d.delivered_at.0)),
            received_on: delivery.and_then(|d| d.received_on),
            own,
            carried_over,
        }
    }
}
