//! Mail: off until a server is named, to those who have asked for it, and to nobody else.

use super::super::app::TestApp;
use super::super::build::{self, id};
use super::super::people::{Caller, Place};
use super::super::suite::{Suite, both};
use super::mailbox::{Mail, Mailbox};
use super::{Tell, at_once, finding, user};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diesel::prelude::*;
use serde_json::{Value, json};
use yixun::clock::machine_now;
use yixun::db::{Stamp, Tx, schema};
use yixun::directory::FacilityKind::Station;
use yixun::notices::settings::{MailSettings, Security};
use yixun::notices::{Channel, Courier, DeliveryState, FindingFacts, News};

pub fn register(suite: &mut Suite) {
    both!(suite:
        mail_is_off_unless_the_settings_name_a_server,
        a_notice_is_mailed_to_whoever_asked_for_it,
        s41_what_people_write_begins_no_header,
        a_busy_server_is_asked_again_and_a_refusal_is_visible,
        whoever_turns_mail_off_gets_none,
        only_the_domains_of_the_settings,
        the_sealed_letter_goes_with_the_mail_where_it_may,
    );
}

/// The same application with mail through a server of this machine.
fn with_mail(app: &TestApp, mailbox: &Mailbox, domains: &[&str]) -> TestApp {
    mailing(app, mailbox, domains, false)
}

/// As [`with_mail`]; letters may go with it.
fn mailing(app: &TestApp, mailbox: &Mailbox, domains: &[&str], letters: bool) -> TestApp {
    let mail = MailSettings {
        host: "127.0.0.1".into(),
        port: mailbox.address.port(),
        security: Security::Plain,
        from: "颐巡 <yixun@example.cn>".into(),
        credentials: None,
        domains: domains.iter().map(ToString::to_string).collect(),
        letters,
    };
    app.node_with(|config| config.notices.mail = Some(mail))
}

fn ask_for_mail(app: &TestApp, caller: Caller, address: &str, enabled: bool) -> Value {
    app.as_(caller).put("/me/notice-address", &json!({"address": address, "enabled": enabled})).ok()
}

fn tell_drafter(app: &TestApp, news: News) {
    assert_eq!(Tell::new(news, &[user(app, Caller::Drafter), user(app, Caller::SecondDrafter)]).by(app), 2);
}

fn round(app: &TestApp) -> usize {
    Courier::open(&app.app).expect("a courier").round(Channel::Mail).expect("a round")
}

fn mails(app: &TestApp, query: &str) -> Vec<Value> {
    app.as_(Caller::Admin).all(&format!("/mail/deliveries{query}"))
}

/// What a mail says, decoded.
fn text(mail: &Mail) -> String {
    assert_eq!(mail.header("Content-Type"), "text/plain; charset=utf-8");
    assert_eq!(mail.header("Content-Transfer-Encoding"), "base64");
    let bytes = STANDARD.decode(mail.body().concat()).expect("base64");
    String::from_utf8(bytes).expect("UTF-8")
}

fn mail_is_off_unless_the_settings_name_a_server(app: &TestApp) {
    let drafter = app.as_(Caller::Drafter);
    let body = json!({"address": "drafter@example.cn", "enabled": true});
    drafter.put("/me/notice-address", &body).expect(409, "mail_off");
    assert_eq!(drafter.get("/me/notice-address").ok(), json!({"address": null, "enabled": false}));
    tell_drafter(app, at_once());
    drafter.post("/me/notice-address/tests", &json!({})).expect(409, "mail_off");
    assert_eq!((round(app), mails(app, "").len()), (0, 0));
}

