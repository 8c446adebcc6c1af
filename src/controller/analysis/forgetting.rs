//! What of a run nobody will read again.
//!
//! Knows: which counters and which parts of the last measurement a later reconciliation looks at. Refuses to know reports, which
//! want everything.

use crate::cluster::AnalysisRun;
use crate::cluster::analysis_run::{AnalysisPhase, AnswerRef, Detail, Measurement, MetricStatus};
use crate::controller::analysis::breach;
use crate::plan::{AnalysisPlan, MetricPlan};
use crate::time::SimTime;

/// Takes out of a run what has no influence on any later reconciliation, so that runs with the same future are equal. Phases, and
/// the message that a run ended with, stay.
pub(crate) fn forget(plan: &AnalysisPlan, run: &AnalysisRun, metrics: &mut [MetricStatus]) {
    if run.phase.is_completed() || run.deleted {
        metrics.fill(MetricStatus::default());
        return;
    }
    for (metric, status) in plan.metrics.iter().zip(metrics) {
        if status.phase.is_completed() {
            forget_completed(metric, status);
        } else {
            forget_live(metric, status);
        }
    }
}

/// Of a completed metric only the limit that it broke can be read again, and that there was a measurement.
fn forget_completed(metric: &MetricPlan, status: &mut MetricStatus) {
    status.last = status.last.map(|_| BLANK);
    let without_counters = MetricStatus {
        last: status.last,
        phase: status.phase,
        message: status.message,
        ..MetricStatus::default()
    };
    let broken = breach(metric, status);
    let same = |other: &MetricStatus| breach(metric, other) == broken;
    *status = [
        without_counters,
        MetricStatus {
            failed: status.failed,
            ..without_counters
        },
    ]
    .into_iter()
    .find(same)
    .unwrap_or(MetricStatus {
        successful: 0,
        error: 0,
        ..*status
    });
}

fn forget_live(metric: &MetricPlan, status: &mut MetricStatus) {
    status.successful = 0;
    status.error = 0;
    let left = metric
        .count
        .map(|count| i64::from(count) - i64::from(status.count));
    // A counter that cannot exceed its limit any more, however the measurements turn out that are left.
    let is_moot = |counter: i32, limit: i32| {
        left.is_some_and(|left| i64::from(counter) + left.max(0) <= i64::from(limit))
    };
    if metric.failure_limit < 0 || is_moot(status.failed, metric.failure_limit) {
        status.failed = 0;
    }
    if is_moot(status.inconclusive, metric.inconclusive_limit) {
        status.inconclusive = 0;
    }
    if metric.consecutive_success_limit <= 0 {
        status.consecutive_success = 0;
    }
    if metric.count.is_none() {
        status.count = 0;
    }
    if let Some(last) = &mut status.last
        && let Some(finished) = last.finished
    {
        // When it was finished, and whether it was an Error, says when the next one is due.
        let phase = match last.phase {
            AnalysisPhase::Error => AnalysisPhase::Error,
            _ => AnalysisPhase::Successful,
        };
        *last = Measurement {
            phase,
            started: finished,
            finished: Some(finished),
            ..BLANK
        };
    }
}

