//! Bodies. One that trickles is cut off: actix itself waits for ever.

use super::super::operation::{OperationSpec, Part};
use super::super::problem::Problem;
use super::json::{check, parse_json};
use crate::fault::Fault;
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use actix_web::{FromRequest, HttpRequest};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use garde::Validate;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::future::{Future, ready};
use std::pin::Pin;
use std::time::Duration;
use utoipa::ToSchema;

/// The largest JSON body, in bytes.
pub const JSON_LIMIT: u64 = 256 * 1024;
/// Time for a body to arrive: this much, and a second more for every 16 KiB expected.
const BODY_SECONDS: u64 = 20;

/// What an extractor gives in time.
pub type Later<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// The length that the client gives.
pub(super) fn announced(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// How long a body may take.
pub(super) fn patience(announced: Option<u64>, limit: u64) -> Duration {
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
