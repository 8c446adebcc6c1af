//! A finished run as a reader wants to know it: header, timeline, verdict.
//!
//! Knows: which of the things that happened are worth telling, in which words, and why they happened.
//! Refuses to know: files, terminals, colours' support. The formats are pure functions of a [`Report`]: [`text`], [`json`]
//! and [`csv`].

pub mod csv;
mod header;
mod impact;
pub mod json;
pub(crate) mod layout;
mod story;
pub mod text;
mod world;

use crate::plan::compile::Compiled;
use crate::plan::setting::Setting;
use crate::sim::{EndReason, Ending};
use crate::time::{Delta, SimTime};
use crate::trace::Trace;
use crate::verdict::Outcome;
use crate::world::ledger::Tally;

pub use header::Header;
pub use impact::{Impact, ServiceGap, TrafficImpact, VersionImpact};

/// A finished run and what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// What was simulated.
    pub compiled: &'a Compiled,
    /// The world in which.
    pub setting: &'a Setting,
    /// The name of the scenario; `None`: the default world.
    pub scenario: Option<&'a str>,
    /// What happened.
    pub trace: &'a Trace,
    /// How it ended.
    pub ending: Ending,
    /// Seed of the run.
    pub seed: u64,
    /// Whether anything was drawn.
    pub random: bool,
    /// Which of the runs under that seed.
    pub replicate: u64,
    /// What was served, if accounts were kept.
    pub tally: Option<&'a Tally>,
}

/// Everything that can be told about a run, in the order in which it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What was simulated, in which world.
    pub header: Header,
    /// The tags of the versions whose pods are counted in [`State::pods`].
    pub versions: Vec<String>,
    /// What happened, in order.
    pub entries: Vec<Entry>,
    /// What the controllers' recorders wrote, in order.
    pub controller_events: Vec<ControllerEvent>,
    /// The verdict, with names instead of numbers.
    pub verdict: Judgement,
    /// What the release cost; `None` for an Experiment on its own, and where no accounts were kept.
    pub impact: Option<Impact>,
    /// The last instant that was simulated.
    pub end: SimTime,
    /// Why nothing more was simulated.
    pub end_reason: EndReason,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When.
    pub at: SimTime,
    /// Who acted.
    pub actor: Actor,
    /// What kind of thing.
    pub kind: Kind,
    /// What.
    pub what: String,
    /// Why, where there is more to say than that.
    pub why: String,
    /// The measurement, where it is one.
    pub measurement: Option<MeasurementText>,
    /// Whether only those who ask for every detail are told.
    pub detail: bool,
    /// The state after this instant.
    pub state: State,
}

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person or a pipeline.
    Person,
    /// The rollout controller.
    Rollout,
    /// The analysis controller.
    Analysis,
    /// The experiment controller.
    Experiment,
    /// The pods themselves.
    Pods,
    /// The traffic router.
    Router,
}

/// Kinds of entries; their names are part of the formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A manifest is applied.
    Applied,
    /// A person or pipeline acts.
    Deed,
    /// A new revision.
    Revision,
    /// A `ReplicaSet` is scaled.
    Scaled,
    /// Pods become available or cease to be.
    Pods,
    /// Pods are replaced because of `restartAt`.
    Restarted,
    /// A step begins or several are skipped.
    Step,
    /// A step is completed.
    StepCompleted,
    /// A step plugin answers.
    StepPlugin,
    /// The weight of the canary changes.
    Weight,
    /// A router is told something, or confirms it.
    Route,
    /// A service points to another version.
    Service,
    /// A pause begins or ends.
    Pause,
    /// An analysis run begins.
    AnalysisStarted,
    /// A measurement.
    Measurement,
    /// An analysis run ends.
    AnalysisEnded,
    /// An experiment or one of its templates changes.
    Experiment,
    /// The update is given up.
    Aborted,
    /// The revision becomes the stable one.
    Promoted,
    /// The rollout is healthy.
    Healthy,
    /// The rollout is degraded without being aborted.
    Degraded,
    /// The reconciliation fails.
    Failed,
    /// The controller answers its own writes without end.
    Busy,
    /// Traffic goes to a version without available pods, or no longer does.
    Outage,
}

