//! The rules for a Rollout by itself (`validation.go: ValidateRollout`).

use crate::spec::Rollout;
use crate::spec::metadata::PodTemplateSpec;
use crate::spec::rollout::{AntiAffinity, RolloutSpec};
use crate::spec::wire;

use super::field_error::{FieldError, Place};
use super::{blue_green, canary, labels, pod_template};

/// Where the pod template of a Rollout comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateOrigin {
    /// The user wrote it, or wrote none.
    Written,
    /// A workload provides it: the controller has followed `workloadRef`
    /// (`RolloutSpec.TemplateResolvedFromRef`).
    Workload,
}

/// All errors of a Rollout as written, in Argo's order. The first is what the controller would
/// report.
#[must_use]
pub fn validate_rollout(rollout: &Rollout) -> Vec<FieldError> {
    validate_rollout_with(rollout, TemplateOrigin::Written)
}

/// All errors of a Rollout whose pod template may come from a workload, in Argo's order.
#[must_use]
pub fn validate_rollout_with(rollout: &Rollout, origin: TemplateOrigin) -> Vec<FieldError> {
    let absent = RolloutSpec::default();
    let spec = rollout.spec.as_ref().unwrap_or(&absent);
    let at = Place::new("spec");
    let mut errors = Vec::new();
    nonnegative("replicas", spec.replicas.unwrap_or(1), &at, &mut errors);
    selector_and_template(spec, origin, &at, &mut errors);
    let min_ready_seconds = spec.min_ready_seconds.unwrap_or_default();
    nonnegative("minReadySeconds", min_ready_seconds, &at, &mut errors);
    nonnegative(
        "revisionHistoryLimit",
        revision_history_limit(spec),
        &at,
        &mut errors,
    );
    let deadline = spec.progress_deadline_seconds.unwrap_or(600);
    nonnegative("progressDeadlineSeconds", deadline, &at, &mut errors);
    if deadline <= min_ready_seconds {
        errors.push(FieldError::invalid(
            "progress-deadline",
            at.child("progressDeadlineSeconds"),
            deadline,
            "must be greater than minReadySeconds",
        ));
    }
    strategy(rollout, spec, &mut errors);
    errors
}

/// Old `ReplicaSets` to keep (`defaults.go: GetRevisionHistoryLimitOrDefault`).
pub(super) fn revision_history_limit(spec: &RolloutSpec) -> i32 {
    spec.revision_history_limit.unwrap_or(10)
}

/// Errors of anti-affinity in either strategy (`ValidateRolloutStrategyAntiAffinity`).
pub(super) fn anti_affinity(
    anti_affinity: Option<&AntiAffinity>,
    at: &Place,
    errors: &mut Vec<FieldError>,
) {
    let Some(anti_affinity) = anti_affinity else {
        return;
    };
    let preferred = &anti_affinity.preferred_during_scheduling_ignored_during_execution;
    let required = &anti_affinity.required_during_scheduling_ignored_during_execution;
    if preferred.is_some() == required.is_some() {
        let value = format!(
            "antiAffinity.PreferredDuringSchedulingIgnoredDuringExecution: {} \
             antiAffinity.RequiredDuringSchedulingIgnoredDuringExecution: {}",
            preferred.is_some(),
            required.is_some()
        );
        errors.push(FieldError::invalid(
            "anti-affinity-kind",
            at.clone(),
            wire::quote(&value),
            "AntiAffinity must have exactly one strategy listed",
        ));
    }
    let weight = preferred
        .as_ref()
        .map(|preferred| preferred.weight.unwrap_or_default());
    if let Some(weight) = weight.filter(|weight| !(1..=100).contains(weight)) {
        errors.push(FieldError::invalid(
            "anti-affinity-weight",
            at.child_with_document(
                "weight",
                "preferredDuringSchedulingIgnoredDuringExecution.weight",
            ),
            weight,
            "AntiAffinity weight must be between 1-100",
        ));
    }
}

fn nonnegative(field: &str, value: i32, at: &Place, errors: &mut Vec<FieldError>) {
    if value < 0 {
        errors.push(FieldError::invalid(
            "nonnegative",
            at.child(field),
            value,
            "must be greater than or equal to 0",
        ));
    }
}

fn selector_and_template(
    spec: &RolloutSpec,
    origin: TemplateOrigin,
    at: &Place,
    errors: &mut Vec<FieldError>,
) {
    let selector_at = at.child("selector");
    let selector = spec.selector.as_ref();
    match selector {
        _ if spec.workload_ref.is_some() => {}
        None => errors.push(FieldError::required(
            "selector-missing",
            selector_at.clone(),
            missing_field(".spec.selector"),
        )),
        Some(selector) => {
            errors.extend(labels::selector_errors(selector, &selector_at));
            if wire::is_zero(&selector.match_labels) && wire::is_zero(&selector.match_expressions) {
                errors.push(FieldError::invalid(
                    "selector-empty",
                    selector_at.clone(),
                    wire::json(selector),
                    "empty selector is invalid for deployment",
                ));
            }
        }
    }
    let is_written = origin == TemplateOrigin::Written;
    if is_written && spec.workload_ref.is_some() && !spec.has_empty_template() {
        errors.push(FieldError::internal(
            "workload-template",
            at.child("template"),
            "template must be empty for workload reference rollout",
        ));
    }
    if let Some(selector) = selector.filter(|selector| !labels::is_usable(selector)) {
        errors.push(FieldError::invalid(
            "selector-invalid",
            selector_at,
            wire::json(selector),
            "invalid label selector",
        ));
    } else if !is_written || spec.workload_ref.is_none() {
        let absent = PodTemplateSpec::default();
        let template = spec.template.as_ref().unwrap_or(&absent);
        errors.extend(pod_template::errors(
            template,
            selector,
            &at.child("template"),
        ));
    }
}

