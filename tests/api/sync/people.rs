//! The persons of a visit: its second person's phone is told that the visit waits for them, and every inspector's phone
//! knows whom a visit may name.

use super::reaches::{end_all_grants, grant};
use super::*;
use crate::build::{Inspection, unique};
use yixun::clock::Clock as _;

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_visit_waits_for_its_second_person,
        a_visit_waits_for_two_days,
        a_visit_waits_for_whom_it_helps,
        a_visit_waits_where_it_can_be_confirmed,
        an_inspector_knows_those_of_the_reach,
        inspectors_come_and_go,
        an_inspectors_grant_has_days,
        an_inspector_of_one_facility_goes_with_it,
        who_becomes_an_inspector_knows_the_others,
        a_large_staff_still_fits,
    );
}

fn of_two(app: &TestApp, built: Inspection) -> Inspection {
    built.named(app, 0, Caller::Inspector).named(app, 1, Caller::SecondInspector)
}

fn also_in(app: &TestApp, first: &Inspection, facility: &str) -> Inspection {
    let mut next = inspection(app, facility, &[]);
    next.body["visit"] = first.body["visit"].clone();
    next
}

fn visit_id(built: &Inspection) -> String {
    text(&built.body["visit"]["id"])
}

fn waits(phone: &Replica, built: &Inspection) -> bool {
    phone.of("visit").contains_key(visit_id(built).as_str())
}

fn a_visit_waits_for_its_second_person(app: &TestApp) {
    let callers = [Caller::Inspector, Caller::SecondInspector, Caller::ThirdParty];
    let [lead, second, stranger] = callers.map(|caller| app.as_(caller));
    let mut phones = [&lead, &second, &stranger].map(Replica::new);
    let planned = id(&campaign(app, Place::District, &[Station]));
    let built = inspection(app, &station(app, Place::Own), &["YK-14"]).of_campaign(&planned).put_right();
    let built = of_two(app, built);
    built.put_whole(&lead);
    let visit = visit_id(&built);
    assert!(!phones[0].follow(app, &lead).iter().any(|(kind, ..)| kind == "visit"), "they sent it");
    assert!(!phones[2].follow(app, &stranger).iter().any(|(kind, ..)| kind == "visit"), "a stranger");
    assert!(phones[1].follow(app, &second).contains(&put("visit", &visit)));
    let seen = second.get(&built.visit()).ok();
    let facility = station(app, Place::Own);
    let name = second.get(&format!("/facilities/{facility}")).ok()["name"].clone();
    let expected = json!({
        "kind": "administrative",
        "campaign_id": planned,
        "started_at": seen["started_at"],
        "confirm_until": seen["confirm_until"],
        "lead": "试验甲",
        "inspections": [{"id": built.id, "facility_id": facility, "facility_name": name}],
    });
    assert_eq!(*phones[1].thing("visit", &visit), expected);
    assert_eq!(*Replica::new(&second).thing("visit", &visit), expected, "a first look holds it, too");
    // Another inspection of the visit, whoever sends it.
    let next = also_in(app, &built, &station(app, Place::Sibling)).of_campaign(&planned);
    next.put(&lead).created();
    assert!(phones[1].follow(app, &second).contains(&put("visit", &visit)));
    assert_eq!(phones[1].thing("visit", &visit)["inspections"].as_array().map(Vec::len), Some(2));
    built.confirm(&second).created();
    assert!(phones[1].follow(app, &second).contains(&gone("visit", &visit)));
    assert!(!phones[0].follow(app, &lead).iter().any(|(kind, ..)| kind == "visit"));
    built.confirm(&second).ok();
    assert_eq!(phones[1].follow(app, &second), []);
}

fn a_visit_waits_for_two_days(app: &TestApp) {
    let second = app.as_(Caller::SecondInspector);
    let built = of_two(app, inspection(app, &station(app, Place::Own), &[]));
    let received = app.clock.now();
    built.put(&app.as_(Caller::Inspector)).created();
    app.sequence();
    let mut phone = Replica::new(&second);
    assert!(waits(&phone, &built));
    // A second inspection does not put it off, and a phone of before is told of the end, too.
    app.clock.set(received + TimeDelta::hours(40));
    also_in(app, &built, &station(app, Place::Sibling)).put(&app.as_(Caller::Inspector)).created();
    let mut idle = phone.clone();
    app.clock.set(received + TimeDelta::hours(48));
    phone.follow(app, &second);
    assert!(waits(&phone, &built), "to the last moment");
    let unchanged = || {
        let tag = format!("\"{}\"", phone.token);
        second.get_with(&phone.path(), &[("If-None-Match", &tag)])
    };
    unchanged().is(304);
    app.advance(TimeDelta::microseconds(1));
    let answer = unchanged();
    assert_eq!(answer.ok()["changes"], json!([{"kind": "visit", "id": visit_id(&built), "gone": true}]));
    assert!(answer.bytes.len() < 400);
    assert_eq!(phone.follow(app, &second), [gone("visit", &visit_id(&built))], "and nothing else");
    assert!(idle.follow(app, &second).contains(&gone("visit", &visit_id(&built))));
    assert_eq!(phone.follow(app, &second), [], "it is told once");
    built.confirm(&second).expect(409, "confirmation_late");
}

