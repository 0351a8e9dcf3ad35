//! Which letter answers a drafted 再次提醒, and which findings it has urged: PURE.

use super::super::Dropped;
use crate::ids::{AreaId, CampaignId};
use crate::letters::kind::LetterKind;
use crate::letters::rules::LetterState;
use crate::settings::{Addressee, StepKind};

/// What a step asks for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What.
    pub kind: StepKind,
    /// To whom: of which sort.
    pub to: Addressee,
    /// By name.
    pub name: &'a str,
    /// Of a step to a street, the street.
    pub street: Option<AreaId>,
    /// The campaign that found what is urged; none of daily work.
    pub campaign: Option<CampaignId>,
}

/// What is known of a letter.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// What it is for.
    pub kind: LetterKind,
    /// Where it stands.
    pub state: LetterState,
    /// Another has taken it back 撤回.
    pub withdrawn: bool,
    /// Its campaign.
    pub campaign: CampaignId,
    /// Its street.
    pub street: AreaId,
    /// The operator that it goes to; the street office where there is none.
    pub operator: Option<&'a str>,
    /// A step to the same addressee about the same campaign was taken up with it already.
    pub named: bool,
}

impl Sent<'_> {
    fn is_to(&self, asked: &Asked<'_>) -> bool {
        match asked.to {
            Addressee::Operator => self.operator == Some(asked.name),
            Addressee::Street | Addressee::District => {
                self.operator.is_none() && asked.street == Some(self.street)
            }
        }
    }

    fn stands(&self) -> bool {
        self.state == LetterState::Delivered && !self.withdrawn
    }

    /// What daily work found is of no campaign; every letter is of one, and prints it as carried over.
    fn is_of_campaign(&self, asked: &Asked<'_>) -> bool {
        asked.campaign.is_none_or(|campaign| campaign == self.campaign)
    }
}

/// The kind of letter by which a step is taken; none where it is not taken by letter.
pub fn kind_of(kind: StepKind, to: Addressee) -> Option<LetterKind> {
    match (kind, to) {
        (StepKind::SecondReminder, Addressee::Street) => Some(LetterKind::SecondReminder),
        (StepKind::SecondReminder, Addressee::Operator) => Some(LetterKind::OperatorReminder),
        _ => None,
    }
}

/// Whether a step may be taken up with a letter. What the letter prints is another question.
///
/// # Errors
/// What is wrong with the letter, in Chinese.
pub fn answers(asked: &Asked<'_>, sent: &Sent<'_>) -> Result<(), &'static str> {
    let Some(kind) = kind_of(asked.kind, asked.to) else {
        return Err("该步骤不以函件办理，不能登记函件");
    };
    let to_operator = asked.to == Addressee::Operator;
    let wrong = [
        (sent.kind != kind && to_operator, "该函不是致运营机构提醒函"),
        (sent.kind != kind, "该函不是再次提醒函"),
        (sent.state != LetterState::Delivered, "该函尚未送达"),
        (sent.withdrawn, "该函已撤回"),
        (!sent.is_of_campaign(asked), "该函不属于该步骤的检查任务"),
        (!sent.is_to(asked) && to_operator, "该函不是发给该步骤的运营机构的"),
        (!sent.is_to(asked), "该函不是发给该步骤的街道的"),
        (sent.named, "该函已登记在同一对象的另一再次提醒步骤下"),
    ];
    wrong.into_iter().find(|(holds, _)| *holds).map_or(Ok(()), |(_, why)| Err(why))
}

/// Whether a 再次提醒函 may be drafted that speaks of a letter, for the step.
pub fn may_be_repeated(asked: &Asked<'_>, sent: &Sent<'_>) -> bool {
    kind_of(asked.kind, asked.to) == Some(LetterKind::SecondReminder)
        && matches!(sent.kind, LetterKind::CampaignReminder | LetterKind::SecondReminder)
        && sent.stands()
        && sent.is_of_campaign(asked)
        && sent.is_to(asked)
}

