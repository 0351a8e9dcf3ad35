//! What the system reckons, counted again here from what the API tells of findings, inspections and the register.

use super::super::app::TestApp;
use super::super::build::{self, id};
use super::super::fire;
use super::super::letters::{close, inspected};
use super::super::people::{Caller, Place};
use super::super::suite::{Suite, both};
use super::{QUARTER, quarter, row};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use yixun::clock::{Clock as _, business_date};
use yixun::directory::FacilityKind::{Canteen, Institution, Station};

pub fn register(suite: &mut Suite) {
    both!(suite:
        nothing_is_reckoned_of_nothing,
        the_platform_and_the_inspectors_have_lists_of_their_own,
        coverage_and_signboards_are_counted_again,
        the_findings_of_a_quarter_are_counted_again,
        what_was_told_of_a_day_is_told_again,
        certificates_and_drills_come_from_the_register,
    );
}

fn parts(figures: &Value, code: &str) -> [Value; 3] {
    let r = row(figures, code);
    [r["numerator"].clone(), r["denominator"].clone(), r["value"].clone()]
}

fn of(numerator: &str, denominator: &str, value: &str) -> [Value; 3] {
    [json!(numerator), json!(denominator), json!(value)]
}

fn own(app: &TestApp) -> Value {
    quarter(app, Place::Own, "")
}

fn nothing_is_reckoned_of_nothing(app: &TestApp) {
    let figures = own(app);
    for r in figures["items"].as_array().expect("items") {
        assert_eq!((&r["value"], &r["text"], &r["met"]), (&Value::Null, &json!("—"), &Value::Null), "{r}");
    }
    assert_eq!(parts(&figures, "on_time"), [json!("0"), json!("0"), Value::Null], "neither 0 nor 100 %");
    let street = app.world.area(Place::Own);
    let next = format!("/indicators/values?street_id={street}&year=2026&quarter=4");
    let next = app.as_(Caller::Street).get(&next).ok();
    assert!(
        next["items"].as_array().expect("items").iter().all(|r| r["as_of"].is_null()),
        "it has not begun"
    );
    let no_street = format!("/indicators/values?street_id={}&{QUARTER}", app.world.area(Place::District));
    app.as_(Caller::Supervisor).get(&no_street).expect(404, "not_found");
}

fn the_platform_and_the_inspectors_have_lists_of_their_own(app: &TestApp) {
    let drafter = app.as_(Caller::Drafter);
    let stations: Vec<String> = (0..3).map(|_| id(&build::facility(app, Place::Own, Station))).collect();
    for (n, (status, on)) in [("运营", "2026-07-20"), ("暂停", "2026-07-01")].into_iter().enumerate() {
        let body = json!({"platform_status": status, "platform_status_on": on});
        drafter.patch(&format!("/facilities/{}", stations[n]), Some(1), &body).ok();
    }
    let platform = row(&own(app), "station_platform");
    assert_eq!(parts(&own(app), "station_platform"), of("1", "2", "50"), "two have a word of the platform");
    assert_eq!(platform["as_of"], "2026-07-01", "no younger than its oldest word");
    assert_eq!(parts(&own(app), "station_observed"), [Value::Null, Value::Null, Value::Null]);
    // The one that the platform calls suspended is found open, the third is found shut.
    for (station, found) in
        [(&stations[1], "operating"), (&stations[2], "operating"), (&stations[2], "closed")]
    {
        app.advance(TimeDelta::hours(1));
        let mut seen = build::inspection(app, station, &[]);
        seen.body["observed_status"] = json!(found);
        seen.put(&app.as_(Caller::Inspector)).created();
    }
    assert_eq!(parts(&own(app), "station_observed"), of("1", "2", "50"), "the last look counts");
    assert_eq!(parts(&own(app), "station_platform"), of("1", "2", "50"), "and changes nothing here");
    assert_eq!(parts(&quarter(app, Place::Sibling, ""), "station_platform")[0], Value::Null);
}

fn coverage_and_signboards_are_counted_again(app: &TestApp) {
    let extra = id(&build::facility(app, Place::Own, Station));
    let campaign = id(&build::campaign(app, Place::District, &[Station, Canteen]));
    let seen = build::inspection(app, &extra, &[]).of_campaign(&campaign);
    seen.put(&app.as_(Caller::Inspector)).created();
    assert_eq!(parts(&own(app), "coverage_station"), of("0", "2", "0"), "its photos are missing");
    inspected(app, Place::Own, Station, &campaign, &[]);
    inspected(app, Place::Sibling, Canteen, &campaign, &[]);
    let targets = app.as_(Caller::Supervisor).all(&format!("/campaigns/{campaign}/targets"));
    for place in [Place::Own, Place::Sibling] {
        let street = app.world.area(place).to_string();
        for (code, kind) in [("coverage_station", "station"), ("coverage_canteen", "canteen")] {
            let here: Vec<&Value> =
                targets.iter().filter(|t| t["street_id"] == json!(street) && t["kind"] == kind).collect();
            let done = here.iter().filter(|t| t["state"] == "done").count();
            let told = parts(&quarter(app, place, ""), code);
            assert_eq!(
                told[..2],
                [json!(done.to_string()), json!(here.len().to_string())],
                "{place:?} {code}"
            );
        }
    }
    assert_eq!(parts(&own(app), "signboard"), of("1", "2", "50"), "a photo of YK-01 of the complete one");
    assert_eq!(
        parts(&own(app), "coverage_center"),
        [Value::Null, Value::Null, Value::Null],
        "none was planned"
    );
}

