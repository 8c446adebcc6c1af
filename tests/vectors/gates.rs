//! Tables of plans, each row by runs that are walks. Plans of Flagger and double plans have no gate that is one of theirs; that the
//! smallest plan is found is a test of `coalmine tune`.

use super::runs::{Gate, STEP, Sample, Table, is_mean_known, runs};

const SUCCESS: &str = "successCondition: 'result[0] >= 1'";

/// A gate with a measurement a minute, each of one request.
pub(crate) fn plan(fields: &str, failing: f64, is_simulated: bool, runs: u64) -> Sample {
    let gate = Gate {
        canary: STEP,
        metrics: &[format!("name: m, interval: 1m, {fields}, {SUCCESS}")],
        draws: &format!("m: [{{draw: successRatio, requests: 1, errorRate: {failing}}}]"),
        is_simulated,
    };
    gate.sample(runs)
}

fn single(n: u32, c: u32) -> String {
    format!("count: {n}, failureLimit: {c}")
}

#[test]
fn single_plans_accept_as_often_as_published() {
    // V1, V2 (AcceptanceSampling, R), V4 (samplingplans.com).
    let v1 = [
        (0.0, 1.0),
        (0.01, 0.999_998_0),
        (0.05, 0.998_971_5),
        (0.06, 0.997_970_7),
        (0.07, 0.996_423_9),
        (0.08, 0.994_198_7),
        (0.09, 0.991_166_2),
        (0.10, 0.987_204_8),
    ];
    let others = [
        (20, 0, 0.05, 0.358_485_92),
        (20, 0, 0.15, 0.038_759_53),
        (68, 2, 0.012_13, 0.950_01),
        (68, 2, 0.089_704, 0.05),
        (80, 7, 0.05, 0.9534),
        (80, 7, 0.15, 0.0727),
    ];
    let mut table = Table::default();
    let rows = v1.map(|(failing, accepted)| (10, 3, failing, accepted));
    for (n, c, failing, accepted) in rows.into_iter().chain(others) {
        let sample = plan(&single(n, c), failing, false, runs(5_000));
        table.share(
            &format!("n {n}, c {c}, p {failing}"),
            &sample,
            "Promoted",
            accepted,
        );
    }
    table.holds(14, 0.5e-4);
}

#[test]
fn plans_of_handbooks_accept_as_often_as_computed() {
    // The plan of the NIST handbook, p in per cent, and the example of Montgomery, p in parts of a thousand.
    let nist = [
        0.9982, 0.9798, 0.9295, 0.8460, 0.7383, 0.6196, 0.5018, 0.3938, 0.3003, 0.2232, 0.1621,
        0.1152,
    ];
    let nist = (1..)
        .zip(nist)
        .map(|(percent, accepted)| (52, 3, f64::from(percent) / 100.0, accepted));
    let montgomery = [
        (5, 0.9897),
        (10, 0.9397),
        (15, 0.8502),
        (20, 0.7366),
        (25, 0.6153),
        (30, 0.4985),
        (40, 0.3042),
        (50, 0.1721),
        (60, 0.0919),
        (70, 0.0468),
        (80, 0.0230),
        (90, 0.0109),
    ];
    let montgomery = montgomery
        .map(|(thousandths, accepted)| (89, 2, f64::from(thousandths) / 1000.0, accepted));
    let mut table = Table::default();
    for (n, c, failing, accepted) in nist.chain(montgomery) {
        let sample = plan(&single(n, c), failing, false, runs(1_500));
        table.share(
            &format!("n {n}, c {c}, p {failing}"),
            &sample,
            "Promoted",
            accepted,
        );
    }
    table.holds(24, 0.5e-4);
}

