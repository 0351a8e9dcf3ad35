//! The sentences of each section that may hold a figure, told with the figure counted anew.

use super::counts::{is_open, late, of, places, printing, rows};
use super::reading::{Reading, must, on};
use crate::db::types::Coded as _;
use crate::directory::FacilityKind;
use crate::letters::facts::Facts;
use crate::letters::kind::Terms;
use crate::letters::letter::{Annex, IssueRow, Letter};
use chrono::Datelike as _;

pub(super) fn covered(reading: &mut Reading, letter: &Letter, facts: &Facts) -> Result<(), String> {
    let as_of = on(facts.as_of);
    reading.says(&format!("根据{}工作安排", facts.campaign_name));
    reading.says(&format!("（截至{as_of}）函告如下："));
    if let (Some(from), Some(to)) = (facts.inspected_from, facts.inspected_to) {
        let short = format!("{}月{}日", to.month(), to.day());
        let until = if from.year() == to.year() { short } else { on(to) };
        let days = if from == to { on(from) } else { format!("{}至{until}", on(from)) };
        reading.says(&format!("我局于{days}对你街道辖内设施开展检查"));
    }
    if let Some(about) = &facts.about {
        reading.says(&format!("我局{}印发的《{}》（{}）", on(about.date), about.title, about.number));
        reading.says(&format!("截至{as_of}，仍有问题"));
    }
    if let Some(Terms::Talk { .. }) = &facts.terms {
        reading.says(&format!("运营的设施经{}发现的问题", facts.campaign_name));
        for annex in [&letter.issues, &letter.carried_over].into_iter().flatten() {
            reading.says(&annex.label);
        }
    }
    if reading.section.is_empty() || reading.text.starts_with("一、") {
        return Ok(());
    }
    let kinds: Vec<(&str, u32, u32)> = FacilityKind::ALL
        .iter()
        .map(|kind| (kind.label(), of(&facts.planned, *kind), of(&facts.inspected, *kind)))
        .filter(|(_, planned, _)| *planned > 0)
        .collect();
    // What the text says of coverage is what annex 2 says.
    for row in letter.indicators.iter().flat_map(|annex| &annex.rows) {
        let named = kinds.iter().find(|(kind, _, _)| row.name == format!("{kind}检查覆盖率"));
        let printed = (row.target.trim_end_matches('个').parse(), row.value.trim_end_matches('个').parse());
        if named.is_some_and(|(_, planned, done)| printed != (Ok(*planned), Ok(*done))) {
            return Err(format!("annex 2 says otherwise: {row:?}"));
        }
    }
    let planned: u32 = kinds.iter().map(|k| k.1).sum();
    let done: u32 = kinds.iter().map(|k| k.2).sum();
    let whole = kinds.iter().map(|(kind, of, _)| format!("{kind}{of}个")).collect::<Vec<_>>().join("、");
    let parts = kinds.iter().map(|(kind, of, is)| format!("{kind}{of}个中的{is}个"));
    let parts = parts.collect::<Vec<_>>().join("、");
    let left = planned - done;
    let coverage = match (kinds.len(), done) {
        (0, _) => String::new(),
        (_, 0) => format!("本次计划检查{whole}，均尚未完成检查。"),
        (1, _) if left == 0 => format!("本次计划检查{whole}，已全部检查。"),
        _ if left == 0 => format!("本次计划检查设施{planned}个，已全部检查，其中{whole}。"),
        _ => format!("本次计划检查设施{planned}个，已检查{done}个（{parts}），其余{left}个尚未完成检查。"),
    };
    must(reading.says(&coverage), true, &coverage)?;
    let rows = rows(letter.issues.as_ref());
    left_out(reading, facts)?;
    if rows.is_empty() {
        let clean = format!("已检查的{done}个设施未发现问题。");
        return must(reading.says(&clean), left > 0 && done > 0 && facts.left_out.is_empty(), &clean);
    }
    let found = format!("检查发现问题{}个，涉及设施{}个", rows.len(), places(rows));
    must(reading.says(&found), true, &found)?;
    let sheets = format!("，现场送达检查情况告知书{}份。", facts.sheets_served);
    must(reading.says(&sheets), facts.sheets_served > 0, &sheets)?;
    let (closed, ended) = (printing(rows, "已销号"), printing(rows, "已终结"));
    let all_done = closed == rows.len() && letter.carried_over.is_none() && facts.left_out.is_empty();
    let standing = format!("截至{as_of}，已销号{closed}个，未销号{}个", rows.len() - closed - ended);
    must(reading.says(&standing), !all_done, &standing)?;
    let overdue = format!("，未销号问题中已逾期{}个", late(rows));
    must(reading.says(&overdue), late(rows) > 0, &overdue)?;
    let gone = format!("而终结{ended}个（不计入整改完成）");
    must(reading.says(&gone), ended > 0, &gone)
}

