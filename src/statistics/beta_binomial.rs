//! The beta-binomial law: how many of n trials succeed that succeed or fail together.

use std::f64::consts::TAU;

use super::binomial::Binomial;
use super::counts::CountLaw;
use super::stirling::{deviance, stirling_error};
use super::{is_probability, whole};

/// The most trials of a [`BetaBinomial`]: a sum or a table may have to visit every number up to there.
pub const CORRELATED_TRIALS_MAX: u32 = 10_000_000;

/// From this sum of its parameters on the law differs from the binomial one by less than can be computed.
const INDEPENDENT_FROM: f64 = 1e30;

/// Below this a probability is none: no number of trials makes its successes likely.
const PROBABILITY_MIN: f64 = 1e-280;

/// The law of the successes of `n` trials of which any two have the correlation rho.
///
/// The probability of success is drawn from Beta(p s, (1 - p) s) with s = (1 - rho) / rho, and then holds for all
/// trials. The mean is n p as without correlation; the variance is n p (1 - p) (1 + (n - 1) rho). The relative error of
/// terms is about 1e-11, that of tails about 1e-9.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BetaBinomial {
    independent: Binomial,
    correlation: f64,
    shapes: Option<Shapes>,
}

/// The parameters of the beta law, where there is one.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shapes {
    success: f64,
    failure: f64,
    sum: f64,
}

impl BetaBinomial {
    /// The law of `n` trials with mean share `p` and correlation `rho`.
    ///
    /// `None` unless `p` is in 0..=1, 0 <= `rho` < 1 and `n` at most [`CORRELATED_TRIALS_MAX`]. A correlation of 0 is
    /// the binomial law.
    #[must_use]
    pub fn new(n: u32, p: f64, rho: f64) -> Option<Self> {
        if !is_probability(p) || !(0.0..1.0).contains(&rho) || CORRELATED_TRIALS_MAX < n {
            return None;
        }
        let p = if p < PROBABILITY_MIN { 0.0 } else { p };
        let sum = (1.0 - rho) / rho;
        let is_certain = p <= 0.0 || 1.0 <= p;
        let shapes = (sum < INDEPENDENT_FROM && !is_certain).then_some(Shapes {
            success: p * sum,
            failure: (1.0 - p) * sum,
            sum,
        });
        Some(Self {
            independent: Binomial::new(n, p)?,
            correlation: rho,
            shapes,
        })
    }

    /// P(X = k) where there is a beta law.
    #[expect(clippy::many_single_char_names, reason = "the letters of the formula")]
    fn mixed(&self, k: u32, shapes: Shapes) -> f64 {
        let Shapes {
            success: a,
            failure: b,
            sum: s,
        } = shapes;
        let (n, p) = (
            f64::from(self.independent.trials()),
            self.independent.probability(),
        );
        let (hits, misses) = (f64::from(k), n - f64::from(k));
        let (a_after, b_after, s_after) = (a + hits, b + misses, s + n);
        // Any x gives P(X = k) = Binomial(k; n, x) Beta(x; a, b) / Beta(x; a + k, b + n - k); this one makes the last
        // deviance vanish and the other four have the same excess, up to its sign.
        let excess = s * n.mul_add(p, -hits) / s_after;
        let (x, rest) = (a_after / s_after, b_after / s_after);
        let (trials, scale) = if k == 0 {
            (n * (-a / s_after).ln_1p(), 1.0)
        } else if k == self.independent.trials() {
            (n * (-b / s_after).ln_1p(), 1.0)
        } else {
            let errors = stirling_error(n) - stirling_error(hits) - stirling_error(misses);
            let deviances = deviance(hits, n * x, -excess) + deviance(misses, n * rest, excess);
            (errors - deviances, n / (TAU * hits * misses))
        };
        let before = stirling_error(s) - stirling_error(a) - stirling_error(b);
        let after = stirling_error(s_after) - stirling_error(a_after) - stirling_error(b_after);
        let deviances = deviance(a, s * x, excess) + deviance(b, s * rest, -excess);
        let scale = scale * (a / a_after) * (b / b_after) * (s_after / s);
        (trials + before - after - deviances).exp() * scale.sqrt()
    }
}

impl CountLaw for BetaBinomial {
    fn last(&self) -> u32 {
        self.independent.trials()
    }

    fn mean(&self) -> f64 {
        self.independent.mean()
    }

    fn variance(&self) -> f64 {
        let pairs = f64::from(self.last().saturating_sub(1));
        self.independent.variance() * pairs.mul_add(self.correlation, 1.0)
    }

    fn pmf(&self, k: u32) -> f64 {
        match self.shapes {
            _ if self.last() < k => 0.0,
            _ if self.last() == 0 => 1.0,
            Some(shapes) => self.mixed(k, shapes),
            None => self.independent.pmf(k),
        }
    }

