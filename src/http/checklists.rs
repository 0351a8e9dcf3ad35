//! Reading check items.

use super::answer::{Found, Tagged};
use super::caller::Allowed;
use super::extract::{ApiPath, ApiQuery};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::checklists::{self, ChecklistItems, ChecklistView};
use crate::directory::FacilityKind;
use crate::ids::ChecklistId;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// All published versions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Checklists {
    items: Vec<ChecklistView>,
}
impl Tagged for Checklists {}
impl Tagged for ChecklistItems {}

pub async fn list(caller: Allowed<may::ReadChecklists>) -> Answer<Found<Checklists>> {
    Ok(Found(Checklists { items: caller.read(checklists::list).await? }))
}

/// Which items.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ItemQuery {
    /// Only those of this kind of facility.
    #[garde(skip)]
    #[param(inline)]
    kind: Option<FacilityKind>,
}

pub async fn find(
    caller: Allowed<may::ReadChecklists>,
    ApiPath(id): ApiPath<ChecklistId>,
    ApiQuery(query): ApiQuery<ItemQuery>,
) -> Answer<Found<ChecklistItems>> {
    Ok(Found(caller.read(move |conn| checklists::find(conn, id, query.kind)).await?))
}
