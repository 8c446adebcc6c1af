//! A rollout as a chain: what can happen is a graph of states right after measurements, and each run is a walk through it.
//!
//! In a world without chance but for the outcomes of measurements ([`crate::plan::environment::Draw`]), what happens between two measurements
//! follows from the outcomes alone. Each such stretch is simulated once, by [`crate::sim::Simulation`], and remembered; of two
//! histories with the same future only one is followed. That gives
//!
//! * walks ([`Chain::walk`], many side by side: [`Chain::walk_all`]): the same [`Summary`] as a simulation has under the same
//!   [`Weather`], bit for bit, for the price of one random number for each measurement;
//! * exact answers ([`Chain::distribution`]): the probability of each verdict and of each cause, and the distributions of time,
//!   measurements and costs, without any sampling.
//!
//! Knows: what of a state nobody reads again ([`crate::sim`] and the controllers say so). Refuses to know what a rollout does: nothing here
//! decides what follows from an outcome.
//! Refuses, in words ([`Refusal`]), worlds in which anything else is drawn: the start-up times of pods, and requests. A distribution may have
//! traffic if no metric looks at it: its amounts of requests are expectations.

mod classes;
mod distribution;
mod exact;
mod explorer;
mod graph;
mod known;
mod lanes;
mod refusal;
mod sum;

use std::fmt;
use std::ops::Range;

use crate::sim::Simulation;
use crate::sim::oracle::Oracle;
use crate::trials::{Judge, Outcomes, Runner, Simulated, Stage, Summary};
use crate::world::Weather;

pub use distribution::Distribution;
pub use exact::{Exact, Requests, Share};
pub use graph::Graph;
pub use refusal::{Reason, Refusal};

use explorer::Explorer;
use graph::{Arrival, Halt, Walk};
use known::Known;
use lanes::Lanes;

/// What a chain is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// Walks that have the summaries of simulations.
    Walks,
    /// The exact distribution.
    Distribution,
}

/// How much a chain may remember.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// States after measurements.
    pub nodes: usize,
    /// Outcomes of measurements.
    pub edges: usize,
    /// Memory of the states, about \[bytes\].
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            nodes: 1_000_000,
            edges: 4_000_000,
            bytes: 512 << 20,
        }
    }
}

/// There are more states than the limits allow, or a run is longer than any simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("so many different things can happen that they cannot all be followed")
    }
}

impl std::error::Error for TooLarge {}

/// So many runs explore most of what there is; others that set out with them would stop where they do.
const PIONEERS: usize = 16;

/// A rollout in its world, as far as it was explored.
#[derive(Debug)]
pub struct Chain<'a> {
    graph: Graph,
    explorer: Explorer<'a>,
    stage: Stage<'a>,
    /// Makes the runs that the limits keep out of the graph.
    plain: Simulated<'a>,
    /// Whether no state is added any more.
    is_full: bool,
    /// How many edges there were when they were made to lead straight to their targets.
    straight: usize,
    lanes: Lanes,
    known: Known,
    /// Runs of a range that came to something unknown.
    left: Vec<usize>,
}

impl<'a> Chain<'a> {
    /// A chain of which nothing is explored yet.
    ///
    /// # Errors
    /// If anything but outcomes of measurements differs from run to run.
    pub fn new(stage: Stage<'a>, aim: Aim, limits: Limits) -> Result<Self, Refusal> {
        let Stage {
            plan,
            environment,
            script,
            start,
        } = stage;
        let mut reasons = refusal::reasons(plan, environment, aim);
        let (classes, draws) = classes::of_all(plan, environment, &mut reasons);
        if !reasons.is_empty() {
            return Err(Refusal { reasons });
        }
        let mut exploring =
            Simulation::new(plan, environment, script, Judge::new(plan)).accounting(Weather::CALM);
        exploring.set_oracle(Oracle::new(draws));
        let mut graph = Graph {
            classes,
            ..Graph::default()
        };
        Ok(Self {
            explorer: Explorer::new(exploring, start, limits, &mut graph),
            graph,
            stage,
            plain: Simulated::new(stage),
            is_full: false,
            straight: 0,
            lanes: Lanes::default(),
            known: Known::default(),
            left: Vec::new(),
        })
    }

    /// What the run comes to that has this weather; explores what was not walked before. Where the limits are reached, the run is
    /// simulated.
    pub fn walk(&mut self, weather: Weather) -> Summary {
        match self.arrive(weather) {
            Some(arrival) => self.graph.summary(arrival),
            None => self.plain.run(weather),
        }
    }

