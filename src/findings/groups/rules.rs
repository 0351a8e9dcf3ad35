//! How far a group is: PURE. x of y: what was withdrawn is left out, what was terminated is counted apart and never as rectified.

use crate::clock::business_date;
use crate::db::types::coded;
use crate::findings::rules::State;
use chrono::{DateTime, NaiveDate, Utc};

coded! {
    /// How far a group is.
    pub enum Standing {
        /// Nothing is closed.
        Untouched = "none" "未整改",
        /// Some are closed.
        Partial = "partial" "部分整改",
        /// Every one is closed.
        Closed = "closed" "已全部整改",
        /// Nothing is open, but some were terminated: never called rectified.
        Settled = "settled" "已了结（含终结）",
    }
}

/// What counts of a member.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// Where it stands.
    pub state: State,
    /// Its due day.
    pub due_on: Option<NaiveDate>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
}

/// How far a group is: `closed` of `counted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct GroupProgress {
    /// In one word.
    pub state: Standing,
    /// x: closed.
    pub closed: i64,
    /// y: all but the withdrawn.
    pub counted: i64,
    /// Of y: terminated, never counted as rectified.
    pub terminated: i64,
    /// Beside y: withdrawn as mistakes.
    pub withdrawn: i64,
    /// Of y: overdue.
    pub overdue: i64,
    /// The earliest due day of those that are not settled.
    pub next_due_on: Option<NaiveDate>,
    /// The day on which one was closed last.
    pub last_closed_on: Option<NaiveDate>,
}

/// Reckons how far a group is on a day.
pub fn progress(members: &[Member], today: NaiveDate) -> GroupProgress {
    let count = |wanted: &dyn Fn(&Member) -> bool| {
        i64::try_from(members.iter().filter(|m| wanted(m)).count()).unwrap_or(i64::MAX)
    };
    let closed = count(&|m| m.state == State::Closed);
    let terminated = count(&|m| m.state == State::Terminated);
    let withdrawn = count(&|m| m.state == State::Withdrawn);
    let counted = count(&|_| true) - withdrawn;
    let state = match closed {
        _ if counted > 0 && closed == counted => Standing::Closed,
        _ if terminated > 0 && closed + terminated == counted => Standing::Settled,
        0 => Standing::Untouched,
        _ => Standing::Partial,
    };
    let open = members.iter().filter(|m| m.state.is_unsettled());
    GroupProgress {
        state,
        closed,
        counted,
        terminated,
        withdrawn,
        overdue: count(&|m| m.state.is_late(m.due_on, today)),
        next_due_on: open.filter_map(|m| m.due_on).min(),
        last_closed_on: members.iter().filter_map(|m| m.closed_at).max().map(business_date),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(states: &[State]) -> Vec<Member> {
        states.iter().map(|state| Member { state: *state, due_on: None, closed_at: None }).collect()
    }

    fn told(states: &[State]) -> (Standing, i64, i64) {
        let at = progress(&members(states), "2026-08-03".parse().unwrap());
        (at.state, at.closed, at.counted)
    }

    #[test]
    fn seventeen_children_are_partly_rectified_until_the_last() {
        let mut states = [State::Served; 17];
        assert_eq!(told(&states), (Standing::Untouched, 0, 17));
        for (closed, n) in (1..).zip(0..17) {
            states[n] = State::Closed;
            let standing = if closed == 17 { Standing::Closed } else { Standing::Partial };
            assert_eq!(told(&states), (standing, closed, 17));
        }
    }

    #[test]
    fn the_withdrawn_are_left_out_and_the_terminated_are_never_rectified() {
        use State::{Closed, Returned, Terminated, Withdrawn};
        assert_eq!(told(&[Closed, Withdrawn]), (Standing::Closed, 1, 1));
        assert_eq!(told(&[Closed, Terminated]), (Standing::Settled, 1, 2));
        assert_eq!(told(&[Terminated]), (Standing::Settled, 0, 1));
        assert_eq!(told(&[Terminated, Returned]), (Standing::Untouched, 0, 2));
        assert_eq!(told(&[Closed, Terminated, Returned]), (Standing::Partial, 1, 3));
        assert_eq!(told(&[Withdrawn]), (Standing::Untouched, 0, 0));
        assert_eq!(told(&[]), (Standing::Untouched, 0, 0));
    }

    #[test]
    fn dates_are_of_what_is_open_and_what_was_closed() {
        let at = |text: &str| Some(text.parse::<DateTime<Utc>>().unwrap());
        let day = |text: &str| Some(text.parse::<NaiveDate>().unwrap());
        let members = [
            Member { state: State::Closed, due_on: day("2026-08-01"), closed_at: at("2026-08-02T16:00:00Z") },
            Member { state: State::Served, due_on: day("2026-08-02"), closed_at: None },
            Member { state: State::Returned, due_on: day("2026-08-03"), closed_at: None },
        ];
        let told = progress(&members, "2026-08-03".parse().unwrap());
        assert_eq!((told.overdue, told.next_due_on), (1, day("2026-08-02")));
        assert_eq!(told.last_closed_on, day("2026-08-03"), "in Guangzhou it was past midnight");
    }
}
