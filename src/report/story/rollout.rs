//! The rollout controller and the people: revisions, steps, weights, services, pauses, aborts, promotions.

use crate::cluster::event::{PromoteReason, ReconcileError, SkipReason};
use crate::cluster::status::{AbortCause, PauseReason, PluginOperation, PluginPhase};
use crate::cluster::{Event, RouterCall, ServiceId, TemplateId};
use crate::plan::scenario::{Deed, Refusal};
use crate::report::story::Teller;
use crate::report::{Actor, Kind};
use crate::time::Delta;
use crate::trace::wording;
use crate::verdict;

impl Teller<'_, '_> {
    pub(super) fn tell_of_rollout(&mut self, event: &Event) {
        match *event {
            Event::User(deed, refusal) => self.tell_deed(deed, refusal),
            Event::RolloutUpdated { revision } => self.tell_revision(revision),
            Event::Scaled {
                template, from, to, ..
            } => self.tell_scaling(template, from, to),
            Event::UpdateCompleted {
                revision,
                template,
                reason,
            } => {
                self.step = self.plan.canary().map(crate::plan::Canary::step_count);
                self.stable = Some(template);
                if reason == PromoteReason::InitialDeploy {
                    let what = format!("makes {} the stable version", self.tag(template));
                    let why = "there is none yet; no step and no analysis applies";
                    self.add(Actor::Rollout, Kind::Promoted, what, why);
                } else {
                    let what = format!("PROMOTES revision {revision} ({})", self.tag(template));
                    let why = self.words.promote_reason(reason);
                    self.add(Actor::Rollout, Kind::Promoted, what, why);
                }
            }
            Event::StepCompleted { step } => self.tell_step(step),
            Event::SkipSteps(reason) => {
                self.step = self.plan.canary().map(crate::plan::Canary::step_count);
                let why = match reason {
                    SkipReason::ToStable => "it goes back to its stable version",
                    SkipReason::WithinWindow => "it goes back within its rollback window",
                };
                self.add(Actor::Rollout, Kind::Step, "skips all steps", why);
            }
            Event::Paused(reason) => self.tell_pause(reason),
            Event::Resumed => self.add_detail(Actor::Rollout, Kind::Pause, "is resumed"),
            Event::Aborted(abort) => {
                self.aborted = true;
                self.step = self
                    .plan
                    .canary()
                    .filter(|canary| !canary.steps.is_empty())
                    .map(|_| 0);
                let why = match abort.cause {
                    AbortCause::Person => "a person asked for it".to_owned(),
                    cause => self.words.abort_cause(&cause),
                };
                let what = format!("ABORTS revision {}", abort.revision);
                self.add(Actor::Rollout, Kind::Aborted, what, why);
            }
            Event::ServiceSwitched { service, from, to } => self.tell_switch(service, from, to),
            Event::WeightUpdated {
                from,
                to,
                additional,
            } => self.tell_weight(from, to, additional),
            Event::Routed(call) => self.tell_route(call),
            Event::DestinationRuleUpdated { canary, stable } => {
                let tag = |template: Option<TemplateId>| {
                    template.map_or("nothing", |template| &self.plan.template(template).tag)
                };
                let what = format!(
                    "tells the destination rule: canary {}, stable {}",
                    tag(canary),
                    tag(stable)
                );
                self.add_detail(Actor::Rollout, Kind::Route, what);
            }
            Event::StepPlugin {
                step,
                operation,
                phase,
            } => self.tell_plugin(step, operation, phase),
            Event::PodsRestarted { replica_set, count } => {
                let template = self.after.replica_set(replica_set).template;
                let noun = if count == 1 { "pod" } else { "pods" };
                let what = format!("evicts {count} {noun} of {}", self.tag(template));
                self.add(
                    Actor::Rollout,
                    Kind::Restarted,
                    what,
                    "older than restartAt",
                );
            }
            Event::ReconcileFailed(error) => self.tell_failure(error),
            Event::KeepsItselfBusy => {
                let why = verdict::busy_cause(self.plan, self.after);
                self.add(Actor::Rollout, Kind::Busy, "is busy without end", why);
            }
            _ => {}
        }
    }

