//! Which answers of a draw make a difference, how likely they are, and by which numbers they are drawn.

use std::sync::Arc;

use crate::chain::refusal::Reason;
use crate::chain::sum::Sum;
use crate::cluster::provider::Answer;
use crate::condition::{self, Verdict};
use crate::plan::environment::{Gauge, Sample, Shape};
use crate::plan::{Environment, MetricPlan, Plan};
use crate::sim::oracle::Draws;
use crate::statistics::counts::CountLaw;

/// More numbers of failures than this are not judged one by one.
const MOST_ANSWERS: u32 = 100_000;

/// More classes of answers than this have no number.
const MOST_CLASSES: usize = 255;

/// The answers of a draw, put into classes: those of one class have the same verdict under all metrics that ask for them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Classes {
    /// How likely each class is; the sum is 1.
    pub(super) probabilities: Vec<f64>,
    /// Runs of numbers of failures of one class, in order.
    cells: Vec<Cell>,
}

/// Numbers of failures that follow each other and have one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    /// The first random number that draws more failures; the last cell has none.
    end: u64,
    class: u8,
}

impl Classes {
    /// The class that is drawn by a random number.
    pub(super) fn of(&self, number: u64) -> u8 {
        let last = self.cells.len() - 1;
        let cell = self.cells[..last].partition_point(|cell| cell.end <= number);
        self.cells[cell].class
    }

    /// If class 0 is drawn by all numbers below a threshold and class 1 by all others: the threshold.
    pub(super) fn threshold(&self) -> Option<u64> {
        match self.cells[..] {
            [Cell { end, class: 0 }, Cell { class: 1, .. }] => Some(end),
            _ => None,
        }
    }

    /// The classes of a sample, and a number of failures for each; `None` if there are too many.
    fn new(sample: &Sample, shape: &Shape, metrics: &[&MetricPlan]) -> Option<(Self, Vec<u32>)> {
        let (first, last) = sample.range();
        if MOST_ANSWERS < last - first {
            return None;
        }
        let law = sample.draw().law();
        let mut known: Vec<Vec<Told>> = Vec::new();
        let (mut masses, mut answers, mut cells) = (Vec::<Sum>::new(), Vec::new(), Vec::new());
        let mut open: Option<u8> = None;
        for failed in first..=last {
            let told = verdicts(sample, shape, metrics, failed);
            let class = known.iter().position(|other| *other == told);
            let class = class.unwrap_or_else(|| {
                known.push(told);
                masses.push(Sum::default());
                answers.push(failed);
                known.len() - 1
            });
            masses[class].add(law.pmf(failed));
            let class = u8::try_from(class)
                .ok()
                .filter(|_| known.len() <= MOST_CLASSES)?;
            if let Some(before) = open.filter(|before| *before != class) {
                let end = first_number(sample, failed);
                cells.push(Cell { end, class: before });
            }
            open = Some(class);
        }
        let class = open.unwrap_or(0);
        cells.push(Cell {
            end: u64::MAX,
            class,
        });
        let mut whole = Sum::default();
        for mass in &masses {
            whole.add(mass.value());
        }
        let probabilities = masses.iter().map(|mass| mass.value() / whole.value());
        let classes = Self {
            probabilities: probabilities.collect(),
            cells,
        };
        Some((classes, answers))
    }
}

/// What a metric makes of an answer; `None`: an Error.
type Told = Option<Verdict>;

fn verdicts(sample: &Sample, shape: &Shape, metrics: &[&MetricPlan], failed: u32) -> Vec<Told> {
    let shown = sample.draw().handed(shape, failed);
    let judge = |metric: &&MetricPlan| {
        let (success, failure) = (metric.success.as_ref(), metric.failure.as_ref());
        condition::judge(success, failure, shown.as_ref().ok()?.as_ref()).ok()
    };
    metrics.iter().map(judge).collect()
}

/// The first random number that draws `failed` failures or more.
fn first_number(sample: &Sample, failed: u32) -> u64 {
    let (mut low, mut high) = (0, u64::MAX);
    while low < high {
        let middle = low + (high - low) / 2;
        if sample.failed(middle) < failed {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The classes of all draws of an environment, and what the simulation needs of them.
pub(super) fn of_all(
    plan: &Plan,
    environment: &Environment,
    reasons: &mut Vec<Reason>,
) -> (Vec<Classes>, Arc<Draws>) {
    let (mut all, mut draws) = (Vec::new(), Draws::default());
    for (index, source) in (0_u32..).zip(&environment.sources) {
        let metrics: Vec<&MetricPlan> = plan
            .analyses
            .iter()
            .flat_map(|analysis| &analysis.metrics)
            .filter(|metric| metric.source == index)
            .collect();
        let points = source.points.iter().map(|(_, scripted)| scripted);
        let scripted = std::iter::once(&source.before).chain(points);
        let answers = scripted.map(|scripted| {
            let Answer::Shown(Gauge::Draw(sample)) = &scripted.reading.answer else {
                return None;
            };
            let Some((classes, answers)) = Classes::new(sample, &source.shape, &metrics) else {
                reasons.push(Reason::LargeDraw(name(&metrics)));
                return None;
            };
            all.push(classes);
            draws.answers.push(answers);
            u32::try_from(all.len() - 1).ok()
        });
        draws.by_source.push(answers.collect());
    }
    (all, Arc::new(draws))
}

/// What a source is called.
pub(super) fn name(metrics: &[&MetricPlan]) -> String {
    metrics
        .first()
        .map(|metric| metric.name.clone())
        .unwrap_or_default()
}
