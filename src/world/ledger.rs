//! The accounts of a run: which requests were served, which failed, what it cost.
//!
//! Knows: rates, shares, failures, and how long each state lasted. Everything between two changes follows from the state at the
//! first, so nothing is ticked: [`Ledger::advance`] integrates over the stretches in which all curves are straight.
//! Refuses to know: controllers and the event queue.
//! Simplifies: requests are a flow, not single ones; within a stretch products of curves are integrated by Simpson's rule, exact for
//! straight lines.

mod counter;
mod draw;
mod meters;
mod service;
mod signal;
mod stretch;
mod tally;

use crate::cluster::{ReplicaSetId, ServiceId, TemplateId};
use crate::plan::Environment;
use crate::plan::environment::Since;
use crate::time::{Delta, SimTime};
use crate::world::traffic::{Delayed, Endpoints, Routing, Target};
use crate::world::{Pods, Weather};

pub use counter::{Counter, Place, Sums};
pub use meters::{Meter, Meters, Outcome, Route};
pub(crate) use tally::seconds;
pub use tally::{Gap, Served, Tally};

/// What a cluster shows of itself to the accounts.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Where requests are sent.
    pub routing: &'a Routing,
    /// Who is there to serve them.
    pub endpoints: &'a Endpoints,
    /// All pods.
    pub pods: &'a Pods,
    /// `spec.replicas`.
    pub asked: i32,
    /// Pods of the rollout that are available.
    pub available: i32,
    /// The version that was requested last.
    pub canary: TemplateId,
    /// The stable version.
    pub stable: Option<TemplateId>,
}

/// The accounts of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// Up to when everything is accounted for.
    at: SimTime,
    weather: Weather,
    routing: Delayed<Routing>,
    endpoints: Delayed<Endpoints>,
    /// The endpoints as they truly are.
    actual: Endpoints,
    /// When each version's first pod was created.
    released: Vec<Option<SimTime>>,
    /// Start and number of ready pods of each version, where their age matters.
    ages: Vec<(TemplateId, SimTime, i32)>,
    flows: Vec<Flow>,
    memory: stretch::Memory,
    /// Share of the users that keep to the canary.
    sticking: f64,
    canary: Option<TemplateId>,
    stable: Option<TemplateId>,
    state: State,
    tally: Tally,
    /// Cumulated numbers at the ends of stretches, where metrics look back.
    marks: Vec<Mark>,
    /// How far back they look.
    looks_back: Option<Delta>,
    /// Where somebody looks at series.
    meters: Option<Box<Meters>>,
}

/// Numbers of pods, which are constant between two changes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct State {
    pods: i32,
    asked: i32,
    available: i32,
    /// Whether the version that was stable at the start has as many ready pods as are asked for.
    old_complete: bool,
}

/// Requests on their way to pods of one version.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Flow {
    /// Which of the weights of the routing it belongs to; `None`: the header route.
    route: Option<usize>,
    /// Share of that route.
    split: f64,
    /// Who serves it; `None`: there are no endpoints.
    version: Option<TemplateId>,
    /// Whose pods serve it.
    set: Option<ReplicaSetId>,
    /// Share of the endpoints that are there indeed.
    reach: f64,
}

/// Cumulated requests and failures of each version at an instant.
#[derive(Clone, Debug, PartialEq)]
struct Mark {
    at: SimTime,
    served: Vec<(f64, f64)>,
    total: (f64, f64),
}

