//! The visit that an inspection belongs to. The first inspection stores it, whichever phone sends that; the others say the
//! same of it and join. Whoever leads it, and whoever takes part with an account of their own, may feed it.

use super::body::{InspectionBody, Part, Participant, Visit};
use super::on_site;
use super::rules;
use super::store::{self, ParticipantRow, VisitRow};
use super::submit::Record;
use crate::access::{Holder, disabling};
use crate::canonical;
use crate::db::{AnyConn, Change, Ts, Tx};
use crate::directory::FacilityNow;
use crate::fault::{Fault, FieldFault, Outcome};
use crate::ids::{AreaId, FindingId, TypedId as _, UserId, VisitId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// Stores the visit of an inspection, or recognises it.
///
/// # Errors
/// `id_taken` for a stranger; `visit_differs` with what differs; `already_inspected`; `unknown_user` and
/// `not_a_participant` of a new one.
pub(super) fn join(tx: &mut Tx<'_>, record: &Record<'_>) -> Outcome<()> {
    let Record { by, body, facility, received_at, .. } = *record;
    let visit = &body.visit;
    match store::visit(tx.conn(), visit.id)? {
        Some(known) => recognise(tx, by, body, &known, facility)?,
        None => {
            let lead = lead_of(tx, by, visit)?;
            let row = row_of(lead, body, facility, received_at);
            store::insert_visit(tx.conn(), &row, &visit.participants)?;
        }
    }
    tx.changed("visit", visit.id.uuid(), Some(facility.street_id.uuid()), Change::Put)
}

fn recognise(
    tx: &mut Tx<'_>,
    by: &Holder,
    body: &InspectionBody,
    known: &VisitRow,
    facility: &FacilityNow,
) -> Outcome<()> {
    let people = store::participants(tx.conn(), known.id)?;
    let named = people.iter().any(|p| p.user_id == Some(by.id));
    if known.lead_id != by.id && !named {
        return Err(Fault::refused("id_taken", "该走访编号已被他人使用，请重新生成"));
    }
    let people = people.into_iter().map(Participant::from).collect();
    let mut differ = canonical::differences(&alike(known.visit(people))?, &alike(body.visit.clone())?);
    differ.iter_mut().for_each(|at| at.insert_str(0, "/visit"));
    if known.campaign_id != body.campaign_id {
        differ.push("/campaign_id".into());
    }
    if !differ.is_empty() {
        let told = |at: String| FieldFault::new(at, "differs", "与该走访此前提交的信息不同");
        return Err(Fault::Refused {
            code: "visit_differs".into(),
            detail: "同一次走访的信息须一致".into(),
            errors: differ.into_iter().map(told).collect(),
        });
    }
    match store::of_visit(tx.conn(), known.id, facility.id)? {
        Some(_) => Err(Fault::refused("already_inspected", "该走访中已有此设施的检查记录")),
        None => Ok(()),
    }
}

/// What all inspections of a visit say alike, to the microseconds that are kept. When it ended and where it was is each
/// phone's own.
fn alike(visit: Visit) -> Outcome<Value> {
    let started_at = Ts::from(visit.started_at).0;
    serde_json::to_value(Visit { started_at, ended_at: None, position: None, ..visit })
        .map_err(Fault::internal)
}

/// The account that leads a new visit: the leader's own where it is named, or who sends the first inspection.
fn lead_of(tx: &mut Tx<'_>, by: &Holder, visit: &Visit) -> Outcome<UserId> {
    let named = |n: usize, p: &Participant| p.user_id.map(|id| (n, id));
    let people = visit.participants.iter().enumerate();
    let accounts: Vec<(usize, UserId)> = people.filter_map(|(n, p)| named(n, p)).collect();
    let mut unknown = vec![];
    for (n, id) in &accounts {
        match disabling::is_active(tx.conn(), *id)? {
            None => {
                let pointer = format!("/visit/participants/{n}/user_id");
                unknown.push(FieldFault::new(pointer, "unknown_user", "账号不存在"));
            }
            // What took place is kept, and it is said that nobody will confirm it: the hand-over has been.
            Some(false) => {
                tx.audit("visit", visit.id, json!({ "not_awaited": id, "why": "account_disabled" }))
            }
            Some(true) => {}
        }
    }
    if !unknown.is_empty() {
        return Err(Fault::Invalid {
            code: "unknown_user".into(),
            detail: "参加人员的账号不存在".into(),
            errors: unknown,
        });
    }
    let lead = visit.participants.iter().find(|p| p.part == Part::Lead).and_then(|p| p.user_id);
    match lead {
        Some(lead) if lead != by.id && !accounts.iter().any(|(_, id)| *id == by.id) => {
            let detail = "走访由他人带队，提交人须列为参加人员";
            Err(Fault::invalid("/visit/participants", "not_a_participant", detail))
        }
        lead => Ok(lead.unwrap_or(by.id)),
    }
}

fn row_of(lead_id: UserId, body: &InspectionBody, facility: &FacilityNow, received_at: Ts) -> VisitRow {
    let Visit { id, kind, started_at, ended_at, position, notice_number, signature, .. } = &body.visit;
    VisitRow {
        id: *id,
        campaign_id: body.campaign_id,
        kind: *kind,
        started_claim: (*started_at).into(),
        ended_claim: ended_at.map(Into::into),
        lat: position.map(|p| p.lat),
        lng: position.map(|p| p.lng),
        datum: position.map(|p| p.datum),
        notice_number: notice_number.clone(),
        signature: signature.state,
        signed_by: signature.signed_by.clone(),
        refusal_reason: signature.reason.clone(),
        witness: signature.witness.clone(),
        lead_id,
        street_id: facility.street_id,
        received_at,
    }
}

/// The visits that wait for somebody's confirmation and may have it still.
///
/// # Errors
/// The database's.
pub fn awaiting(conn: &mut AnyConn, user: UserId, now: DateTime<Utc>) -> Outcome<Vec<VisitId>> {
    let named = store::unconfirmed_of(conn, user)?;
    let waits = |(_, received): &(VisitId, Ts)| now <= rules::confirm_until(received.0);
    Ok(named.into_iter().filter(waits).map(|(id, _)| id).collect())
}

/// That somebody was there and confirms what the visit says.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct VisitConfirmation {
    /// The visit.
    pub visit_id: VisitId,
    /// Who confirmed it.
    pub user_id: UserId,
    /// When.
    pub confirmed_at: DateTime<Utc>,
}

