//! Who stands in for whom.

use super::answer::{Found, Made, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiQuery};
use super::problem::Answer;
use crate::access::delegations::{self, DelegationFilter, DelegationView, NewDelegation};
use crate::access::permissions::may;
use crate::clock::business_date;
use crate::db::page::{Page, PageAsk};
use crate::ids::{DelegationId, GrantId, UserId};
use chrono::NaiveDate;
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

impl Tagged for DelegationView {}

/// Which delegations.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DelegationQuery {
    /// Only those of this person, on either side.
    #[garde(skip)]
    user_id: Option<UserId>,
    /// Only those in force today.
    #[serde(default)]
    #[garde(skip)]
    in_force: bool,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list(
    caller: Allowed<may::ReadDelegations>,
    ApiQuery(query): ApiQuery<DelegationQuery>,
) -> Answer<Found<Page<DelegationView>>> {
    let today = business_date(caller.now);
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let filter = DelegationFilter { user: query.user_id, in_force_on: query.in_force.then_some(today) };
    Ok(Found(caller.read(move |conn| delegations::list(conn, &filter, &ask, today)).await?))
}

pub async fn find(
    caller: Allowed<may::ReadDelegations>,
    ApiPath(id): ApiPath<DelegationId>,
) -> Answer<Found<DelegationView>> {
    let today = business_date(caller.now);
    Ok(Found(caller.read(move |conn| delegations::find(conn, id, today)).await?))
}

/// A delegation to be recorded.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateDelegation {
    /// Who is stood in for.
    #[garde(skip)]
    principal_id: UserId,
    /// Who stands in.
    #[garde(skip)]
    deputy_id: UserId,
    /// Which of the principal's own grants.
    #[garde(length(min = 1, max = 50))]
    grant_ids: Vec<GrantId>,
    /// First day; today unless given.
    #[garde(skip)]
    valid_from: Option<NaiveDate>,
    /// Last day.
    #[garde(skip)]
    valid_to: NaiveDate,
    /// The document or instruction that it rests on.
    #[garde(length(chars, min = 2, max = 200))]
    basis: String,
}

pub async fn create(
    caller: Allowed<may::RecordDelegations>,
    ApiJson(body): ApiJson<CreateDelegation>,
) -> Answer<Made<DelegationView>> {
    let today = business_date(caller.now);
    let new = NewDelegation {
        principal: body.principal_id,
        deputy: body.deputy_id,
        grants: body.grant_ids,
        valid_from: body.valid_from.unwrap_or(today),
        valid_to: body.valid_to,
        basis: body.basis,
    };
    let view = caller
        .write(move |tx| {
            let id = delegations::record(tx, &new)?;
            delegations::find(tx.conn(), id, today)
        })
        .await?;
    Ok(Made::New(view))
}

/// Why a delegation ends early.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeDelegation {
    /// The reason.
    #[garde(length(chars, min = 2, max = 2000))]
    reason: String,
}

pub async fn revoke(
    caller: Allowed<may::RecordDelegations>,
    ApiPath(id): ApiPath<DelegationId>,
    ApiJson(body): ApiJson<RevokeDelegation>,
) -> Answer<Found<DelegationView>> {
    let today = business_date(caller.now);
    let view = caller
        .write(move |tx| {
            delegations::revoke(tx, id, &body.reason)?;
            delegations::find(tx.conn(), id, today)
        })
        .await?;
    Ok(Found(view))
}
