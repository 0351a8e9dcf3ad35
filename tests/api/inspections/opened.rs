//! What becomes of a failing item: a finding that is served, or waits, or is seen again, or points back.

use super::{facility, fresh, publish, set_clock};
use crate::app::TestApp;
use crate::build::{id, inspection};
use crate::findings::{close, detail};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use chrono::{DateTime, Months, TimeDelta};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use yixun::clock::Clock as _;
use yixun::directory::FacilityKind::{Institution, Station};

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_third_partys_findings_are_advice,
        advice_that_an_officer_sees_again_is_served,
        served_on_site_with_a_due_date,
        a_term_of_working_days,
        major_waits_for_a_second_person,
        failing_again_while_open_is_counted_once,
        a_relapse_points_back_for_a_year,
    );
}

fn a_third_partys_findings_are_advice(app: &TestApp) {
    let third_party = app.as_(Caller::ThirdParty);
    let built =
        inspection(app, &facility(app, Place::Own, Station), &["YK-14", "YK-16"]).of_kind("supervision");
    let answer = built.put(&third_party).created();
    for finding in answer["findings"].as_array().expect("findings") {
        let finding = detail(app, &id(finding));
        assert_eq!((&finding["state"], &finding["source"]), (&json!("open"), &json!("third_party")));
        for empty in ["due_on", "served_at", "service_method", "confirmed_at"] {
            assert_eq!(finding[empty], Value::Null, "{empty}");
        }
        let kinds: Vec<&Value> =
            finding["events"].as_array().expect("events").iter().map(|e| &e["kind"]).collect();
        assert_eq!(kinds, ["opened"]);
    }
    assert_eq!(third_party.get(&built.path()).ok()["third_party"], true);
}

fn advice_that_an_officer_sees_again_is_served(app: &TestApp) {
    let station = facility(app, Place::Own, Station);
    let advice = inspection(app, &station, &["YK-14"]).of_kind("supervision");
    let found = id(&advice.put(&app.as_(Caller::ThirdParty)).created()["findings"][0]);
    let seen = inspection(app, &station, &["YK-14"]).of_kind("supervision");
    let answer = seen.put(&app.as_(Caller::Inspector)).created();
    assert_eq!(
        (&answer["findings"][0]["id"], &answer["findings"][0]["state"], &answer["findings"][0]["observed"]),
        (&json!(found), &json!("served"), &json!(true))
    );
    let now = detail(app, &found);
    assert_eq!((&now["observations"], &now["service_method"]), (&json!(1), &json!("on_site")));
    assert_ne!(now["due_on"], Value::Null);
}

/// The inspection of a new station with one failing item; gives the finding.
fn failed_at(app: &TestApp, code: &str, signature: Value) -> Value {
    let mut built = inspection(app, &fresh(app, Station), &[code]);
    built.body["visit"]["signature"] = signature;
    let answer = built.put(&app.as_(Caller::Inspector)).created();
    detail(app, &id(&answer["findings"][0]))
}

fn served_on_site_with_a_due_date(app: &TestApp) {
    let signed = json!({"state": "signed", "signed_by": "试验负责人"});
    let refused = json!({"state": "refused", "reason": "负责人拒绝", "witness": "试验乙"});
    for (at, code, due_on, rolled, provisional) in [
        ("2026-08-03T10:00:00", "YK-14", "2026-08-06", false, false),
        ("2026-08-03T23:59:59", "YK-15", "2026-08-10", false, false),
        // The third day is a Sunday.
        ("2026-08-06T23:59:59", "YK-14", "2026-08-10", true, false),
        ("2026-08-07T00:00:00", "YK-14", "2026-08-10", false, false),
        // At once: on that Saturday.
        ("2026-08-08T09:00:00", "YK-13", "2026-08-08", false, false),
        // A Sunday that is worked.
        ("2026-09-17T09:00:00", "YK-14", "2026-09-20", false, false),
        // National Day.
        ("2026-09-28T09:00:00", "YK-16", "2026-10-08", true, false),
        // Nobody knows the holidays of 2027 yet.
        ("2026-12-30T09:00:00", "YK-14", "2027-01-04", true, true),
    ] {
        set_clock(app, at);
        for (signature, method) in [(&signed, "on_site"), (&refused, "refused")] {
            let finding = failed_at(app, code, signature.clone());
            assert_eq!((&finding["state"], &finding["service_method"]), (&json!("served"), &json!(method)));
            assert_eq!(finding["due_on"], due_on, "{code} served at {at}");
            assert_eq!(
                finding["due_rule"].as_str().is_some_and(|rule| rule.contains("顺延")),
                rolled,
                "{finding}"
            );
            assert_eq!(finding["due_provisional"], provisional, "{code} served at {at}");
            assert_eq!(finding["served_at"], json!(app.clock.now()));
            let kinds: Vec<&Value> =
                finding["events"].as_array().expect("events").iter().map(|e| &e["kind"]).collect();
            assert_eq!(kinds, ["opened", "confirmed", "served"]);
        }
    }
}

