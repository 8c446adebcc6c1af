//! The revisions of a run before the last one, and what became of each.

use crate::cluster::event::PromoteReason;
use crate::cluster::{Event, TemplateId};
use crate::time::SimTime;
use crate::trace::Trace;

/// A revision that was requested during the run and followed by another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// Its number.
    pub revision: u32,
    /// What its pods ran.
    pub template: TemplateId,
    /// When it was requested.
    pub requested: SimTime,
    /// What became of it.
    pub fate: Fate,
}

/// What became of an earlier revision. It counts as superseded only if nothing else had become of it by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It became the stable version.
    Promoted(SimTime),
    /// It was aborted.
    Aborted(SimTime),
    /// A newer revision took its place.
    Superseded(SimTime, u32),
}

/// The revisions before the last one, oldest first.
pub(super) fn earlier(trace: &Trace) -> Vec<Past> {
    let requested: Vec<(SimTime, u32, TemplateId)> = requests(trace);
    let mut past = Vec::new();
    for pair in requested.windows(2) {
        let ((at, revision, template), (next_at, next, _)) = (pair[0], pair[1]);
        let during = trace
            .events
            .iter()
            .filter(|(when, _)| at <= *when && *when <= next_at);
        let mut fate = Fate::Superseded(next_at, next);
        for (when, event) in during {
            match event {
                // A first deployment is complete before any of its pods runs.
                Event::UpdateCompleted {
                    revision: done,
                    reason,
                    ..
                } if *done == revision
                    && (*reason != PromoteReason::InitialDeploy
                        || was_healthy(trace, at, next_at)) =>
                {
                    fate = Fate::Promoted(*when);
                }
                Event::Aborted(abort)
                    if abort.revision == revision && !matches!(fate, Fate::Promoted(_)) =>
                {
                    fate = Fate::Aborted(*when);
                }
                _ => {}
            }
        }
        past.push(Past {
            revision,
            template,
            requested: at,
            fate,
        });
    }
    past
}

fn was_healthy(trace: &Trace, from: SimTime, to: SimTime) -> bool {
    trace
        .frames
        .iter()
        .filter(|frame| from <= frame.at && frame.at <= to)
        .any(|frame| {
            let rollout = frame.cluster.rollout.as_ref();
            rollout.is_some_and(|rollout| rollout.status.conditions.healthy.is_some())
        })
}

/// Every revision that was requested during the run, with its time.
fn requests(trace: &Trace) -> Vec<(SimTime, u32, TemplateId)> {
    let mut requests = Vec::new();
    for (at, event) in &trace.events {
        let Event::RolloutUpdated { revision } = event else {
            continue;
        };
        let after = trace
            .frames
            .iter()
            .find(|frame| *at <= frame.at && !frame_is_start(trace, frame));
        let template = after.and_then(|frame| {
            let sets = &frame.cluster.replica_sets;
            sets.iter()
                .find(|set| set.is_rollouts() && set.revision == *revision)
        });
        if let Some(set) = template {
            requests.push((*at, *revision, set.template));
        }
    }
    requests
}

/// The first frame shows the state before anything happened.
fn frame_is_start(trace: &Trace, frame: &crate::trace::Frame) -> bool {
    trace
        .frames
        .first()
        .is_some_and(|first| std::ptr::eq(first, frame))
}
