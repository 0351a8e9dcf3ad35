//! How far a street is with its letters: PURE. Lines that the campaign found and lines that it carried over are counted apart
//! and never summed. What the ledger knows and the letters do not explain is told by the finding's number, and while any of
//! it remains no loop is called closed.

use crate::db::types::coded;
use crate::findings::rules::State;
use crate::ids::{FindingId, LetterId};
use crate::replies::rules::ReplyAnswer;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeSet;

coded! {
    /// What the letters do not explain.
    pub enum BoardDifferenceKind {
        /// A finding of the campaign that no delivered letter prints.
        NotInLetter = "not_in_letter" "未列入已送达的函",
        /// A finding of the campaign that the bureau has not confirmed.
        Unconfirmed = "unconfirmed" "尚未确认",
        /// Withdrawn or ended after it was printed, and no later letter says so.
        EndedAfterPrint = "ended_after_print" "发函后撤销或终结，未发更正函",
        /// The street says 已整改, and its claim does not stand: refused, or sent back.
        ClaimNotStanding = "claim_not_standing" "复函称已整改，申报未受理或已退回",
        /// The street says 已整改, and nobody has accepted it yet.
        ClaimPending = "claim_pending" "复函称已整改，尚未核查销号",
    }
}

/// A difference that nobody has explained.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct BoardDifference {
    /// What it is.
    pub kind: BoardDifferenceKind,
    /// The finding's number.
    pub finding: String,
    /// The same in Chinese.
    pub said: String,
}

/// A delivered letter.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its id.
    pub id: LetterId,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// The letter that it corrects or stands instead of.
    pub corrects: Option<LetterId>,
    /// It asks for an answer; a correction does not.
    pub asks: bool,
    /// Day by which it is answered.
    pub reply_due: NaiveDate,
    /// It was received 签收.
    pub acknowledged: bool,
    /// The day on which its first reply was received.
    pub replied: Option<NaiveDate>,
    /// The findings that it prints.
    pub lines: Vec<FindingId>,
}

/// A finding that is of the campaign or stands in one of its letters.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Its id.
    pub id: FindingId,
    /// Its number.
    pub number: String,
    /// Where it stands.
    pub state: State,
    /// Last day to rectify.
    pub due_on: Option<NaiveDate>,
    /// The campaign found it.
    pub own: bool,
    /// Since when it is withdrawn or ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// The newest answer that was sent.
    pub answer: Option<ReplyAnswer>,
}

/// All that is known of a street.
#[derive(Debug, Clone, Default)]
pub struct Street {
    /// Its delivered letters of the campaign.
    pub letters: Vec<Letter>,
    /// The findings that they print, and those of the campaign that they do not.
    pub findings: Vec<Finding>,
    /// Delivered letters of the campaign to operators in the street.
    pub to_operators: usize,
}

/// How many letters.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
pub struct BoardLetterCounts {
    /// Delivered.
    pub sent: usize,
    /// Of these, received 签收.
    pub acknowledged: usize,
    /// Of these, answered.
    pub replied: usize,
    /// Of the answered, after their day.
    pub replied_late: usize,
    /// Of the unanswered, past their day.
    pub reply_overdue: usize,
}

/// How many lines; one that several letters print counts once.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
pub struct BoardLineCounts {
    /// In letters.
    pub printed: usize,
    /// Of these, struck off 销号: the numerator of the closed rate.
    pub closed: usize,
    /// Its denominator: printed, and neither withdrawn nor ended.
    pub of: usize,
    /// Withdrawn, or ended without having been rectified: neither closed nor open.
    pub ended: usize,
    /// Neither closed nor ended.
    pub open: usize,
    /// Of the open, past their due day.
    pub overdue: usize,
}

/// The figures of a street, or of the district as the sums of its streets.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
pub struct BoardFigures {
    /// Letters.
    pub letters: BoardLetterCounts,
    /// Letters to operators, of those that the reader may read: never summed with the street's.
    pub operator_letters: usize,
    /// Lines that this campaign found.
    pub own: BoardLineCounts,
    /// Lines that were carried over from before: never summed with the others.
    pub carried_over: BoardLineCounts,
    /// Differences that nobody has explained.
    pub differences: usize,
}

impl BoardLineCounts {
    fn of<'a>(lines: impl Iterator<Item = &'a Finding>, today: NaiveDate) -> Self {
        let mut counts = Self::default();
        for line in lines {
            counts.printed += 1;
            match line.state {
                State::Closed => counts.closed += 1,
                State::Withdrawn | State::Terminated => counts.ended += 1,
                state => {
                    counts.open += 1;
                    counts.overdue += usize::from(state.is_late(line.due_on, today));
                }
            }
        }
        counts.of = counts.printed - counts.ended;
        counts
    }

    fn add(&mut self, other: Self) {
        self.printed += other.printed;
        self.closed += other.closed;
        self.of += other.of;
        self.ended += other.ended;
        self.open += other.open;
        self.overdue += other.overdue;
    }
}

