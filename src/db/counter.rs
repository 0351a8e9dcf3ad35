//! Gapless numbers: a counter row raised in the transaction that uses the number, so that a rollback gives it back.

use super::AnyConn;
use super::schema::counter;
use crate::fault::Outcome;
use diesel::prelude::*;

/// Sees to it that what is taken next lies behind `value`.
///
/// # Errors
/// The database's.
pub fn raise(conn: &mut AnyConn, name: &str, value: i64) -> Outcome<()> {
    let next = take(conn, name, 0)?;
    if next - 1 < value {
        diesel::update(counter::table.find(name)).set(counter::value.eq(value)).execute(conn)?;
    }
    Ok(())
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
