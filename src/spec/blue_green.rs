//! The blue-green strategy as its user writes it.
//!
//! Knows every field of `types.go: BlueGreenStrategy`. Refuses to know defaults.

use serde::{Deserialize, Serialize};

use super::analysis::RolloutAnalysis;
use super::int_or_string::IntOrString;
use super::rollout::{AntiAffinity, PodTemplateMetadata};
use super::wire::{is_zero, or_zero};

/// Switches a service from the old pods to the new ones at once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlueGreenStrategy {
    /// The service that receives users.
    #[serde(serialize_with = "or_zero", default)]
    pub active_service: Option<String>,
    /// The service that shows the new revision before the switch.
    #[serde(skip_serializing_if = "is_zero")]
    pub preview_service: Option<String>,
    /// Pods of the new revision before the switch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview_replica_count: Option<i32>,
    /// Whether the switch needs no person. Argo's default is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_promotion_enabled: Option<bool>,
    /// Time from full availability to the automatic switch \[s\].
    #[serde(skip_serializing_if = "is_zero")]
    pub auto_promotion_seconds: Option<i32>,
    /// Pods that may be unavailable during a restart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<IntOrString>,
    /// Time the old pods stay after the switch \[s\]. Argo's default is 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down_delay_seconds: Option<i32>,
    /// Old `ReplicaSets` that may wait for their scale-down at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down_delay_revision_limit: Option<i32>,
    /// Runs before the switch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pre_promotion_analysis: Option<RolloutAnalysis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anti_affinity: Option<AntiAffinity>,
    /// Runs after the switch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_promotion_analysis: Option<RolloutAnalysis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview_metadata: Option<PodTemplateMetadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_metadata: Option<PodTemplateMetadata>,
    /// Time the new pods stay after an abort \[s\]; 0 means they stay. Argo's default is 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort_scale_down_delay_seconds: Option<i32>,
}
