//! What all laws of a count have in common: sums of their terms.
//!
//! Knows: how to sum terms from the large ones to the small ones, so that tails keep their relative accuracy.
//! Refuses to know where the terms come from ([`super::binomial`], [`super::beta_binomial`]).

use super::interval::normal_quantile;
use super::whole;

/// Beside a sum, terms below this share of it are gone for good.
const NEGLIGIBLE: f64 = 1e-20;

/// A law of a whole number between 0 and [`CountLaw::last`].
pub trait CountLaw {
    /// The largest number that it can give.
    fn last(&self) -> u32;

    /// The mean.
    fn mean(&self) -> f64;

    /// The variance.
    fn variance(&self) -> f64;

    /// P(X = k); 0 above the last number.
    fn pmf(&self, k: u32) -> f64;

    /// P(X = k + 1) / P(X = k), for k below the last number.
    fn ratio(&self, k: u32) -> f64;

    /// Whether the terms have one summit and fall ever faster on both sides of it.
    fn is_log_concave(&self) -> bool;

    /// A number that is not rare: where a walk along the terms begins.
    fn anchor(&self) -> u32;

    /// P(X <= k).
    fn cdf(&self, k: u32) -> f64 {
        if self.last() <= k {
            1.0
        } else if f64::from(k) < self.mean() {
            sum_down(self, k).min(1.0)
        } else {
            (1.0 - sum_up(self, k + 1)).max(0.0)
        }
    }

    /// P(X > k).
    fn survival(&self, k: u32) -> f64 {
        if self.last() <= k {
            0.0
        } else if f64::from(k) + 1.0 <= self.mean() {
            (1.0 - sum_down(self, k)).max(0.0)
        } else {
            sum_up(self, k + 1).min(1.0)
        }
    }

    /// The smallest k with P(X <= k) >= `share`, by [`CountLaw::cdf`]; 0 for a share of 0 and below and for NaN, the
    /// last number for a share of 1 and above.
    fn quantile(&self, share: f64) -> u32 {
        if share.is_nan() || share <= 0.0 {
            return 0;
        }
        if 1.0 <= share {
            return self.last();
        }
        let deviation = self.variance().sqrt();
        let guess = self.mean() + normal_quantile(share) * deviation;
        let guess = u32::try_from(whole(guess))
            .unwrap_or(u32::MAX)
            .min(self.last());
        let step = u32::try_from(whole(deviation / 8.0))
            .unwrap_or(u32::MAX)
            .max(1);
        search(0, self.last(), guess, step, |k| share <= self.cdf(k))
    }
}

/// The smallest number of `low..=high` that passes, where all after one that passes do; `high` if none below does.
///
/// Looks around `guess` in steps that double, so that a good guess costs few questions.
pub(super) fn search(
    low: u32,
    high: u32,
    guess: u32,
    step: u32,
    passes: impl Fn(u32) -> bool,
) -> u32 {
    let (mut low, mut high) = (low, high);
    let mut step = step.max(1);
    let mut probe = guess;
    while low < high {
        // Whether the probe stands at a bracket's end decides between galloping and halving.
        let at = probe.clamp(low, high - 1);
        if passes(at) {
            high = at;
            probe = at.saturating_sub(step);
        } else {
            low = at + 1;
            probe = at.saturating_add(step);
        }
        step = step.saturating_mul(2);
        if probe < low || high <= probe {
            probe = low + (high - low) / 2;
        }
    }
    high
}

/// The sum of the terms from 0 to `k`.
fn sum_down<L: CountLaw + ?Sized>(law: &L, k: u32) -> f64 {
    let may_stop = law.is_log_concave();
    let mut term = law.pmf(k);
    let mut sum = term;
    for k in (0..k).rev() {
        if may_stop && term <= sum * NEGLIGIBLE {
            break;
        }
        term /= law.ratio(k);
        sum += term;
    }
    sum
}

/// The sum of the terms from `k` to the last.
fn sum_up<L: CountLaw + ?Sized>(law: &L, k: u32) -> f64 {
    let may_stop = law.is_log_concave();
    let mut term = law.pmf(k);
    let mut sum = term;
    for k in k..law.last() {
        if may_stop && term <= sum * NEGLIGIBLE {
            break;
        }
        term *= law.ratio(k);
        sum += term;
    }
    sum
}

/// The mean of a law by its terms; a check for tests.
#[cfg(test)]
pub(super) fn mean_by_terms<L: CountLaw>(law: &L) -> f64 {
    (0..=law.last()).map(|k| f64::from(k) * law.pmf(k)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_finds_the_first_that_passes_from_any_guess() {
        for first in [0, 1, 7, 99, 100] {
            for guess in [0, 3, 50, 100, u32::MAX] {
                assert_eq!(search(0, 100, guess, 1, |k| first <= k), first);
            }
        }
        assert_eq!(search(0, 100, 5, 3, |_| false), 100);
    }
}