/// What a confirmation was.
#[derive(Debug, Clone)]
pub enum Confirmed {
    /// It is new.
    New(VisitConfirmation),
    /// It was given already.
    Same(VisitConfirmation),
}

/// The second person confirms a visit from an account of their own. What was put right on the spot is closed with it, where its
/// photos have arrived.
///
/// # Errors
/// Missing, also for who did not take part; `confirmation_late`.
pub fn confirm(tx: &mut Tx<'_>, by: &Holder, id: VisitId) -> Outcome<Confirmed> {
    let missing = || Fault::missing("走访");
    let visit = store::visit(tx.conn(), id)?.ok_or_else(missing)?;
    let inspections = store::ids_of_visit(tx.conn(), id)?;
    let places = by.scope.places();
    if !inspections.iter().any(|(_, facility, street)| places.holds(*street, Some(*facility))) {
        return Err(missing());
    }
    let took_part = |p: &ParticipantRow| p.user_id == Some(by.id) && p.part != Part::Accompanying;
    let person = store::participants(tx.conn(), id)?.into_iter().find(took_part).ok_or_else(missing)?;
    let answer = |at: Ts| VisitConfirmation { visit_id: id, user_id: by.id, confirmed_at: at.0 };
    if let Some(at) = person.confirmed_at {
        tx.audit("visit", id, json!({ "confirmed": true, "again": true }));
        return Ok(Confirmed::Same(answer(at)));
    }
    if tx.now() > rules::confirm_until(visit.received_at.0) {
        return Err(Fault::refused("confirmation_late", "走访须在服务器收到后 48 小时内确认"));
    }
    let at = tx.ts();
    store::set_confirmed(tx.conn(), id, person.position, at)?;
    let mut closed: Vec<FindingId> = vec![];
    for (inspection, ..) in &inspections {
        closed.extend(on_site::settle(tx, *inspection)?);
    }
    tx.audit("visit", id, json!({ "confirmed": true, "closed": closed }));
    let streets: BTreeSet<AreaId> = inspections.iter().map(|(_, _, street)| *street).collect();
    for street in streets {
        tx.changed("visit", id.uuid(), Some(street.uuid()), Change::Put)?;
    }
    Ok(Confirmed::New(answer(at)))
}
