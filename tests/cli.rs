//! The program from outside: exact output, exact errors, exact exit codes.

#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A folder of its own for each test, with the files that it needs.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }

    fn with(self, name: &str, text: &str) -> Self {
        fs::write(self.0.join(name), text).expect("a file for the test");
        self
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coalmine"));
        command.current_dir(&self.0).env_clear().args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Told {
        Told::from(self.command(args).output().expect("the program runs"))
    }

    fn run_with_input(&self, args: &[&str], input: &str) -> Told {
        let mut command = self.command(args);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program runs");
        let mut stdin = child.stdin.take().expect("an open stream");
        stdin.write_all(input.as_bytes()).expect("a reader");
        drop(stdin);
        Told::from(child.wait_with_output().expect("the program ends"))
    }
}

/// What a run said.
struct Told {
    stdout: String,
    stderr: String,
    code: Option<i32>,
}

impl From<Output> for Told {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            code: output.status.code(),
        }
    }
}

impl Told {
    #[track_caller]
    fn expect(&self, code: i32, stdout: &str, stderr: &str) {
        let got = (self.code, self.stdout.as_str(), self.stderr.as_str());
        assert_eq!(got, (Some(code), stdout, stderr));
    }
}

fn rollout(name: &str, strategy: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: {name}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers: [{{name: web, image: \"example.com/web:v2\"}}]
  strategy:
    {strategy}
"
    )
}

const STEPS: &str = "canary: {steps: [{setWeight: 50}, {pause: {duration: 30s}}]}";
const GATE: &str = "canary: {steps: [{setWeight: 50}, {pause: {}}]}";
const ANALYSED: &str = "canary: {steps: [{analysis: {templates: [{templateName: check}]}}]}";
const CHECK: &str = "---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: check}
spec:
  metrics:
  - name: rate
    successCondition: result[0] > 0.9
    provider: {prometheus: {address: x, query: up}}
";
const BAD: &str = "apiVersion: coalmine/v1alpha1
kind: Scenario
metadata: {name: bad}
spec:
  metrics: {rate: [{from: 0s, vector: [0.5]}]}
";

#[test]
fn a_run_without_a_scenario_says_which_world_it_assumes() {
    let folder = Folder::new("default-world").with("web.yaml", &(rollout("web", ANALYSED) + CHECK));
    folder.run(&["run", "web.yaml"]).expect(
        0,
        "\
Rollout web, canary without a traffic router, 2 replicas: previous -> v2

  steps     1 analysis
  analysis  step 1: rate once, success if result[0] > 0.9, failureLimit 0
  world     default
            all pods start in 10s
            rate shows what its query finds
            100 requests per second (assumed)
            v2 fails 0.1 % of its requests, takes 100ms (95 % within 227ms)
            previous fails 0.1 % of its requests, takes 100ms (95 % within 227ms)
  seed      0

time  step  previous   v2  who       what happened
  0s  done       2/2  0/1  person    applies v2 over previous
                           rollout   begins revision 2 (v2)
                           rollout   starts analysis of step 1 (web-rxqgsk58pg-2-0)
                           analysis  rate = [1,1] is Successful: result[0] > 0.9
                           analysis  analysis of step 1 is Successful
                           rollout   completes step 1/1 (analysis): its analysis is Successful
                           rollout   scales v2 from 0 to 1 (all steps are done)
 10s  done       1/1  1/2  pods      v2: 1 of 1 available
                           rollout   scales previous from 2 to 1 (all steps are done)
                           rollout   scales v2 from 1 to 2 (all steps are done)
 20s  done         -  2/2  pods      v2: 2 of 2 available
                           rollout   scales previous from 1 to 0 (all steps are done)
                           rollout   PROMOTES revision 2 (v2): Completed all 1 canary steps
                           rollout   is healthy

Promoted at 20s: v2 is the stable version
  reason    Rollout completed update to revision 2 (rxqgsk58pg): Completed all 1 canary steps
  end       nothing but resyncs happens after 20s
  impact    2000 requests: 500 to v2, 1500 to previous
            2 failed (0.1 %); harm: 0 more than without the release
            exposure: 5s on the new version
            3 pods at most, 0.006 pod-hours beyond spec.replicas
",
        "",
    );
}

#[test]
fn each_verdict_has_its_own_exit_code() {
    let crashing = "apiVersion: coalmine/v1alpha1
kind: Scenario
spec: {images: {v2: {maxReady: 0}}}
";
    let outage = "apiVersion: coalmine/v1alpha1
kind: Scenario
spec:
  images: {v2: {unready: [{from: 15s}]}}
  actions: [{at: 20s, do: abort}]
";
    let table = [
        (
            STEPS,
            "",
            "",
            0,
            "Promoted at 50s: Rollout completed update to revision 2 ",
        ),
        (
            ANALYSED,
            BAD,
            "",
            10,
            "RolledBack at 0s: RolloutAborted: Rollout aborted update to revision 2: ",
        ),
        (
            "blueGreen: {activeService: a, postPromotionAnalysis: {templates: [{templateName: check}]}}",
            outage,
            "interval: 1h, count: 2",
            11,
            "RollbackFailed since 20s: RolloutAborted: Rollout aborted update to revision 2",
        ),
        (
            GATE,
            "",
            "",
            12,
            "Paused since 10s, step 2/2 (pause): CanaryPauseStep",
        ),
        (
            STEPS,
            crashing,
            "",
            13,
            "Stuck since 10m1s, step 1/2 (setWeight: 50): ProgressDeadlineExceeded: ",
        ),
        (
            "canary: {steps: [{setWeight: 101}]}",
            "",
            "",
            14,
            "Invalid since 0s: InvalidSpec: ",
        ),
        (
            STEPS,
            "apiVersion: coalmine/v1alpha1\nkind: Scenario\nspec: {until: 20s}\n",
            "",
            15,
            "Undecided since 10s, step 2/2 (pause: 30s): CanaryPauseStep",
        ),
    ];
    for (strategy, scenario, more, code, verdict) in table {
        let check = CHECK.replace(
            "    provider",
            &format!("    {}\n    provider", more.replace(", ", "\n    ")),
        );
        let text = rollout("web", strategy)
            + &check
            + if scenario.is_empty() { "" } else { "---\n" }
            + scenario;
        let told = Folder::new(&format!("verdict-{code}"))
            .with("web.yaml", &text)
            .run(&["run", "--quiet", "web.yaml"]);
        assert_eq!(
            (told.code, told.stderr.as_str()),
            (Some(code), ""),
            "{verdict}\n{}",
            told.stdout
        );
        assert!(told.stdout.starts_with(verdict), "{}", told.stdout);
        assert_eq!(told.stdout.lines().count(), 1);
    }
}

#[test]
fn several_rollouts_are_listed_and_one_is_chosen_by_name() {
    let text = format!("{}---\n{}", rollout("web", GATE), rollout("api", STEPS));
    let folder = Folder::new("several").with("all.yaml", &text);
    folder.run(&["run", "all.yaml"]).expect(
        2,
        "",
        "\
error[several-rollouts]: the input has 2 Rollouts
 |
 = help: choose one with `--rollout`: `web` or `api`

",
    );
    let told = folder.run(&["run", "-q", "--rollout", "api", "all.yaml"]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""));
    folder.run(&["run", "--rollout", "wbe", "all.yaml"]).expect(
        2,
        "",
        "\
error[no-such-rollout]: the input has no Rollout `wbe`
 |
 = help: did you mean `web`?

",
    );
}

#[test]
fn of_many_rollouts_a_handful_is_listed() {
    let texts: Vec<String> = (0..500)
        .map(|number| rollout(&format!("web-{number}"), GATE))
        .collect();
    let folder = Folder::new("many").with("all.yaml", &texts.join("---\n"));
    folder.run(&["run", "all.yaml"]).expect(
        2,
        "",
        "\
error[several-rollouts]: the input has 500 Rollouts
 |
 = help: choose one with `--rollout`: `web-0`, `web-1`, `web-2`, `web-3`, `web-4` or 495 more

",
    );
}

#[test]
fn of_many_warnings_alike_the_first_are_shown() {
    let all = rollout("web", ANALYSED) + &CHECK.repeat(51);
    let folder = Folder::new("alike").with("all.yaml", &all);
    let told = folder.run(&["run", "-q", "all.yaml"]);
    assert_eq!(told.code, Some(0));
    assert_eq!(told.stderr.matches("warning[duplicate-object]").count(), 20);
    let end = "info[more]: 30 more of the kind `duplicate-object` are not shown\n\n";
    assert!(told.stderr.ends_with(end), "{}", told.stderr);
}

#[test]
fn a_file_that_does_not_exist_is_the_only_complaint() {
    Folder::new("nowhere").run(&["run", "nope.yaml"]).expect(
        65,
        "",
        "error[no-such-file]: there is no file or folder `nope.yaml`\n\n",
    );
}

/// What is said of the end is true: it is seven days, that of the scenario, or that of the command line.
#[test]
fn what_lies_beyond_the_end_is_said_never_to_happen() {
    let scenario = |until: &str| {
        format!(
            "apiVersion: coalmine/v1alpha1
kind: Scenario
metadata: {{name: late}}
spec:
  {until}
  actions: [{{at: 30h, do: promote}}]
"
        )
    };
    let warning = "warning[beyond-horizon]: this never happens: the simulation ends at";
    for (until, args, expected, promoted) in [
        ("seed: 1", &[][..], None, true),
        ("until: 40h", &[], None, true),
        ("until: 20h", &[], Some("20h0m0s"), false),
        ("until: 20h", &["--until", "31h"], None, true),
        ("seed: 1", &["--until", "10m"], Some("10m0s"), false),
    ] {
        let folder = Folder::new("beyond")
            .with("web.yaml", &rollout("web", GATE))
            .with("scenario.yaml", &scenario(until));
        let told = folder.run(&[&["run", "-q", "."], args].concat());
        let message = expected.map(|end| format!("{warning} {end}"));
        assert_eq!(
            told.code,
            Some(if promoted { 0 } else { 12 }),
            "{until} {args:?}"
        );
        match message {
            None => assert_eq!(told.stderr, "", "{until} {args:?}"),
            Some(message) => assert!(told.stderr.contains(&message), "{}", told.stderr),
        }
    }
    let folder = Folder::new("too-late")
        .with("web.yaml", &rollout("web", GATE))
        .with("scenario.yaml", &scenario("until: 169h"));
    let told = folder.run(&["run", "."]);
    assert_eq!(told.code, Some(65));
    assert!(
        told.stderr
            .contains("error[bad-horizon]: no simulation goes on for longer than 7 days"),
        "{}",
        told.stderr
    );
}

/// Datadog finds no points: `metricproviders/datadog/datadog.go: parseResponseV2` gives the conditions nil.
#[test]
fn a_value_of_null_is_nil_for_conditions() {
    let check = CHECK
        .replace(
            "prometheus: {address: x, query: up}",
            "datadog: {query: up}",
        )
        .replace(
            "result[0] > 0.9",
            "isNil(result) && result == nil && default(result, 7) == 7",
        );
    let folder = Folder::new("nil")
        .with("web.yaml", &(rollout("web", ANALYSED) + &check))
        .with(
            "scenario.yaml",
            &BAD.replace("vector: [0.5]", "value: null"),
        );
    let told = folder.run(&["run", "."]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""));
    assert!(
        told.stdout.contains("rate = null is Successful"),
        "{}",
        told.stdout
    );
}

