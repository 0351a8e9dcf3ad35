//! The street's answer to a letter, what it becomes of the findings, and the letter board. What the board counts is counted
//! again here from the ledger's own lists. `operators` looks at the letters that are not the street's.

mod operators;

use super::app::TestApp;
use super::build::{self, Photo, id};
use super::client::Reply;
use super::findings::claim_body;
use super::letters::{close, drafted, inspected, take};
use super::people::{Caller, Place};
use super::scratch::fresh_folder;
use super::suite::{Suite, both};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use ureq::http::Method;
use yixun::access::{Places, Role};
use yixun::clock::Clock as _;
use yixun::directory::FacilityKind::Station;
use yixun::files::sha256_of;
use yixun::letters::Reader;
use yixun::verify::verify;
use yixun::{notices, replies};

pub fn register(suite: &mut Suite) {
    both!(suite:
        drafted_sealed_and_sent,
        sent_at_once_is_sent_once,
        what_a_reply_must_hold,
        an_answer_on_paper_wants_its_scan,
        a_line_that_is_refused_loses_nothing,
        the_newest_answer_counts,
        nobody_answers_in_time,
        the_document_tells_every_line,
        the_board_counts_what_the_ledger_holds,
        every_difference_keeps_the_loop_open,
        a_folder_for_the_document_system,
    );
    operators::register(suite);
}

/// A street's letter with three findings: of YK-02, YK-06 and YK-14, the last due within days.
struct Scene<'a> {
    app: &'a TestApp,
    campaign: String,
    letter: String,
    findings: Vec<String>,
}

const NUMBER: &str = "海幢街函〔2026〕5号";
const SIBLING: Caller = Caller::At(Role::Street, Place::Sibling);

impl<'a> Scene<'a> {
    fn new(app: &'a TestApp) -> Self {
        let campaign = id(&build::campaign(app, Place::District, &[Station]));
        let findings = inspected(app, Place::Own, Station, &campaign, &["YK-02", "YK-06", "YK-14"]);
        let letters = build::letters(app, Place::District, &campaign);
        Self { app, campaign, letter: id(&letters[0]), findings }
    }

    fn path(&self, rest: &str) -> String {
        format!("/letters/{}/replies{rest}", self.letter)
    }

    fn open(&self, body: &Value) -> Reply {
        self.app.as_(Caller::Street).post(&self.path(""), body)
    }

    fn send(&self, reply: &str) -> Reply {
        let today = yixun::clock::business_date(self.app.clock.now());
        let body = json!({"document_number": NUMBER, "replied_on": today});
        self.app.as_(Caller::Street).post(&self.path(&format!("/{reply}/send")), &body)
    }

    fn list(&self, by: Caller) -> Value {
        self.app.as_(by).get(&self.path("")).ok()
    }

    fn finding(&self, n: usize) -> Value {
        self.app.as_(Caller::Drafter).get(&format!("/findings/{}", self.findings[n])).ok()
    }

    fn board(&self, by: Caller) -> Value {
        self.app.as_(by).get(&format!("/letters/board?campaign_id={}", self.campaign)).ok()
    }

    /// The own street's row.
    fn row(&self) -> Value {
        self.board(Caller::Street)["streets"][0].clone()
    }

    fn told(&self, by: Caller, event: &str) -> usize {
        self.app.as_(by).all("/notices").iter().filter(|n| n["event"] == event).count()
    }

    fn waits(&self, by: Caller) -> (Value, Value) {
        let today = self.app.as_(by).get("/today").ok();
        let sections = today["sections"].as_array().cloned().unwrap_or_default();
        let found = sections.iter().find(|s| s["kind"] == "reply").expect("a section");
        (found["count"].clone(), found["late"].clone())
    }
}

fn rectified(finding: &str, proofs: &[&Photo]) -> Value {
    let photos: Vec<Value> = proofs.iter().map(|photo| photo.declared()).collect();
    json!({"finding": finding, "answer": "rectified", "claimed_on": "2026-08-03", "measures": "已更换并复查",
        "similar_check": "已排查全部楼层", "photos": photos})
}

fn in_progress(finding: &str) -> Value {
    json!({"finding": finding, "answer": "in_progress", "measures": "正在施工", "proposed_due": "2026-08-20"})
}