    fn ratio(&self, k: u32) -> f64 {
        let Some(shapes) = self.shapes else {
            return self.independent.ratio(k);
        };
        let (hits, misses) = (f64::from(k), f64::from(self.last() - k));
        (misses / (hits + 1.0)) * ((shapes.success + hits) / (shapes.failure + (misses - 1.0)))
    }

    fn is_log_concave(&self) -> bool {
        self.shapes
            .is_none_or(|shapes| 1.0 <= shapes.success && 1.0 <= shapes.failure)
    }

    fn anchor(&self) -> u32 {
        match self.shapes {
            None => self.independent.anchor(),
            Some(shapes) if shapes.success < 1.0 && 1.0 <= shapes.failure => 0,
            Some(shapes) if 1.0 <= shapes.success && shapes.failure < 1.0 => self.last(),
            Some(_) => u32::try_from(whole(self.mean()))
                .unwrap_or(u32::MAX)
                .min(self.last()),
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "certainty is exact")]
mod tests {
    use super::super::counts::mean_by_terms;
    use super::*;

    fn law(n: u32, p: f64, rho: f64) -> BetaBinomial {
        BetaBinomial::new(n, p, rho).expect("a law")
    }

    #[test]
    fn equal_shapes_of_one_make_all_counts_alike() {
        // Beta(1, 1): s = 2, rho = 1 / 3.
        let law = law(9, 0.5, 1.0 / 3.0);
        for k in 0..=9 {
            assert!((law.pmf(k) - 0.1).abs() < 1e-15, "{}", law.pmf(k));
            assert!((law.cdf(k) - f64::from(k + 1) / 10.0).abs() < 1e-14);
        }
    }

    #[test]
    fn the_terms_sum_up_to_one_and_have_the_mean_and_the_variance_of_the_law() {
        for (n, p, rho) in [
            (1, 0.3, 0.5),
            (40, 0.02, 0.1),
            (40, 0.5, 0.9),
            (40, 0.97, 1e-6),
            (300, 0.2, 0.01),
            (40, 0.3, 1.0 - 1e-12),
        ] {
            let law = law(n, p, rho);
            let sum: f64 = (0..=n).map(|k| law.pmf(k)).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{law:?}: {sum}");
            let mean = mean_by_terms(&law);
            assert!((mean - law.mean()).abs() < 1e-11, "{law:?}: {mean}");
            let square = |k: u32| (f64::from(k) - mean).powi(2) * law.pmf(k);
            let variance: f64 = (0..=n).map(square).sum();
            assert!((variance / law.variance() - 1.0).abs() < 1e-10, "{law:?}");
        }
    }

    #[test]
    fn without_correlation_it_is_the_binomial_law() {
        let independent = Binomial::new(50, 0.1).expect("a law");
        for rho in [0.0, 1e-300, 1e-29, 1e-16] {
            let law = law(50, 0.1, rho);
            for k in [0, 1, 5, 30, 50] {
                let relative = law.pmf(k) / independent.pmf(k) - 1.0;
                assert!(relative.abs() < 1e-11, "{rho:e} at {k}: {relative:e}");
            }
        }
    }

    #[test]
    fn ratios_lead_from_term_to_term_and_sums_to_the_distribution() {
        for (n, p, rho) in [(30, 0.2, 0.3), (30, 0.01, 0.5), (30, 0.99, 0.001)] {
            let law = law(n, p, rho);
            let mut sum = 0.0;
            for k in 0..n {
                sum += law.pmf(k);
                let next = law.pmf(k) * law.ratio(k);
                assert!((next / law.pmf(k + 1) - 1.0).abs() < 1e-11, "{law:?}, {k}");
                assert!((law.cdf(k) - sum).abs() < 1e-13, "{law:?}, {k}");
                assert!(
                    (law.survival(k) - (1.0 - sum)).abs() < 1e-13,
                    "{law:?}, {k}"
                );
            }
        }
    }

    #[test]
    fn certainty_stays_certain() {
        assert_eq!(law(7, 0.0, 0.5).pmf(0), 1.0);
        assert_eq!(law(7, 1.0, 0.5).pmf(7), 1.0);
        assert_eq!(law(7, 1e-300, 0.5).cdf(0), 1.0);
        assert_eq!(law(0, 0.3, 0.5).pmf(0), 1.0);
    }

    #[test]
    fn parameters_outside_of_the_domain_have_no_law() {
        for (p, rho) in [(0.5, 1.0), (0.5, -0.1), (0.5, f64::NAN), (1.5, 0.1)] {
            assert_eq!(BetaBinomial::new(5, p, rho), None);
        }
        assert_eq!(BetaBinomial::new(CORRELATED_TRIALS_MAX + 1, 0.5, 0.1), None);
    }
}
