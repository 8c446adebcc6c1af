//! The simulation: joins kernel, cluster, controllers and world, and is the only module that knows all of them.
//!
//! Knows: who is woken by which write, the controllers' work queues, the order of events at one instant.
//! Refuses to know: what a rollout means (controllers), where times and policies come from (plan).
//! Simplifies: all work takes no time, and every write is seen by everybody at once.
//!
//! At one instant pods change first, then people act, and then the controllers work until none has anything left to do:
//! the rollout before the experiments before the analysis runs. Upstream's controllers run side by side; the recorded
//! traces hold for every order of their work, and so do ours.
//!
//! Runs of one simulation are mostly alike, and controllers are pure: what the rollout controller decided on the same facts in an earlier run is
//! not worked out again (`precedents`).

pub mod apply;
mod busy;
mod faults;
mod instruments;
pub(crate) mod oracle;
pub mod people;
mod precedents;
pub mod queue;
mod routing;
#[cfg(test)]
mod scraped;
pub mod start;
pub(crate) mod state;
pub mod triggers;

use crate::cluster::status::RolloutStatus;
use crate::cluster::{AnalysisRun, Cluster, Event, Experiment, ExperimentId, RunId, experiment};
use crate::controller::replica_sets::RESYNC_PERIOD;
use crate::controller::rollout::{Observed, Outcome, Scratch, Verification};
use crate::controller::{Decision, Log, analysis};
use crate::kernel::{Kernel, Phased};
use crate::plan::scenario::{Script, When};
use crate::plan::{Environment, Plan};
use crate::sim::queue::Queue;
use crate::time::{Delta, SimTime};
use crate::trace::Recorder;
use crate::world::ledger::Scene;
use crate::world::traffic::{Endpoints, Routing};
use crate::world::{Release, Weather, World};

use instruments::{Instruments, Shown};

pub use start::Start;

/// No run goes on for longer than this, if nothing else ends it.
pub const LONGEST: Delta = Delta::from_secs(7 * 24 * 3600);

/// More rounds of work at one instant than this, and the run is given up: controllers keep each other busy for ever.
const MOST_ROUNDS: u32 = 10_000;

/// The same for the rollout alone, which may have much to do: a rolling update whose pods start at once is an example. If
/// nothing moves, its [`busy`] patience ends much earlier.
const MOST_REPETITIONS: u32 = 100_000;

/// More experiments or analysis runs than this, and the run is given up: those that are made again as often as they end
/// would fill the memory.
const MOST_OBJECTS: usize = 500;

/// More instants than this, one a second for eight days, and the run is cut off: nobody reads so much.
pub(crate) const MOST_INSTANTS: u32 = 700_000;

/// Something that happens at a future instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Pods change by themselves.
    Pods,
    /// A person acts; index into the script.
    Deed(u16),
    /// The rollout asked to be looked at.
    Rollout,
    /// An experiment asked to be looked at.
    Experiment(ExperimentId),
    /// An analysis run asked to be looked at.
    Run(RunId),
    /// A fault begins.
    Fault,
    /// The controllers are there again.
    Recovery,
}

