//! What every rollout does: RO-01 to RO-09.

use coalmine::cluster::Event;
use coalmine::cluster::event::PromoteReason;
use coalmine::plan::environment::Image;
use coalmine::plan::scenario::Deed;
use coalmine::sim::EndReason;

use super::story::{
    abort, always, crash_looping, deed, promote, set_image, startup, story, unready,
};
use super::told::Moment;

const GOOD: &str = r#"successCondition: "result[0] > 0.9""#;
const STEPS: &str =
    "steps: [setWeight: 20, pause: {duration: 60s}, setWeight: 60, pause: {duration: 60s}]";

/// `rollout/sync.go: evaluateProgressDeadlineAbort`: without `progressDeadlineAbort` the rollout is
/// Degraded and no more.
#[test]
fn ro_01_a_crash_looping_canary_is_stuck_and_not_rolled_back() {
    let after_deadline = |abort: &str| {
        story(&format!(
            "{{replicas: 5, progressDeadlineSeconds: 120{abort}, canary: {{{STEPS}}}}}"
        ))
        .image("v2", crash_looping())
        .at(100, set_image("v2"))
        .until(5000)
    };
    let stuck = after_deadline("");
    stuck
        .at(220)
        .expect_phase("Progressing")
        .at(221)
        .expect_phase("Degraded")
        .expect_not_aborted();
    stuck.at(5000).expect_step(0).expect_not_aborted();
    assert!(0 < stuck.end().pods("v2")[0]);

    let aborted = after_deadline(", progressDeadlineAbort: true");
    aborted
        .at(221)
        .expect_aborted_because("v2 missed the progress deadline");
    aborted
        .at(5000)
        .expect_pods("v2", [0; 3])
        .expect_pods("v1", [5; 3]);
}

/// `utils/conditions/conditions.go: RolloutProgressing, RolloutTimedOut`: each pod that becomes
/// ready again counts as progress, and the deadline counts from there.
#[test]
fn ro_02_a_flapping_pod_puts_the_progress_deadline_off() {
    // Of two pods one never becomes ready, and the other one comes back every fifty seconds.
    let windows: Vec<_> = (0..8).map(|n| (150 + 50 * n, 155 + 50 * n)).collect();
    let flapping = Image {
        max_ready: Some(1),
        ..unready(&windows)
    };
    let stuck = |pods: Image| {
        let told = story(&format!(
            "{{replicas: 5, progressDeadlineSeconds: 60, canary: {{{}}}}}",
            STEPS.replace("20", "40")
        ))
        .image("v2", pods)
        .at(100, set_image("v2"))
        .until(2000);
        let phases = told.course(Moment::phase);
        phases
            .into_iter()
            .find(|(_, phase)| *phase == "Degraded")
            .map(|(at, _)| at)
    };
    assert_eq!(
        stuck(Image {
            max_ready: Some(1),
            ..Image::default()
        }),
        Some(161)
    );
    assert_eq!(stuck(flapping), Some(505 + 61));
}

/// `rollout/sync.go: isIndefiniteStep`: a pause may last longer than the deadline.
#[test]
fn ro_02_a_pause_may_outlast_the_progress_deadline() {
    let told = story(
        "{replicas: 5, progressDeadlineSeconds: 60, progressDeadlineAbort: true,
          canary: {steps: [setWeight: 20, pause: {duration: 1h}]}}",
    )
    .at(100, set_image("v2"))
    .until(5000);
    told.at(3699)
        .expect_phase("Paused")
        .at(3700)
        .expect_stable("v2");
}

/// So may an analysis, which does not pause the rollout.
#[test]
fn ro_02_an_analysis_may_outlast_the_progress_deadline() {
    let told = story(&format!(
        "{{replicas: 5, progressDeadlineSeconds: 60, progressDeadlineAbort: true,
  canary: {{steps: [setWeight: 20, analysis: check]}}}}
---
{{template: check, metrics: [{{name: m, count: 6, interval: 60s, {GOOD}}}]}}"
    ))
    .metric("m", always(1.0))
    .at(100, set_image("v2"))
    .until(900);
    told.at(399)
        .expect_phase("Progressing")
        .expect_step(1)
        .at(400)
        .expect_stable("v2");
}

