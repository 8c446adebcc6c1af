//! Distributions against closed forms and published plans.

use coalmine::chain::Exact;
use coalmine::verdict::Verdict;

use super::draws::{Stage, drawn, gate};
use crate::behaviours::story::story;
use crate::published::{
    DECREE_RECOMPUTED, FORUM, MONTGOMERY, NEIGHBOURS, NIST, RACE, RUNS, SMALLEST, STRICT, VIGNETTE,
    curtailed, requests, three_classes,
};

fn probability(exact: &Exact, verdict: Verdict) -> f64 {
    exact
        .verdicts
        .get(&verdict)
        .map_or(0.0, |share| share.probability)
}

fn near(found: f64, wanted: f64, tolerance: f64, what: &str) {
    assert!(
        (found - wanted).abs() <= tolerance,
        "{what}: {found} instead of {wanted}"
    );
}

/// Half a unit of the last printed digit.
fn printed(digits: i32) -> f64 {
    0.5 * 10.0_f64.powi(-digits)
}

/// A count of measurements, a limit of failures.
fn plan(count: u32, limit: u32, failing: f64) -> Exact {
    gate(&format!("count: {count}, failureLimit: {limit}"), failing).exact()
}

#[test]
fn acceptance_sampling_has_its_published_operating_characteristic() {
    let plans = [VIGNETTE, STRICT, SMALLEST, FORUM, NIST, MONTGOMERY];
    for single in plans.into_iter().chain(NEIGHBOURS) {
        for ((n, c, failing), accepted) in single.rows() {
            let found = probability(&plan(n, c, failing), Verdict::Promoted);
            let what = format!("n {n}, c {c}, p {failing}");
            near(found, accepted, printed(single.digits), &what);
        }
    }
}

#[test]
fn a_gate_stops_at_the_first_failure_too_many() {
    for ((n, limit, failing), [failed, mean, mean_failed]) in curtailed() {
        let exact = plan(n, limit, failing);
        let what = format!("n {n}, L {limit}, p {failing}");
        let rolled_back = &exact.verdicts[&Verdict::RolledBack];
        near(rolled_back.probability, failed, 0.6e-5, &what);
        near(exact.all.measurements.mean, mean, 0.6e-5, &what);
        near(rolled_back.measurements.mean, mean_failed, 0.6e-5, &what);
        // Measurements follow each other by a minute, and a verdict follows the last one.
        let seconds = (rolled_back.measurements.mean - 1.0) * 60.0;
        near(rolled_back.time.mean, seconds, 1e-6, &what);
    }
}

#[test]
fn three_classes_are_counted_apart() {
    for ((defective, marginal), accepted) in three_classes(DECREE_RECOMPUTED) {
        let exact = five_of_three_classes(defective, marginal).exact();
        let found = probability(&exact, Verdict::Promoted);
        // One figure of the table is half a digit away from what it rounds.
        let what = format!("{defective}, {marginal}");
        near(found, accepted, printed(4) + 1e-12, &what);
        near(exact.all.probability, 1.0, 1e-12, "everything");
    }
}

/// Two requests that fail with probability q give three classes: both succeed, one does, none does. For given shares of the last two
/// there need not be a q, so the classes come from two metrics: one of them is defective or not, the other marginal or not, each with
/// the probability that makes the shares of all measurements right.
fn five_of_three_classes(defective: f64, marginal: f64) -> Stage {
    let text = "replicas: 1
canary:
  steps: [{analysis: check}]
---
template: check
metrics:
- {name: d, interval: 60s, count: 5, successCondition: 'result[0] >= 1', failureLimit: 0}
- {name: m, interval: 60s, count: 5, inconclusiveLimit: 1, successCondition: 'result[0] >= 1', failureCondition: 'result[0] < 0'}
";
    let tale = story(text)
        .metric("d", drawn(1, defective))
        .metric("m", drawn(1, marginal / (1.0 - defective)));
    Stage::of(tale)
}

#[test]
fn two_requests_make_three_classes() {
    // Both succeed: good; one fails: marginal; both fail: defective. Five measurements, none defective, one marginal at most.
    let text = "replicas: 1
canary:
  steps: [{analysis: check}]
---
template: check
metrics:
- {name: m, interval: 60s, count: 5, inconclusiveLimit: 1, failureLimit: 0,
   successCondition: 'result[0] >= 1', failureCondition: 'result[0] <= 0'}
";
    for failing in [0.05_f64, 0.2, 0.5] {
        let exact = Stage::of(story(text).metric("m", drawn(2, failing))).exact();
        let (good, marginal) = ((1.0 - failing).powi(2), 2.0 * failing * (1.0 - failing));
        let accepted = good.powi(5) + 5.0 * marginal * good.powi(4);
        let found = probability(&exact, Verdict::Promoted);
        near(found, accepted, 1e-12, &format!("p {failing}"));
        // The second marginal one pauses the rollout, the first defective one aborts it, whichever comes first.
        let paused = |more: i32| f64::from(more) * marginal * good.powi(more - 1) * marginal;
        let paused: f64 = (1..5).map(paused).sum();
        near(
            probability(&exact, Verdict::Paused),
            paused,
            1e-12,
            "paused",
        );
    }
}

