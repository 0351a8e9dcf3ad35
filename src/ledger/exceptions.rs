//! What an auditor looks at first, from the events themselves.

use super::rules::{Exception, Happened, of_event};
use super::store;
use crate::access::Scope;
use crate::db::AnyConn;
use crate::db::page::{Page, PageAsk, page};
use crate::db::types::Coded as _;
use crate::fault::Outcome;
use crate::findings::store::EventRow;
use crate::ids::{AreaId, EventId, FacilityId, FindingId};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// Something that a reader of the ledger has to know.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ExceptionRow {
    /// What.
    pub exceptions: Vec<Exception>,
    /// The finding.
    pub finding_id: FindingId,
    /// Its number.
    pub number: String,
    /// Where.
    pub facility_id: FacilityId,
    /// The facility's name.
    pub facility_name: String,
    /// The street.
    pub street_id: AreaId,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The event in the finding's history.
    pub event: String,
    /// Who did it.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
}

/// Which exceptions.
#[derive(Debug, Clone, Default)]
pub struct ExceptionFilter {
    /// Only of this kind.
    pub kind: Option<Exception>,
    /// Only in this street.
    pub street_id: Option<AreaId>,
}

/// Exceptions within a scope, the last first.
///
/// # Errors
/// A bad page.
pub fn exceptions(
    conn: &mut AnyConn,
    scope: &Scope,
    filter: &ExceptionFilter,
    ask: &PageAsk,
) -> Outcome<Page<ExceptionRow>> {
    let limit = ask.limit()?;
    let after: Option<EventId> = ask.after()?;
    let kinds = filter.kind.map_or_else(|| Exception::ALL.to_vec(), |kind| vec![kind]);
    let events = store::exceptional(conn, scope, &kinds, filter.street_id, after, limit + 1)?;
    let Page { items, next_cursor } = page(events, limit, |e: &EventRow| e.id, |e| e);
    let ids: Vec<FindingId> = items.iter().map(|e| e.finding_id).collect();
    let findings = store::findings(conn, &ids)?;
    let row = |e: EventRow| {
        let finding = findings.get(&e.finding_id)?;
        let detail: Value = serde_json::from_str(&e.detail).unwrap_or_default();
        let happened = Happened { kind: &e.kind, to: e.to_state, detail: &detail };
        Some(ExceptionRow {
            exceptions: of_event(happened, finding.drawn && finding.reinspected_by.is_none()),
            finding_id: finding.id,
            number: finding.number.clone(),
            facility_id: finding.facility_id,
            facility_name: finding.facility_name.clone(),
            street_id: finding.street_id,
            at: e.at.0,
            event: e.kind,
            actor: e.actor_name,
            reason: e.reason,
        })
    };
    Ok(Page { items: items.into_iter().filter_map(row).collect(), next_cursor })
}
