//! Webhooks as the Standard Webhooks specification has them (www.standardwebhooks.com): subscriptions with an event filter
//! and, where wanted, one street. A secret is derived from a signing key and the secret's id, so it is shown once and
//! kept nowhere; at a change the old one stays valid for a time, and messages carry a signature of each.

use super::addresses;
use super::news::{Event, News};
use super::settings::WebhookSettings;
use super::store::{self, DeliveryRow, SecretRow, WebhookRow};
use super::telling::Notice;
use super::texts::{self, Text};
use crate::access::keys::SigningKey;
use crate::clock::machine_now;
use crate::db::page::{Page, PageAsk, page};
use crate::db::types::Coded as _;
use crate::db::{AnyConn, Tx};
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, DeliveryId, TypedId as _, UserId, WebhookId, WebhookSecretId};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use std::collections::BTreeSet;

/// A secret of a subscription; what it says is shown only once.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct SecretView {
    /// Its id.
    pub id: WebhookSecretId,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when; empty for the present one.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A subscription of another system.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct WebhookView {
    /// Its id.
    pub id: WebhookId,
    /// Where messages go.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// Which events.
    pub events: Vec<Event>,
    /// Only of this street.
    pub street_id: Option<AreaId>,
    /// Whether messages are sent.
    pub enabled: bool,
    /// Why not, where it was switched off.
    pub disabled_why: Option<String>,
    /// Since when not.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// The secrets that are valid.
    pub secrets: Vec<SecretView>,
    /// Raised at every change.
    pub revision: i32,
}

/// A subscription to be made.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Where messages go.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// Which events.
    pub events: Vec<Event>,
    /// Only of this street.
    pub street_id: Option<AreaId>,
}

/// What is to be changed of one.
#[derive(Debug, Clone, Default)]
pub struct WebhookPatch {
    /// Where messages go.
    pub url: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Which events.
    pub events: Option<Vec<Event>>,
    /// Switch on or off.
    pub enabled: Option<bool>,
}

/// Subscriptions at the most: each is asked at every notice.
const MAX_WEBHOOKS: usize = 50;

/// An address for the trail: its query may hold a secret.
fn told(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}

fn checked_url(text: &str, settings: &WebhookSettings) -> Outcome<String> {
    let url = addresses::parse(text, settings);
    Ok(url.map_err(|why| Fault::invalid("/url", "bad_webhook_url", why))?.into())
}

fn codes(events: &[Event]) -> Outcome<String> {
    if events.is_empty() {
        return Err(Fault::invalid("/events", "out_of_range", "至少订阅一种事件"));
    }
    let codes: BTreeSet<&str> = events.iter().map(|e| e.code()).collect();
    Ok(json!(codes).to_string())
}

/// The events of a stored filter; one that is no more is left out.
fn events(codes: &str) -> Vec<Event> {
    let codes: Vec<String> = serde_json::from_str(codes).unwrap_or_default();
    codes.iter().filter_map(|code| Event::from_code(code)).collect()
}

/// What a secret says.
fn secret(key: &SigningKey, id: WebhookSecretId) -> Vec<u8> {
    key.webhook_secret(id.uuid().as_bytes())
}

fn shown(key: &SigningKey, id: WebhookSecretId) -> String {
    format!("whsec_{}", STANDARD.encode(secret(key, id)))
}

/// The signatures of a message, by every valid secret whose key is at hand: `v1,… v1,…`.
pub(super) fn signatures(
    keys: &[SigningKey],
    secrets: &[SecretRow],
    id: &str,
    timestamp: i64,
    body: &str,
) -> String {
    let message = format!("{id}.{timestamp}.{body}");
    let sign = |row: &SecretRow| {
        let key = keys.iter().find(|key| key.kid == row.kid)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret(key, row.id));
        Some(format!("v1,{}", STANDARD.encode(hmac::sign(&key, message.as_bytes()).as_ref())))
    };
    secrets.iter().filter_map(sign).collect::<Vec<_>>().join(" ")
}

fn view(conn: &mut AnyConn, row: WebhookRow) -> Outcome<WebhookView> {
    let secrets = store::secrets_of(conn, row.id, machine_now().into())?;
    let secret = |s: SecretRow| SecretView {
        id: s.id,
        created_at: s.created_at.0,
        expires_at: s.expires_at.map(|t| t.0),
    };
    Ok(WebhookView {
        id: row.id,
        url: row.url,
        description: row.description,
        events: events(&row.events),
        street_id: row.street_id,
        enabled: row.disabled_at.is_none(),
        disabled_why: row.disabled_why,
        disabled_at: row.disabled_at.map(|t| t.0),
        created_by: row.created_by,
        created_at: row.created_at.0,
        secrets: secrets.into_iter().map(secret).collect(),
        revision: row.revision,
    })
}

