//! The plain way to the same store: all that [`Exporter::series`] shows, question by question. In tests both are compared after each.

use crate::promql::{self, Memory, Selector, Store};
use crate::series::exposition::millis;
use crate::series::{Exporter, Window};
use crate::time::SimTime;

/// A store that is filled in the plain way.
#[derive(Debug, Default)]
pub(in crate::series) struct Plain {
    store: Memory,
    /// Samples that were compared.
    pub(in crate::series) samples: usize,
}

impl Plain {
    pub(in crate::series) fn clear(&mut self) {
        self.store = Memory::new();
    }

    /// Takes over a window, and compares the store with another; samples up to `forgotten` are of no interest.
    pub(in crate::series) fn compare(
        &mut self,
        exporter: &Exporter<'_>,
        window: Window,
        forgotten: SimTime,
        other: &Memory,
    ) {
        let queries = &exporter.environment.queries;
        for metric in exporter.metrics() {
            let is_asked = queries.iter().any(|asking| {
                let selectors = asking.query.selectors();
                let mut names = selectors.iter().map(Selector::metric);
                names.any(|name| name.is_none_or(|name| name == metric.name))
            });
            if is_asked {
                self.take(exporter, &metric.name, window, forgotten);
            }
        }
        assert_eq!(
            self.store.series_count(),
            other.series_count(),
            "series up to {}",
            window.to
        );
        for number in 0..self.store.series_count() {
            let labels = self.store.labels(number);
            assert_eq!(labels, other.labels(number), "{number} up to {}", window.to);
            let (plain, fast) = (self.store.samples(number), other.samples(number));
            assert_eq!(plain.times, fast.times, "{labels} up to {}", window.to);
            let bits = |values: &[f64]| values.iter().map(|one| one.to_bits()).collect::<Vec<_>>();
            assert_eq!(
                bits(plain.values),
                bits(fast.values),
                "{labels} up to {}: {:?} {:?}",
                window.to,
                plain.values,
                fast.values
            );
            assert_eq!(plain.markers, fast.markers);
            assert_eq!(plain.resets, fast.resets);
            self.samples += plain.times.len();
        }
    }

    fn take(&mut self, exporter: &Exporter<'_>, metric: &str, window: Window, forgotten: SimTime) {
        let queries = &exporter.environment.queries;
        for series in exporter.series(metric, window) {
            let labels = series.labels.iter();
            let labels = promql::Labels::new(labels.map(|(name, value)| (&**name, &**value)));
            if !queries.iter().any(|asking| asking.query.selects(&labels)) {
                continue;
            }
            let number = self.store.series(labels);
            for sample in &series.samples {
                if forgotten < sample.at {
                    let _ = self.store.append(number, millis(sample.at), sample.value);
                }
            }
        }
    }
}
