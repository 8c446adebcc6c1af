//! Laws of random times and amounts, by the names and parameters of `rand_distr`.
//!
//! Knows: mean, distribution function and quantiles of each law. Refuses to know generators: a law is drawn through its
//! quantile function, so that one number between 0 and 1 is one draw.
//! Simplifies: what is below zero counts as zero. A law of amounts that are no times has numbers where others have seconds.

use statrs::distribution::{
    Beta, Continuous, ContinuousCDF, Exp, Gamma, LogNormal, Normal, Pareto, Uniform, Weibull,
};
use statrs::statistics::Distribution;

use crate::time::Delta;

/// A law of a time, or of an amount.
#[derive(Clone, Debug, PartialEq)]
pub enum Law {
    /// Always the same.
    Constant(Delta),
    /// Always the same amount, 0 or more.
    Amount(f64),
    /// Between two times, all alike. Seconds.
    Uniform(Uniform),
    /// Normal. Seconds.
    Normal(Normal),
    /// The logarithm of the seconds is normal.
    LogNormal(LogNormal),
    /// Exponential. Per second.
    Exp(Exp),
    /// Gamma. Shape; per second.
    Gamma(Gamma),
    /// Weibull. Seconds.
    Weibull(Weibull),
    /// Pareto. Seconds.
    Pareto(Pareto),
    /// Beta: a share of 0 to 1.
    Beta(Beta),
    /// The logarithm of the seconds is uniform.
    LogUniform(LogUniform),
    /// Some of this, some of that: laws with weights that sum up to 1. No mixture contains another.
    Mixture(Vec<(f64, Law)>),
}

/// A law whose logarithm is uniform: all orders of magnitude between two ends alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogUniform {
    low: f64,
    high: f64,
}

impl LogUniform {
    /// The law between two ends; `None` unless 0 < `low` < `high`.
    #[must_use]
    pub fn new(low: f64, high: f64) -> Option<Self> {
        (0.0 < low && low < high && high.is_finite()).then_some(Self { low, high })
    }

    /// The logarithm of the ratio of the ends.
    fn width(self) -> f64 {
        (self.high / self.low).ln()
    }

    fn up_to(self, value: f64) -> f64 {
        ((value / self.low).ln() / self.width()).clamp(0.0, 1.0)
    }

    fn quantile(self, share: f64) -> f64 {
        (self.low * (self.width() * share).exp()).min(self.high)
    }

    fn mean(self) -> f64 {
        (self.high - self.low) / self.width()
    }
}

impl Default for Law {
    fn default() -> Self {
        Self::Constant(Delta::ZERO)
    }
}

impl From<Delta> for Law {
    fn from(time: Delta) -> Self {
        Self::Constant(time)
    }
}

/// Steps of the bisection for quantiles of mixtures: beyond the precision of a nanosecond.
const BISECTIONS: u32 = 100;

impl Law {
    /// The law of times whose logarithm is normal around that of `median`; `None` unless the median is positive and `sigma` a positive number.
    #[must_use]
    pub fn log_normal(median: Delta, sigma: f64) -> Option<Self> {
        let seconds = Some(median.seconds()).filter(|seconds| 0.0 < *seconds)?;
        LogNormal::new(seconds.ln(), sigma)
            .ok()
            .map(Self::LogNormal)
    }

    /// The time of a law that knows no chance.
    #[must_use]
    pub fn as_constant(&self) -> Option<Delta> {
        match self {
            Self::Constant(time) => Some(*time),
            _ => None,
        }
    }

    /// The share of times up to `seconds`.
    #[must_use]
    pub fn up_to(&self, seconds: f64) -> f64 {
        if seconds < 0.0 {
            return 0.0;
        }
        match self {
            Self::Constant(time) => f64::from(u8::from(time.seconds() <= seconds)),
            Self::Amount(amount) => f64::from(u8::from(*amount <= seconds)),
            Self::Beta(law) => law.cdf(seconds),
            Self::LogUniform(law) => law.up_to(seconds),
            Self::Uniform(law) => law.cdf(seconds),
            Self::Normal(law) => law.cdf(seconds),
            Self::LogNormal(law) => law.cdf(seconds),
            Self::Exp(law) => law.cdf(seconds),
            Self::Gamma(law) => law.cdf(seconds),
            Self::Weibull(law) => law.cdf(seconds),
            Self::Pareto(law) => law.cdf(seconds),
            Self::Mixture(parts) => parts
                .iter()
                .map(|(weight, law)| weight * law.up_to(seconds))
                .sum(),
        }
    }

