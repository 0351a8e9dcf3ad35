//! Quarantine 暂存: what a phone sent authentic but too late or out of place (`standing`). It was judged like any other
//! record, is stored whole with its manifest, and gets a receipt with the reason; its photos keep coming. It opens no
//! finding, counts nowhere and keeps nobody from anything: even its visit is not stored. The clerk reads it (`view`) and
//! accepts it into place, where it becomes an ordinary inspection under its own id, or dismisses it with a reason
//! (`decide`). Nothing is ever deleted.

mod decide;
mod store;
mod view;

pub use decide::{Acceptance, accept, dismiss};
pub use view::{QuarantineDetail, QuarantineFilter, QuarantineView, find, list};

use super::same::refuse_other;
use super::standing::Reason;
use super::submit::{Record, id_taken, subject_of};
use crate::access::Holder;
use crate::db::types::coded;
use crate::db::{AnyConn, Change, Tx};
use crate::fault::Outcome;
use crate::ids::{InspectionId, QuarantineId, TypedId as _, UserId};
use crate::photos::{self, Declared, EvidenceView, SubjectKind};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
pub(super) use store::QuarantineRow;
use utoipa::ToSchema;

coded! {
    /// Where a record in quarantine stands.
    pub enum QuarantineState {
        /// It waits for the clerk.
        Held = "held" "待处理",
        /// It is an inspection now.
        Accepted = "accepted" "已采纳",
        /// It was put aside with a reason.
        Dismissed = "dismissed" "不予采纳",
    }
}

/// The receipt of a record in quarantine: the phone may forget it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QuarantineReceipt {
    /// Its id in quarantine.
    pub quarantine_id: QuarantineId,
    /// The inspection that it is, or amends.
    pub inspection_id: InspectionId,
    /// Why it is kept.
    pub reason: Reason,
    /// The same for people, in Chinese.
    pub detail: String,
    /// When the server had it.
    pub received_at: DateTime<Utc>,
    /// Where it stands now.
    pub state: QuarantineState,
    /// What was declared and what has arrived by now.
    pub evidence: EvidenceView,
}

/// A record to be kept, and why.
pub(super) struct Keep<'a> {
    /// The record.
    pub record: &'a Record<'a>,
    /// 1 for an original, more for an amendment.
    pub version: i32,
    /// Why.
    pub reason: Reason,
}

/// Keeps a record with its manifest.
pub(super) fn hold(
    tx: &mut Tx<'_>,
    keep: &Keep<'_>,
    required: &dyn Fn(&Declared) -> bool,
) -> Outcome<QuarantineReceipt> {
    let Keep { record, version, reason } = *keep;
    let row = QuarantineRow {
        id: tx.new_id(),
        inspection_id: record.id,
        version,
        reason,
        state: QuarantineState::Held,
        facility_id: record.facility.id,
        street_id: record.facility.street_id,
        campaign_id: record.body.campaign_id,
        submitted_by: record.by.id,
        third_party: record.by.third_party,
        body: record.raw.to_string(),
        body_sha256: record.sha256.to_string(),
        received_at: record.received_at,
        decided_by: None,
        decided_at: None,
        note: None,
    };
    store::insert(tx.conn(), &row)?;
    let subject = subject_of(record, SubjectKind::Quarantine, row.id.uuid());
    photos::declare(tx, &subject, &record.body.photos, required)?;
    leave(tx, &row)?;
    receipt_of(tx.conn(), &row)
}

/// The trail and the feed of a record in quarantine.
fn leave(tx: &mut Tx<'_>, row: &QuarantineRow) -> Outcome<()> {
    let said = json!({
        "inspection": row.inspection_id, "version": row.version, "reason": row.reason, "state": row.state,
        "note": row.note,
    });
    tx.audit("quarantine", row.id, said);
    tx.changed("quarantine", row.id.uuid(), Some(row.street_id.uuid()), Change::Put)
}

/// The original of an inspection that is or was in quarantine, whosoever it is.
pub(super) fn original_of(conn: &mut AnyConn, id: InspectionId) -> Outcome<Option<QuarantineRow>> {
    store::original_of(conn, id)
}

/// A person's version of an inspection that is or was in quarantine.
pub(super) fn version_of(
    conn: &mut AnyConn,
    id: InspectionId,
    by: UserId,
    version: i32,
) -> Outcome<Option<QuarantineRow>> {
    store::version_of(conn, id, by, version)
}

/// The same record again: the same receipt.
///
/// # Errors
/// `id_taken`; `differs`.
pub(super) fn resent<T: Serialize + DeserializeOwned>(
    tx: &mut Tx<'_>,
    by: &Holder,
    row: &QuarantineRow,
    body: &T,
    sha256: &str,
) -> Outcome<QuarantineReceipt> {
    if row.submitted_by != by.id {
        return Err(id_taken());
    }
    refuse_other(&row.body, &row.body_sha256, body, sha256)?;
    tx.audit("quarantine", row.id, json!({ "resent": true }));
    receipt_of(tx.conn(), row)
}

fn receipt_of(conn: &mut AnyConn, row: &QuarantineRow) -> Outcome<QuarantineReceipt> {
    Ok(QuarantineReceipt {
        quarantine_id: row.id,
        inspection_id: row.inspection_id,
        reason: row.reason,
        detail: row.reason.label().into(),
        received_at: row.received_at.0,
        state: row.state,
        evidence: evidence_of(conn, row)?,
    })
}

/// An accepted record's photos belong to its inspection.
fn subject_now(row: &QuarantineRow) -> (SubjectKind, uuid::Uuid) {
    match row.state {
        QuarantineState::Accepted => (SubjectKind::Inspection, row.inspection_id.uuid()),
        _ => (SubjectKind::Quarantine, row.id.uuid()),
    }
}

fn evidence_of(conn: &mut AnyConn, row: &QuarantineRow) -> Outcome<EvidenceView> {
    let (kind, id) = subject_now(row);
    photos::evidence_of(conn, kind, id)
}
