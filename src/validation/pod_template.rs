//! The rules for pod templates that users break most.
//!
//! Kubernetes has hundreds (`ValidatePodTemplateSpecForReplicaSet`); here are: the selector selects
//! the template, there are containers, each has a name and an image, and pods restart always. A
//! template that breaks another rule passes here and is refused by a real controller.

use serde_json::Value;

use crate::spec::metadata::{LabelSelector, PodTemplateSpec};
use crate::spec::wire;

use super::field_error::{FieldError, Place};
use super::labels;

/// Errors of a pod template that `selector` must select; no selector selects nothing.
pub(crate) fn errors(
    template: &PodTemplateSpec,
    selector: Option<&LabelSelector>,
    at: &Place,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let labels = template
        .metadata
        .as_ref()
        .and_then(|metadata| metadata.labels.clone());
    let is_selected = selector
        .is_some_and(|selector| labels::selects(selector, &labels.clone().unwrap_or_default()));
    if !is_selected {
        errors.push(FieldError::invalid(
            "template-labels",
            at.child("metadata.labels"),
            wire::json(&labels),
            "`selector` does not match template `labels`",
        ));
    }
    let containers = template
        .spec
        .as_ref()
        .and_then(|spec| spec.get("containers"));
    let containers = containers
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    if containers.is_empty() {
        let at = at.child("spec.containers");
        errors.push(FieldError::required("template-containers", at, ""));
    }
    for (index, container) in containers.iter().enumerate() {
        let at = at.child("spec.containers").index(index);
        for field in ["name", "image"] {
            let text = container
                .get(field)
                .and_then(Value::as_str)
                .unwrap_or_default();
            if text.is_empty() {
                errors.push(FieldError::required(
                    "template-containers",
                    at.child(field),
                    "",
                ));
            }
        }
    }
    let policy = template
        .spec
        .as_ref()
        .and_then(|spec| spec.get("restartPolicy"));
    match policy.and_then(Value::as_str) {
        None | Some("Always" | "") => {}
        Some(policy) => errors.push(FieldError::not_supported(
            "template-restart-policy",
            at.child("spec.restartPolicy"),
            wire::json(&policy),
            "supported values: \"Always\"",
        )),
    }
    errors
}
