//! The visits: which facility is seen on which day and by whom, and what each visit finds. What a visit finds comes
//! from its seed alone, so that every demo tells the same stories.

use super::draw::{self, Shot};
use super::loops::Case;
use super::play::{Quarter, at, day, text};
use super::seed::Person;
use super::seen::seen;
use crate::access::Role;
use crate::calendar::rules::WorkCalendar;
use crate::clock::SHANGHAI;
use crate::files::sha256_of;
use crate::ids::new_uuid;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// First and last day of the visits.
const VISITS: (NaiveDate, NaiveDate) = (day(2026, 7, 8), day(2026, 9, 30));
/// Institutions that the contractor of the second campaign has seen so far.
const FIRE_VISITS: usize = 16;
/// Between two visits of an inspector on one morning.
const SLOT_MINUTES: i64 = 75;
/// With this seed some findings are due after the letters and some before, and streets of either kind exist.
const SEED: u64 = 20_260_981;
/// Keeps the seeds of the second campaign apart.
const FIRE_SEED: u64 = SEED + 10_000;

/// The two campaigns.
#[derive(Debug, Clone)]
pub struct Campaigns {
    /// Stations, canteens and centres.
    pub community: String,
    /// Institutions.
    pub fire: String,
}

/// One visit of the plan.
#[derive(Debug, Clone)]
pub struct Visit {
    facility: Value,
    street: String,
    campaign: String,
    inspector: String,
    /// How many visits this inspector has behind them on the day.
    slot: usize,
    seed: u64,
}

/// The visits by day.
pub type Plan = BTreeMap<NaiveDate, Vec<Visit>>;

/// The working days on which visits are made.
fn days(calendar: &WorkCalendar) -> Vec<NaiveDate> {
    let all = VISITS.0.iter_days().take_while(|day| *day <= VISITS.1);
    all.filter(|day| calendar.is_working_day(*day).value).collect()
}

/// Spreads all stations, canteens and centres over the working days, street by street, so that a team stays in one
/// neighbourhood; and the first institutions for the contractor.
///
/// # Errors
/// What the server answered.
pub fn plan(quarter: &Quarter, campaigns: &Campaigns) -> Result<Plan, String> {
    let drafter = quarter.session_of(Role::Drafter, None, 0)?;
    let streets = drafter.all("/areas?level=street")?;
    let streets: HashMap<String, String> = streets.iter().map(|s| (text(s, "id"), text(s, "code"))).collect();
    // By code: ids differ from demo to demo, codes do not, and they begin with the street's.
    let facilities = drafter.all("/facilities")?;
    let (institutions, others): (Vec<_>, Vec<_>) =
        facilities.into_iter().partition(|f| f["kind"] == "institution");
    let (third, own): (Vec<_>, Vec<_>) =
        quarter.holders(Role::Inspector, None).into_iter().partition(|p| p.member.third_party);
    let days = days(&quarter.calendar);
    let mut plan = Plan::new();
    let mut put = |facilities: Vec<Value>, campaign: &str, inspectors: &[&Person], seed: u64| {
        let total = facilities.len();
        for (n, facility) in facilities.into_iter().enumerate() {
            let today = plan.entry(days[n * days.len() / total]).or_default();
            let inspector = inspectors[n % inspectors.len()].member.username.clone();
            let slot = today.iter().filter(|v: &&Visit| v.inspector == inspector).count();
            let street = streets.get(&text(&facility, "street_id")).cloned().unwrap_or_default();
            today.push(Visit {
                facility,
                street,
                campaign: campaign.into(),
                inspector,
                slot,
                seed: seed + n as u64,
            });
        }
    };
    put(others, &campaigns.community, &own, SEED);
    put(institutions.into_iter().step_by(2).take(FIRE_VISITS).collect(), &campaigns.fire, &third, FIRE_SEED);
    Ok(plan)
}

/// What a visit finds, and what becomes of it.
#[derive(Debug, Clone, PartialEq)]
struct Course {
    /// The failing item.
    failing: Option<usize>,
    /// 0–99: how far the finding's story goes.
    fate: u8,
    /// Minutes that the visit begins late.
    late: i64,
    /// How far from the facility's position the phone thinks it is, in degrees: some 20 m.
    off: (f64, f64),
}

/// The course of a visit: about one in three has a failing item; candidates of 重大 are left to people.
fn course(seed: u64, items: &[Value]) -> Course {
    let mut rng = fastrand::Rng::with_seed(seed);
    let candidates: Vec<usize> = (0..items.len()).filter(|n| items[*n]["severity"] != "major").collect();
    let finds = rng.u8(0..3) == 0;
    let failing = if finds { rng.choice(candidates) } else { None };
    let mut off = || (rng.f64() - 0.5) * 0.0004;
    let off = (off(), off());
    Course { failing, off, fate: rng.u8(0..100), late: rng.i64(0..15) }
}

