//! The steps from the draft to the issue: their states, their persons, and the way back.

use super::super::app::TestApp;
use super::super::build::{self, id, inspection};
use super::super::people::{Caller, Place};
use super::super::suite::{Suite, both};
use super::{advance, drafted, is_refused, listed, stations, take, usual, view};
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::json;
use yixun::access::{Holder, Places, Role, Scope};
use yixun::clock::Clock as _;
use yixun::db::types::Coded as _;
use yixun::db::{Actor, Stamp, Tx, schema};
use yixun::directory::FacilityKind::Station;
use yixun::fault::Fault;
use yixun::ids::LetterId;
use yixun::letters::letter::Letter;
use yixun::letters::{self, Sender};

pub fn register(suite: &mut Suite) {
    both!(suite:
        every_step_has_its_states,
        three_steps_three_persons,
        returned_and_submitted_again,
        a_character_without_a_font_is_not_submitted,
        what_was_not_tried_is_not_approved,
    );
}

fn every_step_has_its_states(app: &TestApp) {
    let letters = drafted(app, &stations(app));
    let letter = &letters[0];
    let stands = |state: &str, refused: &[&str]| {
        assert_eq!(view(app, letter)["state"], state);
        refused.iter().for_each(|step| is_refused(app, usual(step), letter, step, "wrong_state"));
    };
    stands("draft", &["approve", "return", "issue"]);
    advance(app, letter, &["submit"]);
    stands("in_review", &["submit", "issue"]);
    advance(app, letter, &["return"]);
    stands("returned", &["approve", "return", "issue"]);
    advance(app, letter, &["submit", "approve"]);
    stands("approved", &["submit", "approve"]);
    advance(app, letter, &["issue"]);
    stands("issued", &["submit", "approve", "return", "issue"]);
    app.drain();
    stands("document_ready", &["submit", "approve", "return", "issue"]);
    build::seal(app, Caller::Registrar, letter).ok();
    stands("sealed", &["submit", "approve", "return", "issue"]);
    build::deliver(app, Caller::Registrar, &[letter]).ok();
    stands("delivered", &["submit", "approve", "return", "issue"]);
    let elsewhere = Caller::At(Role::Reviewer, Place::Elsewhere);
    take(app, elsewhere, &letters[1], "approve").expect(404, "not_found");
}

/// Gives somebody more roles in the district.
fn also(app: &TestApp, caller: Caller, roles: &[Role]) {
    let path = format!("/users/{}/grants", app.user(caller));
    for role in roles {
        let grant = json!({"role": role.code(), "area_id": app.world.area(Place::District)});
        app.as_(Caller::SecurityAdmin).post(&path, &grant).created();
    }
}

fn three_steps_three_persons(app: &TestApp) {
    let (all_three, two) = (Caller::SecondDrafter, Caller::SecondReviewer);
    also(app, all_three, &[Role::Reviewer, Role::Issuer]);
    also(app, two, &[Role::Issuer]);
    let letters = drafted(app, &stations(app));
    let letter = &letters[0];
    take(app, all_three, letter, "submit").ok();
    is_refused(app, all_three, letter, "approve", "own_work");
    is_refused(app, all_three, letter, "return", "own_work");
    take(app, two, letter, "approve").ok();
    is_refused(app, all_three, letter, "issue", "own_work");
    is_refused(app, all_three, letter, "return", "own_work");
    is_refused(app, two, letter, "issue", "own_work");
    let issued = listed(&take(app, Caller::Issuer, letter, "issue").ok())[0].clone();
    for (step, caller) in [
        ("drafted_by", Caller::Drafter),
        ("submitted_by", all_three),
        ("approved_by", two),
        ("issued_by", Caller::Issuer),
    ] {
        assert_eq!(issued[step], app.user(caller), "{step}");
    }
    // Who submitted first is free once another has submitted anew.
    let again = &letters[1];
    take(app, all_three, again, "submit").ok();
    advance(app, again, &["return", "submit"]);
    take(app, all_three, again, "approve").ok();
    advance(app, again, &["issue"]);
}

