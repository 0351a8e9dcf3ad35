//! The job table: claim with a lease, finish or fail with the fencing number of one's own claim. Machine time.

use crate::clock::machine_now;
use crate::db::schema::job;
use crate::db::{AnyConn, Db, Stamp, Ts, Tx};
use crate::fault::{Fault, Outcome};
use crate::ids::JobId;
use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// A kind of job: its payload holds ids, never facts.
pub trait Job: Serialize + DeserializeOwned {
    /// Stable name in the table.
    const KIND: &'static str;
}

/// A worker that has not come back after so long has died.
const LEASE_MINUTES: i64 = 5;
/// Attempts before a job is given up and stays as `failed` for a person to look at.
const ATTEMPTS: i32 = 8;

/// Enqueues a job in the caller's transaction. The same `dedupe` key is enqueued once.
///
/// # Errors
/// The database's.
pub fn enqueue<J: Job>(tx: &mut Tx<'_>, payload: &J, dedupe: Option<String>) -> Outcome<()> {
    if let Some(key) = &dedupe
        && is_known(tx.conn(), key)?
    {
        return Ok(());
    }
    let at = Ts::from(machine_now());
    let id: JobId = tx.new_id();
    let text = serde_json::to_string(payload).map_err(Fault::internal)?;
    diesel::insert_into(job::table)
        .values((
            job::id.eq(id),
            job::kind.eq(J::KIND),
            job::payload.eq(text),
            job::dedupe.eq(dedupe),
            job::state.eq("ready"),
            job::attempts.eq(0),
            job::run_at.eq(at),
            job::fence.eq(0_i64),
            job::created_at.eq(at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Whether a job was enqueued under a `dedupe` key, whatever has become of it.
///
/// # Errors
/// The database's.
pub fn is_known(conn: &mut AnyConn, key: &str) -> Outcome<bool> {
    Ok(job::table.filter(job::dedupe.eq(key)).count().get_result::<i64>(conn)? > 0)
}

/// A job that this worker holds.
#[derive(Debug, Clone)]
pub struct Claim {
    pub id: JobId,
    pub kind: String,
    pub payload: String,
    pub attempts: i32,
    fence: i64,
}

/// The next due job, or one whose worker died.
///
/// The trail says when in business time; leases run on machine time.
pub fn claim(db: &Db, business: DateTime<Utc>) -> Outcome<Option<Claim>> {
    let now = machine_now();
    let waiting = db.read_now(|conn| Ok(is_any_due(conn, now.into())?))?;
    if !waiting {
        return Ok(None);
    }
    db.write_now(Stamp::system("jobs", business), "job.claim", move |tx| {
        let Some((id, kind, payload, attempts, fence)) = next(tx.conn(), now.into())? else {
            tx.audit("job", "-", json!({ "claimed": false }));
            return Ok(None);
        };
        let mine = Claim { id, kind, payload, attempts: attempts + 1, fence: fence + 1 };
        diesel::update(job::table.find(id))
            .set((
                job::state.eq("running"),
                job::attempts.eq(mine.attempts),
                job::fence.eq(mine.fence),
                job::lease_until.eq(Some(Ts::from(now + Duration::minutes(LEASE_MINUTES)))),
            ))
            .execute(tx.conn())?;
        tx.audit("job", id, json!({ "kind": mine.kind, "attempt": mine.attempts }));
        Ok(Some(mine))
    })
}

type Due = (JobId, String, String, i32, i64);

/// Jobs that may be claimed, the longest waiting first.
macro_rules! due {
    ($now:expr) => {
        job::table
            .filter(
                job::state
                    .eq("ready")
                    .and(job::run_at.le($now))
                    .or(job::state.eq("running").and(job::lease_until.lt($now))),
            )
            .order((job::run_at, job::id))
    };
}

fn is_any_due(conn: &mut AnyConn, now: Ts) -> QueryResult<bool> {
    Ok(due!(now).select(job::id).first::<JobId>(conn).optional()?.is_some())
}

fn next(conn: &mut AnyConn, now: Ts) -> QueryResult<Option<Due>> {
    let due = due!(now).select((job::id, job::kind, job::payload, job::attempts, job::fence));
    match conn {
        AnyConn::Pg(c) => due.for_update().skip_locked().first(c).optional(),
        AnyConn::Sqlite(c) => due.first(c).optional(),
    }
}

/// Marks a job done, if the claim is still the newest.
pub fn finish(db: &Db, claim: &Claim, business: DateTime<Utc>) -> Outcome<()> {
    settle(db, claim.clone(), "done", None, business)
}

/// Puts a job back with a pause, or gives it up after the last attempt.
pub fn fail(db: &Db, claim: &Claim, why: &str, business: DateTime<Utc>) -> Outcome<()> {
    let state = if claim.attempts >= ATTEMPTS { "failed" } else { "ready" };
    settle(db, claim.clone(), state, Some(why.to_string()), business)
}

fn settle(
    db: &Db,
    claim: Claim,
    state: &'static str,
    error: Option<String>,
    business: DateTime<Utc>,
) -> Outcome<()> {
    let now = machine_now();
    let pause = Duration::seconds(2_i64.pow(claim.attempts.clamp(0, 10).unsigned_abs()));
    db.write_now(Stamp::system("jobs", business), "job.settle", move |tx| {
        let mine = job::table.find(claim.id).filter(job::fence.eq(claim.fence));
        diesel::update(mine)
            .set((
                job::state.eq(state),
                job::run_at.eq(Ts::from(if state == "ready" { now + pause } else { now })),
                job::lease_until.eq(None::<Ts>),
                job::last_error.eq(error.as_deref()),
                job::done_at.eq((state == "done").then_some(Ts::from(now))),
            ))
            .execute(tx.conn())?;
        tx.audit("job", claim.id, json!({ "kind": claim.kind, "state": state }));
        Ok(())
    })
}
