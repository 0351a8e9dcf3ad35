//! The feed that phones follow. A [`Replica`] is such a phone: after every step it must hold exactly what a phone that
//! begins now would get.

mod followed;
mod parallel;
mod people;
mod reaches;

use super::app::TestApp;
use super::build::{self, campaign, id, inspection};
use super::client::{Api, Reply};
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use yixun::access::{Places, Role};
use yixun::db::Change;
use yixun::db::schema::sequencer;
use yixun::db::types::Coded as _;
use yixun::directory::FacilityKind::{self, Canteen, Center, Station};
use yixun::directory::facilities;
use yixun::ids::{AreaId, FacilityId};

pub fn register(suite: &mut Suite) {
    both!(suite:
        the_first_answer_is_all_that_lies_within_reach,
        an_operator_gets_their_own_facility,
        a_token_that_says_nothing_here_starts_over,
        nothing_new_is_told_in_a_few_bytes,
        many_changes_come_in_pages,
        a_whole_district_fits_into_a_hundred_kilobytes,
    );
    followed::register(suite);
    reaches::register(suite);
    people::register(suite);
    parallel::register(suite);
}

/// A phone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Replica {
    token: String,
    /// By kind and id.
    things: BTreeMap<(String, String), Value>,
}

/// What came of one look: kind, id, gone.
type Told = Vec<(String, String, bool)>;

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_string()
}

impl Replica {
    /// A phone that begins now.
    #[track_caller]
    fn new(api: &Api<'_>) -> Self {
        let mut phone = Self::default();
        phone.look(api);
        phone
    }

    fn path(&self) -> String {
        if self.token.is_empty() { "/sync".into() } else { format!("/sync?since={}", self.token) }
    }

    /// One request; gives what was told and whether there is more.
    #[track_caller]
    fn step(&mut self, api: &Api<'_>) -> (Told, bool) {
        let answer = api.get(&self.path()).ok();
        self.take(&answer)
    }

    /// One request, unless nothing may be read just now.
    #[track_caller]
    fn try_step(&mut self, api: &Api<'_>) -> bool {
        let answer = api.get(&self.path());
        if answer.status == 403 {
            return false;
        }
        self.take(&answer.ok());
        true
    }

    #[track_caller]
    fn take(&mut self, answer: &Value) -> (Told, bool) {
        if answer["reset"] == true {
            self.things.clear();
        }
        let mut told = vec![];
        for change in answer["changes"].as_array().expect("changes") {
            let (kind, id, gone) = (text(&change["kind"]), text(&change["id"]), change["gone"] == true);
            let key = (kind.clone(), id.clone());
            match gone {
                true => drop(self.things.remove(&key)),
                false => drop(self.things.insert(key, change[&kind].clone())),
            }
            assert!(gone || change[&kind].is_object(), "{change} has no state");
            told.push((kind, id, gone));
        }
        self.token = text(&answer["token"]);
        (told, answer["more"] == true)
    }

    /// Asks until there is no more.
    #[track_caller]
    fn look(&mut self, api: &Api<'_>) -> Told {
        let (mut told, mut more) = self.step(api);
        while more {
            let (next, still) = self.step(api);
            told.extend(next);
            more = still;
        }
        told
    }

    /// Follows, and is then as one that begins now.
    #[track_caller]
    fn follow(&mut self, app: &TestApp, api: &Api<'_>) -> Told {
        app.sequence();
        let told = self.look(api);
        let fresh = Self::new(api);
        for (key, thing) in &fresh.things {
            assert_eq!(self.things.get(key), Some(thing), "{key:?} after {told:?}");
        }
        let left: Vec<_> = self.things.keys().filter(|key| !fresh.things.contains_key(*key)).collect();
        assert!(left.is_empty(), "still there: {left:?} after {told:?}");
        told
    }

    fn of(&self, kind: &str) -> BTreeMap<&str, &Value> {
        let of_kind = self.things.iter().filter(|((k, _), _)| k == kind);
        of_kind.map(|((_, id), thing)| (id.as_str(), thing)).collect()
    }

    #[track_caller]
    fn thing(&self, kind: &str, id: &str) -> &Value {
        let found = self.things.get(&(kind.into(), id.into()));
        found.unwrap_or_else(|| panic!("no {kind} {id} among {:?}", self.things.keys()))
    }
}

