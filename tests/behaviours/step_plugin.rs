//! Step plugins: `rollout/stepplugin.go` and `rollout/steps/plugin/plugin.go`. No recorded trace
//! has one; the numbers follow from the source.

use coalmine::cluster::Event;
use coalmine::cluster::status::{PluginOperation, PluginPhase, StepPluginStatus};
use coalmine::plan::environment::PluginResult;
use coalmine::plan::scenario::Deed;

use super::story::{Story, abort, deed, promote, says, set_image, startup, story};
use super::told::Told;

/// A canary whose second step is the plugin `a/gate`.
fn gated(results: impl IntoIterator<Item = PluginResult>) -> Story {
    story(
        "{replicas: 5, canary: {steps: [setWeight: 20, plugin: {name: a/gate},
          setWeight: 60, pause: {duration: 60s}]}}",
    )
    .plugin("a/gate", results)
    .at(100, set_image("v2"))
}

fn statuses(told: &Told, second: i64) -> Vec<(u16, PluginOperation, PluginPhase, u32)> {
    let shown = |status: &StepPluginStatus| {
        (
            status.step,
            status.operation,
            status.phase,
            status.executions,
        )
    };
    told.at(second)
        .status()
        .canary
        .step_plugins
        .iter()
        .map(shown)
        .collect()
}

/// `plugin.go: Run` (`minRequeueDuration`, `defaultRequeuDuration`); `stepplugin.go: reconcile`
/// adds five seconds.
#[test]
fn a_running_plugin_is_asked_again_after_its_requeue_and_five_seconds() {
    let told = gated([
        says(PluginPhase::Running, 60),
        // Ten seconds or less are thirty.
        says(PluginPhase::Running, 10),
        says(PluginPhase::Running, 11),
        says(PluginPhase::Successful, 0),
    ])
    .until(900);
    let executions = |second| statuses(&told, second).last().map(|status| status.3);
    assert_eq!([100, 164].map(executions), [Some(1); 2]);
    assert_eq!([165, 199].map(executions), [Some(2); 2]);
    assert_eq!([200, 215].map(executions), [Some(3); 2]);
    told.at(215)
        .expect_step(1)
        .expect_phase("Progressing")
        .at(216)
        .expect_step(3);
    assert_eq!(
        statuses(&told, 216),
        [(1, PluginOperation::Run, PluginPhase::Successful, 4)]
    );
}

/// `plugin.go: Run` (`defaultErrorBackoff`): an error is no verdict, whatever requeue the plugin
/// asks for.
#[test]
fn an_error_is_tried_again_after_thirty_five_seconds() {
    let told = gated([says(PluginPhase::Error, 300)]).until(1000);
    let executions = |second| statuses(&told, second)[0].3;
    assert_eq!([100, 134, 135, 169, 170].map(executions), [1, 1, 2, 2, 3]);
    told.at(1000).expect_step(1).expect_not_aborted();
}

/// `stepplugin.go: reconcile`: only a Failed plugin aborts; it is not asked to undo its own
/// failure.
#[test]
fn a_failed_plugin_aborts_the_rollout() {
    let told = gated([says(PluginPhase::Running, 20), says(PluginPhase::Failed, 0)]).until(900);
    told.at(124).expect_not_aborted();
    told.at(125)
        .expect_aborted_because("step plugin of step 1 failed with its result 1")
        .expect_step(0);
    assert_eq!(
        statuses(&told, 900),
        [(1, PluginOperation::Run, PluginPhase::Failed, 2)]
    );
}

/// `stepplugin.go: reconcile`, `plugin.go: Abort`: what ran or runs is undone, the last one first.
#[test]
fn an_abort_undoes_every_plugin_that_ran() {
    let told = story(
        "{replicas: 5, canary: {steps: [setWeight: 20,
          plugin: {name: a/first}, plugin: {name: a/second}, pause: {}]}}",
    )
    .plugin("a/first", [says(PluginPhase::Successful, 0)])
    .plugin("a/second", [says(PluginPhase::Running, 60)])
    .at(100, set_image("v2"))
    .at(150, abort())
    .until(900);
    told.at(149).expect_step(2);
    let (run, undo) = (PluginOperation::Run, PluginOperation::Abort);
    assert_eq!(
        statuses(&told, 900),
        [
            (1, run, PluginPhase::Successful, 1),
            (2, run, PluginPhase::Running, 1),
            (2, undo, PluginPhase::Successful, 1),
            (1, undo, PluginPhase::Successful, 1),
        ]
    );
    let aborts = |event: &Event| {
        matches!(
            event,
            Event::StepPlugin {
                operation: PluginOperation::Abort,
                ..
            }
        )
    };
    assert_eq!(told.when(aborts), [150, 150]);
}

