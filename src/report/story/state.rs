//! What only the state shows: pods, confirmed weights, phases.

use crate::cluster::analysis_run::{AnalysisPhase, Site};
use crate::cluster::status::{PauseConditions, PhaseMessage, RolloutPhase};
use crate::cluster::{Cluster, Event, ReplicaSet, RunId, TemplateId};
use crate::plan::{Plan, Strategy};
use crate::report::story::{Teller, counts};
use crate::report::{Actor, Kind, State};
use crate::time::Delta;

/// What the share of the requests that the canary gets follows from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stage {
    version: Option<TemplateId>,
    /// What the router was told.
    weight: Option<i32>,
    /// Without a router: how many `setWeight` steps are done.
    steps: usize,
}

/// The stage of a canary; `None` for everything else.
pub(super) fn stage(plan: &Plan, cluster: &Cluster) -> Option<Stage> {
    let (canary, rollout) = (plan.canary()?, cluster.rollout.as_ref()?);
    let status = &rollout.status;
    let weights = status.canary.weights.as_ref();
    let done = usize::try_from(status.step.unwrap_or(0)).unwrap_or(0);
    let done = canary.steps.iter().take(done);
    let is_routed = canary.routing.is_some();
    Some(Stage {
        version: Some(rollout.template),
        weight: weights
            .filter(|_| is_routed)
            .map(|weights| weights.canary.weight),
        steps: done
            .filter(|step| !is_routed && step.set_weight.is_some())
            .count(),
    })
}

/// The state as the columns of a timeline show it.
pub(super) fn of(plan: &Plan, cluster: &Cluster, versions: &[TemplateId]) -> State {
    let has_rollout = cluster.rollout.is_some();
    let pods = versions.iter().map(|version| {
        let sets = cluster
            .replica_sets
            .iter()
            .filter(|set| !set.deleted && set.template == *version);
        sets.filter(|set| counts(set.owner, has_rollout))
            .fold((0, 0), |(available, desired), set| {
                (available + set.available, desired + set.desired)
            })
    });
    let pods = pods.collect();
    let Some(rollout) = &cluster.rollout else {
        return State {
            pods,
            ..State::default()
        };
    };
    let status = &rollout.status;
    match &plan.strategy {
        Strategy::Canary(canary) => State {
            step: (!canary.steps.is_empty() && !status.abort).then(|| status.step.unwrap_or(0)),
            weight: canary.routing.is_some().then(|| {
                status
                    .canary
                    .weights
                    .as_ref()
                    .map_or(0, |weights| weights.canary.weight)
            }),
            active: None,
            pods,
        },
        Strategy::BlueGreen(blue_green) => {
            let selector = cluster
                .services
                .get(usize::from(blue_green.active_service.0));
            let active = selector.and_then(|service| service.selector);
            let active = active
                .map_or("-", |active| &plan.template(active).tag)
                .to_owned();
            State {
                step: None,
                weight: None,
                active: Some(active),
                pods,
            }
        }
    }
}

impl Teller<'_, '_> {
    /// Pods that became available or ceased to be, by themselves; returns the sets whose new pods were ready at once.
    pub(super) fn tell_pods(&mut self) -> Vec<ReplicaSet> {
        let mut grown_now = Vec::new();
        for set in &self.after.replica_sets {
            let before = self.before.replica_sets.get(usize::from(set.id.0));
            let available_before = before.map_or(0, |before| before.available);
            let desired_before = before.map_or(0, |before| before.desired);
            if set.available == available_before || set.deleted {
                continue;
            }
            let image = &self.run.compiled.environment.images[usize::from(set.template.0)];
            let at_once = image.startup.as_constant() == Some(Delta::ZERO)
                && self.plan.min_ready == Delta::ZERO;
            if at_once && desired_before < set.desired {
                grown_now.push(*set);
            } else if available_before < set.available || desired_before == set.desired {
                self.tell_of_pods(set, available_before, desired_before);
            }
        }
        grown_now
    }

    /// Pods that were created in this instant and are available at once.
    pub(super) fn tell_created_pods(&mut self, grown_now: &[ReplicaSet]) {
        for set in grown_now {
            let before = self.before.replica_sets.get(usize::from(set.id.0));
            self.tell_of_pods(
                set,
                before.map_or(0, |before| before.available),
                set.desired,
            );
        }
    }

    fn tell_of_pods(&mut self, set: &ReplicaSet, before: i32, desired: i32) {
        let name = match set.owner {
            crate::cluster::replica_set::Owner::Rollout => self.tag(set.template).to_owned(),
            crate::cluster::replica_set::Owner::Experiment(id, template) => {
                let template = &self.words.template_plan(id, template).name;
                format!("experiment template {template}")
            }
        };
        let desired = desired.max(set.available);
        let what = if before < set.available {
            format!("{name}: {} of {desired} available", set.available)
        } else if set.available == 0 {
            format!("{name}: none of {desired} available any more")
        } else {
            format!(
                "{name}: only {} of {desired} still available",
                set.available
            )
        };
        self.add(Actor::Pods, Kind::Pods, what, "");
    }

