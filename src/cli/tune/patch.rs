//! What turns the manifests into the policy that was chosen.

#![expect(
    clippy::disallowed_methods,
    reason = "the place where the patch is written to a file"
)]

use std::fmt::Write as _;
use std::path::Path;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::policies::Policies;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::wording::quoted;
use crate::input;
use crate::report::json::indented;
use crate::tune::report::{Report, text};
use crate::vary::{self, patch};

/// How a patch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// JSON Patch (RFC 6902), one for each object, with the object that it is for
    Json,
    /// Merge patches as YAML, with whole lists
    Merge,
    /// The files that change, with everything else as it was
    Yaml,
}

/// The patch for the policy that was chosen.
pub(super) fn written(
    format: Format,
    policies: &Policies,
    report: &Report,
) -> Result<String, Box<Diagnostic>> {
    let Some(choice) = &report.choice else {
        let message = "there is nothing to write: no policy keeps the limits";
        return Err(Box::new(Diagnostic::error("no-choice", message)));
    };
    let before = policies.input();
    let files = vary::changed(before, policies.changes(choice.policy))?;
    if format == Format::Yaml {
        let mut out = comment(report);
        let old = before.files();
        let changed = files
            .iter()
            .zip(&old)
            .filter(|(new, old)| new.bytes != old.bytes);
        for (index, (new, _)) in changed.enumerate() {
            if 0 < index {
                out.push_str("---\n");
            }
            let _ = writeln!(out, "# {}", new.name.replace(char::is_control, " "));
            out.push_str(&String::from_utf8_lossy(&new.bytes));
            if !out.ends_with('\n') {
                out.push('\n');
            }
        }
        return Ok(out);
    }
    let old = before.policies();
    let new = input::read(files).policies();
    let pairs = || old.iter().zip(&new).filter(|(old, new)| old != new);
    if format == Format::Json {
        let patches: Vec<Value> = pairs()
            .map(|(old, new)| json!({"target": target(old), "patch": patch::operations(old, new)}))
            .collect();
        return Ok(indented(&patches));
    }
    let mut out = comment(report);
    for (old, new) in pairs() {
        let mut patch = json!({
            "apiVersion": old["apiVersion"], "kind": old["kind"], "metadata": {"name": old["metadata"]["name"]},
        });
        if let Some(namespace) = old["metadata"].get("namespace") {
            patch["metadata"]["namespace"] = namespace.clone();
        }
        if let Some(Value::Object(changes)) = patch::merge(old, new) {
            for (key, change) in changes {
                patch[key.as_str()] = change;
            }
        }
        out.push_str("---\n");
        out.push_str(&serde_yaml::to_string(&patch).unwrap_or_default());
    }
    Ok(out)
}

/// Writes a patch to a file.
pub(super) fn keep(file: &Path, text: &str) -> Result<(), Box<Diagnostic>> {
    std::fs::write(file, text).map_err(|error| {
        let name = quoted(&file.display().to_string());
        Box::new(Diagnostic::error(
            "cannot-write",
            format!("{name} cannot be written: {error}"),
        ))
    })
}

/// What changed and what it buys.
fn comment(report: &Report) -> String {
    let mut out = "# coalmine tune\n".to_owned();
    for line in text::choice(report) {
        if !line.is_empty() {
            let _ = writeln!(out, "# {}", line.replace(char::is_control, " "));
        }
    }
    out
}

/// Which object a JSON Patch is for, as kustomize names it.
fn target(object: &Value) -> Value {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let mut target = json!({
        "group": group, "version": version, "kind": object["kind"], "name": object["metadata"]["name"],
    });
    if let Some(namespace) = object["metadata"].get("namespace") {
        target["namespace"] = namespace.clone();
    }
    target
}
