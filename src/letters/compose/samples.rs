//! Facts for tests, made up and fictional.

use super::super::facts::{Authority, Facts, Indicator, KindCount, Line, PhotoRef};
use crate::directory::FacilityKind;
use crate::findings::rules::State;
use crate::letters::kind::LetterKind;
use chrono::NaiveDate;
use uuid::Uuid;

const PROBLEMS: [(&str, &str, &str); 9] = [
    ("消防安全", "疏散通道堆放纸箱、轮椅等杂物,净宽不足", "《消防法》第二十八条、第六十条第一款第(三)项"),
    ("食品安全", "留样柜未上锁,当日晚餐留样缺1个品种。", "《食品安全法实施条例》第二十八条"),
    (
        "标识标牌",
        "现场不符合“站点入口显著位置悬挂统一规范的颐康服务站站牌,站牌完好、名称与台账一致”的要求（演示）",
        "",
    ),
    ("信息公示", "未公示收费标准和投诉电话", ""),
    ("消防安全", "2具灭火器压力不足,未见每月检查记录", "《消防法》第十六条第一款第(二)项"),
    ("运营状态", "工作日公示的开放时间内未开门", ""),
    ("台账档案", "当月服务台账缺7月15日至7月20日记录;签到表与台账人次不一致", ""),
    ("服务安全", "无障碍卫生间紧急呼叫按钮失灵", "《无障碍环境建设法》第二十一条、第二十六条"),
    ("用火用电", "厨房插座面板破损,电线裸露", "《消防法》第二十七条"),
];

/// A day of 2026.
pub(in super::super) fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, month, day).expect("a day of the calendar")
}

/// One finding; every third is in a canteen.
pub(in super::super) fn line(n: usize) -> Line {
    let (category, description, basis) = PROBLEMS[n % PROBLEMS.len()];
    let states = [State::Served, State::Rectified, State::Closed, State::Confirmed, State::Checked];
    let state = states[n % states.len()];
    let (kind, what) = match n % 3 {
        2 => (FacilityKind::Canteen, "长者饭堂"),
        _ => (FacilityKind::Station, "颐康服务站"),
    };
    Line {
        finding_id: Uuid::from_u128(n as u128),
        finding_number: format!("440100001-2026-{:04}", n + 1),
        facility_name: format!("示例{}社区{what}（演示）", n % 7 + 1),
        facility_kind: kind,
        category: category.into(),
        description: description.into(),
        verified_basis: if basis.is_empty() { vec![] } else { vec![basis.into()] },
        original_due: (state != State::Confirmed).then(|| day(9, 14 + (n % 14) as u32)),
        due_provisional: false,
        due_moved: None,
        state,
        overdue: n % 10 == 5,
        repeat: n % 8 == 4,
        photo: Some(PhotoRef { sha256: format!("{n:064x}") }),
    }
}

/// Facts with so many findings, and so many left from before.
pub(in super::super) fn facts(lines: usize, carried_over: usize) -> Facts {
    let counts = [(FacilityKind::Station, 11), (FacilityKind::Center, 1), (FacilityKind::Canteen, 2)];
    let counts = counts.map(|(kind, count)| KindCount { kind, count }).to_vec();
    let coverage = |c: &KindCount| Indicator {
        name: format!("{}检查覆盖率", c.kind.label()),
        target: format!("{}个", c.count),
        value: format!("{}个", c.count),
        rate: "100%".into(),
        as_of: None,
        place: None,
    };
    let mut indicators: Vec<Indicator> = counts.iter().map(coverage).collect();
    indicators.push(Indicator {
        name: "站牌照片覆盖率".into(),
        target: "11个".into(),
        value: "10个".into(),
        rate: "90.9%".into(),
        as_of: None,
        place: None,
    });
    Facts {
        kind: LetterKind::CampaignReminder,
        about: None,
        terms: None,
        operator: None,
        blocks: vec![],
        left_out: vec![],
        authority: Authority {
            name: "示例区民政局".into(),
            doc_word: "演示函".into(),
            contact: "联系人：示例联系人，联系电话：000-00000000".into(),
            watermark: Some("演示样张".into()),
        },
        street_office_name: "示例街道办事处".into(),
        street_name: "示例街道".into(),
        campaign_name: "2026年第三季度居家社区养老服务设施质量检查".into(),
        inspected_from: Some(day(7, 6)),
        inspected_to: Some(day(9, 18)),
        planned: counts.clone(),
        inspected: counts,
        sheets_served: u32::try_from(lines.min(5)).expect("five at the most"),
        indicators,
        lines: (0..lines).map(line).collect(),
        carried_over: (500..500 + carried_over).map(|n| Line { state: State::Served, ..line(n) }).collect(),
        cc: vec![],
        relapse_months: 12,
        as_of: day(9, 30),
        reply_due: day(10, 16),
        late_reply: false,
        date: day(9, 30),
    }
}
