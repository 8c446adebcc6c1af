//! Experiments as their user writes them, alone or as a step of a canary.
//!
//! Knows every field of `experiment_types.go: Experiment` that a user writes and of `types.go:
//! RolloutExperimentStep`. Refuses to know defaults.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::analysis::{AnalysisRunArgument, Argument, DryRun, MeasurementRetention};
use super::metadata::{LabelSelector, ObjectMeta, PodTemplateSpec};
use super::rollout::{AnalysisRunMetadata, PodTemplateMetadata};
use super::wire::{is_zero, or_zero};

/// An Experiment (`argoproj.io/v1alpha1`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Experiment {
    #[serde(skip_serializing_if = "is_zero")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub kind: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub metadata: Option<ObjectMeta>,
    #[serde(serialize_with = "or_zero", default)]
    pub spec: Option<ExperimentSpec>,
    /// What the controller last reported, opaque.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Value>,
}

/// `ReplicaSets` that run side by side for a while, and what is measured meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentSpec {
    pub templates: Option<Vec<TemplateSpec>>,
    /// How long it runs once all templates are available, a Go duration. Absent: until it is ended.
    #[serde(skip_serializing_if = "is_zero")]
    pub duration: Option<String>,
    /// Time within which pods must become available \[s\]. Argo's default is 600.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress_deadline_seconds: Option<i32>,
    #[serde(skip_serializing_if = "is_zero")]
    pub terminate: Option<bool>,
    #[serde(skip_serializing_if = "is_zero")]
    pub analyses: Option<Vec<ExperimentAnalysisTemplateRef>>,
    /// Time pods stay after the end \[s\]. Argo's default is 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down_delay_seconds: Option<i32>,
    #[serde(skip_serializing_if = "is_zero")]
    pub dry_run: Option<Vec<DryRun>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub measurement_retention: Option<Vec<MeasurementRetention>>,
    #[serde(serialize_with = "or_zero", default)]
    pub analysis_run_metadata: Option<AnalysisRunMetadata>,
}

/// One `ReplicaSet` of an Experiment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TemplateSpec {
    #[serde(serialize_with = "or_zero", default)]
    pub name: Option<String>,
    /// Argo's default is 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Time a pod must have been ready to count as available \[s\].
    #[serde(skip_serializing_if = "is_zero")]
    pub min_ready_seconds: Option<i32>,
    pub selector: Option<LabelSelector>,
    #[serde(serialize_with = "or_zero", default)]
    pub template: Option<PodTemplateSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<TemplateService>,
}

/// A service that the Experiment makes for a template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TemplateService {
    #[serde(skip_serializing_if = "is_zero")]
    pub name: Option<String>,
}

/// An analysis of an Experiment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentAnalysisTemplateRef {
    #[serde(serialize_with = "or_zero", default)]
    pub name: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub template_name: Option<String>,
    /// Whether the template is a `ClusterAnalysisTemplate`. Argo's default is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_scope: Option<bool>,
    #[serde(skip_serializing_if = "is_zero")]
    pub args: Option<Vec<Argument>>,
    /// Whether the Experiment waits for this analysis to end.
    #[serde(skip_serializing_if = "is_zero")]
    pub required_for_completion: Option<bool>,
}

impl ExperimentAnalysisTemplateRef {
    /// Whether a `ClusterAnalysisTemplate` is meant (`experiment_types.go: IsClusterScope`).
    #[must_use]
    pub fn is_cluster_scope(&self) -> bool {
        self.cluster_scope == Some(true)
    }
}

/// A canary step that runs an Experiment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutExperimentStep {
    pub templates: Option<Vec<RolloutExperimentTemplate>>,
    /// How long it runs once all templates are available, a Go duration. Absent: until its analyses
    /// end.
    #[serde(skip_serializing_if = "is_zero")]
    pub duration: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub analyses: Option<Vec<RolloutExperimentStepAnalysisTemplateRef>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub dry_run: Option<Vec<DryRun>>,
    #[serde(serialize_with = "or_zero", default)]
    pub analysis_run_metadata: Option<AnalysisRunMetadata>,
    /// Time pods stay after the end \[s\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down_delay_seconds: Option<i32>,
}

/// An analysis of an Experiment that a Rollout makes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutExperimentStepAnalysisTemplateRef {
    #[serde(serialize_with = "or_zero", default)]
    pub name: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub template_name: Option<String>,
    /// Whether the template is a `ClusterAnalysisTemplate`. Argo's default is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_scope: Option<bool>,
    #[serde(skip_serializing_if = "is_zero")]
    pub args: Option<Vec<AnalysisRunArgument>>,
    /// Whether the Experiment waits for this analysis to end.
    #[serde(skip_serializing_if = "is_zero")]
    pub required_for_completion: Option<bool>,
}

impl RolloutExperimentStepAnalysisTemplateRef {
    /// Whether a `ClusterAnalysisTemplate` is meant (`types.go: IsClusterScope`).
    #[must_use]
    pub fn is_cluster_scope(&self) -> bool {
        self.cluster_scope == Some(true)
    }
}

/// One `ReplicaSet` of an Experiment that a Rollout makes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutExperimentTemplate {
    #[serde(serialize_with = "or_zero", default)]
    pub name: Option<String>,
    /// Whose pod template it takes: `canary` or `stable`.
    #[serde(serialize_with = "or_zero", default)]
    pub spec_ref: Option<String>,
    /// Argo's default is 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    #[serde(serialize_with = "or_zero", default)]
    pub metadata: Option<PodTemplateMetadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// Share of traffic \[%\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<TemplateService>,
}
