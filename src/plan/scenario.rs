//! What people and pipelines do during a run, and when.

use crate::cluster::TemplateId;
use crate::time::{Delta, SimTime};

/// The deeds of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    /// In the order in which they were written.
    pub actions: Vec<Action>,
    /// The last instant that is simulated; `None`: until nothing but resyncs remains to happen.
    pub until: Option<SimTime>,
}

/// A deed and its moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Action {
    /// When.
    pub when: When,
    /// What.
    pub deed: Deed,
}

/// The moment of a deed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    /// At an instant.
    At(SimTime),
    /// Some time after something happened: the first time, or each time.
    Upon {
        /// What has to happen.
        trigger: Trigger,
        /// How long after it.
        after: Delta,
        /// Each time, not only the first.
        every: bool,
    },
}

/// What a deed can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The rollout pauses (at this step, if one is named).
    Paused(Option<i32>),
    /// This step begins.
    Step(i32),
    /// The rollout becomes Degraded.
    Degraded,
    /// The rollout is aborted.
    Aborted,
    /// The rollout becomes Healthy.
    Healthy,
    /// A revision is promoted.
    Promoted,
    /// An analysis run ends as Failed or Error.
    AnalysisFailed,
    /// An analysis run ends as Inconclusive.
    AnalysisInconclusive,
    /// A new revision is made.
    Revision,
}

/// What a person or a pipeline does, as the kubectl plugin does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// `set image`.
    SetImage(TemplateId),
    /// `promote`.
    Promote,
    /// `promote --full`.
    PromoteFull,
    /// `promote --skip-current-step`.
    SkipCurrentStep,
    /// `promote --skip-all-steps`.
    SkipAllSteps,
    /// `abort`.
    Abort,
    /// `retry`.
    Retry,
    /// `undo`, to a revision or to the one before.
    Undo(Option<u32>),
    /// `pause`.
    Pause,
    /// Sets `spec.paused` to false.
    Resume,
    /// Sets `spec.replicas`.
    Scale(i32),
    /// `restart`.
    Restart,
    /// `terminate experiment`.
    TerminateExperiment,
}

/// Why the kubectl plugin refuses a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `Cannot skip steps of a bluegreen rollout. Run without a flags`.
    SkipBlueGreen,
    /// `Cannot skip steps of a rollout without steps`.
    SkipWithoutSteps,
    /// `unable to find specified revision N in history`.
    UnknownRevision(u32),
    /// `no revision found for rollout "web"`.
    NoRevision,
    /// `skipped rollback (current template already matches revision N)`.
    SameTemplate(u32),
    /// There is no rollout, or no experiment, to do it to.
    NothingThere,
}
