//! Stopping when the estimate is precise enough, without spoiling its confidence.
//!
//! Whoever looks at an interval after 100, 200, 400, ... runs and stops when it pleases him has had several chances to
//! be wrong. An interval that holds the truth with 95 % at each look alone holds it with less at the look at which one
//! stops, for its width depends on the estimate that it is to judge. Stopping after 25, 50, ..., 1,600 runs as soon as
//! the exact interval is within +- 0.02 holds a share of 0.037 with 92.8 %; a rule that looks at the result instead of
//! the width can do far worse. Here the error is shared out among the looks (Bonferroni): with J looks, each uses the
//! confidence 1 - (1 - confidence) / J. All J intervals together then hold the truth with the confidence at least,
//! hence so does the one at which any rule stops. Looks at doubled numbers of runs keep J small: from 100 to 100,000
//! runs there are 11, and the interval is about 1.45 times as wide as that of runs planned in advance.

use super::interval::{Interval, clopper_pearson};
use super::moments::Moments;

/// The looks at growing data.
#[derive(Clone, Debug, PartialEq)]
pub struct Looks {
    sizes: Vec<u64>,
    confidence: f64,
}

/// What a look shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight {
    /// The interval, with the confidence of all looks together.
    pub interval: Interval,
    /// Whether to go on.
    pub next: Next,
}

/// Whether more runs are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The interval is as short as was asked for.
    Enough,
    /// This was the last look.
    Exhausted,
    /// Go on up to so many runs in all.
    Runs(u64),
}

impl Looks {
    /// Looks after `first` runs, after twice as many and so on, and after `last`.
    ///
    /// `None` unless 1 <= `first` <= `last` and 0 < `confidence` < 1.
    #[must_use]
    pub fn doubling(first: u64, last: u64, confidence: f64) -> Option<Self> {
        let is_valid = 1 <= first && first <= last && 0.0 < confidence && confidence < 1.0;
        if !is_valid {
            return None;
        }
        let doubled = std::iter::successors(Some(first), |size| size.checked_mul(2));
        let mut sizes: Vec<u64> = doubled.take_while(|size| *size < last).collect();
        sizes.push(last);
        Some(Self { sizes, confidence })
    }

    /// After how many runs one looks, rising.
    #[must_use]
    pub fn sizes(&self) -> &[u64] {
        &self.sizes
    }

    /// The confidence that a look of its own must have, so that all together have that which was asked for.
    #[must_use]
    pub fn confidence_of_each(&self) -> f64 {
        let looks = u32::try_from(self.sizes.len()).unwrap_or(u32::MAX);
        1.0 - (1.0 - self.confidence) / f64::from(looks)
    }

    /// What the look number `look` (from 0) shows of a share: the exact interval, and whether it is at most +-
    /// `half_width`.
    ///
    /// `None` if there is no such look, and where [`clopper_pearson`] has no interval for `successes` of that look's
    /// runs.
    #[must_use]
    pub fn at_share(&self, look: usize, successes: u64, half_width: f64) -> Option<Sight> {
        let trials = *self.sizes.get(look)?;
        let interval = clopper_pearson(successes, trials, self.confidence_of_each())?;
        Some(self.sight(look, interval, half_width))
    }

    /// What the look number `look` (from 0) shows of a mean, or of a difference of means of paired runs.
    ///
    /// The interval is only as good as [`Moments::mean_interval`]. `None` if there is no such look or no interval.
    #[must_use]
    pub fn at_mean(&self, look: usize, moments: &Moments, half_width: f64) -> Option<Sight> {
        self.sizes.get(look)?;
        let interval = moments.mean_interval(self.confidence_of_each())?;
        Some(self.sight(look, interval, half_width))
    }

    fn sight(&self, look: usize, interval: Interval, half_width: f64) -> Sight {
        let interval = Interval {
            confidence: self.confidence,
            ..interval
        };
        let next = if interval.half_width() <= half_width {
            Next::Enough
        } else {
            self.sizes
                .get(look + 1)
                .map_or(Next::Exhausted, |size| Next::Runs(*size))
        };
        Sight { interval, next }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "it is the same computation")]
mod tests {
    use super::*;

    #[test]
    fn looks_double_and_end_with_the_last() {
        let sizes = |first, last| Looks::doubling(first, last, 0.95).map(|looks| looks.sizes);
        assert_eq!(sizes(100, 1000), Some(vec![100, 200, 400, 800, 1000]));
        assert_eq!(sizes(100, 400), Some(vec![100, 200, 400]));
        assert_eq!(sizes(5, 5), Some(vec![5]));
        assert_eq!(sizes(1, u64::MAX).map(|sizes| sizes.len()), Some(65));
        assert_eq!(sizes(0, 5), None);
        assert_eq!(sizes(6, 5), None);
        assert_eq!(Looks::doubling(1, 5, f64::NAN), None);
    }

    #[test]
    fn a_look_goes_on_until_the_interval_is_short_enough() {
        let looks = Looks::doubling(100, 400, 0.94).expect("valid");
        assert!((looks.confidence_of_each() - 0.98).abs() < 1e-15);
        let next = |look, successes| {
            looks
                .at_share(look, successes, 0.03)
                .map(|sight| sight.next)
        };
        assert_eq!(next(0, 50), Some(Next::Runs(200)));
        assert_eq!(next(0, 0), Some(Next::Enough));
        assert_eq!(next(2, 200), Some(Next::Exhausted));
        assert_eq!(next(3, 200), None);
        assert_eq!(next(0, 101), None);
    }

    #[test]
    fn a_look_states_the_confidence_of_all_looks() {
        let looks = Looks::doubling(100, 400, 0.94).expect("valid");
        let sight = looks.at_share(1, 20, 0.1).expect("valid");
        let alone = clopper_pearson(20, 200, looks.confidence_of_each()).expect("valid");
        assert_eq!(
            (sight.interval.low, sight.interval.high),
            (alone.low, alone.high)
        );
        assert_eq!(sight.interval.confidence, 0.94);
    }
}
