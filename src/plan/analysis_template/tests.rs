//! Analyses from templates: one test for each rule, with the place upstream that makes it.

use crate::duration;
use crate::spec::{AnalysisTemplate, ClusterAnalysisTemplate};
use crate::validation::references::ObjectSet;

use super::*;

const HASHES: Hashes<'_> = Hashes {
    stable: "old",
    latest: "new",
};

fn template(name: &str, spec: &str) -> AnalysisTemplate {
    let yaml = format!("{{metadata: {{name: {name}}}, spec: {{{spec}}}}}");
    serde_yaml::from_str(&yaml).expect("a template")
}

fn cluster_template(name: &str, spec: &str) -> ClusterAnalysisTemplate {
    let yaml = format!("{{metadata: {{name: {name}}}, spec: {{{spec}}}}}");
    serde_yaml::from_str(&yaml).expect("a template")
}

fn secrets() -> Secrets {
    let token = BTreeMap::from([("token".to_owned(), "abc".to_owned())]);
    BTreeMap::from([("keys".to_owned(), token)])
}

/// An analysis that names the template `t`, with further fields, resolved.
fn resolve_with(spec: &str, analysis: &str) -> Result<ResolvedAnalysis, AnalysisError> {
    let template = template("t", spec);
    let objects = ObjectSet {
        analysis_templates: vec![&template],
        ..ObjectSet::default()
    };
    let rollout: Rollout =
        serde_yaml::from_str("{metadata: {name: web, labels: {app: web}}, spec: {replicas: 3}}")
            .expect("a Rollout");
    let analysis = format!("{{templates: [{{templateName: t}}], {analysis}}}");
    let analysis: RolloutAnalysis = serde_yaml::from_str(&analysis).expect("an analysis");
    let secrets = secrets();
    let context = ArgContext {
        hashes: HASHES,
        secrets: &secrets,
    };
    resolve_for_rollout(&rollout, &analysis, &objects, context)
}

fn metric(spec: &str) -> ResolvedMetric {
    let spec = format!("metrics: [{{name: m, provider: {{prometheus: {{}}}}, {spec}}}]");
    resolve_with(&spec, "")
        .expect("a valid metric")
        .metrics
        .remove(0)
}

fn query(analysis: &ResolvedAnalysis) -> &str {
    let prometheus = analysis.metrics[0].provider.prometheus.as_ref();
    prometheus
        .and_then(|prometheus| prometheus.query.as_deref())
        .unwrap_or_default()
}

/// A template whose query is `text`, with declared arguments.
fn asks(text: &str, args: &str) -> String {
    format!("args: [{args}], metrics: [{{name: m, provider: {{prometheus: {{query: '{text}'}}}}}}]")
}

fn analysis_error(message: &str) -> AnalysisError {
    AnalysisError::AnalysisController(message.to_owned())
}

/// `analysis_types.go: EffectiveCount`, `defaults.go: GetConsecutiveErrorLimitOrDefault`,
/// `analysis.go: assessMetricFailureInconclusiveOrError`, `garbageCollectMeasurements`.
#[test]
fn a_bare_metric_measures_once_with_default_limits() {
    let bare = metric("");
    assert_eq!(
        (bare.count, bare.interval, bare.initial_delay),
        (Some(1), None, None)
    );
    assert_eq!((bare.failure_limit, bare.inconclusive_limit), (0, 0));
    assert_eq!(
        (bare.consecutive_error_limit, bare.consecutive_success_limit),
        (4, 0)
    );
    assert_eq!((bare.dry_run, bare.measurements_kept), (false, 10));
    assert_eq!(bare.kind, ProviderKind::Prometheus);
}

/// `analysis_types.go: EffectiveCount`.
#[test]
fn an_interval_without_count_is_endless() {
    let endless = metric("interval: 1m30s, initialDelay: 5s");
    assert_eq!(endless.count, None);
    assert_eq!(endless.interval, Some(90 * duration::SECOND));
    assert_eq!(endless.initial_delay, Some(5 * duration::SECOND));
}

/// `factory.go: ResolveMetricArgs`: also limits, counts and times may have arguments.
#[test]
fn limits_may_come_from_arguments() {
    let spec = "args: [{name: n, value: '7'}, {name: i, value: 10s}], metrics: [{name: m, count: \
                '{{args.n}}', interval: '{{args.i}}', failureLimit: '{{ args.n }}', provider: \
                {web: \
                {url: x}}}]";
    let metric = &resolve_with(spec, "").expect("a valid metric").metrics[0];
    assert_eq!((metric.count, metric.failure_limit), (Some(7), 7));
    assert_eq!(metric.interval, Some(10 * duration::SECOND));
}

/// `factory.go: BuildArgumentsForRolloutAnalysisRun`, `helpers.go: MergeArgs`.
#[test]
fn a_rollout_passes_values_hashes_and_fields() {
    let spec = asks(
        "{{args.a}} {{args.b}} {{args.c}} {{args.d}} {{args.e}}",
        "{name: a}, {name: b}, {name: c}, {name: d}, {name: e, value: own}",
    );
    let args = "args: [{name: a, value: x}, {name: b, valueFrom: {podTemplateHashValue: Latest}}, \
                {name: c, valueFrom: {fieldRef: {fieldPath: 'metadata.labels[''app'']'}}}, \
                {name: d, valueFrom: {fieldRef: {fieldPath: spec.replicas}}}]";
    let resolved = resolve_with(&spec, args).expect("all arguments have values");
    assert_eq!(query(&resolved), "x new web 3 own");
}

