//! Findings by rule: opened once, observed again only when it has grown worse, whatever restarts.

use super::*;
use yixun::fire::daily;

pub fn register(suite: &mut Suite) {
    both!(suite:
        too_few_certified_persons_open_one_finding,
        only_what_is_worse_is_observed_again,
        what_was_withdrawn_is_not_opened_again_by_the_same_facts,
        expired_equipment_opens_its_own_item,
        an_inspector_s_finding_is_observed_and_not_doubled,
        claims_and_rooms_nobody_knows_of_open_nothing,
        a_facility_out_of_operation_is_left_alone,
        a_day_s_look_is_enqueued_once,
        looking_from_two_nodes_at_once_opens_one_finding,
    );
}

/// A day passes, and its work is done.
fn look(app: &TestApp) {
    daily::enqueue_today(&app.app).expect("enqueued");
    app.drain();
}

fn findings(app: &TestApp, facility: &str) -> Vec<Value> {
    let mut found = app.as_(Caller::Supervisor).all(&format!("/findings?facility_id={facility}"));
    found.reverse();
    found
}

#[track_caller]
fn the_finding(app: &TestApp, facility: &str) -> Value {
    let found = findings(app, facility);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

/// A control room with `n` persons whose certificates end on the day.
fn staffed(app: &TestApp, place: Place, n: usize, expires_on: &str) -> (String, Vec<String>) {
    let facility = institution(app, place);
    let body = || with(held(&facility, &number()), &json!({"expires_on": expires_on}));
    let lines = (0..n).map(|_| enter(app, Caller::Drafter, &body())).collect();
    room(app, &facility, &json!({}));
    (facility, lines)
}

fn too_few_certified_persons_open_one_finding(app: &TestApp) {
    let (facility, lines) = staffed(app, Place::Own, 6, "2027-01-09");
    let last = with(held(&facility, &number()), &json!({"expires_on": "2026-08-05"}));
    let expiring = enter(app, Caller::SecondDrafter, &last);
    look(app);
    assert_eq!(findings(app, &facility).len(), 0);
    let leaves = json!({"since": "2026-08-03", "status": "ended", "reason": "离岗"});
    change(app, &lines[0], &leaves).ok();
    assert_eq!(findings(app, &facility).len(), 0, "six are left");
    app.clock.set(at("2026-08-05T15:59:00Z"));
    look(app);
    assert_eq!(findings(app, &facility).len(), 0);
    // By the day alone: nobody touches the register.
    app.clock.set(at("2026-08-05T16:00:00Z"));
    look(app);
    let found = the_finding(app, &facility);
    assert_eq!((&found["item_code"], &found["category"]), (&json!("XF-02"), &json!("消防控制室")));
    assert_eq!(
        (&found["state"], &found["found_by"]),
        (&json!("confirmed"), &json!(app.user(Caller::SecondDrafter)))
    );
    let told = found["description"].as_str().expect("a description");
    let number = app.as_(Caller::Drafter).get(&format!("/fire/certificates/{expiring}")).ok();
    let shown = number["certificate"]["number"].as_str().expect("four characters");
    assert!(
        told.contains("5人，少于6人") && told.contains("1本证书已过期") && told.contains(shown),
        "{told}"
    );
    // The brigade sees it: it is of a category of theirs.
    assert_eq!(app.as_(Caller::Fire).all(&format!("/findings?facility_id={facility}")).len(), 1);
    for day in 6..12 {
        app.clock.set(at(&format!("2026-08-{day:02}T16:00:00Z")));
        look(app);
        look(&app.second_node());
        enter(app, Caller::Drafter, &registered(&facility));
    }
    assert_eq!(the_finding(app, &facility)["observations"], 0, "the same facts, day after day");
}

fn only_what_is_worse_is_observed_again(app: &TestApp) {
    let (facility, lines) = staffed(app, Place::Own, 5, "2026-08-31");
    assert_eq!(the_finding(app, &facility)["observations"], 0, "opened with the room");
    let more = enter(app, Caller::Drafter, &held(&facility, &number()));
    look(app);
    assert_eq!(the_finding(app, &facility)["observations"], 0, "six: nothing is wrong any more");
    later(app);
    change(app, &more, &json!({"since": "2026-08-03", "status": "ended", "reason": "离岗"})).ok();
    assert_eq!(the_finding(app, &facility)["observations"], 1, "wrong again: the unsettled one is observed");
    change(app, &lines[0], &json!({"since": "2026-08-03", "status": "ended", "reason": "离岗"})).ok();
    assert_eq!(the_finding(app, &facility)["observations"], 2, "four");
    enter(app, Caller::Drafter, &held(&facility, &number()));
    assert_eq!(the_finding(app, &facility)["observations"], 2, "five is better than four");
    app.clock.set(at("2026-08-31T16:00:00Z"));
    look(app);
    look(app);
    assert_eq!(the_finding(app, &facility)["observations"], 3, "four of them have expired at once");
}

fn what_was_withdrawn_is_not_opened_again_by_the_same_facts(app: &TestApp) {
    let (facility, lines) = staffed(app, Place::Own, 2, "2027-01-09");
    let found = id(&the_finding(app, &facility));
    let reason = json!({"reason": "误报"});
    app.as_(Caller::Reviewer).post(&format!("/findings/{found}/withdrawals"), &reason).ok();
    app.clock.set(at("2026-08-04T02:00:00Z"));
    look(app);
    assert_eq!(findings(app, &facility).len(), 1);
    change(app, &lines[0], &json!({"since": "2026-08-04", "status": "ended", "reason": "离岗"})).ok();
    let all = findings(app, &facility);
    assert_eq!(all.len(), 2, "it has grown worse");
    assert_eq!((&all[1]["state"], &all[1]["observations"]), (&json!("confirmed"), &json!(0)));
}

fn expired_equipment_opens_its_own_item(app: &TestApp) {
    let facility = own_station(app);
    let [_, _, (path, body)] = records(&facility);
    let line = id(&app.as_(Caller::Drafter).post(path, &body).created());
    app.as_(Caller::Drafter).post(path, &with(body.clone(), &json!({"expires_on": "2026-09-01"}))).created();
    app.clock.set(at("2026-08-31T15:59:00Z"));
    look(app);
    assert_eq!(findings(app, &facility).len(), 0);
    app.clock.set(at("2026-08-31T16:00:00Z"));
    look(app);
    let found = the_finding(app, &facility);
    assert_eq!((&found["item_code"], &found["observations"]), (&json!("YK-14"), &json!(0)));
    let told = found["description"].as_str().expect("a description");
    assert!(told.contains("灭火器MFZ/ABC4（一楼走廊）4件，有效期至2026-08-31"), "{told}");
    app.clock.set(at("2026-09-01T16:00:00Z"));
    look(app);
    assert_eq!(the_finding(app, &facility)["observations"], 1, "the second has expired too");
    let removed = json!({"on": "2026-09-02", "reason": "到期更换"});
    app.as_(Caller::Drafter).post(&format!("{path}/{line}/removals"), &removed).ok();
    look(app);
    assert_eq!(the_finding(app, &facility)["observations"], 1, "one less is no observation");
}

fn an_inspector_s_finding_is_observed_and_not_doubled(app: &TestApp) {
    let facility = institution(app, Place::Own);
    let seen = build::inspection(app, &facility, &["XF-02"]);
    seen.put(&app.as_(Caller::Inspector)).created();
    room(app, &facility, &json!({}));
    let found = the_finding(app, &facility);
    assert_eq!((&found["observations"], &found["inspection_id"]), (&json!(1), &json!(seen.id)));
    look(app);
    assert_eq!(the_finding(app, &facility)["observations"], 1);
}

fn claims_and_rooms_nobody_knows_of_open_nothing(app: &TestApp) {
    let facility = institution(app, Place::Own);
    enter(app, Caller::Drafter, &held(&facility, &number()));
    look(app);
    assert_eq!(findings(app, &facility).len(), 0, "whether there is a room is not known");
    room(app, &facility, &json!({"control_room": false, "linkage": false}));
    assert_eq!(findings(app, &facility).len(), 0, "there is none");
    // A station has no item on certified staff.
    let station = own_station(app);
    room(app, &station, &json!({}));
    let [_, _, (path, body)] = records(&station);
    let expired = with(body, &json!({"expires_on": "2026-08-02"}));
    let claim = id(&app.as_(Caller::Operator).post(path, &expired).created());
    look(app);
    assert_eq!(findings(app, &station).len(), 0, "a claim counts for nothing yet");
    app.as_(Caller::Drafter).post(&format!("/fire/lines/{claim}/confirmations"), &json!({})).ok();
    let found = the_finding(app, &station);
    assert_eq!(
        (&found["item_code"], &found["found_by"]),
        (&json!("YK-14"), &json!(app.user(Caller::Drafter)))
    );
}

fn a_facility_out_of_operation_is_left_alone(app: &TestApp) {
    let facility = institution(app, Place::Own);
    let path = format!("/facilities/{facility}");
    app.as_(Caller::Drafter).patch(&path, Some(1), &json!({"status": "suspended"})).ok();
    room(app, &facility, &json!({}));
    look(app);
    assert_eq!(findings(app, &facility).len(), 0);
    app.clock.set(at("2026-08-04T02:00:00Z"));
    app.as_(Caller::Drafter).patch(&path, Some(2), &json!({"status": "active"})).ok();
    look(app);
    the_finding(app, &facility);
}

fn a_day_s_look_is_enqueued_once(app: &TestApp) {
    daily::enqueue_today(&app.app).expect("nothing to do");
    assert_eq!(app.drain(), 0, "nobody keeps a register");
    let (_, _) = staffed(app, Place::Own, 6, "2027-01-09");
    let other = app.second_node();
    for node in [app, &other, app, &other] {
        daily::enqueue_today(&node.app).expect("enqueued");
    }
    assert_eq!(app.drain(), 1);
    daily::enqueue_today(&other.app).expect("known");
    assert_eq!(app.drain(), 0, "also after it was done");
    app.clock.set(at("2026-08-03T16:00:00Z"));
    daily::enqueue_today(&app.app).expect("enqueued");
    assert_eq!(app.drain(), 1, "the next day begins at midnight in Shanghai");
}

fn looking_from_two_nodes_at_once_opens_one_finding(app: &TestApp) {
    let rooms: Vec<String> = (0..4).map(|_| staffed(app, Place::Own, 6, "2026-08-03").0).collect();
    app.clock.set(at("2026-08-04T02:00:00Z"));
    let other = app.second_node();
    std::thread::scope(|threads| {
        for node in [app, &other, app, &other].map(|node| node.app.clone()) {
            threads.spawn(move || daily::run(&node).expect("a look"));
        }
    });
    for facility in &rooms {
        assert_eq!(the_finding(app, facility)["observations"], 0);
    }
    let numbers: std::collections::BTreeSet<String> =
        rooms.iter().map(|f| the_finding(app, f)["number"].to_string()).collect();
    assert_eq!(numbers.len(), rooms.len());
}
