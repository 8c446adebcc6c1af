//! What analyses do: AN-01 to AN-17; [`assessment`] has AN-19 to AN-21.

mod assessment;

use coalmine::cluster::analysis_run::AnalysisPhase;

use super::story::{always, down, from, promote, set_image, startup, story};

/// A canary of five that stands at `step` after its first weight, with a template `check` of one
/// metric `m`.
fn inline(metric: &str) -> String {
    format!(
        "{{replicas: 5, canary: {{steps: [setWeight: 20, analysis: check]}}}}\n---\n{}",
        check(metric)
    )
}

/// A canary of five that waits for a person at 20 %, watched from its beginning.
fn background(metric: &str) -> String {
    let canary = "{replicas: 5, canary: {analysis: check, steps: [setWeight: 20, pause: {}]}}";
    format!("{canary}\n---\n{}", check(metric))
}

fn check(metric: &str) -> String {
    format!("{{template: check, metrics: [{{name: m, {metric}}}]}}")
}

const GOOD: &str = r#"successCondition: "result[0] > 0.9""#;

/// `analysis/analysis.go: assessMetricStatus`: a count that is reached without a broken limit is a
/// success.
#[test]
fn an_01_the_gate_that_cannot_fail() {
    let told = story(&inline(&format!(
        "count: 2, interval: 30s, failureLimit: 2, {GOOD}"
    )))
    .metric("m", always(0.0))
    .at(100, set_image("v2"))
    .until(300);
    assert_eq!(
        told.measurements("rev2/Step-1", "m"),
        [(100, "Failed"), (130, "Failed")]
    );
    told.at(129)
        .expect_stable("v1")
        .at(130)
        .expect_run("rev2/Step-1", "Successful")
        .expect_stable("v2");
}

/// `analysis/analysis.go: assessMetricFailureInconclusiveOrError`: the limit has to be exceeded.
#[test]
fn an_02_a_failure_limit_of_three_aborts_at_the_fourth_failure() {
    let told = story(&inline(&format!(
        "count: 9, interval: 30s, failureLimit: 3, {GOOD}"
    )))
    .metric("m", always(0.0))
    .at(100, set_image("v2"))
    .until(300);
    assert_eq!(told.measurements("rev2/Step-1", "m").len(), 4);
    told.at(189)
        .expect_not_aborted()
        .at(190)
        .expect_aborted_because("step analysis: m Failed: failed (4) > failureLimit (3)");
}

/// `analysis/analysis.go: runMeasurements`: `failed` never falls again.
#[test]
fn an_03_failures_that_never_follow_each_other_add_up() {
    let told = story(&background(&format!(
        "interval: 60s, failureLimit: 2, {GOOD}"
    )))
    .metric(
        "m",
        [
            (0, 1.0),
            (160, 0.0),
            (161, 1.0),
            (280, 0.0),
            (281, 1.0),
            (400, 0.0),
            (401, 1.0),
        ]
        .map(|(second, value)| from(second, value)),
    )
    .at(100, set_image("v2"))
    .until(900);
    let phases: Vec<_> = told
        .measurements("rev2/Background", "m")
        .into_iter()
        .map(|(_, phase)| phase)
        .collect();
    assert_eq!(
        phases,
        [
            "Successful",
            "Failed",
            "Successful",
            "Failed",
            "Successful",
            "Failed"
        ]
    );
    told.at(399)
        .expect_not_aborted()
        .at(400)
        .expect_aborted_because("background analysis: m Failed: failed (3) > failureLimit (2)");
}

/// `analysis/analysis.go: generateMetricTasks`: an error is retried after ten seconds, whatever the
/// interval; errors do not count towards `count`.
#[test]
fn an_04_an_outage_of_forty_seconds_aborts_whatever_the_interval() {
    let metric = format!("count: 2, interval: 5m, {GOOD}");
    let told = story(&inline(&metric))
        .metric("m", [down(0)])
        .at(100, set_image("v2"))
        .until(900);
    let errors = [100, 110, 120, 130, 140].map(|second| (second, "Error"));
    assert_eq!(told.measurements("rev2/Step-1", "m"), errors);
    assert_eq!(told.end().metric("rev2/Step-1", "m").count, 0);
    told.at(140).expect_aborted_because(
        "step analysis: m Error: consecutiveErrors (5) > consecutiveErrorLimit (4)",
    );
}

