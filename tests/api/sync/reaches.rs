//! What comes into a phone's reach or leaves it without any change of its own: grants that begin and end, days that pass,
//! facilities that move.

use super::*;
use yixun::clock::{Clock as _, business_date};

pub fn register(suite: &mut Suite) {
    both!(suite:
        what_a_grant_reached_goes_with_it,
        a_grant_ends_on_its_day,
        a_grant_brings_what_it_reaches,
        a_facility_moves_from_one_phone_to_another,
        what_left_a_lost_reach_is_gone_too,
        all_streets_and_one,
        a_reach_too_large_for_a_token_starts_over,
    );
}

fn grants_path(app: &TestApp, who: Caller) -> String {
    format!("/users/{}/grants", app.user(who))
}

/// Gives somebody the inspector's role at a place, until a day from now where one is given.
#[track_caller]
pub fn grant(app: &TestApp, who: Caller, place: Place, days: Option<i64>) {
    let until = days.map(|days| business_date(app.clock.now() + TimeDelta::days(days)));
    let area = (place != Place::Everywhere).then(|| app.world.area(place));
    let body = json!({"role": "inspector", "area_id": area, "valid_to": until});
    app.as_(Caller::SecurityAdmin).post(&grants_path(app, who), &body).created();
}

/// Ends the grants of somebody that hold an area, or all.
#[track_caller]
fn end_grants(app: &TestApp, who: Caller, of: Option<Place>) {
    let user = app.as_(Caller::SecurityAdmin).get(&format!("/users/{}", app.user(who))).ok();
    let area = of.map(|place| json!(app.world.area(place)));
    for grant in user["grants"].as_array().expect("grants") {
        let running = grant["valid_to"].is_null();
        if running && area.as_ref().is_none_or(|area| grant["area_id"] == *area) {
            app.as_(Caller::SecurityAdmin).delete(&format!("{}/{}", grants_path(app, who), id(grant))).done();
        }
    }
}

/// Ends all grants of somebody.
#[track_caller]
pub fn end_all_grants(app: &TestApp, who: Caller) {
    end_grants(app, who, None);
}

const WHO: Caller = Caller::At(Role::Inspector, Place::Own);

/// A finding at the station of a street, by the bureau.
#[track_caller]
fn finding_at(app: &TestApp, place: Place) -> String {
    let seen = inspection(app, &station(app, place), &["YK-14"]);
    id(&seen.put(&app.as_(inspector(Place::Everywhere))).created()["findings"][0])
}

#[track_caller]
fn holds(phone: &Replica, app: &TestApp, place: Place, finding: &str, planned: &str) -> [bool; 4] {
    let area = app.world.area(place).to_string();
    let assigned = phone.of("campaign").get(planned).is_some_and(|campaign| {
        ids(campaign["assignments"].as_array().expect("a list"), "facility_id").contains(&station(app, place))
    });
    let has = |kind: &str, id: &str| phone.of(kind).contains_key(id);
    [has("facility", &station(app, place)), has("finding", finding), has("area", &area), assigned]
}

fn what_a_grant_reached_goes_with_it(app: &TestApp) {
    let (here, there) = (finding_at(app, Place::Own), finding_at(app, Place::Sibling));
    let planned = id(&campaign(app, Place::District, &[Station]));
    grant(app, WHO, Place::Sibling, None);
    app.sequence();
    let api = app.as_(WHO);
    let mut phone = Replica::new(&api);
    assert_eq!(holds(&phone, app, Place::Sibling, &there, &planned), [true; 4]);
    end_grants(app, WHO, Some(Place::Sibling));
    let told = phone.follow(app, &api);
    assert!(told.contains(&gone("facility", &station(app, Place::Sibling))));
    assert!(told.contains(&gone("finding", &there)));
    assert!(told.contains(&gone("area", &app.world.area(Place::Sibling).to_string())));
    assert_eq!(holds(&phone, app, Place::Sibling, &there, &planned), [false; 4]);
    assert_eq!(holds(&phone, app, Place::Own, &here, &planned), [true; 4]);
    assert!(!told.iter().any(|(_, id, _)| *id == here), "what stayed is not told again");
}

fn a_grant_ends_on_its_day(app: &TestApp) {
    let there = finding_at(app, Place::Sibling);
    let planned = id(&campaign(app, Place::District, &[Station]));
    grant(app, WHO, Place::Sibling, Some(2));
    app.sequence();
    let api = app.as_(WHO);
    let mut phone = Replica::new(&api);
    app.advance(TimeDelta::days(2));
    phone.follow(app, &api);
    assert_eq!(holds(&phone, app, Place::Sibling, &there, &planned), [true; 4], "on its last day");
    app.advance(TimeDelta::days(1));
    let told = phone.follow(app, &api);
    assert!(told.contains(&gone("finding", &there)), "{told:?}");
    assert_eq!(holds(&phone, app, Place::Sibling, &there, &planned), [false; 4]);
}

