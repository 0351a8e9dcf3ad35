//! Certificates: what leaves the API of a number, what follows from the day, what two facilities name, what an operator
//! enters, and what the past says.

use super::*;
use diesel::prelude::*;
use std::slice::from_ref;
use yixun::access::scope::{Holder, Scope};
use yixun::db::schema::fire_certificate;
use yixun::fire::certificates::{NewCertificate, enter as enter_line};
use yixun::fire::number::Sealed;
use yixun::fire::rules::DutyRule;
use yixun::fire::{Level, Status};

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_number_is_never_told_whole,
        a_certificate_expires_by_the_day_alone,
        a_certificate_of_two_facilities_is_flagged_at_both,
        a_number_is_known_again_after_the_keys_were_rotated,
        what_does_not_fit_together_is_refused,
        an_operator_s_lines_count_once_a_clerk_has_confirmed_them,
        every_kind_of_line_is_claimed_confirmed_and_withdrawn,
        a_change_leaves_the_past_as_it_was,
        changes_need_the_version_that_was_read,
        certificates_are_found_by_what_they_are,
    );
}

fn a_number_is_never_told_whole(app: &TestApp) {
    let (facility, number) = (own_station(app), number());
    let drafter = app.as_(Caller::Drafter);
    let made = drafter.post("/fire/certificates", &held(&facility, &number));
    let line = id(&made.created()["certificate"]);
    let shown = format!("****{}", &number[number.len() - 4..]);
    assert_eq!(made.json["certificate"]["number"], shown);
    let again = drafter.post("/fire/certificates", &held(&facility, &number));
    again.expect(409, "certificate_known");
    app.sequence();
    let answers = [
        made,
        again,
        drafter.get(&format!("/fire/certificates/{line}")),
        drafter.get("/fire/certificates"),
        app.as_(Caller::AuditAdmin).get(&format!("/audit?object_id={line}")),
    ];
    for answer in &answers {
        assert!(!answer.told().contains(&number), "{}", answer.told());
    }
    assert_eq!(answers[4].ok()["items"].as_array().map(Vec::len), Some(1), "the entry left its line");
    let rows: Vec<(Option<String>, Option<String>)> = app.read(|conn| {
        let columns = (fire_certificate::number_masked, fire_certificate::number_hash);
        Ok(fire_certificate::table.select(columns).order(fire_certificate::seq).load(conn)?)
    });
    let [(masked, Some(hash))] = &rows[..] else { panic!("one row: {rows:?}") };
    assert_eq!(masked.as_ref(), Some(&shown));
    assert!(!hash.contains(&number) && hash.len() == 64);
    let plain = yixun::files::sha256_of(number.as_bytes());
    assert_ne!(*hash, plain, "whoever has the database only must not be able to try numbers");
}

fn a_certificate_expires_by_the_day_alone(app: &TestApp) {
    let body = with(held(&own_station(app), &number()), &json!({"expires_on": "2026-08-31"}));
    let line = enter(app, Caller::Drafter, &body);
    let standing = || {
        let read = app.as_(Caller::Street).get(&format!("/fire/certificates/{line}")).ok();
        read["certificate"]["standing"].clone()
    };
    app.clock.set(at("2026-08-31T15:59:59Z"));
    assert_eq!(standing(), "held");
    app.clock.set(at("2026-08-31T16:00:00Z"));
    assert_eq!(standing(), "expired");
    let status = app.as_(Caller::Street).get(&format!("/fire/certificates/{line}")).ok();
    assert_eq!(status["certificate"]["status"], "held", "what the line says has not changed");
    assert_eq!(app.as_(Caller::Street).all("/fire/certificates?standing=expired").len(), 1);
    assert_eq!(app.as_(Caller::Street).all("/fire/certificates?standing=held").len(), 0);
}

