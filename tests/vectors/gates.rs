//! Tables of plans, each row by runs that are walks. Plans of Flagger and double plans have no gate that is one of theirs; that the
//! smallest plan is found is a test of `coalmine tune`.

use super::runs::{Gate, STEP, Table, is_mean_known, runs};
use crate::published::{
    Conditions, DECREE_RECOMPUTED, FORUM, MEAN_TRIALS, MONTGOMERY, NIST, RACE, RUNS, SMALLEST,
    STRICT, Single, VIGNETTE, curtailed, figures, requests, three_classes,
};

const SUCCESS: &str = "successCondition: 'result[0] >= 1'";

/// What a metric shows of one request.
fn one_request(failing: f64) -> String {
    format!("[{{draw: successRatio, requests: 1, errorRate: {failing}}}]")
}

/// A gate with a measurement a minute, each of one request.
pub(crate) fn gate(fields: &str, failing: f64) -> Gate {
    Gate {
        canary: STEP.to_owned(),
        metrics: vec![format!("name: m, interval: 1m, {fields}, {SUCCESS}")],
        draws: format!("m: {}", one_request(failing)),
        is_simulated: false,
    }
}

/// The gate of a single plan.
pub(crate) fn single(n: u32, c: u32, failing: f64) -> Gate {
    gate(&format!("count: {n}, failureLimit: {c}"), failing)
}

/// Compares how often single plans accept.
fn accepting(rows: impl Iterator<Item = (Conditions, f64)>, runs: u64) -> Table {
    let mut table = Table::default();
    for ((n, c, p), accepted) in rows {
        let sample = single(n, c, p).sample(runs);
        let what = format!("n {n}, c {c}, p {p}");
        table.share(&what, &sample, "Promoted", accepted);
    }
    table
}

#[test]
fn single_plans_accept_as_often_as_published() {
    let plans = [VIGNETTE, STRICT, FORUM, SMALLEST].into_iter();
    // At 2 % to 4 % a run that is refused is about as rare as at 1 %.
    let rows = plans.flat_map(Single::rows);
    let rows = rows.filter(|((.., p), _)| !(0.015..0.045).contains(p));
    accepting(rows, runs(5_000)).holds(14, 0.5e-4);
}

#[test]
fn plans_of_handbooks_accept_as_often_as_computed() {
    let rows = [NIST, MONTGOMERY].into_iter().flat_map(Single::rows);
    accepting(rows, runs(1_500)).holds(24, 0.5e-4);
}

/// Five measurements of three classes. Each is defective by one metric or marginal by another one, with the probability that makes the
/// shares of all measurements right.
pub(crate) fn five_of_three_classes(defective: f64, marginal: f64) -> Gate {
    Gate {
        canary: STEP.to_owned(),
        metrics: vec![
            format!("name: d, interval: 1m, count: 5, failureLimit: 0, {SUCCESS}"),
            format!(
                "name: m, interval: 1m, count: 5, inconclusiveLimit: 1, {SUCCESS}, failureCondition: 'result[0] < 0'"
            ),
        ],
        draws: format!(
            "d: {}, m: {}",
            one_request(defective),
            one_request(marginal / (1.0 - defective))
        ),
        is_simulated: false,
    }
}

#[test]
fn three_classes_are_accepted_as_often_as_published() {
    // The rows of 2 %, 4 % and 40 % lie between others.
    let rows = DECREE_RECOMPUTED.into_iter();
    let rows = rows.filter(|(defective, _)| ![2, 4, 40].contains(defective));
    let mut table = Table::default();
    for ((defective, marginal), accepted) in three_classes(rows) {
        let sample = five_of_three_classes(defective, marginal).sample(runs(2_500));
        let what = format!("d {defective}, m {marginal}");
        table.share(&what, &sample, "Promoted", accepted);
    }
    table.holds(63, 0.5e-4);
}

