//! SQLite's one writer: a thread that takes up to 64 waiting transactions, runs each in a savepoint, and commits them
//! together, so that one fsync serves them all. Nobody is answered before that commit. A panic or a refusal rolls
//! back its own job only; an error that is not a constraint's (a full disk) has rolled the whole batch back inside
//! SQLite, so the connection is discarded and everyone in the batch is told to come back.

use super::connection::{AnyConn, SQLITE_WRITER, open};
use super::sequencer;
use super::write::{Stamp, Tx, attempt};
use crate::fault::{Fault, Outcome};
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind as Kind, Error as DbError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};

/// Waiting transactions beyond which new ones are refused.
const QUEUE: usize = 1024;
/// Transactions that share one commit.
const BATCH: usize = 64;

/// Answers the caller: `None` after the commit, or the reason why it failed.
type Reply = Box<dyn FnOnce(Option<String>) + Send>;
/// Runs one job in its savepoint; `Err` when the batch is lost.
type Job = Box<dyn FnOnce(&mut AnyConn) -> Ran + Send>;

struct Ran {
    reply: Reply,
    batch_lost: bool,
}

pub(super) struct Writer {
    queue: SyncSender<Job>,
}

impl Writer {
    pub(super) fn start(url: &str) -> Result<Self, String> {
        let conn = open(url, SQLITE_WRITER)?;
        let (queue, jobs) = sync_channel::<Job>(QUEUE);
        let url = url.to_string();
        std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || serve(&url, conn, &jobs))
            .map_err(|e| format!("writer thread: {e}"))?;
        Ok(Self { queue })
    }

    pub(super) fn run<T, F>(&self, stamp: Stamp, action: &'static str, f: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Outcome<T> + Send + 'static,
    {
        let (answer, wait) = channel::<Outcome<T>>();
        let job: Job = Box::new(move |conn| {
            let result = in_savepoint(conn, |c| attempt(c, &stamp, action, &f));
            let batch_lost = matches!(&result, Err(fault) if loses_the_batch(fault));
            let reply: Reply = Box::new(move |failure| {
                let result = match failure {
                    None => result,
                    Some(why) => Err(Fault::Busy(why)),
                };
                // The caller may have gone away; its work is committed all the same.
                let _gone = answer.send(result);
            });
            Ran { reply, batch_lost }
        });
        self.queue.try_send(job).map_err(|e| match e {
            TrySendError::Full(_) => Fault::Busy("the write queue is full".into()),
            TrySendError::Disconnected(_) => Fault::Busy("the writer has stopped".into()),
        })?;
        wait.recv().map_err(|_| Fault::Busy("the writer has stopped".into()))?
    }
}

fn serve(url: &str, mut conn: AnyConn, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = jobs.try_recv()
        {
            batch.push(next);
        }
        if let Err(why) = run_batch(&mut conn, batch) {
            tracing::error!(%why, "SQLite write batch failed; reopening the connection");
            match open(url, SQLITE_WRITER) {
                Ok(fresh) => conn = fresh,
                Err(e) => tracing::error!(%e, "SQLite cannot be reopened"),
            }
        }
    }
}

fn run_batch(conn: &mut AnyConn, batch: Vec<Job>) -> Result<(), String> {
    let mut replies: Vec<Reply> = Vec::with_capacity(batch.len());
    let mut failure = begin(conn).err().map(|e| e.to_string());
    for job in batch {
        if let Some(why) = &failure {
            // Not run at all: its closure is dropped, and with it the caller's channel.
            tracing::warn!(%why, "a queued write was not started");
            continue;
        }
        let ran = job(conn);
        replies.push(ran.reply);
        if ran.batch_lost {
            failure = Some("the database could not take the write".into());
        }
    }
    if failure.is_none() {
        failure = sequencer::sequence(conn, i64::MAX).err().map(|e| e.to_string());
    }
    if failure.is_none() {
        failure = <AnyConn as Connection>::TransactionManager::commit_transaction(conn)
            .err()
            .map(|e| e.to_string());
    }
    for reply in replies {
        reply(failure.clone());
    }
    match failure {
        None => Ok(()),
        Some(why) => Err(why),
    }
}

fn begin(conn: &mut AnyConn) -> QueryResult<()> {
    match conn {
        AnyConn::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE"),
        AnyConn::Pg(_) => Err(DbError::BrokenTransactionManager),
    }
}

/// Runs `f` in a savepoint; a panic becomes a fault and rolls back only this savepoint.
fn in_savepoint<T>(conn: &mut AnyConn, f: impl FnOnce(&mut AnyConn) -> Outcome<T>) -> Outcome<T> {
    <AnyConn as Connection>::TransactionManager::begin_transaction(conn)?;
    match catch_unwind(AssertUnwindSafe(|| f(conn))) {
        Ok(Ok(value)) => {
            <AnyConn as Connection>::TransactionManager::commit_transaction(conn)?;
            Ok(value)
        }
        Ok(Err(fault)) => {
            <AnyConn as Connection>::TransactionManager::rollback_transaction(conn)?;
            Err(fault)
        }
        Err(_) => {
            <AnyConn as Connection>::TransactionManager::rollback_transaction(conn)?;
            Err(Fault::internal("a write panicked"))
        }
    }
}

/// Whether SQLite itself has (or may have) rolled back the whole transaction.
fn loses_the_batch(fault: &Fault) -> bool {
    match fault {
        Fault::Database(DbError::DatabaseError(kind, _)) => !matches!(
            kind,
            Kind::UniqueViolation | Kind::ForeignKeyViolation | Kind::NotNullViolation | Kind::CheckViolation
        ),
        Fault::Database(
            DbError::BrokenTransactionManager
            | DbError::RollbackErrorOnCommit { .. }
            | DbError::AlreadyInTransaction,
        ) => true,
        _ => false,
    }
}
