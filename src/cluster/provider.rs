//! What comes from outside the cluster: the answers of metric providers and step plugins.

use crate::cluster::status::PluginPhase;
use crate::condition::{Value, ValueRef};
use crate::plan::environment::Shape;
use crate::time::{Delta, SimTime};

/// The metric providers, as far as a controller can see them: they answer.
pub trait Provider {
    /// What the provider behind `source` answers at `now`.
    fn ask(&mut self, source: u32, now: SimTime) -> Asked<'_>;
    /// How the Job stands that was started `age` ago by the answer with number `point`.
    fn job(&self, source: u32, point: Option<u32>, age: Delta) -> JobState;
    /// The score of the canary analysis that was started by this answer; `None`: it has none.
    fn score(&self, source: u32, point: Option<u32>, reading: Option<ReadingId>) -> Option<f64>;
}

/// An answer and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Number of the answer in the provider's script; `None` before the first.
    pub point: Option<u32>,
    /// Number of the reading, where the answer came about only now.
    pub reading: Option<ReadingId>,
    /// The answer.
    pub told: Told<'a>,
}

/// An answer as the controller reads it.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    /// A value for the conditions.
    Value(ValueRef<'a>),
    /// The measurement is successful whatever the conditions say: nothing was scripted.
    Assumed,
    /// The provider failed.
    Error,
    /// A Job was started.
    Job,
}

/// An answer that came about during the run: its number, counted from 0 through the whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadingId(pub u32);

/// One answer of a metric provider, as the provider's client in the controller reads it.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// What it means.
    pub answer: Answer,
    /// The measurement's `value`.
    pub text: String,
}

impl Reading {
    /// What a provider's client hands over, or its message where it fails.
    #[must_use]
    pub fn of(shape: &Shape, held: Result<Value, String>) -> Self {
        match held {
            Ok(value) => Self {
                text: shape.text(&value),
                answer: Answer::Value(value),
            },
            Err(message) => Self::failure(message),
        }
    }

    /// A failure of the provider.
    #[must_use]
    pub fn failure(message: String) -> Self {
        Self {
            answer: Answer::Error(message),
            text: String::new(),
        }
    }
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
    /// What the simulated world shows when it is asked.
    Shown(crate::plan::environment::Gauge),
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
