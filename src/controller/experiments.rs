//! The rollout's side of experiments: making them for a step, ending those that are no longer wanted.
//!
//! Follows `rollout/experiment.go` and `utils/experiment/filter.go`.

use crate::cluster::analysis_run::AnalysisPhase;
use crate::cluster::event::ReconcileError;
use crate::cluster::status::{AbortCause, PauseReason};
use crate::cluster::{Command, Event, Experiment, ExperimentId, TemplateId};
use crate::controller::Log;
use crate::controller::rollout::{Failed, Pass};
use crate::controller::runs::History;

impl<L: Log> Pass<'_, L> {
    fn stored_experiment(&self, id: ExperimentId) -> Option<&Experiment> {
        self.cluster.experiments.get(usize::from(id.0))
    }

    pub(super) fn experiment_is_successful(&self) -> bool {
        self.experiment
            .and_then(|id| self.stored_experiment(id))
            .is_some_and(|experiment| experiment.phase == AnalysisPhase::Successful)
    }

    /// `rollout/experiment.go: reconcileExperiments`.
    pub(super) fn reconcile_experiments(&mut self) -> Result<(), Failed> {
        if self.cluster.experiments.is_empty() && self.plan.experiments.is_empty() {
            return Ok(());
        }
        let before = self.experiment;
        if self.is_aborted() || self.rollout.status.promote_full {
            self.cancel_experiments(None);
            return Ok(());
        }
        if self
            .rollout
            .status
            .pauses
            .has(PauseReason::InconclusiveAnalysis)
        {
            return Ok(());
        }
        let spec = self.step.and_then(|step| step.experiment);
        let mut kept = None;
        if let Some(spec) = spec {
            let current = match before {
                Some(current) => current,
                None if self.stable.is_none() => return Ok(()),
                None => self.create_experiment(spec)?,
            };
            kept = before;
            let phase = self
                .stored_experiment(current)
                .map_or(AnalysisPhase::Unset, |experiment| experiment.phase);
            match phase {
                AnalysisPhase::Inconclusive => self.add_pause(PauseReason::InconclusiveExperiment),
                AnalysisPhase::Error | AnalysisPhase::Failed => {
                    self.abort(AbortCause::Experiment(current));
                }
                // A successful experiment is not remembered: the step is done with it.
                AnalysisPhase::Successful => {}
                _ => {
                    self.experiment = Some(current);
                    self.next.canary.experiment = Some(current);
                    kept = Some(current);
                }
            }
        }
        self.cancel_experiments(kept);
        self.trim_experiments(kept);
        Ok(())
    }

    /// Makes the experiment of the current step, or finds the one that an earlier reconciliation made
    /// (`rollout/experiment.go: createExperimentWithCollisionHandling`).
    fn create_experiment(&mut self, spec: u16) -> Result<ExperimentId, Failed> {
        if self.plan.experiments[usize::from(spec)]
            .not_created
            .is_some()
        {
            return Err(ReconcileError::Experiment { spec });
        }
        let canary = self.new_set().template;
        let stable = self.stable_set().map_or(canary, |set| set.template);
        let step = u16::try_from(self.step_index).unwrap_or(u16::MAX);
        let mut collision = 0;
        while let Some((id, existing)) = self.experiment_named(canary, step, collision) {
            if !existing.phase.is_completed() && existing.spec == spec && existing.stable == stable
            {
                self.out.log.tell(Event::ExperimentCreated(id));
                return Ok(id);
            }
            collision += 1;
        }
        let revision = self.revision;
        let id = ExperimentId(u16::try_from(self.cluster.experiments.len()).unwrap_or(u16::MAX));
        let command = Command::CreateExperiment {
            spec,
            step,
            revision,
            canary,
            stable,
            collision,
        };
        self.out.commands.push(command);
        self.out.log.tell(Event::ExperimentCreated(id));
        Ok(id)
    }

    fn experiment_named(
        &self,
        canary: TemplateId,
        step: u16,
        collision: u16,
    ) -> Option<(ExperimentId, &Experiment)> {
        self.live_experiments().find(|(_, experiment)| {
            experiment.canary == canary
                && experiment.revision == self.revision
                && experiment.step == Some(step)
                && experiment.collision == collision
        })
    }

    fn live_experiments(&self) -> impl Iterator<Item = (ExperimentId, &Experiment)> {
        (0..)
            .map(ExperimentId)
            .zip(&self.cluster.experiments)
            .filter(|(_, experiment)| !experiment.deleted)
    }

    /// `rollout/experiment.go: cancelExperiments`.
    fn cancel_experiments(&mut self, kept: Option<ExperimentId>) {
        for (index, experiment) in self.cluster.experiments.iter().enumerate() {
            let id = ExperimentId(u16::try_from(index).unwrap_or(u16::MAX));
            let running = !experiment.deleted && !experiment.phase.is_completed();
            if running && !experiment.terminate && kept != Some(id) {
                self.out.commands.push(Command::TerminateExperiment(id));
            }
        }
    }

    /// Deletes experiments beyond the history limits (`utils/experiment/filter.go: FilterExperimentsToDelete`).
    fn trim_experiments(&mut self, kept: Option<ExperimentId>) {
        let mut history = History::new(self.plan);
        let mut surplus = Vec::new();
        let newest_first: Vec<_> = self
            .live_experiments()
            .filter(|(id, _)| kept != Some(*id))
            .collect();
        for (id, experiment) in newest_first.into_iter().rev() {
            if !history.keeps(experiment.phase) || self.set_of(Some(experiment.canary)).is_none() {
                surplus.push(Command::DeleteExperiment(id));
            }
        }
        self.out.commands.extend(surplus);
    }

    /// Deletes the experiments of a template whose `ReplicaSet` goes, except the current one.
    pub(super) fn delete_experiments_of(&mut self, template: TemplateId) {
        let current = self.rollout.status.canary.experiment;
        for (index, experiment) in self.cluster.experiments.iter().enumerate() {
            let id = ExperimentId(u16::try_from(index).unwrap_or(u16::MAX));
            if !experiment.deleted && experiment.canary == template && current != Some(id) {
                self.out.commands.push(Command::DeleteExperiment(id));
            }
        }
    }
}
