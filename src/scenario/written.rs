//! A scenario as its user writes it.
//!
//! Knows the shape of the file. Refuses to know defaults and rules: `None` means that nothing is
//! written. The doc comments are what `coalmine schema` and `coalmine explain scenario` print.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::Value;

mod curve;
mod either;
mod expect;
mod fault;
mod law;
mod names;
mod scalar;
mod telemetry;
mod traffic;

pub use curve::{Curve, CurveFields, Daily, Point, Spike};
pub use expect::{
    BoundFields, Bounds, Expect, Measurements, Pods, TimeBoundFields, TimeBounds, Weight,
};
pub use fault::Fault;
pub use law::{Amount, Law, LawFields, Part};
pub use names::Names;
pub use scalar::{Number, Time};
pub use telemetry::{GivenSeries, Telemetry};
pub use traffic::{Capacity, Cost, Randomness, Router, Traffic};

/// Names of the types that are written as a mapping, a number or a text: asked for one of them, a reader hands over whatever is
/// there.
pub const UNIONS: [&str; 5] = ["Amount", "Bounds", "Curve", "Law", "TimeBounds"];

/// What happens around a rollout that its manifests do not say: traffic, pods, faults, metrics, people.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Written {
    /// Always `coalmine/v1alpha1`.
    pub api_version: Option<String>,
    /// Always `Scenario`.
    pub kind: Option<String>,
    /// The name of the scenario.
    pub metadata: Option<Metadata>,
    /// What happens.
    pub spec: Option<Spec>,
}

/// The name of the scenario.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// By this name reports, tests and `extends` call it.
    pub name: Option<String>,
    /// Whether the scenario is only there to be extended by others: `coalmine test` does not run it. Default: false.
    pub r#abstract: Option<bool>,
    /// Not used.
    pub labels: Option<BTreeMap<String, String>>,
    /// Not used.
    pub annotations: Option<BTreeMap<String, String>>,
}

/// What happens around the rollout.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    /// Free text.
    pub description: Option<String>,
    /// Seed of everything that is random; `--seed` wins. Default: 0.
    pub seed: Option<u64>,
    /// End of the simulation. Default: when nothing but resyncs remains to happen, after 7 days at most.
    pub until: Option<Time>,
    /// Whether the cluster is empty at first, so that the first deployment is simulated. Default: false.
    pub initial: Option<bool>,
    /// Tag of the image that is stable and healthy at the start. Default: `previous`.
    pub stable: Option<String>,
    /// Tag that is applied at the start. Default: the manifest's own image.
    pub update: Option<String>,
    /// How the pods of each image behave, by tag; `default` for all others.
    ///
    /// ```yaml
    /// images:
    ///   default: {startup: 10s}
    ///   v2: {startup: 40s, errorRate: 0.03}
    /// ```
    pub images: Option<BTreeMap<String, Image>>,
    /// The requests of the users, and how they are counted. Default: none, and requests are not counted; where the query of a metric needs
    /// some, 100 per second.
    ///
    /// ```yaml
    /// traffic: {rps: 120, requestsPerUser: 10, slow: 500ms}
    /// ```
    pub traffic: Option<Traffic>,
    /// The traffic router and the endpoints behind services.
    pub router: Option<Router>,
    /// Room for pods. Default: without limit.
    pub capacity: Option<Capacity>,
    /// Prices. Default: none.
    pub cost: Option<Cost>,
    /// What Prometheus scrapes.
    ///
    /// ```yaml
    /// telemetry: {scrapeInterval: 30s, profiles: [http, nginx], labels: {cluster: eu-1}}
    /// ```
    pub telemetry: Option<Telemetry>,
    /// What `--random` draws.
    pub random: Option<Randomness>,
    /// What breaks, and when.
    ///
    /// ```yaml
    /// faults:
    /// - {fault: metricsDown, from: 3m, to: 8m}
    /// - {fault: dependency, from: 12m, to: 14m, rate: 0.1}
    /// ```
    pub faults: Option<Vec<Fault>>,
    /// What each metric's back end answers, by name of the metric. A metric without answers shows what its own query finds in the series of the
    /// simulated service (Prometheus); where that cannot be, it passes, and the report says that this was assumed.
    ///
    /// ```yaml
    /// metrics:
    ///   success-rate:
    ///   - {signal: successRatio, of: canary, over: 1m}
    ///   latency:
    ///   - {from: 0s, vector: [0.2]}
    ///   - {from: 10m, error: connection refused}
    /// ```
    pub metrics: Option<BTreeMap<String, Vec<Answer>>>,
    /// What people and pipelines do.
    ///
    /// ```yaml
    /// actions:
    /// - {on: paused, step: 1, after: 2m, do: promote}
    /// - {at: 10m, do: setImage, image: v3}
    /// ```
    pub actions: Option<Vec<Action>>,
    /// Values of secrets, by name of the secret and key.
    pub secrets: Option<BTreeMap<String, BTreeMap<String, String>>>,
    /// Results of step plugins, by name of the plugin: one after the other.
    pub plugins: Option<BTreeMap<String, Vec<PluginResult>>>,
    /// What the run must come to. Default: nothing, and `coalmine test` only says what became of it.
    ///
    /// ```yaml
    /// expect: {verdict: RolledBack, notAfter: 6m, harm: {atMost: 200}, endpoints: always}
    /// ```
    pub expect: Option<Expect>,
    /// A scenario of the same file or folder, or several, whose `spec` counts where this one says nothing; of several the last one that
    /// says something counts. Fields are merged, those of images by tag, metrics by name; lists, laws and curves are replaced as a whole;
    /// `null` takes back what the other scenario says. Default: none.
    pub extends: Option<Names>,
}

