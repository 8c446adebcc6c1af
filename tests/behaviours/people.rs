//! What people do and no recorded trace has: `restart` and `undo`.

use coalmine::cluster::Event;
use coalmine::plan::scenario::{Deed, Refusal, Trigger};
use coalmine::time::SimTime;

use super::story::{abort, deed, set_image, startup, story};
use super::told::Told;

/// The seconds at which pods were evicted, and how many.
fn evictions(told: &Told) -> Vec<(i64, i32)> {
    let of_it = |event: &Event| match event {
        Event::PodsRestarted { count, .. } => Some(*count),
        _ => None,
    };
    let events = told.trace.events.iter();
    events
        .filter_map(|(at, event)| Some((at.whole_secs(), of_it(event)?)))
        .collect()
}

/// `rollout/restart.go: RolloutPodRestarter.Reconcile`: one at a time, as long as no more may be
/// missing; the next one goes when the one before is back.
#[test]
fn a_restart_replaces_one_pod_after_the_other() {
    let told = story("{replicas: 4, canary: {maxUnavailable: 0}}")
        .image("v1", startup(10))
        .at(200, deed(Deed::Restart))
        .until(900);
    assert_eq!(evictions(&told), [(200, 1), (210, 1), (220, 1), (230, 1)]);
    told.at(205)
        .expect_pods("v1", [4, 3, 3])
        .expect_phase("Progressing");
    // The last pod is on its way when the restart counts as done, and then it is the pod that is
    // waited for.
    told.at(239)
        .expect_phase("Progressing")
        .at(240)
        .expect_phase("Healthy")
        .expect_stable("v1");
    assert_eq!(
        told.end().status().restarted_at.map(SimTime::whole_secs),
        Some(200)
    );
}

/// `maxUnavailable` says how many at once (`replicasetutil.MaxUnavailable`).
#[test]
fn a_restart_takes_as_many_as_may_be_unavailable() {
    let told = story("{replicas: 5, canary: {maxUnavailable: 2}}")
        .image("v1", startup(10))
        .at(200, deed(Deed::Restart))
        .until(900);
    assert_eq!(evictions(&told), [(200, 2), (210, 2), (220, 1)]);
}

/// While pods are missing none may go, and the controller looks again after thirty seconds
/// (`restartPodCheckTime`).
#[test]
fn a_restart_waits_for_missing_pods() {
    let told = story("{replicas: 4, canary: {maxUnavailable: 0}}")
        .image(
            "v1",
            coalmine::plan::environment::Image {
                max_ready: Some(3),
                ..startup(0)
            },
        )
        .at(200, deed(Deed::Restart))
        .until(900);
    assert_eq!(evictions(&told), []);
    told.at(500)
        .expect_phase("Progressing")
        .expect_pods("v1", [4, 3, 3]);
}

/// Pods that are younger than the restart stay: those of the update that came after it.
#[test]
fn a_restart_takes_old_pods_only() {
    let told = story(
        "{replicas: 4, canary: {maxUnavailable: 0, maxSurge: 1,
          steps: [setWeight: 50, pause: {}]}}",
    )
    .image("v1", startup(10))
    .image("v2", startup(10))
    .at(200, set_image("v2"))
    .at(300, deed(Deed::Restart))
    .at(310, deed(Deed::Restart))
    .until(900);
    // Two pods of each version at 300. The second restart renews the time, and the first pod that
    // was replaced goes again.
    let counts: i32 = evictions(&told).into_iter().map(|(_, count)| count).sum();
    assert_eq!(evictions(&told)[0], (300, 1));
    assert_eq!(counts, 5);
    told.at(900)
        .expect_pods("v1", [2; 3])
        .expect_pods("v2", [2; 3])
        .expect_phase("Paused");
}

