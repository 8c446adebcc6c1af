//! Analyses: every run that a rollout or experiment can make, resolved before the first run.
//!
//! Follows `rollout/analysis.go: createAnalysisRun, newAnalysisRunFromRollout` (what the rollout controller notices) and
//! `analysis/analysis.go: reconcileAnalysisRun` up to the first measurement (what ends a run as Error).

use crate::condition::Condition;
use crate::plan::analysis::{AnalysisPlan, AnalysisSite, MetricPlan, Variant};
use crate::plan::analysis_template::{
    self, AnalysisError, ArgContext, ResolvedAnalysis, ResolvedMetric,
};
use crate::plan::compile::answers;
use crate::plan::compile::queries::Queries;
use crate::plan::environment::Source;
use crate::plan::setting::{Setting, Unscripted};
use crate::plan::{ExperimentPlan, PodTemplate};
use crate::spec::Rollout;
use crate::spec::analysis::RolloutAnalysis;
use crate::spec::provider::MetricProvider;
use crate::template::arguments::Hashes;
use crate::time::Delta;
use crate::validation::references::Objects;

/// What a site measures as its templates say it, queries included; or why no run can be made or used.
pub type Measured = Result<ResolvedAnalysis, AnalysisError>;

/// Collects sites, analyses, experiments and metric sources while a strategy is compiled.
pub struct Collector<'a> {
    pub(super) objects: &'a dyn Objects,
    pub(super) rollout: &'a Rollout,
    pub(super) setting: &'a Setting,
    pub(super) templates: &'a [PodTemplate],
    pub(super) analyses: Vec<AnalysisPlan>,
    pub(super) sites: Vec<AnalysisSite>,
    pub(super) measured: Vec<Measured>,
    pub(super) experiments: Vec<ExperimentPlan>,
    pub(super) sources: Vec<Source>,
    pub(super) plugins: Vec<String>,
    pub(super) assumed_metrics: Vec<String>,
    pub(super) queries: Queries,
}

impl<'a> Collector<'a> {
    pub(super) fn new(
        objects: &'a dyn Objects,
        rollout: &'a Rollout,
        setting: &'a Setting,
        templates: &'a [PodTemplate],
    ) -> Self {
        Self {
            objects,
            rollout,
            setting,
            templates,
            analyses: Vec::new(),
            sites: Vec::new(),
            measured: Vec::new(),
            experiments: Vec::new(),
            sources: Vec::new(),
            plugins: Vec::new(),
            assumed_metrics: Vec::new(),
            queries: Queries::default(),
        }
    }

