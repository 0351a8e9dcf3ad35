//! Rows and queries of notices, digests and webhooks.

use super::mail::Attachment;
use super::news::Event;
use crate::db::schema::{delivery, digest, digest_line, notice, notice_address, webhook, webhook_secret};
use crate::db::types::{Uid, coded};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::ids::{
    AreaId, DeliveryId, DigestLineId, FacilityId, NoticeId, UserId, WebhookId, WebhookSecretId,
};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = notice, check_for_backend(MultiBackend))]
pub struct NoticeRow {
    pub id: NoticeId,
    pub user_id: UserId,
    pub event: Event,
    pub subject_kind: String,
    pub subject_id: Uid,
    pub street_id: Option<AreaId>,
    pub facility_id: Option<FacilityId>,
    pub title: String,
    pub body: String,
    pub dedupe: Option<String>,
    pub created_at: Ts,
    pub read_at: Option<Ts>,
}

pub fn insert_notice(conn: &mut AnyConn, row: &NoticeRow) -> Outcome<()> {
    diesel::insert_into(notice::table).values(row).execute(conn)?;
    Ok(())
}

/// Whether somebody has been told under this key.
pub fn is_told(conn: &mut AnyConn, user: UserId, key: &str) -> Outcome<bool> {
    let known = notice::table.filter(notice::user_id.eq(user)).filter(notice::dedupe.eq(key));
    Ok(known.count().get_result::<i64>(conn)? > 0)
}

pub fn notice(conn: &mut AnyConn, id: NoticeId) -> Outcome<Option<NoticeRow>> {
    Ok(notice::table.find(id).select(NoticeRow::as_select()).first(conn).optional()?)
}

/// Somebody's notices, the last first.
pub fn notices_of(
    conn: &mut AnyConn,
    user: UserId,
    unread: Option<bool>,
    before: Option<NoticeId>,
    limit: i64,
) -> Outcome<Vec<NoticeRow>> {
    let mut query = notice::table
        .filter(notice::user_id.eq(user))
        .select(NoticeRow::as_select())
        .into_boxed::<MultiBackend>();
    query = match unread {
        Some(true) => query.filter(notice::read_at.is_null()),
        Some(false) => query.filter(notice::read_at.is_not_null()),
        None => query,
    };
    if let Some(before) = before {
        query = query.filter(notice::id.lt(before));
    }
    Ok(query.order(notice::id.desc()).limit(limit).load(conn)?)
}

/// How many of somebody's notices are unread, by event.
pub fn unread_of(conn: &mut AnyConn, user: UserId) -> Outcome<Vec<(Event, i64)>> {
    Ok(notice::table
        .filter(notice::user_id.eq(user))
        .filter(notice::read_at.is_null())
        .group_by(notice::event)
        .select((notice::event, diesel::dsl::count_star()))
        .order(notice::event)
        .load(conn)?)
}

/// Marks one's own unread notices as read: one of them, or all up to one, or all.
pub fn mark_read(conn: &mut AnyConn, user: UserId, up_to: Option<NoticeId>, at: Ts) -> Outcome<usize> {
    let unread = notice::table.filter(notice::user_id.eq(user)).filter(notice::read_at.is_null());
    let set = notice::read_at.eq(Some(at));
    Ok(match up_to {
        Some(last) => diesel::update(unread.filter(notice::id.le(last))).set(set).execute(conn)?,
        None => diesel::update(unread).set(set).execute(conn)?,
    })
}

pub fn mark_one_read(conn: &mut AnyConn, id: NoticeId, at: Ts) -> Outcome<usize> {
    let unread = notice::table.find(id).filter(notice::read_at.is_null());
    Ok(diesel::update(unread).set(notice::read_at.eq(Some(at))).execute(conn)?)
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = notice_address, check_for_backend(MultiBackend))]
pub struct AddressRow {
    pub user_id: UserId,
    pub address: String,
    pub enabled: bool,
    pub changed_at: Ts,
}

