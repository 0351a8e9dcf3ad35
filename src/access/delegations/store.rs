//! Rows and queries of delegations.

use crate::access::Role;
use crate::access::store::GrantRow;
use crate::clock::business_date;
use crate::db::connection::each;
use crate::db::schema::{delegation, delegation_grant, user_account, user_grant};
use crate::db::{AnyConn, MultiBackend, Principal, Ts};
use crate::fault::Outcome;
use crate::ids::{DelegationId, GrantId, UserId};
use chrono::NaiveDate;
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = delegation, check_for_backend(MultiBackend))]
pub struct DelegationRow {
    pub id: DelegationId,
    pub principal_id: UserId,
    pub deputy_id: UserId,
    pub valid_from: NaiveDate,
    pub valid_to: NaiveDate,
    pub basis: String,
    pub recorded_by: UserId,
    pub recorded_at: Ts,
    pub revoked_by: Option<UserId>,
    pub revoked_at: Option<Ts>,
    pub revoked_reason: Option<String>,
}

impl DelegationRow {
    /// Whether it is in force on a business day; on the day of its revocation it is not.
    pub fn in_force(&self, on: NaiveDate) -> bool {
        let revoked = self.revoked_at.is_some_and(|at| business_date(at.0) <= on);
        self.valid_from <= on && on <= self.valid_to && !revoked
    }
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = delegation_grant)]
struct GivenRow {
    delegation_id: DelegationId,
    grant_id: GrantId,
}

pub fn insert(conn: &mut AnyConn, row: &DelegationRow, grants: &[GrantId]) -> Outcome<()> {
    diesel::insert_into(delegation::table).values(row).execute(conn)?;
    let given: Vec<GivenRow> =
        grants.iter().map(|grant_id| GivenRow { delegation_id: row.id, grant_id: *grant_id }).collect();
    each!(conn, c => diesel::insert_into(delegation_grant::table).values(&given).execute(c))?;
    Ok(())
}

pub fn find(conn: &mut AnyConn, id: DelegationId) -> Outcome<Option<DelegationRow>> {
    Ok(delegation::table.find(id).select(DelegationRow::as_select()).first(conn).optional()?)
}

