//! Samples as reports tell of them, and how they are compared with what is known.

use std::collections::BTreeMap;

use coalmine::statistics::interval::clopper_pearson;
use serde_json::Value;
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::program::told_of;

/// How likely it is at most that a table is refused although everything is right.
const LEVEL: f64 = 1e-4;
/// Runs of a kind that a mean needs.
const FEWEST: f64 = 400.0;
/// How many times as many runs there are where the program is optimised, and as fast as its users have it.
const OPTIMISED: u64 = if cfg!(debug_assertions) { 1 } else { 40 };

/// A gate in its world.
#[derive(Debug)]
pub(crate) struct Gate {
    /// The strategy under `canary`, in one line; its analyses use the template `gate`.
    pub(crate) canary: String,
    /// The metrics, each without its provider: `name: m, count: 5`.
    pub(crate) metrics: Vec<String>,
    /// What the metrics show, in one line: `m: [{draw: successRatio, requests: 1, errorRate: 0.1}]`.
    pub(crate) draws: String,
    /// Whether pods start in a time that is drawn too. Then nothing is walked; the gates do not wait for pods.
    pub(crate) is_simulated: bool,
}

/// A release that is only a step with an analysis.
pub(crate) const STEP: &str = "steps: [{analysis: {templates: [{templateName: gate}]}}]";

/// What many runs came to.
#[derive(Debug)]
pub(crate) struct Sample {
    runs: u64,
    verdicts: BTreeMap<String, u64>,
    measurements: Mean,
    /// Time to the verdict \[s\], by verdict.
    times: BTreeMap<String, Mean>,
}

#[derive(Clone, Copy, Debug)]
struct Mean {
    runs: u64,
    value: f64,
    /// Half of the interval of 95 %.
    half: f64,
}

/// What is compared within one table.
#[derive(Debug, Default)]
pub(crate) struct Table {
    comparisons: Vec<Comparison>,
}

#[derive(Debug)]
enum Comparison {
    Share {
        what: String,
        count: u64,
        runs: u64,
        known: f64,
    },
    Mean {
        what: String,
        found: Mean,
        known: f64,
        /// How much one measurement more adds.
        unit: f64,
    },
}

/// The number of runs of a sample.
pub(crate) fn runs(least: u64) -> u64 {
    least * OPTIMISED
}

/// Whether enough runs are expected to have what has this probability.
#[expect(clippy::cast_precision_loss, reason = "few runs")]
pub(crate) fn is_mean_known(probability: f64, runs: u64) -> bool {
    FEWEST <= probability * runs as f64
}

impl Gate {
    /// The same gate where pods start in a time that is drawn too.
    pub(crate) fn simulated(self) -> Self {
        Self {
            is_simulated: true,
            ..self
        }
    }

    /// Manifests and scenario as a user writes them.
    pub(crate) fn text(&self) -> String {
        let provider = "provider: {prometheus: {address: 'http://prometheus', query: up}}";
        let metrics: Vec<String> = self
            .metrics
            .iter()
            .map(|metric| format!("  - {{{metric}, {provider}}}\n"))
            .collect();
        let metrics = metrics.concat();
        let startup = if self.is_simulated {
            "{law: Uniform, low: 1s, high: 2s}"
        } else {
            "1s"
        };
        format!(
            "\
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: gate}}
spec:
  metrics:
{metrics}---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: web}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: 'web:v2'}}]}}
  strategy: {{canary: {{{}}}}}
---
apiVersion: coalmine/v1alpha1
kind: Scenario
metadata: {{name: vector}}
spec:
  stable: v1
  images: {{default: {{startup: {startup}}}}}
  metrics: {{{}}}
",
            self.canary, self.draws
        )
    }

    /// So many runs of it, by the program.
    pub(crate) fn sample(&self, runs: u64) -> Sample {
        let runs = runs.to_string();
        let report = told_of(
            &self.text(),
            &[
                "trials", "-", "-n", &runs, "--seed", "1", "--output", "json",
            ],
        );
        Sample::of(&serde_json::from_str(&report).expect("JSON"))
    }
}

