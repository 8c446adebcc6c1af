//! `coalmine query`.

use super::{GATE, SERVED, rollout};
use crate::program::Folder;

#[test]
fn a_query_shows_what_a_gate_would_have_seen() {
    let folder = Folder::new("query")
        .with("web.yaml", &rollout("web", GATE))
        .with("scenario.yaml", SERVED);
    let query =
        "sum(rate(http_requests_total{code=\"500\"}[1m])) / sum(rate(http_requests_total[1m]))";
    let told = folder.run(&[
        "query",
        "scenario.yaml",
        query,
        "--to",
        "90s",
        "--output",
        "csv",
    ]);
    let lines: Vec<&str> = told.stdout.lines().collect();
    assert_eq!(lines[0], "seconds,labels,value");
    assert!(4 <= lines.len(), "{}{}", told.stdout, told.stderr);
    for line in &lines[1..] {
        let value: f64 = line
            .rsplit(',')
            .next()
            .expect("a value")
            .parse()
            .expect("a number");
        assert!((value - 0.1).abs() < 1e-9, "{line}");
    }
    let text = folder.run(&["query", ".", query, "--to", "90s"]).stdout;
    assert!(text.starts_with("1  {}\n"), "{text}");
    let wrong = folder.run(&["query", ".", "sum(rate(", "--to", "90s"]);
    assert_eq!(
        (wrong.code, wrong.stderr.contains("error[bad-query]")),
        (Some(2), true)
    );
    let nothing = folder
        .run(&["query", ".", "sum(rate(x[5m]))", "--to", "90s"])
        .stdout;
    assert_eq!(
        nothing,
        "the query finds nothing at any of these instants\n"
    );
}
