//! Phones that were away: a clock that is wrong by years, days that end in Guangzhou and not in Greenwich, a token that
//! ran out in a basement, an answer that was lost on the way. Times of the phone are claims beside the server's own.

use super::app::TestApp;
use super::build::{Inspection, id, inspection};
use super::client::Api;
use super::findings::detail;
use super::inspections::{fresh, set_clock};
use super::people::{Caller, PASSWORD, Person};
use super::suite::{Suite, both};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use yixun::access::tokens;
use yixun::clock::{Clock as _, machine_now};
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_wrong_phone_clock_moves_nothing,
        the_order_is_the_servers,
        the_year_ends_in_guangzhou,
        the_twenty_ninth_of_february,
        work_done_offline_is_kept_after_a_refresh,
        a_refresh_whose_answer_was_lost,
    );
}

/// An inspection of a new station, one item failing, whose phone says that it began then.
fn claimed(app: &TestApp, began: &str) -> Inspection {
    let mut built = inspection(app, &fresh(app, Station), &["YK-14"]);
    built.body["visit"]["started_at"] = json!(began);
    let visit = built.body["visit"].as_object_mut().expect("a visit");
    visit.remove("ended_at");
    built
}

/// What the server makes of the time: of the record and of its finding.
fn dated(app: &TestApp, receipt: &Value) -> Vec<Value> {
    let finding = detail(app, &id(&receipt["findings"][0]));
    let fields = ["found_at", "served_at", "due_on", "due_rule", "calendar_version", "due_provisional"];
    let mut dates = vec![receipt["received_at"].clone()];
    dates.extend(fields.map(|field| finding[field].clone()));
    dates.extend(finding["events"].as_array().expect("events").iter().map(|event| event["at"].clone()));
    dates
}

const CLAIMS: [&str; 7] = [
    "2026-08-03T09:00:00+08:00",
    "1970-01-01T00:00:00Z",
    "2000-02-29T23:59:59-12:00",
    "2026-08-03T09:00:00+14:00",
    "2028-02-29T00:00:00+08:00",
    "2038-01-19T03:14:08Z",
    "2099-12-31T23:59:59.999999+08:00",
];

fn a_wrong_phone_clock_moves_nothing(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let mut told = BTreeSet::new();
    for began in CLAIMS {
        let built = claimed(app, began);
        let receipt = built.put(&inspector).created();
        told.insert(json!(dated(app, &receipt)).to_string());
        let kept =
            inspector.get(&format!("/visits/{}", built.body["visit"]["id"].as_str().expect("an id"))).ok();
        let time = |text: &Value| text.as_str().and_then(|t| t.parse::<chrono::DateTime<chrono::Utc>>().ok());
        assert_eq!(time(&kept["started_at"]), time(&json!(began)), "the claim is kept as it is");
        assert_eq!(kept["received_at"], json!(app.clock.now()));
    }
    assert_eq!(told.len(), 1, "the phone's time decides nothing: {told:?}");
}

fn the_order_is_the_servers(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let mut sent = vec![];
    for began in CLAIMS {
        app.advance(TimeDelta::minutes(1));
        let built = claimed(app, began);
        sent.push(id(&built.put(&inspector).created()));
    }
    let listed: Vec<String> = inspector.all("/inspections").iter().map(id).collect();
    assert_eq!(listed, sent.iter().rev().cloned().collect::<Vec<_>>(), "the last received first");
    let numbers: Vec<Value> =
        app.as_(Caller::Supervisor).all("/findings").iter().map(|f| f["number"].clone()).collect();
    let mut falling = numbers.clone();
    falling.sort_by_key(|number| std::cmp::Reverse(number.to_string()));
    assert_eq!(numbers, falling, "numbers run with the server's time");
}

fn finding_at(app: &TestApp, at: &str) -> Value {
    set_clock(app, at);
    let receipt = claimed(app, at_claim(at).as_str()).put(&app.as_(Caller::Inspector)).created();
    detail(app, &id(&receipt["findings"][0]))
}

