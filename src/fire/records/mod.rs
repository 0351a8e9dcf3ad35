//! Drills, trainings and equipment. A record is entered once and stays; equipment that is replaced is removed with its day,
//! and what takes its place is entered anew.

mod equipment;

pub use equipment::{
    EquipmentView, NewEquipment, enter_equipment, equipment, one_equipment, remove_equipment,
};
pub(super) use equipment::{check_equipment, put_equipment};

use super::lines::{self, EntryView, OfLine, Place, entry_view};
use super::rules::DutyRule;
use super::store::{self, DrillRow, LineFilter, PlacedLine, TrainingRow};
use super::{LineKind, LineState};
use crate::access::{Holder, Places};
use crate::clock::business_date;
use crate::db::page::{Page, PageAsk};
use crate::db::{AnyConn, Tx};
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, FacilityId, LineId};
use chrono::NaiveDate;
use std::collections::HashMap;

/// A drill.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct DrillView {
    /// The line.
    pub id: LineId,
    /// The facility.
    pub facility_id: FacilityId,
    /// Its name today.
    pub facility_name: String,
    /// Its street today.
    pub street_id: AreaId,
    /// The day.
    pub held_on: NaiveDate,
    /// What was practised.
    pub scenario: String,
    /// How many took part.
    pub participants: i32,
    /// What came of it.
    pub note: Option<String>,
    /// Who entered it, and what became of it.
    pub entry: EntryView,
}

impl OfLine for DrillView {
    fn line(&self) -> LineId {
        self.id
    }
}

/// A person's training.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct TrainingView {
    /// The line.
    pub id: LineId,
    /// The facility.
    pub facility_id: FacilityId,
    /// Its name today.
    pub facility_name: String,
    /// Its street today.
    pub street_id: AreaId,
    /// Name or pseudonym.
    pub person: String,
    /// What was taught.
    pub course: String,
    /// Who held it.
    pub organiser: String,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day.
    pub to_on: NaiveDate,
    /// Hours.
    pub hours: i32,
    /// Whether the person passed; none where nothing was examined.
    pub passed: Option<bool>,
    /// Who entered it, and what became of it.
    pub entry: EntryView,
}

impl OfLine for TrainingView {
    fn line(&self) -> LineId {
        self.id
    }
}

/// A new drill.
#[derive(Debug, Clone)]
pub struct NewDrill {
    /// The facility.
    pub facility_id: FacilityId,
    /// The day.
    pub held_on: NaiveDate,
    /// What was practised.
    pub scenario: String,
    /// How many took part.
    pub participants: i32,
    /// What came of it.
    pub note: Option<String>,
}

/// A new training.
#[derive(Debug, Clone)]
pub struct NewTraining {
    /// The facility.
    pub facility_id: FacilityId,
    /// Name or pseudonym.
    pub person: String,
    /// What was taught.
    pub course: String,
    /// Who held it.
    pub organiser: String,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day.
    pub to_on: NaiveDate,
    /// Hours.
    pub hours: i32,
    /// Whether the person passed.
    pub passed: Option<bool>,
}

/// Which drills, trainings or equipment.
#[derive(Debug, Clone, Default)]
pub struct RecordFilter {
    /// Where.
    pub lines: LineFilter,
    /// Only those that count, or do not.
    pub state: Option<LineState>,
    /// Of trainings: only of this person.
    pub person: Option<String>,
    /// Of equipment in place: only what expires within so many days, or has expired.
    pub expiring_in: Option<u64>,
}

impl RecordFilter {
    fn passes(&self, entry: &EntryView) -> bool {
        self.state.is_none_or(|state| state == entry.state)
    }
}

fn place(line: &PlacedLine) -> Place {
    Place {
        facility_id: line.line.facility_id,
        facility_name: line.facility_name.clone(),
        street_id: line.street_id,
    }
}

fn ids(lines: &[PlacedLine]) -> Vec<LineId> {
    lines.iter().map(|l| l.line.id).collect()
}

/// Drills, newest entry first.
///
/// # Errors
/// A bad page.
pub fn drills(
    conn: &mut AnyConn,
    places: &Places,
    filter: &RecordFilter,
    ask: &PageAsk,
) -> Outcome<Page<DrillView>> {
    let present = |conn: &mut AnyConn, lines: Vec<PlacedLine>| {
        let rows = store::drills(conn, &ids(&lines))?;
        let mut rows: HashMap<LineId, DrillRow> = rows.into_iter().map(|r| (r.line_id, r)).collect();
        Ok(lines.iter().filter_map(|line| Some(drill_view(line, rows.remove(&line.line.id)?))).collect())
    };
    let passes = |d: &DrillView| filter.passes(&d.entry);
    lines::sift(conn, places, LineKind::Drill, &filter.lines, ask, &present, &passes)
}

