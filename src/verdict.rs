//! What became of the last revision that was requested, and of those before it.
//!
//! Knows: the meaning of a finished run, as a fold over its record. Refuses to know how it is shown.
//! Simplifies: traffic follows what the controllers wrote (weights, selectors); routers and services obey at once.

mod history;
mod misrouting;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::cluster::analysis_run::AnalysisPhase;
use crate::cluster::event::ReconcileError;
use crate::cluster::status::{PauseReason, PhaseMessage, RolloutPhase};
use crate::cluster::{Cluster, Event, Experiment, Rollout, TemplateId};
use crate::controller::replica_sets::RESYNC_PERIOD;
use crate::plan::{Environment, Plan};
use crate::sim::{EndReason, Ending};
use crate::time::{Delta, SimTime};
use crate::trace::Trace;
use crate::trace::wording::Words;

pub use history::{Fate, Past};
use misrouting::misrouted;

/// What became of a revision. The first row that holds at the end of the run counts:
///
/// | verdict | holds when |
/// |---|---|
/// | Invalid | the controller refuses the spec |
/// | `RollbackFailed` | aborted, and at rest although traffic does not reach available stable pods only (BG-01) |
/// | `RolledBack` | aborted, and all traffic goes to available stable pods |
/// | Promoted | it is the stable version, and has been healthy since it was first deployed |
/// | Paused | it waits for a person: `spec.paused`, a pause without an end, an inconclusive analysis or experiment |
/// | Stuck | at rest in any other state, or beside an experiment that never ends: nobody is asked, nothing will happen |
/// | Undecided | otherwise: the run was cut off |
///
/// A run is at rest when nothing but resyncs remained to happen, also if the controller keeps itself busy in vain, or when
/// nothing changed for longer than the time between two resyncs. An Experiment that stands on its own is Successful, Failed or Inconclusive in its controller's sense, or
/// else Invalid, Stuck or Undecided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// The revision became the stable one.
    Promoted,
    /// The revision was given up, and its users are back on the stable version.
    RolledBack,
    /// The revision was given up, but its users are not back on the stable version.
    RollbackFailed,
    /// A person is asked to decide.
    Paused,
    /// Nothing will happen any more, and nobody is asked.
    Stuck,
    /// The controller refuses the spec.
    Invalid,
    /// The run ended too early to tell.
    Undecided,
    /// An Experiment on its own that ended well.
    Successful,
    /// An Experiment on its own that ended as Failed or Error.
    Failed,
    /// An Experiment on its own that ended as Inconclusive.
    Inconclusive,
}

/// The verdict on a run, with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The verdict on the last revision that was requested.
    pub verdict: Verdict,
    /// That revision's number; `None` for an Experiment on its own, and for a spec that never made one.
    pub revision: Option<u32>,
    /// What its pods run.
    pub template: Option<TemplateId>,
    /// Since when the verdict holds.
    pub since: SimTime,
    /// At which step it stands, counted from 0; `None` without steps, after the last one and after an abort.
    pub step: Option<i32>,
    /// The controllers' own words; empty where they say nothing.
    pub reason: String,
    /// What follows from it for users of the service and of the tool.
    pub consequence: String,
    /// What became of the revisions before, oldest first.
    pub earlier: Vec<Past>,
}

