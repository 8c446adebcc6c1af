//! Sampling plans against published tables and recomputed figures.

use coalmine::statistics::interval::Interval;
use coalmine::statistics::plan::requests::Threshold;
use coalmine::statistics::plan::stages::{Stage, course};
use coalmine::statistics::plan::{Plan, RiskPoint};

use crate::published::{
    FORUM, MONTGOMERY, NEIGHBOURS, NIST, SMALLEST, STRICT, Single, VIGNETTE, curtailed, figures,
    requests,
};

/// Half a unit of the last printed digit, and a little for the rounding of the figure itself.
fn printed(digits: i32) -> f64 {
    0.500_001 * 10.0_f64.powi(-digits)
}

#[track_caller]
fn shows(found: f64, wanted: f64, digits: i32) {
    assert!(
        (found - wanted).abs() <= printed(digits),
        "{found} instead of {wanted}"
    );
}

#[track_caller]
fn accepts_as_printed(single: Single) {
    for ((n, c, p), wanted) in single.rows() {
        shows(Plan { n, c }.accepted(p), wanted, single.digits);
    }
}

#[test]
fn acceptance_is_that_of_the_acceptance_sampling_vignette() {
    accepts_as_printed(VIGNETTE);
    accepts_as_printed(STRICT);
}

#[test]
fn the_smallest_plan_through_two_risk_points_is_found() {
    let point = |p, accepted| RiskPoint { p, accepted };
    let smallest = |producer, consumer| Plan::smallest(producer, consumer, 1000);
    assert_eq!(
        smallest(point(0.05, 0.95), point(0.15, 0.075)),
        Some(Plan { n: 80, c: 7 })
    );
    assert_eq!(
        smallest(point(0.01, 0.95), point(0.10, 0.10)),
        Some(Plan { n: 52, c: 2 })
    );
    // One measurement less is one too few.
    assert_eq!(
        Plan::smallest(point(0.05, 0.95), point(0.15, 0.075), 79),
        None
    );
    accepts_as_printed(SMALLEST);
    for neighbour in NEIGHBOURS {
        accepts_as_printed(neighbour);
    }
}

#[test]
fn further_published_plans_accept_as_printed() {
    for single in [FORUM, NIST, MONTGOMERY] {
        accepts_as_printed(single);
    }
    // And back: what is caught with 95 %.
    let plan = Plan { n: 68, c: 2 };
    let (good, bad) = (FORUM.accepted[0].0, FORUM.accepted[1].0);
    shows(plan.caught(0.95).expect("it can fail"), bad, 6);
    shows(plan.caught(0.05).expect("it can fail"), good, 5);
}

#[test]
fn a_double_plan_takes_its_stages_in_turn() {
    let stages = [
        Stage {
            n: 8,
            accept: Some(0),
            reject: 2,
        },
        Stage {
            n: 8,
            accept: Some(1),
            reject: 2,
        },
    ];
    for (p, accepted, measurements) in [
        (0.01, 0.991_55, 8.596_52),
        (0.02, 0.968_93, 9.111_20),
        (0.04, 0.894_86, 9.923_71),
        (0.05, 0.848_74, 10.234_68),
        (0.10, 0.595_18, 11.061_10),
        (0.15, 0.377_32, 11.077_54),
        (0.20, 0.224_07, 10.684_35),
        (0.30, 0.069_04, 9.581_20),
    ] {
        let found = course(&stages, p).expect("valid");
        shows(found.accepted, accepted, 5);
        shows(found.measurements, measurements, 5);
        assert!((found.accepted + found.rejected - 1.0).abs() < 1e-14);
    }
}

#[test]
fn a_gate_stops_at_the_failure_that_decides() {
    for ((n, c, p), [failed, measurements, when_failed]) in curtailed() {
        let found = Plan { n, c }.operation(p).expect("a probability");
        shows(found.failed, failed, 5);
        shows(found.measurements, measurements, 5);
        shows(
            found.measurements_when_failed.expect("it can fail"),
            when_failed,
            5,
        );
    }
}

#[test]
fn a_measurement_made_of_requests_breaks_its_threshold_by_chance() {
    let threshold = Threshold::ErrorsAtMost(0.05);
    for ((requests, error_rate), wanted) in requests() {
        shows(threshold.broken(requests, error_rate), wanted, 6);
    }
    // A healthy service with 1 % errors and five measurements of 20 requests, none of which may fail.
    let gate = Plan { n: 5, c: 0 };
    shows(gate.failed(threshold.broken(20, 0.01)), 0.0815, 4);
    let rate = Interval {
        low: 0.01,
        high: 0.05,
        confidence: 0.95,
    };
    let broken = threshold.broken_between(20, rate);
    shows(broken.low, figures(requests(), (20, 0.01)), 6);
    shows(broken.high, figures(requests(), (20, 0.05)), 6);
}
