//! Deputies (AB角): what a delegation gives and when it ends, what cannot be delegated, whose names stand in the history and in the
//! trail, and that three steps need three persons whoever stands in for whom.

use super::app::TestApp;
use super::build::{self, id, inspection};
use super::client::Reply;
use super::findings::{detail, found};
use super::inspections::{facility, fresh, leaves_nothing};
use super::letters::{drafted, take};
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};
use yixun::access::Role;
use yixun::db::schema::{audit_entry, letter_event};
use yixun::directory::FacilityKind::Station;
use yixun::ids::LetterId;

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_deputy_holds_what_the_principal_holds_while_it_lasts,
        what_ends_for_the_principal_ends_for_the_deputy,
        a_delegation_is_ended_once,
        what_cannot_be_delegated,
        administrators_stay_apart_later_too,
        both_names_are_recorded,
        where_ones_own_grant_would_do_one_acts_for_oneself,
        nobody_goes_on_with_what_was_done_in_their_name,
        a_deputy_may_not_do_what_the_principal_may_not,
        a_deputy_decides_about_no_record_of_the_principals,
        whoever_acts_in_their_own_right_is_not_held_to_the_principal,
        delegations_are_listed_by_person_and_day,
    );
}

/// Far enough for every test.
const LAST: &str = "2026-08-31";

/// The grants of somebody's own.
#[track_caller]
pub fn grants(app: &TestApp, of: Caller) -> Vec<String> {
    let user = app.as_(Caller::SecurityAdmin).get(&format!("/users/{}", app.user(of))).ok();
    user["grants"].as_array().expect("grants").iter().map(id).collect()
}

fn body(app: &TestApp, principal: Caller, deputy: Caller, grants: &[String]) -> Value {
    json!({"principal_id": app.user(principal), "deputy_id": app.user(deputy), "grant_ids": grants,
        "valid_to": LAST, "basis": "示例区民政局AB角安排〔2026〕1号"})
}

fn record(app: &TestApp, body: &Value) -> Reply {
    app.as_(Caller::SecurityAdmin).post("/delegations", body)
}

/// Lets somebody stand in for all that somebody else holds, from today on.
#[track_caller]
pub fn stand_in(app: &TestApp, principal: Caller, deputy: Caller) -> Value {
    record(app, &body(app, principal, deputy, &grants(app, principal))).created()
}

fn give(app: &TestApp, to: Caller, role: &str, place: Place) -> Reply {
    let path = format!("/users/{}/grants", app.user(to));
    app.as_(Caller::SecurityAdmin).post(&path, &json!({"role": role, "area_id": app.world.area(place)}))
}

#[track_caller]
fn name(app: &TestApp, of: Caller) -> String {
    let user = app.as_(Caller::Admin).get(&format!("/users/{}", app.user(of))).ok();
    user["display_name"].as_str().expect("a name").to_string()
}

#[track_caller]
fn label(app: &TestApp, deputy: Caller, principal: Caller) -> String {
    format!("{}（代{}）", name(app, deputy), name(app, principal))
}

fn a_deputy_holds_what_the_principal_holds_while_it_lasts(app: &TestApp) {
    let deputy = app.as_(Caller::NoRole);
    let mut asked = body(app, Caller::Street, Caller::NoRole, &grants(app, Caller::Street));
    asked["valid_from"] = json!("2026-08-04");
    asked["valid_to"] = json!("2026-08-05");
    let made = record(app, &asked).created();
    assert_eq!((&made["in_force"], &made["grants"][0]["role"]), (&json!(false), &json!("street")));
    deputy.get("/facilities").expect(403, "permission_denied");
    app.advance(TimeDelta::days(1));
    assert_eq!(deputy.all("/facilities"), app.as_(Caller::Street).all("/facilities"));
    let there = facility(app, Place::Sibling, Station);
    deputy.get(&format!("/facilities/{there}")).expect(404, "not_found");
    let me = deputy.get("/me").ok();
    assert_eq!(me["roles"], json!(["street"]));
    let principal = json!({"principal_id": app.user(Caller::Street),
        "principal_name": name(app, Caller::Street), "roles": ["street"]});
    assert_eq!(me["stands_in_for"], json!([principal]));
    app.advance(TimeDelta::days(1));
    deputy.get("/facilities").ok();
    app.advance(TimeDelta::days(1));
    deputy.get("/facilities").expect(403, "permission_denied");
    assert_eq!(deputy.get("/me").ok()["stands_in_for"], json!([]));
}

