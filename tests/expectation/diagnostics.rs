//! Expectations that no run could meet, or that mean nothing: each with its place and a way out.

use crate::expectation::case::{Folder, ROLLOUT, WORLD, scenario};

/// What is written below `expect`, the rule, the place, what is said, and the way out.
const MISTAKES: [(&str, &str, &str, &str, &str); 25] = [
    (
        "verdict: Promotd",
        "unknown-word",
        "10:14",
        "there is no verdict `Promotd`",
        "did you mean `Promoted`?",
    ),
    (
        "step: 3",
        "no-such-step",
        "10:11",
        "there is no step 3: the rollout has 2 steps",
        "steps count from 0; 2 means that all are done",
    ),
    (
        "step: -1",
        "out-of-range",
        "10:11",
        "`step` cannot be -1",
        "write a number that is 0 or more",
    ),
    (
        "notBefore: 10 m",
        "bad-duration",
        "10:16",
        "",
        "write a duration such as `90s`, `1h30m` or `1.5s`, or a number of seconds",
    ),
    (
        "{notBefore: 5m, notAfter: 1m}",
        "out-of-order",
        "10:31",
        "`notAfter` comes before `notBefore`",
        "exchange the two",
    ),
    (
        "reason: 'a('",
        "bad-regex",
        "10:13",
        "`a(` is no regular expression: unclosed group",
        "write `\\(` for a bracket that is meant as such, likewise `\\.`, `\\[`, `\\*`",
    ),
    (
        "peakPods: {}",
        "one-of",
        "10:15",
        "`peakPods` needs `atLeast` or `atMost`",
        "add at least one of them",
    ),
    (
        "peakPods: {atMots: 3}",
        "unknown-field",
        "10:16",
        "unknown field `atMots`",
        "did you mean `atMost`?",
    ),
    (
        "peakPods: {atMost: many}",
        "bad-number",
        "10:24",
        "`many` is no number",
        "write a number, `\"NaN\"`, `\"+Inf\"` or `\"-Inf\"`",
    ),
    (
        "peakPods: [3]",
        "wrong-type",
        "10:15",
        "`peakPods` takes a number, or bounds such as `{atMost: 100}`, not a list",
        "",
    ),
    (
        "peakPods: {atLeast: 5, atMost: 3}",
        "out-of-order",
        "10:36",
        "`atMost` is below `atLeast`: nothing lies between",
        "exchange the two",
    ),
    (
        "peakPod: 3",
        "unknown-field",
        "10:5",
        "unknown field `peakPod`",
        "did you mean `peakPods`?",
    ),
    (
        "usersExposed: 3",
        "not-accounted",
        "10:19",
        "`usersExposed` is not known without `spec.traffic.requestsPerUser`",
        "say how many requests a user makes, such as `requestsPerUser: 20`",
    ),
    (
        "excessCost: 3",
        "not-accounted",
        "10:17",
        "`excessCost` is not known without `spec.cost.podHour`",
        "say the price of a pod for an hour, such as `cost: {podHour: 0.05}`",
    ),
    (
        "exposure: {atMost: soon}",
        "bad-duration",
        "10:24",
        "",
        "write a duration such as `90s`, `1h30m` or `1.5s`, or a number of seconds",
    ),
    (
        "measurements: {rat: {count: 1}}",
        "unknown-metric",
        "10:20",
        "nothing measures a metric `rat`",
        "did you mean `rate`?",
    ),
    (
        "measurements: {rate: {}}",
        "one-of",
        "10:26",
        "`rate` needs `count`, `successful`, `failed`, `inconclusive` or `error`",
        "add at least one of them",
    ),
    (
        "weights: [{weight: 3}]",
        "missing-field",
        "10:15",
        "`weights[0]` needs `at`",
        "say when: `at: 3m`",
    ),
    (
        "weights: [{at: 3m}]",
        "missing-field",
        "10:15",
        "`weights[0]` needs `weight`",
        "say which weight: `weight: 20`",
    ),
    (
        "pods: [{at: 3m, image: v3, available: 1}]",
        "unknown-image",
        "10:28",
        "no pod ever runs the tag `v3`",
        "known are `v1` and `v2`",
    ),
    (
        "pods: [{at: 3m, image: v2}]",
        "one-of",
        "10:12",
        "`pods[0]` needs `available` or `desired`",
        "add at least one of them",
    ),
    (
        "pods: [{at: 3m, available: 2}]",
        "missing-field",
        "10:12",
        "`pods[0]` needs `image`",
        "say the tag of the version: `image: v2`",
    ),
    (
        "endpoints: activ",
        "unknown-service",
        "10:16",
        "the canary has no service `activ`",
        "known are `canary`, `stable`, `web-canary` and `web-stable`",
    ),
    (
        "endpoints: [stable, stabl]",
        "unknown-service",
        "10:25",
        "the canary has no service `stabl`",
        "did you mean `stable`?",
    ),
    (
        "endpoints: {stable: true}",
        "wrong-type",
        "10:16",
        "`endpoints` takes a name or a list of names, not a mapping",
        "",
    ),
];

