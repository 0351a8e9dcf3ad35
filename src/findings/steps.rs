//! The steps of a finding after it was opened. Each locks the finding, asks the table in `rules`, and writes one
//! transaction. Out of scope reads as missing.

use super::opening::date;
use super::record::advance;
use super::rules::{Case, CheckResult, Event, Move, Reinspected, State, Who, decide};
use super::side;
use super::store::{self, CheckRow, FindingRow, RectificationRow};
use super::{ServiceMethod, rules};
use crate::access::{Holder, Role, Spot, delegations, employer};
use crate::checklists::Proof;
use crate::clock::business_date;
use crate::db::{AnyConn, Tx};
use crate::directory::{self, Route};
use crate::fault::{Fault, FieldFault, Outcome};
use crate::ids::{CheckId, FindingId, RectificationId, TypedId as _, UserId};
use crate::photos::{self, Declared, Purpose, Subject, SubjectKind};
use chrono::NaiveDate;
use serde_json::json;
use uuid::Uuid;

/// A finding within reach, locked.
pub(super) fn held(tx: &mut Tx<'_>, by: &Holder, id: FindingId) -> Outcome<FindingRow> {
    store::find_locked(tx.conn(), id)?
        .filter(|f| f.is_within(&by.scope))
        .ok_or_else(|| Fault::missing("问题"))
}

/// What the table must know of a finding.
pub(super) fn case_of(conn: &mut AnyConn, row: &FindingRow) -> Outcome<Case> {
    Ok(Case {
        state: row.state,
        severity: row.severity,
        proof: row.proof,
        kind: directory::facility_by_id(conn, row.facility_id)?.kind,
        route: row.route,
        found_by: row.found_by,
        joint: row.joint,
        long_term: row.long_term,
        drawn: row.drawn,
        referral_pending: side::store::referral_pending(conn, row.id)?,
        confirmed_by: row.confirmed_by,
        claimed_by: row.claimed_by,
        checked_by: row.checked_by,
        reinspected: match row.reinspected_by.zip(row.reinspected_ok) {
            Some((by, passed)) => {
                Some(Reinspected { by, passed, third_party: employer(conn, by)?.third_party })
            }
            None => None,
        },
        looked: match row.claimed_at {
            Some(since) => store::looked_since(conn, row.id, since)?,
            None => vec![],
        },
        resume_to: row.resume_to,
    })
}

/// Who acts on a finding. Those they stand in for count as themselves, and so do those who stood in for them here.
pub(super) fn who_is(conn: &mut AnyConn, by: &Holder, row: &FindingRow) -> Outcome<Who> {
    let roles = by.roles_over(row.street_id, row.facility_id, &row.category);
    let mut who = Who::with(by.id, roles, by.third_party);
    who.acts_for = by.acts_for_over(row.street_id, row.facility_id, &row.category);
    who.acts_for.extend(store::deputies_of(conn, row.id, by.id)?);
    if row.route == Route::BureauUnit {
        let facility = directory::facility_by_id(conn, row.facility_id)?;
        for person in
            std::iter::once(by.id).chain(by.acts_for_over(row.street_id, row.facility_id, &row.category))
        {
            who.inside_line |= employer(conn, person)?.organisation == facility.operator_name;
        }
    }
    Ok(who)
}

/// Asks the table.
pub(super) fn ask(tx: &mut Tx<'_>, by: &Holder, row: &FindingRow, event: Event) -> Outcome<Move> {
    let case = case_of(tx.conn(), row)?;
    let who = who_is(tx.conn(), by, row)?;
    let next =
        decide(&case, event, &who).map_err(|rules::Refusal { code, detail }| Fault::refused(code, detail))?;
    // Both names stand in the history where only the person stood in for may do this.
    let roles = rules::roles_of(&case, event);
    delegations::act(tx, by, &roles, Spot::finding(row.street_id, row.facility_id, &row.category))?;
    Ok(next)
}

