//! The ways beside the straight one: more time, disputes, suspensions, 挂账, referrals, the fire brigade's own findings, who
//! answers for a finding and who was called. The calendar is that of 2026: 中秋 on Friday 25 September, 国庆 from the 1st to the
//! 7th of October, with Saturday the 10th worked.

use super::ends::change;
use super::{agrees, check, claim, closing, detail, found, reason, refused, reinspect, step};
use crate::app::TestApp;
use crate::build::{self, id, uuid};
use crate::inspections::{facility, fresh, leaves_nothing, publish, set_clock};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use diesel::prelude::*;
use serde_json::{Value, json};
use yixun::clock::{Clock as _, business_date};
use yixun::db::schema::finding;
use yixun::directory::FacilityKind::Station;
use yixun::findings::side;
use yixun::ids::FindingId;

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_due_day_is_confirmed_once,
        more_time_is_asked_before_expiry_and_the_first_day_kept,
        more_time_is_refused_after_expiry,
        a_dispute_within_three_working_days,
        what_is_no_finding_is_withdrawn,
        a_suspension_ends_by_itself,
        a_suspension_ends_where_it_says_whenever_the_server_wakes,
        working_days_that_stood_still,
        phones_are_told_why_it_was_sent_back_also_after_a_pause,
        what_takes_long_goes_by_stages,
        what_is_passed_on_is_not_closed_before_the_answer,
        the_brigades_own,
        a_unit_of_the_bureau_is_closed_from_outside,
        who_answers_and_who_was_called,
        what_was_asked_lapses_with_the_end,
    );
}

/// Asks for something; gives the request's id.
#[track_caller]
pub fn ask(app: &TestApp, by: Caller, finding: &str, what: &str, body: &Value) -> String {
    let answer = step(app, by, finding, what, body).ok();
    id(answer["requests"].as_array().and_then(|all| all.last()).expect("a request"))
}

/// A decision and the step that it is.
pub fn verdict(request: &str, result: &str) -> (String, Value) {
    (format!("requests/{request}/decisions"), json!({"result": result, "note": "经研究决定"}))
}

/// Decides a request; gives the finding.
#[track_caller]
pub fn decide(app: &TestApp, by: Caller, finding: &str, request: &str, result: &str) -> Value {
    let (what, body) = verdict(request, result);
    step(app, by, finding, &what, &body).ok()
}

fn extension(until: &str) -> Value {
    json!({"until": until, "reason": "备件须从外地调运"})
}

/// Lets the clock look whose suspension is over; gives how many were.
fn the_clock(app: &TestApp) -> usize {
    app.write(|tx| {
        let today = business_date(tx.now());
        let over = side::elapsed(tx.conn(), today, None, 100)?;
        let mut resumed = 0;
        for id in over {
            resumed += usize::from(side::resume_elapsed(tx, id)?);
        }
        Ok(resumed)
    })
}

#[track_caller]
fn last_event(finding: &Value) -> &Value {
    finding["events"].as_array().and_then(|events| events.last()).expect("an event")
}

/// A finding of 5 working days.
fn of_working_days(app: &TestApp) {
    publish(app, |item| {
        if item["code"] == "YK-14" {
            (item["deadline_unit"], item["deadline_days"]) = (json!("working_day"), json!(5));
        }
    });
}

