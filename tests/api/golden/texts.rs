//! Letters as texts: title, addressee, every paragraph, the list of annexes, the rows of each annex. With none, three, sixty
//! and two hundred findings, so that whoever changes the composition reads what comes of it in letters of every length.
//!
//! A change that is meant is taken over with `YIXUN_UPDATE_GOLDEN=1`, and then read as a clerk would read it.

use super::{day, facts as common, first_difference};
use std::fmt::Write as _;
use uuid::Uuid;
use yixun::directory::FacilityKind::{self, Canteen, Center, Station};
use yixun::findings::rules::State;
use yixun::letters::compose::compose;
use yixun::letters::facts::{Facts, Indicator, KindCount, Line, PhotoRef};
use yixun::letters::letter::{Annex, IssueRow, Letter};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/golden");

/// What is wrong, as inspectors write it: category, words, verified basis.
const PROBLEMS: [(&str, &str, &str); 14] = [
    ("消防安全", "2具灭火器压力不足,未见每月检查记录", "《中华人民共和国消防法》第十六条第一款第(二)项"),
    ("食品安全", "留样柜未上锁,当日晚餐留样缺1个品种。", "《中华人民共和国食品安全法实施条例》第二十八条"),
    ("信息公示", "未公示收费标准和投诉电话", ""),
    (
        "消防安全",
        "疏散通道堆放纸箱、轮椅等杂物,净宽不足",
        "《中华人民共和国消防法》第二十八条、第六十条第一款第(三)项",
    ),
    (
        "台账档案",
        "当月服务台账缺7月15日至7月20日记录;签到表与台账人次不一致,差18人次。经核对,其余月份的台账与签到表一致,\
         未发现补签、代签的情形,负责人称将在本月内补齐",
        "",
    ),
    ("用火用电", "厨房插座面板破损,电线裸露", "《中华人民共和国消防法》第二十七条"),
    ("标识标牌", "站牌褪色,名称与台账不一致", ""),
    ("服务安全", "无障碍卫生间紧急呼叫按钮失灵", "《中华人民共和国无障碍环境建设法》第二十一条、第二十六条"),
    ("消防设施", "应急照明灯2处不亮", "《中华人民共和国消防法》第十六条第一款第(二)项"),
    ("运营状态", "工作日公示的开放时间内未开门", ""),
    ("人员配备", "当班人员与排班表不符,1名助餐员未能出示健康证明", ""),
    ("环境秩序", "服务场地堆放与为老服务无关的杂物", ""),
    ("适老化", "入口坡道未设扶手", ""),
    ("应急处置", "未见本年度应急演练记录", ""),
];

const STATES: [State; 11] = [
    State::Served,
    State::Closed,
    State::Rectified,
    State::Served,
    State::Checked,
    State::Confirmed,
    State::Closed,
    State::Returned,
    State::Disputed,
    State::Terminated,
    State::LongTerm,
];

const COMMUNITIES: [&str; 12] =
    ["南边", "北岸", "东风", "西滘", "红星", "翠堤", "海傍", "前进", "聚德", "桥东", "晓园", "穗花"];

/// The place of a finding: a street has one centre, a station in every community, and a canteen in every other.
fn place(n: usize) -> (String, FacilityKind) {
    let community = COMMUNITIES[n * 5 % COMMUNITIES.len()];
    match n % 4 {
        1 => (format!("示例街道{community}社区长者饭堂"), Canteen),
        3 if n.is_multiple_of(7) => ("示例街道颐康中心".into(), Center),
        _ => (format!("示例街道{community}社区颐康服务站"), Station),
    }
}

