//! Where samples go: to the series that are there, and to those that appear, in the order of their labels.
//!
//! Knows that of several that show a series at once the first counts. Refuses to know who shows what.

use super::catalogue::{Catalogue, Entry};
use crate::promql::{Labels, Memory};
use crate::series::exposition::millis;
use crate::series::scrape::sample;
use crate::time::SimTime;

/// Takes the samples of a metric.
pub(super) struct Sink<'a> {
    pub(super) catalogue: &'a mut Catalogue,
    pub(super) store: &'a mut Memory,
    pub(super) pending: &'a mut Pending,
    /// Names the metric and the window: which series were shown already.
    pub(super) when: u64,
    /// Whether queries look at a series.
    pub(super) is_selected: &'a dyn Fn(&Labels) -> bool,
}

/// Series that appear, until all are there.
#[derive(Debug, Default)]
pub(super) struct Pending {
    samples: Vec<(SimTime, f64)>,
    /// Each series, and where its samples begin and end.
    series: Vec<(usize, usize, usize)>,
}

impl Pending {
    pub(super) fn clear(&mut self) {
        self.samples.clear();
        self.series.clear();
    }
}

/// What can be sampled at an instant.
pub(super) trait Moment: Copy {
    fn at(self) -> SimTime;
}

impl Moment for SimTime {
    fn at(self) -> SimTime {
        self
    }
}

impl Sink<'_> {
    /// What is at a place, where that is worth finding out before anything is there.
    pub(super) fn know(&mut self, place: usize, labels: impl FnOnce() -> Labels) -> Entry {
        match self.catalogue.entry(place) {
            Entry::Unknown => self.catalogue.know(place, labels(), self.is_selected),
            known => known,
        }
    }

    /// Whether samples of the series at a place are of use.
    pub(super) fn wants(&self, place: usize) -> bool {
        match self.catalogue.entry(place) {
            Entry::Unknown => true,
            Entry::Unselected => false,
            Entry::Series(series) => self.catalogue.series(series).shown != self.when,
        }
    }

    /// Takes the samples of the series at a place. If there are none, but were before `times` in the same window (`were`), it appears
    /// without any.
    pub(super) fn take<T: Moment>(
        &mut self,
        place: usize,
        times: &[T],
        value: impl FnMut(T) -> Option<f64>,
        were: impl FnOnce() -> bool,
        labels: impl FnOnce(&Catalogue) -> Labels,
    ) {
        let entry = self.catalogue.entry(place);
        let series = match entry {
            Entry::Unselected => return,
            Entry::Unknown => None,
            Entry::Series(series) if self.catalogue.series(series).shown == self.when => return,
            Entry::Series(series) => Some(series),
        };
        if let Some((series, number)) =
            series.and_then(|series| Some((series, self.catalogue.number(series)?)))
        {
            let store = &mut *self.store;
            let mut any = false;
            sample(times, value, |at, value| {
                any = true;
                // Windows adjoin, so that samples come in order of time.
                let _ = store.append(number, millis(at.at()), value);
            });
            if any || were() {
                self.catalogue.show(series, self.when);
            }
            return;
        }
        let first = self.pending.samples.len();
        let samples = &mut self.pending.samples;
        sample(times, value, |at, value| samples.push((at.at(), value)));
        let end = self.pending.samples.len();
        if first == end && !were() {
            return;
        }
        let entry = match entry {
            Entry::Unknown => {
                let labels = labels(self.catalogue);
                self.catalogue.know(place, labels, self.is_selected)
            }
            known => known,
        };
        match entry {
            Entry::Series(series) if self.catalogue.series(series).shown != self.when => {
                self.catalogue.show(series, self.when);
                match self.catalogue.number(series) {
                    // Somebody else has shown it before.
                    Some(number) => {
                        for (at, value) in self.pending.samples.drain(first..) {
                            let _ = self.store.append(number, millis(at), value);
                        }
                    }
                    None => self.pending.series.push((series, first, end)),
                }
            }
            _ => self.pending.samples.truncate(first),
        }
    }

    /// Lets the series appear that are new.
    pub(super) fn finish(self) {
        let Pending { samples, series } = &mut *self.pending;
        self.catalogue.sort(series, |(series, _, _)| *series);
        for (series, first, end) in &*series {
            let number = self.store.series_of(&self.catalogue.series(*series).labels);
            self.catalogue.give_number(*series, number);
            for (at, value) in &samples[*first..*end] {
                let _ = self.store.append(number, millis(*at), *value);
            }
        }
        self.pending.clear();
    }
}