fn a_due_day_is_confirmed_once(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    let seen = detail(app, &finding);
    assert_eq!((&seen["due_on"], &seen["due_confirmed"]), (&json!("2026-08-06"), &json!(false)));
    for (body, pointer, fault) in [
        (json!({"due_on": "2026-08-07"}), "/reason", "required"),
        (json!({"due_on": "2026-08-02", "reason": "更早完成"}), "/due_on", "out_of_range"),
    ] {
        let answer = leaves_nothing(app, || step(app, Caller::Drafter, &finding, "deadlines", &body));
        answer.expect_at(422, fault, pointer, fault);
    }
    let body = json!({"due_on": "2026-08-10", "reason": "节点在周末"});
    let set = step(app, Caller::Drafter, &finding, "deadlines", &body).ok();
    assert_eq!((&set["due_on"], &set["due_original"]), (&json!("2026-08-10"), &json!("2026-08-10")));
    assert_eq!((&set["due_confirmed"], &set["state"]), (&json!(true), &json!("served")));
    let last = last_event(&set);
    assert_eq!((&last["kind"], &last["reason"]), (&json!("deadline_set"), &json!("节点在周末")));
    assert_eq!(last["detail"], json!({"due_before": "2026-08-06", "due_on": "2026-08-10"}));
    refused(app, Caller::SecondDrafter, &finding, "deadlines", &body, "deadline_confirmed");

    // The suggestion itself needs no reason; whoever serves with a day of their own has confirmed it.
    let other = found(app, &fresh(app, Station), "YK-14");
    let same = step(app, Caller::Drafter, &other, "deadlines", &json!({"due_on": "2026-08-06"})).ok();
    assert_eq!((&same["due_confirmed"], &same["due_rule"]), (&json!(true), &seen["due_rule"]));
    claim(app, Caller::Street, &other);
    refused(app, Caller::Drafter, &other, "deadlines", &body, "wrong_state");
}

fn more_time_is_asked_before_expiry_and_the_first_day_kept(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    for until in ["2026-08-06", "2026-08-01"] {
        let wish = || step(app, Caller::Operator, &finding, "extensions", &extension(until));
        leaves_nothing(app, wish).expect_at(422, "out_of_range", "/until", "out_of_range");
    }
    let request = ask(app, Caller::Operator, &finding, "extensions", &extension("2026-08-20"));
    assert_eq!(detail(app, &finding)["due_on"], "2026-08-06", "asking moves nothing");
    refused(app, Caller::Street, &finding, "extensions", &extension("2026-08-21"), "request_pending");
    let (what, granted) = verdict(&request, "granted");
    refused(app, Caller::Issuer, &finding, &what, &granted, "wrong_rank");
    step(app, Caller::Operator, &finding, &what, &granted).expect(403, "permission_denied");

    // A refusal with a day makes no sense, nor a day that is no later.
    for (result, until) in [("refused", "2026-08-15"), ("granted", "2026-08-06")] {
        let body = json!({"result": result, "note": "经研究决定", "until": until});
        let answer = leaves_nothing(app, || step(app, Caller::Reviewer, &finding, &what, &body));
        answer.expect_at(422, "out_of_range", "/until", "out_of_range");
    }
    set_clock(app, "2026-08-06T23:30:00");
    let body = json!({"result": "granted", "note": "同意延至十五日", "until": "2026-08-15"});
    let extended = step(app, Caller::Reviewer, &finding, &what, &body).ok();
    assert_eq!(
        (&extended["due_on"], &extended["due_original"], &extended["state"]),
        (&json!("2026-08-15"), &json!("2026-08-06"), &json!("served"))
    );
    assert!(extended["due_rule"].as_str().is_some_and(|rule| rule.contains("2026-08-06")), "{extended}");
    let decided = &extended["requests"][0];
    assert_eq!(
        (&decided["result"], &decided["decided_by"], &decided["until"]),
        (&json!("granted"), &json!(app.user(Caller::Reviewer)), &json!("2026-08-20"))
    );
    assert_eq!((&decided["due_before"], &decided["due_after"]), (&json!("2026-08-06"), &json!("2026-08-15")));
    refused(app, Caller::SecondReviewer, &finding, &what, &granted, "already_decided");
    // The day is no suggestion any more, and its first is never lost.
    let later = json!({"due_on": "2026-08-31", "reason": "再放宽"});
    refused(app, Caller::Drafter, &finding, "deadlines", &later, "deadline_confirmed");

    // Another one, from the day that stands; the clock minds the new day.
    set_clock(app, "2026-08-15T10:00:00");
    assert_eq!(detail(app, &finding)["overdue"], false);
    let again = ask(app, Caller::Street, &finding, "extensions", &extension("2026-08-18"));
    let extended = decide(app, Caller::SecondReviewer, &finding, &again, "granted");
    assert_eq!(
        (&extended["due_on"], &extended["due_original"]),
        (&json!("2026-08-18"), &json!("2026-08-06"))
    );
    set_clock(app, "2026-08-19T00:00:00");
    assert_eq!(detail(app, &finding)["overdue"], true);
    agrees(&detail(app, &finding));
}