fn cannot(finding: &str, until: Option<&str>) -> Value {
    json!({"finding": finding, "answer": "cannot_in_time", "reason": "备件尚未到货", "proposed_due": until})
}

fn outcomes(reply: &Value) -> Vec<(String, Option<String>)> {
    let text = |v: &Value| v.as_str().map(str::to_string);
    let lines = reply["lines"].as_array().expect("lines");
    lines.iter().map(|line| (text(&line["outcome"]).unwrap_or_default(), text(&line["code"]))).collect()
}

fn drafted_sealed_and_sent(app: &TestApp) {
    let s = Scene::new(app);
    assert_eq!(s.waits(Caller::Street), (json!(1), json!(0)));
    let proof = Photo::new("after", None);
    let lines = json!([rectified(&s.findings[0], &[&proof]), in_progress(&s.findings[1])]);
    let made = s.open(&json!({"lines": lines, "remarks": "已组织全面排查"})).created();
    let reply = id(&made);
    assert_eq!((&made["state"], &made["answers"]["rectified"]), (&json!("draft"), &json!(1)));
    assert!(made["unit"].as_str().is_some_and(|unit| unit.contains("海幢")), "{made}");
    // A draft is the street's own affair.
    assert_eq!(s.list(Caller::Street)["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(s.list(Caller::Drafter)["items"], json!([]));
    let at = s.path(&format!("/{reply}"));
    app.as_(Caller::Drafter).get(&at).expect(404, "not_found");
    app.as_(Caller::Drafter).get(&format!("{at}/document.pdf")).expect(404, "not_found");
    for (path, status) in [(s.path(""), 404), (at.clone(), 404)] {
        assert_eq!(app.as_(SIBLING).get(&path).status, status);
    }
    app.as_(SIBLING).post(&s.path(""), &json!({})).expect(404, "not_found");
    s.open(&json!({})).expect(409, "reply_in_draft");
    // The first reply answers every open line.
    s.send(&reply).expect_at(409, "lines_unanswered", "/findings/2", "unanswered");
    let mut all = lines.as_array().cloned().expect("lines");
    all.push(cannot(&s.findings[2], Some("2026-12-31")));
    let body = json!({ "lines": all });
    app.as_(Caller::Street).patch(&at, None, &body).expect(428, "if_match_required");
    app.as_(Caller::Street).patch(&at, Some(9), &body).expect(412, "version_differs");
    let edited = app.as_(Caller::Street).patch(&at, Some(1), &body).ok();
    assert_eq!((&edited["revision"], &edited["remarks"]), (&json!(2), &json!("已组织全面排查")));
    let pdf = app.as_(Caller::Street).get(&format!("{at}/document.pdf"));
    assert!(pdf.status == 200 && pdf.bytes.starts_with(b"%PDF-"), "{}", pdf.told());
    let scan = build::scan(&reply);
    let put =
        app.as_(Caller::SecondStreet).bytes(Method::PUT, &format!("{at}/scan"), "application/pdf", &scan);
    assert_eq!(put.ok()["scan"]["sha256"], sha256_of(&scan));
    let sent = s.send(&reply).ok();
    assert_eq!((&sent["state"], &sent["document_number"]), (&json!("sent"), &json!(NUMBER)));
    assert_eq!(sent["late"], false);
    let expected = ["claimed", "recorded", "extension_asked"].map(|o| (o.to_string(), None));
    assert_eq!(outcomes(&sent), expected);
    // A claim, never a closing.
    let claimed = s.finding(0);
    assert_eq!(claimed["state"], "rectified");
    assert_eq!(claimed["rectifications"][0]["similar_check"], "已排查全部楼层");
    assert_eq!(s.finding(1)["state"], "served");
    assert_eq!(s.finding(2)["requests"][0]["kind"], "extension");
    proof.put(&app.as_(Caller::Street)).created();
    // Frozen.
    s.send(&reply).expect(409, "already_sent");
    app.as_(Caller::Street).patch(&at, Some(4), &body).expect(409, "already_sent");
    app.as_(Caller::Street)
        .bytes(Method::PUT, &format!("{at}/scan"), "application/pdf", &scan)
        .expect(409, "already_sent");
    let seen = s.list(Caller::Drafter);
    assert_eq!(seen["items"][0]["id"], json!(reply));
    let standing = &seen["standing"];
    assert_eq!((&standing["replied_on"], &standing["late"]), (&json!("2026-08-03"), &json!(false)));
    assert_eq!((&standing["open"], &standing["settled"]), (&json!(3), &json!(false)));
    assert_eq!(standing["answers"], json!({"rectified": 1, "in_progress": 1, "cannot_in_time": 1}));
    let read = app.as_(Caller::Drafter).get(&format!("{at}/scan.pdf"));
    assert_eq!((read.status, &read.bytes), (200, &scan));
    app.as_(SIBLING).get(&format!("{at}/scan.pdf")).expect(404, "not_found");
    assert_eq!(s.told(Caller::Drafter, "letter.replied"), 1);
    assert_eq!(s.waits(Caller::Street), (json!(0), json!(0)));
}

fn sent_at_once_is_sent_once(app: &TestApp) {
    let s = Scene::new(app);
    let proof = Photo::new("after", None);
    let mut lines = vec![rectified(&s.findings[0], &[&proof])];
    lines.extend(s.findings[1..].iter().map(|finding| cannot(finding, None)));
    let reply = id(&s.open(&json!({ "lines": lines })).created());
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let sending: Vec<_> = (0..4).map(|_| scope.spawn(|| s.send(&reply).status)).collect();
        sending.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409]);
    assert_eq!(s.finding(0)["rectifications"].as_array().map(Vec::len), Some(1));
    assert_eq!(s.told(Caller::Drafter, "letter.replied"), 1);
}

