//! Who sees which findings, and which of them are late.

use super::{claim, claim_body, close, closing, detail, found, found_by, reason, step};
use crate::app::TestApp;
use crate::build::{Photo, campaign, id, inspection};
use crate::inspections::{facility, fresh, leaves_nothing, set_clock};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use yixun::access::Role;
use yixun::directory::FacilityKind::{Canteen, Center, Institution, Station};

pub fn register(suite: &mut Suite) {
    both!(suite:
        overdue_begins_at_midnight,
        filters_and_pages_agree_with_brute_force,
        the_fire_brigade_sees_fire_findings,
        findings_within_reach,
    );
}

fn overdue_begins_at_midnight(app: &TestApp) {
    let station = facility(app, Place::Own, Station);
    let (served, claimed, closed) = (
        found(app, &station, "YK-14"),
        found(app, &station, "YK-16"),
        found(app, &fresh(app, Station), "YK-14"),
    );
    let advice = found_by(app, Caller::ThirdParty, &facility(app, Place::Own, Center), "YK-14");
    claim(app, Caller::Operator, &claimed);
    close(app, &closed);
    let overdue = || -> BTreeSet<String> {
        app.as_(Caller::Drafter).all("/findings?overdue=true").iter().map(id).collect()
    };
    let late = |finding: &str| detail(app, finding)["overdue"] == json!(true);
    app.clock.set("2026-08-06T15:59:59.999999Z".parse().expect("a time"));
    assert_eq!(detail(app, &served)["due_on"], "2026-08-06");
    assert!(overdue().is_empty() && !late(&served));
    app.clock.set("2026-08-06T16:00:00Z".parse().expect("a time"));
    // A claim is a claim until it is accepted.
    assert_eq!(overdue(), [served.clone(), claimed.clone()].into());
    assert!(late(&served) && late(&claimed) && !late(&closed) && !late(&advice));
    close(app, &served);
    assert!(!late(&served));
    assert_eq!(overdue(), [claimed].into());
}

fn filters_and_pages_agree_with_brute_force(app: &TestApp) {
    let planned = id(&campaign(app, Place::District, &[Station]));
    let places = [
        (Place::Own, Station),
        (Place::Own, Canteen),
        (Place::Sibling, Station),
        (Place::Elsewhere, Station),
    ];
    for (n, (place, kind)) in places.into_iter().enumerate() {
        app.advance(TimeDelta::minutes(1));
        let mut built = inspection(app, &facility(app, place, kind), &["YK-13", "YK-14", "YK-15", "YK-18"]);
        if n % 2 == 0 {
            built = built.of_campaign(&planned);
        }
        let by =
            if place == Place::Elsewhere { Caller::At(Role::Inspector, place) } else { Caller::Inspector };
        built.put(&app.as_(by)).created();
    }
    found_by(app, Caller::ThirdParty, &facility(app, Place::Own, Station), "YK-16");
    let all = app.as_(Caller::Supervisor);
    let of_item =
        |code: &'static str| all.all("/findings").into_iter().filter(move |f| f["item_code"] == code);
    of_item("YK-15")
        .filter(|f| f["street_id"] != json!(app.world.area(Place::Elsewhere)))
        .for_each(|f| close(app, &id(&f)));
    of_item("YK-18").take(1).for_each(|f| {
        drop(step(app, Caller::At(Role::Reviewer, Place::Everywhere), &id(&f), "withdrawals", &reason()).ok())
    });
    set_clock(app, "2026-08-05T09:00:00");

    let everything = all.all("/findings");
    assert_eq!(everything.len(), 17);
    let ids: Vec<String> = everything.iter().map(id).collect();
    assert!(ids.windows(2).all(|pair| pair[0] > pair[1]), "newest first");
    let overdue = |f: &Value| {
        let runs = ["served", "rectified", "checked", "returned"].iter().any(|state| f["state"] == *state);
        runs && f["due_on"].as_str().is_some_and(|due| due < "2026-08-05")
    };
    assert!(everything.iter().all(|f| f["overdue"] == json!(overdue(f))));
    let mut hits = BTreeSet::new();
    let choices = |name: &'static str, values: Vec<String>| -> Vec<Option<(&'static str, String)>> {
        std::iter::once(None).chain(values.into_iter().map(move |value| Some((name, value)))).collect()
    };
    let facilities = [facility(app, Place::Own, Station), facility(app, Place::Elsewhere, Station)];
    let streets = [Place::Own, Place::Sibling].map(|place| app.world.area(place).to_string());
    let states = ["open", "served", "closed", "withdrawn", "returned"].map(String::from);
    for facility in choices("facility_id", facilities.to_vec()) {
        for street in choices("street_id", streets.to_vec()) {
            for campaign in choices("campaign_id", vec![planned.clone()]) {
                for state in choices("state", states.to_vec()) {
                    for late in [None, Some(true), Some(false)] {
                        let asked: Vec<(&str, String)> =
                            [&facility, &street, &campaign, &state].into_iter().flatten().cloned().collect();
                        let holds = |f: &&Value| {
                            asked.iter().all(|(name, value)| f[*name] == json!(value))
                                && (late != Some(true) || overdue(f))
                        };
                        let expected: Vec<&Value> = everything.iter().filter(holds).collect();
                        let mut query: String =
                            asked.iter().map(|(name, value)| format!("{name}={value}&")).collect();
                        query.extend(late.map(|late| format!("overdue={late}&")));
                        let seen = all.get(&format!("/findings?{query}")).ok()["items"].clone();
                        assert_eq!(seen, json!(expected), "{query}");
                        hits.insert(expected.len());
                    }
                }
            }
        }
    }
    assert!(hits.len() > 6, "the filters told things apart: {hits:?}");
    for limit in [1, 16, 17, 5] {
        let (mut paged, mut path) = (vec![], format!("/findings?limit={limit}"));
        loop {
            let page = all.get(&path);
            paged.extend(page.ok()["items"].as_array().expect("items").iter().map(id));
            let Some(cursor) = page.json["next_cursor"].as_str() else { break };
            path = format!("/findings?limit={limit}&cursor={cursor}");
            assert_eq!(page.header("link"), format!("</api/v1{path}>; rel=\"next\""));
            // What is found meanwhile is newer than this page, and shows on none of the next.
            if limit == 5 {
                found(app, &fresh(app, Center), "YK-21");
            }
        }
        assert_eq!(paged, ids, "pages of {limit}");
    }
    for (query, code, pointer) in [
        ("limit=0", "out_of_range", "/limit"),
        ("limit=101", "out_of_range", "/limit"),
        ("cursor=x", "bad_cursor", "/cursor"),
    ] {
        all.get(&format!("/findings?{query}")).expect_at(422, code, pointer, code);
    }
    for (query, pointer, fault) in [
        ("state=gone", "/state", "unknown_code"),
        ("street_id=1", "/street_id", "wrong_type"),
        ("overdue=1", "/overdue", "wrong_type"),
    ] {
        all.get(&format!("/findings?{query}")).expect_at(422, "invalid_request", pointer, fault);
    }
}

