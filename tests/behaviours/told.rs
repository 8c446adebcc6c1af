//! Then: what a story told, second by second.

use std::fmt::Write as _;

use coalmine::cluster::analysis_run::{AnalysisRun, Counter, MetricStatus, RunMessage, Site};
use coalmine::cluster::status::{AbortCause, PauseReason, RolloutPhase, RolloutStatus};
use coalmine::cluster::{Cluster, Event, Experiment, ReplicaSet, RunId, TemplateId};
use coalmine::plan::Plan;
use coalmine::plan::compile::Compiled;
use coalmine::plan::scenario::Refusal;
use coalmine::sim::Ending;
use coalmine::trace::Trace;
use coalmine::trace::wording::{Words, analysis_phase};

/// A finished story.
pub(crate) struct Told {
    pub(crate) compiled: Compiled,
    pub(crate) trace: Trace,
    pub(crate) ending: Ending,
}

/// The state at the end of a second.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    told: &'a Told,
    second: i64,
    pub(crate) cluster: &'a Cluster,
}

impl Told {
    /// The state at the end of a second.
    #[track_caller]
    pub(crate) fn at(&self, second: i64) -> Moment<'_> {
        let frames = self.trace.frames.iter();
        let frame = frames.rev().find(|frame| frame.at.whole_secs() <= second);
        let cluster = &frame.expect("the story had begun").cluster;
        Moment {
            told: self,
            second,
            cluster,
        }
    }

    /// The state at the end.
    pub(crate) fn end(&self) -> Moment<'_> {
        self.at(i64::MAX)
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.compiled.plan
    }

    /// Why the controller refuses the rollout, or nothing.
    pub(crate) fn refusal(&self) -> &str {
        self.plan().invalid.as_deref().unwrap_or_default()
    }

    /// The values of something over time: the second of each change and the new value.
    pub(crate) fn course<'t, T: PartialEq>(
        &'t self,
        what: impl Fn(Moment<'t>) -> T,
    ) -> Vec<(i64, T)> {
        let mut course: Vec<(i64, T)> = Vec::new();
        let mut seconds: Vec<i64> = self
            .trace
            .frames
            .iter()
            .map(|frame| frame.at.whole_secs())
            .collect();
        seconds.dedup();
        for second in seconds {
            let value = what(self.at(second));
            if course.last().is_none_or(|(_, last)| *last != value) {
                course.push((second, value));
            }
        }
        course
    }

    /// The canary's weight over time.
    pub(crate) fn weights(&self) -> Vec<(i64, i32)> {
        self.course(|moment| moment.weight().unwrap_or(0))
    }

    /// Second and phase of each completed measurement of a metric.
    pub(crate) fn measurements(&self, run: &str, metric: &str) -> Vec<(i64, &'static str)> {
        let (index, stored) = self.end().find_run(run);
        let metrics = &self.plan().analyses[stored.analysis as usize].metrics;
        let number = metrics
            .iter()
            .position(|known| known.name == metric)
            .expect("its metric");
        let of_it = |event: &Event| match event {
            Event::Measured {
                run,
                metric,
                measurement,
            } if run.0 as usize == index && usize::from(*metric) == number => {
                Some(analysis_phase(measurement.phase))
            }
            _ => None,
        };
        let events = self.trace.events.iter();
        events
            .filter_map(|(at, event)| Some((at.whole_secs(), of_it(event)?)))
            .collect()
    }

    /// Value and message of the first completed measurement of a metric.
    pub(crate) fn words_of(&self, run: &str, metric: &str) -> (String, String) {
        let (_, stored) = self.end().find_run(run);
        let metrics = &self.plan().analyses[stored.analysis as usize].metrics;
        let number = metrics.iter().position(|known| known.name == metric);
        let of_it = |(_, event): &(_, Event)| match event {
            Event::Measured { measurement, .. }
                if measurement.answer.analysis == stored.analysis
                    && Some(usize::from(measurement.answer.metric)) == number =>
            {
                Some(*measurement)
            }
            _ => None,
        };
        let measurement = self.trace.events.iter().find_map(of_it).expect("measured");
        let words = Words {
            plan: self.plan(),
            environment: &self.compiled.environment,
            cluster: self.end().cluster,
            readings: &self.trace.readings,
        };
        let text = words.reading(measurement.answer).text.clone();
        (text, words.detail(&measurement.message))
    }

    /// The seconds at which something was told.
    pub(crate) fn when(&self, what: impl Fn(&Event) -> bool) -> Vec<i64> {
        let events = self.trace.events.iter();
        events
            .filter(|(_, event)| what(event))
            .map(|(at, _)| at.whole_secs())
            .collect()
    }

    /// What the plugin refused to do.
    pub(crate) fn refused(&self) -> Vec<(i64, Refusal)> {
        let of_it = |event: &Event| match event {
            Event::User(_, refusal) => *refusal,
            _ => None,
        };
        let events = self.trace.events.iter();
        events
            .filter_map(|(at, event)| Some((at.whole_secs(), of_it(event)?)))
            .collect()
    }
}