/// `rollout/analysis.go: createAnalysisRun`.
#[test]
fn a_field_that_cannot_be_read_stops_the_rollout_controller() {
    let args = "args: [{name: a, valueFrom: {fieldRef: {fieldPath: spec.no}}}]";
    assert_eq!(
        resolve_with(&asks("{{args.a}}", "{name: a}"), args),
        Err(AnalysisError::RolloutController(
            "invalid path spec.no in rollout".to_owned()
        ))
    );
}

/// `helpers.go: MergeArgs` against `template.go: resolve`.
#[test]
fn a_missing_argument_and_an_unknown_tag_are_noticed_by_different_controllers() {
    assert_eq!(
        resolve_with(&asks("{{args.a}}", "{name: a}"), ""),
        Err(AnalysisError::RolloutController(
            "args.a was not resolved".to_owned()
        ))
    );
    assert_eq!(
        resolve_with(&asks("{{args.b}}", ""), ""),
        Err(analysis_error(
            "Unable to resolve metric arguments: failed to resolve {{args.b}}"
        ))
    );
}

/// `template.go: ResolveArgs`: a field reference in a template itself is never followed.
#[test]
fn a_field_reference_in_a_template_is_not_followed() {
    let spec = asks(
        "x",
        "{name: a, valueFrom: {fieldRef: {fieldPath: metadata.name}}}",
    );
    assert_eq!(
        resolve_with(&spec, ""),
        Err(analysis_error(
            "Unable to resolve metric arguments: argument \"a\" was not supplied"
        ))
    );
}

/// `analysis.go: resolveArgs`.
#[test]
fn secrets_are_read_last() {
    let arg = |name: &str, key: &str| {
        format!("{{name: s, valueFrom: {{secretKeyRef: {{name: {name}, key: {key}}}}}}}")
    };
    let resolved = resolve_with(&asks("{{args.s}}", &arg("keys", "token")), "").expect("a secret");
    assert_eq!(query(&resolved), "abc");
    assert_eq!(resolved.secrets, ["abc"]);
    let unresolved = "Unable to resolve metric arguments:";
    assert_eq!(
        resolve_with(&asks("{{args.s}}", &arg("no", "token")), ""),
        Err(analysis_error(&format!(
            "{unresolved} secrets \"no\" not found"
        )))
    );
    assert_eq!(
        resolve_with(&asks("{{args.s}}", &arg("keys", "no")), ""),
        Err(analysis_error(&format!(
            "{unresolved} key 'no' does not exist in secret 'keys'"
        )))
    );
    let invalid_too = format!(
        "args: [{}], metrics: [{{name: m, count: 2}}]",
        arg("no", "token")
    );
    assert_eq!(
        resolve_with(&invalid_too, ""),
        Err(analysis_error(
            "Analysis spec invalid: metrics[0]: interval must be specified when count > 1"
        ))
    );
}

/// `analysis.go: reconcileAnalysisRun`.
#[test]
fn invalid_metrics_end_the_run() {
    assert_eq!(
        resolve_with("metrics: []", ""),
        Err(analysis_error(
            "Analysis spec invalid: no metrics specified"
        ))
    );
}

/// `helpers.go: GetDryRunMetrics`, `GetMeasurementRetentionMetrics`.
#[test]
fn rules_select_metrics_by_name() {
    let spec = "metrics: [{name: a-1, provider: {web: {}}}, {name: b, provider: {web: {}}}]";
    let rules = "dryRun: [{metricName: 'a-.*'}], measurementRetention: [{metricName: b, limit: \
        20}]";
    let metrics = resolve_with(spec, rules).expect("both rules match").metrics;
    assert_eq!(
        (metrics[0].dry_run, metrics[0].measurements_kept),
        (true, 10)
    );
    assert_eq!(
        (metrics[1].dry_run, metrics[1].measurements_kept),
        (false, 20)
    );
    assert_eq!(
        resolve_with(spec, "dryRun: [{metricName: c}]"),
        Err(analysis_error(
            "Analysis spec invalid: dryRun[0]: Rule didn't match any metric \
            name(s)"
        ))
    );
}

/// `rollout/analysis.go: getAnalysisTemplatesFromRefs`, `helpers.go: FilterUniqueTemplates`.
#[test]
fn nested_templates_come_once_and_cluster_templates_last() {
    let metric = |name: &str| format!("metrics: [{{name: {name}, provider: {{web: {{}}}}}}]");
    let nesting = "templates: [{templateName: c, clusterScope: true}, {templateName: b}], ";
    let a = template("a", &format!("{nesting}{}", metric("a")));
    let b = template("b", &metric("b"));
    let c = cluster_template("c", &metric("c"));
    let objects = ObjectSet {
        analysis_templates: vec![&a, &b],
        cluster_analysis_templates: vec![&c],
        ..ObjectSet::default()
    };
    let analysis: RolloutAnalysis =
        serde_yaml::from_str("templates: [{templateName: a}, {templateName: b}]").expect("one");
    let run = create_for_rollout(&Rollout::default(), &analysis, &objects, HASHES);
    let metrics = run.expect("they combine").metrics.expect("metrics");
    let names: Vec<_> = metrics
        .iter()
        .filter_map(|metric| metric.name.as_deref())
        .collect();
    assert_eq!(names, ["a", "b", "c"]);
}

