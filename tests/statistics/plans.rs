//! Sampling plans against published tables and recomputed figures.

use coalmine::statistics::interval::Interval;
use coalmine::statistics::plan::requests::Threshold;
use coalmine::statistics::plan::stages::{Stage, course};
use coalmine::statistics::plan::{Plan, RiskPoint};

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

#[test]
fn acceptance_is_that_of_the_acceptance_sampling_vignette() {
    let plan = Plan { n: 10, c: 3 };
    let known = [
        1.0,
        0.999_998_0,
        0.999_969_5,
        0.999_852_9,
        0.999_557_4,
        0.998_971_5,
        0.997_970_7,
        0.996_423_9,
        0.994_198_7,
        0.991_166_2,
        0.987_204_8,
    ];
    for (per_cent, wanted) in known.into_iter().enumerate() {
        shows(plan.accepted(per_cent as f64 / 100.0), wanted, 7);
    }
    let strict = Plan { n: 20, c: 0 };
    shows(strict.accepted(0.05), 0.358_485_92, 8);
    shows(strict.accepted(0.15), 0.038_759_53, 8);
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
    for (n, c, good, bad) in [
        (80, 7, 0.9534, 0.0727),
        (79, 6, 0.8999, 0.0378),
        (79, 7, 0.9562, 0.0789),
    ] {
        shows(Plan { n, c }.accepted(0.05), good, 4);
        shows(Plan { n, c }.accepted(0.15), bad, 4);
    }
}

#[test]
fn further_published_plans_accept_as_printed() {
    let plan = Plan { n: 68, c: 2 };
    shows(plan.accepted(0.01213), 0.950_01, 5);
    shows(plan.accepted(0.089_704), 0.050_00, 5);
    // And back: what is caught with 95 %.
    shows(plan.caught(0.95).expect("it can fail"), 0.089_704, 6);
    shows(plan.caught(0.05).expect("it can fail"), 0.012_13, 5);
    let handbook = [
        0.9982, 0.9798, 0.9295, 0.8460, 0.7383, 0.6196, 0.5018, 0.3938, 0.3003, 0.2232, 0.1621,
        0.1152,
    ];
    for (place, wanted) in handbook.into_iter().enumerate() {
        shows(
            Plan { n: 52, c: 3 }.accepted((place + 1) as f64 / 100.0),
            wanted,
            4,
        );
    }
    let montgomery = [
        (0.005, 0.9897),
        (0.01, 0.9397),
        (0.015, 0.8502),
        (0.02, 0.7366),
        (0.025, 0.6153),
        (0.03, 0.4985),
        (0.04, 0.3042),
        (0.05, 0.1721),
        (0.06, 0.0919),
        (0.07, 0.0468),
        (0.08, 0.0230),
        (0.09, 0.0109),
    ];
    for (p, wanted) in montgomery {
        shows(Plan { n: 89, c: 2 }.accepted(p), wanted, 4);
    }
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

/// P(failed), E[N], E[N | failed].
type Stopped = (f64, f64, f64);

/// n, c, and for p = 0.01, 0.05, 0.1, 0.2, 0.5 how often and when it stops.
#[rustfmt::skip]
const STOPPED: [(u32, u32, [Stopped; 5]); 9] = [
    (5, 0, [
        (0.049_01, 4.901_00, 2.979_90), (0.226_22, 4.524_38, 2.897_53), (0.409_51, 4.095_10, 2.790_29),
        (0.672_32, 3.361_60, 2.563_07), (0.968_75, 1.937_50, 1.838_71),
    ]),
    (5, 1, [
        (0.000_98, 4.999_01, 3.989_92), (0.022_59, 4.976_23, 3.947_94), (0.081_46, 4.909_70, 3.891_48),
        (0.262_72, 4.675_20, 3.763_70), (0.812_50, 3.562_50, 3.230_77),
    ]),
    (5, 2, [
        (0.000_01, 5.0, 4.495_46), (0.001_16, 4.999_39, 4.476_52), (0.008_56, 4.995_30, 4.450_93),
        (0.057_92, 4.964_80, 4.392_27), (0.5, 4.562_50, 4.125_00),
    ]),
    (10, 0, [
        (0.095_62, 9.561_79, 5.417_10), (0.401_26, 8.025_26, 5.078_69), (0.651_32, 6.513_22, 4.646_60),
        (0.892_63, 4.463_13, 3.797_10), (0.999_02, 1.998_05, 1.990_22),
    ]),
    (10, 1, [
        (0.004_27, 9.988_41, 7.283_89), (0.086_14, 9.748_03, 7.074_80), (0.263_90, 9.152_23, 6.787_53),
        (0.624_19, 7.584_08, 6.129_52), (0.989_26, 3.976_56, 3.911_15),
    ]),
    (10, 2, [
        (0.000_11, 9.999_80, 8.220_76), (0.011_50, 9.978_10, 8.096_20), (0.070_19, 9.854_13, 7.921_87),
        (0.322_20, 9.195_08, 7.501_81), (0.945_31, 5.867_19, 5.628_10),
    ]),
    (10, 3, [
        (0.0, 10.0, 8.782_18), (0.001_03, 9.998_67, 8.706_31), (0.012_80, 9.982_09, 8.599_99),
        (0.120_87, 9.799_45, 8.340_85), (0.828_12, 7.523_44, 7.009_43),
    ]),
    (20, 3, [
        (0.000_04, 19.999_86, 16.708_50), (0.015_90, 19.941_20, 16.301_93), (0.132_95, 19.427_03, 15.690_43),
        (0.588_55, 16.508_81, 14.068_16), (0.998_71, 7.996_98, 7.981_49),
    ]),
    (52, 3, [
        (0.001_85, 51.980_95, 41.688_01), (0.261_68, 48.363_47, 38.103_26), (0.776_81, 36.477_11, 32.017_21),
        (0.995_96, 19.974_69, 19.844_82), (1.0, 8.0, 8.0),
    ]),
];

#[test]
fn a_gate_stops_at_the_failure_that_decides() {
    for (n, c, columns) in STOPPED {
        for (p, (failed, measurements, when_failed)) in
            [0.01, 0.05, 0.1, 0.2, 0.5].into_iter().zip(columns)
        {
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
}

#[test]
fn a_measurement_made_of_requests_breaks_its_threshold_by_chance() {
    let threshold = Threshold::ErrorsAtMost(0.05);
    for (requests, columns) in [
        (20, [0.000_188, 0.016_859, 0.264_160, 0.608_253]),
        (50, [0.000_019, 0.013_817, 0.459_467, 0.888_271]),
        (100, [0.000_000, 0.000_535, 0.384_001, 0.942_423]),
        (500, [0.000_000, 0.000_000, 0.447_061, 0.999_965]),
        (1000, [0.000_000, 0.000_000, 0.462_471, 1.000_000]),
    ] {
        for (e, wanted) in [0.001, 0.01, 0.05, 0.10].into_iter().zip(columns) {
            shows(threshold.broken(requests, e), wanted, 6);
        }
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
    shows(broken.low, 0.016_859, 6);
    shows(broken.high, 0.264_160, 6);
}
