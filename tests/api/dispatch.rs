//! What comes after the issue: the number where the office gives it out, the seal, the delivery, the receipt, whether a file
//! is ours, and letters made void.

use super::app::TestApp;
use super::build::{self, id, inspection};
use super::client::Reply;
use super::letters::{drafted, snapshot, take};
use super::people::{Caller, PASSWORD, Place};
use super::suite::{Suite, both};
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};
use ureq::http::Method;
use yixun::access::Role;
use yixun::clock::machine_now;
use yixun::db::{Ts, schema};
use yixun::directory::FacilityKind::Station;
use yixun::files::sha256_of;
use yixun::ids::FindingId;
use yixun::{jobs, letters};

pub fn register(suite: &mut Suite) {
    both!(suite:
        sealed_delivered_and_received,
        a_wrong_scan_is_replaced_and_known_as_such,
        what_is_no_scan_of_the_letter,
        nothing_is_delivered_by_halves,
        only_the_password_of_the_last_minutes_issues,
        the_office_gives_out_numbers,
        a_void_letter_keeps_its_number,
        the_delivery_serves_what_was_not_served,
        what_lay_until_its_day_is_delivered_with_a_reason_only,
        a_receipt_on_paper_names_its_signer,
        nobody_receives_it,
        who_has_something_to_do,
    );
}

fn view(app: &TestApp, letter: &str) -> Value {
    app.as_(Caller::Registrar).get(&format!("/letters/{letter}")).ok()
}

fn check(app: &TestApp, bytes: &[u8]) -> Value {
    app.as_(Caller::Street).post("/letters/check", &json!({ "sha256": sha256_of(bytes) })).ok()
}

/// A campaign over two streets and its letters, approved; the own street's comes first.
fn approved(app: &TestApp) -> Vec<String> {
    let letters = drafted(app, &id(&build::campaign(app, Place::District, &[Station])));
    for letter in &letters {
        take(app, Caller::Drafter, letter, "submit").ok();
        take(app, Caller::Reviewer, letter, "approve").ok();
    }
    letters
}

fn issue(app: &TestApp, letters: &[String]) -> Reply {
    app.as_(Caller::Issuer).post("/letters/batch/issue", &json!({ "letter_ids": letters }))
}

/// Letters with their documents.
fn ready(app: &TestApp) -> Vec<String> {
    let letters = approved(app);
    issue(app, &letters).ok();
    app.drain();
    letters
}

/// Letters that are delivered.
fn delivered(app: &TestApp) -> Vec<String> {
    let letters = ready(app);
    letters.iter().for_each(|letter| drop(build::seal(app, Caller::Registrar, letter).ok()));
    build::deliver(app, Caller::Registrar, &letters).ok();
    letters
}

fn acknowledge(app: &TestApp, by: Caller, letter: &str, body: &Value) -> Reply {
    app.as_(by).post(&format!("/letters/{letter}/acknowledge"), body)
}

fn make_void(app: &TestApp, letter: &str) -> Reply {
    app.as_(Caller::Issuer).post(&format!("/letters/{letter}/void"), &json!({"reason": "主送机关有误"}))
}

fn notices(app: &TestApp, caller: Caller, event: &str) -> usize {
    app.as_(caller).all("/notices").iter().filter(|n| n["event"] == event).count()
}