/// `cmd/promote/promote.go: getPatches`: not paused means skip the step that runs.
#[test]
fn ro_03_to_promote_during_an_analysis_skips_the_gate_and_nothing_else() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{
  steps: [setWeight: 20, analysis: check, setWeight: 60, pause: {{}}]}}}}
---
{{template: check, metrics: [{{name: m, count: 9, interval: 30s, failureLimit: 8, {GOOD}}}]}}"
    ))
    .metric("m", always(0.0))
    .at(100, set_image("v2"))
    .at(150, promote())
    .at(500, promote())
    .until(900);
    told.at(149)
        .expect_step(1)
        .expect_run("rev2/Step-1", "Running");
    told.at(150)
        .expect_step(3)
        .expect_run("rev2/Step-1", "Successful")
        .expect_stable("v1");
    // At the pause it skips the pause.
    told.at(499)
        .expect_paused_for(&["CanaryPauseStep"])
        .at(500)
        .expect_stable("v2");
    assert_eq!(told.measurements("rev2/Step-1", "m").len(), 2);
}

/// The same command at a pause for an inconclusive step also skips that step.
#[test]
fn ro_03_to_promote_an_inconclusive_step_passes_it() {
    let told = story(
        r#"{replicas: 5, canary: {steps: [setWeight: 20, analysis: check, pause: {}]}}
---
{template: check, metrics: [{name: m, count: 1,
  successCondition: "result[0] > 0.9", failureCondition: "result[0] < 0.5"}]}"#,
    )
    .metric("m", always(0.7))
    .at(100, set_image("v2"))
    .at(300, promote())
    .until(900);
    told.at(299)
        .expect_step(1)
        .expect_paused_for(&["InconclusiveAnalysisRun"]);
    told.at(300)
        .expect_step(2)
        .expect_paused_for(&["CanaryPauseStep"])
        .expect_no_run("rev2/Step-1#2");
}

/// `promoteFull` (`rollout/sync.go: shouldFullPromote`): no step, pause or analysis is left.
#[test]
fn ro_03_a_full_promotion_skips_everything() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{analysis: check,
  steps: [setWeight: 20, pause: {{}}, analysis: check, pause: {{}}]}}}}
---
{{template: check, metrics: [{{name: m, count: 9, interval: 30s, failureLimit: 8, {GOOD}}}]}}"
    ))
    .image("v2", startup(8))
    .metric("m", always(0.0))
    .at(100, set_image("v2"))
    .at(200, deed(Deed::PromoteFull))
    .until(900);
    // Pods still come in the order that surge and unavailability allow.
    told.at(200)
        .expect_stable("v1")
        .expect_phase("Progressing")
        .at(216)
        .expect_stable("v2");
    told.end()
        .expect_phase("Healthy")
        .expect_no_run("rev2/Step-2");
    let completed = |event: &Event| {
        matches!(
            event,
            Event::UpdateCompleted {
                reason: PromoteReason::FullPromotion,
                ..
            }
        )
    };
    assert_eq!(told.when(completed), [216]);
}

/// `rollout/sync.go: isFastRollback`: a canary's old version is a new update like any other.
#[test]
fn ro_04_the_previous_version_runs_the_whole_canary_again() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{trafficRouting: nginx, {STEPS}}}}}"
    ))
    .at(100, set_image("v2"))
    // Twenty seconds after the promotion: its pods are still there, waiting for their deadline.
    .at(240, set_image("v1"))
    .until(900);
    told.at(239).expect_stable("v2").expect_pods("v1", [5; 3]);
    told.at(240)
        .expect_step(1)
        .expect_stable("v2")
        .expect_weight(20);
    told.at(359).expect_stable("v2").at(360).expect_stable("v1");
}