/// What a clerk has left out is said.
fn left_out(reading: &mut Reading, facts: &Facts) -> Result<(), String> {
    let count = facts.left_out.len();
    let said = format!("另有{count}个问题由我局另行处理，不列入本函。");
    must(reading.says(&said), count > 0, &said)
}

/// What is open of an annex, and where.
fn open_of(reading: &mut Reading, annex: &Annex<IssueRow>) -> Result<(), String> {
    let open: Vec<IssueRow> = annex.rows.iter().filter(|row| is_open(row)).cloned().collect();
    let count = format!("尚未销号的问题{}个，涉及设施{}个", open.len(), places(&open));
    must(reading.says(&count), true, &count)?;
    let overdue = format!("，其中已逾期{}个", late(&annex.rows));
    must(reading.says(&overdue), late(&annex.rows) > 0, &overdue)?;
    let pointer = format!("，详见{}。", annex.label);
    must(reading.says(&pointer), true, &pointer)
}

/// A second reminder's own section.
pub(super) fn still_open(reading: &mut Reading, letter: &Letter, facts: &Facts) -> Result<(), String> {
    match &letter.issues {
        Some(annex) if reading.text.starts_with("本次检查发现、") => {
            open_of(reading, annex)?;
            left_out(reading, facts)
        }
        _ if reading.text.starts_with("前期检查发现") => carried_over(reading, letter),
        Some(_) => problems(reading, letter, facts),
        None => Ok(()),
    }
}

/// When and where an operator is called in is what a person has said.
pub(super) fn called_in(reading: &mut Reading, facts: &Facts) -> Result<(), String> {
    let Some(Terms::Talk { on: day, time, place, .. }) = &facts.terms else {
        return Err("a talk that nobody has arranged".into());
    };
    reading.says(&format!("{} {time}。", on(*day)));
    reading.says(place);
    for label in ["附件1", "附件2"] {
        reading.says(&format!("{label}所列问题"));
        reading.says(&format!("{label}、附件"));
    }
    Ok(())
}

/// The ways in which a text may quote a problem: whole, its first sentence, its beginning; the last two point to the row.
fn quotes(row: &IssueRow, pointer: &str) -> Vec<String> {
    let whole = row.problem.trim_end_matches(['。', '；', '，', '.', ';', ',']);
    let first = whole.split(['。', '；']).next().unwrap_or_default();
    let start: String = whole.chars().take(60).collect();
    vec![whole.to_owned(), format!("{first}{pointer}"), format!("{start}……{pointer}")]
}

