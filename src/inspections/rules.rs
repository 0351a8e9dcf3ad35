//! What is accepted as an inspection: PURE. Everything wrong is said at once, by JSON pointer. A photo that the list
//! demands and that nobody declared does not refuse the record (a broken camera must not lose a visit): it keeps it
//! incomplete. Nor does a phone's clock refuse one, however wrong: its times are claims, and what follows from them is a
//! remark.

use super::body::{Answer, InspectionBody, Outcome, Part, Participant, SignatureState, Visit, VisitKind};
use crate::access::Role;
use crate::checklists::{Item, PhotoRule, Severity};
use crate::directory::geo::Position;
use crate::fault::FieldFault;
use crate::ids::ItemId;
use crate::photos::Purpose;
use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What follows from an accepted inspection.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict<'a> {
    /// What was answered, in the order of the list.
    pub answered: Vec<(&'a Item, &'a Answer)>,
    /// Items that do not comply, with what was seen, in the order of the list.
    pub failing: Vec<(&'a Item, &'a str)>,
    /// Items that demand a photo and have none declared.
    pub lacking: Vec<ItemId>,
}

/// Judges an inspection against the list of its facility's kind.
///
/// # Errors
/// All that is wrong.
pub fn judge<'a>(body: &'a InspectionBody, items: &'a [Item]) -> Result<Verdict<'a>, Vec<FieldFault>> {
    let mut faults = vec![];
    check_visit(&body.visit, &mut faults);
    let answers = check_answers(body, items, &mut faults);
    check_on_site(body, items, &mut faults);
    check_photos(body, items, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let answered: Vec<_> =
        items.iter().filter_map(|item| answers.get(&item.id).map(|a| (item, *a))).collect();
    let failing = answered.iter().filter(|(_, a)| a.outcome == Outcome::Fail);
    let failing = failing.map(|(item, a)| (*item, a.note.as_deref().unwrap_or_default())).collect();
    let lacks = |item: &Item, answer: &Answer| {
        let shown = body.photos.iter().any(|p| p.item_id == Some(item.id));
        demands_photo(body.visit.kind, item, answer.outcome) && !shown
    };
    let lacking = answered.iter().filter(|(i, a)| lacks(i, a)).map(|(item, _)| item.id).collect();
    Ok(Verdict { answered, failing, lacking })
}

/// Whether the list demands a photo of an item that was answered so. Whoever looks again shows what became of it.
pub fn demands_photo(kind: VisitKind, item: &Item, outcome: Outcome) -> bool {
    match item.photo_rule {
        PhotoRule::Optional => false,
        PhotoRule::Always => outcome != Outcome::NotApplicable,
        PhotoRule::OnFail => outcome == Outcome::Fail || kind == VisitKind::Recheck,
    }
}

/// Whether somebody with these roles over the facility makes such a visit there: an operator looks after its own, outside any
/// campaign; an inspector at that of others.
///
/// # Errors
/// What does not fit.
pub fn check_kind(body: &InspectionBody, roles: &[Role]) -> Result<(), FieldFault> {
    let (inspects, operates) = (roles.contains(&Role::Inspector), roles.contains(&Role::Operator));
    let self_check = body.visit.kind == VisitKind::SelfCheck;
    let fits = if self_check { operates && !inspects } else { inspects || !operates };
    if !fits {
        let detail = "运营机构只能提交自查自改，检查员不提交自查自改";
        return Err(FieldFault::new("/visit/kind", "not_your_visit", detail));
    }
    if self_check && body.campaign_id.is_some() {
        return Err(FieldFault::new("/campaign_id", "no_campaign", "自查自改不属于检查行动"));
    }
    Ok(())
}

/// The answers of a recheck to items that have no finding at the facility; `found` holds the codes of those that have.
pub fn not_open(body: &InspectionBody, items: &[Item], found: &BTreeSet<String>) -> Vec<FieldFault> {
    let has = |id: ItemId| items.iter().any(|item| item.id == id && found.contains(&item.code));
    let others = body.answers.iter().enumerate().filter(|(_, answer)| !has(answer.item_id));
    let told = |n| FieldFault::new(format!("/answers/{n}/item_id"), "not_open", "该设施没有此检查项的问题");
    others.map(|(n, _)| told(n)).collect()
}

/// How long after its arrival a visit is confirmed by its second person.
const CONFIRM_WITHIN: TimeDelta = TimeDelta::hours(48);

/// Until when a visit that the server had at `received` is confirmed by its second person.
pub fn confirm_until(received: DateTime<Utc>) -> DateTime<Utc> {
    received + CONFIRM_WITHIN
}

/// Since when the server may have had a visit that can be confirmed at `now`.
pub fn confirmable_since(now: DateTime<Utc>) -> DateTime<Utc> {
    now - CONFIRM_WITHIN
}

/// Whether what a phone says of a visit's times cannot be: an end before the beginning, more than a day to come, or more than
/// thirty days past when the server had it.
pub fn clock_is_doubtful(
    started: DateTime<Utc>,
    ended: Option<DateTime<Utc>>,
    received: DateTime<Utc>,
) -> bool {
    let likely = received - TimeDelta::days(30)..=received + TimeDelta::hours(24);
    let claims = [Some(started), ended];
    ended.is_some_and(|end| end < started) || claims.iter().flatten().any(|at| !likely.contains(at))
}

fn check_visit(visit: &Visit, faults: &mut Vec<FieldFault>) {
    check_times(visit, faults);
    check_people(&visit.participants, faults);
    let mut fault = |pointer: &str, code: &str, detail: &str| {
        faults.push(FieldFault::new(pointer, code, detail));
    };
    if visit.kind == VisitKind::Administrative {
        let officers = visit.participants.iter().filter(|p| p.part != Part::Accompanying);
        if officers.filter(|p| p.certificate.is_some()).count() < 2 {
            fault("/visit/participants", "two_officers", "行政检查须有至少两名持证执法人员");
        }
        if visit.notice_number.is_none() {
            fault("/visit/notice_number", "missing_field", "行政检查须填写检查通知书编号");
        }
    }
    let signature = &visit.signature;
    match signature.state {
        SignatureState::Signed if signature.signed_by.is_none() => {
            fault("/visit/signature/signed_by", "missing_field", "须填写签字人");
        }
        SignatureState::Refused if signature.reason.is_none() || signature.witness.is_none() => {
            fault("/visit/signature", "refusal_incomplete", "拒签须记录原因和见证人");
        }
        _ => {}
    }
    if visit.position.is_some_and(|p| Position::new(p.lat, p.lng, p.datum).is_none()) {
        fault("/visit/position", "out_of_range", "经纬度超出范围");
    }
}

/// RFC 3339 and both databases hold the years from 0 to 9999.
fn check_times(visit: &Visit, faults: &mut Vec<FieldFault>) {
    for (name, at) in [("started_at", Some(visit.started_at)), ("ended_at", visit.ended_at)] {
        if at.is_some_and(|at| !(0..=9999).contains(&at.year())) {
            let detail = "年份须在 0000 至 9999 之间";
            faults.push(FieldFault::new(format!("/visit/{name}"), "out_of_range", detail));
        }
    }
}

/// One leads, and every account is named once.
fn check_people(people: &[Participant], faults: &mut Vec<FieldFault>) {
    if people.iter().filter(|p| p.part == Part::Lead).count() != 1 {
        faults.push(FieldFault::new("/visit/participants", "one_lead", "须有且只有一名带队人员"));
    }
    let mut named = HashSet::new();
    for (n, person) in people.iter().enumerate() {
        if person.user_id.is_some_and(|id| !named.insert(id)) {
            let pointer = format!("/visit/participants/{n}/user_id");
            faults.push(FieldFault::new(pointer, "duplicate_user", "同一账号重复列出"));
        }
    }
}

/// Every item of the list exactly once, and nothing else; a recheck may hold some of them, and knows only whether they comply.
fn check_answers<'a>(
    body: &'a InspectionBody,
    items: &[Item],
    faults: &mut Vec<FieldFault>,
) -> HashMap<ItemId, &'a Answer> {
    let recheck = body.visit.kind == VisitKind::Recheck;
    let known: HashSet<ItemId> = items.iter().map(|i| i.id).collect();
    let mut answers = HashMap::new();
    for (n, answer) in body.answers.iter().enumerate() {
        let mut fault = |field: &str, code: &str, detail: &str| {
            faults.push(FieldFault::new(format!("/answers/{n}/{field}"), code, detail));
        };
        if !known.contains(&answer.item_id) {
            fault("item_id", "unknown_item", "检查项不属于该设施的检查标准");
        } else if answers.insert(answer.item_id, answer).is_some() {
            fault("item_id", "duplicate_item", "检查项重复作答");
        }
        if recheck && answer.outcome == Outcome::NotApplicable {
            fault("outcome", "pass_or_fail", "复查只能回答合格或不合格");
        }
        if answer.outcome == Outcome::Fail && answer.note.as_deref().is_none_or(|n| n.trim().is_empty()) {
            fault("note", "missing_field", "不合格项须说明现场情况");
        }
    }
    let open: Vec<&str> =
        items.iter().filter(|i| !answers.contains_key(&i.id)).map(|i| i.code.as_str()).collect();
    if !open.is_empty() && !recheck {
        let detail = format!("还有 {} 项未作答：{}", open.len(), open.join("、"));
        faults.push(FieldFault::new("/answers", "unanswered", detail));
    }
    answers
}

