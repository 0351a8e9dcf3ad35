//! Photos that arrive in pieces. A phone announces a photo ([`begin`]), sends its bytes in as many requests as the network
//! wants ([`receive`]), and has a receipt when they are whole. What came before a connection broke stays and counts.
//!
//! The bytes lie in a file on this node (`staging`), whose length is the offset; the node's name is part of the upload's
//! name, so that another node answers "not here" and the phone begins anew. One request at a time writes to an upload,
//! and a newer one sends the older away (`holds`). Once whole, a photo is looked at, made durable as a blob, and gets its
//! row in one transaction (`completing`): a crash between any two of these steps is made good by asking for the
//! upload again, or by the next start. An upload's row, with its hash, is also the promise that keeps the sweeper away
//! from the blob that is about to be relied on ([`sweep`]).
//!
//! The protocol itself (tus 1.0 and a plain one) is `http/tus.rs` and `http/uploads.rs`.

mod completing;
mod holds;
pub mod nodes;
mod receiving;
mod rules;
mod staging;
mod store;
pub mod sweep;

pub use completing::{arrive_whole, finish_staged};
pub use holds::Hold;
pub use receiving::{Algorithm, Body, Checksum, stage};
pub use rules::{EXPIRES_AFTER, UploadName, is_node_name};
pub use staging::{Scratch, Uploads};

use crate::access::disabling;
use crate::app::App;
use crate::clock::machine_now;
use crate::db::{AnyConn, Stamp, Tx};
use crate::fault::{Fault, FieldFault, Outcome};
use crate::ids::{PhotoId, TypedId as _, UploadId, UserId, new_uuid};
use crate::metrics;
use crate::photos::{self, MAX_LENGTH, PhotoView};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::Stream;
use serde_json::json;
use std::sync::Arc;
use store::UploadRow;

/// The action of uploads in the trail: the permission's code.
const ACTION: &str = "photo.upload";

/// Uploads of one person that may be open on a node.
const OPEN_AT_MOST: i64 = 1000;

/// What a phone says of the photo that it is about to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// The client's id for it.
    pub photo_id: PhotoId,
    /// SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Bytes.
    pub length: i64,
}

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct UploadView {
    /// Its name, `{node}.{uuid}`.
    #[schema(value_type = String)]
    pub upload: UploadName,
    /// Bytes that have arrived; the next piece begins here.
    pub offset: i64,
    /// Bytes in all.
    pub length: i64,
    /// Until when it may be continued, by the server's machine time.
    pub expires_at: DateTime<Utc>,
    /// The photo's receipt, once everything is stored for good.
    pub receipt: Option<PhotoView>,
}

/// An upload that this request alone may work on.
#[derive(Debug)]
pub struct Opened {
    row: UploadRow,
    hold: Hold,
}

/// Announces a photo. The same again gives the same upload; a photo that is here already gives one that is complete.
///
/// # Errors
/// [`Fault::TooLarge`]; `empty_body`; `id_taken`, `photo_differs`, `not_as_declared`, `length_differs` as
/// [`photos::expected`]; [`Fault::TooMany`] while too many uploads of this person are open; [`Fault::Busy`].
pub async fn begin(app: &Arc<App>, stamp: Stamp, announced: Announced) -> Outcome<UploadName> {
    let app = app.clone();
    let begun = tokio::task::spawn_blocking(move || begin_now(&app, stamp, &announced)).await;
    begun.map_err(Fault::internal)?
}

fn begin_now(app: &App, stamp: Stamp, announced: &Announced) -> Outcome<UploadName> {
    check_length(announced.length)?;
    let owner = stamp.actor.user().ok_or_else(|| Fault::internal("an upload needs a person"))?;
    let (node, now) = (app.uploads.node().to_string(), machine_now());
    let (asked, at_node) = (announced.clone(), node.clone());
    let known = app.db.read_now(|conn| {
        photos::expected(conn, owner, asked.photo_id, &asked.sha256, asked.length)?;
        store::of_photo(conn, owner, asked.photo_id, &at_node)
    })?;
    let id = match known.filter(|row| row.expires_at.0 > now) {
        Some(row) => same(&row, announced)?,
        None => {
            let (asked, fresh) = (announced.clone(), UploadId::from_uuid(new_uuid(now)));
            let row = app.db.write_now(stamp, ACTION, move |tx| open_row(tx, owner, &asked, &node, fresh))?;
            metrics::upload("begun");
            row
        }
    };
    Ok(UploadName::new(app.uploads.node(), id))
}

