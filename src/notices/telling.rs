//! Telling: whom a piece of news concerns, and what of it waits for the digest.

use super::mail::Attachment;
use super::news::{Event, News, Pace};
use super::store::{self, DeliveryRow, DigestLineRow, NoticeRow};
use super::texts::{self, Text};
use super::webhooks;
use crate::access::{Concern, Role, holders_over};
use crate::clock::{business_date, machine_now};
use crate::db::Tx;
use crate::db::types::Coded as _;
use crate::fault::Outcome;
use crate::ids::{AreaId, FacilityId, UserId};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Whom a notice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// A person.
    User(UserId),
    /// Everybody who today holds the role over the notice's street, facility and category; everybody who holds it where
    /// the notice names no place.
    Role(Role),
}

/// Something that others are to know.
#[derive(Debug, Clone)]
pub struct Notice<'a> {
    /// What happened.
    pub news: News,
    /// For whom. A person whom several of these name is told once.
    pub to: &'a [To],
    /// What it is about: the kind as in the change feed (`finding`, `letter`, …) and the id.
    pub subject: (&'static str, Uuid),
    /// The street.
    pub street_id: Option<AreaId>,
    /// The facility.
    pub facility_id: Option<FacilityId>,
    /// The category of the finding: who is limited to others is not told.
    pub category: Option<&'a str>,
    /// Exactly once: the same event with the same key is told once to each person, street and webhook, however often this
    /// runs. Without a key every call tells.
    pub key: Option<&'a str>,
}

impl Notice<'_> {
    fn dedupe(&self) -> Option<String> {
        self.key.map(|key| format!("{}:{key}", self.news.event().code()))
    }
}

/// Tells a piece of news in the caller's transaction; returns how many people were told who had not been, the street
/// whose digest will tell it counted as one.
///
/// # Errors
/// The database's; a text that does not fit its facts, which the tests exclude.
pub fn tell(tx: &mut Tx<'_>, notice: &Notice<'_>) -> Outcome<usize> {
    tell_with(tx, notice, None)
}

/// As [`tell`]; a stored PDF goes with the mails that tell it, as far as the settings let it (`settings::MailSettings`).
///
/// # Errors
/// As [`tell`].
pub fn tell_with(tx: &mut Tx<'_>, notice: &Notice<'_>, attachment: Option<&Attachment>) -> Outcome<usize> {
    let text = texts::text(&notice.news)?;
    let (mut people, mut told) = (BTreeSet::new(), 0);
    let spot = Concern { street: notice.street_id, facility: notice.facility_id, category: notice.category };
    for to in notice.to {
        match (*to, notice.street_id) {
            (To::User(id), _) => drop(people.insert(id)),
            (To::Role(Role::Street), Some(street)) if notice.news.event().pace() == Pace::Daily => {
                told += usize::from(collect(tx, notice, street)?);
            }
            (To::Role(role), _) => {
                let today = business_date(tx.now());
                people.extend(holders_over(tx.conn(), role, &spot, today)?);
            }
        }
    }
    for person in people {
        told += usize::from(put(tx, notice, person, &text, attachment)?);
    }
    webhooks::offer(tx, notice, notice.dedupe(), &text)?;
    let event = notice.news.event();
    tx.audit("notice", notice.subject.1, json!({"event": event, "about": notice.subject.0, "told": told}));
    Ok(told)
}

/// Puts a notice into somebody's inbox, and on its way to their mail where they have asked for that.
fn put(
    tx: &mut Tx<'_>,
    notice: &Notice<'_>,
    user_id: UserId,
    text: &Text,
    attachment: Option<&Attachment>,
) -> Outcome<bool> {
    let dedupe = notice.dedupe();
    if let Some(key) = &dedupe
        && store::is_told(tx.conn(), user_id, key)?
    {
        return Ok(false);
    }
    let row = NoticeRow {
        id: tx.new_id(),
        user_id,
        event: notice.news.event(),
        subject_kind: notice.subject.0.into(),
        subject_id: crate::db::types::Uid(notice.subject.1),
        street_id: notice.street_id,
        facility_id: notice.facility_id,
        title: text.title.clone(),
        body: text.body.clone(),
        dedupe,
        created_at: tx.ts(),
        read_at: None,
    };
    store::insert_notice(tx.conn(), &row)?;
    if store::wants_mail(tx.conn(), user_id)? {
        let mail = DeliveryRow::mail(tx.new_id(), &row, attachment, machine_now());
        store::insert_delivery(tx.conn(), &mail)?;
    }
    Ok(true)
}

/// Keeps a line for a street's next digest.
fn collect(tx: &mut Tx<'_>, notice: &Notice<'_>, street_id: AreaId) -> Outcome<bool> {
    let dedupe = notice.dedupe();
    if let Some(key) = &dedupe
        && store::is_collected(tx.conn(), street_id, key)?
    {
        return Ok(false);
    }
    let row = DigestLineRow {
        id: tx.new_id(),
        street_id,
        event: notice.news.event(),
        subject_kind: notice.subject.0.into(),
        subject_id: crate::db::types::Uid(notice.subject.1),
        facility_id: notice.facility_id,
        data: notice.news.data().to_string(),
        dedupe,
        created_at: tx.ts(),
        digest_on: None,
    };
    store::insert_line(tx.conn(), &row)?;
    Ok(true)
}

/// Takes what no longer holds out of the street's next digest, in the caller's transaction: `events` about a thing that
/// has moved on since (all of them where it is settled). What was told already stays told; a later notice needs a key of
/// its own.
///
/// # Errors
/// The database's.
pub fn unsay(tx: &mut Tx<'_>, subject: Uuid, events: &[Event]) -> Outcome<usize> {
    store::forget_lines(tx.conn(), subject, events)
}
