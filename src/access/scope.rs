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
pub const FIRE_CATEGORIES: [&str; 11] = [
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
    "教育培训",
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
    /// Whose grant it is, where a deputy holds it for somebody else.
    pub principal: Option<UserId>,
}

impl Reach {
    fn holds(&self, spot: Spot<'_>) -> bool {
        let of_category = |c: &str| spot.category.is_none_or(|asked| asked == c);
        self.places.holds(spot.street, spot.facility) && self.category.as_deref().is_none_or(of_category)
    }
}

/// A spot that a rule asks of.
#[derive(Debug, Clone, Copy)]
pub struct Spot<'a> {
    /// The street.
    pub street: AreaId,
    /// A facility there.
    pub facility: Option<FacilityId>,
    /// A category of findings; whatever the category, unless given.
    pub category: Option<&'a str>,
}

impl<'a> Spot<'a> {
    /// A street as a whole.
    pub fn street(street: AreaId) -> Self {
        Self { street, facility: None, category: None }
    }

    /// Findings of a category at a facility.
    pub fn finding(street: AreaId, facility: FacilityId, category: &'a str) -> Self {
        Self { street, facility: Some(facility), category: Some(category) }
    }
}

/// Those for whom a deputy does something that needs one of `roles`, and whether the deputy's own grants give none of them:
/// PURE.
pub fn stood_in_for(roles: &[Role], grants: &[Reach]) -> (Vec<UserId>, bool) {
    let giving: Vec<&Reach> = grants.iter().filter(|g| roles.contains(&g.role)).collect();
    let only_so = giving.iter().all(|g| g.principal.is_some());
    (principals(giving.into_iter()), only_so)
}

/// The principals of reaches, each once, in their order.
fn principals<'a>(reaches: impl Iterator<Item = &'a Reach>) -> Vec<UserId> {
    let mut found = vec![];
    for principal in reaches.filter_map(|r| r.principal) {
        if !found.contains(&principal) {
            found.push(principal);
        }
    }
    found
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
pub struct Concern<'a> {
    /// The street.
    pub street: Option<AreaId>,
    /// The facility, where it is about one.
    pub facility: Option<FacilityId>,
    /// The category, where it is a finding.
    pub category: Option<&'a str>,
}

impl Concern<'_> {
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
        self.roles_on(Spot { street, facility: Some(facility), category: None })
    }

    /// The roles that the person holds over a finding: a reviewer of one street is none in the next, and one of a category
    /// none in another.
    pub fn roles_over(&self, street: AreaId, facility: FacilityId, category: &str) -> Vec<Role> {
        self.roles_on(Spot::finding(street, facility, category))
    }

    /// Whether one of those roles may do something.
    pub fn may_over(&self, action: Action, street: AreaId, facility: FacilityId, category: &str) -> bool {
        self.roles_over(street, facility, category).into_iter().any(|role| action.allows(role))
    }

    fn roles_on(&self, spot: Spot<'_>) -> Vec<Role> {
        self.reaches.iter().filter(|r| r.holds(spot)).map(|r| r.role).collect()
    }

    /// Everybody for whom the person stands in over a finding, whatever the role: what these may not do because of what they
    /// have done, their deputy may not do for them.
    pub fn acts_for_over(&self, street: AreaId, facility: FacilityId, category: &str) -> Vec<UserId> {
        let spot = Spot::finding(street, facility, category);
        principals(self.reaches.iter().filter(|r| r.holds(spot)))
    }

    /// Whether a grant of the person's own gives one of `roles` on a spot.
    pub fn holds_own(&self, roles: &[Role], spot: Spot<'_>) -> bool {
        let gives = |r: &Reach| r.principal.is_none() && roles.contains(&r.role) && r.holds(spot);
        self.reaches.iter().any(gives)
    }

    /// Those for whom the person acts who needs one of `roles` on a spot: nobody where a grant of their own gives it.
    pub fn acts_for_as(&self, roles: &[Role], spot: Spot<'_>) -> Vec<UserId> {
        if self.holds_own(roles, spot) {
            return vec![];
        }
        principals(self.reaches.iter().filter(|r| roles.contains(&r.role) && r.holds(spot)))
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
        let places = Places { streets: [street].into(), ..Places::default() };
        Reach { role, places, category: None, principal: None }
    }

    fn person(n: i64) -> UserId {
        UserId::from_uuid(new_uuid(DateTime::from_timestamp(n, 0).unwrap()))
    }

    fn deputy(role: Role, street: AreaId, principal: UserId) -> Reach {
        Reach { principal: Some(principal), ..reach(role, street) }
    }

    fn holder(reaches: Vec<Reach>) -> Holder {
        Holder { reaches, ..Holder::account_only(person(9), false) }
    }

    #[test]
    fn a_deputy_acts_for_somebody_only_where_no_grant_of_their_own_would_do() {
        let (a, b) = (street(1), street(2));
        let (one, two) = (person(1), person(2));
        let by = holder(vec![
            reach(Role::Drafter, a),
            deputy(Role::Drafter, a, one),
            deputy(Role::Drafter, b, one),
            deputy(Role::Reviewer, b, two),
            deputy(Role::Issuer, b, two),
        ]);
        let as_at = |roles: &[Role], at| by.acts_for_as(roles, Spot::street(at));
        assert_eq!(as_at(&[Role::Drafter], a), []);
        assert_eq!(as_at(&[Role::Drafter], b), [one]);
        assert_eq!(as_at(&[Role::Reviewer, Role::Issuer], b), [two]);
        assert_eq!(as_at(&[Role::Reviewer, Role::Drafter], b), [one, two]);
        assert_eq!(as_at(&[Role::Reviewer], a), []);
        assert_eq!(stood_in_for(&[Role::Drafter], &by.reaches), (vec![one], false));
        assert_eq!(stood_in_for(&[Role::Issuer], &by.reaches), (vec![two], true));
        assert_eq!(stood_in_for(&[Role::Street], &by.reaches), (vec![], true));
    }

    #[test]
    fn whoever_is_stood_in_for_over_a_finding_is_told_whatever_the_role() {
        let (a, b) = (street(1), street(2));
        let (one, two, three) = (person(1), person(2), person(3));
        let facility = FacilityId::from_uuid(new_uuid(DateTime::from_timestamp(4, 0).unwrap()));
        let here = Places { facilities: [facility].into(), ..Places::default() };
        let by = holder(vec![
            reach(Role::Reviewer, a),
            deputy(Role::Inspector, a, one),
            deputy(Role::Drafter, a, one),
            Reach { category: Some("食品安全".into()), ..deputy(Role::Drafter, a, two) },
            Reach { places: here, ..deputy(Role::Operator, b, three) },
        ]);
        assert_eq!(by.acts_for_over(a, facility, "食品安全"), [one, two, three]);
        assert_eq!(by.acts_for_over(a, facility, "消防安全"), [one, three]);
        assert_eq!(by.acts_for_over(b, facility, "消防安全"), [three]);
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
