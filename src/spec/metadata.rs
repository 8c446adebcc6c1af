//! What every Kubernetes object carries: metadata, label selectors and pod templates.
//!
//! Knows the shape of these parts. Refuses to know what labels mean. Simplifies the pod's own
//! specification: it is kept whole as JSON, with accessors for what a release changes (images).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::{is_zero, or_zero};

/// Metadata of an object, as Kubernetes defines it. Only names, labels and annotations matter to a
/// release; the rest is what `kubectl get -o yaml` prints.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectMeta {
    #[serde(skip_serializing_if = "is_zero")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub generate_name: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub namespace: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub self_link: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub uid: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub resource_version: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub generation: Option<i64>,
    /// Time of creation, RFC 3339, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_timestamp: Option<String>,
    /// Time a deleted object may still take to go \[s\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_grace_period_seconds: Option<i64>,
    #[serde(skip_serializing_if = "is_zero")]
    pub labels: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub annotations: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub owner_references: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub finalizers: Option<Vec<String>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub cluster_name: Option<String>,
    /// Who set which field, opaque.
    #[serde(skip_serializing_if = "is_zero")]
    pub managed_fields: Option<Vec<Value>>,
}

impl ObjectMeta {
    /// The object's name, empty when none is written.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// The object's namespace; `default` when none is written, as for `kubectl apply`.
    #[must_use]
    pub fn namespace(&self) -> &str {
        match self.namespace.as_deref() {
            None | Some("") => "default",
            Some(namespace) => namespace,
        }
    }

    /// The value of a label, if it is set.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.as_ref()?.get(key).map(String::as_str)
    }

    /// The value of an annotation, if it is set.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.as_ref()?.get(key).map(String::as_str)
    }
}

/// Which objects something concerns, by their labels. All requirements must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelector {
    #[serde(skip_serializing_if = "is_zero")]
    pub match_labels: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub match_expressions: Option<Vec<LabelSelectorRequirement>>,
}

/// One requirement of a selector.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelectorRequirement {
    #[serde(serialize_with = "or_zero", default)]
    pub key: Option<String>,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    #[serde(serialize_with = "or_zero", default)]
    pub operator: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub values: Option<Vec<String>>,
}

/// Describes the pods of a revision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodTemplateSpec {
    #[serde(serialize_with = "or_zero", default)]
    pub metadata: Option<ObjectMeta>,
    /// The pod's specification, whole and opaque.
    #[serde(serialize_with = "or_zero", default)]
    pub spec: Option<Value>,
}

impl PodTemplateSpec {
    /// Names and images of the containers, in order; an absent one is empty.
    pub fn images(&self) -> impl Iterator<Item = (&str, &str)> {
        let containers = self.spec.as_ref().and_then(|spec| spec.get("containers"));
        containers
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|container| {
                let text = |key| {
                    container
                        .get(key)
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                };
                (text("name"), text("image"))
            })
    }

    /// Gives the container of that name another image, or all containers when `container` is `*`;
    /// returns whether there was one (`kubectl argo rollouts set image`).
    pub fn set_image(&mut self, container: &str, image: &str) -> bool {
        let containers = self
            .spec
            .as_mut()
            .and_then(|spec| spec.get_mut("containers"))
            .and_then(Value::as_array_mut);
        let mut found = false;
        for candidate in containers.into_iter().flatten() {
            let name = candidate
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if (container == "*" || container == name) && candidate.is_object() {
                candidate["image"] = Value::String(image.to_owned());
                found = true;
            }
        }
        found
    }

    /// A label of the pods, if it is set.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.metadata.as_ref()?.label(key)
    }
}
