//! Intervals that hold an unknown share, difference or mean with a stated confidence.
//!
//! Knows: the exact interval of a proportion and the one by score, and the difference of two proportions of paired
//! runs. The intervals of means are in [`super::moments`], those of quantiles in [`super::histogram`], those for
//! several looks at growing data in [`super::looks`].

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::binomial::{Side, probability_with};
use super::real;

/// A range that holds what is asked for with some confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The smallest value that is not ruled out; minus infinity where nothing bounds it.
    pub low: f64,
    /// The largest value that is not ruled out; infinity where nothing bounds it.
    pub high: f64,
    /// How often such a range holds the true value, at least or (by score and of means) about: between 0 and 1, both
    /// excluded.
    pub confidence: f64,
}

impl Interval {
    /// Half the width: the precision of an estimate.
    #[must_use]
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// Whether `value` is in the interval, ends included.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// The exact interval of the probability behind `successes` of `trials` (Clopper and Pearson 1934).
///
/// Each limit is the probability under which a result at least so extreme has half of 1 - `confidence`; with no success
/// the low limit is 0, with nothing but successes the high one is 1. It holds the true value with the confidence at
/// least. No trials give 0..1. `None` unless `successes` <= `trials` <= 2^32 - 1 and 0 < `confidence` < 1.
#[must_use]
pub fn clopper_pearson(successes: u64, trials: u64, confidence: f64) -> Option<Interval> {
    let tail = (1.0 - confidence) / 2.0;
    exact(successes, trials, confidence, Some(tail), Some(tail))
}

/// The exact interval from 0 up to a limit: "at most so many, with this confidence". Domain as [`clopper_pearson`].
///
/// No success in n trials gives 1 - (1 - `confidence`)^(1 / n), about 3 / n at 95 %.
#[must_use]
pub fn clopper_pearson_at_most(successes: u64, trials: u64, confidence: f64) -> Option<Interval> {
    exact(successes, trials, confidence, None, Some(1.0 - confidence))
}

/// The exact interval from a limit up to 1: "at least so many, with this confidence". Domain as [`clopper_pearson`].
#[must_use]
pub fn clopper_pearson_at_least(successes: u64, trials: u64, confidence: f64) -> Option<Interval> {
    exact(successes, trials, confidence, Some(1.0 - confidence), None)
}

/// The interval by score of the probability behind `successes` of `trials` (Wilson 1927).
///
/// Shorter than the exact one; holds the true value with about the confidence on average over p, with less for some p.
/// (k + z^2 / 2 +- z sqrt(k (n - k) / n + z^2 / 4)) / (n + z^2). No trials give 0..1. `None` unless `successes` <=
/// `trials` and 0 < `confidence` < 1.
#[must_use]
pub fn wilson(successes: u64, trials: u64, confidence: f64) -> Option<Interval> {
    if trials < successes {
        return None;
    }
    let z = normal_bound(confidence)?;
    let (k, n) = (real(successes), real(trials));
    let square = z * z;
    let middle = k + square / 2.0;
    let spread = if trials == 0 { 0.0 } else { k * (n - k) / n };
    let half = z * (spread + square / 4.0).sqrt();
    let at_end = |is_end: bool, end: f64, limit: f64| if is_end { end } else { limit };
    Some(Interval {
        low: at_end(successes == 0, 0.0, (middle - half) / (n + square)),
        high: at_end(successes == trials, 1.0, (middle + half) / (n + square)),
        confidence,
    })
}

/// Runs of two policies under the same weather, by how the members of a pair ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// Pairs of which only the first succeeded.
    pub only_first: u64,
    /// Pairs of which only the second succeeded.
    pub only_second: u64,
    /// All pairs, those that ended alike included.
    pub total: u64,
}

