//! Experiments: templates that run beside the rollout, and the analyses that watch them.

use crate::cluster::TemplateId;
use crate::time::Delta;

/// An experiment, of a step or on its own.
#[derive(Clone, Debug)]
pub struct ExperimentPlan {
    /// The name, for one that stands on its own.
    pub name: String,
    /// `duration`; `None` runs until something ends it.
    pub duration: Option<Delta>,
    /// `progressDeadlineSeconds`.
    pub progress_deadline: Delta,
    /// `scaleDownDelaySeconds`.
    pub scale_down_delay: Delta,
    /// `templates`.
    pub templates: Vec<TemplatePlan>,
    /// `analyses`.
    pub analyses: Vec<ExperimentAnalysis>,
    /// Why the experiment controller refuses the spec, in its words.
    pub invalid: Option<String>,
    /// Why the rollout controller cannot make it, in its words.
    pub not_created: Option<String>,
}

/// A template of an experiment.
#[derive(Clone, Debug)]
pub struct TemplatePlan {
    /// `name`.
    pub name: String,
    /// What its pods run.
    pub pods: TemplateSource,
    /// `replicas`.
    pub replicas: i32,
    /// `weight`.
    pub weight: Option<i32>,
    /// Whether a service is made for it.
    pub service: bool,
    /// The name asked for the service; that of the `ReplicaSet` otherwise.
    pub service_name: Option<String>,
    /// Whether its containers have ports: no service is made without.
    pub has_ports: bool,
    /// `minReadySeconds`.
    pub min_ready: Delta,
}

/// What the pods of an experiment's template run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateSource {
    /// `specRef: canary`.
    Canary,
    /// `specRef: stable`.
    Stable,
    /// A pod template of its own.
    Own(TemplateId),
}

/// An analysis of an experiment.
#[derive(Clone, Debug)]
pub struct ExperimentAnalysis {
    /// `name`.
    pub name: String,
    /// `requiredForCompletion`.
    pub required: bool,
    /// Index into [`crate::plan::Plan::sites`].
    pub site: u16,
    /// Why its template cannot be found, in the controller's words.
    pub not_found: Option<String>,
}
