//! Letters from the draft to the document. What a letter prints is read back from its frozen snapshot, of which the
//! document must be the rendering, byte for byte; `golden` looks at where things stand on the page.

use super::app::TestApp;
use super::build::{self, Photo, id, inspection};
use super::client::Reply;
use super::faces;
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use yixun::access::{Holder, Places, Role, Scope};
use yixun::clock::{Clock as _, business_date, machine_now};
use yixun::db::types::Coded as _;
use yixun::db::{Actor, Stamp, Ts, Tx, schema};
use yixun::directory::FacilityKind::{self, Canteen, Station};
use yixun::fault::Fault;
use yixun::files::sha256_of;
use yixun::ids::LetterId;
use yixun::letters::letter::Letter;
use yixun::letters::{self, Sender, render};

pub fn register(suite: &mut Suite) {
    both!(suite:
        one_letter_for_every_street_with_targets,
        what_cannot_be_drafted,
        drafting_at_once_drafts_once,
        a_clerk_of_one_street_leaves_the_others_to_the_district,
        every_step_has_its_states,
        three_steps_three_persons,
        numbers_run_in_the_order_given,
        a_series_begins_anew_at_midnight_in_shanghai,
        one_that_cannot_be_issued_stops_all,
        batches_at_once_take_gapless_numbers,
        the_same_letters_at_once_are_issued_once,
        a_ledger_that_moved_stops_the_approval,
        a_ledger_that_moved_stops_the_issue,
        unconfirmed_findings_hold_a_letter_back,
        what_a_third_party_finds_after_the_submission_stops_the_letter,
        returned_and_submitted_again,
        the_reply_comes_after_the_letter,
        a_date_that_has_passed_is_given_anew,
        a_character_without_a_font_is_not_submitted,
        what_was_not_tried_is_not_approved,
        the_document_is_made_by_a_job_of_the_issue,
        what_was_issued_stays_whatever_the_ledger_does,
        a_rendering_done_twice_changes_nothing,
        a_rendering_whose_worker_died_is_done_by_another,
        a_rendering_that_failed_is_tried_again,
        an_editable_copy_for_insiders_in_every_state,
        a_street_sees_its_own_letter_once_it_is_delivered,
        a_clerk_here_is_an_addressee_there,
        letters_by_campaign_and_state,
        counts_in_the_text_are_rows_of_the_annex,
    );
}

/// Late enough for every test.
const REPLY_DUE: &str = "2027-03-01";

/// A campaign over the district with the stations of two streets as targets.
fn stations(app: &TestApp) -> String {
    id(&build::campaign(app, Place::District, &[Station]))
}

fn batch_of(campaign: &str) -> Value {
    json!({"campaign_id": campaign, "reply_due": REPLY_DUE})
}

fn listed(answer: &Value) -> Vec<Value> {
    answer["letters"].as_array().unwrap_or_else(|| panic!("no letters in {answer}")).clone()
}

/// Drafts the letters of a campaign; the own street's comes first.
#[track_caller]
pub fn drafted(app: &TestApp, campaign: &str) -> Vec<String> {
    let answer = app.as_(Caller::Drafter).post("/letters/batch", &batch_of(campaign)).created();
    listed(&answer).iter().map(id).collect()
}

/// Takes a step of a letter.
pub fn take(app: &TestApp, by: Caller, letter: &str, step: &str) -> Reply {
    let path = format!("/letters/{letter}/{step}");
    match step {
        "issue" => app.as_(by).post("/letters/batch/issue", &json!({"letter_ids": [letter]})),
        "return" => app.as_(by).post(&path, &json!({"reason": "表述有误，请修改"})),
        _ => app.as_(by).post(&path, &json!({})),
    }
}

/// Who takes a step in daily work.
fn usual(step: &str) -> Caller {
    match step {
        "submit" => Caller::Drafter,
        "issue" => Caller::Issuer,
        _ => Caller::Reviewer,
    }
}

#[track_caller]
fn advance(app: &TestApp, letter: &str, steps: &[&str]) {
    for step in steps {
        take(app, usual(step), letter, step).ok();
    }
}

/// Drafts the letters of a campaign and takes them to the approval.
#[track_caller]
fn approved(app: &TestApp, campaign: &str) -> Vec<String> {
    let letters = drafted(app, campaign);
    letters.iter().for_each(|letter| advance(app, letter, &["submit", "approve"]));
    letters
}

fn issue<Id: serde::Serialize>(app: &TestApp, letters: &[Id]) -> Reply {
    app.as_(Caller::Issuer).post("/letters/batch/issue", &json!({ "letter_ids": letters }))
}

#[track_caller]
fn view(app: &TestApp, letter: &str) -> Value {
    app.as_(Caller::Registrar).get(&format!("/letters/{letter}")).ok()
}

fn document(app: &TestApp, by: Caller, letter: &str) -> Reply {
    app.as_(by).get(&format!("/letters/{letter}/document.pdf"))
}

/// The step is refused with this code, and the letter is as it was.
#[track_caller]
fn is_refused(app: &TestApp, by: Caller, letter: &str, step: &str, code: &str) {
    let before = view(app, letter);
    let reply = take(app, by, letter, step);
    if step == "issue" {
        reply.expect_at(409, "not_all_issuable", "/letter_ids/0", code);
    } else {
        reply.expect(409, code);
    }
    assert_eq!(view(app, letter), before, "{step}");
}

/// The letter as it was frozen.
pub fn snapshot(app: &TestApp, letter: &str) -> Letter {
    let letter: LetterId = letter.parse().expect("an id");
    let kept: Option<String> = app
        .read(|conn| Ok(schema::letter::table.find(letter).select(schema::letter::snapshot).first(conn)?));
    serde_json::from_str(&kept.expect("a submitted letter")).expect("a letter")
}

/// A bureau officer's whole inspection of the template's facility for a campaign; gives its findings.
#[track_caller]
pub fn inspected(
    app: &TestApp,
    place: Place,
    kind: FacilityKind,
    campaign: &str,
    failing: &[&str],
) -> Vec<String> {
    let facility = app.world.facility(place, kind).to_string();
    let built = inspection(app, &facility, failing).of_campaign(campaign);
    let answer = built.put_whole(&app.as_(Caller::Inspector));
    answer["findings"].as_array().expect("findings").iter().map(id).collect()
}

/// Takes a served 一般 finding that a photo proves off the ledger.
#[track_caller]
pub fn close(app: &TestApp, place: Place, finding: &str) {
    let street = app.as_(Caller::At(Role::Street, place));
    let at = |step: &str| format!("/findings/{finding}/{step}");
    let proof = Photo::new("after", None);
    let today = business_date(app.clock.now());
    let claim = json!({"claimed_on": today, "measures": "已按要求整改", "photos": [proof.declared()]});
    street.post(&at("rectifications"), &claim).ok();
    proof.put(&street).created();
    street.post(&at("checks"), &json!({"result": "skipped", "note": "街道未安排初核"})).ok();
    app.as_(Caller::Drafter).post(&at("closures"), &json!({"note": "材料齐全，予以销号"})).ok();
}

