//! `coalmine explain`: the catalogue as a whole, and pages as users see them.
//!
//! The pages in `tests/explain` are exact; `UPDATE=1` writes them anew.

#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use coalmine::explain::{Field, Manual, schema, text};
use serde_json::{Value, json};

fn run(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coalmine"));
    let output = command.env_clear().arg("explain").args(args).output();
    output.expect("the program runs")
}

fn stdout(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(output.status.code(), Some(0), "{args:?}");
    assert!(output.stderr.is_empty(), "{args:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The exit code and what is written to stderr; nothing may be written to stdout.
fn refusal(path: &str) -> (Option<i32>, String) {
    let output = run(&[path]);
    assert!(output.stdout.is_empty(), "{path}");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    (output.status.code(), stderr)
}

/// Every field of every kind with its path.
fn fields(manual: &Manual) -> Vec<(String, &Field)> {
    fn list<'m>(field: &'m Field, path: &str, found: &mut Vec<(String, &'m Field)>) {
        found.push((path.to_owned(), field));
        for child in &field.children {
            list(child, &format!("{path}.{}", child.name), found);
        }
    }
    let mut found = Vec::new();
    for kind in &manual.kinds {
        list(&kind.root, &kind.root.name.to_lowercase(), &mut found);
    }
    found
}

#[test]
fn pages_are_as_they_were_reviewed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain");
    let mut wrong = Vec::new();
    for (name, args) in [
        ("kinds", vec![]),
        (
            "abort-scale-down-delay",
            vec!["rollout.spec.strategy.canary.abortScaleDownDelaySeconds"],
        ),
        ("blue-green", vec!["ro.strategy.blueGreen"]),
        (
            "failure-limit",
            vec!["analysistemplates.spec.metrics[0].failureLimit"],
        ),
        ("experiment-duration", vec!["experiment.spec.duration"]),
        ("scenario-traffic", vec!["scenario.traffic"]),
        ("error-rate", vec!["sc.images.errorRate"]),
        (
            "traffic-routing-tree",
            vec![
                "Rollout.spec.strategy.canary.trafficRouting.istio",
                "--recursive",
            ],
        ),
        (
            "set-weight",
            vec![
                "rollout.strategy.canary.steps[2].setWeight",
                "--output",
                "json",
            ],
        ),
    ] {
        let page = stdout(&args);
        let path = folder.join(name).with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &page).expect("a page is written");
        }
        if fs::read_to_string(&path).unwrap_or_default() != page {
            wrong.push(name);
        }
    }
    assert!(
        wrong.is_empty(),
        "changed: {wrong:?}; UPDATE=1 accepts that"
    );
}

#[test]
fn the_page_in_the_readme_is_what_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("a README");
    let file = "tests/explain/failure-limit.txt";
    let page = fs::read_to_string(root.join(file)).expect("a page");
    let block = format!("<!-- {file} -->\n```text\n{page}```\n");
    assert!(readme.contains(&block), "README.md does not show {file}");
}

#[test]
fn every_field_has_a_short_first_sentence_and_is_found_by_its_path() {
    let manual = Manual::argo();
    let fields = fields(&manual);
    assert!(500 < fields.len(), "{} fields", fields.len());
    for (path, field) in fields {
        let summary = field.summary();
        assert!(!summary.is_empty(), "{path} has no description");
        assert!(summary.ends_with('.'), "{path}: {summary}");
        assert!(summary.chars().count() <= 130, "{path}: {summary}");
        let first = summary.trim_start_matches('`').chars().next();
        assert!(
            summary.starts_with('`') || first.is_some_and(char::is_uppercase),
            "{path}: {summary}"
        );
        let found = manual.find(&path).expect("a path to a field");
        assert_eq!(found.field, field, "{path}");
    }
}

#[test]
fn pages_fit_into_100_columns() {
    let manual = Manual::argo();
    let look = text::Look::default();
    for (path, _) in fields(&manual) {
        let page = text::field(&manual.find(&path).expect("a field"), look);
        // A path cannot be broken.
        for line in page.lines().skip(1) {
            assert!(line.chars().count() <= 100, "{path}: {line}");
        }
    }
}

/// Whether all keys of a value are fields, at all depths.
fn fits(value: &Value, field: &Field) -> bool {
    let child = |key: &str| field.children.iter().find(|child| child.name == key);
    match value {
        _ if field.children.is_empty() => true,
        Value::Array(items) => items.iter().all(|item| fits(item, field)),
        Value::Object(map) if field.kind.starts_with("map[") => map.values().all(|value| {
            let kind = "object".to_owned();
            fits(
                value,
                &Field {
                    kind,
                    ..field.clone()
                },
            )
        }),
        Value::Object(map) => map
            .iter()
            .all(|(key, value)| child(key).is_some_and(|child| fits(value, child))),
        _ => false,
    }
}

