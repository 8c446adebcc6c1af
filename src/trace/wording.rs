//! The controllers' words: what Argo Rollouts writes into statuses, conditions and events for the causes that we keep.
//!
//! Knows every text and every name that the controllers make up, letter for letter.
//! Refuses to know when something is said, and how it is shown.
//! Simplifies: the traffic routers' own events (`PatchingCanaryIngress` and the like) are not told, because they name objects
//! that a plan does not keep.

mod analysis;
mod conditions;
mod events;
mod names;

use crate::cluster::event::PromoteReason;
use crate::cluster::provider::Reading;
use crate::cluster::status::{Abort, AbortCause, PauseReason, PhaseMessage, RolloutPhase};
use crate::cluster::{Cluster, RunId, TemplateId};
use crate::plan::scenario::{Deed, Refusal};
use crate::plan::strategy::Step;
use crate::plan::{Environment, Plan};

pub use conditions::ConditionText;
pub use events::Said;

/// Words for one state of the cluster.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// The policy: names, limits, texts of refusals.
    pub plan: &'a Plan,
    /// The truth: what a provider answered when a measurement ended as Error.
    pub environment: &'a Environment,
    /// The objects that the causes refer to.
    pub cluster: &'a Cluster,
    /// Answers that came about during the run ([`crate::trace::Trace::readings`]).
    pub readings: &'a [Reading],
}