fn what_ends_for_the_principal_ends_for_the_deputy(app: &TestApp) {
    let deputy = app.as_(Caller::NoRole);
    stand_in(app, Caller::Street, Caller::NoRole);
    stand_in(app, Caller::Registrar, Caller::NoRole);
    deputy.get("/letters").ok();
    assert_eq!(deputy.get("/me").ok()["roles"], json!(["registrar", "street"]));
    let grant = &grants(app, Caller::Street)[0];
    app.as_(Caller::SecurityAdmin)
        .delete(&format!("/users/{}/grants/{grant}", app.user(Caller::Street)))
        .done();
    assert_eq!(deputy.get("/me").ok()["roles"], json!(["registrar"]));
    // Who has left has nothing that another could hold, whatever became of the delegation.
    let user = app.world.person(Caller::Registrar).user;
    app.write(move |tx| yixun::access::disabling::disable(tx, user, yixun::clock::machine_now()));
    deputy.get("/letters").expect(403, "permission_denied");
}

fn a_delegation_is_ended_once(app: &TestApp) {
    let made = stand_in(app, Caller::Street, Caller::NoRole);
    let (path, deputy) = (format!("/delegations/{}", id(&made)), app.as_(Caller::NoRole));
    deputy.get("/facilities").ok();
    let end =
        || app.as_(Caller::SecurityAdmin).post(&format!("{path}/revocations"), &json!({"reason": "已返岗"}));
    let ended = end().ok();
    assert_eq!((&ended["in_force"], &ended["revocation"]["reason"]), (&json!(false), &json!("已返岗")));
    assert_eq!(ended["revocation"]["by"], app.user(Caller::SecurityAdmin));
    deputy.get("/facilities").expect(403, "permission_denied");
    end().expect(409, "already_ended");
    assert_eq!(app.as_(Caller::Supervisor).get(&path).ok(), ended);
    let other = stand_in(app, Caller::Street, Caller::NoRole);
    app.advance(TimeDelta::days(29));
    let late = format!("/delegations/{}/revocations", id(&other));
    app.as_(Caller::SecurityAdmin).post(&late, &json!({"reason": "已返岗"})).expect(409, "already_ended");
}

fn what_cannot_be_delegated(app: &TestApp) {
    let of = |principal| grants(app, principal);
    let drafters = of(Caller::Drafter);
    let usual = || body(app, Caller::Drafter, Caller::NoRole, &drafters);
    let with = |field: &str, value: Value| {
        let mut changed = usual();
        changed[field] = value;
        changed
    };
    stand_in(app, Caller::Street, Caller::NoRole);
    disable(app, Caller::SecondStreet);
    let refused = |body: Value, status: u16, code: &str, pointer: Option<&str>| {
        let reply = leaves_nothing(app, || record(app, &body));
        match pointer {
            Some(pointer) => reply.expect_at(status, code, pointer, code),
            None => drop(reply.expect(status, code)),
        }
    };
    let invalid = |body, code: &str, pointer: &str| refused(body, 422, code, Some(pointer));
    invalid(with("deputy_id", json!(app.user(Caller::Drafter))), "same_person", "/deputy_id");
    invalid(with("deputy_id", json!(build::uuid())), "unknown_user", "/deputy_id");
    invalid(with("principal_id", json!(build::uuid())), "unknown_user", "/principal_id");
    invalid(with("valid_from", json!("2026-08-02")), "out_of_range", "/valid_from");
    invalid(with("valid_to", json!("2026-08-02")), "bad_dates", "/valid_to");
    // Another's grant; one that will have ended; and what one only holds as a deputy.
    invalid(
        with("grant_ids", json!([drafters[0], of(Caller::Reviewer)[0]])),
        "not_delegable",
        "/grant_ids/1",
    );
    invalid(
        body(app, Caller::NoRole, Caller::SecondDrafter, &of(Caller::Street)),
        "not_delegable",
        "/grant_ids/0",
    );
    let path = format!("/users/{}/grants", app.user(Caller::Drafter));
    let ends = json!({"role": "registrar", "valid_to": "2026-08-10"});
    let ending = app.as_(Caller::SecurityAdmin).post(&path, &ends).created()["grants"].clone();
    let ending = ending.as_array().expect("grants").iter().find(|g| g["role"] == "registrar").map(id);
    let mut later = with("grant_ids", json!([ending]));
    later["valid_from"] = json!("2026-08-11");
    invalid(later, "not_delegable", "/grant_ids/0");
    let conflict = |body, code: &str| refused(body, 409, code, None);
    for admin in [Caller::Admin, Caller::SecurityAdmin, Caller::AuditAdmin] {
        conflict(body(app, admin, Caller::NoRole, &of(admin)), "roles_exclude_each_other");
        conflict(body(app, Caller::Drafter, admin, &drafters), "roles_exclude_each_other");
    }
    conflict(body(app, Caller::Drafter, Caller::ThirdParty, &drafters), "third_party_stays_apart");
    conflict(
        body(app, Caller::ThirdParty, Caller::NoRole, &of(Caller::ThirdParty)),
        "third_party_stays_apart",
    );
    conflict(body(app, Caller::Drafter, Caller::SecondStreet, &drafters), "account_disabled");
    conflict(body(app, Caller::SecondStreet, Caller::Drafter, &of(Caller::SecondStreet)), "account_disabled");
    record(app, &usual()).created();
}

