//! What can be handed over, and to whom: PURE. What a clerk has in charge goes to whoever reaches it by grants of their own. What
//! only the person can do (confirm where they were, send their phone's photos, stand in) ends with them and is settled with
//! a reason.

use crate::access::{Action, Holder, Spot};
use crate::db::types::coded;
use crate::ids::{AreaId, FacilityId};
use crate::officers;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

coded! {
    /// What somebody may have open.
    pub enum ItemKind {
        /// An unsettled finding in their charge.
        Finding = "finding" "经办的问题",
        /// A letter in their charge, not issued yet.
        Letter = "letter" "未签发的提醒函",
        /// An open campaign in their charge.
        Campaign = "campaign" "未结束的检查行动",
        /// A visit that waits for their confirmation.
        VisitConfirmation = "visit_confirmation" "待本人确认的走访",
        /// A record, claim or re-inspection of theirs that lacks photos.
        Evidence = "evidence" "照片未传齐的记录",
        /// An upload that they began.
        Upload = "upload" "未完成的上传",
        /// A delegation on either side.
        Delegation = "delegation" "未结束的代理",
    }
}

coded! {
    /// What became of an item.
    pub enum ItemOutcome {
        /// It is the receiver's now.
        Moved = "moved" "已移交",
        /// It could not be moved and was settled with a reason.
        Settled = "settled" "已了结",
    }
}

impl ItemKind {
    /// What a hand-over makes of it.
    pub fn outcome(self) -> ItemOutcome {
        match self {
            Self::Finding | Self::Letter | Self::Campaign => ItemOutcome::Moved,
            _ => ItemOutcome::Settled,
        }
    }
}

/// Where an item lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A finding's.
    Finding {
        /// Its street.
        street: AreaId,
        /// Its facility.
        facility: FacilityId,
        /// Its category.
        category: String,
    },
    /// A street as a whole.
    Street(AreaId),
    /// All these streets.
    Streets(BTreeSet<AreaId>),
    /// Nowhere: it is the person's own.
    Person,
}

/// Something open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenItem {
    /// What it is.
    pub kind: ItemKind,
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub label: String,
    /// Where it lies.
    pub place: Place,
}

/// Whether an item that moves can become `to`'s.
pub fn fits(item: &OpenItem, to: &Holder) -> bool {
    match &item.place {
        Place::Finding { street, facility, category } => {
            officers::can_take(to, Spot::finding(*street, *facility, category))
        }
        Place::Street(street) => to.holds_own(Action::DraftLetters.roles(), Spot::street(*street)),
        Place::Streets(streets) => {
            streets.iter().all(|s| to.holds_own(Action::WriteCampaigns.roles(), Spot::street(*s)))
        }
        Place::Person => false,
    }
}

/// How many items of each kind, without the kinds of which there is none.
pub fn count(items: &[OpenItem]) -> BTreeMap<ItemKind, usize> {
    let mut counts = BTreeMap::new();
    items.iter().for_each(|item| *counts.entry(item.kind).or_default() += 1);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;
    use crate::access::scope::{Places, Reach};
    use crate::ids::{TypedId, UserId, new_uuid};
    use chrono::DateTime;

    fn an<I: TypedId>(n: i64) -> I {
        I::from_uuid(new_uuid(DateTime::from_timestamp(n, 0).unwrap()))
    }

    fn person(third_party: bool, reaches: Vec<Reach>) -> Holder {
        Holder { reaches, ..Holder::account_only(an(1), third_party) }
    }

    fn reach(role: Role, streets: &[AreaId], principal: Option<UserId>) -> Reach {
        let places = Places { streets: streets.iter().copied().collect(), ..Places::default() };
        Reach { role, places, category: None, principal }
    }

    #[test]
    fn things_go_to_whoever_reaches_them_by_grants_of_their_own() {
        let (a, b): (AreaId, AreaId) = (an(2), an(3));
        let item = |place| OpenItem {
            kind: ItemKind::Finding,
            id: an::<UserId>(4).uuid(),
            label: String::new(),
            place,
        };
        let finding = item(Place::Finding { street: a, facility: an(5), category: "食品安全".into() });
        let (letter, both) = (item(Place::Street(a)), item(Place::Streets([a, b].into())));
        let fits_all = |who: &Holder| [&finding, &letter, &both].map(|i| fits(i, who));
        let drafter = |streets: &[AreaId]| person(false, vec![reach(Role::Drafter, streets, None)]);
        assert_eq!(fits_all(&drafter(&[a, b])), [true, true, true]);
        assert_eq!(fits_all(&drafter(&[a])), [true, true, false]);
        assert_eq!(fits_all(&drafter(&[b])), [false, false, false]);
        assert_eq!(fits_all(&person(false, vec![reach(Role::Reviewer, &[a, b], None)])), [false; 3]);
        let deputy = person(false, vec![reach(Role::Drafter, &[a, b], Some(an(6)))]);
        assert_eq!(fits_all(&deputy), [false; 3], "a deputy's reach ends");
        let hygiene = Reach { category: Some("环境卫生".into()), ..reach(Role::Drafter, &[a], None) };
        assert!(!fits(&finding, &person(false, vec![hygiene])));
        assert!(!fits(&item(Place::Person), &drafter(&[a, b])));
    }

    #[test]
    fn what_is_the_persons_own_is_settled() {
        use crate::db::types::Coded as _;
        let moved: Vec<&str> =
            ItemKind::ALL.iter().filter(|k| k.outcome() == ItemOutcome::Moved).map(|k| k.code()).collect();
        assert_eq!(moved, ["finding", "letter", "campaign"]);
    }
}
