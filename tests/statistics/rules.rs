//! Races between the limits of a metric, against published and recomputed figures and against the controller itself.

use coalmine::cluster::analysis_run::{
    AnalysisPhase, AnswerRef, Detail, Measurement, MetricStatus,
};
use coalmine::controller::analysis::assess_metric;
use coalmine::plan::analysis::MetricPlan;
use coalmine::statistics::plan::Plan;
use coalmine::statistics::plan::rules::{
    Chances, Ends, Limits, ends, mean_trials_up_to_run, passes_before_failures, run_of,
};
use coalmine::time::SimTime;

use crate::published::{
    DECREE, DECREE_RECOMPUTED, MEAN_TRIALS, RACE, RUNS, ThreeClasses, three_classes,
};

#[track_caller]
fn near(found: f64, wanted: f64, absolute: f64) {
    assert!(
        (found - wanted).abs() <= absolute,
        "{found} instead of {wanted}"
    );
}

fn failing(failed: f64) -> Chances {
    Chances {
        failed,
        ..Chances::default()
    }
}

#[test]
fn with_a_failure_limit_only_a_race_is_a_single_plan() {
    for (n, c, p) in [(10, 3, 0.2), (5, 0, 0.01), (20, 30, 0.9)] {
        let found = ends(&Limits::of(n, c), &failing(p)).expect("valid");
        near(found.failed, Plan { n, c }.failed(p), 1e-14);
        near(found.successful, Plan { n, c }.accepted(p), 1e-14);
        near(found.measurements, Plan { n, c }.measurements(p), 1e-12);
    }
}

/// Holds the plan of the decree against a table.
#[track_caller]
fn accepts_three_classes(table: impl IntoIterator<Item = ThreeClasses>, absolute: f64) {
    let limits = Limits {
        inconclusive: 1,
        ..Limits::of(5, 0)
    };
    for ((failed, inconclusive), wanted) in three_classes(table) {
        let chances = Chances {
            failed,
            inconclusive,
            error: 0.0,
        };
        let found = ends(&limits, &chances).expect("valid");
        near(found.successful, wanted, absolute);
    }
}

#[test]
fn failures_and_inconclusive_results_make_a_three_class_plan() {
    accepts_three_classes(DECREE_RECOMPUTED, 0.500_001e-4);
}

#[test]
fn the_published_three_class_table_is_met_to_its_two_digits() {
    accepts_three_classes(DECREE, 0.500_1e-2);
}

#[test]
fn successes_in_a_row_race_against_failures() {
    let limits = Limits {
        consecutive_success: 4,
        ..Limits::of(10, 3)
    };
    for (p, [failed, successful, inconclusive, measurements]) in RACE {
        let found = ends(&limits, &failing(p)).expect("valid");
        near(found.failed, failed, 0.500_001e-5);
        near(found.successful, successful, 0.500_001e-5);
        near(found.inconclusive, inconclusive, 0.500_001e-5);
        near(found.measurements, measurements, 0.500_001e-5);
    }
}

#[test]
fn runs_are_as_likely_as_published() {
    for ((trials, length, p), (wanted, digits)) in RUNS {
        let found = run_of(length, trials, p).expect("valid");
        near(found, wanted, 0.500_001 * 10.0_f64.powi(-digits));
    }
    assert_eq!(run_of(0, 0, 0.1), Some(1.0));
    assert_eq!(run_of(4, 3, 0.9), Some(0.0));
    assert_eq!(run_of(3, 3, 1.0), Some(1.0));
    assert_eq!(run_of(3, 100, 1.5), None);
    assert_eq!(run_of(3, u32::MAX, 0.5), None);
}

#[test]
fn a_run_takes_its_mean_number_of_trials() {
    for ((p, length), wanted) in MEAN_TRIALS {
        near(
            mean_trials_up_to_run(length, p).expect("valid"),
            wanted,
            0.500_001e-4,
        );
    }
    assert_eq!(mean_trials_up_to_run(3, 1.0), Some(3.0));
    assert_eq!(mean_trials_up_to_run(3, 0.0), Some(f64::INFINITY));
    assert_eq!(mean_trials_up_to_run(0, 0.0), Some(0.0));
    assert_eq!(mean_trials_up_to_run(3, f64::NAN), None);
}

#[test]
fn flagger_promotes_after_its_passes_unless_failures_come_first() {
    for (passes, failures, p, wanted) in [
        (25, 10, 0.05, 0.999_996),
        (25, 10, 0.1, 0.998_634),
        (25, 10, 0.2, 0.874_563),
        (25, 10, 0.3, 0.406_118),
        (25, 10, 0.4, 0.073_163),
        (5, 5, 0.1, 0.999_109),
        (5, 5, 0.2, 0.980_419),
        (5, 5, 0.3, 0.901_191),
        (5, 5, 0.5, 0.5),
    ] {
        let found = passes_before_failures(passes, failures, p).expect("valid");
        near(found, wanted, 0.500_001e-6);
    }
    assert_eq!(passes_before_failures(5, 0, 0.1), Some(0.0));
    assert_eq!(passes_before_failures(u32::MAX, 2, 0.1), None);
}

