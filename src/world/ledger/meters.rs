//! Meters: how many requests had come to what by when, route by route and for a pod of each `ReplicaSet`.
//!
//! Knows: cumulated numbers at the ends of stretches; in between they grow evenly. What was before the first is as if the traffic of the
//! beginning had always been there. Kept only for those who look at series ([`super::super::series`]).
//! Refuses to know: scrapes, labels.
//! Simplifies: all ready pods of a `ReplicaSet` are loaded alike, also those that routers do not see yet. Requests that fail take as long
//! as those that succeed.

use super::{Flow, Ledger};
use crate::cluster::{ReplicaSetId, TemplateId};
use crate::plan::Environment;
use crate::plan::environment::{Profile, Traffic};
use crate::time::{Delta, SimTime};
use crate::world::Weather;
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

/// What one quantity of a meter had come to by when.
#[derive(Clone, Debug, PartialEq)]
pub struct Counter {
    points: Vec<(SimTime, f64)>,
    /// Per second before the first point.
    before: f64,
}

/// What has to be known of a stretch before it is accounted for.
pub(super) struct Before {
    /// Copies and testers' requests of each version, and their failures.
    copies: Vec<(f64, f64)>,
    /// Requests per second to each version.
    loads: Vec<f64>,
}

impl Meter {
    /// The count of an outcome, each request weighed with what `weigh` makes of how many times as long requests took.
    #[must_use]
    pub fn counter(&self, outcome: Outcome, mut weigh: impl FnMut(f64) -> f64) -> Counter {
        let index = outcome as usize;
        let mut points = Vec::with_capacity(self.points.len());
        let mut known: Option<(u64, f64)> = None;
        let mut weight = |times: f64| match known {
            Some((bits, weight)) if bits == times.to_bits() => weight,
            _ => {
                let weight = weigh(times);
                known = Some((times.to_bits(), weight));
                weight
            }
        };
        let before = self.before[index] * weight(self.times_before);
        let (mut sum, mut last) = (0.0, 0.0);
        for point in &self.points {
            let grown = point.counts[index] - last;
            if grown != 0.0 {
                sum += grown * weight(point.times);
            }
            last = point.counts[index];
            points.push((point.at, sum));
        }
        Counter { points, before }
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

impl Counter {
    /// What it had come to at an instant, counted from its first point.
    #[must_use]
    pub fn at(&self, now: SimTime) -> f64 {
        let after = self.points.partition_point(|(at, _)| *at <= now);
        match (after.checked_sub(1), self.points.get(after)) {
            (None, None) => 0.0,
            (None, Some((first, _))) => (now - *first).seconds() * self.before,
            (Some(last), None) => self.points[last].1,
            (Some(before), Some((next, value))) => {
                let (at, start) = self.points[before];
                let share = (now - at).seconds() / (*next - at).seconds();
                // Rounding must not let a counter fall: Prometheus would take that for a reset.
                (value - start).mul_add(share, start).min(*value)
            }
        }
    }

    /// Whether it never counts anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.before == 0.0 && self.points.last().is_none_or(|(_, sum)| *sum == 0.0)
    }
}

impl Ledger {
    /// Keeps meters from the next opening on.
    pub fn keep_meters(&mut self) {
        self.meters = Some(Box::default());
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
        meters.routes.clear();
        meters.pods.clear();
        meters.sidecars.clear();
        let profiles = environment.scraping.profiles.iter().flatten();
        let mut profiles = profiles.copied();
        meters.has_sidecars = profiles.any(Profile::has_sidecars);
        let mut past = self.clone();
        past.weather = Weather::CALM;
        past.advance(environment, self.at + Delta::from_secs(1));
        let (Some(meters), Some(past)) = (&mut self.meters, past.meters) else {
            return;
        };
        let begun = |meter: &Meter| {
            let last = meter.points.last().copied().unwrap_or_default();
            Meter {
                points: vec![Point {
                    at: self.at,
                    ..Point::default()
                }],
                before: last.counts,
                times_before: last.times,
            }
        };
        meters.routes = past
            .routes
            .iter()
            .map(|(route, meter)| (*route, begun(meter)))
            .collect();
        meters.pods = past
            .pods
            .iter()
            .map(|(set, meter)| (*set, begun(meter)))
            .collect();
        meters.sidecars = past
            .sidecars
            .iter()
            .map(|(way, meter)| (*way, begun(meter)))
            .collect();
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

    /// To be asked before a stretch is accounted for; `None` where no meters are kept.
    pub(super) fn before_metering(
        &self,
        environment: &Environment,
        traffic: &Traffic,
    ) -> Option<Before> {
        self.meters.as_ref()?;
        let versions = (0..).map(TemplateId).take(environment.images.len());
        Some(Before {
            copies: self.copies_so_far(),
            loads: versions
                .map(|version| self.load(traffic, version))
                .collect(),
        })
    }

    fn copies_so_far(&self) -> Vec<(f64, f64)> {
        let served = self.tally.served.iter();
        served
            .map(|served| (served.mirrored + served.preview, served.failed_unseen))
            .collect()
    }

    /// Lets the meters run over a stretch that was just accounted for.
    pub(super) fn meter(&mut self, before: &Before, from: SimTime, to: SimTime) {
        let Some(mut meters) = self.meters.take() else {
            return;
        };
        let middle = (to - from).seconds() / 2.0;
        let times: Vec<f64> = self
            .services()
            .iter()
            .zip(&before.loads)
            .map(|(service, load)| service.stretches(middle, *load))
            .collect();
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
        let copies = self.copies_so_far();
        for (index, (now, then)) in copies.iter().zip(&before.copies).enumerate() {
            let (requests, failed) = (now.0 - then.0, now.1 - then.1);
            let version = TemplateId(u16::try_from(index).unwrap_or(u16::MAX));
            if let Some(route) = self.copied_to(version).filter(|_| 0.0 < requests) {
                let counts = [requests - failed, failed, 0.0];
                let times = times_of(Some(version));
                self.run(&mut meters, route, (from, to), counts, times);
            }
        }
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
        entry(&mut meters.routes, route).add(from, to, counts, times);
        let Some((set, _)) = route.set else { return };
        let backend = self.actual.sets.iter().find(|actual| actual.id == set);
        let pods = backend.map_or(0, |backend| backend.alive);
        if 0 < pods {
            let each = |count: f64| count / f64::from(pods);
            let counts = [each(counts[0]), each(counts[1]), 0.0];
            entry(&mut meters.pods, set).add(from, to, counts, times);
            if meters.has_sidecars {
                let way = (set, route.target);
                entry(&mut meters.sidecars, way).add(from, to, counts, times);
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

/// The meter of a key, which is made if there is none.
fn entry<K: PartialEq>(meters: &mut Vec<(K, Meter)>, key: K) -> &mut Meter {
    let index = meters.iter().position(|(known, _)| *known == key);
    let index = index.unwrap_or_else(|| {
        meters.push((key, Meter::default()));
        meters.len() - 1
    });
    &mut meters[index].1
}
