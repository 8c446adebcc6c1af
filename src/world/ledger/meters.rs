//! Meters: how many requests had come to what by when, route by route and for a pod of each `ReplicaSet`.
//!
//! Knows: cumulated numbers at the ends of stretches; in between they grow evenly. What was before the first is as if the traffic of the
//! beginning had always been there. Kept only for those who look at series ([`super::super::series`]).
//! Refuses to know: scrapes, labels.
//! Simplifies: all ready pods of a `ReplicaSet` are loaded alike, also those that routers do not see yet. Requests that fail take as long
//! as those that succeed.

use super::counter::{Counter, Place, Sums, place};
use super::{Flow, Ledger};
use crate::cluster::{ReplicaSetId, TemplateId};
use crate::plan::Environment;
use crate::plan::environment::{Profile, Traffic};
use crate::time::{Delta, SimTime};
use crate::world::Weather;
use crate::world::spare::Spare;
use crate::world::traffic::Target;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The pod answered it well.
    Succeeded,
    /// The pod failed it.
    Failed,
    /// There was no pod.
    Unreachable,
}

impl Outcome {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Succeeded, Self::Failed, Self::Unreachable];
}

/// The meters of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meters {
    /// Requests by the way they were sent.
    pub routes: Vec<(Route, Meter)>,
    /// Requests to each pod of a `ReplicaSet` while it was ready.
    pub pods: Vec<(ReplicaSetId, Meter)>,
    /// The same by where they were sent to, as a sidecar sees them; kept where there are sidecars.
    pub sidecars: Vec<((ReplicaSetId, Target), Meter)>,
    has_sidecars: bool,
    /// What services select from an instant on, by [`crate::cluster::ServiceId`].
    pub selections: Vec<(SimTime, Vec<Target>)>,
    before: Before,
    /// Meters of earlier runs, for their memory.
    spare: Vec<Meter>,
    /// The accounts of the second before the beginning, for their memory.
    past: Spare<Option<Box<Ledger>>>,
}

/// A way that requests are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where routers send them.
    pub target: Target,
    /// Whether it is the part of a traffic router's requests that is meant for the canary.
    pub is_canary: bool,
    /// Whose pods get them; `None`: there are none.
    pub set: Option<(ReplicaSetId, TemplateId)>,
}

/// Cumulated requests over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meter {
    points: Vec<Point>,
    /// Requests per second before the first point, by [`Outcome`].
    before: [f64; 3],
    /// How many times as long they took.
    times_before: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Point {
    at: SimTime,
    /// By [`Outcome`].
    counts: [f64; 3],
    /// How many times as long requests took since the point before.
    times: f64,
}

/// What has to be known of a stretch before it is accounted for, by version.
#[derive(Clone, Debug, Default, PartialEq)]
struct Before {
    /// Copies and testers' requests, and their failures.
    copies: Vec<(f64, f64)>,
    /// Requests per second.
    loads: Vec<f64>,
    /// How many times as long as usual requests take; known afterwards.
    times: Vec<f64>,
}

impl Meter {
    /// The count of an outcome, each request weighed with what `weigh` makes of how many times as long requests took.
    #[must_use]
    pub fn counter(&self, outcome: Outcome, weigh: impl FnMut(f64) -> f64) -> Counter {
        let mut sums = Sums::default();
        sums.follow(self, outcome, weigh);
        Counter::new(self.points.iter().map(|point| point.at).collect(), sums)
    }

    /// Where an instant is among its points.
    #[must_use]
    #[inline]
    pub fn place(&self, now: SimTime) -> Place {
        place(self.points.len(), |index| self.points[index].at, now)
    }

    /// The number of its points.
    pub(super) fn len(&self) -> usize {
        self.points.len()
    }

    /// Requests per second before the first point, and how many times as long they took.
    pub(super) fn before(&self, outcome: Outcome) -> (f64, f64) {
        (self.before[outcome as usize], self.times_before)
    }

    /// Requests at each point from a number on, and how many times as long they took since the point before.
    pub(super) fn counts_from(
        &self,
        first: usize,
        outcome: Outcome,
    ) -> impl Iterator<Item = (f64, f64)> {
        let points = self.points[first..].iter();
        points.map(move |point| (point.counts[outcome as usize], point.times))
    }

