//! The ingresses of ALB and NGINX (`getReferencedIngresses`, `ValidateIngress`).

use crate::spec::canary::CanaryStrategy;
use crate::spec::{Ingress, wire};

use super::super::field_error::{FieldError, Place};
use super::{Check, Wanted};

/// How one router names its ingresses.
struct Named<'a> {
    /// The router's field below `trafficRouting`.
    router: &'static str,
    /// The field with a single name and how the errors call it.
    single: (&'static str, &'static str, Option<&'a str>),
    /// The field with several names, how a failed lookup calls it, and how the errors call it.
    several: (&'static str, &'static str, &'static str, &'a [String]),
    /// The service that one of the rules must have.
    service: &'a str,
}

impl<'a> Check<'a> {
    pub(super) fn ingresses(&mut self) {
        let Some(canary) = self.canary() else {
            return;
        };
        let nginx = nginx(canary);
        let alb = alb(canary);
        let nginx_fits = nginx
            .as_ref()
            .is_none_or(|named| self.is_exactly_one(named));
        let alb_fits = alb.as_ref().is_none_or(|named| self.is_exactly_one(named));
        // With both, Argo looks up those of ALB only.
        let looked_up = match &alb {
            Some(named) => alb_fits.then_some(named),
            None => nginx.as_ref().filter(|_| nginx_fits),
        };
        let Some(named) = looked_up else {
            return;
        };
        let routing = Place::new("spec.strategy.canary.trafficRouting").child(named.router);
        let (several, failed_field, _, ingresses) = named.several;
        if ingresses.is_empty() {
            let (field, _, name) = named.single;
            let name = name.unwrap_or_default();
            self.ingress(
                name,
                routing.child(field),
                &wire::quote(name),
                nginx.as_ref(),
                named,
            );
        }
        for (index, name) in ingresses.iter().enumerate() {
            let at = routing
                .child_with_document(failed_field, several)
                .item_in_document(index);
            self.ingress(name, at, &wire::json(&ingresses), nginx.as_ref(), named);
        }
    }

    fn ingress(
        &mut self,
        name: &str,
        at: Place,
        value: &str,
        nginx: Option<&Named<'a>>,
        named: &Named<'a>,
    ) {
        let namespace = self.namespace;
        let Some(ingress) = self.objects.ingress(namespace, name) else {
            let resource = "ingress.networking.k8s.io";
            self.not_found(
                &Wanted {
                    kind: "Ingress",
                    resource,
                    namespace,
                    name,
                },
                at,
                value,
            );
            return;
        };
        // Argo asks NGINX first whether the ingress is its own.
        let is_of = |named: &&Named<'_>| {
            named.single.2.unwrap_or_default() == name
                || named.several.3.iter().any(|other| other == name)
        };
        let owner = nginx.filter(is_of).unwrap_or(named);
        if has_rule_with(ingress, owner.service) {
            return;
        }
        let several = owner.several.3.iter().position(|other| other == name);
        let routing = Place::new("spec.strategy.canary.trafficRouting").child(owner.router);
        let at = match several {
            Some(index) => routing.child(owner.several.0).item_in_document(index),
            None => routing.child(owner.single.0),
        };
        let service = owner.service;
        let detail = format!("ingress `{name}` has no rules using service {service} backend");
        let name = wire::quote(name);
        self.findings
            .push(FieldError::invalid("ingress-backend", at, name, detail));
    }

    /// One field or the other (`ValidateRolloutNginxIngressesConfig`,
    /// `ValidateRolloutAlbIngressesConfig`).
    fn is_exactly_one(&mut self, named: &Named<'_>) -> bool {
        let has_single = named.single.2.is_some_and(|name| !name.is_empty());
        let has_several = !named.several.3.is_empty();
        if has_single != has_several {
            return true;
        }
        let verdict = if has_single {
            "Both are configured."
        } else {
            "Neither are configured."
        };
        let (single, several) = (named.single.1, named.several.2);
        let at = Place::new("spec.strategy.canary.trafficRouting").child(named.router);
        let detail = format!("Either {single} or {several} must be configured. {verdict}");
        self.fail(FieldError::internal("ingress-ambiguous", at, detail));
        false
    }
}

fn nginx(canary: &CanaryStrategy) -> Option<Named<'_>> {
    let nginx = canary.traffic_routing.as_ref()?.nginx.as_ref()?;
    let several = nginx.stable_ingresses.as_deref().unwrap_or_default();
    Some(Named {
        router: "nginx",
        single: (
            "stableIngress",
            "StableIngress",
            nginx.stable_ingress.as_deref(),
        ),
        several: (
            "stableIngresses",
            "StableIngresses",
            "StableIngresses",
            several,
        ),
        service: canary.stable_service.as_deref().unwrap_or_default(),
    })
}

fn alb(canary: &CanaryStrategy) -> Option<Named<'_>> {
    let alb = canary.traffic_routing.as_ref()?.alb.as_ref()?;
    let several = alb.ingresses.as_deref().unwrap_or_default();
    let root_service = alb.root_service.as_deref().filter(|name| !name.is_empty());
    Some(Named {
        router: "alb",
        single: ("ingress", "Ingress", alb.ingress.as_deref()),
        several: ("ingresses", "ingresses", "Ingresses", several),
        service: root_service
            .or(canary.stable_service.as_deref())
            .unwrap_or_default(),
    })
}

/// Whether one of the rules has that service (`ingress.go: HasRuleWithService`). A back end that is
/// no service crashes Argo; here it is passed over.
fn has_rule_with(ingress: &Ingress, service: &str) -> bool {
    let rules = ingress
        .spec
        .iter()
        .flat_map(|spec| spec.rules.iter().flatten());
    let mut paths = rules.flat_map(|rule| {
        rule.http
            .iter()
            .flat_map(|http| http.paths.iter().flatten())
    });
    paths.any(|path| {
        path.backend
            .as_ref()
            .is_some_and(|backend| backend.service_name() == service)
    })
}
