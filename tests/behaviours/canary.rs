//! What canaries do: CA-01 to CA-11.

use super::story::{always, at_most_ready, from, promote, set_image, startup, story};
use super::told::Moment;

const GOOD: &str = r#"successCondition: "result[0] > 0.9""#;

/// `rollout/canary.go: completedCurrentCanaryStep`: a weight is done when its pods are there.
#[test]
fn ca_01_without_a_pause_the_tripwire_measures_nothing() {
    let told = story(&format!(
        "{{replicas: 3, canary: {{analysis: check, steps: [setWeight: 33, setWeight: 66]}}}}
---
{{template: check, metrics: [{{name: m, initialDelay: 1m, interval: 1m, {GOOD}}}]}}"
    ))
    .image("v2", startup(10))
    .metric("m", always(0.0))
    .at(100, set_image("v2"))
    .until(300);
    assert!(told.measurements("rev2/Background", "m").is_empty());
    told.end()
        .expect_stable("v2")
        .expect_run("rev2/Background", "Successful");
}

/// `utils/replicaset/canary.go: approximateWeightedCanaryStableReplicaCounts`.
#[test]
fn ca_02_one_replica_is_half_the_traffic_whatever_the_weight() {
    for weight in [1, 10, 99] {
        let told = story(&format!(
            "{{replicas: 1, canary: {{steps: [setWeight: {weight}, pause: {{duration: 60s}}]}}}}"
        ))
        .image("v2", startup(8))
        .at(120, set_image("v2"))
        .until(300);
        told.at(128)
            .expect_pods("v1", [1, 1, 1])
            .expect_pods("v2", [1, 1, 1])
            .at(188)
            .expect_pods("v1", [0, 0, 0])
            .expect_stable("v2");
    }
}

#[test]
fn ca_02_without_surge_one_replica_is_nothing_or_all() {
    for (weight, canary) in [(10, 0), (49, 0), (50, 1), (90, 1)] {
        let told = story(&format!(
            "{{replicas: 1, canary: {{maxSurge: 0, steps: [setWeight: {weight}, pause: {{}}]}}}}"
        ))
        .at(100, set_image("v2"))
        .until(200);
        let stable = 1 - canary;
        told.at(200)
            .expect_step(1)
            .expect_pods("v1", [stable; 3])
            .expect_pods("v2", [canary; 3]);
    }
}

/// `utils/replicaset/canary.go: approximateWeightedCanaryStableReplicaCounts, floorCeilingTied`:
/// five pairs of size and weight leave the list of options empty, and a canary that climbs is
/// scaled away.
#[test]
fn ca_03_without_surge_five_weights_scale_the_canary_away() {
    for (replicas, weight) in [(2, 75), (5, 90), (10, 95), (25, 98), (50, 99)] {
        let told = story(&format!(
            "{{replicas: {replicas}, canary: {{maxSurge: 0,
                 steps: [setWeight: 50, pause: {{duration: 60s}},
                 setWeight: {weight}, pause: {{}}]}}}}"
        ))
        .at(100, set_image("v2"))
        .until(200);
        assert!(0 < told.at(159).pods("v2")[2]);
        told.at(200)
            .expect_step(3)
            .expect_pods("v2", [0; 3])
            .expect_pods("v1", [replicas; 3]);
    }
}

/// `utils/replicaset/canary.go: GetCurrentSetWeight`: without a `setWeight` behind it the weight is
/// 0.
#[test]
fn ca_04_a_pause_before_the_first_weight_looks_at_no_pod() {
    for routing in ["", "trafficRouting: nginx, "] {
        let told = story(&format!(
            "{{replicas: 5, canary: {{{routing}steps: [pause: {{}}, setWeight: 20]}}}}"
        ))
        .at(100, set_image("v2"))
        .until(200);
        told.at(200)
            .expect_phase("Paused")
            .expect_step(0)
            .expect_pods("v2", [0; 3]);
    }
}

/// `rollout/sync.go: resetRolloutStatus`, `rollout/canary.go: scaleDownOldReplicaSetsForCanary`.
#[test]
fn ca_05_a_new_image_in_mid_flight_starts_again_from_the_first_step() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{analysis: check, steps: [setWeight: 20, pause: {{duration: 60s}},
             setWeight: 60, pause: {{duration: 60s}}]}}}}
---
{{template: check, metrics: [{{name: m, interval: 30s, {GOOD}}}]}}"
    ))
    .image("v3", startup(6))
    .metric("m", always(1.0))
    .at(100, set_image("v2"))
    .at(200, set_image("v3"))
    .until(600);
    told.at(199).expect_step(3).expect_pods("v2", [3, 3, 3]);
    told.at(200)
        .expect_step(0)
        .expect_run("rev2/Background", "Successful")
        .expect_run("rev3/Background", "Running");
    // The first version is still the stable one; the second is given up.
    told.at(206)
        .expect_step(1)
        .expect_stable("v1")
        .expect_pods("v2", [0; 3])
        .expect_pods("v3", [1; 3]);
    told.at(265).expect_step(1).at(266).expect_step(2);
}

