//! The JSON Schema of scenarios, for editors that complete and check them.
//!
//! Knows what serde's types do not say: that unknown fields are mistakes, and which words some fields take.
//! Simplifies: values are checked for their types only; everything else is checked when a scenario is read.

use schemars::schema_for;
use serde_json::{Map, Value, json};

use super::{Written, action, check};

/// Types whose fields may be `null`, which takes back what an extended scenario says.
const NULLABLE: [&str; 3] = ["Spec", "Image", "Expect"];

/// The JSON Schema (draft 2020-12) of a scenario.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schema_for!(Written).to_value();
    let Some(root) = schema.as_object_mut() else {
        return schema;
    };
    root.insert("title".to_owned(), json!("A scenario of coalmine"));
    root.insert("required".to_owned(), json!(["apiVersion", "kind"]));
    tighten(root, false);
    let definitions = root.get_mut("$defs").and_then(Value::as_object_mut);
    for (name, definition) in definitions.into_iter().flatten() {
        if let Some(definition) = definition.as_object_mut() {
            tighten(definition, NULLABLE.contains(&name.as_str()));
        }
    }
    let words = [
        ("/properties/apiVersion", vec!["coalmine/v1alpha1"]),
        ("/properties/kind", vec!["Scenario"]),
        ("/$defs/Expect/properties/verdict", check::verdicts()),
        ("/$defs/Action/properties/do", action::words()),
        ("/$defs/Action/properties/on", action::events()),
        (
            "/$defs/PluginResult/properties/phase",
            check::plugin_phases(),
        ),
        (
            "/$defs/Telemetry/properties/profiles/items",
            check::profiles(),
        ),
    ];
    for (pointer, words) in words {
        if let Some(field) = schema.pointer_mut(pointer).and_then(Value::as_object_mut) {
            let is_nullable = field.get("type").is_some_and(Value::is_array);
            let mut words: Vec<Value> = words.into_iter().map(Value::from).collect();
            words.extend(is_nullable.then_some(Value::Null));
            field.insert("enum".to_owned(), Value::from(words));
        }
    }
    schema
}

/// The schema as a file.
#[must_use]
pub fn text() -> String {
    format!("{:#}\n", schema())
}

/// Refuses unknown fields of a type, and `null` unless it has a meaning.
fn tighten(definition: &mut Map<String, Value>, nullable: bool) {
    let Some(fields) = definition
        .get_mut("properties")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    if !nullable {
        for field in fields.values_mut().filter_map(Value::as_object_mut) {
            without_null(field);
        }
    }
    definition.insert("additionalProperties".to_owned(), json!(false));
}

/// Removes `null` from what a field takes.
fn without_null(field: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = field.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            field.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(ways)) = field.get_mut("anyOf") {
        ways.retain(|way| way != &json!({ "type": "null" }));
        if let [Value::Object(only)] = &ways[..] {
            let only = only.clone();
            field.remove("anyOf");
            field.extend(only);
        }
    }
}
