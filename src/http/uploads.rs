//! Uploads in pieces: by tus, and by plain POSTs for clients that have neither PATCH nor headers of their own.

use super::answer::{Done, Found, Made, Tagged};
use super::caller::{Allowed, Anyone};
use super::extract::{ApiJson, ApiPath, ApiQuery, ApiStream};
use super::problem::Answer;
use super::tus::{Answered, Appended, Begun, Capabilities, Creation, Instead, Offset, Piece, Tus, TusBody};
use crate::access::permissions::may;
use crate::fault::{Fault, Outcome};
use crate::ids::PhotoId;
use crate::photos::{self, MAX_LENGTH, PhotoView, hash_is_well_formed};
use crate::uploads::{self, Announced, At, Body, Opened, UploadName, UploadView};
use bytes::Bytes;
use futures_util::Stream;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

type Uploader = Allowed<may::UploadPhoto>;

impl Tagged for UploadView {}

pub async fn options(_: Anyone) -> Answer<Capabilities> {
    Ok(Capabilities)
}

pub async fn create(caller: Uploader, _: Tus, Creation(announced): Creation, body: TusBody) -> Answer<Begun> {
    let name = uploads::begin(caller.app(), caller.stamp(), announced).await?;
    let opened = open(&caller, &name).await?;
    Ok(Begun(append(&caller, opened, At::Beginning, body.into_body()).await?))
}

pub async fn head(caller: Uploader, _: Tus, ApiPath(name): ApiPath<UploadName>) -> Answer<Offset> {
    Ok(Offset(progress(&caller, &name).await?))
}

pub async fn patch(
    caller: Uploader,
    _: Tus,
    ApiPath(name): ApiPath<UploadName>,
    Piece(offset): Piece,
    body: TusBody,
) -> Answer<Appended> {
    let opened = open(&caller, &name).await?;
    Ok(Appended(append(&caller, opened, At::Exactly(offset), body.into_body()).await?))
}

pub async fn delete(caller: Uploader, _: Tus, ApiPath(name): ApiPath<UploadName>) -> Answer<Done> {
    terminate(&caller, &name).await?;
    Ok(Done)
}

pub async fn instead(
    caller: Uploader,
    _: Tus,
    ApiPath(name): ApiPath<UploadName>,
    instead: Instead,
    body: TusBody,
) -> Answer<Answered> {
    Ok(match instead {
        Instead::Patch(offset) => {
            let opened = open(&caller, &name).await?;
            let view = append(&caller, opened, At::Exactly(offset), body.into_body()).await?;
            Answered::Patch(Appended(view))
        }
        Instead::Delete => {
            terminate(&caller, &name).await?;
            Answered::Delete
        }
        Instead::Head => Answered::Head(Offset(progress(&caller, &name).await?)),
    })
}

/// What a phone says of the photo that it is about to send.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlainUpload {
    /// The client's id for it, a UUIDv7.
    #[garde(skip)]
    photo_id: PhotoId,
    /// SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    #[garde(custom(hash_is_well_formed))]
    #[schema(pattern = "^[0-9a-f]{64}$")]
    sha256: String,
    /// Bytes.
    #[garde(range(min = 1))]
    #[schema(minimum = 1, maximum = 20_971_520)]
    length: i64,
}

/// An upload, and where its pieces go.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlainUploadView {
    /// How far it is.
    #[serde(flatten)]
    upload: UploadView,
    /// Where its pieces go; `?offset=N` is to be added.
    chunks_url: String,
}

impl Tagged for PlainUploadView {}

pub async fn create_plain(
    caller: Uploader,
    ApiJson(asked): ApiJson<PlainUpload>,
) -> Answer<Made<PlainUploadView>> {
    let PlainUpload { photo_id, sha256, length } = asked;
    let name = uploads::begin(caller.app(), caller.stamp(), Announced { photo_id, sha256, length }).await?;
    let chunks_url = format!("/api/v1/uploads/{name}/chunks");
    Ok(Made::New(PlainUploadView { upload: progress(&caller, &name).await?, chunks_url }))
}

pub async fn find(caller: Uploader, ApiPath(name): ApiPath<UploadName>) -> Answer<Found<UploadView>> {
    Ok(Found(progress(&caller, &name).await?))
}

/// Where a piece begins.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ChunkQuery {
    /// Bytes before it, which must all have arrived.
    #[garde(range(max = MAX_LENGTH as u64))]
    offset: u64,
}

pub async fn chunk(
    caller: Uploader,
    ApiPath(name): ApiPath<UploadName>,
    ApiQuery(query): ApiQuery<ChunkQuery>,
    body: ApiStream,
) -> Answer<Found<UploadView>> {
    let opened = open(&caller, &name).await?;
    Ok(Found(append(&caller, opened, At::Exactly(query.offset), body.into_body()).await?))
}

pub async fn receipt(caller: Uploader, ApiPath(id): ApiPath<PhotoId>) -> Answer<Found<PhotoView>> {
    let owner = caller.user_id;
    let receipt = caller.read(move |conn| photos::receipt(conn, owner, id)).await?;
    Ok(Found(receipt.ok_or_else(|| Fault::missing("照片"))?))
}

async fn open(caller: &Uploader, name: &UploadName) -> Outcome<Opened> {
    uploads::open(caller.app(), caller.user_id, name).await
}

async fn progress(caller: &Uploader, name: &UploadName) -> Outcome<UploadView> {
    open(caller, name).await?.progress(caller.app(), caller.stamp()).await
}

async fn terminate(caller: &Uploader, name: &UploadName) -> Outcome<()> {
    open(caller, name).await?.terminate(caller.app(), caller.stamp()).await
}

/// In a task of its own: when the connection breaks, actix drops the request, but not what has arrived of it.
async fn append<S>(caller: &Uploader, opened: Opened, at: At, body: Body<S>) -> Outcome<UploadView>
where
    S: Stream<Item = Result<Bytes, ()>> + Unpin + 'static,
{
    let (app, stamp) = (caller.app().clone(), caller.stamp());
    let work = async move { opened.receive(&app, at, body).await?.progress(&app, stamp).await };
    actix_web::rt::spawn(work).await.map_err(Fault::internal)?
}
