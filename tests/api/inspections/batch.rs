//! Many inspections in one request: each is answered as if it had been sent alone.

use super::{at_once, facility, fresh, grown, leaves_nothing, rows, stable};
use crate::app::TestApp;
use crate::build::{Inspection, inspection, uuid};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use ureq::http::Method;
use yixun::directory::FacilityKind::{Canteen, Station};

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_batch_answers_item_by_item,
        what_is_wrong_with_one_spoils_no_other,
        batches_at_once_are_one_record_each,
        what_is_no_batch_is_refused,
    );
}

const PATH: &str = "/inspections/batch";

fn entry(of: &Inspection) -> Value {
    json!({"id": of.id, "inspection": of.body})
}

fn lines(answer: &Value) -> Vec<Value> {
    answer["items"].as_array().expect("items").clone()
}

fn statuses(answer: &Value) -> Vec<u64> {
    lines(answer).iter().map(|line| line["status"].as_u64().expect("a status")).collect()
}

fn a_batch_answers_item_by_item(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let known = inspection(app, &facility(app, Place::Own, Station), &["YK-14"]);
    let receipt = known.put(&inspector).created();
    let mut other = known.clone();
    other.body["answers"][0]["value"] = json!("3 人");
    let theirs = inspection(app, &facility(app, Place::Own, Canteen), &[]);
    theirs.put(&app.as_(Caller::SecondInspector)).created();
    let new = inspection(app, &facility(app, Place::Sibling, Station), &["YK-14"]);
    let unsigned = {
        let mut built = inspection(app, &facility(app, Place::Own, Station), &[]);
        built.body["visit"]["signature"] = json!({"state": "signed"});
        built
    };
    let far = inspection(app, &facility(app, Place::Elsewhere, Station), &[]);
    let items = [&known, &new, &other, &theirs, &unsigned, &far, &new].map(entry);
    let before = rows(app);
    let answer = inspector.post(PATH, &json!({ "items": items })).ok();
    assert_eq!(statuses(&answer), [200, 201, 409, 409, 422, 404, 200]);
    assert_eq!(grown(&before, &rows(app))["inspection"], 1);
    let lines = lines(&answer);
    for (line, item) in lines.iter().zip(&items) {
        assert_eq!(line["id"], item["id"]);
        assert_eq!(line["receipt"].is_null(), line["status"].as_u64() >= Some(400));
        assert_eq!(line["problem"].is_null(), line["status"].as_u64() < Some(400));
    }
    assert_eq!(lines[0]["receipt"], receipt);
    assert_eq!(lines[1]["receipt"], new.put(&inspector).ok());
    assert_eq!(stable(&lines[6]["receipt"]), stable(&lines[1]["receipt"]), "a resend within the batch");
    for (line, alone) in [(2, &other), (3, &theirs), (4, &unsigned), (5, &far)] {
        let put = alone.put(&inspector);
        assert_eq!((&lines[line]["problem"], &lines[line]["status"]), (&put.json, &json!(put.status)));
    }
    assert_eq!(lines[2]["problem"]["errors"][0]["pointer"], "/answers/0/value");
}

