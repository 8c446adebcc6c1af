//! The seam between controllers and world: the objects as the API server stores them.
//!
//! Knows: the shape of the objects, and nothing of their meaning: desired state on one side, observed state on the other.
//! Refuses to know: who decides (controllers) and what is true behind the numbers (world).
//! Simplifies: one namespace, no conflicts, no stale caches; every watcher sees a write at once.
//!
//! Everything here is plain data with small fixed sizes. Texts are not stored but derived: a message is kept as its cause
//! ([`crate::trace::wording`] renders it), a pod template as its [`TemplateId`].

pub mod analysis_run;
pub mod command;
pub mod event;
pub mod experiment;
pub mod provider;
pub mod replica_set;
pub mod rollout;
pub mod status;

pub use analysis_run::{AnalysisRun, MetricStatus};
pub use command::{Command, RouterCall};
pub use event::Event;
pub use experiment::Experiment;
pub use replica_set::ReplicaSet;
pub use rollout::Rollout;
pub use status::RolloutStatus;

/// A pod template, numbered in the order of [`crate::plan::Plan::templates`]; stands for its `rollouts-pod-template-hash`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateId(pub u16);

/// A `ReplicaSet`, numbered in the order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplicaSetId(pub u16);

/// An `AnalysisRun`, numbered in the order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u32);

/// An `Experiment`, numbered in the order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExperimentId(pub u16);

/// One of the Services that the rollout names, in the order of [`crate::plan::Plan::services`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(pub u8);

/// A Service, as far as a rollout changes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// The template whose hash the selector carries; `None` while it carries none.
    pub selector: Option<TemplateId>,
    /// Whether the annotation that marks it as managed by the rollout is set.
    pub managed: bool,
}

/// The subsets of an Istio `DestinationRule`, as far as a rollout changes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DestinationRule {
    /// The template that the canary subset selects.
    pub canary: Option<TemplateId>,
    /// The template that the stable subset selects.
    pub stable: Option<TemplateId>,
}

/// All objects of the simulated namespace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cluster {
    /// The rollout under test; absent when an Experiment is run alone.
    pub rollout: Option<Rollout>,
    /// Live and deleted `ReplicaSet`s, by [`ReplicaSetId`].
    pub replica_sets: Vec<ReplicaSet>,
    /// By [`ServiceId`].
    pub services: Vec<Service>,
    /// What the destination rule selects, if the rollout names one.
    pub destination_rule: DestinationRule,
    /// Live and deleted runs, by [`RunId`].
    pub runs: Vec<AnalysisRun>,
    /// The metric results of all runs; each run owns a range.
    pub metrics: Vec<MetricStatus>,
    /// Live and deleted experiments, by [`ExperimentId`].
    pub experiments: Vec<Experiment>,
    /// The template statuses of all experiments; each experiment owns a range.
    pub experiment_templates: Vec<experiment::TemplateStatus>,
    /// The analysis statuses of all experiments; each experiment owns a range.
    pub experiment_analyses: Vec<experiment::AnalysisStatus>,
}

impl Cluster {
    /// Takes over everything from `other`, reusing the memory at hand.
    pub fn copy_from(&mut self, other: &Self) {
        self.rollout.clone_from(&other.rollout);
        self.replica_sets.clone_from(&other.replica_sets);
        self.services.clone_from(&other.services);
        self.destination_rule = other.destination_rule;
        self.runs.clone_from(&other.runs);
        self.metrics.clone_from(&other.metrics);
        self.experiments.clone_from(&other.experiments);
        self.experiment_templates
            .clone_from(&other.experiment_templates);
        self.experiment_analyses
            .clone_from(&other.experiment_analyses);
    }

    /// The metric results of `run`.
    #[must_use]
    #[inline]
    pub fn metrics_of(&self, run: &AnalysisRun) -> &[MetricStatus] {
        &self.metrics[run.metrics.range()]
    }

    /// The template statuses of `experiment`.
    #[must_use]
    pub fn templates_of(&self, experiment: &Experiment) -> &[experiment::TemplateStatus] {
        &self.experiment_templates[experiment.templates.range()]
    }

    /// The analysis statuses of `experiment`.
    #[must_use]
    pub fn analyses_of(&self, experiment: &Experiment) -> &[experiment::AnalysisStatus] {
        &self.experiment_analyses[experiment.analyses.range()]
    }

    /// The stored `ReplicaSet` `id`.
    #[must_use]
    pub fn replica_set(&self, id: ReplicaSetId) -> &ReplicaSet {
        &self.replica_sets[usize::from(id.0)]
    }
}

/// A part of one of the shared lists of [`Cluster`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    /// Index of the first element.
    pub first: u32,
    /// Number of elements.
    pub len: u32,
}

impl Slice {
    /// The indices as a range.
    #[must_use]
    #[inline]
    pub fn range(self) -> std::ops::Range<usize> {
        self.first as usize..(self.first + self.len) as usize
    }
}
