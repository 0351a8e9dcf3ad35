//! Findings from the sheet that was handed over to the ledger that they are struck off. The loops, each step by another
//! person, stand here; `refusals` holds what may not happen, `lists` who sees what and what is late; `side` goes the ways
//! beside the straight one, `ends` ends what is no more where it was found, `draws` looks at what is drawn and set, `races`
//! does two things at once, and `stories` plays steps at random. The table in `findings::rules` is the oracle: whatever happens over HTTP must be what it says, and
//! whatever it refuses must leave nothing.

mod draws;
mod ends;
mod lists;
mod races;
mod refusals;
mod side;
mod stories;

use super::app::TestApp;
use super::build::{Photo, id, inspection};
use super::client::Reply;
use super::inspections::{at_once, facility, fresh, leaves_nothing, set_clock};
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use yixun::access::Role;
use yixun::clock::{Clock as _, business_date};
use yixun::db::types::Coded as _;
use yixun::directory::FacilityKind::{Canteen, Institution, Station};

pub fn register(suite: &mut Suite) {
    both!(suite:
        the_loop_of_a_general_finding,
        the_loop_of_a_serious_finding,
        the_loop_of_a_major_finding,
        a_third_partys_reinspection_is_evidence,
        a_street_that_did_not_check,
        sent_back_and_claimed_again,
        finder_and_closer_may_be_one_and_it_is_noted,
        steps_at_once,
    );
    refusals::register(suite);
    lists::register(suite);
    side::register(suite);
    ends::register(suite);
    draws::register(suite);
    races::register(suite);
    stories::register(suite);
}

/// A finding with its history, as whoever may read everything sees it.
#[track_caller]
pub fn detail(app: &TestApp, finding: &str) -> Value {
    app.as_(Caller::Supervisor).get(&format!("/findings/{finding}")).ok()
}

/// The finding of one failing item that a bureau inspector's visit leaves.
#[track_caller]
pub fn found(app: &TestApp, facility: &str, code: &str) -> String {
    found_by(app, Caller::Inspector, facility, code)
}

#[track_caller]
fn found_by(app: &TestApp, finder: Caller, facility: &str, code: &str) -> String {
    let answer = inspection(app, facility, &[code]).of_kind("supervision").put(&app.as_(finder)).created();
    id(&answer["findings"][0])
}

/// The body of a claim for today with these proofs.
pub fn claim_body(app: &TestApp, proofs: &[&Photo]) -> Value {
    let declared: Vec<Value> = proofs.iter().map(|photo| photo.declared()).collect();
    json!({"claimed_on": business_date(app.clock.now()), "measures": "已按要求整改", "photos": declared})
}

/// A step of a finding; a minute passes before it.
#[track_caller]
fn step(app: &TestApp, by: Caller, finding: &str, what: &str, body: &Value) -> Reply {
    app.advance(TimeDelta::minutes(1));
    app.as_(by).post(&format!("/findings/{finding}/{what}"), body)
}

/// Claims with one proof, which arrives.
#[track_caller]
fn claim(app: &TestApp, by: Caller, finding: &str) -> Photo {
    let proof = Photo::new("after", None);
    step(app, by, finding, "rectifications", &claim_body(app, &[&proof])).ok();
    proof.put(&app.as_(by)).created();
    proof
}

#[track_caller]
fn check(app: &TestApp, by: Caller, finding: &str, result: &str) -> Value {
    step(app, by, finding, "checks", &json!({"result": result, "note": "街道现场核对"})).ok()
}

#[track_caller]
fn reinspect(app: &TestApp, by: Caller, finding: &str, result: &str) -> Value {
    step(app, by, finding, "reinspections", &json!({"result": result, "note": "现场复查"})).ok()
}

/// What a closing says.
fn closing() -> Value {
    json!({"note": "材料齐全，同意销号"})
}

fn reason() -> Value {
    json!({"reason": "现场核实情况存疑"})
}

