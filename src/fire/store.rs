//! Rows and queries of the register's lines; the bulletins have their own.

use super::{EnteredAs, EquipmentKind, Level, LineKind, Status};
use crate::access::Places;
use crate::access::scope::within;
use crate::db::schema::{
    facility, facility_version, fire_assessment, fire_certificate, fire_drill, fire_equipment, fire_line,
    fire_profile, fire_training,
};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::directory::FacilityState;
use crate::fault::Outcome;
use crate::ids::{AreaId, FacilityId, FindingId, LineId, UserId};
use chrono::NaiveDate;
use diesel::prelude::*;
use std::collections::BTreeSet;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = fire_line, check_for_backend(MultiBackend))]
pub struct LineRow {
    pub id: LineId,
    pub kind: LineKind,
    pub facility_id: FacilityId,
    pub entered_as: EnteredAs,
    pub entered_by: UserId,
    pub entered_at: Ts,
    pub counted_at: Option<Ts>,
    pub decided_by: Option<UserId>,
    pub decided_at: Option<Ts>,
    pub decision_note: Option<String>,
    pub withdrawn_by: Option<UserId>,
    pub withdrawn_at: Option<Ts>,
    pub withdrawn_reason: Option<String>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = fire_certificate, check_for_backend(MultiBackend))]
pub struct CertificateRow {
    pub line_id: LineId,
    pub seq: i32,
    pub since: NaiveDate,
    pub status: Status,
    pub person: String,
    pub level: Level,
    pub direction: String,
    pub employer: String,
    pub number_masked: Option<String>,
    pub number_hash: Option<String>,
    pub issued_on: Option<NaiveDate>,
    pub expires_on: Option<NaiveDate>,
    pub reason: Option<String>,
    pub entered_by: UserId,
    pub entered_at: Ts,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = fire_drill, check_for_backend(MultiBackend))]
pub struct DrillRow {
    pub line_id: LineId,
    pub held_on: NaiveDate,
    pub scenario: String,
    pub participants: i32,
    pub note: Option<String>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = fire_training, check_for_backend(MultiBackend))]
pub struct TrainingRow {
    pub line_id: LineId,
    pub person: String,
    pub course: String,
    pub organiser: String,
    pub from_on: NaiveDate,
    pub to_on: NaiveDate,
    pub hours: i32,
    pub passed: Option<bool>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = fire_equipment, check_for_backend(MultiBackend))]
pub struct EquipmentRow {
    pub line_id: LineId,
    pub kind: EquipmentKind,
    pub model: String,
    pub location: String,
    pub quantity: i32,
    pub placed_on: NaiveDate,
    pub expires_on: NaiveDate,
    pub removed_on: Option<NaiveDate>,
    pub removed_reason: Option<String>,
    pub removed_by: Option<UserId>,
    pub removed_at: Option<Ts>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = fire_profile, check_for_backend(MultiBackend))]
pub struct ProfileRow {
    pub facility_id: FacilityId,
    pub seq: i32,
    pub since: NaiveDate,
    pub control_room: bool,
    pub linkage: bool,
    pub single_person: bool,
    pub single_basis: Option<String>,
    pub key_unit: bool,
    pub entered_by: UserId,
    pub entered_at: Ts,
}

pub fn insert_line(conn: &mut AnyConn, row: &LineRow) -> Outcome<()> {
    diesel::insert_into(fire_line::table).values(row).execute(conn)?;
    Ok(())
}

pub fn insert_certificate(conn: &mut AnyConn, row: &CertificateRow) -> Outcome<()> {
    diesel::insert_into(fire_certificate::table).values(row).execute(conn)?;
    Ok(())
}

pub fn insert_drill(conn: &mut AnyConn, row: &DrillRow) -> Outcome<()> {
    diesel::insert_into(fire_drill::table).values(row).execute(conn)?;
    Ok(())
}

