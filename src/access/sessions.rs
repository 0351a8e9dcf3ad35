//! Logging in, staying in, logging out. Everything here runs on machine time. Five failures in 15 minutes lock an
//! account name for 15, fifty an address; the counters live in the database, so all nodes share them and a restart
//! forgets nothing. Unknown names are counted and hashed like known ones, so that nobody learns which exist.

use super::keys::SigningKey;
use super::passwords::{self, Policy};
use super::store::{self, Account, RefreshRow, SessionRow};
use super::tokens;
use crate::db::{AnyConn, Ts, Tx};
use crate::fault::{Fault, Outcome};
use crate::ids::{SessionId, TypedId, UserId, new_uuid};
use chrono::{DateTime, Duration, Utc};
use serde_json::json;

const WINDOW_MINUTES: i64 = 15;
const FAILURES_OF_A_NAME: usize = 5;
const FAILURES_OF_AN_ADDRESS: usize = 50;
/// A refresh token that is not used for so long is worthless.
const IDLE_DAYS: i64 = 14;
/// A session ends after so long, however busy.
const ABSOLUTE_DAYS: i64 = 90;
/// A used refresh token may be shown again for so long (its answer was lost on the way).
const GRACE_SECONDS: i64 = 10;

/// What a login or a refresh gives.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Tokens {
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until the access token ends.
    pub expires_in: i64,
    /// Exchanged once for the next pair.
    pub refresh_token: String,
    /// Until the password is changed, nothing else is possible.
    pub must_change_password: bool,
}

/// Seconds to wait before another attempt, if locked: PURE. Whenever `allowed` failures lie within one window, the last
/// of them locks for another window. `failures` are oldest first.
fn locked_for(failures: &[DateTime<Utc>], allowed: usize, now: DateTime<Utc>) -> Option<u64> {
    let window = Duration::minutes(WINDOW_MINUTES);
    let full = failures.windows(allowed).filter(|w| w[allowed - 1] - w[0] < window);
    let until = full.map(|w| w[allowed - 1] + window).max()?;
    u64::try_from((until - now).num_seconds()).ok().filter(|s| *s > 0)
}

/// Refuses while the name or the address is locked. Asked before the password is looked at, and again in the write that
/// follows, so that guesses sent together learn no more than guesses sent in turn.
///
/// # Errors
/// [`Fault::TooMany`].
pub fn refuse_locked(conn: &mut AnyConn, username: &str, address: &str, now: DateTime<Utc>) -> Outcome<()> {
    // A lock that still holds was begun within one window, by failures within the window before.
    let since = now - Duration::minutes(2 * WINDOW_MINUTES);
    let of_name = store::failures_of(conn, username, since)?;
    let of_address = store::failures_from(conn, address, since)?;
    let wait = locked_for(&of_name, FAILURES_OF_A_NAME, now).max(locked_for(
        &of_address,
        FAILURES_OF_AN_ADDRESS,
        now,
    ));
    wait.map_or(Ok(()), |seconds| Err(Fault::TooMany { seconds }))
}

/// The account of a name.
///
/// # Errors
/// The database's.
pub fn claimed(conn: &mut AnyConn, username: &str) -> Outcome<Option<Account>> {
    store::account_named(conn, username)
}

/// The account, if the password is its own and it is not disabled. Hashes in every case, so that time tells nothing;
/// takes tens of milliseconds, so no connection is held meanwhile.
pub fn authenticate(account: Option<Account>, password: &str) -> Option<Account> {
    // The hash of a password nobody knows, with the same parameters as real ones.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$NzB5cWVvZmZ5cWVvZmZ5cWVvZmZ5cWVvZmZ5cWU";
    let hash = account.as_ref().map_or(NOBODY, |a| a.password_hash.as_str());
    let proven = passwords::verify(password, hash);
    account.filter(|a| proven && a.disabled_at.is_none())
}

/// Counts a failed login.
///
/// # Errors
/// The database's.
pub fn record_failure(tx: &mut Tx<'_>, username: &str, address: &str, now: DateTime<Utc>) -> Outcome<()> {
    store::insert_failure(tx.conn(), username, address, now.into())?;
    tx.audit("login", username, json!({ "result": "failed" }));
    Ok(())
}

/// Opens a session for an account.
///
/// # Errors
/// The database's.
pub fn open(
    tx: &mut Tx<'_>,
    key: &SigningKey,
    account: &Account,
    policy: Policy,
    refresh: &str,
    now: DateTime<Utc>,
) -> Outcome<Tokens> {
    let id = SessionId::from_uuid(new_uuid(now));
    let at = Ts::from(now);
    let row = SessionRow {
        id,
        user_id: account.id,
        created_at: at,
        last_used_at: at,
        revoked_at: None,
        revoked_why: None,
        address: tx.address().map(str::to_string),
        proven_at: Some(at),
    };
    store::insert_session(tx.conn(), &row)?;
    store::insert_refresh(tx.conn(), &refresh_row(id, refresh, now, now))?;
    store::forget_failures(tx.conn(), &account.username)?;
    tx.audit("session", id, json!({ "result": "opened", "user": account.id }));
    tokens_for(key, account, id, refresh.to_string(), policy, now)
}

