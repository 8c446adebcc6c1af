//! The virtual router of AWS App Mesh (`getReferencedAppMeshResources`, `ValidateAppMeshResource`).

use serde_json::Value;

use crate::spec::{Opaque, wire};

use super::super::field_error::{FieldError, Place};
use super::{Check, ReferenceError, Wanted};

/// Where the Rollout refers to it all.
const DOCUMENT_PATH: &str = "spec.strategy.canary.trafficRouting.appMesh.virtualService";

impl Check<'_> {
    pub(super) fn app_mesh(&mut self) {
        let routing = self
            .canary()
            .and_then(|canary| canary.traffic_routing.as_ref());
        let Some(app_mesh) = routing.and_then(|routing| routing.app_mesh.as_ref()) else {
            return;
        };
        let field = "spec.strategy.canary.trafficRouting.appmesh.virtualService";
        let at = Place::with_document(field, DOCUMENT_PATH);
        let Some(reference) = &app_mesh.virtual_service else {
            let detail = "must provide virtual-service";
            self.fail(FieldError::invalid("app-mesh-service", at, "null", detail));
            return;
        };
        let name = reference.name.as_deref().unwrap_or_default();
        let namespace = self.namespace;
        let value = wire::quote(&format!("{name}.{namespace}"));
        let Some(service) = self.objects.opaque("VirtualService", namespace, name) else {
            let resource = "virtualservices.appmesh.k8s.aws";
            let wanted = Wanted {
                kind: "VirtualService",
                resource,
                namespace,
                name,
            };
            self.not_found(&wanted, at, &value);
            return;
        };
        let pointer = "/provider/virtualRouter/virtualRouterRef";
        let router = service.spec.as_ref().and_then(|spec| spec.pointer(pointer));
        let Some(router) = router.filter(|router| router.is_object()) else {
            self.lookups.push(ReferenceError::Reconcile {
                message: "Virtual-service is not associated with virtual-router".to_owned(),
                document_path: DOCUMENT_PATH.to_owned(),
            });
            return;
        };
        let text = |key| router.get(key).and_then(Value::as_str).unwrap_or_default();
        let own_namespace = service
            .metadata
            .as_ref()
            .map_or(namespace, |meta| meta.namespace());
        let router_namespace = Some(text("namespace")).filter(|written| !written.is_empty());
        let namespace = router_namespace.unwrap_or(own_namespace);
        let name = text("name");
        if let Some(found) = self.objects.opaque("VirtualRouter", namespace, name) {
            self.findings.extend(router_error(found, name));
        } else {
            let resource = "virtualrouters.appmesh.k8s.aws";
            let wanted = Wanted {
                kind: "VirtualRouter",
                resource,
                namespace,
                name,
            };
            self.not_found(&wanted, at, &value);
        }
    }
}

/// The first error of a virtual router (`ValidateAppMeshVirtualRouter`).
fn router_error(router: &Opaque, name: &str) -> Option<FieldError> {
    let at = |field: &str| Place::with_document(field, DOCUMENT_PATH);
    let error = |field: &str, detail: String| {
        Some(FieldError::invalid(
            "app-mesh-router",
            at(field),
            wire::quote(name),
            detail,
        ))
    };
    let written = router.spec.as_ref().and_then(|spec| spec.get("routes"));
    let all = written
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    if all.is_empty() {
        return error(
            "spec.routes",
            format!("No routes defined for AppMesh virtual-router {name}"),
        );
    }
    for (index, route) in all.iter().enumerate() {
        let field = format!("spec.routes[{index}]");
        let Value::Object(route) = route else {
            let detail = format!(
                "Invalid route was found for AppMesh virtual-router {name} at index {index}"
            );
            return error(&field, detail);
        };
        let route_name = route
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or("%!s(<nil>)");
        let kinds = ["httpRoute", "tcpRoute", "http2Route", "grpcRoute"];
        let rule = kinds
            .iter()
            .find_map(|kind| Some((kind, route.get(*kind)?)));
        let Some((kind, rule)) = rule else {
            let detail = format!(
                "Error getting route details for AppMesh virtual-router {name} and route \
                 {route_name}. Error: Route has unsupported route type"
            );
            return error(&field, detail);
        };
        let field = format!("{field}.{kind}.action.weightedTargets");
        let targets = rule
            .pointer("/action/weightedTargets")
            .and_then(Value::as_array);
        let Some(targets) = targets else {
            let detail = format!(
                "Invalid route action found for AppMesh virtual-router {name} and route \
                 {route_name}"
            );
            return error(&field, detail);
        };
        if targets.len() != 2 {
            let count = targets.len();
            let detail = format!(
                "Invalid number of weightedTargets ({count}) for AppMesh virtual-router {name} and \
                 route {route_name}, expected 2"
            );
            return error(&field, detail);
        }
    }
    None
}
