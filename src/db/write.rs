//! The only way to change data: [`Db::write`]. One transaction holds the change, its audit row and its change-feed
//! rows; a closure that leaves no audit line is rolled back. The closure may run more than once (PostgreSQL retries
//! a serialisation failure), so it is `Fn` and touches nothing outside the database.

use super::connection::{AnyConn, Db, Engine, Isolation, MultiBackend, checkout};
use super::schema::{audit_entry, change_entry};
use super::types::Ts;
use crate::fault::{Fault, Outcome};
use crate::ids::{TypedId, UserId, new_uuid};
use chrono::{DateTime, Utc};
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DbError};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// Somebody for whom a deputy stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The account.
    pub id: UserId,
    /// The name shown in the trail.
    pub name: String,
}

/// Who changes data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A logged-in person.
    User {
        /// The account.
        id: UserId,
        /// The name shown in the trail.
        name: String,
    },
    /// A logged-in person who stands in for others 代理.
    Deputy {
        /// The account.
        id: UserId,
        /// The name shown in the trail.
        name: String,
        /// Those who are stood in for, where their roles allow what is done.
        principals: Vec<Principal>,
        /// Only their roles allow it: histories name them.
        only_so: bool,
    },
    /// Nobody yet: a login, a refresh.
    Anonymous,
    /// The server's own work: jobs, the clock.
    System(&'static str),
    /// A command on the server's console.
    Console(&'static str),
}

impl Actor {
    /// The account, where there is one.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::User { id, .. } | Self::Deputy { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// Those for whom the person stands in here.
    pub fn principals(&self) -> &[Principal] {
        match self {
            Self::Deputy { principals, .. } => principals,
            _ => &[],
        }
    }

    fn label(&self) -> String {
        match self {
            Self::Deputy { name, principals, only_so: true, .. } => {
                let names: Vec<&str> = principals.iter().map(|p| p.name.as_str()).collect();
                format!("{name}（代{}）", names.join("、"))
            }
            Self::User { name, .. } | Self::Deputy { name, .. } => name.clone(),
            Self::Anonymous => "anonymous".into(),
            Self::System(what) => format!("system:{what}"),
            Self::Console(what) => format!("console:{what}"),
        }
    }
}

/// Who, and when (business time).
#[derive(Debug, Clone)]
pub struct Stamp {
    /// Who.
    pub actor: Actor,
    /// When, in business time.
    pub now: DateTime<Utc>,
    /// The address the request came from, where there is one.
    pub address: Option<String>,
}

impl Stamp {
    /// The server's own work at `now`.
    pub fn system(what: &'static str, now: DateTime<Utc>) -> Self {
        Self { actor: Actor::System(what), now, address: None }
    }

    /// A console command at `now`.
    pub fn console(what: &'static str, now: DateTime<Utc>) -> Self {
        Self { actor: Actor::Console(what), now, address: None }
    }
}

/// What happened to a thing, for the change feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new or different.
    Put,
    /// It is gone.
    Gone,
}

struct AuditLine {
    actor: Actor,
    object_kind: &'static str,
    object_id: String,
    detail: Value,
}

/// A write transaction.
pub struct Tx<'c> {
    conn: &'c mut AnyConn,
    stamp: Stamp,
    action: &'static str,
    lines: Vec<AuditLine>,
    untold: bool,
}

