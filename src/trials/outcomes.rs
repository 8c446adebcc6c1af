//! What the runs of a range came to, where many of them come to the same.
//!
//! Knows: which summaries last from range to range, so that runs can be counted by them instead of being looked at one by one. Refuses to
//! know who makes the runs.

use std::ops::Range;

use crate::trials::summary::Summary;

/// What the runs of a range of replicates came to.
#[derive(Clone, Debug, Default)]
pub struct Outcomes {
    replicates: Range<u64>,
    /// For each run the place of its summary: in `passing` if [`PASSING`] is set, else in `lasting`.
    places: Vec<u32>,
    /// Keep their places from range to range.
    lasting: Vec<Summary>,
    /// Those of this range only.
    passing: Vec<Summary>,
}

const PASSING: u32 = 1 << 31;

impl Outcomes {
    /// Begins a range, for which the summary of every run has to be set. Lasting summaries stay.
    pub fn begin(&mut self, replicates: Range<u64>) {
        let count = usize::try_from(replicates.end.saturating_sub(replicates.start));
        self.replicates = replicates;
        self.passing.clear();
        self.places.clear();
        self.places.resize(count.unwrap_or(0), 0);
    }

    /// Sets what a run of this range, counted from 0, came to.
    pub fn set(&mut self, run: usize, summary: Summary) {
        let place = u32::try_from(self.passing.len()).unwrap_or(u32::MAX);
        self.places[run] = place | PASSING;
        self.passing.push(summary);
    }

    /// Sets that a run of this range came to a lasting summary, which may be learnt later on.
    #[inline]
    pub(crate) fn set_lasting(&mut self, run: usize, place: u32) {
        self.places[run] = place;
    }

    /// Learns the lasting summaries: all that were ever told, and new ones behind them.
    pub(crate) fn learn(&mut self, summaries: &[Summary]) {
        let new = summaries.get(self.lasting.len()..).unwrap_or_default();
        self.lasting.extend_from_slice(new);
    }

    /// How many runs the range has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether the range is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The replicates of the range.
    #[must_use]
    pub fn replicates(&self) -> Range<u64> {
        self.replicates.clone()
    }

    /// The replicate of a run of this range, counted from 0.
    #[must_use]
    pub fn replicate(&self, run: usize) -> u64 {
        self.replicates.start + u64::try_from(run).unwrap_or(0)
    }

    /// What a run of this range, counted from 0, came to.
    #[must_use]
    pub fn summary(&self, run: usize) -> &Summary {
        self.at(self.places[run])
    }

    /// What all runs of this range came to, in order.
    pub fn summaries(&self) -> impl Iterator<Item = &Summary> {
        self.places.iter().map(|place| self.at(*place))
    }

    /// The places of the summaries of all runs of this range, in order.
    pub(super) fn places(&self) -> &[u32] {
        &self.places
    }

    /// The index of a place in [`Outcomes::lasting`]; `None`: its summary is one of this range only.
    #[inline]
    pub(super) fn lasting_index(place: u32) -> Option<usize> {
        (place & PASSING == 0).then_some(place as usize)
    }

    /// The summary at a place.
    #[inline]
    pub(super) fn at(&self, place: u32) -> &Summary {
        if place & PASSING == 0 {
            &self.lasting[place as usize]
        } else {
            &self.passing[(place & !PASSING) as usize]
        }
    }
}
