//! Replica-count arithmetic of canaries.
//!
//! Knows: how many pods a weight means, within surge and unavailability.
//! Refuses to know: statuses, steps, time; callers hand in numbers.
//!
//! Follows `utils/replicaset/canary.go` and is tested against recorded rows of it.

use crate::plan::strategy::{Amount, Canary, Threshold};

/// `spec.replicas` and `status.availableReplicas` of a `ReplicaSet`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pods {
    /// Pods asked for.
    pub desired: i32,
    /// Pods available.
    pub available: i32,
}

/// How many pods the canary and the stable `ReplicaSet` should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Pods of the canary.
    pub canary: i32,
    /// Pods of the stable version.
    pub stable: i32,
}

/// The `ReplicaSet`s of a rollout, as the arithmetic sees them.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// The new `ReplicaSet`.
    pub new: Option<Pods>,
    /// The stable `ReplicaSet`.
    pub stable: Option<Pods>,
    /// Whether the stable `ReplicaSet` exists and is another one than the new.
    pub stable_is_other: bool,
    /// Pods asked for by all other `ReplicaSet`s together.
    pub older_desired: i32,
}

/// What a canary's size follows from (`utils/replicaset/canary.go: GetCanaryReplicasOrWeight`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CanarySize {
    /// `setCanaryScale.replicas`.
    Replicas(i32),
    /// A share of the traffic.
    Weight(i32),
}

/// The current traffic weights, if the router has been set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActualWeights {
    /// The canary's.
    pub canary: i32,
    /// The stable version's.
    pub stable: i32,
}

/// Surge and unavailability as pods (`utils/replicaset/replicaset.go: resolveFenceposts`): both zero becomes 0 and 1.
#[must_use]
pub fn fence_posts(max_surge: Amount, max_unavailable: Amount, replicas: i32) -> (i32, i32) {
    match (
        max_surge.of(replicas, true),
        max_unavailable.of(replicas, false),
    ) {
        (0, 0) => (0, 1),
        posts => posts,
    }
}

/// How many pods may be unavailable (`utils/replicaset/replicaset.go: MaxUnavailable`).
#[must_use]
pub fn max_unavailable(canary: &Canary, replicas: i32) -> i32 {
    if replicas == 0 {
        return 0;
    }
    fence_posts(canary.max_surge, canary.max_unavailable, replicas)
        .1
        .min(replicas)
}

/// The next sizes of a canary without traffic routing (`CalculateReplicaCountsForBasicCanary`).
///
/// Scaling up is bounded by `replicas + maxSurge`, the stable version first; scaling down by `replicas - maxUnavailable`,
/// the older `ReplicaSet`s first, then whichever of canary and stable is on its way down.
#[must_use]
pub fn basic_canary(canary: &Canary, replicas: i32, weight: i32, sizes: Sizes) -> Split {
    let surge = fence_posts(canary.max_surge, canary.max_unavailable, replicas).0;
    let mut goal = approximate(replicas, weight, canary.max_weight(), surge);
    if !sizes.stable_is_other {
        goal = Split {
            canary: replicas,
            stable: 0,
        };
    }
    let stable = if sizes.stable_is_other {
        sizes.stable
    } else {
        None
    };
    let desired = |pods: Option<Pods>| pods.map_or(0, |pods| pods.desired);
    let mut next = Split {
        canary: desired(sizes.new),
        stable: desired(stable),
    };

    let most = replicas + surge;
    let mut room = most - (sizes.older_desired + desired(sizes.new) + desired(stable));
    if stable.is_some() && next.stable < goal.stable && 0 < room {
        let grown = goal.stable.min(next.stable + room);
        room -= grown - next.stable;
        next.stable = grown;
    }
    if sizes.new.is_some() && next.canary < goal.canary && 0 < room {
        next.canary = goal.canary.min(next.canary + room);
    }
    if 0 < sizes.older_desired {
        return next;
    }

    let least = replicas - max_unavailable(canary, replicas);
    let growing = sizes.new.is_none_or(|new| new.desired <= goal.canary);
    let countable =
        counted_for_scale_down(sizes.new, !growing) + counted_for_scale_down(sizes.stable, growing);
    if countable <= least {
        return next;
    }
    let bounds = Bounds {
        spare: countable - least,
        most,
        least,
    };
    if !growing {
        (next.canary, next.stable) = drain(
            sizes.new,
            goal.canary,
            next.canary,
            sizes.stable,
            next.stable,
            bounds,
        );
    } else if stable.is_some() {
        (next.stable, next.canary) = drain(
            stable,
            goal.stable,
            next.stable,
            sizes.new,
            next.canary,
            bounds,
        );
    }
    next
}

/// The sizes of a canary with traffic routing (`CalculateReplicaCountsForTrafficRoutedCanary`).
#[must_use]
pub fn routed_canary(
    canary: &Canary,
    replicas: i32,
    size: CanarySize,
    aborted: bool,
    weights: Option<ActualWeights>,
) -> Split {
    let max_weight = canary.max_weight();
    let for_weight = |weight| share_of(replicas, weight, max_weight);
    let at_least_minimum = |count| at_least_minimum(canary, replicas, count);
    let (mut canary_count, weight) = match size {
        CanarySize::Replicas(count) => (count, 0),
        CanarySize::Weight(weight) => (at_least_minimum(for_weight(weight)), weight),
    };
    if !canary.dynamic_stable_scale {
        return Split {
            canary: canary_count,
            stable: replicas,
        };
    }
    let mut stable_count = for_weight(max_weight - weight);
    if let Some(actual) = weights {
        stable_count = stable_count.max(for_weight(actual.stable));
        if aborted {
            canary_count = canary_count.max(for_weight(actual.canary));
        }
    }
    Split {
        canary: at_least_minimum(canary_count),
        stable: at_least_minimum(stable_count),
    }
}

