//! Bulletins 信息通报 between the bureau and the fire brigade, either way: a number of their own, the facilities and
//! findings that they are about, the receipt, and what came of it. A bulletin is seen by whoever reaches every facility
//! that it names.

pub mod rules;
mod store;

pub use store::BulletinFilter;

use super::Direction;
use crate::access::{Holder, Places, Role};
use crate::clock::business_date;
use crate::db::page::{Page, PageAsk, page};
use crate::db::{AnyConn, Tx, counter};
use crate::directory;
use crate::fault::{Fault, Outcome};
use crate::findings;
use crate::ids::{BulletinId, FacilityId, FindingId, TypedId as _};
use crate::notices::{self, News, Notice, To};
use chrono::{DateTime, Datelike as _, Utc};
use rules::{Progress, Step, decide};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};
use store::BulletinRow;

/// A bulletin.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct BulletinView {
    /// Its id.
    pub id: BulletinId,
    /// Its number, e.g. 消防信息通报〔2026〕3号.
    pub number: String,
    /// Which way it goes.
    pub direction: Direction,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub content: String,
    /// The sender's own document number.
    pub reference: Option<String>,
    /// The facilities that it names, those of its findings among them.
    pub facility_ids: Vec<FacilityId>,
    /// The findings that it names.
    pub finding_ids: Vec<FindingId>,
    /// Who sent it.
    pub sent_by: String,
    /// When.
    pub sent_at: DateTime<Utc>,
    /// Who received it.
    pub received_by: Option<String>,
    /// When.
    pub received_at: Option<DateTime<Utc>>,
    /// What came of it.
    pub result: Option<String>,
    /// Who said so.
    pub result_by: Option<String>,
    /// When.
    pub result_at: Option<DateTime<Utc>>,
    /// For `If-Match`.
    pub revision: i32,
}

/// A new bulletin.
#[derive(Debug, Clone)]
pub struct NewBulletin {
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub content: String,
    /// The sender's own document number.
    pub reference: Option<String>,
    /// The facilities that it names.
    pub facility_ids: Vec<FacilityId>,
    /// The findings that it names.
    pub finding_ids: Vec<FindingId>,
}

/// A correction; what is left out stays.
#[derive(Debug, Clone)]
pub struct Correction {
    /// What it is about.
    pub subject: Option<String>,
    /// What it says.
    pub content: Option<String>,
    /// The sender's own document number.
    pub reference: Option<String>,
}

/// Bulletins, newest first.
///
/// # Errors
/// A bad page.
pub fn list(
    conn: &mut AnyConn,
    places: &Places,
    filter: &BulletinFilter,
    ask: &PageAsk,
) -> Outcome<Page<BulletinView>> {
    let limit = ask.limit()?;
    let rows = store::list(conn, places, filter, ask.after()?, limit + 1)?;
    let views = views(conn, rows)?;
    Ok(page(views, limit, |b: &BulletinView| b.id, |b| b))
}

/// One bulletin.
///
/// # Errors
/// Missing, also when it names a facility that lies elsewhere.
pub fn find(conn: &mut AnyConn, places: &Places, id: BulletinId) -> Outcome<BulletinView> {
    let row = store::find(conn, id)?.ok_or_else(missing)?;
    roles_over(conn, places, id, None)?;
    views(conn, vec![row])?.pop().ok_or_else(missing)
}

fn missing() -> Fault {
    Fault::missing("信息通报")
}

