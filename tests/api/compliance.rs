//! Which facility complies and which street is closed, compared with an oracle that knows only what the other endpoints
//! say, and with the figures that the street's letter prints.

use super::app::TestApp;
use super::build::{self, Inspection, id, inspection};
use super::letters::{close, drafted, inspected, snapshot, take};
use super::people::{Caller, Place, facts};
use super::suite::{Suite, both};
use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use yixun::access::{Places, Role};
use yixun::clock::Clock as _;
use yixun::directory::FacilityKind::{Canteen, Center, Station};
use yixun::directory::facilities;
use yixun::letters::letter::Letter;

pub fn register(suite: &mut Suite) {
    both!(suite:
        what_was_not_seen_whole_is_not_inspected,
        open_findings_make_it_rectifying_until_the_last_is_closed,
        overdue_begins_at_midnight_in_shanghai,
        advice_is_open_and_a_mistake_is_nothing,
        a_campaign_counts_its_own_inspections,
        what_has_ended_is_listed_as_a_target_only,
        pages_and_filters_are_brute_force,
        a_street_is_closed_only_at_y_of_y,
        figures_are_those_of_the_letter,
        a_facility_that_moved_counts_where_it_was_planned,
        figures_within_reach,
    );
}

#[track_caller]
fn compliance(app: &TestApp, facility: &str) -> Value {
    app.as_(Caller::Supervisor).get(&format!("/compliance/facilities/{facility}")).ok()
}

/// The status, and the numbers of the open and of the late findings.
fn told(facility: &Value) -> (&str, Vec<&str>, Vec<&str>) {
    let list =
        |name: &str| facility[name].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    (facility["status"].as_str().expect("a status"), list("findings"), list("overdue"))
}

fn finding(app: &TestApp, finding: &str) -> Value {
    app.as_(Caller::Supervisor).get(&format!("/findings/{finding}")).ok()
}

fn number(app: &TestApp, id: &str) -> String {
    finding(app, id)["number"].as_str().expect("a number").to_string()
}

#[track_caller]
fn withdraw(app: &TestApp, finding: &str) {
    let path = format!("/findings/{finding}/withdrawals");
    app.as_(Caller::Reviewer).post(&path, &json!({"reason": "现场核实为误报"})).ok();
}

/// The last moment of a day in Guangzhou, and the first of the next.
fn midnight_after(app: &TestApp, day: &str) -> [chrono::DateTime<chrono::Utc>; 2] {
    let day: NaiveDate = day.parse().expect("a day");
    let next = day.and_hms_opt(16, 0, 0).expect("a time").and_utc();
    assert!(next > app.clock.now());
    [next - TimeDelta::microseconds(1), next]
}

fn what_was_not_seen_whole_is_not_inspected(app: &TestApp) {
    let station = app.world.facility(Place::Own, Station).to_string();
    assert_eq!(told(&compliance(app, &station)), ("not_inspected", vec![], vec![]));
    let inspector = app.as_(Caller::Inspector);
    let built = inspection(app, &station, &[]);
    assert!(built.photos.len() >= 2, "the list demands photos");
    built.put(&inspector).created();
    for photo in &built.photos {
        let now = compliance(app, &station);
        assert_eq!((now["status"].as_str(), &now["inspected_at"]), (Some("not_inspected"), &Value::Null));
        photo.put(&inspector).created();
    }
    let seen = compliance(app, &station);
    assert_eq!(told(&seen), ("compliant", vec![], vec![]));
    let submitted = inspector.get(&built.path()).ok();
    assert_eq!(seen["inspected_at"], submitted["received_at"]);
    // A later record without its photos does not undo it.
    app.advance(TimeDelta::days(1));
    inspection(app, &station, &[]).put(&inspector).created();
    assert_eq!(compliance(app, &station), seen);
}

