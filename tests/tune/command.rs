//! The program, run as a user runs it.

#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::program::{self, Folder};

const NOISE: &str = "scenarios/gate-under-noise";
const BAD: [&str; 2] = ["--bad-release", "5%@15%"];

/// What `coalmine tune` writes with these arguments.
fn told(paths: &str, arguments: &[&str]) -> String {
    program::told(&[&["tune", paths], &BAD[..], arguments].concat())
}

fn document(paths: &str, arguments: &[&str]) -> Value {
    program::document(&[&["tune", paths], &BAD[..], arguments].concat())
}

/// The complaint of a run that ends in this way.
fn complaint(arguments: &[&str], code: i32) -> String {
    program::complaint(&[&["tune"], arguments].concat(), code)
}

const TEMPLATE: &str = "\
# What a release must prove.
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: success-rate}
spec:
  metrics:
  - name: success-rate
    count: 5            # five looks
    interval: 1m        # one a minute
    failureLimit: 0     # strict
    successCondition: result[0] >= 0.95
    provider: {prometheus: {address: 'http://prometheus:9090', query: up}}
";

/// Nothing is measured.
const PLAIN: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'web:v2'}]}
  strategy: {canary: {steps: [{setWeight: 50}, {pause: {duration: 1m}}]}}
";

/// A folder with a release of its own.
fn copied(name: &str) -> Folder {
    let folder = Folder::new(name).with("analysis.yaml", TEMPLATE);
    let noise = Path::new(env!("CARGO_MANIFEST_DIR")).join(NOISE);
    for file in ["rollout.yaml", "scenario.yaml"] {
        fs::copy(noise.join(file), folder.file(file)).expect("a copy");
    }
    folder
}

const LIMITS: [&str; 8] = [
    "--vary",
    "failureLimit=0..3",
    "--vary",
    "interval=30s,1m",
    "--max-false-abort",
    "2%",
    "--minimise",
    "missed,time",
];

fn limited<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut all = LIMITS.to_vec();
    all.extend(more);
    all
}

#[test]
fn the_choice_is_the_strictest_gate_that_spares_healthy_releases() {
    let report = document(NOISE, &limited(&["-n", "2048", "--precision", "0.5%"]));
    assert_eq!(report["schema"], "coalmine.tune/v1");
    // Of healthy releases 8.2 % are rolled back without a failure allowed, and .3 % with one.
    let policies = report["policies"].as_array().expect("policies");
    assert_eq!(
        policies.len(),
        8,
        "the one as written is in the grid once more"
    );
    assert_eq!(
        (&report["same"], &report["possible"]),
        (&1.into(), &8.into())
    );
    assert_eq!(
        (&policies[0]["place"], &policies[0]["limit"]),
        (&"breaksLimit".into(), &"falseAborts".into())
    );
    let exact = 1.0 - (1.0_f64 - 0.016_859).powi(5);
    let found = &policies[0]["estimates"]["falseAborts"];
    let (low, high) = (found["low"].as_f64(), found["high"].as_f64());
    assert!(low < Some(exact) && Some(exact) < high, "{found}");
    let choice = &report["choice"];
    assert_eq!(
        (&choice["values"][0], &choice["values"][1]),
        (&1.into(), &"30s".into())
    );
    assert_eq!(choice["keepsLimits"], true);
    let difference = &choice["differences"]["falseAborts"];
    assert!(difference["high"].as_f64() < Some(-0.05), "{difference}");
    assert!(
        choice["differences"].get("harm").is_none(),
        "nobody sends requests"
    );
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let with = |threads| {
        told(
            NOISE,
            &limited(&["-n", "256", "--output", "json", "--threads", threads]),
        )
    };
    let alone = with("1");
    for threads in ["2", "5"] {
        assert_eq!(with(threads), alone, "{threads} threads");
    }
}

#[test]
fn the_edited_files_are_the_policy_and_keep_their_comments() {
    let folder = copied("yaml");
    let yaml = told(folder.path(), &limited(&["-n", "1024", "--patch", "yaml"]));
    assert!(yaml.starts_with("# coalmine tune\n# choice "), "{yaml}");
    assert!(yaml.contains("# it buys   false aborts"), "{yaml}");
    let wanted = TEMPLATE
        .replace("failureLimit: 0 ", "failureLimit: 1 ")
        .replace("interval: 1m ", "interval: \"30s\" ");
    assert!(yaml.ends_with(&wanted), "{yaml}");
    // The edited files do what the changes do.
    let path = folder.path();
    let numbers = |arguments: &[&str]| {
        let mut all = vec!["trials", &path, "-n", "300", "--quiet"];
        all.extend(arguments);
        String::from_utf8(program::run(&all).stdout).expect("UTF-8")
    };
    fs::write(folder.file("analysis.yaml"), &yaml).expect("a file");
    let patched = numbers(&[]);
    fs::write(
        folder.file("analysis.yaml"),
        TEMPLATE
            .replace("failureLimit: 0", "failureLimit: 1")
            .replace("interval: 1m", "interval: 30s"),
    )
    .expect("a file");
    assert_eq!(patched, numbers(&[]));
}

