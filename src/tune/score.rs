//! What a policy is judged by, and how sure one may be of it.
//!
//! Knows: the releases that come, what their runs mean, estimates and paired differences with intervals. Refuses to
//! know which of two policies is wanted. Simplifies: the interval of a share over several bad releases adds up those of
//! each, which is wider than need be.

use serde::Serialize;

use crate::statistics::interval::{Interval, Pairs, clopper_pearson};
use crate::statistics::moments::{Moments, in_units};
use crate::trials::{Summary, quantity::Quantity};
use crate::verdict::Verdict;

/// The most bad releases.
pub const BAD_MAX: usize = 15;

/// What a policy is judged by; less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Axis {
    /// Share of healthy releases that are rolled back.
    FalseAborts,
    /// Share of bad releases that are promoted, each counted as often as it comes.
    Missed,
    /// Mean time until the verdict on a healthy release \[s\].
    Time,
    /// Failed requests beyond what the stable version would have failed, per release as they come.
    Harm,
    /// Pod-hours beyond `spec.replicas`, per release as they come.
    Capacity,
}

/// The releases that come: healthy ones, and bad ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Releases {
    bad: Vec<Bad>,
}

/// A kind of bad release.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bad {
    /// How many of all releases are such, above 0; all together at most 1.
    pub share: f64,
    /// Probability that a request to it fails, 0 to 1.
    pub error_rate: f64,
}

/// What one replicate of all releases came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    /// Bit 0: the healthy release was rolled back; bit k: the bad release number k - 1 was promoted.
    marks: u16,
    /// Whether the release of the bit was neither promoted nor rolled back.
    held: u16,
    /// Until the verdict on the healthy release \[ns\].
    time: i64,
    /// Millionths of requests.
    harm: i64,
    /// Milliseconds of pods.
    capacity: i64,
}

/// An estimate with its interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Estimate {
    /// The estimate.
    #[serde(rename = "estimate")]
    pub mean: f64,
    /// The smallest value that is not ruled out.
    pub low: f64,
    /// The largest value that is not ruled out.
    pub high: f64,
}

impl Axis {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 5] = [
        Self::FalseAborts,
        Self::Missed,
        Self::Time,
        Self::Harm,
        Self::Capacity,
    ];

    /// Whether it is a share of releases.
    #[must_use]
    pub fn is_share(self) -> bool {
        matches!(self, Self::FalseAborts | Self::Missed)
    }

    /// Its name in documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FalseAborts => "falseAborts",
            Self::Missed => "missed",
            Self::Time => "time",
            Self::Harm => "harm",
            Self::Capacity => "capacity",
        }
    }

    /// In how many pieces its unit is counted.
    fn grains(self) -> f64 {
        match self {
            Self::FalseAborts | Self::Missed => 1.0,
            Self::Time => 1e9,
            Self::Harm => 1e6,
            Self::Capacity => 3600.0 * 1e3,
        }
    }
}

impl Releases {
    /// Healthy releases and these; `None` if there are none or more than [`BAD_MAX`], and if shares or rates are out of
    /// their ranges.
    #[must_use]
    pub fn new(bad: Vec<Bad>) -> Option<Self> {
        let sum: f64 = bad.iter().map(|bad| bad.share).sum();
        let is_valid =
            |bad: &Bad| 0.0 < bad.share && crate::statistics::is_probability(bad.error_rate);
        let is_valid = bad.iter().all(is_valid) && sum <= 1.0 + 1e-9;
        (is_valid && (1..=BAD_MAX).contains(&bad.len())).then_some(Self { bad })
    }

    /// The bad ones.
    #[must_use]
    pub fn bad(&self) -> &[Bad] {
        &self.bad
    }

