//! The canary strategy: the step engine.
//!
//! Follows `rollout/canary.go`. The order of the sub-reconciliations is behaviour: weights are set before `ReplicaSet`s are
//! scaled, a scaling action ends the reconciliation, and at most one step is completed.

use crate::cluster::Event;
use crate::cluster::event::{PromoteReason, SkipReason};
use crate::cluster::status::{PauseReason, PingPong};
use crate::controller::Log;
use crate::controller::replicas::{self, ActualWeights, Pods};
use crate::controller::rollout::{Failed, Outcome, Pass};
use crate::plan::Canary;

impl<L: Log> Pass<'_, L> {
    /// One reconciliation of a canary (`rollout/canary.go: rolloutCanary`).
    pub(super) fn rollout_canary(&mut self, canary: &Canary) -> Result<Outcome, Failed> {
        self.sync_revision();
        if self.template_or_steps_changed() {
            return Ok(self.sync_canary_status(canary));
        }
        if 0 < self.restart_pods() {
            return Ok(Outcome::Unchanged);
        }
        self.trim_revision_history();
        self.fix_split(canary);
        self.reconcile_ping_pong(canary);
        self.reconcile_canary_services(canary);
        self.reconcile_traffic(canary)?;
        self.reconcile_experiments()?;
        let analysed = self.reconcile_runs();
        if !self.pause.add.is_empty() {
            return Ok(self.sync_canary_status(canary));
        }
        analysed?;
        if !self.reconcile_canary_sets(canary) && !self.reconcile_canary_pause() {
            self.reconcile_step_plugin();
        }
        Ok(self.sync_canary_status(canary))
    }

    /// `utils/replicaset/replicaset.go: PodTemplateOrStepsChanged`.
    fn template_or_steps_changed(&self) -> bool {
        !self.rollout.status.steps_recorded || self.template_changed()
    }

    /// `utils/replicaset/replicaset.go: CheckPodSpecChange`.
    pub(super) fn template_changed(&self) -> bool {
        let current = self.rollout.status.current;
        current.is_some() && current != Some(self.new_set().template)
    }

    /// Begins a pause step or waits in it; says whether the rollout stands at one
    /// (`rollout/canary.go: reconcileCanaryPause`).
    fn reconcile_canary_pause(&mut self) -> bool {
        let status = &self.rollout.status;
        if self.rollout.paused || status.promote_full {
            return false;
        }
        let Some(pause) = self.step.and_then(|step| step.pause.as_ref()) else {
            return false;
        };
        match status.pauses.start_of(PauseReason::CanaryPauseStep) {
            None if !status.controller_pause => self.add_pause(PauseReason::CanaryPauseStep),
            None => {}
            Some(start) => {
                let end = pause.duration.map(|duration| start + duration);
                if let Some(end) = end.filter(|end| self.now < *end) {
                    self.out.requeue.after(self.now, end - self.now);
                }
            }
        }
        true
    }

    /// Whether the current step is done (`rollout/canary.go: completedCurrentCanaryStep`). The first action of a step
    /// that has one decides:
    ///
    /// | action | done when |
    /// |---|---|
    /// | pause | its time has passed, or a person resumed |
    /// | setCanaryScale | the pods are there |
    /// | setWeight | the pods are there and the router has not denied the weight |
    /// | experiment, analysis | it is Successful |
    /// | setHeaderRoute, setMirrorRoute | at once |
    /// | plugin | the plugin says so |
    fn completed_step(&self, canary: &Canary) -> bool {
        let Some(step) = self.step.filter(|_| !self.rollout.paused) else {
            return false;
        };
        let weights = self.next.canary.weights.as_ref();
        let actual: Option<ActualWeights> = weights.map(Into::into);
        if let Some(pause) = &step.pause {
            self.completed_canary_pause(pause)
        } else if step.set_canary_scale.is_some() {
            self.at_desired_counts(canary, actual)
        } else if step.set_weight.is_some() {
            self.at_desired_counts(canary, actual)
                && weights.and_then(|weights| weights.verified) != Some(false)
        } else if step.experiment.is_some() {
            self.experiment_is_successful()
        } else if step.analysis.is_some() {
            self.is_successful(self.runs.step)
        } else if step.set_header_route.is_some() || step.set_mirror_route.is_some() {
            true
        } else {
            step.plugin.is_some() && self.completed_step_plugin()
        }
    }

    /// `rollout/canary.go: syncRolloutStatusCanary`.
    fn sync_canary_status(&mut self, canary: &Canary) -> Outcome {
        self.start_status();
        let old = &self.rollout.status;
        self.next.available = self.total.available;
        self.next.hpa_replicas = self.total.replicas;
        self.next.canary.stable_ping_pong = old.canary.stable_ping_pong;
        self.next.stable = old.stable;
        self.next.steps_recorded = true;
        self.store_step_plugins();
        let all_steps = (!canary.steps.is_empty()).then_some(canary.step_count());

        if self.template_or_steps_changed() {
            self.reset_status();
            self.next.step = all_steps.map(|_| 0);
            if let Some(reason) = self.skip_reason().filter(|_| all_steps.is_some()) {
                self.next.step = all_steps;
                self.out.log.tell(Event::SkipSteps(reason));
            }
            return self.persist();
        }
        let mut step = all_steps.map(|_| self.step_index);
        if old.promote_full || self.is_rollback_within_window() {
            self.pause.clear = true;
            self.pause.remove_abort = true;
            step = all_steps;
        }
        if let Some(reason) = self.canary_promotion(canary) {
            self.promote(reason);
            self.next.step = all_steps;
            return self.persist();
        }
        if self.is_aborted() {
            let is_stable = self.next.stable == self.next.current;
            self.next.step = all_steps.map(|all| if is_stable { all } else { 0 });
            return self.persist();
        }
        if self.completed_step(canary) {
            let done = self.step_index;
            step = Some(step.map_or(done, |step| step) + 1);
            self.next.canary.step_run = None;
            self.out.log.tell(Event::StepCompleted { step: done });
            self.pause.remove = Some(PauseReason::CanaryPauseStep);
        }
        self.next.step = step;
        self.persist()
    }

    /// Why a new update needs no steps.
    fn skip_reason(&self) -> Option<SkipReason> {
        if self.rollout.status.stable == Some(self.new_set().template) {
            Some(SkipReason::ToStable)
        } else if self.is_rollback_within_window() && 0 < self.new_set().desired {
            Some(SkipReason::WithinWindow)
        } else {
            None
        }
    }

    /// `rollout/sync.go: shouldFullPromote`, for a canary.
    fn canary_promotion(&self, canary: &Canary) -> Option<PromoteReason> {
        if self.stable.is_none() {
            return Some(PromoteReason::InitialDeploy);
        }
        let replicas = self.rollout.replicas;
        let new = Pods::from(self.new_set());
        if self.is_aborted()
            || (new.available < replicas
                && !replicas::threshold_met(canary.progress_threshold, Some(new), replicas))
        {
            return None;
        }
        if self.rollout.status.promote_full {
            return Some(PromoteReason::FullPromotion);
        }
        if let Some(reason) = self.fast_rollback() {
            return Some(reason);
        }
        (canary.steps.is_empty() || self.step_index == canary.step_count())
            .then_some(PromoteReason::CompletedSteps)
    }

    /// `utils/replicaset/replicaset.go` and `rollout/sync.go: isRollbackWithinWindow`: the new set is older than the
    /// stable one, with fewer than the allowed number of sets in between.
    pub(super) fn is_rollback_within_window(&self) -> bool {
        let (Some(window), Some(stable)) = (self.plan.rollback_window, self.stable_set()) else {
            return false;
        };
        let new = self.new_set().created;
        let between = self
            .sets
            .iter()
            .filter(|set| new < set.created && set.created < stable.created)
            .count();
        new < stable.created && i32::try_from(between).is_ok_and(|between| between < window)
    }

    /// `rollout/sync.go: isFastRollback`.
    pub(super) fn is_fast_rollback(&self) -> bool {
        let Some(stable) = self.stable_set() else {
            return false;
        };
        let new = self.new_set();
        let to_stable = self.rollout.status.stable == Some(new.template);
        let to_older = new.created < stable.created;
        let within_delay = self.new_within_delay && self.plan.blue_green().is_some();
        (to_stable || to_older) && (to_stable || within_delay || self.is_rollback_within_window())
    }

    /// Why a rollback is promoted without its steps.
    pub(super) fn fast_rollback(&self) -> Option<PromoteReason> {
        self.is_fast_rollback().then(|| {
            if self.is_rollback_within_window() {
                PromoteReason::RollbackWithinWindow
            } else {
                PromoteReason::FastRollback
            }
        })
    }

    /// `rollout/sync.go: calculateBaseStatus`.
    pub(super) fn start_status(&mut self) {
        let old = &self.rollout.status;
        let new = self.new_set();
        let (template, updated) = (new.template, new.replicas);
        self.next.conditions = old.conditions;
        self.next.conditions.invalid_spec = false;
        self.next.current = Some(template);
        self.next.replicas = self.total.replicas;
        self.next.updated = updated;
        self.next.ready = self.total.ready;
        self.next.promote_full = old.promote_full;
    }

    /// Forgets the update before (`rollout/sync.go: resetRolloutStatus`).
    pub(super) fn reset_status(&mut self) {
        self.pause.clear = true;
        self.pause.remove_abort = true;
        // Upstream sets this on the context, after the status was copied from it: the status keeps the older value.
        self.next.promote_full = false;
        self.next.blue_green.pre_run = None;
        self.next.blue_green.post_run = None;
        self.next.blue_green.scale_up_check_point = false;
        self.next.canary.step_run = None;
        self.next.canary.background_run = None;
        self.next.canary.step_plugins.clear();
    }

    /// Makes the new set the stable one (`rollout/sync.go: promoteStable`).
    pub(super) fn promote(&mut self, reason: PromoteReason) {
        self.pause.clear = true;
        self.pause.remove_abort = true;
        self.next.promote_full = false;
        self.next.blue_green.scale_up_check_point = false;
        let template = self.new_set().template;
        if self.next.stable == Some(template) {
            return;
        }
        if self
            .plan
            .canary()
            .is_some_and(|canary| canary.ping_pong.is_some())
        {
            let was_ping = self.rollout.status.canary.stable_ping_pong == Some(PingPong::Ping);
            let next = if was_ping {
                PingPong::Pong
            } else {
                PingPong::Ping
            };
            self.next.canary.stable_ping_pong = Some(next);
        }
        self.next.stable = Some(template);
        let revision = self.revision;
        self.out.log.tell(Event::UpdateCompleted {
            revision,
            template,
            reason,
        });
    }
}
