//! What is accepted as an inspection: PURE. Everything wrong is said at once, by JSON pointer. A photo that the list
//! demands and that nobody declared does not refuse the record (a broken camera must not lose a visit): it keeps it
//! incomplete.

use super::body::{Answer, InspectionBody, Outcome, Part, SignatureState, Visit, VisitKind};
use crate::checklists::{Item, PhotoRule};
use crate::directory::geo::Position;
use crate::fault::FieldFault;
use crate::ids::ItemId;
use std::collections::{HashMap, HashSet};

/// What follows from an accepted inspection.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict<'a> {
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
    check_photos(body, items, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let answered = items.iter().filter_map(|item| answers.get(&item.id).map(|a| (item, *a)));
    let (mut failing, mut lacking) = (vec![], vec![]);
    for (item, answer) in answered {
        if answer.outcome == Outcome::Fail {
            failing.push((item, answer.note.as_deref().unwrap_or_default()));
        }
        let shown = body.photos.iter().any(|p| p.item_id == Some(item.id));
        if demands_photo(item, answer.outcome) && !shown {
            lacking.push(item.id);
        }
    }
    Ok(Verdict { failing, lacking })
}

/// Whether the list demands a photo of an item that was answered so.
pub fn demands_photo(item: &Item, outcome: Outcome) -> bool {
    match item.photo_rule {
        PhotoRule::Always => outcome != Outcome::NotApplicable,
        PhotoRule::OnFail => outcome == Outcome::Fail,
        PhotoRule::Optional => false,
    }
}

fn check_visit(visit: &Visit, faults: &mut Vec<FieldFault>) {
    let mut fault = |pointer: &str, code: &str, detail: &str| {
        faults.push(FieldFault::new(pointer, code, detail));
    };
    if visit.ended_at.is_some_and(|end| end < visit.started_at) {
        fault("/visit/ended_at", "bad_dates", "结束时间早于开始时间");
    }
    let leads = visit.participants.iter().filter(|p| p.part == Part::Lead).count();
    if leads != 1 {
        fault("/visit/participants", "one_lead", "须有且只有一名带队人员");
    }
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

/// Every item of the list exactly once, and nothing else.
fn check_answers<'a>(
    body: &'a InspectionBody,
    items: &[Item],
    faults: &mut Vec<FieldFault>,
) -> HashMap<ItemId, &'a Answer> {
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
        if answer.outcome == Outcome::Fail && answer.note.as_deref().is_none_or(|n| n.trim().is_empty()) {
            fault("note", "missing_field", "不合格项须说明现场情况");
        }
    }
    let open: Vec<&str> =
        items.iter().filter(|i| !answers.contains_key(&i.id)).map(|i| i.code.as_str()).collect();
    if !open.is_empty() {
        let detail = format!("还有 {} 项未作答：{}", open.len(), open.join("、"));
        faults.push(FieldFault::new("/answers", "unanswered", detail));
    }
    answers
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
    use crate::checklists::{Proof, Severity, Term, TermUnit};
    use crate::ids::{ChecklistId, TypedId as _, new_uuid};
    use chrono::DateTime;
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
        assert_eq!(judge(&good, &items).unwrap(), Verdict { failing: vec![], lacking: vec![] });
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
        let early = faults(|b| b["visit"]["ended_at"] = json!("2026-08-03T08:59:00+08:00"));
        assert_eq!(early, one("/visit/ended_at", "bad_dates"));
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
}
