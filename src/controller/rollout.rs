//! The rollout controller: one reconciliation, from what is stored to the next status.
//!
//! Follows `rollout/controller.go: syncHandler, newRolloutContext`, `rollout/context.go: reconcile` and `rollout/sync.go`.
//! A reconciliation works on a copy of the objects taken at its start: what it writes, it does not see again, except
//! where upstream changes its own copies.

use crate::cluster::provider::PluginAnswer;
use crate::cluster::replica_set::Owner;
use crate::cluster::status::{
    AbortCause, CanaryStatus, ProgressReason, Progressing, RolloutStatus, Truth,
};
use crate::cluster::{
    Cluster, Command, Event, ExperimentId, ReplicaSet, Rollout, RunId, Service, TemplateId,
};
use crate::controller::pause::PauseContext;
use crate::controller::replicas::Split;
use crate::controller::{Decision, Log};
use crate::plan::{Plan, Step, Strategy};
use crate::time::{Delta, SimTime};

/// How often an invalid spec is looked at again.
const INVALID_SPEC_RETRY: Delta = Delta::from_secs(20);

/// What a reconciliation may see.
#[derive(Clone, Copy)]
pub struct Observed<'a> {
    /// The policy.
    pub plan: &'a Plan,
    /// The objects as stored.
    pub cluster: &'a Cluster,
    /// What the router says of weights; `None`: it cannot verify them.
    pub verification: Option<Verification>,
    /// What the step plugin of the current step answers if it is asked now.
    pub plugin_answer: Option<PluginAnswer>,
    /// How many pods of each `ReplicaSet` are older than `spec.restartAt`; empty while nothing is to be restarted.
    pub pods_to_restart: &'a [i32],
    /// The time.
    pub now: SimTime,
}

/// How a router confirms weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verification {
    /// The weight that it was told last, and when it was told it first.
    pub told: Option<(i32, SimTime)>,
    /// How long it takes to confirm one.
    pub after: Delta,
}

impl Verification {
    /// Whether `weight` is confirmed at `now`; one that the router has not been told before is told now.
    #[must_use]
    pub fn confirms(self, weight: i32, now: SimTime) -> bool {
        let since = self
            .told
            .filter(|(known, _)| *known == weight)
            .map_or(now, |(_, since)| since);
        since + self.after <= now
    }
}

/// Memory that reconciliations reuse.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    sets: Vec<ReplicaSet>,
    others: Vec<usize>,
    to_scale_down: Vec<usize>,
}

/// How a reconciliation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The status stays as it is.
    Unchanged,
    /// The status is replaced.
    Status,
}

/// One reconciliation under way.
#[expect(
    clippy::struct_excessive_bools,
    reason = "what one reconciliation has seen and done"
)]
pub(super) struct Pass<'a, L> {
    pub(super) plan: &'a Plan,
    pub(super) cluster: &'a Cluster,
    pub(super) rollout: &'a Rollout,
    pub(super) seen: &'a Observed<'a>,
    pub(super) now: SimTime,
    /// The rollout's `ReplicaSet`s, as read at the start.
    pub(super) sets: &'a mut [ReplicaSet],
    /// Indices of the sets that are neither new nor stable.
    pub(super) others: &'a [usize],
    /// Memory for the order in which some of them are scaled down.
    pub(super) to_scale_down: &'a mut Vec<usize>,
    /// Pods of all sets together; a reconciliation asks for pods but sees none come or go.
    pub(super) total: Total,
    /// The sizes of a routed canary whose stable version keeps its size: nothing in a reconciliation changes them.
    pub(super) fixed_split: Option<Split>,
    pub(super) services: [Service; 4],
    /// The revision annotation of the rollout; a reconciliation may raise it.
    pub(super) revision: u32,
    /// Index of the new set.
    pub(super) new: usize,
    /// The highest revision of the other sets.
    pub(super) newest_other: u32,
    /// Index of the stable set.
    pub(super) stable: Option<usize>,
    /// `status.currentStepIndex`, 0 before the first step.
    pub(super) step_index: i32,
    /// The step at that index, unless it stands behind the last.
    pub(super) step: Option<&'a Step>,
    /// Whether the recorded current version is the stable one (`utils/rollout/rolloututil.go: IsFullyPromoted`).
    pub(super) is_fully_promoted: bool,
    /// Whether the new set was waiting for its scale-down deadline at the start.
    pub(super) new_within_delay: bool,
    pub(super) runs: CurrentRuns,
    pub(super) experiment: Option<ExperimentId>,
    pub(super) next: &'a mut RolloutStatus,
    pub(super) pause: PauseContext,
    /// Whether the weights of the old and the new status are one object, as they are unless the revision was raised:
    /// then a verification that changes alone is not stored.
    pub(super) weights_shared: bool,
    /// Runs created by this reconciliation.
    pub(super) created_runs: u32,
    /// Whether this reconciliation came to the step plugins.
    pub(super) plugins_reconciled: bool,
    pub(super) out: &'a mut Decision<L>,
}

