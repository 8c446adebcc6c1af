//! Istio's virtual services (`GetReferencedVirtualServices`, `ValidateVirtualService`).
//!
//! The routes that a Rollout shifts must exist and lead to both revisions; see also
//! `rollout/trafficrouting/istio/istio.go: ValidateHTTPRoutes` and its siblings.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::spec::canary::{CanaryStrategy, StringMatch};
use crate::spec::traffic::{
    IstioDestinationRule, IstioTrafficRouting, IstioVirtualService, ManagedRoute, TcpRoute,
    TlsRoute,
};
use crate::spec::{VirtualService, wire};

use super::super::field_error::{FieldError, Place};
use super::{Check, Wanted};

impl Check<'_> {
    pub(super) fn virtual_services(&mut self) {
        let Some(canary) = self.canary() else {
            return;
        };
        let Some(istio) = canary
            .traffic_routing
            .as_ref()
            .and_then(|routing| routing.istio.as_ref())
        else {
            return;
        };
        let at = Place::new("spec.strategy.canary.trafficRouting.istio");
        let several = istio.virtual_services.as_deref().unwrap_or_default();
        if several.is_empty() == istio.virtual_service.is_none() {
            let detail = "either VirtualService or VirtualServices must be configured";
            self.fail(FieldError::internal(
                "virtual-services-ambiguous",
                at,
                detail,
            ));
            return;
        }
        if let Some(single) = &istio.virtual_service {
            let at = at.child("virtualService.name");
            self.virtual_service(canary, istio, std::slice::from_ref(single), 0, &at);
        }
        for index in 0..several.len() {
            let in_document = format!("virtualServices[{index}].name");
            let at = at.child_with_document("virtualServices.name", &in_document);
            self.virtual_service(canary, istio, several, index, &at);
        }
    }

    fn virtual_service(
        &mut self,
        canary: &CanaryStrategy,
        istio: &IstioTrafficRouting,
        references: &[IstioVirtualService],
        index: usize,
        at: &Place,
    ) {
        let (namespace, name) = split_name(&references[index]);
        let namespace = namespace.unwrap_or_else(|| self.namespace.to_owned());
        let Some(object) = self.objects.virtual_service(&namespace, &name) else {
            let resource = "virtualservices.networking.istio.io";
            let (namespace, name) = (namespace.as_str(), name.as_str());
            let wanted = Wanted {
                kind: "VirtualService",
                resource,
                namespace,
                name,
            };
            self.not_found(&wanted, at.clone(), &wire::quote(name));
            return;
        };
        // Argo compares names without namespaces: the first reference of that name counts.
        let first = references
            .iter()
            .find(|reference| split_name(reference).1 == name);
        let reference = first.unwrap_or(&references[index]);
        let managed = canary
            .traffic_routing
            .as_ref()
            .and_then(|it| it.managed_routes.as_deref());
        let wants = Wants {
            stable: service(canary, Revision::Stable),
            canary: service(canary, Revision::Canary),
            rule: istio.destination_rule.as_ref(),
            managed: managed.unwrap_or_default(),
        };
        let error =
            |detail| FieldError::invalid("virtual-service", at.clone(), wire::quote(&name), detail);
        self.findings
            .extend(wants.errors(object, reference).into_iter().map(error));
    }
}

