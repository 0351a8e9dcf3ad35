//! Photos and documents: sent whole, read back as the original or as a small picture.

use super::answer::{Document, Found, Made, Tagged};
use super::caller::Allowed;
use super::content::{self, Asked, Content, File};
use super::extract::{ApiPath, ApiPath2, ApiQuery, ApiStream};
use super::problem::Answer;
use super::turns::Turns;
use crate::access::permissions::{Action, Permission, may};
use crate::access::scope::scope_of;
use crate::fault::{Fault, Outcome};
use crate::files::sha256_of;
use crate::ids::PhotoId;
use crate::photos::renditions::SIZES;
use crate::photos::{self, PhotoView, hash_is_well_formed};
use crate::uploads;
use garde::Validate;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

impl Tagged for PhotoView {}

/// Pictures decoded at a time: each may take hundreds of megabytes.
static DECODERS: Turns = Turns::new(2, "too many pictures to decode");

/// What the client says of the bytes that it sends.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Claimed {
    /// SHA-256 of the body, 64 lower-case hexadecimal digits.
    #[garde(custom(hash_is_well_formed))]
    #[param(pattern = "^[0-9a-f]{64}$")]
    sha256: String,
}

pub async fn put(
    caller: Allowed<may::UploadPhoto>,
    ApiPath(id): ApiPath<PhotoId>,
    ApiQuery(claimed): ApiQuery<Claimed>,
    body: ApiStream,
) -> Answer<Made<PhotoView>> {
    let (app, stamp) = (caller.app().clone(), caller.stamp());
    let scratch = app.uploads.scratch();
    uploads::stage(&scratch, body.into_body()).await?;
    let arrived = tokio::task::spawn_blocking(move || {
        uploads::arrive_whole(&app, stamp, id, &claimed.sha256, &scratch)
    });
    let received = arrived.await.map_err(Fault::internal)??;
    Ok(if received.new { Made::New(received.receipt) } else { Made::Same(received.receipt) })
}

/// A photo within reach. What is sealed is shown to those who may know who complained, and each look is in the trail.
async fn seen<P: Permission>(caller: &Allowed<P>, id: PhotoId) -> Outcome<PhotoView> {
    let (places, user) = (caller.scope.places(), caller.user_id);
    let found = caller.read(move |conn| photos::find(conn, &places, user, id)).await;
    let Some(unsealed) = scope_of(Action::ReadReporter, &caller.holder().reaches) else { return found };
    if !matches!(found, Err(Fault::Missing(_))) {
        return found;
    }
    let sealed = caller.read(move |conn| photos::find_sealed(conn, &unsealed, id)).await?;
    let look = caller.write(move |tx| {
        tx.audit("photo", id, json!({ "sealed": true }));
        Ok(())
    });
    look.await?;
    Ok(sealed)
}

pub async fn find(
    caller: Allowed<may::ReadPhotos>,
    ApiPath(id): ApiPath<PhotoId>,
) -> Answer<Found<PhotoView>> {
    Ok(Found(seen(&caller, id).await?))
}

pub async fn content(
    caller: Allowed<may::ReadOriginals>,
    ApiPath(id): ApiPath<PhotoId>,
    asked: Asked,
) -> Answer<Content> {
    let (photo, app) = (seen(&caller, id).await?, caller.app().clone());
    let name = photos::file_name(&photo);
    content::content(app, File { sha256: photo.sha256, content_type: photo.content_type, name }, asked).await
}

pub async fn rendition(
    caller: Allowed<may::ReadPhotos>,
    ApiPath2(id, size): ApiPath2<PhotoId, u32>,
) -> Answer<Document> {
    if !SIZES.contains(&size) {
        return Err(Fault::missing("该尺寸的照片").into());
    }
    let (photo, app) = (seen(&caller, id).await?, caller.app().clone());
    let bytes = DECODERS.run(move || photos::small(&app.files, &photo, size)).await?;
    let (name, sha256) = (format!("photo-{id}-{size}.jpg"), sha256_of(&bytes));
    Ok(Document { bytes, content_type: "image/jpeg".into(), name, sha256 })
}
