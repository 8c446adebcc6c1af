//! The rules for the metrics of an `AnalysisRun` (`utils/analysis/factory.go: ValidateMetrics`).

use std::collections::BTreeSet;

use crate::duration;
use crate::spec::metric::Metric;
use crate::spec::provider::MetricProvider;
use crate::spec::{IntOrString, wire};

/// Checks metrics whose arguments are resolved.
///
/// # Errors
///
/// The first error in Argo's order and words; Argo reports no others.
pub fn validate_metrics(metrics: &[Metric]) -> Result<(), String> {
    if metrics.is_empty() {
        return Err("no metrics specified".to_owned());
    }
    let mut names = BTreeSet::new();
    for (index, metric) in metrics.iter().enumerate() {
        let name = metric.name.as_deref().unwrap_or_default();
        if !names.insert(name) {
            return Err(format!("metrics[{index}]: duplicate name '{name}'"));
        }
        validate_metric(metric).map_err(|error| format!("metrics[{index}]: {error}"))?;
    }
    Ok(())
}

/// Checks one metric whose arguments are resolved (`factory.go: ValidateMetric`).
///
/// # Errors
///
/// The first error in Argo's order and words.
pub fn validate_metric(metric: &Metric) -> Result<(), String> {
    limits(metric)?;
    if let Some(text) = metric.interval.as_deref().filter(|text| !text.is_empty()) {
        duration::parse(text).map_err(|error| format!("invalid interval string: {error}"))?;
    }
    if let Some(text) = metric
        .initial_delay
        .as_deref()
        .filter(|text| !text.is_empty())
    {
        duration::parse(text).map_err(|error| format!("invalid startDelay string: {error}"))?;
    }
    match metric.provider.as_ref().map_or(0, provider_count) {
        0 => Err("no provider specified".to_owned()),
        1 => Ok(()),
        _ => Err("multiple providers specified".to_owned()),
    }
}

fn limits(metric: &Metric) -> Result<(), String> {
    let value = |limit: &Option<IntOrString>| limit.as_ref().map_or(0, IntOrString::int_value);
    let count = value(&metric.count);
    let failure = value(&metric.failure_limit);
    let consecutive_success = value(&metric.consecutive_success_limit);
    let inconclusive = value(&metric.inconclusive_limit);
    if consecutive_success < 0 {
        return Err("consecutiveSuccessLimit must be >= 0".to_owned());
    }
    if failure < -1 {
        return Err("failureLimit must be >= 0, or -1 to be disabled".to_owned());
    }
    if consecutive_success == 0 && failure == -1 {
        return Err("failureLimit and consecutiveSuccessLimit cannot both be disabled".to_owned());
    }
    if inconclusive < 0 {
        return Err("inconclusiveLimit must be >= 0".to_owned());
    }
    if value(&metric.consecutive_error_limit) < 0 {
        return Err("consecutiveErrorLimit must be >= 0".to_owned());
    }
    if 0 < count {
        // Go's sum wraps around.
        if 0 <= failure && count < failure.wrapping_add(consecutive_success) {
            return Err(format!(
                "count ({count}) must be >= failureLimit + consecutiveSuccessLimit ({failure} + \
                 {consecutive_success}) if both >= 0"
            ));
        }
        if failure < 0 && count < consecutive_success {
            return Err("count must be >= consecutiveSuccessLimit".to_owned());
        }
        if count < inconclusive {
            return Err("count must be >= inconclusiveLimit".to_owned());
        }
    }
    if 1 < count && wire::is_zero(&metric.interval) {
        return Err("interval must be specified when count > 1".to_owned());
    }
    Ok(())
}

/// How many providers are given; each plugin counts.
fn provider_count(provider: &MetricProvider) -> usize {
    let given = [
        provider.prometheus.is_some(),
        provider.job.is_some(),
        provider.web.is_some(),
        provider.wavefront.is_some(),
        provider.kayenta.is_some(),
        provider.datadog.is_some(),
        provider.new_relic.is_some(),
        provider.cloud_watch.is_some(),
        provider.graphite.is_some(),
        provider.influxdb.is_some(),
        provider.skywalking.is_some(),
    ];
    let plugins = provider
        .plugin
        .as_ref()
        .map_or(0, std::collections::BTreeMap::len);
    given.into_iter().filter(|is_given| *is_given).count() + plugins
}
