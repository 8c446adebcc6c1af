//! Quantiles and fractions of classic histograms.
//!
//! Knows `promql/quantile.go: BucketQuantile` and `BucketFraction`. Refuses to know where buckets come from.

use std::cmp::Ordering;

/// A bucket: how many observations are at most as large as its bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bucket {
    pub(super) bound: f64,
    pub(super) count: f64,
}

/// Differences of counts below this share of their sum are noise.
const TOLERANCE: f64 = 1e-12;

/// The quantile `q`, from at least one bucket, which are put in order on the way.
///
/// NaN without a bucket `+Inf`, with fewer than two buckets or without observations; the highest finite bound where the
/// rank falls into the bucket `+Inf`. The lowest bucket starts at 0 unless its bound is negative.
pub(super) fn quantile(q: f64, buckets: &mut Vec<Bucket>) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if 1.0 < q {
        return f64::INFINITY;
    }
    if !put_in_order(buckets) {
        return f64::NAN;
    }
    make_monotonic(buckets);
    let last = buckets.len() - 1;
    let observations = buckets[last].count;
    if last == 0 || observations == 0.0 {
        return f64::NAN;
    }
    let mut rank = q * observations;
    // Not a partition point if counts are NaN, and then the reference searches in halves, too.
    let found = first_at_least(&buckets[..last], rank);
    if found == last {
        return buckets[last - 1].bound;
    }
    let Bucket { bound, mut count } = buckets[found];
    if found == 0 && bound <= 0.0 {
        return bound;
    }
    let mut start = 0.0;
    if 0 < found {
        let below = buckets[found - 1];
        start = below.bound;
        count -= below.count;
        rank -= below.count;
    }
    start + (bound - start) * (rank / count)
}

/// The share of observations between `lower` and `upper`, from at least one bucket, which are put in order on the way.
pub(super) fn fraction(lower: f64, upper: f64, buckets: &mut Vec<Bucket>) -> f64 {
    if !put_in_order(buckets) {
        return f64::NAN;
    }
    let count = buckets[buckets.len() - 1].count;
    if count == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if upper <= lower {
        return 0.0;
    }
    let below =
        |limit| observations_below(limit, buckets).map_or(count, |rank| capped(rank, count));
    (below(upper) - below(lower)) / count
}

/// `rank`, unless that is more than `count`; a NaN stays.
fn capped(rank: f64, count: f64) -> f64 {
    if count < rank { count } else { rank }
}

/// How many observations are below `limit`; `None` above all buckets.
fn observations_below(limit: f64, buckets: &[Bucket]) -> Option<f64> {
    let mut start = if buckets[0].bound <= 0.0 {
        f64::NEG_INFINITY
    } else {
        0.0
    };
    let mut rank = 0.0;
    for bucket in buckets {
        if limit <= start {
            return Some(rank);
        }
        if limit < bucket.bound {
            return Some(if start == f64::NEG_INFINITY {
                bucket.count
            } else {
                rank + (bucket.count - rank) * (limit - start) / (bucket.bound - start)
            });
        }
        rank = bucket.count;
        start = bucket.bound;
    }
    None
}

/// Sorts by bound and merges equal bounds; `false` if the last is not `+Inf`.
fn put_in_order(buckets: &mut Vec<Bucket>) -> bool {
    buckets.sort_by(|a, b| {
        // A total order, so that no bound confuses the sort.
        a.bound
            .partial_cmp(&b.bound)
            .unwrap_or_else(|| a.bound.is_nan().cmp(&b.bound.is_nan()))
    });
    if buckets
        .last()
        .is_none_or(|last| last.bound.partial_cmp(&f64::INFINITY) != Some(Ordering::Equal))
    {
        return false;
    }
    buckets.dedup_by(|next, kept| {
        let equal = next.bound.partial_cmp(&kept.bound) == Some(Ordering::Equal);
        if equal {
            kept.count += next.count;
        }
        equal
    });
    true
}

