//! Clearing away what nobody needs: uploads that have expired, staged files without an upload, photos that nothing has
//! declared for 30 days, blobs that no row names.
//!
//! Deleting a blob races with whoever is about to rely on one of the same content, on any node. So both say what they are
//! about to do, in rows, before they do it: who stores has an upload with the hash, who deletes has a *doom*, and the
//! transaction that makes the one looks for the other. The database runs them as if one after the other, so
//! never both exist. Letters have no upload: they look for a doom in the transaction that names the document, and store it
//! once more after (`letters/render.rs`).
//!
//! A row whose blob is missing is an alarm and never deleted: the blob may come back from a backup.

use super::completing::drop_upload;
use super::staging;
use super::store;
use crate::app::App;
use crate::clock::machine_now;
use crate::db::Stamp;
use crate::fault::{Fault, Outcome};
use crate::files::{Held, StoreFault};
use crate::metrics;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// A photo that nothing has declared for so long is swept (business time).
const UNDECLARED: TimeDelta = TimeDelta::days(30);
/// A blob that no row names is swept when it was stored so long ago, by the storage's clock.
const ROWLESS: TimeDelta = TimeDelta::days(7);
/// The rows of another node's expired uploads are left to it for so long.
const ELSEWHERE: TimeDelta = TimeDelta::days(1);
/// A staged file without an upload may belong to a body that is still coming.
const COMING: TimeDelta = TimeDelta::hours(1);
/// A sweeper that has not come back to its doom has died.
const DOOM: TimeDelta = TimeDelta::hours(1);
/// Photos that go in one transaction.
const AT_ONCE: i64 = 200;

/// What was swept, or would be.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Swept {
    /// Expired uploads, by name.
    pub uploads: Vec<String>,
    /// Staged files without an upload.
    pub stagings: Vec<String>,
    /// Photos that nothing declared, by id.
    pub photos: Vec<String>,
    /// Blobs without a row, by hash.
    pub blobs: Vec<String>,
    /// Their bytes.
    pub bytes: u64,
    /// Blobs that a row names and the storage has not, or not whole. They were left alone.
    pub missing: Vec<String>,
}

/// Sweeps everything; with `dry_run` only tells what would go.
///
/// # Errors
/// The database's and the storage's; what was swept before stays swept.
pub fn sweep(app: &Arc<App>, dry_run: bool) -> Outcome<Swept> {
    let mut swept = Swept::default();
    sweep_uploads(app, dry_run, &mut swept)?;
    let stagings = clear_strays(app, COMING, dry_run)?;
    swept.stagings = stagings;
    sweep_photos(app, dry_run, &mut swept)?;
    sweep_blobs(app, dry_run, &mut swept)?;
    if !dry_run {
        metrics::swept("stagings", swept.stagings.len());
        metrics::swept("photos", swept.photos.len());
        metrics::swept("blobs", swept.blobs.len());
    }
    metrics::blobs_missing(swept.missing.len());
    for sha256 in &swept.missing {
        tracing::error!(%sha256, "a blob that a row names is missing or short: restore it from the backup");
    }
    Ok(swept)
}

fn stamp(app: &App) -> Stamp {
    Stamp::system("sweep", app.clock.now())
}

fn sweep_uploads(app: &App, dry_run: bool, swept: &mut Swept) -> Outcome<()> {
    let now = machine_now();
    let node = app.uploads.node();
    for row in app.db.read_now(|conn| store::expired(conn, now.into()))? {
        let here = row.node == node;
        if !here && row.expires_at.0 > now - ELSEWHERE {
            continue;
        }
        // One that somebody works on at this moment is swept the next time.
        let Some(_hold) = app.uploads.holds.try_take(row.id) else { continue };
        if !dry_run {
            drop_upload(app, stamp(app), &row, if row.done_at.is_some() { "forgotten" } else { "expired" })?;
        }
        swept.uploads.push(format!("{}.{}", row.node, row.id));
    }
    Ok(())
}

