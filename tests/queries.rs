//! The queries that everybody writes, asked without any binding: they promote in the default world and roll back in a bad one.
//! `UPDATE=1 cargo test --test queries` rewrites their table in `scenarios/README.md`.

#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// A query and the world in which it has to speak.
#[derive(Debug, Deserialize)]
struct Common {
    name: String,
    #[serde(default)]
    router: String,
    about: String,
    success: Option<String>,
    failure: Option<String>,
    query: String,
}

const ROLLOUT: &str = "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  replicas: 10
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'example.com/web:v2'}]}
  strategy:
    canary:
      canaryService: web-canary
      stableService: web-stable
      ROUTER
      analysis:
        startingStep: 1
        templates: [{templateName: gate}]
        args: [{name: hash, valueFrom: {podTemplateHashValue: Latest}}]
      steps: [{setWeight: 60}, {pause: {duration: 6m}}]
---
";

/// The world in which v2 fails one request in ten, or takes five times as long.
const BAD: &str = "apiVersion: coalmine/v1alpha1
kind: Scenario
metadata: {name: bad}
spec:
  images: {v2: {WHAT}}
";

fn common() -> Vec<Common> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/queries/common.yaml");
    let text = fs::read_to_string(file).expect("the queries");
    serde_yaml::from_str(&text).expect("queries")
}

fn router(name: &str) -> &'static str {
    match name {
        "istio" => "trafficRouting: {istio: {virtualService: {name: web}}}",
        "nginx" => "trafficRouting: {nginx: {stableIngress: web}}",
        "smi" => "trafficRouting: {smi: {}}",
        "traefik" => "trafficRouting: {traefik: {weightedTraefikServiceName: web}}",
        "plugin" => "trafficRouting: {plugins: {argoproj-labs/gatewayAPI: {httpRoute: web}}}",
        "apisix" => "trafficRouting: {apisix: {route: {name: web}}}",
        _ => "",
    }
}

/// The manifests of a canary that is judged by a query.
fn manifests(common: &Common) -> String {
    let mut text = ROLLOUT.replace("ROUTER", router(&common.router));
    let condition = |field: &str, condition: &Option<String>| {
        condition.as_ref().map_or(String::new(), |condition| {
            format!("    {field}: {condition:?}\n")
        })
    };
    let _ = write!(
        text,
        "apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: gate}}
spec:
  args: [{{name: hash}}]
  metrics:
  - name: gate
    interval: 30s
    initialDelay: 1m
    failureLimit: 2
{}{}    provider: {{prometheus: {{address: 'http://prometheus:9090', query: {:?}}}}}
",
        condition("successCondition", &common.success),
        condition("failureCondition", &common.failure),
        common.query.trim(),
    );
    text
}

/// The verdict on a run, and what was said beside it.
fn verdict(folder: &Path, scenario: Option<&str>) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coalmine"));
    command
        .current_dir(folder)
        .env_clear()
        .args(["run", "web.yaml", "--output", "json"]);
    if let Some(scenario) = scenario {
        command.args(["--scenario", scenario]);
    }
    let output = command.output().expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let (told, complaints) = (text(output.stdout), text(output.stderr));
    let document: serde_json::Value = serde_json::from_str(&told).unwrap_or_default();
    let verdict = &document["verdict"]["verdict"];
    (verdict.as_str().unwrap_or(&told).to_owned(), complaints)
}

fn folder(number: usize) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("queries-{number}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder for the test");
    path
}

