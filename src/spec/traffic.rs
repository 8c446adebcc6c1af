//! Traffic routing as its user writes it: every router that Argo Rollouts supports.
//!
//! Knows every field of `types.go: RolloutTrafficRouting`. Refuses to know what the routers do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::{is_zero, or_zero};

/// Which routers are told the weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutTrafficRouting {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub istio: Option<IstioTrafficRouting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nginx: Option<NginxTrafficRouting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alb: Option<AlbTrafficRouting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smi: Option<SmiTrafficRouting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ambassador: Option<AmbassadorTrafficRouting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_mesh: Option<AppMeshTrafficRouting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traefik: Option<TraefikTrafficRouting>,
    /// Routes that steps may set, in order of precedence.
    #[serde(skip_serializing_if = "is_zero")]
    pub managed_routes: Option<Vec<ManagedRoute>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apisix: Option<ApisixTrafficRouting>,
    /// Router plugins by name, with their opaque configuration.
    #[serde(skip_serializing_if = "is_zero")]
    pub plugins: Option<BTreeMap<String, Value>>,
    /// What all weights add up to. Argo's default is 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_traffic_weight: Option<i32>,
}

/// A route that steps may set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManagedRoute {
    #[serde(serialize_with = "or_zero", default)]
    pub name: Option<String>,
}

/// The AWS Load Balancer Controller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlbTrafficRouting {
    #[serde(skip_serializing_if = "is_zero")]
    pub ingress: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub service_port: Option<i32>,
    #[serde(skip_serializing_if = "is_zero")]
    pub root_service: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub annotation_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stickiness_config: Option<StickinessConfig>,
    #[serde(skip_serializing_if = "is_zero")]
    pub ingresses: Option<Vec<String>>,
}

/// Stickiness of target groups.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StickinessConfig {
    #[serde(serialize_with = "or_zero", default)]
    pub enabled: Option<bool>,
    /// How long a client stays with its target group \[s\].
    #[serde(serialize_with = "or_zero", default)]
    pub duration_seconds: Option<i64>,
}

/// Traefik.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TraefikTrafficRouting {
    #[serde(serialize_with = "or_zero", default)]
    pub weighted_traefik_service_name: Option<String>,
}

/// Apache APISIX.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApisixTrafficRouting {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<ApisixRoute>,
}

/// The `ApisixRoute` to change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApisixRoute {
    #[serde(serialize_with = "or_zero", default)]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub rules: Option<Vec<String>>,
}

/// Ambassador.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AmbassadorTrafficRouting {
    pub mappings: Option<Vec<String>>,
}

/// Service Mesh Interface.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SmiTrafficRouting {
    #[serde(skip_serializing_if = "is_zero")]
    pub root_service: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub traffic_split_name: Option<String>,
}

/// The NGINX ingress controller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NginxTrafficRouting {
    #[serde(skip_serializing_if = "is_zero")]
    pub annotation_prefix: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub stable_ingress: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub additional_ingress_annotations: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub stable_ingresses: Option<Vec<String>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub canary_ingress_annotations: Option<BTreeMap<String, String>>,
}

/// Istio.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IstioTrafficRouting {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_service: Option<IstioVirtualService>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_rule: Option<IstioDestinationRule>,
    #[serde(skip_serializing_if = "is_zero")]
    pub virtual_services: Option<Vec<IstioVirtualService>>,
}

/// A `VirtualService` to change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IstioVirtualService {
    #[serde(serialize_with = "or_zero", default)]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub routes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub tls_routes: Option<Vec<TlsRoute>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub tcp_routes: Option<Vec<TcpRoute>>,
}

/// Selects TLS routes of a `VirtualService`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsRoute {
    #[serde(skip_serializing_if = "is_zero")]
    pub port: Option<i64>,
    #[serde(skip_serializing_if = "is_zero")]
    pub sni_hosts: Option<Vec<String>>,
}

/// Selects TCP routes of a `VirtualService`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TcpRoute {
    #[serde(skip_serializing_if = "is_zero")]
    pub port: Option<i64>,
}

/// A `DestinationRule` to change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IstioDestinationRule {
    #[serde(serialize_with = "or_zero", default)]
    pub name: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub canary_subset_name: Option<String>,
    #[serde(serialize_with = "or_zero", default)]
    pub stable_subset_name: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub additional_subset_names: Option<Vec<String>>,
}

/// AWS App Mesh.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppMeshTrafficRouting {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_service: Option<AppMeshVirtualService>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_node_group: Option<AppMeshVirtualNodeGroup>,
}

/// The virtual service to change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppMeshVirtualService {
    #[serde(serialize_with = "or_zero", default)]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub routes: Option<Vec<String>>,
}

/// The virtual nodes of the two revisions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppMeshVirtualNodeGroup {
    pub canary_virtual_node_ref: Option<AppMeshVirtualNodeReference>,
    pub stable_virtual_node_ref: Option<AppMeshVirtualNodeReference>,
}

/// A virtual node by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppMeshVirtualNodeReference {
    #[serde(serialize_with = "or_zero", default)]
    pub name: Option<String>,
}