pub fn insert_training(conn: &mut AnyConn, row: &TrainingRow) -> Outcome<()> {
    diesel::insert_into(fire_training::table).values(row).execute(conn)?;
    Ok(())
}

pub fn insert_equipment(conn: &mut AnyConn, row: &EquipmentRow) -> Outcome<()> {
    diesel::insert_into(fire_equipment::table).values(row).execute(conn)?;
    Ok(())
}

pub fn insert_profile(conn: &mut AnyConn, row: &ProfileRow) -> Outcome<()> {
    diesel::insert_into(fire_profile::table).values(row).execute(conn)?;
    Ok(())
}

/// A line, locked on PostgreSQL until the transaction ends.
pub fn line_locked(conn: &mut AnyConn, id: LineId) -> Outcome<Option<LineRow>> {
    if let AnyConn::Pg(c) = conn {
        fire_line::table.find(id).select(fire_line::id).for_update().first::<LineId>(c).optional()?;
    }
    Ok(fire_line::table.find(id).select(LineRow::as_select()).first(conn).optional()?)
}

/// Records what a clerk decided of a claim.
pub fn decide(
    conn: &mut AnyConn,
    id: LineId,
    counts: bool,
    by: UserId,
    at: Ts,
    note: Option<&str>,
) -> Outcome<()> {
    diesel::update(fire_line::table.find(id))
        .set((
            fire_line::counted_at.eq(counts.then_some(at)),
            fire_line::decided_by.eq(Some(by)),
            fire_line::decided_at.eq(Some(at)),
            fire_line::decision_note.eq(note),
        ))
        .execute(conn)?;
    Ok(())
}