fn a_grant_brings_what_it_reaches(app: &TestApp) {
    let there = finding_at(app, Place::Sibling);
    let planned = id(&campaign(app, Place::Sibling, &[Station]));
    app.sequence();
    let api = app.as_(WHO);
    let mut phone = Replica::new(&api);
    assert_eq!(holds(&phone, app, Place::Sibling, &there, &planned), [false; 4]);
    grant(app, WHO, Place::Sibling, None);
    let told = phone.follow(app, &api);
    assert_eq!(holds(&phone, app, Place::Sibling, &there, &planned), [true; 4]);
    assert!(told.iter().all(|(.., gone)| !gone), "{told:?}");
    // The last grant ended, nothing may be read; a new one begins where the phone was.
    end_all_grants(app, WHO);
    api.get(&phone.path()).expect(403, "permission_denied");
    grant(app, WHO, Place::Own, None);
    phone.follow(app, &api);
    assert_eq!(holds(&phone, app, Place::Sibling, &there, &planned), [false; 4]);
}

#[track_caller]
pub fn move_to(app: &TestApp, facility: &str, place: Place) {
    let drafter = app.as_(Caller::At(Role::Drafter, Place::Everywhere));
    let path = format!("/facilities/{facility}");
    let revision = drafter.get(&path).revision();
    drafter.patch(&path, Some(revision), &json!({"street_id": app.world.area(place)})).ok();
}

fn a_facility_moves_from_one_phone_to_another(app: &TestApp) {
    let (own, sibling) = (app.as_(WHO), app.as_(inspector(Place::Sibling)));
    let wide = app.as_(Caller::Inspector);
    let made = id(&build::facility(app, Place::Own, Station));
    let seen = inspection(app, &made, &["YK-14"]);
    let finding = id(&seen.put(&wide).created()["findings"][0]);
    app.sequence();
    let mut phones = [Replica::new(&own), Replica::new(&sibling), Replica::new(&wide)];
    move_to(app, &made, Place::Sibling);
    assert_eq!(phones[0].follow(app, &own), [gone("facility", &made)]);
    assert_eq!(phones[1].follow(app, &sibling), [put("facility", &made)]);
    assert_eq!(phones[2].follow(app, &wide), [put("facility", &made)]);
    // The finding keeps the street of its day.
    assert!(phones[0].of("finding").contains_key(finding.as_str()));
    assert!(!phones[1].of("finding").contains_key(finding.as_str()));
    move_to(app, &made, Place::Elsewhere);
    assert_eq!(phones[0].follow(app, &own), []);
    assert_eq!(phones[1].follow(app, &sibling), [gone("facility", &made)]);
    assert_eq!(phones[2].follow(app, &wide), [gone("facility", &made)]);
}

fn what_left_a_lost_reach_is_gone_too(app: &TestApp) {
    grant(app, WHO, Place::Sibling, None);
    let api = app.as_(WHO);
    let moved = id(&build::facility(app, Place::Sibling, Station));
    let closing = finding_at(app, Place::Sibling);
    app.sequence();
    let mut phone = Replica::new(&api);
    move_to(app, &moved, Place::Elsewhere);
    crate::findings::close(app, &closing);
    end_grants(app, WHO, Some(Place::Sibling));
    let told = phone.follow(app, &api);
    assert!(told.contains(&gone("facility", &moved)) && told.contains(&gone("finding", &closing)));
}

fn all_streets_and_one(app: &TestApp) {
    let everywhere = finding_at(app, Place::Elsewhere);
    grant(app, WHO, Place::Everywhere, None);
    app.sequence();
    let api = app.as_(WHO);
    let mut phone = Replica::new(&api);
    assert!(phone.of("finding").contains_key(everywhere.as_str()));
    // Ends the grant that names no area.
    let user = app.as_(Caller::SecurityAdmin).get(&format!("/users/{}", app.user(WHO))).ok();
    let wide = user["grants"].as_array().expect("grants").iter().find(|g| g["area_id"].is_null()).map(id);
    let path = format!("{}/{}", grants_path(app, WHO), wide.expect("a grant without an area"));
    app.as_(Caller::SecurityAdmin).delete(&path).done();
    let told = phone.follow(app, &api);
    assert!(told.contains(&gone("finding", &everywhere)), "{told:?}");
    assert!(told.iter().all(|(.., gone)| *gone), "what stayed is not told again: {told:?}");
    grant(app, WHO, Place::Everywhere, None);
    assert!(phone.follow(app, &api).contains(&put("finding", &everywhere)));
}

fn a_reach_too_large_for_a_token_starts_over(app: &TestApp) {
    let who = Caller::Operator;
    let give = || {
        let facility = build::facility(app, Place::Own, Station);
        let body = json!({"role": "operator", "facility_id": facility["id"]});
        app.as_(Caller::SecurityAdmin).post(&grants_path(app, who), &body).created();
    };
    (0..12).for_each(|_| give());
    app.sequence();
    let api = app.as_(who);
    let mut phone = Replica::new(&api);
    assert_eq!(phone.of("facility").len(), 13);
    let plain = api.get(&phone.path());
    assert_eq!((plain.ok()["reset"].clone(), plain.bytes.len() < 300), (json!(false), true));
    give();
    app.sequence();
    assert_eq!(api.get(&phone.path()).ok()["reset"], true);
    phone.follow(app, &api);
    assert_eq!(phone.of("facility").len(), 14);
}
