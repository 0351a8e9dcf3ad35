//! How the bureau sends its letters.

use super::{Name, Setting};
use crate::ids::LetterId;
use serde::{Deserialize, Serialize};

/// Characters of the check page at the most: with a letter's id behind it the link still fits the printed code.
const CHECK_PAGE: usize = 150;

/// Copies at the most, and characters of each: together they fit a page, with the printed code over them.
pub const LONGEST_CC: (usize, usize) = (10, 60);

/// How letters are numbered, copied, checked and received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Letters {
    /// Words 机关代字 whose numbers the bureau's office gives out: they are entered and not counted here.
    pub office_words: Vec<String>,
    /// Who gets a copy of every letter 抄送, in order.
    pub cc: Vec<String>,
    /// Annex 2 says which place a street has among those of the campaign. Off by default: a letter reminds, it does not rank.
    pub rank_streets: bool,
    /// Working days within which an addressee says that it has received a letter.
    pub acknowledge_within: u16,
    /// The page on which somebody can have a copy checked; printed as a QR code where one is given, with the letter's id
    /// behind it (`?letter=…`). Off by default: what a letter says is for its addressee (工作秘密).
    pub check_page: Option<String>,
}

impl Default for Letters {
    fn default() -> Self {
        Self {
            office_words: vec![],
            cc: vec![],
            rank_streets: false,
            acknowledge_within: 2,
            check_page: None,
        }
    }
}

impl Letters {
    /// Whether the office gives out the numbers of a word.
    pub fn numbers_from_office(&self, word: &str) -> bool {
        self.office_words.iter().any(|known| known == word)
    }

    /// Where a copy of a letter can be checked.
    pub fn check_link(&self, id: LetterId) -> Option<String> {
        self.check_page.as_ref().map(|page| format!("{page}?letter={id}"))
    }
}

impl Setting for Letters {
    const NAME: Name = Name::Letters;

    fn check(&self) -> Result<(), String> {
        let short = |texts: &[String], (most, chars): (usize, usize)| {
            texts.len() <= most
                && texts.iter().all(|t| !t.trim().is_empty() && t.trim() == t && t.chars().count() <= chars)
        };
        if !short(&self.office_words, (10, 20)) {
            return Err("office_words 至多 10 个，每个 1 至 20 字，首尾无空格".into());
        }
        if !short(&self.cc, LONGEST_CC) {
            return Err("cc 至多 10 个，每个 1 至 60 字，首尾无空格".into());
        }
        if !(1..=20).contains(&self.acknowledge_within) {
            return Err("acknowledge_within 应在 1 至 20 之间".into());
        }
        let is_page = |page: &String| {
            let https = page.starts_with("https://") || page.starts_with("http://");
            https && page.len() <= CHECK_PAGE && page.is_ascii() && !page.contains(['?', '#', ' '])
        };
        if !self.check_page.iter().all(is_page) {
            return Err("check_page 应为不含 ? 和 # 的网址，至多 150 个字符".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TypedId as _;

    #[test]
    fn a_link_that_is_allowed_can_be_printed() {
        let page = |length: usize| format!("https://{}", "a".repeat(length - 8));
        let letters = |page| Letters { check_page: Some(page), ..Letters::default() };
        assert!(letters(page(CHECK_PAGE + 1)).check().is_err());
        let longest = letters(page(CHECK_PAGE));
        longest.check().unwrap();
        let link = longest.check_link(LetterId::from_uuid(uuid::Uuid::from_u128(1))).unwrap();
        assert!(link.len() <= 200, "{}", link.len());
    }
}