fn sealed_delivered_and_received(app: &TestApp) {
    let letters = ready(app);
    let letter = &letters[0];
    build::deliver(app, Caller::Registrar, &[letter]).expect_at(
        409,
        "not_all_deliverable",
        "/letter_ids/0",
        "wrong_state",
    );
    let sealed = build::seal(app, Caller::Registrar, letter).ok();
    assert_eq!(sealed["state"], "sealed");
    assert_eq!(sealed["seal"]["sha256"], sha256_of(&build::scan(letter)));
    let there = build::deliver(app, Caller::Registrar, &[letter]).ok()["letters"][0].clone();
    assert_eq!((&there["state"], &there["delivery"]["channel"]), (&json!("delivered"), &json!("inbox")));
    assert_eq!(notices(app, Caller::Street, "letter.delivered"), 1);
    let scan = app.as_(Caller::Street).get(&format!("/letters/{letter}/sealed-scan.pdf"));
    assert_eq!((scan.status, &scan.bytes), (200, &build::scan(letter)));
    let other = Caller::At(Role::Street, Place::Sibling);
    app.as_(other).get(&format!("/letters/{letter}/sealed-scan.pdf")).expect(404, "not_found");
    acknowledge(app, other, letter, &json!({})).expect(404, "not_found");
    let received = acknowledge(app, Caller::Street, letter, &json!({})).ok();
    assert_eq!(received["delivery"]["acknowledged_by"], app.user(Caller::Street));
    assert_eq!(received["delivery"]["received_on"], "2026-08-03");
    assert!(received["delivery"]["received_by"].as_str().is_some_and(|name| !name.is_empty()));
    assert_eq!(notices(app, Caller::Drafter, "letter.acknowledged"), 1);
    acknowledge(app, Caller::SecondStreet, letter, &json!({})).expect(409, "acknowledged_already");
    let rendered = app.as_(Caller::Street).get(&format!("/letters/{letter}/document.pdf")).bytes;
    for (bytes, copy) in [(rendered.as_slice(), "rendered"), (&build::scan(letter), "sealed")] {
        let known = check(app, bytes);
        assert_eq!(
            (&known["ours"], &known["copy"], &known["in_force"]),
            (&json!(true), &json!(copy), &json!(true))
        );
        assert_eq!(known["number"], there["number"]);
    }
    let mut forged = rendered;
    forged.push(b' ');
    let unknown = check(app, &forged);
    assert_eq!(
        (&unknown["ours"], &unknown["copy"], &unknown["number"]),
        (&json!(false), &Value::Null, &Value::Null)
    );
    app.as_(Caller::Street)
        .post("/letters/check", &json!({"sha256": "g".repeat(64)}))
        .expect(422, "bad_hash");
}

fn a_wrong_scan_is_replaced_and_known_as_such(app: &TestApp) {
    let letters = ready(app);
    let letter = &letters[0];
    let put = |bytes: &[u8]| {
        let path =
            format!("/letters/{letter}/sealed-scan?sealed_on=2026-08-03&form_checked=true&note=rescan");
        app.as_(Caller::Registrar).bytes(Method::PUT, &path, "application/pdf", bytes)
    };
    let (wrong, right) = (b"%PDF-1.4\nwrong\n%%EOF".as_slice(), b"%PDF-1.4\nright\n%%EOF\n".as_slice());
    put(wrong).ok();
    assert_eq!(check(app, wrong)["copy"], "sealed");
    put(right).ok();
    assert_eq!(
        (check(app, wrong)["copy"].clone(), check(app, right)["copy"].clone()),
        (json!("replaced"), json!("sealed"))
    );
    assert_eq!(check(app, wrong)["in_force"], false);
    build::deliver(app, Caller::Registrar, &[letter]).ok();
    put(wrong).expect(409, "wrong_state");
    assert_eq!(view(app, letter)["seal"]["sha256"], sha256_of(right));
}

fn what_is_no_scan_of_the_letter(app: &TestApp) {
    let letters = ready(app);
    let put = |letter: &str, query: &str, kind: &str, bytes: &[u8]| {
        app.as_(Caller::Registrar).bytes(
            Method::PUT,
            &format!("/letters/{letter}/sealed-scan?{query}"),
            kind,
            bytes,
        )
    };
    let (good, scan) = ("sealed_on=2026-08-03&form_checked=true", build::scan(&letters[0]));
    for (query, kind, bytes, status, code) in [
        ("sealed_on=2026-08-03&form_checked=false", "application/pdf", scan.as_slice(), 422, "required"),
        ("sealed_on=2026-08-02&form_checked=true", "application/pdf", &scan, 422, "out_of_range"),
        ("sealed_on=2026-08-04&form_checked=true", "application/pdf", &scan, 422, "out_of_range"),
        ("form_checked=true", "application/pdf", &scan, 422, "missing_field"),
        (good, "image/jpeg", &scan, 415, "unsupported_media_type"),
        (good, "application/pdf", b"", 422, "not_a_pdf"),
        (good, "application/pdf", b"%PDF-1.7 cut off", 422, "not_a_pdf"),
        (good, "application/pdf", b"PK\x03\x04 %%EOF", 422, "not_a_pdf"),
    ] {
        let reply = put(&letters[0], query, kind, bytes);
        let said = (reply.status, reply.json["code"].clone(), reply.json["errors"][0]["code"].clone());
        assert!(said.0 == status && (said.1 == code || said.2 == code), "{query} {kind}: {}", reply.told());
    }
    let rendered = app.as_(Caller::Registrar).get(&format!("/letters/{}/document.pdf", letters[0])).bytes;
    put(&letters[0], good, "application/pdf", &rendered).expect(422, "not_a_scan");
    assert_eq!(view(app, &letters[0])["state"], "document_ready");
    put(&letters[0], good, "application/pdf", &scan).ok();
    put(&letters[1], good, "application/pdf", &scan).expect(422, "scan_of_another");
}