fn refresh_row(
    session_id: SessionId,
    refresh: &str,
    created: DateTime<Utc>,
    now: DateTime<Utc>,
) -> RefreshRow {
    let expires = (now + Duration::days(IDLE_DAYS)).min(created + Duration::days(ABSOLUTE_DAYS));
    RefreshRow {
        hash: tokens::fingerprint(refresh),
        session_id,
        issued_at: now.into(),
        expires_at: expires.into(),
        used_at: None,
    }
}

fn tokens_for(
    key: &SigningKey,
    account: &Account,
    session: SessionId,
    refresh_token: String,
    policy: Policy,
    now: DateTime<Utc>,
) -> Outcome<Tokens> {
    Ok(Tokens {
        access_token: tokens::issue(key, account.id, session, account.token_version, now)?,
        token_type: "Bearer".into(),
        expires_in: tokens::ACCESS_SECONDS,
        refresh_token,
        must_change_password: account.must_change_password || policy.is_stale(account.password_set_at.0, now),
    })
}

/// How a refresh ended; a replay must be committed, so it is not an error.
pub enum Refreshed {
    /// The next pair.
    Tokens(Box<Tokens>),
    /// The token is unknown, expired, or its session has ended.
    Refused,
    /// A used token was shown again: the whole session is revoked.
    Replayed,
}

/// Exchanges a refresh token. A used one shown again within 10 s gives the same successor; later, it ends the session
/// (RFC 9700 §4.14.2).
///
/// # Errors
/// The database's.
pub fn exchange(
    tx: &mut Tx<'_>,
    key: &SigningKey,
    shown: &str,
    policy: Policy,
    now: DateTime<Utc>,
) -> Outcome<Refreshed> {
    let hash = tokens::fingerprint(shown);
    let Some(token) = store::refresh(tx.conn(), &hash)? else {
        tx.audit("session", "unknown", json!({ "result": "refresh_refused" }));
        return Ok(Refreshed::Refused);
    };
    let session = store::session(tx.conn(), token.session_id)?;
    let account = match &session {
        Some(s) if s.revoked_at.is_none() => store::account(tx.conn(), s.user_id)?,
        _ => None,
    };
    let (Some(session), Some(account)) = (session, account.filter(|a| a.disabled_at.is_none())) else {
        tx.audit("session", token.session_id, json!({ "result": "refresh_refused" }));
        return Ok(Refreshed::Refused);
    };
    if token.expires_at.0 <= now {
        tx.audit("session", session.id, json!({ "result": "refresh_expired" }));
        return Ok(Refreshed::Refused);
    }
    let next = tokens::successor(key, shown);
    if store::use_refresh(tx.conn(), &hash, now.into())? == 1 {
        store::insert_refresh(tx.conn(), &refresh_row(session.id, &next, session.created_at.0, now))?;
        store::touch_session(tx.conn(), session.id, now.into())?;
    } else if token.used_at.is_some_and(|used| now - used.0 > Duration::seconds(GRACE_SECONDS)) {
        store::revoke_session(tx.conn(), session.id, now.into(), "token_reuse")?;
        tx.audit("session", session.id, json!({ "result": "token_reuse", "user": account.id }));
        return Ok(Refreshed::Replayed);
    }
    tx.audit("session", session.id, json!({ "result": "refreshed", "user": account.id }));
    Ok(Refreshed::Tokens(Box::new(tokens_for(key, &account, session.id, next, policy, now)?)))
}

/// What binds the bureau needs the password of the last ten minutes.
const PROOF_MINUTES: i64 = 10;

/// Refuses where the password was not given in this session within the last ten minutes: a phone left lying unlocked, or a
/// stolen token, issues no letter.
///
/// # Errors
/// `reauthentication_required`.
pub fn refuse_unproven(conn: &mut AnyConn, id: SessionId, now: DateTime<Utc>) -> Outcome<()> {
    let proven = store::session(conn, id)?.and_then(|s| s.proven_at);
    if proven.is_some_and(|at| now - at.0 <= Duration::minutes(PROOF_MINUTES)) {
        return Ok(());
    }
    Err(Fault::forbidden("reauthentication_required", "请重新输入密码确认身份后再办理（10 分钟内有效）"))
}

/// The password was given once more.
///
/// # Errors
/// The database's.
pub fn prove(tx: &mut Tx<'_>, id: SessionId, user: UserId, now: DateTime<Utc>) -> Outcome<()> {
    store::prove_session(tx.conn(), id, now.into())?;
    tx.audit("session", id, json!({ "result": "proven", "user": user }));
    Ok(())
}

/// Ends a session.
///
/// # Errors
/// The database's.
pub fn close(tx: &mut Tx<'_>, id: SessionId, user: UserId, now: DateTime<Utc>) -> Outcome<()> {
    store::revoke_session(tx.conn(), id, now.into(), "logout")?;
    tx.audit("session", id, json!({ "result": "closed", "user": user }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_lock_for_fifteen_minutes_after_the_last() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let at = |minutes: i64| now - Duration::minutes(minutes);
        let five = [at(14), at(10), at(6), at(3), at(1)];
        assert_eq!(locked_for(&five[1..], 5, now), None);
        assert_eq!(locked_for(&five, 5, now), Some(14 * 60));
        let spread = [at(27), at(24), at(21), at(18), at(15) + Duration::seconds(1)];
        assert_eq!(locked_for(&spread, 5, now), Some(1));
        let slow = [at(20), at(15), at(10), at(5), at(1)];
        assert_eq!(locked_for(&slow, 5, now), None);
    }
}
