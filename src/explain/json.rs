//! Explanations as a JSON document, schema `coalmine.explain/v1`: fields are added there, never renamed or removed.
//!
//! Knows the document. Refuses to know what is explained.

use serde_json::{Map, Value, json};

use super::{Field, Found, Manual};

const SCHEMA: &str = "coalmine.explain/v1";

/// The kinds.
#[must_use]
pub fn kinds(manual: &Manual) -> String {
    let kinds: Vec<Value> = manual
        .kinds
        .iter()
        .map(|kind| {
            json!({
                "name": kind.root.name,
                "apiVersion": kind.api_version,
                "aliases": kind.aliases,
                "summary": kind.root.summary(),
            })
        })
        .collect();
    pretty(&json!({"schema": SCHEMA, "kinds": kinds}))
}

/// One field; with `recursive` everything below it, else the fields directly below it.
#[must_use]
pub fn field(found: &Found<'_>, recursive: bool) -> String {
    let levels = if recursive { usize::MAX } else { 1 };
    let mut described = describe(found.field, levels);
    if let Some(simulation) = found.simulation() {
        described.insert("simulation".to_owned(), simulation.into());
    }
    pretty(&json!({
        "schema": SCHEMA,
        "kind": found.kind.root.name,
        "apiVersion": found.kind.api_version,
        "path": found.path(),
        "field": described,
    }))
}

fn describe(field: &Field, levels: usize) -> Map<String, Value> {
    let detail: Vec<Value> = field
        .detail
        .iter()
        .map(|remark| json!({"id": remark.id, "text": remark.text}))
        .collect();
    let mut described = Map::new();
    let mut add = |key: &str, value: Value| described.insert(key.to_owned(), value);
    add("name", field.name.as_str().into());
    add("type", field.kind.as_str().into());
    add("required", field.required.into());
    add("default", json!(field.default));
    add("summary", field.summary().into());
    add("description", field.description.as_str().into());
    add("behaviour", detail.into());
    add("simulation", json!(field.simulation));
    add("example", json!(field.example));
    if let Some(levels) = levels.checked_sub(1) {
        let children = field.children.iter().map(|child| describe(child, levels));
        add("fields", children.map(Value::Object).collect());
    }
    described
}

fn pretty(document: &Value) -> String {
    format!("{document:#}\n")
}