/// Findings in every standing that the rates know: closed in time, closed late, overdue, running, withdrawn, repeated.
fn told_stories(app: &TestApp) -> Vec<String> {
    let campaign = id(&build::campaign(app, Place::Own, &[Station, Canteen]));
    let found =
        inspected(app, Place::Own, Station, &campaign, &["YK-02", "YK-06", "YK-14", "YK-15", "YK-18"]);
    close(app, Place::Own, &found[0]);
    let mistake = format!("/findings/{}/withdrawals", found[1]);
    app.as_(Caller::Reviewer).post(&mistake, &json!({"reason": "误报"})).ok();
    app.advance(TimeDelta::days(1));
    inspected(app, Place::Own, Station, &campaign, &["YK-02"]);
    inspected(app, Place::Own, Canteen, &campaign, &["FT-08"]);
    found
}

/// The third quarter's findings of the own street as the API tells them.
fn findings(app: &TestApp) -> Vec<Value> {
    let street = app.world.area(Place::Own);
    app.as_(Caller::Supervisor).all(&format!("/findings?street_id={street}"))
}

fn day_of(at: &Value) -> Option<NaiveDate> {
    at.as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok()).map(business_date)
}

/// Hundredths of a percent or of a number, rounded half up, as a decimal.
fn quotient(numerator: i64, scale: i64, denominator: i64) -> Value {
    if denominator == 0 {
        return Value::Null;
    }
    let hundredths = (2 * numerator * scale + denominator) / (2 * denominator);
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    json!(text.trim_end_matches('0').trim_end_matches('.'))
}

/// Compares what is told with a count of one's own.
fn recount(app: &TestApp) {
    let (all, today) = (findings(app), business_date(app.clock.now()));
    let states =
        |wanted: &[&str]| all.iter().filter(|f| wanted.iter().any(|w| f["state"] == *w)).collect::<Vec<_>>();
    let due = |f: &Value| f["due_on"].as_str().and_then(|d| d.parse::<NaiveDate>().ok());
    let claimed = |f: &Value| {
        let detail = app.as_(Caller::Supervisor).get(&format!("/findings/{}", id(f))).ok();
        let claims = detail["rectifications"].as_array().cloned().unwrap_or_default();
        claims.iter().filter_map(|c| day_of(&c["created_at"])).max()
    };
    let in_time = |f: &Value| claimed(f).zip(due(f)).is_some_and(|(on, due)| on <= due);
    let closed = states(&["closed"]);
    let late: Vec<&Value> = states(&["served", "returned", "rectified", "checked"])
        .into_iter()
        .filter(|f| due(f).is_some_and(|d| d < today))
        .collect();
    let failed = late
        .iter()
        .filter(|f| !(in_time(f) && (f["state"] == "rectified" || f["state"] == "checked")))
        .count();
    let confirmed = (all.len() - states(&["withdrawn"]).len() - states(&["open"]).len()) as i64;
    let on_time = closed.iter().filter(|f| in_time(f)).count() as i64;
    let repeats =
        all.iter().filter(|f| !f["repeat_of"].is_null() && f["state"] != "withdrawn").count() as i64;
    let figures = own(app);
    let text = |n: i64| json!(n.to_string());
    let judged = (closed.len() + failed) as i64;
    assert_eq!(parts(&figures, "on_time"), [text(on_time), text(judged), quotient(on_time, 10_000, judged)]);
    assert_eq!(parts(&figures, "overdue")[0], text(late.len() as i64));
    assert_eq!(
        parts(&figures, "relapse"),
        [text(repeats), text(confirmed), quotient(repeats, 10_000, confirmed)]
    );
    let inspections = app.as_(Caller::Supervisor).all("/inspections");
    let street = app.world.area(Place::Own).to_string();
    let here: BTreeSet<String> = inspections
        .iter()
        .filter(|i| i["street_id"] == json!(street) && i["state"] == "complete")
        .map(|i| i["facility_id"].to_string())
        .collect();
    let facilities = here.len() as i64;
    assert_eq!(
        parts(&figures, "findings_per_facility"),
        [text(confirmed), text(facilities), quotient(confirmed, 100, facilities)]
    );
    let ledger = format!("/ledger/summary?street_id={street}&found_from=2026-07-01&found_to=2026-09-30");
    let ledger = app.as_(Caller::Supervisor).get(&ledger).ok();
    assert_eq!(
        parts(&figures, "on_time")[..2],
        [
            json!(ledger["on_time"]["numerator"].to_string()),
            json!(ledger["on_time"]["denominator"].to_string())
        ],
        "the ledger's own rate"
    );
    let waited = |f: &Value| {
        let days = app.as_(Caller::Supervisor).get(&format!("/findings/{}", id(f))).ok()["days"].clone();
        days["operator"].as_i64().unwrap_or(0) + days["street"].as_i64().unwrap_or(0)
    };
    let (days, count) = (closed.iter().map(|f| waited(f)).sum::<i64>(), closed.len() as i64);
    assert_eq!(parts(&figures, "mean_days"), [text(days), text(count), quotient(days, 100, count)]);
}