fn open_findings_make_it_rectifying_until_the_last_is_closed(app: &TestApp) {
    let campaign = id(&build::campaign(app, Place::Own, &[Station]));
    let station = app.world.facility(Place::Own, Station).to_string();
    let found = inspected(app, Place::Own, Station, &campaign, &["YK-02", "YK-06"]);
    let numbers: Vec<String> = found.iter().map(|finding| number(app, finding)).collect();
    assert_eq!(told(&compliance(app, &station)), ("rectifying", vec![&*numbers[0], &*numbers[1]], vec![]));
    close(app, Place::Own, &found[0]);
    assert_eq!(told(&compliance(app, &station)), ("rectifying", vec![&*numbers[1]], vec![]));
    close(app, Place::Own, &found[1]);
    assert_eq!(told(&compliance(app, &station)), ("compliant", vec![], vec![]));
}

fn overdue_begins_at_midnight_in_shanghai(app: &TestApp) {
    let campaign = id(&build::campaign(app, Place::Own, &[Station]));
    let station = app.world.facility(Place::Own, Station).to_string();
    // YK-14 is due in three days, YK-18 in thirty.
    let found = inspected(app, Place::Own, Station, &campaign, &["YK-14", "YK-18"]);
    let (near, far) = (number(app, &found[0]), number(app, &found[1]));
    let due = finding(app, &found[0])["due_on"].as_str().expect("a due day").to_string();
    let [last, first] = midnight_after(app, &due);
    let street = || {
        let path = format!("/compliance/streets?campaign_id={campaign}");
        app.as_(Caller::Supervisor).get(&path).ok()["items"][0]["overdue"].clone()
    };
    app.clock.set(last);
    assert_eq!(
        (told(&compliance(app, &station)), street()),
        (("rectifying", vec![&*near, &*far], vec![]), json!(0))
    );
    app.clock.set(first);
    assert_eq!(
        (told(&compliance(app, &station)), street()),
        (("overdue", vec![&*near, &*far], vec![&*near]), json!(1))
    );
    close(app, Place::Own, &found[0]);
    assert_eq!((told(&compliance(app, &station)), street()), (("rectifying", vec![&*far], vec![]), json!(0)));
}

fn advice_is_open_and_a_mistake_is_nothing(app: &TestApp) {
    let station = app.world.facility(Place::Own, Station).to_string();
    let seen = inspection(app, &station, &["YK-14"]).of_kind("supervision");
    let advice = id(&seen.put_whole(&app.as_(Caller::ThirdParty))["findings"][0]);
    let open = number(app, &advice);
    app.advance(TimeDelta::days(200));
    assert_eq!(
        told(&compliance(app, &station)),
        ("rectifying", vec![&*open], vec![]),
        "not served: never late"
    );
    app.as_(Caller::Drafter).post(&format!("/findings/{advice}/confirmations"), &json!({})).ok();
    assert_eq!(told(&compliance(app, &station)), ("rectifying", vec![&*open], vec![]));
    withdraw(app, &advice);
    assert_eq!(told(&compliance(app, &station)), ("compliant", vec![], vec![]));
}

fn a_campaign_counts_its_own_inspections(app: &TestApp) {
    let campaigns = [0, 1].map(|_| id(&build::campaign(app, Place::Own, &[Station])));
    inspected(app, Place::Own, Station, &campaigns[0], &[]);
    let status_in = |query: String| {
        let all = app.as_(Caller::Supervisor).all(&format!("/compliance/facilities{query}"));
        let station = app.world.facility(Place::Own, Station).to_string();
        let of = all.iter().find(|facility| facility["facility_id"] == station).expect("the station");
        of["status"].as_str().expect("a status").to_string()
    };
    let of_campaign = |campaign: &str| status_in(format!("?campaign_id={campaign}"));
    assert_eq!(
        (of_campaign(&campaigns[0]), of_campaign(&campaigns[1])),
        ("compliant".into(), "not_inspected".into())
    );
    assert_eq!(status_in(String::new()), "compliant");
}

