//! Measurements made of requests: how often the error rate of so many requests breaks a threshold by chance.

use crate::statistics::binomial::Binomial;
use crate::statistics::counts::CountLaw;
use crate::statistics::interval::Interval;

/// A `successCondition` on the share of requests that fail or succeed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// `errors / requests <= t`.
    ErrorsAtMost(f64),
    /// `errors / requests < t`.
    ErrorsBelow(f64),
    /// `successes / requests >= t`.
    SuccessesAtLeast(f64),
    /// `successes / requests > t`.
    SuccessesAbove(f64),
}

impl Threshold {
    /// Whether the condition holds for `errors` of `requests`, with the division in floating point that a metrics
    /// provider does. Without requests the rate is NaN, and the condition does not hold.
    #[must_use]
    pub fn holds(&self, errors: u32, requests: u32) -> bool {
        let share = |count: u32| f64::from(count) / f64::from(requests);
        let successes = requests.saturating_sub(errors);
        match *self {
            Self::ErrorsAtMost(t) => share(errors) <= t,
            Self::ErrorsBelow(t) => share(errors) < t,
            Self::SuccessesAtLeast(t) => t <= share(successes),
            Self::SuccessesAbove(t) => t < share(successes),
        }
    }

    /// The most errors among `requests` for which the condition holds; `None` if it does not hold even without errors.
    #[must_use]
    pub fn errors_max(&self, requests: u32) -> Option<u32> {
        if !self.holds(0, requests) {
            return None;
        }
        let (mut holds, mut breaks) = (0, u64::from(requests) + 1);
        while 1 < breaks - u64::from(holds) {
            let middle = u32::try_from(u64::midpoint(u64::from(holds), breaks)).unwrap_or(requests);
            if self.holds(middle, requests) {
                holds = middle;
            } else {
                breaks = u64::from(middle);
            }
        }
        Some(holds)
    }

    /// The probability that a measurement over `requests` that fail with probability `e` each breaks the condition:
    /// P(Bin(requests, e) > [`Threshold::errors_max`]).
    ///
    /// NaN unless `e` is in 0..=1. Without requests, and with a threshold of NaN, it is 1.
    #[must_use]
    pub fn broken(&self, requests: u32, e: f64) -> f64 {
        let Some(law) = Binomial::new(requests, e) else {
            return f64::NAN;
        };
        self.errors_max(requests)
            .map_or(1.0, |most| law.survival(most))
    }

    /// [`Threshold::broken`] at both ends of an interval of the error rate, which is an interval of it, for it rises
    /// with the rate.
    #[must_use]
    pub fn broken_between(&self, requests: u32, rate: Interval) -> Interval {
        Interval {
            low: self.broken(requests, rate.low),
            high: self.broken(requests, rate.high),
            ..rate
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "certainty is exact")]
mod tests {
    use super::*;

    #[test]
    fn strict_conditions_differ_where_the_bound_is_whole() {
        for (requests, at_most, below) in [(20, 1, 0), (50, 2, 2), (100, 5, 4), (1000, 50, 49)] {
            assert_eq!(
                Threshold::ErrorsAtMost(0.05).errors_max(requests),
                Some(at_most)
            );
            assert_eq!(
                Threshold::ErrorsBelow(0.05).errors_max(requests),
                Some(below)
            );
            assert_eq!(
                Threshold::SuccessesAtLeast(0.95).errors_max(requests),
                Some(at_most)
            );
            assert_eq!(
                Threshold::SuccessesAbove(0.95).errors_max(requests),
                Some(below)
            );
        }
    }

    #[test]
    fn conditions_that_hold_never_or_always_are_certain() {
        assert_eq!(Threshold::ErrorsBelow(0.0).broken(10, 0.0), 1.0);
        assert_eq!(Threshold::ErrorsAtMost(1.0).broken(10, 1.0), 0.0);
        assert_eq!(Threshold::ErrorsAtMost(f64::NAN).broken(10, 0.1), 1.0);
        assert_eq!(Threshold::ErrorsAtMost(0.5).broken(0, 0.1), 1.0);
        assert!(Threshold::ErrorsAtMost(0.5).broken(10, f64::NAN).is_nan());
        assert_eq!(
            Threshold::ErrorsAtMost(2.0).errors_max(u32::MAX),
            Some(u32::MAX)
        );
    }
}