fn the_fire_brigade_sees_fire_findings(app: &TestApp) {
    let codes = ["XF-01", "XF-09", "XF-10", "XF-19", "FT-15", "AQ-02", "FT-08", "YK-14", "YK-21"];
    let built = inspection(app, &facility(app, Place::Own, Institution), &codes);
    built.put(&app.as_(Caller::Inspector)).created();
    let elsewhere = inspection(app, &facility(app, Place::Elsewhere, Institution), &["XF-10"]);
    elsewhere.put(&app.as_(Caller::At(Role::Inspector, Place::Elsewhere))).created();
    let fire = app.as_(Caller::Fire);
    let seen: BTreeSet<String> =
        fire.all("/findings").iter().map(|f| f["item_code"].as_str().expect("a code").into()).collect();
    assert_eq!(seen, ["XF-01", "XF-09", "XF-10", "XF-19", "FT-15", "YK-14"].map(String::from).into());
    for finding in app.as_(Caller::Supervisor).all("/findings") {
        let fires = finding["item_code"].as_str().is_some_and(|code| seen.contains(code));
        let here = finding["street_id"] == json!(app.world.area(Place::Own));
        let answer = fire.get(&format!("/findings/{}", id(&finding)));
        if fires && here {
            drop(answer.ok())
        } else {
            drop(answer.expect(404, "not_found"))
        }
        step(app, Caller::Fire, &id(&finding), "closures", &closing()).expect(403, "permission_denied");
    }
    let first = fire.get("/findings?limit=2").ok();
    assert_eq!(first["items"].as_array().map(Vec::len), Some(2), "pages hold only what is seen");
}

fn findings_within_reach(app: &TestApp) {
    let places = [
        (Place::Own, Station),
        (Place::Own, Canteen),
        (Place::Sibling, Station),
        (Place::Elsewhere, Station),
    ];
    let findings: Vec<String> = places
        .into_iter()
        .map(|(place, kind)| {
            let by = if place == Place::Elsewhere {
                Caller::At(Role::Inspector, place)
            } else {
                Caller::Inspector
            };
            found_by(app, by, &facility(app, place, kind), "YK-14")
        })
        .collect();
    let reaches: [(Caller, &[usize]); 9] = [
        (Caller::Supervisor, &[0, 1, 2, 3]),
        (Caller::Drafter, &[0, 1, 2]),
        (Caller::ThirdParty, &[0, 1, 2]),
        (Caller::Street, &[0, 1]),
        (Caller::Operator, &[0]),
        (Caller::At(Role::Operator, Place::Sibling), &[2]),
        (Caller::At(Role::Street, Place::Sibling), &[2]),
        (Caller::At(Role::Reviewer, Place::Elsewhere), &[3]),
        (Caller::At(Role::Street, Place::District), &[0, 1, 2]),
    ];
    for (caller, seen) in reaches {
        let listed: BTreeSet<String> = app.as_(caller).all("/findings").iter().map(id).collect();
        assert_eq!(listed, seen.iter().map(|n| findings[*n].clone()).collect(), "{caller:?}");
        for (n, finding) in findings.iter().enumerate() {
            let status = app.as_(caller).get(&format!("/findings/{finding}")).status;
            assert_eq!(status, if seen.contains(&n) { 200 } else { 404 }, "{caller:?}");
        }
    }
    // A step out of reach is a step at nothing.
    let foreign = &findings[3];
    let pass = json!({"result": "pass", "note": "现场核对"});
    for (by, what, body) in [
        (Caller::Drafter, "confirmations", json!({})),
        (Caller::Drafter, "services", json!({"method": "letter"})),
        (Caller::Street, "rectifications", claim_body(app, &[&Photo::new("after", None)])),
        (Caller::Street, "checks", pass.clone()),
        (Caller::Inspector, "reinspections", pass),
        (Caller::Drafter, "returns", reason()),
        (Caller::Drafter, "closures", closing()),
        (Caller::Reviewer, "withdrawals", reason()),
    ] {
        leaves_nothing(app, || step(app, by, foreign, what, &body).expect(404, "not_found"));
    }
    let other_facility = claim_body(app, &[&Photo::new("after", None)]);
    step(app, Caller::Operator, &findings[1], "rectifications", &other_facility).expect(404, "not_found");
    step(app, Caller::At(Role::Street, Place::Sibling), &findings[0], "rectifications", &other_facility)
        .expect(404, "not_found");
}