/// A blue-green rollout goes back at once while the old pods wait for their deadline, and pauses
/// afterwards.
#[test]
fn ro_04_a_blue_green_rollout_goes_back_at_once_within_its_delay() {
    let back_at = |second: i64| {
        let told = story(
            "{replicas: 3, blueGreen: {autoPromotionSeconds: 40, scaleDownDelaySeconds: 300}}",
        )
        .at(100, set_image("v2"))
        .at(second, set_image("v1"))
        .until(900);
        let services = told.course(|moment| moment.service("active").to_owned());
        services.last().map(|(at, tag)| (*at - second, tag.clone()))
    };
    assert_eq!(back_at(439), Some((0, "v1".to_owned())));
    assert_eq!(back_at(441), Some((40, "v1".to_owned())));
}

/// `rollout/sync.go: isRollbackWithinWindow`: the window shortens a way back that a person asks
/// for.
#[test]
fn ro_05_a_rollback_window_rolls_nothing_back_by_itself() {
    let spec = format!("{{replicas: 5, rollbackWindow: {{revisions: 1}}, canary: {{{STEPS}}}}}");
    let asked = story(&spec)
        .image("v1", startup(5))
        .at(100, set_image("v2"))
        .at(400, set_image("v1"))
        .until(900);
    // The old version has no pods left, so its steps are skipped without the event of a running
    // one.
    asked.at(400).expect_step(4).expect_phase("Progressing");
    let reason = |event: &Event| {
        matches!(
            event,
            Event::UpdateCompleted {
                reason: PromoteReason::RollbackWithinWindow,
                ..
            }
        )
    };
    assert_eq!(asked.when(reason).len(), 1);
    assert!(
        asked
            .when(|event| matches!(event, Event::SkipSteps(_)))
            .is_empty()
    );

    // A version that breaks after its promotion stays.
    let not_asked = story(&spec)
        .image("v2", unready(&[(300, 90_000)]))
        .at(100, set_image("v2"))
        .until(5000);
    not_asked
        .end()
        .expect_stable("v2")
        .expect_pods("v2", [5, 0, 0])
        .expect_pods("v1", [0; 3]);
}

#[test]
fn ro_05_beyond_the_window_all_steps_are_taken() {
    let told = story(&format!(
        "{{replicas: 5, rollbackWindow: {{revisions: 1}}, canary: {{{STEPS}}}}}"
    ))
    .at(100, set_image("v2"))
    .at(400, set_image("v3"))
    .at(700, set_image("v1"))
    .until(1000);
    // One revision lies between, and a window of one allows none.
    told.at(700)
        .expect_step(1)
        .expect_stable("v3")
        .at(819)
        .expect_stable("v3")
        .at(820)
        .expect_stable("v1");
}

/// `rollout/canary.go: syncRolloutStatusCanary`; `utils/rollout/rolloututil.go:
/// CalculateRolloutPhase`.
#[test]
fn ro_06_an_abort_stays_degraded_until_a_retry_begins_with_the_first_step() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{trafficRouting: nginx, {STEPS}}}}}"
    ))
    .at(100, set_image("v2"))
    .at(170, abort())
    .at(5000, deed(Deed::Retry))
    .until(6000);
    told.at(169).expect_step(3).expect_weight(60);
    told.at(170)
        .expect_aborted_because("aborted by hand")
        .expect_step(0)
        .expect_weight(0)
        .expect_phase("Degraded");
    told.at(4999)
        .expect_phase("Degraded")
        .expect_pods("v2", [0; 3]);
    told.at(5000)
        .expect_step(1)
        .expect_weight(20)
        .expect_not_aborted();
    told.at(5120).expect_stable("v2");
}

