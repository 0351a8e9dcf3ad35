//! Findings of other sources, entered by hand: the province, the fire brigade, a complaint, an operator's own check, party
//! inspectors. `rules` (pure) says what such an entry must hold. It opens a finding that waits for the bureau's confirmation like
//! a third party's; where the item has an unsettled one at that facility, it is a further origin of that: counted once. The fire
//! brigade's own are joint: served by its document, with its deadline, and closed by its re-check only.
//!
//! Who complained is sealed: it lies in a table of its own, what they sent is evidence of a kind that nobody else finds, and
//! [`reporters`] is the only way to either. No view, event, audit detail or change carries it.

mod rules;
mod store;

pub use store::ReporterView;
pub(super) use store::brigade_due;

use super::Source;
use super::opening::{OpenFinding, fresh};
use super::record::{advance, leave};
use super::rules::{Event, State};
use super::steps::ask;
use super::store as findings;
use super::store::FindingRow;
use crate::access::Holder;
use crate::checklists::{self, Item};
use crate::clock::business_date;
use crate::db::{AnyConn, Tx};
use crate::directory::{self, FacilityNow};
use crate::fault::{Fault, Outcome};
use crate::ids::{FacilityId, FindingId, OriginId, TypedId as _, UserId};
use crate::photos::{self, Declared, PhotoLine, Subject, SubjectKind};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use store::{OriginRow, ReporterRow};

/// Who complained. Not `Debug`: a log is no place for it.
#[derive(Clone)]
pub struct Reporter {
    /// Their name, or how they called themselves.
    pub name: String,
    /// How to reach them.
    pub contact: String,
    /// A remark.
    pub note: Option<String>,
}

/// A finding of another source.
#[derive(Clone)]
pub struct Entry {
    /// Where.
    pub facility_id: FacilityId,
    /// The item, by its code in the newest list.
    pub item_code: String,
    /// What is wrong, without a word about who complained.
    pub description: String,
    /// Where it comes from.
    pub source: Source,
    /// The number of the document that says so.
    pub document_number: Option<String>,
    /// Its date.
    pub document_date: Option<NaiveDate>,
    /// Who issued it.
    pub issuing_unit: Option<String>,
    /// When the bureau had it.
    pub received_on: NaiveDate,
    /// Of the fire brigade's: its deadline.
    pub due_on: Option<NaiveDate>,
    /// Who complained.
    pub reporter: Option<Reporter>,
    /// Scans and photos; those of a complaint are sealed.
    pub photos: Vec<Declared>,
}

/// Where a finding that was entered by hand comes from.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct OriginView {
    /// Its id.
    pub id: OriginId,
    /// Which source.
    pub source: Source,
    /// The document's number.
    pub document_number: Option<String>,
    /// Its date.
    pub document_date: Option<NaiveDate>,
    /// Who issued it.
    pub issuing_unit: Option<String>,
    /// When the bureau had it.
    pub received_on: NaiveDate,
    /// What it says is wrong.
    pub description: String,
    /// The fire brigade's deadline.
    pub due_on: Option<NaiveDate>,
    /// The finding was there already: it was seen again and is counted once.
    pub observed: bool,
    /// Who entered it.
    pub entered_by: UserId,
    /// When.
    pub entered_at: DateTime<Utc>,
    /// Of a complaint: who complained, and what they sent, is read elsewhere by few.
    pub sealed: bool,
    /// Scans and photos, unless sealed.
    pub photos: Vec<PhotoLine>,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy)]
pub struct Entered {
    /// The finding.
    pub finding: FindingId,
    /// It was there already.
    pub observed: bool,
}

/// Enters a finding of another source.
///
/// # Errors
/// A place or item out of reach, or what the rules refuse, by pointer; `already_entered` for the same document again; a file that
/// was declared otherwise.
pub fn enter(tx: &mut Tx<'_>, by: &Holder, new: &Entry) -> Outcome<Entered> {
    let (facility, item) = place_of(tx.conn(), by, new)?;
    let roles = by.roles_over(facility.street_id, facility.id, &item.category);
    rules::check(new, &roles, &item.category, business_date(tx.now()))?;
    let id: OriginId = tx.new_id();
    if store::is_entered(tx.conn(), facility.id, &item.code, new)? {
        return Err(Fault::refused("already_entered", "该文书的这一问题已录入"));
    }
    let unsettled = findings::unsettled_of(tx.conn(), facility.id, &item.code)?;
    let observed = unsettled.is_some();
    let row = match unsettled {
        Some(row) => link(tx, by, row, new, id)?,
        None => open(tx, by, &facility, &item, new, id)?,
    };
    keep(tx, by, &row, new, id, observed)?;
    Ok(Entered { finding: row.id, observed })
}

