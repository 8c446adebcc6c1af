//! The service under release: its requests, and how well each version serves them.

use crate::curve::Curve;
use crate::law::Law;
use crate::time::Delta;

/// The requests of the users.
#[derive(Clone, Debug, PartialEq)]
pub struct Traffic {
    /// Requests per second since the start, 0 or more.
    pub rps: Curve,
    /// Requests that a user makes in a visit, at least 1; `None`: users are not counted.
    pub requests_per_user: Option<f64>,
    /// How long a user keeps a version, positive; `None`: every request is routed anew.
    pub sticky: Option<Delta>,
    /// Share of the requests that carry what a header route matches, 0 to 1.
    pub header: f64,
    /// Requests of testers to the preview service per second, 0 or more.
    pub preview: f64,
    /// What takes longer is slow, positive; `None`: slow requests are not counted.
    pub slow: Option<Delta>,
}

/// How fast routers and endpoints follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delays {
    /// Until a weight or a route that was set is in force.
    pub router: Delta,
    /// Until the endpoints of a service follow its selector and its pods.
    pub endpoints: Delta,
}

/// How well a version serves.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// Share of the requests that fail, 0 to 1.
    pub errors: Changing,
    /// How long a request takes, where it is known.
    pub latency: Option<Law>,
    /// How many times as long, 0 or more.
    pub latency_factor: Changing,
    /// Requests per second that one pod can serve, positive; `None`: without limit.
    pub capacity: Option<f64>,
}

/// A value that changes over time, counted from somewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Changing {
    /// The value.
    pub curve: Curve,
    /// From where time counts.
    pub since: Since,
}

/// From where time counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Since {
    /// The start of the simulation.
    Start,
    /// The first pod of the version.
    #[default]
    Release,
    /// The start of each pod.
    Pod,
}

impl Traffic {
    /// The requests of a service of which nothing is said, where a query has to see some: a hundred a second.
    #[must_use]
    pub fn assumed() -> Self {
        Self {
            rps: Curve::constant(100.0),
            requests_per_user: None,
            sticky: None,
            header: 0.0,
            preview: 0.0,
            slow: None,
        }
    }
}

impl Health {
    /// A version of which nothing is said, where nothing is said of the traffic either: one request in a thousand fails, and half of them
    /// take less than 100 ms.
    #[must_use]
    pub fn assumed() -> Self {
        Self {
            errors: Changing::constant(0.001),
            latency: Law::log_normal(Delta::from_millis(100), 0.5),
            ..Self::default()
        }
    }
}

impl Default for Health {
    fn default() -> Self {
        Self {
            errors: Changing::constant(0.0),
            latency: None,
            latency_factor: Changing::constant(1.0),
            capacity: None,
        }
    }
}

impl Changing {
    /// A value that never changes.
    #[must_use]
    pub fn constant(value: f64) -> Self {
        Self {
            curve: Curve::constant(value),
            since: Since::default(),
        }
    }
}