/// Makes a visit: the inspection first, then its photos; as a phone does it.
///
/// # Errors
/// What the server answered.
pub fn make(quarter: &Quarter, visit: &Visit, today: NaiveDate) -> Result<Vec<Case>, String> {
    let facility = &visit.facility;
    let items = quarter.items_of(&text(facility, "kind"))?;
    let course = course(visit.seed, &items);
    let started = at(today, 9, 0) + TimeDelta::minutes(SLOT_MINUTES * visit.slot as i64 + course.late);
    let position = |field: &str, off: f64| facility["position"][field].as_f64().unwrap_or_default() + off;
    let place = (position("lat", course.off.0), position("lng", course.off.1));
    let photos = photos(quarter, visit, &items, &course, (started, place));
    let sheet = sheet(quarter, visit, &items, &course, (started, place), &photos)?;
    let session = quarter.session(&visit.inspector)?;
    let id = new_uuid(started);
    let receipt = session.put(&format!("/inspections/{id}"), &sheet)?;
    for (declared, bytes) in &photos {
        session.put_photo(&text(declared, "photo_id"), &text(declared, "sha256"), bytes)?;
    }
    let case = |finding: &Value| {
        let n = items.iter().position(|item| item["id"] == finding["item_id"])?;
        Some(Case {
            id: text(finding, "id"),
            needs_confirmation: finding["state"] == "open",
            item: items[n].clone(),
            street: visit.street.clone(),
            finder: visit.inspector.clone(),
            shot: (room(visit, n), place.0, place.1),
            fate: course.fate,
        })
    };
    let new = receipt["findings"].as_array().into_iter().flatten().filter(|f| f["observed"] != true);
    Ok(new.filter_map(case).collect())
}

/// The room in which an item is photographed.
fn room(visit: &Visit, item: usize) -> u64 {
    visit.seed * 1000 + item as u64
}

type Photos = Vec<(Value, Vec<u8>)>;
/// When a visit began, and where the phone was.
type Whence = (DateTime<Utc>, (f64, f64));

/// The photos that the checklist asks for, one a minute.
fn photos(
    quarter: &Quarter,
    visit: &Visit,
    items: &[Value],
    course: &Course,
    (started, (lat, lng)): Whence,
) -> Photos {
    let mut photos = vec![];
    for (n, item) in items.iter().enumerate() {
        let fails = course.failing == Some(n);
        if item["photo_rule"] == "always" || (fails && item["photo_rule"] == "on_fail") {
            let taken_at = (started + TimeDelta::minutes(n as i64 + 1)).with_timezone(&SHANGHAI);
            let shot = Shot { seed: room(visit, n), problem: fails, taken_at, lat, lng };
            let purpose = if fails { "problem" } else { "scene" };
            photos.push(photo(quarter, &shot, Some(&item["id"]), purpose));
        }
    }
    photos
}

/// A drawn photo and its declaration.
pub fn photo(quarter: &Quarter, shot: &Shot, item: Option<&Value>, purpose: &str) -> (Value, Vec<u8>) {
    let bytes = draw::draw(shot);
    let id = new_uuid(quarter.now()).to_string();
    let mut declared =
        json!({"photo_id": id, "sha256": sha256_of(&bytes), "length": bytes.len(), "purpose": purpose});
    if let Some(item) = item {
        declared["item_id"] = item.clone();
    }
    (declared, bytes)
}

/// The inspection sheet as a phone sends it.
fn sheet(
    quarter: &Quarter,
    visit: &Visit,
    items: &[Value],
    course: &Course,
    (started, (lat, lng)): Whence,
    photos: &Photos,
) -> Result<Value, String> {
    let facility = &visit.facility;
    let lead = &quarter.person(&visit.inspector)?.member;
    let ended = started + TimeDelta::minutes(items.len() as i64 + 8);
    let local = |at: DateTime<Utc>| at.with_timezone(&SHANGHAI).to_rfc3339();
    let closed = course.failing.is_some_and(|n| items[n]["proof"] == "revisit");
    let answers = items.iter().enumerate().map(|(n, item)| answer(item, course.failing == Some(n)));
    Ok(json!({
        "campaign_id": visit.campaign,
        "facility_id": facility["id"],
        "checklist_id": items.first().ok_or("检查标准没有条目")?["checklist_id"],
        "visit": {
            "id": new_uuid(started).to_string(), "kind": "supervision",
            "started_at": local(started), "ended_at": local(ended),
            "position": {"lat": lat, "lng": lng, "datum": "wgs84"},
            "participants": [
                {"name": lead.display_name, "organisation": lead.organisation, "part": "lead"},
                {"name": facility["contact_name"], "organisation": facility["operator_name"], "part": "accompanying"}
            ],
            "signature": {"state": "signed", "signed_by": facility["contact_name"]}
        },
        "answers": answers.collect::<Vec<_>>(),
        "photos": photos.iter().map(|(declared, _)| declared).collect::<Vec<_>>(),
        "observed_status": if closed { "closed" } else { "operating" }
    }))
}

