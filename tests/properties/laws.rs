//! Laws of single runs.

use std::sync::LazyLock;

use coalmine::cluster::Event;
use coalmine::cluster::status::{PauseReason, RolloutStatus};
use coalmine::plan::Plan;
use coalmine::plan::strategy::Amount;
use coalmine::sim::EndReason;
use coalmine::trace::Frame;

use super::case::{Case, HORIZON, Strategy};
use crate::behaviours::told::{Moment, Told};

const CASES: u64 = 400;

/// Valid cases and what became of them.
static TOLD: LazyLock<Vec<(Case, Told)>> = LazyLock::new(|| {
    let told = |seed| {
        let case = Case::new(seed);
        let told = case.story().until(HORIZON);
        told.refusal().is_empty().then_some((case, told))
    };
    let valid: Vec<_> = (0..CASES).filter_map(told).collect();
    assert!(CASES * 3 / 4 < u64::try_from(valid.len()).expect("few cases"));
    valid
});

fn for_every_case(law: impl Fn(&Case, &Told)) {
    TOLD.iter().for_each(|(case, told)| law(case, told));
}

#[test]
fn runs_end_and_their_time_never_goes_back() {
    for_every_case(|case, told| {
        let busy = |event: &Event| *event == Event::KeepsItselfBusy;
        for second in told.when(busy) {
            let moment = told.at(second);
            assert!(
                is_busy_in_a_cluster(told.plan(), moment),
                "{}",
                case.shown()
            );
        }
        assert_ne!(told.ending.reason, EndReason::Crowded, "{}", case.shown());
        assert!(told.ending.at.whole_secs() <= HORIZON, "{}", case.shown());
        let frames = told.trace.frames.iter().map(|frame| frame.at);
        assert!(frames.is_sorted(), "{}", case.shown());
        assert!(
            told.trace.events.iter().map(|(at, _)| *at).is_sorted(),
            "{}",
            case.shown()
        );
    });
}

/// Where the controllers keep themselves busy, here and in a cluster:
///
/// - A blue-green rollout that is paused between its switch and its promotion while all pods are
///   available is Paused for one part of the controller and complete for another, and both write
///   their opinion in turns (`rollout/sync.go: checkPausedConditions, calculateRolloutConditions`).
/// - While an inconclusive experiment pauses the rollout, a background analysis that is
///   inconclusive too is made anew as often as it ends (`rollout/analysis.go:
///   needsNewAnalysisRun`).
fn is_busy_in_a_cluster(plan: &Plan, moment: Moment<'_>) -> bool {
    let status = moment.status();
    let paused_after_switch = plan.blue_green().is_some_and(|blue_green| {
        blue_green.post_promotion.is_some() && status.stable != status.current
    });
    paused_after_switch || status.pauses.has(PauseReason::InconclusiveExperiment)
}

#[test]
fn weights_stay_in_range_and_make_a_whole() {
    for_every_case(|case, told| {
        let Some(canary) = told.plan().canary() else {
            return;
        };
        let whole = canary.max_weight();
        for frame in &told.trace.frames {
            let status = &frame.cluster.rollout.as_ref().expect("a rollout").status;
            let Some(weights) = &status.canary.weights else {
                continue;
            };
            let parts: Vec<i32> = [weights.canary.weight, weights.stable.weight]
                .into_iter()
                .chain(
                    status
                        .canary
                        .additional_weights
                        .iter()
                        .map(|extra| extra.weight),
                )
                .collect();
            assert_eq!(
                parts.iter().sum::<i32>(),
                whole,
                "{} at {}",
                case.shown(),
                frame.at
            );
            // The shares of an experiment are taken from the stable version, whatever is left of it
            // (`rollout/trafficrouting.go: calculateWeightStatus`).
            assert!(
                (0..=whole).contains(&parts[0]),
                "{} at {}",
                case.shown(),
                frame.at
            );
            assert!(
                status.canary.additional_weights.len() <= 1,
                "{} at {}",
                case.shown(),
                frame.at
            );
        }
    });
}

#[test]
fn counts_of_pods_are_possible() {
    for_every_case(|case, told| {
        for frame in &told.trace.frames {
            for set in frame.cluster.replica_sets.iter().filter(|set| !set.deleted) {
                let counts = [0, set.available, set.ready, set.replicas];
                assert!(
                    counts.is_sorted(),
                    "{counts:?} {} at {}",
                    case.shown(),
                    frame.at
                );
                assert_eq!(
                    set.replicas,
                    set.desired,
                    "{} at {}",
                    case.shown(),
                    frame.at
                );
            }
        }
    });
}

