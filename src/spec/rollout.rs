//! The Rollout as its user writes it.
//!
//! Knows every field of `pkg/apis/rollouts/v1alpha1/types.go: Rollout`. Refuses to know defaults:
//! an absent field stays absent. Simplifies the status, which is kept opaque.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::blue_green::BlueGreenStrategy;
use super::canary::CanaryStrategy;
use super::metadata::{LabelSelector, ObjectMeta, PodTemplateSpec};
use super::wire::{is_zero, or_zero};

/// A Rollout (`argoproj.io/v1alpha1`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    #[serde(skip_serializing_if = "is_zero")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub kind: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub metadata: Option<ObjectMeta>,
    #[serde(serialize_with = "or_zero", default)]
    pub spec: Option<RolloutSpec>,
    /// What the controller last reported, opaque.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Value>,
}

/// What the user wants released, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutSpec {
    /// Desired pods. Argo's default is 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Which pods belong to the Rollout.
    pub selector: Option<LabelSelector>,
    /// Describes the pods.
    #[serde(serialize_with = "or_zero", default)]
    pub template: Option<PodTemplateSpec>,
    /// A workload that provides the pod template instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_ref: Option<ObjectRef>,
    /// Time a pod must have been ready to count as available \[s\].
    #[serde(skip_serializing_if = "is_zero")]
    pub min_ready_seconds: Option<i32>,
    /// How far back a rollback is fast-tracked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback_window: Option<RollbackWindowSpec>,
    /// How pods are replaced.
    #[serde(serialize_with = "or_zero", default)]
    pub strategy: Option<RolloutStrategy>,
    /// Old `ReplicaSets` to keep. Argo's default is 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision_history_limit: Option<i32>,
    /// Pauses the Rollout by hand.
    #[serde(skip_serializing_if = "is_zero")]
    pub paused: Option<bool>,
    /// Time within which progress must be made \[s\]. Argo's default is 600.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress_deadline_seconds: Option<i32>,
    /// Whether missing the deadline aborts the update.
    #[serde(skip_serializing_if = "is_zero")]
    pub progress_deadline_abort: Option<bool>,
    /// When all pods are to be restarted, RFC 3339, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_at: Option<String>,
    /// How many finished `AnalysisRuns` and Experiments are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis: Option<AnalysisRunStrategy>,
}

impl RolloutSpec {
    /// Whether the pod template has neither labels nor annotations
    /// (`types.go: RolloutSpec.EmptyTemplate`).
    #[must_use]
    pub fn has_empty_template(&self) -> bool {
        let metadata = self
            .template
            .as_ref()
            .and_then(|template| template.metadata.as_ref());
        metadata.is_none_or(|metadata| is_zero(&metadata.labels) && is_zero(&metadata.annotations))
    }
}

/// A reference to the workload that provides the pod template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    #[serde(skip_serializing_if = "is_zero")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub name: Option<String>,
    /// When the workload itself is scaled down: `never`, `onsuccess` or `progressively`.
    #[serde(skip_serializing_if = "is_zero")]
    pub scale_down: Option<String>,
}

/// Within how many revisions a rollback skips steps and analyses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RollbackWindowSpec {
    #[serde(skip_serializing_if = "is_zero")]
    pub revisions: Option<i32>,
}

/// How many finished `AnalysisRuns` and Experiments are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisRunStrategy {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successful_run_history_limit: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsuccessful_run_history_limit: Option<i32>,
}

/// How pods are replaced: exactly one of the two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutStrategy {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blue_green: Option<BlueGreenStrategy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<CanaryStrategy>,
}

/// Keeps pods of different revisions on different nodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AntiAffinity {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_during_scheduling_ignored_during_execution: Option<PreferredDuringScheduling>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_during_scheduling_ignored_during_execution: Option<RequiredDuringScheduling>,
}

/// A wish of the scheduler (`PreferredDuringSchedulingIgnoredDuringExecution`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreferredDuringScheduling {
    /// Weight of the wish, 1..=100.
    #[serde(serialize_with = "or_zero", default)]
    pub weight: Option<i32>,
}

/// A demand on the scheduler (`RequiredDuringSchedulingIgnoredDuringExecution`); it has no fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequiredDuringScheduling {}

/// Labels and annotations that pods carry while they play a role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodTemplateMetadata {
    #[serde(skip_serializing_if = "is_zero")]
    pub labels: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub annotations: Option<BTreeMap<String, String>>,
}

/// Labels and annotations of the `AnalysisRuns` to be made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisRunMetadata {
    #[serde(skip_serializing_if = "is_zero")]
    pub labels: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub annotations: Option<BTreeMap<String, String>>,
}
