//! Who is told of a step of a finding. Every step passes by here, in its own transaction, so that nothing on which the
//! responsible side or another authority has to act happens silently; what waits for the bureau stands in its own list of
//! the day. What a step overtakes is taken out of the street's next digest.

use super::rules::{RequestKind, State, deciding_role};
use super::store::{self, FindingRow};
use crate::access::Role;
use crate::checklists::Severity;
use crate::clock::business_date;
use crate::db::Tx;
use crate::directory::Route;
use crate::fault::Outcome;
use crate::ids::TypedId as _;
use crate::notices::{self, FindingFacts, News, Notice, To};
use crate::settings::{self, Clock};
use chrono::NaiveDate;
use serde_json::Value;

/// Working days for the bureau to decide a dispute.
const DAYS_TO_DECIDE: u16 = 3;

/// What is said of a finding in any notice: never who complained.
pub fn facts(row: &FindingRow) -> FindingFacts {
    FindingFacts {
        number: row.number.clone(),
        facility: row.facility_name.clone(),
        problem: row.description.clone(),
        due_on: row.due_on,
    }
}

/// The last day to confirm a third party's finding.
fn confirm_by(tx: &mut Tx<'_>, row: &FindingRow) -> Outcome<Option<NaiveDate>> {
    let Clock { confirm_within, .. } = settings::get(tx.conn())?;
    let calendar = crate::calendar::load(tx.conn())?;
    Ok(Some(calendar.add_working_days(business_date(row.found_at.0), confirm_within).value))
}

/// The last day to decide a dispute that came in now.
fn decide_by(tx: &mut Tx<'_>) -> Outcome<Option<NaiveDate>> {
    let calendar = crate::calendar::load(tx.conn())?;
    Ok(Some(calendar.add_working_days(business_date(tx.now()), DAYS_TO_DECIDE).value))
}

/// The role that confirms a finding.
pub fn confirming_role(severity: Severity) -> Role {
    if severity == Severity::Major { Role::Reviewer } else { Role::Drafter }
}

/// The street it goes through, if any, and the operator.
pub fn responsible(row: &FindingRow) -> Vec<To> {
    let street = (row.route == Route::Street).then_some(To::Role(Role::Street));
    street.into_iter().chain([To::Role(Role::Operator)]).collect()
}

/// Tells of a step that is stored: `event` is its name in the history, `from` the state before it.
///
/// # Errors
/// The database's.
pub fn told(
    tx: &mut Tx<'_>,
    row: &FindingRow,
    from: Option<State>,
    event: &str,
    reason: Option<&str>,
    detail: &Value,
) -> Outcome<()> {
    let gone = overtaken(from, row.state, moved(detail));
    if !gone.is_empty() {
        notices::unsay(tx, row.id.uuid(), gone)?;
    }
    let Some((news, to)) = news(tx, row, event, reason.unwrap_or_default(), detail)? else { return Ok(()) };
    let notice = Notice {
        news,
        to: &to,
        subject: ("finding", row.id.uuid()),
        street_id: Some(row.street_id),
        facility_id: Some(row.facility_id),
        category: Some(&row.category),
        key: None,
    };
    notices::tell(tx, &notice).map(drop)
}

/// Whether a step gives another due day, of which nothing has been told yet.
fn moved(detail: &Value) -> bool {
    detail.get("due_before").is_some_and(|before| *before != detail["due_on"])
}

/// What still waits for the street's digest and no longer holds after a step.
fn overtaken(from: Option<State>, to: State, moved: bool) -> &'static [notices::Event] {
    use notices::Event::{FindingClaimed, FindingNearDue, FindingOverdue, FindingReturned, FindingServed};
    const CLOCK: &[notices::Event] = &[FindingNearDue, FindingOverdue];
    const TO_ACT: &[notices::Event] = &[FindingNearDue, FindingReturned];
    const ALL: &[notices::Event] =
        &[FindingServed, FindingNearDue, FindingOverdue, FindingReturned, FindingClaimed];
    match (from, to) {
        (Some(from), to) if from == to => {
            if moved {
                CLOCK
            } else {
                &[]
            }
        }
        (_, to) if !to.is_unsettled() => ALL,
        // The new claim is told after this.
        (_, State::Rectified) => ALL,
        (Some(State::Rectified), _) => &[FindingClaimed],
        (_, to) if !to.is_to_rectify() => TO_ACT,
        _ if moved => CLOCK,
        _ => &[],
    }
}

