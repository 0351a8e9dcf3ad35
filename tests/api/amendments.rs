//! Amendments: later versions of an inspection in any order, also before their original, lead to one state; what was found
//! is not lost by saying otherwise; and nothing changes behind an issued letter's back.

use super::app::TestApp;
use super::build::{self, Inspection, Photo, id, inspection, uuid};
use super::client::{Api, Reply};
use super::findings::detail;
use super::inspections::{at_once, facility, fresh, leaves_nothing, rows};
use super::late::end_grants;
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use ureq::http::Method;
use yixun::access::Role;
use yixun::clock::Clock as _;
use yixun::db::connection::Kind;
use yixun::directory::FacilityKind::{Canteen, Station};

pub fn register(suite: &mut Suite) {
    both!(suite:
        what_was_wrong_is_corrected,
        the_same_again_is_the_same_answer,
        other_content_under_a_version_is_refused,
        what_is_no_longer_borne_out_waits_for_a_second_person,
        evidence_follows_the_version_that_stands,
        a_dropped_photo_leaves_it_lacking,
        an_amendment_waits_for_its_original,
        one_that_does_not_fit_its_original,
        only_what_may_be_amended,
        strangers_neither_amend_nor_block,
        versions_at_once,
        any_order_leads_to_one_state,
        late_amendments_are_the_clerks,
        an_issued_letter_stands,
        letters_issued_before_are_known,
    );
}

/// A version of an inspection, as a phone makes it from the one before.
#[derive(Clone)]
struct Later {
    of: Inspection,
    version: i64,
    body: Value,
}

impl Later {
    fn new(of: &Inspection, version: i64) -> Self {
        let body = json!({"version": version, "reason": format!("第{version}版更正"), "inspection": of.body});
        Self { of: of.clone(), version, body }
    }

    fn answer(&mut self, app: &TestApp, code: &str) -> &mut Value {
        let (_, items) = build::checklist(app, Station);
        let item = items.iter().find(|i| i["code"] == code).expect("an item")["id"].clone();
        let answers = self.body["inspection"]["answers"].as_array_mut().expect("answers");
        answers.iter_mut().find(|a| a["item_id"] == item).expect("an answer")
    }

    /// With an item that fails.
    fn failing(mut self, app: &TestApp, code: &str, note: &str) -> Self {
        let item = self.answer(app, code)["item_id"].clone();
        *self.answer(app, code) = json!({"item_id": item, "outcome": "fail", "note": note});
        self
    }

    /// With an item that passes.
    fn passing(mut self, app: &TestApp, code: &str) -> Self {
        let item = self.answer(app, code)["item_id"].clone();
        *self.answer(app, code) = json!({"item_id": item, "outcome": "pass"});
        self
    }

    /// With these photos and no others.
    fn showing(mut self, photos: &[&Photo]) -> Self {
        self.body["inspection"]["photos"] = photos.iter().map(|p| p.declared()).collect();
        self
    }

    fn seen(mut self, status: &str) -> Self {
        self.body["inspection"]["observed_status"] = json!(status);
        self
    }

    fn path(&self) -> String {
        format!("{}/amendments", self.of.path())
    }

    #[track_caller]
    fn send(&self, by: &Api<'_>) -> Reply {
        by.post(&self.path(), &self.body)
    }
}

fn read(app: &TestApp, of: &Inspection) -> Value {
    app.as_(Caller::Drafter).get(&of.path()).ok()
}

fn outcome(seen: &Value, code: &str) -> String {
    let answers = seen["answers"].as_array().expect("answers");
    let answer = answers.iter().find(|a| a["code"] == code).expect("an answer");
    answer["outcome"].as_str().expect("an outcome").to_string()
}

/// The finding of an item that an inspection opened or observed.
#[track_caller]
fn finding_of(app: &TestApp, facility: &str, code: &str) -> Value {
    let all = app.as_(Caller::Supervisor).all(&format!("/findings?facility_id={facility}"));
    let mine: Vec<&Value> = all.iter().filter(|f| f["item_code"] == code).collect();
    assert_eq!(mine.len(), 1, "one finding of {code}: {all:?}");
    detail(app, &id(mine[0]))
}

fn amended(finding: &Value) -> Vec<Value> {
    let events = finding["events"].as_array().expect("events");
    events.iter().filter(|e| e["kind"] == "amended").cloned().collect()
}

