//! `coalmine series` from outside. The pages in `tests/series` are exact; `UPDATE=1` writes them anew.

#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What the command says on its streams, and how it ends.
fn series(args: &[&str]) -> (String, String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_coalmine"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .arg("series")
        .args(args)
        .output()
        .expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code(),
    )
}

#[test]
fn the_pages_are_as_they_were() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/series");
    let pages = [
        ("list.txt", "scenarios/latency-seen --at 5m"),
        (
            "values.txt",
            "scenarios/latency-seen --at 100s --metric nginx_ingress_controller_requests",
        ),
        (
            "samples.txt",
            "scenarios/node-loss --at 7m --over 3m --metric up",
        ),
        (
            "histogram.om",
            "scenarios/latency-seen --at 100s --over 20s --output openmetrics \
             --metric nginx_ingress_controller_request_duration_seconds",
        ),
        (
            "document.json",
            "scenarios/istio-weights --at 2m --over 30s --output json \
             --metric kube_pod_container_status_restarts_total",
        ),
    ];
    let mut wrong = Vec::new();
    for (name, args) in pages {
        let args: Vec<&str> = args.split_whitespace().collect();
        let (page, told, code) = series(&args);
        assert_eq!((told.as_str(), code), ("", Some(0)), "{name}");
        let path = folder.join(name);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &page).expect("a writable folder");
        }
        if fs::read_to_string(&path).ok() != Some(page) {
            wrong.push(name);
        }
    }
    assert!(
        wrong.is_empty(),
        "changed: {wrong:?}; UPDATE=1 accepts that"
    );
}

#[test]
fn everything_of_a_run_is_written_as_openmetrics_in_good_order() {
    let (page, _, code) = series(&[
        "scenarios/latency-seen",
        "--at=150s",
        "--random",
        "--output=openmetrics",
    ]);
    assert_eq!(code, Some(0));
    let body = page.strip_suffix("# EOF\n").expect("an end");
    let mut families = BTreeSet::new();
    let mut family = "";
    let mut samples = BTreeSet::new();
    for line in body.lines() {
        if let Some(told) = line.strip_prefix("# TYPE ") {
            family = told.split(' ').next().expect("a name");
            assert!(families.insert(family), "{family} is there twice");
        } else if !line.starts_with("# HELP ") {
            let (series, rest) = line.rsplit_once("} ").expect("labels");
            assert!(series.starts_with(family), "{line} belongs to {family}");
            let (value, time) = rest.split_once(' ').expect("a time");
            let (value, time): (f64, f64) = (
                value.parse().expect("a number"),
                time.parse().expect("a number"),
            );
            assert!(0.0 <= value && 1.7e9 < time);
            assert!(samples.insert((series, time.to_bits())), "{line} twice");
        }
    }
    assert!(10 <= families.len() && 1_000 < samples.len());
}

#[test]
fn a_metric_that_nobody_exports_is_a_mistake_of_the_command_line() {
    let (page, told, code) = series(&[
        "scenarios/latency-seen",
        "--at=1m",
        "--metric=http_request_total",
    ]);
    assert_eq!((page.as_str(), code), ("", Some(2)));
    assert!(
        told.contains("did you mean `http_requests_total`?"),
        "{told}"
    );
}
