//! `Rollout.status`, with messages as causes.

use crate::cluster::analysis_run::AnalysisPhase;
use crate::cluster::{ExperimentId, RunId, TemplateId};
use crate::time::SimTime;

/// `status` of a Rollout. Field names are Argo's where Argo has one; hashes are templates.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "Argo's own fields")]
pub struct RolloutStatus {
    /// `observedGeneration`; 0 before the first observation.
    pub observed_generation: u32,
    /// `phase`.
    pub phase: RolloutPhase,
    /// The cause of `message`.
    pub message: PhaseMessage,
    /// `abort`.
    pub abort: bool,
    /// `abortedAt`, whole seconds.
    pub aborted_at: Option<SimTime>,
    /// `pauseConditions`.
    pub pauses: PauseConditions,
    /// `controllerPause`: the controller has paused this rollout (and a person may have resumed it since).
    pub controller_pause: bool,
    /// `promoteFull`.
    pub promote_full: bool,
    /// `currentPodHash`.
    pub current: Option<TemplateId>,
    /// `stableRS`.
    pub stable: Option<TemplateId>,
    /// Whether `currentStepHash` is recorded (steps do not change during a run).
    pub steps_recorded: bool,
    /// `currentStepIndex`.
    pub step: Option<i32>,
    /// `replicas`.
    pub replicas: i32,
    /// `updatedReplicas`.
    pub updated: i32,
    /// `readyReplicas`.
    pub ready: i32,
    /// `availableReplicas`.
    pub available: i32,
    /// `HPAReplicas`.
    pub hpa_replicas: i32,
    /// `restartedAt`, whole seconds.
    pub restarted_at: Option<SimTime>,
    /// `conditions`.
    pub conditions: Conditions,
    /// `canary`.
    pub canary: CanaryStatus,
    /// `blueGreen`.
    pub blue_green: BlueGreenStatus,
}

impl RolloutStatus {
    /// Takes over everything from `other`, reusing the memory at hand.
    pub fn copy_from(&mut self, other: &Self) {
        let mut step_plugins = std::mem::take(&mut self.canary.step_plugins);
        let mut additional_weights = std::mem::take(&mut self.canary.additional_weights);
        step_plugins.clone_from(&other.canary.step_plugins);
        additional_weights.clone_from(&other.canary.additional_weights);
        let canary = CanaryStatus {
            additional_weights,
            step_plugins,
            ..other.canary
        };
        *self = Self { canary, ..*other };
    }
}

/// `status.canary`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CanaryStatus {
    /// `weights`.
    pub weights: Option<Weights>,
    /// `weights.additional`: shares of the templates of a running experiment; empty without weights.
    pub additional_weights: Vec<Additional>,
    /// `currentStepAnalysisRunStatus`.
    pub step_run: Option<RunSummary>,
    /// `currentBackgroundAnalysisRunStatus`.
    pub background_run: Option<RunSummary>,
    /// `currentExperiment`.
    pub experiment: Option<ExperimentId>,
    /// `stablePingPong`.
    pub stable_ping_pong: Option<PingPong>,
    /// `stepPluginStatuses`.
    pub step_plugins: Vec<StepPluginStatus>,
}

/// `status.blueGreen`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BlueGreenStatus {
    /// `activeSelector`.
    pub active: Option<TemplateId>,
    /// `previewSelector`.
    pub preview: Option<TemplateId>,
    /// `scaleUpPreviewCheckPoint`.
    pub scale_up_check_point: bool,
    /// `prePromotionAnalysisRunStatus`.
    pub pre_run: Option<RunSummary>,
    /// `postPromotionAnalysisRunStatus`.
    pub post_run: Option<RunSummary>,
}

/// What a rollout remembers of one of its current analysis runs (`RolloutAnalysisRunStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// Which run.
    pub run: RunId,
    /// Its phase when the rollout looked last. Its message then needs no place here: a run has none before it ends, and
    /// keeps the one that it ends with.
    pub phase: AnalysisPhase,
}