fn a_certificate_of_two_facilities_is_flagged_at_both(app: &TestApp) {
    let (here, there) = (institution(app, Place::Own), institution(app, Place::Sibling));
    let number = number();
    let first = enter(app, Caller::Drafter, &held(&here, &number));
    let flags = |reader: Caller, line: &str| {
        let read = app.as_(reader).get(&format!("/fire/certificates/{line}")).ok()["certificate"].clone();
        let named: Vec<Value> = read["shared_with"]
            .as_array()
            .expect("facilities")
            .iter()
            .map(|f| f["facility_id"].clone())
            .collect();
        (read["shared"].as_bool().expect("a flag"), named)
    };
    assert_eq!(flags(Caller::Drafter, &first), (false, vec![]));
    // Written in another way it is the same certificate.
    let spaced = format!("{} {}", &number[..6], number[6..].to_lowercase());
    let second = enter(app, Caller::Drafter, &held(&there, &spaced));
    assert_eq!(flags(Caller::Drafter, &first), (true, vec![json!(there)]));
    assert_eq!(flags(Caller::Drafter, &second), (true, vec![json!(here)]));
    assert_eq!(flags(Caller::Street, &first), (true, vec![]), "the other lies beyond the street's reach");
    let shared = app.as_(Caller::Drafter).all("/fire/certificates?shared=true");
    assert_eq!(shared.iter().map(id).collect::<Vec<_>>(), [second.clone(), first.clone()]);
    for figures in [overview(app, &here, ""), overview(app, &there, "")] {
        assert_eq!(level(&figures, "intermediate")["held"], 1);
    }
    let total = app.as_(Caller::Supervisor).get("/fire/summary").ok()["total"].clone();
    assert_eq!(level(&total, "intermediate")["held"], 1, "one person, one certificate");
    change(app, &second, &json!({"since": "2026-08-03", "status": "ended", "reason": "已离岗"})).ok();
    assert_eq!(flags(Caller::Drafter, &first), (false, vec![]));
    assert_eq!(app.as_(Caller::Drafter).all("/fire/certificates?shared=true").len(), 0);
    // The same facility does not name it twice, until the first has ended.
    let twice = app.as_(Caller::Drafter).post("/fire/certificates", &held(&here, &number));
    twice.expect(409, "certificate_known");
    enter(app, Caller::Drafter, &held(&there, &number));
}

/// The first key hashes; an older key's hash is found and kept, so that both lines compare equal.
fn a_number_is_known_again_after_the_keys_were_rotated(app: &TestApp) {
    let user = app.world.person(Caller::Drafter).user;
    let put = |place, hashes: &[&str]| {
        let facility_id = institution(app, place).parse().expect("an id");
        let hashes: Vec<String> = hashes.iter().map(ToString::to_string).collect();
        app.write(move |tx| {
            let holder = Holder {
                id: user,
                third_party: false,
                scope: Scope::everywhere(),
                reaches: vec![],
                lapsed: vec![],
            };
            let new = NewCertificate {
                facility_id,
                person: "人员甲".into(),
                level: Level::Intermediate,
                direction: String::new(),
                employer: "试验运营机构".into(),
                number: Some(Sealed { masked: "****0001".into(), hashes: hashes.clone() }),
                status: Status::Held,
                issued_on: "2024-01-10".parse().ok(),
                expires_on: None,
                since: "2024-01-10".parse().expect("a day"),
            };
            enter_line(tx, &holder, &new, DutyRule::default())
        });
    };
    put(Place::Own, &["of-the-old-key"]);
    put(Place::Sibling, &["of-the-new-key", "of-the-old-key"]);
    let lines = app.as_(Caller::Supervisor).all("/fire/certificates");
    assert!(lines.len() == 2 && lines.iter().all(|l| l["shared"] == true), "{lines:?}");
    put(Place::Elsewhere, &["of-the-new-key"]);
    let lines = app.as_(Caller::Supervisor).all("/fire/certificates?shared=true");
    assert_eq!(lines.len(), 2, "whose key is gone is not known again");
}

