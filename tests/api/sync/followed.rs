//! A phone follows each kind of change.

use super::*;
use crate::build::Photo;
use yixun::checklists;
use yixun::clock::{Clock as _, business_date};
use yixun::directory::import::{parse_areas, store_areas};

pub fn register(suite: &mut Suite) {
    both!(suite:
        facilities_change_and_end,
        campaigns_bring_assignments,
        an_inspection_is_followed_photo_by_photo,
        an_amended_inspection_lacks_what_the_amendment_lacks,
        a_finding_is_followed_to_its_closing,
        reference_data_changes,
        a_day_that_passes_changes_areas_and_years,
        things_come_in_the_order_of_their_last_change,
    );
}

#[track_caller]
fn change(app: &TestApp, facility: &str, body: &Value) {
    let api = app.as_(Caller::At(Role::Drafter, Place::Everywhere));
    let path = format!("/facilities/{facility}");
    let revision = api.get(&path).revision();
    app.advance(TimeDelta::seconds(1));
    api.patch(&path, Some(revision), body).ok();
}

fn facilities_change_and_end(app: &TestApp) {
    let api = app.as_(inspector(Place::Own));
    let mut phone = Replica::new(&api);
    let made = id(&build::facility(app, Place::Own, Station));
    assert_eq!(phone.follow(app, &api), [put("facility", &made)]);
    change(app, &made, &json!({"contact_name": "新联系人"}));
    assert_eq!(phone.follow(app, &api), [put("facility", &made)]);
    let held = phone.thing("facility", &made);
    assert_eq!((&held["contact_name"], held.get("operator_name")), (&json!("新联系人"), None));
    build::facility(app, Place::Sibling, Station);
    assert_eq!(phone.follow(app, &api), []);
    change(app, &made, &json!({"status": "suspended"}));
    assert_eq!(phone.follow(app, &api), [put("facility", &made)]);
    change(app, &made, &json!({"status": "ended"}));
    assert_eq!(phone.follow(app, &api), [gone("facility", &made)]);
    change(app, &made, &json!({"status": "active"}));
    assert_eq!(phone.follow(app, &api), [put("facility", &made)]);
    // Several changes of one thing are told once.
    change(app, &made, &json!({"opening_hours": "08:00-18:00"}));
    change(app, &made, &json!({"opening_hours": "08:30-18:00"}));
    assert_eq!(phone.follow(app, &api), [put("facility", &made)]);
}

fn campaigns_bring_assignments(app: &TestApp) {
    let (own, other) = (app.as_(inspector(Place::Own)), app.as_(inspector(Place::Elsewhere)));
    let (mut phone, mut far) = (Replica::new(&own), Replica::new(&other));
    let planned = id(&campaign(app, Place::District, &[Station]));
    let told = phone.follow(app, &own);
    assert!(told.contains(&put("campaign", &planned)), "{told:?}");
    assert_eq!(far.follow(app, &other), [], "beyond its reach, and not as a tombstone");
    let assigned = |phone: &Replica| {
        ids(phone.thing("campaign", &planned)["assignments"].as_array().expect("a list"), "facility_id")
    };
    assert_eq!(assigned(&phone), [station(app, Place::Own)].into());
    let canteen = app.world.facility(Place::Own, Canteen).to_string();
    let body = json!({"facility_ids": [canteen]});
    app.as_(Caller::Drafter).post(&format!("/campaigns/{planned}/targets"), &body).ok();
    phone.follow(app, &own);
    assert_eq!(assigned(&phone), [station(app, Place::Own), canteen.clone()].into());
    // Whoever has the facility has the assignment.
    change(app, &canteen, &json!({"contact_name": "新联系人"}));
    assert_eq!(phone.follow(app, &own), [put("facility", &canteen)], "nothing about the campaign");
    change(app, &canteen, &json!({"street_id": app.world.area(Place::Sibling)}));
    phone.follow(app, &own);
    assert_eq!(assigned(&phone), [station(app, Place::Own)].into());
    let sibling = Replica::new(&app.as_(inspector(Place::Sibling)));
    assert_eq!(assigned(&sibling), [station(app, Place::Sibling), canteen.clone()].into());
    change(app, &canteen, &json!({"street_id": app.world.area(Place::Own)}));
    phone.follow(app, &own);
    assert!(assigned(&phone).contains(&canteen));
    change(app, &canteen, &json!({"status": "ended"}));
    phone.follow(app, &own);
    assert!(!assigned(&phone).contains(&canteen));
    let closed = planned.parse::<yixun::ids::CampaignId>().expect("an id");
    app.write(move |tx| {
        use yixun::db::schema::campaign;
        diesel::update(campaign::table.find(closed)).set(campaign::state.eq("closed")).execute(tx.conn())?;
        tx.changed("campaign", closed.0, None, Change::Put)
    });
    assert!(phone.follow(app, &own).contains(&gone("campaign", &planned)));
    assert_eq!(phone.of("checklist").len(), 1, "the newest stays");
}