/// Five measurements of three classes. Each is defective by one metric or marginal by another one, with the probability that makes the
/// shares of all measurements right.
pub(crate) fn three_classes(
    defective: f64,
    marginal: f64,
    is_simulated: bool,
    runs: u64,
) -> Sample {
    let not_defective = marginal / (1.0 - defective);
    let gate = Gate {
        canary: STEP,
        metrics: &[
            format!("name: d, interval: 1m, count: 5, failureLimit: 0, {SUCCESS}"),
            format!(
                "name: m, interval: 1m, count: 5, inconclusiveLimit: 1, {SUCCESS}, failureCondition: 'result[0] < 0'"
            ),
        ],
        draws: &format!(
            "d: [{{draw: successRatio, requests: 1, errorRate: {defective}}}], m: [{{draw: successRatio, requests: 1, errorRate: {not_defective}}}]"
        ),
        is_simulated,
    };
    gate.sample(runs)
}

#[test]
fn three_classes_are_accepted_as_often_as_published() {
    // V6 (Czech decree 294/1997, table c-4), recomputed to four digits; columns are 0 %, 10 %, ... marginal ones.
    let rows: [(u8, &[f64]); 7] = [
        (
            0,
            &[
                1.0, 0.9185, 0.7373, 0.5282, 0.3370, 0.1875, 0.0870, 0.0308, 0.0067, 0.0005,
            ],
        ),
        (
            1,
            &[
                0.9510, 0.8721, 0.6972, 0.4964, 0.3138, 0.1724, 0.0784, 0.0268, 0.0055, 0.0003,
            ],
        ),
        (
            3,
            &[
                0.8587, 0.7849, 0.6222, 0.4373, 0.2713, 0.1449, 0.0632, 0.0200, 0.0035, 0.0001,
            ],
        ),
        (
            5,
            &[
                0.7738, 0.7047, 0.5537, 0.3838, 0.2333, 0.1210, 0.0503, 0.0146, 0.0021, 0.0,
            ],
        ),
        (
            20,
            &[
                0.3277, 0.2881, 0.2074, 0.1250, 0.0614, 0.0227, 0.0051, 0.0004, 0.0,
            ],
        ),
        (
            30,
            &[0.1681, 0.1426, 0.0938, 0.0486, 0.0186, 0.0043, 0.0003, 0.0],
        ),
        (50, &[0.0312, 0.0230, 0.0105, 0.0027, 0.0002, 0.0]),
    ];
    let mut table = Table::default();
    for (defective, cells) in rows {
        for (tenths, accepted) in (0_u8..).zip(cells) {
            let (defective, marginal) = (f64::from(defective) / 100.0, f64::from(tenths) / 10.0);
            let sample = three_classes(defective, marginal, false, runs(2_500));
            table.share(
                &format!("d {defective}, m {marginal}"),
                &sample,
                "Promoted",
                *accepted,
            );
        }
    }
    table.holds(63, 0.5e-4);
}

/// P(Failed), E[N], E[N | Failed] of section 4 for p = .01, .05, .1, .2, .5.
type Curtailed = [[f64; 3]; 5];

