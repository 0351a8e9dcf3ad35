//! Rows and queries of blobs, photos and manifests.

use super::{PhotoView, Purpose, Stored, SubjectKind};
use crate::access::scope::within;
use crate::access::{Places, Scope};
use crate::db::connection::each;
use crate::db::schema::{blob, doomed_blob, evidence, finding, finding_origin, photo};
use crate::db::types::Uid;
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::ids::{AreaId, FacilityId, ItemId, PhotoId, UserId};
use diesel::prelude::*;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = photo, check_for_backend(MultiBackend))]
pub struct PhotoRow {
    pub id: PhotoId,
    pub sha256: String,
    pub length: i64,
    pub content_type: String,
    pub width: Option<i32>,
    pub height: Option<i32>,
    pub owner_id: UserId,
    pub stored_at: Ts,
}

impl From<PhotoRow> for PhotoView {
    fn from(r: PhotoRow) -> Self {
        let PhotoRow { id, sha256, length, content_type, width, height, owner_id: _, stored_at } = r;
        Self { photo_id: id, sha256, length, content_type, width, height, stored_at: stored_at.0 }
    }
}

/// A place in a manifest.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = evidence, check_for_backend(MultiBackend))]
pub struct PlaceRow {
    pub subject_kind: SubjectKind,
    pub subject_id: Uid,
    pub photo_id: PhotoId,
    pub sha256: String,
    pub length: i64,
    pub item_id: Option<ItemId>,
    pub purpose: Purpose,
    pub street_id: AreaId,
    pub owner_id: UserId,
    pub received_at: Option<Ts>,
    pub superseded: bool,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = evidence)]
pub struct NewPlace {
    pub subject_kind: SubjectKind,
    pub subject_id: Uid,
    pub photo_id: PhotoId,
    pub sha256: String,
    pub length: i64,
    pub item_id: Option<ItemId>,
    pub purpose: Purpose,
    pub required: bool,
    pub street_id: AreaId,
    pub facility_id: FacilityId,
    pub owner_id: UserId,
    pub declared_at: Ts,
    pub received_at: Option<Ts>,
    pub superseded: bool,
}

pub fn find(conn: &mut AnyConn, id: PhotoId) -> Outcome<Option<PhotoRow>> {
    Ok(photo::table.find(id).select(PhotoRow::as_select()).first(conn).optional()?)
}

