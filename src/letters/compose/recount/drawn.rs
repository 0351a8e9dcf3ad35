//! Facts drawn by lot: lines in whatever state, with figures wherever people may write some.

use super::super::samples::{day, facts, line};
use super::counts::of;
use crate::db::types::Coded as _;
use crate::directory::FacilityKind;
use crate::findings::rules::State;
use crate::letters::facts::{Facts, Indicator, KindCount, Line};
use crate::letters::kind::{About, LetterKind, Terms};
use proptest::prelude::*;

/// A line in whatever state.
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
    pub(super) fn any_facts()(
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
            Indicator {
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

pub(super) const OTHERS: [LetterKind; 3] =
    [LetterKind::SecondReminder, LetterKind::OperatorReminder, LetterKind::TalkNotice];

/// The same findings for a letter of another kind.
pub(super) fn of_kind(facts: Facts, kind: LetterKind) -> Facts {
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