fn nothing_is_delivered_by_halves(app: &TestApp) {
    let letters = ready(app);
    build::seal(app, Caller::Registrar, &letters[0]).ok();
    let both = build::deliver(app, Caller::Registrar, &letters);
    both.expect_at(409, "not_all_deliverable", "/letter_ids/1", "wrong_state");
    let twice = build::deliver(app, Caller::Registrar, &[&letters[0], &letters[0]]);
    twice.expect_at(409, "not_all_deliverable", "/letter_ids/1", "duplicate");
    assert_eq!(view(app, &letters[0])["state"], "sealed");
    assert!(view(app, &letters[0])["delivery"].is_null());
    assert_eq!(notices(app, Caller::Street, "letter.delivered"), 0);
}

fn only_the_password_of_the_last_minutes_issues(app: &TestApp) {
    let letters = approved(app);
    let issuer = app.as_(Caller::Issuer);
    app.prove_sessions(machine_now() - TimeDelta::minutes(11));
    issue(app, &letters).expect(403, "reauthentication_required");
    make_void(app, &letters[0]).expect(403, "reauthentication_required");
    assert_eq!(view(app, &letters[0])["state"], "approved");
    issuer.post("/auth/confirm", &json!({"password": "Wrong-Trees-2026x"})).expect(422, "wrong_password");
    issue(app, &letters).expect(403, "reauthentication_required");
    issuer.post("/auth/confirm", &json!({ "password": PASSWORD })).done();
    issue(app, &letters).ok();
    make_void(app, &letters[1]).ok();
    // Guessing by a stolen token locks, as guessing at the login does.
    for _ in 0..4 {
        issuer.post("/auth/confirm", &json!({"password": "Wrong-Trees-2026x"})).expect(422, "wrong_password");
    }
    assert_eq!(issuer.post("/auth/confirm", &json!({ "password": PASSWORD })).status, 429);
}

/// The settings of the letters.
pub fn practice(app: &TestApp, value: &Value) {
    let revision =
        app.as_(Caller::Admin).get("/settings/letters").ok()["revision"].as_i64().expect("a revision");
    let body = json!({"value": value, "reason": "局办统一编号"});
    let tag = format!("\"{revision}\"");
    app.as_(Caller::Admin).json(Method::PUT, "/settings/letters", &[("If-Match", &tag)], &body).ok();
}

