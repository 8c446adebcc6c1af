//! A stretch of time in which all curves are straight: its corners and its integrals.

use super::draw::SLOT;
use super::service::{Service, SlowShare};
use super::{Flow, Ledger};
use crate::cluster::TemplateId;
use crate::plan::Environment;
use crate::plan::environment::{Since, Traffic};
use crate::time::{Delta, SimTime};
use crate::world::traffic::Target;

/// Users that keep to a version drift away exponentially; a 32nd of the mean is straight enough for Simpson's rule.
const DRIFT_STEPS: i64 = 32;

/// Memory that stretches reuse.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Memory {
    /// By version.
    services: Vec<Service>,
    /// By flow.
    sums: Vec<Sum>,
    /// By version.
    slow_shares: Vec<SlowShare>,
}

impl Memory {
    /// Makes room for so many versions.
    pub(super) fn open(&mut self, versions: usize) {
        self.slow_shares.resize(versions, SlowShare::default());
    }

    /// Makes the same room as `other`.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.clear();
        self.open(other.slow_shares.len());
    }

    /// Forgets what it holds, and keeps the room.
    pub(super) fn clear(&mut self) {
        self.services.clear();
        self.sums.clear();
        self.slow_shares.fill(SlowShare::default());
    }
}

/// The integrals of one flow over a stretch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sum {
    pub(super) requests: f64,
    pub(super) failed: f64,
    pub(super) slow: f64,
}

impl Ledger {
    /// The next instant, `to` at the latest, at which something stops being straight.
    pub(super) fn next_corner(
        &self,
        environment: &Environment,
        traffic: &Traffic,
        to: SimTime,
    ) -> SimTime {
        let now = self.at;
        let mut next = to;
        let mut meet = |at: Option<SimTime>| {
            if let Some(at) = at.filter(|at| now < *at) {
                next = next.min(at);
            }
        };
        let since_start = now - SimTime::ZERO;
        let corner = traffic.rps.next_corner(since_start);
        meet(corner.map(|corner| SimTime::ZERO + corner));
        meet(self.routing.next());
        meet(self.endpoints.next());
        for fault in &environment.faults {
            meet(Some(fault.from));
            meet(Some(fault.to));
        }
        for (index, image) in environment.images.iter().enumerate() {
            let version = TemplateId(u16::try_from(index).unwrap_or(u16::MAX));
            for changing in [&image.health.errors, &image.health.latency_factor] {
                if changing.curve.as_constant().is_some() {
                    continue;
                }
                let origin = self.origin(changing.since, version);
                let corner = changing.curve.next_corner(now - origin);
                meet(corner.map(|corner| origin + corner));
                let ages = self.ages.iter().filter(|(of, _, _)| *of == version);
                for (_, start, _) in ages.filter(|_| changing.since == Since::Pod) {
                    let corner = changing.curve.next_corner(now - *start);
                    meet(corner.map(|corner| *start + corner));
                }
            }
        }
        if let Some(sticky) = traffic.sticky.filter(|_| self.drifts()) {
            let step = (sticky.nanos() / DRIFT_STEPS).max(1);
            meet(Some(now + Delta::from_nanos(step)));
        }
        // Meters are straight lines: what bends is cut into short ones.
        let is_metered = self.meters.is_some() && environment.bends();
        if self.weather.random || is_metered {
            let slot = now.nanos().div_euclid(SLOT.nanos());
            meet(Some(SimTime::from_nanos((slot + 1) * SLOT.nanos())));
        }
        next
    }

    /// How well each version served in the last stretch.
    pub(super) fn services(&self) -> &[Service] {
        &self.memory.services
    }

    /// The integrals of the flows over the last stretch.
    pub(super) fn sums(&self) -> &[Sum] {
        &self.memory.sums
    }

    /// Whether the users' choice of versions still follows the weights.
    fn drifts(&self) -> bool {
        let routing = &self.routing.current;
        routing.by_router
            && routing
                .weights
                .first()
                .is_some_and(|(_, weight)| (self.sticking - weight).abs() > 1e-9)
    }

    /// Accounts for the stretch from `self.at` to `end`.
    pub(super) fn account(&mut self, environment: &Environment, traffic: &Traffic, end: SimTime) {
        let length = (end - self.at).seconds();
        let rps = traffic.rps.line(self.at - SimTime::ZERO);
        let mut memory = std::mem::take(&mut self.memory);
        memory.services.clear();
        let versions = (0..).map(TemplateId).take(environment.images.len());
        let services = versions.map(|version| self.service(environment, version));
        memory.services.extend(services);
        let sticky = traffic.sticky.filter(|_| self.routing.current.by_router);
        let flat = rps.slope == 0.0
            && memory.services.iter().all(Service::is_flat)
            && (sticky.is_none() || !self.drifts());
        memory.sums.clear();
        memory.sums.resize(self.flows.len(), Sum::default());
        let points: &[(f64, f64)] = if flat {
            &[(0.0, 1.0)]
        } else {
            &[(0.0, 1.0 / 6.0), (0.5, 4.0 / 6.0), (1.0, 1.0 / 6.0)]
        };
        for (place, weight) in points {
            let seconds = place * length;
            let moment = Moment {
                seconds,
                weight: weight * length,
                rate: rps.after(seconds).max(0.0),
                sticking: sticky.map(|sticky| self.drift(sticky, seconds)),
            };
            self.add(environment, traffic, moment, &mut memory);
        }
        if let Some(sticky) = sticky {
            self.sticking = self.drift(sticky, length);
        }
        if self.weather.random {
            self.draw(environment, &mut memory.sums);
        }
        for (flow, sum) in self.flows.iter().zip(&memory.sums) {
            match flow.version {
                None => self.tally.unserved += sum.requests,
                Some(version) => {
                    let served = self.tally.version(version);
                    served.requests += sum.requests;
                    served.failed += sum.failed;
                    served.slow += sum.slow;
                }
            }
        }
        self.memory = memory;
    }

