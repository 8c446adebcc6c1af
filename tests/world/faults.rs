//! What breaks, and who suffers.

use coalmine::cluster::status::RolloutPhase;
use coalmine::plan::environment::Breaks;
use coalmine::time::SimTime;

use super::case::{case, expect, failing, secs};

const GATED: &str = "{canary: {canaryService: c, stableService: s, \
    trafficRouting: {istio: {virtualService: {name: v}}}, steps: [setWeight: 20, pause: {}]}}";
const TIMED: &str = "{canary: {canaryService: c, stableService: s, \
    trafficRouting: {istio: {virtualService: {name: v}}}, steps: [setWeight: 20, pause: {duration: 60s}]}}";

#[test]
fn a_shared_dependency_harms_nobody_more_than_without_the_release() {
    let after = case(GATED)
        .image("v1", failing(0.1))
        .image("v2", failing(0.1))
        .fault(20, 50, Breaks::Dependency { rate: 0.5 })
        .until(100)
        .run();
    let want = 100.0 * (0.1 * 70.0 + (1.0 - 0.9 * 0.5) * 30.0);
    expect(&[
        ("failed", after.tally.failed(), want),
        ("harm", after.tally.harm(), 0.0),
    ]);
}

#[test]
fn a_version_that_does_not_understand_the_schema_fails_everything() {
    let understood_by = vec!["v2".to_owned()];
    let after = case(GATED)
        .fault(40, 1000, Breaks::Schema { understood_by })
        .until(100)
        .run();
    expect(&[
        ("v1", after.of("v1").failed, 0.8 * 100.0 * 60.0),
        ("v2", after.of("v2").failed, 0.0),
        ("harm", after.tally.harm(), 0.8 * 100.0 * 60.0),
    ]);
}

#[test]
fn a_fault_of_some_pods_hits_their_share_of_the_requests() {
    let breaks = Breaks::Errors {
        image: "v1".to_owned(),
        rate: 0.4,
        share: 0.25,
    };
    let after = case(GATED).fault(0, 50, breaks).until(100).run();
    let failed = 80.0 * 0.1 * 50.0;
    expect(&[("v1", after.of("v1").failed, failed)]);
}

/// The pause of 60 s is over at 60 s; nobody is there to notice before 100 s.
#[test]
fn a_controller_that_is_down_notices_everything_when_it_is_back() {
    let healthy = case(TIMED).run();
    let after = case(TIMED).fault(30, 100, Breaks::ControllerDown).run();
    assert_eq!(healthy.ending.at - SimTime::ZERO, secs(90));
    assert_eq!(after.ending.at - SimTime::ZERO, secs(130));
    let rollout = after.cluster.rollout.as_ref().expect("a rollout");
    assert_eq!(rollout.status.phase, RolloutPhase::Healthy);
    expect(&[("v1", after.of("v1").requests, 80.0 * 100.0)]);
}

/// Each write is noticed 2 s late.
#[test]
fn a_late_watch_delays_every_step() {
    let breaks = Breaks::WatchDelay { delay: secs(2) };
    let after = case(TIMED).fault(0, 100_000, breaks).run();
    let rollout = after.cluster.rollout.as_ref().expect("a rollout");
    assert_eq!(rollout.status.phase, RolloutPhase::Healthy);
    let late = (after.ending.at - SimTime::ZERO).seconds() - 90.0;
    assert!((8.0..60.0).contains(&late), "{late} s later");
}

#[test]
fn lost_nodes_fail_requests_until_they_are_noticed() {
    let breaks = Breaks::NodeLoss {
        image: Some("v1".to_owned()),
        share: 0.2,
        replaced_after: secs(340),
    };
    let after = case(GATED).fault(20, 100_000, breaks).until(100).run();
    expect(&[
        ("short", after.tally.short_of_capacity, 0.0),
        ("failed", after.tally.failed(), 80.0 * 0.2 * 40.0),
    ]);
    let lone = case("{canary: {}}")
        .fault(
            20,
            100_000,
            Breaks::NodeLoss {
                image: None,
                share: 0.3,
                replaced_after: secs(340),
            },
        )
        .until(400)
        .run();
    expect(&[("short", lone.tally.short_of_capacity, 300.0)]);
}
