//! Two things at once to one finding, on both databases: one wins, whoever loses is told what it has become, one event is
//! left and nothing is lost.

use super::side::{ask, verdict};
use super::{agrees, check, claim, claim_body, closing, detail, found, reason};
use crate::app::TestApp;
use crate::build::Photo;
use crate::client::Reply;
use crate::inspections::{at_once, fresh};
use crate::people::Caller;
use crate::suite::{Suite, both};
use serde_json::{Value, json};
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        two_closers,
        close_against_return,
        withdraw_against_close,
        claim_against_suspend,
        decide_against_decide,
        ask_against_ask,
        resumed_by_two,
        one_setting_by_many,
    );
}

/// Sends the steps all at once, each by somebody; one wins, the others are refused with one of `codes`, and the history has
/// one event more. Gives the finding.
#[track_caller]
fn race(app: &TestApp, finding: &str, steps: &[(Caller, &str, Value)], codes: &[&str]) -> Value {
    let before = detail(app, finding)["events"].as_array().map_or(0, Vec::len);
    let answers = at_once(steps.len(), |n| {
        let (by, what, body) = &steps[n];
        app.as_(*by).post(&format!("/findings/{finding}/{what}"), body)
    });
    let told = || answers.iter().map(Reply::told).collect::<Vec<_>>();
    assert_eq!(answers.iter().filter(|a| a.status == 200).count(), 1, "{:?}", told());
    for lost in answers.iter().filter(|a| a.status != 200) {
        assert_eq!(lost.status, 409, "{}", lost.told());
        assert!(lost.json["code"].as_str().is_some_and(|c| codes.contains(&c)), "{}", lost.told());
    }
    let last = detail(app, finding);
    assert_eq!(last["events"].as_array().map(Vec::len), Some(before + 1));
    let won = answers.iter().find(|a| a.status == 200).expect("a winner");
    assert_eq!(won.json["state"], last["state"]);
    agrees(&last);
    last
}

/// A finding that waits to be closed.
fn checked(app: &TestApp) -> String {
    let finding = found(app, &fresh(app, Station), "YK-14");
    claim(app, Caller::Street, &finding);
    check(app, Caller::SecondStreet, &finding, "pass");
    finding
}

const ROUNDS: usize = 4;

fn two_closers(app: &TestApp) {
    for _ in 0..ROUNDS {
        let steps = [Caller::Drafter, Caller::SecondDrafter].map(|by| (by, "closures", closing()));
        let closed = race(app, &checked(app), &steps, &["wrong_state"]);
        assert_eq!(closed["state"], "closed");
    }
}

fn close_against_return(app: &TestApp) {
    for _ in 0..ROUNDS {
        let steps = [(Caller::Drafter, "closures", closing()), (Caller::Reviewer, "returns", reason())];
        let last = race(app, &checked(app), &steps, &["wrong_state"]);
        let closed = last["state"] == "closed";
        assert!(closed || last["state"] == "returned");
        assert_eq!(last["closed_at"].is_string(), closed, "nothing of the loser's is left");
    }
}

fn withdraw_against_close(app: &TestApp) {
    for _ in 0..ROUNDS {
        let steps = [(Caller::Drafter, "closures", closing()), (Caller::Reviewer, "withdrawals", reason())];
        let last = race(app, &checked(app), &steps, &["wrong_state"]);
        assert_eq!(last["closed_by"].is_string(), last["state"] == "closed");
    }
}

fn claim_against_suspend(app: &TestApp) {
    for _ in 0..ROUNDS {
        let finding = found(app, &fresh(app, Station), "YK-14");
        let proof = Photo::new("after", None);
        let pause = json!({"until": "2026-08-10", "reason": "台风停工"});
        let steps = [
            (Caller::Street, "rectifications", claim_body(app, &[&proof])),
            (Caller::Drafter, "suspensions", pause),
        ];
        let last = race(app, &finding, &steps, &["wrong_state"]);
        let claims = last["rectifications"].as_array().map_or(0, Vec::len);
        assert_eq!(claims, usize::from(last["state"] == "rectified"));
        assert_eq!(last["paused_until"].is_string(), last["state"] == "suspended");
    }
}

fn decide_against_decide(app: &TestApp) {
    for _ in 0..ROUNDS {
        let finding = found(app, &fresh(app, Station), "YK-14");
        let request = ask(app, Caller::Street, &finding, "disputes", &reason());
        let ((what, upheld), (_, refused)) = (verdict(&request, "granted"), verdict(&request, "refused"));
        let steps =
            [(Caller::Reviewer, what.as_str(), upheld), (Caller::SecondReviewer, what.as_str(), refused)];
        let last = race(app, &finding, &steps, &["already_decided"]);
        let upheld = last["state"] == "withdrawn";
        assert_eq!(last["requests"][0]["result"], if upheld { "granted" } else { "refused" });
        let by = if upheld { Caller::Reviewer } else { Caller::SecondReviewer };
        assert_eq!(last["requests"][0]["decided_by"], app.user(by));
    }
}

fn ask_against_ask(app: &TestApp) {
    for _ in 0..ROUNDS {
        let finding = found(app, &fresh(app, Station), "YK-14");
        let wish = json!({"until": "2026-08-20", "reason": "等待备件"});
        let steps = [Caller::Street, Caller::SecondStreet, Caller::Drafter]
            .map(|by| (by, "extensions", wish.clone()));
        let last = race(app, &finding, &steps, &["request_pending"]);
        assert_eq!(last["requests"].as_array().map(Vec::len), Some(1));
    }
}

fn resumed_by_two(app: &TestApp) {
    for _ in 0..ROUNDS {
        let finding = found(app, &fresh(app, Station), "YK-14");
        let pause = json!({"until": "2026-08-10", "reason": "台风停工"});
        app.as_(Caller::Drafter).post(&format!("/findings/{finding}/suspensions"), &pause).ok();
        let steps = [Caller::Drafter, Caller::Reviewer].map(|by| (by, "resumptions", reason()));
        assert_eq!(race(app, &finding, &steps, &["wrong_state"])["state"], "served");
    }
}

fn one_setting_by_many(app: &TestApp) {
    let before = app.as_(Caller::Admin).get("/settings/relapse").revision();
    let answers = at_once(6, |n| {
        let body = json!({"value": {"months": n + 1, "halves_term": false}, "reason": "局务会议决定"});
        let tag = format!("\"{before}\"");
        let admin = app.as_(Caller::Admin);
        admin.json(ureq::http::Method::PUT, "/settings/relapse", &[("If-Match", &tag)], &body)
    });
    let won: Vec<&Reply> = answers.iter().filter(|a| a.status == 200).collect();
    assert_eq!(won.len(), 1, "{:?}", answers.iter().map(Reply::told).collect::<Vec<_>>());
    answers.iter().filter(|a| a.status != 200).for_each(|a| drop(a.expect(412, "version_differs")));
    let last = app.as_(Caller::Admin).get("/settings/relapse");
    assert_eq!((last.revision(), last.ok()), (before + 1, won[0].ok()));
}
