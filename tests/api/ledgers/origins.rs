//! Findings of other sources.

use super::{check, claim, entry, notice, step};
use crate::app::TestApp;
use crate::build::{Photo, id, unique};
use crate::findings::{detail, found};
use crate::inspections::{at_once, facility, fresh, leaves_nothing};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use diesel::prelude::*;
use serde_json::{Value, json};
use yixun::access::Role;
use yixun::db::schema::{audit_entry, finding_event};
use yixun::directory::FacilityKind::{Canteen, Station};

pub fn register(suite: &mut Suite) {
    both!(suite:
        other_sources_wait_for_the_bureau,
        who_complained_is_sealed,
        what_a_complainant_sent_is_sealed,
        the_brigades_own_are_mirrored,
        a_second_source_is_counted_once,
        the_brigade_joins_what_is_there,
        two_sources_at_once_make_one_finding,
        what_cannot_be_entered,
    );
}

#[track_caller]
fn entered(app: &TestApp, by: Caller, body: &Value) -> Value {
    app.as_(by).post("/findings", body).created()
}

fn other_sources_wait_for_the_bureau(app: &TestApp) {
    for (source, code) in
        [("provincial", "YK-14"), ("complaint", "YK-15"), ("self_check", "YK-18"), ("xuncha", "YK-19")]
    {
        let made = entered(app, Caller::Drafter, &entry(&facility(app, Place::Own, Station), code, source));
        let finding = id(&made["finding"]);
        let told = detail(app, &finding);
        assert_eq!((&told["state"], &told["source"]), (&json!("open"), &json!(source)));
        assert_eq!((&told["joint"], &made["observed"]), (&json!(false), &json!(false)));
        assert_eq!(told["found_by"], app.user(Caller::Drafter));
        assert_eq!(told["origins"][0]["received_on"], "2026-08-03");
        step(app, Caller::Drafter, &finding, "confirmations", &json!({})).ok();
        let served = step(app, Caller::Drafter, &finding, "services", &json!({"method": "letter"})).ok();
        assert_eq!(served["state"], "served");
        assert!(served["due_on"].is_string());
    }
}

const NAME: &str = "举报人欧阳某某";
const CONTACT: &str = "139-0000-4711";

fn complaint(facility: &str, photos: &[&Photo]) -> Value {
    let mut body = entry(facility, "YK-14", "complaint");
    body["reporter"] = json!({"name": NAME, "contact": CONTACT, "note": "要求保密，暗号芝麻"});
    body["photos"] = json!(photos.iter().map(|p| p.declared()).collect::<Vec<_>>());
    body
}

/// Whether an answer tells anything of who complained.
fn tells(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    [NAME, CONTACT, "芝麻"].iter().any(|secret| text.contains(secret))
}

fn who_complained_is_sealed(app: &TestApp) {
    let station = facility(app, Place::Own, Station);
    let made = entered(app, Caller::Drafter, &complaint(&station, &[]));
    assert!(!tells(made.to_string().as_bytes()));
    let finding = id(&made["finding"]);
    let path = format!("/findings/{finding}/reporter");
    let sealed = [
        Caller::Street,
        Caller::SecondStreet,
        Caller::Operator,
        Caller::Supervisor,
        Caller::Inspector,
        Caller::Issuer,
        Caller::Registrar,
        Caller::Fire,
    ];
    for caller in sealed {
        app.as_(caller).get(&path).expect(403, "permission_denied");
        let seen =
            ["/findings", "/ledger", "/ledger.csv", "/today", "/groups", "/sync", "/letters", "/audit"];
        for read in seen.iter().map(|p| (*p).to_string()).chain([format!("/findings/{finding}")]) {
            assert!(!tells(&app.as_(caller).get(&read).bytes), "{caller:?} at {read}");
        }
    }
    let read = |caller: Caller| app.as_(caller).get(&path);
    read(Caller::At(Role::Drafter, Place::Sibling)).expect(404, "not_found");
    let lines = || -> Vec<String> {
        app.read(|conn| {
            let of_kind = audit_entry::table.filter(audit_entry::object_kind.eq("finding_reporter"));
            Ok(of_kind.order(audit_entry::id).select(audit_entry::line).load(conn)?)
        })
    };
    assert!(lines().is_empty());
    for (n, caller) in [Caller::Drafter, Caller::Reviewer, Caller::Reviewer].into_iter().enumerate() {
        let told = read(caller).ok();
        assert_eq!(
            (&told["items"][0]["name"], &told["items"][0]["contact"]),
            (&json!(NAME), &json!(CONTACT))
        );
        assert_eq!(lines().len(), n + 1, "each reading leaves a line");
        assert!(lines()[n].contains(&app.user(caller)));
    }
    // The contact log is read by all: whoever knows may not write it there, and nobody else learns by trying.
    let call = |person: &str, note: &str| json!({"method": "call", "person": person, "note": note, "happened_on": "2026-08-03"});
    let path = format!("/findings/{finding}/contacts");
    for (person, note) in [(NAME, "已回访"), ("举报人", CONTACT)] {
        app.as_(Caller::Drafter).post(&path, &call(person, note)).expect(422, "names_reporter");
    }
    app.as_(Caller::Drafter).post(&path, &call("举报人", "已回访，表示满意")).ok();
    // Nothing of it is in any trail or history, whoever may read those.
    let everything: Vec<String> = app.read(|conn| {
        let mut all: Vec<String> = audit_entry::table.select(audit_entry::line).load(conn)?;
        all.extend(finding_event::table.select(finding_event::detail).load::<String>(conn)?);
        Ok(all)
    });
    assert!(everything.len() > 4 && !everything.iter().any(|line| tells(line.as_bytes())));
    let other = id(&entered(app, Caller::Drafter, &entry(&station, "YK-15", "xuncha"))["finding"]);
    app.as_(Caller::Drafter).get(&format!("/findings/{other}/reporter")).expect(404, "not_found");
}

