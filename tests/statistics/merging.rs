//! Parts merge to the same bits, whatever the partition and the order.

use coalmine::statistics::histogram::{Histogram, RESOLUTION};
use coalmine::statistics::moments::Moments;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Values of all sizes: zeros, counts, durations of a week.
fn values(dice: &mut Pcg64Mcg) -> Vec<u64> {
    (0..300)
        .map(|_| {
            let bits = dice.next_u64() % 64;
            dice.next_u64() & ((1 << bits) - 1)
        })
        .collect()
}

fn histogram(values: &[u64]) -> Histogram {
    let mut histogram = Histogram::default();
    for value in values {
        histogram.record(*value);
    }
    histogram
}

#[test]
fn any_partition_and_order_gives_the_same_bits() {
    let mut dice = Pcg64Mcg::seed_from_u64(1);
    for _ in 0..50 {
        let values = values(&mut dice);
        let whole = histogram(&values);
        let mut parts = vec![Vec::new(); 7];
        for value in &values {
            parts[(dice.next_u64() % 7) as usize].push(*value);
        }
        let mut parts: Vec<Histogram> = parts.iter().map(|part| histogram(part)).collect();
        while 1 < parts.len() {
            let other = parts.swap_remove((dice.next_u64() % parts.len() as u64) as usize);
            let into = (dice.next_u64() % parts.len() as u64) as usize;
            parts[into].merge(&other);
        }
        assert_eq!(parts[0], whole);
        let text = |histogram: &Histogram| serde_json::to_string(histogram).expect("writable");
        assert_eq!(text(&parts[0]), text(&whole));
        let bits = |histogram: &Histogram| {
            let interval = histogram.moments().mean_interval(0.95).expect("values");
            (interval.low.to_bits(), interval.high.to_bits())
        };
        assert_eq!(bits(&parts[0]), bits(&whole));
    }
}

#[test]
fn merging_moments_commutes_for_negative_values_too() {
    let mut dice = Pcg64Mcg::seed_from_u64(2);
    let mut of = |count: u32| {
        let mut moments = Moments::default();
        for _ in 0..count {
            moments.record(dice.next_u64().cast_signed());
        }
        moments
    };
    let (left, right) = (of(10), of(17));
    let (mut forth, mut back) = (left, right);
    forth.merge(&right);
    back.merge(&left);
    assert_eq!(forth, back);
}

#[test]
fn an_empty_part_changes_nothing() {
    let whole = histogram(&[0, 5, 1 << 40]);
    let mut merged = whole.clone();
    merged.merge(&Histogram::default());
    assert_eq!(merged, whole);
    let mut other = Histogram::default();
    other.merge(&whole);
    assert_eq!(other, whole);
    other.record_many(3, 0);
    assert_eq!(other, whole);
}

#[test]
fn quantiles_are_those_of_the_values_to_the_resolution() {
    let mut dice = Pcg64Mcg::seed_from_u64(3);
    for _ in 0..20 {
        let mut values = values(&mut dice);
        let histogram = histogram(&values);
        values.sort_unstable();
        for per_cent in 0..=100_usize {
            let rank = (per_cent * values.len()).div_ceil(100).max(1);
            let wanted = values[rank - 1];
            let share = f64::from(u32::try_from(per_cent).expect("small")) / 100.0;
            let found = histogram.quantile(share).expect("values");
            let error = (found as f64 - wanted as f64).abs();
            assert!(
                error <= wanted as f64 * RESOLUTION,
                "{per_cent} %: {found} {wanted}"
            );
            assert!(2048 <= wanted || found == wanted, "{found} {wanted}");
        }
        assert_eq!(histogram.quantile(0.0), values.first().copied());
        assert_eq!(histogram.quantile(1.0), values.last().copied());
    }
}