fn what_was_wrong_is_corrected(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let station = fresh(app, Station);
    let first = inspection(app, &station, &["YK-14"]);
    let receipt = first.put(&phone).created();
    app.advance(TimeDelta::hours(2));
    let shown = Photo::new("problem", Some(&item_id(app, "YK-16")));
    let photos: Vec<&Photo> = first.photos.iter().chain([&shown]).collect();
    let second = Later::new(&first, 2)
        .failing(app, "YK-14", "灭火器压力不足，共三具")
        .failing(app, "YK-16", "疏散通道堆放杂物")
        .seen("closed")
        .showing(&photos);
    let answer = second.send(&phone).created();
    assert_eq!(
        (&answer["state"], &answer["version"], &answer["current_version"]),
        (&json!("applied"), &json!(2), &json!(2))
    );
    assert_eq!((&answer["lacking"], &answer["to_withdraw"]), (&json!([]), &json!([])));
    assert_eq!(answer["evidence"]["expected"], json!(photos.len()));
    let new: Vec<&Value> =
        answer["findings"].as_array().expect("findings").iter().map(|f| &f["item_code"]).collect();
    assert_eq!(new, [&json!("YK-16")], "what was known is not opened again");

    let seen = read(app, &first);
    assert_eq!((&seen["version"], &seen["observed_status"]), (&json!(2), &json!("closed")));
    assert_eq!((outcome(&seen, "YK-16"), outcome(&seen, "YK-01")), ("fail".into(), "pass".into()));
    assert_eq!(seen["findings"].as_array().map(Vec::len), Some(2));
    assert_eq!(seen["received_at"], receipt["received_at"]);
    let observed = phone.get(&format!("/facilities/{station}")).ok();
    assert_eq!(
        (&observed["observed_status"], &observed["observed_at"]),
        (&json!("closed"), &receipt["received_at"])
    );
    let old = finding_of(app, &station, "YK-14");
    assert_eq!((&old["description"], &old["state"]), (&json!("灭火器压力不足，共三具"), &json!("served")));
    let told = amended(&old);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["detail"]["description_before"], "现场检查不符合要求");
    assert_eq!(
        (&told[0]["reason"], &told[0]["from"], &told[0]["to"]),
        (&json!("第2版更正"), &json!("served"), &json!("served"))
    );
    let opened = finding_of(app, &station, "YK-16");
    assert_eq!((&opened["served_at"], amended(&opened).len()), (&json!(app.clock.now()), 0));

    let history = app.as_(Caller::Street).get(&second.path()).ok()["items"].clone();
    let told: Vec<_> =
        history.as_array().expect("versions").iter().map(|v| (&v["version"], &v["current"])).collect();
    assert_eq!(told, [(&json!(1), &json!(false)), (&json!(2), &json!(true))]);
    assert_eq!((&history[0]["reason"], &history[1]["reason"]), (&Value::Null, &json!("第2版更正")));
    assert_eq!(history[1]["received_at"], json!(app.clock.now()));
    assert_eq!(history[1]["body"]["answers"], second.body["inspection"]["answers"]);
    assert_eq!(history[0]["body"]["answers"], first.body["answers"]);
    app.as_(Caller::At(Role::Drafter, Place::Elsewhere)).get(&second.path()).expect(404, "not_found");
}

fn item_id(app: &TestApp, code: &str) -> String {
    let (_, items) = build::checklist(app, Station);
    id(items.iter().find(|i| i["code"] == code).expect("an item"))
}

fn the_same_again_is_the_same_answer(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let first = inspection(app, &fresh(app, Station), &["YK-14"]);
    let receipt = first.put(&phone).created();
    let second = Later::new(&first, 2).failing(app, "YK-15", "未张贴").showing(&[]);
    let answer = second.send(&phone).created();
    app.advance(TimeDelta::days(1));
    let before = rows(app);
    assert_eq!(second.send(&phone).ok(), answer);
    let after = rows(app);
    assert_eq!(after["audit_entry"] - before["audit_entry"], 1);
    assert!(before.iter().all(|(table, n)| after[table] == *n || table == "audit_entry"));
    // The original too, whatever stands now: its receipt is of its own time, the evidence is today's.
    let again = first.put(&phone).ok();
    for name in ["id", "visit_id", "facility_id", "received_at", "findings", "lacking"] {
        assert_eq!(again[name], receipt[name], "{name}");
    }
    assert_eq!(again["evidence"], answer["evidence"]);
}