/// State, attempts, fencing number and error of a rendering.
type Rendering = (String, i32, i64, Option<String>);

fn rendering(state: &str, attempts: i32) -> Rendering {
    (state.into(), attempts, attempts.into(), None)
}

fn renderings(app: &TestApp) -> Vec<Rendering> {
    use schema::job;
    app.read(|conn| {
        let of_kind = job::table.filter(job::kind.eq("render_letter")).order(job::id);
        Ok(of_kind.select((job::state, job::attempts, job::fence, job::last_error)).load(conn)?)
    })
}

/// Puts every job into a state, due a minute ago.
fn set_jobs(app: &TestApp, state: &'static str, lease_until: Option<DateTime<Utc>>) {
    use schema::job;
    let due = Ts::from(machine_now() - TimeDelta::minutes(1));
    app.write(move |tx| {
        let lease = job::lease_until.eq(lease_until.map(Ts::from));
        let jobs = diesel::update(job::table).set((job::state.eq(state), job::run_at.eq(due), lease));
        jobs.execute(tx.conn())?;
        Ok(())
    });
}

/// The pointers of a problem.
fn pointers(problem: &Value) -> BTreeSet<String> {
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| error["pointer"].as_str().expect("a pointer").to_string()).collect()
}

fn one_letter_for_every_street_with_targets(app: &TestApp) {
    let campaign = stations(app);
    let drafter = app.as_(Caller::Drafter);
    let letters = listed(&drafter.post("/letters/batch", &batch_of(&campaign)).created());
    let streets: Vec<Value> = letters.iter().map(|letter| letter["street_id"].clone()).collect();
    assert_eq!(streets, [Place::Own, Place::Sibling].map(|place| json!(app.world.area(place))), "by code");
    for letter in &letters {
        assert_eq!(letter["batch_id"], letters[0]["batch_id"]);
        assert_eq!(
            (&letter["state"], &letter["round"], &letter["revision"]),
            (&json!("draft"), &json!(1), &json!(1))
        );
        assert_eq!((&letter["campaign_id"], &letter["reply_due"]), (&json!(campaign), &json!(REPLY_DUE)));
        assert_eq!(letter["drafted_by"], app.user(Caller::Drafter));
        for later in ["number", "as_of", "submitted_by", "approved_by", "issued_by", "document"] {
            assert!(letter[later].is_null(), "{later}: {letter}");
        }
        assert_eq!(&view(app, &id(letter)), letter);
    }
    for again in [Caller::Drafter, Caller::SecondDrafter] {
        app.as_(again).post("/letters/batch", &batch_of(&campaign)).expect(409, "already_drafted");
    }
    assert_eq!(drafter.all("/letters"), letters);
    assert_eq!(drafted(app, &stations(app)).len(), 2, "another campaign has letters of its own");
}

fn what_cannot_be_drafted(app: &TestApp) {
    let drafter = app.as_(Caller::Drafter);
    let draft = |campaign: &str| drafter.post("/letters/batch", &batch_of(campaign));
    let bare = drafter.post("/campaigns", &build::campaign_body(app, Place::District)).created();
    draft(&id(&bare)).expect(409, "nothing_to_draft");
    draft(&build::uuid().to_string()).expect(404, "not_found");
    draft(&id(&build::campaign(app, Place::Elsewhere, &[Station]))).expect(404, "not_found");
    let mut body = batch_of(&stations(app));
    body["number"] = json!("演示函〔2026〕99号");
    drafter.post("/letters/batch", &body).expect_at(422, "invalid_request", "/number", "unknown_field");
    assert!(drafter.all("/letters").is_empty());
}

fn drafting_at_once_drafts_once(app: &TestApp) {
    let campaign = stations(app);
    let node = app.second_node();
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let draft = |n: usize| {
            let at = if n.is_multiple_of(2) { app } else { &node };
            at.as_(Caller::Drafter).post("/letters/batch", &batch_of(&campaign))
        };
        let calls: Vec<_> = (0..4).map(|n| scope.spawn(move || draft(n).status)).collect();
        calls.into_iter().map(|call| call.join().expect("an answer")).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
    assert_eq!(app.as_(Caller::Drafter).all("/letters").len(), 2);
}

fn a_clerk_of_one_street_leaves_the_others_to_the_district(app: &TestApp) {
    let campaign = stations(app);
    for (caller, place) in
        [(Caller::At(Role::Drafter, Place::Own), Place::Own), (Caller::Drafter, Place::Sibling)]
    {
        let answer = app.as_(caller).post("/letters/batch", &batch_of(&campaign)).created();
        let streets: Vec<Value> = listed(&answer).iter().map(|letter| letter["street_id"].clone()).collect();
        assert_eq!(streets, [json!(app.world.area(place))]);
        app.as_(caller).post("/letters/batch", &batch_of(&campaign)).expect(409, "already_drafted");
    }
}

fn every_step_has_its_states(app: &TestApp) {
    let letters = drafted(app, &stations(app));
    let letter = &letters[0];
    let stands = |state: &str, refused: &[&str]| {
        assert_eq!(view(app, letter)["state"], state);
        refused.iter().for_each(|step| is_refused(app, usual(step), letter, step, "wrong_state"));
    };
    stands("draft", &["approve", "return", "issue"]);
    advance(app, letter, &["submit"]);
    stands("in_review", &["submit", "issue"]);
    advance(app, letter, &["return"]);
    stands("returned", &["approve", "return", "issue"]);
    advance(app, letter, &["submit", "approve"]);
    stands("approved", &["submit", "approve"]);
    advance(app, letter, &["issue"]);
    stands("issued", &["submit", "approve", "return", "issue"]);
    app.drain();
    stands("document_ready", &["submit", "approve", "return", "issue"]);
    build::seal(app, Caller::Registrar, letter).ok();
    stands("sealed", &["submit", "approve", "return", "issue"]);
    build::deliver(app, Caller::Registrar, &[letter]).ok();
    stands("delivered", &["submit", "approve", "return", "issue"]);
    let elsewhere = Caller::At(Role::Reviewer, Place::Elsewhere);
    take(app, elsewhere, &letters[1], "approve").expect(404, "not_found");
}

/// Gives somebody more roles in the district.
fn also(app: &TestApp, caller: Caller, roles: &[Role]) {
    let path = format!("/users/{}/grants", app.user(caller));
    for role in roles {
        let grant = json!({"role": role.code(), "area_id": app.world.area(Place::District)});
        app.as_(Caller::SecurityAdmin).post(&path, &grant).created();
    }
}

