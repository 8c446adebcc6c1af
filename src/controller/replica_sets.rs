//! `ReplicaSet`s: scaling, scale-down deadlines, the revision history.
//!
//! Follows `rollout/replicaset.go`, the scaling parts of `rollout/canary.go`, `rollout/bluegreen.go` and
//! `rollout/sync.go`, and `utils/annotations/annotations.go`.

use crate::cluster::status::{PauseReason, Weights};
use crate::cluster::{Command, Event, ReplicaSet};
use crate::controller::Log;
use crate::controller::replicas::{self, ActualWeights, CanarySize, Pods, Sizes, Split};
use crate::controller::rollout::Pass;
use crate::plan::{BlueGreen, Canary, Strategy};
use crate::time::{Delta, SimTime};

/// How often every object is looked at again (`cmd/rollouts-controller/main.go: --rollout-resync`).
pub const RESYNC_PERIOD: Delta = Delta::from_secs(15 * 60);

/// Whether a set can own all pods of the rollout and has them available (`utils/annotations/annotations.go: IsSaturated`).
pub(super) fn is_saturated(set: &ReplicaSet, replicas: i32) -> bool {
    set.desired == replicas && set.rollout_size == replicas && set.available == replicas
}

impl From<&ReplicaSet> for Pods {
    fn from(set: &ReplicaSet) -> Self {
        Self {
            desired: set.desired,
            available: set.available,
        }
    }
}

impl From<&Weights> for ActualWeights {
    fn from(weights: &Weights) -> Self {
        Self {
            canary: weights.canary.weight,
            stable: weights.stable.weight,
        }
    }
}

/// How many old sets are kept scaled up for their delay, counted while walking over them, newest first.
struct Kept {
    count: i32,
    limit: i32,
}