/// The order of events at one instant is behaviour: what the world does is seen by people, and both by the controllers.
impl Phased for Due {
    fn phase(&self) -> u8 {
        match self {
            Self::Pods | Self::Fault => 0,
            Self::Deed(_) => 1,
            Self::Rollout | Self::Experiment(_) | Self::Run(_) | Self::Recovery => 2,
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The last instant at which something happened.
    pub at: SimTime,
    /// Why nothing more is simulated.
    pub reason: EndReason,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// Nothing but resyncs remained to happen.
    Quiet,
    /// The horizon was reached.
    Until,
    /// Nothing but resyncs remained to happen, and a controller that keeps itself busy in vain.
    Livelock,
    /// Too much happened: experiments or analysis runs were made again and again, or pods changed without end.
    Crowded,
}

/// A simulation that can be run again and again; it keeps its memory.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what the present instant has brought so far"
)]
pub struct Simulation<'a, R: Recorder> {
    plan: &'a Plan,
    environment: Release<'a>,
    script: &'a Script,
    recorder: R,
    kernel: Kernel<Due>,
    cluster: Cluster,
    world: World,
    pods_due: Option<SimTime>,
    resync_due: SimTime,
    rollout_queue: Queue,
    experiment_queues: Vec<Queue>,
    run_queues: Vec<Queue>,
    /// Whether anything was written since the last rest.
    changed: bool,
    /// Whether results of measurements were, and nothing else.
    measured: bool,
    /// Whether anything happened since then that concerns pods, or where requests go.
    scene_changed: bool,
    patience: busy::Patience,
    triggered: Vec<bool>,
    watched: triggers::Watched,
    scratch: Scratch,
    precedents: precedents::Precedents,
    next_status: RolloutStatus,
    decision: Decision<R::Log>,
    templates: Vec<experiment::TemplateStatus>,
    analyses: Vec<experiment::AnalysisStatus>,
    pods_to_restart: Vec<i32>,
    /// When a slow metrics back end answers each run; empty while it never was slow.
    answers_due: Vec<Option<SimTime>>,
    shown: Shown,
    weather: Weather,
    accounts: Option<Accounts>,
    /// Whether the lives of pods and meters are kept.
    metering: bool,
    /// Decides what draws show, instead of chance.
    oracle: Option<Box<oracle::Oracle>>,
}

/// How far a run is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// The present instant.
    pub(crate) now: SimTime,
    /// The last one at which anything changed.
    pub(crate) last: SimTime,
    /// How many there were.
    pub(crate) instants: u32,
}

impl Clock {
    /// The beginning of a run.
    pub(crate) fn at(now: SimTime) -> Self {
        Self {
            now,
            last: now,
            instants: 0,
        }
    }
}

/// What is handed to the accounts; kept for its memory.
#[derive(Debug, Default)]
struct Accounts {
    routing: Routing,
    endpoints: Endpoints,
}

impl<'a, R: Recorder> Simulation<'a, R> {
    /// A simulation of `plan` in the world of `environment`, with the deeds of `script`.
    #[must_use]
    pub fn new(
        plan: &'a Plan,
        environment: &'a Environment,
        script: &'a Script,
        recorder: R,
    ) -> Self {
        Self {
            plan,
            environment: Release::new(environment),
            script,
            recorder,
            kernel: Kernel::new(SimTime::ZERO),
            cluster: Cluster::default(),
            world: World::default(),
            pods_due: None,
            resync_due: SimTime::ZERO,
            rollout_queue: Queue::default(),
            experiment_queues: Vec::new(),
            run_queues: Vec::new(),
            changed: false,
            measured: false,
            scene_changed: false,
            patience: busy::Patience::default(),
            triggered: Vec::new(),
            watched: triggers::Watched::default(),
            scratch: Scratch::default(),
            precedents: precedents::Precedents::default(),
            next_status: RolloutStatus::default(),
            decision: Decision::default(),
            templates: Vec::new(),
            analyses: Vec::new(),
            pods_to_restart: Vec::new(),
            answers_due: Vec::new(),
            shown: Shown::default(),
            weather: Weather::CALM,
            // Queries look at series, which are made of meters.
            accounts: (!environment.queries.is_empty()).then(Accounts::default),
            metering: !environment.queries.is_empty(),
            oracle: None,
        }
    }

    /// Keeps accounts of what is served ([`crate::world::Ledger`]), in the given weather.
    #[must_use]
    pub fn accounting(mut self, weather: Weather) -> Self {
        self.weather = weather;
        self.accounts = Some(Accounts::default());
        self
    }

    /// Keeps what the series of metrics are made of ([`crate::world::series`]); to be combined with [`Self::accounting`].
    #[must_use]
    pub fn metering(mut self) -> Self {
        self.metering = true;
        self
    }

    /// Another weather for the next run.
    pub fn set_weather(&mut self, weather: Weather) {
        self.weather = weather;
    }

    /// What was recorded.
    pub fn recorder(&self) -> &R {
        &self.recorder
    }

    /// The recorder, to be exchanged between two runs.
    pub fn recorder_mut(&mut self) -> &mut R {
        &mut self.recorder
    }

    /// What was recorded, and the end of the simulation.
    pub fn into_recorder(self) -> R {
        self.recorder
    }

    /// The objects as they stand.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The truth of the run: what was only believed about it is drawn.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Whether anything of the release of the run was drawn.
    pub fn is_drawn(&self) -> bool {
        self.environment.is_drawn()
    }