/// An Experiment's analysis of the template `t`.
fn experiment_analysis(args: &str) -> ExperimentAnalysisTemplateRef {
    serde_yaml::from_str(&format!("{{name: x, templateName: t, args: [{args}]}}")).expect("one")
}

/// `rollout/experiment.go: GetExperimentFromTemplate`.
#[test]
fn a_step_fills_in_what_the_rollout_knows_and_leaves_the_rest() {
    let step: RolloutExperimentStep = serde_yaml::from_str(
        "{templates: [{name: canary, specRef: canary}], analyses: [{name: x, templateName: t, \
         args: \
         [{name: a, valueFrom: {podTemplateHashValue: Stable}}, {name: b, value: \
         '{{templates.canary.podTemplateHash}}'}]}]}",
    )
    .expect("a step");
    let analyses = experiment_analyses(&Rollout::default(), &step, HASHES).expect("analyses");
    let args = analyses[0].args.as_deref().expect("arguments");
    let values: Vec<_> = args.iter().filter_map(|arg| arg.value.as_deref()).collect();
    assert_eq!(values, ["old", "{{templates.canary.podTemplateHash}}"]);
    let wrong: RolloutExperimentStep =
        serde_yaml::from_str("{templates: [{name: a, specRef: baseline}]}").expect("a step");
    assert_eq!(
        experiment_analyses(&Rollout::default(), &wrong, HASHES),
        Err(AnalysisError::RolloutController(
            "Invalid template step SpecRef: must be canary or stable".to_owned()
        ))
    );
}

/// `experiments/experiment.go: reconcileAnalysisRun`, `createAnalysisRun`,
/// `ResolveAnalysisRunArgs`.
#[test]
fn an_experiment_fills_in_its_templates() {
    let template = template("t", &asks("{{args.a}}", "{name: a}"));
    let objects = ObjectSet {
        analysis_templates: vec![&template],
        ..ObjectSet::default()
    };
    let values = ExperimentValues {
        replica_sets: vec![substitution::ExperimentReplicaSet {
            template: "canary".to_owned(),
            pod_template_hash: "h1".to_owned(),
            name: "exp-canary".to_owned(),
        }],
        ..ExperimentValues::default()
    };
    let resolve = |args: &str| {
        let analysis = experiment_analysis(args);
        let spec = ExperimentSpec::default();
        resolve_for_experiment(&spec, &analysis, &objects, "default", &values, &secrets())
    };
    let resolved = resolve("{name: a, value: 'hash-{{templates.canary.podTemplateHash}}'}");
    assert_eq!(query(&resolved.expect("a known template")), "hash-h1");
    let failed = |error: &str| {
        let message = format!("Failed to create AnalysisRun for analysis 'x': {error}");
        Err(AnalysisError::ExperimentController(message))
    };
    assert_eq!(
        resolve("{name: a, value: '{{templates.no.podTemplateHash}}'}"),
        failed("failed to resolve {{templates.no.podTemplateHash}}")
    );
    assert_eq!(
        resolve("{name: a, valueFrom: {secretKeyRef: {name: keys, key: token}}}"),
        failed("args.a was not resolved")
    );
}

/// `experiments/experiment.go: verifyAnalysisTemplate`, `verifyClusterAnalysisTemplate`.
#[test]
fn an_experiment_without_its_template_says_so_before_it_runs() {
    let objects = ObjectSet::default();
    let analysis = experiment_analysis("");
    assert_eq!(
        verify_for_experiment(&analysis, &objects, "default"),
        Err(AnalysisError::ExperimentController(
            "AnalysisTemplate verification failed for analysis 'x': analysistemplate.argoproj.io \
             \"t\" not found"
                .to_owned()
        ))
    );
    let cluster = ExperimentAnalysisTemplateRef {
        cluster_scope: Some(true),
        ..analysis
    };
    assert_eq!(
        verify_for_experiment(&cluster, &objects, "default")
            .expect_err("missing")
            .message(),
        "ClusterAnalysisTemplate verification failed for analysis 'x': \
         clusteranalysistemplate.argoproj.io \"t\" not found"
    );
}

/// `factory.go: ValidateMetric` counts each plugin.
#[test]
fn a_plugin_is_known_by_its_name() {
    let spec = "metrics: [{name: m, provider: {plugin: {org/sample: {a: 1}}}}]";
    let resolved = resolve_with(spec, "").expect("one provider");
    assert_eq!(
        resolved.metrics[0].kind,
        ProviderKind::Plugin("org/sample".to_owned())
    );
}
