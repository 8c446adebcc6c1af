//! Successive halving: every policy is played a little, and what remains twice as often as before.
//!
//! Knows: rounds, what is dropped after each of them, and when enough is known. Refuses to know what a policy is. After
//! each round a policy is dropped if it breaks a limit by more than its interval, or if another one, which keeps the
//! limits, is better in one respect by more than the interval of the paired difference, and in none worse by more than
//! the precision that was asked for. The error of 5 % is shared out among all rounds and policies; that in "not worse" is 5 %
//! each. The policy number 0 is the one as written: it is played to the end, whatever becomes of it.

use std::ops::Range;

use rayon::prelude::*;
use serde::Serialize;

use super::score::{Axis, Estimate, Releases, Row};
use crate::statistics::looks::Looks;
use crate::trials::report::CONFIDENCE;
use crate::trials::{BLOCK, Summary};

/// Replicates of the first round.
pub const FIRST_ROUND: u64 = 64;
/// Policies that are asked whether they beat another one.
const RIVALS_MAX: usize = 8;
/// Most replicates of a portion of work: enough that what is found out about a policy on the way is of use.
const RUNS: u64 = 4 * BLOCK;
/// Portions of work between two looks at whether to go on.
const PORTION: usize = 64;

/// Who plays releases under policies. The same replicate has the same weather everywhere.
pub trait Play: Sync {
    /// What the replicates of a release (0: the healthy one) under a policy come to, in their order.
    fn play(&self, policy: usize, release: usize, replicates: Range<u64>) -> Vec<Summary>;
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Aim {
    /// In which respects policies are compared.
    pub axes: Vec<Axis>,
    /// What must not be exceeded.
    pub limits: Vec<(Axis, f64)>,
    /// Differences that do not matter: of shares, and of everything else relative to what the policy as written has.
    pub precision: f64,
    /// Replicates of each release at most, 1 or more.
    pub runs: u64,
    /// Runs in all at most; `None`: without limit.
    pub budget: Option<u64>,
}

/// Why a policy was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Fate {
    /// It breaks the limit of this axis.
    Breaks(Axis),
    /// This policy is better.
    Beaten(usize),
}

/// How a policy stands.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// What its replicates came to; none is kept of what was dropped.
    pub rows: Vec<Row>,
    /// Replicates.
    pub runs: u64,
    /// Why it was dropped.
    pub fate: Option<Fate>,
    /// What they show, by [`Axis::ALL`].
    pub estimates: [Estimate; 5],
}

/// Policies that are compared.
#[derive(Debug)]
pub struct Race<'a> {
    releases: &'a Releases,
    aim: &'a Aim,
    standings: Vec<Standing>,
    looks: Option<Looks>,
    round: usize,
    /// Replicates of those that remain.
    done: u64,
    /// Runs of all.
    runs: u64,
}

impl<'a> Race<'a> {
    /// So many policies, none of which has been played; the first one is the one as written.
    #[must_use]
    pub fn new(policies: usize, releases: &'a Releases, aim: &'a Aim) -> Self {
        Self {
            releases,
            aim,
            standings: vec![Standing::default(); policies],
            looks: Looks::doubling(FIRST_ROUND.min(aim.runs), aim.runs, CONFIDENCE),
            round: 0,
            done: 0,
            runs: 0,
        }
    }

    /// How the policies stand.
    #[must_use]
    pub fn standings(&self) -> &[Standing] {
        &self.standings
    }

    /// The releases.
    #[must_use]
    pub fn releases(&self) -> &Releases {
        self.releases
    }

    /// What is wanted.
    #[must_use]
    pub fn aim(&self) -> &Aim {
        self.aim
    }

    /// Replicates of each release under every policy that is left.
    #[must_use]
    pub fn replicates(&self) -> u64 {
        self.done
    }

    /// Runs in all.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// The runs that the next round takes; `None` if there is none: enough is known, or the runs are used up.
    #[must_use]
    pub fn next_round(&self) -> Option<u64> {
        let size = *self.looks.as_ref()?.sizes().get(self.round)?;
        if 0 < self.done && self.is_precise() {
            return None;
        }
        let policies = self.playing().count() * self.releases.count();
        let wanted = (size - self.done).saturating_mul(u64::try_from(policies).unwrap_or(u64::MAX));
        let left = self
            .aim
            .budget
            .map_or(u64::MAX, |budget| budget.saturating_sub(self.runs));
        // The first round is due even to a small budget.
        (wanted <= left || self.done == 0).then_some(wanted)
    }