/// Takes a served 一般 finding of the own or the sibling street to the end of its loop.
#[track_caller]
pub fn close(app: &TestApp, finding: &str) {
    let own = detail(app, finding)["street_id"] == json!(app.world.area(Place::Own));
    let sibling = Caller::At(Role::Street, Place::Sibling);
    claim(app, if own { Caller::Street } else { sibling }, finding);
    let checker = if own { Caller::SecondStreet } else { Caller::At(Role::Street, Place::District) };
    check(app, checker, finding, "pass");
    step(app, Caller::Drafter, finding, "closures", &closing()).ok();
}

/// Gives somebody one more role in the own street.
#[track_caller]
fn also(app: &TestApp, who: Caller, role: Role) {
    let body = json!({"role": role.code(), "area_id": app.world.area(Place::Own)});
    app.as_(Caller::SecurityAdmin).post(&format!("/users/{}/grants", app.user(who)), &body).created();
}

/// The states and events of a history, in order.
fn history(finding: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_string();
    let events = finding["events"].as_array().expect("events");
    events.iter().map(|event| (text(&event["kind"]), text(&event["to"]))).collect()
}

fn told(steps: &[(&str, &str)]) -> Vec<(String, String)> {
    steps.iter().map(|(kind, to)| ((*kind).into(), (*to).into())).collect()
}

/// Nothing of a finding and its history differs.
#[track_caller]
fn unchanged(before: &Value, after: &Value) {
    assert_eq!(yixun::canonical::differences(before, after), Vec::<String>::new());
}

/// A step that the table refuses: 409 with its code, and the finding, its history and every table are as before.
#[track_caller]
fn refused(app: &TestApp, by: Caller, finding: &str, what: &str, body: &Value, code: &str) {
    let before = detail(app, finding);
    let problem = leaves_nothing(app, || step(app, by, finding, what, body).expect(409, code));
    assert_eq!(problem["errors"], Value::Null);
    unchanged(&before, &detail(app, finding));
}

/// The intervals and the state are what the events say when they are played again.
#[track_caller]
fn agrees(finding: &Value) {
    let (mut state, mut played) = (Value::Null, Vec::<Value>::new());
    for (seq, event) in (1..).zip(finding["events"].as_array().expect("events")) {
        assert_eq!((&event["seq"], &event["from"]), (&json!(seq), &state), "{finding}");
        if event["to"] != state {
            if let Some(last) = played.last_mut() {
                last["to"] = event["at"].clone();
            }
            played.push(json!({"state": event["to"], "from": event["at"], "to": null}));
        }
        state = event["to"].clone();
    }
    assert_eq!((&finding["state"], &finding["intervals"]), (&state, &json!(played)), "{finding}");
    assert_eq!(finding["intervals"][0]["from"], finding["found_at"]);
    for pair in finding["intervals"].as_array().expect("intervals").windows(2) {
        assert_eq!(pair[0]["to"], pair[1]["from"], "no gap and no overlap");
    }
}

fn the_loop_of_a_general_finding(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    let proof = claim(app, Caller::Operator, &finding);
    assert_eq!(check(app, Caller::Street, &finding, "pass")["state"], "checked");
    let answer = step(app, Caller::Drafter, &finding, "closures", &closing());
    let closed = answer.ok();
    assert_eq!(answer.revision(), 6);
    assert_eq!(closed, detail(app, &finding));
    let steps = [
        ("opened", "open"),
        ("confirmed", "confirmed"),
        ("served", "served"),
        ("claimed", "rectified"),
        ("checked", "checked"),
        ("closed", "closed"),
    ];
    assert_eq!(history(&closed), told(&steps));
    let events = closed["events"].as_array().expect("events");
    let actors: BTreeSet<String> = events.iter().map(|event| event["actor"].to_string()).collect();
    assert_eq!(actors.len(), 4, "four persons: {actors:?}");
    assert_eq!(
        (&closed["closed_by"], &closed["closed_at"]),
        (&json!(app.user(Caller::Drafter)), &json!(app.clock.now()))
    );
    assert_eq!(
        (&closed["found_by"], &closed["check_outcome"]),
        (&json!(app.user(Caller::Inspector)), &json!("pass"))
    );
    let claims = closed["rectifications"].as_array().expect("claims");
    assert_eq!((claims.len(), &claims[0]["claimed_by"]), (1, &json!(app.user(Caller::Operator))));
    assert_eq!(claims[0]["evidence"], json!({"expected": 1, "received": 1, "missing": []}));
    assert_eq!(
        (&claims[0]["photos"][0]["photo_id"], &claims[0]["measures"]),
        (&json!(proof.id), &json!("已按要求整改"))
    );
    agrees(&closed);
}

