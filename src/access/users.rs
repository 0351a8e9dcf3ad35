//! Accounts and grants. The system administrator makes accounts, the security administrator gives roles, and neither
//! role may be held together with any other (三员分立). The first administrator of an empty installation comes from the
//! console (`yixun user create`); there is no default account.

use super::delegations;
use super::disabling;
use super::passwords::{self, Policy};
use super::permissions::{Action, Role, excludes, is_administrator};
use super::scope::{Holder, scope_of};
use super::store::{self, Account, GrantRow};
use crate::clock::business_date;
use crate::db::page::{Page, PageAsk, page};
use crate::db::{AnyConn, Change, Ts, Tx};
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, FacilityId, GrantId, UserId};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

/// An account as administrators see it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct UserView {
    /// Its id.
    pub id: UserId,
    /// Login name.
    pub username: String,
    /// Shown name.
    pub display_name: String,
    /// Organisation.
    pub organisation: String,
    /// Works for a third party under contract.
    pub third_party: bool,
    /// Number of the enforcement certificate, for `administrative` visits.
    pub certificate: Option<String>,
    /// Must choose a new password before anything else.
    pub must_change_password: bool,
    /// Disabled accounts cannot log in.
    pub disabled: bool,
    /// For `If-Match`.
    pub revision: i32,
    /// Roles with their reach and dates.
    pub grants: Vec<GrantView>,
}

/// A role with its reach and dates.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct GrantView {
    /// Its id.
    pub id: GrantId,
    /// The role.
    pub role: Role,
    /// Reaches every street under this area.
    pub area_id: Option<AreaId>,
    /// Reaches this facility only.
    pub facility_id: Option<FacilityId>,
    /// Only findings of this category.
    pub category: Option<String>,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day.
    pub valid_to: Option<NaiveDate>,
}

/// A new account.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Login name, already folded to lower case.
    pub username: String,
    /// Shown name.
    pub display_name: String,
    /// Organisation.
    pub organisation: String,
    /// Works for a third party.
    pub third_party: bool,
    /// Enforcement certificate.
    pub certificate: Option<String>,
    /// Argon2id hash of the first password.
    pub password_hash: String,
    /// Must change it at first login.
    pub must_change_password: bool,
}

/// A new grant.
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// The role.
    pub role: Role,
    /// Reach: an area.
    pub area_id: Option<AreaId>,
    /// Reach: a facility.
    pub facility_id: Option<FacilityId>,
    /// Limit to a category.
    pub category: Option<String>,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day.
    pub valid_to: Option<NaiveDate>,
}

impl From<GrantRow> for GrantView {
    fn from(row: GrantRow) -> Self {
        let GrantRow { id, role, area_id, facility_id, category, valid_from, valid_to, .. } = row;
        Self { id, role, area_id, facility_id, category, valid_from, valid_to }
    }
}

fn view(account: Account, grants: Vec<GrantRow>) -> UserView {
    UserView {
        id: account.id,
        username: account.username,
        display_name: account.display_name,
        organisation: account.organisation,
        third_party: account.third_party,
        certificate: account.certificate,
        must_change_password: account.must_change_password,
        disabled: account.disabled_at.is_some(),
        revision: account.revision,
        grants: grants.into_iter().map(GrantView::from).collect(),
    }
}

/// The name that an account shows.
///
/// # Errors
/// Missing.
pub fn person_name(conn: &mut AnyConn, id: UserId) -> Outcome<String> {
    Ok(find(conn, id)?.display_name)
}

/// One account with its grants.
///
/// # Errors
/// Missing.
pub fn find(conn: &mut AnyConn, id: UserId) -> Outcome<UserView> {
    let account = store::account(conn, id)?.ok_or_else(|| Fault::missing("账号"))?;
    let grants = store::grants_of(conn, id)?;
    Ok(view(account, grants))
}

