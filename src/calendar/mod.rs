//! Working days. The State Council publishes each year's holidays and make-up workdays late in the year before; until
//! then a year is provisional and every result across it says so. Every import is a version of the whole calendar, kept
//! with its file: what a due date was reckoned by can be shown years later.

pub mod import;
pub mod rules;
pub(crate) mod store;
mod view;

pub use view::{
    CalendarDay, CalendarVersion, CalendarVersionFile, CalendarYear, version_named, versions, year,
};

use crate::db::AnyConn;
use crate::fault::Outcome;

/// The calendar as imported.
///
/// # Errors
/// The database's.
pub fn load(conn: &mut AnyConn) -> Outcome<rules::WorkCalendar> {
    store::load(conn)
}
