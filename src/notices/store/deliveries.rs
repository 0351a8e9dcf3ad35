//! Messages on their way out, by either channel: claimed under a lease, settled, given up, revived.

use super::super::mail::Attachment;
use super::super::news::Event;
use super::NoticeRow;
use crate::db::schema::delivery;
use crate::db::types::coded;
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::ids::{DeliveryId, NoticeId, WebhookId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

coded! {
    /// How a message leaves the house.
    pub enum Channel {
        /// To another system.
        Webhook = "webhook" "webhook",
        /// To a person's mailbox.
        Mail = "mail" "邮件",
    }
}

coded! {
    /// Where a message stands.
    pub enum DeliveryState {
        /// To be sent, or sent again.
        Ready = "ready" "待发送",
        /// On its way.
        Running = "running" "发送中",
        /// Taken by the other side.
        Delivered = "delivered" "已送达",
        /// Given up; it may be sent again by hand.
        Dead = "dead" "已放弃",
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = delivery, check_for_backend(MultiBackend))]
pub struct DeliveryRow {
    pub id: DeliveryId,
    pub channel: Channel,
    pub webhook_id: Option<WebhookId>,
    pub notice_id: Option<NoticeId>,
    pub event: Event,
    pub dedupe: Option<String>,
    pub body: String,
    pub state: DeliveryState,
    pub attempts: i32,
    pub run_at: Ts,
    pub lease_until: Option<Ts>,
    pub fence: i64,
    pub last_status: Option<i32>,
    pub last_error: Option<String>,
    pub created_at: Ts,
    pub done_at: Option<Ts>,
    pub attachment_name: Option<String>,
    pub attachment_sha256: Option<String>,
}

impl DeliveryRow {
    fn ready(id: DeliveryId, channel: Channel, event: Event, at: DateTime<Utc>) -> Self {
        Self {
            id,
            channel,
            webhook_id: None,
            notice_id: None,
            event,
            dedupe: None,
            body: String::new(),
            state: DeliveryState::Ready,
            attempts: 0,
            run_at: at.into(),
            lease_until: None,
            fence: 0,
            last_status: None,
            last_error: None,
            created_at: at.into(),
            done_at: None,
            attachment_name: None,
            attachment_sha256: None,
        }
    }

    /// A notice's mail; what it says and where it goes is read when it is sent.
    pub fn mail(
        id: DeliveryId,
        notice: &NoticeRow,
        attachment: Option<&Attachment>,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            notice_id: Some(notice.id),
            attachment_name: attachment.map(|a| a.name.clone()),
            attachment_sha256: attachment.map(|a| a.sha256.clone()),
            ..Self::ready(id, Channel::Mail, notice.event, at)
        }
    }

    /// The file that goes with it.
    pub fn attachment(&self) -> Option<Attachment> {
        let (name, sha256) = (self.attachment_name.clone()?, self.attachment_sha256.clone()?);
        Some(Attachment { name, sha256 })
    }

    /// A webhook's message, whose body stays the same whenever it is sent again.
    pub fn webhook(
        id: DeliveryId,
        webhook: WebhookId,
        event: Event,
        (dedupe, body): (Option<String>, String),
        at: DateTime<Utc>,
    ) -> Self {
        let base = Self::ready(id, Channel::Webhook, event, at);
        Self { webhook_id: Some(webhook), dedupe, body, ..base }
    }
}

pub fn insert_delivery(conn: &mut AnyConn, row: &DeliveryRow) -> Outcome<()> {
    diesel::insert_into(delivery::table).values(row).execute(conn)?;
    Ok(())
}

/// Whether a webhook has a message under this key.
pub fn is_offered(conn: &mut AnyConn, webhook: WebhookId, key: &str) -> Outcome<bool> {
    let known = delivery::table.filter(delivery::webhook_id.eq(webhook)).filter(delivery::dedupe.eq(key));
    Ok(known.count().get_result::<i64>(conn)? > 0)
}

pub fn delivery(conn: &mut AnyConn, id: DeliveryId) -> Outcome<Option<DeliveryRow>> {
    Ok(delivery::table.find(id).select(DeliveryRow::as_select()).first(conn).optional()?)
}

/// Which messages.
#[derive(Debug, Clone)]
pub struct DeliveryFilter {
    /// How they leave.
    pub channel: Channel,
    /// Only in this state.
    pub state: Option<DeliveryState>,
    /// Only of this subscription.
    pub webhook_id: Option<WebhookId>,
}

