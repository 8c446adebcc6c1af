//! A metric with its limits as numbers.

use std::collections::BTreeMap;

use crate::document::{Step, places_named};
use crate::duration;
use crate::spec::IntOrString;
use crate::spec::metric::Metric;
use crate::spec::provider::MetricProvider;

/// Errors in a row that end a metric, unless it says otherwise
/// (`defaults.go: DefaultConsecutiveErrorLimit`).
const CONSECUTIVE_ERROR_LIMIT_DEFAULT: i32 = 4;
/// Measurements of a metric that are kept, unless a rule says otherwise
/// (`analysis.go: DefaultMeasurementHistoryLimit`).
const MEASUREMENTS_KEPT_DEFAULT: i32 = 10;

/// A metric with every argument filled in and every default applied.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedMetric {
    /// Name, unique in the run.
    pub name: String,
    /// Time between measurements \[ns\]; `None`: a single one, repeated only after errors. Go
    /// accepts negative times.
    pub interval: Option<i64>,
    /// Time before the first measurement \[ns\].
    pub initial_delay: Option<i64>,
    /// Measurements without error after which the metric is done; `None`: endless.
    pub count: Option<i32>,
    /// Failed measurements that are tolerated; negative: any number.
    pub failure_limit: i32,
    /// Inconclusive measurements that are tolerated.
    pub inconclusive_limit: i32,
    /// Errors in a row that are tolerated.
    pub consecutive_error_limit: i32,
    /// Successes in a row that settle the metric; 0: this does not count.
    pub consecutive_success_limit: i32,
    /// When a measurement is successful, empty if not written.
    pub success_condition: String,
    /// When a measurement has failed, empty if not written.
    pub failure_condition: String,
    /// Whether the metric only watches.
    pub dry_run: bool,
    /// Measurements that are kept, at least 1.
    pub measurements_kept: i32,
    /// Which provider measures.
    pub kind: ProviderKind,
    /// The provider's part of the metric.
    pub provider: MetricProvider,
}

/// The providers of Argo Rollouts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// Prometheus.
    Prometheus,
    /// Kayenta.
    Kayenta,
    /// An HTTP request.
    Web,
    /// Datadog.
    Datadog,
    /// Wavefront.
    Wavefront,
    /// New Relic.
    NewRelic,
    /// A Job.
    Job,
    /// Amazon `CloudWatch`.
    CloudWatch,
    /// Graphite.
    Graphite,
    /// `InfluxDB`.
    Influxdb,
    /// Apache `SkyWalking`.
    SkyWalking,
    /// A plugin of that name.
    Plugin(String),
}

impl ProviderKind {
    /// The provider that is given, `None` if none is; of several the first in this order.
    #[must_use]
    pub fn of(provider: &MetricProvider) -> Option<Self> {
        let given = [
            (provider.prometheus.is_some(), ProviderKind::Prometheus),
            (provider.kayenta.is_some(), ProviderKind::Kayenta),
            (provider.web.is_some(), ProviderKind::Web),
            (provider.datadog.is_some(), ProviderKind::Datadog),
            (provider.wavefront.is_some(), ProviderKind::Wavefront),
            (provider.new_relic.is_some(), ProviderKind::NewRelic),
            (provider.job.is_some(), ProviderKind::Job),
            (provider.cloud_watch.is_some(), ProviderKind::CloudWatch),
            (provider.graphite.is_some(), ProviderKind::Graphite),
            (provider.influxdb.is_some(), ProviderKind::Influxdb),
            (provider.skywalking.is_some(), ProviderKind::SkyWalking),
        ];
        let built_in = given
            .into_iter()
            .find(|(is_given, _)| *is_given)
            .map(|(_, kind)| kind);
        let plugin = provider.plugin.iter().flat_map(BTreeMap::keys).next();
        built_in.or_else(|| plugin.cloned().map(ProviderKind::Plugin))
    }
}

impl ResolvedMetric {
    /// The places of `result` that the conditions name, each once.
    #[must_use]
    pub fn places(&self) -> Vec<Vec<Step>> {
        let mut places = places_named(&self.success_condition);
        for place in places_named(&self.failure_condition) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }

    /// A validated metric, not yet selected by any rule. Its limits come from before secrets are
    /// read (`checked`), what it measures from after (`measured`).
    pub(super) fn new(checked: &Metric, measured: &Metric) -> Self {
        let nanoseconds = |text: &Option<String>| duration::parse(text.as_deref()?).ok();
        let limit = |limit: &Option<IntOrString>| limit.as_ref().map(low_half);
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let provider = measured.provider.clone().unwrap_or_default();
        ResolvedMetric {
            name: text(&checked.name),
            interval: nanoseconds(&checked.interval),
            initial_delay: nanoseconds(&checked.initial_delay),
            count: checked.effective_count().as_ref().map(low_half),
            failure_limit: limit(&checked.failure_limit).unwrap_or_default(),
            inconclusive_limit: limit(&checked.inconclusive_limit).unwrap_or_default(),
            consecutive_error_limit: limit(&checked.consecutive_error_limit)
                .unwrap_or(CONSECUTIVE_ERROR_LIMIT_DEFAULT),
            consecutive_success_limit: limit(&checked.consecutive_success_limit)
                .unwrap_or_default(),
            success_condition: text(&measured.success_condition),
            failure_condition: text(&measured.failure_condition),
            dry_run: false,
            measurements_kept: MEASUREMENTS_KEPT_DEFAULT,
            kind: ProviderKind::of(&provider).expect("a validated metric has exactly one provider"),
            provider,
        }
    }
}

/// Go's `int32(limit.IntValue())`: what does not fit loses its upper half.
#[expect(
    clippy::cast_possible_truncation,
    reason = "Go truncates in the same way"
)]
fn low_half(limit: &IntOrString) -> i32 {
    limit.int_value() as i32
}
