//! Letters of other kinds, and what clerks change of drafts: the texts are read back from the frozen snapshots.

use super::app::TestApp;
use super::build::{self, id};
use super::client::Reply;
use super::letters::{close, drafted, inspected, snapshot, take};
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use serde_json::{Value, json};
use ureq::http::Method;
use yixun::access::Role;
use yixun::clock::Clock as _;
use yixun::directory::FacilityKind::Station;
use yixun::files::sha256_of;
use yixun::letters;

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_clerk_changes_a_draft,
        what_no_clerk_may_write,
        no_person_is_named,
        what_is_left_out_is_said,
        versions_differ_by_lines,
        each_figure_leads_to_its_rows,
        the_issuer_sees_what_changed,
        once_more_what_is_still_open,
        to_an_operator_and_not_to_the_street,
        of_an_operators_letter_no_street_is_told,
        an_operator_is_called_in,
        a_delivered_letter_is_put_right,
        a_delivered_letter_is_taken_back,
        instead_of_a_void_letter,
    );
}

/// Late enough for every test.
pub const REPLY_DUE: &str = "2027-03-01";
/// Who runs every facility of the tests.
pub const OPERATOR: &str = "试验运营机构";

fn view(app: &TestApp, letter: &str) -> Value {
    app.as_(Caller::Registrar).get(&format!("/letters/{letter}")).ok()
}

/// Drafts a letter of its own.
pub fn draft(app: &TestApp, body: &Value) -> Reply {
    app.as_(Caller::Drafter).post("/letters", body)
}

fn change(app: &TestApp, letter: &str, edits: &Value) -> Reply {
    let tag = format!("\"{}\"", view(app, letter)["revision"]);
    let body = json!({"edits": edits, "comment": "按处室意见修改"});
    app.as_(Caller::Drafter).json(
        Method::PUT,
        &format!("/letters/{letter}/edits"),
        &[("If-Match", &tag)],
        &body,
    )
}

/// A campaign with two findings at the own station, and its letters; the own street's comes first.
fn found(app: &TestApp) -> (String, Vec<String>, Vec<String>) {
    let campaign = id(&build::campaign(app, Place::District, &[Station]));
    let findings = inspected(app, Place::Own, Station, &campaign, &["YK-02", "YK-06"]);
    let letters = drafted(app, &campaign);
    (campaign, findings, letters)
}

fn text(app: &TestApp, letter: &str) -> String {
    let letter = snapshot(app, letter);
    format!("{}\n{}", letter.title.concat(), letter.text())
}

/// Takes a letter from the draft to the delivery.
#[track_caller]
pub fn send(app: &TestApp, letter: &str) {
    for (step, by) in [("submit", Caller::Drafter), ("approve", Caller::Reviewer), ("issue", Caller::Issuer)]
    {
        take(app, by, letter, step).ok();
    }
    app.drain();
    build::seal(app, Caller::Registrar, letter).ok();
    build::deliver(app, Caller::Registrar, &[letter]).ok();
}

fn a_clerk_changes_a_draft(app: &TestApp) {
    let (_, findings, letters) = found(app);
    let letter = &letters[0];
    let said = "近期天气炎热，请一并做好防暑降温工作。";
    let edits =
        json!({"blocks": [{"after": "requirements", "text": said}], "order": [findings[1], findings[0]]});
    let changed = change(app, letter, &edits).ok();
    assert_eq!((&changed["state"], &changed["revision"]), (&json!("draft"), &json!(2)));
    take(app, Caller::Drafter, letter, "submit").ok();
    let printed = snapshot(app, letter);
    let numbers: Vec<String> = printed.issues.expect("an annex").rows.into_iter().map(|r| r.number).collect();
    let number = |finding: &str| {
        app.as_(Caller::Drafter).get(&format!("/findings/{finding}")).ok()["number"]
            .as_str()
            .expect("a number")
            .to_owned()
    };
    assert_eq!(numbers, [number(&findings[1]), number(&findings[0])], "in the clerk's order");
    let paragraphs: Vec<String> = printed.body.iter().map(|p| p.text.clone()).collect();
    assert_eq!(paragraphs[paragraphs.len() - 2], said, "before the ending");
    change(app, letter, &json!({})).expect(409, "wrong_state");
    // Returned, it can be changed again, and what was there stays in the history.
    take(app, Caller::Reviewer, letter, "return").ok();
    change(app, letter, &json!({})).ok();
    let kept = app.as_(Caller::Reviewer).get(&format!("/letters/{letter}/edits")).ok()["editions"].clone();
    assert_eq!(kept.as_array().map(Vec::len), Some(2));
    assert_eq!((&kept[0]["edits"]["blocks"][0]["text"], &kept[0]["version"]), (&json!(said), &json!(1)));
    assert_eq!(kept[1]["edited_by"], app.user(Caller::Drafter));
}

