//! A folder with a release and scenarios, and what the program says of it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A folder of its own for each test.
pub(crate) struct Folder(PathBuf);

/// What a run said; the time that it took is left out.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

/// A canary with a router, a pause at 20 % and an analysis in the background.
pub(crate) const ROLLOUT: &str = "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  replicas: 5
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: \"example.com/web:v2\"}]
  strategy:
    canary:
      stableService: web-stable
      canaryService: web-canary
      trafficRouting: {nginx: {stableIngress: web}}
      steps: [{setWeight: 20}, {pause: {duration: 2m}}]
      analysis: {templates: [{templateName: check}]}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: check}
spec:
  metrics:
  - name: rate
    interval: 30s
    successCondition: result[0] > 0.9
    failureLimit: 1
    provider: {prometheus: {address: x, query: up}}
";

/// A scenario in one document: what stands in `spec`, indented by two.
pub(crate) fn scenario(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: coalmine/v1alpha1\nkind: Scenario\nmetadata: {{name: {name}}}\nspec:\n{spec}"
    )
}

/// A healthy release with requests.
pub(crate) const WORLD: &str = "  stable: v1
  images: {default: {startup: 10s}, v1: {errorRate: 0.01}, v2: {errorRate: 0.03}}
  traffic: {rps: 10, requestsPerUser: 5}
  metrics: {rate: [{vector: [1]}]}
";

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join("expectation")
            .join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }

    pub(crate) fn with(self, name: &str, text: &str) -> Self {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for the test");
        fs::write(path, text).expect("a file for the test");
        self
    }

    /// The release with a file of scenarios.
    pub(crate) fn release(name: &str, scenarios: &[String]) -> Self {
        Self::new(name)
            .with("rollout.yaml", ROLLOUT)
            .with("scenario.yaml", &scenarios.join("---\n"))
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).expect("a file")
    }

    pub(crate) fn run(&self, args: &[&str]) -> Told {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coalmine"));
        command.current_dir(&self.0).env_clear().args(args);
        let output = command.output().expect("the program runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Told {
            stdout: without_times(&text(output.stdout)),
            stderr: text(output.stderr),
            code: output.status.code(),
        }
    }
}

/// The output without the seconds that something took on this machine.
pub(crate) fn without_times(text: &str) -> String {
    let attribute = regex::Regex::new(r#" time="[0-9.]+""#).expect("a pattern");
    let sum = regex::Regex::new(r" \([0-9.]+ s\)").expect("a pattern");
    sum.replace_all(&attribute.replace_all(text, ""), "")
        .into_owned()
}
