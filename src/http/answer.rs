//! The shapes of success. Each knows how it looks in the specification.

use super::operation::OperationSpec;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, LINK};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

/// A success that can be described.
pub trait Described {
    /// Adds the success response to the operation.
    fn describe(op: &mut OperationSpec);
}

/// A body that may carry an entity tag.
pub trait Tagged {
    /// The revision, where the thing has one.
    fn revision(&self) -> Option<i32> {
        None
    }
    /// The next page's cursor, where this is a page.
    fn next_cursor(&self) -> Option<&str> {
        None
    }
}

fn json_answer<T: Serialize + Tagged>(status: StatusCode, body: &T, request: &HttpRequest) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    answer.insert_header((CACHE_CONTROL, "no-store"));
    if let Some(revision) = body.revision() {
        answer.insert_header((ETAG, format!("\"{revision}\"")));
    }
    if let Some(cursor) = body.next_cursor() {
        let kept = request.query_string().split('&').filter(|p| !p.is_empty() && !p.starts_with("cursor="));
        let query: Vec<String> = kept.map(str::to_string).chain([format!("cursor={cursor}")]).collect();
        answer.insert_header((LINK, format!("<{}?{}>; rel=\"next\"", request.path(), query.join("&"))));
    }
    answer.json(body)
}

/// 200 with a body.
pub struct Found<T>(pub T);

impl<T: Serialize + Tagged> Responder for Found<T> {
    type Body = BoxBody;
    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        json_answer(StatusCode::OK, &self.0, request)
    }
}

impl<T: ToSchema + 'static> Described for Found<T> {
    fn describe(op: &mut OperationSpec) {
        let schema = op.schema::<T>();
        op.response(
            "200",
            json!({"description": "成功", "content": {"application/json": {"schema": schema}}}),
        );
    }
}

/// 201 with a body when something came to be, 200 when it was there already.
pub enum Made<T> {
    /// It is new.
    New(T),
    /// The same was there already.
    Same(T),
}

impl<T: Serialize + Tagged> Responder for Made<T> {
    type Body = BoxBody;
    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        match self {
            Self::New(body) => json_answer(StatusCode::CREATED, &body, request),
            Self::Same(body) => json_answer(StatusCode::OK, &body, request),
        }
    }
}

impl<T: ToSchema + 'static> Described for Made<T> {
    fn describe(op: &mut OperationSpec) {
        let schema = op.schema::<T>();
        let content = json!({"application/json": {"schema": schema}});
        op.response("201", json!({"description": "已创建", "content": content}));
        op.response("200", json!({"description": "此前已创建且内容相同", "content": content}));
    }
}

/// 201 or 200 as [`Made`], or 202 with a receipt of its own when what came is kept and not in force.
pub enum Taken<T, K> {
    /// It is new.
    New(T),
    /// The same was there already.
    Same(T),
    /// It is kept.
    Kept(K),
}

impl<T: Serialize + Tagged, K: Serialize + Tagged> Responder for Taken<T, K> {
    type Body = BoxBody;
    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        match self {
            Self::New(body) => json_answer(StatusCode::CREATED, &body, request),
            Self::Same(body) => json_answer(StatusCode::OK, &body, request),
            Self::Kept(body) => json_answer(StatusCode::ACCEPTED, &body, request),
        }
    }
}

impl<T: ToSchema + 'static, K: ToSchema + 'static> Described for Taken<T, K> {
    fn describe(op: &mut OperationSpec) {
        Made::<T>::describe(op);
        let schema = op.schema::<K>();
        let content = json!({"application/json": {"schema": schema}});
        op.response("202", json!({"description": "已收存，尚未生效", "content": content}));
    }
}

/// 204.
pub struct Done;

impl Responder for Done {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().insert_header((CACHE_CONTROL, "no-store")).finish()
    }
}

impl Described for Done {
    fn describe(op: &mut OperationSpec) {
        op.response("204", json!({"description": "已完成"}));
    }
}

/// A file.
pub struct Document {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its media type.
    pub content_type: String,
    /// The name offered for saving, ASCII.
    pub name: String,
    /// Its SHA-256, the strong entity tag.
    pub sha256: String,
}

impl Responder for Document {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, self.content_type))
            .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", self.name)))
            .insert_header((ETAG, format!("\"{}\"", self.sha256)))
            .insert_header((CACHE_CONTROL, "private, no-cache"))
            .insert_header(("Content-Security-Policy", "default-src 'none'; sandbox"))
            .body(self.bytes)
    }
}

impl Described for Document {
    fn describe(op: &mut OperationSpec) {
        let binary = json!({"type": "string", "format": "binary"});
        let content = json!({"application/octet-stream": {"schema": binary}});
        op.response("200", json!({"description": "文件内容", "content": content}));
    }
}

impl<T> Tagged for crate::db::page::Page<T> {
    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}