fn an_inspection_is_followed_photo_by_photo(app: &TestApp) {
    let api = app.as_(Caller::Inspector);
    let other = app.as_(Caller::SecondInspector);
    let (mut phone, mut bystander) = (Replica::new(&api), Replica::new(&other));
    let facility = station(app, Place::Own);
    let seen = inspection(app, &facility, &["YK-14", "YK-16"]);
    let inspected = seen.id.to_string();
    let receipt = seen.put(&api).created();
    let findings = [id(&receipt["findings"][0]), id(&receipt["findings"][1])];
    let told = phone.follow(app, &api);
    for expected in
        [put("inspection", &inspected), put("finding", &findings[0]), put("finding", &findings[1])]
    {
        assert!(told.contains(&expected), "{expected:?} in {told:?}");
    }
    assert!(phone.thing("facility", &facility).get("last_inspected_on").is_none());
    assert!(!bystander.follow(app, &other).contains(&put("inspection", &inspected)));
    for (arrived, photo) in seen.photos.iter().enumerate() {
        photo.put(&api).created();
        let told = phone.follow(app, &api);
        let missing = seen.photos.len() - arrived - 1;
        if missing == 0 {
            assert!(told.contains(&gone("inspection", &inspected)), "complete: {told:?}");
        } else {
            let held = phone.thing("inspection", &inspected)["missing"].as_array().expect("missing");
            assert_eq!(held.len(), missing, "after photo {arrived}");
        }
    }
    let today = business_date(app.clock.now());
    assert_eq!(phone.thing("facility", &facility)["last_inspected_on"], json!(today));
    let told = bystander.follow(app, &other);
    assert!(told.contains(&put("facility", &facility)));
    assert!(!kinds(&told).contains(&"inspection"), "another person's: {told:?}");
    // A finding shows the photos of its own item.
    for finding in &findings {
        let view = phone.thing("finding", finding);
        let of_item = |photo: &&Photo| photo.declared()["item_id"] == view["item_id"];
        let expected: Vec<Value> = seen
            .photos
            .iter()
            .filter(of_item)
            .map(|photo| json!({"id": photo.id, "of": "inspection"}))
            .collect();
        assert!(!expected.is_empty());
        assert_eq!(view["photos"], json!(expected));
        api.get(&format!("/photos/{}/renditions/320", text(&view["photos"][0]["id"]))).is(200);
    }
}

fn an_amended_inspection_lacks_what_the_amendment_lacks(app: &TestApp) {
    let api = app.as_(inspector(Place::Own));
    let mut phone = Replica::new(&api);
    let whole = inspection(app, &station(app, Place::Own), &["YK-14"]);
    let mut sent = whole.clone();
    let dropped = sent.body["photos"].as_array_mut().and_then(Vec::pop).expect("a photo");
    let made = id(&sent.put(&api).created());
    phone.follow(app, &api);
    assert_eq!(phone.thing("inspection", &made)["lacking"], json!([dropped["item_id"]]));
    let amended = json!({"version": 2, "reason": "补报照片", "inspection": whole.body});
    api.post(&format!("{}/amendments", whole.path()), &amended).created();
    phone.follow(app, &api);
    let held = phone.thing("inspection", &made);
    assert_eq!(held["lacking"], json!([]));
    assert!(held["missing"].as_array().is_some_and(|m| m.contains(&dropped["photo_id"])), "{held}");
}

