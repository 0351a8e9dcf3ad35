//! Login, one's own account, and the accounts of others.

use super::answer::{Done, Found, Made, Tagged};
use super::caller::{Allowed, Anyone};
use super::extract::{ApiJson, ApiPath, ApiPath2, ApiQuery, IfMatch};
use super::problem::Answer;
use crate::access::delegations::StoodInFor;
use crate::access::permissions::{Role, may};
use crate::access::sessions::{self, Refreshed, Tokens};
use crate::access::users::{self, NewGrant, NewUser, UserPatch, UserView};
use crate::access::{passwords, tokens};
use crate::clock::{business_date, machine_now};
use crate::db::page::{Page, PageAsk};
use crate::fault::Fault;
use crate::handover;
use crate::ids::{AreaId, FacilityId, GrantId, UserId};
use chrono::NaiveDate;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

impl Tagged for Tokens {}
impl Tagged for UserView {
    fn revision(&self) -> Option<i32> {
        Some(self.revision)
    }
}

/// A name and its password.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// Login name.
    #[garde(length(chars, min = 1, max = 64))]
    username: String,
    /// Password.
    #[garde(length(chars, min = 1, max = 256))]
    #[schema(format = "password")]
    password: String,
}

pub async fn login(anyone: Anyone, ApiJson(body): ApiJson<Login>) -> Answer<Found<Tokens>> {
    let now = machine_now();
    let username = body.username.trim().to_lowercase();
    let (name, address) = (username.clone(), anyone.address.clone());
    let claimed = anyone
        .app
        .db
        .read(move |conn| {
            sessions::refuse_locked(conn, &name, &address, now)?;
            sessions::claimed(conn, &name)
        })
        .await?;
    let proven = tokio::task::spawn_blocking(move || sessions::authenticate(claimed, &body.password)).await;
    let address = anyone.address.clone();
    let Some(account) = proven.map_err(Fault::internal)? else {
        anyone
            .app
            .db
            .write(anyone.stamp(), "login", move |tx| {
                sessions::refuse_locked(tx.conn(), &username, &address, now)?;
                sessions::record_failure(tx, &username, &address, now)
            })
            .await?;
        let (code, detail) = ("wrong_credentials".into(), "账号或密码不正确".into());
        return Err(Fault::Unauthenticated { code, detail }.into());
    };
    let refresh = tokens::new_refresh()?;
    let app = anyone.app.clone();
    let tokens = anyone
        .app
        .db
        .write(anyone.stamp(), "login", move |tx| {
            sessions::refuse_locked(tx.conn(), &account.username, &address, now)?;
            sessions::open(tx, &app.keys[0], &account, app.config.password_policy, &refresh, now)
        })
        .await?;
    Ok(Found(tokens))
}

/// A refresh token.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The token of the last answer.
    #[garde(length(min = 20, max = 100))]
    refresh_token: String,
}

pub async fn refresh(anyone: Anyone, ApiJson(body): ApiJson<Refresh>) -> Answer<Found<Tokens>> {
    let app = anyone.app.clone();
    let outcome = anyone
        .app
        .db
        .write(anyone.stamp(), "refresh", move |tx| {
            let now = machine_now();
            sessions::exchange(tx, &app.keys[0], &body.refresh_token, app.config.password_policy, now)
        })
        .await?;
    let refuse = |code: &'static str, detail: &'static str| {
        Err(Fault::Unauthenticated { code: code.into(), detail: detail.into() }.into())
    };
    match outcome {
        Refreshed::Tokens(tokens) => Ok(Found(*tokens)),
        Refreshed::Refused => refuse("bad_refresh_token", "刷新凭证无效，请重新登录"),
        Refreshed::Replayed => {
            refuse("refresh_token_reused", "刷新凭证被重复使用，本次登录已全部失效，请重新登录")
        }
    }
}

/// The password once more.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordProof {
    /// Password.
    #[garde(length(chars, min = 1, max = 256))]
    #[schema(format = "password")]
    password: String,
}