fn a_notice_is_mailed_to_whoever_asked_for_it(app: &TestApp) {
    let mailbox = Mailbox::open();
    let app = &with_mail(app, &mailbox, &[]);
    let set = ask_for_mail(app, Caller::Drafter, "drafter@example.cn", true);
    assert_eq!(set, json!({"address": "drafter@example.cn", "enabled": true}));
    tell_drafter(app, at_once());
    assert_eq!((round(app), round(app)), (1, 0));
    let mails = mailbox.mails();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "RCPT TO:<drafter@example.cn>"));
    let said = text(&mails[0]);
    assert!(
        said.starts_with("海幢颐康服务站的问题（编号440105007-2026-0001）待确认：灭火器压力不足。"),
        "{said}"
    );
    assert!(mails[0].header("From").ends_with("<yixun@example.cn>"));
    assert_eq!(mails[0].header("To"), "drafter@example.cn");
    assert_eq!(mails[0].header("Auto-Submitted"), "auto-generated");
    assert!(!mails[0].header("Date").is_empty());
    let sent = &self::mails(app, "?state=delivered")[0];
    assert_eq!(
        mails[0].header("Message-ID"),
        format!("<{}@example.cn>", sent["message_id"].as_str().expect("an id"))
    );
    assert_eq!(app.as_(Caller::Admin).all("/webhooks/deliveries").len(), 0);
    app.as_(Caller::Drafter).post("/me/notice-address/tests", &json!({})).done();
    assert_eq!((round(app), mailbox.mails().len()), (1, 2));
}

fn s41_what_people_write_begins_no_header(app: &TestApp) {
    let mailbox = Mailbox::open();
    let app = &with_mail(app, &mailbox, &[]);
    ask_for_mail(app, Caller::Drafter, "drafter@example.cn", true);
    let facility = "甲\r\nBcc: evil@example.cn\r\n\r\n.\r\nMAIL FROM:<x@y.z>".to_string();
    let finding = FindingFacts { facility, ..finding("乙\r\n.\r\nQUIT") };
    tell_drafter(app, News::FindingToConfirm { finding, confirm_by: None });
    assert_eq!(round(app), 1);
    let mails = mailbox.mails();
    assert_eq!((mails.len(), mails[0].header("Bcc").as_str()), (1, ""));
    assert!(text(&mails[0]).contains("QUIT"));
    for address in
        ["a@example.cn\r\nBcc: b@example.cn", "a@example.cn, b@example.cn", "A <a@example.cn>", "example.cn"]
    {
        let body = json!({"address": address, "enabled": true});
        let answer = app.as_(Caller::Drafter).put("/me/notice-address", &body);
        answer.expect_at(422, "bad_mail_address", "/address", "bad_mail_address");
    }
}

fn a_busy_server_is_asked_again_and_a_refusal_is_visible(app: &TestApp) {
    let mailbox = Mailbox::open();
    let app = &with_mail(app, &mailbox, &[]);
    ask_for_mail(app, Caller::Drafter, "drafter@example.cn", true);
    mailbox.answer(&["450 later", "550 unknown"]);
    tell_drafter(app, at_once());
    assert_eq!(round(app), 1);
    let waiting = &mails(app, "?state=ready")[0];
    assert_eq!((&waiting["last_status"], &waiting["attempts"]), (&json!(450), &json!(1)));
    tell_drafter(app, at_once());
    assert_eq!(round(app), 1, "the first one pauses");
    let dead = &mails(app, "?state=dead")[0];
    assert_eq!((&dead["last_status"], &dead["attempts"]), (&json!(550), &json!(1)));
    assert!(mailbox.mails().is_empty());
    let path = format!("/mail/deliveries/{}/replay", id(dead));
    app.as_(Caller::SecurityAdmin).post(&path, &json!({})).ok();
    assert_eq!((round(app), mailbox.mails().len()), (1, 1));
}

fn whoever_turns_mail_off_gets_none(app: &TestApp) {
    let mailbox = Mailbox::open();
    let app = &with_mail(app, &mailbox, &[]);
    ask_for_mail(app, Caller::Drafter, "drafter@example.cn", true);
    ask_for_mail(app, Caller::SecondDrafter, "second@example.cn", false);
    tell_drafter(app, at_once());
    ask_for_mail(app, Caller::Drafter, "drafter@example.cn", false);
    assert_eq!(round(app), 1);
    let dead = &mails(app, "?state=dead")[0];
    assert!(dead["last_error"].as_str().is_some_and(|why| why.contains("关闭")), "{dead}");
    app.as_(Caller::Drafter).delete("/me/notice-address").done();
    assert_eq!(app.as_(Caller::Drafter).get("/me/notice-address").ok()["address"], Value::Null);
    tell_drafter(app, at_once());
    assert_eq!((round(app), mailbox.mails().len()), (0, 0));
    assert_eq!(super::unread(app, Caller::Drafter), 2, "the inbox has everything");
}

