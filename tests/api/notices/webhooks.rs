//! Webhooks: signed, tried again, given up, and never led astray.

use super::super::app::TestApp;
use super::super::build::id;
use super::super::people::{Caller, Place};
use super::super::suite::{Suite, both};
use super::ear::{Ear, Heard};
use super::{Tell, at_once, finding};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use yixun::access::Role;
use yixun::clock::machine_now;
use yixun::db::Ts;
use yixun::db::schema::{delivery, webhook_secret};
use yixun::notices::{Channel, Courier, DeliveryState, Event, Names, News, To, tell_due};

pub fn register(suite: &mut Suite) {
    both!(suite:
        messages_are_signed_as_the_specification_says,
        a_failure_is_tried_again_under_the_same_id,
        given_up_after_ten_attempts_and_sent_again_by_hand,
        gone_switches_the_subscription_off,
        s40_redirects_are_not_followed,
        s40_names_that_lead_inside_are_not_called,
        s40_the_connection_goes_to_the_address_that_was_checked,
        a_subscription_hears_of_its_street_and_of_what_it_asked_for,
        what_is_told_under_a_key_is_sent_once,
        a_message_is_there_exactly_when_its_step_is,
        a_streets_digest_is_sent_with_its_lines,
        a_secret_is_shown_once_and_the_old_one_stays_valid_for_a_time,
        a_sender_that_died_is_followed_by_another,
        two_nodes_send_every_message_once,
        a_test_message_can_be_sent,
        what_cannot_be_a_subscription_is_refused,
        a_deleted_subscription_is_gone_with_its_messages,
    );
}

/// The same application with webhooks to this machine allowed.
fn open(app: &TestApp) -> TestApp {
    app.node_with(|config| config.notices.webhooks.allow_loopback = true)
}

fn courier(app: &TestApp) -> Courier {
    Courier::open(&app.app).expect("a courier")
}

fn round(courier: &Courier) -> usize {
    courier.round(Channel::Webhook).expect("a round")
}

/// A subscription to an address: its id and secret.
fn subscribe(app: &TestApp, url: &str, events: &[Event]) -> (String, String) {
    let body = json!({"url": url, "description": "试验", "events": events});
    let made = app.as_(Caller::SecurityAdmin).post("/webhooks", &body).created();
    (id(&made["webhook"]), made["secret"].as_str().expect("a secret").to_string())
}

const TO_CONFIRM: &[Event] = &[Event::FindingToConfirm];

fn told() -> Tell {
    Tell::new(at_once(), &[To::Role(Role::Drafter)])
}

fn deliveries(app: &TestApp, query: &str) -> Vec<Value> {
    app.as_(Caller::Admin).all(&format!("/webhooks/deliveries{query}"))
}

/// Lets the pauses of everything that waits pass.
fn pass_pauses(app: &TestApp) {
    app.write(|tx| {
        let now = Ts::from(machine_now() - TimeDelta::seconds(1));
        let waiting = delivery::table.filter(delivery::state.eq(DeliveryState::Ready));
        diesel::update(waiting).set(delivery::run_at.eq(now)).execute(tx.conn())?;
        Ok(())
    });
}

/// Whether one of the signatures of a message is by a secret.
fn is_signed_by(heard: &Heard, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a prefix")).expect("base64");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let header = |name: &str| heard.headers.get(name).cloned().unwrap_or_default();
    let message = format!("{}.{}.{}", header("webhook-id"), header("webhook-timestamp"), heard.body);
    let of = |signature: &str| {
        let tag = STANDARD.decode(signature.strip_prefix("v1,").expect("a version")).expect("base64");
        hmac::verify(&key, message.as_bytes(), &tag).is_ok()
    };
    header("webhook-signature").split(' ').any(of)
}

