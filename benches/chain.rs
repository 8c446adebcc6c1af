//! Walks through the chain of the canonical canary, and its exact distribution: `cargo bench --bench chain`.
//!
//! The canary of `benches/engine`, each of whose measurements is a draw of 1,000 requests against a gate of 95 %: with 1 % of failures
//! (no measurement ever fails, and nothing is left to be drawn), with 4 % (one in nineteen fails), and with 5 % (nearly half of them
//! do). Beside each stand the same runs by simulation, and a floor: the random numbers that the walks take, and nothing else. All are
//! measured in turns in one process, best of several rounds. The hash is that of all summaries; it is the same for one thread, for two,
//! and for simulations. Without `--bench` (under `cargo test`) a few iterations only show that it runs.

#![expect(clippy::disallowed_methods, reason = "benches measure time")]
#![allow(clippy::print_stdout, reason = "a bench prints")]

#[expect(dead_code, reason = "this bench measures and checks in its own way")]
#[path = "engine/canary.rs"]
mod canary;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::hint::black_box;
use std::time::Instant;

use canary::Canary;
use coalmine::chain::{Aim, Chain, Graph, Limits};
use coalmine::plan::environment::{Draw, Shows};
use coalmine::plan::setting::{Response, Setting};
use coalmine::time::SimTime;
use coalmine::trials::{Runner, Simulated, Stage, Summary};
use coalmine::world::Weather;
use coalmine::world::weather::Purpose;

/// How much is measured.
#[derive(Clone, Copy)]
struct Effort {
    rounds: u32,
    walks: u64,
    simulations: u64,
}

const SEED: u64 = 7;

fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let effort = if full {
        Effort {
            rounds: 25,
            walks: 200_000,
            simulations: 2_000,
        }
    } else {
        Effort {
            rounds: 1,
            walks: 100,
            simulations: 10,
        }
    };
    println!(
        "{:>8} {:>7} {:>7} {:>10} {:>10} {:>10} {:>8} {:>10} {:>10} {:>18}",
        "failing",
        "draws",
        "edges",
        "1 thread",
        "2 threads",
        "floor",
        "scaling",
        "simulated",
        "exact, us",
        "hash"
    );
    for failing in [0.01, 0.04, 0.05] {
        measure(failing, effort);
    }
}

fn measure(failing: f64, effort: Effort) {
    let draw = Response::Draw(Draw {
        times: None,
        shows: Shows::SuccessRatio,
        requests: 1000,
        failing,
    });
    let mut setting = Setting::default();
    let answers = vec![(SimTime::ZERO, draw)];
    setting.metrics.insert("success-rate".to_owned(), answers);
    let canary = Canary::new(10, setting);
    let stage = Stage {
        plan: &canary.plan,
        environment: &canary.environment,
        script: &canary.script,
        start: &canary.start,
    };
    let chain = || Chain::new(stage, Aim::Walks, Limits::default()).expect("a chain");
    let mut whole = chain();
    whole.complete().expect("a small graph");
    let graph = whole.graph();
    let mut simulated = Simulated::new(stage);
    check(graph, &mut simulated, effort);
    let summary = |replicate| graph.walk(weather(replicate)).expect("a walk");
    let drawn: Vec<u32> = (0..effort.walks)
        .map(|replicate| match graph.vertices() {
            0 => 0,
            _ => summary(replicate).measurements,
        })
        .collect();
    let mut best = [f64::INFINITY; 5];
    for _ in 0..effort.rounds {
        let times = [
            nanos_each(effort.walks, || walk(graph, 0..effort.walks)),
            nanos_each(effort.walks, || {
                let half = effort.walks / 2;
                std::thread::scope(|scope| {
                    let other = scope.spawn(|| walk(graph, 0..half));
                    let own = walk(graph, half..effort.walks);
                    own ^ other.join().expect("a thread that ends")
                })
            }),
            nanos_each(effort.walks, || numbers(&drawn)),
            nanos_each(effort.simulations, || {
                let runs = 0..effort.simulations;
                runs.fold(0, |sum, replicate| {
                    sum ^ simulated.run(weather(replicate)).since.nanos()
                })
            }),
            nanos_each(1, || {
                let exact = chain().distribution().expect("few states");
                i64::from(exact.all.probability.is_finite())
            }),
        ];
        for (best, time) in best.iter_mut().zip(times) {
            *best = best.min(time);
        }
    }
    let [one, two, floor, simulated, exact] = best;
    let hash = (0..effort.walks).fold(DefaultHasher::new(), |hasher, replicate| {
        hashed(hasher, &summary(replicate))
    });
    println!(
        "{failing:>8} {:>7} {:>7} {one:>10.1} {two:>10.1} {floor:>10.1} {:>8.2} {simulated:>10.0} {:>10.0} {:>18x}",
        graph.vertices(),
        graph.edges(),
        one / two,
        exact / 1e3,
        hash.finish()
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

/// The random numbers that the runs take.
fn numbers(drawn: &[u32]) -> i64 {
    let mut sum = 0;
    for (replicate, draws) in (0..).zip(drawn) {
        let stream = weather(replicate).stream(Purpose::Measurement, 0);
        for draw in 0..i64::from(*draws) {
            sum ^= stream.at(SimTime::from_secs(30 * draw));
        }
    }
    i64::from_ne_bytes(sum.to_ne_bytes())
}

fn nanos_each(runs: u64, work: impl FnOnce() -> i64) -> f64 {
    let start = Instant::now();
    black_box(work());
    #[expect(clippy::cast_precision_loss, reason = "a number of runs")]
    let runs = runs as f64;
    start.elapsed().as_secs_f64() * 1e9 / runs
}

fn hashed(mut hasher: DefaultHasher, summary: &Summary) -> DefaultHasher {
    (
        summary.verdict,
        summary.since,
        summary.cause,
        summary.measurements,
    )
        .hash(&mut hasher);
    let costs = &summary.costs;
    costs.excess_pod_seconds.to_bits().hash(&mut hasher);
    costs.short_of_capacity.to_bits().hash(&mut hasher);
    (costs.peak_pods, costs.end).hash(&mut hasher);
    hasher
}
