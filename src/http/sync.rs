//! The feed that phones follow.

use super::answer::Described;
use super::caller::Allowed;
use super::extract::ApiQuery;
use super::operation::{OperationSpec, Part};
use super::problem::{Answer, Problem};
use crate::access::Role;
use crate::access::permissions::may;
use crate::sync::{self, Feed, Viewer};
use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder};
use garde::Validate;
use serde::Deserialize;
use serde_json::json;
use std::future::{Ready, ready};
use utoipa::IntoParams;

/// Since when.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct SyncQuery {
    /// The token of the last answer; everything without it.
    #[garde(length(max = 1000))]
    since: Option<String>,
}

/// The entity tags in `If-None-Match`, as they were sent.
pub struct IfNoneMatch(String);

impl FromRequest for IfNoneMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let given = request.headers().get(IF_NONE_MATCH).and_then(|v| v.to_str().ok());
        ready(Ok(Self(given.unwrap_or_default().to_string())))
    }
}

impl IfNoneMatch {
    /// Compared weakly (RFC 9110, 13.1.2). A token holds neither quotes nor commas.
    fn names(&self, token: &str) -> bool {
        let bare = |tag: &str| tag.trim().trim_start_matches("W/").trim_matches('"') == token;
        self.0.split(',').any(bare)
    }
}

impl Part for IfNoneMatch {
    fn describe(op: &mut OperationSpec) {
        let about = "上次应答的 ETag（即 token）";
        op.parameter(
            json!({"name": "If-None-Match", "in": "header", "required": false, "description": about,
            "schema": {"type": "string"}}),
        );
    }
}

/// What has changed, or that nothing has.
pub enum Synced {
    /// 200.
    Changed(Feed),
    /// 304: the token asked with stays good.
    Unchanged(String),
}

impl Responder for Synced {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let (mut answer, token) = match &self {
            Self::Changed(feed) => (HttpResponse::Ok(), &feed.token),
            Self::Unchanged(token) => (HttpResponse::NotModified(), token),
        };
        answer.insert_header((CACHE_CONTROL, "no-store")).insert_header((ETAG, format!("\"{token}\"")));
        match self {
            Self::Changed(feed) => answer.json(feed),
            Self::Unchanged(_) => answer.finish(),
        }
    }
}

impl Described for Synced {
    fn describe(op: &mut OperationSpec) {
        let schema = op.schema::<Feed>();
        op.response(
            "200",
            json!({"description": "成功", "content": {"application/json": {"schema": schema}}}),
        );
        op.response("304", json!({"description": "没有变化，原 token 仍可用"}));
    }
}

pub async fn sync(
    caller: Allowed<may::ReadSync>,
    known: IfNoneMatch,
    ApiQuery(query): ApiQuery<SyncQuery>,
) -> Answer<Synced> {
    let inspects = caller.roles.contains(&Role::Inspector);
    let viewer = Viewer { user: caller.user_id, scope: caller.scope.clone(), inspects, now: caller.now };
    let (app, since) = (caller.app().clone(), query.since.clone());
    let feed = caller.read(move |conn| sync::feed(conn, &app.keys, &viewer, since.as_deref())).await?;
    match query.since {
        Some(since) if feed.unchanged && known.names(&since) => Ok(Synced::Unchanged(since)),
        _ => Ok(Synced::Changed(feed)),
    }
}
