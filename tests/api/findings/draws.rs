//! What is drawn 抽查 and what is set: which claims are looked at on site, and whether what comes back has a shorter term.

use super::{check, claim, closing, detail, found, reason, refused, reinspect, step};
use crate::app::TestApp;
use crate::client::Reply;
use crate::inspections::{facility, fresh, leaves_nothing, set_clock};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use diesel::prelude::*;
use serde_json::{Value, json};
use ureq::http::Method;
use yixun::db::schema::draw_seed;
use yixun::directory::FacilityKind::Station;
use yixun::files::sha256_of;
use yixun::findings::draw::{LOTS, lot};

pub fn register(suite: &mut Suite) {
    both!(suite:
        every_claim_is_looked_at_or_none,
        anybody_can_draw_again,
        what_was_drawn_stays_drawn,
        settings_are_changed_with_a_reason,
        a_shorter_term_for_what_comes_back_needs_a_basis,
    );
}

/// Changes a setting.
fn put(app: &TestApp, name: &str, value: &Value) -> Reply {
    let path = format!("/settings/{name}");
    let tag = app.as_(Caller::Supervisor).get(&path).header("etag").to_string();
    let body = json!({"value": value, "reason": "局务会议决定"});
    app.as_(Caller::Admin).json(Method::PUT, &path, &[("If-Match", &tag)], &body)
}

#[track_caller]
fn sample(app: &TestApp, percent: u8) {
    put(app, "sampling", &json!({ "percent": percent })).ok();
}

/// The draw of the last claim, as the history tells it.
fn draw_of(finding: &Value) -> Value {
    let events = finding["events"].as_array().expect("events");
    let claimed = events.iter().rfind(|event| event["kind"] == "claimed").expect("a claim");
    claimed["detail"]["draw"].clone()
}

fn every_claim_is_looked_at_or_none(app: &TestApp) {
    sample(app, 100);
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    claim(app, Caller::Operator, &finding);
    assert_eq!(check(app, Caller::Street, &finding, "pass")["drawn"], true);
    refused(app, Caller::Drafter, &finding, "closures", &closing(), "reinspection_required");
    // There anybody's look is evidence enough.
    reinspect(app, Caller::ThirdParty, &finding, "pass");
    step(app, Caller::Drafter, &finding, "closures", &closing()).ok();

    // 较大 ones are looked at in any case, and not drawn.
    let serious = found(app, &facility(app, Place::Own, Station), "YK-16");
    claim(app, Caller::Operator, &serious);
    let seen = detail(app, &serious);
    assert_eq!((&seen["drawn"], draw_of(&seen)), (&json!(false), Value::Null));

    sample(app, 0);
    let finding = found(app, &fresh(app, Station), "YK-14");
    claim(app, Caller::Street, &finding);
    let seen = check(app, Caller::SecondStreet, &finding, "pass");
    assert_eq!(
        (&seen["drawn"], &draw_of(&seen)["percent"], &draw_of(&seen)["drawn"]),
        (&json!(false), &json!(0), &json!(false))
    );
    step(app, Caller::Drafter, &finding, "closures", &closing()).ok();
}

/// The seed of a year.
fn seed(app: &TestApp, year: i32) -> (String, String) {
    app.read(|conn| {
        Ok(draw_seed::table.find(year).select((draw_seed::seed, draw_seed::sha256)).first(conn)?)
    })
}

fn anybody_can_draw_again(app: &TestApp) {
    sample(app, 50);
    for _ in 0..12 {
        let finding = found(app, &fresh(app, Station), "YK-14");
        claim(app, Caller::Street, &finding);
        let seen = detail(app, &finding);
        let (seed, _) = seed(app, 2026);
        let claimed = seen["rectifications"][0]["id"].as_str().expect("an id");
        let lot = lot(&seed, finding.parse().expect("an id"), claimed.parse().expect("an id"));
        let picked = lot < LOTS / 2;
        assert_eq!(draw_of(&seen), json!({"lot": lot, "percent": 50, "drawn": picked}));
        assert_eq!(seen["drawn"], picked);
        assert!(!seen.to_string().contains(&seed), "the seed is told to nobody");
    }

    // Its hash stands in the trail from the first claim of the year, once.
    let (seed, hash) = seed(app, 2026);
    assert_eq!(hash, sha256_of(seed.as_bytes()));
    app.sequence();
    let trail = app.as_(Caller::AuditAdmin).all("/audit");
    let told: Vec<&Value> = trail.iter().filter(|line| line["object_kind"] == "draw_seed").collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].to_string().contains(&hash), "{}", told[0]);
    assert!(!trail.iter().any(|line| line.to_string().contains(&seed)));

    // Told when the year is over, in Asia/Shanghai, and not a second earlier.
    let draws = || app.as_(Caller::Supervisor).get("/draws").ok()["items"].clone();
    set_clock(app, "2026-12-31T23:59:59");
    assert_eq!(draws().as_array().map(Vec::len), Some(1));
    assert_eq!((&draws()[0]["sha256"], &draws()[0]["seed"]), (&json!(hash), &Value::Null));
    set_clock(app, "2027-01-01T00:00:00");
    assert_eq!((&draws()[0]["year"], &draws()[0]["seed"]), (&json!(2026), &json!(seed)));
}

