//! Visits of several persons: two phones feed one, and the second person confirms it.

use super::{at_once, facility, grown, in_visit_of, leaves_nothing, pointers, rows, set};
use crate::app::TestApp;
use crate::build::{Inspection, inspection, uuid};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use yixun::access::Role;
use yixun::clock::Clock as _;
use yixun::db::schema::change_entry;
use yixun::db::types::Uid;
use yixun::directory::FacilityKind::{Canteen, Center, Institution, Station};

pub fn register(suite: &mut Suite) {
    both!(suite:
        accounts_are_named_once_and_exist,
        two_phones_feed_one_visit,
        the_leader_need_not_be_the_first,
        two_phones_race_for_one_visit,
        a_visit_is_confirmed_within_two_days,
        who_may_confirm,
        confirmations_at_once_are_one,
    );
}

/// A visit that the inspector leads and the second inspector takes part in.
fn of_two(app: &TestApp, built: Inspection) -> Inspection {
    built.named(app, 0, Caller::Inspector).named(app, 1, Caller::SecondInspector)
}

fn accounts_are_named_once_and_exist(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let station = facility(app, Place::Own, Station);
    let refused = |built: Inspection, pointer: &str, code: &str| {
        let problem = leaves_nothing(app, || built.put(&inspector).is(422));
        assert_eq!(pointers(&problem), set(&[(pointer, code)]));
    };
    let twice =
        inspection(app, &station, &[]).named(app, 0, Caller::Inspector).named(app, 1, Caller::Inspector);
    refused(twice, "/visit/participants/1/user_id", "duplicate_user");
    let mut unknown = inspection(app, &station, &[]).named(app, 0, Caller::Inspector);
    unknown.body["visit"]["participants"][1]["user_id"] = json!(uuid());
    refused(unknown, "/visit/participants/1/user_id", "unknown_user");
    let theirs = inspection(app, &station, &[]).named(app, 0, Caller::SecondInspector);
    refused(theirs, "/visit/participants", "not_a_participant");
    let mut signed = of_two(app, inspection(app, &station, &[]));
    signed.body["visit"]["participants"][1]["signed"] = json!(true);
    signed.put(&inspector).created();
    let people = inspector.get(&signed.visit()).ok()["participants"].clone();
    assert_eq!(people, signed.body["visit"]["participants"]);
    // Not to have signed is the same, said or unsaid.
    let mut said = inspection(app, &station, &[]);
    said.put(&inspector).created();
    said.body["visit"]["participants"][0]["signed"] = json!(false);
    said.put(&inspector).ok();
}

fn two_phones_feed_one_visit(app: &TestApp) {
    let (lead, second) = (app.as_(Caller::Inspector), app.as_(Caller::SecondInspector));
    let first = of_two(app, inspection(app, &facility(app, Place::Own, Station), &["YK-14"]));
    first.put_whole(&lead);
    let mut next = in_visit_of(app, &first, &facility(app, Place::Own, Canteen), &[]);
    next.body["visit"]["ended_at"] = Value::Null;
    next.body["visit"]["position"] = Value::Null;
    leaves_nothing(app, || next.put(&app.as_(Caller::ThirdParty))).expect(409, "id_taken");
    let answer = next.put_whole(&second);
    assert_eq!(answer["visit_id"], first.body["visit"]["id"]);
    next.put(&second).ok();
    leaves_nothing(app, || next.put(&lead)).expect(409, "id_taken");
    let again = Inspection { id: uuid(), ..first.clone() };
    leaves_nothing(app, || again.put(&second)).expect(409, "already_inspected");
    let mut other = in_visit_of(app, &first, &facility(app, Place::Own, Center), &[]);
    other.body["visit"]["participants"].as_array_mut().expect("people").truncate(1);
    let other = other.of_kind("supervision");
    let problem = leaves_nothing(app, || other.put(&second).expect(409, "visit_differs"));
    assert_eq!(pointers(&problem), set(&[("/visit/kind", "differs"), ("/visit/participants", "differs")]));
    let of = |built: &Inspection, by: Caller| {
        let seen = lead.get(&built.path()).ok();
        assert_eq!((&seen["submitted_by"], &seen["state"]), (&json!(app.user(by)), &json!("complete")));
    };
    of(&first, Caller::Inspector);
    of(&next, Caller::SecondInspector);
    let visit = second.get(&first.visit()).ok();
    let held: BTreeSet<String> =
        visit["inspections"].as_array().expect("ids").iter().map(Value::to_string).collect();
    assert_eq!(held, BTreeSet::from([first.id, next.id].map(|id| json!(id).to_string())));
}

fn the_leader_need_not_be_the_first(app: &TestApp) {
    let (lead, second) = (app.as_(Caller::Inspector), app.as_(Caller::SecondInspector));
    let first = of_two(app, inspection(app, &facility(app, Place::Own, Station), &[]));
    first.put(&second).created();
    in_visit_of(app, &first, &facility(app, Place::Own, Canteen), &[]).put(&lead).created();
    assert_eq!(lead.get(&first.visit()).ok()["lead_id"], app.user(Caller::Inspector));
    // Where nobody is named, it is the first's alone.
    let alone = inspection(app, &facility(app, Place::Own, Station), &[]);
    alone.put(&second).created();
    assert_eq!(lead.get(&alone.visit()).ok()["lead_id"], app.user(Caller::SecondInspector));
    let joined = in_visit_of(app, &alone, &facility(app, Place::Own, Canteen), &[]);
    leaves_nothing(app, || joined.put(&lead)).expect(409, "id_taken");
}

