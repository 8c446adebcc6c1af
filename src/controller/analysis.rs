//! The analysis controller: measurements, the assessment of metrics and runs, the next due time.
//!
//! Follows `analysis/analysis.go`, `utils/analysis/helpers.go`, `metricproviders/job/job.go` and `metricproviders/kayenta/kayenta.go`.

mod forgetting;

pub(crate) use forgetting::forget;

use crate::cluster::analysis_run::{
    AnalysisPhase, AnswerRef, Breach, Counter, Detail, Measurement, MetricStatus, RunMessage,
};
use crate::cluster::provider::{JobState, Provider, Told};
use crate::cluster::{AnalysisRun, Event, RunId};
use crate::condition::{self, Verdict};
use crate::controller::{Decision, Log};
use crate::plan::analysis::Scores;
use crate::plan::environment::whole;
use crate::plan::{AnalysisPlan, MetricPlan};
use crate::time::{Delta, SimTime};

/// After an Error the next measurement is due so soon, whatever the interval
/// (`analysis/analysis.go: DefaultErrorRetryInterval`).
const ERROR_RETRY: Delta = Delta::from_secs(10);

/// A canary analysis is looked at again after so long (`metricproviders/kayenta/kayenta.go: resumeDelay`).
const SCORE_DELAY: Delta = Delta::from_secs(15);

/// What a reconciliation made of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing changed.
    Unchanged,
    /// Something changed.
    Changed,
    /// Something changed, and another reconciliation at the same instant would change and tell nothing: no metric has
    /// anything left to do, and what its phase follows from is what it followed from now.
    Settled,
}

/// Reconciles one run, in place, and says what came of it (`analysis/analysis.go: reconcileAnalysisRun`).
pub fn reconcile<L: Log>(
    plan: &AnalysisPlan,
    id: RunId,
    run: &mut AnalysisRun,
    metrics: &mut [MetricStatus],
    now: SimTime,
    provider: &mut impl Provider,
    out: &mut Decision<L>,
) -> Outcome {
    if run.phase.is_completed() {
        return Outcome::Unchanged;
    }
    if plan.invalid.is_some() {
        run.phase = AnalysisPhase::Error;
        run.message = RunMessage::Invalid {
            analysis: run.analysis,
        };
        out.log.tell(Event::RunCompleted {
            run: id,
            phase: run.phase,
        });
        return Outcome::Settled;
    }
    let mut changed = run.started.is_none();
    let terminating = is_terminating(plan, run, metrics);
    for (index, (metric, status)) in plan.metrics.iter().zip(&mut *metrics).enumerate() {
        let Some(task) = task(metric, status, run.started, terminating, now) else {
            continue;
        };
        let place = AnswerRef {
            analysis: run.analysis,
            metric: u16::try_from(index).unwrap_or(u16::MAX),
            point: None,
            reading: None,
        };
        let measurement = measure(metric, status, task, place, now, provider);
        changed |= task == Task::Run || status.last != Some(measurement);
        record(status, measurement);
        if measurement.finished.is_some() {
            out.log.tell(Event::Measured {
                run: id,
                metric: place.metric,
                measurement,
            });
        }
    }
    run.started = run.started.or(Some(now.stored()));
    let mut assessed = false;
    let (phase, message) = assess_run(plan, id, run, metrics, terminating, &mut assessed, out);
    changed |= assessed;
    if phase != run.phase {
        changed = true;
        run.phase = phase;
        run.message = message;
        if phase.is_completed() {
            out.log.tell(Event::RunCompleted { run: id, phase });
        }
    }
    for due in plan
        .metrics
        .iter()
        .zip(&*metrics)
        .filter_map(|(metric, status)| next_due(metric, status, run.started.unwrap_or(now)))
    {
        out.requeue.after(now, due - now);
    }
    if !changed {
        Outcome::Unchanged
    } else if out.requeue.at_once {
        Outcome::Changed
    } else if run.phase.is_completed()
        || (!assessed || terminating == is_terminating(plan, run, metrics))
            && has_no_task(plan, run, metrics, terminating, now)
    {
        Outcome::Settled
    } else {
        Outcome::Changed
    }
}

/// Whether nothing is due for any metric.
fn has_no_task(
    plan: &AnalysisPlan,
    run: &AnalysisRun,
    metrics: &[MetricStatus],
    terminating: bool,
    now: SimTime,
) -> bool {
    plan.metrics
        .iter()
        .zip(metrics)
        .all(|(metric, status)| task(metric, status, run.started, terminating, now).is_none())
}