fn disable(app: &TestApp, caller: Caller) {
    let (admin, path) = (app.as_(Caller::Admin), format!("/users/{}", app.user(caller)));
    admin.patch(&path, Some(admin.get(&path).revision()), &json!({"disabled": true})).ok();
}

fn administrators_stay_apart_later_too(app: &TestApp) {
    let made = stand_in(app, Caller::Street, Caller::NoRole);
    let path = format!("/users/{}/grants", app.user(Caller::NoRole));
    let admin = || app.as_(Caller::SecurityAdmin).post(&path, &json!({"role": "audit_admin"}));
    admin().expect(409, "roles_exclude_each_other");
    let end = format!("/delegations/{}/revocations", id(&made));
    app.as_(Caller::SecurityAdmin).post(&end, &json!({"reason": "另有任用"})).ok();
    admin().created();
}

/// Who did what to a letter, by its history.
fn letter_actors(app: &TestApp, letter: &str) -> Vec<(String, String)> {
    let letter: LetterId = letter.parse().expect("an id");
    app.read(|conn| {
        let of_letter = letter_event::table.filter(letter_event::letter_id.eq(letter));
        let ordered = of_letter.order(letter_event::seq);
        Ok(ordered.select((letter_event::kind, letter_event::actor_name)).load(conn)?)
    })
}

/// The lines of the trail about a thing: who, and for whom.
fn trail(app: &TestApp, object: &str) -> Vec<(Value, Value)> {
    let lines: Vec<String> = app.read(|conn| {
        let of_object = audit_entry::table.filter(audit_entry::object_id.eq(object)).order(audit_entry::id);
        Ok(of_object.select(audit_entry::line).load(conn)?)
    });
    let parsed = lines.iter().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    parsed.map(|line| (line["actor"].clone(), line["principal_ids"].clone())).collect()
}

