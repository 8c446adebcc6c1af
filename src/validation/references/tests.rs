//! Rollouts with what they refer to, and what the controller says about them.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::*;

/// What the references of the Rollout in a stream of documents come to, with everything missing
/// an error or assumed.
fn check(documents: &str, missing: Missing) -> References {
    let values: Vec<serde_yaml::Value> = serde_yaml::Deserializer::from_str(documents)
        .map(|document| serde_yaml::Value::deserialize(document).expect("YAML"))
        .collect();
    let rollout: Rollout = of_kind(&values, "Rollout").pop().expect("a Rollout");
    let templates = of_kind(&values, "AnalysisTemplate");
    let cluster_templates = of_kind(&values, "ClusterAnalysisTemplate");
    let services = of_kind(&values, "Service");
    let ingresses = of_kind(&values, "Ingress");
    let virtual_services = of_kind(&values, "VirtualService");
    let others: Vec<_> = ["Mapping", "VirtualRouter", "VirtualService"]
        .iter()
        .flat_map(|kind| of_kind(&values, kind))
        .collect();
    let objects = ObjectSet {
        analysis_templates: templates.iter().collect(),
        cluster_analysis_templates: cluster_templates.iter().collect(),
        services: services.iter().collect(),
        ingresses: ingresses.iter().collect(),
        virtual_services: virtual_services.iter().collect(),
        others: others.iter().collect(),
    };
    validate_references(&rollout, &objects, missing)
}

fn of_kind<T: DeserializeOwned>(values: &[serde_yaml::Value], kind: &str) -> Vec<T> {
    let is_kind = |value: &&serde_yaml::Value| value["kind"].as_str() == Some(kind);
    let read = |value: &serde_yaml::Value| serde_yaml::from_value(value.clone()).expect(kind);
    values.iter().filter(is_kind).map(read).collect()
}

fn errors(documents: &str) -> Vec<String> {
    let found = check(documents, Missing::IsError);
    found.errors.iter().map(ToString::to_string).collect()
}

/// A canary Rollout; `canary` are its fields in flow style.
fn canary(canary: &str, others: &str) -> String {
    format!(
        "{{kind: Rollout, metadata: {{name: web}}, spec: {{template: {{metadata: {{labels: \
         {{app: web}}}}}}, strategy: {{canary: {{{canary}}}}}}}}}\n---\n{others}"
    )
}

fn service(name: &str) -> String {
    format!(
        "{{kind: Service, metadata: {{name: {name}}}, spec: {{selector: {{app: web}}}}}}\n---\n"
    )
}

fn template(name: &str, spec: &str) -> String {
    format!("{{kind: AnalysisTemplate, metadata: {{name: {name}}}, spec: {{{spec}}}}}\n---\n")
}

#[test]
fn a_missing_service_is_an_error_or_assumed() {
    let documents = canary("stableService: s, canaryService: c", &service("s"));
    let path = "spec.strategy.canary.canaryService";
    assert_eq!(
        errors(&documents),
        [format!(
            "{path}: Invalid value: \"c\": service \"c\" not found"
        )]
    );
    let found = check(&documents, Missing::Assumed);
    assert_eq!(found.errors, []);
    let (kind, namespace, name) = ("Service", "default".to_owned(), "c".to_owned());
    let document_path = path.to_owned();
    assert_eq!(
        found.assumed,
        [Assumed {
            kind,
            namespace,
            name,
            document_path
        }]
    );
}

#[test]
fn a_service_must_select_the_pods_and_belong_to_the_rollout() {
    let documents = canary(
        "stableService: s",
        "{kind: Service, metadata: {name: s, annotations: \
         {argo-rollouts.argoproj.io/managed-by-rollouts: other}}, spec: {selector: {app: x, \
         rollouts-pod-template-hash: abc}}}",
    );
    let path = "spec.strategy.canary.stableService: Invalid value: \"s\": Service \"s\"";
    assert_eq!(
        errors(&documents),
        [
            format!("{path} has unmatch label \"app\" in rollout"),
            format!("{path} is managed by another Rollout"),
        ]
    );
}

