//! "The same content": equal SHA-256 of the RFC 8785 canonical form. And what differs, by JSON pointer. PURE.

use crate::fault::{Fault, Outcome};
use crate::files::sha256_of;
use serde::Serialize;
use serde_json::Value;

/// The SHA-256 (lower-case hex) of the canonical form of a value.
///
/// # Errors
/// [`Fault::Internal`] for what has no JSON form.
pub fn hash<T: Serialize>(value: &T) -> Outcome<String> {
    let bytes = serde_json_canonicalizer::to_vec(value).map_err(Fault::internal)?;
    Ok(sha256_of(&bytes))
}

/// The JSON pointers (RFC 6901) at which two values differ, at most 50.
pub fn differences(a: &Value, b: &Value) -> Vec<String> {
    let mut found = vec![];
    walk(a, b, String::new(), &mut found);
    found.truncate(50);
    found
}

fn walk(a: &Value, b: &Value, at: String, found: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            for key in x.keys().chain(y.keys().filter(|k| !x.contains_key(*k))) {
                let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                let (x, y) = (x.get(key).unwrap_or(&Value::Null), y.get(key).unwrap_or(&Value::Null));
                walk(x, y, pointer, found);
            }
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            for (n, (x, y)) in x.iter().zip(y).enumerate() {
                walk(x, y, format!("{at}/{n}"), found);
            }
        }
        (x, y) if x != y => found.push(at),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn order_and_number_form_make_no_difference() {
        let (a, b) = (json!({"a": 1.0, "b": [1, "x"]}), json!({"b": [1, "x"], "a": 1.0}));
        assert_eq!(hash(&a).unwrap(), hash(&b).unwrap());
        assert_ne!(hash(&a).unwrap(), hash(&json!({"a": 2, "b": [1, "x"]})).unwrap());
    }

    #[test]
    fn what_differs_is_named() {
        let a = json!({"same": 1, "x/y": {"z": [1, 2]}, "gone": true, "list": [1]});
        let b = json!({"same": 1, "x/y": {"z": [1, 3]}, "list": [1, 2], "new": 0});
        let mut found = differences(&a, &b);
        found.sort();
        assert_eq!(found, ["/gone", "/list", "/new", "/x~1y/z/1"]);
    }
}