/// A finished measurement of which nothing is known.
const BLANK: Measurement = Measurement {
    phase: AnalysisPhase::Successful,
    started: SimTime::ZERO,
    finished: Some(SimTime::ZERO),
    resume_at: None,
    answer: AnswerRef {
        analysis: 0,
        metric: 0,
        point: None,
        reading: None,
    },
    message: Detail::None,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::analysis_run::{RunMessage, Site};
    use crate::cluster::provider::ReadingId;
    use crate::cluster::{Slice, TemplateId};

    fn plan() -> MetricPlan {
        MetricPlan {
            scores: None,
            name: "rate".to_owned(),
            dry_run: false,
            count: Some(5),
            interval: None,
            initial_delay: None,
            failure_limit: 1,
            inconclusive_limit: 0,
            consecutive_error_limit: 4,
            consecutive_success_limit: 0,
            success: None,
            failure: None,
            source: 0,
        }
    }

    fn run(phase: AnalysisPhase) -> AnalysisRun {
        AnalysisRun {
            site: Site::Background,
            analysis: 0,
            template: TemplateId(0),
            revision: 1,
            collision: 0,
            created: SimTime::ZERO,
            terminate: false,
            deleted: false,
            phase,
            message: RunMessage::None,
            started: Some(SimTime::ZERO),
            metrics: Slice { first: 0, len: 1 },
        }
    }

    fn status(count: i32, failed: i32, reading: u32) -> MetricStatus {
        let last = Measurement {
            phase: AnalysisPhase::Failed,
            started: SimTime::from_secs(60),
            finished: Some(SimTime::from_secs(60)),
            answer: AnswerRef {
                point: Some(0),
                reading: Some(ReadingId(reading)),
                ..BLANK.answer
            },
            ..BLANK
        };
        MetricStatus {
            last: Some(last),
            phase: AnalysisPhase::Running,
            count,
            failed,
            successful: count - failed,
            ..MetricStatus::default()
        }
    }

    fn forgotten(metric: &MetricPlan, status: MetricStatus, phase: AnalysisPhase) -> MetricStatus {
        let plan = AnalysisPlan {
            metrics: vec![metric.clone()],
            invalid: None,
        };
        let mut metrics = [status];
        forget(&plan, &run(phase), &mut metrics);
        metrics[0]
    }

    #[test]
    fn how_often_it_failed_matters_while_the_limit_can_be_broken() {
        let live =
            |count, failed| forgotten(&plan(), status(count, failed, 3), AnalysisPhase::Running);
        assert_ne!(live(3, 0), live(3, 1));
        // One measurement is left, and one failure is forgiven.
        assert_eq!(live(4, 0).failed, 0);
        assert_ne!(live(4, 0), live(4, 1));
    }

    #[test]
    fn without_a_count_only_what_has_a_limit_is_remembered() {
        let endless = MetricPlan {
            count: None,
            ..plan()
        };
        let live = |count| forgotten(&endless, status(count, 1, 0), AnalysisPhase::Running);
        assert_eq!(live(2), live(7));
        assert_eq!(live(2).failed, 1);
        let forgiving = MetricPlan {
            failure_limit: -1,
            ..endless
        };
        let live = forgotten(&forgiving, status(2, 1, 0), AnalysisPhase::Running);
        assert_eq!((live.failed, live.count), (0, 0));
    }

    #[test]
    fn what_was_read_is_forgotten_and_when_stays() {
        let live = |reading| forgotten(&plan(), status(2, 1, reading), AnalysisPhase::Running);
        assert_eq!(live(1), live(2));
        let last = live(1).last.expect("a measurement");
        assert_eq!(last.finished, Some(SimTime::from_secs(60)));
        let error = MetricStatus {
            last: status(2, 1, 0).last.map(|last| Measurement {
                phase: AnalysisPhase::Error,
                ..last
            }),
            ..status(2, 1, 0)
        };
        assert_ne!(live(1), forgotten(&plan(), error, AnalysisPhase::Running));
    }

    #[test]
    fn a_job_that_still_runs_is_remembered_whole() {
        let mut job = status(0, 0, 0);
        job.last = job.last.map(|last| Measurement {
            phase: AnalysisPhase::Running,
            finished: None,
            resume_at: Some(SimTime::from_secs(61)),
            ..last
        });
        assert_eq!(
            forgotten(&plan(), job, AnalysisPhase::Running).last,
            job.last
        );
    }

    #[test]
    fn the_limit_that_a_completed_metric_broke_is_remembered() {
        let broken = MetricStatus {
            phase: AnalysisPhase::Failed,
            ..status(4, 2, 0)
        };
        let left = forgotten(&plan(), broken, AnalysisPhase::Running);
        assert_eq!(breach(&plan(), &left), breach(&plan(), &broken));
        assert_eq!((left.failed, left.count), (2, 0));
        let fine = MetricStatus {
            phase: AnalysisPhase::Successful,
            ..status(5, 1, 0)
        };
        assert_eq!(forgotten(&plan(), fine, AnalysisPhase::Running).failed, 0);
    }

    #[test]
    fn of_a_completed_run_no_metric_is_read_again() {
        let left = forgotten(&plan(), status(4, 2, 0), AnalysisPhase::Failed);
        assert_eq!(left, MetricStatus::default());
    }
}