/// What is so at a moment.
impl<'a> Moment<'a> {
    pub(crate) fn status(self) -> &'a RolloutStatus {
        &self.cluster.rollout.as_ref().expect("a rollout").status
    }

    pub(crate) fn weight(self) -> Option<i32> {
        self.status()
            .canary
            .weights
            .as_ref()
            .map(|weights| weights.canary.weight)
    }

    /// `[desired, ready, available]`, summed over the image's sets of the rollout.
    pub(crate) fn pods(self, tag: &str) -> [i32; 3] {
        let mut sum = [0; 3];
        for set in self
            .sets()
            .filter(|set| self.tag(Some(set.template)) == tag)
        {
            for (sum, count) in sum.iter_mut().zip([set.desired, set.ready, set.available]) {
                *sum += count;
            }
        }
        sum
    }

    /// Pods of the rollout that ought to exist.
    pub(crate) fn all_pods(self) -> i32 {
        self.sets().map(|set| set.desired).sum()
    }

    pub(crate) fn sets(self) -> impl Iterator<Item = &'a ReplicaSet> {
        self.cluster
            .replica_sets
            .iter()
            .filter(|set| set.is_rollouts())
    }

    /// The image that a service selects.
    pub(crate) fn service(self, name: &str) -> &'a str {
        let services = &self.told.plan().services;
        let index = services
            .iter()
            .position(|known| known == name)
            .expect("a known service");
        self.tag(self.cluster.services[index].selector)
    }

    fn tag(self, template: Option<TemplateId>) -> &'a str {
        template.map_or("", |template| {
            self.told.plan().template(template).tag.as_str()
        })
    }

    pub(crate) fn phase(self) -> &'static str {
        match self.status().phase {
            RolloutPhase::Unset => "",
            RolloutPhase::Healthy => "Healthy",
            RolloutPhase::Degraded => "Degraded",
            RolloutPhase::Progressing => "Progressing",
            RolloutPhase::Paused => "Paused",
        }
    }

    fn pauses(self) -> Vec<&'static str> {
        let name = |reason| match reason {
            PauseReason::CanaryPauseStep => "CanaryPauseStep",
            PauseReason::BlueGreenPause => "BlueGreenPause",
            PauseReason::InconclusiveAnalysis => "InconclusiveAnalysisRun",
            PauseReason::InconclusiveExperiment => "InconclusiveExperiment",
        };
        self.status()
            .pauses
            .iter()
            .map(|(reason, _)| name(reason))
            .collect()
    }

    fn find_run(self, name: &str) -> (usize, &'a AnalysisRun) {
        let runs = self.cluster.runs.iter().enumerate();
        let known: Vec<String> = runs
            .clone()
            .map(|(index, _)| self.run_name(index))
            .collect();
        let mut found = runs.filter(|(index, _)| known[*index] == name);
        found
            .next()
            .unwrap_or_else(|| panic!("no run {name} among {known:?}"))
    }

    /// `rev<revision>/<site>[-<step>][#n]`, for an experiment's analysis `<experiment>/<analysis>`.
    fn run_name(self, index: usize) -> String {
        let run = &self.cluster.runs[index];
        let site = match run.site {
            Site::Background => "Background".to_owned(),
            Site::Step(step) => format!("Step-{step}"),
            Site::PrePromotion => "PrePromotion".to_owned(),
            Site::PostPromotion => "PostPromotion".to_owned(),
            Site::Experiment(owner, analysis) => {
                let spec = self.cluster.experiments[usize::from(owner.0)].spec;
                let spec = &self.told.plan().experiments[usize::from(spec)];
                let analysis = &spec.analyses[usize::from(analysis)].name;
                return format!("{}/{analysis}", self.experiment_name(usize::from(owner.0)));
            }
        };
        let before = &self.cluster.runs[..=index];
        let same = |other: &&AnalysisRun| other.site == run.site && other.revision == run.revision;
        format!(
            "rev{}/{site}{}",
            run.revision,
            numbered(before.iter().filter(same).count())
        )
    }

    /// `rev<revision>/Experiment-<step>[#n]`, or `Experiment` without a rollout.
    fn experiment_name(self, index: usize) -> String {
        let experiment = &self.cluster.experiments[index];
        let Some(step) = experiment.step else {
            return "Experiment".to_owned();
        };
        let same = |other: &&Experiment| {
            other.step == experiment.step && other.revision == experiment.revision
        };
        let number = self.cluster.experiments[..=index]
            .iter()
            .filter(same)
            .count();
        format!(
            "rev{}/Experiment-{step}{}",
            experiment.revision,
            numbered(number)
        )
    }

    pub(crate) fn experiment(self, name: &str) -> &'a Experiment {
        let experiments = self.cluster.experiments.iter().enumerate();
        let mut found = experiments.filter(|(index, _)| self.experiment_name(*index) == name);
        found
            .next()
            .unwrap_or_else(|| panic!("no experiment {name}"))
            .1
    }

    pub(crate) fn has_run(self, name: &str) -> bool {
        (0..self.cluster.runs.len()).any(|index| self.run_name(index) == name)
    }

    pub(crate) fn run(self, name: &str) -> &'a AnalysisRun {
        self.find_run(name).1
    }

    /// The result of a metric of a run.
    pub(crate) fn metric(self, run: &str, metric: &str) -> &'a MetricStatus {
        let run = self.run(run);
        let metrics = &self.told.plan().analyses[run.analysis as usize].metrics;
        let number = metrics
            .iter()
            .position(|known| known.name == metric)
            .expect("its metric");
        &self.cluster.metrics_of(run)[number]
    }

    /// Why the rollout is aborted, or nothing.
    fn abort_reason(self) -> String {
        let abort = self
            .status()
            .conditions
            .progressing
            .and_then(|condition| condition.abort);
        let Some(abort) = abort else {
            return String::new();
        };
        match abort.cause {
            AbortCause::Person => "aborted by hand".to_owned(),
            AbortCause::Background(run) => self.because("background analysis", run),
            AbortCause::Step(run) => self.because("step analysis", run),
            AbortCause::PrePromotion(run) => self.because("pre-promotion analysis", run),
            AbortCause::PostPromotion(run) => self.because("post-promotion analysis", run),
            AbortCause::Experiment(id) => {
                let message = self.cluster.experiments[usize::from(id.0)].message;
                format!("experiment: {message:?}")
            }
            AbortCause::Deadline(template) => {
                format!("{} missed the progress deadline", self.tag(Some(template)))
            }
            AbortCause::StepPlugin { step, result } => {
                format!("step plugin of step {step} failed with its result {result}")
            }
        }
    }

    fn because(self, what: &str, run: RunId) -> String {
        let message = self.cluster.runs[run.0 as usize].message;
        format!("{what}: {}", self.message(message))
    }

    /// A run's message: the metric, its phase and the limit that it broke.
    pub(crate) fn message(self, message: RunMessage) -> String {
        let analysis = |index: u32| &self.told.plan().analyses[index as usize];
        match message {
            RunMessage::None => String::new(),
            RunMessage::Terminated => "Run Terminated".to_owned(),
            RunMessage::Invalid { analysis: index } => {
                analysis(index).invalid.clone().unwrap_or_default()
            }
            RunMessage::Metric {
                analysis: index,
                metric,
                phase,
                breach,
                ..
            } => {
                let name = &analysis(index).metrics[usize::from(metric)].name;
                let (counter, limit) = match breach.counter {
                    Counter::Failed => ("failed", "failureLimit"),
                    Counter::Inconclusive => ("inconclusive", "inconclusiveLimit"),
                    Counter::ConsecutiveErrors => ("consecutiveErrors", "consecutiveErrorLimit"),
                };
                let (phase, count) = (analysis_phase(phase), breach.count);
                format!(
                    "{name} {phase}: {counter} ({count}) > {limit} ({})",
                    breach.limit
                )
            }
        }
    }
}

