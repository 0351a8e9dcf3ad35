//! What is looked at in the letter as a whole: the numbers of its headings, the lines over its tables, and what it says in
//! words without a figure.

use super::counts::{is_open, printing, rows};
use super::reading::{must, on};
use crate::letters::facts::Facts;
use crate::letters::kind::LetterKind;
use crate::letters::letter::{Letter, Level};

/// 一、二、三 and （一）（二） run without a gap.
pub(super) fn ordinals(letter: &Letter) -> Result<(), String> {
    let count = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"];
    let (mut sections, mut points) = (0, 0);
    for paragraph in &letter.body {
        let wanted = match paragraph.level {
            Level::Heading => {
                (sections, points) = (sections + 1, 0);
                format!("{}、", count[sections - 1])
            }
            Level::Point => {
                points += 1;
                format!("（{}）", count[points - 1])
            }
            Level::Plain => continue,
        };
        if !paragraph.lead.starts_with(&wanted) {
            return Err(format!("{} should begin with {wanted}", paragraph.lead));
        }
    }
    Ok(())
}

/// The lines over the tables.
pub(super) fn notes(letter: &Letter, facts: &Facts) -> Result<(), String> {
    let as_of = on(facts.as_of);
    let mut right = vec![];
    if let Some(annex) = &letter.issues {
        let own = match facts.kind {
            LetterKind::CampaignReminder | LetterKind::OperatorReminder => "本次检查发现问题",
            _ => "本次检查发现、尚未销号的问题",
        };
        right.push((annex.note.clone(), format!("{own}{}个，现状截至{as_of}。", annex.rows.len())));
    }
    if let Some(annex) = &letter.indicators {
        right.push((annex.note.clone(), format!("截至{as_of}。")));
    }
    if let Some(annex) = &letter.carried_over {
        let count = annex.rows.len();
        let note = format!("截至{as_of}，前期尚未销号的问题{count}个（不计入本次检查发现问题数）。");
        right.push((annex.note.clone(), note));
    }
    match right.into_iter().find(|(said, wanted)| said != wanted) {
        Some((said, wanted)) => Err(format!("“{said}” should be “{wanted}”")),
        None => Ok(()),
    }
}

/// What is said without a figure.
pub(super) fn claims_in_words(letter: &Letter, facts: &Facts) -> Result<(), String> {
    let text = letter.text();
    let (issues, carried) = (rows(letter.issues.as_ref()), rows(letter.carried_over.as_ref()));
    let all_closed = !issues.is_empty()
        && printing(issues, "已销号") == issues.len()
        && carried.is_empty()
        && facts.left_out.is_empty();
    must(usize::from(text.contains("均已完成整改并销号")), all_closed, "均已完成")?;
    // A talk asks for no reply: what is to be done is said there.
    if !facts.kind.wants_reply() {
        return Ok(());
    }
    let nothing_open = !issues.iter().chain(carried).any(is_open);
    must(usize::from(text.contains("落实日常管理")), nothing_open, "落实日常管理")?;
    must(usize::from(text.contains("复查销号")), !nothing_open, "复查销号")?;
    if text.contains("未发现问题") && (!issues.is_empty() || !facts.left_out.is_empty()) {
        return Err("nothing was found, and yet there are rows".into());
    }
    Ok(())
}