fn kinds(told: &Told) -> Vec<&str> {
    told.iter().map(|(kind, ..)| kind.as_str()).collect()
}

fn put(kind: &str, id: &str) -> (String, String, bool) {
    (kind.into(), id.into(), false)
}

fn gone(kind: &str, id: &str) -> (String, String, bool) {
    (kind.into(), id.into(), true)
}

fn inspector(place: Place) -> Caller {
    Caller::At(Role::Inspector, place)
}

fn station(app: &TestApp, place: Place) -> String {
    app.world.facility(place, Station).to_string()
}

fn ids(items: &[Value], name: &str) -> BTreeSet<String> {
    items.iter().map(|item| text(&item[name])).collect()
}

fn the_first_answer_is_all_that_lies_within_reach(app: &TestApp) {
    let planned = id(&campaign(app, Place::District, &[Station, Canteen]));
    let seen = inspection(app, &station(app, Place::Own), &["YK-14"]).of_campaign(&planned);
    let receipt = seen.put(&app.as_(Caller::Inspector)).created();
    inspection(app, &station(app, Place::Elsewhere), &["YK-14"])
        .put(&app.as_(inspector(Place::Elsewhere)))
        .created();
    app.sequence();
    for place in [Place::Own, Place::Sibling, Place::District, Place::Elsewhere, Place::Everywhere] {
        let api = app.as_(inspector(place));
        let answer = api.get("/sync").ok();
        assert_eq!((&answer["reset"], &answer["more"]), (&json!(true), &json!(false)));
        let phone = Replica::new(&api);
        let held = |kind: &str| phone.of(kind).keys().map(ToString::to_string).collect::<BTreeSet<_>>();
        assert_eq!(held("facility"), ids(&api.all("/facilities"), "id"), "{place:?}");
        assert_eq!(held("finding"), ids(&api.all("/findings"), "id"), "{place:?}");
        assert_eq!(held("campaign"), ids(&api.all("/campaigns"), "id"), "{place:?}");
        for (campaign, view) in phone.of("campaign") {
            let targets = ids(&api.all(&format!("/campaigns/{campaign}/targets")), "facility_id");
            let assigned = view["assignments"].as_array().expect("assignments");
            assert_eq!(ids(assigned, "facility_id"), targets, "{place:?}");
        }
        let order: Vec<&str> = answer["changes"]
            .as_array()
            .expect("changes")
            .iter()
            .filter_map(|c| c["kind"].as_str())
            .collect();
        let known = yixun::sync::Kind::ALL.iter().map(|kind| kind.code());
        let sorted: Vec<&str> =
            known.flat_map(|kind| order.iter().filter(move |k| **k == kind).copied()).collect();
        assert_eq!(order, sorted, "nothing refers to what comes after it");
    }
    let own = Replica::new(&app.as_(inspector(Place::Own)));
    let levels: Vec<String> = own.of("area").values().map(|area| text(&area["level"])).collect();
    let count = |level: &str| levels.iter().filter(|l| *l == level).count();
    assert_eq!((count("street"), count("district"), count("city"), count("province")), (1, 1, 1, 1));
    let street = app.world.area(Place::Own).to_string();
    let communities = app.as_(Caller::Supervisor).all(&format!("/areas?parent={street}"));
    assert!(count("community") == communities.len() && !communities.is_empty());
    let (checklist, items) = build::checklist(app, Station);
    let held = own.thing("checklist", &checklist)["items"].as_array().expect("items").len();
    assert!(held > items.len(), "the items of every kind");
    let calendar = own.of("calendar").into_values().next().expect("a calendar");
    let years: Vec<i64> =
        calendar["years"].as_array().expect("years").iter().filter_map(|y| y["year"].as_i64()).collect();
    assert_eq!(years, [2025, 2026]);
    // Somebody's incomplete inspection is on their own phone only.
    assert!(own.of("inspection").is_empty());
    let mine = Replica::new(&app.as_(Caller::Inspector));
    let incomplete = mine.thing("inspection", &seen.id.to_string());
    assert_eq!(incomplete["missing"], receipt["evidence"]["missing"]);
}