fn answer(item: &Value, fails: bool) -> Value {
    if fails {
        let note = seen(&text(item, "code"), &text(item, "title"));
        json!({"item_id": item["id"], "outcome": "fail", "note": note})
    } else {
        json!({"item_id": item["id"], "outcome": "pass"})
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::cast::INSPECTORS;
    use super::super::play::working_calendar;
    use super::super::roster::{CANTEENS, STATIONS, roster, tests::streets};
    use super::*;
    use crate::checklists::{PhotoRule, Proof, Severity, TermUnit};
    use crate::db::types::Coded;
    use crate::directory::FacilityKind;
    use std::collections::BTreeSet;

    /// The items of a kind as the API gives them.
    fn items(kind: FacilityKind) -> Vec<Value> {
        fn code<C: Coded>(text: &Value, label: fn(C) -> &'static str) -> &'static str {
            let text = text.as_str().unwrap();
            C::ALL.iter().find(|c| c.code() == text || label(**c) == text).unwrap().code()
        }
        let file: Value = serde_json::from_str(include_str!("../../assets/checklists/2026.1.json")).unwrap();
        let all = file["catalogues"].as_array().unwrap().iter().flat_map(|c| c["items"].as_array().unwrap());
        all.filter(|i| i["facility_kinds"].as_array().unwrap().contains(&kind.code().into()))
            .map(|i| {
                json!({
                    "id": i["code"], "code": i["code"], "title": i["title"],
                    "severity": code(&i["severity"], Severity::label), "photo_rule": code(&i["photo_rule"], PhotoRule::label),
                    "proof": code(&i["proof"], Proof::label),
                    "term": {"days": i["deadline_days"], "unit": code(&i["deadline_unit"], TermUnit::label)},
                })
            })
            .collect()
    }

    /// Every finding of the demo with its day.
    pub fn findings(calendar: &WorkCalendar) -> Vec<(NaiveDate, Case)> {
        let (institutions, others): (Vec<_>, Vec<_>) =
            roster(&streets()).into_iter().partition(|f| f.kind == FacilityKind::Institution);
        let institutions: Vec<_> = institutions.into_iter().step_by(2).take(FIRE_VISITS).collect();
        let days = days(calendar);
        let mut findings = vec![];
        for (facilities, seed) in [(others, SEED), (institutions, FIRE_SEED)] {
            for (n, facility) in facilities.iter().enumerate() {
                let items = items(facility.kind);
                let course = course(seed + n as u64, &items);
                let Some(item) = course.failing else { continue };
                let case = Case {
                    id: facility.code.clone(),
                    needs_confirmation: seed == FIRE_SEED,
                    item: items[item].clone(),
                    street: facility.street_code.clone(),
                    finder: String::new(),
                    shot: (0, 0.0, 0.0),
                    fate: course.fate,
                };
                findings.push((days[n * days.len() / facilities.len()], case));
            }
        }
        findings
    }

    #[test]
    fn about_one_visit_in_three_finds_something_and_never_a_major_one() {
        let findings = findings(&working_calendar());
        let third = (STATIONS + CANTEENS + 18 + FIRE_VISITS) / 3;
        assert!((third - 20..third + 20).contains(&findings.len()), "{}", findings.len());
        assert!(findings.iter().all(|(_, case)| case.item["severity"] != "major"));
        assert!(findings.iter().filter(|(_, case)| case.item["severity"] == "serious").count() > 20);
        assert!(findings.iter().filter(|(_, case)| case.needs_confirmation).count() >= 3);
        let streets: BTreeSet<&str> = findings.iter().map(|(_, case)| case.street.as_str()).collect();
        assert_eq!(streets.len(), 18, "every letter has something to say");
    }

    #[test]
    fn a_visit_is_over_before_noon() {
        let days = days(&working_calendar());
        let busiest = (STATIONS + CANTEENS + 18).div_ceil(days.len());
        let slots = i64::try_from(busiest.div_ceil(INSPECTORS)).unwrap();
        assert!(slots * SLOT_MINUTES + 15 <= 3 * 60, "{busiest} visits a day");
    }
}
