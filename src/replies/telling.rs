//! Who is told of replies: the clerk in charge when one comes; the clerk and the street when none has come by its day,
//! which the hourly work tells once for each letter.

use super::rules;
use super::store::{self, REPLY_OVERDUE, ReplyRow};
use crate::access::Role;
use crate::clock::business_date;
use crate::db::{Db, Stamp, Tx};
use crate::fault::Outcome;
use crate::ids::TypedId as _;
use crate::letters::store::{self as letters, LetterRow};
use crate::notices::{self, News, Notice, To};
use chrono::{DateTime, Utc};
use serde_json::json;

fn is_late(letter: &LetterRow, reply: &ReplyRow) -> bool {
    reply.sent_at.is_some_and(|at| rules::is_late(business_date(at.0), letter.reply_due))
}

fn tell(tx: &mut Tx<'_>, letter: &LetterRow, news: News, to: &[To], key: &str) -> Outcome<()> {
    let notice = Notice {
        news,
        to,
        subject: ("letter", letter.id.uuid()),
        street_id: Some(letter.street_id),
        facility_id: None,
        category: None,
        key: Some(key),
    };
    notices::tell(tx, &notice).map(drop)
}

fn clerk(letter: &LetterRow) -> To {
    To::User(letter.clerk_id.unwrap_or(letter.drafted_by))
}

/// Tells the clerk in charge that a reply has come. What the street was to be told of its absence in the next digest no
/// longer holds.
pub(super) fn replied(tx: &mut Tx<'_>, letter: &LetterRow, reply: &ReplyRow) -> Outcome<()> {
    notices::unsay(tx, letter.id.uuid(), &[notices::Event::LetterReplyOverdue])?;
    let news = News::LetterReplied {
        number: letter.number.clone().unwrap_or_default(),
        unit: reply.unit.clone(),
        reply_number: reply.document_number.clone().unwrap_or_default(),
        late: is_late(letter, reply).then(|| "晚于回复期限".to_string()),
    };
    tell(tx, letter, news, &[clerk(letter)], &reply.id.to_string())
}

/// Tells of delivered letters that nobody has answered by their day. May run at any time and any number of times: each
/// letter is told of once.
///
/// # Errors
/// The database's.
pub fn alert(db: &Db, now: DateTime<Utc>) -> Outcome<usize> {
    let today = business_date(now);
    let late = db.read_now(move |conn| {
        let mut late = vec![];
        for row in store::unanswered(conn, Some(today))? {
            if !store::is_told(conn, row.id)? {
                late.push(row);
            }
        }
        Ok(late)
    })?;
    for row in &late {
        let row = row.clone();
        db.write_now(Stamp::system("letters", now), "letter.alert", move |tx| overdue(tx, &row))?;
    }
    Ok(late.len())
}

fn overdue(tx: &mut Tx<'_>, row: &LetterRow) -> Outcome<()> {
    letters::find_locked(tx.conn(), row.id)?;
    let today = business_date(tx.now());
    let still = store::unanswered(tx.conn(), Some(today))?.iter().any(|l| l.id == row.id);
    if !still || store::is_told(tx.conn(), row.id)? {
        tx.audit("letter", row.id, json!({ "reply_overdue": false }));
        return Ok(());
    }
    letters::insert_event(tx, row.id, REPLY_OVERDUE, "system:letters", None)?;
    let number = row.number.clone().unwrap_or_default();
    let news = News::LetterReplyOverdue { number, reply_due: row.reply_due };
    tell(tx, row, news, &[clerk(row), To::Role(Role::Street)], &row.id.to_string())
}