pub fn find_many(conn: &mut AnyConn, ids: &[PhotoId]) -> Outcome<HashMap<PhotoId, PhotoRow>> {
    let rows: Vec<PhotoRow> =
        photo::table.filter(photo::id.eq_any(ids.to_vec())).select(PhotoRow::as_select()).load(conn)?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// The row of a blob, unless it is there.
pub fn insert_blob(conn: &mut AnyConn, stored: &Stored, at: Ts) -> Outcome<()> {
    let row = (
        blob::sha256.eq(&stored.sha256),
        blob::length.eq(stored.length),
        blob::content_type.eq(stored.content_type),
        blob::stored_at.eq(at),
    );
    each!(conn, c => diesel::insert_into(blob::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(())
}

/// Hashes and lengths of the blobs behind a hash, in order.
pub fn blobs_after(conn: &mut AnyConn, after: &str, limit: i64) -> Outcome<Vec<(String, i64)>> {
    let rows = blob::table.filter(blob::sha256.gt(after)).order(blob::sha256).limit(limit);
    Ok(rows.select((blob::sha256, blob::length)).load(conn)?)
}

/// Which of these hashes have a row.
pub fn blobs_named(conn: &mut AnyConn, hashes: &[String]) -> Outcome<HashSet<String>> {
    let rows = blob::table.filter(blob::sha256.eq_any(hashes.to_vec())).select(blob::sha256);
    Ok(rows.load(conn)?.into_iter().collect())
}

/// The row of a photo, unless its id is there; tells whether it was made. Never a unique violation, which would spoil
/// the transaction on PostgreSQL: there two parallel ones end as a serialisation failure, and the later runs again.
pub fn insert_photo(
    conn: &mut AnyConn,
    id: PhotoId,
    owner: UserId,
    stored: &Stored,
    at: Ts,
) -> Outcome<bool> {
    let row = (
        photo::id.eq(id),
        photo::sha256.eq(&stored.sha256),
        photo::length.eq(stored.length),
        photo::content_type.eq(stored.content_type),
        photo::width.eq(stored.width),
        photo::height.eq(stored.height),
        photo::owner_id.eq(owner),
        photo::stored_at.eq(at),
    );
    let made =
        each!(conn, c => diesel::insert_into(photo::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(made > 0)
}

pub fn insert_places(conn: &mut AnyConn, places: &[NewPlace]) -> Outcome<()> {
    for chunk in places.chunks(200) {
        each!(conn, c => diesel::insert_into(evidence::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// Takes a subject's whole manifest away.
pub fn delete_places(conn: &mut AnyConn, kind: SubjectKind, id: Uuid) -> Outcome<()> {
    let of_subject =
        evidence::table.filter(evidence::subject_kind.eq(kind)).filter(evidence::subject_id.eq(Uid(id)));
    diesel::delete(of_subject).execute(conn)?;
    Ok(())
}

/// Every place where one of these photos is declared.
pub fn places_of(conn: &mut AnyConn, ids: &[PhotoId]) -> Outcome<Vec<PlaceRow>> {
    let rows = evidence::table.filter(evidence::photo_id.eq_any(ids.to_vec())).select(PlaceRow::as_select());
    Ok(rows.load(conn)?)
}

/// The places in the manifests of these subjects, in the order of their declaration.
pub fn places_in(conn: &mut AnyConn, kind: SubjectKind, ids: &[Uuid]) -> Outcome<Vec<PlaceRow>> {
    let rows = evidence::table
        .filter(evidence::subject_kind.eq(kind))
        .filter(evidence::subject_id.eq_any(ids.iter().copied().map(Uid).collect::<Vec<_>>()))
        .order(evidence::id)
        .select(PlaceRow::as_select());
    Ok(rows.load(conn)?)
}

/// Marks a photo as arrived wherever it is waited for; tells where that was.
pub fn fill(conn: &mut AnyConn, id: PhotoId, at: Ts) -> Outcome<Vec<PlaceRow>> {
    let waiting = evidence::table.filter(evidence::photo_id.eq(id)).filter(evidence::received_at.is_null());
    let rows: Vec<PlaceRow> = waiting.order(evidence::id).select(PlaceRow::as_select()).load(conn)?;
    diesel::update(waiting).set(evidence::received_at.eq(Some(at))).execute(conn)?;
    Ok(rows)
}

/// The subjects whose photos a person alone may send and has not sent, with how many are missing.
pub fn owed_by(conn: &mut AnyConn, owner: UserId) -> Outcome<Vec<(SubjectKind, Uid, i64)>> {
    Ok(evidence::table
        .filter(evidence::owner_id.eq(owner))
        .filter(evidence::received_at.is_null())
        .filter(evidence::superseded.eq(false))
        .group_by((evidence::subject_kind, evidence::subject_id))
        .order((evidence::subject_kind, evidence::subject_id))
        .select((evidence::subject_kind, evidence::subject_id, diesel::dsl::count_star()))
        .load(conn)?)
}

/// Whether every photo of a subject that still counts has arrived.
pub fn is_settled(conn: &mut AnyConn, kind: SubjectKind, id: Uid) -> Outcome<bool> {
    let missing = evidence::table
        .filter(evidence::subject_kind.eq(kind))
        .filter(evidence::subject_id.eq(id))
        .filter(evidence::superseded.eq(false))
        .filter(evidence::received_at.is_null());
    Ok(missing.count().get_result::<i64>(conn)? == 0)
}

/// Whether an arrived photo is evidence of something within these places; what is sealed is evidence to nobody here.
pub fn is_evidence_within(conn: &mut AnyConn, places: &Places, id: PhotoId) -> Outcome<bool> {
    let query = evidence::table
        .filter(evidence::photo_id.eq(id))
        .filter(evidence::received_at.is_not_null())
        .filter(evidence::subject_kind.ne(SubjectKind::Reporter))
        .select(evidence::id)
        .into_boxed::<MultiBackend>();
    let shown = within!(query, places, evidence::street_id, evidence::facility_id);
    Ok(shown.first::<i64>(conn).optional()?.is_some())
}

/// Whether an arrived photo is part of a complaint within these places.
pub fn is_sealed_within(conn: &mut AnyConn, scope: &Scope, id: PhotoId) -> Outcome<bool> {
    let of: Vec<(AreaId, FacilityId, String)> = evidence::table
        .inner_join(finding_origin::table.on(finding_origin::id.eq(evidence::subject_id)))
        .inner_join(finding::table.on(finding::id.eq(finding_origin::finding_id)))
        .filter(evidence::photo_id.eq(id))
        .filter(evidence::received_at.is_not_null())
        .filter(evidence::subject_kind.eq(SubjectKind::Reporter))
        .select((finding::street_id, finding::facility_id, finding::category))
        .load(conn)?;
    Ok(of.iter().any(|(street, facility, category)| scope.holds_finding(*street, *facility, category)))
}

/// Those of `hashes` that inspections of a facility show as they found it: whatever a claim calls them, they are from before.
/// What an inspection shows as put right on the spot is not.
pub fn shown_before(conn: &mut AnyConn, facility: FacilityId, hashes: &[String]) -> Outcome<Vec<String>> {
    let found = evidence::table
        .filter(evidence::sha256.eq_any(hashes.to_vec()))
        .filter(evidence::facility_id.eq(facility))
        .filter(evidence::subject_kind.eq(SubjectKind::Inspection))
        .filter(evidence::purpose.ne(Purpose::After))
        .select(evidence::sha256)
        .distinct();
    Ok(found.order(evidence::sha256).load(conn)?)
}

pub fn is_doomed(conn: &mut AnyConn, sha256: &str) -> Outcome<bool> {
    Ok(doomed_blob::table.find(sha256).count().get_result::<i64>(conn)? > 0)
}