    fn tell_failure(&mut self, error: ReconcileError) {
        let what = format!("fails: {}", verdict::reconcile_error(self.words, error));
        if self.told_failure == Some(error) {
            self.add_detail(Actor::Rollout, Kind::Failed, what);
        } else {
            let why = "it tries again with growing delay";
            self.add(Actor::Rollout, Kind::Failed, what, why);
        }
        self.told_failure = Some(error);
    }

    fn tell_deed(&mut self, deed: Deed, refusal: Option<Refusal>) {
        self.aborted = match deed {
            Deed::Abort => refusal.is_none(),
            Deed::Retry => false,
            _ => self.aborted,
        };
        let what = self.words.deed(deed);
        let why = match refusal {
            Some(refusal) => format!("refused: {}", self.words.refusal(refusal)),
            None => self.tell_skipped_step(deed),
        };
        self.add(Actor::Person, Kind::Deed, what, why);
    }

    /// Takes note of a step that a person skipped.
    fn tell_skipped_step(&mut self, deed: Deed) -> String {
        let may_skip = matches!(
            deed,
            Deed::Promote | Deed::SkipCurrentStep | Deed::SkipAllSteps
        );
        let (Some(canary), Some(before)) = (self.plan.canary().filter(|_| may_skip), self.step)
        else {
            return String::new();
        };
        let completed = self.events.iter();
        let completed = completed
            .filter(|(_, event)| matches!(event, Event::StepCompleted { .. }))
            .count();
        let status = self.after.rollout.as_ref().map(|rollout| &rollout.status);
        let after = status
            .filter(|status| !status.abort)
            .and_then(|status| status.step);
        let after = after.unwrap_or(before) - i32::try_from(completed).unwrap_or(0);
        if after <= before {
            return String::new();
        }
        self.step = Some(after);
        let skipped = |index: i32| canary.step(index).map(wording::step).unwrap_or_default();
        let count = canary.steps.len();
        if after == before + 1 {
            format!("skips step {}/{count} ({})", before + 1, skipped(before))
        } else {
            format!("skips steps {} to {after} of {count}", before + 1)
        }
    }

    fn tell_revision(&mut self, revision: u32) {
        self.aborted = false;
        let has_steps = self
            .plan
            .canary()
            .is_some_and(|canary| !canary.steps.is_empty());
        self.step = has_steps.then_some(0);
        let sets = &self.after.replica_sets;
        let set = sets
            .iter()
            .find(|set| set.is_rollouts() && set.revision == revision);
        let of = set.map_or(String::new(), |set| {
            format!(" ({})", self.tag(set.template))
        });
        self.add(
            Actor::Rollout,
            Kind::Revision,
            format!("begins revision {revision}{of}"),
            "",
        );
    }

    fn tell_scaling(&mut self, template: TemplateId, from: i32, to: i32) {
        let what = format!("scales {} from {from} to {to}", self.tag(template));
        let why = self.why_scaled(template);
        self.add(Actor::Rollout, Kind::Scaled, what, why);
    }

    /// What the size of a canary's sets follows from at the step that is being told.
    fn why_scaled(&self, template: TemplateId) -> String {
        let Some(rollout) = &self.after.rollout else {
            return String::new();
        };
        if let Some(aborted) = self.aborted() {
            return aborted;
        }
        let (Some(canary), Some(step)) = (self.plan.canary(), self.step) else {
            return String::new();
        };
        if self.stable.is_none_or(|stable| stable == rollout.template) {
            return String::new();
        }
        if template != rollout.template && Some(template) != self.stable {
            return "no longer wanted".to_owned();
        }
        if canary.step(step).is_none() {
            return "all steps are done".to_owned();
        }
        let is_new = template == rollout.template;
        let scale = canary.steps[..=usize::try_from(step).unwrap_or(0)]
            .iter()
            .rev()
            .find(|step| step.set_canary_scale.is_some())
            .filter(|_| is_new && canary.routing.is_some());
        match (scale, canary.weight_at(step)) {
            (Some(scale), _) => wording::step(scale),
            (None, Some(weight)) => format!("setWeight: {weight}"),
            (None, None) => String::new(),
        }
    }

