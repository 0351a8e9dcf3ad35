//! 监督意见.

use crate::app::TestApp;
use crate::build::{campaign, id, inspection, letters};
use crate::findings::{detail, found};
use crate::inspections::{facility, leaves_nothing, set_clock};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use serde_json::{Value, json};
use yixun::access::Role;
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite: the_bureau_answers_a_supervisor, an_opinion_is_about_one_thing_within_reach);
}

fn opinion(subject: &str, about: &str) -> Value {
    json!({subject: about, "said": "该问题销号依据不足，请说明", "answer_due": "2026-08-10"})
}

fn the_bureau_answers_a_supervisor(app: &TestApp) {
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    let before = detail(app, &finding);
    let supervisor = app.as_(Caller::Supervisor);
    let made = supervisor.post("/opinions", &opinion("finding_id", &finding)).created();
    let path = format!("/opinions/{}", id(&made));
    let asked = app.as_(Caller::Drafter).all("/notices");
    assert!(asked.iter().any(|n| n["event"] == "opinion.asked"), "{asked:?}");
    assert_eq!(detail(app, &finding), before, "it changes nothing of what it is about");
    let overdue = |by: Caller| app.as_(by).all("/opinions?overdue=true").len();
    set_clock(app, "2026-08-10T23:59:59");
    assert_eq!((overdue(Caller::Supervisor), overdue(Caller::Reviewer)), (0, 0));
    set_clock(app, "2026-08-11T00:00:00");
    assert_eq!((overdue(Caller::Supervisor), overdue(Caller::Reviewer)), (1, 1));
    let answer = json!({"answer": "已补充复查照片"});
    supervisor.post(&format!("{path}/answers"), &answer).expect(403, "permission_denied");
    let sibling = app.as_(Caller::At(Role::Drafter, Place::Sibling));
    sibling.post(&format!("{path}/answers"), &answer).expect(404, "not_found");
    app.as_(Caller::Drafter).post(&format!("{path}/answers"), &answer).ok();
    app.as_(Caller::Reviewer).post(&format!("{path}/answers"), &answer).expect(409, "already_answered");
    let told = supervisor.get(&path).ok();
    assert_eq!(
        (&told["answer"], &told["answered_by"]),
        (&json!("已补充复查照片"), &json!(app.user(Caller::Drafter)))
    );
    assert_eq!((&told["overdue"], &told["answered_late"]), (&json!(false), &json!(true)));
    assert_eq!(overdue(Caller::Supervisor), 0);
    assert_eq!(app.as_(Caller::Issuer).all(&format!("/opinions?finding_id={finding}")).len(), 1);
    assert!(supervisor.all("/opinions?unanswered=true").is_empty());
}

fn an_opinion_is_about_one_thing_within_reach(app: &TestApp) {
    let planned = id(&campaign(app, Place::Own, &[Station]));
    let seen = inspection(app, &facility(app, Place::Own, Station), &[]).of_campaign(&planned);
    seen.put_whole(&app.as_(Caller::Inspector));
    let letter = id(&letters(app, Place::Own, &planned)[0]);
    let finding = found(app, &facility(app, Place::Own, Station), "YK-14");
    let supervisor = app.as_(Caller::Supervisor);
    let made = supervisor.post("/opinions", &opinion("letter_id", &letter)).created();
    assert_eq!((&made["letter_id"], &made["finding_id"]), (&json!(letter), &Value::Null));
    let refused = |by: Caller, body: &Value, pointer: &str, code: &str| {
        leaves_nothing(app, || app.as_(by).post("/opinions", body).expect_at(422, code, pointer, code));
    };
    let mut both = opinion("letter_id", &letter);
    both["finding_id"] = json!(finding);
    refused(Caller::Supervisor, &both, "/finding_id", "one_subject");
    let mut late = opinion("finding_id", &finding);
    late["answer_due"] = json!("2026-08-02");
    refused(Caller::Supervisor, &late, "/answer_due", "out_of_range");
    let elsewhere = Caller::At(Role::Supervisor, Place::Elsewhere);
    refused(elsewhere, &opinion("finding_id", &finding), "/finding_id", "unknown_finding");
    refused(elsewhere, &opinion("letter_id", &letter), "/letter_id", "unknown_letter");
    app.as_(elsewhere).get(&format!("/opinions/{}", id(&made))).expect(404, "not_found");
    app.as_(Caller::Drafter).post("/opinions", &both).expect(403, "permission_denied");
}
