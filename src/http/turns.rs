//! Turns: what takes much memory is done a few at a time, outside the threads that serve requests. Who comes while all turns
//! are taken waits a little, and is then told to come again.

use crate::fault::{Fault, Outcome};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// So many at a time.
pub struct Turns {
    free: Semaphore,
    /// What there is too much of, for the log.
    crowd: &'static str,
}

/// Leave to work, given back when dropped.
pub type Turn = SemaphorePermit<'static>;

impl Turns {
    /// Turns for `at_a_time`; `crowd` says for the log what there is too much of when none comes free.
    pub const fn new(at_a_time: usize, crowd: &'static str) -> Self {
        Self { free: Semaphore::const_new(at_a_time), crowd }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`Fault::Busy`] when none comes in time.
    pub async fn take(&'static self) -> Outcome<Turn> {
        self.take_within(PATIENCE).await
    }

    async fn take_within(&'static self, patience: Duration) -> Outcome<Turn> {
        let busy = |_| Fault::Busy(self.crowd.into());
        tokio::time::timeout(patience, self.free.acquire()).await.map_err(busy)?.map_err(Fault::internal)
    }

    /// Waits for a turn and works on a thread that may block.
    ///
    /// # Errors
    /// [`Fault::Busy`] when no turn comes in time; those of the work; [`Fault::Internal`] when it panics.
    pub async fn run<T: Send + 'static>(
        &'static self,
        work: impl FnOnce() -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let turn = self.take().await?;
        let done = tokio::task::spawn_blocking(move || {
            // Held until the work ends, even if the client does not wait for it.
            let _turn = turn;
            work()
        });
        done.await.map_err(Fault::internal)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(work: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work);
    }

    #[test]
    fn so_many_and_no_more() {
        static TWO: Turns = Turns::new(2, "too many of them");
        run(async {
            let (first, _second) = (TWO.take().await.unwrap(), TWO.take().await.unwrap());
            let told = TWO.take_within(Duration::from_millis(5)).await.unwrap_err();
            assert!(matches!(told, Fault::Busy(crowd) if crowd == "too many of them"));
            let (waited, ()) = tokio::join!(TWO.take(), async { drop(first) });
            drop(waited.unwrap());
        });
    }

    #[test]
    fn a_turn_ends_with_its_work_and_not_with_who_waits() {
        static ONE: Turns = Turns::new(1, "too much");
        run(async {
            let (end, ends) = std::sync::mpsc::channel();
            let work = ONE.run(move || ends.recv().map_err(Fault::internal));
            // The client goes away while the work goes on.
            tokio::time::timeout(Duration::from_millis(20), work).await.unwrap_err();
            assert!(ONE.take_within(Duration::from_millis(5)).await.is_err());
            end.send(()).unwrap();
            drop(ONE.take().await.unwrap());
        });
    }

    #[test]
    fn a_turn_is_given_back_after_a_fault_and_a_panic() {
        static ONE: Turns = Turns::new(1, "too much");
        run(async {
            let told = ONE.run(|| Err::<(), _>(Fault::missing("它"))).await;
            assert!(matches!(told, Err(Fault::Missing(_))));
            let told = ONE.run::<()>(|| panic!("as a decoder might")).await;
            assert!(matches!(told, Err(Fault::Internal(_))));
            assert_eq!(ONE.run(|| Ok(3)).await.unwrap(), 3);
        });
    }
}