#[test]
fn requests_make_measurements_fail() {
    // A measurement fails if more than 5 % of its requests do.
    for ((requests, error_rate), failing) in requests() {
        let text = "replicas: 1
canary:
  steps: [{analysis: check}]
---
{template: check, metrics: [{name: m, count: 1, successCondition: 'result[0] >= 0.95 - 1e-9'}]}";
        let exact = Stage::of(story(text).metric("m", drawn(requests, error_rate))).exact();
        let found = probability(&exact, Verdict::RolledBack);
        near(found, failing, 0.5e-6, &format!("{requests}, {error_rate}"));
    }
}

/// What a condition makes of a single request: nothing if it failed.
const ERROR_OR_SUCCESS: &str = "result[0] >= 1 || result[1] > 0";

#[test]
fn errors_in_a_row_end_a_run() {
    // A background analysis measures every 10 s, and as soon after an error, until the pause is over. Five errors in a row are one
    // too many where no limit is written.
    let by_default = RUNS.into_iter().filter(|((_, in_row, _), _)| *in_row == 5);
    for ((n, _, error), (ended, digits)) in by_default {
        let pause = (n - 1) * 10 + 5;
        let text = format!(
            "replicas: 1
canary:
  analysis: check
  steps: [{{pause: {{duration: {pause}s}}}}]
---
{{template: check, metrics: [{{name: m, interval: 10s, successCondition: '{ERROR_OR_SUCCESS}'}}]}}"
        );
        let exact = Stage::of(story(&text).metric("m", drawn(1, error))).exact();
        let found = probability(&exact, Verdict::RolledBack);
        // A row of ten trials is printed with all its digits.
        let tolerance = if n == 10 { 1e-12 } else { printed(digits) };
        near(found, ended, tolerance, &format!("{n}, {error}"));
    }
}

#[test]
fn errors_do_not_count() {
    for (n, error) in [(10_i32, 0.5_f64), (20, 0.5), (20, 0.1)] {
        let text = format!(
            "replicas: 1
canary:
  steps: [{{analysis: check}}]
---
{{template: check, metrics: [{{name: m, interval: 10s, count: {n}, successCondition: '{ERROR_OR_SUCCESS}'}}]}}"
        );
        let exact = Stage::of(story(&text).metric("m", drawn(1, error))).exact();
        // Before each of n successes there are fewer than five errors.
        let accepted = (1.0 - error.powi(5)).powi(n);
        let found = probability(&exact, Verdict::Promoted);
        near(found, accepted, 1e-12, &format!("{n}, {error}"));
    }
}

#[test]
fn successes_in_a_row_race_against_failures() {
    for (failing, [failed, successful, inconclusive, mean]) in RACE {
        let exact = gate(
            "count: 10, failureLimit: 3, consecutiveSuccessLimit: 4",
            failing,
        )
        .exact();
        let what = format!("p {failing}");
        near(
            probability(&exact, Verdict::RolledBack),
            failed,
            0.6e-5,
            &what,
        );
        near(
            probability(&exact, Verdict::Promoted),
            successful,
            0.6e-5,
            &what,
        );
        near(
            probability(&exact, Verdict::Paused),
            inconclusive,
            0.6e-5,
            &what,
        );
        near(exact.all.measurements.mean, mean, 0.6e-5, &what);
    }
}

#[test]
fn probabilities_sum_up_to_one() {
    let exact = gate("count: 200, failureLimit: 20", 0.1).exact();
    near(exact.all.probability, 1.0, 1e-12, "everything");
    let verdicts = exact.verdicts.values().map(|share| share.probability);
    near(verdicts.sum(), 1.0, 1e-12, "verdicts");
    let causes: f64 = exact.causes.values().sum();
    near(
        causes,
        probability(&exact, Verdict::RolledBack),
        1e-12,
        "causes",
    );
    for share in exact.verdicts.values() {
        let atoms = share.measurements.atoms.iter().map(|(_, atom)| atom);
        near(atoms.sum(), 1.0, 1e-12, "measurements");
    }
    // What cannot change the verdict any more is not told apart.
    assert!(exact.nodes < 200 * 21 + 100, "{} nodes", exact.nodes);
}
