//! The clerk's decision: accept a record into place, or put it aside.

use super::store::{self, QuarantineRow};
use super::{QuarantineState, leave};
use crate::access::{Action, Holder, Spot, delegations};
use crate::db::Tx;
use crate::directory;
use crate::fault::{Fault, Outcome};
use crate::ids::{CampaignId, FacilityId, QuarantineId, TypedId as _};
use crate::inspections::InspectionBody;
use crate::inspections::amendments;
use crate::inspections::rules;
use crate::inspections::submit::{Record, check_known, items_of, take};
use crate::photos::{self, SubjectKind};

/// Where a record goes.
#[derive(Debug, Clone)]
pub struct Acceptance {
    /// Another facility than the record names, e.g. the one that took over.
    pub facility_id: Option<FacilityId>,
    /// Another campaign than the record names; `Some(None)` for none.
    pub campaign_id: Option<Option<CampaignId>>,
    /// Why.
    pub note: String,
}

/// A record that waits for somebody else's decision.
fn held(tx: &mut Tx<'_>, by: &Holder, id: QuarantineId) -> Outcome<QuarantineRow> {
    let places = by.scope.places();
    let within = |r: &QuarantineRow| places.holds(r.street_id, Some(r.facility_id));
    let row = store::find_locked(tx.conn(), id)?.filter(within).ok_or_else(|| Fault::missing("暂存记录"))?;
    let roles = Action::DecideQuarantine.roles();
    let spot = Spot { street: row.street_id, facility: Some(row.facility_id), category: None };
    if row.submitted_by == by.id || by.acts_for_as(roles, spot).contains(&row.submitted_by) {
        return Err(Fault::refused("own_work", "不能处理本人提交的记录"));
    }
    if row.state != QuarantineState::Held {
        return Err(Fault::refused("already_decided", "该记录已处理"));
    }
    delegations::act(tx, by, roles, spot)?;
    Ok(row)
}

fn decided(
    tx: &mut Tx<'_>,
    by: &Holder,
    mut row: QuarantineRow,
    state: QuarantineState,
    note: &str,
) -> Outcome<()> {
    row.state = state;
    row.decided_by = Some(by.id);
    row.decided_at = Some(tx.ts());
    row.note = Some(note.into());
    store::decide(tx.conn(), &row)?;
    leave(tx, &row)
}

/// Accepts a record into place: from now on it is an ordinary inspection of the phone's person, received when it was, with
/// findings as of today; an amendment takes effect.
///
/// # Errors
/// Missing; `own_work`; `already_decided`; an unknown or foreign facility or campaign; what the rules find wrong for the new
/// place, by pointer into the record; what its visit forbids; of an amendment `in_issued_letter`, `original_missing`,
/// `fixed`.
pub fn accept(tx: &mut Tx<'_>, by: &Holder, id: QuarantineId, into: &Acceptance) -> Outcome<()> {
    let row = held(tx, by, id)?;
    if row.version == 1 {
        accept_original(tx, by, &row, into)?;
    } else {
        refuse_another_place(into)?;
        amendments::accept(tx, &row)?;
    }
    decided(tx, by, row, QuarantineState::Accepted, &into.note)
}

/// An amendment goes where its original is.
fn refuse_another_place(into: &Acceptance) -> Outcome<()> {
    let given = [("/facility_id", into.facility_id.is_some()), ("/campaign_id", into.campaign_id.is_some())];
    match given.iter().find(|(_, given)| *given) {
        Some((at, _)) => Err(Fault::invalid(*at, "fixed", "更正记录须与原始记录一致，不能另行指定")),
        None => Ok(()),
    }
}

fn accept_original(tx: &mut Tx<'_>, by: &Holder, row: &QuarantineRow, into: &Acceptance) -> Outcome<()> {
    let mut body: InspectionBody = serde_json::from_str(&row.body).map_err(Fault::internal)?;
    body.facility_id = into.facility_id.unwrap_or(body.facility_id);
    body.campaign_id = into.campaign_id.unwrap_or(body.campaign_id);
    let places = by.scope.places();
    let unknown = || Fault::invalid("/facility_id", "unknown_facility", "设施不存在或不在权限范围内");
    let facility = directory::facility_in(tx.conn(), &places, body.facility_id);
    let facility = facility.map_err(|e| e.if_missing(unknown))?;
    let items = items_of(tx.conn(), &places, &body, &facility)?;
    let verdict = rules::judge(&body, &items).map_err(|all| Fault::invalid_many(all).below("/body"))?;
    check_known(tx.conn(), &body, &facility, &items).map_err(|fault| fault.below("/body"))?;
    // Its photos are the inspection's from now on, those that are still to come too.
    photos::forget(tx, SubjectKind::Quarantine, row.id.uuid())?;
    let submitter = Holder::account_only(row.submitted_by, row.third_party);
    let record = Record {
        by: &submitter,
        id: row.inspection_id,
        body: &body,
        raw: &row.body,
        sha256: &row.body_sha256,
        received_at: row.received_at,
        facility: &facility,
    };
    take(tx, &record, &items, verdict).map(drop)
}

/// Puts a record aside. It stays readable, with its photos.
///
/// # Errors
/// Missing; `own_work`; `already_decided`.
pub fn dismiss(tx: &mut Tx<'_>, by: &Holder, id: QuarantineId, reason: &str) -> Outcome<()> {
    let row = held(tx, by, id)?;
    decided(tx, by, row, QuarantineState::Dismissed, reason)
}
