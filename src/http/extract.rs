//! Reading requests: unknown fields are refused, limits are checked, and whatever is wrong is answered with its JSON
//! pointer. The head stands here: query, path and revision; `body` and `files` read what follows it, `json` names what is
//! wrong, `chinese` says it.

mod body;
mod chinese;
mod files;
mod json;

pub use body::{ApiJson, ApiOptional, ApiRaw, JSON_LIMIT, Later, json_bytes, read_body};
pub use files::{ApiFile, ApiStream};
pub use json::{check, parse_json, pointer};

use super::operation::{OperationSpec, Part};
use super::problem::Problem;
use crate::fault::Fault;
use actix_web::dev::Payload;
use actix_web::http::header::IF_MATCH;
use actix_web::{FromRequest, HttpRequest};
use garde::Validate;
use json::serde_fault;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::future::{Ready, ready};
use std::str::FromStr;
use utoipa::{IntoParams, PartialSchema};

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