fn more_time_is_refused_after_expiry(app: &TestApp) {
    let station = facility(app, Place::Own, Station);
    let (asked, silent) = (found(app, &station, "YK-14"), found(app, &station, "YK-16"));
    let request = ask(app, Caller::Operator, &asked, "extensions", &extension("2026-08-20"));
    let (what, granted) = verdict(&request, "granted");
    set_clock(app, "2026-08-06T23:58:00");
    // Asked on the last day in time; whoever approves on the day after is too late.
    ask(app, Caller::Operator, &silent, "extensions", &extension("2026-08-20"));
    set_clock(app, "2026-08-07T00:00:00");
    refused(app, Caller::Reviewer, &asked, &what, &granted, "overdue");
    let no = decide(app, Caller::Reviewer, &asked, &request, "refused");
    assert_eq!((&no["due_on"], &no["overdue"]), (&json!("2026-08-06"), &json!(true)));
    assert_eq!(last_event(&no)["kind"], "extension_refused");
    refused(app, Caller::Operator, &asked, "extensions", &extension("2026-08-20"), "overdue");
}

fn a_dispute_within_three_working_days(app: &TestApp) {
    set_clock(app, "2026-09-29T10:00:00");
    let (in_time, late) = (
        found(app, &facility(app, Place::Own, Station), "YK-14"),
        found(app, &facility(app, Place::Own, Station), "YK-16"),
    );
    assert_eq!(detail(app, &in_time)["due_on"], "2026-10-08");
    set_clock(app, "2026-09-30T10:00:00");
    let request = ask(app, Caller::Operator, &in_time, "disputes", &reason());
    let disputed = detail(app, &in_time);
    assert_eq!((&disputed["state"], &disputed["due_on"]), (&json!("disputed"), &json!("2026-10-08")));
    refused(app, Caller::Operator, &in_time, "disputes", &reason(), "wrong_state");
    // While it stands still nothing is late, and nothing can be claimed.
    set_clock(app, "2026-10-08T16:00:00");
    let body = super::claim_body(app, &[&build::Photo::new("after", None)]);
    refused(app, Caller::Operator, &in_time, "rectifications", &body, "wrong_state");
    let (what, upheld) = verdict(&request, "granted");
    super::also(app, Caller::Inspector, yixun::access::Role::Reviewer);
    refused(app, Caller::Inspector, &in_time, &what, &upheld, "second_person_required");
    let goes_on = decide(app, Caller::Reviewer, &in_time, &request, "refused");
    // Eight days stood still; the sixteenth is a Friday.
    assert_eq!(
        (&goes_on["state"], &goes_on["due_on"], &goes_on["due_original"]),
        (&json!("served"), &json!("2026-10-16"), &json!("2026-10-08"))
    );
    assert_eq!(last_event(&goes_on)["kind"], "dispute_refused");
    assert_eq!(goes_on["days"]["bureau"], 8, "the bureau took its time: {}", goes_on["days"]);
    agrees(&goes_on);

    // The third working day after service is 9 October; the tenth is worked too, and too late.
    set_clock(app, "2026-10-10T08:00:00");
    refused(app, Caller::Street, &late, "disputes", &reason(), "dispute_too_late");
    set_clock(app, "2026-09-29T10:00:00");
    let last = found(app, &fresh(app, Station), "YK-16");
    set_clock(app, "2026-10-09T23:58:00");
    ask(app, Caller::Street, &last, "disputes", &reason());
    let day_of_the_dispute = detail(app, &last);
    // Its due day, 8 October, had passed before and stays.
    let request = id(&day_of_the_dispute["requests"][0]);
    set_clock(app, "2026-10-20T10:00:00");
    let goes_on = decide(app, Caller::Reviewer, &last, &request, "refused");
    assert_eq!((&goes_on["due_on"], &goes_on["overdue"]), (&json!("2026-10-08"), &json!(true)));
}