fn three_steps_three_persons(app: &TestApp) {
    let (all_three, two) = (Caller::SecondDrafter, Caller::SecondReviewer);
    also(app, all_three, &[Role::Reviewer, Role::Issuer]);
    also(app, two, &[Role::Issuer]);
    let letters = drafted(app, &stations(app));
    let letter = &letters[0];
    take(app, all_three, letter, "submit").ok();
    is_refused(app, all_three, letter, "approve", "own_work");
    is_refused(app, all_three, letter, "return", "own_work");
    take(app, two, letter, "approve").ok();
    is_refused(app, all_three, letter, "issue", "own_work");
    is_refused(app, all_three, letter, "return", "own_work");
    is_refused(app, two, letter, "issue", "own_work");
    let issued = listed(&take(app, Caller::Issuer, letter, "issue").ok())[0].clone();
    for (step, caller) in [
        ("drafted_by", Caller::Drafter),
        ("submitted_by", all_three),
        ("approved_by", two),
        ("issued_by", Caller::Issuer),
    ] {
        assert_eq!(issued[step], app.user(caller), "{step}");
    }
    // Who submitted first is free once another has submitted anew.
    let again = &letters[1];
    take(app, all_three, again, "submit").ok();
    advance(app, again, &["return", "submit"]);
    take(app, all_three, again, "approve").ok();
    advance(app, again, &["issue"]);
}

fn numbers(answer: &Value) -> Vec<String> {
    listed(answer).iter().map(|letter| letter["number"].as_str().expect("a number").to_string()).collect()
}

fn numbers_run_in_the_order_given(app: &TestApp) {
    let (first, second) = (approved(app, &stations(app)), approved(app, &stations(app)));
    let given = [&second[1], &first[0], &first[1]];
    let answer = issue(app, &given).ok();
    assert_eq!(listed(&answer).iter().map(id).collect::<Vec<_>>(), given.map(String::clone));
    assert_eq!(numbers(&answer), ["演示函〔2026〕1号", "演示函〔2026〕2号", "演示函〔2026〕3号"]);
    assert_eq!(numbers(&issue(app, &second[..1]).ok()), ["演示函〔2026〕4号"]);
    for (n, letter) in given.into_iter().chain(&second[..1]).enumerate() {
        let printed = snapshot(app, letter);
        assert_eq!(printed.number, Some(format!("演示函〔2026〕{}号", n + 1)));
        assert_eq!(printed.date, business_date(app.clock.now()));
        let at: DateTime<Utc> =
            view(app, letter)["issued_at"].as_str().expect("a time").parse().expect("a time");
        assert_eq!(at, app.clock.now());
    }
}

fn a_series_begins_anew_at_midnight_in_shanghai(app: &TestApp) {
    let (first, second) = (approved(app, &stations(app)), approved(app, &stations(app)));
    for (at, letter, number, day) in [
        ("2026-12-31T15:59:59Z", &first[0], "演示函〔2026〕1号", "2026-12-31"),
        ("2026-12-31T15:59:59.999999Z", &first[1], "演示函〔2026〕2号", "2026-12-31"),
        ("2026-12-31T16:00:00Z", &second[0], "演示函〔2027〕1号", "2027-01-01"),
        ("2027-01-01T16:00:00Z", &second[1], "演示函〔2027〕2号", "2027-01-02"),
    ] {
        app.clock.set(at.parse().expect("a time"));
        assert_eq!(numbers(&issue(app, &[letter]).ok()), [number], "{at}");
        assert_eq!(snapshot(app, letter).date, day.parse::<NaiveDate>().expect("a day"), "{at}");
    }
}

fn one_that_cannot_be_issued_stops_all(app: &TestApp) {
    let letters = drafted(app, &stations(app));
    let (good, open) = (&letters[0], &letters[1]);
    advance(app, good, &["submit", "approve"]);
    advance(app, open, &["submit"]);
    let before = [view(app, good), view(app, open)];
    let reply = issue(app, &[good, open, good]);
    reply.expect_at(409, "not_all_issuable", "/letter_ids/1", "wrong_state");
    reply.expect_at(409, "not_all_issuable", "/letter_ids/2", "duplicate");
    assert_eq!(pointers(&reply.json).len(), 2, "the good one is not named: {}", reply.told());
    issue(app, &[good.clone(), build::uuid().to_string()]).expect(404, "not_found");
    let elsewhere = id(&build::campaign(app, Place::Elsewhere, &[Station]));
    let theirs =
        app.as_(Caller::At(Role::Drafter, Place::Elsewhere)).post("/letters/batch", &batch_of(&elsewhere));
    issue(app, &[good.clone(), id(&listed(&theirs.created())[0])]).expect(404, "not_found");
    issue::<String>(app, &[]).expect(422, "invalid_request");
    issue(app, &[good; 201]).expect(422, "invalid_request");
    assert_eq!([view(app, good), view(app, open)], before);
    assert_eq!((renderings(app), app.drain()), (vec![], 0));
    advance(app, open, &["approve"]);
    let issued = issue(app, &[open, good]).ok();
    assert_eq!(numbers(&issued), ["演示函〔2026〕1号", "演示函〔2026〕2号"], "no number was taken before");
}

/// Issues batches at the same time, on two nodes.
fn issue_at_once(app: &TestApp, batches: &[Vec<String>]) -> Vec<Reply> {
    let node = app.second_node();
    std::thread::scope(|scope| {
        let at = |n: usize| if n.is_multiple_of(2) { app } else { &node };
        let calls = batches.iter().enumerate().map(|(n, batch)| scope.spawn(move || issue(at(n), batch)));
        let calls: Vec<_> = calls.collect();
        calls.into_iter().map(|call| call.join().expect("an answer")).collect()
    })
}

fn sequence_number(number: &str) -> u32 {
    let digits = number.strip_prefix("演示函〔2026〕").and_then(|rest| rest.strip_suffix('号'));
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("{number}"))
}

fn batches_at_once_take_gapless_numbers(app: &TestApp) {
    let batches: Vec<Vec<String>> = (0..4).map(|_| approved(app, &stations(app))).collect();
    let mut taken = vec![];
    for reply in issue_at_once(app, &batches) {
        let batch: Vec<u32> = numbers(&reply.ok()).iter().map(|number| sequence_number(number)).collect();
        assert_eq!(batch[1], batch[0] + 1, "a batch is consecutive");
        taken.extend(batch);
    }
    taken.sort_unstable();
    assert_eq!(taken, (1..=8).collect::<Vec<u32>>());
}

fn the_same_letters_at_once_are_issued_once(app: &TestApp) {
    let letters = approved(app, &stations(app));
    let backwards: Vec<String> = letters.iter().rev().cloned().collect();
    let replies = issue_at_once(app, &[letters.clone(), backwards.clone(), letters.clone(), backwards]);
    let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409]);
    let taken =
        letters.iter().map(|letter| sequence_number(view(app, letter)["number"].as_str().expect("a number")));
    assert_eq!(taken.collect::<BTreeSet<u32>>(), BTreeSet::from([1, 2]));
    assert_eq!(renderings(app).len(), 2);
}