/// The bureau confirms a finding; a 重大 one by a clause of the 判定标准.
///
/// # Errors
/// Missing; a refusal of the table.
pub fn confirm(tx: &mut Tx<'_>, by: &Holder, id: FindingId, clause: Option<&str>) -> Outcome<()> {
    let mut row = held(tx, by, id)?;
    let next = ask(tx, by, &row, Event::Confirm { clause: clause.is_some() })?;
    row.confirmed_by = Some(by.id);
    row.confirmed_at = Some(tx.ts());
    row.clause = clause.map(str::to_string);
    advance(tx, &mut row, "confirmed", next.to, None, &json!({ "clause": clause }))
}

/// How and by when.
#[derive(Debug, Clone)]
pub struct Service {
    /// How it was served.
    pub method: ServiceMethod,
    /// A due date of the clerk's own; the suggestion unless given.
    pub due_on: Option<NaiveDate>,
    /// A remark.
    pub note: Option<String>,
}

/// Records that a finding was served; its deadline runs from today.
///
/// # Errors
/// Missing; a refusal of the table; a due date in the past.
pub fn serve(tx: &mut Tx<'_>, by: &Holder, id: FindingId, service: &Service) -> Outcome<()> {
    let mut row = held(tx, by, id)?;
    let next = ask(tx, by, &row, Event::Serve)?;
    date(tx, &mut row)?;
    if let Some(wanted) = service.due_on {
        if !by.roles_over(row.street_id, row.facility_id, &row.category).contains(&Role::Drafter) {
            return Err(Fault::invalid("/due_on", "drafter_required", "整改期限由经办人确定"));
        }
        let reason = ("/note", service.note.as_deref());
        by_clerk(&mut row, wanted, reason, by.id, business_date(tx.now()))?;
    }
    row.service_method = Some(service.method);
    row.served_at = Some(tx.ts());
    let detail = json!({ "method": service.method, "due_on": row.due_on, "rule": row.due_rule });
    advance(tx, &mut row, "served", next.to, service.note.as_deref(), &detail)
}

/// The letter that serves a finding.
#[derive(Debug, Clone)]
pub struct ByLetter {
    /// Its number.
    pub number: String,
    /// Day by which it is answered: what has no deadline yet is done by then, as the letter says.
    pub reply_due: NaiveDate,
}

/// What the delivery of a letter does with a finding that it prints and that was never served 函件送达: it is served, and is
/// due on the day that the letter names. Everything else stays as it is.
///
/// # Errors
/// The database's.
pub fn serve_by_letter(tx: &mut Tx<'_>, id: FindingId, letter: &ByLetter) -> Outcome<()> {
    let Some(mut row) = store::find_locked(tx.conn(), id)?.filter(|row| row.state == State::Confirmed) else {
        return Ok(());
    };
    row.due_on = Some(letter.reply_due);
    row.due_original = row.due_on;
    row.due_rule = Some(format!("{}：函件送达，于回复期限前完成", letter.number));
    row.due_provisional = false;
    row.calendar_version = None;
    row.service_method = Some(ServiceMethod::Letter);
    row.served_at = Some(tx.ts());
    let detail = json!({ "method": ServiceMethod::Letter, "due_on": row.due_on, "rule": row.due_rule });
    advance(tx, &mut row, "served", State::Served, None, &detail)
}

/// The clerk confirms the suggested due date, or sets another: once, and before it has passed. After that more time is an
/// extension.
///
/// # Errors
/// Missing; a refusal of the table; `deadline_confirmed`; a date in the past; another date without a reason.
pub fn set_deadline(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: FindingId,
    due_on: NaiveDate,
    reason: Option<&str>,
) -> Outcome<()> {
    let mut row = held(tx, by, id)?;
    let next = ask(tx, by, &row, Event::SetDeadline)?;
    let before = row.due_on;
    if row.due_confirmed_by.is_some() {
        return Err(Fault::refused("deadline_confirmed", "期限已经确认，需要更多时间的应申请延期"));
    }
    by_clerk(&mut row, due_on, ("/reason", reason), by.id, business_date(tx.now()))?;
    let detail = json!({ "due_before": before, "due_on": due_on });
    advance(tx, &mut row, Event::SetDeadline.name(), next.to, reason, &detail)
}

