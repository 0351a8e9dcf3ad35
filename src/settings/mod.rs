//! Settings 参数 that a bureau changes while it works, as opposed to those of the installation (`config`): each is a typed
//! value with a default, is changed with a reason, and leaves the old and the new value in the audit trail.

mod clock;
mod correspondence;
mod store;
mod values;

pub use clock::{Addressee, Clock, Step, StepKind};
pub use correspondence::{LONGEST_CC, Letters};
pub use values::{Name, ProjectRefresh, Relapse, Sampling};

use crate::db::types::Coded as _;
use crate::db::{AnyConn, Tx};
use crate::fault::{Fault, Outcome};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A value of a setting. What is stored is read back as it was checked; the default stands until something is.
pub trait Setting: Serialize + DeserializeOwned + Default {
    /// Its name.
    const NAME: Name;

    /// Whether the value makes sense.
    ///
    /// # Errors
    /// In Chinese, what does not.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// A setting as it stands.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SettingView {
    /// Its name.
    pub name: Name,
    /// What it is, in Chinese.
    pub label: String,
    /// The value that stands.
    #[schema(value_type = Object)]
    pub value: Value,
    /// Nobody has changed it.
    pub is_default: bool,
    /// Why it was changed last.
    pub reason: Option<String>,
    /// When.
    pub set_at: Option<DateTime<Utc>>,
    /// Raised at every change; 0 while the default stands. For `If-Match`.
    pub revision: i32,
}

/// The value that stands.
///
/// # Errors
/// The database's; a stored value that is none.
pub fn get<S: Setting>(conn: &mut AnyConn) -> Outcome<S> {
    match store::find(conn, S::NAME)? {
        Some(row) => serde_json::from_str(&row.value).map_err(Fault::internal),
        None => Ok(S::default()),
    }
}

fn view(name: Name, row: Option<store::SettingRow>) -> Outcome<SettingView> {
    let label = name.label().to_string();
    Ok(match row {
        None => SettingView {
            name,
            label,
            value: values::default_of(name)?,
            is_default: true,
            reason: None,
            set_at: None,
            revision: 0,
        },
        Some(row) => SettingView {
            name,
            label,
            value: serde_json::from_str(&row.value).map_err(Fault::internal)?,
            is_default: false,
            reason: Some(row.reason),
            set_at: Some(row.set_at.0),
            revision: row.revision,
        },
    })
}

/// One setting.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut AnyConn, name: Name) -> Outcome<SettingView> {
    let row = store::find(conn, name)?;
    view(name, row)
}

/// All settings.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut AnyConn) -> Outcome<Vec<SettingView>> {
    Name::ALL.iter().map(|name| find(conn, *name)).collect()
}

/// Changes a setting.
///
/// # Errors
/// A value that makes no sense, at `/value`; a wrong revision.
pub fn put(tx: &mut Tx<'_>, name: Name, value: &Value, reason: &str, revision: i32) -> Outcome<SettingView> {
    let checked = values::checked(name, value).map_err(|why| Fault::invalid("/value", "bad_setting", why))?;
    let before = find(tx.conn(), name)?;
    if before.revision != revision {
        return Err(Fault::Precondition { given: true });
    }
    let row = store::SettingRow {
        name,
        value: checked.to_string(),
        reason: reason.into(),
        set_by: tx.actor().user(),
        set_at: tx.ts(),
        revision: revision + 1,
    };
    store::save(tx.conn(), &row)?;
    tx.audit("setting", name.code(), json!({ "before": before.value, "after": checked, "reason": reason }));
    view(name, Some(row))
}
