//! What Prometheus scrapes, as written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Number, Time};

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
}
