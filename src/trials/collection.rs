//! What many runs came to, collected so that parts merge to the same bits whatever the partition and the order were.
//!
//! Knows: counts by verdict and by cause, distributions, and which runs are worth a look. Refuses to know how sure one
//! may be of anything that follows from them ([`crate::statistics`]). Simplifies: a distribution keeps values to the
//! resolution of its histogram, counts and means exactly.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::trials::quantity::{Quantity, Spread};
use crate::trials::releases::Releases;
use crate::trials::summary::{Cause, Summary};
use crate::verdict::Verdict;

/// What many runs came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    verdicts: BTreeMap<Verdict, Group>,
    #[serde(with = "pairs")]
    causes: BTreeMap<(Verdict, Cause), u64>,
    quantities: BTreeMap<Quantity, Spread>,
    best: Option<Remarkable>,
    worst: Option<Remarkable>,
    #[serde(default, skip_serializing_if = "Releases::is_empty")]
    releases: Releases,
}

/// The runs of one verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Time until the verdict came about \[ns\].
    pub times: Spread,
    /// The first run by time, as coarse as [`coarse`] makes it.
    firsts: BTreeMap<u64, Remarkable>,
}

/// A run that is worth a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remarkable {
    /// Its number under the seed.
    pub replicate: u64,
    /// What it came to.
    pub verdict: Verdict,
    /// Since when the verdict holds \[ns\].
    pub since: i64,
    /// Its harm, in thousandths of requests.
    pub harm: i64,
}

impl Collection {
    /// Adds a run.
    pub fn record(&mut self, replicate: u64, summary: &Summary) {
        self.record_many(replicate, summary, 1);
    }

    /// Adds so many runs that came to the same; `first` is the lowest of their replicates.
    pub fn record_many(&mut self, first: u64, summary: &Summary, runs: u64) {
        if runs == 0 {
            return;
        }
        let run = Remarkable {
            replicate: first,
            verdict: summary.verdict,
            since: Quantity::TimeToVerdict.of(summary),
            harm: Quantity::Harm.of(summary),
        };
        let group = self.verdicts.entry(summary.verdict).or_default();
        group.times.record_many(run.since, runs);
        group.meet(coarse(run.since), run);
        if let Some(cause) = summary.cause {
            *self.causes.entry((summary.verdict, cause)).or_default() += runs;
        }
        for quantity in Quantity::ALL {
            let spread = self.quantities.entry(quantity).or_default();
            spread.record_many(quantity.of(summary), runs);
        }
        self.meet(run, run);
    }

    /// Adds what was drawn of the release of a run.
    pub fn record_release(&mut self, verdict: Verdict, drawn: &[f64]) {
        if !drawn.is_empty() {
            self.releases.record(verdict, drawn);
        }
    }

    /// What was drawn of the releases.
    #[must_use]
    pub fn releases(&self) -> &Releases {
        &self.releases
    }

    /// Adds what another collected. Runs that both have would count twice.
    pub fn merge(&mut self, other: &Self) {
        for (verdict, theirs) in &other.verdicts {
            let ours = self.verdicts.entry(*verdict).or_default();
            ours.times.merge(&theirs.times);
            for (time, run) in &theirs.firsts {
                ours.meet(*time, *run);
            }
        }
        for (cause, runs) in &other.causes {
            *self.causes.entry(*cause).or_default() += runs;
        }
        for (quantity, spread) in &other.quantities {
            self.quantities.entry(*quantity).or_default().merge(spread);
        }
        self.releases.merge(&other.releases);
        if let (Some(best), Some(worst)) = (other.best, other.worst) {
            self.meet(best, worst);
        }
    }

    /// How many runs there are.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.verdicts
            .values()
            .map(|group| group.times.count())
            .sum()
    }

    /// The runs of each verdict that occurred.
    #[must_use]
    pub fn verdicts(&self) -> &BTreeMap<Verdict, Group> {
        &self.verdicts
    }

    /// How many runs had this verdict.
    #[must_use]
    pub fn runs_of(&self, verdict: Verdict) -> u64 {
        let group = self.verdicts.get(&verdict);
        group.map_or(0, |group| group.times.count())
    }

    /// How many runs each cause ended, by what they came to.
    #[must_use]
    pub fn causes(&self) -> &BTreeMap<(Verdict, Cause), u64> {
        &self.causes
    }

    /// The distribution of a quantity over all runs; `None` without runs.
    #[must_use]
    pub fn quantity(&self, quantity: Quantity) -> Option<&Spread> {
        self.quantities.get(&quantity)
    }

    /// The run with the least harm; of several the one with the best verdict, then the earliest, then the first.
    #[must_use]
    pub fn best(&self) -> Option<Remarkable> {
        self.best
    }

    /// The run with the most harm; of several the one with the worst verdict, then the latest, then the first.
    #[must_use]
    pub fn worst(&self) -> Option<Remarkable> {
        self.worst
    }

    /// The first run whose time is the median one among those with the most frequent verdict, to the resolution of
    /// times.
    #[must_use]
    pub fn typical(&self) -> Option<Remarkable> {
        // Of verdicts that are equally frequent, the first.
        let groups = self.verdicts.values().rev();
        let group = groups.max_by_key(|group| group.times.count())?;
        let median = u64::try_from(group.times.quantile(0.5)?).ok()?;
        // The median is the middle of a bucket, which is as coarse as the times.
        let nearest = group
            .firsts
            .iter()
            .min_by_key(|(time, _)| time.abs_diff(coarse_size(median)));
        nearest.map(|(_, run)| *run)
    }

    fn meet(&mut self, best: Remarkable, worst: Remarkable) {
        let key = |run: &Remarkable| (run.harm, badness(run.verdict), run.since);
        let bests = self.best.into_iter().chain([best]);
        self.best = bests.min_by_key(|run| (key(run), run.replicate));
        let worsts = self.worst.into_iter().chain([worst]);
        self.worst = worsts.max_by_key(|run| (key(run), std::cmp::Reverse(run.replicate)));
    }
}