fn a_visit_waits_for_whom_it_helps(app: &TestApp) {
    let (lead, second) = (app.as_(Caller::Inspector), app.as_(Caller::SecondInspector));
    let mut phones = [&lead, &second].map(Replica::new);
    // The second person sent it all: then it is the leader who bears it out.
    let built = of_two(app, inspection(app, &station(app, Place::Own), &[]));
    built.put(&second).created();
    phones[0].follow(app, &lead);
    phones[1].follow(app, &second);
    assert_eq!(phones.each_ref().map(|phone| waits(phone, &built)), [true, false]);
    // Each sent a part: each bears out the other's.
    also_in(app, &built, &station(app, Place::Sibling)).put(&lead).created();
    phones[0].follow(app, &lead);
    phones[1].follow(app, &second);
    assert_eq!(phones.each_ref().map(|phone| waits(phone, &built)), [true, true]);
    built.confirm(&lead).created();
    phones[0].follow(app, &lead);
    phones[1].follow(app, &second);
    assert_eq!(phones.each_ref().map(|phone| waits(phone, &built)), [false, true]);
    // Who only came along is not asked.
    let mut with_guest =
        of_two(app, inspection(app, &app.world.facility(Place::Own, Canteen).to_string(), &[]));
    let guest = json!({"name": "试验丙", "organisation": "示例", "part": "accompanying", "user_id": app.user(Caller::ThirdParty)});
    with_guest.body["visit"]["participants"].as_array_mut().expect("people").push(guest);
    with_guest.put(&lead).created();
    app.sequence();
    assert!(waits(&Replica::new(&second), &with_guest));
    assert!(!waits(&Replica::new(&app.as_(Caller::ThirdParty)), &with_guest));
}

/// Where the confirmation would be refused as out of reach, nothing waits.
fn a_visit_waits_where_it_can_be_confirmed(app: &TestApp) {
    let who = inspector(Place::Own);
    let (wide, api) = (app.as_(Caller::Inspector), app.as_(who));
    let mut phone = Replica::new(&api);
    let there = inspection(app, &station(app, Place::Sibling), &[]);
    let there = there.named(app, 0, Caller::Inspector).named(app, 1, who);
    there.put(&wide).created();
    phone.follow(app, &api);
    assert!(!waits(&phone, &there));
    there.confirm(&api).expect(404, "not_found");
    grant(app, who, Place::Sibling, None);
    assert!(phone.follow(app, &api).contains(&put("visit", &visit_id(&there))));
    end_all_grants(app, who);
    grant(app, who, Place::Own, None);
    assert!(phone.follow(app, &api).contains(&gone("visit", &visit_id(&there))));
    // One facility of the visit is theirs: they see that, whatever street the visit went on to.
    also_in(app, &there, &station(app, Place::Own)).put(&wide).created();
    assert!(phone.follow(app, &api).contains(&put("visit", &visit_id(&there))));
    let further = also_in(app, &there, &app.world.facility(Place::Sibling, Canteen).to_string());
    further.put(&wide).created();
    assert!(phone.follow(app, &api).contains(&put("visit", &visit_id(&there))), "told of a row next door");
    let seen = phone.thing("visit", &visit_id(&there))["inspections"].clone();
    assert_eq!(ids(seen.as_array().expect("a list"), "facility_id"), [station(app, Place::Own)].into());
    there.confirm(&api).created();
    assert!(phone.follow(app, &api).contains(&gone("visit", &visit_id(&there))));
}

/// The inspectors that a phone knows, by account.
fn known(phone: &Replica) -> BTreeSet<String> {
    phone.of("inspector").into_keys().map(String::from).collect()
}

fn accounts(app: &TestApp, callers: &[Caller]) -> BTreeSet<String> {
    callers.iter().map(|caller| app.user(*caller)).collect()
}