fn other_content_under_a_version_is_refused(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let first = inspection(app, &fresh(app, Station), &["YK-14"]);
    let waits = inspection(app, &fresh(app, Station), &["YK-14"]);
    first.put(&phone).created();
    for (of, status) in [(&first, 201), (&waits, 202)] {
        let second = Later::new(of, 2).failing(app, "YK-15", "未张贴");
        second.send(&phone).is(status);
        let mut other = second.clone().failing(app, "YK-15", "已张贴但模糊");
        other.body["reason"] = json!("另一个理由");
        let problem = leaves_nothing(app, || other.send(&phone).expect(409, "differs"));
        let pointers: BTreeSet<&str> = problem["errors"]
            .as_array()
            .expect("errors")
            .iter()
            .filter_map(|e| e["pointer"].as_str())
            .collect();
        assert!(pointers.contains("/reason") && pointers.len() == 2, "{pointers:?}");
        assert!(pointers.iter().any(|p| p.starts_with("/inspection/answers/") && p.ends_with("/note")));
    }
}

fn what_is_no_longer_borne_out_waits_for_a_second_person(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let station = fresh(app, Station);
    let first = inspection(app, &station, &["YK-14", "YK-15"]);
    first.put(&phone).created();
    let finding = finding_of(app, &station, "YK-14");
    let answer = Later::new(&first, 2).passing(app, "YK-14").send(&phone).created();
    assert_eq!(answer["to_withdraw"], json!([{"id": finding["id"], "number": finding["number"]}]));
    assert_eq!(read(app, &first)["to_withdraw"], answer["to_withdraw"]);
    let told = finding_of(app, &station, "YK-14");
    assert_eq!((&told["state"], &told["description"]), (&finding["state"], &finding["description"]));
    assert_eq!(amended(&told).len(), 1);
    assert_eq!(amended(&told)[0]["detail"]["stands"], false);
    assert_eq!(amended(&finding_of(app, &station, "YK-15")).len(), 0);
    // It fails after all: the same finding, nothing opened, nothing observed.
    let answer = Later::new(&first, 3).send(&phone).created();
    assert_eq!((&answer["to_withdraw"], &answer["findings"]), (&json!([]), &json!([])));
    let told = finding_of(app, &station, "YK-14");
    assert_eq!((amended(&told).len(), &told["observations"]), (2, &json!(0)));
    assert_eq!(amended(&told)[1]["detail"]["stands"], true);
    Later::new(&first, 4).passing(app, "YK-14").send(&phone).created();
    let path = format!("/findings/{}/withdrawals", id(&finding));
    app.as_(Caller::Reviewer).post(&path, &json!({"reason": "检查员更正，属误报"})).ok();
    assert_eq!(read(app, &first)["to_withdraw"], json!([]));
    // A finding that is settled is not edited any more.
    let settled = detail(app, &id(&finding));
    Later::new(&first, 5).failing(app, "YK-14", "又一说").send(&phone).created();
    assert_eq!(detail(app, &id(&finding)), settled);
}

fn evidence_follows_the_version_that_stands(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let first = inspection(app, &fresh(app, Station), &[]);
    let demanded: Vec<&Photo> = first.photos.iter().collect();
    let extra: Vec<Photo> = (0..3).map(|_| Photo::new("scene", None)).collect();
    let mut original = first.clone();
    original.body["photos"] = demanded.iter().map(|p| p.declared()).chain([extra[0].declared()]).collect();
    original.put(&phone).created();
    demanded.iter().for_each(|p| drop(p.put(&phone).created()));
    let n = demanded.len();
    let missing = |ids: &[&Photo]| ids.iter().map(|p| json!(p.id)).collect::<Vec<_>>();
    assert_eq!(read(app, &first)["evidence"]["missing"], json!(missing(&[&extra[0]])));
    let with = |photo: &Photo| {
        let mut all = demanded.clone();
        all.push(photo);
        Later::new(&original, 0).showing(&all).body["inspection"].clone()
    };
    let version = |number: i64, photo: &Photo| {
        let mut later = Later::new(&original, number);
        later.body["inspection"] = with(photo);
        later
    };
    let answer = version(2, &extra[1]).send(&phone).created();
    assert_eq!(
        answer["evidence"],
        json!({"expected": n + 1, "received": n, "missing": missing(&[&extra[1]])})
    );
    extra[1].put(&phone).created();
    let whole = read(app, &first);
    assert_eq!((&whole["state"], &whole["completed_at"]), (&json!("complete"), &json!(app.clock.now())));
    // The first version's photo comes after all: it is kept and counts.
    app.advance(TimeDelta::hours(1));
    extra[0].put(&phone).created();
    let seen = read(app, &first);
    assert_eq!(seen["evidence"], json!({"expected": n + 2, "received": n + 2, "missing": []}));
    assert_eq!(seen["completed_at"], whole["completed_at"]);
    let answer = version(3, &extra[2]).send(&phone).created();
    assert_eq!(answer["inspection_state"], "incomplete");
    let seen = read(app, &first);
    assert_eq!((&seen["state"], &seen["completed_at"]), (&json!("incomplete"), &Value::Null));
    assert_eq!(seen["evidence"]["missing"], json!(missing(&[&extra[2]])));
    extra[2].put(&phone).created();
    assert_eq!(read(app, &first)["completed_at"], json!(app.clock.now()));
    assert_eq!(original.put(&phone).ok()["evidence"]["expected"], json!(n + 3));
}