fn at_claim(at: &str) -> String {
    format!("{at}+08:00")
}

fn the_year_ends_in_guangzhou(app: &TestApp) {
    let year = |finding: &Value| finding["number"].as_str().map(|n| n[10..14].to_string()).expect("a number");
    let old = finding_at(app, "2026-12-31T23:59:59");
    let new = finding_at(app, "2027-01-01T00:00:00");
    assert_eq!((year(&old), year(&new)), ("2026".into(), "2027".into()));
    assert!(new["number"].as_str().is_some_and(|n| n.ends_with("-0001")), "{new}");
    // Seen from Greenwich both are of the 31st.
    assert_eq!(old["found_at"], json!("2026-12-31T15:59:59Z"));
    assert_eq!(new["found_at"], json!("2026-12-31T16:00:00Z"));
    // Three days from the day of service, which is not counted; nobody knows the holidays of 2027 yet.
    assert_eq!((&old["due_on"], &new["due_on"]), (&json!("2027-01-04"), &json!("2027-01-04")));
    assert_eq!((&old["due_provisional"], &new["due_provisional"]), (&json!(true), &json!(true)));
}

fn the_twenty_ninth_of_february(app: &TestApp) {
    let eve = finding_at(app, "2028-02-28T23:59:59");
    let day = finding_at(app, "2028-02-29T00:00:00");
    let late = finding_at(app, "2028-02-29T23:59:59");
    assert_eq!(eve["due_on"], "2028-03-02", "28 + 3 days of a leap year");
    assert_eq!((&day["due_on"], &late["due_on"]), (&json!("2028-03-03"), &json!("2028-03-03")));
    let plain = finding_at(app, "2027-02-28T12:00:00");
    assert_eq!(plain["due_on"], "2027-03-03");
    let overdue = |app: &TestApp| app.as_(Caller::Supervisor).all("/findings?overdue=true").len();
    set_clock(app, "2028-03-02T23:59:59");
    let before = overdue(app);
    set_clock(app, "2028-03-03T00:00:00");
    assert_eq!(overdue(app), before + 1, "late when the day after begins here");
}

fn expired(app: &TestApp, caller: Caller) -> String {
    let Person { user, session } = app.world.person(caller);
    tokens::issue(&app.app.keys[0], user, session, 0, machine_now() - TimeDelta::days(2)).expect("a token")
}

fn with_token<'a>(app: &'a TestApp, tokens: &Value) -> Api<'a> {
    app.with_token(tokens["access_token"].as_str().expect("a token"))
}

fn work_done_offline_is_kept_after_a_refresh(app: &TestApp) {
    let login = json!({"username": Caller::Inspector.username(), "password": PASSWORD});
    let before = app.anyone().post("/auth/login", &login).ok();
    let built = claimed(app, "2026-08-01T09:00:00+08:00");
    let stale = app.with_token(expired(app, Caller::Inspector));
    built.put(&stale).expect(401, "token_expired");
    built.photos[0].put(&stale).expect(401, "token_expired");
    let next = app.anyone().post("/auth/refresh", &json!({"refresh_token": before["refresh_token"]})).ok();
    let api = with_token(app, &next);
    assert_eq!(built.put_whole(&api)["received_at"], json!(app.clock.now()));
    assert_eq!(built.put(&api).ok()["state"], "complete");
}

fn a_refresh_whose_answer_was_lost(app: &TestApp) {
    let login = json!({"username": Caller::Inspector.username(), "password": PASSWORD});
    let first = app.anyone().post("/auth/login", &login).ok();
    let refresh = |token: &Value| app.anyone().post("/auth/refresh", &json!({ "refresh_token": token }));
    let lost = refresh(&first["refresh_token"]).ok();
    let again = refresh(&first["refresh_token"]).ok();
    assert_eq!(lost["refresh_token"], again["refresh_token"]);
    let built = claimed(app, "2026-08-01T09:00:00+08:00");
    built.put(&with_token(app, &again)).created();
    built.put(&with_token(app, &lost)).ok();
}