/// What of a finding stands in a letter, wherever in it: the pointers of what moves when one of two is closed.
const OF_THE_FIRST: [&str; 5] = [
    "/body/2/text",
    "/indicators/rows/2/rate",
    "/indicators/rows/2/value",
    "/issues/rows/0/closed",
    "/issues/rows/0/standing",
];

fn a_ledger_that_moved_stops_the_approval(app: &TestApp) {
    let campaign = stations(app);
    let findings = inspected(app, Place::Own, Station, &campaign, &["YK-02", "YK-06"]);
    let elsewhere = inspected(app, Place::Sibling, Station, &campaign, &["YK-02"]);
    let letters = drafted(app, &campaign);
    letters.iter().for_each(|letter| advance(app, letter, &["submit"]));
    close(app, Place::Sibling, &elsewhere[0]);
    advance(app, &letters[0], &["approve"]);
    advance(app, &letters[0], &["return", "submit"]);
    close(app, Place::Own, &findings[0]);
    let before = view(app, &letters[0]);
    let problem = take(app, Caller::Reviewer, &letters[0], "approve").expect(409, "facts_changed");
    let differ = pointers(&problem);
    for pointer in OF_THE_FIRST {
        assert!(differ.contains(pointer), "{pointer} is not among {differ:?}");
    }
    assert!(differ.iter().all(|pointer| !pointer.starts_with("/issues/rows/1")), "{differ:?}");
    assert_eq!(view(app, &letters[0]), before);
    is_refused(app, Caller::Reviewer, &letters[1], "approve", "facts_changed");
    advance(app, &letters[0], &["return", "submit", "approve"]);
    let rows = snapshot(app, &letters[0]).issues.expect("an annex").rows;
    assert_eq!(rows.iter().map(|row| row.closed).collect::<Vec<_>>(), [true, false]);
}

fn a_ledger_that_moved_stops_the_issue(app: &TestApp) {
    let campaign = stations(app);
    let findings = inspected(app, Place::Own, Station, &campaign, &["YK-02", "YK-06"]);
    let letters = approved(app, &campaign);
    close(app, Place::Own, &findings[0]);
    let before = [view(app, &letters[0]), view(app, &letters[1])];
    let reply = issue(app, &[&letters[1], &letters[0]]);
    reply.expect_at(409, "not_all_issuable", "/letter_ids/1", "facts_changed");
    for pointer in OF_THE_FIRST {
        reply.expect_at(409, "not_all_issuable", &format!("/letter_ids/1{pointer}"), "differs");
    }
    let differ = pointers(&reply.json);
    assert!(differ.iter().all(|pointer| pointer.starts_with("/letter_ids/1")), "{differ:?}");
    assert_eq!([view(app, &letters[0]), view(app, &letters[1])], before);
    advance(app, &letters[0], &["return"]);
    close(app, Place::Own, &findings[1]);
    advance(app, &letters[0], &["submit", "approve"]);
    assert_eq!(numbers(&issue(app, &letters).ok()), ["演示函〔2026〕1号", "演示函〔2026〕2号"]);
    assert!(snapshot(app, &letters[0]).text().contains("上述问题均已完成整改并销号。"));
}

fn unconfirmed_findings_hold_a_letter_back(app: &TestApp) {
    let campaign = stations(app);
    let station = app.world.facility(Place::Own, Station).to_string();
    let seen = inspection(app, &station, &["YK-02", "YK-06"]).of_campaign(&campaign).of_kind("supervision");
    let findings = seen.put_whole(&app.as_(Caller::ThirdParty))["findings"].clone();
    let (advice, mistake) = (&findings[0], &findings[1]);
    let letters = drafted(app, &campaign);
    advance(app, &letters[1], &["submit"]);
    let is_held_by = |held: &[&Value], free: &[&Value]| {
        is_refused(app, Caller::Drafter, &letters[0], "submit", "unconfirmed_findings");
        let detail = take(app, Caller::Drafter, &letters[0], "submit").json["detail"].to_string();
        let named = |finding: &&Value| detail.contains(finding["number"].as_str().expect("a number"));
        assert!(held.iter().all(named) && !free.iter().any(named), "{detail}");
    };
    is_held_by(&[advice, mistake], &[]);
    let confirm = format!("/findings/{}/confirmations", id(advice));
    app.as_(Caller::Drafter).post(&confirm, &json!({})).ok();
    is_held_by(&[mistake], &[advice]);
    let withdraw = format!("/findings/{}/withdrawals", id(mistake));
    app.as_(Caller::Reviewer).post(&withdraw, &json!({"reason": "现场核实为误报"})).ok();
    advance(app, &letters[0], &["submit"]);
    assert_eq!(view(app, &letters[0])["findings"], json!([advice["number"]]));
    let rows = snapshot(app, &letters[0]).issues.expect("an annex").rows;
    assert_eq!((rows[0].due.as_str(), rows[0].standing.as_str()), ("—", "待送达"), "not served: no due day");
}

fn what_a_third_party_finds_after_the_submission_stops_the_letter(app: &TestApp) {
    let campaign = stations(app);
    let letters = drafted(app, &campaign);
    let station = app.world.facility(Place::Own, Station).to_string();
    let find = |code: &str| {
        let seen = inspection(app, &station, &[code]).of_campaign(&campaign).of_kind("supervision");
        id(&seen.put(&app.as_(Caller::ThirdParty)).created()["findings"][0])
    };
    let withdraw = |finding: &str| {
        let path = format!("/findings/{finding}/withdrawals");
        app.as_(Caller::Reviewer).post(&path, &json!({"reason": "现场核实为误报"})).ok();
    };
    letters.iter().for_each(|letter| advance(app, letter, &["submit"]));
    let first = find("YK-02");
    is_refused(app, Caller::Reviewer, &letters[0], "approve", "unconfirmed_findings");
    advance(app, &letters[1], &["approve"]);
    withdraw(&first);
    advance(app, &letters[0], &["approve"]);
    let second = find("YK-06");
    is_refused(app, Caller::Issuer, &letters[0], "issue", "unconfirmed_findings");
    withdraw(&second);
    issue(app, &letters).ok();
}

