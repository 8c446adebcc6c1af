//! A scenario: what happens around a rollout that its manifests do not say.
//!
//! Knows how pods start and fail, what metrics answer, what people do, and when. Refuses to know
//! the rollout: names of metrics and images are compared with it elsewhere.
//!
//! ```yaml
//! apiVersion: coalmine/v1alpha1
//! kind: Scenario
//! metadata: {name: background-analysis-rolls-back}
//! spec:
//!   until: 2h
//!   images:
//!     default: {startup: 10s}
//!   metrics:
//!     success-rate:
//!     - {from: 0s, vector: [0.99]}
//!     - {from: 150s, vector: [0.8]}
//!   actions:
//!   - {on: paused, after: 2m, do: promote}
//! ```

use std::collections::BTreeMap;

use serde_json::Value;

use crate::duration::{HOUR, SECOND};
use crate::plan::environment::{
    Belief, Delays, Draw, Fault, Health, Image, Scraping, Signal, Subject, Traffic,
};
use crate::time::Delta;

mod action;
mod answer;
pub mod check;
pub mod claim;
pub mod schema;
pub mod written;

pub use check::check;
pub use claim::Claim;
pub use written::Written;

/// End of a simulation that does not say its own, and the latest end of any \[ns\]: seven days.
pub const UNTIL_DEFAULT: i64 = 7 * 24 * HOUR;
/// Time from a pod's creation until it is ready, where nothing is said \[ns\].
pub const STARTUP_DEFAULT: i64 = 10 * SECOND;
/// Tag of the image that is stable at first, where nothing is said.
pub const STABLE_DEFAULT: &str = "previous";

/// A scenario without anything left to look up.
///
/// The default is a quiet world: a healthy stable version, pods that start within
/// [`STARTUP_DEFAULT`], no metric answers and nobody acts. Build others from it:
///
/// ```
/// use coalmine::duration::SECOND;
/// use coalmine::scenario::{Action, Scenario, Trigger, Verb};
/// use coalmine::time::Delta;
///
/// let scenario = Scenario {
///     seed: 7,
///     actions: vec![Action {
///         trigger: Trigger::At(120 * SECOND),
///         verb: Verb::SetImage("v3".to_owned()),
///     }],
///     ..Scenario::default()
/// };
/// assert_eq!(scenario.image("v3").startup, Delta::from_secs(10).into());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Empty when it has none.
    pub name: String,
    pub description: String,
    pub seed: u64,
    /// End of the simulation \[ns\], 1..=[`UNTIL_DEFAULT`].
    pub until: i64,
    pub start: Start,
    /// Tag that is applied at time 0; `None`: the manifest's own image.
    pub update: Option<String>,
    /// How pods of the images behave that are not in `images`.
    pub image_default: Image,
    /// How pods of an image behave, by tag.
    pub images: BTreeMap<String, Image>,
    /// What back ends answer, by name of the metric; the lists are ordered by time, strictly.
    pub metrics: BTreeMap<String, Vec<Answer>>,
    /// What people do, in the order in which it is written.
    pub actions: Vec<Action>,
    /// Values by name of the secret and key.
    pub secrets: BTreeMap<String, BTreeMap<String, String>>,
    /// What step plugins answer one after the other, by name of the plugin.
    pub plugins: BTreeMap<String, Vec<PluginResult>>,
    /// Time after which a router reports a weight as verified \[ns\]; `None`: it never says.
    pub verify_after: Option<i64>,
    /// The requests of the users; `None`: nobody counts them.
    pub traffic: Option<Traffic>,
    /// How fast routers and endpoints follow.
    pub delays: Delays,
    /// How many pods can run at once; `None`: any number.
    pub room: Option<i32>,
    /// Price of a pod for an hour.
    pub pod_hour: Option<f64>,
    /// Correlation of two requests of the same ten seconds, 0 to below 1.
    pub overdispersion: f64,
    /// What breaks, by tag of the version.
    pub faults: Vec<Fault<String>>,
    /// What Prometheus scrapes.
    pub scraping: Scraping,
    /// What the run must come to; `None` when nothing is said.
    pub expect: Option<Vec<Claim>>,
    /// What is not known of traffic and faults; of images it stands there.
    pub beliefs: Vec<(Subject, Belief)>,
}

/// The files that scenarios name: curves as CSV.
pub trait Files {
    /// The text of a file whose name is relative to the scenario's own.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn text(&self, name: &str) -> Result<String, String>;
}

/// For scenarios that come from nowhere: there are no files.
#[derive(Clone, Copy, Debug)]
pub struct NoFiles;

