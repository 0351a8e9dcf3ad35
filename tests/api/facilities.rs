//! Facilities: pages and filters against brute force, versions, edits with their revision, and reach.

use super::app::TestApp;
use super::build::{self, facility, facility_body, id};
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use yixun::access::Role;
use yixun::directory::FacilityKind::{self, Canteen, Center, Institution, Station};

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_facility_is_added,
        pages_and_filters_agree_with_brute_force,
        search_takes_signs_literally,
        every_change_is_a_version,
        edits_need_the_revision,
        parallel_edits_lose_nothing,
        what_was_not_asked_for_cannot_be_set,
        reach_decides_what_exists,
        moving_a_facility,
        a_position_keeps_its_datum,
    );
}

fn path(view: &Value) -> String {
    format!("/facilities/{}", id(view))
}

fn codes(items: &[Value]) -> Vec<String> {
    items.iter().map(|f| f["code"].as_str().expect("a code").to_string()).collect()
}

fn a_facility_is_added(app: &TestApp) {
    let drafter = app.as_(Caller::Drafter);
    let body = facility_body(app, Place::Own, Station);
    let answer = drafter.post("/facilities", &body);
    let made = answer.created();
    for (name, value) in body.as_object().expect("an object") {
        assert_eq!(&made[name], value, "{name}");
    }
    assert_eq!((&made["status"], &made["route"], answer.revision()), (&json!("active"), &json!("street"), 1));
    assert_eq!(drafter.get(&path(&made)).ok(), made);
    drafter.post("/facilities", &body).expect(409, "code_taken");
    for (name, value, fault) in [
        ("name", json!(""), "out_of_range"),
        ("name", json!("名".repeat(101)), "out_of_range"),
        ("kind", json!("tent"), "unknown_code"),
        ("route", json!("sea"), "unknown_code"),
        ("street_id", json!("x"), "wrong_type"),
        ("address", Value::Null, "wrong_type"),
        ("address", json!(["a"]), "wrong_type"),
    ] {
        let mut body = facility_body(app, Place::Own, Station);
        body[name] = value;
        drafter.post("/facilities", &body).expect_at(422, "invalid_request", &format!("/{name}"), fault);
    }
    for name in ["code", "kind", "name", "street_id", "address", "operator_name"] {
        let mut body = facility_body(app, Place::Own, Station);
        body.as_object_mut().expect("an object").remove(name);
        let pointer = format!("/{name}");
        drafter.post("/facilities", &body).expect_at(422, "invalid_request", &pointer, "missing_field");
    }
    for (name, area) in [("street_id", Place::District), ("street_id", Place::Elsewhere)] {
        let mut body = facility_body(app, Place::Own, Station);
        body[name] = json!(app.world.area(area));
        drafter.post("/facilities", &body).expect_at(422, "unknown_street", "/street_id", "unknown_street");
    }
    let mut body = facility_body(app, Place::Own, Station);
    body["community_id"] =
        drafter.all(&format!("/areas?parent={}", app.world.area(Place::Sibling)))[0]["id"].clone();
    drafter.post("/facilities", &body).expect_at(
        422,
        "unknown_community",
        "/community_id",
        "unknown_community",
    );
    body["community_id"] =
        drafter.all(&format!("/areas?parent={}", app.world.area(Place::Own)))[0]["id"].clone();
    drafter.post("/facilities", &body).created();
}

fn populate(app: &TestApp) {
    for n in 0..7 {
        for place in [Place::Own, Place::Sibling, Place::Elsewhere] {
            let kind = [Station, Canteen, Center, Institution][n % 4];
            let made = facility(app, place, kind);
            if n % 3 == 0 {
                let status = if n == 0 { "suspended" } else { "ended" };
                let drafter = app.as_(build::drafter_at(place));
                drafter.patch(&path(&made), Some(1), &json!({ "status": status })).ok();
            }
        }
    }
}

