//! `coalmine init` from outside. The scenarios in `tests/init` are exact; `UPDATE=1` writes them anew.

#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What the program says on its streams, and how it ends.
struct Told {
    stdout: String,
    stderr: String,
    code: Option<i32>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(args: &[&str]) -> Told {
    let output = Command::new(env!("CARGO_BIN_EXE_coalmine"))
        .current_dir(root())
        .env_clear()
        .args(args)
        .output()
        .expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Told {
        stdout: text(output.stdout),
        stderr: text(output.stderr),
        code: output.status.code(),
    }
}

/// A folder of its own for a test.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("init-{name}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder for the test");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Writes a scenario for the manifests, runs it, and gives the text and the document of the run.
#[track_caller]
fn written_and_run(manifests: &str, scenario: &Path) -> (String, Value) {
    let told = run(&["init", manifests, "--output", text(scenario), "--force"]);
    assert_eq!(
        (told.code, told.stdout.as_str()),
        (Some(0), ""),
        "{manifests}: {}",
        told.stderr
    );
    let ran = run(&[
        "run",
        manifests,
        "--scenario",
        text(scenario),
        "--output",
        "json",
    ]);
    assert_eq!(
        ran.stderr, told.stderr,
        "{manifests}: the scenario adds a complaint"
    );
    assert!(
        !ran.stderr.contains("error["),
        "{manifests}: {}",
        ran.stderr
    );
    let document = serde_json::from_str(&ran.stdout);
    let document = document.unwrap_or_else(|error| panic!("{manifests}: {error}: {:?}", ran.code));
    (fs::read_to_string(scenario).expect("a scenario"), document)
}

/// The names of the metrics that a scenario binds.
fn bound(scenario: &str) -> BTreeSet<String> {
    let scenario: Value = serde_yaml::from_str(scenario).expect("YAML");
    let metrics = scenario["spec"]["metrics"].as_object();
    metrics
        .into_iter()
        .flat_map(serde_json::Map::keys)
        .cloned()
        .collect()
}

/// The metrics that a run measured, and the phases of their measurements.
fn measured(document: &Value) -> BTreeSet<(String, String)> {
    let entries = document["timeline"].as_array().expect("a timeline");
    let measurements = entries.iter().map(|entry| &entry["measurement"]);
    let word = |value: &Value| value.as_str().map(str::to_owned);
    measurements
        .filter_map(|one| Some((word(&one["metric"])?, word(&one["phase"])?)))
        .collect()
}

#[test]
fn what_is_written_for_every_shipped_release_runs_as_it_is() {
    let folder = folder("shipped");
    let entries = fs::read_dir(root().join("scenarios")).expect("the scenarios");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.is_dir())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    assert!(50 <= names.len(), "only {} releases", names.len());
    for name in names {
        let scenario = folder.join(format!("{name}.scenario.yaml"));
        let (scenario, document) = written_and_run(&format!("scenarios/{name}"), &scenario);
        let measured = measured(&document);
        for metric in bound(&scenario) {
            let phases: Vec<&str> = measured
                .iter()
                .filter(|(name, _)| *name == metric)
                .map(|(_, phase)| phase.as_str())
                .collect();
            assert!(
                !phases.is_empty(),
                "{name}: {metric} is bound and not measured"
            );
            assert!(
                !phases.contains(&"Error"),
                "{name}: the binding of {metric} does not fit its conditions"
            );
        }
        let verdict = document["verdict"]["verdict"].as_str();
        // The experiment that never ends does not do so in a plain world either.
        let want = if name == "experiment-never-ends" {
            "Stuck"
        } else {
            "Promoted"
        };
        assert_eq!(verdict, Some(want), "{name}");
    }
}

#[test]
fn the_scenarios_are_as_they_were() {
    let mut wrong = Vec::new();
    for name in ["shop", "others", "web"] {
        let told = run(&["init", &format!("tests/init/{name}")]);
        assert_eq!((told.stderr.as_str(), told.code), ("", Some(0)), "{name}");
        let path = root().join(format!("tests/init/{name}.scenario.yaml"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &told.stdout).expect("a writable folder");
        }
        if fs::read_to_string(&path).ok() != Some(told.stdout) {
            wrong.push(name);
        }
    }
    assert!(
        wrong.is_empty(),
        "changed: {wrong:?}; UPDATE=1 accepts that"
    );
}

#[test]
fn bindings_of_all_providers_let_their_metrics_pass() {
    let scenario = folder("providers").join("first.scenario.yaml");
    for name in ["shop", "others", "web"] {
        let (scenario, document) = written_and_run(&format!("tests/init/{name}"), &scenario);
        let bound = bound(&scenario);
        let measured = measured(&document);
        assert!(!bound.is_empty());
        for metric in &bound {
            let phases: Vec<&String> = measured
                .iter()
                .filter(|(name, _)| name == metric)
                .map(|(_, phase)| phase)
                .collect();
            let is_good = |phase: &&&String| ["Successful", "Running"].contains(&phase.as_str());
            let passed = phases.iter().filter(is_good).count();
            assert!(0 < passed && passed == phases.len(), "{metric}: {phases:?}");
        }
        assert_eq!(document["verdict"]["verdict"], "Promoted", "{name}");
    }
}