fn what_has_ended_is_listed_as_a_target_only(app: &TestApp) {
    let ended = id(&build::facility(app, Place::Own, Station));
    let campaign = id(&build::campaign(app, Place::Own, &[Station]));
    let end = json!({"status": "ended"});
    app.as_(Caller::Drafter).patch(&format!("/facilities/{ended}"), Some(1), &end).ok();
    let holds = |path: &str| {
        let all = app.as_(Caller::Supervisor).all(path);
        all.iter().any(|facility| facility["facility_id"] == ended)
    };
    assert!(!holds("/compliance/facilities"));
    assert!(holds(&format!("/compliance/facilities?campaign_id={campaign}")));
}

/// More facilities than are looked at in one go, in one street; what was inspected lies among and behind them.
const CROWD: usize = 203;

fn crowd(app: &TestApp) {
    let street = app.world.area(Place::Own);
    app.write(move |tx| {
        for n in 0..CROWD {
            let name = format!("试验服务站{n}");
            let facts = facts(Station, street, &name);
            facilities::create(tx, &Places::everywhere(), &format!("N-{n:04}"), &facts)?;
        }
        Ok(())
    });
}

/// Stations of both streets, inspected in every way that makes a difference.
fn mixed(app: &TestApp, campaign: &str) {
    let inspector = app.as_(Caller::Inspector);
    for n in 0..10 {
        let place = [Place::Own, Place::Sibling][n % 2];
        let mut body = build::facility_body(app, place, Station);
        body["code"] = json!(format!("{}-{n:04}", ["A", "N-0100", "Z"][n % 3]));
        let made = id(&app.as_(Caller::Drafter).post("/facilities", &body).created());
        let targets = json!({"facility_ids": [made]});
        app.as_(Caller::Drafter).post(&format!("/campaigns/{campaign}/targets"), &targets).ok();
        let failing: &[&str] = match n % 5 {
            3 => &["YK-14"],
            4 => &["YK-18"],
            _ => &[],
        };
        let built = inspection(app, &made, failing);
        let built = if n < 7 { built.of_campaign(campaign) } else { built };
        match n % 5 {
            0 => {}
            1 => drop(built.put(&inspector).created()),
            _ => drop(built.put_whole(&inspector)),
        }
    }
}

/// What a facility is, from the inspections and findings that the API lists: the oracle.
struct Oracle {
    inspections: Vec<Value>,
    findings: Vec<Value>,
}

impl Oracle {
    fn status(&self, facility: &Value, campaign: Option<&str>) -> &'static str {
        let here = |thing: &&Value| thing["facility_id"] == facility["facility_id"];
        let open: Vec<&Value> =
            self.findings.iter().filter(here).filter(|f| f["state"] != "closed").collect();
        let counts = |i: &&Value| i["state"] == "complete" && campaign.is_none_or(|c| i["campaign_id"] == c);
        if open.iter().any(|finding| finding["overdue"] == true) {
            "overdue"
        } else if !open.is_empty() {
            "rectifying"
        } else if self.inspections.iter().filter(here).any(|i| counts(&i)) {
            "compliant"
        } else {
            "not_inspected"
        }
    }
}

fn paged(app: &TestApp, query: &str, limit: usize) -> Vec<Value> {
    let start = format!("/compliance/facilities?limit={limit}{query}");
    let (mut seen, mut path) = (vec![], start.clone());
    loop {
        let page = app.as_(Caller::Supervisor).get(&path).ok();
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= limit);
        seen.extend(items.iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { return seen };
        assert_eq!(items.len(), limit, "only the last page is short");
        path = format!("{start}&cursor={next}");
    }
}

