//! What a chain cannot do, and why.

use std::fmt;

use crate::chain::Aim;
use crate::chain::classes::name;
use crate::cluster::provider::Answer;
use crate::plan::environment::{Gauge, Shape};
use crate::plan::{Environment, MetricPlan, Plan};
use crate::world::beliefs;

/// Why a rollout in its world is no chain: something other than the verdicts of measurements differs from run to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// All reasons, at least one.
    pub reasons: Vec<Reason>,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// This is not known of the release, and drawn for each run.
    Release(String),
    /// The pods of this version take random times to start.
    Startup(String),
    /// Requests are drawn, and with them what the run costs.
    Traffic,
    /// This metric looks at requests that are drawn.
    Signal(String),
    /// This metric's own query looks at series of requests that are drawn, and scraped at random times.
    Query(String),
    /// The score of this metric comes about during the run, and is judged later.
    Score(String),
    /// This metric draws so many requests that their outcomes are not looked at one by one.
    LargeDraw(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, reason) in self.reasons.iter().enumerate() {
            if 0 < index {
                formatter.write_str("; ")?;
            }
            write!(formatter, "{reason}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Release(name) => write!(formatter, "`{name}` is drawn for each run"),
            Self::Startup(tag) => {
                write!(formatter, "the pods of `{tag}` take random times to start")
            }
            Self::Traffic => write!(
                formatter,
                "requests are drawn, and what a run costs follows from them"
            ),
            Self::Signal(metric) => {
                write!(
                    formatter,
                    "metric `{metric}` looks at requests that are drawn"
                )
            }
            Self::Query(metric) => {
                write!(
                    formatter,
                    "the query of metric `{metric}` looks at requests that are drawn"
                )
            }
            Self::Score(metric) => write!(
                formatter,
                "the score of metric `{metric}` is judged later than it comes about"
            ),
            Self::LargeDraw(metric) => write!(
                formatter,
                "metric `{metric}` draws too many requests, or its conditions tell too many kinds of answers apart"
            ),
        }
    }
}

/// What speaks against a chain for this purpose.
pub(super) fn reasons(plan: &Plan, environment: &Environment, aim: Aim) -> Vec<Reason> {
    let beliefs = beliefs(environment).into_iter();
    let mut reasons: Vec<Reason> = beliefs.map(|belief| Reason::Release(belief.name)).collect();
    for (image, template) in environment.images.iter().zip(&plan.templates) {
        if image.startup.as_constant().is_none() {
            reasons.push(Reason::Startup(template.tag.clone()));
        }
    }
    let draws_requests = environment.traffic.is_some();
    if draws_requests && aim == Aim::Walks {
        reasons.push(Reason::Traffic);
    }
    for (index, source) in (0_u32..).zip(&environment.sources) {
        let points = source.points.iter().map(|(_, scripted)| scripted);
        for scripted in std::iter::once(&source.before).chain(points) {
            let metrics = plan.analyses.iter().flat_map(|analysis| &analysis.metrics);
            let called = || {
                let metrics: Vec<&MetricPlan> =
                    metrics.filter(|metric| metric.source == index).collect();
                name(&metrics)
            };
            let reason = match &scripted.reading.answer {
                Answer::Shown(_) if source.shape == Shape::Score => Reason::Score(called()),
                Answer::Shown(Gauge::Query(_)) => Reason::Query(called()),
                Answer::Shown(Gauge::Signal(_)) if draws_requests => Reason::Signal(called()),
                _ => continue,
            };
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
    }
    reasons
}
