//! What may not happen to a finding: it is refused with a code, and nothing of it stays.

use super::{
    also, check, claim, claim_body, close, closing, detail, found, found_by, reason, refused, reinspect, step,
};
use crate::app::TestApp;
use crate::build::{self, Photo, id, inspection};
use crate::client::Reply;
use crate::inspections::{facility, fresh, leaves_nothing, publish, set_clock};
use crate::people::{Caller, Place};
use crate::photos::under;
use crate::suite::{Suite, both};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;
use yixun::access::Role;
use yixun::clock::Clock as _;
use yixun::directory::FacilityKind::{Institution, Station};

pub fn register(suite: &mut Suite) {
    both!(suite:
        every_refusal_leaves_everything,
        what_is_settled_moves_no_more,
        proofs_must_have_arrived,
        a_before_photo_proves_nothing,
        the_day_of_a_claim,
        served_by_letter,
        a_mistake_is_withdrawn_by_another,
        bad_steps_are_refused,
    );
}

/// The codes that a part of the table can answer with, from its source.
fn codes_in(source: &'static str) -> impl Iterator<Item = &'static str> {
    let code = |call: &'static str| call.trim_start().strip_prefix('"')?.split('"').next();
    source.split("no(").skip(1).filter_map(code)
}

const WHOLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/findings/rules.rs"));
const LINE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/findings/rules/line.rs"));
const SIDE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/findings/rules/side.rs"));

/// The codes that the table can answer with.
pub fn codes_of_the_table() -> BTreeSet<&'static str> {
    let codes = [WHOLE, LINE, SIDE].into_iter().flat_map(codes_in);
    codes.filter(|code| !code.ends_with("not_on_site")).collect()
}

/// The codes of the straight way, without those that only what goes on beside it can cause: see `side`.
fn codes_of_the_line() -> BTreeSet<&'static str> {
    let beside = ["inside_line", "brigade_closes", "referral_pending"];
    let codes = [WHOLE, LINE].into_iter().flat_map(codes_in);
    codes.filter(|code| !code.ends_with("not_on_site") && !beside.contains(code)).collect()
}

