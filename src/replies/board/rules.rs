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

impl BoardFigures {
    /// The figures of a street with so many differences.
    pub fn of(street: &Street, differences: usize, today: NaiveDate) -> Self {
        let printed = street.printed();
        let lines = |own: bool| {
            let of_kind = street.findings.iter().filter(|f| f.own == own && printed.contains(&f.id));
            BoardLineCounts::of(of_kind, today)
        };
        let letters = BoardLetterCounts::of(&street.letters, today);
        Self { letters, own: lines(true), carried_over: lines(false), differences }
    }

    /// Adds those of another street.
    pub fn add(&mut self, other: Self) {
        self.letters.add(other.letters);
        self.own.add(other.own);
        self.carried_over.add(other.carried_over);
        self.differences += other.differences;
    }

    /// The loop is closed: a letter was sent, no line is open, and nothing is unexplained.
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
mod tests {
    use super::*;
    use crate::ids::TypedId as _;
    use uuid::Uuid;

    const TODAY: &str = "2026-10-20";

    fn today() -> NaiveDate {
        TODAY.parse().unwrap()
    }

    fn at(day: u32) -> DateTime<Utc> {
        format!("2026-10-{day:02}T02:00:00Z").parse().unwrap()
    }

    fn finding(n: u128, state: State) -> Finding {
        Finding {
            id: FindingId::from_uuid(Uuid::from_u128(n)),
            number: format!("N-{n}"),
            state,
            due_on: "2026-10-10".parse().ok(),
            own: true,
            ended_at: None,
            answer: None,
        }
    }

    fn letter(n: u128, issued: u32, lines: &[u128]) -> Letter {
        Letter {
            id: LetterId::from_uuid(Uuid::from_u128(n)),
            issued_at: at(issued),
            corrects: None,
            asks: true,
            reply_due: today(),
            acknowledged: true,
            replied: None,
            lines: lines.iter().map(|n| FindingId::from_uuid(Uuid::from_u128(*n))).collect(),
        }
    }

    fn kinds(street: &Street) -> Vec<(String, BoardDifferenceKind)> {
        street.differences().into_iter().map(|d| (d.finding, d.kind)).collect()
    }

    fn closed(street: &Street) -> bool {
        BoardFigures::of(street, street.differences().len(), today()).closed_loop()
    }

    #[test]
    fn lines_are_counted_once_and_the_carried_over_apart() {
        let carried = Finding { own: false, ..finding(5, State::Served) };
        let findings = vec![
            finding(1, State::Closed),
            finding(2, State::Served),
            finding(3, State::Terminated),
            finding(4, State::Disputed),
            carried,
        ];
        let street = Street { letters: vec![letter(1, 2, &[1, 2, 3, 5]), letter(2, 9, &[2, 4])], findings };
        let figures = BoardFigures::of(&street, 0, today());
        let own = BoardLineCounts { printed: 4, closed: 1, of: 3, ended: 1, open: 2, overdue: 1 };
        assert_eq!(figures.own, own, "what is disputed is open and not late");
        assert_eq!(
            figures.carried_over,
            BoardLineCounts { printed: 1, of: 1, open: 1, overdue: 1, ..Default::default() }
        );
        let mut district = figures;
        district.add(figures);
        assert_eq!((district.own.printed, district.carried_over.open, district.letters.sent), (8, 2, 4));
    }

    #[test]
    fn letters_by_how_they_were_answered() {
        let replied = |day: u32| Letter { replied: Some(at(day).date_naive()), ..letter(1, 2, &[]) };
        let due = |day: u32, l: Letter| Letter { reply_due: at(day).date_naive(), ..l };
        let letters = vec![
            due(10, replied(10)),
            due(10, replied(11)),
            due(19, letter(3, 2, &[])),
            Letter { acknowledged: false, ..due(20, letter(4, 2, &[])) },
        ];
        let expected =
            BoardLetterCounts { sent: 4, acknowledged: 3, replied: 2, replied_late: 1, reply_overdue: 1 };
        assert_eq!(BoardLetterCounts::of(&letters, today()), expected);
    }

    #[test]
    fn nothing_is_closed_that_was_not_sent() {
        assert!(!closed(&Street::default()));
        let street = Street { letters: vec![letter(1, 2, &[1])], findings: vec![finding(1, State::Closed)] };
        assert!(closed(&street));
    }

    #[test]
    fn each_difference_keeps_the_loop_open() {
        use BoardDifferenceKind::{
            ClaimNotStanding, ClaimPending, EndedAfterPrint, NotInLetter, Unconfirmed,
        };
        let answered = |state| Finding { answer: Some(ReplyAnswer::Rectified), ..finding(2, state) };
        let ended = Finding { ended_at: Some(at(5)), ..finding(2, State::Withdrawn) };
        for (lines, second, expected) in [
            (&[1, 2][..], answered(State::Closed), None),
            (&[1], finding(2, State::Closed), Some(NotInLetter)),
            (&[1], finding(2, State::Open), Some(Unconfirmed)),
            (&[1], finding(2, State::Withdrawn), None),
            (&[1, 2], ended.clone(), Some(EndedAfterPrint)),
            (&[1, 2], answered(State::Returned), Some(ClaimNotStanding)),
            (&[1, 2], answered(State::Checked), Some(ClaimPending)),
        ] {
            let told = format!("{second:?}");
            let findings = vec![finding(1, State::Closed), second];
            let street = Street { letters: vec![letter(1, 2, lines)], findings };
            let expected: Vec<_> = expected.map(|kind| ("N-2".to_string(), kind)).into_iter().collect();
            assert_eq!(kinds(&street), expected, "{told}");
            assert_eq!(closed(&street), expected.is_empty(), "{told}");
        }
    }

    #[test]
    fn a_later_letter_explains_what_ended() {
        let ended = Finding { ended_at: Some(at(5)), ..finding(1, State::Withdrawn) };
        let of = |letters| Street { letters, findings: vec![ended.clone()] };
        let first = letter(1, 2, &[1]);
        let correction = |issued| Letter { corrects: Some(first.id), ..letter(2, issued, &[]) };
        assert_eq!(kinds(&of(vec![first.clone()])).len(), 1);
        assert_eq!(kinds(&of(vec![first.clone(), correction(4)])).len(), 1, "issued before it ended");
        assert!(kinds(&of(vec![first.clone(), correction(6)])).is_empty());
        assert!(kinds(&of(vec![first.clone(), letter(2, 6, &[1])])).is_empty(), "printed again as ended");
        assert_eq!(kinds(&of(vec![first.clone(), letter(2, 6, &[])])).len(), 1, "about something else");
    }
}