#[test]
fn problems_go_to_stderr_with_their_place_and_nothing_is_simulated() {
    let text = rollout("web", STEPS).replace("setWeight: 50", "setWieght: 50");
    Folder::new("misspelt")
        .with("web.yaml", &text)
        .run(&["run", "web.yaml"])
        .expect(
            65,
            "",
            "\
error[unknown-field]: unknown field `setWieght`
  --> web.yaml:12:23
   |
12 |     canary: {steps: [{setWieght: 50}, {pause: {duration: 30s}}]}
   |                       ^^^^^^^^^
   |
   = path: spec.strategy.canary.steps[0].setWieght
   = help: did you mean `setWeight`?

",
        );
}

#[test]
fn a_metric_that_nothing_measures_is_a_warning() {
    let folder = Folder::new("unmeasured")
        .with("web.yaml", &(rollout("web", ANALYSED) + CHECK))
        .with("s.yaml", &BAD.replace("rate:", "rates:"));
    let told = folder.run(&["run", "-q", "web.yaml", "-s", "s.yaml"]);
    assert_eq!(told.code, Some(0));
    assert!(
        told.stderr
            .starts_with("warning[metric-not-measured]: nothing measures a metric `rates`\n")
    );
    assert!(
        told.stderr.contains("help: did you mean `rate`?"),
        "{}",
        told.stderr
    );
}

