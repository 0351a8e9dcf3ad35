//! The fire register 消防台账: certificates and their history, figures against a baseline, findings by rule, bulletins.

mod bulletins;
mod certificates;
mod figures;
mod imports;
mod rule;

use super::app::TestApp;
use super::build::{self, id, unique};
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use ureq::http::Method;
use yixun::access::Role;
use yixun::clock::Clock as _;
use yixun::directory::FacilityKind::{Institution, Station};

pub fn register(suite: &mut Suite) {
    certificates::register(suite);
    figures::register(suite);
    rule::register(suite);
    bulletins::register(suite);
    imports::register(suite);
}

/// A number that no other certificate of this run has.
pub fn number() -> String {
    format!("1944000000{:08}", unique())
}

/// The body of a certificate that is held since 2024.
pub fn held(facility: &str, number: &str) -> Value {
    json!({
        "facility_id": facility, "person": format!("人员{}", unique()), "level": "intermediate",
        "direction": "消防设施监控操作", "employer": "试验运营机构", "status": "held", "number": number,
        "issued_on": "2024-01-10", "expires_on": "2027-01-09", "since": "2024-01-10",
    })
}

/// The body of somebody who is registered for the examination.
pub fn registered(facility: &str) -> Value {
    json!({
        "facility_id": facility, "person": format!("人员{}", unique()), "level": "intermediate",
        "employer": "试验运营机构", "status": "registered", "since": "2026-06-01",
    })
}

/// `body` with some fields in place of its own.
pub fn with(mut body: Value, other: &Value) -> Value {
    for (name, value) in other.as_object().expect("fields") {
        body[name] = value.clone();
    }
    body
}

/// The id of the line that a clerk, or whoever it is, enters.
#[track_caller]
fn enter(app: &TestApp, by: Caller, body: &Value) -> String {
    later(app);
    id(&app.as_(by).post("/fire/certificates", body).created()["certificate"])
}

/// A drill, a training and equipment of a facility, as they are entered.
pub fn records(facility: &str) -> [(&'static str, Value); 3] {
    let drill = json!({
        "facility_id": facility, "held_on": "2026-06-10", "scenario": "夜间疏散失能老年人", "participants": 24,
    });
    let training = json!({
        "facility_id": facility, "person": "人员甲", "course": "消防设施操作", "organiser": "示例培训机构",
        "from_on": "2026-06-01", "to_on": "2026-06-02", "hours": 16, "passed": true,
    });
    let equipment = json!({
        "facility_id": facility, "kind": "extinguisher", "model": "MFZ/ABC4", "location": "一楼走廊", "quantity": 4,
        "placed_on": "2024-08-01", "expires_on": "2026-08-31",
    });
    [("/fire/drills", drill), ("/fire/trainings", training), ("/fire/equipment", equipment)]
}

/// Says that a facility has a control room.
#[track_caller]
fn room(app: &TestApp, facility: &str, more: &Value) -> Value {
    let path = format!("/fire/facilities/{facility}");
    let revision = app.as_(Caller::Supervisor).get(&path).revision();
    let body = with(json!({"control_room": true, "linkage": true, "since": "2024-01-01"}), more);
    let drafter = app.as_(Caller::At(Role::Drafter, Place::Everywhere));
    let tag = format!("\"{revision}\"");
    drafter.json(Method::PUT, &path, &[("If-Match", tag.as_str())], &body).ok()
}

#[track_caller]
fn overview(app: &TestApp, facility: &str, query: &str) -> Value {
    app.as_(Caller::Supervisor).get(&format!("/fire/facilities/{facility}{query}")).ok()
}

fn institution(app: &TestApp, place: Place) -> String {
    id(&build::facility(app, place, Institution))
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// Changes a certificate's line.
#[track_caller]
fn change(app: &TestApp, line: &str, body: &Value) -> super::client::Reply {
    let path = format!("/fire/certificates/{line}");
    let revision = app.as_(Caller::Supervisor).get(&path).revision();
    app.as_(Caller::Drafter).patch(&path, Some(revision), body)
}

/// The figures of a level.
fn level<'a>(figures: &'a Value, wanted: &str) -> &'a Value {
    let levels = figures["levels"].as_array().expect("levels");
    levels.iter().find(|l| l["level"] == wanted).unwrap_or_else(|| panic!("no {wanted} in {figures}"))
}

/// Moves the clock on, so that what follows is entered later and listed before.
fn later(app: &TestApp) {
    app.advance(TimeDelta::seconds(1));
}

fn own_station(app: &TestApp) -> String {
    app.world.facility(Place::Own, Station).to_string()
}

/// What business time is now, for arithmetic.
fn now(app: &TestApp) -> DateTime<Utc> {
    app.clock.now()
}
