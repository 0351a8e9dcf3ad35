//! Submitting inspections: exactly once whatever the network does, and all or nothing. `batch` sends many at once, `judged`
//! holds what is refused and `claims` what is believed of a phone's clock, `evidence` when one is complete, and `opened` what
//! becomes of failing items. `confirmed` has visits of several persons, `on_site` what is put right on the spot; `recheck` and
//! `self_check` are visits of their own kinds. What happens to a finding afterwards is told in `findings`.

mod batch;
mod claims;
mod confirmed;
mod evidence;
mod judged;
mod on_site;
mod opened;
mod recheck;
mod self_check;

use super::app::TestApp;
use super::build::{self, Inspection, Photo, campaign, drafter_at, id, inspection, uuid};
use super::client::{Api, Reply};
use super::findings::{close, detail};
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use chrono::{DateTime, FixedOffset, TimeDelta};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Barrier;
use ureq::http::Method;
use yixun::access::Role;
use yixun::clock::Clock as _;
use yixun::db::connection::Kind;
use yixun::directory::FacilityKind::{self, Canteen, Institution, Station};

pub fn register(suite: &mut Suite) {
    both!(suite:
        the_same_again_is_the_same_record,
        fifty_equal_submissions_are_one_record,
        other_content_is_refused_with_what_differs,
        somebody_elses_ids_tell_nothing,
        content_counts_and_not_its_spelling,
        one_visit_holds_several_facilities,
        a_visit_is_the_same_in_all_its_inspections,
        inspections_that_race,
        inspections_are_seen_within_reach,
    );
    batch::register(suite);
    judged::register(suite);
    claims::register(suite);
    evidence::register(suite);
    opened::register(suite);
    confirmed::register(suite);
    on_site::register(suite);
    recheck::register(suite);
    self_check::register(suite);
}