fn what_is_wrong_with_one_spoils_no_other(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let good: Vec<String> =
        (0..2).map(|_| entry(&inspection(app, &fresh(app, Station), &[])).to_string()).collect();
    let of = |change: &dyn Fn(&mut Value)| {
        let mut item = entry(&inspection(app, &facility(app, Place::Own, Station), &[]));
        change(&mut item);
        item.to_string()
    };
    let huge = "长".repeat(100_000);
    let odd: Vec<(String, u64, &str, &str)> = vec![
        ("7".into(), 422, "invalid_request", ""),
        ("[]".into(), 422, "invalid_request", ""),
        ("null".into(), 422, "invalid_request", ""),
        ("\"x\"".into(), 422, "invalid_request", ""),
        ("{}".into(), 422, "invalid_request", "/id"),
        (
            of(&|i| drop(i.as_object_mut().map(|o| o.remove("inspection")))),
            422,
            "invalid_request",
            "/inspection",
        ),
        (of(&|i| i["more"] = json!(1)), 422, "invalid_request", "/more"),
        (of(&|i| i["id"] = json!("none")), 404, "not_found", "-"),
        (of(&|i| i["id"] = json!(5)), 404, "not_found", "-"),
        (of(&|i| i["inspection"] = json!([1])), 422, "invalid_request", ""),
        (of(&|i| i["inspection"]["more"] = json!(1)), 422, "invalid_request", "/more"),
        (of(&|i| i["inspection"]["visit"]["kind"] = json!("x")), 422, "invalid_request", "/visit/kind"),
        (of(&|i| i["inspection"]["answers"][0]["note"] = json!("\0")), 400, "unreadable_nul", ""),
        (of(&|i| i["inspection"]["answers"][0]["note"] = json!(huge)), 413, "too_large", "-"),
        (
            format!("{{\"id\": \"{}\", \"inspection\": {{\"n\": 1e999}}}}", uuid()),
            422,
            "invalid_request",
            "/n",
        ),
        (
            format!("{{\"id\": \"{}\", \"inspection\": {}}}", uuid(), "[".repeat(900) + &"]".repeat(900)),
            422,
            "invalid_request",
            "",
        ),
    ];
    let texts: Vec<&str> = std::iter::once(good[0].as_str())
        .chain(odd.iter().map(|(text, ..)| text.as_str()))
        .chain([good[1].as_str()])
        .collect();
    let body = format!("{{ \"items\" : [{}] }}", texts.join(" ,\n"));
    let answer = inspector.bytes(Method::POST, PATH, "application/json", body.as_bytes()).ok();
    let lines = lines(&answer);
    assert_eq!((&lines[0]["status"], &lines[lines.len() - 1]["status"]), (&json!(201), &json!(201)));
    for (line, (text, status, code, pointer)) in lines[1..].iter().zip(&odd) {
        let told = format!("{} → {line}", &text[..text.len().min(200)]);
        assert_eq!(
            (line["status"].as_u64(), line["problem"]["code"].as_str()),
            (Some(*status), Some(*code)),
            "{told}"
        );
        assert_eq!(line["problem"]["status"].as_u64(), Some(*status), "{told}");
        if *pointer != "-" {
            assert_eq!(line["problem"]["errors"][0]["pointer"], *pointer, "{told}");
        }
    }
}

fn batches_at_once_are_one_record_each(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let built: Vec<Inspection> = (0..5).map(|_| inspection(app, &fresh(app, Station), &["YK-14"])).collect();
    let items: Vec<Value> = built.iter().map(entry).collect();
    let before = rows(app);
    let answers = at_once(6, |n| {
        let mut items = items.clone();
        items.rotate_left(n % 5);
        inspector.post(PATH, &json!({ "items": items })).ok()
    });
    let after = grown(&before, &rows(app));
    assert_eq!((after["inspection"], after["visit"], after["finding"]), (5, 5, 5));
    let all: Vec<Value> = answers.iter().flat_map(lines).collect();
    let of = |status: u64| all.iter().filter(|line| line["status"] == status).count();
    assert_eq!((of(201), of(200)), (5, 25));
    let receipts: BTreeSet<String> = all.iter().map(|line| stable(&line["receipt"]).to_string()).collect();
    assert_eq!(receipts.len(), 5);
}

fn what_is_no_batch_is_refused(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let item = entry(&inspection(app, &facility(app, Place::Own, Station), &[]));
    let send = |body: &str| {
        leaves_nothing(app, || inspector.bytes(Method::POST, PATH, "application/json", body.as_bytes()))
    };
    send("{").expect(400, "unreadable_json");
    send(&format!("{{\"items\": [{item},]}}")).expect(400, "unreadable_json");
    send("[]").expect_at(422, "invalid_request", "", "wrong_type");
    send("{}").expect_at(422, "invalid_request", "/items", "missing_field");
    send(&json!({"items": [item], "more": 1}).to_string()).expect_at(
        422,
        "invalid_request",
        "/more",
        "unknown_field",
    );
    send("{\"items\": []}").expect_at(422, "invalid_request", "/items", "out_of_range");
    let many = json!({"items": vec![item.clone(); 51]}).to_string();
    send(&many).expect_at(422, "invalid_request", "/items", "out_of_range");
    send(&json!({"items": ["长".repeat(1_500_000)]}).to_string()).expect(413, "too_large");
    leaves_nothing(app, || inspector.bytes(Method::POST, PATH, "text/plain", b"{}"))
        .expect(415, "unsupported_media_type");
    let most = json!({"items": vec![item; 50]});
    let answer = inspector.post(PATH, &most).ok();
    assert_eq!(statuses(&answer).iter().filter(|status| **status == 201).count(), 1);
}