/// How the pods of an image behave. What one image does not say is as for `default`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// From the start of a pod until it is ready: a time or a law. Default: 10s.
    ///
    /// ```yaml
    /// startup: {law: LogNormal, median: 20s, sigma: 0.5}
    /// ```
    pub startup: Option<Law>,
    /// Of one `ReplicaSet`'s pods only so many ever become ready. Default: all. `0`: none ever does.
    pub max_ready: Option<u32>,
    /// When no pod of this image is ready.
    pub unready: Option<Vec<Window>>,
    /// The container ends by itself so long after each start and is started again after the back-off of the kubelet: at once, then 10s, 20s ...
    /// 5m later, from the beginning again once it has run for 10m. A law is drawn once for each run: all containers end so long after
    /// their starts. Default: it never ends.
    ///
    /// ```yaml
    /// crashAfter: {law: Exp, mean: 40m}
    /// ```
    pub crash_after: Option<Law>,
    /// A pod that has become ready is so only for a while, and then again.
    pub flapping: Option<Flapping>,
    /// How long a pod that is deleted stays: it gets no new requests, but takes room and costs. Default: 0s.
    pub termination: Option<Time>,
    /// Share of the requests that fail, 0 to 1: a number, a curve or a law. Default: 0; where `traffic` is not written either, 0.001.
    ///
    /// ```yaml
    /// errorRate: "0.001x4 0.01+0.01x5"
    /// ```
    ///
    /// Nobody knows the error rate of tomorrow's release: a law says what is believed, and each run with `--random`, each trial, draws one
    /// release from it. What it draws above 1 counts as 1, and is refused where that is more than one run in a thousand.
    ///
    /// ```yaml
    /// errorRate: {law: Mixture, parts: [{weight: 19, of: 0.001}, {weight: 1, of: {law: Uniform, low: 0.02, high: 0.2}}]}
    /// ```
    pub error_rate: Option<Curve>,
    /// How long a request takes: a time or a law. Needed where slow requests are counted or a metric is about latency; where `traffic` is
    /// not written either, half of them take less than 100ms.
    ///
    /// ```yaml
    /// latency: {law: LogNormal, median: 80ms, sigma: 0.6}
    /// ```
    pub latency: Option<Law>,
    /// How many times as long as `latency` says requests take: a number, a curve or a law. Default: 1.
    pub latency_factor: Option<Curve>,
    /// Requests per second that one pod can serve. What exceeds this fails, and latency grows as in a queue: by
    /// 1 / (1 - utilisation), at most twentyfold. A law is drawn once for each run. Default: without limit.
    pub capacity: Option<Amount>,
}

/// A time from (inclusive) and to (exclusive).
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    /// When it begins.
    pub from: Option<Time>,
    /// When it ends. Default: never.
    pub to: Option<Time>,
}

/// Pods whose readiness comes and goes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Flapping {
    /// For how long a pod is ready.
    pub ready: Option<Time>,
    /// For how long it is not ready then.
    pub unready: Option<Time>,
}

