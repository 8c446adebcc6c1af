//! `coalmine power`, run as a user runs it.

#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

#[expect(dead_code, reason = "these tests use a part of it")]
#[path = "command/program.rs"]
mod program;
#[path = "golden/readme.rs"]
mod readme;

use std::fs;

use coalmine::statistics::plan::Plan;
use program::Folder;
use serde_json::Value;

const NOISE: &str = "scenarios/gate-under-noise";

fn told(arguments: &[&str]) -> String {
    program::told(&[&["power"], arguments].concat())
}

fn document(arguments: &[&str]) -> Value {
    program::document(&[&["power"], arguments].concat())
}

fn complaint(arguments: &[&str], code: i32) -> String {
    program::complaint(&[&["power"], arguments].concat(), code)
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn points(report: &Value) -> &[Value] {
    report["points"].as_array().expect("points")
}

/// A release behind a gate, in a world.
fn release(folder: &Folder, strategy: &str, metric: &str, world: &str) {
    let manifests = format!(
            "\
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: gate}}
spec:
  metrics:
  - {{name: errors, interval: 1m, {metric}, provider: {{prometheus: {{address: http://prometheus, query: up}}}}}}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: web}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: \"web:v2\"}}]}}
  strategy:
    {strategy}
"
        );
    let scenario = format!(
        "\
apiVersion: coalmine/v1alpha1
kind: Scenario
metadata: {{name: test}}
spec:
  stable: v1
  {world}
"
    );
    folder.write("release.yaml", &manifests);
    folder.write("scenario.yaml", &scenario);
}

const INLINE: &str =
    "canary: {steps: [{setWeight: 50}, {analysis: {templates: [{templateName: gate}]}}]}";
const ONE_REQUEST: &str = "metrics: {errors: [{draw: errorRatio, requests: 1, errorRate: 0.01}]}";

/// Each interval misses the truth once in twenty times; here the truth is known.
#[test]
fn plans_of_single_requests_come_to_their_closed_form() {
    let folder = Folder::new("plans");
    let (mut missed, mut all) = (0, 0);
    for (n, c) in [(10, 3), (20, 0), (5, 1)] {
        let limits = format!("count: {n}, failureLimit: {c}, successCondition: 'result[0] < 0.5'");
        release(&folder, INLINE, &limits, ONE_REQUEST);
        let rates = ["--error-rate", "1%,5%,10%,20%,50%", "-n", "800"];
        let report = document(&[&[folder.path()], &rates[..]].concat());
        let plan = &report["plans"][0];
        assert_eq!(
            [
                &plan["n"],
                &plan["c"],
                &plan["requests"],
                &plan["failsFrom"]
            ],
            [n, c, 1, 1].map(Value::from).each_ref()
        );
        let plan = Plan { n, c };
        assert_eq!(points(&report).len(), 5);
        for point in points(&report) {
            let exact = plan.failed(number(&point["errorRate"]));
            assert!((number(&point["exact"]) - exact).abs() < 1e-12, "{point}");
            let deviation = (exact * (1.0 - exact) / 800.0).sqrt();
            let difference = (number(&point["share"]) - exact).abs();
            assert!(difference < 4.0 * deviation + 1.0 / 800.0, "{point}");
            missed += u32::from(exact < number(&point["low"]) || number(&point["high"]) < exact);
            all += 1;
        }
        for caught in report["caught"].as_array().expect("levels") {
            let rate = caught["exact"].as_f64().expect("a closed form");
            assert!((plan.failed(rate) - number(&caught["power"])).abs() < 1e-9);
        }
    }
    assert!(missed <= 3, "{missed} of {all}");
}

#[test]
fn several_gates_and_those_of_blue_green_multiply() {
    let folder = Folder::new("gates");
    let limits = "count: 4, failureLimit: 0, successCondition: 'result[0] < 0.5'";
    let twice = "canary: {steps: [{setWeight: 50}, {analysis: {templates: [{templateName: gate}]}}, \
                 {setWeight: 80}, {analysis: {templates: [{templateName: gate}]}}]}";
    let blue_green = "blueGreen: {activeService: a, previewService: p, \
                      prePromotionAnalysis: {templates: [{templateName: gate}]}, \
                      postPromotionAnalysis: {templates: [{templateName: gate}]}}";
    for strategy in [twice, blue_green] {
        release(&folder, strategy, limits, ONE_REQUEST);
        let report = document(&[folder.path(), "--error-rate", "2%,10%", "-n", "800"]);
        assert_eq!(
            report["plans"].as_array().map(Vec::len),
            Some(2),
            "{report}"
        );
        for point in points(&report) {
            let exact = 1.0 - (1.0 - number(&point["errorRate"])).powi(8);
            assert!((number(&point["exact"]) - exact).abs() < 1e-12, "{point}");
            let difference = (number(&point["share"]) - exact).abs();
            assert!(difference < 0.07, "{strategy}: {point}");
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let with = |threads| {
        let arguments = [NOISE, "--error-rate", "1%..10%/3%", "-n", "700"];
        told(&[&arguments[..], &["--threads", threads, "--output", "json"]].concat())
    };
    let alone = with("1");
    for threads in ["2", "5"] {
        assert_eq!(with(threads), alone, "{threads} threads");
    }
}

#[test]
fn a_rate_has_the_runs_that_trials_have() {
    let report = document(&[NOISE, "--error-rate", "1%", "-n", "600", "--seed", "3"]);
    let arguments = [
        "trials", NOISE, "-n", "600", "--seed", "3", "--output", "json",
    ];
    let output = program::coalmine()
        .args(arguments)
        .output()
        .expect("the program runs");
    let trials: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let verdicts = trials["verdicts"].as_array().expect("verdicts");
    let rolled_back = verdicts.iter().find(|one| one["verdict"] == "RolledBack");
    assert_eq!(
        report["falseAborts"]["rolledBack"],
        rolled_back.expect("some")["runs"]
    );
}

#[test]
fn the_healthy_rate_is_that_of_the_scenario_unless_it_is_given() {
    let few = ["--error-rate", "2%,20%", "-n", "200"];
    let report = document(&[&[NOISE], &few[..]].concat());
    assert_eq!(report["falseAborts"]["errorRate"], 0.01);
    assert!((number(&report["falseAborts"]["exact"]) - 0.0815).abs() < 5e-5);
    let report = document(&[&[NOISE, "--healthy", "0.2%"], &few[..]].concat());
    assert_eq!(report["falseAborts"]["errorRate"], 0.002);
    assert_eq!(points(&report).len(), 3);
}

#[test]
fn the_version_under_test_fails_and_the_stable_one_keeps_its_rate() {
    let folder = Folder::new("traffic");
    let limits =
        "initialDelay: 2m, count: 3, failureLimit: 0, successCondition: 'result[0] < 0.05'";
    let world = "traffic: {rps: 50}\n  images: {v1: {errorRate: 0.003}, v2: {errorRate: 0.9}}\n  \
                 metrics: {errors: [{signal: errorRatio, of: canary, over: 1m}]}";
    release(&folder, INLINE, limits, world);
    let report = document(&[folder.path(), "--error-rate", "0%,1%,20%", "-n", "60"]);
    assert_eq!(report["tested"]["version"], "v2");
    assert_eq!(report["tested"]["isWatched"], true);
    assert_eq!(report["falseAborts"]["errorRate"], 0.003);
    assert!(report["plans"].is_null() && report["noPlan"].is_string());
    let [none, healthy, some, many] = points(&report) else {
        panic!("four points: {report}");
    };
    assert_eq!(none["rolledBack"], 0);
    assert_eq!(healthy["rolledBack"], 0);
    assert_eq!(many["rolledBack"], 60);
    assert!(
        number(&none["harm"]["mean"]) < 0.0,
        "better than v1: {none}"
    );
    assert!(number(&healthy["harm"]["mean"]) < number(&some["harm"]["mean"]));
    let caught = &report["caught"][0];
    let rate = number(&caught["errorRate"]);
    assert!(0.01 < rate && rate < 0.2, "{caught}");
    assert!(number(&caught["low"]) <= rate && rate <= number(&caught["high"]));
}

#[test]
fn a_world_without_errors_has_no_curve() {
    let folder = Folder::new("independent");
    let limits = "count: 3, failureLimit: 0, successCondition: 'result[0] < 0.05'";
    release(
        &folder,
        INLINE,
        limits,
        "metrics: {errors: [{vector: [0.01]}]}",
    );
    let told = complaint(&[folder.path()], 65);
    assert!(told.contains("nothing in this world depends"), "{told}");
    assert!(told.contains("`traffic: {rps: 100}`"), "{told}");
}

#[test]
fn what_is_no_rate_is_refused() {
    for (rates, why) in [
        ("5s", "5s is no error rate"),
        ("10%..1%", "10%..1% falls"),
        ("0%..5%", "begin above 0, or add a step"),
        ("120%", "120% is no error rate"),
    ] {
        let told = complaint(&[NOISE, "--error-rate", rates], 2);
        assert!(told.contains(why), "{told}");
    }
    let told = complaint(&[NOISE, "--error-rate", "1%", "--plot", "x.svg"], 2);
    assert!(told.contains("two error rates above 0%"), "{told}");
}

#[test]
fn a_precision_holds_for_every_rate() {
    let report = document(&[NOISE, "--error-rate", "0.5%,4%", "--precision", "2%"]);
    assert_eq!(report["precision"]["reached"], true);
    let runs: Vec<u64> = points(&report)
        .iter()
        .map(|point| point["runs"].as_u64().expect("a number"))
        .collect();
    assert!(runs[0] < runs[2], "rare things take fewer runs: {runs:?}");
    for point in points(&report) {
        assert!(
            number(&point["high"]) - number(&point["low"]) <= 0.04,
            "{point}"
        );
    }
}

#[test]
fn the_picture_and_the_rows_show_every_rate() {
    let folder = Folder::new("picture");
    let file = folder.file("curve.svg");
    let few = [NOISE, "--error-rate", "1%..30%", "-n", "100"];
    let rows = told(&[&few[..], &["--plot", &file, "--output", "csv"]].concat());
    assert_eq!(rows.lines().count(), 21);
    assert!(rows.starts_with("error_rate,healthy,runs,rolled_back,"));
    let picture = fs::read_to_string(file).expect("a picture");
    assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"));
    for text in [
        "closed form",
        "2%",
        "90%",
        "a healthy release: 1%",
        "90 % caught: from",
    ] {
        assert!(picture.contains(text), "{text}");
    }
    assert_eq!(picture.matches("<circle").count(), 20);
}

#[cfg(unix)]
#[test]
fn an_interrupted_curve_tells_how_many_runs_were_done() {
    let arguments = ["power", NOISE, "--error-rate", "1%,5%", "-n", "1e9"];
    let process = program::coalmine()
        .args(arguments)
        .args(["--output", "json", "-q"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the program runs");
    std::thread::sleep(std::time::Duration::from_secs(3));
    let id = process.id().to_string();
    let kill = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    assert!(kill.expect("kill runs").success());
    let output = process.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["wanted"], 1_000_000_000_u64);
    for point in points(&report) {
        let runs = point["runs"].as_u64().expect("a number");
        assert!(0 < runs && runs.is_multiple_of(256), "{runs}");
    }
}

/// `UPDATE=1 cargo test --test power` rewrites the file and the README.
#[test]
fn the_readme_shows_a_real_report() {
    let page = told(&[NOISE, "--error-rate", "0.5%..20%"]);
    readme::shows("tests/power/gate-under-noise.txt", &page);
}