/// `rollout/canary.go: syncRolloutStatusCanary`, `rollout/bluegreen.go:
/// syncRolloutStatusBlueGreen`, `rollout/sync.go: syncReplicasOnly`. The autoscaler itself is
/// scripted: what it sees and what follows from its decision is the rollout's part.
#[test]
fn ro_07_an_autoscaler_sees_both_versions_of_a_canary_and_one_of_blue_green() {
    let canary =
        story("{replicas: 10, canary: {trafficRouting: nginx, steps: [setWeight: 40, pause: {}]}}")
            .at(100, set_image("v2"))
            .at(200, deed(Deed::Scale(20)))
            .until(300);
    assert_eq!(canary.at(199).status().hpa_replicas, 14);
    canary
        .at(200)
        .expect_pods("v1", [20; 3])
        .expect_pods("v2", [8; 3])
        .expect_weight(40)
        .expect_step(1);
    assert_eq!(canary.at(300).status().hpa_replicas, 28);

    let blue_green = story("{replicas: 10, blueGreen: {autoPromotionEnabled: false}}")
        .at(100, set_image("v2"))
        .at(200, deed(Deed::Scale(20)))
        .until(300);
    assert_eq!(blue_green.at(199).all_pods(), 20);
    assert_eq!(blue_green.at(199).status().hpa_replicas, 10);
    assert_eq!(blue_green.at(300).status().hpa_replicas, 20);
}

/// `rollout/sync.go: shouldFullPromote` ("Initial deploy"); `rollout/analysis.go:
/// reconcileAnalysisRuns`.
#[test]
fn ro_08_the_first_deployment_tests_nothing() {
    let check = format!("---\n{{template: check, metrics: [{{name: m, count: 1, {GOOD}}}]}}");
    let canary = "canary: {analysis: check, steps: [setWeight: 20, pause: {}, analysis: check]}";
    let blue_green = "blueGreen: {autoPromotionEnabled: false,
        prePromotionAnalysis: check, postPromotionAnalysis: check}";
    for strategy in [canary, blue_green] {
        let told = story(&format!("{{replicas: 5, {strategy}}}\n{check}"))
            .image("v1", startup(8))
            .metric("m", always(0.0))
            .until(600);
        told.at(8)
            .expect_phase("Healthy")
            .expect_stable("v1")
            .expect_pods("v1", [5; 3]);
        assert!(told.end().cluster.runs.is_empty());
        let completed = |event: &Event| {
            matches!(
                event,
                Event::UpdateCompleted {
                    reason: PromoteReason::InitialDeploy,
                    ..
                }
            )
        };
        assert_eq!(told.when(completed).len(), 1);
    }
}

/// `utils/replicaset/canary.go: AtDesiredReplicaCountsForCanary`: availability includes
/// `minReadySeconds`.
#[test]
fn ro_09_starting_and_settling_pods_cost_more_than_the_pauses() {
    let told = story(&format!(
        "{{replicas: 5, minReadySeconds: 50, progressDeadlineSeconds: 600,
          canary: {{trafficRouting: nginx, {STEPS}}}}}"
    ))
    .image("v2", startup(10))
    .at(100, set_image("v2"))
    .until(900);
    told.at(159)
        .expect_step(0)
        .expect_pods("v2", [1, 1, 0])
        .at(160)
        .expect_step(1)
        .expect_weight(20);
    // Two pauses of a minute, and three times a minute for pods.
    told.at(399).expect_stable("v1").at(400).expect_stable("v2");
}

/// A rolling update of pods that start at once takes thousands of reconciliations at one instant. It
/// moves, so it is no loop.
#[test]
fn a_long_rolling_update_at_one_instant_is_no_loop() {
    let told = story(
        "{replicas: 3000, canary: {maxSurge: 1, maxUnavailable: 0, steps: [setWeight: 100]}}",
    )
    .at(100, set_image("v2"))
    .until(900);
    told.at(100)
        .expect_stable("v2")
        .expect_pods("v2", [3000; 3]);
    assert_eq!(told.ending.reason, EndReason::Quiet);
}
