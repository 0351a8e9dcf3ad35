//! The ledger: rows, the table, figures and exceptions, against the findings themselves.

use super::{also, check, claim, close, entry, step};
use crate::app::TestApp;
use crate::build::{id, inspection};
use crate::findings::{detail, found};
use crate::inspections::{facility, fresh, set_clock};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use yixun::access::Role;
use yixun::directory::FacilityKind::{Canteen, Station};

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_row_says_who_does_what_by_when,
        rows_are_filtered_like_findings,
        the_table_is_safe_in_a_spreadsheet,
        figures_say_what_they_are_made_of,
        exceptions_come_from_the_events,
        a_relapse_is_counted,
    );
}

#[track_caller]
fn row(app: &TestApp, finding: &str) -> Value {
    let rows = app.as_(Caller::Supervisor).all("/ledger");
    rows.into_iter().find(|r| id(r) == finding).expect("a row")
}

fn a_row_says_who_does_what_by_when(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    let told = row(app, &finding);
    assert_eq!(
        (&told["measure"], &told["claimed_on"], &told["closed_by"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    let named =
        json!({"unit": "试验运营机构", "post": "安全主管", "person": "试验己", "reason": "指定责任人"});
    step(app, Caller::Street, &finding, "assignments", &named).ok();
    set_clock(app, "2026-08-05T10:00:00");
    claim(app, Caller::Operator, &finding, "清理通道并张贴标识");
    set_clock(app, "2026-08-06T10:00:00");
    check(app, &finding, "pass");
    set_clock(app, "2026-08-08T10:00:00");
    close(app, Caller::Drafter, &finding);
    let told = row(app, &finding);
    let seen = detail(app, &finding);
    for same in
        ["number", "source", "state", "due_on", "due_original", "facility_name", "street_id", "overdue"]
    {
        assert_eq!(told[same], seen[same], "{same}");
    }
    assert_eq!(told["problem"], seen["description"]);
    assert_eq!(told["measure"], "清理通道并张贴标识");
    assert_eq!(
        (&told["responsible_post"], &told["responsible_person"]),
        (&json!("安全主管"), &json!("试验己"))
    );
    let days = ["found_on", "claimed_on", "claim_received_on", "closed_on"]
        .map(|d| told[d].as_str().expect("a day"));
    assert_eq!(days, ["2026-08-03", "2026-08-05", "2026-08-05", "2026-08-08"]);
    assert!(told["closed_by"].is_string() && told["street_name"].is_string());
    assert_eq!((&told["proofs_received"], &told["proofs_expected"]), (&json!(1), &json!(1)));
    assert_eq!(told["days"], json!({"operator": 2, "street": 1, "bureau": 2, "other": 0}));
    assert_eq!(told["days"], seen["days"]);
    assert_eq!(told["exceptions"], json!([]));
}

fn rows_are_filtered_like_findings(app: &TestApp) {
    let own = found(app, &facility(app, Place::Own, Station), "YK-14");
    found(app, &facility(app, Place::Own, Canteen), "YK-15");
    found(app, &facility(app, Place::Sibling, Station), "YK-14");
    set_clock(app, "2026-08-10T10:00:00");
    let mut entered = entry(&facility(app, Place::Own, Canteen), "YK-18", "xuncha");
    entered["received_on"] = json!("2026-08-10");
    let made = app.as_(Caller::Drafter).post("/findings", &entered).created();
    let xuncha = id(&made["finding"]);
    let ids = |by: Caller, path: &str| -> BTreeSet<String> { app.as_(by).all(path).iter().map(id).collect() };
    let street = app.world.area(Place::Own);
    let station = facility(app, Place::Own, Station);
    for query in [
        String::new(),
        format!("street_id={street}"),
        format!("facility_id={station}"),
        "overdue=true".into(),
        "state=served".into(),
    ] {
        for caller in [Caller::Drafter, Caller::Street, Caller::Operator, Caller::Supervisor, Caller::Fire] {
            let rows = ids(caller, &format!("/ledger?{query}"));
            assert_eq!(rows, ids(caller, &format!("/findings?{query}")), "{caller:?} {query}");
        }
    }
    assert_eq!(ids(Caller::Drafter, "/ledger").len(), 4);
    assert_eq!(ids(Caller::Drafter, "/ledger?source=xuncha"), [xuncha.clone()].into());
    assert_eq!(ids(Caller::Drafter, "/ledger?found_from=2026-08-04"), [xuncha.clone()].into());
    assert_eq!(ids(Caller::Drafter, "/ledger?found_to=2026-08-03").len(), 3);
    assert!(ids(Caller::Drafter, "/ledger?found_from=2026-08-04&found_to=2026-08-09").is_empty());
    let plan = json!({
        "kind": "plan", "title": "整改方案", "measures": "逐项整改", "lead_unit": "示例区民政局", "lead_post": "科长",
        "lead_person": "试验丁", "finding_ids": [own, xuncha],
    });
    let plan = id(&app.as_(Caller::Drafter).post("/groups", &plan).created());
    assert_eq!(ids(Caller::Drafter, &format!("/ledger?group_id={plan}")), [own, xuncha].into());
    let first = app.as_(Caller::Drafter).get("/ledger?limit=1").ok();
    assert_eq!((&first["as_of"], first["items"].as_array().map(Vec::len)), (&json!("2026-08-10"), Some(1)));
}

fn the_table_is_safe_in_a_spreadsheet(app: &TestApp) {
    let station = facility(app, Place::Own, Station);
    let finding = found(app, &station, "YK-14");
    claim(app, Caller::Operator, &finding, "=HYPERLINK(\"http://example.invalid\",\"点这里\")");
    found(app, &station, "YK-15");
    found(app, &facility(app, Place::Sibling, Station), "YK-14");
    let answer = app.as_(Caller::Street).get("/ledger.csv");
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/csv; charset=utf-8"));
    assert!(answer.header("content-disposition").contains("ledger-2026-08-03.csv"));
    let text = answer.bytes.strip_prefix("\u{feff}".as_bytes()).expect("a byte-order mark");
    let mut reader = csv::Reader::from_reader(text);
    let headings: Vec<String> = reader.headers().expect("headings").iter().map(str::to_string).collect();
    let at = |name: &str| headings.iter().position(|h| h == name).unwrap_or_else(|| panic!("no {name}"));
    let rows: Vec<csv::StringRecord> = reader.records().map(|r| r.expect("a row")).collect();
    assert_eq!(rows.len(), 2, "the sibling's is beyond reach");
    let number = detail(app, &finding)["number"].as_str().expect("a number").to_string();
    let row = rows.iter().find(|r| r[at("编号")] == number).expect("its row");
    assert_eq!(&row[at("整改措施")], "'=HYPERLINK(\"http://example.invalid\",\"点这里\")");
    assert_eq!(
        (&row[at("状态")], &row[at("证明材料已收")], &row[at("截至日期")]),
        ("已申报整改", "1", "2026-08-03")
    );
    for cell in rows.iter().flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
    }
    let only = app.as_(Caller::Street).get("/ledger.csv?state=rectified");
    assert_eq!(String::from_utf8_lossy(&only.bytes).lines().count(), 2);
}

fn figures_say_what_they_are_made_of(app: &TestApp) {
    // All are due on 2026-08-06.
    let new = || found(app, &fresh(app, Station), "YK-14");
    let (on_time, late, claimed, open, mistake) = (new(), new(), new(), new(), new());
    step(app, Caller::Reviewer, &mistake, "withdrawals", &json!({"reason": "误报"})).ok();
    set_clock(app, "2026-08-06T20:00:00");
    claim(app, Caller::Street, &on_time, "已整改");
    set_clock(app, "2026-08-07T09:00:00");
    claim(app, Caller::Street, &late, "已整改");
    claim(app, Caller::Street, &claimed, "已整改");
    for finding in [&on_time, &late] {
        check(app, finding, "pass");
        close(app, Caller::Drafter, finding);
    }
    let running = new();
    let told = app.as_(Caller::Drafter).get("/ledger/summary").ok();
    let counts = ["total", "closed", "open", "overdue", "withdrawn", "terminated", "relapses"];
    assert_eq!(counts.map(|c| told[c].as_i64().expect("a count")), [6, 2, 3, 2, 1, 0, 0]);
    // Closed: two; due and not closed: `claimed` and `open`. `running` is not due, the mistake does not count.
    assert_eq!((&told["on_time"]["numerator"], &told["on_time"]["denominator"]), (&json!(1), &json!(4)));
    assert_eq!(told["on_time"]["percent"], 25.0);
    assert_eq!((&told["closing"]["numerator"], &told["closing"]["denominator"]), (&json!(2), &json!(5)));
    assert_eq!(told["closing"]["percent"], 40.0);
    assert!(told["on_time"]["rule"].as_str().is_some_and(|r| r.contains("分母")));
    assert_eq!(told["as_of"], "2026-08-07");
    assert_eq!(told["by_state"], json!({"served": 2, "rectified": 1, "closed": 2, "withdrawn": 1}));
    let mut days = [0; 4];
    for finding in [&on_time, &late, &claimed, &open, &mistake, &running] {
        let seen = detail(app, finding)["days"].clone();
        for (sum, party) in days.iter_mut().zip(["operator", "street", "bureau", "other"]) {
            *sum += seen[party].as_i64().expect("days");
        }
    }
    let parties = ["operator", "street", "bureau", "other"].map(|p| told["days"][p].as_i64().expect("days"));
    assert_eq!(parties, days);
    let nothing = app.as_(Caller::At(Role::Street, Place::Sibling)).get("/ledger/summary").ok();
    assert_eq!((&nothing["total"], &nothing["on_time"]["percent"]), (&json!(0), &Value::Null));
}

fn exceptions_come_from_the_events(app: &TestApp) {
    let new = || found(app, &fresh(app, Station), "YK-14");
    let (plain, skipped, own, mistake) = (new(), new(), new(), new());
    also(app, Caller::Inspector, Role::Drafter);
    for (finding, result, closer) in [
        (&plain, "pass", Caller::Drafter),
        (&skipped, "skipped", Caller::Drafter),
        (&own, "pass", Caller::Inspector),
    ] {
        claim(app, Caller::Street, finding, "已整改");
        check(app, finding, result);
        close(app, closer, finding);
    }
    step(app, Caller::Reviewer, &mistake, "withdrawals", &json!({"reason": "误报"})).ok();
    let listed = |by: Caller, query: &str| -> Vec<(String, Value)> {
        let rows = app.as_(by).all(&format!("/findings/exceptions{query}"));
        rows.iter()
            .map(|r| (r["finding_id"].as_str().expect("an id").into(), r["exceptions"].clone()))
            .collect()
    };
    let all: BTreeSet<(String, String)> =
        listed(Caller::Supervisor, "").into_iter().map(|(f, e)| (f, e.to_string())).collect();
    let wanted = [
        (skipped.clone(), json!(["check_skipped"]).to_string()),
        (own.clone(), json!(["finder_closed"]).to_string()),
        (mistake.clone(), json!(["withdrawn"]).to_string()),
    ];
    assert_eq!(all, wanted.into());
    assert_eq!(listed(Caller::Drafter, "?kind=finder_closed"), [(own.clone(), json!(["finder_closed"]))]);
    assert!(listed(Caller::Drafter, "?kind=terminated").is_empty());
    assert!(listed(Caller::At(Role::Reviewer, Place::Sibling), "").is_empty());
    app.as_(Caller::Street).get("/findings/exceptions").expect(403, "permission_denied");
    assert_eq!(row(app, &own)["exceptions"], json!(["finder_closed"]));
    assert_eq!(row(app, &skipped)["exceptions"], json!(["check_skipped"]));
    assert_eq!(row(app, &plain)["exceptions"], json!([]));
    // The rows of those who may not read them tell none, nor does their table.
    for street in app.as_(Caller::Street).all("/ledger") {
        assert_eq!(street["exceptions"], json!([]));
    }
    let table = |by| String::from_utf8(app.as_(by).get("/ledger.csv").bytes).expect("text");
    let label = "发现人与销号人为同一人";
    assert!(table(Caller::Supervisor).contains(label) && !table(Caller::Street).contains(label));
}

fn a_relapse_is_counted(app: &TestApp) {
    let station = fresh(app, Station);
    let first = found(app, &station, "YK-14");
    claim(app, Caller::Street, &first, "已整改");
    check(app, &first, "pass");
    close(app, Caller::Drafter, &first);
    set_clock(app, "2026-09-01T10:00:00");
    let seen = inspection(app, &station, &["YK-14"]).of_kind("supervision");
    let again = id(&seen.put(&app.as_(Caller::Inspector)).created()["findings"][0]);
    let told = row(app, &again);
    assert_eq!((&told["repeat_of"], &told["repeats"]), (&json!(first), &json!(1)));
    assert_eq!(told["repeat_of_number"], detail(app, &first)["number"]);
    assert_eq!(row(app, &first)["repeats"], 0);
    assert_eq!(app.as_(Caller::Drafter).get("/ledger/summary").ok()["relapses"], 1);
}
