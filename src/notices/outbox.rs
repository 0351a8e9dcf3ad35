//! What is to leave the house: claimed with a lease and a fencing number by whichever node comes first, sent outside any
//! transaction, and settled. A message may therefore arrive twice, never under another id, and in no promised order. One
//! that fails is tried again with growing pauses (`rules::pause_after`); one that is given up stays to be looked at and sent
//! again by hand. Machine time throughout.

use super::mail::{Attachment, Mail, Mailer};
use super::news::Event;
use super::post::{Names, Parcel, Post};
use super::rules::{may_attach, pause_after};
use super::store::{self, Channel, DeliveryFilter, DeliveryRow, DeliveryState};
use super::webhooks::{disable, signatures};
use crate::access::disabling;
use crate::app::App;
use crate::clock::machine_now;
use crate::db::page::{Page, PageAsk, page};
use crate::db::{AnyConn, Stamp, Ts, Tx};
use crate::fault::{Fault, Outcome};
use crate::ids::{DeliveryId, NoticeId, WebhookId};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use serde_json::json;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use tokio::task::spawn_blocking;

/// Receivers that are sent to at a time, and messages to one of them: a slow one must not hold up the others.
const RECEIVERS: i64 = 16;
const OF_ONE: i64 = 4;

/// A sender that has not come back after so long has died; its way of sending gives up much earlier. Mail has a dialogue of
/// many steps, each with its own patience.
fn lease(channel: Channel) -> TimeDelta {
    match channel {
        Channel::Webhook => TimeDelta::minutes(2),
        Channel::Mail => TimeDelta::minutes(15),
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sent {
    /// The other side has it; with its status where it has one.
    Taken(Option<u16>),
    /// It may work later.
    Failed(Option<u16>, String),
    /// It will never work.
    Never(Option<u16>, String),
    /// The other side wants nothing any more (410).
    Gone,
}

/// Sends what is due. One to each node; it holds the connections' settings.
pub struct Courier {
    app: Arc<App>,
    runtime: Runtime,
    post: Post,
    mailer: Option<Mailer>,
}

/// What a message needs to be sent, read beforehand.
enum Ready {
    Webhook(Parcel),
    Mail(Mail, Option<Attachment>),
    Not(String),
}

impl Courier {
    /// A courier that asks the system for the addresses of names.
    ///
    /// # Errors
    /// A certificate file that cannot be read.
    pub fn open(app: &Arc<App>) -> Outcome<Self> {
        Self::with_names(app, super::post::system_names())
    }

    /// A courier with another way to find addresses.
    ///
    /// # Errors
    /// As [`Courier::open`].
    pub fn with_names(app: &Arc<App>, names: Names) -> Outcome<Self> {
        let settings = &app.config.notices;
        let ca = settings.ca.as_deref().map(std::fs::read).transpose().map_err(Fault::internal)?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(Fault::internal)?;
        let post = Post::new(settings.webhooks.clone(), ca.as_deref(), names)?;
        let mailer = settings.mail.as_ref().map(|mail| Mailer::new(mail, ca.as_deref())).transpose()?;
        Ok(Self { app: app.clone(), runtime, post, mailer })
    }

    /// Sends what is due now by one way; returns how many messages were tried.
    ///
    /// # Errors
    /// The database's; that a message cannot be sent is none.
    pub fn round(&self, channel: Channel) -> Outcome<usize> {
        let claims = claim(&self.app, channel)?;
        let sent = self.runtime.block_on(join_all(claims.iter().map(|row| self.attempt(row))));
        // What was sent is said of every message, also where it cannot be said of another.
        let settled: Vec<Outcome<()>> =
            claims.iter().zip(sent).map(|(row, (sent, with))| settle(&self.app, row, sent, with)).collect();
        settled.into_iter().collect::<Outcome<()>>()?;
        Ok(claims.len())
    }

    /// What became of it, and the file that went with it or would have.
    async fn attempt(&self, row: &DeliveryRow) -> (Sent, Option<Attachment>) {
        let (app, message) = (self.app.clone(), row.clone());
        match self.app.db.read(move |conn| ready(conn, &app, &message)).await {
            Ok(Ready::Webhook(parcel)) => (self.post.send(&parcel).await, None),
            Ok(Ready::Mail(mail, attachment)) => {
                (self.mail(row.id, mail, attachment.clone()).await, attachment)
            }
            Ok(Ready::Not(why)) => (Sent::Never(None, why), None),
            Err(fault) => (Sent::Failed(None, fault.to_string()), None),
        }
    }

    async fn mail(&self, id: DeliveryId, mail: Mail, attachment: Option<Attachment>) -> Sent {
        let Some(mailer) = &self.mailer else { return Sent::Never(None, "未启用邮件".into()) };
        let Some(Attachment { name, sha256 }) = attachment else { return mailer.send(id, mail).await };
        let app = self.app.clone();
        match spawn_blocking(move || app.files.get(&sha256)).await {
            Ok(Ok(bytes)) => mailer.send(id, Mail { attached: Some((name, bytes)), ..mail }).await,
            Ok(Err(fault)) => Sent::Failed(None, format!("附件读取失败：{fault}")),
            Err(panicked) => Sent::Failed(None, panicked.to_string()),
        }
    }
}

/// The name of a message, the same whenever it is sent.
fn message_id(id: DeliveryId) -> String {
    format!("msg_{}", id.0.simple())
}

fn ready(conn: &mut AnyConn, app: &App, row: &DeliveryRow) -> Outcome<Ready> {
    if let Some(id) = row.webhook_id {
        let hook = store::webhook(conn, id)?.filter(|hook| hook.disabled_at.is_none());
        let Some(hook) = hook else { return Ok(Ready::Not("订阅已停用".into())) };
        let now = machine_now();
        let secrets = store::secrets_of(conn, id, now.into())?;
        let (name, timestamp) = (message_id(row.id), now.timestamp());
        let signatures = signatures(&app.keys, &secrets, &name, timestamp, &row.body);
        if signatures.is_empty() {
            return Ok(Ready::Not("签名密钥已更换，请为订阅更换密钥".into()));
        }
        let parcel = Parcel { url: hook.url, id: name, timestamp, signatures, body: row.body.clone() };
        return Ok(Ready::Webhook(parcel));
    }
    let notice = row.notice_id.map(|id| store::notice(conn, id)).transpose()?.flatten();
    let Some(notice) = notice else { return Ok(Ready::Not("通知已不存在".into())) };
    if disabling::is_active(conn, notice.user_id)? != Some(true) {
        return Ok(Ready::Not("收件人账号已停用".into()));
    }
    let address = store::address_of(conn, notice.user_id)?.filter(|address| address.enabled);
    Ok(match address {
        Some(address) => {
            let may = app.config.notices.mail.as_ref().is_some_and(|mail| may_attach(mail, &address.address));
            let attachment = row.attachment().filter(|_| may);
            let (to, title, body) = (address.address, notice.title, notice.body);
            Ready::Mail(Mail { to, title, body, attached: None }, attachment)
        }
        None => Ready::Not("收件人已关闭邮件通知".into()),
    })
}

/// Takes due messages for this node.
fn claim(app: &App, channel: Channel) -> Outcome<Vec<DeliveryRow>> {
    let now = machine_now();
    if app.db.read_now(move |conn| store::receivers_due(conn, channel, now.into(), 1))?.is_empty() {
        return Ok(vec![]);
    }
    app.db.write_now(Stamp::system("outbox", app.clock.now()), "delivery.claim", move |tx| {
        tx.housekeeping();
        let mut mine = vec![];
        for receiver in store::receivers_due(tx.conn(), channel, now.into(), RECEIVERS)? {
            mine.extend(store::due_deliveries(tx.conn(), channel, receiver, now.into(), OF_ONE)?);
        }
        for row in &mut mine {
            row.attempts += 1;
            row.fence += 1;
            store::lease_delivery(tx.conn(), row, (now + lease(channel)).into())?;
        }
        Ok(mine)
    })
}

/// Where a message stands after an attempt.
struct Settled {
    state: DeliveryState,
    run_at: DateTime<Utc>,
    status: Option<u16>,
    error: Option<String>,
}

fn settled(attempts: i32, sent: &Sent, now: DateTime<Utc>) -> Settled {
    let dead = |status, error: &str| Settled {
        state: DeliveryState::Dead,
        run_at: now,
        status,
        error: Some(error.into()),
    };
    match sent {
        Sent::Taken(status) => {
            Settled { state: DeliveryState::Delivered, run_at: now, status: *status, error: None }
        }
        Sent::Failed(status, why) => match pause_after(attempts, fastrand::f64()) {
            Some(pause) => Settled {
                state: DeliveryState::Ready,
                run_at: now + pause,
                status: *status,
                error: Some(why.clone()),
            },
            None => dead(*status, why),
        },
        Sent::Never(status, why) => dead(*status, why),
        Sent::Gone => dead(Some(410), GONE),
    }
}

/// Why a webhook was switched off by its other side.
const GONE: &str = "对方答复 410，不再接收";

fn settle(app: &App, row: &DeliveryRow, sent: Sent, with: Option<Attachment>) -> Outcome<()> {
    let (row, now) = (row.clone(), machine_now());
    let after = settled(row.attempts, &sent, now);
    if let Some(why) = &after.error {
        // The other side's words may hold an address; they stand in the row only.
        let status = after.status;
        tracing::warn!(message = %row.id, attempt = row.attempts, ?status, told = !why.is_empty(), "delivery failed");
    }
    app.db.write_now(Stamp::system("outbox", app.clock.now()), "delivery.settle", move |tx| {
        let status = after.status.map(i32::from);
        let error = after.error.as_deref();
        let mine =
            store::settle_delivery(tx.conn(), &row, (after.state, after.run_at.into()), status, error)?;
        if mine > 0 && sent == Sent::Gone {
            switch_off(tx, row.webhook_id)?;
        }
        let mut said =
            json!({"event": row.event, "state": after.state, "attempt": row.attempts, "status": status});
        if let Some(Attachment { name, sha256 }) = &with {
            said["attached"] = json!({ "name": name, "sha256": sha256 });
        }
        tx.audit("delivery", row.id, said);
        Ok(())
    })
}

fn switch_off(tx: &mut Tx<'_>, id: Option<WebhookId>) -> Outcome<()> {
    let hook = id.map(|id| store::webhook(tx.conn(), id)).transpose()?.flatten();
    if let Some(mut hook) = hook.filter(|hook| hook.disabled_at.is_none()) {
        disable(tx, &mut hook, GONE)?;
        hook.revision += 1;
        store::save_webhook(tx.conn(), &hook)?;
        tx.audit("webhook", hook.id, json!({ "disabled": GONE }));
    }
    Ok(())
}

/// A message on its way out.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct DeliveryView {
    /// Its id.
    pub id: DeliveryId,
    /// What the other side sees as its id (`webhook-id`; of a mail, before the `@` of its Message-ID).
    pub message_id: String,
    /// The subscription.
    pub webhook_id: Option<WebhookId>,
    /// The notice that is mailed.
    pub notice_id: Option<NoticeId>,
    /// What happened.
    pub event: Event,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i32,
    /// When it is tried next, while it is `ready`.
    pub next_at: Option<DateTime<Utc>>,
    /// The status of the last answer.
    pub last_status: Option<i32>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was put on its way.
    pub created_at: DateTime<Utc>,
    /// When it was delivered or given up.
    pub done_at: Option<DateTime<Utc>>,
}

fn view(row: DeliveryRow) -> DeliveryView {
    let at = |t: Ts| t.0;
    DeliveryView {
        message_id: message_id(row.id),
        next_at: (row.state == DeliveryState::Ready).then_some(row.run_at.0),
        id: row.id,
        webhook_id: row.webhook_id,
        notice_id: row.notice_id,
        event: row.event,
        state: row.state,
        attempts: row.attempts,
        last_status: row.last_status,
        last_error: row.last_error,
        created_at: row.created_at.0,
        done_at: row.done_at.map(at),
    }
}

/// Messages, the last first.
///
/// # Errors
/// A bad page.
pub fn deliveries(conn: &mut AnyConn, filter: &DeliveryFilter, ask: &PageAsk) -> Outcome<Page<DeliveryView>> {
    let limit = ask.limit()?;
    let rows = store::deliveries(conn, filter, ask.after()?, limit + 1)?;
    Ok(page(rows, limit, |r: &DeliveryRow| r.id, view))
}

/// Sends a message that was given up again, under the same id.
///
/// # Errors
/// Missing, also where it leaves by another way; `not_dead`; `webhook_disabled`.
pub fn replay(tx: &mut Tx<'_>, channel: Channel, id: DeliveryId) -> Outcome<DeliveryView> {
    let found = |conn: &mut AnyConn| -> Outcome<DeliveryRow> {
        let row = store::delivery(conn, id)?.filter(|row| row.channel == channel);
        row.ok_or_else(|| Fault::missing("消息"))
    };
    let row = found(tx.conn())?;
    let hook = row.webhook_id.map(|id| store::webhook(tx.conn(), id)).transpose()?.flatten();
    if hook.is_some_and(|hook| hook.disabled_at.is_some()) {
        return Err(Fault::refused("webhook_disabled", "订阅已停用，请先启用"));
    }
    if store::revive(tx.conn(), id, machine_now().into())? == 0 {
        return Err(Fault::refused("not_dead", "只有已放弃的消息可以重发"));
    }
    tx.audit("delivery", id, json!({"event": row.event, "replayed": true}));
    found(tx.conn()).map(view)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_settles_as_it_went() {
        let now = machine_now();
        let of = |attempts, sent: &Sent| {
            let Settled { state, run_at, .. } = settled(attempts, sent, now);
            (state, run_at > now)
        };
        let failed = Sent::Failed(Some(500), "错".into());
        assert_eq!(of(1, &Sent::Taken(Some(204))), (DeliveryState::Delivered, false));
        assert_eq!(of(1, &failed), (DeliveryState::Ready, true));
        assert_eq!(of(9, &failed), (DeliveryState::Ready, true));
        assert_eq!(of(10, &failed), (DeliveryState::Dead, false));
        assert_eq!(of(1, &Sent::Gone), (DeliveryState::Dead, false));
        assert_eq!(of(1, &Sent::Never(None, "错".into())), (DeliveryState::Dead, false));
    }
}
