//! A person's own notices, and where they are mailed.

use super::news::{Event, News};
use super::settings::MailSettings;
use super::store::{self, AddressRow, NoticeRow};
use super::telling::{Notice, To, tell};
use crate::db::page::{Page, PageAsk, page};
use crate::db::{AnyConn, Tx};
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, FacilityId, NoticeId, TypedId as _, UserId};
use chrono::{DateTime, Utc};
use lettre::Address;
use serde_json::json;
use uuid::Uuid;

/// What a notice is about.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct AboutView {
    /// The kind of thing: `finding`, `letter`, `street`, …
    pub kind: String,
    /// Its id.
    pub id: Uuid,
}

/// A notice 通知.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct NoticeView {
    /// Its id.
    pub id: NoticeId,
    /// What happened.
    pub event: Event,
    /// In one line.
    pub title: String,
    /// In full.
    pub body: String,
    /// What it is about.
    pub about: AboutView,
    /// The street.
    pub street_id: Option<AreaId>,
    /// The facility.
    pub facility_id: Option<FacilityId>,
    /// When it was told.
    pub created_at: DateTime<Utc>,
    /// When it was first marked as read.
    pub read_at: Option<DateTime<Utc>>,
}

/// How many notices of one event are unread.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct EventCount {
    /// The event.
    pub event: Event,
    /// How many.
    pub unread: i64,
}

/// How many notices are unread.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct UnreadView {
    /// All together.
    pub unread: i64,
    /// By event; those without are left out.
    pub by_event: Vec<EventCount>,
}

/// Where one's notices are mailed.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct AddressView {
    /// The address; none has been given.
    pub address: Option<String>,
    /// Whether mail is sent.
    pub enabled: bool,
}

fn view(row: NoticeRow) -> NoticeView {
    NoticeView {
        id: row.id,
        event: row.event,
        title: row.title,
        body: row.body,
        about: AboutView { kind: row.subject_kind, id: row.subject_id.0 },
        street_id: row.street_id,
        facility_id: row.facility_id,
        created_at: row.created_at.0,
        read_at: row.read_at.map(|t| t.0),
    }
}

/// One's notices, the last first.
///
/// # Errors
/// A bad page.
pub fn list(
    conn: &mut AnyConn,
    user: UserId,
    unread: Option<bool>,
    ask: &PageAsk,
) -> Outcome<Page<NoticeView>> {
    let limit = ask.limit()?;
    let rows = store::notices_of(conn, user, unread, ask.after()?, limit + 1)?;
    Ok(page(rows, limit, |r: &NoticeRow| r.id, view))
}

/// How many of one's notices are unread.
///
/// # Errors
/// The database's.
pub fn unread(conn: &mut AnyConn, user: UserId) -> Outcome<UnreadView> {
    let counts = store::unread_of(conn, user)?;
    let unread = counts.iter().map(|(_, n)| n).sum();
    let by_event = counts.into_iter().map(|(event, unread)| EventCount { event, unread }).collect();
    Ok(UnreadView { unread, by_event })
}

fn own(conn: &mut AnyConn, user: UserId, id: NoticeId) -> Outcome<NoticeRow> {
    let row = store::notice(conn, id)?.filter(|row| row.user_id == user);
    row.ok_or_else(|| Fault::missing("通知"))
}

/// Marks one of one's notices as read; the first time stays.
///
/// # Errors
/// Missing, also where it is somebody else's.
pub fn read(tx: &mut Tx<'_>, user: UserId, id: NoticeId) -> Outcome<NoticeView> {
    own(tx.conn(), user, id)?;
    let at = tx.ts();
    let marked = store::mark_one_read(tx.conn(), id, at)?;
    tx.audit("notice", id, json!({ "read": marked }));
    own(tx.conn(), user, id).map(view)
}

/// Marks one's notices as read: those up to one that was seen, or all.
///
/// # Errors
/// Missing.
pub fn read_all(tx: &mut Tx<'_>, user: UserId, up_to: Option<NoticeId>) -> Outcome<UnreadView> {
    if let Some(last) = up_to {
        own(tx.conn(), user, last).map_err(|fault| {
            fault.if_missing(|| Fault::invalid("/up_to", "unknown_notice", "没有这条通知"))
        })?;
    }
    let at = tx.ts();
    let marked = store::mark_read(tx.conn(), user, up_to, at)?;
    tx.audit("notice", user, json!({ "read": marked }));
    unread(tx.conn(), user)
}

/// Where one's notices are mailed.
///
/// # Errors
/// The database's.
pub fn address(conn: &mut AnyConn, user: UserId) -> Outcome<AddressView> {
    let row = store::address_of(conn, user)?;
    let enabled = row.as_ref().is_some_and(|row| row.enabled);
    Ok(AddressView { address: row.map(|row| row.address), enabled })
}

/// Says where one's notices are mailed, and whether.
///
/// # Errors
/// `mail_off` where this installation sends none; `bad_mail_address`, `mail_domain_not_allowed`.
pub fn set_address(
    tx: &mut Tx<'_>,
    settings: Option<&MailSettings>,
    user: UserId,
    (address, enabled): (&str, bool),
) -> Outcome<AddressView> {
    let settings = settings.ok_or_else(|| Fault::refused("mail_off", "本系统未启用邮件"))?;
    let parsed: Address =
        address.parse().map_err(|_| Fault::invalid("/address", "bad_mail_address", "不是有效的邮件地址"))?;
    let domain = parsed.domain().to_lowercase();
    if !settings.domains.is_empty() && !settings.domains.contains(&domain) {
        let detail = format!("只能使用这些域的邮箱：{}", settings.domains.join("、"));
        return Err(Fault::invalid("/address", "mail_domain_not_allowed", detail));
    }
    let row = AddressRow { user_id: user, address: parsed.to_string(), enabled, changed_at: tx.ts() };
    store::save_address(tx.conn(), &row)?;
    tx.audit("notice_address", user, json!({ "enabled": enabled }));
    self::address(tx.conn(), user)
}

/// Tells oneself something, so that one sees whether the mail arrives.
///
/// # Errors
/// `mail_off` where one's mail is off.
pub fn test_address(tx: &mut Tx<'_>, user: UserId) -> Outcome<()> {
    if !store::wants_mail(tx.conn(), user)? {
        return Err(Fault::refused("mail_off", "尚未启用通知邮箱"));
    }
    let notice = Notice {
        news: News::TestMessage { by: tx.actor_label() },
        to: &[To::User(user)],
        subject: ("user", user.uuid()),
        street_id: None,
        facility_id: None,
        category: None,
        key: None,
    };
    tell(tx, &notice).map(drop)
}

/// Forgets where one's notices were mailed.
///
/// # Errors
/// The database's.
pub fn forget_address(tx: &mut Tx<'_>, user: UserId) -> Outcome<()> {
    let there = store::delete_address(tx.conn(), user)?;
    tx.audit("notice_address", user, json!({ "forgotten": there }));
    Ok(())
}
