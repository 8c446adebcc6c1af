//! What was behind one answer: how many requests, and whose.

use super::{Versions, Whose};
use crate::plan::environment::Scraping;
use crate::promql::{Query, Samples, Store, is_stale};
use crate::series::{Labels, counts_requests};
use crate::time::Delta;

/// What was behind an answer. Controllers never know it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Behind {
    /// How many requests decided: of several selectors the one that saw most, from its first to its last sample.
    pub requests: f64,
    /// How many of them went to the version that is tried; `None` if the labels do not tell.
    pub canary: Option<f64>,
    /// Over which time before the measurement; `None` if that is not known.
    pub window: Option<Delta>,
}

impl Behind {
    /// What was behind the answer of a query at `at` \[ms since 1970\]; `None` if nothing that it looks at counts requests.
    #[must_use]
    pub fn query(
        query: &Query,
        store: &impl Store,
        versions: &Versions<'_>,
        scraping: &Scraping,
        at: i64,
    ) -> Option<Self> {
        let mut most: Option<Self> = None;
        for selector in query.selectors() {
            let Some(window) = selector.window.filter(|_| selector.range.is_some()) else {
                continue;
            };
            let (from, to) = (at - window, at - selector.offset);
            let mut seen = Self {
                requests: 0.0,
                canary: Some(0.0),
                window: Some(Delta::from_millis(window)),
            };
            let mut counts = false;
            for series in 0..store.series_count() {
                let labels = store.labels(series);
                let mut matchers = selector.matchers.iter();
                if !matchers.all(|matcher| matcher.accepts(labels.get(matcher.name()))) {
                    continue;
                }
                let labels: Labels = labels
                    .iter()
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect();
                if !counts_requests(&labels, scraping) {
                    continue;
                }
                counts = true;
                let grown = growth(store.samples(series), from, to);
                seen.requests += grown;
                match versions.whose(&[&labels]) {
                    Some(Whose::Canary) => seen.canary = seen.canary.map(|canary| canary + grown),
                    Some(Whose::Stable) => {}
                    _ => seen.canary = None,
                }
            }
            if counts && most.is_none_or(|most| most.requests < seen.requests) {
                most = Some(seen);
            }
        }
        most
    }

    /// The share of the version that is tried, where there were requests.
    #[must_use]
    pub fn canary_share(&self) -> Option<f64> {
        let canary = self.canary.filter(|_| 0.0 < self.requests)?;
        Some(canary / self.requests)
    }
}

/// By how much a counter grew in the window `(from, to]`; a counter that falls began anew.
fn growth(samples: Samples<'_>, from: i64, to: i64) -> f64 {
    let first = samples.times.partition_point(|at| *at <= from);
    let end = samples.times.partition_point(|at| *at <= to);
    let values = samples.values.get(first..end).unwrap_or_default();
    let mut values = values.iter().copied().filter(|value| !is_stale(*value));
    let Some(mut last) = values.next() else {
        return 0.0;
    };
    let mut grown = 0.0;
    for value in values {
        grown += if value < last { value } else { value - last };
        last = value;
    }
    grown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_knows_windows_resets_and_ends() {
        let times = [10, 20, 30, 40, 50];
        let values = [1.0, 5.0, 2.0, crate::promql::stale_marker(), 4.0];
        let samples = Samples {
            times: &times,
            values: &values,
            ..Samples::default()
        };
        assert!((growth(samples, 0, 50) - 8.0).abs() < 1e-12);
        assert!((growth(samples, 10, 30) - 2.0).abs() < 1e-12);
        assert!(growth(samples, 60, 90).abs() < 1e-12);
    }
}
