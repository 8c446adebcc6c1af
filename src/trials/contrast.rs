//! Two policies under the same weather: what the change makes of each run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::statistics::interval::Pairs;
use crate::statistics::moments::Moments;
use crate::trials::collection::Collection;
use crate::trials::quantity::Quantity;
use crate::trials::summary::Summary;
use crate::verdict::Verdict;

/// What the runs of a policy came to, and those of a changed policy in the same weather.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The policy as written.
    pub written: Collection,
    /// The changed policy, if there is one.
    pub contrast: Option<Contrast>,
}

/// What a change makes of runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contrast {
    /// What the changed policy came to.
    pub changed: Collection,
    /// Runs of a verdict that only the policy as written had, and that only the changed one had.
    discordant: BTreeMap<Verdict, (u64, u64)>,
    /// The changed policy less the one as written, run by run.
    differences: BTreeMap<Quantity, Moments>,
}

impl Sample {
    /// A sample without runs, with or without a changed policy.
    #[must_use]
    pub fn new(has_contrast: bool) -> Self {
        Self {
            written: Collection::default(),
            contrast: has_contrast.then(Contrast::default),
        }
    }

    /// Adds a run, and that of the changed policy in the same weather.
    pub fn record(&mut self, replicate: u64, written: &Summary, changed: Option<&Summary>) {
        self.record_written(replicate, written, 1);
        if let Some(changed) = changed {
            self.record_changed(replicate, changed, 1);
            self.record_pair(written, changed, 1);
        }
    }

    /// Adds runs of the policy as written that came to the same; `first` is the lowest replicate of them.
    pub(super) fn record_written(&mut self, first: u64, summary: &Summary, runs: u64) {
        self.written.record_many(first, summary, runs);
    }

    /// Adds runs of the changed policy that came to the same; `first` is the lowest replicate of them.
    pub(super) fn record_changed(&mut self, first: u64, summary: &Summary, runs: u64) {
        if let Some(contrast) = &mut self.contrast {
            contrast.changed.record_many(first, summary, runs);
        }
    }

    /// Adds how runs differ in which both policies came to the same.
    pub(super) fn record_pair(&mut self, written: &Summary, changed: &Summary, runs: u64) {
        if let Some(contrast) = &mut self.contrast {
            contrast.record_pair(written, changed, runs);
        }
    }

    /// Adds what another collected.
    pub fn merge(&mut self, other: &Self) {
        self.written.merge(&other.written);
        if let Some(theirs) = &other.contrast {
            self.contrast.get_or_insert_default().merge(theirs);
        }
    }
}

impl Contrast {
    /// How the pairs of runs differ in whether they have this verdict: the changed policy first.
    #[must_use]
    pub fn pairs(&self, verdict: Verdict) -> Pairs {
        let (only_written, only_changed) =
            self.discordant.get(&verdict).copied().unwrap_or_default();
        Pairs {
            only_first: only_changed,
            only_second: only_written,
            total: self.changed.runs(),
        }
    }

    /// How the runs differ in a quantity, in its grains; `None` without runs.
    #[must_use]
    pub fn difference(&self, quantity: Quantity) -> Option<&Moments> {
        self.differences.get(&quantity)
    }

    fn record_pair(&mut self, written: &Summary, changed: &Summary, runs: u64) {
        if written.verdict != changed.verdict {
            self.discordant.entry(written.verdict).or_default().0 += runs;
            self.discordant.entry(changed.verdict).or_default().1 += runs;
        }
        for quantity in Quantity::ALL {
            let difference = quantity.of(changed).saturating_sub(quantity.of(written));
            let moments = self.differences.entry(quantity).or_default();
            moments.record_many(difference, runs);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.changed.merge(&other.changed);
        for (verdict, (written, changed)) in &other.discordant {
            let pair = self.discordant.entry(*verdict).or_default();
            pair.0 += written;
            pair.1 += changed;
        }
        for (quantity, theirs) in &other.differences {
            self.differences.entry(*quantity).or_default().merge(theirs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trials::collection::tests::run;

    #[test]
    fn the_same_policy_differs_in_nothing() {
        let mut sample = Sample::new(true);
        for replicate in 0..10 {
            let summary = run(Verdict::Promoted, 60, 2.0);
            sample.record(replicate, &summary, Some(&summary));
        }
        let contrast = sample.contrast.expect("a contrast");
        assert_eq!(contrast.pairs(Verdict::Promoted).estimate(), Some(0.0));
        for quantity in Quantity::ALL {
            let difference = contrast.difference(quantity).expect("moments");
            assert_eq!((difference.sum(), difference.variance()), (0, Some(0.0)));
        }
    }

    #[test]
    fn a_pair_counts_for_both_of_its_verdicts() {
        let mut sample = Sample::new(true);
        let promoted = run(Verdict::Promoted, 60, 2.0);
        let rolled_back = run(Verdict::RolledBack, 20, 0.5);
        sample.record(0, &rolled_back, Some(&promoted));
        sample.record(1, &promoted, Some(&promoted));
        let contrast = sample.contrast.expect("a contrast");
        assert_eq!(contrast.pairs(Verdict::Promoted).estimate(), Some(0.5));
        assert_eq!(contrast.pairs(Verdict::RolledBack).estimate(), Some(-0.5));
        let harm = contrast.difference(Quantity::Harm).expect("moments");
        assert_eq!(harm.sum(), 1_500);
    }
}
