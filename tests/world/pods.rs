//! Pods that crash, wait for room or take their time, seen through a rollout.

use coalmine::cluster::status::RolloutPhase;
use coalmine::law::Law;
use coalmine::plan::environment::Image;
use coalmine::world::Weather;

use super::case::{case, expect, secs};

const BLUE_GREEN: &str = "{blueGreen: {activeService: a, previewService: p}}";

#[test]
fn blue_green_needs_room_for_both_versions() {
    let mut full = case(BLUE_GREEN).until(3600);
    full.setting.room = Some(15);
    let after = full.run();
    let rollout = after.cluster.rollout.as_ref().expect("a rollout");
    assert_eq!(rollout.status.phase, RolloutPhase::Degraded);
    let ready: Vec<i32> = after
        .cluster
        .replica_sets
        .iter()
        .map(|set| set.ready)
        .collect();
    assert_eq!(ready, [10, 5]);
    expect(&[("v1", after.of("v1").requests, 100.0 * 3600.0)]);
}

#[test]
fn terminating_pods_cost_but_do_not_serve() {
    let lingering = Image {
        termination: secs(120),
        ..Image::default()
    };
    let quick = case(BLUE_GREEN).run();
    let slow = case(BLUE_GREEN).image("v1", lingering).run();
    assert_eq!(slow.of("v1"), quick.of("v1"));
    assert_eq!(slow.tally.peak_pods, quick.tally.peak_pods);
    assert!(quick.tally.excess_pod_seconds < slow.tally.excess_pod_seconds);
}

/// Ready for 20 s of each run; the requests of the rest find nobody.
#[test]
fn a_crash_loop_is_an_outage_with_a_rhythm() {
    let crashing = Image {
        startup: secs(10).into(),
        crash_after: Some(secs(30)),
        ..Image::default()
    };
    let after = case("{blueGreen: {activeService: a}}")
        .image("v2", crashing)
        .until(60)
        .run();
    // v2 is switched to at 10 s, serves until 30 s, is down until 40 s, and serves until 60 s.
    expect(&[
        ("v1", after.of("v1").requests, 1000.0),
        ("v2", after.of("v2").requests, 4000.0),
        ("unserved", after.tally.unserved, 1000.0),
    ]);
    let gaps: Vec<_> = after
        .tally
        .gaps
        .iter()
        .map(|gap| (gap.from, gap.to))
        .collect();
    assert_eq!(
        gaps.first(),
        Some(&(super::case::at(30), Some(super::case::at(40))))
    );
}

#[test]
fn chance_spreads_the_start_of_pods_and_a_seed_repeats_it() {
    let law = statrs::distribution::Uniform::new(5.0, 60.0).expect("a law");
    let slow = Image {
        startup: Law::Uniform(law),
        ..Image::default()
    };
    let run = |seed| {
        let case = case("{canary: {}}").image("v2", slow.clone());
        case.weather(Weather::of(seed)).run().ending.at
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