#[test]
fn what_no_run_could_meet_is_said_with_its_place_and_a_way_out() {
    for (index, (expect, id, place, message, help)) in MISTAKES.iter().enumerate() {
        let world = WORLD.replace(", requestsPerUser: 5", "");
        let line = format!("  expect:\n    {expect}\n");
        let text = scenario("mistake", &(world + &line));
        let folder = Folder::release(&format!("mistake-{index}"), &[text]);
        let told = folder.run(&["test", "."]);
        let context = format!("{expect}\n{}", told.stderr);
        assert_eq!(told.code, Some(65), "{context}");
        assert!(
            told.stderr.contains(&format!("error[{id}]: {message}")),
            "{context}"
        );
        assert!(
            told.stderr.contains(&format!("scenario.yaml:{place}\n")),
            "{context}"
        );
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let said = told.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(&help), "{context}");
        assert!(
            told.stdout.starts_with("ERROR  mistake  cannot be read\n"),
            "{context}"
        );
    }
}

#[test]
fn measures_of_requests_need_traffic_and_weights_a_router() {
    let spec = "  stable: v1\n  metrics: {rate: [{vector: [1]}]}\n  expect: {failedRequests: 0, weights: [{at: 1m, weight: 20}], endpoints: always}\n";
    let rollout = ROLLOUT
        .lines()
        .filter(|line| !line.contains("Service: ") && !line.contains("trafficRouting"));
    let rollout: Vec<&str> = rollout.collect();
    let folder = Folder::new("without-traffic")
        .with("rollout.yaml", &(rollout.join("\n") + "\n"))
        .with("scenario.yaml", &scenario("plain", spec));
    let told = folder.run(&["test", "."]);
    assert_eq!(told.code, Some(65));
    for message in [
        "error[not-accounted]: `failedRequests` is not known without `spec.traffic`",
        "error[no-weights]: there are no weights without a traffic router",
        "error[unknown-service]: the rollout names no services",
    ] {
        assert!(told.stderr.contains(message), "{message}\n{}", told.stderr);
    }
}

#[test]
fn an_empty_expectation_is_worth_a_warning_and_counts_as_none() {
    for empty in ["{}", "{endpoints: [], weights: [], measurements: {}}"] {
        let text = scenario("empty", &format!("{WORLD}  expect: {empty}\n"));
        let told = Folder::release("empty", &[text]).run(&["test", "."]);
        assert_eq!(told.code, Some(0));
        let warning = "warning[nothing-expected]: nothing is expected";
        assert!(told.stderr.contains(warning), "{}", told.stderr);
        assert!(told.stdout.contains("no expectation"), "{}", told.stdout);
    }
}