    /// Puts behind `values` what is drawn of the release in a weather, in the order of [`crate::world::beliefs`].
    pub fn draw_release(&self, weather: Weather, values: &mut Vec<f64>) {
        self.environment.values_in(weather, values);
    }

    /// The world as it stands.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Simulates from `start` until nothing but resyncs remains to happen, or until the script's horizon.
    pub fn run(&mut self, start: &Start) -> Ending {
        self.set_up(start);
        let ending = self.simulate(start);
        self.close_accounts(ending);
        ending
    }

    /// Accounts for a state that lasts up to the horizon that was asked for.
    fn close_accounts(&mut self, ending: Ending) {
        if self.accounts.is_some() {
            let until = self
                .script
                .until
                .filter(|_| ending.reason != EndReason::Livelock);
            let horizon = until.unwrap_or(ending.at).max(ending.at);
            self.world.ledger.advance(&self.environment, horizon);
        }
    }

    fn simulate(&mut self, start: &Start) -> Ending {
        let mut clock = Clock::at(start.at);
        let limit = self.limit(start);
        loop {
            match self.live(&mut clock, limit) {
                Ok(next) => self.go_on(&mut clock, next),
                Err(ending) => return ending,
            }
        }
    }

    /// The last instant that is simulated.
    fn limit(&self, start: &Start) -> SimTime {
        self.script.until.unwrap_or(start.at + LONGEST)
    }

    /// Lets everything happen that happens at the present instant; the next one, or how the run ends.
    fn live(&mut self, clock: &mut Clock, limit: SimTime) -> Result<SimTime, Ending> {
        let now = clock.now;
        let end = |at, reason| Err(Ending { at, reason });
        clock.instants += 1;
        if !self.settle(now) {
            return end(now, EndReason::Livelock);
        }
        if std::mem::take(&mut self.scene_changed) {
            self.observe(now);
        }
        let measured = std::mem::take(&mut self.measured);
        if std::mem::take(&mut self.changed) {
            clock.last = now;
            self.recorder.settled(now, &self.cluster);
        } else if measured {
            clock.last = now;
            self.recorder.measured(now, &self.cluster);
        }
        let objects = self.cluster.experiments.len().max(self.cluster.runs.len());
        if MOST_OBJECTS < objects || MOST_INSTANTS < clock.instants {
            return end(now, EndReason::Crowded);
        }
        let next = self.next_due();
        let at_rest = RESYNC_PERIOD + RESYNC_PERIOD < self.resync_due - clock.last;
        if next.is_none() && (limit < self.resync_due || at_rest) {
            let reason = if self.patience.is_looping() {
                EndReason::Livelock
            } else {
                EndReason::Quiet
            };
            return end(clock.last, reason);
        }
        let due = next.map_or(self.resync_due, |next| next.min(self.resync_due));
        if limit < due {
            return end(limit, EndReason::Until);
        }
        Ok(due)
    }

    /// Goes on to the next instant.
    fn go_on(&mut self, clock: &mut Clock, now: SimTime) {
        clock.now = now;
        self.take_due(now);
        if now == self.resync_due {
            self.resync_due = now + RESYNC_PERIOD;
            self.resync();
        }
    }

    fn set_up(&mut self, start: &Start) {
        self.kernel.reset(start.at);
        self.cluster.copy_from(&start.cluster);
        self.world.begin_as(&start.world);
        self.world.weather = self.weather;
        self.environment.draw(self.weather);
        if self.metering {
            self.world.pods.keep_lives(&self.environment, start.at);
            self.world.ledger.keep_meters();
        }
        self.pods_due = None;
        self.resync_due = start.at + RESYNC_PERIOD;
        self.rollout_queue = Queue::woken();
        self.experiment_queues.clear();
        self.experiment_queues
            .resize(self.cluster.experiments.len(), Queue::woken());
        self.run_queues.clear();
        self.run_queues
            .resize(self.cluster.runs.len(), Queue::woken());
        self.answers_due.clear();
        self.shown.clear();
        self.schedule_faults(start.at);
        (self.changed, self.measured) = (true, false);
        self.patience = busy::Patience::default();
        self.precedents.begin();
        self.triggered.clear();
        self.triggered.resize(self.script.actions.len(), false);
        for (index, action) in self.script.actions.iter().enumerate() {
            if let When::At(at) = action.when
                && start.at <= at
            {
                let deed = Due::Deed(u16::try_from(index).unwrap_or(u16::MAX));
                self.kernel.schedule(at, deed);
            }
        }
        self.watched = self.watch().unwrap_or_default();
        self.open_accounts(start.at);
        self.update_pods(start.at);
        self.recorder.started(start.at, &self.cluster);
    }

