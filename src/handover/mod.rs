//! Who leaves hands over. An account is disabled only when nothing is open in its name, or together with a hand-over that moves
//! every open item to one other person in one transaction; what cannot be moved is settled with a reason, and the record says
//! what became of each. `items` asks every capability for what is open, `rules` (pure) says what moves and to whom.
//!
//! Nothing slips through between: whoever acts must be in use still within the transaction that acts, and whoever is given
//! something must be so too. Both read the account's row that disabling changes, so that one of the two comes first: the item is
//! in the hand-over, or it is refused.

mod items;
pub mod rules;
mod store;

use crate::access::users::{self, UserPatch, UserView};
use crate::access::{Holder, delegations, disabling};
use crate::campaigns;
use crate::clock::business_date;
use crate::db::page::{Page, PageAsk, page};
use crate::db::types::{Coded as _, Uid};
use crate::db::{AnyConn, Tx};
use crate::fault::{Fault, FieldFault, Outcome};
use crate::ids::{CampaignId, DelegationId, FindingId, HandoverId, LetterId, TypedId as _, UserId};
use crate::letters;
use crate::notices::{self, News, Notice, To};
use crate::officers;
use chrono::{DateTime, Utc};
pub use items::open_items;
use rules::{ItemKind, ItemOutcome, OpenItem, Place, count, fits};
use serde_json::{Value, json};
use store::{HandoverRow, ItemRow};
use uuid::Uuid;

/// Items that a refusal names.
const NAMED: usize = 100;

/// What a hand-over is asked to do.
#[derive(Debug, Clone)]
pub struct Order {
    /// Who receives.
    pub to: UserId,
    /// Why.
    pub reason: String,
    /// Why what cannot be moved is settled, where there is such.
    pub settled_reason: Option<String>,
    /// Disable the account too.
    pub disable: bool,
}

/// An item and what became of it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ItemView {
    /// What it is.
    pub kind: ItemKind,
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub label: String,
    /// What becomes of it in a hand-over.
    pub outcome: ItemOutcome,
}

/// How many of a kind.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct KindCount {
    /// The kind.
    pub kind: ItemKind,
    /// How many.
    pub count: usize,
}

/// What somebody has open.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct OpenItems {
    /// By kind, without those of which there is none.
    pub counts: Vec<KindCount>,
    /// Everything.
    pub items: Vec<ItemView>,
}

/// A hand-over.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct HandoverView {
    /// Its id.
    pub id: HandoverId,
    /// Who handed over.
    pub from: UserId,
    /// Who received.
    pub to: UserId,
    /// Why.
    pub reason: String,
    /// Why what could not be moved was settled.
    pub settled_reason: Option<String>,
    /// The account was disabled with it.
    pub disabled: bool,
    /// Who did it.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
    /// What, with what became of it.
    pub items: Vec<ItemView>,
}

/// What somebody has open.
///
/// # Errors
/// Missing.
pub fn open(conn: &mut AnyConn, user: UserId, now: DateTime<Utc>) -> Outcome<OpenItems> {
    users::find(conn, user)?;
    let items = open_items(conn, user, now)?;
    let counts = count(&items).into_iter().map(|(kind, count)| KindCount { kind, count }).collect();
    let view = |i: OpenItem| ItemView { kind: i.kind, id: i.id, label: i.label, outcome: i.kind.outcome() };
    Ok(OpenItems { counts, items: items.into_iter().map(view).collect() })
}

/// Changes an account; it is disabled only where nothing is open in its name.
///
/// # Errors
/// As [`users::update`]; `handover_required` with what is open.
pub fn update_account(
    tx: &mut Tx<'_>,
    id: UserId,
    revision: i32,
    patch: &UserPatch,
    machine_now: DateTime<Utc>,
) -> Outcome<UserView> {
    let view = users::update(tx, id, revision, patch, machine_now)?;
    if patch.disabled == Some(true) {
        let now = tx.now();
        refuse_open(&open_items(tx.conn(), id, now)?)?;
    }
    Ok(view)
}