fn returned_and_submitted_again(app: &TestApp) {
    let letter = &drafted(app, &stations(app))[0];
    let back = |by: Caller, reason: &str| {
        app.as_(by).post(&format!("/letters/{letter}/return"), &json!({ "reason": reason }))
    };
    advance(app, letter, &["submit"]);
    back(Caller::Reviewer, "短").expect_at(422, "invalid_request", "/reason", "out_of_range");
    app.as_(Caller::Reviewer)
        .post(&format!("/letters/{letter}/return"), &json!({}))
        .expect(422, "invalid_request");
    let returned = back(Caller::Reviewer, "主送机关有误").ok();
    assert_eq!(
        (&returned["state"], &returned["returned_reason"]),
        (&json!("returned"), &json!("主送机关有误"))
    );
    app.advance(TimeDelta::hours(1));
    let again = take(app, Caller::SecondDrafter, letter, "submit").ok();
    assert!(again["returned_reason"].is_null(), "{again}");
    assert_eq!(again["submitted_by"], app.user(Caller::SecondDrafter));
    assert_ne!(again["as_of"], returned["as_of"], "the facts are read anew");
    advance(app, letter, &["approve"]);
    let from_above = back(Caller::Issuer, "请核对数字").ok();
    assert_eq!(from_above["returned_reason"], "请核对数字");
    let anew = take(app, Caller::Drafter, letter, "submit").ok();
    assert!(anew["approved_by"].is_null(), "an approval does not outlive the text that it was for: {anew}");
    is_refused(app, Caller::Issuer, letter, "issue", "wrong_state");
    advance(app, letter, &["approve", "issue"]);
    use schema::letter_event as event;
    let of: LetterId = letter.parse().expect("an id");
    let history: Vec<(String, Option<String>)> = app.read(|conn| {
        let events = event::table.filter(event::letter_id.eq(of)).order(event::seq);
        Ok(events.select((event::kind, event::reason)).load(conn)?)
    });
    let kinds: Vec<&str> = history.iter().map(|(kind, _)| kind.as_str()).collect();
    let steps = ["draft", "submit", "return", "submit", "approve", "return", "submit", "approve", "issue"];
    assert_eq!(kinds, steps);
    assert_eq!(
        (history[2].1.as_deref(), history[5].1.as_deref()),
        (Some("主送机关有误"), Some("请核对数字"))
    );
}

fn the_reply_comes_after_the_letter(app: &TestApp) {
    let campaign = stations(app);
    let due = |day: &str| {
        let body = json!({"campaign_id": campaign, "reply_due": day});
        app.as_(Caller::Drafter).post("/letters/batch", &body)
    };
    for past in ["2026-08-03", "2026-08-02", "2025-12-31"] {
        due(past).expect_at(422, "reply_due_in_past", "/reply_due", "reply_due_in_past");
    }
    due("2026-02-30").expect_at(422, "invalid_request", "/reply_due", "wrong_type");
    let letters: Vec<String> = listed(&due("2026-08-05").created()).iter().map(id).collect();
    advance(app, &letters[0], &["submit", "approve"]);
    // The last moment of 4 August in Guangzhou, then the first of the 5th.
    app.clock.set("2026-08-04T15:59:59Z".parse().expect("a time"));
    advance(app, &letters[0], &["return", "submit", "approve"]);
    app.clock.set("2026-08-04T16:00:00Z".parse().expect("a time"));
    is_refused(app, Caller::Issuer, &letters[0], "issue", "reply_due_in_past");
    is_refused(app, Caller::Drafter, &letters[1], "submit", "reply_due_not_after_date");
    app.clock.set("2026-08-04T15:59:59Z".parse().expect("a time"));
    advance(app, &letters[0], &["issue"]);
    assert_eq!(snapshot(app, &letters[0]).number.as_deref(), Some("演示函〔2026〕1号"));
}

fn a_date_that_has_passed_is_given_anew(app: &TestApp) {
    let campaign = stations(app);
    let body = json!({"campaign_id": campaign, "reply_due": "2026-08-05"});
    let drafted = app.as_(Caller::Drafter).post("/letters/batch", &body).created();
    let letter = id(&drafted["letters"][0]);
    app.clock.set("2026-08-05T02:00:00Z".parse().expect("a time"));
    is_refused(app, Caller::Drafter, &letter, "submit", "reply_due_not_after_date");
    let (path, later) = (format!("/letters/{letter}"), json!({"reply_due": "2026-09-01"}));
    let change = |revision, body: &Value| app.as_(Caller::Drafter).patch(&path, revision, body);
    change(None, &later).expect(428, "if_match_required");
    change(Some(7), &later).expect(412, "version_differs");
    let past = json!({"reply_due": "2026-08-05"});
    change(Some(1), &past).expect_at(422, "reply_due_in_past", "/reply_due", "reply_due_in_past");
    assert_eq!(change(Some(1), &later).ok()["reply_due"], "2026-09-01");
    advance(app, &letter, &["submit"]);
    change(Some(3), &json!({"reply_due": "2026-09-02"})).expect(409, "wrong_state");
    advance(app, &letter, &["approve", "issue"]);
}

fn a_character_without_a_font_is_not_submitted(app: &TestApp) {
    let campaign = stations(app);
    let mut findings = vec![];
    let unknown = [(Place::Own, '😀', "U+1F600"), (Place::Sibling, '\u{2a6d6}', "U+2A6D6")];
    for (place, character, _) in unknown {
        let station = app.world.facility(place, Station).to_string();
        let mut built = inspection(app, &station, &["YK-02"]).of_campaign(&campaign);
        let answers = built.body["answers"].as_array_mut().expect("answers");
        let failing = answers.iter_mut().find(|answer| answer["outcome"] == "fail").expect("a failing item");
        failing["note"] = json!(format!("门口堆放{character}杂物"));
        findings.push(id(&built.put_whole(&app.as_(Caller::Inspector))["findings"][0]));
    }
    let letters = drafted(app, &campaign);
    for ((letter, finding), (_, character, code)) in letters.iter().zip(&findings).zip(unknown) {
        let before = view(app, letter);
        let problem = take(app, Caller::Drafter, letter, "submit").expect(422, "missing_glyph");
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(detail.contains(character) && detail.contains(code), "{detail}");
        assert_eq!(view(app, letter), before);
        is_refused(app, Caller::Issuer, letter, "issue", "wrong_state");
        let withdraw = format!("/findings/{finding}/withdrawals");
        app.as_(Caller::Reviewer).post(&withdraw, &json!({"reason": "文字无法排印，另行登记"})).ok();
        advance(app, letter, &["submit", "approve", "issue"]);
    }
}

/// Between the trial and the approval the letter came back with another text: that one has not been tried.
fn what_was_not_tried_is_not_approved(app: &TestApp) {
    let letter = &drafted(app, &stations(app))[0];
    let id: LetterId = letter.parse().expect("an id");
    let user = app.world.person(Caller::Reviewer).user;
    let approve = |tried: Option<Letter>| {
        let actor = Actor::User { id: user, name: "试验审核人".into() };
        let stamp = Stamp { actor, now: app.clock.now(), address: None };
        let config = &app.app.config;
        let sender =
            Sender { authority: config.authority.clone(), watermark: None, fire_duty: config.fire_duty };
        let scope = Scope::everywhere();
        let by = Holder { scope, ..Holder::account_only(user, false) };
        let step = move |tx: &mut Tx<'_>| letters::approve(tx, &by, &sender, id, tried.as_ref());
        app.app.db.write_now(stamp, "letter.approve", step)
    };
    let tried = || app.read(|conn| letters::trial(conn, &Places::everywhere(), id));
    assert!(tried().is_none(), "a draft has nothing to try");
    advance(app, letter, &["submit"]);
    let before = tried();
    app.advance(TimeDelta::days(1));
    advance(app, letter, &["return", "submit"]);
    for stale in [None, before] {
        let refused = approve(stale).expect_err("a letter that was not tried");
        assert!(matches!(&refused, Fault::Refused { code, .. } if code == "resubmitted"), "{refused:?}");
        assert_eq!(view(app, letter)["state"], "in_review");
    }
    approve(tried()).expect("an approval");
    assert_eq!(view(app, letter)["state"], "approved");
}

