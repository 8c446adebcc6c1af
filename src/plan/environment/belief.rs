//! What is believed about a release that nobody knows yet: laws instead of numbers.
//!
//! Knows: the law, how far it may reach, and what is expected of it. Refuses to know runs and their chance ([`crate::world::Release`]).
//! Simplifies: different things are independent of each other; what is drawn beyond the possible counts as the end of the possible.

use serde::{Deserialize, Serialize};

use crate::curve::Curve;
use crate::law::Law;

/// Of a law that reaches beyond the possible: the share of draws that may do so at most.
pub const BEYOND_MAX: f64 = 1e-3;

/// Shares at which a law is looked at that is cut off.
const STEPS: u32 = 10_000;

/// Something that nobody knows before the release: it is drawn once for each run.
#[derive(Clone, Debug, PartialEq)]
pub struct Belief {
    /// What it is about, as a scenario says it: `images.v2.errorRate`. The same name draws the same number.
    pub name: String,
    /// In what it is told.
    pub unit: Unit,
    law: Law,
    /// What is possible: both ends included.
    range: (f64, f64),
    /// The curve that is multiplied by what is drawn, where that is one.
    base: Option<Curve>,
}

/// In what something is told that was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Unit {
    /// A share of 0 to 1.
    Share,
    /// A number.
    Number,
    /// Seconds of time.
    Seconds,
}

/// What may be unknown of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// [`super::Health::errors`].
    ErrorRate,
    /// [`super::Health::latency_factor`].
    LatencyFactor,
    /// [`super::Health::capacity`].
    Capacity,
    /// [`super::Image::crash_after`].
    CrashAfter,
}

/// What else may be unknown. Faults are counted as in [`super::Environment::faults`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// [`super::Traffic::rps`].
    Rps,
    /// When a fault begins.
    FaultFrom(usize),
    /// Which share of requests it hits.
    FaultRate(usize),
    /// How many times as long requests take.
    FaultFactor(usize),
}

/// What a law would draw that cannot be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beyond {
    /// In which share of all runs.
    pub share: f64,
    /// Whether it is too large; otherwise too small.
    pub is_above: bool,
}

impl Aspect {
    /// The field of a scenario.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::ErrorRate => "errorRate",
            Self::LatencyFactor => "latencyFactor",
            Self::Capacity => "capacity",
            Self::CrashAfter => "crashAfter",
        }
    }
}

impl Belief {
    /// A belief in a law of what lies in `range`.
    ///
    /// # Errors
    ///
    /// If more than [`BEYOND_MAX`] of the draws on one side would lie beyond the range. Below 0 there is nothing: laws are cut off there.
    pub fn new(name: String, unit: Unit, law: Law, range: (f64, f64)) -> Result<Self, Beyond> {
        let above = 1.0 - law.up_to(range.1);
        let below = if range.0 <= 0.0 {
            0.0
        } else {
            law.up_to(range.0)
        };
        let is_above = below <= above;
        let share = below.max(above);
        if BEYOND_MAX < share {
            return Err(Beyond { share, is_above });
        }
        Ok(Self {
            name,
            unit,
            law,
            range,
            base: None,
        })
    }

    /// The same for the factor of a curve.
    #[must_use]
    pub fn of_curve(mut self, base: Curve) -> Self {
        self.base = Some(base);
        self
    }

    /// The same under another name.
    #[must_use]
    pub fn named(&self, name: String) -> Self {
        Self {
            name,
            ..self.clone()
        }
    }

    /// The curve that is multiplied by what is drawn.
    #[must_use]
    pub fn base(&self) -> Option<&Curve> {
        self.base.as_ref()
    }

    /// Its draw by an even number of 0..1.
    #[must_use]
    pub fn drawn(&self, number: f64) -> f64 {
        self.cut(self.law.drawn(number))
    }

