//! Certificates as clients see them: by their newest versions, with the other facilities that name the same one.

use super::{matters, naming};
use crate::access::Places;
use crate::db::AnyConn;
use crate::db::page::{Page, PageAsk};
use crate::fault::{Fault, Outcome};
use crate::fire::lines::{self, EntryView, OfLine, entry_view};
use crate::fire::rules::{self, Moment};
use crate::fire::store::{self, CertificateRow, LineFilter, PlacedLine};
use crate::fire::{Level, LineKind, LineState, Standing, Status, load};
use crate::ids::{AreaId, FacilityId, LineId, UserId};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeMap, HashMap};

/// A certificate's line as it stands today.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct CertificateView {
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
    /// Level.
    pub level: Level,
    /// Direction, e.g. 消防设施监控操作.
    pub direction: String,
    /// Who employs the person.
    pub employer: String,
    /// The number's last four characters.
    pub number: Option<String>,
    /// What the line says.
    pub status: Status,
    /// Where that stands today: 过期 follows from the day.
    pub standing: Standing,
    /// Issued.
    pub issued_on: Option<NaiveDate>,
    /// Last day; none where it does not expire.
    pub expires_on: Option<NaiveDate>,
    /// From this day on.
    pub since: NaiveDate,
    /// For `If-Match`: the version.
    pub revision: i32,
    /// Another facility names the same certificate.
    pub shared: bool,
    /// Those of them that the reader reaches.
    pub shared_with: Vec<SharedWith>,
    /// Who entered it, and what became of it.
    pub entry: EntryView,
}

impl OfLine for CertificateView {
    fn line(&self) -> LineId {
        self.id
    }
}

/// Another facility that names the same certificate.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct SharedWith {
    /// The facility.
    pub facility_id: FacilityId,
    /// Its name.
    pub facility_name: String,
}

/// A certificate's line with its versions.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct CertificateDetail {
    /// As it stands today.
    pub certificate: CertificateView,
    /// All versions, the first first.
    pub versions: Vec<CertificateVersion>,
}

/// A version.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct CertificateVersion {
    /// Its number, from 1.
    pub version: i32,
    /// From this day on.
    pub since: NaiveDate,
    /// What it says.
    pub status: Status,
    /// Level.
    pub level: Level,
    /// Direction.
    pub direction: String,
    /// Employer.
    pub employer: String,
    /// The number's last four characters.
    pub number: Option<String>,
    /// Issued.
    pub issued_on: Option<NaiveDate>,
    /// Last day.
    pub expires_on: Option<NaiveDate>,
    /// Why it was changed.
    pub reason: Option<String>,
    /// Who entered it.
    pub entered_by: UserId,
    /// When.
    pub entered_at: DateTime<Utc>,
}

/// Which certificates.
#[derive(Debug, Clone, Default)]
pub struct CertificateFilter {
    /// Where.
    pub lines: LineFilter,
    /// Only of this level.
    pub level: Option<Level>,
    /// Only those that stand so today.
    pub standing: Option<Standing>,
    /// Only those that count, or do not.
    pub state: Option<LineState>,
    /// Only those that another facility names too.
    pub shared: Option<bool>,
}

/// Certificates' lines, newest first.
///
/// # Errors
/// A bad page.
pub fn list(
    conn: &mut AnyConn,
    places: &Places,
    filter: &CertificateFilter,
    ask: &PageAsk,
    now: DateTime<Utc>,
) -> Outcome<Page<CertificateView>> {
    let passes = |c: &CertificateView| {
        filter.level.is_none_or(|level| level == c.level)
            && filter.standing.is_none_or(|standing| standing == c.standing)
            && filter.state.is_none_or(|state| state == c.entry.state)
            && filter.shared.is_none_or(|shared| shared == c.shared)
    };
    let present = |conn: &mut AnyConn, lines| views(conn, places, lines, now);
    lines::sift(conn, places, LineKind::Certificate, &filter.lines, ask, &present, &passes)
}

