//! Two times. *Business time* decides what is late, which number a letter gets and what stands in a record; it comes
//! from a [`Clock`] so that tests can hold it still and the demo can walk through a quarter. *Machine time* decides
//! leases, timeouts and token expiry, and always runs with the real clock. Nothing else in the crate reads a clock.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, SubsecRound, Utc};
use std::sync::{Arc, Mutex, PoisonError};

/// Where business time comes from.
pub trait Clock: Send + Sync + 'static {
    /// Business time, truncated to microseconds (what both databases can hold).
    fn now(&self) -> DateTime<Utc>;
}

/// The real clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        machine_now()
    }
}

/// A clock that stands where it is put: for tests, and for the demo's quarter.
#[derive(Debug, Clone)]
pub struct SetClock(Arc<Mutex<DateTime<Utc>>>);

impl SetClock {
    /// A clock that shows `at` until it is moved.
    pub fn new(at: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(at.trunc_subsecs(6))))
    }

    /// Moves the clock to `at`.
    pub fn set(&self, at: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at.trunc_subsecs(6);
    }
}

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that runs with the machine's, always as far apart: a demo's data goes on from where its quarter ended.
#[derive(Debug, Clone, Copy)]
pub struct ShiftedClock(chrono::TimeDelta);

impl ShiftedClock {
    /// A clock that showed `business` when the machine's showed `machine`.
    pub fn new(business: DateTime<Utc>, machine: DateTime<Utc>) -> Self {
        Self(business - machine)
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> DateTime<Utc> {
        (machine_now() + self.0).trunc_subsecs(6)
    }
}

/// The machine's own time, in microseconds: for leases, timeouts and tokens only.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the system's time")]
pub fn machine_now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// The offset of Asia/Shanghai: +08:00, without daylight saving since 1991.
pub const SHANGHAI: FixedOffset = match FixedOffset::east_opt(8 * 3600) {
    Some(offset) => offset,
    None => panic!("+08:00 is a valid offset"),
};

/// The first moment of a business day, 00:00 in Asia/Shanghai.
pub fn midnight(day: NaiveDate) -> DateTime<Utc> {
    let local = day.and_time(NaiveTime::MIN).and_local_timezone(SHANGHAI);
    local.single().map_or(DateTime::<Utc>::MAX_UTC, |at| at.to_utc())
}

/// The business day in Asia/Shanghai at `at`.
pub fn business_date(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&SHANGHAI).date_naive()
}