fn pages_and_filters_are_brute_force(app: &TestApp) {
    crowd(app);
    let campaign = id(&build::campaign(app, Place::District, &[Canteen]));
    mixed(app, &campaign);
    app.advance(TimeDelta::days(10));
    let reader = app.as_(Caller::Supervisor);
    let oracle = Oracle { inspections: reader.all("/inspections"), findings: reader.all("/findings") };
    let streets = [Place::Own, Place::Sibling].map(|place| app.world.area(place).to_string());
    let mut met = BTreeSet::new();
    for of in [None, Some(campaign.as_str())] {
        let within = of.map_or_else(String::new, |campaign| format!("&campaign_id={campaign}"));
        let everything = paged(app, &within, 100);
        let codes: BTreeSet<String> = everything.iter().map(|f| f["code"].to_string()).collect();
        assert_eq!((codes.len(), everything.len()), if of.is_none() { (225, 225) } else { (12, 12) });
        for facility in &everything {
            assert_eq!(facility["status"], oracle.status(facility, of), "{facility}");
            if of.is_none() && facility["status"] != "not_inspected" {
                assert_eq!(&compliance(app, facility["facility_id"].as_str().expect("an id")), facility);
            }
        }
        for street in [None, Some(&streets[0]), Some(&streets[1])] {
            for status in
                [None, Some("overdue"), Some("rectifying"), Some("compliant"), Some("not_inspected")]
            {
                let fits = |facility: &&Value| {
                    street.is_none_or(|s| facility["street_id"] == json!(s))
                        && status.is_none_or(|s| facility["status"] == s)
                };
                let expected: Vec<Value> = everything.iter().filter(fits).cloned().collect();
                let street = street.map_or_else(String::new, |s| format!("&street_id={s}"));
                let filter = status.map_or_else(String::new, |s| format!("&status={s}"));
                let query = format!("{within}{street}{filter}");
                met.extend(expected.iter().map(|f| f["status"].to_string()));
                let limits: &[usize] = if expected.len() > 20 { &[37, 100] } else { &[1, 2, 3, 100] };
                for limit in limits {
                    assert_eq!(paged(app, &query, *limit), expected, "{query} by {limit}");
                }
            }
        }
    }
    assert_eq!(met.len(), 4, "every status was met: {met:?}");
}

/// The streets of a campaign as somebody sees them.
#[track_caller]
fn streets(app: &TestApp, by: Caller, campaign: &str) -> Vec<Value> {
    let answer = app.as_(by).get(&format!("/compliance/streets?campaign_id={campaign}")).ok();
    answer["items"].as_array().expect("items").clone()
}

/// planned, inspected, findings, closed, overdue, unconfirmed, closed_loop.
type Figures = (i64, i64, i64, i64, i64, i64, bool);

fn figures(street: &Value) -> Figures {
    let n = |name: &str| street[name].as_i64().unwrap_or_else(|| panic!("no {name} in {street}"));
    let counts = ["planned", "inspected", "findings", "closed", "overdue", "unconfirmed"].map(n);
    let [planned, inspected, findings, closed, overdue, unconfirmed] = counts;
    (planned, inspected, findings, closed, overdue, unconfirmed, street["closed_loop"] == true)
}

