//! Functions of the samples in a window.
//!
//! Knows `promql/functions.go`, from `extrapolatedRate` to `funcPredictLinear`. Refuses to know which series a window
//! belongs to. A window is open on the left; staleness markers are gone when it arrives here.

use super::store::Reset;
use super::sum::{Mean, Sum};

/// A function of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OverTime {
    Average,
    Changes,
    Count,
    Delta,
    Derivative,
    First,
    Increase,
    InstantDelta,
    InstantRate,
    Last,
    Max,
    Min,
    PredictLinear,
    Present,
    Quantile,
    Rate,
    Resets,
    StandardDeviation,
    Sum,
    Variance,
}

impl OverTime {
    /// Whether the result is called like the series: these two functions act like an offset.
    pub(super) fn keeps_the_name(self) -> bool {
        matches!(self, OverTime::First | OverTime::Last)
    }
}

/// The samples of a series in a window; at least one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window<'a> {
    /// Times \[ms\].
    pub(super) times: &'a [i64],
    pub(super) values: &'a [f64],
    /// Where the values drop, if that is known already.
    pub(super) resets: Option<&'a [Reset]>,
    /// The limits of the window \[ms\]: not part of it, and part of it.
    pub(super) start: i64,
    pub(super) end: i64,
    /// When the query is evaluated \[ms\], which with `offset` or `@` is not the end.
    pub(super) now: i64,
}

/// `function` of a window; `None` where there is no answer. `parameter` is the number that some functions take.
/// `sorted` is room to work in.
#[inline]
pub(super) fn apply(
    function: OverTime,
    window: Window<'_>,
    parameter: f64,
    sorted: &mut Vec<f64>,
) -> Option<f64> {
    let values = window.values;
    let (&first, &last) = (values.first()?, values.last()?);
    Some(match function {
        OverTime::Rate => window.extrapolated(true)? / elapsed(window.start, window.end),
        OverTime::Increase => window.extrapolated(true)?,
        OverTime::Delta => window.extrapolated(false)?,
        OverTime::InstantRate => window.instant(true)?,
        OverTime::InstantDelta => window.instant(false)?,
        OverTime::Average => {
            let mut mean = Mean::of(first);
            for x in &values[1..] {
                mean.add(*x);
            }
            mean.mean()
        }
        OverTime::Sum => {
            let mut sum = Sum::default();
            for x in values {
                sum.add(*x);
            }
            sum.total()
        }
        OverTime::Count => count(values.len()),
        OverTime::Present => 1.0,
        OverTime::First => first,
        OverTime::Last => last,
        OverTime::Max => extreme(values, |x, best| best < x),
        OverTime::Min => extreme(values, |x, best| x < best),
        OverTime::Changes => {
            let stays =
                |pair: &[f64]| same(pair[0], pair[1]) || pair[0].is_nan() && pair[1].is_nan();
            count(values.windows(2).filter(|pair| !stays(pair)).count())
        }
        OverTime::Resets => count(values.windows(2).filter(|pair| pair[1] < pair[0]).count()),
        OverTime::Variance => variance(values),
        OverTime::StandardDeviation => variance(values).sqrt(),
        OverTime::Quantile => {
            sorted.clear();
            sorted.extend_from_slice(values);
            quantile(parameter, sorted)
        }
        OverTime::Derivative => window.line(window.times[0])?.slope,
        OverTime::PredictLinear => {
            let line = window.line(window.now)?;
            line.slope * parameter + line.intercept
        }
    })
}

/// The quantile `q` of `values`, which are sorted on the way (`quantile.go: quantile`). NaN counts as the smallest.
pub(super) fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if 1.0 < q {
        return f64::INFINITY;
    }
    values.sort_unstable_by(|a, b| match (a.is_nan(), b.is_nan()) {
        (false, false) => a.total_cmp(b),
        (a, b) => b.cmp(&a),
    });
    let last = values.len() - 1;
    let rank = q * count(last);
    let lower = index(rank.floor()).min(last);
    let upper = (lower + 1).min(last);
    let weight = rank - rank.floor();
    values[lower] * (1.0 - weight) + values[upper] * weight
}

