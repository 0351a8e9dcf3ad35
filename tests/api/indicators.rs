//! Indicators 考核指标: targets with versions, files in and out of order, figures that are counted again here, objections, and
//! what of it a letter prints.

mod figures;
mod imports;
mod objections;
mod printed;
mod workbook;

use super::app::TestApp;
use super::client::Reply;
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use chrono::TimeDelta;
use serde_json::{Value, json};
use ureq::http::Method;
use yixun::access::Role;

pub fn register(suite: &mut Suite) {
    both!(suite:
        the_catalogue_tells_the_targets_in_force,
        a_target_has_a_reason_and_an_area_within_reach,
        a_new_target_never_changes_the_past,
        a_street_s_own_target_goes_before_the_district_s,
    );
    imports::register(suite);
    figures::register(suite);
    objections::register(suite);
    printed::register(suite);
}

/// The third quarter of 2026, which is the tests' own.
const QUARTER: &str = "year=2026&quarter=3";

/// Imports a file as somebody.
fn import(app: &TestApp, by: Caller, file: &[u8], query: &str) -> Reply {
    app.as_(by).bytes(Method::POST, &format!("/indicators/import{query}"), "text/csv", file)
}

/// A file of lines for the third quarter, as a clerk's table program writes it.
fn csv(lines: &[&str]) -> Vec<u8> {
    let head = "街道,年度,季度,指标,分子,分母,数值,截至日期,备注\n";
    let rows: Vec<String> = lines.iter().map(|line| format!("{line}\n")).collect();
    format!("{head}{}", rows.concat()).into_bytes()
}

/// A target's body for the district.
fn target(app: &TestApp, value: &str) -> Value {
    json!({
        "area_id": app.world.area(Place::District), "year": 2026, "quarter": 3, "comparison": "at_least",
        "value": value, "reason": "年度工作要点",
    })
}

#[track_caller]
fn set(app: &TestApp, code: &str, body: &Value) -> Value {
    app.as_(Caller::Drafter).post(&format!("/indicators/{code}/targets"), body).created()
}

/// All indicators of a street in the third quarter.
#[track_caller]
fn quarter(app: &TestApp, place: Place, more: &str) -> Value {
    let street = app.world.area(place);
    app.as_(Caller::Supervisor).get(&format!("/indicators/values?street_id={street}&{QUARTER}{more}")).ok()
}

/// One indicator of them.
fn row(figures: &Value, code: &str) -> Value {
    let rows = figures["items"].as_array().expect("items");
    rows.iter().find(|r| r["indicator"] == code).unwrap_or_else(|| panic!("no {code} in {figures}")).clone()
}

fn value(app: &TestApp, code: &str) -> Value {
    row(&quarter(app, Place::Own, ""), code)
}

fn the_catalogue_tells_the_targets_in_force(app: &TestApp) {
    let before = app.as_(Caller::Street).get("/indicators").ok();
    assert_eq!((&before["year"], &before["quarter"]), (&json!(2026), &json!(3)));
    let items = before["items"].as_array().expect("items");
    assert!(items.iter().all(|i| i["targets"] == json!([])));
    let one = |code: &str| items.iter().find(|i| i["code"] == code).expect("an indicator").clone();
    let online = one("bed_online");
    assert_eq!(online["name"], "家庭养老床位设备在线率");
    assert_eq!(
        (&online["form"], &online["source"], &online["better"]),
        (&json!("share"), &json!("import"), &json!("higher"))
    );
    assert_eq!(one("on_time")["source"], "system");
    let district = set(app, "bed_online", &target(app, "100"));
    let mut later = target(app, "99");
    later["quarter"] = json!(4);
    set(app, "bed_online", &later);
    let mut own = target(app, "95.5");
    own["area_id"] = json!(app.world.area(Place::Own));
    let own = set(app, "bed_online", &own);
    let seen = |by: Caller| {
        let list = app.as_(by).get("/indicators").ok();
        let of = list["items"].as_array().expect("items").iter().find(|i| i["code"] == "bed_online").cloned();
        let mut ids: Vec<String> = of.expect("it")["targets"]
            .as_array()
            .expect("targets")
            .iter()
            .map(|t| t["id"].to_string())
            .collect();
        ids.sort();
        ids
    };
    let mut both = vec![district["id"].to_string(), own["id"].to_string()];
    both.sort();
    assert_eq!(seen(Caller::Street), both);
    assert_eq!(seen(Caller::Supervisor), both);
    assert_eq!(
        seen(Caller::At(Role::Street, Place::Sibling)),
        [district["id"].to_string()],
        "not another street's"
    );
    assert!(
        seen(Caller::At(Role::Street, Place::Elsewhere)).is_empty(),
        "another district's is none of theirs"
    );
}

