//! What the ledger makes of a finding's history: PURE. An exception is nothing forbidden: it is what a reader of the ledger has to
//! know, because one person did what two do otherwise, or because something was left out.

use crate::clock::business_date;
use crate::db::types::coded;
use crate::findings::rules::State;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

coded! {
    /// What a reader of the ledger has to know.
    pub enum Exception {
        /// Who found it closed it.
        FinderClosed = "finder_closed" "发现人与销号人为同一人",
        /// The street did not check.
        CheckSkipped = "check_skipped" "街道未初核",
        /// Put right and closed on the spot.
        ClosedOnSite = "closed_on_site" "当场整改销号",
        /// Drawn for a look on site, and closed without one.
        DrawNotLookedAt = "draw_not_looked_at" "抽中未现场复查即销号",
        /// Ended without having been rectified.
        Terminated = "terminated" "终结",
        /// Withdrawn as a mistake, or after a dispute.
        Withdrawn = "withdrawn" "误报撤销",
    }
}

/// An event of a history.
#[derive(Debug, Clone, Copy)]
pub struct Happened<'a> {
    /// Its name.
    pub kind: &'a str,
    /// The state after it.
    pub to: State,
    /// More of it.
    pub detail: &'a Value,
}

/// What is exceptional about one event; `unseen` when a claim was drawn and nobody has looked at the one that stands.
pub fn of_event(event: Happened<'_>, unseen: bool) -> Vec<Exception> {
    let closes = event.to == State::Closed;
    let mut found = vec![];
    if closes && event.detail["finder_closed"] == true {
        found.push(Exception::FinderClosed);
    }
    match event.kind {
        "checked" if event.detail["result"] == "skipped" => found.push(Exception::CheckSkipped),
        "closed_on_site" => found.push(Exception::ClosedOnSite),
        "terminated" => found.push(Exception::Terminated),
        "withdrawn" | "dispute_upheld" => found.push(Exception::Withdrawn),
        _ => {}
    }
    if closes && unseen && matches!(event.kind, "closed" | "closed_on_site" | "brigade_checked") {
        found.push(Exception::DrawNotLookedAt);
    }
    found
}

