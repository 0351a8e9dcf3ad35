//! Certificates and equipment from CSV: read and judge every line, then enter all of them or none. What is wrong is told by
//! line and column, in a dry run as in earnest.

use super::certificates::{self, NewCertificate};
use super::records::{self, NewEquipment};
use super::rules::DutyRule;
use super::store::{self, LineRow};
use super::{EquipmentKind, Level, Status, assess, number};
use crate::access::Holder;
use crate::access::keys::SigningKey;
use crate::db::types::Coded;
use crate::db::{AnyConn, Tx};
use crate::fault::{Fault, FieldFault, Outcome};
use crate::ids::FacilityId;
use crate::tables::{self, Column, Line, Parsed};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

const fn column(name: &'static str, also: &'static [&'static str], required: bool, longest: usize) -> Column {
    Column { name, also, required, longest }
}

const CERTIFICATES: [Column; 10] = [
    column("facility_code", &["设施编码", "机构编码"], true, 40),
    column("person", &["姓名", "人员"], true, 50),
    column("level", &["等级", "级别"], true, 20),
    column("direction", &["方向", "职业方向"], false, 50),
    column("employer", &["用人单位", "工作单位"], true, 100),
    column("status", &["状态"], true, 20),
    column("number", &["证书编号"], false, 60),
    column("issued_on", &["发证日期"], false, 10),
    column("expires_on", &["有效期至"], false, 10),
    column("since", &["起算日期", "到岗日期"], true, 10),
];

const EQUIPMENT: [Column; 7] = [
    column("facility_code", &["设施编码", "机构编码"], true, 40),
    column("kind", &["类型", "器材类型"], true, 20),
    column("model", &["型号", "名称"], false, 50),
    column("location", &["位置", "放置位置"], true, 100),
    column("quantity", &["数量"], true, 6),
    column("placed_on", &["放置日期"], true, 10),
    column("expires_on", &["有效期至"], true, 10),
];

/// A line of a file, with what it says.
#[derive(Debug, Clone)]
pub struct Written<T> {
    line: u64,
    new: T,
}

/// What an import did.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ImportReport {
    /// Good lines in the file.
    pub rows: i64,
    /// New lines of the register; 0 in a dry run.
    pub stored: i64,
}

/// What the lines of a file may name.
struct Known<'a> {
    facilities: BTreeMap<String, FacilityId>,
    keys: &'a [SigningKey],
}

fn code_or_label<T: Coded>(text: &str, label: impl Fn(T) -> &'static str) -> Option<T> {
    T::from_code(text).or_else(|| T::ALL.iter().copied().find(|v| label(*v) == text))
}

fn day(line: &mut Line<'_>, name: &str) -> Option<NaiveDate> {
    line.parsed(name, "YYYY-MM-DD", |t| t.parse().ok())
}

fn facility(line: &mut Line<'_>, known: &Known<'_>) -> Option<FacilityId> {
    let code = line.needed("facility_code");
    let found = known.facilities.get(&code).copied();
    if found.is_none() && !code.is_empty() {
        line.fault("facility_code", "unknown_facility", format!("设施编码“{code}”不存在或不在权限范围内"));
    }
    found
}

fn certificate(line: &mut Line<'_>, known: &Known<'_>) -> Option<Written<NewCertificate>> {
    let facility_id = facility(line, known);
    let (person, employer) = (line.needed("person"), line.needed("employer"));
    line.needed("level");
    let level = line.parsed("level", "初级、中级、高级、技师或高级技师", |t| {
        code_or_label(t, Level::label)
    });
    line.needed("status");
    let status = line.parsed("status", "已报考或已持证", |t| code_or_label(t, Status::label));
    line.needed("since");
    let (since, issued_on, expires_on) =
        (day(line, "since"), day(line, "issued_on"), day(line, "expires_on"));
    let text = line.text("number").to_string();
    let sealed = (!text.is_empty()).then(|| number::seal(&text, known.keys, "/number")).transpose();
    if let Err(fault) = &sealed {
        line.fault("number", "out_of_range", fault.to_string());
    }
    let new = NewCertificate {
        facility_id: facility_id?,
        person,
        level: level?,
        direction: line.text("direction").to_string(),
        employer,
        number: sealed.ok()?,
        status: status?,
        issued_on,
        expires_on,
        since: since?,
    };
    Some(Written { line: line.number, new })
}

fn equipment(line: &mut Line<'_>, known: &Known<'_>) -> Option<Written<NewEquipment>> {
    let facility_id = facility(line, known);
    line.needed("kind");
    let kind = line.parsed("kind", "灭火器等器材类型", |t| code_or_label(t, EquipmentKind::label));
    let location = line.needed("location");
    line.needed("quantity");
    let quantity = line.parsed("quantity", "1 到 100000 的整数", |t| {
        t.parse::<i32>().ok().filter(|n| (1..=100_000).contains(n))
    });
    line.needed("placed_on");
    line.needed("expires_on");
    let (placed_on, expires_on) = (day(line, "placed_on"), day(line, "expires_on"));
    let new = NewEquipment {
        facility_id: facility_id?,
        kind: kind?,
        model: line.text("model").to_string(),
        location,
        quantity: quantity?,
        placed_on: placed_on?,
        expires_on: expires_on?,
    };
    Some(Written { line: line.number, new })
}

