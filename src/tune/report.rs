//! The report on policies that were compared, with names for the numbers.
//!
//! Knows: the document `coalmine.tune/v1` and the table behind it. Refuses to know how it is shown as text ([`text`]).

pub mod text;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::choice::{Outcome, Place};
use super::race::{Fate, Race, Standing};
use super::score::{Axis, Bad, Estimate};
use crate::report::json::indented;
use crate::trials::report::CONFIDENCE;

/// What the race was about.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The release: `Rollout web, canary, 3 replicas: v1 -> v2`.
    pub title: String,
    /// The name of the scenario, if there is one.
    pub scenario: Option<String>,
    /// The seed of all runs.
    pub seed: u64,
    /// Probability that a request to the healthy release fails; `None`: as the scenario has it.
    pub healthy: Option<f64>,
    /// What is varied, and how.
    pub vary: Vec<Varied>,
    /// How many policies the grids make.
    pub possible: u64,
    /// What the grids make that cannot be run: how many, and why the first one cannot.
    pub refused: Option<(usize, String)>,
    /// What the grids make that is the policy as written.
    pub same: usize,
    /// What is to be least, the most important first.
    pub minimise: Vec<Axis>,
    /// Whether anything is served, so that harm has a meaning.
    pub has_traffic: bool,
    /// The values of each policy, in the order of `vary`; `None`: as written.
    pub values: Vec<Option<Vec<Value>>>,
    /// Whether a person ended it early.
    pub is_interrupted: bool,
}

/// A field that is varied.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Varied {
    /// The path.
    pub path: String,
    /// The values.
    pub values: Vec<String>,
}

/// What a race came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// `coalmine.tune/v1`.
    pub schema: &'static str,
    /// The version of the program.
    pub version: &'static str,
    /// The release.
    pub title: String,
    /// The name of the scenario.
    pub scenario: Option<String>,
    /// The seed.
    pub seed: u64,
    /// The releases.
    pub releases: Kinds,
    /// What is varied.
    pub vary: Vec<Varied>,
    /// How many policies the grids make.
    pub possible: u64,
    /// How many of them cannot be run.
    pub refused: usize,
    /// Why the first of them cannot.
    pub refusal: Option<String>,
    /// How many are the policy as written.
    pub same: usize,
    /// In which respects policies are compared.
    pub axes: Vec<Axis>,
    /// What is to be least; empty: the knee of the frontier is proposed.
    pub minimise: Vec<Axis>,
    /// What must not be exceeded.
    pub limits: BTreeMap<&'static str, f64>,
    /// The precision that was asked for.
    pub precision: f64,
    /// Whether it is reached.
    pub is_precise: bool,
    /// Whether a person ended it early.
    pub is_interrupted: bool,
    /// How often the intervals hold, each on its own.
    pub confidence: f64,
    /// Replicates of each release under the policies that are left.
    pub replicates: u64,
    /// Runs in all.
    pub runs: u64,
    /// The policies: the one as written, then in the order of the product.
    pub policies: Vec<Policy>,
    /// The one to take.
    pub choice: Option<Chosen>,
}

/// The releases.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Kinds {
    /// The share of healthy ones.
    pub healthy_share: f64,
    /// Their error rate; `None`: as the scenario has it.
    pub healthy_error_rate: Option<f64>,
    /// The bad ones.
    pub bad: Vec<Bad>,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Its number; 0 is the one as written.
    pub policy: usize,
    /// The values of what is varied; `None`: as written.
    pub values: Option<Vec<Value>>,
    /// `frontier`, `near`, `overLimit`, `alike`, `breaksLimit` or `beaten`.
    pub place: &'static str,
    /// The limit that it breaks.
    pub limit: Option<Axis>,
    /// The policy that is better.
    pub beaten_by: Option<usize>,
    /// The policy under which every run came to the same.
    pub alike_to: Option<usize>,
    /// Replicates of each release.
    pub replicates: u64,
    /// Share of all releases that were neither promoted nor rolled back; of policies that were dropped it is not known.
    pub held: Option<f64>,
    /// What the runs show, by the names of axes.
    pub estimates: BTreeMap<&'static str, Estimate>,
}

/// The policy to take.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chosen {
    /// Its number.
    pub policy: usize,
    /// The values of what is varied; `None`: as written.
    pub values: Option<Vec<Value>>,
    /// Those that cannot be told apart from it.
    pub tied: Vec<usize>,
    /// Whether it keeps the limits beyond doubt.
    pub keeps_limits: bool,
    /// What it has more than the policy as written, by the names of axes.
    pub differences: BTreeMap<&'static str, Estimate>,
}

