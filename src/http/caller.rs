//! From a token to a person with a permission. `Allowed<P>` in a handler's signature is the only way to the database:
//! no permission, no data. What the caller may is looked up at every request, so a taken role or a disabled account
//! ends at once.

use super::operation::{OperationSpec, Part};
use super::problem::Problem;
use crate::access::delegations::{self, StoodInFor};
use crate::access::permissions::{Action, Permission, Role};
use crate::access::scope::{
    Holder, Lapsed, Reach, Scope, minds_lapsed, scope_of, scope_of_lapsed, stood_in_for,
};
use crate::access::{Actor, Principal, Stamp, disabling, store, tokens};
use crate::app::App;
use crate::clock::{business_date, machine_now};
use crate::db::types::Coded as _;
use crate::db::{AnyConn, Tx};
use crate::fault::{Fault, Outcome};
use crate::ids::{SessionId, UserId};
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::future::{Future, Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

/// A person who may do `P`, and where.
pub struct Allowed<P> {
    app: Arc<App>,
    /// Where the permission reaches.
    pub scope: Scope,
    /// The account.
    pub user_id: UserId,
    /// The name shown.
    pub name: String,
    /// Works for a third party.
    pub third_party: bool,
    /// The roles in force.
    pub roles: Vec<Role>,
    reaches: Vec<Reach>,
    lapsed: Vec<Lapsed>,
    /// Those whose roles allow it where a deputy stands in for them, and whether only these do.
    stood_in_for: (Vec<Principal>, bool),
    /// The session of the token.
    pub session: SessionId,
    /// Business time of the request.
    pub now: DateTime<Utc>,
    address: Option<String>,
    permission: PhantomData<P>,
}

impl<P: Permission> Allowed<P> {
    /// Everything the application holds.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Who, and when.
    pub fn stamp(&self) -> Stamp {
        let (id, name, principals) = (self.user_id, self.name.clone(), self.stood_in_for.0.clone());
        let actor = match principals.is_empty() {
            true => Actor::User { id, name },
            false => Actor::Deputy { id, name, principals, only_so: self.stood_in_for.1 },
        };
        Stamp { actor, now: self.now, address: self.address.clone() }
    }

    /// The address that the request came from, empty where there is none.
    pub fn address(&self) -> &str {
        self.address.as_deref().unwrap_or_default()
    }

    /// The person for rules that ask for a rank.
    pub fn holder(&self) -> Holder {
        Holder {
            id: self.user_id,
            third_party: self.third_party,
            scope: self.scope.clone(),
            reaches: self.reaches.clone(),
            lapsed: self.lapsed.clone(),
        }
    }

    /// For whom the caller stands in now, and as what.
    ///
    /// # Errors
    /// The database's.
    pub async fn deputises(&self) -> Outcome<Vec<StoodInFor>> {
        let reaches = self.reaches.clone();
        self.read(move |conn| delegations::stood_in_for(conn, &reaches)).await
    }

    /// Reads from one snapshot.
    ///
    /// # Errors
    /// Those of `f`.
    pub async fn read<T, F>(&self, f: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut AnyConn) -> Outcome<T> + Send + 'static,
    {
        self.app.db.read(f).await
    }

    /// Writes in one transaction; the action in the trail is the permission's code. The account must be in use still: what
    /// comes after its hand-over would have been left out.
    ///
    /// # Errors
    /// Those of `f`; `session_ended`.
    pub async fn write<T, F>(&self, f: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Outcome<T> + Send + 'static,
    {
        let id = self.user_id;
        let checked = move |tx: &mut Tx<'_>| {
            disabling::refuse_disabled(tx.conn(), id)?;
            f(tx)
        };
        self.app.db.write(self.stamp(), P::ACTION.code(), checked).await
    }
}

/// Asking for a new password is all that such an account may do.
const OPEN_TO_STALE: [Action; 1] = [Action::UseOwnAccount];

impl<P: Permission> FromRequest for Allowed<P> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = app_of(request);
        let token = bearer(request).map(str::to_string);
        let address = request.peer_addr().map(|a| a.ip().to_string());
        Box::pin(async move {
            let app = app?;
            let token = token.ok_or_else(|| Fault::Unauthenticated {
                code: "no_token".into(),
                detail: "请先登录".into(),
            })?;
            let machine = machine_now();
            let claims = tokens::verify(&app.keys, &token, machine)?;
            let now = app.clock.now();
            let policy = app.config.password_policy;
            let person = app.db.read(move |conn| person(conn, &claims, now, P::ACTION)).await?;
            let stale = person.must_change || policy.is_stale(person.password_set_at, machine);
            if stale && !OPEN_TO_STALE.contains(&P::ACTION) {
                return Err(Fault::forbidden("password_change_required", "请先修改密码").into());
            }
            let scope = scope_of(P::ACTION, &person.reaches)
                .or_else(|| scope_of_lapsed(P::ACTION, &person.lapsed))
                .or_else(|| own_account(P::ACTION));
            let Some(scope) = scope else {
                tracing::warn!(user = %person.id, action = P::ACTION.code(), "denied");
                return Err(Fault::forbidden("permission_denied", "没有执行此操作的权限").into());
            };
            let mut roles: Vec<Role> = person.reaches.iter().map(|r| r.role).collect();
            roles.sort_unstable();
            roles.dedup();
            Ok(Self {
                app,
                scope,
                user_id: person.id,
                name: person.name,
                third_party: person.third_party,
                roles,
                reaches: person.reaches,
                lapsed: person.lapsed,
                stood_in_for: person.stood_in_for,
                session: person.session,
                now,
                address,
                permission: PhantomData,
            })
        })
    }
}

