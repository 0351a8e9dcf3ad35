//! What the clock has to mark on a day: PURE. Facts of a finding, the day, the working calendar and the setting give the
//! marks that are due and not yet there.
//!
//! - The clock runs only against the responsible side: while it is to act. A claim made by the due day stops it, however
//!   long the bureau takes; a later claim leaves it overdue and stops the steps.
//! - A step is due on the n-th working day after the due day *that the responsible side had it*: days on which a claim
//!   waited, or on which the clock stood still, do not count, nor do the days on which they began and ended.
//! - A near-due mark has its time: from its own day until the next one's, the last until the due day. One whose time has
//!   passed unseen is recorded as skipped; one whose day was not after the service never had a time.

use super::{Mark, MarkResult};
use crate::calendar::rules::{Reckoned, WorkCalendar};
use crate::directory::Route;
use crate::findings::rules::State;
use crate::settings::{Addressee, Clock, Step, StepKind};
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// A stage of what is followed in stages, apart from the last, whose day is the finding's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageDue {
    /// Its place, from 1.
    pub position: i32,
    /// By when.
    pub due_on: NaiveDate,
}

/// What the clock must know of a finding. Days are Asia/Shanghai.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Where it stands.
    pub state: State,
    /// Found by a third party.
    pub third_party: bool,
    /// Whom it goes through.
    pub route: Route,
    /// When it was found.
    pub found_on: NaiveDate,
    /// When it was served.
    pub served_on: Option<NaiveDate>,
    /// Last day to rectify.
    pub due_on: Option<NaiveDate>,
    /// The day on which the server had the last claim.
    pub claimed_on: Option<NaiveDate>,
    /// Of 挂账: the stages that are not done, without the last.
    pub stages: Vec<StageDue>,
    /// From when to when somebody else had it, or nobody: first and last day.
    pub away: Vec<(NaiveDate, NaiveDate)>,
}

/// What a mark is told from others by: at most one of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// What.
    pub mark: Mark,
    /// Of a near-due mark: working days before.
    pub days: i32,
    /// The stage, 0 for the finding as a whole.
    pub stage: i32,
    /// The due day that it is about.
    pub due_on: NaiveDate,
}

/// A mark that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due<'a> {
    /// What tells it from others.
    pub key: Key,
    /// The day from which it was due.
    pub fires_on: NaiveDate,
    /// What becomes of it.
    pub result: MarkResult,
    /// It rests on a year whose holidays are not published.
    pub provisional: bool,
    /// The step that it drafts.
    pub step: Option<&'a Step>,
}

/// What is the same for all findings of a day.
#[derive(Debug, Clone, Copy)]
pub struct Day<'a> {
    /// The day.
    pub today: NaiveDate,
    /// Working days.
    pub calendar: &'a WorkCalendar,
    /// The setting.
    pub clock: &'a Clock,
}

