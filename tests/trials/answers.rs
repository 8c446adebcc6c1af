//! What reports say, against what is known.

#![expect(clippy::disallowed_methods, reason = "tests read files")]

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{NOISE, share};
use crate::program::{complaint, document, run, told};
use crate::readme;

#[test]
fn the_runs_that_are_worth_a_look_are_replayed_by_their_commands() {
    let report = document(&[
        "trials",
        "scenarios/canary-background-analysis",
        "-n",
        "300",
        "--seed",
        "4",
    ]);
    for replay in report["replays"].as_array().expect("replays") {
        let command = replay["command"].as_str().expect("a command");
        let mut arguments: Vec<&str> = command.split(' ').skip(1).collect();
        arguments.extend(["--output", "json"]);
        let output = run(&arguments);
        let run: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(run["verdict"]["verdict"], replay["verdict"], "{command}");
        let since = run["verdict"]["since"].as_f64().expect("a time");
        let wanted = replay["since"].as_f64().expect("a time");
        assert!(
            (since - wanted).abs() < 1e-3,
            "{since} instead of {wanted}: {command}"
        );
    }
}

#[test]
fn the_share_of_false_alarms_is_that_of_the_closed_form() {
    // Two or more failures among 20 requests at 1 % break 95 %, with .016859; one such measurement of five is enough.
    let exact = 1.0 - (1.0_f64 - 0.016_859).powi(5);
    let report = document(&["trials", NOISE, "-n", "4000"]);
    let found = share(&report, "RolledBack");
    let (low, high) = (found["low"].as_f64(), found["high"].as_f64());
    let holds = low < Some(exact) && Some(exact) < high;
    assert!(holds, "{found} does not hold {exact}");
    let cause = &report["causes"][0];
    assert_eq!(
        (&cause["what"], &cause["step"]),
        (&"success-rate Failed".into(), &2.into())
    );
    assert_eq!(cause["runs"], found["runs"]);
}

#[test]
fn overlapping_windows_are_no_independent_measurements() {
    let told = document(&["trials", "scenarios/overlapping-windows", "-n", "4000"]);
    let found = share(&told, "RolledBack");
    let [low, high] = ["low", "high"].map(|end| found[end].as_f64().expect("a number"));
    // By 400,000 replicates of the model, and by the binomial law of one measurement.
    assert!(low < 0.1066 && 0.1066 < high, "{low} to {high}");
    assert!(0.0168 < low, "{low} to {high}");
}

#[test]
fn exact_answers_need_no_runs() {
    let told = document(&["trials", NOISE, "--exact"]);
    let verdicts = told["verdicts"].as_array().expect("verdicts");
    let rolled_back = verdicts.iter().find(|one| one["verdict"] == "RolledBack");
    let probability = rolled_back.and_then(|one| one["probability"].as_f64());
    // Two or more failures among 20 requests at 1 %, in one of five measurements at least.
    let broken = 1.0 - 0.99_f64.powi(20) - 20.0 * 0.01 * 0.99_f64.powi(19);
    let exact = 1.0 - (1.0 - broken).powi(5);
    let probability = probability.expect("a probability");
    assert!((probability - exact).abs() < 1e-12, "{probability} {exact}");
    assert_eq!(told["schema"], "coalmine.exact/v1");
    let page = self::told(&["trials", NOISE, "--exact"]);
    assert!(
        page.contains("RolledBack       8.1") || page.contains("8.15"),
        "{page}"
    );
    assert!(
        page.lines().all(|line| line.chars().count() <= 100),
        "{page}"
    );
}

#[test]
fn runs_and_exact_answers_agree_wherever_both_exist() {
    let folders = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"));
    let folders = folders.expect("the scenarios").map(|entry| {
        let path = entry.expect("a folder").path();
        (
            path.is_dir(),
            format!(
                "scenarios/{}",
                path.file_name()
                    .and_then(|name| name.to_str())
                    .expect("a name")
            ),
        )
    });
    let mut compared = 0;
    for (_, folder) in folders.filter(|(is_folder, _)| *is_folder) {
        let exact = run(&["trials", &folder, "--exact", "--output", "json"]);
        if exact.status.code() != Some(0) {
            continue;
        }
        let exact: Value = serde_json::from_slice(&exact.stdout).expect("JSON");
        // Where everything is certain, few runs show it.
        let is_certain = exact["verdicts"]
            .as_array()
            .is_some_and(|all| all.len() == 1);
        let count = if is_certain { "10" } else { "2000" };
        let runs = document(&["trials", &folder, "-n", count]);
        for one in exact["verdicts"].as_array().expect("verdicts") {
            let (verdict, probability) = (
                &one["verdict"],
                one["probability"].as_f64().expect("a probability"),
            );
            let all = runs["verdicts"].as_array().expect("verdicts");
            let found = all.iter().find(|found| found["verdict"] == *verdict);
            let end = |name: &str| found.and_then(|found| found[name].as_f64());
            let most = runs["othersAtMost"].as_f64();
            let (low, high) = (
                end("low").unwrap_or(0.0),
                end("high").or(most).unwrap_or(1.0),
            );
            // The exact sum of probabilities is 1 but for rounding.
            let holds = low - 1e-12 <= probability && probability <= high + 1e-12;
            assert!(
                holds,
                "{folder}, {verdict}: {probability} is not in {low} to {high}"
            );
            compared += 1;
        }
    }
    assert!(2 <= compared, "{compared} verdicts");
}