/// Messages, the last first.
pub fn deliveries(
    conn: &mut AnyConn,
    filter: &DeliveryFilter,
    before: Option<DeliveryId>,
    limit: i64,
) -> Outcome<Vec<DeliveryRow>> {
    let mut query = delivery::table
        .filter(delivery::channel.eq(filter.channel))
        .select(DeliveryRow::as_select())
        .into_boxed::<MultiBackend>();
    if let Some(state) = filter.state {
        query = query.filter(delivery::state.eq(state));
    }
    if let Some(webhook) = filter.webhook_id {
        query = query.filter(delivery::webhook_id.eq(webhook));
    }
    if let Some(before) = before {
        query = query.filter(delivery::id.lt(before));
    }
    Ok(query.order(delivery::id.desc()).limit(limit).load(conn)?)
}

/// Puts a message that was given up back on its way.
pub fn revive(conn: &mut AnyConn, id: DeliveryId, at: Ts) -> Outcome<usize> {
    let dead = delivery::table.find(id).filter(delivery::state.eq(DeliveryState::Dead));
    Ok(diesel::update(dead)
        .set((
            delivery::state.eq(DeliveryState::Ready),
            delivery::attempts.eq(0),
            delivery::run_at.eq(at),
            delivery::done_at.eq(None::<Ts>),
        ))
        .execute(conn)?)
}

/// Gives up what waits for a subscription.
pub fn bury_waiting(conn: &mut AnyConn, webhook: WebhookId, why: &str, at: Ts) -> Outcome<usize> {
    let waiting = delivery::table
        .filter(delivery::webhook_id.eq(webhook))
        .filter(delivery::state.eq(DeliveryState::Ready));
    Ok(diesel::update(waiting)
        .set((
            delivery::state.eq(DeliveryState::Dead),
            delivery::last_error.eq(Some(why)),
            delivery::done_at.eq(Some(at)),
        ))
        .execute(conn)?)
}

/// Messages of a way that may be claimed.
macro_rules! due {
    ($channel:expr, $now:expr) => {
        delivery::table.filter(delivery::channel.eq($channel)).filter(
            delivery::state
                .eq(DeliveryState::Ready)
                .and(delivery::run_at.le($now))
                .or(delivery::state.eq(DeliveryState::Running).and(delivery::lease_until.lt($now))),
        )
    };
}

/// To which webhooks messages may be claimed; mail goes to one receiver, the server.
pub fn receivers_due(
    conn: &mut AnyConn,
    channel: Channel,
    now: Ts,
    limit: i64,
) -> Outcome<Vec<Option<WebhookId>>> {
    let due = due!(channel, now).select(delivery::webhook_id).distinct();
    Ok(due.order(delivery::webhook_id).limit(limit).load(conn)?)
}

/// Messages to a receiver that may be claimed, the longest waiting first; on PostgreSQL those that another node is about to
/// claim are passed over.
pub fn due_deliveries(
    conn: &mut AnyConn,
    channel: Channel,
    receiver: Option<WebhookId>,
    now: Ts,
    limit: i64,
) -> Outcome<Vec<DeliveryRow>> {
    macro_rules! of_one {
        ($receiver:expr) => {
            due!(channel, now)
                .filter($receiver)
                .order((delivery::run_at, delivery::id))
                .limit(limit)
                .select(DeliveryRow::as_select())
        };
    }
    let (mail, to) = (delivery::webhook_id.is_null(), |id: WebhookId| delivery::webhook_id.eq(id));
    Ok(match (conn, receiver) {
        (AnyConn::Pg(c), None) => of_one!(mail).for_update().skip_locked().load(c)?,
        (AnyConn::Pg(c), Some(id)) => of_one!(to(id)).for_update().skip_locked().load(c)?,
        (AnyConn::Sqlite(c), None) => of_one!(mail).load(c)?,
        (AnyConn::Sqlite(c), Some(id)) => of_one!(to(id)).load(c)?,
    })
}

/// Leases a message under the attempt and the fence that stand in `row`.
pub fn lease_delivery(conn: &mut AnyConn, row: &DeliveryRow, until: Ts) -> Outcome<()> {
    diesel::update(delivery::table.find(row.id))
        .set((
            delivery::state.eq(DeliveryState::Running),
            delivery::attempts.eq(row.attempts),
            delivery::fence.eq(row.fence),
            delivery::lease_until.eq(Some(until)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Says what became of a message, if the claim is still the newest.
pub fn settle_delivery(
    conn: &mut AnyConn,
    row: &DeliveryRow,
    (state, run_at): (DeliveryState, Ts),
    status: Option<i32>,
    error: Option<&str>,
) -> Outcome<usize> {
    let mine = delivery::table
        .find(row.id)
        .filter(delivery::fence.eq(row.fence))
        .filter(delivery::state.eq(DeliveryState::Running));
    Ok(diesel::update(mine)
        .set((
            delivery::state.eq(state),
            delivery::run_at.eq(run_at),
            delivery::lease_until.eq(None::<Ts>),
            delivery::last_status.eq(status),
            delivery::last_error.eq(error),
            delivery::done_at.eq((state != DeliveryState::Ready).then_some(run_at)),
        ))
        .execute(conn)?)
}
