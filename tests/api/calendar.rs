//! The working calendar: read, reckoned by, imported year by year; and what a new one does to due dates that rested on a
//! year which was not published. The arithmetic itself has its oracle beside it (`src/calendar/rules.rs`,
//! `tests/oracle/workdays.py`).

use super::app::TestApp;
use super::binary;
use super::build::{self, Inspection, calendar_version, id, inspection};
use super::client::Reply;
use super::findings::{self, detail};
use super::inspections::{facility, fresh, leaves_nothing, set_clock};
use super::letters;
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use serde_json::{Value, json};
use yixun::directory::FacilityKind::Station;
use yixun::reference::{self, Imported};

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_year_shows_what_differs,
        due_dates_are_reckoned,
        what_cannot_be_reckoned,
        a_year_is_imported_as_often_as_it_is_corrected,
        what_cannot_be_imported,
        a_published_year_moves_provisional_dates,
        provisional_dates_move_more_than_once,
        the_console_moves_them_too,
        a_letter_waits_for_the_calendar_or_says_why_not,
        the_program_reckons,
    );
}

const HEAD: &str = "date,kind,name,year_status\n";

/// A whole year 2027 with more days of its own.
fn year(status: &str, more: &[&str]) -> String {
    let fixed = ["01-01", "05-01", "10-01", "10-02", "10-03"].map(|day| format!("{day},holiday"));
    let rows = fixed.into_iter().chain(more.iter().map(|row| (*row).to_string()));
    rows.fold(HEAD.to_string(), |text, row| text + &format!("2027-{row},,{status}\n"))
}

fn put(app: &TestApp, csv: &str) -> Reply {
    app.as_(Caller::Admin).post("/calendar/imports", &json!({ "csv": csv }))
}

fn of_year(app: &TestApp, year: i32) -> Value {
    app.as_(Caller::Street).get(&format!("/calendar?year={year}")).ok()
}

fn a_year_shows_what_differs(app: &TestApp) {
    let published = of_year(app, 2026);
    assert_eq!(
        (&published["status"], &published["version"]),
        (&json!("confirmed"), &json!(calendar_version(app)))
    );
    let days = published["days"].as_array().expect("days");
    let kind_on = |date: &str| days.iter().find(|d| d["date"] == date).map(|d| d["kind"].clone());
    assert_eq!(kind_on("2026-10-01"), Some(json!("holiday")));
    assert_eq!(kind_on("2026-10-10"), Some(json!("makeup_workday")));
    assert_eq!(kind_on("2026-10-12"), None);
    let without = of_year(app, 2027);
    let none =
        json!({"year": 2027, "status": "provisional", "version": null, "imported_at": null, "days": []});
    assert_eq!(without, none);
    assert_eq!(app.as_(Caller::Street).get("/calendar").ok(), published, "the present year");
    let early = app.as_(Caller::Street).get("/calendar?year=1999");
    early.expect_at(422, "invalid_request", "/year", "out_of_range");
}

fn reckoned(app: &TestApp, query: &str) -> Value {
    app.as_(Caller::Operator).get(&format!("/calendar/reckon?{query}")).ok()
}

fn due_dates_are_reckoned(app: &TestApp) {
    let version = calendar_version(app);
    for (query, due_on, provisional) in [
        ("from=2026-09-30&days=1&unit=working_day", "2026-10-08", false),
        ("from=2026-09-28&days=3&unit=calendar_day", "2026-10-08", false),
        ("from=2026-09-28&days=3&unit=calendar_day&severity=serious", "2026-10-08", false),
        ("from=2026-09-28&days=3&unit=calendar_day&severity=major", "2026-10-01", false),
        ("from=2026-10-01&days=0&unit=working_day", "2026-10-01", false),
        ("from=2026-12-30&days=3&unit=calendar_day", "2027-01-04", true),
        ("from=2030-01-01&days=5&unit=working_day", "2030-01-08", true),
    ] {
        let told = reckoned(app, query);
        assert_eq!((&told["due_on"], &told["provisional"]), (&json!(due_on), &json!(provisional)), "{query}");
        assert_eq!(told["calendar_version"], json!(version));
        assert!(super::client::is_chinese(told["rule"].as_str().expect("a rule")), "{told}");
    }
}