fn a_dropped_photo_leaves_it_lacking(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let first = inspection(app, &fresh(app, Station), &[]);
    first.put_whole(&phone);
    assert_eq!(read(app, &first)["state"], "complete");
    let kept: Vec<&Photo> = first.photos.iter().skip(1).collect();
    let answer = Later::new(&first, 2).showing(&kept).send(&phone).created();
    assert_eq!(answer["lacking"], json!([first.photos[0].declared()["item_id"]]));
    assert_eq!(answer["inspection_state"], "incomplete");
    let all: Vec<&Photo> = first.photos.iter().collect();
    let answer = Later::new(&first, 3).showing(&all).send(&phone).created();
    assert_eq!((&answer["lacking"], &answer["inspection_state"]), (&json!([]), &json!("complete")));
}

fn an_amendment_waits_for_its_original(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let station = fresh(app, Station);
    let first = inspection(app, &station, &["YK-14"]);
    let shown = Photo::new("problem", Some(&item_id(app, "YK-16")));
    let photos: Vec<&Photo> = first.photos.iter().chain([&shown]).collect();
    let third = Later::new(&first, 3).failing(app, "YK-16", "疏散通道堆放杂物").showing(&photos);
    let second = Later::new(&first, 2).failing(app, "YK-14", "第二版所见").seen("suspended");
    let answer = third.send(&phone).is(202);
    assert_eq!(
        (&answer["state"], &answer["current_version"], &answer["evidence"]["expected"]),
        (&json!("waiting"), &Value::Null, &json!(photos.len()))
    );
    second.send(&phone).is(202);
    assert_eq!(third.send(&phone).is(202), answer);
    shown.put(&phone).created();
    assert_eq!(third.send(&phone).is(202)["evidence"]["received"], 1);
    app.as_(Caller::Drafter).get(&first.path()).expect(404, "not_found");
    let taken = first.put(&phone).created();
    assert_eq!(taken["findings"].as_array().map(Vec::len), Some(1), "of its own failing items");
    assert_eq!(
        taken["evidence"],
        json!({"expected": photos.len(), "received": 1,
        "missing": first.photos.iter().map(|p| p.id).collect::<Vec<_>>()})
    );
    let seen = read(app, &first);
    assert_eq!((&seen["version"], &seen["observed_status"]), (&json!(3), &json!("operating")));
    assert_eq!(seen["findings"].as_array().map(Vec::len), Some(2));
    assert_eq!(finding_of(app, &station, "YK-14")["description"], "现场检查不符合要求");
    for later in [&second, &third] {
        let answer = later.send(&phone).ok();
        assert_eq!((&answer["state"], &answer["current_version"]), (&json!("applied"), &json!(3)));
    }
    first.photos.iter().for_each(|p| drop(p.put(&phone).created()));
    assert_eq!(read(app, &first)["state"], "complete");
}

fn one_that_does_not_fit_its_original(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let first = inspection(app, &fresh(app, Station), &["YK-14"]);
    let mut stray = Later::new(&first, 2);
    stray.body["inspection"]["visit"]["notice_number"] = json!("演示检〔2026〕0号");
    stray.send(&phone).is(202);
    first.put(&phone).created();
    assert_eq!(read(app, &first)["version"], 1);
    let answer = stray.send(&phone);
    answer.expect_at(422, "fixed", "/inspection/visit", "fixed");
    let items = app.as_(Caller::Drafter).get(&stray.path()).ok()["items"].clone();
    assert_eq!((&items[1]["state"], &items[1]["current"]), (&json!("waiting"), &json!(false)));
    Later::new(&first, 3).send(&phone).created();
}