/// Which of the two services of a ping-pong rollout is the stable one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PingPong {
    /// `ping`.
    Ping,
    /// `pong`.
    Pong,
}

/// `status.canary.weights`, but for [`CanaryStatus::additional_weights`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// Share of the canary, 0..=maxTrafficWeight.
    pub canary: Destination,
    /// Share of the stable version, 0..=maxTrafficWeight.
    pub stable: Destination,
    /// Whether the router confirmed the weights; `None` where it cannot tell.
    pub verified: Option<bool>,
}

/// One side of the split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Weight asked for.
    pub weight: i32,
    /// The version that stands behind it.
    pub template: Option<TemplateId>,
}

/// A template of an experiment that receives traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Additional {
    /// The experiment.
    pub experiment: ExperimentId,
    /// Index of the template in the experiment's spec.
    pub template: u16,
    /// Whether the template's service existed (its name is empty otherwise).
    pub has_service: bool,
    /// Weight asked for.
    pub weight: i32,
}

/// `status.phase` of a Rollout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RolloutPhase {
    /// Not yet observed.
    #[default]
    Unset,
    /// Everything is as asked.
    Healthy,
    /// Aborted, timed out or invalid.
    Degraded,
    /// On its way.
    Progressing,
    /// Waiting for a time to pass or for a person.
    Paused,
}

/// Why a rollout is in its phase (`utils/rollout/rolloututil.go: CalculateRolloutPhase`).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum PhaseMessage {
    /// No message.
    #[default]
    None,
    /// The controller refuses the spec.
    InvalidSpec,
    /// The rollout was aborted.
    Aborted(Abort),
    /// The progress deadline passed while this `ReplicaSet` was new.
    TimedOut(TemplateId),
    /// `manually paused`.
    ManuallyPaused,
    /// The first of the pause conditions.
    Paused(PauseReason),
    /// `rollout is restarting`.
    Restarting,
    /// `more replicas need to be updated`.
    MoreReplicas,
    /// `updated replicas are still becoming available`.
    BecomingAvailable,
    /// `active service cutover pending`.
    CutoverPending,
    /// `waiting for analysis to complete`.
    WaitingForAnalysis,
    /// `waiting for post-promotion verification to complete`.
    WaitingForVerification,
    /// `old replicas are pending termination`.
    OldReplicas,
    /// `waiting for all steps to complete`.
    WaitingForSteps,
}

/// Reasons of `status.pauseConditions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseReason {
    /// `CanaryPauseStep`.
    CanaryPauseStep,
    /// `BlueGreenPause`.
    BlueGreenPause,
    /// `InconclusiveAnalysisRun`.
    InconclusiveAnalysis,
    /// `InconclusiveExperiment`.
    InconclusiveExperiment,
}

/// The pause conditions in the order in which they were added; no reason occurs twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PauseConditions {
    /// In the order in which they were added, without gaps.
    reasons: [Option<PauseReason>; 4],
    /// When each began; zero where there is none.
    starts: [SimTime; 4],
}

impl PauseConditions {
    /// Whether there is none.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.reasons[0].is_none()
    }

    /// Reason and start of each condition.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = (PauseReason, SimTime)> + '_ {
        self.reasons
            .iter()
            .zip(&self.starts)
            .map_while(|(reason, start)| Some(((*reason)?, *start)))
    }

    /// When the pause for `reason` began (whole seconds), if there is one.
    #[must_use]
    #[inline]
    pub fn start_of(&self, reason: PauseReason) -> Option<SimTime> {
        self.iter()
            .find(|(found, _)| *found == reason)
            .map(|(_, start)| start)
    }

    /// Whether there is a pause for `reason`.
    #[must_use]
    #[inline]
    pub fn has(&self, reason: PauseReason) -> bool {
        self.start_of(reason).is_some()
    }

    /// Adds a pause that begins at `start`; a reason that exists keeps its start.
    pub fn add(&mut self, reason: PauseReason, start: SimTime) {
        if self.has(reason) {
            return;
        }
        if let Some(free) = self.reasons.iter().position(Option::is_none) {
            self.reasons[free] = Some(reason);
            self.starts[free] = start;
        }
    }

    /// Removes the pause for `reason`.
    pub fn remove(&mut self, reason: PauseReason) {
        let mut kept = Self::default();
        for (other, start) in self.iter().filter(|(found, _)| *found != reason) {
            kept.add(other, start);
        }
        *self = kept;
    }
}