fn what_does_not_fit_together_is_refused(app: &TestApp) {
    let facility = own_station(app);
    let drafter = app.as_(Caller::Drafter);
    for (base, other, pointer, code) in [
        (held(&facility, &number()), json!({"number": null}), "/number", "inconsistent"),
        (held(&facility, &number()), json!({"issued_on": null}), "/issued_on", "inconsistent"),
        (held(&facility, &number()), json!({"number": "12-34"}), "/number", "out_of_range"),
        (held(&facility, &number()), json!({"since": "2024-01-09"}), "/since", "bad_dates"),
        (held(&facility, &number()), json!({"since": "2026-08-04"}), "/since", "in_future"),
        (held(&facility, &number()), json!({"expires_on": "2024-01-09"}), "/expires_on", "bad_dates"),
        (held(&facility, &number()), json!({"status": "ended"}), "/status", "inconsistent"),
        (registered(&facility), json!({"number": number()}), "/number", "inconsistent"),
        (registered(&facility), json!({"issued_on": "2026-06-01"}), "/issued_on", "inconsistent"),
        (registered(&facility), json!({"expires_on": "2029-06-01"}), "/expires_on", "inconsistent"),
    ] {
        let reply = drafter.post("/fire/certificates", &with(base, &other));
        reply.expect_at(422, code, pointer, code);
    }
    let [(_, drill), (_, training), (_, equipment)] = records(&facility);
    let future = json!({"held_on": "2026-08-04"});
    drafter.post("/fire/drills", &with(drill, &future)).expect_at(422, "in_future", "/held_on", "in_future");
    let backwards = json!({"from_on": "2026-06-03"});
    let reply = drafter.post("/fire/trainings", &with(training, &backwards));
    reply.expect_at(422, "bad_dates", "/to_on", "bad_dates");
    let future = json!({"placed_on": "2026-08-04"});
    let reply = drafter.post("/fire/equipment", &with(equipment, &future));
    reply.expect_at(422, "in_future", "/placed_on", "in_future");
    assert_eq!(app.as_(Caller::Supervisor).all("/fire/certificates").len(), 0);
    let path = format!("/fire/facilities/{facility}");
    for (body, pointer, code) in [
        (json!({"control_room": true, "single_person": true}), "/single_person_basis", "basis_required"),
        (json!({"control_room": false, "linkage": true}), "/control_room", "inconsistent"),
        (json!({"control_room": true, "since": "2026-08-04"}), "/since", "in_future"),
    ] {
        let reply = drafter.json(Method::PUT, &path, &[("If-Match", "\"0\"")], &body);
        reply.expect_at(422, code, pointer, code);
    }
}

fn an_operator_s_lines_count_once_a_clerk_has_confirmed_them(app: &TestApp) {
    let facility = own_station(app);
    let held_now = || level(&overview(app, &facility, ""), "intermediate")["held"].clone();
    let claim = |body: &Value| enter(app, Caller::Operator, body);
    let line = claim(&held(&facility, &number()));
    let other = claim(&held(&facility, &number()));
    assert_eq!((held_now(), overview(app, &facility, "")["claims"].clone()), (json!(0), json!(2)));
    let read = app.as_(Caller::Operator).get(&format!("/fire/certificates/{line}")).ok();
    let entry = &read["certificate"]["entry"];
    assert_eq!((&entry["state"], &entry["entered_as"]), (&json!("claimed"), &json!("operator")));
    let confirm = format!("/fire/lines/{line}/confirmations");
    app.as_(Caller::Operator).post(&confirm, &json!({})).expect(403, "permission_denied");
    let changed = change(app, &line, &json!({"since": "2026-08-03", "level": "senior", "reason": "晋级"}));
    changed.expect(409, "wrong_state");
    later(app);
    let confirmed = app.as_(Caller::Drafter).post(&confirm, &json!({"note": "已核对原件"})).ok();
    assert_eq!(
        (&confirmed["entry"]["state"], &confirmed["entry"]["decided_by"]),
        (&json!("counted"), &json!(app.user(Caller::Drafter)))
    );
    assert_eq!(held_now(), 1);
    app.as_(Caller::SecondDrafter).post(&confirm, &json!({})).expect(409, "wrong_state");
    let dismiss = format!("/fire/lines/{other}/dismissals");
    let dismissed = app.as_(Caller::Drafter).post(&dismiss, &json!({"reason": "查无此证"})).ok();
    assert_eq!(dismissed["entry"]["state"], "dismissed");
    assert_eq!((held_now(), overview(app, &facility, "")["claims"].clone()), (json!(1), json!(0)));
    assert_eq!(app.as_(Caller::Operator).all("/fire/certificates?state=dismissed").len(), 1);
    // Nobody confirms what they have entered themselves, whatever else they have become since.
    let mine = claim(&held(&facility, &number()));
    let grant = json!({"role": "drafter", "area_id": app.world.area(Place::Own)});
    let path = format!("/users/{}/grants", app.user(Caller::Operator));
    app.as_(Caller::SecurityAdmin).post(&path, &grant).created();
    let confirm = format!("/fire/lines/{mine}/confirmations");
    app.as_(Caller::Operator).post(&confirm, &json!({})).expect(409, "own_work");
}