    /// Plays the next round on all threads of the present pool, and drops what is hopeless. `goes_on` is told how many runs
    /// are done; if it says no the round did not happen, and no is the answer.
    pub fn advance(
        &mut self,
        play: &dyn Play,
        goes_on: &mut (dyn FnMut(u64) -> bool + Send),
    ) -> bool {
        let size = self
            .looks
            .as_ref()
            .and_then(|looks| looks.sizes().get(self.round));
        let Some(&size) = size else {
            return false;
        };
        let mut portions: Vec<(usize, Range<u64>)> = Vec::new();
        for policy in self.playing() {
            let mut start = self.done;
            while start < size {
                let end = (start + RUNS).min(size);
                portions.push((policy, start..end));
                start = end;
            }
        }
        let releases = self.releases;
        let mut runs = self.runs;
        let kinds = u64::try_from(releases.count()).unwrap_or(u64::MAX);
        for some in portions.chunks(PORTION) {
            let rows: Vec<Vec<Row>> = some
                .par_iter()
                .map(|(policy, range)| rows(releases, play, *policy, range))
                .collect();
            for ((policy, range), rows) in some.iter().zip(rows) {
                self.standings[*policy].rows.extend(rows);
                runs += (range.end - range.start) * kinds;
            }
            if !goes_on(runs) {
                let before = usize::try_from(self.done).unwrap_or(usize::MAX);
                for standing in &mut self.standings {
                    standing.rows.truncate(before);
                }
                return false;
            }
        }
        (self.done, self.runs) = (size, runs);
        self.round += 1;
        self.judge();
        true
    }

    /// Policies that are still played.
    fn playing(&self) -> impl Iterator<Item = usize> {
        let all = self.standings.iter().enumerate();
        let playing = all.filter(|(index, standing)| standing.fate.is_none() || *index == 0);
        playing.map(|(index, _)| index)
    }

    /// Policies that were not dropped.
    pub fn left(&self) -> impl Iterator<Item = usize> {
        let all = self.standings.iter().enumerate();
        let left = all.filter(|(_, standing)| standing.fate.is_none());
        left.map(|(index, _)| index)
    }

    /// The confidence that each round needs so that all together have the usual one.
    fn of_round(&self) -> f64 {
        self.looks
            .as_ref()
            .map_or(CONFIDENCE, Looks::confidence_of_each)
    }

    /// The confidence that each decision of each round needs.
    #[expect(clippy::cast_precision_loss, reason = "there are not so many policies")]
    fn of_decision(&self) -> f64 {
        1.0 - (1.0 - self.of_round()) / self.standings.len() as f64
    }

    fn judge(&mut self) {
        let playing: Vec<usize> = self.playing().collect();
        let estimates: Vec<[Estimate; 5]> = playing
            .par_iter()
            .map(|policy| {
                let rows = &self.standings[*policy].rows;
                Axis::ALL.map(|axis| self.releases.estimate(axis, rows, CONFIDENCE))
            })
            .collect();
        for (policy, estimates) in playing.into_iter().zip(estimates) {
            self.standings[policy].estimates = estimates;
            self.standings[policy].runs = self.done;
        }
        let left: Vec<usize> = self.left().collect();
        let broken: Vec<Option<Fate>> =
            left.par_iter().map(|policy| self.broken(*policy)).collect();
        self.drop_all(&left, broken);
        let left = self.left_by_estimates();
        let rivals = self.rivals(&left);
        let beaten: Vec<Option<Fate>> = left
            .par_iter()
            .zip(&rivals)
            .map(|(policy, rivals)| {
                let rival = rivals.iter().find(|rival| self.beats(**rival, *policy));
                rival.map(|rival| Fate::Beaten(*rival))
            })
            .collect();
        self.drop_all(&left, beaten);
    }

    fn drop_all(&mut self, policies: &[usize], fates: Vec<Option<Fate>>) {
        for (policy, fate) in policies.iter().zip(fates) {
            let standing = &mut self.standings[*policy];
            standing.fate = fate;
            if fate.is_some() && *policy != 0 {
                standing.rows = Vec::new();
            }
        }
    }

