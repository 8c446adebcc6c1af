//! What is told of a policy: its curve, what it catches, how often it aborts a healthy release, and the sampling plan
//! that it is.
//!
//! Knows: which numbers belong together, and how sure they are. Refuses to know columns and colours
//! ([`crate::power::text`]) and pictures ([`crate::power::plot`]). Simplifies: each interval has its confidence on its
//! own, not all together.

use serde::Serialize;

use crate::power::Tested;
use crate::power::crossing::{Crossing, crossing, not_falling_below};
use crate::power::gates::{self, Gate};
use crate::power::study::{Lane, Study};
use crate::report::json::indented;
use crate::statistics::interval::{Interval, clopper_pearson};
use crate::statistics::real;
use crate::trials::quantity::{Quantity, Spread};
use crate::trials::report::{CONFIDENCE, Precision};
use crate::verdict::Verdict;

/// The format of the document.
const SCHEMA: &str = "coalmine.power/v1";

/// What bad releases are to be caught with.
const LEVELS: [f64; 2] = [0.9, 0.99];

/// What is told of a policy; also the document `coalmine.power/v1`. Rates and shares are 0 to 1, times in seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    schema: &'static str,
    /// The release: `Rollout web, canary, 3 replicas: v1 -> v2`.
    pub title: String,
    /// The name of the scenario, if there is one.
    pub scenario: Option<String>,
    /// The seed of all runs.
    pub seed: u64,
    /// How many runs were wanted for each rate, where that was not reached.
    pub wanted: Option<u64>,
    /// How the number of runs was chosen, where it was not given.
    pub precision: Option<Precision>,
    /// The confidence of every interval.
    pub confidence: f64,
    /// What fails with the error rate.
    pub tested: Bearers,
    /// The curve, by rising rate.
    pub points: Vec<Point>,
    /// Which rates are caught how surely.
    pub caught: Vec<Caught>,
    /// How often a healthy release is rolled back: the point with its rate.
    pub false_aborts: Option<Point>,
    /// The sampling plans that a release must pass; absent if there is no closed form.
    pub plans: Option<Vec<PlanOfGate>>,
    /// Why there is no closed form.
    pub no_plan: Option<String>,
}

/// What fails with the error rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bearers {
    /// The version under test, where there is traffic.
    pub version: Option<String>,
    /// Whether a metric looks at its requests.
    pub is_watched: bool,
    /// The metrics that draw requests of their own.
    pub metrics: Vec<String>,
}

/// A point of the curve.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// Share of the requests to the release that fail.
    pub error_rate: f64,
    /// Whether it is that of a healthy release.
    pub healthy: bool,
    /// How many runs were done.
    pub runs: u64,
    /// How many of them were rolled back.
    pub rolled_back: u64,
    /// Their share.
    pub share: f64,
    /// The least that it is.
    pub low: f64,
    /// The most that it is.
    pub high: f64,
    /// The closed form of it.
    pub exact: Option<f64>,
    /// How many runs were promoted (an experiment: Successful).
    pub promoted: u64,
    /// Time until a rollback.
    pub time: Option<Times>,
    /// Failed requests beyond those of the stable version, over all runs.
    pub harm: Option<Mean>,
}

/// The distribution of a time \[s\].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Times {
    /// The mean.
    pub mean: f64,
    /// One of twenty is shorter.
    pub p5: f64,
    /// Half are shorter.
    pub p50: f64,
    /// One of twenty is longer.
    pub p95: f64,
}

/// A mean with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// The least that it is.
    pub low: Option<f64>,
    /// The most that it is.
    pub high: Option<f64>,
}

/// Which rates are caught so surely.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Caught {
    /// How surely: 0 to 1.
    pub power: f64,
    /// Where the curve reaches that, in relation to the rates that were looked at.
    pub place: Place,
    /// The smallest rate that is caught so surely.
    pub error_rate: Option<f64>,
    /// The least that it is; absent: it may be less than all rates that were looked at.
    pub low: Option<f64>,
    /// The most that it is; absent: it may be more than all rates that were looked at.
    pub high: Option<f64>,
    /// The closed form of it.
    pub exact: Option<f64>,
}