fn what_no_clerk_may_write(app: &TestApp) {
    let (_, findings, letters) = found(app);
    let letter = &letters[0];
    let block = |after: &str, text: &str| json!({"blocks": [{"after": after, "text": text}]});
    for (edits, status, code) in [
        (block("opening", "本次共发现12个问题。"), 409, "count_in_text"),
        (block("opening", "整改率已达百分之九十。"), 409, "count_in_text"),
        (block("opening", "责令你街道限期整改。"), 409, "forbidden_word"),
        (block("carried_over", "请抓紧办理前期问题。"), 409, "no_such_section"),
        (json!({"order": [build::uuid()]}), 422, "invalid_request"),
        (json!({"left_out": [{"finding_id": build::uuid(), "reason": "另行处理"}]}), 422, "invalid_request"),
        (json!({"left_out": [{"finding_id": findings[0], "reason": ""}]}), 422, "invalid_request"),
        (json!({"figures": {"found": 3}}), 422, "invalid_request"),
    ] {
        change(app, letter, &edits).expect(status, code);
    }
    let stale = app.as_(Caller::Drafter).json(
        Method::PUT,
        &format!("/letters/{letter}/edits"),
        &[("If-Match", "\"7\"")],
        &json!({"edits": {}}),
    );
    stale.expect(412, "version_differs");
    assert_eq!(view(app, letter)["revision"], 1, "nothing was kept");
    let street = app.as_(Caller::Street);
    street.get(&format!("/letters/{letter}/edits")).expect(403, "permission_denied");
    street.get(&format!("/letters/{letter}/figures")).expect(404, "not_found");
}

fn no_person_is_named(app: &TestApp) {
    let path = format!("/facilities/{}", app.world.facility(Place::Own, Station));
    let drafter = app.as_(Caller::Drafter);
    let revision = drafter.get(&path).ok()["revision"].as_i64();
    drafter.patch(&path, revision, &json!({"contact_name": "王小明"})).ok();
    let (_, _, letters) = found(app);
    let text = json!({"blocks": [{"after": "opening", "text": "请王 小明同志尽快办理。"}]});
    letters.iter().for_each(|letter| drop(change(app, letter, &text).ok()));
    let submit = |body: Value| drafter.post(&format!("/letters/{}/submit", letters[0]), &body);
    let refused = submit(json!({})).expect(409, "person_named");
    assert!(refused["detail"].as_str().is_some_and(|d| d.contains("自拟段落含有“王小明”")), "{refused}");
    take(app, Caller::Drafter, &letters[1], "submit").ok();
    let reason = json!({"names_reason": "此处为门店商号"});
    assert_eq!(submit(reason.clone()).ok()["names_reason"], reason["names_reason"]);
    take(app, Caller::Reviewer, &letters[0], "return").ok();
    change(app, &letters[0], &json!({})).ok();
    assert_eq!(submit(reason).ok()["names_reason"], Value::Null, "nothing needs a reason any more");
}

