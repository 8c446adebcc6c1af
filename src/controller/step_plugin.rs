//! Step plugins: asked for a result now and then, with a back-off in between.
//!
//! Follows `rollout/stepplugin.go` and `rollout/steps/plugin/plugin.go`. The answers come from the scenario; Terminate and
//! Abort are answered at once with Successful, as the example plugin does.

use crate::cluster::Event;
use crate::cluster::provider::PluginAnswer;
use crate::cluster::status::{
    AbortCause, PluginOperation, PluginPhase, RolloutPhase, StepPluginStatus,
};
use crate::controller::Log;
use crate::controller::rollout::Pass;
use crate::time::Delta;

/// Added to every back-off (`rollout/stepplugin.go: defaultBackoffDelay`).
const EXTRA_DELAY: Delta = Delta::from_secs(5);
/// The shortest requeue that a plugin can ask for; shorter ones become [`DEFAULT_REQUEUE`].
const LEAST_REQUEUE: Delta = Delta::from_secs(10);
/// `rollout/steps/plugin/plugin.go: defaultRequeuDuration` and `defaultErrorBackoff`.
const DEFAULT_REQUEUE: Delta = Delta::from_secs(30);

impl<L: Log> Pass<'_, L> {
    /// The statuses as they stand: those of this reconciliation, or the stored ones if it did not come to the plugins.
    pub(super) fn store_step_plugins(&mut self) {
        if !self.plugins_reconciled {
            self.next
                .canary
                .step_plugins
                .clone_from(&self.rollout.status.canary.step_plugins);
        }
    }

    fn plugin_status(&self, step: u16, operation: PluginOperation) -> Option<&StepPluginStatus> {
        self.next
            .canary
            .step_plugins
            .iter()
            .find(|status| status.step == step && status.operation == operation)
    }

    /// `rollout/stepplugin.go: reconcile`.
    pub(super) fn reconcile_step_plugin(&mut self) {
        self.plugins_reconciled = true;
        self.next
            .canary
            .step_plugins
            .clone_from(&self.rollout.status.canary.step_plugins);
        if self.is_aborted() {
            self.abort_step_plugins();
        } else if self.rollout.status.promote_full || self.is_fully_promoted {
            self.terminate_step_plugin();
        } else {
            self.clean_up_for_retry();
            self.run_step_plugin();
        }
    }

    /// On abort every plugin that ran is asked to undo its work, the last one first.
    fn abort_step_plugins(&mut self) {
        let ran: Vec<u16> = self
            .next
            .canary
            .step_plugins
            .iter()
            .rev()
            .filter(|status| status.operation == PluginOperation::Run)
            .filter(|status| matches!(status.phase, PluginPhase::Running | PluginPhase::Successful))
            .map(|status| status.step)
            .collect();
        for step in ran {
            if self.plugin_status(step, PluginOperation::Abort).is_none() {
                self.finish_plugin(step, PluginOperation::Abort);
            }
        }
    }

    /// On promotion the last plugin that still runs is ended.
    fn terminate_step_plugin(&mut self) {
        let last = self.next.canary.step_plugins.iter().rev().find(|status| {
            matches!(
                (status.operation, status.phase),
                (PluginOperation::Terminate, PluginPhase::Successful)
                    | (PluginOperation::Run, PluginPhase::Running)
            )
        });
        if let Some(running) = last.filter(|status| status.operation == PluginOperation::Run) {
            let step = running.step;
            if self
                .plugin_status(step, PluginOperation::Terminate)
                .is_none()
            {
                self.finish_plugin(step, PluginOperation::Terminate);
            }
        }
    }

    fn finish_plugin(&mut self, step: u16, operation: PluginOperation) {
        self.set_plugin_status(StepPluginStatus {
            step,
            operation,
            phase: PluginPhase::Successful,
            result: 0,
            updated: self.now.stored(),
            backoff: Delta::ZERO,
            executions: 1,
        });
    }

    /// A retried rollout starts without the results of its first try (`rollout/stepplugin.go: cleanStatusForRetry`).
    fn clean_up_for_retry(&mut self) {
        if self.next.canary.step_plugins.is_empty() || self.rollout.status.abort {
            return;
        }
        let Some(step) = self.step.filter(|_| self.step_index <= 0) else {
            return;
        };
        if step.plugin.is_none() || self.completed_step_plugin() {
            self.next.canary.step_plugins.clear();
        }
    }

    fn run_step_plugin(&mut self) {
        let step = u16::try_from(self.step_index).unwrap_or(u16::MAX);
        let at_plugin = self.step.is_some_and(|step| step.plugin.is_some());
        let progressing = self.rollout.status.phase == RolloutPhase::Progressing;
        let (true, true, Some(answer)) = (at_plugin, progressing, self.seen.plugin_answer) else {
            return;
        };
        let before = self.plugin_status(step, PluginOperation::Run).copied();
        if before.is_some_and(|status| {
            matches!(status.phase, PluginPhase::Successful | PluginPhase::Failed)
        }) {
            return;
        }
        let waiting = before.filter(|status| self.now < status.updated + status.backoff);
        self.out.asked_plugin = waiting.is_none();
        let status = waiting.unwrap_or(StepPluginStatus {
            step,
            operation: PluginOperation::Run,
            phase: answer.phase,
            result: answer.result,
            updated: self.now.stored(),
            backoff: backoff(answer),
            executions: before.map_or(1, |status| status.executions + 1),
        });
        self.set_plugin_status(status);
        match status.phase {
            PluginPhase::Running | PluginPhase::Error => {
                let due = status.updated + status.backoff + EXTRA_DELAY;
                self.out.requeue.after(self.now, due - self.now);
            }
            PluginPhase::Failed => {
                self.abort(AbortCause::StepPlugin {
                    step,
                    result: status.result,
                });
            }
            PluginPhase::Successful => {}
        }
    }

    fn set_plugin_status(&mut self, status: StepPluginStatus) {
        let known = self
            .next
            .canary
            .step_plugins
            .iter_mut()
            .find(|old| old.step == status.step && old.operation == status.operation);
        let changed = known.as_ref().is_none_or(|old| old.phase != status.phase);
        match known {
            Some(old) => *old = status,
            None => self.next.canary.step_plugins.push(status),
        }
        let told =
            status.operation != PluginOperation::Run || status.phase != PluginPhase::Successful;
        if changed && told {
            let StepPluginStatus {
                step,
                operation,
                phase,
                ..
            } = status;
            self.out.log.tell(Event::StepPlugin {
                step,
                operation,
                phase,
            });
        }
    }

    /// `rollout/stepplugin.go: isStepPluginCompleted`; a reconciliation that did not come to the plugins knows of none.
    pub(super) fn completed_step_plugin(&self) -> bool {
        let step = u16::try_from(self.step_index).unwrap_or(u16::MAX);
        let run = self.plugin_status(step, PluginOperation::Run);
        let Some(run) = run.filter(|_| self.plugins_reconciled) else {
            return false;
        };
        match run.phase {
            PluginPhase::Successful | PluginPhase::Failed => true,
            PluginPhase::Error => false,
            PluginPhase::Running => {
                self.plugin_status(step, PluginOperation::Terminate)
                    .is_some()
                    || self.plugin_status(step, PluginOperation::Abort).is_some()
            }
        }
    }
}

/// How long a result stands before the plugin is asked again.
fn backoff(answer: PluginAnswer) -> Delta {
    match answer.phase {
        PluginPhase::Running if LEAST_REQUEUE < answer.requeue_after => answer.requeue_after,
        PluginPhase::Running | PluginPhase::Error => DEFAULT_REQUEUE,
        PluginPhase::Successful | PluginPhase::Failed => Delta::ZERO,
    }
}
