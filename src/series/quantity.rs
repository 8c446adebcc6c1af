//! What the numbers of a metric count: requests, requests up to a limit, or the time that they take.
//!
//! Knows: histograms and the laws of latencies. Refuses to know who counts, and labels other than `le`.

use super::family::{Buckets, Family, Kind, Measure};
use super::{Exporter, Labels, pod};
use crate::cluster::TemplateId;
use crate::law::Law;
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

/// Something that is counted.
#[derive(Clone, Copy)]
pub(super) struct Quantity<'a> {
    /// The upper limit of its bucket, if it is one.
    pub(super) limit: Option<f64>,
    pub(super) weight: Weight<'a>,
}

/// What a request counts.
#[derive(Clone, Copy)]
pub(super) enum Weight<'a> {
    /// Once.
    One,
    /// The time that it takes, which usually is this.
    Time(f64),
    /// Once if it takes no longer than so many seconds.
    UpTo(&'a Law, f64),
}

impl Weight<'_> {
    /// For a request that takes so many times as long as usual.
    pub(super) fn of(self, times: f64) -> f64 {
        match self {
            Self::One => 1.0,
            Self::Time(usual) => usual * times,
            Self::UpTo(_, _) if times <= 0.0 => 1.0,
            Self::UpTo(law, seconds) => law.up_to(seconds / times),
        }
    }
}

impl Quantity<'_> {
    /// The label `le` of its bucket.
    pub(super) fn le(&self) -> Option<String> {
        self.limit.map(limit_name)
    }
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
        family: &'static Family,
        part: Part,
        template: TemplateId,
        meter: &Meter,
    ) -> Vec<Shown> {
        let all = Outcome::ALL.map(|outcome| meter.counter(outcome, |_| 1.0));
        let mut shown = Vec::new();
        for quantity in self.quantities(family, part, Some(template)) {
            for (outcome, all) in Outcome::ALL.into_iter().zip(&all) {
                if !all.is_empty() {
                    shown.push(Shown {
                        le: quantity.le(),
                        outcome,
                        value: meter.counter(outcome, |times| quantity.weight.of(times)),
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
        family: &'static Family,
        part: Part,
        template: Option<TemplateId>,
    ) -> impl Iterator<Item = Quantity<'a>> {
        let known = self.is_known(family, template);
        let count = if known { self.width(family, part) } else { 0 };
        (0..count).filter_map(move |index| self.quantity(family, part, template, index))
    }

    /// How many quantities a part of a family has, where they are known.
    pub(super) fn width(&self, family: &Family, part: Part) -> usize {
        match (family.measure, part) {
            (Measure::Durations(buckets), Part::Bucket) => self.limits(buckets).len() + 1,
            _ => 1,
        }
    }

    /// Whether it is known what a version's requests count; the present one's, where there is no other.
    pub(super) fn is_known(&self, family: &Family, template: Option<TemplateId>) -> bool {
        !matches!(family.measure, Measure::Durations(_)) || self.law(template).is_some()
    }

    /// One of the quantities, by its number.
    pub(super) fn quantity(
        &self,
        family: &Family,
        part: Part,
        template: Option<TemplateId>,
        index: usize,
    ) -> Option<Quantity<'a>> {
        let one = |limit| Quantity {
            limit,
            weight: Weight::One,
        };
        let Measure::Durations(buckets) = family.measure else {
            return Some(one(None));
        };
        let law = self.law(template)?;
        Some(match part {
            Part::Value | Part::Count => one(None),
            Part::Sum => Quantity {
                limit: None,
                weight: Weight::Time(law.mean() * buckets.per_second),
            },
            Part::Bucket => match self.limits(buckets).get(index) {
                None => one(Some(f64::INFINITY)),
                Some(limit) => Quantity {
                    limit: Some(*limit),
                    weight: Weight::UpTo(law, limit / buckets.per_second),
                },
            },
        })
    }

    /// The upper limits of the buckets but the last.
    pub(super) fn limits(&self, buckets: Buckets) -> &'a [f64] {
        if buckets.limits.is_empty() {
            &self.scraping().buckets
        } else {
            buckets.limits
        }
    }

    /// How long the requests of a version take, where that is known.
    fn law(&self, template: Option<TemplateId>) -> Option<&'a Law> {
        let rollout = self.cluster.rollout.as_ref();
        let known = template.or_else(|| rollout.map(|rollout| rollout.template))?;
        let health = &self.environment.images[usize::from(known.0)].health;
        health.latency.as_ref()
    }
}

/// The limit of a bucket as Prometheus 3 stores it, whatever the exporter writes
/// (`model/textparse/openmetricsparse.go: normalizeFloatsInLabelValues`).
pub(super) fn limit_name(limit: f64) -> String {
    if limit == f64::INFINITY {
        return "+Inf".to_owned();
    }
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
