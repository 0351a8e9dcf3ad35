//! The end of an upload: look at the bytes, make them durable, give them their row, forget the staged file. Each step may
//! be done again, so whoever comes next after a crash or an outage goes on from there.

use super::rules::UploadName;
use super::staging::{self, Scratch};
use super::store::{self, UploadRow};
use super::{ACTION, Announced, begin_now};
use crate::access::{Actor, Stamp};
use crate::app::App;
use crate::clock::machine_now;
use crate::fault::{Fault, Outcome};
use crate::ids::PhotoId;
use crate::inspections;
use crate::metrics;
use crate::photos::{self, PhotoView, Received, Stored, examine};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// The receipt of an upload whose bytes are all here, which is made now unless it is there.
pub(super) fn receipt_of(app: &Arc<App>, stamp: Stamp, row: &UploadRow) -> Outcome<PhotoView> {
    if row.done_at.is_some() {
        let (owner, photo) = (row.owner_id, row.photo_id);
        let receipt = app.db.read_now(|conn| photos::receipt(conn, owner, photo))?;
        return receipt.ok_or_else(|| Fault::missing("该上传，请重新创建"));
    }
    let path = app.uploads.path(row.id);
    match complete(app, stamp.clone(), row, &path) {
        Ok(received) => {
            metrics::upload("completed");
            staging::remove(&path).map_err(staging::fault)?;
            Ok(received.receipt)
        }
        Err(fault) if is_final(&fault) => {
            drop_upload(app, stamp, row, "refused")?;
            Err(fault)
        }
        Err(fault) => Err(fault),
    }
}

/// Whether the same bytes will be refused for ever.
fn is_final(fault: &Fault) -> bool {
    matches!(fault, Fault::Invalid { .. } | Fault::Refused { .. } | Fault::Unsupported(_))
}

fn complete(app: &App, stamp: Stamp, row: &UploadRow, path: &Path) -> Outcome<Received> {
    let stored = examine(&row.sha256, path)?;
    app.db.read_now(|conn| photos::admissible(conn, row.owner_id, row.photo_id, &stored))?;
    store_and_receive(app, stamp, row.photo_id, stored, path)
}

/// Blob before row, row before receipt. An upload's row must be there: it keeps the sweeper away (`sweep`).
fn store_and_receive(
    app: &App,
    stamp: Stamp,
    photo: PhotoId,
    stored: Stored,
    path: &Path,
) -> Outcome<Received> {
    photos::keep(&app.files, &stored, path)?;
    app.db.write_now(stamp, ACTION, move |tx| {
        let (owner, now) = (tx.user()?, machine_now());
        let received = inspections::receive_photo(tx, photo, &stored)?;
        if !store::finish(tx.conn(), owner, photo, &stored.sha256, now.into())? {
            return Err(Fault::Busy(format!("the upload of photo {photo} has gone")));
        }
        Ok(received)
    })
}

/// A photo that came whole in one body.
///
/// # Errors
/// `empty_body`, `hash_differs` and what else [`photos::examine`] refuses; [`photos::admissible`]'s; [`begin`]'s;
/// the storage's and the database's.
///
/// [`begin`]: super::begin
pub fn arrive_whole(
    app: &App,
    stamp: Stamp,
    photo_id: PhotoId,
    sha256: &str,
    scratch: &Scratch,
) -> Outcome<Received> {
    let stored = examine(sha256, scratch.path())?;
    let owner = stamp.actor.user().ok_or_else(|| Fault::internal("a photo needs a person"))?;
    app.db.read_now(|conn| photos::admissible(conn, owner, photo_id, &stored))?;
    let announced = Announced { photo_id, sha256: stored.sha256.clone(), length: stored.length };
    begin_now(app, stamp.clone(), &announced)?;
    store_and_receive(app, stamp, photo_id, stored, scratch.path())
}

/// Drops an upload and what has arrived of it.
pub(super) fn drop_upload(app: &App, stamp: Stamp, row: &UploadRow, why: &'static str) -> Outcome<()> {
    let id = row.id;
    app.db.write_now(stamp, ACTION, move |tx| {
        tx.audit("upload", id, json!({ "dropped": why }));
        store::delete(tx.conn(), id).map(drop)
    })?;
    metrics::upload(why);
    staging::remove(&app.uploads.path(id)).map_err(staging::fault)
}

/// Completes the uploads of this node whose bytes are all here: after a crash, and after an outage of the storage.
/// Returns how many got their receipt.
///
/// # Errors
/// The database's. What one upload is refused for stays with it, in the log.
pub fn finish_staged(app: &Arc<App>) -> Outcome<usize> {
    let node = app.uploads.node();
    let open = app.db.read_now(|conn| store::open_on(conn, node))?;
    let mut finished = 0;
    for row in open {
        // Whoever works on it completes it.
        let Some(_hold) = app.uploads.holds.try_take(row.id) else { continue };
        let here = staging::synced_length(&app.uploads.path(row.id)).map_err(staging::fault)?;
        if i64::try_from(here) != Ok(row.length) {
            continue;
        }
        match stamp_of(app, &row).and_then(|stamp| receipt_of(app, stamp, &row)) {
            Ok(_) => finished += 1,
            Err(fault) => {
                let upload = UploadName::new(node, row.id);
                tracing::warn!(%upload, why = fault.for_log(), "an upload could not be completed");
                if !is_final(&fault) {
                    // The storage is away: the others wait with it.
                    break;
                }
            }
        }
    }
    Ok(finished)
}

/// Its owner, now.
fn stamp_of(app: &App, row: &UploadRow) -> Outcome<Stamp> {
    let account = app.db.read_now(|conn| crate::access::store::account(conn, row.owner_id))?;
    let account = account.ok_or_else(|| Fault::internal("an upload without its owner"))?;
    let actor = Actor::User { id: account.id, name: account.display_name };
    Ok(Stamp { actor, now: app.clock.now(), address: None })
}
