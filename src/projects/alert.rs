//! The refresh duty 定期更新: a line that nobody refreshed in time is told once to the clerks and the street, and again only when
//! it has been refreshed and has gone stale anew.

use super::store::{self, StaleProject};
use crate::access::{Places, Role};
use crate::clock::business_date;
use crate::db::{AnyConn, Db, Stamp, Tx};
use crate::fault::{Fault, Outcome};
use crate::ids::TypedId as _;
use crate::notices::{self, News, Notice, To};
use chrono::{DateTime, NaiveDate, Utc};

fn untold(conn: &mut AnyConn, today: NaiveDate) -> Outcome<Vec<StaleProject>> {
    let mut lines = super::stale(conn, &Places::everywhere(), today)?;
    lines.retain(|line| !line.alerted);
    Ok(lines)
}

fn tell(tx: &mut Tx<'_>, line: &StaleProject) -> Outcome<()> {
    let news = News::ProjectStale {
        facility: line.facility_name.clone(),
        project: "一中心一整改措施".into(),
        updated_on: Some(business_date(line.refreshed_at)),
    };
    let notice = Notice {
        news,
        to: &[To::Role(Role::Drafter), To::Role(Role::Street)],
        subject: ("project", line.id.uuid()),
        street_id: Some(line.street_id),
        facility_id: Some(line.facility_id),
        category: None,
        key: Some(&format!("{}:{}", line.id, line.refreshed_at)),
    };
    notices::tell(tx, &notice)?;
    let at = tx.ts();
    store::set_alerted(tx.conn(), line.id, at)
}

/// Tells of every line that has gone stale and has not been told of, each in a transaction of its own; gives how many.
///
/// # Errors
/// The first of those that failed; the others are told all the same.
pub fn alert(db: &Db, now: DateTime<Utc>) -> Outcome<usize> {
    let today = business_date(now);
    let (mut told, mut failed): (usize, Option<Fault>) = (0, None);
    for line in db.read_now(|conn| untold(conn, today))? {
        match db.write_now(Stamp::system("projects", now), "project.alert", move |tx| tell(tx, &line)) {
            Ok(()) => told += 1,
            Err(fault) => drop(failed.get_or_insert(fault)),
        }
    }
    failed.map_or(Ok(told), Err)
}
