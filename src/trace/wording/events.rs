//! Kubernetes events: object, reason and message as the controllers' recorders write them.

use std::borrow::Cow;

use crate::cluster::Event;
use crate::cluster::analysis_run::{AnalysisPhase, Site};
use crate::cluster::event::SkipReason;
use crate::cluster::status::{PluginOperation, PluginPhase};
use crate::cluster::{ExperimentId, RunId, TemplateId};
use crate::trace::wording::{Words, analysis_phase, pause_reason, step, template_code};

/// One event, or one deed of a person (object `User`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The kind of the object that it is about.
    pub object: &'static str,
    /// `reason`.
    pub reason: Cow<'static, str>,
    /// `message`.
    pub message: String,
}

fn said(object: &'static str, reason: &'static str, message: String) -> Said {
    Said {
        object,
        reason: Cow::Borrowed(reason),
        message,
    }
}

fn phased(object: &'static str, prefix: &str, phase: &str, message: String) -> Said {
    Said {
        object,
        reason: Cow::Owned(format!("{prefix}{phase}")),
        message,
    }
}

impl Words<'_> {
    /// The events that the controllers emit; none for what they do silently. What an experiment says of its analyses is
    /// told on its rollout too (`experiments/experiment.go: reconcileAnalysisRun`).
    #[must_use]
    pub fn event(&self, event: &Event) -> Vec<Said> {
        let first = match event {
            Event::User(deed, refusal) => {
                let message = refusal
                    .map(|refusal| self.refusal(refusal))
                    .unwrap_or_default();
                Some(Said {
                    object: "User",
                    reason: Cow::Owned(self.deed(*deed)),
                    message,
                })
            }
            Event::Measured { .. } | Event::MetricCompleted { .. } | Event::RunCompleted { .. } => {
                self.of_runs(event)
            }
            Event::ExperimentCreated(_)
            | Event::TemplateChanged { .. }
            | Event::ExperimentChanged { .. }
            | Event::ExperimentAnalysisChanged { .. }
            | Event::ExperimentAnalysisTerminating { .. }
            | Event::ExperimentScaled { .. } => self.of_experiments(event),
            _ => self.of_rollout(event),
        };
        let mut all: Vec<Said> = first.into_iter().collect();
        if let (Event::ExperimentAnalysisChanged { experiment, .. }, [first]) = (event, &all[..])
            && self.cluster.experiments[usize::from(experiment.0)]
                .step
                .is_some()
        {
            let again = Said {
                object: "Rollout",
                ..first.clone()
            };
            all.push(again);
        }
        all
    }

    fn of_rollout(&self, event: &Event) -> Option<Said> {
        let rollout = |reason, message| said("Rollout", reason, message);
        Some(match event {
            Event::RolloutUpdated { revision } => rollout(
                "RolloutUpdated",
                format!("Rollout updated to revision {revision}"),
            ),
            Event::ReplicaSetCreated { template, revision } => {
                let name = self.replica_set_name(*template);
                let message = format!("Created ReplicaSet {name} (revision {revision})");
                rollout("NewReplicaSetCreated", message)
            }
            Event::Scaled {
                template,
                revision,
                from,
                to,
            } => {
                let name = self.replica_set_name(*template);
                let way = way(*from, *to);
                let message = format!(
                    "Scaled {way} ReplicaSet {name} (revision {revision}) from {from} to {to}"
                );
                rollout("ScalingReplicaSet", message)
            }
            Event::UpdateStarted { revision, template } => {
                let hash = self.hash(Some(*template));
                let message = format!(
                    "Rollout not completed, started update to revision {revision} ({hash})"
                );
                rollout("RolloutNotCompleted", message)
            }
            Event::UpdateCompleted {
                revision,
                template,
                reason,
            } => {
                let (hash, reason) = (self.hash(Some(*template)), self.promote_reason(*reason));
                let message =
                    format!("Rollout completed update to revision {revision} ({hash}): {reason}");
                rollout("RolloutCompleted", message)
            }
            Event::StepCompleted { step: index } => {
                let canary = self.plan.canary()?;
                let text = canary.step(*index).map(step).unwrap_or_default();
                let (number, count) = (index + 1, canary.steps.len());
                let message = format!("Rollout step {number}/{count} completed ({text})");
                rollout("RolloutStepCompleted", message)
            }
            Event::SkipSteps(SkipReason::ToStable) => {
                rollout("SkipSteps", "Rollback to stable ReplicaSets".to_owned())
            }
            Event::SkipSteps(SkipReason::WithinWindow) => rollout(
                "SkipSteps",
                "Rollback to active ReplicaSets within RollbackWindow".to_owned(),
            ),
            Event::Paused(reason) => rollout(
                "RolloutPaused",
                format!("Rollout is paused ({})", pause_reason(*reason)),
            ),
            Event::Resumed => rollout("RolloutResumed", "Rollout is resumed".to_owned()),
            Event::Aborted(abort) => rollout("RolloutAborted", self.abort(abort)),
            Event::DeadlineAbort(template) => rollout("RolloutAborted", self.timed_out(*template)),
            Event::ServiceSwitched { service, from, to } => {
                let name = &self.plan.services[usize::from(service.0)];
                let (from, to) = (self.hash(*from), self.hash(Some(*to)));
                let message =
                    format!("Switched selector for service '{name}' from '{from}' to '{to}'");
                rollout("SwitchService", message)
            }
            Event::WeightUpdated {
                from,
                to,
                additional,
            } => rollout(
                "TrafficWeightUpdated",
                self.weight_update(*from, *to, *additional),
            ),
            Event::DestinationRuleUpdated { canary, stable } => {
                let message = self.subset_update(*canary, *stable)?;
                rollout("UpdatedDestinationRule", message)
            }
            Event::RunStatus {
                run,
                phase,
                previous,
            } => self.run_status(*run, *phase, *previous)?,
            Event::StepPlugin {
                step,
                operation,
                phase,
            } => rollout(
                "StepPluginTransition",
                self.plugin_transition(*step, *operation, *phase),
            ),
            _ => return None,
        })
    }

    /// `rollout/trafficrouting.go: trafficWeightUpdatedMessage`.
    fn weight_update(&self, from: Option<i32>, to: i32, additional: bool) -> String {
        let mut details = Vec::new();
        match from {
            None => details.push(format!("to {to}")),
            Some(from) if from != to => details.push(format!("from {from} to {to}")),
            Some(_) => {}
        }
        if additional {
            details.push(format!("additional: {}", self.additional_weights()));
        }
        format!("Traffic weight updated {}", details.join(", "))
    }

    /// The shares of an experiment's templates as Go prints the list: `[{5 web-baseline 6c54544bf9}]`.
    fn additional_weights(&self) -> String {
        let rollout = self.cluster.rollout.iter();
        let shown: Vec<String> = rollout
            .flat_map(|rollout| &rollout.status.canary.additional_weights)
            .map(|extra| {
                let (pods, service) = self.experiment_service(extra.experiment, extra.template);
                let (service, hash) = if extra.has_service {
                    (service, self.hash(Some(pods)))
                } else {
                    Default::default()
                };
                format!("{{{} {service} {hash}}}", extra.weight)
            })
            .collect();
        format!("[{}]", shown.join(" "))
    }

    /// `rollout/trafficrouting/istio/istio.go: UpdateHash`.
    fn subset_update(
        &self,
        canary: Option<TemplateId>,
        stable: Option<TemplateId>,
    ) -> Option<String> {
        let rule = self.plan.canary()?.routing.as_ref()?.destination_rule()?;
        let (canary, stable) = (self.hash(canary), self.hash(stable));
        Some(format!(
            "DestinationRule {} subset updated ({}: {canary}, {}: {stable})",
            rule.name, rule.canary, rule.stable
        ))
    }

    /// `rollout/analysis.go: emitAnalysisRunStatusChanges`.
    fn run_status(
        &self,
        run: RunId,
        phase: AnalysisPhase,
        previous: Option<AnalysisPhase>,
    ) -> Option<Said> {
        let kind = match self.cluster.runs[run.0 as usize].site {
            Site::Background => "Background",
            Site::Step(_) => "Step",
            Site::PrePromotion => "PrePromotion",
            Site::PostPromotion => "PostPromotion",
            Site::Experiment(..) => return None,
        };
        let (name, phase) = (self.run_name(run), analysis_phase(phase));
        let previous = previous.map_or("NoPreviousStatus", analysis_phase);
        let message =
            format!("{kind} Analysis Run '{name}' Status New: '{phase}' Previous: '{previous}'");
        Some(phased("Rollout", "AnalysisRun", phase, message))
    }

    /// `rollout/stepplugin.go: recordEvent`.
    fn plugin_transition(
        &self,
        step: u16,
        operation: PluginOperation,
        phase: PluginPhase,
    ) -> String {
        let name = self
            .plan
            .canary()
            .and_then(|canary| canary.steps.get(usize::from(step))?.plugin.as_ref())
            .map_or("", |plugin| plugin.name.as_str());
        let (number, phase) = (step + 1, plugin_phase(phase));
        match operation {
            PluginOperation::Run => {
                format!("Step plugin {name} (step {number}) transitioned to {phase}")
            }
            PluginOperation::Abort => {
                format!("Step plugin {name} (step {number}) aborted ({phase})")
            }
            PluginOperation::Terminate => {
                format!("Step plugin {name} (step {number}) terminated ({phase})")
            }
        }
    }

    fn of_runs(&self, event: &Event) -> Option<Said> {
        Some(match event {
            Event::MetricCompleted { run, metric, phase } => {
                let analysis = self.cluster.runs[run.0 as usize].analysis;
                let (name, phase) = (&self.metric(analysis, *metric).name, analysis_phase(*phase));
                let message = format!("Metric '{name}' Completed. Result: {phase}");
                phased("AnalysisRun", "Metric", phase, message)
            }
            Event::RunCompleted { phase, .. } => {
                let phase = analysis_phase(*phase);
                let message = format!("Analysis Completed. Result: {phase}");
                phased("AnalysisRun", "AnalysisRun", phase, message)
            }
            _ => return None,
        })
    }

    fn of_experiments(&self, event: &Event) -> Option<Said> {
        Some(match event {
            Event::ExperimentCreated(id) => {
                let message = format!("Created Experiment '{}'", self.experiment_name(*id));
                said("Rollout", "ExperimentCreated", message)
            }
            Event::TemplateChanged {
                experiment,
                template,
                from,
                to,
            } => {
                let name = &self.template_plan(*experiment, *template).name;
                let (from, to) = (template_code(*from), template_code(*to));
                let message = format!("Template '{name}' transitioned from {from} -> {to}");
                let message = with_detail(message, &self.template_message(*experiment, *template));
                phased("Experiment", "Template", to, message)
            }
            Event::ExperimentChanged { from, to, .. } => {
                let (from, to) = (analysis_phase(*from), analysis_phase(*to));
                let message = format!("Experiment transitioned from {from} -> {to}");
                phased("Experiment", "Experiment", to, message)
            }
            Event::ExperimentAnalysisChanged {
                experiment,
                analysis,
                from,
                to,
            } => {
                let name = self.analysis_name(*experiment, *analysis);
                let (from, to) = (analysis_phase(*from), analysis_phase(*to));
                let message = format!("AnalysisRun '{name}' transitioned from {from} -> {to}");
                let message = with_detail(message, &self.analysis_status(*experiment, *analysis));
                phased("Experiment", "AnalysisRun", to, message)
            }
            Event::ExperimentAnalysisTerminating {
                experiment,
                analysis,
            } => {
                let name = self.analysis_name(*experiment, *analysis);
                let run = format!("{}-{name}", self.experiment_name(*experiment));
                let message = format!("Terminating {name} ({run})");
                said("Experiment", "AnalysisRunTerminating", message)
            }
            Event::ExperimentScaled {
                replica_set,
                from,
                to,
            } => {
                let name = self.name_of_set(self.cluster.replica_set(*replica_set));
                let message = format!(
                    "Scaled {} ReplicaSet {name} from {from} to {to}",
                    way(*from, *to)
                );
                said("Experiment", "ScalingReplicaSet", message)
            }
            _ => return None,
        })
    }

    fn analysis_status(&self, experiment: ExperimentId, analysis: u16) -> String {
        let experiment = &self.cluster.experiments[usize::from(experiment.0)];
        let status = &self.cluster.analyses_of(experiment)[usize::from(analysis)];
        self.analysis_message(&status.message)
    }
}

fn with_detail(message: String, detail: &str) -> String {
    if detail.is_empty() {
        message
    } else {
        format!("{message}: {detail}")
    }
}

fn way(from: i32, to: i32) -> &'static str {
    if from < to { "up" } else { "down" }
}

fn plugin_phase(phase: PluginPhase) -> &'static str {
    match phase {
        PluginPhase::Running => "Running",
        PluginPhase::Successful => "Successful",
        PluginPhase::Failed => "Failed",
        PluginPhase::Error => "Error",
    }
}
