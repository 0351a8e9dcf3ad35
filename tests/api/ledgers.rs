//! What is kept beside and read over the findings: those of other sources, groups, the ledger and its figures, centres' project
//! lines, supervisors' opinions, and everybody's list of the day.

mod annex;
mod groups;
mod lines;
mod opinions;
mod origins;
mod projects;
mod today;

use super::app::TestApp;
use super::build::Photo;
use super::client::Reply;
use super::findings::claim_body;
use super::people::{Caller, Place};
use super::suite::Suite;
use chrono::TimeDelta;
use serde_json::{Value, json};
use yixun::access::Role;
use yixun::db::types::Coded as _;

pub fn register(suite: &mut Suite) {
    annex::register(suite);
    origins::register(suite);
    groups::register(suite);
    lines::register(suite);
    projects::register(suite);
    opinions::register(suite);
    today::register(suite);
}

/// A step of a finding; a minute passes before it.
#[track_caller]
fn step(app: &TestApp, by: Caller, finding: &str, what: &str, body: &Value) -> Reply {
    app.advance(TimeDelta::minutes(1));
    app.as_(by).post(&format!("/findings/{finding}/{what}"), body)
}

/// Claims with one proof, which arrives.
#[track_caller]
fn claim(app: &TestApp, by: Caller, finding: &str, measures: &str) {
    let proof = Photo::new("after", None);
    let mut body = claim_body(app, &[&proof]);
    body["measures"] = json!(measures);
    step(app, by, finding, "rectifications", &body).ok();
    proof.put(&app.as_(by)).created();
}

#[track_caller]
fn check(app: &TestApp, finding: &str, result: &str) {
    step(app, Caller::SecondStreet, finding, "checks", &json!({"result": result, "note": "街道核对"})).ok();
}

#[track_caller]
fn close(app: &TestApp, by: Caller, finding: &str) {
    step(app, by, finding, "closures", &json!({"note": "材料齐全，同意销号"})).ok();
}

/// Gives somebody one more role in the own street.
#[track_caller]
fn also(app: &TestApp, who: Caller, role: Role) {
    let body = json!({"role": role.code(), "area_id": app.world.area(Place::Own)});
    app.as_(Caller::SecurityAdmin).post(&format!("/users/{}/grants", app.user(who)), &body).created();
}

/// An entry by hand of an item at a facility.
fn entry(facility: &str, code: &str, source: &str) -> Value {
    json!({
        "facility_id": facility, "item_code": code, "description": "疏散通道堆放杂物", "source": source,
        "received_on": "2026-08-03",
    })
}

/// The fire brigade's document about an item at a facility.
fn notice(facility: &str, code: &str, number: &str, due_on: &str) -> Value {
    let mut body = entry(facility, code, "fire");
    body["document_number"] = json!(number);
    body["document_date"] = json!("2026-08-01");
    body["due_on"] = json!(due_on);
    body
}
