//! Fields that the controllers obey and we do not simulate: said aloud, never silently ignored.
//!
//! Knows: which fields have no effect here although they have one in a cluster. Refuses to know: fields that change nothing
//! that is simulated (labels of pods, queries, annotations of routers), and what the README says of all simulations.
//! `unsimulated/fields.txt` has every field with its fate.

#[cfg(test)]
mod tests;

use crate::diagnostic::wording::quoted;
use crate::diagnostic::{Diagnostic, Located, Path};
use crate::input::{Input, Manifest};
use crate::spec::metadata::ObjectMeta;
use crate::spec::{Experiment, Rollout};

/// A field: whether it is set, where it stands, and what happens instead.
type Field = (bool, &'static str, &'static str);

/// A `not-simulated` warning for each such field that `rollout` sets.
pub(super) fn of_rollout(rollout: &Located<Rollout>) -> Vec<Diagnostic> {
    let Some(spec) = &rollout.value.spec else {
        return Vec::new();
    };
    let strategy = spec.strategy.as_ref();
    let canary = strategy.and_then(|strategy| strategy.canary.as_ref());
    let blue_green = strategy.and_then(|strategy| strategy.blue_green.as_ref());
    let scale_down = spec
        .workload_ref
        .as_ref()
        .and_then(|workload| workload.scale_down.as_deref());
    let destination_rule = canary
        .and_then(|canary| canary.traffic_routing.as_ref()?.istio.as_ref())
        .and_then(|istio| istio.destination_rule.as_ref());
    let affinity = "every pod finds a node";
    let fields: [Field; 5] = [
        (
            spec.restart_at.is_some(),
            "spec.restartAt",
            "virtual time has no date, so nobody can tell whether pods are older; the action `restart` of a scenario \
             restarts them",
        ),
        (
            scale_down.is_some_and(|scale_down| !["", "never"].contains(&scale_down)),
            "spec.workloadRef.scaleDown",
            "the pods of the workload itself do not exist",
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
        (
            destination_rule.is_some_and(|rule| rule.additional_subset_names.is_some()),
            "spec.strategy.canary.trafficRouting.istio.destinationRule.additionalSubsetNames",
            "no traffic goes to additional subsets",
        ),
    ];
    warnings(rollout, fields)
}

/// A `not-simulated` warning for each such field that `experiment` sets.
pub(super) fn of_experiment(experiment: &Located<Experiment>) -> Vec<Diagnostic> {
    let spec = experiment.value.spec.as_ref();
    let fields: [Field; 1] = [(
        spec.is_some_and(|spec| spec.terminate == Some(true)),
        "spec.terminate",
        "the experiment runs until it ends by itself, or by the action `terminateExperiment` of a scenario",
    )];
    warnings(experiment, fields)
}

fn warnings<T>(object: &Located<T>, fields: impl IntoIterator<Item = Field>) -> Vec<Diagnostic> {
    fields
        .into_iter()
        .filter(|(is_set, ..)| *is_set)
        .map(|(_, path, instead)| {
            Diagnostic::warning("not-simulated", format!("{path} is not simulated"))
                .at(object.at_key(path))
                .note(instead)
        })
        .collect()
}

/// A `not-simulated` warning for each object that only a controller should make, or that stands beside the one that is
/// simulated: analysis runs, and the experiments beside a Rollout.
pub(super) fn objects(input: &Input, has_rollout: bool) -> Vec<Diagnostic> {
    let manifests = input.manifests();
    let warning = |manifest: &Manifest| {
        let (place, instead) = match manifest {
            Manifest::AnalysisRun(run) => (
                run.at(Path::root()),
                "only the runs that a Rollout or an Experiment makes are simulated",
            ),
            Manifest::Experiment(experiment) if has_rollout => (
                experiment.at(Path::root()),
                "an Experiment is simulated on its own, without a Rollout in the input",
            ),
            _ => return None,
        };
        let name = manifest.metadata().map_or("", ObjectMeta::name);
        let message = format!("{} {} is not simulated", manifest.kind(), quoted(name));
        let problem = Diagnostic::warning("not-simulated", message);
        Some(problem.at(place).note(instead))
    };
    manifests.filter_map(warning).collect()
}