fn what_a_reply_must_hold(app: &TestApp) {
    let s = Scene::new(app);
    let elsewhere = inspected(app, Place::Sibling, Station, &s.campaign, &["YK-02"]);
    for (lines, pointer, code) in [
        (json!([cannot(&elsewhere[0], None)]), "/lines/0/finding", "not_in_letter"),
        (json!([cannot("440105007-2026-9999", None)]), "/lines/0/finding", "not_in_letter"),
        (
            json!([cannot(&s.findings[0], None), cannot(&s.findings[0], None)]),
            "/lines/1/finding",
            "duplicate",
        ),
        (
            json!([{"finding": s.findings[0], "answer": "rectified", "measures": "已改"}]),
            "/lines/0/claimed_on",
            "required",
        ),
        (json!([{"finding": s.findings[0], "answer": "in_progress"}]), "/lines/0/measures", "required"),
        (json!([{"finding": s.findings[0], "answer": "cannot_in_time"}]), "/lines/0/reason", "required"),
    ] {
        s.open(&json!({ "lines": lines })).expect_at(422, "invalid_request", pointer, code);
    }
    s.open(&json!({"document_number": "海幢街函[2026]5号"})).expect(422, "bad_number");
    s.open(&json!({"replied_on": "2026-08-04"})).expect(422, "out_of_range");
    s.open(&json!({"replied_on": "2026-08-02"})).expect(422, "out_of_range");
    assert_eq!(s.list(Caller::Street)["items"], json!([]), "nothing of it was stored");
    let named: Vec<Value> = s.finding(0)["number"].as_str().map(|n| cannot(n, None)).into_iter().collect();
    let reply = id(&s.open(&json!({ "lines": named })).created());
    let at = s.path(&format!("/{reply}"));
    let put = |rest: &str, bytes: &[u8]| {
        app.as_(Caller::Street).bytes(Method::POST, &format!("{at}{rest}"), "application/pdf", bytes)
    };
    put("/attachments?name=a.pdf", b"not a PDF").expect(422, "not_a_pdf");
    assert_eq!(put("/attachments", &build::scan("x")).status, 422, "an attachment has a name");
    let letters = app.as_(Caller::Street).get(&format!("/letters/{}/sealed-scan.pdf", s.letter)).bytes;
    put("/attachments?name=a.pdf", &letters).expect(422, "not_a_reply");
    let attached = put("/attachments?name=%E9%99%84%E4%BB%B6.pdf", &build::scan("attachment")).ok();
    let file = id(&attached["attachments"][0]);
    assert_eq!(attached["attachments"][0]["name"], "附件.pdf");
    let of_file = format!("/letters/{}/reply-files/{file}", s.letter);
    assert_eq!(app.as_(Caller::Street).get(&of_file).bytes, build::scan("attachment"));
    app.as_(Caller::Drafter).get(&of_file).expect(404, "not_found");
    app.as_(SIBLING).delete(&of_file).expect(404, "not_found");
    let report = verify(&app.app, &mut |trouble| panic!("{trouble}")).expect("a report");
    assert_eq!((report.missing, report.corrupt), (0, 0));
    let known = report.checked;
    app.as_(Caller::Street).delete(&of_file).done();
    let report = verify(&app.app, &mut |trouble| panic!("{trouble}")).expect("a report");
    assert_eq!(report.checked, known - 1, "a file of a reply is known as long as its row is there");
}