#[test]
fn common_queries_judge_rightly_without_a_binding() {
    let mut table = String::from("| query | of | default world | bad world |\n|---|---|---|---|\n");
    let mut wrong = Vec::new();
    for (number, common) in common().iter().enumerate() {
        let folder = folder(number);
        let (world, what) = match common.about.as_str() {
            "errors" => ("10 % errors", "errorRate: 0.1"),
            _ => ("five times the latency", "latencyFactor: 5"),
        };
        fs::write(folder.join("web.yaml"), manifests(common)).expect("a file");
        fs::write(folder.join("bad.yaml"), BAD.replace("WHAT", what)).expect("a file");
        let (calm, calm_told) = verdict(&folder, None);
        let (bad, bad_told) = verdict(&folder, Some("bad.yaml"));
        if (calm.as_str(), bad.as_str()) != ("Promoted", "RolledBack") {
            wrong.push(format!(
                "{}: {calm} and {bad}\n{calm_told}{bad_told}",
                common.name
            ));
        }
        let query = common
            .query
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let query = query.replace('|', "\\|");
        let _ = writeln!(
            table,
            "| `{query}` | {} | {calm} | {bad} at {world} |",
            common.name
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/README.md");
    let text = fs::read_to_string(&readme).expect("the README of the scenarios");
    let (begin, end) = ("<!-- queries -->\n", "<!-- end of queries -->");
    let (head, rest) = text.split_once(begin).expect("a place for the table");
    let (told, tail) = rest.split_once(end).expect("an end of the table");
    if told != table && std::env::var_os("UPDATE").is_some() {
        fs::write(&readme, format!("{head}{begin}{table}{end}{tail}")).expect("a writable file");
    } else {
        assert_eq!(told, table, "UPDATE=1 rewrites the table");
    }
}

const GATE: Common = Common {
    name: String::new(),
    router: String::new(),
    about: String::new(),
    success: None,
    failure: None,
    query: String::new(),
};

/// The report of a canary that is judged by a query in the default world, what was said beside it, and the exit code.
fn report(name: &str, manifests: &str) -> (String, String, Option<i32>) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("query-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for the test");
    fs::write(folder.join("web.yaml"), manifests).expect("a file");
    let output = Command::new(env!("CARGO_BIN_EXE_coalmine"))
        .current_dir(&folder)
        .env_clear()
        .args(["run", "web.yaml"])
        .output()
        .expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code(),
    )
}

fn asking(query: &str) -> String {
    manifests(&Common {
        success: Some("result[0] >= 0.95".to_owned()),
        query: query.to_owned(),
        ..GATE
    })
}

#[test]
fn a_metric_that_nothing_exports_is_assumed_and_said_so() {
    let (page, told, code) = report("unknown", &asking("sum(rate(orders_failed_total[5m]))"));
    assert_eq!(code, Some(0));
    assert!(told.contains("warning[unknown-metric]") && told.contains("orders_failed_total"));
    assert!(page.contains("gate passes: assumed") && page.contains("\nPromoted at"));
}

#[test]
fn a_query_that_is_not_simulated_is_an_error_before_anything_runs() {
    let query = "limitk(2, http_requests_total)";
    let (page, told, code) = report("experimental", &asking(query));
    assert_eq!((page.as_str(), code), ("", Some(65)));
    assert!(told.contains("error[not-simulated]"), "{told}");
}

#[test]
fn a_query_that_prometheus_refuses_is_an_error_at_every_measurement() {
    let (page, told, code) = report("refused", &asking("sum(rate(http_requests_total[5m])"));
    assert_eq!(code, Some(10));
    assert!(told.contains("warning[bad-query]"), "{told}");
    assert!(
        page.contains("gate is Error: bad_data: invalid parameter")
            && page.contains("\nRolledBack at")
    );
}

#[test]
fn a_range_query_hands_over_all_samples() {
    let instant = asking("sum(rate(http_requests_total[1m]))");
    let range = "rangeQuery: {start: 'now() - duration(\"2m\")', end: 'now()', step: 1m}, query:";
    let manifests = instant.replace("query:", range).replace(
        "result[0] >= 0.95",
        "len(result) == 3 && all(result, # > 99)",
    );
    let (page, told, code) = report("range", &manifests);
    assert_eq!((told.as_str(), code), ("", Some(0)), "{page}");
    assert!(page.contains("\nPromoted at"), "{page}");
}

#[test]
fn an_experiment_on_its_own_is_not_judged_by_requests_that_nobody_sends() {
    let text = "apiVersion: argoproj.io/v1alpha1
kind: Experiment
metadata: {name: compare}
spec:
  duration: 1m
  templates:
  - name: one
    selector: {matchLabels: {app: web}}
    template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'example.com/web:v1'}]}}
  analyses: [{name: gate, templateName: gate, requiredForCompletion: true}]
---
";
    let template = asking("sum(rate(http_requests_total[1m]))");
    let (_, template) = template.split_once("---\n").expect("a template");
    let template = template.replace("args: [{name: hash}]", "args: []");
    let template = template.replace("failureLimit: 2", "count: 3");
    let (page, told, code) = report("experiment", &(text.to_owned() + &template));
    assert_eq!((told.as_str(), code), ("", Some(0)), "{page}");
    assert!(
        page.contains("gate passes: assumed") && page.contains("\nSuccessful at"),
        "{page}"
    );
}
