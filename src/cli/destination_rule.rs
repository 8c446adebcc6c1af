//! The Istio `DestinationRule` of a rollout, as the input has it.
//!
//! Knows: what Argo Rollouts expects of it and never checks: without the rule each reconciliation fails
//! (`rollout/trafficrouting/istio/istio.go: getDestinationRule`), and a subset that it lacks is passed over in silence
//! (`istio.go: UpdateHash`). Refuses to know: hosts, policies and labels of subsets.

use crate::diagnostic::wording::{closest, quoted};
use crate::diagnostic::{Diagnostic, Located};
use crate::input::{Input, Manifest};
use crate::plan::Plan;
use crate::plan::strategy::{DestinationRule as Wanted, Routing};
use crate::spec::DestinationRule;
use crate::spec::metadata::ObjectMeta;
use crate::validation::references::Assumed;

/// All rules of an input.
pub(super) fn all(input: &Input) -> Vec<&Located<DestinationRule>> {
    let rules = input.manifests().filter_map(|manifest| match manifest {
        Manifest::DestinationRule(rule) => Some(rule),
        _ => None,
    });
    rules.collect()
}

/// The rule if it is assumed to exist, or else warnings about subsets that it lacks.
pub(super) fn check(
    rules: &[&Located<DestinationRule>],
    plan: &Plan,
) -> (Option<Assumed>, Vec<Diagnostic>) {
    let canary = plan.canary();
    let routing = canary.and_then(|canary| canary.routing.as_ref());
    let Some(wanted) = routing.and_then(Routing::destination_rule) else {
        return (None, Vec::new());
    };
    let is_it = |rule: &Located<DestinationRule>| {
        rule.value.metadata.as_ref().map_or("", ObjectMeta::name) == wanted.name
    };
    if let Some(rule) = rules.iter().rev().find(|rule| is_it(rule)) {
        return (None, missing_subsets(rule, wanted));
    }
    let path = "spec.strategy.canary.trafficRouting.istio.destinationRule.name";
    let assumed = Assumed {
        kind: "DestinationRule",
        namespace: String::new(),
        name: wanted.name.clone(),
        document_path: path.to_owned(),
    };
    (Some(assumed), Vec::new())
}

fn missing_subsets(rule: &Located<DestinationRule>, wanted: &Wanted) -> Vec<Diagnostic> {
    let spec = rule.value.spec.as_ref();
    let subsets = spec.and_then(|spec| spec.subsets.as_deref());
    let names: Vec<&str> = subsets
        .unwrap_or_default()
        .iter()
        .filter_map(|subset| subset.name.as_deref())
        .collect();
    let missing = [&wanted.canary, &wanted.stable]
        .into_iter()
        .filter(|name| !names.contains(&name.as_str()));
    missing
        .map(|name| {
            let message = format!(
                "DestinationRule {} has no subset {}",
                quoted(&wanted.name),
                quoted(name)
            );
            let problem = Diagnostic::warning("no-such-subset", message)
                .at(rule.at("spec.subsets"))
                .note("Argo Rollouts does not notice; requests that are routed to the subset fail in the mesh");
            match closest(name, names.iter().copied()) {
                Some(closest) => problem.help(format!("did you mean {}?", quoted(closest))),
                None => problem,
            }
        })
        .collect()
}
