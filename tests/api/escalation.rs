//! The clock of the loop: days that come near and pass, steps that are drafted and never sent, meetings and their records.
//! `year` plays a whole year against an oracle; `meetings` holds the records, `reminders` the letters by which steps are taken. Time moves only where a test moves it, and
//! the clock ticks only where a test lets it.

mod meetings;
mod reminders;
mod year;

use super::app::TestApp;
use super::build::{self, Photo, id, inspection};
use super::client::Reply;
use super::findings::{claim_body, close, detail};
use super::inspections::{at_once, facility, fresh, leaves_nothing, set_clock};
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use chrono::Days;
use diesel::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use ureq::http::Method;
use yixun::access::Role;
use yixun::clock::{Clock as _, business_date};
use yixun::db::schema::{clock_mark, job};
use yixun::directory::FacilityKind::Station;
use yixun::escalation::{self, Portion, Ticked};
use yixun::jobs::works;

pub use meetings::talk;

pub fn register(suite: &mut Suite) {
    both!(suite:
        from_near_due_to_the_last_step,
        a_claim_in_time_stops_the_clock,
        a_third_partys_finding_waits_for_the_bureau,
        one_draft_grows_until_it_is_taken_up,
        what_is_claimed_meanwhile_waits_in_the_next_draft,
        a_draft_with_nothing_left_lapses,
        a_step_is_put_aside_with_a_reason,
        an_operator_without_a_street_between,
        the_setting_decides_which_steps_are_taken,
        a_new_due_day_is_marked_anew,
        stages_of_what_is_on_account,
        a_suspension_ends_by_itself_however_late,
        the_hour_has_one_job,
        killed_anywhere_and_taken_up_again,
        nodes_at_once_mark_once,
        escalation_against_settling,
        steps_are_for_whoever_reaches_all_of_them,
    );
    meetings::register(suite);
    reminders::register(suite);
    year::register(suite);
}

/// Finds and serves, with three days: what is found on Monday 3 August 2026 is due on Thursday 6 August.
#[track_caller]
fn found_at(app: &TestApp, facility: &str, codes: &[&str]) -> Vec<String> {
    let inspector = app.as_(Caller::Inspector);
    let answer = inspection(app, facility, codes).of_kind("supervision").put(&inspector).created();
    served(app, &answer)
}

/// Gives the findings of an inspection three days; gives their ids.
#[track_caller]
fn served(app: &TestApp, answer: &Value) -> Vec<String> {
    let found: Vec<String> = answer["findings"].as_array().expect("findings").iter().map(id).collect();
    let due_on = business_date(app.clock.now()) + Days::new(3);
    for finding in &found {
        let body = json!({"due_on": due_on, "reason": "经办人确定"});
        app.as_(Caller::At(Role::Drafter, Place::Everywhere))
            .post(&format!("/findings/{finding}/deadlines"), &body)
            .ok();
    }
    found
}

fn tick(app: &TestApp) -> Ticked {
    escalation::tick(&app.app.db, app.clock.now(), Portion::default()).expect("a tick")
}

/// Ticks at nine in the morning of a day.
fn tick_on(app: &TestApp, day: &str) -> Ticked {
    set_clock(app, &format!("{day}T09:00:00"));
    tick(app)
}

/// The marks of a finding, e.g. `near_due 2 fired`.
#[track_caller]
fn marks(app: &TestApp, finding: &str) -> Vec<String> {
    let answer = app.as_(Caller::Drafter).get(&format!("/findings/{finding}/marks")).ok();
    let shown = |m: &Value| {
        let which = m["days"].as_i64().or(m["stage"].as_i64()).map_or(String::new(), |n| format!("{n} "));
        format!("{} {which}{}", m["mark"].as_str().expect("a mark"), m["result"].as_str().expect("a result"))
    };
    answer["items"].as_array().expect("marks").iter().map(shown).collect()
}

#[track_caller]
fn steps(app: &TestApp, query: &str) -> Vec<Value> {
    let listed = app.as_(Caller::Supervisor).all(&format!("/steps{query}"));
    listed.iter().map(|s| app.as_(Caller::Supervisor).get(&format!("/steps/{}", id(s))).ok()).collect()
}