    fn add(&mut self, from: SimTime, to: SimTime, grown: [f64; 3], times: f64) {
        let last = self.points.last().copied().unwrap_or_default();
        if self.points.is_empty() || last.at < from {
            self.points.push(Point { at: from, ..last });
        }
        let mut counts = last.counts;
        for (count, grown) in counts.iter_mut().zip(grown) {
            *count += grown;
        }
        match self.points.last_mut().filter(|point| point.at == to) {
            // A second way to the same pods in the same stretch.
            Some(point) => point.counts = counts,
            None => self.points.push(Point {
                at: to,
                counts,
                times,
            }),
        }
    }
}

impl Meters {
    /// Empties the meters, but keeps their memory.
    fn clear(&mut self) {
        let routes = self.routes.drain(..).map(|(_, meter)| meter);
        let pods = self.pods.drain(..).map(|(_, meter)| meter);
        let sidecars = self.sidecars.drain(..).map(|(_, meter)| meter);
        self.spare.extend(routes.chain(pods).chain(sidecars));
        for meter in &mut self.spare {
            meter.points.clear();
            (meter.before, meter.times_before) = ([0.0; 3], 0.0);
        }
    }
}

impl Ledger {
    /// Keeps meters from the next opening on.
    pub fn keep_meters(&mut self) {
        let meters = self.meters.get_or_insert_default();
        meters.clear();
        meters.selections.clear();
    }

    /// The meters, if they are kept.
    #[must_use]
    pub fn meters(&self) -> Option<&Meters> {
        self.meters.as_deref()
    }

    /// Empties the meters at the opening of the accounts, and gives them a past: the traffic of the first second.
    pub(super) fn open_meters(&mut self, environment: &Environment) {
        let Some(meters) = &mut self.meters else {
            return;
        };
        meters.clear();
        let profiles = environment.scraping.profiles.iter().flatten();
        let mut profiles = profiles.copied();
        meters.has_sidecars = profiles.any(Profile::has_sidecars);
        let has_sidecars = meters.has_sidecars;
        let mut past = meters.past.0.take().unwrap_or_default();
        let mut passed = past.meters.take().unwrap_or_default();
        passed.clear();
        passed.has_sidecars = has_sidecars;
        past.copy_from(self);
        past.meters = Some(passed);
        past.weather = Weather::CALM;
        past.advance(environment, self.at + Delta::from_secs(1));
        let at = self.at;
        if let (Some(meters), Some(passed)) = (&mut self.meters, &past.meters) {
            let spare = &mut meters.spare;
            begin(&mut meters.routes, &passed.routes, at, spare);
            begin(&mut meters.pods, &passed.pods, at, spare);
            begin(&mut meters.sidecars, &passed.sidecars, at, spare);
            meters.past.0 = Some(past);
        }
    }

    /// Notes what services select.
    pub(super) fn note_selection(&mut self) {
        let Some(meters) = &mut self.meters else {
            return;
        };
        let last = meters.selections.last();
        if last.is_none_or(|(_, services)| *services != self.actual.services) {
            meters
                .selections
                .push((self.at, self.actual.services.clone()));
        }
    }

    /// To be told before a stretch is accounted for.
    pub(super) fn before_metering(&mut self, environment: &Environment, traffic: &Traffic) {
        let Some(mut meters) = self.meters.take() else {
            return;
        };
        let Before { copies, loads, .. } = &mut meters.before;
        copies.clear();
        copies.extend(self.copies_so_far());
        loads.clear();
        let versions = (0..).map(TemplateId).take(environment.images.len());
        loads.extend(versions.map(|version| self.load(traffic, version)));
        self.meters = Some(meters);
    }

    fn copies_so_far(&self) -> impl Iterator<Item = (f64, f64)> {
        let served = self.tally.served.iter();
        served.map(|served| (served.mirrored + served.preview, served.failed_unseen))
    }