fn an_inspector_knows_those_of_the_reach(app: &TestApp) {
    let of_district =
        [Caller::Inspector, Caller::SecondInspector, Caller::ThirdParty, inspector(Place::District)];
    let holds = |reader: Caller, callers: &[Caller]| {
        let mut expected = accounts(app, callers);
        expected.remove(&app.user(reader));
        assert_eq!(known(&Replica::new(&app.as_(reader))), expected, "{reader:?}");
    };
    let everywhere = inspector(Place::Everywhere);
    let with = |more: &[Caller]| [&of_district[..], &[everywhere], more].concat();
    holds(inspector(Place::Own), &with(&[]));
    holds(inspector(Place::Sibling), &with(&[]));
    holds(Caller::Inspector, &with(&[inspector(Place::Own), inspector(Place::Sibling)]));
    holds(inspector(Place::Elsewhere), &[everywhere]);
    holds(everywhere, &with(&Place::STREETS.map(inspector)));
    holds(Caller::Operator, &[]);
    let phone = Replica::new(&app.as_(inspector(Place::Own)));
    let view = |caller: Caller| phone.thing("inspector", &app.user(caller)).clone();
    let shown = |name: &str, organisation: &str, certified: bool| json!({"display_name": name, "organisation": organisation, "certified": certified});
    assert_eq!(view(Caller::SecondInspector), shown("试验检查员district2", "示例区民政局", true));
    assert_eq!(view(Caller::ThirdParty), shown("试验检查员district3", "试验第三方机构", false));
}

#[track_caller]
fn change_account(app: &TestApp, user: &str, body: &Value) {
    let (admin, path) = (app.as_(Caller::Admin), format!("/users/{user}"));
    let revision = admin.get(&path).revision();
    admin.patch(&path, Some(revision), body).ok();
}

/// A new account with a role.
#[track_caller]
fn hire(app: &TestApp, grant: &Value) -> String {
    let name = format!("new.person.{}", unique());
    let body = json!({"username": name, "display_name": "新人", "organisation": "示例区民政局"});
    let made = id(&app.as_(Caller::Admin).post("/users", &body).created()["user"]);
    app.as_(Caller::SecurityAdmin).post(&format!("/users/{made}/grants"), grant).created();
    made
}

fn inspectors_come_and_go(app: &TestApp) {
    let readers = [inspector(Place::Own), inspector(Place::Elsewhere), Caller::Operator];
    let apis = readers.map(|reader| app.as_(reader));
    let mut phones = apis.each_ref().map(Replica::new);
    let second = app.user(Caller::SecondInspector);
    let own = app.world.area(Place::Own);
    let mut told = || -> Told {
        let told = phones[0].follow(app, &apis[0]);
        assert_eq!(phones[1].follow(app, &apis[1]), [], "another district");
        assert_eq!(phones[2].follow(app, &apis[2]), [], "an operator");
        told
    };
    change_account(app, &second, &json!({"display_name": "新名"}));
    assert_eq!(told(), [put("inspector", &second)]);
    change_account(app, &second, &json!({"disabled": true}));
    assert_eq!(told(), [gone("inspector", &second)]);
    app.advance(TimeDelta::days(1));
    assert_eq!(told(), [], "and not again on the next day");
    change_account(app, &second, &json!({"disabled": false}));
    assert_eq!(told(), [put("inspector", &second)]);
    let clerk = hire(app, &json!({"role": "drafter", "area_id": own}));
    change_account(app, &clerk, &json!({"organisation": "示例街道"}));
    assert_eq!(told(), [], "not an inspector");
    let made = hire(app, &json!({"role": "inspector", "area_id": own}));
    assert_eq!(told(), [put("inspector", &made)]);
    let next_door = hire(app, &json!({"role": "inspector", "area_id": app.world.area(Place::Sibling)}));
    assert_eq!(told(), []);
    let grants = format!("/users/{made}/grants");
    let view = app.as_(Caller::SecurityAdmin).get(&format!("/users/{made}")).ok();
    app.as_(Caller::SecurityAdmin).delete(&format!("{grants}/{}", id(&view["grants"][0]))).done();
    assert_eq!(told(), [gone("inspector", &made)]);
    // With another reach, other inspectors.
    grant(app, readers[0], Place::Sibling, None);
    phones[0].follow(app, &apis[0]);
    assert!(known(&phones[0]).contains(&next_door));
    end_all_grants(app, readers[0]);
    grant(app, readers[0], Place::Own, None);
    assert!(phones[0].follow(app, &apis[0]).contains(&gone("inspector", &next_door)));
}

