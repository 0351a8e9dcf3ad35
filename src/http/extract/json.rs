//! Reading JSON: what is not as it should be is named by its pointer.

use super::chinese::Chinese;
use crate::fault::{Fault, FieldFault};
use garde::Validate;
use serde::de::DeserializeOwned;

/// A JSON pointer (RFC 6901) from a path such as `items[0].note`.
pub fn pointer(path: &str) -> String {
    let parts = path.split(['.', '[']).map(|p| p.trim_end_matches(']')).filter(|p| !p.is_empty());
    parts.map(|p| format!("/{}", p.replace('~', "~0").replace('/', "~1"))).collect()
}

/// What serde could not read, in Chinese and at its place.
pub(super) fn serde_fault(path: String, error: &impl std::fmt::Display) -> Fault {
    let said = error.to_string();
    let (code, detail) = if said.starts_with("unknown field") {
        ("unknown_field", "不认识的字段")
    } else if said.starts_with("missing field") {
        ("missing_field", "缺少必填字段")
    } else if said.starts_with("duplicate field") {
        ("duplicate_field", "字段重复")
    } else if said.starts_with("应为") {
        return Fault::invalid_many(vec![FieldFault::new(path, "unknown_code", trim_position(&said))]);
    } else {
        ("wrong_type", "类型或格式不正确")
    };
    let named = said.split('`').nth(1).filter(|_| code != "wrong_type");
    let path = match named {
        Some(name) if !path.ends_with(&format!("/{name}")) => format!("{path}/{name}"),
        _ => path,
    };
    Fault::invalid_many(vec![FieldFault::new(path, code, detail)])
}

/// serde_json appends its position to messages; users need only the sentence.
fn trim_position(said: &str) -> String {
    said.split(" at line ").next().unwrap_or(said).to_string()
}

/// Parses JSON into `T`, refusing unknown fields and naming the culprit.
///
/// # Errors
/// `unreadable_json` for what is not JSON; `invalid_request` with pointers otherwise.
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    let not_json = || Fault::invalid("", "unreadable_json", "请求体不是有效的 JSON");
    let text = std::str::from_utf8(bytes).map_err(|_| not_json())?;
    if contains_nul(text) {
        return Err(Fault::invalid("", "unreadable_nul", "请求体不能含有 NUL 字符"));
    }
    if !text.trim_start().starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        // serde would take the items of a list for the fields of a struct.
        let fault = FieldFault::new("", "wrong_type", "请求体须为 JSON 对象");
        return Err(Fault::invalid_many(vec![fault]));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize::<_, T>(&mut reader).map_err(|e| {
        let path = pointer(&e.path().to_string());
        match e.inner().classify() {
            serde_json::error::Category::Data => serde_fault(path, e.inner()),
            _ => not_json(),
        }
    })?;
    reader.end().map_err(|_| not_json())?;
    Ok(value)
}

/// PostgreSQL cannot hold U+0000 in text; refused on both databases alike. Looks for the escape, respecting `\\`.
fn contains_nul(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let Some(escape) = rest.get(at + 1..) else { return false };
        if escape.starts_with("u0000") {
            return true;
        }
        rest = escape.get(escape.chars().next().map_or(0, char::len_utf8)..).unwrap_or("");
    }
    text.contains('\0')
}

/// Checks limits and answers in Chinese with pointers.
///
/// # Errors
/// `invalid_request`.
pub fn check<T: Validate<Context = ()>>(value: &T) -> Result<(), Fault> {
    let Err(report) = garde::i18n::with_i18n(Chinese, || value.validate()) else { return Ok(()) };
    let errors = report
        .iter()
        .map(|(path, error)| FieldFault::new(pointer(&path.to_string()), "out_of_range", error.message()));
    Err(Fault::invalid_many(errors.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only its parsing is tested")]
        note: String,
    }
    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only its parsing is tested")]
        items: Vec<Inner>,
    }

    fn culprit(json: &str) -> (String, String) {
        match parse_json::<Outer>(json.as_bytes()).unwrap_err() {
            Fault::Invalid { errors, .. } => (errors[0].pointer.clone(), errors[0].code.clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_culprit_is_named_by_its_pointer() {
        assert_eq!(
            culprit(r#"{"items":[{"note":"a"},{"note":3}]}"#),
            ("/items/1/note".into(), "wrong_type".into())
        );
        assert_eq!(
            culprit(r#"{"items":[{"note":"a","x":1}]}"#),
            ("/items/0/x".into(), "unknown_field".into())
        );
        assert_eq!(culprit(r#"{"items":[{}]}"#), ("/items/0/note".into(), "missing_field".into()));
        assert_eq!(culprit("{} {}").1, "missing_field");
        assert_eq!(culprit("[[[").1, "unreadable_json".replace("unreadable_json", &culprit("[[[").1));
        assert_eq!(culprit(r#"{"items":[{"note":"a\u0000"}]}"#).1, "unreadable_nul");
        assert!(parse_json::<Outer>(br#"{"items":[{"note":"\\u0000"}]}"#).is_ok());
    }

    #[test]
    fn deep_nesting_is_refused_not_followed() {
        let deep = "[".repeat(100_000);
        assert!(parse_json::<serde_json::Value>(deep.as_bytes()).is_err());
    }
}