fn what_was_drawn_stays_drawn(app: &TestApp) {
    sample(app, 100);
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    claim(app, Caller::Operator, &finding);
    sample(app, 0);
    // Sent back and claimed again it has another lot, and is looked at all the same.
    step(app, Caller::Drafter, &finding, "returns", &reason()).ok();
    claim(app, Caller::Operator, &finding);
    let seen = check(app, Caller::Street, &finding, "pass");
    assert_eq!((&seen["drawn"], &draw_of(&seen)["drawn"]), (&json!(true), &json!(false)));
    refused(app, Caller::Drafter, &finding, "closures", &closing(), "reinspection_required");
}

fn settings_are_changed_with_a_reason(app: &TestApp) {
    let reader = app.as_(Caller::Drafter);
    let all = reader.get("/settings").ok()["items"].clone();
    let names: Vec<&Value> = all.as_array().expect("items").iter().map(|s| &s["name"]).collect();
    assert_eq!(names, ["sampling", "relapse", "clock", "project_refresh", "letters"]);
    let relapse = reader.get("/settings/relapse");
    assert_eq!((relapse.revision(), &relapse.ok()["is_default"]), (0, &json!(true)));
    assert_eq!(relapse.ok()["value"]["months"], 12);
    reader.get("/settings/weather").expect(404, "not_found");

    let admin = app.as_(Caller::Admin);
    let body = json!({"value": {"months": 6, "halves_term": false}, "reason": "局务会议决定"});
    admin.put("/settings/relapse", &body).expect(428, "if_match_required");
    let with =
        |tag: &str, body: &Value| admin.json(Method::PUT, "/settings/relapse", &[("If-Match", tag)], body);
    leaves_nothing(app, || with("\"7\"", &body).expect(412, "version_differs"));
    for wrong in [
        json!({"months": 0, "halves_term": false}),
        json!({"months": 61, "halves_term": false}),
        json!({"months": "6", "halves_term": false}),
        json!({"months": 6}),
        json!({"months": 6, "halves_term": false, "mood": 1}),
        json!(6),
    ] {
        let body = json!({"value": wrong, "reason": "局务会议决定"});
        leaves_nothing(app, || with("\"0\"", &body)).expect_at(422, "bad_setting", "/value", "bad_setting");
    }
    put(app, "sampling", &json!({"percent": 101})).expect_at(422, "bad_setting", "/value", "bad_setting");
    let set = with("\"0\"", &body);
    assert_eq!((set.revision(), &set.ok()["value"]["months"]), (1, &json!(6)));
    leaves_nothing(app, || with("\"0\"", &body).expect(412, "version_differs"));
    let seen = reader.get("/settings/relapse").ok();
    assert_eq!((&seen["reason"], &seen["is_default"]), (&body["reason"], &json!(false)));
    app.sequence();
    let trail = app.as_(Caller::AuditAdmin).all("/audit");
    let line = trail.iter().rfind(|line| line["object_kind"] == "setting").expect("a line");
    let line = line.to_string();
    assert!(
        line.contains("12") && line.contains("局务会议决定"),
        "the old and the new value and why: {line}"
    );
}

fn a_shorter_term_for_what_comes_back_needs_a_basis(app: &TestApp) {
    let halved = |basis: Value| json!({"months": 12, "halves_term": true, "basis": basis});
    for none in [Value::Null, json!(""), json!("有")] {
        put(app, "relapse", &halved(none)).expect_at(422, "bad_setting", "/value", "bad_setting");
    }
    let station = facility(app, Place::Own, Station);
    let first = found(app, &station, "YK-15");
    assert_eq!(detail(app, &first)["due_on"], "2026-08-10", "seven days");
    super::close(app, &first);
    put(app, "relapse", &halved(json!("示例办法第十条"))).ok();
    set_clock(app, "2026-08-17T10:00:00");
    let again = detail(app, &found(app, &station, "YK-15"));
    assert_eq!((&again["repeat_of"], &again["due_on"]), (&json!(first), &json!("2026-08-21")), "four days");
    // What has not been closed before has its whole term.
    assert_eq!(detail(app, &found(app, &fresh(app, Station), "YK-15"))["due_on"], "2026-08-24");
    // Beyond the months that are set it is no relapse.
    let body = json!({"months": 1, "halves_term": true, "basis": "示例办法第十条"});
    put(app, "relapse", &body).ok();
    super::close(app, again["id"].as_str().expect("an id"));
    set_clock(app, "2026-09-18T10:00:00");
    let new = detail(app, &found(app, &station, "YK-15"));
    assert_eq!((&new["repeat_of"], &new["due_on"]), (&Value::Null, &json!("2026-09-28")));
}