fn what_cannot_be_reckoned(app: &TestApp) {
    let reader = app.as_(Caller::Operator);
    for (query, code) in [
        ("from=2026-09-30&days=1", "missing_field"),
        ("from=2026-02-30&days=1&unit=working_day", "wrong_type"),
        ("from=1999-12-31&days=1&unit=working_day", "out_of_range"),
        ("from=2026-09-30&days=3651&unit=working_day", "out_of_range"),
        ("from=2026-09-30&days=-1&unit=working_day", "wrong_type"),
        ("from=2026-09-30&days=1&unit=fortnight", "unknown_code"),
    ] {
        let refused = reader.get(&format!("/calendar/reckon?{query}")).is(422);
        assert_eq!(refused["errors"][0]["code"], code, "{query}");
    }
}

fn a_year_is_imported_as_often_as_it_is_corrected(app: &TestApp) {
    let versions = |app: &TestApp| app.as_(Caller::Supervisor).all("/calendar/imports");
    let first = calendar_version(app);
    assert_eq!(versions(app).len(), 1, "what every installation begins with");
    let files = [
        year("provisional", &[]),
        year("provisional", &["01-02,holiday"]),
        year("confirmed", &["01-02,holiday"]),
        year("confirmed", &["01-02,holiday", "01-03,makeup_workday"]),
    ];
    for (n, file) in (2..).zip(&files) {
        let answer = put(app, file).created();
        assert_eq!(answer["version"], json!(calendar_version(app)));
        assert_eq!(
            answer["years"],
            json!([{"year": 2027, "status": if n < 4 { "provisional" } else { "confirmed" }}])
        );
        assert_eq!(versions(app).len(), n, "a version of its own, also within a day");
        let again = put(app, file).ok();
        assert_eq!(
            (&again["version"], versions(app).len()),
            (&answer["version"], n),
            "the same again is none"
        );
        let now = of_year(app, 2027);
        assert_eq!((&now["version"], &now["status"]), (&answer["version"], &answer["years"][0]["status"]));
        assert_eq!(now["days"].as_array().map(Vec::len), answer["days"].as_u64().map(|days| days as usize));
    }
    assert_eq!(of_year(app, 2026)["version"], json!(first), "other years stay");
    let listed = versions(app);
    for (version, file) in listed.iter().rev().skip(1).zip(&files) {
        let name = version["version"].as_str().expect("a name");
        let kept = app.as_(Caller::Drafter).get(&format!("/calendar/imports/{name}")).ok();
        assert_eq!((&kept["csv"], &kept["seq"]), (&json!(file), &version["seq"]));
    }
    app.as_(Caller::Drafter).get("/calendar/imports/none").expect(404, "not_found");
    leaves_nothing(app, || put(app, &year("provisional", &[])).expect(409, "year_confirmed"));
    app.sequence();
    app.read(yixun::audit::verify);
}

fn what_cannot_be_imported(app: &TestApp) {
    let part = format!("{HEAD}2027-01-01,holiday,元旦,confirmed\n");
    for (csv, code) in [
        (part.as_str(), "incomplete_year"),
        ("date,kind\n2027-01-01,holiday\n", "missing_column"),
        (&format!("{HEAD}2027-01-04,makeup_workday,,provisional\n"), "inconsistent"),
    ] {
        leaves_nothing(app, || {
            put(app, csv).expect_at(422, "invalid_request", "/csv", code);
            json!(null)
        });
    }
    let tried = app.as_(Caller::Admin);
    let dry = |csv: String| tried.post("/calendar/imports", &json!({"csv": csv, "dry_run": true}));
    let nothing = leaves_nothing(app, || dry(year("confirmed", &[])).ok());
    assert_eq!((&nothing["days"], &nothing["version"]), (&json!(5), &Value::Null));
    dry(year("provisional", &[]).replace("2027", "2026")).expect(409, "year_confirmed");
}

/// A finding of an item that an officer serves on site.
fn served(app: &TestApp, code: &str) -> String {
    findings::found(app, &fresh(app, Station), code)
}

/// A third party's finding that a clerk confirms and serves with a due date of their own.
fn served_by_a_clerk(app: &TestApp, code: &str, due_on: &str) -> String {
    let seen: Inspection = inspection(app, &fresh(app, Station), &[code]).of_kind("supervision");
    let finding = id(&seen.put(&app.as_(Caller::ThirdParty)).created()["findings"][0]);
    let drafter = app.as_(Caller::Drafter);
    drafter.post(&format!("/findings/{finding}/confirmations"), &json!({})).ok();
    let path = format!("/findings/{finding}/services");
    let silent = json!({"method": "letter", "due_on": due_on});
    drafter.post(&path, &silent).expect_at(422, "required", "/note", "required");
    let body = json!({"method": "letter", "due_on": due_on, "note": "与街道商定"});
    drafter.post(&format!("/findings/{finding}/services"), &body).ok();
    finding
}