impl Verdict {
    /// The name that reports use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Promoted => "Promoted",
            Self::RolledBack => "RolledBack",
            Self::RollbackFailed => "RollbackFailed",
            Self::Paused => "Paused",
            Self::Stuck => "Stuck",
            Self::Invalid => "Invalid",
            Self::Undecided => "Undecided",
            Self::Successful => "Successful",
            Self::Failed => "Failed",
            Self::Inconclusive => "Inconclusive",
        }
    }

    /// The verdict on a state. `at_rest` says whether it will change by itself no more.
    #[must_use]
    pub fn of(plan: &Plan, cluster: &Cluster, at_rest: bool) -> Self {
        let Some(rollout) = &cluster.rollout else {
            return Self::of_experiment(plan, cluster.experiments.first(), at_rest);
        };
        let status = &rollout.status;
        let observed = status.current == Some(rollout.template);
        if plan.invalid.is_some() {
            Self::Invalid
        } else if status.abort && observed && misrouted(plan, cluster, rollout).is_none() {
            Self::RolledBack
        } else if status.abort && observed && at_rest {
            Self::RollbackFailed
        } else if is_promoted(rollout) {
            Self::Promoted
        } else if waits_for_person(plan, rollout).is_some() {
            Self::Paused
        } else if at_rest || endless_experiment(plan, cluster, rollout).is_some() {
            Self::Stuck
        } else {
            Self::Undecided
        }
    }

    /// Whether the verdict is that on a state which nothing will change by itself; see [`Standing`].
    pub(crate) fn needs_rest(self) -> bool {
        matches!(self, Self::Stuck | Self::RollbackFailed)
    }

    fn of_experiment(plan: &Plan, experiment: Option<&Experiment>, at_rest: bool) -> Self {
        let Some(experiment) = experiment else {
            return Self::Undecided;
        };
        match experiment.phase {
            _ if plan.experiments[usize::from(experiment.spec)]
                .invalid
                .is_some() =>
            {
                Self::Invalid
            }
            AnalysisPhase::Successful => Self::Successful,
            AnalysisPhase::Failed | AnalysisPhase::Error => Self::Failed,
            AnalysisPhase::Inconclusive => Self::Inconclusive,
            _ if at_rest => Self::Stuck,
            _ => Self::Undecided,
        }
    }
}

impl Outcome {
    /// The verdict on a finished run.
    #[must_use]
    pub fn of(plan: &Plan, environment: &Environment, trace: &Trace, ending: Ending) -> Self {
        let blank = Cluster::default();
        let last = trace.frames.last();
        let cluster = last.map_or(&blank, |frame| &frame.cluster);
        let last_change = last.map_or(ending.at, |frame| frame.at);
        let at_rest = is_at_rest(ending, last_change);
        let verdict = Verdict::of(plan, cluster, at_rest);
        let words = Words {
            plan,
            environment,
            cluster,
            readings: &trace.readings,
        };
        let rollout = cluster.rollout.as_ref();
        Self {
            verdict,
            revision: rollout
                .map(|rollout| rollout.revision)
                .filter(|revision| 0 < *revision),
            template: rollout.map(|rollout| rollout.template),
            since: since(plan, trace, verdict),
            step: current_step(plan, rollout),
            reason: reason(words, verdict, trace),
            consequence: consequence(words, verdict, ending),
            earlier: history::earlier(trace),
        }
    }
}

/// Whether a run ended in a state that lasts.
pub(crate) fn is_at_rest(ending: Ending, last_change: SimTime) -> bool {
    match ending.reason {
        EndReason::Quiet | EndReason::Livelock => true,
        EndReason::Until => RESYNC_PERIOD < ending.at - last_change,
        EndReason::Crowded => false,
    }
}

/// The requested version is the stable one. A first deployment makes it so before any pod runs, and counts only once the
/// rollout has been healthy.
fn is_promoted(rollout: &Rollout) -> bool {
    let status = &rollout.status;
    status.stable == Some(rollout.template) && status.conditions.healthy.is_some()
}

/// What a person is asked for, and since when.
fn waits_for_person(
    plan: &Plan,
    rollout: &Rollout,
) -> Option<(Option<PauseReason>, Option<SimTime>)> {
    let status = &rollout.status;
    if status.phase != RolloutPhase::Paused {
        return None;
    }
    if rollout.paused {
        return Some((None, None));
    }
    status
        .pauses
        .iter()
        .find(|(reason, _)| match reason {
            PauseReason::CanaryPauseStep => plan
                .canary()
                .and_then(|canary| canary.step(status.step.unwrap_or(0))?.pause.as_ref())
                .is_none_or(|pause| pause.duration.is_none()),
            PauseReason::BlueGreenPause => plan.blue_green().is_none_or(|blue_green| {
                !blue_green.auto_promotion || blue_green.auto_promotion_delay == Delta::ZERO
            }),
            PauseReason::InconclusiveAnalysis | PauseReason::InconclusiveExperiment => true,
        })
        .map(|(reason, start)| (Some(reason), Some(start)))
}

