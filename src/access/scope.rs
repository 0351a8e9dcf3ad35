//! Where a person's permission reaches. A grant names an area (it reaches every street under it), a facility, or
//! nothing (everything); it may be limited to a category of findings, as the fire brigade's is. What lies outside reads
//! as if it did not exist.

use super::permissions::{Action, Role};
use crate::ids::{AreaId, FacilityId, UserId};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// A set of places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// Everything.
    pub all: bool,
    /// Streets.
    pub streets: BTreeSet<AreaId>,
    /// Single facilities.
    pub facilities: BTreeSet<FacilityId>,
}

impl Places {
    /// Every place.
    pub fn everywhere() -> Self {
        Self { all: true, ..Self::default() }
    }

    fn add(&mut self, other: &Places) {
        self.all |= other.all;
        self.streets.extend(&other.streets);
        self.facilities.extend(&other.facilities);
    }

    /// Whether a facility in `street` is within.
    pub fn holds(&self, street: AreaId, facility: Option<FacilityId>) -> bool {
        self.all || self.streets.contains(&street) || facility.is_some_and(|f| self.facilities.contains(&f))
    }
}

/// Where one permission of one person reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Without limit of category.
    pub open: Places,
    /// Only for findings of a category.
    pub by_category: BTreeMap<String, Places>,
}

impl Scope {
    /// Everything: console commands and jobs.
    pub fn everywhere() -> Self {
        Self { open: Places::everywhere(), by_category: BTreeMap::new() }
    }

    /// All places within, whatever the category: for things that have none.
    pub fn places(&self) -> Places {
        let mut places = self.open.clone();
        self.by_category.values().for_each(|p| places.add(p));
        places
    }

    /// Whether a finding is within.
    pub fn holds_finding(&self, street: AreaId, facility: FacilityId, category: &str) -> bool {
        self.open.holds(street, Some(facility))
            || self.by_category.get(category).is_some_and(|p| p.holds(street, Some(facility)))
    }
}

/// The categories of findings that the fire brigade sees.
pub const FIRE_CATEGORIES: [&str; 10] = [
    "消防安全",
    "消防设施",
    "消防控制室",
    "用火用电",
    "疏散条件",
    "建筑条件",
    "巡查检查",
    "责任制度",
    "燃气安全",
    "隐患整改",
];

/// A grant whose area has been resolved to its streets.
#[derive(Debug, Clone)]
pub struct Reach {
    /// The role.
    pub role: Role,
    /// The places.
    pub places: Places,
    /// Only findings of this category.
    pub category: Option<String>,
}

/// Where `action` is allowed to the holder of `grants`; `None` when no grant allows it: PURE.
pub fn scope_of(action: Action, grants: &[Reach]) -> Option<Scope> {
    let mut scope = Scope::default();
    let mut allowed = false;
    for grant in grants.iter().filter(|g| action.allows(g.role)) {
        allowed = true;
        match (&grant.category, grant.role) {
            (Some(category), _) => scope.by_category.entry(category.clone()).or_default().add(&grant.places),
            (None, Role::Fire) => FIRE_CATEGORIES
                .iter()
                .for_each(|c| scope.by_category.entry((*c).to_string()).or_default().add(&grant.places)),
            (None, _) => scope.open.add(&grant.places),
        }
    }
    allowed.then_some(scope)
}

/// Where something is that concerns people.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spot<'a> {
    /// The street.
    pub street: Option<AreaId>,
    /// The facility, where it is about one.
    pub facility: Option<FacilityId>,
    /// The category, where it is a finding.
    pub category: Option<&'a str>,
}

impl Spot<'_> {
    /// Whether a role limited to a category (as the fire brigade's always is) is concerned: PURE. What has no category
    /// concerns everybody who is there.
    pub fn concerns(&self, role: Role, category: Option<&str>) -> bool {
        match (self.category, category) {
            (None, _) => true,
            (Some(given), Some(held)) => given == held,
            (Some(given), None) => role != Role::Fire || FIRE_CATEGORIES.contains(&given),
        }
    }
}

/// A grant that has ended.
#[derive(Debug, Clone)]
pub struct Lapsed {
    /// What it was, with the streets of its last day.
    pub reach: Reach,
    /// The last day on which it was in force.
    pub last_day: NaiveDate,
}

/// What an inspector whose contract has ended may still do: hand in what the phone has kept.
const OPEN_TO_LAPSED: [Action; 2] = [Action::SubmitInspection, Action::UploadPhoto];

/// Whether grants that have ended say anything of an action.
pub fn minds_lapsed(action: Action) -> bool {
    OPEN_TO_LAPSED.contains(&action)
}

