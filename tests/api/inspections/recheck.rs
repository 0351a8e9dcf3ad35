//! A recheck 复查 holds items that have a finding, and keeps what was seen whatever has become of the finding meanwhile.

use super::{facility, fresh, leaves_nothing};
use crate::app::TestApp;
use crate::build::{Inspection, Photo, campaign, id, inspection};
use crate::findings::{close, detail, found};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use chrono::TimeDelta;
use serde_json::{Value, json};
use yixun::clock::{Clock as _, business_date};
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        what_a_recheck_makes_of_a_finding,
        a_recheck_is_a_reinspection_of_each_claim,
        nobody_rechecks_their_own_claim,
        a_third_partys_recheck_is_evidence,
        only_items_with_a_finding,
        what_passes_is_shown_too,
        a_recheck_is_no_coverage,
    );
}

fn step(app: &TestApp, by: Caller, finding: &str, what: &str, body: &Value) -> Value {
    app.advance(TimeDelta::minutes(1));
    app.as_(by).post(&format!("/findings/{finding}/{what}"), body).ok()
}

fn claim(app: &TestApp, finding: &str) {
    let proof = Photo::new("after", None);
    let body = json!({"claimed_on": business_date(app.clock.now()), "measures": "已整改", "photos": [proof.declared()]});
    step(app, Caller::Street, finding, "rectifications", &body);
    proof.put(&app.as_(Caller::Street)).created();
}

/// A recheck of a station.
fn recheck(app: &TestApp, station: &str, seen: &[(&str, &str)]) -> Inspection {
    app.advance(TimeDelta::minutes(1));
    inspection(app, station, &[]).only(app, Station, seen)
}

/// Takes the finding of YK-14 at a new station to a state; gives both.
fn brought_to(app: &TestApp, state: &str) -> (String, String) {
    let station = fresh(app, Station);
    let advice = matches!(state, "open" | "confirmed");
    let by = app.as_(if advice { Caller::ThirdParty } else { Caller::Inspector });
    let built = inspection(app, &station, &["YK-14"]).of_kind("supervision");
    let finding = id(&built.put(&by).created()["findings"][0]);
    match state {
        "confirmed" => drop(step(app, Caller::Drafter, &finding, "confirmations", &json!({}))),
        "rectified" | "checked" | "returned" => claim(app, &finding),
        "closed" => close(app, &finding),
        _ => {}
    }
    match state {
        "checked" => {
            let body = json!({"result": "pass", "note": "现场核对"});
            drop(step(app, Caller::SecondStreet, &finding, "checks", &body));
        }
        "returned" => drop(step(app, Caller::Drafter, &finding, "returns", &json!({"reason": "照片不清"}))),
        _ => {}
    }
    assert_eq!(detail(app, &finding)["state"], state);
    (station, finding)
}