/// Pods of several `ReplicaSet`s.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Total {
    /// That exist.
    pub(super) replicas: i32,
    /// That are ready.
    pub(super) ready: i32,
    /// That are available.
    pub(super) available: i32,
}

/// The analysis runs that belong to the current revision.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CurrentRuns {
    pub(super) step: Option<RunId>,
    pub(super) background: Option<RunId>,
    pub(super) pre: Option<RunId>,
    pub(super) post: Option<RunId>,
}

/// A reconciliation that cannot go on; it is repeated after a back-off.
pub(super) type Failed = crate::cluster::event::ReconcileError;

/// Reconciles the rollout once. The next status is left in `next` if the outcome says so.
pub fn reconcile<L: Log>(
    seen: &Observed<'_>,
    scratch: &mut Scratch,
    next: &mut RolloutStatus,
    out: &mut Decision<L>,
) -> Outcome {
    let Some(rollout) = &seen.cluster.rollout else {
        return Outcome::Unchanged;
    };
    let found = scratch.read_sets(seen.cluster, rollout);
    if seen.plan.invalid.is_some() {
        return report_invalid(rollout, seen.now, next, out);
    }
    let Some(new) = found.new else {
        return create_replica_set(rollout, seen, found.newest_other, next, out);
    };
    let Scratch {
        sets,
        others,
        to_scale_down,
    } = scratch;
    let step_index = rollout.status.step.unwrap_or(0);
    let mut services = [Service::default(); 4];
    for (copy, stored) in services.iter_mut().zip(&seen.cluster.services) {
        *copy = *stored;
    }
    let mut pass = Pass {
        plan: seen.plan,
        cluster: seen.cluster,
        rollout,
        seen,
        now: seen.now,
        services,
        revision: rollout.revision,
        new,
        newest_other: found.newest_other,
        stable: found.stable,
        step_index,
        step: seen
            .plan
            .canary()
            .and_then(|canary| canary.step(step_index)),
        is_fully_promoted: rollout.status.stable == rollout.status.current,
        new_within_delay: sets[new]
            .deadline
            .is_some_and(|deadline| seen.now < deadline),
        runs: CurrentRuns::of(&rollout.status),
        experiment: rollout.status.canary.experiment,
        next,
        pause: PauseContext::default(),
        weights_shared: true,
        created_runs: 0,
        plugins_reconciled: false,
        sets,
        others,
        to_scale_down,
        total: found.total,
        fixed_split: None,
        out,
    };
    pass.pause.remove_abort = pass.is_fully_promoted && rollout.status.abort;
    match pass.run() {
        Ok(outcome) => outcome,
        Err(error) => {
            pass.out.log.tell(Event::ReconcileFailed(error));
            pass.out.requeue.failed = true;
            Outcome::Unchanged
        }
    }
}

/// What is found among the rollout's `ReplicaSet`s.
#[derive(Default)]
struct Found {
    new: Option<usize>,
    stable: Option<usize>,
    newest_other: u32,
    total: Total,
}

