//! What one person asks for and another decides: more time, a dispute, 挂账, a termination. At most one of a kind waits.

use super::pauses::{run_on, stand_still};
use super::store::{self, RequestRow, StageRow};
use super::{Ground, RequestResult};
use crate::access::Holder;
use crate::clock::business_date;
use crate::db::Tx;
use crate::directory::facilities::versions_of;
use crate::directory::{FacilityState, FacilityView};
use crate::fault::{Fault, Outcome};
use crate::findings::deadlines::is_overdue;
use crate::findings::record::advance;
use crate::findings::rules::{Asked, Decided, Event, RequestKind};
use crate::findings::steps::{ask as ask_table, declare, held};
use crate::findings::store::FindingRow;
use crate::ids::{FindingId, RequestId, TypedId as _, UserId};
use crate::photos::{self, Declared, Purpose, SubjectKind};
use chrono::NaiveDate;
use serde_json::{Value, json};

/// Working days after service within which a finding may be disputed.
const DISPUTE_DAYS: u16 = 3;

/// A wish for more time 延期.
#[derive(Debug, Clone)]
pub struct Extension {
    /// The last day asked for.
    pub until: NaiveDate,
    /// Why.
    pub reason: String,
}

/// A stage of what is followed in stages.
#[derive(Debug, Clone)]
pub struct Stage {
    /// What is to be reached.
    pub title: String,
    /// By when.
    pub due_on: NaiveDate,
}

/// What is to be followed in stages 挂账.
#[derive(Debug, Clone)]
pub struct LongTermPlan {
    /// Why it takes long.
    pub reason: String,
    /// The stages, in order.
    pub stages: Vec<Stage>,
}

/// A wish to end a finding because its place changed 终结.
#[derive(Debug, Clone)]
pub struct Termination {
    /// What changed.
    pub ground: Ground,
    /// In words.
    pub reason: String,
    /// The street's certificate (a document) and the check on site (photos).
    pub files: Vec<Declared>,
}

/// What a request becomes: the row to be stored, beside what the table must know of it.
struct Wish<'a> {
    kind: RequestKind,
    reason: &'a str,
    until: Option<NaiveDate>,
    ground: Option<Ground>,
    late: bool,
    grounded: bool,
}

/// Asks for more time.
///
/// # Errors
/// Missing; a refusal of the table; a day that is not later than the one that stands.
pub fn ask_extension(tx: &mut Tx<'_>, by: &Holder, id: FindingId, wish: &Extension) -> Outcome<RequestId> {
    let row = held(tx, by, id)?;
    let late = row.due_on.is_some_and(|due| is_overdue(due, tx.now()));
    let until = Some(wish.until);
    let asked = Wish {
        kind: RequestKind::Extension,
        reason: &wish.reason,
        until,
        ground: None,
        late,
        grounded: true,
    };
    let made = file(tx, by, row.clone(), &asked)?;
    later_than(&row, wish.until)?;
    Ok(made)
}

fn later_than(row: &FindingRow, until: NaiveDate) -> Outcome<()> {
    if row.due_on.is_some_and(|due| until > due) {
        return Ok(());
    }
    Err(Fault::invalid("/until", "out_of_range", "延期日期须晚于现期限"))
}

/// The responsible side says that it is no finding 申诉: within three working days of service; the clock stands still.
///
/// # Errors
/// Missing; a refusal of the table.
pub fn dispute(tx: &mut Tx<'_>, by: &Holder, id: FindingId, reason: &str) -> Outcome<RequestId> {
    let row = held(tx, by, id)?;
    let calendar = crate::calendar::load(tx.conn())?;
    let today = business_date(tx.now());
    let served = row.served_at.map_or(today, |at| business_date(at.0));
    let late = today > calendar.add_working_days(served, DISPUTE_DAYS).value;
    let kind = RequestKind::Dispute;
    file(tx, by, row, &Wish { kind, reason, until: None, ground: None, late, grounded: true })
}

