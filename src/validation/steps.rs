//! The rules for the steps of a canary (`validation.go: ValidateRolloutStrategyCanary`).

use crate::spec::analysis::AnalysisRunArgument;
use crate::spec::canary::{
    CanaryStep, CanaryStrategy, RolloutPause, SetHeaderRoute, SetMirrorRoute, StringMatch,
};
use crate::spec::traffic::RolloutTrafficRouting;
use crate::spec::{Rollout, wire};
use crate::template::arguments;

use super::canary::has_plugins;
use super::field_error::{FieldError, Place};
use super::rollout::missing_field;

const STEP_MESSAGE: &str = "Step must have one of the following set: experiment, setWeight, \
    setCanaryScale, plugin or pause";

pub(super) fn errors(
    rollout: &Rollout,
    canary: &CanaryStrategy,
    step: &CanaryStep,
    at: &Place,
    errors: &mut Vec<FieldError>,
) {
    let routing = canary.traffic_routing.as_ref();
    // Argo reports what a router lacks at the router, not at the step that needs it.
    let routing_at = Place::with_document(
        "spec.strategy.trafficRouting",
        "spec.strategy.canary.trafficRouting",
    );
    step_kind(step, at, errors);
    weight_and_pause(step, routing, at, errors);
    if step.set_canary_scale.is_some() && routing.is_none() {
        errors.push(FieldError::required(
            "canary-scale-needs-routing",
            routing_at.clone(),
            "SetCanaryScale requires TrafficRouting to be set",
        ));
    }
    if let Some(header) = &step.set_header_route {
        header_route(header, routing, &at.child("setHeaderRoute"), errors);
    }
    if let Some(mirror) = &step.set_mirror_route {
        mirror_route(mirror, routing, &at.child("setMirrorRoute"), errors);
    }
    if let Some(routing) = routing {
        managed_routes(step, routing, at, &routing_at, errors);
    }
    experiment_weights(step, routing, at, errors);
    analysis_arguments(rollout, step, at, errors);
}

/// Exactly one kind of step. Argo counts only the four oldest kinds here (`hasMultipleStepsType`).
fn step_kind(step: &CanaryStep, at: &Place, errors: &mut Vec<FieldError>) {
    let (weight, pause) = (step.set_weight.is_some(), step.pause.is_some());
    let (experiment, analysis) = (step.experiment.is_some(), step.analysis.is_some());
    let old_kinds = [weight, pause, experiment, analysis];
    if 1 < old_kinds.iter().filter(|is_set| **is_set).count() {
        let value = format!(
            "step.Experiment: {experiment} step.Pause: {pause} step.SetWeight: {weight} \
             step.Analysis: {analysis}"
        );
        errors.push(FieldError::invalid(
            "step-kind",
            at.clone(),
            wire::quote(&value),
            STEP_MESSAGE,
        ));
    }
    if *step == CanaryStep::default() {
        // Here Argo says of each kind whether it is absent.
        let value = "step.Experiment: true step.Pause: true step.SetWeight: true step.Analysis: \
            true \
                     step.SetCanaryScale: true step.SetHeaderRoute: true step.SetMirrorRoute: true \
                     step.Plugin: true";
        errors.push(FieldError::invalid(
            "step-kind",
            at.clone(),
            wire::quote(value),
            STEP_MESSAGE,
        ));
    }
}

fn weight_and_pause(
    step: &CanaryStep,
    routing: Option<&RolloutTrafficRouting>,
    at: &Place,
    errors: &mut Vec<FieldError>,
) {
    let weight_max = routing
        .and_then(|routing| routing.max_traffic_weight)
        .unwrap_or(100);
    if let Some(weight) = step
        .set_weight
        .filter(|weight| *weight < 0 || weight_max < *weight)
    {
        errors.push(FieldError::invalid(
            "set-weight-range",
            at.child("setWeight"),
            weight,
            format!("SetWeight needs to be between 0 and {weight_max}"),
        ));
    }
    let seconds = step
        .pause
        .as_ref()
        .map_or(0, RolloutPause::duration_seconds);
    if seconds < 0 {
        errors.push(FieldError::invalid(
            "pause-duration",
            at.child("pause.duration"),
            seconds,
            "Duration needs to be greater than 0",
        ));
    }
}