/// Takes back decreases of counts, and differences that are noise.
fn make_monotonic(buckets: &mut [Bucket]) {
    let mut previous = buckets[0].count;
    for bucket in &mut buckets[1..] {
        if is_noise(previous, bucket.count) || bucket.count < previous {
            bucket.count = previous;
        } else {
            previous = bucket.count;
        }
    }
}

/// Whether two counts are as good as equal (`util/almost/almost.go: Equal`).
fn is_noise(a: f64, b: f64) -> bool {
    if a.is_nan() && b.is_nan() || a.partial_cmp(&b) == Some(Ordering::Equal) {
        return true;
    }
    let sum = a.abs() + b.abs();
    let difference = (a - b).abs();
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < TOLERANCE * f64::MIN_POSITIVE;
    }
    difference / go_min(sum, f64::MAX) < TOLERANCE
}

fn go_min(a: f64, b: f64) -> f64 {
    if a.is_nan() { a } else { a.min(b) }
}

/// The first bucket with at least `rank` observations, by halving as Go's `sort.Search`.
fn first_at_least(buckets: &[Bucket], rank: f64) -> usize {
    let (mut low, mut high) = (0, buckets.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if rank <= buckets[middle].count {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the examples are exact")]
mod tests {
    use super::*;

    fn buckets(of: &[(f64, f64)]) -> Vec<Bucket> {
        of.iter()
            .map(|&(bound, count)| Bucket { bound, count })
            .collect()
    }

    const INF: f64 = f64::INFINITY;

    #[test]
    fn quantiles_are_interpolated_within_a_bucket() {
        let plain = [(1.0, 10.0), (INF, 20.0), (2.0, 20.0)];
        assert_eq!(quantile(0.25, &mut buckets(&plain)), 0.5);
        assert_eq!(quantile(0.75, &mut buckets(&plain)), 1.5);
        assert_eq!(quantile(-0.1, &mut buckets(&plain)), -INF);
        assert_eq!(quantile(1.1, &mut buckets(&plain)), INF);
    }

    #[test]
    fn the_bucket_without_end_gives_the_highest_finite_bound() {
        assert_eq!(quantile(0.9, &mut buckets(&[(1.0, 1.0), (INF, 10.0)])), 1.0);
    }

    #[test]
    fn the_lowest_bucket_starts_at_zero_or_is_its_bound() {
        let negative = [(-1.0, 10.0), (1.0, 20.0), (INF, 20.0)];
        assert_eq!(quantile(0.1, &mut buckets(&negative)), -1.0);
    }

    #[test]
    fn what_is_no_histogram_has_no_quantile() {
        for odd in [
            &[(1.0, 10.0)][..],
            &[(INF, 10.0)],
            &[(1.0, 0.0), (INF, 0.0)],
            &[(f64::NAN, 1.0), (INF, 2.0)],
        ] {
            assert!(quantile(0.5, &mut buckets(odd)).is_nan(), "{odd:?}");
        }
    }

    #[test]
    fn decreases_are_taken_back_and_equal_bounds_merged() {
        let odd = [(1.0, 10.0), (2.0, 8.0), (2.0, 0.0), (INF, 10.0)];
        assert_eq!(quantile(0.5, &mut buckets(&odd)), 0.5);
    }

    #[test]
    fn fractions_are_interpolated_and_end_with_the_finite_bounds() {
        let plain = [(1.0, 10.0), (2.0, 20.0), (INF, 40.0)];
        assert_eq!(fraction(0.0, 1.5, &mut buckets(&plain)), 15.0 / 40.0);
        assert_eq!(fraction(-INF, INF, &mut buckets(&plain)), 1.0);
        assert_eq!(fraction(1.0, 5.0, &mut buckets(&plain)), 10.0 / 40.0);
        assert_eq!(fraction(2.0, 1.0, &mut buckets(&plain)), 0.0);
        assert!(fraction(f64::NAN, 1.0, &mut buckets(&plain)).is_nan());
    }
}
