//! Where the arguments of an analysis get their values.
//!
//! Follows `utils/analysis/factory.go: BuildArgumentsForRolloutAnalysisRun` and Kubernetes'
//! `pkg/fieldpath/fieldpath.go: ExtractFieldPathAsString`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::spec::Rollout;
use crate::spec::analysis::{AnalysisRunArgument, Argument};
use crate::spec::metadata::ObjectMeta;
use crate::spec::wire;
use crate::validation::labels;

/// The pod template hashes that arguments may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashes<'a> {
    /// Hash of the stable revision (`podTemplateHashValue: Stable`).
    pub stable: &'a str,
    /// Hash of the revision to be released (`podTemplateHashValue: Latest`).
    pub latest: &'a str,
}

/// Arguments with their values, and what was wrong with them.
#[derive(Clone, Debug, PartialEq)]
pub struct BuiltArguments {
    /// One for each argument that was asked for, all with a value, or none after an error in
    /// `metadata`.
    pub arguments: Vec<Argument>,
    /// The error, if any. Argo's validation ignores it, creating an `AnalysisRun` does not.
    pub error: Option<String>,
}

/// The arguments that a Rollout passes to an analysis, with their values.
///
/// A field of `metadata` that cannot be read ends the search at once. A path elsewhere gives an
/// empty value, and its error is forgotten when a later field can be read: that is how the
/// controller does it.
#[must_use]
pub fn build(
    args: &[AnalysisRunArgument],
    hashes: Hashes<'_>,
    rollout: &Rollout,
) -> BuiltArguments {
    let mut built = BuiltArguments {
        arguments: Vec::new(),
        error: None,
    };
    for arg in args {
        let mut value = arg.value.clone().unwrap_or_default();
        if let Some(from) = &arg.value_from {
            if let Some(revision) = &from.pod_template_hash_value {
                match revision.as_str() {
                    "Latest" => hashes.latest.clone_into(&mut value),
                    "Stable" => hashes.stable.clone_into(&mut value),
                    _ => {}
                }
            } else if let Some(reference) = &from.field_ref {
                let path = reference.field_path.as_deref().unwrap_or_default();
                let is_metadata = path.starts_with("metadata");
                let read = if is_metadata {
                    metadata_field(rollout.metadata.as_ref(), path)
                } else {
                    rollout_field(rollout, path)
                };
                match read {
                    Ok(read) => (value, built.error) = (read, None),
                    Err(error) if is_metadata => {
                        return BuiltArguments {
                            arguments: Vec::new(),
                            error: Some(error),
                        };
                    }
                    Err(error) => (value, built.error) = (String::new(), Some(error)),
                }
            }
        }
        built.arguments.push(Argument {
            name: Some(arg.name.clone().unwrap_or_default()),
            value: Some(value),
            value_from: None,
        });
    }
    built
}

/// A field of an object's metadata as text: name, namespace, UID, all labels or annotations, or one
/// of them (`metadata.labels['app']`).
///
/// # Errors
///
/// Any other path, and a key that cannot be that of a label.
pub fn metadata_field(metadata: Option<&ObjectMeta>, path: &str) -> Result<String, String> {
    let no_metadata = ObjectMeta::default();
    let metadata = metadata.unwrap_or(&no_metadata);
    if let Some((parent, key)) = split_subscript(path) {
        let (checked_key, map) = match parent {
            "metadata.annotations" => (key.to_lowercase(), &metadata.annotations),
            "metadata.labels" => (key.to_owned(), &metadata.labels),
            _ => {
                return Err(format!(
                    "fieldPath {} does not support subscript",
                    wire::quote(path)
                ));
            }
        };
        let wrong = labels::qualified_name_errors(&checked_key);
        if !wrong.is_empty() {
            return Err(format!(
                "invalid key subscript in {path}: {}",
                wrong.join(";")
            ));
        }
        return Ok(map
            .as_ref()
            .and_then(|map| map.get(key))
            .cloned()
            .unwrap_or_default());
    }
    match path {
        "metadata.annotations" => Ok(format_map(metadata.annotations.as_ref())),
        "metadata.labels" => Ok(format_map(metadata.labels.as_ref())),
        "metadata.name" => Ok(metadata.name().to_owned()),
        "metadata.namespace" => Ok(metadata.namespace().to_owned()),
        "metadata.uid" => Ok(metadata.uid.clone().unwrap_or_default()),
        _ => Err(format!("unsupported fieldPath: {path}")),
    }
}

/// A field of the whole Rollout as text, such as `spec.strategy.canary.steps[0].setWeight`
/// (`factory.go: extractValueFromRollout`).
fn rollout_field(rollout: &Rollout, path: &str) -> Result<String, String> {
    let root = serde_json::to_value(rollout).unwrap_or_default();
    let mut found = &root;
    let nothing = Value::Null;
    for section in path
        .split(['.', '[', ']'])
        .filter(|section| !section.is_empty())
    {
        found = match found {
            Value::Array(items) => {
                let index = parse_index(section)?;
                let item = usize::try_from(index)
                    .ok()
                    .and_then(|index| items.get(index));
                // Argo crashes on a negative index. Ours is an error like one too large.
                item.ok_or_else(|| format!("index {index} out of range"))?
            }
            Value::Object(fields) => fields.get(section).unwrap_or(&nothing),
            _ => return Err(format!("invalid path {path} in rollout")),
        };
    }
    match found {
        Value::Null => Err(format!("invalid path {path} in rollout")),
        Value::Array(_) | Value::Object(_) => Err(format!(
            "path {path} in rollout must terminate in a primitive value"
        )),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(number) => Ok(wire::float(number.as_f64().unwrap_or_default())),
        Value::String(text) => Ok(text.clone()),
    }
}

