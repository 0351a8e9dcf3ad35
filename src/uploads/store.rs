//! Rows and queries of uploads and of what is doomed.

use crate::db::connection::each;
use crate::db::schema::{blob, doomed_blob, evidence, letter, letter_reply_file, letter_seal, photo, upload};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::ids::{PhotoId, UploadId, UserId};
use diesel::dsl::{exists, not};
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = upload, check_for_backend(MultiBackend))]
pub struct UploadRow {
    pub id: UploadId,
    pub owner_id: UserId,
    pub photo_id: PhotoId,
    pub sha256: String,
    pub length: i64,
    pub node: String,
    pub created_at: Ts,
    pub expires_at: Ts,
    pub done_at: Option<Ts>,
}

pub fn find(conn: &mut AnyConn, id: UploadId) -> Outcome<Option<UploadRow>> {
    Ok(upload::table.find(id).select(UploadRow::as_select()).first(conn).optional()?)
}

/// The upload of a person's photo on a node.
pub fn of_photo(conn: &mut AnyConn, owner: UserId, photo: PhotoId, node: &str) -> Outcome<Option<UploadRow>> {
    let of_photo = upload::table
        .filter(upload::owner_id.eq(owner))
        .filter(upload::photo_id.eq(photo))
        .filter(upload::node.eq(node));
    Ok(of_photo.select(UploadRow::as_select()).first(conn).optional()?)
}

pub fn insert(conn: &mut AnyConn, row: &UploadRow) -> Outcome<()> {
    each!(conn, c => diesel::insert_into(upload::table).values(row).execute(c))?;
    Ok(())
}

pub fn delete(conn: &mut AnyConn, id: UploadId) -> Outcome<usize> {
    Ok(diesel::delete(upload::table.find(id)).execute(conn)?)
}

pub fn count_open(conn: &mut AnyConn, owner: UserId, node: &str) -> Outcome<i64> {
    let open = upload::table
        .filter(upload::owner_id.eq(owner))
        .filter(upload::node.eq(node))
        .filter(upload::done_at.is_null());
    Ok(open.count().get_result(conn)?)
}

/// The uploads of a person that are not done, on whichever node.
pub fn open_of(conn: &mut AnyConn, owner: UserId) -> Outcome<Vec<UploadId>> {
    let open = upload::table.filter(upload::owner_id.eq(owner)).filter(upload::done_at.is_null());
    Ok(open.order(upload::id).select(upload::id).load(conn)?)
}

/// Marks every upload of this photo done, on whichever node; tells whether there is one, done or not.
pub fn finish(conn: &mut AnyConn, owner: UserId, photo: PhotoId, sha256: &str, at: Ts) -> Outcome<bool> {
    let of_photo = || {
        upload::table
            .filter(upload::owner_id.eq(owner))
            .filter(upload::photo_id.eq(photo))
            .filter(upload::sha256.eq(sha256))
    };
    let found = of_photo().count().get_result::<i64>(conn)?;
    diesel::update(of_photo().filter(upload::done_at.is_null()))
        .set(upload::done_at.eq(Some(at)))
        .execute(conn)?;
    Ok(found > 0)
}

/// The uploads of a node that are not done.
pub fn open_on(conn: &mut AnyConn, node: &str) -> Outcome<Vec<UploadRow>> {
    let open = upload::table.filter(upload::node.eq(node)).filter(upload::done_at.is_null());
    Ok(open.order(upload::id).select(UploadRow::as_select()).load(conn)?)
}

/// Uploads whose time has ended.
pub fn expired(conn: &mut AnyConn, now: Ts) -> Outcome<Vec<UploadRow>> {
    let expired = upload::table.filter(upload::expires_at.lt(now)).order(upload::id);
    Ok(expired.select(UploadRow::as_select()).load(conn)?)
}