fn two_phones_race_for_one_visit(app: &TestApp) {
    let phones = [Caller::Inspector, Caller::SecondInspector].map(|caller| app.as_(caller));
    for _ in 0..5 {
        let first = of_two(app, inspection(app, &facility(app, Place::Own, Station), &["YK-14"]));
        let kinds = [Station, Canteen, Center, Institution];
        let built = kinds.map(|kind| in_visit_of(app, &first, &facility(app, Place::Own, kind), &[]));
        let before = rows(app);
        let answers = at_once(8, |n| built[n % 4].put(&phones[n % 2]));
        let of = |status| answers.iter().filter(|a| a.status == status).count();
        let told: Vec<String> = answers.iter().map(|a| a.told()).collect();
        assert_eq!((of(201), of(200)), (4, 4), "{told:?}");
        let after = grown(&before, &rows(app));
        assert_eq!((after["visit"], after["visit_participant"], after["inspection"]), (1, 2, 4));
    }
}

fn a_visit_is_confirmed_within_two_days(app: &TestApp) {
    let (lead, second) = (app.as_(Caller::Inspector), app.as_(Caller::SecondInspector));
    let built = of_two(app, inspection(app, &facility(app, Place::Own, Station), &[]));
    leaves_nothing(app, || built.confirm(&second)).expect(404, "not_found");
    let received = app.clock.now();
    built.put(&lead).created();
    let late = of_two(app, inspection(app, &facility(app, Place::Own, Canteen), &[]));
    late.put(&lead).created();
    let until = received + TimeDelta::hours(48);
    assert_eq!(lead.get(&built.visit()).ok()["confirm_until"], json!(until));
    // A second inspection of the visit does not put it off.
    app.clock.set(received + TimeDelta::hours(47));
    in_visit_of(app, &built, &facility(app, Place::Own, Canteen), &[]).put(&second).created();
    app.clock.set(until);
    let answer = built.confirm(&second).created();
    let visit = json!({"visit_id": built.body["visit"]["id"], "user_id": app.user(Caller::SecondInspector), "confirmed_at": until});
    assert_eq!(answer, visit);
    app.advance(TimeDelta::microseconds(1));
    assert_eq!(built.confirm(&second).ok(), answer, "the same answer, whenever");
    leaves_nothing(app, || late.confirm(&second)).expect(409, "confirmation_late");
    let people = lead.get(&built.visit()).ok()["participants"].clone();
    assert_eq!((&people[0]["confirmed_at"], &people[1]["confirmed_at"]), (&Value::Null, &json!(until)));
    // The visit is told on to whoever follows it: twice received, once confirmed.
    let id: uuid::Uuid = built.body["visit"]["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let told = app.read(|conn| {
        let of_visit = change_entry::table.filter(change_entry::kind.eq("visit"));
        Ok(of_visit.filter(change_entry::object_id.eq(Uid(id))).count().get_result::<i64>(conn)?)
    });
    assert_eq!(told, 3);
}

fn who_may_confirm(app: &TestApp) {
    let lead = app.as_(Caller::Inspector);
    let mut built = of_two(app, inspection(app, &facility(app, Place::Own, Station), &[]));
    let more = [
        (Caller::ThirdParty, "accompanying"),
        (Caller::At(Role::Inspector, Place::Elsewhere), "member"),
        (Caller::At(Role::Inspector, Place::Own), "member"),
    ];
    for (caller, part) in more {
        let person =
            json!({"name": "试验丙", "organisation": "示例", "part": part, "user_id": app.user(caller)});
        built.body["visit"]["participants"].as_array_mut().expect("people").push(person);
    }
    built.put(&lead).created();
    for (caller, status) in [
        (Caller::At(Role::Inspector, Place::Everywhere), 404), // a stranger
        (Caller::ThirdParty, 404),                             // only came along
        (Caller::At(Role::Inspector, Place::Elsewhere), 404),  // out of reach
        (Caller::Drafter, 403),
    ] {
        let answer = leaves_nothing(app, || built.confirm(&app.as_(caller)));
        assert_eq!(answer.status, status, "{caller:?}: {}", answer.told());
    }
    for caller in [Caller::Inspector, Caller::SecondInspector, Caller::At(Role::Inspector, Place::Own)] {
        built.confirm(&app.as_(caller)).created();
    }
}

fn confirmations_at_once_are_one(app: &TestApp) {
    let built = of_two(app, inspection(app, &facility(app, Place::Own, Station), &[]));
    built.put(&app.as_(Caller::Inspector)).created();
    let second = app.as_(Caller::SecondInspector);
    let answers = at_once(8, |_| built.confirm(&second));
    assert_eq!(answers.iter().filter(|a| a.status == 201).count(), 1);
    answers.iter().filter(|a| a.status != 201).for_each(|a| drop(a.ok()));
    let told: BTreeSet<String> = answers.iter().map(|a| a.json.to_string()).collect();
    assert_eq!(told.len(), 1);
}