#[test]
fn gates_stop_as_early_as_computed() {
    let runs = runs(5_000);
    let (mut table, mut means) = (Table::default(), 0);
    for ((n, limit, failing), [failed, mean, mean_failed]) in curtailed() {
        let sample = single(n, limit, failing).sample(runs);
        let what = format!("n {n}, L {limit}, p {failing}");
        table.share(&what, &sample, "RolledBack", failed);
        if is_mean_known(failed, runs) {
            table.measurements(&what, &sample, mean);
            table.time(&what, &sample, "RolledBack", (mean_failed - 1.0) * 60.0);
            means += 2;
        }
    }
    assert!(50 <= means, "{means} means");
    table.holds(45 + means, 0.5e-5);
}

/// Measurements that fail if more than 5 % of so many requests do.
pub(crate) fn requested(requests: u32, error_rate: f64, fields: &str) -> Gate {
    Gate {
        canary: STEP.to_owned(),
        metrics: vec![format!(
            "name: m, interval: 1m, {fields}, successCondition: 'result[0] <= 0.05'"
        )],
        draws: format!("m: [{{draw: errorRatio, requests: {requests}, errorRate: {error_rate}}}]"),
        is_simulated: false,
    }
}

#[test]
fn samples_of_requests_fail_as_often_as_computed() {
    let mut table = Table::default();
    for ((m, e), failing) in requests() {
        let sample = requested(m, e, "count: 1").sample(runs(5_000));
        table.share(&format!("m {m}, e {e}"), &sample, "RolledBack", failing);
    }
    // Two levels together.
    let sample = requested(20, 0.01, "count: 5, failureLimit: 0").sample(runs(5_000));
    let failed = 1.0 - (1.0 - figures(requests(), (20, 0.01))).powi(5);
    table.share("five windows", &sample, "RolledBack", failed);
    table.holds(21, 0.5e-6);
}

/// A background analysis measures `n` times, every 10 s, and as soon again after an error; `in_row` errors in a row end it.
pub(crate) fn errors(n: u32, in_row: u32, error: f64) -> Gate {
    let pause = (n - 1) * 10 + 5;
    Gate {
        canary: format!(
            "analysis: {{templates: [{{templateName: gate}}]}}, steps: [{{pause: {{duration: {pause}s}}}}]"
        ),
        // What fails is nothing that can be compared.
        metrics: vec![format!(
            "name: m, interval: 10s, consecutiveErrorLimit: {}, successCondition: 'result[0] >= 1 || result[1] > 0'",
            in_row - 1
        )],
        draws: format!("m: {}", one_request(error)),
        is_simulated: false,
    }
}

#[test]
fn errors_in_a_row_end_runs_as_often_as_published() {
    let mut table = Table::default();
    for ((n, in_row, error), (ended, _)) in RUNS {
        let sample = errors(n, in_row, error).sample(runs(3_000));
        let what = format!("N {n}, K {in_row}, p {error}");
        table.share(&what, &sample, "RolledBack", ended);
    }
    table.holds(7, 0.5e-6);
}

#[test]
fn successes_in_a_row_take_as_long_as_computed() {
    let mut table = Table::default();
    for ((success, in_row), mean) in MEAN_TRIALS {
        let fields = format!("count: 1000, failureLimit: -1, consecutiveSuccessLimit: {in_row}");
        let sample = gate(&fields, 1.0 - success).sample(runs(1_000));
        let what = format!("p {success}, r {in_row}");
        table.share(&what, &sample, "Promoted", 1.0);
        table.measurements(&what, &sample, mean);
    }
    table.holds(14, 0.5e-4);
}

/// The gate of the race, ten measurements of which three may fail, unless four in a row succeed before.
pub(crate) fn race(failing: f64) -> Gate {
    gate(
        "count: 10, failureLimit: 3, consecutiveSuccessLimit: 4",
        failing,
    )
}

#[test]
fn successes_in_a_row_race_against_failures_as_computed() {
    let mut table = Table::default();
    for (failing, [failed, successful, inconclusive, mean]) in RACE {
        let sample = race(failing).sample(runs(10_000));
        let what = format!("p {failing}");
        table.share(&what, &sample, "RolledBack", failed);
        table.share(&what, &sample, "Promoted", successful);
        table.share(&what, &sample, "Paused", inconclusive);
        table.measurements(&what, &sample, mean);
    }
    table.holds(20, 0.5e-5);
}
