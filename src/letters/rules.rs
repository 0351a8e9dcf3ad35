//! Who may take a letter a step further: PURE. Three steps, three persons: nobody approves what they submitted or issues
//! what they submitted or approved. A step by a deputy counts as taken by both, and whoever acts for somebody may do
//! nothing that this somebody may not. What was issued is sealed and delivered by the registrar 局办文书; until then it can
//! be made void with its number kept, afterwards only another letter puts right what is wrong with it.

use crate::access::Action;
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
        /// Sealed, and the scan 用印扫描件 is attached.
        Sealed = "sealed" "已用印",
        /// With its addressee.
        Delivered = "delivered" "已送达",
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
    /// The issuer makes it void.
    Void,
    /// The registrar enters the number that the office gave it.
    Number,
    /// The registrar records the seal and attaches the scan; once more where the scan was a wrong one.
    Seal,
    /// The registrar delivers.
    Deliver,
    /// The addressee has received it.
    Acknowledge,
}

impl Step {
    /// What it needs.
    pub fn action(self) -> Action {
        match self {
            Self::Edit | Self::Submit => Action::DraftLetters,
            Self::Return => Action::ReturnLetter,
            Self::Approve => Action::ApproveLetters,
            Self::Issue => Action::IssueLetters,
            Self::Void => Action::VoidLetter,
            Self::Number | Self::Seal | Self::Deliver => Action::DispatchLetters,
            Self::Acknowledge => Action::AcknowledgeLetter,
        }
    }
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
    /// For whom, where a deputy did.
    pub submitted_for: Option<UserId>,
    /// Who approved.
    pub approved_by: Option<UserId>,
    /// For whom, where a deputy did.
    pub approved_for: Option<UserId>,
}

/// Who takes a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The account.
    pub id: UserId,
    /// For whom, where only a delegation allows it.
    pub acts_for: Vec<UserId>,
}

