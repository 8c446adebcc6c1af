//! Distributions of values that merge: which value so many per cent of the runs do not exceed.
//!
//! A value goes into one of about 56,000 buckets: values below 2,048 each into their own, larger ones into 1,024
//! buckets of equal width for each doubling. Hence every value is known to 1 part in 1,024, and a quantile, being the
//! middle of its bucket, to 1 part in 2,048 (0.05 %). Zero, the smallest and the largest value, the count, the sum and
//! the sum of squares are exact. Buckets are counted in whole numbers and kept sorted and sparse, so that merging is
//! commutative and associative bit for bit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::binomial::Binomial;
use super::counts::CountLaw;
use super::interval::Interval;
use super::moments::Moments;
use super::{is_probability, real, whole};

/// Bits of a value that decide its bucket, below the leading one.
const PRECISION: u32 = 10;

/// The largest relative error of a quantile.
pub const RESOLUTION: f64 = 1.0 / 2048.0;

/// A distribution of whole numbers from 0 to 2^63 - 1: nanoseconds, counts, or amounts in a small unit
/// ([`in_units`](super::moments::in_units)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Histogram {
    moments: Moments,
    /// The smallest and the largest value.
    range: Option<(u64, u64)>,
    /// How many values each bucket holds; never 0.
    buckets: BTreeMap<u16, u64>,
}

impl Histogram {
    /// Adds a value; beyond 2^63 - 1 it counts as that.
    pub fn record(&mut self, value: u64) {
        self.record_many(value, 1);
    }

    /// Adds a value `times` times.
    pub fn record_many(&mut self, value: u64, times: u64) {
        if times == 0 {
            return;
        }
        let signed = i64::try_from(value).unwrap_or(i64::MAX);
        let value = signed.unsigned_abs();
        self.moments.record_many(signed, times);
        self.widen(value, value);
        *self.buckets.entry(bucket(value)).or_default() += times;
    }

    /// Adds what another collected.
    pub fn merge(&mut self, other: &Self) {
        if let Some((min, max)) = other.range {
            self.widen(min, max);
        }
        self.moments.merge(&other.moments);
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }

    /// How many values there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.moments.count()
    }

    /// Count, sum, mean, variance and the interval of the mean, all exact.
    #[must_use]
    pub fn moments(&self) -> &Moments {
        &self.moments
    }

    /// The smallest value, exact; `None` without values.
    #[must_use]
    pub fn min(&self) -> Option<u64> {
        self.range.map(|(min, _)| min)
    }

    /// The largest value, exact; `None` without values.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        self.range.map(|(_, max)| max)
    }

    /// How many values are 0.
    #[must_use]
    pub fn zeros(&self) -> u64 {
        self.buckets.get(&0).copied().unwrap_or(0)
    }

    /// The smallest value that the share `share` of all values does not exceed, to [`RESOLUTION`].
    ///
    /// Exact below 2,048, and for a share of 0 (the smallest) and 1 (the largest). `None` without values and unless
    /// `share` is in 0..=1.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<u64> {
        if !is_probability(share) {
            return None;
        }
        // Shares such as 0.07 lie a little above their decimal; the rank must not.
        let rank = (share * real(self.count()) * (1.0 - 4.0 * f64::EPSILON)).ceil();
        let rank = whole(rank).clamp(1, self.count().max(1));
        let (min, max) = self.range?;
        if rank == 1 || rank == self.count() {
            return Some(if rank == 1 { min } else { max });
        }
        let (low, high) = self.at_rank(rank)?;
        Some((low + (high - low) / 2).clamp(min, max))
    }

    /// The interval of the quantile of the law behind the values, by order statistics.
    ///
    /// The number of values up to the quantile is binomial whatever the law is; the interval lies between the values of
    /// the two ranks that leave half of 1 - `confidence` out on each side at most, widened to the ends of their
    /// buckets. It holds the true quantile with the confidence at least. Where a rank would be outside of the values,
    /// the interval is open: down to 0, up to infinity. `None` without values, for more than 2^32 - 1 of them, and
    /// unless 0 <= `share` <= 1 and 0 < `confidence` < 1.
    #[must_use]
    pub fn quantile_interval(&self, share: f64, confidence: f64) -> Option<Interval> {
        if !(0.0 < confidence && confidence < 1.0) {
            return None;
        }
        let (min, max) = self.range?;
        let count = u32::try_from(self.count()).ok()?;
        let law = Binomial::new(count, share)?;
        let tail = (1.0 - confidence) / 2.0;
        // The smallest number that is not rare on the low side is the largest rank that may bound from below.
        let low_rank = law.quantile(tail);
        let low_rank = low_rank + u32::from(law.cdf(low_rank) <= tail);
        let high_rank = super::counts::search(0, count, law.quantile(1.0 - tail), 1, |k| {
            law.survival(k) <= tail
        })
        .saturating_add(1);
        let low = match self.at_rank(u64::from(low_rank)) {
            Some((low, _)) => real(low.max(min)),
            None => 0.0,
        };
        let high = match self.at_rank(u64::from(high_rank)) {
            Some((_, high)) => real(high.min(max)),
            None => f64::INFINITY,
        };
        Some(Interval {
            low,
            high,
            confidence,
        })
    }

    /// The buckets in rising order: their smallest and largest value and how many values they hold.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        self.buckets.iter().map(|(bucket, count)| {
            let (low, high) = bounds(*bucket);
            (low, high, *count)
        })
    }

    fn widen(&mut self, min: u64, max: u64) {
        self.range = Some(match self.range {
            Some((low, high)) => (low.min(min), high.max(max)),
            None => (min, max),
        });
    }

    /// The bounds of the bucket that holds the value of a rank; `None` unless 1 <= `rank` <= count.
    fn at_rank(&self, rank: u64) -> Option<(u64, u64)> {
        if rank == 0 {
            return None;
        }
        let mut below = 0_u64;
        self.buckets.iter().find_map(|(bucket, count)| {
            below = below.saturating_add(*count);
            (rank <= below).then(|| bounds(*bucket))
        })
    }
}

