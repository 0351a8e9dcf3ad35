//! Builders: whole, valid bodies for the API, and the shortest way through it to the things that a test starts from.
//! Everything gets a code, an id and photo bytes of its own.

use super::app::TestApp;
use super::client::{Api, Reply};
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use ureq::http::Method;
use uuid::Uuid;
use yixun::access::Role;
use yixun::clock::{Clock as _, business_date, machine_now};
use yixun::db::types::Coded as _;
use yixun::directory::FacilityKind;
use yixun::files::sha256_of;
use yixun::ids::new_uuid;

static COUNT: AtomicU32 = AtomicU32::new(1);

/// A number that nothing else in this run has.
pub fn unique() -> u32 {
    COUNT.fetch_add(1, Ordering::Relaxed)
}

/// The id that an answer gives.
#[track_caller]
pub fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap_or_else(|| panic!("no id in {answer}")).to_string()
}

/// A new UUIDv7, as a phone makes one.
pub fn uuid() -> Uuid {
    new_uuid(machine_now())
}

/// The body that adds a facility at a street.
pub fn facility_body(app: &TestApp, place: Place, kind: FacilityKind) -> Value {
    let n = unique();
    json!({
        "code": format!("B-{n:05}"),
        "kind": kind.code(),
        "name": format!("试验{}{n}", kind.label()),
        "street_id": app.world.area(place),
        "address": format!("试验路{n}号"),
        "position": {"lat": 23.1, "lng": 113.26, "datum": "gcj02"},
        "operator_name": "试验运营机构",
        "contact_name": "试验联系人",
        "contact_phone": "000-00000000",
        "opening_hours": "09:00-17:00",
    })
}

/// Adds a facility; gives its view.
#[track_caller]
pub fn facility(app: &TestApp, place: Place, kind: FacilityKind) -> Value {
    let body = facility_body(app, place, kind);
    app.as_(drafter_at(place)).post("/facilities", &body).created()
}

/// A clerk whose reach holds a street.
pub fn drafter_at(place: Place) -> Caller {
    if place == Place::Elsewhere { Caller::At(Role::Drafter, Place::Elsewhere) } else { Caller::Drafter }
}

/// The body that plans a campaign over a place, for this quarter.
pub fn campaign_body(app: &TestApp, place: Place) -> Value {
    json!({
        "name": format!("2026年第三季度试验检查{}", unique()),
        "kind": "community_quality",
        "area_id": app.world.area(place),
        "starts_on": "2026-07-01",
        "ends_on": "2026-09-30",
        "reply_due": "2026-10-20",
    })
}

/// Plans a campaign over a place with all its facilities of some kinds as targets; gives its view.
#[track_caller]
pub fn campaign(app: &TestApp, place: Place, kinds: &[FacilityKind]) -> Value {
    let drafter = app.as_(drafter_at(place));
    let made = drafter.post("/campaigns", &campaign_body(app, place)).created();
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.code()).collect();
    drafter.post(&format!("/campaigns/{}/targets", id(&made)), &json!({ "kinds": kinds })).ok();
    made
}

/// Something that passes for the scan of a sealed letter.
pub fn scan(letter: &str) -> Vec<u8> {
    format!("%PDF-1.7\n% {letter}\n%%EOF\n").into_bytes()
}

/// The registrar records the seal of a letter.
pub fn seal(app: &TestApp, by: Caller, letter: &str) -> Reply {
    let today = business_date(app.clock.now());
    let path = format!("/letters/{letter}/sealed-scan?sealed_on={today}&form_checked=true");
    app.as_(by).bytes(Method::PUT, &path, "application/pdf", &scan(letter))
}

/// The registrar delivers letters.
pub fn deliver<Id: serde::Serialize>(app: &TestApp, by: Caller, letters: &[Id]) -> Reply {
    app.as_(by).post("/letters/batch/deliver", &json!({"letter_ids": letters, "channel": "inbox"}))
}