fn both_names_are_recorded(app: &TestApp) {
    stand_in(app, Caller::Drafter, Caller::SecondReviewer);
    stand_in(app, Caller::Reviewer, Caller::Registrar);
    let letter = &drafted(app, &id(&build::campaign(app, Place::Own, &[Station])))[0];
    let submitted = take(app, Caller::SecondReviewer, letter, "submit").ok();
    assert_eq!(submitted["submitted_by"], app.user(Caller::SecondReviewer));
    assert_eq!(submitted["submitted_for"], app.user(Caller::Drafter));
    let approved = take(app, Caller::Registrar, letter, "approve").ok();
    assert_eq!(approved["approved_for"], app.user(Caller::Reviewer));
    let for_drafter = label(app, Caller::SecondReviewer, Caller::Drafter);
    let for_reviewer = label(app, Caller::Registrar, Caller::Reviewer);
    let told = |kind: &str, who: &String| (kind.to_string(), who.clone());
    let expected = [
        told("draft", &name(app, Caller::Drafter)),
        told("submit", &for_drafter),
        told("approve", &for_reviewer),
    ];
    assert_eq!(letter_actors(app, letter), expected);
    let lines = trail(app, letter);
    assert_eq!(lines[0].1, Value::Null);
    assert_eq!(lines[1], (json!(for_drafter), json!([app.user(Caller::Drafter)])));
    assert_eq!(lines[2], (json!(for_reviewer), json!([app.user(Caller::Reviewer)])));
    // Of a finding too, where nothing else would let them.
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    let withdraw = format!("/findings/{finding}/withdrawals");
    app.as_(Caller::Registrar).post(&withdraw, &json!({"reason": "经核实为误报"})).ok();
    let events = detail(app, &finding)["events"].clone();
    let last = events.as_array().expect("events").last().expect("an event").clone();
    assert_eq!((&last["kind"], &last["actor"]), (&json!("withdrawn"), &json!(for_reviewer)));
    assert_eq!(
        trail(app, &finding).last(),
        Some(&(json!(for_reviewer), json!([app.user(Caller::Reviewer)])))
    );
    app.sequence();
    app.read(yixun::audit::verify);
}

fn where_ones_own_grant_would_do_one_acts_for_oneself(app: &TestApp) {
    let own = Caller::At(Role::Drafter, Place::Own);
    stand_in(app, Caller::Drafter, own);
    let campaign = id(&build::campaign(app, Place::District, &[Station]));
    let drafts = json!({"campaign_id": campaign, "reply_due": "2027-03-01"});
    let made = app.as_(own).post("/letters/batch", &drafts).created()["letters"].clone();
    let (here, there) = (id(&made[0]), id(&made[1]));
    let (mine, theirs) = (name(app, own), label(app, own, Caller::Drafter));
    assert_eq!(letter_actors(app, &here), [("draft".to_string(), mine.clone())]);
    assert_eq!(letter_actors(app, &there), [("draft".to_string(), theirs.clone())]);
    assert_eq!(trail(app, &here), [(json!(mine), Value::Null)]);
    assert_eq!(trail(app, &there), [(json!(theirs), json!([app.user(Caller::Drafter)]))]);
    let submit = |letter: &str| take(app, own, letter, "submit").ok()["submitted_for"].clone();
    assert_eq!((submit(&here), submit(&there)), (Value::Null, json!(app.user(Caller::Drafter))));
    // Where the place cannot tell, the trail says whom they may have stood in for, and the name is their own.
    let planned = id(&app.as_(own).post("/campaigns", &build::campaign_body(app, Place::Own)).created());
    assert_eq!(trail(app, &planned), [(json!(mine), json!([app.user(Caller::Drafter)]))]);
}

fn nobody_goes_on_with_what_was_done_in_their_name(app: &TestApp) {
    stand_in(app, Caller::Drafter, Caller::SecondReviewer);
    let letter = &drafted(app, &id(&build::campaign(app, Place::Own, &[Station])))[0];
    take(app, Caller::SecondReviewer, letter, "submit").ok();
    give(app, Caller::Drafter, "reviewer", Place::District).created();
    take(app, Caller::Drafter, letter, "approve").expect(409, "own_work");
    take(app, Caller::Drafter, letter, "return").expect(409, "own_work");
    take(app, Caller::SecondReviewer, letter, "approve").expect(409, "own_work");
    stand_in(app, Caller::Reviewer, Caller::Registrar);
    take(app, Caller::Registrar, letter, "approve").ok();
    give(app, Caller::Reviewer, "issuer", Place::District).created();
    give(app, Caller::Drafter, "issuer", Place::District).created();
    for done_for in [Caller::Reviewer, Caller::Drafter] {
        take(app, done_for, letter, "issue").expect_at(409, "not_all_issuable", "/letter_ids/0", "own_work");
    }
    take(app, Caller::Issuer, letter, "issue").ok();
}

