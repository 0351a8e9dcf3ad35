//! What is refused as an inspection: all of it by its pointer at once, and without a trace.

use super::{facility, leaves_nothing, place_of, pointers, publish, set};
use crate::app::TestApp;
use crate::build::{Inspection, Photo, campaign, id, inspection, uuid};
use crate::findings::detail;
use crate::people::{Caller, Place};
use crate::photos::{PDF, of_bytes};
use crate::suite::{Suite, both};
use serde_json::{Value, json};
use yixun::directory::FacilityKind::{Canteen, Station};

pub fn register(suite: &mut Suite) {
    both!(suite:
        only_where_and_what_was_planned,
        everything_wrong_is_said_at_once,
        limits_of_a_submission,
        photos_that_can_never_belong,
    );
}

fn only_where_and_what_was_planned(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let station = facility(app, Place::Own, Station);
    let planned = id(&campaign(app, Place::District, &[Station]));
    let elsewhere = id(&campaign(app, Place::Elsewhere, &[Station]));
    let refused = |built: &Inspection, status, code: &str, pointer: &str| {
        let answer = leaves_nothing(app, || built.put(&inspector));
        if pointer.is_empty() {
            drop(answer.expect(status, code))
        } else {
            answer.expect_at(status, code, pointer, code)
        }
    };
    for unknown in [uuid().to_string(), facility(app, Place::Elsewhere, Station)] {
        let mut built = inspection(app, &station, &[]);
        built.body["facility_id"] = json!(unknown);
        refused(&built, 404, "not_found", "");
    }
    for unknown in [uuid().to_string(), elsewhere] {
        let built = inspection(app, &station, &[]).of_campaign(&unknown);
        refused(&built, 422, "unknown_campaign", "/campaign_id");
    }
    let mut built = inspection(app, &station, &[]);
    built.body["checklist_id"] = json!(uuid());
    refused(&built, 422, "unknown_checklist", "/checklist_id");
    let canteen = inspection(app, &facility(app, Place::Own, Canteen), &[]).of_campaign(&planned);
    refused(&canteen, 422, "not_a_target", "/facility_id");
    let old = inspection(app, &station, &[]);
    publish(app, |_| {});
    let new = inspection(app, &station, &[]).of_campaign(&planned);
    refused(&new, 422, "other_checklist", "/checklist_id");
    // The answers of one version are no answers of another.
    let mut mixed = inspection(app, &station, &[]);
    mixed.body["checklist_id"] = old.body["checklist_id"].clone();
    leaves_nothing(app, || {
        mixed.put(&inspector).expect_at(422, "invalid_request", "/answers/0/item_id", "unknown_item")
    });
}

fn everything_wrong_is_said_at_once(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let built = inspection(app, &facility(app, Place::Own, Station), &[]);
    let mut body = built.body.clone();
    body["visit"]["ended_at"] = json!("+12000-01-01T00:00:00+08:00");
    body["visit"]["participants"] = json!([
        {"name": "试验甲", "organisation": "示例区民政局", "part": "lead"},
        {"name": "试验乙", "organisation": "示例区民政局", "certificate": "试验证0002", "part": "lead"},
        {"name": "试验丙", "organisation": "试验街道", "certificate": "试验证0003", "part": "accompanying"},
    ]);
    body["visit"]["notice_number"] = Value::Null;
    body["visit"]["signature"] = json!({"state": "signed"});
    body["visit"]["position"]["lat"] = json!(91.0);
    body["answers"][0]["item_id"] = json!(uuid());
    body["answers"][2] = body["answers"][1].clone();
    body["answers"][3]["outcome"] = json!("fail");
    body["answers"][4] = json!({"item_id": body["answers"][4]["item_id"], "outcome": "fail", "note": " \n"});
    body["photos"][0]["item_id"] = json!(uuid());
    let problem = leaves_nothing(app, || inspector.put(&built.path(), &body).expect(422, "invalid_request"));
    let expected = [
        ("/visit/ended_at", "out_of_range"),
        ("/visit/participants", "one_lead"),
        ("/visit/participants", "two_officers"),
        ("/visit/notice_number", "missing_field"),
        ("/visit/signature/signed_by", "missing_field"),
        ("/visit/position", "out_of_range"),
        ("/answers/0/item_id", "unknown_item"),
        ("/answers/2/item_id", "duplicate_item"),
        ("/answers/3/note", "missing_field"),
        ("/answers/4/note", "missing_field"),
        ("/answers", "unanswered"),
        ("/photos/0/item_id", "unknown_item"),
    ];
    assert_eq!(pointers(&problem), set(&expected));
    let unanswered = problem["errors"].as_array().into_iter().flatten().find(|e| e["code"] == "unanswered");
    let said = unanswered.and_then(|e| e["detail"].as_str()).unwrap_or_default();
    assert!(said.contains("2 项") && said.contains("YK-01") && said.contains("YK-03"), "{said}");
    for signature in
        [json!({"state": "refused", "reason": "拒绝"}), json!({"state": "refused", "witness": "试验乙"})]
    {
        let mut body = built.body.clone();
        body["visit"]["signature"] = signature;
        let answer = leaves_nothing(app, || inspector.put(&built.path(), &body));
        answer.expect_at(422, "invalid_request", "/visit/signature", "refusal_incomplete");
    }
    built.put(&inspector).created();
}