pub(super) fn problems(reading: &mut Reading, letter: &Letter, facts: &Facts) -> Result<(), String> {
    let Some(annex) = &letter.issues else { return Err("a section of problems without an annex".into()) };
    let label = &annex.label;
    if reading.text.starts_with("检查发现问题") {
        let found = format!("检查发现问题{}个，涉及设施{}个；", annex.rows.len(), places(&annex.rows));
        must(reading.says(&found), true, &found)?;
        open_of(reading, annex)?;
        return left_out(reading, facts);
    }
    let mut categories: Vec<(&str, usize)> = vec![];
    for row in &annex.rows {
        match categories.iter_mut().find(|(name, _)| *name == row.category) {
            Some((_, count)) => *count += 1,
            None => categories.push((&row.category, 1)),
        }
    }
    if let Some((category, rest)) =
        reading.text.clone().split_once('）').and_then(|(_, text)| text.split_once("方面"))
    {
        if let Some((_, count)) = categories.iter().find(|(name, _)| *name == category) {
            let title = format!("{category}方面{count}个。");
            must(reading.says(&title), true, &title)?;
            let named = named_rows(reading, annex, category, &title);
            let others = format!("其余{}个详见{label}。", count - named);
            return must(reading.says(&others), named < *count, &others);
        }
        if category == "其他" {
            let count = |name: &&(&str, usize)| rest.contains(&format!("{}{}个", name.0, name.1));
            let all: Vec<&(&str, usize)> = categories.iter().filter(count).collect();
            let sum: usize = all.iter().map(|(_, count)| count).sum();
            let title = format!("其他方面{sum}个。其中");
            must(reading.says(&title), true, &title)?;
            for (name, count) in &all {
                reading.says(&format!("{name}{count}个、"));
                reading.says(&format!("{name}{count}个，详见{label}。"));
            }
        }
        return Ok(());
    }
    let again: Vec<(usize, &IssueRow)> = (1..).zip(&annex.rows).filter(|(_, row)| row.repeat).collect();
    if reading.text.starts_with("上述问题中重复出现") {
        let count = format!("上述问题中重复出现{}个，见{label}中", again.len());
        must(reading.says(&count), true, &count)?;
        // The first five, in the order of the rows: another row in the place of one of them would be a wrong figure.
        let names = again.iter().take(5).map(|(place, row)| format!("{}（第{place}项）", row.facility));
        let more = if again.len() > 5 { "等" } else { "" };
        let named = format!("中{}{more}，即", names.collect::<Vec<_>>().join("、"));
        must(reading.says(&named), true, &named)?;
        let term = format!("即同一检查项目{}个月内再次不符合要求", facts.relapse_months);
        must(reading.says(&term), true, &term)?;
    }
    Ok(())
}

/// How many rows of a category a paragraph quotes behind its title: what came back first, then what is late, then in the order
/// of the annex. Another row's quote in the place of one of them would be a wrong figure, though it is true of that other row.
fn named_rows(reading: &mut Reading, annex: &Annex<IssueRow>, category: &str, title: &str) -> usize {
    let (mut told, mut named) = (title.to_owned(), 0);
    let mut rows: Vec<(usize, &IssueRow)> =
        (1..).zip(&annex.rows).filter(|(_, row)| row.category == category).collect();
    rows.sort_by_key(|(place, row)| (!row.repeat, !row.overdue, *place));
    for (place, row) in rows {
        let pointer = format!("（详见{}第{place}项）", annex.label);
        let again = if row.repeat { "（重复出现）" } else { "" };
        let basis = row.basis.first().map_or_else(String::new, |basis| format!("（依据：{basis}）"));
        let between = if named == 0 { "" } else { "；" };
        let ways = quotes(row, &pointer).into_iter();
        let mut ways = ways.map(|quote| format!("{told}{between}{}：{quote}{again}{basis}", row.facility));
        let Some(longer) =
            ways.find(|way| ["；", "。"].iter().any(|end| reading.text.contains(&format!("{way}{end}"))))
        else {
            break;
        };
        (told, named) = (longer, named + 1);
    }
    reading.says(&format!("{told}。"));
    named
}

