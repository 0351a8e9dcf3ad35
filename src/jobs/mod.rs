//! Work to be done after a commit. A job is enqueued in its caller's transaction, so it exists exactly when the change
//! does; it is claimed with a lease and a fencing number, tried again with growing pauses, and must be idempotent.
//! [`works`] come round by themselves. [`step`] does one job and is separate from the loop, so that tests drain the queue in their own time.

mod queue;
mod registry;
pub mod works;

pub use queue::{Job, enqueue, is_known};
pub use registry::{AssessFireRegister, ExportLetter, RenderLetter};

use crate::app::App;
use crate::db::sequencer::sequence_now;
use crate::db::types::Coded as _;
use crate::fault::Outcome;
use crate::metrics;
use crate::notices::{self, Channel};
use crate::uploads::{finish_staged, nodes, sweep};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What became of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stepped {
    /// A job was done.
    Did,
    /// A job failed and will be tried again, or was given up.
    Failed,
    /// Nothing is due.
    Idle,
}

/// Claims and runs one due job.
///
/// # Errors
/// The database's; a job's own failure is [`Stepped::Failed`].
pub fn step(app: &Arc<App>) -> Outcome<Stepped> {
    let Some(claim) = queue::claim(&app.db, app.clock.now())? else { return Ok(Stepped::Idle) };
    match registry::run(app, &claim.kind, &claim.payload) {
        Ok(()) => queue::finish(&app.db, &claim, app.clock.now()).map(|()| Stepped::Did),
        Err(fault) => {
            let why = fault.for_log();
            metrics::job_failed();
            tracing::warn!(job = %claim.id, kind = %claim.kind, attempt = claim.attempts, %why, "job failed");
            queue::fail(&app.db, &claim, &why, app.clock.now()).map(|()| Stepped::Failed)
        }
    }
}

/// Runs every job that is due now; returns how many were done.
///
/// # Errors
/// The database's.
pub fn drain(app: &Arc<App>) -> Outcome<usize> {
    let mut done = 0;
    loop {
        match step(app)? {
            Stepped::Did => done += 1,
            Stepped::Failed => {}
            Stepped::Idle => return Ok(done),
        }
    }
}

/// Background threads of a server; they end when this is dropped.
pub struct Workers {
    stop: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

/// Pause when nothing is due.
const IDLE: Duration = Duration::from_millis(150);

/// How often uploads are completed that an outage of the storage left whole but without a receipt.
const FINISH: Duration = Duration::from_secs(30);
/// How often everything is swept, and for the first time how long after the start.
const SWEEP: Duration = Duration::from_secs(24 * 3600);
const FIRST_SWEEP: Duration = Duration::from_secs(3600);

/// How often it is looked whether the work of this hour has been enqueued.
const SCHEDULE: Duration = Duration::from_secs(20);

/// Something that a worker does every so often.
struct Periodic {
    every: Duration,
    due: Cell<Instant>,
}

impl Periodic {
    /// After a while, and then every so often.
    fn after(first: Duration, every: Duration) -> Self {
        Self { every, due: Cell::new(Instant::now() + first) }
    }

    fn when_due(&self, work: impl FnOnce()) {
        if Instant::now() >= self.due.get() {
            work();
            self.due.set(Instant::now() + self.every);
        }
    }
}

fn told(what: &str, done: Outcome<()>) {
    if let Err(fault) = done {
        tracing::warn!(why = fault.for_log(), "{what} failed");
    }
}

impl Workers {
    /// Starts the job worker, the sequencer, the node's heartbeat, the care for uploads, the scheduler of what comes round by
    /// itself and the couriers of what leaves the house.
    ///
    /// # Errors
    /// When no thread can be had, or the certificates of the settings cannot be read.
    pub fn start(app: &Arc<App>) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = vec![];
        let (jobs_app, sequencer_app) = (app.clone(), app.clone());
        threads.push(looped("jobs", stop.clone(), move || {
            matches!(step(&jobs_app), Ok(Stepped::Did | Stepped::Failed))
        })?);
        threads.push(looped("sequencer", stop.clone(), move || match sequence_now(&sequencer_app.db) {
            Ok(ordered) => ordered > 0,
            Err(fault) => {
                tracing::warn!(why = fault.for_log(), "sequencer step failed");
                false
            }
        })?);
        let (node_app, uploads_app) = (app.clone(), app.clone());
        let beat = Periodic::after(Duration::ZERO, nodes::BEAT);
        threads.push(looped("node", stop.clone(), move || {
            beat.when_due(|| told("heartbeat", nodes::beat(&node_app)));
            false
        })?);
        let (finish, sweep_daily) =
            (Periodic::after(Duration::ZERO, FINISH), Periodic::after(FIRST_SWEEP, SWEEP));
        threads.push(looped("uploads", stop.clone(), move || {
            finish.when_due(|| told("completing uploads", finish_staged(&uploads_app).map(drop)));
            sweep_daily.when_due(|| told("sweep", sweep::sweep(&uploads_app, false).map(drop)));
            false
        })?);
        // Each in a thread of its own: a mail server that hangs holds up no webhook.
        for channel in Channel::ALL {
            let courier = notices::Courier::open(app).map_err(|e| std::io::Error::other(e.for_log()))?;
            threads.push(looped(channel.code(), stop.clone(), move || match courier.round(*channel) {
                Ok(tried) => tried > 0,
                Err(fault) => {
                    tracing::warn!(why = fault.for_log(), "sending failed");
                    false
                }
            })?);
        }
        let (works_app, schedule) = (app.clone(), Periodic::after(Duration::ZERO, SCHEDULE));
        threads.push(looped("works", stop.clone(), move || {
            schedule.when_due(|| told("scheduling", works::schedule(&works_app).map(drop)));
            false
        })?);
        Ok(Self { stop, threads })
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _panicked = thread.join();
        }
    }
}

fn looped(
    name: &str,
    stop: Arc<AtomicBool>,
    step: impl Fn() -> bool + Send + 'static,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new().name(name.into()).spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            if !step() {
                std::thread::sleep(IDLE);
            }
        }
    })
}