/// `rollout/canary.go: syncRolloutStatusCanary`: back to the stable template means behind the last
/// step.
#[test]
fn ca_05_the_stable_image_in_mid_flight_jumps_behind_the_last_step() {
    let told = story("{replicas: 5, canary: {steps: [setWeight: 60, pause: {}]}}")
        .image("v1", startup(10))
        .at(100, set_image("v2"))
        .at(200, set_image("v1"))
        .until(600);
    told.at(200).expect_step(2).expect_pods("v1", [5, 2, 2]);
    told.at(210)
        .expect_phase("Healthy")
        .expect_pods("v2", [0; 3])
        .expect_not_aborted();
}

/// `rollout/analysis.go: reconcileAnalysisRuns`, `rollout/sync.go: shouldFullPromote`: the last
/// weight is followed by 100 % at once, and by no measurement.
#[test]
fn ca_06_after_the_last_step_traffic_jumps_and_nobody_watches() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{trafficRouting: nginx, analysis: check,
             steps: [setWeight: 40, pause: {{duration: 60s}}]}}}}
---
{{template: check, metrics: [{{name: m, interval: 30s, {GOOD}}}]}}"
    ))
    .image("v2", startup(8))
    .metric("m", [from(0, 1.0), from(165, 0.0)])
    .at(100, set_image("v2"))
    .until(900);
    // 40 % while the rest of the pods starts; then the stable service points at the new version, at
    // weight 0.
    assert_eq!(told.weights(), [(0, 0), (108, 40), (176, 0)]);
    told.at(175)
        .expect_service("web-stable", "v1")
        .at(176)
        .expect_service("web-stable", "v2");
    let last = told.measurements("rev2/Background", "m").pop();
    assert_eq!(last, Some((160, "Successful")));
    told.end().expect_stable("v2").expect_phase("Healthy");
}

/// `utils/replicaset/canary.go: AtDesiredReplicaCountsForCanary`: one pod that never becomes ready
/// holds the step.
#[test]
fn ca_07_a_step_waits_for_its_last_pod() {
    let told = story("{replicas: 10, canary: {steps: [setWeight: 50, pause: {duration: 60s}]}}")
        .image("v2", at_most_ready(4))
        .at(100, set_image("v2"))
        .until(900);
    told.at(699)
        .expect_step(0)
        .expect_pods("v2", [5, 4, 4])
        .expect_phase("Progressing");
    told.at(900)
        .expect_step(0)
        .expect_phase("Degraded")
        .expect_not_aborted();
}

/// `utils/replicaset/canary.go: ReplicaProgressThresholdMet`, `rollout/sync.go: shouldFullPromote`:
/// at this version the threshold counts for the promotion too.
#[test]
fn ca_07_a_progress_threshold_lets_steps_and_promotion_pass() {
    let told = story(
        "{replicas: 10, canary: {replicaProgressThreshold: {type: Percent, value: 80},
          steps: [setWeight: 50, pause: {duration: 60s}]}}",
    )
    .image("v2", at_most_ready(8))
    .at(100, set_image("v2"))
    .until(400);
    told.at(100)
        .expect_step(1)
        .at(160)
        .expect_stable("v2")
        .expect_pods("v2", [10, 8, 8]);
}

/// `validation.go: hasMultipleStepsType`: the check knows four of the actions only;
/// `rollout/canary.go: completedCurrentCanaryStep`: of the two others the scale alone decides.
#[test]
fn ca_08_a_scale_beside_a_weight_leaves_the_weight_unverified() {
    let after_step_0 = |first: &str| {
        let told = story(&format!(
            "{{replicas: 5, canary: {{trafficRouting: {{plugins: {{a/router: {{}}}}}},
              canaryService: web-canary, stableService: web-stable,
              steps: [{first}, pause: {{}}]}}}}"
        ))
        .router_verifies_after(60)
        .at(100, set_image("v2"))
        .until(300);
        assert_eq!(told.refusal(), "");
        let steps = told.course(|moment| moment.status().step);
        steps
            .into_iter()
            .find(|(at, step)| 100 <= *at && *step == Some(1))
            .map(|(at, _)| at)
    };
    assert_eq!(
        after_step_0("{setCanaryScale: {replicas: 1}, setWeight: 20}"),
        Some(100)
    );
    assert_eq!(after_step_0("{setWeight: 20}"), Some(160));
    let both = story("{replicas: 5, canary: {steps: [{setWeight: 20, pause: {}}]}}").until(0);
    assert!(
        both.refusal()
            .contains("must have one of the following set"),
        "{}",
        both.refusal()
    );
}