fn returned_and_submitted_again(app: &TestApp) {
    let letter = &drafted(app, &stations(app))[0];
    let back = |by: Caller, reason: &str| {
        app.as_(by).post(&format!("/letters/{letter}/return"), &json!({ "reason": reason }))
    };
    advance(app, letter, &["submit"]);
    back(Caller::Reviewer, "短").expect_at(422, "invalid_request", "/reason", "out_of_range");
    app.as_(Caller::Reviewer)
        .post(&format!("/letters/{letter}/return"), &json!({}))
        .expect(422, "invalid_request");
    let returned = back(Caller::Reviewer, "主送机关有误").ok();
    assert_eq!(
        (&returned["state"], &returned["returned_reason"]),
        (&json!("returned"), &json!("主送机关有误"))
    );
    app.advance(TimeDelta::hours(1));
    let again = take(app, Caller::SecondDrafter, letter, "submit").ok();
    assert!(again["returned_reason"].is_null(), "{again}");
    assert_eq!(again["submitted_by"], app.user(Caller::SecondDrafter));
    assert_ne!(again["as_of"], returned["as_of"], "the facts are read anew");
    advance(app, letter, &["approve"]);
    let from_above = back(Caller::Issuer, "请核对数字").ok();
    assert_eq!(from_above["returned_reason"], "请核对数字");
    let anew = take(app, Caller::Drafter, letter, "submit").ok();
    assert!(anew["approved_by"].is_null(), "an approval does not outlive the text that it was for: {anew}");
    is_refused(app, Caller::Issuer, letter, "issue", "wrong_state");
    advance(app, letter, &["approve", "issue"]);
    use schema::letter_event as event;
    let of: LetterId = letter.parse().expect("an id");
    let history: Vec<(String, Option<String>)> = app.read(|conn| {
        let events = event::table.filter(event::letter_id.eq(of)).order(event::seq);
        Ok(events.select((event::kind, event::reason)).load(conn)?)
    });
    let kinds: Vec<&str> = history.iter().map(|(kind, _)| kind.as_str()).collect();
    let steps = ["draft", "submit", "return", "submit", "approve", "return", "submit", "approve", "issue"];
    assert_eq!(kinds, steps);
    assert_eq!(
        (history[2].1.as_deref(), history[5].1.as_deref()),
        (Some("主送机关有误"), Some("请核对数字"))
    );
}

fn a_character_without_a_font_is_not_submitted(app: &TestApp) {
    let campaign = stations(app);
    let mut findings = vec![];
    let unknown = [(Place::Own, '😀', "U+1F600"), (Place::Sibling, '\u{2a6d6}', "U+2A6D6")];
    for (place, character, _) in unknown {
        let station = app.world.facility(place, Station).to_string();
        let mut built = inspection(app, &station, &["YK-02"]).of_campaign(&campaign);
        let answers = built.body["answers"].as_array_mut().expect("answers");
        let failing = answers.iter_mut().find(|answer| answer["outcome"] == "fail").expect("a failing item");
        failing["note"] = json!(format!("门口堆放{character}杂物"));
        findings.push(id(&built.put_whole(&app.as_(Caller::Inspector))["findings"][0]));
    }
    let letters = drafted(app, &campaign);
    for ((letter, finding), (_, character, code)) in letters.iter().zip(&findings).zip(unknown) {
        let before = view(app, letter);
        let problem = take(app, Caller::Drafter, letter, "submit").expect(422, "missing_glyph");
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(detail.contains(character) && detail.contains(code), "{detail}");
        assert_eq!(view(app, letter), before);
        is_refused(app, Caller::Issuer, letter, "issue", "wrong_state");
        let withdraw = format!("/findings/{finding}/withdrawals");
        app.as_(Caller::Reviewer).post(&withdraw, &json!({"reason": "文字无法排印，另行登记"})).ok();
        advance(app, letter, &["submit", "approve", "issue"]);
    }
}

/// Between the trial and the approval the letter came back with another text: that one has not been tried.
fn what_was_not_tried_is_not_approved(app: &TestApp) {
    let letter = &drafted(app, &stations(app))[0];
    let id: LetterId = letter.parse().expect("an id");
    let user = app.world.person(Caller::Reviewer).user;
    let approve = |tried: Option<Letter>| {
        let actor = Actor::User { id: user, name: "试验审核人".into() };
        let stamp = Stamp { actor, now: app.clock.now(), address: None };
        let config = &app.app.config;
        let sender =
            Sender { authority: config.authority.clone(), watermark: None, fire_duty: config.fire_duty };
        let scope = Scope::everywhere();
        let by = Holder { scope, ..Holder::account_only(user, false) };
        let step = move |tx: &mut Tx<'_>| letters::approve(tx, &by, &sender, id, tried.as_ref());
        app.app.db.write_now(stamp, "letter.approve", step)
    };
    let tried = || app.read(|conn| letters::trial(conn, &Places::everywhere(), id));
    assert!(tried().is_none(), "a draft has nothing to try");
    advance(app, letter, &["submit"]);
    let before = tried();
    app.advance(TimeDelta::days(1));
    advance(app, letter, &["return", "submit"]);
    for stale in [None, before] {
        let refused = approve(stale).expect_err("a letter that was not tried");
        assert!(matches!(&refused, Fault::Refused { code, .. } if code == "resubmitted"), "{refused:?}");
        assert_eq!(view(app, letter)["state"], "in_review");
    }
    approve(tried()).expect("an approval");
    assert_eq!(view(app, letter)["state"], "approved");
}
