//! tus 1.0 (<https://tus.io/protocols/resumable-upload>): what its headers say and how its answers look. Core, creation,
//! creation-with-upload, termination, expiration and checksum; a client that has no PATCH says so in
//! `X-HTTP-Method-Override`. The handlers are in `uploads`.

use super::answer::Described;
use super::extract::ApiStream;
use super::operation::{OperationSpec, Part};
use super::problem::Problem;
use crate::fault::{Fault, FieldFault};
use crate::ids::PhotoId;
use crate::photos::{MAX_LENGTH, is_sha256};
use crate::uploads::{Algorithm, Announced, Body, Checksum, UploadView};
use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, LOCATION};
use actix_web::middleware::DefaultHeaders;
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, Responder};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::Stream;
use serde_json::json;
use std::future::{Future, Ready, ready};
use std::pin::Pin;

/// The one version.
const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,termination,expiration,checksum";
const ALGORITHMS: &str = "sha256,sha1";
/// The media type of a piece.
const PIECE: &str = "application/offset+octet-stream";

/// What stands on every answer below `/uploads`, also where it is a problem.
pub fn headers() -> DefaultHeaders {
    DefaultHeaders::new().add(("Tus-Resumable", VERSION)).add(("Tus-Version", VERSION))
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

fn unreadable(name: &str) -> Problem {
    Fault::invalid("", "unreadable_header", format!("请求头 {name} 缺失或不正确")).into()
}

fn number(headers: &HeaderMap, name: &'static str) -> Result<u64, Problem> {
    let digits = header(headers, name).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    digits.and_then(|text| text.parse().ok()).ok_or_else(|| unreadable(name))
}

fn describe_header(op: &mut OperationSpec, name: &str, required: bool, about: &str) {
    op.parameter(json!({"name": name, "in": "header", "required": required, "description": about,
        "schema": {"type": "string"}}));
}

/// The client speaks our version.
pub struct Tus;

impl FromRequest for Tus {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = header(request.headers(), "Tus-Resumable") == Some(VERSION);
        let refused = || Fault::invalid("", "tus_version", "请求头 Tus-Resumable 须为 1.0.0").into();
        ready(if known { Ok(Self) } else { Err(refused()) })
    }
}

impl Part for Tus {
    fn describe(op: &mut OperationSpec) {
        describe_header(op, "Tus-Resumable", true, "协议版本，须为 1.0.0");
        op.problems(&[("400", "请求头不正确，或请求体不完整"), ("412", "不支持的 tus 版本")]);
    }
}

/// What is announced: `Upload-Length`, and `photo_id` and `sha256` in `Upload-Metadata`.
pub struct Creation(pub Announced);

impl FromRequest for Creation {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(announced(request.headers()).map(Self))
    }
}

fn announced(headers: &HeaderMap) -> Result<Announced, Problem> {
    let length = number(headers, "Upload-Length")?;
    let too_large = Fault::TooLarge { limit: MAX_LENGTH.unsigned_abs() };
    let length = i64::try_from(length).map_err(|_| too_large)?;
    let metadata = metadata(header(headers, "Upload-Metadata").unwrap_or_default())?;
    let value = |key: &str| metadata.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
    let photo_id = value("photo_id").map(|text| text.parse::<PhotoId>());
    let sha256 = value("sha256");
    let mut errors = vec![];
    match &photo_id {
        None => errors.push(FieldFault::new("/photo_id", "missing_field", "Upload-Metadata 缺少 photo_id")),
        Some(Err(_)) => errors.push(FieldFault::new("/photo_id", "wrong_type", "应为 UUID")),
        Some(Ok(_)) => {}
    }
    match &sha256 {
        None => errors.push(FieldFault::new("/sha256", "missing_field", "Upload-Metadata 缺少 sha256")),
        Some(text) if !is_sha256(text) => {
            errors.push(FieldFault::new("/sha256", "out_of_range", "应为 64 位小写十六进制 SHA-256"));
        }
        Some(_) => {}
    }
    match (photo_id, sha256) {
        (Some(Ok(photo_id)), Some(sha256)) if errors.is_empty() => Ok(Announced { photo_id, sha256, length }),
        _ => Err(Fault::invalid_many(errors).into()),
    }
}