fn only_what_may_be_amended(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let first = inspection(app, &fresh(app, Station), &["YK-14"]);
    first.put(&phone).created();
    let refused = |change: &dyn Fn(&mut Value), code: &str, pointer: &str, fault: &str| {
        let mut later = Later::new(&first, 2);
        change(&mut later.body);
        leaves_nothing(app, || later.send(&phone)).expect_at(422, code, pointer, fault);
    };
    let other = facility(app, Place::Own, Canteen);
    refused(&|b| b["inspection"]["facility_id"] = json!(other), "fixed", "/inspection/facility_id", "fixed");
    refused(&|b| b["inspection"]["campaign_id"] = json!(uuid()), "fixed", "/inspection/campaign_id", "fixed");
    refused(
        &|b| b["inspection"]["checklist_id"] = json!(uuid()),
        "fixed",
        "/inspection/checklist_id",
        "fixed",
    );
    refused(
        &|b| {
            b["inspection"]["visit"]["started_at"] = json!("2026-08-01T00:00:00Z");
            b["inspection"]["facility_id"] = json!(other);
        },
        "invalid_request",
        "/inspection/visit",
        "fixed",
    );
    let unknown = json!(uuid());
    refused(
        &|b| b["inspection"]["answers"][0]["item_id"] = unknown.clone(),
        "invalid_request",
        "/inspection/answers/0/item_id",
        "unknown_item",
    );
    let twice = first.body["photos"][0].clone();
    refused(
        &|b| b["inspection"]["photos"].as_array_mut().expect("photos").push(twice.clone()),
        "invalid_request",
        &format!("/inspection/photos/{}/photo_id", first.photos.len()),
        "duplicate_photo",
    );
    for version in [-1, 0, 1, 1001] {
        refused(&|b| b["version"] = json!(version), "invalid_request", "/version", "out_of_range");
    }
    refused(&|b| b["reason"] = json!(""), "invalid_request", "/reason", "out_of_range");
    // Before its original it is judged as well.
    let unsent = inspection(app, &facility(app, Place::Elsewhere, Station), &[]);
    leaves_nothing(app, || Later::new(&unsent, 2).send(&phone).expect(404, "not_found"));
}

fn strangers_neither_amend_nor_block(app: &TestApp) {
    let (owner, stranger) = (app.as_(Caller::Inspector), app.as_(Caller::SecondInspector));
    let first = inspection(app, &fresh(app, Station), &["YK-14"]);
    let second = Later::new(&first, 2).failing(app, "YK-15", "未张贴").showing(&[]);
    // Whoever knows the id before its original has come gains nothing by it.
    second.send(&stranger).is(202);
    first.put(&owner).created();
    assert_eq!(read(app, &first)["version"], 1);
    let problem = leaves_nothing(app, || second.send(&stranger).expect(409, "id_taken"));
    assert_eq!(problem["errors"], Value::Null);
    leaves_nothing(app, || Later::new(&first, 3).send(&stranger).expect(409, "id_taken"));
    second.send(&owner).created();
    let items = app.as_(Caller::Drafter).get(&second.path()).ok()["items"].clone();
    assert_eq!(items.as_array().map(Vec::len), Some(2));
    // While the original is in quarantine it is the owner's too.
    let ended = fresh(app, Station);
    let late = inspection(app, &ended, &[]);
    let drafter = app.as_(Caller::Drafter);
    drafter.patch(&format!("/facilities/{ended}"), Some(1), &json!({"status": "ended"})).ok();
    late.put(&owner).is(202);
    leaves_nothing(app, || Later::new(&late, 2).send(&stranger).expect(409, "id_taken"));
}

