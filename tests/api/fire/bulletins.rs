//! Bulletins between the bureau and the fire brigade: numbered, received, answered, and unchanged from the receipt on.

use super::super::client::Reply;
use super::*;
use std::slice::from_ref;

pub fn register(suite: &mut Suite) {
    both!(suite:
        from_the_bureau_to_the_brigade,
        from_the_brigade_to_the_bureau,
        nothing_changes_after_the_receipt_but_the_result,
        numbers_have_no_gaps,
        bulletins_are_seen_by_whoever_reaches_all_they_name,
    );
}

fn body(facilities: &[&str]) -> Value {
    json!({"subject": "持证人员不足", "content": "请予关注", "facility_ids": facilities})
}

#[track_caller]
fn sent(app: &TestApp, by: Caller, body: &Value) -> Value {
    later(app);
    app.as_(by).post("/fire/bulletins", body).created()
}

fn step(app: &TestApp, by: Caller, bulletin: &str, step: &str) -> Reply {
    let body = if step == "results" { json!({"result": "已现场指导"}) } else { json!({}) };
    app.as_(by).post(&format!("/fire/bulletins/{bulletin}/{step}"), &body)
}

fn from_the_bureau_to_the_brigade(app: &TestApp) {
    let facility = institution(app, Place::Own);
    room(app, &facility, &json!({}));
    let finding = id(&app.as_(Caller::Drafter).all(&format!("/findings?facility_id={facility}"))[0]);
    let named = json!({"subject": "持证人员不足", "content": "请予关注", "finding_ids": [finding]});
    let made = sent(app, Caller::Drafter, &named);
    assert_eq!(
        (&made["number"], &made["direction"]),
        (&json!("消防信息通报〔2026〕1号"), &json!("to_brigade"))
    );
    assert_eq!((&made["facility_ids"], &made["finding_ids"]), (&json!([facility]), &json!([finding])));
    let bulletin = id(&made);
    let waiting = || app.as_(Caller::Fire).all("/fire/bulletins?direction=to_brigade&received=false").len();
    assert_eq!(waiting(), 1);
    step(app, Caller::Drafter, &bulletin, "receipts").expect(409, "not_addressee");
    step(app, Caller::Fire, &bulletin, "results").expect(409, "not_received");
    app.advance(TimeDelta::hours(3));
    let received = step(app, Caller::Fire, &bulletin, "receipts").ok();
    let name = app.as_(Caller::Fire).get("/me").ok()["display_name"].clone();
    assert_eq!(received["received_by"], name);
    assert_eq!(received["received_at"].as_str().map(at), Some(now(app)));
    assert_eq!(waiting(), 0);
    let done = step(app, Caller::Fire, &bulletin, "results").ok();
    assert_eq!((&done["result"], &done["result_by"]), (&json!("已现场指导"), &name));
    step(app, Caller::Fire, &bulletin, "results").expect(409, "already_concluded");
    assert_eq!(app.as_(Caller::Drafter).get(&format!("/fire/bulletins/{bulletin}")).ok(), done);
    assert_eq!(app.as_(Caller::Supervisor).all("/fire/bulletins?received=true").len(), 1);
    app.sequence();
    let trail = app.as_(Caller::AuditAdmin).all(&format!("/audit?object_id={bulletin}"));
    let (told, steps): (Vec<_>, Vec<_>) = trail.iter().partition(|line| line["object_kind"] == "notice");
    assert_eq!((steps.len(), told.len()), (3, 1), "sent, told to the brigade, received, concluded");
}

fn from_the_brigade_to_the_bureau(app: &TestApp) {
    let facility = own_station(app);
    let mut told = body(&[&facility]);
    told["reference"] = json!("海消〔2026〕12号");
    let made = sent(app, Caller::Fire, &told);
    assert_eq!((&made["direction"], &made["reference"]), (&json!("to_bureau"), &json!("海消〔2026〕12号")));
    let bulletin = id(&made);
    step(app, Caller::Fire, &bulletin, "receipts").expect(409, "not_addressee");
    step(app, Caller::Drafter, &bulletin, "receipts").ok();
    step(app, Caller::Fire, &bulletin, "results").expect(409, "not_addressee");
    assert_eq!(step(app, Caller::SecondDrafter, &bulletin, "results").ok()["result"], "已现场指导");
    for nobody in [Caller::Reviewer, Caller::Supervisor] {
        app.as_(nobody).post("/fire/bulletins", &told).expect(403, "permission_denied");
    }
    for outsider in [Caller::Street, Caller::Operator] {
        app.as_(outsider).get("/fire/bulletins").expect(403, "permission_denied");
    }
}