/// Where something is in relation to the rates that were looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Place {
    /// Below the first, or at it.
    Below,
    /// Between the first and the last.
    Within,
    /// Above the last.
    Above,
}

/// A gate as an acceptance-sampling plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanOfGate {
    /// The name of the metric.
    pub metric: String,
    /// Measurements.
    pub n: u32,
    /// Failures of them that are accepted.
    pub c: u32,
    /// Requests of a measurement.
    pub requests: u32,
    /// A measurement fails from so many failed requests on; absent where it is not so simple.
    pub fails_from: Option<u32>,
}

/// How a study came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Circumstances {
    /// The release, in a line.
    pub title: String,
    /// The name of the scenario, if there is one.
    pub scenario: Option<String>,
    /// The seed of all runs.
    pub seed: u64,
    /// How many runs are wanted for each rate; with a precision at most so many.
    pub wanted: u64,
    /// How the number was chosen, where it was not given.
    pub precision: Option<Precision>,
}

impl Report {
    /// The report on a study. Rates without runs are left out.
    #[must_use]
    pub fn of(study: &Study<'_>, tested: &Tested, circumstances: Circumstances) -> Self {
        let Circumstances {
            title,
            scenario,
            seed,
            wanted,
            precision,
        } = circumstances;
        let confidence = precision.map_or(CONFIDENCE, |precision| precision.confidence_of_each);
        let gates = gates::of(&study.stage);
        let known = gates.as_deref().ok();
        let has_traffic = tested.version.is_some();
        let lanes = study.lanes.iter().filter(|lane| 0 < lane.progress.runs());
        let points: Vec<Point> = lanes
            .map(|lane| Point::of(lane, confidence, known, has_traffic))
            .collect();
        let is_short = |lane: &Lane| !lane.is_precise && lane.progress.runs() < wanted;
        Self {
            schema: SCHEMA,
            title,
            scenario,
            seed,
            wanted: study.lanes.iter().any(is_short).then_some(wanted),
            precision,
            confidence: CONFIDENCE,
            tested: Bearers {
                version: tested.version.as_ref().map(|version| version.tag.clone()),
                is_watched: tested.is_watched,
                metrics: tested.drawing.clone(),
            },
            caught: LEVELS
                .iter()
                .map(|level| Caught::of(&points, *level, known))
                .collect(),
            false_aborts: points.iter().find(|point| point.healthy).cloned(),
            points,
            plans: known.map(|gates| gates.iter().map(PlanOfGate::of).collect()),
            no_plan: gates.err(),
        }
    }

    /// The report as a document.
    #[must_use]
    pub fn json(&self) -> String {
        indented(self)
    }

    /// The curve as a table, a line for each rate.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing into memory does not fail.
        let _ = writer.write_record(COLUMNS);
        for point in &self.points {
            let _ = writer.write_record(point.record());
        }
        let bytes = writer.into_inner().unwrap_or_default();
        String::from_utf8(bytes).unwrap_or_default()
    }
}

const COLUMNS: [&str; 16] = [
    "error_rate",
    "healthy",
    "runs",
    "rolled_back",
    "share",
    "low",
    "high",
    "exact",
    "promoted",
    "time_mean_s",
    "time_p5_s",
    "time_p50_s",
    "time_p95_s",
    "harm_mean",
    "harm_low",
    "harm_high",
];

