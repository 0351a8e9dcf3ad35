//! Rows of origins; and apart from them, of those who complained.

use crate::db::schema::{finding, finding_origin, finding_reporter};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::findings::Source;
use crate::ids::{FacilityId, FindingId, OriginId, UserId};
use crate::photos::PhotoLine;
use chrono::NaiveDate;
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = finding_origin, check_for_backend(MultiBackend))]
pub struct OriginRow {
    pub id: OriginId,
    pub finding_id: FindingId,
    pub source: Source,
    pub document_number: Option<String>,
    pub document_date: Option<NaiveDate>,
    pub issuing_unit: Option<String>,
    pub received_on: NaiveDate,
    pub description: String,
    pub due_on: Option<NaiveDate>,
    pub observed: bool,
    pub entered_by: UserId,
    pub entered_at: Ts,
}

/// Not `Debug`: a log is no place for it.
#[derive(Clone, Insertable)]
#[diesel(table_name = finding_reporter)]
pub struct ReporterRow {
    pub origin_id: OriginId,
    pub name: String,
    pub contact: String,
    pub note: Option<String>,
}

/// A complaint, with who complained: sealed.
#[derive(Clone, serde::Serialize, utoipa::ToSchema)]
pub struct ReporterView {
    /// The origin that it is of.
    pub origin_id: OriginId,
    /// When the bureau had it.
    pub received_on: NaiveDate,
    /// Who complained; empty where they did not say.
    pub name: Option<String>,
    /// How to reach them.
    pub contact: Option<String>,
    /// A remark.
    pub note: Option<String>,
    /// What they sent.
    pub photos: Vec<PhotoLine>,
}

pub fn insert(conn: &mut AnyConn, row: &OriginRow) -> Outcome<()> {
    diesel::insert_into(finding_origin::table).values(row).execute(conn)?;
    Ok(())
}

pub fn insert_reporter(conn: &mut AnyConn, row: &ReporterRow) -> Outcome<()> {
    diesel::insert_into(finding_reporter::table).values(row).execute(conn)?;
    Ok(())
}

/// Whether a document has been entered for an item at a facility, whatever has become of the finding; one without a number
/// never has.
pub fn is_entered(
    conn: &mut AnyConn,
    facility: FacilityId,
    item_code: &str,
    new: &super::Entry,
) -> Outcome<bool> {
    let Some(number) = &new.document_number else { return Ok(false) };
    let same = finding_origin::table
        .inner_join(finding::table.on(finding::id.eq(finding_origin::finding_id)))
        .filter(finding::facility_id.eq(facility))
        .filter(finding::item_code.eq(item_code))
        .filter(finding_origin::source.eq(new.source))
        .filter(finding_origin::document_number.eq(number));
    Ok(same.count().get_result::<i64>(conn)? > 0)
}

/// The earliest deadline that the fire brigade has given for a finding.
pub fn brigade_due(conn: &mut AnyConn, id: FindingId) -> Outcome<Option<NaiveDate>> {
    let given = finding_origin::table
        .filter(finding_origin::finding_id.eq(id))
        .filter(finding_origin::source.eq(Source::Fire))
        .order(finding_origin::due_on)
        .select(finding_origin::due_on);
    Ok(given.first::<Option<NaiveDate>>(conn).optional()?.flatten())
}

/// The origins of a finding, oldest first.
pub fn of_finding(conn: &mut AnyConn, id: FindingId) -> Outcome<Vec<OriginRow>> {
    let of_finding = finding_origin::table.filter(finding_origin::finding_id.eq(id));
    let ordered = of_finding.order((finding_origin::entered_at, finding_origin::id));
    Ok(ordered.select(OriginRow::as_select()).load(conn)?)
}

/// The complaints about a finding, oldest first.
pub fn reporters(conn: &mut AnyConn, id: FindingId) -> Outcome<Vec<ReporterView>> {
    type Line = (OriginId, NaiveDate, Option<String>, Option<String>, Option<String>);
    let rows: Vec<Line> = finding_origin::table
        .left_join(finding_reporter::table.on(finding_reporter::origin_id.eq(finding_origin::id)))
        .filter(finding_origin::finding_id.eq(id))
        .filter(finding_origin::source.eq(Source::Complaint))
        .order((finding_origin::entered_at, finding_origin::id))
        .select((
            finding_origin::id,
            finding_origin::received_on,
            finding_reporter::name.nullable(),
            finding_reporter::contact.nullable(),
            finding_reporter::note.nullable(),
        ))
        .load(conn)?;
    let view = |(origin_id, received_on, name, contact, note): Line| ReporterView {
        origin_id,
        received_on,
        name,
        contact,
        note,
        photos: vec![],
    };
    Ok(rows.into_iter().map(view).collect())
}
