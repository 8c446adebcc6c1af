//! Where measurements come from, as users write it: every metric provider of Argo Rollouts.
//!
//! Knows every field of `analysis_types.go: MetricProvider`. Refuses to know what back ends answer.
//! Simplifies the Job's specification, which is kept opaque.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::int_or_string::IntOrString;
use super::metadata::ObjectMeta;
use super::wire::{is_zero, or_zero};

/// The provider of a metric: exactly one of the fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricProvider {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prometheus: Option<PrometheusMetric>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kayenta: Option<KayentaMetric>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web: Option<WebMetric>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datadog: Option<DatadogMetric>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wavefront: Option<WavefrontMetric>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_relic: Option<NewRelicMetric>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<JobMetric>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_watch: Option<CloudWatchMetric>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graphite: Option<GraphiteMetric>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub influxdb: Option<InfluxdbMetric>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skywalking: Option<SkyWalkingMetric>,
    /// Metric plugins by name, with their opaque configuration.
    #[serde(skip_serializing_if = "is_zero")]
    pub plugin: Option<BTreeMap<String, Value>>,
}

/// A Prometheus query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrometheusMetric {
    #[serde(skip_serializing_if = "is_zero")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub query: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub authentication: Option<Authentication>,
    /// \[s\]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i64>,
    #[serde(skip_serializing_if = "is_zero")]
    pub insecure: Option<bool>,
    #[serde(skip_serializing_if = "is_zero")]
    pub headers: Option<Vec<WebMetricHeader>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range_query: Option<PrometheusRangeQueryArgs>,
}

/// Makes a Prometheus query one over a range of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrometheusRangeQueryArgs {
    /// An expression for the start, such as `now() - duration("1h")`.
    #[serde(skip_serializing_if = "is_zero")]
    pub start: Option<String>,
    /// An expression for the end.
    #[serde(skip_serializing_if = "is_zero")]
    pub end: Option<String>,
    /// Time between two points, a Go duration.
    #[serde(skip_serializing_if = "is_zero")]
    pub step: Option<String>,
}

/// How a back end is asked for access.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authentication {
    #[serde(serialize_with = "or_zero", default)]
    pub sigv4: Option<Sigv4Config>,
    #[serde(serialize_with = "or_zero", default)]
    pub oauth2: Option<OAuth2Config>,
    #[serde(serialize_with = "or_zero", default)]
    pub basic_auth: Option<BasicAuthConfig>,
}

/// OAuth 2.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OAuth2Config {
    #[serde(skip_serializing_if = "is_zero")]
    pub token_url: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub client_id: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub client_secret: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub scopes: Option<Vec<String>>,
}

/// AWS Signature Version 4.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sigv4Config {
    #[serde(skip_serializing_if = "is_zero")]
    pub region: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub profile: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub role_arn: Option<String>,
}

/// HTTP basic authentication.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BasicAuthConfig {
    #[serde(skip_serializing_if = "is_zero")]
    pub username: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub password: Option<String>,
}

/// A Wavefront query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WavefrontMetric {
    #[serde(skip_serializing_if = "is_zero")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub query: Option<String>,
}

/// A New Relic query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewRelicMetric {
    #[serde(skip_serializing_if = "is_zero")]
    pub profile: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub query: Option<String>,
    /// \[s\]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i64>,
}

/// A Job whose end is the measurement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobMetric {
    #[serde(serialize_with = "or_zero", default)]
    pub metadata: Option<ObjectMeta>,
    /// The Job's specification, opaque.
    #[serde(serialize_with = "or_zero", default)]
    pub spec: Option<Value>,
}

/// A Graphite query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GraphiteMetric {
    #[serde(skip_serializing_if = "is_zero")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub query: Option<String>,
}

/// An `InfluxDB` query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InfluxdbMetric {
    #[serde(skip_serializing_if = "is_zero")]
    pub profile: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub query: Option<String>,
}

/// `CloudWatch` queries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CloudWatchMetric {
    /// Window of time, a Go duration. Argo's default is 5 min.
    #[serde(skip_serializing_if = "is_zero")]
    pub interval: Option<String>,
    pub metric_data_queries: Option<Vec<CloudWatchMetricDataQuery>>,
}

/// One `CloudWatch` query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CloudWatchMetricDataQuery {
    #[serde(skip_serializing_if = "is_zero")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_stat: Option<CloudWatchMetricStat>,
    /// \[s\]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<IntOrString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_data: Option<bool>,
}