    /// How many kinds there are, the healthy one included; it is number 0.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.bad.len()
    }

    /// The share of the healthy ones.
    #[must_use]
    pub fn healthy_share(&self) -> f64 {
        (1.0 - self.bad_share()).max(0.0)
    }

    fn bad_share(&self) -> f64 {
        self.bad.iter().map(|bad| bad.share).sum()
    }

    /// What one replicate came to: one summary for each release, the healthy one first.
    #[must_use]
    pub fn row(&self, summaries: &[Summary]) -> Row {
        let shares = std::iter::once(self.healthy_share()).chain(self.bad.iter().map(|b| b.share));
        let (mut marks, mut held) = (0, 0);
        let (mut harm, mut capacity) = (0.0, 0.0);
        for (index, (summary, share)) in summaries.iter().zip(shares).enumerate() {
            let end = End::of(summary.verdict);
            let wrong = if index == 0 {
                End::RolledBack
            } else {
                End::Promoted
            };
            marks |= u16::from(end == wrong) << index;
            held |= u16::from(end == End::Held) << index;
            harm += share * summary.costs.harm;
            capacity += share * summary.costs.excess_pod_seconds;
        }
        let time = summaries
            .first()
            .map(|first| Quantity::TimeToVerdict.of(first));
        Row {
            marks,
            held,
            time: time.unwrap_or(0),
            harm: in_units(harm, 1e-6).unwrap_or(0),
            capacity: in_units(capacity, 1e-3).unwrap_or(0),
        }
    }

    /// What rows show, with an interval.
    #[must_use]
    pub fn estimate(&self, axis: Axis, rows: &[Row], confidence: f64) -> Estimate {
        let total = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let share = |bit: usize| {
            let count = rows.iter().filter(|row| row.has(bit)).count();
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            let mean = ratio(count, total);
            Estimate::of(mean, clopper_pearson(count, total, confidence))
        };
        match axis {
            Axis::FalseAborts => share(0),
            Axis::Missed => self.over_bad(share),
            _ => of_moments(rows.iter().map(|row| row.of(axis)), axis, confidence),
        }
    }

    /// What one policy has more than another in the same weather, with an interval.
    #[must_use]
    pub fn difference(
        &self,
        axis: Axis,
        first: &[Row],
        second: &[Row],
        confidence: f64,
    ) -> Estimate {
        let rows = || first.iter().zip(second);
        let share = |bit: usize| {
            let mut pairs = Pairs::default();
            for (first, second) in rows() {
                pairs.total += 1;
                pairs.only_first += u64::from(first.has(bit) && !second.has(bit));
                pairs.only_second += u64::from(!first.has(bit) && second.has(bit));
            }
            let mean = pairs.estimate().unwrap_or(0.0);
            Estimate::of(mean, pairs.difference(confidence))
        };
        match axis {
            Axis::FalseAborts => share(0),
            Axis::Missed => self.over_bad(share),
            _ => {
                let values = rows().map(|(a, b)| a.of(axis).saturating_sub(b.of(axis)));
                of_moments(values, axis, confidence)
            }
        }
    }

    /// The share of all releases that ended as neither promoted nor rolled back.
    #[must_use]
    pub fn held(&self, rows: &[Row]) -> f64 {
        let total = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let shares = std::iter::once(self.healthy_share()).chain(self.bad.iter().map(|b| b.share));
        let of = |(bit, share): (usize, f64)| {
            let count = rows.iter().filter(|row| row.held >> bit & 1 == 1).count();
            share * ratio(u64::try_from(count).unwrap_or(u64::MAX), total)
        };
        shares.enumerate().map(of).sum()
    }

    /// The mean over the bad releases, as often as they come.
    fn over_bad(&self, share: impl Fn(usize) -> Estimate) -> Estimate {
        let sum = self.bad_share();
        let mut mean = Estimate::default();
        for (index, bad) in self.bad.iter().enumerate() {
            let one = share(index + 1);
            let weight = bad.share / sum;
            mean.mean += weight * one.mean;
            mean.low += weight * one.low;
            mean.high += weight * one.high;
        }
        mean
    }
}

impl Estimate {
    fn of(mean: f64, interval: Option<Interval>) -> Self {
        let (low, high) = interval.map_or((f64::NEG_INFINITY, f64::INFINITY), |interval| {
            (interval.low, interval.high)
        });
        Self { mean, low, high }
    }

    /// The longer side of the interval.
    #[must_use]
    pub fn reach(&self) -> f64 {
        (self.high - self.mean).max(self.mean - self.low)
    }
}

impl Row {
    fn has(&self, bit: usize) -> bool {
        self.marks >> bit & 1 == 1
    }

    fn of(&self, axis: Axis) -> i64 {
        match axis {
            Axis::FalseAborts | Axis::Missed => 0,
            Axis::Time => self.time,
            Axis::Harm => self.harm,
            Axis::Capacity => self.capacity,
        }
    }
}

/// What became of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Promoted,
    RolledBack,
    /// Neither: it waits, is stuck, or was cut off.
    Held,
}

impl End {
    fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Promoted | Verdict::Successful => Self::Promoted,
            Verdict::RolledBack | Verdict::RollbackFailed | Verdict::Failed => Self::RolledBack,
            _ => Self::Held,
        }
    }
}

fn of_moments(values: impl Iterator<Item = i64>, axis: Axis, confidence: f64) -> Estimate {
    let mut moments = Moments::default();
    values.for_each(|value| moments.record(value));
    let grains = axis.grains();
    let interval = moments.mean_interval(confidence);
    let estimate = Estimate::of(moments.mean().unwrap_or(0.0), interval);
    Estimate {
        mean: estimate.mean / grains,
        low: estimate.low / grains,
        high: estimate.high / grains,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share is a rounded quotient")]
fn ratio(count: u64, total: u64) -> f64 {
    count as f64 / total.max(1) as f64
}