    /// How long ago the rollout was aborted, if it is.
    fn aborted(&self) -> Option<String> {
        if !self.aborted {
            return None;
        }
        let aborted_at = self.after.rollout.as_ref()?.status.aborted_at;
        let ago = self.at.stored() - aborted_at.unwrap_or(self.at.stored());
        Some(if ago <= Delta::ZERO {
            "aborted".to_owned()
        } else {
            format!("{ago} after the abort")
        })
    }

    fn tell_step(&mut self, step: i32) {
        self.step = Some(step + 1);
        let Some(canary) = self.plan.canary() else {
            return;
        };
        let Some(done) = canary.step(step) else {
            return;
        };
        let (number, count) = (step + 1, canary.steps.len());
        let what = format!("completes step {number}/{count} ({})", wording::step(done));
        let why = if let Some(pause) = &done.pause {
            self.why_pause_ended(pause.duration)
        } else if done.set_canary_scale.is_some() || done.set_weight.is_some() {
            "its pods are available".to_owned()
        } else if done.experiment.is_some() {
            "its experiment is Successful".to_owned()
        } else if done.analysis.is_some() {
            "its analysis is Successful".to_owned()
        } else if done.plugin.is_some() {
            "its plugin has ended".to_owned()
        } else {
            String::new()
        };
        self.add(Actor::Rollout, Kind::StepCompleted, what, why);
    }

    fn why_pause_ended(&self, length: Option<Delta>) -> String {
        let Some(before) = &self.before.rollout else {
            return String::new();
        };
        let pauses = &before.status.pauses;
        match (length, pauses.start_of(PauseReason::CanaryPauseStep)) {
            (Some(length), Some(start)) if start + length <= self.at => {
                format!("it waited {length}, since {start}")
            }
            (Some(length), None) if length <= Delta::ZERO => "its time has passed".to_owned(),
            (_, None) if !pauses.is_empty() => "it is paused for another reason already".to_owned(),
            _ => "a person resumed it".to_owned(),
        }
    }

    pub(super) fn tell_pause(&mut self, reason: PauseReason) {
        let step = self.step.unwrap_or(0);
        let (what, why) = match reason {
            PauseReason::CanaryPauseStep => {
                let canary = self.plan.canary();
                let length = canary
                    .and_then(|canary| canary.step(step)?.pause.as_ref())
                    .and_then(|pause| pause.duration);
                let count = canary.map_or(0, |canary| canary.steps.len());
                let until = length.map_or("until a person promotes it".to_owned(), |length| {
                    format!("until {}", self.at.stored() + length)
                });
                (
                    format!("pauses {until}"),
                    format!("step {}/{count}", step + 1),
                )
            }
            PauseReason::BlueGreenPause => {
                let delay = self
                    .plan
                    .blue_green()
                    .filter(|blue_green| blue_green.auto_promotion)
                    .map(|blue_green| blue_green.auto_promotion_delay);
                let until = delay.map_or("until a person promotes it".to_owned(), |delay| {
                    format!("until {}", self.at.stored() + delay)
                });
                let why = if delay.is_some() {
                    "autoPromotionSeconds"
                } else {
                    "autoPromotionEnabled: false"
                };
                (format!("pauses before the switch {until}"), why.to_owned())
            }
            PauseReason::InconclusiveAnalysis => (
                "pauses until a person decides".to_owned(),
                "an analysis was inconclusive".to_owned(),
            ),
            PauseReason::InconclusiveExperiment => (
                "pauses until a person decides".to_owned(),
                "the experiment was inconclusive".to_owned(),
            ),
        };
        self.add(Actor::Rollout, Kind::Pause, what, why);
    }

    /// Switches that are taken back in the same instant are details.
    fn tell_switch(&mut self, service: ServiceId, from: Option<TemplateId>, to: TemplateId) {
        let selector = |cluster: &crate::cluster::Cluster| {
            cluster
                .services
                .get(usize::from(service.0))
                .and_then(|service| service.selector)
        };
        let name = &self.plan.services[usize::from(service.0)];
        let was = from.map_or(String::new(), |from| {
            format!(", no longer at {}", self.tag(from))
        });
        let what = format!("points service {name} at {}{was}", self.tag(to));
        let at = self.at;
        let is_told = self
            .entries
            .iter()
            .rev()
            .take_while(|entry| entry.at == at)
            .any(|entry| entry.what == what);
        let is_lasting =
            selector(self.before) != selector(self.after) && selector(self.after) == Some(to);
        if is_told || !is_lasting {
            self.add_detail(Actor::Rollout, Kind::Service, what);
        } else {
            self.add(Actor::Rollout, Kind::Service, what, "");
        }
    }