fn an_inspectors_grant_has_days(app: &TestApp) {
    let api = app.as_(inspector(Place::Own));
    let mut phone = Replica::new(&api);
    let today = yixun::clock::business_date(app.clock.now());
    let day = |n: u64| today.checked_add_days(chrono::Days::new(n)).expect("a day");
    let area = app.world.area(Place::District);
    let grant = json!({"role": "inspector", "area_id": area, "valid_from": day(2), "valid_to": day(3)});
    let made = hire(app, &grant);
    assert_eq!(phone.follow(app, &api), [], "not yet");
    let mut idle = phone.clone();
    for expected in [None, Some(put("inspector", &made)), None, Some(gone("inspector", &made)), None] {
        app.advance(TimeDelta::days(1));
        assert_eq!(phone.follow(app, &api), Vec::from_iter(expected));
    }
    assert_eq!(idle.follow(app, &api), [], "came and went unseen");
}

fn an_inspector_of_one_facility_goes_with_it(app: &TestApp) {
    let apis = [Place::Own, Place::Sibling].map(|place| app.as_(inspector(place)));
    let mut phones = apis.each_ref().map(Replica::new);
    let facility = id(&build::facility(app, Place::Own, Station));
    let made = hire(app, &json!({"role": "inspector", "facility_id": facility}));
    let mut follow = || {
        phones.iter_mut().zip(&apis).for_each(|(phone, api)| drop(phone.follow(app, api)));
        phones.each_ref().map(|phone| known(phone).contains(&made))
    };
    assert_eq!(follow(), [true, false]);
    reaches::move_to(app, &facility, Place::Sibling);
    assert_eq!(follow(), [false, true]);
    reaches::move_to(app, &facility, Place::Elsewhere);
    assert_eq!(follow(), [false, false]);
}

fn who_becomes_an_inspector_knows_the_others(app: &TestApp) {
    let api = app.as_(Caller::Operator);
    let mut phone = Replica::new(&api);
    assert!(known(&phone).is_empty());
    // The same facility, by another role.
    let grants = format!("/users/{}/grants", app.user(Caller::Operator));
    let body = json!({"role": "inspector", "facility_id": station(app, Place::Own)});
    let user = app.as_(Caller::SecurityAdmin).post(&grants, &body).created();
    let of_inspector = |g: &&Value| g["role"] == "inspector";
    let given =
        user["grants"].as_array().and_then(|all| all.iter().find(of_inspector)).map(id).expect("a grant");
    phone.follow(app, &api);
    let those = [Caller::Inspector, Caller::SecondInspector, Caller::ThirdParty, inspector(Place::Own)];
    assert!(known(&phone).is_superset(&accounts(app, &those)));
    app.as_(Caller::SecurityAdmin).delete(&format!("{grants}/{given}")).done();
    let told = phone.follow(app, &api);
    assert!(known(&phone).is_empty() && told.contains(&gone("inspector", &app.user(Caller::Inspector))));
}

/// A hundred inspectors in the district take no more than a few kilobytes.
fn a_large_staff_still_fits(app: &TestApp) {
    let api = app.as_(Caller::Inspector);
    let size = || {
        app.sequence();
        let packed = api.get_with("/sync", &[("Accept-Encoding", "gzip")]);
        assert_eq!((packed.status, packed.header("content-encoding")), (200, "gzip"));
        packed.bytes.len()
    };
    let before = size();
    let area = app.world.area(Place::District);
    app.write(move |tx| {
        use yixun::access::users::{self, NewGrant, NewUser};
        use yixun::clock::{business_date, machine_now};
        for n in 0..100 {
            let new = NewUser {
                username: format!("staff.{n}"),
                display_name: format!("试验检查员{n}"),
                organisation: format!("示例第三方评估机构{}", n % 7),
                third_party: n % 2 == 0,
                certificate: (n % 2 == 1).then(|| format!("试验证9{n:03}")),
                password_hash: String::new(),
                must_change_password: true,
            };
            let user = users::create(tx, &new, machine_now())?;
            let grant = NewGrant {
                role: Role::Inspector,
                area_id: Some(area),
                facility_id: None,
                category: None,
                valid_from: business_date(tx.now()),
                valid_to: None,
            };
            users::grant(tx, user, &grant)?;
        }
        Ok(())
    });
    let after = size();
    assert_eq!(Replica::new(&api).of("inspector").len(), 100 + known_before(app));
    assert!(after - before < 5_000, "{before} bytes, then {after}");
}

fn known_before(app: &TestApp) -> usize {
    let with_role = Place::STREETS[..2].iter().map(|place| inspector(*place));
    let wide = [Caller::SecondInspector, Caller::ThirdParty, inspector(Place::Everywhere)];
    accounts(app, &with_role.chain(wide).collect::<Vec<_>>()).len()
}
