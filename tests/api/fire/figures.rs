//! Figures: 中级 against a baseline per facility, street and district, drills and equipment that are due.

use super::*;
use std::collections::BTreeSet;

pub fn register(suite: &mut Suite) {
    both!(suite:
        intermediate_certificates_against_a_baseline,
        figures_are_those_of_brute_force,
        a_facility_that_moves_or_ends_takes_its_figures_along,
        duty_in_a_control_room,
        drills_are_due,
        equipment_that_expires_is_found_before_the_inspector_does,
    );
}

fn summary(app: &TestApp, reader: Caller, query: &str) -> Value {
    app.as_(reader).get(&format!("/fire/summary{query}")).ok()
}

fn delta(figures: &Value) -> [i64; 4] {
    let of = level(figures, "intermediate");
    ["held", "baseline_held", "delta", "registered"].map(|name| of[name].as_i64().expect("a figure"))
}

/// Since 2024-05-31: 2 left, 1 expired and was never renewed, 40 came; 5 are registered.
fn intermediate_certificates_against_a_baseline(app: &TestApp) {
    let (here, there) = (institution(app, Place::Own), institution(app, Place::Sibling));
    let before = |facility: &str| enter(app, Caller::Drafter, &held(facility, &number()));
    let gone = [before(&here), before(&there)];
    let lapsed = json!({"expires_on": "2025-12-31"});
    enter(app, Caller::Drafter, &with(held(&here, &number()), &lapsed));
    (0..4).for_each(|_| drop(before(&here)));
    let since = json!({"issued_on": "2024-06-01", "since": "2024-06-01"});
    for n in 0..40 {
        let facility = if n < 25 { &here } else { &there };
        enter(app, Caller::Drafter, &with(held(facility, &number()), &since));
    }
    for line in &gone {
        change(app, line, &json!({"since": "2026-07-01", "status": "ended", "reason": "离岗"})).ok();
    }
    (0..5).for_each(|_| drop(enter(app, Caller::Drafter, &registered(&there))));
    let told = summary(app, Caller::Supervisor, "?baseline=2024-05-31");
    assert_eq!(delta(&told["total"]), [44, 7, 37, 5]);
    let streets: Vec<[i64; 4]> =
        told["streets"].as_array().expect("streets").iter().map(|s| delta(&s["figures"])).collect();
    assert_eq!(streets, [[29, 6, 23, 0], [15, 1, 14, 5]]);
    assert_eq!(told["streets"][0]["street_name"], "海幢街道");
    assert_eq!(delta(&overview(app, &here, "?baseline=2024-05-31")), [29, 6, 23, 0]);
    let then = summary(app, Caller::Supervisor, "?as_of=2024-12-31&baseline=2024-05-31");
    assert_eq!(delta(&then["total"]), [47, 7, 40, 0], "as of any day");
    let none = summary(app, Caller::Supervisor, "?as_of=2024-12-31");
    assert_eq!(level(&none["total"], "intermediate")["delta"], Value::Null);
    let own = summary(app, Caller::Street, "?baseline=2024-05-31");
    assert_eq!((delta(&own["total"]), own["streets"].as_array().map(Vec::len)), ([29, 6, 23, 0], Some(1)));
    let sibling = format!("?baseline=2024-05-31&street_id={}", app.world.area(Place::Sibling));
    assert_eq!(delta(&summary(app, Caller::Fire, &sibling)["total"]), [15, 1, 14, 5]);
    assert_eq!(delta(&summary(app, Caller::Street, &sibling)["total"]), [0, 0, 0, 0], "out of reach");
    let wrong = app.as_(Caller::Supervisor).get("/fire/summary?as_of=2024-05-30&baseline=2024-05-31");
    wrong.expect_at(422, "bad_dates", "/baseline", "bad_dates");
}

/// Counts from the lists what the summary counts from its registers.
fn figures_are_those_of_brute_force(app: &TestApp) {
    let twice = number();
    for (place, expires_on) in [
        (Place::Own, "2026-08-02"),
        (Place::Own, "2026-08-03"),
        (Place::Sibling, "2027-01-01"),
        (Place::Elsewhere, "2027-01-01"),
    ] {
        let facility = institution(app, place);
        let drafter = Caller::At(Role::Drafter, Place::Everywhere);
        let other = json!({"expires_on": expires_on});
        enter(app, drafter, &with(held(&facility, &number()), &other));
        enter(app, drafter, &with(held(&facility, &twice), &json!({"level": "senior"})));
        enter(app, drafter, &registered(&facility));
    }
    for (role, place) in [
        (Role::Supervisor, Place::Everywhere),
        (Role::Supervisor, Place::District),
        (Role::Fire, Place::District),
        (Role::Street, Place::Own),
        (Role::Street, Place::Elsewhere),
        (Role::Operator, Place::Own),
    ] {
        let reader = Caller::At(role, place);
        let told = summary(app, reader, "")["total"].clone();
        for wanted in ["junior", "intermediate", "senior"] {
            let count = |standing: &str| {
                let path = format!("/fire/certificates?level={wanted}&standing={standing}");
                let listed = app.as_(reader).all(&path);
                // Lines of one certificate show the same four characters here.
                let one = |l: &Value| l["number"].as_str().map_or_else(|| id(l), str::to_string);
                listed.iter().map(one).collect::<BTreeSet<_>>().len() as i64
            };
            let of = level(&told, wanted);
            for standing in ["held", "expired", "registered"] {
                assert_eq!(of[standing], count(standing), "{role:?} {place:?} {wanted} {standing}");
            }
        }
    }
}