fn what_is_left_out_is_said(app: &TestApp) {
    let (_, findings, letters) = found(app);
    let letter = &letters[0];
    let left = |ids: &[&String]| {
        let each: Vec<Value> = ids.iter().map(|id| json!({"finding_id": id, "reason": "正在复核"})).collect();
        json!({ "left_out": each })
    };
    change(app, letter, &left(&[&findings[0]])).ok();
    take(app, Caller::Drafter, letter, "submit").ok();
    let said = text(app, letter);
    assert!(
        said.contains("检查发现问题1个") && said.contains("另有1个问题由我局另行处理，不列入本函"),
        "{said}"
    );
    assert_eq!(view(app, letter)["lines"], 1);
    take(app, Caller::Reviewer, letter, "return").ok();
    change(app, letter, &left(&[&findings[0], &findings[1]])).ok();
    take(app, Caller::Drafter, letter, "submit").ok();
    let said = text(app, letter);
    assert!(
        !said.contains("未发现问题") && said.contains("另有2个问题"),
        "nothing listed is not nothing found: {said}"
    );
}

fn versions_differ_by_lines(app: &TestApp) {
    let (_, _, letters) = found(app);
    let letter = &letters[0];
    for said in ["请做好防汛工作。", "请做好防寒工作。"] {
        change(app, letter, &json!({"blocks": [{"after": "requirements", "text": said}]})).ok();
    }
    let diff = |from: i32, to: i32| {
        let lines =
            app.as_(Caller::Reviewer).get(&format!("/letters/{letter}/diff?from={from}&to={to}")).ok();
        let of = |change: &str| -> Vec<String> {
            let all = lines["lines"].as_array().expect("lines").iter();
            all.filter(|l| l["change"] == change)
                .map(|l| l["text"].as_str().expect("text").to_owned())
                .collect()
        };
        (of("removed"), of("added"))
    };
    assert_eq!(diff(0, 1), (vec![], vec!["请做好防汛工作。".to_owned()]));
    assert_eq!(diff(1, 2), (vec!["请做好防汛工作。".to_owned()], vec!["请做好防寒工作。".to_owned()]));
    assert_eq!(diff(2, 2), (vec![], vec![]));
    app.as_(Caller::Reviewer).get(&format!("/letters/{letter}/diff?from=0&to=9")).expect(404, "not_found");
}

fn each_figure_leads_to_its_rows(app: &TestApp) {
    let (_, findings, letters) = found(app);
    close(app, Place::Own, &findings[0]);
    let figures =
        app.as_(Caller::Issuer).get(&format!("/letters/{}/figures", letters[0])).ok()["figures"].clone();
    let of = |what: &str| {
        let found = figures.as_array().expect("figures").iter().find(|f| f["what"] == what).cloned();
        found.unwrap_or_else(|| panic!("no {what} in {figures}"))
    };
    for (what, value) in [("发现问题", 2), ("已销号", 1), ("未销号", 1), ("已逾期", 0), ("涉及设施", 1)]
    {
        assert_eq!(of(what)["value"], value, "{what}");
    }
    let closed = app.as_(Caller::Issuer).get(&format!("/findings/{}", findings[0])).ok()["number"].clone();
    assert_eq!(of("已销号")["findings"], json!([closed]));
    take(app, Caller::Drafter, &letters[0], "submit").ok();
    let said = text(app, &letters[0]);
    assert!(said.contains("检查发现问题2个") && said.contains("已销号1个，未销号1个"), "{said}");
}

