//! An operator's look at its own facility 自查自改: kept and seen, and held against nobody.

use super::{facility, grown, leaves_nothing, rows};
use crate::app::TestApp;
use crate::build::{Inspection, campaign, id, inspection};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use serde_json::{Value, json};
use yixun::access::Role;
use yixun::db::types::Coded as _;
use yixun::directory::FacilityKind::{Canteen, Station};

pub fn register(suite: &mut Suite) {
    both!(suite: a_self_check_opens_nothing_and_covers_nothing, operators_and_inspectors_make_their_own_visits);
}

fn self_check(app: &TestApp, facility: &str, failing: &[&str]) -> Inspection {
    inspection(app, facility, failing).of_kind("self_check")
}

fn a_self_check_opens_nothing_and_covers_nothing(app: &TestApp) {
    let operator = app.as_(Caller::Operator);
    let station = facility(app, Place::Own, Station);
    let planned = id(&campaign(app, Place::Own, &[Station]));
    let of_campaign = self_check(app, &station, &[]).of_campaign(&planned);
    leaves_nothing(app, || of_campaign.put(&operator)).expect_at(
        422,
        "invalid_request",
        "/campaign_id",
        "no_campaign",
    );
    let mut built = self_check(app, &station, &["YK-14", "YK-16"]).put_right();
    built.body["observed_status"] = json!("closed");
    let before = rows(app);
    let answer = built.put_whole(&operator);
    assert_eq!(built.put(&operator).ok()["findings"], json!([]));
    assert_eq!((&answer["findings"], &answer["lacking"]), (&json!([]), &json!([])));
    let after = grown(&before, &rows(app));
    assert_eq!((after.get("finding"), after["inspection"], after["visit"]), (None, 1, 1));
    for caller in [Caller::Operator, Caller::Street, Caller::Inspector, Caller::Drafter, Caller::Supervisor] {
        let seen = app.as_(caller).get(&built.path()).ok();
        assert_eq!((&seen["state"], &seen["third_party"]), (&json!("complete"), &json!(false)), "{caller:?}");
        assert_eq!(app.as_(caller).get(&built.visit()).ok()["kind"], "self_check");
    }
    let drafter = app.as_(Caller::Drafter);
    let now = drafter.get(&format!("/facilities/{station}")).ok();
    assert_eq!(now["observed_status"], Value::Null, "what an operator says of itself is not observed");
    let target = &drafter.all(&format!("/campaigns/{planned}/targets"))[0];
    assert_eq!((&target["facility_id"], &target["state"]), (&json!(station), &json!("planned")));
    assert_eq!(drafter.get(&format!("/compliance/facilities/{station}")).ok()["inspected_at"], Value::Null);
}

fn operators_and_inspectors_make_their_own_visits(app: &TestApp) {
    let operator = app.as_(Caller::Operator);
    let (station, canteen) = (facility(app, Place::Own, Station), facility(app, Place::Own, Canteen));
    let refused = |built: &Inspection, caller: Caller| {
        let answer = leaves_nothing(app, || built.put(&app.as_(caller)));
        answer.expect_at(422, "invalid_request", "/visit/kind", "not_your_visit");
    };
    for kind in ["administrative", "supervision", "recheck"] {
        refused(&inspection(app, &station, &[]).of_kind(kind), Caller::Operator);
    }
    for caller in [Caller::Inspector, Caller::ThirdParty] {
        refused(&self_check(app, &station, &[]), caller);
    }
    leaves_nothing(app, || self_check(app, &canteen, &[]).put(&operator)).expect(404, "not_found");
    self_check(app, &station, &[]).put(&operator).created();
    // Whoever inspects elsewhere looks after their own here.
    let body = json!({"role": Role::Inspector.code(), "area_id": app.world.area(Place::Sibling)});
    let path = format!("/users/{}/grants", app.user(Caller::Operator));
    app.as_(Caller::SecurityAdmin).post(&path, &body).created();
    self_check(app, &station, &[]).put(&operator).created();
    refused(&inspection(app, &station, &[]), Caller::Operator);
    inspection(app, &facility(app, Place::Sibling, Station), &[]).put(&operator).created();
    refused(&self_check(app, &facility(app, Place::Sibling, Station), &[]), Caller::Operator);
}
