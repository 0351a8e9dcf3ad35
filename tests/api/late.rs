//! Late and out of place: what a phone sent authentic is never refused and never lost. It is accepted within the days of
//! grace, and otherwise kept with a receipt until the clerk accepts it into place or puts it aside.

use super::app::TestApp;
use super::build::{Inspection, Photo, campaign, drafter_at, id, inspection, uuid};
use super::client::{Api, Reply};
use super::findings::detail;
use super::inspections::{at_once, facility, fresh, leaves_nothing, rows};
use super::people::{Caller, Place};
use super::spec;
use super::suite::{Suite, both};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use ureq::http::Method;
use yixun::access::{Action, Role};
use yixun::clock::Clock as _;
use yixun::directory::FacilityKind::{Canteen, Station};

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_contract_that_ended_has_seven_days,
        a_former_inspector_has_two_doors,
        whoever_never_inspected_there_is_told_nothing,
        work_that_lies_elsewhere_now,
        campaigns_are_closed_once,
        what_comes_after_the_end_is_kept,
        the_same_again_is_the_same_receipt,
        equal_late_records_at_once,
        a_kept_record_is_judged_like_any_other,
        a_kept_record_keeps_nobody_from_anything,
        its_photos_keep_coming,
        accepted_into_place,
        a_third_partys_record_stays_a_third_partys,
        accepted_into_another_place,
        a_new_place_is_judged_again,
        an_old_record_says_nothing_of_today,
        dismissed_with_a_reason,
        decided_once_and_by_somebody_else,
    );
}

/// Takes all roles of somebody; yesterday was their last day.
#[track_caller]
pub fn end_grants(app: &TestApp, who: Caller) {
    let (security, user) = (app.as_(Caller::SecurityAdmin), app.user(who));
    let grants = security.get(&format!("/users/{user}")).ok()["grants"].clone();
    for grant in grants.as_array().expect("grants").iter().filter(|g| g["valid_to"].is_null()) {
        security.delete(&format!("/users/{user}/grants/{}", id(grant))).done();
    }
}

#[track_caller]
fn grant(app: &TestApp, who: Caller, role: &str, place: Place) {
    let body = json!({"role": role, "area_id": app.world.area(place)});
    app.as_(Caller::SecurityAdmin).post(&format!("/users/{}/grants", app.user(who)), &body).created();
}

#[track_caller]
fn close_campaign(app: &TestApp, campaign: &str) -> Value {
    app.as_(Caller::Drafter).post(&format!("/campaigns/{campaign}/closures"), &json!({})).ok()
}

#[track_caller]
fn patch_facility(app: &TestApp, facility: &str, change: &Value) {
    let (drafter, path) = (app.as_(Caller::Drafter), format!("/facilities/{facility}"));
    let revision = drafter.get(&path).revision();
    drafter.patch(&path, Some(revision), change).ok();
}

/// A record of a facility that has ended meanwhile.
#[track_caller]
fn of_ended(app: &TestApp, failing: &[&str]) -> Inspection {
    let ended = fresh(app, Station);
    let built = inspection(app, &ended, failing);
    patch_facility(app, &ended, &json!({"status": "ended"}));
    built
}

/// It is kept, for this reason; gives its receipt.
#[track_caller]
fn kept(answer: &Reply, reason: &str) -> Value {
    let receipt = answer.is(202);
    assert_eq!((&receipt["reason"], &receipt["state"]), (&json!(reason), &json!("held")), "{receipt}");
    receipt
}

fn path_of(receipt: &Value) -> String {
    format!("/quarantine/{}", receipt["quarantine_id"].as_str().expect("an id"))
}

#[track_caller]
fn accept(app: &TestApp, receipt: &Value, body: &Value) -> Reply {
    app.as_(Caller::Drafter).post(&format!("{}/acceptances", path_of(receipt)), body)
}

fn note() -> Value {
    json!({"note": "核实属实，予以采纳"})
}

/// Everybody sees the record nowhere but in quarantine.
#[track_caller]
fn is_no_inspection(app: &TestApp, built: &Inspection) {
    app.as_(Caller::Supervisor).get(&built.path()).expect(404, "not_found");
    let visit = built.body["visit"]["id"].as_str().expect("an id").to_string();
    app.as_(Caller::Supervisor).get(&format!("/visits/{visit}")).expect(404, "not_found");
}