#[test]
fn errors_in_a_row_end_a_metric_as_often_as_runs_of_them_come() {
    // As many results as there are measurements that succeed; errors come in between and do not count.
    let limits = Limits {
        consecutive_error: 1,
        ..Limits::of(2, 0)
    };
    let chances = Chances {
        error: 0.5,
        ..Chances::default()
    };
    let found = ends(&limits, &chances).expect("valid");
    // Twice one success before two errors in a row: (3 / 4)^2; 3 / 2 measurements each.
    near(found.successful, 0.5625, 1e-15);
    near(found.error, 0.4375, 1e-15);
    near(found.measurements, 1.5 * (1.0 + 0.75), 1e-15);
    let always = Chances {
        error: 1.0,
        ..Chances::default()
    };
    let found = ends(&Limits::of(10, 0), &always).expect("valid");
    assert_eq!((found.error, found.measurements), (1.0, 5.0));
}

/// Follows every series of measurements to its end, with the controller's own assessment.
fn follow(
    metric: &MetricPlan,
    status: &MetricStatus,
    chances: &Chances,
    weight: f64,
    depth: u32,
    sum: &mut Ends,
) {
    let success = 1.0 - chances.failed - chances.inconclusive - chances.error;
    for (phase, chance) in [
        (AnalysisPhase::Successful, success),
        (AnalysisPhase::Failed, chances.failed),
        (AnalysisPhase::Inconclusive, chances.inconclusive),
        (AnalysisPhase::Error, chances.error),
    ] {
        let weight = weight * chance;
        let status = counted(status, phase);
        sum.measurements += weight;
        match assess_metric(metric, &status, false) {
            AnalysisPhase::Successful => sum.successful += weight,
            AnalysisPhase::Failed => sum.failed += weight,
            AnalysisPhase::Inconclusive => sum.inconclusive += weight,
            AnalysisPhase::Error => sum.error += weight,
            _ => {
                assert!(depth != 0, "the metric does not end");
                follow(metric, &status, chances, weight, depth - 1, sum);
            }
        }
    }
}

/// The status after one more measurement.
fn counted(status: &MetricStatus, phase: AnalysisPhase) -> MetricStatus {
    let last = Measurement {
        phase,
        started: SimTime::default(),
        finished: Some(SimTime::default()),
        resume_at: None,
        answer: AnswerRef {
            analysis: 0,
            metric: 0,
            point: None,
            reading: None,
        },
        message: Detail::None,
    };
    let is = |other: AnalysisPhase| i32::from(phase == other);
    let in_a_row = |before: i32, other: AnalysisPhase| (before + 1) * is(other);
    MetricStatus {
        last: Some(last),
        phase: AnalysisPhase::Running,
        count: status.count + 1 - is(AnalysisPhase::Error),
        failed: status.failed + is(AnalysisPhase::Failed),
        inconclusive: status.inconclusive + is(AnalysisPhase::Inconclusive),
        consecutive_error: in_a_row(status.consecutive_error, AnalysisPhase::Error),
        consecutive_success: in_a_row(status.consecutive_success, AnalysisPhase::Successful),
        ..*status
    }
}

#[test]
fn ends_are_those_of_the_controllers_assessment() {
    let chances = Chances {
        failed: 0.2,
        inconclusive: 0.1,
        error: 0.15,
    };
    // Count, failureLimit, inconclusiveLimit, consecutiveErrorLimit, consecutiveSuccessLimit.
    for (count, failure, inconclusive, consecutive_error, consecutive_success) in [
        (4, 1, 0, 1, 0),
        (4, 0, 2, 0, 2),
        (5, -1, 1, 1, 3),
        (4, 9, 9, 1, 0),
        (3, -1, 0, 2, 0),
        (4, 2, 1, 1, 9),
        (3, 1, 1, 1, 1),
    ] {
        let metric = MetricPlan {
            name: String::new(),
            dry_run: false,
            count: Some(count),
            interval: None,
            initial_delay: None,
            failure_limit: failure,
            inconclusive_limit: inconclusive,
            consecutive_error_limit: consecutive_error,
            consecutive_success_limit: consecutive_success,
            success: None,
            failure: None,
            scores: None,
            source: 0,
        };
        let size = |limit: i32| u32::try_from(limit).expect("not negative");
        let limits = Limits {
            count: size(count),
            failure: u32::try_from(failure).ok(),
            inconclusive: size(inconclusive),
            consecutive_error: size(consecutive_error),
            consecutive_success: size(consecutive_success),
        };
        let mut wanted = Ends::default();
        follow(
            &metric,
            &MetricStatus::default(),
            &chances,
            1.0,
            20,
            &mut wanted,
        );
        let found = ends(&limits, &chances).expect("valid");
        near(found.successful, wanted.successful, 1e-13);
        near(found.failed, wanted.failed, 1e-13);
        near(found.inconclusive, wanted.inconclusive, 1e-13);
        near(found.error, wanted.error, 1e-13);
        near(found.measurements, wanted.measurements, 1e-12);
    }
}

#[test]
fn nonsense_and_too_much_work_have_no_ends() {
    let limits = Limits::of(5, 0);
    for failed in [-0.1, 1.1, f64::NAN] {
        assert_eq!(ends(&limits, &failing(failed)), None);
    }
    let more_than_all = Chances {
        failed: 0.5,
        inconclusive: 0.5,
        error: 0.1,
    };
    assert_eq!(ends(&limits, &more_than_all), None);
    let endless = Limits {
        inconclusive: u32::MAX,
        consecutive_success: u32::MAX,
        ..Limits::of(u32::MAX, u32::MAX)
    };
    assert_eq!(ends(&endless, &failing(0.1)), None);
}
