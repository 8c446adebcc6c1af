//! Scenarios that extend others.

use crate::expectation::case::{Folder, WORLD, scenario};

const BASE: &str = "apiVersion: coalmine/v1alpha1
kind: Scenario
metadata: {name: base, abstract: true}
spec:
  stable: v1
  images: {default: {startup: 10s}, v2: {startup: 20s, errorRate: 0.5}}
  traffic: {rps: 10}
  metrics: {rate: [{vector: [1]}]}
  expect: {verdict: Promoted, notBefore: 2m30s, failedRequests: {atLeast: 1}}
";

#[test]
fn a_scenario_says_only_what_differs_from_the_one_that_it_extends() {
    let scenarios = [
        BASE.to_owned(),
        scenario("same", "  extends: base\n"),
        // Images are merged by tag and field: pods start as slowly as before, but do not fail.
        scenario(
            "healthy",
            "  extends: base\n  images: {v2: {errorRate: 0}}\n  expect: {failedRequests: 0}\n",
        ),
        // A list is replaced as a whole.
        scenario(
            "bad",
            "  extends: [base]\n  metrics: {rate: [{vector: [0]}]}\n  expect: {verdict: RolledBack, notBefore: null}\n",
        ),
        // Of a chain the nearest counts, of several the last.
        scenario(
            "chain",
            "  extends: [bad, healthy]\n  expect: {verdict: Promoted}\n",
        ),
        scenario("free", "  extends: bad\n  expect: null\n"),
    ];
    let told = Folder::release("extends", &scenarios).run(&["test", "."]);
    assert_eq!(told.stderr, "");
    assert_eq!(
        told.stdout,
        "\
ok     same     Promoted at 2m40s
ok     healthy  Promoted at 2m40s
ok     bad      RolledBack at 30s
ok     chain    Promoted at 2m40s
-      free     RolledBack at 30s, no expectation

5 scenarios: 4 passed, 1 without expectation
"
    );
    assert_eq!(told.code, Some(0));
}

#[test]
fn a_law_is_replaced_as_a_whole() {
    let scenarios = [
        BASE.replace("startup: 20s", "startup: {law: Exp, mean: 5s}"),
        scenario(
            "child",
            "  extends: base\n  images: {v2: {startup: {law: Uniform, low: 1s, high: 2s}}}\n  expect: null\n",
        ),
    ];
    let told = Folder::release("law", &scenarios).run(&["test", "."]);
    assert_eq!((told.stderr.as_str(), told.code), ("", Some(0)));
}

#[test]
fn a_base_of_the_own_file_is_nearer_than_a_namesake() {
    let other = BASE.replace("vector: [1]", "vector: [0]");
    let child = |name: &str| scenario(name, "  extends: base\n  expect: null\n");
    let folder = Folder::release("near", &[BASE.to_owned(), child("near")]);
    let folder = folder.with("other.scenario.yaml", &other);
    let told = folder.run(&["test", "."]);
    assert!(told.stdout.contains("near  Promoted at"), "{}", told.stdout);
    let folder = folder.with("third.scenario.yaml", &child("far"));
    let told = folder.run(&["test", "."]);
    assert_eq!(told.code, Some(65));
    let error = "error[ambiguous-scenario]: several files have a scenario `base`";
    assert!(told.stderr.contains(error), "{}", told.stderr);
}

#[test]
fn a_base_may_stand_in_another_file_of_the_folder() {
    let child = scenario("child", "  extends: base\n  images: {v2: {startup: 1x}}\n");
    let folder = Folder::release("files", &[child]).with("base.scenario.yaml", BASE);
    let told = folder.run(&["test", "."]);
    assert_eq!(told.code, Some(65));
    // What is wrong with the child is shown in its file.
    assert!(
        told.stderr.contains("scenario.yaml:6:26\n"),
        "{}",
        told.stderr
    );
    let broken = BASE.replace("rps: 10", "rps: -10");
    let child = scenario("child", "  extends: base\n");
    let folder = Folder::release("files", &[child]).with("base.scenario.yaml", &broken);
    let told = folder.run(&["test", "."]);
    assert_eq!(told.code, Some(65));
    // What is wrong with the base is shown there.
    assert!(
        told.stderr.contains("base.scenario.yaml:7:18\n"),
        "{}",
        told.stderr
    );
}

