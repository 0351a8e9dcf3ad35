//! The versions of an inspection as clients see them.

use super::store;
use super::{Amendment, AmendmentState};
use crate::access::Places;
use crate::db::AnyConn;
use crate::fault::{Fault, Outcome};
use crate::ids::{InspectionId, UserId};
use crate::inspections::body::InspectionBody;
use crate::inspections::store::{self as inspection, InspectionRow};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// A version of an inspection.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VersionView {
    /// Its number; the original is 1.
    pub version: i32,
    /// Whether it has taken effect.
    pub state: AmendmentState,
    /// Its answers are those that stand.
    pub current: bool,
    /// Who sent it.
    pub submitted_by: UserId,
    /// When the server had it.
    pub received_at: DateTime<Utc>,
    /// When it took effect.
    pub applied_at: Option<DateTime<Utc>>,
    /// Why it was amended; none for the original.
    pub reason: Option<String>,
    /// What the phone sent.
    pub body: InspectionBody,
}

/// The versions of an inspection.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Versions {
    /// By number.
    pub items: Vec<VersionView>,
}

/// The versions of an inspection within places, the original first.
///
/// # Errors
/// Missing.
pub fn list(conn: &mut AnyConn, places: &Places, id: InspectionId) -> Outcome<Versions> {
    let within = |i: &InspectionRow| places.holds(i.street_id, Some(i.facility_id));
    let original = inspection::find(conn, id)?.filter(within).ok_or_else(|| Fault::missing("检查记录"))?;
    let mut items = vec![VersionView {
        version: 1,
        state: AmendmentState::Applied,
        current: original.version == 1,
        submitted_by: original.submitted_by,
        received_at: original.received_at.0,
        applied_at: Some(original.received_at.0),
        reason: None,
        body: serde_json::from_str(&original.body).map_err(Fault::internal)?,
    }];
    for row in store::all_of(conn, id, original.submitted_by)? {
        let sent: Amendment = serde_json::from_str(&row.body).map_err(Fault::internal)?;
        let applied = row.applied_at.is_some();
        items.push(VersionView {
            version: row.version,
            state: if applied { AmendmentState::Applied } else { AmendmentState::Waiting },
            current: applied && row.version == original.version,
            submitted_by: row.submitted_by,
            received_at: row.received_at.0,
            applied_at: row.applied_at.map(|t| t.0),
            reason: Some(sent.reason),
            body: sent.inspection,
        });
    }
    Ok(Versions { items })
}