impl Scratch {
    /// Copies the rollout's `ReplicaSet`s, finds the new and the stable one, and counts the pods of all.
    fn read_sets(&mut self, cluster: &Cluster, rollout: &Rollout) -> Found {
        let mut found = Found::default();
        self.sets.clear();
        self.others.clear();
        for set in cluster.replica_sets.iter().filter(|set| set.is_rollouts()) {
            let index = self.sets.len();
            let is_new = found.new.is_none() && set.template == rollout.template;
            let is_stable = found.stable.is_none() && Some(set.template) == rollout.status.stable;
            if is_new {
                found.new = Some(index);
            } else {
                found.newest_other = found.newest_other.max(set.revision);
            }
            if is_stable {
                found.stable = Some(index);
            }
            if !is_new && !is_stable {
                self.others.push(index);
            }
            found.total.replicas += set.replicas;
            found.total.ready += set.ready;
            found.total.available += set.available;
            self.sets.push(*set);
        }
        found
    }
}

impl CurrentRuns {
    pub(super) fn of(status: &RolloutStatus) -> Self {
        Self {
            step: status.canary.step_run.map(|run| run.run),
            background: status.canary.background_run.map(|run| run.run),
            pre: status.blue_green.pre_run.map(|run| run.run),
            post: status.blue_green.post_run.map(|run| run.run),
        }
    }

    /// Whether `id` is one of them.
    pub(super) fn has(self, id: RunId) -> bool {
        [self.step, self.background, self.pre, self.post].contains(&Some(id))
    }

    pub(super) fn iter(self) -> impl Iterator<Item = RunId> {
        [self.step, self.background, self.pre, self.post]
            .into_iter()
            .flatten()
    }
}

impl RolloutStatus {
    /// Starts the status of a reconciliation: only what upstream carries over
    /// (`rollout/controller.go: newRolloutContext`, `rollout/sync.go: calculateBaseStatus`).
    fn reset_for_reconciliation(&mut self, old: &Self) {
        let mut step_plugins = std::mem::take(&mut self.canary.step_plugins);
        let mut additional_weights = std::mem::take(&mut self.canary.additional_weights);
        step_plugins.clear();
        additional_weights.clone_from(&old.canary.additional_weights);
        *self = Self {
            restarted_at: old.restarted_at,
            canary: CanaryStatus {
                weights: old.canary.weights,
                additional_weights,
                step_plugins,
                ..CanaryStatus::default()
            },
            ..Self::default()
        };
    }
}

/// The controller's answer to a spec that it refuses (`rollout/controller.go: createInvalidRolloutCondition, syncHandler`).
#[cold]
fn report_invalid<L: Log>(
    rollout: &Rollout,
    now: SimTime,
    next: &mut RolloutStatus,
    out: &mut Decision<L>,
) -> Outcome {
    out.requeue.after(now, INVALID_SPEC_RETRY);
    next.copy_from(&rollout.status);
    next.conditions.invalid_spec = true;
    next.observed_generation = rollout.generation;
    next.phase = crate::cluster::status::RolloutPhase::Degraded;
    next.message = crate::cluster::status::PhaseMessage::InvalidSpec;
    if *next == rollout.status {
        Outcome::Unchanged
    } else {
        Outcome::Status
    }
}

/// Makes the `ReplicaSet` of a new template; the rest waits for the next reconciliation
/// (`rollout/sync.go: createDesiredReplicaSet`).
#[cold]
fn create_replica_set<L: Log>(
    rollout: &Rollout,
    seen: &Observed<'_>,
    newest_other: u32,
    next: &mut RolloutStatus,
    out: &mut Decision<L>,
) -> Outcome {
    let revision = 1 + newest_other;
    let template = rollout.template;
    out.commands.push(Command::CreateReplicaSet {
        owner: Owner::Rollout,
        template,
        revision,
        rollout_size: rollout.replicas,
    });
    if rollout.revision != revision {
        out.commands.push(Command::SetRolloutRevision(revision));
        out.log.tell(Event::RolloutUpdated { revision });
    }
    out.log
        .tell(Event::ReplicaSetCreated { template, revision });
    next.copy_from(&rollout.status);
    next.conditions.set_progressing(Progressing {
        status: Truth::True,
        reason: ProgressReason::NewReplicaSet,
        updated: seen.now.stored(),
        abort: None,
    });
    Outcome::Status
}