fn versions_at_once(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let station = fresh(app, Station);
    let first = inspection(app, &station, &["YK-14"]);
    first.put(&phone).created();
    let second = Later::new(&first, 2).failing(app, "YK-15", "未张贴");
    let before = rows(app);
    let answers = at_once(20, |_| second.send(&phone));
    let of = |status| answers.iter().filter(|a| a.status == status).count();
    let odd = answers.iter().find(|a| !matches!(a.status, 200 | 201));
    assert_eq!((of(201), of(200)), (1, 19), "{:?}", odd.map(Reply::told));
    let bodies: BTreeSet<String> = answers.iter().map(|a| a.json.to_string()).collect();
    assert_eq!(bodies.len(), 1);
    let after = rows(app);
    assert_eq!((after["amendment"] - before["amendment"], after["finding"] - before["finding"]), (1, 1));
    // The original and its versions together.
    for round in 0..5 {
        let station = fresh(app, Station);
        let first = inspection(app, &station, &["YK-14"]);
        let versions: Vec<Later> =
            (2..=4).map(|n| Later::new(&first, n).failing(app, "YK-15", &format!("第{n}版所见"))).collect();
        at_once(4, |n| match n {
            0 => drop(first.put(&phone).created()),
            n => {
                let answer = versions[n - 1].send(&phone);
                assert!(matches!(answer.status, 201 | 202), "{}", answer.told());
            }
        });
        let seen = read(app, &first);
        assert_eq!((&seen["version"], outcome(&seen, "YK-15")), (&json!(4), "fail".into()), "{round}");
        assert_eq!(finding_of(app, &station, "YK-15")["description"], "第4版所见");
        let items = app.as_(Caller::Drafter).get(&versions[0].path()).ok()["items"].clone();
        assert!(items.as_array().expect("versions").iter().all(|v| v["state"] == "applied"));
    }
}

/// What is the same whatever the order: without ids, numbers and times.
fn state_of(app: &TestApp, of: &Inspection, station: &str, names: &BTreeMap<String, String>) -> Value {
    let seen = read(app, of);
    let mut answers: Vec<String> =
        seen["answers"].as_array().expect("answers").iter().map(Value::to_string).collect();
    answers.sort();
    let findings: BTreeMap<String, Value> = app
        .as_(Caller::Supervisor)
        .all(&format!("/findings?facility_id={station}"))
        .iter()
        .map(|f| {
            let told = json!([f["description"], f["state"], f["observations"], f["inspection_id"].is_null()]);
            (f["item_code"].as_str().expect("a code").to_string(), told)
        })
        .collect();
    let name = |photo: &Value| names[photo.as_str().expect("an id")].clone();
    let photos: BTreeSet<String> = seen["photos"]
        .as_array()
        .expect("photos")
        .iter()
        .map(|p| format!("{} {} {}", name(&p["photo_id"]), p["purpose"], p["received_at"].is_null()))
        .collect();
    let missing: BTreeSet<String> =
        seen["evidence"]["missing"].as_array().expect("missing").iter().map(name).collect();
    let withdraw = seen["to_withdraw"].as_array().map(Vec::len);
    json!({
        "version": seen["version"], "state": seen["state"], "observed": seen["observed_status"],
        "answers": answers, "findings": findings, "photos": photos, "missing": missing,
        "to_withdraw": withdraw,
        "facility": app.as_(Caller::Supervisor).get(&format!("/facilities/{station}")).ok()["observed_status"],
    })
}

