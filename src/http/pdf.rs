//! A PDF as a body, whole in memory: a scan is at most as long as any document here.

use super::extract::{Later, read_body};
use super::operation::{OperationSpec, Part};
use super::problem::Problem;
use crate::fault::Fault;
use crate::photos::MAX_LENGTH;
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest};
use bytes::Bytes;
use serde_json::json;

/// The bytes of a PDF.
pub struct ApiPdf(pub Bytes);

impl FromRequest for ApiPdf {
    type Error = Problem;
    type Future = Later<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let kind = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
            if !kind.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/pdf") {
                return Err(Fault::Unsupported("请求体须为 application/pdf".into()).into());
            }
            read_body(request, payload, MAX_LENGTH.unsigned_abs()).await.map(Self)
        })
    }
}

impl Part for ApiPdf {
    fn describe(op: &mut OperationSpec) {
        let schema = json!({"type": "string", "format": "binary"});
        let body = json!({"required": true, "content": {"application/pdf": {"schema": schema}}});
        op.body.insert("requestBody".into(), body);
        op.problems(&[
            ("400", "请求体不完整或到达过慢"),
            ("413", "超过 20 MiB"),
            ("415", "不是 PDF"),
            ("422", "内容有误"),
            ("507", "存储空间已满"),
        ]);
    }
}
