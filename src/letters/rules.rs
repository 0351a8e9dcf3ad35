//! Who may take a letter a step further: PURE. Three steps, three persons: nobody approves what they submitted or issues
//! what they submitted or approved.

use crate::db::types::coded;
use crate::ids::UserId;

coded! {
    /// Where a letter stands.
    pub enum LetterState {
        /// Drafted; its facts still move.
        Draft = "draft" "草稿",
        /// Submitted; its facts are frozen.
        InReview = "in_review" "待审核",
        /// Sent back to its drafter.
        Returned = "returned" "已退回",
        /// Approved.
        Approved = "approved" "待签发",
        /// Issued with its number; the document is being made.
        Issued = "issued" "已签发",
        /// The document is there.
        DocumentReady = "document_ready" "成文",
        /// Void before delivery, with its number.
        Void = "void" "作废",
    }
}

/// A step of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The drafter changes it.
    Edit,
    /// The drafter submits.
    Submit,
    /// The reviewer or the issuer sends it back.
    Return,
    /// The reviewer approves.
    Approve,
    /// The issuer issues.
    Issue,
}

/// Why a step cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code.
    pub code: &'static str,
    /// In Chinese.
    pub detail: &'static str,
}

/// The persons of the earlier steps.
#[derive(Debug, Clone, Copy, Default)]
pub struct Persons {
    /// Who submitted.
    pub submitted_by: Option<UserId>,
    /// Who approved.
    pub approved_by: Option<UserId>,
}

/// The table.
///
/// # Errors
/// A refusal; nothing changes.
pub fn decide(state: LetterState, step: Step, persons: Persons, who: UserId) -> Result<LetterState, Refusal> {
    use LetterState::{Approved, Draft, InReview, Issued, Returned};
    let wrong = Refusal { code: "wrong_state", detail: "当前状态不能执行此操作" };
    let next = match (step, state) {
        (Step::Edit, Draft | Returned) => return Ok(state),
        (Step::Submit, Draft | Returned) => return Ok(InReview),
        (Step::Return, InReview | Approved) => Returned,
        (Step::Approve, InReview) => Approved,
        (Step::Issue, Approved) => Issued,
        _ => return Err(wrong),
    };
    let own = Refusal { code: "own_work", detail: "送审、审核、签发须由三个不同的人办理" };
    let earlier = match step {
        Step::Issue => [persons.submitted_by, persons.approved_by],
        _ => [persons.submitted_by, None],
    };
    if earlier.contains(&Some(who)) { Err(own) } else { Ok(next) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::types::Coded as _;
    use crate::ids::{TypedId as _, new_uuid};
    use chrono::DateTime;

    fn person(n: i64) -> UserId {
        UserId::from_uuid(new_uuid(DateTime::from_timestamp(n, 0).unwrap()))
    }

    /// Columns: edit submit return approve issue.
    const TABLE: [(&str, &str); 7] = [
        ("draft", "draft in_review - - -"),
        ("in_review", "- - returned approved -"),
        ("returned", "returned in_review - - -"),
        ("approved", "- - returned - issued"),
        ("issued", "- - - - -"),
        ("document_ready", "- - - - -"),
        ("void", "- - - - -"),
    ];

    #[test]
    fn every_state_and_step() {
        let persons = Persons { submitted_by: Some(person(1)), approved_by: Some(person(2)) };
        assert_eq!(TABLE.len(), LetterState::ALL.len());
        for (state, row) in TABLE {
            let state = LetterState::from_code(state).unwrap();
            let steps = [Step::Edit, Step::Submit, Step::Return, Step::Approve, Step::Issue];
            for (step, expected) in steps.into_iter().zip(row.split(' ')) {
                let got = decide(state, step, persons, person(3)).map_or("-", |s| s.code());
                assert_eq!(got, expected, "{state:?} {step:?}");
            }
        }
    }

    #[test]
    fn three_steps_three_persons() {
        let (a, b) = (person(1), person(2));
        let persons = Persons { submitted_by: Some(a), approved_by: Some(b) };
        let refused = |state, step, who| decide(state, step, persons, who).map_err(|r| r.code);
        assert_eq!(refused(LetterState::InReview, Step::Approve, a), Err("own_work"));
        assert_eq!(refused(LetterState::Approved, Step::Issue, a), Err("own_work"));
        assert_eq!(refused(LetterState::Approved, Step::Issue, b), Err("own_work"));
        assert_eq!(refused(LetterState::InReview, Step::Return, a), Err("own_work"));
    }
}