/// Ends a delegation that was not ended before.
pub fn revoke(conn: &mut AnyConn, id: DelegationId, by: UserId, at: Ts, reason: &str) -> Outcome<()> {
    diesel::update(delegation::table.find(id).filter(delegation::revoked_at.is_null()))
        .set((
            delegation::revoked_by.eq(Some(by)),
            delegation::revoked_at.eq(Some(at)),
            delegation::revoked_reason.eq(Some(reason)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Which delegations.
#[derive(Debug, Clone, Default)]
pub struct DelegationFilter {
    /// Only those of this person, on either side.
    pub user: Option<UserId>,
    /// Only those in force on this day.
    pub in_force_on: Option<NaiveDate>,
}

/// Delegations, the newest first.
pub fn list(
    conn: &mut AnyConn,
    filter: &DelegationFilter,
    after: Option<DelegationId>,
    limit: i64,
) -> Outcome<Vec<DelegationRow>> {
    let mut query = delegation::table.select(DelegationRow::as_select()).into_boxed::<MultiBackend>();
    if let Some(user) = filter.user {
        query = query.filter(delegation::principal_id.eq(user).or(delegation::deputy_id.eq(user)));
    }
    if let Some(day) = filter.in_force_on {
        query = query.filter(delegation::valid_from.le(day)).filter(delegation::valid_to.ge(day));
        query = query.filter(delegation::revoked_at.is_null());
    }
    if let Some(after) = after {
        query = query.filter(delegation::id.lt(after));
    }
    Ok(query.order(delegation::id.desc()).limit(limit).load(conn)?)
}

/// Delegations of a person, on either side, that are in force on a day or begin later; the oldest first.
pub fn live_of(conn: &mut AnyConn, user: UserId, on: NaiveDate) -> Outcome<Vec<DelegationRow>> {
    Ok(delegation::table
        .filter(delegation::principal_id.eq(user).or(delegation::deputy_id.eq(user)))
        .filter(delegation::valid_to.ge(on))
        .filter(delegation::revoked_at.is_null())
        .order(delegation::id)
        .select(DelegationRow::as_select())
        .load(conn)?)
}

/// The grants that a delegation gives.
pub fn given(conn: &mut AnyConn, id: DelegationId) -> Outcome<Vec<GrantRow>> {
    let of_delegation = delegation_grant::table
        .inner_join(user_grant::table.on(user_grant::id.eq(delegation_grant::grant_id)))
        .filter(delegation_grant::delegation_id.eq(id));
    Ok(of_delegation.order(user_grant::id).select(GrantRow::as_select()).load(conn)?)
}

/// The grants that a deputy holds for others by the delegations of a business day, whatever the grants' own dates. Whoever
/// has left has nothing that another could hold.
pub fn grants_of(conn: &mut AnyConn, deputy: UserId, on: NaiveDate) -> Outcome<Vec<GrantRow>> {
    let rows: Vec<(DelegationRow, GrantRow)> = delegation::table
        .inner_join(delegation_grant::table.on(delegation_grant::delegation_id.eq(delegation::id)))
        .inner_join(user_grant::table.on(user_grant::id.eq(delegation_grant::grant_id)))
        .inner_join(user_account::table.on(user_account::id.eq(delegation::principal_id)))
        .filter(delegation::deputy_id.eq(deputy))
        .filter(delegation::valid_from.le(on))
        .filter(delegation::valid_to.ge(on))
        .filter(user_account::disabled_at.is_null())
        .order((delegation::id, user_grant::id))
        .select((DelegationRow::as_select(), GrantRow::as_select()))
        .load(conn)?;
    Ok(rows.into_iter().filter(|(d, _)| d.in_force(on)).map(|(_, grant)| grant).collect())
}

/// Who holds a role for others by the delegations of a business day, with the grants that say where. Neither who has left
/// holds anything, nor who stands in for somebody that has.
pub fn held_for_others(conn: &mut AnyConn, role: Role, on: NaiveDate) -> Outcome<Vec<(UserId, GrantRow)>> {
    let enabled = || user_account::table.filter(user_account::disabled_at.is_null()).select(user_account::id);
    let rows: Vec<(DelegationRow, GrantRow)> = delegation::table
        .inner_join(delegation_grant::table.on(delegation_grant::delegation_id.eq(delegation::id)))
        .inner_join(user_grant::table.on(user_grant::id.eq(delegation_grant::grant_id)))
        .filter(user_grant::role.eq(role))
        .filter(user_grant::valid_from.le(on))
        .filter(user_grant::valid_to.is_null().or(user_grant::valid_to.ge(on)))
        .filter(delegation::valid_from.le(on))
        .filter(delegation::valid_to.ge(on))
        .filter(delegation::principal_id.eq_any(enabled()))
        .filter(delegation::deputy_id.eq_any(enabled()))
        .select((DelegationRow::as_select(), GrantRow::as_select()))
        .load(conn)?;
    Ok(rows.into_iter().filter(|(d, _)| d.in_force(on)).map(|(d, grant)| (d.deputy_id, grant)).collect())
}

/// The roles that a person holds as a deputy, or will.
pub fn roles_of(conn: &mut AnyConn, deputy: UserId, on: NaiveDate) -> Outcome<Vec<Role>> {
    Ok(delegation::table
        .inner_join(delegation_grant::table.on(delegation_grant::delegation_id.eq(delegation::id)))
        .inner_join(user_grant::table.on(user_grant::id.eq(delegation_grant::grant_id)))
        .filter(delegation::deputy_id.eq(deputy))
        .filter(delegation::valid_to.ge(on))
        .filter(delegation::revoked_at.is_null())
        .select(user_grant::role)
        .load(conn)?)
}

/// Accounts with their names, in the order asked for.
pub fn named(conn: &mut AnyConn, ids: &[UserId]) -> Outcome<Vec<Principal>> {
    if ids.is_empty() {
        return Ok(vec![]);
    }
    let rows: Vec<(UserId, String)> = user_account::table
        .filter(user_account::id.eq_any(ids.to_vec()))
        .select((user_account::id, user_account::display_name))
        .load(conn)?;
    let named = |id: &UserId| rows.iter().find(|(of, _)| of == id).cloned();
    Ok(ids.iter().filter_map(named).map(|(id, name)| Principal { id, name }).collect())
}