fn strategy(rollout: &Rollout, spec: &RolloutSpec, errors: &mut Vec<FieldError>) {
    let strategy = spec.strategy.clone().unwrap_or_default();
    let both = Place::with_document("spec.strategy.strategy", "spec.strategy");
    match (&strategy.blue_green, &strategy.canary) {
        (None, None) => errors.push(FieldError::required(
            "strategy-missing",
            both,
            missing_field(".spec.strategy.canary or .spec.strategy.blueGreen"),
        )),
        (Some(_), Some(_)) => errors.push(FieldError::invalid(
            "strategy-ambiguous",
            both,
            wire::quote("blueGreen: true canary: true"),
            "Multiple Strategies can not be listed",
        )),
        (Some(blue_green), None) => blue_green::errors(spec, blue_green, errors),
        (None, Some(canary)) => canary::errors(rollout, canary, errors),
    }
}

pub(super) fn missing_field(field: &str) -> String {
    format!("Rollout has missing field '{field}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(spec: &str) -> Vec<FieldError> {
        let base = "selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: \
            web}}, \
                    spec: {containers: [{name: web, image: web:v1}]}}";
        let rollout = serde_yaml::from_str(&format!("{{spec: {{{base}, {spec}}}}}"));
        validate_rollout(&rollout.expect("a Rollout"))
    }

    #[test]
    fn errors_know_where_the_document_has_the_field() {
        for (spec, path) in [
            (
                "strategy: {canary: {steps: [{setWeight: 101}]}}",
                "canary.steps[0].setWeight",
            ),
            (
                "strategy: {canary: {pingPong: {pingService: a, pongService: b}, trafficRouting: \
                 {smi: {}}, \
                 stableService: s, canaryService: c}}",
                "canary.trafficRouting",
            ),
            (
                "strategy: {blueGreen: {activeService: a, previewService: a}}",
                "blueGreen.activeService",
            ),
            (
                "strategy: {canary: {antiAffinity: \
                 {preferredDuringSchedulingIgnoredDuringExecution: \
                 {weight: 0}}}}",
                "canary.antiAffinity.preferredDuringSchedulingIgnoredDuringExecution.weight",
            ),
            (
                "strategy: {canary: {steps: [{analysis: {args: [{name: a}, {name: b, valueFrom: \
                 {fieldRef: {fieldPath: metadata.x}}}]}}]}}",
                "canary.steps[0].analysis.args[1].valueFrom.fieldRef.fieldPath",
            ),
        ] {
            let found = errors(spec);
            let paths: Vec<_> = found
                .iter()
                .map(|error| error.document_path.as_str())
                .collect();
            assert_eq!(paths, [format!("spec.strategy.{path}")], "{found:?}");
        }
    }

    #[test]
    fn arguments_are_printed_as_json() {
        let found = errors(
            "strategy: {canary: {steps: [{analysis: {args: [{name: a, value: <1>}, {name: b, \
             valueFrom: \
             {fieldRef: {fieldPath: metadata.x}}}]}}]}}",
        );
        assert_eq!(
            found[0].to_string(),
            concat!(
                r#"spec.strategy.steps[0].analyses: Invalid value: "#,
                r#"[{"name":"a","value":"\u003c1\u003e"},"#,
                r#"{"name":"b","valueFrom":{"fieldRef":{"fieldPath":"metadata.x"}}}]: "#,
                "Analyses arguments must refer to valid object metadata supported by downwardAPI"
            )
        );
    }

    #[test]
    fn a_template_beside_a_workload_is_wrong_only_as_written() {
        let yaml = "{spec: {workloadRef: {kind: Deployment}, template: {metadata: {labels: {a: \
            b}}, spec: \
                    {containers: [{name: a, image: b}]}}, selector: {matchLabels: {a: b}}, \
                    strategy: \
                    {canary: {}}}}";
        let rollout: Rollout = serde_yaml::from_str(yaml).expect("a Rollout");
        let written = validate_rollout(&rollout);
        assert_eq!(
            written.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "spec.template: Internal error: template must be empty for workload reference \
                 rollout"
            ]
        );
        assert_eq!(
            validate_rollout_with(&rollout, TemplateOrigin::Workload),
            []
        );
    }

    #[test]
    fn an_empty_rollout_has_errors_but_does_not_panic() {
        assert_eq!(validate_rollout(&Rollout::default()).len(), 4);
    }
}
