//! What comes from outside the cluster: the answers of metric providers and step plugins.

use crate::cluster::status::PluginPhase;
use crate::condition::Value;
use crate::time::{Delta, SimTime};

/// The metric providers, as far as a controller can see them: they answer.
pub trait Provider {
    /// What the provider behind `source` answers at `now`.
    fn ask(&self, source: u32, now: SimTime) -> Asked<'_>;
    /// How the Job stands that was started `age` ago by the answer with number `point`.
    fn job(&self, source: u32, point: Option<u32>, age: Delta) -> JobState;
}

/// An answer and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Number of the answer in the provider's script; `None` before the first.
    pub point: Option<u32>,
    /// The answer.
    pub reading: &'a Reading,
    /// What the simulated service shows, where the answer is a signal.
    pub sample: Sample,
}

/// A number that a signal showed; equal if its bits are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample(u64);

impl From<f64> for Sample {
    fn from(number: f64) -> Self {
        Self(number.to_bits())
    }
}

impl From<Sample> for f64 {
    fn from(sample: Sample) -> Self {
        Self::from_bits(sample.0)
    }
}

/// One answer of a metric provider, as the provider's client in the controller reads it.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// What it means.
    pub answer: Answer,
    /// The measurement's `value`.
    pub text: String,
}

/// What an answer means.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A value for the conditions.
    Value(Value),
    /// The measurement is successful whatever the conditions say: nothing was scripted.
    Assumed,
    /// The provider failed; the measurement's message.
    Error(String),
    /// A Job was started.
    Job,
    /// What the simulated service shows; the world turns it into a value.
    Signal(crate::plan::environment::Signal),
}

impl Default for Answer {
    fn default() -> Self {
        Self::Value(Value::Vector(Vec::new()))
    }
}

/// How a Job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// It runs.
    Running,
    /// Its condition Complete is true.
    Complete,
    /// Its condition Failed is true.
    Failed,
}

/// What a step plugin answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PluginAnswer {
    /// The phase it reports.
    pub phase: PluginPhase,
    /// Which of its scripted results this is.
    pub result: u16,
    /// The pause before the next question that it asks for.
    pub requeue_after: Delta,
}

/// A sample as Prometheus prints it.
#[must_use]
pub fn number_text(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if 0.0 < number { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        format!("{number}")
    }
}