fn nothing_changes_after_the_receipt_but_the_result(app: &TestApp) {
    let facility = own_station(app);
    let bulletin = id(&sent(app, Caller::Drafter, &body(&[&facility])));
    let path = format!("/fire/bulletins/{bulletin}");
    let other = json!({"subject": "更正后的标题"});
    let drafter = app.as_(Caller::Drafter);
    drafter.patch(&path, None, &other).expect(428, "if_match_required");
    drafter.patch(&path, Some(7), &other).expect(412, "version_differs");
    app.as_(Caller::Fire).patch(&path, Some(1), &other).expect(409, "not_sender");
    let corrected = drafter.patch(&path, Some(1), &other);
    assert_eq!((corrected.ok()["subject"].clone(), corrected.revision()), (json!("更正后的标题"), 2));
    assert_eq!(corrected.ok()["content"], "请予关注");
    let received = step(app, Caller::Fire, &bulletin, "receipts").ok();
    step(app, Caller::Fire, &bulletin, "receipts").expect(409, "already_received");
    drafter.patch(&path, Some(3), &other).expect(409, "already_received");
    assert_eq!(drafter.get(&path).ok(), received);
    let done = step(app, Caller::Fire, &bulletin, "results").ok();
    drafter.patch(&path, Some(4), &other).expect(409, "already_received");
    let result = ["result", "result_by", "result_at", "revision"];
    for (name, value) in done.as_object().expect("a bulletin") {
        assert!(result.contains(&name.as_str()) || *value == received[name], "{name} has changed");
    }
}

fn numbers_have_no_gaps(app: &TestApp) {
    let facility = own_station(app);
    let number = |by: Caller| sent(app, by, &body(&[&facility]))["number"].as_str().map(str::to_string);
    assert_eq!(number(Caller::Drafter).as_deref(), Some("消防信息通报〔2026〕1号"));
    let unknown = build::uuid().to_string();
    let refused = app.as_(Caller::Drafter).post("/fire/bulletins", &body(&[&facility, &unknown]));
    refused.expect_at(422, "unknown_facility", "/facility_ids/1", "unknown_facility");
    let named = json!({"subject": "题", "content": "文", "finding_ids": [unknown]});
    let refused = app.as_(Caller::Drafter).post("/fire/bulletins", &named);
    refused.expect_at(422, "unknown_finding", "/finding_ids/0", "unknown_finding");
    let refused = app.as_(Caller::Drafter).post("/fire/bulletins", &body(&[]));
    refused.expect_at(422, "nothing_named", "/facility_ids", "nothing_named");
    assert_eq!(number(Caller::Fire).as_deref(), Some("消防信息通报〔2026〕2号"), "both ways in one series");
    app.clock.set(at("2026-12-31T16:00:00Z"));
    assert_eq!(number(Caller::Drafter).as_deref(), Some("消防信息通报〔2027〕1号"));
}

fn bulletins_are_seen_by_whoever_reaches_all_they_name(app: &TestApp) {
    let (own, sibling) = (own_station(app), app.world.facility(Place::Sibling, Station).to_string());
    let one = id(&sent(app, Caller::Drafter, &body(&[&own])));
    let both = id(&sent(app, Caller::Drafter, &body(&[&own, &sibling])));
    for role in [Role::Drafter, Role::Reviewer, Role::Issuer, Role::Fire, Role::Supervisor] {
        let seen = |place| {
            let listed = app.as_(Caller::At(role, place)).all("/fire/bulletins");
            listed.iter().map(id).collect::<Vec<_>>()
        };
        assert_eq!(seen(Place::District), [both.clone(), one.clone()], "{role:?}");
        assert_eq!(seen(Place::Everywhere), [both.clone(), one.clone()], "{role:?}");
        assert_eq!(seen(Place::Own), from_ref(&one), "{role:?}");
        assert_eq!(seen(Place::Sibling), Vec::<String>::new(), "{role:?}");
        assert_eq!(seen(Place::Elsewhere), Vec::<String>::new(), "{role:?}");
        let own_only = app.as_(Caller::At(role, Place::Own));
        own_only.get(&format!("/fire/bulletins/{both}")).expect(404, "not_found");
        own_only.get(&format!("/fire/bulletins/{one}")).ok();
    }
    let named = app.as_(Caller::Drafter).all(&format!("/fire/bulletins?facility_id={sibling}"));
    assert_eq!(named.iter().map(id).collect::<Vec<_>>(), [both]);
    let page = app.as_(Caller::Drafter).get("/fire/bulletins?limit=1").ok();
    assert!(page["next_cursor"].is_string());
}
