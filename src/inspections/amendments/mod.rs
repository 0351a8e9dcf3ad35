//! Amendments 更正: later versions of an inspection, numbered by the phone. They may arrive in any order and even before
//! their original; the version that stands is the highest that has arrived, and what follows does not depend on the order
//! of arrival (`apply`). An amendment whose original is not here yet waits for it. Once a finding of the inspection stands
//! in an issued letter nothing is amended any more: what comes then is kept in quarantine, where the clerk sees it.

mod apply;
mod store;
mod view;

pub(super) use apply::apply_waiting;
pub use view::{Versions, list};

use super::body::InspectionBody;
use super::quarantine::{self, Keep, QuarantineReceipt, QuarantineRow, QuarantineState};
use super::same::refuse_other;
use super::standing::{Reason, Standing};
use super::store::{self as inspection, InspectionRow, InspectionState};
use super::submit::{Record, demanded, id_taken, items_of, standing_of, subject_of};
use super::view::OpenedRef;
use crate::access::Holder;
use crate::canonical;
use crate::db::types::coded;
use crate::db::{AnyConn, Change, Tx};
use crate::directory;
use crate::fault::{Fault, Outcome};
use crate::findings::{self, Opened};
use crate::ids::{InspectionId, ItemId, TypedId as _};
use crate::photos::{self, EvidenceView, SubjectKind};
use apply::{Fitted, apply, fit};
use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::AmendmentRow;
use utoipa::ToSchema;

/// A later version of an inspection, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Amendment {
    /// Its number, given by the phone; the original is 1.
    #[garde(range(min = 2, max = 1000))]
    #[schema(minimum = 2, maximum = 1000)]
    pub version: i32,
    /// Why it was amended.
    #[garde(length(chars, min = 1, max = 500))]
    pub reason: String,
    /// The inspection as it should read; of the same visit, facility, campaign and check items.
    #[garde(dive)]
    pub inspection: InspectionBody,
}

coded! {
    /// Where an amendment stands.
    pub enum AmendmentState {
        /// It has taken effect.
        Applied = "applied" "已生效",
        /// It waits for its original.
        Waiting = "waiting" "等待原始记录",
        /// It is kept for the clerk.
        Held = "held" "待处理",
        /// The clerk has put it aside.
        Dismissed = "dismissed" "不予采纳",
    }
}

/// The receipt of an amendment. `findings` and `lacking` never change once it has taken effect; the rest is how things
/// stand now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AmendmentReceipt {
    /// The inspection.
    pub inspection_id: InspectionId,
    /// The version.
    pub version: i32,
    /// When the server had it.
    pub received_at: DateTime<Utc>,
    /// What became of items that fail in no version that arrived earlier.
    pub findings: Vec<Opened>,
    /// Items that demand a photo and have none declared in this version.
    pub lacking: Vec<ItemId>,
    /// Where it stands.
    pub state: AmendmentState,
    /// The version of the inspection that stands.
    pub current_version: Option<i32>,
    /// Whether all evidence of the inspection is there.
    pub inspection_state: Option<InspectionState>,
    /// What was declared and what has arrived.
    pub evidence: EvidenceView,
    /// Findings that the version that stands no longer bears out; withdrawing them needs a second person.
    pub to_withdraw: Vec<OpenedRef>,
    /// Its receipt from quarantine, where it is kept.
    pub quarantine: Option<QuarantineReceipt>,
}

/// What an amendment was.
#[derive(Debug, Clone)]
pub enum Amended {
    /// It has taken effect.
    New(AmendmentReceipt),
    /// The same was here already.
    Same(AmendmentReceipt),
    /// It is kept, because it waits for its original or for the clerk.
    Kept(AmendmentReceipt),
}

/// What became of an amendment when it took effect.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Effect {
    findings: Vec<Opened>,
    lacking: Vec<ItemId>,
}

/// Where in a request the inspection stands.
const WITHIN: &str = "/inspection";