/// A person as they stood on a business day, for what they said then and what takes effect later; nothing where they could not
/// do it on that day.
///
/// # Errors
/// The database's.
pub fn holder_on(conn: &mut AnyConn, id: UserId, action: Action, on: NaiveDate) -> Outcome<Option<Holder>> {
    let Some(account) = store::account(conn, id)? else { return Ok(None) };
    let reaches = store::reaches(conn, id, on)?;
    let scope = scope_of(action, &reaches);
    Ok(scope.map(|scope| Holder { id, third_party: account.third_party, scope, reaches, lapsed: vec![] }))
}

/// Somebody with all grants in force on a business day, of their own and as a deputy, whatever they want to do.
///
/// # Errors
/// Missing.
pub fn person_on(conn: &mut AnyConn, id: UserId, on: NaiveDate) -> Outcome<Holder> {
    let account = store::account(conn, id)?.ok_or_else(|| Fault::missing("账号"))?;
    let reaches = store::reaches(conn, id, on)?;
    Ok(Holder { reaches, ..Holder::account_only(id, account.third_party) })
}

/// Accounts by login name.
///
/// # Errors
/// A bad page.
pub fn list(conn: &mut AnyConn, ask: &PageAsk) -> Outcome<Page<UserView>> {
    let limit = ask.limit()?;
    let after: Option<String> = ask.after()?;
    let rows = store::accounts_after(conn, after.as_deref(), limit + 1)?;
    let mut with_grants = Vec::with_capacity(rows.len());
    for row in rows {
        let grants = store::grants_of(conn, row.id)?;
        with_grants.push(view(row, grants));
    }
    Ok(page(with_grants, limit, |u| u.username.clone(), |u| u))
}

/// Makes an account without roles. `machine_now` starts the password's age.
///
/// # Errors
/// `username_taken`.
pub fn create(tx: &mut Tx<'_>, new: &NewUser, machine_now: DateTime<Utc>) -> Outcome<UserId> {
    let id: UserId = tx.new_id();
    if store::account_named(tx.conn(), &new.username)?.is_some() {
        return Err(Fault::refused("username_taken", "该账号名已被使用"));
    }
    let row = Account {
        id,
        username: new.username.clone(),
        display_name: new.display_name.clone(),
        organisation: new.organisation.clone(),
        third_party: new.third_party,
        certificate: new.certificate.clone(),
        password_hash: new.password_hash.clone(),
        password_set_at: machine_now.into(),
        must_change_password: new.must_change_password,
        disabled_at: None,
        token_version: 0,
        revision: 1,
        created_at: tx.ts(),
    };
    store::insert_account(tx.conn(), &row)?;
    tx.audit("user", id, json!({ "username": new.username, "organisation": new.organisation }));
    tx.changed("user", id.0, None, Change::Put)?;
    Ok(id)
}

/// Whether the console may make an administrator: only while nobody holds that role.
///
/// # Errors
/// `administrator_exists`.
pub fn refuse_second_administrator(conn: &mut AnyConn, role: Role, now: DateTime<Utc>) -> Outcome<()> {
    if !is_administrator(role) {
        return Err(Fault::refused(
            "not_an_administrator",
            "命令行只能创建系统、安全、审计三种管理员，其余账号由管理员在系统内创建",
        ));
    }
    if store::has_role(conn, role, business_date(now))? {
        return Err(Fault::refused(
            "administrator_exists",
            format!("已有{}，请由其在系统内创建账号", role.label()),
        ));
    }
    Ok(())
}

