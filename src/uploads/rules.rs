//! Names and times of uploads: PURE.

use crate::ids::UploadId;
use chrono::TimeDelta;
use std::fmt;
use std::str::FromStr;

/// How long an upload may be continued.
pub const EXPIRES_AFTER: TimeDelta = TimeDelta::days(7);

/// Whether a text can be the name of a node: it becomes part of URLs, and nginx picks the node by it.
pub fn is_node_name(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// The name of an upload, `{node}.{uuid}`: its bytes lie on that node alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadName {
    node: String,
    id: UploadId,
}

impl UploadName {
    /// The name of an upload on a node.
    pub fn new(node: &str, id: UploadId) -> Self {
        Self { node: node.into(), id }
    }

    /// The node.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// The upload.
    pub fn id(&self) -> UploadId {
        self.id
    }
}

impl fmt::Display for UploadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.node, self.id)
    }
}

/// Not the name of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoUpload;

impl FromStr for UploadName {
    type Err = NoUpload;

    fn from_str(text: &str) -> Result<Self, NoUpload> {
        let (node, id) = text.split_once('.').ok_or(NoUpload)?;
        if !is_node_name(node) {
            return Err(NoUpload);
        }
        Ok(Self { node: node.into(), id: id.parse().map_err(|_| NoUpload)? })
    }
}

impl serde::Serialize for UploadName {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl utoipa::PartialSchema for UploadName {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
        ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_node_and_an_id() {
        let text = "node-1.0197f3a0-0000-7000-8000-000000000001";
        let name: UploadName = text.parse().unwrap();
        assert_eq!((name.node(), name.to_string()), ("node-1", text.to_string()));
        for wrong in [
            "0197f3a0-0000-7000-8000-000000000001",
            ".0197f3a0-0000-7000-8000-000000000001",
            "Node.0197f3a0-0000-7000-8000-000000000001",
            "a.b.0197f3a0-0000-7000-8000-000000000001",
            "a.x",
            "../a.0197f3a0-0000-7000-8000-000000000001",
        ] {
            assert_eq!(wrong.parse::<UploadName>(), Err(NoUpload), "{wrong}");
        }
    }

    #[test]
    fn names_of_nodes_are_short_and_plain() {
        assert!(is_node_name("a") && is_node_name("node-1") && is_node_name(&"a".repeat(20)));
        for wrong in ["", "A", "a.b", "a_b", "é", &"a".repeat(21)] {
            assert!(!is_node_name(wrong), "{wrong}");
        }
    }
}
