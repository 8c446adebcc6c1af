//! A gate that is asked while a run goes on: the success rate of ten pods with three codes each, scraped every 15 s.
//!
//! Each stretch is measured twice, with its evaluations and without: the difference is their cost, the rest is that of
//! the store. The store is cleared between two runs and knows the labels of all.

use std::hint::black_box;
use std::time::Instant;

use coalmine::promql::{Labels, Memory, Query, Scratch};

use crate::{INTERVAL, first};

const QUERY: &str =
    r#"sum(rate(http_requests_total{code!~"5.."}[5m])) / sum(rate(http_requests_total[5m]))"#;
/// Series at the beginning of a run.
const SERIES: usize = 30;
/// Series that come in the course of a run.
const COMERS: usize = 20;
/// Evaluations in a run.
const EVALUATIONS: usize = 40;
/// From one evaluation to the next of a life.
const SCRAPES: i64 = 4;

/// What is measured.
#[derive(Clone, Copy)]
enum Stretch {
    /// An evaluation after each scrape.
    Steady,
    /// Before each evaluation a series comes.
    Comers,
    /// Four scrapes from one evaluation to the next; twenty series come; what is too old is forgotten.
    Life,
}

struct Gate {
    query: Query,
    labels: Vec<Labels>,
    store: Memory,
    scratch: Scratch,
}

/// Measures and prints all stretches.
pub(crate) fn run(rounds: usize, runs: i64) {
    let mut gate = Gate::new();
    for (stretch, what) in [
        (Stretch::Steady, "an evaluation after each scrape"),
        (Stretch::Comers, "with a new series before each evaluation"),
        (Stretch::Life, "in a life from clear to clear"),
    ] {
        let mut best = [f64::INFINITY; 2];
        for _ in 0..rounds {
            for (asked, best) in [false, true].into_iter().zip(&mut best) {
                let start = Instant::now();
                for _ in 0..runs {
                    gate.run(stretch, asked);
                }
                #[expect(clippy::cast_precision_loss, reason = "few runs")]
                let evaluations = (runs * 40) as f64;
                *best = best.min(start.elapsed().as_secs_f64() * 1e9 / evaluations);
            }
        }
        let [store, both] = best;
        let counted = allocation_counter::measure(|| gate.run(stretch, true));
        println!(
            "{:>10.0} {:>12}  {what} (and {store:.0} for the store)",
            both - store,
            counted.count_total
        );
        assert_eq!(counted.count_total, 0, "{what}");
    }
}

impl Gate {
    fn new() -> Self {
        let labels = (0..SERIES + COMERS + EVALUATIONS).map(|series| {
            Labels::new([
                ("__name__", "http_requests_total"),
                ("code", ["200", "404", "503"][series % 3]),
                ("pod", &format!("web-5d8f9c7b6-{}", series / 3)),
            ])
        });
        Self {
            query: Query::compile(QUERY).expect("a query"),
            labels: labels.collect(),
            store: Memory::new(),
            scratch: Scratch::new(),
        }
    }

    /// One run, in which the gate is `asked` or not.
    fn run(&mut self, stretch: Stretch, asked: bool) {
        let (scrapes, comers) = match stretch {
            Stretch::Steady => (1, 0),
            Stretch::Comers => (1, EVALUATIONS),
            Stretch::Life => (SCRAPES, COMERS),
        };
        self.store.clear();
        let mut scrape = 0;
        for _ in 0..20 {
            self.scrape(SERIES, scrape);
            scrape += 1;
        }
        for evaluation in 0..EVALUATIONS {
            let series = SERIES + comers.min(evaluation + 1);
            for _ in 0..scrapes {
                self.scrape(series, scrape);
                scrape += 1;
            }
            let now = scrape * INTERVAL;
            if let Stretch::Life = stretch {
                self.store.forget_before(now - 300_000);
            }
            if asked {
                black_box(first(&self.query, &self.store, now, &mut self.scratch));
            }
        }
    }

    fn scrape(&mut self, series: usize, scrape: i64) {
        let counted = f64::from(i32::try_from(scrape).expect("few scrapes"));
        for (labels, weight) in self.labels[..series].iter().zip(1_i32..) {
            let number = self.store.series_of(labels);
            let time = scrape * INTERVAL + i64::from(weight) * 100;
            let value = f64::from(weight) * counted;
            self.store
                .append(number, time, value)
                .expect("rising times");
        }
    }
}