/// One finding of a varied lot: repeats, late ones, extended ones, provisional ones, and in every state.
fn line(n: usize) -> Line {
    let (category, description, basis) = PROBLEMS[n * n % 37 % PROBLEMS.len()];
    let state = STATES[n % STATES.len()];
    let (facility_name, facility_kind) = place(n);
    let original_due =
        (state != State::Confirmed).then(|| day(9, 10 + u32::try_from(n % 20).expect("a day")));
    let moved = original_due.filter(|_| n % 9 == 4).map(|_| day(10, 20));
    let late = original_due.is_some_and(|due| moved.unwrap_or(due) < day(9, 30));
    Line {
        finding_id: Uuid::from_u128(n as u128 + 1),
        finding_number: format!("440199001-2026-{:04}", n + 1),
        facility_name,
        facility_kind,
        category: category.into(),
        description: description.into(),
        verified_basis: if basis.is_empty() { vec![] } else { vec![basis.into()] },
        original_due,
        due_provisional: moved.is_some() && n.is_multiple_of(2) && state.deadline_runs(),
        due_moved: moved,
        state,
        overdue: late && state.deadline_runs(),
        repeat: n % 8 == 4,
        photo: (n % 3 != 2).then(|| PhotoRef { sha256: format!("{n:064x}") }),
    }
}

/// What is left from before is never closed.
fn earlier(n: usize) -> Line {
    let state = [State::Served, State::Returned, State::Suspended][n % 3];
    let overdue = state != State::Suspended;
    let original_due = Some(day(7, 1 + u32::try_from(n).expect("a day")));
    Line {
        state,
        overdue,
        original_due,
        due_moved: None,
        due_provisional: false,
        repeat: false,
        ..line(n + 900)
    }
}

fn counts(station: u32, center: u32, canteen: u32) -> Vec<KindCount> {
    let all = [(Station, station), (Center, center), (Canteen, canteen)];
    all.into_iter().filter(|(_, n)| *n > 0).map(|(kind, count)| KindCount { kind, count }).collect()
}

fn facts(lines: usize, carried: usize) -> Facts {
    Facts {
        lines: (0..lines).map(line).collect(),
        carried_over: (0..carried).map(earlier).collect(),
        ..common()
    }
}

fn indicators(rows: &[(&str, &str, &str, &str)]) -> Vec<Indicator> {
    let row = |(name, target, value, rate): &(&str, &str, &str, &str)| Indicator {
        name: (*name).into(),
        target: (*target).into(),
        value: (*value).into(),
        rate: (*rate).into(),
        as_of: None,
        place: None,
    };
    rows.iter().map(row).collect()
}

/// Everything inspected, nothing found, nothing left.
fn none() -> Facts {
    let inspected = counts(5, 1, 2);
    let indicators = indicators(&[
        ("颐康服务站检查覆盖率", "5个", "5个", "100%"),
        ("颐康中心检查覆盖率", "1个", "1个", "100%"),
        ("长者饭堂检查覆盖率", "2个", "2个", "100%"),
    ]);
    Facts { inspected, indicators, sheets_served: 0, ..facts(0, 0) }
}

/// Three findings, one of each: settled, late, extended; and copies to others.
fn three() -> Facts {
    let mut three = Facts { cc: vec!["示例区消防救援大队".into()], sheets_served: 3, ..facts(3, 0) };
    let change = [
        (State::Closed, false, None),
        (State::Served, true, None),
        (State::Served, false, Some(day(10, 20))),
    ];
    for (line, (state, overdue, moved)) in three.lines.iter_mut().zip(change) {
        (line.state, line.overdue, line.due_moved) = (state, overdue, moved);
    }
    three.indicators.truncate(3);
    three
}

fn sixty() -> Facts {
    let indicators = indicators(&[
        ("颐康服务站检查覆盖率", "12个", "11个", "91.7%"),
        ("颐康中心检查覆盖率", "1个", "1个", "100%"),
        ("长者饭堂检查覆盖率", "6个", "6个", "100%"),
        ("逾期未销号问题", "0个", "12个", "—"),
    ]);
    Facts {
        planned: counts(12, 1, 6),
        inspected: counts(11, 1, 6),
        indicators,
        sheets_served: 14,
        ..facts(60, 6)
    }
}

