//! The PromQL engine against the recorded answers of Prometheus.
//!
//! `<corpus>/promql/datasets.json.gz` holds series, `cases.jsonl.gz` queries with an instant and the answer. Values count
//! as equal within a relative 1e-9, label sets exactly; of an error only that there is one.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use coalmine::promql::{Answer, Labels, Memory, Query, Scratch, stale_marker};
use flate2::read::GzDecoder;
use serde::Deserialize;

use super::corpus::{Corpus, Score, lines};

#[derive(Deserialize)]
struct Dataset {
    id: String,
    series: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    labels: HashMap<String, String>,
    #[serde(default)]
    start: i64,
    #[serde(default)]
    step: i64,
    #[serde(default)]
    values: Vec<Option<Number>>,
    #[serde(default)]
    samples: Vec<(i64, Number)>,
}

/// A number, or the text of one that JSON cannot write.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Number {
    Number(serde_json::Number),
    Text(String),
}

#[derive(Deserialize)]
struct Case {
    id: String,
    dataset: String,
    group: String,
    query: String,
    time_ms: i64,
    result: Option<Expected>,
    #[serde(default)]
    ordered: bool,
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "lowercase")]
enum Expected {
    Scalar(String),
    Vector(Vec<ExpectedElement>),
}

#[derive(Deserialize)]
struct ExpectedElement {
    labels: HashMap<String, String>,
    value: String,
}

/// Runs all cases.
pub(crate) fn run(corpus: &Corpus) -> Score {
    let folder = corpus.root.join("promql");
    let mut score = Score::default();
    if !folder.is_dir() {
        return score;
    }
    let stores = stores(&folder.join("datasets.json.gz"));
    // As in a simulation a query is compiled once and meets many instants.
    let mut queries: HashMap<(String, String), (_, Scratch)> = HashMap::new();
    for line in lines(&folder.join("cases.jsonl.gz")) {
        let case: Case = serde_json::from_value(line).expect("a case");
        let (query, scratch) = queries
            .entry((case.dataset.clone(), case.query.clone()))
            .or_insert_with(|| (Query::compile(&case.query), Scratch::new()));
        let failure = match query {
            Ok(query) => difference(&case, query, &stores[&case.dataset], scratch),
            Err(_) if case.result.is_none() => None,
            Err(error) => Some(error.to_string()),
        };
        let failure = failure.map(|difference| {
            let Case {
                id,
                dataset,
                query,
                time_ms,
                ..
            } = &case;
            format!("{id} {dataset} at {time_ms}: {query}\n    {difference}")
        });
        score.add(&case.group, failure);
    }
    score
}

fn stores(path: &Path) -> HashMap<String, Memory> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = String::new();
    GzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("compressed text");
    let datasets: Vec<Dataset> = serde_json::from_str(&text).expect("datasets");
    datasets
        .into_iter()
        .map(|dataset| (dataset.id, store(dataset.series)))
        .collect()
}

fn store(all: Vec<Series>) -> Memory {
    let mut store = Memory::new();
    for series in all {
        let spaced = series
            .values
            .iter()
            .zip(0_i64..)
            .filter_map(|(value, at)| Some((series.start + at * series.step, value.clone()?)));
        let samples: Vec<_> = series.samples.iter().cloned().chain(spaced).collect();
        let labels = series.labels.clone();
        let id = store.series(Labels::new(labels));
        for (time, value) in samples {
            store.append(id, time, value.value()).expect("rising times");
        }
    }
    store
}

impl Number {
    fn value(&self) -> f64 {
        match self {
            Number::Text(text) if text == "stale" => stale_marker(),
            Number::Text(text) => number(text),
            // Read from its text, which rounds correctly.
            Number::Number(number) => number.to_string().parse().expect("a number"),
        }
    }
}

fn number(text: &str) -> f64 {
    text.parse().expect("a number")
}

fn difference(case: &Case, query: &Query, store: &Memory, scratch: &mut Scratch) -> Option<String> {
    let answer = query.evaluate(store, case.time_ms, scratch);
    let same = match (&answer, &case.result) {
        (Err(_), None) => true,
        (Ok(Answer::Scalar(value)), Some(Expected::Scalar(expected))) => {
            close(*value, number(expected))
        }
        (Ok(Answer::Vector(elements)), Some(Expected::Vector(expected))) => {
            let mut own: Vec<(Labels, f64)> = elements
                .iter()
                .map(|(labels, value)| (labels.to_labels(), value))
                .collect();
            let mut expected: Vec<(Labels, f64)> = expected
                .iter()
                .map(|element| (Labels::new(element.labels.clone()), number(&element.value)))
                .collect();
            let all_close = |own: &[(Labels, f64)], expected: &[(Labels, f64)]| {
                own.len() == expected.len()
                    && own.iter().zip(expected).all(|(a, b)| close(a.1, b.1))
            };
            let in_order = !case.ordered || all_close(&own, &expected);
            own.sort_by(|a, b| a.0.cmp(&b.0));
            expected.sort_by(|a, b| a.0.cmp(&b.0));
            in_order
                && all_close(&own, &expected)
                && own.iter().zip(&expected).all(|(a, b)| a.0 == b.0)
        }
        _ => false,
    };
    (!same).then(|| {
        let expected = match &case.result {
            None => "an error".to_owned(),
            Some(Expected::Scalar(value)) => value.clone(),
            Some(Expected::Vector(elements)) => {
                let printed = |element: &ExpectedElement| {
                    let labels = Labels::new(element.labels.clone());
                    format!("{labels} {}", element.value)
                };
                let all: Vec<String> = elements.iter().map(printed).collect();
                all.join("\n    ")
            }
        };
        format!("we: {answer:?}\n    expected: {expected}")
    })
}

#[expect(clippy::float_cmp, reason = "infinities are equal to themselves only")]
fn close(a: f64, b: f64) -> bool {
    a.is_nan() && b.is_nan() || a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}
