//! What goes first when several things fall on one instant: pods, then people, then the
//! controllers, and of these the rollout before its analysis runs. The order is ours; the recorded
//! traces hold for every order of the controllers.

use coalmine::kernel::Kernel;
use coalmine::plan::scenario::Deed;
use coalmine::sim::Due;
use coalmine::time::SimTime;

use super::story::{abort, always, deed, from, set_image, startup, story, unready};
use super::told::Moment;

const CHECK: &str = r#"---
{template: check, metrics: [{name: m, interval: 30s, successCondition: "result[0] > 0.9"}]}"#;

/// A person sees what the pods have become, and the controllers see both.
#[test]
fn pods_go_before_deeds_and_deeds_before_controllers() {
    let mut kernel = Kernel::new(SimTime::ZERO);
    let now = SimTime::from_secs(60);
    for due in [Due::Rollout, Due::Deed(0), Due::Pods] {
        kernel.schedule(now, due);
    }
    let order: Vec<Due> = std::iter::from_fn(|| kernel.pop_until(now))
        .map(|(_, due)| due)
        .collect();
    assert_eq!(order, [Due::Pods, Due::Deed(0), Due::Rollout]);
}

/// The pause ends and the last pod of the step before goes, in one second: the canary is not
/// promoted without pods.
#[test]
fn pods_go_before_the_end_of_a_pause() {
    let canary = "{replicas: 5, canary: {trafficRouting: nginx,
        steps: [setWeight: 20, pause: {duration: 60s}]}}";
    let told = story(canary)
        .image("v2", unready(&[(160, 200)]))
        .at(100, set_image("v2"))
        .until(300);
    told.at(159)
        .expect_weight(20)
        .at(160)
        .expect_weight(0)
        .expect_stable("v1")
        .at(200)
        .expect_stable("v2");
}

/// A pod becomes available in the second in which the progress deadline passes: it is progress.
#[test]
fn pods_go_before_the_progress_deadline() {
    let canary =
        "{replicas: 5, progressDeadlineSeconds: 60, canary: {steps: [setWeight: 20, pause: {}]}}";
    // The controller comes back one second after the deadline.
    let told = story(canary)
        .image("v2", startup(61))
        .at(100, set_image("v2"))
        .until(300);
    assert!(
        told.course(Moment::phase)
            .iter()
            .all(|(_, phase)| *phase != "Degraded")
    );
    let late = story(canary)
        .image("v2", startup(62))
        .at(100, set_image("v2"))
        .until(300);
    late.at(161)
        .expect_phase("Degraded")
        .at(162)
        .expect_phase("Paused");
}

/// An abort in the second in which the last pause ends comes in time.
#[test]
fn a_deed_goes_before_the_end_of_a_pause() {
    let told = story("{replicas: 5, canary: {steps: [setWeight: 100, pause: {duration: 60s}]}}")
        .at(100, set_image("v2"))
        .at(160, abort())
        .until(300);
    told.at(160)
        .expect_stable("v1")
        .expect_aborted_because("aborted by hand");
}

/// A full promotion in the second of the measurement that would have aborted comes in time.
#[test]
fn a_deed_goes_before_a_measurement() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{analysis: check, steps: [setWeight: 20, pause: {{}}]}}}}\n{CHECK}"
    ))
    .metric("m", [from(0, 1.0), from(130, 0.0)])
    .at(100, set_image("v2"))
    .at(130, deed(Deed::PromoteFull))
    .until(300);
    assert_eq!(
        told.measurements("rev2/Background", "m"),
        [(100, "Successful")]
    );
    told.at(130).expect_stable("v2").expect_not_aborted();
}

/// Deeds of one second are done in the order in which they were written.
#[test]
fn deeds_keep_their_order() {
    let canary = "{replicas: 5, canary: {steps: [setWeight: 20, pause: {}]}}";
    let tell = |deeds: [Deed; 2]| {
        let told = story(canary).at(100, set_image("v2"));
        deeds
            .into_iter()
            .fold(told, |told, what| told.at(200, deed(what)))
            .until(300)
    };
    tell([Deed::Retry, Deed::Abort])
        .at(200)
        .expect_phase("Degraded");
    tell([Deed::Abort, Deed::Retry])
        .at(200)
        .expect_phase("Paused")
        .expect_not_aborted();
}

/// The rollout goes before its runs: a measurement that is due in the second of the promotion is
/// not taken.
#[test]
fn the_rollout_goes_before_its_analysis_runs() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{analysis: check,
          steps: [setWeight: 100, pause: {{duration: 60s}}]}}}}\n{CHECK}"
    ))
    .metric("m", always(1.0))
    .at(100, set_image("v2"))
    .until(300);
    assert_eq!(
        told.measurements("rev2/Background", "m"),
        [(100, "Successful"), (130, "Successful")]
    );
    told.at(160).expect_stable("v2");
}
