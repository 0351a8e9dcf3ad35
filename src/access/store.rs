//! Rows and queries of accounts, grants, sessions and refresh tokens.

use super::delegations;
use super::permissions::Role;
use super::scope::{Concern, Lapsed, Places, Reach};
use crate::db::schema::{
    area, area_version, facility, login_failure, password_history, refresh_token, session, user_account,
    user_grant,
};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::ids::{AreaId, FacilityId, GrantId, SessionId, UserId};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use std::collections::BTreeSet;

/// An account.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = user_account, check_for_backend(MultiBackend))]
pub struct Account {
    pub id: UserId,
    pub username: String,
    pub display_name: String,
    pub organisation: String,
    pub third_party: bool,
    pub certificate: Option<String>,
    pub password_hash: String,
    pub password_set_at: Ts,
    pub must_change_password: bool,
    pub disabled_at: Option<Ts>,
    pub token_version: i32,
    pub revision: i32,
    pub created_at: Ts,
}

/// A grant.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = user_grant, check_for_backend(MultiBackend))]
pub struct GrantRow {
    pub id: GrantId,
    pub user_id: UserId,
    pub role: Role,
    pub area_id: Option<AreaId>,
    pub facility_id: Option<FacilityId>,
    pub category: Option<String>,
    pub valid_from: NaiveDate,
    pub valid_to: Option<NaiveDate>,
}

/// A session.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = session, check_for_backend(MultiBackend))]
pub struct SessionRow {
    pub id: SessionId,
    pub user_id: UserId,
    pub created_at: Ts,
    pub last_used_at: Ts,
    pub revoked_at: Option<Ts>,
    pub revoked_why: Option<String>,
    pub address: Option<String>,
    /// When the password was given last.
    pub proven_at: Option<Ts>,
}

/// A refresh token, hashed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = refresh_token, check_for_backend(MultiBackend))]
pub struct RefreshRow {
    pub hash: String,
    pub session_id: SessionId,
    pub issued_at: Ts,
    pub expires_at: Ts,
    pub used_at: Option<Ts>,
}

pub fn account(conn: &mut AnyConn, id: UserId) -> Outcome<Option<Account>> {
    Ok(user_account::table.find(id).select(Account::as_select()).first(conn).optional()?)
}

pub fn account_named(conn: &mut AnyConn, username: &str) -> Outcome<Option<Account>> {
    let named = user_account::table.filter(user_account::username.eq(username));
    Ok(named.select(Account::as_select()).first(conn).optional()?)
}

pub fn accounts_after(conn: &mut AnyConn, after: Option<&str>, limit: i64) -> Outcome<Vec<Account>> {
    let mut query = user_account::table.select(Account::as_select()).into_boxed::<MultiBackend>();
    if let Some(after) = after {
        query = query.filter(user_account::username.gt(after.to_string()));
    }
    Ok(query.order(user_account::username).limit(limit).load(conn)?)
}

pub fn insert_account(conn: &mut AnyConn, row: &Account) -> Outcome<()> {
    diesel::insert_into(user_account::table).values(row).execute(conn)?;
    Ok(())
}

/// Sets a password and ends every token issued before.
pub fn set_password(conn: &mut AnyConn, id: UserId, hash: &str, at: Ts, must_change: bool) -> Outcome<()> {
    diesel::update(user_account::table.find(id))
        .set((
            user_account::password_hash.eq(hash),
            user_account::password_set_at.eq(at),
            user_account::must_change_password.eq(must_change),
            user_account::token_version.eq(user_account::token_version + 1),
            user_account::revision.eq(user_account::revision + 1),
        ))
        .execute(conn)?;
    diesel::insert_into(password_history::table)
        .values((
            password_history::user_id.eq(id),
            password_history::password_hash.eq(hash),
            password_history::set_at.eq(at),
        ))
        .execute(conn)?;
    Ok(())
}

pub fn earlier_hashes(conn: &mut AnyConn, id: UserId, count: i64) -> Outcome<Vec<String>> {
    Ok(password_history::table
        .filter(password_history::user_id.eq(id))
        .order(password_history::id.desc())
        .limit(count)
        .select(password_history::password_hash)
        .load(conn)?)
}