fn the_issuer_sees_what_changed(app: &TestApp) {
    let (_, findings, letters) = found(app);
    let letter = &letters[0];
    let compare = |letter: &str| app.as_(Caller::Issuer).get(&format!("/letters/{letter}/comparison"));
    compare(letter).expect(409, "not_submitted");
    take(app, Caller::Drafter, letter, "submit").ok();
    let first = compare(letter).ok();
    assert_eq!((&first["since_submission"], &first["since_last_version"]), (&json!([]), &json!([])));
    assert_eq!((&first["now"]["found"], &first["before"]), (&json!(2), &Value::Null));
    close(app, Place::Own, &findings[0]);
    let moved = compare(letter).ok()["since_submission"].to_string();
    assert!(moved.contains("已销号1个") && moved.contains("added") && moved.contains("removed"), "{moved}");
    take(app, Caller::Reviewer, letter, "return").ok();
    take(app, Caller::Drafter, letter, "submit").ok();
    let again = compare(letter).ok();
    assert_eq!(again["since_submission"], json!([]));
    assert!(again["since_last_version"].to_string().contains("已销号1个"));
    take(app, Caller::Reviewer, letter, "approve").ok();
    take(app, Caller::Issuer, letter, "issue").ok();
    // The next campaign's letter is compared with this one.
    app.advance(chrono::TimeDelta::days(1));
    let next = id(&build::campaign(app, Place::District, &[Station]));
    let later = drafted(app, &next);
    take(app, Caller::Drafter, &later[0], "submit").ok();
    let against = compare(&later[0]).ok();
    assert_eq!(against["before"]["letter_id"], json!(letter));
    assert_eq!((&against["before"]["found"], &against["now"]["found"]), (&json!(2), &json!(0)));
    let differ = json!({"what": "发现问题", "before": 2, "now": 0});
    assert!(against["against_before"].as_array().expect("differences").contains(&differ), "{against}");
}

fn once_more_what_is_still_open(app: &TestApp) {
    let (_, findings, letters) = found(app);
    let again = |reply_due: &str| {
        draft(app, &json!({"kind": "second_reminder", "original_id": letters[0], "reply_due": reply_due}))
    };
    again(REPLY_DUE).expect(409, "wrong_original");
    letters.iter().for_each(|letter| send(app, letter));
    again("2026-08-03").expect(422, "reply_due_in_past");
    close(app, Place::Own, &findings[0]);
    let second = again(REPLY_DUE).created();
    assert_eq!((&second["original_id"], &second["kind"]), (&json!(letters[0]), &json!("second_reminder")));
    again(REPLY_DUE).expect(409, "drafted_already");
    let second = id(&second);
    send(app, &second);
    let said = text(app, &second);
    let first = view(app, &letters[0]);
    assert!(
        said.contains("再次提醒函") && said.contains(first["number"].as_str().expect("a number")),
        "{said}"
    );
    assert!(said.contains("尚未销号的问题1个") && !said.contains("均已完成"), "{said}");
    let rows = snapshot(app, &second).issues.expect("an annex").rows;
    assert!(rows.len() == 1 && !rows[0].closed);
    assert_eq!(
        (&first["followed_by"][0]["id"], &first["followed_by"][0]["kind"]),
        (&json!(second), &json!("second_reminder"))
    );
    // The sibling street's letter found nothing: there is nothing to remind of.
    let nothing = json!({"kind": "second_reminder", "original_id": letters[1], "reply_due": REPLY_DUE});
    let empty = id(&draft(app, &nothing).created());
    take(app, Caller::Drafter, &empty, "submit").expect(409, "nothing_open");
}

fn to_an_operator_and_not_to_the_street(app: &TestApp) {
    let (campaign, _, _) = found(app);
    let body = |operator: &str| {
        json!({"kind": "operator_reminder", "campaign_id": campaign, "street_id": app.world.area(Place::Own),
            "operator": operator, "reply_due": REPLY_DUE})
    };
    let letter = id(&draft(app, &body(OPERATOR)).created());
    send(app, &letter);
    let printed = snapshot(app, &letter);
    assert_eq!(printed.recipient, OPERATOR);
    let said = text(app, &letter);
    assert!(
        said.contains("你单位") && said.contains("检查发现问题2个") && !said.contains("督促有关运营机构"),
        "{said}"
    );
    assert!(printed.indicators.is_none(), "how far the street is, is not the operator's business");
    assert!(app.as_(Caller::Street).all("/letters").is_empty());
    app.as_(Caller::Street).get(&format!("/letters/{letter}")).expect(404, "not_found");
    let stranger = id(&draft(app, &body("从未运营过的机构")).created());
    take(app, Caller::Drafter, &stranger, "submit").expect(409, "nothing_open");
    let elsewhere = json!({"kind": "operator_reminder", "campaign_id": campaign, "operator": OPERATOR,
        "street_id": app.world.area(Place::Elsewhere), "reply_due": REPLY_DUE});
    draft(app, &elsewhere).expect(404, "not_found");
}