/// `key base64, key base64, …`; a key may stand alone.
fn metadata(text: &str) -> Result<Vec<(String, String)>, Problem> {
    let pair = |pair: &str| {
        let (key, value) = pair.trim().split_once(' ').unwrap_or((pair.trim(), ""));
        let bytes = STANDARD.decode(value.trim()).ok()?;
        Some((key.to_string(), String::from_utf8(bytes).ok()?))
    };
    let pairs = text.split(',').filter(|part| !part.trim().is_empty()).map(pair);
    pairs.collect::<Option<_>>().ok_or_else(|| unreadable("Upload-Metadata"))
}

impl Part for Creation {
    fn describe(op: &mut OperationSpec) {
        describe_header(op, "Upload-Length", true, "照片的字节数，1 至 20 MiB");
        describe_header(op, "Upload-Metadata", true, "photo_id 与 sha256，值为 base64；其他键不予理会");
        op.problems(&[("422", "内容有误"), ("429", "未完成的上传过多")]);
    }
}

/// A piece's place: `Upload-Offset`, and the media type that tus wants.
pub struct Piece(pub u64);

impl FromRequest for Piece {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(piece(request.headers()))
    }
}

fn piece(headers: &HeaderMap) -> Result<Piece, Problem> {
    of_kind(headers)?;
    number(headers, "Upload-Offset").map(Piece)
}

fn of_kind(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = header(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let refused = || Problem(Fault::Unsupported(format!("请求体须为 {PIECE}").into()));
    kind.eq_ignore_ascii_case(PIECE).then_some(()).ok_or_else(refused)
}

impl Part for Piece {
    fn describe(op: &mut OperationSpec) {
        describe_header(op, "Upload-Offset", true, "此段的起始位置，须等于已收到的字节数");
    }
}

/// What a POST stands for: `X-HTTP-Method-Override`.
pub enum Instead {
    /// PATCH at this offset.
    Patch(u64),
    /// DELETE.
    Delete,
    /// HEAD.
    Head,
}

impl FromRequest for Instead {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        const NAME: &str = "X-HTTP-Method-Override";
        let headers = request.headers();
        ready(match header(headers, NAME).map(str::to_ascii_uppercase).as_deref() {
            Some("PATCH") => piece(headers).map(|Piece(offset)| Self::Patch(offset)),
            Some("DELETE") => Ok(Self::Delete),
            Some("HEAD") => Ok(Self::Head),
            _ => Err(unreadable(NAME)),
        })
    }
}

impl Part for Instead {
    fn describe(op: &mut OperationSpec) {
        describe_header(op, "X-HTTP-Method-Override", true, "所代替的方法：PATCH、DELETE 或 HEAD");
        describe_header(op, "Upload-Offset", false, "代替 PATCH 时：此段的起始位置");
    }
}

/// A body of tus, which may be empty, with its `Upload-Checksum`.
pub struct TusBody {
    body: ApiStream,
    checksum: Option<Checksum>,
}

impl TusBody {
    /// For the uploads.
    pub fn into_body(self) -> Body<impl Stream<Item = Result<Bytes, ()>> + Unpin> {
        let mut body = self.body.into_body();
        body.checksum = self.checksum;
        body
    }
}

impl FromRequest for TusBody {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = ApiStream::of(request, payload);
        // A proxy may announce a body where the client has none.
        let told = request.headers().contains_key(CONTENT_TYPE);
        let kind = if body.is_empty() || !told { Ok(()) } else { of_kind(request.headers()) };
        let checksum = header(request.headers(), "Upload-Checksum").map(checksum).transpose();
        Box::pin(ready(kind.and(checksum).map(|checksum| Self { body, checksum })))
    }
}

/// `algorithm base64`.
fn checksum(text: &str) -> Result<Checksum, Problem> {
    let read = || {
        let (name, value) = text.split_once(' ')?;
        let algorithm = match name {
            "sha1" => Algorithm::Sha1,
            "sha256" => Algorithm::Sha256,
            _ => return None,
        };
        Some(Checksum { algorithm, digest: STANDARD.decode(value.trim()).ok()? })
    };
    read().ok_or_else(|| unreadable("Upload-Checksum"))
}

impl Part for TusBody {
    fn describe(op: &mut OperationSpec) {
        describe_header(op, "Upload-Checksum", false, "此段的校验值：sha256 或 sha1，空格，base64");
        let schema = json!({"type": "string", "format": "binary"});
        op.body.insert("requestBody".into(), json!({"content": {PIECE: {"schema": schema}}}));
        op.problems(&[
            ("413", "超过 20 MiB 或声明的长度"),
            ("415", "类型不支持，或不是受支持的照片或文件"),
            ("422", "哈希不符或内容有误，须重新创建"),
            ("423", "正由另一请求处理"),
            ("460", "此段的校验值不符，已丢弃"),
            ("507", "存储空间已满"),
        ]);
    }
}

