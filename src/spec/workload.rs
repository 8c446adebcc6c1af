//! Workloads that a Rollout may refer to for its pod template: Deployment, `ReplicaSet`,
//! `PodTemplate`.
//!
//! Knows their fields (`apps/v1`, `v1`). Refuses to know how they are rolled out themselves.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::int_or_string::IntOrString;
use super::metadata::{LabelSelector, ObjectMeta, PodTemplateSpec};
use super::wire::{is_zero, or_zero};

/// A Deployment (`apps/v1`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    #[serde(skip_serializing_if = "is_zero")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub kind: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub metadata: Option<ObjectMeta>,
    #[serde(serialize_with = "or_zero", default)]
    pub spec: Option<DeploymentSpec>,
    /// What the controller last reported, opaque.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Value>,
}

/// What a Deployment asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentSpec {
    /// Kubernetes' default is 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    pub selector: Option<LabelSelector>,
    #[serde(serialize_with = "or_zero", default)]
    pub template: Option<PodTemplateSpec>,
    #[serde(serialize_with = "or_zero", default)]
    pub strategy: Option<DeploymentStrategy>,
    /// Time a pod must have been ready to count as available \[s\].
    #[serde(skip_serializing_if = "is_zero")]
    pub min_ready_seconds: Option<i32>,
    /// Kubernetes' default is 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision_history_limit: Option<i32>,
    #[serde(skip_serializing_if = "is_zero")]
    pub paused: Option<bool>,
    /// \[s\]. Kubernetes' default is 600.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress_deadline_seconds: Option<i32>,
}

/// How a Deployment replaces pods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentStrategy {
    /// `RollingUpdate` (Kubernetes' default) or `Recreate`.
    #[serde(skip_serializing_if = "is_zero")]
    pub r#type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolling_update: Option<RollingUpdateDeployment>,
}

/// Limits of a rolling update.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RollingUpdateDeployment {
    /// Kubernetes' default is 25 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<IntOrString>,
    /// Kubernetes' default is 25 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_surge: Option<IntOrString>,
}

/// A `ReplicaSet` (`apps/v1`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaSet {
    #[serde(skip_serializing_if = "is_zero")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub kind: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub metadata: Option<ObjectMeta>,
    #[serde(serialize_with = "or_zero", default)]
    pub spec: Option<ReplicaSetSpec>,
    /// What the controller last reported, opaque.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Value>,
}

/// What a `ReplicaSet` asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaSetSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Time a pod must have been ready to count as available \[s\].
    #[serde(skip_serializing_if = "is_zero")]
    pub min_ready_seconds: Option<i32>,
    pub selector: Option<LabelSelector>,
    #[serde(serialize_with = "or_zero", default)]
    pub template: Option<PodTemplateSpec>,
}

/// A `PodTemplate` (`v1`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodTemplate {
    #[serde(skip_serializing_if = "is_zero")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub kind: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub metadata: Option<ObjectMeta>,
    #[serde(serialize_with = "or_zero", default)]
    pub template: Option<PodTemplateSpec>,
}
