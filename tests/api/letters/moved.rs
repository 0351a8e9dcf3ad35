//! A ledger that moves while its letter is under way.

use super::super::app::TestApp;
use super::super::build::{id, inspection};
use super::super::people::{Caller, Place};
use super::super::suite::{Suite, both};
use super::{
    advance, approved, close, drafted, inspected, is_refused, issue, numbers, pointers, snapshot, stations,
    take, view,
};
use serde_json::{Value, json};
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_ledger_that_moved_stops_the_approval,
        a_ledger_that_moved_stops_the_issue,
        unconfirmed_findings_hold_a_letter_back,
        what_a_third_party_finds_after_the_submission_stops_the_letter,
    );
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
