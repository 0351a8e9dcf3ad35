//! What somebody has open, asked of every capability that knows of something. Whatever comes to be somebody's own work later gets
//! its lines here.

use super::rules::{ItemKind, OpenItem, Place};
use super::store;
use crate::access::delegations;
use crate::campaigns;
use crate::clock::business_date;
use crate::db::AnyConn;
use crate::directory;
use crate::fault::Outcome;
use crate::ids::{TypedId as _, UserId};
use crate::inspections;
use crate::letters;
use crate::officers;
use crate::photos;
use crate::uploads;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Everything that somebody has open at `now` (business time) and that no hand-over has settled.
///
/// # Errors
/// The database's.
pub fn open_items(conn: &mut AnyConn, user: UserId, now: DateTime<Utc>) -> Outcome<Vec<OpenItem>> {
    let mut items = in_charge(conn, user)?;
    items.extend(personal(conn, user, now)?);
    let settled = store::settled_of(conn, user)?;
    items.retain(|item| !settled.contains(&(item.kind, item.id)));
    Ok(items)
}

fn item(kind: ItemKind, id: Uuid, label: String, place: Place) -> OpenItem {
    OpenItem { kind, id, label, place }
}

/// What a clerk answers for.
fn in_charge(conn: &mut AnyConn, user: UserId) -> Outcome<Vec<OpenItem>> {
    let mut items = vec![];
    for c in officers::in_charge_of(conn, user)? {
        let place = Place::Finding { street: c.street_id, facility: c.facility_id, category: c.category };
        items.push(item(ItemKind::Finding, c.id.uuid(), c.number, place));
    }
    for l in letters::in_charge_of(conn, user)? {
        let street = directory::street(conn, l.street_id)?;
        let label = format!("{}（{}）", street.name, l.state.label());
        items.push(item(ItemKind::Letter, l.id.uuid(), label, Place::Street(l.street_id)));
    }
    for c in campaigns::in_charge_of(conn, user)? {
        items.push(item(ItemKind::Campaign, c.id.uuid(), c.name, Place::Streets(c.streets)));
    }
    Ok(items)
}

/// What nobody else can do.
fn personal(conn: &mut AnyConn, user: UserId, now: DateTime<Utc>) -> Outcome<Vec<OpenItem>> {
    let mut items = vec![];
    let mut own = |kind, id, label| items.push(item(kind, id, label, Place::Person));
    for visit in inspections::awaiting(conn, user, now)? {
        own(ItemKind::VisitConfirmation, visit.uuid(), visit.to_string());
    }
    for (kind, id, missing) in photos::owed_by(conn, user)? {
        own(ItemKind::Evidence, id, format!("{}，缺 {missing} 张", kind.label()));
    }
    for upload in uploads::open_of(conn, user)? {
        own(ItemKind::Upload, upload.uuid(), upload.to_string());
    }
    for d in delegations::live_of(conn, user, business_date(now))? {
        let label = format!("{}代{}（至 {}）", d.deputy_name, d.principal_name, d.valid_to);
        own(ItemKind::Delegation, d.id.uuid(), label);
    }
    Ok(items)
}