impl Pairs {
    /// The share of the first less that of the second, with its interval by score (T. Tango, Statistics in Medicine 17,
    /// 1998, 891-908).
    ///
    /// It holds the differences d for which the score (b - c - n d) / sqrt(n (2 q + d (1 - d))) is at most the normal
    /// bound, q being the likeliest share of pairs that only the second wins if d is true. Chosen over Newcombe's
    /// paired interval and the exact conditional one because its coverage stays near the confidence for few discordant
    /// pairs too, because it excludes 0 exactly if `McNemar`'s test does, and because it stays within -1..1. Without
    /// discordant pairs it is +- z^2 / (n + z^2). No pairs give -1..1. `None` unless the discordant pairs are at most
    /// the total and 0 < `confidence` < 1.
    #[must_use]
    #[expect(clippy::many_single_char_names, reason = "the letters of the formula")]
    pub fn difference(&self, confidence: f64) -> Option<Interval> {
        let z = normal_bound(confidence)?;
        let discordant = self.only_first.checked_add(self.only_second)?;
        if self.total < discordant {
            return None;
        }
        let (b, c, n) = (
            real(self.only_first),
            real(self.only_second),
            real(self.total),
        );
        if self.total == 0 {
            return Some(Interval {
                low: -1.0,
                high: 1.0,
                confidence,
            });
        }
        let holds = |d: f64| {
            let linear = (2.0 * n - b + c) * d - b - c;
            let constant = -c * d * (1.0 - d);
            let root = (linear * linear - 8.0 * n * constant).max(0.0).sqrt();
            let q = (root - linear) / (4.0 * n);
            let variance = n * (2.0 * q + d * (1.0 - d));
            (b - c - n * d).powi(2) <= z * z * variance
        };
        let estimate = (b - c) / n;
        Some(Interval {
            low: last_that_holds(estimate, -1.0, holds),
            high: last_that_holds(estimate, 1.0, holds),
            confidence,
        })
    }

    /// The share of the first less that of the second; `None` without pairs.
    #[must_use]
    pub fn estimate(&self) -> Option<f64> {
        (self.total != 0)
            .then(|| (real(self.only_first) - real(self.only_second)) / real(self.total))
    }
}

/// The number of runs after which the exact interval of a share of about `share` is not wider than +- `half_width`.
///
/// For runs that are planned in advance; who stops when the interval happens to be short enough needs [`super::looks`].
/// With nothing known of the share, 0.5 is the worst case. The width rises and falls a little with rounding: from the
/// answer on the interval for the nearest whole number of successes holds the precision for this n, if not for each
/// larger one. `None` unless `share` is in 0..=1, 0 < `half_width`, 0 < `confidence` < 1, and 2^31 runs are enough.
#[must_use]
pub fn runs_for_share(share: f64, half_width: f64, confidence: f64) -> Option<u64> {
    const MAX: u32 = 1 << 31;
    if !super::is_probability(share) || half_width.is_nan() || half_width <= 0.0 {
        return None;
    }
    let z = normal_bound(confidence)?;
    let width = |n: u32| {
        let successes = super::whole((f64::from(n) * share).round());
        clopper_pearson(successes, u64::from(n), confidence).map(|interval| interval.half_width())
    };
    let is_enough = |n: u32| width(n).is_some_and(|width| width <= half_width);
    // By the normal law, with the half that the exact interval adds on both sides.
    let normal = share * (1.0 - share) * (z / half_width).powi(2) + 1.0 / half_width;
    let guess = u32::try_from(super::whole(normal))
        .unwrap_or(MAX)
        .clamp(1, MAX);
    let found = super::counts::search(1, MAX, guess, guess / 64, is_enough);
    (found < MAX).then_some(u64::from(found))
}

/// The z that a standard normal number exceeds with (1 - `confidence`) / 2; `None` unless 0 < `confidence` < 1.
pub(super) fn normal_bound(confidence: f64) -> Option<f64> {
    let is_valid = 0.0 < confidence && confidence < 1.0;
    is_valid.then(|| -normal_quantile((1.0 - confidence) / 2.0))
}

/// The quantile of the standard normal law at a share between 0 and 1, both excluded.
pub(super) fn normal_quantile(share: f64) -> f64 {
    Normal::standard().inverse_cdf(share)
}

/// From so many degrees of freedom on the expansion of Student's law around the normal one is exact to 1e-11 at any
/// usual confidence.
const EXPANDED_FROM: f64 = 300.0;

