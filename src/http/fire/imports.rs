//! Certificates and equipment from CSV.

use crate::access::permissions::may;
use crate::fire::import::{self, ImportReport};
use crate::http::answer::{Found, Tagged};
use crate::http::caller::Allowed;
use crate::http::extract::ApiJson;
use crate::http::problem::Answer;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

impl Tagged for ImportReport {}

/// A file.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportFile {
    /// The text of the CSV, with its header.
    #[garde(length(chars, min = 1, max = 200_000))]
    csv: String,
    /// Only judges, and stores nothing.
    #[serde(default)]
    #[garde(skip)]
    dry_run: bool,
}

pub async fn certificates(
    caller: Allowed<may::KeepFireRegister>,
    ApiJson(file): ApiJson<ImportFile>,
) -> Answer<Found<ImportReport>> {
    let (holder, app, now) = (caller.holder(), caller.app().clone(), caller.now);
    let rows =
        caller.read(move |conn| import::read_certificates(conn, &holder, &file.csv, &app.keys, now)).await?;
    if file.dry_run {
        return Ok(Found(ImportReport::dry(rows.len())));
    }
    let (holder, rule) = (caller.holder(), caller.app().config.fire_duty);
    Ok(Found(caller.write(move |tx| import::enter_certificates(tx, &holder, &rows, rule)).await?))
}

pub async fn equipment(
    caller: Allowed<may::KeepFireRegister>,
    ApiJson(file): ApiJson<ImportFile>,
) -> Answer<Found<ImportReport>> {
    let (holder, now) = (caller.holder(), caller.now);
    let rows = caller.read(move |conn| import::read_equipment(conn, &holder, &file.csv, now)).await?;
    if file.dry_run {
        return Ok(Found(ImportReport::dry(rows.len())));
    }
    let (holder, rule) = (caller.holder(), caller.app().config.fire_duty);
    Ok(Found(caller.write(move |tx| import::enter_equipment(tx, &holder, &rows, rule)).await?))
}
