//! From templates to what an `AnalysisRun` measures, in the two moments in which the controllers do
//! it.
//!
//! *At creation* the rollout controller (or the experiment controller) looks templates up, combines
//! them and merges arguments: `{{args.x}}` stays. *In the run* the analysis controller fills in
//! arguments and secrets and checks the metrics. What goes wrong shows in different places; see
//! [`AnalysisError`].
//!
//! Knows limits as numbers and times as nanoseconds. Refuses to know conditions, which stay texts,
//! and back ends. Simplifies one thing: Argo reads secrets again at every measurement and would
//! notice a broken one only then.

mod limits;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use crate::spec::Rollout;
use crate::spec::analysis::{
    AnalysisRunSpec, AnalysisTemplateRef, Argument, RolloutAnalysis, SecretKeyRef,
};
use crate::spec::experiment::{
    ExperimentAnalysisTemplateRef, ExperimentSpec, RolloutExperimentStep,
};
use crate::spec::metric::Metric;
use crate::template::arguments::{self, Hashes};
use crate::template::lookup::{self, LookupError, TemplateSource};
use crate::template::substitution::{self, ExperimentValues};
use crate::template::{combination, matching};
use crate::validation::validate_metrics;

pub use limits::{ProviderKind, ResolvedMetric};

/// Contents of secrets: by name of the secret, by key.
pub type Secrets = BTreeMap<String, BTreeMap<String, String>>;

/// What values the arguments of a Rollout's analysis may ask for.
#[derive(Clone, Copy, Debug)]
pub struct ArgContext<'a> {
    /// Pod template hashes of the two revisions.
    pub hashes: Hashes<'a>,
    /// Secrets of the namespace.
    pub secrets: &'a Secrets,
}

/// What an `AnalysisRun` measures, with everything filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedAnalysis {
    /// Metrics in order; there is at least one.
    pub metrics: Vec<ResolvedMetric>,
    /// Contents of the secrets that were used. Argo shows them as `*****` in the messages of
    /// measurements.
    pub secrets: Vec<String>,
}

/// Why an analysis does not come to measure anything, and who notices it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnalysisError {
    /// The rollout controller cannot make the run: its reconciliation fails, and it tries again
    /// with growing delay.
    RolloutController(String),
    /// The experiment controller cannot make the run: the Experiment's analysis is `Error` with
    /// this message.
    ExperimentController(String),
    /// The analysis controller cannot use the run: it is `Error` with this message as soon as it is
    /// seen.
    AnalysisController(String),
}

impl AnalysisError {
    /// The text, whoever says it.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            AnalysisError::RolloutController(message)
            | AnalysisError::ExperimentController(message)
            | AnalysisError::AnalysisController(message) => message,
        }
    }
}

impl fmt::Display for AnalysisError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.message())
    }
}

impl std::error::Error for AnalysisError {}

/// An analysis of a Rollout, from its templates to what is measured: [`create_for_rollout`], then
/// [`resolve`].
///
/// # Errors
///
/// Those of the two moments.
pub fn resolve_for_rollout(
    rollout: &Rollout,
    analysis: &RolloutAnalysis,
    source: &dyn TemplateSource,
    context: ArgContext<'_>,
) -> Result<ResolvedAnalysis, AnalysisError> {
    let run = create_for_rollout(rollout, analysis, source, context.hashes)?;
    resolve(&run, context.secrets)
}

/// The run that the rollout controller makes for an analysis (`rollout/analysis.go:
/// createAnalysisRun`).
///
/// # Errors
///
/// A field that cannot be read, a template that does not exist, templates that do not combine.
pub fn create_for_rollout(
    rollout: &Rollout,
    analysis: &RolloutAnalysis,
    source: &dyn TemplateSource,
    hashes: Hashes<'_>,
) -> Result<AnalysisRunSpec, AnalysisError> {
    let create = || {
        let args = analysis.args.as_deref().unwrap_or_default();
        let built = arguments::build(args, hashes, rollout);
        if let Some(error) = built.error {
            return Err(error);
        }
        let metadata = rollout.metadata.as_ref();
        let namespace = metadata.map_or("default", |metadata| metadata.namespace());
        let references = analysis.templates.as_deref().unwrap_or_default();
        let templates =
            lookup::find(source, namespace, references).map_err(|error| error.to_string())?;
        let dry_run = analysis.dry_run.as_deref().unwrap_or_default();
        let retention = analysis
            .measurement_retention
            .as_deref()
            .unwrap_or_default();
        combination::combine(&templates, &built.arguments, dry_run, retention)
    };
    create().map_err(AnalysisError::RolloutController)
}