/// Whether a run would ask a provider now.
#[must_use]
pub fn measures(
    plan: &AnalysisPlan,
    run: &AnalysisRun,
    metrics: &[MetricStatus],
    now: SimTime,
) -> bool {
    let terminating = is_terminating(plan, run, metrics);
    let live = !run.phase.is_completed() && plan.invalid.is_none();
    let mut pairs = plan.metrics.iter().zip(metrics);
    live && pairs.any(|(metric, status)| {
        task(metric, status, run.started, terminating, now) == Some(Task::Run)
    })
}

/// Whether a run takes no further measurements: it was told to stop, or a metric that counts has ended badly
/// (`utils/analysis/helpers.go: IsTerminating`).
fn is_terminating(plan: &AnalysisPlan, run: &AnalysisRun, metrics: &[MetricStatus]) -> bool {
    run.terminate
        || plan.metrics.iter().zip(metrics).any(|(metric, status)| {
            !metric.dry_run
                && status.phase.is_completed()
                && status.phase != AnalysisPhase::Successful
        })
}

/// What is to be done for a metric now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    /// A new measurement.
    Run,
    /// Look at a Job or a canary analysis again.
    Resume,
    /// End it.
    Terminate,
}

/// Whether a measurement is due (`analysis/analysis.go: generateMetricTasks`). The due instant counts as due.
fn task(
    metric: &MetricPlan,
    status: &MetricStatus,
    started: Option<SimTime>,
    terminating: bool,
    now: SimTime,
) -> Option<Task> {
    if status.phase.is_completed() {
        return None;
    }
    let due = match &status.last {
        Some(last) if last.finished.is_none() => {
            let waiting = last.resume_at.is_some_and(|resume| now < resume);
            return match (terminating, waiting) {
                (true, _) => Some(Task::Terminate),
                (false, false) => Some(Task::Resume),
                (false, true) => None,
            };
        }
        _ if terminating => return None,
        None => metric
            .initial_delay
            .map_or(Some(now), |delay| Some(started? + delay))?,
        Some(_) if is_count_reached(metric, status) => return None,
        Some(last) => last.finished? + interval_after(metric, last).unwrap_or(ERROR_RETRY),
    };
    (due <= now).then_some(Task::Run)
}

fn is_count_reached(metric: &MetricPlan, status: &MetricStatus) -> bool {
    metric.count.is_some_and(|count| count <= status.count)
}

/// The pause after a measurement; `None` where nothing asks for another one.
fn interval_after(metric: &MetricPlan, last: &Measurement) -> Option<Delta> {
    if last.phase == AnalysisPhase::Error {
        Some(ERROR_RETRY)
    } else {
        metric.interval
    }
}

/// Takes, resumes or ends a measurement.
fn measure(
    metric: &MetricPlan,
    status: &MetricStatus,
    task: Task,
    place: AnswerRef,
    now: SimTime,
    provider: &mut impl Provider,
) -> Measurement {
    let stored = now.stored();
    match (task, status.last) {
        // Kayenta's client does nothing to end a canary analysis, and the measurement stays as it is.
        (Task::Terminate, Some(last)) if metric.scores.is_some() => last,
        (Task::Terminate, Some(last)) => Measurement {
            phase: AnalysisPhase::Inconclusive,
            finished: Some(stored),
            message: Detail::Terminated,
            ..last
        },
        (Task::Resume, Some(last)) if let Some(scores) = metric.scores => {
            let AnswerRef { point, reading, .. } = last.answer;
            resume_judgement(
                last,
                scores,
                provider.score(metric.source, point, reading),
                now,
            )
        }
        (Task::Resume, Some(last)) => {
            let age = now - last.started;
            resume_job(
                last,
                provider.job(metric.source, last.answer.point, age),
                now,
            )
        }
        _ => {
            let asked = provider.ask(metric.source, now);
            let answer = AnswerRef {
                point: asked.point,
                reading: asked.reading,
                ..place
            };
            let blank = Measurement {
                phase: AnalysisPhase::Running,
                started: stored,
                finished: Some(stored),
                resume_at: None,
                answer,
                message: Detail::None,
            };
            judge(metric, asked.told, blank)
        }
    }
}

