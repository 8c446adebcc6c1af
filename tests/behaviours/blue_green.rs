//! What blue-green rollouts do: BG-01 to BG-06.

use coalmine::cluster::Event;
use coalmine::plan::environment::Image;
use coalmine::plan::scenario::Deed;
use coalmine::sim::EndReason;

use super::story::{Story, always, deed, from, promote, set_image, startup, story, unready};

const GOOD: &str = r#"successCondition: "result[0] > 0.9""#;

fn check(metric: &str) -> String {
    format!("---\n{{template: check, metrics: [{{name: m, {metric}, {GOOD}}}]}}")
}

/// A rollout whose new version is switched to at 128 and fails its post-promotion analysis at 188.
fn post_promotion() -> Story {
    story(&format!(
        "{{replicas: 3, blueGreen: {{postPromotionAnalysis: check}}}}\n{}",
        check("count: 5, interval: 30s, failureLimit: 1")
    ))
    .image("v1", startup(5))
    .metric("m", [from(0, 0.99), from(150, 0.8)])
    .at(120, set_image("v2"))
}

/// `rollout/service.go: reconcileActiveService`: the service is left alone unless the new
/// `ReplicaSet` is saturated, and that test stands before the one for an abort;
/// `rollout/replicaset.go: reconcileNewReplicaSet`: at the deadline nobody asks who still selects
/// the pods.
#[test]
fn bg_01_a_crash_after_the_switch_ends_in_a_full_outage() {
    let crash = Image {
        startup: startup(8).startup,
        ..unready(&[(150, 100_000)])
    };
    let told = post_promotion().image("v2", crash).until(3000);
    told.at(128)
        .expect_service("active", "v2")
        .expect_run("rev2/PostPromotion", "Running");
    told.at(188)
        .expect_aborted_because("post-promotion analysis: m Failed: failed (2) > failureLimit (1)")
        .expect_service("active", "v2")
        .expect_pods("v2", [3, 0, 0]);
    // The active service selects nothing, beside three healthy pods of the old version.
    told.at(218)
        .expect_pods("v2", [0; 3])
        .expect_pods("v1", [3; 3])
        .expect_service("active", "v2");
    told.end()
        .expect_service("active", "v2")
        .expect_phase("Degraded")
        .expect_stable("v1");
}

/// The same rollout goes back while its new pods live.
#[test]
fn bg_01_without_a_crash_the_service_goes_back() {
    let told = post_promotion().image("v2", startup(8)).until(3000);
    told.at(187)
        .expect_service("active", "v2")
        .at(188)
        .expect_service("active", "v1");
    told.at(218)
        .expect_pods("v2", [0; 3])
        .expect_phase("Degraded");
}

/// `rollout/bluegreen.go: needsBlueGreenControllerPause`; `rollout/pause.go:
/// CompletedBlueGreenPause`.
#[test]
fn bg_02_auto_promotion_seconds_without_auto_promotion_do_nothing() {
    let told =
        story("{replicas: 3, blueGreen: {autoPromotionEnabled: false, autoPromotionSeconds: 60}}")
            .at(100, set_image("v2"))
            .at(5000, promote())
            .until(6000);
    told.at(4999)
        .expect_service("active", "v1")
        .expect_paused_for(&["BlueGreenPause"]);
    told.at(5000)
        .expect_service("active", "v2")
        .expect_stable("v2");
}

/// `rollout/bluegreen.go: reconcileBlueGreenPause`: the pause is not added while the analysis runs.
#[test]
fn bg_03_auto_promotion_seconds_begin_after_the_analysis() {
    let told = story(&format!(
        "{{replicas: 3, blueGreen: {{autoPromotionSeconds: 30, prePromotionAnalysis: check}}}}\n{}",
        check("count: 3, interval: 30s")
    ))
    .image("v2", startup(10))
    .metric("m", always(1.0))
    .at(100, set_image("v2"))
    .until(600);
    told.at(109)
        .expect_no_run("rev2/PrePromotion")
        .at(110)
        .expect_run("rev2/PrePromotion", "Running");
    told.at(169)
        .expect_paused_for(&[])
        .at(170)
        .expect_paused_for(&["BlueGreenPause"]);
    told.at(199)
        .expect_service("active", "v1")
        .at(200)
        .expect_service("active", "v2");
}

/// `rollout/service.go: reconcilePreviewService` switches at once, `ensureSVCTargets` (canary) only
/// to available pods.
#[test]
fn bg_04_the_preview_is_empty_at_the_start_of_every_release() {
    let preview = story("{replicas: 3, blueGreen: {previewService: preview}}")
        .image("v2", startup(20))
        .at(100, set_image("v2"))
        .until(300);
    preview
        .at(100)
        .expect_service("preview", "v2")
        .expect_pods("v2", [3, 0, 0]);
    let canary = story(
        "{replicas: 3, canary: {canaryService: web-canary, stableService: web-stable,
          steps: [setWeight: 30, pause: {}]}}",
    )
    .image("v2", startup(20))
    .at(100, set_image("v2"))
    .until(300);
    canary
        .at(119)
        .expect_service("web-canary", "v1")
        .at(120)
        .expect_service("web-canary", "v2");
}

