//! Following `workloadRef` to the pod template (`rollout/templateref.go: Resolve`).

use serde_json::Value;

use crate::spec::Rollout;
use crate::spec::metadata::{LabelSelector, PodTemplateSpec};
use crate::spec::rollout::ObjectRef;
use crate::spec::wire;

use super::field_error::{FieldError, Place};

/// What a Rollout takes from the workload it refers to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Workload {
    /// The workload's pod template.
    pub template: Option<PodTemplateSpec>,
    /// The workload's selector; `PodTemplate` has none.
    pub selector: Option<LabelSelector>,
}

/// The Rollout with the pod template of the workload it refers to, and with its selector unless the
/// Rollout has one. Without `workloadRef` it is the Rollout as written.
///
/// `find` gets API group, kind, namespace and name.
///
/// # Errors
///
/// A template beside the reference, a kind that Argo does not support, and a workload that does not
/// exist. The condition `InvalidSpec` shows the error's `detail` alone after `The Rollout "web" is
/// invalid: `.
pub fn resolve_workload(
    rollout: &Rollout,
    find: impl FnOnce(&str, &str, &str, &str) -> Option<Workload>,
) -> Result<Rollout, FieldError> {
    let Some(reference) = rollout
        .spec
        .as_ref()
        .and_then(|spec| spec.workload_ref.as_ref())
    else {
        return Ok(rollout.clone());
    };
    let mut resolved = rollout.clone();
    let spec = resolved.spec.get_or_insert_default();
    if !spec.has_empty_template() {
        let detail = "template must be empty for workload reference rollout";
        return Err(invalid("workload-template", reference, detail));
    }
    let api_version = reference.api_version.as_deref().unwrap_or_default();
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    let kind = reference.kind.as_deref().unwrap_or_default();
    let resource = match (group, kind) {
        ("", "PodTemplate") => "podtemplates",
        ("apps", "Deployment") => "deployments.apps",
        ("apps", "ReplicaSet") => "replicasets.apps",
        _ => {
            let detail = format!("workload of type {group}/{kind} is not supported");
            return Err(invalid("workload-kind", reference, &detail));
        }
    };
    let namespace = rollout
        .metadata
        .as_ref()
        .map_or("default", |metadata| metadata.namespace());
    let name = reference.name.as_deref().unwrap_or_default();
    let Some(workload) = find(group, kind, namespace, name) else {
        let key = wire::quote(&format!("{namespace}/{name}"));
        let detail = format!("{resource} {key} not found");
        return Err(invalid("workload-missing", reference, &detail));
    };
    if workload.template.is_some() {
        spec.template = workload.template;
    }
    if spec.selector.is_none() {
        spec.selector = workload.selector;
    }
    Ok(resolved)
}

fn invalid(rule: &'static str, reference: &ObjectRef, detail: &str) -> FieldError {
    FieldError::invalid(
        rule,
        Place::new("spec.workloadRef"),
        wire::json(reference),
        detail,
    )
}

/// The workload that a JSON object of one of the supported kinds is.
impl From<&Value> for Workload {
    fn from(object: &Value) -> Self {
        let holder = object.get("spec").unwrap_or(object);
        let part = |key| holder.get(key).cloned();
        Workload {
            template: part("template").and_then(|part| serde_json::from_value(part).ok()),
            selector: part("selector").and_then(|part| serde_json::from_value(part).ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(spec: &str, workload: Option<&str>) -> Result<Rollout, String> {
        let rollout: Rollout =
            serde_yaml::from_str(&format!("{{metadata: {{name: web}}, {spec}}}"))
                .expect("a Rollout");
        let workload = workload
            .map(|yaml| Workload::from(&serde_yaml::from_str::<Value>(yaml).expect("a workload")));
        resolve_workload(&rollout, |_, _, _, _| workload).map_err(|error| error.detail)
    }

    const REFERENCE: &str = "workloadRef: {apiVersion: apps/v1, kind: Deployment, name: d}";

    #[test]
    fn template_and_selector_come_from_the_workload() {
        let deployment =
            "spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}}";
        let resolved =
            resolve(&format!("spec: {{{REFERENCE}}}"), Some(deployment)).expect("a workload");
        let spec = resolved.spec.expect("a specification");
        assert_eq!(spec.template.expect("a template").label("a"), Some("b"));
        assert!(
            spec.selector
                .is_some_and(|selector| selector.match_labels.is_some())
        );
    }

    #[test]
    fn errors_are_those_of_the_controller() {
        assert_eq!(
            resolve(&format!("spec: {{{REFERENCE}}}"), None),
            Err("deployments.apps \"default/d\" not found".to_owned())
        );
        assert_eq!(
            resolve(
                "spec: {workloadRef: {apiVersion: batch/v1, kind: Job, name: j}}",
                None
            ),
            Err("workload of type batch/Job is not supported".to_owned())
        );
        let both = format!("spec: {{{REFERENCE}, template: {{metadata: {{labels: {{a: b}}}}}}}}");
        assert_eq!(
            resolve(&both, None),
            Err("template must be empty for workload reference rollout".to_owned())
        );
    }
}