/// The analyses of the Experiment that the rollout controller makes for a step
/// (`rollout/experiment.go: GetExperimentFromTemplate`). Values such as
/// `{{templates.canary.podTemplateHash}}` stay.
///
/// # Errors
///
/// A template that is neither of the canary nor of the stable revision, and a field that cannot be
/// read.
pub fn experiment_analyses(
    rollout: &Rollout,
    step: &RolloutExperimentStep,
    hashes: Hashes<'_>,
) -> Result<Vec<ExperimentAnalysisTemplateRef>, AnalysisError> {
    let is_known =
        |spec_ref: &Option<String>| matches!(spec_ref.as_deref(), Some("canary" | "stable"));
    if step
        .templates
        .iter()
        .flatten()
        .any(|template| !is_known(&template.spec_ref))
    {
        let message = "Invalid template step SpecRef: must be canary or stable";
        return Err(AnalysisError::RolloutController(message.to_owned()));
    }
    let mut analyses = Vec::new();
    for analysis in step.analyses.iter().flatten() {
        let args = analysis.args.as_deref().unwrap_or_default();
        let built = arguments::build(args, hashes, rollout);
        if let Some(error) = built.error {
            return Err(AnalysisError::RolloutController(error));
        }
        analyses.push(ExperimentAnalysisTemplateRef {
            name: analysis.name.clone(),
            template_name: analysis.template_name.clone(),
            cluster_scope: analysis.cluster_scope,
            args: Some(built.arguments),
            required_for_completion: analysis.required_for_completion,
        });
    }
    Ok(analyses)
}

/// Whether the template of an Experiment's analysis exists, which the experiment controller checks
/// until all pods are available (`experiments/experiment.go: reconcileAnalysisRun`).
///
/// # Errors
///
/// It does not. Templates that it refers to in turn are not looked at.
pub fn verify_for_experiment(
    analysis: &ExperimentAnalysisTemplateRef,
    source: &dyn TemplateSource,
    namespace: &str,
) -> Result<(), AnalysisError> {
    let template = analysis.template_name.as_deref().unwrap_or_default();
    let cluster_scope = analysis.is_cluster_scope();
    let (kind, exists) = if cluster_scope {
        let found = source.cluster_analysis_template(template);
        ("ClusterAnalysisTemplate", found.is_some())
    } else {
        let found = source.analysis_template(namespace, template);
        ("AnalysisTemplate", found.is_some())
    };
    if exists {
        return Ok(());
    }
    let name = analysis.name.as_deref().unwrap_or_default();
    let error = LookupError::NotFound {
        name: template.to_owned(),
        cluster_scope,
        nested: false,
    };
    Err(AnalysisError::ExperimentController(format!(
        "{kind} verification failed for analysis '{name}': {error}"
    )))
}

/// An analysis of an Experiment, from its template to what is measured: [`create_for_experiment`],
/// then [`resolve`].
///
/// # Errors
///
/// Those of the two moments.
pub fn resolve_for_experiment(
    experiment: &ExperimentSpec,
    analysis: &ExperimentAnalysisTemplateRef,
    source: &dyn TemplateSource,
    namespace: &str,
    values: &ExperimentValues,
    secrets: &Secrets,
) -> Result<ResolvedAnalysis, AnalysisError> {
    let run = create_for_experiment(experiment, analysis, source, namespace, values)?;
    resolve(&run, secrets)
}

/// The run that the experiment controller makes for an analysis
/// (`experiments/experiment.go: createAnalysisRun`).
///
/// An argument whose value should come from elsewhere loses that: only the template's default is
/// left.
///
/// # Errors
///
/// A value that refers to nothing, a template that does not exist, templates that do not combine.
pub fn create_for_experiment(
    experiment: &ExperimentSpec,
    analysis: &ExperimentAnalysisTemplateRef,
    source: &dyn TemplateSource,
    namespace: &str,
    values: &ExperimentValues,
) -> Result<AnalysisRunSpec, AnalysisError> {
    let create = || {
        let mut args = Vec::new();
        for arg in analysis.args.iter().flatten() {
            let value = arg.value.as_deref();
            let value = value.map(|value| substitution::resolve_experiment_value(value, values));
            let value = value.transpose()?;
            args.push(Argument {
                name: arg.name.clone(),
                value,
                value_from: None,
            });
        }
        let reference = AnalysisTemplateRef {
            template_name: analysis.template_name.clone(),
            cluster_scope: analysis.cluster_scope,
        };
        let templates =
            lookup::find(source, namespace, &[reference]).map_err(|error| error.to_string())?;
        let dry_run = experiment.dry_run.as_deref().unwrap_or_default();
        let retention = experiment
            .measurement_retention
            .as_deref()
            .unwrap_or_default();
        combination::combine(&templates, &args, dry_run, retention)
    };
    create().map_err(|error: String| {
        let name = analysis.name.as_deref().unwrap_or_default();
        AnalysisError::ExperimentController(format!(
            "Failed to create AnalysisRun for analysis '{name}': {error}"
        ))
    })
}