fn messages_are_signed_as_the_specification_says(app: &TestApp) {
    let (app, ear) = (&open(app), Ear::on("127.0.0.1"));
    let (hook, secret) = subscribe(app, &ear.url(), TO_CONFIRM);
    let sent = told();
    sent.by(app);
    assert_eq!((round(&courier(app)), ear.heard().len()), (1, 1));
    let heard = &ear.heard()[0];
    assert!(heard.line.starts_with("POST /hook ") && heard.headers["content-type"] == "application/json");
    assert!(is_signed_by(heard, &secret), "{heard:?}");
    assert!(!is_signed_by(&Heard { body: format!("{} ", heard.body), ..heard.clone() }, &secret));
    let timestamp: i64 = heard.headers["webhook-timestamp"].parse().expect("seconds");
    assert!((machine_now().timestamp() - timestamp).abs() < 300);
    let body: Value = serde_json::from_str(&heard.body).expect("JSON");
    assert_eq!(
        (&body["type"], &body["timestamp"]),
        (&json!("finding.to_confirm"), &json!("2026-08-03T02:00:00+00:00"))
    );
    let data = &body["data"];
    assert_eq!(data["about"], json!({"kind": "finding", "id": sent.subject}));
    assert_eq!(data["facts"]["finding"]["problem"], "灭火器压力不足");
    assert_eq!(data["street_id"], json!(app.world.area(Place::Own)));
    let delivered = &deliveries(app, &format!("?webhook_id={hook}"))[0];
    assert_eq!((&delivered["state"], &delivered["last_status"]), (&json!("delivered"), &json!(204)));
    assert_eq!(delivered["message_id"], json!(heard.headers["webhook-id"]));
    assert_eq!(round(&courier(app)), 0);
}

fn a_failure_is_tried_again_under_the_same_id(app: &TestApp) {
    let (app, ear) = (&open(app), Ear::on("127.0.0.1"));
    subscribe(app, &ear.url(), TO_CONFIRM);
    told().by(app);
    let courier = courier(app);
    ear.answer(&["503 Service Unavailable"]);
    assert_eq!((round(&courier), round(&courier)), (1, 0), "it pauses");
    let waiting = &deliveries(app, "?state=ready")[0];
    assert_eq!((&waiting["attempts"], &waiting["last_status"]), (&json!(1), &json!(503)));
    assert!(waiting["next_at"].is_string());
    pass_pauses(app);
    assert_eq!(round(&courier), 1);
    let heard = ear.heard();
    assert_eq!(heard.len(), 2);
    assert_eq!(
        (&heard[0].headers["webhook-id"], &heard[0].body),
        (&heard[1].headers["webhook-id"], &heard[1].body)
    );
    assert_eq!(deliveries(app, "?state=delivered").len(), 1);
}

fn given_up_after_ten_attempts_and_sent_again_by_hand(app: &TestApp) {
    let (app, ear) = (&open(app), Ear::on("127.0.0.1"));
    subscribe(app, &ear.url(), TO_CONFIRM);
    told().by(app);
    let courier = courier(app);
    ear.answer(&["500 Internal Server Error"; 10]);
    for attempt in 1..=10 {
        assert!(deliveries(app, "?state=dead").is_empty(), "before attempt {attempt}");
        pass_pauses(app);
        assert_eq!(round(&courier), 1);
    }
    let dead = deliveries(app, "?state=dead");
    assert_eq!((dead.len(), &dead[0]["attempts"]), (1, &json!(10)));
    assert!(dead[0]["last_error"].as_str().is_some_and(|why| why.contains("500")));
    pass_pauses(app);
    assert_eq!(round(&courier), 0);
    let path = format!("/webhooks/deliveries/{}/replay", id(&dead[0]));
    let security = app.as_(Caller::SecurityAdmin);
    assert_eq!(security.post(&path, &json!({})).ok()["state"], "ready");
    security.post(&path, &json!({})).expect(409, "not_dead");
    security.post(&path.replace("/webhooks/", "/mail/"), &json!({})).expect(404, "not_found");
    assert_eq!(round(&courier), 1);
    let ids: BTreeSet<String> = ear.heard().iter().map(|h| h.headers["webhook-id"].clone()).collect();
    assert_eq!((ear.heard().len(), ids.len()), (11, 1));
    assert_eq!(deliveries(app, "?state=delivered").len(), 1);
}