fn pages_and_filters_agree_with_brute_force(app: &TestApp) {
    populate(app);
    let everything = app.as_(Caller::Supervisor).all("/facilities");
    assert_eq!(everything.len(), 12 + 21);
    let own = app.world.area(Place::Own).to_string();
    let filters: [(&str, Value); 5] = [
        ("", Value::Null),
        ("kind", json!("station")),
        ("street_id", json!(own)),
        ("status", json!("ended")),
        ("status", json!("active")),
    ];
    for caller in
        [Caller::Supervisor, Caller::Drafter, Caller::Street, Caller::At(Role::Street, Place::Elsewhere)]
    {
        let seen = app.as_(caller);
        let mine = seen.all("/facilities");
        for (name, value) in &filters {
            let mut expected = codes(
                &mine.iter().filter(|f| name.is_empty() || f[name] == *value).cloned().collect::<Vec<_>>(),
            );
            expected.sort();
            for limit in [1, 3, 10] {
                let filter = if name.is_empty() {
                    String::new()
                } else {
                    format!("&{name}={}", value.as_str().expect("text"))
                };
                let (mut pages, mut cursor) = (vec![], String::new());
                loop {
                    let page = seen.get(&format!("/facilities?limit={limit}{filter}{cursor}")).ok();
                    pages.extend(page["items"].as_array().expect("items").clone());
                    match page["next_cursor"].as_str() {
                        Some(next) => cursor = format!("&cursor={next}"),
                        None => break,
                    }
                }
                assert_eq!(codes(&pages), expected, "{caller:?} {name}={value} by {limit}");
            }
        }
    }
    let both =
        app.as_(Caller::Drafter).all(&format!("/facilities?street_id={own}&kind=station&status=active"));
    let brute = everything
        .iter()
        .filter(|f| f["street_id"] == own && f["kind"] == "station" && f["status"] == "active");
    assert_eq!(both.len(), brute.count());
    let reader = app.as_(Caller::Drafter);
    reader.get("/facilities?kind=tent").expect_at(422, "invalid_request", "/kind", "unknown_code");
    reader.get("/facilities?sort=name").expect_at(422, "invalid_request", "/sort", "unknown_field");
    reader.get("/facilities?kind=station&kind=canteen").expect_at(
        422,
        "invalid_request",
        "/kind",
        "duplicate_field",
    );
}

fn search_takes_signs_literally(app: &TestApp) {
    let drafter = app.as_(Caller::Drafter);
    let names = ["百分百50%站", "下划_线站", "反斜\\杠站", "ABC中心", "单'引号站", "İstanbul站"];
    for name in names {
        let mut body = facility_body(app, Place::Own, Station);
        body["name"] = json!(name);
        drafter.post("/facilities", &body).created();
    }
    for (text, expected) in [
        ("50%25", vec![names[0]]),
        ("%25", vec![names[0]]),
        ("_", vec![names[1]]),
        ("%5C", vec![names[2]]),
        ("abc", vec![names[3]]),
        ("aBc", vec![names[3]]),
        ("%27", vec![names[4]]),
        ("%E4%BB%8E%E6%9C%AA", vec![]),
    ] {
        let found = drafter.all(&format!("/facilities?q={text}"));
        let found: Vec<&str> = found.iter().map(|f| f["name"].as_str().expect("a name")).collect();
        assert_eq!(found, expected, "{text}");
    }
    drafter.get("/facilities?q=").expect_at(422, "invalid_request", "/q", "out_of_range");
    drafter.get(&format!("/facilities?q={}", "x".repeat(51))).expect_at(
        422,
        "invalid_request",
        "/q",
        "out_of_range",
    );
    // PostgreSQL cannot hold NUL: the same answer from both databases.
    drafter.get("/facilities?q=%00").expect(400, "unreadable_nul");
}