fn a_contract_that_ended_has_seven_days(app: &TestApp) {
    let phone = app.as_(Caller::ThirdParty);
    let of_last_day: Vec<Inspection> =
        (0..3).map(|_| inspection(app, &fresh(app, Station), &["YK-14"])).collect();
    app.advance(TimeDelta::days(1));
    end_grants(app, Caller::ThirdParty);
    let begun_after = inspection(app, &fresh(app, Station), &[]);
    let early = of_last_day[0].put(&phone).created();
    assert_eq!(early["findings"][0]["state"], "open", "a third party's, as ever");
    kept(&begun_after.put(&phone), "contract_ended");
    for photo in of_last_day[0].photos.iter().chain(&begun_after.photos) {
        photo.put(&phone).created();
    }
    assert_eq!(app.as_(Caller::Drafter).get(&of_last_day[0].path()).ok()["state"], "complete");
    app.advance(TimeDelta::days(6));
    of_last_day[1].put(&phone).created();
    app.advance(TimeDelta::days(1));
    let receipt = kept(&of_last_day[2].put(&phone), "contract_ended");
    assert_eq!(receipt["inspection_id"], json!(of_last_day[2].id));
    assert_eq!(receipt["received_at"], json!(app.clock.now()));
    assert_eq!(receipt["evidence"]["expected"], json!(of_last_day[2].photos.len()));
    is_no_inspection(app, &of_last_day[2]);
    // What was accepted stays accepted.
    of_last_day[0].put(&phone).ok();
    of_last_day[1].put(&phone).ok();
}

fn a_former_inspector_has_two_doors(app: &TestApp) {
    app.advance(TimeDelta::days(1));
    end_grants(app, Caller::SecondInspector);
    let former = app.as_(Caller::SecondInspector);
    let mut doors = BTreeSet::new();
    for op in spec::operations() {
        let Some(action) = op.permission.filter(|a| *a != Action::UseOwnAccount) else { continue };
        let answer = former.json(op.method.clone(), &op.any_path(), &[], &json!({}));
        if matches!(action, Action::SubmitInspection | Action::UploadPhoto) {
            assert!(!matches!(answer.status, 401 | 403), "{}", answer.told());
            doors.insert(op.id.clone());
        } else {
            answer.expect(403, "permission_denied");
        }
    }
    assert!(doors.contains("submit_inspection") && doors.contains("put_photo"), "{doors:?}");
    app.as_(Caller::NoRole).put("/inspections/-", &json!({})).expect(403, "permission_denied");
    // A grant that was taken before it began never was one.
    let never = Caller::At(Role::Supervisor, Place::Own);
    let later =
        json!({"role": "inspector", "area_id": app.world.area(Place::Own), "valid_from": "2026-12-01"});
    end_grants(app, never);
    app.as_(Caller::SecurityAdmin).post(&format!("/users/{}/grants", app.user(never)), &later).created();
    end_grants(app, never);
    app.advance(TimeDelta::days(200));
    let built = inspection(app, &facility(app, Place::Own, Station), &[]);
    built.put(&app.as_(never)).expect(403, "permission_denied");
    // A disabled account stays shut.
    let admin = app.as_(Caller::Admin);
    let path = format!("/users/{}", app.user(Caller::SecondInspector));
    admin.patch(&path, Some(admin.get(&path).revision()), &json!({"disabled": true})).ok();
    built.put(&former).expect(401, "session_ended");
}

fn whoever_never_inspected_there_is_told_nothing(app: &TestApp) {
    let built = inspection(app, &facility(app, Place::Own, Station), &[]);
    app.advance(TimeDelta::days(1));
    let elsewhere = Caller::At(Role::Inspector, Place::Elsewhere);
    leaves_nothing(app, || built.put(&app.as_(elsewhere)).expect(404, "not_found"));
    end_grants(app, elsewhere);
    leaves_nothing(app, || built.put(&app.as_(elsewhere)).expect(404, "not_found"));
    let mut unknown = built.clone();
    unknown.body["facility_id"] = json!(uuid());
    leaves_nothing(app, || unknown.put(&app.as_(Caller::Inspector)).expect(404, "not_found"));
}

