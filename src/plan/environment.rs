//! The truth about the simulated world: how pods start, what metric providers answer, what plugins say.

mod belief;
mod fault;
mod gauge;
mod scraping;
mod service;
mod shape;

use crate::cluster::TemplateId;
use crate::cluster::provider::{Answer, Reading};
use crate::cluster::status::PluginPhase;
use crate::diagnostic::Path;
use crate::law::Law;
use crate::time::{Delta, SimTime};

pub use belief::{Aspect, BEYOND_MAX, Belief, Beyond, Subject, Unit};
pub use fault::{Breaks, Fault};
pub use gauge::{AskedRange, Asking, Draw, Gauge, QueryId, Sample, Shows, Signal, Whose, tidy};
pub use scraping::{BUCKETS, Given, GivenValue, Profile, Scraping};
pub use service::{Changing, Delays, Health, Since, Traffic};
pub use shape::{Document, Shape, go_json, whole};

/// Everything the world needs to play its part; no controller ever sees it.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// How the pods of each template behave, by [`crate::cluster::TemplateId`].
    pub images: Vec<Image>,
    /// What each metric's provider answers, by [`crate::plan::MetricPlan::source`].
    pub sources: Vec<Source>,
    /// A router that verifies weights confirms one so long after it was set; `None`: it cannot verify.
    pub verify_after: Option<Delta>,
    /// What each step plugin answers, call by call.
    pub plugins: Vec<Vec<PluginResult>>,
    /// The requests of the users; `None`: nobody counts them.
    pub traffic: Option<Traffic>,
    /// How fast routers and endpoints follow.
    pub delays: Delays,
    /// How many pods can run at once; `None`: any number.
    pub room: Option<i32>,
    /// Price of a pod for an hour, 0 or more.
    pub pod_hour: Option<f64>,
    /// Correlation of two requests of the same ten seconds, 0 to below 1; with `--random`.
    pub overdispersion: f64,
    /// What breaks, and when.
    pub faults: Vec<Fault<TemplateId>>,
    /// What Prometheus scrapes.
    pub scraping: Scraping,
    /// The queries that metrics ask, by [`QueryId`].
    pub queries: Vec<Asking>,
    /// What is not known of traffic and faults, and drawn for each run; until then, what is expected stands there.
    pub beliefs: Vec<(Subject, Belief)>,
}

/// The pods of one image, and how well they serve.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Image {
    /// From the start of a pod until it is ready.
    pub startup: Law,
    /// Of one `ReplicaSet`'s pods only so many ever become ready.
    pub max_ready: Option<i32>,
    /// Windows `[from, to)` in which no pod is ready.
    pub unready: Vec<(SimTime, SimTime)>,
    /// The container ends so long after each start, positive; `None`: never by itself.
    pub crash_after: Option<Delta>,
    /// For how long a pod is ready, and for how long it is not then; both positive.
    pub flapping: Option<(Delta, Delta)>,
    /// How long a deleted pod stays.
    pub termination: Delta,
    /// Which requests fail, and how long they take.
    pub health: Health,
    /// What is not known of it, and drawn for each run; until then, what is expected stands there. Each aspect once at most.
    pub beliefs: Vec<(Aspect, Belief)>,
}

/// What the provider of one metric answers over time.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// What it answers before the first point.
    pub before: Scripted,
    /// From each instant on, ascending.
    pub points: Vec<(SimTime, Scripted)>,
    /// Whether nothing was scripted for it.
    pub assumed: bool,
    /// How the provider hands over what the simulated service shows.
    pub shape: Shape,
}

/// An answer and, where it starts a Job, the fate of that Job.
#[derive(Clone, Debug, Default)]
pub struct Scripted {
    /// What the controller reads.
    pub reading: Reading,
    /// The fate of the Job, decided when it is created.
    pub job: Fate,
}

/// The fate of a Job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// It completes so long after its creation.
    Succeeds(Delta),
    /// It fails for good so long after its creation.
    Fails(Delta),
    /// It runs for ever.
    #[default]
    Hangs,
}

/// One answer of a step plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginResult {
    /// The phase it reports.
    pub phase: PluginPhase,
    /// Its message.
    pub message: String,
    /// For how long it goes on giving this answer; `None`: for one call.
    pub lasts: Option<Delta>,
    /// How long the controller is asked to wait before the next call.
    pub requeue_after: Delta,
}

impl Environment {
    /// How far metrics look back at what was served; `None`: none does.
    #[must_use]
    pub fn looks_back(&self) -> Option<Delta> {
        let answers = self.sources.iter().flat_map(|source| {
            let points = source.points.iter().map(|(_, scripted)| scripted);
            points.chain([&source.before])
        });
        answers
            .filter_map(|scripted| match scripted.reading.answer {
                Answer::Shown(Gauge::Signal(signal)) => Some(signal.over),
                _ => None,
            })
            .max()
    }

    /// Whether traffic, errors or latencies change other than at events.
    #[must_use]
    pub fn bends(&self) -> bool {
        let traffic = self.traffic.as_ref();
        let is_constant = |changing: &Changing| changing.curve.as_constant().is_some();
        traffic.is_some_and(|traffic| traffic.rps.as_constant().is_none())
            || self.images.iter().any(|image| {
                let health = &image.health;
                !(is_constant(&health.errors) && is_constant(&health.latency_factor))
            })
    }

    /// Whether it matters how old pods are.
    #[must_use]
    pub fn minds_age(&self) -> bool {
        self.images.iter().any(|image| {
            let health = &image.health;
            [&health.errors, &health.latency_factor]
                .iter()
                .any(|changing| changing.since == Since::Pod)
        })
    }
}

impl Image {
    /// The same under the name of a version, so that each version draws for itself.
    #[must_use]
    pub fn named(&self, tag: &str) -> Self {
        let image = Path::from("images").key(tag);
        let name = |aspect: Aspect| image.clone().key(aspect.field()).to_string();
        let beliefs = self.beliefs.iter();
        Self {
            beliefs: beliefs
                .map(|(aspect, belief)| (*aspect, belief.named(name(*aspect))))
                .collect(),
            ..self.clone()
        }
    }

    /// Whether an aspect is known.
    #[must_use]
    pub fn is_known(&self, aspect: Aspect) -> bool {
        self.beliefs.iter().all(|(unknown, _)| *unknown != aspect)
    }

    /// Takes an aspect as known.
    pub fn settle(&mut self, aspect: Aspect) {
        self.beliefs.retain(|(known, _)| *known != aspect);
    }
}

impl Source {
    /// Which answer is given at `now`: the index of the point, `None` before the first.
    #[must_use]
    pub fn point_at(&self, now: SimTime) -> Option<u32> {
        let after = self.points.partition_point(|(from, _)| *from <= now);
        after
            .checked_sub(1)
            .and_then(|index| u32::try_from(index).ok())
    }

    /// The answer with this index.
    #[must_use]
    pub fn scripted(&self, point: Option<u32>) -> &Scripted {
        point.map_or(&self.before, |index| &self.points[index as usize].1)
    }
}