impl Ledger {
    /// Takes over everything from `other` but meters, reusing the memory at hand.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.at = other.at;
        self.weather = other.weather;
        self.routing.copy_from(&other.routing, Routing::copy_from);
        self.endpoints
            .copy_from(&other.endpoints, Endpoints::copy_from);
        self.actual.copy_from(&other.actual);
        self.released.clone_from(&other.released);
        self.ages.clone_from(&other.ages);
        self.flows.clone_from(&other.flows);
        self.memory.copy_from(&other.memory);
        self.sticking = other.sticking;
        (self.canary, self.stable) = (other.canary, other.stable);
        self.state = other.state;
        self.tally.copy_from(&other.tally);
        self.marks.clone_from(&other.marks);
        self.looks_back = other.looks_back;
        self.meters = None;
    }

    /// Forgets all sums, and what is kept for its memory only; the most pods at once stay.
    pub(crate) fn forget(&mut self) {
        self.memory.clear();
        self.tally.forget();
    }

    /// About how much memory it takes \[bytes\].
    pub(crate) fn size(&self) -> usize {
        let sets = size_of_val(self.actual.sets.as_slice());
        let weights = size_of_val(self.routing.current.weights.as_slice());
        let marks = self
            .marks
            .iter()
            .map(|mark| size_of_val(mark.served.as_slice()));
        3 * sets
            + weights
            + size_of_val(self.flows.as_slice())
            + size_of_val(self.tally.served.as_slice())
            + size_of_val(self.marks.as_slice())
            + marks.sum::<usize>()
    }

    /// Opens the accounts at `at`, in the state of `scene`, which has long been in force.
    pub fn open(
        &mut self,
        environment: &Environment,
        weather: Weather,
        scene: Scene<'_>,
        at: SimTime,
    ) {
        self.at = at;
        self.weather = weather;
        self.sticking = 0.0;
        self.routing
            .reset(|current| current.copy_from(scene.routing));
        self.endpoints
            .reset(|current| current.copy_from(scene.endpoints));
        self.released.clear();
        self.released.resize(environment.images.len(), None);
        // What is there at the beginning was there long before.
        for set in scene.endpoints.sets.iter().filter(|set| 0 < set.ready) {
            let long_ago = SimTime::from_nanos(at.nanos().saturating_sub(LONG_AGO.nanos()));
            self.released[usize::from(set.template.0)] = Some(long_ago);
        }
        self.tally.open(environment.images.len(), scene.stable);
        self.memory.open(environment.images.len());
        self.marks.clear();
        self.looks_back = environment.looks_back();
        self.take(environment, scene);
        self.mark();
        self.open_meters(environment);
    }

    /// Takes note of a change at `now`; everything before is accounted for in the state before.
    pub fn observe(&mut self, environment: &Environment, scene: Scene<'_>, now: SimTime) {
        self.advance(environment, now);
        let (delays, at) = (environment.delays, self.at);
        self.routing
            .set(scene.routing, delays.router, at, |current, new| {
                current.copy_from(new);
            });
        self.endpoints
            .set(scene.endpoints, delays.endpoints, at, |current, new| {
                current.copy_from(new);
            });
        self.take(environment, scene);
    }

    fn take(&mut self, environment: &Environment, scene: Scene<'_>) {
        let now = self.at;
        self.actual.copy_from(scene.endpoints);
        (self.canary, self.stable) = (Some(scene.canary), scene.stable);
        for set in &self.actual.sets {
            self.released[usize::from(set.template.0)].get_or_insert(now);
        }
        self.ages.clear();
        if environment.minds_age() {
            for set in &self.actual.sets {
                let starts = scene.pods.ready_starts(environment, set.id, now);
                self.ages
                    .extend(starts.map(|(start, count)| (set.template, start, count)));
            }
        }
        self.resolve();
        self.note_selection();
        let old = self.tally.control.map_or(0, |control| {
            let sets = self.actual.sets.iter();
            sets.filter(|set| set.template == control)
                .map(|set| set.ready)
                .sum()
        });
        self.state = State {
            pods: scene.pods.count(),
            asked: scene.asked,
            available: scene.available,
            old_complete: scene.asked <= old && 0 < old,
        };
        self.tally.peak_pods = self.tally.peak_pods.max(self.state.pods);
        self.note_gaps(now);
    }

    fn weight(&self, flow: &Flow) -> f64 {
        let route = flow
            .route
            .map_or(1.0, |route| self.routing.current.weights[route].1);
        route * flow.split
    }

    /// Which services have endpoints.
    fn note_gaps(&mut self, now: SimTime) {
        for index in 0..self.actual.services.len() {
            let id = ServiceId(u8::try_from(index).unwrap_or(u8::MAX));
            let empty = self.actual.ready(Target::Service(id)) == 0;
            self.tally.note_gap(id, empty, now);
        }
    }

    /// Turns routes and endpoints into flows.
    fn resolve(&mut self) {
        self.flows.clear();
        let (routing, seen) = (&self.routing.current, &self.endpoints.current);
        let weights = routing.weights.iter().enumerate();
        let routes = weights
            .map(|(index, (target, _))| (Some(index), *target))
            .chain(routing.header.map(|target| (None, target)));
        for (route, target) in routes {
            let total = seen.ready(target);
            if total == 0 {
                self.flows.push(Flow {
                    route,
                    split: 1.0,
                    version: None,
                    set: None,
                    reach: 0.0,
                });
                continue;
            }
            for set in seen.behind(target).filter(|set| 0 < set.ready) {
                let there = self
                    .actual
                    .sets
                    .iter()
                    .find(|actual| actual.id == set.id)
                    .map_or(0, |actual| actual.alive);
                self.flows.push(Flow {
                    route,
                    split: f64::from(set.ready) / f64::from(total),
                    version: Some(set.template),
                    set: Some(set.id),
                    reach: f64::from(there.min(set.ready)) / f64::from(set.ready),
                });
            }
        }
        let canary = routing.weights.first();
        let canary_is_gone =
            canary.is_none_or(|(target, weight)| *weight == 0.0 && seen.ready(*target) == 0);
        if canary_is_gone {
            self.sticking = 0.0;
        }
    }

    /// Accounts for everything up to `to`.
    pub fn advance(&mut self, environment: &Environment, to: SimTime) {
        if to <= self.at {
            return;
        }
        let whole = to - self.at;
        self.tally.pods(self.state.pods, self.state.asked, whole);
        if self.state.available < self.state.asked {
            self.tally.short_of_capacity(whole);
        }
        while self.at < to {
            let end = match &environment.traffic {
                Some(traffic) => self.next_corner(environment, traffic, to),
                None => self.next_route(to),
            };
            if self.stands_by() {
                self.tally.standing_by(end - self.at);
            }
            let Some(traffic) = &environment.traffic else {
                self.at = end;
                self.pass(end);
                continue;
            };
            self.before_metering(environment, traffic);
            self.account(environment, traffic, end);
            let start = std::mem::replace(&mut self.at, end);
            self.meter(start, end);
            self.mark();
            self.pass(end);
        }
    }

    /// When other routes or endpoints come into force next, `to` at the latest.
    fn next_route(&self, to: SimTime) -> SimTime {
        let coming = [self.routing.next(), self.endpoints.next()];
        let coming = coming.into_iter().flatten().filter(|at| self.at < *at);
        coming.fold(to, SimTime::min)
    }

    /// Whether no requests go to the version that was stable at the start while all its pods are still there.
    fn stands_by(&self) -> bool {
        let old = self.tally.control;
        self.state.old_complete
            && self.flows.iter().all(|flow| {
                flow.version.is_some() && flow.version != old || self.weight(flow) == 0.0
            })
    }

    /// Brings into force what is due.
    fn pass(&mut self, now: SimTime) {
        let (routes, endpoints) = (self.routing.pass(now), self.endpoints.pass(now));
        if routes || endpoints {
            self.resolve();
        }
    }

    fn mark(&mut self) {
        let Some(window) = self.looks_back else {
            return;
        };
        // Everything before the last mark outside of all windows is forgotten, now and then.
        let oldest = SimTime::from_nanos(self.at.nanos().saturating_sub(window.nanos()));
        let outside = self.marks.partition_point(|mark| mark.at <= oldest);
        if self.marks.len() < 2 * outside {
            self.marks.drain(..outside - 1);
        }
        let served: Vec<(f64, f64)> = self.tally.served.iter().map(Served::counted).collect();
        let unserved = (self.tally.unserved, self.tally.unserved);
        let total = served.iter().fold(unserved, |sum, counted| {
            (sum.0 + counted.0, sum.1 + counted.1)
        });
        self.marks.push(Mark {
            at: self.at,
            served,
            total,
        });
    }

    /// Whether metrics look back at what was served.
    #[must_use]
    pub fn looks_back(&self) -> bool {
        self.looks_back.is_some()
    }

    /// The accounts so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// From where the time of a curve counts for a version; pods have ages of their own.
    fn origin(&self, since: Since, version: TemplateId) -> SimTime {
        match since {
            Since::Release | Since::Pod => self.released[usize::from(version.0)].unwrap_or(self.at),
            Since::Start => SimTime::ZERO,
        }
    }
}

/// Versions that are there at the start are as old as this.
const LONG_AGO: Delta = Delta::from_secs(7 * 24 * 3600);