#[test]
fn labels_names_and_profiles_let_queries_see_something() {
    let told = run(&["init", "tests/init/shop"]);
    let scenario: Value = serde_yaml::from_str(&told.stdout).expect("YAML");
    let telemetry = &scenario["spec"]["telemetry"];
    let want = serde_json::json!({
        "profiles": ["nginx", "http", "kubeState", "cadvisor", "istio"],
        "labels": {"cluster": "eu-1", "namespace": "prod", "uri": "/checkout"},
        "names": {"http_request_duration_seconds": "http_server_requests_seconds"},
    });
    assert_eq!(*telemetry, want);
    let bound: Vec<String> = bound(&told.stdout).into_iter().collect();
    assert_eq!(bound, ["broken", "by-role", "orders", "slip"]);
}

#[test]
fn a_file_is_overwritten_only_by_force() {
    let folder = folder("force");
    let path = folder.join("first.scenario.yaml");
    let args = ["init", "scenarios/canary-first-steps", "-o", text(&path)];
    assert_eq!(run(&args).code, Some(0));
    let first = fs::read_to_string(&path).expect("a scenario");
    fs::write(&path, "mine").expect("a writable folder");
    let told = run(&args);
    assert_eq!((told.code, told.stdout.as_str()), (Some(2), ""));
    assert!(
        told.stderr.contains("error[file-exists]"),
        "{}",
        told.stderr
    );
    assert_eq!(fs::read_to_string(&path).expect("a file"), "mine");
    assert_eq!(run(&[&args[..], &["--force"]].concat()).code, Some(0));
    assert_eq!(fs::read_to_string(&path).expect("a file"), first);
    let nowhere = folder.join("missing").join("x.yaml");
    let told = run(&["init", "scenarios/canary-first-steps", "-o", text(&nowhere)]);
    assert_eq!(told.code, Some(74), "{}", told.stderr);
}

#[test]
fn what_cannot_be_initialised_is_said() {
    let folder = folder("errors");
    let write =
        |name: &str, text: &str| fs::write(folder.join(name), text).expect("a writable folder");
    write(
        "map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n",
    );
    let map = folder.join("map.yaml");
    let two = [
        "init",
        "scenarios/canary-first-steps",
        "scenarios/blue-green-quota",
    ];
    for (args, code, problem) in [
        (&["init"][..], 2, "required arguments"),
        (&["init", text(&map)], 65, "error[nothing-to-run]"),
        (&["init", "nowhere.yaml"], 65, "error[no-such-file]"),
        (&two, 2, "error[several-rollouts]"),
        (
            &["init", "tests/init/shop", "--rollout", "shpo"],
            2,
            "did you mean `shop`?",
        ),
        (&["init", "tests/init/shop", "--force"], 2, "--output"),
    ] {
        let told = run(args);
        assert_eq!(
            (told.code, told.stdout.as_str()),
            (Some(code), ""),
            "{args:?}"
        );
        assert!(told.stderr.contains(problem), "{args:?}: {}", told.stderr);
    }
}

#[test]
fn a_spec_that_is_refused_gets_a_scenario_that_says_so() {
    let told = run(&["init", "tests/init/shop/rollout.yaml"]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    let said = told.stdout.replace("\n  #   ", " ");
    for part in [
        "# The controller refuses the spec: The Rollout \"shop\" is invalid: ",
        "# The analysis (background) measures nothing: ",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn an_experiment_on_its_own_gets_a_scenario_that_runs() {
    let folder = folder("experiment");
    let manifest = folder.join("experiment.yaml");
    let template = |name: &str| {
        format!(
            "  - name: {name}
    selector: {{matchLabels: {{app: {name}}}}}
    template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: c, image: \"x/c:{name}\"}}]}}}}
"
        )
    };
    let manifests = format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Experiment
metadata: {{name: compare}}
spec:
  duration: 3m
  templates:
{}{}  analyses: [{{name: look, templateName: look}}]
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: look}}
spec:
  metrics:
  - name: up
    interval: 1m
    successCondition: len(result) == 0 || result[0] >= 0
    provider: {{prometheus: {{address: x, query: 'sum(up{{app=\"b\"}})'}}}}
",
        template("a"),
        template("b"),
    );
    fs::write(&manifest, manifests).expect("a writable folder");
    let scenario = folder.join("first.scenario.yaml");
    let (scenario, document) = written_and_run(text(&manifest), &scenario);
    assert!(
        !scenario.contains("stable:") && !scenario.contains("traffic:"),
        "{scenario}"
    );
    assert!(
        scenario.contains("of other templates than the first: up{app=\"b\"}"),
        "{scenario}"
    );
    assert_eq!(document["verdict"]["verdict"], "Successful");
}

#[test]
fn the_readme_shows_what_is_written() {
    let readme = fs::read_to_string(root().join("README.md")).expect("a README");
    let file = "tests/init/web.scenario.yaml";
    let text = fs::read_to_string(root().join(file)).expect("a scenario");
    assert!(readme.contains(&format!("<!-- {file} -->\n```yaml\n{text}```\n")));
}

#[test]
fn the_help_tells_exit_codes() {
    let help = run(&["init", "--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for part in [
        "--output <FILE>",
        "--force",
        "  74  the scenario cannot be written",
    ] {
        assert!(help.stdout.contains(part), "{}", help.stdout);
    }
}