#[test]
fn what_has_no_exact_answer_is_refused_with_the_reason() {
    let told = complaint(&["trials", "scenarios/overlapping-windows", "--exact"], 65);
    assert!(told.contains("error[not-exact]"), "{told}");
    assert!(
        told.contains("`error-rate` looks at requests that are drawn"),
        "{told}"
    );
}

#[test]
fn a_precision_is_reached_at_the_first_look_that_has_it() {
    let arguments = |precision| ["trials", NOISE, "--precision", precision];
    let report = document(&arguments("2%"));
    assert_eq!(report["runs"], 2048);
    assert_eq!(report["precision"]["reached"], true);
    for share in report["verdicts"].as_array().expect("shares") {
        let (low, high) = (share["low"].as_f64(), share["high"].as_f64());
        let width = high.expect("a limit") - low.expect("a limit");
        assert!(width <= 0.04, "{share}");
        // One look at planned runs would have a shorter interval.
        assert!(0.02 < width, "{share}");
    }
    let cut_off = document(&["trials", NOISE, "--precision", "1%", "-n", "1500"]);
    assert_eq!(
        (&cut_off["runs"], &cut_off["precision"]["reached"]),
        (&1500.into(), &false.into())
    );
}

#[test]
fn the_answer_of_the_scenario_is_what_its_readme_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(NOISE)
        .join("README.md");
    let readme = fs::read_to_string(path).expect("a README");
    assert!(readme.contains("8.15 %") && readme.contains("0.3 %"));
    let exact = 1.0 - (1.0_f64 - 0.016_859).powi(5);
    assert_eq!(format!("{:.2}", exact * 100.0), "8.15");
}

/// `UPDATE=1 cargo test --test trials` rewrites the file and the README.
#[test]
fn the_readme_shows_a_real_report() {
    let page = told(&["trials", NOISE, "-n", "5000", "--what-if", "failureLimit=1"]);
    readme::shows("tests/trials/gate-under-noise.txt", &page);
}

#[test]
fn exact_answers_are_a_table_too() {
    let table = told(&["trials", NOISE, "--exact", "--output", "csv"]);
    let document = document(&["trials", NOISE, "--exact"]);
    let mut lines = table
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>());
    let titles = lines.next().expect("titles");
    assert_eq!(
        titles[..5],
        ["kind", "what", "verdict", "step", "probability"]
    );
    let lines: Vec<Vec<&str>> = lines.collect();
    let count = |kind| lines.iter().filter(|line| line[0] == kind).count();
    for (kind, name) in [
        ("verdict", "verdicts"),
        ("cause", "causes"),
        ("quantity", "quantities"),
    ] {
        let told = document[name].as_array().expect(name);
        assert_eq!(count(kind), told.len(), "{table}");
    }
    for (line, one) in lines
        .iter()
        .zip(document["verdicts"].as_array().expect("verdicts"))
    {
        assert_eq!(line[2], one["verdict"]);
        let (found, wanted) = (line[4].parse().ok(), one["probability"].as_f64());
        let pair: Option<(f64, f64)> = found.zip(wanted);
        assert!(pair.is_some_and(|(found, wanted)| (found - wanted).abs() < 1e-15));
    }
    let measurements = lines.iter().find(|line| line[1] == "measurements");
    let mean: Option<f64> = measurements.and_then(|line| line[6].parse().ok());
    // Until the first of five windows fails, each with .016859.
    let wanted: f64 = (0..5).map(|k| (1.0_f64 - 0.016_859).powi(k)).sum();
    assert!(
        mean.is_some_and(|mean| (mean - wanted).abs() < 1e-4),
        "{mean:?} {wanted}"
    );
}