/// The due date, whether it is provisional, and the revision.
fn due(app: &TestApp, finding: &str) -> (String, bool, i64) {
    let now = detail(app, finding);
    let text = now["due_on"].as_str().expect("a due date").to_string();
    (text, now["due_provisional"] == true, now["revision"].as_i64().expect("a revision"))
}

fn last_event(app: &TestApp, finding: &str) -> Value {
    detail(app, finding)["events"].as_array().and_then(|events| events.last()).expect("an event").clone()
}

fn a_published_year_moves_provisional_dates(app: &TestApp) {
    set_clock(app, "2026-12-28T10:00:00");
    let certain = served(app, "YK-14");
    set_clock(app, "2026-12-30T10:00:00");
    let (later, same, earlier) = (served(app, "YK-14"), served(app, "YK-15"), served(app, "YK-06"));
    let (claimed, closed) = (served(app, "YK-14"), served(app, "YK-14"));
    let by_a_clerk = served_by_a_clerk(app, "YK-14", "2027-01-08");
    let claim = findings::claim_body(app, &[&build::Photo::new("after", None)]);
    app.as_(Caller::Street).post(&format!("/findings/{claimed}/rectifications"), &claim).ok();
    findings::close(app, &closed);
    let all = [&certain, &later, &same, &earlier, &claimed, &closed, &by_a_clerk];
    let before = all.map(|finding| due(app, finding));
    assert_eq!(
        before.each_ref().map(|(day, unsure, _)| (day.as_str(), *unsure)),
        [
            ("2026-12-31", false),
            ("2027-01-04", true),
            ("2027-01-06", true),
            ("2027-01-11", true),
            ("2027-01-04", true),
            ("2027-01-04", true),
            ("2027-01-08", false),
        ]
    );
    let old = calendar_version(app);
    set_clock(app, "2027-01-05T09:00:00");
    assert!(detail(app, &later)["overdue"] == true, "by the provisional date");

    let csv = year("confirmed", &["01-04,holiday", "01-09,makeup_workday"]);
    let answer = put(app, &csv).created();
    assert_eq!(answer["redated"], json!({"moved": 2, "settled": 1, "kept": 1}));
    let version = answer["version"].clone();
    let after = all.map(|finding| due(app, finding));
    assert_eq!(
        after.each_ref().map(|(day, unsure, _)| (day.as_str(), *unsure)),
        [
            ("2026-12-31", false),
            ("2027-01-05", false),
            ("2027-01-06", false),
            ("2027-01-11", false),
            ("2027-01-05", false),
            ("2027-01-04", true),
            ("2027-01-08", false),
        ]
    );
    let raised: Vec<i64> = before.iter().zip(&after).map(|(b, a)| a.2 - b.2).collect();
    assert_eq!(raised, [0, 1, 1, 1, 1, 0, 0], "an event each, and none of the others");
    assert!(detail(app, &later)["overdue"] == false, "due today");

    for (finding, told, now, reckoned, kept) in [
        (&later, "2027-01-04", "2027-01-05", "2027-01-05", false),
        (&same, "2027-01-06", "2027-01-06", "2027-01-06", false),
        (&earlier, "2027-01-11", "2027-01-11", "2027-01-09", true),
        (&claimed, "2027-01-04", "2027-01-05", "2027-01-05", false),
    ] {
        let event = last_event(app, finding);
        assert_eq!((&event["kind"], &event["from"]), (&json!("redated"), &event["to"]));
        let detail = json!({
            "due_before": told, "due_on": now, "reckoned": reckoned, "kept": kept, "provisional": false,
            "calendar_version_before": old, "calendar_version": version,
        });
        assert_eq!(event["detail"], detail);
    }
    let rule = detail(app, &earlier)["due_rule"].as_str().expect("a rule").to_string();
    assert!(rule.contains("2027-01-09") && rule.contains("不早于"), "{rule}");

    // What is certain by now stays, whatever is corrected.
    let answer = put(app, &year("confirmed", &["01-05,holiday", "01-06,holiday"])).created();
    assert_eq!(answer["redated"], json!({"moved": 0, "settled": 0, "kept": 0}));
    assert_eq!(all.map(|finding| due(app, finding)), after);
    app.sequence();
    app.read(yixun::audit::verify);
}