/// A blue-green rollout restarts in the same way (`rollout/bluegreen.go: rolloutBlueGreen`).
#[test]
fn a_blue_green_rollout_restarts_too() {
    let told = story("{replicas: 3, blueGreen: {maxUnavailable: 1}}")
        .image("v1", startup(10))
        .at(200, deed(Deed::Restart))
        .until(900);
    assert_eq!(evictions(&told), [(200, 1), (210, 1), (220, 1)]);
    told.at(230)
        .expect_phase("Healthy")
        .expect_service("active", "v1");
}

const STEPS: &str = "{replicas: 5, canary: {steps: [setWeight: 20, pause: {duration: 60s}]}}";

fn undo(revision: Option<u32>) -> super::story::Act {
    deed(Deed::Undo(revision))
}

/// `cmd/undo/undo.go: rolloutRevision`: without a revision the second newest is meant, and the
/// rollout takes all its steps with it.
#[test]
fn undo_goes_to_the_second_newest_revision_and_back_again() {
    let told = story(STEPS)
        .at(100, set_image("v2"))
        .at(300, undo(None))
        .at(500, undo(None))
        .until(900);
    told.at(300)
        .expect_step(1)
        .expect_stable("v2")
        .at(360)
        .expect_stable("v1");
    assert_eq!(
        told.at(360)
            .cluster
            .rollout
            .as_ref()
            .map(|rollout| rollout.revision),
        Some(3)
    );
    told.at(560).expect_stable("v2");
    assert!(told.refused().is_empty());
}

/// In mid-flight the second newest revision is the stable one.
#[test]
fn undo_in_mid_flight_gives_the_update_up() {
    let told = story("{replicas: 5, canary: {steps: [setWeight: 20, pause: {}]}}")
        .at(100, set_image("v2"))
        .upon(Trigger::Paused(None), 30, undo(None))
        .until(900);
    told.at(129)
        .expect_phase("Paused")
        .at(130)
        .expect_phase("Healthy")
        .expect_stable("v1")
        .expect_pods("v2", [0; 3]);
}

/// After an abort too, which heals it.
#[test]
fn undo_after_an_abort_makes_the_rollout_healthy() {
    let told = story("{replicas: 5, canary: {steps: [setWeight: 20, pause: {}]}}")
        .at(100, set_image("v2"))
        .at(200, abort())
        .at(300, undo(None))
        .until(900);
    told.at(299)
        .expect_phase("Degraded")
        .at(300)
        .expect_phase("Healthy")
        .expect_stable("v1")
        .expect_not_aborted();
}

#[test]
fn undo_to_a_revision_goes_to_that_revision() {
    let told = story(STEPS)
        .at(100, set_image("v2"))
        .at(300, set_image("v3"))
        .at(500, undo(Some(1)))
        .until(900);
    told.at(560).expect_stable("v1");
}

/// `cmd/undo/undo.go: RunUndoRollout, rolloutRevision`: the refusals. A revision that was used
/// again has a new number.
#[test]
fn undo_refuses_what_it_cannot_find_and_what_would_change_nothing() {
    let told = story(STEPS)
        .at(50, undo(None))
        .at(60, undo(Some(7)))
        .at(100, set_image("v2"))
        .at(300, undo(Some(2)))
        .at(310, undo(Some(1)))
        .at(500, undo(Some(1)))
        .until(900);
    assert_eq!(
        told.refused(),
        [
            (50, Refusal::NoRevision),
            (60, Refusal::UnknownRevision(7)),
            (300, Refusal::SameTemplate(2)),
            (500, Refusal::UnknownRevision(1)),
        ]
    );
    told.end().expect_stable("v1");
}

/// A revision beyond the history limit is gone (`rollout/sync.go: reconcileRevisionHistoryLimit`).
#[test]
fn undo_does_not_find_what_the_history_dropped() {
    let told = story("{replicas: 2, revisionHistoryLimit: 1, canary: {}}")
        .at(100, set_image("v2"))
        .at(200, set_image("v3"))
        .at(300, set_image("v4"))
        .at(400, undo(Some(1)))
        .at(500, undo(Some(3)))
        .until(900);
    assert_eq!(told.refused(), [(400, Refusal::UnknownRevision(1))]);
    told.end().expect_stable("v3");
}
