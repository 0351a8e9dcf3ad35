//! Drafted 再次提醒 and the letters by which they are taken: only what a delivered letter prints was urged.

use super::{decide, only_step, served, standing, steps, tick_on};
use crate::app::TestApp;
use crate::build::{self, Photo, id, inspection};
use crate::findings::{claim_body, detail};
use crate::inspections::{facility, leaves_nothing, set_clock};
use crate::letter_kinds::{self, REPLY_DUE, send};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use yixun::access::Role;
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_step_is_taken_up_with_its_letter,
        what_a_letter_must_be_to_answer_a_step,
        an_operators_letter_answers_the_operators_step,
        what_daily_work_found_is_urged_by_any_campaigns_letter,
    );
}

fn campaign(app: &TestApp) -> String {
    id(&build::campaign(app, Place::District, &[Station]))
}

/// Finds something in a campaign and serves it with three days.
#[track_caller]
fn found_in(app: &TestApp, campaign: &str, facility: &str, codes: &[&str]) -> Vec<String> {
    let built = inspection(app, facility, codes).of_kind("supervision").of_campaign(campaign);
    served(app, &built.put(&app.as_(Caller::Inspector)).created())
}

/// Drafts a 再次提醒函.
#[track_caller]
fn second(app: &TestApp, original: &Value) -> String {
    let body = json!({"kind": "second_reminder", "original_id": original, "reply_due": REPLY_DUE});
    id(&letter_kinds::draft(app, &body).created())
}

#[track_caller]
fn delivered_second(app: &TestApp, original: &Value) -> String {
    let letter = second(app, original);
    send(app, &letter);
    letter
}

fn by_letter(letter: &str) -> Value {
    json!({"note": "已发再次提醒函", "letter_id": letter})
}

/// The step cannot be taken up with this letter, and why.
#[track_caller]
fn is_wrong(app: &TestApp, step: &Value, letter: &str, why: &str) {
    leaves_nothing(app, || {
        let reply = decide(app, Caller::Drafter, step, "taken", &by_letter(letter));
        reply.expect_at(422, "wrong_letter", "/letter_id", "wrong_letter");
        assert!(reply.json["detail"].as_str().is_some_and(|told| told.contains(why)), "{}", reply.told());
    });
}

#[track_caller]
fn claim(app: &TestApp, finding: &str) {
    let body = claim_body(app, &[&Photo::new("after", None)]);
    app.as_(Caller::Street).post(&format!("/findings/{finding}/rectifications"), &body).ok();
}

/// Why the findings of a step dropped out, by their ids.
fn dropped(step: &Value) -> BTreeSet<(String, String)> {
    let text = |v: &Value| v.as_str().map(str::to_string);
    let members = step["members"].as_array().expect("members").iter();
    members.filter_map(|m| Some((text(&m["finding_id"])?, text(&m["dropped_why"])?))).collect()
}

fn set(of: &[&String]) -> BTreeSet<String> {
    of.iter().map(|one| (*one).clone()).collect()
}

#[track_caller]
fn number(app: &TestApp, finding: &str) -> String {
    detail(app, finding)["number"].as_str().expect("a number").to_string()
}

