//! What is told of a run as it happens: the controllers' Kubernetes events, measurements, and what people did.
//!
//! Events carry causes, not texts; [`crate::trace::wording`] has the controllers' words.

use crate::cluster::analysis_run::{AnalysisPhase, Measurement};
use crate::cluster::experiment::TemplateCode;
use crate::cluster::status::{Abort, PauseReason, PluginOperation, PluginPhase};
use crate::cluster::{ExperimentId, ReplicaSetId, RunId, ServiceId, TemplateId};
use crate::plan::scenario::{Deed, Refusal};

/// One entry of the event log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A person or pipeline acted; `None` if nothing refused it.
    User(Deed, Option<Refusal>),
    /// `RolloutUpdated`.
    RolloutUpdated {
        /// The new revision.
        revision: u32,
    },
    /// `NewReplicaSetCreated`.
    ReplicaSetCreated {
        /// What its pods run.
        template: TemplateId,
        /// Its revision.
        revision: u32,
    },
    /// `ScalingReplicaSet` of the rollout.
    Scaled {
        /// Which.
        template: TemplateId,
        /// Its revision.
        revision: u32,
        /// `spec.replicas` before.
        from: i32,
        /// `spec.replicas` after.
        to: i32,
    },
    /// `RolloutNotCompleted`.
    UpdateStarted {
        /// The revision.
        revision: u32,
        /// The template.
        template: TemplateId,
    },
    /// `RolloutCompleted`.
    UpdateCompleted {
        /// The revision.
        revision: u32,
        /// The template.
        template: TemplateId,
        /// Why the rollout promoted it.
        reason: PromoteReason,
    },
    /// `RolloutStepCompleted`.
    StepCompleted {
        /// Index of the step that ended.
        step: i32,
    },
    /// `SkipSteps`.
    SkipSteps(SkipReason),
    /// `RolloutPaused`.
    Paused(PauseReason),
    /// `RolloutResumed`.
    Resumed,
    /// `RolloutAborted`.
    Aborted(Abort),
    /// `RolloutAborted` with the bare text of the deadline, told before the abort itself.
    DeadlineAbort(TemplateId),
    /// `SwitchService`.
    ServiceSwitched {
        /// Which.
        service: ServiceId,
        /// The template before.
        from: Option<TemplateId>,
        /// The template after.
        to: TemplateId,
    },
    /// `TrafficWeightUpdated`.
    WeightUpdated {
        /// The canary's weight before, if one was recorded.
        from: Option<i32>,
        /// The canary's weight after.
        to: i32,
        /// Whether the shares of experiment templates changed.
        additional: bool,
    },
    /// A traffic router was told something.
    Routed(crate::cluster::RouterCall),
    /// `UpdatedDestinationRule`.
    DestinationRuleUpdated {
        /// The template that the canary subset selects.
        canary: Option<TemplateId>,
        /// The template that the stable subset selects.
        stable: Option<TemplateId>,
    },
    /// `AnalysisRun<Phase>` of the rollout.
    RunStatus {
        /// Which run.
        run: RunId,
        /// Its phase.
        phase: AnalysisPhase,
        /// The phase that the rollout knew before, if it knew the run.
        previous: Option<AnalysisPhase>,
    },
    /// `StepPluginTransition`.
    StepPlugin {
        /// The step.
        step: u16,
        /// What was asked.
        operation: PluginOperation,
        /// What it answered.
        phase: PluginPhase,
    },
    /// The reconciliation of the rollout failed; it is repeated after a back-off.
    ReconcileFailed(ReconcileError),
    /// A measurement was completed.
    Measured {
        /// The run.
        run: RunId,
        /// Index of the metric.
        metric: u16,
        /// The measurement.
        measurement: Measurement,
    },
    /// `Metric<Phase>` of an analysis run.
    MetricCompleted {
        /// The run.
        run: RunId,
        /// Index of the metric.
        metric: u16,
        /// Its phase.
        phase: AnalysisPhase,
    },
    /// `AnalysisRun<Phase>` of an analysis run.
    RunCompleted {
        /// The run.
        run: RunId,
        /// Its phase.
        phase: AnalysisPhase,
    },
    /// `ExperimentCreated`.
    ExperimentCreated(ExperimentId),
    /// `Template<Status>` of an experiment.
    TemplateChanged {
        /// The experiment.
        experiment: ExperimentId,
        /// Index of the template.
        template: u16,
        /// Status before.
        from: TemplateCode,
        /// Status after.
        to: TemplateCode,
    },
    /// `Experiment<Phase>` of an experiment.
    ExperimentChanged {
        /// The experiment.
        experiment: ExperimentId,
        /// Phase before.
        from: AnalysisPhase,
        /// Phase after.
        to: AnalysisPhase,
    },
    /// `AnalysisRun<Phase>` of an experiment.
    ExperimentAnalysisChanged {
        /// The experiment.
        experiment: ExperimentId,
        /// Index of the analysis.
        analysis: u16,
        /// Phase before.
        from: AnalysisPhase,
        /// Phase after.
        to: AnalysisPhase,
    },
    /// `AnalysisRunTerminating` of an experiment.
    ExperimentAnalysisTerminating {
        /// The experiment.
        experiment: ExperimentId,
        /// Index of the analysis.
        analysis: u16,
    },
    /// `ScalingReplicaSet` of an experiment.
    ExperimentScaled {
        /// Which.
        replica_set: ReplicaSetId,
        /// `spec.replicas` before.
        from: i32,
        /// `spec.replicas` after.
        to: i32,
    },
    /// The rollout keeps itself busy: each of its answers wakes it again, and no time passes.
    KeepsItselfBusy,
    /// Pods were evicted because of `restartAt`.
    PodsRestarted {
        /// Of which `ReplicaSet`.
        replica_set: ReplicaSetId,
        /// How many.
        count: i32,
    },
}

/// Why a revision was promoted (`rollout/sync.go: shouldFullPromote`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromoteReason {
    /// `Initial deploy`.
    InitialDeploy,
    /// `Full promotion requested`.
    FullPromotion,
    /// `Rollback within window`.
    RollbackWithinWindow,
    /// `Fast rollback`.
    FastRollback,
    /// `Completed all N canary steps`.
    CompletedSteps,
    /// `Completed blue-green update`.
    CompletedBlueGreen,
}

/// Why the steps of an update are skipped (`rollout/canary.go: syncRolloutStatusCanary`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// The rollout went back to its stable version.
    ToStable,
    /// The rollout went back within the rollback window.
    WithinWindow,
}

/// Why a reconciliation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReconcileError {
    /// The router has not confirmed the final weight (`rollout/trafficrouting.go: reconcileTrafficRouting`).
    WeightNotVerified {
        /// The weight asked for.
        weight: i32,
    },
    /// A destination rule waits for a `ReplicaSet` (`rollout/trafficrouting/istio/istio.go: UpdateHash`).
    DestinationRuleDelayed(TemplateId),
    /// An analysis run cannot be made; the text stands in the plan of the site.
    AnalysisRun {
        /// Index into [`crate::plan::Plan::sites`].
        site: u16,
    },
    /// An experiment cannot be made; the text stands in its plan.
    Experiment {
        /// Index into [`crate::plan::Plan::experiments`].
        spec: u16,
    },
}
