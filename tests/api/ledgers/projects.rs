//! 一中心一整改措施.

use crate::app::TestApp;
use crate::build::id;
use crate::inspections::{facility, fresh, leaves_nothing, set_clock};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use serde_json::{Value, json};
use yixun::access::{Places, Role};
use yixun::clock::{Clock as _, business_date};
use yixun::directory::FacilityKind::{Center, Station};

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_centre_is_followed_to_its_end,
        a_line_that_nobody_refreshes_is_stale,
        only_centres_and_one_line_each,
        a_street_reports_on_its_own,
    );
}

fn body(facility: &str) -> Value {
    json!({
        "facility_id": facility, "cause": "fire_approval", "measure": "补办消防审验", "lead_agency": "示例区住建局",
        "waiting_for": "示例区住建局", "unit": "示例街道办事处", "post": "公共服务办主任", "person": "试验庚",
        "milestones": [
            {"title": "提交审验资料", "due_on": "2026-08-31"},
            {"title": "取得审验意见", "due_on": "2026-10-31"},
        ],
    })
}

#[track_caller]
fn opened(app: &TestApp) -> String {
    id(&app.as_(Caller::Drafter).post("/projects", &body(&fresh(app, Center))).created())
}

fn weekly() -> Value {
    json!({"progress": "已提交资料", "problems": "图纸缺页", "plan": "下周补齐"})
}

fn a_centre_is_followed_to_its_end(app: &TestApp) {
    let (drafter, street) = (app.as_(Caller::Drafter), app.as_(Caller::Street));
    let path = format!("/projects/{}", opened(app));
    let told = street.post(&format!("{path}/updates"), &weekly()).ok();
    assert_eq!((&told["updates"][0]["problems"], &told["revision"]), (&json!("图纸缺页"), &json!(2)));
    let change = json!({"waiting_for": "", "cause": "works"});
    drafter.patch(&path, None, &change).expect(428, "if_match_required");
    drafter.patch(&path, Some(1), &change).expect(412, "version_differs");
    let told = drafter.patch(&path, Some(2), &change).ok();
    assert_eq!((&told["waiting_for"], &told["cause"]), (&Value::Null, &json!("works")));
    assert_eq!(told["measure"], "补办消防审验");
    let done = |n: u32, day: &str| {
        street.post(&format!("{path}/milestones/{n}/completions"), &json!({"done_on": day}))
    };
    done(1, "2026-08-04").expect_at(422, "out_of_range", "/done_on", "out_of_range");
    done(3, "2026-08-03").expect(404, "not_found");
    done(1, "2026-08-03").ok();
    done(1, "2026-08-03").expect(409, "already_done");
    let end = json!({"note": "审验通过，正式开业"});
    drafter.post(&format!("{path}/completions"), &end).expect(409, "milestones_open");
    let early = json!({"title": "早于前项", "due_on": "2026-09-30"});
    let refused = drafter.post(&format!("{path}/milestones"), &early);
    refused.expect_at(422, "out_of_range", "/due_on", "out_of_range");
    drafter.post(&format!("{path}/milestones"), &json!({"title": "挂牌", "due_on": "2026-11-30"})).ok();
    set_clock(app, "2026-11-01T10:00:00");
    let told = drafter.get(&path).ok();
    let overdue: Vec<bool> = (0..3).map(|n| told["milestones"][n]["overdue"] == true).collect();
    assert_eq!(overdue, [false, true, false]);
    done(2, "2026-11-01").ok();
    done(3, "2026-11-01").ok();
    let told = drafter.post(&format!("{path}/completions"), &end).ok();
    assert_eq!((&told["finished_note"], &told["stale"]), (&json!("审验通过，正式开业"), &json!(false)));
    leaves_nothing(app, || street.post(&format!("{path}/updates"), &weekly()).expect(409, "finished"));
}