#[test]
fn an_04_a_shorter_outage_only_delays() {
    let metric = format!("count: 2, interval: 5m, {GOOD}");
    let told = story(&inline(&metric))
        .metric("m", [down(0), from(135, 1.0)])
        .at(100, set_image("v2"))
        .until(900);
    let good = told.measurements("rev2/Step-1", "m").split_off(4);
    assert_eq!(good, [(140, "Successful"), (440, "Successful")]);
    told.at(440).expect_stable("v2");
}

/// `rollout/canary.go: rolloutCanary`: runs are made before `ReplicaSet`s are scaled;
/// `rollout/trafficrouting.go: reconcileTrafficRouting`: without available pods the weight is 0.
#[test]
fn an_05_background_analysis_measures_before_a_pod_exists() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{trafficRouting: nginx, analysis: check,
  steps: [setWeight: 20, pause: {{}}]}}}}
---
{{template: check, metrics: [{{name: at-once, interval: 1m, {GOOD}}},
                             {{name: later, initialDelay: 1m, interval: 1m, {GOOD}}}]}}"
    ))
    .image("v2", startup(30))
    .metric("at-once", always(1.0))
    .metric("later", always(1.0))
    .at(100, set_image("v2"))
    .until(170);
    assert_eq!(
        told.measurements("rev2/Background", "at-once")[0],
        (100, "Successful")
    );
    // The delay counts from the start of the run, not from the first traffic.
    assert_eq!(
        told.measurements("rev2/Background", "later")[0],
        (160, "Successful")
    );
    told.at(129)
        .expect_pods("v2", [1, 0, 0])
        .expect_weight(0)
        .at(130)
        .expect_weight(20);
}

/// `rollout/analysis.go: needsNewAnalysisRun`: a run that has ended well is not followed by another
/// one.
#[test]
fn an_06_a_background_analysis_with_a_count_stops_guarding() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{analysis: check, steps: [setWeight: 20, pause: {{duration: 60s}},
             setWeight: 80, pause: {{duration: 10m}}]}}}}
---
{}",
        check(&format!("count: 2, interval: 30s, {GOOD}"))
    ))
    .metric("m", [from(0, 1.0), from(131, 0.0)])
    .at(100, set_image("v2"))
    .until(900);
    assert_eq!(told.measurements("rev2/Background", "m").len(), 2);
    told.at(130)
        .expect_run("rev2/Background", "Successful")
        .at(161)
        .expect_step(3)
        .at(760)
        .expect_stable("v2")
        .expect_no_run("rev2/Background#2");
}

/// `validation_references.go: ValidateAnalysisTemplateWithType`: what would run for ever may not be
/// a step.
#[test]
fn an_07_a_step_whose_metric_has_no_end_is_refused() {
    let metric = format!("interval: 30s, {GOOD}");
    let told = story(&inline(&metric))
        .metric("m", always(1.0))
        .at(100, set_image("v2"))
        .until(200);
    assert!(
        told.refusal().contains("runs indefinitely"),
        "{}",
        told.refusal()
    );
    told.at(0)
        .expect_phase("Degraded")
        .expect_pods("v1", [0, 0, 0]);
    assert_eq!(story(&background(&metric)).until(0).refusal(), "");
}

/// `validation_references.go: ValidateAnalysisTemplateWithType, setArgValuePlaceHolder`: the
/// template's own defaults are validated, the run gets the step's values.
#[test]
fn an_08_a_count_from_an_argument_is_validated_with_the_templates_default() {
    let with_default = |default: &str| {
        story(&format!(
            r#"{{replicas: 5, canary: {{steps: [setWeight: 20, {{analysis:
  {{templates: [{{templateName: check}}], args: [{{name: n, value: "2"}}]}}}}]}}}}
---
{{template: check, args: [{{name: n, value: "{default}"}}],
  metrics: [{{name: m, count: "{{{{args.n}}}}", interval: 30s, {GOOD}}}]}}"#
        ))
        .metric("m", always(1.0))
        .at(100, set_image("v2"))
        .until(300)
    };
    let refused = with_default("0");
    assert!(
        refused.refusal().contains("runs indefinitely"),
        "{}",
        refused.refusal()
    );
    let accepted = with_default("5");
    assert_eq!(accepted.measurements("rev2/Step-1", "m").len(), 2);
}