/// An experiment of the current step that nothing ends: no duration, nothing required, and analyses without a count
/// (EX-01).
fn endless_experiment<'a>(
    plan: &Plan,
    cluster: &'a Cluster,
    rollout: &Rollout,
) -> Option<&'a Experiment> {
    let id = rollout.status.canary.experiment?;
    let experiment = &cluster.experiments[usize::from(id.0)];
    let spec = &plan.experiments[usize::from(experiment.spec)];
    let unlimited = |analysis: &crate::cluster::experiment::AnalysisStatus| {
        analysis.run.is_none_or(|run| {
            let run = &cluster.runs[run.0 as usize];
            let metrics = &plan.analyses[run.analysis as usize].metrics;
            metrics.iter().any(|metric| metric.count.is_none())
        })
    };
    let endless = experiment.phase == AnalysisPhase::Running
        && spec.duration.is_none()
        && spec.analyses.iter().all(|analysis| !analysis.required)
        && cluster.analyses_of(experiment).iter().all(unlimited);
    endless.then_some(experiment)
}

/// The step at which the last revision stands, unless all are done or it was given up.
fn current_step(plan: &Plan, rollout: Option<&Rollout>) -> Option<i32> {
    let status = &rollout?.status;
    let step = status.step.filter(|_| !status.abort)?;
    plan.canary()?.step(step).map(|_| step)
}

/// The start of the last stretch of frames in which the verdict holds; what is stuck or undecided is so since its controller
/// last said anything new, or since its experiment last moved.
fn since(plan: &Plan, trace: &Trace, verdict: Verdict) -> SimTime {
    let Some(last) = trace.frames.last() else {
        return SimTime::ZERO;
    };
    if let Some(since) = since_last(plan, &last.cluster, verdict, last.at) {
        return since;
    }
    let at_rest = verdict.needs_rest();
    let ended = Standing::of(plan, &last.cluster, at_rest);
    let start = trace
        .frames
        .iter()
        .rev()
        .take_while(|frame| {
            ended.verdict == verdict && Standing::of(plan, &frame.cluster, at_rest) == ended
        })
        .last();
    start.map_or(last.at, |frame| frame.at)
}

/// Since when a verdict holds, where the last state (since `last`) alone can tell: an experiment that never ends, and a pause
/// that knows its beginning.
pub(crate) fn since_last(
    plan: &Plan,
    cluster: &Cluster,
    verdict: Verdict,
    last: SimTime,
) -> Option<SimTime> {
    let rollout = cluster.rollout.as_ref();
    let in_experiment = |rollout: &Rollout| rollout.status.canary.experiment.is_some();
    match verdict {
        Verdict::Stuck if rollout.is_none_or(in_experiment) => Some(last),
        Verdict::Paused => rollout.and_then(|rollout| waits_for_person(plan, rollout)?.1),
        _ => None,
    }
}

/// How a state stands to the verdict: as long as nothing of this changes, the verdict has held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Standing {
    /// The verdict on it.
    pub(crate) verdict: Verdict,
    /// The version that was asked for.
    template: Option<TemplateId>,
    /// What the controller says, where a verdict lasts only as long as that.
    saying: Option<(PhaseMessage, Option<i32>)>,
}

impl Standing {
    /// How a state stands to the verdict on a run that ends in it, at rest or not.
    pub(crate) fn of(plan: &Plan, cluster: &Cluster, at_rest: bool) -> Self {
        let verdict = Verdict::of(plan, cluster, at_rest);
        let rollout = cluster.rollout.as_ref();
        let lingers = matches!(verdict, Verdict::Stuck | Verdict::Undecided);
        let lingering = rollout.filter(|_| lingers);
        Self {
            verdict,
            template: rollout.map(|rollout| rollout.template),
            saying: lingering.map(|rollout| (rollout.status.message, rollout.status.step)),
        }
    }
}

/// The controllers' words for the verdict.
fn reason(words: Words<'_>, verdict: Verdict, trace: &Trace) -> String {
    let Some(rollout) = &words.cluster.rollout else {
        let experiment = words.cluster.experiments.first();
        let refusal = experiment.and_then(|experiment| {
            words.plan.experiments[usize::from(experiment.spec)]
                .invalid
                .clone()
        });
        let message = experiment.map(|experiment| words.experiment_message(&experiment.message));
        return refusal.or(message).unwrap_or_default();
    };
    let failure = || match trace.events.last() {
        Some((_, Event::ReconcileFailed(error))) => Some(reconcile_error(words, *error)),
        _ => None,
    };
    match verdict {
        Verdict::Invalid => {
            format!(
                "InvalidSpec: {}",
                words.plan.invalid.as_deref().unwrap_or_default()
            )
        }
        Verdict::Promoted => trace
            .events
            .iter()
            .rev()
            .find(|(_, event)| matches!(event, Event::UpdateCompleted { .. }))
            .and_then(|(_, event)| words.event(event).pop())
            .map(|said| said.message)
            .unwrap_or_default(),
        Verdict::Stuck => failure().unwrap_or_else(|| words.phase_message(&rollout.status.message)),
        _ => words.phase_message(&rollout.status.message),
    }
}