fn two_hundred() -> Facts {
    let mut facts =
        Facts { planned: counts(12, 1, 6), inspected: counts(12, 1, 6), sheets_served: 19, ..facts(188, 12) };
    facts.indicators.clear();
    facts.relapse_months = 6;
    facts.inspected_to = facts.inspected_from;
    facts
}

fn rows(told: &mut String, annex: &Annex<IssueRow>) {
    for (n, row) in (1..).zip(&annex.rows) {
        let photo = if row.photo.is_some() { "有照片" } else { "—" };
        let repeat = if row.repeat { "（重复出现）" } else { "" };
        let basis = if row.basis.is_empty() { "—".into() } else { row.basis.join("、") };
        let cells = [&row.number, &row.facility, &row.category, &format!("{}{repeat}", row.problem), &basis];
        let cells = cells.map(String::as_str).join(" | ");
        writeln!(told, "{n} | {cells} | {} | {} | {photo}", row.due, row.standing).expect("a text");
    }
}

fn head<Row>(told: &mut String, annex: &Annex<Row>) {
    writeln!(told, "\n== {} {}\n{}\n{}", annex.label, annex.title, annex.heading.join("/"), annex.note)
        .expect("a text");
}

/// A letter as text.
fn told(letter: &Letter) -> String {
    let mut told = format!(
        "{}\n{}\n\n{}\n\n{}：\n",
        letter.authority,
        letter.printed_number(),
        letter.title.join("\n"),
        letter.recipient
    );
    told += &letter.text();
    told += "\n";
    let titles = [
        letter.issues.as_ref().map(|a| (&a.label, &a.title)),
        letter.indicators.as_ref().map(|a| (&a.label, &a.title)),
        letter.carried_over.as_ref().map(|a| (&a.label, &a.title)),
    ];
    for (label, title) in titles.into_iter().flatten() {
        writeln!(told, "{label}：{title}").expect("a text");
    }
    writeln!(told, "{}\n{}\n（{}）", letter.authority, letter.printed_date(), letter.contact)
        .expect("a text");
    if !letter.cc.is_empty() {
        writeln!(told, "抄送：{}。", letter.cc.join("，")).expect("a text");
    }
    if let Some(annex) = &letter.issues {
        head(&mut told, annex);
        rows(&mut told, annex);
    }
    if let Some(annex) = &letter.indicators {
        head(&mut told, annex);
        for (n, row) in (1..).zip(&annex.rows) {
            let cells = [&row.name, &row.target, &row.value, &row.rate, &row.as_of].map(String::as_str);
            writeln!(told, "{n} | {}", cells.join(" | ")).expect("a text");
        }
    }
    if let Some(annex) = &letter.carried_over {
        head(&mut told, annex);
        rows(&mut told, annex);
    }
    told
}

pub fn letters_of_every_length() {
    let all = [("none", none()), ("three", three()), ("sixty", sixty()), ("two-hundred", two_hundred())];
    let mut changed = vec![];
    for (name, facts) in all {
        let letter = compose(&facts).expect("a letter").issued("演示函〔2026〕12号", day(10, 8));
        let (file, now) = (format!("{FOLDER}/{name}.txt"), told(&letter));
        if std::env::var_os("YIXUN_UPDATE_GOLDEN").is_some_and(|value| value == "1") {
            std::fs::write(&file, &now).expect("the golden letter can be written");
        }
        let golden = std::fs::read_to_string(&file).expect("the golden letter");
        changed.extend(first_difference(&golden, &now).map(|told| format!("{name}.txt, {told}")));
    }
    let taken_over = "YIXUN_UPDATE_GOLDEN=1 takes it over";
    assert!(changed.is_empty(), "letters say something else ({taken_over}):\n{}", changed.join("\n"));
}
