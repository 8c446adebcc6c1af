//! Sums of values and of their squares, from which mean, variance and standard error follow.
//!
//! The sums are whole numbers of 128 and 192 bits, not floating-point running means: whole numbers add up to the same
//! bits in any order, so that parts may be collected by any number of threads and merged at will, and nothing is lost
//! when a small spread sits on a large mean. What is not whole by nature is counted in a small unit ([`in_units`]).

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::interval::{Interval, student_bound};
use super::real;

/// Count, sum and sum of squares of whole numbers.
///
/// Exact for any numbers of 64 bits, up to 2^64 of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Moments {
    count: u64,
    sum: i128,
    squares: Wide,
}

impl Moments {
    /// Adds a value.
    pub fn record(&mut self, value: i64) {
        let size = u128::from(value.unsigned_abs());
        self.merge(&Self {
            count: 1,
            sum: i128::from(value),
            squares: Wide {
                high: 0,
                low: size * size,
            },
        });
    }

    /// Adds a value `times` times.
    pub fn record_many(&mut self, value: i64, times: u64) {
        let size = u128::from(value.unsigned_abs());
        self.merge(&Self {
            count: times,
            sum: i128::from(value).wrapping_mul(i128::from(times)),
            squares: Wide::product(size * size, u128::from(times)),
        });
    }

    /// Adds what another collected.
    pub fn merge(&mut self, other: &Self) {
        // Nothing wraps below 2^64 values; and if it does, it still does not depend on the order.
        self.count = self.count.wrapping_add(other.count);
        self.sum = self.sum.wrapping_add(other.sum);
        self.squares = self.squares.plus(other.squares);
    }

    /// How many values there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    #[must_use]
    pub fn sum(&self) -> i128 {
        self.sum
    }

    /// Their mean; `None` without values.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a mean is a rounded quotient")]
    pub fn mean(&self) -> Option<f64> {
        (self.count != 0).then(|| self.sum as f64 / real(self.count))
    }

    /// Their variance, with the divisor n - 1; `None` for fewer than two values.
    ///
    /// (n sum of squares - sum^2) / (n (n - 1)), the numerator exact.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        if self.count < 2 {
            return None;
        }
        let size = self.sum.unsigned_abs();
        let spread = self
            .squares
            .times(self.count)
            .minus(Wide::product(size, size));
        Some(spread.real() / (real(self.count) * real(self.count - 1)))
    }

    /// The standard error of the mean: the root of variance / n; `None` for fewer than two values.
    #[must_use]
    pub fn standard_error(&self) -> Option<f64> {
        Some((self.variance()? / real(self.count)).sqrt())
    }

    /// The interval of the mean by Student's law: mean +- t standard errors, t with n - 1 degrees of freedom.
    ///
    /// Exact for normal values, good for many values of any law with a variance. Collected from the differences of
    /// paired runs it is the interval of the difference of their means. `None` for fewer than two values and unless 0 <
    /// `confidence` < 1. Values that are all alike give an interval without width.
    #[must_use]
    pub fn mean_interval(&self, confidence: f64) -> Option<Interval> {
        let (mean, error) = (self.mean()?, self.standard_error()?);
        let half = student_bound(real(self.count - 1), confidence)? * error;
        Some(Interval {
            low: mean - half,
            high: mean + half,
            confidence,
        })
    }
}

/// How many units an amount is, to the nearest: with `unit` = 0.001, 0.25 is 250.
///
/// Beyond 64 bits the largest or smallest number there is; `None` for NaN and unless `unit` is finite and above 0.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the conversion saturates, as documented"
)]
pub fn in_units(amount: f64, unit: f64) -> Option<i64> {
    let is_valid = !amount.is_nan() && unit.is_finite() && 0.0 < unit;
    is_valid.then(|| (amount / unit).round() as i64)
}

/// A whole number of 256 bits, modulo 2^256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Wide {
    high: u128,
    low: u128,
}

impl Wide {
    fn product(left: u128, right: u128) -> Self {
        const HALF: u128 = u64::MAX as u128;
        let (a, b) = (left >> 64, left & HALF);
        let (c, d) = (right >> 64, right & HALF);
        let (low, inner, outer) = (b * d, a * d, b * c);
        // At most three times 2^64.
        let middle = (low >> 64) + (inner & HALF) + (outer & HALF);
        Self {
            high: a * c + (inner >> 64) + (outer >> 64) + (middle >> 64),
            low: (middle << 64) | (low & HALF),
        }
    }

    fn plus(self, other: Self) -> Self {
        let (low, carry) = self.low.overflowing_add(other.low);
        let high = self.high.wrapping_add(other.high);
        Self {
            high: high.wrapping_add(u128::from(carry)),
            low,
        }
    }

    /// The difference; 0 if it were negative.
    fn minus(self, other: Self) -> Self {
        if (self.high, self.low) < (other.high, other.low) {
            return Self::default();
        }
        let (low, borrow) = self.low.overflowing_sub(other.low);
        Self {
            high: self.high - other.high - u128::from(borrow),
            low,
        }
    }

    fn times(self, factor: u64) -> Self {
        let product = Self::product(self.low, u128::from(factor));
        let high = self.high.wrapping_mul(u128::from(factor));
        Self {
            high: product.high.wrapping_add(high),
            ..product
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "rounding is what is wanted")]
    fn real(self) -> f64 {
        const LIMB: f64 = 340_282_366_920_938_463_463_374_607_431_768_211_456.0;
        (self.high as f64).mul_add(LIMB, self.low as f64)
    }
}

