//! Metric providers: scripted answers, and Jobs whose fate is decided when they start.

use crate::cluster::provider::{JobState, Provider, Reading};
use crate::plan::Environment;
use crate::plan::environment::Fate;
use crate::time::{Delta, SimTime};

impl Provider for Environment {
    fn ask(&self, source: u32, now: SimTime) -> (Option<u32>, &Reading) {
        let source = &self.sources[source as usize];
        let point = source.point_at(now);
        (point, &source.scripted(point).reading)
    }

    fn job(&self, source: u32, point: Option<u32>, age: Delta) -> JobState {
        match self.sources[source as usize].scripted(point).job {
            Fate::Succeeds(after) if after <= age => JobState::Complete,
            Fate::Fails(after) if after <= age => JobState::Failed,
            _ => JobState::Running,
        }
    }
}