/// The uploads that a person has begun and not finished.
///
/// # Errors
/// The database's.
pub fn open_of(conn: &mut AnyConn, owner: UserId) -> Outcome<Vec<UploadId>> {
    store::open_of(conn, owner)
}

fn check_length(length: i64) -> Outcome<()> {
    match length {
        ..=0 => Err(Fault::invalid("", "empty_body", "照片内容为空")),
        n if n > MAX_LENGTH => Err(Fault::TooLarge { limit: MAX_LENGTH.unsigned_abs() }),
        _ => Ok(()),
    }
}

/// The upload is of the photo that is announced.
fn same(row: &UploadRow, announced: &Announced) -> Outcome<UploadId> {
    if row.sha256 != announced.sha256 {
        let (code, detail) = ("photo_differs", "该编号下正在上传另一张照片");
        let errors = vec![FieldFault::new("/sha256", code, detail)];
        return Err(Fault::Refused { code: code.into(), detail: detail.into(), errors });
    }
    if row.length != announced.length {
        return Err(Fault::invalid("", "length_differs", "照片长度与此前声明的不符"));
    }
    Ok(row.id)
}

/// The row of a new upload, or of the one that was faster. Its hash must not be doomed: from here on no sweeper can doom
/// it (`sweep`).
fn open_row(
    tx: &mut Tx<'_>,
    owner: UserId,
    announced: &Announced,
    node: &str,
    fresh: UploadId,
) -> Outcome<UploadId> {
    let now = machine_now();
    disabling::refuse_disabled(tx.conn(), owner)?;
    let Announced { photo_id, sha256, length } = announced.clone();
    photos::expected(tx.conn(), owner, photo_id, &sha256, length)?;
    tx.audit("upload", fresh, json!({ "photo": photo_id, "sha256": sha256, "length": length }));
    if let Some(row) = store::of_photo(tx.conn(), owner, photo_id, node)? {
        if row.expires_at.0 > now {
            return same(&row, announced);
        }
        store::delete(tx.conn(), row.id)?;
    }
    photos::refuse_doomed(tx.conn(), &sha256)?;
    if store::count_open(tx.conn(), owner, node)? >= OPEN_AT_MOST {
        return Err(Fault::TooMany { seconds: 60 });
    }
    let here = photos::receipt(tx.conn(), owner, photo_id)?.is_some();
    let row = UploadRow {
        id: fresh,
        owner_id: owner,
        photo_id,
        sha256,
        length,
        node: node.into(),
        created_at: now.into(),
        expires_at: (now + EXPIRES_AFTER).into(),
        done_at: here.then(|| now.into()),
    };
    store::insert(tx.conn(), &row)?;
    Ok(fresh)
}

/// Takes an upload for this request alone. An older request that still holds it is sent away first.
///
/// # Errors
/// Missing: unknown, expired, somebody else's, another node's. `upload_locked` when the older one does not let go.
pub async fn open(app: &Arc<App>, owner: UserId, name: &UploadName) -> Outcome<Opened> {
    // Asked twice: strangers disturb nobody, and whoever held it may have ended it.
    let id = find(app, owner, name).await?.id;
    let hold = app.uploads.holds.take(id).await?;
    let row = find(app, owner, name).await?;
    Ok(Opened { row, hold })
}

async fn find(app: &App, owner: UserId, name: &UploadName) -> Outcome<UploadRow> {
    let missing = || Fault::missing("该上传，请重新创建");
    if name.node() != app.uploads.node() {
        return Err(missing());
    }
    let id = name.id();
    let found = app.db.read(move |conn| store::find(conn, id)).await?;
    found.filter(|row| row.owner_id == owner && row.expires_at.0 > machine_now()).ok_or_else(missing)
}