#[test]
fn manifests_come_from_standard_input_and_foreign_kinds_are_listed() {
    let text = rollout("web", STEPS) + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n";
    let folder = Folder::new("stdin");
    let told = folder.run_with_input(&["run", "-"], &text);
    assert_eq!(told.code, Some(0));
    assert!(told.stdout.starts_with("Rollout web, "));
    assert_eq!(
        told.stderr,
        "info[ignored]: 1 object of other kinds is ignored: `Secret s`\n\n"
    );
    let told = folder.run_with_input(&["run", "-", "--quiet"], &text);
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_scenario_in_the_folder_counts_unless_another_is_named() {
    let folder = Folder::new("two-scenarios")
        .with("web.yaml", &(rollout("web", ANALYSED) + CHECK))
        .with("scenario.yaml", BAD);
    assert_eq!(folder.run(&["run", "-q", "."]).code, Some(10));
    let folder = folder.with(
        "good.txt",
        &BAD.replace("0.5", "0.95").replace("bad", "good"),
    );
    assert_eq!(
        folder.run(&["run", "-q", ".", "-s", "good.txt"]).code,
        Some(0)
    );
    let told = folder.run(&["run", "-q", ".", "-s", "web.yaml"]);
    assert_eq!(told.code, Some(65));
    assert!(
        told.stderr
            .starts_with("error[no-scenario]: `web.yaml` has no Scenario\n"),
        "{}",
        told.stderr
    );
}

#[test]
fn a_workload_reference_is_followed_and_a_broken_one_is_an_invalid_spec() {
    let reference = "  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n";
    let text = rollout("web", STEPS);
    let (head, rest) = text.split_once("  template:").expect("a template");
    let (_, strategy) = rest.split_once("  strategy:").expect("a strategy");
    let text = format!("{head}{reference}  strategy:{strategy}");
    let deployment = "---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"example.com/web:v7\"}]}
";
    let folder = Folder::new("workload")
        .with("both.yaml", &format!("{text}{deployment}"))
        .with("alone.yaml", &text);
    let told = folder.run(&["run", "both.yaml"]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""));
    assert!(
        told.stdout.starts_with(
            "Rollout web, canary without a traffic router, 2 replicas: previous -> v7\n"
        )
    );
    let told = folder.run(&["run", "-q", "alone.yaml"]);
    let says = "Invalid since 0s: InvalidSpec: The Rollout \"web\" is invalid: \
        deployments.apps \"default/web\" not found\n";
    told.expect(14, says, "");
}