pub fn address_of(conn: &mut AnyConn, user: UserId) -> Outcome<Option<AddressRow>> {
    Ok(notice_address::table.find(user).select(AddressRow::as_select()).first(conn).optional()?)
}

pub fn wants_mail(conn: &mut AnyConn, user: UserId) -> Outcome<bool> {
    Ok(address_of(conn, user)?.is_some_and(|row| row.enabled))
}

pub fn save_address(conn: &mut AnyConn, row: &AddressRow) -> Outcome<()> {
    if diesel::update(notice_address::table.find(row.user_id)).set(row).execute(conn)? == 0 {
        diesel::insert_into(notice_address::table).values(row).execute(conn)?;
    }
    Ok(())
}

pub fn delete_address(conn: &mut AnyConn, user: UserId) -> Outcome<usize> {
    Ok(diesel::delete(notice_address::table.find(user)).execute(conn)?)
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = digest_line, check_for_backend(MultiBackend))]
pub struct DigestLineRow {
    pub id: DigestLineId,
    pub street_id: AreaId,
    pub event: Event,
    pub subject_kind: String,
    pub subject_id: Uid,
    pub facility_id: Option<FacilityId>,
    pub data: String,
    pub dedupe: Option<String>,
    pub created_at: Ts,
    pub digest_on: Option<NaiveDate>,
}

pub fn insert_line(conn: &mut AnyConn, row: &DigestLineRow) -> Outcome<()> {
    diesel::insert_into(digest_line::table).values(row).execute(conn)?;
    Ok(())
}

/// Whether a street's digest has, or will have, a line under this key.
pub fn is_collected(conn: &mut AnyConn, street: AreaId, key: &str) -> Outcome<bool> {
    let known =
        digest_line::table.filter(digest_line::street_id.eq(street)).filter(digest_line::dedupe.eq(key));
    Ok(known.count().get_result::<i64>(conn)? > 0)
}

/// Drops lines about a thing that wait for a digest.
pub fn forget_lines(conn: &mut AnyConn, subject: Uuid, events: &[Event]) -> Outcome<usize> {
    let waiting = digest_line::table
        .filter(digest_line::subject_id.eq(Uid(subject)))
        .filter(digest_line::digest_on.is_null())
        .filter(digest_line::event.eq_any(events.to_vec()));
    Ok(diesel::delete(waiting).execute(conn)?)
}

/// Streets with lines that wait.
pub fn streets_waiting(conn: &mut AnyConn) -> Outcome<Vec<AreaId>> {
    let waiting = digest_line::table.filter(digest_line::digest_on.is_null());
    Ok(waiting.select(digest_line::street_id).distinct().order(digest_line::street_id).load(conn)?)
}

pub fn lines_waiting(conn: &mut AnyConn, street: AreaId) -> Outcome<Vec<DigestLineRow>> {
    Ok(digest_line::table
        .filter(digest_line::street_id.eq(street))
        .filter(digest_line::digest_on.is_null())
        .order(digest_line::id)
        .select(DigestLineRow::as_select())
        .load(conn)?)
}

pub fn mark_digested(conn: &mut AnyConn, ids: &[DigestLineId], day: NaiveDate) -> Outcome<()> {
    for some in ids.chunks(500) {
        diesel::update(digest_line::table.filter(digest_line::id.eq_any(some.to_vec())))
            .set(digest_line::digest_on.eq(Some(day)))
            .execute(conn)?;
    }
    Ok(())
}

pub fn has_digest(conn: &mut AnyConn, street: AreaId, day: NaiveDate) -> Outcome<bool> {
    Ok(digest::table.find((street, day)).count().get_result::<i64>(conn)? > 0)
}

pub fn insert_digest(conn: &mut AnyConn, street: AreaId, day: NaiveDate, lines: i32, at: Ts) -> Outcome<()> {
    diesel::insert_into(digest::table)
        .values((
            digest::street_id.eq(street),
            digest::day.eq(day),
            digest::lines.eq(lines),
            digest::created_at.eq(at),
        ))
        .execute(conn)?;
    Ok(())
}

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