/// The table.
///
/// # Errors
/// A refusal; nothing changes.
pub fn decide(state: LetterState, step: Step, persons: Persons, who: &Who) -> Result<LetterState, Refusal> {
    use LetterState::{Approved, Delivered, DocumentReady, Draft, InReview, Issued, Returned, Sealed, Void};
    let wrong = Refusal { code: "wrong_state", detail: "当前状态不能执行此操作" };
    let next = match (step, state) {
        (Step::Edit, Draft | Returned) => return Ok(state),
        (Step::Submit, Draft | Returned) => return Ok(InReview),
        (Step::Return, InReview | Approved) => Returned,
        (Step::Approve, InReview) => Approved,
        (Step::Issue, Approved) => Issued,
        (Step::Void, Delivered) => {
            let detail = "已送达的函不能作废，请另发更正函或撤回函";
            return Err(Refusal { code: "already_delivered", detail });
        }
        (Step::Void, Draft | Returned | InReview | Approved | Issued | DocumentReady | Sealed) => {
            return Ok(Void);
        }
        (Step::Number, Issued) => return Ok(Issued),
        (Step::Seal, DocumentReady | Sealed) => return Ok(Sealed),
        (Step::Deliver, Sealed) => return Ok(Delivered),
        (Step::Acknowledge, Delivered) => return Ok(Delivered),
        _ => return Err(wrong),
    };
    let own = Refusal { code: "own_work", detail: "送审、审核、签发须由三个不同的人办理" };
    let mut earlier = vec![persons.submitted_by, persons.submitted_for];
    if step == Step::Issue {
        earlier.extend([persons.approved_by, persons.approved_for]);
    }
    let did = |person: &UserId| earlier.contains(&Some(*person));
    if did(&who.id) || who.acts_for.iter().any(did) { Err(own) } else { Ok(next) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::types::Coded as _;
    use crate::ids::TypedId as _;

    fn person(n: u128) -> UserId {
        UserId::from_uuid(uuid::Uuid::from_u128(n))
    }

    fn myself(id: UserId) -> Who {
        Who { id, acts_for: vec![] }
    }

    fn persons(submitted: u128, approved: u128) -> Persons {
        let (submitted_by, approved_by) = (Some(person(submitted)), Some(person(approved)));
        Persons { submitted_by, approved_by, ..Persons::default() }
    }

    /// Columns: edit submit return approve issue void number seal deliver acknowledge.
    const TABLE: [(&str, &str); 9] = [
        ("draft", "draft in_review - - - void - - - -"),
        ("in_review", "- - returned approved - void - - - -"),
        ("returned", "returned in_review - - - void - - - -"),
        ("approved", "- - returned - issued void - - - -"),
        ("issued", "- - - - - void issued - - -"),
        ("document_ready", "- - - - - void - sealed - -"),
        ("sealed", "- - - - - void - sealed delivered -"),
        ("delivered", "- - - - - - - - - delivered"),
        ("void", "- - - - - - - - - -"),
    ];

    #[test]
    fn every_state_and_step() {
        use Step::{Acknowledge, Approve, Deliver, Edit, Issue, Number, Return, Seal, Submit, Void};
        let persons = persons(1, 2);
        assert_eq!(TABLE.len(), LetterState::ALL.len());
        for (state, row) in TABLE {
            let state = LetterState::from_code(state).unwrap();
            let steps = [Edit, Submit, Return, Approve, Issue, Void, Number, Seal, Deliver, Acknowledge];
            for (step, expected) in steps.into_iter().zip(row.split(' ')) {
                let got = decide(state, step, persons, &myself(person(3))).map_or("-", |s| s.code());
                assert_eq!(got, expected, "{state:?} {step:?}");
            }
        }
    }

    #[test]
    fn what_was_delivered_is_put_right_by_another_letter() {
        let refused = decide(LetterState::Delivered, Step::Void, persons(1, 2), &myself(person(2)));
        assert_eq!(refused.map_err(|r| r.code), Err("already_delivered"));
    }

    #[test]
    fn three_steps_three_persons() {
        let (a, b) = (person(1), person(2));
        let refused = |state, step, who| decide(state, step, persons(1, 2), &myself(who)).map_err(|r| r.code);
        assert_eq!(refused(LetterState::InReview, Step::Approve, a), Err("own_work"));
        assert_eq!(refused(LetterState::Approved, Step::Issue, a), Err("own_work"));
        assert_eq!(refused(LetterState::Approved, Step::Issue, b), Err("own_work"));
        assert_eq!(refused(LetterState::InReview, Step::Return, a), Err("own_work"));
    }

    #[test]
    fn deputies_count_for_two() {
        let (deputy, third) = (person(3), person(4));
        let acts_for = |id, principal: u128| Who { id, acts_for: vec![person(principal)] };
        let code = |state, step, persons, who: &Who| decide(state, step, persons, who).map_err(|r| r.code);
        // What the principal submitted or approved their deputy takes no further.
        let by_persons = persons(1, 2);
        for (state, step, principal, expected) in [
            (LetterState::InReview, Step::Approve, 1, Err("own_work")),
            (LetterState::InReview, Step::Return, 1, Err("own_work")),
            (LetterState::Approved, Step::Issue, 1, Err("own_work")),
            (LetterState::Approved, Step::Issue, 2, Err("own_work")),
            (LetterState::Approved, Step::Issue, 9, Ok(LetterState::Issued)),
            (LetterState::InReview, Step::Approve, 2, Ok(LetterState::Approved)),
        ] {
            assert_eq!(
                code(state, step, by_persons, &acts_for(deputy, principal)),
                expected,
                "{step:?} {principal}"
            );
        }
        // And what a deputy did for somebody is theirs too.
        let for_others =
            Persons { submitted_for: Some(person(5)), approved_for: Some(person(6)), ..persons(1, 2) };
        for (step, state, who, expected) in [
            (Step::Approve, LetterState::InReview, person(5), Err("own_work")),
            (Step::Approve, LetterState::InReview, person(6), Ok(LetterState::Approved)),
            (Step::Issue, LetterState::Approved, person(5), Err("own_work")),
            (Step::Issue, LetterState::Approved, person(6), Err("own_work")),
            (Step::Issue, LetterState::Approved, third, Ok(LetterState::Issued)),
        ] {
            assert_eq!(code(state, step, for_others, &myself(who)), expected, "{step:?}");
            assert_eq!(code(state, step, for_others, &Who { id: third, acts_for: vec![who] }), expected);
        }
    }
}