fn what_is_no_finding_is_withdrawn(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    let request = ask(app, Caller::Street, &finding, "disputes", &json!({"reason": "该处不属本机构"}));
    let (what, upheld) = verdict(&request, "granted");
    refused(app, Caller::Issuer, &finding, &what, &upheld, "wrong_rank");
    let withdrawn = decide(app, Caller::SecondReviewer, &finding, &request, "granted");
    assert_eq!((&withdrawn["state"], &withdrawn["closed_at"]), (&json!("withdrawn"), &Value::Null));
    assert_eq!(last_event(&withdrawn)["kind"], "dispute_upheld");
    agrees(&withdrawn);
    assert_ne!(found(app, &facility(app, Place::Own, Station), "YK-14"), finding, "seen again, it is new");
}

fn pause(until: &str) -> Value {
    json!({"until": until, "reason": "台风停工"})
}

fn a_suspension_ends_by_itself(app: &TestApp) {
    set_clock(app, "2026-09-01T10:00:00");
    let station = facility(app, Place::Own, Station);
    let (finding, other) = (found(app, &station, "YK-14"), found(app, &station, "YK-16"));
    set_clock(app, "2026-09-02T10:00:00");
    for until in ["2026-09-01", "2026-11-02"] {
        let answer =
            leaves_nothing(app, || step(app, Caller::Drafter, &finding, "suspensions", &pause(until)));
        answer.expect_at(422, "out_of_range", "/until", "out_of_range");
    }
    for suspended in [&finding, &other] {
        let seen = step(app, Caller::Drafter, suspended, "suspensions", &pause("2026-09-04")).ok();
        assert_eq!((&seen["state"], &seen["paused_until"]), (&json!("suspended"), &json!("2026-09-04")));
    }
    refused(app, Caller::Reviewer, &finding, "suspensions", &pause("2026-09-09"), "wrong_state");
    // One goes on earlier: a day stood still, and the fifth is a Saturday.
    set_clock(app, "2026-09-03T10:00:00");
    let early = step(app, Caller::Reviewer, &other, "resumptions", &json!({"reason": "台风提前离境"})).ok();
    assert_eq!((&early["state"], &early["due_on"]), (&json!("served"), &json!("2026-09-07")));
    refused(app, Caller::Drafter, &other, "resumptions", &reason(), "wrong_state");

    set_clock(app, "2026-09-04T23:59:59");
    assert_eq!(the_clock(app), 0, "its last day is not over");
    set_clock(app, "2026-09-05T00:00:00");
    assert_eq!(the_clock(app), 1);
    let resumed = detail(app, &finding);
    // Three days stood still: the seventh is a Monday.
    assert_eq!(
        (&resumed["state"], &resumed["due_on"], &resumed["due_original"], &resumed["paused_until"]),
        (&json!("served"), &json!("2026-09-07"), &json!("2026-09-04"), &Value::Null)
    );
    let last = last_event(&resumed);
    assert_eq!((&last["kind"], &last["at"]), (&json!("resumed"), &json!(app.clock.now())));
    assert_eq!((the_clock(app), detail(app, &finding)), (0, resumed.clone()), "once");
    assert_eq!(resumed["days"]["other"], 3);
    agrees(&resumed);
}

fn a_suspension_ends_where_it_says_whenever_the_server_wakes(app: &TestApp) {
    set_clock(app, "2026-09-01T10:00:00");
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    set_clock(app, "2026-09-02T10:00:00");
    step(app, Caller::Drafter, &finding, "suspensions", &pause("2026-09-04")).ok();
    set_clock(app, "2026-09-09T09:00:00");
    assert_eq!(the_clock(app), 1);
    let resumed = detail(app, &finding);
    assert_eq!((&resumed["due_on"], &resumed["overdue"]), (&json!("2026-09-07"), &json!(true)));

    // So it is where somebody comes before the clock.
    set_clock(app, "2026-09-01T10:00:00");
    let other = found(app, &fresh(app, Station), "YK-14");
    set_clock(app, "2026-09-02T10:00:00");
    step(app, Caller::Drafter, &other, "suspensions", &pause("2026-09-04")).ok();
    set_clock(app, "2026-09-09T09:00:00");
    let resumed = step(app, Caller::Drafter, &other, "resumptions", &reason()).ok();
    assert_eq!(resumed["due_on"], "2026-09-07");
}

