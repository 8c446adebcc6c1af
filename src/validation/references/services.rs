//! The services of both strategies (`getReferencedServices`, `ValidateService`).

use crate::spec::{Service, wire};
use crate::template::POD_TEMPLATE_HASH_LABEL;

use super::super::field_error::{FieldError, Place};
use super::{Check, Wanted};

/// The annotation by which a Rollout claims a service (`types.go: ManagedByRolloutsKey`).
const MANAGED_BY: &str = "argo-rollouts.argoproj.io/managed-by-rollouts";

impl Check<'_> {
    pub(super) fn services(&mut self) {
        let Some(strategy) = self.strategy else {
            return;
        };
        if let Some(blue_green) = &strategy.blue_green {
            self.service(
                "blueGreen.activeService",
                blue_green.active_service.as_deref(),
            );
            self.service(
                "blueGreen.previewService",
                blue_green.preview_service.as_deref(),
            );
        } else if let Some(canary) = &strategy.canary {
            self.service("canary.stableService", canary.stable_service.as_deref());
            self.service("canary.canaryService", canary.canary_service.as_deref());
            if let Some(ping_pong) = &canary.ping_pong {
                self.service(
                    "canary.pingPong.pingService",
                    ping_pong.ping_service.as_deref(),
                );
                self.service(
                    "canary.pingPong.pongService",
                    ping_pong.pong_service.as_deref(),
                );
            }
        }
    }

    fn service(&mut self, field: &str, name: Option<&str>) {
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return;
        };
        let at = Place::new("spec.strategy").child(field);
        let namespace = self.namespace;
        if let Some(service) = self.objects.service(namespace, name) {
            self.check_service(service, name, &at);
        } else {
            let wanted = Wanted {
                kind: "Service",
                resource: "service",
                namespace,
                name,
            };
            self.not_found(&wanted, at, &wire::quote(name));
        }
    }

    fn check_service(&mut self, service: &Service, name: &str, at: &Place) {
        let quoted = wire::quote(name);
        let template = self
            .rollout
            .spec
            .as_ref()
            .and_then(|spec| spec.template.as_ref());
        let selector = service
            .spec
            .as_ref()
            .and_then(|spec| spec.selector.as_ref());
        for (key, value) in selector.into_iter().flatten() {
            let is_hash = key == POD_TEMPLATE_HASH_LABEL;
            if is_hash || template.and_then(|template| template.label(key)) == Some(value) {
                continue;
            }
            let key = wire::quote(key);
            let detail = format!("Service {quoted} has unmatch label {key} in rollout");
            self.findings.push(FieldError::invalid(
                "service-selector",
                at.clone(),
                &quoted,
                detail,
            ));
        }
        let manager = service
            .metadata
            .as_ref()
            .and_then(|meta| meta.annotation(MANAGED_BY));
        let own_name = self
            .rollout
            .metadata
            .as_ref()
            .map_or("", |metadata| metadata.name());
        if manager.is_some_and(|manager| manager != own_name) {
            let detail = format!("Service {quoted} is managed by another Rollout");
            self.findings.push(FieldError::invalid(
                "service-managed",
                at.clone(),
                &quoted,
                detail,
            ));
        }
    }
}