struct Line {
    slope: f64,
    intercept: f64,
}

impl Window<'_> {
    /// How much the values changed, stretched to the whole window (`functions.go: extrapolatedRate`).
    ///
    /// A side is stretched to the limit of the window if its gap is less than 1.1 times the mean distance of samples, and
    /// by half that distance otherwise. Then a counter is not stretched beyond where it would have been zero.
    #[inline]
    fn extrapolated(self, counter: bool) -> Option<f64> {
        let (times, values) = (self.times, self.values);
        let last = times.len().checked_sub(2)? + 1;
        let mut change = values[last] - values[0];
        // In the order in which they happened: another order could round differently.
        match self.resets {
            _ if !counter => {}
            Some(resets) => {
                for reset in resets {
                    change += reset.before;
                }
            }
            None => {
                for pair in values.windows(2) {
                    if pair[1] < pair[0] {
                        change += pair[0];
                    }
                }
            }
        }
        let sampled = elapsed(times[0], times[last]);
        let distance = sampled / count(last);
        let threshold = distance * 1.1;
        let mut to_start = elapsed(self.start, times[0]);
        if threshold <= to_start {
            to_start = distance / 2.0;
        }
        // What has at most doubled was zero before its first sample by more than the samples are apart.
        let may_be_near = values[0] < change || sampled < to_start;
        if counter && may_be_near && 0.0 < change && 0.0 <= values[0] {
            let to_zero = sampled * (values[0] / change);
            if to_zero < to_start {
                to_start = to_zero;
            }
        }
        let mut to_end = elapsed(times[last], self.end);
        if threshold <= to_end {
            to_end = distance / 2.0;
        }
        Some(change * ((sampled + to_start + to_end) / sampled))
    }

    /// From the last two samples (`functions.go: instantValue`).
    fn instant(self, counter: bool) -> Option<f64> {
        let last = self.times.len().checked_sub(2)? + 1;
        let (before, after) = (self.values[last - 1], self.values[last]);
        let change = if counter && after < before {
            after
        } else {
            after - before
        };
        if counter {
            Some(change / elapsed(self.times[last - 1], self.times[last]))
        } else {
            Some(change)
        }
    }

    /// The line of least squares, with time counted from `origin` (`functions.go: linearRegression`).
    fn line(self, origin: i64) -> Option<Line> {
        if self.values.len() < 2 {
            return None;
        }
        let first = self.values[0];
        let mut sums = [Sum::default(); 4];
        for (&time, &y) in self.times.iter().zip(self.values) {
            let x = elapsed(origin, time);
            for (sum, term) in sums.iter_mut().zip([x, y, x * y, x * x]) {
                sum.add(term);
            }
        }
        if self.values[1..].iter().all(|y| same(*y, first)) {
            return Some(if first.is_infinite() {
                Line {
                    slope: f64::NAN,
                    intercept: f64::NAN,
                }
            } else {
                Line {
                    slope: 0.0,
                    intercept: first,
                }
            });
        }
        let [x, y, xy, xx] = sums.map(Sum::total);
        let n = count(self.values.len());
        let slope = (xy - x * y / n) / (xx - x * x / n);
        Some(Line {
            slope,
            intercept: y / n - slope * x / n,
        })
    }
}

/// The population variance (`functions.go: varianceOverTime`).
fn variance(values: &[f64]) -> f64 {
    let mut n = 0.0;
    let mut mean = Sum::default();
    let mut squares = Sum::default();
    for &x in values {
        n += 1.0;
        let delta = x - mean.total();
        mean.add(delta / n);
        squares.add(delta * (x - mean.total()));
    }
    squares.total() / n
}

/// The value that no other beats; NaN is beaten by all.
fn extreme(values: &[f64], beats: impl Fn(f64, f64) -> bool) -> f64 {
    let mut best = values[0];
    for &x in values {
        if beats(x, best) || best.is_nan() {
            best = x;
        }
    }
    best
}

#[expect(clippy::float_cmp, reason = "a change is a change of any size")]
fn same(a: f64, b: f64) -> bool {
    a == b
}

