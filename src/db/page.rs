//! Keyset pages. A cursor is opaque to clients: base64url of the last row's key.

use crate::fault::{Fault, Outcome};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, de::DeserializeOwned};
use std::borrow::Cow;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// Rows a page at the most.
pub const MAX_LIMIT: i64 = 100;

/// One page of a list.
#[derive(Debug, Clone, Serialize, serde::Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Cursor of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A page of each kind of row has a name of its own; the derived one is `Page` for all of them.
impl<T: ToSchema> ToSchema for Page<T> {
    fn name() -> Cow<'static, str> {
        format!("{}Page", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
        schemas.push((T::name().into_owned(), T::schema()));
    }
}

impl<T: ToSchema> PartialSchema for Page<T> {
    fn schema() -> RefOr<Schema> {
        let rows = ArrayBuilder::new().items(Ref::from_schema_name(T::name())).description(Some("The rows."));
        let cursor = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Cursor of the next page; absent on the last."));
        let page =
            ObjectBuilder::new().property("items", rows).required("items").property("next_cursor", cursor);
        page.description(Some("One page of a list.")).into()
    }
}

/// Which page: asked for by a client.
#[derive(Debug, Clone, Default)]
pub struct PageAsk {
    /// Rows wanted, 1–100.
    pub limit: Option<i64>,
    /// The cursor of the page before.
    pub cursor: Option<String>,
}

impl PageAsk {
    /// The number of rows, 50 unless asked otherwise.
    ///
    /// # Errors
    /// `out_of_range` when not within 1–100.
    pub fn limit(&self) -> Outcome<i64> {
        match self.limit.unwrap_or(50) {
            n @ 1..=MAX_LIMIT => Ok(n),
            _ => Err(Fault::invalid("/limit", "out_of_range", "limit 应在 1 到 100 之间")),
        }
    }

    /// The key after which the page begins.
    ///
    /// # Errors
    /// `bad_cursor` when the text is not one that we gave out.
    pub fn after<K: DeserializeOwned>(&self) -> Outcome<Option<K>> {
        let bad = || Fault::invalid("/cursor", "bad_cursor", "cursor 无效，请从第一页重新开始");
        let Some(text) = &self.cursor else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
        // PostgreSQL cannot hold U+0000, and no key of ours has it.
        if bytes.windows(6).any(|w| w == b"\\u0000") {
            return Err(bad());
        }
        serde_json::from_slice(&bytes).map(Some).map_err(|_| bad())
    }
}

/// Makes a page of rows that were loaded with `limit + 1`.
pub fn page<R, T, K: Serialize>(
    mut rows: Vec<R>,
    limit: i64,
    key: impl Fn(&R) -> K,
    view: impl Fn(R) -> T,
) -> Page<T> {
    let limit = usize::try_from(limit).unwrap_or(0);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = match rows.last() {
        Some(last) if more => serde_json::to_vec(&key(last)).ok().map(|bytes| URL_SAFE_NO_PAD.encode(bytes)),
        _ => None,
    };
    Page { items: rows.into_iter().map(view).collect(), next_cursor }
}