fn any_order_leads_to_one_state(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let mut random = fastrand::Rng::with_seed(20_260_803);
    let mut expected: Option<Value> = None;
    for round in 0..12 {
        let station = fresh(app, Station);
        // Another has found something there before: it is observed once, whichever versions name it.
        inspection(app, &station, &["YK-16"]).put(&app.as_(Caller::SecondInspector)).created();
        app.advance(TimeDelta::minutes(1));
        let first = inspection(app, &station, &["YK-14", "YK-15"]);
        let extra: Vec<Photo> = (0..3).map(|_| Photo::new("scene", None)).collect();
        let all = |own: usize| first.photos.iter().chain([&extra[own]]).collect::<Vec<&Photo>>();
        let mut original = first.clone();
        original.body["photos"] = all(0).iter().map(|p| p.declared()).collect();
        let second = Later::new(&original, 2)
            .failing(app, "YK-14", "第二版所见")
            .failing(app, "YK-16", "仍未整改")
            .seen("closed")
            .showing(&all(1));
        // Of the facility's operation only the first two speak.
        let mut third = Later::new(&original, 3)
            .passing(app, "YK-14")
            .failing(app, "YK-15", "第三版所见")
            .failing(app, "YK-16", "第三版仍未整改")
            .showing(&all(2));
        let mut fourth = Later::new(&original, 4)
            .passing(app, "YK-14")
            .failing(app, "YK-15", "第四版所见")
            .showing(&all(2));
        for silent in [&mut third, &mut fourth] {
            silent.body["inspection"]["observed_status"] = Value::Null;
        }
        let versions = [&second, &third, &fourth];
        // The second version's own photo never comes.
        let sent: Vec<&Photo> = first.photos.iter().chain([&extra[0], &extra[2]]).collect();
        let mut steps: Vec<usize> = (0..4 + sent.len()).collect();
        if round > 0 {
            random.shuffle(&mut steps);
        }
        for step in &steps {
            let answer = match step {
                0 => original.put(&phone),
                n @ 1..=3 => versions[n - 1].send(&phone),
                n => sent[n - 4].put(&phone),
            };
            assert!(matches!(answer.status, 201 | 202), "{steps:?} {}", answer.told());
        }
        // Everything again changes nothing.
        assert_eq!(original.put(&phone).status, 200);
        versions.iter().for_each(|v| assert_eq!(v.send(&phone).status, 200, "{}", v.version));
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for (n, photo) in first.photos.iter().chain(&extra).enumerate() {
            names.insert(photo.id.to_string(), format!("{n}"));
        }
        let state = state_of(app, &original, &station, &names);
        // The items have ids of their own, which are the same in every round: one checklist.
        match &expected {
            None => {
                assert_eq!((&state["version"], &state["state"]), (&json!(4), &json!("complete")));
                assert_eq!((&state["to_withdraw"], &state["facility"]), (&json!(1), &json!("closed")));
                let told = &state["findings"];
                assert_eq!(told["YK-14"][0], "第二版所见");
                assert_eq!((&told["YK-15"][0], &told["YK-16"][2]), (&json!("第四版所见"), &json!(1)));
                expected = Some(state);
            }
            Some(expected) => assert_eq!(
                yixun::canonical::differences(expected, &state),
                Vec::<String>::new(),
                "{steps:?}\n{expected}\n{state}"
            ),
        }
    }
}

#[track_caller]
fn decide(app: &TestApp, receipt: &Value, how: &str, body: &Value) -> Reply {
    let kept = receipt["quarantine"]["quarantine_id"].as_str().expect("an id");
    app.as_(Caller::Drafter).post(&format!("/quarantine/{kept}/{how}"), body)
}

fn late_amendments_are_the_clerks(app: &TestApp) {
    let phone = app.as_(Caller::ThirdParty);
    let note = json!({"note": "核实属实"});
    let station = fresh(app, Station);
    let (in_time, too_late) =
        (inspection(app, &station, &["YK-14"]), inspection(app, &fresh(app, Station), &["YK-14"]));
    in_time.put(&phone).created();
    app.advance(TimeDelta::days(1));
    end_grants(app, Caller::ThirdParty);
    let graced = Later::new(&in_time, 2).failing(app, "YK-14", "宽限期内更正");
    graced.send(&phone).created();
    app.advance(TimeDelta::days(30));
    let shown = Photo::new("problem", None);
    let all: Vec<&Photo> = in_time.photos.iter().chain([&shown]).collect();
    let late = Later::new(&in_time, 3).failing(app, "YK-15", "逾期更正").showing(&all);
    let receipt = late.send(&phone).is(202);
    assert_eq!(
        (&receipt["state"], &receipt["quarantine"]["reason"], &receipt["quarantine"]["state"]),
        (&json!("held"), &json!("contract_ended"), &json!("held"))
    );
    assert_eq!(late.send(&phone).is(202), receipt);
    shown.put(&phone).created();
    assert_eq!(read(app, &in_time)["version"], 2);
    let kept = receipt["quarantine"]["quarantine_id"].as_str().expect("an id");
    let seen = app.as_(Caller::Drafter).get(&format!("/quarantine/{kept}")).ok();
    assert_eq!(
        (&seen["version"], &seen["amendment_reason"], &seen["evidence"]["received"]),
        (&json!(3), &json!("第3版更正"), &json!(1))
    );
    assert_eq!(seen["body"]["answers"], late.body["inspection"]["answers"]);
    let elsewhere = json!({"facility_id": station, "note": "并入"});
    decide(app, &receipt, "acceptances", &elsewhere).expect_at(422, "fixed", "/facility_id", "fixed");
    assert_eq!(decide(app, &receipt, "acceptances", &note).ok()["state"], "accepted");
    let answer = late.send(&phone).ok();
    assert_eq!((&answer["state"], &answer["current_version"]), (&json!("applied"), &json!(3)));
    assert_eq!(answer["evidence"]["received"], 1);
    let opened = finding_of(app, &station, "YK-15");
    assert_eq!(
        (&opened["state"], &opened["found_by"]),
        (&json!("open"), &json!(app.user(Caller::ThirdParty)))
    );
    // The original and its amendment are decided one after the other.
    let original = too_late.put(&phone).is(202);
    let amendment = Later::new(&too_late, 2).failing(app, "YK-14", "更正后").send(&phone).is(202);
    decide(app, &amendment, "acceptances", &note).expect(409, "original_missing");
    let path = format!("/quarantine/{}/acceptances", original["quarantine_id"].as_str().expect("an id"));
    app.as_(Caller::Drafter).post(&path, &note).ok();
    assert_eq!(read(app, &too_late)["version"], 1);
    decide(app, &amendment, "acceptances", &note).ok();
    assert_eq!(read(app, &too_late)["version"], 2);
}