fn a_street_is_closed_only_at_y_of_y(app: &TestApp) {
    let campaign = id(&build::campaign(app, Place::Own, &[Station, Canteen]));
    let now = || {
        let all = streets(app, Caller::Drafter, &campaign);
        assert_eq!((all.len(), all[0]["street_name"].as_str()), (1, Some("海幢街道")));
        figures(&all[0])
    };
    assert_eq!(now(), (2, 0, 0, 0, 0, 0, false));
    let found = inspected(app, Place::Own, Station, &campaign, &["YK-02", "YK-06", "YK-14"]);
    assert_eq!(now(), (2, 1, 3, 0, 0, 0, false));
    // A third party's advice stands apart until the bureau has confirmed it; its photos are still on the way.
    let canteen = app.world.facility(Place::Own, Canteen).to_string();
    let third_party = app.as_(Caller::ThirdParty);
    let seen = inspection(app, &canteen, &["FT-08", "FT-10"]).of_campaign(&campaign).of_kind("supervision");
    let advice: Vec<String> =
        seen.put(&third_party).created()["findings"].as_array().expect("findings").iter().map(id).collect();
    assert_eq!(now(), (2, 1, 3, 0, 0, 2, false));
    withdraw(app, &found[2]);
    withdraw(app, &advice[1]);
    assert_eq!(now(), (2, 1, 2, 0, 0, 1, false), "what was a mistake is not counted");
    found[..2].iter().for_each(|finding| close(app, Place::Own, finding));
    assert_eq!(now(), (2, 1, 2, 2, 0, 1, false));
    let at = |step: &str| format!("/findings/{}/{step}", advice[0]);
    app.as_(Caller::Drafter).post(&at("confirmations"), &json!({})).ok();
    let served = app.as_(Caller::Drafter).post(&at("services"), &json!({"method": "letter"})).ok();
    assert_eq!(now(), (2, 1, 3, 2, 0, 0, false));
    let [_, late] = midnight_after(app, served["due_on"].as_str().expect("a due day"));
    app.clock.set(late);
    assert_eq!(now(), (2, 1, 3, 2, 1, 0, false));
    close(app, Place::Own, &advice[0]);
    assert_eq!(now(), (2, 1, 3, 3, 0, 0, false), "3 of 3, but only one of two was seen whole");
    complete(&seen, &third_party);
    assert_eq!(now(), (2, 2, 3, 3, 0, 0, true));
    app.as_(Caller::Drafter)
        .post(&format!("/campaigns/{campaign}/targets"), &json!({"kinds": ["center"]}))
        .ok();
    assert_eq!(now(), (3, 2, 3, 3, 0, 0, false));
    inspected(app, Place::Own, Center, &campaign, &[]);
    assert_eq!(now(), (3, 3, 3, 3, 0, 0, true));
}

fn complete(seen: &Inspection, by: &super::client::Api<'_>) {
    seen.photos.iter().for_each(|photo| drop(photo.put(by).created()));
}

/// The same figures as a letter prints them: its rows, and the coverage of its indicators.
fn printed(letter: &Letter) -> Figures {
    let rows = letter.issues.as_ref().map_or(&[][..], |annex| &annex.rows);
    let count = |n: usize| i64::try_from(n).expect("a count");
    let coverage = letter
        .indicators
        .as_ref()
        .expect("indicators")
        .rows
        .iter()
        .filter(|row| row.name.ends_with("检查覆盖率"));
    let pieces = |text: &str| text.trim_end_matches('个').parse::<i64>().expect("a count");
    let (planned, inspected) =
        coverage.fold((0, 0), |(of, done), row| (of + pieces(&row.target), done + pieces(&row.value)));
    let closed = count(rows.iter().filter(|row| row.closed).count());
    let overdue = count(rows.iter().filter(|row| row.overdue).count());
    let findings = count(rows.len());
    (planned, inspected, findings, closed, overdue, 0, planned == inspected && findings == closed)
}

/// Drafts and submits the letters of a campaign; each street's figures are those of its letter.
#[track_caller]
fn letters_agree(app: &TestApp, campaign: &str) -> Vec<Figures> {
    let letters = drafted(app, campaign);
    let mut seen = vec![];
    for letter in &letters {
        let submitted = take(app, Caller::Drafter, letter, "submit").ok();
        let all = streets(app, Caller::Drafter, campaign);
        let street =
            all.iter().find(|street| street["street_id"] == submitted["street_id"]).expect("the street");
        assert_eq!(printed(&snapshot(app, letter)), figures(street), "{street}");
        seen.push(figures(street));
    }
    seen
}

