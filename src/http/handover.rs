//! What somebody has open, its hand-over, and who is in charge of a finding.

use super::access::PageQuery;
use super::answer::{Found, Made, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiQuery};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::clock::machine_now;
use crate::db::page::Page;
use crate::handover::{self, HandoverView, OpenItems, Order};
use crate::ids::{FindingId, UserId};
use crate::officers::{self, Officers};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

impl Tagged for OpenItems {}
impl Tagged for HandoverView {}
impl Tagged for Officers {}

pub async fn open_items(
    caller: Allowed<may::ReadUsers>,
    ApiPath(user): ApiPath<UserId>,
) -> Answer<Found<OpenItems>> {
    let now = caller.now;
    Ok(Found(caller.read(move |conn| handover::open(conn, user, now)).await?))
}

pub async fn list(
    caller: Allowed<may::ReadUsers>,
    ApiPath(user): ApiPath<UserId>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Answer<Found<Page<HandoverView>>> {
    let ask = query.ask();
    Ok(Found(caller.read(move |conn| handover::list(conn, user, &ask)).await?))
}

/// A hand-over of everything that is open.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// Who receives; grants of their own must reach everything.
    #[garde(skip)]
    to: UserId,
    /// Why.
    #[garde(length(chars, min = 2, max = 2000))]
    reason: String,
    /// Why what only the person could do is settled; needed where there is such.
    #[garde(length(chars, min = 2, max = 2000))]
    settled_reason: Option<String>,
    /// Disable the account in the same transaction.
    #[serde(default)]
    #[garde(skip)]
    disable: bool,
}

pub async fn hand_over(
    caller: Allowed<may::ManageUsers>,
    ApiPath(user): ApiPath<UserId>,
    ApiJson(body): ApiJson<HandOver>,
) -> Answer<Made<HandoverView>> {
    let HandOver { to, reason, settled_reason, disable } = body;
    let order = Order { to, reason, settled_reason, disable };
    let view = caller.write(move |tx| handover::hand_over(tx, user, &order, machine_now()));
    Ok(Made::New(view.await?))
}

pub async fn officers(
    caller: Allowed<may::ReadFindings>,
    ApiPath(id): ApiPath<FindingId>,
) -> Answer<Found<Officers>> {
    let (by, now) = (caller.holder(), caller.now);
    Ok(Found(caller.read(move |conn| officers::of_finding(conn, &by, id, now)).await?))
}

/// The clerk to be in charge.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignOfficer {
    /// The clerk; a grant of their own must reach the finding.
    #[garde(skip)]
    user_id: UserId,
    /// Why.
    #[garde(length(chars, min = 2, max = 2000))]
    reason: Option<String>,
}

pub async fn assign(
    caller: Allowed<may::AssignOfficer>,
    ApiPath(id): ApiPath<FindingId>,
    ApiJson(body): ApiJson<AssignOfficer>,
) -> Answer<Made<Officers>> {
    let (by, now) = (caller.holder(), caller.now);
    let (new, officers) = caller
        .write(move |tx| {
            let new = officers::assign(tx, &by, id, body.user_id, body.reason.as_deref())?;
            Ok((new, officers::of_finding(tx.conn(), &by, id, now)?))
        })
        .await?;
    Ok(if new { Made::New(officers) } else { Made::Same(officers) })
}
