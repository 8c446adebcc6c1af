//! Analyses: what a run measures, how often, and which limits it has.

use crate::cluster::TemplateId;
use crate::condition::Condition;
use crate::time::Delta;

/// A place of the rollout that makes analysis runs (background, a step, pre- or post-promotion, an experiment's analysis).
#[derive(Clone, Debug, Default)]
pub struct AnalysisSite {
    /// Whether no template is named; such an analysis never makes a run.
    pub empty: bool,
    /// The run for each pair of canary and stable template, in the order canary x stable; a single one if all are equal.
    pub variants: Vec<Variant>,
}

/// What one pair of templates makes of a site.
#[derive(Clone, Debug)]
pub enum Variant {
    /// Index into [`crate::plan::Plan::analyses`].
    Run(u32),
    /// The controller cannot make a run; in its words.
    Error(String),
}

impl AnalysisSite {
    /// The run that is made when `canary` is tried against `stable`, out of `templates` templates.
    #[must_use]
    pub fn variant(&self, canary: TemplateId, stable: TemplateId, templates: usize) -> &Variant {
        let index = usize::from(canary.0) * templates + usize::from(stable.0);
        if self.variants.len() == 1 {
            &self.variants[0]
        } else {
            &self.variants[index]
        }
    }
}

/// An analysis run, resolved.
#[derive(Clone, Debug, Default)]
pub struct AnalysisPlan {
    /// The metrics, in order.
    pub metrics: Vec<MetricPlan>,
    /// Why the analysis controller ends the run as Error before it measures, in its words.
    pub invalid: Option<String>,
}

/// A metric with its defaults.
#[derive(Clone, Debug)]
pub struct MetricPlan {
    /// `name`.
    pub name: String,
    /// Whether it is watched only.
    pub dry_run: bool,
    /// The effective count; `None` runs until the run is ended.
    pub count: Option<i32>,
    /// `interval`.
    pub interval: Option<Delta>,
    /// `initialDelay`.
    pub initial_delay: Option<Delta>,
    /// `failureLimit`; negative is none.
    pub failure_limit: i32,
    /// `inconclusiveLimit`.
    pub inconclusive_limit: i32,
    /// `consecutiveErrorLimit`.
    pub consecutive_error_limit: i32,
    /// `consecutiveSuccessLimit`; zero is none.
    pub consecutive_success_limit: i32,
    /// `successCondition`.
    pub success: Option<Condition>,
    /// `failureCondition`.
    pub failure: Option<Condition>,
    /// What scores mean, where Kayenta measures; conditions do not count then.
    pub scores: Option<Scores>,
    /// Index into [`crate::plan::Environment::sources`].
    pub source: u32,
}

/// `threshold` of Kayenta: what a score means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scores {
    /// From this score on a measurement is successful.
    pub pass: i64,
    /// From this score on it is inconclusive.
    pub marginal: i64,
}