fn an_answer_on_paper_wants_its_scan(app: &TestApp) {
    let letters = drafted(app, &id(&build::campaign(app, Place::District, &[Station])));
    let letter = &letters[0];
    take(app, Caller::Drafter, letter, "submit").ok();
    take(app, Caller::Reviewer, letter, "approve").ok();
    take(app, Caller::Issuer, letter, "issue").ok();
    app.drain();
    let at = format!("/letters/{letter}/replies");
    let street = app.as_(Caller::Street);
    street.post(&at, &json!({})).expect(404, "not_found");
    build::seal(app, Caller::Registrar, letter).ok();
    let paper = json!({"letter_ids": [letter], "channel": "paper", "note": "专人送达"});
    app.as_(Caller::Registrar).post("/letters/batch/deliver", &paper).ok();
    // Nothing was found: there is no line to answer, and yet a reply.
    let reply = id(&street.post(&at, &json!({"remarks": "将继续做好日常管理"})).created());
    let send = || {
        let body = json!({"document_number": NUMBER, "replied_on": "2026-08-03"});
        street.post(&format!("{at}/{reply}/send"), &body)
    };
    send().expect(409, "scan_required");
    let scan = |text: &str| {
        let (path, bytes) = (format!("{at}/{reply}/scan"), build::scan(text));
        street.bytes(Method::PUT, &path, "application/pdf", &bytes).ok()["scan"]["sha256"].clone()
    };
    scan("the wrong one");
    assert_eq!(scan("the right one"), sha256_of(&build::scan("the right one")));
    assert_eq!(send().ok()["scan"]["sha256"], sha256_of(&build::scan("the right one")));
    assert_eq!(street.get(&at).ok()["standing"]["settled"], true, "no line, none open");
}

fn a_line_that_is_refused_loses_nothing(app: &TestApp) {
    let s = Scene::new(app);
    let proof = Photo::new("after", None);
    let claim = claim_body(app, &[&proof]);
    app.as_(Caller::Operator).post(&format!("/findings/{}/rectifications", s.findings[0]), &claim).ok();
    // YK-14 is due in three days: afterwards no more time can be asked for.
    app.advance(TimeDelta::days(5));
    let lines = json!([
        rectified(&s.findings[0], &[&Photo::new("after", None)]),
        rectified(&s.findings[1], &[]),
        cannot(&s.findings[2], Some("2026-12-31")),
    ]);
    let reply = id(&s.open(&json!({ "lines": lines })).created());
    let sent = s.send(&reply).ok();
    let expected = [
        ("claim_refused", Some("already_claimed")),
        ("claim_refused", Some("proof_required")),
        ("extension_refused", Some("overdue")),
    ];
    let expected = expected.map(|(outcome, code)| (outcome.to_string(), code.map(str::to_string)));
    assert_eq!(outcomes(&sent), expected);
    assert_eq!(sent["lines"][1]["measures"], "已更换并复查", "what was said stays said");
    assert_eq!(s.finding(0)["rectifications"].as_array().map(Vec::len), Some(1));
    for n in [1, 2] {
        let finding = s.finding(n);
        assert_eq!(
            (&finding["state"], &finding["rectifications"], &finding["requests"]),
            (&json!("served"), &json!([]), &json!([])),
            "a refused part leaves no trace"
        );
    }
    app.sequence();
    app.read(yixun::audit::verify);
}