impl Report {
    /// What a race came to.
    #[must_use]
    pub fn of(head: &Head, race: &Race<'_>, outcome: &Outcome) -> Self {
        let shown = |axis: &Axis| *axis != Axis::Harm || head.has_traffic;
        let named = |estimates: &[Estimate; 5]| {
            let axes = Axis::ALL.into_iter().filter(shown);
            axes.map(|axis| (axis.name(), estimates[axis as usize]))
                .collect()
        };
        let values = |policy: usize| head.values.get(policy).cloned().flatten();
        let standings = race.standings().iter().zip(&outcome.places).enumerate();
        let policy = |(policy, (standing, place)): (usize, (&Standing, &Place))| {
            let (name, limit, beaten_by) = described(*place);
            Policy {
                policy,
                values: values(policy),
                place: name,
                limit,
                beaten_by,
                alike_to: match place {
                    Place::Alike(first) => Some(*first),
                    _ => None,
                },
                replicates: standing.runs,
                held: (!standing.rows.is_empty()).then(|| race.releases().held(&standing.rows)),
                estimates: named(&standing.estimates),
            }
        };
        let (aim, releases) = (race.aim(), race.releases());
        Self {
            schema: "coalmine.tune/v1",
            version: env!("CARGO_PKG_VERSION"),
            title: head.title.clone(),
            scenario: head.scenario.clone(),
            seed: head.seed,
            releases: Kinds {
                healthy_share: releases.healthy_share(),
                healthy_error_rate: head.healthy,
                bad: releases.bad().to_vec(),
            },
            vary: head.vary.clone(),
            possible: head.possible,
            refused: head.refused.as_ref().map_or(0, |(count, _)| *count),
            refusal: head.refused.as_ref().map(|(_, why)| why.clone()),
            same: head.same,
            axes: aim.axes.clone(),
            minimise: head.minimise.clone(),
            limits: aim
                .limits
                .iter()
                .map(|(axis, limit)| (axis.name(), *limit))
                .collect(),
            precision: aim.precision,
            is_precise: race.is_precise(),
            is_interrupted: head.is_interrupted,
            confidence: CONFIDENCE,
            replicates: race.replicates(),
            runs: race.runs(),
            policies: standings.map(policy).collect(),
            choice: outcome.choice.as_ref().map(|choice| Chosen {
                policy: choice.policy,
                values: values(choice.policy),
                tied: choice.tied.clone(),
                keeps_limits: choice.keeps_limits,
                differences: named(&choice.buys),
            }),
        }
    }

    /// The report as a document.
    #[must_use]
    pub fn json(&self) -> String {
        indented(self)
    }

    /// One line for each policy, after a line with the names of the columns.
    ///
    /// # Panics
    ///
    /// Never: memory takes whatever is written, and all lines are equally long.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut columns: Vec<String> = vec!["policy".to_owned()];
        columns.extend(self.vary.iter().map(|varied| varied.path.clone()));
        columns.extend(["place", "reason", "replicates", "held"].map(str::to_owned));
        let axes: Vec<&str> = self.axis_names();
        for axis in &axes {
            columns.extend([
                (*axis).to_owned(),
                format!("{axis}Low"),
                format!("{axis}High"),
            ]);
        }
        let mut write = |cells: Vec<String>| {
            writer
                .write_record(cells)
                .expect("all lines are equally long");
        };
        write(columns);
        for policy in &self.policies {
            let mut cells = vec![policy.policy.to_string()];
            for index in 0..self.vary.len() {
                let value = policy.values.as_ref().and_then(|values| values.get(index));
                cells.push(value.map_or(String::new(), shown));
            }
            let reason = match (policy.limit, policy.beaten_by.or(policy.alike_to)) {
                (Some(limit), _) => limit.name().to_owned(),
                (None, Some(rival)) => rival.to_string(),
                (None, None) => String::new(),
            };
            let held = policy.held.map_or(String::new(), |held| held.to_string());
            cells.extend([
                policy.place.to_owned(),
                reason,
                policy.replicates.to_string(),
                held,
            ]);
            for axis in &axes {
                let estimate = policy.estimates.get(axis).copied().unwrap_or_default();
                let numbers = [estimate.mean, estimate.low, estimate.high];
                cells.extend(numbers.map(|number| number.to_string()));
            }
            write(cells);
        }
        let bytes = writer
            .into_inner()
            .expect("memory takes whatever is written");
        String::from_utf8(bytes).expect("all cells are text")
    }

    /// The axes that are told.
    fn axis_names(&self) -> Vec<&'static str> {
        let first = self.policies.first();
        let has =
            |axis: &Axis| first.is_some_and(|first| first.estimates.contains_key(axis.name()));
        Axis::ALL
            .iter()
            .filter(|axis| has(axis))
            .map(|axis| axis.name())
            .collect()
    }
}

/// A value as one writes it.
fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn described(place: Place) -> (&'static str, Option<Axis>, Option<usize>) {
    match place {
        Place::Frontier => ("frontier", None, None),
        Place::Near => ("near", None, None),
        Place::Over(axis) => ("overLimit", Some(axis), None),
        Place::Alike(_) => ("alike", None, None),
        Place::Dropped(Fate::Breaks(axis)) => ("breaksLimit", Some(axis), None),
        Place::Dropped(Fate::Beaten(rival)) => ("beaten", None, Some(rival)),
    }
}
