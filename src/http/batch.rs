//! Many inspections in one request, for a phone that comes back online. Each is judged and stored as if it had been sent alone,
//! and is answered so; whatever is wrong with one, even that it is no object, spoils no other. The body is therefore cut into its
//! items by their bounds, and what stands between those is read item by item.

use super::answer::{Found, Tagged};
use super::caller::Allowed;
use super::extract::{self, JSON_LIMIT, Later, json_bytes, parse_json};
use super::inspections;
use super::operation::{OperationSpec, Part};
use super::problem::{Answer, Problem, ProblemDetails};
use crate::access::permissions::may;
use crate::fault::{Fault, FieldFault, Outcome};
use crate::ids::InspectionId;
use crate::inspections::quarantine::QuarantineReceipt;
use crate::inspections::{InspectionBody, Receipt, Submitted};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, ResponseError as _};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::str::FromStr as _;
use utoipa::ToSchema;

/// The largest batch, in bytes.
const BATCH_LIMIT: u64 = 4 * 1024 * 1024;
/// The most inspections in a batch.
const MOST: usize = 50;

/// One inspection of a batch.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "for the specification: items are read one by one")]
pub struct BatchEntry {
    /// The inspection's id, made by the phone.
    id: InspectionId,
    /// The inspection, as it would be put under its id.
    inspection: InspectionBody,
}

/// Inspections, at most 50.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "for the specification: items are read one by one")]
pub struct BatchBody {
    /// In the order in which they are stored and answered.
    #[schema(min_items = 1, max_items = 50)]
    items: Vec<BatchEntry>,
}

/// What became of one inspection of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchLine {
    /// The id as it was sent; none where it is no text.
    pub id: Option<String>,
    /// The status that a request of its own would have had.
    pub status: u16,
    /// The receipt, of an inspection that is stored.
    pub receipt: Option<Receipt>,
    /// The receipt of one that is kept for the clerk.
    pub quarantine: Option<QuarantineReceipt>,
    /// The problem, of one that is not. Pointers lead into the inspection.
    pub problem: Option<ProblemDetails>,
}

/// What became of the inspections of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchAnswer {
    /// In the order of the request.
    pub items: Vec<BatchLine>,
}

impl Tagged for BatchAnswer {}

/// The texts of the items of a batch.
pub struct Batch(Vec<String>);

impl FromRequest for Batch {
    type Error = Problem;
    type Future = Later<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let bytes = json_bytes(request, payload, BATCH_LIMIT).await?;
            let text = std::str::from_utf8(&bytes).map_err(|_| not_json())?;
            Ok(Self(items_of(text)?.into_iter().map(str::to_string).collect()))
        })
    }
}

impl Part for Batch {
    fn describe(op: &mut OperationSpec) {
        extract::ApiJson::<BatchBody>::describe(op);
    }
}

pub async fn submit(
    caller: Allowed<may::SubmitInspection>,
    Batch(texts): Batch,
) -> Answer<Found<BatchAnswer>> {
    let mut items = Vec::with_capacity(texts.len());
    for text in texts {
        let (id, outcome) = match read(&text) {
            Ok(item) => (item.id.clone(), one(&caller, item).await),
            Err(fault) => (None, Err(fault)),
        };
        items.push(line(id, outcome));
    }
    Ok(Found(BatchAnswer { items }))
}

async fn one(caller: &Allowed<may::SubmitInspection>, item: Item<'_>) -> Outcome<Submitted> {
    let id = item.id.as_deref().and_then(|id| InspectionId::from_str(id).ok());
    let id = id.ok_or_else(|| Fault::missing("该记录"))?;
    if item.inspection.len() as u64 > JSON_LIMIT {
        return Err(Fault::TooLarge { limit: JSON_LIMIT });
    }
    let body: InspectionBody = parse_json(item.inspection.as_bytes())?;
    extract::check(&body)?;
    inspections::submit(caller, id, body, item.inspection.to_string()).await
}

fn line(id: Option<String>, outcome: Outcome<Submitted>) -> BatchLine {
    let mut line = BatchLine { id, status: 0, receipt: None, quarantine: None, problem: None };
    let status = match outcome {
        Ok(Submitted::New(receipt)) => {
            line.receipt = Some(receipt);
            StatusCode::CREATED
        }
        Ok(Submitted::Same(receipt)) => {
            line.receipt = Some(receipt);
            StatusCode::OK
        }
        Ok(Submitted::Held(receipt)) => {
            line.quarantine = Some(receipt);
            StatusCode::ACCEPTED
        }
        Err(fault) => {
            let problem = Problem(fault);
            line.problem = Some(problem.details());
            problem.status_code()
        }
    };
    BatchLine { status: status.as_u16(), ..line }
}

/// An item whose inspection has not been read yet.
struct Item<'a> {
    /// The id as it was sent; none where it is no text.
    id: Option<String>,
    inspection: &'a str,
}

fn wrong(pointer: &str, code: &str, detail: &str) -> Fault {
    Fault::invalid_many(vec![FieldFault::new(pointer, code, detail)])
}

fn not_json() -> Fault {
    Fault::invalid("", "unreadable_json", "请求体不是有效的 JSON")
}