/// One line with its versions.
///
/// # Errors
/// Missing.
pub fn find(
    conn: &mut AnyConn,
    places: &Places,
    id: LineId,
    now: DateTime<Utc>,
) -> Outcome<CertificateDetail> {
    let filter = LineFilter { id: Some(id), ..LineFilter::default() };
    let line = store::lines(conn, places, LineKind::Certificate, &filter, None, 1)?;
    let certificate = views(conn, places, line, now)?.pop().ok_or_else(|| Fault::missing("持证人员"))?;
    let versions = store::certificates(conn, &[id])?.into_iter().map(version).collect();
    Ok(CertificateDetail { certificate, versions })
}

fn version(row: CertificateRow) -> CertificateVersion {
    CertificateVersion {
        version: row.seq,
        since: row.since,
        status: row.status,
        level: row.level,
        direction: row.direction,
        employer: row.employer,
        number: row.number_masked,
        issued_on: row.issued_on,
        expires_on: row.expires_on,
        reason: row.reason,
        entered_by: row.entered_by,
        entered_at: row.entered_at.0,
    }
}

/// Presents lines by their newest versions: versions begin in order and never in the future.
fn views(
    conn: &mut AnyConn,
    places: &Places,
    lines: Vec<PlacedLine>,
    now: DateTime<Utc>,
) -> Outcome<Vec<CertificateView>> {
    let ids: Vec<LineId> = lines.iter().map(|l| l.line.id).collect();
    let newest: HashMap<LineId, CertificateRow> =
        store::certificates(conn, &ids)?.into_iter().map(|row| (row.line_id, row)).collect();
    let at = load::today(now);
    let elsewhere = facilities_by_number(conn, newest.values(), at)?;
    let mut others: Vec<FacilityId> = elsewhere.values().flatten().copied().collect();
    others.sort_unstable();
    others.dedup();
    let names: BTreeMap<FacilityId, String> =
        store::names(conn, places, &others)?.into_iter().map(|(id, name, _)| (id, name)).collect();
    let view = |placed: PlacedLine| {
        let row = newest.get(&placed.line.id)?.clone();
        let here = placed.line.facility_id;
        let named = row.number_hash.as_ref().filter(|_| matters(&placed.line, &row));
        let of_number = named.and_then(|hash| elsewhere.get(hash)).into_iter().flatten();
        let other: Vec<FacilityId> = of_number.copied().filter(|f| *f != here).collect();
        let known = other.iter().filter_map(|f| Some((*f, names.get(f)?.clone())));
        let shared_with =
            known.map(|(facility_id, facility_name)| SharedWith { facility_id, facility_name }).collect();
        Some(present(placed, row, !other.is_empty(), shared_with, at))
    };
    Ok(lines.into_iter().filter_map(view).collect())
}

fn present(
    placed: PlacedLine,
    row: CertificateRow,
    shared: bool,
    shared_with: Vec<SharedWith>,
    at: Moment,
) -> CertificateView {
    CertificateView {
        id: placed.line.id,
        facility_id: placed.line.facility_id,
        facility_name: placed.facility_name,
        street_id: placed.street_id,
        person: row.person,
        level: row.level,
        direction: row.direction,
        employer: row.employer,
        number: row.number_masked,
        status: row.status,
        standing: rules::standing(row.status, row.expires_on, at.on),
        issued_on: row.issued_on,
        expires_on: row.expires_on,
        since: row.since,
        revision: row.seq,
        shared,
        shared_with,
        entry: entry_view(&placed.line),
    }
}

/// The facilities that name each number now.
fn facilities_by_number<'a>(
    conn: &mut AnyConn,
    rows: impl Iterator<Item = &'a CertificateRow>,
    at: Moment,
) -> Outcome<BTreeMap<String, Vec<FacilityId>>> {
    let mut hashes: Vec<String> = rows.filter_map(|row| row.number_hash.clone()).collect();
    hashes.sort_unstable();
    hashes.dedup();
    let mut facilities: BTreeMap<String, Vec<FacilityId>> = BTreeMap::new();
    for (hash, line) in naming(conn, &hashes, at)? {
        facilities.entry(hash).or_default().push(line.facility_id);
    }
    Ok(facilities)
}