/// The t that Student's law of `freedom` degrees of freedom exceeds with (1 - `confidence`) / 2.
///
/// By `statrs` for few degrees of freedom; it loses digits with more of them, and all at 10^7, where the expansion of
/// Cornish and Fisher takes over (Abramowitz and Stegun, 26.7.5). `None` unless 0 < `confidence` < 1 and 1 <=
/// `freedom`.
pub(super) fn student_bound(freedom: f64, confidence: f64) -> Option<f64> {
    let z = normal_bound(confidence)?;
    if freedom.is_nan() || freedom < 1.0 {
        return None;
    }
    if freedom < EXPANDED_FROM {
        let law = StudentsT::new(0.0, 1.0, freedom).ok()?;
        return Some(-law.inverse_cdf((1.0 - confidence) / 2.0));
    }
    // Odd polynomials of z, by the powers of z^2 from the highest on, over powers of the degrees of freedom.
    let terms: [(f64, &[f64]); 5] = [
        (368_640.0, &[27.0, 339.0, 930.0, -1_782.0, -765.0, 17_955.0]),
        (92_160.0, &[79.0, 776.0, 1_482.0, -1_920.0, -945.0]),
        (384.0, &[3.0, 19.0, 17.0, -15.0]),
        (96.0, &[5.0, 16.0, 3.0]),
        (4.0, &[1.0, 1.0]),
    ];
    let square = z * z;
    let correction = terms.iter().fold(0.0, |sum, (divisor, polynomial)| {
        let value = polynomial.iter().fold(0.0, |sum, term| sum * square + term);
        (sum + value / divisor) / freedom
    });
    Some(z * (1.0 + correction))
}

/// Between the limits that leave out the given tails, where one is asked for.
fn exact(
    successes: u64,
    trials: u64,
    confidence: f64,
    below: Option<f64>,
    above: Option<f64>,
) -> Option<Interval> {
    if trials < successes || !(0.0 < confidence && confidence < 1.0) {
        return None;
    }
    let (k, n) = (u32::try_from(successes).ok()?, u32::try_from(trials).ok()?);
    // Where the tail does not depend on the probability, nothing rules the end of the range out.
    let limit = |side, tail: Option<f64>| probability_with(n, side, k, tail?);
    Some(Interval {
        low: limit(Side::AtLeast, below).unwrap_or(0.0),
        high: limit(Side::AtMost, above).unwrap_or(1.0),
        confidence,
    })
}

