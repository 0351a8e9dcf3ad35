//! The tree of areas on a day, for a phone: its streets, the communities under them and the areas above them. PURE.

use crate::access::Places;
use crate::ids::AreaId;
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// A dated version of an area.
#[derive(Debug, Clone)]
pub struct AreaVersion {
    pub id: AreaId,
    pub code: String,
    pub level: String,
    pub parent_id: Option<AreaId>,
    pub name: String,
    pub valid_from: NaiveDate,
    pub valid_to: Option<NaiveDate>,
}

impl AreaVersion {
    fn holds_on(&self, day: NaiveDate) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|to| to >= day)
    }
}

/// All versions of all areas.
pub struct Tree(pub Vec<AreaVersion>);

impl Tree {
    /// Every street that there is or was.
    pub fn streets(&self) -> Vec<AreaId> {
        let streets: BTreeSet<AreaId> = self.0.iter().filter(|a| a.level == "street").map(|a| a.id).collect();
        streets.into_iter().collect()
    }

    fn on(&self, day: NaiveDate) -> BTreeMap<AreaId, &AreaVersion> {
        self.0.iter().filter(|a| a.holds_on(day)).map(|a| (a.id, a)).collect()
    }

    /// Whether an area's streets of a day are among these places, as campaigns are seen: a single facility reaches none.
    pub fn touches(&self, places: &Places, root: AreaId, day: NaiveDate) -> bool {
        if places.all {
            return true;
        }
        let areas = self.on(day);
        places.streets.iter().any(|street| above(&areas, *street).any(|id| id == root))
    }

    /// These streets and the areas above them on a day.
    pub fn over(&self, streets: &BTreeSet<AreaId>, day: NaiveDate) -> BTreeSet<AreaId> {
        let areas = self.on(day);
        streets.iter().flat_map(|street| above(&areas, *street)).collect()
    }

    /// What a phone that reaches these streets sees of the areas on a day.
    pub fn seen(
        &self,
        all: bool,
        streets: &BTreeSet<AreaId>,
        day: NaiveDate,
    ) -> BTreeMap<AreaId, &AreaVersion> {
        let areas = self.on(day);
        if all {
            return areas;
        }
        let mut seen: BTreeSet<AreaId> = streets.iter().flat_map(|street| above(&areas, *street)).collect();
        let under = |a: &&&AreaVersion| a.parent_id.is_some_and(|parent| streets.contains(&parent));
        seen.extend(areas.values().filter(under).map(|a| a.id));
        areas.into_iter().filter(|(id, _)| seen.contains(id)).collect()
    }

    /// Areas of which a version began or ended after one day and not after another.
    pub fn turned(&self, after: NaiveDate, until: NaiveDate) -> BTreeSet<AreaId> {
        let began = |a: &&AreaVersion| a.valid_from > after && a.valid_from <= until;
        let ended = |a: &&AreaVersion| a.valid_to.is_some_and(|to| to >= after && to < until);
        self.0.iter().filter(|a| began(a) || ended(a)).map(|a| a.id).collect()
    }
}

/// An area and those above it. At most as many steps as there are levels, whatever the rows say.
fn above<'a>(
    areas: &'a BTreeMap<AreaId, &'a AreaVersion>,
    from: AreaId,
) -> impl Iterator<Item = AreaId> + use<'a> {
    let parent = |id: &AreaId| areas.get(id).and_then(|a| a.parent_id);
    std::iter::successors(Some(from), parent).take(6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::new_uuid;
    use chrono::DateTime;

    fn id() -> AreaId {
        AreaId(new_uuid(DateTime::from_timestamp(1, 0).unwrap()))
    }

    fn day(d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 8, d).unwrap()
    }

    fn area(id: AreaId, level: &str, parent_id: Option<AreaId>) -> AreaVersion {
        let (code, name, level) = (String::new(), String::new(), level.to_string());
        AreaVersion { id, code, level, parent_id, name, valid_from: day(1), valid_to: None }
    }

    #[test]
    fn a_phone_sees_its_streets_what_is_under_and_what_is_above() {
        let [district, a, b, of_a, of_b] = [(); 5].map(|()| id());
        let mut tree = Tree(vec![
            area(district, "district", None),
            area(a, "street", Some(district)),
            area(b, "street", Some(district)),
            area(of_a, "community", Some(a)),
            area(of_b, "community", Some(b)),
        ]);
        let keys = |tree: &Tree, all, streets: &[AreaId], d| {
            let streets = streets.iter().copied().collect();
            tree.seen(all, &streets, day(d)).into_keys().collect::<BTreeSet<_>>()
        };
        assert_eq!(keys(&tree, false, &[a], 3), [district, a, of_a].into());
        assert_eq!(keys(&tree, true, &[], 3).len(), 5);
        assert_eq!(keys(&tree, false, &[a], 1).len(), 3);
        let of =
            |streets: &[AreaId]| Places { streets: streets.iter().copied().collect(), ..Places::default() };
        assert!(tree.touches(&of(&[b]), district, day(3)) && tree.touches(&of(&[b]), b, day(3)));
        assert!(!tree.touches(&of(&[b]), a, day(3)) && !tree.touches(&of(&[]), district, day(3)));
        assert_eq!(tree.streets().len(), 2);
        // From the 10th on the community belongs to the other street.
        tree.0[3].valid_to = Some(day(9));
        tree.0.push(AreaVersion { valid_from: day(10), ..area(of_a, "community", Some(b)) });
        assert_eq!(keys(&tree, false, &[a], 9), [district, a, of_a].into());
        assert_eq!(keys(&tree, false, &[a], 10), [district, a].into());
        assert!(tree.turned(day(8), day(9)).is_empty() && tree.turned(day(10), day(20)).is_empty());
        assert_eq!(tree.turned(day(9), day(10)), [of_a].into());
    }
}