fn what_a_complainant_sent_is_sealed(app: &TestApp) {
    let letter = Photo::new("document", None);
    let made = entered(app, Caller::Drafter, &complaint(&facility(app, Place::Own, Station), &[&letter]));
    letter.put(&app.as_(Caller::Drafter)).created();
    let finding = id(&made["finding"]);
    let photo = format!("/photos/{}", letter.id);
    for caller in [Caller::Street, Caller::Operator, Caller::Supervisor, Caller::Inspector, Caller::Issuer] {
        app.as_(caller).get(&photo).expect(404, "not_found");
        app.as_(caller).get(&format!("{photo}/renditions/320")).expect(404, "not_found");
        let told = app.as_(caller).get(&format!("/findings/{finding}"));
        assert!(!String::from_utf8_lossy(&told.bytes).contains(&letter.id.to_string()));
        assert_eq!(told.ok()["origins"][0]["sealed"], true);
    }
    app.as_(Caller::At(Role::Reviewer, Place::Sibling)).get(&photo).expect(404, "not_found");
    let looks = || -> i64 {
        app.read(|conn| {
            let of_photo = audit_entry::table.filter(audit_entry::line.like("%\"sealed\":true%"));
            Ok(of_photo.count().get_result(conn)?)
        })
    };
    assert_eq!(looks(), 0);
    let told = app.as_(Caller::Reviewer).get(&format!("/findings/{finding}/reporter")).ok();
    assert_eq!(told["items"][0]["photos"][0]["photo_id"], json!(letter.id));
    assert_eq!(app.as_(Caller::Reviewer).get(&format!("{photo}/content")).bytes, letter.bytes);
    assert_eq!(looks(), 1);
    // Of other sources it is evidence like any other.
    let scan = Photo::new("document", None);
    let mut open = entry(&facility(app, Place::Own, Station), "YK-15", "provincial");
    open["photos"] = json!([scan.declared()]);
    let made = entered(app, Caller::Drafter, &open);
    scan.put(&app.as_(Caller::Drafter)).created();
    app.as_(Caller::Street).get(&format!("/photos/{}", scan.id)).ok();
    let told = detail(app, &id(&made["finding"]));
    assert_eq!(told["origins"][0]["photos"][0]["photo_id"], json!(scan.id));
}

fn the_brigades_own_are_mirrored(app: &TestApp) {
    let station = facility(app, Place::Own, Station);
    let body = notice(&station, "YK-14", "海消通〔2026〕17号", "2026-08-21");
    let made = entered(app, Caller::Fire, &body);
    let told = made["finding"].clone();
    let finding = id(&told);
    assert_eq!(
        (&told["state"], &told["joint"], &told["source"]),
        (&json!("served"), &json!(true), &json!("fire"))
    );
    assert_eq!((&told["due_on"], &told["due_original"]), (&json!("2026-08-21"), &json!("2026-08-21")));
    assert!(told["due_rule"].as_str().expect("a rule").contains("海消通〔2026〕17号"));
    app.as_(Caller::Drafter).post("/findings", &body).expect(409, "already_entered");
    // Its deadline is not ours to move.
    let later = json!({"until": "2026-09-30", "reason": "工程未完"});
    step(app, Caller::Street, &finding, "extensions", &later).expect(409, "brigade_decides");
    let pause = json!({"until": "2026-08-10", "reason": "台风停工"});
    step(app, Caller::Drafter, &finding, "suspensions", &pause).expect(409, "brigade_decides");
    claim(app, Caller::Operator, &finding, "已清理");
    check(app, &finding, "pass");
    let closing = json!({"note": "同意销号"});
    step(app, Caller::Drafter, &finding, "closures", &closing).expect(409, "brigade_closes");
    let seen = json!({"result": "pass", "note": "复查合格"});
    let closed = step(app, Caller::Fire, &finding, "brigade-checks", &seen).ok();
    assert_eq!(closed["state"], "closed");
}