fn limits_of_a_submission(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let built = inspection(app, &facility(app, Place::Own, Station), &["YK-14"]);
    let failed = place_of(app, Station, "YK-14");
    let mut body = built.body.clone();
    body["visit"]["participants"] = json!([]);
    body["visit"]["signature"]["signed_by"] = json!("名".repeat(51));
    body["answers"][failed]["note"] = json!("长".repeat(2001));
    body["photos"][0]["length"] = json!(0);
    body["photos"][1]["length"] = json!(20 * 1024 * 1024 + 1);
    body["photos"][2]["sha256"] = json!("A".repeat(64));
    let problem = leaves_nothing(app, || inspector.put(&built.path(), &body).expect(422, "invalid_request"));
    let note = format!("/answers/{failed}/note");
    let expected = [
        "/visit/participants",
        "/visit/signature/signed_by",
        &note,
        "/photos/0/length",
        "/photos/1/length",
        "/photos/2/sha256",
    ]
    .map(|pointer| (pointer, "out_of_range"));
    assert_eq!(pointers(&problem), set(&expected));
    for (pointer, value, fault) in [
        ("/answers/0/outcome", json!("maybe"), "unknown_code"),
        ("/visit/kind", json!("picnic"), "unknown_code"),
        ("/photos/0/purpose", json!("selfie"), "unknown_code"),
        ("/visit/participants/0/part", json!("boss"), "unknown_code"),
        ("/visit/started_at", json!("2026-08-03 10:00"), "wrong_type"),
        ("/visit/started_at", json!("2026-08-03T10:00:00"), "wrong_type"),
        ("/facility_id", json!("x"), "wrong_type"),
        ("/photos/0/length", json!(-1), "out_of_range"),
    ] {
        let mut body = built.body.clone();
        *body.pointer_mut(pointer).expect("a field") = value;
        let answer = leaves_nothing(app, || inspector.put(&built.path(), &body));
        answer.expect_at(422, "invalid_request", pointer, fault);
    }
    inspector.put("/inspections/none", &built.body).expect(404, "not_found");
    built.put(&inspector).created();
}

fn photos_that_can_never_belong(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let station = facility(app, Place::Own, Station);
    // Findings, answers and observations would be stored before the manifest: all of it must go.
    inspection(app, &station, &["YK-14"]).put(&inspector).created();
    let open = detail(app, &id(&app.as_(Caller::Drafter).all("/findings")[0]));
    let pdf = of_bytes("document", PDF);
    pdf.put(&inspector).created();
    let theirs = Photo::new("scene", None);
    theirs.put(&app.as_(Caller::SecondInspector)).created();
    let mine = Photo::new("scene", None);
    mine.put(&inspector).created();
    let elsewhere = inspection(app, &facility(app, Place::Own, Canteen), &[]);
    elsewhere.put(&app.as_(Caller::SecondInspector)).created();

    let built = inspection(app, &station, &["YK-14", "YK-16"]);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = built.body.clone();
        change(&mut body["photos"]);
        leaves_nothing(app, || inspector.put(&built.path(), &body))
    };
    let other_bytes = Photo::new("scene", None);
    let same_id = |of: &Photo| json!({"photo_id": of.id, "sha256": other_bytes.sha256, "length": 9, "purpose": "scene"});
    let taken = |line: Value| {
        let answer = with(&|photos| photos[1] = line.clone());
        answer.expect_at(409, "photo_id_taken", "/photos/1/photo_id", "photo_id_taken");
    };
    taken(theirs.declared()); // arrived, from somebody else
    taken(elsewhere.photos[0].declared()); // declared by somebody else
    taken(same_id(&mine)); // another photo has arrived under this id
    let twice = with(&|photos| photos[1] = photos[0].clone());
    twice.expect_at(422, "invalid_request", "/photos/1/photo_id", "duplicate_photo");
    let mut line = pdf.declared();
    line["purpose"] = json!("problem");
    let no_photo = with(&|photos| photos[2] = line.clone());
    no_photo.expect_at(422, "invalid_request", "/photos/2/purpose", "not_a_photo");
    assert_eq!(detail(app, &id(&open)), open, "not even observed");
    inspector.get(&built.path()).expect(404, "not_found");
    built.put(&inspector).created();
    let mut next = inspection(app, &station, &[]);
    next.body["photos"][0] = same_id(&built.photos[0]); // declared with another hash, by myself
    let answer = leaves_nothing(app, || next.put(&inspector));
    answer.expect_at(409, "photo_id_taken", "/photos/0/photo_id", "photo_id_taken");
}
