//! Notices: who is told what, and when. The inbox stands here; `digests` tells streets of their day, `webhooks` and `mail`
//! leave the house, towards an `ear` and a `mailbox` of the tests' own.

mod digests;
mod ear;
mod mail;
mod mailbox;
mod sheets;
mod webhooks;

use super::app::TestApp;
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use chrono::{NaiveDate, TimeDelta};
use diesel::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;
use yixun::access::Role;
use yixun::access::scope::FIRE_CATEGORIES;
use yixun::db::schema::notice;
use yixun::db::types::Coded as _;
use yixun::directory::FacilityKind::Station;
use yixun::ids::UserId;
use yixun::notices::{FindingFacts, News, Notice, To, tell};

pub fn register(suite: &mut Suite) {
    both!(suite:
        everybody_whose_reach_holds_it_is_told,
        what_names_no_place_concerns_all_who_hold_the_role,
        whoever_is_disabled_or_whose_grant_has_ended_is_not_told,
        one_is_told_once_under_a_key_however_many_tell_at_once,
        a_person_named_twice_is_told_once,
        notices_are_ones_own,
        reading_is_noted_once,
    );
    digests::register(suite);
    webhooks::register(suite);
    mail::register(suite);
    sheets::register(suite);
}

/// A finding at the own station.
fn finding(problem: &str) -> FindingFacts {
    FindingFacts {
        number: "440105007-2026-0001".into(),
        facility: "海幢颐康服务站".into(),
        problem: problem.into(),
        due_on: NaiveDate::from_ymd_opt(2026, 8, 31),
    }
}

/// News that nobody waits for.
fn at_once() -> News {
    News::FindingToConfirm { finding: finding("灭火器压力不足"), confirm_by: None }
}

/// What is told of the station at a place.
#[derive(Debug, Clone)]
struct Tell {
    news: News,
    to: Vec<To>,
    place: Option<Place>,
    category: Option<&'static str>,
    key: Option<String>,
    subject: Uuid,
}

impl Tell {
    fn new(news: News, to: &[To]) -> Self {
        let subject = super::build::uuid();
        Self { news, to: to.to_vec(), place: Some(Place::Own), category: None, key: None, subject }
    }

    fn at(self, place: Option<Place>) -> Self {
        Self { place, ..self }
    }

    fn key(self, key: &str) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// Tells it, as a step of a capability does; gives how many were told.
    fn by(&self, app: &TestApp) -> usize {
        let (this, world) = (self.clone(), app.world.clone());
        app.write(move |tx| {
            let notice = Notice {
                news: this.news.clone(),
                to: &this.to,
                subject: ("finding", this.subject),
                street_id: this.place.map(|place| world.area(place)),
                facility_id: this.place.map(|place| world.facility(place, Station)),
                category: this.category,
                key: this.key.as_deref(),
            };
            tell(tx, &notice)
        })
    }
}

fn user(app: &TestApp, caller: Caller) -> To {
    To::User(app.world.person(caller).user)
}

fn inbox(app: &TestApp, caller: Caller) -> Vec<Value> {
    app.as_(caller).all("/notices")
}

fn unread(app: &TestApp, caller: Caller) -> i64 {
    app.as_(caller).get("/notices/unread").ok()["unread"].as_i64().expect("a count")
}

const PLACES: [Place; 5] = [Place::Own, Place::Sibling, Place::Elsewhere, Place::District, Place::Everywhere];

fn everybody_whose_reach_holds_it_is_told(app: &TestApp) {
    let (street, facility) = (app.world.area(Place::Own), app.world.facility(Place::Own, Station));
    let everybody: Vec<To> = Role::ALL.iter().map(|role| To::Role(*role)).collect();
    let mut before = vec![0; Role::ALL.len() * PLACES.len()];
    for category in [None, Some("消防安全"), Some("膳食服务")] {
        let told = Tell { category, ..Tell::new(at_once(), &everybody) };
        assert!(told.by(app) > Role::ALL.len());
        let cells = Role::ALL.iter().flat_map(|role| PLACES.map(|place| (*role, place)));
        for ((role, place), before) in cells.zip(&mut before) {
            let of_fire = category.is_none_or(|c| FIRE_CATEGORIES.contains(&c));
            let expected =
                app.world.reach(role, place).holds(street, Some(facility)) && (role != Role::Fire || of_fire);
            *before += i64::from(expected);
            assert_eq!(unread(app, Caller::At(role, place)), *before, "{role:?} at {place:?}: {category:?}");
        }
    }
    app.as_(Caller::NoRole).get("/notices").expect(403, "permission_denied");
}

fn what_names_no_place_concerns_all_who_hold_the_role(app: &TestApp) {
    Tell::new(at_once(), &[To::Role(Role::Registrar)]).at(None).by(app);
    for place in PLACES {
        assert_eq!(unread(app, Caller::At(Role::Registrar, place)), 1, "{place:?}");
        assert_eq!(unread(app, Caller::At(Role::Drafter, place)), 0, "{place:?}");
    }
}