#[test]
fn a_json_patch_says_what_it_replaces() {
    let folder = copied("json");
    let file = folder.file("patch.json");
    let page = told(
        folder.path(),
        &limited(&["-n", "1024", "--patch", "json", "--patch-file", &file]),
    );
    assert!(page.contains("it buys"), "{page}");
    let patch: Value =
        serde_json::from_str(&fs::read_to_string(&file).expect("the patch")).expect("JSON");
    let wanted = serde_json::json!([{
        "target": {"group": "argoproj.io", "version": "v1alpha1", "kind": "AnalysisTemplate", "name": "success-rate"},
        "patch": [
            {"op": "test", "path": "/spec/metrics/0/interval", "value": "1m"},
            {"op": "replace", "path": "/spec/metrics/0/interval", "value": "30s"},
            {"op": "test", "path": "/spec/metrics/0/failureLimit", "value": 0},
            {"op": "replace", "path": "/spec/metrics/0/failureLimit", "value": 1},
        ],
    }]);
    assert_eq!(patch, wanted);
}

#[test]
fn a_merge_patch_has_whole_lists() {
    let folder = copied("merge");
    let text = told(folder.path(), &limited(&["-n", "1024", "--patch", "merge"]));
    let (_, yaml) = text.split_once("---\n").expect("a document");
    let patch: Value = serde_yaml::from_str(yaml).expect("YAML");
    assert_eq!(
        patch["metadata"],
        serde_json::json!({"name": "success-rate"})
    );
    let metrics = patch["spec"]["metrics"].as_array().expect("the list");
    assert_eq!(
        (
            metrics.len(),
            &metrics[0]["count"],
            &metrics[0]["failureLimit"]
        ),
        (1, &5.into(), &1.into())
    );
}

#[test]
fn there_is_one_line_for_each_policy() {
    let csv = told(NOISE, &limited(&["-n", "128", "--output", "csv"]));
    let lines: Vec<&str> = csv.lines().collect();
    assert!(
        lines[0]
            .starts_with("policy,failureLimit,interval,place,reason,replicates,held,falseAborts,"),
        "{csv}"
    );
    assert_eq!(lines.len(), 9);
    assert!(lines[1].starts_with("0,,,"), "{csv}");
}

#[test]
fn policies_that_never_differ_are_told_once() {
    let arguments = ["--vary", "count=1,2", "--vary", "failureLimit=1", "--vary"];
    let arguments = [&arguments[..], &["interval=30s,1m,2m", "-n", "512"]].concat();
    let report = document(NOISE, &arguments);
    let policies = report["policies"].as_array().expect("policies");
    let of = |policy: &Value| (policy["place"].clone(), policy["alikeTo"].as_u64());
    // A single measurement knows no interval: policies 1 to 3 are one.
    assert_eq!(of(&policies[1]), ("frontier".into(), None));
    for twin in &policies[2..4] {
        assert_eq!(of(twin), ("alike".into(), Some(1)));
    }
    for other in &policies[4..] {
        assert_eq!(of(other).1, None, "{other}");
    }
    let text = told(NOISE, &arguments);
    assert!(text.contains("2 alike\n"), "{text}");
}

#[test]
fn a_sample_is_said_to_be_one() {
    let page = told(
        NOISE,
        &[
            "--vary",
            "failureLimit=0..9",
            "--vary",
            "interval=10s..59s/1s",
            "--candidates",
            "12",
            "-n",
            "64",
        ],
    );
    assert!(page.contains("a sample of 12 of 500"), "{page}");
    for line in page.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn what_cannot_be_told_is_refused() {
    let tune = |arguments: &[&'static str], code| {
        let mut all = vec![NOISE, "--bad-release", "5%@10%"];
        all.extend(arguments);
        complaint(&all, code)
    };
    for (arguments, code, wanted) in [
        (
            &["--vary", "failurLimit=0..2"][..],
            2,
            "did you mean `failureLimit`?",
        ),
        (&["--vary", "failureLimit=5..1"], 2, "5..1 falls"),
        (
            &["--vary", "failureLimit=0..2", "--minimise", "harm"],
            2,
            "harm cannot be told",
        ),
        (
            &["--vary", "failureLimit=0..2", "--bad-release", "99%@5%"],
            2,
            "more than 100 %",
        ),
        (
            &["--vary", "failureLimit=0..999", "--vary", "count=1..999"],
            2,
            "more than 100000",
        ),
        (
            &["--vary", "successCondition=1,2"],
            65,
            "no policy can be run",
        ),
    ] {
        let told = tune(arguments, code);
        assert!(told.contains(wanted), "{arguments:?}: {told}");
    }
    let told = complaint(&[NOISE, "--vary", "failureLimit=0..2"], 2);
    assert!(told.contains("--bad-release"), "{told}");
    let folder = copied("plain");
    let file = folder.file("rollout.yaml");
    fs::write(&file, PLAIN).expect("a file");
    let plain = [
        file.as_str(),
        "--vary",
        "replicas=1..3",
        "--bad-release",
        "5%@10%",
    ];
    let told = complaint(&plain, 2);
    assert!(
        told.contains("nothing in this world depends on the error rate"),
        "{told}"
    );
}

/// `UPDATE=1 cargo test --test tune` rewrites the file and the README.
#[test]
fn the_readme_shows_a_real_report() {
    let page = told(NOISE, &limited(&["-n", "2048"]));
    crate::readme::shows("tests/tune/gate-under-noise.txt", &page);
}