fn an_operator_gets_their_own_facility(app: &TestApp) {
    let own = station(app, Place::Own);
    let api = app.as_(Caller::Operator);
    let mut phone = Replica::new(&api);
    assert_eq!(phone.of("facility").into_keys().collect::<Vec<_>>(), [own.as_str()]);
    let levels: BTreeSet<String> = phone.of("area").values().map(|area| text(&area["level"])).collect();
    assert_eq!(levels.len(), 5);
    // What happens next door is not for them, not even as a tombstone.
    let other = app.world.facility(Place::Own, Center).to_string();
    let receipts = [&own, &other]
        .map(|facility| inspection(app, facility, &["YK-14"]).put_whole(&app.as_(Caller::Inspector)));
    let told = phone.follow(app, &api);
    assert!(told.contains(&put("finding", &id(&receipts[0]["findings"][0]))));
    assert_eq!(kinds(&told).iter().filter(|kind| **kind == "facility").count(), 1);
    assert_eq!(kinds(&told).iter().filter(|kind| **kind == "finding").count(), 1);
    // When it moves, they start over with the other street's areas.
    let revision = app.as_(Caller::Drafter).get(&format!("/facilities/{own}")).revision();
    let body = json!({"street_id": app.world.area(Place::Sibling)});
    app.as_(Caller::Drafter).patch(&format!("/facilities/{own}"), Some(revision), &body).ok();
    phone.follow(app, &api);
    let sibling = app.world.area(Place::Sibling).to_string();
    assert_eq!(phone.thing("area", &sibling)["level"], "street");
}

fn a_token_that_says_nothing_here_starts_over(app: &TestApp) {
    let api = app.as_(Caller::Inspector);
    let phone = Replica::new(&api);
    let starts_over = |api: &Api<'_>, token: &str| {
        let answer = api.get(&format!("/sync?since={token}")).ok();
        assert_eq!(answer["reset"], true, "{token}");
        assert!(answer["changes"].as_array().is_some_and(|all| all.len() > 50));
    };
    assert_eq!(api.get(&phone.path()).ok()["reset"], false);
    for token in
        ["", "x", "nonsense-nonsense-nonsense-nonsense", &phone.token[1..], &format!("{}A", phone.token)]
    {
        starts_over(&api, token);
    }
    let mut forged = phone.token.clone().into_bytes();
    for place in [0, 14, 30, forged.len() - 1] {
        let kept = forged[place];
        forged[place] = if kept == b'A' { b'B' } else { b'A' };
        starts_over(&api, std::str::from_utf8(&forged).expect("ASCII"));
        forged[place] = kept;
    }
    // Another person's, even with the same reach.
    starts_over(&app.as_(Caller::SecondInspector), &phone.token);
    let long = api.get(&format!("/sync?since={}", "a".repeat(1001)));
    long.expect_at(422, "invalid_request", "/since", "out_of_range");
    api.get("/sync?sinse=x").expect(422, "invalid_request");
    // Positions that were given out before a restore.
    app.write(|tx| {
        diesel::update(sequencer::table.find("change"))
            .set(sequencer::position.eq(sequencer::position - 1))
            .execute(tx.conn())?;
        Ok(())
    });
    starts_over(&api, &phone.token);
    let phone = Replica::new(&api);
    app.write(yixun::sync::renew_epoch);
    starts_over(&api, &phone.token);
    assert_eq!(api.get(&Replica::new(&api).path()).ok()["reset"], false);
}

fn ask(api: &Api<'_>, token: &str, tag: &str) -> Reply {
    api.get_with(&format!("/sync?since={token}"), &[("If-None-Match", tag)])
}

fn nothing_new_is_told_in_a_few_bytes(app: &TestApp) {
    let api = app.as_(Caller::Inspector);
    let first = api.get("/sync");
    let token = text(&first.ok()["token"]);
    assert_eq!(first.header("etag"), format!("\"{token}\""));
    let plain = api.get(&format!("/sync?since={token}"));
    assert_eq!(plain.ok()["changes"], json!([]));
    assert!(plain.bytes.len() < 300, "{} bytes with a reach of 18 streets", plain.bytes.len());
    for tag in [format!("\"{token}\""), format!("W/\"{token}\""), format!("\"x\", \"{token}\"")] {
        let same = ask(&api, &token, &tag);
        same.is(304);
        assert_eq!((same.bytes.len(), same.header("etag")), (0, format!("\"{token}\"").as_str()));
    }
    ask(&api, &token, "\"another\"").ok();
    // What lies elsewhere is no change either, and the token stays as it is.
    build::facility(app, Place::Elsewhere, Station);
    app.sequence();
    ask(&api, &token, &format!("\"{token}\"")).is(304);
    let moved_on = text(&api.get(&format!("/sync?since={token}")).ok()["token"]);
    assert_ne!(moved_on, token, "an answer with a body carries the phone on");
    let made = build::facility(app, Place::Own, Station);
    app.sequence();
    let answer = ask(&api, &token, &format!("\"{token}\"")).ok();
    assert_eq!(answer["changes"][0]["id"], made["id"]);
    ask(&api, "", &format!("\"{token}\"")).ok();
}

