//! What was drawn of the releases of many runs, by what became of them.
//!
//! Knows: the distribution of each thing that nobody knew, over all runs and over those of each verdict: what is known of a release
//! because the gate let it through. Refuses to know the names ([`crate::trials::dossier::Legend`]). Simplifies: values are counted in
//! billionths, and quantiles to the resolution of histograms.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::environment::Unit;
use crate::statistics::moments::in_units;
use crate::trials::quantity::Spread;
use crate::verdict::Verdict;

/// How much one counted piece is: a billionth of a share, a number or a second.
pub const GRAIN: f64 = 1e-9;

/// Something that is drawn once for each run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name, as in the scenario.
    pub name: String,
    /// In what it is told.
    pub unit: Unit,
}

/// What was drawn, in the order of the parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Releases(Vec<BTreeMap<Verdict, Spread>>);

impl Releases {
    /// Adds the release of a run.
    pub fn record(&mut self, verdict: Verdict, drawn: &[f64]) {
        self.grow(drawn.len());
        for (groups, value) in self.0.iter_mut().zip(drawn) {
            let pieces = in_units(*value, GRAIN).unwrap_or(0);
            groups.entry(verdict).or_default().record(pieces);
        }
    }

    /// Adds what another collected.
    pub fn merge(&mut self, other: &Self) {
        self.grow(other.0.len());
        for (ours, theirs) in self.0.iter_mut().zip(&other.0) {
            for (verdict, spread) in theirs {
                ours.entry(*verdict).or_default().merge(spread);
            }
        }
    }

    /// Whether nothing was drawn.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The distribution of each parameter over the runs of each verdict, in [`GRAIN`]s.
    #[must_use]
    pub fn groups(&self) -> &[BTreeMap<Verdict, Spread>] {
        &self.0
    }

    fn grow(&mut self, parameters: usize) {
        if self.0.len() < parameters {
            self.0.resize(parameters, BTreeMap::new());
        }
    }
}

/// The distribution over all runs.
#[must_use]
pub fn overall(groups: &BTreeMap<Verdict, Spread>) -> Spread {
    let mut all = Spread::default();
    for spread in groups.values() {
        all.merge(spread);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_merge_to_the_whole_in_any_order() {
        let value = |index: u32| f64::from(index * 7_919 % 1_009) * 1e-5;
        let verdict = |index: u32| {
            if index.is_multiple_of(3) {
                Verdict::RolledBack
            } else {
                Verdict::Promoted
            }
        };
        let mut whole = Releases::default();
        let mut parts = vec![Releases::default(); 5];
        for index in 0..1_000 {
            let drawn = [value(index), value(index + 1)];
            whole.record(verdict(index), &drawn);
            parts[index as usize % 5].record(verdict(index), &drawn);
        }
        for rotation in 0..5 {
            parts.rotate_left(rotation);
            let mut merged = Releases::default();
            for part in &parts {
                merged.merge(part);
            }
            assert_eq!(merged, whole);
        }
        assert_eq!(overall(&whole.groups()[0]).count(), 1_000);
        let text = serde_json::to_string(&whole).expect("a document");
        let read: Releases = serde_json::from_str(&text).expect("the same");
        assert_eq!(read, whole);
    }
}
