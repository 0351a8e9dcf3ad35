//! RFC 9457 answers: the one mapping from a [`Fault`] to a status. The doctrine:
//! 400 the request cannot be read · 401 who are you · 403 you may not · 404 not there, or not yours to see ·
//! 409 the present state forbids it, or it differs from what is stored · 412/428 `If-Match` · 413 too large ·
//! 415 wrong kind of body · 422 readable but wrong, with JSON pointers · 429 slow down · 503 come back later ·
//! 507 no room; and of uploads, as tus has it, 412 another version, 423 another request is at it, 460 wrong checksum.
//! `code` is stable and for programs; `detail` is Chinese and for people; nothing tells of SQL, paths or types.

use crate::fault::{Fault, FieldFault};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;

/// The body of every answer that is not a success.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ProblemDetails {
    /// `urn:yixun:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable code, for programs.
    pub code: String,
    /// What is wrong and what to do, in Chinese.
    pub detail: String,
    /// The culprits, by JSON pointer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldFault>,
}

/// A fault on its way out.
#[derive(Debug)]
pub struct Problem(pub Fault);

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Problem {
    fn parts(&self) -> (StatusCode, &str, &[FieldFault]) {
        match &self.0 {
            Fault::Invalid { code, errors, .. } if code.starts_with("unreadable") => {
                (StatusCode::BAD_REQUEST, code, errors)
            }
            Fault::Invalid { code, errors, .. } => match code.as_ref() {
                "tus_version" => (StatusCode::PRECONDITION_FAILED, code, errors),
                "checksum_differs" => (checksum_mismatch(), code, errors),
                _ => (StatusCode::UNPROCESSABLE_ENTITY, code, errors),
            },
            Fault::Missing(_) => (StatusCode::NOT_FOUND, "not_found", &[]),
            Fault::Unauthenticated { code, .. } => (StatusCode::UNAUTHORIZED, code, &[]),
            Fault::Forbidden { code, .. } => (StatusCode::FORBIDDEN, code, &[]),
            Fault::Refused { code, errors, .. } if code == "upload_locked" => {
                (StatusCode::LOCKED, code, errors)
            }
            Fault::Refused { code, errors, .. } => (StatusCode::CONFLICT, code, errors),
            Fault::Precondition { given: false } => {
                (StatusCode::PRECONDITION_REQUIRED, "if_match_required", &[])
            }
            Fault::Precondition { given: true } => (StatusCode::PRECONDITION_FAILED, "version_differs", &[]),
            Fault::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", &[]),
            Fault::Unsupported(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", &[]),
            Fault::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", &[]),
            Fault::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, "busy", &[]),
            Fault::Full(_) => (StatusCode::INSUFFICIENT_STORAGE, "storage_full", &[]),
            Fault::Database(_) | Fault::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal", &[]),
        }
    }

    /// The body of the answer; what went wrong inside goes to the log.
    pub fn details(&self) -> ProblemDetails {
        match &self.0 {
            Fault::Database(error) => tracing::error!(%error, "database fault"),
            Fault::Internal(why) => tracing::error!(%why, "internal fault"),
            Fault::Busy(why) => tracing::warn!(%why, "busy"),
            Fault::Full(why) => tracing::error!(%why, "the storage is full"),
            _ => {}
        }
        let (status, code, errors) = self.parts();
        details(status, code, self.0.to_string(), errors.to_vec())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.parts().0
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        answer.insert_header((CACHE_CONTROL, "no-store"));
        match &self.0 {
            Fault::TooMany { seconds } => drop(answer.insert_header((RETRY_AFTER, seconds.to_string()))),
            Fault::Busy(_) => drop(answer.insert_header((RETRY_AFTER, "2"))),
            Fault::Full(_) => drop(answer.insert_header((RETRY_AFTER, "60"))),
            Fault::Unauthenticated { .. } => drop(answer.insert_header((WWW_AUTHENTICATE, "Bearer"))),
            _ => {}
        }
        finished(answer, &self.details())
    }
}

/// 460, which tus alone knows.
fn checksum_mismatch() -> StatusCode {
    StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST)
}

fn details(status: StatusCode, code: &str, detail: String, errors: Vec<FieldFault>) -> ProblemDetails {
    ProblemDetails {
        kind: format!("urn:yixun:problem:{code}"),
        title: status.canonical_reason().unwrap_or("Checksum Mismatch").into(),
        status: status.as_u16(),
        code: code.into(),
        detail,
        errors,
    }
}

fn finished(mut answer: HttpResponseBuilder, body: &ProblemDetails) -> HttpResponse {
    answer.insert_header((CONTENT_TYPE, "application/problem+json"));
    answer.body(serde_json::to_string(body).unwrap_or_default())
}

/// A refusal of the web server itself, which no [`Fault`] stands for.
pub fn of_status(status: StatusCode, code: &str, detail: &str) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    answer.insert_header((CACHE_CONTROL, "no-store"));
    finished(answer, &details(status, code, detail.into(), vec![]))
}

/// What a handler gives.
pub type Answer<T> = Result<T, Problem>;