    pub(super) fn namespace(&self) -> &'a str {
        self.rollout
            .metadata
            .as_ref()
            .map_or("default", |metadata| metadata.namespace())
    }

    /// The number of a step plugin's script.
    pub(super) fn add_plugin(&mut self, name: &str) -> u16 {
        let known = self.plugins.iter().position(|plugin| plugin == name);
        let index = known.unwrap_or_else(|| {
            self.plugins.push(name.to_owned());
            self.plugins.len() - 1
        });
        u16::try_from(index).unwrap_or(u16::MAX)
    }

    /// Adds an analysis that the rollout runs itself.
    pub(super) fn add_rollout_analysis(&mut self, analysis: &RolloutAnalysis) -> u16 {
        let (rollout, objects, secrets) = (self.rollout, self.objects, &self.setting.secrets);
        let empty = analysis.templates.as_ref().is_none_or(Vec::is_empty);
        self.add_site(empty, |hashes| {
            let context = ArgContext { hashes, secrets };
            analysis_template::resolve_for_rollout(rollout, analysis, objects.templates(), context)
        })
    }

    /// Adds a site whose run `make` makes for the hashes of a canary and a stable version. Where the hashes change
    /// nothing but queries that are not evaluated, all pairs share one run.
    pub(super) fn add_site(
        &mut self,
        empty: bool,
        make: impl Fn(Hashes<'_>) -> Result<ResolvedAnalysis, AnalysisError>,
    ) -> u16 {
        let mut variants = Vec::new();
        if !empty {
            let probes = [("b", "c"), ("d", "f")].map(|(latest, stable)| {
                let run = make(Hashes { stable, latest });
                run.map(|run| meaning(&run, self.setting))
            });
            let templates = self.templates;
            let all: Vec<(&str, &str)> = templates
                .iter()
                .flat_map(|latest| {
                    templates
                        .iter()
                        .map(|stable| (&*latest.hash, &*stable.hash))
                })
                .collect();
            let pairs = if probes[0] == probes[1] {
                &all[..1]
            } else {
                &all[..]
            };
            for (latest, stable) in pairs {
                let variant = match make(Hashes { stable, latest }) {
                    Ok(run) => Variant::Run(self.add_analysis(&run)),
                    Err(AnalysisError::AnalysisController(message)) => {
                        Variant::Run(self.add_invalid_analysis(message))
                    }
                    Err(error) => Variant::Error(error.message().to_owned()),
                };
                variants.push(variant);
            }
        }
        self.measured.push(self.first_pair(empty, make));
        self.sites.push(AnalysisSite { empty, variants });
        index_of_last(&self.sites)
    }

    /// What a site measures when the manifest's own version is tried against the first other one.
    fn first_pair(&self, empty: bool, make: impl Fn(Hashes<'_>) -> Measured) -> Measured {
        let hash = |index: usize| self.templates.get(index).map(|template| &*template.hash);
        match hash(0) {
            Some(latest) if !empty => make(Hashes {
                stable: hash(1).unwrap_or(latest),
                latest,
            }),
            _ => Ok(ResolvedAnalysis {
                metrics: Vec::new(),
                secrets: Vec::new(),
            }),
        }
    }

    fn add_analysis(&mut self, run: &ResolvedAnalysis) -> u32 {
        let metrics = run
            .metrics
            .iter()
            .map(|metric| self.add_metric(metric))
            .collect();
        self.analyses.push(AnalysisPlan {
            metrics,
            invalid: None,
        });
        u32::from(index_of_last(&self.analyses))
    }

    fn add_invalid_analysis(&mut self, message: String) -> u32 {
        self.analyses.push(AnalysisPlan {
            metrics: Vec::new(),
            invalid: Some(message),
        });
        u32::from(index_of_last(&self.analyses))
    }

    fn add_metric(&mut self, metric: &ResolvedMetric) -> MetricPlan {
        let source = answers::source(metric, self.setting, &mut self.queries);
        if source.assumed && !self.assumed_metrics.contains(&metric.name) {
            self.assumed_metrics.push(metric.name.clone());
        }
        self.sources.push(source);
        let condition = |text: &str| (!text.is_empty()).then(|| Condition::compile(text));
        MetricPlan {
            name: metric.name.clone(),
            dry_run: metric.dry_run,
            count: metric.count,
            interval: metric.interval.map(Delta::from_nanos),
            initial_delay: metric.initial_delay.map(Delta::from_nanos),
            failure_limit: metric.failure_limit,
            inconclusive_limit: metric.inconclusive_limit,
            consecutive_error_limit: metric.consecutive_error_limit,
            consecutive_success_limit: metric.consecutive_success_limit,
            success: condition(&metric.success_condition),
            failure: condition(&metric.failure_condition),
            source: u32::from(index_of_last(&self.sources)),
        }
    }
}

/// What of a run can change its course: everything but queries that are not evaluated; of their providers only the path through which
/// the scripted answers pass.
fn meaning(run: &ResolvedAnalysis, setting: &Setting) -> Vec<(ResolvedMetric, Option<String>)> {
    let is_evaluated = |metric: &ResolvedMetric| {
        setting.unscripted == Unscripted::Simulated
            && metric.provider.prometheus.is_some()
            && !setting.metrics.contains_key(&metric.name)
    };
    let bare = |metric: &ResolvedMetric| {
        if is_evaluated(metric) {
            return (metric.clone(), None);
        }
        let path = metric
            .provider
            .web
            .as_ref()
            .and_then(|web| web.json_path.clone());
        (
            ResolvedMetric {
                provider: MetricProvider::default(),
                ..metric.clone()
            },
            path,
        )
    };
    run.metrics.iter().map(bare).collect()
}

pub(super) fn index_of_last<T>(list: &[T]) -> u16 {
    u16::try_from(list.len() - 1).unwrap_or(u16::MAX)
}
