//! What a run costs as a release grows: `cargo bench --bench scale`.
//!
//! A canary with steps of one minute each, judged in the background by metrics that are measured every so often; one number is changed
//! at a time. Time should grow with steps and measurements, and not with replicas. Every figure is the best of several rounds; the second
//! column is the time of the row divided by that of the first row; the hash is that of what all runs came to. Without `--bench` (under
//! `cargo test`) a few iterations only show that it runs.

#![expect(clippy::disallowed_methods, reason = "benches measure time")]
#![allow(clippy::print_stdout, reason = "a bench prints")]

#[path = "engine/fingerprint.rs"]
mod fingerprint;

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher};
use std::hint::black_box;
use std::time::Instant;

use coalmine::plan::compile::{self, Compiled, Input};
use coalmine::plan::environment::{Draw, Shows};
use coalmine::plan::scenario::Script;
use coalmine::plan::setting::{Response, Setting};
use coalmine::sim::Start;
use coalmine::spec::{AnalysisTemplate, Rollout};
use coalmine::time::SimTime;
use coalmine::trials::{Runner, Simulated, Stage};
use coalmine::validation::references::{Missing, ObjectSet};
use coalmine::validation::rollout::TemplateOrigin;
use coalmine::verdict::Verdict;
use coalmine::world::Weather;

/// The numbers that are changed.
#[derive(Clone, Copy, Debug)]
struct Size {
    replicas: u32,
    steps: u32,
    metrics: u32,
    /// Time between two measurements \[s\].
    interval: u32,
    runs: u32,
}

/// What is changed, the sizes, and the number to show.
type Table = (&'static str, Vec<Size>, fn(&Size) -> u32);

const USUAL: Size = Size {
    replicas: 10,
    steps: 8,
    metrics: 1,
    interval: 60,
    runs: 1,
};

fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let rounds = if full { 7 } else { 1 };
    let with = |change: fn(&mut Size, u32), numbers: &[u32]| -> Vec<Size> {
        let sizes = numbers.iter().map(|number| {
            let mut size = USUAL;
            change(&mut size, *number);
            size
        });
        sizes.collect()
    };
    let tables: [Table; 5] = [
        (
            "replicas",
            with(
                |size, number| size.replicas = number,
                &[10, 100, 1_000, 10_000],
            ),
            |size| size.replicas,
        ),
        (
            "steps",
            with(|size, number| size.steps = number, &[4, 8, 16, 32, 64]),
            |size| size.steps,
        ),
        (
            "metrics",
            with(|size, number| size.metrics = number, &[1, 2, 4, 8, 16]),
            |size| size.metrics,
        ),
        (
            "interval",
            with(|size, number| size.interval = number, &[60, 30, 15, 5, 1]),
            |size| size.interval,
        ),
        (
            "runs",
            with(|size, number| size.runs = number, &[1, 10, 100, 1_000]),
            |size| size.runs,
        ),
    ];
    for (name, sizes, number) in tables {
        println!(
            "{name:>10} {:>14} {:>8} {:>14} {:>18}",
            "us", "ratio", "measurements", "hash"
        );
        let mut first = None;
        for size in &sizes {
            let (nanos, measurements, hash) = time(size, rounds, full);
            let first = *first.get_or_insert(nanos);
            println!(
                "{:>10} {:>14.1} {:>8.2} {measurements:>14} {hash:>18x}",
                number(size),
                nanos / 1e3,
                nanos / first
            );
        }
        println!();
    }
}

/// The time of all runs of a size \[ns\], how many measurements one of them takes, and the hash of what all came to.
fn time(size: &Size, rounds: u32, full: bool) -> (f64, u32, u64) {
    let compiled = compiled(size);
    let [stable, update] = ["v1", "v2"].map(|tag| compiled.template(tag).expect("a template"));
    let (plan, environment) = (&compiled.plan, &compiled.environment);
    let start = Start::settled(plan, environment, stable, update);
    let script = Script::default();
    let mut runner = Simulated::new(Stage {
        plan,
        environment,
        script: &script,
        start: &start,
    });
    let summary = runner.run(Weather::of(0));
    assert_eq!(summary.verdict, Verdict::Promoted);
    let repetitions = if full { (2_000 / size.runs).max(1) } else { 1 };
    let mut best = f64::INFINITY;
    for _ in 0..rounds {
        let begin = Instant::now();
        for _ in 0..repetitions {
            for replicate in 0..u64::from(size.runs) {
                let weather = Weather {
                    replicate,
                    ..Weather::of(0)
                };
                black_box(runner.run(weather));
            }
        }
        best = best.min(begin.elapsed().as_secs_f64() * 1e9 / f64::from(repetitions));
    }
    let hash = (0..u64::from(size.runs)).fold(DefaultHasher::new(), |hasher, replicate| {
        let weather = Weather {
            replicate,
            ..Weather::of(0)
        };
        fingerprint::with(hasher, &runner.run(weather))
    });
    (best, summary.measurements, hash.finish())
}

fn compiled(size: &Size) -> Compiled {
    let mut steps = String::new();
    for step in 1..=size.steps {
        let weight = 100 * step / (size.steps + 1);
        let _ = write!(
            steps,
            "{{setWeight: {weight}}}, {{pause: {{duration: 1m}}}}, "
        );
    }
    let rollout = format!(
        "metadata: {{name: web}}
spec:
  replicas: {}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: 'example.com/web:v2'}}]}}
  strategy:
    canary:
      canaryService: canary
      stableService: stable
      trafficRouting: {{smi: {{}}}}
      analysis: {{templates: [{{templateName: gate}}]}}
      steps: [{}]
",
        size.replicas,
        steps.trim_end_matches(", ")
    );
    let mut template = "metadata: {name: gate}\nspec:\n  metrics:\n".to_owned();
    let mut setting = Setting {
        tags: vec!["v1".to_owned(), "v2".to_owned()],
        ..Setting::default()
    };
    for metric in 0..size.metrics {
        let _ = writeln!(
            template,
            "  - {{name: m{metric}, interval: {}s, failureLimit: 2, successCondition: 'result[0] >= 0.9', \
             provider: {{prometheus: {{address: 'http://p', query: up}}}}}}",
            size.interval
        );
        let draw = Draw {
            shows: Shows::SuccessRatio,
            requests: 1_000,
            failing: 0.01,
            times: None,
        };
        let script = vec![(SimTime::ZERO, Response::Draw(draw))];
        setting.metrics.insert(format!("m{metric}"), script);
    }
    let rollout: Rollout = serde_yaml::from_str(&rollout).expect("a rollout");
    let template: AnalysisTemplate = serde_yaml::from_str(&template).expect("a template");
    let objects = ObjectSet {
        analysis_templates: vec![&template],
        ..ObjectSet::default()
    };
    let compiled = compile::compile_rollout(Input {
        rollout: &rollout,
        origin: TemplateOrigin::Written,
        objects: &objects,
        missing: Missing::Assumed,
        setting: &setting,
    });
    assert_eq!(compiled.plan.invalid, None);
    compiled
}