impl Group {
    fn meet(&mut self, time: u64, run: Remarkable) {
        let first = self.firsts.entry(time).or_insert(run);
        if run.replicate < first.replicate {
            *first = run;
        }
    }
}

/// A time without all but its first eleven binary digits.
fn coarse(nanos: i64) -> u64 {
    coarse_size(u64::try_from(nanos).unwrap_or(0))
}

fn coarse_size(size: u64) -> u64 {
    let cut = (u64::BITS - size.leading_zeros()).saturating_sub(11);
    (size >> cut) << cut
}

/// How bad a verdict is, where nothing else tells two runs apart.
fn badness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Promoted | Verdict::Successful => 0,
        Verdict::Paused | Verdict::Inconclusive => 1,
        Verdict::Undecided => 2,
        Verdict::RolledBack | Verdict::Failed => 3,
        Verdict::Stuck => 4,
        Verdict::RollbackFailed => 5,
        Verdict::Invalid => 6,
    }
}

/// Keys that are no text are stored as a list of pairs.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<K: Serialize, S: Serializer>(
        map: &BTreeMap<K, u64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K: Deserialize<'de> + Ord, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<K, u64>, D::Error> {
        let pairs = Vec::<(K, u64)>::deserialize(deserializer)?;
        Ok(pairs.into_iter().collect())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::time::SimTime;
    use crate::trials::summary::{Blame, Costs};

    /// A run that ends after so many seconds with so much harm.
    pub(crate) fn run(verdict: Verdict, seconds: i64, harm: f64) -> Summary {
        let cause = Cause {
            blame: Blame::Deadline,
            step: Some(1),
        };
        Summary {
            verdict,
            since: SimTime::from_secs(seconds),
            cause: (verdict == Verdict::RolledBack).then_some(cause),
            measurements: 3,
            costs: Costs {
                harm,
                peak_pods: 7,
                ..Costs::default()
            },
        }
    }

    #[test]
    fn parts_merge_to_the_whole_in_any_order() {
        let summary = |replicate: u64| {
            let seconds = i64::try_from(replicate * 37 % 101).expect("small");
            let verdict = if replicate.is_multiple_of(3) {
                Verdict::RolledBack
            } else {
                Verdict::Promoted
            };
            run(
                verdict,
                seconds,
                f64::from(u32::try_from(replicate % 5).expect("small")),
            )
        };
        let mut whole = Collection::default();
        let mut parts = vec![Collection::default(); 5];
        for replicate in 0..500 {
            whole.record(replicate, &summary(replicate));
            parts[usize::try_from(replicate % 5).expect("small")]
                .record(replicate, &summary(replicate));
        }
        for rotation in 0..5 {
            parts.rotate_left(rotation);
            let mut merged = Collection::default();
            for part in &parts {
                merged.merge(part);
            }
            assert_eq!(merged, whole);
        }
        assert_eq!(whole.runs(), 500);
        let stored = serde_json::to_string(&whole).expect("a document");
        let read: Collection = serde_json::from_str(&stored).expect("the same document");
        assert_eq!(read, whole);
    }

    #[test]
    fn runs_that_came_to_the_same_count_as_often_as_they_are() {
        let (mut single, mut many) = (Collection::default(), Collection::default());
        let kinds = [
            run(Verdict::Promoted, 90, -2.5),
            run(Verdict::RolledBack, 5_000_000, 1e9),
            run(Verdict::Promoted, 90, 0.0),
        ];
        for (kind, summary) in kinds.iter().enumerate() {
            let first = u64::try_from(kind).expect("few");
            let replicates = (0..50).map(|index| 3 * index + first);
            let replicates: Vec<u64> = replicates.take([10, 30, 50][kind]).collect();
            for replicate in replicates.iter().rev() {
                single.record(*replicate, summary);
            }
            let runs = u64::try_from(replicates.len()).expect("few");
            many.record_many(first, summary, runs);
            many.record_many(7, summary, 0);
        }
        assert_eq!(many, single);
    }

    #[test]
    fn the_typical_run_has_the_median_time_of_the_most_frequent_verdict() {
        let mut collection = Collection::default();
        for (replicate, seconds) in [(0, 100), (1, 900), (2, 500), (3, 500), (4, 20)] {
            collection.record(replicate, &run(Verdict::Promoted, seconds, 0.0));
        }
        collection.record(5, &run(Verdict::RolledBack, 1, 0.0));
        assert_eq!(collection.typical().map(|run| run.replicate), Some(2));
    }

    #[test]
    fn best_and_worst_are_told_by_harm_before_verdict_and_time() {
        let mut collection = Collection::default();
        collection.record(0, &run(Verdict::Promoted, 10, 5.0));
        collection.record(1, &run(Verdict::RolledBack, 90, 1.0));
        collection.record(2, &run(Verdict::Promoted, 20, 5.0));
        collection.record(3, &run(Verdict::Promoted, 20, 5.0));
        assert_eq!(collection.best().map(|run| run.replicate), Some(1));
        assert_eq!(collection.worst().map(|run| run.replicate), Some(2));
    }
}
