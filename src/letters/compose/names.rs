//! Persons' names in a letter: PURE. A letter speaks of facilities and of posts, never of a person: an elder's name is nobody's
//! business, and a clerk's or cook's is no finding. Only names that are known here can be recognised; the reviewer looks for
//! the others.

use crate::letters::facts::Facts;
use crate::letters::kind::Terms;
use std::collections::BTreeSet;

/// Posts that rosters have where a name is wanted.
const POSTS: [&str; 17] = [
    "负责人",
    "联系人",
    "站长",
    "副站长",
    "院长",
    "副院长",
    "主任",
    "副主任",
    "经理",
    "总经理",
    "店长",
    "厨师",
    "护士",
    "社工",
    "保安",
    "门卫",
    "法人",
];

/// How rosters call rooms, units and workers: 值班室, 服务台, 管理员. Hardly anybody is called so.
const NO_PERSON: [char; 8] = ['室', '台', '站', '部', '岗', '处', '科', '员'];

/// A name in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Which text, e.g. 问题440105007-2026-0012的描述.
    pub place: String,
    /// The name.
    pub name: String,
}

/// Whether what stands in a roster is a person's name: two to four Han characters that are neither a post nor a place.
fn is_name(text: &str) -> bool {
    let han = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c) || ('\u{20000}'..='\u{323af}').contains(&c);
    (2..=4).contains(&text.chars().count())
        && text.chars().all(han)
        && !POSTS.contains(&text)
        && !text.ends_with(NO_PERSON)
}

/// The names of known persons in what people have written into a letter: descriptions, a clerk's texts, and what was said
/// for its kind. A facility's own name may hold one (某某养老院), and is not looked at.
pub fn named(facts: &Facts, persons: &BTreeSet<String>) -> Vec<Named> {
    let persons: Vec<&str> = persons.iter().map(|name| name.trim()).filter(|name| is_name(name)).collect();
    let described = facts.lines.iter().chain(&facts.carried_over).map(|line| {
        let text = joined(&line.description).replace(&joined(&line.facility_name), "");
        (format!("问题{}的描述", line.finding_number), text)
    });
    let written = facts.blocks.iter().map(|block| ("自拟段落".to_string(), joined(&block.text)));
    let said = said(facts.terms.as_ref()).into_iter().map(|text| ("本函自拟内容".to_string(), joined(text)));
    let texts: Vec<(String, String)> = described.chain(written).chain(said).collect();
    let in_text = |(place, text): &(String, String)| -> Vec<Named> {
        let found = persons.iter().filter(|name| text.contains(**name));
        found.map(|name| Named { place: place.clone(), name: (*name).into() }).collect()
    };
    texts.iter().flat_map(in_text).collect()
}

/// A text without what nobody sees or hears of it: a name may be written with gaps.
fn joined(text: &str) -> String {
    let unseen = |c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
    };
    text.chars().filter(|c| !unseen(*c)).collect()
}

fn said(terms: Option<&Terms>) -> Vec<&str> {
    match terms {
        None => vec![],
        Some(Terms::Talk { time, place, persons, .. }) => vec![time, place, persons],
        Some(Terms::Withdrawal { reason }) => vec![reason],
        Some(Terms::Corrections { items }) => {
            items.iter().flat_map(|item| [item.said.as_str(), &item.correct]).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::facts;
    use super::*;
    use crate::letters::edits::{Block, Section};

    fn found(facts: &Facts, persons: &[&str]) -> Vec<(String, String)> {
        let persons = persons.iter().map(ToString::to_string).collect();
        named(facts, &persons).into_iter().map(|n| (n.place, n.name)).collect()
    }

    #[test]
    fn names_are_found_where_people_write() {
        let mut letter = facts(2, 1);
        letter.lines[1].description = "厨房由王小明一人值守，灭火器过期".into();
        letter.carried_over[0].description = "欧阳 修\u{200b}文的床位无呼叫器".into();
        letter.blocks = vec![Block { after: Section::Requirements, text: "请联系李雷。".into() }];
        letter.terms = Some(Terms::Withdrawal { reason: "韩梅梅另有说明".into() });
        let persons = ["王小明", "欧阳修文", "李雷", "韩梅梅", "赵六"];
        let place = |number: &str| format!("问题{number}的描述");
        let at = |text: &str, name: &str| (text.to_string(), name.to_string());
        assert_eq!(
            found(&letter, &persons),
            [
                at(&place(&letter.lines[1].finding_number), "王小明"),
                at(&place(&letter.carried_over[0].finding_number), "欧阳修文"),
                at("自拟段落", "李雷"),
                at("本函自拟内容", "韩梅梅"),
            ]
        );
    }

    #[test]
    fn a_post_is_no_name_and_a_facility_may_be_called_after_a_person() {
        let mut letter = facts(1, 0);
        letter.lines[0].facility_name = "王小明颐养院".into();
        letter.lines[0].description = "王小明颐养院的负责人不在岗，值班室的值班员未持证".into();
        assert_eq!(
            found(&letter, &["王小明", "负责人", "值班室", "值班员", "员", "", "甲公司联系电话", "Wang"]),
            []
        );
        letter.lines[0].description.push_str("，王小明离岗");
        assert_eq!(found(&letter, &["王小明"]).len(), 1);
    }
}