#[test]
fn an_experiment_runs_on_its_own() {
    let text = "apiVersion: argoproj.io/v1alpha1
kind: Experiment
metadata: {name: compare}
spec:
  duration: 1m
  templates:
  - name: baseline
    selector: {matchLabels: {app: web}}
    template:
      metadata: {labels: {app: web}}
      spec: {containers: [{name: web, image: \"example.com/web:v1\"}]}
";
    let folder = Folder::new("experiment").with("e.yaml", text);
    folder.run(&["run", "e.yaml"]).expect(
        0,
        "\
Experiment compare

  world     default
            all pods start in 10s
  seed      0

 time   v1  who         what happened
   0s  0/1  person      applies Experiment compare
            experiment  scales template baseline (v1) from 0 to 1
  10s  1/1  pods        experiment template baseline: 1 of 1 available
            experiment  experiment is Running
1m10s  1/1  experiment  experiment is Successful
1m40s    -  experiment  scales template baseline (v1) from 1 to 0

Successful at 1m10s
  end       nothing but resyncs happens after 1m40s
",
        "",
    );
}

#[test]
fn a_first_deployment_is_simulated_on_demand() {
    let folder = Folder::new("initial").with("web.yaml", &rollout("web", GATE));
    let told = folder.run(&["run", "--initial", "-q", "web.yaml"]);
    assert_eq!(told.code, Some(0));
    assert!(told.stdout.contains(": Initial deploy"), "{}", told.stdout);
}

#[test]
fn colours_appear_on_demand_only() {
    let folder = Folder::new("colour").with("web.yaml", &rollout("web", GATE));
    let plain = folder.run(&["run", "-q", "web.yaml"]);
    assert_eq!(
        plain.stdout,
        "Paused since 10s, step 2/2 (pause): CanaryPauseStep\n"
    );
    let coloured = folder.run(&["run", "-q", "--color", "always", "web.yaml"]);
    let says = "\u{1b}[1m\u{1b}[33mPaused since 10s, step 2/2 (pause): CanaryPauseStep\u{1b}[0m\n";
    assert_eq!(coloured.stdout, says);
}

#[test]
fn the_csv_table_has_one_line_for_each_entry_the_verdict_and_each_measure() {
    let folder = Folder::new("csv").with(
        "web.yaml",
        &(rollout("web", ANALYSED) + CHECK + "---\n" + BAD),
    );
    folder.run(&["run", "--output", "csv", "web.yaml"]).expect(
        10,
        "\
seconds,who,kind,step,weight,active,pods,metric,value,phase,what,why
0,person,applied,,,,previous=2/2,,,,applies v2 over previous,
0,rollout,revision,,,,previous=2/2,,,,begins revision 2 (v2),
0,rollout,analysis-started,,,,previous=2/2,,,,starts analysis of step 1 (web-rxqgsk58pg-2-0),
0,analysis,measurement,,,,previous=2/2,rate,[0.5],Failed,rate = [0.5] is Failed,not result[0] > 0.9; failed 1 > failureLimit 0
0,analysis,analysis-ended,,,,previous=2/2,,,,analysis of step 1 is Failed,\"Metric \"\"rate\"\" assessed Failed due to failed (1) > failureLimit (0)\"
0,rollout,aborted,,,,previous=2/2,,,,ABORTS revision 2,\"Step-based analysis phase error/failed: Metric \"\"rate\"\" assessed Failed due to failed (1) > failureLimit (0)\"
0,,verdict,,,,,,,,RolledBack,\"RolloutAborted: Rollout aborted update to revision 2: Step-based analysis phase error/failed: Metric \"\"rate\"\" assessed Failed due to failed (1) > failureLimit (0)\"
0,,measure,,,,,peakPods,2,,,
0,,measure,,,,,podHours,0,,,
0,,measure,,,,,excessPodHours,0,,,
0,,measure,,,,,shortOfCapacitySeconds,0,,,
0,,measure,,,,,instantRollbackSeconds,0,,,
",
        "",
    );
}

#[test]
fn the_json_document_is_versioned_and_complete() {
    let folder = Folder::new("json").with(
        "web.yaml",
        &(rollout("web", ANALYSED) + CHECK + "---\n" + BAD),
    );
    let told = folder.run(&["run", "--output", "json", "--seed", "7", "web.yaml"]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(10), ""));
    let document: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
    assert_eq!(document["schema"], "coalmine.run/v1");
    assert_eq!(document["verdict"]["verdict"], "RolledBack");
    assert_eq!(document["world"]["seed"], 7);
    let measurement = document["timeline"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|entry| entry["kind"] == "measurement")
        .expect("a measurement");
    assert_eq!(
        measurement["measurement"],
        serde_json::json!({
            "run": "web-rxqgsk58pg-2-0",
            "metric": "rate",
            "value": "[0.5]",
            "phase": "Failed",
            "successCondition": "result[0] > 0.9",
            "failureCondition": "",
            "assumed": false,
        })
    );
    let fields: Vec<&String> = document.as_object().expect("an object").keys().collect();
    assert_eq!(
        fields,
        [
            "schema",
            "subject",
            "world",
            "verdict",
            "earlier",
            "impact",
            "end",
            "versions",
            "timeline",
            "controllerEvents",
        ]
    );
}

#[test]
fn the_verbose_report_has_the_controllers_own_events() {
    let folder = Folder::new("verbose").with("web.yaml", &rollout("web", GATE));
    let told = folder.run(&["run", "--verbose", "web.yaml"]);
    let line = "| Rollout RolloutPaused: Rollout is paused (CanaryPauseStep)\n";
    assert!(told.stdout.contains(line), "{}", told.stdout);
    assert!(
        told.stdout
            .contains("rollout  is Paused: CanaryPauseStep\n"),
        "{}",
        told.stdout
    );
}

#[test]
fn the_command_line_explains_itself() {
    let folder = Folder::new("help");
    let help = folder.run(&["run", "--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for code in [
        "  10  RolledBack        11  RollbackFailed\n",
        "  65  the input cannot be read\n",
    ] {
        assert!(help.stdout.contains(code), "{}", help.stdout);
    }
    for wrong in [
        &["run"][..],
        &["run", "x", "--until", "0"],
        &["run", "x", "--until", "8d"],
        &["walk"],
    ] {
        let told = folder.run(wrong);
        assert_eq!(
            (told.code, told.stdout.as_str()),
            (Some(2), ""),
            "{wrong:?}"
        );
    }
    assert_eq!(folder.run(&["run", "x", "-q", "-v"]).code, Some(2));
    assert_eq!(folder.run(&["run", "nowhere.yaml"]).code, Some(65));
}

#[test]
fn a_reader_who_goes_away_is_no_failure() {
    let folder = Folder::new("pipe").with("web.yaml", &rollout("web", GATE));
    let mut command = folder.command(&["run", "--verbose", "web.yaml"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    drop(child.stdout.take());
    let told = Told::from(child.wait_with_output().expect("the program ends"));
    assert_eq!((told.code, told.stderr.as_str()), (Some(12), ""));
}

#[test]
fn what_is_not_simulated_is_said() {
    let text = rollout("web", GATE).replace(
        "spec:\n  replicas",
        "spec:\n  restartAt: \"2026-01-01T00:00:00Z\"\n  replicas",
    );
    assert!(text.contains("restartAt"), "{text}");
    let folder = Folder::new("restart-at").with("web.yaml", &text);
    let told = folder.run(&["run", "web.yaml"]);
    assert_eq!(told.code, Some(12));
    assert!(
        told.stderr
            .contains("warning[not-simulated]: spec.restartAt is not simulated"),
        "{}",
        told.stderr
    );
}

/// Pods that start at once and an experiment that is inconclusive at once: it is made again without
/// end, and no time passes.
#[test]
fn a_controller_that_is_busy_without_end_is_told_once_in_every_format() {
    let experiment = "canary: {steps: [{experiment: {duration: 10m,
      templates: [{name: a, specRef: canary}], analyses: [{name: b, templateName: check}]}}]}";
    let check = CHECK.replace(
        "successCondition",
        "failureCondition: result[0] < 0.1\n    successCondition",
    );
    let world = BAD.replace("spec:\n", "spec:\n  images: {default: {startup: 0s}}\n");
    let folder = Folder::new("busy")
        .with("web.yaml", &(rollout("web", experiment) + &check))
        .with("scenario.yaml", &world);
    let told = folder.run(&["run", "."]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(12), ""));
    let once = |text: &str, what: &str| assert_eq!(text.matches(what).count(), 1, "{text}");
    once(
        &told.stdout,
        "rollout     is busy without end: what was inconclusive is made",
    );
    once(
        &told.stdout,
        "end       nothing happens after 30s, although the controller never rests",
    );
    let told = folder.run(&["run", ".", "--output", "csv"]);
    once(&told.stdout, "rollout,busy,");
    let told = folder.run(&["run", ".", "--output", "json"]);
    once(&told.stdout, "\"kind\": \"busy\"");
    once(&told.stdout, "\"reason\": \"livelock\"");
}

