//! What is put right on the spot 当场整改: closed by the second person's confirmation and by its photos, whichever comes last, and
//! a claim like any other where one of them does not come.

use super::{at_once, facility, fresh, in_visit_of, leaves_nothing};
use crate::app::TestApp;
use crate::build::{Inspection, Photo, id, inspection};
use crate::findings::{close, detail, found};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use chrono::TimeDelta;
use serde_json::{Value, json};
use yixun::clock::{Clock as _, business_date};
use yixun::directory::FacilityKind::{Canteen, Institution, Station};

pub fn register(suite: &mut Suite) {
    both!(suite:
        closed_on_the_spot_in_whatever_order,
        the_last_photo_and_the_confirmation_at_once,
        an_inspection_that_comes_after_the_confirmation,
        what_nobody_confirms_is_a_claim,
        photos_may_come_later_than_the_confirmation,
        what_was_sent_back_is_not_closed_on_the_spot,
        of_a_third_party_it_is_advice,
        a_finding_that_was_there_already,
        what_cannot_be_put_right_on_the_spot,
        photos_of_before_prove_nothing,
        it_counts_for_a_relapse,
    );
}

/// A visit of two, named, that puts right what it finds at a facility.
fn put_right(app: &TestApp, facility: &str, failing: &[&str]) -> Inspection {
    let built = inspection(app, facility, failing).put_right();
    built.named(app, 0, Caller::Inspector).named(app, 1, Caller::SecondInspector)
}

/// The photos of the one failing item, with those of afterwards last.
fn shown(built: &Inspection) -> Vec<Photo> {
    let after: Vec<&Photo> = built.photos.iter().filter(|p| p.purpose == "after").collect();
    assert_eq!(after.len(), 1);
    let mut of_item: Vec<Photo> = built.photos.iter().filter(|p| p.item == after[0].item).cloned().collect();
    of_item.sort_by_key(|p| p.purpose == "after");
    assert_eq!(of_item.len(), 2);
    of_item
}

/// Sends an inspection and the photos of its failing item; gives the finding.
fn sent(app: &TestApp, built: &Inspection) -> String {
    let inspector = app.as_(Caller::Inspector);
    let answer = built.put(&inspector).created();
    shown(built).iter().for_each(|photo| drop(photo.put(&inspector).created()));
    id(&answer["findings"][0])
}

fn kinds(finding: &Value) -> Vec<&str> {
    let events = finding["events"].as_array().expect("events");
    events.iter().map(|event| event["kind"].as_str().expect("a kind")).collect()
}

fn state(app: &TestApp, finding: &str) -> Value {
    detail(app, finding)["state"].clone()
}

/// A step that another test file tells more of; a minute passes before it.
fn step(app: &TestApp, by: Caller, finding: &str, what: &str, body: &Value) -> Value {
    app.advance(TimeDelta::minutes(1));
    app.as_(by).post(&format!("/findings/{finding}/{what}"), body).ok()
}

fn closed_on_the_spot_in_whatever_order(app: &TestApp) {
    let (lead, second) = (app.as_(Caller::Inspector), app.as_(Caller::SecondInspector));
    // s: the inspection, b and a: the photos of before and after, c: the confirmation, which comes after the inspection.
    for order in
        ["sbac", "sbca", "sabc", "sacb", "scab", "scba", "bsac", "bsca", "asbc", "ascb", "absc", "basc"]
    {
        // 较大 as well: two who saw it stand for the re-inspection.
        let code = if order.len() % 2 == 0 && order.starts_with('s') { "YK-14" } else { "YK-16" };
        let built = put_right(app, &fresh(app, Station), &[code]);
        let photos = shown(&built);
        let mut finding = String::new();
        for (n, step) in order.chars().enumerate() {
            app.advance(TimeDelta::minutes(1));
            match step {
                's' => {
                    let answer = built.put(&lead).created();
                    finding = id(&answer["findings"][0]);
                    assert_eq!(answer["findings"][0]["state"], "rectified");
                }
                'b' => drop(photos[0].put(&lead).created()),
                'a' => drop(photos[1].put(&lead).created()),
                _ => drop(built.confirm(&second).created()),
            }
            if !finding.is_empty() {
                let expected = if n == 3 { "closed" } else { "rectified" };
                assert_eq!(state(app, &finding), expected, "{order} after {step}");
            }
        }
        let closed = detail(app, &finding);
        assert_eq!(kinds(&closed), ["opened", "confirmed", "served", "claimed", "closed_on_site"]);
        assert_eq!(
            (&closed["closed_by"], &closed["closed_at"]),
            (&json!(app.user(Caller::SecondInspector)), &json!(app.clock.now()))
        );
        assert_eq!(closed["found_by"], app.user(Caller::Inspector));
        let claim = &closed["rectifications"][0];
        assert_eq!((&claim["on_site"], &claim["measures"]), (&json!(true), &json!("当场整改完毕")));
        assert_eq!(
            (&claim["claimed_by"], &claim["claimed_on"]),
            (&json!(app.user(Caller::Inspector)), &json!(business_date(app.clock.now())))
        );
        assert_eq!(claim["photos"][0]["photo_id"], json!(photos[1].id));
        assert_eq!(claim["evidence"], json!({"expected": 1, "received": 1, "missing": []}));
        let stored = lead.get(&built.path()).ok();
        let said = stored["answers"].as_array().and_then(|all| all.iter().find(|a| a["outcome"] == "fail"));
        assert_eq!(said.map(|a| &a["on_site"]["measures"]), Some(&json!("当场整改完毕")));
        assert_eq!(stored["state"], "incomplete", "other photos are missing still");
        assert_eq!(built.put(&lead).ok()["findings"][0]["state"], "rectified", "the receipt of that moment");
    }
}

