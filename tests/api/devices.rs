//! Five devices whose logs of operations arrive permuted, duplicated, split and gathered into batches, against an oracle
//! that only knows sets: what was sent at least once is there once, whatever the order. `YIXUN_TEST_CASES` plays more
//! cases than the few of every run; the cases are the same in each run, and a breach is shrunk before it is shown.

use super::app::TestApp;
use super::build::{self, Photo, uuid};
use super::inspections::fresh;
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;
use yixun::access::Role;
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite: whatever_the_order_the_same_is_there_once);
}

const DEVICES: [Caller; 5] = [
    Caller::Inspector,
    Caller::SecondInspector,
    Caller::ThirdParty,
    Caller::At(Role::Inspector, Place::Own),
    Caller::At(Role::Inspector, Place::Everywhere),
];

/// Items that fail in some version of some inspection.
const CODES: [&str; 3] = ["YK-14", "YK-15", "YK-16"];
const FACILITIES: usize = 2;

/// What a device has to say of one facility: the codes that fail in each version, the first being the submission.
#[derive(Debug, Clone)]
struct Plan {
    device: usize,
    facility: usize,
    versions: Vec<[bool; CODES.len()]>,
    /// The device loses this many of its photos before it can send them.
    lost: usize,
}

/// How the logs arrive: an order, what is sent how often, and which submissions travel together.
#[derive(Debug, Clone)]
struct Arrival {
    order: u64,
    copies: Vec<u8>,
    batched: Vec<bool>,
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let versions = prop::collection::vec(any::<[bool; CODES.len()]>(), 1..4);
    let plan = (0..DEVICES.len(), 0..FACILITIES, versions, 0..2_usize)
        .prop_map(|(device, facility, versions, lost)| Plan { device, facility, versions, lost });
    prop::collection::vec(plan, 1..7)
}

fn arrivals() -> impl Strategy<Value = Arrival> {
    let copies = prop::collection::vec(1..4_u8, 16);
    (any::<u64>(), copies, prop::collection::vec(any::<bool>(), 16))
        .prop_map(|(order, copies, batched)| Arrival { order, copies, batched })
}

/// An operation of a device's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Op {
    Submit(usize),
    /// The version counts from 2.
    Amend(usize, usize),
    Send(usize, usize),
}

/// One inspection as its device holds it: a body for each version and the photos that any of them declares.
struct Record {
    plan: Plan,
    id: Uuid,
    bodies: Vec<Value>,
    photos: Vec<Photo>,
}

impl Record {
    fn new(plan: &Plan, base: &Value, items: &[Value]) -> Self {
        let visit = uuid();
        let (mut photos, mut of_item): (Vec<Photo>, BTreeMap<(String, bool), usize>) = Default::default();
        let bodies = plan.versions.iter().map(|failing| {
            let mut body = base.clone();
            body["visit"]["id"] = json!(visit);
            body["visit"]["kind"] = json!("supervision");
            let mut declared = vec![];
            for (item, answer) in items.iter().zip(body["answers"].as_array_mut().expect("answers")) {
                let place = CODES.iter().position(|code| item["code"] == *code);
                let fails = place.is_some_and(|place| failing[place]);
                if fails {
                    *answer = json!({"item_id": item["id"], "outcome": "fail", "note": "现场检查不符合要求"});
                }
                let rule = item["photo_rule"].as_str().expect("a rule");
                if rule == "always" || (rule == "on_fail" && fails) {
                    let item_id = item["id"].as_str().expect("an id");
                    let purpose = if fails { "problem" } else { "scene" };
                    let place = *of_item.entry((item_id.into(), fails)).or_insert_with(|| {
                        photos.push(Photo::new(purpose, Some(item_id)));
                        photos.len() - 1
                    });
                    declared.push(photos[place].declared());
                }
            }
            body["photos"] = json!(declared);
            body
        });
        let bodies = bodies.collect();
        Self { plan: plan.clone(), id: uuid(), bodies, photos }
    }

    fn path(&self) -> String {
        format!("/inspections/{}", self.id)
    }

    fn ops(&self, place: usize) -> Vec<Op> {
        let amended = (2..=self.bodies.len()).map(|version| Op::Amend(place, version));
        let sent = (self.plan.lost..self.photos.len()).map(|photo| Op::Send(place, photo));
        std::iter::once(Op::Submit(place)).chain(amended).chain(sent).collect()
    }
}

struct Case<'a> {
    app: &'a TestApp,
    records: Vec<Record>,
    facilities: Vec<String>,
}

