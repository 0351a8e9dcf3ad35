//! Records of 约谈 and feedback meetings: corrected by versions, never overwritten; the signed sheet is uploaded after.

use super::{decide, found_at, only_step, tick_on};
use crate::app::TestApp;
use crate::build::{self, Photo, id};
use crate::client::Reply;
use crate::inspections::{facility, leaves_nothing};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use chrono::TimeDelta;
use serde_json::{Value, json};
use ureq::http::Method;
use yixun::access::Role;
use yixun::clock::Clock as _;
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_talk_answers_its_step,
        a_record_is_corrected_by_versions,
        what_no_record_can_say,
        meetings_are_found_by_what_they_concern,
    );
}

/// The record of a talk that ended just now.
pub fn talk(app: &TestApp, place: Place, findings: &[String]) -> Value {
    let person = |name: &str, unit: &str, part: &str, signed: bool| json!({"name": name, "unit": unit, "post": "负责人", "part": part, "signed": signed});
    json!({
        "kind": "talk",
        "area_id": app.world.area(place),
        "operator": "试验运营机构",
        "held_at": app.clock.now(),
        "place": "局三楼会议室",
        "persons": [
            person("试验甲", "示例区民政局", "host", true),
            person("试验丙", "试验运营机构", "guest", true),
            person("试验乙", "示例区民政局", "recorder", false),
        ],
        "matter": "逾期未完成整改",
        "demands": "十日内完成整改并书面报告",
        "finding_ids": findings,
    })
}

#[track_caller]
fn correct(app: &TestApp, meeting: &str, revision: u32, body: &Value) -> Reply {
    let tag = format!("\"{revision}\"");
    app.as_(Caller::Drafter).json(Method::PUT, &format!("/meetings/{meeting}"), &[("If-Match", &tag)], body)
}

fn a_talk_answers_its_step(app: &TestApp) {
    let found = found_at(app, &facility(app, Place::Own, Station), &["YK-14"]);
    tick_on(app, "2026-08-20");
    let step = only_step(app, "?kind=talk");
    let sheet = Photo::new("document", None);
    let mut body = talk(app, Place::Own, &found);
    body["photos"] = json!([sheet.declared()]);
    let drafter = app.as_(Caller::Drafter);
    let made = drafter.post("/meetings", &body).created();
    assert_eq!((&made["revision"], &made["step_ids"]), (&json!(1), &json!([])));
    assert_eq!(made["scans"][0]["received_at"], Value::Null);
    sheet.put(&drafter).created();
    decide(app, Caller::Drafter, &step, "taken", &json!({"note": "已约谈"})).expect_at(
        422,
        "required",
        "/meeting_id",
        "required",
    );
    let unknown = json!({"note": "已约谈", "meeting_id": build::uuid()});
    decide(app, Caller::Drafter, &step, "taken", &unknown).expect_at(
        422,
        "unknown_meeting",
        "/meeting_id",
        "unknown_meeting",
    );
    let done =
        decide(app, Caller::Drafter, &step, "taken", &json!({"note": "已约谈", "meeting_id": id(&made)}))
            .ok();
    assert_eq!((&done["state"], &done["meeting_id"]), (&json!("taken_up"), &made["id"]));
    let read = app.as_(Caller::Supervisor).get(&format!("/meetings/{}", id(&made))).ok();
    assert_eq!((&read["step_ids"], &read["content"]["persons"]), (&json!([step["id"]]), &body["persons"]));
    assert!(read["scans"][0]["received_at"].is_string());
    app.as_(Caller::Street).get(&format!("/meetings/{}", id(&made))).expect(403, "permission_denied");
}

fn a_record_is_corrected_by_versions(app: &TestApp) {
    let found = found_at(app, &facility(app, Place::Own, Station), &["YK-14", "YK-15"]);
    let first = talk(app, Place::Own, &found[..1]);
    let meeting = id(&app.as_(Caller::Drafter).post("/meetings", &first).created());
    app.advance(TimeDelta::hours(1));
    let mut second = first.clone();
    second["demands"] = json!("五日内完成整改并书面报告");
    second["finding_ids"] = json!(found);
    let (one, two) = (Photo::new("document", None), Photo::new("document", None));
    second["photos"] = json!([one.declared()]);
    let body = json!({"reason": "要求时限记错", "meeting": second});
    app.as_(Caller::Drafter).put(&format!("/meetings/{meeting}"), &body).expect(428, "if_match_required");
    correct(app, &meeting, 2, &body).expect(412, "version_differs");
    let now = correct(app, &meeting, 1, &body).ok();
    assert_eq!((&now["revision"], &now["content"]["demands"]), (&json!(2), &second["demands"]));
    correct(app, &meeting, 1, &body).expect(412, "version_differs");
    // A further sheet comes with a further version; the first stays.
    second["photos"] = json!([one.declared(), two.declared()]);
    let last = correct(app, &meeting, 2, &json!({"reason": "补附页", "meeting": second})).ok();
    assert_eq!(last["scans"].as_array().map(Vec::len), Some(2));
    let versions =
        app.as_(Caller::Reviewer).get(&format!("/meetings/{meeting}/versions")).ok()["items"].clone();
    let told: Vec<Value> =
        versions.as_array().expect("versions").iter().map(|v| json!([v["revision"], v["reason"]])).collect();
    assert_eq!(told, [json!([1, null]), json!([2, "要求时限记错"]), json!([3, "补附页"])]);
    assert_eq!(versions[0]["content"]["demands"], first["demands"]);
    for (field, value) in [("kind", json!("feedback")), ("area_id", json!(app.world.area(Place::Sibling)))] {
        let mut other = second.clone();
        other[field] = value;
        let pointer = format!("/meeting/{field}");
        let body = json!({"reason": "更正", "meeting": other});
        leaves_nothing(app, || correct(app, &meeting, 3, &body).expect_at(422, "fixed", &pointer, "fixed"));
    }
}