fn whoever_is_disabled_or_whose_grant_has_ended_is_not_told(app: &TestApp) {
    let admin = app.as_(Caller::Admin);
    let path = format!("/users/{}", app.user(Caller::SecondStreet));
    let revision = admin.get(&path).revision();
    admin.patch(&path, Some(revision), &json!({"disabled": true})).ok();
    let path = format!("/users/{}", app.user(Caller::SecondReviewer));
    let security = app.as_(Caller::SecurityAdmin);
    let grant = super::build::id(&security.get(&path).ok()["grants"][0]);
    security.delete(&format!("{path}/grants/{grant}")).done();
    app.advance(TimeDelta::days(1));
    Tell::new(at_once(), &[To::Role(Role::Street), To::Role(Role::Reviewer)]).by(app);
    let count = |caller| {
        let id: UserId = app.world.person(caller).user;
        let of: i64 =
            app.read(|conn| Ok(notice::table.filter(notice::user_id.eq(id)).count().get_result(conn)?));
        of
    };
    assert_eq!((count(Caller::SecondStreet), count(Caller::SecondReviewer)), (0, 0));
    assert_eq!((count(Caller::Street), count(Caller::Reviewer)), (1, 1));
}

fn one_is_told_once_under_a_key_however_many_tell_at_once(app: &TestApp) {
    let told = Tell::new(at_once(), &[To::Role(Role::Drafter)]).key("k1");
    let sum: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| told.by(app))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it tells")).sum()
    });
    assert_eq!(told.by(app), 0);
    let holders: i64 = app.read(|conn| Ok(notice::table.count().get_result(conn)?));
    assert_eq!(sum as i64, holders);
    assert_eq!(unread(app, Caller::Drafter), 1);
    let news =
        News::FindingReferred { finding: finding("另一事件"), agency: "区消防救援大队".into() };
    let other = Tell::new(news, &[To::Role(Role::Drafter)]).key("k1");
    assert_eq!((other.by(app) as i64, unread(app, Caller::Drafter)), (holders, 2));
    Tell::new(at_once(), &[user(app, Caller::Drafter)]).by(app);
    assert_eq!(unread(app, Caller::Drafter), 3, "without a key every call tells");
}

fn a_person_named_twice_is_told_once(app: &TestApp) {
    let to = [user(app, Caller::Drafter), To::Role(Role::Drafter), user(app, Caller::Drafter)];
    Tell::new(at_once(), &to).by(app);
    assert_eq!(unread(app, Caller::Drafter), 1);
}

fn notices_are_ones_own(app: &TestApp) {
    Tell::new(at_once(), &[user(app, Caller::Drafter)]).by(app);
    let mine = inbox(app, Caller::Drafter);
    let notice = &mine[0];
    assert_eq!(
        (mine.len(), &notice["event"], &notice["read_at"]),
        (1, &json!("finding.to_confirm"), &Value::Null)
    );
    assert_eq!(notice["title"], "问题待确认：海幢颐康服务站");
    assert_eq!(notice["about"]["kind"], "finding");
    let path = format!("/notices/{}/read", super::build::id(notice));
    let other = app.as_(Caller::SecondDrafter);
    other.post(&path, &json!({})).expect(404, "not_found");
    let up_to = json!({"up_to": notice["id"]});
    other.post("/notices/read", &up_to).expect_at(422, "unknown_notice", "/up_to", "unknown_notice");
    assert_eq!((other.all("/notices").len(), unread(app, Caller::Drafter)), (0, 1));
    app.anyone().get("/notices").expect(401, "no_token");
}

fn reading_is_noted_once(app: &TestApp) {
    for _ in 0..5 {
        Tell::new(at_once(), &[user(app, Caller::Drafter)]).by(app);
        app.advance(TimeDelta::seconds(1));
    }
    let (drafter, mine) = (app.as_(Caller::Drafter), inbox(app, Caller::Drafter));
    let times: Vec<&str> = mine.iter().filter_map(|n| n["created_at"].as_str()).collect();
    assert!(times.is_sorted_by(|a, b| a > b), "{times:?}");
    let path = format!("/notices/{}/read", super::build::id(&mine[0]));
    let first = drafter.post(&path, &json!({})).ok()["read_at"].clone();
    assert!(first.is_string());
    app.advance(TimeDelta::minutes(1));
    assert_eq!(drafter.post(&path, &json!({})).ok()["read_at"], first);
    let counted = drafter.get("/notices/unread").ok();
    assert_eq!(counted, json!({"unread": 4, "by_event": [{"event": "finding.to_confirm", "unread": 4}]}));
    let left = drafter.post("/notices/read", &json!({"up_to": mine[2]["id"]})).ok();
    assert_eq!(left["unread"], 1, "what is newer than what was seen stays unread");
    assert_eq!(drafter.all("/notices?unread=true")[0]["id"], mine[1]["id"]);
    assert_eq!(drafter.all("/notices?unread=false").len(), 4);
    assert_eq!(drafter.post("/notices/read", &json!({})).ok()["unread"], 0);
    let page = drafter.get("/notices?limit=2").ok();
    assert!(page["next_cursor"].is_string() && page["items"].as_array().is_some_and(|i| i.len() == 2));
}