/// The namespace, if there is one, and the name that a reference means
/// (`utils/istio/istio.go: GetVirtualServiceNamespaceName`).
fn split_name(reference: &IstioVirtualService) -> (Option<String>, String) {
    let written = reference.name.as_deref().unwrap_or_default();
    let written = written.strip_suffix(".cluster.local").unwrap_or(written);
    match written.rsplit_once('.') {
        Some((name, namespace)) => (
            Some(namespace.to_owned()).filter(|name| !name.is_empty()),
            name.to_owned(),
        ),
        None => (None, written.to_owned()),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Revision {
    Stable,
    Canary,
}

/// The service of a revision; those of ping-pong where there are no others
/// (`GetStableAndCanaryServices`). Before the first release, pong is the stable one.
fn service(canary: &CanaryStrategy, revision: Revision) -> &str {
    let has_services =
        !wire::is_zero(&canary.stable_service) || !wire::is_zero(&canary.canary_service);
    let name = match (&canary.ping_pong, revision) {
        (Some(ping_pong), Revision::Stable) if !has_services => &ping_pong.pong_service,
        (Some(ping_pong), Revision::Canary) if !has_services => &ping_pong.ping_service,
        (_, Revision::Stable) => &canary.stable_service,
        (_, Revision::Canary) => &canary.canary_service,
    };
    name.as_deref().unwrap_or_default()
}

/// What routes must lead to.
struct Wants<'a> {
    stable: &'a str,
    canary: &'a str,
    rule: Option<&'a IstioDestinationRule>,
    managed: &'a [ManagedRoute],
}

impl Wants<'_> {
    fn errors(&self, object: &VirtualService, reference: &IstioVirtualService) -> Vec<String> {
        let routes = |kind: &str| {
            object
                .spec
                .as_ref()
                .and_then(|spec| spec.get(kind)?.as_array())
        };
        let (http, tls, tcp) = (routes("http"), routes("tls"), routes("tcp"));
        let mut errors = Vec::new();
        if http.is_none() && tls.is_none() && tcp.is_none() {
            let error =
                "Unable to get any of the HTTP, TCP or TLS routes for the Istio VirtualService";
            errors.push(error.to_owned());
        }
        let names = reference.routes.as_deref().unwrap_or_default();
        errors.extend(checked("HTTP", http, |routes| self.http(names, routes)));
        let wanted = reference.tls_routes.as_deref().unwrap_or_default();
        errors.extend(checked("TLS", tls, |routes| {
            self.matched(
                "tls",
                wanted.iter().map(|route| find_tls(route, routes)),
                routes,
            )
        }));
        let wanted = reference.tcp_routes.as_deref().unwrap_or_default();
        errors.extend(checked("TCP", tcp, |routes| {
            self.matched(
                "tcp",
                wanted.iter().map(|route| find_tcp(route, routes)),
                routes,
            )
        }));
        errors
    }

    /// `ValidateHTTPRoutes`.
    fn http(&self, names: &[String], routes: &[HttpRoute]) -> Result<(), String> {
        let name_of = |route: &HttpRoute| route.name.clone().unwrap_or_default();
        if names.is_empty() {
            let unnamed = routes.iter().find(|route| name_of(route).is_empty());
            let only = routes.first().filter(|_| routes.len() == 1);
            if let Some(route) = only.or(unnamed) {
                self.leads_to_both(route.route.as_deref())?;
            }
        }
        let mut chosen = Vec::new();
        for name in names {
            let Some(route) = routes.iter().find(|route| name_of(route) == *name) else {
                return Err(format!(
                    "HTTP Route '{name}' is not found in the defined Virtual Service."
                ));
            };
            chosen.push(route);
        }
        for route in chosen {
            self.leads_to_both(route.route.as_deref())?;
        }
        let is_managed = |route: &&HttpRoute| {
            let name = name_of(route);
            self.managed
                .iter()
                .any(|managed| managed.name.as_deref().unwrap_or_default() == name)
        };
        let unmanaged = routes.iter().filter(|route| !is_managed(route)).count();
        if names.is_empty() && 1 < unmanaged {
            return Err(must_have_one_route("http", "routes"));
        }
        Ok(())
    }

    /// `ValidateTlsRoutes` and `ValidateTcpRoutes`: of each wanted route, the indices of those that
    /// fit.
    fn matched(
        &self,
        kind: &str,
        wanted: impl ExactSizeIterator<Item = Vec<usize>>,
        routes: &[StreamRoute],
    ) -> Result<(), String> {
        let none_wanted = wanted.len() == 0;
        let mut indices = Vec::new();
        for found in wanted {
            if found.is_empty() {
                let kind = kind.to_uppercase();
                return Err(format!(
                    "No matching {kind} routes found in the defined Virtual Service."
                ));
            }
            indices.extend(found);
        }
        if none_wanted {
            indices.push(0);
        }
        // Argo crashes on an empty list of routes; here there is nothing to check then.
        for route in indices.into_iter().filter_map(|index| routes.get(index)) {
            self.leads_to_both(route.route.as_deref())?;
        }
        if none_wanted && 1 < routes.len() {
            return Err(must_have_one_route(kind, &format!("{kind}Routes")));
        }
        Ok(())
    }

    /// `validateVirtualServiceRouteDestinations`.
    fn leads_to_both(&self, destinations: Option<&[RouteDestination]>) -> Result<(), String> {
        let destinations = destinations.unwrap_or_default();
        let leads_to = |fits: &dyn Fn(&Destination) -> bool| {
            destinations
                .iter()
                .filter_map(|route| route.destination.as_ref())
                .any(fits)
        };
        if let Some(rule) = self.rule {
            let subsets = [
                ("Canary", &rule.canary_subset_name),
                ("Stable", &rule.stable_subset_name),
            ];
            for (revision, name) in subsets {
                let name = name.as_deref().unwrap_or_default();
                let is_it = |to: &Destination| to.subset.as_deref().unwrap_or_default() == name;
                if name.is_empty() || !leads_to(&is_it) {
                    return Err(format!(
                        "{revision} DestinationRule subset '{name}' not found in route"
                    ));
                }
            }
            return Ok(());
        }
        for (revision, name) in [("Canary", self.canary), ("Stable", self.stable)] {
            if name.is_empty() || !leads_to(&|to: &Destination| to.short_host() == name) {
                return Err(format!("{revision} Service '{name}' not found in route"));
            }
        }
        Ok(())
    }
}

