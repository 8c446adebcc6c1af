//! The metrics that there are: a table of names, kinds and vantage points, as the exporters themselves have them.

use crate::plan::environment::Profile;

/// A metric of an exporter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Family {
    /// Its name, without `_bucket`, `_sum` and `_count`.
    pub(super) name: &'static str,
    /// Its `# HELP`.
    pub(super) help: &'static str,
    /// Who has it.
    pub(super) profile: Profile,
    /// Who counts.
    pub(super) seen: Seen,
    /// What is counted.
    pub(super) measure: Measure,
}

/// From where requests, or pods, are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// By each pod, which is scraped as an endpoint of the services that select it.
    ByService,
    /// By each pod's sidecar.
    BySidecar,
    /// By a gateway in front of all pods.
    ByGateway,
    /// By both: the sidecars of the pods and the gateway.
    ByBoth,
    /// By something that watches pods from outside.
    FromOutside,
}

/// What a metric measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Measure {
    /// Requests.
    Requests,
    /// How long they take: a histogram.
    Durations(Buckets),
    /// Whether the target answers.
    Up,
    /// Restarts of containers.
    Restarts,
    /// Whether pods are ready.
    Ready,
    /// Time of processors \[s\].
    Processor,
    /// Memory in use \[B\].
    Memory,
}

/// The unit and the buckets of a histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Buckets {
    /// Units in a second.
    pub(super) per_second: f64,
    /// Upper limits in that unit; empty: those of the scenario.
    pub(super) limits: &'static [f64],
}

/// The kind of a metric, as `# TYPE` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only ever grows, until its process starts again.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Cumulative buckets, a sum and a count.
    Histogram,
}

impl Kind {
    /// As in `# TYPE`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

impl Family {
    pub(super) fn kind(&self) -> Kind {
        match self.measure {
            Measure::Durations(_) => Kind::Histogram,
            Measure::Requests | Measure::Restarts | Measure::Processor => Kind::Counter,
            Measure::Up | Measure::Ready | Measure::Memory => Kind::Gauge,
        }
    }
}

/// Those of Envoy, and of Istio with it (`envoy/source/common/stats/histogram_impl.cc: HistogramSettingsImpl::defaultBuckets`).
const ENVOY: &[f64] = &[
    0.5, 1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1e3, 2.5e3, 5e3, 1e4, 3e4, 6e4, 3e5, 6e5,
    1.8e6, 3.6e6,
];
/// `linkerd2-proxy/linkerd/app/core/src/metrics.rs` counts latencies in these.
const LINKERD: &[f64] = &[
    1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 100.0, 200.0, 300.0, 400.0, 500.0, 1e3,
    2e3, 3e3, 4e3, 5e3, 1e4, 2e4, 3e4, 4e4, 5e4,
];
/// `traefik/pkg/types/metrics.go: Prometheus.SetDefaults`.
const TRAEFIK: &[f64] = &[0.1, 0.3, 1.2, 5.0];
/// `apisix/plugins/prometheus/exporter.lua: DEFAULT_BUCKETS`.
const APISIX: &[f64] = &[
    1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 3e4, 6e4,
];
/// `client_golang/prometheus/histogram.go: DefBuckets`.
const CLIENT: &[f64] = &crate::plan::environment::BUCKETS;

const fn seconds(limits: &'static [f64]) -> Measure {
    Measure::Durations(Buckets {
        per_second: 1.0,
        limits,
    })
}

const fn millis(limits: &'static [f64]) -> Measure {
    Measure::Durations(Buckets {
        per_second: 1e3,
        limits,
    })
}

const fn family(
    name: &'static str,
    profile: Profile,
    seen: Seen,
    measure: Measure,
    help: &'static str,
) -> Family {
    Family {
        name,
        help,
        profile,
        seen,
        measure,
    }
}

/// All metrics, by profile.
#[rustfmt::skip]
pub(super) const FAMILIES: &[Family] = &[
    family("up", Profile::Http, Seen::ByService, Measure::Up, "Whether the last scrape of the target succeeded."),
    family("http_requests_total", Profile::Http, Seen::ByService, Measure::Requests, "Requests that the service answered."),
    family("http_request_duration_seconds", Profile::Http, Seen::ByService, seconds(&[]), "How long requests took."),
    family("istio_requests_total", Profile::Istio, Seen::ByBoth, Measure::Requests, "Requests that an Istio proxy handled."),
    family("istio_request_duration_milliseconds", Profile::Istio, Seen::ByBoth, millis(ENVOY), "How long requests took."),
    family("nginx_ingress_controller_requests", Profile::Nginx, Seen::ByGateway, Measure::Requests, "Requests of clients."),
    family("nginx_ingress_controller_request_duration_seconds", Profile::Nginx, Seen::ByGateway, seconds(CLIENT), "How long requests took."),
    family("nginx_ingress_controller_response_duration_seconds", Profile::Nginx, Seen::ByGateway, seconds(CLIENT), "How long the upstream took."),
    family("response_total", Profile::Linkerd, Seen::BySidecar, Measure::Requests, "Responses of the proxy."),
    family("response_latency_ms", Profile::Linkerd, Seen::BySidecar, millis(LINKERD), "How long responses took."),
    family("traefik_service_requests_total", Profile::Traefik, Seen::ByGateway, Measure::Requests, "Requests that a service handled."),
    family("traefik_service_request_duration_seconds", Profile::Traefik, Seen::ByGateway, seconds(TRAEFIK), "How long requests took."),
    family("envoy_cluster_upstream_rq", Profile::Envoy, Seen::ByGateway, Measure::Requests, "Requests to a cluster by response code."),
    family("envoy_cluster_upstream_rq_total", Profile::Envoy, Seen::ByGateway, Measure::Requests, "Requests to a cluster."),
    family("envoy_cluster_upstream_rq_xx", Profile::Envoy, Seen::ByGateway, Measure::Requests, "Requests to a cluster by class of response code."),
    family("envoy_cluster_upstream_rq_time", Profile::Envoy, Seen::ByGateway, millis(ENVOY), "How long requests took."),
    family("apisix_http_status", Profile::Apisix, Seen::ByGateway, Measure::Requests, "Responses of a service by status."),
    family("apisix_http_latency", Profile::Apisix, Seen::ByGateway, millis(APISIX), "How long requests took."),
    family("kube_pod_container_status_restarts_total", Profile::KubeState, Seen::FromOutside, Measure::Restarts, "Restarts of a container."),
    family("kube_pod_container_status_ready", Profile::KubeState, Seen::FromOutside, Measure::Ready, "Whether a container is ready."),
    family("container_cpu_usage_seconds_total", Profile::Cadvisor, Seen::FromOutside, Measure::Processor, "Time of processors that a container used."),
    family("container_memory_working_set_bytes", Profile::Cadvisor, Seen::FromOutside, Measure::Memory, "Memory that a container works with."),
];
