//! What metrics show that are not scripted word for word: the simulated service, or chance.

use std::sync::Arc;

use super::{Belief, Shape};
use crate::condition::{Moment, Value};
use crate::promql::Query;
use crate::statistics::binomial::Binomial;
use crate::statistics::table::{Scratch, Table};
use crate::time::Delta;

/// Where an answer comes from that is not known before it is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Gauge {
    /// The accounts of the simulated service.
    Signal(Signal),
    /// A sample of requests of its own, independent of everything else.
    Draw(Arc<Sample>),
    /// The metric's own query over the series that the simulated service exports.
    Query(QueryId),
}

/// A query, by its index in [`super::Environment::queries`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryId(pub u16);

/// A query as a metric asks it (`metricproviders/prometheus/prometheus.go: executeQuery`).
#[derive(Clone, Debug)]
pub struct Asking {
    /// The query.
    pub query: Query,
    /// Over which range; `None`: at the instant of the measurement.
    pub range: Option<AskedRange>,
}

/// `rangeQuery` of a metric.
#[derive(Clone, Debug)]
pub struct AskedRange {
    /// `start`.
    pub start: Moment,
    /// `end`.
    pub end: Moment,
    /// `step`, positive.
    pub step: Delta,
}

/// A measurement of so many requests, each of which fails with the same probability, independent of all others; without chance it shows
/// what is expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// What is told of them: one of the ratios, or [`Shows::ErrorCount`].
    pub shows: Shows,
    /// How many, 1 or more.
    pub requests: u32,
    /// Probability that a request fails, 0 to 1.
    pub failing: f64,
    /// With what the number is multiplied; `None`: as the provider counts ([`super::Shape::unit`]).
    pub times: Option<f64>,
}

/// A draw with the law of its failures as a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    draw: Draw,
    table: Table,
    /// Where it is not known how many fail.
    belief: Option<Belief>,
}

impl Draw {
    /// What is told if so many of the requests failed.
    #[must_use]
    pub fn told(&self, failed: f64) -> f64 {
        let requests = f64::from(self.requests);
        match self.shows {
            Shows::SuccessRatio => (requests - failed) / requests,
            Shows::ErrorRatio => failed / requests,
            _ => failed,
        }
    }

    /// What a provider hands over if so many of the requests failed, or its message.
    ///
    /// # Errors
    ///
    /// As [`Shape::hold`].
    pub fn handed(&self, shape: &Shape, failed: u32) -> Result<Value, String> {
        let number = self.told(f64::from(failed));
        shape.hold(shape.scaled(number, self.shows, self.times))
    }

    /// How many requests are expected to fail.
    #[must_use]
    pub fn expected(&self) -> f64 {
        f64::from(self.requests) * self.failing
    }

    /// The law of the requests that fail.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "what is clamped is a probability"
    )]
    pub fn law(&self) -> Binomial {
        let failing = if self.failing.is_nan() {
            0.0
        } else {
            self.failing.clamp(0.0, 1.0)
        };
        Binomial::new(self.requests, failing).expect("a number from 0 to 1 is a probability")
    }
}

impl Sample {
    /// Makes the table of a draw; takes time and memory in the order of the standard deviation of the failures.
    #[must_use]
    pub fn new(draw: Draw) -> Self {
        let table = Table::new(&draw.law());
        Self {
            draw,
            table,
            belief: None,
        }
    }

    /// The same where it is only believed how many requests fail.
    #[must_use]
    pub fn believed(mut self, belief: Belief) -> Self {
        self.belief = Some(belief);
        self
    }

    /// What is believed about how many requests fail; `None`: it is known.
    #[must_use]
    pub fn belief(&self) -> Option<&Belief> {
        self.belief.as_ref()
    }

    /// Lets requests fail with another probability, as if it had been so from the beginning.
    pub fn fail(&mut self, failing: f64, scratch: &mut Scratch) {
        self.draw.failing = failing;
        self.table.fill(&self.draw.law(), scratch);
    }

    /// What is drawn.
    #[must_use]
    pub fn draw(&self) -> &Draw {
        &self.draw
    }

    /// How many requests fail, by one even number of 64 bits: rises with the number.
    #[must_use]
    pub fn failed(&self, number: u64) -> u32 {
        self.table.sample(number)
    }

    /// The smallest and the largest number of failures that can be drawn.
    #[must_use]
    pub fn range(&self) -> (u32, u32) {
        self.table.range()
    }
}

/// What a metric that is bound to the simulated service shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signal {
    /// What is measured.
    pub shows: Shows,
    /// Whose requests.
    pub of: Whose,
    /// Over which time before the measurement, positive.
    pub over: Delta,
    /// With what the number is multiplied; `None`: as the provider counts ([`super::Shape::unit`]).
    pub times: Option<f64>,
}

/// What a signal measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shows {
    /// Share of the requests that did not fail; NaN without requests.
    SuccessRatio,
    /// Share of the requests that failed; NaN without requests.
    ErrorRatio,
    /// Failed requests per second.
    Errors,
    /// Failed requests in the window.
    ErrorCount,
    /// Requests per second.
    Requests,
    /// A quantile of the latency at the moment of the measurement \[s\]; NaN where no latency is known.
    Latency {
        /// 0 to 1.
        quantile: f64,
    },
    /// Requests per second at the moment of the measurement as a share of what the pods can serve; NaN without pods, and where one of them
    /// can serve any number.
    Saturation,
}

/// Whose requests a signal counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Those of the version that was requested last.
    Canary,
    /// Those of the stable version.
    Stable,
    /// All.
    All,
}

/// Without the dust of adding up: twelve places.
#[must_use]
pub fn tidy(number: f64) -> f64 {
    (number * 1e12).round() / 1e12
}
