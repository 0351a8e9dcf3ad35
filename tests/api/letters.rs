//! Letters from the draft to the document. What a letter prints is read back from its frozen snapshot, of which the
//! document must be the rendering, byte for byte; `golden` looks at where things stand on the page. What the stories have in
//! common stands here, each story in a file of its own.

mod copies;
mod counts;
mod documents;
mod drafts;
mod moved;
mod numbers;
mod readers;
mod steps;

use super::app::TestApp;
use super::build::{self, Photo, id, inspection};
use super::client::Reply;
use super::people::{Caller, Place};
use super::suite::Suite;
use diesel::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use yixun::access::Role;
use yixun::clock::{Clock as _, business_date};
use yixun::db::schema;
use yixun::directory::FacilityKind::{self, Station};
use yixun::ids::LetterId;
use yixun::letters::letter::Letter;

pub fn register(suite: &mut Suite) {
    drafts::register(suite);
    steps::register(suite);
    numbers::register(suite);
    moved::register(suite);
    documents::register(suite);
    copies::register(suite);
    readers::register(suite);
    counts::register(suite);
}

/// Late enough for every test.
const REPLY_DUE: &str = "2027-03-01";

/// A campaign over the district with the stations of two streets as targets.
fn stations(app: &TestApp) -> String {
    id(&build::campaign(app, Place::District, &[Station]))
}

fn batch_of(campaign: &str) -> Value {
    json!({"campaign_id": campaign, "reply_due": REPLY_DUE})
}

fn listed(answer: &Value) -> Vec<Value> {
    answer["letters"].as_array().unwrap_or_else(|| panic!("no letters in {answer}")).clone()
}

/// Drafts the letters of a campaign; the own street's comes first.
#[track_caller]
pub fn drafted(app: &TestApp, campaign: &str) -> Vec<String> {
    let answer = app.as_(Caller::Drafter).post("/letters/batch", &batch_of(campaign)).created();
    listed(&answer).iter().map(id).collect()
}

/// Takes a step of a letter.
pub fn take(app: &TestApp, by: Caller, letter: &str, step: &str) -> Reply {
    let path = format!("/letters/{letter}/{step}");
    match step {
        "issue" => app.as_(by).post("/letters/batch/issue", &json!({"letter_ids": [letter]})),
        "return" => app.as_(by).post(&path, &json!({"reason": "表述有误，请修改"})),
        _ => app.as_(by).post(&path, &json!({})),
    }
}

/// Who takes a step in daily work.
fn usual(step: &str) -> Caller {
    match step {
        "submit" => Caller::Drafter,
        "issue" => Caller::Issuer,
        _ => Caller::Reviewer,
    }
}

#[track_caller]
fn advance(app: &TestApp, letter: &str, steps: &[&str]) {
    for step in steps {
        take(app, usual(step), letter, step).ok();
    }
}

/// Drafts the letters of a campaign and takes them to the approval.
#[track_caller]
fn approved(app: &TestApp, campaign: &str) -> Vec<String> {
    let letters = drafted(app, campaign);
    letters.iter().for_each(|letter| advance(app, letter, &["submit", "approve"]));
    letters
}

fn issue<Id: serde::Serialize>(app: &TestApp, letters: &[Id]) -> Reply {
    app.as_(Caller::Issuer).post("/letters/batch/issue", &json!({ "letter_ids": letters }))
}

#[track_caller]
fn view(app: &TestApp, letter: &str) -> Value {
    app.as_(Caller::Registrar).get(&format!("/letters/{letter}")).ok()
}

fn document(app: &TestApp, by: Caller, letter: &str) -> Reply {
    app.as_(by).get(&format!("/letters/{letter}/document.pdf"))
}

/// The step is refused with this code, and the letter is as it was.
#[track_caller]
fn is_refused(app: &TestApp, by: Caller, letter: &str, step: &str, code: &str) {
    let before = view(app, letter);
    let reply = take(app, by, letter, step);
    if step == "issue" {
        reply.expect_at(409, "not_all_issuable", "/letter_ids/0", code);
    } else {
        reply.expect(409, code);
    }
    assert_eq!(view(app, letter), before, "{step}");
}

/// The letter as it was frozen.
pub fn snapshot(app: &TestApp, letter: &str) -> Letter {
    let letter: LetterId = letter.parse().expect("an id");
    let kept: Option<String> = app
        .read(|conn| Ok(schema::letter::table.find(letter).select(schema::letter::snapshot).first(conn)?));
    serde_json::from_str(&kept.expect("a submitted letter")).expect("a letter")
}

/// A bureau officer's whole inspection of the template's facility for a campaign; gives its findings.
#[track_caller]
pub fn inspected(
    app: &TestApp,
    place: Place,
    kind: FacilityKind,
    campaign: &str,
    failing: &[&str],
) -> Vec<String> {
    let facility = app.world.facility(place, kind).to_string();
    let built = inspection(app, &facility, failing).of_campaign(campaign);
    let answer = built.put_whole(&app.as_(Caller::Inspector));
    answer["findings"].as_array().expect("findings").iter().map(id).collect()
}

/// Takes a served 一般 finding that a photo proves off the ledger.
#[track_caller]
pub fn close(app: &TestApp, place: Place, finding: &str) {
    let street = app.as_(Caller::At(Role::Street, place));
    let at = |step: &str| format!("/findings/{finding}/{step}");
    let proof = Photo::new("after", None);
    let today = business_date(app.clock.now());
    let claim = json!({"claimed_on": today, "measures": "已按要求整改", "photos": [proof.declared()]});
    street.post(&at("rectifications"), &claim).ok();
    proof.put(&street).created();
    street.post(&at("checks"), &json!({"result": "skipped", "note": "街道未安排初核"})).ok();
    app.as_(Caller::Drafter).post(&at("closures"), &json!({"note": "材料齐全，予以销号"})).ok();
}

/// The pointers of a problem.
fn pointers(problem: &Value) -> BTreeSet<String> {
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| error["pointer"].as_str().expect("a pointer").to_string()).collect()
}

fn numbers(answer: &Value) -> Vec<String> {
    listed(answer).iter().map(|letter| letter["number"].as_str().expect("a number").to_string()).collect()
}
