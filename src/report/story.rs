//! From a record to entries: what is worth telling of each instant, and why it happened.
//!
//! Knows: the events of an instant in their order, and the state before and after it.
//! Simplifies: what only the state shows (pods that become available, a deadline that passes) is told at the place of its
//! instant where its cause makes it likely: pods before the controllers, unless they were created in the same instant.

mod analysis;
mod rollout;
mod state;

use crate::cluster::replica_set::Owner;
use crate::cluster::{Cluster, Event, TemplateId};
use crate::plan::Plan;
use crate::report::{Actor, ControllerEvent, Entry, Kind, MeasurementText, Run, State};
use crate::time::SimTime;
use crate::trace::Frame;
use crate::trace::wording::Words;

/// The versions whose pods are counted: all that ever have any, in the order of their appearance.
pub(super) fn versions(run: &Run<'_>) -> Vec<TemplateId> {
    let mut versions: Vec<TemplateId> = Vec::new();
    for frame in &run.trace.frames {
        let has_rollout = frame.cluster.rollout.is_some();
        let counted = frame
            .cluster
            .replica_sets
            .iter()
            .filter(|set| counts(set.owner, has_rollout));
        for set in counted {
            if (0 < set.desired || 0 < set.replicas) && !versions.contains(&set.template) {
                versions.push(set.template);
            }
        }
    }
    versions
}

/// Whether a set's pods are counted: the rollout's own, or those of an experiment that stands on its own.
fn counts(owner: Owner, has_rollout: bool) -> bool {
    match owner {
        Owner::Rollout => true,
        Owner::Experiment(..) => !has_rollout,
    }
}

/// What the controllers' recorders wrote.
pub(super) fn controller_events(run: &Run<'_>) -> Vec<ControllerEvent> {
    let mut told = Vec::new();
    let mut frames = run.trace.frames.iter().peekable();
    let Some(last) = run.trace.frames.last() else {
        return told;
    };
    for (index, (at, event)) in run.trace.events.iter().enumerate() {
        while frames.next_if(|frame| frame.events <= index).is_some() {}
        let frame = frames.peek().copied().unwrap_or(last);
        told.extend(
            words(run, &frame.cluster)
                .event(event)
                .into_iter()
                .map(|said| ControllerEvent {
                    at: *at,
                    object: said.object,
                    reason: said.reason.into_owned(),
                    message: said.message,
                }),
        );
    }
    told
}

fn words<'a>(run: &Run<'a>, cluster: &'a Cluster) -> Words<'a> {
    let compiled = run.compiled;
    Words {
        plan: &compiled.plan,
        environment: &compiled.environment,
        cluster,
        readings: &run.trace.readings,
    }
}

/// The entries of a run.
pub(super) fn entries(run: &Run<'_>, versions: &[TemplateId]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let Some((first, frames)) = run.trace.frames.split_first() else {
        return entries;
    };
    let events = &run.trace.events;
    let mut before: &Frame = first;
    let mut frames = frames.iter().peekable();
    let mut next_event = 0;
    let mut told_failure = None;
    let mut is_first = true;
    let plan = &run.compiled.plan;
    let mut stage = (state::stage(plan, &first.cluster), first.at);
    loop {
        // The next instant at which anything was told or changed.
        let event_at = events.get(next_event).map(|(at, _)| *at);
        let frame_at = frames.peek().map(|frame| frame.at);
        let Some(at) = [event_at, frame_at].into_iter().flatten().min() else {
            return entries;
        };
        let end = events[next_event..]
            .iter()
            .take_while(|(when, _)| *when == at)
            .count();
        let of_instant = &events[next_event..next_event + end];
        next_event += end;
        let mut after = before;
        while let Some(frame) = frames.next_if(|frame| frame.at == at) {
            after = frame;
        }
        let mut teller = Teller {
            run,
            words: words(run, &after.cluster),
            plan: &run.compiled.plan,
            at,
            before: &before.cluster,
            after: &after.cluster,
            events: of_instant,
            state: state::of(&run.compiled.plan, &after.cluster, versions),
            step: before
                .cluster
                .rollout
                .as_ref()
                .and_then(|rollout| rollout.status.step),
            stable: before
                .cluster
                .rollout
                .as_ref()
                .and_then(|rollout| rollout.status.stable),
            aborted: before
                .cluster
                .rollout
                .as_ref()
                .is_some_and(|rollout| rollout.status.abort),
            told_failure,
            stage_since: stage.0.map(|_| stage.1),
            entries: &mut entries,
        };
        if is_first {
            teller.tell_of_the_start();
            is_first = false;
        }
        teller.tell();
        told_failure = teller.told_failure;
        let next = state::stage(plan, &after.cluster);
        if next != stage.0 {
            stage = (next, at);
        }
        before = after;
    }
}