/// No version is wanted larger than the rollout, unless the spec pins another size for it.
#[test]
fn no_version_grows_beyond_the_rollout() {
    for_every_case(|case, told| {
        if case.is_scaled_by_hand() {
            return;
        }
        for frame in &told.trace.frames {
            let sets = frame
                .cluster
                .replica_sets
                .iter()
                .filter(|set| set.is_rollouts());
            for set in sets {
                let most = told.plan().replicas.max(pinned_size(told.plan()));
                assert!(
                    (0..=most).contains(&set.desired),
                    "{} at {}",
                    case.shown(),
                    frame.at
                );
            }
        }
    });
}

/// The largest number of pods that the spec asks for by itself.
fn pinned_size(plan: &Plan) -> i32 {
    let steps = plan
        .canary()
        .into_iter()
        .flat_map(|canary| canary.steps.iter());
    let scales = steps.filter_map(|step| step.set_canary_scale.as_ref()?.replicas);
    let preview = plan
        .blue_green()
        .and_then(|blue_green| blue_green.preview_replicas);
    scales.chain(preview).max().unwrap_or(0)
}

/// `utils/replicaset/canary.go: CalculateReplicaCountsForBasicCanary`: surge and unavailability of
/// a basic canary while all pods start and stay ready and no person scales.
#[test]
fn a_basic_canary_keeps_its_surge_and_its_unavailability() {
    let mut looked_at = 0;
    for seed in 0..3 * CASES {
        let case = Case::new(seed);
        if case.strategy != Strategy::BasicCanary || !case.sound || case.is_scaled_by_hand() {
            continue;
        }
        let told = case.story().until(HORIZON);
        if !told.refusal().is_empty() {
            continue;
        }
        let (surge, unavailable) = limits(told.plan());
        let replicas = told.plan().replicas;
        for (at, total) in told.course(Moment::all_pods) {
            assert!(
                total <= replicas + surge,
                "{total} pods at {at}\n{}",
                case.shown()
            );
        }
        let first = told
            .course(all_available)
            .into_iter()
            .find(|(_, count)| *count == replicas);
        let (deployed, _) = first.expect("the first version becomes healthy");
        for (at, available) in told.course(all_available) {
            let enough = at < deployed || replicas - unavailable <= available;
            assert!(
                enough,
                "{available} available pods at {at}\n{}",
                case.shown()
            );
        }
        looked_at += 1;
    }
    assert!(100 < looked_at);
}

fn all_available(moment: Moment<'_>) -> i32 {
    moment.sets().map(|set| set.available).sum()
}

/// Surge and unavailability in pods (`utils/replicaset/replicaset.go: resolveFenceposts`).
fn limits(plan: &Plan) -> (i32, i32) {
    let canary = plan.canary().expect("a canary");
    let pods = |amount: Amount, round_up| amount.of(plan.replicas, round_up);
    match (
        pods(canary.max_surge, true),
        pods(canary.max_unavailable, false),
    ) {
        (0, 0) => (0, 1),
        limits => limits,
    }
}

/// Nothing is aborted or promoted without saying so in the same instant.
#[test]
fn no_verdict_comes_without_a_cause() {
    for_every_case(|case, told| {
        for (said, before, after) in changes(told) {
            let aborted = after.abort && !before.abort;
            let told_why = said
                .iter()
                .any(|event| matches!(event, Event::Aborted(_) | Event::DeadlineAbort(_)));
            assert!(
                told_why || !aborted,
                "aborted without a cause\n{}",
                case.shown()
            );
            let promoted = before.stable != after.stable;
            let completed = |event: &Event| match event {
                Event::UpdateCompleted { template, .. } => Some(*template) == after.stable,
                _ => false,
            };
            let told_so = said.iter().any(completed);
            assert!(
                told_so || !promoted,
                "promoted without saying so\n{}",
                case.shown()
            );
        }
    });
}

/// For each two states that follow each other: what was said between them, and both.
fn changes(told: &Told) -> impl Iterator<Item = (Vec<Event>, &RolloutStatus, &RolloutStatus)> {
    told.trace.frames.windows(2).map(|pair| {
        let events = &told.trace.events[pair[0].events..pair[1].events];
        let said = events.iter().map(|(_, event)| *event).collect();
        (said, status_of(&pair[0]), status_of(&pair[1]))
    })
}

fn status_of(frame: &Frame) -> &RolloutStatus {
    &frame.cluster.rollout.as_ref().expect("a rollout").status
}
