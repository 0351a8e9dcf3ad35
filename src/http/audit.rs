//! Reading the audit trail.

use super::answer::Found;
use super::caller::Allowed;
use super::extract::ApiQuery;
use super::problem::Answer;
use crate::access::permissions::may;
use crate::audit::{self, AuditView};
use crate::db::page::{Page, PageAsk};
use garde::Validate;
use serde::Deserialize;
use utoipa::IntoParams;

/// Which lines.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Only of this object.
    #[garde(length(max = 100))]
    object_id: Option<String>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list(
    caller: Allowed<may::ReadAudit>,
    ApiQuery(query): ApiQuery<AuditQuery>,
) -> Answer<Found<Page<AuditView>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let page = caller.read(move |conn| audit::list(conn, query.object_id.as_deref(), &ask)).await?;
    Ok(Found(page))
}
