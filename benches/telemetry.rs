//! What it costs that a metric asks its own query: `cargo bench --bench telemetry`.
//!
//! The canonical canary of `benches/engine` in a world with traffic: once with a scripted metric, once with the usual success rate (two
//! `sum(rate(...[5m]))` over the pods' own counters, scraped every 15 s). Without `--bench` (under `cargo test`) a few iterations only show
//! that it runs.

#![expect(clippy::disallowed_methods, reason = "benches measure time")]
#![allow(clippy::print_stdout, reason = "a bench prints")]

#[path = "engine/canary.rs"]
mod canary;

use std::hint::black_box;

use canary::{Canary, nanos};
use coalmine::plan::environment::{Health, Image, Traffic};
use coalmine::plan::setting::Setting;
use coalmine::sim::Simulation;
use coalmine::trace::{Off, Trace};
use coalmine::world::Weather;

const SUCCESS_RATE: &str = "sum(rate(http_requests_total{code!~\"5..\",app=\"web\"}[5m])) / \
                            sum(rate(http_requests_total{app=\"web\"}[5m]))";

fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let (rounds, iterations) = if full { (9, 200) } else { (1, 2) };
    println!(
        "{:>10} {:>14} {:>14} {:>8} {:>14} {:>20} {:>12}",
        "replicas",
        "scripted, us",
        "queried, us",
        "ratio",
        "measurements",
        "ns per measurement",
        "bytes a run"
    );
    for replicas in [10, 100] {
        let scripted = Canary::new(replicas, world());
        let queried = Canary::asking(replicas, world(), SUCCESS_RATE);
        let measurements = measurements(&queried);
        let simulation = |canary: &'static Canary| {
            Simulation::new(&canary.plan, &canary.environment, &canary.script, Off)
                .accounting(Weather::CALM)
        };
        let (scripted, queried) = (leak(scripted), leak(queried));
        let (mut bare, mut asking) = (simulation(scripted), simulation(queried));
        let ending = asking.run(&queried.start);
        canary::check(asking.cluster(), ending);
        bare.run(&scripted.start);
        let memory = allocation_counter::measure(|| {
            asking.run(&queried.start);
        });
        let mut best = [f64::INFINITY; 2];
        for _ in 0..rounds {
            let times = [
                nanos(iterations, || _ = black_box(bare.run(&scripted.start))),
                nanos(iterations, || _ = black_box(asking.run(&queried.start))),
            ];
            for (best, time) in best.iter_mut().zip(times) {
                *best = best.min(time);
            }
        }
        let [bare, asking] = best;
        println!(
            "{replicas:>10} {:>14.1} {:>14.1} {:>8.2} {measurements:>14} {:>20.0} {:>12}",
            bare / 1e3,
            asking / 1e3,
            asking / bare,
            (asking - bare) / measurements,
            memory.bytes_total,
        );
    }
}

/// How many measurements a run takes.
fn measurements(canary: &Canary) -> f64 {
    let (plan, environment) = (&canary.plan, &canary.environment);
    let mut recorded = Simulation::new(plan, environment, &canary.script, Trace::default())
        .accounting(Weather::CALM);
    recorded.run(&canary.start);
    let readings = recorded.recorder().readings.len();
    f64::from(u32::try_from(readings).expect("few"))
}

/// The bench ends with the process.
fn leak(canary: Canary) -> &'static Canary {
    Box::leak(Box::new(canary))
}

/// The world of a service of which nothing is said.
fn world() -> Setting {
    Setting {
        traffic: Some(Traffic::assumed()),
        default_image: Image {
            health: Health::assumed(),
            ..Image::default()
        },
        ..Setting::default()
    }
}
