//! From a scenario to the world and the script of a simulation.

use crate::plan::compile::Compiled;
use crate::plan::environment::{Fate, PluginResult};
use crate::plan::scenario::{Action, Deed, Trigger, When};
use crate::plan::setting::{Response, Setting};
use crate::scenario::{self, Event, JobEnd, Promotion, Reply, Scenario, Verb};
use crate::time::{Delta, SimTime};

/// The world that a scenario describes.
pub(super) fn setting(scenario: &Scenario, tags: Vec<String>) -> Setting {
    Setting {
        images: scenario.images.clone(),
        default_image: scenario.image_default.clone(),
        metrics: scenario
            .metrics
            .iter()
            .map(|(name, answers)| {
                let answers = answers.iter();
                let points = answers
                    .map(|answer| (SimTime::from_nanos(answer.from), response(&answer.reply)));
                (name.clone(), points.collect())
            })
            .collect(),
        secrets: scenario.secrets.clone(),
        plugins: scenario
            .plugins
            .iter()
            .map(|(name, results)| (name.clone(), results.iter().map(plugin_result).collect()))
            .collect(),
        verify_after: scenario.verify_after.map(Delta::from_nanos),
        tags,
        traffic: scenario.traffic.clone(),
        delays: scenario.delays,
        room: scenario.room,
        pod_hour: scenario.pod_hour,
        overdispersion: scenario.overdispersion,
        faults: scenario.faults.clone(),
        scraping: scenario.scraping.clone(),
        beliefs: scenario.beliefs.clone(),
        ..Setting::default()
    }
}

/// The image tags that a scenario names, beside those whose pods it describes.
pub(super) fn tags(scenario: &Scenario) -> Vec<String> {
    let set = scenario
        .actions
        .iter()
        .filter_map(|action| match &action.verb {
            Verb::SetImage(tag) => Some(tag.clone()),
            _ => None,
        });
    scenario.update.iter().cloned().chain(set).collect()
}

fn response(reply: &Reply) -> Response {
    match reply {
        Reply::Vector(numbers) => Response::Vector(numbers.clone()),
        Reply::Scalar(number) => Response::Scalar(*number),
        Reply::Error(message) => Response::Error(message.clone()),
        Reply::Json(document) => Response::Json(document.clone()),
        Reply::Status(status) => Response::Status(*status),
        Reply::Job(end) => Response::Job(match end {
            JobEnd::SucceedsAfter(after) => Fate::Succeeds(Delta::from_nanos(*after)),
            JobEnd::FailsAfter(after) => Fate::Fails(Delta::from_nanos(*after)),
            JobEnd::Never => Fate::Hangs,
        }),
        Reply::Signal(signal) => Response::Signal(*signal),
        Reply::Draw(draw) => Response::Draw(*draw),
        Reply::BelievedDraw(draw, belief) => Response::BelievedDraw(*draw, belief.clone()),
        Reply::Value(value) => any_value(value),
    }
}

/// A value of any provider: numbers and lists of numbers as Prometheus gives them, everything else as JSON.
fn any_value(value: &serde_json::Value) -> Response {
    if let Some(number) = value.as_f64() {
        return Response::Scalar(number);
    }
    let numbers: Option<Vec<f64>> = value
        .as_array()
        .and_then(|items| items.iter().map(serde_json::Value::as_f64).collect());
    numbers.map_or_else(|| Response::Json(value.clone()), Response::Vector)
}

fn plugin_result(result: &scenario::PluginResult) -> PluginResult {
    use crate::cluster::status::PluginPhase;
    PluginResult {
        phase: match result.phase {
            scenario::PluginPhase::Running => PluginPhase::Running,
            scenario::PluginPhase::Successful => PluginPhase::Successful,
            scenario::PluginPhase::Failed => PluginPhase::Failed,
            scenario::PluginPhase::Error => PluginPhase::Error,
        },
        message: result.message.clone(),
        lasts: result.lasts.map(Delta::from_nanos),
        requeue_after: result.requeue_after.map_or(Delta::ZERO, Delta::from_nanos),
    }
}

/// The deeds of a scenario; those whose image does not exist in the plan are left out, which never happens with a
/// setting of the same scenario.
pub(super) fn actions(scenario: &Scenario, compiled: &Compiled) -> Vec<Action> {
    let action = |action: &scenario::Action| {
        Some(Action {
            when: when(&action.trigger),
            deed: deed(&action.verb, compiled)?,
        })
    };
    scenario.actions.iter().filter_map(action).collect()
}

fn when(trigger: &scenario::Trigger) -> When {
    let step = |step: u32| i32::try_from(step).unwrap_or(i32::MAX);
    match trigger {
        scenario::Trigger::At(at) => When::At(SimTime::from_nanos(*at)),
        scenario::Trigger::On {
            event,
            after,
            every,
        } => When::Upon {
            trigger: match event {
                Event::Paused { step: at } => Trigger::Paused(at.map(step)),
                Event::Step { step: at } => Trigger::Step(step(*at)),
                Event::Degraded => Trigger::Degraded,
                Event::Aborted => Trigger::Aborted,
                Event::Healthy => Trigger::Healthy,
                Event::Promoted => Trigger::Promoted,
                Event::AnalysisFailed => Trigger::AnalysisFailed,
                Event::AnalysisInconclusive => Trigger::AnalysisInconclusive,
                Event::Revision => Trigger::Revision,
            },
            after: Delta::from_nanos(*after),
            every: *every,
        },
    }
}

fn deed(verb: &Verb, compiled: &Compiled) -> Option<Deed> {
    Some(match verb {
        Verb::SetImage(tag) => Deed::SetImage(compiled.template(tag)?),
        Verb::Promote(Promotion::Plain) => Deed::Promote,
        Verb::Promote(Promotion::Full) => Deed::PromoteFull,
        Verb::Promote(Promotion::SkipCurrentStep) => Deed::SkipCurrentStep,
        Verb::Promote(Promotion::SkipAllSteps) => Deed::SkipAllSteps,
        Verb::Abort => Deed::Abort,
        Verb::Retry => Deed::Retry,
        Verb::Undo { to_revision } => Deed::Undo(*to_revision),
        Verb::Pause => Deed::Pause,
        Verb::Resume => Deed::Resume,
        Verb::Scale { replicas } => Deed::Scale(*replicas),
        Verb::Restart => Deed::Restart,
        Verb::TerminateExperiment => Deed::TerminateExperiment,
    })
}
