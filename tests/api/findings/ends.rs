//! Terminations 终结: the place moved, got another operator or ended. A certificate and a check on site have to be there; what
//! ends so was never rectified, and is open no more: in compliance, in a street's figures and in letters.

use super::side::{ask, decide, verdict};
use super::{agrees, close, detail, found, reason, refused, step};
use crate::app::TestApp;
use crate::build::{self, Photo, id};
use crate::inspections::{facility, fresh, leaves_nothing};
use crate::letters::{drafted, inspected, snapshot, take};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use chrono::TimeDelta;
use serde_json::{Value, json};
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_place_that_changed_ends_its_findings,
        certificate_and_check_must_have_arrived,
        what_ended_is_neither_closed_nor_open,
        letters_neither_count_nor_ask_for_what_ended,
    );
}

/// The certificate and a photo of the check on site.
fn files() -> [Photo; 2] {
    [Photo::new("document", None), Photo::new("scene", None)]
}

fn termination(ground: &str, files: &[Photo]) -> Value {
    let declared: Vec<Value> = files.iter().map(Photo::declared).collect();
    json!({"ground": ground, "reason": "街道出具证明", "files": declared})
}

/// Changes a facility, a minute later.
#[track_caller]
pub fn change(app: &TestApp, facility: &str, body: &Value) {
    app.advance(TimeDelta::minutes(1));
    let path = format!("/facilities/{facility}");
    let revision = app.as_(Caller::Drafter).get(&path).revision();
    app.as_(Caller::Drafter).patch(&path, Some(revision), body).ok();
}

/// Takes a finding to its end, the place having changed.
#[track_caller]
fn terminate(app: &TestApp, finding: &str, ground: &str) -> Value {
    let files = files();
    let request = ask(app, Caller::Street, finding, "terminations", &termination(ground, &files));
    files.iter().for_each(|file| drop(file.put(&app.as_(Caller::Street)).created()));
    decide(app, Caller::Reviewer, finding, &request, "granted")
}

fn a_place_that_changed_ends_its_findings(app: &TestApp) {
    for (ground, changed) in [
        ("moved", json!({"address": "试验新路1号"})),
        ("operator_changed", json!({"operator_name": "接手的运营机构"})),
        ("ended", json!({"status": "ended"})),
    ] {
        let place = fresh(app, Station);
        let finding = found(app, &place, "YK-14");
        // What else may have happened to it is no ground.
        change(app, &place, &json!({"contact_name": "新联系人"}));
        for other in ["moved", "operator_changed", "ended"] {
            let wish = termination(other, &files());
            refused(app, Caller::Street, &finding, "terminations", &wish, "place_unchanged");
        }
        change(app, &place, &changed);
        let ended = terminate(app, &finding, ground);
        assert_eq!(
            (&ended["state"], &ended["closed_by"], &ended["overdue"]),
            (&json!("terminated"), &Value::Null, &json!(false))
        );
        assert_eq!(ended["requests"][0]["ground"], ground);
        assert_eq!(ended["requests"][0]["files"].as_array().map(Vec::len), Some(2));
        agrees(&ended);
        refused(app, Caller::Reviewer, &finding, "withdrawals", &reason(), "wrong_state");
        if ground != "ended" {
            let again = found(app, &place, "YK-14");
            assert_ne!(again, finding);
            assert_eq!(
                detail(app, &again)["repeat_of"],
                Value::Null,
                "nothing was closed that could come back"
            );
        }
    }
}

fn certificate_and_check_must_have_arrived(app: &TestApp) {
    let place = fresh(app, Station);
    let finding = found(app, &place, "YK-14");
    change(app, &place, &json!({"address": "试验新路2号"}));
    let [certificate, photo] = files();
    for wrong in [vec![], vec![certificate.clone()], vec![photo.clone()]] {
        let wish = termination("moved", &wrong);
        let answer = leaves_nothing(app, || step(app, Caller::Street, &finding, "terminations", &wish));
        answer.expect_at(422, "certificate_and_check_required", "/files", "certificate_and_check_required");
    }
    let wish = termination("moved", &[certificate.clone(), photo.clone()]);
    let request = ask(app, Caller::Street, &finding, "terminations", &wish);
    let (what, granted) = verdict(&request, "granted");
    for file in [&certificate, &photo] {
        refused(app, Caller::Reviewer, &finding, &what, &granted, "proof_missing");
        file.put(&app.as_(Caller::Street)).created();
    }
    super::also(app, Caller::Inspector, yixun::access::Role::Reviewer);
    refused(app, Caller::Inspector, &finding, &what, &granted, "second_person_required");
    refused(app, Caller::Issuer, &finding, &what, &granted, "wrong_rank");
    let no = decide(app, Caller::Reviewer, &finding, &request, "refused");
    assert_eq!(no["state"], "served");
    assert_eq!(terminate(app, &finding, "moved")["state"], "terminated");
}

