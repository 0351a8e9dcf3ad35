//! Photos and documents, the evidence. An inspector's phone, an operator or a street first *declares* in a submission
//! which photos belong to it (`manifest`), then sends each one by itself; the order does not matter, and each may be sent
//! again. A photo that has arrived (`uploads`) is looked at (`sniff`: what it really is, and whether it could ever be
//! decoded), made durable as a blob ([`keep`]), and then, in one transaction, gets its row and fills every place in a
//! manifest that waits for it ([`receive`]). The original is kept byte for byte; what people look at are `renditions`.
//!
//! Nothing here knows what an inspection or a finding is: a manifest belongs to a [`Subject`].

mod faces;
mod manifest;
pub mod renditions;
pub mod sniff;
mod store;

pub use faces::{FaceCheckView, check_faces, face_checks};
pub use manifest::{
    Declared, EvidenceView, PhotoLine, Subject, declare, declare_versions, declared_at, evidence_of,
    evidence_of_many, forget, hash_is_well_formed, photos_of, refuse,
};

pub use store::{blobs_after, blobs_named};

use crate::access::{Places, Scope};
use crate::db::types::{Uid, coded};
use crate::db::{AnyConn, Change, Tx};
use crate::fault::{Fault, FieldFault, Outcome};
use crate::files::{Store, StoreFault, sha256_of};
use crate::ids::{AreaId, PhotoId, UserId};
use chrono::{DateTime, Utc};
use renditions::{RenditionFault, rendition};
use serde_json::json;
use sniff::{Kind, SniffFault, sniff};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

coded! {
    /// What a photo is to show.
    pub enum Purpose {
        /// The place as it was found.
        Scene = "scene" "现场",
        /// What is wrong.
        Problem = "problem" "问题",
        /// What has been put right.
        After = "after" "整改后",
        /// A document.
        Document = "document" "资料",
    }
}

coded! {
    /// What a manifest belongs to.
    pub enum SubjectKind {
        /// An inspection.
        Inspection = "inspection" "检查",
        /// A claim that a finding is rectified.
        Rectification = "rectification" "整改",
        /// A re-inspection.
        Reinspection = "reinspection" "复查",
        /// What shows that the place of a finding has changed: the street's certificate and a check on site.
        Termination = "termination" "终结",
        /// The signed record of a meeting.
        Meeting = "meeting" "会议记录",
        /// The document that a finding entered by hand comes from.
        Origin = "origin" "来源材料",
        /// What a complainant sent: sealed, because it may tell who they are.
        Reporter = "reporter" "举报材料",
        /// A record in quarantine.
        Quarantine = "quarantine" "暂存记录",
        /// A later version of an inspection that waits for its original.
        Amendment = "amendment" "更正",
    }
}

/// The largest photo or document, in bytes.
pub const MAX_LENGTH: i64 = 20 * 1024 * 1024;

/// Whether a text is a SHA-256 as we write it: 64 lower-case hexadecimal digits.
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The receipt of a photo: it is safe to delete on the phone.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct PhotoView {
    /// The client's id for it.
    pub photo_id: PhotoId,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Bytes.
    pub length: i64,
    /// What it is, by its own bytes.
    pub content_type: String,
    /// Pixels, before any rotation; none for HEIC and PDF.
    pub width: Option<i32>,
    /// Pixels, before any rotation; none for HEIC and PDF.
    pub height: Option<i32>,
    /// When the server had it.
    pub stored_at: DateTime<Utc>,
}

/// A blob that is durable and has no row yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Bytes.
    pub length: i64,
    /// What it is, by its own bytes.
    pub content_type: &'static str,
    /// Pixels, before any rotation; none for HEIC and PDF.
    pub width: Option<i32>,
    /// Pixels, before any rotation; none for HEIC and PDF.
    pub height: Option<i32>,
}

/// What became of a photo.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its receipt.
    pub receipt: PhotoView,
    /// Whether it was not here before.
    pub new: bool,
    /// Subjects whose manifest waited for it.
    pub filled: Vec<(SubjectKind, Uuid)>,
    /// Those of them whose manifest it was the last of: every photo that they declared has now arrived.
    pub settled: Vec<(SubjectKind, Uuid)>,
}