fn the_last_photo_and_the_confirmation_at_once(app: &TestApp) {
    let (lead, second) = (app.as_(Caller::Inspector), app.as_(Caller::SecondInspector));
    for _ in 0..6 {
        let built = put_right(app, &fresh(app, Station), &["YK-14"]);
        let photos = shown(&built);
        photos[0].put(&lead).created();
        let finding = id(&built.put(&lead).created()["findings"][0]);
        let answers = at_once(4, |n| if n % 2 == 0 { photos[1].put(&lead) } else { built.confirm(&second) });
        let told: Vec<String> = answers.iter().map(|a| a.told()).collect();
        assert!(answers.iter().all(|a| matches!(a.status, 200 | 201)), "{told:?}");
        let closed = detail(app, &finding);
        assert_eq!((&closed["state"], kinds(&closed).len()), (&json!("closed"), 5), "once: {told:?}");
    }
}

fn an_inspection_that_comes_after_the_confirmation(app: &TestApp) {
    let (lead, second) = (app.as_(Caller::Inspector), app.as_(Caller::SecondInspector));
    let first = inspection(app, &facility(app, Place::Own, Canteen), &[])
        .named(app, 0, Caller::Inspector)
        .named(app, 1, Caller::SecondInspector);
    first.put(&lead).created();
    first.confirm(&lead).created();
    let mut next = in_visit_of(app, &first, &facility(app, Place::Own, Station), &["YK-14"]).put_right();
    next.body["visit"] = first.body["visit"].clone();
    next.photos.iter().for_each(|photo| drop(photo.put(&second).created()));
    let answer = next.put(&second).created();
    assert_eq!(answer["findings"][0]["state"], "closed", "everything was there before");
    let closed = detail(app, &id(&answer["findings"][0]));
    assert_eq!(
        (&closed["state"], &closed["closed_by"]),
        (&json!("closed"), &json!(app.user(Caller::Inspector)))
    );
    assert_eq!(next.put(&second).ok(), answer);
}

fn what_nobody_confirms_is_a_claim(app: &TestApp) {
    let lead = app.as_(Caller::Inspector);
    // Of the second person, what part they take in the visit, whether they may confirm, and whether they are in time.
    for (caller, part, status, hours) in [
        (Caller::SecondInspector, "member", 409, 49),
        (Caller::SecondInspector, "accompanying", 404, 1),
        (Caller::ThirdParty, "member", 201, 1),
        (Caller::Operator, "member", 201, 1),
        (Caller::Inspector, "lead", 201, 1), // who sent it
    ] {
        let station = facility(app, Place::Own, Station);
        let mut built = inspection(app, &station, &["YK-14"]).put_right().named(app, 0, Caller::Inspector);
        if caller != Caller::Inspector {
            let person =
                json!({"name": "试验丙", "organisation": "示例", "part": part, "user_id": app.user(caller)});
            built.body["visit"]["participants"].as_array_mut().expect("people").push(person);
        }
        let finding = sent(app, &built);
        app.advance(TimeDelta::hours(hours));
        assert_eq!(built.confirm(&app.as_(caller)).status, status, "{caller:?}");
        assert_eq!(state(app, &finding), "rectified", "{caller:?}");
        // It goes the way of every claim.
        let own = json!({"result": "pass", "note": "现场核对"});
        step(app, Caller::Street, &finding, "checks", &own);
        let closed = step(app, Caller::Drafter, &finding, "closures", &json!({"note": "材料齐全，同意销号"}));
        assert_eq!(closed["closed_by"], app.user(Caller::Drafter));
    }
    // Nor does a confirmation help where the photos do not come.
    let built = put_right(app, &fresh(app, Station), &["YK-14"]);
    let finding = id(&built.put(&lead).created()["findings"][0]);
    shown(&built)[1].put(&lead).created();
    built.confirm(&app.as_(Caller::SecondInspector)).created();
    assert_eq!(state(app, &finding), "rectified");
}