    /// The time in seconds that the share `share` of all does not exceed; `share` in 0..1.
    #[must_use]
    pub fn quantile(&self, share: f64) -> f64 {
        let share = share.clamp(1e-12, 1.0 - 1e-12);
        let seconds = match self {
            Self::Constant(time) => time.seconds(),
            Self::Amount(amount) => *amount,
            Self::Beta(law) => beta_quantile(law, share),
            Self::LogUniform(law) => law.quantile(share),
            Self::Uniform(law) => law.inverse_cdf(share),
            Self::Normal(law) => law.inverse_cdf(share),
            Self::LogNormal(law) => law.inverse_cdf(share),
            Self::Exp(law) => law.inverse_cdf(share),
            Self::Gamma(law) => law.inverse_cdf(share),
            Self::Weibull(law) => law.inverse_cdf(share),
            Self::Pareto(law) => law.inverse_cdf(share),
            Self::Mixture(parts) => self.bisect(parts, share),
        };
        seconds.max(0.0)
    }

    /// The mean in seconds; of a law that has none, the mean of its times up to the largest but one in ten thousand.
    #[must_use]
    pub fn mean(&self) -> f64 {
        let mean = match self {
            Self::Constant(time) => Some(time.seconds()),
            Self::Amount(amount) => Some(*amount),
            Self::Beta(law) => law.mean(),
            Self::LogUniform(law) => Some(law.mean()),
            Self::Uniform(law) => law.mean(),
            Self::Normal(law) => law.mean(),
            Self::LogNormal(law) => law.mean(),
            Self::Exp(law) => law.mean(),
            Self::Gamma(law) => law.mean(),
            Self::Weibull(law) => law.mean(),
            Self::Pareto(law) => law.mean(),
            Self::Mixture(parts) => {
                Some(parts.iter().map(|(weight, law)| weight * law.mean()).sum())
            }
        };
        let finite = mean.filter(|mean| mean.is_finite());
        let cut = || {
            let shares = (0..10_000).map(|part| (f64::from(part) + 0.5) / 1e4);
            shares.map(|share| self.quantile(share)).sum::<f64>() / 1e4
        };
        finite.unwrap_or_else(cut).max(0.0)
    }

    /// A draw by an even number of 0..1: of a mixture, the number chooses the part, and what is left of it draws from that. Cheaper than a
    /// quantile of a mixture, and of the same law.
    #[must_use]
    pub fn drawn(&self, number: f64) -> f64 {
        let Self::Mixture(parts) = self else {
            return self.quantile(number);
        };
        let mut left = number;
        for (weight, law) in parts {
            if left < *weight {
                return law.quantile(left / weight);
            }
            left -= weight;
        }
        // The weights sum up to 1 but for rounding.
        parts.last().map_or(0.0, |(_, law)| law.quantile(1.0))
    }