fn every_change_is_a_version(app: &TestApp) {
    let drafter = app.as_(Caller::Drafter);
    let made = facility(app, Place::Own, Station);
    for (n, change) in
        [json!({"operator_name": "接手机构"}), json!({"status": "suspended"}), json!({"status": "ended"})]
            .iter()
            .enumerate()
    {
        app.advance(TimeDelta::days(1));
        let changed = drafter.patch(&path(&made), Some(1 + n as i64), change);
        assert_eq!(
            (changed.ok()["revision"].as_u64(), changed.revision()),
            (Some(2 + n as u64), 2 + n as i64)
        );
    }
    let versions = drafter.get(&format!("{}/versions", path(&made))).ok()["items"].clone();
    let versions = versions.as_array().expect("items");
    let of = |name: &str| -> Vec<&str> { versions.iter().map(|v| v[name].as_str().unwrap_or("-")).collect() };
    assert_eq!(of("operator_name"), ["试验运营机构", "接手机构", "接手机构", "接手机构"]);
    assert_eq!(of("status"), ["active", "active", "suspended", "ended"]);
    assert_eq!(of("valid_from")[1..], of("valid_to")[..3], "no gaps");
    assert_eq!(of("valid_to")[3], "-");
    assert_eq!(drafter.get(&path(&made)).ok()["status"], "ended");
}

fn edits_need_the_revision(app: &TestApp) {
    let drafter = app.as_(Caller::Drafter);
    let made = facility(app, Place::Own, Station);
    let change = json!({"contact_name": "换人"});
    drafter.patch(&path(&made), None, &change).expect(428, "if_match_required");
    for wrong in [0, 2, -1] {
        drafter.patch(&path(&made), Some(wrong), &change).expect(412, "version_differs");
    }
    for tag in ["*", "W/\"1\"", "\"x\"", "", "\"1\", \"2\""] {
        let answer = drafter.json(ureq::http::Method::PATCH, &path(&made), &[("If-Match", tag)], &change);
        answer.expect(412, "version_differs");
    }
    assert_eq!(drafter.get(&path(&made)).ok(), made, "nothing was stored");
    drafter.patch(&path(&made), Some(1), &change).ok();
}

fn parallel_edits_lose_nothing(app: &TestApp) {
    let made = facility(app, Place::Own, Station);
    let drafter = app.as_(Caller::Drafter);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let edit = |n: usize| {
            let (drafter, path) = (drafter.clone(), path(&made));
            scope.spawn(move || {
                drafter.patch(&path, Some(1), &json!({"contact_name": format!("第{n}人")})).status
            })
        };
        let edits: Vec<_> = (0..6).map(edit).collect();
        edits.into_iter().map(|edit| edit.join().expect("an answer")).collect()
    });
    assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|s| *s == 200 || *s == 412), "{statuses:?}");
    let versions = drafter.get(&format!("{}/versions", path(&made))).ok();
    assert_eq!(versions["items"].as_array().map(Vec::len), Some(2));
}

/// S24: what the answer holds beyond the request cannot be sent.
fn what_was_not_asked_for_cannot_be_set(app: &TestApp) {
    let drafter = app.as_(Caller::Drafter);
    let made = facility(app, Place::Own, Station);
    let asked: BTreeSet<String> =
        facility_body(app, Place::Own, Station).as_object().expect("an object").keys().cloned().collect();
    let optional = ["community_id", "route"];
    for (name, value) in made.as_object().expect("an object") {
        if asked.contains(name) || optional.contains(&name.as_str()) {
            continue;
        }
        let mut body = facility_body(app, Place::Own, Station);
        body[name] = value.clone();
        let pointer = format!("/{name}");
        drafter.post("/facilities", &body).expect_at(422, "invalid_request", &pointer, "unknown_field");
    }
    for name in ["id", "code", "kind", "revision", "observed_status", "valid_from"] {
        let change = json!({name: made[name]});
        let pointer = format!("/{name}");
        drafter.patch(&path(&made), Some(1), &change).expect_at(
            422,
            "invalid_request",
            &pointer,
            "unknown_field",
        );
    }
    assert_eq!(drafter.get(&path(&made)).ok(), made);
}