fn a_deputy_may_not_do_what_the_principal_may_not(app: &TestApp) {
    let letter = &drafted(app, &id(&build::campaign(app, Place::Own, &[Station])))[0];
    take(app, Caller::Drafter, letter, "submit").ok();
    give(app, Caller::Drafter, "reviewer", Place::District).created();
    stand_in(app, Caller::Drafter, Caller::Registrar);
    take(app, Caller::Registrar, letter, "approve").expect(409, "own_work");
    give(app, Caller::SecondIssuer, "reviewer", Place::District).created();
    take(app, Caller::SecondIssuer, letter, "approve").ok();
    stand_in(app, Caller::SecondIssuer, Caller::NoRole);
    take(app, Caller::NoRole, letter, "issue").expect_at(
        409,
        "not_all_issuable",
        "/letter_ids/0",
        "own_work",
    );
    stand_in(app, Caller::Issuer, Caller::SecondReviewer);
    let issued = take(app, Caller::SecondReviewer, letter, "issue").ok()["letters"][0].clone();
    assert_eq!(issued["issued_for"], app.user(Caller::Issuer));
}

fn a_deputy_decides_about_no_record_of_the_principals(app: &TestApp) {
    let ended = fresh(app, Station);
    let seen = inspection(app, &ended, &[]);
    let gone = json!({"status": "ended"});
    app.as_(Caller::Drafter).patch(&format!("/facilities/{ended}"), Some(1), &gone).ok();
    let receipt = seen.put(&app.as_(Caller::Inspector)).is(202);
    let record = receipt["quarantine_id"].as_str().expect("an id");
    let dismiss = |by: Caller| {
        let path = format!("/quarantine/{record}/dismissals");
        app.as_(by).post(&path, &json!({"reason": "设施已停办"}))
    };
    give(app, Caller::Inspector, "drafter", Place::District).created();
    stand_in(app, Caller::Inspector, Caller::NoRole);
    dismiss(Caller::NoRole).expect(409, "own_work");
    stand_in(app, Caller::SecondDrafter, Caller::Registrar);
    dismiss(Caller::Registrar).ok();
    let label = label(app, Caller::Registrar, Caller::SecondDrafter);
    let last = trail(app, record).pop();
    assert_eq!(last, Some((json!(label), json!([app.user(Caller::SecondDrafter)]))));
}

fn whoever_acts_in_their_own_right_is_not_held_to_the_principal(app: &TestApp) {
    let letter = &drafted(app, &id(&build::campaign(app, Place::Own, &[Station])))[0];
    take(app, Caller::Drafter, letter, "submit").ok();
    take(app, Caller::Reviewer, letter, "approve").ok();
    stand_in(app, Caller::Reviewer, Caller::Issuer);
    let issued = take(app, Caller::Issuer, letter, "issue").ok()["letters"][0].clone();
    assert_eq!(
        (&issued["issued_by"], &issued["issued_for"]),
        (&json!(app.user(Caller::Issuer)), &Value::Null)
    );
}

fn delegations_are_listed_by_person_and_day(app: &TestApp) {
    let reader = app.as_(Caller::Supervisor);
    let first = id(&stand_in(app, Caller::Street, Caller::NoRole));
    app.advance(TimeDelta::seconds(1));
    let mut later = body(app, Caller::Drafter, Caller::NoRole, &grants(app, Caller::Drafter));
    later["valid_from"] = json!("2026-08-20");
    let later = id(&record(app, &later).created());
    app.advance(TimeDelta::seconds(1));
    let other = id(&stand_in(app, Caller::Reviewer, Caller::SecondReviewer));
    let listed =
        |query: &str| -> Vec<String> { reader.all(&format!("/delegations{query}")).iter().map(id).collect() };
    assert_eq!(listed(""), [&other, &later, &first].map(Clone::clone));
    assert_eq!(listed("?in_force=true"), [&other, &first].map(Clone::clone));
    assert_eq!(listed(&format!("?user_id={}", app.user(Caller::NoRole))), [&later, &first].map(Clone::clone));
    assert_eq!(listed(&format!("?user_id={}", app.user(Caller::Drafter))), std::slice::from_ref(&later));
    app.advance(TimeDelta::days(20));
    assert_eq!(listed("?in_force=true"), [&other, &later, &first].map(Clone::clone));
    reader.get(&format!("/delegations/{}", build::uuid())).expect(404, "not_found");
}
