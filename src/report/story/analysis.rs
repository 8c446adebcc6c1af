//! Analyses and experiments: measurements with their value, condition and verdict, and what ends them.

use crate::cluster::analysis_run::{AnalysisPhase, Measurement, MetricStatus, Site};
use crate::cluster::experiment::TemplateCode;
use crate::cluster::provider::Answer;
use crate::cluster::{Event, ExperimentId, RunId};
use crate::plan::MetricPlan;
use crate::report::story::Teller;
use crate::report::{Actor, BehindText, Kind, MeasurementText};
use crate::trace::wording::{analysis_phase, template_code};

impl Teller<'_, '_> {
    /// For whom a run measures, in words.
    pub(super) fn site(&self, site: Site) -> String {
        match site {
            Site::Background => "background analysis".to_owned(),
            Site::Step(step) => format!("analysis of step {}", step + 1),
            Site::PrePromotion => "pre-promotion analysis".to_owned(),
            Site::PostPromotion => "post-promotion analysis".to_owned(),
            Site::Experiment(id, analysis) => {
                format!(
                    "experiment analysis {}",
                    self.words.analysis_name(id, analysis)
                )
            }
        }
    }

    pub(super) fn tell_of_analysis(&mut self, event: &Event) {
        match *event {
            Event::Measured {
                run,
                metric,
                measurement,
            } => {
                self.tell_measurement(run, metric, &measurement);
            }
            Event::RunCompleted { run, phase } => self.tell_end_of_run(run, phase),
            Event::ExperimentCreated(id) => {
                let name = self.words.experiment_name(id);
                self.add(
                    Actor::Rollout,
                    Kind::Experiment,
                    format!("creates experiment {name}"),
                    "",
                );
            }
            Event::TemplateChanged {
                experiment,
                template,
                to,
                ..
            } => {
                self.tell_template(experiment, template, to);
            }
            Event::ExperimentChanged { experiment, to, .. } => {
                let message = &self.after.experiments[usize::from(experiment.0)].message;
                let why = self.words.experiment_message(message);
                let what = format!("experiment is {}", analysis_phase(to));
                if to == AnalysisPhase::Pending {
                    self.add_detail(Actor::Experiment, Kind::Experiment, what);
                } else {
                    self.add(Actor::Experiment, Kind::Experiment, what, why);
                }
            }
            Event::ExperimentAnalysisTerminating {
                experiment,
                analysis,
            } => {
                let name = self.words.analysis_name(experiment, analysis);
                let what = format!("ends analysis {name}, which still runs");
                self.add(Actor::Experiment, Kind::AnalysisEnded, what, "");
            }
            Event::ExperimentScaled {
                replica_set,
                from,
                to,
            } => {
                let set = *self.after.replica_set(replica_set);
                if let crate::cluster::replica_set::Owner::Experiment(id, template) = set.owner {
                    let name = &self.words.template_plan(id, template).name;
                    let tag = self.tag(set.template);
                    let what = format!("scales template {name} ({tag}) from {from} to {to}");
                    self.add(Actor::Experiment, Kind::Scaled, what, "");
                }
            }
            _ => {}
        }
    }

    fn tell_template(&mut self, experiment: ExperimentId, template: u16, to: TemplateCode) {
        let name = &self.words.template_plan(experiment, template).name;
        let what = format!("template {name} is {}", template_code(to));
        match to {
            TemplateCode::Failed | TemplateCode::Error => {
                let why = self.words.template_message(experiment, template);
                self.add(Actor::Experiment, Kind::Experiment, what, why);
            }
            _ => self.add_detail(Actor::Experiment, Kind::Experiment, what),
        }
    }

    fn tell_measurement(&mut self, run: RunId, index: u16, measurement: &Measurement) {
        let stored = &self.after.runs[run.0 as usize];
        let metric = self.words.metric(stored.analysis, index);
        let status = &self.after.metrics_of(stored)[usize::from(index)];
        let reading = self.words.reading(measurement.answer);
        let assumed = matches!(reading.answer, Answer::Assumed);
        let failed = measurement.phase == AnalysisPhase::Error;
        let value = if failed {
            String::new()
        } else {
            reading.text.clone()
        };
        let phase = analysis_phase(measurement.phase);
        let shown = if value.is_empty() {
            String::new()
        } else {
            format!(" = {value}")
        };
        let dry_run = if metric.dry_run { " (dry run)" } else { "" };
        let what = format!("{}{shown} is {phase}{dry_run}", metric.name);
        let mut why = if assumed {
            "assumed".to_owned()
        } else if let Answer::Job = reading.answer {
            job(measurement.phase).to_owned()
        } else {
            judgement(metric, measurement.phase)
        };
        let message = self.words.detail(&measurement.message);
        for more in [message, count(metric, status, measurement.phase)] {
            if !more.is_empty() {
                why = if why.is_empty() {
                    more
                } else {
                    format!("{why}; {more}")
                };
            }
        }
        let condition = |condition: &Option<crate::condition::Condition>| {
            condition
                .as_ref()
                .map(|condition| condition.text().to_owned())
                .unwrap_or_default()
        };
        let text = MeasurementText {
            run: self.words.run_name(run),
            metric: metric.name.clone(),
            value,
            phase,
            success_condition: condition(&metric.success),
            failure_condition: condition(&metric.failure),
            assumed,
            behind: self.behind(measurement),
        };
        if let Some(behind) = &text.behind {
            why = [why, in_words(behind)].join("; ");
        }
        self.add_measurement(what, why, text);
    }

