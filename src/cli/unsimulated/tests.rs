//! Every field that can be written has a known fate.

use serde::de::DeserializeOwned;

use super::*;
use crate::input::placement::placements;
use crate::input::{SourceFile, read};
use crate::spec::AnalysisTemplate;

/// By kind, and by the keys above them: all fields. Behind the name stands `!` if a warning says that the field is not
/// simulated, and `-` if it changes nothing that is simulated (metadata, status, what only routers or back ends read);
/// what is in such a field is left out.
const FIELDS: &str = include_str!("fields.txt");

/// The fields of a kind, as `fields.txt` has them.
fn written<T: DeserializeOwned>(kind: &str) -> String {
    let marked: Vec<String> = marks(kind);
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    let mut left_out: Vec<String> = Vec::new();
    for placement in placements::<T>() {
        let parent = placement.parent.join(".");
        let path = [parent.as_str(), placement.field]
            .join(".")
            .trim_start_matches('.')
            .to_owned();
        let is_within = |above: &String| path.starts_with(&format!("{above}."));
        if left_out.iter().any(is_within) {
            continue;
        }
        let mark = ['!', '-']
            .into_iter()
            .find(|mark| marked.contains(&format!("{path}{mark}")));
        left_out.extend(mark.map(|_| path));
        let field = format!(
            "{}{}",
            placement.field,
            mark.map(String::from).unwrap_or_default()
        );
        match lines.last_mut().filter(|(last, _)| *last == parent) {
            Some((_, fields)) => fields.push(field),
            None => lines.push((parent, vec![field])),
        }
    }
    let line = |(parent, fields): &(String, Vec<String>)| {
        let parent = if parent.is_empty() { "." } else { parent };
        format!("  {parent}: {}\n", fields.join(" "))
    };
    lines.iter().map(line).collect()
}

/// The part of `fields.txt` about a kind.
fn section(kind: &str) -> String {
    let lines = FIELDS.lines().skip_while(|line| *line != kind).skip(1);
    let lines = lines.take_while(|line| line.starts_with(' '));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The paths of the fields of a kind, with their marks.
fn marks(kind: &str) -> Vec<String> {
    let mut marks = Vec::new();
    for line in section(kind).lines() {
        let (parent, fields) = line.trim().split_once(": ").expect("a parent");
        let path = |field| [parent, field].join(".").trim_start_matches('.').to_owned();
        marks.extend(fields.split(' ').map(path));
    }
    marks
}

#[test]
fn every_field_is_simulated_warned_of_or_without_effect() {
    let fresh = [
        ("Rollout", written::<Rollout>("Rollout")),
        ("Experiment", written::<Experiment>("Experiment")),
        (
            "AnalysisTemplate",
            written::<AnalysisTemplate>("AnalysisTemplate"),
        ),
    ];
    for (kind, fresh) in fresh {
        assert_eq!(section(kind), fresh, "the fields of {kind} and their fates");
    }
}

fn input(text: &str) -> Input {
    let name = "all.yaml".to_owned();
    let bytes = text.as_bytes().to_vec();
    let input = read(vec![SourceFile { name, bytes }]);
    assert_eq!(input.diagnostics, []);
    input
}

/// The paths of the warnings about the first object.
fn warned(input: &Input) -> Vec<String> {
    let warnings = match input.manifests().next().expect("an object") {
        Manifest::Rollout(rollout) => of_rollout(rollout),
        Manifest::Experiment(experiment) => of_experiment(experiment),
        _ => Vec::new(),
    };
    let path = |warning: Diagnostic| {
        let path = warning.message.split(' ').next().unwrap_or_default();
        path.to_owned()
    };
    warnings.into_iter().map(path).collect()
}

/// The paths of the fields that `fields.txt` marks as warned of.
fn marked(kind: &str) -> Vec<String> {
    let marks = marks(kind).into_iter();
    marks
        .filter_map(|mark| Some(mark.strip_suffix('!')?.to_owned()))
        .collect()
}

#[test]
fn a_field_that_is_not_simulated_is_warned_of_when_it_is_written() {
    let rollout = input(
        r#"apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  restartAt: "2026-01-01T00:00:00Z"
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web, scaleDown: onsuccess}
  strategy:
    blueGreen: {antiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {}}}
    canary:
      antiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: {weight: 1}}
      trafficRouting:
        istio: {destinationRule: {name: web, additionalSubsetNames: [extra]}}
"#,
    );
    let mut expected = marked("Rollout");
    let mut found = warned(&rollout);
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    let experiment = input(
        "{apiVersion: argoproj.io/v1alpha1, kind: Experiment, metadata: {name: e}, spec: {terminate: true}}",
    );
    assert_eq!(warned(&experiment), marked("Experiment"));
    assert_eq!(marked("AnalysisTemplate"), [""; 0]);
}

#[test]
fn a_field_at_its_default_is_not_warned_of() {
    let quiet = input(
        "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: web}, spec: {workloadRef: {apiVersion: apps/v1, \
         kind: Deployment, name: web, scaleDown: never}}}",
    );
    assert_eq!(warned(&quiet), [""; 0]);
    let quiet = input(
        "{apiVersion: argoproj.io/v1alpha1, kind: Experiment, metadata: {name: e}, spec: {terminate: false}}",
    );
    assert_eq!(warned(&quiet), [""; 0]);
}

#[test]
fn objects_that_only_controllers_make_are_warned_of() {
    let both = input(
        "{apiVersion: argoproj.io/v1alpha1, kind: Experiment, metadata: {name: e}, spec: {}}
---
{apiVersion: argoproj.io/v1alpha1, kind: AnalysisRun, metadata: {name: r}, spec: {}}
",
    );
    let messages = |has_rollout| -> Vec<String> {
        let warnings = objects(&both, has_rollout).into_iter();
        warnings.map(|warning| warning.message).collect()
    };
    let run = "AnalysisRun `r` is not simulated";
    assert_eq!(messages(false), [run]);
    assert_eq!(messages(true), ["Experiment `e` is not simulated", run]);
}
