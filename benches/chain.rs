//! Walks through the chain of the canonical canary, and its exact distribution: `cargo bench --bench chain`.
//!
//! The canary of `benches/engine`, each of whose measurements is a draw of 1,000 requests against a gate of 95 %: with 1 % of failures
//! (no measurement ever fails, and nothing is left to be drawn), with 4 % (one in nineteen fails), and with 5 % (nearly half of them
//! do). The first table tells nanoseconds for each run on one thread:
//!
//! * `numbers`: the stream of each run set up, and the random numbers taken that its walk takes; nothing is made of them.
//! * `table`: the stream of each run set up, and a number of failed requests drawn for each of its measurements, also where no outcome
//!   makes a difference, by the exact inverse of the law, as the simulation draws it. This is the floor of issue 6: what remains of many runs if
//!   everything but chance is free.
//! * `rand_distr`: the same by `rand_distr::Binomial` and one generator for each run.
//! * `one`: walks one by one. `all`: walks of whole ranges, side by side.
//! * `simulated`: the runs by the event simulation.
//! * `exact`: the exact distribution \[us\], from nothing.
//!
//! The second one tells what a user waits for: whole trials, from nothing to a collection of all runs, with exploring, walking, counting and
//! merging, on one thread and on two, their ratio, rollouts per second on two, and how many times the floor (`table`) one thread takes.
//!
//! All are measured in turns in one process, best of several rounds. The hash is that of all summaries; it is the same one by one and side by side, and
//! trials are the same on one thread and on two. Without `--bench` (under `cargo test`) a few iterations only show that it runs.

#![expect(clippy::disallowed_methods, reason = "benches measure time")]
#![allow(clippy::print_stdout, reason = "a bench prints")]

#[expect(dead_code, reason = "this bench measures and checks in its own way")]
#[path = "engine/canary.rs"]
mod canary;
#[path = "engine/fingerprint.rs"]
mod fingerprint;

use std::hash::{DefaultHasher, Hasher};
use std::hint::black_box;
use std::time::Instant;

use canary::Canary;
use coalmine::chain::{Aim, Chain, Graph, Limits};
use coalmine::plan::environment::{Draw, Shows};
use coalmine::plan::setting::{Response, Setting};
use coalmine::statistics::table::Table;
use coalmine::time::SimTime;
use coalmine::trials::{
    Campaign, Outcomes, Players, Progress, Roster, Runner, Shard, Simulated, Stage,
};
use coalmine::world::Weather;
use coalmine::world::weather::Purpose;
use rand_distr::Distribution;

/// How much is measured.
#[derive(Clone, Copy)]
struct Effort {
    rounds: u32,
    walks: u64,
    simulations: u64,
    trials: u64,
}

/// One rate of failures.
struct Lane {
    failing: f64,
    canary: Canary,
    draw: Draw,
}

/// What is known of the runs beforehand.
struct Course<'g> {
    graph: &'g Graph,
    /// For each run, how many measurements there are.
    measured: Vec<u32>,
    /// For each run, how many of them have more than one outcome.
    drawn: Vec<u32>,
}

const SEED: u64 = 7;

const REQUESTS: u32 = 1000;

fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let effort = if full {
        Effort {
            rounds: 100,
            walks: 20_000,
            simulations: 100,
            trials: 1_000_000,
        }
    } else {
        Effort {
            rounds: 1,
            walks: 100,
            simulations: 10,
            trials: 1_000,
        }
    };
    let lanes = [0.01, 0.04, 0.05].map(Lane::new);
    println!(
        "{:>8} {:>6} {:>6} {:>9} {:>9} {:>10} {:>8} {:>8} {:>9} {:>9} {:>18}",
        "failing",
        "edges",
        "draws",
        "numbers",
        "table",
        "rand_distr",
        "one",
        "all",
        "simulated",
        "exact, us",
        "hash"
    );
    let floors = lanes.each_ref().map(|lane| walks(lane, effort));
    println!(
        "\n{:>8} {:>9} {:>10} {:>8} {:>14} {:>9}",
        "failing", "1 thread", "2 threads", "scaling", "per s on two", "of floor"
    );
    for (lane, floor) in lanes.iter().zip(floors) {
        trials(lane, floor, effort);
    }
}