/// Why a finding is not urged by a step that is taken up now, where it is not: `to_rectify`, it is with the responsible
/// side; `printed`, by the letter, where one is named.
pub fn left(to_rectify: bool, printed: Option<bool>) -> Option<Dropped> {
    match printed {
        _ if !to_rectify => Some(Dropped::Away),
        Some(false) => Some(Dropped::NotPrinted),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::types::Coded as _;
    use crate::ids::TypedId as _;
    use uuid::Uuid;

    fn campaign(n: u128) -> CampaignId {
        CampaignId::from_uuid(Uuid::from_u128(n))
    }

    fn street(n: u128) -> AreaId {
        AreaId::from_uuid(Uuid::from_u128(n))
    }

    fn to_street() -> Asked<'static> {
        Asked {
            kind: StepKind::SecondReminder,
            to: Addressee::Street,
            name: "甲街道办事处",
            street: Some(street(1)),
            campaign: Some(campaign(1)),
        }
    }

    fn to_operator() -> Asked<'static> {
        Asked { to: Addressee::Operator, name: "甲机构", street: None, ..to_street() }
    }

    fn second() -> Sent<'static> {
        Sent {
            kind: LetterKind::SecondReminder,
            state: LetterState::Delivered,
            withdrawn: false,
            campaign: campaign(1),
            street: street(1),
            operator: None,
            named: false,
        }
    }

    fn operators() -> Sent<'static> {
        Sent { kind: LetterKind::OperatorReminder, operator: Some("甲机构"), ..second() }
    }

    #[test]
    fn the_letter_of_the_step_answers_it() {
        assert_eq!(answers(&to_street(), &second()), Ok(()));
        assert_eq!(answers(&to_operator(), &operators()), Ok(()));
        let elsewhere = Sent { street: street(2), ..operators() };
        assert_eq!(answers(&to_operator(), &elsewhere), Ok(()), "an operator is one whatever the street");
        let daily = Asked { campaign: None, ..to_street() };
        assert_eq!(answers(&daily, &second()), Ok(()), "what no campaign found is carried over by any");
    }

    #[test]
    fn each_thing_that_is_wrong_is_said() {
        for (sent, said) in [
            (Sent { kind: LetterKind::CampaignReminder, ..second() }, "不是再次提醒函"),
            (operators(), "不是再次提醒函"),
            (Sent { state: LetterState::Sealed, ..second() }, "尚未送达"),
            (Sent { state: LetterState::Void, ..second() }, "尚未送达"),
            (Sent { withdrawn: true, ..second() }, "已撤回"),
            (Sent { campaign: campaign(2), ..second() }, "检查任务"),
            (Sent { street: street(2), ..second() }, "街道"),
            (Sent { operator: Some("甲机构"), ..second() }, "街道"),
            (Sent { named: true, ..second() }, "已登记"),
        ] {
            let refused = answers(&to_street(), &sent);
            assert!(refused.is_err_and(|why| why.contains(said)), "{said}: {refused:?}");
        }
        for (sent, said) in [
            (second(), "不是致运营机构提醒函"),
            (Sent { kind: LetterKind::TalkNotice, ..operators() }, "不是致运营机构提醒函"),
            (Sent { operator: Some("乙机构"), ..operators() }, "运营机构的"),
            (Sent { named: true, ..operators() }, "已登记"),
        ] {
            let refused = answers(&to_operator(), &sent);
            assert!(refused.is_err_and(|why| why.contains(said)), "{said}: {refused:?}");
        }
    }

    #[test]
    fn no_other_step_is_taken_by_letter() {
        for kind in StepKind::ALL.iter().filter(|kind| **kind != StepKind::SecondReminder) {
            let asked = Asked { kind: *kind, ..to_street() };
            assert!(answers(&asked, &second()).is_err(), "{kind:?}");
            assert!(!may_be_repeated(&asked, &second()), "{kind:?}");
        }
    }

    #[test]
    fn what_may_be_said_again() {
        let first = Sent { kind: LetterKind::CampaignReminder, ..second() };
        for sent in [first, second(), Sent { named: true, ..second() }] {
            assert!(may_be_repeated(&to_street(), &sent), "{sent:?}");
            assert!(!may_be_repeated(&to_operator(), &sent), "an operator's letter speaks of no other");
        }
        for sent in [
            Sent { withdrawn: true, ..first },
            Sent { state: LetterState::Sealed, ..first },
            Sent { street: street(2), ..first },
            Sent { campaign: campaign(2), ..first },
            Sent { kind: LetterKind::Correction, ..first },
            operators(),
        ] {
            assert!(!may_be_repeated(&to_street(), &sent), "{sent:?}");
        }
    }

    #[test]
    fn only_what_is_printed_and_theirs_is_urged() {
        for (to_rectify, printed, why) in [
            (true, None, None),
            (true, Some(true), None),
            (true, Some(false), Some(Dropped::NotPrinted)),
            (false, None, Some(Dropped::Away)),
            (false, Some(true), Some(Dropped::Away)),
            (false, Some(false), Some(Dropped::Away)),
        ] {
            assert_eq!(left(to_rectify, printed), why, "{to_rectify} {printed:?}");
        }
    }
}
