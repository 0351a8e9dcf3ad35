//! Whether somebody may still hand in an inspection of a place: PURE. Whoever inspected there while they were allowed to
//! has done the work; what is authentic but comes too late, or belongs to a place that is no longer theirs, is not
//! refused but kept for the clerk. When a visit began is the phone's claim: it moves a record between "accepted" and
//! "kept", and changes no date.

use crate::access::scope::{Holder, Reach};
use crate::access::{Places, Role};
use crate::clock::business_date;
use crate::db::types::coded;
use crate::ids::{AreaId, FacilityId};
use chrono::{DateTime, Days, NaiveDate, Utc};

coded! {
    /// Why a record is kept instead of accepted.
    pub enum Reason {
        /// The inspector's contract has ended, beyond the days of grace.
        ContractEnded = "contract_ended" "检查员的授权已到期，记录留待经办人处理",
        /// The inspector works elsewhere now, or the facility has moved.
        ScopeLost = "scope_lost" "该设施已不在检查员的负责范围内，记录留待经办人处理",
        /// The campaign has ended.
        CampaignClosed = "campaign_closed" "检查行动已结束，记录留待经办人处理",
        /// The facility has ended or was merged into another.
        FacilityEnded = "facility_ended" "该设施已终止或合并，记录留待经办人处理",
        /// An amendment: a finding of the inspection stands in an issued letter.
        InIssuedLetter = "in_issued_letter" "该检查的问题已写入签发的提醒函，不能直接更正，已提请经办人处理",
    }
}

/// How somebody stands to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is theirs to inspect.
    InForce,
    /// It was until a few days ago, and the visit began before that.
    Grace,
    /// Authentic, but too late or out of place.
    Late(Reason),
}

/// What is known of the place.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The facility.
    pub facility: FacilityId,
    /// Its street today.
    pub street: AreaId,
    /// The streets where it was before.
    pub former: &'a [AreaId],
    /// It has ended.
    pub ended: bool,
    /// The campaign that is named has ended.
    pub campaign_closed: bool,
}

/// Days after the end of a contract on which visits that began before it are still accepted.
const GRACE: Days = Days::new(7);

