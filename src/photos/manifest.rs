//! The manifest: which photos a subject claims, and which of them have arrived. It is written once, with the subject, and
//! anew with each later version of it; otherwise only the arrival of a photo changes it.

use super::store::{self, NewPlace, PhotoRow, PlaceRow};
use super::{MAX_LENGTH, Purpose, SubjectKind, fits, is_sha256};
use crate::db::types::Uid;
use crate::db::{AnyConn, Tx};
use crate::fault::{Fault, FieldFault, Outcome};
use crate::ids::{AreaId, FacilityId, ItemId, PhotoId, UserId};
use chrono::{DateTime, Utc};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// A photo that belongs to a submission, before or after it has been sent.
#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, garde::Validate, utoipa::ToSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// The client's id for it, a UUIDv7.
    #[garde(skip)]
    pub photo_id: PhotoId,
    /// SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    #[garde(custom(hash_is_well_formed))]
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub sha256: String,
    /// Bytes.
    #[garde(range(min = 1, max = MAX_LENGTH))]
    #[schema(minimum = 1, maximum = 20_971_520)]
    pub length: i64,
    /// The check item that it is evidence for.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_id: Option<ItemId>,
    /// What it shows.
    #[garde(skip)]
    pub purpose: Purpose,
}

/// For garde: the text is a SHA-256.
///
/// # Errors
/// In Chinese.
pub fn hash_is_well_formed(text: &str, (): &()) -> garde::Result {
    if is_sha256(text) { Ok(()) } else { Err(garde::Error::new("应为 64 位小写十六进制 SHA-256")) }
}

/// What a manifest belongs to, and the place and person that it inherits.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// Of which kind.
    pub kind: SubjectKind,
    /// Its id.
    pub id: Uuid,
    /// The street of its day.
    pub street_id: AreaId,
    /// The facility.
    pub facility_id: FacilityId,
    /// Who submits it, and who alone may send its photos.
    pub owner_id: UserId,
}

/// How much of a manifest has arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct EvidenceView {
    /// Photos declared.
    pub expected: i64,
    /// Photos that have arrived.
    pub received: i64,
    /// Those that have not, in the order of the declaration.
    pub missing: Vec<PhotoId>,
}

/// A photo in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct PhotoLine {
    /// The client's id for it.
    pub photo_id: PhotoId,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// The check item that it is evidence for.
    pub item_id: Option<ItemId>,
    /// What it shows.
    pub purpose: Purpose,
    /// When the server had it.
    pub received_at: Option<DateTime<Utc>>,
}

/// Writes the manifest of a new subject; those that have arrived already count at once. `required` says which ones the
/// check list demands.
///
/// # Errors
/// `duplicate_photo` and `not_a_photo` for what can never be accepted, `photo_id_taken` when an id is another person's or
/// belongs to another photo; each with its pointer `/photos/N/…`.
pub fn declare(
    tx: &mut Tx<'_>,
    subject: &Subject,
    declared: &[Declared],
    required: &dyn Fn(&Declared) -> bool,
) -> Outcome<()> {
    refuse(tx.conn(), subject.owner_id, declared)?;
    insert(tx, subject, declared, required, false)
}

/// Refuses a declaration that can never be accepted, and stores nothing.
///
/// # Errors
/// As [`declare`].
pub fn refuse(conn: &mut AnyConn, owner: UserId, declared: &[Declared]) -> Outcome<()> {
    let ids: Vec<PhotoId> = declared.iter().map(|d| d.photo_id).collect();
    let arrived = store::find_many(conn, &ids)?;
    let elsewhere = store::places_of(conn, &ids)?;
    // In this order: of another person's photo nothing more is told than that the id is taken.
    refuse_taken(owner, declared, &arrived, &elsewhere)?;
    refuse_wrong(declared, &arrived)
}

fn insert(
    tx: &mut Tx<'_>,
    subject: &Subject,
    declared: &[Declared],
    required: &dyn Fn(&Declared) -> bool,
    superseded: bool,
) -> Outcome<()> {
    let ids: Vec<PhotoId> = declared.iter().map(|d| d.photo_id).collect();
    let arrived = store::find_many(tx.conn(), &ids)?;
    let at = tx.ts();
    let place = |d: &Declared| NewPlace {
        subject_kind: subject.kind,
        subject_id: Uid(subject.id),
        photo_id: d.photo_id,
        sha256: d.sha256.clone(),
        length: d.length,
        item_id: d.item_id,
        purpose: d.purpose,
        required: required(d),
        street_id: subject.street_id,
        facility_id: subject.facility_id,
        owner_id: subject.owner_id,
        declared_at: at,
        received_at: arrived.get(&d.photo_id).map(|photo| photo.stored_at),
        superseded,
    };
    store::insert_places(tx.conn(), &declared.iter().map(place).collect::<Vec<_>>())
}

