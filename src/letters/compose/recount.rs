//! The recount: every figure in the text of a letter, counted again from the rows of its annexes by somebody who has never
//! seen `tally`. Each sentence that may hold a figure is told here with the figure counted anew; a digit of the text that
//! stands in none of them is a fault. So a wrong number is one, and so is a new sentence that nobody has taught.

use super::super::facts::{Facts, KindCount};
use super::super::kind::{About, LetterKind, Terms};
use super::super::letter::{IssueRow, Letter, Level};
use super::samples::{day, facts, line};
use super::*;
use crate::db::types::Coded as _;
use chrono::Datelike as _;
use proptest::prelude::*;
use std::collections::HashSet;

/// A paragraph, and which of its bytes have been accounted for.
struct Reading {
    section: String,
    text: String,
    told: Vec<bool>,
}

impl Reading {
    /// Accounts for each place where the paragraph says exactly this; gives how many.
    fn says(&mut self, phrase: &str) -> usize {
        let places: Vec<usize> = self.text.match_indices(phrase).map(|(at, _)| at).collect();
        for at in &places {
            self.told[*at..at + phrase.len()].fill(true);
        }
        places.len()
    }

    /// The digits that nothing has accounted for, with what stands around them.
    fn unexplained(&self) -> Option<String> {
        let digit = |(at, c): &(usize, char)| c.is_numeric() && !is_ordinal(*c) && !self.told[*at];
        let (at, _) = self.text.char_indices().find(digit)?;
        let before: String =
            self.text[..at].chars().rev().take(16).collect::<Vec<_>>().into_iter().rev().collect();
        let after: String = self.text[at..].chars().take(16).collect();
        Some(format!("{before}>>{after}"))
    }
}

/// 一、二、… number headings and stand in words; they are looked at by themselves.
fn is_ordinal(c: char) -> bool {
    "一二三四五六七八九十".contains(c)
}

fn on(day: NaiveDate) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}

/// The paragraphs under their headings; before the first there is none.
fn readings(letter: &Letter) -> Vec<Reading> {
    let mut section = String::new();
    let mut readings = vec![];
    for paragraph in &letter.body {
        if paragraph.level == Level::Heading {
            section = paragraph.lead.split('、').nth(1).unwrap_or_default().to_owned();
        }
        let text = format!("{}{}", paragraph.lead, paragraph.text);
        readings.push(Reading { section: section.clone(), told: vec![false; text.len()], text });
    }
    readings
}

/// Counts everything again.
///
/// # Errors
/// What the letter says and its annexes do not.
fn recount(letter: &Letter, facts: &Facts) -> Result<(), String> {
    let mut readings = readings(letter);
    for reading in &mut readings {
        match reading.section.as_str() {
            "" | "检查情况" => covered(reading, letter, facts)?,
            "存在的主要问题" => problems(reading, letter, facts)?,
            "前期未销号问题" => carried_over(reading, letter)?,
            "考核指标完成情况" => indicators(reading, letter)?,
            "工作要求" => requirements(reading, letter, facts)?,
            "未完成整改的问题" => still_open(reading, letter, facts)?,
            "约谈时间" | "约谈地点" | "约谈对象" | "约谈内容" | "有关要求" => {
                called_in(reading, facts)?
            }
            other => return Err(format!("an unknown section {other}")),
        }
        if let Some(digit) = reading.unexplained() {
            return Err(format!("in “{}”, unexplained: {digit}", reading.section));
        }
    }
    ordinals(letter)?;
    notes(letter, facts)?;
    claims_in_words(letter, facts)
}

fn rows(annex: Option<&Annex<IssueRow>>) -> &[IssueRow] {
    annex.map_or(&[], |annex| &annex.rows)
}

fn places(rows: &[IssueRow]) -> usize {
    rows.iter().map(|row| row.facility.as_str()).collect::<HashSet<_>>().len()
}

/// So many say yes, found by looking at what the row prints.
fn printing(rows: &[IssueRow], said: &str) -> usize {
    rows.iter().filter(|row| row.standing.starts_with(said)).count()
}

fn late(rows: &[IssueRow]) -> usize {
    rows.iter().filter(|row| row.standing.ends_with("（已逾期）")).count()
}

fn is_open(row: &IssueRow) -> bool {
    !row.standing.starts_with("已销号") && !row.standing.starts_with("已终结")
}

fn must(said: usize, wanted: bool, what: &str) -> Result<(), String> {
    match (said > 0, wanted) {
        (true, false) => Err(format!("says without ground: {what}")),
        (false, true) => Err(format!("does not say: {what}")),
        _ => Ok(()),
    }
}

fn of(counts: &[KindCount], kind: FacilityKind) -> u32 {
    counts.iter().filter(|c| c.kind == kind).map(|c| c.count).sum()
}

