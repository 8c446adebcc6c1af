//! Time of one evaluation of common queries: `cargo bench --bench promql`.
//!
//! Thirty series with twenty samples in the window of five minutes, over a store that moves on by a scrape each time. The
//! floor beside it adds up the same samples, found by the same search; it is measured in turns with the queries in one
//! process, best of several rounds. Then the query of a live gate, over a store that grows, is cleared, and grows again
//! (module `live`). Without `--bench` (under `cargo test`) a few iterations only show that it runs, and
//! that steady evaluations do not allocate.

#![expect(clippy::disallowed_methods, reason = "benches measure time")]
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod promql {
    pub(crate) mod live;
}

use std::hint::black_box;
use std::time::Instant;

use coalmine::promql::{Answer, Labels, Memory, Query, Scratch, Store};

const QUERIES: [&str; 8] = [
    r#"sum(rate(x{a="b"}[5m])) / sum(rate(x[5m]))"#,
    r#"sum(rate(x{a="b"}[5m]))"#,
    r#"sum(irate(x{a!~"5.*"}[1m])) / sum(irate(x[1m]))"#,
    "sum by (pod) (rate(x[5m]))",
    "histogram_quantile(0.95, sum by (le) (rate(x[5m])))",
    "avg(x)",
    "x > 0 unless on(pod) y",
    "max_over_time(sum(rate(x[1m]))[5m:1m])",
];
/// From one scrape to the next \[ms\].
const INTERVAL: i64 = 15_000;
/// Scrapes in the store: the window of twenty and what is kept beside it.
const SCRAPES: i64 = 60;

fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let (rounds, iterations) = if full { (15, 20_000) } else { (1, 40) };
    let store = store();
    let mut prepared: Vec<_> = QUERIES
        .iter()
        .map(|text| (Query::compile(text).expect(text), Scratch::new()))
        .collect();
    let mut hash = 0_u64;
    let mut best = vec![f64::INFINITY; QUERIES.len()];
    let mut floor = f64::INFINITY;
    for _ in 0..rounds {
        floor = floor.min(nanos(iterations, |at| {
            hash = mix(hash, black_box(added_up(&store, at)));
        }));
        for ((query, scratch), best) in prepared.iter_mut().zip(&mut best) {
            *best = best.min(nanos(iterations, |at| {
                hash = mix(hash, first(query, &store, at, scratch));
            }));
        }
    }
    println!("{:>10} {:>12}", "ns", "allocations");
    println!(
        "{floor:>10.0} {:>12}  the floor: adding up 45 windows of 20 samples",
        0
    );
    for ((query, scratch), best) in prepared.iter_mut().zip(best) {
        let counted = allocation_counter::measure(|| {
            black_box(first(query, &store, now(1), scratch));
        });
        println!("{best:>10.0} {:>12}  {}", counted.count_total, query.text());
        assert_eq!(counted.count_total, 0, "{}", query.text());
    }
    let compiling = nanos(iterations / 40, |_| {
        _ = black_box(Query::compile(black_box(QUERIES[0])));
    });
    println!("{compiling:>10.0} {:>12}  compile {}", "", QUERIES[0]);
    promql::live::run(rounds, iterations / 40);
    println!("hash {hash:016x}");
}

/// The average time of `iterations` evaluations \[ns\].
fn nanos(iterations: i64, mut evaluate: impl FnMut(i64)) -> f64 {
    let start = Instant::now();
    for iteration in 0..iterations {
        evaluate(now(iteration));
    }
    #[expect(clippy::cast_precision_loss, reason = "few iterations")]
    let iterations = iterations as f64;
    start.elapsed().as_secs_f64() * 1e9 / iterations
}

/// The instant of an evaluation \[ms\]: a bit after one of the later scrapes.
fn now(iteration: i64) -> i64 {
    (20 + iteration % (SCRAPES - 20)) * INTERVAL + 7
}

fn first(query: &Query, store: &Memory, at: i64, scratch: &mut Scratch) -> f64 {
    match query.evaluate(store, at, scratch) {
        Ok(Answer::Vector(elements)) => elements.values().next().unwrap_or_default(),
        Ok(Answer::Scalar(value)) => value,
        Err(error) => panic!("{error}"),
    }
}

/// The sum of the samples that the first query looks at.
fn added_up(store: &Memory, at: i64) -> f64 {
    let (all, some) = (0..30, (0..30).step_by(2));
    all.chain(some)
        .map(|series| {
            let samples = store.samples(series);
            let to = samples.times.partition_point(|time| *time <= at);
            let from = samples.times[..to].partition_point(|time| *time <= at - 300_000);
            samples.values[from..to].iter().sum::<f64>()
        })
        .sum()
}

fn store() -> Memory {
    let mut store = Memory::new();
    for series in 0..30_i32 {
        let a = if series % 2 == 0 { "b" } else { "503" };
        let le = ["0.1", "0.5", "+Inf"][usize::try_from(series % 3).expect("small")];
        let id = store.series(Labels::new([
            ("__name__", "x"),
            ("a", a),
            ("le", le),
            ("pod", &format!("pod-{}", series / 3)),
        ]));
        for scrape in 0..SCRAPES {
            let value = f64::from(series) + 3.0 * f64::from(i32::try_from(scrape).expect("small"));
            let offset = i64::from(series) * 300;
            store
                .append(id, scrape * INTERVAL + offset, value)
                .expect("rising times");
        }
    }
    let other = store.series(Labels::new([("__name__", "y"), ("pod", "pod-3")]));
    store.append(other, 0, 1.0).expect("a sample");
    store
}

/// One more answer in the hash of all.
fn mix(hash: u64, answer: f64) -> u64 {
    (hash ^ answer.to_bits()).wrapping_add(1).rotate_left(7)
}