impl<'a> Day<'a> {
    /// The marks that are due and not among the `known`, in the order in which they came due.
    pub fn due(&self, facts: &Facts, known: &BTreeSet<Key>) -> Vec<Due<'a>> {
        let mut due = match (facts.state, facts.due_on) {
            // Once, also where another setting or calendar would give another day.
            (State::Open, _) if facts.third_party && !known.iter().any(|k| k.mark == Mark::ToConfirm) => {
                self.unconfirmed(facts)
            }
            (state, Some(due_on)) if state.is_to_rectify() => self.acting(facts, due_on),
            (State::Rectified | State::Checked, Some(due_on))
                if facts.claimed_on.is_some_and(|c| c > due_on) =>
            {
                self.overdue(0, due_on)
            }
            _ => vec![],
        };
        due.retain(|d| !known.contains(&d.key));
        due.sort_by_key(|d| d.fires_on);
        due
    }

    fn unconfirmed(&self, facts: &Facts) -> Vec<Due<'a>> {
        let last = self.calendar.add_working_days(facts.found_on, self.clock.confirm_within);
        self.after(Mark::ToConfirm, 0, last)
    }

    fn acting(&self, facts: &Facts, due_on: NaiveDate) -> Vec<Due<'a>> {
        let mut due = self.near(facts, 0, due_on);
        due.extend(self.overdue(0, due_on));
        for stage in facts.stages.iter().filter(|_| facts.state == State::LongTerm) {
            due.extend(self.near(facts, stage.position, stage.due_on));
            due.extend(self.overdue(stage.position, stage.due_on));
        }
        let steps = self.clock.steps.iter().filter(|step| concerns(step, facts.route));
        due.extend(steps.filter_map(|step| self.step(facts, due_on, step)));
        due
    }

    fn near(&self, facts: &Facts, stage: i32, due_on: NaiveDate) -> Vec<Due<'a>> {
        let begins = |n: u16| self.calendar.working_days_before(due_on, n);
        let days = &self.clock.near_due;
        let nexts = days.iter().skip(1).map(|n| begins(*n).value.pred_opt().unwrap_or(due_on));
        let ends = nexts.chain([due_on]);
        let mut due = vec![];
        for (n, last) in days.iter().zip(ends) {
            let from = begins(*n);
            if self.today < from.value || facts.served_on.is_some_and(|served| from.value <= served) {
                continue;
            }
            let key = Key { mark: Mark::NearDue, days: i32::from(*n), stage, due_on };
            let result = if self.today <= last { MarkResult::Fired } else { MarkResult::Skipped };
            due.push(Due { key, fires_on: from.value, result, provisional: from.provisional, step: None });
        }
        due
    }

    fn overdue(&self, stage: i32, due_on: NaiveDate) -> Vec<Due<'a>> {
        self.after(Mark::Overdue, stage, Reckoned { value: due_on, provisional: false })
    }

    /// A mark from 00:00 of the day after `last` on.
    fn after(&self, mark: Mark, stage: i32, last: Reckoned<NaiveDate>) -> Vec<Due<'a>> {
        let key = Key { mark, days: 0, stage, due_on: last.value };
        match last.value.succ_opt() {
            Some(fires_on) if self.today >= fires_on => {
                let provisional = last.provisional;
                vec![Due { key, fires_on, result: MarkResult::Fired, provisional, step: None }]
            }
            _ => vec![],
        }
    }

    fn step(&self, facts: &Facts, due_on: NaiveDate, step: &'a Step) -> Option<Due<'a>> {
        let day = self.nth_day_theirs(step.after, due_on, &facts.away)?;
        let key = Key { mark: step.kind.into(), days: 0, stage: 0, due_on };
        let result = if step.on { MarkResult::Fired } else { MarkResult::NotTaken };
        Some(Due { key, fires_on: day.value, result, provisional: day.provisional, step: Some(step) })
    }

    /// The n-th working day after the due day that the responsible side had it, if it has come.
    fn nth_day_theirs(
        &self,
        n: u16,
        due_on: NaiveDate,
        away: &[(NaiveDate, NaiveDate)],
    ) -> Option<Reckoned<NaiveDate>> {
        let theirs = |day: NaiveDate| !away.iter().any(|(from, to)| (*from..=*to).contains(&day));
        let (mut left, mut provisional) = (n, false);
        for day in due_on.iter_days().skip(1).take_while(|day| *day <= self.today) {
            let working = self.calendar.is_working_day(day);
            provisional |= working.provisional;
            left -= u16::from(working.value && theirs(day));
            if left == 0 {
                return Some(Reckoned { value: day, provisional });
            }
        }
        None
    }
}

/// Whether a step is taken about findings of a route. A street's finding goes to the street; its operator is only ever
/// called in. All others go to the operator, and no street or government is bothered about them.
pub fn concerns(step: &Step, route: Route) -> bool {
    match (route, step.to) {
        (Route::Street, Addressee::Operator) => step.kind == StepKind::Talk,
        (Route::Street, Addressee::Street | Addressee::District) => true,
        (Route::Direct | Route::BureauUnit, to) => to == Addressee::Operator,
    }
}

/// The last due day that a day can have to do with: whatever is due later is not near yet.
pub fn horizon(day: &Day<'_>) -> NaiveDate {
    let furthest = day.clock.near_due.first().copied().unwrap_or(0);
    day.calendar.add_working_days(day.today, furthest + 1).value
}

#[cfg(test)]
mod tests;
