//! Document numbers 发文字号: 代字〔年〕序号号. Taken at issue and never before, from a counter row in the issuing
//! transaction, so a series is gapless per word and year and a batch is consecutive. The year is that of the issue in
//! Asia/Shanghai.

use crate::db::AnyConn;
use crate::db::schema::counter;
use crate::fault::Outcome;
use diesel::prelude::*;

/// A number as printed, e.g. 演示函〔2026〕1号: six-sided brackets, no leading zero (GB/T 9704-2012, 7.2.5).
pub fn printed(word: &str, year: i32, seq: i32) -> String {
    format!("{word}〔{year}〕{seq}号")
}

/// Takes `count` consecutive values of a counter; returns the first. The row is held until the transaction ends.
///
/// # Errors
/// The database's.
pub fn take(conn: &mut AnyConn, name: &str, count: i64) -> Outcome<i64> {
    let raised = diesel::update(counter::table.find(name))
        .set(counter::value.eq(counter::value + count))
        .returning(counter::value)
        .get_result::<i64>(conn)
        .optional()?;
    let last = match raised {
        Some(last) => last,
        None => {
            diesel::insert_into(counter::table)
                .values((counter::name.eq(name), counter::value.eq(count)))
                .execute(conn)?;
            count
        }
    };
    Ok(last - count + 1)
}

#[cfg(test)]
mod tests {
    #[test]
    fn printed_as_the_standard_wants() {
        assert_eq!(super::printed("演示函", 2026, 1), "演示函〔2026〕1号");
    }
}