/// `rollout/trafficrouting/istio/istio.go: UpdateHash` names the subsets as the manifest does, and passes over those that the
/// rule does not have.
#[test]
fn a_destination_rule_keeps_the_names_of_its_subsets() {
    let istio = "canary: {trafficRouting: {istio: {virtualService: {name: vs}, destinationRule:
      {name: rule, canarySubsetName: next, stableSubsetName: live}}}, steps: [{setWeight: 50}, {pause: {}}]}";
    let rule = |subsets: &str| {
        format!(
            "---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: rule}}
spec: {{host: web, subsets: [{subsets}]}}
"
        )
    };
    let folder = Folder::new("assumed-rule").with("web.yaml", &rollout("web", istio));
    let told = folder.run(&["run", "-v", "."]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(12), ""));
    assert!(
        told.stdout
            .contains("DestinationRule rule (not in the input)"),
        "{}",
        told.stdout
    );
    let told = folder.run(&["run", "--output", "json", "."]);
    let event = "DestinationRule rule subset updated (next: rxqgsk58pg, live: ";
    assert!(told.stdout.contains(event), "{}", told.stdout);

    let text = rollout("web", istio) + &rule("{name: next}, {name: live}");
    let folder = Folder::new("whole-rule").with("web.yaml", &text);
    let told = folder.run(&["run", "."]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(12), ""));
    assert!(
        !told.stdout.contains("DestinationRule rule (not"),
        "{}",
        told.stdout
    );

    let text = rollout("web", istio) + &rule("{name: nxet}, {name: live}");
    let folder = Folder::new("wrong-rule").with("web.yaml", &text);
    let told = folder.run(&["run", "."]);
    assert_eq!(told.code, Some(12));
    for part in [
        "warning[no-such-subset]: DestinationRule `rule` has no subset `next`",
        "did you mean `nxet`?",
    ] {
        assert!(told.stderr.contains(part), "{}", told.stderr);
    }
}

