//! What the clock says. The one place from which it speaks; what is said stands in the trail.

use super::rules::{Due, Key};
use super::store::StepRow;
use super::{Mark, MarkResult};
use crate::access::Role;
use crate::db::Tx;
use crate::fault::{Fault, Outcome};
use crate::findings::store::FindingRow;
use crate::findings::{confirming_role, facts, responsible};
use crate::ids::TypedId as _;
use crate::notices::{self, News, Notice, To};
use serde_json::json;

/// Says that a finding's day is near or has passed, that it waits for its confirmation, or that a step was due.
pub fn of_mark(tx: &mut Tx<'_>, row: &FindingRow, due: &Due<'_>) -> Outcome<()> {
    let Key { mark, days, stage, due_on } = due.key;
    let said = json!({
        "number": row.number, "mark": mark, "result": due.result, "days": days, "stage": stage, "due_on": due_on,
        "fires_on": due.fires_on,
    });
    tx.audit("finding", row.id, said);
    let mut finding = facts(row);
    finding.due_on = Some(due_on);
    let responsible = responsible(row);
    let (news, to) = match mark {
        _ if due.result != MarkResult::Fired => return Ok(()),
        // Who has claimed since waits for others.
        Mark::NearDue | Mark::Overdue if !row.state.is_to_rectify() => return Ok(()),
        Mark::NearDue => (News::FindingNearDue { finding, working_days: days.into() }, responsible),
        Mark::Overdue => (News::FindingOverdue { finding }, responsible),
        Mark::ToConfirm => {
            finding.due_on = None;
            let by = confirming_role(row.severity);
            (News::FindingConfirmationLate { finding, confirm_by: due_on }, vec![To::Role(by)])
        }
        // Of a step its draft is told.
        Mark::SecondReminder | Mark::Talk | Mark::LeaderContact | Mark::DistrictReport => return Ok(()),
    };
    let notice = Notice {
        news,
        to: &to,
        subject: ("finding", row.id.uuid()),
        street_id: Some(row.street_id),
        facility_id: Some(row.facility_id),
        category: Some(&row.category),
        key: Some(&format!("{}:{due_on}:{days}:{stage}", row.id)),
    };
    notices::tell(tx, &notice).map(drop)
}

/// Says to the clerks that a step has been drafted.
pub fn of_draft(tx: &mut Tx<'_>, draft: &StepRow, findings: usize) -> Outcome<()> {
    let said = json!({ "kind": draft.kind, "to": draft.addressee_name, "findings": findings });
    tx.audit("step", draft.id, said);
    let news = News::StepDrafted {
        step: draft.kind.label().into(),
        addressee: draft.addressee_name.clone(),
        findings: i64::try_from(findings).map_err(Fault::internal)?,
    };
    let notice = Notice {
        news,
        to: &[To::Role(Role::Drafter)],
        subject: ("step", draft.id.uuid()),
        street_id: draft.street_id,
        facility_id: None,
        category: None,
        key: Some(&draft.id.to_string()),
    };
    notices::tell(tx, &notice).map(drop)
}
