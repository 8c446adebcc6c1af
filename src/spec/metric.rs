//! A metric of an analysis as its user writes it.
//!
//! Knows every field of `analysis_types.go: Metric` and the few rules about them that validation
//! and the simulated controllers share. Refuses to know conditions and providers.

use serde::{Deserialize, Serialize};

use super::int_or_string::IntOrString;
use super::provider::MetricProvider;
use super::wire::{is_zero, or_zero};

/// One thing that an analysis measures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metric {
    #[serde(serialize_with = "or_zero", default)]
    pub name: Option<String>,
    /// Time between measurements, a Go duration. Absent: a single measurement.
    #[serde(skip_serializing_if = "is_zero")]
    pub interval: Option<String>,
    /// Time before the first measurement, a Go duration.
    #[serde(skip_serializing_if = "is_zero")]
    pub initial_delay: Option<String>,
    /// Number of measurements. Absent or 0: one without an interval, endless with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<IntOrString>,
    #[serde(skip_serializing_if = "is_zero")]
    pub success_condition: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub failure_condition: Option<String>,
    /// Failed measurements that are tolerated; -1 means any number. Argo's default is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_limit: Option<IntOrString>,
    /// Inconclusive measurements that are tolerated. Argo's default is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inconclusive_limit: Option<IntOrString>,
    /// Errors in a row that are tolerated. Argo's default is 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consecutive_error_limit: Option<IntOrString>,
    #[serde(serialize_with = "or_zero", default)]
    pub provider: Option<MetricProvider>,
    /// Successes in a row that settle the metric; 0 (Argo's default) means this does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consecutive_success_limit: Option<IntOrString>,
}

impl Metric {
    /// How many measurements the metric takes, `None` for an endless one
    /// (`analysis_types.go: Metric.EffectiveCount`).
    ///
    /// A count that is no number counts as 0, which means: not written.
    #[must_use]
    pub fn effective_count(&self) -> Option<IntOrString> {
        match &self.count {
            Some(count) if count.int_value() != 0 => Some(count.clone()),
            _ if is_zero(&self.interval) => Some(IntOrString::Int(1)),
            _ => None,
        }
    }
}