fn working_days_that_stood_still(app: &TestApp) {
    of_working_days(app);
    set_clock(app, "2026-09-01T10:00:00");
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    assert_eq!(detail(app, &finding)["due_on"], "2026-09-08");
    set_clock(app, "2026-09-03T10:00:00");
    step(app, Caller::Drafter, &finding, "suspensions", &pause("2026-09-06")).ok();
    set_clock(app, "2026-09-07T00:00:00");
    assert_eq!(the_clock(app), 1);
    assert_eq!(detail(app, &finding)["due_on"], "2026-09-10", "a weekend is no working day lost");

    // Around National Day: of 30 September to 9 October only the 8th and the 9th were worked.
    set_clock(app, "2026-09-29T10:00:00");
    let disputed = found(app, &fresh(app, Station), "YK-14");
    assert_eq!(detail(app, &disputed)["due_on"], "2026-10-12");
    set_clock(app, "2026-09-30T10:00:00");
    let request = ask(app, Caller::Street, &disputed, "disputes", &reason());
    set_clock(app, "2026-10-09T10:00:00");
    let goes_on = decide(app, Caller::Reviewer, &disputed, &request, "refused");
    assert_eq!(goes_on["due_on"], "2026-10-14");
}

fn phones_are_told_why_it_was_sent_back_also_after_a_pause(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    claim(app, Caller::Operator, &finding);
    step(app, Caller::Drafter, &finding, "returns", &reason()).ok();
    let told = || {
        let all = app.as_(Caller::Inspector).get("/sync").ok()["changes"].clone();
        let mut all = all.as_array().expect("changes").clone().into_iter();
        all.find(|change| change["id"] == json!(finding)).expect("the finding")["finding"].clone()
    };
    assert_eq!(told()["returned_because"], reason()["reason"]);
    step(app, Caller::Drafter, &finding, "suspensions", &pause("2026-08-04")).ok();
    assert_eq!((&told()["state"], &told()["returned_because"]), (&json!("suspended"), &Value::Null));
    set_clock(app, "2026-08-05T00:00:00");
    assert_eq!(the_clock(app), 1);
    assert_eq!((&told()["state"], &told()["returned_because"]), (&json!("returned"), &reason()["reason"]));
}