/// The figures of the own street in a campaign.
fn street(app: &TestApp, campaign: &str) -> Value {
    let path = format!("/compliance/streets?campaign_id={campaign}");
    app.as_(Caller::Supervisor).get(&path).ok()["items"][0].clone()
}

fn what_ended_is_neither_closed_nor_open(app: &TestApp) {
    let campaign = id(&build::campaign(app, Place::Own, &[Station]));
    let station = facility(app, Place::Own, Station);
    let found = inspected(app, Place::Own, Station, &campaign, &["YK-14", "YK-15", "YK-16", "YK-18"]);
    let status = || app.as_(Caller::Supervisor).get(&format!("/compliance/facilities/{station}")).ok();
    let now = |wanted: (i64, i64, i64, bool)| {
        let seen = street(app, &campaign);
        let n = |name: &str| seen[name].as_i64().expect("a number");
        assert_eq!(
            (n("findings"), n("closed"), n("terminated"), seen["closed_loop"] == true),
            wanted,
            "{seen}"
        );
    };
    change(app, &station, &json!({"operator_name": "接手的运营机构"}));
    terminate(app, &found[0], "operator_changed");
    now((4, 0, 1, false));
    close(app, &found[1]);
    // Disputed, suspended and on account it is open.
    let pause = json!({"until": "2026-08-20", "reason": "台风停工"});
    step(app, Caller::Drafter, &found[2], "suspensions", &pause).ok();
    let request = ask(app, Caller::Operator, &found[3], "disputes", &reason());
    now((4, 1, 1, false));
    assert_eq!(
        (&status()["status"], status()["findings"].as_array().map(Vec::len)),
        (&json!("rectifying"), Some(2))
    );
    decide(app, Caller::Reviewer, &found[3], &request, "refused");
    let plan = json!({"reason": "须改造", "stages": [{"title": "完成设计", "due_on": "2026-10-30"}]});
    let request = ask(app, Caller::Drafter, &found[3], "long-terms", &plan);
    decide(app, Caller::Issuer, &found[3], &request, "granted");
    now((4, 1, 1, false));
    step(app, Caller::Reviewer, &found[2], "withdrawals", &reason()).ok();
    terminate(app, &found[3], "operator_changed");
    // Nothing is open, and what ended was never rectified.
    now((3, 1, 2, true));
    assert_eq!((&status()["status"], &status()["findings"]), (&json!("compliant"), &json!([])));
}

fn letters_neither_count_nor_ask_for_what_ended(app: &TestApp) {
    let campaign = id(&build::campaign(app, Place::Own, &[Station]));
    let station = facility(app, Place::Own, Station);
    let found = inspected(app, Place::Own, Station, &campaign, &["YK-14", "YK-15", "YK-16"]);
    change(app, &station, &json!({"operator_name": "接手的运营机构"}));
    terminate(app, &found[0], "operator_changed");
    close(app, &found[1]);
    let wish = json!({"until": "2026-08-20", "reason": "等待备件"});
    let request = ask(app, Caller::Operator, &found[2], "extensions", &wish);
    decide(app, Caller::Reviewer, &found[2], &request, "granted");
    let pause = json!({"until": "2026-08-20", "reason": "台风停工"});
    step(app, Caller::Drafter, &found[2], "suspensions", &pause).ok();

    let letter = drafted(app, &campaign).remove(0);
    take(app, Caller::Drafter, &letter, "submit").ok();
    let (told, text) = (snapshot(app, &letter), snapshot(app, &letter).text());
    let rows = told.issues.expect("annex 1").rows;
    let standing: Vec<(&str, bool, bool)> =
        rows.iter().map(|row| (row.standing.as_str(), row.closed, row.ended)).collect();
    assert_eq!(standing, [("已终结", false, true), ("已销号", true, false), ("停工暂停", false, false)]);
    assert!(text.contains("已销号1个，未销号1个") && text.contains("终结1个"), "{text}");
    assert!(!text.contains("均已完成"), "{text}");
    // 原期限, not what it was extended to.
    assert!(rows[2].due.contains("8月6日"), "{}", rows[2].due);

    // Of earlier work only what is open is carried over.
    let mut body = build::campaign_body(app, Place::Own);
    body["starts_on"] = json!("2026-08-10");
    let drafter = app.as_(Caller::Drafter);
    let later = id(&drafter.post("/campaigns", &body).created());
    drafter.post(&format!("/campaigns/{later}/targets"), &json!({"kinds": ["station"]})).ok();
    crate::inspections::set_clock(app, "2026-08-11T10:00:00");
    let letter = drafted(app, &later).remove(0);
    take(app, Caller::Drafter, &letter, "submit").ok();
    let carried = snapshot(app, &letter).carried_over.expect("an annex").rows;
    let numbers: Vec<String> = carried.iter().map(|row| row.number.clone()).collect();
    assert_eq!(json!(numbers), json!([detail(app, &found[2])["number"]]));
}