/// Subscriptions in the order in which they were made.
///
/// # Errors
/// A bad page.
pub fn list(conn: &mut AnyConn, ask: &PageAsk) -> Outcome<Page<WebhookView>> {
    let limit = ask.limit()?;
    let rows = store::webhooks_after(conn, ask.after()?, limit + 1)?;
    let Page { items, next_cursor } = page(rows, limit, |r: &WebhookRow| r.id, |r| r);
    let items = items.into_iter().map(|row| view(conn, row)).collect::<Outcome<_>>()?;
    Ok(Page { items, next_cursor })
}

/// One subscription.
///
/// # Errors
/// Missing.
pub fn find(conn: &mut AnyConn, id: WebhookId) -> Outcome<WebhookView> {
    let row = held(conn, id)?;
    view(conn, row)
}

fn held(conn: &mut AnyConn, id: WebhookId) -> Outcome<WebhookRow> {
    store::webhook(conn, id)?.ok_or_else(|| Fault::missing("订阅"))
}

/// Makes a subscription; gives it with its secret, which is shown this once.
///
/// # Errors
/// `bad_webhook_url`, `unknown_street`, `too_many_webhooks`.
pub fn create(
    tx: &mut Tx<'_>,
    key: &SigningKey,
    settings: &WebhookSettings,
    new: &NewWebhook,
) -> Outcome<(WebhookView, String)> {
    let url = checked_url(&new.url, settings)?;
    if let Some(street) = new.street_id
        && !crate::access::is_street(tx.conn(), street)?
    {
        return Err(Fault::invalid("/street_id", "unknown_street", "没有这个街道"));
    }
    if store::webhooks_after(tx.conn(), None, 100)?.len() >= MAX_WEBHOOKS {
        return Err(Fault::refused(
            "too_many_webhooks",
            format!("订阅已达 {MAX_WEBHOOKS} 个，请先删除不用的"),
        ));
    }
    let row = WebhookRow {
        id: tx.new_id(),
        url,
        description: new.description.clone(),
        events: codes(&new.events)?,
        street_id: new.street_id,
        disabled_at: None,
        disabled_why: None,
        created_by: tx.user()?,
        created_at: tx.ts(),
        revision: 1,
    };
    store::insert_webhook(tx.conn(), &row)?;
    let shown = add_secret(tx, key, row.id)?;
    tx.audit(
        "webhook",
        row.id,
        json!({"url": told(&row.url), "events": new.events, "street_id": row.street_id}),
    );
    Ok((view(tx.conn(), row)?, shown))
}

fn add_secret(tx: &mut Tx<'_>, key: &SigningKey, webhook_id: WebhookId) -> Outcome<String> {
    let now = machine_now();
    let id = WebhookSecretId::from_uuid(crate::ids::new_uuid(now));
    let row = SecretRow { id, webhook_id, kid: key.kid.clone(), created_at: now.into(), expires_at: None };
    store::insert_secret(tx.conn(), &row)?;
    Ok(shown(key, id))
}

/// Changes a subscription. Switched on again it is told what happens from then on.
///
/// # Errors
/// Missing, another revision, `bad_webhook_url`.
pub fn update(
    tx: &mut Tx<'_>,
    settings: &WebhookSettings,
    id: WebhookId,
    revision: i32,
    patch: &WebhookPatch,
) -> Outcome<WebhookView> {
    let mut row = held(tx.conn(), id)?;
    if row.revision != revision {
        return Err(Fault::Precondition { given: true });
    }
    if let Some(url) = &patch.url {
        row.url = checked_url(url, settings)?;
    }
    if let Some(description) = &patch.description {
        row.description.clone_from(description);
    }
    if let Some(events) = &patch.events {
        row.events = codes(events)?;
    }
    row.revision += 1;
    match patch.enabled {
        Some(true) => (row.disabled_at, row.disabled_why) = (None, None),
        Some(false) if row.disabled_at.is_none() => disable(tx, &mut row, "管理员停用")?,
        _ => {}
    }
    store::save_webhook(tx.conn(), &row)?;
    tx.audit(
        "webhook",
        id,
        json!({"url": told(&row.url), "events": row.events, "enabled": row.disabled_at.is_none()}),
    );
    view(tx.conn(), row)
}

/// Switches a subscription off, in the row only, and gives up what waits for it.
pub(super) fn disable(tx: &mut Tx<'_>, row: &mut WebhookRow, why: &str) -> Outcome<()> {
    (row.disabled_at, row.disabled_why) = (Some(tx.ts()), Some(why.into()));
    store::bury_waiting(tx.conn(), row.id, why, machine_now().into())?;
    Ok(())
}