/// Pods for a share of the traffic, rounded up (`trafficWeightToReplicas`).
#[must_use]
#[inline]
pub fn share_of(replicas: i32, weight: i32, max_weight: i32) -> i32 {
    let product = i64::from(weight) * i64::from(replicas);
    let rounded_up = -((-product).div_euclid(i64::from(max_weight.max(1))));
    i32::try_from(rounded_up).unwrap_or(i32::MAX)
}

/// Whether enough of `desired` pods are available (`ReplicaProgressThresholdMet`); without a threshold exactly all of them.
#[must_use]
#[inline]
pub fn threshold_met(threshold: Option<Threshold>, pods: Option<Pods>, desired: i32) -> bool {
    let (Some(threshold), Some(pods)) = (threshold.filter(|threshold| 0 <= threshold.value), pods)
    else {
        return pods.is_some_and(|pods| desired == pods.desired && desired == pods.available);
    };
    if !threshold.percent {
        return threshold.value <= pods.available;
    }
    if desired == 0 {
        return true;
    }
    // Upstream forgives the rounding of its floating-point quotient; integers have none to forgive.
    i64::from(threshold.value) * i64::from(desired) <= i64::from(pods.available) * 100
}

/// `minPodsPerReplicaSet`, unless the count is zero; never more than `spec.replicas` (`CheckMinPodsPerReplicaSet`).
fn at_least_minimum(canary: &Canary, replicas: i32, count: i32) -> i32 {
    match canary.min_pods_per_replica_set {
        Some(minimum) if count != 0 && canary.routing.is_some() => count.max(minimum.min(replicas)),
        _ => count,
    }
}

/// The counts that come closest to a weight (`approximateWeightedCanaryStableReplicaCounts`).
///
/// Candidates are the weighted count rounded up and down, each out of `replicas` and, with surge, out of one more. The
/// first of the closest wins. Where no candidate is left the canary gets nothing (CA-03).
fn approximate(replicas: i32, weight: i32, max_weight: i32, surge: i32) -> Split {
    if replicas == 0 {
        return Split {
            canary: 0,
            stable: 0,
        };
    }
    let up = share_of(replicas, weight, max_weight);
    let down = i32::try_from(
        (i64::from(replicas) * i64::from(weight)).div_euclid(i64::from(max_weight.max(1))),
    )
    .unwrap_or(i32::MAX);
    let zero_allowed = weight == max_weight || weight == 0 || (replicas == 1 && surge == 0);
    let down_allowed = down != 0 || zero_allowed;
    let candidates = [
        (up < replicas || zero_allowed).then_some((up, replicas)),
        (down_allowed && !is_tied(replicas, weight, max_weight)).then_some((down, replicas)),
        (0 < surge).then_some((up, replicas + 1)),
        (0 < surge && down_allowed && !is_tied(replicas + 1, weight, max_weight))
            .then_some((down, replicas + 1)),
    ];
    let mut best: Option<(f64, i32, i32)> = None;
    for (count, total) in candidates.into_iter().flatten() {
        let actual = f64::from(count.wrapping_mul(max_weight)) / f64::from(total);
        let distance = (actual - f64::from(weight)).abs();
        if best.is_none_or(|(closest, _, _)| distance < closest) {
            best = Some((distance, count, total));
        }
    }
    match best {
        Some((_, count, total)) => Split {
            canary: count,
            stable: total - count,
        },
        None => Split {
            canary: 0,
            stable: replicas,
        },
    }
}

/// Whether the weighted count lies exactly between two whole numbers, in upstream's floating point (`floorCeilingTied`).
#[expect(clippy::float_cmp, reason = "upstream compares with exactly one half")]
fn is_tied(total: i32, weight: i32, max_weight: i32) -> bool {
    (f64::from(total) * (f64::from(weight) / f64::from(max_weight))).fract() == 0.5
}

/// Pods that count when asking what may be scaled down (`GetReplicasForScaleDown`).
fn counted_for_scale_down(pods: Option<Pods>, ignore_availability: bool) -> i32 {
    pods.map_or(0, |pods| {
        if pods.desired < pods.available || ignore_availability {
            pods.desired
        } else {
            pods.available
        }
    })
}

/// What scaling down has to respect.
#[derive(Clone, Copy)]
struct Bounds {
    /// Pods that may go.
    spare: i32,
    /// Most pods that may exist.
    most: i32,
    /// Fewest pods that must be available.
    least: i32,
}

/// Scales one side down and trims the other (`calculateScaleDownReplicaCount, adjustReplicaWithinLimits`);
/// returns the new counts of the drained and of the other side.
fn drain(
    drained: Option<Pods>,
    goal: i32,
    drained_next: i32,
    other: Option<Pods>,
    other_next: i32,
    bounds: Bounds,
) -> (i32, i32) {
    let mut drained_next = drained_next;
    if let Some(pods) = drained.filter(|pods| goal < pods.desired) {
        drained_next = goal.max(pods.desired - bounds.spare);
    }
    let Some(other) = other else {
        return (drained_next, other_next);
    };
    let over =
        |drained_next: i32, other_next: i32| (other_next + drained_next - bounds.most).max(0);
    let trimmed = other_next - over(drained_next, other_next);
    let available =
        drained.map_or(0, |pods| pods.available.min(drained_next)) + other.available.min(trimmed);
    let lost = (other.available - trimmed).max(0);
    let missing = (bounds.least - available).max(0);
    let other_next = trimmed + lost.min(missing);
    (drained_next - over(drained_next, other_next), other_next)
}
