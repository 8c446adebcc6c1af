//! What the user says of the world, before it is tied to a rollout: pods by image tag, answers by metric name.

use std::collections::BTreeMap;

use crate::plan::environment::{
    Belief, Delays, Draw, Fate, Fault, Image, PluginResult, Scraping, Signal, Subject, Traffic,
};
use crate::time::{Delta, SimTime};

/// The world as a scenario describes it.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Pods by image tag.
    pub images: BTreeMap<String, Image>,
    /// Pods of all other images.
    pub default_image: Image,
    /// What the provider of each metric answers from an instant on, ascending; by metric name.
    pub metrics: BTreeMap<String, Vec<(SimTime, Response)>>,
    /// What a metric without a script does.
    pub unscripted: Unscripted,
    /// Secrets by name and key.
    pub secrets: BTreeMap<String, BTreeMap<String, String>>,
    /// Results of step plugins by name.
    pub plugins: BTreeMap<String, Vec<PluginResult>>,
    /// A router that verifies weights confirms one so long after it was set.
    pub verify_after: Option<Delta>,
    /// Image tags that occur in a script, in order.
    pub tags: Vec<String>,
    /// The requests of the users; `None`: nobody counts them.
    pub traffic: Option<Traffic>,
    /// How fast routers and endpoints follow.
    pub delays: Delays,
    /// How many pods can run at once; `None`: any number.
    pub room: Option<i32>,
    /// Price of a pod for an hour.
    pub pod_hour: Option<f64>,
    /// Correlation of two requests of the same ten seconds.
    pub overdispersion: f64,
    /// What breaks, by tag of the version.
    pub faults: Vec<Fault<String>>,
    /// What Prometheus scrapes.
    pub scraping: Scraping,
    /// What is not known of traffic and faults, and drawn for each run; of images it stands there.
    pub beliefs: Vec<(Subject, Belief)>,
}

/// What a metric does that no script mentions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unscripted {
    /// Its own query is evaluated over the series of the simulated service. Where that cannot be, every measurement is successful, and the
    /// report says that this was assumed.
    #[default]
    Simulated,
    /// Every measurement is successful, and the report says that this was assumed.
    Passes,
    /// The provider finds nothing: an empty vector.
    AnswersNothing,
}

/// One scripted answer of a metric's back end.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// Samples of a query.
    Vector(Vec<f64>),
    /// A single number.
    Scalar(f64),
    /// The query fails.
    Error(String),
    /// A JSON document.
    Json(serde_json::Value),
    /// An HTTP status without a usable body.
    Status(u16),
    /// A Job that is started now.
    Job(Fate),
    /// What the simulated service shows.
    Signal(Signal),
    /// A sample of requests of its own.
    Draw(Draw),
    /// The same where it is only believed how many of them fail.
    BelievedDraw(Draw, Box<Belief>),
}