/// Why a reconciliation fails again and again, as the controller logs it.
#[must_use]
pub fn reconcile_error(words: Words<'_>, error: ReconcileError) -> String {
    match error {
        ReconcileError::WeightNotVerified { weight } => {
            format!("end of rollout, desired weight {weight} not yet verified")
        }
        ReconcileError::DestinationRuleDelayed(template) => format!(
            "delaying destination rule switch: ReplicaSet {} not fully available",
            words.replica_set_name(template)
        ),
        ReconcileError::AnalysisRun { site } => {
            let variants = &words.plan.sites[usize::from(site)].variants;
            let error = variants.iter().find_map(|variant| match variant {
                crate::plan::analysis::Variant::Error(message) => Some(message.clone()),
                crate::plan::analysis::Variant::Run(_) => None,
            });
            error.unwrap_or_default()
        }
        ReconcileError::Experiment { spec } => words.plan.experiments[usize::from(spec)]
            .not_created
            .clone()
            .unwrap_or_default(),
    }
}

/// Why the rollout controller keeps itself busy in this state.
#[must_use]
pub fn busy_cause(plan: &Plan, cluster: &Cluster) -> &'static str {
    let Some(rollout) = &cluster.rollout else {
        return "each of its writes wakes it again";
    };
    let pauses = &rollout.status.pauses;
    if pauses.has(PauseReason::InconclusiveExperiment) {
        "what was inconclusive is made anew as often as it ends"
    } else if rollout.paused && plan.blue_green().is_some() {
        "between the switch and the promotion it takes the update for paused and for complete, and writes both in turns"
    } else {
        "each of its writes wakes it again"
    }
}

/// What the verdict means, in our words.
fn consequence(words: Words<'_>, verdict: Verdict, ending: Ending) -> String {
    let plan = words.plan;
    let Some(rollout) = &words.cluster.rollout else {
        return of_experiment(verdict, ending);
    };
    let tag = |template: Option<TemplateId>| {
        template.map_or("none", |template| plan.template(template).tag.as_str())
    };
    let (stable, requested) = (tag(rollout.status.stable), tag(Some(rollout.template)));
    match verdict {
        Verdict::Promoted => format!("{requested} is the stable version"),
        Verdict::RolledBack => {
            format!("{requested} was given up, all traffic goes to {stable}")
        }
        Verdict::RollbackFailed => {
            let fault = misrouted(plan, words.cluster, rollout);
            let fault = fault.map(|fault| fault.told(plan)).unwrap_or_default();
            format!("{requested} was given up, but {fault}")
        }
        Verdict::Paused => match waits_for_person(plan, rollout) {
            Some((None, _)) => {
                format!("{requested} waits for a person to set `spec.paused` to false")
            }
            _ => format!("{requested} waits for a person to promote or abort it"),
        },
        Verdict::Stuck if endless_experiment(plan, words.cluster, rollout).is_some() => {
            "the experiment has no duration and nothing that it requires: it never ends".to_owned()
        }
        Verdict::Stuck if rollout.status.canary.experiment.is_some() => {
            format!("the experiment that {requested} waits for never ends, and nobody is asked")
        }
        Verdict::Stuck => {
            format!("nothing more happens to {requested}, and nobody is asked to decide")
        }
        Verdict::Invalid => "the controller refuses the spec and changes nothing".to_owned(),
        _ => cut_off(ending),
    }
}

fn of_experiment(verdict: Verdict, ending: Ending) -> String {
    match verdict {
        Verdict::Undecided => cut_off(ending),
        Verdict::Stuck => "nothing more happens, and nobody is asked to decide".to_owned(),
        Verdict::Invalid => "the controller refuses the spec and changes nothing".to_owned(),
        _ => String::new(),
    }
}

fn cut_off(ending: Ending) -> String {
    match ending.reason {
        EndReason::Crowded => {
            format!(
                "too much happens (experiments or runs made without end, or pods that change all the \
                 time); the run was cut off at {}",
                ending.at
            )
        }
        _ => format!("the run was cut off at {}", ending.at),
    }
}