/// `rollout/bluegreen.go: scaleDownOldReplicaSetsForBlueGreen`; `rollout/replicaset.go:
/// isReplicaSetReferenced`: the old `ReplicaSet` is the stable one until the analysis has
/// succeeded, and only then its delay begins.
#[test]
fn bg_05_the_scale_down_delay_begins_after_the_post_promotion_analysis() {
    for (written, delay) in [("", 30), ("scaleDownDelaySeconds: 60, ", 60)] {
        let told = story(&format!(
            "{{replicas: 3, blueGreen: {{{written}postPromotionAnalysis: check}}}}\n{}",
            check("count: 5, interval: 60s")
        ))
        .image("v2", startup(10))
        .metric("m", always(1.0))
        .at(100, set_image("v2"))
        .until(900);
        told.at(110)
            .expect_service("active", "v2")
            .expect_stable("v1");
        told.at(349).expect_stable("v1").at(350).expect_stable("v2");
        told.at(349 + delay)
            .expect_pods("v1", [3; 3])
            .at(350 + delay)
            .expect_pods("v1", [0; 3]);
    }
}

/// `rollout/replicaset.go: scaleDownDelayHelper`; `rollout/bluegreen.go:
/// GetScaleDownRevisionLimit`.
#[test]
fn bg_06_a_revision_limit_keeps_the_newest_old_stacks_only() {
    let kept = |limit: &str| {
        let told = story(&format!(
            "{{replicas: 2, blueGreen: {{scaleDownDelaySeconds: 1000, {limit}}}}}"
        ))
        .at(100, set_image("v2"))
        .at(200, set_image("v3"))
        .at(300, set_image("v4"))
        .until(400);
        ["v1", "v2", "v3", "v4"].map(|tag| told.end().pods(tag)[2])
    };
    assert_eq!(kept("scaleDownDelayRevisionLimit: 1"), [0, 0, 2, 2]);
    assert_eq!(kept("scaleDownDelayRevisionLimit: 2"), [0, 2, 2, 2]);
    assert_eq!(kept(""), [2, 2, 2, 2]);
}

/// `rollout/analysis.go: needsNewAnalysisRun`: a retry tries the version anew, and so does its analysis.
#[test]
fn a_retry_repeats_the_failed_analysis() {
    let told = story(&format!(
        "{{replicas: 3, blueGreen: {{prePromotionAnalysis: check}}}}\n{}",
        check("count: 2, interval: 30s")
    ))
    .metric("m", [from(0, 0.0), from(200, 1.0)])
    .at(100, set_image("v2"))
    .at(300, deed(Deed::Retry))
    .until(600);
    told.at(299)
        .expect_run("rev2/PrePromotion", "Failed")
        .expect_phase("Degraded");
    told.at(300)
        .expect_run("rev2/PrePromotion#2", "Running")
        .expect_service("active", "v1");
    told.at(330)
        .expect_run("rev2/PrePromotion#2", "Successful")
        .expect_service("active", "v2");
}

/// `rollout/sync.go: checkPausedConditions` says Paused, `calculateRolloutConditions` says
/// complete, because all pods are available and active; each writes its opinion, and each write
/// wakes the controller again. Time goes on meanwhile, and people act.
#[test]
fn a_pause_between_the_switch_and_the_promotion_keeps_the_controller_busy() {
    let paused = || {
        post_promotion()
            .image("v2", startup(8))
            .metric("m", [from(0, 0.99)])
            .at(140, deed(Deed::Pause))
    };
    let told = paused().at(150, deed(Deed::Resume)).until(3000);
    let busy = |event: &Event| *event == Event::KeepsItselfBusy;
    assert_eq!(told.when(busy), [140]);
    told.at(150).expect_phase("Progressing").expect_stable("v1");
    assert_eq!(told.ending.reason, EndReason::Quiet);
    told.end().expect_phase("Healthy").expect_stable("v2");
    // Nobody resumes it; the analysis that it waits for is enough.
    let told = paused().until(3000);
    told.at(247).expect_stable("v1");
    told.at(248).expect_stable("v2");
    assert_eq!(told.when(busy), [140]);
    // A pause before the switch is harmless.
    let told = post_promotion()
        .image("v2", startup(8))
        .at(124, deed(Deed::Pause))
        .until(3000);
    assert_eq!(told.ending.reason, EndReason::Quiet);
    told.end()
        .expect_phase("Paused")
        .expect_service("active", "v1");
}
