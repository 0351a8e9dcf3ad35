use super::*;
use crate::calendar::rules::{DayKind, YearStatus};
use crate::db::types::Coded as _;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// 2026 with its October holidays: 1–7 October off, 10 October at work.
fn calendar() -> WorkCalendar {
    let holidays = (1..=7).map(|d| (NaiveDate::from_ymd_opt(2026, 10, d).unwrap(), DayKind::Holiday));
    let makeup = (day("2026-10-10"), DayKind::MakeupWorkday);
    WorkCalendar::new(holidays.chain([makeup]), [(2026, YearStatus::Confirmed)], "v".into())
}

/// Served in August, due on Wednesday 9 September.
fn served() -> Facts {
    Facts {
        state: State::Served,
        third_party: false,
        route: Route::Street,
        found_on: day("2026-08-20"),
        served_on: Some(day("2026-08-20")),
        due_on: Some(day("2026-09-09")),
        claimed_on: None,
        stages: vec![],
        away: vec![],
    }
}

fn told(facts: &Facts, today: &str) -> Vec<String> {
    let (calendar, clock) = (calendar(), Clock::default());
    let today = Day { today: day(today), calendar: &calendar, clock: &clock };
    let shown = |d: &Due<'_>| {
        let Key { mark, days, stage, .. } = d.key;
        let which = [days, stage].iter().filter(|n| **n > 0).map(|n| format!(":{n}")).collect::<String>();
        format!("{}{which} {}", mark.code(), d.result.code())
    };
    today.due(facts, &BTreeSet::new()).iter().map(shown).collect()
}

#[test]
fn a_served_finding_comes_near_and_falls_overdue_and_is_urged() {
    let facts = served();
    assert_eq!(told(&facts, "2026-09-06"), [""; 0]);
    assert_eq!(told(&facts, "2026-09-07"), ["near_due:2 fired"]);
    assert_eq!(told(&facts, "2026-09-08"), ["near_due:2 skipped", "near_due:1 fired"]);
    assert_eq!(told(&facts, "2026-09-09"), ["near_due:2 skipped", "near_due:1 fired"]);
    let late = ["near_due:2 skipped", "near_due:1 skipped", "overdue fired"];
    assert_eq!(told(&facts, "2026-09-10"), late);
    assert_eq!(told(&facts, "2026-09-15"), late);
    let urged = [late.to_vec(), vec!["second_reminder fired"]].concat();
    assert_eq!(told(&facts, "2026-09-16"), urged);
    let called = ["talk fired", "leader_contact fired", "district_report not_taken"];
    assert_eq!(told(&facts, "2026-09-23"), [urged, called.to_vec()].concat());
    assert_eq!(told(&facts, "2026-09-22").len(), 4);
}

#[test]
fn rest_days_are_no_working_days() {
    let facts = Facts { due_on: Some(day("2026-10-08")), ..served() };
    assert_eq!(told(&facts, "2026-09-29"), ["near_due:2 fired"]);
    assert_eq!(told(&facts, "2026-10-03"), ["near_due:2 skipped", "near_due:1 fired"]);
    // 9 and 10 (a Saturday at work), 12, 13, 14.
    assert_eq!(told(&facts, "2026-10-13").len(), 3);
    assert_eq!(told(&facts, "2026-10-14").len(), 4);
}

#[test]
fn a_claim_in_time_stops_the_clock_and_a_late_one_the_steps() {
    for state in [State::Rectified, State::Checked] {
        let claimed = |on: &str| Facts { state, claimed_on: Some(day(on)), ..served() };
        assert_eq!(told(&claimed("2026-09-09"), "2026-12-01"), [""; 0]);
        assert_eq!(told(&claimed("2026-09-10"), "2026-12-01"), ["overdue fired"]);
    }
    for state in [State::Suspended, State::Disputed, State::Closed, State::Withdrawn, State::Terminated] {
        assert_eq!(told(&Facts { state, ..served() }, "2026-12-01"), [""; 0]);
    }
    assert_eq!(told(&Facts { state: State::Confirmed, due_on: None, ..served() }, "2026-12-01"), [""; 0]);
}

