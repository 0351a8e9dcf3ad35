//! Document numbers 发文字号: 代字〔年〕序号号. Taken at issue and never before, from a counter row in the issuing
//! transaction, so a series is gapless per word and year and a batch is consecutive. The year is that of the issue in
//! Asia/Shanghai.

use crate::db::{AnyConn, counter};
use crate::fault::Outcome;

/// A number 发文字号.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// The word 机关代字.
    pub word: String,
    /// The year.
    pub year: i32,
    /// The serial number, from 1.
    pub seq: i32,
}

impl std::fmt::Display for Number {
    /// As printed, e.g. 演示函〔2026〕1号: six-sided brackets, no leading zero (GB/T 9704-2012, 7.2.5).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}〔{}〕{}号", self.word, self.year, self.seq)
    }
}

impl Number {
    /// The number that is printed so, and in no other way.
    pub fn parse(printed: &str) -> Option<Self> {
        let (word, rest) = printed.split_once('〔')?;
        let (year, seq) = rest.strip_suffix('号')?.split_once('〕')?;
        let number = Self { word: word.into(), year: year.parse().ok()?, seq: seq.parse().ok()? };
        let sensible = !word.is_empty() && (1950..=2999).contains(&number.year) && number.seq > 0;
        (sensible && number.to_string() == printed).then_some(number)
    }
}

fn series(word: &str, year: i32) -> String {
    format!("letter:{word}:{year}")
}

/// Says that the office has given out a number: should its word be counted here one day, the count goes on behind it.
///
/// # Errors
/// The database's.
pub fn given_out(conn: &mut AnyConn, number: &Number) -> Outcome<()> {
    counter::raise(conn, &series(&number.word, number.year), number.seq.into())
}

/// Takes `count` consecutive serial numbers of a word and year; returns the first.
///
/// # Errors
/// The database's.
pub fn take(conn: &mut AnyConn, word: &str, year: i32, count: i64) -> Outcome<i64> {
    counter::take(conn, &series(word, year), count)
}

#[cfg(test)]
mod tests {
    use super::Number;

    #[test]
    fn printed_as_the_standard_wants_and_read_back() {
        let number = Number { word: "演示函".into(), year: 2026, seq: 1 };
        assert_eq!(number.to_string(), "演示函〔2026〕1号");
        assert_eq!(Number::parse("演示函〔2026〕1号"), Some(number));
        for wrong in [
            "演示函[2026]1号",
            "演示函〔2026〕01号",
            "演示函〔26〕1号",
            "演示函〔2026〕第1号",
            "演示函〔2026〕0号",
            "演示函〔2026〕1",
            "〔2026〕1号",
            "演示函〔2026〕１号",
        ] {
            assert_eq!(Number::parse(wrong), None, "{wrong}");
        }
    }
}