fn a_line_that_nobody_refreshes_is_stale(app: &TestApp) {
    let line = opened(app);
    let mut often = body(&fresh(app, Center));
    often["refresh_days"] = json!(3);
    let often = id(&app.as_(Caller::Drafter).post("/projects", &often).created());
    let stale =
        || -> Vec<String> { app.as_(Caller::Street).all("/projects?stale=true").iter().map(id).collect() };
    let told = || -> Vec<String> {
        let today = business_date(app.clock.now());
        let found = app.read(|conn| yixun::projects::stale(conn, &Places::everywhere(), today));
        found.into_iter().map(|p| p.id.to_string()).collect()
    };
    set_clock(app, "2026-08-06T23:59:59");
    assert!(stale().is_empty() && told().is_empty());
    set_clock(app, "2026-08-07T00:00:00");
    assert_eq!((stale(), told()), (vec![often.clone()], vec![often.clone()]));
    let alert = || yixun::projects::alert(&app.app.db, app.clock.now()).expect("an alert");
    assert_eq!((alert(), alert()), (1, 0), "told once");
    let notices = app.as_(Caller::Street).all("/notices");
    assert!(notices.iter().any(|n| n["event"] == "project.stale"), "{notices:?}");
    app.as_(Caller::Street).post(&format!("/projects/{often}/updates"), &weekly()).ok();
    assert!(stale().is_empty());
    set_clock(app, "2026-08-10T23:59:59");
    assert!(stale().is_empty());
    set_clock(app, "2026-08-11T00:00:00");
    assert_eq!(stale().len(), 2);
    // A change is no report.
    let path = format!("/projects/{line}");
    app.as_(Caller::Drafter).patch(&path, Some(1), &json!({"measure": "改为整体搬迁"})).ok();
    assert_eq!(app.as_(Caller::Drafter).get(&path).ok()["stale"], true);
    // The bureau may ask for less.
    let often = json!({"value": {"days": 14}, "reason": "节前放宽"});
    app.as_(Caller::Admin)
        .json(ureq::http::Method::PUT, "/settings/project_refresh", &[("If-Match", "\"0\"")], &often)
        .ok();
    assert_eq!(app.as_(Caller::Drafter).get(&path).ok()["stale"], false);
    assert_eq!(app.as_(Caller::Drafter).get(&path).ok()["fresh_until"], "2026-08-17");
}

fn only_centres_and_one_line_each(app: &TestApp) {
    let drafter = app.as_(Caller::Drafter);
    let refused = drafter.post("/projects", &body(&facility(app, Place::Own, Station)));
    refused.expect_at(422, "not_a_center", "/facility_id", "not_a_center");
    let center = fresh(app, Center);
    let path = format!("/projects/{}", id(&drafter.post("/projects", &body(&center)).created()));
    drafter.post("/projects", &body(&center)).expect(409, "project_open");
    let mut unordered = body(&fresh(app, Center));
    unordered["milestones"][1]["due_on"] = json!("2026-08-30");
    let refused = drafter.post("/projects", &unordered);
    refused.expect_at(422, "out_of_range", "/milestones/1/due_on", "out_of_range");
    for n in 1..3 {
        drafter.post(&format!("{path}/milestones/{n}/completions"), &json!({"done_on": "2026-08-03"})).ok();
    }
    drafter.post(&format!("{path}/completions"), &json!({"note": "完成"})).ok();
    drafter.post("/projects", &body(&center)).created();
    assert_eq!(drafter.all(&format!("/projects?facility_id={center}")).len(), 2);
    assert_eq!(drafter.all(&format!("/projects?facility_id={center}&running=true")).len(), 1);
}

fn a_street_reports_on_its_own(app: &TestApp) {
    let path = format!("/projects/{}", opened(app));
    let sibling = app.as_(Caller::At(Role::Street, Place::Sibling));
    sibling.get(&path).expect(404, "not_found");
    sibling.post(&format!("{path}/updates"), &weekly()).expect(404, "not_found");
    assert!(sibling.all("/projects").is_empty());
    assert_eq!(app.as_(Caller::Street).all("/projects").len(), 1);
    app.as_(Caller::Street)
        .patch(&path, Some(1), &json!({"measure": "改为搬迁"}))
        .expect(403, "permission_denied");
}
