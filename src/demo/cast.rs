//! The people of the demo: PURE. Every role has somebody, and where persons must be separated there are several: who
//! finds does not re-inspect, who claims does not check, who submits a letter neither approves nor issues it. All names
//! are 示例….

use super::roster::{StreetInfo, station_code};
use crate::access::Role;
use crate::db::types::Coded as _;

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Login name.
    pub username: String,
    /// Shown name.
    pub display_name: String,
    /// The one role.
    pub role: Role,
    /// Organisation.
    pub organisation: String,
    /// Works for a third party under contract.
    pub third_party: bool,
    /// Enforcement certificate, of the bureau's own inspectors.
    pub certificate: Option<String>,
    /// Reaches this street only; the district where there is none.
    pub street_code: Option<String>,
    /// Reaches this facility only.
    pub facility_code: Option<String>,
}

const BUREAU: &str = "示例区民政局";
const CONTRACTOR: &str = "示例消防技术服务公司（演示）";
const ORDER: [&str; 4] = ["甲", "乙", "丙", "丁"];

/// Inspectors of the bureau.
pub const INSPECTORS: usize = 4;
/// Inspectors of the contractor.
const CONTRACTORS: usize = 3;

/// Everybody, in the order in which the play names them: holders of a role come as first, second, ….
pub fn cast(streets: &[StreetInfo]) -> Vec<Member> {
    let mut cast = bureau();
    cast.extend((0..CONTRACTORS).map(|n| Member {
        third_party: true,
        organisation: CONTRACTOR.into(),
        ..member(&format!("third{}", n + 1), &format!("示例督导员{}", ORDER[n]), Role::Inspector)
    }));
    cast.extend(streets.iter().flat_map(street_office));
    cast.extend(streets.first().and_then(operator));
    let fire = member("fire1", "示例消防员", Role::Fire);
    cast.push(Member { organisation: "示例区消防救援大队".into(), ..fire });
    cast
}

fn member(username: &str, display_name: &str, role: Role) -> Member {
    Member {
        username: username.into(),
        display_name: display_name.into(),
        role,
        organisation: BUREAU.into(),
        third_party: false,
        certificate: None,
        street_code: None,
        facility_code: None,
    }
}

fn bureau() -> Vec<Member> {
    let several = |role: Role, title: &str, count: usize| {
        let one = move |n: usize| {
            member(&format!("{}{}", role.code(), n + 1), &format!("示例{title}{}", ORDER[n]), role)
        };
        (0..count).map(one).collect::<Vec<_>>()
    };
    let certified =
        |n: usize, m: Member| Member { certificate: Some(format!("示例证-{:03}", n + 1)), ..m };
    let inspectors = several(Role::Inspector, "检查员", INSPECTORS).into_iter().enumerate();
    let mut bureau: Vec<Member> = inspectors.map(|(n, m)| certified(n, m)).collect();
    bureau.extend(several(Role::Drafter, "经办人", 2));
    bureau.extend(several(Role::Reviewer, "部门负责人", 2));
    bureau.extend(several(Role::Registrar, "文书", 1));
    bureau.extend(several(Role::Issuer, "分管领导", 1));
    bureau.extend([
        member("supervisor1", "示例纪检员", Role::Supervisor),
        member("admin1", "示例系统管理员", Role::Admin),
        member("security1", "示例安全管理员", Role::SecurityAdmin),
        member("audit1", "示例审计管理员", Role::AuditAdmin),
    ]);
    bureau
}

/// Two of a street's office: the first claims, the second checks.
fn street_office(street: &StreetInfo) -> [Member; 2] {
    let number = street.code.get(7..).unwrap_or_default();
    [("a", "经办人"), ("b", "复核人")].map(|(letter, title)| Member {
        organisation: format!("{}办事处", street.name),
        street_code: Some(street.code.clone()),
        ..member(
            &format!("street{number}{letter}"),
            &format!("示例{}{title}", street.short_name),
            Role::Street,
        )
    })
}

/// The operator of one station.
fn operator(street: &StreetInfo) -> Option<Member> {
    let station = station_code(street.communities.first()?);
    let of = member("operator1", "示例运营人员", Role::Operator);
    Some(Member {
        organisation: "示例为老服务社（演示）".into(), facility_code: Some(station), ..of
    })
}

#[cfg(test)]
mod tests {
    use super::super::roster::{roster, tests::streets};
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_role_has_somebody_and_separation_has_enough() {
        let cast = cast(&streets());
        let holders = |role: Role| cast.iter().filter(|m| m.role == role).count();
        assert!(Role::ALL.iter().all(|role| holders(*role) >= 1));
        assert!(holders(Role::Drafter) >= 2 && holders(Role::Reviewer) >= 2);
        let of =
            |third: bool| cast.iter().filter(|m| m.role == Role::Inspector && m.third_party == third).count();
        assert!(of(false) >= 3 && of(true) >= 2);
        for street in streets() {
            assert_eq!(cast.iter().filter(|m| m.street_code.as_ref() == Some(&street.code)).count(), 2);
        }
        assert!(cast.iter().all(|m| m.role != Role::Inspector || m.third_party == m.certificate.is_none()));
    }

    #[test]
    fn login_names_are_short_and_unique_and_nobody_is_real() {
        let cast = cast(&streets());
        let names: BTreeSet<&str> = cast.iter().map(|m| m.username.as_str()).collect();
        assert_eq!(names.len(), cast.len());
        for m in &cast {
            assert!(
                m.username.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()),
                "{}",
                m.username
            );
            assert!((3..=12).contains(&m.username.len()) && m.display_name.starts_with("示例"), "{m:?}");
        }
    }

    #[test]
    fn the_operator_has_a_facility_of_the_roster() {
        let facility = cast(&streets()).into_iter().find_map(|m| m.facility_code);
        assert!(roster(&streets()).iter().any(|f| Some(&f.code) == facility.as_ref()));
    }
}