#[test]
fn days_that_the_bureau_took_are_not_the_streets() {
    let away = vec![(day("2026-09-09"), day("2026-09-23"))];
    let returned = Facts { state: State::Returned, claimed_on: Some(day("2026-09-09")), away, ..served() };
    assert_eq!(told(&returned, "2026-09-23").last().unwrap(), "overdue fired");
    assert_eq!(told(&returned, "2026-09-29").last().unwrap(), "overdue fired");
    assert_eq!(told(&returned, "2026-09-30").last().unwrap(), "second_reminder fired");
}

#[test]
fn an_operator_is_urged_where_no_street_stands_between() {
    for route in [Route::Direct, Route::BureauUnit] {
        let facts = Facts { route, ..served() };
        assert_eq!(told(&facts, "2026-09-23")[3..], ["second_reminder fired", "talk fired"]);
        let clock = Clock::default();
        let steps = clock.steps.iter().filter(|s| concerns(s, route));
        assert!(steps.map(|s| s.to).all(|to| to == Addressee::Operator));
    }
}

#[test]
fn what_was_served_too_late_has_no_near_days() {
    let at_once = Facts { served_on: Some(day("2026-09-09")), ..served() };
    assert_eq!(told(&at_once, "2026-09-09"), [""; 0]);
    let the_day_before = Facts { served_on: Some(day("2026-09-08")), ..served() };
    assert_eq!(told(&the_day_before, "2026-09-09"), [""; 0]);
    let two_before = Facts { served_on: Some(day("2026-09-07")), ..served() };
    assert_eq!(told(&two_before, "2026-09-09"), ["near_due:1 fired"]);
}

#[test]
fn stages_have_days_of_their_own() {
    let stages = vec![StageDue { position: 1, due_on: day("2026-08-28") }];
    let facts = Facts { state: State::LongTerm, stages, ..served() };
    assert_eq!(told(&facts, "2026-08-26"), ["near_due:2:1 fired"]);
    assert_eq!(told(&facts, "2026-08-31").last().unwrap(), "overdue:1 fired");
    assert!(!told(&facts, "2026-09-10").contains(&"second_reminder fired".to_string()));
    assert_eq!(told(&Facts { state: State::Served, ..facts }, "2026-08-31"), [""; 0]);
}

#[test]
fn a_third_partys_finding_is_to_be_confirmed() {
    let facts = Facts { state: State::Open, third_party: true, due_on: None, served_on: None, ..served() };
    assert_eq!(told(&facts, "2026-08-25"), [""; 0]);
    assert_eq!(told(&facts, "2026-08-26"), ["to_confirm fired"]);
    assert_eq!(told(&Facts { third_party: false, ..facts }, "2026-08-26"), [""; 0]);
}

#[test]
fn what_is_known_is_not_due_again_and_a_new_day_is() {
    let (calendar, clock) = (calendar(), Clock::default());
    let today = Day { today: day("2026-09-23"), calendar: &calendar, clock: &clock };
    let known: BTreeSet<Key> = today.due(&served(), &BTreeSet::new()).iter().map(|d| d.key).collect();
    assert_eq!(today.due(&served(), &known), []);
    let extended = Facts { due_on: Some(day("2026-09-24")), ..served() };
    assert_eq!(today.due(&extended, &known).len(), 2);
    assert!(horizon(&today) >= day("2026-09-25"));
}

#[test]
fn an_unpublished_year_makes_a_mark_provisional() {
    let (calendar, clock) = (calendar(), Clock::default());
    let today = Day { today: day("2027-01-20"), calendar: &calendar, clock: &clock };
    let facts = Facts { due_on: Some(day("2026-12-30")), ..served() };
    let steps: Vec<bool> = today
        .due(&facts, &BTreeSet::new())
        .iter()
        .filter(|d| d.step.is_some())
        .map(|d| d.provisional)
        .collect();
    assert_eq!(steps, [true; 4]);
}