/// An abort: which revision, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abort {
    /// The revision that was given up.
    pub revision: u32,
    /// Why.
    pub cause: AbortCause,
}

/// Why a rollout was aborted. Runs and experiments keep the message that they end with, so naming them says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbortCause {
    /// A person asked for it.
    Person,
    /// The background analysis ended as Failed or Error.
    Background(RunId),
    /// The analysis of a step ended as Failed or Error.
    Step(RunId),
    /// The pre-promotion analysis ended as Failed or Error.
    PrePromotion(RunId),
    /// The post-promotion analysis ended as Failed or Error.
    PostPromotion(RunId),
    /// The experiment of a step ended as Failed or Error.
    Experiment(ExperimentId),
    /// The progress deadline passed with `progressDeadlineAbort`.
    Deadline(TemplateId),
    /// A step plugin answered Failed.
    StepPlugin {
        /// The step.
        step: u16,
        /// Which of the scripted results.
        result: u16,
    },
}

/// Reason of the Progressing condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressReason {
    /// `NewReplicaSetCreated`.
    NewReplicaSet,
    /// `ReplicaSetUpdated`.
    Updated,
    /// `ReplicaSetNotAvailable`.
    NotAvailable,
    /// `NewReplicaSetAvailable`.
    Available,
    /// `RolloutPaused`.
    Paused,
    /// `RolloutResumed`.
    Resumed,
    /// `RolloutRetry`.
    Retry,
    /// `RolloutAborted`.
    Aborted,
    /// `ProgressDeadlineExceeded`.
    TimedOut,
}

/// Status of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// `True`.
    True,
    /// `False`.
    False,
    /// `Unknown`.
    Unknown,
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

/// The Progressing condition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progressing {
    /// Its status.
    pub status: Truth,
    /// Its reason.
    pub reason: ProgressReason,
    /// `lastUpdateTime`, whole seconds: the progress deadline counts from here.
    pub updated: SimTime,
    /// What its message names: the abort, where the reason is one.
    pub abort: Option<Abort>,
}

/// `status.conditions`. A condition that was never set is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Conditions {
    /// `Progressing`.
    pub progressing: Option<Progressing>,
    /// `Paused` (reason `RolloutPaused`).
    pub paused: Option<Truth>,
    /// `Healthy` (reason `RolloutHealthy`).
    pub healthy: Option<Truth>,
    /// `Available` (reason `AvailableReason`).
    pub available: Option<Truth>,
    /// `Completed` (reason `RolloutCompleted`).
    pub completed: Option<Truth>,
    /// `InvalidSpec`: the controller refuses the spec; the message stands in the plan.
    pub invalid_spec: bool,
}

/// `StepPluginStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepPluginStatus {
    /// The step.
    pub step: u16,
    /// What was asked of the plugin.
    pub operation: PluginOperation,
    /// What it answered last.
    pub phase: PluginPhase,
    /// Which of its scripted results it answered last.
    pub result: u16,
    /// `updatedAt`, whole seconds.
    pub updated: SimTime,
    /// `backoff`.
    pub backoff: crate::time::Delta,
    /// `executions`.
    pub executions: u32,
}

/// What a step plugin is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginOperation {
    /// `Run`.
    Run,
    /// `Terminate`.
    Terminate,
    /// `Abort`.
    Abort,
}

/// What a step plugin answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginPhase {
    /// `Running`.
    Running,
    /// `Successful`.
    Successful,
    /// `Failed`.
    Failed,
    /// `Error`.
    Error,
}