/// What a metric's back end answers from a time on: exactly one of the fields behind `from`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// From when on. Default for the first answer: 0s.
    pub from: Option<Time>,
    /// The samples of a query (Prometheus): numbers, or "NaN", "+Inf", "-Inf". An empty list is an empty vector; other providers make of it
    /// what they make of no data.
    pub vector: Option<Vec<Number>>,
    /// A single number; of Kayenta the score.
    pub scalar: Option<Number>,
    /// The query fails with this text.
    pub error: Option<String>,
    /// A JSON document (web and others).
    #[serde(default, deserialize_with = "present")]
    pub json: Option<Value>,
    /// An HTTP status without a useful body (web).
    pub status: Option<u16>,
    /// A Job and its end.
    pub job: Option<Job>,
    /// Any value, for the other providers.
    #[serde(default, deserialize_with = "present")]
    pub value: Option<Value>,
    /// What the simulated service shows: `successRatio`, `errorRatio`, `errors` (per second), `errorCount` (in the window), `requests` (per
    /// second), `latency` (with `quantile`, in seconds, at the moment) or `saturation` (load as a share of the capacity of the pods, at the
    /// moment). The metric gets it as its provider would hand it over: a vector of one sample from Prometheus, Graphite and `InfluxDB`, a
    /// number from Datadog and Wavefront, a list of results with `Values` from `CloudWatch`, the fields that the conditions name from
    /// New Relic, `SkyWalking`, web requests and plugins, a score from Kayenta. A ratio of nothing is NaN for Prometheus and plugins, nil for
    /// Datadog, `null` for web requests, no values for `CloudWatch`, and an Error for the others.
    ///
    /// ```yaml
    /// success-rate:
    /// - {signal: successRatio, of: canary, over: 5m}
    /// ```
    pub signal: Option<String>,
    /// Whose requests a signal counts: `canary` (the version that is tried), `stable`, or `all`. Copies and testers' requests to
    /// the preview service count, too. Default: `canary`.
    pub of: Option<String>,
    /// Length of the window over which a signal is taken. Default: 1m.
    pub over: Option<Time>,
    /// Which quantile of the latency, 0 to 1. Default: 0.95.
    pub quantile: Option<f64>,
    /// With what a signal or a draw is multiplied, such as 100 for per cent or milliseconds from seconds by 1000. Default: 1; for Kayenta 100
    /// for ratios, as scores go up to 100; for `SkyWalking` 10000 for ratios, 1000 for latencies and 60 for rates, as it counts.
    pub times: Option<Number>,
    /// A sample of requests of its own, independent of the simulated service and of all other measurements, in the same shapes:
    /// `successRatio`, `errorRatio` or `errors` (how many). Without `--random` it shows what is expected.
    ///
    /// ```yaml
    /// success-rate:
    /// - {draw: successRatio, requests: 1000, errorRate: 0.01}
    /// ```
    pub draw: Option<String>,
    /// How many requests such a sample holds.
    pub requests: Option<u32>,
    /// Probability that one of them fails, 0 to 1. A law is drawn once for each run: all measurements are of the same release.
    pub error_rate: Option<Amount>,
}

/// How a Job ends: at most one of the fields. Without any it never does.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// It completes so long after its creation.
    pub succeed_after: Option<Time>,
    /// It fails for good so long after its creation.
    pub fail_after: Option<Time>,
}

/// Something that a person or a pipeline does, as the kubectl plugin does it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    /// At this time; or else `on`.
    pub at: Option<Time>,
    /// Upon an event: `paused`, `step`, `degraded`, `aborted`, `healthy`, `promoted`, `analysisFailed`, `analysisInconclusive` or
    /// `revision`.
    pub on: Option<String>,
    /// At which step, counted from 0 as in the status; for the events `paused` and `step`.
    pub step: Option<u32>,
    /// How long after the event. Default: 0s.
    pub after: Option<Time>,
    /// Each time, not only the first. Default: false.
    pub every: Option<bool>,
    /// What is done: `setImage`, `promote`, `promote --full`, `promote --skip-current-step`, `promote --skip-all-steps`, `skip`,
    /// `abort`, `retry`, `undo`, `pause`, `resume`, `scale`, `restart` or `terminateExperiment`.
    pub r#do: Option<String>,
    /// The new tag, for `setImage`.
    pub image: Option<String>,
    /// The new `spec.replicas`, for `scale`.
    pub replicas: Option<i32>,
    /// To which revision, for `undo`. Default: to the one before.
    pub to_revision: Option<u32>,
}

/// What a step plugin answers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginResult {
    /// `Running`, `Successful`, `Failed` or `Error`.
    pub phase: Option<String>,
    /// How long it goes on answering so. Default: for one question.
    pub r#for: Option<Time>,
    /// How long the controller is asked to wait before it asks again.
    pub requeue_after: Option<Time>,
    /// Its message.
    pub message: Option<String>,
}

impl Written {
    /// The name; empty when it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        let metadata = self.metadata.as_ref();
        metadata
            .and_then(|metadata| metadata.name.as_deref())
            .unwrap_or_default()
    }

    /// Whether it is only there to be extended.
    #[must_use]
    pub fn is_abstract(&self) -> bool {
        let metadata = self.metadata.as_ref();
        metadata.is_some_and(|metadata| metadata.r#abstract == Some(true))
    }
}

/// Keeps a `null` that is written apart from a field that is not.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