/// Takes the letters of a campaign over a place from the draft to the delivery; gives them as they then are.
#[track_caller]
pub fn letters(app: &TestApp, place: Place, campaign_id: &str) -> Vec<Value> {
    let at = |role| match place {
        Place::Elsewhere => Caller::At(role, Place::Elsewhere),
        _ => Caller::At(role, Place::District),
    };
    let (drafter, reviewer, issuer) =
        (app.as_(at(Role::Drafter)), app.as_(at(Role::Reviewer)), app.as_(at(Role::Issuer)));
    let body = json!({"campaign_id": campaign_id, "reply_due": "2026-11-06"});
    let drafted = drafter.post("/letters/batch", &body).created()["letters"].clone();
    let ids: Vec<String> = drafted.as_array().expect("letters").iter().map(id).collect();
    for letter in &ids {
        drafter.post(&format!("/letters/{letter}/submit"), &json!({})).ok();
        reviewer.post(&format!("/letters/{letter}/approve"), &json!({})).ok();
    }
    issuer.post("/letters/batch/issue", &json!({ "letter_ids": ids })).ok();
    app.drain();
    for letter in &ids {
        seal(app, at(Role::Registrar), letter).ok();
    }
    deliver(app, at(Role::Registrar), &ids).ok();
    ids.iter().map(|letter| drafter.get(&format!("/letters/{letter}")).ok()).collect()
}

/// The newest check items for a kind of facility: the version's id and its items.
#[track_caller]
pub fn checklist(app: &TestApp, kind: FacilityKind) -> (String, Vec<Value>) {
    let reader = app.as_(Caller::Supervisor);
    let newest = id(&reader.get("/checklists").ok()["items"][0]);
    let items = reader.get(&format!("/checklists/{newest}?kind={}", kind.code())).ok()["items"].clone();
    (newest, items.as_array().expect("items").clone())
}

/// The version of the working calendar in force.
#[track_caller]
pub fn calendar_version(app: &TestApp) -> String {
    let newest = app.as_(Caller::Supervisor).get("/calendar/imports?limit=1").ok()["items"][0].clone();
    newest["version"].as_str().expect("a version").to_string()
}

/// A photo or document and what is declared of it.
#[derive(Debug, Clone)]
pub struct Photo {
    /// Its id, made by the phone.
    pub id: Uuid,
    /// Its bytes: a tiny JPEG of its own.
    pub bytes: Vec<u8>,
    /// Their hash.
    pub sha256: String,
    /// What it is evidence for.
    pub item: Option<String>,
    /// What it is to show.
    pub purpose: &'static str,
}

impl Photo {
    /// A photo for a purpose (`scene`, `problem`, `after`, `document`), of an item where one is given.
    pub fn new(purpose: &'static str, item: Option<&str>) -> Self {
        let bytes = jpeg();
        let sha256 = sha256_of(&bytes);
        Self { id: uuid(), bytes, sha256, item: item.map(str::to_string), purpose }
    }

    /// The line of a manifest that announces it.
    pub fn declared(&self) -> Value {
        let mut line = json!({
            "photo_id": self.id, "sha256": self.sha256, "length": self.bytes.len(), "purpose": self.purpose,
        });
        if let Some(item) = &self.item {
            line["item_id"] = json!(item);
        }
        line
    }

    /// Where it is put.
    pub fn path(&self) -> String {
        format!("/photos/{}?sha256={}", self.id, self.sha256)
    }

    /// Uploads it.
    #[track_caller]
    pub fn put(&self, by: &Api<'_>) -> Reply {
        by.bytes(Method::PUT, &self.path(), "image/jpeg", &self.bytes)
    }
}

/// A real JPEG of a few hundred bytes, unlike every other.
pub fn jpeg() -> Vec<u8> {
    let n = unique();
    let pixel = |x: u32, y: u32| image::Rgb([(n % 256) as u8, (n / 256 % 256) as u8, (x * 16 + y) as u8]);
    let picture = image::RgbImage::from_fn(16, 16, pixel);
    let mut bytes = vec![];
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 90);
    picture.write_with_encoder(encoder).expect("a JPEG");
    // The comment keeps two pictures apart that the encoder would make equal.
    let comment = format!("yixun test {n} {}", uuid());
    let mut marked = bytes[..2].to_vec();
    marked.extend([0xff, 0xfe]);
    marked.extend(u16::try_from(comment.len() + 2).expect("a short comment").to_be_bytes());
    marked.extend(comment.as_bytes());
    marked.extend(&bytes[2..]);
    marked
}

