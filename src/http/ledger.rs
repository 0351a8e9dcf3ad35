//! The ledger: rows, the table, figures and exceptions.

use super::answer::{Document, Found, Tagged};
use super::caller::Allowed;
use super::extract::ApiQuery;
use super::problem::Answer;
use crate::access::permissions::may;
use crate::clock::business_date;
use crate::db::page::{Page, PageAsk};
use crate::files::sha256_of;
use crate::findings::rules::State;
use crate::findings::side::{self, DrawYear};
use crate::findings::{FindingFilter, Source};
use crate::ids::{AreaId, CampaignId, FacilityId, GroupId};
use crate::ledger::rules::Exception;
use crate::ledger::{self, ExceptionFilter, ExceptionRow, LedgerPage, LedgerSummary};
use chrono::{DateTime, NaiveDate, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

impl Tagged for LedgerSummary {}
impl Tagged for LedgerPage {
    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}

/// What both queries have in common, apart from the page.
macro_rules! ledger_query {
    ($(#[$doc:meta])* $name:ident { $($rest:tt)* }) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize, Validate, IntoParams)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// Only of this facility.
            #[garde(skip)]
            facility_id: Option<FacilityId>,
            /// Only in this street.
            #[garde(skip)]
            street_id: Option<AreaId>,
            /// Only of this campaign.
            #[garde(skip)]
            campaign_id: Option<CampaignId>,
            /// Only in this state.
            #[garde(skip)]
            #[param(inline)]
            state: Option<State>,
            /// Only overdue ones.
            #[serde(default)]
            #[garde(skip)]
            overdue: bool,
            /// Only of this source.
            #[garde(skip)]
            #[param(inline)]
            source: Option<Source>,
            /// Only members of this group.
            #[garde(skip)]
            group_id: Option<GroupId>,
            /// Only found on this day or later.
            #[garde(skip)]
            found_from: Option<NaiveDate>,
            /// Only found on this day or earlier.
            #[garde(skip)]
            found_to: Option<NaiveDate>,
            $($rest)*
        }

        impl $name {
            fn filter(&self, now: DateTime<Utc>) -> FindingFilter {
                let filter = FindingFilter {
                    facility_id: self.facility_id,
                    street_id: self.street_id,
                    campaign_id: self.campaign_id,
                    state: self.state,
                    overdue_on: self.overdue.then(|| business_date(now)),
                    source: self.source,
                    group_id: self.group_id,
                    ..FindingFilter::default()
                };
                ledger::found_within(filter, self.found_from, self.found_to)
            }
        }
    };
}

ledger_query! {
    /// Which rows.
    LedgerQuery {
        /// Rows, 1–100.
        #[garde(skip)]
        limit: Option<i64>,
        /// Cursor of the page before.
        #[garde(length(max = 400))]
        cursor: Option<String>,
    }
}

ledger_query! {
    /// Of which rows.
    FiguresQuery {}
}

pub async fn list(
    caller: Allowed<may::ReadFindings>,
    ApiQuery(query): ApiQuery<LedgerQuery>,
) -> Answer<Found<LedgerPage>> {
    let (holder, now, filter) = (caller.holder(), caller.now, query.filter(caller.now));
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    Ok(Found(caller.read(move |conn| ledger::list(conn, &holder, &filter, &ask, now)).await?))
}

pub async fn table(
    caller: Allowed<may::ReadFindings>,
    ApiQuery(query): ApiQuery<FiguresQuery>,
) -> Answer<Document> {
    let (holder, now, filter) = (caller.holder(), caller.now, query.filter(caller.now));
    let table = caller.read(move |conn| ledger::export(conn, &holder, &filter, now)).await?;
    let bytes = table.text.into_bytes();
    Ok(Document {
        sha256: sha256_of(&bytes),
        bytes,
        content_type: "text/csv; charset=utf-8".into(),
        name: format!("ledger-{}.csv", table.as_of),
    })
}

pub async fn summary(
    caller: Allowed<may::ReadFindings>,
    ApiQuery(query): ApiQuery<FiguresQuery>,
) -> Answer<Found<LedgerSummary>> {
    let (scope, now, filter) = (caller.scope.clone(), caller.now, query.filter(caller.now));
    Ok(Found(caller.read(move |conn| ledger::summary(conn, &scope, &filter, now)).await?))
}

/// Which exceptions.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ExceptionQuery {
    /// Only of this kind.
    #[garde(skip)]
    #[param(inline)]
    kind: Option<Exception>,
    /// Only in this street.
    #[garde(skip)]
    street_id: Option<AreaId>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn exceptions(
    caller: Allowed<may::ReadExceptions>,
    ApiQuery(query): ApiQuery<ExceptionQuery>,
) -> Answer<Found<Page<ExceptionRow>>> {
    let filter = ExceptionFilter { kind: query.kind, street_id: query.street_id };
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let scope = caller.scope.clone();
    Ok(Found(caller.read(move |conn| ledger::exceptions(conn, &scope, &filter, &ask)).await?))
}

/// The draws of all years.
#[derive(Debug, Serialize, ToSchema)]
pub struct Draws {
    /// The last year first.
    items: Vec<DrawYear>,
}
impl Tagged for Draws {}

pub async fn draws(caller: Allowed<may::ReadExceptions>) -> Answer<Found<Draws>> {
    let now = caller.now;
    Ok(Found(caller.read(move |conn| Ok(Draws { items: side::draws(conn, now)? })).await?))
}
