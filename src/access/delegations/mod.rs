//! Deputies 代理 (AB角). A delegation names a principal, a deputy, some of the principal's own grants, the days from and to,
//! and the paper that it rests on. While it is in force the deputy holds those grants as well, with the principal's reach and
//! never a wider one: what ends for the principal ends for the deputy. Whatever is held so cannot be given on, because only
//! a person's own grants can be named. The security administrator records delegations, as every giving of roles.
//!
//! What only a delegation allows is done "for" the principal ([`act`]): histories say 李四（代张三）, the trail has both ids,
//! and rules that keep persons apart ask about both.

mod rules;
pub(in crate::access) mod store;

use super::scope::{Holder, Reach, Spot};
use super::store as accounts;
use super::users::GrantView;
use super::{Principal, Role};
use crate::clock::business_date;
use crate::db::page::{Page, PageAsk, page};
use crate::db::{AnyConn, Change, Tx};
use crate::fault::{Fault, FieldFault, Outcome};
use crate::ids::{DelegationId, GrantId, TypedId as _, UserId};
use chrono::{DateTime, NaiveDate, Utc};
use rules::Side;
use serde_json::json;
pub use store::DelegationFilter;
use store::DelegationRow;

/// How and why a delegation was ended early.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct RevocationView {
    /// Who ended it.
    pub by: UserId,
    /// When; from this day on it is not in force.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

/// A delegation.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct DelegationView {
    /// Its id.
    pub id: DelegationId,
    /// Who is stood in for.
    pub principal_id: UserId,
    /// Their name.
    pub principal_name: String,
    /// Who stands in.
    pub deputy_id: UserId,
    /// Their name.
    pub deputy_name: String,
    /// The principal's grants that the deputy holds, with their own dates.
    pub grants: Vec<GrantView>,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day.
    pub valid_to: NaiveDate,
    /// The document or instruction that it rests on.
    pub basis: String,
    /// Whether it is in force today; its grants may have ended nevertheless.
    pub in_force: bool,
    /// Who recorded it.
    pub recorded_by: UserId,
    /// When.
    pub recorded_at: DateTime<Utc>,
    /// Whether it was ended early.
    pub revocation: Option<RevocationView>,
}

/// A new delegation.
#[derive(Debug, Clone)]
pub struct NewDelegation {
    /// Who is stood in for.
    pub principal: UserId,
    /// Who stands in.
    pub deputy: UserId,
    /// Which of the principal's own grants.
    pub grants: Vec<GrantId>,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day.
    pub valid_to: NaiveDate,
    /// What it rests on.
    pub basis: String,
}

/// Records a delegation.
///
/// # Errors
/// `same_person`, `bad_dates`, `out_of_range`, `unknown_user`, `not_delegable`; the refusals of the rules.
pub fn record(tx: &mut Tx<'_>, new: &NewDelegation) -> Outcome<DelegationId> {
    if new.principal == new.deputy {
        return Err(Fault::invalid("/deputy_id", "same_person", "代理人与被代理人不能是同一人"));
    }
    let today = business_date(tx.now());
    if new.valid_from < today {
        return Err(Fault::invalid("/valid_from", "out_of_range", "代理不能从今天以前开始"));
    }
    if new.valid_to < new.valid_from {
        return Err(Fault::invalid("/valid_to", "bad_dates", "valid_to 早于 valid_from"));
    }
    let principal = side(tx.conn(), new.principal, "/principal_id", today)?;
    let deputy = side(tx.conn(), new.deputy, "/deputy_id", today)?;
    let (grants, roles) = given(tx.conn(), new)?;
    rules::allow(&principal, &deputy, &roles)?;
    let row = DelegationRow {
        id: tx.new_id(),
        principal_id: new.principal,
        deputy_id: new.deputy,
        valid_from: new.valid_from,
        valid_to: new.valid_to,
        basis: new.basis.clone(),
        recorded_by: tx.user()?,
        recorded_at: tx.ts(),
        revoked_by: None,
        revoked_at: None,
        revoked_reason: None,
    };
    store::insert(tx.conn(), &row, &grants)?;
    let detail = json!({ "principal": new.principal, "deputy": new.deputy, "roles": roles,
        "from": new.valid_from, "to": new.valid_to, "basis": new.basis });
    tx.audit("delegation", row.id, detail);
    announce(tx, &row)?;
    Ok(row.id)
}

fn side(conn: &mut AnyConn, id: UserId, pointer: &str, today: NaiveDate) -> Outcome<Side> {
    let account =
        accounts::account(conn, id)?.ok_or_else(|| Fault::invalid(pointer, "unknown_user", "账号不存在"))?;
    let held = accounts::grants_of(conn, id)?.into_iter().filter(|g| g.valid_to.is_none_or(|to| to >= today));
    let roles = held.map(|g| g.role).collect();
    Ok(Side { third_party: account.third_party, active: account.disabled_at.is_none(), roles })
}

/// The grants that are asked for, each once, and their roles: the principal's own, of the days of the delegation.
fn given(conn: &mut AnyConn, new: &NewDelegation) -> Outcome<(Vec<GrantId>, Vec<Role>)> {
    let own = accounts::grants_of(conn, new.principal)?;
    let (mut grants, mut roles, mut errors) = (vec![], vec![], vec![]);
    for (place, id) in new.grants.iter().enumerate() {
        let meets = |g: &&accounts::GrantRow| {
            g.id == *id && g.valid_from <= new.valid_to && g.valid_to.is_none_or(|to| to >= new.valid_from)
        };
        match own.iter().find(meets) {
            Some(_) if grants.contains(id) => {}
            Some(grant) => {
                grants.push(*id);
                roles.push(grant.role);
            }
            None => {
                let detail = "不是被代理人本人的授权，或在代理期间已失效";
                errors.push(FieldFault::new(format!("/grant_ids/{place}"), "not_delegable", detail));
            }
        }
    }
    match errors.is_empty() {
        true => Ok((grants, roles)),
        false => Err(Fault::Invalid {
            code: "not_delegable".into(),
            detail: "只能代理被代理人本人持有的授权".into(),
            errors,
        }),
    }
}

