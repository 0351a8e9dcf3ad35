//! Check items. A published version is immutable: changing an item means publishing a version, and every answer and
//! finding keeps the item it was judged by. An item serves one or more kinds of facility; the list of a visit is the
//! items of its facility's kind.

mod items;
mod publish;
pub(crate) mod store;

pub use items::{Basis, Item, PhotoRule, Proof, Severity, Term, TermUnit};
pub use publish::publish;

use crate::db::AnyConn;
use crate::directory::FacilityKind;
use crate::fault::{Fault, Outcome};
use crate::ids::{ChecklistId, ItemId};
use chrono::{DateTime, Utc};

/// A published version.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ChecklistView {
    /// Its id.
    pub id: ChecklistId,
    /// Its name, e.g. `2026.1`.
    pub version: String,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// Number of items.
    pub count: i64,
}

/// A published version with the items of one kind, or all.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ChecklistItems {
    /// Its id.
    pub id: ChecklistId,
    /// Its name.
    pub version: String,
    /// The items in order.
    pub items: Vec<Item>,
}

/// All versions, newest first.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut AnyConn) -> Outcome<Vec<ChecklistView>> {
    store::versions(conn)
}

/// The newest version.
///
/// # Errors
/// Missing while none is published.
pub fn latest(conn: &mut AnyConn) -> Outcome<ChecklistId> {
    let newest = store::versions(conn)?.into_iter().next();
    newest.map(|v| v.id).ok_or_else(|| Fault::missing("检查标准"))
}

/// One version, with the items of `kind` or all.
///
/// # Errors
/// Missing.
pub fn find(conn: &mut AnyConn, id: ChecklistId, kind: Option<FacilityKind>) -> Outcome<ChecklistItems> {
    let versions = store::versions(conn)?;
    let version = versions.into_iter().find(|v| v.id == id).ok_or_else(|| Fault::missing("检查标准"))?;
    Ok(ChecklistItems { id, version: version.version, items: store::items(conn, id, kind)? })
}

/// The list of a visit: the items of a version for a kind of facility, in order.
///
/// # Errors
/// The database's.
pub fn items_for(conn: &mut AnyConn, id: ChecklistId, kind: FacilityKind) -> Outcome<Vec<Item>> {
    store::items(conn, id, Some(kind))
}

/// One item.
///
/// # Errors
/// Missing.
pub fn item(conn: &mut AnyConn, id: ItemId) -> Outcome<Item> {
    store::item(conn, id)?.ok_or_else(|| Fault::missing("检查项"))
}