impl Tx<'_> {
    /// The connection, for the stores.
    pub fn conn(&mut self) -> &mut AnyConn {
        self.conn
    }

    /// Business time of the request.
    pub fn now(&self) -> DateTime<Utc> {
        self.stamp.now
    }

    /// Business time as a column value.
    pub fn ts(&self) -> Ts {
        self.stamp.now.into()
    }

    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.stamp.actor
    }

    /// The name of who acts, for histories.
    pub fn actor_label(&self) -> String {
        self.stamp.actor.label()
    }

    /// Says for whom the person stands in with what follows: where nobody is named, they act in their own right.
    pub fn act_for(&mut self, principals: Vec<Principal>) {
        let (Actor::User { id, name } | Actor::Deputy { id, name, .. }) = self.stamp.actor.clone() else {
            return;
        };
        self.stamp.actor = match principals.is_empty() {
            true => Actor::User { id, name },
            false => Actor::Deputy { id, name, principals, only_so: true },
        };
    }

    /// The address that the request came from, where there is one.
    pub fn address(&self) -> Option<&str> {
        self.stamp.address.as_deref()
    }

    /// The account that acts.
    ///
    /// # Errors
    /// [`Fault::Internal`] when the actor is not a person: a defect of the caller.
    pub fn user(&self) -> Outcome<UserId> {
        self.stamp.actor.user().ok_or_else(|| Fault::internal("this operation needs a person"))
    }

    /// A new id of the wanted type.
    pub fn new_id<I: TypedId>(&self) -> I {
        I::from_uuid(new_uuid(self.stamp.now))
    }

    /// Says in the trail what was done to which object. At least one line a transaction. `detail` holds no secrets.
    pub fn audit(&mut self, object_kind: &'static str, object_id: impl ToString, detail: Value) {
        let actor = self.stamp.actor.clone();
        self.lines.push(AuditLine { actor, object_kind, object_id: object_id.to_string(), detail });
    }

    /// Says that this transaction touches nothing but the servers' own bookkeeping in machine time, which would only
    /// flood the trail: it may leave no audit line.
    pub fn housekeeping(&mut self) {
        self.untold = true;
    }

    /// Puts a row into the change feed: `kind` and `id` of the thing, and the street whose readers see it.
    ///
    /// # Errors
    /// The database's.
    pub fn changed(
        &mut self,
        kind: &'static str,
        id: Uuid,
        street: Option<Uuid>,
        change: Change,
    ) -> Outcome<()> {
        use super::types::Uid;
        diesel::insert_into(change_entry::table)
            .values((
                change_entry::at.eq(self.ts()),
                change_entry::kind.eq(kind),
                change_entry::object_id.eq(Uid(id)),
                change_entry::street_id.eq(street.map(Uid)),
                change_entry::gone.eq(change == Change::Gone),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Does a part that may be refused by itself: what it stored and said is taken back then, and the rest goes on.
    ///
    /// # Errors
    /// Whatever is no refusal: the database's, a defect. It ends the whole transaction.
    pub fn part<T>(&mut self, f: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<Result<T, Fault>> {
        type Manager = <AnyConn as Connection>::TransactionManager;
        let (said, actor) = (self.lines.len(), self.stamp.actor.clone());
        Manager::begin_transaction(self.conn)?;
        let result = f(self);
        self.stamp.actor = actor;
        match result {
            Ok(value) => {
                Manager::commit_transaction(self.conn)?;
                Ok(Ok(value))
            }
            Err(fault) => {
                self.lines.truncate(said);
                let taken_back = Manager::rollback_transaction(self.conn);
                if !fault.is_refusal() {
                    return Err(fault);
                }
                taken_back?;
                Ok(Err(fault))
            }
        }
    }

    fn finish(self) -> Outcome<()> {
        if self.lines.is_empty() && !self.untold {
            return Err(Fault::internal(format!("{} left no audit line", self.action)));
        }
        for line in &self.lines {
            let mut text = json!({
                "at": self.stamp.now.to_rfc3339(), "actor": line.actor.label(),
                "actor_id": line.actor.user(), "address": self.stamp.address, "action": self.action,
                "object_kind": line.object_kind, "object_id": line.object_id, "detail": line.detail,
            });
            if !line.actor.principals().is_empty() {
                text["principal_ids"] = line.actor.principals().iter().map(|p| json!(p.id)).collect();
            }
            diesel::insert_into(audit_entry::table)
                .values((
                    audit_entry::at.eq(Ts::from(self.stamp.now)),
                    audit_entry::actor_id.eq(line.actor.user()),
                    audit_entry::action.eq(self.action),
                    audit_entry::object_kind.eq(line.object_kind),
                    audit_entry::object_id.eq(&line.object_id),
                    audit_entry::line.eq(text.to_string()),
                ))
                .execute(self.conn)?;
        }
        Ok(())
    }
}

/// Runs one attempt of a write closure on an open transaction.
pub(super) fn attempt<T>(
    conn: &mut AnyConn,
    stamp: &Stamp,
    action: &'static str,
    f: &impl Fn(&mut Tx<'_>) -> Outcome<T>,
) -> Outcome<T> {
    let mut tx = Tx { conn, stamp: stamp.clone(), action, lines: vec![], untold: false };
    let value = f(&mut tx)?;
    tx.finish()?;
    Ok(value)
}

/// Runs `f` between `begin` and COMMIT; rolls back on error.
pub(super) fn in_transaction<T>(
    conn: &mut AnyConn,
    begin: &str,
    f: impl FnOnce(&mut AnyConn) -> Outcome<T>,
) -> Outcome<T> {
    match conn {
        AnyConn::Pg(c) => AnsiTransactionManager::begin_transaction_sql(c, begin)?,
        AnyConn::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, begin)?,
    }
    match f(conn) {
        Ok(value) => {
            <AnyConn as Connection>::TransactionManager::commit_transaction(conn)?;
            Ok(value)
        }
        Err(fault) => {
            <AnyConn as Connection>::TransactionManager::rollback_transaction(conn)?;
            Err(fault)
        }
    }
}

/// How often a serialisation failure is tried again before the caller is told to come back.
const RETRIES: u32 = 12;

/// Failures after which work runs alone.
const ALONE_AFTER: u32 = 2;

/// How often a uniqueness conflict is looked at again before it is the answer.
const TWINS: u32 = 2;

impl Db {
    /// Changes data in one transaction with its audit row. Blocks the thread; see [`Db::write`].
    ///
    /// # Errors
    /// Those of `f`, with nothing stored; [`Fault::Busy`] when the database cannot take the work now.
    pub fn write_now<T, F>(&self, stamp: Stamp, action: &'static str, f: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Outcome<T> + Send + 'static,
    {
        match &*self.0 {
            Engine::Sqlite { writer, .. } => writer.run(stamp, action, f),
            Engine::Postgres { pool, isolation } => {
                let (mut tries, mut looks) = (0, 0);
                loop {
                    let mut conn = checkout(pool)?;
                    let begin = begin(*isolation, tries);
                    let result = in_transaction(&mut conn, begin, |c| attempt(c, &stamp, action, &f));
                    drop(conn);
                    match result {
                        // A twin of this work may have committed first: a second look sees its rows.
                        Err(fault) if fault.is_unique_violation() && looks < TWINS => looks += 1,
                        Err(fault) if is_retryable(&fault) && tries < RETRIES => {
                            tries += 1;
                            std::thread::sleep(backoff(tries));
                        }
                        Err(fault) if is_retryable(&fault) || waited_too_long(&fault) => {
                            return Err(Fault::Busy(fault.for_log()));
                        }
                        other => return other,
                    }
                }
            }
        }
    }

    /// Changes data in one transaction with its audit row, away from the async threads.
    ///
    /// # Errors
    /// As [`Db::write_now`].
    pub async fn write<T, F>(&self, stamp: Stamp, action: &'static str, f: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Outcome<T> + Send + 'static,
    {
        let db = self.clone();
        tokio::task::spawn_blocking(move || db.write_now(stamp, action, f)).await.map_err(Fault::internal)?
    }
}

/// Writers run beside each other; work that has failed twice waits for its turn and then runs alone, so that it cannot
/// fail again however many others there are. `LOCK TABLE` takes no snapshot: what follows sees all that committed before.
/// Every writer takes the lock in its weak mode, whether or not it takes a number.
fn begin(isolation: Isolation, tries: u32) -> &'static str {
    match isolation {
        Isolation::ReadCommitted => "BEGIN ISOLATION LEVEL READ COMMITTED",
        Isolation::Serializable if tries < ALONE_AFTER => {
            "BEGIN ISOLATION LEVEL SERIALIZABLE; LOCK TABLE counter IN ROW SHARE MODE"
        }
        Isolation::Serializable => "BEGIN ISOLATION LEVEL SERIALIZABLE; LOCK TABLE counter IN EXCLUSIVE MODE",
    }
}

fn backoff(tries: u32) -> Duration {
    let ceiling = 2_u64.pow(tries.min(7));
    Duration::from_millis(fastrand::u64(1..=ceiling))
}

/// Serialisation failures and deadlocks: the same work may succeed when done again.
fn is_retryable(fault: &Fault) -> bool {
    match fault {
        Fault::Database(DbError::DatabaseError(DatabaseErrorKind::SerializationFailure, _)) => true,
        Fault::Database(DbError::DatabaseError(_, info)) => {
            // The code is not passed on; servers speak English or Chinese here.
            ["deadlock detected", "死锁"].iter().any(|said| info.message().contains(said))
        }
        _ => false,
    }
}

/// Waited for a lock as long as it may.
fn waited_too_long(fault: &Fault) -> bool {
    let Fault::Database(DbError::DatabaseError(_, info)) = fault else { return false };
    ["lock timeout", "锁超时"].iter().any(|said| info.message().contains(said))
}

/// Keeps the backend name in this module's signatures short.
pub type Portable = MultiBackend;
