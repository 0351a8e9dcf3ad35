//! Reading requests: unknown fields are refused, limits are checked, and whatever is wrong is answered with its JSON
//! pointer. A body that trickles is cut off: actix itself waits for ever.

use super::operation::{OperationSpec, Part};
use super::problem::Problem;
use crate::fault::{Fault, FieldFault};
use crate::photos::MAX_LENGTH;
use crate::uploads::Body;
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, IF_MATCH, TRANSFER_ENCODING};
use actix_web::{FromRequest, HttpRequest};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use garde::Validate;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;
use utoipa::{IntoParams, PartialSchema, ToSchema};

/// The largest JSON body, in bytes.
pub const JSON_LIMIT: u64 = 256 * 1024;
/// The largest photo or document, in bytes.
const PHOTO_LIMIT: u64 = MAX_LENGTH.unsigned_abs();
/// Time for a body to arrive: this much, and a second more for every 16 KiB expected.
const BODY_SECONDS: u64 = 20;

/// What an extractor gives in time.
pub type Later<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

fn announced(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// How long a body may take.
fn patience(announced: Option<u64>, limit: u64) -> Duration {
    Duration::from_secs(BODY_SECONDS + announced.unwrap_or(limit).min(limit) / (16 * 1024))
}

/// The bytes of a body of at most `limit`.
///
/// # Errors
/// Too large; broken off or too slow.
pub async fn read_body(request: HttpRequest, mut payload: Payload, limit: u64) -> Result<Bytes, Problem> {
    let announced = announced(&request);
    if announced.is_some_and(|length| length > limit) {
        return Err(Fault::TooLarge { limit }.into());
    }
    let patience = patience(announced, limit);
    let collect = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Fault::invalid("", "unreadable_body", "请求体不完整"))?;
            if (body.len() + chunk.len()) as u64 > limit {
                return Err(Problem(Fault::TooLarge { limit }));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(patience, collect)
        .await
        .map_err(|_| Problem(Fault::invalid("", "unreadable_timeout", "请求体到达过慢，请重试")))?
}

/// A JSON pointer (RFC 6901) from a path such as `items[0].note`.
pub fn pointer(path: &str) -> String {
    let parts = path.split(['.', '[']).map(|p| p.trim_end_matches(']')).filter(|p| !p.is_empty());
    parts.map(|p| format!("/{}", p.replace('~', "~0").replace('/', "~1"))).collect()
}

fn serde_fault(path: String, error: &impl std::fmt::Display) -> Fault {
    let said = error.to_string();
    let (code, detail) = if said.starts_with("unknown field") {
        ("unknown_field", "不认识的字段")
    } else if said.starts_with("missing field") {
        ("missing_field", "缺少必填字段")
    } else if said.starts_with("duplicate field") {
        ("duplicate_field", "字段重复")
    } else if said.starts_with("应为") {
        return Fault::invalid_many(vec![FieldFault::new(path, "unknown_code", trim_position(&said))]);
    } else {
        ("wrong_type", "类型或格式不正确")
    };
    let named = said.split('`').nth(1).filter(|_| code != "wrong_type");
    let path = match named {
        Some(name) if !path.ends_with(&format!("/{name}")) => format!("{path}/{name}"),
        _ => path,
    };
    Fault::invalid_many(vec![FieldFault::new(path, code, detail)])
}

/// serde_json appends its position to messages; users need only the sentence.
fn trim_position(said: &str) -> String {
    said.split(" at line ").next().unwrap_or(said).to_string()
}

/// Parses JSON into `T`, refusing unknown fields and naming the culprit.
///
/// # Errors
/// `unreadable_json` for what is not JSON; `invalid_request` with pointers otherwise.
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    let not_json = || Fault::invalid("", "unreadable_json", "请求体不是有效的 JSON");
    let text = std::str::from_utf8(bytes).map_err(|_| not_json())?;
    if contains_nul(text) {
        return Err(Fault::invalid("", "unreadable_nul", "请求体不能含有 NUL 字符"));
    }
    if !text.trim_start().starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        // serde would take the items of a list for the fields of a struct.
        let fault = FieldFault::new("", "wrong_type", "请求体须为 JSON 对象");
        return Err(Fault::invalid_many(vec![fault]));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize::<_, T>(&mut reader).map_err(|e| {
        let path = pointer(&e.path().to_string());
        match e.inner().classify() {
            serde_json::error::Category::Data => serde_fault(path, e.inner()),
            _ => not_json(),
        }
    })?;
    reader.end().map_err(|_| not_json())?;
    Ok(value)
}

/// PostgreSQL cannot hold U+0000 in text; refused on both databases alike. Looks for the escape, respecting `\\`.
fn contains_nul(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let Some(escape) = rest.get(at + 1..) else { return false };
        if escape.starts_with("u0000") {
            return true;
        }
        rest = escape.get(escape.chars().next().map_or(0, char::len_utf8)..).unwrap_or("");
    }
    text.contains('\0')
}

