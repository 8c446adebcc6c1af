//! Claims that no run of a release could meet, because it lacks what they name.

use std::collections::BTreeSet;

use super::{roles, service};
use crate::diagnostic::wording::{closest, count, listed, quoted};
use crate::diagnostic::{Diagnostic, Located};
use crate::plan::Strategy;
use crate::plan::compile::Compiled;
use crate::scenario::claim::{Bounds, Claimed, Measure};
use crate::scenario::{Claim, Written};
use crate::sim::Start;

/// What is wrong with the claims of a scenario, as far as this release is concerned.
#[must_use]
pub fn unmeetable(
    claims: &[Claim],
    written: &Located<Written>,
    compiled: &Compiled,
    start: &Start,
) -> Vec<Diagnostic> {
    // A refused spec may lack anything.
    if compiled.plan.invalid.is_some() {
        return Vec::new();
    }
    let names = Names { compiled, start };
    let problem = |claim: &Claim| {
        let problem = names.problem(&claim.what)?;
        // The metric and the image are named one level above the number.
        let parent = claim.path.parent().unwrap_or_default();
        let place = match &claim.what {
            Claimed::Measurements { .. } => written.at_key(parent),
            Claimed::Pods { .. } => written.at(parent.key("image")),
            _ => written.at(claim.path.clone()),
        };
        Some(problem.at(place))
    };
    claims.iter().filter_map(problem).collect()
}

struct Names<'a> {
    compiled: &'a Compiled,
    start: &'a Start,
}

impl Names<'_> {
    fn problem(&self, claimed: &Claimed) -> Option<Diagnostic> {
        match claimed {
            Claimed::Step(bounds) => self.step(bounds),
            Claimed::Measure(measure, _) => self.measure(*measure),
            Claimed::Measurements { metric, .. } => self.metric(metric),
            Claimed::Weight { .. } => self.weight(),
            Claimed::Pods { tag, .. } => self.tag(tag),
            Claimed::Endpoints(name) => self.endpoints(name.as_deref()),
            Claimed::Verdict(_)
            | Claimed::NotBefore(_)
            | Claimed::NotAfter(_)
            | Claimed::Reason(_) => None,
        }
    }

    /// Whether it is a rollout, not an Experiment on its own.
    fn is_rollout(&self) -> bool {
        self.start.cluster.rollout.is_some()
    }

    fn step(&self, bounds: &Bounds) -> Option<Diagnostic> {
        let canary = self.compiled.plan.canary().filter(|_| self.is_rollout());
        let steps = canary.map_or(0, |canary| canary.steps.len());
        if steps == 0 {
            let problem = Diagnostic::error("no-such-step", "there are no steps");
            return Some(problem.help("remove `step`"));
        }
        let last = u32::try_from(steps).unwrap_or(u32::MAX);
        let wanted = if bounds.least.is_finite() {
            bounds.least
        } else {
            bounds.most
        };
        if wanted <= f64::from(last) {
            return None;
        }
        let wanted = bounds.show(wanted);
        let steps_are = count(steps, "step");
        let message = format!("there is no step {wanted}: the rollout has {steps_are}");
        let help = format!("steps count from 0; {steps} means that all are done");
        Some(Diagnostic::error("no-such-step", message).help(help))
    }

    fn measure(&self, measure: Measure) -> Option<Diagnostic> {
        let name = quoted(measure.name());
        if !self.is_rollout() {
            let message = format!("{name} is not accounted for an Experiment on its own");
            return Some(Diagnostic::error("not-accounted", message).help("remove it"));
        }
        let environment = &self.compiled.environment;
        let traffic = environment.traffic.as_ref();
        let lacks = |what: &str, help: &str| {
            let message = format!("{name} is not known without {}", quoted(what));
            Some(Diagnostic::error("not-accounted", message).help(help))
        };
        match measure {
            _ if measure.is_of_traffic() && traffic.is_none() => lacks(
                "spec.traffic",
                "say how many requests there are, such as `traffic: {rps: 100}`",
            ),
            Measure::UsersExposed
                if traffic.is_some_and(|traffic| traffic.requests_per_user.is_none()) =>
            {
                lacks(
                    "spec.traffic.requestsPerUser",
                    "say how many requests a user makes, such as `requestsPerUser: 20`",
                )
            }
            Measure::ExcessCost if environment.pod_hour.is_none() => lacks(
                "spec.cost.podHour",
                "say the price of a pod for an hour, such as `cost: {podHour: 0.05}`",
            ),
            Measure::Harm if self.stable_at_start().is_none() => {
                let message = "there is no harm without a version to compare with";
                let help = "remove it: no version is stable at the start";
                Some(Diagnostic::error("not-accounted", message).help(help))
            }
            _ => None,
        }
    }

    fn stable_at_start(&self) -> Option<crate::cluster::TemplateId> {
        self.start.cluster.rollout.as_ref()?.status.stable
    }

    fn metric(&self, metric: &str) -> Option<Diagnostic> {
        let analyses = self.compiled.plan.analyses.iter();
        let names: BTreeSet<&str> = analyses
            .flat_map(|analysis| analysis.metrics.iter().map(|metric| metric.name.as_str()))
            .collect();
        if names.contains(metric) {
            return None;
        }
        let message = format!("nothing measures a metric {}", quoted(metric));
        Some(unknown("unknown-metric", message, metric, &names))
    }

    fn weight(&self) -> Option<Diagnostic> {
        let canary = self.compiled.plan.canary();
        if canary.is_some_and(|canary| canary.routing.is_some()) && self.is_rollout() {
            return None;
        }
        let message = "there are no weights without a traffic router";
        let help = "expect pods instead, such as `pods: [{at: 3m, image: v2, available: 1}]`";
        Some(Diagnostic::error("no-weights", message).help(help))
    }

    fn tag(&self, tag: &str) -> Option<Diagnostic> {
        let templates = self.compiled.plan.templates.iter();
        let tags: BTreeSet<&str> = templates.map(|template| template.tag.as_str()).collect();
        if tags.contains(tag) {
            return None;
        }
        let message = format!("no pod ever runs the tag {}", quoted(tag));
        Some(unknown("unknown-image", message, tag, &tags))
    }

    fn endpoints(&self, name: Option<&str>) -> Option<Diagnostic> {
        let plan = &self.compiled.plan;
        if plan.services.is_empty() || !self.is_rollout() {
            let problem = Diagnostic::error("unknown-service", "the rollout names no services");
            return Some(problem.help("remove `endpoints`"));
        }
        let name = name?;
        if service(plan, name).is_some() {
            return None;
        }
        let roles = roles(plan).into_iter().map(|(role, _)| role);
        let names: BTreeSet<&str> = roles
            .chain(plan.services.iter().map(String::as_str))
            .collect();
        let strategy = match plan.strategy {
            Strategy::BlueGreen(_) => "blue-green rollout",
            Strategy::Canary(_) => "canary",
        };
        let message = format!("the {strategy} has no service {}", quoted(name));
        Some(unknown("unknown-service", message, name, &names))
    }
}

fn unknown(id: &'static str, message: String, name: &str, known: &BTreeSet<&str>) -> Diagnostic {
    let problem = Diagnostic::error(id, message);
    let names: Vec<&str> = known.iter().copied().collect();
    match closest(name, names.iter().copied()) {
        Some(meant) => problem.help(format!("did you mean {}?", quoted(meant))),
        None if names.is_empty() => problem.help("remove it"),
        None => problem.help(format!("known are {}", listed(&names, "and"))),
    }
}