/// Gives a role.
///
/// # Errors
/// `roles_exclude_each_other`, `own_account`, `bad_reach`, or a missing account.
pub fn grant(tx: &mut Tx<'_>, user: UserId, new: &NewGrant) -> Outcome<GrantId> {
    if tx.actor().user() == Some(user) {
        return Err(Fault::refused("own_account", "不能给自己的账号授权"));
    }
    store::account(tx.conn(), user)?.ok_or_else(|| Fault::missing("账号"))?;
    if new.area_id.is_some() && new.facility_id.is_some() {
        return Err(Fault::invalid("/facility_id", "bad_reach", "area_id 与 facility_id 只能填一个"));
    }
    if new.valid_to.is_some_and(|to| to < new.valid_from) {
        return Err(Fault::invalid("/valid_to", "bad_dates", "valid_to 早于 valid_from"));
    }
    if let Some(facility) = new.facility_id
        && !store::is_facility(tx.conn(), facility)?
    {
        return Err(Fault::invalid("/facility_id", "bad_reach", "facility_id 不存在"));
    }
    let today = business_date(tx.now());
    let held = store::grants_of(tx.conn(), user)?;
    let in_force = held.iter().filter(|g| g.valid_to.is_none_or(|to| to >= today)).map(|g| g.role);
    let stood_in = delegations::store::roles_of(tx.conn(), user, today)?;
    if let Some(other) = in_force.chain(stood_in).find(|r| excludes(*r, new.role)) {
        let detail = format!("{}与{}不能由同一人担任（三员分立）", other.label(), new.role.label());
        return Err(Fault::refused("roles_exclude_each_other", detail));
    }
    let id: GrantId = tx.new_id();
    let row = GrantRow {
        id,
        user_id: user,
        role: new.role,
        area_id: new.area_id,
        facility_id: new.facility_id,
        category: new.category.clone(),
        valid_from: new.valid_from,
        valid_to: new.valid_to,
    };
    store::insert_grant(tx.conn(), &row).map_err(bad_reach)?;
    store::bump(tx.conn(), user)?;
    tx.audit("user", user, json!({ "granted": new.role, "area": new.area_id, "facility": new.facility_id }));
    tx.changed("user", user.0, None, Change::Put)?;
    Ok(id)
}

fn bad_reach(fault: Fault) -> Fault {
    use diesel::result::{DatabaseErrorKind::ForeignKeyViolation, Error::DatabaseError};
    match fault {
        Fault::Database(DatabaseError(ForeignKeyViolation, _)) => {
            Fault::invalid("/area_id", "bad_reach", "area_id 不存在")
        }
        other => other,
    }
}

/// Ends a role today.
///
/// # Errors
/// Missing.
pub fn revoke_grant(tx: &mut Tx<'_>, user: UserId, id: GrantId) -> Outcome<()> {
    let yesterday = business_date(tx.now()).pred_opt().unwrap_or(NaiveDate::MIN);
    if store::end_grant(tx.conn(), user, id, yesterday)? == 0 {
        return Err(Fault::missing("授权"));
    }
    store::bump(tx.conn(), user)?;
    tx.audit("user", user, json!({ "revoked_grant": id }));
    tx.changed("user", user.0, None, Change::Put)
}

/// What an administrator may change of an account.
#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    /// Shown name.
    pub display_name: Option<String>,
    /// Organisation.
    pub organisation: Option<String>,
    /// Disable or enable.
    pub disabled: Option<bool>,
    /// Hash of a new first password, to be changed at the next login.
    pub password_hash: Option<String>,
}

