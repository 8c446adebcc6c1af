//! Series that the scenario gives itself: what no profile exports.

use super::{Exporter, Kind, Labels, Metric, Series, Window};
use crate::plan::environment::{Given, GivenValue};
use crate::series::scrape::Schedule;
use crate::time::{Delta, SimTime};

/// A counter has been there for so long when the simulation begins.
const BEGUN: Delta = Delta::from_secs(-3600);

/// The number of the first target, far from those of pods and gateways.
const TARGET: u64 = 0x4000_0000_0000_0000;

/// The metrics of given series, each once.
pub(super) fn metrics(given: &[Given]) -> Vec<Metric> {
    let mut metrics: Vec<Metric> = Vec::new();
    for one in given {
        if metrics.iter().any(|known| known.name == one.name) {
            continue;
        }
        metrics.push(Metric {
            name: one.name.clone(),
            family: one.name.clone(),
            kind: match one.shows {
                GivenValue::Value(_) => Kind::Gauge,
                GivenValue::Rate(_) => Kind::Counter,
            },
            help: "Given by the scenario.",
        });
    }
    metrics
}

impl Exporter<'_> {
    /// The given series of a metric.
    pub(super) fn given(&self, name: &str, window: Window, series: &mut Vec<Series>) {
        let given = self.scraping().given.iter();
        for (target, one) in (TARGET..).zip(given).filter(|(_, one)| one.name == name) {
            let mut labels: Labels = one.labels.clone();
            for (name, value) in &self.scraping().labels {
                labels.insert(name.clone(), value.clone());
            }
            labels.insert("__name__".to_owned(), one.name.clone());
            labels.retain(|_, value| !value.is_empty());
            let value = |now: SimTime| {
                let now = now - SimTime::ZERO;
                match &one.shows {
                    GivenValue::Value(curve) => Some(curve.at(now)),
                    GivenValue::Rate(curve) => (BEGUN <= now).then(|| curve.integral(BEGUN, now)),
                }
            };
            let schedule = Schedule::of(self.scraping(), self.world.weather, target);
            let samples = schedule.samples(window, value);
            if !samples.is_empty() {
                series.push(Series { labels, samples });
            }
        }
    }
}
