//! Which inspectors a phone is told of: those whom a visit of its owner may name, because a grant of theirs reaches where
//! the owner's reaches. An area above counts as reached by all that lies under it. Nobody is told of themselves. PURE.

use super::areas::Tree;
use crate::access::Places;
use crate::ids::{AreaId, FacilityId, UserId};
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// An inspector's grant: over an area, a single facility (with the street where it is), or everything.
#[derive(Debug, Clone)]
pub struct Grant {
    pub area: Option<AreaId>,
    pub facility: Option<FacilityId>,
    pub street: Option<AreaId>,
    pub valid_from: NaiveDate,
    pub valid_to: Option<NaiveDate>,
}

/// Who is or was an inspector.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: UserId,
    pub display_name: String,
    pub organisation: String,
    pub certified: bool,
    pub disabled: bool,
    pub grants: Vec<Grant>,
}

/// Around a person on a day.
pub struct Circle {
    owner: UserId,
    places: Places,
    /// The streets of these places and what lies above them.
    areas: BTreeSet<AreaId>,
    day: NaiveDate,
}

impl Circle {
    /// Around `owner`, who reaches `places`; `streets` are those of the places, also of their single facilities. It is empty
    /// around who is no inspector.
    pub fn around(
        owner: UserId,
        inspects: bool,
        places: &Places,
        streets: &BTreeSet<AreaId>,
        tree: &Tree,
        day: NaiveDate,
    ) -> Self {
        if !inspects {
            return Self { owner, places: Places::default(), areas: BTreeSet::new(), day };
        }
        Self { owner, places: places.clone(), areas: tree.over(streets, day), day }
    }

    /// Whether it holds somebody on its day.
    pub fn holds(&self, person: &Person) -> bool {
        let in_force = |g: &&Grant| g.valid_from <= self.day && g.valid_to.is_none_or(|to| to >= self.day);
        !person.disabled
            && person.id != self.owner
            && person.grants.iter().filter(in_force).any(|g| self.meets(g))
    }

    /// Whether it may have held somebody on its day, whatever has been done to the account and its grants since: a grant that is
    /// taken ends on the day before.
    pub fn may_have_held(&self, person: &Person) -> bool {
        let eve = self.day.pred_opt().unwrap_or(self.day);
        let was = |g: &&Grant| g.valid_from <= self.day && g.valid_to.is_none_or(|to| to >= eve);
        person.id != self.owner && person.grants.iter().filter(was).any(|g| self.meets(g))
    }

    fn meets(&self, grant: &Grant) -> bool {
        let somewhere = self.places.all || !self.areas.is_empty();
        match (grant.area, grant.facility) {
            (_, Some(facility)) => {
                let street = grant.street.is_some_and(|street| self.places.streets.contains(&street));
                self.places.all || street || self.places.facilities.contains(&facility)
            }
            (Some(area), None) => self.places.all || self.areas.contains(&area),
            (None, None) => somewhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::areas::AreaVersion;
    use super::*;
    use crate::ids::new_uuid;
    use chrono::DateTime;
    use uuid::Uuid;

    fn uuid() -> Uuid {
        new_uuid(DateTime::from_timestamp(1, 0).unwrap())
    }

    fn day(d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 8, d).unwrap()
    }

    fn of(area: Option<AreaId>, facility: Option<FacilityId>, street: Option<AreaId>) -> Person {
        let grant = Grant { area, facility, street, valid_from: day(2), valid_to: Some(day(4)) };
        Person {
            id: UserId(uuid()),
            display_name: String::new(),
            organisation: String::new(),
            certified: false,
            disabled: false,
            grants: vec![grant],
        }
    }

    fn tree(rows: &[(AreaId, &str, Option<AreaId>)]) -> Tree {
        let version = |(id, level, parent_id): &(AreaId, &str, Option<AreaId>)| AreaVersion {
            id: *id,
            code: String::new(),
            level: (*level).into(),
            parent_id: *parent_id,
            name: String::new(),
            valid_from: day(1),
            valid_to: None,
        };
        Tree(rows.iter().map(version).collect())
    }

    #[test]
    fn a_circle_holds_whose_grants_meet_it_on_its_day() {
        let [district, a, b] = [(); 3].map(|()| AreaId(uuid()));
        let tree = tree(&[
            (district, "district", None),
            (a, "street", Some(district)),
            (b, "street", Some(district)),
        ]);
        let facility = FacilityId(uuid());
        let me = UserId(uuid());
        let around = |places: &Places, streets: &[AreaId], inspects, d| {
            Circle::around(me, inspects, places, &streets.iter().copied().collect(), &tree, day(d))
        };
        let street = |id| Places { streets: [id].into(), ..Places::default() };
        let circle = around(&street(a), &[a], true, 3);
        let met = [of(Some(a), None, None), of(Some(district), None, None), of(None, None, None)];
        assert!(met.iter().all(|p| circle.holds(p)) && circle.holds(&of(None, Some(facility), Some(a))));
        assert!(
            !circle.may_have_held(&of(Some(b), None, None))
                && !circle.may_have_held(&of(None, Some(facility), Some(b)))
        );
        // A grant that ended on the 4th may have been taken on the 5th, but not on the 6th.
        for (d, may) in [(1, false), (5, true), (6, false)] {
            let circle = around(&street(a), &[a], true, d);
            assert!(met.iter().all(|p| !circle.holds(p) && circle.may_have_held(p) == may), "day {d}");
        }
        let disabled = Person { disabled: true, ..met[0].clone() };
        assert!(!circle.holds(&disabled) && circle.may_have_held(&disabled));
        let myself = Person { id: me, ..met[0].clone() };
        assert!(!circle.holds(&myself) && !circle.may_have_held(&myself));
        // One facility: who has it, or its street, but not who has the facility next door.
        let single = Places { facilities: [facility].into(), ..Places::default() };
        let circle = around(&single, &[a], true, 3);
        assert!(met.iter().all(|p| circle.holds(p)) && circle.holds(&of(None, Some(facility), Some(a))));
        assert!(!circle.holds(&of(None, Some(FacilityId(uuid())), Some(a))));
        let everywhere = around(&Places::everywhere(), &[], true, 3);
        assert!(everywhere.holds(&of(Some(b), None, None)) && everywhere.holds(&met[2]));
        assert!(!around(&street(a), &[a], false, 3).may_have_held(&met[2]), "who does not inspect");
        assert!(!around(&Places::default(), &[], true, 3).may_have_held(&met[2]), "who reaches nothing");
    }
}