fn what_takes_long_goes_by_stages(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-16");
    let plan = |stages: Value| json!({"reason": "须改造疏散通道", "stages": stages});
    refused(app, Caller::Drafter, &finding, "long-terms", &plan(json!([])), "stages_required");
    let stage = |title: &str, due: &str| json!({"title": title, "due_on": due});
    for (stages, pointer) in [
        (json!([stage("设计", "2026-08-01")]), "/stages/0/due_on"),
        (json!([stage("设计", "2026-10-30"), stage("施工", "2026-10-29")]), "/stages/1/due_on"),
    ] {
        let answer =
            leaves_nothing(app, || step(app, Caller::Drafter, &finding, "long-terms", &plan(stages.clone())));
        answer.expect_at(422, "out_of_range", pointer, "out_of_range");
    }
    let stages = plan(json!([stage("完成设计", "2026-10-30"), stage("完成施工", "2026-12-30")]));
    let first = ask(app, Caller::Reviewer, &finding, "long-terms", &stages);
    assert_eq!(
        decide(app, Caller::Issuer, &finding, &first, "refused")["due_on"],
        "2026-08-06",
        "it stays as it was"
    );
    let request = ask(app, Caller::Drafter, &finding, "long-terms", &stages);
    let (what, granted) = verdict(&request, "granted");
    refused(app, Caller::Reviewer, &finding, &what, &granted, "wrong_rank");
    let on_account = decide(app, Caller::Issuer, &finding, &request, "granted");
    assert_eq!(
        (&on_account["state"], &on_account["long_term"], &on_account["due_on"], &on_account["due_original"]),
        (&json!("long_term"), &json!(true), &json!("2026-12-30"), &json!("2026-08-06"))
    );
    let body = json!({"due_on": "2027-01-30", "reason": "再放宽"});
    refused(app, Caller::Drafter, &finding, "deadlines", &body, "staged");

    let note = json!({"note": "图纸已审定"});
    let done = step(app, Caller::Drafter, &finding, "stages/1/completions", &note).ok();
    assert_eq!(
        (&done["requests"][1]["stages"][0]["note"], &done["requests"][1]["stages"][1]["done_at"]),
        (&json!("图纸已审定"), &Value::Null)
    );
    refused(app, Caller::SecondDrafter, &finding, "stages/1/completions", &note, "already_done");
    step(app, Caller::Drafter, &finding, "stages/3/completions", &note).expect(404, "not_found");

    // Sent back it is still on account, and its plan goes on.
    claim(app, Caller::Operator, &finding);
    step(app, Caller::Reviewer, &finding, "returns", &reason()).ok();
    let back = step(app, Caller::Drafter, &finding, "stages/2/completions", &note).ok();
    assert_eq!((&back["state"], &back["long_term"]), (&json!("returned"), &json!(true)));
    // More time for what is on account is the issuer's to give.
    let request = ask(app, Caller::Operator, &finding, "extensions", &extension("2027-03-31"));
    let (what, granted) = verdict(&request, "granted");
    refused(app, Caller::Reviewer, &finding, &what, &granted, "wrong_rank");
    assert_eq!(decide(app, Caller::Issuer, &finding, &request, "granted")["due_on"], "2027-03-31");

    claim(app, Caller::Operator, &finding);
    check(app, Caller::Street, &finding, "pass");
    reinspect(app, Caller::SecondInspector, &finding, "pass");
    for caller in [Caller::Drafter, Caller::Reviewer] {
        refused(app, caller, &finding, "closures", &closing(), "wrong_rank");
    }
    let closed = step(app, Caller::Issuer, &finding, "closures", &closing()).ok();
    assert_eq!(closed["state"], "closed");
    agrees(&closed);
}

fn what_is_passed_on_is_not_closed_before_the_answer(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    let referral = |agency: &str, imminent: bool| json!({"agency": agency, "addressee": "示例区住建局", "imminent": imminent, "matter": "外墙开裂"});
    refused(app, Caller::Inspector, &finding, "referrals", &referral("housing", false), "wrong_rank");
    let referred = step(app, Caller::Drafter, &finding, "referrals", &referral("housing", false)).ok();
    assert_eq!(referred["state"], "served", "its own way goes on");
    let housing = id(&referred["referrals"][0]);
    // Danger at once anybody passes on, also a third party.
    let both = step(app, Caller::ThirdParty, &finding, "referrals", &referral("fire", true)).ok();
    let fire = id(&both["referrals"][1]);
    let at = |referral: &str, what: &str| format!("referrals/{referral}/{what}");
    let note = json!({"note": "已收悉并受理"});
    for what in ["receipts", "results"] {
        refused(app, Caller::Fire, &finding, &at(&housing, what), &note, "other_agency");
    }
    claim(app, Caller::Operator, &finding);
    check(app, Caller::Street, &finding, "pass");
    refused(app, Caller::Drafter, &finding, "closures", &closing(), "referral_pending");
    let received = step(app, Caller::Drafter, &finding, &at(&housing, "receipts"), &note).ok();
    assert_eq!(received["referrals"][0]["received_by"], app.user(Caller::Drafter));
    refused(app, Caller::Drafter, &finding, &at(&housing, "receipts"), &note, "already_received");
    refused(app, Caller::Drafter, &finding, "closures", &closing(), "referral_pending");
    app.advance(chrono::TimeDelta::days(2));
    step(app, Caller::Drafter, &finding, &at(&housing, "results"), &json!({"note": "已加固"})).ok();
    refused(app, Caller::Drafter, &finding, "closures", &closing(), "referral_pending");
    // What came of it says that it was received.
    let answered = step(app, Caller::Fire, &finding, &at(&fire, "results"), &json!({"note": "已查处"})).ok();
    let line = &answered["referrals"][1];
    assert_eq!((&line["result"], &line["received_by"]), (&json!("已查处"), &json!(app.user(Caller::Fire))));
    for what in ["receipts", "results"] {
        let code = if what == "receipts" { "already_received" } else { "already_reported" };
        refused(app, Caller::Fire, &finding, &at(&fire, what), &note, code);
    }
    step(app, Caller::Drafter, &finding, &at(&uuid().to_string(), "results"), &note).expect(404, "not_found");
    let closed = step(app, Caller::SecondDrafter, &finding, "closures", &closing()).ok();
    assert_eq!(closed["days"]["other"], 2, "{}", closed["days"]);
    agrees(&closed);
}