fn header_route(
    header: &SetHeaderRoute,
    routing: Option<&RolloutTrafficRouting>,
    at: &Place,
    errors: &mut Vec<FieldError>,
) {
    let able = routing.filter(|routing| {
        routing.istio.is_some()
            || routing.alb.is_some()
            || routing.apisix.is_some()
            || has_plugins(routing)
    });
    let Some(routing) = able else {
        errors.push(FieldError::invalid(
            "header-route-router",
            at.clone(),
            wire::json(header),
            "SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix",
        ));
        return;
    };
    for (index, rule) in header.r#match.iter().flatten().enumerate() {
        let at = at
            .child("match")
            .index(index)
            .deeper_in_document("headerValue");
        let value = rule.header_value.as_ref();
        if routing.alb.is_some() {
            errors.extend(alb_match(value, at));
        } else {
            errors.extend(exactly_one_match(value, at));
        }
    }
}

fn mirror_route(
    mirror: &SetMirrorRoute,
    routing: Option<&RolloutTrafficRouting>,
    at: &Place,
    errors: &mut Vec<FieldError>,
) {
    if !routing.is_some_and(|routing| routing.istio.is_some() || has_plugins(routing)) {
        errors.push(FieldError::invalid(
            "mirror-route-router",
            at.clone(),
            wire::json(mirror),
            "SetMirrorRoute requires TrafficRouting, supports Istio and Plugins",
        ));
    }
    for (index, rule) in mirror.r#match.iter().flatten().enumerate() {
        let at = at.child("match").index(index);
        // Argo looks at the method twice and never at the headers.
        let looks = [
            ("method", &rule.method),
            ("path", &rule.path),
            ("method", &rule.method),
        ];
        for (field, value) in looks {
            if value.is_some() {
                errors.extend(exactly_one_match(
                    value.as_ref(),
                    at.deeper_in_document(field),
                ));
            }
        }
    }
}

/// Routes that steps set must be declared (`ValidateStepRouteFoundInManagedRoute`).
fn managed_routes(
    step: &CanaryStep,
    routing: &RolloutTrafficRouting,
    at: &Place,
    routing_at: &Place,
    errors: &mut Vec<FieldError>,
) {
    let header = step
        .set_header_route
        .as_ref()
        .map(|route| ("setHeaderRoute", &route.name));
    let mirror = step
        .set_mirror_route
        .as_ref()
        .map(|route| ("setMirrorRoute", &route.name));
    let routes = || [header, mirror].into_iter().flatten();
    // An empty list reaches Argo's rules as none: the controller writes and reads the Rollout
    // before.
    let managed = routing
        .managed_routes
        .as_deref()
        .filter(|managed| !managed.is_empty());
    let Some(managed) = managed else {
        if routes().next().is_some() {
            errors.push(FieldError::required(
                "managed-routes-missing",
                routing_at.child("managedRoutes"),
                missing_field("spec.strategy.canary.trafficRouting.managedRoutes"),
            ));
        }
        return;
    };
    for (field, name) in routes() {
        let name = name.as_deref().unwrap_or_default();
        let is_managed = |route: &crate::spec::traffic::ManagedRoute| {
            route.name.as_deref().unwrap_or_default() == name
        };
        if !managed.iter().any(is_managed) {
            errors.push(FieldError::invalid(
                "managed-route-unknown",
                at.child(field).deeper_in_document("name"),
                wire::quote(name),
                "Steps define a route that does not exist in \
                 spec.strategy.canary.trafficRouting.managedRoutes",
            ));
        }
    }
}