    fn bisect(&self, parts: &[(f64, Law)], share: f64) -> f64 {
        let ends = parts.iter().map(|(_, law)| law.quantile(share));
        let (mut low, mut high) = ends.fold((f64::INFINITY, 0.0_f64), |(low, high), end| {
            (low.min(end), high.max(end))
        });
        for _ in 0..BISECTIONS {
            let middle = f64::midpoint(low, high);
            if self.up_to(middle) < share {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }

    /// The time at a quantile; at most a century, so that sums stay in range.
    #[must_use]
    pub fn time(&self, share: f64) -> Delta {
        const CENTURY: f64 = 100.0 * 365.25 * 86_400.0;
        match self {
            Self::Constant(time) => *time,
            _ => Delta::of_seconds(self.quantile(share).min(CENTURY)),
        }
    }
}

/// The quantile of a beta law: steps of Newton, and halves of what is left where they would leave it.
fn beta_quantile(law: &Beta, share: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    let mut value = law.mean().unwrap_or(0.5);
    for _ in 0..BISECTIONS {
        let excess = law.cdf(value) - share;
        if excess < 0.0 {
            low = value;
        } else {
            high = value;
        }
        let newton = value - excess / law.pdf(value);
        let next = if low < newton && newton < high {
            newton
        } else {
            f64::midpoint(low, high)
        };
        if (next - value).abs() <= 1e-14 * value {
            return next;
        }
        value = next;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laws() -> Vec<Law> {
        let normal = Law::Normal(Normal::new(10.0, 2.0).expect("a law"));
        let exp = Law::Exp(Exp::new(0.1).expect("a law"));
        vec![
            Law::Uniform(Uniform::new(2.0, 6.0).expect("a law")),
            Law::LogNormal(LogNormal::new(1.0, 0.5).expect("a law")),
            Law::Gamma(Gamma::new(2.0, 0.5).expect("a law")),
            Law::Weibull(Weibull::new(1.5, 3.0).expect("a law")),
            Law::Pareto(Pareto::new(1.0, 3.0).expect("a law")),
            Law::Beta(Beta::new(2.0, 198.0).expect("a law")),
            Law::Beta(Beta::new(0.5, 50.0).expect("a law")),
            Law::LogUniform(LogUniform::new(0.001, 0.1).expect("a law")),
            normal.clone(),
            exp.clone(),
            Law::Mixture(vec![(0.3, normal), (0.7, exp)]),
        ]
    }

    #[test]
    fn a_quantile_is_the_inverse_of_the_distribution() {
        for law in laws() {
            for share in [0.05, 0.5, 0.95, 0.999] {
                let back = law.up_to(law.quantile(share));
                assert!((back - share).abs() < 1e-6, "{law:?} at {share}: {back}");
            }
        }
    }

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    fn draws_of_a_mixture_follow_its_distribution() {
        let beta = Law::Beta(Beta::new(2.0, 18.0).expect("a law"));
        let law = Law::Mixture(vec![
            (0.25, beta),
            (0.5, Law::Amount(0.3)),
            (0.25, Law::Amount(0.9)),
        ]);
        let draws: Vec<f64> = (0..10_000)
            .map(|index| law.drawn((f64::from(index) + 0.5) / 1e4))
            .collect();
        for value in [0.05, 0.1, 0.2, 0.31, 0.95] {
            let share = draws.iter().filter(|draw| **draw <= value).count() as f64 / 1e4;
            assert!((share - law.up_to(value)).abs() <= 1e-4, "{value}: {share}");
        }
        let mean = draws.iter().sum::<f64>() / 1e4;
        assert!((mean - law.mean()).abs() < 1e-4, "{mean}");
        assert!((law.mean() - 0.4).abs() < 1e-12);
    }

    #[test]
    fn sure_beta_laws_are_nearly_normal() {
        for (alpha, beta) in [(1e4, 9.9e5), (5e5, 5e5), (1e3, 1e6), (1e5, 1e2)] {
            let law = Beta::new(alpha, beta).expect("a law");
            let deviation = law.std_dev().expect("a deviation");
            let mean = law.mean().expect("a mean");
            let law = Law::Beta(law);
            for (share, deviations) in [(0.05, -1.644_854), (0.5, 0.0), (0.95, 1.644_854)] {
                let quantile = (law.quantile(share) - mean) / deviation;
                // The skewness of the last one is a fifth.
                assert!(
                    (quantile - deviations).abs() < 0.1,
                    "{alpha}, {beta}: {quantile}"
                );
            }
        }
    }

    #[test]
    fn quantiles_of_extreme_beta_laws_are_found() {
        for (alpha, beta) in [
            (1e-5, 1.0),
            (1e-3, 1e6),
            (1.0, 1e6),
            (1e6, 1e-3),
            (0.5, 0.5),
        ] {
            let law = Law::Beta(Beta::new(alpha, beta).expect("a law"));
            let quantiles = [1e-9, 0.1, 0.5, 0.9, 1.0].map(|share| law.quantile(share));
            assert!(quantiles.is_sorted() && quantiles.iter().all(|one| (0.0..=1.0).contains(one)));
        }
        // P(X > x) = (1 - x)^n.
        let law = Law::Beta(Beta::new(1.0, 1e6).expect("a law"));
        let want = -(0.5_f64.ln() / 1e6).exp_m1();
        assert!((law.quantile(0.5) / want - 1.0).abs() < 1e-9);
    }

    #[test]
    fn quantiles_rise() {
        for law in laws() {
            let times = [0.1, 0.2, 0.5, 0.9].map(|share| law.time(share));
            assert!(times.is_sorted(), "{law:?}: {times:?}");
        }
    }

    #[test]
    fn a_constant_is_exact() {
        let law = Law::from(Delta::from_millis(1500));
        assert_eq!(law.time(0.3), Delta::from_millis(1500));
        assert_eq!((law.up_to(1.4), law.up_to(1.5)), (0.0, 1.0));
    }
}