fn what_no_record_can_say(app: &TestApp) {
    let found = found_at(app, &facility(app, Place::Own, Station), &["YK-14"]);
    let foreign = found_at(app, &facility(app, Place::Sibling, Station), &["YK-14"]);
    let good = talk(app, Place::Own, &found);
    let scan = Photo::new("document", None).declared();
    let tomorrow = json!(app.clock.now() + TimeDelta::days(1));
    for (field, value, code) in [
        ("/operator", Value::Null, "required"),
        ("/held_at", tomorrow, "out_of_range"),
        ("/area_id", json!(app.world.area(Place::Elsewhere)), "unknown_area"),
        ("/campaign_id", json!(build::uuid()), "unknown_campaign"),
        ("/persons", json!([good["persons"][0], good["persons"][2]]), "part_missing"),
        ("/persons", json!([good["persons"][1], good["persons"][2]]), "part_missing"),
        ("/finding_ids", json!([build::uuid()]), "unknown_finding"),
        ("/photos", json!([Photo::new("scene", None).declared()]), "scan_of_findings"),
    ] {
        let mut body = good.clone();
        body[&field[1..]] = value;
        leaves_nothing(app, || {
            let answer = app.as_(Caller::Drafter).post("/meetings", &body);
            assert_eq!(
                (answer.status, &answer.json["errors"][0]["code"]),
                (422, &json!(code)),
                "{}",
                answer.told()
            );
            let at = answer.json["errors"][0]["pointer"].as_str().expect("a pointer").to_string();
            assert!(at.starts_with(field), "{}", answer.told());
        });
    }
    let mut without = good.clone();
    (without["finding_ids"], without["photos"]) = (json!([]), json!([scan]));
    app.as_(Caller::Drafter).post("/meetings", &without).expect_at(
        422,
        "scan_of_findings",
        "/photos",
        "scan_of_findings",
    );
    let mut beyond = good.clone();
    beyond["finding_ids"] = json!(foreign);
    let own = app.as_(Caller::At(Role::Drafter, Place::Own));
    own.post("/meetings", &beyond).expect(422, "invalid_request");
    own.post("/meetings", &good).created();
}

fn meetings_are_found_by_what_they_concern(app: &TestApp) {
    let found = found_at(app, &facility(app, Place::Own, Station), &["YK-14"]);
    let campaign = id(&build::campaign(app, Place::District, &[Station]));
    let drafter = app.as_(Caller::Drafter);
    let of_finding = id(&drafter.post("/meetings", &talk(app, Place::Own, &found)).created());
    app.advance(TimeDelta::minutes(1));
    let mut feedback = talk(app, Place::District, &[]);
    (feedback["kind"], feedback["operator"], feedback["campaign_id"]) =
        (json!("feedback"), Value::Null, json!(campaign));
    let district = id(&drafter.post("/meetings", &feedback).created());
    let own = app.world.area(Place::Own);
    for (query, expected) in [
        (String::new(), vec![&district, &of_finding]),
        ("?kind=talk".into(), vec![&of_finding]),
        (format!("?campaign_id={campaign}"), vec![&district]),
        (format!("?finding_id={}", found[0]), vec![&of_finding]),
        (format!("?street_id={own}"), vec![&district, &of_finding]),
        (format!("?street_id={}", app.world.area(Place::Sibling)), vec![&district]),
    ] {
        let listed: Vec<String> = drafter.all(&format!("/meetings{query}")).iter().map(id).collect();
        assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    // A street's clerk reads what concerns the district, and corrects only what lies wholly within reach.
    let sibling = app.as_(Caller::At(Role::Drafter, Place::Sibling));
    assert_eq!(sibling.all("/meetings").iter().map(id).collect::<Vec<_>>(), std::slice::from_ref(&district));
    sibling.get(&format!("/meetings/{of_finding}")).expect(404, "not_found");
    let body = json!({"reason": "更正", "meeting": feedback});
    let tag = [("If-Match", "\"1\"")];
    sibling.json(Method::PUT, &format!("/meetings/{district}"), &tag, &body).expect(404, "not_found");
    drafter.json(Method::PUT, &format!("/meetings/{district}"), &tag, &body).ok();
}