fn a_finding_is_followed_to_its_closing(app: &TestApp) {
    let api = app.as_(inspector(Place::Own));
    let mut phone = Replica::new(&api);
    let seen = inspection(app, &station(app, Place::Own), &["YK-14"]);
    let finding = id(&seen.put_whole(&app.as_(Caller::Inspector))["findings"][0]);
    phone.follow(app, &api);
    let held = |phone: &Replica, name: &str| phone.thing("finding", &finding)[name].clone();
    assert_eq!((held(&phone, "state"), held(&phone, "claimed_on")), (json!("served"), Value::Null));
    assert!(held(&phone, "due_on").is_string() && held(&phone, "title").is_string());
    let step = |by: Caller, what: &str, body: Value| {
        app.advance(TimeDelta::minutes(1));
        app.as_(by).post(&format!("/findings/{finding}/{what}"), &body).ok();
    };
    let today = business_date(app.clock.now());
    let claim = |measures: &str| {
        let proof = Photo::new("after", None);
        let body = json!({"claimed_on": today, "measures": measures, "photos": [proof.declared()]});
        step(Caller::Street, "rectifications", body);
        proof
    };
    let first = claim("首次整改");
    assert_eq!(phone.follow(app, &api), [put("finding", &finding)]);
    assert_eq!((held(&phone, "measures"), held(&phone, "claimed_on")), (json!("首次整改"), json!(today)));
    let before = held(&phone, "photos").as_array().map_or(0, Vec::len);
    first.put(&app.as_(Caller::Street)).created();
    assert_eq!(phone.follow(app, &api), [put("finding", &finding)], "a photo of the claim has arrived");
    assert_eq!(held(&phone, "photos")[before], json!({"id": first.id, "of": "rectification"}));
    step(Caller::Drafter, "returns", json!({"reason": "照片看不清"}));
    phone.follow(app, &api);
    assert_eq!(
        (held(&phone, "state"), held(&phone, "returned_because")),
        (json!("returned"), json!("照片看不清"))
    );
    let second = claim("再次整改");
    second.put(&app.as_(Caller::Street)).created();
    phone.follow(app, &api);
    assert_eq!(
        (held(&phone, "measures"), held(&phone, "returned_because")),
        (json!("再次整改"), Value::Null)
    );
    assert_eq!(held(&phone, "photos")[before], json!({"id": second.id, "of": "rectification"}));
    step(Caller::SecondStreet, "checks", json!({"result": "pass", "note": "街道核对"}));
    let shot = Photo::new("scene", None);
    let body = json!({"result": "pass", "note": "复查", "photos": [shot.declared()]});
    step(Caller::Inspector, "reinspections", body);
    shot.put(&app.as_(Caller::Inspector)).created();
    phone.follow(app, &api);
    assert_eq!((held(&phone, "check_outcome"), held(&phone, "reinspected_ok")), (json!("pass"), json!(true)));
    assert_eq!(held(&phone, "photos")[before + 1], json!({"id": shot.id, "of": "reinspection"}));
    step(Caller::Drafter, "closures", json!({"note": "同意销号"}));
    assert_eq!(phone.follow(app, &api), [gone("finding", &finding)]);
}