/// Takes a later version of an inspection in, or recognises it.
///
/// # Errors
/// `id_taken`, `differs`; `fixed` for what only the original says; a missing facility; everything that the rules find
/// wrong, by pointer.
pub fn amend(tx: &mut Tx<'_>, by: &Holder, id: InspectionId, sent: &Amendment) -> Outcome<Amended> {
    let original = inspection::find(tx.conn(), id)?;
    refuse_stranger(tx.conn(), by, id, original.as_ref())?;
    let sha256 = canonical::hash(sent)?;
    let known = store::version_of(tx.conn(), id, by.id, sent.version)?;
    if let Some(row) = &known {
        refuse_other(&row.body, &row.body_sha256, sent, &sha256)?;
        if row.applied_at.is_some() || original.is_none() {
            tx.audit("inspection", id, json!({ "version": row.version, "resent": true }));
            return answer(tx.conn(), row, false);
        }
    }
    if let Some(kept) = quarantine::version_of(tx.conn(), id, by.id, sent.version)? {
        let receipt = quarantine::resent(tx, by, &kept, sent, &sha256)?;
        return Ok(Amended::Kept(held(sent.version, receipt)));
    }
    let text = serde_json::to_string(sent).map_err(Fault::internal)?;
    let at = tx.ts();
    let new = AmendmentRow {
        id: tx.new_id(),
        inspection_id: id,
        submitted_by: by.id,
        version: sent.version,
        third_party: by.third_party,
        body: text,
        body_sha256: sha256,
        received_at: at,
        applied_at: None,
        receipt: None,
    };
    match original {
        None => wait(tx, by, &new, sent),
        Some(original) => against(tx, by, &original, &new, sent),
    }
}

/// Of another person's inspection nothing is told, not even while it is in quarantine. Another person's waiting amendment
/// is no inspection.
fn refuse_stranger(
    conn: &mut AnyConn,
    by: &Holder,
    id: InspectionId,
    original: Option<&InspectionRow>,
) -> Outcome<()> {
    let owner = match original {
        Some(row) => Some(row.submitted_by),
        None => quarantine::original_of(conn, id)?.map(|row| row.submitted_by),
    };
    if owner.is_some_and(|owner| owner != by.id) { Err(id_taken()) } else { Ok(()) }
}

/// Keeps an amendment until its original comes.
fn wait(tx: &mut Tx<'_>, by: &Holder, new: &AmendmentRow, sent: &Amendment) -> Outcome<Amended> {
    let body = &sent.inspection;
    let facility = directory::facility_by_id(tx.conn(), body.facility_id)?;
    let stands = standing_of(tx, by, body, &facility)?.ok_or_else(|| Fault::missing("设施"))?;
    let items = items_of(tx.conn(), &by.places_ever(), body, &facility).map_err(|e| e.below(WITHIN))?;
    super::rules::judge(body, &items).map_err(|all| Fault::invalid_many(all).below(WITHIN))?;
    photos::refuse(tx.conn(), by.id, &body.photos).map_err(|e| e.below(WITHIN))?;
    let record = record_of(by, new, body, &facility);
    if let Standing::Late(reason) = stands {
        return hold(tx, &record, sent.version, reason, &items);
    }
    store::insert(tx.conn(), new)?;
    let subject = subject_of(&record, SubjectKind::Amendment, new.id.uuid());
    photos::declare(tx, &subject, &body.photos, &demanded(body, &items))?;
    tx.audit("inspection", new.inspection_id, json!({ "version": new.version, "waiting": true }));
    tx.changed("inspection", new.inspection_id.uuid(), Some(facility.street_id.uuid()), Change::Put)?;
    answer(tx.conn(), new, true)
}

/// An amendment whose original is here.
fn against(
    tx: &mut Tx<'_>,
    by: &Holder,
    original: &InspectionRow,
    new: &AmendmentRow,
    sent: &Amendment,
) -> Outcome<Amended> {
    let fitted = fit(tx, original, &sent.inspection).map_err(|e| e.below(WITHIN))?;
    if let Some(reason) = kept_for(tx, by, original, sent)? {
        let Fitted { body, facility, items } = &fitted;
        return hold(tx, &record_of(by, new, body, facility), sent.version, reason, items);
    }
    let row = entered(tx, new)?;
    apply(tx, original, &row, &sent.reason, &fitted)?;
    let row = store::version_of(tx.conn(), row.inspection_id, row.submitted_by, row.version)?;
    let row = row.ok_or_else(|| Fault::internal("an amendment without its row"))?;
    answer(tx.conn(), &row, true)
}

/// Enters an amendment, unless it has been waiting.
fn entered(tx: &mut Tx<'_>, new: &AmendmentRow) -> Outcome<AmendmentRow> {
    let known = store::version_of(tx.conn(), new.inspection_id, new.submitted_by, new.version)?;
    if let Some(waiting) = known {
        return Ok(waiting);
    }
    store::insert(tx.conn(), new)?;
    Ok(new.clone())
}

/// Why an amendment is not applied at once. How its sender stands is asked of the facility that the phone knows; whoever
/// sent the original has been there.
fn kept_for(
    tx: &mut Tx<'_>,
    by: &Holder,
    original: &InspectionRow,
    sent: &Amendment,
) -> Outcome<Option<Reason>> {
    if findings::is_printed(tx.conn(), original.id)? {
        return Ok(Some(Reason::InIssuedLetter));
    }
    let facility = directory::facility_by_id(tx.conn(), sent.inspection.facility_id)?;
    Ok(match standing_of(tx, by, &sent.inspection, &facility)? {
        Some(Standing::InForce | Standing::Grace) => None,
        Some(Standing::Late(reason)) => Some(reason),
        None => Some(Reason::ScopeLost),
    })
}

