//! The specification: committed, complete, and sound in itself.

use super::app::TestApp;
use super::client::is_chinese;
use super::spec;
use super::suite::{Suite, both, once};
use serde_json::Value;
use std::collections::BTreeSet;
use yixun::http::openapi;

pub fn register(suite: &mut Suite) {
    once!(suite:
        the_committed_document_is_the_generated_one,
        operations_are_named_and_guarded,
        every_reference_resolves,
        paths_and_parameters_agree,
        bodies_are_closed,
    );
    both!(suite: the_server_gives_the_document);
}

fn the_committed_document_is_the_generated_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let generated = openapi::text();
    let command = "cargo run --release -- openapi > openapi/openapi.json";
    let line = committed.lines().zip(generated.lines()).position(|(a, b)| a != b);
    let line = line.unwrap_or_else(|| committed.lines().count().min(generated.lines().count())) + 1;
    assert!(
        committed == generated,
        "openapi/openapi.json differs from the code from line {line} on. Run: {command}"
    );
}

fn operations_are_named_and_guarded() {
    let mut ids = BTreeSet::new();
    for op in spec::operations() {
        let told = format!("{} {}", op.method, op.path);
        assert!(ids.insert(op.id.clone()), "{told}: {} is there twice", op.id);
        assert!(op.id.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{told}: {}", op.id);
        assert!(is_chinese(op.object["summary"].as_str().unwrap_or_default()), "{told}: no Chinese summary");
        let responses = op.object["responses"].as_object().expect("responses");
        assert!(responses.keys().any(|status| status.starts_with('2')), "{told}: no success");
        for (status, response) in responses {
            assert!(is_chinese(response["description"].as_str().unwrap_or_default()), "{told}: {status}");
        }
        let security = op.object["security"].as_array().map_or(0, Vec::len);
        let refusals = (responses.contains_key("401"), responses.contains_key("403"));
        match op.permission {
            Some(_) => assert_eq!((security, refusals), (1, (true, true)), "{told}"),
            None => {
                assert_eq!((security, refusals.1), (0, false), "{told}: nobody's permission is asked for")
            }
        }
    }
}

fn walk<'v>(value: &'v Value, seen: &mut Vec<&'v str>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| match value {
            Value::String(target) if key == "$ref" => seen.push(target),
            other => walk(other, seen),
        }),
        Value::Array(items) => items.iter().for_each(|item| walk(item, seen)),
        _ => {}
    }
}

fn every_reference_resolves() {
    let document = openapi::document();
    let mut references = vec![];
    walk(&document, &mut references);
    assert!(references.len() > 20);
    for target in &references {
        let pointer =
            target.strip_prefix('#').unwrap_or_else(|| panic!("{target} leads out of the document"));
        assert!(document.pointer(pointer).is_some(), "{target} leads nowhere");
    }
    let used: BTreeSet<&str> =
        references.iter().filter_map(|r| r.strip_prefix("#/components/schemas/")).collect();
    let named = document["components"]["schemas"].as_object().expect("schemas");
    let idle: Vec<&String> = named.keys().filter(|name| !used.contains(name.as_str())).collect();
    assert!(idle.is_empty(), "schemas that nothing refers to: {idle:?}");
}

fn paths_and_parameters_agree() {
    for op in spec::operations() {
        let told = format!("{} {}", op.method, op.path);
        let opened = op.path.split('{').skip(1);
        let in_path: BTreeSet<String> =
            opened.filter_map(|rest| Some(rest.split_once('}')?.0.to_string())).collect();
        let parameters = op.object["parameters"].as_array().cloned().unwrap_or_default();
        let mut names = BTreeSet::new();
        for parameter in &parameters {
            let text = |name: &str| parameter[name].as_str().unwrap_or_default().to_string();
            assert!(names.insert((text("in"), text("name"))), "{told}: {} twice", text("name"));
            assert!(parameter["schema"].is_object(), "{told}: {} has no schema", text("name"));
        }
        let declared: BTreeSet<String> =
            names.iter().filter(|(place, _)| place == "path").map(|(_, name)| name.clone()).collect();
        assert_eq!(declared, in_path, "{told}");
    }
}

/// What the server refuses, the document forbids: unknown fields in bodies.
fn bodies_are_closed() {
    let document = openapi::document();
    for op in spec::operations().iter().filter(|op| op.takes_json()) {
        let schema = &op.object["requestBody"]["content"]["application/json"]["schema"];
        let target = schema["$ref"].as_str().and_then(|r| r.strip_prefix('#')).expect("a named schema");
        let schema = document.pointer(target).expect("the schema");
        assert_eq!(schema["additionalProperties"], false, "{}", op.id);
    }
}

fn the_server_gives_the_document(app: &TestApp) {
    let answer = app.anyone().get("//openapi.json");
    assert_eq!(answer.status, 200);
    assert_eq!(String::from_utf8_lossy(&answer.bytes), openapi::text());
}