/// Makes a finding the fire brigade's own, behind the API's back.
fn joint(app: &TestApp, finding: &str) {
    let id: FindingId = finding.parse().expect("an id");
    app.write(move |tx| {
        diesel::update(finding::table.find(id)).set(finding::joint.eq(true)).execute(tx.conn())?;
        Ok(())
    });
}

fn the_brigades_own(app: &TestApp) {
    let station = facility(app, Place::Own, Station);
    let (mine, other) = (found(app, &station, "YK-14"), found(app, &station, "YK-15"));
    joint(app, &mine);
    assert_eq!(detail(app, &mine)["joint"], true);
    let day = json!({"due_on": "2026-08-20", "reason": "放宽"});
    for (by, what, body) in [
        (Caller::Drafter, "deadlines", &day),
        (Caller::Operator, "extensions", &extension("2026-08-20")),
        (Caller::Operator, "disputes", &reason()),
        (Caller::Drafter, "suspensions", &pause("2026-08-10")),
    ] {
        refused(app, by, &mine, what, body, "brigade_decides");
    }
    let seen = |result: &str| json!({"result": result, "note": "大队到场复查"});
    refused(app, Caller::Fire, &mine, "brigade-checks", &seen("pass"), "wrong_state");
    for finding in [&mine, &other] {
        claim(app, Caller::Operator, finding);
        check(app, Caller::Street, finding, "pass");
    }
    refused(app, Caller::Fire, &other, "brigade-checks", &seen("pass"), "not_joint");
    refused(app, Caller::Drafter, &mine, "closures", &closing(), "brigade_closes");
    let back = step(app, Caller::Fire, &mine, "brigade-checks", &seen("fail")).ok();
    assert_eq!((&back["state"], &back["closed_by"]), (&json!("returned"), &Value::Null));
    claim(app, Caller::Operator, &mine);
    let closed = step(app, Caller::Fire, &mine, "brigade-checks", &seen("pass")).ok();
    assert_eq!(
        (&closed["state"], &closed["closed_by"], &closed["closed_at"]),
        (&json!("closed"), &json!(app.user(Caller::Fire)), &json!(app.clock.now()))
    );
    let kinds: Vec<&Value> =
        closed["checks"].as_array().expect("checks").iter().map(|c| &c["kind"]).collect();
    assert_eq!(kinds, ["street", "brigade", "brigade"]);
    agrees(&closed);
}

fn a_unit_of_the_bureau_is_closed_from_outside(app: &TestApp) {
    let mut body = build::facility_body(app, Place::Own, Station);
    (body["route"], body["operator_name"]) = (json!("bureau_unit"), json!("示例区民政局"));
    let unit = id(&app.as_(Caller::Drafter).post("/facilities", &body).created());
    let finding = found(app, &unit, "YK-14");
    refused(app, Caller::Reviewer, &finding, "withdrawals", &reason(), "inside_line");
    let request = ask(app, Caller::Street, &finding, "disputes", &reason());
    for result in ["granted", "refused"] {
        let (what, body) = verdict(&request, result);
        refused(app, Caller::Reviewer, &finding, &what, &body, "inside_line");
    }
    // Somebody else runs it from now on, and the bureau stands outside.
    let outside = json!({"operator_name": "试验运营机构"});
    change(app, &unit, &outside);
    decide(app, Caller::Reviewer, &finding, &request, "refused");
    claim(app, Caller::Street, &finding);
    change(app, &unit, &json!({"operator_name": "示例区民政局"}));
    refused(app, Caller::Drafter, &finding, "closures", &closing(), "inside_line");
    change(app, &unit, &outside);
    step(app, Caller::Drafter, &finding, "closures", &closing()).ok();
}