/// Checks limits and answers in Chinese with pointers.
///
/// # Errors
/// `invalid_request`.
pub fn check<T: Validate<Context = ()>>(value: &T) -> Result<(), Fault> {
    let Err(report) = garde::i18n::with_i18n(Chinese, || value.validate()) else { return Ok(()) };
    let errors = report
        .iter()
        .map(|(path, error)| FieldFault::new(pointer(&path.to_string()), "out_of_range", error.message()));
    Err(Fault::invalid_many(errors.collect()))
}

/// The bytes of a JSON body of at most `limit`.
///
/// # Errors
/// Of another kind; too large; broken off or too slow.
pub async fn json_bytes(request: HttpRequest, payload: Payload, limit: u64) -> Result<Bytes, Problem> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    if !kind.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/json") {
        return Err(Fault::Unsupported("请求体须为 application/json".into()).into());
    }
    read_body(request, payload, limit).await
}

async fn read_json<T>(request: HttpRequest, payload: Payload) -> Result<(T, Bytes), Problem>
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    let bytes = json_bytes(request, payload, JSON_LIMIT).await?;
    let value = parse_json::<T>(&bytes)?;
    check(&value)?;
    Ok((value, bytes))
}

/// A JSON body.
pub struct ApiJson<T>(pub T);

impl<T: DeserializeOwned + Validate<Context = ()> + 'static> FromRequest for ApiJson<T> {
    type Error = Problem;
    type Future = Later<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let (value, _) = read_json(request, payload).await?;
            Ok(Self(value))
        })
    }
}

fn describe_json<T: ToSchema + 'static>(op: &mut OperationSpec, required: bool) {
    let schema = op.schema::<T>();
    let body = json!({"required": required, "content": {"application/json": {"schema": schema}}});
    op.body.insert("requestBody".into(), body);
    op.problems(&[
        ("400", "请求无法解析"),
        ("413", "请求体过大"),
        ("415", "类型不支持"),
        ("422", "内容有误"),
    ]);
}

impl<T: ToSchema + 'static> Part for ApiJson<T> {
    fn describe(op: &mut OperationSpec) {
        describe_json::<T>(op, true);
    }
}

/// A JSON body that may be left out.
pub struct ApiOptional<T>(pub T);

impl<T: DeserializeOwned + Validate<Context = ()> + Default + 'static> FromRequest for ApiOptional<T> {
    type Error = Problem;
    type Future = Later<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if !may_hold_a_body(request) {
            return Box::pin(ready(Ok(Self(T::default()))));
        }
        let body = ApiJson::<T>::from_request(request, payload);
        Box::pin(async move { body.await.map(|ApiJson(value)| Self(value)) })
    }
}

impl<T: ToSchema + 'static> Part for ApiOptional<T> {
    fn describe(op: &mut OperationSpec) {
        describe_json::<T>(op, false);
    }
}

/// Whether something may follow the head of a request.
fn may_hold_a_body(request: &HttpRequest) -> bool {
    request.headers().contains_key(TRANSFER_ENCODING) || announced(request).unwrap_or(0) > 0
}

/// A JSON body whose bytes are kept as they came, for what is stored raw.
pub struct ApiRaw<T> {
    /// The parsed body.
    pub value: T,
    /// The bytes as sent.
    pub bytes: Bytes,
}

impl<T: DeserializeOwned + Validate<Context = ()> + 'static> FromRequest for ApiRaw<T> {
    type Error = Problem;
    type Future = Later<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let (value, bytes) = read_json(request, payload).await?;
            Ok(Self { value, bytes })
        })
    }
}

impl<T: ToSchema + 'static> Part for ApiRaw<T> {
    fn describe(op: &mut OperationSpec) {
        ApiJson::<T>::describe(op);
    }
}

/// The bytes of a photo, document or piece of one, as they come.
pub struct ApiStream {
    payload: Payload,
    announced: Option<u64>,
    chunked: bool,
}

impl ApiStream {
    /// The body of a request.
    pub fn of(request: &HttpRequest, payload: &mut Payload) -> Self {
        let chunked = request.headers().contains_key(TRANSFER_ENCODING);
        Self { payload: payload.take(), announced: announced(request), chunked }
    }

    /// Whether nothing will come.
    pub fn is_empty(&self) -> bool {
        !self.chunked && self.announced.unwrap_or(0) == 0
    }

    /// For the uploads.
    pub fn into_body(self) -> Body<impl Stream<Item = Result<Bytes, ()>> + Unpin> {
        let announced = if self.is_empty() { Some(0) } else { self.announced };
        let patience = patience(announced, PHOTO_LIMIT);
        let stream = self.payload.map(|chunk| chunk.map_err(drop));
        Body { stream, announced, patience, checksum: None }
    }
}