fn a_target_has_a_reason_and_an_area_within_reach(app: &TestApp) {
    let drafter = app.as_(Caller::Drafter);
    let with = |field: &str, value: Value| {
        let mut body = target(app, "100");
        body[field] = value;
        body
    };
    let refuse = |body: &Value, pointer: &str, code: &str| {
        let reply = drafter.post("/indicators/bed_online/targets", body);
        assert_eq!(reply.status, 422, "{}", reply.told());
        let first = &reply.json["errors"][0];
        assert_eq!((&first["pointer"], &first["code"]), (&json!(pointer), &json!(code)), "{}", reply.told());
    };
    refuse(&with("reason", json!("")), "/reason", "out_of_range");
    refuse(&with("value", json!("100.01")), "/value", "out_of_range");
    refuse(&with("value", json!("-1")), "/value", "out_of_range");
    refuse(&with("value", json!("全部")), "/value", "bad_amount");
    refuse(&with("value", json!("99.999")), "/value", "bad_amount");
    refuse(&with("quarter", json!(5)), "/quarter", "out_of_range");
    refuse(&with("area_id", json!(app.world.area(Place::Elsewhere))), "/area_id", "unknown_area");
    drafter.post("/indicators/nothing/targets", &target(app, "100")).expect(404, "not_found");
    let here = app.as_(Caller::At(Role::Drafter, Place::Own));
    here.post("/indicators/bed_online/targets", &target(app, "100")).expect_at(
        422,
        "unknown_area",
        "/area_id",
        "unknown_area",
    );
    here.post("/indicators/bed_online/targets", &with("area_id", json!(app.world.area(Place::Own))))
        .created();
    app.as_(Caller::Reviewer)
        .post("/indicators/bed_online/targets", &target(app, "1"))
        .expect(403, "permission_denied");
    let growth = set(app, "meals", &target(app, "-5.5"));
    assert_eq!((&growth["value"], &growth["text"]), (&json!("-5.5"), &json!("≥-5.5%")));
}

fn a_new_target_never_changes_the_past(app: &TestApp) {
    import(app, Caller::Drafter, &csv(&["海幢街道,2026,3,bed_online,195,200,,2026-08-01,"]), "").ok();
    let first = set(app, "bed_online", &target(app, "100"));
    assert_eq!(value(app, "bed_online")["met"], false);
    app.advance(TimeDelta::days(1));
    let mut lower = target(app, "97");
    lower["reason"] = json!("设备更换周期较长，调整不合理的目标");
    let second = set(app, "bed_online", &lower);
    let now = value(app, "bed_online");
    assert_eq!((&now["met"], &now["target"]["id"]), (&json!(true), &second["id"]));
    let then = row(&quarter(app, Place::Own, "&as_of=2026-08-03"), "bed_online");
    assert_eq!(
        (&then["met"], &then["target"]["id"]),
        (&json!(false), &first["id"]),
        "as it was told that day"
    );
    let before = row(&quarter(app, Place::Own, "&as_of=2026-08-02"), "bed_online");
    assert_eq!(
        (&before["value"], &before["target"], &before["text"]),
        (&Value::Null, &Value::Null, &json!("—"))
    );
    let history = app.as_(Caller::Street).all("/indicators/bed_online/targets");
    assert_eq!(history, [second.clone(), first], "nothing is lost");
    assert_eq!((&second["version"], &second["set_by"]), (&json!(2), &json!(app.user(Caller::Drafter))));
    let street = app.world.area(Place::Own);
    let ahead = format!("/indicators/values?street_id={street}&{QUARTER}&as_of=2026-08-05");
    app.as_(Caller::Street).get(&ahead).expect_at(422, "out_of_range", "/as_of", "out_of_range");
}

fn a_street_s_own_target_goes_before_the_district_s(app: &TestApp) {
    let mut own = target(app, "90");
    own["area_id"] = json!(app.world.area(Place::Own));
    let own = set(app, "follow_up", &own);
    let district = set(app, "follow_up", &target(app, "100"));
    let of = |place| row(&quarter(app, place, ""), "follow_up")["target"]["id"].clone();
    assert_eq!((of(Place::Own), of(Place::Sibling)), (own["id"].clone(), district["id"].clone()));
    let seen = |by: Caller| app.as_(by).all("/indicators/follow_up/targets").len();
    assert_eq!((seen(Caller::Street), seen(Caller::At(Role::Street, Place::Sibling))), (2, 1));
    let second = app.world.area(Place::Sibling);
    let path = format!("/indicators/values?street_id={second}&{QUARTER}");
    app.as_(Caller::Street).get(&path).expect(404, "not_found");
}
