//! Whose days they were: PURE. While a finding waits for somebody, the days are theirs, so that the bureau's slowness is
//! never the street's and a street's never the operator's.

use super::rules::State;
use crate::clock::business_date;
use crate::db::types::coded;
use crate::directory::Route;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

coded! {
    /// Who is waited for.
    pub enum Party {
        /// The operator, to rectify.
        Operator = "operator" "运营机构",
        /// The street, to check.
        Street = "street" "街道",
        /// The bureau, to confirm, serve, decide or close.
        Bureau = "bureau" "民政局",
        /// Another authority, or what stops all work.
        Other = "other" "其他部门或停工",
    }
}

/// What of a finding says who is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// Whom it goes through.
    pub route: Route,
    /// The fire brigade's own: only its re-check closes it.
    pub joint: bool,
}

/// Who is waited for while a finding is in a state; nobody when it is settled.
pub fn waited_for(state: State, way: Way) -> Option<Party> {
    use State::{
        Checked, Closed, Confirmed, Disputed, LongTerm, Open, Rectified, Returned, Served, Suspended,
        Terminated, Withdrawn,
    };
    match state {
        Rectified if way.route == Route::Street => Some(Party::Street),
        Rectified | Checked if way.joint => Some(Party::Other),
        Open | Confirmed | Rectified | Checked | Disputed => Some(Party::Bureau),
        Served | Returned | LongTerm => Some(Party::Operator),
        Suspended => Some(Party::Other),
        Closed | Withdrawn | Terminated => None,
    }
}

/// A state with when it began and when it ended; the last has not.
pub type Interval = (State, DateTime<Utc>, Option<DateTime<Utc>>);

/// Days that each party took, counted at midnights in Asia/Shanghai: a day belongs to whoever is waited for when it
/// ends. While the finding lies with another authority (`elsewhere`, from and until), the days are that one's.
pub fn days(
    intervals: &[Interval],
    elsewhere: &[(DateTime<Utc>, Option<DateTime<Utc>>)],
    way: Way,
    now: DateTime<Utc>,
) -> BTreeMap<Party, i64> {
    let mut days: BTreeMap<Party, i64> = Party::all().map(|p| (p, 0)).collect();
    for (state, from, until) in intervals {
        let Some(party) = waited_for(*state, way) else { continue };
        let (first, last) = (business_date(*from), business_date(until.unwrap_or(now)));
        let mut day = first;
        while day < last {
            let away = elsewhere
                .iter()
                .any(|(a, b)| business_date(*a) <= day && b.is_none_or(|b| day < business_date(b)));
            *days.entry(if away { Party::Other } else { party }).or_default() += 1;
            let Some(next) = day.succ_opt() else { break };
            day = next;
        }
    }
    days
}

impl Party {
    fn all() -> impl Iterator<Item = Self> {
        use crate::db::types::Coded as _;
        Self::ALL.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn each_day_is_somebody_s_once() {
        let steps = [
            (State::Open, at("2026-09-01T02:00:00Z"), Some(at("2026-09-03T02:00:00Z"))),
            (State::Served, at("2026-09-03T02:00:00Z"), Some(at("2026-09-10T15:59:59Z"))),
            (State::Rectified, at("2026-09-10T15:59:59Z"), Some(at("2026-09-10T16:00:00Z"))),
            (State::Checked, at("2026-09-10T16:00:00Z"), Some(at("2026-09-14T02:00:00Z"))),
            (State::Closed, at("2026-09-14T02:00:00Z"), None),
        ];
        let now = at("2026-12-01T00:00:00Z");
        let way = Way { route: Route::Street, joint: false };
        let days = days(&steps, &[], way, now);
        assert_eq!(days[&Party::Bureau], 2 + 3);
        assert_eq!(days[&Party::Operator], 7);
        assert_eq!(days[&Party::Street], 1, "the claim came a second before midnight");
        assert_eq!(days[&Party::Other], 0);
        assert_eq!(days.values().sum::<i64>(), 13);
    }

    #[test]
    fn what_lies_with_another_authority_is_its_time() {
        let steps = [(State::Served, at("2026-09-01T02:00:00Z"), None)];
        let away = [(at("2026-09-03T02:00:00Z"), Some(at("2026-09-06T02:00:00Z")))];
        let way = Way { route: Route::Direct, joint: false };
        let days = days(&steps, &away, way, at("2026-09-11T02:00:00Z"));
        assert_eq!((days[&Party::Operator], days[&Party::Other]), (7, 3));
    }

    #[test]
    fn the_brigade_s_own_waits_for_the_brigade() {
        let joint = |route| Way { route, joint: true };
        assert_eq!(waited_for(State::Checked, joint(Route::Street)), Some(Party::Other));
        assert_eq!(waited_for(State::Rectified, joint(Route::Direct)), Some(Party::Other));
        assert_eq!(waited_for(State::Rectified, joint(Route::Street)), Some(Party::Street));
        assert_eq!(waited_for(State::Served, joint(Route::Street)), Some(Party::Operator));
    }
}
