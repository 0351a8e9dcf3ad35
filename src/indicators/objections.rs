//! Objections of streets to targets 异议: “及时调整不合理的任务指标”. A street says why, and what it proposes; another person
//! than the one who set the target decides, once. What is upheld becomes a new target of that street, which names the
//! objection; what was before stays.

use super::catalogue;
use super::decimal::shown;
use super::printed;
use super::reckoning;
use super::rules::Quarter;
use super::store::{self, ObjectionRow, TargetRow};
use super::targets::{self, NewTarget};
use crate::access::{Action, Holder, Places, Role, Spot, delegations};
use crate::db::page::{Page, PageAsk, page};
use crate::db::{AnyConn, Change, Tx};
use crate::directory;
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, ObjectionId, TargetId, TypedId as _, UserId};
use crate::notices::{self, News, Notice, To};
use chrono::{DateTime, Utc};
use serde_json::json;

/// An objection.
#[derive(Debug, Clone)]
pub struct NewObjection {
    /// The street.
    pub street_id: AreaId,
    /// The quarter from which the target is contested.
    pub quarter: Quarter,
    /// What the street proposes instead, in hundredths.
    pub proposed: Option<i64>,
    /// On what grounds.
    pub reason: String,
}

/// What is decided.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The street is right.
    pub upheld: bool,
    /// Why.
    pub reason: String,
    /// The new target in hundredths, where it is not what the street proposes.
    pub target: Option<i64>,
}

/// An objection as clients see it. Amounts are decimals with at most two places.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ObjectionView {
    /// Its id.
    pub id: ObjectionId,
    /// The indicator's code.
    pub indicator: String,
    /// The street.
    pub street_id: AreaId,
    /// The year.
    pub year: i32,
    /// The quarter from which the target is contested, 1–4.
    pub quarter: u32,
    /// The target that it is against.
    pub target_id: TargetId,
    /// What that says, e.g. ≥100%.
    pub target: String,
    /// What the street proposes.
    pub proposed: Option<String>,
    /// On what grounds.
    pub reason: String,
    /// Who objected.
    pub raised_by: UserId,
    /// When.
    pub raised_at: DateTime<Utc>,
    /// What was decided; none while nobody has.
    pub upheld: Option<bool>,
    /// Why.
    pub decision: Option<String>,
    /// Who decided.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// The target that it brought about.
    pub new_target_id: Option<TargetId>,
    /// What that says.
    pub new_target: Option<String>,
}

/// Objects to a target.
///
/// # Errors
/// Missing indicator; a street out of reach; `no_target`; `already_objected`.
pub fn raise(tx: &mut Tx<'_>, by: &Holder, code: &str, new: &NewObjection) -> Outcome<ObjectionId> {
    let indicator = catalogue::find(code)?;
    if !by.scope.places().holds(new.street_id, None) {
        return Err(Fault::invalid("/street_id", "unknown_street", "街道不存在或不在权限范围内"));
    }
    if let Some(proposed) = new.proposed {
        targets::check_value(indicator, proposed, "/proposed")?;
    }
    let (now, at) = (tx.now(), tx.ts());
    let mut held = reckoning::targets(tx.conn(), new.street_id, new.quarter, now)?;
    let none = || Fault::refused("no_target", "该指标在该季度没有目标，无从提出异议");
    let target = held.remove(&indicator.code).ok_or_else(none)?;
    if store::is_contested(tx.conn(), code, new.street_id, new.quarter)? {
        return Err(Fault::refused("already_objected", "已对该目标提出异议，尚待处理"));
    }
    delegations::act(tx, by, Action::ObjectToTarget.roles(), Spot::street(new.street_id))?;
    let row = ObjectionRow {
        id: tx.new_id(),
        indicator: indicator.code.clone(),
        street_id: new.street_id,
        quarter_on: new.quarter.first_day(),
        target_id: target.id,
        proposed: new.proposed,
        reason: new.reason.clone(),
        raised_by: tx.user()?,
        raised_at: at,
        upheld: None,
        decision: None,
        decided_by: None,
        decided_at: None,
    };
    store::insert_objection(tx.conn(), &row)?;
    leave(tx, &row)?;
    let street = directory::street(tx.conn(), row.street_id)?.name;
    let news = News::TargetObjected {
        indicator: indicator.name.clone(),
        street,
        quarter: new.quarter.label(),
        target: printed::target(indicator, target.comparison, target.value),
        proposed: new.proposed.map(|value| printed::amount(indicator, value)),
        reason: row.reason.clone(),
    };
    tell(tx, &row, news, &[To::Role(Role::Reviewer)])?;
    Ok(row.id)
}

/// Decides an objection, once.
///
/// # Errors
/// Missing; `already_decided`; `own_work`; an objection upheld without a target, or dismissed with one.
pub fn decide(tx: &mut Tx<'_>, by: &Holder, id: ObjectionId, verdict: &Verdict) -> Outcome<()> {
    let places = by.scope.places();
    let found = store::find_objection_locked(tx.conn(), id)?.filter(|o| places.holds(o.street_id, None));
    let mut row = found.ok_or_else(|| Fault::missing("异议"))?;
    if row.decided_at.is_some() {
        return Err(Fault::refused("already_decided", "该异议已处理"));
    }
    let contested = contested(tx.conn(), &row)?;
    let spot = Spot::street(row.street_id);
    let own: Vec<UserId> = [row.raised_by, contested.set_by].into_iter().chain(contested.set_for).collect();
    let acts_for = by.acts_for_as(Action::DecideTarget.roles(), spot);
    if own.contains(&by.id) || acts_for.iter().any(|person| own.contains(person)) {
        return Err(Fault::refused("own_work", "设定目标或提出异议的人不能处理该异议"));
    }
    let value = new_value(&row, verdict)?;
    let decided_for = delegations::act(tx, by, Action::DecideTarget.roles(), spot)?;
    let news = act_on(tx, &row, &contested, verdict, (value, decided_for))?;
    row.upheld = Some(verdict.upheld);
    row.decision = Some(verdict.reason.clone());
    row.decided_by = Some(tx.user()?);
    row.decided_at = Some(tx.ts());
    store::save_objection(tx.conn(), &row)?;
    leave(tx, &row)?;
    tell(tx, &row, news, &[To::User(row.raised_by), To::User(contested.set_by)])
}