    fn tell_weight(&mut self, from: Option<i32>, to: i32, additional: bool) {
        if additional {
            self.tell_shares();
        }
        let what = match from {
            Some(from) => format!("sets weight {from} -> {to}"),
            None => format!("sets weight {to}"),
        };
        if from == Some(to) {
            self.add_detail(Actor::Rollout, Kind::Weight, what);
        } else {
            let why = self.why_weighed(to);
            self.add(Actor::Rollout, Kind::Weight, what, why);
        }
    }

    /// What the templates of an experiment are given.
    fn tell_shares(&mut self) {
        let rollout = self.after.rollout.iter();
        let shares: Vec<String> = rollout
            .flat_map(|rollout| &rollout.status.canary.additional_weights)
            .map(|extra| {
                let template = self.words.template_plan(extra.experiment, extra.template);
                format!("{} to {}", extra.weight, template.name)
            })
            .collect();
        let what = if shares.is_empty() {
            "takes the experiment's weights back".to_owned()
        } else {
            format!("sets the experiment's weights: {}", shares.join(", "))
        };
        self.add(Actor::Rollout, Kind::Weight, what, "");
    }

    fn is_empty(&self, template: TemplateId) -> bool {
        let sets = self.after.replica_sets.iter();
        sets.filter(|set| set.is_rollouts() && set.template == template)
            .all(|set| set.available == 0)
    }

    fn why_weighed(&self, to: i32) -> String {
        let (Some(rollout), Some(canary)) = (&self.after.rollout, self.plan.canary()) else {
            return String::new();
        };
        let step = self.step.unwrap_or(0);
        if let Some(aborted) = self.aborted() {
            aborted
        } else if self.stable == Some(rollout.template) {
            format!("{} is stable", self.tag(rollout.template))
        } else if to == 0 && self.is_empty(rollout.template) {
            format!("no pod of {} is available yet", self.tag(rollout.template))
        } else if canary.step(step).is_none() {
            "all steps are done".to_owned()
        } else if canary.weight_at(step) == Some(to) {
            format!("setWeight: {to}")
        } else {
            String::new()
        }
    }

    fn tell_route(&mut self, call: RouterCall) {
        let step = |index: u16| {
            let canary = self.plan.canary();
            canary
                .and_then(|canary| canary.steps.get(usize::from(index)))
                .map(wording::step)
        };
        match call {
            RouterCall::SetWeight(weight) => {
                let what = format!("tells the router: weight {weight}");
                self.add_detail(Actor::Rollout, Kind::Route, what);
            }
            RouterCall::SetHeaderRoute(index) | RouterCall::SetMirrorRoute(index) => {
                let what = format!("tells the router: {}", step(index).unwrap_or_default());
                self.add(Actor::Rollout, Kind::Route, what, "");
                // The record has the router behind the step that tells it.
                let head = format!("completes step {}/", index + 1);
                self.move_last_before(|entry| {
                    entry.kind == Kind::StepCompleted && entry.what.starts_with(&head)
                });
            }
            RouterCall::RemoveManagedRoutes => {
                let what = "tells the router to remove the managed routes";
                self.add(Actor::Rollout, Kind::Route, what, "");
            }
            RouterCall::UpdateHash(..) => {}
        }
    }

    fn tell_plugin(&mut self, step: u16, operation: PluginOperation, phase: PluginPhase) {
        let answer = match phase {
            PluginPhase::Running => "Running",
            PluginPhase::Successful => "Successful",
            PluginPhase::Failed => "Failed",
            PluginPhase::Error => "Error",
        };
        let asked = match operation {
            PluginOperation::Run => "runs",
            PluginOperation::Terminate => "terminates",
            PluginOperation::Abort => "aborts",
        };
        let what = format!("{asked} the plugin of step {}: {answer}", step + 1);
        self.add(Actor::Rollout, Kind::StepPlugin, what, "");
    }
}
