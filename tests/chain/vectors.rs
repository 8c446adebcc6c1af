//! Distributions against closed forms and published plans (the digits of each are printed where they come from).

use coalmine::chain::Exact;
use coalmine::verdict::Verdict;

use super::draws::{Stage, drawn, gate};
use crate::behaviours::story::story;

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

/// A count of measurements, a limit of failures.
fn plan(count: u32, limit: u32, failing: f64) -> Exact {
    gate(&format!("count: {count}, failureLimit: {limit}"), failing).exact()
}

#[test]
fn acceptance_sampling_has_its_published_operating_characteristic() {
    // AcceptanceSampling (R), vignette: n = 10, c = 3.
    let published = [
        (0.0, 1.0),
        (0.01, 0.999_998_0),
        (0.02, 0.999_969_5),
        (0.03, 0.999_852_9),
        (0.04, 0.999_557_4),
        (0.05, 0.998_971_5),
        (0.06, 0.997_970_7),
        (0.07, 0.996_423_9),
        (0.08, 0.994_198_7),
        (0.09, 0.991_166_2),
        (0.10, 0.987_204_8),
    ];
    for (failing, accepted) in published {
        let found = probability(&plan(10, 3, failing), Verdict::Promoted);
        near(found, accepted, 0.5e-7, &format!("n 10, c 3, p {failing}"));
    }
    // The same source: n = 20, c = 0; samplingplans.com: n = 68, c = 2.
    for (n, c, failing, accepted, digits) in [
        (20, 0, 0.05, 0.358_485_92, 0.5e-8),
        (20, 0, 0.15, 0.038_759_53, 0.5e-8),
        (68, 2, 0.012_13, 0.950_01, 0.5e-5),
        (68, 2, 0.089_704, 0.05, 0.5e-5),
        (80, 7, 0.05, 0.9534, 0.5e-4),
        (80, 7, 0.15, 0.0727, 0.5e-4),
        (52, 3, 0.05, 0.7383, 0.5e-4),
        (89, 2, 0.02, 0.7366, 0.5e-4),
    ] {
        let found = probability(&plan(n, c, failing), Verdict::Promoted);
        near(
            found,
            accepted,
            digits,
            &format!("n {n}, c {c}, p {failing}"),
        );
    }
}

#[test]
fn a_gate_stops_at_the_first_failure_too_many() {
    // Recomputed by a dynamic program: P(Failed), E[N], E[N | Failed].
    let rows = [
        (5, 0, 0.01, [0.04901, 4.90100, 2.97990]),
        (5, 0, 0.5, [0.96875, 1.93750, 1.83871]),
        (5, 1, 0.1, [0.08146, 4.90970, 3.89148]),
        (5, 2, 0.2, [0.05792, 4.96480, 4.39227]),
        (10, 0, 0.05, [0.40126, 8.02526, 5.07869]),
        (10, 1, 0.2, [0.62419, 7.58408, 6.12952]),
        (10, 2, 0.1, [0.07019, 9.85413, 7.92187]),
        (10, 3, 0.5, [0.82812, 7.52344, 7.00943]),
        (20, 3, 0.1, [0.13295, 19.42703, 15.69043]),
        (52, 3, 0.05, [0.26168, 48.36347, 38.10326]),
    ];
    for (n, limit, failing, [failed, mean, mean_failed]) in rows {
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
    // Czech decree 294/1997, table c-4, recomputed: n = 5, no defective ones, one marginal one.
    let rows = [
        (0.01, 0.1, 0.8721),
        (0.05, 0.0, 0.7738),
        (0.05, 0.3, 0.3838),
        (0.2, 0.1, 0.2881),
        (0.3, 0.4, 0.0186),
    ];
    for (defective, marginal, accepted) in rows {
        let exact = three_classes(defective, marginal).exact();
        let found = probability(&exact, Verdict::Promoted);
        near(found, accepted, 0.5e-4, &format!("{defective}, {marginal}"));
        near(exact.all.probability, 1.0, 1e-12, "everything");
    }
}

/// Two requests that fail with probability q give three classes: both succeed, one does, none does. For given shares of the last two
/// there need not be a q, so the classes come from two metrics: one of them is defective or not, the other marginal or not, each with
/// the probability that makes the shares of all measurements right.
fn three_classes(defective: f64, marginal: f64) -> Stage {
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
    // A measurement fails if more than 5 % of its requests do; recomputed.
    for (requests, error_rate, failing) in [
        (20, 0.01, 0.016_859),
        (50, 0.05, 0.459_467),
        (100, 0.10, 0.942_423),
        (1000, 0.05, 0.462_471),
    ] {
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
    // V7: a run of five in n trials. A background analysis measures every 10 s, and as soon after an error, until the pause is over.
    for (n, error, ended, digits) in [
        (10, 0.5, 0.109_375, 1e-12),
        (20, 0.5, 0.249_870, 0.5e-6),
        (50, 0.5, 0.551_875, 0.5e-6),
        (20, 0.1, 0.000_145, 0.5e-6),
        (60, 0.1, 0.000_505, 0.5e-6),
        (60, 0.2, 0.014_316, 0.5e-6),
    ] {
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
        near(found, ended, digits, &format!("{n}, {error}"));
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
    // Recomputed by a dynamic program: count 10, failureLimit 3, consecutiveSuccessLimit 4.
    let rows = [
        (0.05, [0.00075, 0.99079, 0.00847, 4.53407]),
        (0.1, [0.00946, 0.95849, 0.03205, 5.10623]),
        (0.2, [0.09309, 0.81967, 0.08724, 6.16378]),
        (0.3, [0.28271, 0.61278, 0.10451, 6.84367]),
        (0.5, [0.74219, 0.21582, 0.04199, 6.76172]),
    ];
    for (failing, [failed, successful, inconclusive, mean]) in rows {
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