fn figures_are_those_of_the_letter(app: &TestApp) {
    let earlier = id(&build::campaign(app, Place::District, &[Station]));
    inspected(app, Place::Sibling, Station, &earlier, &["YK-18"]);
    let campaign = id(&build::campaign(app, Place::District, &[Station, Canteen]));
    let found = inspected(app, Place::Own, Station, &campaign, &["YK-02", "YK-06", "YK-14", "YK-15"]);
    let canteen = app.world.facility(Place::Own, Canteen).to_string();
    let incomplete = inspection(app, &canteen, &["FT-10"]).of_campaign(&campaign);
    incomplete.put(&app.as_(Caller::Inspector)).created();
    inspected(app, Place::Sibling, Station, &campaign, &[]);
    inspected(app, Place::Sibling, Canteen, &campaign, &[]);
    close(app, Place::Own, &found[0]);
    withdraw(app, &found[1]);
    let [_, late] = midnight_after(app, finding(app, &found[2])["due_on"].as_str().expect("a due day"));
    app.clock.set(late);
    assert_eq!(letters_agree(app, &campaign), [(2, 1, 4, 1, 1, 0, false), (2, 2, 0, 0, 0, 0, true)]);
}

fn a_facility_that_moved_counts_where_it_was_planned(app: &TestApp) {
    let moving = id(&build::facility(app, Place::Own, Station));
    let campaign = id(&build::campaign(app, Place::District, &[Station]));
    let to = json!({"street_id": app.world.area(Place::Sibling)});
    app.as_(Caller::Drafter).patch(&format!("/facilities/{moving}"), Some(1), &to).ok();
    let built = inspection(app, &moving, &[]).of_campaign(&campaign);
    built.put_whole(&app.as_(Caller::Inspector));
    assert_eq!(letters_agree(app, &campaign), [(2, 1, 0, 0, 0, 0, false), (1, 0, 0, 0, 0, 0, false)]);
}

fn figures_within_reach(app: &TestApp) {
    let campaign = id(&build::campaign(app, Place::District, &[Station]));
    inspected(app, Place::Own, Station, &campaign, &["YK-02"]);
    inspected(app, Place::Sibling, Station, &campaign, &[]);
    let everything = streets(app, Caller::Supervisor, &campaign);
    let all: BTreeMap<String, &Value> =
        everything.iter().map(|street| (street["street_id"].to_string(), street)).collect();
    assert_eq!(everything.len(), 2);
    for role in [Role::Street, Role::Inspector, Role::Drafter, Role::Reviewer, Role::Issuer] {
        for place in [Place::Own, Place::Sibling] {
            let seen = streets(app, Caller::At(role, place), &campaign);
            let key = json!(app.world.area(place)).to_string();
            assert_eq!(seen.iter().collect::<Vec<_>>(), [all[&key]], "{role:?} {place:?}");
        }
        assert_eq!(streets(app, Caller::At(role, Place::District), &campaign), everything);
        let elsewhere = app.as_(Caller::At(role, Place::Elsewhere));
        elsewhere.get(&format!("/compliance/streets?campaign_id={campaign}")).expect(404, "not_found");
        elsewhere.get(&format!("/compliance/facilities?campaign_id={campaign}")).expect(404, "not_found");
        let own = app.world.facility(Place::Own, Station);
        elsewhere.get(&format!("/compliance/facilities/{own}")).expect(404, "not_found");
    }
    let operator = app.as_(Caller::Operator).all("/compliance/facilities");
    let codes: Vec<&Value> = operator.iter().map(|facility| &facility["code"]).collect();
    assert_eq!(codes, ["T-own-station"]);
    app.as_(Caller::Fire).get("/compliance/facilities").expect(403, "permission_denied");
    app.as_(Caller::Admin).get("/compliance/facilities").expect(403, "permission_denied");
    let reader = app.as_(Caller::Supervisor);
    reader.get("/compliance/streets").expect(422, "invalid_request");
    reader.get("/compliance/facilities?status=fine").expect_at(
        422,
        "invalid_request",
        "/status",
        "unknown_code",
    );
}