/// The verdict on an answer (`utils/evaluate/evaluate.go: EvaluateResult`, each provider's `Run`).
fn judge(metric: &MetricPlan, answer: Told<'_>, blank: Measurement) -> Measurement {
    let error = Measurement {
        phase: AnalysisPhase::Error,
        message: Detail::Answer(blank.answer),
        ..blank
    };
    match answer {
        Told::Error => error,
        Told::Assumed => Measurement {
            phase: AnalysisPhase::Successful,
            ..blank
        },
        Told::Job => Measurement {
            finished: None,
            resume_at: Some(blank.started),
            ..blank
        },
        Told::Value(_) if metric.scores.is_some() => Measurement {
            finished: None,
            resume_at: Some(blank.started + SCORE_DELAY),
            ..blank
        },
        Told::Value(value) => {
            let verdict = condition::judge(metric.success.as_ref(), metric.failure.as_ref(), value);
            let phase = match verdict {
                Ok(Verdict::Successful) => AnalysisPhase::Successful,
                Ok(Verdict::Failed) => AnalysisPhase::Failed,
                Ok(Verdict::Inconclusive) => AnalysisPhase::Inconclusive,
                Err(_) => return error,
            };
            Measurement { phase, ..blank }
        }
    }
}

/// Looks at a canary analysis, which is complete by then (`metricproviders/kayenta/kayenta.go: Resume, evaluateResult`).
fn resume_judgement(
    last: Measurement,
    scores: Scores,
    score: Option<f64>,
    now: SimTime,
) -> Measurement {
    let (phase, message) = match score.map(whole) {
        None => (AnalysisPhase::Error, Detail::Answer(last.answer)),
        Some(score) if scores.pass <= score => (AnalysisPhase::Successful, Detail::None),
        Some(score) if scores.marginal <= score => (AnalysisPhase::Inconclusive, Detail::None),
        Some(_) => (AnalysisPhase::Failed, Detail::None),
    };
    Measurement {
        phase,
        message,
        finished: Some(now.stored()),
        ..last
    }
}

/// Looks at a Job; one that still runs is looked at again after the square root of twice its age
/// (`metricproviders/job/job.go: Resume`).
fn resume_job(last: Measurement, job: JobState, now: SimTime) -> Measurement {
    let ended = |phase| Measurement {
        phase,
        finished: Some(now.stored()),
        ..last
    };
    match job {
        JobState::Complete => ended(AnalysisPhase::Successful),
        JobState::Failed => ended(AnalysisPhase::Failed),
        JobState::Running => {
            let age = (now - last.started).seconds();
            #[expect(
                clippy::cast_possible_truncation,
                reason = "upstream converts in the same way"
            )]
            let pause = Delta::from_nanos(((2.0 * age).sqrt() * 1e9) as i64);
            Measurement {
                resume_at: Some((now + pause).stored()),
                ..last
            }
        }
    }
}

/// Counts a measurement (`analysis/analysis.go: runMeasurements`).
fn record(status: &mut MetricStatus, measurement: Measurement) {
    if status.last.is_none() {
        status.phase = AnalysisPhase::Running;
    }
    status.last = Some(measurement);
    match measurement.phase {
        AnalysisPhase::Successful => {
            status.successful += 1;
            status.count += 1;
            status.consecutive_error = 0;
            status.consecutive_success += 1;
        }
        AnalysisPhase::Failed => {
            status.failed += 1;
            status.count += 1;
            status.consecutive_error = 0;
            status.consecutive_success = 0;
        }
        AnalysisPhase::Inconclusive => {
            status.inconclusive += 1;
            status.count += 1;
            status.consecutive_error = 0;
            status.consecutive_success = 0;
        }
        AnalysisPhase::Error => {
            status.error += 1;
            status.consecutive_error += 1;
            status.consecutive_success = 0;
        }
        _ => {}
    }
}

/// The phase of a metric. The first row that holds decides (`analysis/analysis.go: assessMetricStatus`):
///
/// | condition | phase |
/// |---|---|
/// | it is final already | keep it |
/// | no measurement yet | Successful if the run is being ended, else Pending |
/// | the last measurement is unfinished | Running |
/// | a limit is exceeded | that of the limit: Error before Inconclusive before Failed |
/// | `consecutiveSuccessLimit` reached | Successful |
/// | count reached, and `failureLimit` and `consecutiveSuccessLimit` are both in force | Inconclusive |
/// | count reached, and only `consecutiveSuccessLimit` is in force | Failed |
/// | count reached | Successful |
/// | the run is being ended | Successful |
/// | otherwise | Running |
#[must_use]
pub fn assess_metric(
    metric: &MetricPlan,
    status: &MetricStatus,
    terminating: bool,
) -> AnalysisPhase {
    if status.phase.is_completed() {
        return status.phase;
    }
    let Some(last) = &status.last else {
        return if terminating {
            AnalysisPhase::Successful
        } else {
            AnalysisPhase::Pending
        };
    };
    if !last.phase.is_completed() {
        return AnalysisPhase::Running;
    }
    if let Some((phase, _)) = breach(metric, status) {
        return phase;
    }
    let wants_success_in_a_row = 0 < metric.consecutive_success_limit;
    if wants_success_in_a_row && metric.consecutive_success_limit <= status.consecutive_success {
        return AnalysisPhase::Successful;
    }
    if is_count_reached(metric, status) {
        return match (0 <= metric.failure_limit, wants_success_in_a_row) {
            (true, true) => AnalysisPhase::Inconclusive,
            (false, true) => AnalysisPhase::Failed,
            _ => AnalysisPhase::Successful,
        };
    }
    if terminating {
        AnalysisPhase::Successful
    } else {
        AnalysisPhase::Running
    }
}

