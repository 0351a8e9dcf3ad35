//! Certificates of fire-control-room operators. A line says that a person holds a certificate, or is registered for one,
//! at a facility; each change is a version with the day from which it holds. The same certificate at two facilities is not
//! refused but flagged at both: nobody keeps two rooms.

mod view;

pub use view::{
    CertificateDetail, CertificateFilter, CertificateVersion, CertificateView, SharedWith, find, list,
};

use super::lines::{self, state_of};
use super::number::Sealed;
use super::rules::{DutyRule, Moment};
use super::store::{self, CertificateRow, LineRow};
use super::{Level, LineKind, LineState, Status, load};
use crate::access::Holder;
use crate::clock::business_date;
use crate::db::{AnyConn, Tx};
use crate::fault::{Fault, Outcome};
use crate::ids::{FacilityId, LineId};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::HashMap;

/// A new line.
#[derive(Debug, Clone)]
pub struct NewCertificate {
    /// The facility.
    pub facility_id: FacilityId,
    /// Name or pseudonym.
    pub person: String,
    /// Level.
    pub level: Level,
    /// Direction.
    pub direction: String,
    /// Employer.
    pub employer: String,
    /// The number, sealed.
    pub number: Option<Sealed>,
    /// Registered or held.
    pub status: Status,
    /// Issued.
    pub issued_on: Option<NaiveDate>,
    /// Last day.
    pub expires_on: Option<NaiveDate>,
    /// From this day on.
    pub since: NaiveDate,
}

/// What changes from a day on; what is left out stays.
#[derive(Debug, Clone)]
pub struct CertificateChange {
    /// From this day on.
    pub since: NaiveDate,
    /// Why.
    pub reason: String,
    /// Held, or ended.
    pub status: Option<Status>,
    /// Level.
    pub level: Option<Level>,
    /// Direction.
    pub direction: Option<String>,
    /// Employer.
    pub employer: Option<String>,
    /// Another number, sealed.
    pub number: Option<Sealed>,
    /// Issued.
    pub issued_on: Option<NaiveDate>,
    /// Last day.
    pub expires_on: Option<NaiveDate>,
}

/// Whether a line says anything of its certificate: it counts or is claimed, and has not ended.
fn matters(line: &LineRow, row: &CertificateRow) -> bool {
    matches!(state_of(line), LineState::Counted | LineState::Claimed) && row.status != Status::Ended
}

/// The lines whose newest version names one of these numbers, and that matter.
fn naming(conn: &mut AnyConn, hashes: &[String], at: Moment) -> Outcome<Vec<(String, LineRow)>> {
    let found = store::lines_with_number(conn, hashes)?;
    let mut ids: Vec<LineId> = found.iter().map(|(_, line)| line.id).collect();
    ids.dedup();
    let newest: HashMap<LineId, CertificateRow> =
        store::certificates(conn, &ids)?.into_iter().map(|row| (row.line_id, row)).collect();
    let mut naming: Vec<(String, LineRow)> = vec![];
    for (hash, line) in found {
        let row = newest.get(&line.id).filter(|row| row.since <= at.on);
        let still = row.is_some_and(|row| row.number_hash.as_ref() == Some(&hash) && matters(&line, row));
        if still && naming.last().is_none_or(|(_, last)| last.id != line.id) {
            naming.push((hash, line));
        }
    }
    Ok(naming)
}

/// Enters a line.
///
/// # Errors
/// `unknown_facility`; `inconsistent`, `in_future`, `bad_dates`; `certificate_known` when the facility has it already.
pub fn enter(tx: &mut Tx<'_>, holder: &Holder, new: &NewCertificate, rule: DutyRule) -> Outcome<LineId> {
    let line = put(tx, holder, new)?;
    lines::changed(tx, &line, "entered", rule)?;
    Ok(line.id)
}

/// Enters a line without letting the rule look yet: an import does so at its end.
pub(super) fn put(tx: &mut Tx<'_>, holder: &Holder, new: &NewCertificate) -> Outcome<LineRow> {
    let now = tx.now();
    let number_hash = check(tx.conn(), holder, new, now)?;
    let (line, _) = lines::begin(tx, holder, LineKind::Certificate, new.facility_id)?;
    let row = CertificateRow {
        line_id: line.id,
        seq: 1,
        since: new.since,
        status: new.status,
        person: new.person.trim().to_string(),
        level: new.level,
        direction: new.direction.clone(),
        employer: new.employer.clone(),
        number_masked: new.number.as_ref().map(|n| n.masked.clone()),
        number_hash,
        issued_on: new.issued_on,
        expires_on: new.expires_on,
        reason: None,
        entered_by: holder.id,
        entered_at: tx.ts(),
    };
    store::insert_certificate(tx.conn(), &row)?;
    Ok(line)
}

