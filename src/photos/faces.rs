//! Whether a photo shows a face. A person looks at it and says so; no machine does. Checks are added and never changed: of
//! the same content the newest holds. What nobody has looked at is treated as if it showed one, so that no face is printed
//! (个人信息保护法第六条: no more than the purpose needs).

use super::store;
use super::{PhotoView, sniff::Kind};
use crate::access::permissions::Action;
use crate::access::{Holder, Spot, delegations};
use crate::db::connection::each;
use crate::db::schema::photo_face_check;
use crate::db::{AnyConn, MultiBackend, Ts, Tx};
use crate::fault::{Fault, Outcome};
use crate::ids::{PhotoId, UserId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::json;
use std::collections::HashMap;

/// What somebody saw in a photo.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct FaceCheckView {
    /// The photo that was looked at.
    pub photo_id: PhotoId,
    /// A face can be made out in it.
    pub shows_face: bool,
    /// Who looked.
    pub checked_by: UserId,
    /// When.
    pub checked_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = photo_face_check, check_for_backend(MultiBackend))]
struct CheckRow {
    photo_id: PhotoId,
    sha256: String,
    shows_face: bool,
    checked_by: UserId,
    checked_at: Ts,
}

impl From<CheckRow> for FaceCheckView {
    fn from(r: CheckRow) -> Self {
        let CheckRow { photo_id, sha256: _, shows_face, checked_by, checked_at } = r;
        Self { photo_id, shows_face, checked_by, checked_at: checked_at.0 }
    }
}

/// Records what somebody saw in a photo that is evidence within their reach.
///
/// # Errors
/// Missing; `not_a_photo` for a document.
pub fn check_faces(tx: &mut Tx<'_>, by: &Holder, id: PhotoId, shows_face: bool) -> Outcome<FaceCheckView> {
    let missing = || Fault::missing("照片");
    let photo: PhotoView = store::find(tx.conn(), id)?.ok_or_else(missing)?.into();
    if !store::is_evidence_within(tx.conn(), &by.scope.places(), id)? {
        return Err(missing());
    }
    if Kind::of(&photo.content_type) == Some(Kind::Pdf) {
        return Err(Fault::refused("not_a_photo", "文件不是照片，无须核对"));
    }
    let street = store::places_of(tx.conn(), &[id])?.first().ok_or_else(missing)?.street_id;
    delegations::act(tx, by, Action::CheckFaces.roles(), Spot::street(street))?;
    let row = CheckRow {
        photo_id: id,
        sha256: photo.sha256,
        shows_face,
        checked_by: tx.user()?,
        checked_at: tx.ts(),
    };
    let values = (
        photo_face_check::photo_id.eq(row.photo_id),
        photo_face_check::sha256.eq(&row.sha256),
        photo_face_check::shows_face.eq(row.shows_face),
        photo_face_check::checked_by.eq(row.checked_by),
        photo_face_check::checked_at.eq(row.checked_at),
    );
    each!(tx.conn(), c => diesel::insert_into(photo_face_check::table).values(values).execute(c))?;
    tx.audit("photo", id, json!({ "shows_face": shows_face }));
    Ok(row.into())
}

/// What was last seen in these contents, by SHA-256; those that nobody has looked at are left out.
///
/// # Errors
/// The database's.
pub fn face_checks(conn: &mut AnyConn, hashes: &[String]) -> Outcome<HashMap<String, FaceCheckView>> {
    let rows: Vec<CheckRow> = photo_face_check::table
        .filter(photo_face_check::sha256.eq_any(hashes.to_vec()))
        .order(photo_face_check::id)
        .select(CheckRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.sha256.clone(), row.into())).collect())
}