impl Words<'_> {
    /// `status.message` of the rollout (`utils/rollout/rolloututil.go: CalculateRolloutPhase`).
    #[must_use]
    pub fn phase_message(&self, message: &PhaseMessage) -> String {
        match message {
            PhaseMessage::None => String::new(),
            PhaseMessage::InvalidSpec => {
                format!(
                    "InvalidSpec: {}",
                    self.plan.invalid.as_deref().unwrap_or_default()
                )
            }
            PhaseMessage::Aborted(abort) => format!("RolloutAborted: {}", self.abort(abort)),
            PhaseMessage::TimedOut(template) => {
                format!("ProgressDeadlineExceeded: {}", self.timed_out(*template))
            }
            PhaseMessage::ManuallyPaused => "manually paused".to_owned(),
            PhaseMessage::Paused(reason) => pause_reason(*reason).to_owned(),
            PhaseMessage::Restarting => "rollout is restarting".to_owned(),
            PhaseMessage::MoreReplicas => "more replicas need to be updated".to_owned(),
            PhaseMessage::BecomingAvailable => {
                "updated replicas are still becoming available".to_owned()
            }
            PhaseMessage::CutoverPending => "active service cutover pending".to_owned(),
            PhaseMessage::WaitingForAnalysis => "waiting for analysis to complete".to_owned(),
            PhaseMessage::WaitingForVerification => {
                "waiting for post-promotion verification to complete".to_owned()
            }
            PhaseMessage::OldReplicas => "old replicas are pending termination".to_owned(),
            PhaseMessage::WaitingForSteps => "waiting for all steps to complete".to_owned(),
        }
    }

    /// The message of an abort (`rollout/sync.go: calculateRolloutConditions`).
    #[must_use]
    pub fn abort(&self, abort: &Abort) -> String {
        let cause = self.abort_cause(&abort.cause);
        let colon = if cause.is_empty() { "" } else { ": " };
        format!(
            "Rollout aborted update to revision {}{colon}{cause}",
            abort.revision
        )
    }

    /// What is added to the message of an abort (`rollout/analysis.go`, `rollout/experiment.go`, `rollout/sync.go`,
    /// `rollout/stepplugin.go`: `AddAbort`); empty when a person asked for it.
    #[must_use]
    pub fn abort_cause(&self, cause: &AbortCause) -> String {
        let of = |run: &RunId| self.run_message(&self.cluster.runs[run.0 as usize].message);
        let (head, detail) = match cause {
            AbortCause::Person => return String::new(),
            AbortCause::Background(run) => ("Background analysis phase error/failed", of(run)),
            AbortCause::Step(run) => ("Step-based analysis phase error/failed", of(run)),
            AbortCause::PrePromotion(run) => (
                "Blue/green pre-promotion analysis phase error/failed",
                of(run),
            ),
            AbortCause::PostPromotion(run) => (
                "Blue/green post-promotion analysis phase error/failed",
                of(run),
            ),
            AbortCause::Experiment(id) => (
                "Experiment analysis phase is error/failed",
                self.experiment_message(&self.cluster.experiments[usize::from(id.0)].message),
            ),
            AbortCause::Deadline(template) => return self.timed_out(*template),
            AbortCause::StepPlugin { step, result } => return self.plugin_failure(*step, *result),
        };
        if detail.is_empty() {
            head.to_owned()
        } else {
            format!("{head}: {detail}")
        }
    }

    /// The message of a missed progress deadline (`utils/conditions/conditions.go: ReplicaSetTimeOutMessage`).
    #[must_use]
    pub fn timed_out(&self, template: TemplateId) -> String {
        format!(
            "ReplicaSet \"{}\" has timed out progressing.",
            self.replica_set_name(template)
        )
    }

    /// `rollout/stepplugin.go: reconcile`.
    fn plugin_failure(&self, step: u16, result: u16) -> String {
        let plugin = self
            .plan
            .canary()
            .and_then(|canary| canary.steps.get(usize::from(step))?.plugin.as_ref());
        let name = plugin.map_or("", |plugin| plugin.name.as_str());
        let message = plugin
            .and_then(|plugin| self.environment.plugins.get(usize::from(plugin.script)))
            .and_then(|results| results.get(usize::from(result)))
            .map_or("", |result| result.message.as_str());
        format!("Step Plugin {} ({name}) failed: {message}", step + 1)
    }

    /// Why a revision became the stable one (`rollout/sync.go: shouldFullPromote`).
    #[must_use]
    pub fn promote_reason(&self, reason: PromoteReason) -> String {
        match reason {
            PromoteReason::InitialDeploy => "Initial deploy".to_owned(),
            PromoteReason::FullPromotion => "Full promotion requested".to_owned(),
            PromoteReason::RollbackWithinWindow => "Rollback within window".to_owned(),
            PromoteReason::FastRollback => "Fast rollback".to_owned(),
            PromoteReason::CompletedSteps => {
                let count = self.plan.canary().map_or(0, |canary| canary.steps.len());
                format!("Completed all {count} canary steps")
            }
            PromoteReason::CompletedBlueGreen => "Completed blue-green update".to_owned(),
        }
    }

    /// Why the kubectl plugin refuses a deed (`pkg/kubectl-argo-rollouts/cmd/promote/promote.go`, `cmd/undo/undo.go`).
    #[must_use]
    pub fn refusal(&self, refusal: Refusal) -> String {
        match refusal {
            Refusal::SkipBlueGreen => {
                "Cannot skip steps of a bluegreen rollout. Run without a flags".to_owned()
            }
            Refusal::SkipWithoutSteps => "Cannot skip steps of a rollout without steps".to_owned(),
            Refusal::UnknownRevision(revision) => {
                format!("unable to find specified revision {revision} in history")
            }
            Refusal::NoRevision => format!("no revision found for rollout \"{}\"", self.plan.name),
            Refusal::SameTemplate(revision) => {
                format!("skipped rollback (current template already matches revision {revision})")
            }
            Refusal::NothingThere => "nothing there to do it to".to_owned(),
        }
    }

    /// What a person or pipeline did, as they would type it.
    #[must_use]
    pub fn deed(&self, deed: Deed) -> String {
        match deed {
            Deed::SetImage(template) => format!("set image {}", self.plan.template(template).tag),
            Deed::Promote => "promote".to_owned(),
            Deed::PromoteFull => "promote --full".to_owned(),
            Deed::SkipCurrentStep => "promote --skip-current-step".to_owned(),
            Deed::SkipAllSteps => "promote --skip-all-steps".to_owned(),
            Deed::Abort => "abort".to_owned(),
            Deed::Retry => "retry".to_owned(),
            Deed::Undo(None) => "undo".to_owned(),
            Deed::Undo(Some(revision)) => format!("undo --to-revision={revision}"),
            Deed::Pause => "pause".to_owned(),
            Deed::Resume => "resume".to_owned(),
            Deed::Scale(replicas) => format!("scale to {replicas}"),
            Deed::Restart => "restart".to_owned(),
            Deed::TerminateExperiment => "terminate experiment".to_owned(),
        }
    }
}