/// The value between `inside`, which holds, and `end` up to which `holds` is true.
fn last_that_holds(inside: f64, end: f64, holds: impl Fn(f64) -> bool) -> f64 {
    let (mut inside, mut outside) = (inside, end);
    for _ in 0..100 {
        let middle = f64::midpoint(inside, outside);
        if holds(middle) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    f64::midpoint(inside, outside)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the ends are exact")]
mod tests {
    use super::*;

    fn near(found: f64, wanted: f64, absolute: f64) {
        assert!(
            (found - wanted).abs() <= absolute,
            "{found} instead of {wanted}"
        );
    }

    #[test]
    fn bounds_of_the_normal_and_of_students_law_are_those_of_the_tables() {
        near(
            normal_bound(0.95).expect("valid"),
            1.959_963_984_540_054,
            1e-12,
        );
        near(-normal_quantile(1e-12), 7.034_483_825_301_132, 1e-11);
        near(
            student_bound(300.0, 1.0 - 2e-6).expect("valid"),
            4.848_514_301_110_025,
            1e-9,
        );
        for (freedom, bound) in [
            (1.0, 12.706_204_736_174_705),
            (10.0, 2.228_138_851_986_275),
            (999.0, 1.962_341_461_133_45),
            (99.0, 1.984_216_951_586_417),
            (300.0, 1.967_903_011_261_087),
            (1e7, 1.959_964_221_767_205),
        ] {
            near(student_bound(freedom, 0.95).expect("valid"), bound, 1e-11);
        }
    }

    #[test]
    fn extreme_counts_have_closed_forms() {
        let none = clopper_pearson(0, 1000, 0.95).expect("valid");
        assert_eq!(none.low, 0.0);
        near(none.high, 1.0 - 0.025_f64.powf(1e-3), 1e-15);
        let all = clopper_pearson(1000, 1000, 0.95).expect("valid");
        assert_eq!(all.high, 1.0);
        near(all.low, 0.025_f64.powf(1e-3), 1e-14);
        let most = clopper_pearson_at_most(0, 1000, 0.95).expect("valid");
        near(most.high, 1.0 - 0.05_f64.powf(1e-3), 1e-15);
        assert_eq!(
            clopper_pearson(0, 0, 0.95).map(|i| (i.low, i.high)),
            Some((0.0, 1.0))
        );
    }

    #[test]
    fn one_sided_limits_are_those_of_twice_the_tail() {
        let both = clopper_pearson(7, 80, 0.9).expect("valid");
        near(
            clopper_pearson_at_most(7, 80, 0.95).expect("valid").high,
            both.high,
            1e-14,
        );
        near(
            clopper_pearson_at_least(7, 80, 0.95).expect("valid").low,
            both.low,
            1e-14,
        );
    }

    #[test]
    fn the_interval_by_score_solves_its_equation() {
        let found = wilson(15, 148, 0.95).expect("valid");
        // Newcombe 1998, table I.
        near(found.low, 0.0624, 5e-5);
        near(found.high, 0.1605, 5e-5);
        let none = wilson(0, 20, 0.95).expect("valid");
        assert_eq!(none.low, 0.0);
        near(none.high, 0.1611, 5e-5);
        assert_eq!(wilson(0, 0, 0.9).map(|i| (i.low, i.high)), Some((0.0, 1.0)));
    }

    #[test]
    fn paired_differences_are_those_of_the_literature() {
        // Airway hyper-responsiveness, 21 pairs (Fagerland, Lydersen and Laake 2014): Tango's interval.
        let pairs = Pairs {
            only_first: 1,
            only_second: 7,
            total: 21,
        };
        let found = pairs.difference(0.95).expect("valid");
        near(found.low, -0.517, 6e-4);
        near(found.high, -0.026, 6e-4);
        let mirrored = Pairs {
            only_first: 7,
            only_second: 1,
            total: 21,
        };
        let other = mirrored.difference(0.95).expect("valid");
        near(other.low, -found.high, 1e-12);
        near(other.high, -found.low, 1e-12);
    }

    #[test]
    fn pairs_without_a_difference_still_leave_room() {
        let pairs = Pairs {
            total: 100,
            ..Pairs::default()
        };
        let square = normal_bound(0.95).expect("valid").powi(2);
        let found = pairs.difference(0.95).expect("valid");
        near(found.high, square / (100.0 + square), 1e-12);
        near(found.low, -found.high, 1e-12);
        let all = Pairs {
            only_first: 9,
            only_second: 0,
            total: 9,
        };
        assert_eq!(all.difference(0.95).expect("valid").high, 1.0);
    }

    #[test]
    fn the_planned_number_of_runs_reaches_the_precision_and_one_less_does_not() {
        for (share, half_width) in [(0.5, 0.01), (0.02, 0.005), (0.0, 0.001), (1.0, 0.1)] {
            let runs = runs_for_share(share, half_width, 0.95).expect("enough");
            let width = |runs: u64| {
                let successes = super::super::whole((real(runs) * share).round());
                clopper_pearson(successes, runs, 0.95)
                    .expect("valid")
                    .half_width()
            };
            assert!(width(runs) <= half_width, "{share}: {runs}");
            assert!(half_width < width(runs - 1), "{share}: {runs}");
        }
        assert_eq!(runs_for_share(0.5, 0.0, 0.95), None);
        assert_eq!(runs_for_share(0.5, 1e-9, 0.95), None);
    }

    #[test]
    fn nonsense_has_no_interval() {
        assert_eq!(clopper_pearson(2, 1, 0.95), None);
        for confidence in [0.0, 1.0, f64::NAN, -1.0] {
            assert_eq!(clopper_pearson(1, 2, confidence), None);
            assert_eq!(wilson(1, 2, confidence), None);
            assert_eq!(Pairs::default().difference(confidence), None);
        }
        let broken = Pairs {
            only_first: 3,
            only_second: u64::MAX,
            total: 4,
        };
        assert_eq!(broken.difference(0.95), None);
    }
}