fn the_document_is_made_by_a_job_of_the_issue(app: &TestApp) {
    let campaign = stations(app);
    inspected(app, Place::Own, Station, &campaign, &["YK-02", "YK-14"]);
    let letters = approved(app, &campaign);
    assert!(renderings(app).is_empty());
    issue(app, &letters).ok();
    assert_eq!(renderings(app), vec![rendering("ready", 0); 2]);
    for letter in &letters {
        let issued = view(app, letter);
        assert_eq!((&issued["state"], issued["document"].is_null()), (&json!("issued"), true));
        document(app, Caller::Drafter, letter).expect(404, "not_found");
    }
    assert_eq!(app.drain(), 2);
    assert_eq!(renderings(app), vec![rendering("done", 1); 2]);
    for (n, letter) in letters.iter().enumerate() {
        let ready = view(app, letter);
        assert_eq!(ready["state"], "document_ready");
        let answer = document(app, Caller::Drafter, letter);
        answer.ok();
        let sha256 = sha256_of(&answer.bytes);
        assert_eq!(answer.header("etag"), format!("\"{sha256}\""));
        assert_eq!(
            (&ready["document"]["sha256"], &ready["document"]["length"]),
            (&json!(sha256), &json!(answer.bytes.len()))
        );
        assert_eq!(answer.header("content-type"), "application/pdf");
        let name = format!("attachment; filename=\"letter-2026-{:04}.pdf\"", n + 1);
        assert_eq!(answer.header("content-disposition"), name);
        is_archival(&answer.bytes);
        let again = document(app, Caller::Issuer, letter);
        assert!(again.bytes == answer.bytes, "another GET gave other bytes");
        let anew = render::pdf(&app.app, &snapshot(app, letter)).expect("a rendering");
        assert!(anew == answer.bytes, "the document is not the rendering of the snapshot");
    }
}

/// A PDF that calls itself PDF/A-2b.
fn is_archival(bytes: &[u8]) {
    let has = |part: &str| bytes.windows(part.len()).any(|window| window == part.as_bytes());
    assert!(bytes.starts_with(b"%PDF-1.7"), "{:?}", &bytes[..8]);
    assert!(bytes.trim_ascii_end().ends_with(b"%%EOF"));
    assert!(has("<pdfaid:part>2</pdfaid:part>") && has("<pdfaid:conformance>B</pdfaid:conformance>"));
}

fn what_was_issued_stays_whatever_the_ledger_does(app: &TestApp) {
    let campaign = stations(app);
    let findings = inspected(app, Place::Own, Station, &campaign, &["YK-02", "YK-06", "YK-14"]);
    let letter = &approved(app, &campaign)[0];
    advance(app, letter, &["issue"]);
    let (frozen, issued) = (snapshot(app, letter), view(app, letter));
    // Before the rendering …
    close(app, Place::Own, &findings[0]);
    app.advance(TimeDelta::days(40));
    assert_eq!(app.drain(), 1);
    let first = document(app, Caller::Drafter, letter);
    assert!(
        first.bytes == render::pdf(&app.app, &frozen).expect("a rendering"),
        "the ledger reached the document"
    );
    // … and after it.
    let withdraw = format!("/findings/{}/withdrawals", findings[1]);
    app.as_(Caller::Reviewer).post(&withdraw, &json!({"reason": "现场核实为误报"})).ok();
    let station = format!("/facilities/{}", app.world.facility(Place::Own, Station));
    let revision = app.as_(Caller::Drafter).get(&station).revision();
    app.as_(Caller::Drafter).patch(&station, Some(revision), &json!({"name": "改名后的服务站"})).ok();
    app.drain();
    assert_eq!(snapshot(app, letter), frozen);
    assert!(document(app, Caller::Drafter, letter).bytes == first.bytes, "the document changed");
    let now = view(app, letter);
    for kept in ["number", "as_of", "lines", "findings", "issued_at", "reply_due"] {
        assert_eq!(now[kept], issued[kept], "{kept}");
    }
    let rows = frozen.issues.expect("an annex").rows;
    assert_eq!(rows.iter().filter(|row| row.closed || row.overdue).count(), 0, "as it stood when submitted");
}

/// One letter with a photo, issued and not rendered.
fn issued_with_a_photo(app: &TestApp) -> String {
    let campaign = stations(app);
    inspected(app, Place::Own, Station, &campaign, &["YK-02"]);
    let letter = drafted(app, &campaign).remove(0);
    faces::looked_at(app, &letter);
    advance(app, &letter, &["submit", "approve", "issue"]);
    assert_eq!(snapshot(app, &letter).photo_hashes().len(), 1);
    letter
}

fn a_rendering_done_twice_changes_nothing(app: &TestApp) {
    let letter = issued_with_a_photo(app);
    assert_eq!(app.drain(), 1);
    let events =
        |app: &TestApp| -> i64 { app.read(|conn| Ok(schema::letter_event::table.count().get_result(conn)?)) };
    let (ready, before) = (view(app, &letter), events(app));
    let bytes = document(app, Caller::Drafter, &letter).bytes;
    app.advance(TimeDelta::hours(1));
    set_jobs(app, "ready", None);
    assert_eq!(app.drain(), 1, "it runs again");
    assert_eq!((view(app, &letter), events(app)), (ready, before));
    assert!(document(app, Caller::Drafter, &letter).bytes == bytes);
}

fn a_rendering_whose_worker_died_is_done_by_another(app: &TestApp) {
    let letter = issued_with_a_photo(app);
    set_jobs(app, "running", Some(machine_now() + TimeDelta::minutes(4)));
    assert_eq!(
        (app.drain(), view(app, &letter)["state"].clone()),
        (0, json!("issued")),
        "its lease still runs"
    );
    set_jobs(app, "running", Some(machine_now() - TimeDelta::seconds(1)));
    assert_eq!((app.drain(), view(app, &letter)["state"].clone()), (1, json!("document_ready")));
    assert_eq!(renderings(app), [rendering("done", 1)], "a new fencing number bars who comes back late");
}