fn every_kind_of_line_is_claimed_confirmed_and_withdrawn(app: &TestApp) {
    let facility = own_station(app);
    for (path, body) in records(&facility) {
        let claimed = app.as_(Caller::Operator).post(path, &body).created();
        assert_eq!(claimed["entry"]["state"], "claimed", "{path}");
        let line = id(&claimed);
        let step = |step: &str, body: &Value| {
            app.as_(Caller::Drafter).post(&format!("/fire/lines/{line}/{step}"), body)
        };
        step("withdrawals", &json!({"reason": "误登"})).expect(409, "wrong_state");
        later(app);
        assert_eq!(step("confirmations", &json!({})).ok()["entry"]["state"], "counted", "{path}");
        let read = app.as_(Caller::Street).all(&format!("{path}?state=counted&facility_id={facility}"));
        assert_eq!(read.iter().map(id).collect::<Vec<_>>(), from_ref(&line), "{path}");
        later(app);
        assert_eq!(step("withdrawals", &json!({"reason": "误登"})).ok()["entry"]["state"], "withdrawn");
        step("withdrawals", &json!({"reason": "误登"})).expect(409, "wrong_state");
        assert_eq!(app.as_(Caller::Street).all(&format!("{path}?state=withdrawn")).len(), 1, "it stays");
    }
    let trained =
        |name: &str| app.as_(Caller::Supervisor).all(&format!("/fire/trainings?person={name}")).len();
    assert_eq!((trained("%E4%BA%BA%E5%91%98%E7%94%B2"), trained("%E4%BA%BA%E5%91%98")), (1, 0), "人员甲");
}

fn a_change_leaves_the_past_as_it_was(app: &TestApp) {
    let facility = own_station(app);
    let line = enter(app, Caller::Drafter, &registered(&facility));
    app.clock.set(at("2026-08-20T02:00:00Z"));
    let passed = json!({
        "since": "2026-08-15", "status": "held", "number": number(), "issued_on": "2026-08-10",
        "expires_on": "2026-10-09", "reason": "考试通过",
    });
    change(app, &line, &passed).ok();
    app.clock.set(at("2026-12-01T02:00:00Z"));
    let renewed = json!({"since": "2026-11-01", "expires_on": "2029-10-31", "reason": "换证"});
    change(app, &line, &renewed).ok();
    change(app, &line, &json!({"since": "2026-12-01", "status": "ended", "reason": "离岗"})).ok();
    let figures = |query: &str| {
        let told = overview(app, &facility, query);
        let of = level(&told, "intermediate");
        [&of["registered"], &of["held"], &of["expired"]].map(|n| n.as_i64().expect("a count"))
    };
    for (day, expected) in [
        ("2026-05-31", [0, 0, 0]),
        ("2026-06-01", [1, 0, 0]),
        ("2026-08-14", [1, 0, 0]),
        ("2026-08-15", [0, 1, 0]),
        ("2026-10-09", [0, 1, 0]),
        ("2026-10-10", [0, 0, 1]),
        ("2026-10-31", [0, 0, 1]),
        ("2026-11-01", [0, 1, 0]),
        ("2026-11-30", [0, 1, 0]),
        ("2026-12-01", [0, 0, 0]),
    ] {
        assert_eq!(figures(&format!("?as_of={day}")), expected, "{day}");
    }
    // What was entered later was not known earlier: a figure that was told once can be told again.
    assert_eq!(figures("?as_of=2026-08-15&known_on=2026-08-19"), [1, 0, 0]);
    assert_eq!(figures("?as_of=2026-08-15&known_on=2026-08-20"), [0, 1, 0]);
    assert_eq!(figures("?as_of=2026-11-01&known_on=2026-11-30"), [0, 0, 1]);
    let versions =
        app.as_(Caller::Supervisor).get(&format!("/fire/certificates/{line}")).ok()["versions"].clone();
    let told: Vec<(&Value, &Value)> =
        versions.as_array().expect("versions").iter().map(|v| (&v["status"], &v["since"])).collect();
    let expected = [
        (json!("registered"), json!("2026-06-01")),
        (json!("held"), json!("2026-08-15")),
        (json!("held"), json!("2026-11-01")),
        (json!("ended"), json!("2026-12-01")),
    ];
    assert_eq!(told, expected.iter().map(|(a, b)| (a, b)).collect::<Vec<_>>());
    change(app, &line, &json!({"since": "2026-12-01", "status": "held", "reason": "返岗"}))
        .expect(409, "wrong_state");
    // A mistake is withdrawn: it never was, but that it was believed stays known.
    let wrong = enter(app, Caller::Drafter, &held(&facility, &number()));
    app.clock.set(at("2026-12-05T02:00:00Z"));
    let reason = json!({"reason": "误登"});
    app.as_(Caller::Drafter).post(&format!("/fire/lines/{wrong}/withdrawals"), &reason).ok();
    assert_eq!(figures("?as_of=2026-12-02"), [0, 0, 0]);
    assert_eq!(figures("?as_of=2026-12-02&known_on=2026-12-04"), [0, 1, 0]);
}