fn photos_may_come_later_than_the_confirmation(app: &TestApp) {
    let lead = app.as_(Caller::Inspector);
    let built = put_right(app, &fresh(app, Station), &["YK-14"]);
    let finding = id(&built.put(&lead).created()["findings"][0]);
    app.advance(TimeDelta::hours(48));
    built.confirm(&app.as_(Caller::SecondInspector)).created();
    app.advance(TimeDelta::days(20));
    for photo in shown(&built) {
        assert_eq!(state(app, &finding), "rectified");
        photo.put(&lead).created();
    }
    assert_eq!(state(app, &finding), "closed");
}

fn what_was_sent_back_is_not_closed_on_the_spot(app: &TestApp) {
    let second = app.as_(Caller::SecondInspector);
    let built = put_right(app, &facility(app, Place::Own, Station), &["YK-14"]);
    let finding = sent(app, &built);
    let returned =
        step(app, Caller::Street, &finding, "checks", &json!({"result": "fail", "note": "仍有问题"}));
    assert_eq!(returned["state"], "returned");
    app.advance(TimeDelta::minutes(1));
    // What was shown as put right is no photo of before, and may be shown again.
    let proof = Photo { id: crate::build::uuid(), ..shown(&built)[1].clone() };
    let claim = json!({"claimed_on": business_date(app.clock.now()), "measures": "已再次整改", "photos": [proof.declared()]});
    let claimed = step(app, Caller::Operator, &finding, "rectifications", &claim);
    let on_site: Vec<&Value> =
        claimed["rectifications"].as_array().expect("claims").iter().map(|c| &c["on_site"]).collect();
    assert_eq!(on_site, [&json!(true), &json!(false)]);
    built.confirm(&second).created();
    assert_eq!(state(app, &finding), "rectified", "the last claim is another");
    // What the street has found in order already, it need not find again: nor is it taken out of its hands.
    let built = put_right(app, &fresh(app, Station), &["YK-14"]);
    let finding = sent(app, &built);
    step(app, Caller::Street, &finding, "checks", &json!({"result": "pass", "note": "现场核对"}));
    built.confirm(&second).created();
    assert_eq!(state(app, &finding), "checked");
}

fn of_a_third_party_it_is_advice(app: &TestApp) {
    let third_party = app.as_(Caller::ThirdParty);
    let built = inspection(app, &fresh(app, Station), &["YK-14"])
        .of_kind("supervision")
        .put_right()
        .named(app, 0, Caller::ThirdParty)
        .named(app, 1, Caller::SecondInspector);
    let answer = built.put_whole(&third_party);
    built.confirm(&app.as_(Caller::SecondInspector)).created();
    let advice = detail(app, &id(&answer["findings"][0]));
    assert_eq!((&advice["state"], &advice["rectifications"]), (&json!("open"), &json!([])));
    assert_eq!(kinds(&advice), ["opened"]);
    assert_eq!(advice["events"][0]["detail"]["on_site"]["measures"], "当场整改完毕");
}

