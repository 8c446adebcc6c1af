//! Metric providers: scripted answers, what the simulated service shows, and Jobs whose fate is decided when they start.

use crate::cluster::provider::{Answer, Asked, JobState, Provider};
use crate::plan::Environment;
use crate::plan::environment::Fate;
use crate::time::{Delta, SimTime};
use crate::world::ledger::Ledger;

/// The metric providers of a run.
#[derive(Clone, Copy, Debug)]
pub struct Telemetry<'a> {
    /// What is scripted.
    pub environment: &'a Environment,
    /// What has been served so far.
    pub ledger: &'a Ledger,
}

impl Provider for Telemetry<'_> {
    fn ask(&self, source: u32, now: SimTime) -> Asked<'_> {
        let source = &self.environment.sources[source as usize];
        let point = source.point_at(now);
        let reading = &source.scripted(point).reading;
        let sample = match &reading.answer {
            Answer::Signal(signal) => self.ledger.signal(self.environment, *signal, now),
            _ => 0.0,
        };
        Asked {
            point,
            reading,
            sample: sample.into(),
        }
    }

    fn job(&self, source: u32, point: Option<u32>, age: Delta) -> JobState {
        match self.environment.sources[source as usize]
            .scripted(point)
            .job
        {
            Fate::Succeeds(after) if after <= age => JobState::Complete,
            Fate::Fails(after) if after <= age => JobState::Failed,
            _ => JobState::Running,
        }
    }
}
