//! When a project line is stale: PURE. It is fresh on the day of the last report and for so many days after.

use crate::clock::business_date;
use chrono::{DateTime, Days, NaiveDate, Utc};

/// The last day on which a line is fresh.
pub fn fresh_until(refreshed_at: DateTime<Utc>, days: i32) -> NaiveDate {
    let days = Days::new(u64::try_from(days).unwrap_or(0));
    business_date(refreshed_at).checked_add_days(days).unwrap_or(NaiveDate::MAX)
}

/// Whether nobody has refreshed a line in time.
pub fn is_stale(refreshed_at: DateTime<Utc>, days: i32, now: DateTime<Utc>) -> bool {
    business_date(now) > fresh_until(refreshed_at, days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_stale_at_midnight_in_guangzhou() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let last = at("2026-08-03T15:59:59Z");
        assert!(!is_stale(last, 7, at("2026-08-03T16:00:00Z")));
        assert!(!is_stale(last, 7, at("2026-08-10T15:59:59Z")));
        assert!(is_stale(last, 7, at("2026-08-10T16:00:00Z")));
        assert!(
            is_stale(last, 1, at("2026-08-04T16:00:00Z")) && !is_stale(last, 8, at("2026-08-10T16:00:00Z"))
        );
    }
}