fn a_facility_that_moves_or_ends_takes_its_figures_along(app: &TestApp) {
    let facility = institution(app, Place::Own);
    enter(app, Caller::Drafter, &held(&facility, &number()));
    app.clock.set(at("2026-08-10T02:00:00Z"));
    let path = format!("/facilities/{facility}");
    let to = json!({"street_id": app.world.area(Place::Sibling)});
    app.as_(Caller::Drafter).patch(&path, Some(1), &to).ok();
    let streets = |query: &str| {
        let told = summary(app, Caller::Supervisor, query);
        let of = |s: &Value| (s["street_name"].as_str().expect("a name").to_string(), delta(&s["figures"]));
        told["streets"].as_array().expect("streets").iter().map(of).collect::<Vec<_>>()
    };
    let now = streets("?baseline=2024-05-31");
    assert_eq!(now.len(), 1);
    assert_eq!((now[0].0.as_str(), now[0].1), ("南华西街道", [1, 1, 0, 0]));
    let then = streets("?as_of=2026-08-09&baseline=2024-05-31");
    assert_eq!((then[0].0.as_str(), then[0].1), ("海幢街道", [1, 1, 0, 0]));
    app.clock.set(at("2026-08-20T02:00:00Z"));
    app.as_(Caller::Drafter).patch(&path, Some(2), &json!({"status": "ended"})).ok();
    assert_eq!(streets("?baseline=2024-05-31")[0].1, [0, 1, -1, 0], "what ended is lost");
    assert_eq!(streets("?as_of=2026-08-19&baseline=2024-05-31")[0].1, [1, 1, 0, 0]);
}

fn duty_in_a_control_room(app: &TestApp) {
    let facility = institution(app, Place::Own);
    assert_eq!(overview(app, &facility, "")["control_room"], Value::Null, "nobody has said so");
    for n in 0..5 {
        let other = json!({"person": format!("值班{n}")});
        enter(app, Caller::Drafter, &with(held(&facility, &number()), &other));
    }
    let again = json!({"person": "值班0", "level": "senior"});
    enter(app, Caller::Drafter, &with(held(&facility, &number()), &again));
    let junior = json!({"person": "值班5", "level": "junior"});
    enter(app, Caller::Drafter, &with(held(&facility, &number()), &junior));
    enter(app, Caller::Drafter, &registered(&facility));
    let duty = |told: &Value| {
        let duty = &told["duty"];
        (
            duty["persons"].clone(),
            duty["level"].clone(),
            duty["red_below"].clone(),
            duty["amber_below"].clone(),
        )
    };
    let told = room(app, &facility, &json!({"linkage": false}));
    assert_eq!(duty(&told), (json!(6), json!("amber"), json!(6), json!(9)));
    let told = room(app, &facility, &json!({"linkage": true}));
    assert_eq!(duty(&told), (json!(5), json!("red"), json!(6), json!(9)), "初级 does not qualify");
    let basis = "广东省实施〈消防法〉办法第十九条第二款";
    let alone = json!({"single_person": true, "single_person_basis": basis});
    let told = room(app, &facility, &alone);
    assert_eq!(duty(&told), (json!(5), json!("green"), json!(3), json!(5)));
    assert_eq!((&told["single_person_basis"], &told["revision"]), (&json!(basis), &json!(3)));
    let figures = summary(app, Caller::Supervisor, "")["total"].clone();
    let counts = ["facilities", "control_rooms", "red", "amber", "green"].map(|n| figures[n].as_i64());
    assert_eq!(counts, [Some(1), Some(1), Some(0), Some(0), Some(1)]);
    let told = room(app, &facility, &json!({"control_room": false, "linkage": false, "since": "2026-08-02"}));
    assert_eq!(told["duty"], Value::Null);
    assert_eq!(duty(&overview(app, &facility, "?as_of=2026-08-01")).1, "green", "the day before");
}

