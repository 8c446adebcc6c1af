//! Labels, as the exporters themselves and the usual scrape configurations give them.
//!
//! Knows: who names what how. Refuses to know numbers. Simplifies: one method, one path, one host; port 80; a status for each outcome.

use std::collections::BTreeMap;

use super::family::{Family, Measure};
use crate::cluster::TemplateId;
use crate::plan::environment::Profile;
use crate::plan::strategy::Router;
use crate::plan::{Plan, PodTemplate};
use crate::world::ledger::Outcome;
use crate::world::traffic::Target;

/// The labels of a series, the name of the metric among them as `__name__`.
pub type Labels = BTreeMap<String, String>;

/// The number of a service, of which there are as many as the strategy names.
pub(super) type Service = Option<usize>;

/// What `rollouts-pod-template-hash` becomes in a label's name.
const HASH: &str = "rollouts_pod_template_hash";

/// Adds labels; one that is there already keeps its value.
pub(super) fn add<const N: usize>(labels: &mut Labels, more: [(&str, &str); N]) {
    for (name, value) in more {
        labels
            .entry(name.to_owned())
            .or_insert_with(|| value.to_owned());
    }
}

/// The status of an answer.
pub(super) fn status(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "200",
        Outcome::Failed => "500",
        Outcome::Unreachable => "503",
    }
}

/// The name of a service; of the rollout where there is none.
pub(super) fn service_name(plan: &Plan, service: Service) -> &str {
    service
        .and_then(|service| plan.services.get(service))
        .unwrap_or(&plan.name)
}

/// The service that is a target.
pub(super) fn service_of(target: Target) -> Service {
    match target {
        Target::Service(id) => Some(usize::from(id.0)),
        _ => None,
    }
}

/// `app` of a pod: its label, or the name of the rollout.
fn app<'a>(plan: &'a Plan, template: &'a PodTemplate) -> &'a str {
    let names = ["app", "app.kubernetes.io/name"];
    let labelled = names.iter().find_map(|name| template.labels.get(*name));
    labelled.unwrap_or(&plan.name)
}

/// The label `version` of a pod, if it has one. Versions that only scenarios name are made from the manifest, with its labels.
fn version(plan: &Plan, id: TemplateId) -> Option<&str> {
    let template = plan.template(id);
    let written = template.labels.get("version")?;
    Some(if id.0 == 0 { written } else { &template.tag })
}

/// The labels of a pod, as a scrape configuration takes them over.
fn pod_labels(labels: &mut Labels, plan: &Plan, id: TemplateId) {
    let template = plan.template(id);
    add(
        labels,
        [
            (HASH, template.hash.as_str()),
            ("app", app(plan, template)),
            ("version", version(plan, id).unwrap_or(&template.tag)),
        ],
    );
    for (name, value) in &template.labels {
        labels
            .entry(sanitised(name))
            .or_insert_with(|| value.clone());
    }
}

/// A label's name with underscores for what labels of Prometheus cannot hold (`util/strutil/strconv.go: SanitizeLabelName`).
fn sanitised(name: &str) -> String {
    let keep = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '_'
        }
    };
    name.chars().map(keep).collect()
}

/// What tells a pod from others.
pub(super) struct PodName<'a> {
    pub(super) pod: &'a str,
    pub(super) address: &'a str,
    pub(super) uid: &'a str,
    pub(super) template: TemplateId,
}

/// The labels of a pod that is scraped itself.
pub(super) fn of_pod(
    plan: &Plan,
    family: &Family,
    pod: &PodName<'_>,
    service: Service,
    outcome: Option<Outcome>,
) -> Labels {
    let mut labels = Labels::new();
    let template = plan.template(pod.template);
    add(
        &mut labels,
        [
            ("namespace", plan.namespace.as_str()),
            ("pod", pod.pod),
            ("container", template.container.as_str()),
        ],
    );
    let name = service_name(plan, service);
    match family.profile {
        Profile::Istio => {
            let instance = format!("{}:15020", pod.address);
            let app = app(plan, template);
            add(
                &mut labels,
                [
                    ("instance", instance.as_str()),
                    ("job", "kubernetes-pods"),
                    ("reporter", "destination"),
                    ("source_app", "istio-ingressgateway"),
                    ("connection_security_policy", "mutual_tls"),
                ],
            );
            istio(&mut labels, plan, name, Some(pod.template));
            labels.insert("container".to_owned(), "istio-proxy".to_owned());
            add(&mut labels, [("service_istio_io_canonical_name", app)]);
        }
        Profile::Linkerd => {
            let instance = format!("{}:4191", pod.address);
            let authority = format!("{name}.{}.svc.cluster.local:80", plan.namespace);
            add(
                &mut labels,
                [
                    ("instance", instance.as_str()),
                    ("job", "linkerd-proxy"),
                    ("direction", "inbound"),
                    ("authority", authority.as_str()),
                    ("tls", "true"),
                ],
            );
            labels.insert("container".to_owned(), "linkerd-proxy".to_owned());
        }
        _ => {
            let instance = format!("{}:8080", pod.address);
            add(
                &mut labels,
                [
                    ("instance", instance.as_str()),
                    ("job", name),
                    ("service", name),
                    ("endpoint", "http"),
                ],
            );
        }
    }
    pod_labels(&mut labels, plan, pod.template);
    outcome_labels(&mut labels, family, outcome);
    labels
}

