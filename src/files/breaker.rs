//! Fails fast for a few seconds after repeated failures, so that a storage that is down does not hold every request for
//! as long as its timeout.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row that open it.
const FAILURES: u32 = 3;
/// How long it then stays open; the first call afterwards tries again.
const PAUSE: Duration = Duration::from_secs(3);

/// Counts the failures in a row.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<Failures>);

#[derive(Debug, Default)]
struct Failures {
    in_a_row: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    /// Whether calls should fail now without being tried.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.open_until.is_some_and(|until| now < until)
    }

    /// Takes note of how a call went.
    pub(super) fn note(&self, well: bool, now: Instant) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if well {
            *failures = Failures::default();
            return;
        }
        failures.in_a_row = failures.in_a_row.saturating_add(1);
        if failures.in_a_row >= FAILURES {
            failures.open_until = Some(now + PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_closes_by_itself() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        for well in [false, false, true, false, false] {
            breaker.note(well, start);
            assert!(!breaker.is_open(start));
        }
        breaker.note(false, start);
        assert!(breaker.is_open(start) && breaker.is_open(start + PAUSE / 2));
        assert!(!breaker.is_open(start + PAUSE));
        breaker.note(false, start + PAUSE);
        assert!(breaker.is_open(start + PAUSE), "one more failure is enough");
        breaker.note(true, start + PAUSE);
        assert!(!breaker.is_open(start + PAUSE));
    }
}
