//! Where the engine finds series: a small trait.
//!
//! Knows what a series is: labels, and samples in order of time, of which the store tells where they drop and where they
//! end, so that nobody has to look at each of them again and again. Refuses to know who wrote them and when they are
//! forgotten. Simplifies: samples are floats; there are no native histograms, exemplars or metadata.

mod memory;

use std::sync::atomic::{AtomicU64, Ordering};

use super::labels::Labels;

pub use memory::{AppendError, Memory};

/// The samples of a series, in order of time. Each has a number: how many the series had before it, counting those that
/// were forgotten.
#[derive(Clone, Copy, Debug, Default)]
pub struct Samples<'a> {
    /// Times \[ms since 1970\], rising.
    pub times: &'a [i64],
    /// As many values.
    pub values: &'a [f64],
    /// The number of the first sample.
    pub forgotten: usize,
    /// The numbers of the samples that are staleness markers ([`stale_marker`]), rising. Some may be forgotten.
    pub markers: &'a [usize],
    /// Where a counter was reset, in order. Some may be forgotten.
    pub resets: &'a [Reset],
}

/// A sample that is less than the one before it, markers not counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reset {
    /// The number of the sample.
    pub number: usize,
    /// The value before it.
    pub before: f64,
}

/// The series that queries see. Series are numbered from 0, in the order in which unsorted answers name them (for
/// Prometheus the order of their creation).
pub trait Store {
    /// Names the present numbering: another one whenever a series goes, or gets another number or other labels. Series
    /// may come at the end, and samples may come and go, without. No two stores share one, so that what was found in one
    /// is never used in another.
    fn generation(&self) -> Generation;

    /// How many series there are; within a generation never fewer than before.
    fn series_count(&self) -> usize;

    /// The labels of a series, for `series` below [`Store::series_count`]. It is quickest if clones of one value stand for
    /// equal labels, as what was found out about one is then known for the other.
    fn labels(&self, series: usize) -> &Labels;

    /// The samples of a series, for `series` below [`Store::series_count`].
    fn samples(&self, series: usize) -> Samples<'_>;
}

/// Names one numbering of the series of one store.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_staleness_marker_is_no_ordinary_nan() {
        assert!(stale_marker().is_nan() && is_stale(stale_marker()));
        assert!(!is_stale(f64::NAN));
    }
}
