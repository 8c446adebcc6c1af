//! Which claims are true of a run, and which are not.

use crate::expectation::case::{Folder, WORLD, scenario};

/// The run: 10 requests/s for 170 s. From 10 s on 20 % of them fail in 3 instead of 1 %, from 140 s on all of them: the harm is
/// 10 x 0.02 x (0.2 x 130 + 30) = 11.2. Then the old pods stand by for 30 s.
const CLAIMS: [(&str, &str); 32] = [
    ("verdict: Promoted", "verdict: RolledBack"),
    ("step: 2", "step: 1"),
    ("step: {atLeast: 1}", "step: {atMost: 1}"),
    ("notBefore: 2m20s", "notBefore: 2m21s"),
    ("notAfter: 2m20s", "notAfter: 139s"),
    ("reason: '^Rollout completed .* 2'", "reason: aborted"),
    ("requests: {atLeast: 1400}", "requests: {atMost: 1400}"),
    ("requests: 1700", "requests: 1701"),
    ("failedRequests: 28.2", "failedRequests: {atMost: 28}"),
    ("unservedRequests: 0", "unservedRequests: {atLeast: 1}"),
    ("harm: 11.2", "harm: {atMost: 11}"),
    ("usersExposed: {atLeast: 100}", "usersExposed: 0"),
    (
        "exposure: {atLeast: 50s, atMost: 1m}",
        "exposure: {atMost: 50s}",
    ),
    ("peakPods: 10", "peakPods: {atMost: 9}"),
    ("podHours: {atLeast: 0.2}", "podHours: {atMost: 0.2}"),
    (
        "excessPodHours: {atMost: 0.2}",
        "excessPodHours: {atMost: 0.01}",
    ),
    ("excessCost: {atMost: 0.02}", "excessCost: 0"),
    ("shortOfCapacity: 0s", "shortOfCapacity: {atLeast: 1s}"),
    ("instantRollback: 30s", "instantRollback: 31s"),
    (
        "instantRollback: {atMost: 30}",
        "instantRollback: {atMost: 29}",
    ),
    (
        "measurements: {rate: {count: 5}}",
        "measurements: {rate: {count: 4}}",
    ),
    (
        "measurements: {rate: {failed: 0}}",
        "measurements: {rate: {failed: 1}}",
    ),
    (
        "measurements: {rate: {successful: 5}}",
        "measurements: {rate: {successful: 6}}",
    ),
    (
        "measurements: {rate: {inconclusive: 0}}",
        "measurements: {rate: {inconclusive: 1}}",
    ),
    (
        "measurements: {rate: {error: 0}}",
        "measurements: {rate: {error: {atLeast: 1}}}",
    ),
    (
        "weights: [{at: 9.9s, weight: 0}]",
        "weights: [{at: 10s, weight: 0}]",
    ),
    (
        "weights: [{at: 10s, weight: 20}]",
        "weights: [{at: 1m, weight: {atLeast: 21}}]",
    ),
    (
        "pods: [{at: 1m, image: v2, available: 1}]",
        "pods: [{at: 1m, image: v2, available: 2}]",
    ),
    (
        "pods: [{at: 0s, image: v2, desired: 1}]",
        "pods: [{at: 0s, image: v2, available: 1}]",
    ),
    (
        "pods: [{at: 1d, image: v1, available: 0}]",
        "pods: [{at: 1d, image: v1, available: 5}]",
    ),
    ("endpoints: [stable, web-stable]", "verdict: Stuck"),
    ("endpoints: always", "verdict: Paused"),
];

#[test]
fn true_claims_pass_and_false_ones_fail() {
    let mut scenarios = Vec::new();
    for (index, (holds, fails)) in CLAIMS.iter().enumerate() {
        let of = |claim: &str| format!("{WORLD}  cost: {{podHour: 0.1}}\n  expect: {{{claim}}}\n");
        scenarios.push(scenario(
            &format!("holds-{index}"),
            &of(&holds.replace("1d", "24h")),
        ));
        scenarios.push(scenario(
            &format!("fails-{index}"),
            &of(&fails.replace("1d", "24h")),
        ));
    }
    let told = Folder::release("truth", &scenarios).run(&["test", "."]);
    assert_eq!(told.stderr, "");
    assert_eq!(told.code, Some(1));
    for (index, (holds, fails)) in CLAIMS.iter().enumerate() {
        let result = |name: String| {
            let lines = told.stdout.lines();
            let mut lines = lines.filter(|line| line.split_whitespace().nth(1) == Some(&name));
            lines.next().map(|line| &line[..4])
        };
        let (pass, fail) = (format!("holds-{index}"), format!("fails-{index}"));
        assert_eq!(result(pass), Some("ok  "), "{holds}\n{}", told.stdout);
        assert_eq!(result(fail), Some("FAIL"), "{fails}\n{}", told.stdout);
    }
}

#[test]
fn a_service_without_endpoints_fails_its_expectation() {
    let crash = "  stable: v1
  images: {default: {startup: 10s}, v1: {unready: [{from: 1m, to: 70s}]}}
  expect: {endpoints: [stable]}
";
    let told = Folder::release("gap", &[scenario("gap", crash)]).run(&["test", "."]);
    assert_eq!(told.code, Some(1));
    let want = "    + happened  service web-stable has none for 10s from 1m to 1m10s\n";
    assert!(told.stdout.contains(want), "{}", told.stdout);
}

#[test]
fn a_run_that_was_cut_off_says_nothing_of_later_times() {
    let cut = format!("{WORLD}  until: 1m\n  expect: {{weights: [{{at: 2m, weight: 20}}]}}\n");
    let told = Folder::release("cut", &[scenario("cut", &cut)]).run(&["test", "."]);
    assert_eq!(told.code, Some(1));
    assert!(
        told.stderr.contains("warning[beyond-horizon]"),
        "{}",
        told.stderr
    );
    let want = "    + happened  the run was cut off at 1m\n";
    assert!(told.stdout.contains(want), "{}", told.stdout);
}
