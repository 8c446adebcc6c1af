//! The quantities of a run whose distribution is told, and how they are counted.

use serde::{Deserialize, Serialize};

use crate::statistics::histogram::Histogram;
use crate::statistics::interval::Interval;
use crate::statistics::moments::{Moments, in_units};
use crate::trials::summary::Summary;

/// What is asked of every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Quantity {
    /// Time until the verdict came about.
    TimeToVerdict,
    /// Failed requests beyond what the stable version alone would have failed.
    Harm,
    /// Requests to other versions than the stable one.
    RequestsOnNew,
    /// Users who met another version than the stable one.
    UsersExposed,
    /// Pod-hours beyond `spec.replicas`.
    ExcessPodHours,
    /// Time with fewer available pods than `spec.replicas`.
    ShortOfCapacity,
    /// Most pods at once.
    PeakPods,
    /// Measurements taken.
    Measurements,
}

/// How a quantity is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Unit {
    /// Of time.
    Seconds,
    /// Of requests, users, pods, measurements.
    Count,
    /// Of pods.
    PodHours,
}

impl Quantity {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 8] = [
        Self::TimeToVerdict,
        Self::Harm,
        Self::RequestsOnNew,
        Self::UsersExposed,
        Self::ExcessPodHours,
        Self::ShortOfCapacity,
        Self::PeakPods,
        Self::Measurements,
    ];

    /// Whether it has a meaning only where something is served.
    #[must_use]
    pub fn needs_traffic(self) -> bool {
        matches!(self, Self::Harm | Self::RequestsOnNew | Self::UsersExposed)
    }

    /// How it is shown.
    #[must_use]
    pub fn unit(self) -> Unit {
        match self {
            Self::TimeToVerdict | Self::ShortOfCapacity => Unit::Seconds,
            Self::ExcessPodHours => Unit::PodHours,
            _ => Unit::Count,
        }
    }

    /// In how many pieces its unit is counted: nanoseconds of time, milliseconds of pods, thousandths of requests and users. A whole number,
    /// so that quotients of counted values are as exact as numbers can be.
    #[must_use]
    pub fn grains(self) -> f64 {
        match self {
            Self::TimeToVerdict | Self::ShortOfCapacity => 1e9,
            Self::ExcessPodHours => 3600.0 * 1e3,
            Self::Harm | Self::RequestsOnNew | Self::UsersExposed => 1e3,
            Self::PeakPods | Self::Measurements => 1.0,
        }
    }

    /// How much of it a run took, in grains.
    #[must_use]
    pub fn of(self, summary: &Summary) -> i64 {
        let costs = &summary.costs;
        let counted = |amount: f64, unit: f64| in_units(amount, unit).unwrap_or(0);
        match self {
            Self::TimeToVerdict => summary.since.nanos(),
            Self::Harm => counted(costs.harm, 1e-3),
            Self::RequestsOnNew => counted(costs.requests_on_new, 1e-3),
            Self::UsersExposed => counted(costs.users_exposed, 1e-3),
            Self::ExcessPodHours => counted(costs.excess_pod_seconds, 1e-3),
            Self::ShortOfCapacity => counted(costs.short_of_capacity, 1e-9),
            Self::PeakPods => i64::from(costs.peak_pods),
            Self::Measurements => i64::from(summary.measurements),
        }
    }
}

/// The distribution of a whole number that may be negative. Merges to the same bits in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    moments: Moments,
    /// The sizes of the negative ones.
    below: Histogram,
    /// The others.
    above: Histogram,
}

impl Spread {
    /// Adds a value.
    pub fn record(&mut self, value: i64) {
        self.record_many(value, 1);
    }

    /// Adds a value `times` times.
    pub fn record_many(&mut self, value: i64, times: u64) {
        self.moments.record_many(value, times);
        let side = if value < 0 {
            &mut self.below
        } else {
            &mut self.above
        };
        side.record_many(value.unsigned_abs(), times);
    }

    /// Adds what another collected.
    pub fn merge(&mut self, other: &Self) {
        self.moments.merge(&other.moments);
        self.below.merge(&other.below);
        self.above.merge(&other.above);
    }

    /// How many values there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.moments.count()
    }

    /// Their mean; `None` without values.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        self.moments.mean()
    }

    /// The interval of their mean.
    #[must_use]
    pub fn mean_interval(&self, confidence: f64) -> Option<Interval> {
        self.moments.mean_interval(confidence)
    }

    /// Whether all values are 0.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.below.count() == 0 && self.above.max().unwrap_or(0) == 0
    }

    /// The smallest value that the share `share` of all values does not exceed, to the resolution of the histogram.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "ranks are far below 2^52, and shares between 0 and 1"
    )]
    pub fn quantile(&self, share: f64) -> Option<i64> {
        let (below, above) = (self.below.count(), self.above.count());
        let count = below + above;
        if count == 0 || !(0.0..=1.0).contains(&share) {
            return None;
        }
        let rank = (share * count as f64 * (1.0 - 4.0 * f64::EPSILON)).ceil() as u64;
        let rank = rank.clamp(1, count);
        let of = |histogram: &Histogram, rank: u64, count: u64| {
            let value = histogram.quantile(rank as f64 / count as f64)?;
            i64::try_from(value).ok()
        };
        if rank <= below {
            of(&self.below, below - rank + 1, below).map(|value| -value)
        } else {
            of(&self.above, rank - below, above)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_count_negative_values_from_the_smallest() {
        let mut spread = Spread::default();
        for value in [-300, -20, 0, 5, 700] {
            spread.record(value);
        }
        let quantiles = [0.0, 0.2, 0.4, 0.5, 0.8, 1.0].map(|share| spread.quantile(share));
        assert_eq!(
            quantiles,
            [-300, -300, -20, 0, 5, 700].map(Some),
            "ranks 1, 1, 2, 3, 4, 5"
        );
        assert_eq!(spread.mean(), Some(77.0));
        assert_eq!(Spread::default().quantile(0.5), None);
    }

    #[test]
    fn parts_merge_to_the_whole_in_any_order() {
        let value = |index: i64| (index * 7_919 - 3_000_000) % 100_003;
        let mut whole = Spread::default();
        let mut parts = vec![Spread::default(); 7];
        for index in 0..1_000 {
            whole.record(value(index));
            parts[usize::try_from(index % 7).expect("small")].record(value(index));
        }
        for rotation in 0..7 {
            parts.rotate_left(rotation);
            let mut merged = Spread::default();
            for part in &parts {
                merged.merge(part);
            }
            assert_eq!(merged, whole);
        }
    }
}
