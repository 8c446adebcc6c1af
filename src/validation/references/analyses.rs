//! The templates of a Rollout's analyses (`getReferencedRolloutAnalyses`,
//! `ValidateAnalysisTemplatesWithType`).

use crate::spec::Rollout;
use crate::spec::analysis::{
    AnalysisRunArgument, AnalysisTemplateRef, AnalysisTemplateSpec, RolloutAnalysis,
};
use crate::spec::canary::CanaryStrategy;
use crate::spec::rollout::RolloutStrategy;
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
pub(super) enum Role {
    MustEnd,
    Background,
}

/// A place where a Rollout asks for an analysis.
pub(super) struct Site<'a> {
    pub(super) templates: &'a [AnalysisTemplateRef],
    pub(super) args: &'a [AnalysisRunArgument],
    pub(super) role: Role,
    at: Place,
}

impl<'a> Site<'a> {
    fn new(analysis: &'a RolloutAnalysis, at: &Place) -> Self {
        Site {
            templates: analysis.templates.as_deref().unwrap_or_default(),
            args: analysis.args.as_deref().unwrap_or_default(),
            role: Role::MustEnd,
            at: at.child("templates"),
        }
    }
}

/// All such places in Argo's order.
pub(super) fn sites(strategy: &RolloutStrategy) -> Vec<Site<'_>> {
    let at = Place::new("spec.strategy");
    let mut sites = Vec::new();
    if let Some(blue_green) = &strategy.blue_green {
        let before = blue_green.pre_promotion_analysis.as_ref();
        sites.extend(before.map(|it| Site::new(it, &at.child("blueGreen.prePromotionAnalysis"))));
        let after = blue_green.post_promotion_analysis.as_ref();
        sites.extend(after.map(|it| Site::new(it, &at.child("blueGreen.postPromotionAnalysis"))));
    } else if let Some(canary) = &strategy.canary {
        let steps = at.child("canary.steps");
        for (index, step) in canary.steps.iter().flatten().enumerate() {
            let at = steps.index(index).child("analysis");
            sites.extend(
                step.analysis
                    .as_ref()
                    .map(|analysis| Site::new(analysis, &at)),
            );
        }
        sites.extend(canary.analysis.as_ref().map(|analysis| Site {
            templates: analysis.templates.as_deref().unwrap_or_default(),
            args: analysis.args.as_deref().unwrap_or_default(),
            role: Role::Background,
            at: at.child("canary.analysis.templates"),
        }));
    }
    sites
}

/// Whether the templates make one analysis with these arguments, and with the dry runs of every
/// step of the canary: Argo tries them all, whichever step the templates belong to.
pub(super) fn combines(
    rollout: &Rollout,
    canary: Option<&CanaryStrategy>,
    templates: &Templates<'_>,
    args: &[AnalysisRunArgument],
) -> Result<(), String> {
    let args = arguments::build(args, DUMMY_HASHES, rollout).arguments;
    combination::combine(templates, &args, &[], &[])?;
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

/// Fills dummies in for arguments without a value, and arguments into the metrics, in place and one
/// after the other as Argo does (`setArgValuePlaceHolder`, `validateAnalysisMetrics`).
pub(super) fn fill_in(spec: &mut AnalysisTemplateSpec) -> Result<(), String> {
    let args = spec.args.get_or_insert_default();
    for arg in args.iter_mut().filter(|arg| arg.value_from.is_none()) {
        arg.value.get_or_insert_with(|| DUMMY_VALUE.to_owned());
    }
    for arg in args.iter_mut().filter(|arg| arg.value_from.is_some()) {
        if arg.value.is_some() {
            let name = arg.name.as_deref().unwrap_or_default();
            return Err(format!("arg '{name}' has both Value and ValueFrom fields"));
        }
        arg.value = Some(DUMMY_VALUE.to_owned());
    }
    for metric in spec.metrics.iter_mut().flatten() {
        *metric = substitution::resolve_metric(metric, args)?;
    }
    Ok(())
}

impl Check<'_> {
    pub(super) fn analyses(&mut self) {
        for site in self.strategy.map(sites).unwrap_or_default() {
            let found = lookup::find(self.objects.templates(), self.namespace, site.templates);
            match found {
                Ok(templates) => self.check_templates(&templates, &site),
                Err(error) => self
                    .lookups
                    .push(lookup_error(error, site.templates, &site.at)),
            }
        }
    }

    fn check_templates(&mut self, templates: &Templates<'_>, site: &Site<'_>) {
        let at = &site.at;
        if let Err(detail) = combines(self.rollout, self.canary(), templates, site.args) {
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
            let details = match site.role {
                Role::MustEnd => ending_errors(name, spec),
                Role::Background => self.background_errors(spec),
            };
            let error = |detail| {
                FieldError::invalid("template-invalid", at.clone(), wire::quote(name), detail)
            };
            self.findings.extend(details.into_iter().map(error));
        }
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
    let mut spec = spec.clone();
    if let Err(error) = fill_in(&mut spec) {
        return vec![format!("AnalysisTemplate {name}: {error}")];
    }
    let metrics = spec.metrics.unwrap_or_default();
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