fn a_step_is_taken_up_with_its_letter(app: &TestApp) {
    let (campaign, station) = (campaign(app), facility(app, Place::Own, Station));
    let found = found_in(app, &campaign, &station, &["YK-14", "YK-15"]);
    let first = build::letters(app, Place::District, &campaign)[0]["id"].clone();
    set_clock(app, "2026-08-04T10:00:00");
    let later = found_in(app, &campaign, &station, &["YK-18"]).remove(0);
    tick_on(app, "2026-08-14");
    let draft = only_step(app, "");
    assert_eq!(standing(&draft), set(&[&found[0], &found[1], &later]));
    assert_eq!(
        (&draft["reminder_id"], &draft["answered_by"], &draft["letter_id"]),
        (&first, &Value::Null, &Value::Null)
    );
    let letter = second(app, &draft["reminder_id"]);
    assert_eq!(only_step(app, "")["answered_by"], Value::Null, "a draft answers nothing");
    send(app, &letter);
    claim(app, &found[1]);
    // The delivery takes nothing up; it only shows.
    let draft = only_step(app, "");
    assert_eq!((&draft["state"], &draft["answered_by"]), (&json!("drafted"), &json!(letter)));
    assert_eq!(draft["reminder_id"], json!(letter), "the newest that prints what stands");
    let done = decide(app, Caller::Drafter, &draft, "taken", &by_letter(&letter)).ok();
    let sent = app.as_(Caller::Drafter).get(&format!("/letters/{letter}")).ok();
    assert_eq!(
        (&done["state"], &done["letter_id"], &done["letter_number"]),
        (&json!("taken_up"), &json!(letter), &sent["number"])
    );
    assert_eq!((standing(&done), &done["findings"]), (set(&[&found[0]]), &json!(1)));
    assert_eq!((&done["reminder_id"], &done["answered_by"]), (&Value::Null, &Value::Null));
    let why = |finding: &String, why: &str| (finding.clone(), why.to_string());
    assert_eq!(dropped(&done), [why(&found[1], "away"), why(&later, "not_printed")].into());
    let text = done["text"].as_str().expect("a text");
    assert!(
        text.contains("1项")
            && text.contains(&number(app, &found[0]))
            && !text.contains(&number(app, &later)),
        "{text}"
    );
    // What it does not print waits in the next draft, and no letter speaks of it yet.
    let next = only_step(app, "?state=drafted");
    assert_eq!((standing(&next), next["members"].as_array().map(Vec::len)), (set(&[&later]), Some(2)));
    assert_eq!((&next["reminder_id"], &next["answered_by"]), (&Value::Null, &Value::Null));
    assert_eq!((&next["letter_id"], &next["letter_number"]), (&Value::Null, &Value::Null));
    let returned = json!({"reason": "材料不实"});
    app.as_(Caller::Drafter).post(&format!("/findings/{}/returns", found[1]), &returned).ok();
    let next = only_step(app, "?state=drafted");
    assert_eq!((standing(&next), &next["reminder_id"]), (set(&[&found[1], &later]), &json!(letter)));
    assert_eq!(next["answered_by"], Value::Null, "it has answered a step");
    is_wrong(app, &next, &letter, "已登记");
    // A further letter about what came back answers it, once more without what it does not print.
    let third = delivered_second(app, &next["reminder_id"]);
    let next = only_step(app, "?state=drafted");
    let done = decide(app, Caller::Reviewer, &next, "taken", &by_letter(&third)).ok();
    assert_eq!((standing(&done), dropped(&done)), (set(&[&found[1]]), [why(&later, "not_printed")].into()));
    let last = only_step(app, "?state=drafted");
    let by_number = json!({"note": "已发函", "letter_number": "海民函〔2026〕88号"});
    let done = decide(app, Caller::Drafter, &last, "taken", &by_number).ok();
    assert_eq!((standing(&done), &done["letter_id"]), (set(&[&later]), &Value::Null));
    app.sequence();
    app.read(yixun::audit::verify);
}

fn what_a_letter_must_be_to_answer_a_step(app: &TestApp) {
    let (one, two) = (campaign(app), campaign(app));
    let (own, sibling) = (facility(app, Place::Own, Station), facility(app, Place::Sibling, Station));
    let found = found_in(app, &one, &own, &["YK-14"]);
    found_in(app, &one, &sibling, &["YK-14"]);
    found_in(app, &two, &own, &["YK-15"]);
    let firsts = build::letters(app, Place::District, &one);
    let others = build::letters(app, Place::District, &two);
    set_clock(app, "2026-08-04T10:00:00");
    let later = found_in(app, &one, &own, &["YK-18"]).remove(0);
    tick_on(app, "2026-08-13");
    let of = |campaign: &str, place: Place| {
        let street = app.world.area(place);
        let drafts = steps(app, &format!("?state=drafted&street_id={street}"));
        let of_campaign =
            |s: &&Value| s["campaign_id"] == json!(campaign) && s["kind"] == json!("second_reminder");
        drafts.iter().find(of_campaign).unwrap_or_else(|| panic!("no draft at {place:?}")).clone()
    };
    let step = of(&one, Place::Own);
    is_wrong(app, &step, firsts[0]["id"].as_str().expect("an id"), "不是再次提醒函");
    let letter = second(app, &step["reminder_id"]);
    is_wrong(app, &step, &letter, "尚未送达");
    is_wrong(app, &step, &delivered_second(app, &firsts[1]["id"]), "街道");
    is_wrong(app, &step, &delivered_second(app, &others[0]["id"]), "检查任务");
    send(app, &letter);
    let mut both = by_letter(&letter);
    both["letter_number"] = json!("海民函〔2026〕88号");
    let unknown = by_letter(&build::uuid().to_string());
    leaves_nothing(app, || {
        let taken = |body: &Value| decide(app, Caller::Drafter, &step, "taken", body);
        taken(&both).expect_at(422, "letter_named", "/letter_number", "letter_named");
        taken(&unknown).expect_at(422, "unknown_letter", "/letter_id", "unknown_letter");
        // A letter to another street is none to a clerk who does not reach there.
        let elsewhere = Caller::At(Role::Drafter, Place::Sibling);
        let sibling = of(&one, Place::Sibling);
        let reply = decide(app, elsewhere, &sibling, "taken", &by_letter(&letter));
        reply.expect_at(422, "unknown_letter", "/letter_id", "unknown_letter");
    });
    let withdraw = json!({"kind": "withdrawal", "original_id": letter, "reason": "主送机关有误"});
    send(app, &id(&letter_kinds::draft(app, &withdraw).created()));
    is_wrong(app, &step, &letter, "已撤回");
    let step = of(&one, Place::Own);
    assert_eq!(
        (&step["reminder_id"], &step["answered_by"]),
        (&firsts[0]["id"], &Value::Null),
        "what was taken back reminds of nothing"
    );
    // A letter that prints nothing of what is to be urged now.
    let letter = delivered_second(app, &step["reminder_id"]);
    tick_on(app, "2026-08-14");
    claim(app, &found[0]);
    let step = of(&one, Place::Own);
    assert_eq!((standing(&step), &step["answered_by"]), (set(&[&later]), &Value::Null));
    is_wrong(app, &step, &letter, "未列入");
    tick_on(app, "2026-08-21");
    let leader = steps(app, &format!("?kind=leader_contact&street_id={}", app.world.area(Place::Own)));
    is_wrong(app, &leader[0], &letter, "不以函件办理");
    assert_eq!((&leader[0]["reminder_id"], &leader[0]["answered_by"]), (&Value::Null, &Value::Null));
}

