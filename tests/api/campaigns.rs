//! Campaigns: planning, targets and progress, within reach.

use super::app::TestApp;
use super::build::{self, campaign, campaign_body, facility, id};
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use serde_json::{Value, json};
use yixun::access::Role;
use yixun::directory::FacilityKind::{Canteen, Station};

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_campaign_is_planned,
        bad_plans_are_refused,
        targets_are_added_once,
        targets_within_reach,
        progress_counts_what_is_planned,
        campaigns_in_pages,
    );
}

fn path(view: &Value) -> String {
    format!("/campaigns/{}", id(view))
}

fn a_campaign_is_planned(app: &TestApp) {
    let drafter = app.as_(Caller::Drafter);
    let body = campaign_body(app, Place::District);
    let answer = drafter.post("/campaigns", &body);
    let made = answer.created();
    for (name, value) in body.as_object().expect("an object") {
        assert_eq!(&made[name], value, "{name}");
    }
    assert_eq!((&made["state"], answer.revision()), (&json!("active"), 1));
    assert_eq!(made["checklist_id"], build::checklist(app, Station).0);
    assert_eq!(drafter.get(&path(&made)).ok(), made);
    for caller in [Caller::Street, Caller::Inspector, Caller::Registrar, Caller::Supervisor] {
        app.as_(caller).get(&path(&made)).ok();
    }
    app.as_(Caller::Fire).get(&path(&made)).expect(403, "permission_denied");
    app.as_(Caller::At(Role::Street, Place::Elsewhere)).get(&path(&made)).expect(404, "not_found");
}

fn bad_plans_are_refused(app: &TestApp) {
    let drafter = app.as_(Caller::Drafter);
    for (name, value, code) in [
        ("ends_on", json!("2026-06-30"), "bad_dates"),
        ("reply_due", json!("2026-06-30"), "bad_dates"),
        ("area_id", json!(build::uuid()), "unknown_area"),
        ("area_id", json!(app.world.area(Place::Elsewhere)), "unknown_area"),
        ("checklist_id", json!(build::uuid()), "unknown_checklist"),
    ] {
        let mut body = campaign_body(app, Place::District);
        body[name] = value;
        drafter.post("/campaigns", &body).expect_at(422, code, &format!("/{name}"), code);
    }
    for (name, value, fault) in [
        ("starts_on", json!("2026-02-30"), "wrong_type"),
        ("kind", json!("picnic"), "unknown_code"),
        ("name", json!("短"), "out_of_range"),
        ("state", json!("closed"), "unknown_field"),
    ] {
        let mut body = campaign_body(app, Place::District);
        body[name] = value;
        drafter.post("/campaigns", &body).expect_at(422, "invalid_request", &format!("/{name}"), fault);
    }
    // A clerk of one street does not plan for the district.
    let small = app.as_(Caller::At(Role::Drafter, Place::Own));
    small.post("/campaigns", &campaign_body(app, Place::District)).expect(422, "unknown_area");
    small.post("/campaigns", &campaign_body(app, Place::Own)).created();
    assert_eq!(drafter.all("/campaigns").len(), 1, "only the last was stored");
}

fn targets_are_added_once(app: &TestApp) {
    let drafter = app.as_(Caller::Drafter);
    let made = drafter.post("/campaigns", &campaign_body(app, Place::District)).created();
    let targets = format!("{}/targets", path(&made));
    let add = |body: Value| drafter.post(&targets, &body);
    assert_eq!(add(json!({"kinds": ["station"]})).ok(), json!({"added": 2, "total": 2}));
    let own = app.world.facility(Place::Own, Station);
    let canteen = app.world.facility(Place::Own, Canteen);
    assert_eq!(add(json!({"facility_ids": [own, canteen, canteen]})).ok(), json!({"added": 1, "total": 3}));
    assert_eq!(add(json!({"kinds": ["station", "canteen"]})).ok(), json!({"added": 1, "total": 4}));
    let elsewhere = app.world.facility(Place::Elsewhere, Station);
    add(json!({"facility_ids": [own, elsewhere]})).expect_at(
        422,
        "unknown_facility",
        "/facility_ids/1",
        "unknown_facility",
    );
    add(json!({})).expect(422, "one_of");
    add(json!({"kinds": [], "facility_ids": []})).expect(422, "one_of");
    add(json!({"kinds": ["tent"]})).expect_at(422, "invalid_request", "/kinds/0", "unknown_code");
    assert_eq!(drafter.all(&targets).len(), 4);
    let ended = facility(app, Place::Own, Station);
    drafter.patch(&format!("/facilities/{}", id(&ended)), Some(1), &json!({"status": "ended"})).ok();
    assert_eq!(
        add(json!({"kinds": ["station"]})).ok(),
        json!({"added": 0, "total": 4}),
        "what has ended is no target"
    );
}

