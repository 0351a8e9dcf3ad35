//! Everybody's list of the day.

use super::{check, claim, entry, notice, step};
use crate::app::TestApp;
use crate::build::{campaign, facility_body, id, inspection};
use crate::findings::found;
use crate::inspections::{facility, fresh, set_clock};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use yixun::access::Role;
use yixun::directory::FacilityKind::{Center, Station};

pub fn register(suite: &mut Suite) {
    both!(suite:
        the_loop_passes_from_list_to_list,
        due_days_come_near_and_pass,
        a_third_partys_finding_waits_three_working_days,
        closing_waits_for_the_rank,
        requests_and_referrals_wait_for_whoever_decides,
        what_else_waits,
        nothing_from_beyond_reach,
    );
}

/// How many wait of each kind that somebody knows.
fn counts(app: &TestApp, by: Caller) -> BTreeMap<String, i64> {
    let told = app.as_(by).get("/today").ok();
    let sections = told["sections"].as_array().expect("sections");
    sections
        .iter()
        .map(|s| (s["kind"].as_str().expect("a kind").into(), s["count"].as_i64().expect("a count")))
        .collect()
}

#[track_caller]
fn section(app: &TestApp, by: Caller, kind: &str) -> Value {
    let told = app.as_(by).get("/today").ok();
    let sections = told["sections"].as_array().expect("sections");
    sections.iter().find(|s| s["kind"] == kind).unwrap_or_else(|| panic!("no {kind} in {told}")).clone()
}

#[track_caller]
fn waits(app: &TestApp, by: Caller, kind: &str) -> i64 {
    section(app, by, kind)["count"].as_i64().expect("a count")
}

fn the_loop_passes_from_list_to_list(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    assert_eq!(waits(app, Caller::Drafter, "deadline_to_confirm"), 1);
    let day = json!({"due_on": "2026-08-06"});
    step(app, Caller::Drafter, &finding, "deadlines", &day).ok();
    assert_eq!(waits(app, Caller::Drafter, "deadline_to_confirm"), 0);
    claim(app, Caller::Street, &finding, "已整改");
    assert_eq!(waits(app, Caller::SecondStreet, "to_check"), 1);
    assert_eq!(waits(app, Caller::Street, "to_check"), 0, "nobody checks their own claim");
    assert_eq!(waits(app, Caller::Drafter, "to_close"), 0);
    check(app, &finding, "fail");
    assert_eq!((waits(app, Caller::Street, "returned"), waits(app, Caller::Operator, "returned")), (1, 1));
    claim(app, Caller::Operator, &finding, "再次整改");
    check(app, &finding, "pass");
    let told = section(app, Caller::Drafter, "to_close");
    assert_eq!(told["count"], 1);
    let link = told["first"][0]["link"].as_str().expect("a link").to_string();
    let seen = app.as_(Caller::Drafter).get(link.strip_prefix("/api/v1").expect("of this API")).ok();
    assert_eq!(id(&seen), finding);
    super::close(app, Caller::Drafter, &finding);
    assert!(counts(app, Caller::Drafter).values().all(|n| *n == 0));
    assert!(counts(app, Caller::Operator).values().all(|n| *n == 0));
}

fn due_days_come_near_and_pass(app: &TestApp) {
    let station = facility(app, Place::Own, Station);
    found(app, &station, "YK-15");
    let told = |at: &str| {
        set_clock(app, at);
        (waits(app, Caller::Operator, "near_due"), waits(app, Caller::Operator, "overdue"))
    };
    // Due on Monday the 10th; two working days before is Thursday the 6th.
    assert_eq!(app.as_(Caller::Operator).all("/findings")[0]["due_on"], "2026-08-10");
    assert_eq!(told("2026-08-05T23:59:59"), (0, 0));
    assert_eq!(told("2026-08-06T00:00:00"), (1, 0));
    assert_eq!(told("2026-08-10T23:59:59"), (1, 0));
    assert_eq!(told("2026-08-11T00:00:00"), (0, 1));
    assert_eq!(section(app, Caller::Drafter, "overdue")["late"], 1);
    assert!(!counts(app, Caller::Inspector).contains_key("overdue"), "an inspector follows nothing up");
}