fn a_term_of_working_days(app: &TestApp) {
    publish(app, |item| {
        if item["code"] == "YK-14" {
            item["deadline_unit"] = json!("working_day");
            item["deadline_days"] = json!(5);
        }
    });
    set_clock(app, "2026-09-24T09:00:00");
    let finding = failed_at(app, "YK-14", json!({"state": "signed", "signed_by": "试验负责人"}));
    // Mid-Autumn on Friday, National Day from the 1st to the 7th; the 28th to the 30th and the 8th and 9th are worked.
    assert_eq!(finding["due_on"], "2026-10-09");
    assert!(finding["due_rule"].as_str().is_some_and(|rule| rule.contains("5个工作日")), "{finding}");
}

fn major_waits_for_a_second_person(app: &TestApp) {
    let built = inspection(app, &facility(app, Place::Own, Institution), &["XF-10", "XF-09", "XF-19"]);
    let answer = built.put(&app.as_(Caller::Inspector)).created();
    let states: BTreeMap<&str, &str> = answer["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|f| (f["severity"].as_str().expect("a severity"), f["state"].as_str().expect("a state")))
        .collect();
    assert_eq!(states, BTreeMap::from([("major", "open"), ("serious", "served"), ("general", "served")]));
    let major = answer["findings"].as_array().into_iter().flatten().find(|f| f["severity"] == "major");
    let major = detail(app, &id(major.expect("a major one")));
    assert_eq!(
        (&major["due_on"], &major["confirmed_at"], &major["clause"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
}

fn failing_again_while_open_is_counted_once(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let station = facility(app, Place::Own, Station);
    let first = inspection(app, &station, &["YK-14"]).put(&inspector).created();
    let finding = id(&first["findings"][0]);
    let before = detail(app, &finding);
    app.advance(TimeDelta::days(2));
    let by: [(Caller, &[&str]); 2] =
        [(Caller::SecondInspector, &["YK-14", "YK-15"]), (Caller::ThirdParty, &["YK-14"])];
    for (n, (caller, failing)) in by.into_iter().enumerate() {
        let built = inspection(app, &station, failing);
        let again = built.put(&app.as_(caller)).created();
        let seen = &again["findings"][0];
        assert_eq!(
            (&seen["id"], &seen["number"], &seen["observed"]),
            (&before["id"], &before["number"], &json!(true))
        );
        assert_eq!(again["findings"].as_array().map(Vec::len), Some(failing.len()));
        let now = detail(app, &finding);
        assert_eq!(now["observations"], n + 1);
        for kept in [
            "state",
            "due_on",
            "served_at",
            "found_at",
            "found_by",
            "description",
            "intervals",
            "inspection_id",
        ] {
            assert_eq!(now[kept], before[kept], "{kept}");
        }
        let events = now["events"].as_array().expect("events");
        let last = events.last().expect("an event");
        assert_eq!(
            (&last["kind"], &last["from"], &last["to"]),
            (&json!("observed"), &json!("served"), &json!("served"))
        );
        assert_eq!(
            app.as_(caller).get(&built.path()).ok()["findings"].as_array().map(Vec::len),
            Some(failing.len() - 1)
        );
    }
    assert_eq!(app.as_(Caller::Drafter).all("/findings").len(), 2, "YK-14 once and YK-15");
    // Another facility's is another finding.
    let sibling =
        inspection(app, &facility(app, Place::Sibling, Station), &["YK-14"]).put(&inspector).created();
    assert_eq!(sibling["findings"][0]["observed"], false);
    // The earlier deadline runs on.
    set_clock(app, "2026-08-07T00:00:00");
    assert_eq!(detail(app, &finding)["overdue"], true);
}

fn a_relapse_points_back_for_a_year(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let places: Vec<String> = (0..4).map(|_| fresh(app, Station)).collect();
    let fails = |of: &str| {
        let answer = inspection(app, of, &["YK-14"]).put(&inspector).created();
        assert_eq!(answer["findings"][0]["observed"], false, "what is closed is never opened again");
        id(&answer["findings"][0])
    };
    let first: Vec<String> = places.iter().map(|of| fails(of)).collect();
    first[..3].iter().for_each(|finding| close(app, finding));
    let reason = json!({"reason": "现场核实为误报"});
    app.as_(Caller::Reviewer).post(&format!("/findings/{}/withdrawals", first[3]), &reason).ok();
    let closed: DateTime<chrono::Utc> =
        detail(app, &first[2])["closed_at"].as_str().expect("a time").parse().expect("a time");
    let opened: Vec<Value> = first.iter().map(|finding| detail(app, finding)).collect();

    app.advance(TimeDelta::days(30));
    let again = fails(&places[0]);
    let relapse = detail(app, &again);
    assert_eq!(relapse["repeat_of"], first[0]);
    assert_ne!(relapse["number"], opened[0]["number"]);
    close(app, &again);
    assert_eq!(detail(app, &fails(&places[3]))["repeat_of"], Value::Null, "a mistake is nothing to repeat");

    app.clock.set(closed + Months::new(12));
    assert_eq!(detail(app, &fails(&places[2]))["repeat_of"], first[2], "a year to the hour");
    assert_eq!(detail(app, &fails(&places[0]))["repeat_of"], again, "the last one before");
    app.clock.set(closed + Months::new(13));
    assert_eq!(detail(app, &fails(&places[1]))["repeat_of"], Value::Null);
    for (finding, before) in first.iter().zip(&opened) {
        assert_eq!(detail(app, finding), *before, "a closed line is never edited");
    }
}