    /// What was behind a measurement.
    fn behind(&self, measurement: &Measurement) -> Option<BehindText> {
        let reading = measurement.answer.reading?;
        let behind = self.run.trace.behind.get(reading.0 as usize)?.as_ref()?;
        let step_share = behind.window.zip(self.stage_since).map(|(window, since)| {
            ((self.at - since).seconds() / window.seconds()).clamp(0.0, 1.0)
        });
        Some(BehindText {
            requests: behind.requests,
            canary_share: behind.canary_share(),
            window: behind.window,
            step_share,
            few: behind.requests < self.run.compiled.environment.scraping.few,
        })
    }

    fn tell_end_of_run(&mut self, id: RunId, phase: AnalysisPhase) {
        let run = &self.after.runs[id.0 as usize];
        let place = self.site(run.site);
        let message = self.words.run_message(&run.message);
        let what = format!("{place} is {}", analysis_phase(phase));
        self.add(Actor::Analysis, Kind::AnalysisEnded, what, message);
    }
}

/// Which condition decided. A failure condition decides before a success condition.
fn judgement(metric: &MetricPlan, phase: AnalysisPhase) -> String {
    let success = metric
        .success
        .as_ref()
        .map(crate::condition::Condition::text);
    let failure = metric
        .failure
        .as_ref()
        .map(crate::condition::Condition::text);
    match (phase, success, failure) {
        (AnalysisPhase::Successful, Some(success), _) => success.to_owned(),
        (AnalysisPhase::Successful, None, Some(failure)) => {
            format!("not {failure}")
        }
        (AnalysisPhase::Successful, None, None) => "it has no condition".to_owned(),
        (AnalysisPhase::Failed, _, Some(failure)) => format!("failureCondition {failure}"),
        (AnalysisPhase::Failed, Some(success), None) => format!("not {success}"),
        (AnalysisPhase::Inconclusive, Some(success), Some(failure)) => {
            format!("neither {success} nor {failure}")
        }
        _ => String::new(),
    }
}

/// `480 requests, 20 % canary, 40 % of 5m in this step`.
fn in_words(behind: &BehindText) -> String {
    let requests = behind.requests.round().to_string();
    let only = if behind.few { "only " } else { "" };
    let noun = if requests == "1" {
        "request"
    } else {
        "requests"
    };
    let percent = |share: f64| (share * 100.0).round();
    let mut parts = vec![format!("{only}{requests} {noun}")];
    if let Some(share) = behind.canary_share.filter(|share| *share < 1.0) {
        parts.push(format!("{} % canary", percent(share)));
    }
    if let Some((share, window)) = behind
        .step_share
        .zip(behind.window)
        .filter(|(share, _)| *share < 1.0)
    {
        parts.push(format!("{} % of {window} in this step", percent(share)));
    }
    parts.join(", ")
}

fn job(phase: AnalysisPhase) -> &'static str {
    match phase {
        AnalysisPhase::Successful => "the Job completed",
        AnalysisPhase::Failed => "the Job failed",
        _ => "",
    }
}

/// How far the counter of a bad measurement is from its limit.
fn count(metric: &MetricPlan, status: &MetricStatus, phase: AnalysisPhase) -> String {
    let (name, count, limit_name, limit) = match phase {
        AnalysisPhase::Failed => (
            "failed",
            status.failed,
            "failureLimit",
            metric.failure_limit,
        ),
        AnalysisPhase::Inconclusive => (
            "inconclusive",
            status.inconclusive,
            "inconclusiveLimit",
            metric.inconclusive_limit,
        ),
        AnalysisPhase::Error => (
            "consecutiveErrors",
            status.consecutive_error,
            "consecutiveErrorLimit",
            metric.consecutive_error_limit,
        ),
        _ => return String::new(),
    };
    if limit < 0 {
        format!("{name} {count}, no {limit_name}")
    } else if limit < count {
        format!("{name} {count} > {limit_name} {limit}")
    } else {
        format!("{name} {count}, {limit_name} {limit}")
    }
}