fn changes_need_the_version_that_was_read(app: &TestApp) {
    let line = enter(app, Caller::Drafter, &held(&own_station(app), &number()));
    let path = format!("/fire/certificates/{line}");
    let promoted = json!({"since": "2026-08-01", "level": "senior", "reason": "晋级"});
    let drafter = app.as_(Caller::Drafter);
    drafter.patch(&path, None, &promoted).expect(428, "if_match_required");
    drafter.patch(&path, Some(2), &promoted).expect(412, "version_differs");
    let changed = drafter.patch(&path, Some(1), &promoted);
    assert_eq!((changed.ok()["certificate"]["level"].clone(), changed.revision()), (json!("senior"), 2));
    drafter.patch(&path, Some(1), &promoted).expect(412, "version_differs");
    let before = json!({"since": "2026-07-31", "employer": "他处", "reason": "更正"});
    let reply = drafter.patch(&path, Some(2), &before);
    reply.expect_at(422, "before_last_version", "/since", "before_last_version");
    let facility = own_station(app);
    room(app, &facility, &json!({}));
    let profile = format!("/fire/facilities/{facility}");
    let body = json!({"control_room": true, "since": "2023-12-31"});
    let put = |tag: &str| drafter.json(Method::PUT, &profile, &[("If-Match", tag)], &body);
    put("\"0\"").expect(412, "version_differs");
    put("\"1\"").expect_at(422, "before_last_version", "/since", "before_last_version");
}

fn certificates_are_found_by_what_they_are(app: &TestApp) {
    let (here, there) = (own_station(app), institution(app, Place::Sibling));
    let junior = enter(app, Caller::Drafter, &with(held(&here, &number()), &json!({"level": "junior"})));
    let waiting = enter(app, Caller::Drafter, &registered(&here));
    let far = enter(app, Caller::Drafter, &held(&there, &number()));
    let found = |query: &str| {
        app.as_(Caller::Supervisor)
            .all(&format!("/fire/certificates{query}"))
            .iter()
            .map(id)
            .collect::<Vec<_>>()
    };
    assert_eq!(found(""), [far.clone(), waiting.clone(), junior.clone()], "the last entered first");
    assert_eq!(found("?level=junior"), from_ref(&junior));
    assert_eq!(found("?standing=registered"), from_ref(&waiting));
    assert_eq!(found(&format!("?facility_id={there}")), from_ref(&far));
    assert_eq!(
        found(&format!("?street_id={}", app.world.area(Place::Own))),
        [waiting.clone(), junior.clone()]
    );
    let page = app.as_(Caller::Supervisor).get("/fire/certificates?level=intermediate&limit=1").ok();
    assert_eq!(id(&page["items"][0]), far);
    let next = page["next_cursor"].as_str().expect("a next page");
    let page = app
        .as_(Caller::Supervisor)
        .get(&format!("/fire/certificates?level=intermediate&limit=1&cursor={next}"))
        .ok();
    assert_eq!((id(&page["items"][0]), page["next_cursor"].as_str()), (waiting, None));
}
