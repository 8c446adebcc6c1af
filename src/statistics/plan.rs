//! Gates as acceptance-sampling plans: how often a metric with independent measurements fails, and after how many of
//! them.
//!
//! Knows: the single plan `count: n`, `failureLimit: c` in closed form, and the search for plans. Plans with several
//! limits are in [`rules`], plans in stages in [`stages`], and the chance that one measurement made of requests fails
//! in [`requests`]. Refuses to know: how measurements depend on each other. A query whose window is longer than the
//! interval makes neighbours share requests; then none of this holds (it may be wrong by a factor of six), and only a
//! simulation tells.

pub mod requests;
pub mod rules;
pub mod stages;

use super::binomial::{Binomial, Side, probability_with};
use super::counts::{CountLaw, search};

/// A single sampling plan by attributes: `count: n` measurements, Failed as soon as more than `failureLimit: c` of them
/// have failed (`analysis/analysis.go: assessMetricFailureInconclusiveOrError`).
///
/// `p` is the probability that a measurement fails, everywhere. A p that is no probability gives NaN, or `None` where
/// the answer is optional.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The number of measurements.
    pub n: u32,
    /// The most failures that are accepted; with n or more nothing can fail.
    pub c: u32,
}

/// What a plan does at one probability of failure: a point of its operating characteristic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Operation {
    /// The probability that a measurement fails.
    pub p: f64,
    /// The probability that the metric is accepted.
    pub accepted: f64,
    /// The probability that it fails.
    pub failed: f64,
    /// The mean number of measurements, those cut off by a failure left out.
    pub measurements: f64,
    /// That of the metrics that fail; `None` if none does.
    pub measurements_when_failed: Option<f64>,
}

/// The most measurements that [`Plan::smallest`] looks at.
pub const PLANNED_MAX: u32 = 100_000;

/// A point that an operating characteristic is to keep to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RiskPoint {
    /// The probability that a measurement fails.
    pub p: f64,
    /// The probability of acceptance.
    pub accepted: f64,
}

impl Plan {
    /// The probability that the metric is accepted: P(Bin(n, p) <= c).
    #[must_use]
    pub fn accepted(&self, p: f64) -> f64 {
        Binomial::new(self.n, p).map_or(f64::NAN, |law| law.cdf(self.c))
    }

    /// The probability that it fails: P(Bin(n, p) > c). Stopping at the failure that decides does not change it.
    #[must_use]
    pub fn failed(&self, p: f64) -> f64 {
        Binomial::new(self.n, p).map_or(f64::NAN, |law| law.survival(self.c))
    }

    /// The mean number of measurements N.
    ///
    /// The failures seen have the mean p E\[N\] (Wald), and they are c + 1 if the metric fails; hence
    /// E\[N\] = (c + 1) P(failed) / p + n P(Bin(n - 1, p) < c).
    #[must_use]
    pub fn measurements(&self, p: f64) -> f64 {
        let n = f64::from(self.n);
        if self.n <= self.c || p == 0.0 {
            return n;
        }
        let accepted = match self.c.checked_sub(1) {
            Some(fewer) => Binomial::new(self.n - 1, p).map_or(f64::NAN, |law| law.cdf(fewer)),
            None => 0.0,
        };
        (f64::from(self.c) + 1.0) * self.failed(p) / p + n * accepted
    }

    /// The mean number of measurements of the metrics that fail:
    /// (c + 1) P(Bin(n + 1, p) > c + 1) / (p P(Bin(n, p) > c)).
    ///
    /// `None` if none fails, or so rarely that the probability has no number.
    #[must_use]
    pub fn measurements_when_failed(&self, p: f64) -> Option<f64> {
        let failed = self.failed(p);
        let more = Binomial::new(self.n.checked_add(1)?, p)?.survival(self.c.checked_add(1)?);
        let mean = (f64::from(self.c) + 1.0) * more / (p * failed);
        mean.is_finite().then_some(mean)
    }

    /// The probability that the metric fails at its measurement number `m` (from 1):
    /// C(m - 1, c) p^(c + 1) (1 - p)^(m - 1 - c), and 0 outside of c + 1..=n.
    #[must_use]
    pub fn failed_at(&self, m: u32, p: f64) -> f64 {
        let Some(before) = m.checked_sub(1).filter(|_| m <= self.n) else {
            return if super::is_probability(p) {
                0.0
            } else {
                f64::NAN
            };
        };
        Binomial::new(before, p).map_or(f64::NAN, |law| p * law.pmf(self.c))
    }

    /// The probability that there are exactly `m` measurements: that it fails there, or, for `m` = n, that the first n
    /// - 1 do not decide.
    #[must_use]
    pub fn ended_at(&self, m: u32, p: f64) -> f64 {
        match m.checked_sub(1) {
            Some(before) if m == self.n => {
                Binomial::new(before, p).map_or(f64::NAN, |law| law.cdf(self.c))
            }
            None if self.n == 0 => 1.0,
            _ => self.failed_at(m, p),
        }
    }

    /// What the plan does at a probability of failure; `None` unless `p` is in 0..=1.
    #[must_use]
    pub fn operation(&self, p: f64) -> Option<Operation> {
        let law = Binomial::new(self.n, p)?;
        Some(Operation {
            p,
            accepted: law.cdf(self.c),
            failed: law.survival(self.c),
            measurements: self.measurements(p),
            measurements_when_failed: self.measurements_when_failed(p),
        })
    }

