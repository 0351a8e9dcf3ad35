//! What every step of a finding leaves: an event in its history, the interval of its state, the line in the audit trail
//! and the row in the change feed, all in the step's own transaction.

use super::rules::State;
use super::side;
use super::store::{self, EventRow, FindingRow};
use super::telling;
use crate::db::{Change, Tx};
use crate::fault::Outcome;
use crate::ids::TypedId as _;
use serde_json::{Value, json};

/// Saves a finding that an event has moved to `to`.
pub fn advance(
    tx: &mut Tx<'_>,
    row: &mut FindingRow,
    event: &str,
    to: State,
    reason: Option<&str>,
    detail: &Value,
) -> Outcome<()> {
    let from = row.state;
    let ends = from.is_unsettled() && !to.is_unsettled();
    row.state = to;
    row.revision += 1;
    if ends {
        (row.paused_at, row.paused_until, row.resume_to) = (None, None, None);
    }
    store::save(tx.conn(), row)?;
    if ends {
        let at = tx.ts();
        side::store::lapse_requests(tx.conn(), row.id, at)?;
    }
    leave(tx, row, event, Some(from), reason, detail)
}

/// A deputy's step says for whom it was: what they did counts as that person's where persons are kept apart.
fn with_principals(tx: &Tx<'_>, detail: &Value) -> Value {
    let mut detail = detail.clone();
    let principals: Vec<_> = tx.actor().principals().iter().map(|p| p.id).collect();
    if !principals.is_empty() {
        detail["acting_for"] = json!(principals);
    }
    detail
}

/// Records an event of a finding that is already saved; `from` is empty at its beginning.
pub fn leave(
    tx: &mut Tx<'_>,
    row: &FindingRow,
    event: &str,
    from: Option<State>,
    reason: Option<&str>,
    detail: &Value,
) -> Outcome<()> {
    let seq = store::last_event_seq(tx.conn(), row.id)? + 1;
    let line = EventRow {
        id: tx.new_id(),
        finding_id: row.id,
        seq,
        at: tx.ts(),
        kind: event.into(),
        actor_id: tx.actor().user(),
        actor_name: tx.actor_label(),
        from_state: from,
        to_state: row.state,
        reason: reason.map(str::to_string),
        detail: with_principals(tx, detail).to_string(),
    };
    store::insert_event(tx.conn(), &line)?;
    if from != Some(row.state) {
        let at = tx.ts();
        store::turn_interval(tx.conn(), row.id, seq, row.state, at)?;
    }
    let said = json!({ "number": row.number, "event": event, "from": from, "to": row.state });
    tx.audit("finding", row.id, said);
    tx.changed("finding", row.id.uuid(), Some(row.street_id.uuid()), Change::Put)?;
    telling::told(tx, row, from, event, reason, detail)
}