    /// The limit that a policy certainly breaks.
    fn broken(&self, policy: usize) -> Option<Fate> {
        let rows = &self.standings[policy].rows;
        let confidence = self.of_decision();
        let mut limits = self.aim.limits.iter();
        let broken = limits
            .find(|(axis, limit)| *limit < self.releases.estimate(*axis, rows, confidence).low);
        broken.map(|(axis, _)| Fate::Breaks(*axis))
    }

    /// Those that are left, in the order of their estimates.
    fn left_by_estimates(&self) -> Vec<usize> {
        let mut left: Vec<usize> = self.left().collect();
        left.sort_by(|a, b| {
            let pairs = self.means(*a).zip(self.means(*b));
            let order = pairs
                .map(|(a, b)| a.total_cmp(&b))
                .find(|order| order.is_ne());
            order.unwrap_or_else(|| a.cmp(b))
        });
        left
    }

    /// For each policy those on the frontier of the estimates that have better ones.
    fn rivals(&self, left: &[usize]) -> Vec<Vec<usize>> {
        let mut frontier: Vec<usize> = Vec::new();
        let mut all = Vec::with_capacity(left.len());
        for policy in left {
            let better = frontier
                .iter()
                .filter(|rival| self.covers(**rival, *policy));
            let rivals: Vec<usize> = better.take(RIVALS_MAX).copied().collect();
            if rivals.is_empty() {
                frontier.push(*policy);
            }
            all.push(rivals);
        }
        all
    }

    /// The estimates of a policy in the respects that count.
    pub(super) fn means(&self, policy: usize) -> impl Iterator<Item = f64> {
        let estimates = &self.standings[policy].estimates;
        self.aim
            .axes
            .iter()
            .map(|axis| estimates[*axis as usize].mean)
    }

    /// Whether the estimates of one policy are nowhere worse than those of another, and somewhere better.
    pub(super) fn covers(&self, first: usize, second: usize) -> bool {
        let is_covered = self
            .means(first)
            .zip(self.means(second))
            .all(|(a, b)| a <= b);
        is_covered
            && self
                .means(first)
                .zip(self.means(second))
                .any(|(a, b)| a < b)
    }

    /// Whether one policy is certainly better than another.
    fn beats(&self, first: usize, second: usize) -> bool {
        let (a, b) = (&self.standings[first].rows, &self.standings[second].rows);
        let difference =
            |axis: Axis, confidence: f64| self.releases.difference(axis, a, b, confidence);
        let keeps_limits =
            self.aim.limits.iter().all(|(axis, limit)| {
                self.releases.estimate(*axis, a, self.of_round()).high <= *limit
            });
        let mut axes = self.aim.axes.iter();
        keeps_limits
            && axes
                .clone()
                .any(|axis| difference(*axis, self.of_decision()).high < 0.0)
            && axes.all(|axis| difference(*axis, CONFIDENCE).high <= self.tolerance(*axis))
    }

    /// A difference that does not matter.
    fn tolerance(&self, axis: Axis) -> f64 {
        let written = self
            .standings
            .first()
            .map_or(0.0, |written| written.estimates[axis as usize].mean.abs());
        self.aim.precision * if axis.is_share() { 1.0 } else { written }
    }

    /// Whether everything that is left is known as well as was asked for, and who keeps the limits.
    #[must_use]
    pub fn is_precise(&self) -> bool {
        let limits = &self.aim.limits;
        let is_known = |policy: usize| {
            let standing = &self.standings[policy];
            let is_short =
                |axis: &Axis| standing.estimates[*axis as usize].reach() <= self.tolerance(*axis);
            let is_decided = |(axis, limit): &(Axis, f64)| {
                let sure = self
                    .releases
                    .estimate(*axis, &standing.rows, self.of_round());
                sure.high <= *limit || *limit < sure.low
            };
            self.aim.axes.iter().all(is_short) && limits.iter().all(is_decided)
        };
        self.left().all(is_known)
    }
}

fn rows(releases: &Releases, play: &dyn Play, policy: usize, range: &Range<u64>) -> Vec<Row> {
    let played: Vec<Vec<Summary>> = (0..releases.count())
        .map(|release| play.play(policy, release, range.clone()))
        .collect();
    let count = played.iter().map(Vec::len).min().unwrap_or(0);
    let row = |index: usize| {
        let summaries: Vec<Summary> = played.iter().map(|runs| runs[index]).collect();
        releases.row(&summaries)
    };
    (0..count).map(row).collect()
}