    /// The same for all replicates of a range under a seed, many of them at once.
    ///
    /// The lasting outcomes are those of this chain: give the same `outcomes` to it each time, and to nobody else.
    pub fn walk_all(&mut self, weather: Weather, replicates: Range<u64>, outcomes: &mut Outcomes) {
        outcomes.begin(replicates);
        let mut begin = 0;
        while begin < outcomes.len() {
            let is_fresh = self.known.summaries().is_empty();
            let most = if is_fresh { PIONEERS } else { usize::MAX };
            let end = outcomes.len().min(begin.saturating_add(most));
            self.walk_some(weather, begin..end, outcomes);
            begin = end;
        }
        outcomes.learn(self.known.summaries());
    }

    /// The same for some runs of a range.
    fn walk_some(&mut self, weather: Weather, runs: Range<usize>, outcomes: &mut Outcomes) {
        let mut left = std::mem::take(&mut self.left);
        left.clear();
        if weather.random {
            let replicates = outcomes.replicate(runs.start)..outcomes.replicate(runs.end);
            self.lanes.walk(&self.graph, weather, replicates);
            for (run, arrival) in runs.zip(self.lanes.arrivals(&self.graph)) {
                let known = arrival.and_then(|arrival| self.known.place(&self.graph, arrival));
                match known {
                    Some(place) => outcomes.set_lasting(run, place),
                    None => left.push(run),
                }
            }
        } else {
            left.extend(runs);
        }
        for run in &left {
            let weather = Weather {
                replicate: outcomes.replicate(*run),
                ..weather
            };
            let arrival = self.arrive(weather);
            match arrival.and_then(|arrival| self.known.place(&self.graph, arrival)) {
                Some(place) => outcomes.set_lasting(*run, place),
                None => outcomes.set(*run, self.walk(weather)),
            }
        }
        self.left = left;
    }

    /// Explores everything that can happen.
    ///
    /// # Errors
    /// If that goes beyond the limits.
    pub fn complete(&mut self) -> Result<(), TooLarge> {
        if self.is_full {
            return Err(TooLarge);
        }
        let completed = exact::complete(&mut self.explorer, &mut self.graph);
        // States are given up on the way: later walks could not tell whether they come back to one.
        self.is_full = true;
        completed?;
        self.graph.shorten();
        Ok(())
    }

    /// The distribution over everything that can happen.
    ///
    /// # Errors
    /// If there is more than the limits allow.
    pub fn distribution(&mut self) -> Result<Exact, TooLarge> {
        if !self.graph.is_complete() {
            self.complete()?;
        }
        let requests = self.stage.environment.traffic.is_some();
        Ok(exact::distribution(&self.explorer, &self.graph, requests))
    }

    /// What was explored, for other threads.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Where the walk with this weather arrives, after exploring what it needs; `None`: it has to be simulated.
    fn arrive(&mut self, weather: Weather) -> Option<Arrival> {
        if !weather.random {
            return None;
        }
        let mut walk = Walk::new(weather);
        let arrived = loop {
            match walk.go_on(&self.graph) {
                Ok(arrival) => break Some(arrival),
                Err(Halt::TooLong) => break None,
                Err(halt) => {
                    if self.is_full || self.explore(halt).is_err() {
                        self.is_full = true;
                        break None;
                    }
                }
            }
        };
        if let Some(edge) = walk.long() {
            self.graph.shorten_one(edge);
        }
        arrived
    }

    fn explore(&mut self, halt: Halt) -> Result<(), TooLarge> {
        self.explorer.explore(&mut self.graph, halt)?;
        if 2 * self.straight <= self.graph.edges() {
            self.graph.shorten();
            self.straight = self.graph.edges();
        }
        Ok(())
    }
}

/// Who makes the runs of a stage fastest: walks where it is a chain, else simulations. Both come to the same.
#[must_use]
pub fn fastest(stage: Stage<'_>) -> Box<dyn Runner + '_> {
    match Chain::new(stage, Aim::Walks, Limits::default()) {
        Ok(chain) => Box::new(chain),
        Err(_) => Box::new(Simulated::new(stage)),
    }
}

impl Runner for Chain<'_> {
    fn run(&mut self, weather: Weather) -> Summary {
        self.walk(weather)
    }

    fn run_all(&mut self, weather: Weather, replicates: Range<u64>, outcomes: &mut Outcomes) {
        self.walk_all(weather, replicates, outcomes);
    }
}
