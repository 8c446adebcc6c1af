//! A stretch of time in which all curves are straight: its corners, its integrals, its draws.

use rand_distr::{Beta, Binomial, Distribution};

use super::{Flow, Ledger, Mark};
use crate::cluster::TemplateId;
use crate::curve::Line;
use crate::law::Law;
use crate::plan::Environment;
use crate::plan::environment::{Breaks, Changing, Shows, Signal, Since, Traffic, Whose};
use crate::time::{Delta, SimTime};
use crate::world::traffic::Target;
use crate::world::weather::Purpose;

/// Requests of the same ten seconds share their luck.
const SLOT: Delta = Delta::from_secs(10);
/// Users that keep to a version drift away exponentially; a 32nd of the mean is straight enough for Simpson's rule.
const DRIFT_STEPS: i64 = 32;
/// A queue lengthens requests twentyfold at most.
const FULLEST: f64 = 0.95;

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
}

/// How well a version serves during a stretch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Service {
    /// Share of requests that fail.
    errors: Line,
    /// Share of requests that no fault hits.
    spared: f64,
    /// How many times as long requests take.
    slowness: Line,
    /// Requests per second that all its pods can serve.
    capacity: Option<f64>,
}

impl Service {
    /// The share of requests that fail, `seconds` into the stretch, under `load` requests per second.
    fn fails(&self, seconds: f64, load: f64) -> f64 {
        let sound = (1.0 - self.errors.after(seconds).clamp(0.0, 1.0)) * self.spared;
        let admitted = match self.capacity {
            Some(capacity) if capacity < load => capacity / load,
            _ => 1.0,
        };
        1.0 - sound * admitted
    }

    /// How many times as long requests take.
    fn stretches(&self, seconds: f64, load: f64) -> f64 {
        let queue = self.capacity.map_or(1.0, |capacity| {
            1.0 / (1.0 - (load / capacity.max(f64::MIN_POSITIVE)).min(FULLEST))
        });
        self.slowness.after(seconds).max(0.0) * queue
    }

    fn is_flat(&self) -> bool {
        self.errors.slope == 0.0 && self.slowness.slope == 0.0
    }
}

/// The share of requests of a version that take longer than a limit; distribution functions are dear, and often asked for the same.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct SlowShare {
    times: f64,
    share: f64,
}

impl SlowShare {
    /// The share of requests that take longer than `limit` if they take `times` as long as `law` says.
    fn of(&mut self, law: &Law, limit: Delta, times: f64) -> f64 {
        if times.to_bits() != self.times.to_bits() {
            let share = 1.0 - law.up_to(limit.seconds() / times.max(f64::MIN_POSITIVE));
            *self = Self { times, share };
        }
        self.share
    }
}

