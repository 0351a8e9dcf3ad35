//! Who is told what of a letter: the street of its delivery, its clerk and the registrar of the receipt. A letter that
//! nobody receives or answers in time is told of by the hourly work. What goes to an operator is no street's to see: of its
//! delivery neither the street's clerks are told nor a system that follows that street.

use super::store::{self, LetterRow};
use crate::access::Role;
use crate::clock::business_date;
use crate::db::{Db, Stamp, Tx};
use crate::fault::Outcome;
use crate::ids::TypedId as _;
use crate::notices::{self, Attachment, News, Notice, To};
use crate::settings::{self, Letters};
use chrono::{DateTime, NaiveDate, Utc};

/// Bytes of a scan that goes with mails, at the most: mail servers refuse more than about a third above it. A larger one is
/// fetched from here.
const MAILABLE: i64 = 8_000_000;

fn tell(tx: &mut Tx<'_>, row: &LetterRow, news: News, to: &[To], once: bool) -> Outcome<()> {
    let key = row.id.to_string();
    let notice = Notice { key: once.then_some(key.as_str()), ..about(row, news, to) };
    notices::tell(tx, &notice).map(drop)
}

fn about<'a>(row: &LetterRow, news: News, to: &'a [To]) -> Notice<'a> {
    Notice {
        news,
        to,
        subject: ("letter", row.id.uuid()),
        street_id: Some(row.street_id),
        facility_id: None,
        category: None,
        key: None,
    }
}

fn clerk(row: &LetterRow) -> To {
    To::User(row.clerk_id.unwrap_or(row.drafted_by))
}

/// Tells the street what came to it; of an operator's letter only the bureau's own systems, which follow no street. The sealed
/// letter goes with the mails of those who asked for mail, where the installation lets it.
pub(super) fn delivered(tx: &mut Tx<'_>, row: &LetterRow) -> Outcome<()> {
    let number = row.number.clone().unwrap_or_default();
    let news = News::LetterDelivered { number: number.clone(), reply_due: row.reply_due };
    if !row.is_to_street() {
        let notice = Notice { street_id: None, ..about(row, news, &[]) };
        return notices::tell(tx, &notice).map(drop);
    }
    let scan = store::seals(tx.conn(), &[row.id])?.pop().filter(|seal| seal.length <= MAILABLE);
    let attachment = scan.map(|seal| Attachment { name: format!("{number}.pdf"), sha256: seal.sha256 });
    notices::tell_with(tx, &about(row, news, &[To::Role(Role::Street)]), attachment.as_ref()).map(drop)
}

/// Tells the clerk in charge.
pub(super) fn acknowledged(tx: &mut Tx<'_>, row: &LetterRow) -> Outcome<()> {
    let news = News::LetterAcknowledged { number: row.number.clone().unwrap_or_default() };
    tell(tx, row, news, &[clerk(row)], false)
}

/// Tells of letters that nobody has received within the working days of the settings. May run at any time and any number of
/// times: each letter is told of once.
///
/// # Errors
/// The database's.
pub fn alert(db: &Db, now: DateTime<Utc>) -> Outcome<usize> {
    let late = db.read_now(move |conn| {
        let within = settings::get::<Letters>(conn)?.acknowledge_within;
        let calendar = crate::calendar::load(conn)?;
        let mut late = store::unacknowledged(conn)?;
        late.retain(|(_, delivered)| {
            calendar.add_working_days(business_date(delivered.0), within).value < business_date(now)
        });
        Ok(late)
    })?;
    for (row, delivered) in &late {
        let (row, day) = (row.clone(), business_date(delivered.0));
        db.write_now(Stamp::system("letters", now), "letter.alert", move |tx| unacknowledged(tx, &row, day))?;
    }
    Ok(late.len())
}

fn unacknowledged(tx: &mut Tx<'_>, row: &LetterRow, delivered_on: NaiveDate) -> Outcome<()> {
    let locked = store::find_locked(tx.conn(), row.id)?;
    let delivery = store::delivery(tx.conn(), row.id)?;
    if locked.is_none() || delivery.is_none_or(|d| d.acknowledged_at.is_some()) {
        return Ok(());
    }
    store::insert_event(tx, row.id, store::UNACKNOWLEDGED, "system:letters", None)?;
    let news = News::LetterUnacknowledged { number: row.number.clone().unwrap_or_default(), delivered_on };
    tell(tx, row, news, &[clerk(row), To::Role(Role::Registrar)], true)
}