/// What is put right on the spot fails, is no 重大, and is shown before and after by different photos.
fn check_on_site(body: &InspectionBody, items: &[Item], faults: &mut Vec<FieldFault>) {
    let shown = |item: ItemId, wanted: &[Purpose]| -> HashSet<&str> {
        let of_item = body.photos.iter().filter(|p| p.item_id == Some(item) && wanted.contains(&p.purpose));
        of_item.map(|p| p.sha256.as_str()).collect()
    };
    for (n, answer) in body.answers.iter().enumerate().filter(|(_, a)| a.on_site.is_some()) {
        let mut fault = |code: &str, detail: &str| {
            faults.push(FieldFault::new(format!("/answers/{n}/on_site"), code, detail));
        };
        if answer.outcome != Outcome::Fail {
            fault("not_failing", "只有不合格项才能当场整改");
        }
        if items.iter().any(|i| i.id == answer.item_id && i.severity == Severity::Major) {
            fault("major_not_on_site", "重大问题不能当场整改销号，须按程序确认");
        }
        let before = shown(answer.item_id, &[Purpose::Scene, Purpose::Problem]);
        let after = shown(answer.item_id, &[Purpose::After]);
        if before.is_empty() || after.is_empty() || !before.is_disjoint(&after) {
            fault("on_site_photos", "当场整改须有该项整改前、整改后的不同照片");
        }
    }
}