fn an_operators_letter_answers_the_operators_step(app: &TestApp) {
    const UNIT: &str = "区社会福利院";
    let homes = [Place::Own, Place::Sibling].map(|place| {
        let mut body = build::facility_body(app, place, Station);
        (body["route"], body["operator_name"]) = (json!("direct"), json!(UNIT));
        id(&app.as_(Caller::Drafter).post("/facilities", &body).created())
    });
    let campaign = campaign(app);
    let found: Vec<String> =
        homes.iter().flat_map(|home| found_in(app, &campaign, home, &["YK-14"])).collect();
    found_in(app, &campaign, &facility(app, Place::Own, Station), &["YK-15"]);
    let firsts = build::letters(app, Place::District, &campaign);
    tick_on(app, "2026-08-13");
    let to = |operator: &str| {
        let body = json!({"kind": "operator_reminder", "campaign_id": campaign, "operator": operator,
            "street_id": app.world.area(Place::Own), "reply_due": REPLY_DUE});
        let letter = id(&letter_kinds::draft(app, &body).created());
        send(app, &letter);
        letter
    };
    let step = || {
        let open = steps(app, "?kind=second_reminder&state=drafted");
        open.into_iter().find(|s| s["addressee"] == "operator").expect("the operator's draft")
    };
    let draft = step();
    assert_eq!((standing(&draft), &draft["reminder_id"]), (set(&[&found[0], &found[1]]), &Value::Null));
    is_wrong(app, &draft, firsts[0]["id"].as_str().expect("an id"), "不是致运营机构提醒函");
    is_wrong(app, &draft, &to(letter_kinds::OPERATOR), "发给该步骤的运营机构");
    let letter = to(UNIT);
    let draft = step();
    assert_eq!(draft["answered_by"], json!(letter));
    let done = decide(app, Caller::Drafter, &draft, "taken", &by_letter(&letter)).ok();
    assert_eq!((standing(&done), &done["letter_id"]), (set(&[&found[0]]), &json!(letter)));
    assert_eq!(dropped(&done), [(found[1].clone(), "not_printed".to_string())].into());
    assert_eq!(standing(&step()), set(&[&found[1]]), "the other street's waits for its letter");
    // The street's own step is not answered by it.
    let streets = steps(app, "?kind=second_reminder&state=drafted");
    let streets = streets.iter().find(|s| s["addressee"] == "street").expect("the street's draft");
    is_wrong(app, streets, &letter, "不是再次提醒函");
}

fn what_daily_work_found_is_urged_by_any_campaigns_letter(app: &TestApp) {
    let found = super::found_at(app, &facility(app, Place::Own, Station), &["YK-14"]).remove(0);
    set_clock(app, "2026-08-04T10:00:00");
    let mut body = build::campaign_body(app, Place::District);
    body["starts_on"] = json!("2026-08-04");
    let campaign = id(&app.as_(Caller::Drafter).post("/campaigns", &body).created());
    let targets = format!("/campaigns/{campaign}/targets");
    app.as_(Caller::Drafter).post(&targets, &json!({"kinds": ["station"]})).ok();
    let first = build::letters(app, Place::District, &campaign)[0]["id"].clone();
    tick_on(app, "2026-08-13");
    let draft = only_step(app, "");
    assert_eq!((&draft["campaign_id"], &draft["reminder_id"]), (&Value::Null, &first), "carried over");
    let letter = delivered_second(app, &first);
    let done = decide(app, Caller::Drafter, &only_step(app, ""), "taken", &by_letter(&letter)).ok();
    assert_eq!((standing(&done), &done["letter_id"]), (set(&[&found]), &json!(letter)));
}