fn work_that_lies_elsewhere_now(app: &TestApp) {
    let own = Caller::At(Role::Inspector, Place::Own);
    let moving = fresh(app, Station);
    let (moved, lost) = (inspection(app, &moving, &[]), inspection(app, &fresh(app, Station), &[]));
    app.advance(TimeDelta::days(1));
    patch_facility(app, &moving, &json!({"street_id": app.world.area(Place::Sibling)}));
    let receipt = kept(&moved.put(&app.as_(own)), "scope_lost");
    let seen = app.as_(Caller::Drafter).get(&path_of(&receipt)).ok();
    assert_eq!(seen["street_id"], json!(app.world.area(Place::Sibling)), "its new street's clerk decides");
    end_grants(app, own);
    grant(app, own, "inspector", Place::Sibling);
    kept(&lost.put(&app.as_(own)), "scope_lost");
    // The same facility, now that its street is theirs.
    inspection(app, &moving, &[]).put(&app.as_(own)).created();
}

fn campaigns_are_closed_once(app: &TestApp) {
    let planned = id(&campaign(app, Place::District, &[Station]));
    let path = format!("/campaigns/{planned}/closures");
    let own = Caller::At(Role::Drafter, Place::Own);
    app.as_(own).get(&format!("/campaigns/{planned}")).ok();
    leaves_nothing(app, || app.as_(own).post(&path, &json!({})).expect(404, "not_found"));
    let elsewhere = Caller::At(Role::Drafter, Place::Elsewhere);
    leaves_nothing(app, || app.as_(elsewhere).post(&path, &json!({})).expect(404, "not_found"));
    let drafter = app.as_(Caller::Drafter);
    let closed = drafter.post(&path, &json!({"note": "本季度检查结束"})).ok();
    assert_eq!(closed["state"], "closed");
    assert_eq!(drafter.post(&path, &json!({})).ok(), closed);
    assert_eq!(drafter.get(&format!("/campaigns/{planned}")).ok(), closed);
    let targets = json!({"kinds": ["canteen"]});
    drafter.post(&format!("/campaigns/{planned}/targets"), &targets).expect(409, "campaign_closed");
}

fn what_comes_after_the_end_is_kept(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let planned = id(&campaign(app, Place::District, &[Station]));
    let station = facility(app, Place::Own, Station);
    let early = inspection(app, &station, &[]).of_campaign(&planned);
    let late = inspection(app, &facility(app, Place::Sibling, Station), &["YK-14"]).of_campaign(&planned);
    early.put(&phone).created();
    close_campaign(app, &planned);
    let before = rows(app);
    kept(&late.put(&phone), "campaign_closed");
    let after = rows(app);
    for table in ["inspection", "visit", "visit_participant", "finding", "inspection_answer"] {
        assert_eq!(before[table], after[table], "{table}");
    }
    assert_eq!(after["quarantine"] - before["quarantine"], 1);
    is_no_inspection(app, &late);
    let progress = app.as_(Caller::Drafter).get(&format!("/campaigns/{planned}/progress")).ok();
    assert_eq!((&progress["done"], &progress["incomplete"]), (&json!(0), &json!(1)));
    // Outside the campaign the same place is open.
    inspection(app, &facility(app, Place::Sibling, Station), &[]).put(&phone).created();
    kept(&of_ended(app, &[]).put(&phone), "facility_ended");
    early.put(&phone).ok();
    let all = app.as_(Caller::Drafter).all("/quarantine");
    let reasons: BTreeSet<String> = all.iter().map(|r| r["reason"].to_string()).collect();
    assert_eq!(reasons, BTreeSet::from(["\"campaign_closed\"".into(), "\"facility_ended\"".into()]));
}

