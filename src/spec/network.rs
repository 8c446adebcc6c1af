//! Objects that carry traffic: Service, Ingress, `VirtualService`, `DestinationRule`, and an opaque
//! form for the other routers' objects.
//!
//! Knows their fields as far as Argo Rollouts reads or changes them. Refuses to know how they
//! route. Simplifies what Argo only passes on, which is kept opaque.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::int_or_string::IntOrString;
use super::metadata::ObjectMeta;
use super::wire::{is_zero, or_zero};

/// A Service (`v1`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    #[serde(skip_serializing_if = "is_zero")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub kind: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub metadata: Option<ObjectMeta>,
    #[serde(serialize_with = "or_zero", default)]
    pub spec: Option<ServiceSpec>,
    /// What the cluster last reported, opaque.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Value>,
}

/// Which pods a Service reaches, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceSpec {
    #[serde(skip_serializing_if = "is_zero")]
    pub selector: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub ports: Option<Vec<Value>>,
    #[serde(rename = "clusterIP", skip_serializing_if = "is_zero")]
    pub cluster_ip: Option<String>,
    #[serde(rename = "clusterIPs", skip_serializing_if = "is_zero")]
    pub cluster_ips: Option<Vec<String>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub r#type: Option<String>,
    #[serde(rename = "externalIPs", skip_serializing_if = "is_zero")]
    pub external_ips: Option<Vec<String>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub session_affinity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_affinity_config: Option<Value>,
    #[serde(rename = "loadBalancerIP", skip_serializing_if = "is_zero")]
    pub load_balancer_ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer_class: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub load_balancer_source_ranges: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocate_load_balancer_node_ports: Option<bool>,
    #[serde(skip_serializing_if = "is_zero")]
    pub external_name: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub external_traffic_policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internal_traffic_policy: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub health_check_node_port: Option<i32>,
    #[serde(skip_serializing_if = "is_zero")]
    pub publish_not_ready_addresses: Option<bool>,
    #[serde(skip_serializing_if = "is_zero")]
    pub ip_families: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_family_policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic_distribution: Option<String>,
}

/// An Ingress (`networking.k8s.io/v1`, or `extensions/v1beta1` with its other form of back ends).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ingress {
    #[serde(skip_serializing_if = "is_zero")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub kind: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub metadata: Option<ObjectMeta>,
    #[serde(serialize_with = "or_zero", default)]
    pub spec: Option<IngressSpec>,
    /// What the cluster last reported, opaque.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Value>,
}

/// Which requests an Ingress sends where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngressSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress_class_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_backend: Option<IngressBackend>,
    /// The default back end in `extensions/v1beta1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<IngressBackend>,
    #[serde(skip_serializing_if = "is_zero")]
    pub tls: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub rules: Option<Vec<IngressRule>>,
}

/// Requests to one host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngressRule {
    #[serde(skip_serializing_if = "is_zero")]
    pub host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<IngressHttp>,
}

/// Paths of one host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngressHttp {
    pub paths: Option<Vec<IngressPath>>,
}

/// Requests to one path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngressPath {
    #[serde(skip_serializing_if = "is_zero")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_type: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub backend: Option<IngressBackend>,
}

/// Where requests go: to a service, or to another resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngressBackend {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<IngressServiceBackend>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<Value>,
    /// The service in `extensions/v1beta1`.
    #[serde(skip_serializing_if = "is_zero")]
    pub service_name: Option<String>,
    /// Its port in `extensions/v1beta1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_port: Option<IntOrString>,
}

impl IngressBackend {
    /// The service's name in either form, empty when the back end is no service.
    #[must_use]
    pub fn service_name(&self) -> &str {
        let service = self
            .service
            .as_ref()
            .and_then(|service| service.name.as_deref());
        service.or(self.service_name.as_deref()).unwrap_or_default()
    }
}

/// A service as back end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngressServiceBackend {
    #[serde(serialize_with = "or_zero", default)]
    pub name: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub port: Option<ServiceBackendPort>,
}

/// A port by name or number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceBackendPort {
    #[serde(skip_serializing_if = "is_zero")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub number: Option<i32>,
}

/// An Istio `VirtualService`. Its specification is opaque because Argo itself walks it untyped and
/// reports what does not fit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VirtualService {
    #[serde(skip_serializing_if = "is_zero")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub kind: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub metadata: Option<ObjectMeta>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<Value>,
    /// What the mesh last reported, opaque.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Value>,
}

/// An Istio `DestinationRule`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DestinationRule {
    #[serde(skip_serializing_if = "is_zero")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub kind: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub metadata: Option<ObjectMeta>,
    #[serde(serialize_with = "or_zero", default)]
    pub spec: Option<DestinationRuleSpec>,
    /// What the mesh last reported, opaque.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Value>,
}

/// Subsets of a host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DestinationRuleSpec {
    #[serde(skip_serializing_if = "is_zero")]
    pub host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic_policy: Option<Value>,
    #[serde(skip_serializing_if = "is_zero")]
    pub subsets: Option<Vec<Subset>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub export_to: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_selector: Option<Value>,
}

/// A named subset of a host's pods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subset {
    #[serde(skip_serializing_if = "is_zero")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub labels: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic_policy: Option<Value>,
}

/// Any other object that traffic routing refers to (`TraefikService`, `ApisixRoute`, Mapping,
/// `TrafficSplit`, `TargetGroupBinding`, `VirtualRouter`, `HTTPRoute` ...).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Opaque {
    #[serde(skip_serializing_if = "is_zero")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub kind: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub metadata: Option<ObjectMeta>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Value>,
}