fn covered(reading: &mut Reading, letter: &Letter, facts: &Facts) -> Result<(), String> {
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
fn still_open(reading: &mut Reading, letter: &Letter, facts: &Facts) -> Result<(), String> {
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
fn called_in(reading: &mut Reading, facts: &Facts) -> Result<(), String> {
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

fn problems(reading: &mut Reading, letter: &Letter, facts: &Facts) -> Result<(), String> {
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
            let named = named_rows(reading, annex, category);
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
        let named = again.iter().filter(|(place, row)| {
            let phrase = format!("{}（第{place}项）", row.facility);
            reading.says(&phrase) > 0
        });
        let named = named.count();
        must(usize::from(reading.text.contains("项）等，")), named < again.len(), "等")?;
        let term = format!("即同一检查项目{}个月内再次不符合要求", facts.relapse_months);
        must(reading.says(&term), true, &term)?;
    }
    Ok(())
}

/// How many rows of a category a paragraph quotes.
fn named_rows(reading: &mut Reading, annex: &Annex<IssueRow>, category: &str) -> usize {
    let mut named = HashSet::new();
    let mut places = 0;
    for (place, row) in (1..).zip(&annex.rows).filter(|(_, row)| row.category == category) {
        let pointer = format!("（详见{}第{place}项）", annex.label);
        let again = if row.repeat { "（重复出现）" } else { "" };
        let basis = row.basis.first().map_or_else(String::new, |basis| format!("（依据：{basis}）"));
        for quote in quotes(row, &pointer) {
            let phrase = format!("{}：{quote}{again}{basis}", row.facility);
            let said = ["；", "。"].map(|end| reading.says(&format!("{phrase}{end}"))).iter().sum::<usize>();
            // Equal rows are quoted in equal words: each counts once.
            if said > 0 && named.insert(phrase) {
                places += said;
            }
        }
    }
    places
}

fn carried_over(reading: &mut Reading, letter: &Letter) -> Result<(), String> {
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

fn indicators(reading: &mut Reading, letter: &Letter) -> Result<(), String> {
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

fn requirements(reading: &mut Reading, letter: &Letter, facts: &Facts) -> Result<(), String> {
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

/// 一、二、三 and （一）（二） run without a gap.
fn ordinals(letter: &Letter) -> Result<(), String> {
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
fn notes(letter: &Letter, facts: &Facts) -> Result<(), String> {
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
fn claims_in_words(letter: &Letter, facts: &Facts) -> Result<(), String> {
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

/// A line in whatever state, with figures wherever people may write some.
fn any_line() -> impl Strategy<Value = Line> {
    let categories = prop::sample::select(
        ["消防", "食品", "公示", "标识", "运营", "服务", "台账", "用电", "资质", "人员", "建设"].to_vec(),
    );
    let printed = |state: &State| !matches!(state, State::Open | State::Withdrawn);
    let states = prop::sample::select(State::ALL.iter().copied().filter(printed).collect::<Vec<_>>());
    let problems = prop::sample::select(
        [
            "2具灭火器压力不足",
            "已销号9个，未销号7个",
            "检查发现问题12个。其余3个详见附件1；另有5处不符",
            "2026年7月15日至7月20日共6天的服务台账缺失，签到表与台账人次相差18人次，且第3项、第4项记录未由2名工作人员签字确认，\
             涉及补贴1200元；经核对，7月21日以后的记录齐全",
            "疏散通道堆放杂物",
        ]
        .to_vec(),
    );
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (0..400_usize, categories, states, flags, prop::option::of(problems)).prop_map(
        |(n, category, state, (is_late, repeat, moved, unsure), problem)| {
            let usual = line(n);
            let runs = state.deadline_runs();
            let dated = state != State::Confirmed;
            Line {
                category: category.into(),
                overdue: is_late && runs,
                original_due: dated.then(|| day(9, 14)),
                due_moved: (dated && moved)
                    .then(|| day(9, 10 + (n % 20) as u32))
                    .filter(|d| *d != day(9, 14)),
                due_provisional: dated && unsure && runs,
                description: problem.map_or(usual.description, str::to_owned),
                state,
                repeat,
                ..usual
            }
        },
    )
}

/// Coverage as the ledger may have it, with the rows of annex 2 that go with it.
fn any_coverage() -> impl Strategy<Value = (Vec<KindCount>, Vec<KindCount>)> {
    let kind = |kind: FacilityKind| (0..30_u32, 0..30_u32).prop_map(move |(a, b)| (kind, a.max(b), a.min(b)));
    FacilityKind::ALL.iter().map(|k| kind(*k)).collect::<Vec<_>>().prop_map(|counts| {
        let of = |pick: fn(&(FacilityKind, u32, u32)) -> u32| {
            let all = counts.iter().map(|c| KindCount { kind: c.0, count: pick(c) });
            all.filter(|c| c.count > 0).collect::<Vec<_>>()
        };
        (of(|c| c.1), of(|c| c.2))
    })
}

prop_compose! {
    fn any_facts()(
        lines in prop::collection::vec(any_line(), 0..70),
        carried in prop::collection::vec(any_line(), 0..9),
        (planned, inspected) in any_coverage(),
        sheets_served in 0..40_u32,
        relapse_months in prop::sample::select(vec![6_u32, 12]),
        one_day in any::<bool>(),
        with_indicators in any::<bool>(),
        left_out in 0..4_usize,
    ) -> Facts {
        let plain = facts(0, 0);
        let share = |c: &KindCount| {
            let done = of(&inspected, c.kind);
            crate::letters::facts::Indicator {
                name: format!("{}检查覆盖率", c.kind.label()),
                target: format!("{}个", c.count),
                value: format!("{done}个"),
                rate: format!("{}.{}%", done * 100 / c.count, done * 1000 / c.count % 10),
                as_of: None,
                place: None,
            }
        };
        let nothing = inspected.is_empty();
        Facts {
            carried_over: carried.into_iter().filter(|l| l.state.is_unsettled()).collect(),
            indicators: if with_indicators { planned.iter().map(share).collect() } else { vec![] },
            inspected_from: plain.inspected_from.filter(|_| !nothing),
            inspected_to: if one_day { plain.inspected_from } else { plain.inspected_to }.filter(|_| !nothing),
            left_out: (0..left_out).map(|n| format!("440199001-2026-9{n:03}")).collect(),
            lines, planned, inspected, sheets_served, relapse_months,
            ..plain
        }
    }
}

const OTHERS: [LetterKind; 3] =
    [LetterKind::SecondReminder, LetterKind::OperatorReminder, LetterKind::TalkNotice];

/// The same findings for a letter of another kind.
fn of_kind(facts: Facts, kind: LetterKind) -> Facts {
    let mut facts = Facts { kind, planned: vec![], inspected: vec![], indicators: vec![], ..facts };
    if kind.is_to_operator() {
        facts.operator = Some("示例运营机构".into());
    } else {
        let (number, title) = ("演示函〔2026〕7号".into(), "示例区民政局关于检查情况的提醒函".into());
        facts.about = Some(About { number, title, date: day(9, 1) });
    }
    if kind != LetterKind::OperatorReminder {
        facts.lines.retain(|l| l.state.is_unsettled());
    }
    if kind == LetterKind::TalkNotice {
        let (time, place, persons) = ("15:30".into(), "3楼会议室".into(), "主要负责人".into());
        facts.terms = Some(Terms::Talk { on: day(10, 16), time, place, persons });
        facts.left_out = vec![];
    }
    facts
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(250) })]
    #[test]
    fn every_figure_is_counted_again(facts in any_facts()) {
        let letter = compose(&facts).unwrap();
        if let Err(why) = recount(&letter, &facts) {
            prop_assert!(false, "{why}\n{}", letter.text());
        }
    }

    /// Letters of the other kinds, of what is open.
    #[test]
    fn every_figure_of_the_other_kinds_too(facts in any_facts(), kind in prop::sample::select(OTHERS.to_vec())) {
        let mut facts = of_kind(facts, kind);
        let open = facts.lines.iter().chain(&facts.carried_over).any(|l| l.state.is_unsettled());
        if !open {
            facts.carried_over.push(Line { state: State::Served, ..line(700) });
        }
        let letter = compose(&facts).unwrap();
        if let Err(why) = recount(&letter, &facts) {
            prop_assert!(false, "{kind:?}: {why}\n{}", letter.text());
        }
    }

    /// The recount itself: no digit can be changed without its saying so.
    #[test]
    fn a_changed_digit_is_told(facts in any_facts(), pick in any::<prop::sample::Index>()) {
        let letter = compose(&facts).unwrap();
        let mut digits = vec![];
        for (n, paragraph) in letter.body.iter().enumerate() {
            for (in_lead, text) in [(true, &paragraph.lead), (false, &paragraph.text)] {
                let places = text.match_indices(|c: char| c.is_ascii_digit());
                digits.extend(places.map(|(at, _)| (n, in_lead, at)));
            }
        }
        let (n, in_lead, at) = digits[pick.index(digits.len())];
        let mut changed = letter.clone();
        let paragraph = &mut changed.body[n];
        let text = if in_lead { &mut paragraph.lead } else { &mut paragraph.text };
        let digit = text[at..=at].parse::<u8>().unwrap();
        text.replace_range(at..=at, &((digit + 1) % 10).to_string());
        prop_assert!(recount(&changed, &facts).is_err(), "unnoticed in: {}", changed.body[n].text);
    }
}

#[test]
fn a_new_sentence_has_to_be_taught() {
    let facts = facts(5, 1);
    let letter = compose(&facts).unwrap();
    recount(&letter, &facts).unwrap();
    let said = (0..letter.body.len()).filter(|n| letter.body[*n].level != Level::Heading);
    for section in said {
        let mut longer = letter.clone();
        longer.body[section].text += "另有8个设施。";
        let told = recount(&longer, &facts).unwrap_err();
        assert!(told.contains(">>8个设施"), "{told}");
    }
    let mut row = letter.clone();
    row.issues.as_mut().unwrap().rows.pop();
    assert!(recount(&row, &facts).is_err(), "a row is missing");
}