impl BoardLetterCounts {
    fn of(letters: &[Letter], today: NaiveDate) -> Self {
        let count = |test: &dyn Fn(&Letter) -> bool| letters.iter().filter(|l| test(l)).count();
        Self {
            sent: letters.len(),
            acknowledged: count(&|l| l.acknowledged),
            replied: count(&|l| l.replied.is_some()),
            replied_late: count(&|l| l.replied.is_some_and(|on| on > l.reply_due)),
            reply_overdue: count(&|l| l.asks && l.replied.is_none() && today > l.reply_due),
        }
    }

    fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.acknowledged += other.acknowledged;
        self.replied += other.replied;
        self.replied_late += other.replied_late;
        self.reply_overdue += other.reply_overdue;
    }
}

/// Lines that the campaign found, and lines that it carried over.
pub fn line_counts<'a>(
    lines: impl Iterator<Item = &'a Finding> + Clone,
    today: NaiveDate,
) -> [BoardLineCounts; 2] {
    [true, false].map(|own| BoardLineCounts::of(lines.clone().filter(|f| f.own == own), today))
}

impl BoardFigures {
    /// The figures of a street with so many differences.
    pub fn of(street: &Street, differences: usize, today: NaiveDate) -> Self {
        let printed = street.printed();
        let lines = street.findings.iter().filter(|f| printed.contains(&f.id));
        let [own, carried_over] = line_counts(lines, today);
        let letters = BoardLetterCounts::of(&street.letters, today);
        Self { letters, operator_letters: street.to_operators, own, carried_over, differences }
    }

    /// Adds those of another street.
    pub fn add(&mut self, other: Self) {
        self.letters.add(other.letters);
        self.operator_letters += other.operator_letters;
        self.own.add(other.own);
        self.carried_over.add(other.carried_over);
        self.differences += other.differences;
    }

    /// The loop is closed: a letter was sent, no line is open, and nothing is unexplained. It is the street's loop, of what
    /// the street was told and has to answer. A letter to an operator asks nothing of the street, which may not even read
    /// it; what it lists and the campaign found stands in the street's own letter, or is a difference. So letters to
    /// operators neither make nor break it.
    pub fn closed_loop(&self) -> bool {
        let open = self.own.open + self.carried_over.open;
        self.letters.sent > 0 && open == 0 && self.differences == 0
    }
}

impl Street {
    fn printed(&self) -> BTreeSet<FindingId> {
        self.letters.iter().flat_map(|l| &l.lines).copied().collect()
    }

    /// What the letters do not explain, in the order of the findings; at most one thing of each.
    pub fn differences(&self) -> Vec<BoardDifference> {
        let printed = self.printed();
        let kind = |f: &Finding| match printed.contains(&f.id) {
            false => not_printed(f),
            true if self.ended_unexplained(f) => Some(BoardDifferenceKind::EndedAfterPrint),
            true => claim_not_accepted(f),
        };
        let told = |f: &Finding, kind: BoardDifferenceKind| BoardDifference {
            kind,
            finding: f.number.clone(),
            said: format!("{}：{}", f.number, kind.label()),
        };
        self.findings.iter().filter_map(|f| kind(f).map(|kind| told(f, kind))).collect()
    }

    /// What ended after every letter that prints it and after every letter that corrects one of these.
    fn ended_unexplained(&self, f: &Finding) -> bool {
        let Some(ended) = f.ended_at else { return false };
        let prints = |l: &Letter| l.lines.contains(&f.id);
        let printing: BTreeSet<LetterId> = self.letters.iter().filter(|l| prints(l)).map(|l| l.id).collect();
        let explains = |l: &Letter| prints(l) || l.corrects.is_some_and(|id| printing.contains(&id));
        !self.letters.iter().any(|l| explains(l) && l.issued_at >= ended)
    }
}

/// What was withdrawn without having been printed was a mistake, and told to nobody.
fn not_printed(f: &Finding) -> Option<BoardDifferenceKind> {
    match f.state {
        State::Withdrawn => None,
        State::Open => Some(BoardDifferenceKind::Unconfirmed),
        _ => Some(BoardDifferenceKind::NotInLetter),
    }
}

fn claim_not_accepted(f: &Finding) -> Option<BoardDifferenceKind> {
    match (f.answer, f.state) {
        (Some(ReplyAnswer::Rectified), State::Rectified | State::Checked) => {
            Some(BoardDifferenceKind::ClaimPending)
        }
        (Some(ReplyAnswer::Rectified), state) if state.is_unsettled() => {
            Some(BoardDifferenceKind::ClaimNotStanding)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
