//! Traces of the real controllers against ours.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use super::corpus::{Corpus, Score, lines};
use super::rows::{self, Row, Rows};
use super::script;

/// The readable cases.
pub(crate) fn named(corpus: &Corpus) -> Score {
    let mut score = Score::default();
    let mut folders: Vec<_> = fs::read_dir(corpus.root.join("argo/named"))
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    for folder in folders {
        let id = folder
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name")
            .to_owned();
        let text = |name: &str| fs::read_to_string(folder.join(name)).expect("a file of the case");
        let script = serde_json::from_str(&text("script.json")).expect("a script");
        let trace: Vec<Value> = text("trace.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).expect("a row"))
            .collect();
        score.add(
            "named",
            compare(&id, &text("manifests.yaml"), &script, &trace, false),
        );
    }
    score
}

/// The generated cases.
pub(crate) fn generated(corpus: &Corpus) -> Score {
    let mut score = Score::default();
    for (group, path) in corpus.archives("argo/cases") {
        for case in lines(&path) {
            let id = case["id"].as_str().unwrap_or_default();
            let manifests = case["manifests"].as_str().unwrap_or_default();
            let trace = case["trace"].as_array().expect("rows");
            // Jobs are polled at fractions of a second.
            let loose = group == "jobs";
            score.add(
                &group,
                compare(id, manifests, &case["script"], trace, loose),
            );
        }
    }
    score
}

fn compare(
    id: &str,
    manifests: &str,
    script: &Value,
    trace: &[Value],
    loose: bool,
) -> Option<String> {
    let simulated = match script::simulate(manifests, script) {
        Ok(simulated) => simulated,
        Err(error) => return Some(format!("{id}: {error}")),
    };
    let want = rows::recorded(trace);
    let plan = &simulated.plan;
    let got = rows::simulated(plan, &simulated.compiled.environment, &simulated.trace);
    if want == got || (loose && same_sequences(&want, &got)) {
        return None;
    }
    Some(format!("{id}: {}", first_difference(&want, &got)))
}

/// Per object the same sequence of values, each within a second of its time.
fn same_sequences(want: &Rows, got: &Rows) -> bool {
    let (want, got) = (sequences(want), sequences(got));
    want.len() == got.len()
        && want.iter().zip(&got).all(|((name, want), (other, got))| {
            name == other
                && want.len() == got.len()
                && want
                    .iter()
                    .zip(got)
                    .all(|((t, value), (u, other))| value == other && (t - u).abs() <= 1)
        })
}

fn sequences(rows: &Rows) -> BTreeMap<String, Vec<(i64, String)>> {
    let mut all: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
    for (second, row) in rows {
        for (name, object) in &row.objects {
            all.entry(name.clone())
                .or_default()
                .push((*second, object.to_string()));
        }
        for measurement in &row.measurements {
            let (what, _) = measurement.split_once(" started ").expect("a start");
            let place: String = what.split(' ').take(2).collect::<Vec<_>>().join(" ");
            all.entry(format!("measurements {place}"))
                .or_default()
                .push((*second, what.to_owned()));
        }
    }
    all
}

fn first_difference(want: &Rows, got: &Rows) -> String {
    let seconds: BTreeSet<i64> = want.keys().chain(got.keys()).copied().collect();
    let empty = Row::default();
    for second in seconds {
        let (want, got) = (
            want.get(&second).unwrap_or(&empty),
            got.get(&second).unwrap_or(&empty),
        );
        if want == got {
            continue;
        }
        let mut text = format!("first difference at t = {second}");
        let names: BTreeSet<&String> = want.objects.keys().chain(got.objects.keys()).collect();
        for name in names {
            let (want, got) = (want.objects.get(name), got.objects.get(name));
            if want != got {
                let show = |value: Option<&Value>| value.map_or("-".to_owned(), Value::to_string);
                let (want, got) = (show(want), show(got));
                let _ = write!(
                    text,
                    "\n  {name}\n    recorded  {want}\n    simulated {got}"
                );
            }
        }
        for missing in want.measurements.difference(&got.measurements) {
            let _ = write!(text, "\n  recorded  measurement {missing}");
        }
        for extra in got.measurements.difference(&want.measurements) {
            let _ = write!(text, "\n  simulated measurement {extra}");
        }
        return text;
    }
    "no difference".to_owned()
}
