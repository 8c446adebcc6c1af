//! The JSON Schema of scenarios, as a file and as printed.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::expectation::case::Folder;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `UPDATE=1` rewrites the file.
#[test]
fn the_schema_beside_the_scenarios_is_the_printed_one() {
    let told = Folder::new("schema").run(&["schema"]);
    assert_eq!(told.code, Some(0));
    let file = root().join("scenarios/scenario.schema.json");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, &told.stdout).expect("a writable folder");
    }
    let committed = fs::read_to_string(file).expect("the schema");
    assert!(
        committed == told.stdout,
        "the schema has changed; UPDATE=1 rewrites it"
    );
}

#[test]
fn editors_find_the_schema_of_every_shipped_scenario() {
    for entry in fs::read_dir(root().join("scenarios")).expect("the folder of scenarios") {
        let folder = entry.expect("a readable folder").path();
        if !folder.is_dir() {
            continue;
        }
        let text = fs::read_to_string(folder.join("scenario.yaml")).expect("a scenario");
        let line = "# yaml-language-server: $schema=../scenario.schema.json\n";
        assert!(text.starts_with(line), "{}", folder.display());
    }
}

#[test]
fn the_schema_refuses_unknown_fields_everywhere() {
    let schema = coalmine::scenario::schema::schema();
    let definitions = schema["$defs"].as_object().expect("definitions");
    let mut strict = 0;
    for (name, definition) in definitions.iter().chain([(&"root".to_owned(), &schema)]) {
        if definition.get("properties").is_some() {
            assert_eq!(
                definition["additionalProperties"],
                Value::Bool(false),
                "{name}"
            );
            strict += 1;
        }
    }
    assert!(20 <= strict, "only {strict} types");
}

#[test]
fn words_are_offered_and_null_only_where_it_has_a_meaning() {
    let schema = coalmine::scenario::schema::schema();
    let words = |pointer: &str| {
        let field = schema.pointer(pointer).and_then(|field| field.get("enum"));
        field.and_then(Value::as_array).map_or(0, Vec::len)
    };
    assert_eq!(words("/$defs/Action/properties/do"), 14);
    assert_eq!(words("/$defs/Action/properties/on"), 9);
    // Ten verdicts, and `null`.
    assert_eq!(words("/$defs/Expect/properties/verdict"), 11);
    assert_eq!(
        schema["$defs"]["Window"]["properties"]["from"]["$ref"],
        "#/$defs/Time"
    );
    let until = &schema["$defs"]["Spec"]["properties"]["until"]["anyOf"];
    assert!(
        until
            .as_array()
            .is_some_and(|ways| ways.contains(&serde_json::json!({"type": "null"})))
    );
}
