//! Strategies: canary and blue-green, with the controller's defaults applied.

use crate::cluster::ServiceId;
use crate::time::Delta;

/// `spec.strategy`.
#[derive(Clone, Debug)]
pub enum Strategy {
    /// `canary`.
    Canary(Canary),
    /// `blueGreen`.
    BlueGreen(BlueGreen),
}

/// `spec.strategy.canary`.
#[derive(Clone, Debug)]
pub struct Canary {
    /// `steps`.
    pub steps: Steps,
    /// `canaryService`.
    pub canary_service: Option<ServiceId>,
    /// `stableService`.
    pub stable_service: Option<ServiceId>,
    /// `pingPong`: the ping and the pong service.
    pub ping_pong: Option<(ServiceId, ServiceId)>,
    /// `trafficRouting`.
    pub routing: Option<Routing>,
    /// `maxSurge`.
    pub max_surge: Amount,
    /// `maxUnavailable`.
    pub max_unavailable: Amount,
    /// `analysis`.
    pub background: Option<Background>,
    /// `scaleDownDelaySeconds`; zero for a basic canary.
    pub scale_down_delay: Delta,
    /// `scaleDownDelayRevisionLimit`.
    pub scale_down_delay_revision_limit: i32,
    /// `abortScaleDownDelaySeconds`; `None` is an explicit 0: never scale down.
    pub abort_scale_down_delay: Option<Delta>,
    /// Whether `abortScaleDownDelaySeconds` was written.
    pub abort_scale_down_delay_written: bool,
    /// `dynamicStableScale`.
    pub dynamic_stable_scale: bool,
    /// `minPodsPerReplicaSet`.
    pub min_pods_per_replica_set: Option<i32>,
    /// `replicaProgressThreshold`.
    pub progress_threshold: Option<Threshold>,
}

impl Canary {
    /// `trafficRouting.maxTrafficWeight`, 100 by default (`utils/weightutil/weightutil.go: MaxTrafficWeight`).
    #[must_use]
    #[inline]
    pub fn max_weight(&self) -> i32 {
        self.routing
            .as_ref()
            .map_or(100, |routing| routing.max_weight)
    }

    /// Number of steps, as Argo counts them.
    #[must_use]
    #[inline]
    pub fn step_count(&self) -> i32 {
        i32::try_from(self.steps.len()).unwrap_or(i32::MAX)
    }

    /// The step with this index, unless the index stands behind the last.
    #[must_use]
    #[inline]
    pub fn step(&self, index: i32) -> Option<&Step> {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.steps.get(index))
    }

    /// The weight of the last `setWeight` at `index` or before.
    #[must_use]
    #[inline]
    pub fn weight_at(&self, index: i32) -> Option<i32> {
        self.steps.in_force(index)?.weight
    }

    /// The last `setCanaryScale` at `index` or before.
    #[must_use]
    #[inline]
    pub fn scale_at(&self, index: i32) -> Option<&CanaryScale> {
        let step = self.steps.in_force(index)?.scaling_step?;
        self.steps[step].set_canary_scale.as_ref()
    }

    /// The last experiment at `index` or before.
    #[must_use]
    #[inline]
    pub fn experiment_at(&self, index: i32) -> Option<u16> {
        self.steps.in_force(index)?.experiment
    }
}

/// The steps of a canary, and what is in force at each of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Steps {
    steps: Vec<Step>,
    in_force: Vec<InForce>,
}

/// What the steps up to one of them have set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct InForce {
    weight: Option<i32>,
    /// Index of the step with the last `setCanaryScale`.
    scaling_step: Option<usize>,
    experiment: Option<u16>,
}

impl From<Vec<Step>> for Steps {
    fn from(steps: Vec<Step>) -> Self {
        let mut last = InForce::default();
        let in_force = steps.iter().enumerate().map(|(index, step)| {
            last = InForce {
                weight: step.set_weight.or(last.weight),
                scaling_step: step
                    .set_canary_scale
                    .is_some()
                    .then_some(index)
                    .or(last.scaling_step),
                experiment: step.experiment.or(last.experiment),
            };
            last
        });
        Self {
            in_force: in_force.collect(),
            steps,
        }
    }
}

impl std::ops::Deref for Steps {
    type Target = [Step];

    #[inline]
    fn deref(&self) -> &[Step] {
        &self.steps
    }
}

impl Steps {
    /// What is in force at `index`; nothing before the first step, and behind the last what the last has left.
    #[inline]
    fn in_force(&self, index: i32) -> Option<&InForce> {
        let index = usize::try_from(index).ok()?;
        self.in_force.get(index).or(self.in_force.last())
    }
}

/// One item of `steps`. Several actions in one item are possible; the canary controller says which one decides ([`crate::controller::canary`]).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// `setWeight`.
    pub set_weight: Option<i32>,
    /// `pause`.
    pub pause: Option<Pause>,
    /// `setCanaryScale`.
    pub set_canary_scale: Option<CanaryScale>,
    /// `experiment`: index into [`crate::plan::Plan::experiments`].
    pub experiment: Option<u16>,
    /// `analysis`: index into [`crate::plan::Plan::sites`].
    pub analysis: Option<u16>,
    /// `setHeaderRoute`.
    pub set_header_route: Option<ManagedRoute>,
    /// `setMirrorRoute`.
    pub set_mirror_route: Option<ManagedRoute>,
    /// `plugin`: its name and its index into [`crate::plan::Environment::plugins`].
    pub plugin: Option<PluginStep>,
}

