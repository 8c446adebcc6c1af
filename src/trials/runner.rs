//! Who simulates one run: anything that comes to a [`Summary`] for a given weather.

use std::ops::Range;

use crate::plan::scenario::Script;
use crate::plan::{Environment, Plan};
use crate::sim::{Simulation, Start};
use crate::trials::outcomes::Outcomes;
use crate::trials::summary::{Judge, Summary};
use crate::world::Weather;

/// Simulates one run after another. The same weather gives the same summary, bit for bit, whatever ran before.
pub trait Runner: Send {
    /// What the run in this weather comes to.
    fn run(&mut self, weather: Weather) -> Summary;

    /// What the runs of all replicates of a range come to, in this weather but for the replicate.
    ///
    /// A runner may remember what runs can come to: it is given the same `outcomes` each time, and nobody else is.
    fn run_all(&mut self, weather: Weather, replicates: Range<u64>, outcomes: &mut Outcomes) {
        outcomes.begin(replicates);
        for run in 0..outcomes.len() {
            let replicate = outcomes.replicate(run);
            outcomes.set(
                run,
                self.run(Weather {
                    replicate,
                    ..weather
                }),
            );
        }
    }

    /// Puts behind `values` what is drawn of the release in this weather, in the order of [`crate::world::beliefs`].
    fn draw_release(&self, _weather: Weather, _values: &mut Vec<f64>) {}
}

/// Everything that a run needs beside the weather.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'a> {
    /// The policy.
    pub plan: &'a Plan,
    /// The truth.
    pub environment: &'a Environment,
    /// What people do.
    pub script: &'a Script,
    /// Where it begins.
    pub start: &'a Start,
}

/// Runs by the event simulation. It keeps its memory from run to run.
#[derive(Debug)]
pub struct Simulated<'a> {
    simulation: Simulation<'a, Judge<'a>>,
    start: &'a Start,
}

impl<'a> Simulated<'a> {
    /// Runs on a stage.
    #[must_use]
    pub fn new(stage: Stage<'a>) -> Self {
        let judge = Judge::new(stage.plan);
        let simulation = Simulation::new(stage.plan, stage.environment, stage.script, judge);
        Self {
            simulation: simulation.accounting(Weather::CALM),
            start: stage.start,
        }
    }
}

impl Runner for Simulated<'_> {
    fn run(&mut self, weather: Weather) -> Summary {
        self.simulation.set_weather(weather);
        let ending = self.simulation.run(self.start);
        let tally = self.simulation.world().ledger.tally();
        let judge = self.simulation.recorder();
        judge.summary(self.simulation.cluster(), ending, tally)
    }

    fn draw_release(&self, weather: Weather, values: &mut Vec<f64>) {
        self.simulation.draw_release(weather, values);
    }
}