impl<L: Log> Pass<'_, L> {
    /// Scales a set, or only renews its desired-replicas annotation; says whether pods come or go
    /// (`rollout/sync.go: scaleReplicaSetAndRecordEvent, scaleReplicaSet`).
    pub(super) fn scale(&mut self, index: usize, desired: i32) -> bool {
        let replicas = self.rollout.replicas;
        let set = &self.sets[index];
        let stale = set.rollout_size != replicas || (replicas == 0 && set.deadline.is_some());
        if set.desired == desired && !stale {
            return false;
        }
        self.write_scale(*set, desired)
    }

    fn write_scale(&mut self, set: ReplicaSet, desired: i32) -> bool {
        let drop_deadline = desired == 0 && !self.delays_scale_down_on_abort();
        self.out.commands.push(Command::Scale {
            id: set.id,
            desired,
            rollout_size: self.rollout.replicas,
            drop_deadline,
        });
        if set.desired == desired {
            return false;
        }
        self.out.log.tell(Event::Scaled {
            template: set.template,
            revision: set.revision,
            from: set.desired,
            to: desired,
        });
        true
    }

    /// Decides the sizes of a routed canary once, where no weight that this reconciliation sets can change them.
    pub(super) fn fix_split(&mut self, canary: &Canary) {
        if canary.routing.is_some() && !canary.dynamic_stable_scale {
            self.fixed_split = Some(self.new_canary_split(canary, None));
        }
    }

    /// The sizes that the strategy wants for the new and the stable set of a canary.
    pub(super) fn canary_split(&self, canary: &Canary, weights: Option<ActualWeights>) -> Split {
        match self.fixed_split {
            Some(split) => split,
            None => self.new_canary_split(canary, weights),
        }
    }

    fn new_canary_split(&self, canary: &Canary, weights: Option<ActualWeights>) -> Split {
        let replicas = self.rollout.replicas;
        let size = self.canary_size(canary);
        if canary.routing.is_some() {
            return replicas::routed_canary(
                canary,
                replicas,
                size,
                self.rollout.status.abort,
                weights,
            );
        }
        let weight = match size {
            CanarySize::Weight(weight) => weight,
            CanarySize::Replicas(_) => 0,
        };
        replicas::basic_canary(canary, replicas, weight, self.sizes())
    }

    fn sizes(&self) -> Sizes {
        Sizes {
            new: Some(self.new_set().into()),
            stable: self.stable_set().map(Into::into),
            stable_is_other: self.stable_is_other(),
            older_desired: self
                .others
                .iter()
                .map(|index| self.sets[*index].desired)
                .sum(),
        }
    }

    /// Whether canary and stable have the pods that the current step wants
    /// (`utils/replicaset/canary.go: AtDesiredReplicaCountsForCanary`).
    pub(super) fn at_desired_counts(
        &self,
        canary: &Canary,
        weights: Option<ActualWeights>,
    ) -> bool {
        let want = self.canary_split(canary, weights);
        let new = Pods::from(self.new_set());
        if !replicas::threshold_met(canary.progress_threshold, Some(new), want.canary) {
            return false;
        }
        if canary.routing.is_none() || !canary.dynamic_stable_scale {
            let created =
                |set: &ReplicaSet| set.desired == want.stable && set.replicas == want.stable;
            if !self.stable_set().is_some_and(created) {
                return false;
            }
        }
        canary.routing.is_some()
            || self
                .others
                .iter()
                .all(|index| self.sets[*index].available == 0)
    }

    /// Scales the sets of a canary: deadlines, stable, new, others; an action ends it
    /// (`rollout/canary.go: reconcileCanaryReplicaSets`).
    pub(super) fn reconcile_canary_sets(&mut self, canary: &Canary) -> bool {
        if self.is_halted() {
            return false;
        }
        self.remove_deadlines();
        if self.stable_is_other()
            && let Some(stable) = self.stable
        {
            // The stable set follows the weights that were stored before this reconciliation changed them.
            let stored = self.rollout.status.canary.weights.as_ref().map(Into::into);
            let want = self.canary_split(canary, stored).stable;
            if self.scale(stable, want) {
                return true;
            }
        }
        if self.reconcile_new_set() {
            return true;
        }
        self.reconcile_other_sets()
    }

    /// Scales the sets of a blue-green rollout (`rollout/bluegreen.go: reconcileBlueGreenReplicaSets`).
    pub(super) fn reconcile_blue_green_sets(&mut self, _: &BlueGreen) {
        self.remove_deadlines();
        if let Some(stable) = self.stable {
            self.scale(stable, self.rollout.replicas);
        }
        self.reconcile_new_set();
        self.reconcile_other_sets();
        self.trim_revision_history();
    }

    /// New and stable sets wait for no deadline, unless an abort wants the new one to
    /// (`rollout/replicaset.go: removeScaleDownDeadlines`).
    fn remove_deadlines(&mut self) {
        let new = (!self.delays_scale_down_on_abort()).then_some(self.new);
        let stable = self
            .stable
            .filter(|stable| new.is_none() || *stable != self.new);
        for index in [new, stable].into_iter().flatten() {
            self.set_deadline(index, None);
            self.sets[index].deadline = None;
        }
    }

    fn set_deadline(&mut self, index: usize, deadline: Option<SimTime>) {
        let set = &self.sets[index];
        if set.deadline != deadline {
            self.out
                .commands
                .push(Command::SetDeadline(set.id, deadline));
        }
    }

    /// `rollout/replicaset.go: addScaleDownDelay`; a delay of zero removes a deadline instead. The copy at hand keeps
    /// its old deadline, as upstream's does.
    fn add_deadline(&mut self, index: usize, delay: Delta) {
        let deadline = (delay != Delta::ZERO).then(|| (self.now + delay).stored());
        self.set_deadline(index, deadline);
    }

    /// Whether an aborted canary or preview stays for a while (`rollout/replicaset.go: shouldDelayScaleDownOnAbort`).
    fn delays_scale_down_on_abort(&self) -> bool {
        if !self.is_aborted() || self.stable.is_none() {
            return false;
        }
        match &self.plan.strategy {
            Strategy::BlueGreen(blue_green) => blue_green.abort_scale_down_delay.is_some(),
            Strategy::Canary(canary) => {
                canary.routing.is_some()
                    && canary.abort_scale_down_delay.is_some()
                    && (!canary.dynamic_stable_scale || canary.abort_scale_down_delay_written)
            }
        }
    }

    fn abort_scale_down_delay(&self) -> Option<Delta> {
        match &self.plan.strategy {
            Strategy::BlueGreen(blue_green) => blue_green.abort_scale_down_delay,
            Strategy::Canary(canary) => canary.abort_scale_down_delay,
        }
    }

    /// `rollout/replicaset.go: reconcileNewReplicaSet`.
    fn reconcile_new_set(&mut self) -> bool {
        let mut want = match &self.plan.strategy {
            Strategy::Canary(canary) => {
                let weights = self.next.canary.weights.as_ref().map(Into::into);
                self.canary_split(canary, weights).canary
            }
            Strategy::BlueGreen(blue_green) => self.preview_size(blue_green),
        };
        if self.delays_scale_down_on_abort() {
            match (self.new_set().deadline, self.abort_scale_down_delay()) {
                (Some(deadline), _) if deadline <= self.now => want = 0,
                (Some(deadline), _) if deadline - self.now < RESYNC_PERIOD => {
                    self.out.requeue.after(self.now, deadline - self.now);
                    self.renew_annotation();
                    return false;
                }
                (None, Some(delay)) => {
                    self.renew_annotation();
                    let stable_serves_all = self
                        .stable_set()
                        .is_some_and(|stable| self.rollout.replicas <= stable.available);
                    if stable_serves_all {
                        self.add_deadline(self.new, delay);
                    }
                    return false;
                }
                // A deadline beyond the next resync is not waited for: upstream falls through and scales now.
                (Some(_), _) | (None, None) => {}
            }
        }
        self.scale(self.new, want)
    }

    /// Tells the new set the size of the rollout without scaling it
    /// (`rollout/replicaset.go: syncNewRSReplicasAnnotation`).
    fn renew_annotation(&mut self) {
        let desired = self.new_set().desired;
        self.scale(self.new, desired);
    }

    /// The size of the new set of a blue-green rollout (`utils/replicaset/replicaset.go: NewRSNewReplicas`).
    pub(super) fn preview_size(&self, blue_green: &BlueGreen) -> i32 {
        let (status, replicas) = (&self.rollout.status, self.rollout.replicas);
        let Some(preview) = blue_green.preview_replicas else {
            return replicas;
        };
        let active = self.set_of(status.blue_green.active);
        if active.is_none_or(|active| active == self.new) || status.promote_full {
            return replicas;
        }
        let is_known = status.current == Some(self.new_set().template);
        let running = !self.rollout.paused && status.pauses.is_empty();
        if is_known && running && status.blue_green.scale_up_check_point {
            return replicas;
        }
        preview
    }

    /// Sets that are neither new nor stable (`rollout/replicaset.go: reconcileOtherReplicaSets`).
    fn reconcile_other_sets(&mut self) -> bool {
        if self
            .others
            .iter()
            .all(|index| self.sets[*index].desired == 0)
        {
            return false;
        }
        match &self.plan.strategy {
            Strategy::Canary(canary) => {
                0 < self.with_active_others(|pass, old| pass.scale_down_old_canaries(canary, old))
            }
            Strategy::BlueGreen(blue_green) => self
                .with_active_others(|pass, old| pass.scale_down_old_blue_greens(blue_green, old)),
        }
    }

    /// Lends `scale_down` the other sets that have or ought to have pods.
    fn with_active_others<T>(
        &mut self,
        scale_down: impl FnOnce(&mut Self, &mut [usize]) -> T,
    ) -> T {
        let mut active = std::mem::take(self.to_scale_down);
        active.clear();
        let others = self.others.iter().copied();
        active.extend(others.filter(|index| 0 < self.sets[*index].desired));
        let result = scale_down(self, &mut active);
        *self.to_scale_down = active;
        result
    }

    /// `rollout/canary.go: scaleDownOldReplicaSetsForCanary`; returns the number of pods that go.
    fn scale_down_old_canaries(&mut self, canary: &Canary, old: &mut [usize]) -> i32 {
        let mut total = self.clean_up_unhealthy(old);
        let least =
            self.rollout.replicas - replicas::max_unavailable(canary, self.rollout.replicas);
        let mut spare = self.total.available - least;
        if spare <= 0 {
            return 0;
        }
        self.newest_first(old);
        let mut kept = Kept {
            count: 0,
            limit: canary.scale_down_delay_revision_limit,
        };
        for index in old.iter().copied() {
            if canary.routing.is_some() && self.is_referenced(index) {
                continue;
            }
            if spare <= 0 {
                break;
            }
            let set = self.sets[index];
            if set.desired == 0 {
                continue;
            }
            let want = if canary.routing.is_none() {
                (set.desired - spare).max(0)
            } else if !(self.is_fully_promoted || set.deadline.is_some())
                || canary.dynamic_stable_scale
            {
                0
            } else {
                self.delayed_size(index, &mut kept, set.desired, canary.scale_down_delay)
            };
            if set.desired == want {
                continue;
            }
            self.scale(index, want);
            spare -= set.desired - want;
            total += set.desired - want;
        }
        total
    }

    /// Pods of old sets that are not available go first and at once
    /// (`rollout/replicaset.go: cleanupUnhealthyReplicas`).
    fn clean_up_unhealthy(&mut self, old: &mut [usize]) -> i32 {
        old.sort_unstable_by_key(|index| (self.sets[*index].created, self.sets[*index].id));
        let mut total = 0;
        for index in old.iter().copied() {
            let set = self.sets[index];
            if set.desired <= set.available {
                continue;
            }
            self.scale(index, set.available);
            // The following loop sees the new size, but still the old status.
            self.sets[index].desired = set.available;
            total += set.desired - set.available;
        }
        total
    }

    fn newest_first(&self, old: &mut [usize]) {
        old.sort_unstable_by_key(|index| {
            let set = &self.sets[*index];
            (std::cmp::Reverse((set.revision, set.created)), set.id)
        });
    }

    /// `rollout/bluegreen.go: scaleDownOldReplicaSetsForBlueGreen`.
    fn scale_down_old_blue_greens(&mut self, blue_green: &BlueGreen, old: &mut [usize]) -> bool {
        if self
            .rollout
            .status
            .pauses
            .has(PauseReason::InconclusiveAnalysis)
        {
            return false;
        }
        if blue_green.post_promotion.is_some()
            && !blue_green.scale_down_delay_written
            && !self.skips_post_promotion()
            && !self.is_successful(self.runs.post)
        {
            return false;
        }
        self.newest_first(old);
        let mut kept = Kept {
            count: 0,
            limit: blue_green.scale_down_delay_revision_limit,
        };
        let mut scaled = false;
        for index in old.iter().copied() {
            if self.is_referenced(index) {
                continue;
            }
            let replicas = self.rollout.replicas;
            let want = self.delayed_size(index, &mut kept, replicas, blue_green.scale_down_delay);
            if self.sets[index].desired != want {
                self.scale(index, want);
                scaled = true;
            }
        }
        scaled
    }

    /// The size of an old set that may wait for its scale-down deadline (`rollout/replicaset.go: scaleDownDelayHelper`).
    /// A delay of zero sets no deadline and keeps the set for ever (TR-03).
    fn delayed_size(&mut self, index: usize, kept: &mut Kept, size: i32, delay: Delta) -> i32 {
        let set = self.sets[index];
        let Some(deadline) = set.deadline else {
            if kept.limit <= kept.count {
                return 0;
            }
            kept.count += 1;
            self.add_deadline(index, delay);
            self.out.requeue.after(self.now, delay);
            return set.desired;
        };
        kept.count += 1;
        if kept.limit < kept.count || deadline <= self.now {
            return 0;
        }
        self.out.requeue.after(self.now, deadline - self.now);
        size
    }

    /// Whether a status, a service or a destination rule still names the set
    /// (`rollout/replicaset.go: isReplicaSetReferenced`).
    fn is_referenced(&self, index: usize) -> bool {
        let template = Some(self.sets[index].template);
        let status = &self.rollout.status;
        let weights = status.canary.weights.as_ref();
        let in_status = [
            status.stable,
            status.current,
            status.blue_green.active,
            status.blue_green.preview,
            weights.and_then(|weights| weights.canary.template),
            weights.and_then(|weights| weights.stable.template),
        ]
        .contains(&template);
        let services = match &self.plan.strategy {
            Strategy::Canary(canary) => [canary.canary_service, canary.stable_service],
            Strategy::BlueGreen(blue_green) => {
                [Some(blue_green.active_service), blue_green.preview_service]
            }
        };
        in_status
            || services
                .into_iter()
                .flatten()
                .any(|id| self.service(id).selector == template)
            || self.is_in_destination_rule(index)
    }

    fn is_in_destination_rule(&self, index: usize) -> bool {
        let has_rule = self
            .plan
            .canary()
            .and_then(|canary| canary.routing.as_ref())
            .is_some_and(|routing| routing.destination_rule().is_some());
        let template = Some(self.sets[index].template);
        let rule = self.cluster.destination_rule;
        has_rule && (rule.canary == template || rule.stable == template)
    }

    /// Deletes the oldest empty sets beyond `revisionHistoryLimit`, with their runs and experiments
    /// (`rollout/sync.go: reconcileRevisionHistoryLimit`).
    pub(super) fn trim_revision_history(&mut self) {
        let excess = i64::try_from(self.others.len()).unwrap_or(i64::MAX)
            - i64::from(self.plan.revision_history_limit);
        let Ok(excess @ 1..) = usize::try_from(excess) else {
            return;
        };
        let mut oldest = self.others.to_vec();
        oldest.sort_by_key(|index| (self.sets[*index].created, self.sets[*index].id));
        for index in oldest.into_iter().take(excess) {
            let set = self.sets[index];
            if set.replicas == 0 && set.desired == 0 {
                self.out.commands.push(Command::DeleteReplicaSet(set.id));
                self.delete_runs_of(set.template);
                self.delete_experiments_of(set.template);
            }
        }
    }
}