impl Opened {
    /// Appends a body that begins at `from`. Where `resumed`, bytes that are here already are passed over; otherwise
    /// `from` must be the offset. Whatever arrived stays, even if the body breaks off.
    ///
    /// # Errors
    /// `offset_differs`; [`Fault::TooLarge`] for a body beyond the announced length, of which nothing is kept;
    /// `checksum_differs`; `unreadable_body`, `unreadable_timeout`; `upload_locked` when a newer request took over;
    /// [`Fault::Full`].
    pub async fn receive<S>(mut self, app: &Arc<App>, at: At, body: Body<S>) -> Outcome<Self>
    where
        S: Stream<Item = Result<Bytes, ()>> + Unpin,
    {
        let offset = self.offset(app).await?;
        let from = match at {
            At::Exactly(from) if i64::try_from(from) != Ok(offset) => {
                let detail = format!("续传位置应为 {offset}");
                return Err(Fault::refused("offset_differs", detail));
            }
            At::Exactly(from) => from,
            At::Beginning => 0,
        };
        let empty = body.announced == Some(0) && body.checksum.is_none();
        if self.row.done_at.is_some() || empty {
            return Ok(self);
        }
        let span = receiving::Span {
            path: app.uploads.path(self.row.id),
            from,
            offset: offset.unsigned_abs(),
            length: self.row.length.unsigned_abs(),
        };
        let ended = receiving::receive(span, body, &mut self.hold).await;
        // A body that is whole although its end was lost is complete.
        let whole = ended.is_err() && self.offset(app).await? == self.row.length;
        if whole { Ok(self) } else { ended.map(|()| self) }
    }

    async fn offset(&self, app: &Arc<App>) -> Outcome<i64> {
        if self.row.done_at.is_some() {
            return Ok(self.row.length);
        }
        let path = app.uploads.path(self.row.id);
        let length = tokio::task::spawn_blocking(move || staging::synced_length(&path)).await;
        let length = length.map_err(Fault::internal)?.map_err(staging::fault)?;
        i64::try_from(length).map_err(Fault::internal)
    }

    /// How far it is. What is whole and has no receipt is completed now.
    ///
    /// # Errors
    /// Those of the completion: a photo that can never be kept is dropped with its upload (`hash_differs` and the like);
    /// what may pass, such as a storage that does not answer, leaves everything for the next time.
    pub async fn progress(self, app: &Arc<App>, stamp: Stamp) -> Outcome<UploadView> {
        let offset = self.offset(app).await?;
        let Self { row, hold } = self;
        let (app, view) = (app.clone(), view_of(&row, offset));
        if offset < row.length {
            return Ok(view);
        }
        let receipt = tokio::task::spawn_blocking(move || {
            // Held until the work ends, even if the client does not wait for it.
            let _hold = hold;
            completing::receipt_of(&app, stamp, &row)
        });
        Ok(UploadView { receipt: Some(receipt.await.map_err(Fault::internal)??), ..view })
    }

    /// Gives the upload up: what arrived is dropped. A photo that has its receipt stays.
    ///
    /// # Errors
    /// The database's.
    pub async fn terminate(self, app: &Arc<App>, stamp: Stamp) -> Outcome<()> {
        let Self { row, hold } = self;
        let app = app.clone();
        let dropped = tokio::task::spawn_blocking(move || {
            let _hold = hold;
            completing::drop_upload(&app, stamp, &row, "terminated")
        });
        dropped.await.map_err(Fault::internal)?
    }
}

/// Where a body begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// At this offset, which must be the upload's.
    Exactly(u64),
    /// At the photo's first byte; what is here already is passed over.
    Beginning,
}

fn view_of(row: &UploadRow, offset: i64) -> UploadView {
    UploadView {
        upload: UploadName::new(&row.node, row.id),
        offset: offset.min(row.length),
        length: row.length,
        expires_at: row.expires_at.0,
        receipt: None,
    }
}
