//! The kinds of letters: templates of one engine. All but the campaign's reminder are drafted one by one.

use crate::db::types::coded;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

coded! {
    /// What a letter is for.
    #[derive(Default)]
    pub enum LetterKind {
        /// What a campaign found in a street 提醒函: one per street, drafted in a batch.
        #[default]
        CampaignReminder = "campaign_reminder" "提醒函",
        /// What of a delivered letter is not rectified yet.
        SecondReminder = "second_reminder" "再次提醒函",
        /// What a campaign found at an operator's or social organisation's facilities in a street.
        OperatorReminder = "operator_reminder" "致运营机构提醒函",
        /// Calls an operator in; never a street.
        TalkNotice = "talk_notice" "约谈通知",
        /// Puts right what a delivered letter says wrongly.
        Correction = "correction" "更正函",
        /// Takes a delivered letter back.
        Withdrawal = "withdrawal" "撤回函",
    }
}

impl LetterKind {
    /// It goes to an operator or social organisation, and not to the street office.
    pub fn is_to_operator(self) -> bool {
        matches!(self, Self::OperatorReminder | Self::TalkNotice)
    }

    /// It lists findings; the others speak of another letter only.
    pub fn lists_findings(self) -> bool {
        !matches!(self, Self::Correction | Self::Withdrawal)
    }

    /// Whether it asks for something by a day that has come on `today`, and nobody has said why it must all the same. Nobody is
    /// called in for such a day, whatever is said.
    pub fn asks_too_late(self, by: NaiveDate, today: NaiveDate, forced: bool) -> bool {
        self.lists_findings() && by <= today && (!forced || self == Self::TalkNotice)
    }

    /// Its addressee is asked for a written reply.
    pub fn wants_reply(self) -> bool {
        self.lists_findings() && self != Self::TalkNotice
    }
}

/// What a person has to say for a letter of some kinds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Terms {
    /// When and where an operator is called in.
    Talk {
        /// The day.
        on: NaiveDate,
        /// The time of day, e.g. 15:30.
        time: String,
        /// Where.
        place: String,
        /// Who is called in, e.g. 主要负责人.
        persons: String,
    },
    /// What is wrong in a letter, and how it is to read.
    Corrections {
        /// In order.
        items: Vec<CorrectedText>,
    },
    /// Why a letter is taken back.
    Withdrawal {
        /// The reason, as it will be printed.
        reason: String,
    },
}

/// A place in a letter that was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectedText {
    /// What the letter says.
    pub said: String,
    /// How it is to read.
    pub correct: String,
}

/// The letter that another speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct About {
    /// Its number.
    pub number: String,
    /// Its title on one line.
    pub title: String,
    /// Its day.
    pub date: NaiveDate,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_carries_a_letter_past_its_day_and_nobody_into_a_talk() {
        let day = |d| NaiveDate::from_ymd_opt(2026, 8, d).unwrap();
        let late = |kind: LetterKind, today, forced| kind.asks_too_late(day(5), day(today), forced);
        for kind in [LetterKind::CampaignReminder, LetterKind::SecondReminder, LetterKind::OperatorReminder] {
            assert!(!late(kind, 4, false) && late(kind, 5, false) && late(kind, 6, false), "{kind:?}");
            assert!(!late(kind, 6, true), "{kind:?}");
        }
        assert!(late(LetterKind::TalkNotice, 5, true) && !late(LetterKind::TalkNotice, 4, true));
        assert!(!late(LetterKind::Correction, 6, false) && !late(LetterKind::Withdrawal, 6, false));
    }
}