fn check_photos(body: &InspectionBody, items: &[Item], faults: &mut Vec<FieldFault>) {
    for (n, photo) in body.photos.iter().enumerate() {
        if photo.item_id.is_some_and(|id| !items.iter().any(|i| i.id == id)) {
            let pointer = format!("/photos/{n}/item_id");
            faults.push(FieldFault::new(pointer, "unknown_item", "检查项不属于该设施的检查标准"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklists::{Proof, Term, TermUnit};
    use crate::ids::{ChecklistId, TypedId as _, new_uuid};
    use serde_json::{Value, json};

    fn id() -> uuid::Uuid {
        new_uuid(DateTime::from_timestamp(1_790_000_000, 0).unwrap())
    }

    fn item(code: &str, photo_rule: PhotoRule) -> Item {
        Item {
            id: ItemId::from_uuid(id()),
            checklist_id: ChecklistId::from_uuid(id()),
            code: code.into(),
            title: code.into(),
            category: "消防安全".into(),
            severity: Severity::General,
            term: Term { days: 7, unit: TermUnit::CalendarDay },
            photo_rule,
            proof: Proof::Photo,
            evidence: String::new(),
            basis: vec![],
            kinds: vec![],
        }
    }

    fn items() -> Vec<Item> {
        vec![item("A", PhotoRule::Always), item("F", PhotoRule::OnFail), item("O", PhotoRule::Optional)]
    }

    fn photo(item: &Item) -> Value {
        json!({"photo_id": id(), "sha256": "0".repeat(64), "length": 1, "item_id": item.id, "purpose": "scene"})
    }

    fn body(items: &[Item], change: impl Fn(&mut Value)) -> InspectionBody {
        let answers: Vec<Value> = items.iter().map(|i| json!({"item_id": i.id, "outcome": "pass"})).collect();
        let mut value = json!({
            "facility_id": id(), "checklist_id": id(),
            "visit": {
                "id": id(), "kind": "supervision", "started_at": "2026-08-03T09:00:00+08:00",
                "participants": [{"name": "示例", "organisation": "示例局", "part": "lead"}],
                "signature": {"state": "signed", "signed_by": "示例"}
            },
            "answers": answers, "photos": [photo(&items[0])]
        });
        change(&mut value);
        serde_json::from_value(value).unwrap()
    }

    fn faults(change: impl Fn(&mut Value)) -> Vec<(String, String)> {
        let items = items();
        let body = body(&items, change);
        let faults = judge(&body, &items).err().unwrap_or_default();
        faults.into_iter().map(|f| (f.pointer, f.code)).collect()
    }

    fn one(pointer: &str, code: &str) -> Vec<(String, String)> {
        vec![(pointer.into(), code.into())]
    }

    #[test]
    fn demanded_photos_that_nobody_declared_are_named() {
        let items = items();
        let good = body(&items, |_| {});
        let verdict = judge(&good, &items).unwrap();
        assert_eq!((verdict.answered.len(), verdict.failing, verdict.lacking), (3, vec![], vec![]));
        let failing = body(&items, |b| {
            b["answers"][1] = json!({"item_id": items[1].id, "outcome": "fail", "note": "堵塞"});
            b["photos"] = json!([]);
        });
        let verdict = judge(&failing, &items).unwrap();
        assert_eq!(verdict.failing, [(&items[1], "堵塞")]);
        assert_eq!(verdict.lacking, [items[0].id, items[1].id]);
        let not_here = body(&items, |b| {
            b["answers"][0]["outcome"] = json!("not_applicable");
            b["photos"] = json!([]);
        });
        assert_eq!(judge(&not_here, &items).unwrap().lacking, []);
    }

    #[test]
    fn every_item_exactly_once() {
        assert_eq!(
            faults(|b| drop(b["answers"].as_array_mut().unwrap().pop())),
            one("/answers", "unanswered")
        );
        let twice = |b: &mut Value| {
            let first = b["answers"][0].clone();
            b["answers"].as_array_mut().unwrap().push(first);
        };
        assert_eq!(faults(twice), one("/answers/3/item_id", "duplicate_item"));
        let foreign = faults(|b| b["answers"][2]["item_id"] = json!(id()));
        assert_eq!(foreign[0], ("/answers/2/item_id".into(), "unknown_item".into()));
        assert_eq!(
            faults(|b| b["answers"][0]["outcome"] = json!("fail")),
            one("/answers/0/note", "missing_field")
        );
        assert_eq!(
            faults(|b| b["photos"][0]["item_id"] = json!(id())),
            one("/photos/0/item_id", "unknown_item")
        );
    }

    #[test]
    fn visits_have_their_people_and_signatures() {
        let leaderless = faults(|b| b["visit"]["participants"][0]["part"] = json!("member"));
        assert_eq!(leaderless, one("/visit/participants", "one_lead"));
        let refused = faults(|b| b["visit"]["signature"] = json!({"state": "refused", "reason": "无故"}));
        assert_eq!(refused, one("/visit/signature", "refusal_incomplete"));
        let unsigned = faults(|b| b["visit"]["signature"] = json!({"state": "signed"}));
        assert_eq!(unsigned, one("/visit/signature/signed_by", "missing_field"));
        let official = faults(|b| b["visit"]["kind"] = json!("administrative"));
        assert_eq!(official.len(), 2);
        let nowhere =
            faults(|b| b["visit"]["position"] = json!({"lat": 99.0, "lng": 113.0, "datum": "wgs84"}));
        assert_eq!(nowhere, one("/visit/position", "out_of_range"));
    }

    #[test]
    fn years_that_can_be_kept_are_kept_and_doubted() {
        for (at, held) in [
            ("0001-01-01T00:00:00+08:00", true),
            ("0000-01-01T00:00:00Z", true),
            ("1970-01-01T00:00:00Z", true),
            ("2099-12-31T23:59:59Z", true),
            ("9999-12-31T23:59:59Z", true),
            ("9999-12-31T23:59:59-12:00", false),
            ("0000-01-01T00:00:00+08:00", false),
            ("+12000-01-01T00:00:00Z", false),
            ("-0044-03-15T00:00:00Z", false),
        ] {
            for name in ["started_at", "ended_at"] {
                let expected = if held { vec![] } else { one(&format!("/visit/{name}"), "out_of_range") };
                assert_eq!(faults(|b| b["visit"][name] = json!(at)), expected, "{at}");
            }
        }
        assert_eq!(faults(|b| b["visit"]["ended_at"] = json!("2026-08-03T08:59:00+08:00")), []);
        let time = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
        let received = time("2026-08-31T10:00:00Z");
        for (started, ended, doubtful) in [
            ("2026-08-31T08:00:00Z", "2026-08-31T09:00:00Z", false),
            ("2026-08-31T09:00:00Z", "2026-08-31T08:59:59Z", true),
            ("2026-08-01T10:00:00Z", "2026-09-01T10:00:00Z", false),
            ("2026-08-01T09:59:59Z", "2026-08-31T09:00:00Z", true),
            ("2026-08-31T08:00:00Z", "2026-09-01T10:00:01Z", true),
        ] {
            assert_eq!(clock_is_doubtful(time(started), Some(time(ended)), received), doubtful, "{started}");
        }
        assert!(!clock_is_doubtful(received, None, received));
    }

    #[test]
    fn an_account_is_named_once() {
        let user = id();
        let twice = |b: &mut Value| {
            let people = &mut b["visit"]["participants"];
            people[0]["user_id"] = json!(user);
            let other =
                json!({"name": "示例二", "organisation": "示例局", "part": "member", "user_id": user});
            people.as_array_mut().unwrap().push(other);
        };
        assert_eq!(faults(twice), one("/visit/participants/1/user_id", "duplicate_user"));
    }

    #[test]
    fn what_is_put_right_on_the_spot_is_shown_before_and_after() {
        let items = items();
        let fixed = |change: &dyn Fn(&mut Value)| {
            let body = body(&items, |b| {
                b["answers"][1] = json!({"item_id": items[1].id, "outcome": "fail", "note": "堵塞",
                    "on_site": {"measures": "当场清理"}});
                let (mut before, mut after) = (photo(&items[1]), photo(&items[1]));
                before["sha256"] = json!("1".repeat(64));
                after["purpose"] = json!("after");
                b["photos"].as_array_mut().unwrap().extend([before, after]);
                change(b);
            });
            let faults = judge(&body, &items).err().unwrap_or_default();
            faults.into_iter().map(|f| (f.pointer, f.code)).collect::<Vec<_>>()
        };
        let refused = |code: &str| one("/answers/1/on_site", code);
        assert_eq!(fixed(&|_| {}), []);
        assert_eq!(fixed(&|b| b["answers"][1]["outcome"] = json!("pass")), refused("not_failing"));
        let wrong: [&dyn Fn(&mut Value); 4] = [
            &|b| drop(b["photos"].as_array_mut().unwrap().pop()),
            &|b| b["photos"][1]["purpose"] = json!("document"),
            &|b| b["photos"][2]["item_id"] = json!(items[0].id),
            &|b| b["photos"][2]["sha256"] = b["photos"][1]["sha256"].clone(),
        ];
        for change in wrong {
            assert_eq!(fixed(change), refused("on_site_photos"));
        }
        let mut grave = items.clone();
        grave[1].severity = Severity::Major;
        let body = body(&grave, |b| {
            b["answers"][1]["outcome"] = json!("fail");
            b["answers"][1]["note"] = json!("堵塞");
            b["answers"][1]["on_site"] = json!({"measures": "当场清理"});
        });
        let codes: Vec<String> = judge(&body, &grave).unwrap_err().into_iter().map(|f| f.code).collect();
        assert_eq!(codes, ["major_not_on_site", "on_site_photos"]);
    }

    #[test]
    fn a_recheck_holds_some_items_that_have_a_finding() {
        let items = items();
        let of_kind = |change: &dyn Fn(&mut Value)| {
            body(&items, |b| {
                b["visit"]["kind"] = json!("recheck");
                b["answers"].as_array_mut().unwrap().truncate(2);
                b["photos"] = json!([]);
                change(b);
            })
        };
        let seen = of_kind(&|_| {});
        assert_eq!(judge(&seen, &items).unwrap().lacking, [items[0].id, items[1].id], "also of what passes");
        let open = BTreeSet::from(["A".to_string(), "O".to_string()]);
        let told: Vec<_> = not_open(&seen, &items, &open).into_iter().map(|f| (f.pointer, f.code)).collect();
        assert_eq!(told, one("/answers/1/item_id", "not_open"));
        let vague = of_kind(&|b| b["answers"][0]["outcome"] = json!("not_applicable"));
        let told: Vec<_> =
            judge(&vague, &items).unwrap_err().into_iter().map(|f| (f.pointer, f.code)).collect();
        assert_eq!(told, one("/answers/0/outcome", "pass_or_fail"));
    }

    #[test]
    fn operators_look_after_their_own() {
        let items = items();
        let told = |kind: &str, roles: &[Role]| {
            let body = body(&items, |b| b["visit"]["kind"] = json!(kind));
            check_kind(&body, roles).err().map(|f| (f.pointer, f.code))
        };
        let foreign = Some(("/visit/kind".to_string(), "not_your_visit".to_string()));
        let both = [Role::Operator, Role::Inspector];
        for kind in ["administrative", "supervision", "recheck"] {
            assert_eq!(told(kind, &[Role::Inspector]), None);
            assert_eq!(told(kind, &both), None);
            assert_eq!(told(kind, &[]), None, "whoever has no role now is judged by what they had");
            assert_eq!(told(kind, &[Role::Operator]), foreign);
        }
        assert_eq!(told("self_check", &[Role::Operator]), None);
        for roles in [&[][..], &[Role::Inspector], &both] {
            assert_eq!(told("self_check", roles), foreign);
        }
        let of_campaign = body(&items, |b| {
            b["visit"]["kind"] = json!("self_check");
            b["campaign_id"] = json!(id());
        });
        let fault = check_kind(&of_campaign, &[Role::Operator]).unwrap_err();
        assert_eq!((fault.pointer.as_str(), fault.code.as_str()), ("/campaign_id", "no_campaign"));
    }
}
