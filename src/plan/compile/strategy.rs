//! Strategies: the controller's defaults (`utils/defaults/defaults.go`).

use crate::cluster::ServiceId;
use crate::plan::compile::analysis::Collector;
use crate::plan::compile::{Services, seconds};
use crate::plan::strategy::{
    Amount, Background, BlueGreen, Canary, CanaryScale, DestinationRule, ManagedRoute, Pause,
    PluginStep, Router, Routing, Step, Strategy, Threshold,
};
use crate::spec::IntOrString;
use crate::spec::blue_green::BlueGreenStrategy;
use crate::spec::canary::{CanaryStep, CanaryStrategy};
use crate::spec::rollout::RolloutSpec;
use crate::spec::traffic::RolloutTrafficRouting;
use crate::time::Delta;

/// `scaleDownDelaySeconds` and `abortScaleDownDelaySeconds` where nothing is written.
const DEFAULT_DELAY: Delta = Delta::from_secs(30);

pub(super) fn compile(
    spec: &RolloutSpec,
    services: &mut Services,
    collector: &mut Collector<'_>,
) -> Strategy {
    let strategy = spec.strategy.clone().unwrap_or_default();
    match (strategy.blue_green, strategy.canary) {
        (Some(blue_green), _) => {
            Strategy::BlueGreen(compile_blue_green(&blue_green, services, collector))
        }
        (None, canary) => {
            let canary = canary.unwrap_or_default();
            Strategy::Canary(compile_canary(spec, &canary, services, collector))
        }
    }
}

fn compile_canary(
    spec: &RolloutSpec,
    canary: &CanaryStrategy,
    services: &mut Services,
    collector: &mut Collector<'_>,
) -> Canary {
    let routed = canary.traffic_routing.is_some();
    let abort_delay = canary.abort_scale_down_delay_seconds.filter(|_| routed);
    let steps = canary
        .steps
        .iter()
        .flatten()
        .map(|step| compile_step(spec, step, collector))
        .collect::<Vec<_>>();
    Canary {
        steps: steps.into(),
        canary_service: services.id(canary.canary_service.as_ref()),
        stable_service: services.id(canary.stable_service.as_ref()),
        ping_pong: canary.ping_pong.as_ref().and_then(|pair| {
            Some((
                services.id(pair.ping_service.as_ref())?,
                services.id(pair.pong_service.as_ref())?,
            ))
        }),
        routing: canary.traffic_routing.as_ref().map(compile_routing),
        max_surge: amount(canary.max_surge.as_ref()),
        max_unavailable: amount(canary.max_unavailable.as_ref()),
        background: canary.analysis.as_ref().map(|analysis| Background {
            site: collector.add_rollout_analysis(&analysis.analysis()),
            starting_step: analysis.starting_step,
        }),
        scale_down_delay: if routed {
            canary
                .scale_down_delay_seconds
                .map_or(DEFAULT_DELAY, seconds)
        } else {
            Delta::ZERO
        },
        scale_down_delay_revision_limit: canary.scale_down_delay_revision_limit.unwrap_or(i32::MAX),
        abort_scale_down_delay: match abort_delay {
            Some(0) => None,
            Some(delay) => Some(seconds(delay)),
            None if routed => Some(DEFAULT_DELAY),
            None => Some(Delta::ZERO),
        },
        abort_scale_down_delay_written: abort_delay.is_some(),
        dynamic_stable_scale: canary.dynamic_stable_scale.unwrap_or(false),
        min_pods_per_replica_set: canary.min_pods_per_replica_set,
        progress_threshold: canary
            .replica_progress_threshold
            .as_ref()
            .map(|threshold| Threshold {
                percent: threshold.r#type.as_deref() == Some("Percent"),
                value: threshold.value.unwrap_or(0),
            }),
    }
}