/// The limit that a metric exceeds; of several Error wins over Inconclusive over Failed
/// (`analysis/analysis.go: assessMetricFailureInconclusiveOrError`).
fn breach(metric: &MetricPlan, status: &MetricStatus) -> Option<(AnalysisPhase, Breach)> {
    let limits = [
        (
            AnalysisPhase::Error,
            Counter::ConsecutiveErrors,
            status.consecutive_error,
            metric.consecutive_error_limit,
            true,
        ),
        (
            AnalysisPhase::Inconclusive,
            Counter::Inconclusive,
            status.inconclusive,
            metric.inconclusive_limit,
            true,
        ),
        (
            AnalysisPhase::Failed,
            Counter::Failed,
            status.failed,
            metric.failure_limit,
            0 <= metric.failure_limit,
        ),
    ];
    limits
        .into_iter()
        .find(|(_, _, count, limit, applies)| *applies && limit < count)
        .map(|(phase, counter, count, limit, _)| {
            (
                phase,
                Breach {
                    counter,
                    count,
                    limit,
                },
            )
        })
}

/// The phase of a run: Running until all metrics are done, then the worst of those that count
/// (`analysis/analysis.go: assessRunStatus`).
fn assess_run<L: Log>(
    plan: &AnalysisPlan,
    id: RunId,
    run: &AnalysisRun,
    metrics: &mut [MetricStatus],
    terminating: bool,
    assessed: &mut bool,
    out: &mut Decision<L>,
) -> (AnalysisPhase, RunMessage) {
    let mut worst = None;
    let mut message = if run.terminate {
        RunMessage::Terminated
    } else {
        RunMessage::None
    };
    let mut all_done = true;
    for (index, (metric, status)) in plan.metrics.iter().zip(metrics).enumerate() {
        let Some(last) = status.last else {
            all_done = false;
            continue;
        };
        let index = u16::try_from(index).unwrap_or(u16::MAX);
        let phase = assess_metric(metric, status, terminating);
        if status.phase != phase {
            *assessed = true;
            status.phase = phase;
            status.message = last.message;
            if phase.is_completed() {
                out.log.tell(Event::MetricCompleted {
                    run: id,
                    metric: index,
                    phase,
                });
            }
        }
        if !phase.is_completed() {
            all_done = false;
            continue;
        }
        let breach = breach(metric, status).map(|(_, breach)| breach);
        if metric.dry_run {
            worst = worst.or(Some(AnalysisPhase::Successful));
            if let Some(breach) = breach {
                let message = Detail::Assessed(phase, breach);
                *assessed |= status.message != message;
                status.message = message;
            }
        } else if worst.is_none_or(|worst: AnalysisPhase| worst.is_worsened_by(phase)) {
            worst = Some(phase);
            if let Some(breach) = breach {
                message = RunMessage::Metric {
                    analysis: run.analysis,
                    metric: index,
                    phase,
                    breach,
                    detail: status.message,
                };
            }
        }
    }
    match worst {
        _ if terminating => (worst.unwrap_or(AnalysisPhase::Successful), message),
        Some(worst) if all_done => (worst, message),
        _ => (AnalysisPhase::Running, RunMessage::None),
    }
}

/// When a metric wants to be looked at next (`analysis/analysis.go: calculateNextReconcileTime`).
fn next_due(metric: &MetricPlan, status: &MetricStatus, started: SimTime) -> Option<SimTime> {
    if status.phase.is_completed() {
        return None;
    }
    let Some(last) = &status.last else {
        return metric.initial_delay.map(|delay| started + delay);
    };
    let Some(finished) = last.finished else {
        return last.resume_at;
    };
    if is_count_reached(metric, status) {
        return None;
    }
    interval_after(metric, last).map(|interval| finished + interval)
}