#[test]
fn a_missing_template_is_an_error_even_where_objects_are_assumed() {
    let documents = canary(
        "steps: [{analysis: {templates: [{templateName: t}, {templateName: u, clusterScope: \
         true}]}}]",
        &template("t", ""),
    );
    let found = check(&documents, Missing::Assumed);
    let [ReferenceError::Invalid(error)] = found.errors.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        error.to_string(),
        "spec.strategy.canary.steps[0].analysis.templates: Invalid value: \"u\": \
         ClusterAnalysisTemplate 'u' not found"
    );
    assert_eq!(
        error.document_path,
        "spec.strategy.canary.steps[0].analysis.templates[1]"
    );
}

#[test]
fn a_missing_nested_template_is_reported_at_the_nesting_field() {
    let documents = canary(
        "analysis: {templates: [{templateName: t}]}",
        &template("t", "templates: [{templateName: u}]"),
    );
    assert_eq!(
        errors(&documents),
        ["spec.templates: Invalid value: \"u\": AnalysisTemplate 'u' not found"]
    );
}

#[test]
fn templates_that_refer_to_each_other_endlessly_are_an_error() {
    let documents = canary(
        "analysis: {templates: [{templateName: t}]}",
        &template("t", "templates: [{templateName: t}, {templateName: t}]"),
    );
    assert_eq!(
        errors(&documents),
        ["analysis templates refer to each other endlessly at `t`"]
    );
}

#[test]
fn an_inline_analysis_must_end_and_a_background_analysis_need_not() {
    let endless = template(
        "t",
        "metrics: [{name: m, interval: 5s, count: 0, provider: {prometheus: {}}}]",
    );
    let documents = canary(
        "steps: [{analysis: {templates: [{templateName: t}]}}]",
        &endless,
    );
    assert_eq!(
        errors(&documents),
        [
            "spec.strategy.canary.steps[0].analysis.templates: Invalid value: \"t\": \
             AnalysisTemplate t has metric m which runs indefinitely. Invalid value for count: 0"
        ]
    );
    let documents = canary("analysis: {templates: [{templateName: t}]}", &endless);
    assert_eq!(errors(&documents), [""; 0]);
}

#[test]
fn arguments_must_get_a_value() {
    let needs = template(
        "t",
        "args: [{name: a}], metrics: [{name: m, provider: {web: {url: '{{args.a}}'}}}]",
    );
    let documents = canary(
        "steps: [{analysis: {templates: [{templateName: t}]}}]",
        &needs,
    );
    assert_eq!(
        errors(&documents),
        [
            "spec.strategy.canary.steps[0].analysis.templates: Invalid value: \
             \"templateNames: [t]\": args.a was not resolved"
        ]
    );
    let documents = canary(
        "steps: [{analysis: {templates: [{templateName: t}], args: [{name: a, value: x}]}}]",
        &needs,
    );
    assert_eq!(errors(&documents), [""; 0]);
}

#[test]
fn a_tag_that_is_no_argument_is_found_beforehand_unless_in_the_background() {
    let unknown = template(
        "t",
        "metrics: [{name: m, provider: {web: {url: '{{args.b}}'}}}]",
    );
    let documents = canary(
        "steps: [{analysis: {templates: [{templateName: t}]}}]",
        &unknown,
    );
    assert_eq!(
        errors(&documents),
        [
            "spec.strategy.canary.steps[0].analysis.templates: Invalid value: \"t\": \
             AnalysisTemplate t: failed to resolve {{args.b}}"
        ]
    );
    let documents = canary("analysis: {templates: [{templateName: t}]}", &unknown);
    assert_eq!(errors(&documents), [""; 0]);
}

#[test]
fn dry_runs_of_all_steps_are_tried_with_every_template() {
    let documents = canary(
        "steps: [{analysis: {templates: [{templateName: t}]}}, \
         {analysis: {templates: [], dryRun: [{metricName: m}]}}]",
        &template(
            "t",
            "dryRun: [{metricName: m}], metrics: [{name: m, provider: {}}]",
        ),
    );
    assert_eq!(
        errors(&documents),
        [
            "spec.strategy.canary.steps[0].analysis.templates: Invalid value: \
             \"templateNames: [t]\": two Dry-Run metric rules have the same name 'm'"
        ]
    );
}

