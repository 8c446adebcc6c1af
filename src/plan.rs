//! What is meant: a rollout with all defaults applied, all references and conditions resolved, ready to be run a million times.
//!
//! Knows: the policy ([`Plan`]) and, apart from it, the truth about the simulated world ([`Environment`]). Controllers are
//! given the first only: they know what a metric told them and cannot peek.
//! Refuses to know: YAML, files, and what happens in a run.

pub mod analysis;
pub mod analysis_template;
pub mod compile;
pub mod environment;
pub mod experiment;
pub mod scenario;
pub mod setting;
pub mod strategy;

pub use analysis::{AnalysisPlan, AnalysisSite, MetricPlan};
pub use environment::Environment;
pub use experiment::ExperimentPlan;
pub use strategy::{BlueGreen, Canary, Step, Strategy};

use std::collections::BTreeMap;

use crate::cluster::TemplateId;
use crate::time::Delta;

/// The policy: a rollout as its controller understands it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// Every pod template that occurs, by [`TemplateId`].
    pub templates: Vec<PodTemplate>,
    /// The names of the services that the rollout uses, by [`crate::cluster::ServiceId`].
    pub services: Vec<String>,
    /// `spec.replicas` as applied.
    pub replicas: i32,
    /// `spec.paused` as applied.
    pub paused: bool,
    /// `spec.minReadySeconds`.
    pub min_ready: Delta,
    /// `spec.progressDeadlineSeconds`.
    pub progress_deadline: Delta,
    /// `spec.progressDeadlineAbort`.
    pub progress_deadline_abort: bool,
    /// `spec.rollbackWindow.revisions`, where positive.
    pub rollback_window: Option<i32>,
    /// `spec.revisionHistoryLimit`.
    pub revision_history_limit: i32,
    /// `spec.analysis.successfulRunHistoryLimit`.
    pub successful_run_history_limit: i32,
    /// `spec.analysis.unsuccessfulRunHistoryLimit`.
    pub unsuccessful_run_history_limit: i32,
    /// `spec.strategy`.
    pub strategy: Strategy,
    /// Every analysis run that can be made.
    pub analyses: Vec<AnalysisPlan>,
    /// Every place of the rollout that makes analysis runs.
    pub sites: Vec<AnalysisSite>,
    /// Every experiment that can be made.
    pub experiments: Vec<ExperimentPlan>,
    /// Why the controller refuses the spec, in its words: `The Rollout "web" is invalid: ...`.
    pub invalid: Option<String>,
}

/// A pod template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodTemplate {
    /// The name by which people call it: the tag of its image.
    pub tag: String,
    /// Stands for `rollouts-pod-template-hash`; not the value that a cluster would compute.
    pub hash: String,
    /// `metadata.labels`, without those that the controller adds.
    pub labels: BTreeMap<String, String>,
    /// The name of the first container.
    pub container: String,
}

impl Plan {
    /// The template with this id.
    #[must_use]
    pub fn template(&self, id: TemplateId) -> &PodTemplate {
        &self.templates[usize::from(id.0)]
    }

    /// The canary strategy, if it is one.
    #[must_use]
    #[inline]
    pub fn canary(&self) -> Option<&Canary> {
        match &self.strategy {
            Strategy::Canary(canary) => Some(canary),
            Strategy::BlueGreen(_) => None,
        }
    }

    /// The blue-green strategy, if it is one.
    #[must_use]
    pub fn blue_green(&self) -> Option<&BlueGreen> {
        match &self.strategy {
            Strategy::BlueGreen(blue_green) => Some(blue_green),
            Strategy::Canary(_) => None,
        }
    }
}
