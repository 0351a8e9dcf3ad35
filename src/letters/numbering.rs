//! Document numbers 发文字号: 代字〔年〕序号号. Taken at issue and never before, from a counter row in the issuing
//! transaction, so a series is gapless per word and year and a batch is consecutive. The year is that of the issue in
//! Asia/Shanghai.

use crate::db::{AnyConn, counter};
use crate::fault::Outcome;

/// A number as printed, e.g. 演示函〔2026〕1号: six-sided brackets, no leading zero (GB/T 9704-2012, 7.2.5).
pub fn printed(word: &str, year: i32, seq: i32) -> String {
    format!("{word}〔{year}〕{seq}号")
}

/// Takes `count` consecutive serial numbers of a word and year; returns the first.
///
/// # Errors
/// The database's.
pub fn take(conn: &mut AnyConn, word: &str, year: i32, count: i64) -> Outcome<i64> {
    counter::take(conn, &format!("letter:{word}:{year}"), count)
}

#[cfg(test)]
mod tests {
    #[test]
    fn printed_as_the_standard_wants() {
        assert_eq!(super::printed("演示函", 2026, 1), "演示函〔2026〕1号");
    }
}