impl Lane {
    fn new(failing: f64) -> Self {
        let draw = Draw {
            times: None,
            shows: Shows::SuccessRatio,
            requests: REQUESTS,
            failing,
        };
        let mut setting = Setting::default();
        let answers = vec![(SimTime::ZERO, Response::Draw(draw))];
        setting.metrics.insert("success-rate".to_owned(), answers);
        Self {
            failing,
            canary: Canary::new(10, setting),
            draw,
        }
    }

    fn stage(&self) -> Stage<'_> {
        Stage {
            plan: &self.canary.plan,
            environment: &self.canary.environment,
            script: &self.canary.script,
            start: &self.canary.start,
        }
    }

    fn chain(&self) -> Chain<'_> {
        Chain::new(self.stage(), Aim::Walks, Limits::default()).expect("a chain")
    }
}

/// Measures floors, walks and simulations; returns the floor of the issue \[ns\].
fn walks(lane: &Lane, effort: Effort) -> f64 {
    let mut whole = lane.chain();
    whole.complete().expect("a small graph");
    let graph = whole.graph();
    let mut simulated = Simulated::new(lane.stage());
    check(graph, &mut simulated, effort);
    let summary = |replicate| graph.walk(weather(replicate)).expect("a walk");
    let measured = (0..effort.walks).map(|replicate| summary(replicate).measurements);
    let measured: Vec<u32> = measured.collect();
    let drawn = measured.iter().map(|measurements| match graph.vertices() {
        0 => 0,
        _ => *measurements,
    });
    let course = Course {
        graph,
        drawn: drawn.collect(),
        measured,
    };
    let (mut walker, mut outcomes) = (lane.chain(), Outcomes::default());
    let table = Table::new(&lane.draw.law());
    let peer = rand_distr::Binomial::new(u64::from(REQUESTS), lane.failing).expect("a law");
    let mut best = [f64::INFINITY; 7];
    for _ in 0..effort.rounds {
        let times = [
            nanos_each(effort.walks, || numbers(&course.drawn, |number| number)),
            nanos_each(effort.walks, || {
                numbers(&course.measured, |number| u64::from(table.sample(number)))
            }),
            nanos_each(effort.walks, || peer_numbers(&course.measured, &peer)),
            nanos_each(effort.walks, || walk(course.graph, 0..effort.walks)),
            nanos_each(effort.walks, || {
                walk_all(&mut walker, 0..effort.walks, &mut outcomes)
            }),
            nanos_each(effort.simulations, || {
                let runs = 0..effort.simulations;
                runs.fold(0, |sum, replicate| {
                    sum ^ simulated.run(weather(replicate)).since.nanos()
                })
            }),
            nanos_each(1, || {
                let exact = lane.chain().distribution().expect("few states");
                i64::from(exact.all.probability.is_finite())
            }),
        ];
        for (best, time) in best.iter_mut().zip(times) {
            *best = best.min(time);
        }
    }
    let one_by_one = (0..effort.walks).fold(DefaultHasher::new(), |hasher, replicate| {
        fingerprint::with(hasher, &summary(replicate))
    });
    walker.run_all(weather(0), 0..effort.walks, &mut outcomes);
    let side_by_side = outcomes
        .summaries()
        .fold(DefaultHasher::new(), fingerprint::with);
    assert_eq!(one_by_one.finish(), side_by_side.finish());
    let measurements = mean(&course.measured);
    let [numbers, table, peer, one, all, simulated, exact] = best;
    println!(
        "{:>8} {:>6} {measurements:>6.1} {numbers:>9.1} {table:>9.1} {peer:>10.1} {one:>8.1} {all:>8.1} {simulated:>9.0} {:>9.0} {:>18x}",
        lane.failing,
        graph.edges(),
        exact / 1e3,
        one_by_one.finish()
    );
    table
}

