//! The task sheet of an operator.

use super::answer::Document;
use super::caller::Allowed;
use super::extract::ApiQuery;
use super::problem::Answer;
use crate::access::permissions::may;
use crate::db::types::coded;
use crate::fault::Fault;
use crate::files::sha256_of;
use crate::ids::{AreaId, FacilityId};
use crate::letters::task_sheet::{self as sheets, Whose};
use garde::Validate;
use serde::Deserialize;
use utoipa::IntoParams;

coded! {
    /// What a task sheet is written as.
    pub enum SheetFormat {
        /// To be printed or sent on.
        Pdf = "pdf" "PDF",
        /// To be pasted into a message.
        Text = "txt" "文本",
    }
}

/// Whose sheet: either an operator's or a facility's.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct SheetQuery {
    /// All facilities of this operator, by its name.
    #[garde(length(chars, min = 1, max = 200))]
    operator: Option<String>,
    /// Of them only those in this street.
    #[garde(skip)]
    street_id: Option<AreaId>,
    /// One facility.
    #[garde(skip)]
    facility_id: Option<FacilityId>,
    /// What it is written as: `pdf` unless given.
    #[garde(skip)]
    #[param(inline)]
    format: Option<SheetFormat>,
}

pub async fn task_sheet(
    caller: Allowed<may::ReadFindings>,
    ApiQuery(query): ApiQuery<SheetQuery>,
) -> Answer<Document> {
    let whose = match (query.operator, query.facility_id) {
        (Some(name), None) => Whose::Operator { name, street_id: query.street_id },
        (None, Some(id)) if query.street_id.is_none() => Whose::Facility(id),
        _ => {
            let detail = "须给出 operator（可加 street_id）或 facility_id，二者取其一";
            return Err(Fault::invalid("/operator", "one_of", detail).into());
        }
    };
    let (scope, now, app) = (caller.scope.clone(), caller.now, caller.app().clone());
    let config = app.config.clone();
    let sheet = caller.read(move |conn| sheets::task_sheet(conn, &scope, &whose, &config, now)).await?;
    let (bytes, content_type, name) = match query.format.unwrap_or(SheetFormat::Pdf) {
        SheetFormat::Text => (sheet.text().into_bytes(), "text/plain; charset=utf-8", "task-sheet.txt"),
        SheetFormat::Pdf => {
            let made = tokio::task::spawn_blocking(move || sheets::pdf(&app, &sheet)).await;
            (made.map_err(Fault::internal)??, "application/pdf", "task-sheet.pdf")
        }
    };
    let sha256 = sha256_of(&bytes);
    Ok(Document { bytes, content_type: content_type.into(), name: name.into(), sha256 })
}