fn every_refusal_leaves_everything(app: &TestApp) {
    let reached = RefCell::new(BTreeSet::new());
    let no = |by, finding: &str, what, body: Value, code: &'static str| {
        refused(app, by, finding, what, &body, code);
        reached.borrow_mut().insert(code);
    };
    let station = facility(app, Place::Own, Station);
    let confirm = || json!({});
    let clause = || json!({"clause": "判定标准第四条"});
    let pass = || json!({"result": "pass", "note": "现场核对"});
    let skipped = || json!({"result": "skipped", "note": "未能到场"});
    let letter = || json!({"method": "letter"});

    // Confirming and serving.
    also(app, Caller::ThirdParty, Role::Drafter);
    let advice = found_by(app, Caller::ThirdParty, &station, "YK-14");
    no(Caller::ThirdParty, &advice, "confirmations", confirm(), "third_party_may_not_confirm");
    no(Caller::Drafter, &advice, "services", letter(), "wrong_state");
    step(app, Caller::Drafter, &advice, "confirmations", &confirm()).ok();
    no(Caller::ThirdParty, &advice, "services", letter(), "third_party_may_not_serve");
    step(app, Caller::Drafter, &advice, "services", &letter()).ok();
    also(app, Caller::Inspector, Role::Reviewer);
    let major = found(app, &facility(app, Place::Own, Institution), "XF-10");
    no(Caller::Reviewer, &major, "confirmations", confirm(), "clause_required");
    no(Caller::Drafter, &major, "confirmations", clause(), "reviewer_required");
    no(Caller::Inspector, &major, "confirmations", clause(), "second_person_required");

    // Claiming and checking.
    also(app, Caller::Street, Role::Drafter);
    also(app, Caller::Street, Role::Inspector);
    let bare = json!({"claimed_on": "2026-08-03", "measures": "已整改", "photos": []});
    no(Caller::Operator, &advice, "rectifications", bare, "proof_required");
    claim(app, Caller::Street, &advice);
    no(Caller::Street, &advice, "checks", pass(), "own_claim");
    no(Caller::Street, &advice, "checks", json!({"result": "fail", "note": "未整改"}), "own_claim");
    no(Caller::Street, &advice, "reinspections", pass(), "own_claim");
    no(Caller::Street, &advice, "returns", reason(), "own_claim");
    no(Caller::Drafter, &advice, "closures", closing(), "street_check_required");
    also(app, Caller::SecondStreet, Role::Drafter);
    check(app, Caller::SecondStreet, &advice, "pass");
    also(app, Caller::SecondInspector, Role::Drafter);
    reinspect(app, Caller::SecondInspector, &advice, "pass");

    // Closing: of the rank, of the bureau, and nobody who worked on it.
    no(Caller::ThirdParty, &advice, "closures", closing(), "third_party_may_not_close");
    no(Caller::Reviewer, &advice, "closures", closing(), "wrong_rank");
    no(Caller::Issuer, &advice, "closures", closing(), "wrong_rank");
    for worked in [Caller::Street, Caller::SecondStreet, Caller::SecondInspector] {
        no(worked, &advice, "closures", closing(), "own_work");
    }
    step(app, Caller::Drafter, &advice, "closures", &closing()).ok();
    let serious = found(app, &station, "YK-16");
    let proof = Photo::new("after", None);
    step(app, Caller::Operator, &serious, "rectifications", &claim_body(app, &[&proof])).ok();
    check(app, Caller::Street, &serious, "skipped");
    no(Caller::Reviewer, &serious, "closures", closing(), "proof_missing");
    proof.put(&app.as_(Caller::Operator)).created();
    no(Caller::Reviewer, &serious, "closures", closing(), "reinspection_required");
    no(Caller::Inspector, &serious, "withdrawals", reason(), "second_person_required");

    // What does not go through the street.
    let mut body = build::facility_body(app, Place::Own, Station);
    body["route"] = json!("direct");
    let direct = id(&app.as_(Caller::Drafter).post("/facilities", &body).created());
    let direct = found(app, &direct, "YK-14");
    claim(app, Caller::Street, &direct);
    no(Caller::SecondStreet, &direct, "checks", pass(), "not_by_the_street");
    no(Caller::SecondStreet, &direct, "checks", skipped(), "not_by_the_street");
    step(app, Caller::Drafter, &direct, "closures", &closing()).ok();

    // A list may call something else 重大; the standard does not.
    publish(app, |item| {
        if item["code"] == "YK-02" {
            item["severity"] = json!("重大");
        }
    });
    let grave = found(app, &station, "YK-02");
    no(Caller::Reviewer, &grave, "confirmations", clause(), "major_binds_institutions_only");
    assert_eq!(*reached.borrow(), codes_of_the_line());
}

fn what_is_settled_moves_no_more(app: &TestApp) {
    let station = facility(app, Place::Own, Station);
    let (closed, withdrawn) = (found(app, &station, "YK-14"), found(app, &station, "YK-15"));
    close(app, &closed);
    step(app, Caller::Reviewer, &withdrawn, "withdrawals", &reason()).ok();
    let pass = json!({"result": "pass", "note": "现场核对"});
    let proof = Photo::new("after", None);
    for finding in [&closed, &withdrawn] {
        for (by, what, body) in [
            (Caller::Drafter, "confirmations", json!({})),
            (Caller::Drafter, "services", json!({"method": "letter"})),
            (Caller::Operator, "rectifications", claim_body(app, &[&proof])),
            (Caller::Street, "checks", pass.clone()),
            (Caller::SecondInspector, "reinspections", pass.clone()),
            (Caller::Drafter, "returns", reason()),
            (Caller::SecondDrafter, "closures", closing()),
            (Caller::Reviewer, "withdrawals", reason()),
        ] {
            refused(app, by, finding, what, &body, "wrong_state");
        }
    }
}

