//! Bodies that are files: their bytes as they are.

use super::super::operation::{OperationSpec, Part};
use super::super::problem::Problem;
use super::body::{Later, announced, patience, read_body};
use crate::photos::MAX_LENGTH;
use crate::uploads::Body;
use actix_web::dev::Payload;
use actix_web::http::header::TRANSFER_ENCODING;
use actix_web::{FromRequest, HttpRequest};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use serde_json::json;
use std::future::{Ready, ready};

/// The largest photo or document, in bytes.
const PHOTO_LIMIT: u64 = MAX_LENGTH.unsigned_abs();

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
