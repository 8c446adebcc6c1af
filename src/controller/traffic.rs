//! Traffic routing of canaries: the weight that a reconciliation asks for, and what each router is told.
//!
//! Follows `rollout/trafficrouting.go`, `utils/replicaset/canary.go` (weights) and, for the routers that refuse or wait,
//! `rollout/trafficrouting/`.

use crate::cluster::analysis_run::AnalysisPhase;
use crate::cluster::event::ReconcileError;
use crate::cluster::status::{Additional, Destination, Weights};
use crate::cluster::{Command, Event, RouterCall, TemplateId};
use crate::controller::Log;
use crate::controller::replicas::{self, CanarySize, Pods};
use crate::controller::rollout::{Failed, Pass};
use crate::plan::Canary;
use crate::plan::strategy::{Router, Routing};
use crate::time::Delta;

/// How soon an unverified weight is looked at again (`utils/defaults/defaults.go: rolloutVerifyRetryInterval`).
const VERIFY_RETRY: Delta = Delta::from_secs(10);

/// What the routers are asked for.
struct Wish {
    weight: i32,
    canary: Option<TemplateId>,
    stable: Option<TemplateId>,
    /// Whether the templates of a running experiment get their shares.
    with_experiment: bool,
}

impl<L: Log> Pass<'_, L> {
    /// What the canary's size follows from (`utils/replicaset/canary.go: GetCanaryReplicasOrWeight`).
    pub(super) fn canary_size(&self, canary: &Canary) -> CanarySize {
        let status = &self.rollout.status;
        if status.promote_full || status.stable.is_none() || status.current == status.stable {
            return CanarySize::Weight(canary.max_weight());
        }
        if let Some(scale) = self.canary_scale(canary) {
            if let Some(replicas) = scale.replicas {
                return CanarySize::Replicas(replicas);
            }
            if let Some(weight) = scale.weight {
                return CanarySize::Weight(weight);
            }
        }
        CanarySize::Weight(self.desired_canary_weight(canary))
    }

    /// The `setCanaryScale` in force (`utils/replicaset/canary.go: UseSetCanaryScale`).
    fn canary_scale<'c>(
        &self,
        canary: &'c Canary,
    ) -> Option<&'c crate::plan::strategy::CanaryScale> {
        canary.routing.as_ref()?;
        if self.rollout.status.abort && canary.abort_scale_down_delay.is_some() {
            return None;
        }
        self.step?;
        canary
            .scale_at(self.step_index)
            .filter(|scale| !scale.match_traffic_weight)
    }

    /// `utils/replicaset/canary.go: GetDesiredCanaryWeight`: with a dynamically scaled stable version an aborted canary
    /// goes down the weights of the steps, as far as pods allow.
    fn desired_canary_weight(&self, canary: &Canary) -> i32 {
        let aborted = self.rollout.status.abort;
        let Some(stable) = self
            .stable_set()
            .filter(|_| aborted && canary.dynamic_stable_scale)
        else {
            return self.current_set_weight(canary);
        };
        let replicas = self.rollout.replicas;
        let missing = replicas - stable.available;
        let waits_for_deadline =
            canary.abort_scale_down_delay_written && canary.abort_scale_down_delay.is_some();
        let held = if waits_for_deadline {
            missing
        } else {
            missing.max(self.new_set().available)
        };
        canary
            .steps
            .iter()
            .rev()
            .filter_map(|step| step.set_weight)
            .find(|weight| replicas::share_of(replicas, *weight, canary.max_weight()) < held)
            .unwrap_or(0)
    }

    /// `utils/replicaset/canary.go: GetCurrentSetWeight`.
    fn current_set_weight(&self, canary: &Canary) -> i32 {
        if self.rollout.status.abort {
            0
        } else if self.step.is_none() {
            canary.max_weight()
        } else {
            canary.weight_at(self.step_index).unwrap_or(0)
        }
    }

    /// `rollout/trafficrouting.go: reconcileTrafficRouting`.
    pub(super) fn reconcile_traffic(&mut self, canary: &Canary) -> Result<(), Failed> {
        let Some(routing) = &canary.routing else {
            self.next.canary.weights = None;
            self.next.canary.additional_weights.clear();
            return Ok(());
        };
        for router in &routing.routers {
            if !self.reconcile_router(canary, routing, router)? {
                break;
            }
        }
        Ok(())
    }

    /// One router; says whether the next one is reached.
    fn reconcile_router(
        &mut self,
        canary: &Canary,
        routing: &Routing,
        router: &Router,
    ) -> Result<bool, Failed> {
        let wish = self.wish(canary);
        if !self.has_pods_for(canary, routing.max_weight - wish.weight) {
            return Ok(false);
        }
        self.set_routes();
        self.next.canary.additional_weights.clear();
        if wish.with_experiment {
            self.add_experiment_shares(canary);
        }
        let stored_weight = self
            .rollout
            .status
            .canary
            .weights
            .as_ref()
            .map(|weights| weights.canary.weight);
        if self.new_set().available == 0 && stored_weight.is_some_and(|weight| 0 < weight) {
            self.route(RouterCall::SetWeight(wish.weight));
        }
        self.update_hash(canary, router, &wish)?;
        self.route(RouterCall::SetWeight(wish.weight));
        self.store_weights(routing, &wish);
        self.verify_weight(canary, router, wish.weight)?;
        Ok(true)
    }

    /// The weight for this reconciliation. The first case that holds decides; managed routes go in all but the last two.
    fn wish(&mut self, canary: &Canary) -> Wish {
        let stable = self.stable_set().map(|set| set.template);
        let new = self.new_set();
        let (new_template, new_available) = (new.template, new.available);
        let mut wish = Wish {
            weight: 0,
            canary: Some(new_template),
            stable,
            with_experiment: false,
        };
        let status = &self.rollout.status;
        if let Some(previous) = self.rolls_back_dynamically(canary) {
            wish.weight = self.weight_on_the_way_back(canary);
            wish.canary = previous.template;
        } else if self.is_fully_promoted {
            self.route(RouterCall::RemoveManagedRoutes);
        } else if self.is_aborted() {
            wish.weight = self.weight_on_the_way_back(canary);
            if !canary.dynamic_stable_scale || wish.weight == 0 {
                self.ensure_target(canary.canary_service, self.stable, false);
            }
            self.route(RouterCall::RemoveManagedRoutes);
        } else if new_available == 0 {
            wish.with_experiment = true;
            self.route(RouterCall::RemoveManagedRoutes);
        } else if status.promote_full {
            if canary.dynamic_stable_scale {
                wish.weight = share(canary.max_weight(), new_available, self.rollout.replicas);
            } else if let Some(weights) = &status.canary.weights {
                wish.weight = weights.canary.weight;
            }
            self.route(RouterCall::RemoveManagedRoutes);
        } else if !canary.steps.is_empty() {
            let index = self.step_index;
            if !self.at_desired_counts(canary, None) {
                wish.weight = canary.weight_at(index - 1).unwrap_or(0);
                wish.with_experiment = true;
            } else if index != canary.step_count() {
                wish.weight = self.current_set_weight(canary);
                wish.with_experiment = true;
            } else {
                wish.weight = canary.max_weight();
            }
        }
        wish
    }

    /// `rollout/trafficrouting.go: calculateDesiredWeightOnAbortOrStableRollback`: the weight follows the stable pods
    /// that are available and never rises again.
    fn weight_on_the_way_back(&self, canary: &Canary) -> i32 {
        let replicas = self.rollout.replicas;
        let Some(stable) = self
            .stable_set()
            .filter(|_| canary.dynamic_stable_scale && replicas != 0)
        else {
            return 0;
        };
        let max_weight = canary.max_weight();
        let desired = self.desired_canary_weight(canary);
        let carried_by_stable = share(max_weight, stable.available, replicas);
        let expected = (max_weight - carried_by_stable).max(0);
        let Some(weights) = &self.rollout.status.canary.weights else {
            return expected.max(desired);
        };
        let current = weights.canary.weight;
        if desired <= 0 {
            expected.min(current)
        } else if carried_by_stable < max_weight - desired {
            current
        } else {
            desired.min(current)
        }
    }

    /// Whether the stable version has the pods for its share (`rollout/trafficrouting.go: checkReplicasAvailable`).
    fn has_pods_for(&self, canary: &Canary, weight: i32) -> bool {
        let Some(stable) = self.stable_set() else {
            return false;
        };
        let desired = share(weight, self.rollout.replicas, canary.max_weight());
        desired <= stable.available
            || replicas::threshold_met(canary.progress_threshold, Some(Pods::from(stable)), desired)
    }

    /// Header and mirror routes are set only while their step is the current one, and never on the first deployment.
    fn set_routes(&mut self) {
        let Some(step) = self.step.filter(|_| 1 < self.revision) else {
            return;
        };
        let index = u16::try_from(self.step_index).unwrap_or(u16::MAX);
        if step.set_header_route.is_some() {
            self.route(RouterCall::SetHeaderRoute(index));
        }
        if step.set_mirror_route.is_some() {
            self.route(RouterCall::SetMirrorRoute(index));
        }
    }

    pub(super) fn route(&mut self, call: RouterCall) {
        self.out.commands.push(Command::Route(call));
    }

    /// `rollout/trafficrouting/istio/istio.go: UpdateHash, shouldDelayDestinationRuleUpdate`: with subsets only, a
    /// destination rule waits until the sets behind it are available; the reconciliation fails until then.
    fn update_hash(&mut self, canary: &Canary, router: &Router, wish: &Wish) -> Result<(), Failed> {
        let Router::Istio {
            destination_rule, ..
        } = router
        else {
            return Ok(());
        };
        if canary.canary_service.is_none() && canary.stable_service.is_none() {
            let ignores_canary = self.rollout.status.abort
                || self
                    .stable_set()
                    .is_some_and(|stable| self.rolls_back_onto(canary, stable.template));
            for set in self.sets.iter().filter(|set| set.desired != 0) {
                let template = Some(set.template);
                let concerned = template == wish.stable || template == wish.canary;
                let ignored = ignores_canary && template == wish.canary;
                if concerned && !ignored && !set.is_available() {
                    return Err(ReconcileError::DestinationRuleDelayed(set.template));
                }
            }
        }
        let stored = self.cluster.destination_rule;
        if destination_rule.is_some()
            && (stored.canary, stored.stable) != (wish.canary, wish.stable)
        {
            self.route(RouterCall::UpdateHash(wish.canary, wish.stable));
            self.out.log.tell(Event::DestinationRuleUpdated {
                canary: wish.canary,
                stable: wish.stable,
            });
        }
        Ok(())
    }

    /// `utils/rollout/rolloututil.go: AbortOrDynamicRollbackToStable`, with the stable set as the desired one.
    fn rolls_back_onto(&self, canary: &Canary, stable: TemplateId) -> bool {
        let Some(weights) = &self.rollout.status.canary.weights else {
            return false;
        };
        let available = self
            .set_of(Some(stable))
            .map_or(0, |index| self.sets[index].available);
        self.is_fully_promoted
            && canary.dynamic_stable_scale
            && weights.canary.template != Some(stable)
            && available < self.rollout.replicas
    }

    /// `rollout/trafficrouting.go: calculateWeightDestinationsFromExperiment`.
    fn add_experiment_shares(&mut self, canary: &Canary) {
        let (Some(id), Some(_)) = (self.experiment, self.step) else {
            return;
        };
        let experiment = &self.cluster.experiments[usize::from(id.0)];
        let Some(spec) = canary
            .experiment_at(self.step_index)
            .filter(|_| experiment.phase == AnalysisPhase::Running)
        else {
            return;
        };
        let templates = &self.plan.experiments[usize::from(spec)].templates;
        let shares = self
            .cluster
            .templates_of(experiment)
            .iter()
            .zip(templates)
            .enumerate()
            .filter_map(|(index, (status, template))| {
                Some(Additional {
                    experiment: id,
                    template: u16::try_from(index).unwrap_or(u16::MAX),
                    has_service: status.has_service,
                    weight: template.weight?,
                })
            });
        self.next.canary.additional_weights.extend(shares);
    }

    /// Stores the weights, with the experiment's shares that are in the next status already
    /// (`rollout/trafficrouting.go: calculateWeightStatus`).
    fn store_weights(&mut self, routing: &Routing, wish: &Wish) {
        let (before, next) = (&self.rollout.status.canary, &mut self.next.canary);
        let shared: i32 = next
            .additional_weights
            .iter()
            .map(|extra| extra.weight)
            .sum();
        let canary = Destination {
            weight: wish.weight,
            template: wish.canary,
        };
        let stable = Destination {
            weight: routing.max_weight - wish.weight - shared,
            template: wish.stable,
        };
        let old = before.weights;
        let reshared = before.additional_weights != next.additional_weights;
        if old.is_some_and(|old| old.canary == canary && old.stable == stable && !reshared) {
            return;
        }
        next.weights = Some(Weights {
            canary,
            stable,
            verified: None,
        });
        self.out.log.tell(Event::WeightUpdated {
            from: old.map(|old| old.canary.weight),
            to: wish.weight,
            additional: old.is_some() && reshared,
        });
    }

    /// Asks the router whether the weight has arrived. At the end of an update the rest of the reconciliation waits
    /// for it.
    fn verify_weight(
        &mut self,
        canary: &Canary,
        router: &Router,
        weight: i32,
    ) -> Result<(), Failed> {
        let verified = match router {
            Router::Plugin(_) => self
                .seen
                .verification
                .map(|router| router.confirms(weight, self.now)),
            _ => None,
        };
        if let Some(weights) = &mut self.next.canary.weights {
            weights.verified = verified;
        }
        if verified == Some(false) {
            self.out.requeue.after(self.now, VERIFY_RETRY);
            if weight == canary.max_weight() && self.step_index <= canary.step_count() {
                return Err(ReconcileError::WeightNotVerified { weight });
            }
        }
        Ok(())
    }
}

/// `part * weight / whole`, rounded towards zero as Go's integers are.
fn share(weight: i32, part: i32, whole: i32) -> i32 {
    i32::try_from(i64::from(weight) * i64::from(part) / i64::from(whole.max(1))).unwrap_or(i32::MAX)
}