fn the_same_again_is_the_same_receipt(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let built = of_ended(app, &["YK-14"]);
    let first = kept(&built.put(&phone), "facility_ended");
    app.advance(TimeDelta::days(3));
    assert_eq!(built.put(&phone).is(202), first);
    let mut other = built.clone();
    other.body["observed_status"] = json!("closed");
    let problem = leaves_nothing(app, || other.put(&phone).expect(409, "differs"));
    assert_eq!(problem["errors"][0]["pointer"], "/observed_status");
    let stranger = app.as_(Caller::SecondInspector);
    for body in [&built.body, &inspection(app, &facility(app, Place::Own, Station), &[]).body] {
        let problem = leaves_nothing(app, || stranger.put(&built.path(), body).expect(409, "id_taken"));
        assert_eq!(problem["errors"], Value::Null);
    }
    // Not even when the reason has gone does it change its mind.
    let ended = built.body["facility_id"].as_str().expect("an id").to_string();
    patch_facility(app, &ended, &json!({"status": "active"}));
    assert_eq!(built.put(&phone).is(202), first);
}

fn equal_late_records_at_once(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let built = of_ended(app, &["YK-14"]);
    let before = rows(app);
    let answers = at_once(20, |_| built.put(&phone).is(202));
    let receipts: BTreeSet<String> = answers.iter().map(Value::to_string).collect();
    assert_eq!(receipts.len(), 1);
    let after = rows(app);
    assert_eq!(after["quarantine"] - before["quarantine"], 1);
    assert_eq!(after["evidence"] - before["evidence"], built.photos.len() as i64);
}

fn a_kept_record_is_judged_like_any_other(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let built = of_ended(app, &[]);
    let refused = |change: &dyn Fn(&mut Value), code: &str, pointer: &str, fault: &str| {
        let mut other = built.clone();
        change(&mut other.body);
        leaves_nothing(app, || other.put(&phone)).expect_at(422, code, pointer, fault);
    };
    let unknown = json!(uuid());
    refused(
        &|b| b["checklist_id"] = unknown.clone(),
        "unknown_checklist",
        "/checklist_id",
        "unknown_checklist",
    );
    refused(&|b| b["campaign_id"] = unknown.clone(), "unknown_campaign", "/campaign_id", "unknown_campaign");
    refused(
        &|b| b["answers"][0]["item_id"] = unknown.clone(),
        "invalid_request",
        "/answers/0/item_id",
        "unknown_item",
    );
    refused(
        &|b| drop(b["answers"].as_array_mut().map(Vec::pop)),
        "invalid_request",
        "/answers",
        "unanswered",
    );
    let twice = built.body["photos"][0].clone();
    refused(
        &|b| b["photos"].as_array_mut().expect("photos").push(twice.clone()),
        "invalid_request",
        &format!("/photos/{}/photo_id", built.photos.len()),
        "duplicate_photo",
    );
    kept(&built.put(&phone), "facility_ended");
}

fn a_kept_record_keeps_nobody_from_anything(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let late = of_ended(app, &[]);
    kept(&late.put(&phone), "facility_ended");
    let mut canteen = inspection(app, &facility(app, Place::Own, Canteen), &[]);
    canteen.body["visit"]["id"] = late.body["visit"]["id"].clone();
    canteen.put(&app.as_(Caller::SecondInspector)).created();
}

fn its_photos_keep_coming(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let built = of_ended(app, &["YK-14", "YK-16"]);
    let n = built.photos.len();
    assert!(n >= 4);
    built.photos[0].put(&phone).created();
    let receipt = kept(&built.put(&phone), "facility_ended");
    assert_eq!(receipt["evidence"]["received"], 1);
    built.photos[1].put(&phone).created();
    let missing: Vec<Value> = built.photos[2..].iter().map(|p| json!(p.id)).collect();
    let evidence = json!({"expected": n, "received": 2, "missing": missing});
    assert_eq!(built.put(&phone).is(202)["evidence"], evidence);
    let drafter = app.as_(Caller::Drafter);
    let seen = drafter.get(&path_of(&receipt)).ok();
    assert_eq!(seen["evidence"], evidence);
    assert_eq!(seen["photos"].as_array().map(Vec::len), Some(n));
    drafter.get(&format!("/photos/{}/content", built.photos[1].id)).is(200);
    // As declared, not otherwise.
    let wrong = Photo::new("scene", None);
    let path = format!("/photos/{}?sha256={}", built.photos[2].id, wrong.sha256);
    phone.bytes(Method::PUT, &path, "image/jpeg", &wrong.bytes).expect(409, "not_as_declared");
    accept(app, &receipt, &note()).ok();
    let taken = built.put(&phone).ok();
    assert_eq!((&taken["evidence"], &taken["state"]), (&evidence, &json!("incomplete")));
    for photo in &built.photos[2..] {
        photo.put(&phone).created();
    }
    assert_eq!(built.put(&phone).ok()["state"], "complete");
    assert_eq!(drafter.get(&path_of(&receipt)).ok()["evidence"]["received"], json!(n));
}

