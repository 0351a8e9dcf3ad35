//! What the four kinds of lines share: who enters one, whether it counts, and that it was a mistake. A clerk's line counts
//! at once. An operator's is a claim until a clerk has confirmed it; dismissed, it stays and counts nowhere. A mistake is
//! withdrawn with its reason and stays too. After each of these the rule looks at the facility again.

use super::rules::DutyRule;
use super::store::{self, LineFilter, LineRow, PlacedLine};
use super::{EnteredAs, LineKind, LineState, assess};
use crate::access::{Holder, Places, Role};
use crate::db::page::{Page, PageAsk, page};
use crate::db::{AnyConn, Tx};
use crate::directory::{self, FacilityNow};
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, FacilityId, LineId, UserId};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

/// Who entered a line, and what became of it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct EntryView {
    /// Whether it counts.
    pub state: LineState,
    /// By the bureau or by the operator.
    pub entered_as: EnteredAs,
    /// The account.
    pub entered_by: UserId,
    /// When.
    pub entered_at: DateTime<Utc>,
    /// The clerk who decided an operator's claim.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// What the clerk noted.
    pub decision_note: Option<String>,
    /// When it was withdrawn as a mistake.
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// Why.
    pub withdrawn_reason: Option<String>,
}

/// What became of a line.
pub fn state_of(row: &LineRow) -> LineState {
    match (row.withdrawn_at, row.counted_at, row.decided_at) {
        (Some(_), _, _) => LineState::Withdrawn,
        (None, Some(_), _) => LineState::Counted,
        (None, None, Some(_)) => LineState::Dismissed,
        (None, None, None) => LineState::Claimed,
    }
}

/// What clients see of it.
pub fn entry_view(row: &LineRow) -> EntryView {
    EntryView {
        state: state_of(row),
        entered_as: row.entered_as,
        entered_by: row.entered_by,
        entered_at: row.entered_at.0,
        decided_by: row.decided_by,
        decided_at: row.decided_at.map(|t| t.0),
        decision_note: row.decision_note.clone(),
        withdrawn_at: row.withdrawn_at.map(|t| t.0),
        withdrawn_reason: row.withdrawn_reason.clone(),
    }
}

/// What a line is about and where.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct LineView {
    /// Its id.
    pub id: LineId,
    /// What it is about.
    pub kind: LineKind,
    /// The facility.
    pub facility_id: FacilityId,
    /// Who entered it, and what became of it.
    pub entry: EntryView,
}

/// A facility that a body names, within the person's reach.
///
/// # Errors
/// `unknown_facility` at `/facility_id`.
pub fn named_facility(conn: &mut AnyConn, places: &Places, id: FacilityId) -> Outcome<FacilityNow> {
    let unknown = || Fault::invalid("/facility_id", "unknown_facility", "设施不存在或不在权限范围内");
    directory::facility_in(conn, places, id).map_err(|fault| fault.if_missing(unknown))
}

/// Begins a line; its kind's row follows in the same transaction.
///
/// # Errors
/// `unknown_facility`; the database's.
pub fn begin(
    tx: &mut Tx<'_>,
    holder: &Holder,
    kind: LineKind,
    facility: FacilityId,
) -> Outcome<(LineRow, FacilityNow)> {
    let facility = named_facility(tx.conn(), &holder.scope.places(), facility)?;
    let clerk = holder.roles_at(facility.street_id, facility.id).contains(&Role::Drafter);
    let row = LineRow {
        id: tx.new_id(),
        kind,
        facility_id: facility.id,
        entered_as: if clerk { EnteredAs::Bureau } else { EnteredAs::Operator },
        entered_by: holder.id,
        entered_at: tx.ts(),
        counted_at: clerk.then_some(tx.ts()),
        decided_by: None,
        decided_at: None,
        decision_note: None,
        withdrawn_by: None,
        withdrawn_at: None,
        withdrawn_reason: None,
    };
    store::insert_line(tx.conn(), &row)?;
    Ok((row, facility))
}

/// Leaves the trail of a change of the register, and lets the rule look at the facility.
///
/// # Errors
/// The database's.
pub fn changed(tx: &mut Tx<'_>, row: &LineRow, what: &str, rule: DutyRule) -> Outcome<()> {
    let told = json!({ "what": what, "kind": row.kind, "facility": row.facility_id, "as": row.entered_as });
    tx.audit("fire_line", row.id, told);
    // The rule minds certificates and equipment; what an operator enters counts only when a clerk has confirmed it.
    let minds = matches!(row.kind, LineKind::Certificate | LineKind::Equipment) && row.counted_at.is_some();
    if minds { assess(tx, row.facility_id, rule).map(drop) } else { Ok(()) }
}