/// The clerk confirms the day that stands, or sets another for a reason that has its place in the body.
fn by_clerk(
    row: &mut FindingRow,
    wanted: NaiveDate,
    (pointer, reason): (&str, Option<&str>),
    by: UserId,
    today: NaiveDate,
) -> Outcome<()> {
    let before = row.due_on;
    if before != Some(wanted) {
        if wanted < today || before.is_some_and(|b| b < today) {
            return Err(Fault::invalid("/due_on", "out_of_range", "期限已过或早于今天"));
        }
        if reason.is_none() {
            return Err(Fault::invalid(pointer, "required", "更改建议期限须说明理由"));
        }
        let suggested = before.map(|d| d.to_string()).unwrap_or_default();
        row.due_on = Some(wanted);
        // What has moved by an extension or a pause keeps the day that was first set.
        if row.due_original == before {
            row.due_original = Some(wanted);
        }
        row.due_rule = Some(format!("经办人确定（系统建议 {suggested}）"));
    }
    row.due_provisional = false;
    row.due_confirmed_by = Some(by);
    Ok(())
}

/// What the responsible side says that it has done. A claim, until the finding is closed.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The day on which it was rectified, as claimed.
    pub claimed_on: NaiveDate,
    /// What was done 已改情况.
    pub measures: String,
    /// Whether the like was looked for elsewhere 排查同类.
    pub similar_check: Option<String>,
    /// What keeps it from coming back 制度措施.
    pub system_measures: Option<String>,
    /// Who watches over it 监督人.
    pub supervisor: Option<String>,
    /// Proofs.
    pub photos: Vec<Declared>,
}

/// The responsible side claims rectification.
///
/// # Errors
/// Missing; a refusal of the table; a date before the finding or after today; a proof that was used before.
pub fn claim(tx: &mut Tx<'_>, by: &Holder, id: FindingId, claim: &Claim) -> Outcome<RectificationId> {
    let mut row = held(tx, by, id)?;
    let proofs = claim.photos.iter().filter(|p| proves(row.proof, p.purpose)).count();
    let next = ask(tx, by, &row, Event::Claim { proofs })?;
    let days = business_date(row.found_at.0)..=business_date(tx.now());
    if !days.contains(&claim.claimed_on) {
        return Err(Fault::invalid(
            "/claimed_on",
            "out_of_range",
            "整改完成日期须在发现之后、今天之前（含）",
        ));
    }
    let made: RectificationId = tx.new_id();
    declare(tx, &row, SubjectKind::Rectification, made.uuid(), by, &claim.photos)?;
    let line = RectificationRow {
        id: made,
        finding_id: id,
        claimed_by: by.id,
        claimed_on: claim.claimed_on,
        measures: claim.measures.clone(),
        similar_check: claim.similar_check.clone(),
        system_measures: claim.system_measures.clone(),
        supervisor: claim.supervisor.clone(),
        created_at: tx.ts(),
        inspection_id: None,
    };
    book_claim(tx, &mut row, next.to, &line, claim.photos.len())?;
    Ok(made)
}

/// Stores a claim that the table has allowed.
pub(super) fn book_claim(
    tx: &mut Tx<'_>,
    row: &mut FindingRow,
    to: State,
    line: &RectificationRow,
    proofs: usize,
) -> Outcome<()> {
    store::insert_rectification(tx.conn(), line)?;
    row.claimed_by = Some(line.claimed_by);
    row.claimed_on = Some(line.claimed_on);
    row.claimed_at = Some(line.created_at);
    forget_checks(row);
    let (drawn, draw) = side::drawn(tx, row.severity, row.id, line.id)?;
    // Once drawn it is looked at, however often it is sent back and claimed again.
    row.drawn |= drawn;
    let mut detail = json!({ "rectification": line.id, "claimed_on": line.claimed_on, "proofs": proofs });
    if !draw.is_null() {
        detail["draw"] = draw;
    }
    if let Some(inspection) = line.inspection_id {
        detail["on_site"] = json!({ "inspection": inspection });
    }
    advance(tx, row, "claimed", to, None, &detail)
}

