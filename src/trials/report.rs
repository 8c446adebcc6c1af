//! What is told of many runs: shares with intervals, quantiles, causes, runs to look at, and what a change makes of
//! them.
//!
//! Knows: which numbers belong together and how sure they are. Refuses to know columns and colours ([`text`]), and when
//! it was computed: the same sample gives the same report. Simplifies: each interval has its confidence on its own, not
//! all together.

pub mod exact;
pub mod releases;
pub mod rows;
pub mod text;

use serde::Serialize;

use crate::report::json::indented;
use crate::statistics::histogram::RESOLUTION;
use crate::statistics::interval::{Interval, clopper_pearson, clopper_pearson_at_most};
use crate::trials::collection::{Collection, Remarkable};
use crate::trials::contrast::{Contrast, Sample};
use crate::trials::dossier::{Head, Legend, NamedCause};
use crate::trials::quantity::{Quantity, Spread, Unit};
use crate::trials::report::releases::Drawn;
use crate::verdict::Verdict;

/// The confidence of every interval that is told.
pub const CONFIDENCE: f64 = 0.95;

/// The format of the document.
const SCHEMA: &str = "coalmine.trials/v1";

/// What is told of many runs; also the document `coalmine.trials/v1`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    schema: &'static str,
    title: String,
    scenario: Option<String>,
    seed: u64,
    /// How many runs were done.
    pub runs: u64,
    /// How many were wanted, where that was not reached.
    wanted: Option<u64>,
    /// How the number of runs was chosen, where it was not given.
    precision: Option<Precision>,
    confidence: f64,
    /// The largest relative error of a quantile.
    resolution: f64,
    verdicts: Vec<Frequency>,
    /// The share that any verdict without a run has at most.
    others_at_most: Option<f64>,
    causes: Vec<CauseShare>,
    quantities: Vec<Distribution>,
    /// What was drawn of the releases; absent where nothing was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    releases: Vec<Drawn>,
    replays: Vec<Replay>,
    what_if: Option<WhatIf>,
}

/// A number of runs that was chosen by the precision of what they show.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Precision {
    /// The half width of intervals that was asked for.
    pub half_width: f64,
    /// How often the data was looked at, at most: the confidence of the intervals is shared out among the looks.
    pub looks: usize,
    /// The confidence of each look.
    pub confidence_of_each: f64,
    /// Whether the intervals are as short as asked for.
    pub reached: bool,
}

/// How a sample came about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Circumstances {
    /// How many runs were wanted.
    pub wanted: u64,
    /// How the number was chosen, where it was not given.
    pub precision: Option<Precision>,
}

/// How many runs a verdict has.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Frequency {
    verdict: &'static str,
    runs: u64,
    share: f64,
    low: f64,
    high: f64,
}

/// How many runs a cause ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct CauseShare {
    verdict: &'static str,
    #[serde(flatten)]
    cause: NamedCause,
    runs: u64,
    share: f64,
    low: f64,
    high: f64,
}

/// The distribution of a quantity, in its unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Distribution {
    quantity: Quantity,
    unit: Unit,
    /// Over the runs of this verdict; absent: over all.
    verdict: Option<&'static str>,
    runs: u64,
    mean: f64,
    low: Option<f64>,
    high: Option<f64>,
    min: f64,
    p5: f64,
    p50: f64,
    p95: f64,
    p99: f64,
    max: f64,
}

/// A run to look at.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Replay {
    what: &'static str,
    replicate: u64,
    verdict: &'static str,
    /// Since when it holds \[s\].
    since: f64,
    /// Failed requests beyond those of the stable version.
    harm: f64,
    command: String,
}

/// What a change makes of the runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct WhatIf {
    changes: Vec<String>,
    verdicts: Vec<ShareDifference>,
    quantities: Vec<MeanDifference>,
    causes: Vec<CauseShare>,
    /// What was drawn of the releases, by what the changed policy made of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    releases: Vec<Drawn>,
}

/// How the share of a verdict changes, run by run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ShareDifference {
    verdict: &'static str,
    written: f64,
    changed: f64,
    only_written: u64,
    only_changed: u64,
    difference: f64,
    low: f64,
    high: f64,
}

