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

mod accounts;
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
mod work;

use crate::cluster::status::RolloutStatus;
use crate::cluster::{Cluster, Event, ExperimentId, RunId, experiment};
use crate::controller::replica_sets::RESYNC_PERIOD;
use crate::controller::rollout::Scratch;
use crate::controller::{Decision, Log};
use crate::kernel::{Kernel, Phased};
use crate::plan::scenario::{Script, When};
use crate::plan::{Environment, Plan};
use crate::sim::queue::Queue;
use crate::time::{Delta, SimTime};
use crate::trace::Recorder;
use crate::world::{Release, Weather, World};

use accounts::Accounts;
use instruments::Shown;

pub use start::Start;

/// No run goes on for longer than this, if nothing else ends it.
pub const LONGEST: Delta = Delta::from_secs(7 * 24 * 3600);

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

    /// Keeps what the series of metrics are made of ([`crate::series`]); to be combined with [`Self::accounting`].
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
