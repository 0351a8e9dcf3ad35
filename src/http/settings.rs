//! Settings of the bureau.

use super::answer::{Found, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, IfMatch};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::settings::{self, Name, SettingView};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

impl Tagged for SettingView {
    fn revision(&self) -> Option<i32> {
        Some(self.revision)
    }
}

/// All settings.
#[derive(Debug, Serialize, ToSchema)]
pub struct Settings {
    /// In a fixed order.
    items: Vec<SettingView>,
}

impl Tagged for Settings {}

pub async fn list(caller: Allowed<may::ReadSettings>) -> Answer<Found<Settings>> {
    let items = caller.read(settings::list).await?;
    Ok(Found(Settings { items }))
}

pub async fn find(
    caller: Allowed<may::ReadSettings>,
    ApiPath(name): ApiPath<Name>,
) -> Answer<Found<SettingView>> {
    Ok(Found(caller.read(move |conn| settings::find(conn, name)).await?))
}

/// A new value.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingBody {
    /// The value.
    #[garde(skip)]
    #[schema(value_type = Object)]
    value: Value,
    /// Why.
    #[garde(length(chars, min = 2, max = 500))]
    reason: String,
}

pub async fn put(
    caller: Allowed<may::WriteSettings>,
    ApiPath(name): ApiPath<Name>,
    IfMatch(revision): IfMatch,
    ApiJson(body): ApiJson<SettingBody>,
) -> Answer<Found<SettingView>> {
    let put = caller.write(move |tx| settings::put(tx, name, &body.value, &body.reason, revision));
    Ok(Found(put.await?))
}