fn gone_switches_the_subscription_off(app: &TestApp) {
    let (app, ear) = (&open(app), Ear::on("127.0.0.1"));
    let (hook, _) = subscribe(app, &ear.url(), TO_CONFIRM);
    told().by(app);
    let courier = courier(app);
    ear.answer(&["410 Gone"]);
    assert_eq!(round(&courier), 1);
    let security = app.as_(Caller::SecurityAdmin);
    let path = format!("/webhooks/{hook}");
    let view = security.get(&path).ok();
    assert_eq!(view["enabled"], false);
    assert!(view["disabled_why"].as_str().is_some_and(|why| why.contains("410")));
    told().by(app);
    let all = deliveries(app, "");
    assert_eq!((all.len(), &all[0]["state"]), (1, &json!("dead")), "nothing new is put on its way");
    let replay = format!("/webhooks/deliveries/{}/replay", id(&all[0]));
    security.post(&replay, &json!({})).expect(409, "webhook_disabled");
    security.post(&format!("{path}/tests"), &json!({})).expect(409, "webhook_disabled");
    let revision = view["revision"].as_i64();
    assert_eq!(security.patch(&path, revision, &json!({"enabled": true})).ok()["enabled"], true);
    security.post(&replay, &json!({})).ok();
    assert_eq!((round(&courier), ear.heard().len()), (1, 2));
}

fn s40_redirects_are_not_followed(app: &TestApp) {
    let (app, ear, canary) = (&open(app), Ear::on("127.0.0.1"), Ear::on("127.0.0.1"));
    subscribe(app, &ear.url(), TO_CONFIRM);
    told().by(app);
    ear.answer(&[&format!("307 Temporary Redirect\r\nlocation: {}", canary.url())]);
    assert_eq!(round(&courier(app)), 1);
    assert_eq!((ear.heard().len(), canary.heard().len()), (1, 0));
    assert_eq!(deliveries(app, "?state=ready")[0]["last_status"], 307);
}

/// Names that lead where they are told, and how often they were asked.
fn names(to: &'static str) -> (Names, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let names: Names = Arc::new(move |_, port| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(to
            .split(' ')
            .map(|ip| (ip.parse::<std::net::IpAddr>().expect("an address"), port).into())
            .collect())
    });
    (names, asked)
}

fn s40_names_that_lead_inside_are_not_called(app: &TestApp) {
    subscribe(app, "https://oa.example.cn/hook", TO_CONFIRM);
    told().by(app);
    for to in ["127.0.0.1", "8.8.8.8 10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "fe80::1"] {
        pass_pauses(app);
        let (names, asked) = names(to);
        let courier = Courier::with_names(&app.app, names).expect("a courier");
        assert_eq!((round(&courier), asked.load(Ordering::SeqCst)), (1, 1));
        let waiting = &deliveries(app, "?state=ready")[0];
        assert!(
            waiting["last_error"].as_str().is_some_and(|why| why.contains("内部或保留地址")),
            "{to}: {waiting}"
        );
    }
}

fn s40_the_connection_goes_to_the_address_that_was_checked(app: &TestApp) {
    // The system would say that localhost is 127.0.0.1, where nobody listens.
    let (app, ear) = (&open(app), Ear::on("127.0.0.2"));
    subscribe(app, &format!("http://localhost:{}/hook", ear.address.port()), TO_CONFIRM);
    told().by(app);
    let (names, asked) = names("127.0.0.2");
    let courier = Courier::with_names(&app.app, names).expect("a courier");
    assert_eq!((round(&courier), ear.heard().len(), asked.load(Ordering::SeqCst)), (1, 1, 1));
}

fn a_subscription_hears_of_its_street_and_of_what_it_asked_for(app: &TestApp) {
    let (app, all, sibling) = (&open(app), Ear::on("127.0.0.1"), Ear::on("127.0.0.1"));
    subscribe(app, &all.url(), TO_CONFIRM);
    let body = json!({"url": sibling.url(), "description": "试验", "events": TO_CONFIRM,
        "street_id": app.world.area(Place::Sibling)});
    app.as_(Caller::SecurityAdmin).post("/webhooks", &body).created();
    told().by(app);
    told().at(Some(Place::Sibling)).by(app);
    told().at(None).by(app);
    Tell::new(News::FindingReferred { finding: finding("甲"), agency: "乙".into() }, &[]).by(app);
    let courier = courier(app);
    while round(&courier) > 0 {}
    assert_eq!((all.heard().len(), sibling.heard().len()), (3, 1));
}

fn what_is_told_under_a_key_is_sent_once(app: &TestApp) {
    subscribe(app, "https://oa.example.cn/hook", TO_CONFIRM);
    let told = told().key("once");
    std::thread::scope(|scope| {
        (0..4).for_each(|_| drop(scope.spawn(|| told.by(app))));
    });
    assert_eq!(deliveries(app, "").len(), 1);
}