fn place_of(conn: &mut AnyConn, by: &Holder, new: &Entry) -> Outcome<(FacilityNow, Item)> {
    let unknown = || Fault::invalid("/facility_id", "unknown_facility", "设施不存在或不在权限范围内");
    let facility = directory::facility_in(conn, &by.scope.places(), new.facility_id)
        .map_err(|e| e.if_missing(unknown))?;
    let newest = checklists::latest(conn)?;
    let items = checklists::items_for(conn, newest, facility.kind)?;
    let within = |i: &Item| by.scope.holds_finding(facility.street_id, facility.id, &i.category);
    let item = items.into_iter().find(|i| i.code == new.item_code && within(i));
    let item = item.ok_or_else(|| {
        Fault::invalid(
            "/item_code",
            "unknown_item",
            "现行检查标准中没有适用于该设施的此条目，或不在权限范围内",
        )
    })?;
    Ok((facility, item))
}

/// What the history tells of an origin: never who complained.
fn said(new: &Entry, id: OriginId) -> Value {
    json!({
        "origin": id, "source": new.source, "document_number": new.document_number,
        "issuing_unit": new.issuing_unit,
    })
}

fn open(
    tx: &mut Tx<'_>,
    by: &Holder,
    facility: &FacilityNow,
    item: &Item,
    new: &Entry,
    id: OriginId,
) -> Outcome<FindingRow> {
    let opened = OpenFinding {
        facility,
        item,
        campaign_id: None,
        inspection_id: None,
        description: &new.description,
        found_by: by.id,
        third_party: false,
        service: None,
        on_site: None,
    };
    let mut row = fresh(tx, &opened)?;
    row.source = new.source;
    row.joint = new.source == Source::Fire;
    findings::insert(tx.conn(), &row)?;
    leave(tx, &row, "opened", None, None, &said(new, id))?;
    if row.joint {
        mirror(tx, by, &mut row, new)?;
    }
    Ok(row)
}

/// A further origin of an unsettled finding: counted once, the earlier deadline kept.
fn link(tx: &mut Tx<'_>, by: &Holder, row: FindingRow, new: &Entry, id: OriginId) -> Outcome<FindingRow> {
    let mut row = findings::find_locked(tx.conn(), row.id)?.ok_or_else(|| Fault::missing("问题"))?;
    row.observations += 1;
    let mut detail = said(new, id);
    detail["note"] = json!(new.description);
    let joins = new.source == Source::Fire;
    row.joint |= joins;
    if let (true, Some(before), Some(given)) = (joins, row.due_on, new.due_on)
        && given < before
    {
        detail["due_before"] = json!(before);
        detail["due_on"] = json!(given);
        set_due(&mut row, by, new, given);
    }
    let state = row.state;
    let why = row.due_rule.clone().filter(|_| detail.get("due_before").is_some());
    advance(tx, &mut row, "observed", state, why.as_deref(), &detail)?;
    if joins && matches!(row.state, State::Open | State::Confirmed) {
        mirror(tx, by, &mut row, new)?;
    }
    Ok(row)
}

fn set_due(row: &mut FindingRow, by: &Holder, new: &Entry, day: NaiveDate) {
    let number = new.document_number.as_deref().unwrap_or_default();
    row.due_on = Some(day);
    row.due_rule = Some(format!("消防救援大队文书 {number} 载明的期限"));
    row.due_provisional = false;
    row.due_confirmed_by = Some(by.id);
}