fn an_issued_letter_stands(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let planned = id(&build::campaign(app, Place::Own, &[Station]));
    let first = inspection(app, &facility(app, Place::Own, Station), &["YK-14"]).of_campaign(&planned);
    first.put_whole(&phone);
    Later::new(&first, 2).failing(app, "YK-14", "发函前更正").send(&phone).created();
    build::letters(app, Place::Own, &planned);
    // Another inspection of the same item only observes: its own amendments go on.
    let other = inspection(app, &facility(app, Place::Own, Station), &["YK-14"]);
    other.put(&phone).created();
    Later::new(&other, 2).passing(app, "YK-14").send(&phone).created();
    let before = read(app, &first);
    let finding = detail(app, &id(&before["findings"][0]));
    let third = Later::new(&first, 3).passing(app, "YK-14").failing(app, "YK-15", "发函后更正");
    let receipt = third.send(&phone).is(202);
    assert_eq!(receipt["quarantine"]["reason"], "in_issued_letter");
    assert_eq!(read(app, &first), before);
    assert_eq!(detail(app, &id(&finding)), finding);
    let held = app.as_(Caller::Drafter).all("/quarantine?state=held");
    assert_eq!((held.len(), &held[0]["reason"]), (1, &json!("in_issued_letter")), "the clerk is alerted");
    leaves_nothing(app, || {
        decide(app, &receipt, "acceptances", &json!({"note": "同意"})).expect(409, "in_issued_letter")
    });
    decide(app, &receipt, "dismissals", &json!({"reason": "已另行制发更正函"})).ok();
    assert_eq!(third.send(&phone).is(202)["state"], "dismissed");
    assert_eq!(read(app, &first), before);
    first.put(&phone).ok();
    // Late or not: the letter comes first.
    app.advance(TimeDelta::days(1));
    end_grants(app, Caller::Inspector);
    app.advance(TimeDelta::days(60));
    assert_eq!(Later::new(&first, 4).send(&phone).is(202)["quarantine"]["reason"], "in_issued_letter");
    let shown = Photo::new("scene", None);
    phone.bytes(Method::PUT, &shown.path(), "image/jpeg", &shown.bytes).created();
}

/// The migration marks what letters issued before it print.
fn letters_issued_before_are_known(app: &TestApp) {
    let phone = app.as_(Caller::Inspector);
    let planned = id(&build::campaign(app, Place::Own, &[Station]));
    let first = inspection(app, &facility(app, Place::Own, Station), &["YK-14"]).of_campaign(&planned);
    first.put_whole(&phone);
    build::letters(app, Place::Own, &planned);
    app.write(|tx| {
        diesel::sql_query("UPDATE finding SET printed_at = NULL").execute(tx.conn())?;
        Ok(())
    });
    Later::new(&first, 2).send(&phone).created();
    let migration = match app.kind {
        Kind::Sqlite => include_str!("../../migrations/sqlite/0004_quarantine_amendments/up.sql"),
        Kind::Postgres => include_str!("../../migrations/postgres/0004_quarantine_amendments/up.sql"),
    };
    let backfill = &migration[migration.find("UPDATE finding").expect("the backfill")..];
    let backfill = backfill[..backfill.find(';').expect("its end")].to_string();
    app.write(move |tx| {
        diesel::sql_query(backfill.clone()).execute(tx.conn())?;
        Ok(())
    });
    let receipt = Later::new(&first, 3).send(&phone).is(202);
    assert_eq!(receipt["quarantine"]["reason"], "in_issued_letter");
}