/// As stored: numbers beyond 64 bits as text, which every reader of JSON keeps whole.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    count: u64,
    /// Decimal.
    sum: String,
    /// Hexadecimal.
    squares: String,
}

impl From<Moments> for Wire {
    fn from(moments: Moments) -> Self {
        let mut squares = String::new();
        let Wide { high, low } = moments.squares;
        let written = if high == 0 {
            write!(squares, "{low:x}")
        } else {
            write!(squares, "{high:x}{low:032x}")
        };
        written.expect("text takes whatever is written to it");
        Self {
            count: moments.count,
            sum: moments.sum.to_string(),
            squares,
        }
    }
}

impl TryFrom<Wire> for Moments {
    type Error = String;

    fn try_from(wire: Wire) -> Result<Self, String> {
        let hexadecimal = |digits: &str| u128::from_str_radix(digits, 16).ok();
        let split = wire.squares.len().saturating_sub(32);
        let squares = wire
            .squares
            .split_at_checked(split)
            .and_then(|(high, low)| {
                let high = if high.is_empty() { "0" } else { high };
                Some(Wide {
                    high: hexadecimal(high)?,
                    low: hexadecimal(low)?,
                })
            });
        Ok(Self {
            count: wire.count,
            sum: wire
                .sum
                .parse()
                .map_err(|_| format!("`sum` is no whole number: `{}`", wire.sum))?,
            squares: squares
                .ok_or_else(|| format!("`squares` is no hexadecimal number: `{}`", wire.squares))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[i64]) -> Moments {
        let mut moments = Moments::default();
        for value in values {
            moments.record(*value);
        }
        moments
    }

    #[test]
    fn mean_variance_and_standard_error_are_those_of_the_definition() {
        let moments = of(&[2, 4, 4, 4, 5, 5, 7, 9]);
        assert_eq!(moments.mean(), Some(5.0));
        assert_eq!(moments.variance(), Some(32.0 / 7.0));
        let error = moments.standard_error().expect("enough values");
        assert!((error - (32.0_f64 / 56.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn a_small_spread_on_a_large_mean_is_exact() {
        let week = 604_800_000_000_000;
        let moments = of(&[week - 1, week, week + 1]);
        assert_eq!(moments.mean(), Some(604_800_000_000_000.0));
        assert_eq!(moments.variance(), Some(1.0));
        assert_eq!(of(&[week, week]).variance(), Some(0.0));
    }

    #[test]
    fn the_largest_values_do_not_overflow() {
        let moments = of(&[i64::MIN, i64::MAX, i64::MIN, i64::MAX]);
        assert_eq!(moments.sum(), -2);
        let half = 2.0_f64.powi(63);
        let variance = moments.variance().expect("enough values");
        assert!((variance / (half * half * 4.0 / 3.0) - 1.0).abs() < 1e-15);
        let mut many = Moments::default();
        many.record_many(i64::MIN, u64::MAX);
        assert_eq!(many.variance(), Some(0.0));
    }

    #[test]
    fn the_interval_of_the_mean_is_students() {
        let interval = of(&[2, 4, 4, 4, 5, 5, 7, 9])
            .mean_interval(0.95)
            .expect("valid");
        // t = 2.364624251592785 with 7 degrees of freedom.
        assert!(
            (interval.half_width() - 2.364_624_251_592_785 * (4.0_f64 / 7.0).sqrt()).abs() < 1e-9
        );
        assert!(interval.contains(5.0) && !interval.contains(7.0));
    }

    #[test]
    fn too_few_values_have_no_interval() {
        assert_eq!(of(&[]).mean(), None);
        assert_eq!(of(&[3]).mean(), Some(3.0));
        assert_eq!(of(&[3]).variance(), None);
        assert_eq!(of(&[3]).mean_interval(0.95), None);
        assert_eq!(of(&[3, 4]).mean_interval(1.0), None);
    }

    #[test]
    fn what_was_stored_comes_back() {
        for moments in [
            of(&[]),
            of(&[-5, 7]),
            of(&[i64::MIN, i64::MIN, i64::MIN, i64::MIN, 1]),
        ] {
            let text = serde_json::to_string(&moments).expect("writable");
            let back: Moments = serde_json::from_str(&text).expect("readable");
            assert_eq!(back, moments, "{text}");
        }
        for broken in [
            r#"{"count":1,"sum":"x","squares":"0"}"#,
            r#"{"count":1,"sum":"1","squares":"g"}"#,
            r#"{"count":1,"sum":"1","squares":""}"#,
            r#"{"count":1,"sum":"1","squares":"äää11111111111111111111111111111111"}"#,
        ] {
            assert!(serde_json::from_str::<Moments>(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn amounts_become_whole_numbers_of_their_unit() {
        assert_eq!(in_units(0.25, 0.001), Some(250));
        assert_eq!(in_units(-1.6, 1.0), Some(-2));
        assert_eq!(in_units(f64::INFINITY, 1.0), Some(i64::MAX));
        assert_eq!(in_units(f64::NAN, 1.0), None);
        assert_eq!(in_units(1.0, 0.0), None);
    }
}
