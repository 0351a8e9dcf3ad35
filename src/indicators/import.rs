//! What streets report, from a file: read and judge every line, then store all of them or none. A value that differs from
//! the one of before is a new version; the same again is none. The import is kept with the hash of its file.

mod line;

use super::store::{self, ImportRow, ValueRow};
use super::{catalogue, sheet};
use crate::access::Places;
use crate::clock::business_date;
use crate::db::{AnyConn, Change, Tx};
use crate::directory::areas::AreaFilter;
use crate::directory::{AreaView, store as directory};
use crate::fault::Outcome;
use crate::files::sha256_of;
use crate::ids::{AreaId, IndicatorImportId, TypedId as _};
use crate::tables::{self, Parsed};
use chrono::{DateTime, NaiveDate, Utc};
use line::{COLUMNS, written};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

pub use line::Written;

impl Written {
    /// Whether a version says the same.
    fn is_as(&self, row: &ValueRow) -> bool {
        let same =
            (self.numerator, self.denominator, self.value) == (row.numerator, row.denominator, row.value);
        same && self.as_of == row.as_of && self.note == row.note
    }
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct IndicatorImport {
    /// The import; none in a dry run.
    pub id: Option<IndicatorImportId>,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// Good lines in the file.
    pub rows: i64,
    /// New versions; 0 in a dry run.
    pub stored: i64,
    /// Of these, corrections of what had been reported before.
    pub corrected: i64,
    /// Lines that said what was there already.
    pub unchanged: i64,
}

/// The streets that a file may name, by all their names and their code; nothing where a name is two streets'.
fn streets(
    conn: &mut AnyConn,
    places: &Places,
    now: DateTime<Utc>,
) -> Outcome<HashMap<String, Option<AreaId>>> {
    let filter = AreaFilter { level: Some("street".into()), parent: None };
    let mut all = directory::areas(conn, &filter, None, 100_000, business_date(now))?;
    all.retain(|street| places.holds(street.id, None));
    let mut known: HashMap<String, Option<AreaId>> = HashMap::new();
    for AreaView { id, code, name, office_name, short_name, .. } in all {
        for called in BTreeSet::from([code, name, office_name, short_name]) {
            known.entry(called).and_modify(|of| *of = None).or_insert(Some(id));
        }
    }
    Ok(known)
}

/// Reads and judges a file.
///
/// # Errors
/// The database's. What is wrong with the file is in the answer.
pub fn read(
    conn: &mut AnyConn,
    places: &Places,
    bytes: &[u8],
    now: DateTime<Utc>,
) -> Outcome<Parsed<Written>> {
    let csv = match sheet::csv_of(bytes) {
        Ok(csv) => csv,
        Err(faults) => return Ok(Parsed { rows: vec![], faults }),
    };
    let (known, today) = (streets(conn, places, now)?, business_date(now));
    catalogue::all()?;
    let mut seen = BTreeSet::new();
    Ok(tables::read(csv.as_bytes(), &COLUMNS, |line| {
        let row = written(line, &known, today)?;
        if !seen.insert(row.key()) {
            line.fault("indicator", "duplicate", "同一街道、季度、指标在文件中重复");
        }
        Some(row)
    }))
}

/// The last versions of what the rows speak of.
fn held(conn: &mut AnyConn, rows: &[Written]) -> Outcome<HashMap<(AreaId, NaiveDate, String), ValueRow>> {
    let streets: BTreeSet<AreaId> = rows.iter().map(|r| r.street).collect();
    let quarters = || rows.iter().map(|r| r.quarter.first_day());
    let (Some(first), Some(last)) = (quarters().min(), quarters().max()) else { return Ok(HashMap::new()) };
    let streets: Vec<AreaId> = streets.into_iter().collect();
    let versions = store::values_of(conn, &streets, (first, last))?;
    // In the order of their versions: the last of each stays.
    Ok(versions
        .into_iter()
        .map(|row| ((row.street_id, row.quarter_on, row.indicator.clone()), row))
        .collect())
}

/// The versions that a file brings, and how many of them correct another.
fn fresh(tx: &mut Tx<'_>, rows: &[Written], import_id: IndicatorImportId) -> Outcome<(Vec<ValueRow>, i64)> {
    let (held, mut fresh, mut corrected) = (held(tx.conn(), rows)?, vec![], 0);
    for row in rows {
        let (street_id, quarter_on, code) = row.key();
        let before = held.get(&(street_id, quarter_on, code.to_string()));
        if before.is_some_and(|before| row.is_as(before)) {
            continue;
        }
        corrected += i64::from(before.is_some());
        fresh.push(ValueRow {
            id: tx.new_id(),
            indicator: code.into(),
            street_id,
            quarter_on,
            seq: before.map_or(0, |b| b.seq) + 1,
            numerator: row.numerator,
            denominator: row.denominator,
            value: row.value,
            as_of: row.as_of,
            note: row.note.clone(),
            import_id,
            entered_at: tx.ts(),
        });
    }
    Ok((fresh, corrected))
}

/// Stores what was read, in the caller's transaction.
///
/// # Errors
/// The database's.
pub fn store(tx: &mut Tx<'_>, bytes: &[u8], rows: &[Written]) -> Outcome<IndicatorImport> {
    let id: IndicatorImportId = tx.new_id();
    let (fresh, corrected) = fresh(tx, rows, id)?;
    let import = ImportRow {
        id,
        sha256: sha256_of(bytes),
        length: bytes.len() as i64,
        rows: rows.len() as i64,
        stored: fresh.len() as i64,
        imported_by: tx.actor().user(),
        imported_by_name: tx.actor_label(),
        imported_at: tx.ts(),
    };
    store::insert_import(tx.conn(), &import)?;
    store::insert_values(tx.conn(), &fresh)?;
    let ImportRow { sha256, rows, stored, .. } = import;
    let said = json!({ "sha256": sha256, "rows": rows, "stored": stored, "corrected": corrected });
    tx.audit("indicator_import", id, said);
    let touched: BTreeSet<AreaId> = fresh.iter().map(|row| row.street_id).collect();
    for street in touched {
        tx.changed("indicator_import", id.uuid(), Some(street.uuid()), Change::Put)?;
    }
    Ok(IndicatorImport { id: Some(id), sha256, rows, stored, corrected, unchanged: rows - stored })
}

/// What a dry run tells.
pub fn dry(bytes: &[u8], rows: &[Written]) -> IndicatorImport {
    let (rows, sha256) = (rows.len() as i64, sha256_of(bytes));
    IndicatorImport { id: None, sha256, rows, stored: 0, corrected: 0, unchanged: 0 }
}