/// Announces facilities as changed, again and again.
fn announce(app: &TestApp, facility: FacilityId, street: AreaId, times: usize) {
    app.write(move |tx| {
        for _ in 0..times {
            tx.changed("facility", facility.0, Some(street.0), Change::Put)?;
        }
        Ok(())
    });
}

fn many_changes_come_in_pages(app: &TestApp) {
    let api = app.as_(Caller::Inspector);
    let mut phone = Replica::new(&api);
    let (first, second) = (app.world.facility(Place::Own, Station), app.world.facility(Place::Own, Center));
    let street = app.world.area(Place::Own);
    announce(app, first, street, 1500);
    announce(app, app.world.facility(Place::Elsewhere, Station), app.world.area(Place::Elsewhere), 3000);
    announce(app, second, street, 1000);
    app.sequence();
    let (told, more) = phone.step(&api);
    assert_eq!(
        (told, more),
        (vec![put("facility", &first.to_string()), put("facility", &second.to_string())], true)
    );
    let (told, more) = phone.step(&api);
    assert_eq!((told, more), (vec![put("facility", &second.to_string())], false));
    // A page's token stays good when nothing is left.
    announce(app, first, street, yixun::sync::PAGE);
    app.sequence();
    assert_eq!(phone.step(&api), (vec![put("facility", &first.to_string())], false));
    // With another reach beside it a phone starts over instead.
    announce(app, first, street, yixun::sync::PAGE + 1);
    reaches::end_all_grants(app, Caller::Inspector);
    reaches::grant(app, Caller::Inspector, Place::Own, None);
    app.sequence();
    assert_eq!(api.get(&phone.path()).ok()["reset"], true);
    phone.follow(app, &api);
}

/// As many facilities, findings and items as the demo's district has.
fn a_whole_district_fits_into_a_hundred_kilobytes(app: &TestApp) {
    let streets: Vec<AreaId> =
        app.world.reach(Role::Inspector, Place::District).streets.into_iter().collect();
    let known = app.as_(Caller::Inspector).all("/facilities").len();
    let facilities: Vec<FacilityId> = app.write(move |tx| {
        let mut made = vec![];
        for n in known..373 {
            let kind = [Station, Station, Station, Canteen, Center][n % 5];
            let name = format!("示例{n:03}号{}", kind.label());
            let mut facts = crate::people::facts(kind, streets[n % streets.len()], &name);
            facts.address = format!("示例{}路{}号之{}", n * 7919 % 97, n * 31 % 211, n % 5);
            facts.contact_phone = format!("000-{:08}", n * 15_485_863 % 100_000_000);
            made.push(facilities::create(tx, &Places::everywhere(), &format!("D-{n:04}"), &facts)?);
        }
        Ok(made)
    });
    campaign(app, Place::District, &FacilityKind::ALL[..3]);
    let api = app.as_(Caller::Inspector);
    for facility in facilities.iter().take(64) {
        app.advance(TimeDelta::minutes(20));
        let seen = inspection(app, &facility.to_string(), &["YK-14", "YK-15"]);
        seen.put(&api).created();
        for photo in &seen.photos {
            photo.put(&api).created();
        }
    }
    app.sequence();
    let phone = Replica::new(&api);
    assert_eq!((phone.of("facility").len(), phone.of("finding").len()), (373, 128));
    let packed = api.get_with("/sync", &[("Accept-Encoding", "gzip")]);
    assert_eq!((packed.status, packed.header("content-encoding")), (200, "gzip"));
    assert!(packed.bytes.len() < 100_000, "{} bytes", packed.bytes.len());
}
