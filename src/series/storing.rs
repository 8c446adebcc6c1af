//! Series as a store for queries.

use super::{Exporter, Window};
use crate::promql;
use crate::series::exposition::millis;
use crate::time::{Delta, SimTime};

/// The series of a window that a query looks at, as a store.
#[must_use]
pub fn store(exporter: &Exporter<'_>, query: &promql::Query, window: Window) -> promql::Memory {
    let mut store = promql::Memory::new();
    for metric in exporter.metrics() {
        for series in exporter.series(&metric.name, window) {
            let labels = series.labels.iter();
            let labels = promql::Labels::new(labels.map(|(name, value)| (&**name, &**value)));
            if !query.selects(&labels) {
                continue;
            }
            let number = store.series(labels);
            for sample in &series.samples {
                // Samples come in order of time, and each once.
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
