//! Findings under one roof.

use super::answer::{Done, Found, Made, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiPath2, ApiQuery, IfMatch};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::db::page::{Page, PageAsk};
use crate::findings::Source;
use crate::findings::groups::{self, GroupDetail, GroupFacts, GroupFilter, GroupKind, GroupView};
use crate::ids::{FindingId, GroupId};
use chrono::NaiveDate;
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

impl Tagged for GroupDetail {
    fn revision(&self) -> Option<i32> {
        Some(self.group.revision)
    }
}

/// A new group.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateGroup {
    /// What it is.
    #[garde(skip)]
    kind: GroupKind,
    /// Its title.
    #[garde(length(chars, min = 2, max = 200))]
    title: String,
    /// Where it comes from.
    #[garde(skip)]
    source: Option<Source>,
    /// The number of the document behind it.
    #[garde(length(chars, min = 2, max = 100))]
    document_number: Option<String>,
    /// What is to be done.
    #[garde(length(chars, min = 2, max = 5000))]
    measures: String,
    /// The unit that leads.
    #[garde(length(chars, min = 2, max = 200))]
    lead_unit: String,
    /// The post.
    #[garde(length(chars, min = 2, max = 50))]
    lead_post: String,
    /// The person.
    #[garde(length(chars, min = 2, max = 50))]
    lead_person: String,
    /// By when all is done.
    #[garde(skip)]
    due_on: Option<NaiveDate>,
    /// Its first members, at most 200.
    #[garde(length(min = 1, max = 200))]
    #[schema(min_items = 1, max_items = 200)]
    finding_ids: Vec<FindingId>,
}

pub async fn create(
    caller: Allowed<may::WriteGroups>,
    ApiJson(body): ApiJson<CreateGroup>,
) -> Answer<Made<GroupDetail>> {
    let facts = GroupFacts {
        title: body.title,
        source: body.source,
        document_number: body.document_number,
        measures: body.measures,
        lead_unit: body.lead_unit,
        lead_post: body.lead_post,
        lead_person: body.lead_person,
        due_on: body.due_on,
    };
    let (holder, now) = (caller.holder(), caller.now);
    let made = caller.write(move |tx| {
        let id = groups::create(tx, &holder, body.kind, &facts, &body.finding_ids)?;
        groups::find(tx.conn(), &holder.scope, id, now)
    });
    Ok(Made::New(made.await?))
}

/// Which groups.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct GroupQuery {
    /// Only of this kind.
    #[garde(skip)]
    #[param(inline)]
    kind: Option<GroupKind>,
    /// Only of this source.
    #[garde(skip)]
    #[param(inline)]
    source: Option<Source>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list(
    caller: Allowed<may::ReadFindings>,
    ApiQuery(query): ApiQuery<GroupQuery>,
) -> Answer<Found<Page<GroupView>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let filter = GroupFilter { kind: query.kind, source: query.source };
    let (scope, now) = (caller.scope.clone(), caller.now);
    Ok(Found(caller.read(move |conn| groups::list(conn, &scope, &filter, &ask, now)).await?))
}

pub async fn find(
    caller: Allowed<may::ReadFindings>,
    ApiPath(id): ApiPath<GroupId>,
) -> Answer<Found<GroupDetail>> {
    let (scope, now) = (caller.scope.clone(), caller.now);
    Ok(Found(caller.read(move |conn| groups::find(conn, &scope, id, now)).await?))
}

/// What changes of a group; what is not given stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateGroup {
    /// Its title.
    #[garde(length(chars, min = 2, max = 200))]
    title: Option<String>,
    /// The number of the document behind it.
    #[garde(length(chars, min = 2, max = 100))]
    document_number: Option<String>,
    /// What is to be done.
    #[garde(length(chars, min = 2, max = 5000))]
    measures: Option<String>,
    /// The unit that leads.
    #[garde(length(chars, min = 2, max = 200))]
    lead_unit: Option<String>,
    /// The post.
    #[garde(length(chars, min = 2, max = 50))]
    lead_post: Option<String>,
    /// The person.
    #[garde(length(chars, min = 2, max = 50))]
    lead_person: Option<String>,
    /// By when all is done.
    #[garde(skip)]
    due_on: Option<NaiveDate>,
}

pub async fn update(
    caller: Allowed<may::WriteGroups>,
    ApiPath(id): ApiPath<GroupId>,
    IfMatch(revision): IfMatch,
    ApiJson(body): ApiJson<UpdateGroup>,
) -> Answer<Found<GroupDetail>> {
    let (holder, now) = (caller.holder(), caller.now);
    let changed = caller.write(move |tx| {
        let change = |old: GroupFacts| GroupFacts {
            title: body.title.clone().unwrap_or(old.title),
            document_number: body.document_number.clone().or(old.document_number),
            measures: body.measures.clone().unwrap_or(old.measures),
            lead_unit: body.lead_unit.clone().unwrap_or(old.lead_unit),
            lead_post: body.lead_post.clone().unwrap_or(old.lead_post),
            lead_person: body.lead_person.clone().unwrap_or(old.lead_person),
            due_on: body.due_on.or(old.due_on),
            source: old.source,
        };
        groups::update(tx, &holder, id, revision, &change)?;
        groups::find(tx.conn(), &holder.scope, id, now)
    });
    Ok(Found(changed.await?))
}

/// Findings to be added.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddMembers {
    /// At most 200; members already stay so.
    #[garde(length(min = 1, max = 200))]
    #[schema(min_items = 1, max_items = 200)]
    finding_ids: Vec<FindingId>,
}

pub async fn add_members(
    caller: Allowed<may::WriteGroups>,
    ApiPath(id): ApiPath<GroupId>,
    ApiJson(body): ApiJson<AddMembers>,
) -> Answer<Found<GroupDetail>> {
    let (holder, now) = (caller.holder(), caller.now);
    let added = caller.write(move |tx| {
        groups::add(tx, &holder, id, &body.finding_ids)?;
        groups::find(tx.conn(), &holder.scope, id, now)
    });
    Ok(Found(added.await?))
}

pub async fn remove_member(
    caller: Allowed<may::WriteGroups>,
    ApiPath2(id, finding): ApiPath2<GroupId, FindingId>,
) -> Answer<Done> {
    let holder = caller.holder();
    caller.write(move |tx| groups::remove(tx, &holder, id, finding)).await?;
    Ok(Done)
}
