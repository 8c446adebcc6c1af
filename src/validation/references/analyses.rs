//! The templates of a Rollout's analyses (`getReferencedRolloutAnalyses`,
//! `ValidateAnalysisTemplatesWithType`).

use crate::spec::analysis::{
    AnalysisRunArgument, AnalysisTemplateRef, AnalysisTemplateSpec, Argument, RolloutAnalysis,
};
use crate::spec::metric::Metric;
use crate::spec::wire;
use crate::template::arguments::{self, Hashes};
use crate::template::combination;
use crate::template::lookup::{self, LookupError, Templates};
use crate::template::substitution;

use super::super::field_error::{FieldError, Place};
use super::{Check, ReferenceError};

/// What stands for values that exist only once something runs.
const DUMMY_VALUE: &str = "dummy-value";
/// Pod template hashes before there are any.
const DUMMY_HASHES: Hashes<'_> = Hashes {
    stable: "dummy-stable-hash",
    latest: "dummy-new-hash",
};

/// Whether an analysis must come to an end by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    MustEnd,
    Background,
}

impl Check<'_> {
    pub(super) fn analyses(&mut self) {
        let Some(strategy) = self.strategy else {
            return;
        };
        let at = Place::new("spec.strategy");
        if let Some(blue_green) = &strategy.blue_green {
            let before = blue_green.pre_promotion_analysis.as_ref();
            self.analysis(before, &at.child("blueGreen.prePromotionAnalysis"));
            let after = blue_green.post_promotion_analysis.as_ref();
            self.analysis(after, &at.child("blueGreen.postPromotionAnalysis"));
        } else if let Some(canary) = &strategy.canary {
            for (index, step) in canary.steps.iter().flatten().enumerate() {
                let at = at.child("canary.steps").index(index).child("analysis");
                self.analysis(step.analysis.as_ref(), &at);
            }
            if let Some(background) = &canary.analysis {
                let (templates, args) =
                    (background.templates.as_deref(), background.args.as_deref());
                let at = at.child("canary.analysis.templates");
                self.templates(templates, args, Role::Background, &at);
            }
        }
    }

    fn analysis(&mut self, analysis: Option<&RolloutAnalysis>, at: &Place) {
        if let Some(analysis) = analysis {
            let (templates, args) = (analysis.templates.as_deref(), analysis.args.as_deref());
            self.templates(templates, args, Role::MustEnd, &at.child("templates"));
        }
    }

    fn templates(
        &mut self,
        references: Option<&[AnalysisTemplateRef]>,
        args: Option<&[AnalysisRunArgument]>,
        role: Role,
        at: &Place,
    ) {
        let references = references.unwrap_or_default();
        let found = lookup::find(self.objects.templates(), self.namespace, references);
        match found {
            Ok(templates) => self.check_templates(&templates, args.unwrap_or_default(), role, at),
            Err(error) => {
                let error = lookup_error(error, references, at);
                self.lookups.push(error);
            }
        }
    }

    fn check_templates(
        &mut self,
        templates: &Templates<'_>,
        args: &[AnalysisRunArgument],
        role: Role,
        at: &Place,
    ) {
        if let Err(detail) = self.combines(templates, args) {
            let names: Vec<&str> = templates.names().collect();
            let value = wire::quote(&format!("templateNames: [{}]", names.join(" ")));
            self.findings.push(FieldError::invalid(
                "templates-combine",
                at.clone(),
                value,
                detail,
            ));
            return;
        }
        let namespaced = templates
            .namespaced
            .iter()
            .map(|found| (&found.metadata, &found.spec));
        let cluster = templates
            .cluster
            .iter()
            .map(|found| (&found.metadata, &found.spec));
        for (metadata, spec) in namespaced.chain(cluster) {
            let name = metadata.as_ref().map_or("", |metadata| metadata.name());
            let absent = AnalysisTemplateSpec::default();
            let spec = spec.as_ref().unwrap_or(&absent);
            let details = match role {
                Role::MustEnd => ending_errors(name, spec),
                Role::Background => self.background_errors(spec),
            };
            let error = |detail| {
                FieldError::invalid("template-invalid", at.clone(), wire::quote(name), detail)
            };
            self.findings.extend(details.into_iter().map(error));
        }
    }

    /// Whether the templates make one analysis with these arguments, and with the dry runs of every
    /// step of the canary: Argo tries them all, whichever step the templates belong to.
    fn combines(
        &self,
        templates: &Templates<'_>,
        args: &[AnalysisRunArgument],
    ) -> Result<(), String> {
        let args = arguments::build(args, DUMMY_HASHES, self.rollout).arguments;
        combination::combine(templates, &args, &[], &[])?;
        let canary = self.canary();
        let steps = canary
            .iter()
            .flat_map(|canary| canary.steps.iter().flatten());
        for analysis in steps.filter_map(|step| step.analysis.as_ref()) {
            let dry_run = analysis.dry_run.as_deref().unwrap_or_default();
            let retention = analysis
                .measurement_retention
                .as_deref()
                .unwrap_or_default();
            combination::combine(templates, &args, dry_run, retention)?;
        }
        Ok(())
    }

    /// Arguments that neither the template nor the canary's background analysis gives a value.
    fn background_errors(&self, spec: &AnalysisTemplateSpec) -> Vec<String> {
        let background = self.canary().and_then(|canary| canary.analysis.as_ref());
        let given = background.and_then(|background| background.args.as_deref());
        let given = given.unwrap_or_default();
        let declared = spec.args.iter().flatten();
        let needed = declared.filter(|arg| arg.value.is_none() && arg.value_from.is_none());
        let name_of = |name: &Option<String>| name.clone().unwrap_or_default();
        needed
            .map(|arg| name_of(&arg.name))
            .filter(|name| given.iter().all(|arg| name_of(&arg.name) != *name))
            .map(|name| match given {
                [] => "missing analysis arguments in rollout spec".to_owned(),
                _ => name,
            })
            .collect()
    }
}

