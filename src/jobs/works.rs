//! Work that comes round by itself, whether or not anybody opens a page. Once an hour of business time one job is enqueued,
//! by whichever server is first; the hour is its name, so that there is one however many servers there are. Whoever claims
//! it does every work of the table. A work asks the clock and its own rows what is due, and may be done again at any time.

use super::queue::{self, Job};
use super::registry::HourlyWork;
use crate::app::App;
use crate::clock::SHANGHAI;
use crate::db::Stamp;
use crate::escalation::{self, Portion};
use crate::fault::{Fault, Outcome};
use crate::{fire, letters, notices, projects, replies};
use std::sync::Arc;

/// A work with the name by which the log calls it.
type Work = (&'static str, fn(&Arc<App>) -> Outcome<()>);

/// The table.
const WORKS: &[Work] = &[
    ("clock", |app| {
        let ticked = escalation::tick(&app.db, app.clock.now(), Portion::default())?;
        tracing::info!(?ticked, "the clock has ticked");
        Ok(())
    }),
    ("projects", |app| projects::alert(&app.db, app.clock.now()).map(drop)),
    ("letters", |app| letters::alert(&app.db, app.clock.now()).map(drop)),
    ("replies", |app| replies::alert(&app.db, app.clock.now()).map(drop)),
    // After the clock, so that the day's marks stand in it.
    ("digests", |app| notices::tell_due(app).map(drop)),
    ("fire register", |app| fire::daily::enqueue_today(app)),
];

/// Enqueues the work of this hour; tells whether nobody had.
///
/// # Errors
/// The database's.
pub fn schedule(app: &Arc<App>) -> Outcome<bool> {
    let now = app.clock.now();
    let key = format!("{}:{}", HourlyWork::KIND, now.with_timezone(&SHANGHAI).format("%Y-%m-%dT%H"));
    let known = key.clone();
    if app.db.read_now(move |conn| queue::is_known(conn, &known))? {
        return Ok(false);
    }
    app.db.write_now(Stamp::system("jobs", now), "job.schedule", move |tx| {
        tx.housekeeping();
        if queue::is_known(tx.conn(), &key)? {
            return Ok(false);
        }
        queue::enqueue(tx, &HourlyWork {}, Some(key.clone())).map(|()| true)
    })
}

/// Does every work. One that fails keeps no other from being done, and the job is tried again.
pub fn run(app: &Arc<App>) -> Outcome<()> {
    let mut failed = vec![];
    for (name, work) in WORKS {
        if let Err(fault) = work(app) {
            let why = fault.for_log();
            tracing::error!(work = name, why, "work failed");
            failed.push(format!("{name}: {why}"));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Fault::internal(failed.join("; "))) }
}