/// The labels of a pod that is watched from outside.
pub(super) fn of_watched(plan: &Plan, family: &Family, pod: &PodName<'_>) -> Labels {
    let mut labels = Labels::new();
    let template = plan.template(pod.template);
    add(
        &mut labels,
        [
            ("namespace", plan.namespace.as_str()),
            ("pod", pod.pod),
            ("container", template.container.as_str()),
        ],
    );
    if family.profile == Profile::Cadvisor {
        let image = format!("{}:{}", template.container, template.tag);
        let id = format!("/kubepods/burstable/pod{}", pod.uid);
        add(
            &mut labels,
            [
                ("job", "kubelet"),
                ("metrics_path", "/metrics/cadvisor"),
                ("instance", "10.0.0.1:10250"),
                ("node", "node-1"),
                ("image", image.as_str()),
                ("id", id.as_str()),
            ],
        );
        if family.measure == Measure::Processor {
            add(&mut labels, [("cpu", "total")]);
        }
    } else {
        add(
            &mut labels,
            [
                ("job", "kube-state-metrics"),
                ("instance", "kube-state-metrics:8080"),
                ("uid", pod.uid),
            ],
        );
    }
    labels
}

/// The labels of requests that a gateway sends on its way.
pub(super) fn of_route(
    plan: &Plan,
    family: &Family,
    route: &crate::world::ledger::Route,
    outcome: Outcome,
) -> Labels {
    let mut labels = Labels::new();
    let name = service_name(plan, service_of(route.target));
    let namespace = plan.namespace.as_str();
    match family.profile {
        Profile::Istio => {
            gateway(&mut labels, "istio-system", "istio-ingressgateway", "15020");
            let flags = match outcome {
                Outcome::Unreachable => "UH",
                _ => "-",
            };
            add(
                &mut labels,
                [
                    ("reporter", "source"),
                    ("source_app", "istio-ingressgateway"),
                    ("connection_security_policy", "unknown"),
                    ("response_flags", flags),
                ],
            );
            istio(
                &mut labels,
                plan,
                name,
                route.set.map(|(_, template)| template),
            );
        }
        Profile::Nginx => nginx(&mut labels, plan, route, name),
        Profile::Traefik => {
            gateway(&mut labels, "traefik", "traefik", "9100");
            let service = format!("{namespace}-{name}-80@kubernetescrd");
            add(
                &mut labels,
                [("service", service.as_str()), ("protocol", "http")],
            );
        }
        Profile::Apisix => {
            gateway(&mut labels, "apisix", "apisix", "9091");
            let (service, route) = (
                format!("{namespace}_{name}_80"),
                format!("{namespace}_{}", plan.name),
            );
            let host = host(plan);
            add(
                &mut labels,
                [
                    ("service", service.as_str()),
                    ("route", route.as_str()),
                    ("matched_host", host.as_str()),
                    ("matched_uri", "/*"),
                    ("consumer", ""),
                    ("node", name),
                ],
            );
        }
        _ => {
            gateway(&mut labels, "envoy", "envoy", "8002");
            let cluster = format!("{namespace}_{name}_80");
            add(&mut labels, [("envoy_cluster_name", cluster.as_str())]);
        }
    }
    outcome_labels(&mut labels, family, Some(outcome));
    // A label without a value is none.
    labels.retain(|_, value| !value.is_empty());
    labels
}