/// Tells one instant.
struct Teller<'a, 'e> {
    run: &'a Run<'a>,
    words: Words<'a>,
    plan: &'a Plan,
    at: SimTime,
    before: &'a Cluster,
    after: &'a Cluster,
    events: &'a [(SimTime, Event)],
    state: State,
    /// The step, as far as the instant has been told.
    step: Option<i32>,
    /// Whether the rollout is aborted, as far as the instant has been told.
    aborted: bool,
    /// The stable version, as far as the instant has been told.
    stable: Option<TemplateId>,
    /// The failure that was told last; its repetitions are details.
    told_failure: Option<crate::cluster::event::ReconcileError>,
    /// Since when the canary has had its share of the requests.
    stage_since: Option<SimTime>,
    entries: &'e mut Vec<Entry>,
}

impl Teller<'_, '_> {
    fn add(&mut self, actor: Actor, kind: Kind, what: impl Into<String>, why: impl Into<String>) {
        self.push(actor, kind, what.into(), why.into(), false);
    }

    /// Something that only those who ask for every detail are told.
    fn add_detail(&mut self, actor: Actor, kind: Kind, what: impl Into<String>) {
        self.push(actor, kind, what.into(), String::new(), true);
    }

    fn push(&mut self, actor: Actor, kind: Kind, what: String, why: String, detail: bool) {
        let state = self.state.clone();
        let measurement = None;
        self.entries.push(Entry {
            at: self.at,
            actor,
            kind,
            what,
            why,
            measurement,
            detail,
            state,
        });
    }

    fn add_measurement(&mut self, what: String, why: String, measurement: MeasurementText) {
        self.add(Actor::Analysis, Kind::Measurement, what, why);
        if let Some(entry) = self.entries.last_mut() {
            entry.measurement = Some(measurement);
        }
    }

    /// Moves the last entry before the first one of this instant that `follows` it.
    fn move_last_before(&mut self, follows: impl Fn(&Entry) -> bool) {
        let at = self.at;
        let position = self
            .entries
            .iter()
            .position(|entry| entry.at == at && follows(entry));
        if let Some(position) = position
            && let Some(entry) = self.entries.pop()
        {
            self.entries.insert(position, entry);
        }
    }

    fn tag(&self, template: TemplateId) -> &str {
        &self.plan.template(template).tag
    }

    /// Tells what happened before anything happened: a manifest was applied.
    fn tell_of_the_start(&mut self) {
        let Some(rollout) = &self.before.rollout else {
            let what = format!("applies Experiment {}", self.plan.name);
            self.add(Actor::Person, Kind::Applied, what, "");
            return;
        };
        let what = match rollout.status.stable {
            _ if self.plan.invalid.is_some() => format!("applies {}", self.tag(rollout.template)),
            Some(stable) if stable == rollout.template => {
                format!("applies {} again", self.tag(stable))
            }
            Some(stable) => {
                format!(
                    "applies {} over {}",
                    self.tag(rollout.template),
                    self.tag(stable)
                )
            }
            None => format!("applies {} for the first time", self.tag(rollout.template)),
        };
        self.add(Actor::Person, Kind::Applied, what, "");
    }

    fn tell(&mut self) {
        let grown_now = self.tell_pods();
        for (_, event) in self.events {
            self.tell_event(event);
        }
        self.tell_created_pods(&grown_now);
        self.tell_state();
    }

    fn tell_event(&mut self, event: &Event) {
        match event {
            Event::Measured { .. }
            | Event::MetricCompleted { .. }
            | Event::RunCompleted { .. }
            | Event::RunStatus { .. }
            | Event::ExperimentCreated(_)
            | Event::TemplateChanged { .. }
            | Event::ExperimentChanged { .. }
            | Event::ExperimentAnalysisChanged { .. }
            | Event::ExperimentAnalysisTerminating { .. }
            | Event::ExperimentScaled { .. } => self.tell_of_analysis(event),
            _ => self.tell_of_rollout(event),
        }
    }
}