/// How the mean of a quantity changes, run by run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct MeanDifference {
    quantity: Quantity,
    unit: Unit,
    written: f64,
    changed: f64,
    difference: f64,
    low: Option<f64>,
    high: Option<f64>,
}

impl Report {
    /// The report on a sample.
    #[must_use]
    pub fn of(head: &Head, sample: &Sample, circumstances: Circumstances) -> Self {
        let written = &sample.written;
        let runs = written.runs();
        let precision = circumstances.precision;
        let confidence = precision.map_or(CONFIDENCE, |precision| precision.confidence_of_each);
        let what_if = sample
            .contrast
            .as_ref()
            .map(|contrast| WhatIf::of(head, written, contrast, confidence));
        Self {
            schema: SCHEMA,
            title: head.title.clone(),
            scenario: head.scenario.clone(),
            seed: head.seed,
            runs,
            wanted: Some(circumstances.wanted).filter(|wanted| runs < *wanted),
            precision,
            confidence: CONFIDENCE,
            resolution: RESOLUTION,
            verdicts: shares(written, confidence),
            others_at_most: clopper_pearson_at_most(0, runs, confidence)
                .map(|interval| interval.high),
            causes: causes(&head.written, written, confidence),
            quantities: distributions(head, written),
            releases: releases::drawn(&head.written, written),
            replays: replays(head, written),
            what_if,
        }
    }

    /// The report as a document.
    #[must_use]
    pub fn json(&self) -> String {
        indented(self)
    }
}

/// Whether every verdict's share is known to this precision: those that occurred, and any that did not.
#[must_use]
pub fn is_precise(sample: &Sample, half_width: f64, confidence: f64) -> bool {
    let collections = sample.contrast.iter().map(|contrast| &contrast.changed);
    collections.chain([&sample.written]).all(|collection| {
        let runs = collection.runs();
        let counts = collection
            .verdicts()
            .values()
            .map(|group| group.times.count());
        counts.chain([0]).all(|count| {
            let interval = clopper_pearson(count, runs, confidence);
            interval.is_some_and(|interval| interval.half_width() <= half_width)
        })
    })
}

fn shares(collection: &Collection, confidence: f64) -> Vec<Frequency> {
    let runs = collection.runs();
    let mut shares: Vec<Frequency> = collection
        .verdicts()
        .iter()
        .map(|(verdict, group)| {
            let count = group.times.count();
            let (share, low, high) = share(count, runs, confidence);
            Frequency {
                verdict: verdict.name(),
                runs: count,
                share,
                low,
                high,
            }
        })
        .collect();
    shares.sort_by_key(|share| std::cmp::Reverse(share.runs));
    shares
}

/// A share with its interval.
fn share(count: u64, runs: u64, confidence: f64) -> (f64, f64, f64) {
    let interval = clopper_pearson(count, runs, confidence).unwrap_or(Interval {
        low: 0.0,
        high: 1.0,
        confidence,
    });
    (ratio(count, runs), interval.low, interval.high)
}

#[expect(clippy::cast_precision_loss, reason = "a rounded quotient is wanted")]
fn ratio(count: u64, runs: u64) -> f64 {
    if runs == 0 {
        0.0
    } else {
        count as f64 / runs as f64
    }
}

/// The causes with names, the most frequent first. Several runs of the same metric are one cause.
fn causes(legend: &Legend, collection: &Collection, confidence: f64) -> Vec<CauseShare> {
    let mut named: std::collections::BTreeMap<(Verdict, NamedCause), u64> =
        std::collections::BTreeMap::new();
    for ((verdict, cause), runs) in collection.causes() {
        *named.entry((*verdict, legend.name(*cause))).or_default() += runs;
    }
    let all = collection.runs();
    let shared = named.into_iter().map(|((verdict, cause), runs)| {
        let (share, low, high) = share(runs, all, confidence);
        CauseShare {
            verdict: verdict.name(),
            cause,
            runs,
            share,
            low,
            high,
        }
    });
    let mut causes: Vec<CauseShare> = shared.collect();
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.runs));
    causes
}

