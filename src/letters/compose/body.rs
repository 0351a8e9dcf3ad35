//! The text of a letter: 检查情况, 存在的主要问题, 前期未销号问题, 考核指标, 工作要求. A street without findings gets the short
//! form. The text names a few facilities of each category; annex 1 has them all.

use super::super::edits::{Block, Section};
use super::super::facts::Facts;
use super::super::letter::{Annex, IssueRow, Level, Paragraph, printed_date};
use super::marks::clean;
use super::tally::{Group, Tally};
use super::{Annexes, ComposeFault, coverage};
use crate::db::types::Coded as _;
use crate::directory::FacilityKind;
use chrono::{Datelike as _, NaiveDate};

/// Categories that have a point of their own; the rest share one.
const CATEGORIES: usize = 7;
/// Findings named in each category, and where there are more than [`MANY`] of them in all.
const NAMED: [usize; 2] = [2, 1];
/// See [`NAMED`].
const MANY: usize = 24;
/// Facilities named where only names are given.
const NAMES: usize = 5;
/// Characters of a problem quoted in the text.
const EXCERPT: usize = 60;
/// Indicators whose rate is named in the text.
const RATES: usize = 6;

/// Paragraphs with their numbering, and the clerk's texts that wait for their sections.
pub(super) struct Body<'a> {
    paragraphs: Vec<Paragraph>,
    sections: usize,
    points: usize,
    waiting: Vec<&'a Block>,
}

impl<'a> Body<'a> {
    pub fn new(blocks: &'a [Block]) -> Self {
        Self { paragraphs: vec![], sections: 0, points: 0, waiting: blocks.iter().collect() }
    }