fn accepted_into_place(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let planned = id(&campaign(app, Place::District, &[Station]));
    let station = facility(app, Place::Own, Station);
    let built = inspection(app, &station, &["YK-14"]).of_campaign(&planned);
    close_campaign(app, &planned);
    app.advance(TimeDelta::days(20));
    let receipt = kept(&built.put(&phone), "campaign_closed");
    let received = app.clock.now();
    app.advance(TimeDelta::days(30));
    let seen = app.as_(Caller::Drafter).get(&path_of(&receipt)).ok();
    assert_eq!((&seen["body"]["answers"], &seen["version"]), (&built.body["answers"], &json!(1)));
    assert_eq!(seen["submitted_by"], json!(app.user(Caller::Inspector)));
    assert!(seen["submitter"].as_str().is_some_and(|name| name.contains("试验")));
    let decided = accept(app, &receipt, &note()).ok();
    assert_eq!(
        (&decided["state"], &decided["note"], &decided["decided_by"], &decided["decided_at"]),
        (&json!("accepted"), &note()["note"], &json!(app.user(Caller::Drafter)), &json!(app.clock.now()))
    );
    let stored = app.as_(Caller::Drafter).get(&built.path()).ok();
    assert_eq!(
        (&stored["submitted_by"], &stored["received_at"], &stored["campaign_id"], &stored["third_party"]),
        (&json!(app.user(Caller::Inspector)), &json!(received), &json!(planned), &json!(false))
    );
    // The finding is as of today: no deadline begins in the past.
    let finding = detail(app, &id(&stored["findings"][0]));
    let inspector = json!(app.user(Caller::Inspector));
    assert_eq!(
        (&finding["state"], &finding["found_by"], &finding["served_at"]),
        (&json!("served"), &inspector, &json!(app.clock.now()))
    );
    let today = yixun::clock::business_date(app.clock.now()).to_string();
    assert!(finding["due_on"].as_str().is_some_and(|due| due > today.as_str()), "{finding}");
    let actors: BTreeSet<&str> =
        finding["events"].as_array().expect("events").iter().filter_map(|e| e["actor"].as_str()).collect();
    assert_eq!(actors.len(), 1, "{actors:?}");
    let again = built.put(&phone).ok();
    assert_eq!((&again["id"], &again["received_at"]), (&json!(built.id), &json!(received)));
    assert_eq!(again["findings"][0]["id"], finding["id"]);
    let mut other = built.clone();
    other.body["observed_status"] = json!("closed");
    leaves_nothing(app, || other.put(&phone).expect(409, "differs"));
    let progress = app.as_(Caller::Drafter).get(&format!("/campaigns/{planned}/progress")).ok();
    assert_eq!(progress["incomplete"], 1);
    // In the trail the clerk acts.
    app.sequence();
    let trail = app.as_(Caller::Supervisor).all("/audit");
    let of = |kind: &str, id: &Value| -> Vec<String> {
        let mine = trail.iter().filter(|e| e["object_kind"] == kind && e["object_id"] == *id);
        mine.map(|e| e["line"]["actor"].as_str().expect("a name").to_string()).collect()
    };
    assert_eq!(of("quarantine", &receipt["quarantine_id"]).len(), 2);
    assert_eq!(of("finding", &finding["id"]), vec![actors.first().expect("one").to_string(); 3]);
}