fn of_an_operators_letter_no_street_is_told(app: &TestApp) {
    let (campaign, _, letters) = found(app);
    let follow = |street: Option<Place>| {
        let street = street.map(|place| app.world.area(place));
        let body = json!({"url": "https://oa.example.cn/", "description": "试验", "events": ["letter.delivered"],
            "street_id": street});
        id(&app.as_(Caller::SecurityAdmin).post("/webhooks", &body).created()["webhook"])
    };
    let (bureaus, streets) = (follow(None), follow(Some(Place::Own)));
    let heard = |hook: &str| app.as_(Caller::Admin).all(&format!("/webhooks/deliveries?webhook_id={hook}"));
    let told = |by: Caller, event: &str| {
        let all = app.as_(by).all("/notices");
        all.iter().filter(|n| n["event"] == event).count()
    };
    let body = json!({"kind": "operator_reminder", "campaign_id": campaign, "operator": OPERATOR,
        "street_id": app.world.area(Place::Own), "reply_due": REPLY_DUE});
    let letter = id(&draft(app, &body).created());
    send(app, &letter);
    for clerk in [Caller::Street, Caller::SecondStreet] {
        assert_eq!(told(clerk, "letter.delivered"), 0, "{clerk:?} cannot even open it");
    }
    assert_eq!((heard(&bureaus).len(), heard(&streets).len()), (1, 0), "the bureau's own system knows");
    let receipt = format!("/letters/{letter}/acknowledge");
    app.as_(Caller::Street).post(&receipt, &json!({"received_by": "某人"})).expect(404, "not_found");
    // Nobody receives it: that is the bureau's affair.
    app.advance(chrono::TimeDelta::days(3));
    assert_eq!(letters::alert(&app.app.db, app.clock.now()).expect("told"), 1);
    for (by, times) in
        [(Caller::Registrar, 1), (Caller::Drafter, 1), (Caller::Street, 0), (Caller::SecondStreet, 0)]
    {
        assert_eq!(told(by, "letter.unacknowledged"), times, "{by:?}");
    }
    let receipt = json!({"received_by": "试验签收人"});
    app.as_(Caller::Registrar).post(&format!("/letters/{letter}/acknowledge"), &receipt).ok();
    assert_eq!(
        (told(Caller::Drafter, "letter.acknowledged"), told(Caller::Street, "letter.acknowledged")),
        (1, 0)
    );
    // What goes to the street is told as ever.
    send(app, &letters[0]);
    assert_eq!(
        (told(Caller::Street, "letter.delivered"), told(Caller::SecondStreet, "letter.delivered")),
        (1, 1)
    );
    assert_eq!((heard(&bureaus).len(), heard(&streets).len()), (2, 1));
}

fn an_operator_is_called_in(app: &TestApp) {
    let (campaign, _, _) = found(app);
    let talk = json!({"kind": "talk_notice", "campaign_id": campaign, "street_id": app.world.area(Place::Own),
        "operator": OPERATOR, "on": "2026-08-20", "time": "15:30", "place": "区民政局三楼会议室", "persons": "主要负责人"});
    let letter = id(&draft(app, &talk).created());
    send(app, &letter);
    let said = text(app, &letter);
    for part in [
        "关于约谈试验运营机构的通知",
        "2026年8月20日 15:30",
        "区民政局三楼会议室",
        "你单位主要负责人",
        "特此通知",
    ] {
        assert!(said.contains(part), "no {part} in {said}");
    }
    // A talk is a street's never: the kind has no addressee but an operator.
    let street = json!({"kind": "talk_notice", "campaign_id": campaign, "street_id": app.world.area(Place::Own),
        "on": "2026-08-20", "time": "15:30", "place": "会议室", "persons": "负责人"});
    assert_eq!(draft(app, &street).status, 422);
}