#[test]
fn nginx_needs_one_sort_of_ingress_with_the_stable_service() {
    let routing = "stableService: s, trafficRouting: {nginx: ";
    let both = format!("{routing}{{stableIngress: i, stableIngresses: [j]}}}}");
    let at = "spec.strategy.canary.trafficRouting.nginx";
    assert_eq!(
        errors(&canary(&both, &service("s"))),
        [format!(
            "{at}: Internal error: Either StableIngress or StableIngresses must be configured. \
             Both are configured."
        )]
    );
    let ingress = "{kind: Ingress, metadata: {name: i}, spec: {rules: [{http: {paths: \
                   [{backend: {service: {name: x}}}]}}]}}\n---\n";
    let one = format!("{routing}{{stableIngress: i}}}}");
    assert_eq!(
        errors(&canary(&one, &(service("s") + ingress))),
        [format!(
            "{at}.stableIngress: Invalid value: \"i\": ingress `i` has no rules using service s \
             backend"
        )]
    );
    let several = format!("{routing}{{stableIngresses: [j, k]}}}}");
    assert_eq!(
        errors(&canary(&several, &service("s")))[0],
        format!(
            "{at}.StableIngresses: Invalid value: [\"j\",\"k\"]: ingress.networking.k8s.io \"j\" \
             not found"
        )
    );
}

#[test]
fn istio_routes_must_lead_to_both_services() {
    let fields = "stableService: s, canaryService: c, trafficRouting: {istio: {virtualService: \
                  {name: v.cluster.local, routes: [r]}}}";
    let services = service("s") + &service("c");
    let route = |hosts: &str| {
        format!(
            "{services}{{kind: VirtualService, metadata: {{name: v}}, spec: {{http: [{{name: r, \
             route: [{hosts}]}}]}}}}"
        )
    };
    let at = "spec.strategy.canary.trafficRouting.istio.virtualService.name";
    let both = "{destination: {host: s.ns.svc}}, {destination: {host: c}, weight: 5}";
    assert_eq!(errors(&canary(fields, &route(both))), [""; 0]);
    assert_eq!(
        errors(&canary(fields, &route("{destination: {host: s}}"))),
        [format!(
            "{at}: Invalid value: \"v\": Istio VirtualService has invalid HTTP routes. Error: \
             Canary Service 'c' not found in route"
        )]
    );
    assert_eq!(
        errors(&canary(fields, &services)),
        [format!(
            "{at}: Invalid value: \"v\": virtualservices.networking.istio.io \"v\" not found"
        )]
    );
}

#[test]
fn ambassador_needs_mappings_without_weight() {
    let fields =
        |mappings: &str| format!("trafficRouting: {{ambassador: {{mappings: {mappings}}}}}");
    let at = "spec.strategy.canary.trafficRouting.ambassador.mappings";
    assert_eq!(
        errors(&canary(&fields("[]"), "")),
        [format!(
            "{at}: Invalid value: null: must provide at least one mapping"
        )]
    );
    let mapping = "{kind: Mapping, metadata: {name: m}, spec: {weight: 20}}";
    assert_eq!(
        errors(&canary(&fields("[m, n]"), mapping)),
        [
            format!("{at}: Invalid value: \"n\": mappings.getambassador.io \"n\" not found"),
            "spec.weight: Invalid value: \"m\": Ambassador mapping \"m\" can not define weight"
                .to_owned(),
        ]
    );
}

#[test]
fn app_mesh_needs_a_router_with_two_targets() {
    let fields = "trafficRouting: {appMesh: {virtualService: {name: v}}}";
    let service = "{kind: VirtualService, metadata: {name: v}, spec: {provider: {virtualRouter: \
                   {virtualRouterRef: {name: r}}}}}\n---\n";
    let router = "{kind: VirtualRouter, metadata: {name: r}, spec: {routes: [{name: a, httpRoute: \
                  {action: {weightedTargets: [{}]}}}]}}";
    assert_eq!(
        errors(&canary(fields, &format!("{service}{router}"))),
        [
            "spec.routes[0].httpRoute.action.weightedTargets: Invalid value: \"r\": Invalid number \
             of weightedTargets (1) for AppMesh virtual-router r and route a, expected 2"
        ]
    );
    assert_eq!(
        errors(&canary(
            fields,
            "{kind: VirtualService, metadata: {name: v}, spec: {}}"
        )),
        ["Virtual-service is not associated with virtual-router"]
    );
}

#[test]
fn the_condition_names_the_rollout() {
    let rollout: Rollout = serde_yaml::from_str("metadata: {name: web}").expect("a Rollout");
    let error = FieldError::required("r", Place::new("spec.x"), "why");
    assert_eq!(
        invalid_spec_message(&rollout, &error),
        "The Rollout \"web\" is invalid: spec.x: Required value: why"
    );
}
