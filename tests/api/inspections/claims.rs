//! A phone's clock: what it says is kept and doubted, and moves nothing.

use super::{facility, fresh, leaves_nothing};
use crate::app::TestApp;
use crate::build::{id, inspection};
use crate::findings::detail;
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use serde_json::{Value, json};
use yixun::clock::Clock as _;
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_clock_wrong_by_years_moves_nothing,
        years_that_cannot_be_kept_are_refused,
    );
}

fn a_clock_wrong_by_years_moves_nothing(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let sound = inspection(app, &fresh(app, Station), &["YK-14"]);
    let answer = sound.put(&inspector).created();
    assert_eq!(inspector.get(&sound.visit()).ok()["clock_doubtful"], false);
    let expected = detail(app, &id(&answer["findings"][0]));
    let last = "2026-08-03T01:55:00Z";
    for (started, ended) in [
        ("0001-01-01T00:00:00Z", last),
        ("0001-01-01T00:00:00+08:00", last),
        ("1970-01-01T00:00:00Z", "1970-01-01T01:00:00Z"),
        ("2099-12-31T23:59:59.999999Z", last),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        // Corrected in the middle of the visit.
        ("2026-08-03T01:00:00Z", "2026-08-03T00:59:59Z"),
    ] {
        let mut built = inspection(app, &fresh(app, Station), &["YK-14"]);
        built.body["visit"]["started_at"] = json!(started);
        built.body["visit"]["ended_at"] = json!(ended);
        let answer = built.put(&inspector).created();
        assert_eq!(built.put(&inspector).ok(), answer);
        let visit = inspector.get(&built.visit()).ok();
        assert_eq!(visit["clock_doubtful"], true, "{started}");
        let same = |said: &Value, at: &str| {
            let time = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().expect("a time");
            time(said.as_str().expect("a text")) == time(at)
        };
        assert!(same(&visit["started_at"], started) && same(&visit["ended_at"], ended), "{visit}");
        assert_eq!(visit["received_at"], json!(app.clock.now()));
        let finding = detail(app, &id(&answer["findings"][0]));
        for name in ["state", "due_on", "served_at", "found_at"] {
            assert_eq!(finding[name], expected[name], "{name} after {started}");
        }
    }
}

fn years_that_cannot_be_kept_are_refused(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let built = inspection(app, &facility(app, Place::Own, Station), &[]);
    for at in [
        "+12000-01-01T00:00:00Z",
        "+262142-12-31T00:00:00Z",
        "9999-12-31T23:59:59-01:00",
        "-0001-01-01T00:00:00Z",
    ] {
        for name in ["started_at", "ended_at"] {
            let mut other = built.clone();
            other.body["visit"][name] = json!(at);
            let answer = leaves_nothing(app, || other.put(&inspector));
            answer.expect_at(422, "invalid_request", &format!("/visit/{name}"), "out_of_range");
        }
    }
    let mut other = built.clone();
    other.body["visit"]["started_at"] = json!("+999999-01-01T00:00:00Z");
    leaves_nothing(app, || other.put(&inspector)).expect_at(
        422,
        "invalid_request",
        "/visit/started_at",
        "wrong_type",
    );
    built.put(&inspector).created();
}
