//! Whom an account works for.

use super::store;
use crate::db::AnyConn;
use crate::fault::{Fault, Outcome};
use crate::ids::UserId;

/// Whom an account works for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Employer {
    /// The organisation.
    pub organisation: String,
    /// A third party under contract.
    pub third_party: bool,
}

/// Whom an account works for.
///
/// # Errors
/// Missing.
pub fn employer(conn: &mut AnyConn, id: UserId) -> Outcome<Employer> {
    let account = store::account(conn, id)?.ok_or_else(|| Fault::missing("账号"))?;
    Ok(Employer { organisation: account.organisation, third_party: account.third_party })
}
