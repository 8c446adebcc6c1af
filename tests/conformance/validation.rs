//! The controllers' own validation: all messages of `ValidateRollout`, the message of `ValidateMetrics`.
//!
//! Kubernetes' own rules for pod templates (`spec.template.`) are left out on both sides.

use coalmine::spec::{Metric, Rollout};
use coalmine::validation::{validate_metrics, validate_rollout};
use serde_json::Value;

use super::corpus::{Corpus, Score, lines};

/// Both tables.
pub(crate) fn tables(corpus: &Corpus) -> Score {
    let mut score = Score::default();
    for (name, path) in corpus.archives("argo/tables") {
        let answer = match name.as_str() {
            "validation-rollout" => rollout,
            "validation-metrics" => metrics,
            _ => continue,
        };
        for row in lines(&path) {
            let (want, got) = answer(&row);
            let differs = want != got;
            score.add(
                &name,
                differs.then(|| format!("recorded {want:#?}\nours {got:#?}\n{row}")),
            );
        }
    }
    score
}

fn rollout(row: &Value) -> (Vec<String>, Vec<String>) {
    let manifest = row["manifest"].as_str().expect("a manifest");
    let rollout: Rollout = serde_yaml::from_str(manifest).expect("a readable Rollout");
    let want = row["errors"].as_array().expect("messages").iter();
    let want = want.map(|error| error.as_str().expect("a message").to_owned());
    let got = validate_rollout(&rollout)
        .iter()
        .map(ToString::to_string)
        .collect();
    (
        without_pod_template(want.collect()),
        without_pod_template(got),
    )
}

fn without_pod_template(errors: Vec<String>) -> Vec<String> {
    errors
        .into_iter()
        .filter(|error| !error.starts_with("spec.template."))
        .collect()
}

fn metrics(row: &Value) -> (Vec<String>, Vec<String>) {
    let metrics: Vec<Metric> =
        serde_json::from_value(row["metrics"].clone()).expect("readable metrics");
    let got = validate_metrics(&metrics).err().unwrap_or_default();
    (
        vec![row["error"].as_str().expect("a message").to_owned()],
        vec![got],
    )
}