fn views(conn: &mut AnyConn, rows: Vec<BulletinRow>) -> Outcome<Vec<BulletinView>> {
    let ids: Vec<BulletinId> = rows.iter().map(|row| row.id).collect();
    let mut facilities: HashMap<BulletinId, Vec<FacilityId>> = HashMap::new();
    for (bulletin, facility) in store::facilities(conn, &ids)? {
        facilities.entry(bulletin).or_default().push(facility);
    }
    let mut findings: HashMap<BulletinId, Vec<FindingId>> = HashMap::new();
    for (bulletin, finding) in store::findings(conn, &ids)? {
        findings.entry(bulletin).or_default().push(finding);
    }
    let view = |row: BulletinRow| BulletinView {
        id: row.id,
        number: row.number,
        direction: row.direction,
        subject: row.subject,
        content: row.content,
        reference: row.reference,
        facility_ids: facilities.remove(&row.id).unwrap_or_default(),
        finding_ids: findings.remove(&row.id).unwrap_or_default(),
        sent_by: row.sent_name,
        sent_at: row.sent_at.0,
        received_by: row.received_name,
        received_at: row.received_at.map(|t| t.0),
        result: row.result,
        result_by: row.result_name,
        result_at: row.result_at.map(|t| t.0),
        revision: row.revision,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// The roles that somebody holds over every facility of a bulletin; missing where one of them is out of reach.
fn roles_over(
    conn: &mut AnyConn,
    places: &Places,
    id: BulletinId,
    holder: Option<&Holder>,
) -> Outcome<Vec<Role>> {
    let mut common: Option<Vec<Role>> = None;
    for (_, facility) in store::facilities(conn, &[id])? {
        let facility = directory::facility_in(conn, places, facility).map_err(|f| f.if_missing(missing))?;
        let held = holder.map(|h| h.roles_at(facility.street_id, facility.id)).unwrap_or_default();
        common = Some(match common {
            None => held,
            Some(roles) => roles.into_iter().filter(|role| held.contains(role)).collect(),
        });
    }
    Ok(common.unwrap_or_default())
}

/// Sends a bulletin: from a clerk to the brigade, from the brigade to the bureau.
///
/// # Errors
/// `unknown_facility`, `unknown_finding` for what is not there or out of reach; `nothing_named`.
pub fn send(tx: &mut Tx<'_>, holder: &Holder, new: &NewBulletin) -> Outcome<BulletinId> {
    let (facilities, findings, direction) = named(tx, holder, new)?;
    let year = business_date(tx.now()).year();
    let seq = counter::take(tx.conn(), &format!("fire_bulletin:{year}"), 1)?;
    let row = BulletinRow {
        id: tx.new_id(),
        number: format!("消防信息通报〔{year}〕{seq}号"),
        direction,
        subject: new.subject.clone(),
        content: new.content.clone(),
        reference: new.reference.clone(),
        sent_by: holder.id,
        sent_name: tx.actor_label(),
        sent_at: tx.ts(),
        received_by: None,
        received_name: None,
        received_at: None,
        result: None,
        result_by: None,
        result_name: None,
        result_at: None,
        revision: 1,
    };
    store::insert(tx.conn(), &row, &facilities, &findings)?;
    told(tx, &row, "sent");
    tell(tx, &row, &facilities)?;
    Ok(row.id)
}

/// Tells the other side; who reaches several of the facilities named is told once.
fn tell(tx: &mut Tx<'_>, row: &BulletinRow, facilities: &[FacilityId]) -> Outcome<()> {
    let (_, to) = rules::sides(row.direction);
    for id in facilities {
        let facility = directory::facility_by_id(tx.conn(), *id)?;
        let notice = Notice {
            news: News::FireReported { number: row.number.clone(), matter: row.subject.clone() },
            to: &[To::Role(to)],
            subject: ("bulletin", row.id.uuid()),
            street_id: Some(facility.street_id),
            facility_id: Some(facility.id),
            category: None,
            key: Some(&row.id.to_string()),
        };
        notices::tell(tx, &notice)?;
    }
    Ok(())
}

type Named = (Vec<FacilityId>, Vec<FindingId>, Direction);

/// What a bulletin names, and the way it goes: by the role that its sender holds over all of it.
fn named(tx: &mut Tx<'_>, holder: &Holder, new: &NewBulletin) -> Outcome<Named> {
    let places = holder.scope.places();
    let mut facilities: BTreeSet<FacilityId> = BTreeSet::new();
    let mut roles: BTreeSet<Role> = [Role::Drafter, Role::Fire].into();
    for (at, id) in new.facility_ids.iter().enumerate() {
        let unknown = || {
            let pointer = format!("/facility_ids/{at}");
            Fault::invalid(pointer, "unknown_facility", "设施不存在或不在权限范围内")
        };
        let facility = directory::facility_in(tx.conn(), &places, *id).map_err(|f| f.if_missing(unknown))?;
        let held = holder.roles_at(facility.street_id, facility.id);
        roles.retain(|role| held.contains(role));
        facilities.insert(*id);
    }
    let mut findings: BTreeSet<FindingId> = BTreeSet::new();
    for (at, id) in new.finding_ids.iter().enumerate() {
        let unknown = || {
            let pointer = format!("/finding_ids/{at}");
            Fault::invalid(pointer, "unknown_finding", "问题不存在或不在权限范围内")
        };
        let now = tx.now();
        let found = findings::find(tx.conn(), &holder.scope, *id, now).map_err(|f| f.if_missing(unknown))?;
        let facility = directory::facility_in(tx.conn(), &places, found.finding.facility_id);
        let facility = facility.map_err(|f| f.if_missing(unknown))?;
        let held = holder.roles_at(facility.street_id, facility.id);
        roles.retain(|role| held.contains(role));
        facilities.insert(facility.id);
        findings.insert(*id);
    }
    if facilities.is_empty() {
        return Err(Fault::invalid("/facility_ids", "nothing_named", "通报须写明涉及的设施或问题"));
    }
    let roles: Vec<Role> = roles.into_iter().collect();
    let direction = rules::direction(&roles).ok_or_else(|| {
        Fault::invalid("/facility_ids", "unknown_facility", "通报涉及的设施须在同一职责范围内")
    })?;
    Ok((facilities.into_iter().collect(), findings.into_iter().collect(), direction))
}

fn told(tx: &mut Tx<'_>, row: &BulletinRow, what: &str) {
    tx.audit(
        "fire_bulletin",
        row.id,
        json!({ "number": row.number, "what": what, "direction": row.direction }),
    );
}

/// A bulletin within reach on which somebody may take a step.
fn held(tx: &mut Tx<'_>, holder: &Holder, id: BulletinId, step: Step) -> Outcome<BulletinRow> {
    let row = store::find_locked(tx.conn(), id)?.ok_or_else(missing)?;
    let roles = roles_over(tx.conn(), &holder.scope.places(), id, Some(holder))?;
    let progress = Progress { received: row.received_at.is_some(), concluded: row.result_at.is_some() };
    decide(step, row.direction, progress, &roles).map_err(|(code, why)| Fault::refused(code, why))?;
    Ok(row)
}

fn save(tx: &mut Tx<'_>, mut row: BulletinRow, what: &str) -> Outcome<()> {
    row.revision += 1;
    store::save(tx.conn(), &row)?;
    told(tx, &row, what);
    Ok(())
}

/// The sending side corrects a bulletin that the other has not received.
///
/// # Errors
/// Missing; a wrong revision; `not_sender`, `already_received`.
pub fn correct(
    tx: &mut Tx<'_>,
    holder: &Holder,
    id: BulletinId,
    revision: i32,
    correction: &Correction,
) -> Outcome<()> {
    let mut row = held(tx, holder, id, Step::Correct)?;
    if row.revision != revision {
        return Err(Fault::Precondition { given: true });
    }
    let c = correction.clone();
    row.subject = c.subject.unwrap_or(row.subject);
    row.content = c.content.unwrap_or(row.content);
    row.reference = c.reference.or(row.reference);
    save(tx, row, "corrected")
}

/// The other side receives a bulletin 签收.
///
/// # Errors
/// Missing; `not_addressee`, `already_received`.
pub fn receive(tx: &mut Tx<'_>, holder: &Holder, id: BulletinId) -> Outcome<()> {
    let mut row = held(tx, holder, id, Step::Receive)?;
    row.received_by = Some(holder.id);
    row.received_name = Some(tx.actor_label());
    row.received_at = Some(tx.ts());
    save(tx, row, "received")
}

/// The receiving side says what came of it.
///
/// # Errors
/// Missing; `not_addressee`, `not_received`, `already_concluded`.
pub fn conclude(tx: &mut Tx<'_>, holder: &Holder, id: BulletinId, result: &str) -> Outcome<()> {
    let mut row = held(tx, holder, id, Step::Conclude)?;
    row.result = Some(result.to_string());
    row.result_by = Some(holder.id);
    row.result_name = Some(tx.actor_label());
    row.result_at = Some(tx.ts());
    save(tx, row, "concluded")
}