/// The integrals of one flow over a stretch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sum {
    requests: f64,
    failed: f64,
    slow: f64,
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
        if self.weather.random {
            let slot = now.nanos().div_euclid(SLOT.nanos());
            meet(Some(SimTime::from_nanos((slot + 1) * SLOT.nanos())));
        }
        next
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

    /// How well a version serves from now on.
    fn service(&self, environment: &Environment, version: TemplateId) -> Service {
        let health = &environment.images[usize::from(version.0)].health;
        let mut service = Service {
            errors: self.line(&health.errors, version),
            spared: 1.0,
            slowness: self.line(&health.latency_factor, version),
            capacity: health
                .capacity
                .map(|capacity| capacity * f64::from(self.ready_pods(version))),
        };
        for fault in environment
            .faults
            .iter()
            .filter(|fault| fault.holds(self.at))
        {
            match &fault.breaks {
                Breaks::Errors { image, rate, share } if *image == version => {
                    service.spared *= 1.0 - rate * share;
                }
                Breaks::Dependency { rate } => service.spared *= 1.0 - rate,
                Breaks::Schema { understood_by } if !understood_by.contains(&version) => {
                    service.spared = 0.0;
                }
                Breaks::Latency { image, factor } if image.is_none_or(|image| image == version) => {
                    service.slowness.value *= factor;
                    service.slowness.slope *= factor;
                }
                _ => {}
            }
        }
        service
    }

    fn ready_pods(&self, version: TemplateId) -> i32 {
        let sets = self.actual.sets.iter();
        sets.filter(|set| set.template == version)
            .map(|set| set.ready)
            .sum()
    }

    /// The straight line of a curve from now on; where pods have their own time, their mean.
    fn line(&self, changing: &Changing, version: TemplateId) -> Line {
        if let Some(value) = changing.curve.as_constant() {
            return Line { value, slope: 0.0 };
        }
        let ages = || self.ages.iter().filter(|(of, _, _)| *of == version);
        let pods: i32 = ages().map(|(_, _, count)| count).sum();
        if changing.since != Since::Pod || pods == 0 {
            let origin = self.origin(changing.since, version);
            return changing.curve.line(self.at - origin);
        }
        ages().fold(Line::default(), |mean, (_, start, count)| {
            let (line, share) = (
                changing.curve.line(self.at - *start),
                f64::from(*count) / f64::from(pods),
            );
            Line {
                value: line.value.mul_add(share, mean.value),
                slope: line.slope.mul_add(share, mean.slope),
            }
        })
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
            self.tally.version(version).mirrored += moment.weight * rate;
        }
        if let Some((version, rate)) = preview {
            self.tally.version(version).preview += moment.weight * rate;
        }
        if let Some(control) = self.tally.control {
            let alone = self.alone(environment, control, services[usize::from(control.0)]);
            let failed = moment.rate * alone.fails(moment.seconds, moment.rate);
            self.tally.would_have_failed += moment.weight * failed;
        }
    }

    /// The stable version as if there had been no release: all pods, and only what hits every version.
    fn alone(&self, environment: &Environment, version: TemplateId, service: Service) -> Service {
        let capacity = environment.images[usize::from(version.0)].health.capacity;
        let faults = environment
            .faults
            .iter()
            .filter(|fault| fault.holds(self.at));
        let spared = faults.fold(1.0, |spared, fault| match &fault.breaks {
            Breaks::Dependency { rate } => spared * (1.0 - rate),
            Breaks::Errors { image, rate, share } if *image == version => {
                spared * (1.0 - rate * share)
            }
            _ => spared,
        });
        Service {
            spared,
            capacity: capacity.map(|capacity| capacity * f64::from(self.state.asked)),
            ..service
        }
    }

    /// The share of all users' requests that a flow carries.
    fn share(&self, flow: &Flow, header: f64, sticking: Option<f64>) -> f64 {
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

    /// Replaces expectations by whole numbers.
    fn draw(&mut self, environment: &Environment, sums: &mut [Sum]) {
        let slot = self.at.nanos().div_euclid(SLOT.nanos());
        let within = self.at.nanos().rem_euclid(SLOT.nanos());
        let number = |part: i64| u64::from_ne_bytes(part.to_ne_bytes());
        let expected: f64 = sums.iter().map(|sum| sum.requests).sum();
        let before = self.tally.expected.floor();
        self.tally.expected += expected;
        let mut left = self.tally.expected.floor() - before;
        let mut weight = expected;
        let moment = number(self.at.nanos());
        let mut routing = self.weather.generator(Purpose::Routing, 0, moment);
        for (flow, sum) in self.flows.iter().zip(sums.iter_mut()) {
            let chance = if weight > 0.0 {
                sum.requests / weight
            } else {
                0.0
            };
            weight -= sum.requests;
            let requests = binomial(left, chance, &mut routing);
            left -= requests;
            let mean = if sum.requests > 0.0 {
                sum.failed / sum.requests
            } else {
                0.0
            };
            let late = if sum.requests > 0.0 {
                sum.slow / sum.requests
            } else {
                0.0
            };
            let entity = flow
                .version
                .map_or(u64::MAX, |version| u64::from(version.0));
            let luck = self
                .weather
                .generator(Purpose::Failures, entity, number(slot) << 1);
            let chance = overdispersed(mean, environment.overdispersion, luck);
            let address = (number(slot) << 1 | 1) ^ number(within).rotate_left(32);
            let mut counts = self.weather.generator(Purpose::Failures, entity, address);
            let failed = binomial(requests, chance, &mut counts);
            let slow_of_rest = if mean < 1.0 { late / (1.0 - mean) } else { 0.0 };
            *sum = Sum {
                requests,
                failed,
                slow: binomial(requests - failed, slow_of_rest, &mut counts),
            };
        }
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

/// How many of `count` have luck.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "whole numbers of requests"
)]
fn binomial(count: f64, chance: f64, generator: &mut rand_pcg::Pcg64Mcg) -> f64 {
    Binomial::new(count.max(0.0) as u64, chance.clamp(0.0, 1.0))
        .map_or(0.0, |law| law.sample(generator) as f64)
}

