//! Series in memory, for one run after another.
//!
//! Knows how to forget without giving memory back: a run with the labels and the length of an earlier one allocates
//! nothing. Refuses to let an earlier run be seen: numbers of series and samples start from 0 after each
//! [`Memory::clear`].

use std::collections::HashMap;

use super::{Generation, Reset, Samples, Store, is_stale};
use crate::promql::identity::ByIdentity;
use crate::promql::labels::Labels;

/// Series in memory.
#[derive(Debug)]
pub struct Memory {
    generation: Generation,
    /// The series that exist, and behind them buffers of earlier ones.
    series: Vec<Series>,
    count: usize,
    /// The label sets of this life and earlier ones.
    known: Vec<Known>,
    by_labels: HashMap<Labels, usize>,
    /// The same for those who ask with a clone of the labels that were first.
    by_identity: ByIdentity,
    /// Counts the clearings.
    life: u64,
}

#[derive(Debug)]
struct Known {
    labels: Labels,
    /// The number of the series in a life.
    series: usize,
    life: u64,
}

#[derive(Debug, Default)]
struct Series {
    labels: Labels,
    times: Vec<i64>,
    values: Vec<f64>,
    /// How many samples in front are forgotten, but still there, since it is cheaper to remove many at once.
    hidden: usize,
    /// How many samples are gone.
    removed: usize,
    markers: Vec<usize>,
    resets: Vec<Reset>,
    /// The newest value that is no marker; NaN before the first.
    newest: f64,
}

/// Why a sample was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// The series has a sample at that time or later.
    OutOfOrder,
    /// There is no such series.
    UnknownSeries,
}

/// Label sets that are kept from one life to the next; some runs make new ones without end.
const KNOWN_MAX: usize = 1 << 16;

impl Memory {
    /// A store without series.
    #[must_use]
    pub fn new() -> Self {
        Self {
            generation: Generation::fresh(),
            series: Vec::new(),
            count: 0,
            known: Vec::new(),
            by_labels: HashMap::new(),
            by_identity: ByIdentity::default(),
            life: 0,
        }
    }

    /// The number of the series with these labels, which is created if there is none.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "for callers who make the labels for this alone"
    )]
    pub fn series(&mut self, labels: Labels) -> usize {
        self.series_of(&labels)
    }

    /// As [`Memory::series`]. With clones of one value again and again it takes a few nanoseconds, also after
    /// [`Memory::clear`]; with equal labels that are no clones, the labels are compared.
    pub fn series_of(&mut self, labels: &Labels) -> usize {
        let known = match self.by_identity.get(labels) {
            Some(known) => known,
            None => self.know(labels),
        };
        let known = &mut self.known[known];
        if known.life == self.life {
            return known.series;
        }
        known.life = self.life;
        known.series = self.count;
        if self.count == self.series.len() {
            self.series.push(Series::default());
        }
        self.series[self.count].begin(known.labels.clone());
        self.count += 1;
        known.series
    }

    /// Adds a sample at `time` \[ms since 1970\].
    ///
    /// # Errors
    ///
    /// If the series does not exist, or has a sample at that time or later.
    #[inline]
    pub fn append(&mut self, series: usize, time: i64, value: f64) -> Result<(), AppendError> {
        self.series[..self.count]
            .get_mut(series)
            .ok_or(AppendError::UnknownSeries)?
            .append(time, value)
    }

    /// Forgets the samples before `time` \[ms since 1970\]; the series stay.
    pub fn forget_before(&mut self, time: i64) {
        for series in &mut self.series[..self.count] {
            series.forget_before(time);
        }
    }

    /// Forgets all series and samples, but keeps their memory. What comes after is numbered as in a new store.
    pub fn clear(&mut self) {
        self.generation = Generation::fresh();
        self.count = 0;
        self.life += 1;
        if KNOWN_MAX < self.known.len() {
            self.known.clear();
            self.by_labels.clear();
            self.by_identity.clear();
        }
    }

    /// The place of a label set in `known`.
    #[cold]
    fn know(&mut self, labels: &Labels) -> usize {
        if let Some(&known) = self.by_labels.get(labels) {
            return known;
        }
        let place = self.known.len();
        self.known.push(Known {
            labels: labels.clone(),
            series: 0,
            // No life: a series is created as soon as somebody asks.
            life: u64::MAX,
        });
        self.by_labels.insert(labels.clone(), place);
        self.by_identity.insert(labels.clone(), place);
        place
    }
}

impl Series {
    /// Becomes another series, without samples.
    fn begin(&mut self, labels: Labels) {
        self.labels = labels;
        self.times.clear();
        self.values.clear();
        self.hidden = 0;
        self.removed = 0;
        self.markers.clear();
        self.resets.clear();
        self.newest = f64::NAN;
    }

