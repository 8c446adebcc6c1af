//! Which policy to take, and which others may be as good.
//!
//! Knows: the frontier, and the two ways to choose. Refuses to name a winner where runs cannot tell: what cannot be told
//! apart from the choice comes with it, and if the policy as written is among that, it is the choice.

use std::collections::{BTreeMap, HashMap};

use super::race::{Fate, Race};
use super::score::{Axis, Estimate, Row};
use crate::trials::report::CONFIDENCE;

/// Where a policy stands in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// No policy that may keep the limits has better estimates.
    Frontier,
    /// Another one has better estimates, but not by more than the noise.
    Near,
    /// Its estimates break the limit of this axis, but not by more than the noise.
    Over(Axis),
    /// Every run came to the same as under this policy, which has a lower number.
    Alike(usize),
    /// It was dropped.
    Dropped(Fate),
}

/// The policy to take.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Which.
    pub policy: usize,
    /// Those that cannot be told apart from it by what is to be least; with it.
    pub tied: Vec<usize>,
    /// Whether it keeps the limits with the usual confidence.
    pub keeps_limits: bool,
    /// What it has more than the policy as written, by [`Axis::ALL`].
    pub buys: [Estimate; 5],
}

/// How all policies ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Of each policy.
    pub places: Vec<Place>,
    /// Which one to take; `None` if none keeps the limits.
    pub choice: Option<Choice>,
}

impl Outcome {
    /// What a race came to. `minimise` says what is to be least, the most important first; where it says nothing the
    /// choice is the knee of the frontier: the policy that is nearest to having the best of everything, each respect counted
    /// from the best to the worst of all policies that were tried.
    #[must_use]
    pub fn of(race: &Race<'_>, minimise: &[Axis]) -> Self {
        let places = places(race);
        let keeping = |wanted: &dyn Fn(Place) -> bool| -> Vec<usize> {
            let left = race.left().filter(|policy| wanted(places[*policy]));
            left.collect()
        };
        let eligible = if minimise.is_empty() {
            keeping(&|place| place == Place::Frontier)
        } else {
            keeping(&|place| matches!(place, Place::Frontier | Place::Near))
        };
        let sure: Vec<usize> = eligible
            .iter()
            .copied()
            .filter(|policy| surely_keeps(race, *policy))
            .collect();
        let keeps_limits = !sure.is_empty();
        let pool = if keeps_limits { sure } else { eligible };
        let tied = if minimise.is_empty() {
            knee(race, &pool)
        } else {
            least(race, pool, minimise)
        };
        let policy = tied.iter().copied().find(|policy| *policy == 0);
        let policy = policy.or_else(|| tied.first().copied());
        let choice = policy.map(|policy| Choice {
            policy,
            keeps_limits,
            buys: buys(race, policy),
            tied,
        });
        Self { places, choice }
    }
}

fn buys(race: &Race<'_>, policy: usize) -> [Estimate; 5] {
    let standings = race.standings();
    let (ours, written) = (&standings[policy].rows, &standings[0].rows);
    Axis::ALL.map(|axis| race.releases().difference(axis, ours, written, CONFIDENCE))
}

fn surely_keeps(race: &Race<'_>, policy: usize) -> bool {
    let estimates = &race.standings()[policy].estimates;
    let mut limits = race.aim().limits.iter();
    limits.all(|(axis, limit)| estimates[*axis as usize].high <= *limit)
}

fn places(race: &Race<'_>) -> Vec<Place> {
    let over = |policy: usize| {
        let estimates = &race.standings()[policy].estimates;
        let mut limits = race.aim().limits.iter();
        let over = limits.find(|(axis, limit)| *limit < estimates[*axis as usize].mean);
        over.map(|(axis, _)| *axis)
    };
    let keeping: Vec<usize> = race
        .left()
        .filter(|policy| over(*policy).is_none())
        .collect();
    let twins = twins(race);
    let standings = race.standings().iter().enumerate();
    let place = |(policy, standing): (usize, &super::race::Standing)| match standing.fate {
        Some(fate) => Place::Dropped(fate),
        None => match over(policy) {
            _ if twins.contains_key(&policy) => Place::Alike(twins[&policy]),
            Some(axis) => Place::Over(axis),
            None if keeping.iter().any(|rival| race.covers(*rival, policy)) => Place::Near,
            None => Place::Frontier,
        },
    };
    standings.map(place).collect()
}

/// Policies that are left, and the first one under which every run came to the same: an interval between measurements, say, of which there
/// is only one.
fn twins(race: &Race<'_>) -> BTreeMap<usize, usize> {
    let rows = |policy: usize| &race.standings()[policy].rows;
    let mut firsts: HashMap<&[Row], usize> = HashMap::new();
    let first = |policy: usize| (policy, *firsts.entry(rows(policy)).or_insert(policy));
    let pairs = race.left().map(first);
    pairs.filter(|(policy, first)| policy != first).collect()
}

/// Those that cannot be told apart from the best: by the first axis, then by the next one among them, and so on. The best
/// by the estimates comes first.
#[expect(clippy::cast_precision_loss, reason = "there are not so many policies")]
fn least(race: &Race<'_>, mut pool: Vec<usize>, axes: &[Axis]) -> Vec<usize> {
    let standings = race.standings();
    for axis in axes {
        let mean = |policy: usize| standings[policy].estimates[*axis as usize].mean;
        let best = pool
            .iter()
            .copied()
            .min_by(|a, b| mean(*a).total_cmp(&mean(*b)));
        let Some(best) = best else {
            break;
        };
        let confidence = 1.0 - (1.0 - CONFIDENCE) / pool.len() as f64;
        pool.retain(|policy| {
            let (ours, its) = (&standings[*policy].rows, &standings[best].rows);
            let difference = race.releases().difference(*axis, ours, its, confidence);
            *policy == best || difference.low <= 0.0
        });
        pool.sort_by(|a, b| mean(*a).total_cmp(&mean(*b)).then(a.cmp(b)));
    }
    pool
}

/// The policy whose estimates are nearest to the best of everything.
fn knee(race: &Race<'_>, pool: &[usize]) -> Vec<usize> {
    let count = race.aim().axes.len();
    let (mut low, mut high) = (vec![f64::INFINITY; count], vec![f64::NEG_INFINITY; count]);
    for policy in 0..race.standings().len() {
        for (index, mean) in race.means(policy).enumerate() {
            low[index] = low[index].min(mean);
            high[index] = high[index].max(mean);
        }
    }
    let distance = |policy: usize| -> f64 {
        let means = race.means(policy).enumerate();
        let parts = means.map(|(index, mean)| {
            let width = high[index] - low[index];
            if 0.0 < width {
                ((mean - low[index]) / width).powi(2)
            } else {
                0.0
            }
        });
        parts.sum()
    };
    let nearest = pool
        .iter()
        .copied()
        .min_by(|a, b| distance(*a).total_cmp(&distance(*b)));
    nearest.into_iter().collect()
}
