//! Rows and queries of notices and of where they are mailed (here), of digests, webhooks and messages.

mod deliveries;
mod digests;
mod webhooks;

pub use deliveries::*;
pub use digests::*;
pub use webhooks::*;

use super::news::Event;
use crate::db::schema::{notice, notice_address};
use crate::db::types::Uid;
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::ids::{AreaId, FacilityId, NoticeId, UserId};
use diesel::prelude::*;

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
