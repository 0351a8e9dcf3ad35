//! The clock's setting: when it says that a day is near, and which next steps it drafts.

use super::{Name, Setting};
use crate::db::types::{Coded as _, coded};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

coded! {
    /// A next step that the clock drafts.
    pub enum StepKind {
        /// To be reminded once more by letter.
        SecondReminder = "second_reminder" "再次提醒函",
        /// To be called in; operators and contractors only.
        Talk = "talk" "约谈",
        /// To speak with the street's leaders.
        LeaderContact = "leader_contact" "联系街道领导",
        /// To report to the district government.
        DistrictReport = "district_report" "报告区政府",
    }
}

coded! {
    /// To whom a step goes.
    pub enum Addressee {
        /// The street office.
        Street = "street" "街道办事处",
        /// The facility's operator, or the unit of the bureau that runs it.
        Operator = "operator" "运营机构",
        /// The district government.
        District = "district" "区政府",
    }
}

/// A step and when it is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What.
    pub kind: StepKind,
    /// To whom.
    pub to: Addressee,
    /// On the how manieth working day after the due day.
    pub after: u16,
    /// It is drafted; otherwise it is only recorded that it was not taken.
    pub on: bool,
    /// Its text. May hold `{addressee}`, `{campaign}`, `{count}` (findings), `{facilities}` (how many), `{numbers}`.
    pub text: String,
}

/// What a step's text may hold.
pub const PLACEHOLDERS: [&str; 5] = ["{addressee}", "{campaign}", "{count}", "{facilities}", "{numbers}"];

/// How the clock of the loop runs 催办.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Working days before the due day on which it is said that it is near, the earliest first.
    pub near_due: Vec<u16>,
    /// Working days within which the bureau confirms a third party's finding.
    pub confirm_within: u16,
    /// The steps, in the order in which they are taken.
    pub steps: Vec<Step>,
}

impl Default for Clock {
    fn default() -> Self {
        use Addressee::{District, Operator, Street};
        let step = |kind, to, after, on, text: &str| Step { kind, to, after, on, text: text.into() };
        let steps = vec![
            step(
                StepKind::SecondReminder,
                Street,
                5,
                true,
                "{addressee}：\n  经核，{campaign}中涉及你街道辖内{facilities}家设施的{count}项问题已超过整改期限，尚未完成整改（问题编号：{numbers}）。请督促有关单位抓紧整改，并将整改情况书面反馈我局。\n  特此提醒。",
            ),
            step(
                StepKind::SecondReminder,
                Operator,
                5,
                true,
                "{addressee}：\n  经核，{campaign}中涉及你单位{facilities}家设施的{count}项问题已超过整改期限，尚未完成整改（问题编号：{numbers}）。请抓紧整改，并将整改情况书面反馈我局。\n  特此提醒。",
            ),
            step(
                StepKind::Talk,
                Operator,
                10,
                true,
                "拟约谈{addressee}：{campaign}中{facilities}家设施的{count}项问题逾期未完成整改（问题编号：{numbers}）。",
            ),
            step(
                StepKind::LeaderContact,
                Street,
                10,
                true,
                "拟联系{addressee}负责同志：{campaign}中{facilities}家设施的{count}项问题逾期未完成整改（问题编号：{numbers}），请协调推动。",
            ),
            step(
                StepKind::DistrictReport,
                District,
                10,
                false,
                "{addressee}：\n  {campaign}中{facilities}家设施的{count}项问题逾期未完成整改（问题编号：{numbers}），经再次提醒仍未完成。现将情况报告如上。",
            ),
        ];
        Self { near_due: vec![2, 1], confirm_within: 3, steps }
    }
}

impl Clock {
    /// The longest time before the due day from which it is near, in working days; none where nobody is told.
    pub fn near_from(&self) -> u16 {
        self.near_due.iter().copied().max().unwrap_or(0)
    }
}

impl Setting for Clock {
    const NAME: Name = Name::Clock;

    fn check(&self) -> Result<(), String> {
        let near = self.near_due.iter().all(|n| (1..=20).contains(n));
        if !near || self.near_due.len() > 5 || !self.near_due.windows(2).all(|w| w[0] > w[1]) {
            return Err("near_due 应为 1 至 20 之间由大到小的天数，至多 5 个".into());
        }
        if !(1..=20).contains(&self.confirm_within) {
            return Err("confirm_within 应在 1 至 20 之间".into());
        }
        let mut seen = BTreeSet::new();
        if self.steps.len() > 8 || !self.steps.iter().all(|s| seen.insert((s.kind, s.to))) {
            return Err("steps 至多 8 项，同一对象的同一步骤只能出现一次".into());
        }
        if !self.steps.windows(2).all(|w| w[0].after <= w[1].after) {
            return Err("steps 须按 after 由小到大排列".into());
        }
        self.steps.iter().try_for_each(Step::check)
    }
}

impl Step {
    fn check(&self) -> Result<(), String> {
        let (kind, to) = (self.kind.label(), self.to.label());
        let fits = match self.kind {
            StepKind::SecondReminder => self.to != Addressee::District,
            StepKind::Talk => self.to == Addressee::Operator,
            StepKind::LeaderContact => self.to == Addressee::Street,
            StepKind::DistrictReport => self.to == Addressee::District,
        };
        if !fits {
            return Err(format!("{kind}（{}）的对象不能是{to}", self.kind.code()));
        }
        if !(1..=60).contains(&self.after) {
            return Err(format!("{kind}的 after 应在 1 至 60 之间"));
        }
        if !(10..=2000).contains(&self.text.chars().count()) || self.text.contains("责令") {
            return Err(format!("{kind}的文字应为 10 至 2000 字，且不得使用“责令”"));
        }
        let rest = PLACEHOLDERS.iter().fold(self.text.clone(), |text, known| text.replace(known, ""));
        if rest.contains(['{', '}']) {
            return Err(format!("{kind}的文字只能使用 {}", PLACEHOLDERS.join("、")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl Fn(&mut Clock)) -> Result<(), String> {
        let mut clock = Clock::default();
        change(&mut clock);
        clock.check()
    }

    #[test]
    fn the_default_holds_and_reports_nothing_to_the_district() {
        assert_eq!(with(|_| {}), Ok(()));
        let reports = |s: &&Step| s.kind == StepKind::DistrictReport;
        assert!(!Clock::default().steps.iter().find(reports).unwrap().on);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for change in [
            (|c: &mut Clock| c.near_due = vec![1, 2]) as fn(&mut Clock),
            |c| c.near_due = vec![0],
            |c| c.confirm_within = 0,
            |c| c.steps[0].after = 11,
            |c| c.steps[4].after = 61,
            // A street is never called in.
            |c| c.steps[2].to = Addressee::Street,
            |c| c.steps[3].to = Addressee::Operator,
            |c| c.steps[1] = c.steps[0].clone(),
            |c| c.steps[0].text = "责令{addressee}立即整改完毕。".into(),
            |c| c.steps[0].text = "请{somebody}抓紧整改，特此提醒。".into(),
            |c| c.steps[0].text = "太短".into(),
        ] {
            assert!(with(change).is_err());
        }
        assert_eq!(with(|c| c.near_due.clear()), Ok(()), "nobody need be told beforehand");
        assert_eq!(with(|c| c.steps.clear()), Ok(()));
    }
}