fn targets_within_reach(app: &TestApp) {
    for _ in 0..3 {
        facility(app, Place::Own, Station);
    }
    let made = campaign(app, Place::District, &[Station, Canteen]);
    let targets = format!("{}/targets", path(&made));
    let everything = app.as_(Caller::Supervisor).all(&targets);
    assert_eq!(everything.len(), 7);
    for (caller, place) in
        [(Caller::Street, Place::Own), (Caller::At(Role::Inspector, Place::Sibling), Place::Sibling)]
    {
        let street = app.world.area(place).to_string();
        let expected: Vec<Value> = everything.iter().filter(|t| t["street_id"] == street).cloned().collect();
        assert_eq!(app.as_(caller).all(&targets), expected);
        assert_eq!(app.as_(caller).get(&format!("{targets}?limit=1")).ok()["items"][0], expected[0]);
    }
    assert_eq!(app.as_(Caller::Drafter).all(&format!("{targets}?state=planned")), everything);
    assert!(app.as_(Caller::Drafter).all(&format!("{targets}?state=done")).is_empty());
    app.as_(Caller::Drafter).get(&format!("{targets}?state=x")).expect_at(
        422,
        "invalid_request",
        "/state",
        "unknown_code",
    );
}

fn progress_counts_what_is_planned(app: &TestApp) {
    facility(app, Place::Own, Station);
    let made = campaign(app, Place::District, &[Station]);
    let progress = format!("{}/progress", path(&made));
    let all = app.as_(Caller::Drafter).get(&progress).ok();
    assert_eq!((&all["planned"], &all["done"], &all["incomplete"]), (&json!(3), &json!(0), &json!(0)));
    let names: Vec<&str> = all["by_street"]
        .as_array()
        .expect("streets")
        .iter()
        .filter_map(|s| s["street_name"].as_str())
        .collect();
    assert_eq!(names, ["海幢街道", "南华西街道"]);
    let own = app.as_(Caller::Street).get(&progress).ok();
    assert_eq!((&own["planned"], own["by_street"].as_array().map(Vec::len)), (&json!(2), Some(1)));
    app.as_(Caller::At(Role::Street, Place::Elsewhere)).get(&progress).expect(404, "not_found");
}

fn campaigns_in_pages(app: &TestApp) {
    let mut made = vec![];
    for n in 0..9 {
        app.advance(chrono::TimeDelta::seconds(1));
        let place = [Place::Own, Place::Sibling, Place::Elsewhere][n % 3];
        made.push((place, id(&campaign(app, place, &[Station]))));
    }
    made.reverse(); // newest first
    let expected = |places: &[Place]| -> Vec<String> {
        made.iter().filter(|(place, _)| places.contains(place)).map(|(_, id)| id.clone()).collect()
    };
    for (caller, places) in [
        (Caller::Supervisor, &[Place::Own, Place::Sibling, Place::Elsewhere][..]),
        (Caller::Drafter, &[Place::Own, Place::Sibling]),
        (Caller::Street, &[Place::Own]),
        (Caller::At(Role::Inspector, Place::Elsewhere), &[Place::Elsewhere]),
    ] {
        let seen: Vec<String> = app.as_(caller).all("/campaigns").iter().map(id).collect();
        assert_eq!(seen, expected(places), "{caller:?}");
        let (mut paged, mut path) = (vec![], "/campaigns?limit=2".to_string());
        loop {
            let page = app.as_(caller).get(&path).ok();
            paged.extend(page["items"].as_array().expect("items").iter().map(id));
            let Some(next) = page["next_cursor"].as_str() else { break };
            path = format!("/campaigns?limit=2&cursor={next}");
        }
        assert_eq!(paged, expected(places), "{caller:?}");
    }
}
