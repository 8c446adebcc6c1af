//! Finding the templates that a reference means, with those they refer to in turn.
//!
//! Follows `rollout/controller.go: getReferencedAnalysisTemplatesFromRef`, which
//! `rollout/analysis.go` and `experiments/experiment.go` repeat. Simplifies one thing: templates
//! that refer to each other in a circle make Argo's controller overflow its stack; here that is an
//! error.

use std::collections::BTreeSet;

use crate::spec::analysis::{AnalysisTemplateRef, AnalysisTemplateSpec};
use crate::spec::{AnalysisTemplate, ClusterAnalysisTemplate};

/// Where templates are found by name.
pub trait TemplateSource {
    /// The template of that name in that namespace.
    fn analysis_template(&self, namespace: &str, name: &str) -> Option<&AnalysisTemplate>;
    /// The cluster template of that name.
    fn cluster_analysis_template(&self, name: &str) -> Option<&ClusterAnalysisTemplate>;
}

/// Templates that are combined to one analysis, each once, in Argo's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Templates<'a> {
    /// Templates of the namespace.
    pub namespaced: Vec<&'a AnalysisTemplate>,
    /// Cluster templates.
    pub cluster: Vec<&'a ClusterAnalysisTemplate>,
}

/// Why templates could not be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupError {
    /// No template of that name exists.
    NotFound {
        /// The name.
        name: String,
        /// Whether a cluster template was meant.
        cluster_scope: bool,
        /// Whether another template refers to it, not the Rollout or the Experiment itself.
        nested: bool,
    },
    /// Templates refer to each other in a circle, or more than a thousand times.
    Endless {
        /// The template at which the search was given up.
        name: String,
    },
}

impl Templates<'_> {
    /// Names in order: namespaced ones first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let namespaced = self.namespaced.iter().map(|template| &template.metadata);
        let cluster = self.cluster.iter().map(|template| &template.metadata);
        namespaced
            .chain(cluster)
            .map(|metadata| metadata.as_ref().map_or("", |metadata| metadata.name()))
    }

    /// Specifications in order: namespaced ones first. Templates without one are left out.
    pub fn specs(&self) -> impl Iterator<Item = &AnalysisTemplateSpec> {
        let namespaced = self
            .namespaced
            .iter()
            .filter_map(|template| template.spec.as_ref());
        namespaced.chain(
            self.cluster
                .iter()
                .filter_map(|template| template.spec.as_ref()),
        )
    }
}

/// The text of Kubernetes' error when the controllers look for a template without a check of their
/// own.
impl std::fmt::Display for LookupError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LookupError::NotFound {
                name,
                cluster_scope,
                ..
            } => {
                let kind = if *cluster_scope {
                    "clusteranalysistemplate"
                } else {
                    "analysistemplate"
                };
                write!(formatter, "{kind}.argoproj.io \"{name}\" not found")
            }
            LookupError::Endless { name } => {
                write!(
                    formatter,
                    "analysis templates refer to each other endlessly at `{name}`"
                )
            }
        }
    }
}

/// The templates that references mean, with all they refer to, each once.
///
/// # Errors
///
/// A template that does not exist, and references without end.
pub fn find<'a>(
    source: &'a dyn TemplateSource,
    namespace: &str,
    references: &[AnalysisTemplateRef],
) -> Result<Templates<'a>, LookupError> {
    let mut search = Search {
        source,
        namespace,
        lookups_left: LOOKUPS_MAX,
    };
    search.find(references, 0)
}

/// Lookups in one search; real ones need a handful.
const LOOKUPS_MAX: u32 = 1_000;
/// How deep references may nest.
const DEPTH_MAX: u32 = 32;

struct Search<'a, 'n> {
    source: &'a dyn TemplateSource,
    namespace: &'n str,
    lookups_left: u32,
}

impl<'a> Search<'a, '_> {
    fn find(
        &mut self,
        references: &[AnalysisTemplateRef],
        depth: u32,
    ) -> Result<Templates<'a>, LookupError> {
        let mut found = Templates::default();
        for reference in references {
            let name = reference.template_name.as_deref().unwrap_or_default();
            if depth == DEPTH_MAX || self.lookups_left == 0 {
                return Err(LookupError::Endless {
                    name: name.to_owned(),
                });
            }
            self.lookups_left -= 1;
            let cluster_scope = reference.is_cluster_scope();
            let not_found = || LookupError::NotFound {
                name: name.to_owned(),
                cluster_scope,
                nested: 0 < depth,
            };
            let spec = if cluster_scope {
                let template = self
                    .source
                    .cluster_analysis_template(name)
                    .ok_or_else(not_found)?;
                found.cluster.push(template);
                template.spec.as_ref()
            } else {
                let template = self
                    .source
                    .analysis_template(self.namespace, name)
                    .ok_or_else(not_found)?;
                found.namespaced.push(template);
                template.spec.as_ref()
            };
            if let Some(nested) = spec.and_then(|spec| spec.templates.as_deref()) {
                let inner = self.find(nested, depth + 1)?;
                found.cluster.extend(inner.cluster);
                found.namespaced.extend(inner.namespaced);
            }
        }
        Ok(unique(found))
    }
}

/// Each template once, at its first place (`helpers.go: FilterUniqueTemplates`).
fn unique(found: Templates<'_>) -> Templates<'_> {
    let mut seen = BTreeSet::new();
    let mut seen_cluster = BTreeSet::new();
    let name = |metadata: &Option<crate::spec::metadata::ObjectMeta>| {
        metadata.as_ref().map(|metadata| metadata.name().to_owned())
    };
    Templates {
        namespaced: found
            .namespaced
            .into_iter()
            .filter(|template| seen.insert(name(&template.metadata)))
            .collect(),
        cluster: found
            .cluster
            .into_iter()
            .filter(|template| seen_cluster.insert(name(&template.metadata)))
            .collect(),
    }
}