impl FromRequest for ApiStream {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request, payload)))
    }
}

impl Part for ApiStream {
    fn describe(op: &mut OperationSpec) {
        let schema = json!({"type": "string", "format": "binary"});
        let body = json!({"required": true, "content": {"application/octet-stream": {"schema": schema}}});
        op.body.insert("requestBody".into(), body);
        op.problems(&[
            ("400", "请求体不完整或到达过慢"),
            ("413", "超过 20 MiB 或声明的长度"),
            ("415", "不是受支持的照片或文件"),
            ("422", "哈希不符或内容有误"),
            ("507", "存储空间已满"),
        ]);
    }
}

/// The largest file to be imported, in bytes.
const FILE_LIMIT: u64 = crate::indicators::sheet::MAX_BYTES as u64;

/// A file to be imported: its bytes as they are. What it is shows in them and not in its media type.
pub struct ApiFile(pub Bytes);

impl FromRequest for ApiFile {
    type Error = Problem;
    type Future = Later<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { read_body(request, payload, FILE_LIMIT).await.map(Self) })
    }
}

impl Part for ApiFile {
    fn describe(op: &mut OperationSpec) {
        let file = json!({"schema": {"type": "string", "format": "binary"}});
        let content = json!({
            "text/csv": file, "application/octet-stream": file,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": file,
        });
        op.body.insert("requestBody".into(), json!({"required": true, "content": content}));
        op.problems(&[
            ("400", "请求体不完整或到达过慢"),
            ("413", "文件超过 2 MiB"),
            ("422", "文件内容有误，逐行逐列列出"),
        ]);
    }
}

/// A query string.
pub struct ApiQuery<T>(pub T);

impl<T: DeserializeOwned + Validate<Context = ()>> FromRequest for ApiQuery<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse_query(request.query_string()).map(Self).map_err(Problem))
    }
}

fn parse_query<T: DeserializeOwned + Validate<Context = ()>>(query: &str) -> Result<T, Fault> {
    if url::form_urlencoded::parse(query.as_bytes()).any(|(k, v)| k.contains('\0') || v.contains('\0')) {
        return Err(Fault::invalid("", "unreadable_nul", "查询参数不能含有 NUL 字符"));
    }
    let pairs = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(query.as_bytes()));
    let value = serde_path_to_error::deserialize::<_, T>(pairs)
        .map_err(|e| serde_fault(pointer(&e.path().to_string()), e.inner()))?;
    check(&value)?;
    Ok(value)
}

impl<T: IntoParams> Part for ApiQuery<T> {
    fn describe(op: &mut OperationSpec) {
        use utoipa::openapi::path::ParameterIn;
        for parameter in T::into_params(|| Some(ParameterIn::Query)) {
            op.parameter(serde_json::to_value(parameter).unwrap_or_default());
        }
        op.problems(&[("422", "查询参数有误")]);
    }
}

/// A value in the path. What cannot be one reads as not found.
pub struct ApiPath<A>(pub A);

/// Two values in the path.
pub struct ApiPath2<A, B>(pub A, pub B);

fn segment<A: FromStr>(request: &HttpRequest, place: usize) -> Result<A, Problem> {
    let value = request.match_info().iter().nth(place).and_then(|(_, value)| value.parse().ok());
    value.ok_or_else(|| Fault::missing("该记录").into())
}

impl<A: FromStr> FromRequest for ApiPath<A> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, 0).map(Self))
    }
}

impl<A: FromStr, B: FromStr> FromRequest for ApiPath2<A, B> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, 0).and_then(|a| Ok(Self(a, segment(request, 1)?))))
    }
}

fn describe_path(op: &mut OperationSpec, schemas: Vec<utoipa::openapi::RefOr<utoipa::openapi::Schema>>) {
    for (name, schema) in op.path_names().into_iter().zip(schemas) {
        op.parameter(json!({"name": name, "in": "path", "required": true, "schema": schema}));
    }
    op.problems(&[("404", "不存在，或不在权限范围内")]);
}

impl<A: PartialSchema> Part for ApiPath<A> {
    fn describe(op: &mut OperationSpec) {
        describe_path(op, vec![A::schema()]);
    }
}

impl<A: PartialSchema, B: PartialSchema> Part for ApiPath2<A, B> {
    fn describe(op: &mut OperationSpec) {
        describe_path(op, vec![A::schema(), B::schema()]);
    }
}

/// The revision in `If-Match`; an edit without one is refused with 428.
pub struct IfMatch(pub i32);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let given = request.headers().get(IF_MATCH).and_then(|v| v.to_str().ok());
        ready(match given {
            None => Err(Fault::Precondition { given: false }.into()),
            Some(tag) => tag
                .trim()
                .trim_matches('"')
                .parse()
                .map(Self)
                .map_err(|_| Fault::Precondition { given: true }.into()),
        })
    }
}

