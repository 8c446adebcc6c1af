//! What the world costs beside the engine: `cargo bench --bench world`.
//!
//! The canonical canary of `benches/engine`, alone and with a hundred requests per second, error rates and latencies of both
//! versions, and accounts of what is served; metrics are scripted in both. Both are measured in turns in one process, best of several
//! rounds; the ratio is what counts. Without `--bench` (under `cargo test`) a few iterations only show that it runs.

#![expect(clippy::disallowed_methods, reason = "benches measure time")]
#![allow(clippy::print_stdout, reason = "a bench prints")]

#[path = "engine/canary.rs"]
mod canary;

use std::hint::black_box;

use canary::{Canary, nanos};
use coalmine::curve::Curve;
use coalmine::plan::environment::{Changing, Health, Image, Traffic};
use coalmine::plan::setting::Setting;
use coalmine::sim::Simulation;
use coalmine::time::Delta;
use coalmine::trace::Off;
use coalmine::world::Weather;

fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let (rounds, iterations) = if full { (15, 5_000) } else { (1, 10) };
    println!(
        "{:>10} {:>12} {:>12} {:>8} {:>12} {:>12}",
        "replicas", "engine, ns", "world, ns", "ratio", "random, ns", "allocations"
    );
    for replicas in [10, 1_000, 10_000] {
        let alone = Canary::new(replicas, Setting::default());
        let busy = Canary::new(replicas, world());
        let mut engine = Simulation::new(&alone.plan, &alone.environment, &alone.script, Off);
        let simulation = || Simulation::new(&busy.plan, &busy.environment, &busy.script, Off);
        let mut calm = simulation().accounting(Weather::CALM);
        let mut random = simulation().accounting(Weather::of(7));
        let ending = calm.run(&busy.start);
        canary::check(calm.cluster(), ending);
        assert!(40_000.0 < calm.world().ledger.tally().requests());
        let allocations = allocation_counter::measure(|| {
            black_box(calm.run(&busy.start));
        });
        let mut best = [f64::INFINITY; 3];
        for _ in 0..rounds {
            let times = [
                nanos(iterations, || _ = black_box(engine.run(&alone.start))),
                nanos(iterations, || _ = black_box(calm.run(&busy.start))),
                nanos(iterations, || _ = black_box(random.run(&busy.start))),
            ];
            for (best, time) in best.iter_mut().zip(times) {
                *best = best.min(time);
            }
        }
        let [engine, calm, random] = best;
        println!(
            "{replicas:>10} {engine:>12.0} {calm:>12.0} {:>8.2} {random:>12.0} {:>12}",
            calm / engine,
            allocations.count_total
        );
    }
}

/// A hundred requests per second; each version fails one in a thousand.
fn world() -> Setting {
    let traffic = Traffic {
        rps: Curve::constant(100.0),
        requests_per_user: Some(10.0),
        sticky: None,
        header: 0.0,
        preview: 0.0,
        slow: Some(Delta::from_millis(500)),
    };
    let latency = statrs::distribution::LogNormal::new(-2.5, 0.6).expect("a law");
    Setting {
        default_image: Image {
            health: Health {
                errors: Changing::constant(0.001),
                latency: Some(coalmine::law::Law::LogNormal(latency)),
                ..Health::default()
            },
            ..Image::default()
        },
        traffic: Some(traffic),
        ..Setting::default()
    }
}