/// The labels of the one pod of a gateway.
fn gateway(labels: &mut Labels, namespace: &str, name: &str, port: &str) {
    let pod = format!("{name}-6c8d9f7b54-q2x5w");
    let instance = format!("10.42.0.2:{port}");
    add(
        labels,
        [
            ("namespace", namespace),
            ("pod", pod.as_str()),
            ("instance", instance.as_str()),
            ("job", name),
        ],
    );
}

/// The host under which the rollout is reached.
fn host(plan: &Plan) -> String {
    format!("{}.example.com", plan.name)
}

/// What Istio's proxies tell of a request (`istio/proxy: extensions/stats`).
fn istio(labels: &mut Labels, plan: &Plan, service: &str, template: Option<TemplateId>) {
    let namespace = plan.namespace.as_str();
    let full = format!("{service}.{namespace}.svc.cluster.local");
    let app = template.map_or("unknown", |template| app(plan, plan.template(template)));
    let version = template.and_then(|template| version(plan, template));
    let workload = template.map_or("unknown", |_| &plan.name);
    add(
        labels,
        [
            ("source_workload", "istio-ingressgateway"),
            ("source_workload_namespace", "istio-system"),
            ("destination_service", full.as_str()),
            ("destination_service_name", service),
            ("destination_service_namespace", namespace),
            ("destination_workload", workload),
            ("destination_workload_namespace", namespace),
            ("destination_app", app),
            ("destination_version", version.unwrap_or("unknown")),
            ("destination_canonical_service", app),
            (
                "destination_canonical_revision",
                version.unwrap_or("latest"),
            ),
            ("request_protocol", "http"),
            ("response_flags", "-"),
        ],
    );
}

/// What the NGINX ingress controller tells of a request: the canary's are counted for the stable ingress and service, and `canary` names
/// the upstream that took them.
fn nginx(labels: &mut Labels, plan: &Plan, route: &crate::world::ledger::Route, name: &str) {
    let namespace = plan.namespace.as_str();
    let canary_strategy = plan.canary();
    let ingress = canary_strategy
        .and_then(|canary| canary.routing.as_ref())
        .and_then(|routing| {
            routing.routers.iter().find_map(|router| match router {
                Router::Nginx { ingress } => Some(ingress.as_str()),
                _ => None,
            })
        });
    let stable = canary_strategy.and_then(|canary| canary.stable_service);
    let stable = stable.map_or(name, |id| service_name(plan, Some(usize::from(id.0))));
    let (service, canary) = if route.is_canary {
        (stable, format!("{namespace}-{name}-80"))
    } else {
        (name, String::new())
    };
    let host = host(plan);
    let pod = "ingress-nginx-controller-6c8d9f7b54-q2x5w";
    add(
        labels,
        [
            ("instance", "10.42.0.2:10254"),
            ("job", "ingress-nginx-controller-metrics"),
            ("controller_class", "k8s.io/ingress-nginx"),
            ("controller_namespace", "ingress-nginx"),
            ("controller_pod", pod),
            ("host", host.as_str()),
            ("namespace", namespace),
            ("ingress", ingress.unwrap_or(&plan.name)),
            ("service", service),
            ("canary", canary.as_str()),
            ("path", "/"),
            ("method", "GET"),
        ],
    );
}

/// How an outcome shows in labels.
fn outcome_labels(labels: &mut Labels, family: &Family, outcome: Option<Outcome>) {
    let Some(outcome) = outcome else { return };
    let status = status(outcome);
    let is_duration = matches!(family.measure, Measure::Durations(_));
    match family.profile {
        Profile::Istio => add(labels, [("response_code", status)]),
        Profile::Nginx => add(labels, [("status", status)]),
        Profile::Linkerd => {
            add(labels, [("status_code", status)]);
            let class = if outcome == Outcome::Succeeded {
                "success"
            } else {
                "failure"
            };
            if !is_duration {
                add(labels, [("classification", class)]);
            }
        }
        Profile::Traefik => add(labels, [("code", status), ("method", "GET")]),
        Profile::Envoy if is_duration || family.name.ends_with("_total") => {}
        Profile::Envoy if family.name.ends_with("_xx") => {
            add(labels, [("envoy_response_code_class", &status[..1])]);
        }
        Profile::Envoy => add(labels, [("envoy_response_code", status)]),
        Profile::Apisix if is_duration => add(labels, [("type", "request")]),
        Profile::Apisix => add(labels, [("code", status)]),
        _ => add(
            labels,
            [
                ("code", status),
                ("status", status),
                ("method", "GET"),
                ("path", "/"),
                ("handler", "/"),
            ],
        ),
    }
}
