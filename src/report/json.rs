//! The report as a JSON document, schema `coalmine.run/v1`.
//!
//! The structs of [`v1`] are frozen: fields are added, never renamed, removed or given another meaning. They are filled by
//! hand and not derived from the types of the simulation, so that these may change.

mod impact;

use serde::Serialize;

use crate::report::{Entry, Report};
use crate::sim::EndReason;
use crate::time::{Delta, SimTime};
use crate::verdict::Fate;

/// Version 1 of the document. Times are seconds of virtual time since the manifest was applied; what happened before has
/// negative times. Steps are counted from 0, as in the status of a Rollout.
pub mod v1 {
    use serde::Serialize;

    /// The name of this schema.
    pub const SCHEMA: &str = "coalmine.run/v1";

    /// The whole document.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Document {
        /// [`SCHEMA`].
        pub schema: &'static str,
        /// What was simulated.
        pub subject: Subject,
        /// The world in which.
        pub world: World,
        /// The verdict on the last revision that was requested.
        pub verdict: Verdict,
        /// What became of the revisions before, oldest first.
        pub earlier: Vec<Past>,
        /// What the release cost; null for an Experiment on its own.
        pub impact: Option<Impact>,
        /// Where the run ended.
        pub end: End,
        /// The versions whose pods are counted in [`State::pods`].
        pub versions: Vec<String>,
        /// What happened, in order.
        pub timeline: Vec<Entry>,
        /// The Kubernetes events that the controllers' recorders wrote, in order.
        pub controller_events: Vec<ControllerEvent>,
    }

    pub use super::impact::{Gap, Impact, Traffic, Version};

    /// What was simulated.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Subject {
        /// `Rollout` or `Experiment`.
        pub kind: &'static str,
        /// `metadata.name`.
        pub name: String,
        /// The strategy in words; empty for an Experiment.
        pub strategy: String,
        /// `spec.replicas`.
        pub replicas: i32,
        /// The stable version at the start; null for a first deployment.
        pub from: Option<String>,
        /// The version that is applied at t = 0; null for an Experiment.
        pub to: Option<String>,
        /// The steps in Argo's short form.
        pub steps: Vec<String>,
        /// What is measured, in words.
        pub analyses: Vec<String>,
    }

    /// The world.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[serde(rename_all = "camelCase")]
    pub struct World {
        /// The name of the scenario; null for the default world.
        pub scenario: Option<String>,
        /// Seed of the run.
        pub seed: u64,
        /// Whether anything was drawn under it; otherwise all numbers are expectations.
        pub random: bool,
        /// Which of the runs under the seed; only where anything was drawn.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub replicate: Option<u64>,
        /// What the world does, in words.
        pub description: Vec<String>,
        /// Objects that were not in the input and are assumed to exist and to suit.
        pub assumed_objects: Vec<String>,
        /// Metrics without a script, whose measurements are assumed to pass.
        pub assumed_metrics: Vec<String>,
    }

    /// The verdict.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Verdict {
        /// `Promoted`, `RolledBack`, `RollbackFailed`, `Paused`, `Stuck`, `Invalid`, `Undecided`; for an Experiment on its own
        /// also `Successful`, `Failed`, `Inconclusive`.
        pub verdict: &'static str,
        /// The number of the revision; null if none was made.
        pub revision: Option<u32>,
        /// Its version; null for an Experiment.
        pub version: Option<String>,
        /// Since when the verdict holds \[s\].
        pub since: f64,
        /// At which step it stands; null without steps, after the last one and after an abort.
        pub step: Option<i32>,
        /// The controllers' own words; empty where they say nothing.
        pub reason: String,
        /// What follows from it.
        pub consequence: String,
    }

    /// An earlier revision.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Past {
        /// The number of the revision.
        pub revision: u32,
        /// Its version.
        pub version: String,
        /// When it was requested \[s\].
        pub requested: f64,
        /// `Promoted`, `Aborted` or `Superseded`.
        pub fate: &'static str,
        /// When \[s\].
        pub at: f64,
        /// The revision that superseded it.
        pub by: Option<u32>,
    }

    /// Where the run ended.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[serde(rename_all = "camelCase")]
    pub struct End {
        /// The last instant \[s\].
        pub at: f64,
        /// `quiet`: nothing but resyncs remained to happen. `until`: cut off. `livelock`: nothing but
        /// resyncs and a controller that keeps itself busy. `crowded`: too much happened: experiments or
        /// analysis runs were made, or pods changed, without end.
        pub reason: &'static str,
    }

    /// One thing that happened.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Entry {
        /// When \[s\].
        pub at: f64,
        /// `person`, `rollout`, `analysis`, `experiment`, `pods` or `router`.
        pub who: &'static str,
        /// The kind of entry, such as `step-completed`, `measurement`, `aborted`, `promoted`.
        pub kind: &'static str,
        /// What happened, in words.
        pub what: String,
        /// Why, in words; empty where there is no more to say.
        pub why: String,
        /// Whether the text report tells it only with `--verbose`.
        pub detail: bool,
        /// The measurement, where it is one.
        pub measurement: Option<Measurement>,
        /// The state after the instant.
        pub state: State,
    }

    /// A measurement.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Measurement {
        /// The name of its `AnalysisRun`.
        pub run: String,
        /// The metric.
        pub metric: String,
        /// What the provider answered, as Argo writes it; empty after an error.
        pub value: String,
        /// `Successful`, `Failed`, `Inconclusive` or `Error`.
        pub phase: &'static str,
        /// `successCondition`; empty if there is none.
        pub success_condition: String,
        /// `failureCondition`; empty if there is none.
        pub failure_condition: String,
        /// Whether nothing was scripted for the metric.
        pub assumed: bool,
        /// How many requests decided; only where that is known, as are the other three.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub requests: Option<f64>,
        /// The share of them that went to the version that is tried.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub canary_share: Option<f64>,
        /// Over which time before the measurement, in seconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub window: Option<f64>,
        /// The share of that time for which the canary's weight has been as it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub step_share: Option<f64>,
    }

    /// The state after an instant.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[serde(rename_all = "camelCase")]
    pub struct State {
        /// The current step; null without steps and while aborted.
        pub step: Option<i32>,
        /// The canary's weight; null without a traffic router.
        pub weight: Option<i32>,
        /// The version behind the active service of a blue-green rollout.
        pub active: Option<String>,
        /// Available and desired pods, for each of [`Document::versions`].
        pub pods: Vec<[i32; 2]>,
    }

    /// A Kubernetes event.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[serde(rename_all = "camelCase")]
    pub struct ControllerEvent {
        /// When \[s\].
        pub at: f64,
        /// The kind of the object; `User` for what a person did.
        pub object: &'static str,
        /// `reason`.
        pub reason: String,
        /// `message`.
        pub message: String,
    }
}