/// Asks to follow a finding in stages 挂账.
///
/// # Errors
/// Missing; a refusal of the table; stages that are not in order or lie in the past.
pub fn ask_long_term(tx: &mut Tx<'_>, by: &Holder, id: FindingId, plan: &LongTermPlan) -> Outcome<RequestId> {
    let row = held(tx, by, id)?;
    in_order(&plan.stages, business_date(tx.now()))?;
    let (kind, grounded) = (RequestKind::LongTerm, !plan.stages.is_empty());
    let wish = Wish { kind, reason: &plan.reason, until: None, ground: None, late: false, grounded };
    let made = file(tx, by, row, &wish)?;
    for (position, stage) in (1..).zip(&plan.stages) {
        let line = StageRow {
            request_id: made,
            position,
            title: stage.title.clone(),
            due_on: stage.due_on,
            done_by: None,
            done_at: None,
            note: None,
        };
        store::insert_stage(tx.conn(), &line)?;
    }
    Ok(made)
}

fn in_order(stages: &[Stage], today: NaiveDate) -> Outcome<()> {
    let mut earliest = today;
    for (n, stage) in stages.iter().enumerate() {
        if stage.due_on < earliest {
            let at = format!("/stages/{n}/due_on");
            return Err(Fault::invalid(at, "out_of_range", "阶段期限须从今天起依次向后"));
        }
        earliest = stage.due_on;
    }
    Ok(())
}

/// Asks to end a finding because its place changed.
///
/// # Errors
/// Missing; a refusal of the table; files that are not both a certificate and a check on site.
pub fn ask_termination(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: FindingId,
    wish: &Termination,
) -> Outcome<RequestId> {
    let row = held(tx, by, id)?;
    let grounded = holds(tx, &row, wish.ground)?;
    let (kind, ground) = (RequestKind::Termination, Some(wish.ground));
    let asked = Wish { kind, reason: &wish.reason, until: None, ground, late: false, grounded };
    let made = file(tx, by, row.clone(), &asked)?;
    let document = |d: &Declared| d.purpose == Purpose::Document;
    if !wish.files.iter().any(document) || wish.files.iter().all(document) {
        let detail = "须附街道证明（材料）和现场核查照片";
        return Err(Fault::invalid("/files", "certificate_and_check_required", detail));
    }
    declare(tx, &row, SubjectKind::Termination, made.uuid(), by, &wish.files)?;
    Ok(made)
}

/// Whether the roster says that the place has changed since the finding.
fn holds(tx: &mut Tx<'_>, row: &FindingRow, ground: Ground) -> Outcome<bool> {
    let versions = versions_of(tx.conn(), row.facility_id)?;
    let then = |v: &&FacilityView| v.valid_from <= row.found_at.0;
    let (Some(then), Some(now)) = (versions.iter().rfind(then).or(versions.first()), versions.last()) else {
        return Ok(false);
    };
    Ok(match ground {
        Ground::Moved => (&then.address, then.street_id) != (&now.address, now.street_id),
        Ground::OperatorChanged => then.operator_name != now.operator_name,
        Ground::Ended => now.status == FacilityState::Ended,
    })
}

/// Asks the table and stores what is asked for.
fn file(tx: &mut Tx<'_>, by: &Holder, mut row: FindingRow, wish: &Wish<'_>) -> Outcome<RequestId> {
    let waits = |r: &RequestRow| r.kind == wish.kind && r.result.is_none();
    let pending = store::requests(tx.conn(), row.id)?.iter().any(waits);
    let asked = Asked { kind: wish.kind, pending, late: wish.late, grounded: wish.grounded };
    let event = Event::Ask(asked);
    let next = ask_table(tx, by, &row, event)?;
    let made: RequestId = tx.new_id();
    let line = RequestRow {
        id: made,
        finding_id: row.id,
        kind: wish.kind,
        asked_by: by.id,
        asked_at: tx.ts(),
        reason: wish.reason.into(),
        ground: wish.ground,
        until: wish.until,
        result: None,
        decided_by: None,
        decided_at: None,
        note: None,
        due_before: row.due_on,
        due_after: None,
    };
    store::insert_request(tx.conn(), &line)?;
    if !next.to.deadline_runs() && row.state.deadline_runs() {
        stand_still(tx, &mut row, None);
    }
    let detail = json!({ "request": made, "until": wish.until, "ground": wish.ground });
    advance(tx, &mut row, event.name(), next.to, Some(wish.reason), &detail)?;
    Ok(made)
}

/// A decision.
#[derive(Debug, Clone)]
pub struct Decision {
    /// What was asked for is granted.
    pub granted: bool,
    /// Why.
    pub note: String,
    /// Of an extension: another last day than was asked for.
    pub until: Option<NaiveDate>,
}

