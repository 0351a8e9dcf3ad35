//! "The same content": what is sent again is the same record, and other content under its id is refused with what
//! differs. The stored text is parsed again by today's code, so that a field that is new since then never turns an old
//! resend into a conflict.

use crate::canonical;
use crate::fault::{Fault, FieldFault, Outcome};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Refuses content that is not what was stored.
///
/// # Errors
/// `differs`, by pointer.
pub fn refuse_other<T>(stored: &str, stored_sha256: &str, body: &T, sha256: &str) -> Outcome<()>
where
    T: Serialize + DeserializeOwned,
{
    if stored_sha256 == sha256 {
        return Ok(());
    }
    let stored: T = serde_json::from_str(stored).map_err(Fault::internal)?;
    if canonical::hash(&stored)? == sha256 {
        return Ok(());
    }
    let (old, new) = (serde_json::to_value(&stored), serde_json::to_value(body));
    let differ = canonical::differences(&old.map_err(Fault::internal)?, &new.map_err(Fault::internal)?);
    let told = |at: String| FieldFault::new(at, "differs", "与已提交的内容不同");
    Err(Fault::Refused {
        code: "differs".into(),
        detail: "该检查记录已提交过，且内容不同；更正请另行提交".into(),
        errors: differ.into_iter().map(told).collect(),
    })
}