fn proofs_must_have_arrived(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    // Where a photo is asked for, a document and a photo of something else are none.
    let papers = [Photo::new("document", None), Photo::new("scene", None)];
    let body = claim_body(app, &[&papers[0], &papers[1]]);
    refused(app, Caller::Operator, &finding, "rectifications", &body, "proof_required");
    let proofs = [Photo::new("after", None), Photo::new("document", None)];
    let claimed =
        step(app, Caller::Operator, &finding, "rectifications", &claim_body(app, &[&proofs[0], &proofs[1]]))
            .ok();
    let ids: Vec<_> = proofs.iter().map(|p| p.id).collect();
    assert_eq!(
        claimed["rectifications"][0]["evidence"],
        json!({"expected": 2, "received": 0, "missing": ids})
    );
    check(app, Caller::Street, &finding, "pass");
    for photo in &proofs {
        refused(app, Caller::Drafter, &finding, "closures", &closing(), "proof_missing");
        // Nobody else can send it.
        photo.put(&app.as_(Caller::Street)).expect(409, "id_taken");
        photo.put(&app.as_(Caller::Operator)).created();
    }
    step(app, Caller::Drafter, &finding, "closures", &closing()).ok();
}

fn a_before_photo_proves_nothing(app: &TestApp) {
    let (inspector, station) = (app.as_(Caller::Inspector), facility(app, Place::Own, Station));
    let built = inspection(app, &station, &["YK-14"]);
    let finding = id(&built.put(&inspector).created()["findings"][0]);
    built.photos[0].put(&inspector).created();
    let before = detail(app, &finding);
    let good = Photo::new("after", None);
    let culprit = |answer: Reply| answer.expect_at(422, "invalid_request", "/photos/1", "photo_reused");
    // Whether the inspector's photo has arrived or not, and under whatever id.
    for photo in [&built.photos[0], &built.photos[1]] {
        let renamed = under(build::uuid(), photo);
        for again in [photo, &renamed] {
            let body = claim_body(app, &[&good, again]);
            culprit(leaves_nothing(app, || step(app, Caller::Operator, &finding, "rectifications", &body)));
        }
    }
    assert_eq!(detail(app, &finding), before);
    claim(app, Caller::Operator, &finding);
    let line = built.photos[0].declared();
    let body = json!({"result": "pass", "note": "现场复查", "photos": [good.declared(), line]});
    culprit(leaves_nothing(app, || step(app, Caller::Inspector, &finding, "reinspections", &body)));
    // Somebody else's id is no proof either, and a document is no photo.
    let theirs = Photo::new("after", None);
    theirs.put(&app.as_(Caller::SecondInspector)).created();
    let other = found(app, &facility(app, Place::Own, Station), "YK-15");
    let answer = leaves_nothing(app, || {
        step(app, Caller::Operator, &other, "rectifications", &claim_body(app, &[&theirs]))
    });
    answer.expect_at(409, "photo_id_taken", "/photos/0/photo_id", "photo_id_taken");
    let twice = leaves_nothing(app, || {
        step(app, Caller::Operator, &other, "rectifications", &claim_body(app, &[&good, &good]))
    });
    twice.expect_at(422, "invalid_request", "/photos/1/photo_id", "duplicate_photo");
}

fn the_day_of_a_claim(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    let on = |day: &str| {
        let mut body = claim_body(app, &[&Photo::new("after", None)]);
        body["claimed_on"] = json!(day);
        app.as_(Caller::Operator).post(&format!("/findings/{finding}/rectifications"), &body)
    };
    let bad =
        |day| leaves_nothing(app, || on(day)).expect_at(422, "out_of_range", "/claimed_on", "out_of_range");
    set_clock(app, "2026-08-04T23:59:59");
    bad("2026-08-02"); // the day before it was found
    bad("2026-08-05"); // tomorrow
    set_clock(app, "2026-08-05T00:00:00");
    assert_eq!(on("2026-08-05").ok()["claimed_on"], "2026-08-05");
    step(app, Caller::Drafter, &finding, "returns", &reason()).ok();
    let again = on("2026-08-03").ok();
    assert_eq!((&again["claimed_on"], &again["state"]), (&json!("2026-08-03"), &json!("rectified")));
}