fn checked<T: DeserializeOwned>(
    kind: &str,
    routes: Option<&Vec<Value>>,
    check: impl FnOnce(&[T]) -> Result<(), String>,
) -> Option<String> {
    let routes: Result<Vec<T>, _> = routes?
        .iter()
        .map(|route| serde_json::from_value(route.clone()))
        .collect();
    let Ok(routes) = routes else {
        return Some(format!(
            "Unable to get {kind} routes for Istio VirtualService"
        ));
    };
    let error = check(&routes).err()?;
    Some(format!(
        "Istio VirtualService has invalid {kind} routes. Error: {error}"
    ))
}

fn must_have_one_route(kind: &str, field: &str) -> String {
    format!(
        "spec.{kind}[] should be set in VirtualService and it must have exactly one route when \
         omitting spec.strategy.canary.trafficRouting.istio.virtualService.{field}"
    )
}

/// Routes for one port and exactly those hosts, in any order (`searchTlsRoute`).
fn find_tls(wanted: &TlsRoute, routes: &[StreamRoute]) -> Vec<usize> {
    let hosts = wanted.sni_hosts.as_deref().unwrap_or_default();
    let fits = |route: &StreamRoute| {
        let rules = route.r#match.iter().flatten();
        let found: BTreeSet<_> = rules
            .flat_map(|rule| rule.sni_hosts.iter().flatten())
            .collect();
        let is_same =
            found.len() == hosts.len() && found.into_iter().all(|host| hosts.contains(host));
        is_same && route.has_port(wanted.port)
    };
    (0..routes.len())
        .filter(|&index| fits(&routes[index]))
        .collect()
}

/// Routes for one port (`searchTcpRoute`).
fn find_tcp(wanted: &TcpRoute, routes: &[StreamRoute]) -> Vec<usize> {
    (0..routes.len())
        .filter(|&index| routes[index].has_port(wanted.port))
        .collect()
}

/// An HTTP route, as far as Argo reads it; what has another shape is an error.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "the fields that no rule reads still have to have Argo's shape"
)]
struct HttpRoute {
    name: Option<String>,
    r#match: Option<Vec<HttpMatch>>,
    route: Option<Vec<RouteDestination>>,
    mirror: Option<Destination>,
    mirror_percentage: Option<Percent>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only the shape is checked")]
struct HttpMatch {
    method: Option<StringMatch>,
    uri: Option<StringMatch>,
    headers: Option<BTreeMap<String, StringMatch>>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only the shape is checked")]
struct Percent {
    value: Option<f64>,
}

/// A TLS or TCP route, as far as Argo reads it.
#[derive(Deserialize)]
struct StreamRoute {
    r#match: Option<Vec<StreamMatch>>,
    route: Option<Vec<RouteDestination>>,
}

impl StreamRoute {
    /// Whether all rules have this port, or none has one and none is wanted.
    fn has_port(&self, wanted: Option<i64>) -> bool {
        let rules = self.r#match.iter().flatten();
        let ports: BTreeSet<i64> = rules.map(|rule| rule.port.unwrap_or_default()).collect();
        ports.len() <= 1 && ports.first().copied().unwrap_or_default() == wanted.unwrap_or_default()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StreamMatch {
    sni_hosts: Option<Vec<String>>,
    port: Option<i64>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "the weight must still be a number")]
struct RouteDestination {
    destination: Option<Destination>,
    weight: Option<i64>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "the port must still be one")]
struct Destination {
    host: Option<String>,
    subset: Option<String>,
    port: Option<Port>,
}

impl Destination {
    /// The host up to its first dot (`istio.go: getHost`), nothing when it begins with one.
    fn short_host(&self) -> &str {
        let host = self.host.as_deref().unwrap_or_default();
        host.split_once('.').map_or(host, |(short, _)| short)
    }
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only the shape is checked")]
struct Port {
    number: Option<u32>,
}
