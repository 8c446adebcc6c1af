//! What people and pipelines do, as the kubectl plugin does it, refusals included.
//!
//! Follows `pkg/kubectl-argo-rollouts/cmd/`: `promote`, `abort`, `retry`, `undo`, `pause`, `restart`, `set image`.

use crate::cluster::analysis_run::AnalysisPhase;
use crate::cluster::status::{PauseConditions, RolloutStatus};
use crate::cluster::{Event, Rollout, TemplateId};
use crate::plan::scenario::{Deed, Refusal};
use crate::plan::{Plan, Strategy};
use crate::sim::Simulation;
use crate::time::SimTime;
use crate::trace::Recorder;

impl<R: Recorder> Simulation<'_, R> {
    /// Performs a deed of the script.
    pub(super) fn perform(&mut self, index: usize, now: SimTime) {
        let deed = self.script.actions[index].deed;
        let result = match deed {
            Deed::TerminateExperiment => self.terminate_experiment(),
            Deed::Undo(revision) => self.undo(revision),
            _ => self.change_rollout(|rollout, plan| change(rollout, plan, deed, now)),
        };
        (self.changed, self.scene_changed) = (true, true);
        self.precedents.doubt();
        self.tell_one(now, Event::User(deed, result.err()));
        if matches!(result, Ok(true)) && deed != Deed::TerminateExperiment {
            self.rollout_queue.add();
            self.pull_triggers(now);
        }
    }

    /// Changes the rollout and counts a new generation if its spec is another one; says whether anything changed.
    fn change_rollout(
        &mut self,
        change: impl FnOnce(&mut Rollout, &Plan) -> Result<(), Refusal>,
    ) -> Result<bool, Refusal> {
        let rollout = self.cluster.rollout.as_mut().ok_or(Refusal::NothingThere)?;
        let before = rollout.clone();
        change(rollout, self.plan)?;
        let spec = |rollout: &Rollout| {
            (
                rollout.template,
                rollout.replicas,
                rollout.paused,
                rollout.restart_at,
            )
        };
        if spec(&before) != spec(rollout) {
            rollout.generation += 1;
        }
        Ok(before != *rollout)
    }

    fn terminate_experiment(&mut self) -> Result<bool, Refusal> {
        let running = self
            .cluster
            .experiments
            .iter()
            .rposition(|experiment| !experiment.deleted)
            .ok_or(Refusal::NothingThere)?;
        self.cluster.experiments[running].terminate = true;
        self.experiment_queues[running].add();
        self.rollout_queue.add();
        Ok(true)
    }

    /// `cmd/undo/undo.go: rolloutRevision`: to a revision, or to the second newest.
    fn undo(&mut self, revision: Option<u32>) -> Result<bool, Refusal> {
        let mut known: Vec<(u32, TemplateId)> = self
            .cluster
            .replica_sets
            .iter()
            .filter(|set| set.is_rollouts())
            .map(|set| (set.revision, set.template))
            .collect();
        known.sort_unstable();
        let target = match revision.filter(|revision| *revision != 0) {
            Some(revision) => known
                .iter()
                .find(|(number, _)| *number == revision)
                .ok_or(Refusal::UnknownRevision(revision))?,
            None => known.iter().rev().nth(1).ok_or(Refusal::NoRevision)?,
        };
        let template = target.1;
        self.change_rollout(|rollout, _| {
            if rollout.template == template {
                return Err(Refusal::SameTemplate(revision.unwrap_or(0)));
            }
            rollout.template = template;
            Ok(())
        })
    }
}

fn change(rollout: &mut Rollout, plan: &Plan, deed: Deed, now: SimTime) -> Result<(), Refusal> {
    match deed {
        Deed::SetImage(template) => rollout.template = template,
        Deed::Scale(replicas) => rollout.replicas = replicas,
        Deed::Pause => rollout.paused = true,
        Deed::Resume => rollout.paused = false,
        Deed::Restart => rollout.restart_at = Some(now.stored()),
        Deed::Abort => rollout.status.abort = true,
        Deed::Retry => rollout.status.abort = false,
        Deed::Promote => promote(rollout, plan),
        Deed::PromoteFull => {
            rollout.paused = false;
            if rollout.status.current != rollout.status.stable {
                rollout.status.promote_full = true;
            }
        }
        Deed::SkipCurrentStep => {
            let next = next_step(&rollout.status, steps_to_skip(plan)?);
            rollout.status.step = Some(next);
        }
        Deed::SkipAllSteps => rollout.status.step = Some(steps_to_skip(plan)?),
        Deed::Undo(_) | Deed::TerminateExperiment => {}
    }
    Ok(())
}

/// The number of steps, where the plugin allows skipping them.
fn steps_to_skip(plan: &Plan) -> Result<i32, Refusal> {
    match &plan.strategy {
        Strategy::BlueGreen(_) => Err(Refusal::SkipBlueGreen),
        Strategy::Canary(canary) if canary.steps.is_empty() => Err(Refusal::SkipWithoutSteps),
        Strategy::Canary(canary) => Ok(canary.step_count()),
    }
}

fn next_step(status: &RolloutStatus, count: i32) -> i32 {
    let index = status.step.unwrap_or(0);
    if index < count { index + 1 } else { index }
}

/// `cmd/promote/promote.go: getPatches`: a paused rollout loses its pauses; one paused by an inconclusive step analysis
/// also goes to the next step; one that runs a step skips it (RO-03).
fn promote(rollout: &mut Rollout, plan: &Plan) {
    rollout.paused = false;
    let status = &mut rollout.status;
    let steps = plan.canary().filter(|canary| !canary.steps.is_empty());
    let inconclusive = status
        .canary
        .step_run
        .is_some_and(|run| run.phase == AnalysisPhase::Inconclusive)
        && plan.canary().is_some();
    let paused = !status.pauses.is_empty();
    if inconclusive && paused && status.controller_pause {
        if let Some(canary) = steps {
            status.pauses = PauseConditions::default();
            status.controller_pause = false;
            status.step = Some(next_step(status, canary.step_count()));
        }
    } else if paused {
        status.pauses = PauseConditions::default();
    } else if let Some(canary) = steps {
        status.step = Some(next_step(status, canary.step_count()));
    }
}