fn a_third_partys_record_stays_a_third_partys(app: &TestApp) {
    let phone = app.as_(Caller::ThirdParty);
    let built = inspection(app, &fresh(app, Station), &["YK-14"]);
    app.advance(TimeDelta::days(1));
    end_grants(app, Caller::ThirdParty);
    app.advance(TimeDelta::days(30));
    let receipt = kept(&built.put(&phone), "contract_ended");
    assert_eq!(accept(app, &receipt, &note()).ok()["third_party"], true);
    let stored = app.as_(Caller::Drafter).get(&built.path()).ok();
    assert_eq!(stored["third_party"], true);
    let finding = detail(app, &id(&stored["findings"][0]));
    assert_eq!((&finding["state"], &finding["source"]), (&json!("open"), &json!("third_party")));
    built.put(&phone).ok();
}

fn accepted_into_another_place(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let drafter = app.as_(Caller::Drafter);
    let successor = fresh(app, Station);
    let planned = id(&campaign(app, Place::District, &[Station]));
    let merged = of_ended(app, &["YK-14"]);
    let receipt = kept(&merged.put(&phone), "facility_ended");
    let into = json!({"facility_id": successor, "campaign_id": planned, "note": "该站已并入"});
    accept(app, &receipt, &into).ok();
    let stored = drafter.get(&merged.path()).ok();
    assert_eq!((&stored["facility_id"], &stored["campaign_id"]), (&json!(successor), &json!(planned)));
    assert_eq!(detail(app, &id(&stored["findings"][0]))["facility_id"], json!(successor));
    let lines = drafter.get(&format!("/findings?facility_id={successor}")).ok();
    assert_eq!(lines["items"].as_array().map(Vec::len), Some(1));
    // The phone knows only what it sent.
    let again = merged.put(&phone).ok();
    assert_eq!(again["facility_id"], json!(successor));
    for photo in &merged.photos {
        photo.put(&phone).created();
    }
    assert_eq!(drafter.get(&merged.path()).ok()["state"], "complete");
    // Out of its campaign.
    close_campaign(app, &planned);
    let outside = inspection(app, &facility(app, Place::Own, Station), &[]).of_campaign(&planned);
    let receipt = kept(&outside.put(&phone), "campaign_closed");
    accept(app, &receipt, &json!({"campaign_id": null, "note": "作为日常检查"})).ok();
    assert_eq!(drafter.get(&outside.path()).ok()["campaign_id"], Value::Null);
    let same = inspection(app, &facility(app, Place::Sibling, Station), &[]).of_campaign(&planned);
    let receipt = kept(&same.put(&phone), "campaign_closed");
    accept(app, &receipt, &note()).ok();
    assert_eq!(drafter.get(&same.path()).ok()["campaign_id"], json!(planned));
}

fn a_new_place_is_judged_again(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let built = of_ended(app, &["YK-14"]);
    let receipt = kept(&built.put(&phone), "facility_ended");
    let refused = |body: Value| leaves_nothing(app, || accept(app, &receipt, &body));
    let at = |facility: String| json!({"facility_id": facility, "note": "并入"});
    for unknown in [uuid().to_string(), facility(app, Place::Elsewhere, Station)] {
        refused(at(unknown)).expect_at(422, "unknown_facility", "/facility_id", "unknown_facility");
    }
    let canteen = refused(at(facility(app, Place::Own, Canteen)));
    let problem = canteen.expect(422, "invalid_request");
    let pointer = problem["errors"][0]["pointer"].as_str().expect("a pointer").to_string();
    assert!(pointer.starts_with("/body/"), "{pointer}");
    let planned = id(&campaign(app, Place::District, &[Canteen]));
    let foreign = id(&campaign(app, Place::Elsewhere, &[Station]));
    let station = facility(app, Place::Own, Station);
    let with = |campaign: &str| json!({"facility_id": station, "campaign_id": campaign, "note": "并入"});
    refused(with(&planned)).expect_at(422, "not_a_target", "/facility_id", "not_a_target");
    refused(with(&foreign)).expect_at(422, "unknown_campaign", "/campaign_id", "unknown_campaign");
    // Its visit is another's by now.
    let mut other = inspection(app, &facility(app, Place::Own, Canteen), &[]);
    other.body["visit"]["id"] = built.body["visit"]["id"].clone();
    other.put(&app.as_(Caller::SecondInspector)).created();
    refused(note()).expect(409, "id_taken");
    assert_eq!(built.put(&phone).is(202), receipt, "it waits as before");
}