fn a_message_is_there_exactly_when_its_step_is(app: &TestApp) {
    subscribe(app, "https://oa.example.cn/hook", TO_CONFIRM);
    let stamp = yixun::db::Stamp::console("tests", super::super::people::start());
    let refused = app.app.db.write_now(stamp, "tests.write", |tx| {
        tx.audit("test", "-", json!({}));
        let notice = yixun::notices::Notice {
            news: at_once(),
            to: &[To::Role(Role::Drafter)],
            subject: ("finding", uuid::Uuid::nil()),
            street_id: None,
            facility_id: None,
            category: None,
            key: None,
        };
        yixun::notices::tell(tx, &notice)?;
        Err::<(), _>(yixun::fault::Fault::refused("tests", "不行"))
    });
    assert!(refused.is_err());
    assert!(deliveries(app, "").is_empty() && super::inbox(app, Caller::Drafter).is_empty());
}

fn a_streets_digest_is_sent_with_its_lines(app: &TestApp) {
    let (app, ear) = (&open(app), Ear::on("127.0.0.1"));
    subscribe(app, &ear.url(), &[Event::StreetDigest]);
    let overdue = Tell::new(News::FindingOverdue { finding: finding("甲") }, &[To::Role(Role::Street)]);
    overdue.by(app);
    assert_eq!(tell_due(&app.app).expect("the digests"), 1);
    assert_eq!(round(&courier(app)), 1);
    let body: Value = serde_json::from_str(&ear.heard()[0].body).expect("JSON");
    let facts = &body["data"]["facts"];
    assert_eq!((&body["type"], &facts["day"]), (&json!("digest.street"), &json!("2026-08-03")));
    let line = &facts["lines"][0];
    assert_eq!((&line["event"], &line["about"]["id"]), (&json!("finding.overdue"), &json!(overdue.subject)));
    assert_eq!(line["facts"]["finding"]["problem"], "甲");
}

fn a_secret_is_shown_once_and_the_old_one_stays_valid_for_a_time(app: &TestApp) {
    let (app, ear) = (&open(app), Ear::on("127.0.0.1"));
    let (hook, first) = subscribe(app, &ear.url(), TO_CONFIRM);
    let security = app.as_(Caller::SecurityAdmin);
    let path = format!("/webhooks/{hook}");
    assert!(
        !security.get(&path).told().contains(&first) && !security.get("/webhooks").told().contains("whsec_")
    );
    let rotate = |hours: u16| {
        let body = json!({"overlap_hours": hours});
        security.post(&format!("{path}/secrets"), &body).created()["secret"]
            .as_str()
            .expect("a secret")
            .to_string()
    };
    let second = rotate(24);
    assert_ne!(first, second);
    let courier = courier(app);
    let hear = || {
        told().by(app);
        assert_eq!(round(&courier), 1);
        ear.heard().pop().expect("a message")
    };
    let heard = hear();
    assert!(is_signed_by(&heard, &first) && is_signed_by(&heard, &second));
    assert_eq!(security.get(&path).ok()["secrets"].as_array().map(Vec::len), Some(2));
    // Its time passes.
    app.write(|tx| {
        let past = Ts::from(machine_now() - TimeDelta::seconds(1));
        let ending = webhook_secret::table.filter(webhook_secret::expires_at.is_not_null());
        diesel::update(ending).set(webhook_secret::expires_at.eq(Some(past))).execute(tx.conn())?;
        Ok(())
    });
    let heard = hear();
    assert!(!is_signed_by(&heard, &first) && is_signed_by(&heard, &second));
    let third = rotate(0);
    let heard = hear();
    assert!(!is_signed_by(&heard, &second) && is_signed_by(&heard, &third));
    let too_long = json!({"overlap_hours": 169});
    security.post(&format!("{path}/secrets"), &too_long).expect_at(
        422,
        "invalid_request",
        "/overlap_hours",
        "out_of_range",
    );
}