fn what_a_recheck_makes_of_a_finding(app: &TestApp) {
    let second = app.as_(Caller::SecondInspector);
    for (state, outcome, became, after) in [
        ("open", "pass", "seen_rectified", "open"),
        ("open", "fail", "observed", "served"), // an officer has seen it now
        ("confirmed", "pass", "seen_rectified", "confirmed"),
        ("confirmed", "fail", "observed", "confirmed"),
        ("served", "pass", "seen_rectified", "served"),
        ("served", "fail", "observed", "served"),
        ("returned", "pass", "seen_rectified", "returned"),
        ("returned", "fail", "observed", "returned"),
        ("rectified", "pass", "reinspected", "rectified"),
        ("rectified", "fail", "reinspected", "returned"),
        ("checked", "pass", "reinspected", "checked"),
        ("checked", "fail", "reinspected", "returned"),
        ("closed", "pass", "closed", "closed"),
        ("closed", "fail", "opened", "closed"),
    ] {
        let told = format!("{state} {outcome}");
        let (station, finding) = brought_to(app, state);
        let before = detail(app, &finding);
        let built = recheck(app, &station, &[("YK-14", outcome)]);
        let answer = built.put(&second).created();
        assert_eq!(built.put(&second).ok(), answer, "{told}");
        let line = &answer["findings"][0];
        assert_eq!(answer["findings"].as_array().map(Vec::len), Some(1), "{told}");
        assert_eq!((&line["became"], &line["item_code"]), (&json!(became), &json!("YK-14")), "{told}");
        let now = detail(app, &finding);
        assert_eq!(now["state"], after, "{told}");
        let seen_again = u64::from(became == "observed");
        assert_eq!(
            (now["observations"].as_u64(), &line["observed"]),
            (Some(seen_again), &json!(seen_again == 1)),
            "{told}"
        );
        if state == "closed" {
            assert_eq!(now, before, "a closed line is never edited");
        }
        if became == "opened" {
            let new = detail(app, &id(line));
            assert_eq!((&new["state"], &new["repeat_of"]), (&json!("served"), &json!(finding)), "{told}");
            assert_eq!(new["inspection_id"], json!(built.id));
        } else {
            assert_eq!((&line["id"], &line["state"]), (&json!(finding), &json!(after)), "{told}");
        }
        if became == "seen_rectified" {
            let last = now["events"].as_array().and_then(|events| events.last()).expect("an event");
            assert_eq!((&last["kind"], &last["reason"]), (&json!("seen_rectified"), &json!("复查所见")));
            assert_eq!(last["detail"]["inspection"], json!(built.id));
        }
    }
}

fn a_recheck_is_a_reinspection_of_each_claim(app: &TestApp) {
    let second = app.as_(Caller::SecondInspector);
    let station = fresh(app, Station);
    let first =
        inspection(app, &station, &["YK-14", "YK-16", "YK-17"]).put(&app.as_(Caller::Inspector)).created();
    let findings: Vec<String> = first["findings"].as_array().expect("findings").iter().map(id).collect();
    findings[..2].iter().for_each(|finding| claim(app, finding));
    let built = recheck(app, &station, &[("YK-16", "pass"), ("YK-14", "fail")]);
    let answer = built.put_whole(&second);
    assert_eq!(answer["lacking"], json!([]));
    let became: Vec<(&Value, &Value)> =
        answer["findings"].as_array().expect("findings").iter().map(|f| (&f["id"], &f["became"])).collect();
    let done = json!("reinspected");
    assert_eq!(
        became,
        [(&json!(findings[0]), &done), (&json!(findings[1]), &done)],
        "in the order of the list"
    );
    assert_eq!(second.get(&built.path()).ok()["state"], "complete");
    let passed = detail(app, &findings[1]);
    let check = &passed["checks"][0];
    assert_eq!((&passed["reinspected_ok"], &check["kind"]), (&json!(true), &json!("reinspection")));
    assert_eq!(
        (&check["note"], &check["checked_by"]),
        (&json!("复查所见"), &json!(app.user(Caller::SecondInspector)))
    );
    assert_eq!(check["photos"][0]["photo_id"], json!(built.photos[0].id));
    assert_ne!(check["photos"][0]["received_at"], Value::Null);
    assert_eq!(detail(app, &findings[0])["state"], "returned");
    assert_eq!(detail(app, &findings[2])["observations"], 0, "left out is left alone");
    // The re-inspection is what a 较大 one waits for.
    step(app, Caller::SecondStreet, &findings[1], "checks", &json!({"result": "pass", "note": "现场核对"}));
    step(app, Caller::Reviewer, &findings[1], "closures", &json!({"note": "材料齐全，同意销号"}));
}

fn nobody_rechecks_their_own_claim(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    for (outcome, became) in [("pass", "seen_rectified"), ("fail", "observed")] {
        let station = fresh(app, Station);
        let fixed = inspection(app, &station, &["YK-14"]).put_right();
        let finding = id(&fixed.put(&inspector).created()["findings"][0]);
        let answer = recheck(app, &station, &[("YK-14", outcome)]).put(&inspector).created();
        assert_eq!(answer["findings"][0]["became"], became);
        let now = detail(app, &finding);
        assert_eq!((&now["state"], &now["checks"]), (&json!("rectified"), &json!([])));
        // A colleague's counts.
        let answer =
            recheck(app, &station, &[("YK-14", outcome)]).put(&app.as_(Caller::SecondInspector)).created();
        assert_eq!(answer["findings"][0]["became"], "reinspected");
    }
}

