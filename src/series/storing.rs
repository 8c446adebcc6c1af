//! Series as a store for queries.

use super::{Exporter, Window};
use crate::promql;
use crate::series::exposition::millis;
use crate::time::{Delta, SimTime};

/// The series of a window that a query may name, as a store. A query that chooses metrics by a matcher on `__name__` sees all of them.
#[must_use]
pub fn store(exporter: &Exporter<'_>, query: &str, window: Window) -> promql::Memory {
    let mut store = promql::Memory::new();
    let by_matcher = query.contains("__name__");
    for metric in exporter.metrics() {
        if !by_matcher && !query.contains(&metric.name) {
            continue;
        }
        for series in exporter.series(&metric.name, window) {
            let labels = series.labels.iter();
            let labels = promql::Labels::new(labels.map(|(name, value)| (&**name, &**value)));
            let number = store.series(labels);
            for sample in &series.samples {
                // A metric that is named twice is stored once.
                let _ = store.append(number, millis(sample.at), sample.value);
            }
        }
    }
    store
}

/// The steps of a range query over a stretch of virtual time.
#[must_use]
pub fn steps(from: SimTime, to: SimTime, step: Delta) -> promql::Steps {
    promql::Steps {
        start: millis(from),
        end: millis(to),
        step: step.nanos() / 1_000_000,
    }
}