/// Removes staged files that belong to no upload, or to one that is done, and are older than `age`. With an age of
/// nothing this is for the start, when no body is coming. Tells which.
///
/// # Errors
/// The database's and the disk's.
pub fn clear_strays(app: &App, age: TimeDelta, dry_run: bool) -> Outcome<Vec<String>> {
    let before = machine_now() - age;
    let staged = app.uploads.staged().map_err(staging::fault)?;
    let old = staged.into_iter().filter(|(_, at)| DateTime::<Utc>::from(*at) <= before);
    let mut strays = vec![];
    for (id, _) in old {
        let Some(_hold) = app.uploads.holds.try_take(id) else { continue };
        let row = app.db.read_now(|conn| store::find(conn, id))?;
        if row.is_some_and(|row| row.done_at.is_none()) {
            continue;
        }
        if !dry_run {
            staging::remove(&app.uploads.path(id)).map_err(staging::fault)?;
        }
        strays.push(id.to_string());
    }
    Ok(strays)
}

fn sweep_photos(app: &App, dry_run: bool, swept: &mut Swept) -> Outcome<()> {
    let before = app.clock.now() - UNDECLARED;
    let mut last = None;
    loop {
        let found = app.db.read_now(|conn| store::undeclared(conn, before.into(), last, AT_ONCE))?;
        let Some(newest) = found.last() else { return Ok(()) };
        last = Some(*newest);
        if !dry_run {
            let doomed = found.clone();
            app.db.write_now(stamp(app), "sweep", move |tx| {
                for id in &doomed {
                    let gone = store::delete_undeclared(tx.conn(), *id)?;
                    tx.audit("photo", id, json!({ "swept": gone }));
                }
                Ok(())
            })?;
        }
        swept.photos.extend(found.iter().map(ToString::to_string));
    }
}

fn sweep_blobs(app: &App, dry_run: bool, swept: &mut Swept) -> Outcome<()> {
    if !dry_run {
        finish_dooms(app)?;
    }
    let before = machine_now() - ROWLESS;
    let mut held: HashMap<String, u64> = HashMap::new();
    let mut old: Vec<Held> = vec![];
    app.files.each::<Fault>(&mut |blob| {
        held.insert(blob.name.clone(), blob.length);
        if blob.modified < before {
            old.push(blob);
        }
        Ok(())
    })?;
    let named: HashMap<String, i64> = app.db.read_now(store::named)?.into_iter().collect();
    let whole = |length: u64, wanted: i64| i64::try_from(length) == Ok(wanted);
    for (name, wanted) in &named {
        if held.get(name).is_some_and(|length| whole(*length, *wanted)) {
            continue;
        }
        // It may have come since the list was made.
        match app.files.len(name) {
            Ok(length) if whole(length, *wanted) => {}
            Ok(_) | Err(StoreFault::NotFound) => swept.missing.push(name.clone()),
            Err(other) => return Err(other.into()),
        }
    }
    swept.missing.sort();
    for blob in old.into_iter().filter(|blob| !named.contains_key(&blob.name)) {
        if may_go(app, &blob.name, dry_run)? {
            swept.bytes += blob.length;
            swept.blobs.push(blob.name);
        }
    }
    Ok(())
}

/// Deletes a blob that nobody relies on, or only asks whether it could.
fn may_go(app: &App, name: &str, dry_run: bool) -> Outcome<bool> {
    let wanted = name.to_string();
    if dry_run {
        return app.db.read_now(|conn| store::is_relied_on(conn, &wanted)).map(|relied| !relied);
    }
    let doomed = app.db.write_now(stamp(app), "sweep", move |tx| {
        let relied_on = store::is_relied_on(tx.conn(), &wanted)?;
        tx.audit("blob", &wanted, json!({ "doomed": !relied_on }));
        if !relied_on {
            store::doom(tx.conn(), &wanted, machine_now().into())?;
        }
        Ok(!relied_on)
    })?;
    Ok(doomed && end_doom(app, name)?)
}

/// Deletes a doomed blob; tells whether it went. If the storage does not take the order, it may still carry it out later: the
/// doom stays and is ended another time.
fn end_doom(app: &App, name: &str) -> Outcome<bool> {
    if let Err(why) = app.files.delete(name) {
        tracing::warn!(sha256 = name, %why, "a blob could not be deleted");
        return Ok(false);
    }
    let name = name.to_string();
    app.db.write_now(stamp(app), "sweep", move |tx| {
        tx.audit("blob", &name, json!({ "deleted": true }));
        store::undoom(tx.conn(), &name)
    })?;
    Ok(true)
}

/// Ends what a sweeper that died has begun. While a doom stands nobody comes to rely on its blob.
fn finish_dooms(app: &App) -> Outcome<()> {
    let before = machine_now() - DOOM;
    for name in app.db.read_now(|conn| store::dooms(conn, before.into()))? {
        end_doom(app, &name)?;
    }
    Ok(())
}