fn the_office_gives_out_numbers(app: &TestApp) {
    let word = app.app.config.authority.word.clone();
    practice(app, &json!({"office_words": [word]}));
    let letters = approved(app);
    let issued = issue(app, &letters).ok()["letters"].clone();
    assert!(issued[0]["number"].is_null() && issued[0]["state"] == "issued");
    assert_eq!(app.drain(), 0, "nothing is rendered without its number");
    let enter = |letter: &str, number: &str| {
        app.as_(Caller::Registrar).post(&format!("/letters/{letter}/number"), &json!({ "number": number }))
    };
    for wrong in [format!("{word}[2026]7号"), format!("{word}〔2026〕07号"), "别字〔2026〕7号".into()]
    {
        enter(&letters[0], &wrong).expect(422, "bad_number");
    }
    let number = format!("{word}〔2026〕7号");
    assert_eq!(enter(&letters[0], &number).ok()["number"], json!(number));
    enter(&letters[0], &number).expect(409, "numbered_already");
    enter(&letters[1], &number).expect(422, "number_taken");
    assert_eq!(app.drain(), 1);
    assert_eq!(view(app, &letters[0])["state"], "document_ready");
    assert_eq!(snapshot(app, &letters[0]).printed_number(), number);
    // Counted here again, the series goes on behind what the office has given out.
    practice(app, &json!({}));
    let next = approved(app);
    let issued = issue(app, &next[..1]).ok()["letters"][0]["number"].clone();
    assert_eq!(issued, json!(format!("{word}〔2026〕8号")));
}

fn a_void_letter_keeps_its_number(app: &TestApp) {
    let campaign = id(&build::campaign(app, Place::District, &[Station]));
    let station = app.world.facility(Place::Own, Station).to_string();
    let seen = inspection(app, &station, &["YK-02"]).of_campaign(&campaign);
    let finding = id(&seen.put_whole(&app.as_(Caller::Inspector))["findings"][0]);
    let letters = drafted(app, &campaign);
    for letter in &letters {
        take(app, Caller::Drafter, letter, "submit").ok();
        take(app, Caller::Reviewer, letter, "approve").ok();
    }
    issue(app, &letters).ok();
    app.drain();
    let printed = || {
        let id: FindingId = finding.parse().expect("an id");
        let row = schema::finding::table.find(id).select(schema::finding::printed_at);
        app.read(move |conn| Ok(row.first::<Option<Ts>>(conn)?))
    };
    assert!(printed().is_some());
    let number = view(app, &letters[0])["number"].clone();
    let gone = make_void(app, &letters[0]).ok();
    assert_eq!(
        (&gone["state"], &gone["number"], &gone["void_reason"]),
        (&json!("void"), &number, &json!("主送机关有误"))
    );
    assert!(printed().is_none(), "no letter prints it now");
    make_void(app, &letters[0]).expect(409, "wrong_state");
    build::seal(app, Caller::Registrar, &letters[0]).expect(409, "wrong_state");
    let rendered = app.as_(Caller::Registrar).get(&format!("/letters/{}/document.pdf", letters[0])).bytes;
    assert_eq!(
        (check(app, &rendered)["ours"].clone(), check(app, &rendered)["in_force"].clone()),
        (json!(true), json!(false))
    );
    build::seal(app, Caller::Registrar, &letters[1]).ok();
    build::deliver(app, Caller::Registrar, &[&letters[1]]).ok();
    make_void(app, &letters[1]).expect(409, "already_delivered");
    let later = approved(app);
    let next = issue(app, &later).ok()["letters"][0]["number"].clone();
    assert_eq!(
        next,
        json!(format!("{}〔2026〕3号", app.app.config.authority.word)),
        "1 stays void, 2 is the other"
    );
}

fn the_delivery_serves_what_was_not_served(app: &TestApp) {
    let campaign = id(&build::campaign(app, Place::District, &[Station]));
    let station = app.world.facility(Place::Own, Station).to_string();
    let seen = inspection(app, &station, &["YK-02"]).of_campaign(&campaign).of_kind("supervision");
    let finding = id(&seen.put_whole(&app.as_(Caller::ThirdParty))["findings"][0]);
    app.as_(Caller::Drafter).post(&format!("/findings/{finding}/confirmations"), &json!({})).ok();
    let before = app.as_(Caller::Drafter).get(&format!("/findings/{finding}")).ok();
    assert!(before["due_on"].is_null() && before["served_at"].is_null(), "never served: no deadline runs");
    let letters = build::letters(app, Place::District, &campaign);
    let after = app.as_(Caller::Drafter).get(&format!("/findings/{finding}")).ok();
    assert_eq!((&after["state"], &after["service_method"]), (&json!("served"), &json!("letter")));
    assert_eq!(after["due_on"], letters[0]["reply_due"], "as the letter says");
    assert!(
        after["due_rule"]
            .as_str()
            .is_some_and(|rule| rule.contains(letters[0]["number"].as_str().expect("a number")))
    );
}

