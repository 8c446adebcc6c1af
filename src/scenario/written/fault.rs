//! Faults, as written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Amount, Law, Number, Time};

/// Something that breaks. Which of the other fields it takes depends on `fault`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// What breaks:
    /// `errors` (a share `rate` of the requests to `image` fails, or to a `share` of its pods),
    /// `latency` (requests to `image` take `factor` times as long),
    /// `dependency` (something that all versions need: `rate` of all requests fails, with or without the release),
    /// `schema` (only the versions in `understoodBy` can read the database; every request to others fails),
    /// `nodeLoss` (a `share` of the pods, of `image` or of all, is lost at `from`; it is noticed 40 s later),
    /// `metricsDown` (queries fail with `error`), `metricsEmpty` (queries find nothing), `metricsSlow` (answers take `delay`),
    /// all three for one `metric` or for all,
    /// `controllerDown` (no controller works), or `watchDelay` (controllers notice changes `delay` late).
    pub fault: Option<String>,
    /// When it begins. A law is drawn once for each run; if that is later than `to`, nothing breaks. Default: 0s.
    pub from: Option<Law>,
    /// When it is over. Default: never.
    pub to: Option<Time>,
    /// Tag of the version that is hit.
    pub image: Option<String>,
    /// Share of the requests that fail, 0 to 1. A law is drawn once for each run. Default: 1.
    pub rate: Option<Amount>,
    /// Share of the pods that are hit, 0 to 1. Default: 1.
    pub share: Option<Number>,
    /// How many times as long requests take. A law is drawn once for each run.
    pub factor: Option<Amount>,
    /// How late something happens.
    pub delay: Option<Time>,
    /// Text of the error.
    pub error: Option<String>,
    /// Name of the metric that is hit. Default: all.
    pub metric: Option<String>,
    /// Tags of the versions that understand the schema.
    pub understood_by: Option<Vec<String>>,
    /// How long after the loss of its node a pod is replaced. Default: 5m40s, as Kubernetes does it.
    pub replaced_after: Option<Time>,
}
