//! The end of a reconciliation: deadline, conditions, phase, and whether anything is stored.
//!
//! Follows `rollout/sync.go: persistRolloutStatus, evaluateProgressDeadlineAbort, calculateRolloutConditions,
//! requeueStuckRollout`, `utils/conditions/conditions.go` and `utils/rollout/rolloututil.go: CalculateRolloutPhase`.

use crate::cluster::Event;
use crate::cluster::status::{
    Abort, AbortCause, PhaseMessage, ProgressReason, Progressing, RolloutPhase, RolloutStatus,
    Truth,
};
use crate::controller::Log;
use crate::controller::replica_sets::is_saturated;
use crate::controller::rollout::{Outcome, Pass};
use crate::plan::Strategy;
use crate::time::Delta;

impl<L: Log> Pass<'_, L> {
    /// Completes the next status and says whether it is stored (`rollout/sync.go: persistRolloutStatus`).
    pub(super) fn persist(&mut self) -> Outcome {
        self.next.observed_generation = self.rollout.generation;
        self.abort_on_deadline();
        self.apply_pauses();
        self.update_conditions();
        (self.next.phase, self.next.message) = self.phase();
        let old = &self.rollout.status;
        if self.weights_shared
            && self.next.canary.additional_weights == old.canary.additional_weights
            && let (Some(next), Some(old)) = (&mut self.next.canary.weights, &old.canary.weights)
            && next.canary == old.canary
            && next.stable == old.stable
        {
            next.verified = old.verified;
        }
        if *self.next == *old {
            self.requeue_if_stuck();
            return Outcome::Unchanged;
        }
        self.tell_of_pauses();
        Outcome::Status
    }

    /// `rollout/sync.go: sendStateChangeEvents`.
    fn tell_of_pauses(&mut self) {
        let (before, after) = (self.rollout.status.pauses, self.next.pauses);
        match (before.iter().next(), after.iter().next()) {
            (None, Some((reason, _))) => self.out.log.tell(Event::Paused(reason)),
            (Some(_), None) if self.next.aborted_at.is_none() => self.out.log.tell(Event::Resumed),
            _ => {}
        }
    }

    /// Aborts an update that made no progress for too long, if the spec asks for it
    /// (`rollout/sync.go: evaluateProgressDeadlineAbort`).
    fn abort_on_deadline(&mut self) {
        if self.plan.progress_deadline_abort
            && !self.is_aborted()
            && !is_completed(self.next)
            && !self.is_progressing()
            && !self.is_indefinite_step()
            && !self.waits_for_scale_down()
            && self.is_timed_out(&self.rollout.status)
        {
            let template = self.new_set().template;
            self.abort(AbortCause::Deadline(template));
            self.out.log.tell(Event::DeadlineAbort(template));
        }
    }

    /// `rollout/sync.go: calculateRolloutConditions`.
    fn update_conditions(&mut self) {
        let paused = !self.next.pauses.is_empty() || self.rollout.paused;
        let healthy = self.is_healthy();
        let before = self.rollout.status.conditions;
        let mut became_unhealthy = false;
        if !paused && healthy {
            self.next.conditions.healthy = Some(Truth::True);
        } else if before.healthy.is_some() {
            became_unhealthy = before.healthy == Some(Truth::True);
            self.next.conditions.healthy = Some(Truth::False);
        }
        if self.is_aborted() {
            self.set_aborted();
        } else {
            self.update_progress(healthy, became_unhealthy);
        }
        self.next.conditions.available = Some(self.has_minimum_availability().into());
        if is_completed(self.next) {
            self.next.conditions.completed = Some(Truth::True);
        } else if self.next.conditions.completed != Some(Truth::False) {
            self.next.conditions.completed = Some(Truth::False);
            let (revision, template) = (self.revision, self.new_set().template);
            self.out
                .log
                .tell(Event::UpdateStarted { revision, template });
        }
    }

    fn set_aborted(&mut self) {
        let cause = self.pause.add_abort.unwrap_or(AbortCause::Person);
        let abort = Abort {
            revision: self.revision,
            cause,
        };
        let set = self.next.conditions.set_progressing(Progressing {
            status: Truth::False,
            reason: ProgressReason::Aborted,
            updated: self.now.stored(),
            abort: Some(abort),
        });
        if set {
            self.out.log.tell(Event::Aborted(abort));
        }
    }

    /// The Progressing condition of an update that is not aborted. Progress renews it even where status and reason stay.
    fn update_progress(&mut self, healthy: bool, became_unhealthy: bool) {
        let progress = |status: Truth, reason, updated| Progressing {
            status,
            reason,
            updated,
            abort: None,
        };
        let now = self.now.stored();
        if healthy {
            let condition = progress(Truth::True, ProgressReason::Available, now);
            self.next.conditions.set_progressing(condition);
        } else if self.is_progressing() || became_unhealthy {
            let promoted = self.next.stable == self.next.current;
            let reason = if promoted && became_unhealthy {
                ProgressReason::NotAvailable
            } else {
                ProgressReason::Updated
            };
            self.next.conditions.progressing = Some(progress(Truth::True, reason, now));
        } else if !self.is_indefinite_step()
            && !self.waits_for_scale_down()
            && self.is_timed_out(self.next)
        {
            let condition = progress(Truth::False, ProgressReason::TimedOut, now);
            self.next.conditions.set_progressing(condition);
        }
    }

    fn has_minimum_availability(&self) -> bool {
        match self.plan.strategy {
            Strategy::Canary(_) => self.rollout.replicas <= self.total.available,
            Strategy::BlueGreen(_) => self
                .set_of(self.next.blue_green.active)
                .is_some_and(|active| is_saturated(&self.sets[active], self.rollout.replicas)),
        }
    }

    /// All replicas updated, available and serving, and nothing old left (`utils/conditions/conditions.go: RolloutHealthy`).
    fn is_healthy(&self) -> bool {
        let (next, replicas) = (&*self.next, self.rollout.replicas);
        let strategy_done = match &self.plan.strategy {
            Strategy::BlueGreen(blue_green) => {
                next.blue_green.active == next.current
                    && (blue_green.preview_service.is_none()
                        || next.blue_green.preview == next.current)
            }
            Strategy::Canary(canary) => {
                next.step
                    .is_none_or(|step| canary.steps.is_empty() || step == canary.step_count())
                    && next.stable.is_some()
                    && next.stable == next.current
                    && next.replicas == replicas
            }
        };
        next.updated == replicas
            && next.available == replicas
            && self.rollout.status.observed_generation == self.rollout.generation
            && strategy_done
    }

    /// Whether anything moved since the status before (`utils/conditions/conditions.go: RolloutProgressing`).
    fn is_progressing(&self) -> bool {
        let (old, next) = (&self.rollout.status, &*self.next);
        let strategy_moved = match self.plan.strategy {
            Strategy::BlueGreen(_) => {
                old.blue_green.active != next.blue_green.active
                    || old.blue_green.preview != next.blue_green.preview
            }
            Strategy::Canary(_) => {
                old.stable != next.stable
                    || (old.step.is_some() && next.step.is_some() && old.step != next.step)
                    || old.steps_recorded != next.steps_recorded
            }
        };
        next.updated != old.updated
            || next.replicas - next.updated < old.replicas - old.updated
            || old.ready < next.ready
            || old.available < next.available
            || strategy_moved
    }

    /// Whether the last sign of progress in `status` is older than the deadline
    /// (`utils/conditions/conditions.go: RolloutTimedOut`).
    fn is_timed_out(&self, status: &RolloutStatus) -> bool {
        status
            .conditions
            .progressing
            .is_some_and(|condition| match condition.reason {
                ProgressReason::Aborted | ProgressReason::Paused => false,
                ProgressReason::TimedOut => true,
                _ => condition.updated + self.plan.progress_deadline <= self.now,
            })
    }

    /// Whether the rollout stands at a step that may take as long as it likes, or is paused
    /// (`rollout/sync.go: isIndefiniteStep`).
    fn is_indefinite_step(&self) -> bool {
        let status = &self.rollout.status;
        self.step.is_some_and(|step| {
            step.experiment.is_some() || step.analysis.is_some() || step.pause.is_some()
        }) || status.conditions.paused == Some(Truth::True)
    }

    /// `rollout/sync.go: isWaitingForReplicaSetScaleDown`.
    fn waits_for_scale_down(&self) -> bool {
        self.others
            .iter()
            .any(|index| self.sets[*index].deadline.is_some())
    }

    /// Comes back when the progress deadline passes (`rollout/sync.go: requeueStuckRollout`).
    fn requeue_if_stuck(&mut self) {
        let status = &self.rollout.status;
        let Some(condition) = status.conditions.progressing else {
            return;
        };
        let paused = !status.pauses.is_empty() || self.rollout.paused;
        if self.is_healthy()
            || condition.reason == ProgressReason::TimedOut
            || paused
            || status.abort
            || self.is_indefinite_step()
        {
            return;
        }
        let left = condition.updated + self.plan.progress_deadline - self.now;
        // A real clock moves between the timer and this line, so a whole second left is already less than one. Then the
        // controller asks itself again and again; nothing can come of it before the next second.
        if left > Delta::from_secs(1) {
            self.out.requeue.after(self.now, left + Delta::from_secs(1));
        } else if left > Delta::ZERO {
            self.out
                .requeue
                .after(self.now.stored(), Delta::from_secs(1));
        } else {
            self.out.requeue.at_once = true;
        }
    }

    /// `utils/rollout/rolloututil.go: CalculateRolloutPhase`, on the next status.
    pub(super) fn phase(&self) -> (RolloutPhase, PhaseMessage) {
        let (next, rollout) = (&*self.next, self.rollout);
        if next.conditions.invalid_spec {
            return (RolloutPhase::Degraded, PhaseMessage::InvalidSpec);
        }
        match next.conditions.progressing {
            Some(Progressing {
                reason: ProgressReason::Aborted,
                abort: Some(abort),
                ..
            }) => {
                return (RolloutPhase::Degraded, PhaseMessage::Aborted(abort));
            }
            Some(Progressing {
                reason: ProgressReason::TimedOut,
                ..
            }) => {
                return (
                    RolloutPhase::Degraded,
                    PhaseMessage::TimedOut(self.new_set().template),
                );
            }
            _ => {}
        }
        if rollout.paused {
            return (RolloutPhase::Paused, PhaseMessage::ManuallyPaused);
        }
        if let Some((reason, _)) = next.pauses.iter().next() {
            return (RolloutPhase::Paused, PhaseMessage::Paused(reason));
        }
        let message = if rollout.restart_at.is_some() && rollout.restart_at != next.restarted_at {
            PhaseMessage::Restarting
        } else if next.updated < rollout.replicas {
            PhaseMessage::MoreReplicas
        } else if next.available < next.updated {
            PhaseMessage::BecomingAvailable
        } else {
            match &self.plan.strategy {
                Strategy::BlueGreen(blue_green) => {
                    blue_green_progress(next, blue_green.post_promotion.is_some())
                }
                Strategy::Canary(canary) => {
                    if canary.routing.is_none() && next.updated < next.replicas {
                        PhaseMessage::OldReplicas
                    } else if !is_completed(next) {
                        PhaseMessage::WaitingForSteps
                    } else {
                        PhaseMessage::None
                    }
                }
            }
        };
        if message == PhaseMessage::None {
            (RolloutPhase::Healthy, message)
        } else {
            (RolloutPhase::Progressing, message)
        }
    }
}

fn blue_green_progress(status: &RolloutStatus, has_post_promotion: bool) -> PhaseMessage {
    let analysed = status
        .blue_green
        .post_run
        .is_some_and(|run| run.phase.is_completed());
    if status.blue_green.active.is_none() || status.blue_green.active != status.current {
        PhaseMessage::CutoverPending
    } else if is_completed(status) {
        PhaseMessage::None
    } else if has_post_promotion && !analysed {
        PhaseMessage::WaitingForAnalysis
    } else {
        PhaseMessage::WaitingForVerification
    }
}

/// `utils/conditions/conditions.go: RolloutCompleted`.
fn is_completed(status: &RolloutStatus) -> bool {
    status.stable.is_some() && status.stable == status.current
}
