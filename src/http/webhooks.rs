//! Subscriptions of other systems, and what is on its way to them or to people's mailboxes.

use super::access::PageQuery;
use super::answer::{Done, Found, Made, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiQuery, IfMatch};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::db::page::{Page, PageAsk};
use crate::ids::{AreaId, DeliveryId, WebhookId};
use crate::notices::webhooks::{self, NewWebhook, WebhookPatch, WebhookView};
use crate::notices::{Channel, DeliveryFilter, DeliveryState, DeliveryView, Event, deliveries, replay};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

impl Tagged for WebhookView {
    fn revision(&self) -> Option<i32> {
        Some(self.revision)
    }
}
impl Tagged for DeliveryView {}

pub async fn list(
    caller: Allowed<may::ReadWebhooks>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Answer<Found<Page<WebhookView>>> {
    let ask = query.ask();
    Ok(Found(caller.read(move |conn| webhooks::list(conn, &ask)).await?))
}

pub async fn find(
    caller: Allowed<may::ReadWebhooks>,
    ApiPath(id): ApiPath<WebhookId>,
) -> Answer<Found<WebhookView>> {
    Ok(Found(caller.read(move |conn| webhooks::find(conn, id)).await?))
}

/// A subscription to be made.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWebhook {
    /// Where messages go: `https://`, port 443 unless it lies in a network that the settings allow.
    #[garde(length(chars, min = 9, max = 500))]
    url: String,
    /// What it is for.
    #[garde(length(chars, min = 1, max = 200))]
    description: String,
    /// Which events.
    #[garde(length(min = 1, max = 100))]
    events: Vec<Event>,
    /// Only of this street.
    #[garde(skip)]
    street_id: Option<AreaId>,
}

/// A subscription with its newest secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookWithSecret {
    /// The subscription.
    webhook: WebhookView,
    /// The secret, `whsec_…`.
    secret: String,
}
impl Tagged for WebhookWithSecret {}

pub async fn create(
    caller: Allowed<may::ManageWebhooks>,
    ApiJson(body): ApiJson<CreateWebhook>,
) -> Answer<Made<WebhookWithSecret>> {
    let app = caller.app().clone();
    let CreateWebhook { url, description, events, street_id } = body;
    let new = NewWebhook { url, description, events, street_id };
    let made = caller
        .write(move |tx| webhooks::create(tx, &app.keys[0], &app.config.notices.webhooks, &new))
        .await?;
    Ok(Made::New(WebhookWithSecret { webhook: made.0, secret: made.1 }))
}

/// What may be changed of a subscription.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateWebhook {
    /// Where messages go.
    #[garde(length(chars, min = 9, max = 500))]
    url: Option<String>,
    /// What it is for.
    #[garde(length(chars, min = 1, max = 200))]
    description: Option<String>,
    /// Which events.
    #[garde(length(min = 1, max = 100))]
    events: Option<Vec<Event>>,
    /// Switch on or off; what waits when it is switched off is given up.
    #[garde(skip)]
    enabled: Option<bool>,
}

pub async fn update(
    caller: Allowed<may::ManageWebhooks>,
    ApiPath(id): ApiPath<WebhookId>,
    IfMatch(revision): IfMatch,
    ApiJson(body): ApiJson<UpdateWebhook>,
) -> Answer<Found<WebhookView>> {
    let app = caller.app().clone();
    let UpdateWebhook { url, description, events, enabled } = body;
    let patch = WebhookPatch { url, description, events, enabled };
    let changed =
        caller.write(move |tx| webhooks::update(tx, &app.config.notices.webhooks, id, revision, &patch));
    Ok(Found(changed.await?))
}

pub async fn delete(caller: Allowed<may::ManageWebhooks>, ApiPath(id): ApiPath<WebhookId>) -> Answer<Done> {
    caller.write(move |tx| webhooks::delete(tx, id)).await?;
    Ok(Done)
}

/// How a secret is changed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateSecret {
    /// Hours for which the old secrets stay valid; 24 unless given, 0 where one has leaked.
    #[serde(default = "a_day")]
    #[garde(range(max = 168))]
    overlap_hours: u16,
}

fn a_day() -> u16 {
    24
}

pub async fn rotate(
    caller: Allowed<may::ManageWebhooks>,
    ApiPath(id): ApiPath<WebhookId>,
    ApiJson(body): ApiJson<RotateSecret>,
) -> Answer<Made<WebhookWithSecret>> {
    let app = caller.app().clone();
    let rotated = caller.write(move |tx| webhooks::rotate(tx, &app.keys[0], id, body.overlap_hours)).await?;
    Ok(Made::New(WebhookWithSecret { webhook: rotated.0, secret: rotated.1 }))
}

/// A message on its way.
#[derive(Debug, Serialize, ToSchema)]
pub struct SentTest {
    /// Its id.
    delivery_id: DeliveryId,
}
impl Tagged for SentTest {}

pub async fn test(
    caller: Allowed<may::ManageWebhooks>,
    ApiPath(id): ApiPath<WebhookId>,
) -> Answer<Made<SentTest>> {
    let delivery_id = caller.write(move |tx| webhooks::test(tx, id)).await?;
    Ok(Made::New(SentTest { delivery_id }))
}

/// Which messages.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DeliveryQuery {
    /// Only in this state.
    #[garde(skip)]
    #[param(inline)]
    state: Option<DeliveryState>,
    /// Only of this subscription.
    #[garde(skip)]
    webhook_id: Option<WebhookId>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

async fn messages(
    caller: Allowed<may::ReadWebhooks>,
    query: DeliveryQuery,
    channel: Channel,
) -> Answer<Found<Page<DeliveryView>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let filter = DeliveryFilter { channel, state: query.state, webhook_id: query.webhook_id };
    Ok(Found(caller.read(move |conn| deliveries(conn, &filter, &ask)).await?))
}

pub async fn list_deliveries(
    caller: Allowed<may::ReadWebhooks>,
    ApiQuery(query): ApiQuery<DeliveryQuery>,
) -> Answer<Found<Page<DeliveryView>>> {
    messages(caller, query, Channel::Webhook).await
}

pub async fn list_mail(
    caller: Allowed<may::ReadWebhooks>,
    ApiQuery(query): ApiQuery<DeliveryQuery>,
) -> Answer<Found<Page<DeliveryView>>> {
    messages(caller, query, Channel::Mail).await
}

pub async fn replay_delivery(
    caller: Allowed<may::ManageWebhooks>,
    ApiPath(id): ApiPath<DeliveryId>,
) -> Answer<Found<DeliveryView>> {
    Ok(Found(caller.write(move |tx| replay(tx, Channel::Webhook, id)).await?))
}

pub async fn replay_mail(
    caller: Allowed<may::ManageWebhooks>,
    ApiPath(id): ApiPath<DeliveryId>,
) -> Answer<Found<DeliveryView>> {
    Ok(Found(caller.write(move |tx| replay(tx, Channel::Mail, id)).await?))
}