#[test]
fn examples_have_known_fields_only_and_show_their_field() {
    let manual = Manual::argo();
    let mut count = 0;
    for (path, field) in fields(&manual) {
        let Some(example) = &field.example else {
            continue;
        };
        count += 1;
        let value: Value =
            serde_yaml::from_str(example).unwrap_or_else(|error| panic!("{path}: {error}"));
        // An example shows the field in its object, in an item of its list, or is the object itself.
        let above = manual.find(&path).expect("a field").above;
        let in_parent = above.last().is_some_and(|parent| fits(&value, parent));
        assert!(in_parent || fits(&value, field), "{path}: {example}");
        let key = format!("{}:", field.name);
        assert!(!in_parent || example.contains(&key), "{path}: {example}");
    }
    assert!(100 < count, "{count} examples");
}

#[test]
fn ids_of_behaviours_have_their_form() {
    let groups = ["AN", "CA", "TR", "BG", "RO", "EX", "PR"];
    for (path, field) in fields(&Manual::argo()) {
        for remark in &field.detail {
            let Some(id) = &remark.id else { continue };
            let (group, number) = id.split_once('-').expect("a group and a number");
            assert!(groups.contains(&group), "{path}: {id}");
            assert!(
                number.len() == 2 && number.parse::<u8>().is_ok(),
                "{path}: {id}"
            );
        }
    }
}

#[test]
fn a_field_inherits_what_the_simulation_does_with_its_object() {
    let page = stdout(&["at.metrics.provider.graphite.query"]);
    assert!(
        page.contains("In the simulation:\n  Nothing is queried"),
        "{page}"
    );
    let page = stdout(&["at.metrics.provider.web.jsonPath"]);
    assert!(page.contains("In the simulation:\n  Obeyed"), "{page}");
    let page = stdout(&["rollout.spec.replicas"]);
    assert!(!page.contains("In the simulation"), "{page}");
}

#[test]
fn what_leads_nowhere_ends_with_code_2_and_a_suggestion() {
    let (code, told) = refusal("rollout.spec.strategy.canary.stpes");
    assert_eq!(code, Some(2));
    assert_eq!(
        told,
        "error[unknown-field]: `spec.strategy.canary` has no field `stpes`
 |
 = help: did you mean `steps`?

"
    );
    for (path, part) in [
        ("rolout", "did you mean `rollout`?"),
        ("pod.spec", "the kinds are `Rollout`"),
        (
            "ro.dynamicStableScale",
            "did you mean `rollout.spec.strategy.canary.dynamicStableScale`?",
        ),
        (
            "ro.template.spec.containers",
            "`kubectl explain` knows the fields",
        ),
        ("ro.replicas.x", "has the type integer and no fields"),
        (&"a.".repeat(20_000), "is no kind that can be explained"),
        (&format!("ro{}", "[".repeat(20_000)), ""),
        ("\u{1b}x", r"\u{1b}x"),
    ] {
        let output = run(&[path]);
        let told = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(told.contains(part), "{told}");
        let is_refused = !part.is_empty();
        assert_eq!(output.status.code(), Some(if is_refused { 2 } else { 0 }));
    }
}

#[test]
fn colours_are_there_when_asked_for_only() {
    let plain = stdout(&["rollout"]);
    assert!(!plain.contains('\u{1b}'));
    let coloured = stdout(&["rollout", "--color", "always"]);
    assert!(coloured.contains('\u{1b}'));
}

#[test]
fn the_list_of_kinds_is_available_as_json() {
    let document: Value = serde_json::from_str(&stdout(&["--output", "json"])).expect("JSON");
    assert_eq!(document["schema"], json!("coalmine.explain/v1"));
    assert_eq!(document["kinds"][0]["aliases"], json!(["ro"]));
    assert_eq!(document["kinds"].as_array().map(Vec::len), Some(5));
}

#[test]
fn a_kind_from_a_schema_is_explained_like_the_others() {
    let schema = json!({
        "description": "The world around a release.",
        "properties": {"spec": {
            "properties": {"traffic": {"$ref": "#/$defs/Traffic", "description": "Requests."}}
        }},
        "$defs": {"Traffic": {"properties": {"rate": {
            "type": "number", "description": "Requests per second.", "default": 10
        }}}}
    });
    let kind = schema::kind("Scenario", &[], "coalmine/v1alpha1", &schema);
    let manual = Manual::argo().with(kind);
    let found = manual.find("scenario.traffic").expect("a field");
    assert_eq!(
        text::field(&found, text::Look::default()),
        "Scenario spec.traffic

type        object

Requests.

Fields:
  rate  number  Requests per second.
"
    );
}