/// How many rows each table holds, the audit trail and the change feed among them.
pub fn rows(app: &TestApp) -> BTreeMap<String, i64> {
    #[derive(QueryableByName)]
    struct Counted {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let tables = match app.kind {
        Kind::Sqlite => {
            "SELECT name, 0 AS n FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        }
        Kind::Postgres => {
            "SELECT tablename::text AS name, 0::bigint AS n FROM pg_tables WHERE schemaname = 'public'"
        }
    };
    app.read(|conn| {
        let tables: Vec<Counted> = diesel::sql_query(tables).load(conn)?;
        assert!(tables.len() > 30, "all tables");
        let count = |Counted { name, .. }| format!("SELECT '{name}' AS name, count(*) AS n FROM {name}");
        let counts: Vec<String> = tables.into_iter().map(count).collect();
        let counted: Vec<Counted> = diesel::sql_query(counts.join(" UNION ALL ")).load(conn)?;
        Ok(counted.into_iter().map(|Counted { name, n }| (name, n)).collect())
    })
}

/// Runs `f`, which must leave no row in any table.
#[track_caller]
pub fn leaves_nothing<T>(app: &TestApp, f: impl FnOnce() -> T) -> T {
    let before = rows(app);
    let value = f();
    assert_eq!(rows(app), before, "nothing may be stored");
    value
}

/// Does the same `n` times at once.
pub fn at_once<T: Send>(n: usize, f: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(n);
    let run = |place| {
        barrier.wait();
        f(place)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..n).map(|place| scope.spawn(move || run(place))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

/// Publishes a version of the check items that differs from the one there is.
pub fn publish(app: &TestApp, change: impl Fn(&mut Value)) {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/checklists/2026.1.json"));
    let mut list: Value = serde_json::from_str(text).expect("JSON");
    list["version"] = json!("2026.9");
    for catalogue in list["catalogues"].as_array_mut().expect("catalogues") {
        catalogue["items"].as_array_mut().expect("items").iter_mut().for_each(&change);
    }
    let text = list.to_string();
    app.write(move |tx| yixun::checklists::publish(tx, &text));
}

/// The id of the facility of a kind at a place.
pub fn facility(app: &TestApp, place: Place, kind: FacilityKind) -> String {
    app.world.facility(place, kind).to_string()
}

/// A new facility of the own street.
pub fn fresh(app: &TestApp, kind: FacilityKind) -> String {
    id(&build::facility(app, Place::Own, kind))
}

/// Puts the clock at a time of Guangzhou.
pub fn set_clock(app: &TestApp, at: &str) {
    let at: DateTime<FixedOffset> = format!("{at}+08:00").parse().unwrap_or_else(|e| panic!("{at}: {e}"));
    app.clock.set(at.to_utc());
}

fn grown(before: &BTreeMap<String, i64>, after: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
    after.iter().map(|(name, n)| (name.clone(), n - before[name])).filter(|(_, n)| *n != 0).collect()
}

/// The part of a receipt that never changes.
fn stable(receipt: &Value) -> Value {
    let mut kept = receipt.clone();
    let fields = kept.as_object_mut().expect("a receipt");
    assert!(fields.remove("state").is_some() && fields.remove("evidence").is_some(), "{receipt}");
    kept
}

fn pointers(problem: &Value) -> BTreeSet<(String, String)> {
    let text = |error: &Value, name: &str| error[name].as_str().expect("a text").to_string();
    let errors = problem["errors"].as_array().expect("errors");
    let named: BTreeSet<_> = errors.iter().map(|e| (text(e, "pointer"), text(e, "code"))).collect();
    assert_eq!(named.len(), errors.len(), "each once: {problem}");
    named
}

fn set(named: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    named.iter().map(|(pointer, code)| ((*pointer).into(), (*code).into())).collect()
}

/// The place of an item's answer, by the item's code.
fn place_of(app: &TestApp, kind: FacilityKind, code: &str) -> usize {
    let (_, items) = build::checklist(app, kind);
    items.iter().position(|item| item["code"] == code).unwrap_or_else(|| panic!("no {code}"))
}

fn the_same_again_is_the_same_record(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let station = facility(app, Place::Own, Station);
    let planned = id(&campaign(app, Place::District, &[Station]));
    let built = inspection(app, &station, &["YK-14", "YK-16"]).of_campaign(&planned);
    let first = built.put(&inspector).created();
    let findings = first["findings"].as_array().expect("findings");
    let told: Vec<_> =
        findings.iter().map(|f| (&f["item_code"], &f["severity"], &f["state"], &f["observed"])).collect();
    let (served, new) = (json!("served"), json!(false));
    assert_eq!(
        told,
        [
            (&json!("YK-14"), &json!("general"), &served, &new),
            (&json!("YK-16"), &json!("serious"), &served, &new)
        ]
    );
    let kept = json!({
        "id": built.id, "visit_id": built.body["visit"]["id"], "facility_id": station, "campaign_id": planned,
        "street_id": app.world.area(Place::Own), "received_at": app.clock.now(), "findings": findings, "lacking": [],
    });
    assert_eq!(stable(&first), kept);
    assert_eq!(inspector.get(&format!("/facilities/{station}")).ok()["observed_status"], "operating");

    app.advance(TimeDelta::days(1));
    let before = rows(app);
    assert_eq!(built.put(&inspector).ok(), first);
    let trail = BTreeMap::from([("audit_entry".to_string(), 1)]);
    assert_eq!(grown(&before, &rows(app)), trail, "a resend leaves its line in the trail and nothing else");

    let finding = id(&findings[0]);
    close(app, &finding);
    built.photos.iter().for_each(|photo| drop(photo.put(&inspector).created()));
    let drafter = app.as_(Caller::Drafter);
    let revision = drafter.get(&format!("/facilities/{station}")).revision();
    drafter.patch(&format!("/facilities/{station}"), Some(revision), &json!({"status": "ended"})).ok();
    let last = built.put(&inspector).ok();
    assert_eq!(stable(&last), stable(&first), "also when the finding is closed and the facility has ended");
    assert_eq!((&last["state"], &last["evidence"]["missing"]), (&json!("complete"), &json!([])));
    assert_eq!(detail(app, &finding)["state"], "closed");
}

fn fifty_equal_submissions_are_one_record(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let built = inspection(app, &facility(app, Place::Own, Station), &["YK-14", "YK-15", "YK-16"]);
    let before = rows(app);
    let answers: Vec<Reply> = at_once(50, |_| built.put(&inspector));
    let of = |status| answers.iter().filter(|answer| answer.status == status).count();
    let odd = answers.iter().find(|answer| !matches!(answer.status, 200 | 201));
    assert_eq!((of(201), of(200)), (1, 49), "{:?}", odd.map(Reply::told));
    assert_eq!(
        answers.iter().map(|answer| stable(&answer.json).to_string()).collect::<BTreeSet<_>>().len(),
        1
    );
    let after = grown(&before, &rows(app));
    for (table, n) in
        [("inspection", 1), ("visit", 1), ("visit_participant", 2), ("finding", 3), ("finding_event", 9)]
    {
        assert_eq!(after[table], n, "{table}");
    }
    assert_eq!(after["inspection_answer"], built.body["answers"].as_array().map_or(0, Vec::len) as i64);
    assert_eq!(after["evidence"], built.photos.len() as i64);
    let numbers: BTreeSet<_> =
        app.as_(Caller::Drafter).all("/findings").iter().map(|f| f["number"].to_string()).collect();
    let number = |n| format!("\"440105007-2026-000{n}\"");
    assert_eq!(numbers, [number(1), number(2), number(3)].into(), "no number is lost to the others");
}

fn other_content_is_refused_with_what_differs(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let built = inspection(app, &facility(app, Place::Own, Station), &["YK-14"]);
    built.put(&inspector).created();
    let failed = place_of(app, Station, "YK-14");
    let note = format!("/answers/{failed}/note");
    let sibling = facility(app, Place::Sibling, Station);
    let planned = id(&campaign(app, Place::District, &[Station]));
    type Edit<'a> = (&'a [&'a str], Box<dyn Fn(&mut Value) + 'a>);
    let edits: [Edit<'_>; 10] = [
        (&[&note], Box::new(|b| b["answers"][failed]["note"] = json!("另一种情况"))),
        (&["/answers/1/outcome"], Box::new(|b| b["answers"][1]["outcome"] = json!("not_applicable"))),
        (&["/answers/2/value"], Box::new(|b| b["answers"][2]["value"] = json!("3 人"))),
        (&["/observed_status"], Box::new(|b| drop(b.as_object_mut().map(|o| o.remove("observed_status"))))),
        (&["/photos"], Box::new(|b| drop(b["photos"].as_array_mut().map(Vec::pop)))),
        (&["/photos/0/purpose"], Box::new(|b| b["photos"][0]["purpose"] = json!("document"))),
        (&["/campaign_id"], Box::new(|b| b["campaign_id"] = json!(planned))),
        (&["/facility_id"], Box::new(|b| b["facility_id"] = json!(sibling))),
        (&["/visit/id"], Box::new(|b| b["visit"]["id"] = json!(uuid()))),
        (
            &[
                "/observed_status",
                "/visit/position/lat",
                "/visit/signature/reason",
                "/visit/signature/signed_by",
                "/visit/signature/state",
                "/visit/signature/witness",
            ],
            Box::new(|b| {
                b["observed_status"] = json!("closed");
                b["visit"]["position"]["lat"] = json!(23.2);
                b["visit"]["signature"] = json!({"state": "refused", "reason": "拒绝", "witness": "试验乙"});
            }),
        ),
    ];
    let stored = inspector.get(&built.path()).ok();
    for (differ, edit) in edits {
        let mut body = built.body.clone();
        edit(&mut body);
        let problem = leaves_nothing(app, || inspector.put(&built.path(), &body).expect(409, "differs"));
        let expected: Vec<(&str, &str)> = differ.iter().map(|pointer| (*pointer, "differs")).collect();
        assert_eq!(pointers(&problem), set(&expected));
        assert_eq!(inspector.get(&built.path()).ok(), stored);
    }
    built.put(&inspector).ok();
}

fn somebody_elses_ids_tell_nothing(app: &TestApp) {
    let built = inspection(app, &facility(app, Place::Own, Station), &["YK-14"]);
    built.put(&app.as_(Caller::Inspector)).created();
    let theirs = inspection(app, &facility(app, Place::Elsewhere, Station), &[]);
    let names = BTreeSet::from(["type", "title", "status", "code", "detail"].map(String::from));
    let taken = |answer: Reply| {
        let problem = answer.expect(409, "id_taken");
        assert_eq!(problem.as_object().expect("a problem").keys().cloned().collect::<BTreeSet<_>>(), names);
        assert!(!String::from_utf8_lossy(&answer.bytes).contains("试验"), "{}", answer.told());
    };
    for caller in [Caller::SecondInspector, Caller::ThirdParty, Caller::At(Role::Inspector, Place::Elsewhere)]
    {
        let stranger = app.as_(caller);
        for body in [&built.body, &theirs.body] {
            leaves_nothing(app, || taken(stranger.put(&built.path(), body)));
        }
    }
    // Nor may another's visit be joined.
    let mut joined = inspection(app, &facility(app, Place::Own, Canteen), &[]);
    joined.body["visit"] = built.body["visit"].clone();
    leaves_nothing(app, || taken(joined.put(&app.as_(Caller::SecondInspector))));
    joined.put(&app.as_(Caller::Inspector)).created();
}

/// JSON with its keys backwards, numbers in exponents, only ASCII, and much space.
fn respelled(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| format!("\n\t\"{name}\" :  {}", respelled(value));
            format!("{{ {} }}", fields.iter().rev().map(field).collect::<Vec<_>>().join(" ,"))
        }
        Value::Array(items) => {
            format!("[ {}\r\n]", items.iter().map(respelled).collect::<Vec<_>>().join(" , "))
        }
        Value::String(text) => {
            let unit = |unit: u16| format!("\\u{unit:04X}");
            format!("\"{}\"", text.encode_utf16().map(unit).collect::<String>())
        }
        Value::Number(number) if number.is_f64() => format!("{:e}", number.as_f64().expect("a float")),
        other => other.to_string(),
    }
}

fn content_counts_and_not_its_spelling(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let built = inspection(app, &facility(app, Place::Own, Station), &["YK-14"]);
    let put = |text: &str| inspector.bytes(Method::PUT, &built.path(), "application/json", text.as_bytes());
    let first = put(&respelled(&built.body)).created();
    let mut other = built.body.clone();
    for name in ["started_at", "ended_at"] {
        let at: DateTime<FixedOffset> =
            other["visit"][name].as_str().expect("a time").parse().expect("a time");
        let there = FixedOffset::west_opt(5 * 3600).expect("an offset");
        other["visit"][name] =
            json!(at.with_timezone(&there).format("%Y-%m-%dT%H:%M:%S.000000%:z").to_string());
    }
    other["facility_id"] = json!(other["facility_id"].as_str().map(str::to_uppercase));
    other["campaign_id"] = Value::Null;
    other["answers"][0]["value"] = Value::Null;
    for text in [other.to_string(), respelled(&other), format!("\n {:#} \n", built.body)] {
        assert_eq!(put(&text).ok(), first);
    }
    let number = built.body.to_string().replace("23.1,", "23.100,").replace("113.26", "1132.6E-1");
    assert_ne!(number, built.body.to_string());
    assert_eq!(put(&number).ok(), first);
    put(&number.replace("23.100,", "23.1001,")).expect_at(409, "differs", "/visit/position/lat", "differs");
}

/// An inspection of another facility in the visit of `first`, which must not be stored yet to be of any use.
fn in_visit_of(app: &TestApp, first: &Inspection, facility: &str, failing: &[&str]) -> Inspection {
    let mut next = inspection(app, facility, failing);
    next.body["visit"] = first.body["visit"].clone();
    next
}

fn one_visit_holds_several_facilities(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let station = inspection(app, &facility(app, Place::Own, Station), &[]);
    let mut canteen = in_visit_of(app, &station, &facility(app, Place::Own, Canteen), &[]);
    // One extinguisher for both: the photo of an item that both lists have serves both.
    let item = |photo: &Photo| photo.declared()["item_id"].clone();
    let shared = |photo: &&Photo| station.photos.iter().any(|p| item(p) == item(photo));
    let place = canteen.photos.iter().position(|photo| shared(&photo)).expect("an item of both lists");
    let of_both = station.photos.iter().find(|p| item(p) == item(&canteen.photos[place])).expect("its photo");
    canteen.body["photos"][place] = of_both.declared();
    canteen.photos.remove(place);
    let before = rows(app);
    let answers = [station.put(&inspector).created(), canteen.put(&inspector).created()];
    assert_eq!(answers[0]["visit_id"], answers[1]["visit_id"]);
    let after = grown(&before, &rows(app));
    assert_eq!((after["visit"], after["visit_participant"], after["inspection"]), (1, 2, 2));
    station.photos.iter().for_each(|photo| drop(photo.put(&inspector).created()));
    let state = |of: &Inspection| inspector.get(&of.path()).ok()["state"].clone();
    assert_eq!((state(&station), state(&canteen)), (json!("complete"), json!("incomplete")));
    canteen.photos.iter().for_each(|photo| drop(photo.put(&inspector).created()));
    assert_eq!(state(&canteen), "complete");

    let visit = inspector.get(&format!("/visits/{}", answers[0]["visit_id"].as_str().expect("an id"))).ok();
    let mut both = vec![json!(station.id), json!(canteen.id)];
    both.sort_by_key(Value::to_string);
    assert_eq!(visit["inspections"], json!(both));
    for name in ["id", "kind", "position", "notice_number", "participants"] {
        assert_eq!(visit[name], station.body["visit"][name], "{name}");
    }
    assert_eq!(visit["lead_id"], app.user(Caller::Inspector));
}

fn a_visit_is_the_same_in_all_its_inspections(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let planned = id(&campaign(app, Place::District, &[Station, Canteen]));
    let first = inspection(app, &facility(app, Place::Own, Station), &[]).of_campaign(&planned);
    first.put(&inspector).created();
    let canteen = in_visit_of(app, &first, &facility(app, Place::Own, Canteen), &[]);
    let differs = |of: &Inspection, at: &str| {
        let problem = leaves_nothing(app, || of.put(&inspector).expect(409, "visit_differs"));
        assert_eq!(pointers(&problem), set(&[(at, "differs")]));
    };
    differs(&canteen, "/campaign_id"); // outside the campaign
    let mut canteen = canteen.of_campaign(&planned);
    for (pointer, value) in [
        ("/visit/kind", json!("supervision")),
        ("/visit/notice_number", json!("演示检〔2026〕999号")),
        ("/visit/started_at", json!("2026-08-03T08:00:00+08:00")),
        ("/visit/participants/1/name", json!("试验丙")),
        ("/visit/participants/1/part", json!("accompanying")),
        ("/visit/signature/signed_by", json!("别人")),
    ] {
        let mut other = canteen.clone();
        *other.body.pointer_mut(pointer).expect("a field") = value;
        if pointer.ends_with("part") {
            // Still two officers.
            other.body["visit"]["participants"][0]["certificate"] = json!("试验证0001");
            other = other.of_kind("supervision");
            let problem = leaves_nothing(app, || other.put(&inspector).expect(409, "visit_differs"));
            assert_eq!(pointers(&problem), set(&[("/visit/kind", "differs"), (pointer, "differs")]));
        } else {
            differs(&other, pointer);
        }
    }
    // When it ended and where it was, each phone says for itself.
    canteen.body["visit"]["position"] = json!({"lat": 23.2, "lng": 113.26, "datum": "gcj02"});
    canteen.body["visit"]["ended_at"] = Value::Null;
    let mut second = first.clone();
    second.id = uuid();
    leaves_nothing(app, || second.put(&inspector).expect(409, "already_inspected"));
    canteen.put(&inspector).created();
    first.put(&inspector).ok();
    let far = |of: &Inspection| inspector.get(&of.path()).ok()["distance_m"].as_f64().expect("metres");
    assert!(far(&first) == 0.0 && far(&canteen) > 10_000.0);
    let visit =
        inspector.get(&format!("/visits/{}", first.body["visit"]["id"].as_str().expect("an id"))).ok();
    assert_eq!(visit["position"], first.body["visit"]["position"], "of the phone that came first");
}

fn inspections_that_race(app: &TestApp) {
    let inspector = app.as_(Caller::Inspector);
    let told = |answers: Vec<Reply>| -> Vec<(u16, String)> {
        let one = |a: &Reply| (a.status, a.json["code"].as_str().unwrap_or_default().to_string());
        let mut told: Vec<_> = answers.iter().map(one).collect();
        told.sort();
        told
    };
    let refused = |n, code: &str| -> Vec<(u16, String)> {
        let mut all = vec![(409, code.to_string()); n];
        all.insert(0, (201, String::new()));
        all
    };
    // Facilities of one visit: the visit is stored once.
    let kinds = [Station, Canteen, Institution, FacilityKind::Center];
    let first = inspection(app, &facility(app, Place::Own, Station), &["YK-14"]);
    let of_visit = kinds.map(|kind| in_visit_of(app, &first, &facility(app, Place::Own, kind), &["YK-14"]));
    let before = rows(app);
    let answers = at_once(4, |n| of_visit[n].put(&inspector));
    assert_eq!(told(answers), vec![(201, String::new()); 4]);
    let after = grown(&before, &rows(app));
    assert_eq!((after["visit"], after["inspection"], after["finding"]), (1, 4, 4));
    // The same facility in one visit, under several ids.
    let first = inspection(app, &facility(app, Place::Own, Station), &["YK-15"]);
    let twins: Vec<Inspection> = (0..6).map(|_| Inspection { id: uuid(), ..first.clone() }).collect();
    let answers = at_once(6, |n| twins[n].put(&inspector));
    assert_eq!(told(answers), refused(5, "already_inspected"));
    // One id with several contents.
    let first = inspection(app, &facility(app, Place::Own, Station), &["YK-16"]);
    let failed = place_of(app, Station, "YK-16");
    let answers = at_once(50, |n| {
        let mut body = first.body.clone();
        body["answers"][failed]["note"] = json!(format!("第{n}种情况"));
        inspector.put(&first.path(), &body)
    });
    let differing = set(&[(&format!("/answers/{failed}/note"), "differs")]);
    answers.iter().filter(|a| a.status == 409).for_each(|a| assert_eq!(pointers(&a.json), differing));
    assert_eq!(told(answers), refused(49, "differs"));
    // One failing item in several visits: one finding, observed by the others.
    let visits: Vec<Inspection> =
        (0..6).map(|_| inspection(app, &facility(app, Place::Sibling, Station), &["YK-14"])).collect();
    let answers = at_once(6, |n| visits[n].put(&inspector).created());
    let numbers: BTreeSet<String> = answers.iter().map(|a| a["findings"][0]["number"].to_string()).collect();
    let new = answers.iter().filter(|a| a["findings"][0]["observed"] == json!(false)).count();
    assert_eq!((numbers.len(), new), (1, 1));
    assert_eq!(detail(app, &id(&answers[0]["findings"][0]))["observations"], 5);
}

fn inspections_are_seen_within_reach(app: &TestApp) {
    let planned = id(&campaign(app, Place::District, &[Station]));
    let mut made = vec![];
    for (place, kind, of_campaign) in [
        (Place::Own, Station, true),
        (Place::Own, Canteen, false),
        (Place::Sibling, Station, true),
        (Place::Elsewhere, Station, false),
    ] {
        let mut built = inspection(app, &facility(app, place, kind), &[]);
        if of_campaign {
            built = built.of_campaign(&planned);
        }
        let by = app.as_(if place == Place::Elsewhere {
            Caller::At(Role::Inspector, place)
        } else {
            Caller::Inspector
        });
        if kind == Canteen {
            drop(built.put_whole(&by))
        } else {
            drop(built.put(&by).created())
        }
        made.push((place, built));
    }
    let listed = |by: &Api<'_>, query: &str| -> BTreeSet<String> {
        by.all(&format!("/inspections{query}")).iter().map(id).collect()
    };
    let of =
        |places: &[usize]| -> BTreeSet<String> { places.iter().map(|n| made[*n].1.id.to_string()).collect() };
    let seen: [(Caller, &[usize]); 5] = [
        (Caller::Supervisor, &[0, 1, 2, 3]),
        (Caller::Reviewer, &[0, 1, 2]),
        (Caller::Street, &[0, 1]),
        (Caller::Operator, &[0]),
        (Caller::At(Role::Street, Place::Elsewhere), &[3]),
    ];
    for (caller, places) in seen {
        let by = app.as_(caller);
        assert_eq!(listed(&by, ""), of(places), "{caller:?}");
        for (n, (_, built)) in made.iter().enumerate() {
            let visit = format!("/visits/{}", built.body["visit"]["id"].as_str().expect("an id"));
            for path in [built.path(), visit] {
                let answer = by.get(&path);
                if places.contains(&n) { drop(answer.ok()) } else { drop(answer.expect(404, "not_found")) }
            }
        }
    }
    let all = app.as_(Caller::Supervisor);
    assert_eq!(listed(&all, &format!("?campaign_id={planned}")), of(&[0, 2]));
    assert_eq!(listed(&all, &format!("?facility_id={}", facility(app, Place::Own, Canteen))), of(&[1]));
    assert_eq!(listed(&all, "?state=complete"), of(&[1]));
    assert_eq!(listed(&all, &format!("?state=incomplete&campaign_id={planned}")), of(&[0, 2]));
    let own = app.as_(drafter_at(Place::Own)).get(&made[0].1.path()).ok();
    assert_eq!(
        (&own["distance_m"], &own["submitted_by"]),
        (&json!(0.0), &json!(app.user(Caller::Inspector)))
    );
}