fn an_old_record_says_nothing_of_today(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let planned = id(&campaign(app, Place::District, &[Station]));
    let station = facility(app, Place::Own, Station);
    let mut old = inspection(app, &station, &[]).of_campaign(&planned);
    old.body["observed_status"] = json!("closed");
    close_campaign(app, &planned);
    let receipt = kept(&old.put(&phone), "campaign_closed");
    app.advance(TimeDelta::days(1));
    inspection(app, &station, &[]).put(&phone).created();
    let observed = |app: &TestApp| {
        let seen = app.as_(Caller::Drafter).get(&format!("/facilities/{station}")).ok();
        (seen["observed_status"].clone(), seen["observed_at"].clone())
    };
    let now = (json!("operating"), json!(app.clock.now()));
    assert_eq!(observed(app), now);
    app.advance(TimeDelta::days(1));
    accept(app, &receipt, &note()).ok();
    assert_eq!(observed(app), now);
}

fn dismissed_with_a_reason(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let built = of_ended(app, &["YK-14"]);
    let receipt = kept(&built.put(&phone), "facility_ended");
    let path = format!("{}/dismissals", path_of(&receipt));
    let drafter = app.as_(Caller::Drafter);
    leaves_nothing(app, || drafter.post(&path, &json!({"reason": ""})).expect(422, "invalid_request"));
    let decided = drafter.post(&path, &json!({"reason": "与前一条重复"})).ok();
    assert_eq!((&decided["state"], &decided["note"]), (&json!("dismissed"), &json!("与前一条重复")));
    built.photos.iter().for_each(|photo| drop(photo.put(&phone).created()));
    let again = built.put(&phone).is(202);
    assert_eq!(again["state"], "dismissed");
    assert_eq!(again["evidence"]["received"], json!(built.photos.len()));
    is_no_inspection(app, &built);
    assert_eq!(drafter.all("/quarantine?state=dismissed").len(), 1);
    assert_eq!(drafter.all("/quarantine?state=held").len(), 0);
}

fn decided_once_and_by_somebody_else(app: &TestApp) {
    grant(app, Caller::SecondInspector, "drafter", Place::District);
    let both = app.as_(Caller::SecondInspector);
    let receipts: Vec<Value> =
        (0..2).map(|_| kept(&of_ended(app, &[]).put(&both), "facility_ended")).collect();
    let decide = |by: &Api<'_>, n: usize, accepts: bool| {
        if accepts {
            by.post(&format!("{}/acceptances", path_of(&receipts[n])), &note())
        } else {
            by.post(&format!("{}/dismissals", path_of(&receipts[n])), &json!({"reason": "重复"}))
        }
    };
    let refused = |by: &Api<'_>, n, status, code: &str| {
        for accepts in [true, false] {
            leaves_nothing(app, || decide(by, n, accepts).expect(status, code));
        }
    };
    for n in 0..2 {
        refused(&both, n, 409, "own_work");
        refused(&app.as_(Caller::At(Role::Drafter, Place::Elsewhere)), n, 404, "not_found");
        refused(&app.as_(Caller::At(Role::Drafter, Place::Sibling)), n, 404, "not_found");
        refused(&app.as_(Caller::Reviewer), n, 403, "permission_denied");
    }
    let answers = at_once(6, |n| decide(&app.as_(Caller::Drafter), 0, n % 2 == 0));
    assert_eq!(answers.iter().filter(|a| a.status == 200).count(), 1);
    for refused in answers.iter().filter(|a| a.status != 200) {
        refused.expect(409, "already_decided");
    }
    decide(&app.as_(drafter_at(Place::Own)), 1, false).ok();
    refused(&app.as_(Caller::SecondDrafter), 0, 409, "already_decided");
    refused(&app.as_(Caller::SecondDrafter), 1, 409, "already_decided");
    let reader = app.as_(Caller::Supervisor);
    let times: Vec<DateTime<Utc>> = reader
        .all("/quarantine")
        .iter()
        .map(|r| r["received_at"].as_str().expect("a time").parse().expect("a time"))
        .collect();
    assert!(times.windows(2).all(|pair| pair[0] >= pair[1]) && times.len() == 2);
}
