//! Every number in the text is the number of rows; nothing is claimed that is not so.

use super::samples::{day, facts, line};
use super::*;
use crate::letters::letter::{Level, Paragraph};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn lead(paragraph: &Paragraph) -> String {
    format!("{}{}", paragraph.lead, paragraph.text)
}

/// The number that stands between two texts, wherever they stand.
fn number(text: &str, before: &str, after: &str) -> Option<usize> {
    text.match_indices(before).find_map(|(at, _)| {
        let rest = &text[at + before.len()..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        rest[digits..].starts_with(after).then(|| rest[..digits].parse().ok()).flatten()
    })
}

/// The paragraphs of the section whose title contains `title`.
fn section(letter: &Letter, title: &str) -> Vec<String> {
    let all = letter.body.iter().skip_while(|p| !(p.level == Level::Heading && p.lead.contains(title)));
    all.skip(1).take_while(|p| p.level != Level::Heading).map(lead).collect()
}

fn names(rows: &[IssueRow]) -> usize {
    rows.iter().map(|row| row.facility.clone()).collect::<BTreeSet<_>>().len()
}

/// The sum of the numbers that stand before 个 and after `mark` in the leads of the categories.
fn in_categories(letter: &Letter) -> usize {
    section(letter, "存在的主要问题").iter().filter_map(|text| number(text, "方面", "个。")).sum()
}

fn counts_are_rows(facts: &Facts) {
    let letter = compose(facts).unwrap();
    let text = letter.text();
    assert_eq!(letter.issues.as_ref().map_or(0, |a| a.rows.len()), facts.lines.len());
    assert_eq!(letter.carried_over.as_ref().map_or(0, |a| a.rows.len()), facts.carried_over.len());
    match &letter.issues {
        None => assert!(text.contains("未发现问题") && !text.contains("检查发现问题"), "{text}"),
        Some(annex) => {
            let rows = &annex.rows;
            let closed = rows.iter().filter(|r| r.closed).count();
            assert_eq!(number(&text, "检查发现问题", "个"), Some(rows.len()), "{text}");
            assert_eq!(number(&annex.note, "问题", "个"), Some(rows.len()));
            let first = section(&letter, "检查情况").concat();
            assert_eq!(number(&first, "涉及设施", "个"), Some(names(rows)));
            assert_eq!(in_categories(&letter), rows.len());
            if text.contains("均已完成") {
                assert_eq!((closed, facts.carried_over.len()), (rows.len(), 0));
            } else {
                assert_eq!(number(&first, "已销号", "个"), Some(closed));
                let ended = rows.iter().filter(|r| r.ended).count();
                assert_eq!(number(&first, "未销号", "个"), Some(rows.len() - closed - ended));
                assert_eq!(number(&first, "终结", "个").unwrap_or(0), ended);
            }
            let overdue = rows.iter().filter(|r| r.overdue).count();
            assert_eq!(number(&first, "已逾期", "个").unwrap_or(0), overdue);
            let repeated = rows.iter().filter(|r| r.repeat).count();
            assert_eq!(number(&text, "重复出现", "个").unwrap_or(0), repeated);
            each_category(&letter, rows);
        }
    }
    if let Some(annex) = &letter.carried_over {
        let said = section(&letter, "前期未销号问题").concat();
        assert_eq!(number(&said, "问题", "个"), Some(annex.rows.len()));
        assert_eq!(number(&annex.note, "问题", "个"), Some(annex.rows.len()));
        assert_eq!(number(&said, "涉及设施", "个"), Some(names(&annex.rows)));
        let overdue = annex.rows.iter().filter(|r| r.overdue).count();
        assert_eq!(number(&said, "已逾期", "个").unwrap_or(0), overdue);
    }
    if let Some(annex) = &letter.indicators {
        assert_eq!(number(&text, "考核指标", "项"), Some(annex.rows.len()));
    }
}

/// Each point of a category says as many as the annex has rows of it, and names or leaves exactly those.
fn each_category(letter: &Letter, rows: &[IssueRow]) {
    let categories: BTreeSet<&str> = rows.iter().map(|row| row.category.as_str()).collect();
    let points = section(letter, "存在的主要问题");
    for category in categories {
        let count = rows.iter().filter(|row| row.category == category).count();
        let own = points.iter().find(|p| p.contains(&format!("）{category}方面")));
        match own {
            Some(point) => {
                assert_eq!(number(point, &format!("{category}方面"), "个。"), Some(count));
                let named = if rows.len() > 24 { 1 } else { 2 };
                assert_eq!(count.saturating_sub(named), number(point, "其余", "个").unwrap_or(0));
            }
            None => {
                let rest = points.iter().find(|p| p.contains("其他方面")).unwrap();
                assert_eq!(number(rest, category, "个"), Some(count), "{rest}");
            }
        }
    }
}

fn any_line() -> impl Strategy<Value = Line> {
    let categories = prop::sample::select(
        ["消防", "食品", "公示", "标识", "运营", "服务", "台账", "用电", "资质", "人员", "建设"].to_vec(),
    );
    use crate::db::types::Coded as _;
    let printed = |state: &State| !matches!(state, State::Open | State::Withdrawn);
    let states = prop::sample::select(State::ALL.iter().copied().filter(printed).collect::<Vec<_>>());
    (0..400_usize, categories, states, any::<bool>(), any::<bool>()).prop_map(
        |(n, category, state, late, repeat)| {
            let overdue = late && state.deadline_runs();
            Line { category: category.into(), state, overdue, repeat, ..line(n) }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]
    #[test]
    fn numbers_in_the_text_are_rows(
        lines in prop::collection::vec(any_line(), 0..60),
        carried in prop::collection::vec(any_line(), 0..8),
    ) {
        let carried_over = carried.into_iter().filter(|l| l.state.is_unsettled()).collect();
        counts_are_rows(&Facts { lines, carried_over, ..facts(0, 0) });
    }
}

#[test]
fn this_letter() {
    let letter = compose(&facts(5, 1)).unwrap();
    let said = letter.text();
    assert_eq!(letter.recipient, "示例街道办事处");
    assert_eq!(
        letter.title.concat(),
        "示例区民政局关于2026年第三季度居家社区养老服务设施质量检查情况的提醒函"
    );
    for line in [
        "根据2026年第三季度居家社区养老服务设施质量检查工作安排，我局于2026年7月6日至9月18日对你街道辖内设施开展检查。现将有关情况（截至2026年9月30日）函告如下：",
        "一、检查情况",
        "本次计划检查设施14个，已全部检查，其中颐康服务站11个、颐康中心1个、长者饭堂2个。检查发现问题5个，涉及设施5个，现场送达检查情况告知书5份。截至2026年9月30日，已销号1个，未销号4个。",
        "二、存在的主要问题",
        "（一）消防安全方面2个。示例5社区颐康服务站（演示）：2具灭火器压力不足，未见每月检查记录（重复出现）（依据：《消防法》第十六条第一款第（二）项）；示例1社区颐康服务站（演示）：疏散通道堆放纸箱、轮椅等杂物，净宽不足（依据：《消防法》第二十八条、第六十条第一款第（三）项）。",
        "三、前期未销号问题",
        "四、考核指标完成情况",
        "考核指标4项的完成情况见附件2。其中颐康服务站检查覆盖率100%，颐康中心检查覆盖率100%，长者饭堂检查覆盖率100%，站牌照片覆盖率90.9%。",
        "（二）书面反馈。请于2026年10月16日前将整改情况（加盖公章，按附件1、附件3的编号逐项说明，附整改前后对比照片）书面反馈我局。",
    ] {
        assert!(said.lines().any(|l| l == line), "{line}\n{said}");
    }
}

#[test]
fn without_findings_the_short_form() {
    let letter = compose(&facts(0, 0)).unwrap();
    let said = letter.text();
    assert!(
        said.contains("已全部检查，其中颐康服务站11个、颐康中心1个、长者饭堂2个。检查未发现问题。"),
        "{said}"
    );
    assert!(letter.issues.is_none());
    assert_eq!(letter.indicators.unwrap().label, "附件");
    assert!(!said.contains("主要问题") && !said.contains("整改情况"), "{said}");
}

#[test]
fn never_more_than_was_inspected() {
    let mut partly = facts(0, 0);
    partly.inspected[0].count = 9;
    partly.inspected.truncate(2);
    partly.indicators.clear();
    let said = compose(&partly).unwrap().text();
    assert!(said.contains("本次计划检查设施14个，已检查10个（颐康服务站11个中的9个、颐康中心1个中的1个、长者饭堂2个中的0个），其余4个尚未完成检查。已检查的10个设施未发现问题。"), "{said}");
    assert!(said.contains("尚未完成检查的设施4个"), "{said}");
    partly.inspected.clear();
    let said = compose(&partly).unwrap().text();
    assert!(said.contains("均尚未完成检查。") && !said.contains("未发现问题"), "{said}");
}

#[test]
fn all_done_only_when_nothing_is_open() {
    let done = |lines: usize, carried: usize| {
        let mut facts = facts(lines, carried);
        facts.lines.iter_mut().for_each(|l| (l.state, l.overdue) = (State::Closed, false));
        facts
    };
    assert!(compose(&done(3, 0)).unwrap().text().contains("均已完成整改并销号"));
    assert!(!compose(&done(3, 1)).unwrap().text().contains("均已完成"));
    let mut one_open = done(3, 0);
    one_open.lines[1].state = State::Checked;
    assert!(!compose(&one_open).unwrap().text().contains("均已完成"));
}

#[test]
fn forty_findings_stay_readable() {
    let letter = compose(&facts(40, 0)).unwrap();
    let said = letter.text();
    assert!(said.contains("其余"), "{said}");
    assert!(said.chars().count() < 2_000, "{} characters", said.chars().count());
}

#[test]
fn long_problems_are_quoted_and_complete_in_the_annex() {
    let mut long = facts(1, 0);
    long.lines[0].description = "甲".repeat(500);
    let letter = compose(&long).unwrap();
    assert!(letter.text().contains(&format!("{}……（详见附件1第1项）", "甲".repeat(60))));
    assert_eq!(letter.issues.unwrap().rows[0].problem.chars().count(), 500);
}

#[test]
fn refusals() {
    let refused = |change: &dyn Fn(&mut Facts)| {
        let mut changed = facts(3, 1);
        change(&mut changed);
        compose(&changed).map_err(|fault| (fault.code(), fault.to_string()))
    };
    let code = |change: &dyn Fn(&mut Facts)| refused(change).unwrap_err().0;
    assert_eq!(code(&|f| f.reply_due = f.date), "reply_due_not_after_date");
    assert_eq!(code(&|f| f.reply_due = day(9, 1)), "reply_due_not_after_date");
    assert_eq!(code(&|f| f.lines = (0..200).map(line).collect()), "too_many_lines");
    assert_eq!(code(&|f| f.lines[0].description = "长".repeat(2_001)), "text_too_long");
    assert_eq!(code(&|f| f.lines[0].description = " \n ".into()), "text_missing");
    assert_eq!(code(&|f| f.street_office_name.clear()), "text_missing");
    assert_eq!(code(&|f| f.campaign_name = "检查".repeat(60)), "title_too_long");
    assert_eq!(code(&|f| f.inspected[0].count = 12), "counts_disagree");
    assert_eq!(code(&|f| f.indicators[0].value = "10个".into()), "counts_disagree");
    let (code, detail) = refused(&|f| f.lines[1].description = "已责令改正".into()).unwrap_err();
    assert_eq!(
        (code, detail.as_str()),
        ("forbidden_word", "问题440100001-2026-0002的描述含有“责令”，提醒函不得使用")
    );
    assert!(refused(&|f| f.lines = (0..199).map(line).collect()).is_ok());
}

#[test]
fn no_letter_says_what_it_never_says() {
    for letter in
        [compose(&facts(45, 3)), compose(&facts(0, 0)), compose(&facts(0, 2)), compose(&facts(1, 0))]
    {
        let all = serde_json::to_string(&letter.unwrap()).unwrap();
        assert!(!all.contains("责令") && !all.contains("较大"), "{all}");
    }
}

#[test]
fn how_long_a_relapse_is_one_is_told_as_it_is_set() {
    for months in [6, 12] {
        let letter = compose(&Facts { relapse_months: months, ..facts(45, 0) }).unwrap();
        let all = serde_json::to_string(&letter).unwrap();
        assert!(all.contains(&format!("即同一检查项目{months}个月内再次不符合要求")), "{all}");
    }
}

#[test]
fn annexes_are_numbered_as_the_text_names_them() {
    let labels = |lines, carried| {
        let letter = compose(&facts(lines, carried)).unwrap();
        let issues = [letter.issues.map(|a| a.label), letter.carried_over.map(|a| a.label)];
        (issues, letter.indicators.map(|a| a.label))
    };
    let some = |label: &str| Some(label.to_owned());
    assert_eq!(labels(3, 2), ([some("附件1"), some("附件3")], some("附件2")));
    assert_eq!(labels(3, 0), ([some("附件1"), None], some("附件2")));
    assert_eq!(labels(0, 2), ([None, some("附件2")], some("附件1")));
    assert_eq!(labels(0, 0), ([None, None], some("附件")));
}