fn a_rendering_that_failed_is_tried_again(app: &TestApp) {
    let letter = issued_with_a_photo(app);
    let (blobs, aside) = (app.folder().join("files/sha256"), app.folder().join("files/aside"));
    std::fs::rename(&blobs, &aside).expect("the photos go");
    assert_eq!(app.drain(), 0);
    let (state, attempts, _, why) = renderings(app).remove(0);
    assert_eq!((state.as_str(), attempts), ("ready", 1), "it waits before it is tried again");
    assert!(why.is_some_and(|why| why.contains("blob not found")), "for a person to look at");
    assert_eq!(view(app, &letter)["state"], "issued");
    document(app, Caller::Drafter, &letter).expect(404, "not_found");
    std::fs::rename(&aside, &blobs).expect("the photos come back");
    set_jobs(app, "ready", None);
    assert_eq!((app.drain(), view(app, &letter)["state"].clone()), (1, json!("document_ready")));
    assert_eq!(renderings(app), [rendering("done", 2)]);
}

fn copy(app: &TestApp, by: Caller, letter: &str) -> Reply {
    app.as_(by).get(&format!("/letters/{letter}/document.docx"))
}

/// The paragraphs of a Word document, and how many pictures it has.
fn paragraphs(bytes: &[u8]) -> (Vec<String>, usize) {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a package");
    let pictures = zip.file_names().flatten().filter(|name| name.starts_with("word/media/p")).count();
    let part =
        std::io::read_to_string(zip.by_name("word/document.xml").expect("a document")).expect("a text");
    let document = roxmltree::Document::parse(&part).expect("XML");
    let all = |node: roxmltree::Node<'_, '_>, name: &str| -> Vec<String> {
        let texts = node.descendants().filter(|n| n.tag_name().name() == name);
        texts.map(|n| n.text().unwrap_or_default().to_string()).collect()
    };
    let each = document.descendants().filter(|n| n.tag_name().name() == "p");
    (each.map(|p| all(p, "t").concat()).filter(|said| !said.is_empty()).collect(), pictures)
}

fn an_editable_copy_for_insiders_in_every_state(app: &TestApp) {
    let campaign = stations(app);
    inspected(app, Place::Own, Station, &campaign, &["YK-02"]);
    let letters = drafted(app, &campaign);
    let letter = &letters[0];
    let said = |what: &str| {
        let reply = copy(app, Caller::Registrar, letter);
        assert_eq!(reply.status, 200, "{what}: {}", reply.told());
        assert!(copy(app, Caller::Drafter, letter).bytes == reply.bytes, "{what}: the same for everybody");
        paragraphs(&reply.bytes)
    };
    let unissued = "演示函〔2026〕\u{3000}号".to_string();
    let of_draft = said("draft").0;
    assert_eq!(of_draft[0], unissued);
    inspected(app, Place::Own, Station, &campaign, &["YK-06"]);
    assert_ne!(said("the ledger moved").0, of_draft, "a draft is as the ledger is now");
    advance(app, letter, &["submit"]);
    let frozen = said("in review").0;
    advance(app, letter, &["approve", "issue"]);
    let issued = said("issued").0;
    assert_eq!(issued[0], "演示函〔2026〕1号");
    let differ: Vec<&str> = frozen
        .iter()
        .zip(&issued)
        .filter(|(before, after)| before != after)
        .map(|(b, _)| b.as_str())
        .collect();
    assert_eq!(differ, [unissued.as_str(), "2026年\u{3000}月\u{3000}日"], "number and day alone");
    app.drain();
    assert_eq!(said("with its document").0, issued);
    for row in snapshot(app, letter).issues.expect("an annex").rows {
        assert!(issued.contains(&row.number) && issued.contains(&row.facility), "{row:?}");
    }
    // The street has the record and not the copy, also where it is both.
    build::seal(app, Caller::Registrar, letter).ok();
    build::deliver(app, Caller::Registrar, &[letter]).ok();
    document(app, Caller::Street, letter).ok();
    copy(app, Caller::Street, letter).expect(403, "permission_denied");
    copy(app, Caller::At(Role::Drafter, Place::Elsewhere), letter).expect(404, "not_found");
    copy(app, Caller::Inspector, letter).expect(403, "permission_denied");
    copy(app, Caller::Drafter, &build::uuid().to_string()).expect(404, "not_found");
}

fn a_street_sees_its_own_letter_once_it_is_delivered(app: &TestApp) {
    let campaign = stations(app);
    inspected(app, Place::Own, Station, &campaign, &["YK-02"]);
    let letters = drafted(app, &campaign);
    let streets = [Caller::Street, Caller::At(Role::Street, Place::Sibling)];
    let sees = |caller: Caller, letter: &str, seen: bool| {
        let found = app.as_(caller).get(&format!("/letters/{letter}"));
        let file = document(app, caller, letter);
        if seen {
            assert_eq!((found.ok(), file.status), (view(app, letter), 200));
        } else {
            found.expect(404, "not_found");
            file.expect(404, "not_found");
        }
    };
    for step in ["", "submit", "approve", "issue"] {
        for letter in letters.iter().filter(|_| !step.is_empty()) {
            take(app, usual(step), letter, step).ok();
        }
        for street in streets {
            assert!(app.as_(street).all("/letters").is_empty(), "after {step:?}");
            letters.iter().for_each(|letter| sees(street, letter, false));
        }
        assert_eq!(app.as_(Caller::Supervisor).all("/letters").len(), 2);
    }
    app.drain();
    for street in streets {
        assert!(app.as_(street).all("/letters").is_empty(), "the document is there, and not sealed");
        letters.iter().for_each(|letter| sees(street, letter, false));
    }
    letters.iter().for_each(|letter| drop(build::seal(app, Caller::Registrar, letter).ok()));
    streets.iter().for_each(|street| assert!(app.as_(*street).all("/letters").is_empty(), "not delivered"));
    build::deliver(app, Caller::Registrar, &letters).ok();
    for (n, street) in streets.into_iter().enumerate() {
        assert_eq!(app.as_(street).all("/letters"), [view(app, &letters[n])]);
        sees(street, &letters[n], true);
        sees(street, &letters[1 - n], false);
        assert_eq!(app.as_(street).all("/letters?state=delivered").len(), 1);
        assert!(app.as_(street).all("/letters?state=draft").is_empty());
    }
    let elsewhere = Caller::At(Role::Street, Place::Elsewhere);
    assert!(app.as_(elsewhere).all("/letters").is_empty());
    sees(elsewhere, &letters[0], false);
    for stranger in [Caller::Inspector, Caller::Operator, Caller::Fire] {
        document(app, stranger, &letters[0]).expect(403, "permission_denied");
    }
}