pub fn set_disabled(conn: &mut AnyConn, id: UserId, at: Option<Ts>) -> Outcome<()> {
    diesel::update(user_account::table.find(id))
        .set((
            user_account::disabled_at.eq(at),
            user_account::token_version.eq(user_account::token_version + 1),
            user_account::revision.eq(user_account::revision + 1),
        ))
        .execute(conn)?;
    Ok(())
}

pub fn set_names(conn: &mut AnyConn, id: UserId, display_name: &str, organisation: &str) -> Outcome<()> {
    diesel::update(user_account::table.find(id))
        .set((
            user_account::display_name.eq(display_name),
            user_account::organisation.eq(organisation),
            user_account::revision.eq(user_account::revision + 1),
        ))
        .execute(conn)?;
    Ok(())
}

pub fn bump(conn: &mut AnyConn, id: UserId) -> Outcome<()> {
    diesel::update(user_account::table.find(id))
        .set(user_account::revision.eq(user_account::revision + 1))
        .execute(conn)?;
    Ok(())
}

pub fn grants_of(conn: &mut AnyConn, id: UserId) -> Outcome<Vec<GrantRow>> {
    let of_user = user_grant::table.filter(user_grant::user_id.eq(id));
    Ok(of_user.order(user_grant::id).select(GrantRow::as_select()).load(conn)?)
}

pub fn has_role(conn: &mut AnyConn, role: Role, on: NaiveDate) -> Outcome<bool> {
    let held = user_grant::table
        .inner_join(user_account::table.on(user_account::id.eq(user_grant::user_id)))
        .filter(user_grant::role.eq(role))
        .filter(user_account::disabled_at.is_null())
        .filter(user_grant::valid_to.is_null().or(user_grant::valid_to.ge(on)))
        .count()
        .get_result::<i64>(conn)?;
    Ok(held > 0)
}

/// Whether a facility is there; its rows are the directory's, which knows `access` and not the other way round.
pub fn is_facility(conn: &mut AnyConn, id: FacilityId) -> Outcome<bool> {
    Ok(facility::table.find(id).count().get_result::<i64>(conn)? > 0)
}

/// Whether an area is a street.
pub fn is_street(conn: &mut AnyConn, id: AreaId) -> Outcome<bool> {
    let street = area::table.find(id).filter(area::level.eq("street"));
    Ok(street.count().get_result::<i64>(conn)? > 0)
}

pub fn insert_grant(conn: &mut AnyConn, row: &GrantRow) -> Outcome<()> {
    diesel::insert_into(user_grant::table).values(row).execute(conn)?;
    Ok(())
}

pub fn end_grant(conn: &mut AnyConn, user: UserId, id: GrantId, on: NaiveDate) -> Outcome<usize> {
    let open = user_grant::table
        .find(id)
        .filter(user_grant::user_id.eq(user))
        .filter(user_grant::valid_to.is_null().or(user_grant::valid_to.gt(on)));
    Ok(diesel::update(open).set(user_grant::valid_to.eq(Some(on))).execute(conn)?)
}

/// The grants in force on a business day, with their areas resolved to streets: one's own, then those that one holds as a
/// deputy.
pub fn reaches(conn: &mut AnyConn, id: UserId, on: NaiveDate) -> Outcome<Vec<Reach>> {
    let own = grants_of(conn, id)?.into_iter().map(|grant| (grant, None));
    let delegated = delegations::store::grants_of(conn, id, on)?.into_iter();
    let held = own.chain(delegated.map(|grant| (grant.clone(), Some(grant.user_id))));
    let in_force = held.filter(|(g, _)| g.valid_from <= on && g.valid_to.is_none_or(|to| to >= on));
    in_force.map(|(grant, principal)| Ok(Reach { principal, ..reach(conn, grant, on)? })).collect()
}

/// An inspector's grants that have ended before a business day, with the streets of their last. One that was taken before
/// it began was never in force.
pub fn lapsed(conn: &mut AnyConn, id: UserId, on: NaiveDate) -> Outcome<Vec<Lapsed>> {
    let ended = |g: GrantRow| {
        let last_day = g.valid_to.filter(|to| *to < on && *to >= g.valid_from)?;
        (g.role == Role::Inspector).then_some((g, last_day))
    };
    let grants = grants_of(conn, id)?.into_iter().filter_map(ended);
    grants.map(|(g, last_day)| Ok(Lapsed { reach: reach(conn, g, last_day)?, last_day })).collect()
}