const SERVED: &str = "apiVersion: coalmine/v1alpha1
kind: Scenario
metadata: {name: served}
spec:
  until: 100s
  traffic: {rps: 100}
  images: {default: {startup: 0s, errorRate: 0.1}}
";

#[test]
fn what_a_release_costs_is_told_in_every_format() {
    let folder = Folder::new("impact").with("web.yaml", &(rollout("web", GATE) + "---\n" + SERVED));
    let text = folder.run(&["run", "web.yaml"]).stdout;
    assert!(text.contains("  impact    10000 requests: "), "{text}");
    assert!(text.contains("1000 failed (10 %); harm: 0 more"), "{text}");
    let json = folder.run(&["run", "--output", "json", "web.yaml"]).stdout;
    let document: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(document["impact"]["traffic"]["requests"], 10_000.0);
    assert_eq!(document["world"]["random"], false);
    let csv = folder.run(&["run", "--output", "csv", "web.yaml"]).stdout;
    assert!(
        csv.contains("\n100,,measure,,,,,requests,10000,,,\n"),
        "{csv}"
    );
}

#[test]
fn a_seed_repeats_what_is_drawn() {
    let folder = Folder::new("random").with("web.yaml", &(rollout("web", GATE) + "---\n" + SERVED));
    let run = |seed| {
        folder
            .run(&["run", "--random", "--seed", seed, "web.yaml"])
            .stdout
    };
    let one = run("1");
    assert!(one.contains("  seed      1, drawn\n"), "{one}");
    assert_eq!(one, run("1"));
    assert_ne!(one.split("impact").nth(1), run("2").split("impact").nth(1));
}

