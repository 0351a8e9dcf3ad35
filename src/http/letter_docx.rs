//! The editable copy of a letter, for insiders. The PDF is the record: what goes to a street is that alone.

use super::answer::Document;
use super::caller::Allowed;
use super::extract::ApiPath;
use super::letters::sender;
use super::problem::Answer;
use super::turns::Turns;
use crate::access::permissions::may;
use crate::files::sha256_of;
use crate::ids::LetterId;
use crate::letters::{self, Reader, render};

/// Documents made at a time: each decodes up to 200 photos.
static MAKERS: Turns = Turns::new(2, "too many letters to write");

const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

pub async fn docx(caller: Allowed<may::ReadDrafts>, ApiPath(id): ApiPath<LetterId>) -> Answer<Document> {
    let (reader, sender, now) = (Reader::inside(&caller.scope.places()), sender(&caller), caller.now);
    let app = caller.app().clone();
    let letter = caller
        .read(move |conn| {
            let row = letters::row(conn, &reader, id)?;
            letters::preview(conn, &sender, &row, now)
        })
        .await?;
    let bytes = MAKERS.run(move || render::editable(&app, &letter)).await?;
    let (name, sha256) = (format!("letter-{id}.docx"), sha256_of(&bytes));
    Ok(Document { bytes, content_type: WORD.into(), name, sha256 })
}