/// An inspection as a phone sends it.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// Its id, made by the phone.
    pub id: Uuid,
    /// The body of `PUT /inspections/{id}`.
    pub body: Value,
    /// The photos that the body declares.
    pub photos: Vec<Photo>,
}

/// A whole inspection of a facility by two certified officers: every item of its kind answered, those with the codes in
/// `failing` as failed, and a photo declared wherever the item's rule asks for one.
#[track_caller]
pub fn inspection(app: &TestApp, facility_id: &str, failing: &[&str]) -> Inspection {
    let facility = app.as_(Caller::Supervisor).get(&format!("/facilities/{facility_id}")).ok();
    let kind = facility["kind"].as_str().and_then(FacilityKind::from_code).expect("a kind");
    let (checklist_id, items) = checklist(app, kind);
    let known: BTreeSet<&str> = items.iter().filter_map(|item| item["code"].as_str()).collect();
    assert!(
        failing.iter().all(|code| known.contains(code)),
        "{failing:?} must be items of {kind:?}: {known:?}"
    );
    let (mut answers, mut photos) = (vec![], vec![]);
    for item in &items {
        let item_id = item["id"].as_str().expect("an id");
        let fails = failing.iter().any(|code| item["code"] == *code);
        let rule = item["photo_rule"].as_str().expect("a rule");
        if rule == "always" || (rule == "on_fail" && fails) {
            photos.push(Photo::new(if fails { "problem" } else { "scene" }, Some(item_id)));
        }
        let mut answer = json!({"item_id": item_id, "outcome": if fails { "fail" } else { "pass" }});
        if fails {
            answer["note"] = json!("现场检查不符合要求");
        }
        answers.push(answer);
    }
    let declared: Vec<Value> = photos.iter().map(Photo::declared).collect();
    let body = json!({
        "facility_id": facility_id,
        "checklist_id": checklist_id,
        "visit": visit(app),
        "answers": answers,
        "photos": declared,
        "observed_status": "operating",
    });
    Inspection { id: uuid(), body, photos }
}

/// An administrative visit that ended a few minutes ago.
pub fn visit(app: &TestApp) -> Value {
    let ended = app.clock.now() - TimeDelta::minutes(5);
    json!({
        "id": uuid(),
        "kind": "administrative",
        "started_at": (ended - TimeDelta::hours(1)).to_rfc3339(),
        "ended_at": ended.to_rfc3339(),
        "position": {"lat": 23.1, "lng": 113.26, "datum": "gcj02"},
        "notice_number": format!("演示检〔2026〕{}号", unique()),
        "participants": [
            {"name": "试验甲", "organisation": "示例区民政局", "certificate": "试验证0001", "part": "lead"},
            {"name": "试验乙", "organisation": "示例区民政局", "certificate": "试验证0002", "part": "member"},
        ],
        "signature": {"state": "signed", "signed_by": "试验负责人"},
    })
}

impl Inspection {
    /// As part of a campaign.
    pub fn of_campaign(mut self, campaign_id: &str) -> Self {
        self.body["campaign_id"] = json!(campaign_id);
        self
    }

    /// Names the account of the one who leads (0) or of another in the order of the visit.
    pub fn named(mut self, app: &TestApp, place: usize, caller: Caller) -> Self {
        self.body["visit"]["participants"][place]["user_id"] = json!(app.user(caller));
        self
    }

    /// Puts the failing items right on the spot: each gets a photo of afterwards.
    pub fn put_right(mut self) -> Self {
        let answers = self.body["answers"].as_array_mut().expect("answers");
        for answer in answers.iter_mut().filter(|a| a["outcome"] == "fail") {
            answer["on_site"] = json!({"measures": "当场整改完毕"});
            let item = answer["item_id"].as_str().expect("an id");
            let shown = self.photos.iter().any(|p| p.item.as_deref() == Some(item));
            let before = (!shown).then(|| Photo::new("problem", Some(item)));
            self.photos.extend(before.into_iter().chain([Photo::new("after", Some(item))]));
        }
        let declared: Vec<Value> = self.photos.iter().map(Photo::declared).collect();
        self.body["photos"] = json!(declared);
        self
    }

