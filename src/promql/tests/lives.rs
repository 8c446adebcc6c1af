//! What a scratch and a store remember from one evaluation and one run to the next has no influence on any answer.

use super::super::{Answer, EvalError, Labels, Memory, Query, Scratch, Store, stale_marker};
use super::resilience::Dice;

const QUERIES: [&str; 12] = [
    r#"sum(rate(x{a!~"5.."}[5m])) / sum(rate(x[5m]))"#,
    "rate(x[1m])",
    "increase({__name__=~'x|y'}[2m])",
    "delta(x[90s] offset 1m)",
    "resets(x[3m]) + changes(x[3m])",
    "sum by (a) (x)",
    "x unless on(a) y",
    "last_over_time({__name__=~'x|y'}[1m])",
    "max_over_time(sum(rate(x[1m]))[5m:30s])",
    "count_over_time(x[2m]) > 2",
    "absent_over_time(y[45s])",
    "irate(x[2m])",
];

/// Labels and bits of the values, or the error.
type Bits = Result<Vec<(String, u64)>, EvalError>;

fn answer(query: &Query, store: &Memory, at: i64, scratch: &mut Scratch) -> Bits {
    Ok(match query.evaluate(store, at, scratch)? {
        Answer::Scalar(value) => vec![(String::new(), value.to_bits())],
        Answer::Vector(elements) => elements
            .iter()
            .map(|(labels, value)| (labels.to_string(), value.to_bits()))
            .collect(),
    })
}

/// The present series and samples in a store that has never had others.
fn reborn(store: &Memory) -> Memory {
    let mut new = Memory::new();
    for series in 0..store.series_count() {
        let number = new.series(Labels::new(store.labels(series).iter()));
        let samples = store.samples(series);
        for (time, value) in samples.times.iter().zip(samples.values) {
            new.append(number, *time, *value).expect("rising times");
        }
    }
    new
}

/// A value of a counter that sometimes is reset, or anything else.
fn next(dice: &mut Dice, value: &mut f64) -> f64 {
    let step = f64::from(u32::try_from(dice.roll(1000)).expect("small")) / 7.0;
    match dice.roll(40) {
        0 => stale_marker(),
        1 => f64::NAN,
        2 | 3 => {
            *value = step / 3.0;
            *value
        }
        _ => {
            *value += step;
            *value
        }
    }
}

#[test]
fn answers_do_not_depend_on_what_was_evaluated_before() {
    let labels: Vec<Labels> = (0..24)
        .map(|series| {
            let name = if series % 5 == 4 { "y" } else { "x" };
            let code = ["200", "404", "503"][series % 3];
            Labels::new([
                ("__name__", name),
                ("a", code),
                ("pod", &format!("p{series}")),
            ])
        })
        .collect();
    let mut queries: Vec<_> = QUERIES
        .iter()
        .map(|text| (Query::compile(text).expect(text), Scratch::new()))
        .collect();
    let mut dice = Dice(7);
    let mut store = Memory::new();
    let mut compared = 0;
    for life in 0..6 {
        store.clear();
        let mut values = vec![0.0; labels.len()];
        let mut present: Vec<usize> = Vec::new();
        for scrape in 0..60 {
            if present.len() < labels.len() && dice.roll(2) == 0 {
                present.push((life * 5 + present.len()) % labels.len());
            }
            for &series in &present {
                // Sometimes with labels that are equal, but no clones.
                let number = match dice.roll(9) {
                    0 => store.series(Labels::new(labels[series].iter())),
                    _ => store.series_of(&labels[series]),
                };
                let time = scrape * 15_000 + i64::try_from(series).expect("small");
                let value = next(&mut dice, &mut values[series]);
                store.append(number, time, value).expect("rising times");
            }
            let now = scrape * 15_000 + 40;
            if dice.roll(4) == 0 {
                store.forget_before(now - 400_000);
            }
            let back = i64::try_from(dice.roll(3)).expect("small") * 20_000;
            let new = reborn(&store);
            for (query, scratch) in &mut queries {
                let expected = answer(query, &new, now - back, &mut Scratch::new());
                let found = answer(query, &store, now - back, scratch);
                assert_eq!(found, expected, "{} in life {life} at {now}", query.text());
                compared += usize::from(found.is_ok_and(|found| !found.is_empty()));
            }
        }
    }
    assert!(2_000 < compared, "only {compared} answers have elements");
}

#[test]
fn known_resets_are_those_that_a_look_at_all_samples_finds() {
    let (mut plain, mut marked) = (Memory::new(), Memory::new());
    let mut dice = Dice(3);
    let mut value = 0.0;
    for store in [&mut plain, &mut marked] {
        store.series(Labels::new([("__name__", "x")]));
    }
    for time in 0..400 {
        let next = next(&mut dice, &mut value);
        plain.append(0, time * 1000, next).expect("rising times");
        marked.append(0, time * 1000, next).expect("rising times");
        // A window with markers is copied, and its resets are looked for.
        let ends = stale_marker();
        marked
            .append(0, time * 1000 + 1, ends)
            .expect("rising times");
    }
    for text in ["rate(x[20s])", "increase(x[77s])", "delta(x[50s])"] {
        let query = Query::compile(text).expect(text);
        let (mut one, mut other) = (Scratch::new(), Scratch::new());
        for at in 0..410 {
            let at = at * 1000 + 500;
            let known = answer(&query, &plain, at, &mut one);
            assert_eq!(
                known,
                answer(&query, &marked, at, &mut other),
                "{text} at {at}"
            );
        }
    }
}

#[test]
fn a_life_with_known_labels_allocates_nothing() {
    let labels = ["200", "503"].map(|code| Labels::new([("__name__", "x"), ("code", code)]));
    let query = Query::compile(r#"sum(rate(x{code!~"5.."}[1m])) / sum(rate(x[1m]))"#);
    let query = query.expect("a query");
    let (mut store, mut scratch) = (Memory::new(), Scratch::new());
    let mut life = || {
        store.clear();
        for scrape in 0..30 {
            for labels in &labels[..if scrape < 10 { 1 } else { 2 }] {
                let series = store.series_of(labels);
                let value = if scrape % 7 == 6 { 0.0 } else { 1.0 };
                let appended = store.append(series, scrape * 15_000, value);
                assert_eq!(appended, Ok(()));
            }
            store.forget_before(scrape * 15_000 - 60_000);
            let answer = query.evaluate(&store, scrape * 15_000, &mut scratch);
            assert!(answer.is_ok());
        }
    };
    life();
    assert_eq!(allocation_counter::measure(life).count_total, 0);
}
