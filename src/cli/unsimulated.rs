//! Fields that the controllers obey and we do not simulate: said aloud, never silently ignored.

use crate::diagnostic::{Diagnostic, Located};
use crate::spec::Rollout;

/// A `not-simulated` warning for each such field that `rollout` sets.
pub(super) fn warnings(rollout: &Located<Rollout>) -> Vec<Diagnostic> {
    let Some(spec) = &rollout.value.spec else {
        return Vec::new();
    };
    let strategy = spec.strategy.as_ref();
    let canary = strategy.and_then(|strategy| strategy.canary.as_ref());
    let blue_green = strategy.and_then(|strategy| strategy.blue_green.as_ref());
    let affinity = "every pod finds a node";
    let fields = [
        (
            spec.restart_at.is_some(),
            "spec.restartAt",
            "virtual time has no date, so nobody can tell whether pods are older; the action `restart` of a scenario \
             restarts them",
        ),
        (
            canary.is_some_and(|canary| canary.anti_affinity.is_some()),
            "spec.strategy.canary.antiAffinity",
            affinity,
        ),
        (
            blue_green.is_some_and(|blue_green| blue_green.anti_affinity.is_some()),
            "spec.strategy.blueGreen.antiAffinity",
            affinity,
        ),
    ];
    fields
        .into_iter()
        .filter(|(is_set, ..)| *is_set)
        .map(|(_, path, instead)| {
            Diagnostic::warning("not-simulated", format!("{path} is not simulated"))
                .at(rollout.at_key(path))
                .note(instead)
        })
        .collect()
}