/// Where `action` reaches for somebody with no grant in force that allows it: nowhere, but for a former inspector not
/// forbidden, because what their phone has kept is to be judged and not lost. PURE.
pub fn scope_of_lapsed(action: Action, lapsed: &[Lapsed]) -> Option<Scope> {
    (minds_lapsed(action) && !lapsed.is_empty()).then(Scope::default)
}

/// A person who may do something: where that reaches, and every grant in force, because some rules ask for a rank.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The account.
    pub id: UserId,
    /// Works for a third party.
    pub third_party: bool,
    /// Where the permission reaches.
    pub scope: Scope,
    /// All grants in force.
    pub reaches: Vec<Reach>,
    /// An inspector's grants that have ended; only where an action minds them.
    pub lapsed: Vec<Lapsed>,
}

impl Holder {
    /// Somebody of whom only the account counts, because what they did was judged before.
    pub fn account_only(id: UserId, third_party: bool) -> Self {
        Self { id, third_party, scope: Scope::default(), reaches: vec![], lapsed: vec![] }
    }

    /// Every place that the permission reaches or an ended grant reached.
    pub fn places_ever(&self) -> Places {
        let mut places = self.scope.places();
        self.lapsed.iter().for_each(|l| places.add(&l.reach.places));
        places
    }

    /// The roles that the person holds over a facility, whatever the category.
    pub fn roles_at(&self, street: AreaId, facility: FacilityId) -> Vec<Role> {
        let held = |r: &&Reach| r.places.holds(street, Some(facility));
        self.reaches.iter().filter(held).map(|r| r.role).collect()
    }

    /// The roles that the person holds over a finding: a reviewer of one street is none in the next, and one of a category
    /// none in another.
    pub fn roles_over(&self, street: AreaId, facility: FacilityId, category: &str) -> Vec<Role> {
        let held = |r: &&Reach| {
            r.places.holds(street, Some(facility)) && r.category.as_deref().is_none_or(|c| c == category)
        };
        self.reaches.iter().filter(held).map(|r| r.role).collect()
    }
}

/// Narrows a query of a table that has a street and a facility column to the caller's places.
macro_rules! within {
    ($query:expr, $places:expr, $street:expr, $facility:expr) => {{
        let places: &$crate::access::Places = $places;
        let query = $query;
        if places.all {
            query
        } else {
            let streets: Vec<$crate::ids::AreaId> = places.streets.iter().copied().collect();
            let facilities: Vec<$crate::ids::FacilityId> = places.facilities.iter().copied().collect();
            query.filter($street.eq_any(streets).or($facility.eq_any(facilities)))
        }
    }};
}
pub(crate) use within;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{TypedId, new_uuid};
    use chrono::DateTime;

    fn street(n: i64) -> AreaId {
        AreaId::from_uuid(new_uuid(DateTime::from_timestamp(n, 0).unwrap()))
    }

    fn reach(role: Role, street: AreaId) -> Reach {
        Reach { role, places: Places { streets: [street].into(), ..Places::default() }, category: None }
    }

    #[test]
    fn a_permission_reaches_only_where_a_grant_with_it_reaches() {
        let (a, b) = (street(1), street(2));
        let grants = [reach(Role::Street, a), reach(Role::Inspector, b)];
        let check = scope_of(Action::CheckClaim, &grants).unwrap();
        assert!(check.open.holds(a, None) && !check.open.holds(b, None));
        assert_eq!(scope_of(Action::IssueLetters, &grants), None);
    }

    #[test]
    fn grants_that_have_ended_open_the_inspectors_two_doors_and_no_other() {
        use crate::db::types::Coded as _;
        let ended = Lapsed {
            reach: reach(Role::Inspector, street(1)),
            last_day: NaiveDate::from_ymd_opt(2026, 8, 1).unwrap(),
        };
        let nowhere = Some(Scope::default());
        for action in Action::ALL {
            let open = matches!(action, Action::SubmitInspection | Action::UploadPhoto);
            let told = scope_of_lapsed(*action, std::slice::from_ref(&ended));
            assert_eq!(told, nowhere.clone().filter(|_| open), "{action:?}");
            assert_eq!(scope_of_lapsed(*action, &[]), None);
        }
    }

    #[test]
    fn the_fire_brigade_sees_fire_findings_only() {
        let a = street(1);
        let facility = FacilityId::from_uuid(new_uuid(DateTime::from_timestamp(3, 0).unwrap()));
        let scope = scope_of(Action::ReadFindings, &[reach(Role::Fire, a)]).unwrap();
        assert!(scope.holds_finding(a, facility, "消防安全"));
        assert!(!scope.holds_finding(a, facility, "食品安全"));
        assert!(!scope.holds_finding(street(2), facility, "消防安全"));
    }
}