    #[inline]
    fn append(&mut self, time: i64, value: f64) -> Result<(), AppendError> {
        if self.times.last().is_some_and(|last| time <= *last) {
            return Err(AppendError::OutOfOrder);
        }
        let number = self.removed + self.times.len();
        if is_stale(value) {
            self.markers.push(number);
        } else {
            if value < self.newest {
                let before = self.newest;
                self.resets.push(Reset { number, before });
            }
            self.newest = value;
        }
        self.times.push(time);
        self.values.push(value);
        Ok(())
    }

    fn forget_before(&mut self, time: i64) {
        let times = &self.times[self.hidden..];
        if times.first().is_none_or(|first| time <= *first) {
            return;
        }
        self.hidden += times.partition_point(|at| *at < time);
        if self.times.len() < 2 * self.hidden {
            self.times.drain(..self.hidden);
            self.values.drain(..self.hidden);
            self.removed += self.hidden;
            self.hidden = 0;
            let first = self.removed;
            let gone = self.markers.partition_point(|number| *number < first);
            self.markers.drain(..gone);
            let gone = self.resets.partition_point(|reset| reset.number < first);
            self.resets.drain(..gone);
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
        self.count
    }

    fn labels(&self, series: usize) -> &Labels {
        &self.series[series].labels
    }

    fn samples(&self, series: usize) -> Samples<'_> {
        let series = &self.series[series];
        Samples {
            times: &series.times[series.hidden..],
            values: &series.values[series.hidden..],
            forgotten: series.removed + series.hidden,
            markers: &series.markers,
            resets: &series.resets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::store::stale_marker;

    fn labels(name: &str) -> Labels {
        Labels::new([("__name__", name)])
    }

    #[test]
    fn samples_are_kept_in_order_and_forgotten_by_time() {
        let mut store = Memory::new();
        let up = store.series(labels("up"));
        assert_eq!(store.append(up, 10, 1.0), Ok(()));
        assert_eq!(store.append(up, 10, 2.0), Err(AppendError::OutOfOrder));
        assert_eq!(store.append(up, 20, stale_marker()), Ok(()));
        assert_eq!(store.append(7, 20, 1.0), Err(AppendError::UnknownSeries));
        store.forget_before(20);
        let samples = store.samples(up);
        assert_eq!(samples.times, [20]);
        assert_eq!((samples.forgotten, samples.markers), (1, &[1][..]));
        store.forget_before(21);
        assert_eq!(store.samples(up).forgotten, 2);
        assert!(store.samples(up).markers.is_empty());
        assert_eq!(
            store.append(up, 5, 1.0),
            Ok(()),
            "nothing is left to be before"
        );
    }

    #[test]
    fn numbers_of_samples_survive_forgetting() {
        let mut store = Memory::new();
        let up = store.series(labels("up"));
        for time in 0..100 {
            let value = if time % 10 == 0 { 0.0 } else { 1.0 };
            store.append(up, time, value).expect("rising times");
            store.forget_before(time - 12);
            let samples = store.samples(up);
            let number = usize::try_from(samples.times[0]).expect("small");
            assert_eq!(samples.forgotten, number);
            let recent = samples.resets.iter().filter(|reset| number <= reset.number);
            assert!(
                recent
                    .clone()
                    .all(|reset| reset.number % 10 == 0 && (0.9..1.1).contains(&reset.before))
            );
            assert!(time < 10 || recent.count() != 0);
            assert!(samples.resets.len() <= 4, "forgotten ones go at last");
        }
    }

    #[test]
    fn a_drop_across_a_marker_is_a_reset_and_nan_hides_one() {
        let mut store = Memory::new();
        let up = store.series(labels("up"));
        let values = [5.0, stale_marker(), 3.0, f64::NAN, 1.0];
        for (time, value) in (0..).zip(values) {
            store.append(up, time, value).expect("rising times");
        }
        let reset = Reset {
            number: 2,
            before: 5.0,
        };
        assert_eq!(store.samples(up).resets, [reset]);
        assert_eq!(store.samples(up).markers, [1]);
    }

    #[test]
    fn series_come_within_a_generation_and_go_with_it() {
        let mut store = Memory::new();
        let before = store.generation();
        let up = labels("up");
        assert_eq!(store.series_of(&labels("down")), 0);
        assert_eq!(store.series_of(&up), 1);
        assert_eq!(store.series_of(&labels("up")), 1);
        assert_eq!(store.generation(), before);
        assert_ne!(Memory::new().generation(), Memory::new().generation());
        store.append(1, 10, 5.0).expect("a first sample");
        store.clear();
        assert_ne!(store.generation(), before);
        assert_eq!(store.series_count(), 0);
        assert_eq!(store.append(0, 20, 1.0), Err(AppendError::UnknownSeries));
        assert_eq!(store.series_of(&up), 0);
        assert!(store.samples(0).times.is_empty());
        assert_eq!(store.append(0, 5, 1.0), Ok(()));
        assert!(store.samples(0).resets.is_empty());
    }
}