/// What ought to be so at a moment. Each expectation returns the moment, for the next one.
impl<'a> Moment<'a> {
    /// A later moment of the same story.
    #[track_caller]
    pub(crate) fn at(self, second: i64) -> Moment<'a> {
        self.told.at(second)
    }

    #[track_caller]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "expectations are written with values"
    )]
    fn expect<T: PartialEq + std::fmt::Debug>(self, what: &str, is: T, ought: T) -> Self {
        assert!(
            is == ought,
            "{what} at {}: {is:?} instead of {ought:?}\n{}",
            self.second,
            self.shown()
        );
        self
    }

    #[track_caller]
    pub(crate) fn expect_step(self, step: i32) -> Self {
        self.expect("step", self.status().step, Some(step))
    }

    #[track_caller]
    pub(crate) fn expect_weight(self, weight: i32) -> Self {
        self.expect("weight", self.weight(), Some(weight))
    }

    #[track_caller]
    pub(crate) fn expect_pods(self, tag: &str, pods: [i32; 3]) -> Self {
        self.expect(tag, self.pods(tag), pods)
    }

    #[track_caller]
    pub(crate) fn expect_phase(self, phase: &str) -> Self {
        self.expect("phase", self.phase(), phase)
    }

    #[track_caller]
    pub(crate) fn expect_stable(self, tag: &str) -> Self {
        self.expect("stable", self.tag(self.status().stable), tag)
    }

    #[track_caller]
    pub(crate) fn expect_service(self, name: &str, tag: &str) -> Self {
        self.expect(name, self.service(name), tag)
    }

    #[track_caller]
    pub(crate) fn expect_paused_for(self, reasons: &[&str]) -> Self {
        self.expect("pauses", &*self.pauses(), reasons)
    }

    #[track_caller]
    pub(crate) fn expect_run(self, name: &str, phase: &str) -> Self {
        self.expect(name, analysis_phase(self.run(name).phase), phase)
    }

    #[track_caller]
    pub(crate) fn expect_no_run(self, name: &str) -> Self {
        self.expect(name, self.has_run(name), false)
    }

    #[track_caller]
    pub(crate) fn expect_experiment(self, name: &str, phase: &str) -> Self {
        self.expect(name, analysis_phase(self.experiment(name).phase), phase)
    }

    #[track_caller]
    pub(crate) fn expect_not_aborted(self) -> Self {
        self.expect("abort", self.status().abort, false)
    }

    #[track_caller]
    pub(crate) fn expect_aborted_because(self, reason: &str) -> Self {
        self.expect("abort", self.status().abort, true);
        self.expect("reason", self.abort_reason(), reason.to_owned())
    }

    /// The whole story, for a failing test.
    fn shown(self) -> String {
        let mut text = String::new();
        for (second, line) in self.told.course(Moment::line) {
            let _ = writeln!(text, "{second:>6} {line}");
        }
        text
    }

    fn line(self) -> String {
        let Some(rollout) = &self.cluster.rollout else {
            return String::new();
        };
        let (step, weight) = (rollout.status.step, self.weight());
        let mut text = format!("{:<11} step {step:?} weight {weight:?}", self.phase());
        for set in self.sets().filter(|set| 0 < set.desired + set.ready) {
            let pods = [set.desired, set.ready, set.available];
            let _ = write!(text, " {} {pods:?}", self.tag(Some(set.template)));
        }
        for (index, run) in self.cluster.runs.iter().enumerate() {
            let _ = write!(
                text,
                " {} {}",
                self.run_name(index),
                analysis_phase(run.phase)
            );
        }
        for (index, experiment) in self.cluster.experiments.iter().enumerate() {
            let phase = analysis_phase(experiment.phase);
            let _ = write!(text, " {} {phase}", self.experiment_name(index));
        }
        for (name, service) in self.told.plan().services.iter().zip(&self.cluster.services) {
            let _ = write!(text, " {name}:{}", self.tag(service.selector));
        }
        let _ = write!(text, " {:?} {}", self.pauses(), self.abort_reason());
        text
    }
}

fn numbered(number: usize) -> String {
    if number == 1 {
        String::new()
    } else {
        format!("#{number}")
    }
}