    /// What the end of the instant shows: runs that began, a confirmed weight, a new phase.
    pub(super) fn tell_state(&mut self) {
        for index in self.before.runs.len()..self.after.runs.len() {
            self.tell_of_new_run(RunId(u32::try_from(index).unwrap_or(u32::MAX)));
        }
        let (before, after) = (self.before, self.after);
        let (Some(before), Some(after)) = (&before.rollout, &after.rollout) else {
            return;
        };
        let confirmed = |weights: &Option<crate::cluster::status::Weights>| {
            weights.as_ref().and_then(|weights| weights.verified) == Some(true)
        };
        let weights = (&before.status.canary.weights, &after.status.canary.weights);
        if !confirmed(weights.0)
            && let (true, Some(weights)) = (confirmed(weights.1), weights.1)
        {
            let what = format!("confirms weight {}", weights.canary.weight);
            self.add(Actor::Router, Kind::Route, what, "");
        }
        self.tell_outages();
        self.tell_other_pauses(&before.status.pauses, &after.status.pauses);
        if before.status.phase == after.status.phase
            && before.status.message == after.status.message
        {
            return;
        }
        let message = self.words.phase_message(&after.status.message);
        match (after.status.phase, after.status.message) {
            (RolloutPhase::Healthy, _) if before.status.phase != RolloutPhase::Healthy => {
                self.add(Actor::Rollout, Kind::Healthy, "is healthy", "");
            }
            (RolloutPhase::Degraded, PhaseMessage::TimedOut(_)) => {
                let deadline = self.plan.progress_deadline;
                let why = format!(
                    "nothing progressed for {deadline}, and without progressDeadlineAbort nothing follows"
                );
                self.add(
                    Actor::Rollout,
                    Kind::Degraded,
                    "is Degraded, but not aborted",
                    why,
                );
            }
            (RolloutPhase::Degraded, PhaseMessage::InvalidSpec) => {
                self.add(
                    Actor::Rollout,
                    Kind::Degraded,
                    format!("refuses the spec: {message}"),
                    "",
                );
            }
            (phase, _) => {
                let phase = crate::trace::wording::rollout_phase(phase);
                let colon = if message.is_empty() { "" } else { ": " };
                self.add_detail(
                    Actor::Rollout,
                    Kind::Degraded,
                    format!("is {phase}{colon}{message}"),
                );
            }
        }
    }

    /// Pauses beside one that was on already: the controllers tell of the first only.
    fn tell_other_pauses(&mut self, before: &PauseConditions, after: &PauseConditions) {
        for (reason, _) in after.iter().filter(|(reason, _)| !before.has(*reason)) {
            let is_told = self
                .events
                .iter()
                .any(|(_, event)| *event == Event::Paused(reason));
            if !is_told {
                self.tell_pause(reason);
            }
        }
    }

    /// Traffic that reaches nobody, and the end of that.
    fn tell_outages(&mut self) {
        let (before, after) = (
            outages(self.plan, self.before),
            outages(self.plan, self.after),
        );
        for outage in after.iter().filter(|outage| !before.contains(outage)) {
            self.add(Actor::Pods, Kind::Outage, format!("OUTAGE: {outage}"), "");
        }
        for outage in before.iter().filter(|outage| !after.contains(outage)) {
            self.add(
                Actor::Pods,
                Kind::Outage,
                format!("no longer: {outage}"),
                "",
            );
        }
    }

    fn tell_of_new_run(&mut self, id: RunId) {
        let run = &self.after.runs[id.0 as usize];
        if run.phase == AnalysisPhase::Unset && run.deleted {
            return;
        }
        let place = self.site(run.site);
        let name = self.words.run_name(id);
        let actor = match run.site {
            Site::Experiment(..) => Actor::Experiment,
            _ => Actor::Rollout,
        };
        self.add(
            actor,
            Kind::AnalysisStarted,
            format!("starts {place} ({name})"),
            "",
        );
        // A run is told before its first measurement and its end in the same instant.
        let end = format!("{place} is ");
        self.move_last_before(|entry| {
            entry
                .measurement
                .as_ref()
                .is_some_and(|one| one.run == name)
                || (entry.kind == Kind::AnalysisEnded && entry.what.starts_with(&end))
        });
    }
}

/// Which traffic goes to versions without available pods.
fn outages(plan: &Plan, cluster: &Cluster) -> Vec<String> {
    let Some(rollout) = cluster
        .rollout
        .as_ref()
        .filter(|rollout| 0 < rollout.replicas)
    else {
        return Vec::new();
    };
    let is_empty = |template: TemplateId| {
        let sets = cluster.replica_sets.iter();
        sets.filter(|set| set.is_rollouts() && set.template == template)
            .all(|set| set.available == 0)
    };
    let tag = |template: TemplateId| &plan.template(template).tag;
    let mut outages = Vec::new();
    match &plan.strategy {
        Strategy::BlueGreen(blue_green) => {
            let active = cluster
                .services
                .get(usize::from(blue_green.active_service.0));
            if let Some(to) = active
                .and_then(|service| service.selector)
                .filter(|to| is_empty(*to))
            {
                let tag = tag(to);
                outages.push(format!(
                    "all traffic goes to {tag}, which has no available pods"
                ));
            }
        }
        Strategy::Canary(_) => {
            let weights = rollout.status.canary.weights.iter();
            let destinations = weights.flat_map(|weights| [weights.canary, weights.stable]);
            for destination in destinations.filter(|destination| 0 < destination.weight) {
                if let Some(to) = destination.template.filter(|to| is_empty(*to)) {
                    let (weight, tag) = (destination.weight, tag(to));
                    outages.push(format!(
                        "weight {weight} goes to {tag}, which has no available pods"
                    ));
                }
            }
        }
    }
    outages
}
