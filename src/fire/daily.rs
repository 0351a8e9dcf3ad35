//! The rules look at every facility once a day, because certificates and equipment expire by the day alone. The job of a
//! day exists once however many servers run; doing it again changes nothing.

use super::{assess, store};
use crate::app::App;
use crate::clock::business_date;
use crate::db::Stamp;
use crate::fault::{Fault, Outcome};
use crate::jobs;
use serde_json::json;
use std::sync::Arc;

/// Enqueues today's look, unless it is there already or nobody keeps a register. Servers call this every so often.
///
/// # Errors
/// The database's.
pub fn enqueue_today(app: &App) -> Outcome<()> {
    let day = business_date(app.clock.now());
    let key = format!("fire_register:{day}");
    let asked = key.clone();
    let (any, known) =
        app.db.read_now(move |conn| Ok((!store::kept(conn)?.is_empty(), jobs::is_known(conn, &asked)?)))?;
    if !any || known {
        return Ok(());
    }
    app.db.write_now(Stamp::system("fire", app.clock.now()), "fire.schedule", move |tx| {
        jobs::enqueue(tx, &jobs::AssessFireRegister { day }, Some(key.clone()))?;
        tx.audit("job", &key, json!({ "day": day }));
        Ok(())
    })
}

/// Looks at every facility that the register knows, each in a transaction of its own. One that fails keeps no other
/// from being looked at; the job is then tried again.
///
/// # Errors
/// The first of those that failed.
pub fn run(app: &Arc<App>) -> Outcome<()> {
    let mut failed: Option<Fault> = None;
    let rule = app.config.fire_duty;
    for id in app.db.read_now(store::kept)? {
        let stamp = Stamp::system("fire", app.clock.now());
        let looked = app.db.write_now(stamp, "fire.assess", move |tx| {
            if !assess(tx, id, rule)? {
                tx.housekeeping();
            }
            Ok(())
        });
        if let Err(fault) = looked {
            tracing::warn!(facility = %id, why = fault.for_log(), "the fire register could not be looked at");
            failed.get_or_insert(fault);
        }
    }
    failed.map_or(Ok(()), Err)
}