    /// Opens the accounts, if any are kept.
    fn open_accounts(&mut self, at: SimTime) {
        let Some(mut accounts) = self.accounts.take() else {
            return;
        };
        let weather = self.weather;
        let mut ledger = std::mem::take(&mut self.world.ledger);
        if let Some(scene) = self.scene(&mut accounts, at) {
            ledger.open(&self.environment, weather, scene, at);
        }
        self.world.ledger = ledger;
        self.accounts = Some(accounts);
    }

    /// Takes note of a change, if accounts are kept.
    fn observe(&mut self, now: SimTime) {
        let Some(mut accounts) = self.accounts.take() else {
            return;
        };
        let mut ledger = std::mem::take(&mut self.world.ledger);
        if let Some(scene) = self.scene(&mut accounts, now) {
            ledger.observe(&self.environment, scene, now);
        }
        self.world.ledger = ledger;
        self.accounts = Some(accounts);
    }

    /// What the cluster shows; nothing without a rollout.
    fn scene<'s>(&'s self, accounts: &'s mut Accounts, now: SimTime) -> Option<Scene<'s>> {
        let rollout = self.cluster.rollout.as_ref()?;
        let Accounts { routing, endpoints } = accounts;
        routing::routes(self.plan, &self.cluster, &self.world.router, routing);
        let dead = |id| self.world.pods.dead(&self.environment, id, now);
        routing::endpoints(self.plan, &self.cluster, dead, endpoints);
        let sets = self.cluster.replica_sets.iter();
        Some(Scene {
            routing,
            endpoints,
            pods: &self.world.pods,
            asked: rollout.replicas,
            available: sets
                .filter(|set| set.is_rollouts())
                .map(|set| set.available)
                .sum(),
            canary: rollout.template,
            stable: rollout.status.stable,
        })
    }

    /// The next instant at which something is due, leaving out timers that were superseded and a rollout that only
    /// polls itself.
    fn next_due(&mut self) -> Option<SimTime> {
        let next = self.kernel.peek()?;
        let only_polling = self.rollout_queue.is_polling() && self.kernel.len() == 1;
        (!only_polling).then_some(next)
    }

    /// Takes everything that is due at `now`.
    fn take_due(&mut self, now: SimTime) {
        while let Some((_, due)) = self.kernel.pop_until(now) {
            match due {
                Due::Pods => {
                    if self.pods_due == Some(now) {
                        self.pods_due = None;
                        self.update_pods(now);
                    }
                }
                Due::Deed(index) => self.perform(usize::from(index), now),
                Due::Rollout => self.rollout_queue.fire(now),
                Due::Experiment(id) => self.experiment_queues[usize::from(id.0)].fire(now),
                Due::Run(id) => self.run_queues[id.0 as usize].fire(now),
                Due::Fault => (self.changed, self.scene_changed) = (true, true),
                Due::Recovery => self.resync(),
            }
        }
    }

    /// Every object is looked at again (client-go's informer resync).
    fn resync(&mut self) {
        self.rollout_queue.add();
        self.experiment_queues.iter_mut().for_each(Queue::add);
        self.run_queues.iter_mut().for_each(Queue::add);
    }

    /// Lets the controllers work until none has anything left to do; `false` if they never stop. In each round every
    /// object that waits is worked on once.
    fn settle(&mut self, now: SimTime) -> bool {
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

    /// Hands what was told to the recorder.
    fn tell(&mut self, now: SimTime) {
        self.recorder
            .note(now, &mut self.decision.log, &self.cluster);
    }

    /// Tells one event outside of a reconciliation.
    fn tell_one(&mut self, now: SimTime, event: Event) {
        self.decision.log.tell(event);
        self.tell(now);
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
