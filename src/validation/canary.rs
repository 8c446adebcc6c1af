//! The rules for the canary strategy but its steps (`validation.go:
//! ValidateRolloutStrategyCanary`).

use crate::spec::canary::{CanaryStrategy, PingPongSpec};
use crate::spec::traffic::RolloutTrafficRouting;
use crate::spec::{IntOrString, Rollout, wire};

use super::field_error::{FieldError, Place};
use super::{rollout, steps};

pub(super) fn errors(rollout: &Rollout, canary: &CanaryStrategy, errors: &mut Vec<FieldError>) {
    let at = Place::with_document("spec.strategy", "spec.strategy.canary");
    surge_and_unavailable(canary, &at, errors);
    let stable = canary.stable_service.as_deref().unwrap_or_default();
    let service = canary.canary_service.as_deref().unwrap_or_default();
    if !stable.is_empty() && stable == service {
        errors.push(FieldError::invalid(
            "canary-same-service",
            at.child("stableService"),
            wire::quote(stable),
            "This rollout uses the same service for the stable and canary services, but two \
             different services are required.",
        ));
    }
    if let Some(ping_pong) = &canary.ping_pong {
        ping_pong_errors(ping_pong, canary.traffic_routing.as_ref(), &at, errors);
    }
    if requires_services(canary) {
        for (field, name) in [("stableService", stable), ("canaryService", service)] {
            if name.is_empty() {
                errors.push(FieldError::invalid(
                    "routing-needs-services",
                    at.child(field),
                    wire::quote(""),
                    "Canary service and Stable service must to be set to use Traffic Routing",
                ));
            }
        }
    }
    routing(canary, &at, errors);
    for (index, step) in canary.steps.iter().flatten().enumerate() {
        steps::errors(
            rollout,
            canary,
            step,
            &at.child("steps").index(index),
            errors,
        );
    }
    rollout::anti_affinity(
        canary.anti_affinity.as_ref(),
        &at.child("antiAffinity"),
        errors,
    );
}

/// Whether `trafficRouting` has plugins at all.
pub(super) fn has_plugins(routing: &RolloutTrafficRouting) -> bool {
    !wire::is_zero(&routing.plugins)
}

/// Not both zero (`invalidMaxSurgeMaxUnavailable`). What is not written counts as 25.
fn surge_and_unavailable(canary: &CanaryStrategy, at: &Place, errors: &mut Vec<FieldError>) {
    let value = |limit: &IntOrString| limit.percent().unwrap_or_else(|| limit.int_value());
    let unavailable = canary.max_unavailable.as_ref().map_or(25, value);
    if let Some(surge) = canary.max_surge.as_ref().filter(|surge| value(surge) == 0)
        && unavailable == 0
    {
        errors.push(FieldError::invalid(
            "surge-and-unavailable-zero",
            at.child("maxSurge"),
            wire::json(surge),
            "MaxSurge and MaxUnavailable both can not be zero",
        ));
    }
}

fn ping_pong_errors(
    ping_pong: &PingPongSpec,
    routing: Option<&RolloutTrafficRouting>,
    at: &Place,
    errors: &mut Vec<FieldError>,
) {
    if routing.is_some_and(|routing| {
        routing.alb.is_none() && routing.istio.is_none() && !has_plugins(routing)
    }) {
        errors.push(FieldError::invalid(
            "ping-pong-router",
            at.child_with_document("trafficRouting.alb", "trafficRouting"),
            "null",
            "Ping-pong feature works with the ALB, Istio, and plugin-based traffic routers only",
        ));
    }
    let first = ping_pong.ping_service.as_deref().unwrap_or_default();
    let second = ping_pong.pong_service.as_deref().unwrap_or_default();
    for (field, name) in [
        ("pingPong.pingService", first),
        ("pingPong.pongService", second),
    ] {
        if name.is_empty() {
            errors.push(FieldError::invalid(
                "ping-pong-services",
                at.child(field),
                wire::quote(""),
                "Ping service and Pong service must to be set to use Ping-Pong feature",
            ));
        }
    }
    if first == second {
        errors.push(FieldError::invalid(
            "ping-pong-same-service",
            at.child("pingPong.pingService"),
            wire::quote(first),
            "This rollout uses the same service for the ping and pong services, but two different \
             services are required.",
        ));
    }
    let alb = routing.and_then(|routing| routing.alb.as_ref());
    if alb.is_some_and(|alb| wire::is_zero(&alb.root_service)) {
        errors.push(FieldError::invalid(
            "ping-pong-root-service",
            at.child("trafficRouting.alb.rootService"),
            wire::quote(""),
            "Root service field is required for the configuration with ALB and ping-pong feature \
             enabled",
        ));
    }
}

/// Whether the router needs both services (`requireCanaryStableServices`).
fn requires_services(canary: &CanaryStrategy) -> bool {
    let Some(routing) = &canary.traffic_routing else {
        return false;
    };
    let has_no_ping_pong = canary.ping_pong.is_none();
    let istio_by_host = routing
        .istio
        .as_ref()
        .is_some_and(|istio| istio.destination_rule.is_none());
    (has_no_ping_pong && (routing.alb.is_some() || istio_by_host))
        || routing.smi.is_some()
        || routing.apisix.is_some()
        || routing.ambassador.is_some()
        || routing.nginx.is_some()
        || routing.app_mesh.is_some()
        || routing.traefik.is_some()
}

/// What needs a router, and what a router must be able to.
fn routing(canary: &CanaryStrategy, at: &Place, errors: &mut Vec<FieldError>) {
    let dynamic = canary.dynamic_stable_scale == Some(true);
    let Some(routing) = &canary.traffic_routing else {
        if let Some(delay) = canary.scale_down_delay_seconds {
            errors.push(FieldError::invalid(
                "scale-down-delay-needs-routing",
                at.child("scaleDownDelaySeconds"),
                delay,
                "Canary scaleDownDelaySeconds can only be used with traffic routing",
            ));
        }
        if dynamic {
            errors.push(FieldError::invalid(
                "dynamic-stable-scale-needs-routing",
                at.child("dynamicStableScale"),
                true,
                "Canary dynamicStableScale can only be used with traffic routing",
            ));
        }
        return;
    };
    if dynamic && canary.scale_down_delay_seconds.is_some() {
        errors.push(FieldError::invalid(
            "dynamic-stable-scale-with-delay",
            at.child("dynamicStableScale"),
            true,
            "Canary dynamicStableScale cannot be used with scaleDownDelaySeconds",
        ));
    }
    if let Some(weight) = routing.max_traffic_weight
        && routing.nginx.is_none()
        && !has_plugins(routing)
    {
        errors.push(FieldError::invalid(
            "max-traffic-weight-router",
            at.child("trafficRouting.maxTrafficWeight"),
            weight,
            "Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins",
        ));
    }
}