#[test]
fn a_mistake_of_a_base_is_told_once() {
    let broken = BASE.replace("stable: v1", "stabel: v1");
    let children = (0..3).map(|index| scenario(&format!("c{index}"), "  extends: base\n"));
    let scenarios: Vec<String> = std::iter::once(broken).chain(children).collect();
    let told = Folder::release("once", &scenarios).run(&["test", "."]);
    assert_eq!(told.code, Some(65));
    assert_eq!(told.stderr.matches("error[").count(), 1, "{}", told.stderr);
    assert!(
        told.stderr.contains("did you mean `stable`?"),
        "{}",
        told.stderr
    );
}

#[test]
fn names_that_do_not_exist_circles_and_namesakes_are_said_with_their_place() {
    /// Names with what they extend, what is said, and where.
    type Case = (
        &'static [(&'static str, &'static str)],
        &'static str,
        &'static str,
    );
    let cases: [Case; 5] = [
        (
            &[("night", "baze")],
            "error[unknown-scenario]: there is no scenario `baze`",
            "scenario.yaml:15:12\n",
        ),
        (
            &[("night", "night")],
            "error[circular-extends]: the scenario `night` extends itself",
            "scenario.yaml:15:12\n",
        ),
        (
            &[("a", "b"), ("b", "c"), ("c", "a")],
            "error[circular-extends]: `a`, `b` and `c` extend one another in a circle",
            "scenario.yaml:15:12\n",
        ),
        (
            &[("a", "[base, bas]")],
            "error[unknown-scenario]: there is no scenario `bas`",
            "scenario.yaml:15:19\n",
        ),
        (
            &[("a", "base"), ("a", "base")],
            "error[duplicate-scenario]: two scenarios are called `a`",
            "scenario.yaml:19:18\n",
        ),
    ];
    for (children, message, place) in cases {
        let children = children
            .iter()
            .map(|(name, base)| scenario(name, &format!("  extends: {base}\n")));
        let scenarios: Vec<String> = std::iter::once(BASE.to_owned()).chain(children).collect();
        let told = Folder::release("names", &scenarios).run(&["test", "."]);
        assert_eq!(told.code, Some(65), "{message}");
        assert_eq!(told.stderr.matches("error[").count(), 1, "{}", told.stderr);
        assert!(told.stderr.contains(message), "{}", told.stderr);
        assert!(told.stderr.contains(place), "{}", told.stderr);
    }
}

#[test]
fn a_long_chain_is_followed_to_its_end() {
    let link = |index: usize| match index {
        0 => scenario("s0", &format!("{WORLD}  expect: {{verdict: Promoted}}\n")),
        _ => scenario(
            &format!("s{index}"),
            &format!("  extends: s{}\n", index - 1),
        ),
    };
    // The last one is written first.
    let scenarios: Vec<String> = (0..2000).rev().map(link).collect();
    let told = Folder::release("chain", &scenarios).run(&["test", ".", "--filter", "s1999", "-q"]);
    assert_eq!(told.stdout, "1 scenario: 1 passed\n");
}

#[test]
fn one_of_several_scenarios_is_run_by_its_name() {
    let scenarios = [
        BASE.to_owned(),
        scenario("good", "  extends: base\n"),
        scenario(
            "bad",
            "  extends: base\n  metrics: {rate: [{vector: [0]}]}\n",
        ),
    ];
    let folder = Folder::release("several", &scenarios);
    let told = folder.run(&["run", "."]);
    assert_eq!(told.code, Some(65));
    let help = "choose one with `--scenario-name` (`good` or `bad`), or a file with `--scenario`";
    assert!(told.stderr.contains(help), "{}", told.stderr);
    let told = folder.run(&["run", ".", "--scenario-name", "bad", "-q"]);
    assert_eq!((told.code, &told.stdout[..13]), (Some(10), "RolledBack at"));
    let args = [
        "run",
        "rollout.yaml",
        "-s",
        "scenario.yaml",
        "--scenario-name",
        "base",
        "-q",
    ];
    assert_eq!(folder.run(&args).code, Some(0));
    let told = folder.run(&["run", ".", "--scenario-name", "goods"]);
    assert_eq!(told.code, Some(2));
    assert!(
        told.stderr.contains("did you mean `good`?"),
        "{}",
        told.stderr
    );
}

#[test]
fn the_only_scenario_that_is_no_base_needs_no_name() {
    let scenarios = [BASE.to_owned(), scenario("good", "  extends: base\n")];
    let told = Folder::release("only", &scenarios).run(&["run", ".", "-q"]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
}
