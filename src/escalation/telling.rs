//! What the clock says. The one place from which it speaks; what is said stands in the trail.

use super::rules::{Due, Key};
use super::store::StepRow;
use crate::db::Tx;
use crate::fault::Outcome;
use crate::findings::store::FindingRow;
use serde_json::json;

/// Says that a finding's day is near or has passed, that it waits for its confirmation, or that a step was due.
pub fn of_mark(tx: &mut Tx<'_>, row: &FindingRow, due: &Due<'_>) -> Outcome<()> {
    let Key { mark, days, stage, due_on } = due.key;
    let said = json!({
        "number": row.number, "mark": mark, "result": due.result, "days": days, "stage": stage, "due_on": due_on,
        "fires_on": due.fires_on,
    });
    tx.audit("finding", row.id, said);
    Ok(())
}

/// Says to the clerks that a step has been drafted.
pub fn of_draft(tx: &mut Tx<'_>, draft: &StepRow, findings: usize) -> Outcome<()> {
    let said = json!({ "kind": draft.kind, "to": draft.addressee_name, "findings": findings });
    tx.audit("step", draft.id, said);
    Ok(())
}