fn a_second_source_is_counted_once(app: &TestApp) {
    let station = facility(app, Place::Own, Station);
    let finding = found(app, &station, "YK-14");
    let before = detail(app, &finding);
    for (n, source) in ["xuncha", "provincial", "complaint"].into_iter().enumerate() {
        let made = entered(app, Caller::Drafter, &entry(&station, "YK-14", source));
        assert_eq!((&made["observed"], id(&made["finding"])), (&json!(true), finding.clone()));
        assert_eq!(made["finding"]["origins"].as_array().map(Vec::len), Some(n + 1));
    }
    let after = detail(app, &finding);
    for kept in ["state", "source", "due_on", "number", "joint"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    assert_eq!(after["observations"], 3);
    let listed = app.as_(Caller::Drafter).all(&format!("/findings?facility_id={station}"));
    assert_eq!(listed.len(), 1);
}

fn the_brigade_joins_what_is_there(app: &TestApp) {
    let station = facility(app, Place::Own, Station);
    // Served with a deadline of ours: the earlier of the two is kept.
    let served = found(app, &station, "YK-14");
    assert_eq!(detail(app, &served)["due_on"], "2026-08-06");
    let number = || format!("海消通〔2026〕{}号", unique());
    entered(app, Caller::Fire, &notice(&station, "YK-14", &number(), "2026-08-20"));
    let told = detail(app, &served);
    assert_eq!((&told["joint"], &told["due_on"]), (&json!(true), &json!("2026-08-06")));
    entered(app, Caller::Drafter, &notice(&station, "YK-14", &number(), "2026-08-05"));
    let told = detail(app, &served);
    assert_eq!((&told["due_on"], &told["due_original"]), (&json!("2026-08-05"), &json!("2026-08-06")));
    // Advice until now: the brigade's document serves it.
    let advice = id(&entered(app, Caller::Drafter, &entry(&station, "YK-15", "complaint"))["finding"]);
    entered(app, Caller::Fire, &notice(&station, "YK-15", &number(), "2026-08-18"));
    let told = detail(app, &advice);
    assert_eq!(
        (&told["state"], &told["joint"], &told["due_on"]),
        (&json!("served"), &json!(true), &json!("2026-08-18"))
    );
    assert_eq!(told["source"], "complaint");
}

fn two_sources_at_once_make_one_finding(app: &TestApp) {
    let station = fresh(app, Station);
    let sources = ["xuncha", "provincial", "self_check", "complaint"];
    let made = at_once(4, |n| {
        let body = entry(&station, "YK-14", sources[n]);
        app.as_(Caller::Drafter).post("/findings", &body).created()
    });
    let findings: Vec<String> = made.iter().map(|m| id(&m["finding"])).collect();
    assert!(findings.iter().all(|f| *f == findings[0]));
    assert_eq!(made.iter().filter(|m| m["observed"] == false).count(), 1);
    let told = detail(app, &findings[0]);
    assert_eq!((told["origins"].as_array().map(Vec::len), &told["observations"]), (Some(4), &json!(3)));
}

/// What the rules find gives `invalid_request`; what is looked up and not there, its own code.
fn of_the_whole(code: &str) -> &str {
    if ["unknown_facility", "unknown_item"].contains(&code) { code } else { "invalid_request" }
}

fn what_cannot_be_entered(app: &TestApp) {
    let station = facility(app, Place::Own, Station);
    let good = notice(&station, "YK-14", "海消通〔2026〕1号", "2026-08-21");
    let refused = |by: Caller, change: &dyn Fn(&mut Value), pointer: &str, code: &str| {
        let mut body = good.clone();
        change(&mut body);
        leaves_nothing(app, || {
            app.as_(by).post("/findings", &body).expect_at(422, of_the_whole(code), pointer, code)
        });
    };
    for source in ["inspection", "third_party"] {
        let change = |b: &mut Value| {
            b["source"] = json!(source);
            b["due_on"] = Value::Null;
        };
        refused(Caller::Drafter, &change, "/source", "not_by_hand");
    }
    let xuncha = |b: &mut Value| {
        b["source"] = json!("xuncha");
        b["due_on"] = Value::Null;
    };
    refused(Caller::Fire, &xuncha, "/source", "not_your_source");
    refused(Caller::Drafter, &|b| b["source"] = json!("xuncha"), "/due_on", "only_fire");
    refused(Caller::Fire, &|b| b["document_number"] = Value::Null, "/document_number", "required");
    refused(Caller::Fire, &|b| b["due_on"] = json!("2026-07-31"), "/due_on", "out_of_range");
    refused(Caller::Fire, &|b| b["received_on"] = json!("2026-08-04"), "/received_on", "out_of_range");
    let reporter = json!({"name": "甲", "contact": "000"});
    refused(Caller::Drafter, &|b| b["reporter"] = reporter.clone(), "/reporter", "only_complaints");
    refused(Caller::Drafter, &|b| b["item_code"] = json!("YK-99"), "/item_code", "unknown_item");
    // Beyond the brigade's categories, and beyond the street's reach.
    refused(Caller::Fire, &|b| b["item_code"] = json!("YK-18"), "/item_code", "unknown_item");
    let sibling = Caller::At(Role::Drafter, Place::Sibling);
    refused(sibling, &|_| {}, "/facility_id", "unknown_facility");
    let canteen = facility(app, Place::Own, Canteen);
    entered(app, Caller::Drafter, &entry(&canteen, "YK-14", "self_check"));
}
