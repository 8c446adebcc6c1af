//! What breaks, and when.

use crate::time::{Delta, SimTime};

/// Something that breaks for a while. `V` names a version: by its tag in a scenario, by its template in a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault<V> {
    /// The first instant.
    pub from: SimTime,
    /// The instant at which it is over.
    pub to: SimTime,
    /// What breaks.
    pub breaks: Breaks<V>,
}

/// What breaks. Rates and shares are 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub enum Breaks<V> {
    /// Requests to a share of the pods of a version fail at a rate.
    Errors {
        /// The version.
        image: V,
        /// Share of the requests that fail.
        rate: f64,
        /// Share of its pods.
        share: f64,
    },
    /// Requests to a version, or to all, take a multiple of their time.
    Latency {
        /// The version; `None`: all.
        image: Option<V>,
        /// How many times as long.
        factor: f64,
    },
    /// Something that all versions need; stable alone would have failed too.
    Dependency {
        /// Share of the requests that fail.
        rate: f64,
    },
    /// The database's schema: versions that do not understand it fail every request.
    Schema {
        /// Those that do.
        understood_by: Vec<V>,
    },
    /// Nodes are lost.
    NodeLoss {
        /// The version; `None`: all.
        image: Option<V>,
        /// Share of the pods.
        share: f64,
        /// How long after the loss a pod is replaced.
        replaced_after: Delta,
    },
    /// Queries fail with a text.
    MetricsDown {
        /// The metric; `None`: all.
        metric: Option<String>,
        /// The text.
        error: String,
    },
    /// Queries find nothing.
    MetricsEmpty {
        /// The metric; `None`: all.
        metric: Option<String>,
    },
    /// Answers of the metrics back end take a time.
    MetricsSlow {
        /// How long.
        delay: Delta,
    },
    /// No controller works.
    ControllerDown,
    /// Controllers notice changes late.
    WatchDelay {
        /// How late.
        delay: Delta,
    },
}

impl<V> Fault<V> {
    /// Whether it is in force at `now`.
    #[must_use]
    pub fn holds(&self, now: SimTime) -> bool {
        self.from <= now && now < self.to
    }

    /// The same fault with other names for the versions; `None` where it concerns a version without such a name only.
    #[must_use]
    pub fn rename<W>(&self, name: impl Fn(&V) -> Option<W>) -> Option<Fault<W>> {
        let of = |image: &Option<V>| match image {
            None => Some(None),
            Some(image) => name(image).map(Some),
        };
        let breaks = match &self.breaks {
            Breaks::Errors { image, rate, share } => Breaks::Errors {
                image: name(image)?,
                rate: *rate,
                share: *share,
            },
            Breaks::Latency { image, factor } => Breaks::Latency {
                image: of(image)?,
                factor: *factor,
            },
            Breaks::Dependency { rate } => Breaks::Dependency { rate: *rate },
            Breaks::Schema { understood_by } => Breaks::Schema {
                understood_by: understood_by.iter().filter_map(name).collect(),
            },
            Breaks::NodeLoss {
                image,
                share,
                replaced_after,
            } => Breaks::NodeLoss {
                image: of(image)?,
                share: *share,
                replaced_after: *replaced_after,
            },
            Breaks::MetricsDown { metric, error } => Breaks::MetricsDown {
                metric: metric.clone(),
                error: error.clone(),
            },
            Breaks::MetricsEmpty { metric } => Breaks::MetricsEmpty {
                metric: metric.clone(),
            },
            Breaks::MetricsSlow { delay } => Breaks::MetricsSlow { delay: *delay },
            Breaks::ControllerDown => Breaks::ControllerDown,
            Breaks::WatchDelay { delay } => Breaks::WatchDelay { delay: *delay },
        };
        Some(Fault {
            from: self.from,
            to: self.to,
            breaks,
        })
    }
}
