use super::*;
use crate::ids::{TypedId as _, new_uuid};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

const ENTERED: &str = "2024-01-01T00:00:00Z";

fn entry() -> Entry {
    let at = time(ENTERED);
    Entry {
        id: LineId::from_uuid(new_uuid(at)),
        keeper: UserId::from_uuid(new_uuid(at)),
        counted_at: Some(at),
        withdrawn_at: None,
    }
}

fn on(text: &str) -> Moment {
    Moment { on: day(text), known: time("2030-01-01T00:00:00Z") }
}

fn facts(person: &str, level: Level, expires_on: &str) -> CertificateFacts {
    CertificateFacts {
        since: day("2024-01-01"),
        entered_at: time(ENTERED),
        status: Status::Held,
        person: person.into(),
        level,
        number_hash: Some(format!("{person}{level:?}")),
        number_masked: None,
        expires_on: expires_on.parse().ok(),
    }
}

fn certificate(person: &str, level: Level, expires_on: &str) -> Certificate {
    Certificate { entry: entry(), versions: vec![facts(person, level, expires_on)] }
}

fn room(linkage: bool, single_person: bool, key_unit: bool) -> Profile {
    Profile {
        since: day("2024-01-01"),
        entered_at: time(ENTERED),
        keeper: entry().keeper,
        control_room: true,
        linkage,
        single_person,
        key_unit,
    }
}

fn with(persons: usize, profile: Profile) -> Register {
    let certificates = (0..persons).map(|n| certificate(&format!("人员{n}"), Level::Intermediate, ""));
    Register { profiles: vec![profile], certificates: certificates.collect(), ..Register::default() }
}

/// The figures of the settings are those of GB 25201-2010, 5.2, and of a week of 40 hours.
#[test]
fn the_figures_follow_from_the_shifts() {
    let (hours, per_shift, longest_shift, week) = (24_u32, 2, 8, 40);
    let rule = DutyRule::default();
    assert_eq!(rule.red, hours / longest_shift * per_shift);
    assert_eq!(rule.amber, (hours * 7 * per_shift).div_ceil(week));
    let alone = rule.needed(true);
    assert_eq!(alone.red, hours / longest_shift);
    assert_eq!(alone.amber, (hours * 7).div_ceil(week));
}

#[test]
fn too_few_is_red_and_few_is_amber() {
    use DutyLevel::{Amber, Green, Red};
    let level = |persons, single| {
        let register = with(persons, room(true, single, false));
        register.duty(on("2026-08-03"), DutyRule::default()).unwrap().level
    };
    for (persons, double, single) in [
        (0, Red, Red),
        (2, Red, Red),
        (3, Red, Amber),
        (4, Red, Amber),
        (5, Red, Green),
        (6, Amber, Green),
        (8, Amber, Green),
        (9, Green, Green),
    ] {
        assert_eq!((level(persons, false), level(persons, true)), (double, single), "{persons}");
    }
    let mut register = with(0, Profile { control_room: false, ..room(true, false, false) });
    assert_eq!(register.duty(on("2026-08-03"), DutyRule::default()), None, "no room, no duty");
    register.profiles.clear();
    assert_eq!(register.duty(on("2026-08-03"), DutyRule::default()), None, "nothing is known");
}

#[test]
fn persons_count_and_not_certificates() {
    let mut register = with(5, room(false, false, false));
    register.certificates.push(certificate("人员0", Level::Junior, ""));
    let persons = |r: &Register| r.duty(on("2026-08-03"), DutyRule::default()).unwrap().persons;
    assert_eq!(persons(&register), 5);
    register.certificates.push(certificate("新人", Level::Junior, ""));
    assert_eq!(persons(&register), 6);
    register.profiles = vec![room(true, false, false)];
    assert_eq!(persons(&register), 5, "初级 does not qualify for linked systems");
    register.certificates[0].versions[0].status = Status::Registered;
    assert_eq!(persons(&register), 4, "who is registered holds nothing yet");
}

#[test]
fn a_certificate_expires_after_its_last_day() {
    let line = certificate("甲", Level::Intermediate, "2026-08-03");
    let stands = |text: &str| line.on(on(text)).map(|(_, standing)| standing);
    assert_eq!(stands("2023-12-31"), None);
    assert_eq!(stands("2024-01-01"), Some(Standing::Held));
    assert_eq!(stands("2026-08-03"), Some(Standing::Held));
    assert_eq!(stands("2026-08-04"), Some(Standing::Expired));
    assert_eq!(
        standing(Status::Registered, Some(day("2020-01-01")), day("2026-08-03")),
        Standing::Registered
    );
    assert_eq!(standing(Status::Held, None, day("2099-01-01")), Standing::Held);
}

