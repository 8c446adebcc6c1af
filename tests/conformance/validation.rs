//! The controllers' own validation against the answer keys `argo/tables/validation-*.jsonl.gz`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use coalmine::spec::{Metric, Rollout};
use coalmine::validation::{validate_metrics, validate_rollout};
use flate2::read::GzDecoder;
use serde::Deserialize;

/// How one table went.
pub(crate) struct Outcome {
    /// Rows that agree.
    pub(crate) passed: usize,
    /// All rows.
    pub(crate) total: usize,
    /// The first rows that differ, with both answers.
    pub(crate) failures: Vec<String>,
}

/// A Rollout and all messages of `ValidateRollout` in order.
#[derive(Deserialize)]
struct RolloutRow {
    manifest: String,
    errors: Vec<String>,
}

/// Metrics and the message of `ValidateMetrics`, empty when they are valid.
#[derive(Deserialize)]
struct MetricsRow {
    metrics: Vec<Metric>,
    error: String,
}

/// Compares all messages of every Rollout. Kubernetes' own rules for pod templates are left out on both
/// sides.
pub(crate) fn rollouts(corpus: &Path) -> Outcome {
    compare(corpus, "validation-rollout.jsonl.gz", |row: &RolloutRow| {
        let rollout: Rollout = serde_yaml::from_str(&row.manifest).expect("a readable Rollout");
        let errors = validate_rollout(&rollout)
            .iter()
            .map(ToString::to_string)
            .collect();
        (
            without_pod_template(errors),
            without_pod_template(row.errors.clone()),
        )
    })
}

/// Compares the message of every list of metrics.
pub(crate) fn metrics(corpus: &Path) -> Outcome {
    compare(corpus, "validation-metrics.jsonl.gz", |row: &MetricsRow| {
        let error = validate_metrics(&row.metrics).err();
        (vec![error.unwrap_or_default()], vec![row.error.clone()])
    })
}

fn without_pod_template(errors: Vec<String>) -> Vec<String> {
    errors
        .into_iter()
        .filter(|error| !error.starts_with("spec.template."))
        .collect()
}

/// `answers` gives ours and theirs for a row.
fn compare<Row: for<'de> Deserialize<'de>>(
    corpus: &Path,
    table: &str,
    answers: impl Fn(&Row) -> (Vec<String>, Vec<String>),
) -> Outcome {
    let path = corpus.join("argo/tables").join(table);
    let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut outcome = Outcome {
        passed: 0,
        total: 0,
        failures: Vec::new(),
    };
    for line in BufReader::new(GzDecoder::new(file)).lines() {
        let line = line.expect("a readable table");
        let row: Row = serde_json::from_str(&line).expect("a row of the table");
        let (ours, theirs) = answers(&row);
        outcome.total += 1;
        if ours == theirs {
            outcome.passed += 1;
        } else if outcome.failures.len() < 3 {
            let number = outcome.total;
            outcome.failures.push(format!(
                "{table}:{number}\n  ours:   {ours:#?}\n  theirs: {theirs:#?}\n  {line}"
            ));
        }
    }
    outcome
}