pub async fn confirm(
    caller: Allowed<may::UseOwnAccount>,
    ApiJson(body): ApiJson<PasswordProof>,
) -> Answer<Done> {
    let (id, session, now) = (caller.user_id, caller.session, machine_now());
    let (policy, address) = (caller.app().config.password_policy, caller.address().to_string());
    let from = address.clone();
    let known = caller
        .read(move |conn| {
            let known = users::passwords_of(conn, id, policy)?;
            sessions::refuse_locked(conn, &known.username, &from, now)?;
            Ok(known)
        })
        .await?;
    let username = known.username.clone();
    let proven = tokio::task::spawn_blocking(move || users::check_present(&known, &body.password)).await;
    if let Err(fault) = proven.map_err(Fault::internal)? {
        // A stolen token must not be a way to guess the password.
        caller.write(move |tx| sessions::record_failure(tx, &username, &address, now)).await?;
        return Err(fault.into());
    }
    caller.write(move |tx| sessions::prove(tx, session, id, now)).await?;
    Ok(Done)
}

pub async fn logout(caller: Allowed<may::UseOwnAccount>) -> Answer<Done> {
    let (session, user) = (caller.session, caller.user_id);
    caller.write(move |tx| sessions::close(tx, session, user, machine_now())).await?;
    Ok(Done)
}

/// One's own account.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    #[serde(flatten)]
    user: UserView,
    /// Roles in force today, one's own and a deputy's.
    roles: Vec<Role>,
    /// For whom one stands in today.
    stands_in_for: Vec<StoodInFor>,
    /// Business date in Asia/Shanghai.
    today: NaiveDate,
}
impl Tagged for Me {}

pub async fn me(caller: Allowed<may::UseOwnAccount>) -> Answer<Found<Me>> {
    let id = caller.user_id;
    let user = caller.read(move |conn| users::find(conn, id)).await?;
    let stands_in_for = caller.deputises().await?;
    Ok(Found(Me { user, roles: caller.roles.clone(), stands_in_for, today: business_date(caller.now) }))
}

/// A change of one's own password.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The present one.
    #[garde(length(chars, min = 1, max = 256))]
    #[schema(format = "password")]
    current_password: String,
    /// The wanted one.
    #[garde(length(chars, min = 1, max = 256))]
    #[schema(format = "password")]
    new_password: String,
}

pub async fn change_password(
    caller: Allowed<may::UseOwnAccount>,
    ApiJson(body): ApiJson<PasswordChange>,
) -> Answer<Done> {
    let (id, policy, now) = (caller.user_id, caller.app().config.password_policy, machine_now());
    let address = caller.address().to_string();
    let from = address.clone();
    let known = caller
        .read(move |conn| {
            let known = users::passwords_of(conn, id, policy)?;
            sessions::refuse_locked(conn, &known.username, &from, now)?;
            Ok(known)
        })
        .await?;
    let username = known.username.clone();
    let checked = move || users::check_change(&known, &body.current_password, &body.new_password, policy);
    match tokio::task::spawn_blocking(checked).await.map_err(Fault::internal)? {
        Ok(change) => caller.write(move |tx| users::change_password(tx, id, &change, now)).await?,
        Err(fault) => {
            // A stolen token must not be a way to guess the password.
            if fault.has_code("wrong_password") {
                caller.write(move |tx| sessions::record_failure(tx, &username, &address, now)).await?;
            }
            return Err(fault.into());
        }
    }
    Ok(Done)
}

/// Which page.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Rows, 1–100; 50 unless given.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

impl PageQuery {
    /// The page that is asked for.
    pub fn ask(self) -> PageAsk {
        PageAsk { limit: self.limit, cursor: self.cursor }
    }
}

pub async fn list_users(
    caller: Allowed<may::ReadUsers>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Answer<Found<Page<UserView>>> {
    let ask = query.ask();
    Ok(Found(caller.read(move |conn| users::list(conn, &ask)).await?))
}

pub async fn find_user(
    caller: Allowed<may::ReadUsers>,
    ApiPath(id): ApiPath<UserId>,
) -> Answer<Found<UserView>> {
    Ok(Found(caller.read(move |conn| users::find(conn, id)).await?))
}

/// A new account; it has no roles until the security administrator gives some.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// Login name: letters, digits, `.`, `_`, `-`.
    #[garde(length(min = 3, max = 64), custom(login_name))]
    username: String,
    /// Shown name.
    #[garde(length(chars, min = 1, max = 50))]
    display_name: String,
    /// Organisation.
    #[garde(length(chars, min = 1, max = 100))]
    organisation: String,
    /// Works for a third party under contract.
    #[serde(default)]
    #[garde(skip)]
    third_party: bool,
    /// Number of the enforcement certificate.
    #[garde(length(chars, max = 50))]
    certificate: Option<String>,
}

