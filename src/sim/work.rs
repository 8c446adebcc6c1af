//! The work of the controllers at one instant: who waits is reconciled, and what was decided is stored.
//!
//! Knows: the order of work, and whom a write wakes. Refuses to know: what is decided (controllers), and when the next instant is.

use super::instruments::{Instruments, Shown};
use super::{Due, Simulation};
use crate::cluster::status::RolloutStatus;
use crate::cluster::{AnalysisRun, Event, Experiment, ExperimentId, RunId};
use crate::controller::rollout::{Observed, Outcome, Verification};
use crate::controller::{Decision, analysis};
use crate::time::SimTime;
use crate::trace::Recorder;

/// More rounds of work at one instant than this, and the run is given up: controllers keep each other busy for ever.
const MOST_ROUNDS: u32 = 10_000;

/// The same for the rollout alone, which may have much to do: a rolling update whose pods start at once is an example. If
/// nothing moves, its patience ([`super::busy`]) ends much earlier.
const MOST_REPETITIONS: u32 = 100_000;

impl<R: Recorder> Simulation<'_, R> {
    /// Lets the controllers work until none has anything left to do; `false` if they never stop. In each round every
    /// object that waits is worked on once.
    pub(super) fn settle(&mut self, now: SimTime) -> bool {
        if self.controllers_are_down(now) {
            return true;
        }
        let mut repetitions = 0;
        self.patience.renew();
        for _ in 0..MOST_ROUNDS {
            let mut busy = false;
            while !self.patience.is_spent() && self.takes_rollout(now) {
                busy = true;
                repetitions += 1;
                if MOST_REPETITIONS < repetitions {
                    return false;
                }
                self.begin_turn();
                self.reconcile_rollout(now);
                self.end_turn(now);
            }
            self.delay_watches(now);
            for index in 0..self.experiment_queues.len() {
                if self.experiment_queues[index].take() {
                    busy = true;
                    self.reconcile_experiment(index, now);
                }
            }
            for index in 0..self.run_queues.len() {
                if self.run_queues[index].take() {
                    busy = true;
                    self.reconcile_run(index, now);
                }
            }
            if !busy {
                self.end_turns(now);
                if let Some(at) = self.rollout_queue.to_schedule() {
                    self.kernel.schedule(at, Due::Rollout);
                }
                return true;
            }
        }
        false
    }

    /// Whether the rollout waits to be worked on; takes it out.
    fn takes_rollout(&mut self, now: SimTime) -> bool {
        self.delay_watches(now);
        self.rollout_queue.take()
    }

    fn reconcile_rollout(&mut self, now: SimTime) {
        self.decision.clear();
        self.count_pods_to_restart(now);
        let plugin = self.current_plugin();
        let plugin_answer =
            plugin.and_then(|plugin| self.world.plugins.answer(&self.environment, plugin, now));
        let seen = Observed {
            plan: self.plan,
            cluster: &self.cluster,
            verification: self.environment.verify_after.map(|after| Verification {
                told: self.world.router.told(),
                after,
            }),
            plugin_answer,
            pods_to_restart: &self.pods_to_restart,
            now,
        };
        let outcome = self.precedents.reconcile(
            &seen,
            &mut self.scratch,
            &mut self.next_status,
            &mut self.decision,
        );
        if let Some(plugin) = plugin.filter(|_| self.decision.asked_plugin) {
            self.world.plugins.asked(&self.environment, plugin, now);
        }
        let mut changed = self.carry_out(now);
        if outcome == Outcome::Status {
            changed = true;
            self.store_rollout_status(now);
        }
        let requeue = self.decision.requeue;
        self.rollout_queue.finish(requeue, changed, now);
        self.tell(now);
    }

    /// Replaces the status and wakes who watches it.
    fn store_rollout_status(&mut self, now: SimTime) {
        let Some(rollout) = &mut self.cluster.rollout else {
            return;
        };
        if rollout.status.step != self.next_status.step {
            self.patience.progress();
        }
        std::mem::swap(&mut rollout.status, &mut self.next_status);
        self.scene_changed |= has_other_routes(&rollout.status, &self.next_status);
        self.changed = true;
        self.rollout_queue.add();
        self.pull_triggers(now);
    }

    fn reconcile_experiment(&mut self, index: usize, now: SimTime) {
        self.decision.clear();
        let stored = self.cluster.experiments[index];
        if stored.deleted {
            return;
        }
        let mut experiment = stored;
        self.templates.clear();
        self.templates
            .extend_from_slice(self.cluster.templates_of(&stored));
        self.analyses.clear();
        self.analyses
            .extend_from_slice(self.cluster.analyses_of(&stored));
        let id = ExperimentId(u16::try_from(index).unwrap_or(u16::MAX));
        crate::controller::experiment::Pass {
            plan: self.plan,
            cluster: &self.cluster,
            id,
            experiment: &mut experiment,
            templates: &mut self.templates,
            analyses: &mut self.analyses,
            now,
            out: &mut self.decision,
        }
        .reconcile();
        let wrote = self.carry_out(now);
        let changed = self.store_experiment(index, experiment);
        self.experiment_queues[index].finish(self.decision.requeue, wrote || changed, now);
        if let Some(at) = self.experiment_queues[index].to_schedule() {
            self.kernel.schedule(at, Due::Experiment(id));
        }
        self.tell(now);
    }

    fn store_experiment(&mut self, index: usize, experiment: Experiment) -> bool {
        let stored = self.cluster.experiments[index];
        let same = stored == experiment
            && self.cluster.templates_of(&stored) == self.templates
            && self.cluster.analyses_of(&stored) == self.analyses;
        if same {
            return false;
        }
        self.cluster.experiments[index] = experiment;
        self.cluster.experiment_templates[stored.templates.range()]
            .copy_from_slice(&self.templates);
        self.cluster.experiment_analyses[stored.analyses.range()].copy_from_slice(&self.analyses);
        self.changed = true;
        self.experiment_queues[index].add();
        self.rollout_queue.add();
        true
    }

    fn reconcile_run(&mut self, index: usize, now: SimTime) {
        if self.cluster.runs[index].deleted || self.waits_for_answers(index, now) {
            return;
        }
        self.decision.clear();
        let mut run = self.cluster.runs[index];
        let id = RunId(u32::try_from(index).unwrap_or(u32::MAX));
        let before = run.phase;
        if (self.metering || self.world.ledger.looks_back()) && !before.is_completed() {
            self.world.ledger.advance(&self.environment, now);
        }
        // Providers look at the rest of the cluster while these are worked on.
        let mut metrics = std::mem::take(&mut self.cluster.metrics);
        let mut instruments = Instruments {
            plan: self.plan,
            environment: &self.environment,
            cluster: &self.cluster,
            world: &self.world,
            shown: &mut self.shown,
            recorder: &mut self.recorder,
            oracle: self.oracle.as_deref_mut(),
        };
        let own = run.metrics.range();
        let outcome = analysis::reconcile(
            &self.plan.analyses[run.analysis as usize],
            id,
            &mut run,
            &mut metrics[own],
            now,
            &mut instruments,
            &mut self.decision,
        );
        self.cluster.metrics = metrics;
        self.cluster.runs[index] = run;
        let changed = outcome != analysis::Outcome::Unchanged;
        if run.phase == before {
            self.measured |= changed;
        } else {
            self.changed |= changed;
        }
        // A write wakes the run itself; where nothing can come of that, it sleeps on.
        match outcome {
            analysis::Outcome::Unchanged => {}
            analysis::Outcome::Changed => self.run_queues[index].add(),
            analysis::Outcome::Settled => self.check_settled(id, &run, now),
        }
        if run.phase != before {
            self.wake_owner_of_run(&run);
        }
        let queue = &mut self.run_queues[index];
        queue.finish(self.decision.requeue, changed, now);
        if let Some(at) = queue.to_schedule() {
            self.kernel.schedule(at, Due::Run(id));
        }
        self.tell(now);
    }

    /// Checks, in debug builds, that a run that says it is settled changes nothing if it is reconciled again.
    fn check_settled(&self, id: RunId, stored: &AnalysisRun, now: SimTime) {
        if cfg!(debug_assertions) {
            let (mut run, mut metrics) = (*stored, self.cluster.metrics_of(stored).to_vec());
            let mut instruments = Instruments {
                plan: self.plan,
                environment: &self.environment,
                cluster: &self.cluster,
                world: &self.world,
                shown: &mut Shown::default(),
                recorder: &mut crate::trace::Off,
                oracle: None,
            };
            let mut again = Decision::<Vec<Event>>::default();
            let outcome = analysis::reconcile(
                &self.plan.analyses[run.analysis as usize],
                id,
                &mut run,
                &mut metrics,
                now,
                &mut instruments,
                &mut again,
            );
            let same = run == *stored && metrics == self.cluster.metrics_of(stored);
            let quiet = again.log.is_empty() && !again.requeue.at_once;
            assert!(
                outcome == analysis::Outcome::Unchanged && same && quiet,
                "a settled run changed when it was looked at again: {run:?}"
            );
        }
    }
}

/// Whether two statuses mean different routes.
fn has_other_routes(one: &RolloutStatus, other: &RolloutStatus) -> bool {
    let shares = |status: &RolloutStatus| !status.canary.additional_weights.is_empty();
    one.stable != other.stable
        || one.canary.stable_ping_pong != other.canary.stable_ping_pong
        || shares(one)
        || shares(other)
}