/// Whether a file shows what the item asks for: where it asks for a photo, a scanned document is none.
fn proves(proof: Proof, purpose: Purpose) -> bool {
    proof != Proof::Photo || purpose == Purpose::After
}

/// What was checked of an earlier claim says nothing of the next.
fn forget_checks(row: &mut FindingRow) {
    row.checked_by = None;
    row.check_outcome = None;
    row.reinspected_by = None;
    row.reinspected_ok = None;
    row.reinspected_at = None;
}

/// Declares files of a step. A photo that an inspection of this facility shows is a before-photo and proves nothing.
pub(super) fn declare(
    tx: &mut Tx<'_>,
    row: &FindingRow,
    kind: SubjectKind,
    id: Uuid,
    by: &Holder,
    declared: &[Declared],
) -> Outcome<()> {
    let hashes: Vec<String> = declared.iter().map(|d| d.sha256.clone()).collect();
    let used = photos::declared_at(tx.conn(), row.facility_id, &hashes)?;
    let again: Vec<FieldFault> = (0..)
        .zip(declared)
        .filter(|(_, d)| used.contains(&d.sha256))
        .map(|(n, _): (usize, _)| {
            FieldFault::new(format!("/photos/{n}"), "photo_reused", "该照片是检查时的照片，不能作为整改证明")
        })
        .collect();
    if !again.is_empty() {
        return Err(Fault::invalid_many(again));
    }
    let subject =
        Subject { kind, id, street_id: row.street_id, facility_id: row.facility_id, owner_id: by.id };
    photos::declare(tx, &subject, declared, &|_| true)
}

fn record_check(
    tx: &mut Tx<'_>,
    id: CheckId,
    row: &FindingRow,
    kind: &str,
    result: CheckResult,
    note: &str,
    checked_by: UserId,
) -> Outcome<()> {
    let line = CheckRow {
        id,
        finding_id: row.id,
        kind: kind.into(),
        result,
        note: note.into(),
        checked_by,
        checked_at: tx.ts(),
    };
    store::insert_check(tx.conn(), &line)
}

/// The street checks a claim 初核, or records that it did not.
///
/// # Errors
/// Missing; a refusal of the table.
pub fn check(tx: &mut Tx<'_>, by: &Holder, id: FindingId, result: CheckResult, note: &str) -> Outcome<()> {
    let mut row = held(tx, by, id)?;
    let next = ask(tx, by, &row, Event::Check(result))?;
    let line = tx.new_id();
    record_check(tx, line, &row, "street", result, note, by.id)?;
    // Whoever only records that nobody checked has not checked.
    row.checked_by = (result != CheckResult::Skipped).then_some(by.id);
    row.check_outcome = Some(result);
    advance(tx, &mut row, "checked", next.to, Some(note), &json!({ "result": result }))
}

/// What a re-inspector saw.
#[derive(Debug, Clone)]
pub struct Recheck {
    /// It is rectified.
    pub passed: bool,
    /// What was seen.
    pub note: String,
    /// Photos.
    pub photos: Vec<Declared>,
}

/// An inspector looks on site 复查. A third party's is evidence; only the bureau closes.
///
/// # Errors
/// Missing; a refusal of the table; a photo that was used before.
pub fn reinspect(tx: &mut Tx<'_>, by: &Holder, id: FindingId, seen: &Recheck) -> Outcome<()> {
    let mut row = held(tx, by, id)?;
    let next = ask(tx, by, &row, Event::Reinspect { passed: seen.passed })?;
    let line: CheckId = tx.new_id();
    declare(tx, &row, SubjectKind::Reinspection, line.uuid(), by, &seen.photos)?;
    book_reinspection(tx, by, &mut row, line, next.to, seen.passed, &seen.note)
}