fn record_of<'a>(
    by: &'a Holder,
    row: &'a AmendmentRow,
    body: &'a InspectionBody,
    facility: &'a directory::FacilityNow,
) -> Record<'a> {
    Record {
        by,
        id: row.inspection_id,
        body,
        raw: &row.body,
        sha256: &row.body_sha256,
        received_at: row.received_at,
        facility,
    }
}

fn hold(
    tx: &mut Tx<'_>,
    record: &Record<'_>,
    version: i32,
    reason: Reason,
    items: &[crate::checklists::Item],
) -> Outcome<Amended> {
    let keep = Keep { record, version, reason };
    let receipt = quarantine::hold(tx, &keep, &demanded(record.body, items))?;
    Ok(Amended::Kept(held(version, receipt)))
}

/// The clerk accepts an amendment from quarantine.
///
/// # Errors
/// `in_issued_letter`; `original_missing`; `fixed`; what the rules find wrong, by pointer into the record.
pub(super) fn accept(tx: &mut Tx<'_>, kept: &QuarantineRow) -> Outcome<()> {
    let missing = || Fault::refused("original_missing", "原始检查记录尚未收到或尚未采纳");
    let mine = |row: &InspectionRow| row.submitted_by == kept.submitted_by;
    let original = inspection::find(tx.conn(), kept.inspection_id)?.filter(mine).ok_or_else(missing)?;
    if kept.reason == Reason::InIssuedLetter || findings::is_printed(tx.conn(), original.id)? {
        let detail = "该检查的问题已写入签发的提醒函，不能更正，只能说明理由后不予采纳，另行制发更正函";
        return Err(Fault::refused("in_issued_letter", detail));
    }
    let sent: Amendment = serde_json::from_str(&kept.body).map_err(Fault::internal)?;
    let fitted = fit(tx, &original, &sent.inspection).map_err(|e| e.below("/body"))?;
    photos::forget(tx, SubjectKind::Quarantine, kept.id.uuid())?;
    let row = AmendmentRow {
        id: tx.new_id(),
        inspection_id: kept.inspection_id,
        submitted_by: kept.submitted_by,
        version: kept.version,
        third_party: kept.third_party,
        body: kept.body.clone(),
        body_sha256: kept.body_sha256.clone(),
        received_at: kept.received_at,
        applied_at: None,
        receipt: None,
    };
    let row = entered(tx, &row)?;
    apply(tx, &original, &row, &sent.reason, &fitted)
}

fn held(version: i32, receipt: QuarantineReceipt) -> AmendmentReceipt {
    AmendmentReceipt {
        inspection_id: receipt.inspection_id,
        version,
        received_at: receipt.received_at,
        findings: vec![],
        lacking: vec![],
        state: match receipt.state {
            QuarantineState::Dismissed => AmendmentState::Dismissed,
            _ => AmendmentState::Held,
        },
        current_version: None,
        inspection_state: None,
        evidence: receipt.evidence.clone(),
        to_withdraw: vec![],
        quarantine: Some(receipt),
    }
}

/// The receipt of an amendment that waits or has taken effect.
fn answer(conn: &mut AnyConn, row: &AmendmentRow, new: bool) -> Outcome<Amended> {
    let effect: Effect = match &row.receipt {
        Some(text) => serde_json::from_str(text).map_err(Fault::internal)?,
        None => Effect::default(),
    };
    let applied = row.applied_at.is_some();
    let (kind, subject) = if applied {
        (SubjectKind::Inspection, row.inspection_id.uuid())
    } else {
        (SubjectKind::Amendment, row.id.uuid())
    };
    let now = if applied { inspection::find(conn, row.inspection_id)? } else { None };
    let receipt = AmendmentReceipt {
        inspection_id: row.inspection_id,
        version: row.version,
        received_at: row.received_at.0,
        findings: effect.findings,
        lacking: effect.lacking,
        state: if applied { AmendmentState::Applied } else { AmendmentState::Waiting },
        current_version: now.as_ref().map(|i| i.version),
        inspection_state: now.as_ref().map(|i| i.state),
        evidence: photos::evidence_of(conn, kind, subject)?,
        to_withdraw: if applied { super::view::to_withdraw(conn, row.inspection_id)? } else { vec![] },
        quarantine: None,
    };
    Ok(match (applied, new) {
        (false, _) => Amended::Kept(receipt),
        (true, true) => Amended::New(receipt),
        (true, false) => Amended::Same(receipt),
    })
}
