//! `AnalysisRun`s: counters and the last measurement of each metric; the full log is the trace's business.

use crate::cluster::provider::ReadingId;
use crate::cluster::{ExperimentId, Slice, TemplateId};
use crate::time::SimTime;

/// Phases of measurements, metrics, runs and experiments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnalysisPhase {
    /// Not yet assessed (the empty string upstream).
    #[default]
    Unset,
    /// `Pending`.
    Pending,
    /// `Running`.
    Running,
    /// `Successful`.
    Successful,
    /// `Failed`.
    Failed,
    /// `Error`.
    Error,
    /// `Inconclusive`.
    Inconclusive,
}

impl AnalysisPhase {
    /// Whether this phase is final.
    #[must_use]
    #[inline]
    pub fn is_completed(self) -> bool {
        matches!(
            self,
            Self::Successful | Self::Failed | Self::Error | Self::Inconclusive
        )
    }

    /// Rank from best to worst; what has no rank counts as the best
    /// (`utils/analysis/helpers.go: analysisStatusOrder, IsWorse`).
    #[must_use]
    pub fn severity(self) -> u8 {
        match self {
            Self::Unset | Self::Successful => 0,
            Self::Running => 1,
            Self::Pending => 2,
            Self::Inconclusive => 3,
            Self::Error => 4,
            Self::Failed => 5,
        }
    }

    /// Whether `other` is worse than this.
    #[must_use]
    pub fn is_worsened_by(self, other: Self) -> bool {
        self.severity() < other.severity()
    }
}

/// For whom a run measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// `spec.strategy.canary.analysis`.
    Background,
    /// The analysis step with this index.
    Step(u16),
    /// `spec.strategy.blueGreen.prePromotionAnalysis`.
    PrePromotion,
    /// `spec.strategy.blueGreen.postPromotionAnalysis`.
    PostPromotion,
    /// An analysis of an experiment, by its index in the experiment's spec.
    Experiment(ExperimentId, u16),
}

/// An `AnalysisRun` as stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnalysisRun {
    /// For whom it measures; with `revision`, `template` and `collision` its name.
    pub site: Site,
    /// Index into [`crate::plan::Plan::analyses`].
    pub analysis: u32,
    /// The canary's template when it was created (its pod hash label).
    pub template: TemplateId,
    /// The rollout's revision when it was created.
    pub revision: u32,
    /// Number in the name: 0 for the first of its name, then `.1`, `.2` ...
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
    pub message: RunMessage,
    /// `status.startedAt`, whole seconds.
    pub started: Option<SimTime>,
    /// Its part of [`crate::cluster::Cluster::metrics`].
    pub metrics: Slice,
}

/// Why a run ended as it did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum RunMessage {
    /// No message.
    #[default]
    None,
    /// The run's spec is invalid; the text stands in the plan of this analysis.
    Invalid {
        /// Index into [`crate::plan::Plan::analyses`].
        analysis: u32,
    },
    /// `Run Terminated`.
    Terminated,
    /// A metric went over one of its limits.
    Metric {
        /// Index into [`crate::plan::Plan::analyses`].
        analysis: u32,
        /// Index of the metric.
        metric: u16,
        /// How it was assessed.
        phase: AnalysisPhase,
        /// The limit that it broke.
        breach: Breach,
        /// The message of its last measurement.
        detail: Detail,
    },
}

/// A counter over its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which counter.
    pub counter: Counter,
    /// Its value.
    pub count: i32,
    /// Its limit.
    pub limit: i32,
}

/// The counters that have a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// `failed` against `failureLimit`.
    Failed,
    /// `inconclusive` against `inconclusiveLimit`.
    Inconclusive,
    /// `consecutiveErrors` against `consecutiveErrorLimit`.
    ConsecutiveErrors,
}

/// The message of a measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// No message.
    #[default]
    None,
    /// `Metric Terminated`.
    Terminated,
    /// The metric provider failed, or its answer could not be judged; the text follows from the answer.
    Answer(AnswerRef),
    /// The metric is now reported as `Metric assessed ... due to ...` (dry run).
    Assessed(AnalysisPhase, Breach),
}

/// Which answer a measurement got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerRef {
    /// Index into [`crate::plan::Plan::analyses`].
    pub analysis: u32,
    /// Index of the metric in it.
    pub metric: u16,
    /// Index of the answer in the metric's script; `None` before the first.
    pub point: Option<u32>,
    /// The reading, where the answer came about during the run.
    pub reading: Option<ReadingId>,
}

/// `MetricResult` of a metric.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MetricStatus {
    /// The last measurement; `None` before the first, when upstream has no result at all.
    pub last: Option<Measurement>,
    /// `phase`.
    pub phase: AnalysisPhase,
    /// The cause of `message`.
    pub message: Detail,
    /// `count`: Successful, Failed and Inconclusive measurements.
    pub count: i32,
    /// `successful`.
    pub successful: i32,
    /// `failed`.
    pub failed: i32,
    /// `inconclusive`.
    pub inconclusive: i32,
    /// `error`.
    pub error: i32,
    /// `consecutiveError`.
    pub consecutive_error: i32,
    /// `consecutiveSuccess`.
    pub consecutive_success: i32,
}

/// A measurement, finished or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measurement {
    /// `phase`.
    pub phase: AnalysisPhase,
    /// `startedAt`, whole seconds.
    pub started: SimTime,
    /// `finishedAt`, whole seconds.
    pub finished: Option<SimTime>,
    /// `resumeAt`, whole seconds: when a Job is looked at again.
    pub resume_at: Option<SimTime>,
    /// What the provider answered.
    pub answer: AnswerRef,
    /// The cause of `message`.
    pub message: Detail,
}