/// Measures what a user waits for.
fn trials(lane: &Lane, floor: f64, effort: Effort) {
    let campaign = Campaign {
        seed: SEED,
        runs: effort.trials,
        shard: Shard::WHOLE,
    };
    let pools = [1, 2].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().expect("a pool")
    });
    let mut best = [f64::INFINITY; 2];
    for _ in 0..effort.rounds.div_ceil(4) {
        let mut done = Vec::new();
        for (best, pool) in best.iter_mut().zip(&pools) {
            let time = nanos_each(effort.trials, || {
                let roster = Roster::new(|| Players {
                    written: Box::new(lane.chain()),
                    changed: None,
                });
                let mut progress = Progress::new(false);
                pool.install(|| progress.advance(&campaign, u64::MAX, &roster, None));
                done.push(progress);
                0
            });
            *best = best.min(time);
        }
        assert_eq!(done[0], done[1]);
    }
    let [one, two] = best;
    println!(
        "{:>8} {one:>9.1} {two:>10.1} {:>8.2} {:>14.0} {:>9.2}",
        lane.failing,
        one / two,
        1e9 / two,
        one / floor
    );
}

fn weather(replicate: u64) -> Weather {
    Weather {
        random: true,
        seed: SEED,
        replicate,
    }
}

/// Sees that walks and simulations come to the same.
fn check(graph: &Graph, simulated: &mut Simulated<'_>, effort: Effort) {
    for replicate in 0..effort.simulations.min(1000) {
        let weather = weather(replicate);
        assert_eq!(graph.walk(weather), Some(simulated.run(weather)));
    }
}

fn walk(graph: &Graph, replicates: std::ops::Range<u64>) -> i64 {
    replicates.fold(0, |sum, replicate| {
        let summary = graph.walk(weather(replicate)).expect("a walk");
        sum ^ summary.since.nanos() ^ i64::from(summary.measurements)
    })
}

fn walk_all(
    chain: &mut Chain<'_>,
    replicates: std::ops::Range<u64>,
    outcomes: &mut Outcomes,
) -> i64 {
    let mut sum = 0;
    for start in replicates.step_by(256) {
        chain.run_all(weather(0), start..start + 256, outcomes);
        for summary in outcomes.summaries() {
            sum ^= summary.since.nanos() ^ i64::from(summary.measurements);
        }
    }
    sum
}

/// The random numbers that the runs take, and what is made of them.
fn numbers(drawn: &[u32], made: impl Fn(u64) -> u64) -> i64 {
    let mut sum = 0;
    for (replicate, draws) in (0..).zip(drawn) {
        let stream = weather(replicate).stream(Purpose::Measurement, 0);
        for draw in 0..i64::from(*draws) {
            sum ^= made(stream.at(SimTime::from_secs(30 * draw)));
        }
    }
    i64::from_ne_bytes(sum.to_ne_bytes())
}

/// As many draws of the law by another implementation.
fn peer_numbers(drawn: &[u32], law: &rand_distr::Binomial) -> i64 {
    let mut sum = 0;
    for (replicate, draws) in (0..).zip(drawn) {
        let mut generator = weather(replicate).generator(Purpose::Measurement, 0, 0);
        for _ in 0..*draws {
            sum ^= law.sample(&mut generator);
        }
    }
    i64::from_ne_bytes(sum.to_ne_bytes())
}

fn mean(counts: &[u32]) -> f64 {
    let sum: f64 = counts.iter().copied().map(f64::from).sum();
    #[expect(clippy::cast_precision_loss, reason = "a number of runs")]
    let len = counts.len() as f64;
    sum / len
}

fn nanos_each(runs: u64, work: impl FnOnce() -> i64) -> f64 {
    let start = Instant::now();
    black_box(work());
    #[expect(clippy::cast_precision_loss, reason = "a number of runs")]
    let runs = runs as f64;
    start.elapsed().as_secs_f64() * 1e9 / runs
}
