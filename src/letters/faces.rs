//! The photos of a letter, and whether somebody has looked at each for faces: only what was seen to show none is printed.

use super::gather::{self, Shown};
use super::store;
use crate::access::{Holder, Places};
use crate::campaigns;
use crate::db::{AnyConn, Tx};
use crate::fault::{Fault, FieldFault, Outcome};
use crate::ids::{FindingId, LetterId, PhotoId};
use crate::photos::{self, FaceCheckView};

/// A photo that a letter would print.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct LetterPhoto {
    /// The photo.
    pub photo_id: PhotoId,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// What it shows.
    pub finding_id: FindingId,
    /// That finding's number in the ledger.
    pub finding_number: String,
    /// What was last seen in it; null while nobody has looked.
    pub check: Option<FaceCheckView>,
}

/// The photos of a letter, as the ledger is now.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct LetterPhotos {
    /// In the order of the rows.
    pub photos: Vec<LetterPhoto>,
    /// Those that nobody has looked at: they are not printed.
    pub unchecked: usize,
    /// Those that show a face: they are not printed either.
    pub with_face: usize,
}

/// What somebody saw in a photo of a letter.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The photo.
    pub photo_id: PhotoId,
    /// A face can be made out in it.
    pub shows_face: bool,
}

/// The photos that a letter prints or would print.
///
/// # Errors
/// Missing.
pub fn photos(conn: &mut AnyConn, inside: &Places, id: LetterId) -> Outcome<LetterPhotos> {
    let found = store::find(conn, id)?.filter(|l| inside.holds(l.street_id, None));
    let row = found.ok_or_else(|| Fault::missing("提醒函"))?;
    let campaign = campaigns::campaign_in(conn, &Places::everywhere(), row.campaign_id)?;
    let shown = gather::shown(conn, &campaign, row.street_id)?;
    let hashes: Vec<String> = shown.iter().map(|shown| shown.sha256.clone()).collect();
    let checks = photos::face_checks(conn, &hashes)?;
    let told = |Shown { finding_id, finding_number, photo_id, sha256 }: Shown| {
        let check = checks.get(&sha256).cloned();
        LetterPhoto { photo_id, sha256, finding_id, finding_number, check }
    };
    let photos: Vec<LetterPhoto> = shown.into_iter().map(told).collect();
    let unchecked = photos.iter().filter(|photo| photo.check.is_none()).count();
    let with_face = photos.iter().filter(|p| p.check.as_ref().is_some_and(|c| c.shows_face)).count();
    Ok(LetterPhotos { photos, unchecked, with_face })
}

/// Records what somebody saw in photos of a letter, all or nothing.
///
/// # Errors
/// Missing; `not_in_letter` at `/checks/N/photo_id`; `not_a_photo`.
pub fn check_photos(tx: &mut Tx<'_>, by: &Holder, id: LetterId, seen: &[Seen]) -> Outcome<LetterPhotos> {
    let places = by.scope.places();
    let listed = photos(tx.conn(), &places, id)?.photos;
    let foreign = |(n, seen): (usize, &Seen)| {
        let known = listed.iter().any(|photo| photo.photo_id == seen.photo_id);
        let told = || FieldFault::new(format!("/checks/{n}/photo_id"), "not_in_letter", "该函没有这张照片");
        (!known).then(told)
    };
    let errors: Vec<FieldFault> = seen.iter().enumerate().filter_map(foreign).collect();
    if !errors.is_empty() {
        return Err(Fault::Invalid {
            code: "not_in_letter".into(),
            detail: "有照片不属于该函，全部未记录".into(),
            errors,
        });
    }
    for Seen { photo_id, shows_face } in seen {
        photos::check_faces(tx, by, *photo_id, *shows_face)?;
    }
    photos(tx.conn(), &places, id)
}