/// Writes the manifest of a subject anew from all its versions, the one that stands first. What only the others declare
/// counts once it has arrived, and is not missing until then. They were asked [`refuse`] one by one.
///
/// # Errors
/// The database's.
pub fn declare_versions(
    tx: &mut Tx<'_>,
    subject: &Subject,
    versions: &[&[Declared]],
    required: &dyn Fn(&Declared) -> bool,
) -> Outcome<()> {
    forget(tx, subject.kind, subject.id)?;
    let mut seen = BTreeSet::new();
    for (place, declared) in versions.iter().enumerate() {
        let new: Vec<Declared> = declared.iter().filter(|d| seen.insert(d.photo_id)).cloned().collect();
        insert(tx, subject, &new, &|d| place == 0 && required(d), place > 0)?;
    }
    Ok(())
}

/// Takes a subject's manifest away, because its photos are declared elsewhere from now on.
///
/// # Errors
/// The database's.
pub fn forget(tx: &mut Tx<'_>, kind: SubjectKind, id: Uuid) -> Outcome<()> {
    store::delete_places(tx.conn(), kind, id)
}

/// What is wrong in itself.
fn refuse_wrong(declared: &[Declared], arrived: &HashMap<PhotoId, PhotoRow>) -> Outcome<()> {
    let mut errors = vec![];
    let mut seen = BTreeSet::new();
    for (place, d) in declared.iter().enumerate() {
        let at = |field: &str| format!("/photos/{place}/{field}");
        if !seen.insert(d.photo_id) {
            errors.push(FieldFault::new(at("photo_id"), "duplicate_photo", "同一照片编号重复列出"));
        }
        if arrived.get(&d.photo_id).is_some_and(|photo| !fits(d.purpose, &photo.content_type)) {
            errors.push(FieldFault::new(at("purpose"), "not_a_photo", "此处须为照片，不能是文件"));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Fault::invalid_many(errors)) }
}

/// An id names one photo of one person, wherever it is declared and whatever has arrived.
fn refuse_taken(
    owner: UserId,
    declared: &[Declared],
    arrived: &HashMap<PhotoId, PhotoRow>,
    elsewhere: &[PlaceRow],
) -> Outcome<()> {
    const DETAIL: &str = "照片编号已被占用，或已用于另一张照片";
    let taken = |d: &Declared| {
        let by_photo = arrived.get(&d.photo_id).map(|p| (p.owner_id, p.sha256.as_str(), p.length));
        let same_id = elsewhere.iter().filter(|p| p.photo_id == d.photo_id);
        let by_place = same_id.map(|p| (p.owner_id, p.sha256.as_str(), p.length));
        by_photo.into_iter().chain(by_place).any(|known| known != (owner, d.sha256.as_str(), d.length))
    };
    let told = |place: usize| FieldFault::new(format!("/photos/{place}/photo_id"), "photo_id_taken", DETAIL);
    let places = declared.iter().enumerate().filter(|(_, d)| taken(d));
    let errors: Vec<FieldFault> = places.map(|(place, _)| told(place)).collect();
    if errors.is_empty() {
        return Ok(());
    }
    Err(Fault::Refused { code: "photo_id_taken".into(), detail: DETAIL.into(), errors })
}

/// How much of a subject's manifest has arrived.
///
/// # Errors
/// The database's.
pub fn evidence_of(conn: &mut AnyConn, kind: SubjectKind, id: Uuid) -> Outcome<EvidenceView> {
    Ok(evidence_of_many(conn, kind, &[id])?.remove(&id).unwrap_or_default())
}

/// [`evidence_of`] for a list; every id has an entry.
///
/// # Errors
/// The database's.
pub fn evidence_of_many(
    conn: &mut AnyConn,
    kind: SubjectKind,
    ids: &[Uuid],
) -> Outcome<HashMap<Uuid, EvidenceView>> {
    let mut views: HashMap<Uuid, EvidenceView> =
        ids.iter().map(|id| (*id, EvidenceView::default())).collect();
    for place in store::places_in(conn, kind, ids)? {
        let view = views.entry(place.subject_id.0).or_default();
        match place.received_at {
            Some(_) => view.received += 1,
            None if place.superseded => continue,
            None => view.missing.push(place.photo_id),
        }
        view.expected += 1;
    }
    Ok(views)
}

/// A subject's photos that count, in the order of the declaration.
///
/// # Errors
/// The database's.
pub fn photos_of(conn: &mut AnyConn, kind: SubjectKind, id: Uuid) -> Outcome<Vec<PhotoLine>> {
    let line = |p: PlaceRow| PhotoLine {
        photo_id: p.photo_id,
        sha256: p.sha256,
        item_id: p.item_id,
        purpose: p.purpose,
        received_at: p.received_at.map(|at| at.0),
    };
    let counts = |p: &PlaceRow| p.received_at.is_some() || !p.superseded;
    Ok(store::places_in(conn, kind, &[id])?.into_iter().filter(counts).map(line).collect())
}

/// Those of `hashes` that are declared at a facility as photos of the place or of what was wrong there: the picture of a
/// problem is no proof that it is gone. Proofs of claims do not count, so that a claim sent back may show its proof
/// again. Asked before the subject itself is declared.
///
/// # Errors
/// The database's.
pub fn declared_at(conn: &mut AnyConn, facility: FacilityId, hashes: &[String]) -> Outcome<Vec<String>> {
    store::shown_before(conn, facility, hashes)
}