#[track_caller]
fn only_step(app: &TestApp, query: &str) -> Value {
    let mut found = steps(app, query);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

/// The findings that a step names.
fn standing(step: &Value) -> BTreeSet<String> {
    let members = step["members"].as_array().expect("members");
    members
        .iter()
        .filter(|m| m["stands"] == true)
        .map(|m| m["finding_id"].as_str().expect("an id").into())
        .collect()
}

#[track_caller]
fn decide(app: &TestApp, by: Caller, step: &Value, what: &str, body: &Value) -> Reply {
    let tag = format!("\"{}\"", step["revision"]);
    app.as_(by).json(Method::POST, &format!("/steps/{}/{what}", id(step)), &[("If-Match", &tag)], body)
}

fn from_near_due_to_the_last_step(app: &TestApp) {
    let finding = found_at(app, &facility(app, Place::Own, Station), &["YK-14"]).remove(0);
    assert_eq!(detail(app, &finding)["due_on"], "2026-08-06");
    assert_eq!(tick(app).marked, 0);
    let mut expected = vec![];
    for (day, new) in [
        ("2026-08-04", vec!["near_due 2 fired"]),
        ("2026-08-05", vec!["near_due 1 fired"]),
        ("2026-08-06", vec![]),
        ("2026-08-07", vec!["overdue fired"]),
        ("2026-08-12", vec![]),
        ("2026-08-13", vec!["second_reminder fired"]),
        ("2026-08-19", vec![]),
        ("2026-08-20", vec!["district_report not_taken", "leader_contact fired", "talk fired"]),
        ("2026-12-31", vec![]),
    ] {
        assert_eq!(tick_on(app, day).marked, new.len(), "{day}");
        expected.extend(new);
        assert_eq!(marks(app, &finding), expected, "{day}");
        assert_eq!(tick(app).marked, 0, "nothing is marked twice");
    }
    let told = detail(app, &finding);
    let number = told["number"].as_str().expect("a number");
    for (kind, to) in [
        ("second_reminder", "海幢街道办事处"),
        ("talk", "试验运营机构"),
        ("leader_contact", "海幢街道办事处"),
    ] {
        let step = only_step(app, &format!("?kind={kind}"));
        assert_eq!(
            (&step["state"], &step["addressee_name"], &step["findings"]),
            (&json!("drafted"), &json!(to), &json!(1))
        );
        let text = step["text"].as_str().expect("a text");
        assert!(text.contains(number) && text.contains(to) && text.contains("1项"), "{text}");
    }
    assert_eq!(
        steps(app, "").len(),
        3,
        "no street is called in, and nothing goes to the district government"
    );
}

fn a_claim_in_time_stops_the_clock(app: &TestApp) {
    let found = found_at(app, &facility(app, Place::Own, Station), &["YK-14", "YK-15"]);
    let (in_time, late) = (&found[0], &found[1]);
    let claim = |finding: &str| {
        let proof = Photo::new("after", None);
        app.as_(Caller::Street)
            .post(&format!("/findings/{finding}/rectifications"), &claim_body(app, &[&proof]))
            .ok();
    };
    set_clock(app, "2026-08-06T23:59:59");
    claim(in_time);
    set_clock(app, "2026-08-07T00:00:00");
    claim(late);
    tick_on(app, "2026-09-01");
    assert_eq!(marks(app, in_time), [""; 0]);
    assert_eq!(marks(app, late), ["overdue fired"]);
    // Sent back on 1 September: what the bureau took is not the street's.
    for finding in &found {
        app.as_(Caller::Drafter)
            .post(&format!("/findings/{finding}/returns"), &json!({"reason": "材料不实"}))
            .ok();
    }
    tick_on(app, "2026-09-07");
    assert!(!marks(app, in_time).contains(&"second_reminder fired".into()));
    tick_on(app, "2026-09-08");
    for finding in &found {
        assert_eq!(marks(app, finding).last().expect("a mark"), "second_reminder fired");
    }
    assert_eq!(marks(app, in_time)[..2], ["near_due 2 skipped", "near_due 1 skipped"]);
}

fn a_third_partys_finding_waits_for_the_bureau(app: &TestApp) {
    let built =
        inspection(app, &facility(app, Place::Own, Station), &["YK-14", "YK-15"]).of_kind("supervision");
    let answer = built.put(&app.as_(Caller::ThirdParty)).created();
    let found: Vec<String> = answer["findings"].as_array().expect("findings").iter().map(id).collect();
    tick_on(app, "2026-08-06");
    app.as_(Caller::Drafter).post(&format!("/findings/{}/confirmations", found[1]), &json!({})).ok();
    assert_eq!(tick_on(app, "2026-08-07").marked, 1);
    assert_eq!(
        (marks(app, &found[0]), marks(app, &found[1])),
        (vec!["to_confirm fired".to_string()], vec![])
    );
    assert_eq!(tick_on(app, "2026-10-08").marked, 0);
}

fn one_draft_grows_until_it_is_taken_up(app: &TestApp) {
    let (one, two) = (fresh(app, Station), fresh(app, Station));
    let early = [found_at(app, &one, &["YK-14", "YK-15"]), found_at(app, &two, &["YK-14"])].concat();
    set_clock(app, "2026-08-05T10:00:00");
    let later = found_at(app, &two, &["YK-15"]);
    let sibling = found_at(app, &facility(app, Place::Sibling, Station), &["YK-14"]);
    set_clock(app, "2026-08-06T10:00:00");
    let other_campaign = id(&build::campaign(app, Place::Own, &[Station]));
    let built = inspection(app, &fresh(app, Station), &["YK-14"]).of_campaign(&other_campaign);
    app.as_(Caller::Drafter)
        .post(&format!("/campaigns/{other_campaign}/targets"), &json!({"kinds": ["station"]}))
        .ok();
    let of_campaign = id(&built.put(&app.as_(Caller::Inspector)).created()["findings"][0]);
    tick_on(app, "2026-08-13");
    let own = format!("?kind=second_reminder&street_id={}", app.world.area(Place::Own));
    let draft = only_step(app, &own);
    assert_eq!(standing(&draft), early.iter().cloned().collect());
    assert!(draft["text"].as_str().expect("a text").contains("2家设施的3项"));
    tick_on(app, "2026-08-18");
    let drafts = steps(app, &own);
    assert_eq!(drafts.len(), 2, "a campaign has a draft of its own");
    let grown = drafts.iter().find(|d| id(d) == id(&draft)).expect("the draft");
    let all: BTreeSet<String> = early.iter().chain(&later).cloned().collect();
    assert_eq!(standing(grown), all);
    let campaigns =
        drafts.iter().find(|d| d["campaign_id"] == json!(other_campaign)).expect("the campaign's");
    assert_eq!(standing(campaigns), [of_campaign].into());
    let elsewhere = only_step(app, &format!("?street_id={}", app.world.area(Place::Sibling)));
    assert_eq!(standing(&elsewhere), sibling.iter().cloned().collect());

    let taken = json!({"note": "已发再次提醒函", "letter_number": "海民函〔2026〕88号"});
    let path = format!("/steps/{}/taken", id(&draft));
    app.as_(Caller::Drafter).post(&path, &taken).expect(428, "if_match_required");
    decide(app, Caller::Drafter, &draft, "taken", &taken).expect(412, "version_differs");
    let done = decide(app, Caller::Drafter, grown, "taken", &taken).ok();
    assert_eq!((&done["state"], &done["letter_number"]), (&json!("taken_up"), &json!("海民函〔2026〕88号")));
    assert_eq!((&done["text"], &done["decided_by"]), (&grown["text"], &json!(app.user(Caller::Drafter))));
    decide(app, Caller::Drafter, &done, "taken", &taken).expect(409, "wrong_state");
    decide(app, Caller::Drafter, &done, "dismissals", &json!({"reason": "重复"})).expect(409, "wrong_state");
    // What is settled later stays in the list of what was sent.
    close(app, &early[0]);
    tick(app);
    assert_eq!(standing(&app.as_(Caller::Drafter).get(&format!("/steps/{}", id(&draft))).ok()), all);
    // The next comes into a new draft.
    let next = found_at(app, &one, &["YK-18"]);
    tick_on(app, "2026-09-01");
    let open = steps(app, &format!("{own}&state=drafted"));
    let fresh_draft = open.iter().find(|d| d["campaign_id"].is_null()).expect("a new draft");
    assert_eq!(standing(fresh_draft), next.into_iter().collect());
}

fn what_is_claimed_meanwhile_waits_in_the_next_draft(app: &TestApp) {
    let found = found_at(app, &facility(app, Place::Own, Station), &["YK-14", "YK-15"]);
    tick_on(app, "2026-08-13");
    let before = only_step(app, "");
    let proof = Photo::new("after", None);
    let path = format!("/findings/{}/rectifications", found[0]);
    app.as_(Caller::Street).post(&path, &claim_body(app, &[&proof])).ok();
    let draft = only_step(app, "");
    assert_eq!((standing(&draft), &draft["revision"]), ([found[1].clone()].into(), &before["revision"]));
    let done = decide(app, Caller::Reviewer, &draft, "taken", &json!({"note": "已电话催办"})).ok();
    assert_eq!(standing(&done), [found[1].clone()].into());
    let away = done["members"].as_array().expect("members").iter().find(|m| m["stands"] == false);
    assert_eq!(away.expect("one")["dropped_why"], "away");
    let next = only_step(app, "?state=drafted");
    assert_eq!((standing(&next), next["members"].as_array().map(Vec::len)), (BTreeSet::new(), Some(1)));
    leaves_nothing(app, || {
        decide(app, Caller::Drafter, &next, "taken", &json!({"note": "已发函"})).expect(409, "nothing_stands")
    });
    app.as_(Caller::Drafter)
        .post(&format!("/findings/{}/returns", found[0]), &json!({"reason": "材料不实"}))
        .ok();
    assert_eq!(standing(&only_step(app, "?state=drafted")), [found[0].clone()].into());
}

fn a_draft_with_nothing_left_lapses(app: &TestApp) {
    let found = found_at(app, &facility(app, Place::Own, Station), &["YK-14", "YK-15"]);
    tick_on(app, "2026-08-13");
    close(app, &found[0]);
    tick(app);
    let draft = only_step(app, "");
    assert_eq!((standing(&draft), &draft["state"]), ([found[1].clone()].into(), &json!("drafted")));
    assert_eq!(draft["members"].as_array().expect("members").len(), 2);
    let reason = json!({"reason": "误报"});
    app.as_(Caller::Reviewer).post(&format!("/findings/{}/withdrawals", found[1]), &reason).ok();
    tick(app);
    let lapsed = only_step(app, "?state=lapsed");
    assert!(lapsed["members"].as_array().expect("members").iter().all(|m| m["dropped_why"] == "settled"));
    decide(app, Caller::Drafter, &lapsed, "taken", &json!({"note": "已发函"})).expect(409, "wrong_state");
    assert_eq!(tick_on(app, "2026-12-01").marked, 0, "never for what is settled");
}

fn a_step_is_put_aside_with_a_reason(app: &TestApp) {
    found_at(app, &facility(app, Place::Own, Station), &["YK-14"]);
    tick_on(app, "2026-08-13");
    let draft = only_step(app, "");
    decide(app, Caller::Drafter, &draft, "dismissals", &json!({})).expect_at(
        422,
        "invalid_request",
        "/reason",
        "missing_field",
    );
    let done = decide(app, Caller::Drafter, &draft, "dismissals", &json!({"reason": "街道已当面说明"})).ok();
    assert_eq!((&done["state"], &done["note"]), (&json!("dismissed"), &json!("街道已当面说明")));
    tick_on(app, "2026-08-19");
    assert_eq!(steps(app, "").len(), 1, "what was put aside is not drafted again");
}

fn an_operator_without_a_street_between(app: &TestApp) {
    let mut made = vec![];
    for (place, route) in [(Place::Own, "direct"), (Place::Sibling, "bureau_unit")] {
        let mut body = build::facility_body(app, place, Station);
        body["route"] = json!(route);
        body["operator_name"] = json!("区社会福利院");
        made.extend(found_at(
            app,
            &id(&app.as_(Caller::Drafter).post("/facilities", &body).created()),
            &["YK-14"],
        ));
    }
    tick_on(app, "2026-08-20");
    for kind in ["second_reminder", "talk"] {
        let step = only_step(app, &format!("?kind={kind}"));
        assert_eq!((&step["addressee"], &step["street_id"]), (&json!("operator"), &Value::Null));
        assert_eq!(standing(&step), made.iter().cloned().collect(), "one draft, whatever the street");
    }
    assert_eq!(steps(app, "").len(), 2);
}

fn the_setting_decides_which_steps_are_taken(app: &TestApp) {
    let admin = app.as_(Caller::Admin);
    let mut value = admin.get("/settings/clock").ok()["value"].clone();
    let put = |value: &Value, revision: u32| {
        let body = json!({"value": value, "reason": "局长办公会决定"});
        admin.json(Method::PUT, "/settings/clock", &[("If-Match", &format!("\"{revision}\""))], &body)
    };
    let mut wrong = value.clone();
    wrong["steps"][2]["to"] = json!("street");
    put(&wrong, 0).expect_at(422, "bad_setting", "/value", "bad_setting");
    value["near_due"] = json!([3]);
    value["steps"][4]["on"] = json!(true);
    value["steps"].as_array_mut().expect("steps").remove(0);
    value["steps"][2]["text"] =
        json!("请联系{addressee}，{count}项，{facilities}家，{campaign}，{numbers}。");
    put(&value, 0).ok();
    let finding = found_at(app, &facility(app, Place::Own, Station), &["YK-14"]).remove(0);
    tick_on(app, "2026-08-20");
    assert_eq!(
        marks(app, &finding),
        ["overdue fired", "district_report fired", "leader_contact fired", "talk fired"]
    );
    let report = only_step(app, "?kind=district_report");
    assert_eq!(report["addressee_name"], "海珠区人民政府");
    let text = only_step(app, "?kind=leader_contact")["text"].clone();
    let number = detail(app, &finding)["number"].clone();
    assert_eq!(
        text,
        format!("请联系海幢街道办事处，1项，1家，日常检查，{}。", number.as_str().expect("a number"))
    );
}

fn a_new_due_day_is_marked_anew(app: &TestApp) {
    let finding = found_at(app, &facility(app, Place::Own, Station), &["YK-14"]).remove(0);
    tick_on(app, "2026-08-05");
    let path = format!("/findings/{finding}/extensions");
    let asked =
        app.as_(Caller::Street).post(&path, &json!({"until": "2026-08-31", "reason": "配件未到"})).ok();
    let request = id(&asked["requests"][0]);
    let yes = json!({"result": "granted", "note": "同意"});
    app.as_(Caller::Reviewer).post(&format!("/findings/{finding}/requests/{request}/decisions"), &yes).ok();
    assert_eq!(tick_on(app, "2026-08-20").marked, 0);
    tick_on(app, "2026-08-27");
    tick_on(app, "2026-08-28");
    tick_on(app, "2026-09-01");
    let expected =
        ["near_due 2 skipped", "near_due 1 fired", "near_due 2 fired", "near_due 1 fired", "overdue fired"];
    assert_eq!(marks(app, &finding), expected);
}

fn stages_of_what_is_on_account(app: &TestApp) {
    let finding = found_at(app, &facility(app, Place::Own, Station), &["YK-14"]).remove(0);
    let stages = json!([
        {"title": "完成设计", "due_on": "2026-08-17"},
        {"title": "进场施工", "due_on": "2026-08-24"},
        {"title": "竣工验收", "due_on": "2026-09-10"},
    ]);
    let wish = json!({"reason": "须改造消防管网", "stages": stages});
    let asked = app.as_(Caller::Drafter).post(&format!("/findings/{finding}/long-terms"), &wish).ok();
    let path = format!("/findings/{finding}/requests/{}/decisions", id(&asked["requests"][0]));
    app.as_(Caller::Issuer).post(&path, &json!({"result": "granted", "note": "同意"})).ok();
    tick_on(app, "2026-08-14");
    let done = format!("/findings/{finding}/stages/2/completions");
    app.as_(Caller::Drafter).post(&done, &json!({"note": "提前进场"})).ok();
    tick_on(app, "2026-08-26");
    tick_on(app, "2026-09-11");
    let told = app.as_(Caller::Drafter).get(&format!("/findings/{finding}/marks")).ok()["items"].clone();
    let told: Vec<String> = told
        .as_array()
        .expect("marks")
        .iter()
        .map(|m| {
            format!(
                "{} {} {} {}",
                m["mark"].as_str().expect("a mark"),
                m["days"],
                m["stage"],
                m["result"].as_str().expect("a result")
            )
        })
        .collect();
    let expected = [
        "near_due 2 1 skipped",
        "near_due 1 1 fired",
        "overdue null 1 fired",
        "near_due 2 null skipped",
        "near_due 1 null skipped",
        "overdue null null fired",
    ];
    assert_eq!(told, expected, "the second stage was done; the last stage's day is the finding's");
}

fn a_suspension_ends_by_itself_however_late(app: &TestApp) {
    let finding = found_at(app, &facility(app, Place::Own, Station), &["YK-14"]).remove(0);
    let until = json!({"until": "2026-08-05", "reason": "台风停工"});
    app.as_(Caller::Drafter).post(&format!("/findings/{finding}/suspensions"), &until).ok();
    set_clock(app, "2026-08-05T23:00:00");
    assert_eq!(tick(app), Ticked::default());
    // The server slept: three days it stood still, whenever anybody comes to it.
    assert_eq!(tick_on(app, "2026-08-20").resumed, 1);
    let now = detail(app, &finding);
    assert_eq!((&now["state"], &now["due_on"]), (&json!("served"), &json!("2026-08-10")));
    assert_eq!(marks(app, &finding), ["near_due 2 skipped", "near_due 1 skipped", "overdue fired"]);
}

fn jobs(app: &TestApp) -> i64 {
    app.read(|conn| Ok(job::table.filter(job::kind.eq("hourly_work")).count().get_result(conn)?))
}

fn the_hour_has_one_job(app: &TestApp) {
    let finding = found_at(app, &facility(app, Place::Own, Station), &["YK-14"]).remove(0);
    let nodes = [app.second_node(), app.second_node()];
    set_clock(app, "2026-08-07T00:00:00");
    let scheduled = at_once(4, |n| works::schedule(&nodes[n % 2].app).expect("scheduled"));
    assert_eq!((scheduled.iter().filter(|new| **new).count(), jobs(app)), (1, 1));
    let done: usize = at_once(2, |n| nodes[n].drain()).into_iter().sum();
    assert_eq!(done, 1);
    let told = marks(app, &finding);
    assert_eq!(told.last().expect("a mark"), "overdue fired");
    set_clock(app, "2026-08-07T00:59:59");
    assert!(!works::schedule(&app.app).expect("scheduled"));
    set_clock(app, "2026-08-07T01:00:00");
    assert!(works::schedule(&app.app).expect("scheduled"));
    assert_eq!((app.drain(), marks(app, &finding)), (1, told));
}

fn killed_anywhere_and_taken_up_again(app: &TestApp) {
    let mut found = vec![];
    for _ in 0..3 {
        found.extend(found_at(app, &fresh(app, Station), &["YK-14", "YK-15"]));
    }
    set_clock(app, "2026-08-25T03:00:00");
    let mut marked = 0;
    for batches in [0, 1, 2] {
        let portion = Portion { batch: 2, batches: Some(batches) };
        marked += escalation::tick(&app.app.db, app.clock.now(), portion).expect("a part of a tick").marked;
        assert_eq!(marked, batches * 2 * 7, "whole findings and nothing else");
    }
    let node = app.second_node();
    assert_eq!(tick(&node).marked, 2 * 7);
    assert_eq!(steps(app, "").len(), 3);
    assert!(steps(app, "").iter().all(|step| standing(step).len() == found.len()));
    let portion = Portion { batch: 3, batches: None };
    let again = escalation::tick(&app.app.db, app.clock.now(), portion).expect("a tick");
    assert_eq!(again, Ticked { looked: 6, ..Ticked::default() });
}

fn nodes_at_once_mark_once(app: &TestApp) {
    let mut found = vec![];
    for _ in 0..4 {
        found.extend(found_at(app, &fresh(app, Station), &["YK-14", "YK-15", "YK-18"]));
    }
    set_clock(app, "2026-08-25T03:00:00");
    let nodes = [app.second_node(), app.second_node(), app.second_node()];
    let portion = Portion { batch: 2, batches: None };
    let ticked =
        at_once(3, |n| escalation::tick(&nodes[n].app.db, app.clock.now(), portion).expect("a tick"));
    assert_eq!(ticked.iter().map(|t| t.marked).sum::<usize>(), found.len() * 7);
    let stored: i64 = app.read(|conn| Ok(clock_mark::table.count().get_result(conn)?));
    assert_eq!(stored, i64::try_from(found.len() * 7).expect("a few"));
    for step in steps(app, "") {
        assert_eq!(standing(&step).len(), found.len());
    }
    assert_eq!(steps(app, "").len(), 3);
}

fn escalation_against_settling(app: &TestApp) {
    let found = found_at(
        app,
        &facility(app, Place::Own, Station),
        &["YK-02", "YK-06", "YK-08", "YK-14", "YK-15", "YK-18"],
    );
    set_clock(app, "2026-08-25T03:00:00");
    let nodes = [app.second_node(), app.second_node()];
    let portion = Portion { batch: 1, batches: None };
    let settled = at_once(8, |n| match n {
        0 | 1 => {
            escalation::tick(&nodes[n].app.db, app.clock.now(), portion).expect("a tick");
            None
        }
        n => {
            let path = format!("/findings/{}/withdrawals", found[n - 2]);
            Some(app.as_(Caller::Reviewer).post(&path, &json!({"reason": "误报"})).status)
        }
    });
    assert!(settled.iter().flatten().all(|status| *status == 200), "nothing is lost: {settled:?}");
    let before: Vec<_> = found.iter().map(|f| marks(app, f)).collect();
    assert!(before.iter().all(|m| m.is_empty() || m.len() == 7), "all of a finding or nothing: {before:?}");
    tick(app);
    let after: Vec<_> = found.iter().map(|f| marks(app, f)).collect();
    assert_eq!(after, before, "never for what is settled");
    for step in steps(app, "") {
        assert_eq!((&step["state"], standing(&step).len()), (&json!("lapsed"), 0));
    }
    // Closing a claim that came late, against the mark that says so.
    let closed = found_at(app, &fresh(app, Station), &["YK-02", "YK-06", "YK-08"]);
    set_clock(app, "2026-09-01T10:00:00");
    for finding in &closed {
        let proof = Photo::new("after", None);
        let street = app.as_(Caller::Street);
        street.post(&format!("/findings/{finding}/rectifications"), &claim_body(app, &[&proof])).ok();
        proof.put(&street).created();
        let passed = json!({"result": "pass", "note": "已核"});
        app.as_(Caller::SecondStreet).post(&format!("/findings/{finding}/checks"), &passed).ok();
    }
    let answers = at_once(5, |n| match n {
        0 | 1 => {
            escalation::tick(&nodes[n].app.db, app.clock.now(), portion).expect("a tick");
            200
        }
        n => {
            let path = format!("/findings/{}/closures", closed[n - 2]);
            app.as_(Caller::Drafter).post(&path, &json!({"note": "同意销号"})).status
        }
    });
    assert_eq!(answers, [200; 5]);
    for finding in &closed {
        assert!(marks(app, finding).len() <= 1);
        assert_eq!(detail(app, finding)["state"], "closed");
    }
}

fn steps_are_for_whoever_reaches_all_of_them(app: &TestApp) {
    for place in [Place::Own, Place::Sibling] {
        found_at(app, &facility(app, place, Station), &["YK-14"]);
    }
    tick_on(app, "2026-08-20");
    let all = steps(app, "");
    assert_eq!(all.len(), 5, "two streets reminded, two leaders, one operator");
    for place in [Place::Own, Place::Sibling, Place::Elsewhere, Place::District, Place::Everywhere] {
        let reach = app.world.reach(Role::Drafter, place);
        let caller = app.as_(Caller::At(Role::Drafter, place));
        let listed: BTreeSet<String> = caller.all("/steps").iter().map(id).collect();
        for step in &all {
            let streets = step["members"]
                .as_array()
                .expect("members")
                .iter()
                .map(|m| m["street_id"].as_str().expect("an id"));
            let holds = streets.map(|s| s.parse().expect("an id")).all(|s| reach.holds(s, None));
            assert_eq!(listed.contains(&id(step)), holds, "{place:?}");
            let path = format!("/steps/{}", id(step));
            assert_eq!(caller.get(&path).status, if holds { 200 } else { 404 });
            if !holds {
                let tag = format!("\"{}\"", step["revision"]);
                let body = json!({"note": "已办"});
                caller
                    .json(Method::POST, &format!("{path}/taken"), &[("If-Match", &tag)], &body)
                    .expect(404, "not_found");
            }
        }
    }
    let paged = app.as_(Caller::Drafter);
    let first = paged.get("/steps?limit=2").ok();
    let cursor = first["next_cursor"].as_str().expect("more");
    let rest = paged.get(&format!("/steps?limit=100&cursor={cursor}")).ok();
    let pages = [&first, &rest].map(|page| page["items"].as_array().expect("items").clone()).concat();
    assert_eq!(pages, paged.all("/steps"));
}