/// A statistic of a `CloudWatch` metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CloudWatchMetricStat {
    #[serde(serialize_with = "or_zero", default)]
    pub metric: Option<CloudWatchMetricStatMetric>,
    /// \[s\]
    #[serde(serialize_with = "or_zero", default)]
    pub period: Option<IntOrString>,
    #[serde(skip_serializing_if = "is_zero")]
    pub stat: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub unit: Option<String>,
}

/// A `CloudWatch` metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CloudWatchMetricStatMetric {
    #[serde(skip_serializing_if = "is_zero")]
    pub dimensions: Option<Vec<CloudWatchMetricStatMetricDimension>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub metric_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// A dimension of a `CloudWatch` metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CloudWatchMetricStatMetricDimension {
    #[serde(skip_serializing_if = "is_zero")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub value: Option<String>,
}

/// A `SkyWalking` query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SkyWalkingMetric {
    #[serde(skip_serializing_if = "is_zero")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub query: Option<String>,
    /// Window of time, a Go duration. Argo's default is 5 min.
    #[serde(skip_serializing_if = "is_zero")]
    pub interval: Option<String>,
}

/// A Kayenta canary analysis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KayentaMetric {
    #[serde(serialize_with = "or_zero", default)]
    pub address: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub application: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub canary_config_name: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub metrics_account_name: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub configuration_account_name: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub storage_account_name: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub threshold: Option<KayentaThreshold>,
    pub scopes: Option<Vec<KayentaScope>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub lookback: Option<bool>,
}

/// Scores from which Kayenta's judgement counts as pass or marginal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KayentaThreshold {
    #[serde(serialize_with = "or_zero", default)]
    pub pass: Option<i64>,
    #[serde(serialize_with = "or_zero", default)]
    pub marginal: Option<i64>,
}

/// A pair of scopes to compare.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KayentaScope {
    #[serde(serialize_with = "or_zero", default)]
    pub name: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub control_scope: Option<ScopeDetail>,
    #[serde(serialize_with = "or_zero", default)]
    pub experiment_scope: Option<ScopeDetail>,
}

/// One scope of Kayenta.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScopeDetail {
    #[serde(serialize_with = "or_zero", default)]
    pub scope: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub region: Option<String>,
    /// \[s\]
    #[serde(serialize_with = "or_zero", default)]
    pub step: Option<i64>,
    #[serde(skip_serializing_if = "is_zero")]
    pub start: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub end: Option<String>,
}

/// An HTTP request whose answer is the measurement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebMetric {
    /// `GET` (default), `POST` or `PUT`.
    #[serde(skip_serializing_if = "is_zero")]
    pub method: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub headers: Option<Vec<WebMetricHeader>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub body: Option<String>,
    /// Time the answer may take \[s\]. Argo's default is 10.
    #[serde(skip_serializing_if = "is_zero")]
    pub timeout_seconds: Option<i64>,
    /// Where in the answer the value is. Argo's default is `{$}`.
    #[serde(skip_serializing_if = "is_zero")]
    pub json_path: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub insecure: Option<bool>,
    /// The request's body as JSON, opaque.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json_body: Option<Value>,
    #[serde(serialize_with = "or_zero", default)]
    pub authentication: Option<Authentication>,
}

/// An HTTP header of a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebMetricHeader {
    #[serde(serialize_with = "or_zero", default)]
    pub key: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub value: Option<String>,
}

/// A Datadog query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatadogMetric {
    /// Window of time, a Go duration. Argo's default is 5 min.
    #[serde(skip_serializing_if = "is_zero")]
    pub interval: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub query: Option<String>,
    /// Queries by the name under which `formula` knows them (API version 2).
    #[serde(skip_serializing_if = "is_zero")]
    pub queries: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub formula: Option<String>,
    /// `v1` (Argo's default) or `v2`.
    #[serde(skip_serializing_if = "is_zero")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub aggregator: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub secret_ref: Option<SecretRef>,
    /// Time the answer may take, a Go duration. Argo's default is 10 s.
    #[serde(skip_serializing_if = "is_zero")]
    pub request_timeout: Option<String>,
}

/// The secret with Datadog's keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretRef {
    #[serde(skip_serializing_if = "is_zero")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub namespaced: Option<bool>,
}