fn the_findings_of_a_quarter_are_counted_again(app: &TestApp) {
    let found = told_stories(app);
    recount(app);
    assert!(findings(app).iter().any(|f| !f["repeat_of"].is_null()), "one is repeated");
    // On the day itself nobody waited over a midnight; a week later one waits that long for its operator.
    assert_eq!(parts(&own(app), "mean_days"), of("0", "1", "0"));
    app.advance(TimeDelta::days(7));
    recount(app);
    close(app, Place::Own, &found[2]);
    recount(app);
    assert_eq!(
        parts(&own(app), "mean_days"),
        of("8", "2", "4"),
        "found on the third, put right on the eleventh"
    );
    app.advance(TimeDelta::days(60));
    recount(app);
    let late = row(&own(app), "overdue");
    assert!(late["numerator"].as_str().is_some_and(|n| n != "0"), "{late}");
    // The next quarter has begun: what is found now is not this quarter's.
    let before = own(app);
    let campaign = id(&build::campaign(app, Place::Own, &[Canteen]));
    inspected(app, Place::Own, Canteen, &campaign, &["FT-10"]);
    assert_eq!(parts(&own(app), "findings_per_facility"), parts(&before, "findings_per_facility"));
}

fn what_was_told_of_a_day_is_told_again(app: &TestApp) {
    let codes = ["on_time", "overdue", "relapse", "mean_days", "findings_per_facility", "coverage_station"];
    let told = |figures: &Value| codes.map(|code| row(figures, code));
    let found = told_stories(app);
    let mut answers = vec![];
    for step in 0..4 {
        answers.push((business_date(app.clock.now()), told(&own(app))));
        if step == 0 {
            let body = json!({"due_on": "2026-10-20", "reason": "已与街道商定"});
            app.as_(Caller::Drafter).post(&format!("/findings/{}/deadlines", found[4]), &body).ok();
        }
        app.advance(TimeDelta::days(5));
        match step {
            0 => close(app, Place::Own, &found[2]),
            1 => close(app, Place::Own, &found[3]),
            _ => {
                let extra = id(&build::facility(app, Place::Own, Station));
                build::inspection(app, &extra, &["YK-02"]).put_whole(&app.as_(Caller::Inspector));
            }
        }
    }
    app.advance(TimeDelta::days(30));
    assert_ne!(told(&own(app)), answers[3].1);
    for (day, then) in answers {
        assert_eq!(told(&quarter(app, Place::Own, &format!("&as_of={day}"))), then, "{day}");
    }
}

fn certificates_and_drills_come_from_the_register(app: &TestApp) {
    let drafter = app.as_(Caller::Drafter);
    let homes: Vec<String> = (0..2).map(|_| id(&build::facility(app, Place::Own, Institution))).collect();
    assert_eq!(parts(&own(app), "certificates")[0], Value::Null, "the register knows nobody here");
    for home in &homes {
        let body = json!({"control_room": true, "linkage": true, "since": "2025-01-01"});
        let path = format!("/fire/facilities/{home}");
        drafter.json(ureq::http::Method::PUT, &path, &[("If-Match", "\"0\"")], &body).ok();
    }
    // Eight in the first house, where six are needed, and one in the second: the two too many do not stand in there.
    for home in [&homes[0]; 8].into_iter().chain([&homes[1]]) {
        app.advance(TimeDelta::seconds(1));
        drafter.post("/fire/certificates", &fire::held(home, &fire::number())).created();
    }
    drafter.post("/fire/certificates", &fire::registered(&homes[1])).created();
    let (drill, body) = &fire::records(&homes[0])[0];
    drafter.post(drill, body).created();
    let figures = own(app);
    assert_eq!(parts(&figures, "certificates"), of("7", "12", "58.33"));
    assert_eq!(parts(&figures, "certificates_intermediate")[0], json!("9"), "nobody who is only registered");
    assert_eq!(parts(&figures, "drills"), of("1", "2", "50"), "the second house has been due since January");
    assert_eq!(parts(&quarter(app, Place::Sibling, ""), "drills")[0], Value::Null);
}
