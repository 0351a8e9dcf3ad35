//! Leave to compile: so many at once, and nobody waits for ever. Typst cannot be cancelled, so a compilation runs on a
//! thread of its own, for which one waits only so long: what takes longer is told and counted, and keeps its permit until
//! it ends. So a runaway costs one of the permits, never a thread that serves requests or jobs.

use super::TypesetFault;
use crate::metrics;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Compilations that a cached intermediate result outlives: what letters have in common is used by the next one already,
/// and each more keeps a letter's decoded photos, 10 MB, for nothing (`benches/letters.rs`).
const CACHE_AGE: usize = 1;

/// Stack of a compilation: nested tables recurse deeply.
const STACK: usize = 16 * 1024 * 1024;

/// So many at once.
pub(super) struct Permits {
    free: Mutex<usize>,
    freed: Condvar,
}

/// Leave to work, given back when dropped.
struct Permit(Arc<Permits>);

impl Permits {
    pub fn new(count: usize) -> Arc<Self> {
        Arc::new(Self { free: Mutex::new(count), freed: Condvar::new() })
    }

    /// Waits for a free permit, so long at the most.
    fn take(self: &Arc<Self>, patience: Duration) -> Option<Permit> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.freed.wait_timeout_while(free, patience, |free| *free == 0);
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(Permit(self.clone()))
    }

    /// Runs `make` when there is room, survives its panic, and waits for it until the limit.
    ///
    /// # Errors
    /// Those of `make`; [`TypesetFault::Busy`] after the patience, [`TypesetFault::TooSlow`] after the limit.
    pub fn run<T: Send + 'static>(
        self: &Arc<Self>,
        patience: Duration,
        limit: Duration,
        make: impl FnOnce() -> Result<T, TypesetFault> + Send + 'static,
    ) -> Result<T, TypesetFault> {
        let permit = self.take(patience).ok_or_else(|| counted("busy", TypesetFault::Busy))?;
        let (done, made) = sync_channel(1);
        let work = move || {
            let (_permit, begun) = (permit, Instant::now());
            let result = catch_unwind(AssertUnwindSafe(make)).unwrap_or(Err(TypesetFault::Panicked));
            typst::comemo::evict(CACHE_AGE);
            if begun.elapsed() > limit {
                tracing::warn!(seconds = begun.elapsed().as_secs(), "a compilation past its limit has ended");
            }
            // Whoever asked may have gone.
            let _gone = done.send(result);
        };
        let thread = std::thread::Builder::new().name("typeset".into()).stack_size(STACK).spawn(work);
        thread.map_err(|why| TypesetFault::Failed(why.to_string()))?;
        match made.recv_timeout(limit) {
            Ok(Ok(result)) => {
                metrics::typeset("made");
                Ok(result)
            }
            Ok(Err(fault)) => Err(counted("refused", fault)),
            Err(RecvTimeoutError::Timeout) => {
                tracing::error!(
                    seconds = limit.as_secs(),
                    "a compilation takes too long and goes on unwatched"
                );
                Err(counted("too_slow", TypesetFault::TooSlow))
            }
            Err(RecvTimeoutError::Disconnected) => Err(counted("refused", TypesetFault::Panicked)),
        }
    }
}

fn counted(outcome: &str, fault: TypesetFault) -> TypesetFault {
    metrics::typeset(outcome);
    fault
}

impl Drop for Permit {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::mpsc::channel;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn never_more_than_given() {
        let permits = Permits::new(2);
        let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                let (permits, inside, most) = (permits.clone(), inside.clone(), most.clone());
                let work = move || {
                    most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                    std::thread::sleep(Duration::from_millis(2));
                    inside.fetch_sub(1, SeqCst);
                    Ok(())
                };
                scope.spawn(move || permits.run(LONG, LONG, work).unwrap());
            }
        });
        assert_eq!(most.load(SeqCst), 2);
    }

    #[test]
    fn a_runaway_costs_its_permit_and_nobody_waits_for_ever() {
        let permits = Permits::new(1);
        let (end, ended) = channel::<()>();
        let runaway = move || {
            ended.recv().unwrap();
            Ok(())
        };
        let short = Duration::from_millis(20);
        assert_eq!(permits.run(LONG, short, runaway), Err(TypesetFault::TooSlow));
        assert_eq!(permits.run(short, LONG, || Ok(())), Err(TypesetFault::Busy), "it has the only permit");
        end.send(()).unwrap();
        assert_eq!(permits.run(LONG, LONG, || Ok(7)), Ok(7), "and has given it back at its end");
    }

    #[test]
    fn a_panic_is_one_letters_trouble() {
        let permits = Permits::new(1);
        let panics = || -> Result<(), TypesetFault> { panic!("a defect") };
        assert_eq!(permits.run(LONG, LONG, panics), Err(TypesetFault::Panicked));
        assert_eq!(permits.run(LONG, LONG, || Ok(7)), Ok(7));
    }
}