/// `utils/replicaset/canary.go: CalculateReplicaCountsForBasicCanary`: stable pods go before canary
/// pods are ready.
#[test]
fn ca_09_a_basic_canary_dips_below_its_replicas() {
    let available = |limits: &str| {
        let told = story(&format!(
            "{{replicas: 10, canary: {{{limits}steps: [setWeight: 5, pause: {{duration: 60s}}]}}}}"
        ))
        .image("v2", startup(20))
        .at(100, set_image("v2"))
        .until(600);
        told.end().expect_stable("v2");
        let counts = told.course(|moment| moment.pods("v1")[2] + moment.pods("v2")[2]);
        counts.into_iter().map(|(_, count)| count).min()
    };
    // A quarter of ten, rounded down.
    assert_eq!(available(""), Some(8));
    assert_eq!(available("maxUnavailable: 0, "), Some(10));
}

/// `v1alpha1/types.go: RolloutPause.DurationSeconds`: a number is seconds, with or without quotes;
/// then Go's durations, cut to whole seconds.
#[test]
fn ca_10_a_pause_may_be_a_bare_number() {
    let written = [
        ("10", 10),
        (r#""10""#, 10),
        ("1m", 60),
        ("1500ms", 1),
        ("0", 0),
        (r#""0""#, 0),
    ];
    for (duration, seconds) in written {
        let told = story(&format!(
            "{{replicas: 5, canary: {{steps: [setWeight: 20, pause: {{duration: {duration}}}]}}}}"
        ))
        .at(100, set_image("v2"))
        .until(300);
        assert_eq!(told.refusal(), "");
        let promoted = told.course(|moment| moment.status().stable).pop();
        assert_eq!(
            promoted.map(|(at, _)| at),
            Some(100 + seconds),
            "{duration}"
        );
    }
    for duration in ["1d", "5 m", "-10", "soon"] {
        let told = story(&format!(
            "{{replicas: 5, canary: {{steps: [pause: {{duration: {duration}}}]}}}}"
        ))
        .until(0);
        assert!(
            told.refusal()
                .contains("Duration needs to be greater than 0"),
            "{duration}"
        );
    }
}

/// `rollout/pause.go: CompletedCanaryPauseStep`: without a duration a person has to come.
#[test]
fn ca_10_a_pause_without_a_duration_waits_for_ever() {
    let told = story("{replicas: 5, canary: {steps: [setWeight: 20, pause: {}]}}")
        .at(100, set_image("v2"))
        .at(80_000, promote())
        .until(90_000);
    told.at(79_999)
        .expect_paused_for(&["CanaryPauseStep"])
        .expect_phase("Paused")
        .at(80_000)
        .expect_stable("v2");
}

/// `utils/analysis/factory.go: ValidateMetric`: the durations of metrics need a unit.
#[test]
fn ca_10_an_interval_may_not_be_a_bare_number() {
    let told = story(&format!(
        r#"{{replicas: 5, canary: {{steps: [setWeight: 20, analysis: check]}}}}
---
{{template: check, metrics: [{{name: m, count: 2, interval: "60", {GOOD}}}]}}"#
    ))
    .metric("m", always(1.0))
    .at(100, set_image("v2"))
    .until(300);
    told.at(100).expect_run("rev2/Step-1", "Error");
    assert!(told.end().status().abort);
}

/// `utils/replicaset/replicaset.go: resolveFenceposts`: a text is a percentage, with or without its
/// sign.
#[test]
fn ca_11_a_quoted_number_is_a_percentage() {
    let most_and_least = |limits: &str| {
        let told = story(&format!("{{replicas: 10, canary: {{{limits}}}}}"))
            .image("v2", startup(20))
            .at(100, set_image("v2"))
            .until(600);
        let most = told
            .course(Moment::all_pods)
            .into_iter()
            .map(|(_, count)| count)
            .max();
        let available = told.course(|moment| moment.pods("v1")[2] + moment.pods("v2")[2]);
        let least = available.into_iter().map(|(_, count)| count).min();
        told.end().expect_stable("v2");
        (most, least)
    };
    assert_eq!(
        most_and_least("maxSurge: 2, maxUnavailable: 1"),
        (Some(12), Some(9))
    );
    // 2 % and 1 % of ten pods: one and none.
    assert_eq!(
        most_and_least(r#"maxSurge: "2", maxUnavailable: "1""#),
        (Some(11), Some(10))
    );
    // The defaults are 25 %: three and two.
    assert_eq!(most_and_least(""), (Some(13), Some(8)));
}