/// How a person stands to a place, at `now`, with a visit that began at `started` by their phone's clock; `None` for
/// whoever never had an inspector's grant that reached it.
pub fn standing(
    by: &Holder,
    place: &Place<'_>,
    started: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<Standing> {
    let own = if by.scope.places().holds(place.street, Some(place.facility)) {
        Standing::InForce
    } else {
        without_reach(by, place, business_date(started), business_date(now))?
    };
    Some(match own {
        Standing::Late(_) => own,
        _ if place.ended => Standing::Late(Reason::FacilityEnded),
        _ if place.campaign_closed => Standing::Late(Reason::CampaignClosed),
        _ => own,
    })
}

fn without_reach(by: &Holder, place: &Place<'_>, started: NaiveDate, today: NaiveDate) -> Option<Standing> {
    let was_there = |places: &Places| place.former.iter().any(|street| places.holds(*street, None));
    let inspects = |r: &&Reach| r.role == Role::Inspector;
    let reached = |places: &Places| places.holds(place.street, Some(place.facility)) || was_there(places);
    let ended = by.lapsed.iter().filter(|l| reached(&l.reach.places)).map(|l| l.last_day).max();
    if by.reaches.iter().any(|r| inspects(&r)) {
        let moved_away = by.reaches.iter().filter(inspects).any(|r| was_there(&r.places));
        return (ended.is_some() || moved_away).then_some(Standing::Late(Reason::ScopeLost));
    }
    let last_day = ended?;
    let in_time = last_day.checked_add_days(GRACE).is_some_and(|until| today <= until);
    Some(if in_time && started <= last_day { Standing::Grace } else { Standing::Late(Reason::ContractEnded) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Action;
    use crate::access::scope::{Lapsed, scope_of};
    use crate::ids::{TypedId as _, UserId, new_uuid};

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}+08:00").parse::<DateTime<chrono::FixedOffset>>().unwrap().to_utc()
    }

    fn area(n: i64) -> AreaId {
        AreaId::from_uuid(new_uuid(DateTime::from_timestamp(n, 0).unwrap()))
    }

    fn reach(role: Role, streets: &[AreaId]) -> Reach {
        let places = Places { streets: streets.iter().copied().collect(), ..Places::default() };
        Reach { role, places, category: None, principal: None }
    }

    fn holder(now: &[Reach], ended: &[(Reach, &str)]) -> Holder {
        Holder {
            id: UserId::from_uuid(new_uuid(DateTime::from_timestamp(9, 0).unwrap())),
            third_party: true,
            scope: scope_of(Action::SubmitInspection, now).unwrap_or_default(),
            reaches: now.to_vec(),
            lapsed: ended
                .iter()
                .map(|(reach, day)| Lapsed { reach: reach.clone(), last_day: day.parse().unwrap() })
                .collect(),
        }
    }

    #[test]
    fn the_table() {
        use Reason::{CampaignClosed, ContractEnded, FacilityEnded, ScopeLost};
        use Standing::{Grace, InForce, Late};
        let (here, there, before) = (area(1), area(2), area(3));
        let facility = FacilityId::from_uuid(new_uuid(DateTime::from_timestamp(4, 0).unwrap()));
        let open = Place { facility, street: here, former: &[], ended: false, campaign_closed: false };
        let moved = Place { former: &[before], ..open };
        let ended = Place { ended: true, ..open };
        let closed = Place { campaign_closed: true, ..open };
        let inspector = |street| reach(Role::Inspector, &[street]);
        let street = |street| reach(Role::Street, &[street]);
        let now_here = holder(&[inspector(here)], &[]);
        let until = |day| holder(&[], &[(inspector(here), day)]);
        let (start, now) = ("2026-07-31T23:59:59", "2026-08-07T23:59:59");
        let rows = [
            ("in force", &now_here, open, start, now, Some(InForce)),
            ("in force, a clock years ahead", &now_here, open, "2099-01-01T00:00:00", now, Some(InForce)),
            ("in force, ended", &now_here, ended, start, now, Some(Late(FacilityEnded))),
            ("in force, closed", &now_here, closed, start, now, Some(Late(CampaignClosed))),
            ("both", &now_here, Place { ended: true, ..closed }, start, now, Some(Late(FacilityEnded))),
            ("the last day of grace", &until("2026-07-31"), open, start, now, Some(Grace)),
            (
                "a day later",
                &until("2026-07-31"),
                open,
                start,
                "2026-08-08T00:00:00",
                Some(Late(ContractEnded)),
            ),
            (
                "begun after the end",
                &until("2026-07-31"),
                open,
                "2026-08-01T00:00:00",
                now,
                Some(Late(ContractEnded)),
            ),
            (
                "begun, it says, long before",
                &until("2026-07-31"),
                open,
                "1970-01-01T00:00:00",
                now,
                Some(Grace),
            ),
            ("in grace, ended", &until("2026-07-31"), ended, start, now, Some(Late(FacilityEnded))),
            ("in grace, closed", &until("2026-07-31"), closed, start, now, Some(Late(CampaignClosed))),
            ("long ended, and so is all", &until("2026-01-31"), ended, start, now, Some(Late(ContractEnded))),
            (
                "the later of two contracts counts",
                &holder(&[], &[(inspector(here), "2026-07-31"), (inspector(here), "2025-07-31")]),
                open,
                start,
                now,
                Some(Grace),
            ),
            (
                "works elsewhere now",
                &holder(&[inspector(there)], &[(inspector(here), "2026-07-31")]),
                open,
                start,
                now,
                Some(Late(ScopeLost)),
            ),
            (
                "is a street's clerk now",
                &holder(&[street(there)], &[(inspector(here), "2026-07-31")]),
                open,
                start,
                now,
                Some(Grace),
            ),
            (
                "the facility moved away",
                &holder(&[inspector(before)], &[]),
                moved,
                start,
                now,
                Some(Late(ScopeLost)),
            ),
            (
                "moved away after the contract",
                &holder(&[], &[(inspector(before), "2026-07-31")]),
                moved,
                start,
                now,
                Some(Grace),
            ),
            ("never there", &holder(&[inspector(there)], &[]), moved, start, now, None),
            (
                "never there, ended",
                &holder(&[], &[(inspector(there), "2026-07-31")]),
                moved,
                start,
                now,
                None,
            ),
            ("never an inspector", &holder(&[street(here), street(before)], &[]), moved, start, now, None),
        ];
        for (name, by, place, started, now, expected) in rows {
            assert_eq!(standing(by, &place, at(started), at(now)), expected, "{name}");
        }
    }
}
