//! Where in a release an analysis stands, and how long the weight has been as it is when it measures.
//!
//! Knows: steps and pauses of a plan. Refuses to know: queries. Simplifies: time that steps take other than in pauses
//! is not counted, as nobody should rely on it.

use std::fmt;

use crate::plan::{Plan, Step};
use crate::time::Delta;

/// Where an analysis stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `strategy.canary.analysis`.
    Background,
    /// A step, counted from 0.
    Step(usize),
    /// An experiment of a step (counted from 0), or one on its own, and the name of its analysis there.
    Experiment(Option<usize>, String),
    /// `prePromotionAnalysis`.
    PrePromotion,
    /// `postPromotionAnalysis`.
    PostPromotion,
}

/// How long the weight has been as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Soak {
    /// Before the analysis begins, at this step (counted from 0) the weight was set, and pauses since then take so
    /// long.
    Since(usize, Delta),
    /// While it runs, the weight changes; the shortest time between two changes begins at this step (counted from 0).
    Shortest(usize, Delta),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Background => f.write_str("background"),
            Self::Step(step) => write!(f, "step {}", step + 1),
            Self::Experiment(Some(step), name) => {
                write!(f, "{name} of the experiment at step {}", step + 1)
            }
            Self::Experiment(None, name) => write!(f, "{name} of the experiment"),
            Self::PrePromotion => f.write_str("before the promotion"),
            Self::PostPromotion => f.write_str("after the promotion"),
        }
    }
}

/// The places of all sites of a plan that a run can come to, each with its index into [`Plan::sites`].
#[must_use]
pub fn places(plan: &Plan) -> Vec<(Place, u16)> {
    let mut found = Vec::new();
    if let Some(canary) = plan.canary() {
        found.extend(
            canary
                .background
                .iter()
                .map(|background| (Place::Background, background.site)),
        );
        for (index, step) in canary.steps.iter().enumerate() {
            found.extend(step.analysis.map(|site| (Place::Step(index), site)));
            if let Some(experiment) = step.experiment {
                found.extend(of_experiment(plan, usize::from(experiment), Some(index)));
            }
        }
    }
    if let Some(blue_green) = plan.blue_green() {
        found.extend(
            blue_green
                .pre_promotion
                .map(|site| (Place::PrePromotion, site)),
        );
        found.extend(
            blue_green
                .post_promotion
                .map(|site| (Place::PostPromotion, site)),
        );
    }
    let on_their_own = plan
        .experiments
        .iter()
        .enumerate()
        .filter(|(_, one)| !one.name.is_empty());
    for (index, _) in on_their_own {
        found.extend(of_experiment(plan, index, None));
    }
    found
}

fn of_experiment(plan: &Plan, index: usize, step: Option<usize>) -> Vec<(Place, u16)> {
    let experiment = plan.experiments.get(index);
    let analyses = experiment
        .into_iter()
        .flat_map(|experiment| &experiment.analyses);
    analyses
        .map(|analysis| {
            (
                Place::Experiment(step, analysis.name.clone()),
                analysis.site,
            )
        })
        .collect()
}

/// How long the weight has been as it is where an analysis measures; `None` where no weight is set, or where a pause
/// has no end.
#[must_use]
pub fn soak(plan: &Plan, place: &Place) -> Option<Soak> {
    let canary = plan.canary()?;
    match place {
        Place::Step(index) => since(&canary.steps, *index),
        Place::Background => shortest(&canary.steps),
        _ => None,
    }
}

fn since(steps: &[Step], index: usize) -> Option<Soak> {
    let before = steps.get(..index)?;
    let set = before.iter().rposition(|step| step.set_weight.is_some())?;
    Some(Soak::Since(set, pauses(&before[set..])?))
}

fn shortest(steps: &[Step]) -> Option<Soak> {
    let has_weight = |(index, step): (usize, &Step)| step.set_weight.map(|_| index);
    let changes: Vec<usize> = steps.iter().enumerate().filter_map(has_weight).collect();
    let ends = changes.iter().skip(1).copied().chain([steps.len()]);
    let stretches = changes.iter().copied().zip(ends);
    // Where an analysis of a step takes time as well, nobody knows how long that is.
    let is_plain = |step: &Step| step.analysis.is_none() && step.experiment.is_none();
    stretches
        .filter(|(from, to)| steps[*from..*to].iter().all(is_plain))
        .filter_map(|(from, to)| Some((from, pauses(&steps[from..to])?)))
        .min_by_key(|(_, length)| *length)
        .map(|(from, length)| Soak::Shortest(from, length))
}

/// The time that all pauses take together; `None` if one has no end.
fn pauses(steps: &[Step]) -> Option<Delta> {
    let pauses = steps.iter().filter_map(|step| step.pause.as_ref());
    pauses
        .map(|pause| pause.duration)
        .try_fold(Delta::ZERO, |sum, length| Some(sum + length?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::strategy::Pause;

    fn weight(weight: i32) -> Step {
        Step {
            set_weight: Some(weight),
            ..Step::default()
        }
    }

    fn pause(seconds: Option<i64>) -> Step {
        Step {
            pause: Some(Pause {
                duration: seconds.map(Delta::from_secs),
                written: String::new(),
            }),
            ..Step::default()
        }
    }

    #[test]
    fn the_weight_is_as_old_as_the_pauses_since_it_was_set() {
        let steps = [
            weight(10),
            pause(Some(60)),
            weight(20),
            pause(Some(30)),
            pause(Some(15)),
        ];
        assert_eq!(since(&steps, 5), Some(Soak::Since(2, Delta::from_secs(45))));
        assert_eq!(since(&steps, 2), Some(Soak::Since(0, Delta::from_secs(60))));
        assert_eq!(since(&steps, 0), None, "no weight is set yet");
        assert_eq!(
            since(&[weight(10), pause(None)], 2),
            None,
            "a person decides"
        );
    }

    #[test]
    fn the_shortest_time_between_two_weights_counts_for_the_background() {
        let mut steps = vec![
            weight(10),
            pause(Some(60)),
            weight(20),
            pause(Some(30)),
            weight(50),
            pause(None),
        ];
        assert_eq!(
            shortest(&steps),
            Some(Soak::Shortest(2, Delta::from_secs(30)))
        );
        // An analysis takes longer than its pauses.
        steps[2].analysis = Some(0);
        assert_eq!(
            shortest(&steps),
            Some(Soak::Shortest(0, Delta::from_secs(60)))
        );
    }
}