fn announce(tx: &mut Tx<'_>, row: &DelegationRow) -> Outcome<()> {
    for user in [row.principal_id, row.deputy_id] {
        tx.changed("user", user.uuid(), None, Change::Put)?;
    }
    Ok(())
}

/// Ends a delegation as of today.
///
/// # Errors
/// Missing; `already_ended`.
pub fn revoke(tx: &mut Tx<'_>, id: DelegationId, reason: &str) -> Outcome<()> {
    let row = store::find(tx.conn(), id)?.ok_or_else(|| Fault::missing("代理"))?;
    if row.revoked_at.is_some() || row.valid_to < business_date(tx.now()) {
        return Err(Fault::refused("already_ended", "该代理已经结束"));
    }
    let (by, at) = (tx.user()?, tx.ts());
    store::revoke(tx.conn(), id, by, at, reason)?;
    tx.audit("delegation", id, json!({ "revoked": reason }));
    announce(tx, &row)
}

fn view(conn: &mut AnyConn, row: DelegationRow, today: NaiveDate) -> Outcome<DelegationView> {
    let names = store::named(conn, &[row.principal_id, row.deputy_id])?;
    let name = |id| names.iter().find(|n| n.id == id).map(|n| n.name.clone()).unwrap_or_default();
    let grants = store::given(conn, row.id)?.into_iter().map(GrantView::from).collect();
    let in_force = row.in_force(today);
    let revoked = row.revoked_by.zip(row.revoked_at).zip(row.revoked_reason);
    Ok(DelegationView {
        id: row.id,
        principal_id: row.principal_id,
        principal_name: name(row.principal_id),
        deputy_id: row.deputy_id,
        deputy_name: name(row.deputy_id),
        grants,
        valid_from: row.valid_from,
        valid_to: row.valid_to,
        basis: row.basis,
        in_force,
        recorded_by: row.recorded_by,
        recorded_at: row.recorded_at.0,
        revocation: revoked.map(|((by, at), reason)| RevocationView { by, at: at.0, reason }),
    })
}

/// One delegation, as it stands on a business day.
///
/// # Errors
/// Missing.
pub fn find(conn: &mut AnyConn, id: DelegationId, today: NaiveDate) -> Outcome<DelegationView> {
    let row = store::find(conn, id)?.ok_or_else(|| Fault::missing("代理"))?;
    view(conn, row, today)
}

/// Delegations, the newest first.
///
/// # Errors
/// A bad page.
pub fn list(
    conn: &mut AnyConn,
    filter: &DelegationFilter,
    ask: &PageAsk,
    today: NaiveDate,
) -> Outcome<Page<DelegationView>> {
    let limit = ask.limit()?;
    let after: Option<DelegationId> = ask.after()?;
    let rows = store::list(conn, filter, after, limit + 1)?;
    let kept = page(rows, limit, |d: &DelegationRow| d.id, |d| d);
    let items = kept.items.into_iter().map(|row| view(conn, row, today)).collect::<Outcome<_>>()?;
    Ok(Page { items, next_cursor: kept.next_cursor })
}

/// The delegations of somebody, on either side, that are in force on a day or begin later.
///
/// # Errors
/// The database's.
pub fn live_of(conn: &mut AnyConn, user: UserId, on: NaiveDate) -> Outcome<Vec<DelegationView>> {
    let rows = store::live_of(conn, user, on)?;
    rows.into_iter().map(|row| view(conn, row, on)).collect()
}

/// Somebody for whom one stands in, and as what.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct StoodInFor {
    /// The account.
    pub principal_id: UserId,
    /// The name shown.
    pub principal_name: String,
    /// The roles.
    pub roles: Vec<Role>,
}

/// For whom the holder of `reaches` stands in.
///
/// # Errors
/// The database's.
pub fn stood_in_for(conn: &mut AnyConn, reaches: &[Reach]) -> Outcome<Vec<StoodInFor>> {
    let mut found: Vec<StoodInFor> = vec![];
    for Principal { id, name } in principals(conn, reaches)? {
        let of_theirs = reaches.iter().filter(|r| r.principal == Some(id));
        let mut roles: Vec<Role> = of_theirs.map(|r| r.role).collect();
        roles.sort_unstable();
        roles.dedup();
        found.push(StoodInFor { principal_id: id, principal_name: name, roles });
    }
    Ok(found)
}

/// The principals of reaches with their names.
///
/// # Errors
/// The database's.
pub fn principals(conn: &mut AnyConn, reaches: &[Reach]) -> Outcome<Vec<Principal>> {
    let mut ids: Vec<UserId> = reaches.iter().filter_map(|r| r.principal).collect();
    ids.sort_unstable();
    ids.dedup();
    store::named(conn, &ids)
}

/// Says for the history and the trail for whom `by` does what follows, which needs one of `roles` on a spot; tells for whom
/// first of all. Nobody is named where a grant of their own allows it.
///
/// # Errors
/// The database's.
pub fn act(tx: &mut Tx<'_>, by: &Holder, roles: &[Role], spot: Spot<'_>) -> Outcome<Option<UserId>> {
    let principals = by.acts_for_as(roles, spot);
    let named = store::named(tx.conn(), &principals)?;
    tx.act_for(named);
    Ok(principals.first().copied())
}
