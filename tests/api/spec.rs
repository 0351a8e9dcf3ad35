//! The operations, as the specification tells of them.

use serde_json::Value;
use ureq::http::Method;
use yixun::access::Action;
use yixun::db::types::Coded as _;
use yixun::http::openapi;

/// An operation.
#[derive(Debug, Clone)]
pub struct Op {
    /// Its id.
    pub id: String,
    /// Its method.
    pub method: Method,
    /// Its path template, below `/api/v1`.
    pub path: String,
    /// The permission that it needs; none where it is public.
    pub permission: Option<Action>,
    /// The whole operation object.
    pub object: Value,
}

/// All operations.
pub fn operations() -> Vec<Op> {
    let document = openapi::document();
    let mut found = vec![];
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, object) in methods.as_object().expect("methods") {
            let text =
                |name: &str| object[name].as_str().unwrap_or_else(|| panic!("{method} {path} has no {name}"));
            let permission = match text("x-permission") {
                "public" => None,
                code => Some(
                    Action::from_code(code).unwrap_or_else(|| panic!("{path}: unknown permission {code}")),
                ),
            };
            found.push(Op {
                id: text("operationId").to_string(),
                method: method.to_uppercase().parse().expect("a method"),
                path: path.strip_prefix("/api/v1").expect("below /api/v1").to_string(),
                permission,
                object: object.clone(),
            });
        }
    }
    found
}

impl Op {
    /// Whether it takes a JSON body.
    pub fn takes_json(&self) -> bool {
        self.object["requestBody"]["content"].get("application/json").is_some()
    }

    /// Whether a parameter of this kind is declared (`query`, `header`, `path`).
    pub fn has_parameter(&self, place: &str) -> bool {
        self.object["parameters"].as_array().is_some_and(|all| all.iter().any(|p| p["in"] == place))
    }

    /// Its path with something well-formed in every place, which is most likely not there.
    pub fn any_path(&self) -> String {
        let fill = |part: &str| match part {
            "{size}" => "320".to_string(),
            "{position}" => "1".to_string(),
            "{name}" => "sampling".to_string(),
            "{page}.png" => "1.png".into(),
            part if part.starts_with('{') => super::build::uuid().to_string(),
            part => part.to_string(),
        };
        self.path.split('/').map(fill).collect::<Vec<_>>().join("/")
    }
}
