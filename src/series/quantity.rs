//! What the numbers of a metric count: requests, requests up to a limit, or the time that they take.
//!
//! Knows: histograms and the laws of latencies. Refuses to know who counts, and labels other than `le`.

use super::family::{Buckets, Family, Kind, Measure};
use super::{Exporter, Labels, pod};
use crate::cluster::TemplateId;
use crate::time::SimTime;
use crate::world::ledger::{Counter, Meter, Outcome};
use crate::world::pods::Process;

/// Which number of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Value,
    Bucket,
    Sum,
    Count,
}

/// Something that is counted, and the label `le` of its bucket.
pub(super) struct Quantity<'a> {
    pub(super) le: Option<String>,
    /// What a request counts that takes so many times as long as usual.
    pub(super) weigh: Box<dyn Fn(f64) -> f64 + 'a>,
}

/// A counter of a pod as it is shown.
pub(super) struct Shown {
    pub(super) le: Option<String>,
    pub(super) outcome: Outcome,
    pub(super) value: Counter,
    /// The requests behind it: without any there is no series.
    pub(super) requests: Counter,
}

impl Shown {
    /// The value of a process at an instant. Buckets that hold nothing appear with the first request, too.
    pub(super) fn at(&self, process: &Process, now: SimTime) -> Option<f64> {
        pod::counted(process, &self.requests, now)?;
        Some(pod::counted(process, &self.value, now).unwrap_or(0.0))
    }

    /// With the label of its bucket.
    pub(super) fn labelled(&self, mut labels: Labels) -> Labels {
        labels.extend(self.le.iter().map(|le| ("le".to_owned(), le.clone())));
        labels
    }
}

impl Part {
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Value => "",
            Self::Bucket => "_bucket",
            Self::Sum => "_sum",
            Self::Count => "_count",
        }
    }
}

pub(super) fn parts(family: &Family) -> &'static [Part] {
    match family.kind() {
        Kind::Histogram => &[Part::Bucket, Part::Count, Part::Sum],
        _ => &[Part::Value],
    }
}

impl<'a> Exporter<'a> {
    /// The counters of a meter, by bucket and outcome.
    pub(super) fn counters(
        &self,
        family: &Family,
        part: Part,
        template: TemplateId,
        meter: &Meter,
    ) -> Vec<Shown> {
        let quantities = self.quantities(family, part, Some(template));
        let all = Outcome::ALL.map(|outcome| meter.counter(outcome, |_| 1.0));
        let mut shown = Vec::new();
        for quantity in &quantities {
            for (outcome, all) in Outcome::ALL.into_iter().zip(&all) {
                if !all.is_empty() {
                    shown.push(Shown {
                        le: quantity.le.clone(),
                        outcome,
                        value: meter.counter(outcome, &quantity.weigh),
                        requests: all.clone(),
                    });
                }
            }
        }
        shown
    }

    /// What is counted for a part of a family; nothing where the version's latency is not known.
    pub(super) fn quantities(
        &self,
        family: &Family,
        part: Part,
        template: Option<TemplateId>,
    ) -> Vec<Quantity<'a>> {
        let one = |le: Option<String>| Quantity {
            le,
            weigh: Box::new(|_| 1.0),
        };
        let Measure::Durations(buckets) = family.measure else {
            return vec![one(None)];
        };
        let health =
            |template: TemplateId| &self.environment.images[usize::from(template.0)].health;
        let known = template.or(self
            .cluster
            .rollout
            .as_ref()
            .map(|rollout| rollout.template));
        let Some(law) = known.and_then(|template| health(template).latency.as_ref()) else {
            return Vec::new();
        };
        let Buckets { per_second, limits } = buckets;
        let limits = if limits.is_empty() {
            &self.scraping().buckets
        } else {
            limits
        };
        match part {
            Part::Value | Part::Count => vec![one(None)],
            Part::Sum => {
                let mean = law.mean() * per_second;
                vec![Quantity {
                    le: None,
                    weigh: Box::new(move |times| mean * times),
                }]
            }
            Part::Bucket => {
                let buckets = limits.iter().map(|limit| {
                    let seconds = limit / per_second;
                    Quantity {
                        le: Some(limit_name(*limit)),
                        weigh: Box::new(move |times| {
                            if times <= 0.0 {
                                1.0
                            } else {
                                law.up_to(seconds / times)
                            }
                        }),
                    }
                });
                buckets.chain([one(Some("+Inf".to_owned()))]).collect()
            }
        }
    }
}

/// The limit of a bucket as Prometheus 3 stores it, whatever the exporter writes
/// (`model/textparse/openmetricsparse.go: normalizeFloatsInLabelValues`).
fn limit_name(limit: f64) -> String {
    if 1e6 <= limit {
        let text = format!("{limit:e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{digits}e+{power:0>2}");
    }
    format!("{limit:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_buckets_are_written_as_prometheus_stores_them() {
        let names = [0.005, 0.5, 1.0, 500.0, 3e5, 1.8e6, 3.6e6].map(limit_name);
        let want = [
            "0.005", "0.5", "1.0", "500.0", "300000.0", "1.8e+06", "3.6e+06",
        ];
        assert_eq!(names, want);
    }
}
