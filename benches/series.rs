//! What looking at series costs: `cargo bench --bench series`.
//!
//! The canonical canary of `benches/engine` in a world, run to its end with meters and without, and one look at the requests of all pods in
//! a window of five minutes. Without `--bench` (under `cargo test`) a few iterations only show that it runs.

#![expect(clippy::disallowed_methods, reason = "benches measure time")]
#![allow(clippy::print_stdout, reason = "a bench prints")]

#[path = "engine/canary.rs"]
mod canary;

use std::hint::black_box;

use canary::{Canary, nanos};
use coalmine::plan::environment::{Changing, Health, Image, Traffic};
use coalmine::plan::setting::Setting;
use coalmine::series::{Exporter, Window};
use coalmine::sim::Simulation;
use coalmine::time::{Delta, SimTime};
use coalmine::trace::Off;
use coalmine::world::Weather;

fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let (rounds, iterations) = if full { (9, 500) } else { (1, 3) };
    println!(
        "{:>10} {:>12} {:>12} {:>12} {:>8} {:>14}",
        "replicas", "bare, ns", "metered, ns", "look, ns", "samples", "ns per sample"
    );
    for replicas in [10, 100] {
        let busy = Canary::new(replicas, world());
        let (plan, environment) = (&busy.plan, &busy.environment);
        let simulation =
            || Simulation::new(plan, environment, &busy.script, Off).accounting(Weather::CALM);
        let (mut bare, mut metered) = (simulation(), simulation().metering());
        let ending = metered.run(&busy.start);
        canary::check(metered.cluster(), ending);
        let now = ending.at;
        let window = Window {
            from: now + Delta::from_secs(-300),
            to: now,
        };
        let look = |metered: &Simulation<'_, Off>| {
            let (cluster, world) = (metered.cluster(), metered.world());
            let exporter = Exporter::new(plan, environment, cluster, world);
            exporter.series("http_requests_total", window)
        };
        let samples: usize = look(&metered).iter().map(|one| one.samples.len()).sum();
        assert!(SimTime::ZERO < now && 0 < samples);
        let mut best = [f64::INFINITY; 3];
        for _ in 0..rounds {
            let times = [
                nanos(iterations, || _ = black_box(bare.run(&busy.start))),
                nanos(iterations, || _ = black_box(metered.run(&busy.start))),
                nanos(iterations / 10 + 1, || _ = black_box(look(&metered))),
            ];
            for (best, time) in best.iter_mut().zip(times) {
                *best = best.min(time);
            }
        }
        let [bare, metered, look] = best;
        #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
        let each = look / samples as f64;
        println!(
            "{replicas:>10} {bare:>12.0} {metered:>12.0} {look:>12.0} {samples:>8} {each:>14.0}"
        );
    }
}

/// A hundred requests per second; each version fails one in a thousand.
fn world() -> Setting {
    let health = Health {
        errors: Changing::constant(0.001),
        ..Health::default()
    };
    Setting {
        traffic: Some(Traffic::assumed()),
        default_image: Image {
            health,
            ..Image::default()
        },
        ..Setting::default()
    }
}
