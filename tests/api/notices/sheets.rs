//! The task sheet that a street forwards.

use super::super::app::TestApp;
use super::super::build::{id, inspection};
use super::super::people::{Caller, Place};
use super::super::suite::{Suite, both};
use chrono::TimeDelta;
use serde_json::json;
use yixun::access::Role;
use yixun::directory::FacilityKind::{Canteen, Station};

pub fn register(suite: &mut Suite) {
    both!(suite: a_sheet_holds_the_unsettled_findings_of_one_operator, a_sheet_is_asked_for_in_one_way);
}

fn a_sheet_holds_the_unsettled_findings_of_one_operator(app: &TestApp) {
    let station = app.world.facility(Place::Own, Station).to_string();
    let canteen = app.world.facility(Place::Own, Canteen).to_string();
    let operator = |id: &str, name: &str| {
        let drafter = app.as_(Caller::Drafter);
        let path = format!("/facilities/{id}");
        let revision = drafter.get(&path).revision();
        drafter.patch(&path, Some(revision), &json!({"operator_name": name})).ok();
    };
    operator(&station, "试验养老服务中心");
    operator(&canteen, "另一家");
    let own = inspection(app, &station, &["YK-14", "YK-15"]).put_whole(&app.as_(Caller::Inspector));
    inspection(app, &canteen, &["YK-14"]).put_whole(&app.as_(Caller::Inspector));
    let third = inspection(app, &station, &["YK-02"]).of_kind("supervision");
    let advice = third.put_whole(&app.as_(Caller::ThirdParty));
    let number = |answer: &serde_json::Value| {
        let path = format!("/findings/{}", id(answer));
        app.as_(Caller::Supervisor).get(&path).ok()["number"].as_str().expect("a number").to_string()
    };
    let (first, second) = (number(&own["findings"][0]), number(&own["findings"][1]));
    let advice = number(&advice["findings"][0]);
    let sheet = |caller, query: &str| {
        let answer = app.as_(caller).get(&format!("/findings/task-sheet?format=txt&{query}"));
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain; charset=utf-8"));
        String::from_utf8(answer.bytes).expect("UTF-8")
    };
    let by_name =
        format!("operator={}", "试验养老服务中心".bytes().map(|b| format!("%{b:02X}")).collect::<String>());
    let text = sheet(Caller::Street, &by_name);
    assert!(text.contains("运营机构：试验养老服务中心") && text.contains("制表日期：2026年8月3日"), "{text}");
    assert!(text.contains(&first) && text.contains(&second), "{text}");
    assert!(!text.contains(&advice), "advice is not on it: {text}");
    assert_eq!(text.matches("编号").count(), 2, "{text}");
    assert!(text.contains("佐证：") && !text.contains("已逾期"));
    assert_eq!(sheet(Caller::Operator, &format!("facility_id={station}")), text);
    let street = app.world.area(Place::Own);
    assert_eq!(sheet(Caller::Drafter, &format!("{by_name}&street_id={street}")), text);
    app.advance(TimeDelta::days(200));
    assert!(sheet(Caller::Street, &by_name).contains("（已逾期）"));
    let withdrawn = json!({"reason": "误报"});
    let path = format!("/findings/{}/withdrawals", id(&own["findings"][0]));
    app.as_(Caller::Reviewer).post(&path, &withdrawn).ok();
    let text = sheet(Caller::Street, &by_name);
    assert!(!text.contains(&first) && text.contains(&second), "{text}");
    let pdf = app.as_(Caller::Street).get(&format!("/findings/task-sheet?{by_name}"));
    assert_eq!((pdf.status, pdf.header("content-type")), (200, "application/pdf"));
    assert!(pdf.bytes.starts_with(b"%PDF-") && pdf.header("content-disposition").contains("task-sheet.pdf"));
    let sibling = app.as_(Caller::At(Role::Street, Place::Sibling));
    sibling.get(&format!("/findings/task-sheet?{by_name}")).expect(404, "not_found");
    sibling.get(&format!("/findings/task-sheet?facility_id={station}")).expect(404, "not_found");
}

fn a_sheet_is_asked_for_in_one_way(app: &TestApp) {
    let station = app.world.facility(Place::Own, Station);
    let street = app.world.area(Place::Own);
    for query in [
        String::new(),
        format!("operator=a&facility_id={station}"),
        format!("facility_id={station}&street_id={street}"),
    ] {
        let answer = app.as_(Caller::Street).get(&format!("/findings/task-sheet?{query}"));
        answer.expect_at(422, "one_of", "/operator", "one_of");
    }
    let empty =
        app.as_(Caller::Street).get(&format!("/findings/task-sheet?format=txt&facility_id={station}"));
    assert!(String::from_utf8_lossy(&empty.bytes).contains("没有未销号的问题"));
}