/// What is wrong with a template whose analysis must end (`ValidateAnalysisTemplateWithType`).
fn ending_errors(name: &str, spec: &AnalysisTemplateSpec) -> Vec<String> {
    let metrics = match resolve(spec) {
        Ok(metrics) => metrics,
        Err(error) => return vec![format!("AnalysisTemplate {name}: {error}")],
    };
    let endless = metrics
        .iter()
        .filter(|metric| metric.effective_count().is_none());
    endless
        .map(|metric| {
            let metric_name = metric.name.as_deref().unwrap_or_default();
            let count = metric
                .count
                .as_ref()
                .map_or("<nil>".to_owned(), ToString::to_string);
            format!(
                "AnalysisTemplate {name} has metric {metric_name} which runs indefinitely. Invalid \
                 value for count: {count}"
            )
        })
        .collect()
}

/// The metrics with dummies for arguments without a default (`validateAnalysisMetrics`).
fn resolve(spec: &AnalysisTemplateSpec) -> Result<Vec<Metric>, String> {
    let mut args = spec.args.clone().unwrap_or_default();
    let both = |arg: &&Argument| arg.value.is_some() && arg.value_from.is_some();
    if let Some(arg) = args.iter().find(both) {
        let name = arg.name.as_deref().unwrap_or_default();
        return Err(format!("arg '{name}' has both Value and ValueFrom fields"));
    }
    for arg in &mut args {
        arg.value.get_or_insert_with(|| DUMMY_VALUE.to_owned());
    }
    let metrics = spec.metrics.iter().flatten();
    metrics
        .map(|metric| substitution::resolve_metric(metric, &args))
        .collect()
}

fn lookup_error(
    error: LookupError,
    references: &[AnalysisTemplateRef],
    at: &Place,
) -> ReferenceError {
    let (name, cluster_scope, nested) = match error {
        LookupError::NotFound {
            name,
            cluster_scope,
            nested,
        } => (name, cluster_scope, nested),
        LookupError::Endless { .. } => {
            return ReferenceError::Reconcile {
                message: error.to_string(),
                document_path: at.document_path().to_owned(),
            };
        }
    };
    let kind = if cluster_scope {
        "ClusterAnalysisTemplate"
    } else {
        "AnalysisTemplate"
    };
    let is_it = |reference: &AnalysisTemplateRef| {
        reference.template_name.as_deref().unwrap_or_default() == name
            && reference.is_cluster_scope() == cluster_scope
    };
    // A template that another one refers to is reported at that one's field, without its name.
    let at = match references.iter().position(is_it) {
        _ if nested => at.with_field("spec.templates"),
        Some(index) => at.item_in_document(index),
        None => at.clone(),
    };
    let detail = format!("{kind} '{name}' not found");
    ReferenceError::Invalid(FieldError::invalid(
        "template-missing",
        at,
        wire::quote(&name),
        detail,
    ))
}