/// A route that a step sets, or takes away again if it matches nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagedRoute {
    /// `name`.
    pub name: String,
    /// Percentage of the matching requests that takes it; 0 without `match`.
    pub percentage: i32,
}

/// `plugin` of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginStep {
    /// `name`.
    pub name: String,
    /// Index into [`crate::plan::Environment::plugins`].
    pub script: u16,
}

/// `pause`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// `duration`; `None` waits for a person.
    pub duration: Option<Delta>,
    /// `duration` as written.
    pub written: String,
}

/// `setCanaryScale`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanaryScale {
    /// `replicas`.
    pub replicas: Option<i32>,
    /// `weight`.
    pub weight: Option<i32>,
    /// `matchTrafficWeight`.
    pub match_traffic_weight: bool,
}

/// `trafficRouting`.
#[derive(Clone, Debug)]
pub struct Routing {
    /// The routers, in the order in which upstream calls them.
    pub routers: Vec<Router>,
    /// `maxTrafficWeight`.
    pub max_weight: i32,
}

impl Routing {
    /// `istio.destinationRule`.
    #[must_use]
    pub fn destination_rule(&self) -> Option<&DestinationRule> {
        self.routers.iter().find_map(|router| match router {
            Router::Istio {
                destination_rule, ..
            } => destination_rule.as_ref(),
            _ => None,
        })
    }
}

/// `istio.destinationRule`: names only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DestinationRule {
    /// `name`.
    pub name: String,
    /// `canarySubsetName`.
    pub canary: String,
    /// `stableSubsetName`.
    pub stable: String,
}

/// A traffic router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Router {
    /// `istio`.
    Istio {
        /// The names of the virtual services.
        virtual_services: Vec<String>,
        /// The destination rule.
        destination_rule: Option<DestinationRule>,
    },
    /// `nginx`.
    Nginx {
        /// The name of the first stable ingress.
        ingress: String,
    },
    /// `alb`.
    Alb,
    /// `smi`.
    Smi,
    /// `ambassador`.
    Ambassador,
    /// `appMesh`.
    AppMesh,
    /// `traefik`.
    Traefik,
    /// `apisix`.
    Apisix,
    /// `plugins.<name>`.
    Plugin(String),
}

impl Router {
    /// Whether it has routes for requests with a header (the others' `SetHeaderRoute` does nothing).
    #[must_use]
    pub fn routes_headers(&self) -> bool {
        matches!(
            self,
            Self::Istio { .. } | Self::Alb | Self::Apisix | Self::Plugin(_)
        )
    }

    /// Whether it copies requests (the others' `SetMirrorRoute` does nothing).
    #[must_use]
    pub fn mirrors(&self) -> bool {
        matches!(self, Self::Istio { .. } | Self::Plugin(_))
    }
}

/// `analysis` of a canary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Background {
    /// Index into [`crate::plan::Plan::sites`].
    pub site: u16,
    /// `startingStep`.
    pub starting_step: Option<i32>,
}

/// `replicaProgressThreshold`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// Whether `value` is a percentage of the desired pods (a number of pods otherwise).
    pub percent: bool,
    /// `value`.
    pub value: i32,
}

/// `maxSurge` and `maxUnavailable`: a number of pods or a percentage of `spec.replicas`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Pods.
    Pods(i32),
    /// Percent of `spec.replicas`; a quoted number is one too (CA-11).
    Percent(i32),
}

impl Amount {
    /// The number of pods for a rollout of `replicas`
    /// (Kubernetes' `GetValueFromIntOrPercent`, used by `utils/replicaset/replicaset.go: resolveFenceposts`).
    #[must_use]
    pub fn of(self, replicas: i32, round_up: bool) -> i32 {
        match self {
            Self::Pods(pods) => pods,
            Self::Percent(percent) => {
                let scaled = i64::from(percent) * i64::from(replicas);
                let rounded = if round_up {
                    -((-scaled).div_euclid(100))
                } else {
                    scaled.div_euclid(100)
                };
                i32::try_from(rounded).unwrap_or(i32::MAX)
            }
        }
    }
}

/// `spec.strategy.blueGreen`.
#[derive(Clone, Debug)]
pub struct BlueGreen {
    /// `activeService`.
    pub active_service: ServiceId,
    /// `previewService`.
    pub preview_service: Option<ServiceId>,
    /// `previewReplicaCount`.
    pub preview_replicas: Option<i32>,
    /// `autoPromotionEnabled`.
    pub auto_promotion: bool,
    /// `autoPromotionSeconds`; zero is none.
    pub auto_promotion_delay: Delta,
    /// `maxUnavailable`.
    pub max_unavailable: Amount,
    /// `scaleDownDelaySeconds`.
    pub scale_down_delay: Delta,
    /// Whether `scaleDownDelaySeconds` was written.
    pub scale_down_delay_written: bool,
    /// `scaleDownDelayRevisionLimit`.
    pub scale_down_delay_revision_limit: i32,
    /// `abortScaleDownDelaySeconds`; `None` is an explicit 0: never scale down.
    pub abort_scale_down_delay: Option<Delta>,
    /// `prePromotionAnalysis`: index into [`crate::plan::Plan::sites`].
    pub pre_promotion: Option<u16>,
    /// `postPromotionAnalysis`: index into [`crate::plan::Plan::sites`].
    pub post_promotion: Option<u16>,
}