impl From<SniffFault> for Fault {
    fn from(fault: SniffFault) -> Self {
        match fault {
            SniffFault::Unsupported => Fault::Unsupported("只接受 JPEG、PNG、HEIC 照片和 PDF 文件".into()),
            SniffFault::Unreadable => Fault::invalid("", "photo_unreadable", "照片或文件不完整或已损坏"),
            SniffFault::TooManyPixels { width, height } => {
                Fault::invalid("", "too_many_pixels", format!("照片尺寸过大（{width}×{height}），无法处理"))
            }
        }
    }
}

impl From<RenditionFault> for Fault {
    fn from(fault: RenditionFault) -> Self {
        match fault {
            RenditionFault::Unsupported(_) => Fault::Unsupported("此类文件没有预览图，请查看原件".into()),
            RenditionFault::Header(fault) => fault.into(),
            RenditionFault::Unreadable(_) => Fault::invalid("", "photo_unreadable", "照片已损坏，无法显示"),
        }
    }
}

/// One photo at a time is held whole: each may be 20 MiB, and looking at one takes a few milliseconds. The memory is kept,
/// because an allocator would keep as much for every thread that ever did this.
static LOOKING: Mutex<Vec<u8>> = Mutex::new(vec![]);

/// Looks at the bytes in a file; stores nothing.
///
/// # Errors
/// `empty_body`; `hash_differs` (`/sha256`); of a kind that is not kept (415); `photo_unreadable`; `too_many_pixels`;
/// the disk's.
pub fn examine(claimed_sha256: &str, file: &Path) -> Outcome<Stored> {
    let mut bytes = LOOKING.lock().unwrap_or_else(PoisonError::into_inner);
    bytes.clear();
    let read = File::open(file).and_then(|mut file| file.read_to_end(&mut bytes));
    read.map_err(StoreFault::from)?;
    look_at(claimed_sha256, &bytes)
}

fn look_at(claimed_sha256: &str, bytes: &[u8]) -> Outcome<Stored> {
    if bytes.is_empty() {
        return Err(Fault::invalid("", "empty_body", "照片内容为空"));
    }
    let sha256 = sha256_of(bytes);
    if sha256 != claimed_sha256 {
        return Err(Fault::invalid("/sha256", "hash_differs", "收到的内容与 sha256 不符，请重新上传"));
    }
    let header = sniff(bytes)?;
    let pixels = |n: u32| i32::try_from(n).map_err(Fault::internal);
    Ok(Stored {
        sha256,
        length: i64::try_from(bytes.len()).map_err(Fault::internal)?,
        content_type: header.kind.content_type(),
        width: header.size.map(|(width, _)| pixels(width)).transpose()?,
        height: header.size.map(|(_, height)| pixels(height)).transpose()?,
    })
}

/// Makes an examined file durable; outside any transaction, and harmless to do again.
///
/// # Errors
/// The storage's.
pub fn keep(files: &Store, photo: &Stored, file: &Path) -> Outcome<()> {
    Ok(files.commit(&photo.sha256, file)?)
}

/// Whether `owner` may send a photo of this hash and length under this id; asked before its bytes come.
///
/// # Errors
/// `id_taken` when the id is another person's; `photo_differs` when another photo has been received under it;
/// `not_as_declared` when a manifest expects another; `length_differs` when it expects another length.
pub fn expected(conn: &mut AnyConn, owner: UserId, id: PhotoId, sha256: &str, length: i64) -> Outcome<()> {
    places_for(conn, owner, id, sha256, length).map(drop)
}

/// Whether `owner` may send this photo under this id; asked before the bytes are stored, so that what is refused leaves
/// nothing behind, and again in the write.
///
/// # Errors
/// As [`expected`]; `not_a_photo` when a document comes where a manifest expects a photo.
pub fn admissible(conn: &mut AnyConn, owner: UserId, id: PhotoId, photo: &Stored) -> Outcome<()> {
    for place in places_for(conn, owner, id, &photo.sha256, photo.length)? {
        if !fits(place.purpose, photo.content_type) {
            return Err(Fault::invalid("", "not_a_photo", "此处须为照片，不能是文件"));
        }
    }
    Ok(())
}