/// The texts of a batch's items.
pub(super) fn items_of(text: &str) -> Outcome<Vec<&str>> {
    let mut whole = Cursor(text);
    let value = whole.value().filter(|_| whole.is_at_end()).ok_or_else(not_json)?;
    let [items] = fields(value, ["items"])?;
    let Some(items) = Cursor(items).list() else {
        return Err(wrong("/items", "wrong_type", "须为列表"));
    };
    if items.is_empty() || items.len() > MOST {
        return Err(wrong("/items", "out_of_range", "每批须有 1 至 50 条"));
    }
    Ok(items)
}

fn read(text: &str) -> Outcome<Item<'_>> {
    let [id, inspection] = fields(text, ["id", "inspection"])?;
    Ok(Item { id: serde_json::from_str(id).ok(), inspection })
}

/// The texts of an object's fields: those that are wanted, all of them and no other.
fn fields<'a, const N: usize>(text: &'a str, wanted: [&str; N]) -> Outcome<[&'a str; N]> {
    let Some(members) = Cursor(text).members() else {
        return Err(wrong("", "wrong_type", "须为 JSON 对象"));
    };
    let mut found: [Option<&str>; N] = [None; N];
    for (name, value) in members {
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        let place = wanted.iter().position(|w| *w == name);
        let Some(slot) = place.and_then(|at| found.get_mut(at)) else {
            return Err(wrong(&pointer, "unknown_field", "不认识的字段"));
        };
        if slot.replace(value).is_some() {
            return Err(wrong(&pointer, "duplicate_field", "字段重复"));
        }
    }
    let mut values = [""; N];
    for ((value, text), name) in values.iter_mut().zip(found).zip(wanted) {
        *value = text.ok_or_else(|| wrong(&format!("/{name}"), "missing_field", "缺少必填字段"))?;
    }
    Ok(values)
}

/// Walks over JSON text from value to value, without reading what stands in them.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn is_at_end(&mut self) -> bool {
        self.0 = self.0.trim_ascii_start();
        self.0.is_empty()
    }

    fn takes(&mut self, mark: char) -> bool {
        self.0 = self.0.trim_ascii_start();
        let rest = self.0.strip_prefix(mark);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// The text of the value that stands here; nothing where that is none.
    fn value(&mut self) -> Option<&'a str> {
        let text = self.0.trim_ascii_start();
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        let (value, rest) = text.split_at_checked(values.byte_offset())?;
        self.0 = rest;
        Some(value)
    }

    fn list(&mut self) -> Option<Vec<&'a str>> {
        let mut values = vec![];
        if !self.takes('[') {
            return None;
        }
        while !self.takes(']') {
            values.push(self.value()?);
            self.takes(',');
        }
        Some(values)
    }

    fn members(&mut self) -> Option<Vec<(String, &'a str)>> {
        let mut members = vec![];
        if !self.takes('{') {
            return None;
        }
        while !self.takes('}') {
            let name = serde_json::from_str(self.value()?).ok()?;
            self.takes(':');
            members.push((name, self.value()?));
            self.takes(',');
        }
        Some(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_cut_into_its_items() {
        let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
        let odd = format!(
            r#" {{ "items" : [ {{"id": "a,]}}\"", "inspection": {{"n": 1e999}}}} ,7, "x" , {deep},null ] }} "#
        );
        let items = items_of(&odd).unwrap();
        let first = r#"{"id": "a,]}\"", "inspection": {"n": 1e999}}"#;
        assert_eq!(items, [first, "7", "\"x\"", deep.as_str(), "null"]);
        let item = read(items[0]).unwrap();
        assert_eq!((item.id.as_deref(), item.inspection), (Some("a,]}\""), "{\"n\": 1e999}"));
    }

    #[test]
    fn what_is_no_batch_is_refused_as_a_whole() {
        let told = |text: &str| match items_of(text).unwrap_err() {
            Fault::Invalid { code, errors, .. } => {
                (code.to_string(), errors[0].pointer.clone(), errors[0].code.clone())
            }
            other => panic!("{other:?}"),
        };
        let at = |pointer: &str, code: &str| ("invalid_request".to_string(), pointer.into(), code.into());
        for text in
            ["", "{", r#"{"items":[1,]}"#, r#"{"items":[1 2]}"#, r#"{"items":[1]} {}"#, r#"{items:[]}"#]
        {
            assert_eq!(told(text).0, "unreadable_json", "{text}");
        }
        assert_eq!(told("[1]"), at("", "wrong_type"));
        assert_eq!(told("{}"), at("/items", "missing_field"));
        assert_eq!(told(r#"{"items":{}}"#), at("/items", "wrong_type"));
        assert_eq!(told(r#"{"items":[1],"a/b":1}"#), at("/a~1b", "unknown_field"));
        assert_eq!(told(r#"{"items":[1],"items":[1]}"#), at("/items", "duplicate_field"));
        assert_eq!(told(r#"{"items":[]}"#), at("/items", "out_of_range"));
        let many = vec!["1"; 51].join(",");
        assert_eq!(told(&format!(r#"{{"items":[{many}]}}"#)), at("/items", "out_of_range"));
        assert_eq!(items_of(&format!(r#"{{"items":[{}]}}"#, &many[2..])).unwrap().len(), 50);
    }
}