fn a_third_partys_finding_waits_three_working_days(app: &TestApp) {
    let seen = inspection(app, &facility(app, Place::Own, Station), &["YK-14"]).of_kind("supervision");
    seen.put(&app.as_(Caller::ThirdParty)).created();
    let told = section(app, Caller::Drafter, "to_confirm");
    assert_eq!((&told["count"], &told["late"]), (&json!(1), &json!(0)));
    assert_eq!(told["first"][0]["due_on"], "2026-08-06");
    assert_eq!(waits(app, Caller::Reviewer, "to_confirm"), 1);
    set_clock(app, "2026-08-06T23:59:59");
    assert_eq!(section(app, Caller::Drafter, "to_confirm")["late"], 0);
    set_clock(app, "2026-08-07T00:00:00");
    assert_eq!(section(app, Caller::Drafter, "to_confirm")["late"], 1);
    let finding = id(&app.as_(Caller::Drafter).all("/findings")[0]);
    step(app, Caller::Drafter, &finding, "confirmations", &json!({})).ok();
    assert_eq!((waits(app, Caller::Drafter, "to_confirm"), waits(app, Caller::Drafter, "to_serve")), (0, 1));
    assert!(!counts(app, Caller::ThirdParty).contains_key("to_serve"), "a third party serves nothing");
}

fn closing_waits_for_the_rank(app: &TestApp) {
    let serious = found(app, &facility(app, Place::Own, Station), "YK-16");
    claim(app, Caller::Operator, &serious, "已整改");
    check(app, &serious, "pass");
    let told = || {
        let closes = [Caller::Drafter, Caller::Reviewer, Caller::Issuer].map(|c| waits(app, c, "to_close"));
        (closes, waits(app, Caller::SecondInspector, "to_reinspect"))
    };
    assert_eq!(told(), ([0, 0, 0], 1));
    let look = json!({"result": "pass", "note": "现场复查"});
    // A third party's look is evidence; the bureau still looks itself.
    step(app, Caller::ThirdParty, &serious, "reinspections", &look).ok();
    assert_eq!(told(), ([0, 0, 0], 1));
    assert_eq!(waits(app, Caller::ThirdParty, "to_reinspect"), 0);
    step(app, Caller::Inspector, &serious, "reinspections", &look).ok();
    assert_eq!(told(), ([0, 1, 0], 0));
    let joint = notice(&fresh(app, Station), "YK-14", "海消通〔2026〕9号", "2026-08-21");
    let joint = id(&app.as_(Caller::Fire).post("/findings", &joint).created()["finding"]);
    claim(app, Caller::Street, &joint, "已整改");
    check(app, &joint, "pass");
    assert_eq!((told().0[0], waits(app, Caller::Fire, "brigade_to_check")), (0, 1));
}

fn requests_and_referrals_wait_for_whoever_decides(app: &TestApp) {
    let (general, referred) =
        (found(app, &fresh(app, Station), "YK-15"), found(app, &fresh(app, Station), "YK-14"));
    let wish = json!({"until": "2026-08-30", "reason": "配件未到"});
    step(app, Caller::Street, &general, "extensions", &wish).ok();
    let told = || [Caller::Reviewer, Caller::Issuer].map(|c| waits(app, c, "to_decide"));
    assert_eq!(told(), [1, 0]);
    assert!(
        section(app, Caller::Reviewer, "to_decide")["first"][0]["title"]
            .as_str()
            .is_some_and(|t| t.starts_with("延期申请"))
    );
    let plan = json!({"reason": "需整体改造", "stages": [{"title": "完成设计", "due_on": "2026-09-30"}]});
    step(app, Caller::Drafter, &general, "long-terms", &plan).ok();
    assert_eq!(told(), [1, 1]);
    let away = json!({"agency": "fire", "addressee": "区消防救援大队", "imminent": false, "matter": "疏散通道被占用"});
    step(app, Caller::Drafter, &referred, "referrals", &away).ok();
    let away =
        json!({"agency": "market", "addressee": "区市场监管局", "imminent": false, "matter": "食品留样不足"});
    step(app, Caller::Drafter, &referred, "referrals", &away).ok();
    assert_eq!((waits(app, Caller::Fire, "referral"), waits(app, Caller::Drafter, "referral")), (1, 1));
}

