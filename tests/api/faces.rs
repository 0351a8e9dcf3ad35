//! No photo is printed that nobody has looked at for faces, or in which somebody saw one.

use super::app::TestApp;
use super::build::{self, Photo, id, inspection};
use super::letters::{drafted, snapshot, take};
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use serde_json::{Value, json};
use yixun::access::Role;
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        what_nobody_looked_at_is_not_printed,
        the_newest_check_holds,
        a_check_after_the_submission_stops_the_letter,
        only_photos_of_the_letter_and_all_or_none,
        a_single_photo_within_reach,
    );
}

/// A letter with three findings that have photos.
fn letter(app: &TestApp) -> String {
    let campaign = id(&build::campaign(app, Place::Own, &[Station]));
    let facility = app.world.facility(Place::Own, Station).to_string();
    inspection(app, &facility, &["YK-02", "YK-06", "YK-14"])
        .of_campaign(&campaign)
        .put_whole(&app.as_(Caller::Inspector));
    drafted(app, &campaign).remove(0)
}

#[track_caller]
fn listed(app: &TestApp, letter: &str) -> Value {
    app.as_(Caller::Reviewer).get(&format!("/letters/{letter}/photos")).ok()
}

fn photos(listed: &Value) -> Vec<Value> {
    listed["photos"].as_array().expect("photos").clone()
}

/// A clerk looks at every photo of a letter and sees no face.
#[track_caller]
pub fn looked_at(app: &TestApp, letter: &str) {
    let seen = |photo: &Value| json!({"photo_id": photo["photo_id"], "shows_face": false});
    let checks: Vec<Value> = photos(&listed(app, letter)).iter().map(seen).collect();
    app.as_(Caller::Drafter)
        .post(&format!("/letters/{letter}/face-checks"), &json!({ "checks": checks }))
        .created();
}

fn check(app: &TestApp, photo: &Value, shows_face: bool) -> Value {
    let path = format!("/photos/{}/face-checks", photo["photo_id"].as_str().expect("an id"));
    app.as_(Caller::Reviewer).post(&path, &json!({ "shows_face": shows_face })).created()
}

/// The hashes that the letter prints after its submission.
fn printed(app: &TestApp, letter: &str) -> Vec<String> {
    take(app, Caller::Drafter, letter, "submit").ok();
    snapshot(app, letter).photo_hashes()
}

fn hashes(photos: &[Value]) -> Vec<String> {
    photos.iter().map(|photo| photo["sha256"].as_str().expect("a hash").to_string()).collect()
}

fn what_nobody_looked_at_is_not_printed(app: &TestApp) {
    let letter = letter(app);
    let before = listed(app, &letter);
    let all = photos(&before);
    assert!(all.len() >= 2, "{before}");
    assert_eq!((&before["unchecked"], &before["with_face"]), (&json!(all.len()), &json!(0)));
    assert!(all.iter().all(|photo| photo["check"].is_null()));
    let findings = app.as_(Caller::Supervisor).all("/findings");
    for photo in &all {
        let finding = findings.iter().find(|f| f["id"] == photo["finding_id"]).expect("a finding");
        assert_eq!(finding["number"], photo["finding_number"]);
    }
    let made = check(app, &all[0], false);
    assert_eq!(made["photo_id"], all[0]["photo_id"]);
    assert_eq!(made["checked_by"], app.user(Caller::Reviewer));
    check(app, &all[1], true);
    let after = listed(app, &letter);
    assert_eq!((&after["unchecked"], &after["with_face"]), (&json!(all.len() - 2), &json!(1)));
    assert_eq!(after["photos"][0]["check"], made);
    assert_eq!(printed(app, &letter), hashes(&all[..1]));
    let rows = snapshot(app, &letter).issues.expect("an annex").rows;
    assert_eq!(rows.iter().filter(|row| row.photo.is_none()).count(), rows.len() - 1, "the rows stay");
}

fn the_newest_check_holds(app: &TestApp) {
    let letter = letter(app);
    looked_at(app, &letter);
    let all = photos(&listed(app, &letter));
    check(app, &all[0], true);
    check(app, &all[1], true);
    check(app, &all[1], false);
    assert_eq!(printed(app, &letter), hashes(&all[1..]));
}

fn a_check_after_the_submission_stops_the_letter(app: &TestApp) {
    let letter = letter(app);
    looked_at(app, &letter);
    let all = photos(&listed(app, &letter));
    assert_eq!(printed(app, &letter), hashes(&all));
    check(app, &all[0], false);
    check(app, &all[0], true);
    let refused = take(app, Caller::Reviewer, &letter, "approve").expect(409, "facts_changed");
    assert_eq!(refused["errors"][0]["pointer"], "/issues/rows/0/photo");
    take(app, Caller::Reviewer, &letter, "return").ok();
    assert_eq!(printed(app, &letter), hashes(&all[1..]));
    take(app, Caller::Reviewer, &letter, "approve").ok();
}

fn only_photos_of_the_letter_and_all_or_none(app: &TestApp) {
    let letter = letter(app);
    let path = format!("/letters/{letter}/face-checks");
    let of = |photo: &Value| json!({"photo_id": photo["photo_id"], "shows_face": false});
    let own = of(&photos(&listed(app, &letter))[0]);
    let drafter = app.as_(Caller::Drafter);
    let unknown = json!({"photo_id": build::uuid(), "shows_face": false});
    drafter.post(&path, &json!({"checks": [own, unknown]})).expect_at(
        422,
        "not_in_letter",
        "/checks/1/photo_id",
        "not_in_letter",
    );
    assert!(photos(&listed(app, &letter)).iter().all(|photo| photo["check"].is_null()), "none was recorded");
    drafter.post(&path, &json!({"checks": []})).expect(422, "invalid_request");
    drafter.post(&path, &json!({"checks": [own]})).created();
    // A street reads its letter, and neither its photos' checks nor the copy.
    app.as_(Caller::Street).get(&format!("/letters/{letter}/photos")).expect(403, "permission_denied");
    app.as_(Caller::Street).post(&path, &json!({"checks": [own]})).expect(403, "permission_denied");
    app.as_(Caller::At(Role::Drafter, Place::Elsewhere))
        .post(&path, &json!({"checks": [own]}))
        .expect(404, "not_found");
}

fn a_single_photo_within_reach(app: &TestApp) {
    let all = photos(&listed(app, &letter(app)));
    let path = |id: &str| format!("/photos/{id}/face-checks");
    let body = json!({"shows_face": false});
    let photo = all[0]["photo_id"].as_str().expect("an id");
    app.as_(Caller::At(Role::Reviewer, Place::Elsewhere)).post(&path(photo), &body).expect(404, "not_found");
    app.as_(Caller::Inspector).post(&path(photo), &body).expect(403, "permission_denied");
    app.as_(Caller::Drafter).post(&path(&build::uuid().to_string()), &body).expect(404, "not_found");
    app.as_(Caller::Drafter).post(&path(photo), &json!({})).expect(422, "invalid_request");
    // A photo that is nobody's evidence is not there either, also for who sent it.
    let stray = Photo::new("scene", None);
    stray.put(&app.as_(Caller::Drafter)).created();
    app.as_(Caller::Drafter).post(&path(&stray.id.to_string()), &body).expect(404, "not_found");
}