/// The distributions that say anything: of requests and users only where something is served, and nothing that is
/// always 0.
fn distributions(head: &Head, collection: &Collection) -> Vec<Distribution> {
    let mut told = Vec::new();
    for quantity in Quantity::ALL {
        let Some(spread) = collection.quantity(quantity) else {
            continue;
        };
        if spread.is_zero() && quantity != Quantity::TimeToVerdict
            || !head.has_traffic && quantity.needs_traffic()
        {
            continue;
        }
        told.extend(Distribution::of(quantity, None, spread));
        if quantity == Quantity::TimeToVerdict && 1 < collection.verdicts().len() {
            let groups = collection.verdicts().iter();
            told.extend(groups.filter_map(|(verdict, group)| {
                Distribution::of(quantity, Some(verdict.name()), &group.times)
            }));
        }
    }
    told
}

impl Distribution {
    fn of(quantity: Quantity, verdict: Option<&'static str>, spread: &Spread) -> Option<Self> {
        let grains = quantity.grains();
        #[expect(clippy::cast_precision_loss, reason = "quantiles are rounded anyway")]
        let quantile = |share: f64| spread.quantile(share).map(|value| value as f64 / grains);
        let interval = spread.mean_interval(CONFIDENCE);
        Some(Self {
            quantity,
            unit: quantity.unit(),
            verdict,
            runs: spread.count(),
            mean: spread.mean()? / grains,
            low: interval.map(|interval| interval.low / grains),
            high: interval.map(|interval| interval.high / grains),
            min: quantile(0.0)?,
            p5: quantile(0.05)?,
            p50: quantile(0.5)?,
            p95: quantile(0.95)?,
            p99: quantile(0.99)?,
            max: quantile(1.0)?,
        })
    }
}

fn replays(head: &Head, collection: &Collection) -> Vec<Replay> {
    let runs = [
        ("typical", collection.typical()),
        ("best", collection.best()),
        ("worst", collection.worst()),
    ];
    let replay = |what, run: Remarkable| Replay {
        what,
        replicate: run.replicate,
        verdict: run.verdict.name(),
        #[expect(clippy::cast_precision_loss, reason = "at most 7 days")]
        since: run.since as f64 / Quantity::TimeToVerdict.grains(),
        #[expect(clippy::cast_precision_loss, reason = "rounding is harmless here")]
        harm: run.harm as f64 / Quantity::Harm.grains(),
        command: format!("{} --replicate {}", head.replay, run.replicate),
    };
    runs.into_iter()
        .filter_map(|(what, run)| Some(replay(what, run?)))
        .collect()
}

impl WhatIf {
    fn of(head: &Head, written: &Collection, contrast: &Contrast, confidence: f64) -> Self {
        let changed = &contrast.changed;
        let mut verdicts: Vec<Verdict> = written.verdicts().keys().copied().collect();
        verdicts.extend(changed.verdicts().keys());
        verdicts.sort_unstable();
        verdicts.dedup();
        let runs = written.runs();
        let verdicts = verdicts.into_iter().filter_map(|verdict| {
            let pairs = contrast.pairs(verdict);
            let interval = pairs.difference(confidence)?;
            Some(ShareDifference {
                verdict: verdict.name(),
                written: ratio(written.runs_of(verdict), runs),
                changed: ratio(changed.runs_of(verdict), runs),
                only_written: pairs.only_second,
                only_changed: pairs.only_first,
                difference: pairs.estimate()?,
                low: interval.low,
                high: interval.high,
            })
        });
        let quantities = Quantity::ALL.into_iter().filter_map(|quantity| {
            let (before, after) = (written.quantity(quantity)?, changed.quantity(quantity)?);
            let is_told = (head.has_traffic || !quantity.needs_traffic())
                && !(before.is_zero() && after.is_zero());
            let difference = contrast.difference(quantity).filter(|_| is_told)?;
            let (grains, interval) = (quantity.grains(), difference.mean_interval(confidence));
            Some(MeanDifference {
                quantity,
                unit: quantity.unit(),
                written: before.mean()? / grains,
                changed: after.mean()? / grains,
                difference: difference.mean()? / grains,
                low: interval.map(|interval| interval.low / grains),
                high: interval.map(|interval| interval.high / grains),
            })
        });
        let legend = head.changed.as_ref().unwrap_or(&head.written);
        Self {
            changes: head.what_if.clone(),
            verdicts: verdicts.collect(),
            quantities: quantities.collect(),
            causes: causes(legend, changed, confidence),
            releases: releases::drawn(legend, changed),
        }
    }
}
