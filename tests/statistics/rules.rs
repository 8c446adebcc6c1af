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

#[test]
fn failures_and_inconclusive_results_make_a_three_class_plan() {
    let limits = Limits {
        inconclusive: 1,
        ..Limits::of(5, 0)
    };
    let known = [
        (
            0.00,
            vec![
                1.0, 0.9185, 0.7373, 0.5282, 0.3370, 0.1875, 0.0870, 0.0308, 0.0067, 0.0005,
            ],
        ),
        (
            0.01,
            vec![
                0.9510, 0.8721, 0.6972, 0.4964, 0.3138, 0.1724, 0.0784, 0.0268, 0.0055, 0.0003,
            ],
        ),
        (
            0.02,
            vec![
                0.9039, 0.8276, 0.6589, 0.4661, 0.2920, 0.1582, 0.0705, 0.0232, 0.0044, 0.0002,
            ],
        ),
        (
            0.03,
            vec![
                0.8587, 0.7849, 0.6222, 0.4373, 0.2713, 0.1449, 0.0632, 0.0200, 0.0035, 0.0001,
            ],
        ),
        (
            0.04,
            vec![
                0.8154, 0.7439, 0.5872, 0.4099, 0.2518, 0.1325, 0.0564, 0.0172, 0.0027, 0.0001,
            ],
        ),
        (
            0.05,
            vec![
                0.7738, 0.7047, 0.5537, 0.3838, 0.2333, 0.1210, 0.0503, 0.0146, 0.0021, 0.0000,
            ],
        ),
        (
            0.20,
            vec![
                0.3277, 0.2881, 0.2074, 0.1250, 0.0614, 0.0227, 0.0051, 0.0004, 0.0000,
            ],
        ),
        (
            0.30,
            vec![
                0.1681, 0.1426, 0.0938, 0.0486, 0.0186, 0.0043, 0.0003, 0.0000,
            ],
        ),
        (
            0.40,
            vec![0.0778, 0.0625, 0.0358, 0.0146, 0.0035, 0.0003, 0.0000],
        ),
        (0.50, vec![0.0312, 0.0230, 0.0105, 0.0027, 0.0002, 0.0000]),
    ];
    for (failed, row) in known {
        for (tenth, wanted) in row.into_iter().enumerate() {
            let chances = Chances {
                failed,
                inconclusive: tenth as f64 / 10.0,
                error: 0.0,
            };
            let found = ends(&limits, &chances).expect("valid");
            near(found.successful, wanted, 0.500_001e-4);
        }
    }
}

#[test]
fn the_published_three_class_table_is_met_to_its_two_digits() {
    let limits = Limits {
        inconclusive: 1,
        ..Limits::of(5, 0)
    };
    let known = [
        (
            0.00,
            vec![1.0, 0.92, 0.74, 0.53, 0.34, 0.19, 0.09, 0.03, 0.01],
        ),
        (0.05, vec![0.77, 0.70, 0.55, 0.38, 0.23, 0.12, 0.05, 0.01]),
        (0.20, vec![0.33, 0.29, 0.21, 0.13, 0.06, 0.02, 0.01]),
    ];
    for (failed, row) in known {
        for (tenth, wanted) in row.into_iter().enumerate() {
            let chances = Chances {
                failed,
                inconclusive: tenth as f64 / 10.0,
                error: 0.0,
            };
            near(
                ends(&limits, &chances).expect("valid").successful,
                wanted,
                0.500_1e-2,
            );
        }
    }
}

#[test]
fn successes_in_a_row_race_against_failures() {
    let limits = Limits {
        consecutive_success: 4,
        ..Limits::of(10, 3)
    };
    for (p, failed, successful, inconclusive, measurements) in [
        (0.05, 0.000_75, 0.990_79, 0.008_47, 4.534_07),
        (0.1, 0.009_46, 0.958_49, 0.032_05, 5.106_23),
        (0.2, 0.093_09, 0.819_67, 0.087_24, 6.163_78),
        (0.3, 0.282_71, 0.612_78, 0.104_51, 6.843_67),
        (0.5, 0.742_19, 0.215_82, 0.041_99, 6.761_72),
    ] {
        let found = ends(&limits, &failing(p)).expect("valid");
        near(found.failed, failed, 0.500_001e-5);
        near(found.successful, successful, 0.500_001e-5);
        near(found.inconclusive, inconclusive, 0.500_001e-5);
        near(found.measurements, measurements, 0.500_001e-5);
    }
}

#[test]
fn runs_are_as_likely_as_published() {
    for (trials, p, wanted) in [
        (10, 0.5, 0.109_375),
        (20, 0.5, 0.249_870),
        (50, 0.5, 0.551_875),
        (20, 0.1, 0.000_145),
        (60, 0.1, 0.000_505),
        (60, 0.2, 0.014_316),
    ] {
        near(run_of(5, trials, p).expect("valid"), wanted, 0.500_001e-6);
    }
    near(
        run_of(20, 50, 0.5).expect("valid"),
        0.000_015_258_8,
        0.5e-10,
    );
    assert_eq!(run_of(0, 0, 0.1), Some(1.0));
    assert_eq!(run_of(4, 3, 0.9), Some(0.0));
    assert_eq!(run_of(3, 3, 1.0), Some(1.0));
    assert_eq!(run_of(3, 100, 1.5), None);
    assert_eq!(run_of(3, u32::MAX, 0.5), None);
}

#[test]
fn a_run_takes_its_mean_number_of_trials() {
    for (p, length, wanted) in [
        (0.5, 2, 6.0),
        (0.5, 3, 14.0),
        (0.5, 5, 62.0),
        (0.9, 4, 5.2416),
        (0.95, 4, 4.5548),
        (0.99, 4, 4.1020),
        (0.8, 3, 4.7656),
    ] {
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
