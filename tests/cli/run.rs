//! What `coalmine run` makes of releases: verdicts, worlds, and what the controllers do.

use super::{ANALYSED, BAD, CHECK, GATE, SERVED, STEPS, rollout};
use crate::program::Folder;

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

#[test]
fn what_the_controller_refuses_is_the_result_and_no_slip_of_the_scenario() {
    let refused = CHECK.replace(
        "    provider",
        "    count: 1\n    failureLimit: 2\n    provider",
    );
    let folder = Folder::new("refused")
        .with("all.yaml", &(rollout("web", ANALYSED) + &refused))
        .with(
            "scenario.yaml",
            &format!("{BAD}  expect: {{measurements: {{rate: {{failed: 1}}}}}}\n"),
        );
    let told = folder.run(&["run", "-q", "."]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(10), ""));
    let why = "metrics[0]: count (1) must be >= failureLimit";
    assert!(told.stdout.contains("RolledBack"), "{}", told.stdout);
    let told = folder.run(&["run", "."]);
    assert!(told.stdout.contains(why), "{}", told.stdout);
}