/// Stores a re-inspection that the table has allowed.
pub(super) fn book_reinspection(
    tx: &mut Tx<'_>,
    by: &Holder,
    row: &mut FindingRow,
    line: CheckId,
    to: State,
    passed: bool,
    note: &str,
) -> Outcome<()> {
    let result = if passed { CheckResult::Pass } else { CheckResult::Fail };
    record_check(tx, line, row, "reinspection", result, note, by.id)?;
    // What the bureau itself has seen no third party puts aside; it stands among the checks as evidence.
    let weighs = match row.reinspected_by.filter(|_| by.third_party) {
        Some(before) => employer(tx.conn(), before)?.third_party,
        None => true,
    };
    if weighs {
        row.reinspected_by = Some(by.id);
        row.reinspected_ok = Some(passed);
        row.reinspected_at = Some(tx.ts());
    }
    let detail = json!({ "result": result, "third_party": by.third_party });
    advance(tx, row, "reinspected", to, Some(note), &detail)
}

/// The bureau sends a claim back 退回重改.
///
/// # Errors
/// Missing; a refusal of the table.
pub fn return_claim(tx: &mut Tx<'_>, by: &Holder, id: FindingId, reason: &str) -> Outcome<()> {
    let mut row = held(tx, by, id)?;
    let next = ask(tx, by, &row, Event::Return)?;
    advance(tx, &mut row, "returned", next.to, Some(reason), &json!({}))
}

/// The fire brigade re-checks a joint finding: only that closes it.
///
/// # Errors
/// Missing; a refusal of the table.
pub fn brigade_check(tx: &mut Tx<'_>, by: &Holder, id: FindingId, passed: bool, note: &str) -> Outcome<()> {
    let mut row = held(tx, by, id)?;
    let event = Event::BrigadeCheck { passed };
    let next = ask(tx, by, &row, event)?;
    let result = if passed { CheckResult::Pass } else { CheckResult::Fail };
    let line = tx.new_id();
    record_check(tx, line, &row, "brigade", result, note, by.id)?;
    if passed {
        row.closed_by = Some(by.id);
        row.closed_at = Some(tx.ts());
    }
    let detail = json!({ "result": result, "finder_closed": next.finder_closed });
    advance(tx, &mut row, event.name(), next.to, Some(note), &detail)
}

/// The bureau strikes a finding off the ledger 销号.
///
/// # Errors
/// Missing; a refusal of the table.
pub fn close(tx: &mut Tx<'_>, by: &Holder, id: FindingId, note: &str) -> Outcome<()> {
    let mut row = held(tx, by, id)?;
    let last = store::rectifications(tx.conn(), id)?.pop();
    let (proofs_received, proofs_missing) = match last {
        None => (0, 0),
        Some(claim) => {
            let shown = photos::photos_of(tx.conn(), SubjectKind::Rectification, claim.id.uuid())?;
            let (arrived, missing): (Vec<_>, Vec<_>) = shown.iter().partition(|p| p.received_at.is_some());
            (arrived.iter().filter(|p| proves(row.proof, p.purpose)).count(), missing.len())
        }
    };
    let next = ask(tx, by, &row, Event::Close { proofs_received, proofs_missing })?;
    row.closed_by = Some(by.id);
    row.closed_at = Some(tx.ts());
    let detail = json!({ "proofs": proofs_received, "finder_closed": next.finder_closed });
    advance(tx, &mut row, "closed", next.to, Some(note), &detail)
}

/// A second person withdraws a finding that was a mistake 误报.
///
/// # Errors
/// Missing; a refusal of the table.
pub fn withdraw(tx: &mut Tx<'_>, by: &Holder, id: FindingId, reason: &str) -> Outcome<()> {
    let mut row = held(tx, by, id)?;
    let next = ask(tx, by, &row, Event::Withdraw)?;
    let detail = json!({ "severity": row.severity.label() });
    advance(tx, &mut row, "withdrawn", next.to, Some(reason), &detail)
}