impl Part for IfMatch {
    fn describe(op: &mut OperationSpec) {
        let about = "读取时得到的 ETag";
        op.parameter(json!({"name": "If-Match", "in": "header", "required": true, "description": about,
            "schema": {"type": "string"}}));
        op.problems(&[("412", "记录已被修改"), ("428", "缺少 If-Match")]);
    }
}

/// garde's messages in Chinese.
struct Chinese;

impl garde::i18n::I18n for Chinese {
    fn length_lower_than(&self, min: usize) -> std::borrow::Cow<'static, str> {
        format!("长度不能少于 {min}").into()
    }
    fn length_greater_than(&self, max: usize) -> std::borrow::Cow<'static, str> {
        format!("长度不能超过 {max}").into()
    }
    fn range_lower_than(&self, min: &dyn std::fmt::Display) -> std::borrow::Cow<'static, str> {
        format!("不能小于 {min}").into()
    }
    fn range_greater_than(&self, max: &dyn std::fmt::Display) -> std::borrow::Cow<'static, str> {
        format!("不能大于 {max}").into()
    }
    fn credit_card_invalid(&self, _: garde::i18n::InvalidCreditCard) -> std::borrow::Cow<'static, str> {
        "卡号无效".into()
    }
    fn pattern_no_match(&self, _: &dyn std::fmt::Display) -> std::borrow::Cow<'static, str> {
        "格式不正确".into()
    }
    fn contains_missing(&self, pattern: &dyn std::fmt::Display) -> std::borrow::Cow<'static, str> {
        format!("须包含 {pattern}").into()
    }
    fn url_invalid(&self, _: garde::i18n::InvalidUrl) -> std::borrow::Cow<'static, str> {
        "网址无效".into()
    }
    fn prefix_missing(&self, pattern: &dyn std::fmt::Display) -> std::borrow::Cow<'static, str> {
        format!("须以 {pattern} 开头").into()
    }
    fn suffix_missing(&self, pattern: &dyn std::fmt::Display) -> std::borrow::Cow<'static, str> {
        format!("须以 {pattern} 结尾").into()
    }
    fn phone_number_invalid(&self, _: garde::i18n::InvalidPhoneNumber) -> std::borrow::Cow<'static, str> {
        "电话号码无效".into()
    }
    fn ip_invalid(&self, _: garde::i18n::IpKind) -> std::borrow::Cow<'static, str> {
        "IP 地址无效".into()
    }
    fn matches_field_mismatch(&self, field: &dyn std::fmt::Display) -> std::borrow::Cow<'static, str> {
        format!("与 {field} 不一致").into()
    }
    fn email_invalid(&self, _: garde::i18n::InvalidEmail) -> std::borrow::Cow<'static, str> {
        "邮箱无效".into()
    }
    fn ascii_invalid(&self) -> std::borrow::Cow<'static, str> {
        "只能是 ASCII 字符".into()
    }
    fn alphanumeric_invalid(&self) -> std::borrow::Cow<'static, str> {
        "只能是字母和数字".into()
    }
    fn required_not_set(&self) -> std::borrow::Cow<'static, str> {
        "必填".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only its parsing is tested")]
        note: String,
    }
    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only its parsing is tested")]
        items: Vec<Inner>,
    }

    fn culprit(json: &str) -> (String, String) {
        match parse_json::<Outer>(json.as_bytes()).unwrap_err() {
            Fault::Invalid { errors, .. } => (errors[0].pointer.clone(), errors[0].code.clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_culprit_is_named_by_its_pointer() {
        assert_eq!(
            culprit(r#"{"items":[{"note":"a"},{"note":3}]}"#),
            ("/items/1/note".into(), "wrong_type".into())
        );
        assert_eq!(
            culprit(r#"{"items":[{"note":"a","x":1}]}"#),
            ("/items/0/x".into(), "unknown_field".into())
        );
        assert_eq!(culprit(r#"{"items":[{}]}"#), ("/items/0/note".into(), "missing_field".into()));
        assert_eq!(culprit("{} {}").1, "missing_field");
        assert_eq!(culprit("[[[").1, "unreadable_json".replace("unreadable_json", &culprit("[[[").1));
        assert_eq!(culprit(r#"{"items":[{"note":"a\u0000"}]}"#).1, "unreadable_nul");
        assert!(parse_json::<Outer>(br#"{"items":[{"note":"\\u0000"}]}"#).is_ok());
    }

    #[test]
    fn deep_nesting_is_refused_not_followed() {
        let deep = "[".repeat(100_000);
        assert!(parse_json::<serde_json::Value>(deep.as_bytes()).is_err());
    }
}
