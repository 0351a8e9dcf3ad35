//! Drafting: a letter for every street, who drafts which, and the day by which the street replies.

use super::super::app::TestApp;
use super::super::build::{self, id};
use super::super::people::{Caller, Place};
use super::super::suite::{Suite, both};
use super::{REPLY_DUE, advance, batch_of, drafted, is_refused, listed, snapshot, stations, view};
use serde_json::{Value, json};
use yixun::access::Role;
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        one_letter_for_every_street_with_targets,
        what_cannot_be_drafted,
        drafting_at_once_drafts_once,
        a_clerk_of_one_street_leaves_the_others_to_the_district,
        the_reply_comes_after_the_letter,
        a_date_that_has_passed_is_given_anew,
        a_date_that_has_passed_is_forced_with_a_reason,
    );
}

fn one_letter_for_every_street_with_targets(app: &TestApp) {
    let campaign = stations(app);
    let drafter = app.as_(Caller::Drafter);
    let letters = listed(&drafter.post("/letters/batch", &batch_of(&campaign)).created());
    let streets: Vec<Value> = letters.iter().map(|letter| letter["street_id"].clone()).collect();
    assert_eq!(streets, [Place::Own, Place::Sibling].map(|place| json!(app.world.area(place))), "by code");
    for letter in &letters {
        assert_eq!(letter["batch_id"], letters[0]["batch_id"]);
        assert_eq!(
            (&letter["state"], &letter["round"], &letter["revision"]),
            (&json!("draft"), &json!(1), &json!(1))
        );
        assert_eq!((&letter["campaign_id"], &letter["reply_due"]), (&json!(campaign), &json!(REPLY_DUE)));
        assert_eq!(letter["drafted_by"], app.user(Caller::Drafter));
        for later in ["number", "as_of", "submitted_by", "approved_by", "issued_by", "document"] {
            assert!(letter[later].is_null(), "{later}: {letter}");
        }
        assert_eq!(&view(app, &id(letter)), letter);
    }
    for again in [Caller::Drafter, Caller::SecondDrafter] {
        app.as_(again).post("/letters/batch", &batch_of(&campaign)).expect(409, "already_drafted");
    }
    assert_eq!(drafter.all("/letters"), letters);
    assert_eq!(drafted(app, &stations(app)).len(), 2, "another campaign has letters of its own");
}

fn what_cannot_be_drafted(app: &TestApp) {
    let drafter = app.as_(Caller::Drafter);
    let draft = |campaign: &str| drafter.post("/letters/batch", &batch_of(campaign));
    let bare = drafter.post("/campaigns", &build::campaign_body(app, Place::District)).created();
    draft(&id(&bare)).expect(409, "nothing_to_draft");
    draft(&build::uuid().to_string()).expect(404, "not_found");
    draft(&id(&build::campaign(app, Place::Elsewhere, &[Station]))).expect(404, "not_found");
    let mut body = batch_of(&stations(app));
    body["number"] = json!("演示函〔2026〕99号");
    drafter.post("/letters/batch", &body).expect_at(422, "invalid_request", "/number", "unknown_field");
    assert!(drafter.all("/letters").is_empty());
}

fn drafting_at_once_drafts_once(app: &TestApp) {
    let campaign = stations(app);
    let node = app.second_node();
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let draft = |n: usize| {
            let at = if n.is_multiple_of(2) { app } else { &node };
            at.as_(Caller::Drafter).post("/letters/batch", &batch_of(&campaign))
        };
        let calls: Vec<_> = (0..4).map(|n| scope.spawn(move || draft(n).status)).collect();
        calls.into_iter().map(|call| call.join().expect("an answer")).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
    assert_eq!(app.as_(Caller::Drafter).all("/letters").len(), 2);
}

fn a_clerk_of_one_street_leaves_the_others_to_the_district(app: &TestApp) {
    let campaign = stations(app);
    for (caller, place) in
        [(Caller::At(Role::Drafter, Place::Own), Place::Own), (Caller::Drafter, Place::Sibling)]
    {
        let answer = app.as_(caller).post("/letters/batch", &batch_of(&campaign)).created();
        let streets: Vec<Value> = listed(&answer).iter().map(|letter| letter["street_id"].clone()).collect();
        assert_eq!(streets, [json!(app.world.area(place))]);
        app.as_(caller).post("/letters/batch", &batch_of(&campaign)).expect(409, "already_drafted");
    }
}

