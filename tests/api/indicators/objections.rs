use super::super::app::TestApp;
use super::super::build::{self, id};
use super::super::people::{Caller, Place};
use super::super::suite::{Suite, both};
use super::{quarter, row, set, target};
use chrono::TimeDelta;
use serde_json::{Value, json};
use yixun::access::Role;

pub fn register(suite: &mut Suite) {
    both!(suite:
        an_objection_upheld_becomes_the_street_s_target,
        an_objection_dismissed_leaves_the_target,
        what_cannot_be_objected_to_or_decided,
        who_set_the_target_does_not_decide,
        objections_at_once_are_one,
    );
}

fn objection(app: &TestApp, proposed: Option<&str>) -> Value {
    json!({
        "street_id": app.world.area(Place::Own), "year": 2026, "quarter": 3, "proposed": proposed,
        "reason": "辖内床位多为新建，设备尚在调试",
    })
}

#[track_caller]
fn raise(app: &TestApp, proposed: Option<&str>) -> Value {
    app.as_(Caller::Street).post("/indicators/bed_online/objections", &objection(app, proposed)).created()
}

fn notices(app: &TestApp, by: Caller, event: &str) -> usize {
    app.as_(by).all("/notices").iter().filter(|n| n["event"] == event).count()
}

fn an_objection_upheld_becomes_the_street_s_target(app: &TestApp) {
    let district = set(app, "bed_online", &target(app, "100"));
    let raised = raise(app, Some("95"));
    assert_eq!(json!([raised["target"], raised["proposed"], raised["upheld"]]), json!(["≥100%", "95", null]));
    assert_eq!(notices(app, Caller::Reviewer, "target.objected"), 1);
    app.advance(TimeDelta::days(1));
    let path = format!("/indicator-objections/{}/decisions", id(&raised));
    let verdict = json!({"upheld": true, "reason": "情况属实", "target": "96.5"});
    let decided = app.as_(Caller::Reviewer).post(&path, &verdict).ok();
    assert_eq!(
        json!([decided["upheld"], decided["decision"], decided["decided_by"], decided["new_target"]]),
        json!([true, "情况属实", app.user(Caller::Reviewer), "≥96.5%"])
    );
    let of = |place, more: &str| row(&quarter(app, place, more), "bed_online")["target"].clone();
    let now = of(Place::Own, "");
    assert_eq!(
        json!([now["id"], now["objection_id"], now["value"]]),
        json!([decided["new_target_id"], raised["id"], "96.5"])
    );
    assert_eq!(now["set_by"], app.user(Caller::Reviewer));
    assert_eq!(
        of(Place::Own, "&as_of=2026-08-03")["id"],
        district["id"],
        "the day before it was the district's"
    );
    assert_eq!(of(Place::Sibling, "")["id"], district["id"]);
    assert_eq!(app.as_(Caller::Street).all("/indicators/bed_online/targets").len(), 2);
    assert_eq!(notices(app, Caller::Street, "target.objection_decided"), 1);
    assert_eq!(notices(app, Caller::Drafter, "target.objection_decided"), 1, "and who set it");
    app.as_(Caller::SecondReviewer).post(&path, &verdict).expect(409, "already_decided");
    // Another objection is against the new one.
    assert_eq!(raise(app, None)["target_id"], now["id"]);
}

fn an_objection_dismissed_leaves_the_target(app: &TestApp) {
    let district = set(app, "bed_online", &target(app, "100"));
    let raised = raise(app, Some("95"));
    let path = format!("/indicator-objections/{}", id(&raised));
    let verdict = json!({"upheld": false, "reason": "设备已由区统一配置"});
    let decided = app.as_(Caller::Reviewer).post(&format!("{path}/decisions"), &verdict).ok();
    assert_eq!(json!([decided["upheld"], decided["new_target_id"]]), json!([false, null]));
    assert_eq!(row(&quarter(app, Place::Own, ""), "bed_online")["target"]["id"], district["id"]);
    assert_eq!(app.as_(Caller::Street).get(&path).ok(), decided);
    let listed = |by: Caller, query: &str| app.as_(by).all(&format!("/indicator-objections{query}")).len();
    assert_eq!((listed(Caller::Street, ""), listed(Caller::Street, "?undecided=true")), (1, 0));
    let sibling = Caller::At(Role::Street, Place::Sibling);
    assert_eq!((listed(sibling, ""), listed(Caller::Supervisor, "")), (0, 1));
    app.as_(sibling).get(&path).expect(404, "not_found");
}

