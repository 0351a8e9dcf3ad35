//! Whether a file is one of ours: asked with its SHA-256, answered for the document as it was rendered, for the sealed scan
//! that the addressee holds, and for a scan that was replaced before the delivery.

use super::rules::LetterState;
use super::store::{self, LetterRow};
use crate::db::AnyConn;
use crate::db::types::coded;
use crate::fault::Outcome;
use chrono::{DateTime, Utc};

coded! {
    /// What a file is.
    pub enum CopyKind {
        /// The document as it was rendered.
        Rendered = "rendered" "系统成文",
        /// The scan of the sealed letter.
        Sealed = "sealed" "用印扫描件",
        /// A scan that another has replaced.
        Replaced = "replaced" "已被替换的扫描件",
    }
}

/// What is known of a file.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct CheckedCopy {
    /// The hash asked for.
    pub sha256: String,
    /// It is a letter of this bureau.
    pub ours: bool,
    /// What the file is.
    pub copy: Option<CopyKind>,
    /// The letter's number.
    pub number: Option<String>,
    /// When the letter was issued.
    pub issued_at: Option<DateTime<Utc>>,
    /// The letter stands: it is neither void nor withdrawn.
    pub in_force: bool,
    /// In Chinese, for whoever holds the file.
    pub said: String,
}

/// What is known of the file with a hash (lower-case hex).
///
/// # Errors
/// The database's.
pub fn check(conn: &mut AnyConn, sha256: &str) -> Outcome<CheckedCopy> {
    let found = match store::rendered_as(conn, sha256)? {
        Some(row) => Some((row, CopyKind::Rendered)),
        None => sealed(conn, sha256)?,
    };
    let Some((row, copy)) = found else {
        let said = "未登记此文件，不能确认为本局发出的函件".into();
        let unknown = CheckedCopy {
            sha256: sha256.into(),
            ours: false,
            copy: None,
            number: None,
            issued_at: None,
            in_force: false,
            said,
        };
        return Ok(unknown);
    };
    let withdrawn = store::is_withdrawn(conn, row.id)?;
    let number = row.number.clone().unwrap_or_default();
    let (in_force, said) = match (row.state, copy) {
        (LetterState::Void, _) => (false, format!("本局{number}已作废")),
        _ if withdrawn => (false, format!("本局{number}已撤回")),
        (_, CopyKind::Replaced) => (false, format!("本局{number}的扫描件，送达前已更换")),
        (_, copy) => (true, format!("与本局{number}的{}一致", copy.label())),
    };
    Ok(CheckedCopy {
        sha256: sha256.into(),
        ours: true,
        copy: Some(copy),
        number: row.number,
        issued_at: row.issued_at.map(|at| at.0),
        in_force,
        said,
    })
}

fn sealed(conn: &mut AnyConn, sha256: &str) -> Outcome<Option<(LetterRow, CopyKind)>> {
    let Some(seal) = store::sealed_as(conn, sha256)? else { return Ok(None) };
    let newest = store::seals(conn, &[seal.letter_id])?.pop();
    let copy = if newest.is_some_and(|s| s.sha256 == sha256) { CopyKind::Sealed } else { CopyKind::Replaced };
    Ok(store::find(conn, seal.letter_id)?.map(|row| (row, copy)))
}