/// `stepplugin.go: reconcile`, `plugin.go: Terminate`: a full promotion ends the plugin that runs.
#[test]
fn a_full_promotion_ends_the_running_plugin() {
    let told = gated([says(PluginPhase::Running, 60)])
        .image("v2", startup(8))
        .at(150, deed(Deed::PromoteFull))
        .until(900);
    let ends = |event: &Event| {
        matches!(
            event,
            Event::StepPlugin {
                operation: PluginOperation::Terminate,
                ..
            }
        )
    };
    assert_eq!(told.when(ends).len(), 1);
    let last = statuses(&told, 900).pop();
    assert_eq!(
        last,
        Some((1, PluginOperation::Terminate, PluginPhase::Successful, 1))
    );
    told.end().expect_stable("v2").expect_phase("Healthy");
}

/// A plugin that a person skips runs on, unseen, until the rollout is promoted
/// (`stepplugin.go: getStepToTerminate`).
#[test]
fn a_skipped_plugin_runs_until_the_promotion() {
    let told = gated([says(PluginPhase::Running, 60)])
        .at(150, promote())
        .until(900);
    told.at(150)
        .expect_step(3)
        .at(209)
        .expect_stable("v1")
        .at(210)
        .expect_stable("v2");
    let ends = |event: &Event| {
        matches!(
            event,
            Event::StepPlugin {
                operation: PluginOperation::Terminate,
                ..
            }
        )
    };
    assert_eq!(told.when(ends), [210]);
}

/// `stepplugin.go: cleanStatusForRetry`: a second try begins without the results of the first.
#[test]
fn a_retry_asks_the_plugin_again() {
    let told = gated([
        says(PluginPhase::Failed, 0),
        says(PluginPhase::Running, 20),
        says(PluginPhase::Successful, 0),
    ])
    .at(300, deed(Deed::Retry))
    .until(900);
    told.at(299)
        .expect_aborted_because("step plugin of step 1 failed with its result 0");
    told.at(300).expect_not_aborted().expect_step(1);
    assert_eq!(
        statuses(&told, 300),
        [(1, PluginOperation::Run, PluginPhase::Running, 1)]
    );
    told.at(324).expect_step(1).at(325).expect_step(3);
}

/// A plugin in the first step is cleaned up only if it had come to its end.
#[test]
fn a_retry_asks_a_plugin_in_the_first_step_again() {
    let told =
        story("{replicas: 5, canary: {steps: [plugin: {name: a/gate}, setWeight: 20, pause: {}]}}")
            .plugin(
                "a/gate",
                [
                    says(PluginPhase::Successful, 0),
                    says(PluginPhase::Running, 60),
                ],
            )
            .at(100, set_image("v2"))
            .at(200, abort())
            .at(300, deed(Deed::Retry))
            .until(900);
    told.at(100).expect_step(2).at(300).expect_step(0);
    assert_eq!(
        statuses(&told, 364),
        [(0, PluginOperation::Run, PluginPhase::Running, 1)]
    );
}

/// `stepplugin.go: reconcile`: while the rollout is not Progressing nobody is asked.
#[test]
fn a_paused_rollout_asks_no_plugin() {
    let told = gated([says(PluginPhase::Running, 60)])
        .at(120, deed(Deed::Pause))
        .at(400, deed(Deed::Resume))
        .until(900);
    let executions = |second| statuses(&told, second)[0].3;
    assert_eq!([119, 399, 400].map(executions), [1, 1, 2]);
}

/// `stepplugin.go: isStepPluginCompleted` knows the statuses of its own reconciliation only: one
/// that ended with a scaling action takes an old result for none.
#[test]
fn a_retry_while_pods_are_scaled_does_not_take_the_old_result() {
    let told =
        story("{replicas: 4, canary: {steps: [plugin: {name: a/gate}, setWeight: 50, pause: {}]}}")
            .plugin(
                "a/gate",
                [
                    says(PluginPhase::Successful, 0),
                    says(PluginPhase::Running, 60),
                ],
            )
            .image("v1", startup(30))
            .at(100, set_image("v2"))
            .at(200, abort())
            // The stable pods are back, and the canary goes.
            .at(230, deed(Deed::Retry))
            .until(900);
    told.at(229)
        .expect_pods("v1", [4, 2, 2])
        .expect_pods("v2", [1; 3]);
    told.at(230).expect_pods("v2", [0; 3]).expect_step(0);
    assert_eq!(
        statuses(&told, 230),
        [(0, PluginOperation::Run, PluginPhase::Running, 1)]
    );
}

/// `rollout/sync.go: isIndefiniteStep` knows pauses, analyses and experiments: a plugin has to be
/// done before the progress deadline.
#[test]
fn a_long_running_plugin_misses_the_progress_deadline() {
    let told = gated([says(PluginPhase::Running, 60)]).until(900);
    told.at(700)
        .expect_phase("Progressing")
        .at(701)
        .expect_phase("Degraded")
        .expect_step(1);
    // From then on nobody asks it any more.
    assert_eq!(statuses(&told, 701), statuses(&told, 900));
}