/// What a run measures (`analysis/analysis.go: reconcileAnalysisRun`): arguments are filled in,
/// metrics checked, dry runs and retentions assigned, and last secrets read.
///
/// # Errors
///
/// The first of these that fails, with the message that the run shows.
pub fn resolve(
    run: &AnalysisRunSpec,
    secrets: &Secrets,
) -> Result<ResolvedAnalysis, AnalysisError> {
    let fail =
        |what: &str, error: String| AnalysisError::AnalysisController(format!("{what}: {error}"));
    let unresolved = |error| fail("Unable to resolve metric arguments", error);
    let invalid = |error| fail("Analysis spec invalid", error);
    let args = run.args.as_deref().unwrap_or_default();
    let metrics = run.metrics.as_deref().unwrap_or_default();
    let checked = resolve_metrics(metrics, &without_secrets(args)).map_err(unresolved)?;
    validate_metrics(&checked).map_err(invalid)?;
    let names: Vec<&str> = checked
        .iter()
        .map(|metric| metric.name.as_deref().unwrap_or_default())
        .collect();
    let rules = run.dry_run.as_deref().unwrap_or_default();
    let dry_run = matching::dry_run_metrics(rules, &names).map_err(invalid)?;
    let rules = run.measurement_retention.as_deref().unwrap_or_default();
    let retention = matching::retention_limits(rules, &names).map_err(invalid)?;
    let (args, secrets) = with_secrets(args, secrets).map_err(unresolved)?;
    let measured = resolve_metrics(metrics, &args).map_err(unresolved)?;
    let resolve = |(checked, measured): (&Metric, &Metric)| {
        let mut metric = ResolvedMetric::new(checked, measured);
        metric.dry_run = dry_run.contains(&metric.name);
        let limit = retention
            .get(&metric.name)
            .copied()
            .filter(|limit| 0 < *limit);
        metric.measurements_kept = limit.unwrap_or(metric.measurements_kept);
        metric
    };
    let metrics = checked.iter().zip(&measured).map(resolve).collect();
    Ok(ResolvedAnalysis { metrics, secrets })
}

fn resolve_metrics(metrics: &[Metric], args: &[Argument]) -> Result<Vec<Metric>, String> {
    metrics
        .iter()
        .map(|metric| substitution::resolve_metric(metric, args))
        .collect()
}

/// The arguments with a stand-in for every secret (`analysis.go:
/// getResolvedMetricsWithoutSecrets`).
fn without_secrets(args: &[Argument]) -> Vec<Argument> {
    let replace = |arg: &Argument| match secret_of(arg) {
        Some(_) => with_value(arg, "temp-for-secret"),
        None => arg.clone(),
    };
    args.iter().map(replace).collect()
}

/// The arguments with the contents of secrets, and these contents (`analysis.go: resolveArgs`).
fn with_secrets(
    args: &[Argument],
    secrets: &Secrets,
) -> Result<(Vec<Argument>, Vec<String>), String> {
    let mut used = Vec::new();
    let mut resolved = Vec::new();
    for arg in args {
        let Some(reference) = secret_of(arg) else {
            resolved.push(arg.clone());
            continue;
        };
        let name = reference.name.as_deref().unwrap_or_default();
        let key = reference.key.as_deref().unwrap_or_default();
        let secret = secrets
            .get(name)
            .ok_or_else(|| format!("secrets \"{name}\" not found"))?;
        let missing_key = || format!("key '{key}' does not exist in secret '{name}'");
        let content = secret.get(key).ok_or_else(missing_key)?;
        if !used.contains(content) {
            used.push(content.clone());
        }
        resolved.push(with_value(arg, content));
    }
    Ok((resolved, used))
}

fn secret_of(arg: &Argument) -> Option<&SecretKeyRef> {
    arg.value_from.as_ref()?.secret_key_ref.as_ref()
}

fn with_value(arg: &Argument, value: &str) -> Argument {
    Argument {
        name: arg.name.clone(),
        value: Some(value.to_owned()),
        value_from: None,
    }
}
