//! Pauses and aborts, collected during a reconciliation and applied at its end.
//!
//! Follows `rollout/pause.go` and `rollout/sync.go: checkPausedConditions`. In virtual time the instant at which a pause
//! ends counts as past, because a real clock always is when the controller has been woken by it.

use crate::cluster::status::{
    AbortCause, Conditions, PauseConditions, PauseReason, ProgressReason, Progressing, Truth,
};
use crate::controller::Log;
use crate::controller::rollout::{Outcome, Pass};
use crate::plan::BlueGreen;
use crate::plan::strategy::Pause;

/// What a reconciliation decides about pauses and abort (`rollout/pause.go: pauseContext`).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PauseContext {
    /// Reasons to pause; their start is the reconciliation.
    pub(super) add: PauseConditions,
    pub(super) remove: Option<PauseReason>,
    pub(super) clear: bool,
    pub(super) add_abort: Option<AbortCause>,
    pub(super) remove_abort: bool,
}

impl<L: Log> Pass<'_, L> {
    /// Whether `ReplicaSets` and services are left alone (`rollout/context.go: haltProgress`).
    pub(super) fn is_halted(&self) -> bool {
        self.rollout.paused
            || self
                .rollout
                .status
                .pauses
                .has(PauseReason::InconclusiveAnalysis)
    }

    /// Brings the conditions in line with a pause, resume or retry before anything else; ends the reconciliation if it
    /// had to (`rollout/sync.go: checkPausedConditions`).
    pub(super) fn check_paused_conditions(&mut self) -> Option<Outcome> {
        let status = &self.rollout.status;
        if self.rollout.generation != status.observed_generation {
            return None;
        }
        let reason = status
            .conditions
            .progressing
            .map(|condition| condition.reason);
        let paused = !status.pauses.is_empty() || self.rollout.paused;
        let aborted_before = reason == Some(ProgressReason::Aborted);
        let completed = status.stable.is_some() && status.stable == status.current;
        let known_as_paused = reason == Some(ProgressReason::Paused);
        let new_reason = match (aborted_before, paused) {
            (true, _) => (!status.abort).then_some(ProgressReason::Retry),
            (false, _) if paused == known_as_paused || completed => None,
            (false, true) => Some(ProgressReason::Paused),
            (false, false) => Some(ProgressReason::Resumed),
        };
        let was_paused = status.conditions.paused == Some(Truth::True);
        let told_paused = !aborted_before && paused != was_paused;
        if new_reason.is_none() && !told_paused {
            return None;
        }
        self.next.copy_from(status);
        if let Some(reason) = new_reason {
            self.next.conditions.progressing = Some(self.unknown(reason));
        }
        if told_paused {
            self.next.conditions.paused = Some(paused.into());
        }
        (self.next.phase, self.next.message) = self.phase();
        Some(Outcome::Status)
    }

    fn unknown(&self, reason: ProgressReason) -> Progressing {
        Progressing {
            status: Truth::Unknown,
            reason,
            updated: self.now.stored(),
            abort: None,
        }
    }

    /// Adds a reason to pause.
    pub(super) fn add_pause(&mut self, reason: PauseReason) {
        self.pause.add.add(reason, self.now.stored());
    }

    /// Applies what was collected (`rollout/pause.go: CalculatePauseStatus`). An abort drops all pauses, and so does
    /// clearing them; without any the controller's own pause is forgotten too.
    pub(super) fn apply_pauses(&mut self) {
        let old = &self.rollout.status;
        self.next.abort = self.pause.add_abort.is_some() || (!self.pause.remove_abort && old.abort);
        if self.next.abort {
            self.next.aborted_at = old.aborted_at.or(Some(self.now.stored()));
            return;
        }
        self.next.aborted_at = None;
        if self.pause.clear {
            return;
        }
        let mut pauses = old.pauses;
        if let Some(reason) = self.pause.remove {
            pauses.remove(reason);
        }
        let mut controller_pause = old.controller_pause;
        for (reason, start) in self
            .pause
            .add
            .iter()
            .filter(|(reason, _)| !old.pauses.has(*reason))
        {
            pauses.add(reason, start);
            controller_pause = true;
        }
        if !pauses.is_empty() {
            self.next.controller_pause = controller_pause;
            self.next.pauses = pauses;
        }
    }

    /// Whether the pause step that the rollout stands at is over: its time has passed, or a person resumed it
    /// (`rollout/pause.go: CompletedCanaryPauseStep`).
    pub(super) fn completed_canary_pause(&self, pause: &Pause) -> bool {
        let status = &self.rollout.status;
        match status.pauses.start_of(PauseReason::CanaryPauseStep) {
            None => status.controller_pause,
            Some(start) => pause
                .duration
                .is_some_and(|duration| start + duration <= self.now),
        }
    }

    /// Whether the pause before the switch is over or was never needed (`rollout/pause.go: CompletedBlueGreenPause`).
    pub(super) fn completed_blue_green_pause(&self, blue_green: &BlueGreen) -> bool {
        let status = &self.rollout.status;
        let started = status.pauses.start_of(PauseReason::BlueGreenPause);
        if !self.pause.add.is_empty() {
            return false;
        }
        if status.blue_green.scale_up_check_point {
            return true;
        }
        if !blue_green.auto_promotion {
            return status.controller_pause && started.is_none();
        }
        let delay = blue_green.auto_promotion_delay;
        delay == crate::time::Delta::ZERO
            || started.is_some_and(|started| started + delay <= self.now)
    }
}

impl Conditions {
    /// Sets the Progressing condition unless it has this status and reason already
    /// (`utils/conditions/conditions.go: SetRolloutCondition`); says whether it was set.
    pub(super) fn set_progressing(&mut self, new: Progressing) -> bool {
        let same = self
            .progressing
            .is_some_and(|old| old.status == new.status && old.reason == new.reason);
        if !same {
            self.progressing = Some(new);
        }
        !same
    }
}
