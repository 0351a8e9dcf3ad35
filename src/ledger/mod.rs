//! The ledger 问题清单、任务清单、责任清单: one row per finding with what is wrong, what is done about it, and who answers for it by
//! when (`rows`); the same as a table for Excel (`table`, pure); figures over it, each with its numerator, denominator and rule
//! (`summary`, with `rules`, pure), also as they were at a moment (`moment`); and what an auditor looks at first (`exceptions`). Nothing is kept: everything is read from
//! the findings and their histories at one moment, and every answer says of which day it is.

mod exceptions;
mod moment;
mod rows;
pub mod rules;
mod store;
mod summary;
mod table;

pub use exceptions::{ExceptionFilter, ExceptionRow, exceptions};
pub use moment::{MomentFigures, figures_at};
pub use rows::{GroupMark, LedgerPage, LedgerRow, list};
pub use summary::{LedgerSummary, Rate, summary};
pub use table::{CsvTable, export};

use crate::clock::midnight;
use crate::findings::FindingFilter;
use chrono::NaiveDate;

/// Narrows a filter to what was found from a day to a day, both counted.
pub fn found_within(filter: FindingFilter, from: Option<NaiveDate>, to: Option<NaiveDate>) -> FindingFilter {
    FindingFilter {
        found_from: from.map(|day| midnight(day).into()),
        found_before: to.and_then(|day| day.succ_opt()).map(|day| midnight(day).into()),
        ..filter
    }
}