/// Decides what was asked for.
///
/// # Errors
/// Missing; `already_decided`; a refusal of the table; a day that is not later than the one that stands.
pub fn decide(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: FindingId,
    request: RequestId,
    decision: &Decision,
) -> Outcome<()> {
    let mut row = held(tx, by, id)?;
    let mut line = store::requests(tx.conn(), id)?
        .into_iter()
        .find(|r| r.id == request)
        .ok_or_else(|| Fault::missing("申请"))?;
    if line.result.is_some() {
        return Err(Fault::refused("already_decided", "该申请已有结果"));
    }
    if decision.until.is_some() && !(decision.granted && line.kind == RequestKind::Extension) {
        return Err(Fault::invalid("/until", "out_of_range", "只有同意延期时可以另定期限"));
    }
    let files = photos::evidence_of(tx.conn(), SubjectKind::Termination, request.uuid())?;
    let decided = Decided {
        kind: line.kind,
        granted: decision.granted,
        overdue: row.due_on.is_some_and(|due| is_overdue(due, tx.now())),
        asked_by: line.asked_by,
        files_missing: files.missing.len(),
    };
    let event = Event::Decide(decided);
    let next = ask_table(tx, by, &row, event)?;
    line.result = Some(if decision.granted { RequestResult::Granted } else { RequestResult::Refused });
    line.decided_by = Some(by.id);
    line.decided_at = Some(tx.ts());
    line.note = Some(decision.note.clone());
    line.due_before = row.due_on;
    let mut detail = json!({ "request": request });
    take_effect(tx, &mut row, &line, decision, &mut detail)?;
    line.due_after = row.due_on;
    store::save_request(tx.conn(), &line)?;
    advance(tx, &mut row, event.name(), next.to, Some(&decision.note), &detail)
}

/// What a decision changes besides the state.
fn take_effect(
    tx: &mut Tx<'_>,
    row: &mut FindingRow,
    line: &RequestRow,
    decision: &Decision,
    detail: &mut Value,
) -> Outcome<()> {
    match (line.kind, decision.granted) {
        (RequestKind::Extension, true) => {
            let until = decision.until.or(line.until).ok_or_else(|| Fault::internal("no day"))?;
            later_than(row, until)?;
            let original = row.due_original.or(row.due_on).map(|d| d.to_string()).unwrap_or_default();
            set_due(row, until, format!("批准延期（原期限 {original}）"), tx.actor().user());
        }
        (RequestKind::LongTerm, true) => {
            row.long_term = true;
            if let Some(last) = store::stages(tx.conn(), line.id)?.pop() {
                // Asked for long ago, or never later than what stands: such a plan is no plan.
                if last.due_on < business_date(tx.now()) || row.due_on.is_some_and(|due| last.due_on < due) {
                    return Err(Fault::refused(
                        "stages_out_of_time",
                        "阶段目标已过期或早于现期限，须重新申请",
                    ));
                }
                set_due(row, last.due_on, "挂账，按阶段目标推进".into(), tx.actor().user());
            }
        }
        (RequestKind::Dispute, false) => run_on(tx, row)?,
        _ => return Ok(()),
    }
    detail["due_before"] = json!(line.due_before);
    detail["due_on"] = json!(row.due_on);
    Ok(())
}

/// Who decides on a day has confirmed it: it is no suggestion any more.
fn set_due(row: &mut FindingRow, day: NaiveDate, rule: String, by: Option<UserId>) {
    row.due_on = Some(day);
    row.due_rule = Some(rule);
    row.due_provisional = false;
    row.due_confirmed_by = row.due_confirmed_by.or(by);
}

/// A stage of what is on account is done.
///
/// # Errors
/// Missing; a refusal of the table; `already_done`.
pub fn finish_stage(tx: &mut Tx<'_>, by: &Holder, id: FindingId, position: i32, note: &str) -> Outcome<()> {
    let mut row = held(tx, by, id)?;
    let next = ask_table(tx, by, &row, Event::Stage)?;
    let plan = store::plan_in_force(tx.conn(), id)?.ok_or_else(|| Fault::missing("阶段目标"))?;
    let known = store::stages(tx.conn(), plan.id)?.iter().any(|s| s.position == position);
    if !known {
        return Err(Fault::missing("阶段目标"));
    }
    let at = tx.ts();
    if !store::finish_stage(tx.conn(), plan.id, position, by.id, at, note)? {
        return Err(Fault::refused("already_done", "该阶段已完成"));
    }
    let detail = json!({ "position": position });
    advance(tx, &mut row, Event::Stage.name(), next.to, Some(note), &detail)
}