fn what_lay_until_its_day_is_delivered_with_a_reason_only(app: &TestApp) {
    let letters = ready(app);
    letters.iter().for_each(|letter| drop(build::seal(app, Caller::Registrar, letter).ok()));
    let due: chrono::NaiveDate =
        view(app, &letters[0])["reply_due"].as_str().and_then(|d| d.parse().ok()).expect("a day");
    let at = |day: chrono::NaiveDate| app.clock.set(yixun::clock::midnight(day) + TimeDelta::hours(10));
    at(due + TimeDelta::days(1));
    let late = build::deliver(app, Caller::Registrar, &letters);
    for place in ["/letter_ids/0", "/letter_ids/1"] {
        late.expect_at(409, "not_all_deliverable", place, "reply_due_passed");
    }
    let body = json!({"letter_ids": [letters[0]], "channel": "paper", "late_reply_reason": "公文系统停机，经电话告知"});
    let told = app.as_(Caller::Registrar).post("/letters/batch/deliver", &body).ok()["letters"][0].clone();
    assert_eq!(
        (&told["state"], &told["late_reply_reason"]),
        (&json!("delivered"), &body["late_reply_reason"])
    );
    at(due);
    build::deliver(app, Caller::Registrar, &letters[1..]).ok();
}

fn a_receipt_on_paper_names_its_signer(app: &TestApp) {
    let letters = delivered(app);
    let registrar = |body: Value| acknowledge(app, Caller::Registrar, &letters[0], &body);
    registrar(json!({})).expect(422, "required");
    registrar(json!({"received_by": "试验签收人", "received_on": "2026-08-02"})).expect(422, "out_of_range");
    registrar(json!({"received_by": "试验签收人", "received_on": "2026-08-04"})).expect(422, "out_of_range");
    let receipt = registrar(json!({"received_by": "试验签收人"})).ok()["delivery"].clone();
    assert_eq!(
        (&receipt["received_by"], &receipt["acknowledged_by"]),
        (&json!("试验签收人"), &json!(app.user(Caller::Registrar)))
    );
}

fn nobody_receives_it(app: &TestApp) {
    let letters = delivered(app);
    acknowledge(app, Caller::At(Role::Street, Place::Sibling), &letters[1], &json!({})).ok();
    let told = || notices(app, Caller::Registrar, "letter.unacknowledged");
    let tick = || letters::alert(&app.app.db, yixun::clock::Clock::now(&app.clock)).expect("told");
    // Delivered on a Monday: Tuesday and Wednesday are the two working days.
    for (days, expected) in [(0, 0), (2, 0), (1, 1), (1, 1)] {
        app.advance(TimeDelta::days(days));
        tick();
        assert_eq!(told(), expected, "{days} more days");
    }
    assert_eq!(notices(app, Caller::Drafter, "letter.unacknowledged"), 1);
    assert_eq!(notices(app, Caller::Street, "letter.unacknowledged"), 0, "the bureau calls them");
    assert!(jobs::drain(&app.app).is_ok());
}

fn who_has_something_to_do(app: &TestApp) {
    let waits = |caller: Caller| {
        let today = app.as_(caller).get("/today").ok();
        let groups = today["sections"].as_array().cloned().expect("sections");
        groups.iter().find(|g| g["kind"] == "letter").map_or(0, |g| g["count"].as_i64().expect("a count"))
    };
    let letters = ready(app);
    assert_eq!((waits(Caller::Registrar), waits(Caller::Street)), (2, 0));
    letters.iter().for_each(|letter| drop(build::seal(app, Caller::Registrar, letter).ok()));
    assert_eq!((waits(Caller::Registrar), waits(Caller::Street)), (2, 0));
    build::deliver(app, Caller::Registrar, &letters).ok();
    assert_eq!((waits(Caller::Registrar), waits(Caller::Street)), (0, 1));
    acknowledge(app, Caller::Street, &letters[0], &json!({})).ok();
    assert_eq!(waits(Caller::Street), 0);
}