const CURTAILED: [((u32, u32), Curtailed); 9] = [
    (
        (5, 0),
        [
            [0.04901, 4.90100, 2.97990],
            [0.22622, 4.52438, 2.89753],
            [0.40951, 4.09510, 2.79029],
            [0.67232, 3.36160, 2.56307],
            [0.96875, 1.93750, 1.83871],
        ],
    ),
    (
        (5, 1),
        [
            [0.00098, 4.99901, 3.98992],
            [0.02259, 4.97623, 3.94794],
            [0.08146, 4.90970, 3.89148],
            [0.26272, 4.67520, 3.76370],
            [0.81250, 3.56250, 3.23077],
        ],
    ),
    (
        (5, 2),
        [
            [0.00001, 5.00000, 4.49546],
            [0.00116, 4.99939, 4.47652],
            [0.00856, 4.99530, 4.45093],
            [0.05792, 4.96480, 4.39227],
            [0.50000, 4.56250, 4.12500],
        ],
    ),
    (
        (10, 0),
        [
            [0.09562, 9.56179, 5.41710],
            [0.40126, 8.02526, 5.07869],
            [0.65132, 6.51322, 4.64660],
            [0.89263, 4.46313, 3.79710],
            [0.99902, 1.99805, 1.99022],
        ],
    ),
    (
        (10, 1),
        [
            [0.00427, 9.98841, 7.28389],
            [0.08614, 9.74803, 7.07480],
            [0.26390, 9.15223, 6.78753],
            [0.62419, 7.58408, 6.12952],
            [0.98926, 3.97656, 3.91115],
        ],
    ),
    (
        (10, 2),
        [
            [0.00011, 9.99980, 8.22076],
            [0.01150, 9.97810, 8.09620],
            [0.07019, 9.85413, 7.92187],
            [0.32220, 9.19508, 7.50181],
            [0.94531, 5.86719, 5.62810],
        ],
    ),
    (
        (10, 3),
        [
            [0.00000, 10.00000, 8.78218],
            [0.00103, 9.99867, 8.70631],
            [0.01280, 9.98209, 8.59999],
            [0.12087, 9.79945, 8.34085],
            [0.82812, 7.52344, 7.00943],
        ],
    ),
    (
        (20, 3),
        [
            [0.00004, 19.99986, 16.70850],
            [0.01590, 19.94120, 16.30193],
            [0.13295, 19.42703, 15.69043],
            [0.58855, 16.50881, 14.06816],
            [0.99871, 7.99698, 7.98149],
        ],
    ),
    (
        (52, 3),
        [
            [0.00185, 51.98095, 41.68801],
            [0.26168, 48.36347, 38.10326],
            [0.77681, 36.47711, 32.01721],
            [0.99596, 19.97469, 19.84482],
            [1.0000, 8.00000, 8.00000],
        ],
    ),
];

#[test]
fn gates_stop_as_early_as_computed() {
    let runs = runs(5_000);
    let (mut table, mut means) = (Table::default(), 0);
    for ((n, limit), cells) in CURTAILED {
        for (failing, [failed, mean, mean_failed]) in
            [0.01, 0.05, 0.1, 0.2, 0.5].into_iter().zip(cells)
        {
            let sample = plan(&single(n, limit), failing, false, runs);
            let what = format!("n {n}, L {limit}, p {failing}");
            table.share(&what, &sample, "RolledBack", failed);
            if is_mean_known(failed, runs) {
                table.measurements(&what, &sample, mean);
                table.time(&what, &sample, "RolledBack", (mean_failed - 1.0) * 60.0);
                means += 2;
            }
        }
    }
    assert!(50 <= means, "{means} means");
    table.holds(45 + means, 0.5e-5);
}

#[test]
fn samples_of_requests_fail_as_often_as_computed() {
    // Section 5: a measurement fails if more than 5 % of its requests do.
    let rows: [(u32, [f64; 4]); 5] = [
        (20, [0.000_188, 0.016_859, 0.264_160, 0.608_253]),
        (50, [0.000_019, 0.013_817, 0.459_467, 0.888_271]),
        (100, [0.0, 0.000_535, 0.384_001, 0.942_423]),
        (500, [0.0, 0.0, 0.447_061, 0.999_965]),
        (1000, [0.0, 0.0, 0.462_471, 1.0]),
    ];
    let mut table = Table::default();
    for (requests, cells) in rows {
        for (error_rate, failing) in [0.001, 0.01, 0.05, 0.10].into_iter().zip(cells) {
            let sample = requested(requests, error_rate, "count: 1", false, runs(5_000));
            table.share(
                &format!("m {requests}, e {error_rate}"),
                &sample,
                "RolledBack",
                failing,
            );
        }
    }
    // Two levels together.
    let sample = requested(20, 0.01, "count: 5, failureLimit: 0", false, runs(5_000));
    let failed = 1.0 - (1.0_f64 - 0.016_859).powi(5);
    table.share("five windows", &sample, "RolledBack", failed);
    table.holds(21, 0.5e-6);
}