fn the_loop_of_a_serious_finding(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Canteen), "FT-02");
    assert_eq!(detail(app, &finding)["severity"], "serious");
    claim(app, Caller::Street, &finding);
    check(app, Caller::SecondStreet, &finding, "pass");
    let seen = Photo::new("after", None);
    let body = json!({"result": "pass", "note": "现场复查", "photos": [seen.declared()]});
    let answer = step(app, Caller::SecondInspector, &finding, "reinspections", &body).ok();
    assert_eq!((&answer["state"], &answer["reinspected_ok"]), (&json!("checked"), &json!(true)));
    let closed = step(app, Caller::Reviewer, &finding, "closures", &closing()).ok();
    let steps =
        [("claimed", "rectified"), ("checked", "checked"), ("reinspected", "checked"), ("closed", "closed")];
    assert_eq!(history(&closed)[3..], told(&steps));
    let kinds: Vec<&Value> =
        closed["checks"].as_array().expect("checks").iter().map(|c| &c["kind"]).collect();
    assert_eq!(kinds, ["street", "reinspection"]);
    assert_eq!(closed["checks"][1]["photos"][0]["photo_id"], json!(seen.id));
    seen.put(&app.as_(Caller::SecondInspector)).created();
    agrees(&closed);
}

fn the_loop_of_a_major_finding(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Institution), "XF-10");
    let open = detail(app, &finding);
    assert_eq!(
        (&open["severity"], &open["state"], &open["due_on"]),
        (&json!("major"), &json!("open"), &Value::Null)
    );
    let clause = "《养老机构重大事故隐患判定标准》第四条";
    let confirmed = step(app, Caller::Reviewer, &finding, "confirmations", &json!({"clause": clause})).ok();
    assert_eq!(
        (&confirmed["state"], &confirmed["clause"], &confirmed["due_on"]),
        (&json!("confirmed"), &json!(clause), &Value::Null)
    );
    set_clock(app, "2026-09-04T10:00:00");
    let served = step(app, Caller::Drafter, &finding, "services", &json!({"method": "letter"})).ok();
    // Thirty days on is a Sunday within the holidays: 重大 does not wait for them to end.
    assert_eq!((&served["state"], &served["due_on"]), (&json!("served"), &json!("2026-10-04")));
    claim(app, Caller::Street, &finding);
    check(app, Caller::SecondStreet, &finding, "pass");
    reinspect(app, Caller::SecondInspector, &finding, "pass");
    for caller in [Caller::Drafter, Caller::Reviewer] {
        refused(app, caller, &finding, "closures", &closing(), "wrong_rank");
    }
    let closed = step(app, Caller::Issuer, &finding, "closures", &closing()).ok();
    assert_eq!(
        (&closed["state"], &closed["closed_by"]),
        (&json!("closed"), &json!(app.user(Caller::Issuer)))
    );
    let steps = [
        ("opened", "open"),
        ("confirmed", "confirmed"),
        ("served", "served"),
        ("claimed", "rectified"),
        ("checked", "checked"),
        ("reinspected", "checked"),
        ("closed", "closed"),
    ];
    assert_eq!(history(&closed), told(&steps));
    agrees(&closed);
}