/// What the server can.
pub struct Capabilities;

impl Responder for Capabilities {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent()
            .insert_header(("Tus-Extension", EXTENSIONS))
            .insert_header(("Tus-Max-Size", MAX_LENGTH.to_string()))
            .insert_header(("Tus-Checksum-Algorithm", ALGORITHMS))
            .finish()
    }
}

impl Described for Capabilities {
    fn describe(op: &mut OperationSpec) {
        let names =
            ["Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm"];
        describe_answer(op, "204", "协议版本与能力", &names);
    }
}

fn describe_answer(op: &mut OperationSpec, status: &str, about: &str, names: &[&str]) {
    let headers = names.iter().map(|name| (name.to_string(), json!({"schema": {"type": "string"}})));
    let headers: serde_json::Map<_, _> = headers.collect();
    op.response(status, json!({"description": about, "headers": headers}));
}

fn answer(status: StatusCode, view: &UploadView) -> HttpResponseBuilder {
    let expires = view.expires_at.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let mut answer = HttpResponse::build(status);
    answer
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("Upload-Offset", view.offset.to_string()))
        .insert_header(("Upload-Expires", expires));
    answer
}

/// 201 with the upload's address.
pub struct Begun(pub UploadView);

impl Responder for Begun {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let location = format!("/api/v1/uploads/{}", self.0.upload);
        answer(StatusCode::CREATED, &self.0).insert_header((LOCATION, location)).finish()
    }
}

impl Described for Begun {
    fn describe(op: &mut OperationSpec) {
        describe_answer(op, "201", "已创建，或此前已创建", &["Location", "Upload-Offset", "Upload-Expires"]);
    }
}

/// 200 with the offset, for HEAD.
pub struct Offset(pub UploadView);

impl Responder for Offset {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        answer(StatusCode::OK, &self.0).insert_header(("Upload-Length", self.0.length.to_string())).finish()
    }
}

impl Described for Offset {
    fn describe(op: &mut OperationSpec) {
        describe_answer(op, "200", "上传进度", &["Upload-Offset", "Upload-Length", "Upload-Expires"]);
    }
}

/// 204 with the new offset, for PATCH.
pub struct Appended(pub UploadView);

impl Responder for Appended {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        answer(StatusCode::NO_CONTENT, &self.0).finish()
    }
}

impl Described for Appended {
    fn describe(op: &mut OperationSpec) {
        describe_answer(op, "204", "已收到", &["Upload-Offset", "Upload-Expires"]);
    }
}

/// What the method that a POST stood for answers.
pub enum Answered {
    /// To PATCH.
    Patch(Appended),
    /// To DELETE.
    Delete,
    /// To HEAD.
    Head(Offset),
}

impl Responder for Answered {
    type Body = BoxBody;
    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        match self {
            Self::Patch(answer) => answer.respond_to(request),
            Self::Delete => super::answer::Done.respond_to(request),
            Self::Head(answer) => answer.respond_to(request),
        }
    }
}

impl Described for Answered {
    fn describe(op: &mut OperationSpec) {
        Offset::describe(op);
        Appended::describe(op);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_pairs() {
        let read = |text: &str| metadata(text).ok();
        let pair = |key: &str, value: &str| (key.to_string(), value.to_string());
        assert_eq!(read(""), Some(vec![]));
        assert_eq!(read("a eA==,b"), Some(vec![pair("a", "x"), pair("b", "")]));
        assert_eq!(read("a eA== , b eQ=="), Some(vec![pair("a", "x"), pair("b", "y")]));
        assert_eq!(read("a !"), None);
        assert_eq!(read("a /w=="), None, "not UTF-8");
    }

    #[test]
    fn a_checksum_is_of_a_known_algorithm() {
        assert!(checksum("sha1 eA==").is_ok_and(|c| c.digest == b"x" && c.algorithm == Algorithm::Sha1));
        assert!(checksum("sha256 eA==").is_ok_and(|c| c.algorithm == Algorithm::Sha256));
        assert!(checksum("md5 eA==").is_err() && checksum("sha1").is_err() && checksum("sha1 !").is_err());
    }
}