fn login_name(name: &str, _: &()) -> garde::Result {
    if users::is_login_name(name) {
        Ok(())
    } else {
        Err(garde::Error::new("只能含字母、数字和 . _ -"))
    }
}

/// A new account with its first password, shown once.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedUser {
    /// The account.
    user: UserView,
    /// The first password; it must be changed at the first login.
    initial_password: String,
}
impl Tagged for CreatedUser {}

pub async fn create_user(
    caller: Allowed<may::ManageUsers>,
    ApiJson(body): ApiJson<CreateUser>,
) -> Answer<Made<CreatedUser>> {
    let initial_password = passwords::generate()?;
    let new = NewUser {
        username: body.username.to_lowercase(),
        display_name: body.display_name,
        organisation: body.organisation,
        third_party: body.third_party,
        certificate: body.certificate,
        password_hash: passwords::hash(&initial_password)?,
        must_change_password: true,
    };
    let user = caller
        .write(move |tx| {
            let id = users::create(tx, &new, machine_now())?;
            users::find(tx.conn(), id)
        })
        .await?;
    Ok(Made::New(CreatedUser { user, initial_password }))
}

/// What may be changed of an account.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateUser {
    /// Shown name.
    #[garde(length(chars, min = 1, max = 50))]
    display_name: Option<String>,
    /// Organisation.
    #[garde(length(chars, min = 1, max = 100))]
    organisation: Option<String>,
    /// Disable or enable.
    #[garde(skip)]
    disabled: Option<bool>,
    /// Set a new first password, given in the answer.
    #[serde(default)]
    #[garde(skip)]
    reset_password: bool,
}

/// An account after a change.
#[derive(Debug, Serialize, ToSchema)]
pub struct UpdatedUser {
    /// The account.
    user: UserView,
    /// Where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_password: Option<String>,
}
impl Tagged for UpdatedUser {
    fn revision(&self) -> Option<i32> {
        Some(self.user.revision)
    }
}

pub async fn update_user(
    caller: Allowed<may::ManageUsers>,
    ApiPath(id): ApiPath<UserId>,
    IfMatch(revision): IfMatch,
    ApiJson(body): ApiJson<UpdateUser>,
) -> Answer<Found<UpdatedUser>> {
    let initial_password = body.reset_password.then(passwords::generate).transpose()?;
    let patch = UserPatch {
        display_name: body.display_name,
        organisation: body.organisation,
        disabled: body.disabled,
        password_hash: initial_password.as_deref().map(passwords::hash).transpose()?,
    };
    let user =
        caller.write(move |tx| handover::update_account(tx, id, revision, &patch, machine_now())).await?;
    Ok(Found(UpdatedUser { user, initial_password }))
}

/// A role to be given.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateGrant {
    /// The role.
    #[garde(skip)]
    role: Role,
    /// Reaches every street under this area.
    #[garde(skip)]
    area_id: Option<AreaId>,
    /// Reaches this facility only.
    #[garde(skip)]
    facility_id: Option<FacilityId>,
    /// Only findings of this category.
    #[garde(length(chars, max = 50))]
    category: Option<String>,
    /// First day; today unless given.
    #[garde(skip)]
    valid_from: Option<NaiveDate>,
    /// Last day.
    #[garde(skip)]
    valid_to: Option<NaiveDate>,
}

pub async fn create_grant(
    caller: Allowed<may::GrantRoles>,
    ApiPath(user): ApiPath<UserId>,
    ApiJson(body): ApiJson<CreateGrant>,
) -> Answer<Made<UserView>> {
    let new = NewGrant {
        role: body.role,
        area_id: body.area_id,
        facility_id: body.facility_id,
        category: body.category,
        valid_from: body.valid_from.unwrap_or(business_date(caller.now)),
        valid_to: body.valid_to,
    };
    let view = caller
        .write(move |tx| {
            users::grant(tx, user, &new)?;
            users::find(tx.conn(), user)
        })
        .await?;
    Ok(Made::New(view))
}

pub async fn revoke_grant(
    caller: Allowed<may::GrantRoles>,
    ApiPath2(user, grant): ApiPath2<UserId, GrantId>,
) -> Answer<Done> {
    caller.write(move |tx| users::revoke_grant(tx, user, grant)).await?;
    Ok(Done)
}
