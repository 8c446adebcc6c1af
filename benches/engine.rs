//! Time and allocations of whole runs, of the kernel and of a condition: `cargo bench --bench engine`.
//!
//! The canonical canary: ten replicas behind nginx, weights of 5, 20, 50 and 80 with pauses of two minutes, and a healthy
//! background analysis every 30 s; pods take 10 s to start. The stable version is at rest when the update comes.
//!
//! Every figure is the best of several rounds. Without `--bench` (under `cargo test`) a few iterations only show that it
//! runs. Figures of one process can be compared with each other; those of two machines cannot.

#![expect(clippy::disallowed_methods, reason = "benches measure time")]
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod engine {
    pub(crate) mod canary;
    pub(crate) mod hold;
}

use std::hint::black_box;

use coalmine::condition::{Condition, ValueRef};
use coalmine::plan::setting::Setting;
use coalmine::sim::Simulation;
use coalmine::trace::{Off, Recorder, Trace};
use coalmine::trials::Judge;
use engine::canary::Canary;

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    rounds: u32,
    iterations: u32,
}

impl Effort {
    /// Nanoseconds per call of `work`, best of the rounds.
    pub(crate) fn nanos(self, mut work: impl FnMut()) -> f64 {
        let mut best = f64::INFINITY;
        for _ in 0..self.rounds {
            best = best.min(engine::canary::nanos(self.iterations, &mut work));
        }
        best
    }

    fn divided_by(self, factor: u32) -> Self {
        Self {
            iterations: (self.iterations / factor).max(1),
            ..self
        }
    }
}

fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let effort = if full {
        Effort {
            rounds: 15,
            iterations: 20_000,
        }
    } else {
        Effort {
            rounds: 1,
            iterations: 10,
        }
    };
    runs(effort);
    engine::hold::compare(effort);
    condition(effort);
}

fn runs(effort: Effort) {
    println!("one run of the canonical canary");
    println!(
        "{:>10} {:>14} {:>14} {:>8} {:>14} {:>14} {:>14}",
        "replicas", "off, ns", "allocations", "ratio", "judged, ns", "allocations", "recorded, ns"
    );
    let mut smallest = None;
    for replicas in [10, 1_000, 10_000] {
        let canary = Canary::new(replicas, Setting::default());
        let (off, allocations) = time(&canary, effort, || Off);
        let (judged, of_judge) = time(&canary, effort, || Judge::new(&canary.plan));
        let (on, _) = time(&canary, effort.divided_by(10), Trace::default);
        let floor = *smallest.get_or_insert(off);
        println!(
            "{replicas:>10} {off:>14.0} {allocations:>14} {:>8.2} {judged:>14.0} {of_judge:>14} {on:>14.0}",
            off / floor
        );
    }
}

/// Nanoseconds and allocations of a run in a simulation that has run before.
fn time<'a, R: Recorder>(
    canary: &'a Canary,
    effort: Effort,
    recorder: impl Fn() -> R + 'a,
) -> (f64, u64) {
    let mut simulation = Simulation::new(
        &canary.plan,
        &canary.environment,
        &canary.script,
        recorder(),
    );
    let ending = simulation.run(&canary.start);
    engine::canary::check(simulation.cluster(), ending);
    let allocations = allocation_counter::measure(|| {
        black_box(simulation.run(&canary.start));
    });
    let nanos = effort.nanos(|| {
        *simulation.recorder_mut() = recorder();
        black_box(simulation.run(black_box(&canary.start)));
    });
    (nanos, allocations.count_total)
}

fn condition(effort: Effort) {
    let condition = Condition::compile("result[0] >= 0.95");
    let nanos = effort.nanos(|| {
        let _ = black_box(black_box(&condition).evaluate(ValueRef::Vector(&[0.97])));
    });
    println!("\n`result[0] >= 0.95`: {nanos:.1} ns per evaluation");
}