fn drill_view(line: &PlacedLine, row: DrillRow) -> DrillView {
    let Place { facility_id, facility_name, street_id } = place(line);
    DrillView {
        id: line.line.id,
        facility_id,
        facility_name,
        street_id,
        held_on: row.held_on,
        scenario: row.scenario,
        participants: row.participants,
        note: row.note,
        entry: entry_view(&line.line),
    }
}

/// Trainings, newest entry first.
///
/// # Errors
/// A bad page.
pub fn trainings(
    conn: &mut AnyConn,
    places: &Places,
    filter: &RecordFilter,
    ask: &PageAsk,
) -> Outcome<Page<TrainingView>> {
    let present = |conn: &mut AnyConn, lines: Vec<PlacedLine>| {
        let rows = store::trainings(conn, &ids(&lines))?;
        let mut rows: HashMap<LineId, TrainingRow> = rows.into_iter().map(|r| (r.line_id, r)).collect();
        Ok(lines.iter().filter_map(|line| Some(training_view(line, rows.remove(&line.line.id)?))).collect())
    };
    let passes = |t: &TrainingView| {
        filter.passes(&t.entry) && filter.person.as_ref().is_none_or(|person| *person == t.person)
    };
    lines::sift(conn, places, LineKind::Training, &filter.lines, ask, &present, &passes)
}

fn training_view(line: &PlacedLine, row: TrainingRow) -> TrainingView {
    let Place { facility_id, facility_name, street_id } = place(line);
    TrainingView {
        id: line.line.id,
        facility_id,
        facility_name,
        street_id,
        person: row.person,
        course: row.course,
        organiser: row.organiser,
        from_on: row.from_on,
        to_on: row.to_on,
        hours: row.hours,
        passed: row.passed,
        entry: entry_view(&line.line),
    }
}

/// One drill.
///
/// # Errors
/// Missing.
pub fn drill(conn: &mut AnyConn, id: LineId) -> Outcome<DrillView> {
    let (line, mut rows) = (placed(conn, LineKind::Drill, id)?, store::drills(conn, &[id])?);
    let row = rows.pop().ok_or_else(|| Fault::missing("演练记录"))?;
    Ok(drill_view(&line, row))
}

/// One training.
///
/// # Errors
/// Missing.
pub fn training(conn: &mut AnyConn, id: LineId) -> Outcome<TrainingView> {
    let (line, mut rows) = (placed(conn, LineKind::Training, id)?, store::trainings(conn, &[id])?);
    let row = rows.pop().ok_or_else(|| Fault::missing("培训记录"))?;
    Ok(training_view(&line, row))
}

fn placed(conn: &mut AnyConn, kind: LineKind, id: LineId) -> Outcome<PlacedLine> {
    let filter = LineFilter { id: Some(id), ..LineFilter::default() };
    let found = store::lines(conn, &Places::everywhere(), kind, &filter, None, 1)?.pop();
    found.ok_or_else(|| Fault::missing("消防台账记录"))
}

/// Enters a drill.
///
/// # Errors
/// `unknown_facility`, `in_future`.
pub fn enter_drill(tx: &mut Tx<'_>, holder: &Holder, new: &NewDrill, rule: DutyRule) -> Outcome<LineId> {
    let (line, _) = lines::begin(tx, holder, LineKind::Drill, new.facility_id)?;
    lines::not_after_today(new.held_on, business_date(tx.now()), "/held_on")?;
    let row = DrillRow {
        line_id: line.id,
        held_on: new.held_on,
        scenario: new.scenario.clone(),
        participants: new.participants,
        note: new.note.clone(),
    };
    store::insert_drill(tx.conn(), &row)?;
    lines::changed(tx, &line, "entered", rule)?;
    Ok(line.id)
}

/// Enters a person's training.
///
/// # Errors
/// `unknown_facility`, `in_future`, `bad_dates`.
pub fn enter_training(
    tx: &mut Tx<'_>,
    holder: &Holder,
    new: &NewTraining,
    rule: DutyRule,
) -> Outcome<LineId> {
    let (line, _) = lines::begin(tx, holder, LineKind::Training, new.facility_id)?;
    lines::not_after_today(new.to_on, business_date(tx.now()), "/to_on")?;
    if new.to_on < new.from_on {
        return Err(Fault::invalid("/to_on", "bad_dates", "结束日期不能早于开始日期"));
    }
    let row = TrainingRow {
        line_id: line.id,
        person: new.person.trim().to_string(),
        course: new.course.clone(),
        organiser: new.organiser.clone(),
        from_on: new.from_on,
        to_on: new.to_on,
        hours: new.hours,
        passed: new.passed,
    };
    store::insert_training(tx.conn(), &row)?;
    lines::changed(tx, &line, "entered", rule)?;
    Ok(line.id)
}