impl Files for NoFiles {
    fn text(&self, _: &str) -> Result<String, String> {
        Err("there are no files beside it".to_owned())
    }
}

/// What is there at time 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// Nothing: the first deployment is simulated too.
    Empty,
    /// All pods run this tag and are healthy.
    Stable(String),
}

/// What a metric's back end answers from a time on.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// \[ns\], 0 or more.
    pub from: i64,
    pub reply: Reply,
}

/// An answer of a back end.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// A vector of samples (Prometheus).
    Vector(Vec<f64>),
    /// A single number.
    Scalar(f64),
    /// The query fails with this text.
    Error(String),
    /// A JSON document (web).
    Json(Value),
    /// An HTTP status without a useful body (web), 100..=599.
    Status(u16),
    /// A Job and its end.
    Job(JobEnd),
    /// What the simulated service shows.
    Signal(Signal),
    /// A sample of requests of its own.
    Draw(Draw),
    /// The same where it is only believed how many of them fail.
    BelievedDraw(Draw, Box<Belief>),
    /// Any value, for the other providers.
    Value(Value),
}

/// How a Job ends, counted from its creation \[ns\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobEnd {
    SucceedsAfter(i64),
    FailsAfter(i64),
    Never,
}

/// Something a person does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    pub trigger: Trigger,
    pub verb: Verb,
}

/// When an action is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// At this time \[ns\].
    At(i64),
    /// So long after an event \[ns\]: after the first of its kind, or after every one.
    On {
        event: Event,
        after: i64,
        every: bool,
    },
}

/// What may be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The rollout pauses: at this step (from 0), or at any.
    Paused {
        step: Option<u32>,
    },
    /// A step (from 0) is entered.
    Step {
        step: u32,
    },
    Degraded,
    Aborted,
    Healthy,
    /// The new version becomes the stable one.
    Promoted,
    AnalysisFailed,
    AnalysisInconclusive,
    /// A new revision begins.
    Revision,
}

/// What a person may do, named as in `kubectl argo rollouts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Gives the rollout this tag.
    SetImage(String),
    Promote(Promotion),
    Abort,
    Retry,
    /// Back to this revision, or to the one before.
    Undo {
        to_revision: Option<u32>,
    },
    /// Sets `spec.paused`.
    Pause,
    /// Clears `spec.paused`.
    Resume,
    /// Sets `spec.replicas`.
    Scale {
        replicas: i32,
    },
    Restart,
    TerminateExperiment,
}

/// How far a promotion goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promotion {
    /// Ends the current pause.
    Plain,
    /// To the end, without steps and analyses.
    Full,
    SkipCurrentStep,
    SkipAllSteps,
}

/// What a step plugin answers when it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginResult {
    pub phase: PluginPhase,
    /// How long it answers so before the next result counts \[ns\]; `None`: for ever.
    pub lasts: Option<i64>,
    /// When it wants to be asked again \[ns\].
    pub requeue_after: Option<i64>,
    pub message: String,
}

/// Phase of a step plugin (`utils/plugin/types/steps.go: StepPhase`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginPhase {
    Running,
    Successful,
    Failed,
    Error,
}

impl Default for Scenario {
    fn default() -> Self {
        Scenario {
            name: String::new(),
            description: String::new(),
            seed: 0,
            until: UNTIL_DEFAULT,
            start: Start::Stable(STABLE_DEFAULT.to_owned()),
            update: None,
            image_default: Image {
                startup: Delta::from_nanos(STARTUP_DEFAULT).into(),
                health: Health::assumed(),
                ..Image::default()
            },
            images: BTreeMap::new(),
            metrics: BTreeMap::new(),
            actions: Vec::new(),
            secrets: BTreeMap::new(),
            plugins: BTreeMap::new(),
            verify_after: None,
            traffic: None,
            delays: Delays::default(),
            room: None,
            pod_hour: None,
            overdispersion: 0.0,
            faults: Vec::new(),
            scraping: Scraping::default(),
            expect: None,
            beliefs: Vec::new(),
        }
    }
}

impl Scenario {
    /// How the pods of an image behave.
    #[must_use]
    pub fn image(&self, tag: &str) -> &Image {
        self.images.get(tag).unwrap_or(&self.image_default)
    }

    /// What a metric's back end answers at a time \[ns\]; `None` when nothing is said about the
    /// metric, or nothing that early.
    #[must_use]
    pub fn reply(&self, metric: &str, at: i64) -> Option<&Reply> {
        let answers = self.metrics.get(metric)?;
        let count = answers.partition_point(|answer| answer.from <= at);
        let last = count.checked_sub(1)?;
        Some(&answers[last].reply)
    }
}