fn drills_are_due(app: &TestApp) {
    let facility = institution(app, Place::Own);
    let drills = |query: &str| {
        let told = overview(app, &facility, query)["drills"].clone();
        (told["last_on"].clone(), told["due_on"].clone(), told["overdue"].clone())
    };
    assert_eq!(drills(""), (Value::Null, Value::Null, json!(false)));
    room(app, &facility, &json!({"key_unit": true, "since": "2026-01-01"}));
    assert_eq!(drills(""), (Value::Null, json!("2026-07-01"), json!(true)), "none since the register began");
    let [(path, drill), _, _] = records(&facility);
    app.as_(Caller::Drafter).post(path, &drill).created();
    assert_eq!(drills(""), (json!("2026-06-10"), json!("2026-12-10"), json!(false)));
    assert_eq!(drills("?as_of=2026-12-11").2, true);
    assert_eq!(drills("?as_of=2026-06-09"), (Value::Null, json!("2026-07-01"), json!(false)));
    let overdue = |query: &str| summary(app, Caller::Supervisor, query)["total"]["drills_overdue"].clone();
    assert_eq!((overdue(""), overdue("?as_of=2026-12-11")), (json!(0), json!(1)));
    room(app, &facility, &json!({"key_unit": false, "since": "2026-08-03"}));
    assert_eq!(drills("?as_of=2026-12-11"), (json!("2026-06-10"), json!("2027-06-10"), json!(false)));
    let trained = || overview(app, &facility, "")["trained_persons"].clone();
    let [_, (path, training), _] = records(&facility);
    app.as_(Caller::Drafter).post(path, &training).created();
    app.as_(Caller::Drafter).post(path, &with(training, &json!({"course": "报警与疏散"}))).created();
    assert_eq!(trained(), 1, "one person, two courses");
    app.clock.set(at("2027-06-02T02:00:00Z"));
    assert_eq!(trained(), 0, "more than a year ago");
}

fn equipment_that_expires_is_found_before_the_inspector_does(app: &TestApp) {
    let facility = own_station(app);
    let drafter = app.as_(Caller::Drafter);
    let [_, _, (path, body)] = records(&facility);
    let until = |day: &str| {
        later(app);
        id(&drafter.post(path, &with(body.clone(), &json!({"expires_on": day}))).created())
    };
    let (soon, far, today) = (until("2026-09-02"), until("2026-09-03"), until("2026-08-03"));
    let expiring = |days: u32| {
        let listed = app.as_(Caller::Operator).all(&format!("{path}?expiring_in={days}"));
        listed.iter().map(id).collect::<Vec<_>>()
    };
    assert_eq!(expiring(0), std::slice::from_ref(&today));
    assert_eq!(expiring(30), [today.clone(), soon.clone()]);
    assert_eq!(expiring(31), [today.clone(), far.clone(), soon.clone()]);
    let one = |line: &str| {
        let listed = app.as_(Caller::Operator).all(path);
        listed.into_iter().find(|e| id(e) == line).expect("the equipment")
    };
    assert_eq!((one(&today)["expired"].clone(), one(&today)["days_left"].clone()), (json!(false), json!(0)));
    app.clock.set(at("2026-08-03T16:00:00Z"));
    assert_eq!((one(&today)["expired"].clone(), one(&today)["days_left"].clone()), (json!(true), json!(-1)));
    let counts = |query: &str| {
        let told = overview(app, &facility, query)["equipment"].clone();
        ["in_place", "expired", "expiring"].map(|n| told[n].as_i64().expect("a count"))
    };
    assert_eq!(counts(""), [3, 1, 2]);
    let removal = format!("{path}/{today}/removals");
    drafter.post(&removal, &json!({"on": "2026-08-05", "reason": "到期更换"})).expect(422, "in_future");
    drafter.post(&removal, &json!({"on": "2024-07-31", "reason": "到期更换"})).expect(422, "bad_dates");
    let gone = drafter.post(&removal, &json!({"on": "2026-08-04", "reason": "到期更换"})).ok();
    assert_eq!((&gone["removed_on"], &gone["expired"]), (&json!("2026-08-04"), &json!(false)));
    drafter.post(&removal, &json!({"on": "2026-08-04", "reason": "到期更换"})).expect(409, "wrong_state");
    assert_eq!(counts(""), [2, 0, 2]);
    assert_eq!(expiring(0), Vec::<String>::new());
    assert_eq!(
        counts("?as_of=2026-08-03"),
        [3, 0, 2],
        "as it was the day before: the last day had not passed"
    );
    app.as_(Caller::Operator).get(&format!("{path}?expiring_in=3651")).expect(422, "invalid_request");
}