#[test]
fn the_past_stays_what_it_was() {
    let mut line = certificate("甲", Level::Intermediate, "2026-01-31");
    let renewed = CertificateFacts {
        since: day("2026-02-10"),
        entered_at: time("2026-03-01T00:00:00Z"),
        expires_on: Some(day("2029-02-09")),
        ..line.versions[0].clone()
    };
    line.versions.push(renewed);
    let stands = |text: &str| line.on(on(text)).map(|(_, standing)| standing).unwrap();
    assert_eq!(stands("2026-01-31"), Standing::Held);
    assert_eq!(stands("2026-02-09"), Standing::Expired, "the gap stays a gap");
    assert_eq!(stands("2026-02-10"), Standing::Held);
    let before = Moment { on: day("2026-02-10"), known: time("2026-02-20T00:00:00Z") };
    assert_eq!(line.on(before).unwrap().1, Standing::Expired, "as it was known then");
    line.entry.withdrawn_at = Some(time("2026-05-01T00:00:00Z"));
    assert!(!line.entry.counts(on("2026-02-10")));
    assert!(line.entry.counts(before));
}

#[test]
fn a_certificate_of_two_facilities_is_counted_once() {
    let of = |key: &str, standing| Holding { key: key.into(), level: Level::Intermediate, standing };
    let all = [
        of("1", Standing::Held),
        of("1", Standing::Held),
        of("2", Standing::Expired),
        of("2", Standing::Held),
        of("3", Standing::Registered),
        of("4", Standing::Expired),
        Holding { level: Level::Junior, ..of("5", Standing::Held) },
    ];
    let counted = count(&all);
    assert_eq!(counted[&Level::Intermediate], Count { held: 2, registered: 1, expired: 1 });
    assert_eq!(counted[&Level::Junior], Count { held: 1, registered: 0, expired: 0 });
}

#[test]
fn a_drill_is_due_half_a_year_or_a_year_after_the_last() {
    let drill = |text: &str| Drill { entry: entry(), held_on: day(text) };
    let due = |profile: Option<Profile>, drills: &[&str]| {
        let drills = drills.iter().map(|text| drill(text)).collect();
        let register = Register { profiles: profile.into_iter().collect(), drills, ..Register::default() };
        register.drills_due(on("2026-08-03")).1
    };
    let (key, other) = (room(true, false, true), room(true, false, false));
    assert_eq!(due(Some(key.clone()), &["2025-08-31", "2026-03-31"]), Some(day("2026-09-30")));
    assert_eq!(due(Some(other.clone()), &["2026-03-31"]), Some(day("2027-03-31")));
    assert_eq!(
        due(Some(key.clone()), &["2026-03-31", "2026-09-01"]),
        Some(day("2026-09-30")),
        "not yet held"
    );
    assert_eq!(due(Some(key), &[]), Some(day("2024-07-01")));
    assert_eq!(due(Some(other), &[]), Some(day("2025-01-01")));
    assert_eq!(due(None, &["2026-02-28"]), Some(day("2027-02-28")));
    assert_eq!(due(None, &[]), None);
}

#[test]
fn only_what_is_worse_is_new() {
    let of = |lacking, expired: &[&str]| Deficiency {
        lacking,
        expired: expired.iter().map(ToString::to_string).collect(),
    };
    let known = of(2, &["a", "b"]);
    for (now, worse) in [
        (of(2, &["a", "b"]), false),
        (of(1, &["a", "b"]), false),
        (of(2, &["a"]), false),
        (of(3, &["a"]), true),
        (of(2, &["a", "c"]), true),
        (of(0, &["c"]), true),
    ] {
        assert_eq!(now.worse_than(&known), worse, "{now:?}");
    }
}

#[test]
fn equipment_expires_where_it_stands() {
    let mut equipment = Equipment {
        entry: entry(),
        named: "灭火器".into(),
        placed_on: day("2024-02-01"),
        expires_on: day("2026-08-02"),
        removed: None,
    };
    assert!(!equipment.expired(on("2026-08-02")) && equipment.expired(on("2026-08-03")));
    assert!(!equipment.in_place(on("2024-01-31")));
    equipment.removed = Some((day("2026-08-10"), time("2026-08-20T00:00:00Z")));
    assert!(equipment.expired(on("2026-08-09")) && !equipment.expired(on("2026-08-10")));
    let before = Moment { on: day("2026-08-10"), known: time("2026-08-19T00:00:00Z") };
    assert!(equipment.expired(before), "as it was known then");
    equipment.entry.counted_at = None;
    assert!(!equipment.expired(on("2026-08-03")), "a claim does not count");
}