fn provisional_dates_move_more_than_once(app: &TestApp) {
    set_clock(app, "2026-12-30T10:00:00");
    let finding = served(app, "YK-14");
    for (file, told, redated) in [
        (year("provisional", &[]), ("2027-01-04", true), json!({"moved": 0, "settled": 0, "kept": 0})),
        (
            year("provisional", &["01-04,holiday"]),
            ("2027-01-05", true),
            json!({"moved": 1, "settled": 0, "kept": 0}),
        ),
        (
            year("provisional", &["01-03,makeup_workday"]),
            ("2027-01-05", true),
            json!({"moved": 0, "settled": 0, "kept": 0}),
        ),
        (
            year("confirmed", &["01-03,makeup_workday"]),
            ("2027-01-05", false),
            json!({"moved": 0, "settled": 0, "kept": 1}),
        ),
    ] {
        assert_eq!(put(app, &file).created()["redated"], redated);
        let (day, unsure, _) = due(app, &finding);
        assert_eq!((day.as_str(), unsure), told);
    }
    assert_eq!(last_event(app, &finding)["detail"]["reckoned"], "2027-01-03");
}

fn the_console_moves_them_too(app: &TestApp) {
    set_clock(app, "2026-12-30T10:00:00");
    let finding = served(app, "YK-14");
    let csv = year("confirmed", &["01-04,holiday"]);
    let tried = reference::import(&app.app, Imported::Calendar, csv.as_bytes(), true).expect("a dry run");
    assert!(tried.redated.is_none() && due(app, &finding).1);
    let done = reference::import(&app.app, Imported::Calendar, csv.as_bytes(), false).expect("an import");
    assert_eq!(done.redated.map(|r| (r.moved, r.settled, r.kept)), Some((1, 0, 0)));
    let event = last_event(app, &finding);
    assert_eq!((&event["kind"], &event["actor"]), (&json!("redated"), &json!("console:import")));
}

fn a_letter_waits_for_the_calendar_or_says_why_not(app: &TestApp) {
    set_clock(app, "2026-12-30T10:00:00");
    let campaign = id(&build::campaign(app, Place::Own, &[Station]));
    let station = facility(app, Place::Own, Station);
    let seen = inspection(app, &station, &["YK-14"]).of_campaign(&campaign);
    let finding = id(&seen.put_whole(&app.as_(Caller::Inspector))["findings"][0]);
    let letter = letters::drafted(app, &campaign).remove(0);
    let path = format!("/letters/{letter}");
    let drafter = app.as_(Caller::Drafter);
    let submit = |body: Value| drafter.post(&format!("{path}/submit"), &body);

    let problem = leaves_nothing(app, || submit(json!({})).expect(409, "provisional_due"));
    let number = detail(app, &finding)["number"].as_str().expect("a number").to_string();
    assert!(problem["detail"].as_str().expect("a detail").contains(&number), "{problem}");
    let short = submit(json!({"provisional_reason": "急"}));
    short.expect_at(422, "invalid_request", "/provisional_reason", "out_of_range");
    let forced = submit(json!({"provisional_reason": "年底前须送达街道"})).ok();
    assert_eq!(forced["provisional_reason"], "年底前须送达街道");
    let printed = serde_json::to_string(&letters::snapshot(app, &letter)).expect("JSON");
    assert!(printed.contains("2027年1月4日（暂定）"), "{printed}");

    // The calendar comes: what was frozen says something else than the ledger.
    put(app, &year("confirmed", &[])).created();
    letters::take(app, Caller::Reviewer, &letter, "approve").expect(409, "facts_changed");
    letters::take(app, Caller::Reviewer, &letter, "return").ok();
    let body = json!({"provisional_reason": "不再需要"});
    let certain = submit(body).ok();
    assert_eq!(certain["provisional_reason"], Value::Null, "nothing needs a reason any more");
    letters::take(app, Caller::Reviewer, &letter, "approve").ok();
    let printed = serde_json::to_string(&letters::snapshot(app, &letter)).expect("JSON");
    assert!(printed.contains("2027年1月4日") && !printed.contains("暂定"), "{printed}");
}

fn the_program_reckons(app: &TestApp) {
    let asked = app.folder().join("asked.txt");
    let run = |text: &str| {
        std::fs::write(&asked, text).expect("a file");
        let mut command = binary::yixun(app.folder());
        command.env("YIXUN_DATA_DIR", app.folder()).env("DATABASE_URL", app.database_url());
        command.arg("reckon").stdin(std::fs::File::open(&asked).expect("a file"));
        binary::run(&mut command)
    };
    let told = run("2026-09-30 1\n2026-10-08 -2\n2026-10-03 0\n2026-12-30 3\n").ok();
    assert_eq!(
        told,
        "2026-09-30 1 2026-10-08 confirmed\n2026-10-08 -2 2026-09-29 confirmed\n\
         2026-10-03 0 2026-10-03 confirmed\n2026-12-30 3 2027-01-04 provisional\n"
    );
    run("2026-09-30 1\n2026-09-31 1\n").refused(&["第 2 行", "2026-09-31 1"]);
}