fn the_newest_answer_counts(app: &TestApp) {
    let s = Scene::new(app);
    let lines: Vec<Value> = s.findings.iter().map(|finding| cannot(finding, None)).collect();
    s.send(&id(&s.open(&json!({ "lines": lines })).created())).ok();
    let empty = id(&s.open(&json!({})).created());
    s.send(&empty).expect(409, "nothing_answered");
    app.advance(TimeDelta::hours(1));
    let proof = Photo::new("after", None);
    let body = json!({"lines": [rectified(&s.findings[0], &[&proof])]});
    app.as_(Caller::Street).patch(&s.path(&format!("/{empty}")), Some(1), &body).ok();
    let second = s.send(&empty).ok();
    assert_eq!(outcomes(&second), [("claimed".to_string(), None)], "a supplement answers what it answers");
    let seen = s.list(Caller::Reviewer);
    assert_eq!(seen["items"].as_array().map(Vec::len), Some(2), "both are kept");
    assert_eq!(seen["standing"]["answers"], json!({"rectified": 1, "in_progress": 0, "cannot_in_time": 2}));
    assert_eq!(s.told(Caller::Drafter, "letter.replied"), 2);
}

fn nobody_answers_in_time(app: &TestApp) {
    let s = Scene::new(app);
    let tick = || replies::alert(&app.app.db, app.clock.now()).expect("told");
    assert_eq!(tick(), 0);
    app.clock.set("2026-11-06T15:59:00Z".parse().expect("a time"));
    assert_eq!(tick(), 0, "the last day is not over");
    assert_eq!(s.row()["letters"][0]["standing"]["reply_overdue"], false);
    app.clock.set("2026-11-06T16:00:00Z".parse().expect("a time"));
    assert_eq!((tick(), tick()), (2, 0), "each letter once");
    assert_eq!(s.told(Caller::Drafter, "letter.reply_overdue"), 2);
    assert_eq!(s.row()["letters"][0]["standing"]["reply_overdue"], true);
    assert_eq!(s.row()["figures"]["letters"]["reply_overdue"], 1);
    assert_eq!(
        (s.waits(Caller::Street), s.waits(Caller::Drafter)),
        ((json!(1), json!(1)), (json!(2), json!(2)))
    );
    let lines: Vec<Value> = s.findings.iter().map(|finding| cannot(finding, None)).collect();
    assert_eq!(s.send(&id(&s.open(&json!({ "lines": lines })).created())).ok()["late"], true);
    let row = s.row();
    assert_eq!(
        (&row["figures"]["letters"]["replied_late"], &row["figures"]["letters"]["reply_overdue"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(row["letters"][0]["standing"]["late"], true);
    assert_eq!(tick(), 0);
    // The street's digest tells only what still holds.
    app.clock.set("2026-11-09T02:00:00Z".parse().expect("a time"));
    notices::tell_due(&app.app).expect("the digests");
    let digests = |by: Caller| -> String {
        app.as_(by).all("/notices").iter().filter_map(|n| n["body"].as_str()).map(str::to_string).collect()
    };
    assert!(!digests(Caller::Street).contains("函件逾期未复"), "it has answered since");
    assert!(digests(SIBLING).contains("函件逾期未复"), "{}", digests(SIBLING));
}

fn the_document_tells_every_line(app: &TestApp) {
    let s = Scene::new(app);
    let proof = Photo::new("after", None);
    let lines = json!([
        rectified(&s.findings[0], &[&proof]),
        in_progress(&s.findings[1]),
        cannot(&s.findings[2], Some("2026-12-31")),
    ]);
    let reply = id(&s.open(&json!({"lines": lines, "remarks": "另：已约谈运营机构"})).created());
    let numbers: Vec<String> =
        (0..3).map(|n| s.finding(n)["number"].as_str().expect("a number").to_string()).collect();
    let letter = app.as_(Caller::Street).get(&format!("/letters/{}", s.letter)).ok();
    let said = || {
        let everywhere = Reader { inside: Places::default(), addressed: Places::everywhere() };
        let (letter, reply) = (s.letter.parse().expect("an id"), reply.parse().expect("an id"));
        let now = app.clock.now();
        let drawn = app.read(move |conn| replies::drawn_up(conn, &everywhere, letter, reply, now));
        let runs = app.app.typesetter.reply_layout(&drawn).expect("a layout");
        (drawn, runs.into_iter().map(|run| run.text).collect::<String>().replace('\u{200b}', ""))
    };
    let (draft, text) = said();
    for number in &numbers {
        assert!(text.contains(number.as_str()), "{number} in {text}");
    }
    assert_eq!(draft.rows.len(), 3);
    assert!(
        text.contains("来函所列问题共3个") && text.contains("已整改1个、整改中1个、无法按期1个"),
        "{text}"
    );
    assert!(text.contains("（共3项）") && text.contains("另：已约谈运营机构"), "{text}");
    assert!(draft.number.contains("〔2026〕\u{3000}号") && draft.day == "2026年\u{3000}月\u{3000}日");
    assert!(text.contains(letter["number"].as_str().expect("a number")), "{text}");
    s.send(&reply).ok();
    let (sent, _) = said();
    assert_eq!((sent.number.as_str(), sent.day.as_str()), (NUMBER, "2026年8月3日"));
    // What was sent stays, whatever becomes of the findings.
    proof.put(&app.as_(Caller::Street)).created();
    let checks = format!("/findings/{}/checks", s.findings[0]);
    let skipped = json!({"result": "skipped", "note": "街道未安排初核"});
    app.as_(Caller::SecondStreet).post(&checks, &skipped).ok();
    let closures = format!("/findings/{}/closures", s.findings[0]);
    app.as_(Caller::Drafter).post(&closures, &json!({"note": "材料齐全"})).ok();
    assert_eq!(said().0, sent);
}

/// Lines of one kind as the ledger has them: printed, closed, ended, open, overdue.
fn counted(app: &TestApp, numbers: &BTreeSet<String>, today: &str) -> [usize; 5] {
    let all = app.as_(Caller::Supervisor).all("/findings");
    let printed: Vec<&Value> =
        all.iter().filter(|f| f["number"].as_str().is_some_and(|n| numbers.contains(n))).collect();
    let state = |f: &Value| f["state"].as_str().unwrap_or_default().to_string();
    let count = |test: &dyn Fn(&Value) -> bool| printed.iter().filter(|f| test(f)).count();
    let ended = |f: &Value| matches!(state(f).as_str(), "withdrawn" | "terminated");
    let open = |f: &Value| state(f) != "closed" && !ended(f);
    [
        printed.len(),
        count(&|f| state(f) == "closed"),
        count(&ended),
        count(&open),
        count(&|f| open(f) && f["due_on"].as_str().is_some_and(|due| due < today)),
    ]
}

fn figures(lines: &Value) -> [usize; 5] {
    let number = |name: &str| lines[name].as_u64().and_then(|n| usize::try_from(n).ok()).expect("a count");
    assert_eq!(number("of"), number("printed") - number("ended"));
    ["printed", "closed", "ended", "open", "overdue"].map(number)
}

fn the_board_counts_what_the_ledger_holds(app: &TestApp) {
    // From before: carried over, and counted apart.
    let earlier = id(&build::campaign(app, Place::District, &[Station]));
    inspected(app, Place::Own, Station, &earlier, &["YK-18"]);
    app.clock.set("2026-10-08T02:00:00Z".parse().expect("a time"));
    let mut body = build::campaign_body(app, Place::District);
    (body["starts_on"], body["ends_on"]) = (json!("2026-10-01"), json!("2026-12-31"));
    body["reply_due"] = json!("2027-01-20");
    let campaign = id(&app.as_(Caller::Drafter).post("/campaigns", &body).created());
    let targets = format!("/campaigns/{campaign}/targets");
    app.as_(Caller::Drafter).post(&targets, &json!({"kinds": ["station"]})).ok();
    let found = inspected(app, Place::Own, Station, &campaign, &["YK-02", "YK-06", "YK-14"]);
    inspected(app, Place::Sibling, Station, &campaign, &["YK-02"]);
    let letters = build::letters(app, Place::District, &campaign);
    close(app, Place::Own, &found[0]);
    app.clock.set("2026-10-20T02:00:00Z".parse().expect("a time"));
    let acknowledge = format!("/letters/{}/acknowledge", id(&letters[0]));
    app.as_(Caller::Street).post(&acknowledge, &json!({})).ok();
    let board = app.as_(Caller::Supervisor).get(&format!("/letters/board?campaign_id={campaign}")).ok();
    let all = app.as_(Caller::Supervisor).all("/findings");
    let mut sums = [[0; 5]; 2];
    for (row, letter) in board["streets"].as_array().expect("streets").iter().zip(&letters) {
        assert_eq!(row["street_id"], letter["street_id"]);
        let printed: BTreeSet<String> = letter["findings"]
            .as_array()
            .expect("numbers")
            .iter()
            .filter_map(|n| n.as_str().map(str::to_string))
            .collect();
        let (own, carried): (BTreeSet<String>, _) = printed.into_iter().partition(|number| {
            all.iter().any(|f| f["number"] == json!(number) && f["campaign_id"] == json!(campaign))
        });
        for (n, (name, numbers)) in [("own", own), ("carried_over", carried)].into_iter().enumerate() {
            let expected = counted(app, &numbers, "2026-10-20");
            assert_eq!(figures(&row["figures"][name]), expected, "{name} of {}", row["street_name"]);
            sums[n].iter_mut().zip(expected).for_each(|(sum, n)| *sum += n);
        }
    }
    assert_eq!(sums[0][0..4], [4, 1, 0, 3], "of this campaign");
    assert_eq!(sums[1], [1, 0, 0, 1, 1], "carried over, and late");
    let district = &board["district"]["figures"];
    assert_eq!((figures(&district["own"]), figures(&district["carried_over"])), (sums[0], sums[1]));
    assert_eq!(
        district["letters"],
        json!({"sent": 2, "acknowledged": 1, "replied": 0, "replied_late": 0, "reply_overdue": 0})
    );
    assert_eq!(board["district"]["closed_loop"], false);
    // A street sees its own row and nobody else's.
    let own = app.as_(Caller::Street).get(&format!("/letters/board?campaign_id={campaign}")).ok();
    assert_eq!(own["streets"], json!([board["streets"][0]]));
    assert_eq!(own["district"]["streets"], 1);
    let outside = app.as_(Caller::At(Role::Street, Place::Elsewhere));
    outside.get(&format!("/letters/board?campaign_id={campaign}")).expect(404, "not_found");
}

fn every_difference_keeps_the_loop_open(app: &TestApp) {
    let s = Scene::new(app);
    let now = || {
        let row = s.row();
        let kinds: Vec<String> = row["differences"]
            .as_array()
            .expect("differences")
            .iter()
            .filter_map(|d| d["kind"].as_str().map(str::to_string))
            .collect();
        assert_eq!(row["figures"]["differences"], kinds.len());
        (row["closed_loop"] == true, row["figures"]["own"]["open"].clone(), kinds)
    };
    let kinds = |of: &[&str]| of.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(now(), (false, json!(3), vec![]));
    // The street says that all is put right; one of it is refused for want of proof.
    let proof = Photo::new("after", None);
    let lines: Vec<Value> = vec![
        rectified(&s.findings[0], &[&proof]),
        rectified(&s.findings[1], &[]),
        cannot(&s.findings[2], None),
    ];
    s.send(&id(&s.open(&json!({ "lines": lines })).created())).ok();
    proof.put(&app.as_(Caller::Street)).created();
    assert_eq!(now(), (false, json!(3), kinds(&["claim_pending", "claim_not_standing"])));
    let step = |n: usize, by: Caller, what: &str, body: &Value| {
        app.advance(TimeDelta::minutes(1));
        app.as_(by).post(&format!("/findings/{}/{what}", s.findings[n]), body).ok()
    };
    let skipped = json!({"result": "skipped", "note": "街道未安排初核"});
    step(0, Caller::SecondStreet, "checks", &skipped);
    step(0, Caller::Drafter, "closures", &json!({"note": "材料齐全，予以销号"}));
    assert_eq!(now(), (false, json!(2), kinds(&["claim_not_standing"])));
    close(app, Place::Own, &s.findings[1]);
    assert_eq!(now(), (false, json!(1), vec![]), "what is closed is as the street said");
    // The last line was a mistake: that is told by a letter, or remains a difference.
    step(2, Caller::Reviewer, "withdrawals", &json!({"reason": "误报"}));
    assert_eq!(now(), (false, json!(0), kinds(&["ended_after_print"])));
    let letters = app.as_(Caller::Registrar).all(&format!("/letters?campaign_id={}", s.campaign));
    correct(app, &s.letter, &id(&letters[1]));
    assert_eq!(now(), (true, json!(0), vec![]));
    assert_eq!(s.list(Caller::Street)["standing"]["settled"], true);
    // Whatever the campaign finds after its letter is unexplained, confirmed or not, settled or not.
    let station = app.world.facility(Place::Own, Station).to_string();
    let advice = build::inspection(app, &station, &["YK-18"]).of_campaign(&s.campaign).of_kind("supervision");
    let advice = id(&advice.put(&app.as_(Caller::ThirdParty)).created()["findings"][0]);
    assert_eq!(now(), (false, json!(0), kinds(&["unconfirmed"])));
    app.as_(Caller::Drafter).post(&format!("/findings/{advice}/confirmations"), &json!({})).ok();
    assert_eq!(now(), (false, json!(0), kinds(&["not_in_letter"])));
    app.as_(Caller::Reviewer)
        .post(&format!("/findings/{advice}/withdrawals"), &json!({"reason": "误报"}))
        .ok();
    assert_eq!(now(), (true, json!(0), vec![]), "a mistake that no letter printed is nothing");
}

/// Makes a delivered letter of the other street one to the own street that corrects another, issued now. Corrections are
/// drafted elsewhere; the board only has to know one.
fn correct(app: &TestApp, original: &str, letter: &str) {
    use diesel::prelude::*;
    use yixun::db::{Ts, schema};
    use yixun::ids::LetterId;
    let (original, letter): (LetterId, LetterId) =
        (original.parse().expect("an id"), letter.parse().expect("an id"));
    let (now, street) = (Ts::from(app.clock.now()), app.world.area(Place::Own));
    app.write(move |tx| {
        diesel::update(schema::letter::table.find(letter))
            .set((
                schema::letter::kind.eq("correction"),
                schema::letter::street_id.eq(street),
                schema::letter::original_id.eq(Some(original)),
                schema::letter::issued_at.eq(Some(now)),
                schema::letter::round.eq(9),
            ))
            .execute(tx.conn())?;
        Ok(())
    });
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder");
    let mut names: Vec<String> =
        entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn a_folder_for_the_document_system(app: &TestApp) {
    let folder = fresh_folder("export");
    let node = app.node_with(|config| config.letter_export_dir = Some(folder.clone()));
    let s = Scene::new(&node);
    // An attempt that broke off half-way.
    let leftover = folder.join(format!(".{}.broken", s.letter));
    std::fs::create_dir(&leftover).expect("a folder");
    std::fs::write(leftover.join("letter.pdf"), b"half").expect("a file");
    node.drain();
    let letter = app.as_(Caller::Registrar).get(&format!("/letters/{}", s.letter)).ok();
    let number = letter["number"].as_str().expect("a number");
    let made = names(&folder);
    assert!(made.len() == 2 && made.iter().any(|name| name == number), "{made:?}");
    let place = folder.join(number);
    assert_eq!(names(&place), ["letter.json", "letter.pdf", "sealed.pdf"]);
    let about: Value =
        serde_json::from_slice(&std::fs::read(place.join("letter.json")).expect("a file")).expect("JSON");
    assert_eq!((&about["id"], &about["number"]), (&json!(s.letter), &json!(number)));
    assert_eq!((&about["delivered_on"], &about["reply_due"]), (&json!("2026-08-03"), &letter["reply_due"]));
    for file in about["files"].as_array().expect("files") {
        let bytes = std::fs::read(place.join(file["name"].as_str().expect("a name"))).expect("a file");
        assert_eq!((&file["sha256"], &file["length"]), (&json!(sha256_of(&bytes)), &json!(bytes.len())));
    }
    // Once more changes nothing.
    let before = std::fs::metadata(place.join("letter.pdf")).and_then(|m| m.modified()).expect("a time");
    yixun::letters::export::export(&node.app, s.letter.parse().expect("an id")).expect("the same again");
    let after = std::fs::metadata(place.join("letter.pdf")).and_then(|m| m.modified()).expect("a time");
    assert_eq!((before, names(&folder)), (after, made));
    // Without the setting there is nothing to do.
    yixun::letters::export::export(&app.app, s.letter.parse().expect("an id")).expect("nothing");
}