fn news(
    tx: &mut Tx<'_>,
    row: &FindingRow,
    event: &str,
    why: &str,
    detail: &Value,
) -> Outcome<Option<(News, Vec<To>)>> {
    let (finding, reason) = (facts(row), why.to_string());
    let decision = |text: &str| text.to_string();
    Ok(Some(match event {
        // The brigade's document stands for the confirmation.
        "opened" if (row.third_party || row.severity == Severity::Major) && !row.joint => {
            let confirm_by = if row.third_party { confirm_by(tx, row)? } else { None };
            (News::FindingToConfirm { finding, confirm_by }, vec![To::Role(confirming_role(row.severity))])
        }
        "served" | "mirrored" => (News::FindingServed { finding }, responsible(row)),
        "claimed" => {
            let Some(claimed_on) = row.claimed_on else { return Ok(None) };
            let by = if row.route == Route::Street { Role::Street } else { Role::Drafter };
            (News::FindingClaimed { finding, claimed_on }, vec![To::Role(by)])
        }
        // However it came back: sent back, failed at the street, failed on site.
        "returned" | "checked" | "reinspected" | "brigade_checked" if row.state == State::Returned => {
            (News::FindingReturned { finding, reason }, responsible(row))
        }
        "extension_asked" => {
            let Some(until) = detail["until"].as_str().and_then(|d| d.parse().ok()) else { return Ok(None) };
            let by = deciding_role(RequestKind::Extension, row.severity, row.long_term);
            (News::FindingExtensionAsked { finding, until, reason }, vec![To::Role(by)])
        }
        "extended" => {
            let decision = decision("同意延期");
            (News::FindingExtensionDecided { finding, decision, reason: Some(reason) }, responsible(row))
        }
        "extension_refused" => {
            let decision = decision("不同意延期");
            (News::FindingExtensionDecided { finding, decision, reason: Some(reason) }, responsible(row))
        }
        "disputed" => {
            let decide_by = decide_by(tx)?;
            let by = deciding_role(RequestKind::Dispute, row.severity, row.long_term);
            (News::FindingDisputed { finding, grounds: reason, decide_by }, vec![To::Role(by)])
        }
        // Nobody need rectify it any more, and what a letter says of it has to be put right by another.
        "withdrawn" | "dispute_upheld" if store::printed(tx.conn(), row.id)? => {
            let to = responsible(row).into_iter().chain([To::Role(Role::Drafter)]).collect();
            (News::FindingWithdrawnAfterPrint { finding, reason }, to)
        }
        "dispute_upheld" => {
            let decision = decision("申诉成立");
            (News::FindingDisputeDecided { finding, decision, reason }, responsible(row))
        }
        "dispute_refused" => {
            let decision = decision("申诉不成立");
            (News::FindingDisputeDecided { finding, decision, reason }, responsible(row))
        }
        "withdrawn" if row.served_at.is_some() => {
            (News::FindingWithdrawn { finding, reason }, responsible(row))
        }
        "suspended" => {
            let Some(until) = row.paused_until else { return Ok(None) };
            (News::FindingSuspended { finding, until, reason }, responsible(row))
        }
        "resumed" | "redated" | "deadline_set" | "put_on_account" | "observed" if moved(detail) => {
            (News::FindingDeadlineMoved { finding, reason }, responsible(row))
        }
        // 纪委 gets a copy of what the bureau closes in its own house.
        "closed" | "closed_on_site" | "brigade_checked"
            if row.state == State::Closed && row.route == Route::BureauUnit =>
        {
            (News::FindingClosedBureauUnit { finding }, vec![To::Role(Role::Supervisor)])
        }
        "referred" if detail["agency"] == "fire" => {
            let agency = "消防救援大队".to_string();
            (News::FindingReferred { finding, agency }, vec![To::Role(Role::Fire)])
        }
        _ => return Ok(None),
    }))
}

/// The names that this file waits for are those that the table gives.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::rules::{Asked, Decided, Event};
    use crate::ids::{UserId, new_uuid};
    use chrono::DateTime;

    #[test]
    fn the_names_are_the_table_s() {
        let somebody = UserId::from_uuid(new_uuid(DateTime::from_timestamp(1_700_000_000, 0).unwrap()));
        let asked = |kind| Event::Ask(Asked { kind, pending: false, late: false, grounded: true }).name();
        let decided = |kind, granted| {
            let decided = Decided { kind, granted, overdue: false, asked_by: somebody, files_missing: 0 };
            Event::Decide(decided).name()
        };
        let names = [
            Event::Serve.name(),
            Event::Claim { proofs: 0 }.name(),
            Event::Return.name(),
            Event::Reinspect { passed: false }.name(),
            Event::BrigadeCheck { passed: false }.name(),
            asked(RequestKind::Extension),
            decided(RequestKind::Extension, true),
            decided(RequestKind::Extension, false),
            asked(RequestKind::Dispute),
            decided(RequestKind::Dispute, true),
            decided(RequestKind::Dispute, false),
            Event::Withdraw.name(),
            Event::Close { proofs_received: 0, proofs_missing: 0 }.name(),
            Event::CloseOnSite { last: true, photos_missing: 0 }.name(),
            Event::Mirror.name(),
            Event::Suspend.name(),
            Event::Resume.name(),
            Event::SetDeadline.name(),
            Event::Refer { imminent: true }.name(),
        ];
        let source = include_str!("telling.rs");
        for name in names {
            assert!(source.contains(&format!("\"{name}\"")), "{name}");
        }
    }
}