/// Whatever is wrong, by `/csv/{line}/{column}`.
fn clean<R>(parsed: Parsed<R>) -> Outcome<Vec<R>> {
    if parsed.faults.is_empty() {
        return Ok(parsed.rows);
    }
    let told = |f: tables::CellFault| FieldFault::new(pointer(f.line, &f.column), f.code, f.reason);
    Err(Fault::invalid_many(parsed.faults.into_iter().map(told).collect()))
}

fn pointer(line: u64, column: &str) -> String {
    let column = column.replace('~', "~0").replace('/', "~1");
    if column.is_empty() { format!("/csv/{line}") } else { format!("/csv/{line}/{column}") }
}

/// Judges each line; a refusal becomes the line's, every other fault stays what it is.
fn judged<T>(rows: &[Written<T>], mut judge: impl FnMut(&T) -> Outcome<()>) -> Outcome<()> {
    let mut wrong = vec![];
    for row in rows {
        match judge(&row.new) {
            Ok(()) => {}
            Err(Fault::Invalid { errors, .. }) => {
                let told = errors.into_iter().map(|e| {
                    FieldFault::new(pointer(row.line, e.pointer.trim_start_matches('/')), e.code, e.detail)
                });
                wrong.extend(told);
            }
            Err(Fault::Refused { code, detail, .. }) => {
                wrong.push(FieldFault::new(pointer(row.line, "number"), code, detail));
            }
            Err(other) => return Err(other),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Fault::invalid_many(wrong)) }
}

/// Reads and judges a file of certificates.
///
/// # Errors
/// `invalid_request` with everything that is wrong.
pub fn read_certificates(
    conn: &mut AnyConn,
    holder: &Holder,
    csv: &str,
    keys: &[SigningKey],
    now: DateTime<Utc>,
) -> Outcome<Vec<Written<NewCertificate>>> {
    let known = Known { facilities: store::codes(conn, &holder.scope.places())?.into_iter().collect(), keys };
    let mut seen = BTreeSet::new();
    let parsed = tables::read(csv.as_bytes(), &CERTIFICATES, |line| {
        let row = certificate(line, &known)?;
        let twice =
            row.new.number.as_ref().is_some_and(|n| !seen.insert((row.new.facility_id, n.hashes.clone())));
        if twice {
            line.fault("number", "duplicate", "同一设施的证书编号在文件中重复");
        }
        Some(row)
    });
    let rows = clean(parsed)?;
    judged(&rows, |new| certificates::check(conn, holder, new, now).map(drop))?;
    Ok(rows)
}

/// Reads and judges a file of equipment.
///
/// # Errors
/// As [`read_certificates`].
pub fn read_equipment(
    conn: &mut AnyConn,
    holder: &Holder,
    csv: &str,
    now: DateTime<Utc>,
) -> Outcome<Vec<Written<NewEquipment>>> {
    let known =
        Known { facilities: store::codes(conn, &holder.scope.places())?.into_iter().collect(), keys: &[] };
    let rows = clean(tables::read(csv.as_bytes(), &EQUIPMENT, |line| equipment(line, &known)))?;
    judged(&rows, |new| records::check_equipment(conn, holder, new, now))?;
    Ok(rows)
}

/// Enters certificates, all or none.
///
/// # Errors
/// As [`read_certificates`], for what has changed since.
pub fn enter_certificates(
    tx: &mut Tx<'_>,
    holder: &Holder,
    rows: &[Written<NewCertificate>],
    rule: DutyRule,
) -> Outcome<ImportReport> {
    let mut entered = vec![];
    judged(rows, |new| {
        entered.push(certificates::put(tx, holder, new)?);
        Ok(())
    })?;
    finish(tx, &entered, "certificates", rule)
}

/// Enters equipment, all or none.
///
/// # Errors
/// As [`read_equipment`], for what has changed since.
pub fn enter_equipment(
    tx: &mut Tx<'_>,
    holder: &Holder,
    rows: &[Written<NewEquipment>],
    rule: DutyRule,
) -> Outcome<ImportReport> {
    let mut entered = vec![];
    judged(rows, |new| {
        entered.push(records::put_equipment(tx, holder, new)?);
        Ok(())
    })?;
    finish(tx, &entered, "equipment", rule)
}

fn finish(tx: &mut Tx<'_>, entered: &[LineRow], what: &str, rule: DutyRule) -> Outcome<ImportReport> {
    for line in entered {
        tx.audit("fire_line", line.id, json!({ "what": "imported", "facility": line.facility_id }));
    }
    tx.audit("fire_line", "import", json!({ "what": what, "new": entered.len() }));
    let facilities: BTreeSet<FacilityId> = entered.iter().map(|line| line.facility_id).collect();
    for facility in facilities {
        assess(tx, facility, rule)?;
    }
    Ok(ImportReport { rows: entered.len() as i64, stored: entered.len() as i64 })
}

impl ImportReport {
    /// Nothing stored.
    pub fn dry(rows: usize) -> Self {
        Self { rows: rows as i64, stored: 0 }
    }
}
