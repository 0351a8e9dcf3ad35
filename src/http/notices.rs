//! One's own notices, and where they are mailed.

use super::answer::{Done, Found, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiQuery};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::db::page::{Page, PageAsk};
use crate::ids::NoticeId;
use crate::notices::{self, AddressView, NoticeView, UnreadView};
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

impl Tagged for NoticeView {}
impl Tagged for UnreadView {}
impl Tagged for AddressView {}

/// Which notices.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct NoticeQuery {
    /// Only unread ones, or only read ones.
    #[garde(skip)]
    unread: Option<bool>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list(
    caller: Allowed<may::ReadNotices>,
    ApiQuery(query): ApiQuery<NoticeQuery>,
) -> Answer<Found<Page<NoticeView>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let user = caller.user_id;
    Ok(Found(caller.read(move |conn| notices::list(conn, user, query.unread, &ask)).await?))
}

pub async fn unread(caller: Allowed<may::ReadNotices>) -> Answer<Found<UnreadView>> {
    let user = caller.user_id;
    Ok(Found(caller.read(move |conn| notices::unread(conn, user)).await?))
}

pub async fn read(
    caller: Allowed<may::ReadNotices>,
    ApiPath(id): ApiPath<NoticeId>,
) -> Answer<Found<NoticeView>> {
    let user = caller.user_id;
    Ok(Found(caller.write(move |tx| notices::read(tx, user, id)).await?))
}

/// Which notices were seen.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadAll {
    /// The newest that was seen; all unless given.
    #[garde(skip)]
    up_to: Option<NoticeId>,
}

pub async fn read_all(
    caller: Allowed<may::ReadNotices>,
    ApiJson(body): ApiJson<ReadAll>,
) -> Answer<Found<UnreadView>> {
    let user = caller.user_id;
    Ok(Found(caller.write(move |tx| notices::read_all(tx, user, body.up_to)).await?))
}

pub async fn address(caller: Allowed<may::ReadNotices>) -> Answer<Found<AddressView>> {
    let user = caller.user_id;
    Ok(Found(caller.read(move |conn| notices::address(conn, user)).await?))
}

/// Where one's notices are mailed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailAddress {
    /// The address.
    #[garde(length(chars, min = 3, max = 254))]
    address: String,
    /// Whether mail is to be sent.
    #[garde(skip)]
    enabled: bool,
}

pub async fn set_address(
    caller: Allowed<may::ReadNotices>,
    ApiJson(body): ApiJson<MailAddress>,
) -> Answer<Found<AddressView>> {
    let (user, app) = (caller.user_id, caller.app().clone());
    let set = caller.write(move |tx| {
        let mail = app.config.notices.mail.as_ref();
        notices::set_address(tx, mail, user, (&body.address, body.enabled))
    });
    Ok(Found(set.await?))
}

pub async fn test_address(caller: Allowed<may::ReadNotices>) -> Answer<Done> {
    let user = caller.user_id;
    caller.write(move |tx| notices::test_address(tx, user)).await?;
    Ok(Done)
}

pub async fn forget_address(caller: Allowed<may::ReadNotices>) -> Answer<Done> {
    let user = caller.user_id;
    caller.write(move |tx| notices::forget_address(tx, user)).await?;
    Ok(Done)
}