/// Changes an account; disabling it or setting a password ends its sessions.
///
/// # Errors
/// Missing; a wrong revision; `own_account` when disabling oneself.
pub fn update(
    tx: &mut Tx<'_>,
    id: UserId,
    revision: i32,
    patch: &UserPatch,
    machine_now: DateTime<Utc>,
) -> Outcome<UserView> {
    let account = store::account(tx.conn(), id)?.ok_or_else(|| Fault::missing("账号"))?;
    if account.revision != revision {
        return Err(Fault::Precondition { given: true });
    }
    if patch.disabled == Some(true) {
        disabling::refuse_own(tx, id)?;
    }
    let at = Ts::from(machine_now);
    let name = patch.display_name.as_deref().unwrap_or(&account.display_name);
    let organisation = patch.organisation.as_deref().unwrap_or(&account.organisation);
    store::set_names(tx.conn(), id, name, organisation)?;
    if let Some(disabled) = patch.disabled {
        store::set_disabled(tx.conn(), id, disabled.then_some(at))?;
    }
    if let Some(hash) = &patch.password_hash {
        store::set_password(tx.conn(), id, hash, at, true)?;
    }
    if patch.disabled == Some(true) || patch.password_hash.is_some() {
        store::revoke_sessions_of(tx.conn(), id, at, "administrator")?;
    }
    tx.audit(
        "user",
        id,
        json!({ "disabled": patch.disabled, "password_reset": patch.password_hash.is_some() }),
    );
    tx.changed("user", id.0, None, Change::Put)?;
    find(tx.conn(), id)
}

/// Whether an account may be called so: 3 to 64 letters, digits, `.`, `_`, `-`.
pub fn is_login_name(name: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (3..=64).contains(&name.len()) && name.chars().all(fine)
}

/// What a new password is checked against.
#[derive(Debug, Clone)]
pub struct KnownPasswords {
    /// The account's name.
    pub username: String,
    present: String,
    earlier: Vec<String>,
}

/// The present and the earlier password hashes of an account.
///
/// # Errors
/// Missing.
pub fn passwords_of(conn: &mut AnyConn, id: UserId, policy: Policy) -> Outcome<KnownPasswords> {
    let account = store::account(conn, id)?.ok_or_else(|| Fault::missing("账号"))?;
    let earlier = store::earlier_hashes(conn, id, policy.history())?;
    Ok(KnownPasswords { username: account.username, present: account.password_hash, earlier })
}

/// A change of password that has been checked.
#[derive(Debug, Clone)]
pub struct PasswordChange {
    from: String,
    to: String,
}

/// Checks a new password against the present one, the policy and the history. Takes tens of milliseconds a hash, so it is
/// done outside of any transaction.
///
/// # Errors
/// `wrong_password`, `weak_password`, `password_reused`.
pub fn check_change(
    known: &KnownPasswords,
    present: &str,
    wanted: &str,
    policy: Policy,
) -> Outcome<PasswordChange> {
    if !passwords::verify(present, &known.present) {
        return Err(Fault::invalid("/current_password", "wrong_password", "当前密码不正确"));
    }
    policy.check(&known.username, wanted)?;
    if known.earlier.iter().chain([&known.present]).any(|hash| passwords::verify(wanted, hash)) {
        return Err(Fault::invalid("/new_password", "password_reused", "不能使用最近用过的密码"));
    }
    Ok(PasswordChange { from: known.present.clone(), to: passwords::hash(wanted)? })
}

/// Whether a password is the account's own.
///
/// # Errors
/// `wrong_password`.
pub fn check_present(known: &KnownPasswords, shown: &str) -> Outcome<()> {
    if passwords::verify(shown, &known.present) {
        return Ok(());
    }
    Err(Fault::invalid("/password", "wrong_password", "密码不正确"))
}

/// Sets one's own new password and ends every session, also the one that asks.
///
/// # Errors
/// `password_changed_meanwhile` when it is not the one that was checked.
pub fn change_password(
    tx: &mut Tx<'_>,
    id: UserId,
    change: &PasswordChange,
    machine_now: DateTime<Utc>,
) -> Outcome<()> {
    let account = store::account(tx.conn(), id)?.ok_or_else(|| Fault::missing("账号"))?;
    if account.password_hash != change.from {
        return Err(Fault::refused("password_changed_meanwhile", "密码刚刚已被修改，请重新登录"));
    }
    let at = Ts::from(machine_now);
    store::set_password(tx.conn(), id, &change.to, at, false)?;
    store::revoke_sessions_of(tx.conn(), id, at, "password_change")?;
    tx.audit("user", id, json!({ "password": "changed" }));
    Ok(())
}
