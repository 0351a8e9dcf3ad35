//! The editable copy of a letter, for insiders. The PDF is the record: what goes to a street is that alone.

use super::answer::Document;
use super::caller::Allowed;
use super::extract::ApiPath;
use super::letters::sender;
use super::problem::Answer;
use crate::access::permissions::may;
use crate::fault::{Fault, Outcome};
use crate::files::sha256_of;
use crate::ids::LetterId;
use crate::letters::{self, Reader, render};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Documents made at a time: each decodes up to 200 photos.
static MAKERS: Semaphore = Semaphore::const_new(2);
/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

async fn turn() -> Outcome<SemaphorePermit<'static>> {
    let busy = |_| Fault::Busy("too many letters to write".into());
    tokio::time::timeout(PATIENCE, MAKERS.acquire()).await.map_err(busy)?.map_err(Fault::internal)
}

pub async fn docx(caller: Allowed<may::ReadDrafts>, ApiPath(id): ApiPath<LetterId>) -> Answer<Document> {
    let (reader, sender, now) = (Reader::inside(&caller.scope.places()), sender(&caller), caller.now);
    let app = caller.app().clone();
    let letter = caller
        .read(move |conn| {
            let row = letters::row(conn, &reader, id)?;
            letters::preview(conn, &sender, &row, now)
        })
        .await?;
    let turn = turn().await?;
    let made = tokio::task::spawn_blocking(move || {
        // Held until the work ends, even if the client does not wait for it.
        let _turn = turn;
        render::editable(&app, &letter)
    });
    let bytes = made.await.map_err(Fault::internal)??;
    let (name, sha256) = (format!("letter-{id}.docx"), sha256_of(&bytes));
    Ok(Document { bytes, content_type: WORD.into(), name, sha256 })
}