fn refuse_open(items: &[OpenItem]) -> Outcome<()> {
    if items.is_empty() {
        return Ok(());
    }
    let told = |(kind, n): (ItemKind, usize)| {
        FieldFault::new("/disabled", kind.code(), format!("{} {n} 项", kind.label()))
    };
    Err(Fault::Refused {
        code: "handover_required".into(),
        detail: format!("该账号还有 {} 项未了事项，须先办理移交", items.len()).into(),
        errors: count(items).into_iter().map(told).collect(),
    })
}

/// Hands everything over that is open in somebody's name.
///
/// # Errors
/// Missing; `same_person`, `unknown_user`, `account_disabled` of the receiver; `handover_does_not_fit` with what does not;
/// `settlement_required` where something cannot be moved and no reason was given; `own_account`.
pub fn hand_over(
    tx: &mut Tx<'_>,
    from: UserId,
    order: &Order,
    machine_now: DateTime<Utc>,
) -> Outcome<HandoverView> {
    let active = disabling::is_active(tx.conn(), from)?.ok_or_else(|| Fault::missing("账号"))?;
    let to = receiver(tx, from, order.to)?;
    let now = tx.now();
    let items = open_items(tx.conn(), from, now)?;
    refuse_misfits(&items, &to)?;
    let settled_reason = settlement(&items, order)?;
    for item in &items {
        settle(tx, item, order, settled_reason.as_deref())?;
    }
    let row = HandoverRow {
        id: tx.new_id(),
        from_id: from,
        to_id: order.to,
        reason: order.reason.clone(),
        settled_reason,
        disabled: order.disable && active,
        by_id: tx.user()?,
        at: tx.ts(),
    };
    store::insert(tx.conn(), &row, &rows_of(row.id, items.clone()))?;
    if row.disabled {
        disabling::disable(tx, from, machine_now)?;
    }
    let counts: Value = count(&items).into_iter().map(|(k, n)| (k.code().to_string(), json!(n))).collect();
    let detail = json!({ "handover": row.id, "to": order.to, "items": counts, "reason": row.reason,
        "settled_reason": row.settled_reason, "disabled": row.disabled });
    tx.audit("user", from, detail);
    tell(tx, &row, items.len())?;
    view(tx.conn(), row)
}

fn tell(tx: &mut Tx<'_>, row: &HandoverRow, items: usize) -> Outcome<()> {
    let from = users::person_name(tx.conn(), row.from_id)?;
    let news = News::WorkHandedOver { from, items: i64::try_from(items).map_err(Fault::internal)? };
    let notice = Notice {
        news,
        to: &[To::User(row.to_id)],
        subject: ("handover", row.id.uuid()),
        street_id: None,
        facility_id: None,
        category: None,
        key: None,
    };
    notices::tell(tx, &notice).map(drop)
}

fn receiver(tx: &mut Tx<'_>, from: UserId, to: UserId) -> Outcome<Holder> {
    if from == to {
        return Err(Fault::invalid("/to", "same_person", "移交人与接收人不能是同一人"));
    }
    let today = business_date(tx.now());
    let unknown = || Fault::invalid("/to", "unknown_user", "账号不存在");
    let holder = users::person_on(tx.conn(), to, today).map_err(|e| e.if_missing(unknown))?;
    disabling::refuse_leaver(tx.conn(), to)?;
    Ok(holder)
}

fn refuse_misfits(items: &[OpenItem], to: &Holder) -> Outcome<()> {
    let misfits: Vec<&OpenItem> =
        items.iter().filter(|i| i.kind.outcome() == ItemOutcome::Moved && !fits(i, to)).collect();
    if misfits.is_empty() {
        return Ok(());
    }
    let told =
        |i: &&OpenItem| FieldFault::new("/to", i.kind.code(), format!("{}：{}", i.kind.label(), i.label));
    Err(Fault::Refused {
        code: "handover_does_not_fit".into(),
        detail: format!("接收人的权限不及其中 {} 项，全部未移交", misfits.len()).into(),
        errors: misfits.iter().take(NAMED).map(told).collect(),
    })
}