/// The document, indented, with a newline at its end.
///
/// # Panics
///
/// Never: the document has no maps with keys that are not texts.
#[must_use]
pub fn render(report: &Report) -> String {
    indented(&document(report))
}

/// A document of any report: indented, with a newline at its end.
///
/// # Panics
///
/// If it has maps with keys that are not texts; no report has.
#[must_use]
pub(crate) fn indented<T: Serialize + ?Sized>(document: &T) -> String {
    let mut text = serde_json::to_string_pretty(document)
        .expect("the document has no maps with keys that are not texts");
    text.push('\n');
    text
}

/// The document as a value.
#[must_use]
pub fn document(report: &Report) -> v1::Document {
    let head = &report.header;
    let outcome = &report.verdict.outcome;
    v1::Document {
        schema: v1::SCHEMA,
        subject: v1::Subject {
            kind: head.kind,
            name: head.name.clone(),
            strategy: head.strategy.clone(),
            replicas: head.replicas,
            from: head.from.clone(),
            to: head.to.clone(),
            steps: head.steps.clone(),
            analyses: head.analyses.clone(),
        },
        world: v1::World {
            scenario: head.scenario.clone(),
            seed: head.seed,
            random: head.random,
            replicate: head.random.then_some(head.replicate),
            description: head.world.clone(),
            assumed_objects: head.assumed.clone(),
            assumed_metrics: head.assumed_metrics.clone(),
        },
        verdict: v1::Verdict {
            verdict: outcome.verdict.name(),
            revision: outcome.revision,
            version: report.verdict.version.clone(),
            since: seconds(outcome.since),
            step: outcome.step,
            reason: outcome.reason.clone(),
            consequence: outcome.consequence.clone(),
        },
        earlier: earlier(report),
        impact: report.impact.as_ref().map(v1::Impact::from),
        end: v1::End {
            at: seconds(report.end),
            reason: match report.end_reason {
                EndReason::Quiet => "quiet",
                EndReason::Until => "until",
                EndReason::Livelock => "livelock",
                EndReason::Crowded => "crowded",
            },
        },
        versions: report.versions.clone(),
        timeline: report.entries.iter().map(entry).collect(),
        controller_events: report
            .controller_events
            .iter()
            .map(|event| v1::ControllerEvent {
                at: seconds(event.at),
                object: event.object,
                reason: event.reason.clone(),
                message: event.message.clone(),
            })
            .collect(),
    }
}

fn seconds(at: SimTime) -> f64 {
    (at - SimTime::ZERO).seconds()
}

fn earlier(report: &Report) -> Vec<v1::Past> {
    let all = report
        .verdict
        .outcome
        .earlier
        .iter()
        .zip(&report.verdict.earlier);
    all.map(|(past, version)| {
        let (fate, at, by) = match past.fate {
            Fate::Promoted(at) => ("Promoted", at, None),
            Fate::Aborted(at) => ("Aborted", at, None),
            Fate::Superseded(at, by) => ("Superseded", at, Some(by)),
        };
        v1::Past {
            revision: past.revision,
            version: version.clone(),
            requested: seconds(past.requested),
            fate,
            at: seconds(at),
            by,
        }
    })
    .collect()
}

fn entry(entry: &Entry) -> v1::Entry {
    v1::Entry {
        at: seconds(entry.at),
        who: entry.actor.name(),
        kind: entry.kind.name(),
        what: entry.what.clone(),
        why: entry.why.clone(),
        detail: entry.detail,
        measurement: entry.measurement.as_ref().map(|one| v1::Measurement {
            run: one.run.clone(),
            metric: one.metric.clone(),
            value: one.value.clone(),
            phase: one.phase,
            success_condition: one.success_condition.clone(),
            failure_condition: one.failure_condition.clone(),
            assumed: one.assumed,
            requests: one.behind.map(|behind| behind.requests),
            canary_share: one.behind.and_then(|behind| behind.canary_share),
            window: one
                .behind
                .and_then(|behind| behind.window)
                .map(Delta::seconds),
            step_share: one.behind.and_then(|behind| behind.step_share),
        }),
        state: v1::State {
            step: entry.state.step,
            weight: entry.state.weight,
            active: entry.state.active.clone(),
            pods: entry
                .state
                .pods
                .iter()
                .map(|(available, desired)| [*available, *desired])
                .collect(),
        },
    }
}
