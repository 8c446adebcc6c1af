//! Time of one evaluation of common conditions: `cargo bench --bench condition`.
//!
//! Prints nanoseconds per evaluation, best of several rounds, and a hash of the answers. Without
//! `--bench` (under `cargo test`) it runs a few iterations only.

#![expect(clippy::disallowed_methods, reason = "benches measure time")]

use std::hint::black_box;
use std::time::Instant;

use coalmine::condition::{Condition, ValueRef, judge};

fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let (rounds, iterations) = if full { (15, 1_000_000) } else { (1, 100) };
    let one = [0.97];
    let ten = [0.97, 0.98, 0.99, 0.95, 0.96, 0.99, 1.0, 0.93, 0.92, 0.99];
    let json = serde_json::json!({"ok": true, "successPercent": 0.95});
    let mut hash = 0_u64;
    for (text, result) in [
        ("result[0] >= 0.95", ValueRef::Vector(&one)),
        ("result >= 0.95", ValueRef::Float(0.97)),
        ("all(result, # > 0.9)", ValueRef::Vector(&ten)),
        (
            "len(result) > 0 && isNaN(result[0])",
            ValueRef::Vector(&one),
        ),
        ("isNaN(result) || result >= 0.95", ValueRef::Float(0.97)),
        (
            "len(result) == 0 || isNaN(result[0]) || result[0] >= 0.95",
            ValueRef::Vector(&one),
        ),
        ("default(result, 0) < 0.05", ValueRef::Float(0.97)),
        (
            "asInt(result) % 2 == 1 ? true : result * 100 > 5",
            ValueRef::Float(0.97),
        ),
        ("len(filter(result, # > 0.95)) >= 5", ValueRef::Vector(&ten)),
        (
            "result.ok && result.successPercent >= 0.90",
            ValueRef::Json(&json),
        ),
    ] {
        let condition = Condition::compile(text);
        let mut best = f64::INFINITY;
        for _ in 0..rounds {
            let start = Instant::now();
            for _ in 0..iterations {
                let answer = black_box(&condition).evaluate(black_box(result));
                hash = mix(hash, answer.is_ok_and(|holds| holds));
            }
            best = best.min(start.elapsed().as_secs_f64() / f64::from(iterations));
        }
        report(text, best);
    }
    let success = Condition::compile("result[0] >= 0.95");
    let failure = Condition::compile("result[0] < 0.9");
    let mut best = f64::INFINITY;
    for _ in 0..rounds {
        let start = Instant::now();
        for _ in 0..iterations {
            let result = black_box(ValueRef::Vector(&one));
            let verdict = judge(black_box(Some(&success)), black_box(Some(&failure)), result);
            hash = mix(hash, verdict.is_ok());
        }
        best = best.min(start.elapsed().as_secs_f64() / f64::from(iterations));
    }
    report("judge: result[0] >= 0.95, result[0] < 0.9", best);
    let mut best = f64::INFINITY;
    for _ in 0..rounds {
        let start = Instant::now();
        for _ in 0..iterations / 100 {
            let condition = Condition::compile(black_box("result[0] >= 0.95"));
            hash = mix(hash, condition.evaluate(ValueRef::Vector(&one)).is_ok());
        }
        best = best.min(start.elapsed().as_secs_f64() / f64::from(iterations / 100));
    }
    report("compile and evaluate: result[0] >= 0.95", best);
    report_hash(hash);
}

/// One more answer in the hash of all.
fn mix(hash: u64, answer: bool) -> u64 {
    (hash ^ u64::from(answer)).wrapping_add(1).rotate_left(7)
}

#[expect(clippy::print_stdout, reason = "the report of a bench")]
fn report(name: &str, seconds: f64) {
    println!("{:8.1} ns  {name}", seconds * 1e9);
}

#[expect(clippy::print_stdout, reason = "the report of a bench")]
fn report_hash(hash: u64) {
    println!("hash {hash:016x}");
}
