//! What the facts of a letter must be before one is composed of them.

use super::super::edits::{self, MAX_BLOCKS};
use super::super::facts::Facts;
use super::super::kind::{LetterKind, Terms};
use super::marks::clean;
use super::{ComposeFault, MAX_LINES, MAX_TEXT, coverage};
use crate::db::types::Coded as _;
use crate::directory::FacilityKind;

/// What a reminder letter never says.
const FORBIDDEN: [&str; 4] = ["责令", "较大隐患", "较大事故隐患", "较大安全隐患"];

/// Looks at everything; the first fault is told.
///
/// # Errors
/// A letter without anything to remind of; a size, a text or a count that a letter cannot have.
pub(super) fn check(facts: &Facts) -> Result<(), ComposeFault> {
    reply_due(facts)?;
    open(facts)?;
    sizes(facts)?;
    texts(facts)?;
    written(facts)?;
    counts(facts)
}

/// The street has the letter before it replies, unless somebody has said why not.
fn reply_due(facts: &Facts) -> Result<(), ComposeFault> {
    if facts.kind.asks_too_late(facts.reply_due, facts.date, facts.late_reply) {
        return Err(ComposeFault::ReplyDue { reply_due: facts.reply_due, date: facts.date });
    }
    Ok(())
}

/// A reminder of what is not done names what is not done.
fn open(facts: &Facts) -> Result<(), ComposeFault> {
    let open = facts.lines.iter().chain(&facts.carried_over).any(|line| line.state.is_unsettled());
    match facts.kind {
        LetterKind::SecondReminder | LetterKind::OperatorReminder | LetterKind::TalkNotice if !open => {
            Err(ComposeFault::NothingOpen { kind: facts.kind })
        }
        _ => Ok(()),
    }
}

fn sizes(facts: &Facts) -> Result<(), ComposeFault> {
    let lists =
        [("问题", facts.lines.len() + facts.carried_over.len()), ("考核指标", facts.indicators.len())];
    match lists.into_iter().find(|(_, count)| *count > MAX_LINES) {
        Some((what, count)) => Err(ComposeFault::TooManyLines { what, count }),
        None => Ok(()),
    }
}

fn texts(facts: &Facts) -> Result<(), ComposeFault> {
    check_text("发文机关名称", &facts.authority.name, true)?;
    check_text("机关代字", &facts.authority.doc_word, true)?;
    check_text("联系方式", &facts.authority.contact, false)?;
    check_text("主送机关", &facts.street_office_name, true)?;
    check_text("街道名称", &facts.street_name, true)?;
    check_text("检查行动名称", &facts.campaign_name, true)?;
    for name in &facts.cc {
        check_text("抄送机关", name, true)?;
    }
    check_text("水印", facts.authority.watermark.as_deref().unwrap_or_default(), false)?;
    for line in facts.lines.iter().chain(&facts.carried_over) {
        let place = |part: &str| format!("问题{}的{part}", line.finding_number);
        check_text("问题编号", &line.finding_number, true)?;
        check_text(&place("设施名称"), &line.facility_name, true)?;
        check_text(&place("类别"), &line.category, true)?;
        check_text(&place("描述"), &line.description, true)?;
        for basis in &line.verified_basis {
            check_text(&place("依据"), basis, false)?;
        }
    }
    for indicator in &facts.indicators {
        for text in [&indicator.name, &indicator.target, &indicator.value, &indicator.rate] {
            check_text("考核指标", text, true)?;
        }
    }
    Ok(())
}

/// What a clerk has written, which is checked as everything else is, and counts nothing.
fn written(facts: &Facts) -> Result<(), ComposeFault> {
    if facts.blocks.len() > MAX_BLOCKS {
        return Err(ComposeFault::TooManyLines { what: "自拟段落", count: facts.blocks.len() });
    }
    for block in &facts.blocks {
        check_text("自拟段落", &block.text, true)?;
        if let Some(count) = edits::count_in(&block.text) {
            return Err(ComposeFault::CountInText { count });
        }
    }
    if let Some(operator) = &facts.operator {
        check_text("主送单位", operator, true)?;
    }
    match &facts.terms {
        None => Ok(()),
        Some(Terms::Talk { time, place, persons, .. }) => {
            [time, place, persons].into_iter().try_for_each(|text| check_text("约谈安排", text, true))
        }
        Some(Terms::Withdrawal { reason }) => check_text("撤回理由", reason, true),
        Some(Terms::Corrections { items }) => items
            .iter()
            .flat_map(|item| [&item.said, &item.correct])
            .try_for_each(|text| check_text("更正内容", text, true)),
    }
}

fn check_text(place: &str, text: &str, needed: bool) -> Result<(), ComposeFault> {
    let place = || place.chars().take(100).collect::<String>();
    if text.chars().count() > MAX_TEXT {
        return Err(ComposeFault::TextTooLong { place: place() });
    }
    let text = clean(text);
    if needed && text.is_empty() {
        return Err(ComposeFault::TextMissing { place: place() });
    }
    match FORBIDDEN.into_iter().find(|word| text.contains(word)) {
        Some(word) => Err(ComposeFault::ForbiddenWord { place: place(), word }),
        None => Ok(()),
    }
}

/// The text's coverage is annex 2's.
fn counts(facts: &Facts) -> Result<(), ComposeFault> {
    for kind in FacilityKind::ALL {
        let (planned, inspected) = coverage(facts, *kind);
        let (said, name) =
            ([format!("{planned}个"), format!("{inspected}个")], format!("{}检查覆盖率", kind.label()));
        let disagree =
            |left: String, right: String| ComposeFault::CountsDisagree { what: name.clone(), left, right };
        if inspected > planned {
            let [left, right] = said;
            return Err(disagree(left, right));
        }
        for row in facts.indicators.iter().filter(|row| row.name == name) {
            let printed = [row.target.clone(), row.value.clone()];
            if printed != said {
                return Err(disagree(said.join("/"), printed.join("/")));
            }
        }
    }
    Ok(())
}