    /// The mean of what is drawn.
    #[must_use]
    pub fn expected(&self) -> f64 {
        self.cut(self.mean_of(&self.law))
    }

    fn cut(&self, value: f64) -> f64 {
        // No law draws what is no number; if one did, it would count as the least.
        let value = value.max(self.range.0).min(self.range.1);
        match self.unit {
            // Nobody tells times beyond a millisecond.
            Unit::Seconds => (value * 1e3).round() / 1e3,
            _ => value,
        }
    }

    fn mean_of(&self, law: &Law) -> f64 {
        match law {
            Law::Mixture(parts) => parts
                .iter()
                .map(|(weight, law)| weight * self.mean_of(law))
                .sum(),
            Law::Constant(time) => self.cut(time.seconds()),
            Law::Amount(amount) => self.cut(*amount),
            law if self.is_within(law) => law.mean(),
            law => {
                let shares = (0..STEPS).map(|step| (f64::from(step) + 0.5) / f64::from(STEPS));
                let sum: f64 = shares.map(|share| self.cut(law.quantile(share))).sum();
                sum / f64::from(STEPS)
            }
        }
    }

    /// Whether nothing of a law is cut off.
    fn is_within(&self, law: &Law) -> bool {
        law.up_to(self.range.0) <= 0.0 && 1.0 <= law.up_to(self.range.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{Beta, LogNormal, Normal};

    fn share(law: Law) -> Result<Belief, Beyond> {
        Belief::new(
            "images.v2.errorRate".to_owned(),
            Unit::Share,
            law,
            (0.0, 1.0),
        )
    }

    #[test]
    fn a_law_that_leaves_the_possible_too_often_is_refused() {
        let normal = |mean, deviation| Law::Normal(Normal::new(mean, deviation).expect("a law"));
        let beyond = share(normal(0.9, 0.1)).expect_err("one in six is above 1");
        assert!(beyond.is_above && (beyond.share - 0.158_655).abs() < 1e-6);
        assert!(share(normal(0.5, 0.15)).is_ok(), "one in 2,300");
        let capacity = |law| Belief::new(String::new(), Unit::Number, law, (1e-3, f64::MAX));
        let beyond = capacity(normal(2.0, 1.0)).expect_err("one in 44 is nothing");
        assert!(!beyond.is_above);
        assert!(capacity(normal(20.0, 2.0)).is_ok());
    }

    #[test]
    fn what_is_expected_of_a_law_that_is_cut_off_is_the_mean_of_what_is_drawn() {
        // Half of it is below 0: the mean of the rest is the deviation by the square root of 2 pi.
        let normal = share(Law::Normal(Normal::new(0.0, 0.01).expect("a law"))).expect("within");
        let want = 0.01 / std::f64::consts::TAU.sqrt();
        assert!((normal.expected() / want - 1.0).abs() < 1e-3);
        let beta = share(Law::Beta(Beta::new(1.0, 99.0).expect("a law"))).expect("within");
        assert!((beta.expected() - 0.01).abs() < 1e-15);
        let wide =
            share(Law::LogNormal(LogNormal::new(-4.6, 1.2).expect("a law"))).expect("within");
        let draws = (0..STEPS).map(|step| wide.drawn((f64::from(step) + 0.5) / f64::from(STEPS)));
        let mean = draws.sum::<f64>() / f64::from(STEPS);
        assert!((wide.expected() / mean - 1.0).abs() < 1e-9);
        assert!(wide.drawn(1.0 - 1e-9) <= 1.0);
    }

    #[test]
    fn parts_of_a_mixture_are_expected_exactly() {
        let beta = Law::Beta(Beta::new(2.0, 18.0).expect("a law"));
        let parts = vec![(0.95, Law::Amount(0.001)), (0.05, beta)];
        let belief = share(Law::Mixture(parts)).expect("within");
        assert!((belief.expected() - (0.95 * 0.001 + 0.05 * 0.1)).abs() < 1e-15);
    }
}