/// The bucket of a value below 2^63.
fn bucket(value: u64) -> u16 {
    let doublings = (u64::BITS - value.leading_zeros()).saturating_sub(PRECISION + 1);
    let index = (u64::from(doublings) << PRECISION) + (value >> doublings);
    u16::try_from(index).unwrap_or(u16::MAX)
}

/// The smallest and the largest value of a bucket.
fn bounds(bucket: u16) -> (u64, u64) {
    let index = u64::from(bucket);
    let doublings = (index >> PRECISION).saturating_sub(1);
    let low = (index - (doublings << PRECISION)) << doublings;
    (low, low + ((1 << doublings) - 1))
}

/// The bucket of 2^63 - 1: the last of 52 doublings.
const LAST: u16 = (52 << 10) + 2047;

/// As stored: the buckets as pairs of index and count.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    moments: Moments,
    range: Option<(u64, u64)>,
    buckets: Vec<(u16, u64)>,
}

impl From<Histogram> for Wire {
    fn from(histogram: Histogram) -> Self {
        Self {
            moments: histogram.moments,
            range: histogram.range,
            buckets: histogram.buckets.into_iter().collect(),
        }
    }
}

impl TryFrom<Wire> for Histogram {
    type Error = String;

    fn try_from(wire: Wire) -> Result<Self, String> {
        let is_sorted = wire.buckets.is_sorted_by(|left, right| left.0 < right.0);
        let is_known = wire
            .buckets
            .iter()
            .all(|(index, count)| *index <= LAST && *count != 0);
        if !is_sorted || !is_known {
            return Err("`buckets` must be known, filled and in rising order".to_owned());
        }
        let ends = wire.buckets.first().zip(wire.buckets.last());
        let ends = ends.map(|(first, last)| (first.0, last.0));
        let of_range = wire.range.map(|(min, max)| (bucket(min), bucket(max)));
        let in_order = wire.range.is_none_or(|(min, max)| min <= max);
        if ends != of_range || !in_order {
            return Err("`range` must lie in the first and the last bucket".to_owned());
        }
        let count = wire
            .buckets
            .iter()
            .try_fold(0_u64, |sum, (_, count)| sum.checked_add(*count));
        if count != Some(wire.moments.count()) {
            return Err("the counts of `buckets` and `moments` must agree".to_owned());
        }
        Ok(Self {
            moments: wire.moments,
            range: wire.range,
            buckets: wire.buckets.into_iter().collect(),
        })
    }
}
