//! Accounts that are in use no more. Whoever writes, and whoever is given something, is asked about within the transaction, so that
//! nothing comes to be in a leaver's name after the hand-over (`handover`).

use super::store;
use crate::db::{AnyConn, Change, Ts, Tx};
use crate::fault::{Fault, Outcome};
use crate::ids::UserId;
use chrono::{DateTime, Utc};
use serde_json::json;

/// Whether an account is in use; nothing where there is none.
///
/// # Errors
/// The database's.
pub fn is_active(conn: &mut AnyConn, id: UserId) -> Outcome<Option<bool>> {
    Ok(store::account(conn, id)?.map(|account| account.disabled_at.is_none()))
}

/// Refuses what somebody does whose account has been disabled since they asked for it. Asked within the transaction, so that
/// nothing comes to be in a leaver's name after their hand-over.
///
/// # Errors
/// `session_ended`.
pub fn refuse_disabled(conn: &mut AnyConn, id: UserId) -> Outcome<()> {
    match is_active(conn, id)? {
        Some(true) => Ok(()),
        _ => Err(session_ended()),
    }
}

/// Refuses to give something to somebody who has left.
///
/// # Errors
/// `account_disabled`.
pub fn refuse_leaver(conn: &mut AnyConn, id: UserId) -> Outcome<()> {
    match is_active(conn, id)? {
        Some(false) => Err(Fault::refused("account_disabled", "该账号已停用")),
        _ => Ok(()),
    }
}

/// The token's session is over.
pub fn session_ended() -> Fault {
    Fault::Unauthenticated {
        code: "session_ended".into(), detail: "登录已失效，请重新登录".into()
    }
}

/// Disables an account and ends its sessions.
///
/// # Errors
/// `own_account`.
pub fn disable(tx: &mut Tx<'_>, id: UserId, machine_now: DateTime<Utc>) -> Outcome<()> {
    refuse_own(tx, id)?;
    let at = Ts::from(machine_now);
    store::set_disabled(tx.conn(), id, Some(at))?;
    store::revoke_sessions_of(tx.conn(), id, at, "administrator")?;
    tx.audit("user", id, json!({ "disabled": true }));
    tx.changed("user", id.0, None, Change::Put)
}

/// Nobody disables themselves.
pub(super) fn refuse_own(tx: &Tx<'_>, id: UserId) -> Outcome<()> {
    match tx.actor().user() == Some(id) {
        true => Err(Fault::refused("own_account", "不能停用自己的账号")),
        false => Ok(()),
    }
}
