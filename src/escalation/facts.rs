//! What the clock must know of a finding, and of a day, from the rows.

use super::rules::{Day, Facts, StageDue};
use crate::calendar::{self, rules::WorkCalendar};
use crate::clock::business_date;
use crate::db::AnyConn;
use crate::fault::Outcome;
use crate::findings::rules::State;
use crate::findings::side::stages_in_force;
use crate::findings::store::{FindingRow, intervals};
use crate::ids::FindingId;
use crate::settings::{self, Clock};
use chrono::NaiveDate;

/// What a day is reckoned by.
pub struct Almanac {
    today: NaiveDate,
    calendar: WorkCalendar,
    clock: Clock,
}

impl Almanac {
    pub fn read(conn: &mut AnyConn, today: NaiveDate) -> Outcome<Self> {
        Ok(Self { today, calendar: calendar::load(conn)?, clock: settings::get(conn)? })
    }

    pub fn day(&self) -> Day<'_> {
        Day { today: self.today, calendar: &self.calendar, clock: &self.clock }
    }
}

pub fn facts_of(conn: &mut AnyConn, row: &FindingRow, today: NaiveDate) -> Outcome<Facts> {
    let mut stages = vec![];
    if row.state == State::LongTerm {
        stages = stages_in_force(conn, row.id)?;
        // The last stage's day is the finding's own.
        stages.pop();
    }
    let late = row.state.is_to_rectify() && row.due_on.is_some_and(|due| due < today);
    let waiting = stages.iter().filter(|s| s.done_at.is_none());
    Ok(Facts {
        state: row.state,
        third_party: row.third_party,
        route: row.route,
        found_on: business_date(row.found_at.0),
        served_on: row.served_at.map(|at| business_date(at.0)),
        due_on: row.due_on,
        claimed_on: row.claimed_at.map(|at| business_date(at.0)),
        stages: waiting.map(|s| StageDue { position: s.position, due_on: s.due_on }).collect(),
        away: if late { away(conn, row.id)? } else { vec![] },
    })
}

/// From when to when the responsible side had nothing to do.
fn away(conn: &mut AnyConn, id: FindingId) -> Outcome<Vec<(NaiveDate, NaiveDate)>> {
    let ended = intervals(conn, id)?.into_iter().filter(|i| !i.state.is_to_rectify());
    let days = ended.filter_map(|i| Some((business_date(i.from_at.0), business_date(i.to_at?.0))));
    Ok(days.collect())
}