fn a_finding_that_was_there_already(app: &TestApp) {
    let second = app.as_(Caller::SecondInspector);
    let claim = |finding: &str| {
        let proof = Photo::new("after", None);
        let body = json!({"claimed_on": business_date(app.clock.now()), "measures": "已整改", "photos": [proof.declared()]});
        step(app, Caller::Street, finding, "rectifications", &body);
        proof.put(&app.as_(Caller::Street)).created();
    };
    // Served, and sent back: put right on the spot, it is claimed and closed.
    for returned in [false, true] {
        let station = fresh(app, Station);
        let finding = found(app, &station, "YK-14");
        if returned {
            claim(&finding);
            step(app, Caller::Drafter, &finding, "returns", &json!({"reason": "照片不清"}));
        }
        app.advance(TimeDelta::minutes(1));
        let built = put_right(app, &station, &["YK-14"]);
        assert_eq!(sent(app, &built), finding);
        let claimed = detail(app, &finding);
        assert_eq!((&claimed["state"], &claimed["observations"]), (&json!("rectified"), &json!(1)));
        built.confirm(&second).created();
        let closed = detail(app, &finding);
        assert_eq!(kinds(&closed)[kinds(&closed).len() - 3..], ["observed", "claimed", "closed_on_site"]);
    }
    // Claimed by another: seen again, and nothing else.
    for checked in [false, true] {
        let station = fresh(app, Station);
        let finding = found(app, &station, "YK-14");
        claim(&finding);
        if checked {
            let body = json!({"result": "pass", "note": "现场核对"});
            step(app, Caller::SecondStreet, &finding, "checks", &body);
        }
        let before = detail(app, &finding);
        app.advance(TimeDelta::minutes(1));
        let built = put_right(app, &station, &["YK-14"]);
        assert_eq!(sent(app, &built), finding);
        built.confirm(&second).created();
        let seen = detail(app, &finding);
        assert_eq!((&seen["state"], &seen["rectifications"]), (&before["state"], &before["rectifications"]));
        let last = seen["events"].as_array().and_then(|events| events.last()).expect("an event");
        assert_eq!(
            (&last["kind"], &last["detail"]["on_site"]["measures"]),
            (&json!("observed"), &json!("当场整改完毕"))
        );
    }
}

fn what_cannot_be_put_right_on_the_spot(app: &TestApp) {
    let lead = app.as_(Caller::Inspector);
    let major = put_right(app, &facility(app, Place::Own, Institution), &["XF-10"]);
    let place =
        major.body["answers"].as_array().expect("answers").iter().position(|a| a["outcome"] == "fail");
    let pointer = format!("/answers/{}/on_site", place.expect("a failing item"));
    leaves_nothing(app, || major.put(&lead)).expect_at(422, "invalid_request", &pointer, "major_not_on_site");
    let mut unshown = put_right(app, &facility(app, Place::Own, Station), &["YK-14"]);
    unshown.body["photos"].as_array_mut().expect("photos").pop();
    let place =
        unshown.body["answers"].as_array().expect("answers").iter().position(|a| a["outcome"] == "fail");
    let pointer = format!("/answers/{}/on_site", place.expect("a failing item"));
    leaves_nothing(app, || unshown.put(&lead)).expect_at(422, "invalid_request", &pointer, "on_site_photos");
    // What shows only at an unannounced visit waits for one.
    let built = put_right(app, &facility(app, Place::Own, Station), &["YK-03"]);
    let finding = sent(app, &built);
    built.confirm(&app.as_(Caller::SecondInspector)).created();
    assert_eq!(state(app, &finding), "rectified");
}

fn photos_of_before_prove_nothing(app: &TestApp) {
    let lead = app.as_(Caller::Inspector);
    let station = facility(app, Place::Own, Station);
    let first = inspection(app, &station, &["YK-14"]);
    first.put(&lead).created();
    let old = first.photos.iter().find(|p| p.purpose == "problem").expect("a photo of the problem");
    let mut built = put_right(app, &station, &["YK-14"]);
    let place = built.photos.iter().position(|p| p.purpose == "after").expect("a photo of afterwards");
    built.body["photos"][place]["sha256"] = json!(old.sha256);
    let answer = leaves_nothing(app, || built.put(&lead));
    answer.expect_at(422, "invalid_request", &format!("/photos/{place}"), "photo_reused");
}

fn it_counts_for_a_relapse(app: &TestApp) {
    let station = fresh(app, Station);
    let built = put_right(app, &station, &["YK-14"]);
    let finding = sent(app, &built);
    built.confirm(&app.as_(Caller::SecondInspector)).created();
    app.advance(TimeDelta::days(30));
    let again = found(app, &station, "YK-14");
    assert_eq!(detail(app, &again)["repeat_of"], finding);
    close(app, &again);
}
