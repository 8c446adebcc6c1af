//! What Prometheus scrapes, as written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Curve, Number, Time};

/// What the simulated service and those in front of it export, and how Prometheus scrapes it (`coalmine series`).
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Telemetry {
    /// Whose metrics there are: `http`, `istio`, `nginx`, `linkerd`, `traefik`, `envoy`, `apisix`, `kubeState` or `cadvisor`. Default: those of
    /// the rollout's traffic routers, and `http`, `kubeState` and `cadvisor`.
    pub profiles: Option<Vec<String>>,
    /// Time between two scrapes of a target, at least 1s. Default: 15s.
    pub scrape_interval: Option<Time>,
    /// When in each interval all targets are scraped, counted from the start. Default: each target in its own time, as Prometheus
    /// spreads them.
    pub offset: Option<Time>,
    /// A scrape is late by up to this; less than the interval. Default: 0s.
    pub jitter: Option<Time>,
    /// Further labels of all series; they win over those of the exporters, and an empty value takes a label away.
    ///
    /// ```yaml
    /// labels: {cluster: eu-1, endpoint: ""}
    /// ```
    pub labels: Option<BTreeMap<String, String>>,
    /// Other names for metrics, by the usual name without `_bucket`, `_sum` and `_count`.
    ///
    /// ```yaml
    /// names: {http_request_duration_seconds: http_server_requests_seconds}
    /// ```
    pub names: Option<BTreeMap<String, String>>,
    /// Upper limits of the buckets of `http_request_duration_seconds`, in seconds, rising. Default: those of the client libraries, 0.005 to 10.
    pub buckets: Option<Vec<Number>>,
    /// Reports warn of measurements with fewer requests behind them. Default: 100.
    pub few_requests: Option<Number>,
    /// Further series, which nothing else in the simulation makes.
    ///
    /// ```yaml
    /// series:
    /// - {name: queue_depth, labels: {queue: orders}, value: "10x5 10+20x5"}
    /// - {name: payments_failed_total, rate: {csv: payments.csv, column: failed}}
    /// ```
    pub series: Option<Vec<GivenSeries>>,
}

/// A series that the scenario gives itself, scraped as all others are.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GivenSeries {
    /// The name of its metric.
    pub name: Option<String>,
    /// Its labels. Default: none.
    pub labels: Option<BTreeMap<String, String>>,
    /// Its value, a gauge: a number or a curve since the start; or else `rate`.
    pub value: Option<Curve>,
    /// By how much it grows per second, a counter that began an hour before the start: a number or a curve since the start.
    pub rate: Option<Curve>,
}