    /// A section ends here: the clerk's texts behind it follow.
    pub fn ends(&mut self, section: Section) {
        let (now, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(|block| block.after == section);
        self.waiting = later;
        now.into_iter().for_each(|block| self.plain(clean(&block.text)));
    }

    /// All paragraphs; every text has found its section.
    pub fn done(self) -> Result<Vec<Paragraph>, ComposeFault> {
        match self.waiting.first() {
            Some(block) => Err(ComposeFault::NoSuchSection { section: block.after }),
            None => Ok(self.paragraphs),
        }
    }

    fn push(&mut self, level: Level, lead: String, text: String) {
        self.paragraphs.push(Paragraph { level, lead, text });
    }

    pub fn plain(&mut self, text: String) {
        self.push(Level::Plain, String::new(), text);
    }

    pub fn section(&mut self, title: &str) {
        self.sections += 1;
        self.points = 0;
        self.push(Level::Heading, format!("{}、{title}", ordinal(self.sections)), String::new());
    }

    pub fn point(&mut self, title: &str, text: String) {
        self.points += 1;
        self.push(Level::Point, format!("（{}）{title}。", ordinal(self.points)), text);
    }
}

/// All paragraphs, from the opening to 专此函达.
pub(super) fn write(facts: &Facts, annexes: &Annexes) -> Result<Vec<Paragraph>, ComposeFault> {
    let mut body = Body::new(&facts.blocks);
    body.plain(opening(facts));
    body.ends(Section::Opening);
    body.section("检查情况");
    body.plain(format!("{}{}{}", covered(facts), found(facts, annexes), left_out(facts)));
    body.ends(Section::Inspected);
    if let Some(annex) = &annexes.issues {
        body.section("存在的主要问题");
        problems(&mut body, annex);
        repeated(&mut body, annex, facts.relapse_months);
        body.ends(Section::Problems);
    }
    if let Some(annex) = &annexes.carried_over {
        body.section("前期未销号问题");
        body.plain(carried_over(annex));
        body.ends(Section::CarriedOver);
    }
    if let Some(annex) = &annexes.indicators {
        body.section("考核指标完成情况");
        let rates: Vec<String> = annex
            .rows
            .iter()
            .filter(|row| row.rate.ends_with('%'))
            .map(|row| format!("{}{}", row.name, row.rate))
            .collect();
        let some = if rates.is_empty() || rates.len() > RATES {
            String::new()
        } else {
            format!("其中{}。", rates.join("，"))
        };
        body.plain(format!("考核指标{}项的完成情况见{}。{some}", annex.rows.len(), annex.label));
        body.ends(Section::Indicators);
    }
    body.section("工作要求");
    requirements(&mut body, facts, annexes);
    body.ends(Section::Requirements);
    body.plain("专此函达，请予函复。".into());
    body.done()
}

/// What the clerk has left out is said, so that the letter does not pass for the whole.
pub(super) fn left_out(facts: &Facts) -> String {
    match facts.left_out.len() {
        0 => String::new(),
        count => format!("另有{count}个问题由我局另行处理，不列入本函。"),
    }
}

fn opening(facts: &Facts) -> String {
    let campaign = clean(&facts.campaign_name);
    let as_of = printed_date(facts.as_of);
    match (facts.inspected_from, facts.inspected_to) {
        (Some(from), Some(to)) => format!(
            "根据{campaign}工作安排，我局于{}对你街道辖内设施开展检查。现将有关情况（截至{as_of}）函告如下：",
            days(from, to)
        ),
        _ => format!("根据{campaign}工作安排，现将你街道辖内设施的检查情况（截至{as_of}）函告如下："),
    }
}

/// Days as text, without what they have in common.
fn days(from: NaiveDate, to: NaiveDate) -> String {
    if from == to {
        return printed_date(from);
    }
    let until =
        if from.year() == to.year() { format!("{}月{}日", to.month(), to.day()) } else { printed_date(to) };
    format!("{}至{until}", printed_date(from))
}

/// Facilities planned, and those of them whose inspection is not complete.
fn totals(facts: &Facts) -> (u32, u32) {
    let all =
        |pick: fn((u32, u32)) -> u32| FacilityKind::ALL.iter().map(|kind| pick(coverage(facts, *kind))).sum();
    let (planned, inspected): (u32, u32) = (all(|c| c.0), all(|c| c.1));
    (planned, planned.saturating_sub(inspected))
}

/// How much of what was planned has been inspected, per kind. Never more than is true: x of y.
fn covered(facts: &Facts) -> String {
    let (planned, left) = totals(facts);
    let kinds: Vec<(FacilityKind, (u32, u32))> = FacilityKind::ALL
        .iter()
        .map(|kind| (*kind, coverage(facts, *kind)))
        .filter(|(_, (planned, _))| *planned > 0)
        .collect();
    let each = |text: fn(&str, u32, u32) -> String| {
        let parts: Vec<String> =
            kinds.iter().map(|(kind, (of, done))| text(kind.label(), *of, *done)).collect();
        parts.join("、")
    };
    match (kinds.as_slice(), left) {
        ([], _) => String::new(),
        (_, left) if left == planned => {
            format!("本次计划检查{}，均尚未完成检查。", each(|kind, of, _| format!("{kind}{of}个")))
        }
        ([_], 0) => format!("本次计划检查{}，已全部检查。", each(|kind, of, _| format!("{kind}{of}个"))),
        (_, 0) => {
            format!(
                "本次计划检查设施{planned}个，已全部检查，其中{}。",
                each(|kind, of, _| format!("{kind}{of}个"))
            )
        }
        (_, left) => format!(
            "本次计划检查设施{planned}个，已检查{}个（{}），其余{left}个尚未完成检查。",
            planned - left,
            each(|kind, of, done| format!("{kind}{of}个中的{done}个"))
        ),
    }
}

/// What was found, and where it stands. 均已完成 only when nothing is open, of before either.
fn found(facts: &Facts, annexes: &Annexes) -> String {
    let Some(annex) = &annexes.issues else {
        let (planned, left) = totals(facts);
        return match planned - left {
            0 => String::new(),
            _ if !facts.left_out.is_empty() => String::new(),
            _ if left == 0 => "检查未发现问题。".into(),
            inspected => format!("已检查的{inspected}个设施未发现问题。"),
        };
    };
    let tally = Tally(&annex.rows);
    let mut text = format!("检查发现问题{}个，涉及设施{}个", tally.count(), tally.facilities());
    if facts.sheets_served > 0 {
        text += &format!("，现场送达检查情况告知书{}份", facts.sheets_served);
    }
    text += "。";
    if tally.closed() == tally.count() && annexes.carried_over.is_none() && facts.left_out.is_empty() {
        text += "上述问题均已完成整改并销号。";
        return text;
    }
    text +=
        &format!("截至{}，已销号{}个，未销号{}个", printed_date(facts.as_of), tally.closed(), tally.open());
    if tally.overdue() > 0 {
        text += &format!("，未销号问题中已逾期{}个", tally.overdue());
    }
    if tally.ended() > 0 {
        text += &format!("，因设施迁址、更换运营机构或终止而终结{}个（不计入整改完成）", tally.ended());
    }
    text + "。"
}

pub(super) fn problems(body: &mut Body<'_>, annex: &Annex<IssueRow>) {
    let tally = Tally(&annex.rows);
    let groups = tally.groups();
    let most = NAMED[usize::from(tally.count() > MANY)];
    // A last category alone is better named than called the rest.
    let own = if groups.len() <= CATEGORIES + 1 { groups.len() } else { CATEGORIES };
    for group in &groups[..own] {
        let named: Vec<String> =
            group.rows.iter().take(most).map(|(place, row)| named(annex, *place, row)).collect();
        let rest = group.rows.len() - named.len();
        let more = if rest > 0 { format!("其余{rest}个详见{}。", annex.label) } else { String::new() };
        body.point(
            &format!("{}方面{}个", group.category, group.rows.len()),
            format!("{}。{more}", named.join("；")),
        );
    }
    if let rest @ [_, ..] = &groups[own..] {
        let count: usize = rest.iter().map(|group| group.rows.len()).sum();
        let each = |group: &Group<'_>| format!("{}{}个", group.category, group.rows.len());
        let parts: Vec<String> = rest.iter().map(each).collect();
        body.point(&format!("其他方面{count}个"), format!("其中{}，详见{}。", parts.join("、"), annex.label));
    }
}

/// One finding in the text: facility, problem, whether it came back, the first basis. Annex 1 has every basis.
fn named(annex: &Annex<IssueRow>, place: usize, row: &IssueRow) -> String {
    let repeat = if row.repeat { "（重复出现）" } else { "" };
    let basis = row.basis.first().map_or_else(String::new, |basis| format!("（依据：{basis}）"));
    format!("{}：{}{repeat}{basis}", row.facility, excerpt(annex, place, &row.problem))
}

/// The problem in a few words: whole where it is short, else its first sentence, else its beginning.
fn excerpt(annex: &Annex<IssueRow>, place: usize, problem: &str) -> String {
    let whole = problem.trim_end_matches(['。', '；', '，', '.', ';', ',']);
    if whole.chars().count() <= EXCERPT {
        return whole.into();
    }
    let first = whole.split(['。', '；']).next().unwrap_or(whole);
    let cut: String = match first.chars().count() {
        1..=EXCERPT => first.into(),
        _ => whole.chars().take(EXCERPT).chain("……".chars()).collect(),
    };
    format!("{cut}（详见{}第{place}项）", annex.label)
}

/// What came back is named: a closed line is never edited, the same item has failed again within the months of the settings.
pub(super) fn repeated(body: &mut Body<'_>, annex: &Annex<IssueRow>, months: u32) {
    let rows = Tally(&annex.rows).repeated();
    if rows.is_empty() {
        return;
    }
    let names: Vec<String> =
        rows.iter().take(NAMES).map(|(place, row)| format!("{}（第{place}项）", row.facility)).collect();
    let more = if rows.len() > names.len() { "等" } else { "" };
    body.plain(format!(
        "上述问题中重复出现{}个，见{}中{}{more}，即同一检查项目{months}个月内再次不符合要求，请重点督促整改。",
        rows.len(),
        annex.label,
        names.join("、")
    ));
}

pub(super) fn carried_over(annex: &Annex<IssueRow>) -> String {
    let tally = Tally(&annex.rows);
    let mut names: Vec<&str> = vec![];
    for row in &annex.rows {
        if !names.contains(&row.facility.as_str()) {
            names.push(&row.facility);
        }
    }
    names.truncate(NAMES);
    let more = if tally.facilities() > names.len() { "等" } else { "" };
    let late = match tally.overdue() {
        0 => String::new(),
        overdue => format!("，其中已逾期{overdue}个"),
    };
    format!(
        "前期检查发现、尚未销号的问题{}个，涉及设施{}个（{}{more}）{late}，详见{}。前期问题与本次检查发现的问题分别统计。",
        tally.count(),
        tally.facilities(),
        names.join("、"),
        annex.label
    )
}

pub(super) fn requirements(body: &mut Body<'_>, facts: &Facts, annexes: &Annexes) {
    let reply_due = printed_date(facts.reply_due);
    let open = annexes.issues.as_ref().filter(|annex| Tally(&annex.rows).open() > 0);
    let unsettled: Vec<&Annex<IssueRow>> = open.into_iter().chain(&annexes.carried_over).collect();
    let labels: Vec<&str> = unsettled.iter().map(|annex| annex.label.as_str()).collect();
    let labels = labels.join("、");
    if unsettled.is_empty() {
        body.point(
            "落实日常管理",
            "请继续落实属地责任，督促运营机构坚持日常自查，防止问题发生和反弹。".into(),
        );
    } else {
        let who = if facts.operator.is_some() { "请" } else { "请督促有关运营机构" };
        let (terms, unsure) = (terms(&unsettled, &reply_due), unsure(&unsettled));
        body.point("逐项整改", format!("{who}对照{labels}所列未销号问题逐项整改：{terms}。{unsure}"));
    }
    if let (_, left @ 1..) = totals(facts) {
        body.point("配合检查", format!("尚未完成检查的设施{left}个，请配合我局完成检查。"));
    }
    if unsettled.is_empty() {
        body.point("书面反馈", format!("请于{reply_due}前将落实情况书面反馈我局。"));
        return;
    }
    body.point(
        "书面反馈",
        format!("请于{reply_due}前将整改情况（加盖公章，按{labels}的编号逐项说明，附整改前后对比照片）书面反馈我局。"),
    );
    body.point(
        "复查销号",
        "对申报完成整改的问题，我局将组织复查，复查合格后予以销号，并适时开展“回头看”。".into(),
    );
}

fn any_open(unsettled: &[&Annex<IssueRow>], test: fn(&IssueRow) -> bool) -> bool {
    unsettled.iter().any(|annex| Tally(&annex.rows).has_open(test))
}

/// By when: original deadlines stand unless they were extended, what is late is done at once, what has none is done by the
/// reply, and nothing is asked by a day of what stands still.
fn terms(unsettled: &[&Annex<IssueRow>], reply_due: &str) -> String {
    let any = |test| any_open(unsettled, test);
    let mut terms = vec![];
    if any(|row| row.dated && !row.overdue && !row.paused) {
        let moved = any(|row| row.moved && !row.overdue && !row.paused);
        let moved = if moved { "（已延期的，按延期后的期限）" } else { "" };
        terms.push(format!("未到期的，按原期限{moved}完成"));
    }
    if any(|row| row.overdue) {
        terms.push("已逾期的，立即整改".to_owned());
    }
    if any(|row| !row.dated && !row.overdue && !row.paused) {
        terms.push(format!("未列明原期限的，于{reply_due}前完成"));
    }
    if any(|row| row.paused) {
        terms.push("申诉中、停工暂停的，期限中止计算，按后续通知办理".to_owned());
    }
    terms.join("；")
}

/// What 暂定 beside a deadline means.
fn unsure(unsettled: &[&Annex<IssueRow>]) -> &'static str {
    if any_open(unsettled, |row| row.provisional) {
        "标注“暂定”的期限，放假安排公布后如有变化，我局另行通知。"
    } else {
        ""
    }
}

/// 一, 二, …, 九十九.
fn ordinal(n: usize) -> String {
    const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    match (n / 10 % 10, n % 10) {
        (0, ones) => DIGITS[ones].into(),
        (1, ones) => format!("十{}", DIGITS[ones]),
        (tens, ones) => format!("{}十{}", DIGITS[tens], DIGITS[ones]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals() {
        assert_eq!([1, 10, 11, 20, 23].map(ordinal), ["一", "十", "十一", "二十", "二十三"]);
    }

    #[test]
    fn days_without_what_they_share() {
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        assert_eq!(days(day(2026, 9, 7), day(2026, 9, 7)), "2026年9月7日");
        assert_eq!(days(day(2026, 9, 7), day(2026, 10, 9)), "2026年9月7日至10月9日");
        assert_eq!(days(day(2026, 12, 30), day(2027, 1, 4)), "2026年12月30日至2027年1月4日");
    }
}