#[test]
fn a_query_shows_what_a_gate_would_have_seen() {
    let folder = Folder::new("query")
        .with("web.yaml", &rollout("web", GATE))
        .with("scenario.yaml", SERVED);
    let query =
        "sum(rate(http_requests_total{code=\"500\"}[1m])) / sum(rate(http_requests_total[1m]))";
    let told = folder.run(&[
        "query",
        "scenario.yaml",
        query,
        "--to",
        "90s",
        "--output",
        "csv",
    ]);
    let lines: Vec<&str> = told.stdout.lines().collect();
    assert_eq!(lines[0], "seconds,labels,value");
    assert!(4 <= lines.len(), "{}{}", told.stdout, told.stderr);
    for line in &lines[1..] {
        let value: f64 = line
            .rsplit(',')
            .next()
            .expect("a value")
            .parse()
            .expect("a number");
        assert!((value - 0.1).abs() < 1e-9, "{line}");
    }
    let text = folder.run(&["query", ".", query, "--to", "90s"]).stdout;
    assert!(text.starts_with("1  {}\n"), "{text}");
    let wrong = folder.run(&["query", ".", "sum(rate(", "--to", "90s"]);
    assert_eq!(
        (wrong.code, wrong.stderr.contains("error[bad-query]")),
        (Some(2), true)
    );
    let nothing = folder
        .run(&["query", ".", "sum(rate(x[5m]))", "--to", "90s"])
        .stdout;
    assert_eq!(
        nothing,
        "the query finds nothing at any of these instants\n"
    );
}

