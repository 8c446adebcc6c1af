//! A hash of what runs came to: a faster wrong answer is seen.

use std::hash::{DefaultHasher, Hash};

use coalmine::trials::Summary;

/// The hash of the runs before, and of one more.
pub(crate) fn with(mut hasher: DefaultHasher, summary: &Summary) -> DefaultHasher {
    (
        summary.verdict,
        summary.since,
        summary.cause,
        summary.measurements,
    )
        .hash(&mut hasher);
    let costs = &summary.costs;
    costs.excess_pod_seconds.to_bits().hash(&mut hasher);
    costs.short_of_capacity.to_bits().hash(&mut hasher);
    (costs.peak_pods, costs.end).hash(&mut hasher);
    hasher
}
