//! Rows and queries of check items.

use super::ChecklistView;
use super::items::{Basis, Item, PhotoRule, Proof, Severity, Term, TermUnit};
use crate::db::connection::each;
use crate::db::schema::{check_item, check_item_kind, checklist};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::directory::FacilityKind;
use crate::fault::{Fault, Outcome};
use crate::ids::{ChecklistId, ItemId};
use diesel::prelude::*;
use std::collections::HashMap;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = check_item, check_for_backend(MultiBackend))]
pub struct ItemRow {
    pub id: ItemId,
    pub checklist_id: ChecklistId,
    pub position: i32,
    pub code: String,
    pub catalogue: String,
    pub title: String,
    pub category: String,
    pub severity: Severity,
    pub term_days: i32,
    pub term_unit: TermUnit,
    pub photo_rule: PhotoRule,
    pub proof: Proof,
    pub evidence: String,
    pub basis: String,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = check_item_kind)]
pub struct KindRow {
    pub item_id: ItemId,
    pub kind: FacilityKind,
}

fn to_item(row: ItemRow, kinds: Vec<FacilityKind>) -> Outcome<Item> {
    let basis: Vec<Basis> = serde_json::from_str(&row.basis).map_err(Fault::internal)?;
    let days = u16::try_from(row.term_days).map_err(Fault::internal)?;
    Ok(Item {
        id: row.id,
        checklist_id: row.checklist_id,
        code: row.code,
        title: row.title,
        category: row.category,
        severity: row.severity,
        term: Term { days, unit: row.term_unit },
        photo_rule: row.photo_rule,
        proof: row.proof,
        evidence: row.evidence,
        basis,
        kinds,
    })
}

pub fn versions(conn: &mut AnyConn) -> Outcome<Vec<ChecklistView>> {
    let rows: Vec<(ChecklistId, String, Ts)> = checklist::table
        .order((checklist::published_at.desc(), checklist::version.desc()))
        .select((checklist::id, checklist::version, checklist::published_at))
        .load(conn)?;
    let counts: HashMap<ChecklistId, i64> = check_item::table
        .group_by(check_item::checklist_id)
        .select((check_item::checklist_id, diesel::dsl::count_star()))
        .load::<(ChecklistId, i64)>(conn)?
        .into_iter()
        .collect();
    let view = |(id, version, at): (ChecklistId, String, Ts)| ChecklistView {
        id,
        version,
        published_at: at.0,
        count: counts.get(&id).copied().unwrap_or(0),
    };
    Ok(rows.into_iter().map(view).collect())
}

pub fn items(conn: &mut AnyConn, id: ChecklistId, kind: Option<FacilityKind>) -> Outcome<Vec<Item>> {
    let rows: Vec<ItemRow> = check_item::table
        .filter(check_item::checklist_id.eq(id))
        .order(check_item::position)
        .select(ItemRow::as_select())
        .load(conn)?;
    let pairs: Vec<(ItemId, FacilityKind)> = check_item_kind::table
        .inner_join(check_item::table.on(check_item::id.eq(check_item_kind::item_id)))
        .filter(check_item::checklist_id.eq(id))
        .order((check_item_kind::item_id, check_item_kind::kind))
        .select((check_item_kind::item_id, check_item_kind::kind))
        .load(conn)?;
    let mut kinds: HashMap<ItemId, Vec<FacilityKind>> = HashMap::new();
    for (item, of) in pairs {
        kinds.entry(item).or_default().push(of);
    }
    rows.into_iter()
        .map(|row| {
            let of = kinds.remove(&row.id).unwrap_or_default();
            to_item(row, of)
        })
        .filter(|item| {
            kind.is_none_or(|k| item.as_ref().is_ok_and(|i| i.kinds.contains(&k)) || item.is_err())
        })
        .collect()
}

pub fn item(conn: &mut AnyConn, id: ItemId) -> Outcome<Option<Item>> {
    let row: Option<ItemRow> =
        check_item::table.find(id).select(ItemRow::as_select()).first(conn).optional()?;
    let Some(row) = row else { return Ok(None) };
    let of_item = check_item_kind::table.filter(check_item_kind::item_id.eq(id));
    let kinds = of_item.order(check_item_kind::kind).select(check_item_kind::kind).load(conn)?;
    to_item(row, kinds).map(Some)
}

pub fn has_version(conn: &mut AnyConn, version: &str) -> Outcome<bool> {
    Ok(checklist::table.filter(checklist::version.eq(version)).count().get_result::<i64>(conn)? > 0)
}

pub fn insert_version(
    conn: &mut AnyConn,
    id: ChecklistId,
    version: &str,
    at: Ts,
    sha256: &str,
    items: &[ItemRow],
    kinds: &[KindRow],
) -> Outcome<()> {
    diesel::insert_into(checklist::table)
        .values((
            checklist::id.eq(id),
            checklist::version.eq(version),
            checklist::published_at.eq(at),
            checklist::sha256.eq(sha256),
        ))
        .execute(conn)?;
    each!(conn, c => diesel::insert_into(check_item::table).values(items).execute(c))?;
    each!(conn, c => diesel::insert_into(check_item_kind::table).values(kinds).execute(c))?;
    Ok(())
}