    /// Keeps only the answers to these items, as a recheck does, each with a photo.
    pub fn only(mut self, app: &TestApp, kind: FacilityKind, seen: &[(&str, &str)]) -> Self {
        let (_, items) = checklist(app, kind);
        let (mut answers, mut photos) = (vec![], vec![]);
        for (code, outcome) in seen {
            let item = items.iter().find(|i| i["code"] == *code).unwrap_or_else(|| panic!("no {code}"));
            let item_id = item["id"].as_str().expect("an id");
            answers.push(json!({"item_id": item_id, "outcome": outcome, "note": "复查所见"}));
            photos.push(Photo::new("scene", Some(item_id)));
        }
        self.body["answers"] = json!(answers);
        self.body["photos"] = json!(photos.iter().map(Photo::declared).collect::<Vec<_>>());
        Self { photos, ..self.of_kind("recheck") }
    }

    /// Where the visit is found.
    pub fn visit(&self) -> String {
        format!("/visits/{}", self.body["visit"]["id"].as_str().expect("an id"))
    }

    /// Confirms the visit.
    #[track_caller]
    pub fn confirm(&self, by: &Api<'_>) -> Reply {
        by.bytes(Method::POST, &format!("{}/confirmations", self.visit()), "application/octet-stream", b"")
    }

    /// During a supervision or another visit that is not administrative.
    pub fn of_kind(mut self, kind: &str) -> Self {
        self.body["visit"]["kind"] = json!(kind);
        self
    }

    /// Where it is put and found.
    pub fn path(&self) -> String {
        format!("/inspections/{}", self.id)
    }

    /// Submits it, without its photos.
    #[track_caller]
    pub fn put(&self, by: &Api<'_>) -> Reply {
        by.put(&self.path(), &self.body)
    }

    /// Submits it and all its photos.
    #[track_caller]
    pub fn put_whole(&self, by: &Api<'_>) -> Value {
        let answer = self.put(by).created();
        for photo in &self.photos {
            let status = photo.put(by).status;
            assert_eq!(status, 201, "photo {}", photo.id);
        }
        answer
    }
}

pub fn register(suite: &mut Suite) {
    both!(suite: inspections_are_whole);
}

/// The builder keeps its promise whatever the checklist becomes.
fn inspections_are_whole(app: &TestApp) {
    for kind in FacilityKind::ALL {
        let facility = app.world.facility(Place::Own, *kind).to_string();
        let (_, items) = checklist(app, *kind);
        let codes: Vec<&str> = items.iter().filter_map(|i| i["code"].as_str()).collect();
        for failing in [&[] as &[&str], &codes[..2], &codes] {
            let built = inspection(app, &facility, failing).of_campaign("-").of_kind("supervision");
            let answers = built.body["answers"].as_array().expect("answers");
            let answered: BTreeSet<&str> = answers.iter().filter_map(|a| a["item_id"].as_str()).collect();
            assert_eq!((answers.len(), answered.len()), (items.len(), items.len()));
            assert_eq!(answers.iter().filter(|a| a["outcome"] == "fail").count(), failing.len());
            let asked = items.iter().filter(|item| {
                let fails = failing.iter().any(|code| item["code"] == *code);
                item["photo_rule"] == "always" || (item["photo_rule"] == "on_fail" && fails)
            });
            assert_eq!(built.photos.len(), asked.count());
            let hashes: BTreeSet<&String> = built.photos.iter().map(|p| &p.sha256).collect();
            assert_eq!(hashes.len(), built.photos.len());
            assert!(built.photos.iter().all(|p| image::load_from_memory(&p.bytes).is_ok()));
            assert!(built.path().starts_with("/inspections/"));
        }
    }
}