fn what_cannot_be_objected_to_or_decided(app: &TestApp) {
    let street = app.as_(Caller::Street);
    let path = "/indicators/bed_online/objections";
    street.post(path, &objection(app, None)).expect(409, "no_target");
    set(app, "bed_online", &target(app, "100"));
    let mut body = objection(app, Some("101"));
    street.post(path, &body).expect_at(422, "out_of_range", "/proposed", "out_of_range");
    body = objection(app, None);
    body["street_id"] = json!(app.world.area(Place::Sibling));
    street.post(path, &body).expect_at(422, "unknown_street", "/street_id", "unknown_street");
    body = objection(app, None);
    body["quarter"] = json!(2);
    street.post(path, &body).expect(409, "no_target");
    street.post("/indicators/nothing/objections", &objection(app, None)).expect(404, "not_found");
    app.as_(Caller::Drafter).post(path, &objection(app, None)).expect(403, "permission_denied");
    let raised = raise(app, None);
    street.post(path, &objection(app, None)).expect(409, "already_objected");
    let reviewer = app.as_(Caller::Reviewer);
    let decide = format!("/indicator-objections/{}/decisions", id(&raised));
    let verdict =
        |upheld: bool, target: Option<&str>| json!({"upheld": upheld, "reason": "已核实", "target": target});
    reviewer.post(&decide, &verdict(true, None)).expect_at(422, "target_needed", "/target", "target_needed");
    reviewer.post(&decide, &verdict(false, Some("90"))).expect_at(422, "not_upheld", "/target", "not_upheld");
    reviewer.post(&decide, &verdict(true, Some("120"))).expect_at(
        422,
        "out_of_range",
        "/target",
        "out_of_range",
    );
    street.post(&decide, &verdict(false, None)).expect(403, "permission_denied");
    app.as_(Caller::At(Role::Reviewer, Place::Sibling))
        .post(&decide, &verdict(false, None))
        .expect(404, "not_found");
    reviewer
        .post(&format!("/indicator-objections/{}/decisions", build::uuid()), &verdict(false, None))
        .expect(404, "not_found");
    reviewer.post(&decide, &verdict(true, Some("90"))).ok();
}

fn who_set_the_target_does_not_decide(app: &TestApp) {
    let clerk = Caller::SecondDrafter;
    let grant = json!({"role": "reviewer", "area_id": app.world.area(Place::District)});
    app.as_(Caller::SecurityAdmin).post(&format!("/users/{}/grants", app.user(clerk)), &grant).created();
    app.as_(clerk).post("/indicators/bed_online/targets", &target(app, "100")).created();
    let raised = raise(app, Some("95"));
    let path = format!("/indicator-objections/{}/decisions", id(&raised));
    let verdict = json!({"upheld": true, "reason": "情况属实"});
    app.as_(clerk).post(&path, &verdict).expect(409, "own_work");
    assert_eq!(
        app.as_(Caller::Reviewer).post(&path, &verdict).ok()["new_target"],
        "≥95%",
        "what the street proposed"
    );
}

fn objections_at_once_are_one(app: &TestApp) {
    set(app, "bed_online", &target(app, "100"));
    let body = objection(app, Some("95"));
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let ask = |by: Caller| app.as_(by).post("/indicators/bed_online/objections", &body).status;
        let calls: Vec<_> = [Caller::Street, Caller::SecondStreet, Caller::Street, Caller::SecondStreet]
            .into_iter()
            .map(|by| scope.spawn(move || ask(by)))
            .collect();
        calls.into_iter().map(|call| call.join().expect("an answer")).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
}