fn reach_decides_what_exists(app: &TestApp) {
    let of = |place: Place, kind: FacilityKind| app.world.facility(place, kind).to_string();
    for (caller, place, seen) in [
        (Caller::Street, Place::Own, true),
        (Caller::Street, Place::Sibling, false),
        (Caller::Street, Place::Elsewhere, false),
        (Caller::Drafter, Place::Sibling, true),
        (Caller::Drafter, Place::Elsewhere, false),
        (Caller::Supervisor, Place::Elsewhere, true),
    ] {
        for kind in [Station, Institution] {
            let path = format!("/facilities/{}", of(place, kind));
            for path in [path.clone(), format!("{path}/versions")] {
                let answer = app.as_(caller).get(&path);
                if seen { drop(answer.ok()) } else { drop(answer.expect(404, "not_found")) }
            }
        }
    }
    // An operator has its own facility, not its neighbours'.
    let operator = app.as_(Caller::Operator);
    operator.get(&format!("/facilities/{}", of(Place::Own, Station))).ok();
    operator.get(&format!("/facilities/{}", of(Place::Own, Canteen))).expect(404, "not_found");
    assert_eq!(operator.all("/facilities").len(), 1);
    let elsewhere = app.world.area(Place::Elsewhere);
    assert!(app.as_(Caller::Street).all(&format!("/facilities?street_id={elsewhere}")).is_empty());
    // A refusal for what is not there and for what is elsewhere are one and the same.
    let there = app.as_(Caller::Street).get(&format!("/facilities/{}", of(Place::Sibling, Station))).json;
    assert_eq!(there, app.as_(Caller::Street).get(&format!("/facilities/{}", build::uuid())).json);
}

fn moving_a_facility(app: &TestApp) {
    let made = facility(app, Place::Own, Station);
    let to = |place: Place| json!({"street_id": app.world.area(place), "address": "新址1号"});
    let drafter = app.as_(Caller::Drafter);
    drafter.patch(&path(&made), Some(1), &to(Place::Elsewhere)).expect_at(
        422,
        "unknown_street",
        "/street_id",
        "unknown_street",
    );
    let small = app.as_(Caller::At(Role::Drafter, Place::Own));
    small.patch(&path(&made), Some(1), &to(Place::Sibling)).expect(422, "unknown_street");
    app.advance(TimeDelta::hours(1));
    let moved = drafter.patch(&path(&made), Some(1), &to(Place::Sibling)).ok();
    assert_eq!((&moved["address"], &moved["position"]), (&json!("新址1号"), &Value::Null));
    app.as_(Caller::Street).get(&path(&made)).expect(404, "not_found");
    app.as_(Caller::At(Role::Street, Place::Sibling)).get(&path(&made)).ok();
    small.patch(&path(&made), Some(2), &json!({"name": "x"})).expect(404, "not_found");
}

fn a_position_keeps_its_datum(app: &TestApp) {
    let drafter = app.as_(Caller::Drafter);
    for datum in ["wgs84", "gcj02", "bd09"] {
        let mut body = facility_body(app, Place::Own, Station);
        body["position"] = json!({"lat": 23.099_123_456_7, "lng": 113.261_987_654_3, "datum": datum});
        let made = drafter.post("/facilities", &body).created();
        assert_eq!(drafter.get(&path(&made)).ok()["position"], body["position"]);
    }
    for (lat, lng) in [(0.0, 0.0), (91.0, 113.0), (23.0, 181.0)] {
        let mut body = facility_body(app, Place::Own, Station);
        body["position"] = json!({"lat": lat, "lng": lng, "datum": "wgs84"});
        drafter.post("/facilities", &body).expect_at(422, "out_of_range", "/position", "out_of_range");
    }
    for (position, pointer, fault) in [
        (json!({"lat": 23.1, "lng": 113.2}), "/position/datum", "missing_field"),
        (json!({"lat": 23.1, "lng": 113.2, "datum": "x"}), "/position/datum", "unknown_code"),
        (json!({"lat": "23.1", "lng": 113.2, "datum": "wgs84"}), "/position/lat", "wrong_type"),
        (json!({"lat": 23.1, "lng": 113.2, "datum": "wgs84", "alt": 1}), "/position/alt", "unknown_field"),
    ] {
        let mut body = facility_body(app, Place::Own, Station);
        body["position"] = position;
        drafter.post("/facilities", &body).expect_at(422, "invalid_request", pointer, fault);
    }
}
