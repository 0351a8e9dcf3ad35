//! Rows and queries of hand-overs.

use super::rules::{ItemKind, ItemOutcome};
use crate::db::connection::each;
use crate::db::schema::{handover, handover_item};
use crate::db::types::Uid;
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::ids::{HandoverId, UserId};
use diesel::prelude::*;
use std::collections::BTreeSet;
use uuid::Uuid;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = handover, check_for_backend(MultiBackend))]
pub struct HandoverRow {
    pub id: HandoverId,
    pub from_id: UserId,
    pub to_id: UserId,
    pub reason: String,
    pub settled_reason: Option<String>,
    pub disabled: bool,
    pub by_id: UserId,
    pub at: Ts,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = handover_item, check_for_backend(MultiBackend))]
pub struct ItemRow {
    pub handover_id: HandoverId,
    pub kind: ItemKind,
    pub object_id: Uid,
    pub label: String,
    pub outcome: ItemOutcome,
}

pub fn insert(conn: &mut AnyConn, row: &HandoverRow, items: &[ItemRow]) -> Outcome<()> {
    diesel::insert_into(handover::table).values(row).execute(conn)?;
    for chunk in items.chunks(200) {
        each!(conn, c => diesel::insert_into(handover_item::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// Hand-overs of a person, the newest first.
pub fn list(
    conn: &mut AnyConn,
    from: UserId,
    after: Option<HandoverId>,
    limit: i64,
) -> Outcome<Vec<HandoverRow>> {
    let mut query = handover::table
        .filter(handover::from_id.eq(from))
        .select(HandoverRow::as_select())
        .into_boxed::<MultiBackend>();
    if let Some(after) = after {
        query = query.filter(handover::id.lt(after));
    }
    Ok(query.order(handover::id.desc()).limit(limit).load(conn)?)
}

pub fn items(conn: &mut AnyConn, id: HandoverId) -> Outcome<Vec<ItemRow>> {
    let of_handover = handover_item::table.filter(handover_item::handover_id.eq(id));
    let ordered = of_handover.order((handover_item::kind, handover_item::object_id));
    Ok(ordered.select(ItemRow::as_select()).load(conn)?)
}

/// What earlier hand-overs of a person have settled.
pub fn settled_of(conn: &mut AnyConn, from: UserId) -> Outcome<BTreeSet<(ItemKind, Uuid)>> {
    let rows: Vec<(ItemKind, Uid)> = handover_item::table
        .inner_join(handover::table.on(handover::id.eq(handover_item::handover_id)))
        .filter(handover::from_id.eq(from))
        .filter(handover_item::outcome.eq(ItemOutcome::Settled))
        .select((handover_item::kind, handover_item::object_id))
        .load(conn)?;
    Ok(rows.into_iter().map(|(kind, id)| (kind, id.0)).collect())
}
