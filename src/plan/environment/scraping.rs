//! What Prometheus scrapes, and how often.

use std::collections::BTreeMap;

use crate::curve::Curve;
use crate::time::Delta;

/// What Prometheus scrapes, and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct Scraping {
    /// Time between two scrapes of a target, at least a second.
    pub interval: Delta,
    /// When in each interval targets are scraped, counted from t = 0; `None`: each in its own time, as Prometheus spreads them.
    pub offset: Option<Delta>,
    /// A scrape is late by up to this, 0 or more and less than the interval.
    pub jitter: Delta,
    /// Whose metrics there are; `None`: those of the rollout's routers, of an HTTP service and of Kubernetes, and those that the queries of its
    /// analyses name.
    pub profiles: Option<Vec<Profile>>,
    /// Further labels of all series.
    pub labels: BTreeMap<String, String>,
    /// Other names for metrics, by the name that they have otherwise, without `_bucket`, `_sum` and `_count`.
    pub names: BTreeMap<String, String>,
    /// Upper limits of the buckets of the HTTP service's durations \[s\], rising.
    pub buckets: Vec<f64>,
    /// Series that the scenario gives itself.
    pub given: Vec<Given>,
    /// Reports warn of measurements with fewer requests behind them, 0 or more.
    pub few: f64,
}

/// A series of which the scenario says all.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The name of the metric.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its values.
    pub shows: GivenValue,
}

/// What a given series shows, over the time since the start.
#[derive(Clone, Debug, PartialEq)]
pub enum GivenValue {
    /// A gauge: these values.
    Value(Curve),
    /// A counter that grows by so much per second, 0 or more; it began an hour before the start.
    Rate(Curve),
}

impl Default for Scraping {
    fn default() -> Self {
        Self {
            interval: Delta::from_secs(15),
            offset: None,
            jitter: Delta::ZERO,
            profiles: None,
            labels: BTreeMap::new(),
            names: BTreeMap::new(),
            buckets: BUCKETS.to_vec(),
            given: Vec::new(),
            few: FEW,
        }
    }
}

/// With fewer requests a rate of a few per cent is mostly chance: one failure alone is more than one per cent.
const FEW: f64 = 100.0;

/// The buckets that the client libraries of Prometheus begin with \[s\] (`client_golang/prometheus/histogram.go: DefBuckets`).
pub const BUCKETS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Whose metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// A service that counts its own requests, as most client libraries do.
    Http,
    /// Istio: its gateway and the sidecars of the pods.
    Istio,
    /// The NGINX ingress controller of Kubernetes.
    Nginx,
    /// Linkerd: the sidecars of the pods.
    Linkerd,
    /// Traefik.
    Traefik,
    /// Envoy as a gateway.
    Envoy,
    /// APISIX.
    Apisix,
    /// kube-state-metrics.
    KubeState,
    /// The kubelet's cAdvisor.
    Cadvisor,
}

impl Profile {
    /// Whether its metrics come from sidecars of the pods.
    #[must_use]
    pub fn has_sidecars(self) -> bool {
        matches!(self, Self::Istio | Self::Linkerd)
    }

    /// All of them, with the names by which scenarios call them.
    pub const ALL: [(&str, Self); 9] = [
        ("http", Self::Http),
        ("istio", Self::Istio),
        ("nginx", Self::Nginx),
        ("linkerd", Self::Linkerd),
        ("traefik", Self::Traefik),
        ("envoy", Self::Envoy),
        ("apisix", Self::Apisix),
        ("kubeState", Self::KubeState),
        ("cadvisor", Self::Cadvisor),
    ];

    /// The name by which scenarios call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        let known = Self::ALL.iter().find(|(_, profile)| *profile == self);
        known.map_or("", |(name, _)| name)
    }
}
