//! Subscriptions and their secrets.

use crate::db::schema::{delivery, webhook, webhook_secret};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::ids::{AreaId, UserId, WebhookId, WebhookSecretId};
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = webhook, check_for_backend(MultiBackend), treat_none_as_null = true)]
pub struct WebhookRow {
    pub id: WebhookId,
    pub url: String,
    pub description: String,
    /// JSON list of event codes.
    pub events: String,
    pub street_id: Option<AreaId>,
    pub disabled_at: Option<Ts>,
    pub disabled_why: Option<String>,
    pub created_by: UserId,
    pub created_at: Ts,
    pub revision: i32,
}

pub fn insert_webhook(conn: &mut AnyConn, row: &WebhookRow) -> Outcome<()> {
    diesel::insert_into(webhook::table).values(row).execute(conn)?;
    Ok(())
}

pub fn save_webhook(conn: &mut AnyConn, row: &WebhookRow) -> Outcome<()> {
    diesel::update(webhook::table.find(row.id)).set(row).execute(conn)?;
    Ok(())
}

pub fn webhook(conn: &mut AnyConn, id: WebhookId) -> Outcome<Option<WebhookRow>> {
    Ok(webhook::table.find(id).select(WebhookRow::as_select()).first(conn).optional()?)
}

/// Subscriptions in the order of their ids.
pub fn webhooks_after(conn: &mut AnyConn, after: Option<WebhookId>, limit: i64) -> Outcome<Vec<WebhookRow>> {
    let mut query = webhook::table.select(WebhookRow::as_select()).into_boxed::<MultiBackend>();
    if let Some(after) = after {
        query = query.filter(webhook::id.gt(after));
    }
    Ok(query.order(webhook::id).limit(limit).load(conn)?)
}

/// Subscriptions that are heard.
pub fn webhooks_enabled(conn: &mut AnyConn) -> Outcome<Vec<WebhookRow>> {
    let enabled = webhook::table.filter(webhook::disabled_at.is_null());
    Ok(enabled.order(webhook::id).select(WebhookRow::as_select()).load(conn)?)
}

/// Deletes a subscription with its secrets and messages.
pub fn delete_webhook(conn: &mut AnyConn, id: WebhookId) -> Outcome<()> {
    diesel::delete(delivery::table.filter(delivery::webhook_id.eq(id))).execute(conn)?;
    diesel::delete(webhook_secret::table.filter(webhook_secret::webhook_id.eq(id))).execute(conn)?;
    diesel::delete(webhook::table.find(id)).execute(conn)?;
    Ok(())
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_secret, check_for_backend(MultiBackend))]
pub struct SecretRow {
    pub id: WebhookSecretId,
    pub webhook_id: WebhookId,
    pub kid: String,
    pub created_at: Ts,
    pub expires_at: Option<Ts>,
}

pub fn insert_secret(conn: &mut AnyConn, row: &SecretRow) -> Outcome<()> {
    diesel::insert_into(webhook_secret::table).values(row).execute(conn)?;
    Ok(())
}

/// The secrets of a subscription that are valid at `at`, the newest first.
pub fn secrets_of(conn: &mut AnyConn, id: WebhookId, at: Ts) -> Outcome<Vec<SecretRow>> {
    Ok(webhook_secret::table
        .filter(webhook_secret::webhook_id.eq(id))
        .filter(webhook_secret::expires_at.is_null().or(webhook_secret::expires_at.gt(at)))
        .order((webhook_secret::created_at.desc(), webhook_secret::id.desc()))
        .select(SecretRow::as_select())
        .load(conn)?)
}

/// Lets the secrets that are valid without an end expire.
pub fn expire_secrets(conn: &mut AnyConn, id: WebhookId, at: Ts) -> Outcome<()> {
    let endless = webhook_secret::table
        .filter(webhook_secret::webhook_id.eq(id))
        .filter(webhook_secret::expires_at.is_null().or(webhook_secret::expires_at.gt(at)));
    diesel::update(endless).set(webhook_secret::expires_at.eq(Some(at))).execute(conn)?;
    Ok(())
}