/// The reason for settling what cannot be moved, if there is such.
fn settlement(items: &[OpenItem], order: &Order) -> Outcome<Option<String>> {
    let stays: Vec<OpenItem> =
        items.iter().filter(|i| i.kind.outcome() == ItemOutcome::Settled).cloned().collect();
    match &order.settled_reason {
        _ if stays.is_empty() => Ok(None),
        Some(reason) => Ok(Some(reason.clone())),
        None => Err(Fault::Refused {
            code: "settlement_required".into(),
            detail: format!("有 {} 项只能由本人办理、无法移交，须填写了结理由", stays.len()).into(),
            errors: count(&stays)
                .into_iter()
                .map(|(kind, n)| {
                    let detail = format!("{} {n} 项", kind.label());
                    FieldFault::new("/settled_reason", kind.code(), detail)
                })
                .collect(),
        }),
    }
}

/// Does with one item what its kind asks for.
fn settle(tx: &mut Tx<'_>, item: &OpenItem, order: &Order, settled_reason: Option<&str>) -> Outcome<()> {
    match (item.kind, &item.place) {
        (ItemKind::Finding, Place::Finding { street, .. }) => {
            let id = FindingId::from_uuid(item.id);
            // Everybody who reads the finding reads this; why somebody leaves is theirs and the administrator's.
            officers::put_in_charge(tx, id, *street, order.to, Some("工作移交"))
        }
        (ItemKind::Letter, _) => {
            letters::hand_over(tx, LetterId::from_uuid(item.id), order.to, &order.reason)
        }
        (ItemKind::Campaign, _) => {
            campaigns::hand_over(tx, CampaignId::from_uuid(item.id), order.to, &order.reason)
        }
        (ItemKind::Delegation, _) => {
            delegations::revoke(tx, DelegationId::from_uuid(item.id), settled_reason.unwrap_or(&order.reason))
        }
        // The record of the hand-over is all that can be done.
        _ => Ok(()),
    }
}

fn rows_of(id: HandoverId, items: Vec<OpenItem>) -> Vec<ItemRow> {
    let row = |i: OpenItem| ItemRow {
        handover_id: id,
        kind: i.kind,
        object_id: Uid(i.id),
        label: i.label,
        outcome: i.kind.outcome(),
    };
    items.into_iter().map(row).collect()
}

fn view(conn: &mut AnyConn, row: HandoverRow) -> Outcome<HandoverView> {
    let item = |i: ItemRow| ItemView { kind: i.kind, id: i.object_id.0, label: i.label, outcome: i.outcome };
    let items = store::items(conn, row.id)?.into_iter().map(item).collect();
    let HandoverRow { id, from_id, to_id, reason, settled_reason, disabled, by_id, at } = row;
    let (from, to, by, at) = (from_id, to_id, by_id, at.0);
    Ok(HandoverView { id, from, to, reason, settled_reason, disabled, by, at, items })
}

/// The hand-overs of somebody, the newest first.
///
/// # Errors
/// Missing; a bad page.
pub fn list(conn: &mut AnyConn, from: UserId, ask: &PageAsk) -> Outcome<Page<HandoverView>> {
    users::find(conn, from)?;
    let limit = ask.limit()?;
    let after: Option<HandoverId> = ask.after()?;
    let rows = store::list(conn, from, after, limit + 1)?;
    let kept = page(rows, limit, |h: &HandoverRow| h.id, |h| h);
    let items = kept.items.into_iter().map(|row| view(conn, row)).collect::<Outcome<_>>()?;
    Ok(Page { items, next_cursor: kept.next_cursor })
}