/// Deletes a subscription with everything that waits for it.
///
/// # Errors
/// Missing.
pub fn delete(tx: &mut Tx<'_>, id: WebhookId) -> Outcome<()> {
    let row = held(tx.conn(), id)?;
    store::delete_webhook(tx.conn(), id)?;
    tx.audit("webhook", id, json!({"url": told(&row.url), "deleted": true}));
    Ok(())
}

/// Gives a subscription a new secret; those before it stay valid for some hours, 0 for none.
///
/// # Errors
/// Missing.
pub fn rotate(
    tx: &mut Tx<'_>,
    key: &SigningKey,
    id: WebhookId,
    overlap_hours: u16,
) -> Outcome<(WebhookView, String)> {
    let row = held(tx.conn(), id)?;
    let until = machine_now() + TimeDelta::hours(overlap_hours.into());
    store::expire_secrets(tx.conn(), id, until.into())?;
    let shown = add_secret(tx, key, id)?;
    tx.audit("webhook", id, json!({"secret": "rotated", "old_valid_until": until.to_rfc3339()}));
    Ok((view(tx.conn(), row)?, shown))
}

/// Puts a message on its way to every subscription that asks for the event in this street.
pub(super) fn offer(
    tx: &mut Tx<'_>,
    notice: &Notice<'_>,
    dedupe: Option<String>,
    text: &Text,
) -> Outcome<()> {
    let event = notice.news.event();
    let asks = |hook: &WebhookRow| {
        (hook.street_id.is_none() || hook.street_id == notice.street_id)
            && events(&hook.events).contains(&event)
    };
    for hook in store::webhooks_enabled(tx.conn())?.into_iter().filter(asks) {
        if let Some(key) = &dedupe
            && store::is_offered(tx.conn(), hook.id, key)?
        {
            continue;
        }
        send(tx, &hook, notice, dedupe.clone(), text)?;
    }
    Ok(())
}

fn send(
    tx: &mut Tx<'_>,
    hook: &WebhookRow,
    notice: &Notice<'_>,
    dedupe: Option<String>,
    text: &Text,
) -> Outcome<DeliveryId> {
    let event = notice.news.event();
    let body = json!({
        "type": event,
        "timestamp": tx.now().to_rfc3339(),
        "data": {
            "about": {"kind": notice.subject.0, "id": notice.subject.1},
            "street_id": notice.street_id,
            "facility_id": notice.facility_id,
            "title": text.title,
            "text": text.body,
            "facts": notice.news.data(),
        },
    });
    let row = DeliveryRow::webhook(tx.new_id(), hook.id, event, (dedupe, body.to_string()), machine_now());
    store::insert_delivery(tx.conn(), &row)?;
    Ok(row.id)
}

/// Sends a message that says nothing, so that whoever sets up the other side can try; gives its id.
///
/// # Errors
/// Missing; `webhook_disabled`.
pub fn test(tx: &mut Tx<'_>, id: WebhookId) -> Outcome<DeliveryId> {
    let row = held(tx.conn(), id)?;
    if row.disabled_at.is_some() {
        return Err(Fault::refused("webhook_disabled", "订阅已停用，请先启用"));
    }
    let notice = Notice {
        news: News::TestMessage { by: tx.actor_label() },
        to: &[],
        subject: ("webhook", id.uuid()),
        street_id: row.street_id,
        facility_id: None,
        category: None,
        key: None,
    };
    let text = texts::text(&notice.news)?;
    let message = send(tx, &row, &notice, None, &text)?;
    tx.audit("webhook", id, json!({"test": message}));
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::new_uuid;

    /// The example of the specification, so that others' libraries verify what we sign.
    #[test]
    fn signatures_are_those_of_the_specification() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let message = r#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
        let signed = STANDARD.encode(hmac::sign(&key, message.as_bytes()).as_ref());
        assert_eq!(signed, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn every_valid_secret_signs_and_one_whose_key_is_gone_does_not() {
        let keys = [SigningKey::ephemeral().unwrap(), SigningKey::ephemeral().unwrap()];
        let row = |kid: &str| SecretRow {
            id: WebhookSecretId::from_uuid(new_uuid(machine_now())),
            webhook_id: WebhookId::from_uuid(new_uuid(machine_now())),
            kid: kid.into(),
            created_at: machine_now().into(),
            expires_at: None,
        };
        let rows = [row(&keys[0].kid), row(&keys[1].kid), row("gone")];
        let signed = signatures(&keys, &rows, "msg_1", 1, "{}");
        let each: Vec<&str> = signed.split(' ').collect();
        assert!(each.len() == 2 && each[0] != each[1] && each.iter().all(|s| s.starts_with("v1,")));
        let told = STANDARD.decode(shown(&keys[0], rows[0].id).trim_start_matches("whsec_")).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &told);
        let mine = STANDARD.decode(&each[0][3..]).unwrap();
        assert!(hmac::verify(&key, b"msg_1.1.{}", &mine).is_ok());
    }
}
