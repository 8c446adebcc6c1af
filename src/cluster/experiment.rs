//! `Experiment`s: templates with their own `ReplicaSet`s, and analyses beside them.

use crate::cluster::analysis_run::{AnalysisPhase, RunMessage};
use crate::cluster::{ReplicaSetId, RunId, Slice, TemplateId};
use crate::time::SimTime;

/// An `Experiment` as stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Experiment {
    /// Index into [`crate::plan::Plan::experiments`].
    pub spec: u16,
    /// The step that created it; `None` for an experiment applied on its own.
    pub step: Option<u16>,
    /// The rollout's revision when it was created.
    pub revision: u32,
    /// The canary's template when it was created (its pod hash label).
    pub canary: TemplateId,
    /// The stable template when it was created.
    pub stable: TemplateId,
    /// Number in the name: 0 for the first of its name, then `-1`, `-2` ...
    pub collision: u16,
    /// `metadata.creationTimestamp`, whole seconds.
    pub created: SimTime,
    /// `spec.terminate`.
    pub terminate: bool,
    /// Whether it was deleted.
    pub deleted: bool,
    /// `status.phase`.
    pub phase: AnalysisPhase,
    /// The cause of `status.message`.
    pub message: ExperimentMessage,
    /// `status.availableAt`, whole seconds: when all templates first ran.
    pub available_at: Option<SimTime>,
    /// Whether the controller refuses the spec.
    pub invalid: bool,
    /// Its part of [`crate::cluster::Cluster::experiment_templates`].
    pub templates: Slice,
    /// Its part of [`crate::cluster::Cluster::experiment_analyses`].
    pub analyses: Slice,
}

/// Why an experiment is in its phase.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ExperimentMessage {
    /// No message.
    #[default]
    None,
    /// A template missed its progress deadline.
    TemplateTimedOut {
        /// Index into [`crate::plan::Plan::experiments`].
        spec: u16,
        /// Index of the template.
        template: u16,
    },
    /// `Required AnalysisRuns completed`.
    RequiredCompleted,
    /// What an analysis says.
    Analysis(AnalysisMessage),
}

/// `status.templateStatuses[]`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TemplateStatus {
    /// `status`; [`TemplateCode::Unset`] before the first reconciliation.
    pub status: TemplateCode,
    /// Whether the message tells of a missed progress deadline.
    pub timed_out: bool,
    /// `replicas`.
    pub replicas: i32,
    /// `readyReplicas`.
    pub ready: i32,
    /// `availableReplicas`.
    pub available: i32,
    /// `lastTransitionTime`, whole seconds.
    pub transitioned: Option<SimTime>,
    /// Whether `serviceName` and `podTemplateHash` are set.
    pub has_service: bool,
    /// The template's `ReplicaSet`.
    pub replica_set: Option<ReplicaSetId>,
}

/// `status` of an experiment's template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TemplateCode {
    /// Not yet assessed (the empty string upstream).
    #[default]
    Unset,
    /// `Progressing`.
    Progressing,
    /// `Running`.
    Running,
    /// `Successful`.
    Successful,
    /// `Failed`.
    Failed,
    /// `Error`.
    Error,
}

impl TemplateCode {
    /// Whether this status is final.
    #[must_use]
    pub fn is_completed(self) -> bool {
        matches!(self, Self::Successful | Self::Failed | Self::Error)
    }

    /// Rank from best to worst (`utils/experiment/experiment.go: templateStatusOrder`).
    #[must_use]
    pub fn severity(self) -> u8 {
        match self {
            Self::Unset | Self::Successful => 0,
            Self::Running => 1,
            Self::Progressing => 2,
            Self::Error => 3,
            Self::Failed => 4,
        }
    }
}

/// `status.analysisRuns[]`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AnalysisStatus {
    /// `phase`.
    pub phase: AnalysisPhase,
    /// The cause of `message`.
    pub message: AnalysisMessage,
    /// The run, once created.
    pub run: Option<RunId>,
}

/// What an experiment says of one of its analyses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum AnalysisMessage {
    /// No message.
    #[default]
    None,
    /// The template does not exist; the text stands in the plan of the experiment.
    NotFound {
        /// Index into [`crate::plan::Plan::experiments`].
        spec: u16,
        /// Index of the analysis.
        analysis: u16,
    },
    /// The run cannot be created; the text stands in the plan of the experiment.
    NotCreated {
        /// Index into [`crate::plan::Plan::experiments`].
        spec: u16,
        /// Index of the analysis.
        analysis: u16,
    },
    /// What the run says.
    Run(RunMessage),
}
