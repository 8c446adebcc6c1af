//! The canary strategy and its steps as their user writes them.
//!
//! Knows every field of `types.go: CanaryStrategy` and `CanaryStep`. Refuses to know defaults.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::analysis::{RolloutAnalysis, RolloutAnalysisBackground};
use super::experiment::RolloutExperimentStep;
use super::int_or_string::IntOrString;
use super::rollout::{AntiAffinity, PodTemplateMetadata};
use super::traffic::RolloutTrafficRouting;
use super::wire::{is_zero, or_zero};
use crate::duration;

/// Moves pods and traffic to the new revision step by step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CanaryStrategy {
    /// The service that selects canary pods only.
    #[serde(skip_serializing_if = "is_zero")]
    pub canary_service: Option<String>,
    /// The service that selects stable pods only.
    #[serde(skip_serializing_if = "is_zero")]
    pub stable_service: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub steps: Option<Vec<CanaryStep>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic_routing: Option<RolloutTrafficRouting>,
    /// Pods that may be unavailable during the update, as number or percentage. Argo's default is
    /// 25 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<IntOrString>,
    /// Pods above the desired number, as number or percentage. Argo's default is 25 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_surge: Option<IntOrString>,
    /// Runs beside the steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis: Option<RolloutAnalysisBackground>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anti_affinity: Option<AntiAffinity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary_metadata: Option<PodTemplateMetadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stable_metadata: Option<PodTemplateMetadata>,
    /// Time the old stable pods stay after the last switch \[s\], with traffic routing only. Argo's
    /// default is 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down_delay_seconds: Option<i32>,
    /// Old `ReplicaSets` that may wait for their scale-down at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down_delay_revision_limit: Option<i32>,
    /// Time the canary pods stay after an abort \[s\], with traffic routing only; 0 means they
    /// stay. Argo's default is 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort_scale_down_delay_seconds: Option<i32>,
    /// Whether stable pods shrink as traffic moves to the canary.
    #[serde(skip_serializing_if = "is_zero")]
    pub dynamic_stable_scale: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ping_pong: Option<PingPongSpec>,
    /// Fewest pods of a `ReplicaSet` that is not empty, with traffic routing only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_pods_per_replica_set: Option<i32>,
    /// Pods that must be available before a step counts as reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replica_progress_threshold: Option<ReplicaProgressThreshold>,
}

/// Two services that take turns as the stable one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PingPongSpec {
    #[serde(serialize_with = "or_zero", default)]
    pub ping_service: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub pong_service: Option<String>,
}

/// Pods that must be available before a step counts as reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaProgressThreshold {
    /// `Percent` or `Pods`.
    #[serde(serialize_with = "or_zero", default)]
    pub r#type: Option<String>,
    /// Number of pods, or percentage \[%\].
    #[serde(serialize_with = "or_zero", default)]
    pub value: Option<i32>,
}

/// One step of a canary: exactly one of the fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CanaryStep {
    /// Share of traffic (or of pods, without a router) for the canary \[%\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_weight: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause: Option<RolloutPause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiment: Option<RolloutExperimentStep>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis: Option<RolloutAnalysis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_canary_scale: Option<SetCanaryScale>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_header_route: Option<SetHeaderRoute>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_mirror_route: Option<SetMirrorRoute>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginStep>,
}

/// Waits for a time, or for a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutPause {
    /// Time to wait, in seconds or as a Go duration. Absent: until somebody promotes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<IntOrString>,
}

impl RolloutPause {
    /// Length of the pause \[s\]: 0 when none is written, -1 when the text is no duration
    /// (`types.go: RolloutPause.DurationSeconds`). A text without unit counts as seconds.
    ///
    /// A duration that does not fit into 32 bits is the smallest number, as on an x86-64
    /// controller.
    #[must_use]
    pub fn duration_seconds(&self) -> i32 {
        match &self.duration {
            None => 0,
            Some(IntOrString::Int(seconds)) => *seconds,
            Some(IntOrString::String(text)) => duration::parse_int32(text)
                .unwrap_or_else(|| duration::parse(text).map_or(-1, duration::seconds_int32)),
        }
    }
}

/// Scales the canary without moving traffic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetCanaryScale {
    /// Share of `spec.replicas` \[%\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<i32>,
    /// Number of pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Back to following the traffic weight.
    #[serde(skip_serializing_if = "is_zero")]
    pub match_traffic_weight: Option<bool>,
}

/// Sends requests with certain headers to the canary.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetHeaderRoute {
    #[serde(skip_serializing_if = "is_zero")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub r#match: Option<Vec<HeaderRoutingMatch>>,
}

/// A header that selects requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeaderRoutingMatch {
    #[serde(serialize_with = "or_zero", default)]
    pub header_name: Option<String>,
    pub header_value: Option<StringMatch>,
}

/// Copies requests to the canary.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetMirrorRoute {
    #[serde(serialize_with = "or_zero", default)]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub r#match: Option<Vec<RouteMatch>>,
    /// Share of the matching requests that is copied \[%\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percentage: Option<i32>,
}

/// Which requests are copied.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteMatch {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<StringMatch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<StringMatch>,
    #[serde(skip_serializing_if = "is_zero")]
    pub headers: Option<BTreeMap<String, StringMatch>>,
}

/// How a text is compared: exactly one of the three.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StringMatch {
    #[serde(skip_serializing_if = "is_zero")]
    pub exact: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub prefix: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub regex: Option<String>,
}

/// A step that a plugin carries out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginStep {
    #[serde(serialize_with = "or_zero", default)]
    pub name: Option<String>,
    /// What the plugin is told, opaque.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<Value>,
}
