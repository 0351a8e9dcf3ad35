//! An inspection is complete when its evidence is, and never before.

use super::facility;
use crate::app::TestApp;
use crate::build::{Photo, campaign, id, inspection};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use chrono::TimeDelta;
use serde_json::{Value, json};
use yixun::clock::Clock as _;
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        missing_photos_keep_it_incomplete,
        a_demanded_photo_that_nobody_declared,
        photos_may_come_first,
    );
}

fn progress(app: &TestApp, campaign: &str) -> (Value, Value, Value, Value) {
    let progress = app.as_(Caller::Drafter).get(&format!("/campaigns/{campaign}/progress")).ok();
    let figure = |name: &str| progress[name].clone();
    (figure("planned"), figure("done"), figure("incomplete"), figure("incomplete_inspections"))
}

fn missing_photos_keep_it_incomplete(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let station = facility(app, Place::Own, Station);
    let planned = id(&campaign(app, Place::Own, &[Station]));
    let built = inspection(app, &station, &["YK-14", "YK-16"]).of_campaign(&planned);
    let ids: Vec<Value> = built.photos.iter().map(|photo| json!(photo.id)).collect();
    assert!(ids.len() >= 4);
    let first = built.put(&inspector).created();
    assert_eq!((&first["state"], &first["lacking"]), (&json!("incomplete"), &json!([])));
    for (arrived, photo) in built.photos.iter().enumerate() {
        let evidence = json!({"expected": ids.len(), "received": arrived, "missing": ids[arrived..]});
        let again = built.put(&inspector).ok();
        assert_eq!((&again["state"], &again["evidence"]), (&json!("incomplete"), &evidence));
        let stored = inspector.get(&built.path()).ok();
        assert_eq!((&stored["state"], &stored["evidence"]), (&json!("incomplete"), &evidence));
        let (all, done, incomplete, listed) = progress(app, &planned);
        assert_eq!((all, done, incomplete), (json!(1), json!(0), json!(1)));
        let missing = ids.len() - arrived;
        assert_eq!((&listed[0]["inspection_id"], &listed[0]["missing"]), (&json!(built.id), &json!(missing)));
        let open = inspector.all(&format!("/campaigns/{planned}/targets?state=incomplete"));
        assert_eq!((open.len(), &open[0]["facility_id"]), (1, &json!(station)));
        photo.put(&inspector).created();
    }
    let last = built.put(&inspector).ok();
    assert_eq!((&last["state"], &last["evidence"]["missing"]), (&json!("complete"), &json!([])));
    let stored = inspector.get(&built.path()).ok();
    assert_eq!((&stored["state"], &stored["completed_at"]), (&json!("complete"), &json!(app.clock.now())));
    assert_eq!(progress(app, &planned), (json!(1), json!(1), json!(0), json!([])));
    assert_eq!(inspector.all(&format!("/campaigns/{planned}/targets?state=done")).len(), 1);
}

fn a_demanded_photo_that_nobody_declared(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let planned = id(&campaign(app, Place::Own, &[Station]));
    let mut built = inspection(app, &facility(app, Place::Own, Station), &["YK-16"]).of_campaign(&planned);
    let item = |line: &Value| line["item_id"].clone();
    let dropped = built.body["photos"].as_array_mut().and_then(Vec::pop).expect("a photo");
    built.photos.pop();
    // A photo of something else does not stand in for it.
    let general = Photo::new("scene", None);
    built.body["photos"].as_array_mut().expect("photos").push(general.declared());
    built.photos.push(general);
    let first = built.put(&inspector).created();
    assert_eq!((&first["state"], &first["lacking"]), (&json!("incomplete"), &json!([item(&dropped)])));
    built.photos.iter().for_each(|photo| drop(photo.put(&inspector).created()));
    let again = built.put(&inspector).ok();
    assert_eq!((&again["state"], &again["evidence"]["missing"]), (&json!("incomplete"), &json!([])));
    assert_eq!(again["lacking"], json!([item(&dropped)]));
    let (all, done, incomplete, listed) = progress(app, &planned);
    assert_eq!((all, done, incomplete), (json!(1), json!(0), json!(1)), "never counted as done");
    assert_eq!((&listed[0]["inspection_id"], &listed[0]["missing"]), (&json!(built.id), &json!(0)));
    assert_eq!(inspector.get(&built.path()).ok()["completed_at"], Value::Null);
    // A photo is not demanded of what does not apply.
    let mut other = inspection(app, &facility(app, Place::Sibling, Station), &[]);
    other.body["photos"] = json!([]);
    for answer in other.body["answers"].as_array_mut().expect("answers") {
        answer["outcome"] = json!("not_applicable");
    }
    assert_eq!(other.put(&inspector).created()["state"], "complete");
}

fn photos_may_come_first(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let whole = inspection(app, &facility(app, Place::Own, Station), &["YK-14"]);
    whole.photos.iter().for_each(|photo| drop(photo.put(&inspector).created()));
    app.advance(TimeDelta::hours(1));
    let answer = whole.put(&inspector).created();
    let n = whole.photos.len();
    assert_eq!(
        (&answer["state"], &answer["evidence"]),
        (&json!("complete"), &json!({"expected": n, "received": n, "missing": []}))
    );
    let stored = inspector.get(&whole.path()).ok();
    assert_eq!(stored["completed_at"], json!(app.clock.now()));
    let part = inspection(app, &facility(app, Place::Sibling, Station), &["YK-14"]);
    part.photos[1].put(&inspector).created();
    let answer = part.put(&inspector).created();
    let missing: Vec<_> = part.photos.iter().map(|p| p.id).filter(|id| *id != part.photos[1].id).collect();
    assert_eq!(answer["evidence"], json!({"expected": n, "received": 1, "missing": missing}));
    let lines = inspector.get(&part.path()).ok()["photos"].clone();
    let arrived: Vec<bool> =
        lines.as_array().expect("photos").iter().map(|p| !p["received_at"].is_null()).collect();
    assert_eq!(arrived, (0..n).map(|place| place == 1).collect::<Vec<_>>());
}
