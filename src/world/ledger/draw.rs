//! Draws: whole numbers of requests instead of expectations.

use rand_distr::{Beta, Binomial, Distribution};
use rand_pcg::Pcg64Mcg;

use super::Ledger;
use super::stretch::Sum;
use crate::plan::Environment;
use crate::time::Delta;
use crate::world::weather::Purpose;

/// Requests of the same ten seconds share their luck.
pub(super) const SLOT: Delta = Delta::from_secs(10);

impl Ledger {
    /// Replaces expectations by whole numbers.
    pub(super) fn draw(&mut self, environment: &Environment, sums: &mut [Sum]) {
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

/// How many of `count` have luck.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "whole numbers of requests"
)]
fn binomial(count: f64, chance: f64, generator: &mut Pcg64Mcg) -> f64 {
    Binomial::new(count.max(0.0) as u64, chance.clamp(0.0, 1.0))
        .map_or(0.0, |law| law.sample(generator) as f64)
}

/// A probability around `mean` for one slot, so that two requests of it have the correlation `correlation`.
fn overdispersed(mean: f64, correlation: f64, mut luck: Pcg64Mcg) -> f64 {
    if correlation <= 0.0 || mean <= 0.0 || 1.0 <= mean {
        return mean;
    }
    let size = (1.0 - correlation) / correlation;
    Beta::new(mean * size, (1.0 - mean) * size).map_or(mean, |law| law.sample(&mut luck))
}