fn a_third_partys_reinspection_is_evidence(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-16");
    claim(app, Caller::Operator, &finding);
    let seen = reinspect(app, Caller::ThirdParty, &finding, "pass");
    assert_eq!((&seen["state"], &seen["reinspected_ok"]), (&json!("rectified"), &json!(true)));
    assert_eq!(seen["checks"][0]["checked_by"], app.user(Caller::ThirdParty));
    app.as_(Caller::ThirdParty)
        .post(&format!("/findings/{finding}/closures"), &closing())
        .expect(403, "permission_denied");
    check(app, Caller::Street, &finding, "pass");
    assert_eq!(detail(app, &finding)["state"], "checked");
    // A 较大 one is closed on what the bureau itself has seen, and that no third party puts aside.
    refused(app, Caller::Reviewer, &finding, "closures", &closing(), "reinspection_required");
    reinspect(app, Caller::SecondInspector, &finding, "pass");
    let seen = reinspect(app, Caller::ThirdParty, &finding, "fail");
    assert_eq!((&seen["reinspected_ok"], &seen["checks"][3]["result"]), (&json!(true), &json!("fail")));
    step(app, Caller::Reviewer, &finding, "closures", &closing()).ok();

    // Whoever looked has worked on it, whoever looked after.
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    claim(app, Caller::Operator, &finding);
    check(app, Caller::Street, &finding, "pass");
    for looks in [Caller::SecondInspector, Caller::Inspector, Caller::ThirdParty] {
        reinspect(app, looks, &finding, "pass");
    }
    for looked in [Caller::SecondInspector, Caller::Inspector] {
        also(app, looked, Role::Drafter);
        refused(app, looked, &finding, "closures", &closing(), "own_work");
    }
    step(app, Caller::Drafter, &finding, "closures", &closing()).ok();

    // What it saw wanting, the bureau weighs: it neither sends back nor lets close.
    let finding = found(app, &fresh(app, Station), "YK-16");
    claim(app, Caller::Street, &finding);
    let seen = reinspect(app, Caller::ThirdParty, &finding, "fail");
    assert_eq!((&seen["state"], &seen["reinspected_ok"]), (&json!("rectified"), &json!(false)));
    check(app, Caller::SecondStreet, &finding, "pass");
    refused(app, Caller::Reviewer, &finding, "closures", &closing(), "reinspection_required");
}

fn a_street_that_did_not_check(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    claim(app, Caller::Street, &finding);
    // Who claimed cannot check, but can say that nobody did; and so can another, who has then not worked on it.
    let said = check(app, Caller::Street, &finding, "skipped");
    assert_eq!((&said["state"], &said["check_outcome"]), (&json!("checked"), &json!("skipped")));
    step(app, Caller::Drafter, &finding, "returns", &reason()).ok();
    claim(app, Caller::Street, &finding);
    check(app, Caller::SecondStreet, &finding, "skipped");
    also(app, Caller::SecondStreet, Role::Drafter);
    let closed = step(app, Caller::SecondStreet, &finding, "closures", &closing()).ok();
    assert_eq!((&closed["state"], &closed["check_outcome"]), (&json!("closed"), &json!("skipped")));
}

