//! Which series a selection has found, and what is known about label sets, so that a series is looked at once.
//!
//! Knows that a store which is of the same generation has only got new series at the end, and that the same labels come
//! again after a store was cleared. Refuses to know samples: where a window was is a hint where to look for the next one.

use super::Owners;
use crate::promql::identity::ByIdentity;
use crate::promql::interner::{Interner, SetId};
use crate::promql::labels::Labels;
use crate::promql::plan::Selection;
use crate::promql::store::{Generation, Samples, Store};

/// The series that a selection has found.
#[derive(Debug)]
pub(in crate::promql) struct Resolved {
    generation: Generation,
    /// How many series of the store were looked at.
    looked: usize,
    pub(in crate::promql) found: Vec<Found>,
    /// Whether no two of them become the same without their names.
    pub(in crate::promql) distinct: bool,
}

/// A series that a selection has found.
#[derive(Clone, Copy, Debug)]
pub(in crate::promql) struct Found {
    /// Its number in the store.
    pub(in crate::promql) series: usize,
    pub(in crate::promql) set: SetId,
    pub(in crate::promql) nameless: SetId,
    /// The numbers of the samples with which the last window began and ended: hints, never more.
    from: usize,
    to: usize,
}

/// What a selection has found out about labels, whichever store they were in.
#[derive(Debug, Default)]
pub(in crate::promql) struct Filter {
    /// By number in the [`LabelTable`], as long as that has the same `epoch`.
    accepted: Vec<Option<bool>>,
    epoch: u64,
    owners: Owners,
    /// Counts the generations.
    life: u64,
}

/// The labels of series, and their sets once somebody asked.
#[derive(Debug, Default)]
pub(in crate::promql) struct LabelTable {
    numbers: ByIdentity,
    sets: Vec<Option<SetId>>,
    /// Counts how often the table was cleared.
    epoch: u64,
}

/// The table is cleared when it is longer than this and much longer than the store; some stores make new labels without
/// end.
const LABELS_MAX: usize = 1 << 16;

impl Default for Resolved {
    fn default() -> Self {
        Self {
            generation: Generation::NONE,
            looked: 0,
            found: Vec::new(),
            distinct: true,
        }
    }
}

impl Resolved {
    /// Looks at the series that `store` has got since the last time, all of them if they were renumbered.
    #[inline]
    pub(in crate::promql) fn update(
        &mut self,
        selection: &Selection,
        store: &dyn Store,
        filter: &mut Filter,
        labels: &mut LabelTable,
        interner: &mut Interner,
    ) {
        let (generation, count) = (store.generation(), store.series_count());
        if self.generation != generation || count < self.looked {
            self.generation = generation;
            self.looked = 0;
            self.found.clear();
            self.distinct = true;
            filter.life += 1;
            labels.limit(count);
        }
        if self.looked < count {
            self.look(selection, store, filter, labels, interner);
        }
    }

    fn look(
        &mut self,
        selection: &Selection,
        store: &dyn Store,
        filter: &mut Filter,
        table: &mut LabelTable,
        interner: &mut Interner,
    ) {
        for series in self.looked..store.series_count() {
            let labels = store.labels(series);
            let number = table.number(labels);
            if !filter.accepts(selection, labels, number, table.epoch) {
                continue;
            }
            let set = *table.sets[number].get_or_insert_with(|| interner.labels(labels));
            let nameless = interner.nameless(set);
            self.distinct &= filter.owners.is_alone(nameless, set, filter.life);
            self.found.push(Found {
                series,
                set,
                nameless,
                from: 0,
                to: 0,
            });
        }
        self.looked = store.series_count();
    }
}

impl Found {
    /// Which samples are after `start` and not after `end` \[ms\].
    #[inline]
    pub(in crate::promql) fn window(
        &mut self,
        samples: &Samples<'_>,
        (start, end): (i64, i64),
    ) -> (usize, usize) {
        let to = self.up_to(samples, end);
        let hint = self.from.saturating_sub(samples.forgotten);
        let from = near(&samples.times[..to], hint, start);
        self.from = samples.forgotten.saturating_add(from);
        (from, to)
    }

    /// How many samples are not after `end` \[ms\].
    #[inline]
    pub(in crate::promql) fn up_to(&mut self, samples: &Samples<'_>, end: i64) -> usize {
        let to = match samples.times.last() {
            Some(last) if end < *last => {
                let hint = self.to.saturating_sub(samples.forgotten);
                near(samples.times, hint, end)
            }
            _ => samples.times.len(),
        };
        self.to = samples.forgotten.saturating_add(to);
        to
    }
}

impl Filter {
    /// Whether labels pass, which are those of `number` in a table of this epoch.
    fn accepts(
        &mut self,
        selection: &Selection,
        labels: &Labels,
        number: usize,
        epoch: u64,
    ) -> bool {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.accepted.clear();
        }
        if self.accepted.len() <= number {
            self.accepted.resize(number + 1, None);
        }
        *self.accepted[number].get_or_insert_with(|| {
            let mut matchers = selection.matchers.iter();
            matchers.all(|matcher| matcher.accepts_series(labels))
        })
    }
}

impl LabelTable {
    fn number(&mut self, labels: &Labels) -> usize {
        if let Some(number) = self.numbers.get(labels) {
            return number;
        }
        let number = self.sets.len();
        self.sets.push(None);
        self.numbers.insert(labels.clone(), number);
        number
    }

    /// Clears the table if it is too long for a store with `count` series.
    fn limit(&mut self, count: usize) {
        if LABELS_MAX.max(count.saturating_mul(2)) < self.numbers.len() {
            self.numbers.clear();
            self.sets.clear();
            self.epoch += 1;
        }
    }
}

/// How many of `times` are not after `limit`, looked for from `hint` in growing steps.
#[inline]
fn near(times: &[i64], hint: usize, limit: i64) -> usize {
    let hint = hint.min(times.len());
    let (mut low, mut high) = (0, times.len());
    let mut step = 1;
    if times.get(hint).is_some_and(|time| *time <= limit) {
        low = hint + 1;
        while let Some(time) = times.get(low + step - 1) {
            if limit < *time {
                high = low + step - 1;
                break;
            }
            low += step;
            step *= 2;
        }
    } else {
        high = hint;
        while let Some(time) = high.checked_sub(step).map(|at| times[at]) {
            if time <= limit {
                low = high - step + 1;
                break;
            }
            high -= step;
            step *= 2;
        }
    }
    low + times[low..high].partition_point(|time| *time <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_hint_costs_time_only() {
        let times: Vec<i64> = (0..40).map(|at| at * 10).collect();
        for length in [0, 1, 2, 7, 40] {
            let times = &times[..length];
            for hint in [0, 1, 3, 8, 20, 38, 39, 40, 41, usize::MAX] {
                for limit in -11..410 {
                    let expected = times.partition_point(|time| *time <= limit);
                    assert_eq!(
                        near(times, hint, limit),
                        expected,
                        "{length} {hint} {limit}"
                    );
                }
            }
        }
    }
}
