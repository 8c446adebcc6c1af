//! The binomial law: how many of n independent trials succeed.

use std::f64::consts::TAU;

use super::counts::CountLaw;
use super::stirling::{deviance, stirling_error};
use super::{is_probability, real, whole};

/// The binomial law of `n` trials that succeed with probability `p` each.
///
/// P(X = k) = C(n, k) p^k (1 - p)^(n - k). The relative error of terms and tails is about 1e-11 up to n = 10^7 and 1e-9
/// at the largest n; a sum takes time in the order of the standard deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Binomial {
    n: u32,
    p: f64,
}

impl Binomial {
    /// The law of `n` trials; `None` unless `p` is in 0..=1.
    #[must_use]
    pub fn new(n: u32, p: f64) -> Option<Self> {
        is_probability(p).then_some(Self { n, p })
    }

    /// The number of trials.
    #[must_use]
    pub fn trials(&self) -> u32 {
        self.n
    }

    /// The probability of success of a trial, 0..=1.
    #[must_use]
    pub fn probability(&self) -> f64 {
        self.p
    }
}

impl CountLaw for Binomial {
    fn last(&self) -> u32 {
        self.n
    }

    fn mean(&self) -> f64 {
        f64::from(self.n) * self.p
    }

    fn variance(&self) -> f64 {
        self.mean() * (1.0 - self.p)
    }

    fn pmf(&self, k: u32) -> f64 {
        let (n, p) = (f64::from(self.n), self.p);
        if self.n < k {
            0.0
        } else if p <= 0.0 {
            f64::from(u8::from(k == 0))
        } else if 1.0 <= p {
            f64::from(u8::from(k == self.n))
        } else if k == 0 {
            (n * (-p).ln_1p()).exp()
        } else if k == self.n {
            p.powf(n)
        } else {
            let (hits, misses) = (f64::from(k), f64::from(self.n - k));
            let excess = (-n).mul_add(p, hits);
            let errors = stirling_error(n) - stirling_error(hits) - stirling_error(misses);
            let deviances =
                deviance(hits, n * p, excess) + deviance(misses, n * (1.0 - p), -excess);
            (errors - deviances).exp() * (n / (TAU * hits * misses)).sqrt()
        }
    }

    fn ratio(&self, k: u32) -> f64 {
        let (misses, next) = (f64::from(self.n - k), f64::from(k) + 1.0);
        misses * self.p / (next * (1.0 - self.p))
    }

    fn is_log_concave(&self) -> bool {
        true
    }

    fn anchor(&self) -> u32 {
        let mode = whole(real(u64::from(self.n) + 1) * self.p);
        u32::try_from(mode).unwrap_or(u32::MAX).min(self.n)
    }
}

/// Which side of a count a probability is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// P(X <= k), which falls with p.
    AtMost,
    /// P(X >= k), which rises with p.
    AtLeast,
}

/// The p at which the law of `n` trials has P(X <= k) or P(X >= k) = `share`: the inverse of the operating
/// characteristic, and the limits of Clopper and Pearson.
///
/// `None` unless 0 < `share` < 1, and where the probability does not depend on p: `k` of `n` or more at most, 0 or more
/// than `n` at least.
#[must_use]
pub fn probability_with(n: u32, side: Side, k: u32, share: f64) -> Option<f64> {
    let possible = match side {
        Side::AtMost => k < n,
        Side::AtLeast => 0 < k && k <= n,
    };
    if !(possible && 0.0 < share && share < 1.0) {
        return None;
    }
    let (trials, count) = (f64::from(n), f64::from(k));
    // The extremes have closed forms.
    if side == Side::AtMost && k == 0 {
        return Some(-(share.ln() / trials).exp_m1());
    }
    if side == Side::AtLeast && k == n {
        return Some((share.ln() / trials).exp());
    }
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    let mut p = count / trials;
    for _ in 0..200 {
        let law = Binomial { n, p };
        // The derivative of P(X >= k) is k P(X = k) / p, that of P(X <= k) is -(n - k) P(X = k) / (1 - p).
        let (found, slope) = match side {
            Side::AtLeast => (law.survival(k - 1), count * law.pmf(k) / p),
            Side::AtMost => (law.cdf(k), (count - trials) * law.pmf(k) / (1.0 - p)),
        };
        if (found < share) == (side == Side::AtLeast) {
            low = p;
        } else {
            high = p;
        }
        // Newton's step on the logarithm, within the bracket; else halving.
        let step = (share / found).ln() * found / slope;
        let newton = p + step;
        let next = if low < newton && newton < high {
            newton
        } else {
            f64::midpoint(low, high)
        };
        if (next - p).abs() <= p * f64::EPSILON {
            return Some(next);
        }
        p = next;
    }
    Some(p)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "certainty is exact")]
