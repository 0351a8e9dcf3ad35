//! The issue of batches: all or none, with numbers that run without a gap.

use super::super::app::TestApp;
use super::super::build::{self, id};
use super::super::client::Reply;
use super::super::people::{Caller, Place};
use super::super::suite::{Suite, both};
use super::documents::renderings;
use super::{
    advance, approved, batch_of, drafted, issue, listed, numbers, pointers, snapshot, stations, view,
};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeSet;
use yixun::access::Role;
use yixun::clock::{Clock as _, business_date};
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        numbers_run_in_the_order_given,
        a_series_begins_anew_at_midnight_in_shanghai,
        one_that_cannot_be_issued_stops_all,
        batches_at_once_take_gapless_numbers,
        the_same_letters_at_once_are_issued_once,
    );
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