fn served_by_letter(app: &TestApp) {
    let station = facility(app, Place::Own, Station);
    let found = |code| {
        let finding = found_by(app, Caller::ThirdParty, &station, code);
        step(app, Caller::Drafter, &finding, "confirmations", &json!({})).ok();
        finding
    };
    let (finding, other) = (found("YK-14"), found("YK-15"));
    set_clock(app, "2026-08-13T09:00:00");
    let with = |due_on: &str| json!({"method": "letter", "due_on": due_on, "note": "随函送达"});
    let past = leaves_nothing(app, || step(app, Caller::Drafter, &finding, "services", &with("2026-08-12")));
    past.expect_at(422, "out_of_range", "/due_on", "out_of_range");
    let served = step(app, Caller::Drafter, &finding, "services", &with("2026-08-20")).ok();
    assert_eq!((&served["due_on"], &served["service_method"]), (&json!("2026-08-20"), &json!("letter")));
    let rule = served["due_rule"].as_str().unwrap_or_default();
    assert!(rule.contains("2026-08-17"), "the suggestion stays on record: {rule}");
    // Seven days from the day of service, not from the day when it was found.
    let served = step(app, Caller::Drafter, &other, "services", &json!({"method": "letter"})).ok();
    assert_eq!((&served["due_on"], &served["served_at"]), (&json!("2026-08-20"), &json!(app.clock.now())));
    refused(app, Caller::SecondDrafter, &other, "services", &json!({"method": "on_site"}), "wrong_state");
}

fn a_mistake_is_withdrawn_by_another(app: &TestApp) {
    let station = facility(app, Place::Own, Station);
    also(app, Caller::Inspector, Role::Reviewer);
    for code in ["YK-14", "YK-16"] {
        let finding = found(app, &station, code);
        refused(app, Caller::Inspector, &finding, "withdrawals", &reason(), "second_person_required");
        let withdrawn = step(app, Caller::Reviewer, &finding, "withdrawals", &reason()).ok();
        assert_eq!((&withdrawn["state"], &withdrawn["closed_at"]), (&json!("withdrawn"), &Value::Null));
        // Found again, it is a new one.
        assert_ne!(found(app, &station, code), finding);
    }
    for caller in [Caller::Drafter, Caller::Issuer, Caller::Street] {
        let finding = found(app, &fresh(app, Station), "YK-14");
        step(app, caller, &finding, "withdrawals", &reason()).expect(403, "permission_denied");
    }
}

fn bad_steps_are_refused(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    let before = detail(app, &finding);
    let whole = || claim_body(app, &[&Photo::new("after", None)]);
    let with = |name: &str, value: Value| {
        let mut body = whole();
        body[name] = value;
        body
    };
    let long = "长".repeat(2001);
    for (by, what, body, pointer, fault) in [
        (Caller::Drafter, "confirmations", json!({"severity": "general"}), "/severity", "unknown_field"),
        (Caller::Drafter, "services", json!({"method": "pigeon"}), "/method", "unknown_code"),
        (
            Caller::Drafter,
            "services",
            json!({"method": "letter", "due_on": "2026-02-30"}),
            "/due_on",
            "wrong_type",
        ),
        (
            Caller::Operator,
            "rectifications",
            with("claimed_on", json!("yesterday")),
            "/claimed_on",
            "wrong_type",
        ),
        (Caller::Operator, "rectifications", with("measures", json!(long)), "/measures", "out_of_range"),
        (
            Caller::Operator,
            "rectifications",
            with("photos", json!([{}])),
            "/photos/0/photo_id",
            "missing_field",
        ),
        (Caller::Operator, "rectifications", with("photos", Value::Null), "/photos", "wrong_type"),
        (Caller::Street, "checks", json!({"result": "maybe", "note": "核对"}), "/result", "unknown_code"),
        (
            Caller::Inspector,
            "reinspections",
            json!({"result": "skipped", "note": "复查"}),
            "/result",
            "unknown_code",
        ),
        (Caller::Drafter, "returns", json!({}), "/reason", "missing_field"),
        (Caller::Drafter, "closures", json!({"note": ""}), "/note", "out_of_range"),
        (Caller::Reviewer, "withdrawals", json!({"reason": "x"}), "/reason", "out_of_range"),
    ] {
        let answer = leaves_nothing(app, || step(app, by, &finding, what, &body));
        answer.expect_at(422, "invalid_request", pointer, fault);
    }
    assert_eq!(detail(app, &finding), before);
    let unknown = build::uuid().to_string();
    for (by, what, body) in
        [(Caller::Drafter, "closures", closing()), (Caller::Operator, "rectifications", whole())]
    {
        step(app, by, &unknown, what, &body).expect(404, "not_found");
        step(app, by, "none", what, &body).expect(404, "not_found");
    }
}
