//! How a reach travels in a token, and what lies between two of them. Streets are told by the last six bytes of their ids,
//! which are random; 18 streets take 108 bytes. A reach that is larger, or limited to a category of findings, is told by
//! a digest: it can be recognised but not compared, and when it has changed the phone starts over. PURE.

use crate::access::{Places, Scope};
use crate::files::sha256_of;
use crate::ids::{AreaId, FacilityId};
use std::collections::BTreeSet;
use uuid::Uuid;

const ALL: u8 = 0;
const LISTED: u8 = 1;
const DIGEST: u8 = 2;
/// Bytes of a street.
const TAIL: usize = 6;
/// Bytes of a reach that is carried whole; a longer one is told by its digest.
const LONGEST: usize = 128;

fn tail(street: AreaId) -> [u8; TAIL] {
    let mut last = [0; TAIL];
    last.copy_from_slice(&street.0.as_bytes()[16 - TAIL..]);
    last
}

/// A reach as a token carries it; equal reaches give equal bytes.
pub fn carried(scope: &Scope) -> Vec<u8> {
    if !scope.by_category.is_empty() {
        return digest(scope);
    }
    if scope.open.all {
        return vec![ALL];
    }
    let Ok(count) = u8::try_from(scope.open.streets.len()) else { return digest(scope) };
    let mut bytes = vec![LISTED, count];
    // By the ids' own order: whoever reads it makes a set of them.
    scope.open.streets.iter().for_each(|s| bytes.extend(tail(*s)));
    scope.open.facilities.iter().for_each(|f| bytes.extend(f.0.as_bytes()));
    if bytes.len() <= LONGEST { bytes } else { digest(scope) }
}

fn digest(scope: &Scope) -> Vec<u8> {
    let places = |p: &Places| {
        let streets: Vec<String> = p.streets.iter().map(ToString::to_string).collect();
        let facilities: Vec<String> = p.facilities.iter().map(ToString::to_string).collect();
        format!("{}|{}|{}", p.all, streets.join(","), facilities.join(","))
    };
    let by_category: Vec<String> =
        scope.by_category.iter().map(|(category, p)| format!("{category}={}", places(p))).collect();
    let text = format!("{};{}", places(&scope.open), by_category.join(";"));
    let mut bytes = vec![DIGEST];
    bytes.extend(&sha256_of(text.as_bytes()).as_bytes()[..32]);
    bytes
}

/// The places that a token carries, found again among all streets; `None` when it carries only a digest.
pub fn places(carried: &[u8], streets: &[AreaId]) -> Option<Places> {
    let (form, rest) = carried.split_first()?;
    match *form {
        ALL => Some(Places::everywhere()),
        LISTED => {
            let (count, rest) = rest.split_first()?;
            let (tails, ids) = rest.split_at_checked(usize::from(*count) * TAIL)?;
            let tails: BTreeSet<&[u8]> = tails.chunks_exact(TAIL).collect();
            let facilities = ids.chunks_exact(16).map(|id| Uuid::from_slice(id).map(FacilityId));
            Some(Places {
                all: false,
                streets: streets.iter().copied().filter(|s| tails.contains(&tail(*s)[..])).collect(),
                facilities: facilities.collect::<Result<_, _>>().ok()?,
            })
        }
        _ => None,
    }
}

/// Where exactly one of two reaches holds.
pub fn between(a: &Places, b: &Places) -> Places {
    if a.all != b.all {
        return Places::everywhere();
    }
    Places {
        all: false,
        streets: a.streets.symmetric_difference(&b.streets).copied().collect(),
        facilities: a.facilities.symmetric_difference(&b.facilities).copied().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::new_uuid;
    use chrono::DateTime;

    fn uuid() -> Uuid {
        new_uuid(DateTime::from_timestamp(1_790_000_000, 0).unwrap())
    }

    fn listed(streets: usize, facilities: usize) -> (Scope, Vec<AreaId>) {
        let streets: Vec<AreaId> = (0..streets).map(|_| AreaId(uuid())).collect();
        let facilities = (0..facilities).map(|_| FacilityId(uuid())).collect();
        let open = Places { all: false, streets: streets.iter().copied().collect(), facilities };
        (Scope { open, ..Scope::default() }, streets)
    }

    #[test]
    fn a_reach_is_found_again() {
        for (streets, facilities) in [(0, 0), (1, 0), (18, 0), (0, 1), (3, 5)] {
            let (scope, mut known) = listed(streets, facilities);
            known.extend((0..20).map(|_| AreaId(uuid())));
            assert_eq!(places(&carried(&scope), &known), Some(scope.open));
        }
        assert_eq!(places(&carried(&Scope::everywhere()), &[]), Some(Places::everywhere()));
    }

    #[test]
    fn what_cannot_be_carried_is_recognised() {
        let (large, known) = listed(40, 0);
        assert_eq!(places(&carried(&large), &known), None);
        assert_eq!(carried(&large), carried(&large.clone()));
        let mut smaller = large.clone();
        smaller.open.streets.pop_first();
        assert_ne!(carried(&large), carried(&smaller));
        let (open, known) = listed(1, 0);
        let of_category = |category: &str| Scope {
            open: Places::default(),
            by_category: [(category.to_string(), open.open.clone())].into(),
        };
        assert_eq!(places(&carried(&of_category("消防安全")), &known), None);
        assert_ne!(carried(&of_category("消防安全")), carried(&of_category("燃气安全")));
        assert_ne!(carried(&of_category("消防安全")), carried(&open));
        assert!([&large, &listed(300, 0).0].iter().all(|s| carried(s).len() <= LONGEST));
    }

    #[test]
    fn what_was_lost_and_what_was_gained() {
        let (a, ids) = listed(3, 1);
        let mut b = a.open.clone();
        b.streets.remove(&ids[0]);
        let found = between(&a.open, &b);
        assert_eq!((found.streets, found.facilities.len()), ([ids[0]].into(), 0));
        assert_eq!(between(&b, &b), Places::default());
        assert_eq!(between(&Places::everywhere(), &b), Places::everywhere());
    }
}
