//! Who leaves hands over: an account with open items is not disabled, a hand-over moves all of them or none, what only the person
//! could do is settled with a reason, and whatever comes at the same instant is handed over or refused.

use super::app::TestApp;
use super::build::{self, Photo, id, inspection};
use super::client::Reply;
use super::deputies::stand_in;
use super::findings::found;
use super::inspections::{at_once, facility, fresh, leaves_nothing};
use super::letters::{drafted, take};
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use super::uploads;
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use yixun::access::Role;
use yixun::db::schema::audit_entry;
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        an_account_with_open_items_is_not_disabled,
        everything_goes_to_one_person_and_the_account_is_closed,
        what_does_not_fit_moves_nothing,
        who_cannot_receive,
        what_only_the_person_could_do_is_settled_with_a_reason,
        what_is_done_or_over_is_not_open,
        a_visit_that_names_somebody_who_left_is_kept,
        what_comes_at_the_same_instant_is_handed_over_or_refused,
        a_visit_at_the_same_instant_is_settled_or_said_not_to_be_awaited,
        two_hand_overs_at_once_move_everything_once,
        one_clerk_is_in_charge_at_a_time,
        who_cannot_be_in_charge,
        named_at_once_one_is_in_charge,
    );
}

fn hand_over(app: &TestApp, from: Caller, to: Caller, more: Value) -> Reply {
    let mut body = json!({"to": app.user(to), "reason": "工作调动"});
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    app.as_(Caller::Admin).post(&format!("/users/{}/handovers", app.user(from)), &body)
}

fn disable(app: &TestApp, caller: Caller) -> Reply {
    let (admin, path) = (app.as_(Caller::Admin), format!("/users/{}", app.user(caller)));
    admin.patch(&path, Some(admin.get(&path).revision()), &json!({"disabled": true}))
}

/// What somebody has open: kinds with ids.
#[track_caller]
fn open(app: &TestApp, of: Caller) -> BTreeSet<(String, String)> {
    let path = format!("/users/{}/open-items", app.user(of));
    kinds(&app.as_(Caller::SecurityAdmin).get(&path).ok()["items"])
}

fn kinds(items: &Value) -> BTreeSet<(String, String)> {
    let pair = |i: &Value| (i["kind"].as_str().expect("a kind").to_string(), id(i));
    items.as_array().expect("items").iter().map(pair).collect()
}

fn of_kind(kind: &str, ids: &[String]) -> BTreeSet<(String, String)> {
    ids.iter().map(|id| (kind.to_string(), id.clone())).collect()
}

fn assign(app: &TestApp, by: Caller, finding: &str, clerk: Caller) -> Reply {
    app.as_(by).post(&format!("/findings/{finding}/officers"), &json!({"user_id": app.user(clerk)}))
}

/// A clerk's desk: a campaign over the district, its two letters, and a finding of the own street.
struct Desk {
    campaign: String,
    letters: Vec<String>,
    finding: String,
}

impl Desk {
    #[track_caller]
    fn of_the_drafter(app: &TestApp) -> Self {
        let campaign = id(&build::campaign(app, Place::District, &[Station]));
        let letters = drafted(app, &campaign);
        let finding = found(app, &fresh(app, Station), "YK-14");
        assign(app, Caller::Reviewer, &finding, Caller::Drafter).created();
        Self { campaign, letters, finding }
    }

    fn items(&self) -> BTreeSet<(String, String)> {
        let mut all = of_kind("campaign", std::slice::from_ref(&self.campaign));
        all.extend(of_kind("letter", &self.letters));
        all.extend(of_kind("finding", std::slice::from_ref(&self.finding)));
        all
    }
}