fn experiment_weights(
    step: &CanaryStep,
    routing: Option<&RolloutTrafficRouting>,
    at: &Place,
    errors: &mut Vec<FieldError>,
) {
    let message = match routing {
        None => "Experiment template weight cannot be set unless TrafficRouting is enabled",
        Some(routing)
            if routing.alb.is_none()
                && routing.smi.is_none()
                && routing.istio.is_none()
                && !has_plugins(routing) =>
        {
            "Experiment template weight is only available for TrafficRouting with SMI, ALB, Istio \
             and Plugins at this time"
        }
        Some(_) => return,
    };
    let templates = step
        .experiment
        .iter()
        .flat_map(|experiment| experiment.templates.iter().flatten());
    for (index, template) in templates.enumerate() {
        if let Some(weight) = template.weight {
            errors.push(FieldError::invalid(
                "experiment-weight",
                at.child("experiment.templates")
                    .index(index)
                    .child("weight"),
                weight,
                message,
            ));
        }
    }
}

/// Fields of the metadata that arguments ask for must be some that pods could ask for, too.
fn analysis_arguments(
    rollout: &Rollout,
    step: &CanaryStep,
    at: &Place,
    errors: &mut Vec<FieldError>,
) {
    let mut args: Vec<(&AnalysisRunArgument, String)> = Vec::new();
    let analyses = step
        .experiment
        .iter()
        .flat_map(|experiment| experiment.analyses.iter().flatten());
    for (outer, analysis) in analyses.enumerate() {
        let place = |inner| format!("experiment.analyses[{outer}].args[{inner}]");
        let with_place = |(inner, arg)| (arg, place(inner));
        args.extend(analysis.args.iter().flatten().enumerate().map(with_place));
    }
    let inline = step
        .analysis
        .iter()
        .flat_map(|analysis| analysis.args.iter().flatten());
    args.extend(
        inline
            .enumerate()
            .map(|(inner, arg)| (arg, format!("analysis.args[{inner}]"))),
    );
    let all: Vec<_> = args.iter().map(|(arg, _)| *arg).collect();
    for (arg, place) in &args {
        let reference = arg
            .value_from
            .as_ref()
            .and_then(|from| from.field_ref.as_ref());
        let path = reference.map(|field| field.field_path.as_deref().unwrap_or_default());
        let Some(path) = path.filter(|path| path.starts_with("metadata")) else {
            continue;
        };
        if arguments::metadata_field(rollout.metadata.as_ref(), path).is_err() {
            errors.push(FieldError::invalid(
                "analysis-argument-field",
                at.child_with_document(
                    "analyses",
                    &format!("{place}.valueFrom.fieldRef.fieldPath"),
                ),
                wire::json(&all),
                "Analyses arguments must refer to valid object metadata supported by downwardAPI",
            ));
        }
    }
}

/// ALB compares headers for equality only (`hasALBInvalidValues`).
fn alb_match(value: Option<&StringMatch>, at: Place) -> Option<FieldError> {
    let Some(value) = value else {
        return Some(match_missing(at, "null"));
    };
    let fits =
        !wire::is_zero(&value.exact) && wire::is_zero(&value.regex) && wire::is_zero(&value.prefix);
    (!fits).then(|| {
        FieldError::invalid(
            "header-route-alb",
            at,
            wire::json(value),
            "SetHeaderRoute match value invalid. ALB supports 'exact' value only",
        )
    })
}

/// One way of comparing (`hasMultipleMatchValues`).
fn exactly_one_match(value: Option<&StringMatch>, at: Place) -> Option<FieldError> {
    let Some(value) = value else {
        return Some(match_missing(at, "null"));
    };
    let ways = [&value.exact, &value.regex, &value.prefix];
    match ways.into_iter().filter(|way| !wire::is_zero(way)).count() {
        0 => Some(match_missing(at, &wire::json(value))),
        1 => None,
        _ => Some(FieldError::invalid(
            "match-ambiguous",
            at,
            wire::json(value),
            "StringMatch match value must have exactly one of the following: exact, regex, prefix",
        )),
    }
}

fn match_missing(at: Place, value: &str) -> FieldError {
    FieldError::invalid(
        "match-missing",
        at,
        value,
        "StringMatch value missed, match value must have one of the following: exact, regex, \
         prefix",
    )
}