    /// Lets the meters run over a stretch that was just accounted for.
    pub(super) fn meter(&mut self, from: SimTime, to: SimTime) {
        let Some(mut meters) = self.meters.take() else {
            return;
        };
        let mut before = std::mem::take(&mut meters.before);
        let middle = (to - from).seconds() / 2.0;
        before.times.clear();
        let services = self.services().iter().zip(&before.loads);
        let times = services.map(|(service, load)| service.stretches(middle, *load));
        before.times.extend(times);
        let Before { copies, times, .. } = &before;
        let times_of = |version: Option<TemplateId>| {
            version.map_or(0.0, |version| times[usize::from(version.0)])
        };
        for (flow, sum) in self.flows.iter().zip(self.sums()) {
            let unreachable = (sum.requests * (1.0 - flow.reach)).min(sum.failed);
            let counts = [
                sum.requests - sum.failed,
                sum.failed - unreachable,
                unreachable,
            ];
            let (route, times) = (self.route(flow), times_of(flow.version));
            self.run(&mut meters, route, (from, to), counts, times);
        }
        for (index, (now, then)) in self.copies_so_far().zip(copies).enumerate() {
            let (requests, failed) = (now.0 - then.0, now.1 - then.1);
            let version = TemplateId(u16::try_from(index).unwrap_or(u16::MAX));
            if let Some(route) = self.copied_to(version).filter(|_| 0.0 < requests) {
                let counts = [requests - failed, failed, 0.0];
                let times = times_of(Some(version));
                self.run(&mut meters, route, (from, to), counts, times);
            }
        }
        meters.before = before;
        self.meters = Some(meters);
    }

    fn run(
        &self,
        meters: &mut Meters,
        route: Route,
        (from, to): (SimTime, SimTime),
        counts: [f64; 3],
        times: f64,
    ) {
        // The dust of differences must not let a counter fall.
        let counts = counts.map(|count| count.max(0.0));
        if counts.iter().all(|count| *count == 0.0) {
            return;
        }
        let spare = &mut meters.spare;
        entry(&mut meters.routes, route, spare).add(from, to, counts, times);
        let Some((set, _)) = route.set else { return };
        let backend = self.actual.sets.iter().find(|actual| actual.id == set);
        let pods = backend.map_or(0, |backend| backend.alive);
        if 0 < pods {
            let each = |count: f64| count / f64::from(pods);
            let counts = [each(counts[0]), each(counts[1]), 0.0];
            entry(&mut meters.pods, set, spare).add(from, to, counts, times);
            if meters.has_sidecars {
                let way = (set, route.target);
                entry(&mut meters.sidecars, way, spare).add(from, to, counts, times);
            }
        }
    }

    fn route(&self, flow: &Flow) -> Route {
        let routing = &self.routing.current;
        let target = match flow.route {
            Some(route) => routing.weights[route].0,
            None => routing.header.unwrap_or(Target::Nobody),
        };
        Route {
            target,
            is_canary: routing.by_router && flow.route.is_none_or(|route| route == 0),
            set: flow.set.zip(flow.version),
        }
    }

    /// The way of copies and of testers' requests to a version.
    fn copied_to(&self, version: TemplateId) -> Option<Route> {
        let routing = &self.routing.current;
        let mirror = routing.mirror.map(|(target, _)| (target, true));
        let preview = routing.preview.map(|target| (target, false));
        [mirror, preview]
            .into_iter()
            .flatten()
            .find_map(|(target, is_canary)| {
                let mut behind = self.endpoints.current.behind(target);
                let first = behind.find(|set| 0 < set.ready)?;
                (first.template == version).then_some(Route {
                    target,
                    is_canary,
                    set: Some((first.id, version)),
                })
            })
    }
}

/// Begins meters at an instant, as if what `past` counts in a second had always been so.
fn begin<K: Copy + PartialEq>(
    meters: &mut Vec<(K, Meter)>,
    past: &[(K, Meter)],
    at: SimTime,
    spare: &mut Vec<Meter>,
) {
    for (key, past) in past {
        let last = past.points.last().copied().unwrap_or_default();
        let meter = entry(meters, *key, spare);
        meter.points.push(Point {
            at,
            ..Point::default()
        });
        (meter.before, meter.times_before) = (last.counts, last.times);
    }
}

/// The meter of a key, which is made if there is none.
fn entry<'a, K: PartialEq>(
    meters: &'a mut Vec<(K, Meter)>,
    key: K,
    spare: &mut Vec<Meter>,
) -> &'a mut Meter {
    let index = meters.iter().position(|(known, _)| *known == key);
    let index = index.unwrap_or_else(|| {
        meters.push((key, spare.pop().unwrap_or_default()));
        meters.len() - 1
    });
    &mut meters[index].1
}
