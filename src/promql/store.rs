//! Where the engine finds series: a small trait, and a store in memory.
//!
//! Knows what a series is: labels, and samples in order of time. Refuses to know who wrote them and when they are
//! forgotten. Simplifies: samples are floats; there are no native histograms, exemplars or metadata.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use super::labels::Labels;

/// The samples of a series, in order of time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Samples<'a> {
    /// Times \[ms since 1970\], rising.
    pub times: &'a [i64],
    /// As many values.
    pub values: &'a [f64],
    /// Whether some of the values may be staleness markers ([`stale_marker`]). `false` is a promise and saves a look at
    /// each of them.
    pub may_be_stale: bool,
}

/// The series that queries see. Series are numbered from 0, in the order in which unsorted answers name them (for
/// Prometheus the order of their creation).
pub trait Store {
    /// Names the present set of series; another one whenever a series comes, goes or is renumbered. Samples may come and
    /// go without. No two stores share one, so that what was found in one is never used in another.
    fn generation(&self) -> Generation;

    /// How many series there are.
    fn series_count(&self) -> usize;

    /// The labels of a series, for `series` below [`Store::series_count`].
    fn labels(&self, series: usize) -> &Labels;

    /// The samples of a series, for `series` below [`Store::series_count`].
    fn samples(&self, series: usize) -> Samples<'_>;
}

/// Names one set of series of one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation(u64);

impl Generation {
    /// A generation that nobody has had before in this process.
    #[must_use]
    pub fn fresh() -> Self {
        // Only ever compared for equality: which number it is has no influence on any result.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The generation of nothing.
    pub(super) const NONE: Self = Self(0);
}

/// The value that ends a series until its next sample: a NaN with bits of its own (`model/value/value.go: StaleNaN`).
#[must_use]
pub const fn stale_marker() -> f64 {
    f64::from_bits(STALE_BITS)
}

/// Whether `value` is [`stale_marker`]; an ordinary NaN is not.
#[must_use]
pub const fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_BITS
}

const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;

/// Series in memory.
#[derive(Debug)]
pub struct Memory {
    generation: Generation,
    series: Vec<Series>,
    by_labels: HashMap<Labels, usize>,
}

#[derive(Debug)]
struct Series {
    labels: Labels,
    times: Vec<i64>,
    values: Vec<f64>,
    may_be_stale: bool,
}

/// Why a sample was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// The series has a sample at that time or later.
    OutOfOrder,
    /// There is no such series.
    UnknownSeries,
}

impl Memory {
    /// A store without series.
    #[must_use]
    pub fn new() -> Self {
        Self {
            generation: Generation::fresh(),
            series: Vec::new(),
            by_labels: HashMap::new(),
        }
    }

    /// The number of the series with these labels, which is created if there is none.
    pub fn series(&mut self, labels: Labels) -> usize {
        if let Some(&series) = self.by_labels.get(&labels) {
            return series;
        }
        let series = self.series.len();
        self.by_labels.insert(labels.clone(), series);
        self.series.push(Series {
            labels,
            times: Vec::new(),
            values: Vec::new(),
            may_be_stale: false,
        });
        self.generation = Generation::fresh();
        series
    }

    /// Adds a sample at `time` \[ms since 1970\].
    ///
    /// # Errors
    ///
    /// If the series does not exist, or has a sample at that time or later.
    pub fn append(&mut self, series: usize, time: i64, value: f64) -> Result<(), AppendError> {
        let series = self
            .series
            .get_mut(series)
            .ok_or(AppendError::UnknownSeries)?;
        if series.times.last().is_some_and(|last| time <= *last) {
            return Err(AppendError::OutOfOrder);
        }
        series.times.push(time);
        series.values.push(value);
        series.may_be_stale |= is_stale(value);
        Ok(())
    }

    /// Forgets the samples before `time` \[ms since 1970\]; the series stay.
    pub fn forget_before(&mut self, time: i64) {
        for series in &mut self.series {
            let kept_from = series.times.partition_point(|at| *at < time);
            if 0 < kept_from {
                series.times.drain(..kept_from);
                series.values.drain(..kept_from);
                series.may_be_stale = series.values.iter().copied().any(is_stale);
            }
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for Memory {
    fn generation(&self) -> Generation {
        self.generation
    }

    fn series_count(&self) -> usize {
        self.series.len()
    }

    fn labels(&self, series: usize) -> &Labels {
        &self.series[series].labels
    }

    fn samples(&self, series: usize) -> Samples<'_> {
        let series = &self.series[series];
        Samples {
            times: &series.times,
            values: &series.values,
            may_be_stale: series.may_be_stale,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_staleness_marker_is_no_ordinary_nan() {
        assert!(stale_marker().is_nan() && is_stale(stale_marker()));
        assert!(!is_stale(f64::NAN));
    }

    #[test]
    fn samples_are_kept_in_order_and_forgotten_by_time() {
        let mut store = Memory::new();
        let up = store.series(Labels::new([("__name__", "up")]));
        assert_eq!(store.append(up, 10, 1.0), Ok(()));
        assert_eq!(store.append(up, 10, 2.0), Err(AppendError::OutOfOrder));
        assert_eq!(store.append(up, 20, stale_marker()), Ok(()));
        assert_eq!(store.append(7, 20, 1.0), Err(AppendError::UnknownSeries));
        store.forget_before(20);
        let samples = store.samples(up);
        assert_eq!(samples.times, [20]);
        assert!(samples.may_be_stale);
        store.forget_before(21);
        assert!(!store.samples(up).may_be_stale);
    }

    #[test]
    fn a_new_series_is_a_new_generation_and_a_known_one_is_not() {
        let mut store = Memory::new();
        let before = store.generation();
        store.series(Labels::new([("__name__", "up")]));
        let after = store.generation();
        assert_ne!(before, after);
        store.series(Labels::new([("__name__", "up")]));
        assert_eq!(store.generation(), after);
        assert_ne!(Memory::new().generation(), Memory::new().generation());
    }
}