/// The places that wait for this very photo.
fn places_for(
    conn: &mut AnyConn,
    owner: UserId,
    id: PhotoId,
    sha256: &str,
    length: i64,
) -> Outcome<Vec<store::PlaceRow>> {
    let taken = || Fault::refused("id_taken", "该照片编号已被占用");
    let differs = |code: &'static str, detail: &'static str| Fault::Refused {
        code: code.into(),
        detail: detail.into(),
        errors: vec![FieldFault::new("/sha256", code, detail)],
    };
    let other_length = || Fault::invalid("", "length_differs", "照片与此前声明的长度不符");
    if let Some(there) = store::find(conn, id)? {
        if there.owner_id != owner {
            return Err(taken());
        }
        if there.sha256 != sha256 {
            return Err(differs("photo_differs", "该编号下已收到另一张照片"));
        }
        if there.length != length {
            return Err(other_length());
        }
    }
    let places = store::places_of(conn, &[id])?;
    for place in &places {
        if place.owner_id != owner {
            return Err(taken());
        }
        if place.sha256 != sha256 {
            return Err(differs("not_as_declared", "照片与提交时声明的 sha256 不符"));
        }
        if place.length != length {
            return Err(other_length());
        }
    }
    Ok(places)
}

/// What lacks photos that a person declared and alone may send, with how many are missing.
///
/// # Errors
/// The database's.
pub fn owed_by(conn: &mut AnyConn, owner: UserId) -> Outcome<Vec<(SubjectKind, Uuid, i64)>> {
    Ok(store::owed_by(conn, owner)?.into_iter().map(|(kind, id, missing)| (kind, id.0, missing)).collect())
}

/// The receipt of a person's own photo, if it has arrived.
///
/// # Errors
/// The database's.
pub fn receipt(conn: &mut AnyConn, owner: UserId, id: PhotoId) -> Outcome<Option<PhotoView>> {
    Ok(store::find(conn, id)?.filter(|row| row.owner_id == owner).map(PhotoView::from))
}

/// Refuses a blob that the sweeper is deleting at this moment. Asked in the transaction that comes to rely on the blob.
///
/// # Errors
/// [`Fault::Busy`]: it may be stored anew in a moment.
pub fn refuse_doomed(conn: &mut AnyConn, sha256: &str) -> Outcome<()> {
    if store::is_doomed(conn, sha256)? {
        return Err(Fault::Busy(format!("blob {sha256} is being swept")));
    }
    Ok(())
}

/// Gives a durable blob its row, and fills the places that wait for it. The same again gives the same receipt.
///
/// # Errors
/// As [`admissible`].
pub fn receive(tx: &mut Tx<'_>, id: PhotoId, stored: &Stored) -> Outcome<Received> {
    let (owner, at) = (tx.user()?, tx.ts());
    admissible(tx.conn(), owner, id, stored)?;
    store::insert_blob(tx.conn(), stored, at)?;
    let new = store::insert_photo(tx.conn(), id, owner, stored, at)?;
    if !new {
        // Somebody was faster since the check above.
        admissible(tx.conn(), owner, id, stored)?;
    }
    let row = store::find(tx.conn(), id)?.ok_or_else(|| Fault::internal("a photo without its row"))?;
    let filled = store::fill(tx.conn(), id, row.stored_at)?;
    tx.audit(
        "photo",
        id,
        json!({ "sha256": row.sha256, "length": row.length, "new": new, "places": filled.len() }),
    );
    let streets: BTreeSet<AreaId> = filled.iter().map(|place| place.street_id).collect();
    for street in streets {
        tx.changed("photo", id.0, Some(street.0), Change::Put)?;
    }
    let filled: Vec<_> = filled.into_iter().map(|place| (place.subject_kind, place.subject_id.0)).collect();
    let mut settled = vec![];
    for (kind, subject) in &filled {
        if store::is_settled(tx.conn(), *kind, Uid(*subject))? {
            settled.push((*kind, *subject));
        }
    }
    Ok(Received { receipt: row.into(), new, filled, settled })
}

/// Documents are no photos; a photo of a document is a document.
fn fits(purpose: Purpose, content_type: &str) -> bool {
    purpose == Purpose::Document || content_type != Kind::Pdf.content_type()
}

