//! What an answer must hold, and where a letter stands after the answers to it: PURE.

use crate::db::types::coded;
use crate::fault::FieldFault;
use crate::findings::rules::State;
use crate::ids::FindingId;
use crate::letters::DeliveryChannel;
use crate::photos::Declared;
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

coded! {
    /// Where a reply stands.
    pub enum ReplyState {
        /// Drafted by the street; nobody else sees it.
        Draft = "draft" "草稿",
        /// Sent, and frozen.
        Sent = "sent" "已发出",
    }
}

coded! {
    /// What the street says of a line.
    pub enum ReplyAnswer {
        /// It is put right: a claim.
        Rectified = "rectified" "已整改",
        /// It is being put right.
        InProgress = "in_progress" "整改中",
        /// It cannot be put right in time.
        CannotInTime = "cannot_in_time" "无法按期",
    }
}

coded! {
    /// What became of an answer when the reply was sent.
    pub enum ReplyOutcome {
        /// It is a claim now.
        Claimed = "claimed" "已登记为整改申报",
        /// The claim was refused, and the answer is kept.
        ClaimRefused = "claim_refused" "申报未受理",
        /// It is kept as it was said.
        Recorded = "recorded" "已记录",
        /// More time is asked for.
        ExtensionAsked = "extension_asked" "已提出延期申请",
        /// More time cannot be asked for, and the answer is kept.
        ExtensionRefused = "extension_refused" "延期申请未受理",
    }
}

coded! {
    /// What a file of a reply is.
    pub enum ReplyFileKind {
        /// The scan of the sealed reply.
        Sealed = "sealed" "用印扫描件",
        /// What is attached to it.
        Attachment = "attachment" "附件",
    }
}

/// What a reply says of a line of the annex.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The finding; none where the name that was given belongs to none.
    pub finding: Option<FindingId>,
    /// The answer.
    pub answer: ReplyAnswer,
    /// What was or is being done.
    pub measures: Option<String>,
    /// Why it cannot be done in time.
    pub reason: Option<String>,
    /// The day on which it was put right.
    pub claimed_on: Option<NaiveDate>,
    /// The day by which it will be; of 无法按期 the day that is asked for.
    pub proposed_due: Option<NaiveDate>,
    /// Whether the like was looked for elsewhere.
    pub similar_check: Option<String>,
    /// What keeps it from coming back.
    pub system_measures: Option<String>,
    /// Who watches over it.
    pub supervisor: Option<String>,
    /// Proofs.
    pub photos: Vec<Declared>,
}

/// A line of the letter's annex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// The finding.
    pub finding: FindingId,
    /// Its number.
    pub number: String,
    /// Where it stands today.
    pub state: State,
}

/// What is wrong with lines in themselves, by pointer: a line of another letter, one that is named twice, one that says too
/// little for its answer.
pub fn faults(lines: &[Line], printed: &[Printed]) -> Vec<FieldFault> {
    let mut seen = BTreeSet::new();
    let mut found = vec![];
    for (n, line) in lines.iter().enumerate() {
        let at = |field: &str| format!("/lines/{n}/{field}");
        match line.finding.filter(|id| printed.iter().any(|p| p.finding == *id)) {
            None => found.push(FieldFault::new(at("finding"), "not_in_letter", "该函附件中没有此问题")),
            Some(id) if !seen.insert(id) => {
                found.push(FieldFault::new(at("finding"), "duplicate", "同一问题重复答复"));
            }
            Some(_) => {}
        }
        let needed: &[(&str, bool, &str)] = match line.answer {
            ReplyAnswer::Rectified => &[
                ("measures", line.measures.is_some(), "已整改的须写明整改情况"),
                ("claimed_on", line.claimed_on.is_some(), "已整改的须写明完成日期"),
            ],
            ReplyAnswer::InProgress => &[("measures", line.measures.is_some(), "整改中的须写明措施")],
            ReplyAnswer::CannotInTime => &[("reason", line.reason.is_some(), "无法按期的须说明原因")],
        };
        let missing = needed.iter().filter(|(_, there, _)| !there);
        found.extend(missing.map(|(field, _, why)| FieldFault::new(at(field), "required", *why)));
    }
    found
}

/// Lines of the letter that are open and have no answer, by pointer into the letter's `findings`. What is settled may be
/// left out.
pub fn unanswered(printed: &[Printed], answered: &BTreeSet<FindingId>) -> Vec<FieldFault> {
    let open = |p: &Printed| p.state.is_unsettled() && !answered.contains(&p.finding);
    let told = |(n, p): (usize, &Printed)| {
        FieldFault::new(format!("/findings/{n}"), "unanswered", format!("{}尚未答复", p.number))
    };
    printed.iter().enumerate().filter(|(_, p)| open(p)).map(told).collect()
}

/// Whether the scan of the sealed reply must be there. What was delivered on paper, by fax or through the document system
/// is answered by a sealed document; what stands in the inbox here only may be answered here.
pub fn scan_required(channel: DeliveryChannel) -> bool {
    channel != DeliveryChannel::Inbox
}

