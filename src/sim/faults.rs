//! Faults that hit the control plane: controllers that are down, watches and metrics that are late.
//!
//! Simplifies: what is noticed late is seen as it is then, never as it was; a slow answer tells what was true when it arrives, and no provider's client
//! gives up waiting for it.

use crate::cluster::{ExperimentId, RunId, TemplateId};
use crate::controller::analysis;
use crate::plan::environment::{Breaks, Fault};
use crate::sim::{Due, Simulation};
use crate::time::SimTime;
use crate::trace::Recorder;

impl<R: Recorder> Simulation<'_, R> {
    fn fault_at<T>(
        &self,
        now: SimTime,
        what: impl Fn(&Breaks<TemplateId>) -> Option<T>,
    ) -> Option<T> {
        let faults = self.environment.faults.iter();
        faults
            .filter(|fault| fault.holds(now))
            .find_map(|fault| what(&fault.breaks))
    }

    /// Whether no controller works at `now`.
    pub(super) fn controllers_are_down(&self, now: SimTime) -> bool {
        let down = |breaks: &Breaks<_>| matches!(breaks, Breaks::ControllerDown).then_some(());
        self.fault_at(now, down).is_some()
    }

    /// Schedules the moments at which faults begin, and at which controllers come back. Then they look at everything, as after each
    /// start.
    pub(super) fn schedule_faults(&mut self, start: SimTime) {
        for Fault { from, to, breaks } in &self.environment.faults {
            if start < *from && *from < *to {
                self.kernel.schedule(*from, Due::Fault);
            }
            if matches!(breaks, Breaks::ControllerDown) && start <= *to && *to < SimTime::MAX {
                self.kernel.schedule(*to, Due::Recovery);
            }
        }
    }

    /// Lets what watches would tell now be told later, while a fault delays them.
    #[inline]
    pub(super) fn delay_watches(&mut self, now: SimTime) {
        if !self.environment.faults.is_empty() {
            self.delay_late_watches(now);
        }
    }

    fn delay_late_watches(&mut self, now: SimTime) {
        let late = self.fault_at(now, |breaks| match breaks {
            Breaks::WatchDelay { delay } => Some(*delay),
            _ => None,
        });
        let Some(delay) = late else { return };
        if let Some(at) = self.rollout_queue.postpone(delay, now) {
            self.kernel.schedule(at, Due::Rollout);
        }
        for (index, queue) in (0..).zip(&mut self.experiment_queues) {
            if let Some(at) = queue.postpone(delay, now) {
                let id = ExperimentId(index);
                self.kernel.schedule(at, Due::Experiment(id));
            }
        }
        for (index, queue) in (0..).zip(&mut self.run_queues) {
            if let Some(at) = queue.postpone(delay, now) {
                self.kernel.schedule(at, Due::Run(RunId(index)));
            }
        }
    }

    /// Whether a run has asked a slow back end and waits for its answers; notes when they come.
    pub(super) fn waits_for_answers(&mut self, index: usize, now: SimTime) -> bool {
        let late = self.fault_at(now, |breaks| match breaks {
            Breaks::MetricsSlow { delay } => Some(*delay),
            _ => None,
        });
        if late.is_none() && self.answers_due.is_empty() {
            return false;
        }
        self.answers_due.resize(self.run_queues.len(), None);
        if let Some(due) = self.answers_due[index] {
            if now < due {
                return true;
            }
            self.answers_due[index] = None;
            return false;
        }
        let run = &self.cluster.runs[index];
        let plan = &self.plan.analyses[run.analysis as usize];
        let asks = analysis::measures(plan, run, self.cluster.metrics_of(run), now);
        let Some(delay) = late.filter(|_| asks) else {
            return false;
        };
        self.answers_due[index] = Some(now + delay);
        self.wait_until(index, now + delay);
        true
    }

    fn wait_until(&mut self, index: usize, at: SimTime) {
        let queue = &mut self.run_queues[index];
        queue.add_at(at);
        if let Some(at) = queue.to_schedule() {
            let id = RunId(u32::try_from(index).unwrap_or(u32::MAX));
            self.kernel.schedule(at, Due::Run(id));
        }
    }
}