fn a_sender_that_died_is_followed_by_another(app: &TestApp) {
    let (app, ear) = (&open(app), Ear::on("127.0.0.1"));
    subscribe(app, &ear.url(), TO_CONFIRM);
    told().by(app);
    let lease = |seconds: i64| {
        app.write(move |tx| {
            let until = Ts::from(machine_now() + TimeDelta::seconds(seconds));
            diesel::update(delivery::table)
                .set((
                    delivery::state.eq(DeliveryState::Running),
                    delivery::attempts.eq(1),
                    delivery::fence.eq(1_i64),
                    delivery::lease_until.eq(Some(until)),
                ))
                .execute(tx.conn())?;
            Ok(())
        });
    };
    let courier = courier(app);
    lease(60);
    assert_eq!(round(&courier), 0, "another node has it");
    lease(-1);
    assert_eq!((round(&courier), ear.heard().len()), (1, 1));
    assert_eq!(deliveries(app, "?state=delivered")[0]["attempts"], 2);
}

fn two_nodes_send_every_message_once(app: &TestApp) {
    let (app, ear) = (&open(app), Ear::on("127.0.0.1"));
    subscribe(app, &ear.url(), TO_CONFIRM);
    for _ in 0..30 {
        told().by(app);
    }
    let other = open(app);
    std::thread::scope(|scope| {
        for node in [app, &other] {
            let courier = courier(node);
            scope.spawn(move || while round(&courier) > 0 {});
        }
    });
    let ids: BTreeSet<String> = ear.heard().iter().map(|h| h.headers["webhook-id"].clone()).collect();
    assert_eq!((ear.heard().len(), ids.len()), (30, 30));
    assert_eq!(deliveries(app, "?state=delivered").len(), 30);
}

fn a_test_message_can_be_sent(app: &TestApp) {
    let (app, ear) = (&open(app), Ear::on("127.0.0.1"));
    let (hook, secret) = subscribe(app, &ear.url(), TO_CONFIRM);
    app.as_(Caller::SecurityAdmin).post(&format!("/webhooks/{hook}/tests"), &json!({})).created();
    assert_eq!(round(&courier(app)), 1);
    let heard = &ear.heard()[0];
    assert!(is_signed_by(heard, &secret) && heard.body.contains("message.test"));
}

fn what_cannot_be_a_subscription_is_refused(app: &TestApp) {
    let security = app.as_(Caller::SecurityAdmin);
    let body = |url: &str| json!({"url": url, "description": "试验", "events": TO_CONFIRM});
    for url in [
        "http://oa.example.cn/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://oa.example.cn:8443/",
        "https://a:b@oa.example.cn/",
    ] {
        security.post("/webhooks", &body(url)).expect_at(422, "bad_webhook_url", "/url", "bad_webhook_url");
    }
    let mut wrong = body("https://oa.example.cn/");
    wrong["events"] = json!([]);
    security.post("/webhooks", &wrong).expect_at(422, "invalid_request", "/events", "out_of_range");
    wrong["events"] = json!(["finding.exploded"]);
    security.post("/webhooks", &wrong).expect_at(422, "invalid_request", "/events/0", "unknown_code");
    let mut wrong = body("https://oa.example.cn/");
    wrong["street_id"] = json!(app.world.area(Place::District));
    security.post("/webhooks", &wrong).expect_at(422, "unknown_street", "/street_id", "unknown_street");
    let made = security.post("/webhooks", &body("https://oa.example.cn/")).created();
    let path = format!("/webhooks/{}", id(&made["webhook"]));
    security.patch(&path, None, &json!({"description": "甲"})).expect(428, "if_match_required");
    security.patch(&path, Some(9), &json!({"description": "甲"})).expect(412, "version_differs");
    let inside = json!({"url": "https://[::1]/"});
    security.patch(&path, Some(1), &inside).expect_at(422, "bad_webhook_url", "/url", "bad_webhook_url");
    for _ in 1..50 {
        security.post("/webhooks", &body("https://oa.example.cn/")).created();
    }
    security.post("/webhooks", &body("https://oa.example.cn/")).expect(409, "too_many_webhooks");
}

fn a_deleted_subscription_is_gone_with_its_messages(app: &TestApp) {
    let (hook, _) = subscribe(app, "https://oa.example.cn/hook", TO_CONFIRM);
    told().by(app);
    let security = app.as_(Caller::SecurityAdmin);
    security.delete(&format!("/webhooks/{hook}")).done();
    security.get(&format!("/webhooks/{hook}")).expect(404, "not_found");
    security.delete(&format!("/webhooks/{hook}")).expect(404, "not_found");
    assert!(deliveries(app, "").is_empty());
    assert!(told().by(app) > 0);
}