/// `analysis/analysis.go: reconcileAnalysisRun`, `utils/analysis/factory.go: ValidateMetric`: a
/// template's mistakes are found when its run starts, and abort the release.
#[test]
fn an_09_a_bad_interval_is_found_in_mid_release() {
    let told = story(&inline(&format!("count: 2, interval: 30 seconds, {GOOD}")))
        .at(100, set_image("v2"))
        .until(200);
    told.at(100).expect_run("rev2/Step-1", "Error");
    assert!(told.end().status().abort);
    assert_eq!(told.refusal(), "");
}

const GAP: &str = r#"successCondition: "result[0] > 0.9", failureCondition: "result[0] < 0.5""#;

/// `rollout/analysis.go: reconcileBackgroundAnalysisRun, needsNewAnalysisRun`, `rollout/context.go:
/// haltProgress`.
#[test]
fn an_10_an_inconclusive_background_analysis_pauses_for_ever() {
    for value in [0.7, f64::NAN] {
        let told = story(&background(&format!("interval: 30s, {GAP}")))
            .image("v2", startup(8))
            .metric("m", always(value))
            .at(100, set_image("v2"))
            .at(5000, promote())
            .until(9000);
        // All steps are behind it and the canary is available, but nothing is scaled any more.
        told.at(4999)
            .expect_run("rev2/Background", "Inconclusive")
            .expect_paused_for(&["InconclusiveAnalysisRun"])
            .expect_phase("Paused")
            .expect_pods("v2", [1, 1, 1])
            .expect_stable("v1");
        // A person resumes, a fresh run measures, and all begins anew.
        told.at(5000)
            .expect_run("rev2/Background#2", "Inconclusive")
            .at(9000)
            .expect_paused_for(&["InconclusiveAnalysisRun"])
            .expect_no_run("rev2/Background#3")
            .expect_stable("v1");
    }
}

/// `rollout/pause.go: CompletedCanaryPauseStep`: the controller's pause for the analysis counts as
/// one that a person resumed, so the pause step behind it is over before it began.
#[test]
fn an_10_the_pause_for_an_inconclusive_analysis_swallows_a_pause_step() {
    let told = story(&background(&format!("interval: 30s, {GAP}")))
        .image("v2", startup(8))
        .metric("m", always(0.7))
        .at(100, set_image("v2"))
        .until(300);
    told.at(107).expect_step(0).at(108).expect_step(2);
}

/// `analysis/analysis.go: assessRunStatus`: dry runs count for nothing but the run's end.
#[test]
fn an_11_a_dry_run_delays_its_step_and_nothing_else() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{steps: [setWeight: 20, {{analysis:
  {{templates: [{{templateName: check}}], dryRun: [{{metricName: watched}}]}}}}]}}}}
---
{{template: check, metrics: [{{name: m, count: 1, {GOOD}}},
  {{name: watched, count: 4, interval: 30s, failureLimit: 3, {GOOD}}}]}}"
    ))
    .metric("m", always(1.0))
    .metric("watched", always(0.0))
    .at(100, set_image("v2"))
    .until(300);
    told.at(189)
        .expect_run("rev2/Step-1", "Running")
        .expect_step(1)
        .at(190)
        .expect_run("rev2/Step-1", "Successful")
        .expect_stable("v2");
    assert_eq!(
        told.end().metric("rev2/Step-1", "watched").phase,
        AnalysisPhase::Failed
    );
}

/// `analysis/analysis.go: assessMetricStatus`: a run that is ended early is Successful if no limit
/// is broken.
#[test]
fn an_12_to_be_ended_early_is_a_success() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{analysis: check,
  steps: [setWeight: 20, pause: {{duration: 25s}}]}}}}
---
{}",
        check(&format!("interval: 10s, failureLimit: 9, {GOOD}"))
    ))
    .metric("m", always(0.0))
    .at(100, set_image("v2"))
    .until(200);
    let failures = [100, 110, 120].map(|second| (second, "Failed"));
    assert_eq!(told.measurements("rev2/Background", "m"), failures);
    let end = told
        .at(125)
        .expect_stable("v2")
        .expect_run("rev2/Background", "Successful");
    assert_eq!(
        end.message(end.run("rev2/Background").message),
        "Run Terminated"
    );
}