    /// The probability of failure of a measurement from which on the metric fails with the probability `power` at
    /// least: what the gate catches.
    ///
    /// `None` if the plan cannot fail (n <= c), and unless 0 < `power` < 1.
    #[must_use]
    pub fn caught(&self, power: f64) -> Option<f64> {
        probability_with(self.n, Side::AtLeast, self.c.checked_add(1)?, power)
    }

    /// The smallest plan whose characteristic is not below `producer` and not above `consumer`: good releases
    /// (`producer.p`) pass often enough, bad ones (`consumer.p`) seldom enough.
    ///
    /// For c = 0, 1, ... the smallest n that the consumer accepts, until the producer accepts it, too. `None` if there
    /// is none with at most `count_max` (and at most [`PLANNED_MAX`]) measurements, and unless 0 <= `producer.p` <
    /// `consumer.p` <= 1 and 0 < `consumer.accepted` < `producer.accepted` < 1.
    #[must_use]
    pub fn smallest(producer: RiskPoint, consumer: RiskPoint, count_max: u32) -> Option<Self> {
        let in_order = 0.0 <= producer.p && producer.p < consumer.p && consumer.p <= 1.0;
        let (low, high) = (consumer.accepted, producer.accepted);
        if !(in_order && 0.0 < low && low < high && high < 1.0) {
            return None;
        }
        let count_max = count_max.min(PLANNED_MAX);
        let step = u32::try_from(super::whole(1.0 / consumer.p)).unwrap_or(u32::MAX);
        let mut n = 0_u32;
        for c in 0..count_max {
            // One more failure that is accepted takes about 1 / p more measurements.
            let suffices = |n: u32| Self { n, c }.accepted(consumer.p) <= low;
            n = search(n + 1, count_max, n.saturating_add(step), step / 8, suffices);
            let plan = Self { n, c };
            if n == count_max && !suffices(n) {
                return None;
            }
            if producer.accepted <= plan.accepted(producer.p) {
                return Some(plan);
            }
            if n == count_max {
                return None;
            }
        }
        None
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "certainty is exact")]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_measurements_are_a_distribution_with_its_mean() {
        for (n, c, p) in [
            (10, 3, 0.3),
            (10, 0, 0.05),
            (5, 4, 0.9),
            (5, 5, 0.9),
            (7, 2, 1.0),
        ] {
            let plan = Plan { n, c };
            let chances: Vec<f64> = (0..=n).map(|m| plan.ended_at(m, p)).collect();
            let sum: f64 = chances.iter().sum();
            assert!((sum - 1.0).abs() < 1e-13, "{plan:?}: {sum}");
            let mean: f64 = (0..=n)
                .zip(&chances)
                .map(|(m, chance)| f64::from(m) * chance)
                .sum();
            assert!(
                (mean - plan.measurements(p)).abs() < 1e-12,
                "{plan:?}: {mean}"
            );
            let failed: f64 = (0..=n).map(|m| plan.failed_at(m, p)).sum();
            assert!(
                (failed - plan.failed(p)).abs() < 1e-13,
                "{plan:?}: {failed}"
            );
        }
    }

    #[test]
    fn what_is_caught_with_a_power_fails_with_that_probability() {
        let plan = Plan { n: 10, c: 3 };
        let p = plan.caught(0.8).expect("it can fail");
        assert!((plan.failed(p) - 0.8).abs() < 1e-13);
        assert_eq!(Plan { n: 3, c: 3 }.caught(0.8), None);
        assert_eq!(plan.caught(1.0), None);
    }

    #[test]
    fn a_plan_that_cannot_fail_takes_all_its_measurements() {
        let plan = Plan { n: 4, c: u32::MAX };
        let operation = plan.operation(0.7).expect("a probability");
        assert_eq!((operation.accepted, operation.failed), (1.0, 0.0));
        assert_eq!(operation.measurements, 4.0);
        assert_eq!(operation.measurements_when_failed, None);
    }

    #[test]
    fn nonsense_gives_no_number() {
        let plan = Plan { n: 4, c: 1 };
        assert!(plan.accepted(f64::NAN).is_nan() && plan.measurements(2.0).is_nan());
        assert!(plan.failed_at(9, -1.0).is_nan());
        assert_eq!(plan.operation(f64::NAN), None);
        assert_eq!(plan.failed_at(0, 0.5), 0.0);
    }

    #[test]
    fn impossible_risks_have_no_plan() {
        let point = |p, accepted| RiskPoint { p, accepted };
        assert_eq!(Plan::smallest(point(0.2, 0.9), point(0.1, 0.1), 1000), None);
        assert_eq!(
            Plan::smallest(point(0.1, 0.9), point(0.2, 0.95), 1000),
            None
        );
        assert_eq!(
            Plan::smallest(point(0.1, 0.99), point(0.11, 0.01), 1000),
            None
        );
        assert_eq!(
            Plan::smallest(point(f64::NAN, 0.9), point(0.2, 0.1), 10),
            None
        );
        assert_eq!(Plan::smallest(point(0.01, 0.9), point(0.2, 0.1), 0), None);
    }
}