#[test]
fn intervals_of_quantiles_lie_between_the_ranks_of_the_binomial_law() {
    // The textbook's ranks for the median of 100 values at 95 %: the 40th and the 61st.
    let values: Vec<u64> = (1..=100).collect();
    let histogram = histogram(&values);
    let interval = histogram.quantile_interval(0.5, 0.95).expect("valid");
    assert_eq!((interval.low, interval.high), (40.0, 61.0));
    // 100 values cannot bound the 99th percentile from above.
    let interval = histogram.quantile_interval(0.99, 0.95).expect("valid");
    assert_eq!((interval.low, interval.high), (97.0, f64::INFINITY));
    let interval = histogram.quantile_interval(0.0, 0.95).expect("valid");
    assert_eq!(interval.low, 0.0);
}

#[test]
fn exact_parts_are_exact() {
    let week = 7 * 24 * 3600 * 1_000_000_000_u64;
    let histogram = histogram(&[week, 0, 0, week - 1]);
    assert_eq!((histogram.zeros(), histogram.count()), (2, 4));
    assert_eq!((histogram.min(), histogram.max()), (Some(0), Some(week)));
    assert_eq!(histogram.moments().sum(), i128::from(2 * week - 1));
    let counted: u64 = histogram.buckets().map(|(_, _, count)| count).sum();
    assert_eq!(counted, 4);
}

#[test]
fn buckets_cover_all_values_without_gap_and_as_finely_as_stated() {
    let mut dice = Pcg64Mcg::seed_from_u64(4);
    for value in values(&mut dice) {
        for value in [value, u64::MAX] {
            let stored = value.min((1 << 63) - 1);
            let histogram = histogram(&[value]);
            let (low, high, count) = histogram.buckets().next().expect("one bucket");
            assert!(low <= stored && stored <= high && count == 1);
            assert!((high - low) as f64 <= low as f64 / 1024.0);
        }
    }
}

#[test]
fn nothing_and_nonsense_have_no_quantiles() {
    let empty = Histogram::default();
    assert_eq!(empty.quantile(0.5), None);
    assert_eq!(empty.quantile_interval(0.5, 0.95), None);
    assert_eq!((empty.min(), empty.max(), empty.zeros()), (None, None, 0));
    let full = histogram(&[1, 2]);
    for share in [-0.1, 1.1, f64::NAN] {
        assert_eq!(full.quantile(share), None);
        assert_eq!(full.quantile_interval(share, 0.95), None);
    }
    assert_eq!(full.quantile_interval(0.5, 1.0), None);
}

#[test]
fn what_was_stored_comes_back_and_what_contradicts_itself_is_refused() {
    let whole = histogram(&[0, 0, 5, 1 << 40, u64::MAX]);
    let text = serde_json::to_string(&whole).expect("writable");
    assert_eq!(
        serde_json::from_str::<Histogram>(&text).expect("readable"),
        whole
    );
    let empty = serde_json::to_string(&Histogram::default()).expect("writable");
    assert!(serde_json::from_str::<Histogram>(&empty).is_ok());
    let moments = r#""moments":{"count":2,"sum":"3","squares":"5"}"#;
    let known = format!(r#"{{{moments},"range":[1,2],"buckets":[[1,1],[2,1]]}}"#);
    assert_eq!(
        serde_json::from_str::<Histogram>(&known).expect("readable"),
        histogram(&[1, 2])
    );
    for broken in [
        r#""range":[1,2],"buckets":[[2,1],[1,1]]"#,
        r#""range":[1,2],"buckets":[[1,1],[2,2]]"#,
        r#""range":[1,2],"buckets":[[1,2],[2,0]]"#,
        r#""range":[1,3],"buckets":[[1,1],[2,1]]"#,
        r#""range":[2,1],"buckets":[[2,1],[1,1]]"#,
        r#""range":null,"buckets":[[1,1],[2,1]]"#,
        r#""range":[1,2],"buckets":[[1,1],[65535,1]]"#,
        r#""range":[1,2],"buckets":[[1,18446744073709551615],[2,3]]"#,
    ] {
        let text = format!("{{{moments},{broken}}}");
        assert!(serde_json::from_str::<Histogram>(&text).is_err(), "{text}");
    }
}