#[expect(
    clippy::cast_precision_loss,
    reason = "times and lengths are far below 2^53 ms"
)]
#[inline]
fn elapsed(from: i64, to: i64) -> f64 {
    to.saturating_sub(from) as f64 / 1e3
}

#[expect(
    clippy::cast_precision_loss,
    reason = "there are fewer than 2^53 samples"
)]
#[inline]
fn count(n: usize) -> f64 {
    n as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank is between 0 and the number of samples"
)]
fn index(rank: f64) -> usize {
    rank as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window<'a>(times: &'a [i64], values: &'a [f64], start: i64, end: i64) -> Window<'a> {
        Window {
            times,
            values,
            resets: None,
            start,
            end,
            now: end,
        }
    }

    fn value(function: OverTime, window: Window<'_>) -> Option<f64> {
        apply(function, window, 0.5, &mut Vec::new())
    }

    #[test]
    fn a_young_counter_is_not_stretched_to_before_it_was_zero() {
        // The gap of 30 s is more than 1.1 times the distance of 20 s, so the stretch is half of that. From there the
        // counter would have been zero 5 s before its first sample.
        let young = window(&[30_000, 50_000], &[1.0, 5.0], 0, 50_000);
        assert_eq!(value(OverTime::Increase, young), Some(4.0 * 25.0 / 20.0));
        let born = window(&[10_000, 20_000], &[0.0, 4.0], 0, 20_000);
        assert_eq!(value(OverTime::Increase, born), Some(4.0));
        assert_eq!(value(OverTime::Delta, born), Some(8.0));
    }

    #[test]
    fn a_gap_of_the_threshold_is_too_far() {
        let far = window(&[11_000, 21_000], &[100.0, 110.0], 0, 21_000);
        assert_eq!(value(OverTime::Increase, far), Some(15.0));
        let near = window(&[10_500, 20_500], &[100.0, 110.0], 0, 20_500);
        assert_eq!(value(OverTime::Increase, near), Some(20.5));
    }

    #[test]
    fn a_drop_is_a_reset_and_nan_is_no_drop() {
        let reset = window(&[10, 20, 30], &[5.0, 2.0, 4.0], 0, 30);
        assert_eq!(value(OverTime::Resets, reset), Some(1.0));
        assert_eq!(value(OverTime::Increase, reset), Some(4.0 * 30.0 / 20.0));
        let nan = window(&[10, 20, 30], &[5.0, f64::NAN, 4.0], 0, 30);
        assert_eq!(value(OverTime::Resets, nan), Some(0.0));
    }

    #[test]
    fn one_sample_has_no_rate() {
        let one = window(&[10], &[5.0], 0, 30);
        for function in [
            OverTime::Rate,
            OverTime::Delta,
            OverTime::InstantRate,
            OverTime::Derivative,
            OverTime::PredictLinear,
        ] {
            assert_eq!(value(function, one), None, "{function:?}");
        }
        assert_eq!(value(OverTime::Sum, window(&[], &[], 0, 30)), None);
    }

    #[test]
    fn nan_is_extreme_only_alone_and_the_smallest_of_a_quantile() {
        let some = window(&[1, 2, 3], &[f64::NAN, 1.0, 2.0], 0, 3);
        assert_eq!(value(OverTime::Max, some), Some(2.0));
        assert_eq!(value(OverTime::Min, some), Some(1.0));
        assert_eq!(value(OverTime::Quantile, some), Some(1.0));
        let all = window(&[1], &[f64::NAN], 0, 3);
        assert!(value(OverTime::Max, all).is_some_and(f64::is_nan));
    }

    #[test]
    fn a_prediction_starts_at_the_evaluation() {
        let rising = Window {
            now: 40_000,
            ..window(&[10_000, 20_000], &[1.0, 2.0], 0, 20_000)
        };
        let predicted = apply(OverTime::PredictLinear, rising, 10.0, &mut Vec::new());
        assert!((predicted.expect("two samples") - 5.0).abs() < 1e-12);
    }
}