/// What is exceptional about a history, in order; each once.
pub fn of_history(events: &[Happened<'_>]) -> Vec<Exception> {
    let (mut found, mut drawn, mut seen): (Vec<Exception>, bool, bool) = (vec![], false, false);
    for event in events {
        match event.kind {
            // What was drawn once stays drawn, and a look at an earlier claim says nothing of this one.
            "claimed" => (drawn, seen) = (drawn || event.detail["draw"]["drawn"] == true, false),
            "reinspected" => seen = true,
            _ => {}
        }
        found.extend(of_event(*event, drawn && !seen));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// What the figures need of a finding.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// Where it stands.
    pub state: State,
    /// Its due day.
    pub due_on: Option<NaiveDate>,
    /// When the server had the last claim.
    pub claimed_at: Option<DateTime<Utc>>,
    /// It repeats a closed one.
    pub repeats: bool,
}

/// Counts over findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// All.
    pub total: i64,
    /// Closed.
    pub closed: i64,
    /// Neither closed nor ended otherwise.
    pub open: i64,
    /// Of the open: not confirmed yet, which is advice and nobody's failure.
    pub unconfirmed: i64,
    /// Of the open: overdue.
    pub overdue: i64,
    /// Withdrawn.
    pub withdrawn: i64,
    /// Terminated.
    pub terminated: i64,
    /// Those that repeat a closed one; the withdrawn are left out.
    pub relapses: i64,
    /// Closed, or late and not closed: the denominator of 按期整改率.
    pub due: i64,
    /// Claimed on time and accepted: its numerator.
    pub on_time: i64,
}

/// 按期整改率: what counts.
pub const ON_TIME_RULE: &str = "分子：已销号，且最后一次申报由系统收到之日不晚于期限（含批准的延期）；\
分母：已销号的，加上已过期限而未销号的；误报撤销和终结的、按期申报尚待核查的、申诉和停工期间的不计";
/// 销号率: what counts.
pub const CLOSED_RULE: &str = "分子：已销号；分母：全部已确认的问题，误报撤销和终结的不计";

impl Figures {
    /// Adds a finding as it stands on a day.
    pub fn add(&mut self, f: Counted, today: NaiveDate) {
        let claimed = f.claimed_at.map(business_date);
        let in_time = claimed.zip(f.due_on).is_some_and(|(on, due)| on <= due);
        self.total += 1;
        self.relapses += i64::from(f.repeats && f.state != State::Withdrawn);
        match f.state {
            State::Withdrawn => self.withdrawn += 1,
            State::Terminated => self.terminated += 1,
            State::Closed => {
                self.closed += 1;
                self.due += 1;
                self.on_time += i64::from(in_time);
            }
            state => {
                self.open += 1;
                self.unconfirmed += i64::from(state == State::Open);
                let late = state.is_late(f.due_on, today);
                self.overdue += i64::from(late);
                // Whoever claimed in time and waits for others has not failed: the bureau's slowness is never the street's.
                let waits = in_time && !state.is_to_rectify();
                self.due += i64::from(late && !waits);
            }
        }
    }

    /// All that were confirmed but the withdrawn and the terminated: the denominator of 销号率.
    pub fn countable(&self) -> i64 {
        self.closed + self.open - self.unconfirmed
    }
}

/// Hundredths of a percent would say more than the figures do: two places.
pub fn percent(numerator: i64, denominator: i64) -> Option<f64> {
    let whole = |n: i64| i32::try_from(n).ok().map(f64::from);
    let (n, d) = (whole(numerator)?, whole(denominator).filter(|d| *d > 0.0)?);
    Some((n / d * 10_000.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_exception_and_nothing_else() {
        let told = |kind: &str, to: State, detail: Value, unseen: bool| {
            of_event(Happened { kind, to, detail: &detail }, unseen)
        };
        let plain = json!({ "finder_closed": false });
        assert_eq!(told("closed", State::Closed, plain.clone(), false), []);
        let both = json!({ "finder_closed": true });
        let wanted = [Exception::FinderClosed, Exception::ClosedOnSite];
        assert_eq!(told("closed_on_site", State::Closed, both, false), wanted);
        assert_eq!(told("closed", State::Closed, plain.clone(), true), [Exception::DrawNotLookedAt]);
        assert_eq!(told("brigade_checked", State::Returned, json!({}), true), []);
        let skipped = json!({ "result": "skipped" });
        assert_eq!(told("checked", State::Checked, skipped, false), [Exception::CheckSkipped]);
        assert_eq!(told("checked", State::Checked, json!({ "result": "pass" }), false), []);
        assert_eq!(told("terminated", State::Terminated, json!({}), false), [Exception::Terminated]);
        for kind in ["withdrawn", "dispute_upheld"] {
            assert_eq!(told(kind, State::Withdrawn, json!({}), false), [Exception::Withdrawn]);
        }
        assert_eq!(told("served", State::Served, plain, true), []);
    }

    #[test]
    fn what_was_drawn_stays_drawn_until_the_claim_that_stands_is_seen() {
        let (drawn, not) = (json!({ "draw": { "drawn": true } }), json!({ "draw": { "drawn": false } }));
        let none = json!({});
        let claimed = |detail| Happened { kind: "claimed", to: State::Rectified, detail };
        let seen = Happened { kind: "reinspected", to: State::Rectified, detail: &none };
        let closed = Happened { kind: "closed", to: State::Closed, detail: &none };
        assert_eq!(of_history(&[claimed(&drawn), closed]), [Exception::DrawNotLookedAt]);
        assert_eq!(of_history(&[claimed(&drawn), seen, closed]), []);
        assert_eq!(of_history(&[claimed(&not), closed]), []);
        assert_eq!(of_history(&[claimed(&drawn), claimed(&not), closed]), [Exception::DrawNotLookedAt]);
        assert_eq!(of_history(&[claimed(&drawn), seen, claimed(&not), closed]), [Exception::DrawNotLookedAt]);
        assert_eq!(of_history(&[claimed(&drawn), seen, claimed(&not), seen, closed]), []);
        assert_eq!(of_history(&[seen, claimed(&drawn), closed]), [Exception::DrawNotLookedAt]);
    }

    fn counted(state: State, due: &str, claimed: Option<&str>) -> Counted {
        Counted {
            state,
            due_on: due.parse().ok(),
            claimed_at: claimed.map(|at| at.parse().unwrap()),
            repeats: false,
        }
    }

    #[test]
    fn on_time_is_claimed_by_the_end_of_the_due_day_and_accepted() {
        let today = "2026-08-10".parse().unwrap();
        let figures = |findings: &[Counted]| {
            let mut all = Figures::default();
            findings.iter().for_each(|f| all.add(*f, today));
            all
        };
        // The due day ends at midnight in Guangzhou, which is 16:00 UTC.
        let last = counted(State::Closed, "2026-08-06", Some("2026-08-06T15:59:59Z"));
        let late = counted(State::Closed, "2026-08-06", Some("2026-08-06T16:00:00Z"));
        let unaccepted = counted(State::Checked, "2026-08-06", Some("2026-08-05T02:00:00Z"));
        let running = counted(State::Served, "2026-08-10", None);
        let paused = counted(State::Suspended, "2026-08-06", None);
        let advice = counted(State::Open, "", None);
        let mistake = Counted { repeats: true, ..counted(State::Withdrawn, "2026-08-06", None) };
        let ended = Counted { repeats: true, ..counted(State::Terminated, "2026-08-06", None) };
        let all = figures(&[last, late, unaccepted, running, paused, advice, mistake, ended]);
        assert_eq!((all.total, all.closed, all.open, all.withdrawn, all.terminated), (8, 2, 4, 1, 1));
        assert_eq!(
            (all.on_time, all.due, all.overdue),
            (1, 2, 1),
            "who claimed in time waits for the bureau"
        );
        assert_eq!((all.countable(), all.unconfirmed, all.relapses), (5, 1, 1));
        let unclaimed = counted(State::Served, "2026-08-06", None);
        let belated = counted(State::Checked, "2026-08-06", Some("2026-08-07T02:00:00Z"));
        let sent_back = counted(State::Returned, "2026-08-06", Some("2026-08-05T02:00:00Z"));
        let all = figures(&[unclaimed, belated, sent_back]);
        assert_eq!((all.on_time, all.due, all.overdue), (0, 3, 3));
    }

    #[test]
    fn percentages() {
        assert_eq!(percent(1, 3), Some(33.33));
        assert_eq!(percent(2, 3), Some(66.67));
        assert_eq!((percent(0, 5), percent(5, 5), percent(0, 0)), (Some(0.0), Some(100.0), None));
    }
}
