//! The condition engine against the recorded answers of expr-lang/expr as Argo Rollouts calls it.
//!
//! `<corpus>/expr/expr-golden.jsonl.gz` and `expr-fuzz-golden.jsonl.gz`: a line is a condition, a
//! metric result and what the reference said. What counts is a verdict against an error, and the
//! verdict; how often the text of an error is the same is counted beside it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use coalmine::condition::{Condition, Value};
use flate2::read::GzDecoder;
use serde::Deserialize;

/// How one file of answers compares.
#[derive(Debug)]
pub(crate) struct GroupResult {
    pub(crate) name: String,
    pub(crate) total: usize,
    /// Cases with the same verdict, or an error on both sides.
    pub(crate) passed: usize,
    /// Errors on both sides, and how many of them have the same text.
    pub(crate) errors: usize,
    pub(crate) errors_same_text: usize,
    /// The first cases that differ.
    pub(crate) failures: Vec<String>,
    /// The first errors that differ in their text.
    pub(crate) other_texts: Vec<String>,
}

/// Compares every file of the group.
pub(crate) fn run(corpus: &Path) -> Vec<GroupResult> {
    ["golden", "fuzz-golden"]
        .map(|name| compare(corpus, name))
        .into()
}

#[derive(Deserialize)]
struct Case {
    expr: String,
    t: String,
    v: serde_json::Value,
    ok: Option<bool>,
    err: Option<String>,
}

const SHOWN_MAX: usize = 20;

fn compare(corpus: &Path, name: &str) -> GroupResult {
    let path = corpus.join("expr").join(format!("expr-{name}.jsonl.gz"));
    let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut group = GroupResult {
        name: format!("expr {}", name.trim_end_matches("-golden")),
        total: 0,
        passed: 0,
        errors: 0,
        errors_same_text: 0,
        failures: Vec::new(),
        other_texts: Vec::new(),
    };
    // As in a simulation one condition meets many results.
    let mut conditions: HashMap<String, Condition> = HashMap::new();
    for line in BufReader::new(GzDecoder::new(file)).lines() {
        let line = line.expect("a readable line");
        let case: Case = serde_json::from_str(&line).expect("a case");
        let condition = conditions
            .entry(case.expr.clone())
            .or_insert_with(|| Condition::compile(&case.expr));
        let answer = condition.evaluate(value(&case.t, &case.v).as_ref());
        group.total += 1;
        match (&answer, case.ok, &case.err) {
            (Ok(own), Some(expected), _) if *own == expected => group.passed += 1,
            (Err(own), None, Some(expected)) => {
                group.passed += 1;
                group.errors += 1;
                if own.message() == expected {
                    group.errors_same_text += 1;
                } else if group.other_texts.len() < SHOWN_MAX {
                    group.other_texts.push(format!("{line}\n    we: {own}"));
                }
            }
            _ if group.failures.len() < SHOWN_MAX => {
                group.failures.push(format!("{line}\n    we: {answer:?}"));
            }
            _ => {}
        }
    }
    group
}

/// A metric result of the key: `t` is its Go type, numbers are texts.
fn value(t: &str, v: &serde_json::Value) -> Value {
    let float = |v: &serde_json::Value| v.as_str().expect("a text").parse().expect("a number");
    let floats = || v.as_array().expect("a list").iter().map(float).collect();
    match t {
        "nil" | "pnil" => Value::Nil,
        "f64" | "pf64" => Value::Float(float(v)),
        "vec" => Value::Vector(floats()),
        "vecany" => Value::List(floats()),
        "str" => Value::String(v.as_str().expect("a text").to_owned()),
        "bool" => Value::Bool(v.as_bool().expect("a bool")),
        "int" => Value::Int(v.as_i64().expect("an integer")),
        "json" => Value::Json(v.clone()),
        _ => panic!("unknown type {t}"),
    }
}