fn who_answers_and_who_was_called(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    let before = detail(app, &finding);
    let to = json!({"unit": "试验运营机构", "post": "院长", "person": "试验丁", "reason": "原责任人离职"});
    let named = step(app, Caller::Operator, &finding, "assignments", &to).ok();
    assert_eq!(
        (&named["responsible_unit"], &named["responsible_post"], &named["responsible_person"]),
        (&to["unit"], &to["post"], &to["person"])
    );
    let last = last_event(&named);
    assert_eq!(last["detail"]["before"]["person"], before["responsible_person"], "the one before is kept");
    assert_eq!(
        (&last["kind"], &last["reason"], &named["state"]),
        (&json!("assigned"), &to["reason"], &json!("served"))
    );
    let mut elsewhere = to.clone();
    elsewhere["unit"] = json!("海幢街道办事处");
    leaves_nothing(app, || step(app, Caller::Operator, &finding, "assignments", &elsewhere)).expect_at(
        422,
        "out_of_range",
        "/unit",
        "out_of_range",
    );
    step(app, Caller::Street, &finding, "assignments", &elsewhere).ok();
    step(app, Caller::Drafter, &finding, "assignments", &to).ok();
    let call = |day: &str| json!({"method": "call", "person": "试验丁", "note": "催办", "happened_on": day});
    let answer = leaves_nothing(app, || step(app, Caller::Street, &finding, "contacts", &call("2026-08-04")));
    answer.expect_at(422, "out_of_range", "/happened_on", "out_of_range");
    step(app, Caller::Street, &finding, "contacts", &call("2026-08-02")).ok();
    let logged = step(app, Caller::Drafter, &finding, "contacts", &call("2026-08-03")).ok();
    let lines = logged["contacts"].as_array().expect("contacts");
    let days: Vec<&Value> = lines.iter().map(|line| &line["happened_on"]).collect();
    assert_eq!(days, ["2026-08-02", "2026-08-03"]);
    assert_eq!(lines[1]["logged_by"], app.user(Caller::Drafter));
    for (what, body) in [("assignments", &to), ("contacts", &call("2026-08-03"))] {
        step(app, Caller::Supervisor, &finding, what, body).expect(403, "permission_denied");
    }
    super::close(app, &finding);
    refused(app, Caller::Drafter, &finding, "contacts", &call("2026-08-03"), "wrong_state");
    refused(app, Caller::Drafter, &finding, "assignments", &to, "wrong_state");
}

fn what_was_asked_lapses_with_the_end(app: &TestApp) {
    let station = facility(app, Place::Own, Station);
    let (closed, withdrawn) = (found(app, &station, "YK-14"), found(app, &station, "YK-15"));
    for finding in [&closed, &withdrawn] {
        ask(app, Caller::Operator, finding, "extensions", &extension("2026-08-20"));
        let plan = json!({"reason": "须改造", "stages": [{"title": "完成设计", "due_on": "2026-10-30"}]});
        let kept = ask(app, Caller::Drafter, finding, "long-terms", &plan);
        decide(app, Caller::Issuer, finding, &kept, "refused");
    }
    super::close(app, &closed);
    step(app, Caller::Reviewer, &withdrawn, "withdrawals", &reason()).ok();
    for finding in [&closed, &withdrawn] {
        let seen = detail(app, finding);
        let results: Vec<&Value> =
            seen["requests"].as_array().expect("requests").iter().map(|r| &r["result"]).collect();
        assert_eq!(results, ["lapsed", "refused"]);
        let lapsed = &seen["requests"][0];
        assert_eq!((&lapsed["decided_by"], &lapsed["decided_at"]), (&Value::Null, &last_event(&seen)["at"]));
        let (what, granted) = verdict(&id(lapsed), "granted");
        refused(app, Caller::Reviewer, finding, &what, &granted, "already_decided");
        refused(app, Caller::Operator, finding, "extensions", &extension("2026-08-21"), "wrong_state");
    }
}
