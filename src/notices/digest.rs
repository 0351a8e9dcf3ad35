//! The digest of a street: on each working day, from the set hour on, what has been collected for it is told once. The row
//! `(street, day)` is written with it, so that it is the only one whatever restarts and however many nodes there are. What
//! comes later on that day waits for the next; where nothing waits, nothing is told.

use super::news::{Event, News};
use super::rules::parts;
use super::store::{self, DigestLineRow};
use super::telling::{Notice, To, tell};
use super::texts;
use crate::access::Role;
use crate::app::App;
use crate::calendar;
use crate::clock::SHANGHAI;
use crate::db::{Stamp, Tx};
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, DigestLineId, TypedId as _};
use chrono::{NaiveDate, Timelike as _};
use serde_json::{Value, json};
use std::sync::Arc;

/// Lines that a digest shows; how many more there are stands below.
const SHOWN: usize = 100;

/// Tells the digests that are due; returns how many. One that fails keeps no other street from its own.
///
/// # Errors
/// The first of those that failed.
pub fn tell_due(app: &Arc<App>) -> Outcome<usize> {
    let now = app.clock.now();
    let local = now.with_timezone(&SHANGHAI);
    if local.hour() < app.config.notices.digest_hour {
        return Ok(0);
    }
    let day = local.date_naive();
    let streets = app.db.read_now(|conn| {
        let waiting = store::streets_waiting(conn)?;
        let works = !waiting.is_empty() && calendar::load(conn)?.is_working_day(day).value;
        Ok(if works { waiting } else { vec![] })
    })?;
    let (mut told, mut failed): (usize, Option<Fault>) = (0, None);
    for street in streets {
        let stamp = Stamp::system("digest", now);
        match app.db.write_now(stamp, "notice.digest", move |tx| tell_street(tx, street, day)) {
            Ok(new) => told += usize::from(new),
            Err(fault) => {
                tracing::error!(%street, why = fault.for_log(), "a digest could not be told");
                failed.get_or_insert(fault);
            }
        }
    }
    failed.map_or(Ok(told), Err)
}

/// Tells one street's digest of a day; false where it has been told, or nothing waits.
fn tell_street(tx: &mut Tx<'_>, street: AreaId, day: NaiveDate) -> Outcome<bool> {
    let lines = store::lines_waiting(tx.conn(), street)?;
    if lines.is_empty() || store::has_digest(tx.conn(), street, day)? {
        tx.housekeeping();
        return Ok(false);
    }
    let at = tx.ts();
    let count = i32::try_from(lines.len()).map_err(Fault::internal)?;
    store::insert_digest(tx.conn(), street, day, count, at)?;
    let ids: Vec<DigestLineId> = lines.iter().map(|line| line.id).collect();
    store::mark_digested(tx.conn(), &ids, day)?;
    let key = format!("{street}:{day}");
    let notice = Notice {
        news: news(day, &lines)?,
        to: &[To::Role(Role::Street)],
        subject: ("street", street.uuid()),
        street_id: Some(street),
        facility_id: None,
        category: None,
        key: Some(&key),
    };
    tell(tx, &notice)?;
    Ok(true)
}

fn news(day: NaiveDate, lines: &[DigestLineRow]) -> Outcome<News> {
    let (mut summary, mut listing, mut told, mut shown) = (vec![], String::new(), vec![], 0);
    for (event, part) in parts(lines) {
        summary.push(format!("{}{}件", heading(event), part.len()));
        if shown < SHOWN {
            listing.push_str(&format!("{}：\n", heading(event)));
        }
        for (n, line) in (1..).zip(part) {
            let facts: Value = serde_json::from_str(&line.data).map_err(Fault::internal)?;
            let text = texts::line(event, &facts)?;
            if shown < SHOWN {
                listing.push_str(&format!("{n}. {text}\n"));
            }
            shown += 1;
            told.push(json!({
                "event": event, "about": {"kind": line.subject_kind, "id": line.subject_id.0},
                "facility_id": line.facility_id, "text": text, "facts": facts,
            }));
        }
    }
    if shown > SHOWN {
        listing.push_str(&format!("另有{}件，请登录系统查看。\n", shown - SHOWN));
    }
    Ok(News::StreetDigest {
        day,
        summary: summary.join("、"),
        listing: listing.trim_end().into(),
        lines: told,
    })
}

/// What a part is called.
fn heading(event: Event) -> &'static str {
    match event {
        Event::FindingServed => "新送达",
        Event::FindingClaimed => "待核查",
        other => other.label(),
    }
}