fn parse_index(section: &str) -> Result<i64, String> {
    section
        .parse()
        .map_err(|_| format!("invalid index '{section}'"))
}

/// `a.b['c']` as `a.b` and `c` (`fieldpath.go: SplitMaybeSubscriptedPath`).
fn split_subscript(path: &str) -> Option<(&str, &str)> {
    let (parent, key) = path.strip_suffix("']")?.split_once("['")?;
    (!parent.is_empty()).then_some((parent, key))
}

/// All entries, one a line, sorted (`fieldpath.go: FormatMap`).
fn format_map(map: Option<&BTreeMap<String, String>>) -> String {
    let mut text = String::new();
    for (key, value) in map.into_iter().flatten() {
        writeln!(text, "{key}={}", wire::quote(value)).expect("writing to a String cannot fail");
    }
    text.trim_end_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASHES: Hashes<'_> = Hashes {
        stable: "old",
        latest: "new",
    };

    fn build_yaml(args: &str) -> BuiltArguments {
        let rollout: Rollout = serde_yaml::from_str(
            "{metadata: {name: web, uid: u1, labels: {app: web, tier: a}, annotations: {Who: me}},
              spec: {replicas: 1000000, paused: true,
              strategy: {canary: {steps: [{setWeight: 20}]}}}}",
        )
        .expect("a Rollout");
        build(
            &serde_yaml::from_str::<Vec<_>>(args).expect("arguments"),
            HASHES,
            &rollout,
        )
    }

    fn field(path: &str) -> Result<String, String> {
        let built = build_yaml(&format!(
            "[{{name: a, valueFrom: {{fieldRef: {{fieldPath: \"{path}\"}}}}}}]"
        ));
        match built.error {
            Some(error) => Err(error),
            None => Ok(built.arguments[0].value.clone().unwrap_or_default()),
        }
    }

    #[test]
    fn hashes_come_from_the_two_revisions() {
        let built = build_yaml(
            "[{name: a, valueFrom: {podTemplateHashValue: Latest}},
              {name: b, valueFrom: {podTemplateHashValue: Stable}},
              {name: c, value: x}, {name: d}]",
        );
        let values: Vec<_> = built
            .arguments
            .iter()
            .map(|arg| arg.value.as_deref().unwrap_or("-"))
            .collect();
        assert_eq!(values, ["new", "old", "x", ""]);
        assert_eq!(built.error, None);
    }

    #[test]
    fn metadata_is_read_as_pods_read_theirs() {
        assert_eq!(field("metadata.name").as_deref(), Ok("web"));
        assert_eq!(field("metadata.namespace").as_deref(), Ok("default"));
        assert_eq!(field("metadata.uid").as_deref(), Ok("u1"));
        assert_eq!(
            field("metadata.labels").as_deref(),
            Ok("app=\"web\"\ntier=\"a\"")
        );
        assert_eq!(field("metadata.labels['app']").as_deref(), Ok("web"));
        assert_eq!(field("metadata.labels['none']").as_deref(), Ok(""));
        assert_eq!(field("metadata.annotations['Who']").as_deref(), Ok("me"));
        assert_eq!(
            field("metadata.x").expect_err("an error"),
            "unsupported fieldPath: metadata.x"
        );
        assert_eq!(
            field("metadata.x['y']").expect_err("an error"),
            r#"fieldPath "metadata.x['y']" does not support subscript"#
        );
        assert!(
            field("metadata.labels['-']")
                .expect_err("an error")
                .starts_with(
                    "invalid key subscript in metadata.labels['-']: name part must consist of"
                )
        );
    }

    #[test]
    fn other_fields_are_read_from_the_rollouts_json() {
        assert_eq!(field("spec.paused").as_deref(), Ok("true"));
        assert_eq!(field("spec.replicas").as_deref(), Ok("1e+06"));
        assert_eq!(
            field("spec.strategy.canary.steps[0].setWeight").as_deref(),
            Ok("20")
        );
        assert_eq!(
            field("spec.strategy.canary.steps[1]").expect_err("an error"),
            "index 1 out of range"
        );
        assert_eq!(
            field("spec.strategy.canary.steps[x]").expect_err("an error"),
            "invalid index 'x'"
        );
        assert_eq!(
            field("spec.nothing.here").expect_err("an error"),
            "invalid path spec.nothing.here in rollout"
        );
        assert_eq!(
            field("spec.strategy").expect_err("an error"),
            "path spec.strategy in rollout must terminate in a primitive value"
        );
    }

    #[test]
    fn a_later_field_hides_an_earlier_error() {
        let built = build_yaml(
            "[{name: a, valueFrom: {fieldRef: {fieldPath: spec.no}}},
              {name: b, valueFrom: {fieldRef: {fieldPath: spec.paused}}}]",
        );
        assert_eq!(built.error, None);
        assert_eq!(built.arguments[0].value.as_deref(), Some(""));
    }
}