fn sent_back_and_claimed_again(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-16");
    claim(app, Caller::Operator, &finding);
    let returned = check(app, Caller::Street, &finding, "fail");
    assert_eq!((&returned["state"], &returned["check_outcome"]), (&json!("returned"), &json!("fail")));
    claim(app, Caller::Operator, &finding);
    assert_eq!(reinspect(app, Caller::SecondInspector, &finding, "fail")["state"], "returned");
    let proof = claim(app, Caller::Operator, &finding);
    check(app, Caller::Street, &finding, "pass");
    reinspect(app, Caller::SecondInspector, &finding, "pass");
    let sent_back = step(app, Caller::Reviewer, &finding, "returns", &reason()).ok();
    assert_eq!(
        (&sent_back["state"], &sent_back["due_on"]),
        (&json!("returned"), &json!("2026-08-06")),
        "the old deadline"
    );
    assert_eq!(
        sent_back["events"].as_array().and_then(|e| e.last()).map(|e| &e["reason"]),
        Some(&reason()["reason"])
    );

    // The same proof may be shown again, and has then arrived already; what was checked before says nothing now.
    let again = step(app, Caller::Operator, &finding, "rectifications", &claim_body(app, &[&proof])).ok();
    assert_eq!((&again["check_outcome"], &again["reinspected_ok"]), (&Value::Null, &Value::Null));
    let last = again["rectifications"].as_array().and_then(|claims| claims.last()).expect("a claim");
    assert_eq!(last["evidence"], json!({"expected": 1, "received": 1, "missing": []}));
    refused(app, Caller::Reviewer, &finding, "closures", &closing(), "street_check_required");
    check(app, Caller::Street, &finding, "pass");
    refused(app, Caller::Reviewer, &finding, "closures", &closing(), "reinspection_required");
    reinspect(app, Caller::SecondInspector, &finding, "pass");

    // Proofs of an earlier claim are none of the last.
    step(app, Caller::Reviewer, &finding, "returns", &reason()).ok();
    let fresh = Photo::new("scene", None);
    step(app, Caller::Operator, &finding, "rectifications", &claim_body(app, &[&proof, &fresh])).ok();
    check(app, Caller::Street, &finding, "pass");
    reinspect(app, Caller::SecondInspector, &finding, "pass");
    refused(app, Caller::Reviewer, &finding, "closures", &closing(), "proof_missing");
    fresh.put(&app.as_(Caller::Operator)).created();
    // Nor is what was shown with an earlier claim a before-photo, whatever the operator calls it.
    step(app, Caller::Reviewer, &finding, "returns", &reason()).ok();
    step(app, Caller::Operator, &finding, "rectifications", &claim_body(app, &[&proof, &fresh])).ok();
    check(app, Caller::Street, &finding, "pass");
    reinspect(app, Caller::SecondInspector, &finding, "pass");
    let closed = step(app, Caller::Reviewer, &finding, "closures", &closing()).ok();
    assert_eq!(closed["rectifications"].as_array().map(Vec::len), Some(6));
    agrees(&closed);
}

fn finder_and_closer_may_be_one_and_it_is_noted(app: &TestApp) {
    also(app, Caller::Inspector, Role::Drafter);
    for (closer, one) in [(Caller::Inspector, true), (Caller::Drafter, false)] {
        let finding = found(app, &fresh(app, Station), "YK-14");
        claim(app, Caller::Street, &finding);
        check(app, Caller::SecondStreet, &finding, "pass");
        let closed = step(app, closer, &finding, "closures", &closing()).ok();
        let last = closed["events"].as_array().and_then(|events| events.last()).expect("an event");
        assert_eq!((&last["kind"], &last["detail"]["finder_closed"]), (&json!("closed"), &json!(one)));
    }
}

fn steps_at_once(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    claim(app, Caller::Operator, &finding);
    check(app, Caller::Street, &finding, "pass");
    let closers = [Caller::Drafter, Caller::SecondDrafter];
    let answers = at_once(8, |n| {
        let path = |what| format!("/findings/{finding}/{what}");
        match n % 4 {
            3 => app.as_(Caller::Reviewer).post(&path("returns"), &reason()),
            n => app.as_(closers[n % 2]).post(&path("closures"), &closing()),
        }
    });
    assert_eq!(
        answers.iter().filter(|a| a.status == 200).count(),
        1,
        "{:?}",
        answers.iter().map(Reply::told).collect::<Vec<_>>()
    );
    answers.iter().filter(|a| a.status != 200).for_each(|a| drop(a.expect(409, "wrong_state")));
    let last = detail(app, &finding);
    assert_eq!(last["events"].as_array().map(Vec::len), Some(6));
    agrees(&last);
}