fn reach(conn: &mut AnyConn, grant: GrantRow, on: NaiveDate) -> Outcome<Reach> {
    let mut places = Places::default();
    match (grant.area_id, grant.facility_id) {
        (_, Some(facility)) => places.facilities = BTreeSet::from([facility]),
        (Some(area), None) => places.streets = streets_under(conn, area, on)?,
        (None, None) => places.all = true,
    }
    Ok(Reach { role: grant.role, places, category: grant.category, principal: None })
}

/// Who holds a role on a day over a spot, for themselves or as a deputy, in the order of their ids; whoever is disabled does
/// not count. A spot without a street and a facility concerns all holders.
pub fn holders_over(
    conn: &mut AnyConn,
    role: Role,
    spot: &Concern<'_>,
    on: NaiveDate,
) -> Outcome<BTreeSet<UserId>> {
    let above = spot.street.map(|street| areas_above(conn, street, on)).transpose()?.unwrap_or_default();
    let grants: Vec<GrantRow> = user_grant::table
        .inner_join(user_account::table.on(user_account::id.eq(user_grant::user_id)))
        .filter(user_grant::role.eq(role))
        .filter(user_account::disabled_at.is_null())
        .filter(user_grant::valid_from.le(on))
        .filter(user_grant::valid_to.is_null().or(user_grant::valid_to.ge(on)))
        .select(GrantRow::as_select())
        .load(conn)?;
    let own = grants.into_iter().map(|grant| (grant.user_id, grant));
    let delegated = super::delegations::store::held_for_others(conn, role, on)?;
    let nowhere = spot.street.is_none() && spot.facility.is_none();
    let there = |g: &GrantRow| match (g.area_id, g.facility_id) {
        (_, Some(facility)) => spot.facility == Some(facility),
        (Some(area), None) => above.contains(&area),
        (None, None) => true,
    };
    let concerned = |g: &GrantRow| (nowhere || there(g)) && spot.concerns(role, g.category.as_deref());
    Ok(own.chain(delegated).filter(|(_, grant)| concerned(grant)).map(|(holder, _)| holder).collect())
}

/// A street and every area above it on a day.
fn areas_above(conn: &mut AnyConn, street: AreaId, on: NaiveDate) -> Outcome<BTreeSet<AreaId>> {
    let (mut above, mut next) = (BTreeSet::new(), Some(street));
    while let Some(area) = next.filter(|area| above.insert(*area)) {
        let parent: Option<Option<AreaId>> = area_version::table
            .filter(area_version::area_id.eq(area))
            .filter(area_version::valid_from.le(on))
            .filter(area_version::valid_to.is_null().or(area_version::valid_to.ge(on)))
            .select(area_version::parent_id)
            .first(conn)
            .optional()?;
        next = parent.flatten();
    }
    Ok(above)
}

/// The streets at or under an area on a day.
pub fn streets_under(conn: &mut AnyConn, root: AreaId, on: NaiveDate) -> Outcome<BTreeSet<AreaId>> {
    let mut streets = BTreeSet::new();
    let mut layer: Vec<(AreaId, String)> =
        area::table.filter(area::id.eq(root)).select((area::id, area::level)).load(conn)?;
    while !layer.is_empty() {
        let (found, above): (Vec<_>, Vec<_>) = layer.into_iter().partition(|(_, level)| level == "street");
        streets.extend(found.into_iter().map(|(id, _)| id));
        let parents: Vec<AreaId> =
            above.into_iter().filter(|(_, level)| level != "community").map(|(id, _)| id).collect();
        if parents.is_empty() {
            break;
        }
        layer = area::table
            .inner_join(area_version::table.on(area_version::area_id.eq(area::id)))
            .filter(area_version::parent_id.eq_any(parents))
            .filter(area_version::valid_from.le(on))
            .filter(area_version::valid_to.is_null().or(area_version::valid_to.ge(on)))
            .select((area::id, area::level))
            .load(conn)?;
    }
    Ok(streets)
}