    /// The share of users on the canary `seconds` later: it follows its weight as visits end.
    fn drift(&self, sticky: Delta, seconds: f64) -> f64 {
        let weight = self
            .routing
            .current
            .weights
            .first()
            .map_or(0.0, |first| first.1);
        weight + (self.sticking - weight) * (-seconds / sticky.seconds()).exp()
    }

    /// Adds one point of the stretch, with its weight, to all sums.
    fn add(
        &mut self,
        environment: &Environment,
        traffic: &Traffic,
        moment: Moment,
        memory: &mut Memory,
    ) {
        let Memory {
            services,
            sums,
            slow_shares,
        } = memory;
        let header = self.routing.current.header.map_or(0.0, |_| traffic.header);
        let rate = |flow: &Flow| moment.rate * self.share(flow, header, moment.sticking);
        let mirrored = self.copies(self.routing.current.mirror, moment.rate);
        let preview = self.copies(
            self.routing.current.preview.map(|target| (target, 1.0)),
            traffic.preview,
        );
        let load = |version: TemplateId| -> f64 {
            let users = self
                .flows
                .iter()
                .filter(|flow| flow.version == Some(version));
            let users: f64 = users.map(|flow| rate(flow) * flow.reach).sum();
            let others = [mirrored, preview].into_iter().flatten();
            let others = others
                .filter(|(of, _)| *of == version)
                .map(|(_, rate)| rate);
            users + others.sum::<f64>()
        };
        let unseen = |copies: Option<(TemplateId, f64)>| {
            copies.map_or(0.0, |(version, rate)| {
                rate * services[usize::from(version.0)].fails(moment.seconds, load(version))
            })
        };
        let unseen = (unseen(mirrored), unseen(preview));
        let mut on_new = 0.0;
        for (flow, sum) in self.flows.iter().zip(sums) {
            let requests = rate(flow);
            let Some(version) = flow.version else {
                sum.requests += moment.weight * requests;
                sum.failed += moment.weight * requests;
                continue;
            };
            let service = &services[usize::from(version.0)];
            let load = load(version);
            let served = flow.reach * (1.0 - service.fails(moment.seconds, load));
            sum.requests += moment.weight * requests;
            sum.failed += moment.weight * requests * (1.0 - served);
            if let Some(limit) = traffic.slow {
                let health = &environment.images[usize::from(version.0)].health;
                let times = service.stretches(moment.seconds, load);
                let shares = &mut slow_shares[usize::from(version.0)];
                let slow = health
                    .latency
                    .as_ref()
                    .map(|law| shares.of(law, limit, times));
                sum.slow += moment.weight * requests * served * slow.unwrap_or(0.0);
            }
            if Some(version) != self.tally.control && moment.rate > 0.0 {
                on_new += requests / moment.rate;
            }
        }
        if let Some(per_user) = traffic.requests_per_user {
            // With sticky sessions one request decides for the whole visit.
            let draws = traffic.sticky.map_or(per_user, |_| 1.0);
            let seen = 1.0 - (1.0 - on_new.min(1.0)).powf(draws);
            self.tally.users_exposed += moment.weight * moment.rate / per_user * seen;
        }
        if let Some((version, rate)) = mirrored {
            let served = self.tally.version(version);
            served.mirrored += moment.weight * rate;
            served.failed_unseen += moment.weight * unseen.0;
        }
        if let Some((version, rate)) = preview {
            let served = self.tally.version(version);
            served.preview += moment.weight * rate;
            served.failed_unseen += moment.weight * unseen.1;
        }
        if let Some(control) = self.tally.control {
            let alone = self.alone(environment, control, services[usize::from(control.0)]);
            let failed = moment.rate * alone.fails(moment.seconds, moment.rate);
            self.tally.would_have_failed += moment.weight * failed;
        }
    }

    /// The share of all users' requests that a flow carries.
    pub(super) fn share(&self, flow: &Flow, header: f64, sticking: Option<f64>) -> f64 {
        let Some(route) = flow.route else {
            return header * flow.split;
        };
        let weights = &self.routing.current.weights;
        let weight = weights[route].1;
        let first = weights[0].1;
        let kept = match sticking {
            None => weight,
            Some(canary) if route == 0 => canary,
            Some(canary) if first < 1.0 => weight / (1.0 - first) * (1.0 - canary),
            // Nobody is sent elsewhere any more: those who stay are shared out evenly.
            Some(canary) => (1.0 - canary) / as_f64(weights.len() - 1),
        };
        (1.0 - header) * kept * flow.split
    }

    /// Requests per second to a target beside those of users; the first version behind it gets them.
    fn copies(&self, route: Option<(Target, f64)>, rate: f64) -> Option<(TemplateId, f64)> {
        let (target, share) = route?;
        let mut behind = self.endpoints.current.behind(target);
        let backend = behind.find(|set| 0 < set.ready)?;
        Some((backend.template, rate * share))
    }
}

/// A point of a stretch.
#[derive(Clone, Copy, Debug)]
struct Moment {
    /// After the beginning of the stretch.
    seconds: f64,
    /// Its share of the integral \[s\].
    weight: f64,
    /// Requests per second.
    rate: f64,
    /// Share of the users on the canary, where they keep to their version.
    sticking: Option<f64>,
}

#[expect(clippy::cast_precision_loss, reason = "a number of routes")]
fn as_f64(count: usize) -> f64 {
    count.max(1) as f64
}