/// Judges a new line without storing anything; gives the hash under which its number is kept.
pub(super) fn check(
    conn: &mut AnyConn,
    holder: &Holder,
    new: &NewCertificate,
    now: DateTime<Utc>,
) -> Outcome<Option<String>> {
    let facility = lines::named_facility(conn, &holder.scope.places(), new.facility_id)?;
    let facts = Said {
        status: new.status,
        numbered: new.number.is_some(),
        since: new.since,
        issued_on: new.issued_on,
        expires_on: new.expires_on,
    };
    consistent(&facts, business_date(now))?;
    if new.status == Status::Ended {
        return Err(Fault::invalid("/status", "inconsistent", "新记录应为已报考或已持证"));
    }
    hash_for(conn, new.number.as_ref(), facility.id, None, load::today(now))
}

/// The hash under which a number is kept: the one by which it is known already, else by the first key.
fn hash_for(
    conn: &mut AnyConn,
    number: Option<&Sealed>,
    facility: FacilityId,
    line: Option<LineId>,
    at: Moment,
) -> Outcome<Option<String>> {
    let Some(number) = number else { return Ok(None) };
    let known = naming(conn, &number.hashes, at)?;
    if known.iter().any(|(_, other)| other.facility_id == facility && Some(other.id) != line) {
        return Err(Fault::refused("certificate_known", "该设施已登记这一证书编号"));
    }
    let ever = store::lines_with_number(conn, &number.hashes)?;
    let known = known.into_iter().chain(ever).map(|(hash, _)| hash).next();
    Ok(known.or_else(|| number.hashes.first().cloned()))
}

/// What a version says, as far as it must fit together.
struct Said {
    status: Status,
    numbered: bool,
    since: NaiveDate,
    issued_on: Option<NaiveDate>,
    expires_on: Option<NaiveDate>,
}

/// Whether what a version says fits together: a certificate that is held has a number and was issued by then; whoever is
/// registered has none yet.
fn consistent(row: &Said, today: NaiveDate) -> Outcome<()> {
    let wrong =
        |pointer: &'static str, told: &'static str| Err(Fault::invalid(pointer, "inconsistent", told));
    lines::not_after_today(row.since, today, "/since")?;
    match row.status {
        Status::Registered if row.numbered => wrong("/number", "已报考者尚无证书编号"),
        Status::Registered if row.issued_on.is_some() => wrong("/issued_on", "已报考者尚未发证"),
        Status::Registered if row.expires_on.is_some() => wrong("/expires_on", "已报考者尚未发证"),
        Status::Held if !row.numbered => wrong("/number", "已持证须填写证书编号"),
        Status::Held if row.issued_on.is_none() => wrong("/issued_on", "已持证须填写发证日期"),
        Status::Held if row.issued_on > Some(row.since) => {
            Err(Fault::invalid("/since", "bad_dates", "起算日期不能早于发证日期"))
        }
        _ if row.expires_on.is_some() && row.expires_on < row.issued_on => {
            Err(Fault::invalid("/expires_on", "bad_dates", "有效期不能早于发证日期"))
        }
        _ => Ok(()),
    }
}

/// Changes a line from a day on: passed, renewed, promoted, another employer, ended. The versions before stay.
///
/// # Errors
/// Missing; a wrong revision; `wrong_state` when the line does not count or has ended; `before_last_version`, and as
/// [`enter`].
pub fn change(
    tx: &mut Tx<'_>,
    holder: &Holder,
    id: LineId,
    revision: i32,
    change: &CertificateChange,
    rule: DutyRule,
) -> Outcome<()> {
    let line = lines::held(tx, &holder.scope.places(), id)?;
    let mut versions = store::certificates(tx.conn(), &[id])?;
    let last = versions.pop().ok_or_else(|| Fault::missing("持证人员"))?;
    if last.seq != revision {
        return Err(Fault::Precondition { given: true });
    }
    lines::must_count(&line)?;
    if last.status == Status::Ended {
        return Err(Fault::refused("wrong_state", "该记录已终止，请另行登记"));
    }
    if change.since < last.since {
        let told = "起算日期不能早于上一版本；登记有误的，请撤销后重新登记";
        return Err(Fault::invalid("/since", "before_last_version", told));
    }
    let c = change.clone();
    let today = load::today(tx.now());
    let hash = hash_for(tx.conn(), c.number.as_ref(), line.facility_id, Some(id), today)?;
    let row = CertificateRow {
        seq: last.seq + 1,
        since: c.since,
        status: c.status.unwrap_or(last.status),
        level: c.level.unwrap_or(last.level),
        direction: c.direction.unwrap_or(last.direction),
        employer: c.employer.unwrap_or(last.employer),
        number_masked: c.number.map(|n| n.masked).or(last.number_masked),
        number_hash: hash.or(last.number_hash),
        issued_on: c.issued_on.or(last.issued_on),
        expires_on: c.expires_on.or(last.expires_on),
        reason: Some(c.reason),
        entered_by: holder.id,
        entered_at: tx.ts(),
        line_id: id,
        person: last.person,
    };
    let said = Said {
        status: row.status,
        numbered: row.number_hash.is_some(),
        since: row.since,
        issued_on: row.issued_on,
        expires_on: row.expires_on,
    };
    consistent(&said, today.on)?;
    store::insert_certificate(tx.conn(), &row)?;
    lines::changed(tx, &line, "changed", rule)
}