fn only_the_domains_of_the_settings(app: &TestApp) {
    let mailbox = Mailbox::open();
    let app = &with_mail(app, &mailbox, &["haizhu.example.cn"]);
    ask_for_mail(app, Caller::Drafter, "a@HAIZHU.example.cn", true);
    for address in ["a@example.cn", "a@evil-haizhu.example.cn", "a@haizhu.example.cn.evil.cn"] {
        let body = json!({"address": address, "enabled": true});
        let answer = app.as_(Caller::Drafter).put("/me/notice-address", &body);
        answer.expect_at(422, "mail_domain_not_allowed", "/address", "mail_domain_not_allowed");
    }
}

/// The parts of a mail, each from its headers on; none of one that has a single text.
fn parts(mail: &Mail) -> Vec<String> {
    let kind = mail.header("Content-Type");
    let Some((_, boundary)) = kind.split_once("boundary=") else { return vec![] };
    let whole = mail.body().join("\n");
    let parts: Vec<String> =
        whole.split(&format!("--{}", boundary.trim_matches('"'))).map(str::to_string).collect();
    assert!(kind.starts_with("multipart/mixed") && parts.len() > 2, "{kind}");
    parts[1..parts.len() - 1].to_vec()
}

fn decoded(part: &str) -> Vec<u8> {
    let (_, body) = part.split_once("\n\n").expect("headers and a body");
    STANDARD.decode(body.replace('\n', "")).expect("base64")
}

fn the_sealed_letter_goes_with_the_mail_where_it_may(app: &TestApp) {
    let mailbox = Mailbox::open();
    let set = mailing(app, &mailbox, &["haizhu.example.cn"], true);
    ask_for_mail(&set, Caller::Street, "clerk@haizhu.example.cn", true);
    let campaign = id(&build::campaign(&set, Place::Own, &[Station]));
    let letter = build::letters(&set, Place::Own, &campaign)[0].clone();
    assert_eq!(round(&set), 1);
    let mail = &mailbox.mails()[0];
    let parts = parts(mail);
    assert_eq!((mail.to.as_str(), parts.len()), ("RCPT TO:<clerk@haizhu.example.cn>", 2));
    let number = letter["number"].as_str().expect("a number");
    let said = String::from_utf8(decoded(&parts[0])).expect("UTF-8");
    assert!(said.contains(&format!("附件：{number}.pdf")), "{said}");
    assert!(parts[1].contains("Content-Type: application/pdf"), "{}", parts[1]);
    assert!(parts[1].contains("Content-Disposition: attachment"), "{}", parts[1]);
    assert_eq!(decoded(&parts[1]), build::scan(&id(&letter)), "the sealed scan, byte by byte");

    // What left the house with it stands in the trail.
    let delivery = id(&mails(&set, "?state=delivered")[0]);
    let attached = || {
        set.sequence();
        let lines = set.as_(Caller::AuditAdmin).all(&format!("/audit?object_id={delivery}"));
        lines.iter().filter(|l| l["line"]["detail"]["attached"]["name"] == format!("{number}.pdf")).count()
    };
    assert_eq!(attached(), 1);

    // The same message again, from installations that do not let it out: it says what it says, and nothing goes with it.
    let again = |app: &TestApp| {
        let dead = schema::delivery::state.eq(DeliveryState::Dead);
        let give_up = move |tx: &mut Tx<'_>| {
            tx.housekeeping();
            diesel::update(schema::delivery::table).set(dead).execute(tx.conn())?;
            Ok(())
        };
        app.app.db.write_now(Stamp::system("tests", machine_now()), "test", give_up).expect("given up");
        app.as_(Caller::SecurityAdmin).post(&format!("/mail/deliveries/{delivery}/replay"), &json!({})).ok();
        assert_eq!(round(app), 1);
        mailbox.mails().pop().expect("a mail")
    };
    for (domains, letters) in
        [(&["haizhu.example.cn"][..], false), (&["other.example.cn"], true), (&[], true)]
    {
        let mail = again(&mailing(app, &mailbox, domains, letters));
        assert_eq!(self::parts(&mail), Vec::<String>::new());
        assert!(text(&mail).contains(number));
    }
    assert_eq!(attached(), 1);
    assert_eq!(self::parts(&again(&set)).len(), 2);
}