/// Measurements that fail if more than 5 % of so many requests do.
pub(crate) fn requested(
    requests: u32,
    error_rate: f64,
    fields: &str,
    is_simulated: bool,
    runs: u64,
) -> Sample {
    let gate = Gate {
        canary: STEP,
        metrics: &[format!(
            "name: m, interval: 1m, {fields}, successCondition: 'result[0] <= 0.05'"
        )],
        draws: &format!("m: [{{draw: errorRatio, requests: {requests}, errorRate: {error_rate}}}]"),
        is_simulated,
    };
    gate.sample(runs)
}

/// A background analysis measures `n` times, every 10 s, and as soon again after an error; `in_row` errors in a row end it.
pub(crate) fn errors(n: u32, in_row: u32, error: f64, is_simulated: bool, runs: u64) -> Sample {
    let pause = (n - 1) * 10 + 5;
    let gate = Gate {
        canary: &format!(
            "analysis: {{templates: [{{templateName: gate}}]}}, steps: [{{pause: {{duration: {pause}s}}}}]"
        ),
        // What fails is nothing that can be compared.
        metrics: &[format!(
            "name: m, interval: 10s, consecutiveErrorLimit: {}, successCondition: 'result[0] >= 1 || result[1] > 0'",
            in_row - 1
        )],
        draws: &format!("m: [{{draw: successRatio, requests: 1, errorRate: {error}}}]"),
        is_simulated,
    };
    gate.sample(runs)
}

#[test]
fn errors_in_a_row_end_runs_as_often_as_published() {
    // V7.
    let mut table = Table::default();
    for (n, in_row, error, ended) in [
        (10, 5, 0.5, 0.109_375),
        (20, 5, 0.5, 0.249_870),
        (50, 5, 0.5, 0.551_875),
        (20, 5, 0.1, 0.000_145),
        (60, 5, 0.1, 0.000_505),
        (60, 5, 0.2, 0.014_316),
        (50, 20, 0.5, 0.000_015_258_8),
    ] {
        let sample = errors(n, in_row, error, false, runs(3_000));
        table.share(
            &format!("N {n}, K {in_row}, p {error}"),
            &sample,
            "RolledBack",
            ended,
        );
    }
    table.holds(7, 0.5e-6);
}

#[test]
fn successes_in_a_row_take_as_long_as_computed() {
    let rows = [
        (0.5, 2, 6.0),
        (0.5, 3, 14.0),
        (0.5, 5, 62.0),
        (0.9, 4, 5.2416),
        (0.95, 4, 4.5548),
        (0.99, 4, 4.1020),
        (0.8, 3, 4.7656),
    ];
    let mut table = Table::default();
    for (success, in_row, mean) in rows {
        let fields = format!("count: 1000, failureLimit: -1, consecutiveSuccessLimit: {in_row}");
        let sample = plan(&fields, 1.0 - success, false, runs(1_000));
        let what = format!("p {success}, r {in_row}");
        table.share(&what, &sample, "Promoted", 1.0);
        table.measurements(&what, &sample, mean);
    }
    table.holds(14, 0.5e-4);
}

pub(crate) const RACE: &str = "count: 10, failureLimit: 3, consecutiveSuccessLimit: 4";

#[test]
fn successes_in_a_row_race_against_failures_as_computed() {
    // Section 7: P(Failed), P(Successful), P(Inconclusive), E[N].
    let rows = [
        (0.05, [0.00075, 0.99079, 0.00847, 4.53407]),
        (0.1, [0.00946, 0.95849, 0.03205, 5.10623]),
        (0.2, [0.09309, 0.81967, 0.08724, 6.16378]),
        (0.3, [0.28271, 0.61278, 0.10451, 6.84367]),
        (0.5, [0.74219, 0.21582, 0.04199, 6.76172]),
    ];
    let mut table = Table::default();
    for (failing, [failed, successful, inconclusive, mean]) in rows {
        let sample = plan(RACE, failing, false, runs(10_000));
        let what = format!("p {failing}");
        table.share(&what, &sample, "RolledBack", failed);
        table.share(&what, &sample, "Promoted", successful);
        table.share(&what, &sample, "Paused", inconclusive);
        table.measurements(&what, &sample, mean);
    }
    table.holds(20, 0.5e-5);
}
