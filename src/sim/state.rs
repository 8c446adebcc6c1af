//! Everything in a run that has an influence on its future, taken between two instants: to be kept, compared, and gone on from.
//!
//! Knows: what nobody will read again, and forgets it, so that two histories with the same future are equal. Refuses to know why
//! anybody would ask.
//! Simplifies: how many instants there were so far is left out; whoever goes on counts them.

use crate::cluster::Cluster;
use crate::controller::analysis;
use crate::sim::oracle::Oracle;
use crate::sim::queue::Queue;
use crate::sim::triggers::Watched;
use crate::sim::{Clock, Due, Ending, Simulation, Start};
use crate::time::SimTime;
use crate::trace::Recorder;
use crate::world::World;

/// A run between two instants, but for its recorder.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct State {
    /// The instant that is over.
    pub(crate) now: SimTime,
    /// The next one.
    pub(crate) next: SimTime,
    last: SimTime,
    /// What is scheduled, in order.
    events: Vec<(SimTime, Due)>,
    pub(crate) cluster: Cluster,
    world: World,
    pods_due: Option<SimTime>,
    resync_due: SimTime,
    rollout_queue: Queue,
    experiment_queues: Vec<Queue>,
    run_queues: Vec<Queue>,
    /// How often a rollout that keeps itself busy was let alone.
    delays: Option<u32>,
    triggered: Vec<bool>,
    watched: Watched,
    answers_due: Vec<Option<SimTime>>,
}

/// How far a run went.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reached {
    /// Draws were asked for; this is the instant after theirs.
    Draws(SimTime),
    /// It is over.
    End(Ending),
}

impl State {
    /// A number that is the same for equal states, and mostly differs for others.
    pub(crate) fn digest(&self) -> u64 {
        let mut sum = 0;
        let mut add = |part: i64| {
            sum = crate::world::weather::stir(sum, u64::from_ne_bytes(part.to_ne_bytes()));
        };
        add(self.next.nanos());
        for run in &self.cluster.runs {
            add(i64::from(run.phase.severity()));
        }
        for metric in &self.cluster.metrics {
            add(i64::from(metric.phase.severity()));
            add(i64::from(metric.count));
            add(i64::from(metric.failed) << 32 | i64::from(metric.inconclusive));
            add(i64::from(metric.consecutive_error) << 32 | i64::from(metric.consecutive_success));
        }
        for (at, _) in &self.events {
            add(at.nanos());
        }
        if let Some(rollout) = &self.cluster.rollout {
            add(rollout.status.step.map_or(-1, i64::from));
            add(i64::from(rollout.revision));
        }
        sum
    }

    /// About how much memory it takes \[bytes\].
    pub(crate) fn size(&self) -> usize {
        fn of<T>(list: &[T]) -> usize {
            size_of_val(list)
        }
        let cluster = &self.cluster;
        size_of::<Self>()
            + of(&self.events)
            + of(&cluster.replica_sets)
            + of(&cluster.runs)
            + of(&cluster.metrics)
            + of(&cluster.experiments)
            + of(&cluster.experiment_templates)
            + of(&cluster.experiment_analyses)
            + of(&self.run_queues)
            + of(&self.experiment_queues)
            + self.world.ledger.size()
    }
}

impl<R: Recorder> Simulation<'_, R> {
    /// Lets an oracle decide what draws show.
    pub(crate) fn set_oracle(&mut self, oracle: Oracle) {
        self.oracle = Some(Box::new(oracle));
    }

    /// The oracle, if there is one.
    pub(crate) fn oracle(&mut self) -> Option<&mut Oracle> {
        self.oracle.as_deref_mut()
    }

    /// Begins a run, and goes on to the end of the first instant at which draws are asked for.
    pub(crate) fn begin(&mut self, start: &Start) -> (Clock, Reached) {
        self.set_up(start);
        let mut clock = Clock::at(start.at);
        let reached = self.reach(&mut clock, start);
        (clock, reached)
    }

    /// Goes on from a state to the end of the next instant at which draws are asked for. The recorder has to be in its state, too.
    pub(crate) fn resume(&mut self, state: &State, start: &Start) -> (Clock, Reached) {
        self.restore(state);
        let clock = Clock {
            now: state.now,
            last: state.last,
            instants: 0,
        };
        self.proceed(clock, state.next, start)
    }

    /// Goes on from where a run is, to the end of the next instant at which draws are asked for.
    pub(crate) fn proceed(
        &mut self,
        clock: Clock,
        next: SimTime,
        start: &Start,
    ) -> (Clock, Reached) {
        let mut clock = clock;
        self.go_on(&mut clock, next);
        let reached = self.reach(&mut clock, start);
        (clock, reached)
    }

    fn reach(&mut self, clock: &mut Clock, start: &Start) -> Reached {
        let limit = self.limit(start);
        loop {
            match self.live(clock, limit) {
                Err(ending) => {
                    self.close_accounts(ending);
                    return Reached::End(ending);
                }
                Ok(next) => {
                    let oracle = self.oracle.as_deref();
                    // Draws of one source at one instant are one: it has to be over.
                    if clock.now < next && oracle.is_some_and(|oracle| !oracle.asked().is_empty()) {
                        return Reached::Draws(next);
                    }
                    self.go_on(clock, next);
                }
            }
        }
    }

    /// Writes down the state after an instant, without what nobody will read again. What was added to the accounts is no part of it.
    pub(crate) fn save(&self, clock: &Clock, next: SimTime, state: &mut State) {
        state.now = clock.now;
        state.next = next;
        state.last = clock.last;
        self.kernel.waiting(&mut state.events);
        state.cluster.copy_from(&self.cluster);
        state.world.copy_from(&self.world);
        state.world.ledger.copy_from(&self.world.ledger);
        state.world.ledger.forget();
        state.pods_due = self.pods_due;
        state.resync_due = self.resync_due;
        state.rollout_queue = self.rollout_queue;
        state.experiment_queues.clone_from(&self.experiment_queues);
        state.run_queues.clone_from(&self.run_queues);
        state.delays = self.patience.delays();
        state.triggered.clone_from(&self.triggered);
        state.watched = self.watched;
        state.answers_due.clone_from(&self.answers_due);
        let Cluster { runs, metrics, .. } = &mut state.cluster;
        for run in runs {
            let plan = &self.plan.analyses[run.analysis as usize];
            analysis::forget(plan, run, &mut metrics[run.metrics.range()]);
        }
    }

    /// Accounts for everything up to `now`.
    pub(crate) fn account(&mut self, now: SimTime) {
        self.world.ledger.advance(&self.environment, now);
    }

    fn restore(&mut self, state: &State) {
        self.kernel.reset(state.now);
        for (at, event) in &state.events {
            self.kernel.schedule(*at, *event);
        }
        self.cluster.copy_from(&state.cluster);
        self.world.copy_from(&state.world);
        self.world.ledger.copy_from(&state.world.ledger);
        self.pods_due = state.pods_due;
        self.resync_due = state.resync_due;
        self.rollout_queue = state.rollout_queue;
        self.experiment_queues.clone_from(&state.experiment_queues);
        self.run_queues.clone_from(&state.run_queues);
        (self.changed, self.measured) = (false, false);
        self.scene_changed = false;
        self.patience.resume(state.delays);
        self.triggered.clone_from(&state.triggered);
        self.watched = state.watched;
        self.answers_due.clone_from(&state.answers_due);
        self.shown.clear();
        self.precedents.leave();
    }
}
