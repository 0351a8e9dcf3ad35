//! The refresh duty 定期更新: a line that nobody refreshed in time is told once to the clerks and the street, and again only when
//! it has been refreshed and has gone stale anew.

use super::store::StaleProject;
use crate::access::{Places, Role};
use crate::clock::business_date;
use crate::db::{AnyConn, Db, Stamp, Tx};
use crate::fault::Outcome;
use crate::ids::TypedId as _;
use crate::notices::{self, Event, News, Notice, To};
use chrono::{DateTime, NaiveDate, Utc};

fn key(line: &StaleProject) -> String {
    format!("{}:{}", line.id, line.fresh_until)
}

fn untold(conn: &mut AnyConn, today: NaiveDate) -> Outcome<Vec<StaleProject>> {
    let mut lines = vec![];
    for line in super::stale(conn, &Places::everywhere(), today)? {
        if !notices::has_told(conn, Event::ProjectStale, &key(&line))? {
            lines.push(line);
        }
    }
    Ok(lines)
}

fn tell(tx: &mut Tx<'_>, line: &StaleProject) -> Outcome<()> {
    let news = News::ProjectStale {
        facility: line.facility_name.clone(),
        project: "一中心一整改措施".into(),
        updated_on: None,
    };
    let notice = Notice {
        news,
        to: &[To::Role(Role::Drafter), To::Role(Role::Street)],
        subject: ("project", line.id.uuid()),
        street_id: Some(line.street_id),
        facility_id: Some(line.facility_id),
        category: None,
        key: Some(&key(line)),
    };
    notices::tell(tx, &notice).map(drop)
}

/// Tells of every line that has gone stale and has not been told of; gives how many.
///
/// # Errors
/// The database's.
pub fn alert(db: &Db, now: DateTime<Utc>) -> Outcome<usize> {
    let today = business_date(now);
    if db.read_now(|conn| untold(conn, today))?.is_empty() {
        return Ok(0);
    }
    db.write_now(Stamp::system("projects", now), "project.alert", move |tx| {
        tx.housekeeping();
        let lines = untold(tx.conn(), today)?;
        lines.iter().try_for_each(|line| tell(tx, line))?;
        Ok(lines.len())
    })
}