impl Case<'_> {
    fn caller(&self, record: usize) -> Caller {
        DEVICES[self.records[record].plan.device]
    }

    /// Plays everything in the order of its arrival.
    fn play(&self, arrival: &Arrival) {
        let once: Vec<Op> = self.records.iter().enumerate().flat_map(|(n, r)| r.ops(n)).collect();
        let copies = once.iter().zip(arrival.copies.iter().cycle());
        let mut log: Vec<Op> = copies.flat_map(|(op, n)| std::iter::repeat_n(*op, usize::from(*n))).collect();
        fastrand::Rng::with_seed(arrival.order).shuffle(&mut log);
        let mut waiting: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (op, batched) in log.iter().zip(arrival.batched.iter().cycle()) {
            match op {
                Op::Submit(record) if *batched => {
                    waiting.entry(self.records[*record].plan.device).or_default().push(*record);
                }
                op => self.send(*op),
            }
        }
        waiting.values().for_each(|records| self.send_batch(records));
    }

    fn send(&self, op: Op) {
        let (record, statuses): (usize, &[u16]) = match op {
            Op::Submit(record) | Op::Send(record, _) => (record, &[200, 201]),
            Op::Amend(record, _) => (record, &[200, 201, 202]),
        };
        let (api, held) = (self.app.as_(self.caller(record)), &self.records[record]);
        let answer = match op {
            Op::Submit(_) => api.put(&held.path(), &held.bodies[0]),
            Op::Amend(_, version) => {
                let inspection = &held.bodies[version - 1];
                let body = json!({"version": version, "reason": "核对后更正", "inspection": inspection});
                api.post(&format!("{}/amendments", held.path()), &body)
            }
            Op::Send(_, photo) => held.photos[photo].put(&api),
        };
        assert!(statuses.contains(&answer.status), "{op:?}: {}", answer.told());
    }

    fn send_batch(&self, records: &[usize]) {
        let item = |n: &usize| json!({"id": self.records[*n].id, "inspection": self.records[*n].bodies[0]});
        let items: Vec<Value> = records.iter().map(item).collect();
        let api = self.app.as_(self.caller(records[0]));
        let answers = api.post("/inspections/batch", &json!({ "items": items })).ok()["items"].clone();
        let answers = answers.as_array().expect("items").clone();
        assert_eq!(answers.len(), items.len());
        for (item, answer) in items.iter().zip(&answers) {
            assert_eq!(answer["id"], item["id"]);
            assert!([json!(200), json!(201)].contains(&answer["status"]), "{answer}");
        }
    }

    /// What the sets say, against what the server holds.
    fn check(&self) {
        for record in &self.records {
            self.check_record(record);
        }
        for (place, facility) in self.facilities.iter().enumerate() {
            let mut expected: BTreeMap<&str, i64> = BTreeMap::new();
            for record in self.records.iter().filter(|r| r.plan.facility == place) {
                for (n, code) in CODES.iter().enumerate() {
                    if record.plan.versions.iter().any(|failing| failing[n]) {
                        *expected.entry(code).or_default() += 1;
                    }
                }
            }
            let findings = self.app.as_(Caller::Supervisor).all(&format!("/findings?facility_id={facility}"));
            let told: BTreeMap<&str, i64> = findings
                .iter()
                .map(|f| {
                    (f["item_code"].as_str().unwrap_or("?"), f["observations"].as_i64().unwrap_or(-1) + 1)
                })
                .collect();
            assert_eq!(told.len(), findings.len(), "one open finding an item: {findings:?}");
            assert_eq!(told, expected, "each inspection counts once for an item");
        }
    }

    fn check_record(&self, record: &Record) {
        let stored = self.app.as_(Caller::Supervisor).get(&record.path()).ok();
        let last = record.bodies.last().expect("a version");
        assert_eq!(stored["version"], record.bodies.len(), "{stored}");
        let outcomes = |answers: &Value| -> BTreeSet<(String, String)> {
            let text = |v: &Value| v.as_str().expect("a text").to_string();
            answers
                .as_array()
                .expect("answers")
                .iter()
                .map(|a| (text(&a["item_id"]), text(&a["outcome"])))
                .collect()
        };
        assert_eq!(outcomes(&stored["answers"]), outcomes(&last["answers"]));
        let lost: BTreeSet<String> =
            record.photos.iter().take(record.plan.lost).map(|photo| photo.id.to_string()).collect();
        let declared = last["photos"].as_array().expect("photos").iter();
        let missing: BTreeSet<String> = declared
            .filter_map(|photo| photo["photo_id"].as_str().map(str::to_string))
            .filter(|id| lost.contains(id))
            .collect();
        let told: Vec<&Value> = stored["evidence"]["missing"].as_array().expect("missing").iter().collect();
        let told: BTreeSet<String> = told.iter().filter_map(|id| id.as_str().map(str::to_string)).collect();
        assert_eq!(told, missing);
        assert_eq!(stored["state"], if missing.is_empty() { "complete" } else { "incomplete" });
    }
}

fn cases() -> u32 {
    std::env::var("YIXUN_TEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(24)
}

fn whatever_the_order_the_same_is_there_once(app: &TestApp) {
    let config = Config { cases: cases(), failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let (_, items) = build::checklist(app, Station);
    let played = TestRunner::new_with_rng(config, rng).run(&(plans(), arrivals()), |(plans, arrival)| {
        let facilities: Vec<String> = (0..FACILITIES).map(|_| fresh(app, Station)).collect();
        let bases: Vec<Value> = facilities.iter().map(|f| build::inspection(app, f, &[]).body).collect();
        let record = |plan: &Plan| Record::new(plan, &bases[plan.facility], &items);
        let case = Case { app, records: plans.iter().map(record).collect(), facilities };
        case.play(&arrival);
        case.check();
        Ok(())
    });
    played.unwrap_or_else(|breach| panic!("{breach}"));
}
