//! What a metric that is bound to the simulated service shows.

use super::{Ledger, Mark};
use crate::cluster::TemplateId;
use crate::plan::Environment;
use crate::plan::environment::{Shows, Signal, Traffic, Whose};
use crate::time::{Delta, SimTime};

impl Ledger {
    /// What a metric that is bound to the service shows at `now`.
    #[must_use]
    pub fn signal(&self, environment: &Environment, signal: Signal, now: SimTime) -> f64 {
        let whose = match signal.of {
            Whose::Canary => self.canary,
            Whose::Stable => self.stable,
            Whose::All => None,
        };
        if let Shows::Latency { quantile } = signal.shows {
            let version = whose.or(self.stable);
            return version.map_or(f64::NAN, |version| {
                self.latency(environment, version, quantile)
            });
        }
        let of = |mark: &Mark| match whose {
            Some(version) => mark.served[usize::from(version.0)],
            None => mark.total,
        };
        let (requests, failed) = self.since(now + Delta::from_nanos(-signal.over.nanos()), of);
        match signal.shows {
            Shows::SuccessRatio => tidy((requests - failed) / requests),
            Shows::ErrorRatio => tidy(failed / requests),
            Shows::Errors => tidy(failed / signal.over.seconds()),
            Shows::Requests => tidy(requests / signal.over.seconds()),
            Shows::Latency { .. } => f64::NAN,
        }
    }

    /// How many requests a signal counts in its window, and how many of them went to the version that was requested last.
    #[must_use]
    pub fn requests_behind(&self, signal: Signal, now: SimTime) -> [f64; 2] {
        let from = now + Delta::from_nanos(-signal.over.nanos());
        let of = |version: Option<TemplateId>| {
            let count = |mark: &Mark| {
                version.map_or(mark.total, |version| mark.served[usize::from(version.0)])
            };
            self.since(from, count).0
        };
        let canary = self.canary.map_or(0.0, |canary| of(Some(canary)));
        match signal.of {
            Whose::Canary => [canary, canary],
            Whose::Stable => [self.stable.map_or(0.0, |stable| of(Some(stable))), 0.0],
            Whose::All => [of(None), canary],
        }
    }

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
        let load = self.load(traffic, version);
        tidy(law.quantile(quantile) * service.stretches(0.0, load))
    }

    /// The users' requests per second to the pods of a version now.
    pub(super) fn load(&self, traffic: &Traffic, version: TemplateId) -> f64 {
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
        flows
            .map(|flow| rate * self.share(flow, header, sticking) * flow.reach)
            .sum()
    }
}

/// Without the dust of adding up: twelve places.
fn tidy(number: f64) -> f64 {
    (number * 1e12).round() / 1e12
}