mod tests {
    use super::*;

    fn near(found: f64, wanted: f64, relative: f64) {
        assert!(
            (found - wanted).abs() <= relative * wanted.abs(),
            "{found:e} instead of {wanted:e}"
        );
    }

    #[test]
    fn the_terms_of_a_small_law_are_exact() {
        let law = Binomial::new(4, 0.5).expect("a law");
        for (k, sixteenths) in [1.0, 4.0, 6.0, 4.0, 1.0, 0.0].into_iter().enumerate() {
            let k = u32::try_from(k).expect("small");
            assert!((law.pmf(k) - sixteenths / 16.0).abs() < 1e-15);
        }
    }

    #[test]
    fn a_law_without_chance_has_all_its_mass_in_one_place() {
        for (p, place) in [(0.0, 0), (1.0, 3)] {
            let law = Binomial::new(3, p).expect("a law");
            for k in 0..4 {
                assert_eq!(law.pmf(k), f64::from(u8::from(k == place)));
                assert_eq!(law.cdf(k), f64::from(u8::from(place <= k)));
                assert_eq!(law.survival(k), 1.0 - law.cdf(k));
            }
            assert_eq!(law.quantile(0.5), place);
        }
    }

    #[test]
    fn no_trials_give_nothing() {
        let law = Binomial::new(0, 0.3).expect("a law");
        assert_eq!((law.pmf(0), law.cdf(0), law.survival(0)), (1.0, 1.0, 0.0));
        assert_eq!(law.quantile(0.9), 0);
    }

    #[test]
    fn what_is_no_probability_has_no_law() {
        assert!(
            [-0.1, 1.1, f64::NAN, f64::INFINITY]
                .into_iter()
                .all(|p| Binomial::new(5, p).is_none())
        );
    }

    #[test]
    fn a_quantile_is_the_smallest_number_that_reaches_its_share() {
        for (n, p) in [(1, 0.3), (10, 0.5), (1000, 0.01), (100_000, 0.4)] {
            let law = Binomial::new(n, p).expect("a law");
            for share in [1e-12, 0.01, 0.5, 0.9, 1.0 - 1e-12] {
                let k = law.quantile(share);
                assert!(share <= law.cdf(k), "{n} {p} {share}: {k}");
                assert!(k == 0 || law.cdf(k - 1) < share, "{n} {p} {share}: {k}");
            }
        }
    }

    #[test]
    fn the_probability_with_a_given_tail_has_that_tail() {
        for (n, k) in [(10, 3), (1000, 1), (1000, 900), (10_000_000, 1234)] {
            for share in [1e-12, 0.025, 0.5, 0.975] {
                let p = probability_with(n, Side::AtMost, k, share).expect("in the domain");
                let law = Binomial::new(n, p).expect("a law");
                near(law.cdf(k), share, 1e-9);
                let p = probability_with(n, Side::AtLeast, k, share).expect("in the domain");
                let law = Binomial::new(n, p).expect("a law");
                near(law.survival(k - 1), share, 1e-9);
            }
        }
    }

    #[test]
    fn tails_that_do_not_depend_on_the_probability_have_no_inverse() {
        assert_eq!(probability_with(5, Side::AtMost, 5, 0.5), None);
        assert_eq!(probability_with(5, Side::AtLeast, 0, 0.5), None);
        assert_eq!(probability_with(5, Side::AtLeast, 6, 0.5), None);
        assert_eq!(probability_with(5, Side::AtLeast, 2, f64::NAN), None);
        assert_eq!(probability_with(0, Side::AtMost, 0, 0.5), None);
    }
}