/// Records that a line was a mistake.
pub fn withdraw(conn: &mut AnyConn, id: LineId, by: UserId, at: Ts, reason: &str) -> Outcome<()> {
    diesel::update(fire_line::table.find(id))
        .set((
            fire_line::withdrawn_by.eq(Some(by)),
            fire_line::withdrawn_at.eq(Some(at)),
            fire_line::withdrawn_reason.eq(Some(reason)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Records that equipment is no longer in place.
pub fn remove(
    conn: &mut AnyConn,
    id: LineId,
    on: NaiveDate,
    reason: &str,
    by: UserId,
    at: Ts,
) -> Outcome<()> {
    diesel::update(fire_equipment::table.find(id))
        .set((
            fire_equipment::removed_on.eq(Some(on)),
            fire_equipment::removed_reason.eq(Some(reason)),
            fire_equipment::removed_by.eq(Some(by)),
            fire_equipment::removed_at.eq(Some(at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// A line and where it lies today.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(check_for_backend(MultiBackend))]
pub struct PlacedLine {
    #[diesel(embed)]
    pub line: LineRow,
    #[diesel(select_expression = facility_version::name)]
    pub facility_name: String,
    #[diesel(select_expression = facility_version::street_id)]
    pub street_id: AreaId,
}

/// Which lines.
#[derive(Debug, Clone, Default)]
pub struct LineFilter {
    /// Only this one.
    pub id: Option<LineId>,
    /// Only of this facility.
    pub facility_id: Option<FacilityId>,
    /// Only in this street.
    pub street_id: Option<AreaId>,
}

/// Lines of a kind within places, newest first.
pub fn lines(
    conn: &mut AnyConn,
    places: &Places,
    kind: LineKind,
    filter: &LineFilter,
    after: Option<LineId>,
    limit: i64,
) -> Outcome<Vec<PlacedLine>> {
    let mut query = fire_line::table
        .inner_join(facility_version::table.on(facility_version::facility_id.eq(fire_line::facility_id)))
        .filter(facility_version::valid_to.is_null())
        .filter(fire_line::kind.eq(kind))
        .select(PlacedLine::as_select())
        .into_boxed::<MultiBackend>();
    if let Some(id) = filter.id {
        query = query.filter(fire_line::id.eq(id));
    }
    if let Some(id) = filter.facility_id {
        query = query.filter(fire_line::facility_id.eq(id));
    }
    if let Some(id) = filter.street_id {
        query = query.filter(facility_version::street_id.eq(id));
    }
    if let Some(after) = after {
        query = query.filter(fire_line::id.lt(after));
    }
    let query = within!(query, places, facility_version::street_id, facility_version::facility_id);
    Ok(query.order(fire_line::id.desc()).limit(limit).load(conn)?)
}

/// Ids in one query.
const CHUNK: usize = 400;

macro_rules! of_ids {
    ($conn:expr, $ids:expr, $table:ident, $column:ident, $row:ty $(, $order:ident)*) => {{
        let mut rows: Vec<$row> = vec![];
        for chunk in $ids.chunks(CHUNK) {
            let found = $table::table.filter($table::$column.eq_any(chunk.to_vec()));
            rows.extend(found.order(($table::$column, $($table::$order),*)).select(<$row>::as_select()).load($conn)?);
        }
        Ok(rows)
    }};
}

/// The lines of facilities.
pub fn lines_of(conn: &mut AnyConn, facilities: &[FacilityId]) -> Outcome<Vec<LineRow>> {
    of_ids!(conn, facilities, fire_line, facility_id, LineRow, id)
}

/// The versions of certificates' lines, each line's in order.
pub fn certificates(conn: &mut AnyConn, lines: &[LineId]) -> Outcome<Vec<CertificateRow>> {
    of_ids!(conn, lines, fire_certificate, line_id, CertificateRow, seq)
}

/// Drills.
pub fn drills(conn: &mut AnyConn, lines: &[LineId]) -> Outcome<Vec<DrillRow>> {
    of_ids!(conn, lines, fire_drill, line_id, DrillRow)
}

/// Trainings.
pub fn trainings(conn: &mut AnyConn, lines: &[LineId]) -> Outcome<Vec<TrainingRow>> {
    of_ids!(conn, lines, fire_training, line_id, TrainingRow)
}

/// Equipment.
pub fn equipment(conn: &mut AnyConn, lines: &[LineId]) -> Outcome<Vec<EquipmentRow>> {
    of_ids!(conn, lines, fire_equipment, line_id, EquipmentRow)
}

/// The versions of facilities' profiles, each facility's in order.
pub fn profiles(conn: &mut AnyConn, facilities: &[FacilityId]) -> Outcome<Vec<ProfileRow>> {
    of_ids!(conn, facilities, fire_profile, facility_id, ProfileRow, seq)
}

/// The lines that name a certificate by one of these hashes in any version.
pub fn lines_with_number(conn: &mut AnyConn, hashes: &[String]) -> Outcome<Vec<(String, LineRow)>> {
    let mut found: Vec<(String, LineRow)> = vec![];
    for chunk in hashes.chunks(CHUNK) {
        let rows = fire_certificate::table
            .inner_join(fire_line::table.on(fire_line::id.eq(fire_certificate::line_id)))
            .filter(fire_certificate::number_hash.eq_any(chunk.to_vec()))
            .filter(fire_line::withdrawn_at.is_null())
            .order((fire_certificate::line_id, fire_certificate::seq))
            .select((fire_certificate::number_hash.assume_not_null(), LineRow::as_select()));
        found.extend(rows.load::<(String, LineRow)>(conn)?);
    }
    Ok(found)
}

/// The facilities within places by code.
pub fn codes(conn: &mut AnyConn, places: &Places) -> Outcome<Vec<(String, FacilityId)>> {
    let query = facility::table
        .inner_join(facility_version::table.on(facility_version::facility_id.eq(facility::id)))
        .filter(facility_version::valid_to.is_null())
        .select((facility::code, facility::id))
        .into_boxed::<MultiBackend>();
    Ok(within!(query, places, facility_version::street_id, facility::id).order(facility::code).load(conn)?)
}

/// The facilities that the register knows.
pub fn kept(conn: &mut AnyConn) -> Outcome<Vec<FacilityId>> {
    let with_profile = fire_profile::table.select(fire_profile::facility_id).distinct();
    let with_line = fire_line::table.select(fire_line::facility_id).distinct();
    let mut ids: BTreeSet<FacilityId> = with_profile.load::<FacilityId>(conn)?.into_iter().collect();
    ids.extend(with_line.load::<FacilityId>(conn)?);
    Ok(ids.into_iter().collect())
}

/// A version of a facility, as far as the summary asks.
#[derive(Debug, Clone, Queryable)]
pub struct FacilityVersion {
    pub facility_id: FacilityId,
    pub valid_from: Ts,
    pub street_id: AreaId,
    pub status: FacilityState,
}

/// All versions of the facilities that lie within places today, each facility's in order.
pub fn facility_versions(
    conn: &mut AnyConn,
    places: &Places,
    only: Option<FacilityId>,
) -> Outcome<Vec<FacilityVersion>> {
    let mut today = facility::table
        .inner_join(facility_version::table.on(facility_version::facility_id.eq(facility::id)))
        .filter(facility_version::valid_to.is_null())
        .select(facility::id)
        .into_boxed::<MultiBackend>();
    if let Some(id) = only {
        today = today.filter(facility::id.eq(id));
    }
    let ids: Vec<FacilityId> =
        within!(today, places, facility_version::street_id, facility::id).order(facility::id).load(conn)?;
    let mut versions = vec![];
    for chunk in ids.chunks(CHUNK) {
        let of_chunk = facility_version::table
            .filter(facility_version::facility_id.eq_any(chunk.to_vec()))
            .order((facility_version::facility_id, facility_version::valid_from, facility_version::id))
            .select((
                facility_version::facility_id,
                facility_version::valid_from,
                facility_version::street_id,
                facility_version::status,
            ));
        versions.extend(of_chunk.load::<FacilityVersion>(conn)?);
    }
    Ok(versions)
}

/// The names of facilities today, with their streets.
pub fn names(
    conn: &mut AnyConn,
    places: &Places,
    ids: &[FacilityId],
) -> Outcome<Vec<(FacilityId, String, AreaId)>> {
    let mut found = vec![];
    for chunk in ids.chunks(CHUNK) {
        let query = facility_version::table
            .filter(facility_version::valid_to.is_null())
            .filter(facility_version::facility_id.eq_any(chunk.to_vec()))
            .select((facility_version::facility_id, facility_version::name, facility_version::street_id))
            .into_boxed::<MultiBackend>();
        let query = within!(query, places, facility_version::street_id, facility_version::facility_id);
        found.extend(query.order(facility_version::facility_id).load::<(FacilityId, String, AreaId)>(conn)?);
    }
    Ok(found)
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = fire_assessment, check_for_backend(MultiBackend))]
pub struct AssessmentRow {
    pub facility_id: FacilityId,
    pub item_code: String,
    pub facts: String,
    pub finding_id: FindingId,
    pub assessed_at: Ts,
}

pub fn assessment(
    conn: &mut AnyConn,
    facility: FacilityId,
    item_code: &str,
) -> Outcome<Option<AssessmentRow>> {
    let known = fire_assessment::table.find((facility, item_code));
    Ok(known.select(AssessmentRow::as_select()).first(conn).optional()?)
}

pub fn put_assessment(conn: &mut AnyConn, row: &AssessmentRow) -> Outcome<()> {
    clear_assessment(conn, row.facility_id, &row.item_code)?;
    diesel::insert_into(fire_assessment::table).values(row).execute(conn)?;
    Ok(())
}

pub fn clear_assessment(conn: &mut AnyConn, facility: FacilityId, item_code: &str) -> Outcome<()> {
    diesel::delete(fire_assessment::table.find((facility, item_code))).execute(conn)?;
    Ok(())
}