/// Whether an answer that was received on a day is late. The day is the server's: the date on the paper is the street's own.
pub fn is_late(received_on: NaiveDate, reply_due: NaiveDate) -> bool {
    received_on > reply_due
}

/// Whether a letter without an answer is past its day.
pub fn is_overdue(received_on: Option<NaiveDate>, reply_due: NaiveDate, today: NaiveDate) -> bool {
    received_on.is_none() && today > reply_due
}

/// The answer of each line that counts: the newest one. `sent` is in the order of sending.
pub fn newest<A: Copy>(sent: impl IntoIterator<Item = (FindingId, A)>) -> BTreeMap<FindingId, A> {
    sent.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TypedId as _;

    fn finding(n: u128) -> FindingId {
        FindingId::from_uuid(uuid::Uuid::from_u128(n))
    }

    fn line(n: u128, answer: ReplyAnswer) -> Line {
        Line {
            finding: Some(finding(n)),
            answer,
            measures: None,
            reason: None,
            claimed_on: None,
            proposed_due: None,
            similar_check: None,
            system_measures: None,
            supervisor: None,
            photos: vec![],
        }
    }

    fn printed(n: u128, state: State) -> Printed {
        Printed { finding: finding(n), number: format!("N-{n}"), state }
    }

    fn told(faults: &[FieldFault]) -> Vec<(&str, &str)> {
        faults.iter().map(|f| (f.pointer.as_str(), f.code.as_str())).collect()
    }

    #[test]
    fn every_answer_says_what_it_needs() {
        let letter = [printed(1, State::Served), printed(2, State::Served), printed(3, State::Served)];
        let bare = [
            line(1, ReplyAnswer::Rectified),
            line(2, ReplyAnswer::InProgress),
            line(3, ReplyAnswer::CannotInTime),
        ];
        let expected = [
            ("/lines/0/measures", "required"),
            ("/lines/0/claimed_on", "required"),
            ("/lines/1/measures", "required"),
            ("/lines/2/reason", "required"),
        ];
        assert_eq!(told(&faults(&bare, &letter)), expected);
        let full = bare.map(|l| Line {
            measures: Some("更换".into()),
            reason: Some("待货".into()),
            claimed_on: "2026-09-01".parse().ok(),
            ..l
        });
        assert_eq!(faults(&full, &letter), []);
    }

    #[test]
    fn only_lines_of_the_letter_and_each_once() {
        let letter = [printed(1, State::Served)];
        let said = |n| Line { reason: Some("待货".into()), ..line(n, ReplyAnswer::CannotInTime) };
        let unknown = Line { finding: None, ..said(9) };
        let found = faults(&[said(1), said(2), unknown, said(1)], &letter);
        let expected = [
            ("/lines/1/finding", "not_in_letter"),
            ("/lines/2/finding", "not_in_letter"),
            ("/lines/3/finding", "duplicate"),
        ];
        assert_eq!(told(&found), expected);
    }

    #[test]
    fn open_lines_want_an_answer_and_settled_ones_do_not() {
        let states = [State::Served, State::Closed, State::Rectified, State::Withdrawn, State::Terminated];
        let letter: Vec<Printed> = (1..).zip(states).map(|(n, state)| printed(n, state)).collect();
        let missing = |answered: &[u128]| {
            let answered = answered.iter().map(|n| finding(*n)).collect();
            unanswered(&letter, &answered).into_iter().map(|f| f.pointer).collect::<Vec<_>>()
        };
        assert_eq!(missing(&[]), ["/findings/0", "/findings/2"]);
        assert_eq!(missing(&[1]), ["/findings/2"]);
        assert!(missing(&[1, 3]).is_empty());
    }

    #[test]
    fn the_last_day_is_in_time() {
        let day = |d| NaiveDate::from_ymd_opt(2026, 9, d).unwrap();
        assert!(!is_late(day(10), day(10)) && is_late(day(11), day(10)));
        assert!(!is_overdue(None, day(10), day(10)) && is_overdue(None, day(10), day(11)));
        assert!(!is_overdue(Some(day(12)), day(10), day(13)), "late, but answered");
    }

    #[test]
    fn the_newest_answer_counts() {
        let (a, b) = (finding(1), finding(2));
        let sent =
            [(a, ReplyAnswer::InProgress), (b, ReplyAnswer::CannotInTime), (a, ReplyAnswer::Rectified)];
        assert_eq!(
            newest(sent),
            BTreeMap::from([(a, ReplyAnswer::Rectified), (b, ReplyAnswer::CannotInTime)])
        );
    }

    #[test]
    fn only_the_inbox_here_takes_an_answer_without_paper() {
        use crate::db::types::Coded as _;
        let without: Vec<_> = DeliveryChannel::ALL.iter().filter(|c| !scan_required(**c)).collect();
        assert_eq!(without, [&DeliveryChannel::Inbox]);
    }
}