fn an_account_with_open_items_is_not_disabled(app: &TestApp) {
    let desk = Desk::of_the_drafter(app);
    let refused = leaves_nothing(app, || disable(app, Caller::Drafter)).expect(409, "handover_required");
    let told: Vec<(&str, &str)> = refused["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|e| (e["code"].as_str().expect("a code"), e["detail"].as_str().expect("a detail")))
        .collect();
    let expected = [
        ("finding", "经办的问题 1 项"),
        ("letter", "未签发的提醒函 2 项"),
        ("campaign", "未结束的检查行动 1 项"),
    ];
    assert_eq!(told, expected);
    app.as_(Caller::Drafter).get("/me").ok();
    assert_eq!(open(app, Caller::Drafter), desk.items());
    let counts = app.as_(Caller::Admin).get(&format!("/users/{}/open-items", app.user(Caller::Drafter))).ok();
    let counted = json!([{"kind": "finding", "count": 1}, {"kind": "letter", "count": 2}, {"kind": "campaign", "count": 1}]);
    assert_eq!(counts["counts"], counted);
    // Whoever has nothing open is disabled as ever; another change does not ask.
    disable(app, Caller::SecondDrafter).ok();
    let (admin, path) = (app.as_(Caller::Admin), format!("/users/{}", app.user(Caller::Drafter)));
    admin.patch(&path, Some(admin.get(&path).revision()), &json!({"display_name": "改名"})).ok();
}

fn everything_goes_to_one_person_and_the_account_is_closed(app: &TestApp) {
    let desk = Desk::of_the_drafter(app);
    take(app, Caller::Drafter, &desk.letters[0], "submit").ok();
    let done = hand_over(app, Caller::Drafter, Caller::SecondDrafter, json!({"disable": true})).created();
    assert_eq!(kinds(&done["items"]), desk.items());
    assert!(done["items"].as_array().expect("items").iter().all(|i| i["outcome"] == "moved"));
    let head = [&done["from"], &done["to"], &done["by"], &done["disabled"], &done["settled_reason"]];
    let (from, to) = (app.user(Caller::Drafter), app.user(Caller::SecondDrafter));
    assert_eq!(head, [&json!(from), &json!(to), &json!(app.user(Caller::Admin)), &json!(true), &Value::Null]);
    assert_eq!(
        (open(app, Caller::Drafter), open(app, Caller::SecondDrafter)),
        (BTreeSet::new(), desk.items())
    );
    app.as_(Caller::Drafter).get("/me").expect(401, "session_ended");
    // What was done by whom stays what it was.
    let letter = app.as_(Caller::Reviewer).get(&format!("/letters/{}", desk.letters[0])).ok();
    let persons = [&letter["drafted_by"], &letter["submitted_by"], &letter["clerk_id"]];
    assert_eq!(persons, [&json!(from), &json!(from), &json!(to)]);
    let officers = app.as_(Caller::Street).get(&format!("/findings/{}/officers", desk.finding)).ok();
    let in_turn: Vec<(&Value, bool)> = officers["officers"]
        .as_array()
        .expect("officers")
        .iter()
        .map(|o| (&o["user_id"], o["until"].is_null()))
        .collect();
    assert_eq!(in_turn, [(&json!(from), false), (&json!(to), true)]);
    // The work goes on.
    take(app, Caller::Reviewer, &desk.letters[0], "return").ok();
    take(app, Caller::SecondDrafter, &desk.letters[0], "submit").ok();
    let listed = app.as_(Caller::SecurityAdmin).all(&format!("/users/{from}/handovers"));
    assert_eq!(listed, std::slice::from_ref(&done));
    let line = trail(app, &from, "\"handover\"").pop().expect("a line");
    assert_eq!((&line["detail"]["to"], &line["detail"]["items"]["letter"]), (&json!(to), &json!(2)));
}

/// Lines of the trail about a thing that hold some text.
fn trail(app: &TestApp, object: &str, text: &str) -> Vec<Value> {
    let lines: Vec<String> = app.read(|conn| {
        let of_object = audit_entry::table.filter(audit_entry::object_id.eq(object)).order(audit_entry::id);
        Ok(of_object.select(audit_entry::line).load(conn)?)
    });
    let held = lines.iter().filter(|line| line.contains(text));
    held.map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn what_does_not_fit_moves_nothing(app: &TestApp) {
    let desk = Desk::of_the_drafter(app);
    let own = Caller::At(Role::Drafter, Place::Own);
    let refused = leaves_nothing(app, || hand_over(app, Caller::Drafter, own, json!({"disable": true})));
    let refused = refused.expect(409, "handover_does_not_fit");
    let codes: Vec<&str> =
        refused["errors"].as_array().expect("errors").iter().filter_map(|e| e["code"].as_str()).collect();
    // The own street's letter and finding fit; the other street's letter and the district's campaign do not.
    assert_eq!(codes, ["letter", "campaign"]);
    assert_eq!(open(app, Caller::Drafter), desk.items());
    app.as_(Caller::Drafter).get("/me").ok();
    // A deputy's reach ends, and so it holds nothing.
    stand_in(app, Caller::Drafter, Caller::Registrar);
    let settled = json!({"settled_reason": "代理随之结束"});
    hand_over(app, Caller::Drafter, Caller::Registrar, settled).expect(409, "handover_does_not_fit");
}

fn who_cannot_receive(app: &TestApp) {
    Desk::of_the_drafter(app);
    let at = format!("/users/{}/handovers", app.user(Caller::Drafter));
    let to = |user: &str| app.as_(Caller::Admin).post(&at, &json!({"to": user, "reason": "工作调动"}));
    to(&app.user(Caller::Drafter)).expect_at(422, "same_person", "/to", "same_person");
    to(&build::uuid().to_string()).expect_at(422, "unknown_user", "/to", "unknown_user");
    disable(app, Caller::SecondDrafter).ok();
    to(&app.user(Caller::SecondDrafter)).expect(409, "account_disabled");
    to(&app.user(Caller::Reviewer)).expect(409, "handover_does_not_fit");
    let nobody = format!("/users/{}/handovers", build::uuid());
    let body = json!({"to": app.user(Caller::Drafter), "reason": "工作调动"});
    app.as_(Caller::Admin).post(&nobody, &body).expect(404, "not_found");
    hand_over(app, Caller::Admin, Caller::Drafter, json!({"disable": true})).expect(409, "own_account");
}

/// A visit of the first inspector that names the second.
fn visited_together(app: &TestApp) -> build::Inspection {
    let seen = inspection(app, &fresh(app, Station), &["YK-14"]);
    seen.named(app, 0, Caller::Inspector).named(app, 1, Caller::SecondInspector)
}

fn what_only_the_person_could_do_is_settled_with_a_reason(app: &TestApp) {
    let leaver = Caller::SecondInspector;
    let together = visited_together(app);
    together.put(&app.as_(Caller::Inspector)).created();
    let lacking = inspection(app, &fresh(app, Station), &["YK-14"]);
    lacking.put(&app.as_(leaver)).created();
    let upload = uploads::create(&app.as_(leaver), &Photo::new("scene", None));
    let delegation = id(&stand_in(app, leaver, Caller::NoRole));
    let visit = together.visit().rsplit('/').next().expect("an id").to_string();
    let upload = upload.rsplit('.').next().expect("an id").to_string();
    let mut expected = of_kind("visit_confirmation", &[visit]);
    expected.extend(of_kind("evidence", &[lacking.id.to_string()]));
    expected.extend(of_kind("upload", &[upload]));
    expected.extend(of_kind("delegation", std::slice::from_ref(&delegation)));
    assert_eq!(open(app, leaver), expected);
    disable(app, leaver).expect(409, "handover_required");
    let refused = leaves_nothing(app, || hand_over(app, leaver, Caller::Inspector, json!({})));
    let refused = refused.expect(409, "settlement_required");
    let named: BTreeSet<&str> =
        refused["errors"].as_array().expect("errors").iter().filter_map(|e| e["code"].as_str()).collect();
    assert_eq!(named, BTreeSet::from(["visit_confirmation", "evidence", "upload", "delegation"]));
    app.as_(Caller::NoRole).get("/facilities").ok();
    let why = json!({"settled_reason": "手机已上交，照片无法补传"});
    let done = hand_over(app, leaver, Caller::Inspector, why).created();
    assert_eq!(kinds(&done["items"]), expected);
    assert!(done["items"].as_array().expect("items").iter().all(|i| i["outcome"] == "settled"));
    assert_eq!(done["settled_reason"], "手机已上交，照片无法补传");
    app.as_(Caller::NoRole).get("/facilities").expect(403, "permission_denied");
    let ended = app.as_(Caller::Supervisor).get(&format!("/delegations/{delegation}")).ok();
    assert_eq!(ended["revocation"]["reason"], "手机已上交，照片无法补传");
    // Settled is settled: the account may be closed now.
    assert_eq!(open(app, leaver), BTreeSet::new());
    disable(app, leaver).ok();
    // The record stays what it is: incomplete.
    assert_eq!(app.as_(Caller::Supervisor).get(&lacking.path()).ok()["state"], "incomplete");
}

fn what_is_done_or_over_is_not_open(app: &TestApp) {
    let together = visited_together(app);
    together.put_whole(&app.as_(Caller::Inspector));
    assert_eq!(open(app, Caller::SecondInspector).len(), 1);
    // The leader is named as well, and has confirmed.
    assert_eq!(open(app, Caller::Inspector).len(), 1);
    together.confirm(&app.as_(Caller::Inspector)).created();
    assert_eq!(open(app, Caller::Inspector), BTreeSet::new());
    app.advance(TimeDelta::hours(48));
    assert_eq!(open(app, Caller::SecondInspector).len(), 1);
    app.advance(TimeDelta::seconds(1));
    assert_eq!(open(app, Caller::SecondInspector), BTreeSet::new());
    let campaign = id(&build::campaign(app, Place::Own, &[Station]));
    build::letters(app, Place::Own, &campaign);
    assert_eq!(open(app, Caller::Drafter), of_kind("campaign", std::slice::from_ref(&campaign)));
    app.as_(Caller::Drafter).post(&format!("/campaigns/{campaign}/closures"), &json!({})).ok();
    let finding = found(app, &fresh(app, Station), "YK-14");
    assign(app, Caller::Drafter, &finding, Caller::Drafter).created();
    assert_eq!(open(app, Caller::Drafter), of_kind("finding", std::slice::from_ref(&finding)));
    let withdraw = format!("/findings/{finding}/withdrawals");
    app.as_(Caller::Reviewer).post(&withdraw, &json!({"reason": "经核实为误报"})).ok();
    assert_eq!(open(app, Caller::Drafter), BTreeSet::new());
    disable(app, Caller::Drafter).ok();
}

fn a_visit_that_names_somebody_who_left_is_kept(app: &TestApp) {
    disable(app, Caller::SecondInspector).ok();
    let together = visited_together(app);
    together.put_whole(&app.as_(Caller::Inspector));
    let visit = together.visit().rsplit('/').next().expect("an id").to_string();
    let lines = trail(app, &visit, "not_awaited");
    let told: Vec<&Value> = lines.iter().map(|line| &line["detail"]["not_awaited"]).collect();
    assert_eq!(told, [&json!(app.user(Caller::SecondInspector))]);
}

/// A clerk plans, drafts and is put in charge while the account is handed over and closed.
fn what_comes_at_the_same_instant_is_handed_over_or_refused(app: &TestApp) {
    let receiver = Caller::At(Role::Drafter, Place::Everywhere);
    // The builders work as the first clerk, who therefore leaves last.
    let own = Caller::At(Role::Drafter, Place::Own);
    let leavers =
        [(own, Place::Own), (Caller::SecondDrafter, Place::District), (Caller::Drafter, Place::District)];
    for (leaver, place) in leavers {
        let with_targets = id(&build::campaign(app, Place::Own, &[Station]));
        let findings: Vec<String> = (0..2).map(|_| found(app, &fresh(app, Station), "YK-14")).collect();
        let before = open(app, receiver);
        let answers = at_once(6, |n| match n {
            0 | 1 => app.as_(leaver).post("/campaigns", &build::campaign_body(app, place)),
            2 => {
                let drafts = json!({"campaign_id": with_targets, "reply_due": "2027-03-01"});
                app.as_(leaver).post("/letters/batch", &drafts)
            }
            3 => hand_over(app, leaver, receiver, json!({"disable": true})),
            _ => assign(app, Caller::Reviewer, &findings[n - 4], leaver),
        });
        let done = answers[3].created();
        let mut opened = BTreeSet::new();
        for (n, answer) in answers.iter().enumerate().filter(|(n, _)| *n != 3) {
            match (n, answer.status) {
                (0 | 1, 201) => opened.extend(of_kind("campaign", &[id(&answer.json)])),
                (2, 201) => opened.extend(of_kind("letter", &[id(&answer.json["letters"][0])])),
                (4 | 5, 201) => opened.extend(of_kind("finding", &[findings[n - 4].clone()])),
                (4 | 5, _) => drop(answer.expect(409, "account_disabled")),
                _ => drop(answer.expect(401, "session_ended")),
            }
        }
        let moved = kinds(&done["items"]);
        assert!(opened.is_subset(&moved), "opened {opened:?}, handed over {moved:?}");
        assert_eq!(open(app, leaver), BTreeSet::new());
        assert_eq!(open(app, receiver), before.union(&moved).cloned().collect());
    }
}

fn a_visit_at_the_same_instant_is_settled_or_said_not_to_be_awaited(app: &TestApp) {
    let visits: Vec<build::Inspection> = (0..4).map(|_| visited_together(app)).collect();
    let leaver = Caller::SecondInspector;
    let answers = at_once(5, |n| match visits.get(n) {
        Some(seen) => seen.put(&app.as_(Caller::Inspector)),
        None => {
            let more = json!({"disable": true, "settled_reason": "已离岗，无法确认"});
            hand_over(app, leaver, Caller::Inspector, more)
        }
    });
    let settled = kinds(&answers[4].created()["items"]);
    for (seen, answer) in visits.iter().zip(&answers) {
        answer.created();
        let visit = seen.visit().rsplit('/').next().expect("an id").to_string();
        let said = trail(app, &visit, "not_awaited").len();
        let in_handover = settled.contains(&("visit_confirmation".into(), visit));
        assert_eq!(said, usize::from(!in_handover), "one of the two, and not both");
    }
}

fn two_hand_overs_at_once_move_everything_once(app: &TestApp) {
    let desk = Desk::of_the_drafter(app);
    let receivers = [Caller::SecondDrafter, Caller::At(Role::Drafter, Place::Everywhere)];
    let answers = at_once(2, |n| hand_over(app, Caller::Drafter, receivers[n], json!({})).created());
    let moved: Vec<BTreeSet<(String, String)>> = answers.iter().map(|a| kinds(&a["items"])).collect();
    let first = usize::from(moved[0].is_empty());
    assert_eq!((&moved[first], moved[1 - first].len()), (&desk.items(), 0));
    assert_eq!(open(app, receivers[first]), desk.items());
    assert_eq!(open(app, receivers[1 - first]), BTreeSet::new());
}

fn one_clerk_is_in_charge_at_a_time(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    let path = format!("/findings/{finding}/officers");
    assert_eq!(app.as_(Caller::Street).get(&path).ok(), json!({"officers": []}));
    assign(app, Caller::Reviewer, &finding, Caller::Drafter).created();
    let same =
        leaves_the_history(app, &path, || assign(app, Caller::Drafter, &finding, Caller::Drafter).ok());
    assert_eq!(same["officers"].as_array().map(Vec::len), Some(1));
    app.advance(TimeDelta::days(1));
    let body = json!({"user_id": app.user(Caller::SecondDrafter), "reason": "分工调整"});
    let officers = app.as_(Caller::Drafter).post(&path, &body).created()["officers"].clone();
    assert_eq!(officers[0]["until"], officers[1]["since"]);
    let second =
        [&officers[1]["user_id"], &officers[1]["assigned_by"], &officers[1]["reason"], &officers[1]["until"]];
    let (drafter, clerk) = (app.user(Caller::Drafter), app.user(Caller::SecondDrafter));
    assert_eq!(second, [&json!(clerk), &json!(drafter), &json!("分工调整"), &Value::Null]);
    assert_eq!(open(app, Caller::Drafter), BTreeSet::new());
    assert_eq!(open(app, Caller::SecondDrafter), of_kind("finding", std::slice::from_ref(&finding)));
}

/// What `f` does leaves the officers of a finding as they were.
fn leaves_the_history<T>(app: &TestApp, path: &str, f: impl FnOnce() -> T) -> T {
    let before = app.as_(Caller::Supervisor).get(path).ok();
    let value = f();
    assert_eq!(app.as_(Caller::Supervisor).get(path).ok(), before);
    value
}

fn who_cannot_be_in_charge(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    let name = |clerk| leaves_nothing(app, || assign(app, Caller::Reviewer, &finding, clerk));
    for other in [Caller::Reviewer, Caller::Inspector, Caller::Street, Caller::NoRole] {
        name(other).expect(409, "out_of_their_reach");
    }
    name(Caller::At(Role::Drafter, Place::Sibling)).expect(409, "out_of_their_reach");
    stand_in(app, Caller::Drafter, Caller::Registrar);
    name(Caller::Registrar).expect(409, "out_of_their_reach");
    let unknown = json!({"user_id": build::uuid()});
    let path = format!("/findings/{finding}/officers");
    app.as_(Caller::Reviewer).post(&path, &unknown).expect_at(
        422,
        "unknown_user",
        "/user_id",
        "unknown_user",
    );
    disable(app, Caller::SecondDrafter).ok();
    name(Caller::SecondDrafter).expect(409, "account_disabled");
    let withdraw = format!("/findings/{finding}/withdrawals");
    app.as_(Caller::Reviewer).post(&withdraw, &json!({"reason": "经核实为误报"})).ok();
    name(Caller::Drafter).expect(409, "wrong_state");
}

fn named_at_once_one_is_in_charge(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    let clerks = [Caller::Drafter, Caller::SecondDrafter, Caller::At(Role::Drafter, Place::Own)];
    at_once(3, |n| assign(app, Caller::Reviewer, &finding, clerks[n]).created());
    let path = format!("/findings/{finding}/officers");
    let officers = app.as_(Caller::Supervisor).get(&path).ok()["officers"].clone();
    let officers = officers.as_array().expect("officers");
    assert_eq!((officers.len(), officers.iter().filter(|o| o["until"].is_null()).count()), (3, 1));
    assert!(officers[2]["until"].is_null());
}