pub fn insert_session(conn: &mut AnyConn, row: &SessionRow) -> Outcome<()> {
    diesel::insert_into(session::table).values(row).execute(conn)?;
    Ok(())
}

pub fn session(conn: &mut AnyConn, id: SessionId) -> Outcome<Option<SessionRow>> {
    Ok(session::table.find(id).select(SessionRow::as_select()).first(conn).optional()?)
}

/// Says that the password was given now.
pub fn prove_session(conn: &mut AnyConn, id: SessionId, at: Ts) -> Outcome<()> {
    diesel::update(session::table.find(id)).set(session::proven_at.eq(Some(at))).execute(conn)?;
    Ok(())
}

pub fn touch_session(conn: &mut AnyConn, id: SessionId, at: Ts) -> Outcome<()> {
    diesel::update(session::table.find(id)).set(session::last_used_at.eq(at)).execute(conn)?;
    Ok(())
}

pub fn revoke_session(conn: &mut AnyConn, id: SessionId, at: Ts, why: &str) -> Outcome<()> {
    diesel::update(session::table.find(id).filter(session::revoked_at.is_null()))
        .set((session::revoked_at.eq(Some(at)), session::revoked_why.eq(Some(why))))
        .execute(conn)?;
    Ok(())
}

pub fn revoke_sessions_of(conn: &mut AnyConn, user: UserId, at: Ts, why: &str) -> Outcome<()> {
    diesel::update(session::table.filter(session::user_id.eq(user)).filter(session::revoked_at.is_null()))
        .set((session::revoked_at.eq(Some(at)), session::revoked_why.eq(Some(why))))
        .execute(conn)?;
    Ok(())
}

pub fn insert_refresh(conn: &mut AnyConn, row: &RefreshRow) -> Outcome<()> {
    diesel::insert_into(refresh_token::table).values(row).execute(conn)?;
    Ok(())
}

pub fn refresh(conn: &mut AnyConn, hash: &str) -> Outcome<Option<RefreshRow>> {
    Ok(refresh_token::table.find(hash).select(RefreshRow::as_select()).first(conn).optional()?)
}

/// Marks a token as used; 0 when somebody was faster.
pub fn use_refresh(conn: &mut AnyConn, hash: &str, at: Ts) -> Outcome<usize> {
    let unused = refresh_token::table.find(hash).filter(refresh_token::used_at.is_null());
    Ok(diesel::update(unused).set(refresh_token::used_at.eq(Some(at))).execute(conn)?)
}

pub fn insert_failure(conn: &mut AnyConn, username: &str, address: &str, at: Ts) -> Outcome<()> {
    diesel::insert_into(login_failure::table)
        .values((
            login_failure::username.eq(username),
            login_failure::address.eq(address),
            login_failure::at.eq(at),
        ))
        .execute(conn)?;
    Ok(())
}

/// The times of recent failures of an account name, oldest first.
pub fn failures_of(conn: &mut AnyConn, username: &str, since: DateTime<Utc>) -> Outcome<Vec<DateTime<Utc>>> {
    let recent = login_failure::table
        .filter(login_failure::username.eq(username))
        .filter(login_failure::at.gt(Ts::from(since)));
    let times: Vec<Ts> = recent.order(login_failure::at).select(login_failure::at).load(conn)?;
    Ok(times.into_iter().map(|t| t.0).collect())
}

/// The times of recent failures from an address, oldest first.
pub fn failures_from(conn: &mut AnyConn, address: &str, since: DateTime<Utc>) -> Outcome<Vec<DateTime<Utc>>> {
    let recent = login_failure::table
        .filter(login_failure::address.eq(address))
        .filter(login_failure::at.gt(Ts::from(since)));
    let times: Vec<Ts> = recent.order(login_failure::at).select(login_failure::at).load(conn)?;
    Ok(times.into_iter().map(|t| t.0).collect())
}

pub fn forget_failures(conn: &mut AnyConn, username: &str) -> Outcome<()> {
    diesel::delete(login_failure::table.filter(login_failure::username.eq(username))).execute(conn)?;
    Ok(())
}