/// `rollout/analysis.go: reconcileBackgroundAnalysisRun`: only the end of a run acts on the
/// rollout.
#[test]
fn an_13_weights_rise_while_failures_add_up() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{trafficRouting: nginx, analysis: check, steps: [setWeight: 20,
  pause: {{duration: 30s}}, setWeight: 60, pause: {{}}]}}}}
---
{}",
        check(&format!("interval: 20s, failureLimit: 2, {GOOD}"))
    ))
    .metric("m", always(0.0))
    .at(100, set_image("v2"))
    .until(200);
    assert_eq!(
        told.measurements("rev2/Background", "m")[1],
        (120, "Failed")
    );
    told.at(130).expect_weight(60).at(140).expect_weight(0);
    assert!(told.end().status().abort);
}

/// `analysis/analysis.go: generateMetricTasks`: `initialDelay`, then `count - 1` intervals; anew
/// for each run.
#[test]
fn an_14_a_step_lasts_its_delay_and_one_interval_less_than_its_count() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{steps: [setWeight: 20, analysis: check, analysis: check]}}}}
---
{}",
        check(&format!(
            "initialDelay: 20s, count: 3, interval: 30s, {GOOD}"
        ))
    ))
    .metric("m", always(1.0))
    .at(100, set_image("v2"))
    .until(400);
    let seconds = |run| {
        told.measurements(run, "m")
            .into_iter()
            .map(|(second, _)| second)
    };
    assert!(seconds("rev2/Step-1").eq([120, 150, 180]));
    assert!(seconds("rev2/Step-2").eq([200, 230, 260]));
    told.at(259).expect_stable("v1").at(260).expect_stable("v2");
}

/// `pkg/apis/rollouts/v1alpha1/analysis_types.go: EffectiveCount`.
#[test]
fn an_15_a_count_of_zero_measures_once() {
    let told = story(&inline(&format!("count: 0, {GOOD}")))
        .metric("m", always(1.0))
        .at(100, set_image("v2"))
        .until(300);
    assert_eq!(told.measurements("rev2/Step-1", "m"), [(100, "Successful")]);
    told.at(100).expect_stable("v2");
}

/// `utils/evaluate/evaluate.go: EvaluateResult`.
#[test]
fn an_16_a_metric_without_a_condition_passes_whatever_it_finds() {
    for value in [0.0, f64::NAN, f64::INFINITY] {
        let told = story(&inline("count: 1"))
            .metric("m", always(value))
            .at(100, set_image("v2"))
            .until(300);
        assert_eq!(told.measurements("rev2/Step-1", "m"), [(100, "Successful")]);
        told.at(100).expect_stable("v2");
    }
}

/// `utils/replicaset/canary.go: BeforeStartingStep`.
#[test]
fn an_17_a_starting_step_means_its_beginning_not_its_pods() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{trafficRouting: nginx,
  analysis: {{startingStep: 2, templates: [{{templateName: check}}]}},
  steps: [setWeight: 20, pause: {{duration: 60s}}, setWeight: 40, pause: {{}}]}}}}
---
{}",
        check(&format!("interval: 30s, {GOOD}"))
    ))
    .image("v2", startup(30))
    .metric("m", always(1.0))
    .at(100, set_image("v2"))
    .until(300);
    assert_eq!(
        told.measurements("rev2/Background", "m")[0],
        (190, "Successful")
    );
    told.at(189).expect_no_run("rev2/Background").expect_step(1);
    told.at(190)
        .expect_step(2)
        .expect_weight(20)
        .expect_pods("v2", [2, 1, 1]);
    told.at(220).expect_weight(40);
}

#[test]
fn an_17_a_starting_step_behind_the_last_never_comes() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{
  analysis: {{startingStep: 3, templates: [{{templateName: check}}]}},
  steps: [setWeight: 20, pause: {{duration: 60s}}]}}}}
---
{}",
        check(&format!("interval: 30s, {GOOD}"))
    ))
    .metric("m", always(0.0))
    .at(100, set_image("v2"))
    .until(300);
    told.end()
        .expect_stable("v2")
        .expect_no_run("rev2/Background");
}
