//! What a clerk may change of a draft: PURE. Texts of their own between the sections, the order of the findings, and which
//! of them are left out, each with a reason. Figures are counted from the rows and are nobody's to write: a text with a
//! count is refused. What is left out is said in the letter.

use crate::db::types::coded;
use crate::ids::FindingId;
use serde::{Deserialize, Serialize};

/// Texts of a clerk in one letter at the most.
pub const MAX_BLOCKS: usize = 12;

coded! {
    /// A section of the text, behind which a clerk's text may stand.
    pub enum Section {
        /// The opening.
        Opening = "opening" "引言",
        /// 检查情况.
        Inspected = "inspected" "检查情况",
        /// 存在的主要问题.
        Problems = "problems" "存在的主要问题",
        /// 前期未销号问题.
        CarriedOver = "carried_over" "前期未销号问题",
        /// 考核指标完成情况.
        Indicators = "indicators" "考核指标完成情况",
        /// 工作要求.
        Requirements = "requirements" "工作要求",
    }
}

/// A text of a clerk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// The section behind which it stands; a section that the letter does not have leaves it out of the letter, which is
    /// refused.
    pub after: Section,
    /// One paragraph.
    pub text: String,
}

/// A finding that the letter does not list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// The finding.
    pub finding_id: FindingId,
    /// Why, for the reviewer; not printed.
    pub reason: String,
}

/// What a clerk has changed of a draft.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Edits {
    /// Texts, in the order in which they stand behind their sections.
    pub blocks: Vec<Block>,
    /// Findings that come first, in this order; the others follow in the order of their numbers.
    pub order: Vec<FindingId>,
    /// Findings that are not listed.
    pub left_out: Vec<LeftOut>,
}

/// The count in a text, if it has one: an Arabic or Chinese number before a word that counts. “一项一项” and “一个不漏” count
/// nothing, nor do dates, times and clauses of laws.
pub fn count_in(text: &str) -> Option<String> {
    const COUNTED: [char; 13] = ['个', '项', '家', '处', '件', '份', '次', '条', '起', '人', '名', '%', '％'];
    const CHINESE: &str = "二三四五六七八九十百千两";
    let chars: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    for (at, counted) in chars.iter().enumerate().filter(|(_, c)| COUNTED.contains(c)) {
        let is_figure = |c: &char| c.is_numeric() && c.is_ascii() || ('０'..='９').contains(c) || *c == '.';
        let before = &chars[..at];
        let figures = before.iter().rev().take_while(|c| is_figure(c)).count();
        let words = before.iter().rev().take_while(|c| CHINESE.contains(**c) || **c == '一').count();
        let counts = before[at - words..].iter().any(|c| CHINESE.contains(*c));
        let length = figures.max(if counts { words } else { 0 });
        // 第十六条, 第三项: a clause, not a count.
        if length == 0 || at > length && before[at - length - 1] == '第' {
            continue;
        }
        return Some(before[at - length..].iter().chain([counted]).collect());
    }
    if chars.contains(&'％') || text.contains("百分之") { Some("百分之".into()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::count_in;

    #[test]
    fn counts_are_found_and_dates_and_clauses_are_not() {
        for (text, count) in [
            ("本次共发现 5 个问题", Some("5个")),
            ("其中三项已完成", Some("三项")),
            ("完成率95.5%", Some("95.5%")),
            ("完成率９５％", Some("９５％")),
            ("完成率达百分之九十", Some("百分之")),
            ("共二十一家机构", Some("二十一家")),
            ("请于2026年10月16日15时前报送", None),
            ("根据《消防法》第十六条第一款第二项", None),
            ("依据第60条", None),
            ("请一项一项核对，一个不漏", None),
            ("联系电话020-12345678", None),
            ("整改到位一个、对账销号一个", None),
        ] {
            assert_eq!(count_in(text).as_deref(), count, "{text}");
        }
    }
}
