//! Messages of analysis runs, metrics, measurements and experiments.

use crate::cluster::ExperimentId;
use crate::cluster::analysis_run::{AnalysisPhase, AnswerRef, Breach, Counter, Detail, RunMessage};
use crate::cluster::experiment::{AnalysisMessage, ExperimentMessage, TemplateCode};
use crate::cluster::provider::{Answer, Reading};
use crate::condition;
use crate::plan::MetricPlan;
use crate::plan::analysis::Variant;
use crate::trace::wording::Words;

impl<'a> Words<'a> {
    /// `status.message` of an analysis run (`analysis/analysis.go: reconcileAnalysisRun, assessRunStatus`).
    #[must_use]
    pub fn run_message(&self, message: &RunMessage) -> String {
        match message {
            RunMessage::None => String::new(),
            RunMessage::Invalid { analysis } => self.plan.analyses[*analysis as usize]
                .invalid
                .clone()
                .unwrap_or_default(),
            RunMessage::Terminated => "Run Terminated".to_owned(),
            RunMessage::Metric {
                analysis,
                metric,
                phase,
                breach: broken,
                detail,
            } => {
                let name = &self.metric(*analysis, *metric).name;
                let detail = self.detail(detail);
                let error = if detail.is_empty() {
                    String::new()
                } else {
                    format!(": \"Error Message: {detail}\"")
                };
                let phase = analysis_phase(*phase);
                format!(
                    "Metric \"{name}\" assessed {phase} due to {}{error}",
                    breach(*broken)
                )
            }
        }
    }

    /// The message of a measurement or of a metric (`analysis/analysis.go: runMeasurements, assessRunStatus`).
    #[must_use]
    pub fn detail(&self, detail: &Detail) -> String {
        match detail {
            Detail::None => String::new(),
            Detail::Terminated => "Metric Terminated".to_owned(),
            Detail::Answer(place) => self.answer_error(*place),
            Detail::Assessed(phase, broken) => {
                format!(
                    "Metric assessed {} due to {}",
                    analysis_phase(*phase),
                    breach(*broken)
                )
            }
        }
    }

    /// Why a provider's answer is an error: its own message, or that of the condition that cannot judge it.
    fn answer_error(&self, place: AnswerRef) -> String {
        let metric = self.metric(place.analysis, place.metric);
        match &self.reading(place).answer {
            Answer::Error(message) => message.clone(),
            Answer::Value(_) if metric.scores.is_some() => "Missing Score".to_owned(),
            Answer::Value(value) => {
                let verdict = condition::judge(
                    metric.success.as_ref(),
                    metric.failure.as_ref(),
                    value.as_ref(),
                );
                verdict
                    .err()
                    .map(|error| error.to_string())
                    .unwrap_or_default()
            }
            Answer::Assumed | Answer::Job | Answer::Shown(_) => String::new(),
        }
    }

    /// The metric that an answer belongs to.
    #[must_use]
    pub fn metric(&self, analysis: u32, metric: u16) -> &'a MetricPlan {
        &self.plan.analyses[analysis as usize].metrics[usize::from(metric)]
    }

    /// What the controller read of an answer.
    #[must_use]
    pub fn reading(&self, place: AnswerRef) -> &'a Reading {
        let noted = place
            .reading
            .and_then(|reading| self.readings.get(reading.0 as usize));
        if let Some(reading) = noted {
            return reading;
        }
        let source = self.metric(place.analysis, place.metric).source;
        &self.environment.sources[source as usize]
            .scripted(place.point)
            .reading
    }

    /// `status.message` of an experiment (`experiments/experiment.go: assessTemplates, assessAnalysisRuns`).
    #[must_use]
    pub fn experiment_message(&self, message: &ExperimentMessage) -> String {
        match message {
            ExperimentMessage::None => String::new(),
            ExperimentMessage::TemplateTimedOut { spec, template } => {
                self.template_timed_out(*spec, *template)
            }
            ExperimentMessage::RequiredCompleted => "Required AnalysisRuns completed".to_owned(),
            ExperimentMessage::Analysis(message) => self.analysis_message(message),
        }
    }

    /// The message of an experiment's template (`experiments/experiment.go: reconcileTemplate`).
    pub(super) fn template_timed_out(&self, spec: u16, template: u16) -> String {
        let spec = &self.plan.experiments[usize::from(spec)];
        let name = &spec.templates[usize::from(template)].name;
        let deadline = spec.progress_deadline.nanos() / 1_000_000_000;
        format!("Template '{name}' exceeded its progressDeadlineSeconds ({deadline})")
    }

    /// `status.templateStatuses[].message`.
    #[must_use]
    pub fn template_message(&self, id: ExperimentId, template: u16) -> String {
        let experiment = &self.cluster.experiments[usize::from(id.0)];
        let status = &self.cluster.templates_of(experiment)[usize::from(template)];
        if status.timed_out {
            self.template_timed_out(experiment.spec, template)
        } else {
            String::new()
        }
    }

    /// `status.analysisRuns[].message` of an experiment (`experiments/experiment.go: reconcileAnalysisRun`).
    #[must_use]
    pub fn analysis_message(&self, message: &AnalysisMessage) -> String {
        match message {
            AnalysisMessage::None => String::new(),
            AnalysisMessage::NotFound { spec, analysis } => {
                let analysis =
                    &self.plan.experiments[usize::from(*spec)].analyses[usize::from(*analysis)];
                analysis.not_found.clone().unwrap_or_default()
            }
            AnalysisMessage::NotCreated { spec, analysis } => {
                let analysis =
                    &self.plan.experiments[usize::from(*spec)].analyses[usize::from(*analysis)];
                let variants = &self.plan.sites[usize::from(analysis.site)].variants;
                let error = variants.iter().find_map(|variant| match variant {
                    Variant::Error(message) => Some(message.clone()),
                    Variant::Run(_) => None,
                });
                error.unwrap_or_default()
            }
            AnalysisMessage::Run(message) => self.run_message(message),
        }
    }
}

/// `failed (2) > failureLimit (1)` (`analysis/analysis.go: assessMetricFailureInconclusiveOrError`).
fn breach(breach: Breach) -> String {
    let (counter, limit) = match breach.counter {
        Counter::Failed => ("failed", "failureLimit"),
        Counter::Inconclusive => ("inconclusive", "inconclusiveLimit"),
        Counter::ConsecutiveErrors => ("consecutiveErrors", "consecutiveErrorLimit"),
    };
    format!("{counter} ({}) > {limit} ({})", breach.count, breach.limit)
}

/// The phase of a measurement, metric, run or experiment.
#[must_use]
pub fn analysis_phase(phase: AnalysisPhase) -> &'static str {
    match phase {
        AnalysisPhase::Unset => "",
        AnalysisPhase::Pending => "Pending",
        AnalysisPhase::Running => "Running",
        AnalysisPhase::Successful => "Successful",
        AnalysisPhase::Failed => "Failed",
        AnalysisPhase::Error => "Error",
        AnalysisPhase::Inconclusive => "Inconclusive",
    }
}

/// The status of an experiment's template.
#[must_use]
pub fn template_code(code: TemplateCode) -> &'static str {
    match code {
        TemplateCode::Unset => "",
        TemplateCode::Progressing => "Progressing",
        TemplateCode::Running => "Running",
        TemplateCode::Successful => "Successful",
        TemplateCode::Failed => "Failed",
        TemplateCode::Error => "Error",
    }
}
