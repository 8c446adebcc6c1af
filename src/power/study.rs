//! The runs for each rate.

use std::sync::Arc;

use crate::chain;
use crate::plan::Environment;
use crate::power::Tested;
use crate::trials::collection::Collection;
use crate::trials::{Campaign, Players, Progress, Roster, Stage};
use crate::verdict::Verdict;

/// The runs for all rates.
#[derive(Clone, Debug)]
pub struct Study<'a> {
    /// What is run, in the world as written.
    pub stage: Stage<'a>,
    /// One for each rate, which rise.
    pub lanes: Vec<Lane>,
}

/// The runs for a rate.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Share of the requests to the release that fail.
    pub rate: f64,
    /// Whether this is the rate of a healthy release.
    pub is_healthy: bool,
    /// Whether the interval is as short as was asked for, so that no more runs are wanted.
    pub is_precise: bool,
    /// How far one has come.
    pub progress: Progress,
    environment: Arc<Environment>,
}

impl<'a> Study<'a> {
    /// No runs so far, for these rates (rising) and that of a healthy release.
    #[must_use]
    pub fn new(stage: Stage<'a>, tested: &Tested, rates: &[f64], healthy: Option<f64>) -> Self {
        let mut all: Vec<f64> = rates.iter().copied().chain(healthy).collect();
        all.sort_by(f64::total_cmp);
        all.dedup();
        let is_healthy =
            |rate: f64| healthy.is_some_and(|healthy| rate.total_cmp(&healthy).is_eq());
        let lanes = all.into_iter().map(|rate| Lane {
            rate,
            is_healthy: is_healthy(rate),
            is_precise: false,
            progress: Progress::new(false),
            environment: Arc::new(tested.at(stage.environment, rate)),
        });
        Self {
            stage,
            lanes: lanes.collect(),
        }
    }

    /// The worlds of the rates, for their rosters.
    #[must_use]
    pub fn worlds(&self) -> Vec<Arc<Environment>> {
        let worlds = self.lanes.iter().map(|lane| &lane.environment);
        worlds.cloned().collect()
    }

    /// Runs of all rates.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.progress.runs()).sum()
    }
}

impl Lane {
    /// Does the next blocks of a campaign, on all threads of the present pool, by the [`roster`] of this rate.
    pub fn advance(&mut self, roster: &Roster<'_>, campaign: &Campaign, blocks: u64) {
        self.progress.advance(campaign, blocks, roster, None);
    }

    /// What the runs came to.
    #[must_use]
    pub fn collection(&self) -> &Collection {
        &self.progress.sample.written
    }

    /// How many runs were rolled back.
    #[must_use]
    pub fn caught(&self) -> u64 {
        CAUGHT
            .iter()
            .map(|verdict| self.collection().runs_of(*verdict))
            .sum()
    }
}

/// Those who run a stage in another world.
#[must_use]
pub fn roster<'a>(stage: Stage<'a>, environment: &'a Environment) -> Roster<'a> {
    let stage = Stage {
        environment,
        ..stage
    };
    Roster::new(move || Players {
        written: chain::fastest(stage),
        changed: None,
    })
}

/// The verdicts of a release that was caught; an experiment on its own fails.
pub const CAUGHT: [Verdict; 3] = [
    Verdict::RolledBack,
    Verdict::RollbackFailed,
    Verdict::Failed,
];
