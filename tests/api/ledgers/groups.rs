//! Findings under one roof.

use super::{check, claim, close, step};
use crate::app::TestApp;
use crate::build::id;
use crate::findings::found;
use crate::inspections::{facility, fresh, leaves_nothing};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use serde_json::{Value, json};
use yixun::access::Role;
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        partly_rectified_until_the_last,
        one_parent_and_any_number_of_plans,
        a_group_shows_what_is_within_reach,
        members_come_and_go,
        edits_need_the_revision,
    );
}

fn body(kind: &str, findings: &[&String]) -> Value {
    json!({
        "kind": kind, "title": "养老机构持证不足", "source": "provincial", "document_number": "省消安委〔2026〕3号",
        "measures": "分批培训取证", "lead_unit": "示例区民政局", "lead_post": "养老服务科科长", "lead_person": "试验丁",
        "due_on": "2026-10-31", "finding_ids": findings,
    })
}

#[track_caller]
fn group(app: &TestApp, kind: &str, findings: &[&String]) -> Value {
    app.as_(Caller::Drafter).post("/groups", &body(kind, findings)).created()
}

fn progress(app: &TestApp, by: Caller, group: &str) -> (String, i64, i64) {
    let told = app.as_(by).get(&format!("/groups/{group}")).ok()["progress"].clone();
    let count = |name: &str| told[name].as_i64().expect("a count");
    (told["state"].as_str().expect("a state").into(), count("closed"), count("counted"))
}

fn partly_rectified_until_the_last(app: &TestApp) {
    let children: Vec<String> = (0..3).map(|_| found(app, &fresh(app, Station), "YK-14")).collect();
    let mistake = found(app, &fresh(app, Station), "YK-14");
    let all: Vec<&String> = children.iter().chain([&mistake]).collect();
    let parent = id(&group(app, "parent", &all));
    let told = |by: Caller| progress(app, by, &parent);
    assert_eq!(told(Caller::Drafter), ("none".into(), 0, 4));
    step(app, Caller::Reviewer, &mistake, "withdrawals", &json!({"reason": "误报"})).ok();
    assert_eq!(told(Caller::Street), ("none".into(), 0, 3), "the withdrawn one is left out");
    for (n, child) in (1..).zip(&children) {
        claim(app, Caller::Street, child, "已整改");
        check(app, child, "pass");
        close(app, Caller::Drafter, child);
        let state = if n == 3 { "closed" } else { "partial" };
        assert_eq!(told(Caller::Drafter), (state.into(), n, 3));
        let listed = app.as_(Caller::Drafter).get("/groups?kind=parent").ok();
        assert_eq!(listed["items"][0]["progress"]["closed"], n);
    }
    let seen = app.as_(Caller::Supervisor).get(&format!("/groups/{parent}")).ok();
    assert_eq!((&seen["progress"]["withdrawn"], &seen["beyond_reach"]), (&json!(1), &json!(false)));
    assert_eq!(seen["progress"]["last_closed_on"], "2026-08-03");
    assert_eq!(seen["members"].as_array().map(Vec::len), Some(4));
}

fn one_parent_and_any_number_of_plans(app: &TestApp) {
    let (a, b) = (found(app, &fresh(app, Station), "YK-14"), found(app, &fresh(app, Station), "YK-14"));
    group(app, "parent", &[&a]);
    let taken = body("parent", &[&b, &a]);
    leaves_nothing(app, || app.as_(Caller::Drafter).post("/groups", &taken).expect(409, "has_parent"));
    for _ in 0..2 {
        group(app, "plan", &[&a, &b]);
    }
    let other = id(&group(app, "parent", &[&b]));
    let add = json!({"finding_ids": [a]});
    let path = format!("/groups/{other}/members");
    app.as_(Caller::Drafter).post(&path, &add).expect(409, "has_parent");
    let row = app.as_(Caller::Drafter).all("/ledger").into_iter().find(|r| id(r) == a).expect("a row");
    assert_eq!(row["groups"].as_array().map(Vec::len), Some(3));
}

fn a_group_shows_what_is_within_reach(app: &TestApp) {
    let own = found(app, &facility(app, Place::Own, Station), "YK-14");
    let sibling = found(app, &facility(app, Place::Sibling, Station), "YK-14");
    let made = id(&group(app, "plan", &[&own, &sibling]));
    let path = format!("/groups/{made}");
    let whole = app.as_(Caller::Drafter).get(&path);
    assert_eq!(whole.ok()["members"].as_array().map(Vec::len), Some(2));
    for (caller, mine) in [(Caller::Street, &own), (Caller::At(Role::Street, Place::Sibling), &sibling)] {
        let told = app.as_(caller).get(&path).ok();
        assert_eq!(told["members"].as_array().map(Vec::len), Some(1));
        assert_eq!((&told["members"][0]["finding_id"], &told["beyond_reach"]), (&json!(mine), &json!(true)));
        assert_eq!(told["progress"]["counted"], 1);
        assert_eq!(app.as_(caller).all("/groups").len(), 1);
    }
    let elsewhere = Caller::At(Role::Street, Place::Elsewhere);
    app.as_(elsewhere).get(&path).expect(404, "not_found");
    assert!(app.as_(elsewhere).all("/groups").is_empty());
    // Whoever reaches a part of it changes nothing.
    let partly = app.as_(Caller::At(Role::Drafter, Place::Own));
    partly.get(&path).ok();
    partly.patch(&path, Some(whole.revision()), &json!({"title": "改名"})).expect(404, "not_found");
    partly.delete(&format!("{path}/members/{own}")).expect(404, "not_found");
    let foreign = body("plan", &[&own, &sibling]);
    let refused = partly.post("/groups", &foreign);
    refused.expect_at(422, "invalid_request", "/finding_ids/1", "unknown_finding");
}

fn members_come_and_go(app: &TestApp) {
    let (a, b) = (found(app, &fresh(app, Station), "YK-14"), found(app, &fresh(app, Station), "YK-14"));
    let drafter = app.as_(Caller::Drafter);
    let made = id(&group(app, "parent", &[&a]));
    let path = format!("/groups/{made}/members");
    let told = drafter.post(&path, &json!({"finding_ids": [a, b]})).ok();
    assert_eq!(told["members"].as_array().map(Vec::len), Some(2), "a member already stays one");
    drafter.delete(&format!("{path}/{a}")).done();
    drafter.delete(&format!("{path}/{a}")).expect(404, "not_found");
    drafter.delete(&format!("{path}/{b}")).expect(409, "last_member");
    group(app, "parent", &[&a]);
    let twice = body("plan", &[&a, &a]);
    drafter.post("/groups", &twice).expect_at(422, "invalid_request", "/finding_ids/1", "duplicate");
}

fn edits_need_the_revision(app: &TestApp) {
    let made = group(app, "plan", &[&found(app, &fresh(app, Station), "YK-14")]);
    let (drafter, path) = (app.as_(Caller::Drafter), format!("/groups/{}", id(&made)));
    drafter.patch(&path, None, &json!({"title": "改名"})).expect(428, "if_match_required");
    let told = drafter.patch(&path, Some(1), &json!({"lead_person": "试验戊"}));
    assert_eq!((&told.ok()["lead_person"], told.revision()), (&json!("试验戊"), 2));
    assert_eq!(told.ok()["title"], made["title"]);
    drafter.patch(&path, Some(1), &json!({"title": "改名"})).expect(412, "version_differs");
}