/// A step in Argo's short form (`utils/rollout/rolloututil.go: CanaryStepString`): of several actions in one item the first
/// in this order is named.
#[must_use]
pub fn step(step: &Step) -> String {
    if let Some(weight) = step.set_weight {
        format!("setWeight: {weight}")
    } else if let Some(pause) = &step.pause {
        if pause.written.is_empty() {
            "pause".to_owned()
        } else {
            format!("pause: {}", pause.written)
        }
    } else if step.experiment.is_some() {
        "experiment".to_owned()
    } else if step.analysis.is_some() {
        "analysis".to_owned()
    } else if let Some(scale) = step.set_canary_scale.as_ref().and_then(canary_scale) {
        scale
    } else if let Some(plugin) = &step.plugin {
        format!("plugin: {}", plugin.name)
    } else if let Some(route) = &step.set_header_route {
        format!("setHeaderRoute: {}", route.name)
    } else if let Some(route) = &step.set_mirror_route {
        format!("setMirrorRoute: {}", route.name)
    } else {
        "invalid".to_owned()
    }
}

fn canary_scale(scale: &crate::plan::strategy::CanaryScale) -> Option<String> {
    if let Some(weight) = scale.weight {
        Some(format!("setCanaryScale{{weight: {weight}}}"))
    } else if scale.match_traffic_weight {
        Some("setCanaryScale{matchTrafficWeight: true}".to_owned())
    } else {
        scale
            .replicas
            .map(|replicas| format!("setCanaryScale{{replicas: {replicas}}}"))
    }
}

/// `status.phase` of a rollout.
#[must_use]
pub fn rollout_phase(phase: RolloutPhase) -> &'static str {
    match phase {
        RolloutPhase::Unset => "",
        RolloutPhase::Healthy => "Healthy",
        RolloutPhase::Degraded => "Degraded",
        RolloutPhase::Progressing => "Progressing",
        RolloutPhase::Paused => "Paused",
    }
}

/// `status.pauseConditions[].reason`.
#[must_use]
pub fn pause_reason(reason: PauseReason) -> &'static str {
    match reason {
        PauseReason::CanaryPauseStep => "CanaryPauseStep",
        PauseReason::BlueGreenPause => "BlueGreenPause",
        PauseReason::InconclusiveAnalysis => "InconclusiveAnalysisRun",
        PauseReason::InconclusiveExperiment => "InconclusiveExperiment",
    }
}

pub use analysis::{analysis_phase, template_code};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::strategy::{CanaryScale, Pause, PluginStep};

    fn managed(name: &str) -> crate::plan::strategy::ManagedRoute {
        crate::plan::strategy::ManagedRoute {
            name: name.to_owned(),
            percentage: 100,
        }
    }

    #[test]
    fn steps_read_as_argo_names_them() {
        let pause = |written: &str| Step {
            pause: Some(Pause {
                duration: None,
                written: written.to_owned(),
            }),
            ..Step::default()
        };
        let scale = |replicas, weight, match_traffic_weight| Step {
            set_canary_scale: Some(CanaryScale {
                replicas,
                weight,
                match_traffic_weight,
            }),
            ..Step::default()
        };
        let plugin = Some(PluginStep {
            name: "org/step".to_owned(),
            script: 0,
        });
        let table = [
            (
                Step {
                    set_weight: Some(20),
                    analysis: Some(0),
                    ..Step::default()
                },
                "setWeight: 20",
            ),
            (pause(""), "pause"),
            (pause("1m30s"), "pause: 1m30s"),
            (scale(Some(3), None, false), "setCanaryScale{replicas: 3}"),
            (
                scale(Some(3), None, true),
                "setCanaryScale{matchTrafficWeight: true}",
            ),
            (scale(Some(3), Some(5), true), "setCanaryScale{weight: 5}"),
            (
                Step {
                    plugin,
                    ..Step::default()
                },
                "plugin: org/step",
            ),
            (
                Step {
                    set_header_route: Some(managed("beta")),
                    ..Step::default()
                },
                "setHeaderRoute: beta",
            ),
            (
                Step {
                    set_mirror_route: Some(managed("shadow")),
                    ..Step::default()
                },
                "setMirrorRoute: shadow",
            ),
            (Step::default(), "invalid"),
        ];
        for (written, text) in table {
            assert_eq!(step(&written), text);
        }
    }
}