fn what_else_waits(app: &TestApp) {
    // A visit that names its second officer.
    let planned = id(&campaign(app, Place::Own, &[Station]));
    let seen = inspection(app, &facility(app, Place::Own, Station), &[]).of_campaign(&planned);
    let seen = seen.named(app, 1, Caller::SecondInspector);
    seen.put_whole(&app.as_(Caller::Inspector));
    assert_eq!(waits(app, Caller::SecondInspector, "visit_to_confirm"), 1);
    assert_eq!(waits(app, Caller::Inspector, "visit_to_confirm"), 0);
    seen.confirm(&app.as_(Caller::SecondInspector)).created();
    assert_eq!(waits(app, Caller::SecondInspector, "visit_to_confirm"), 0);
    // Letters go from desk to desk.
    let body = json!({"campaign_id": planned, "reply_due": "2026-11-06"});
    let letter = id(&app.as_(Caller::Drafter).post("/letters/batch", &body).created()["letters"][0]);
    let desks = || [Caller::Drafter, Caller::Reviewer, Caller::Issuer].map(|c| waits(app, c, "letter"));
    assert_eq!(desks(), [1, 0, 0]);
    app.as_(Caller::Drafter).post(&format!("/letters/{letter}/submit"), &json!({})).ok();
    assert_eq!(desks(), [0, 1, 0]);
    app.as_(Caller::Reviewer).post(&format!("/letters/{letter}/approve"), &json!({})).ok();
    assert_eq!(desks(), [0, 0, 1]);
    // An opinion.
    let finding = found(app, &fresh(app, Station), "YK-14");
    let said = json!({"finding_id": finding, "said": "请说明", "answer_due": "2026-08-05"});
    app.as_(Caller::Supervisor).post("/opinions", &said).created();
    assert_eq!((waits(app, Caller::Drafter, "opinion"), waits(app, Caller::Reviewer, "opinion")), (1, 1));
    // A record in quarantine.
    let ended = fresh(app, Station);
    let late = inspection(app, &ended, &[]);
    let revision = app.as_(Caller::Drafter).get(&format!("/facilities/{ended}")).revision();
    app.as_(Caller::Drafter)
        .patch(&format!("/facilities/{ended}"), Some(revision), &json!({"status": "ended"}))
        .ok();
    late.put(&app.as_(Caller::Inspector)).is(202);
    assert_eq!(waits(app, Caller::Drafter, "quarantine"), 1);
    // A project line.
    let center =
        id(&app.as_(Caller::Drafter).post("/facilities", &facility_body(app, Place::Own, Center)).created());
    let line = json!({
        "facility_id": center, "cause": "site", "measure": "另行选址", "lead_agency": "示例街道办事处", "unit": "示例街道办事处",
        "post": "主任", "person": "试验辛", "milestones": [],
    });
    app.as_(Caller::Drafter).post("/projects", &line).created();
    assert_eq!(waits(app, Caller::Street, "stale_project"), 0);
    set_clock(app, "2026-08-11T09:00:00");
    assert_eq!(
        (waits(app, Caller::Street, "stale_project"), waits(app, Caller::Drafter, "stale_project")),
        (1, 1)
    );
    assert_eq!(section(app, Caller::Drafter, "opinion")["late"], 1);
}

fn nothing_from_beyond_reach(app: &TestApp) {
    let sibling = facility(app, Place::Sibling, Station);
    for code in ["YK-14", "YK-15", "YK-16"] {
        found(app, &sibling, code);
    }
    let body = entry(&sibling, "YK-18", "xuncha");
    app.as_(Caller::Drafter).post("/findings", &body).created();
    set_clock(app, "2026-09-30T09:00:00");
    for role in [
        Role::Drafter,
        Role::Reviewer,
        Role::Issuer,
        Role::Street,
        Role::Operator,
        Role::Fire,
        Role::Inspector,
    ] {
        let here = counts(app, Caller::At(role, Place::Own));
        assert!(here.values().all(|n| *n == 0), "{role:?}: {here:?}");
    }
    let there = counts(app, Caller::At(Role::Drafter, Place::Sibling));
    assert_eq!((there["overdue"], there["to_confirm"]), (3, 1));
    assert_eq!(app.as_(Caller::Supervisor).get("/today").ok()["sections"], json!([]));
}