/// An account without any role may still change its password and log out.
fn own_account(action: Action) -> Option<Scope> {
    (action == Action::UseOwnAccount).then(Scope::default)
}

struct Person {
    id: UserId,
    name: String,
    third_party: bool,
    must_change: bool,
    password_set_at: DateTime<Utc>,
    session: SessionId,
    reaches: Vec<Reach>,
    lapsed: Vec<Lapsed>,
    stood_in_for: (Vec<Principal>, bool),
}

/// For whom `action` may be done, as far as that can be told without the place where it is done. One's own account is nobody
/// else's business.
fn principals_of(conn: &mut AnyConn, action: Action, reaches: &[Reach]) -> Outcome<(Vec<Principal>, bool)> {
    let (ids, only_so) = match action {
        Action::UseOwnAccount => (vec![], false),
        _ => stood_in_for(action.roles(), reaches),
    };
    let mut named = delegations::principals(conn, reaches)?;
    named.retain(|p| ids.contains(&p.id));
    Ok((named, only_so))
}

fn person(
    conn: &mut AnyConn,
    claims: &tokens::Claims,
    now: DateTime<Utc>,
    action: Action,
) -> Outcome<Person> {
    let ended = disabling::session_ended;
    let session = store::session(conn, claims.sid)?.filter(|s| s.revoked_at.is_none()).ok_or_else(ended)?;
    let account = store::account(conn, claims.sub)?.ok_or_else(ended)?;
    if session.user_id != account.id || account.disabled_at.is_some() || account.token_version != claims.tv {
        return Err(ended());
    }
    let today = business_date(now);
    let reaches = store::reaches(conn, account.id, today)?;
    let lapsed = if minds_lapsed(action) { store::lapsed(conn, account.id, today)? } else { vec![] };
    let stood_in_for = principals_of(conn, action, &reaches)?;
    Ok(Person {
        id: account.id,
        name: account.display_name,
        third_party: account.third_party,
        must_change: account.must_change_password,
        password_set_at: account.password_set_at.0,
        session: session.id,
        reaches,
        lapsed,
        stood_in_for,
    })
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn app_of(request: &HttpRequest) -> Result<Arc<App>, Problem> {
    request
        .app_data::<web::Data<App>>()
        .map(|data| data.clone().into_inner())
        .ok_or_else(|| Fault::internal("the application is not attached").into())
}

impl<P: Permission> Part for Allowed<P> {
    fn describe(op: &mut OperationSpec) {
        op.body.insert("x-permission".into(), Value::from(P::ACTION.code()));
        op.body.insert("security".into(), json!([{ "bearer": [] }]));
        op.problems(&[
            ("401", "未登录或凭证失效"),
            ("403", "没有权限，或须先修改密码"),
            ("503", "系统繁忙，请稍后再试"),
        ]);
    }
}

/// Anybody: for login, refresh and the server's own pages.
pub struct Anyone {
    /// Everything the application holds.
    pub app: Arc<App>,
    /// The address the request came from.
    pub address: String,
}

impl Anyone {
    /// Nobody, now.
    pub fn stamp(&self) -> Stamp {
        Stamp { actor: Actor::Anonymous, now: self.app.clock.now(), address: Some(self.address.clone()) }
    }
}

impl FromRequest for Anyone {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let address = request.peer_addr().map(|a| a.ip().to_string()).unwrap_or_default();
        ready(app_of(request).map(|app| Self { app, address }))
    }
}

impl Part for Anyone {
    fn describe(op: &mut OperationSpec) {
        op.body.insert("x-permission".into(), Value::from("public"));
        op.body.insert("security".into(), json!([]));
        op.problems(&[
            ("401", "账号、密码或凭证不正确"),
            ("429", "尝试次数过多"),
            ("503", "系统繁忙，请稍后再试"),
        ]);
    }
}