fn a_third_partys_recheck_is_evidence(app: &TestApp) {
    let third_party = app.as_(Caller::ThirdParty);
    for (outcome, passed) in [("pass", true), ("fail", false)] {
        let (station, finding) = brought_to(app, "rectified");
        let answer = recheck(app, &station, &[("YK-14", outcome)]).put(&third_party).created();
        assert_eq!(answer["findings"][0]["became"], "reinspected");
        let now = detail(app, &finding);
        assert_eq!((&now["state"], &now["reinspected_ok"]), (&json!("rectified"), &json!(passed)));
    }
    let (station, finding) = brought_to(app, "open");
    recheck(app, &station, &[("YK-14", "fail")]).put(&third_party).created();
    assert_eq!(detail(app, &finding)["state"], "open");
}

fn only_items_with_a_finding(app: &TestApp) {
    let second = app.as_(Caller::SecondInspector);
    let station = facility(app, Place::Own, Station);
    let first = inspection(app, &station, &["YK-14", "YK-15"]).put(&app.as_(Caller::Inspector)).created();
    let refused = |built: &Inspection, pointer: &str, code: &str| {
        leaves_nothing(app, || built.put(&second)).expect_at(422, "invalid_request", pointer, code);
    };
    refused(
        &recheck(app, &station, &[("YK-14", "pass"), ("YK-16", "fail")]),
        "/answers/1/item_id",
        "not_open",
    );
    refused(&recheck(app, &station, &[("YK-14", "not_applicable")]), "/answers/0/outcome", "pass_or_fail");
    refused(&recheck(app, &station, &[]), "/answers", "out_of_range");
    // Another facility's finding is none of this one's.
    let other = fresh(app, Station);
    refused(&recheck(app, &other, &[("YK-14", "pass")]), "/answers/0/item_id", "not_open");
    let mistake = id(&first["findings"][1]);
    step(app, Caller::Reviewer, &mistake, "withdrawals", &json!({"reason": "现场核实为误报"}));
    refused(&recheck(app, &station, &[("YK-15", "pass")]), "/answers/0/item_id", "not_open");
    // By the item's code, whatever the version of the list.
    super::publish(app, |_| {});
    let answer = recheck(app, &station, &[("YK-14", "fail")]).put(&second).created();
    assert_eq!(answer["findings"][0]["id"], first["findings"][0]["id"]);
}

fn what_passes_is_shown_too(app: &TestApp) {
    let second = app.as_(Caller::SecondInspector);
    let station = fresh(app, Station);
    found(app, &station, "YK-14");
    found(app, &station, "YK-05");
    let mut built = recheck(app, &station, &[("YK-14", "pass"), ("YK-05", "pass")]);
    built.body["photos"] = json!([]);
    let answer = built.put(&second).created();
    let asked = &built.body["answers"][0]["item_id"];
    assert_eq!((&answer["lacking"], &answer["state"]), (&json!([asked]), &json!("incomplete")));
}

fn a_recheck_is_no_coverage(app: &TestApp) {
    let second = app.as_(Caller::SecondInspector);
    let station = fresh(app, Station);
    found(app, &station, "YK-14");
    let planned = id(&campaign(app, Place::Own, &[Station]));
    recheck(app, &station, &[("YK-14", "pass")]).of_campaign(&planned).put_whole(&second);
    let drafter = app.as_(Caller::Drafter);
    let targets = drafter.all(&format!("/campaigns/{planned}/targets"));
    let target = targets.iter().find(|t| t["facility_id"] == json!(station)).expect("a target");
    assert_eq!(target["state"], "planned");
    let progress = drafter.get(&format!("/campaigns/{planned}/progress")).ok();
    assert_eq!((&progress["done"], &progress["incomplete"]), (&json!(0), &json!(0)));
    assert_eq!(drafter.get(&format!("/compliance/facilities/{station}")).ok()["inspected_at"], Value::Null);
}