/// The brigade's document stands for the confirmation and the service.
fn mirror(tx: &mut Tx<'_>, by: &Holder, row: &mut FindingRow, new: &Entry) -> Outcome<()> {
    let next = ask(tx, by, row, Event::Mirror)?;
    let day = new.due_on.ok_or_else(|| Fault::internal("a joint finding without a deadline"))?;
    let at = tx.ts();
    row.confirmed_by.get_or_insert(by.id);
    row.confirmed_at.get_or_insert(at);
    row.service_method = Some(super::ServiceMethod::Letter);
    row.served_at = Some(at);
    set_due(row, by, new, day);
    row.due_original = row.due_on;
    let detail = json!({ "document_number": new.document_number, "due_on": day, "rule": row.due_rule });
    advance(tx, row, Event::Mirror.name(), next.to, None, &detail)
}

/// Stores the origin, its files, and apart from them who complained.
fn keep(
    tx: &mut Tx<'_>,
    by: &Holder,
    row: &FindingRow,
    new: &Entry,
    id: OriginId,
    observed: bool,
) -> Outcome<()> {
    let line = OriginRow {
        id,
        finding_id: row.id,
        source: new.source,
        document_number: new.document_number.clone(),
        document_date: new.document_date,
        issuing_unit: new.issuing_unit.clone(),
        received_on: new.received_on,
        description: new.description.clone(),
        due_on: new.due_on,
        observed,
        entered_by: by.id,
        entered_at: tx.ts(),
    };
    store::insert(tx.conn(), &line)?;
    if let Some(Reporter { name, contact, note }) = new.reporter.clone() {
        store::insert_reporter(tx.conn(), &ReporterRow { origin_id: id, name, contact, note })?;
    }
    let subject = Subject {
        kind: files_of(new.source),
        id: id.uuid(),
        street_id: row.street_id,
        facility_id: row.facility_id,
        owner_id: by.id,
    };
    photos::declare(tx, &subject, &new.photos, &|_| true)
}

fn files_of(source: Source) -> SubjectKind {
    if source == Source::Complaint { SubjectKind::Reporter } else { SubjectKind::Origin }
}

/// Where a finding comes from, oldest first.
pub(super) fn of_finding(conn: &mut AnyConn, id: FindingId) -> Outcome<Vec<OriginView>> {
    let rows = store::of_finding(conn, id)?;
    let view = |r: OriginRow| {
        Ok(OriginView {
            photos: photos::photos_of(conn, SubjectKind::Origin, r.id.uuid())?,
            id: r.id,
            source: r.source,
            document_number: r.document_number,
            document_date: r.document_date,
            issuing_unit: r.issuing_unit,
            received_on: r.received_on,
            description: r.description,
            due_on: r.due_on,
            observed: r.observed,
            entered_by: r.entered_by,
            entered_at: r.entered_at.0,
            sealed: r.source == Source::Complaint,
        })
    };
    rows.into_iter().map(view).collect()
}

/// Whether a text that everybody reads names somebody who complained about a finding, or how to reach them. Asked only of
/// what those write who may know; anybody else could try names until one is refused.
pub(in crate::findings) fn names_reporter(
    conn: &mut AnyConn,
    id: FindingId,
    texts: &[&str],
) -> Outcome<bool> {
    let known = store::reporters(conn, id)?.into_iter().flat_map(|r| [r.name, r.contact]).flatten();
    let named = |known: String| known.chars().nth(1).is_some() && texts.iter().any(|t| t.contains(&known));
    Ok(known.into_iter().any(named))
}

/// Who complained about a finding. Reading it leaves a line in the trail.
///
/// # Errors
/// Missing, also where nobody complained.
pub fn reporters(tx: &mut Tx<'_>, by: &Holder, id: FindingId) -> Outcome<Vec<ReporterView>> {
    let row = findings::find(tx.conn(), id)?
        .filter(|f| f.is_within(&by.scope))
        .ok_or_else(|| Fault::missing("问题"))?;
    let mut told = store::reporters(tx.conn(), id)?;
    if told.is_empty() {
        return Err(Fault::missing("举报人信息"));
    }
    for one in &mut told {
        one.photos = photos::photos_of(tx.conn(), SubjectKind::Reporter, one.origin_id.uuid())?;
    }
    tx.audit("finding_reporter", id, json!({ "number": row.number, "read": true }));
    Ok(told)
}