fn the_reply_comes_after_the_letter(app: &TestApp) {
    let campaign = stations(app);
    let due = |day: &str| {
        let body = json!({"campaign_id": campaign, "reply_due": day});
        app.as_(Caller::Drafter).post("/letters/batch", &body)
    };
    for past in ["2026-08-03", "2026-08-02", "2025-12-31"] {
        due(past).expect_at(422, "reply_due_in_past", "/reply_due", "reply_due_in_past");
    }
    due("2026-02-30").expect_at(422, "invalid_request", "/reply_due", "wrong_type");
    let letters: Vec<String> = listed(&due("2026-08-05").created()).iter().map(id).collect();
    advance(app, &letters[0], &["submit", "approve"]);
    // The last moment of 4 August in Guangzhou, then the first of the 5th.
    app.clock.set("2026-08-04T15:59:59Z".parse().expect("a time"));
    advance(app, &letters[0], &["return", "submit", "approve"]);
    app.clock.set("2026-08-04T16:00:00Z".parse().expect("a time"));
    is_refused(app, Caller::Issuer, &letters[0], "issue", "reply_due_in_past");
    is_refused(app, Caller::Drafter, &letters[1], "submit", "reply_due_not_after_date");
    app.clock.set("2026-08-04T15:59:59Z".parse().expect("a time"));
    advance(app, &letters[0], &["issue"]);
    assert_eq!(snapshot(app, &letters[0]).number.as_deref(), Some("演示函〔2026〕1号"));
}

fn a_date_that_has_passed_is_given_anew(app: &TestApp) {
    let campaign = stations(app);
    let body = json!({"campaign_id": campaign, "reply_due": "2026-08-05"});
    let drafted = app.as_(Caller::Drafter).post("/letters/batch", &body).created();
    let letter = id(&drafted["letters"][0]);
    app.clock.set("2026-08-05T02:00:00Z".parse().expect("a time"));
    is_refused(app, Caller::Drafter, &letter, "submit", "reply_due_not_after_date");
    let (path, later) = (format!("/letters/{letter}"), json!({"reply_due": "2026-09-01"}));
    let change = |revision, body: &Value| app.as_(Caller::Drafter).patch(&path, revision, body);
    change(None, &later).expect(428, "if_match_required");
    change(Some(7), &later).expect(412, "version_differs");
    let past = json!({"reply_due": "2026-08-05"});
    change(Some(1), &past).expect_at(422, "reply_due_in_past", "/reply_due", "reply_due_in_past");
    assert_eq!(change(Some(1), &later).ok()["reply_due"], "2026-09-01");
    advance(app, &letter, &["submit"]);
    change(Some(3), &json!({"reply_due": "2026-09-02"})).expect(409, "wrong_state");
    advance(app, &letter, &["approve", "issue"]);
}

fn a_date_that_has_passed_is_forced_with_a_reason(app: &TestApp) {
    let campaign = stations(app);
    let body = json!({"campaign_id": campaign, "reply_due": "2026-08-05"});
    let drafted = app.as_(Caller::Drafter).post("/letters/batch", &body).created();
    let letters: Vec<String> = listed(&drafted).iter().map(id).collect();
    app.clock.set("2026-08-05T02:00:00Z".parse().expect("a time"));
    let submit = |letter: &str, body: Value| {
        app.as_(Caller::Drafter).post(&format!("/letters/{letter}/submit"), &body)
    };
    let short = submit(&letters[0], json!({"late_reply_reason": "急"}));
    short.expect_at(422, "invalid_request", "/late_reply_reason", "out_of_range");
    let forced = submit(&letters[0], json!({"late_reply_reason": "街道已先行书面反馈，补办发文"})).ok();
    assert_eq!(forced["late_reply_reason"], "街道已先行书面反馈，补办发文");
    advance(app, &letters[0], &["approve", "issue"]);
    assert!(snapshot(app, &letters[0]).text().contains("请于2026年8月5日前"), "printed as it stands");

    // Already when the day is set; whoever sets a day anew says it anew.
    let path = format!("/letters/{}", letters[1]);
    let set = |revision, body: Value| app.as_(Caller::Drafter).patch(&path, Some(revision), &body);
    let past = json!({"reply_due": "2026-08-01", "late_reply_reason": "按原通知的日期"});
    assert_eq!(set(1, past).ok()["reply_due"], "2026-08-01");
    set(2, json!({"reply_due": "2026-08-01"})).expect(422, "reply_due_in_past");
    assert_eq!(set(2, json!({"reply_due": "2026-08-06"})).ok()["late_reply_reason"], Value::Null);
    advance(app, &letters[1], &["submit", "approve"]);
    app.clock.set("2026-08-06T02:00:00Z".parse().expect("a time"));
    is_refused(app, Caller::Issuer, &letters[1], "issue", "reply_due_in_past");
    advance(app, &letters[1], &["return"]);
    is_refused(app, Caller::Drafter, &letters[1], "submit", "reply_due_not_after_date");
    submit(&letters[1], json!({"late_reply_reason": "公文系统故障，补发"})).ok();
    advance(app, &letters[1], &["approve", "issue"]);
}
