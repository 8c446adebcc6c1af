//! Series that the scenario gives itself: what no profile exports.

use super::{Exporter, Kind, Metric, Series, Window, labels};
use crate::plan::environment::{Given, GivenValue};
use crate::series::scrape::Schedule;
use crate::time::{Delta, SimTime};

/// A counter has been there for so long when the simulation begins.
const BEGUN: Delta = Delta::from_secs(-3600);

/// The number of the first target, far from those of pods and gateways.
pub(super) const TARGET: u64 = 0x4000_0000_0000_0000;

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
            let schedule = Schedule::of(self.scraping(), self.world.weather, target);
            let samples = schedule.samples(window, |now| shown(one, now));
            if !samples.is_empty() {
                let labels = labels::completed(one.labels.clone(), self.scraping(), name);
                series.push(Series { labels, samples });
            }
        }
    }
}

/// What a given series shows at an instant.
pub(super) fn shown(given: &Given, now: SimTime) -> Option<f64> {
    let now = now - SimTime::ZERO;
    match &given.shows {
        GivenValue::Value(curve) => Some(curve.at(now)),
        GivenValue::Rate(curve) => (BEGUN <= now).then(|| curve.integral(BEGUN, now)),
    }
}