fn a_delivered_letter_is_put_right(app: &TestApp) {
    let (_, _, letters) = found(app);
    let correct = || {
        let items = json!([{"said": "试验街道甲", "correct": "试验街道乙"}]);
        draft(app, &json!({"kind": "correction", "original_id": letters[0], "items": items}))
    };
    correct().expect(409, "wrong_original");
    letters.iter().for_each(|letter| send(app, letter));
    let letter = id(&correct().created());
    send(app, &letter);
    let first = view(app, &letters[0]);
    let said = text(app, &letter);
    let number = first["number"].as_str().expect("a number");
    assert!(said.contains(&format!("关于更正{number}有关内容的函")), "{said}");
    assert!(said.contains("1. “试验街道甲”更正为“试验街道乙”。"), "{said}");
    let correction = snapshot(app, &letter);
    assert!(correction.issues.is_none() && correction.indicators.is_none());
    assert_ne!(view(app, &letter)["number"], first["number"], "a number of its own");
    assert_eq!(first["followed_by"][0]["id"], json!(letter));
    correct().created();
    let on_top =
        json!({"kind": "correction", "original_id": letter, "items": [{"said": "一", "correct": "二"}]});
    draft(app, &on_top).expect(409, "wrong_original");
}

fn a_delivered_letter_is_taken_back(app: &TestApp) {
    let (_, _, letters) = found(app);
    letters.iter().for_each(|letter| send(app, letter));
    let withdraw =
        || draft(app, &json!({"kind": "withdrawal", "original_id": letters[0], "reason": "主送机关有误"}));
    let letter = id(&withdraw().created());
    withdraw().expect(409, "drafted_already");
    let scan = json!({ "sha256": sha256_of(&build::scan(&letters[0])) });
    let in_force = || app.as_(Caller::Street).post("/letters/check", &scan).ok()["in_force"].clone();
    assert_eq!(in_force(), true, "a draft takes nothing back");
    send(app, &letter);
    let said = text(app, &letter);
    assert!(said.contains("现予撤回") && said.contains("撤回原因：主送机关有误。"), "{said}");
    assert_eq!(in_force(), false);
    withdraw().expect(409, "drafted_already");
    // What was taken back may be said anew.
    let anew =
        draft(app, &json!({"kind": "reissue", "original_id": letters[0], "reply_due": REPLY_DUE})).created();
    assert_eq!((&anew["kind"], &anew["round"]), (&json!("campaign_reminder"), &json!(2)));
    assert!(
        app.as_(Caller::At(Role::Street, Place::Own)).all("/letters").len() == 2,
        "both letters are with the street"
    );
}

fn instead_of_a_void_letter(app: &TestApp) {
    let (campaign, _, letters) = found(app);
    let letter = &letters[0];
    change(app, letter, &json!({"blocks": [{"after": "requirements", "text": "请做好防汛工作。"}]})).ok();
    let reissue = || draft(app, &json!({"kind": "reissue", "original_id": letter, "reply_due": REPLY_DUE}));
    reissue().expect(409, "wrong_original");
    for (step, by) in [("submit", Caller::Drafter), ("approve", Caller::Reviewer), ("issue", Caller::Issuer)]
    {
        take(app, by, letter, step).ok();
    }
    let path = format!("/letters/{letter}/void");
    app.as_(Caller::Issuer).post(&path, &json!({"reason": "主送机关有误"})).ok();
    let anew = reissue().created();
    reissue().expect(409, "drafted_already");
    assert_eq!((&anew["original_id"], &anew["round"]), (&json!(letter), &json!(2)));
    let batch = json!({"campaign_id": campaign, "reply_due": REPLY_DUE});
    app.as_(Caller::Drafter).post("/letters/batch", &batch).expect(409, "already_drafted");
    let anew = id(&anew);
    send(app, &anew);
    assert!(text(app, &anew).contains("请做好防汛工作。"), "what the clerk had written is kept");
    assert_ne!(view(app, &anew)["number"], view(app, letter)["number"]);
}