impl Sample {
    fn of(report: &Value) -> Self {
        let runs = report["runs"].as_u64().expect("a number");
        let verdicts = report["verdicts"].as_array().expect("verdicts");
        let verdicts: BTreeMap<String, u64> = verdicts
            .iter()
            .map(|one| (name(&one["verdict"]), one["runs"].as_u64().expect("runs")))
            .collect();
        let quantities = report["quantities"].as_array().expect("quantities");
        let of = |quantity: &'static str| {
            let all = quantities.iter();
            all.filter(move |one| one["quantity"] == quantity)
        };
        let measurements = of("measurements").next().expect("measurements");
        let mut times: BTreeMap<String, Mean> = of("timeToVerdict")
            .filter(|one| !one["verdict"].is_null())
            .map(|one| (name(&one["verdict"]), Mean::of(one)))
            .collect();
        if let (Some(verdict), 1) = (verdicts.keys().next(), verdicts.len()) {
            let all = of("timeToVerdict").next().expect("times");
            times.insert(verdict.clone(), Mean::of(all));
        }
        Self {
            runs,
            measurements: Mean::of(measurements),
            verdicts,
            times,
        }
    }

    fn count(&self, verdict: &str) -> u64 {
        self.verdicts.get(verdict).copied().unwrap_or(0)
    }
}

fn name(value: &Value) -> String {
    value.as_str().expect("a name").to_owned()
}

impl Mean {
    fn of(quantity: &Value) -> Self {
        let number = |name: &str| quantity[name].as_f64();
        let (low, high) = (number("low"), number("high"));
        Self {
            runs: quantity["runs"].as_u64().expect("a number"),
            value: number("mean").expect("a mean"),
            half: high
                .zip(low)
                .map_or(f64::INFINITY, |(high, low)| (high - low) / 2.0),
        }
    }

    /// The number of times its standard error that it is away from a known value, and how many it may be.
    #[expect(clippy::cast_precision_loss, reason = "few runs")]
    fn deviation(&self, known: f64, level: f64) -> (f64, f64) {
        let freedom = (self.runs - 1) as f64;
        let student = StudentsT::new(0.0, 1.0, freedom).expect("degrees of freedom");
        let bound = |level: f64| student.inverse_cdf(1.0 - level / 2.0);
        let error = self.half / bound(0.05);
        ((self.value - known).abs() / error, bound(level))
    }
}

impl Table {
    /// The share of runs with a verdict is compared with its probability.
    pub(crate) fn share(&mut self, what: &str, sample: &Sample, verdict: &str, known: f64) {
        self.comparisons.push(Comparison::Share {
            what: format!("{what}: {verdict}"),
            count: sample.count(verdict),
            runs: sample.runs,
            known,
        });
    }

    /// The mean number of measurements is compared with its expectation.
    pub(crate) fn measurements(&mut self, what: &str, sample: &Sample, known: f64) {
        self.mean(
            format!("{what}: measurements"),
            sample.measurements,
            known,
            1.0,
        );
    }

    /// The mean time to a verdict is compared with its expectation \[s\].
    pub(crate) fn time(&mut self, what: &str, sample: &Sample, verdict: &str, known: f64) {
        let found = sample.times.get(verdict).copied();
        let found = found.expect("a time of the verdict");
        self.mean(format!("{what}: time to {verdict}"), found, known, 60.0);
    }

    fn mean(&mut self, what: String, found: Mean, known: f64, unit: f64) {
        self.comparisons.push(Comparison::Mean {
            what,
            found,
            known,
            unit,
        });
    }

    /// All comparisons hold together. `digits` is how far the known numbers may be rounded.
    #[track_caller]
    pub(crate) fn holds(&self, comparisons: usize, digits: f64) {
        assert_eq!(self.comparisons.len(), comparisons, "comparisons");
        let count = u32::try_from(comparisons).expect("few");
        let level = LEVEL / f64::from(count);
        let refused: Vec<String> = self
            .comparisons
            .iter()
            .filter_map(|comparison| comparison.refused(level, digits))
            .collect();
        assert!(refused.is_empty(), "{}", refused.join("\n"));
    }
}

impl Comparison {
    /// Why it does not hold.
    fn refused(&self, level: f64, digits: f64) -> Option<String> {
        match self {
            Self::Share {
                what,
                count,
                runs,
                known,
            } => {
                let interval = clopper_pearson(*count, *runs, 1.0 - level).expect("an interval");
                let (low, high) = (interval.low - digits, interval.high + digits);
                let is_within = low <= *known && *known <= high;
                (!is_within).then(|| {
                    format!("{what}: {known} is not in {low} to {high}, {count} of {runs} runs")
                })
            }
            Self::Mean {
                what,
                found,
                known,
                unit,
            } => {
                // A known number of measurements is rounded in its last digit.
                let rounding = digits * unit;
                let known = found.value.clamp(known - rounding, known + rounding);
                let (errors, most) = found.deviation(known, level);
                (most < errors).then(|| {
                    let Mean { runs, value, .. } = found;
                    format!("{what}: {value} is {errors} errors from {known}, at most {most}, {runs} runs")
                })
            }
        }
    }
}