/// Photos stored before `before` that no manifest names, by id, after `after`.
pub fn undeclared(
    conn: &mut AnyConn,
    before: Ts,
    after: Option<PhotoId>,
    limit: i64,
) -> Outcome<Vec<PhotoId>> {
    let declared = evidence::table.filter(evidence::photo_id.eq(photo::id)).select(evidence::id);
    let mut query = photo::table
        .filter(photo::stored_at.lt(before))
        .filter(not(exists(declared)))
        .select(photo::id)
        .into_boxed::<MultiBackend>();
    if let Some(after) = after {
        query = query.filter(photo::id.gt(after));
    }
    Ok(query.order(photo::id).limit(limit).load(conn)?)
}

/// Deletes a photo, its uploads, and its blob's row unless another photo shares it; not if a manifest names it by now.
/// Tells whether it went.
pub fn delete_undeclared(conn: &mut AnyConn, id: PhotoId) -> Outcome<bool> {
    let declared = evidence::table.filter(evidence::photo_id.eq(id)).count().get_result::<i64>(conn)?;
    let found = photo::table.find(id).select(photo::sha256).first::<String>(conn).optional()?;
    let Some(sha256) = found.filter(|_| declared == 0) else { return Ok(false) };
    diesel::delete(upload::table.filter(upload::photo_id.eq(id)).filter(upload::sha256.eq(&sha256)))
        .execute(conn)?;
    diesel::delete(photo::table.find(id)).execute(conn)?;
    if photo::table.filter(photo::sha256.eq(&sha256)).count().get_result::<i64>(conn)? == 0 {
        diesel::delete(blob::table.find(&sha256)).execute(conn)?;
    }
    Ok(true)
}

/// Every blob that a row names, with its length: photos, the documents of letters, their sealed scans and the files of replies.
pub fn named(conn: &mut AnyConn) -> Outcome<Vec<(String, i64)>> {
    let mut named: Vec<(String, i64)> = blob::table.select((blob::sha256, blob::length)).load(conn)?;
    let documents = letter::table
        .filter(letter::document_sha256.is_not_null())
        .select((letter::document_sha256.assume_not_null(), letter::document_length.assume_not_null()));
    named.extend(documents.load::<(String, i64)>(conn)?);
    let scans = letter_seal::table.select((letter_seal::sha256, letter_seal::length));
    named.extend(scans.load::<(String, i64)>(conn)?);
    let of_replies = letter_reply_file::table.select((letter_reply_file::sha256, letter_reply_file::length));
    named.extend(of_replies.load::<(String, i64)>(conn)?);
    Ok(named)
}

/// Whether a row names a blob, or an upload is about to.
pub fn is_relied_on(conn: &mut AnyConn, sha256: &str) -> Outcome<bool> {
    let rows = blob::table.find(sha256).count().get_result::<i64>(conn)?
        + letter::table.filter(letter::document_sha256.eq(sha256)).count().get_result::<i64>(conn)?
        + letter_seal::table.filter(letter_seal::sha256.eq(sha256)).count().get_result::<i64>(conn)?
        + letter_reply_file::table
            .filter(letter_reply_file::sha256.eq(sha256))
            .count()
            .get_result::<i64>(conn)?
        + upload::table.filter(upload::sha256.eq(sha256)).count().get_result::<i64>(conn)?;
    Ok(rows > 0)
}

/// Says that a blob is about to be deleted.
pub fn doom(conn: &mut AnyConn, sha256: &str, at: Ts) -> Outcome<()> {
    let row = (doomed_blob::sha256.eq(sha256), doomed_blob::doomed_at.eq(at));
    each!(conn, c => diesel::insert_into(doomed_blob::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(())
}

/// Says that it has been deleted.
pub fn undoom(conn: &mut AnyConn, sha256: &str) -> Outcome<()> {
    diesel::delete(doomed_blob::table.find(sha256)).execute(conn)?;
    Ok(())
}

/// What was doomed before `before` and is so still.
pub fn dooms(conn: &mut AnyConn, before: Ts) -> Outcome<Vec<String>> {
    let old = doomed_blob::table.filter(doomed_blob::doomed_at.lt(before));
    Ok(old.order(doomed_blob::sha256).select(doomed_blob::sha256).load(conn)?)
}