fn reference_data_changes(app: &TestApp) {
    let api = app.as_(inspector(Place::Own));
    let mut phone = Replica::new(&api);
    let calendar = "date,kind,name,year_status\n2027-01-01,holiday,元旦,provisional\n";
    app.write(move |tx| {
        let parsed = yixun::calendar::import::parse(calendar.as_bytes());
        yixun::calendar::import::store(tx, calendar, &parsed.rows).map(drop)
    });
    assert_eq!(kinds(&phone.follow(app, &api)), ["calendar"]);
    let planned = campaign(app, Place::District, &[Station]);
    phone.follow(app, &api);
    let text = include_str!("../../../assets/checklists/2026.1.json").replace("\"2026.1\"", "\"2026.2\"");
    app.advance(TimeDelta::days(1));
    app.write(move |tx| checklists::publish(tx, &text));
    phone.follow(app, &api);
    assert_eq!(phone.of("checklist").len(), 2, "the newest, and the campaign's");
    let older = super::text(&planned["checklist_id"]);
    let closed = id(&planned).parse::<yixun::ids::CampaignId>().expect("an id");
    app.write(move |tx| {
        use yixun::db::schema::campaign;
        diesel::update(campaign::table.find(closed)).set(campaign::state.eq("closed")).execute(tx.conn())?;
        tx.changed("campaign", closed.0, None, Change::Put)
    });
    assert!(phone.follow(app, &api).contains(&gone("checklist", &older)));
    let areas = "code,level,parent_code,name,office_name,short_name\n\
        440105007999,community,440105007,示例社区,,示例社区\n440105008999,community,440105008,示例二社区,,示例二社区\n";
    app.write(move |tx| {
        let known = BTreeSet::from(["440105007".to_string(), "440105008".to_string()]);
        let parsed = parse_areas(areas.as_bytes(), &known);
        assert!(parsed.faults.is_empty(), "{:?}", parsed.faults);
        store_areas(tx, &parsed.rows, business_date(tx.now()))
    });
    let told = phone.follow(app, &api);
    assert_eq!(kinds(&told), ["area"], "only the own street's community: {told:?}");
}

fn a_day_that_passes_changes_areas_and_years(app: &TestApp) {
    use yixun::db::schema::{area, area_version};
    let api = app.as_(inspector(Place::Own));
    let renamed: AreaId =
        app.read(|conn| Ok(area::table.filter(area::code.eq("440105007")).select(area::id).first(conn)?));
    let last = business_date(app.clock.now()).succ_opt().expect("a day");
    // From the day after tomorrow on the street has another name. Its row of change is long told by then.
    app.write(move |tx| {
        let old = area_version::table.filter(area_version::area_id.eq(renamed));
        let parent: Option<AreaId> = old.select(area_version::parent_id).first(tx.conn())?;
        diesel::update(old).set(area_version::valid_to.eq(Some(last))).execute(tx.conn())?;
        diesel::insert_into(area_version::table)
            .values((
                area_version::area_id.eq(renamed),
                area_version::valid_from.eq(last.succ_opt().expect("a day")),
                area_version::parent_id.eq(parent),
                area_version::name.eq("示例新街道"),
                area_version::office_name.eq(""),
                area_version::short_name.eq(""),
            ))
            .execute(tx.conn())?;
        tx.changed("area", renamed.0, None, Change::Put)
    });
    let mut phone = Replica::default();
    phone.follow(app, &api);
    let street = renamed.to_string();
    assert_ne!(phone.thing("area", &street)["name"], "示例新街道");
    app.advance(TimeDelta::days(1));
    assert_eq!(phone.follow(app, &api), []);
    app.advance(TimeDelta::days(1));
    assert_eq!(phone.follow(app, &api), [put("area", &street)]);
    assert_eq!(phone.thing("area", &street)["name"], "示例新街道");
    app.advance(TimeDelta::days(150));
    assert_eq!(kinds(&phone.follow(app, &api)), ["calendar"], "another year has begun");
}

fn things_come_in_the_order_of_their_last_change(app: &TestApp) {
    let api = app.as_(Caller::Inspector);
    let mut phone = Replica::new(&api);
    let [a, b, c] = [Station, Center, Canteen].map(|kind| app.world.facility(Place::Own, kind).to_string());
    for facility in [&a, &b, &c, &a] {
        change(app, facility, &json!({"contact_name": format!("联系人{}", build::unique())}));
    }
    assert_eq!(phone.follow(app, &api), [&b, &c, &a].map(|facility| put("facility", facility)));
}