fn compile_step(spec: &RolloutSpec, step: &CanaryStep, collector: &mut Collector<'_>) -> Step {
    Step {
        set_weight: step.set_weight,
        pause: step.pause.as_ref().map(|pause| Pause {
            duration: pause
                .duration
                .as_ref()
                .map(|_| seconds(pause.duration_seconds())),
            written: pause
                .duration
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
        }),
        set_canary_scale: step.set_canary_scale.as_ref().map(|scale| CanaryScale {
            replicas: scale.replicas,
            weight: scale.weight,
            match_traffic_weight: scale.match_traffic_weight.unwrap_or(false),
        }),
        experiment: step
            .experiment
            .as_ref()
            .map(|experiment| collector.add_step_experiment(spec, experiment)),
        analysis: step
            .analysis
            .as_ref()
            .map(|analysis| collector.add_rollout_analysis(analysis)),
        set_header_route: step
            .set_header_route
            .as_ref()
            .map(|route| managed(route.name.as_ref(), route.r#match.as_deref(), None)),
        set_mirror_route: step.set_mirror_route.as_ref().map(|route| {
            let percentage = route.percentage;
            managed(route.name.as_ref(), route.r#match.as_deref(), percentage)
        }),
        plugin: step.plugin.as_ref().map(|plugin| {
            let name = plugin.name.clone().unwrap_or_default();
            PluginStep {
                script: collector.add_plugin(&name),
                name,
            }
        }),
    }
}

/// A route of a step; one without matches is taken away (`istio.go: SetHeaderRoute, SetMirrorRoute`; a mirror copies everything
/// by default).
fn managed<T>(
    name: Option<&String>,
    matches: Option<&[T]>,
    percentage: Option<i32>,
) -> ManagedRoute {
    let matches = matches.is_some_and(|matches| !matches.is_empty());
    ManagedRoute {
        name: name.cloned().unwrap_or_default(),
        percentage: if matches {
            percentage.unwrap_or(100)
        } else {
            0
        },
    }
}

/// The routers in the order in which upstream calls them (`rollout/trafficrouting.go: NewTrafficRoutingReconciler`).
fn compile_routing(routing: &RolloutTrafficRouting) -> Routing {
    let mut routers = Vec::new();
    if let Some(istio) = &routing.istio {
        let named = |service: &crate::spec::traffic::IstioVirtualService| {
            service.name.clone().unwrap_or_default()
        };
        let several = istio.virtual_services.iter().flatten().map(named);
        routers.push(Router::Istio {
            virtual_services: istio
                .virtual_service
                .iter()
                .map(named)
                .chain(several)
                .collect(),
            destination_rule: istio.destination_rule.as_ref().map(|rule| DestinationRule {
                name: rule.name.clone().unwrap_or_default(),
                canary: rule.canary_subset_name.clone().unwrap_or_default(),
                stable: rule.stable_subset_name.clone().unwrap_or_default(),
            }),
        });
    }
    if let Some(nginx) = &routing.nginx {
        let several = nginx.stable_ingresses.iter().flatten();
        let ingress = nginx.stable_ingress.iter().chain(several).next();
        routers.push(Router::Nginx {
            ingress: ingress.cloned().unwrap_or_default(),
        });
    }
    let others = [
        (routing.alb.is_some(), Router::Alb),
        (routing.smi.is_some(), Router::Smi),
        (routing.ambassador.is_some(), Router::Ambassador),
        (routing.app_mesh.is_some(), Router::AppMesh),
        (routing.traefik.is_some(), Router::Traefik),
        (routing.apisix.is_some(), Router::Apisix),
    ];
    routers.extend(
        others
            .into_iter()
            .filter(|(used, _)| *used)
            .map(|(_, router)| router),
    );
    let plugins = routing
        .plugins
        .iter()
        .flatten()
        .map(|(name, _)| Router::Plugin(name.clone()));
    routers.extend(plugins);
    Routing {
        routers,
        max_weight: routing.max_traffic_weight.unwrap_or(100),
    }
}

/// A number of pods, or a percentage; a text is a percentage with or without its sign, and nothing is 25 % (CA-11).
fn amount(written: Option<&IntOrString>) -> Amount {
    match written {
        None => Amount::Percent(25),
        Some(IntOrString::Int(pods)) => Amount::Pods(*pods),
        Some(IntOrString::String(text)) => {
            Amount::Percent(text.trim_end_matches('%').parse().unwrap_or(0))
        }
    }
}

fn compile_blue_green(
    blue_green: &BlueGreenStrategy,
    services: &mut Services,
    collector: &mut Collector<'_>,
) -> BlueGreen {
    BlueGreen {
        active_service: services
            .id(blue_green.active_service.as_ref())
            .unwrap_or(ServiceId(0)),
        preview_service: services.id(blue_green.preview_service.as_ref()),
        preview_replicas: blue_green.preview_replica_count,
        auto_promotion: blue_green.auto_promotion_enabled.unwrap_or(true),
        auto_promotion_delay: seconds(blue_green.auto_promotion_seconds.unwrap_or(0)),
        max_unavailable: amount(blue_green.max_unavailable.as_ref()),
        scale_down_delay: blue_green
            .scale_down_delay_seconds
            .map_or(DEFAULT_DELAY, seconds),
        scale_down_delay_written: blue_green.scale_down_delay_seconds.is_some(),
        scale_down_delay_revision_limit: blue_green
            .scale_down_delay_revision_limit
            .unwrap_or(i32::MAX),
        abort_scale_down_delay: match blue_green.abort_scale_down_delay_seconds {
            Some(0) => None,
            written => Some(written.map_or(DEFAULT_DELAY, seconds)),
        },
        pre_promotion: blue_green
            .pre_promotion_analysis
            .as_ref()
            .map(|analysis| collector.add_rollout_analysis(analysis)),
        post_promotion: blue_green
            .post_promotion_analysis
            .as_ref()
            .map(|analysis| collector.add_rollout_analysis(analysis)),
    }
}

impl BlueGreen {
    /// A strategy for plans whose strategy never runs.
    pub(super) fn placeholder() -> Self {
        let nothing = BlueGreenStrategy::default();
        Self {
            active_service: ServiceId(0),
            preview_service: None,
            preview_replicas: None,
            auto_promotion: true,
            auto_promotion_delay: Delta::ZERO,
            max_unavailable: amount(nothing.max_unavailable.as_ref()),
            scale_down_delay: DEFAULT_DELAY,
            scale_down_delay_written: false,
            scale_down_delay_revision_limit: i32::MAX,
            abort_scale_down_delay: Some(DEFAULT_DELAY),
            pre_promotion: None,
            post_promotion: None,
        }
    }
}
