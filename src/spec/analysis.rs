//! Analyses as their user writes them: templates, references to them, arguments.
//!
//! Knows every field of `analysis_types.go` that a user writes and of `types.go: RolloutAnalysis`.
//! Refuses to know how templates are combined or arguments resolved.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::metadata::ObjectMeta;
use super::metric::Metric;
use super::rollout::AnalysisRunMetadata;
use super::wire::{is_zero, or_zero};

/// An `AnalysisTemplate` (`argoproj.io/v1alpha1`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisTemplate {
    #[serde(skip_serializing_if = "is_zero")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub kind: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub metadata: Option<ObjectMeta>,
    #[serde(serialize_with = "or_zero", default)]
    pub spec: Option<AnalysisTemplateSpec>,
}

/// A `ClusterAnalysisTemplate` (`argoproj.io/v1alpha1`), for all namespaces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterAnalysisTemplate {
    #[serde(skip_serializing_if = "is_zero")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub kind: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub metadata: Option<ObjectMeta>,
    #[serde(serialize_with = "or_zero", default)]
    pub spec: Option<AnalysisTemplateSpec>,
}

/// What is measured, with which arguments.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisTemplateSpec {
    #[serde(skip_serializing_if = "is_zero")]
    pub metrics: Option<Vec<Metric>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub args: Option<Vec<Argument>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub dry_run: Option<Vec<DryRun>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub measurement_retention: Option<Vec<MeasurementRetention>>,
    /// Further templates whose metrics are added.
    #[serde(skip_serializing_if = "is_zero")]
    pub templates: Option<Vec<AnalysisTemplateRef>>,
}

/// An `AnalysisRun` (`argoproj.io/v1alpha1`), as a user may write it without a Rollout.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisRun {
    #[serde(skip_serializing_if = "is_zero")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub kind: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub metadata: Option<ObjectMeta>,
    #[serde(serialize_with = "or_zero", default)]
    pub spec: Option<AnalysisRunSpec>,
    /// What the controller last reported, opaque.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Value>,
}

/// What an `AnalysisRun` measures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisRunSpec {
    pub metrics: Option<Vec<Metric>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub args: Option<Vec<Argument>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub terminate: Option<bool>,
    #[serde(skip_serializing_if = "is_zero")]
    pub dry_run: Option<Vec<DryRun>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub measurement_retention: Option<Vec<MeasurementRetention>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_strategy: Option<TtlStrategy>,
}

/// How long a finished `AnalysisRun` is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TtlStrategy {
    /// \[s\]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_after_completion: Option<i32>,
    /// \[s\]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_after_failure: Option<i32>,
    /// \[s\]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_after_success: Option<i32>,
}

/// Metrics that only watch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DryRun {
    /// A regular expression over metric names.
    #[serde(serialize_with = "or_zero", default)]
    pub metric_name: Option<String>,
}

/// How many measurements of a metric are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MeasurementRetention {
    /// A regular expression over metric names.
    #[serde(serialize_with = "or_zero", default)]
    pub metric_name: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub limit: Option<i32>,
}

/// An argument of a template or an `AnalysisRun`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Argument {
    #[serde(serialize_with = "or_zero", default)]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_from: Option<ValueFrom>,
}

/// Where an argument's value comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValueFrom {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<SecretKeyRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_ref: Option<FieldRef>,
}

/// A key of a secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    #[serde(serialize_with = "or_zero", default)]
    pub name: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub key: Option<String>,
}

/// A field of the Rollout.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldRef {
    #[serde(serialize_with = "or_zero", default)]
    pub field_path: Option<String>,
}

/// An analysis that a Rollout asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutAnalysis {
    #[serde(skip_serializing_if = "is_zero")]
    pub templates: Option<Vec<AnalysisTemplateRef>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub args: Option<Vec<AnalysisRunArgument>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub dry_run: Option<Vec<DryRun>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub measurement_retention: Option<Vec<MeasurementRetention>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis_run_metadata: Option<AnalysisRunMetadata>,
}

/// An analysis that runs beside the steps: the fields of [`RolloutAnalysis`], and where it starts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutAnalysisBackground {
    #[serde(skip_serializing_if = "is_zero")]
    pub templates: Option<Vec<AnalysisTemplateRef>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub args: Option<Vec<AnalysisRunArgument>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub dry_run: Option<Vec<DryRun>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub measurement_retention: Option<Vec<MeasurementRetention>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis_run_metadata: Option<AnalysisRunMetadata>,
    /// Index of the step from which it runs. Argo's default is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starting_step: Option<i32>,
}

impl RolloutAnalysisBackground {
    /// The analysis without its starting step.
    #[must_use]
    pub fn analysis(&self) -> RolloutAnalysis {
        RolloutAnalysis {
            templates: self.templates.clone(),
            args: self.args.clone(),
            dry_run: self.dry_run.clone(),
            measurement_retention: self.measurement_retention.clone(),
            analysis_run_metadata: self.analysis_run_metadata.clone(),
        }
    }
}

/// A reference to a template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisTemplateRef {
    #[serde(serialize_with = "or_zero", default)]
    pub template_name: Option<String>,
    /// Whether it is a `ClusterAnalysisTemplate`. Argo's default is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_scope: Option<bool>,
}

impl AnalysisTemplateRef {
    /// Whether a `ClusterAnalysisTemplate` is meant (`types.go: IsClusterScope`).
    #[must_use]
    pub fn is_cluster_scope(&self) -> bool {
        self.cluster_scope == Some(true)
    }
}

/// An argument that a Rollout passes to its analyses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisRunArgument {
    #[serde(serialize_with = "or_zero", default)]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_from: Option<ArgumentValueFrom>,
}

/// Where a Rollout's argument comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArgumentValueFrom {
    /// `Stable` or `Latest`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_template_hash_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_ref: Option<FieldRef>,
}