fn a_clerk_here_is_an_addressee_there(app: &TestApp) {
    let both = Caller::At(Role::Drafter, Place::Own);
    let street = json!({"role": "street", "area_id": app.world.area(Place::Sibling)});
    app.as_(Caller::SecurityAdmin).post(&format!("/users/{}/grants", app.user(both)), &street).created();
    let letters = approved(app, &stations(app));
    let seen = || app.as_(both).all("/letters").iter().map(id).collect::<Vec<_>>();
    assert_eq!(seen(), letters[..1]);
    app.as_(both).get(&format!("/letters/{}", letters[1])).expect(404, "not_found");
    issue(app, &letters).ok();
    app.drain();
    letters.iter().for_each(|letter| drop(build::seal(app, Caller::Registrar, letter).ok()));
    build::deliver(app, Caller::Registrar, &letters).ok();
    assert_eq!(seen(), letters);
    document(app, both, &letters[1]).ok();
}

fn letters_by_campaign_and_state(app: &TestApp) {
    let campaigns: Vec<String> = (0..3).map(|_| stations(app)).collect();
    let letters: Vec<String> = campaigns.iter().flat_map(|campaign| drafted(app, campaign)).collect();
    for (n, letter) in letters.iter().enumerate() {
        advance(app, letter, &["submit", "approve", "issue"][..n % 4]);
    }
    let reader = app.as_(Caller::Supervisor);
    let everything = reader.all("/letters");
    assert_eq!(everything.len(), letters.len());
    let campaign_filters = std::iter::once(None).chain(campaigns.iter().map(Some));
    for campaign in campaign_filters {
        for state in [None, Some("draft"), Some("in_review"), Some("approved"), Some("issued"), Some("void")]
        {
            let wanted = |letter: &&Value| {
                campaign.is_none_or(|c| letter["campaign_id"] == json!(c))
                    && state.is_none_or(|s| letter["state"] == s)
            };
            let expected: Vec<&Value> = everything.iter().filter(wanted).collect();
            let asked = [campaign.map(|c| format!("campaign_id={c}")), state.map(|s| format!("state={s}"))];
            let query: Vec<String> = asked.into_iter().flatten().chain(["limit=2".into()]).collect();
            let (mut seen, mut path) = (vec![], format!("/letters?{}", query.join("&")));
            loop {
                let page = reader.get(&path).ok();
                seen.extend(page["items"].as_array().expect("items").iter().cloned());
                let Some(next) = page["next_cursor"].as_str() else { break };
                path = format!("/letters?{}&cursor={next}", query.join("&"));
            }
            assert_eq!(seen.iter().collect::<Vec<_>>(), expected, "{query:?}");
        }
    }
}

/// The number between two texts; the first place where it stands so.
#[track_caller]
fn number_between(text: &str, before: &str, after: &str) -> usize {
    let found = text.match_indices(before).find_map(|(at, _)| {
        let rest = &text[at + before.len()..];
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        rest[digits..].starts_with(after).then(|| rest[..digits].parse().ok())?
    });
    found.unwrap_or_else(|| panic!("no {before}…{after} in {text}"))
}

/// What is printed, without the breaks of lines and words.
fn printed(app: &TestApp, letter: &Letter) -> String {
    let runs = app.app.typesetter.layout(letter, &HashMap::new()).expect("a layout");
    let all: String = runs.into_iter().map(|run| run.text).collect();
    all.replace(|c: char| c.is_whitespace() || c == '\u{200b}', "")
}

/// An earlier campaign's findings and this one's, in every state that a letter prints: the text's counts are those of the
/// rows that were laid out, counted by their numbers and standings.
fn counts_in_the_text_are_rows_of_the_annex(app: &TestApp) {
    let earlier = id(&build::campaign(app, Place::Own, &[Station, Canteen]));
    let left: Vec<String> = inspected(app, Place::Own, Station, &earlier, &["YK-18", "YK-19", "YK-20"]);
    close(app, Place::Own, &left[1]);
    app.clock.set("2026-09-07T02:00:00Z".parse().expect("a time"));
    let mut body = build::campaign_body(app, Place::Own);
    body["starts_on"] = json!("2026-09-01");
    let campaign = id(&app.as_(Caller::Drafter).post("/campaigns", &body).created());
    let targets = json!({"kinds": ["station", "canteen", "center"]});
    app.as_(Caller::Drafter).post(&format!("/campaigns/{campaign}/targets"), &targets).ok();
    let found = inspected(app, Place::Own, Station, &campaign, &["YK-02", "YK-06", "YK-14", "YK-15"]);
    inspected(app, Place::Own, Canteen, &campaign, &["FT-08", "FT-10"]);
    close(app, Place::Own, &found[0]);
    app.clock.set("2026-09-14T02:00:00Z".parse().expect("a time"));
    let letter = &approved(app, &campaign)[0];
    advance(app, letter, &["issue"]);
    app.drain();
    let letter_now = snapshot(app, letter);
    let bytes = document(app, Caller::Drafter, letter).bytes;
    assert!(
        bytes == render::pdf(&app.app, &letter_now).expect("a rendering"),
        "what is read here is not the document"
    );
    let all = printed(app, &letter_now);
    let [first, second, third] = ["存在问题清单", "考核指标完成情况表", "前期未销号问题清单"]
        .map(|title| all.rfind(title).unwrap_or_else(|| panic!("no {title} in {all}")));
    assert!(first < second && second < third, "{all}");
    let (text, issues, carried) = (&all[..first], &all[first..second], &all[third..]);
    let rows = |annex: &str| {
        let numbers = view(app, letter)["findings"].as_array().expect("numbers").clone();
        numbers.iter().map(|number| annex.matches(number.as_str().expect("a number")).count()).sum::<usize>()
    };
    let of = |annex: &str, standing: &str| annex.matches(standing).count();
    assert_eq!(
        (rows(issues), rows(carried), rows(&all)),
        (6, 2, 8),
        "every finding is one row, of one annex"
    );
    assert_eq!(number_between(text, "检查发现问题", "个，涉及"), rows(issues));
    assert_eq!(number_between(text, "，已销号", "个"), of(issues, "已销号"));
    assert_eq!(number_between(text, "，未销号", "个"), rows(issues) - of(issues, "已销号"));
    assert_eq!(number_between(text, "未销号问题中已逾期", "个"), of(issues, "（已逾期）"));
    assert_eq!(number_between(text, "尚未销号的问题", "个"), rows(carried));
    assert_eq!(number_between(text, "其中已逾期", "个"), of(carried, "（已逾期）"));
    assert_eq!((of(issues, "已销号"), of(issues, "（已逾期）")), (1, 1), "YK-02 is closed, YK-14 is late");
    let ledger = app.as_(Caller::Supervisor).all(&format!("/findings?campaign_id={campaign}"));
    assert_eq!(ledger.len(), rows(issues));
    for category in ledger.iter().map(|finding| finding["category"].as_str().expect("a category")) {
        let count = ledger.iter().filter(|finding| finding["category"] == category).count();
        assert_eq!(number_between(text, &format!("{category}方面"), "个"), count, "{category}");
    }
    assert!(
        text.contains(
            "已检查2个（颐康服务站1个中的1个、颐康中心1个中的0个、长者饭堂1个中的1个），其余1个尚未完成检查"
        ),
        "{text}"
    );
}