/// A photo, for its owner and for whoever's places hold something that it is evidence of.
///
/// # Errors
/// Missing, also for everybody else.
pub fn find(conn: &mut AnyConn, places: &Places, user: UserId, id: PhotoId) -> Outcome<PhotoView> {
    let missing = || Fault::missing("照片");
    let row = store::find(conn, id)?.ok_or_else(missing)?;
    let visible = row.owner_id == user || store::is_evidence_within(conn, places, id)?;
    if visible { Ok(row.into()) } else { Err(missing()) }
}

/// A photo that is part of a complaint, for those who may know who complained: nobody else finds it.
///
/// # Errors
/// Missing.
pub fn find_sealed(conn: &mut AnyConn, scope: &Scope, id: PhotoId) -> Outcome<PhotoView> {
    let missing = || Fault::missing("照片");
    let row = store::find(conn, id)?.ok_or_else(missing)?;
    if store::is_sealed_within(conn, scope, id)? { Ok(row.into()) } else { Err(missing()) }
}

/// The original, checked against its hash.
///
/// # Errors
/// The storage's; lost or rotten bytes are [`Fault::Internal`].
pub fn original(files: &Store, photo: &PhotoView) -> Outcome<Vec<u8>> {
    files.get(&photo.sha256).map_err(|e| match e {
        StoreFault::NotFound => Fault::internal(format!("photo {} has lost its blob", photo.photo_id)),
        other => other.into(),
    })
}

/// A small JPEG of a photo, without metadata. It costs a decoding: not on an async thread.
///
/// # Errors
/// No rendition of its kind (415); `photo_unreadable`; the storage's.
pub fn small(files: &Store, photo: &PhotoView, longest: u32) -> Outcome<Vec<u8>> {
    if !matches!(Kind::of(&photo.content_type), Some(Kind::Jpeg | Kind::Png)) {
        return Err(Fault::Unsupported("此类文件没有预览图，请查看原件".into()));
    }
    Ok(rendition(&original(files, photo)?, longest)?)
}

/// A name for saving, of letters, digits and hyphens.
pub fn file_name(photo: &PhotoView) -> String {
    let ending = Kind::of(&photo.content_type).map_or("bin", Kind::extension);
    format!("photo-{}.{ending}", photo.photo_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_claimed_and_can_be_kept_is_stored() {
        let root = tempfile::tempdir().unwrap();
        let files = Store::folder(root.path()).unwrap();
        let pdf = b"%PDF-1.7\n%%EOF";
        let code = |claimed: &str, bytes: &[u8]| match look_at(claimed, bytes).unwrap_err() {
            Fault::Invalid { code, errors, .. } => (code.to_string(), errors[0].pointer.clone()),
            Fault::Unsupported(_) => ("unsupported".into(), String::new()),
            other => panic!("{other:?}"),
        };
        assert_eq!(code(&sha256_of(pdf), b"%PDF-1.7\n%%EOG"), ("hash_differs".into(), "/sha256".into()));
        assert_eq!(code(&sha256_of(b""), b"").0, "empty_body");
        assert_eq!(code(&sha256_of(b"<svg/>"), b"<svg/>").0, "unsupported");
        assert_eq!(code(&sha256_of(&pdf[..9]), &pdf[..9]).0, "photo_unreadable");
        assert!(!root.path().join("sha256").exists());
        let file = root.path().join("staged");
        std::fs::write(&file, pdf).unwrap();
        let stored = examine(&sha256_of(pdf), &file).unwrap();
        keep(&files, &stored, &file).unwrap();
        assert_eq!((stored.content_type, stored.length, stored.width), ("application/pdf", 14, None));
        assert_eq!(files.get(&stored.sha256).unwrap(), pdf);
    }

    #[test]
    fn a_document_is_no_photo() {
        assert!(fits(Purpose::Document, "application/pdf") && fits(Purpose::Document, "image/jpeg"));
        assert!(!fits(Purpose::Problem, "application/pdf") && fits(Purpose::Problem, "image/heic"));
    }

    #[test]
    fn a_hash_has_one_spelling() {
        assert!(is_sha256(&sha256_of(b"x")));
        assert!(
            !is_sha256(&sha256_of(b"x").to_uppercase())
                && !is_sha256("../etc")
                && !is_sha256(&"é".repeat(32))
        );
    }
}