#[test]
fn load_and_errors_of_the_service_are_signals() {
    let manifests = r#"
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "example.com/web:v2"}]}
  strategy:
    canary:
      steps: [{setWeight: 25}, {pause: {duration: 2m}}, {analysis: {templates: [{templateName: load}]}}]
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: load}
spec:
  metrics:
  - {name: canary-load, provider: {prometheus: {query: q}}}
  - {name: load, provider: {datadog: {query: q}}}
  - {name: unlimited, provider: {datadog: {query: q}}}
  - {name: failures, provider: {graphite: {query: q}}}
  - {name: smoke, provider: {job: {spec: {template: {spec: {}}}}}}
"#;
    let scenario = |images: &str| {
        format!(
            "
apiVersion: coalmine/v1alpha1
kind: Scenario
metadata: {{name: busy}}
spec:
  stable: v1
  traffic: {{rps: 100}}
  images: {images}
  metrics:
    canary-load: [{{signal: saturation}}]
    load: [{{signal: saturation, of: all, times: 100}}]
    unlimited: [{{signal: saturation, of: stable}}]
    failures: [{{signal: errorCount, over: 1m}}]
    smoke: [{{signal: successRatio}}]
"
        )
    };
    let folder = Folder::new("load").with("manifests.yaml", manifests);
    let limited = scenario("{default: {capacity: 50}, v2: {errorRate: 0.1}}");
    let told = folder
        .with("limited.yaml", &limited)
        .with("unlimited.yaml", &scenario("{v2: {capacity: 50}}"));
    let limited = told.run(&["run", "manifests.yaml", "-s", "limited.yaml"]);
    for text in [
        "canary-load = [0.5] is",
        "load = 50 is",
        "failures = [150.000000] is",
    ] {
        assert!(limited.stdout.contains(text), "{text}\n{}", limited.stdout);
    }
    assert!(
        limited
            .stderr
            .contains("warning[number-for-job]: metric `smoke` is a Job"),
        "{}",
        limited.stderr
    );
    let unlimited = told.run(&["run", "manifests.yaml", "-s", "unlimited.yaml"]);
    for text in ["canary-load = [0.5] is", "unlimited = [] is"] {
        assert!(
            unlimited.stdout.contains(text),
            "{text}\n{}",
            unlimited.stdout
        );
    }
}