pub(super) fn carried_over(reading: &mut Reading, letter: &Letter) -> Result<(), String> {
    let Some(annex) = &letter.carried_over else { return Err("a section of before without an annex".into()) };
    if reading.text.ends_with("前期未销号问题") {
        return Ok(());
    }
    let rows = &annex.rows;
    let count = format!("前期检查发现、尚未销号的问题{}个，涉及设施{}个（", rows.len(), places(rows));
    must(reading.says(&count), true, &count)?;
    let mut names: Vec<&str> = vec![];
    for row in rows {
        if !names.contains(&row.facility.as_str()) {
            names.push(&row.facility);
        }
    }
    let more = if names.len() > 5 { "等" } else { "" };
    let named = format!("（{}{more}）", names[..names.len().min(5)].join("、"));
    must(reading.says(&named), true, &named)?;
    let overdue = format!("，其中已逾期{}个", late(rows));
    must(reading.says(&overdue), late(rows) > 0, &overdue)?;
    let pointer = format!("，详见{}。", annex.label);
    must(reading.says(&pointer), true, &pointer)
}

pub(super) fn indicators(reading: &mut Reading, letter: &Letter) -> Result<(), String> {
    let Some(annex) = &letter.indicators else { return Err("indicators without an annex".into()) };
    if reading.text.ends_with("考核指标完成情况") {
        return Ok(());
    }
    let count = format!("考核指标{}项的完成情况见{}。", annex.rows.len(), annex.label);
    must(reading.says(&count), true, &count)?;
    for row in &annex.rows {
        for end in ["，", "。"] {
            reading.says(&format!("{}{}{end}", row.name, row.rate));
        }
    }
    Ok(())
}

pub(super) fn requirements(reading: &mut Reading, letter: &Letter, facts: &Facts) -> Result<(), String> {
    let reply_due = on(facts.reply_due);
    let (issues, carried) = (rows(letter.issues.as_ref()), rows(letter.carried_over.as_ref()));
    let with_open = [&letter.issues, &letter.carried_over].into_iter().flatten();
    let labels: Vec<&str> =
        with_open.filter(|a| a.rows.iter().any(is_open)).map(|a| a.label.as_str()).collect();
    let labels = labels.join("、");
    reading.says(&format!("对照{labels}所列未销号问题逐项整改"));
    reading.says(&format!("请于{reply_due}前将落实情况书面反馈我局"));
    reading.says(&format!("请于{reply_due}前将整改情况（加盖公章，按{labels}的编号逐项说明"));
    let open: Vec<&IssueRow> = issues.iter().chain(carried).filter(|row| is_open(row)).collect();
    if reading.text.contains("逐项整改。") {
        let paused = |row: &IssueRow| ["申诉中", "停工暂停"].iter().any(|s| row.standing.starts_with(s));
        let runs = |row: &IssueRow| !paused(row) && !row.standing.contains("已逾期");
        let any = |test: &dyn Fn(&IssueRow) -> bool| open.iter().any(|row| test(row));
        let moved = any(&|row| runs(row) && (row.due.contains("延至") || row.due.contains("改为")));
        must(reading.says("未到期的，按原期限"), any(&|row| runs(row) && row.due != "—"), "未到期")?;
        must(reading.says("（已延期的，按延期后的期限）"), moved, "已延期")?;
        must(reading.says("已逾期的，立即整改"), any(&|row| row.standing.contains("已逾期")), "已逾期")?;
        let undated = format!("未列明原期限的，于{reply_due}前完成");
        must(reading.says(&undated), any(&|row| runs(row) && row.due == "—"), &undated)?;
        must(reading.says("申诉中、停工暂停的"), any(&paused), "中止")?;
        must(reading.says("标注“暂定”的期限"), any(&|row| row.due.contains("暂定")), "暂定")?;
    }
    let planned: u32 = facts.planned.iter().map(|c| c.count).sum();
    let done: u32 = facts.inspected.iter().map(|c| c.count).sum();
    reading.says(&format!("尚未完成检查的设施{}个，请配合", planned - done));
    Ok(())
}