impl<L: Log> Pass<'_, L> {
    /// The order of one reconciliation (`rollout/context.go: reconcile`).
    fn run(&mut self) -> Result<Outcome, Failed> {
        if let Some(outcome) = self.check_paused_conditions() {
            return Ok(outcome);
        }
        self.next.reset_for_reconciliation(&self.rollout.status);
        if self.is_scaling_event() {
            return Ok(self.sync_replicas_only());
        }
        match &self.plan.strategy {
            Strategy::Canary(canary) => self.rollout_canary(canary),
            Strategy::BlueGreen(blue_green) => self.rollout_blue_green(blue_green),
        }
    }

    /// `spec.replicas` changed, and the sets that carry traffic do not know it yet (`rollout/sync.go: isScalingEvent`).
    fn is_scaling_event(&mut self) -> bool {
        self.sync_revision();
        let is_stale =
            |set: &ReplicaSet| 0 < set.desired && set.rollout_size != self.rollout.replicas;
        is_stale(self.new_set()) || self.stable_set().is_some_and(is_stale)
    }

    /// Scales and does nothing else (`rollout/sync.go: syncReplicasOnly`).
    fn sync_replicas_only(&mut self) -> Outcome {
        self.sync_revision();
        let old = &self.rollout.status;
        self.next.copy_from(old);
        let active = match &self.plan.strategy {
            Strategy::Canary(canary) => {
                self.fix_split(canary);
                self.reconcile_canary_sets(canary);
                None
            }
            Strategy::BlueGreen(blue_green) => {
                self.reconcile_blue_green_sets(blue_green);
                self.set_of(old.blue_green.active)
            }
        };
        let counted = active.map(|index| self.sets[index]);
        self.next.hpa_replicas = counted.map_or(self.total.replicas, |set| set.replicas);
        self.next.available = counted.map_or(self.total.available, |set| set.available);
        self.persist()
    }

    /// Raises the revision of the new set above all others, and then the rollout's to it
    /// (`rollout/sync.go: syncReplicaSetRevision`; the rollout follows in the second call).
    pub(super) fn sync_revision(&mut self) {
        let set = &mut self.sets[self.new];
        if set.revision <= self.newest_other {
            set.revision = self.newest_other + 1;
            self.out
                .commands
                .push(Command::SetRevision(set.id, set.revision));
        } else if self.revision != set.revision {
            self.revision = set.revision;
            self.weights_shared = false;
            self.out
                .commands
                .push(Command::SetRolloutRevision(set.revision));
            self.out.log.tell(Event::RolloutUpdated {
                revision: set.revision,
            });
        }
    }

    /// The set that runs `template`.
    pub(super) fn set_of(&self, template: Option<TemplateId>) -> Option<usize> {
        let template = template?;
        self.sets.iter().position(|set| set.template == template)
    }

    pub(super) fn new_set(&self) -> &ReplicaSet {
        &self.sets[self.new]
    }

    pub(super) fn stable_set(&self) -> Option<&ReplicaSet> {
        self.stable.map(|index| &self.sets[index])
    }

    /// Whether the stable set exists and is another one than the new (`utils/replicaset/canary.go: CheckStableRSExists`).
    pub(super) fn stable_is_other(&self) -> bool {
        self.stable.is_some_and(|stable| stable != self.new)
    }

    /// Whether the rollout is aborted, counting what this reconciliation decided.
    pub(super) fn is_aborted(&self) -> bool {
        !self.pause.remove_abort && (self.pause.add_abort.is_some() || self.rollout.status.abort)
    }

    /// Gives up the update.
    pub(super) fn abort(&mut self, cause: AbortCause) {
        self.pause.add_abort = Some(cause);
    }
}
