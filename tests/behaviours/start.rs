//! Where runs start: a first deployment (`--initial`), or a stable version that has long been
//! healthy.

use coalmine::cluster::{Cluster, Event};
use coalmine::sim::Start;
use coalmine::time::SimTime;

use super::story::{Story, always, set_image, settled_start, startup, story};
use super::told::Told;

/// Rollouts whose rest looks different: without a router, with one, blue-green, with analyses.
fn rollouts() -> Vec<Story> {
    let check = r#"---
{template: check,
  metrics: [{name: m, count: 3, interval: 20s, successCondition: "result[0] > 0.9"}]}"#;
    let steps =
        "steps: [setWeight: 20, pause: {duration: 60s}, setWeight: 60, pause: {duration: 60s}]";
    let tell = |spec: &str| {
        story(&format!("{spec}\n{check}"))
            .image("v1", startup(7))
            .image("v2", startup(9))
            .metric("m", always(1.0))
    };
    vec![
        tell(&format!("{{replicas: 5, canary: {{{steps}}}}}")),
        tell("{replicas: 5, minReadySeconds: 4, canary: {}}"),
        tell(&format!(
            "{{replicas: 5, canary: {{trafficRouting: nginx, analysis: check, {steps}}}}}"
        )),
        tell(&format!(
            "{{replicas: 6, canary: {{trafficRouting: nginx, dynamicStableScale: true, {steps}}}}}"
        )),
        tell("{replicas: 3, blueGreen: {previewService: preview, prePromotionAnalysis: check}}"),
        tell("{replicas: 3, blueGreen: {autoPromotionEnabled: false, previewReplicaCount: 1}}"),
    ]
}

/// The objects without their times, and as if nothing had been applied since.
fn without_times(cluster: &Cluster) -> Cluster {
    let mut cluster = cluster.clone();
    for set in &mut cluster.replica_sets {
        set.created = SimTime::ZERO;
    }
    let rollout = cluster.rollout.as_mut().expect("a rollout");
    rollout.generation = 0;
    if let Some(progressing) = &mut rollout.status.conditions.progressing {
        progressing.updated = SimTime::ZERO;
    }
    cluster
}

#[test]
fn a_settled_start_is_a_first_deployment_that_has_come_to_rest() {
    for tale in rollouts() {
        let compiled = tale.compile();
        let settled = settled_start(&compiled, "v1");
        let deployed = tale.until(5000);
        let last = &deployed.trace.frames.last().expect("a frame").cluster;
        assert_eq!(without_times(&settled.cluster), without_times(last));
        for set in &settled.cluster.replica_sets {
            let tally = settled
                .world
                .pods
                .tally(&compiled.environment, set.id, settled.at);
            assert_eq!(
                (tally.total, tally.available),
                (set.replicas, set.available)
            );
        }
    }
}

/// Everything that happens from a second on, counted from it.
fn events_since(told: &Told, second: i64) -> Vec<(i64, Event)> {
    let events = told.trace.events.iter();
    let since = events.map(|(at, event)| (at.whole_secs() - second, *event));
    since
        .filter(|(at, event)| 0 <= *at && !matches!(event, Event::User(..)))
        .collect()
}

/// An update from the settled start and the same update long after the first deployment are told
/// alike.
#[test]
fn an_update_from_a_settled_start_is_the_update_after_a_first_deployment() {
    let (settled, deployed) = (rollouts(), rollouts());
    for (settled, deployed) in settled.into_iter().zip(deployed) {
        let settled = settled.settled_until("v2", 700);
        let deployed = deployed.at(1000, set_image("v2")).until(1700);
        let timeless = |(at, event): (i64, Event)| match event {
            // A measurement tells its own times.
            Event::Measured {
                run,
                metric,
                measurement,
            } => (at, format!("{run:?} {metric} {:?}", measurement.phase)),
            other => (at, format!("{other:?}")),
        };
        let [settled, deployed] = [events_since(&settled, 0), events_since(&deployed, 1000)]
            .map(|events| events.into_iter().map(timeless).collect::<Vec<_>>());
        assert!(!settled.is_empty());
        assert_eq!(settled, deployed);
    }
}

/// Whatever pods do in the scenario, the stable version is healthy when it begins.
#[test]
fn a_settled_start_does_not_depend_on_how_pods_start() {
    let spec = "{replicas: 5, canary: {steps: [setWeight: 20, pause: {}]}}";
    let crashing = coalmine::plan::environment::Image {
        max_ready: Some(0),
        ..startup(1000)
    };
    let compiled = story(spec).image("v1", crashing).compile();
    let Start { cluster, .. } = settled_start(&compiled, "v1");
    let counts = cluster
        .replica_sets
        .iter()
        .map(|set| [set.desired, set.ready, set.available]);
    assert!(counts.eq([[5, 5, 5]]));
}