/// A probability around `mean` for one slot, so that two requests of it have the correlation `correlation`.
fn overdispersed(mean: f64, correlation: f64, mut luck: rand_pcg::Pcg64Mcg) -> f64 {
    if correlation <= 0.0 || mean <= 0.0 || 1.0 <= mean {
        return mean;
    }
    let size = (1.0 - correlation) / correlation;
    Beta::new(mean * size, (1.0 - mean) * size).map_or(mean, |law| law.sample(&mut luck))
}

/// What a metric that is bound to the service shows.
pub(super) fn signal(
    ledger: &Ledger,
    environment: &Environment,
    signal: Signal,
    now: SimTime,
) -> f64 {
    let whose = match signal.of {
        Whose::Canary => ledger.canary,
        Whose::Stable => ledger.stable,
        Whose::All => None,
    };
    if let Shows::Latency { quantile } = signal.shows {
        let version = whose.or(ledger.stable);
        return version.map_or(f64::NAN, |version| {
            ledger.latency(environment, version, quantile)
        });
    }
    let of = |mark: &Mark| match whose {
        Some(version) => mark.served[usize::from(version.0)],
        None => mark.total,
    };
    let (requests, failed) = ledger.since(now + Delta::from_nanos(-signal.over.nanos()), of);
    match signal.shows {
        Shows::SuccessRatio => tidy((requests - failed) / requests),
        Shows::ErrorRatio => tidy(failed / requests),
        Shows::Errors => tidy(failed / signal.over.seconds()),
        Shows::Requests => tidy(requests / signal.over.seconds()),
        Shows::Latency { .. } => f64::NAN,
    }
}

/// Without the dust of adding up: twelve places.
fn tidy(number: f64) -> f64 {
    (number * 1e12).round() / 1e12
}

impl Ledger {
    /// Requests and failures since an instant; between two marks they are spread evenly.
    fn since(&self, from: SimTime, of: impl Fn(&Mark) -> (f64, f64)) -> (f64, f64) {
        let Some(last) = self.marks.last() else {
            return (0.0, 0.0);
        };
        let after = self.marks.partition_point(|mark| mark.at <= from);
        let then = match (after.checked_sub(1), self.marks.get(after)) {
            (None, _) => of(&self.marks[0]),
            (Some(before), None) => of(&self.marks[before]),
            (Some(before), Some(next)) => {
                let before = &self.marks[before];
                let share = (from - before.at).seconds() / (next.at - before.at).seconds();
                let ((r0, f0), (r1, f1)) = (of(before), of(next));
                ((r1 - r0).mul_add(share, r0), (f1 - f0).mul_add(share, f0))
            }
        };
        let now = of(last);
        (now.0 - then.0, now.1 - then.1)
    }

    /// A quantile of the latency of a version now \[s\].
    fn latency(&self, environment: &Environment, version: TemplateId, quantile: f64) -> f64 {
        let service = self.service(environment, version);
        let health = &environment.images[usize::from(version.0)].health;
        let Some((law, traffic)) = health.latency.as_ref().zip(environment.traffic.as_ref()) else {
            return f64::NAN;
        };
        let rate = traffic.rps.at(self.at - SimTime::ZERO);
        let header = self.routing.current.header.map_or(0.0, |_| traffic.header);
        let sticking = traffic
            .sticky
            .filter(|_| self.routing.current.by_router)
            .map(|_| self.sticking);
        let flows = self
            .flows
            .iter()
            .filter(|flow| flow.version == Some(version));
        let load: f64 = flows
            .map(|flow| rate * self.share(flow, header, sticking) * flow.reach)
            .sum();
        law.quantile(quantile) * service.stretches(0.0, load)
    }
}