fn contested(conn: &mut AnyConn, row: &ObjectionRow) -> Outcome<TargetRow> {
    store::find_target(conn, row.target_id)?.ok_or_else(|| Fault::internal("an objection to no target"))
}

fn quarter_of(row: &ObjectionRow) -> Quarter {
    Quarter::of(row.quarter_on)
}

/// The new target of an objection that is upheld.
fn new_value(row: &ObjectionRow, verdict: &Verdict) -> Outcome<Option<i64>> {
    match (verdict.upheld, verdict.target) {
        (false, None) => Ok(None),
        (false, Some(_)) => Err(Fault::invalid("/target", "not_upheld", "异议不成立时不能调整目标")),
        (true, given) => {
            let value = given.or(row.proposed);
            value.map(Some).ok_or_else(|| {
                Fault::invalid("/target", "target_needed", "异议成立须给出新目标：街道没有提出目标值")
            })
        }
    }
}

/// Sets the new target, where there is one; gives what is to be told.
fn act_on(
    tx: &mut Tx<'_>,
    row: &ObjectionRow,
    contested: &TargetRow,
    verdict: &Verdict,
    (value, decided_for): (Option<i64>, Option<UserId>),
) -> Outcome<News> {
    let indicator = catalogue::find(&row.indicator)?;
    if let Some(value) = value {
        targets::check_value(indicator, value, "/target")?;
        let new = NewTarget {
            area_id: row.street_id,
            from: quarter_of(row),
            comparison: contested.comparison,
            value,
            reason: verdict.reason.clone(),
        };
        targets::put(tx, indicator, &new, decided_for, Some(row.id))?;
    }
    let held = value.unwrap_or(contested.value);
    Ok(News::TargetObjectionDecided {
        indicator: indicator.name.clone(),
        street: directory::street(tx.conn(), row.street_id)?.name,
        quarter: quarter_of(row).label(),
        decision: if verdict.upheld { "异议成立" } else { "异议不成立" }.into(),
        reason: verdict.reason.clone(),
        target: printed::target(indicator, contested.comparison, held),
    })
}

fn leave(tx: &mut Tx<'_>, row: &ObjectionRow) -> Outcome<()> {
    let said = json!({
        "indicator": row.indicator, "quarter": row.quarter_on, "target": row.target_id,
        "proposed": row.proposed.map(shown), "reason": row.reason, "upheld": row.upheld, "decision": row.decision,
    });
    tx.audit("indicator_objection", row.id, said);
    tx.changed("indicator_objection", row.id.uuid(), Some(row.street_id.uuid()), Change::Put)
}

fn tell(tx: &mut Tx<'_>, row: &ObjectionRow, news: News, to: &[To]) -> Outcome<()> {
    let notice = Notice {
        news,
        to,
        subject: ("indicator_objection", row.id.uuid()),
        street_id: Some(row.street_id),
        facility_id: None,
        category: None,
        key: None,
    };
    notices::tell(tx, &notice).map(drop)
}

fn view(conn: &mut AnyConn, row: ObjectionRow) -> Outcome<ObjectionView> {
    let indicator = catalogue::find(&row.indicator)?;
    let (against, brought) = (contested(conn, &row)?, store::target_by(conn, row.id)?);
    let quarter = quarter_of(&row);
    let said = |t: &TargetRow| printed::target(indicator, t.comparison, t.value);
    Ok(ObjectionView {
        id: row.id,
        indicator: row.indicator,
        street_id: row.street_id,
        year: quarter.year(),
        quarter: quarter.number(),
        target_id: row.target_id,
        target: said(&against),
        proposed: row.proposed.map(shown),
        reason: row.reason,
        raised_by: row.raised_by,
        raised_at: row.raised_at.0,
        upheld: row.upheld,
        decision: row.decision,
        decided_by: row.decided_by,
        decided_at: row.decided_at.map(|at| at.0),
        new_target_id: brought.as_ref().map(|t| t.id),
        new_target: brought.as_ref().map(said),
    })
}

/// One objection.
///
/// # Errors
/// Missing.
pub fn find(conn: &mut AnyConn, places: &Places, id: ObjectionId) -> Outcome<ObjectionView> {
    let found = store::find_objection(conn, id)?.filter(|o| places.holds(o.street_id, None));
    view(conn, found.ok_or_else(|| Fault::missing("异议"))?)
}

/// Objections within places, the last raised first; of one street, or only those that wait for a decision.
///
/// # Errors
/// A bad page.
pub fn list(
    conn: &mut AnyConn,
    places: &Places,
    wanted: (Option<AreaId>, bool),
    ask: &PageAsk,
) -> Outcome<Page<ObjectionView>> {
    let limit = ask.limit()?;
    let rows = store::objections(conn, places, wanted, ask.after()?, limit + 1)?;
    let listed = page(rows, limit, |o: &ObjectionRow| o.id, |o| o);
    let items = listed.items.into_iter().map(|row| view(conn, row)).collect::<Outcome<Vec<_>>>()?;
    Ok(Page { items, next_cursor: listed.next_cursor })
}