impl Point {
    fn of(lane: &Lane, confidence: f64, gates: Option<&[Gate]>, has_traffic: bool) -> Self {
        let (runs, caught) = (lane.progress.runs(), lane.caught());
        let interval = clopper_pearson(caught, runs, confidence).unwrap_or(Interval {
            low: 0.0,
            high: 1.0,
            confidence,
        });
        let collection = lane.collection();
        let harm = collection.quantity(Quantity::Harm).filter(|_| has_traffic);
        let promoted = [Verdict::Promoted, Verdict::Successful];
        Self {
            error_rate: lane.rate,
            healthy: lane.is_healthy,
            runs,
            rolled_back: caught,
            share: real(caught) / real(runs.max(1)),
            low: interval.low,
            high: interval.high,
            exact: gates.map(|gates| gates::caught(gates, lane.rate)),
            promoted: promoted
                .map(|verdict| collection.runs_of(verdict))
                .iter()
                .sum(),
            time: times(lane),
            harm: harm.and_then(|spread| {
                let grains = Quantity::Harm.grains();
                let interval = spread.mean_interval(CONFIDENCE);
                Some(Mean {
                    mean: spread.mean()? / grains,
                    low: interval.map(|interval| interval.low / grains),
                    high: interval.map(|interval| interval.high / grains),
                })
            }),
        }
    }

    fn record(&self) -> Vec<String> {
        let optional = |number: Option<f64>| number.map_or(String::new(), |one| one.to_string());
        let time = |of: fn(&Times) -> f64| optional(self.time.as_ref().map(of));
        let harm = self.harm;
        vec![
            self.error_rate.to_string(),
            self.healthy.to_string(),
            self.runs.to_string(),
            self.rolled_back.to_string(),
            self.share.to_string(),
            self.low.to_string(),
            self.high.to_string(),
            optional(self.exact),
            self.promoted.to_string(),
            time(|times| times.mean),
            time(|times| times.p5),
            time(|times| times.p50),
            time(|times| times.p95),
            optional(harm.map(|harm| harm.mean)),
            optional(harm.and_then(|harm| harm.low)),
            optional(harm.and_then(|harm| harm.high)),
        ]
    }
}

/// The time until a rollback; `None` if there is none.
fn times(lane: &Lane) -> Option<Times> {
    let mut all = Spread::default();
    for verdict in super::study::CAUGHT {
        if let Some(group) = lane.collection().verdicts().get(&verdict) {
            all.merge(&group.times);
        }
    }
    let grains = Quantity::TimeToVerdict.grains();
    #[expect(clippy::cast_precision_loss, reason = "quantiles are rounded anyway")]
    let quantile = |share: f64| all.quantile(share).map(|nanos| nanos as f64 / grains);
    Some(Times {
        mean: all.mean()? / grains,
        p5: quantile(0.05)?,
        p50: quantile(0.5)?,
        p95: quantile(0.95)?,
    })
}

impl Caught {
    fn of(points: &[Point], power: f64, gates: Option<&[Gate]>) -> Self {
        let curve = |share: fn(&Point) -> f64| -> Vec<(f64, f64)> {
            points
                .iter()
                .map(|point| (point.error_rate, share(point)))
                .collect()
        };
        let runs = points.iter().map(|point| point.runs).max().unwrap_or(1);
        let finest = 0.5 / real(runs.max(1));
        let middle = crossing(&curve(|point| point.share), power, finest);
        let early = crossing(
            &not_falling_below(&curve(|point| point.high)),
            power,
            finest,
        );
        let late = crossing(&curve(|point| point.low), power, finest);
        Self {
            power,
            place: match middle {
                Crossing::Below => Place::Below,
                Crossing::At(_) => Place::Within,
                Crossing::Above => Place::Above,
            },
            error_rate: middle.rate(),
            low: early.rate(),
            high: late.rate(),
            exact: gates.and_then(|gates| gates::rate_caught(gates, power)),
        }
    }
}

impl PlanOfGate {
    fn of(gate: &Gate) -> Self {
        Self {
            metric: gate.metric.clone(),
            n: gate.plan.n,
            c: gate.plan.c,
            requests: gate.requests,
            fails_from: gate.broken_from(),
        }
    }
}