/// A line within reach, locked.
///
/// # Errors
/// Missing, also when it lies elsewhere.
pub fn held(tx: &mut Tx<'_>, places: &Places, id: LineId) -> Outcome<LineRow> {
    let missing = || Fault::missing("消防台账记录");
    let row = store::line_locked(tx.conn(), id)?.ok_or_else(missing)?;
    directory::facility_in(tx.conn(), places, row.facility_id).map_err(|fault| fault.if_missing(missing))?;
    Ok(row)
}

/// Refuses to change a line that does not count.
///
/// # Errors
/// `wrong_state`.
pub fn must_count(row: &LineRow) -> Outcome<()> {
    match state_of(row) {
        LineState::Counted => Ok(()),
        other => Err(Fault::refused("wrong_state", format!("该记录为“{}”，不能变更", other.label()))),
    }
}

/// A day that may not lie in the future.
///
/// # Errors
/// `in_future` at `pointer`.
pub fn not_after_today(day: NaiveDate, today: NaiveDate, pointer: &'static str) -> Outcome<()> {
    if day > today {
        return Err(Fault::invalid(pointer, "in_future", "日期不能晚于今天"));
    }
    Ok(())
}

/// A clerk confirms an operator's line, or does not.
///
/// # Errors
/// Missing; `wrong_state` when it is no open claim; `own_work` when the clerk entered it as operator.
pub fn decide(
    tx: &mut Tx<'_>,
    holder: &Holder,
    id: LineId,
    counts: bool,
    note: Option<&str>,
    rule: DutyRule,
) -> Outcome<LineView> {
    let row = held(tx, &holder.scope.places(), id)?;
    if state_of(&row) != LineState::Claimed {
        return Err(Fault::refused("wrong_state", "该记录不是待确认的填报"));
    }
    if row.entered_by == holder.id {
        return Err(Fault::refused("own_work", "不能确认本人填报的记录"));
    }
    let at = tx.ts();
    store::decide(tx.conn(), id, counts, holder.id, at, note)?;
    let row = LineRow { counted_at: counts.then_some(at), ..row };
    changed(tx, &row, if counts { "confirmed" } else { "dismissed" }, rule)?;
    view(tx, id)
}

/// A clerk withdraws a line that was a mistake. What has come to its end is ended instead.
///
/// # Errors
/// Missing; `wrong_state` when it does not count.
pub fn withdraw(
    tx: &mut Tx<'_>,
    holder: &Holder,
    id: LineId,
    reason: &str,
    rule: DutyRule,
) -> Outcome<LineView> {
    let row = held(tx, &holder.scope.places(), id)?;
    must_count(&row)?;
    let at = tx.ts();
    store::withdraw(tx.conn(), id, holder.id, at, reason)?;
    changed(tx, &row, "withdrawn", rule)?;
    view(tx, id)
}

fn view(tx: &mut Tx<'_>, id: LineId) -> Outcome<LineView> {
    let row = store::line_locked(tx.conn(), id)?
        .ok_or_else(|| Fault::internal("the line was there a moment ago"))?;
    Ok(LineView { id: row.id, kind: row.kind, facility_id: row.facility_id, entry: entry_view(&row) })
}

/// A view of a line, for paging.
pub trait OfLine {
    /// The line.
    fn line(&self) -> LineId;
}

/// Makes views of lines.
type Present<'a, T> = dyn Fn(&mut AnyConn, Vec<PlacedLine>) -> Outcome<Vec<T>> + 'a;

/// Lines looked at in one go.
const CHUNK: i64 = 200;

/// A page of lines of a kind, newest first, of those that pass.
///
/// # Errors
/// A bad page; the database's.
pub fn sift<T: OfLine>(
    conn: &mut AnyConn,
    places: &Places,
    kind: LineKind,
    filter: &LineFilter,
    ask: &PageAsk,
    present: &Present<'_, T>,
    passes: &dyn Fn(&T) -> bool,
) -> Outcome<Page<T>> {
    let limit = ask.limit()?;
    let mut after: Option<LineId> = ask.after()?;
    let wanted = usize::try_from(limit).unwrap_or(0) + 1;
    let mut found: Vec<T> = vec![];
    while found.len() < wanted {
        let chunk = store::lines(conn, places, kind, filter, after, CHUNK)?;
        let Some(last) = chunk.last() else { break };
        after = Some(last.line.id);
        let short = (chunk.len() as i64) < CHUNK;
        found.extend(present(conn, chunk)?.into_iter().filter(passes));
        if short {
            break;
        }
    }
    found.truncate(wanted);
    Ok(page(found, limit, T::line, |row| row))
}

/// Where a line lies, for the views of the kinds.
#[derive(Debug, Clone)]
pub struct Place {
    /// The facility.
    pub facility_id: FacilityId,
    /// Its name today.
    pub facility_name: String,
    /// Its street today.
    pub street_id: AreaId,
}
