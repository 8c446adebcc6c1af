//! Deeds that wait for an event: "two minutes after it pauses".

use crate::cluster::analysis_run::AnalysisPhase;
use crate::cluster::status::{RolloutPhase, RolloutStatus};
use crate::plan::scenario::{Trigger, When};
use crate::sim::{Due, Simulation};
use crate::time::SimTime;
use crate::trace::Recorder;

/// The part of a rollout's state whose changes deeds can wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Watched {
    phase: RolloutPhase,
    paused: bool,
    abort: bool,
    step: Option<i32>,
    stable: Option<crate::cluster::TemplateId>,
    revision: u32,
    failed_runs: usize,
    inconclusive_runs: usize,
}

impl<R: Recorder> Simulation<'_, R> {
    /// Schedules the deeds whose moment the last change was.
    pub(super) fn pull_triggers(&mut self, now: SimTime) {
        let waits = |when: When| matches!(when, When::Upon { .. });
        if !self.script.actions.iter().any(|action| waits(action.when)) {
            return;
        }
        let before = self.watched;
        let Some(after) = self.watch() else { return };
        self.watched = after;
        for (index, action) in self.script.actions.iter().enumerate() {
            let When::Upon {
                trigger,
                after: delay,
                every,
            } = action.when
            else {
                continue;
            };
            if happened(trigger, before, after) && (every || !self.triggered[index]) {
                if !std::mem::replace(&mut self.triggered[index], true) {
                    self.patience.progress();
                }
                let deed = Due::Deed(u16::try_from(index).unwrap_or(u16::MAX));
                self.kernel.schedule(now + delay, deed);
            }
        }
    }

    /// The state to compare with.
    pub(super) fn watch(&self) -> Option<Watched> {
        let rollout = self.cluster.rollout.as_ref()?;
        let status: &RolloutStatus = &rollout.status;
        let ended = |phases: &[AnalysisPhase]| {
            self.cluster
                .runs
                .iter()
                .filter(|run| phases.contains(&run.phase))
                .count()
        };
        Some(Watched {
            phase: status.phase,
            paused: status.phase == RolloutPhase::Paused,
            abort: status.abort,
            step: status.step,
            stable: status.stable,
            revision: rollout.revision,
            failed_runs: ended(&[AnalysisPhase::Failed, AnalysisPhase::Error]),
            inconclusive_runs: ended(&[AnalysisPhase::Inconclusive]),
        })
    }
}

fn happened(trigger: Trigger, before: Watched, after: Watched) -> bool {
    let became = |phase| before.phase != phase && after.phase == phase;
    match trigger {
        Trigger::Paused(step) => {
            let moved = before.step != after.step;
            after.paused
                && (!before.paused || moved)
                && step.is_none_or(|step| after.step == Some(step))
        }
        Trigger::Step(step) => before.step != after.step && after.step == Some(step),
        Trigger::Degraded => became(RolloutPhase::Degraded),
        Trigger::Healthy => became(RolloutPhase::Healthy),
        Trigger::Aborted => !before.abort && after.abort,
        Trigger::Promoted => before.stable != after.stable,
        Trigger::AnalysisFailed => before.failed_runs < after.failed_runs,
        Trigger::AnalysisInconclusive => before.inconclusive_runs < after.inconclusive_runs,
        Trigger::Revision => before.revision != after.revision,
    }
}
