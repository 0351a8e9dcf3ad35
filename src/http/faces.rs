//! Looking at photos for faces before a letter prints them.

use super::answer::{Found, Made, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::ids::{LetterId, PhotoId};
use crate::letters::{self, LetterPhotos, Seen};
use crate::photos::{self, FaceCheckView};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

impl Tagged for FaceCheckView {}
impl Tagged for LetterPhotos {}

/// What somebody saw in a photo.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckFaces {
    /// A face can be made out in it.
    #[garde(skip)]
    shows_face: bool,
}

pub async fn check(
    caller: Allowed<may::CheckFaces>,
    ApiPath(id): ApiPath<PhotoId>,
    ApiJson(body): ApiJson<CheckFaces>,
) -> Answer<Made<FaceCheckView>> {
    let by = caller.holder();
    let check = caller.write(move |tx| photos::check_faces(tx, &by, id, body.shows_face)).await?;
    Ok(Made::New(check))
}

pub async fn of_letter(
    caller: Allowed<may::ReadDrafts>,
    ApiPath(id): ApiPath<LetterId>,
) -> Answer<Found<LetterPhotos>> {
    let inside = caller.scope.places();
    Ok(Found(caller.read(move |conn| letters::photos(conn, &inside, id)).await?))
}

/// What somebody saw in a photo of a letter.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckLetterPhoto {
    /// The photo.
    #[garde(skip)]
    photo_id: PhotoId,
    /// A face can be made out in it.
    #[garde(skip)]
    shows_face: bool,
}

/// What somebody saw in photos of a letter.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckLetterPhotos {
    /// One for each photo.
    #[garde(length(min = 1, max = 200), dive)]
    checks: Vec<CheckLetterPhoto>,
}

pub async fn check_of_letter(
    caller: Allowed<may::CheckFaces>,
    ApiPath(id): ApiPath<LetterId>,
    ApiJson(body): ApiJson<CheckLetterPhotos>,
) -> Answer<Made<LetterPhotos>> {
    let by = caller.holder();
    let seen = |c: &CheckLetterPhoto| Seen { photo_id: c.photo_id, shows_face: c.shows_face };
    let seen: Vec<Seen> = body.checks.iter().map(seen).collect();
    Ok(Made::New(caller.write(move |tx| letters::check_photos(tx, &by, id, &seen)).await?))
}