/// A measurement as reports show it.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasurementText {
    /// The name of the run.
    pub run: String,
    /// The metric.
    pub metric: String,
    /// What the provider answered; empty after an error.
    pub value: String,
    /// The verdict.
    pub phase: &'static str,
    /// `successCondition`.
    pub success_condition: String,
    /// `failureCondition`.
    pub failure_condition: String,
    /// Whether nothing was scripted for this metric.
    pub assumed: bool,
    /// What was behind the value, as far as that is known.
    pub behind: Option<BehindText>,
}

/// What was behind a measurement. No controller knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BehindText {
    /// How many requests decided.
    pub requests: f64,
    /// The share of them that went to the version that is tried, 0 to 1; `None` if that cannot be told.
    pub canary_share: Option<f64>,
    /// Over which time before the measurement; `None` if there is no such time.
    pub window: Option<Delta>,
    /// The share of that time for which the canary's weight has been as it is now, 0 to 1; `None` without a window or weights.
    pub step_share: Option<f64>,
    /// Whether fewer requests decided than are asked for ([`crate::plan::environment::Scraping::few`]).
    pub few: bool,
}

/// The state after an instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Index of the current step; `None` without steps and while aborted.
    pub step: Option<i32>,
    /// Weight that the canary is given; `None` without a traffic router.
    pub weight: Option<i32>,
    /// The version behind the active service of a blue-green rollout.
    pub active: Option<String>,
    /// Available and desired pods of each of [`Report::versions`].
    pub pods: Vec<(i32, i32)>,
}

/// A Kubernetes event.
#[derive(Clone, Debug, PartialEq)]
pub struct ControllerEvent {
    /// When.
    pub at: SimTime,
    /// The kind of the object.
    pub object: &'static str,
    /// `reason`.
    pub reason: String,
    /// `message`.
    pub message: String,
}

/// The verdict as reports show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The verdict with its reasons.
    pub outcome: Outcome,
    /// The tag of the revision that it is about.
    pub version: Option<String>,
    /// The tags of the earlier revisions, as in [`Outcome::earlier`].
    pub earlier: Vec<String>,
}

impl Report {
    /// Tells a finished run.
    #[must_use]
    pub fn of(run: &Run<'_>) -> Self {
        let plan = &run.compiled.plan;
        let outcome = Outcome::of(plan, &run.compiled.environment, run.trace, run.ending);
        let tag = |template| plan.template(template).tag.clone();
        let versions = story::versions(run);
        Self {
            header: Header::of(run),
            entries: story::entries(run, &versions),
            versions: versions.into_iter().map(tag).collect(),
            controller_events: story::controller_events(run),
            verdict: Judgement {
                version: outcome.template.map(tag),
                earlier: outcome
                    .earlier
                    .iter()
                    .map(|past| tag(past.template))
                    .collect(),
                outcome,
            },
            impact: Impact::of(run),
            end: run.ending.at,
            end_reason: run.ending.reason,
        }
    }
}

impl Actor {
    /// The name that reports use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Rollout => "rollout",
            Self::Analysis => "analysis",
            Self::Experiment => "experiment",
            Self::Pods => "pods",
            Self::Router => "router",
        }
    }
}

impl Kind {
    /// The name that formats use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Deed => "deed",
            Self::Revision => "revision",
            Self::Scaled => "scaled",
            Self::Pods => "pods",
            Self::Restarted => "restarted",
            Self::Step => "step",
            Self::StepCompleted => "step-completed",
            Self::StepPlugin => "step-plugin",
            Self::Weight => "weight",
            Self::Route => "route",
            Self::Service => "service",
            Self::Pause => "pause",
            Self::AnalysisStarted => "analysis-started",
            Self::Measurement => "measurement",
            Self::AnalysisEnded => "analysis-ended",
            Self::Experiment => "experiment",
            Self::Aborted => "aborted",
            Self::Promoted => "promoted",
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
            Self::Busy => "busy",
            Self::Outage => "outage",
        }
    }
}
